# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads from the kernel to raw records, without pyroute2.

Sources: include/uapi/linux/rtnetlink.h, if_link.h, if_addr.h, if_bridge.h, neighbour.h.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils._entries._entry import EntryList
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _nla
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._decode import Decoder, RawLink, Selection
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._ethtool import Ethtool, Features
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._messages import (
    IFADDR,
    IFINFO,
    MessageReader,
    NamespaceMessages,
    Opened,
    about_link,
    extension_mask,
)
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._namespaces import Namespaces, is_still
from ansible_collections.nfv.vnet.plugins.module_utils._resources import ADDRESS_FLAGS, Address, NextHop, Route, RouteKey, Values, Vlan
from ansible_collections.nfv.vnet.plugins.module_utils._values import PROTOCOL

if TYPE_CHECKING:  # not needed by single resources
    from ansible_collections.nfv.vnet.plugins.module_utils._kernel._prefetch import Prefetch

_RTM_GETLINK, _RTM_GETROUTE, _RTM_GETNEIGH = 18, 26, 30
RTMSG = struct.Struct("=BBBBBBBBI")
_IFLA_IFNAME, _IFLA_MASTER, _IFLA_LINKINFO, _IFLA_AF_SPEC, _INFO_DATA = 3, 10, 18, 26, 2
_RTEXT_FILTER_BRVLAN = 2
_IFLA_STATS64, _IFLA_ALT_IFNAME = 23, 53
_COUNTERS = ("rx_packets", "tx_packets", "rx_bytes", "tx_bytes", "rx_errors", "tx_errors", "rx_dropped", "tx_dropped", "multicast", "collisions")
"""The first fields of C(struct rtnl_link_stats64)."""
_IFA_LOCAL, _IFA_ADDRESS, _IFA_LABEL, _IFA_BROADCAST, _IFA_FLAGS, _IFA_RT_PRIORITY, _IFA_PROTO = 2, 1, 3, 4, 8, 9, 11
_IFAPROT_KERNEL_LL = 3
_IFA_F_NODAD, _IFA_F_PERMANENT, _IFA_F_STABLE_PRIVACY = 0x02, 0x80, 0x800
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_PRIORITY, _RTA_PREFSRC, _RTA_TABLE = 1, 4, 5, 6, 7, 15
_RTA_MULTIPATH, _RTA_VIA, _RTA_ENCAP, _RTA_NH_ID = 9, 18, 22, 30
_RTA_METRICS, _RTA_PREF, _RTAX_MTU = 8, 20, 2
_NEXTHOP = struct.Struct("=HBBi")
_NOT_DECLARED = (_RTA_VIA, _RTA_ENCAP, _RTA_NH_ID)
"""Attributes of routes that no option can declare. Such routes are left alone."""
_RTNH_F_ONLINK, _RTM_F_CLONED = 4, 0x200
_RTPROT_KERNEL, _RTPROT_RA, _RTPROT_DHCP = 2, 9, 16
_LOCAL_TABLE = 255
_SCOPES = {code: word for word, code in table.SCOPES.items()}
_PREFERENCES = {code: word for word, code in table.PREFERENCES.items()}
_ADDRESS_FLAGS = sum(ADDRESS_FLAGS.values())
NDMSG = struct.Struct("=BxxxiHBB")
_NDA_LLADDR, _NDA_VLAN, _NDA_MASTER = 2, 5, 9
_NUD_PERMANENT = 0x80
_BRIDGE_VLAN_INFO = 2
_RTM_GETVLAN = 114
_BR_VLAN_MSG = struct.Struct("=BxxxI")
_VLANDB_ENTRY, _VLANDB_INFO, _VLANDB_RANGE, _VLANDB_TUNNEL, _VLANDB_TUNNEL_ID = 1, 1, 2, 4, 1
_VLAN_PVID, _VLAN_UNTAGGED, _VLAN_RANGE_BEGIN, _VLAN_RANGE_END = 2, 4, 8, 16

_UNSIGNED = struct.Struct("=I").unpack_from


