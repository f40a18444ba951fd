# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SSH connection that the module was started over, and the DHCP clients of the host.

Sources: ssh(1), ENVIRONMENT (SSH_CONNECTION); proc(5).
"""

from __future__ import annotations

import ipaddress
import os
from contextlib import suppress
from typing import Iterator, List, NamedTuple, Optional

_MOST_ANCESTORS = 64
_OF_ONE_LINK = ("dhclient", "dhcpcd", "udhcpc")
"""DHCP clients that name their link on the command line."""
_OF_ALL_LINKS = ("systemd-network", "NetworkManager", "connmand")
"""Programs that run DHCP for any link, as in /proc/PID/comm, which has 15 bytes."""


class Connection(NamedTuple):
    """Both ends of a connection. C(zone): the link of link-local addresses, else ''."""

    client: str
    server: str
    zone: str = ""


class Process(NamedTuple):
    name: str
    pid: int


def connection() -> Optional[Connection]:
    """The connection of the SSH server that is an ancestor of this process, if that is in the same network namespace.

    Programs such as sudo remove the variable from their own environment.
    """
    for pid in _ancestors():
        with suppress(OSError):
            found = _parsed(_read("/proc/%d/environ" % pid))
            if found:
                return found if _shares_network(pid) else None
    return None


def is_network_of_host() -> bool:
    """Whether this process is in the network namespace of the host or container, and not in one that it entered."""
    return _shares_network(1)


def dhcp_clients(link: str) -> List[Process]:
    """The programs in this network namespace that may renew an address of a link."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            name = _read("/proc/%s/comm" % entry).rstrip(b"\n").decode("utf-8", "replace")
            words = _read("/proc/%s/cmdline" % entry).split(b"\0") if name in _OF_ONE_LINK else []
            if (name in _OF_ALL_LINKS or os.fsencode(link) in words) and _shares_network(int(entry)):
                found.append(Process(name, int(entry)))
    return found


def _ancestors() -> Iterator[int]:
    """The process ids of this process and its ancestors."""
    pid = os.getpid()
    for _ancestor in range(_MOST_ANCESTORS):
        yield pid
        try:
            pid = int(_read("/proc/%d/stat" % pid).rpartition(b")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            return
        if not pid:
            return


def _shares_network(pid: int) -> bool:
    """Whether a process has the network of this one; also if that cannot be seen."""
    try:
        return os.readlink("/proc/%d/ns/net" % pid) == os.readlink("/proc/self/ns/net")
    except OSError:
        return True


def _parsed(environment: bytes) -> Optional[Connection]:
    for word in environment.split(b"\0"):
        name, _equals, value = word.partition(b"=")
        parts = value.decode("ascii", "replace").split()
        if name == b"SSH_CONNECTION" and len(parts) == 4:
            with suppress(ValueError):  # a server whose input is no socket has no addresses
                return Connection(_plain(parts[0]), _plain(parts[2]), parts[0].partition("%")[2])
    return None


def _plain(address: str) -> str:
    """Without the zone of a link-local address, and IPv4 as such. ValueError if it is no address."""
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
