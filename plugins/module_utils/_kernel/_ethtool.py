# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Features of links, such as checksum offload: ethtool(8), Documentation/networking/ethtool-netlink.rst, C(include/uapi/linux/ethtool_netlink.h)."""

from __future__ import annotations

import errno
import struct
from typing import Dict, NamedTuple, Optional, Set

from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._nla import attribute, split
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._socket import NetlinkSocket

_NETLINK_GENERIC = 16
_GENL = struct.Struct("=BBH")
_CONTROLLER, _GETFAMILY, _FAMILY_ID, _FAMILY_NAME = 16, 3, 1, 2
_FEATURES_GET, _FEATURES_SET = 11, 12
_HEADER, _HW, _WANTED, _ACTIVE, _NOCHANGE = 1, 2, 3, 4, 5
_DEV_INDEX = 1
_NOMASK, _BITS, _BIT, _BIT_NAME, _BIT_VALUE = 1, 3, 1, 2, 3
_NESTED = 0x8000


class Features(NamedTuple):
    """The features of a link."""

    known: Set[str]
    active: Set[str]
    changeable: Set[str]


class Ethtool:
    """Asks about the links of one namespace. C(None) is the answer of a kernel without it (before Linux 5.8)."""

    def __init__(self) -> None:
        """To be called in the namespace."""
        self._socket = NetlinkSocket(_NETLINK_GENERIC)
        self._family = self._number()

    def close(self) -> None:
        self._socket.close()

    def _number(self) -> int:
        body = _GENL.pack(_GETFAMILY, 1, 0) + attribute(_FAMILY_NAME, b"ethtool\0")
        try:
            _type, buffer, start, end = self._socket.get(_CONTROLLER, body)
        except KernelError as error:
            if error.errno in (errno.ENOENT, errno.EOPNOTSUPP):
                return 0
            raise
        return next((struct.unpack_from("=H", buffer, first)[0] for code, first, _last in split(buffer, start + _GENL.size, end) if code == _FAMILY_ID), 0)

    def read(self, index: int) -> Optional[Features]:
        if not self._family:
            return None
        body = _GENL.pack(_FEATURES_GET, 1, 0) + attribute(_HEADER | _NESTED, attribute(_DEV_INDEX, struct.pack("=I", index)))
        try:
            _type, buffer, start, end = self._socket.get(self._family, body)
        except KernelError as error:
            if error.errno == errno.EOPNOTSUPP:
                return None
            raise
        sets = {code: buffer[first:last] for code, first, last in split(buffer, start + _GENL.size, end)}
        active, changeable, fixed = (_names(sets.get(code, b"")) for code in (_ACTIVE, _HW, _NOCHANGE))
        return Features(_names(sets.get(_HW, b""), all_bits=True), active, changeable - fixed)

    def write(self, index: int, values: Dict[str, bool]) -> None:
        """Turns features on or off. The kernel does not refuse those that it cannot change."""
        bits = b""
        for name, value in values.items():
            bit = attribute(_BIT_NAME, name.encode() + b"\0") + (attribute(_BIT_VALUE, b"") if value else b"")
            bits += attribute(_BIT | _NESTED, bit)
        header = attribute(_HEADER | _NESTED, attribute(_DEV_INDEX, struct.pack("=I", index)))
        body = _GENL.pack(_FEATURES_SET, 1, 0) + header + attribute(_WANTED | _NESTED, attribute(_BITS | _NESTED, bits))
        self._socket.request(self._family, 0, body)


def _names(bitset: bytes, all_bits: bool = False) -> Set[str]:
    """The names of the bits that are set, or of all. Without a mask, only those are listed that are set."""
    found = {code: bitset[first:last] for code, first, last in split(bitset)}
    names: Set[str] = set()
    for _code, first, last in split(found.get(_BITS, b"")):
        bit = {code: found[_BITS][start:end] for code, start, end in split(found[_BITS], first, last)}
        if all_bits or _NOMASK in found or _BIT_VALUE in bit:
            names.add(bit[_BIT_NAME].rstrip(b"\0").decode("ascii", "replace"))
    return names
