# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routing rules of a namespace: ip-rule(8), C(include/uapi/linux/fib_rules.h)."""

from __future__ import annotations

import socket
import struct
from typing import Dict, Iterator, List, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import Attribute
from ansible_collections.nfv.vnet.plugins.module_utils._entries._entry import Decoded, EntryList, Place
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._nla import NLM_F_EXCL, attribute, split
from ansible_collections.nfv.vnet.plugins.module_utils._resources import MAIN_TABLE, REFUSING, FoundLink, Host, Values
from ansible_collections.nfv.vnet.plugins.module_utils._values import (
    AUTOMATIC,
    FLAG,
    IP_FAMILY,
    IP_PROTOCOL,
    LINK_NAME,
    MARK,
    PREFIX,
    PROTOCOL,
    RANGE16,
    RANGE32,
    RULE_TYPE,
    TABLE,
    TOS,
    packed,
)

_RTM_NEWRULE, _RTM_DELRULE, _RTM_GETRULE = 32, 33, 34
_HEADER = struct.Struct("=BBBBBBBBI")
_DST, _SRC, _IIF, _GOTO, _PRIORITY, _FWMARK, _SUPPRESS, _TABLE, _FWMASK, _OIF = 1, 2, 3, 4, 6, 10, 14, 15, 16, 17
_L3MDEV, _UIDS, _PROTOCOL, _IPPROTO, _SPORT, _DPORT = 19, 20, 21, 22, 23, 24
_PAD, _SPORT_MASK, _DPORT_MASK = 18, 28, 29
_EXACT = b"\xff\xff"
"""The mask of ports of which all bits count."""
_INVERT = 2
_COMPAT = 252
"""RT_TABLE_COMPAT: the number of the table is in an attribute."""
_LOOPBACK = 1
"""The index of lo, which stands for its namespace."""
_FAMILIES = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}
_NONE = -1
_LOOKUP, _GO = "lookup", "goto"

_ROWS = (
    Attribute("priority", _PRIORITY, packed("=I"), "Priority of the rule. The rule with the lowest number is looked at first.", 0, 2**32 - 1),
    Attribute(
        "family", 0, IP_FAMILY, "Address family of the rule. If it is left out, it is that of O(rules[].from) or O(rules[].to), or V(ipv4) without these."
    ),
    Attribute("invert", 0, FLAG, "Whether the rule is for packets that do not match (ip rule add not).", initial=False),
    Attribute("from", _SRC, PREFIX, "Source of the packets: an address or a prefix. V('') is any.", initial=""),
    Attribute("to", _DST, PREFIX, "Destination of the packets: an address or a prefix. V('') is any.", initial=""),
    Attribute("iif", _IIF, LINK_NAME, "Name of the link that the packets arrive through; V(lo) for those of the host itself. It need not exist.", initial=""),
    Attribute("oif", _OIF, LINK_NAME, "Name of the link that a socket is bound to, which sends the packets. It need not exist.", initial=""),
    Attribute("fwmark", _FWMARK, MARK, "Mark of the packets, as V(0x10), or with a mask, as V(0x10/0xff). V('') is any.", initial=""),
    Attribute("tos", 0, TOS, "TOS of the packets. V(0) is any.", 0, 255, initial="0"),
    Attribute("ipproto", _IPPROTO, IP_PROTOCOL, "IP protocol of the packets: a number, or a name such as V(tcp). V(0) is any.", 0, 255, initial="0"),
    Attribute("sport", _SPORT, RANGE16, "Source port of the packets, or a range such as V(1000-1999). V('') is any.", 1, 65535, initial=""),
    Attribute("dport", _DPORT, RANGE16, "Destination port of the packets, or a range such as V(80-89). V('') is any.", 1, 65535, initial=""),
    Attribute("uidrange", _UIDS, RANGE32, "Id of the user whose packets they are, or a range such as V(1000-1999). V('') is any.", 0, 2**32 - 2, initial=""),
    Attribute(
        "l3mdev",
        _L3MDEV,
        FLAG._replace(wire="cdata", encode=lambda _value: b"\1"),
        "Whether the routing table is that of the VRF that the packets arrive through or leave through.",
        initial=False,
    ),
    Attribute(
        "type",
        0,
        RULE_TYPE,
        "What is done with the packets: their route is looked up (V(lookup)), another rule is next (V(goto)), or they are dropped, with V(unreachable) and"
        " V(prohibit) with an ICMP error. V(nop) does nothing.",
        initial=_LOOKUP,
    ),
    Attribute(
        "table", _TABLE, TABLE, "Routing table of V(lookup): its number, or its name in C(/etc/iproute2/rt_tables) of the target host.", initial=MAIN_TABLE
    ),
    Attribute("goto", _GOTO, packed("=I"), "Priority of the rule that is next. It is required for O(rules[].type=goto).", 0, 2**32 - 1, initial=0),
    Attribute(
        "suppress_prefixlength",
        _SUPPRESS,
        packed("=i"),
        "Routes with a prefix of this length, or a shorter one, are ignored: with V(0), default routes. V(-1) is none.",
        -1,
        128,
        initial=_NONE,
    ),
    Attribute("protocol", _PROTOCOL, PROTOCOL, "Who has added the rule: a number, or a name such as V(static).", 0, 255, initial="static"),
)
_OF_HEADER = ("from", "to")
_INITIAL = ((0, 255), (32766, 254), (32767, 253))
"""Priorities and tables of the rules that every namespace begins with: C(fib_default_rules_init) in net/ipv4/fib_rules.c."""
_NO_CONDITIONS = ("priority", "family", "type", "table", "protocol")
_EVERYTHING = ("0.0.0.0/0", "::/0")
"""Prefixes that say nothing but the family."""
_PACKED = [row for row in _ROWS if row.code and row.name not in (*_OF_HEADER, "fwmark")]
_ANY = {row.name: row.initial for row in _ROWS}
_KNOWN = {_DST, _SRC, _FWMARK, _FWMASK, _PAD, *(row.code for row in _PACKED)}


