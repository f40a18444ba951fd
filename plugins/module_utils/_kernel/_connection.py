# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SSH connection that the module was started over, and the DHCP clients of the host.

Sources: ssh(1), ENVIRONMENT (SSH_CONNECTION); proc(5).
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import List, NamedTuple, Optional

_MOST_ANCESTORS = 64
_OF_ONE_LINK = ("dhclient", "dhcpcd", "udhcpc")
"""DHCP clients that name their link on the command line."""
_OF_ALL_LINKS = ("systemd-network", "NetworkManager", "connmand")
"""Programs that run DHCP for any link, as in /proc/PID/comm, which has 15 bytes."""


class Connection(NamedTuple):
    """Both ends of a connection."""

    client: str
    server: str


class Process(NamedTuple):
    name: str
    pid: int


def connection() -> Optional[Connection]:
    """The connection of the SSH server that is an ancestor of this process. Programs such as sudo remove it from their own environment."""
    pid = os.getpid()
    for _ancestor in range(_MOST_ANCESTORS):
        with suppress(OSError):
            found = _parsed(_read("/proc/%d/environ" % pid))
            if found:
                return found
        parent = _parent(pid)
        if not parent:
            return None
        pid = parent
    return None


def dhcp_clients(link: str) -> List[Process]:
    """The programs that may renew an address of a link."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with suppress(OSError):
                name = _read("/proc/%s/comm" % entry).rstrip(b"\n").decode("utf-8", "replace")
                words = _read("/proc/%s/cmdline" % entry).split(b"\0") if name in _OF_ONE_LINK else []
                if name in _OF_ALL_LINKS or any(os.fsencode(link) in word for word in words):
                    found.append(Process(name, int(entry)))
    return found


def _parsed(environment: bytes) -> Optional[Connection]:
    for word in environment.split(b"\0"):
        name, _equals, value = word.partition(b"=")
        parts = value.decode("ascii", "replace").split()
        if name == b"SSH_CONNECTION" and len(parts) == 4:
            return Connection(_plain(parts[0]), _plain(parts[2]))
    return None


def _plain(address: str) -> str:
    """Without the zone of a link-local address, and IPv4 as such."""
    address = address.partition("%")[0]
    return address[7:] if address.startswith("::ffff:") and "." in address else address


def _parent(pid: int) -> int:
    """The process id of the parent, 0 if there is none."""
    try:
        return int(_read("/proc/%d/stat" % pid).rpartition(b")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