class RawRoute(NamedTuple):
    """A route, the index of its link, or 0 if it has several or none, and its protocol (RTPROT_*): who added it."""

    route: Route
    device: int
    protocol: int
    nexthops: Tuple[Tuple[NextHop, int], ...] = ()
    """Several next hops, each with the index of its link."""

    def named(self, name_of: Callable[[int], str]) -> Route:
        """The route with the names of its links."""
        hops = tuple(hop._replace(dev=name_of(index)) for hop, index in self.nexthops)
        return self.route._replace(dev=name_of(self.device) if self.device and self.route.type == "unicast" else "", nexthops=hops)

    @property
    def automatic(self) -> bool:
        """Whether the kernel, RA or DHCP manages it."""
        return self.protocol in (_RTPROT_KERNEL, _RTPROT_RA, _RTPROT_DHCP)


class FdbEntry(NamedTuple):
    """An entry of the forwarding database; links by index."""

    mac: str
    device: int
    master: int
    vlan: int
    permanent: bool
    flags: int


class Reader(MessageReader):
    """Reads namespaces."""

    def __init__(self, namespaces: Namespaces, selection: Optional[Selection] = None) -> None:
        super().__init__(namespaces)
        self._ethtool: Optional[Tuple[str, Ethtool]] = None
        self._prefetched: Optional[Prefetch] = None
        selection = selection or Selection()
        self._with_settings = selection.with_settings
        self._decode = Decoder(selection)
        self._decode_all: Optional[Decoder] = None
        self._templates = _nla.TemplateCache(lambda message: _nla.Template(message, IFADDR.size))

    def use_prefetched(self, prefetched: Optional[Prefetch]) -> None:
        """Uses prefetched messages until they are discarded."""
        self._prefetched = prefetched

    def discard_prefetched(self) -> None:
        """Discards prefetched messages, as the state changes."""
        if self._prefetched:
            self._prefetched.close()
        self._prefetched = None

    def open_namespace(self, netns: str, with_nsid: bool = False) -> Optional[Opened]:
        found = self._prefetched_messages(netns)
        if found and is_still(netns, found.opened.identity):
            return found.opened
        if self._prefetched:
            self._prefetched.forget(netns)
        return super().open_namespace(netns, with_nsid)

    def link_messages(self, netns: str) -> List[bytes]:
        found = self._prefetched_messages(netns)
        return found.links if found else super().link_messages(netns)

    def address_messages(self, netns: str, index: int = 0) -> List[bytes]:
        found = self._prefetched_messages(netns)
        return super().address_messages(netns, index) if found is None or found.addresses is None else found.addresses

    def _prefetched_messages(self, netns: str) -> Optional[NamespaceMessages]:
        return self._prefetched.messages(netns) if self._prefetched and netns else None

    def link(self, netns: str, name: str = "", index: int = 0, everything: bool = False, altname: str = "") -> Optional[RawLink]:
        """One link by name, alternative name or index, None if it does not exist. C(everything): also decodes what is not selected."""
        body = about_link(index)
        for code, text in ((_IFLA_IFNAME, name), (_IFLA_ALT_IFNAME, altname)):
            body += _nla.attribute(code, os.fsencode(text) + b"\0") if text else b""
        try:
            _type, buffer, start, end = self.socket(netns).get(_RTM_GETLINK, body)
        except KernelError as error:
            if error.errno == errno.ENODEV:
                return None
            raise
        if everything:
            self._decode_all = self._decode_all or Decoder(Selection(with_settings=self._with_settings))
            return self._decode_all(buffer[start:end])
        return self._decode(buffer[start:end])

    def link_data(self, netns: str, index: int) -> Dict[int, bytes]:
        """The attributes of its kind that a link has (C(IFLA_INFO_DATA)), by code."""
        _type, buffer, start, end = self.socket(netns).get(_RTM_GETLINK, about_link(index))
        for code, first, last in _nla.split(buffer, start + IFINFO.size, end):
            for inner, begin, stop in _nla.split(buffer, first, last) if code == _IFLA_LINKINFO else ():
                if inner == _INFO_DATA:
                    return {attribute: bytes(buffer[at:to]) for attribute, at, to in _nla.split(buffer, begin, stop)}
        return {}

    def links(self, netns: str) -> List[RawLink]:
        """All links."""
        return [self._decode(message) for message in self.link_messages(netns)]

    def ports(self, netns: str, bridge: int) -> List[RawLink]:
        """The ports of a bridge."""
        body = about_link() + _nla.attribute(_IFLA_MASTER, struct.pack("=I", bridge))
        messages = self.socket(netns).dump(_RTM_GETLINK, body)
        links = [self._decode(buffer[start:end]) for _type, buffer, start, end in messages]
        return [link for link in links if link.master == bridge]

    def addresses(self, netns: str, index: int = 0) -> Dict[int, List[Address]]:
        """The addresses of one link or of all, by index of the link."""
        found: Dict[int, List[Address]] = {}
        for message in self.address_messages(netns, index):
            device = IFADDR.unpack_from(message)[4]
            if index in (0, device):
                found.setdefault(device, []).append(_read_address(message, self._templates.of(message).slices))
        return found

    def routes(self, netns: str, tables: Optional[List[int]] = None, device: int = 0) -> List[RawRoute]:
        """Routes, all or those of one link only; in these tables, or in all but the local one."""
        selection = _nla.attribute(_RTA_OIF, struct.pack("=I", device)) if device else b""
        found = []
        for family in (socket.AF_INET, socket.AF_INET6):
            for number in sorted(set(tables)) if tables is not None else [0]:
                body = RTMSG.pack(family, 0, 0, 0, 0, 0, 0, 0, 0) + selection
                body += _nla.attribute(_RTA_TABLE, struct.pack("=I", number)) if number else b""
                try:
                    messages = self.socket(netns).dump(_RTM_GETROUTE, body)
                except KernelError as error:
                    if error.errno in (errno.ENOENT, errno.EOPNOTSUPP, errno.EAFNOSUPPORT):  # no such table, or no IPv6
                        continue
                    raise
                # a kernel without IPv6 sends IPv4 routes instead
                routes = (_read_route(buffer, start, end) for _type, buffer, start, end in messages if buffer[start] == family)
                wanted = (route for route in routes if route and device in (0, route.device))
                found += [route for route in wanted if (route.route.table == number if number else route.route.table != _LOCAL_TABLE)]
        return found

    def links_of_routes(self, netns: str, keys: Set[RouteKey]) -> Dict[RouteKey, List[int]]:
        """The indexes of the links that have routes with these keys."""
        found: Dict[RouteKey, List[int]] = {}
        for family in (socket.AF_INET, socket.AF_INET6):
            for number in sorted({key[1] for key in keys if (":" in key[0]) == (family == socket.AF_INET6)}):
                body = RTMSG.pack(family, 0, 0, 0, 0, 0, 0, 0, 0) + _nla.attribute(_RTA_TABLE, struct.pack("=I", number))
                with suppress(KernelError):  # no such table, or no IPv6
                    for _type, buffer, start, end in self.socket(netns).dump(_RTM_GETROUTE, body):
                        route = _read_route(buffer, start, end)
                        if route and route.route.key in keys and route.device:
                            found.setdefault(route.route.key, []).append(route.device)
        return found

    def parsed_address(self, body: bytes) -> Address:
        """An address from the body of its message."""
        return _read_address(body, self._templates.of(body).slices)

    def parsed_route(self, body: bytes) -> Optional[Route]:
        """A route from the body of its message, without its link; None if no option of a link can express it."""
        found = _read_route(body, 0, len(body))
        return found.route if found and not found.nexthops else None

    def counters(self, netns: str) -> Dict[int, Dict[str, int]]:
        """The counters of all links, by index (C(struct rtnl_link_stats64))."""
        found: Dict[int, Dict[str, int]] = {}
        for _type, buffer, start, end in self.socket(netns).dump(_RTM_GETLINK, IFINFO.pack(socket.AF_UNSPEC, 0, 0, 0, 0)):
            for code, first, last in _nla.split(buffer, start + IFINFO.size, end):
                if code == _IFLA_STATS64 and last - first >= 8 * len(_COUNTERS):
                    found[IFINFO.unpack_from(buffer, start)[2]] = dict(zip(_COUNTERS, struct.unpack_from("=%dQ" % len(_COUNTERS), buffer, first)))
        return found

    def features(self, netns: str, index: int) -> Optional[Features]:
        """The features of a link; None if the kernel does not tell them."""
        return self.ethtool(netns).read(index)

    def ethtool(self, netns: str) -> Ethtool:
        """A socket for the features of links; of the last namespace it is kept."""
        if not self._ethtool or self._ethtool[0] != netns:
            self._close_ethtool()
            with self.namespaces.inside(netns):
                self._ethtool = netns, Ethtool()
        return self._ethtool[1]

    def _close_ethtool(self) -> None:
        if self._ethtool:
            self._ethtool[1].close()
        self._ethtool = None

    def close(self) -> None:
        self._close_ethtool()
        super().close()

    def forget(self, netns: str) -> None:
        if self._ethtool and self._ethtool[0] == netns:
            self._close_ethtool()
        super().forget(netns)

    def entries(self, netns: str, entries: EntryList) -> Dict[int, List[Values]]:
        """The entries of a list of all links, by index of the link. They refer to other links by index."""
        found: Dict[int, List[Values]] = {}
        for message in self._messages_of(netns, entries):
            for index, entry in entries.decode(message):
                found.setdefault(index, []).append(entry)
        return found

    def undeclarable_entries(self, netns: str, entries: EntryList) -> Iterator[Tuple[int, str]]:
        """What no option can say of a list, with the index of its link."""
        for message in self._messages_of(netns, entries):
            yield from entries.undeclarable(message)

    def _messages_of(self, netns: str, entries: EntryList) -> Iterator[bytes]:
        for body in entries.requests:
            try:
                messages = self.socket(netns).dump(entries.get, body)
            except KernelError as error:
                if error.errno in (errno.ENOENT, errno.EOPNOTSUPP, errno.EAFNOSUPPORT):  # the kernel has no such list
                    continue
                raise
            for _type, buffer, start, end in messages:
                if buffer[start] in (socket.AF_UNSPEC, body[0]) or not body[0]:
                    yield bytes(buffer[start:end])

    def fdb(self, netns: str) -> List[FdbEntry]:
        """The forwarding databases of all bridges."""
        body = NDMSG.pack(socket.AF_BRIDGE, 0, 0, 0, 0)
        messages = self.socket(netns).dump(_RTM_GETNEIGH, body)
        return [_read_fdb_entry(buffer, start, end) for _type, buffer, start, end in messages]

    def vlans(self, netns: str) -> Dict[int, Dict[int, Vlan]]:
        """The VLANs of all bridges and ports, by index of the link. Empty if the kernel has no VLAN filtering."""
        body = IFINFO.pack(socket.AF_BRIDGE, 0, 0, 0, 0) + extension_mask(_RTEXT_FILTER_BRVLAN)
        found = {}
        for _type, buffer, start, end in self.socket(netns).dump(_RTM_GETLINK, body):
            index = IFINFO.unpack_from(buffer, start)[2]
            for code, first, last in _nla.split(buffer, start + IFINFO.size, end):
                if code == _IFLA_AF_SPEC:
                    found[index] = _read_vlans(buffer, first, last)
        self._add_settings(netns, found)
        return found

    def _add_settings(self, netns: str, vlans: Dict[int, Dict[int, Vlan]]) -> None:
        """Adds what VLANs have besides. The kernel tells it since 5.6."""
        try:
            messages = self.socket(netns).dump(_RTM_GETVLAN, _BR_VLAN_MSG.pack(socket.AF_BRIDGE, 0)) if vlans else []
        except KernelError as error:
            if error.errno != errno.EOPNOTSUPP:
                raise
            return
        for _type, buffer, start, end in messages:
            there = vlans.get(_BR_VLAN_MSG.unpack_from(buffer, start)[1], {})
            for code, first, last in _nla.split(buffer, start + _BR_VLAN_MSG.size, end):
                for vid, settings in _read_vlan_settings(buffer, first, last) if code == _VLANDB_ENTRY else ():
                    if settings and vid in there:
                        there[vid] = there[vid]._replace(settings=settings)

    def sysctl(self, netns: str, key: str) -> Optional[str]:
        return self.sysctls(netns, [key])[key]

    def sysctls(self, netns: str, keys: Iterable[str]) -> Dict[str, Optional[str]]:
        from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _sysctl  # most tasks need none of it

        with self.namespaces.inside(netns):
            return _sysctl.read(keys)