def _encode(entry: Values, _place: Place) -> bytes:
    family, table = _FAMILIES[entry["family"]], int(entry["table"]) if _has_table(entry) else 0
    destination, source = (entry[name].partition("/") for name in ("to", "from"))
    flags = _INVERT if entry["invert"] else 0
    lengths = int(destination[2] or 0), int(source[2] or 0)
    body = _HEADER.pack(family, *lengths, int(entry["tos"]), table if table < 256 else _COMPAT, 0, 0, RULE_TYPE.encode(entry["type"]), flags)
    for code, (address, _slash, _length) in ((_DST, destination), (_SRC, source)):
        body += attribute(code, socket.inet_pton(family, address)) if address else b""
    for row in _PACKED:
        if entry[row.name] != row.initial or (row.name == "table" and table) or row.name == "protocol":
            body += attribute(row.code, row.type.encode(entry[row.name]))
    if entry["fwmark"]:
        body += b"".join(attribute(code, struct.pack("=I", number)) for code, number in zip((_FWMARK, _FWMASK), MARK.encode(entry["fwmark"])))
    return body


def _attributes(message: bytes) -> Dict[int, bytes]:
    return {code: message[first:last] for code, first, last in split(message, _HEADER.size)}


def _made_by(found: Dict[int, bytes]) -> str:
    return str(PROTOCOL.decode(found.get(_PROTOCOL, b"\0")))


def _is_declarable(message: bytes) -> bool:
    """Whether options can say a rule, and nobody else manages it."""
    found = _attributes(message)
    masks = [found.pop(code, _EXACT) for code in (_SPORT_MASK, _DPORT_MASK)]
    is_known = RULE_TYPE.decode(message[7:8]) in RULE_TYPE.choices and set(found) <= _KNOWN and all(mask[:2] == _EXACT for mask in masks)
    return is_known and _made_by(found) not in AUTOMATIC


def _undeclarable(message: bytes) -> Iterator[Tuple[int, str]]:
    found = _attributes(message)
    if message[0] in _FAMILIES.values() and _made_by(found) not in AUTOMATIC and not _is_declarable(message):
        priority = struct.unpack("=I", found.get(_PRIORITY, bytes(4)))[0]
        yield _LOOPBACK, "%srule with priority %d" % ("IPv6 " if message[0] == socket.AF_INET6 else "", priority)


def _decode(message: bytes) -> Decoded:
    number, destination, source, tos, table, _one, _other, action, flags = _HEADER.unpack_from(message)
    family = next((name for name, one in _FAMILIES.items() if one == number), "")
    if not family or not _is_declarable(message):
        return
    found = _attributes(message)
    kind, made_by = RULE_TYPE.decode(bytes([action])), _made_by(found)
    entry: Values = {
        **_ANY,
        "priority": 0,
        "family": family,
        "invert": bool(flags & _INVERT),
        "tos": str(tos),
        "type": kind,
        "table": table,
        "protocol": made_by,
    }
    for name, code, length in (("to", _DST, destination), ("from", _SRC, source)):
        if code in found or length:
            entry[name] = "%s/%d" % (socket.inet_ntop(number, found.get(code, bytes(4 if family == "ipv4" else 16))), length)
    entry.update((row.name, row.type.decode(found[row.code])) for row in _PACKED if row.code in found)
    if _FWMARK in found or _FWMASK in found:
        entry["fwmark"] = MARK.decode(found.get(_FWMARK, bytes(4)) + found.get(_FWMASK, b"\xff" * 4))
    yield _LOOPBACK, {**entry, "table": entry["table"] if _has_table(entry) else MAIN_TABLE}


def _has_table(entry: Values) -> bool:
    return bool(entry["type"] == _LOOKUP and not entry["l3mdev"])


