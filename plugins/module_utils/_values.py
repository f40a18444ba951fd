# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Types of attribute values: as options, in messages of the kernel, and as arguments of iproute2."""

from __future__ import annotations

import socket
import struct
import sys
from typing import Any, Callable, Collection, Dict, Iterable, List, NamedTuple, Optional, Tuple

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
    syntax: str = ""
    """How a value is written: the name of its parser in C(_options). '' if every value of the type is in the kernel's spelling."""
    elements: str = ""
    """Type of the elements of a list."""
    words: Tuple[str, ...] = ()
    """Words that may be given in place of a number."""
    merge: Callable[[Any, Any], Any] = lambda _now, wanted: wanted
    """The value of a link with the first one after the second one was set."""
    partial: bool = False
    """Whether a value, a dictionary, leaves what it does not name as it is."""
    equal: Optional[Callable[[Any, Any], bool]] = None
    """Whether a wanted value and one that was found are the same, if they need not be equal."""
    complaint: Callable[[Any, Any], str] = lambda _found, _wanted: ""
    """What is wrong with a wanted value for a link with the first one, '' if nothing is."""
    needs: Callable[[Any], str] = lambda _value: ""
    """What the kernel must have for a value, if that depends on the value."""
    undeclarable: Callable[[Any], str] = lambda _value: ""
    """What a value is in the words of the tools if no option can say it; '' if one can."""


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


def choice_of(*words: str) -> ValueType:
    """One of these words, which is part of another value."""
    return ValueType("str", "cdata", bytes, bytes, str, choices=words)