def _ip(family: int, payload: bytes) -> str:
    return socket.inet_ntop(family, payload)


def _read_address(message: bytes, places: Dict[int, slice]) -> Address:
    family, prefix, flags, scope, _index = IFADDR.unpack_from(message)
    if _IFA_FLAGS in places:
        flags = _UNSIGNED(message, places[_IFA_FLAGS].start)[0]
    address = _ip(family, message[places[_IFA_ADDRESS]]) if _IFA_ADDRESS in places else ""
    local = _ip(family, message[places[_IFA_LOCAL]]) if _IFA_LOCAL in places else ""
    peer = address if local and address != local else ""
    nodad = bool(flags & _IFA_F_NODAD) and family == socket.AF_INET6
    by_kernel = bool(flags & _IFA_F_STABLE_PRIVACY) or (_IFA_PROTO in places and message[places[_IFA_PROTO].start] == _IFAPROT_KERNEL_LL)
    found = Address(local or address, prefix, peer, nodad)
    properties: Dict[str, Any] = {}
    if flags & _ADDRESS_FLAGS:
        properties["flags"] = tuple(word for word, bit in ADDRESS_FLAGS.items() if flags & bit)
    if _IFA_RT_PRIORITY in places:
        properties["metric"] = _UNSIGNED(message, places[_IFA_RT_PRIORITY].start)[0]
    if family == socket.AF_INET:
        if scope:
            properties["scope"] = _SCOPES.get(scope, str(scope))
        if _IFA_BROADCAST in places:
            properties["broadcast"] = _ip(family, message[places[_IFA_BROADCAST]])
        if _IFA_LABEL in places:
            properties["label"] = message[places[_IFA_LABEL]].rstrip(b"\0").decode("utf-8", "surrogateescape")
    if properties:
        found = found._replace(**properties)
    # the usual one of the kernel is known by its bits, also on kernels that do not say who made it
    return found._replace(dynamic=not flags & _IFA_F_PERMANENT or (scope == table.SCOPES["link"] and by_kernel and not found.generated))