def _words(adding: bool, entry: Values, _kind: str, _dev: str) -> List[str]:
    words = ["ip", "-6"] if entry["family"] == "ipv6" else ["ip"]
    words += ["rule", "add" if adding else "delete", "priority", str(entry["priority"])]
    words += ["not"] if entry["invert"] else []
    words += ["from", entry["from"] or "all"]
    for row in _ROWS:
        if row.name not in _SAID_APART and entry[row.name] != row.initial:
            words += row.words(entry[row.name])
    if entry["l3mdev"]:
        words.append("l3mdev")
    elif entry["type"] == _LOOKUP:
        words += ["lookup", str(entry["table"])]
    else:
        words += [_GO, str(entry["goto"])] if entry["type"] == _GO else [entry["type"]]
    words += ["suppress_prefixlength", str(entry["suppress_prefixlength"])] if entry["suppress_prefixlength"] != _NONE else []
    return [*words, "protocol", entry["protocol"]]


_SAID_APART = ("priority", "family", "invert", "from", "l3mdev", "type", "table", "goto", "suppress_prefixlength", "protocol")


def _complaint(entry: Values) -> Optional[Tuple[str, str]]:
    families = {name: "ipv6" if ":" in entry[name] else "ipv4" for name in _OF_HEADER if entry.get(name)}
    family = entry.get("family") or next(iter(families.values()), "ipv4")
    strange = next((name for name, one in families.items() if one != family), "")
    if strange:
        return strange, "%s is not of the family %s" % (entry[strange], family)
    kind = entry.get("type", _LOOKUP)
    if (kind == _GO) != ("goto" in entry):
        return "goto", "missing; it is required for type: goto" if kind == _GO else "it is for type: goto"
    if kind == _GO and entry["goto"] <= entry["priority"]:
        return "goto", "%d is not behind the priority of the rule, which is %d" % (entry["goto"], entry["priority"])
    for name in ("table", "l3mdev", "suppress_prefixlength"):
        if kind != _LOOKUP and entry.get(name, _ANY[name]) != _ANY[name]:
            return name, "it is for type: lookup"
    if entry.get("l3mdev") and "table" in entry:
        return "table", "with l3mdev it is that of the VRF; leave it out"
    return None


def drops(rule: Values, source: str, destination: str) -> bool:
    """Whether a rule drops what is sent from one address to another. One that looks at anything else is not judged."""
    if rule["type"] not in REFUSING or any(rule[row.name] != row.initial for row in _ROWS if row.name not in (*_OF_HEADER, *_NO_CONDITIONS)):
        return False
    import ipaddress  # most runs have no rules

    addresses = [ipaddress.ip_address(address) for address in (destination, source)]
    prefixes = [ipaddress.ip_network(rule[name] or "%s/0" % ("::" if rule["family"] == "ipv6" else "0.0.0.0")) for name in ("to", "from")]
    return all(address in prefix for address, prefix in zip(addresses, prefixes))


def _completed(entry: Values) -> Values:
    """A rule with what is not given: two rules that differ in one field are two rules."""
    addresses = [entry[name] for name in _OF_HEADER if entry.get(name)]
    family = "ipv6" if any(":" in address for address in addresses) else "ipv4"
    everything = {name: "" for name in _OF_HEADER if entry.get(name) in _EVERYTHING}
    return {**{name: value for name, value in _ANY.items() if name != "protocol"}, "family": family, **entry, **everything}


def _of_kernel(entries: List[Values], _found: FoundLink, _host: Host) -> List[Values]:
    """The rules that every namespace begins with, also if somebody has added one of them again: without them there is no routing."""
    plain = {**_ANY, "type": _LOOKUP}
    same = (dict(plain, priority=priority, table=table, family=family) for priority, table in _INITIAL for family in _FAMILIES)
    usual = [{name: value for name, value in one.items() if name != "protocol"} for one in same]
    return [entry for entry in entries if {name: value for name, value in entry.items() if name != "protocol"} in usual]


RULES = EntryList(
    "rules",
    "Rules of the routing policy: which routing table the route of a packet is looked up in. Rules that differ in any option are different rules."
    " The kernel goes through those of one priority in the order in which they were added, which changes when one of them is added again; give each"
    " a priority of its own if that matters.",
    "The three rules of the kernel, its rule for VRFs, and those from DHCP and router advertisements are not.",
    _ROWS,
    tuple(row.name for row in _ROWS if row.name != "protocol"),
    _RTM_NEWRULE,
    _RTM_DELRULE,
    _RTM_GETRULE,
    (_HEADER.pack(socket.AF_INET, 0, 0, 0, 0, 0, 0, 0, 0), _HEADER.pack(socket.AF_INET6, 0, 0, 0, 0, 0, 0, 0, 0)),
    _encode,
    _decode,
    _words,
    fits=lambda _kind: False,
    required=("priority",),
    check=_complaint,
    completed=_completed,
    of_kernel=_of_kernel,
    in_order=True,
    flags=lambda _entry: NLM_F_EXCL,
    unsaid={"protocol": ("boot",)},
    undeclarable=_undeclarable,
    needs="CONFIG_IP_MULTIPLE_TABLES, for IPv6 CONFIG_IPV6_MULTIPLE_TABLES",
)