def number_or(words: Dict[str, int], bits: int = 8, shift: int = 0, byteorder: str = sys.byteorder) -> ValueType:
    """A number, or a word for one. C(shift): the position of its lowest bit in a word of the kernel."""
    names = {number: word for word, number in words.items()}
    width = bits if not shift and bits in (8, 16, 32) else 32

    def decode(payload: bytes) -> str:
        number = int.from_bytes(payload, byteorder) >> shift & (1 << bits) - 1  # type: ignore[arg-type]
        return names.get(number, str(number))

    def encode(value: str) -> bytes:
        number = words[value] if value in words else int(value)
        return (number << shift).to_bytes(width // 8, byteorder)  # type: ignore[arg-type]

    return ValueType("str", "cdata", decode, encode, str, syntax="number_or", words=tuple(words))


def dsfield(value: str) -> str:
    """A TOS as an argument of ip(8), which takes numbers for hexadecimal."""
    return "0x%x" % int(value) if value.isdigit() else value


def part(bits: int, shift: int, width: int) -> ValueType:
    """A number in some bits of a word in network byte order."""

    def decode(payload: bytes) -> int:
        return int.from_bytes(payload, "big") >> shift & (1 << bits) - 1

    return ValueType("int", "cdata", decode, lambda value: (value << shift).to_bytes(width // 8, "big"), str)


def bit(mask: int, wire: int, byteorder: str = sys.byteorder) -> ValueType:
    """One bit of a word of C(wire) bits, in which several options are sent together."""

    def decode(payload: bytes) -> bool:
        return bool(int.from_bytes(payload, byteorder) & mask)  # type: ignore[arg-type]

    def encode(value: object) -> bytes:
        return (mask if value else 0).to_bytes(wire // 8, byteorder)  # type: ignore[arg-type]

    return ValueType("bool", "cdata", decode, encode, ("off", "on").__getitem__)


def silent(value_type: ValueType) -> ValueType:
    """The type of a further attribute that follows from the value, so that reading it says nothing."""
    return value_type._replace(decode=lambda _payload: None)


def _ip(family: int, multicast: bool) -> ValueType:
    length = 4 if family == socket.AF_INET else 16
    syntax = "multicast" if multicast else "unicast"

    def decode(payload: bytes) -> Optional[str]:
        if len(payload) != length or (any(payload) and multicast != is_multicast(payload)):
            return None
        return socket.inet_ntop(family, payload) if any(payload) else ""

    def encode(value: str) -> Optional[bytes]:
        return socket.inet_pton(family, value) if value and (":" in value) == (family == socket.AF_INET6) else None

    def change(now: Optional[str], wanted: str) -> str:
        """The kernel takes none for the zero address of the same family."""
        return wanted or ("" if not now else "::" if ":" in now else "0.0.0.0")

    return ValueType("str", "cdata", decode, encode, str, change=change, absent="", syntax=syntax)


def _either_ip(payload: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET6 if len(payload) == 16 else socket.AF_INET, payload) if any(payload) else ""


def _packed_ip(text: str) -> Optional[bytes]:
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text) if text else None


def is_multicast(packed: bytes) -> bool:
    """Whether an address of either family is that of a group."""
    return packed[0] == 0xFF if len(packed) == 16 else 224 <= packed[0] < 240


def ip_addresses(family: int) -> ValueType:
    """A list of addresses, each an attribute with its number as the code."""

    def decode(payload: bytes) -> List[str]:
        return [socket.inet_ntop(family, payload[start:end]) for _number, start, end in split(payload)]

    def encode(value: List[str]) -> bytes:
        return b"".join(attribute(number, socket.inet_pton(family, text)) for number, text in enumerate(value))

    return ValueType("list", "cdata", decode, encode, ",".join, absent=[], syntax="ip6s" if family == socket.AF_INET6 else "ip4s", elements="str")


def mac_addresses(code: int) -> ValueType:
    """A set of MAC addresses, each an attribute with this code."""

    def decode(payload: bytes) -> List[str]:
        return sorted(_mac(payload[start:end]) for inner, start, end in split(payload) if inner == code)

    def encode(value: List[str]) -> bytes:
        return b"".join(attribute(code, bytes.fromhex(mac.replace(":", ""))) for mac in value)

    return ValueType("list", "cdata", decode, encode, " ".join, absent=[], syntax="macs", elements="str", several=True)


def switch(word: str) -> ValueType:
    """True or false, which ip(8) calls C(word) and C(noWORD)."""
    return boolean(8, ("no" + word, word))


def presence(word: str) -> ValueType:
    """True if the attribute is there, without a payload. Some are a number, too."""

    def decode(payload: bytes) -> bool:
        return any(payload) if payload else True

    return ValueType("bool", "cdata", decode, lambda value: b"" if value else None, lambda value: word if value else "", absent=False, several=True)


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

    return ValueType("dict", "cdata", decode, encode, argument, change=change, several=True, absent={}, syntax="map")


def packed(form: str) -> ValueType:
    """A number as C(struct) packs it."""
    number = struct.Struct(form)
    return ValueType("int", "cdata", lambda payload: number.unpack_from(payload)[0], number.pack, str)


def _range(form: str) -> ValueType:
    """A number, or a range of them; '' for none."""
    pair = struct.Struct(form)

    def decode(payload: bytes) -> str:
        first, last = pair.unpack_from(payload)
        return str(first) if first == last else "%d-%d" % (first, last)

    def encode(value: str) -> bytes:
        first, _dash, last = value.partition("-")
        return pair.pack(int(first), int(last or first))

    return ValueType("str", "cdata", decode, encode, str, syntax="range")


def _mark(payload: bytes) -> str:
    """A mark and its mask, as ip-rule(8) shows them."""
    mark, mask = struct.unpack("=II", payload)
    return "0x%x" % mark if mask == _WHOLE_MARK else "0x%x/0x%x" % (mark, mask)


def _mark_and_mask(value: str) -> Tuple[int, int]:
    mark, _slash, mask = value.partition("/")
    return int(mark, 16), int(mask, 16) if mask else _WHOLE_MARK


_WHOLE_MARK = 0xFFFFFFFF
_PROTOCOLS = {
    "icmp": 1,
    "igmp": 2,
    "ipip": 4,
    "tcp": 6,
    "udp": 17,
    "gre": 47,
    "esp": 50,
    "ah": 51,
    "ipv6-icmp": 58,
    "ospf": 89,
    "pim": 103,
    "vrrp": 112,
    "sctp": 132,
}


FEATURE_GROUPS: Dict[str, Tuple[str, ...]] = {
    "rx-checksumming": ("rx-checksum",),
    "tx-checksumming": ("tx-checksum-ipv4", "tx-checksum-ip-generic", "tx-checksum-ipv6", "tx-checksum-fcoe-crc", "tx-checksum-sctp"),
    "scatter-gather": ("tx-scatter-gather", "tx-scatter-gather-fraglist"),
    "tcp-segmentation-offload": ("tx-tcp-segmentation", "tx-tcp-ecn-segmentation", "tx-tcp-mangleid-segmentation", "tx-tcp6-segmentation"),
    "generic-segmentation-offload": ("tx-generic-segmentation",),
    "generic-receive-offload": ("rx-gro",),
    "large-receive-offload": ("rx-lro",),
    "rx-vlan-offload": ("rx-vlan-hw-parse",),
    "tx-vlan-offload": ("tx-vlan-hw-insert",),
    "ntuple-filters": ("rx-ntuple-filter",),
    "receive-hashing": ("rx-hashing",),
}
"""Names that ethtool(8) shows, and the features of the kernel that they stand for."""
_FIXED = {False: "off [fixed]", True: "on [fixed]"}
"""What ethtool(8) shows of features that cannot be changed."""


def features_of(asked: Iterable[str], known: Collection[str], active: Collection[str], changeable: Collection[str]) -> Dict[str, bool | str]:
    """The features with these names that a link has."""
    return {name: name in active if name in changeable else _FIXED[name in active] for name in asked if name in known}


def _features_to_change(now: Any, wanted: Any) -> Any:
    return {name: value for name, value in wanted.items() if now is None or (name in now and not _is_feature(value, now[name]))}


def _is_feature(wanted: Any, found: Any) -> bool:
    return bool(found in (wanted, _FIXED.get(wanted)))


def _features_are(wanted: Any, found: Any) -> bool:
    return found is not None and wanted is not None and all(name in found and _is_feature(value, found[name]) for name, value in wanted.items())


def _complaint_about_features(found: Any, wanted: Any) -> str:
    for name, value in wanted.items() if found is not None else ():
        if name not in found:
            return "the link has no feature %s; ethtool -k shows those that it has" % ascii(name)[1:-1]
        if not _is_feature(value, found[name]) and found[name] in _FIXED.values():
            return "%s is %s, which the driver does not allow to change" % (name, found[name])
    return ""


FEATURES = ValueType(
    "dict",
    "cdata",
    bytes,
    dict,
    lambda value: " ".join("%s %s" % (name, "on" if on else "off") for name, on in value.items()),
    change=_features_to_change,
    merge=lambda now, wanted: {**(now or {}), **wanted},
    partial=True,
    equal=_features_are,
    complaint=_complaint_about_features,
    several=True,
    absent={},
    syntax="features",
)
"""Features by their names: true, false, or for those that are fixed what ethtool(8) shows."""


def _querier(payload: bytes) -> Dict[str, str]:
    families = {1: ("ipv4", socket.AF_INET), 5: ("ipv6", socket.AF_INET6)}
    return {families[code][0]: socket.inet_ntop(families[code][1], payload[start:end]) for code, start, end in split(payload) if code in families}


def _bridge_id(payload: bytes) -> str:
    return "%s.%s" % (payload[:2].hex(), payload[2:8].hex(":"))


def _lacp(payload: bytes) -> Dict[str, Any]:
    """IFLA_BOND_AD_INFO_*."""
    names = {1: "aggregator", 2: "num_ports", 3: "actor_key", 4: "partner_key", 5: "partner_mac"}
    found = {names[code]: payload[start:end] for code, start, end in split(payload) if code in names}
    return {name: _mac(value) if name == "partner_mac" else _number(value) for name, value in found.items()}


U8, U16, U32 = integer(8), integer(16), integer(32)
SECONDS = ValueType("float", "cdata", bytes, bytes, str, unit="seconds")
PER_CENT = ValueType("float", "cdata", bytes, bytes, str, unit="per cent")
S32 = ValueType("int", "int32", lambda payload: int.from_bytes(payload, sys.byteorder, signed=True), int, str)
BOOL8, BOOL32, ON_OFF = boolean(8), boolean(32), boolean(8, ("off", "on"))
FLAG = ON_OFF
SECONDS32, SECONDS64 = seconds(32), seconds(64)
TEXT = ValueType("str", "string", _text, str, str, syntax="text")
MAC = ValueType("str", "l2addr", _mac, str, str, syntax="mac")
LINK_INDEX = ValueType("str", "uint32", _number, lambda index: index or 0, str, syntax="link")
USER = ValueType("str", "uint32", lambda payload: str(_number(payload)), int, str, syntax="user")
GROUP = ValueType("str", "uint32", lambda payload: str(_number(payload)), int, str, syntax="group")
ACCOUNTS = (USER, GROUP)
"""Ids of users and groups, which have names on the target; '' for none."""
QUERIER = ValueType("dict", "hex", _querier, str, str)
LACP = ValueType("dict", "hex", _lacp, str, str)
BRIDGE_ID = ValueType("str", "cdata", _bridge_id, str, str)
ETHERTYPE = choice({"802.1q": 0x8100, "802.1ad": 0x88A8}, "be16", "big")
QOS_MAP = mapping(1)
PORT_NUMBER = part(16, 0, 16)
"""A number of UDP ports."""
IP = ValueType("str", "cdata", _either_ip, _packed_ip, lambda value: value or "any", absent="", syntax="ip")
"""An address of the family that the kind of link has. '' is not sent."""
UNICAST4, UNICAST6 = _ip(socket.AF_INET, False), _ip(socket.AF_INET6, False)
GROUP4, GROUP6 = _ip(socket.AF_INET, True), _ip(socket.AF_INET6, True)
UNICAST_IP, GROUP_IP = IP._replace(syntax="unicast"), IP._replace(syntax="multicast")
HOST = IP._replace(syntax="host", argument=str)
"""An address that must be given, of either family."""
PREFIX = ValueType("str", "cdata", bytes.hex, str.encode, str, syntax="prefix")
"""An address with a prefix length; '' for all."""
LINK_NAME = ValueType("str", "cdata", _text, lambda value: value.encode("utf-8", "surrogateescape") + b"\0", str, syntax="link_name")
ALTNAME = LINK_NAME._replace(syntax="altname")
RANGE16 = _range("=HH")
RANGE32 = _range("=II")._replace(argument=lambda value: value if "-" in value else "%s-%s" % (value, value))
"""Of ip-rule(8), which takes no single number for it."""
MARK = ValueType("str", "cdata", _mark, _mark_and_mask, str, syntax="mark")
TABLE = packed("=I")._replace(option="str", syntax="table")
TOS, IP_PROTOCOL = number_or({})._replace(argument=dsfield), number_or(_PROTOCOLS)
PROTOCOL = number_or(
    {"unspec": 0, "redirect": 1, "kernel": 2, "boot": 3, "static": 4, "ra": 9, "zebra": 11, "bird": 12, "dhcp": 16, "babel": 42, "bgp": 186}
)._replace(syntax="protocol")
"""Who made a route or a rule: RTPROT_* of include/uapi/linux/rtnetlink.h."""
AUTOMATIC = ("kernel", "ra", "dhcp")
"""Those of routes and rules that the kernel, router advertisements or DHCP manage."""
IP_FAMILY = ValueType("str", "cdata", bytes.decode, str.encode, str, choices=("ipv4", "ipv6"))
RULE_TYPE = choice({"lookup": 1, "goto": 2, "nop": 3, "blackhole": 6, "unreachable": 7, "prohibit": 8}, "uint8")
MCAST_ROUTER = numbered(8, "disabled", "auto", "permanent", "temporary")