def _read_route(buffer: bytes, start: int, end: int) -> Optional[RawRoute]:
    family, length, _source, tos, number, protocol, scope, kind, flags = RTMSG.unpack_from(buffer, start)
    values: Dict[str, Any] = {"mtu": 0}
    nexthops: List[Tuple[NextHop, int]] = []
    destination = "0.0.0.0" if family == socket.AF_INET else "::"
    metric = device = 0
    for code, first, last in _nla.split(buffer, start + RTMSG.size, end):
        if code in _NOT_DECLARED:
            return None
        if code == _RTA_DST:
            destination = _ip(family, buffer[first:last])
        elif code == _RTA_GATEWAY:
            values["via"] = _ip(family, buffer[first:last])
        elif code == _RTA_PREFSRC:
            values["src"] = _ip(family, buffer[first:last])
        elif code == _RTA_PRIORITY:
            metric = _UNSIGNED(buffer, first)[0]
        elif code == _RTA_TABLE:
            number = _UNSIGNED(buffer, first)[0]
        elif code == _RTA_OIF:
            device = _UNSIGNED(buffer, first)[0]
        elif code == _RTA_MULTIPATH:
            hops = _read_nexthops(family, buffer, first, last)
            if hops is None:
                return None
            nexthops += hops
        elif code == _RTA_METRICS:
            values["mtu"] = next((_UNSIGNED(buffer, inner)[0] for metric_code, inner, _end in _nla.split(buffer, first, last) if metric_code == _RTAX_MTU), 0)
        elif code == _RTA_PREF:
            values["preference"] = _PREFERENCES.get(buffer[first], "")
    types = {code: word for word, code in table.ROUTE_TYPES.items()}
    if kind not in types or tos or flags & _RTM_F_CLONED:
        return None
    values["protocol"] = PROTOCOL.decode(bytes([protocol]))
    route = Route(
        "%s/%d" % (destination, length), number, metric, type=types[kind], scope=_SCOPES.get(scope, str(scope)), onlink=bool(flags & _RTNH_F_ONLINK), **values
    )
    return RawRoute(route, device, protocol, tuple(nexthops))


