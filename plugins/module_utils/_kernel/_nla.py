# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Netlink attributes in bytes: C(struct nlattr) of include/uapi/linux/netlink.h."""

from __future__ import annotations

import struct
from typing import Callable, Dict, Generic, Iterator, List, Tuple, TypeVar

_NLATTR = struct.Struct("=HH").unpack_from


def split(payload: bytes, start: int = 0, end: int = -1) -> Iterator[Tuple[int, int, int]]:
    """The netlink attributes in C(payload): code, and where its own payload starts and ends (C(struct nlattr))."""
    end = len(payload) if end < 0 else end
    while start + 4 <= end:
        length, code = _NLATTR(payload, start)
        if length < 4:
            return
        yield code & 0x3FFF, start + 4, start + length
        start += (length + 3) & ~3


def offsets(payload: bytes, start: int, end: int) -> Dict[int, int]:
    """Where the payload of each attribute starts."""
    return {code: first for code, first, _last in split(payload, start, end)}


class Outline:
    """Where the attributes are in all messages with the same headers: of a thousand links most have the same ones at the same offsets."""

    def __init__(self, message: bytes, start: int) -> None:
        self._sample = int.from_bytes(message, "little")
        self._mask = 0
        """All bits of the bytes that must be the same: headers, and no values but those that say what others are."""
        self.slices: Dict[int, slice] = {code: slice(first, last) for code, first, last in self.look_into(message, start, len(message))}
        """The payload of each attribute."""

    def fits(self, message: bytes) -> bool:
        """Whether a message of the same length has the same headers; one comparison of all bytes under a mask."""
        return not (int.from_bytes(message, "little") ^ self._sample) & self._mask

    def look_into(self, message: bytes, start: int, end: int) -> List[Tuple[int, int, int]]:
        """The attributes of a nest, whose headers must be the same, too."""
        found = list(split(message, start, end))
        for first in [start, *((last + 3) & ~3 for _code, _first, last in found)]:  # the headers, and what ends them
            self.fix(first, min(first + 4, end))
        return found

    def fix(self, first: int, last: int) -> None:
        """These bytes must be the same."""
        self._mask |= ((1 << 8 * max(0, last - first)) - 1) << 8 * first


_Shape = TypeVar("_Shape", bound=Outline)


class Outlines(Generic[_Shape]):
    """The outlines of many messages, of which most are like the last one of their length and family, which addresses begin with."""

    def __init__(self, make: Callable[[bytes], _Shape]) -> None:
        self._make = make
        self._last: Dict[Tuple[int, int], _Shape] = {}

    def of(self, message: bytes) -> _Shape:
        key = (len(message), message[0])
        outline = self._last.get(key)
        if outline is None or not outline.fits(message):
            outline = self._last[key] = self._make(message)
        return outline


def end_of(payload: bytes, start: int) -> int:
    """Where the attribute ends whose payload starts here."""
    length: int = _NLATTR(payload, start - 4)[0]
    return start - 4 + length


def attribute(code: int, payload: bytes) -> bytes:
    """One netlink attribute with this payload."""
    return struct.pack("=HH", 4 + len(payload), code) + payload + b"\0" * (-len(payload) & 3)
