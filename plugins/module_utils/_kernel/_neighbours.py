# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Neighbour entries (arp(7), ip-neighbour(8), include/uapi/linux/neighbour.h).

All namespaces of a host share one table for each address family, limited by gc_thresh3 (1024). So entries that were learned for a
test must be removed.
"""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from typing import Dict, Iterable, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._nla import NLM_F_CREATE, attribute, end_of, offsets
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import NDMSG, Reader

_RTM_NEWNEIGH, _RTM_DELNEIGH, _RTM_GETNEIGH = 28, 29, 30
_NDA_DST, _NDA_LLADDR = 1, 2
_ETHERNET = 6
"""Bytes of a MAC address."""
_NUD_NOARP, _NUD_PERMANENT = 0x40, 0x80
_NTF_USE = 0x01
"""Has the kernel look for a neighbour as if a packet were sent there."""
_RESOLVED_WITHIN, _PAUSE = 0.5, 0.01  # seconds
_FAMILIES = (socket.AF_INET, socket.AF_INET6)

_Neighbour = Tuple[int, int, bytes]
"""Address family, index of the link, address."""


class Neighbours:
    """Remembers the entries that exist, to remove later ones."""

    def __init__(self, reader: Reader, names: Iterable[str]) -> None:
        self._reader = reader
        self._known: Dict[str, Set[_Neighbour]] = {name: _learned(reader, name) for name in names}

    def forget(self) -> None:
        """Removes the entries that were learned since."""
        for netns, known in self._known.items():
            _delete(self._reader, netns, _learned(self._reader, netns) - known)


def forget_learned(reader: Reader, netns: str, links: Iterable[str]) -> None:
    """Removes the entries of links, so that they must be learned anew."""
    indexes = {raw.ifindex for raw in (reader.link(netns, name) for name in links) if raw}
    _delete(reader, netns, {neighbour for neighbour in _learned(reader, netns) if neighbour[1] in indexes})


def resolve(reader: Reader, netns: str, index: int, address: str) -> Set[str]:
    """Has the kernel look for a neighbour on a link, and returns the MAC addresses that it finds; none if nobody answers in time."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    body = NDMSG.pack(family, index, 0, _NTF_USE, 0) + attribute(_NDA_DST, socket.inet_pton(family, address))
    with suppress(KernelError):
        reader.socket(netns).request(_RTM_NEWNEIGH, NLM_F_CREATE, body)
    deadline = time.monotonic() + _RESOLVED_WITHIN
    while not macs_of(reader, netns, address) and time.monotonic() < deadline:
        time.sleep(_PAUSE)
    return macs_of(reader, netns, address)


def macs_of(reader: Reader, netns: str, address: str) -> Set[str]:
    """The MAC addresses that neighbour entries have for an IP address."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    packed = socket.inet_pton(family, address)
    found: Set[str] = set()
    for _type, buffer, start, end in reader.socket(netns).dump(_RTM_GETNEIGH, NDMSG.pack(family, 0, 0, 0, 0)):
        places = offsets(buffer, start + NDMSG.size, end)
        dst, mac = (buffer[places[code] : end_of(buffer, places[code])] if code in places else b"" for code in (_NDA_DST, _NDA_LLADDR))
        if dst == packed and len(mac) == _ETHERNET:
            found.add(mac.hex(":"))
    return found


def _delete(reader: Reader, netns: str, neighbours: Iterable[_Neighbour]) -> None:
    for family, index, address in neighbours:
        body = NDMSG.pack(family, index, 0, 0, 0) + attribute(_NDA_DST, address)
        with suppress(KernelError):  # it expired
            reader.socket(netns).request(_RTM_DELNEIGH, 0, body)


def _learned(reader: Reader, netns: str) -> Set[_Neighbour]:
    found: Set[_Neighbour] = set()
    for family in _FAMILIES:
        for _type, buffer, start, end in reader.socket(netns).dump(_RTM_GETNEIGH, NDMSG.pack(family, 0, 0, 0, 0)):
            its_family, index, state, _flags, _kind = NDMSG.unpack_from(buffer, start)
            place = offsets(buffer, start + NDMSG.size, end).get(_NDA_DST)
            if its_family == family and place and not state & (_NUD_NOARP | _NUD_PERMANENT):
                found.add((family, index, buffer[place : end_of(buffer, place)]))
    return found
