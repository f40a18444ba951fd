# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Request numbers of ioctl(2), which depend on the architecture (include/uapi/asm-generic/ioctl.h, arch/*/include/uapi/asm/ioctl.h)."""

from __future__ import annotations

import os
from typing import NamedTuple


class Encoding(NamedTuple):
    """The number of bits of the size, and the direction bits of requests without argument and of those that the kernel reads."""

    size_bits: int
    none: int
    write: int


_USUAL = Encoding(14, 0, 1)
_OTHER = Encoding(13, 1, 4)
_OTHERS = ("alpha", "mips", "ppc", "powerpc", "sparc")


def encoding_of(machine: str) -> Encoding:
    """The encoding of a machine as in uname(2)."""
    return _OTHER if machine.startswith(_OTHERS) else _USUAL


def request(kind: str, number: int, encoding: Encoding) -> int:
    """The macro _IO."""
    return encoding.none << 16 + encoding.size_bits | ord(kind) << 8 | number


def request_with_int(kind: str, number: int, encoding: Encoding) -> int:
    """The macro _IOW with an int."""
    return encoding.write << 16 + encoding.size_bits | 4 << 16 | ord(kind) << 8 | number


HERE = encoding_of(os.uname().machine)
