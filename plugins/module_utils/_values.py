# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Types of attribute values: as options, in messages of the kernel, and as arguments of iproute2."""

from __future__ import annotations

import socket
import struct
import sys
from typing import Any, Callable, Dict, NamedTuple, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._kernel._nla import attribute, split


class ValueType(NamedTuple):
    """The type of an attribute's value."""

    option: str
    """Type of the Ansible option."""
    wire: str
    """Type of the payload in pyroute2."""
    decode: Callable[[bytes], Any]
    """Decodes a payload to the value of the option."""
    encode: Callable[[Any], Any]
    """Encodes a value for pyroute2."""
    argument: Callable[[Any], str]
    """Formats a value as an argument of ip(8) and bridge(8)."""
    choices: Tuple[str, ...] = ()
    change: Callable[[Any, Any], Any] = lambda _now, wanted: wanted
    """The value to send to get from the current value to the wanted one."""
    several: bool = False
    """Whether the argument consists of several words."""
    absent: Any = None
    """The value of a link for which the kernel reports none."""
    tolerance: float = 0
    """Values that differ by no more than this are equal, as the kernel rounds."""
    unit: str = ""


def _number(payload: bytes) -> int:
    return int.from_bytes(payload, sys.byteorder)


def _text(payload: bytes) -> str:
    return payload.rstrip(b"\0").decode("utf-8", "surrogateescape")


def _mac(payload: bytes) -> str:
    return payload.hex(":") if len(payload) == 6 else ""


def integer(bits: int) -> ValueType:
    return ValueType("int", "uint%d" % bits, _number, int, str)


def boolean(bits: int, arguments: Tuple[str, str] = ("0", "1")) -> ValueType:
    return ValueType("bool", "uint%d" % bits, lambda payload: bool(_number(payload)), int, lambda value: arguments[value])


def seconds(bits: int) -> ValueType:
    return ValueType(
        "float",
        "uint%d" % bits,
        lambda payload: _number(payload) / 100,
        _centiseconds,
        lambda value: str(_centiseconds(value)),
        tolerance=0.0101,
        unit="seconds",
    )


def _centiseconds(seconds: float) -> int:
    return round(seconds * 100)


def numbered(bits: int, *words: str, as_words: bool = False) -> ValueType:
    """Words for the numbers from 0. C(as_words): iproute2 takes the words, too."""

    def decode(payload: bytes) -> str:
        number = _number(payload)
        return words[number] if number < len(words) else str(number)

    argument = str if as_words else lambda value: str(words.index(value))
    return ValueType("str", "uint%d" % bits, decode, words.index, argument, choices=words)


def choice(words: Dict[str, int], wire: str, byteorder: str = sys.byteorder) -> ValueType:
    names = {number: word for word, number in words.items()}

    def decode(payload: bytes) -> str:
        number = int.from_bytes(payload, byteorder)  # type: ignore[arg-type]
        return names.get(number, str(number))

    return ValueType("str", wire, decode, words.__getitem__, str, choices=tuple(words))


def masked_bit(bit: int, arguments: Tuple[str, str] = ("0", "1")) -> ValueType:
    """One bit in a pair of 32-bit words, values and mask: IFLA_BR_MULTI_BOOLOPT, IFLA_VLAN_FLAGS."""

    def decode(payload: bytes) -> Optional[bool]:
        values, mask = _number(payload[:4]), _number(payload[4:8])
        return bool(values >> bit & 1) if mask >> bit & 1 else None

    def encode(value: bool) -> bytes:
        return (int(value) << bit).to_bytes(4, sys.byteorder) + (1 << bit).to_bytes(4, sys.byteorder)

    return ValueType("bool", "cdata", decode, encode, lambda value: arguments[value])


def mapping(code: int) -> ValueType:
    """A map of numbers, each entry a nested attribute with this code: C(struct ifla_vlan_qos_mapping).

    The kernel keeps entries that are not sent. An entry is deleted by mapping it to 0, which the kernel does not report.
    """
    pair = struct.Struct("=II")

    def decode(payload: bytes) -> Dict[str, int]:
        pairs = sorted(pair.unpack_from(payload, start) for inner, start, _end in split(payload) if inner == code)
        return {str(number): to for number, to in pairs}

    def encode(value: Dict[str, int]) -> bytes:
        return b"".join(attribute(code, pair.pack(int(number), to)) for number, to in value.items())

    def change(now: Dict[str, int], wanted: Dict[str, int]) -> Dict[str, int]:
        return {**dict.fromkeys(now or {}, 0), **wanted}

    def argument(value: Dict[str, int]) -> str:
        return " ".join("%s:%d" % pair for pair in value.items())

    return ValueType("dict", "cdata", decode, encode, argument, change=change, several=True, absent={})


def _querier(payload: bytes) -> Dict[str, str]:
    families = {1: ("ipv4", socket.AF_INET), 5: ("ipv6", socket.AF_INET6)}
    return {families[code][0]: socket.inet_ntop(families[code][1], payload[start:end]) for code, start, end in split(payload) if code in families}


def _bridge_id(payload: bytes) -> str:
    return "%s.%s" % (payload[:2].hex(), payload[2:8].hex(":"))


U8, U16, U32 = integer(8), integer(16), integer(32)
BOOL8, BOOL32, ON_OFF = boolean(8), boolean(32), boolean(8, ("off", "on"))
FLAG = ON_OFF
SECONDS32, SECONDS64 = seconds(32), seconds(64)
TEXT = ValueType("str", "string", _text, str, str)
MAC = ValueType("str", "l2addr", _mac, str, str)
LINK_INDEX = ValueType("str", "uint32", _number, int, str)
USER = ValueType("str", "uint32", lambda payload: str(_number(payload)), int, str)
GROUP = ValueType("str", "uint32", lambda payload: str(_number(payload)), int, str)
ACCOUNTS = (USER, GROUP)
"""Ids of users and groups, which have names on the target; '' for none."""
QUERIER = ValueType("dict", "hex", _querier, str, str)
BRIDGE_ID = ValueType("str", "cdata", _bridge_id, str, str)
ETHERTYPE = choice({"802.1q": 0x8100, "802.1ad": 0x88A8}, "be16", "big")
QOS_MAP = mapping(1)
MCAST_ROUTER = numbered(8, "disabled", "auto", "permanent", "temporary")