def _read_nexthops(family: int, buffer: bytes, start: int, end: int) -> Optional[List[Tuple[NextHop, int]]]:
    """Several next hops with the indexes of their links; None if no option can express one."""
    found: List[Tuple[NextHop, int]] = []
    while start + _NEXTHOP.size <= end:
        length, flags, hops, index = _NEXTHOP.unpack_from(buffer, start)
        via = ""
        for code, first, last in _nla.split(buffer, start + _NEXTHOP.size, start + length):
            if code != _RTA_GATEWAY:
                return None
            via = _ip(family, buffer[first:last])
        found.append((NextHop(via, "", hops + 1, bool(flags & _RTNH_F_ONLINK)), index))
        start += max((length + 3) & ~3, _NEXTHOP.size)
    return found


def _read_fdb_entry(buffer: bytes, start: int, end: int) -> FdbEntry:
    _family, device, state, flags, _type = NDMSG.unpack_from(buffer, start)
    mac = ""
    master = vlan = 0
    for code, first, last in _nla.split(buffer, start + NDMSG.size, end):
        if code == _NDA_LLADDR:
            mac = buffer[first:last].hex(":")
        elif code == _NDA_VLAN:
            vlan = struct.unpack_from("=H", buffer, first)[0]
        elif code == _NDA_MASTER:
            master = _UNSIGNED(buffer, first)[0]
    return FdbEntry(mac, device, master, vlan, bool(state & _NUD_PERMANENT), flags)


