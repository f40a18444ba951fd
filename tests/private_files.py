# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders of the machine that get a private stand-in, so that nothing that a test installs reaches the machine.

A stand-in is a tmpfs, in which everything that the folder has is mounted again. An overlay would be simpler, but overlays cannot be
nested more than twice, and a container has one already.
"""

from __future__ import annotations

import ctypes
import os
import tempfile
from pathlib import Path
from typing import List, Optional

FOLDERS = ["/etc", "/etc/systemd", "/usr/local", "/usr/local/lib", "/usr/local/sbin", "/usr/local/share", "/usr/local/share/man", "/usr/local/share/man/man8"]
"""Each after the one that it is in. What is new in them is private; what they have is the machine's."""
EMPTY = {
    "/etc/nfv-vnet",
    "/etc/systemd/system",
    "/usr/local/lib/nfv-vnet",
    "/usr/local/sbin/nfv-vnet",
    "/usr/local/share/man/man8/nfv-vnet.8",
}
"""What does not show of the machine's."""
_MS_BIND, _MS_MOVE, _MS_REC = 0x1000, 0x2000, 0x4000
_LIBC = ctypes.CDLL(None, use_errno=True)


def make_private() -> None:
    """Gives this mount namespace, which has to be private, its own of these folders. OSError if that fails."""
    for folder in FOLDERS:
        os.makedirs(folder, exist_ok=True)
        _stand_in(folder)


def is_private() -> bool:
    """Whether every folder is a stand-in, in this mount namespace."""
    mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    places = {line.split()[1] for line in mounts if line.split()[2] == "tmpfs"}
    return {os.path.realpath(folder) for folder in FOLDERS} <= places


def _stand_in(folder: str) -> None:
    with tempfile.TemporaryDirectory(dir="/run") as place:
        _mount("tmpfs", place, "tmpfs", 0, "mode=0755")
        for entry in os.scandir(folder):
            if entry.path not in EMPTY:
                _repeat(entry, os.path.join(place, entry.name))
        _mount(place, folder, None, _MS_MOVE)


def _repeat(entry: os.DirEntry[str], place: str) -> None:
    if entry.is_symlink():
        os.symlink(os.readlink(entry.path), place)
        return
    if entry.is_dir():
        os.mkdir(place)
    else:
        os.close(os.open(place, os.O_CREAT, 0o600))
    _mount(entry.path, place, None, _MS_BIND | _MS_REC)


def _mount(source: str, place: str, kind: Optional[str], flags: int, options: str = "") -> None:
    arguments: List[Optional[bytes]] = [text.encode() if text else None for text in (source, place, kind)]
    if _LIBC.mount(*arguments, ctypes.c_ulong(flags), options.encode()):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), place)
