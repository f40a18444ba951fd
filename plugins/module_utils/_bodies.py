# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses and routes as the kernel shows them: the bodies of their messages, as words of ip-address(8) and ip-route(8).

Sources: include/uapi/linux/if_addr.h, rtnetlink.h.
"""

from __future__ import annotations

import socket
import struct
from typing import Callable, Dict, List, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._nla import attribute, split
from ansible_collections.nfv.vnet.plugins.module_utils._resources import MAIN_TABLE, Route

_IFADDR, _RTMSG = struct.Struct("=BBBBI"), struct.Struct("=BBBBBBBBI")
_ADDRESS, _LOCAL, _LABEL, _BROADCAST, _CACHEINFO, _FLAGS, _PRIORITY, _PROTO = 1, 2, 3, 4, 6, 8, 9, 11
_FLAG_WORDS = {0x02: "nodad", 0x10: "home", 0x100: "mngtmpaddr", 0x200: "noprefixroute", 0x400: "autojoin"}
_NOPREFIXROUTE = 0x200
_LAST_OF_KERNEL = 3
"""IFAPROT_KERNEL_LL. Up to it, the kernel itself says which of its parts made an address."""
_FOREVER = 0xFFFFFFFF
_LONGEST_LABEL = 15
_DST, _OIF, _GATEWAY, _METRIC, _PREFSRC, _METRICS, _TABLE, _VIA, _PREF, _EXPIRES = 1, 4, 5, 6, 7, 8, 15, 18, 20, 23
_NH_ID = 30
_OF_NEXT_HOPS = (4, 5, 9, 18, 21, 22)
"""RTA_OIF, RTA_GATEWAY, RTA_MULTIPATH, RTA_VIA, RTA_ENCAP_TYPE, RTA_ENCAP."""
_LOCK = 1
_METRIC_WORDS = {2: "mtu", 3: "window", 6: "ssthresh", 7: "cwnd", 8: "advmss", 9: "reordering", 10: "hoplimit", 11: "initcwnd", 14: "initrwnd", 15: "quickack"}
_PREFERENCES = {0: "medium", 1: "high", 3: "low"}
_PROTOCOLS = {2: "kernel", 3: "boot", 4: "static", 9: "ra", 16: "dhcp"}
_SPECIAL = {9: "nexthop ...", 22: "encap ...", 30: "nhid ..."}
_UNDECLARED_OF_ADDRESSES = ("proto", "valid_lft")
_UNDECLARED_OF_ROUTES = (_METRICS, _EXPIRES)
_OF_ADVERTISEMENTS = 9
_ONLINK = 4
_SCOPES = {code: word for word, code in table.SCOPES.items()}
_TYPES = {**{code: word for word, code in table.ROUTE_TYPES.items()}, 2: "local", 3: "broadcast", 4: "anycast", 5: "multicast", 9: "throw"}


def address_words(body: str) -> List[str]:
    """An address with everything that ip address add can say."""
    key, properties = _address_parts(body)
    return [*key, *(word for words in properties for word in words)]


def whole_address(body: str, link: str) -> List[str]:
    """An address of a link as words, without the label that it has anyway."""
    key, properties = _address_parts(body)
    return [*key, *(word for words in properties if words != ["label", link] for word in words)]


def undeclared_address_words(body: str) -> List[str]:
    """An address with what no option can say of it; empty if there is nothing."""
    key, properties = _address_parts(body)
    lost = [words for words in properties if words[0] in _UNDECLARED_OF_ADDRESSES]
    return [*key, *(word for words in lost for word in words)] if lost else []


def _address_parts(body: str) -> Tuple[List[str], List[List[str]]]:
    """The words of the address itself, and those of each of its properties."""
    message = bytes.fromhex(body)
    family, prefix, flags, scope, _index = _IFADDR.unpack_from(message)
    found = {code: message[first:last] for code, first, last in split(message, _IFADDR.size)}
    flags = _number(found[_FLAGS]) if _FLAGS in found else flags
    remote = socket.inet_ntop(family, found.get(_ADDRESS, bytes(4 if family == socket.AF_INET else 16)))  # the kernel omits zeros
    local = socket.inet_ntop(family, found[_LOCAL]) if _LOCAL in found else remote
    key = [local, "peer", "%s/%d" % (remote, prefix)] if local != remote else ["%s/%d" % (local, prefix)]
    words: List[List[str]] = []
    if _BROADCAST in found:
        words.append(["broadcast", socket.inet_ntop(family, found[_BROADCAST])])
    if _LABEL in found:
        words.append(["label", found[_LABEL].rstrip(b"\0").decode("utf-8", "surrogateescape")])
    if family == socket.AF_INET and scope:
        words.append(["scope", _SCOPES.get(scope, str(scope))])
    if _number(found.get(_PRIORITY, b"")):
        words.append(["metric", str(_number(found[_PRIORITY]))])
    if _PROTO in found and found[_PROTO][0] > _LAST_OF_KERNEL:
        words.append(["proto", str(found[_PROTO][0])])
    preferred, valid = struct.unpack_from("=II", found[_CACHEINFO]) if _CACHEINFO in found else (_FOREVER, _FOREVER)
    if valid != _FOREVER:
        words.append(["valid_lft", str(valid), "preferred_lft", "forever" if preferred == _FOREVER else str(preferred)])
    return key, words + [[word] for bit, word in _FLAG_WORDS.items() if flags & bit and (family == socket.AF_INET6 or bit >= 0x200)]


def moved_address(body: str, link: str, new: str) -> str:
    """The body of an address of a link for another link, to which its label refers then. The index is that of the first one.

    NetworkManager adds the route to the network of an address itself (noprefixroute), and that stays; so the kernel is to add one.
    """
    message = bytes.fromhex(body)
    moved = message[: _IFADDR.size]
    for code, first, last in split(message, _IFADDR.size):
        payload = message[first:last]
        if code == _LABEL and not payload.startswith(_bytes(link + ":")):
            continue  # the kernel sets the name of the link
        if code == _FLAGS:
            payload = struct.pack("=I", _number(payload) & ~_NOPREFIXROUTE)
        moved += attribute(code, payload)
    return relabelled(moved.hex(), link, new)


def relabelled(body: str, link: str, new: str) -> str:
    """The body of an address whose link has another name."""
    message = bytes.fromhex(body)
    changed = message[: _IFADDR.size]
    for code, first, last in split(message, _IFADDR.size):
        payload = message[first:last]
        if code == _LABEL:
            payload = _bytes(renamed_label(_text(payload.rstrip(b"\0")), link, new)) + b"\0"
        changed += attribute(code, payload)
    return changed.hex()


def renamed_label(label: str, link: str, new: str) -> str:
    """The label of an address whose link has another name: that name and the same suffix, if it was the old name with one."""
    suffix = label[label.find(":") :] if ":" in label else ""
    return _labelled(new, suffix) if label == _labelled(link, suffix) else label


def _labelled(link: str, suffix: str) -> str:
    """The name of a link with a suffix, for which the kernel cuts the name: C(inetdev_changename) in net/ipv4/devinet.c."""
    return _text(_bytes(link)[: _LONGEST_LABEL - len(_bytes(suffix))]) + suffix


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def same_address(one: str, other: str) -> bool:
    """Whether two bodies of an address differ only in what changes by itself."""
    return _lasting_words(one) == _lasting_words(other)


def _lasting_words(body: str) -> Tuple[List[str], List[List[str]]]:
    key, properties = _address_parts(body)
    return key, [words for words in properties if words[0] != "valid_lft"]


def route_words(body: str, dev: str) -> Optional[List[str]]:
    """A route through C(dev) with everything that ip route add can say; None if it has more, such as several next hops."""
    message = bytes.fromhex(body)
    family, _length, _source, tos, _table, protocol, scope, _kind, flags = _RTMSG.unpack_from(message)
    found = {code: message[first:last] for code, first, last in split(message, _RTMSG.size)}
    if tos or not set(found) <= set(_ROUTE_WORDS):
        return None
    route = partial_route(body)
    words = ([] if route.type == "unicast" else [route.type]) + [route.to]
    for code, payload in sorted(found.items()):
        said = _ROUTE_WORDS[code](family, payload)
        if said is None:
            return None
        words += said
    words += ["dev", dev] if _OIF in found else []
    words += ["table", str(route.table)] if route.table != MAIN_TABLE else []
    words += ["scope", _SCOPES.get(scope, str(scope))] if family == socket.AF_INET else []
    words += ["onlink"] if flags & _ONLINK else []
    return [*words, "proto", _PROTOCOLS.get(protocol, str(protocol))]


def summary_of_route(body: str, dev: str) -> List[str]:
    """A route as words; of one that ip route add cannot say in one line, the destination and what is special."""
    special = [word for code, word in _SPECIAL.items() if any(code == other for other, _first, _last in split(bytes.fromhex(body), _RTMSG.size))]
    return route_words(body, dev) or [partial_route(body).to, *(special or ["..."])]


def undeclared_route_words(body: str) -> List[str]:
    """A route that an option can express, with what it cannot say of it; empty if there is nothing."""
    message = bytes.fromhex(body)
    found = {code: message[first:last] for code, first, last in split(message, _RTMSG.size)}
    said = [_ROUTE_WORDS[code](message[0], found[code]) for code in _UNDECLARED_OF_ROUTES if code in found]
    lost = [words for words in said if words is None or words[0] != "mtu" or len(words) != len(["mtu", "number"])]
    return [partial_route(body).to, *(word for words in lost for word in words or ["..."])] if lost else []


def partial_route(body: str) -> Route:
    """The destination, table, metric and type of a route."""
    message = bytes.fromhex(body)
    family, length, _source, _tos, number, _protocol, _scope, kind, _flags = _RTMSG.unpack_from(message)
    found = {code: message[first:last] for code, first, last in split(message, _RTMSG.size)}
    to = socket.inet_ntop(family, found[_DST]) if _DST in found else "0.0.0.0" if family == socket.AF_INET else "::"
    number = _number(found[_TABLE]) if _TABLE in found else number
    return Route("%s/%d" % (to, length), number, _number(found.get(_METRIC, b"")), _TYPES.get(kind, str(kind)))


def is_ipv6(body: str) -> bool:
    """Whether it is an address or a route of IPv6."""
    return int(body[:2], 16) == socket.AF_INET6


def device_of(body: str) -> int:
    """The index of the link that a route goes through, 0 if it goes through none, or several."""
    message = bytes.fromhex(body)
    return next((_number(message[first:last]) for code, first, last in split(message, _RTMSG.size) if code == _OIF), 0)


def is_onlink(body: str) -> bool:
    """Whether the gateway of a route need not be on a network of its link."""
    return bool(_RTMSG.unpack_from(bytes.fromhex(body))[8] & _ONLINK)


def source_of(body: str) -> str:
    """The source address of a route, '' if it has none."""
    message = bytes.fromhex(body)
    return next((socket.inet_ntop(message[0], message[first:last]) for code, first, last in split(message, _RTMSG.size) if code == _PREFSRC), "")


def gateway_of(body: str) -> str:
    """The gateway of a route, '' if it has none, or several."""
    message = bytes.fromhex(body)
    return next((socket.inet_ntop(message[0], message[first:last]) for code, first, last in split(message, _RTMSG.size) if code == _GATEWAY), "")


def is_advertised(message: bytes) -> bool:
    """Whether a route is from a router advertisement."""
    return bool(_RTMSG.unpack_from(message)[5] == _OF_ADVERTISEMENTS)


def sendable(message: bytes) -> bytes:
    """The body of a route as the kernel takes it: it shows the next hops of a nexthop object, but refuses them beside its id."""
    attributes = [(code, message[first:last]) for code, first, last in split(message, _RTMSG.size)]
    if not any(code == _NH_ID for code, _payload in attributes):
        return message
    return message[: _RTMSG.size] + b"".join(attribute(code, payload) for code, payload in attributes if code not in _OF_NEXT_HOPS)


def without_expiry(message: bytes) -> bytes:
    """The body of a route without what changes by itself."""
    start = next((first - 4 for code, first, _last in split(message, _RTMSG.size) if code == _EXPIRES), len(message))
    return message[:start] + message[start + 8 :]


def lasting(body: str) -> str:
    """The body of a route in hexadecimal digits, without what changes by itself."""
    return without_expiry(bytes.fromhex(body)).hex()


def _number(payload: bytes) -> int:
    return int(struct.unpack("=I", payload)[0]) if len(payload) == 4 else 0


def _via(_family: int, payload: bytes) -> Optional[List[str]]:
    other = struct.unpack_from("=H", payload)[0]
    return ["via", "inet6" if other == socket.AF_INET6 else "inet", socket.inet_ntop(other, payload[2:])]


def _metrics(_family: int, payload: bytes) -> Optional[List[str]]:
    found = {code: _number(payload[first:last]) for code, first, last in split(payload)}
    locked = found.pop(_LOCK, 0)
    if not set(found) <= set(_METRIC_WORDS):
        return None
    return [word for code, value in found.items() for word in (_METRIC_WORDS[code], *(["lock"] if locked >> code & 1 else []), str(value))]


_ROUTE_WORDS: Dict[int, Callable[[int, bytes], Optional[List[str]]]] = {
    _DST: lambda _family, _payload: [],
    _OIF: lambda _family, _payload: [],
    _TABLE: lambda _family, _payload: [],
    _GATEWAY: lambda family, payload: ["via", socket.inet_ntop(family, payload)],
    _METRIC: lambda _family, payload: ["metric", str(_number(payload))],
    _PREFSRC: lambda family, payload: ["src", socket.inet_ntop(family, payload)],
    _VIA: _via,
    _METRICS: _metrics,
    _PREF: lambda _family, payload: ["pref", _PREFERENCES[payload[0]]] if payload[0] in _PREFERENCES else None,
    _EXPIRES: lambda _family, payload: ["expires", str(_number(payload))],
}
"""The attributes of routes that ip route add can say, each as words. None for a value that it cannot say."""
