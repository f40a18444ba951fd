# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that the modules have in common."""

from __future__ import annotations


class ModuleDocFragment:
    """Requirements and attributes of every module."""

    DOCUMENTATION = r"""
author:
  - The nfv.vnet developers (@nfv-vnet)
requirements:
  - pyroute2 0.7.2 or newer on the target host, packaged as python3-pyroute2 for Debian, Ubuntu, Fedora and EPEL;
    with Python 3.8 one before 0.9
  - on the target host root, or CAP_NET_ADMIN and CAP_SYS_ADMIN in the affected namespaces
notes:
  - If an option without a default is left out, the setting is not changed; a new link has the default of the kernel. V(false) and V(0)
    are set like any other value. Items of lists are added; with O(ignore:purge_addresses=true) and so on, which is the default in a layout, lists are exact.
  - If a task fails, its changes are rolled back. The error message says so, or lists what could not be restored.
  - Links and namespaces survive a reboot of the target host only with O(ignore:persistent=true). The program C(nfv-vnet) on the target host then
    shows what is stored and where the host differs (C(nfv-vnet status)), and applies it (C(nfv-vnet apply)); see its manual page. The interpreter
    of the task and its pyroute2 must not be in C(/tmp) or in a home directory, as the service uses them.
  - With O(ignore:confirm_timeout) the change is made by a process on the target host that outlives the connection and the login session, in a
    transient scope where systemd runs. If it is ended by a signal such as C(SIGTERM), it rolls the change back. If it is killed by C(SIGKILL), the
    change stays; after a power failure nothing of it is left. Until it ends, other tasks that change the host
    wait, for two minutes at most. It logs as C(nfv-vnet), and its result is kept in C(/run/nfv-vnet/confirm) for an hour at least.
options: {}
attributes:
  check_mode:
    support: full
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
    details:
      - In check mode a namespace, bridge or port that does not exist is reported as a warning, as an earlier task may create it.
      - Errors that only the kernel can detect, such as missing privileges, an unsupported feature, or an unreachable gateway, are not found in check mode.
  diff_mode:
    support: full
    description: Returns the state before and after, with the names of the options.
  idempotent:
    support: full
    description: When run twice in a row with the same options, the second run changes nothing.
  platform:
    support: full
    platforms: linux
    description: Target operating systems.
"""

    ACTION_GROUP = r"""
options: {}
attributes:
  action_group:
    support: full
    membership:
      - nfv.vnet.vnet
    description: Use C(group/nfv.vnet.vnet) in C(module_defaults) to set options such as C(netns) for several tasks.
"""

    INFO = r"""
author:
  - The nfv.vnet developers (@nfv-vnet)
requirements:
  - on the target host root, or CAP_NET_ADMIN and CAP_SYS_ADMIN in the affected namespaces; pyroute2 is not needed
options: {}
attributes:
  check_mode:
    support: full
    description: Can run in C(check_mode). The module changes no configuration.
  diff_mode:
    support: none
    description: The module changes no configuration, so there is no difference.
  idempotent:
    support: full
    description: The module changes no configuration.
  platform:
    support: full
    platforms: linux
    description: Target operating systems.
"""

    PROBE = r"""
author:
  - The nfv.vnet developers (@nfv-vnet)
requirements:
  - on the target host root, or CAP_NET_RAW, CAP_NET_ADMIN and CAP_SYS_ADMIN in the affected namespaces; pyroute2 is not needed
options: {}
attributes:
  check_mode:
    support: partial
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
    details:
      - The module is skipped in check mode, as the network may not exist before the real run.
  diff_mode:
    support: none
    description: The module changes no configuration, so there is no difference.
  idempotent:
    support: full
    description: The module changes no configuration.
  platform:
    support: full
    platforms: linux
    description: Target operating systems.
"""
