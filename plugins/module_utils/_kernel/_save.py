# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Saves addresses and routes as messages of the kernel, to restore them exactly (like ip address save and ip route save).

The kernel drops them with other changes. They have more properties than the options: protocol, lifetimes, several next hops.
"""

from __future__ import annotations

import errno
import socket
import struct
from contextlib import suppress
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._bodies import sendable, without_expiry
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._nla import NLM_F_CREATE, NLM_F_REPLACE, attribute, split
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._socket import NetlinkSocket

_RTM_NEWADDR, _RTM_DELADDR, _RTM_GETADDR, _RTM_NEWROUTE, _RTM_GETROUTE = 20, 21, 22, 24, 26
_RTM_NEWNEIGH, _RTM_GETNEIGH = 28, 30
_NDMSG = struct.Struct("=BxxxiHBB")
_NUD_PERMANENT, _NTF_PROXY, _NDA_IFINDEX = 0x80, 0x08, 8
_OF_NEIGHBOUR = (1, 2, 12)
"""NDA_DST, NDA_LLADDR, NDA_PROTOCOL: what is set."""
_IFADDR, _RTMSG, _NEXTHOP = struct.Struct("=BBBBI"), struct.Struct("=BBBBBBBBI"), struct.Struct("=HBBi")
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_RTA_OIF, _RTA_PREFSRC, _RTA_MULTIPATH, _RTA_CACHEINFO, _RTA_TABLE, _RTA_EXPIRES = 4, 7, 9, 12, 15, 23
_RTPROT_KERNEL, _RTM_F_CLONED = 2, 0x200
_SETTABLE_FLAGS = 0x04  # RTNH_F_ONLINK; all others are read-only
_USER_HZ = 100
SETTLING = 1.0
"""Seconds. Since Linux 7 a VLAN link goes up some time after its parent, so that its routes are refused until then."""
PAUSE = 0.02
"""Seconds between two attempts."""
_PASSES = 3
"""A route may need another one that comes later."""

_Address = Tuple[bytes, bytes]
"""The key of an address, and the body of its message."""


class Saved(NamedTuple):
    """The addresses of a link in their order, and routes."""

    ifindex: int
    addresses: List[_Address]
    routes: List[bytes]
    neighbours: Tuple[bytes, ...] = ()
    """Permanent neighbours and proxy entries, which the kernel drops when the link goes down, or loses its last IPv4 address."""


def save_link(sock: NetlinkSocket, index: int) -> Saved:
    """Saves the addresses of a link, and its routes in all tables."""
    routes = [route for route in _routes(sock, attribute(_RTA_OIF, struct.pack("=I", index))) if index in _devices(route)]
    return Saved(index, _addresses(sock, index), routes, tuple(_neighbours(sock, index)))


def save_all(sock: NetlinkSocket) -> Dict[int, Saved]:
    """Saves the addresses and routes of all links, by index; 0 stands for routes that use no link."""
    found: Dict[int, Saved] = {}
    for index, address in _all_addresses(sock, 0):
        found.setdefault(index, Saved(index, [], [])).addresses.append(address)
    for route in _routes(sock, b""):
        for index in dict.fromkeys(_devices(route)) or [0]:
            found.setdefault(index, Saved(index, [], [])).routes.append(route)
    return found


def save_routes(sock: NetlinkSocket, tables: List[int]) -> Saved:
    """Saves the routes of these tables."""
    routes = []
    for table in sorted(set(tables)):
        with suppress(KernelError):  # the table does not exist
            routes += [route for route in _routes(sock, attribute(_RTA_TABLE, struct.pack("=I", table))) if _table(route) == table]
    return Saved(0, [], routes)


def save_sourced(sock: NetlinkSocket) -> Saved:
    """Saves the routes with a source address, which go with that address, or lose it, whichever link has it."""
    return Saved(0, [], [route for route in _routes(sock, b"") if any(code == _RTA_PREFSRC for code, _first, _last in split(route, _RTMSG.size))])


def destination_of(neighbour: bytes) -> str:
    """The IP address of a neighbour."""
    found = (neighbour[first:last] for code, first, last in split(neighbour, _NDMSG.size) if code == _OF_NEIGHBOUR[0])
    return next((socket.inet_ntop(neighbour[0], address) for address in found), "")


def differs(sock: NetlinkSocket, saved: Saved) -> bool:
    """Whether something that was saved is missing or different."""
    now = _now(sock, saved)
    if _keys(saved.addresses) != _keys(now.addresses) or not set(saved.neighbours) <= set(now.neighbours):
        return True
    return not set(map(without_expiry, saved.routes)) <= set(map(without_expiry, now.routes))


def restore(sock: NetlinkSocket, saved: Saved) -> None:
    """Restores what is missing, as far as the kernel accepts it."""
    if saved.ifindex:
        _restore_addresses(sock, saved)
    restore_dropped(sock, saved)


def add_missing(sock: NetlinkSocket, saved: Saved) -> bool:
    """Adds what is missing, and leaves what was added. Returns whether something was missing."""
    there = {key for key, _body in _addresses(sock, saved.ifindex)}
    missing = [address[1] for address in saved.addresses if address[0] not in there and not _link_local(address)]
    for body in missing:
        with suppress(KernelError):
            sock.request(_RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, body)
    is_missing = bool(missing) or differs(sock, saved._replace(addresses=_addresses(sock, saved.ifindex)))
    restore_dropped(sock, saved)
    return is_missing


def restore_dropped(sock: NetlinkSocket, saved: Saved) -> None:
    """Restores the routes and neighbours, which the kernel drops with the last address of a link."""
    there = set(_neighbours(sock, saved.ifindex)) if saved.neighbours else set()
    for neighbour in [neighbour for neighbour in saved.neighbours if neighbour not in there]:
        with suppress(KernelError):
            sock.request(_RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, neighbour)
    for _pass in range(_PASSES):
        there = set(map(without_expiry, _now(sock, saved).routes))
        missing = [route for route in saved.routes if without_expiry(route) not in there]
        for route in missing:
            with suppress(KernelError):
                sock.request(_RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sendable(route))
        if not missing:
            return


def _now(sock: NetlinkSocket, saved: Saved) -> Saved:
    return save_link(sock, saved.ifindex) if saved.ifindex else save_routes(sock, [_table(route) for route in saved.routes])


def _restore_addresses(sock: NetlinkSocket, saved: Saved) -> None:
    """Replaces IPv4 addresses from the first difference on, as their order determines which are primary."""
    now = _addresses(sock, saved.ifindex)
    going = [address for address in now if address not in saved.addresses and not _link_local(address)]
    before, after = _keys(saved.addresses)[0], _keys(now)[0]
    while before and after and before[0] == after[0]:
        del before[0], after[0]
    going = [address for address in now if address in going or (address[1][0] == socket.AF_INET and address[0] in after)]
    for _key, body in reversed(going):
        with suppress(KernelError):
            sock.request(_RTM_DELADDR, 0, body)
    there = _addresses(sock, saved.ifindex)
    missing = [address for address in saved.addresses if address not in there]
    ipv6 = [address for address in missing if address[1][0] == socket.AF_INET6]
    # the kernel puts a new IPv6 address before the others
    for _key, body in [*(address for address in missing if address not in ipv6), *reversed(ipv6)]:
        with suppress(KernelError):
            sock.request(_RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, body)


def _link_local(address: _Address) -> bool:
    return address[1][0] == socket.AF_INET6 and address[0][2:3] == b"\xfe" and address[0][3] & 0xC0 == 0x80


def _keys(addresses: List[_Address]) -> List[List[bytes]]:
    """The keys of IPv4 addresses in order, and of IPv6 addresses sorted. Link-local ones change by themselves."""
    ipv4 = [key for key, body in addresses if body[0] == socket.AF_INET]
    ipv6 = sorted(address[0] for address in addresses if address[1][0] == socket.AF_INET6 and not _link_local(address))
    return [ipv4, ipv6]


def _addresses(sock: NetlinkSocket, index: int) -> List[_Address]:
    return [address for device, address in _all_addresses(sock, index) if device == index]


def _all_addresses(sock: NetlinkSocket, index: int) -> Iterator[Tuple[int, _Address]]:
    """The addresses of one link, or of all if it is 0, each with the index of its link. Kernels before 4.20 always send all."""
    for _type, buffer, start, end in sock.dump(_RTM_GETADDR, _IFADDR.pack(socket.AF_UNSPEC, 0, 0, 0, index)):
        key = buffer[start : start + 2]
        for code, first, last in split(buffer, start + _IFADDR.size, end):
            if code in (_IFA_ADDRESS, _IFA_LOCAL):
                key += buffer[first:last]
        yield _IFADDR.unpack_from(buffer, start)[4], (key, buffer[start:end])


def _routes(sock: NetlinkSocket, selection: bytes) -> List[bytes]:
    """The bodies of routes that can be sent again: without those that the kernel creates."""
    found = []
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            messages = sock.dump(_RTM_GETROUTE, _RTMSG.pack(family, 0, 0, 0, 0, 0, 0, 0, 0) + selection)
        except KernelError as error:
            if error.errno not in (errno.ENOENT, errno.EOPNOTSUPP, errno.EAFNOSUPPORT):  # no such table, or no IPv6
                raise
            continue
        bodies = (_settable(buffer, start, end) for _type, buffer, start, end in messages if buffer[start] == family)
        found += [body for body in bodies if body]
    return found


def _settable(buffer: bytes, start: int, end: int) -> Optional[bytes]:
    *fields, protocol, scope, kind, flags = _RTMSG.unpack_from(buffer, start)
    if protocol == _RTPROT_KERNEL or flags & _RTM_F_CLONED:
        return None
    body = _RTMSG.pack(*fields, protocol, scope, kind, flags & _SETTABLE_FLAGS)
    for code, first, last in split(buffer, start + _RTMSG.size, end):
        if code == _RTA_MULTIPATH:
            body += attribute(code, _settable_next_hops(buffer[first:last]))
        elif code == _RTA_CACHEINFO:
            expires = struct.unpack_from("=i", buffer, first + 8)[0]
            body += attribute(_RTA_EXPIRES, struct.pack("=I", expires // _USER_HZ)) if expires >= _USER_HZ else b""
        else:
            body += attribute(code, buffer[first:last])
    return body


def _settable_next_hops(payload: bytes) -> bytes:
    next_hops = bytearray(payload)
    for start, _index in _next_hops(payload):
        next_hops[start + 2] &= _SETTABLE_FLAGS
    return bytes(next_hops)


def _next_hops(payload: bytes) -> List[Tuple[int, int]]:
    """The start of each C(struct rtnexthop), and the index of its link."""
    found = []
    start = 0
    while start + _NEXTHOP.size <= len(payload):
        length, _flags, _hops, index = _NEXTHOP.unpack_from(payload, start)
        found.append((start, index))
        start += max((length + 3) & ~3, _NEXTHOP.size)
    return found


def _neighbours(sock: NetlinkSocket, index: int) -> List[bytes]:
    """The bodies of the permanent neighbours and proxy entries of a link."""
    found = []
    for flags in (0, _NTF_PROXY):
        body = _NDMSG.pack(socket.AF_UNSPEC, 0, 0, flags, 0) + attribute(_NDA_IFINDEX, struct.pack("=I", index))
        for _type, buffer, start, end in sock.dump(_RTM_GETNEIGH, body):
            family, device, state, of_entry, _kind = _NDMSG.unpack_from(buffer, start)
            if device == index and family in (socket.AF_INET, socket.AF_INET6) and (state & _NUD_PERMANENT or of_entry & _NTF_PROXY):
                attributes = (attribute(code, buffer[first:last]) for code, first, last in split(buffer, start + _NDMSG.size, end) if code in _OF_NEIGHBOUR)
                found.append(_NDMSG.pack(family, device, state, of_entry, 0) + b"".join(attributes))
    return found


def _devices(route: bytes) -> List[int]:
    found = []
    for code, first, last in split(route, _RTMSG.size):
        if code == _RTA_OIF:
            found.append(struct.unpack_from("=I", route, first)[0])
        elif code == _RTA_MULTIPATH:
            found += [index for _start, index in _next_hops(route[first:last])]
    return found


def _table(route: bytes) -> int:
    for code, first, _last in split(route, _RTMSG.size):
        if code == _RTA_TABLE:
            return int(struct.unpack_from("=I", route, first)[0])
    return route[4]