def _read_vlan_settings(buffer: bytes, start: int, end: int) -> Iterator[Tuple[int, Dict[str, Any]]]:
    """The settings of VLANs that new ones do not have. Tunnel ids count up in a range."""
    found = {code: buffer[first:last] for code, first, last in _nla.split(buffer, start, end)}
    first_vid = struct.unpack_from("=HH", found[_VLANDB_INFO])[1]
    last_vid = struct.unpack("=H", found[_VLANDB_RANGE][:2])[0] if _VLANDB_RANGE in found else first_vid
    values = {row.name: row.type.decode(found[row.code]) for row in table.VLAN if row.location == "vlan" and row.code in found}
    tunnel = next((_UNSIGNED(found[_VLANDB_TUNNEL], at)[0] for code, at, _to in _nla.split(found.get(_VLANDB_TUNNEL, b"")) if code == _VLANDB_TUNNEL_ID), 0)
    settings = {name: value for name, value in values.items() if value != table.VLAN_ROWS[name].initial}
    for vid in range(first_vid, last_vid + 1):
        yield vid, {**({"tunnel_id": tunnel + vid - first_vid} if tunnel else {}), **settings}


def _read_vlans(buffer: bytes, start: int, end: int) -> Dict[int, Vlan]:
    found: Dict[int, Vlan] = {}
    begin = 0
    for code, first, _last in _nla.split(buffer, start, end):
        if code == _BRIDGE_VLAN_INFO:
            flags, vid = struct.unpack_from("=HH", buffer, first)
            if flags & _VLAN_RANGE_BEGIN:
                begin = vid
                continue
            for number in range(begin if flags & _VLAN_RANGE_END else vid, vid + 1):
                found[number] = Vlan(number, number, bool(flags & _VLAN_PVID), bool(flags & _VLAN_UNTAGGED))
    return found
