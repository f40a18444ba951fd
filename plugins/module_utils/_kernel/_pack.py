# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encodes the messages that a layout sends by the thousand, from the attribute table.

The classes of pyroute2, which write all others, would take as long as the kernel itself. Sources: include/uapi/linux/rtnetlink.h,
if_link.h, if_addr.h.
"""

from __future__ import annotations

import os
import socket
import struct
from typing import Any, Callable, Dict

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._nla import attribute
from ansible_collections.nfv.vnet.plugins.module_utils._resources import ADDRESS_FLAGS, Address, NextHop, Route, Values
from ansible_collections.nfv.vnet.plugins.module_utils._values import PROTOCOL

_IFINFO, _IFADDR = struct.Struct("=BxHiII"), struct.Struct("=BBBBI")
_IFLA_IFNAME, _IFLA_LINK, _IFLA_MASTER, _IFLA_LINKINFO, _IFLA_NET_NS_FD = 3, 5, 10, 18, 28
_INFO_KIND, _INFO_DATA, _INFO_SLAVE_KIND, _INFO_SLAVE_DATA, _VETH_INFO_PEER = 1, 2, 4, 5, 1
_IFA_ADDRESS, _IFA_LOCAL, _IFA_LABEL, _IFA_BROADCAST, _IFA_FLAGS, _IFA_RT_PRIORITY = 1, 2, 3, 4, 8, 9
_IFA_F_NODAD = 0x02
_NESTED, _IFLA_AF_SPEC, _BRIDGE_FLAGS, _BRIDGE_FLAGS_MASTER = 0x8000, 26, 0, 1
_VLAN_TUNNEL_INFO, _TUNNEL_ID, _TUNNEL_VID = 3, 1, 2
_VLANDB_ENTRY, _VLANDB_INFO, _ONLY_OPTIONS = 1, 1, 0x80
_RTMSG, _NEXTHOP = struct.Struct("=BBBBBBBBI"), struct.Struct("=HBBi")
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_PRIORITY, _RTA_PREFSRC, _RTA_METRICS, _RTA_MULTIPATH, _RTA_TABLE, _RTA_PREF = 1, 4, 5, 6, 7, 8, 9, 15, 20
_RTAX_MTU, _RTNH_F_ONLINK, _RT_TABLE_COMPAT = 2, 4, 252

_uint32 = struct.Struct("=I").pack
_WIRE: Dict[str, Callable[[Any], bytes]] = {
    "cdata": bytes,
    "uint8": struct.Struct("=B").pack,
    "uint16": struct.Struct("=H").pack,
    "be16": struct.Struct(">H").pack,
    "uint32": _uint32,
    "int32": struct.Struct("=i").pack,
    "uint64": struct.Struct("=Q").pack,
    "string": os.fsencode,
    "l2addr": lambda text: bytes.fromhex(text.replace(":", "")),
}
"""Encoders of payloads, by the type in pyroute2."""
_ROWS = {row.name: row for row in table.LINK if row.location in ("link", "flag")}


def link(index: int, values: Values, *attributes: bytes) -> bytes:
    """A link with common flags and attributes. C(index) 0: a new one, whose index the kernel chooses."""
    flags = change = 0
    body = b"".join(attributes)
    for name, value in values.items():
        row = _ROWS[name]
        if row.location == "flag":
            change |= 1 << row.code
            if value != (name == "arp"):  # the flag of the kernel is NOARP
                flags |= 1 << row.code
        else:
            body += attribute(row.code, _WIRE[row.type.wire](row.type.encode(value)))
    return _IFINFO.pack(socket.AF_UNSPEC, 0, index, flags, change) + body


def name(text: str) -> bytes:
    return attribute(_IFLA_IFNAME, os.fsencode(text) + b"\0")


def master(index: int) -> bytes:
    return attribute(_IFLA_MASTER, _uint32(index))


def namespace(descriptor: int) -> bytes:
    return attribute(_IFLA_NET_NS_FD, _uint32(descriptor))


def kind(word: str, data: bytes = b"") -> bytes:
    return attribute(_IFLA_LINKINFO, attribute(_INFO_KIND, word.encode()) + data)


def parent(index: int) -> bytes:
    return attribute(_IFLA_LINK, _uint32(index))


def data(payloads: Dict[int, bytes]) -> bytes:
    """Attributes of a kind of link."""
    packed = b"".join(attribute(code, payload) for code, payload in payloads.items())
    return attribute(_INFO_DATA, packed) if packed else b""


def payloads_of(word: str, values: Values) -> Dict[int, bytes]:
    """The payloads of attributes of a kind of link, by their code."""
    payloads: Dict[int, bytes] = {}
    for name, value in values.items():
        for code, value_type in _kinds.codes_of(word, _kinds.rows_of(word)[name], values):
            encoded = value_type.encode(value) if code else None
            if encoded is not None:
                payload = _WIRE[value_type.wire](encoded)
                payloads[code] = _united(payloads[code], payload) if code in payloads else payload
    return payloads


def _united(one: bytes, other: bytes) -> bytes:
    """Two words with different bits as one."""
    return bytes(first | second for first, second in zip(one, other))


def port_data(master: str, row: table.Attribute, value: Any) -> bytes:
    """An attribute of a port of a link of the kind C(master)."""
    packed = attribute(row.code, _WIRE[row.type.wire](row.type.encode(value)))
    return attribute(_IFLA_LINKINFO, attribute(_INFO_SLAVE_KIND, master.encode()) + attribute(_INFO_SLAVE_DATA, packed))


def peer(index: int, values: Values, *attributes: bytes) -> bytes:
    """The nested message of a veth about its peer."""
    return attribute(_INFO_DATA, attribute(_VETH_INFO_PEER, link(index, values, *attributes)))


def vlan_tunnel(index: int, vid: int, tunnel: int) -> bytes:
    """The tunnel of a VLAN of a port."""
    info = attribute(_TUNNEL_ID, _uint32(tunnel)) + attribute(_TUNNEL_VID, struct.pack("=H", vid))
    spec = attribute(_BRIDGE_FLAGS, struct.pack("=H", _BRIDGE_FLAGS_MASTER)) + attribute(_VLAN_TUNNEL_INFO | _NESTED, info)
    return _IFINFO.pack(socket.AF_BRIDGE, 0, index, 0, 0) + attribute(_IFLA_AF_SPEC, spec)


def vlan_setting(index: int, vid: int, row: table.Attribute, value: Any) -> bytes:
    """An attribute of a VLAN of a port or a bridge."""
    info = attribute(_VLANDB_INFO, struct.pack("=HH", _ONLY_OPTIONS, vid))
    entry = info + attribute(row.code, _WIRE[row.type.wire](row.type.encode(value)))
    return struct.pack("=BxxxI", socket.AF_BRIDGE, index) + attribute(_VLANDB_ENTRY | _NESTED, entry)


def address(index: int, wanted: Address) -> bytes:
    """An address of the link with this index."""
    family = socket.AF_INET6 if wanted.ipv6 else socket.AF_INET
    body = attribute(_IFA_LOCAL, socket.inet_pton(family, wanted.local))
    body += attribute(_IFA_ADDRESS, socket.inet_pton(family, wanted.peer or wanted.local))
    flags = (_IFA_F_NODAD if wanted.nodad else 0) | sum(ADDRESS_FLAGS[word] for word in wanted.flags)
    body += attribute(_IFA_FLAGS, _uint32(flags)) if flags else b""
    body += attribute(_IFA_BROADCAST, socket.inet_pton(family, wanted.broadcast)) if wanted.broadcast else b""
    body += attribute(_IFA_LABEL, os.fsencode(wanted.label) + b"\0") if wanted.label else b""
    body += attribute(_IFA_RT_PRIORITY, _uint32(wanted.metric)) if wanted.metric else b""
    return _IFADDR.pack(family, wanted.prefix, 0, _scope(wanted.scope or "global"), index) + body


def route(wanted: Route, deleting: bool, index_of: Callable[[str], int]) -> bytes:
    """A route. C(index_of): the index of a link by its name."""
    family = socket.AF_INET6 if wanted.ipv6 else socket.AF_INET
    destination, length = wanted.to.split("/")
    on_link = wanted.type == "unicast" and not wanted.ipv6 and not wanted.via and not any(hop.via for hop in wanted.nexthops)
    scope = "nowhere" if deleting else wanted.scope or ("link" if on_link else "global")
    protocol = PROTOCOL.encode(wanted.protocol or ("unspec" if deleting else "static"))[0]
    kind, flags = table.ROUTE_TYPES[wanted.type], _RTNH_F_ONLINK if wanted.onlink else 0
    number = wanted.table if wanted.table < 256 else _RT_TABLE_COMPAT
    body = _RTMSG.pack(family, int(length), 0, 0, number, protocol, _scope(scope), kind, flags) + attribute(_RTA_TABLE, _uint32(wanted.table))
    for code, address in ((_RTA_DST, destination if int(length) else ""), (_RTA_GATEWAY, wanted.via), (_RTA_PREFSRC, wanted.src)):
        body += attribute(code, socket.inet_pton(family, address)) if address else b""
    body += attribute(_RTA_PRIORITY, _uint32(wanted.metric)) if wanted.metric else b""
    body += attribute(_RTA_OIF, _uint32(index_of(wanted.dev))) if wanted.dev else b""
    if deleting:
        return body
    body += attribute(_RTA_METRICS, attribute(_RTAX_MTU, _uint32(wanted.mtu))) if wanted.mtu else b""
    body += attribute(_RTA_PREF, bytes([table.PREFERENCES[wanted.preference]])) if wanted.preference else b""
    hops = b"".join(_nexthop(family, hop, index_of) for hop in wanted.nexthops)
    return body + (attribute(_RTA_MULTIPATH, hops) if hops else b"")


def _nexthop(family: int, hop: NextHop, index_of: Callable[[str], int]) -> bytes:
    """C(struct rtnexthop)."""
    gateway = attribute(_RTA_GATEWAY, socket.inet_pton(family, hop.via)) if hop.via else b""
    flags = _RTNH_F_ONLINK if hop.onlink else 0
    return _NEXTHOP.pack(_NEXTHOP.size + len(gateway), flags, hop.weight - 1, index_of(hop.dev) if hop.dev else 0) + gateway


def _scope(word: str) -> int:
    return table.SCOPES[word] if word in table.SCOPES else int(word)
