# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Netlink attributes, and flags of messages: include/uapi/linux/netlink.h."""

from __future__ import annotations

import struct
from typing import Callable, Dict, Generic, Iterator, List, Tuple, TypeVar

NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE, NLM_F_APPEND = 0x100, 0x200, 0x400, 0x800
"""Flags of messages that make something new."""
_NLATTR = struct.Struct("=HH").unpack_from


def split(payload: bytes, start: int = 0, end: int = -1) -> Iterator[Tuple[int, int, int]]:
    """The attributes in C(payload): code, start and end of the payload of each."""
    end = len(payload) if end < 0 else end
    while start + 4 <= end:
        length, code = _NLATTR(payload, start)
        if length < 4:
            return
        yield code & 0x3FFF, start + 4, start + length
        start += (length + 3) & ~3


def offsets(payload: bytes, start: int, end: int) -> Dict[int, int]:
    """The start of the payload of each attribute."""
    return {code: first for code, first, _last in split(payload, start, end)}


class Template:
    """The offsets of the attributes in all messages with the same headers. Most links of a host share a few templates."""

    def __init__(self, message: bytes, start: int) -> None:
        self._sample = int.from_bytes(message, "little")
        self._mask = 0
        """The bits of the message that must be the same: attribute headers, and values that determine how others are decoded."""
        self.slices: Dict[int, slice] = {code: slice(first, last) for code, first, last in self.parse_nested(message, start, len(message))}
        """The payload of each attribute."""

    def fits(self, message: bytes) -> bool:
        """Whether a message of the same length has the same headers: one comparison under a mask."""
        return not (int.from_bytes(message, "little") ^ self._sample) & self._mask

    def parse_nested(self, message: bytes, start: int, end: int) -> List[Tuple[int, int, int]]:
        """The attributes in a nest. Their headers become part of the template."""
        found = list(split(message, start, end))
        for first in [start, *((last + 3) & ~3 for _code, _first, last in found)]:  # the headers, and what ends them
            self.fix(first, min(first + 4, end))
        return found

    def fix(self, first: int, last: int) -> None:
        """Makes these bytes part of the template."""
        self._mask |= ((1 << 8 * max(0, last - first)) - 1) << 8 * first


_T = TypeVar("_T", bound=Template)


class TemplateCache(Generic[_T]):
    """The last template for each length and family of messages."""

    def __init__(self, make: Callable[[bytes], _T]) -> None:
        self._make = make
        self._last: Dict[Tuple[int, int], _T] = {}

    def of(self, message: bytes) -> _T:
        key = (len(message), message[0])
        template = self._last.get(key)
        if template is None or not template.fits(message):
            template = self._last[key] = self._make(message)
        return template


def end_of(payload: bytes, start: int) -> int:
    """The end of the attribute whose payload starts here."""
    length: int = _NLATTR(payload, start - 4)[0]
    return start - 4 + length


def attribute(code: int, payload: bytes) -> bytes:
    """Encodes one attribute."""
    return struct.pack("=HH", 4 + len(payload), code) + payload + b"\0" * (-len(payload) & 3)
