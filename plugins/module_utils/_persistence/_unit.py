# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The unit of systemd that applies what is stored when the host starts.

Sources: systemd.unit(5), systemd.special(7) on network-pre.target, bootup(7).
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import List

from ansible_collections.nfv.vnet.plugins.module_utils._kernel._files import content_of, make_folders, remove, replace, sync_folder
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._programs import run_program
from ansible_collections.nfv.vnet.plugins.module_utils._persistence import STORE
from ansible_collections.nfv.vnet.plugins.module_utils._persistence._engine import ENGINE, PROGRAM, is_newer

NAME = "nfv-vnet.service"
_UNIT = "/etc/systemd/system/" + NAME
_WANTED = "/etc/systemd/system/multi-user.target.wants/" + NAME
"""What C(systemctl enable) creates."""
_PROGRAMS = ("/usr/lib/systemd/systemd", "/lib/systemd/systemd")
_BOOTED = "/run/systemd/system"
"""Exists if systemd is the init system: sd_booted(3)."""
_CONTENT = """\
# Installed by the Ansible collection nfv.vnet, which replaces it.
[Unit]
Description=Network links and namespaces that nfv.vnet has stored
Documentation=man:nfv-vnet(8)
DefaultDependencies=no
Wants=network-pre.target
Before=network-pre.target shutdown.target
After=local-fs.target systemd-udev-trigger.service systemd-sysctl.service systemd-modules-load.service
After=cloud-init-local.service nftables.service firewalld.service
ReloadPropagatedFrom=nftables.service
Conflicts=shutdown.target
RequiresMountsFor={mounts}

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={program} apply
# nftables.service drops all rules when it is reloaded
ExecReload={program} apply
TimeoutStartSec=300

[Install]
WantedBy=multi-user.target
"""


def is_booted() -> bool:
    return os.path.isdir(_BOOTED)


def is_installed(python: str) -> bool:
    """Whether the unit is there and enabled, or there is no systemd. One of a newer collection stays."""
    return not _has_systemd() or _is_masked() or ((is_newer() or content_of(_UNIT) == _content(python)) and os.path.lexists(_WANTED))


def install(python: str) -> List[str]:
    """Installs and enables the unit, if it is not. Returns what has to be said. OSError if that fails."""
    if not _has_systemd():
        return ["there is no systemd on this host; have it run the command %s apply when it starts, before its network is configured" % PROGRAM]
    if _is_masked():
        return ["%s is masked, so that nothing is applied when the host starts; unmask it: systemctl unmask %s" % (NAME, NAME)]
    if is_installed(python):
        return []
    replace(_UNIT, _content(python), 0o644)
    make_folders(os.path.dirname(_WANTED), 0o755)
    with suppress(FileExistsError):
        os.symlink(_UNIT, _WANTED)
        sync_folder(_WANTED)
    return _reload()


def start() -> None:
    """Starts the unit, unless it runs: what is stored is there already, but it gets the reloads of nftables only when it is active."""
    if is_booted() and not _is_masked():
        run_program("systemctl", "start", "--no-block", NAME)


def uninstall() -> None:
    """Disables and removes the unit."""
    if os.path.lexists(_UNIT) or os.path.lexists(_WANTED):
        for path in (_WANTED, _UNIT):
            remove(path)
        with suppress(OSError):
            os.rmdir(os.path.dirname(_WANTED))
        if is_booted():  # or it would be remembered as active, without a file
            run_program("systemctl", "stop", "--no-block", NAME)
        _reload()


def _content(python: str) -> str:
    return _CONTENT.format(mounts=" ".join([STORE, ENGINE, python]), program=PROGRAM)


def _is_masked() -> bool:
    return os.path.islink(_UNIT) and os.readlink(_UNIT) == os.devnull


def _has_systemd() -> bool:
    return any(map(os.path.exists, _PROGRAMS))


def _reload() -> List[str]:
    if not is_booted():
        return []
    done = run_program("systemctl", "daemon-reload", seconds=60)
    return ["systemd was not reloaded: %s" % " ".join(done.text.split())] if done.status else []
