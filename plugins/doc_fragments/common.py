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
  - on the target host root, or CAP_NET_ADMIN and CAP_SYS_ADMIN in the namespaces at work
notes:
  - An option that is not given is left alone, but for C(up) and C(loopback), which are true then. V(false), V(0) and V([]) are values.
  - A task that fails takes back what it did; the error says so, or what could not be taken back.
  - Nothing outlives a reboot of the target host.
options: {}
attributes:
  check_mode:
    support: full
    description: Can run in C(check_mode) and return what it would change, without changing anything.
    details:
      - A namespace, bridge or port that is missing is a warning in check mode, as an earlier task may be about to make it.
      - What only the kernel can refuse, such as a missing right, feature or gateway, shows in the real run.
  diff_mode:
    support: full
    description: Returns what was there before and what is there after, in the words of the options.
  idempotent:
    support: full
    description: A second run with the same options changes nothing.
  platform:
    support: full
    platforms: linux
    description: The operating systems that it runs on.
"""

    ACTION_GROUP = r"""
options: {}
attributes:
  action_group:
    support: full
    membership:
      - nfv.vnet.vnet
    description: The group for which C(module_defaults) sets options such as C(netns) of several tasks at once.
"""

    INFO = r"""
author:
  - The nfv.vnet developers (@nfv-vnet)
requirements:
  - on the target host root, or CAP_NET_ADMIN and CAP_SYS_ADMIN in the namespaces at work; pyroute2 is not needed
options: {}
attributes:
  check_mode:
    support: full
    description: Can run in C(check_mode); it never changes anything.
  diff_mode:
    support: none
    description: There is no difference, as nothing is changed.
  idempotent:
    support: full
    description: It never changes anything.
  platform:
    support: full
    platforms: linux
    description: The operating systems that it runs on.
"""

    PROBE = r"""
author:
  - The nfv.vnet developers (@nfv-vnet)
requirements:
  - on the target host root, or CAP_NET_RAW, CAP_NET_ADMIN and CAP_SYS_ADMIN in the namespaces at work; pyroute2 is not needed
options: {}
attributes:
  check_mode:
    support: partial
    description: Can run in C(check_mode) and return what it would change, without changing anything.
    details:
      - Is skipped in check mode, as the network may be what earlier tasks would make.
  diff_mode:
    support: none
    description: There is no difference, as nothing is changed.
  idempotent:
    support: full
    description: It never changes anything.
  platform:
    support: full
    platforms: linux
    description: The operating systems that it runs on.
"""
