# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a link of this network namespace is up (netdevice(7))."""

from __future__ import annotations

import fcntl
import socket
import struct

_SIOCGIFFLAGS, _SIOCSIFFLAGS = 0x8913, 0x8914
_IFF_UP = 0x1
_IFREQ = struct.Struct("16sh22x")


def is_up(name: str) -> bool:
    """Whether a link is up. OSError if there is none."""
    return bool(_flags(name) & _IFF_UP)


def bring_up(name: str) -> None:
    """Brings a link up. OSError if that fails."""
    _request(_SIOCSIFFLAGS, name, _flags(name) | _IFF_UP)


def _flags(name: str) -> int:
    return _request(_SIOCGIFFLAGS, name, 0)


def _request(number: int, name: str, flags: int) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        answer = fcntl.ioctl(channel, number, _IFREQ.pack(name.encode("utf-8", "surrogateescape"), flags))
    return int(_IFREQ.unpack(answer)[1])
