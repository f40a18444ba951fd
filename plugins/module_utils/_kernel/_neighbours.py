# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Neighbour entries (arp(7), ip-neighbour(8), include/uapi/linux/neighbour.h).

All namespaces of a host share one table for each address family, limited by gc_thresh3 (1024). So entries that were learned for a
test must be removed.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Dict, Iterable, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._nla import attribute, end_of, offsets
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import NDMSG, Reader

_RTM_DELNEIGH, _RTM_GETNEIGH = 29, 30
_NDA_DST = 1
_NUD_NOARP, _NUD_PERMANENT = 0x40, 0x80
_FAMILIES = (socket.AF_INET, socket.AF_INET6)

_Neighbour = Tuple[int, int, bytes]
"""Address family, index of the link, address."""


class Neighbours:
    """Remembers the entries that exist, to remove later ones."""

    def __init__(self, reader: Reader, names: Iterable[str]) -> None:
        self._reader = reader
        self._known: Dict[str, Set[_Neighbour]] = {name: self._learned(name) for name in names}

    def forget(self) -> None:
        """Removes the entries that were learned since."""
        for netns, known in self._known.items():
            for family, index, address in self._learned(netns) - known:
                body = NDMSG.pack(family, index, 0, 0, 0) + attribute(_NDA_DST, address)
                with suppress(KernelError):  # it expired
                    self._reader.socket(netns).request(_RTM_DELNEIGH, 0, body)

    def _learned(self, netns: str) -> Set[_Neighbour]:
        found: Set[_Neighbour] = set()
        for family in _FAMILIES:
            for _type, buffer, start, end in self._reader.socket(netns).dump(_RTM_GETNEIGH, NDMSG.pack(family, 0, 0, 0, 0)):
                its_family, index, state, _flags, _kind = NDMSG.unpack_from(buffer, start)
                place = offsets(buffer, start + NDMSG.size, end).get(_NDA_DST)
                if its_family == family and place and not state & (_NUD_NOARP | _NUD_PERMANENT):
                    found.add((family, index, buffer[place : end_of(buffer, place)]))
        return found
