# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading from the kernel: raw records, decoded as far as the attribute table names them, without pyroute2.

Sources: include/uapi/linux/rtnetlink.h, if_link.h, if_addr.h, if_bridge.h, net_namespace.h.
"""

from __future__ import annotations

import errno
import socket
import struct
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _sysctl
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._namespaces import Namespaces
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._socket import RouteSocket
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Address, Route, Values, Vlan

_RTM_GETLINK, _RTM_GETADDR, _RTM_GETROUTE, _RTM_GETNSID = 18, 22, 26, 90
_IFINFO, _IFADDR, _RTMSG = struct.Struct("=BxHiII"), struct.Struct("=BBBBI"), struct.Struct("=BBBBBBBBI")
_IFLA_IFNAME, _IFLA_LINK, _IFLA_MASTER, _IFLA_OPERSTATE, _IFLA_LINKINFO = 3, 5, 10, 16, 18
_IFLA_AF_SPEC, _IFLA_EXT_MASK, _IFLA_CARRIER, _IFLA_LINK_NETNSID = 26, 29, 33, 37
_INFO_KIND, _INFO_DATA, _INFO_SLAVE_KIND, _INFO_SLAVE_DATA = 1, 2, 4, 5
_RTEXT_FILTER_BRVLAN, _RTEXT_FILTER_SKIP_STATS = 2, 8
_IFA_LOCAL, _IFA_ADDRESS, _IFA_FLAGS = 2, 1, 8
_IFA_F_NODAD, _IFA_F_PERMANENT = 0x02, 0x80
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_PRIORITY, _RTA_PREFSRC, _RTA_MULTIPATH, _RTA_TABLE = 1, 4, 5, 6, 7, 9, 15
_RTNH_F_ONLINK, _RTM_F_CLONED = 4, 0x200
_RTPROT_KERNEL, _RTPROT_RA, _RTPROT_DHCP = 2, 9, 16
_NETNSA_NSID, _NETNSA_FD = 1, 3
_BRIDGE_VLAN_INFO = 2
_VLAN_PVID, _VLAN_UNTAGGED, _VLAN_RANGE_BEGIN, _VLAN_RANGE_END = 2, 4, 8, 16
_IFF_NOARP = 7

_OPERSTATES = ("unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up")
_UNSIGNED = struct.Struct("=I").unpack_from
_SIGNED = struct.Struct("=i").unpack_from


def _rows(rows: Tuple[table.Attribute, ...], *places: str) -> Dict[int, List[table.Attribute]]:
    found: Dict[int, List[table.Attribute]] = {}
    for row in rows:
        if row.place in places:
            found.setdefault(row.code, []).append(row)
    return found


_LINK_ROWS = _rows(table.LINK, "link")
_INET6_ROWS = _rows(table.LINK, "inet6")
_FLAG_ROWS = [row for row in table.LINK if row.place == "flag"]
_KIND_ROWS = {kind: _rows(rows, "data", "ioctl") for kind, rows in table.KINDS.items()}
_PORT_ROWS = _rows(table.PORT, "port")


class RawLink(NamedTuple):
    """A link message. Other links are indexes in it, namespaces are ids."""

    ifindex: int
    name: str
    kind: str
    values: Values
    status: Values
    master: int
    port: Optional[Values]
    port_status: Values
    peer: int
    peer_nsid: Optional[int]


class RawRoute(NamedTuple):
    """A route, the index of its device, and whether somebody else looks after it (the kernel, RA, DHCP)."""

    route: Route
    device: int
    foreign: bool


class Reader:
    """Reads namespaces; opens one socket in each when it is first needed."""

    def __init__(self, namespaces: Namespaces) -> None:
        self.namespaces = namespaces
        self._sockets: Dict[str, RouteSocket] = {}

    def close(self) -> None:
        """Closes the sockets; what is read later opens new ones, in the namespaces that have the names then."""
        for opened in self._sockets.values():
            opened.close()
        self._sockets.clear()

    def socket(self, netns: str) -> RouteSocket:
        if netns not in self._sockets:
            with self.namespaces.inside(netns):
                self._sockets[netns] = RouteSocket()
        return self._sockets[netns]

    def forget(self, netns: str) -> None:
        """The namespace of this name is going away or is new: what was open in it holds another one."""
        if netns in self._sockets:
            self._sockets.pop(netns).close()

    def link(self, netns: str, name: str = "", index: int = 0) -> Optional[RawLink]:
        """One link by name or by index, None where there is none."""
        body = _IFINFO.pack(socket.AF_UNSPEC, 0, index, 0, 0) + _ext_mask(_RTEXT_FILTER_SKIP_STATS)
        if name:
            body += table.attribute(_IFLA_IFNAME, name.encode() + b"\0")
        try:
            _type, buffer, start, end = self.socket(netns).get(_RTM_GETLINK, body)
        except KernelError as error:
            if error.code == errno.ENODEV:
                return None
            raise
        return _read_link(buffer, start, end)

    def ports(self, netns: str, bridge: int) -> List[RawLink]:
        """The links whose master has this index."""
        body = _IFINFO.pack(socket.AF_UNSPEC, 0, 0, 0, 0) + _ext_mask(_RTEXT_FILTER_SKIP_STATS)
        body += table.attribute(_IFLA_MASTER, struct.pack("=I", bridge))
        messages = self.socket(netns).dump(_RTM_GETLINK, body)
        links = [_read_link(buffer, start, end) for _type, buffer, start, end in messages]
        return [link for link in links if link.master == bridge]

    def addresses(self, netns: str, index: int) -> List[Address]:
        body = _IFADDR.pack(socket.AF_UNSPEC, 0, 0, 0, index)
        found = []
        for _type, buffer, start, end in self.socket(netns).dump(_RTM_GETADDR, body):
            if _IFADDR.unpack_from(buffer, start)[4] == index:
                found.append(_read_address(buffer, start, end))
        return found

    def routes(self, netns: str, tables: List[int], device: int = 0) -> List[RawRoute]:
        """The routes with one way or none in these tables, all or those through one link."""
        selection = table.attribute(_RTA_OIF, struct.pack("=I", device)) if device else b""
        found = []
        for family in (socket.AF_INET, socket.AF_INET6):
            for number in sorted(set(tables)):
                body = _RTMSG.pack(family, 0, 0, 0, 0, 0, 0, 0, 0) + table.attribute(_RTA_TABLE, struct.pack("=I", number)) + selection
                try:
                    messages = self.socket(netns).dump(_RTM_GETROUTE, body)
                except KernelError as error:
                    if error.code in (errno.ENOENT, errno.EOPNOTSUPP, errno.EAFNOSUPPORT):  # no such table, no IPv6
                        continue
                    raise
                # a kernel without IPv6 shows the routes of IPv4 instead
                routes = (_read_route(buffer, start, end) for _type, buffer, start, end in messages if buffer[start] == family)
                found += [route for route in routes if route and route.route.table == number and device in (0, route.device)]
        return found

    def vlans(self, netns: str) -> Dict[int, Dict[int, Vlan]]:
        """The VLANs of every bridge and port, by index of the link. Not there where the kernel has no VLAN filtering."""
        body = _IFINFO.pack(socket.AF_BRIDGE, 0, 0, 0, 0) + _ext_mask(_RTEXT_FILTER_BRVLAN)
        found = {}
        for _type, buffer, start, end in self.socket(netns).dump(_RTM_GETLINK, body):
            index = _IFINFO.unpack_from(buffer, start)[2]
            for code, first, last in table.split(buffer, start + _IFINFO.size, end):
                if code == _IFLA_AF_SPEC:
                    found[index] = _read_vlans(buffer, first, last)
        return found

    def nsid(self, netns: str, other: str) -> Optional[int]:
        """The id by which C(netns) knows the namespace C(other), None where it has none."""
        with self.namespaces.open(other) as descriptor:
            body = b"\0\0\0\0" + table.attribute(_NETNSA_FD, struct.pack("=I", descriptor))
            _type, buffer, start, end = self.socket(netns).get(_RTM_GETNSID, body)
        for code, first, _last in table.split(buffer, start + 4, end):
            if code == _NETNSA_NSID:
                number = int(_SIGNED(buffer, first)[0])
                return number if number >= 0 else None
        return None

    def sysctl(self, netns: str, key: str) -> Optional[str]:
        with self.namespaces.inside(netns):
            return _sysctl.read(key)


def _ext_mask(mask: int) -> bytes:
    return table.attribute(_IFLA_EXT_MASK, struct.pack("=I", mask))


def _fill(values: Values, status: Values, rows: List[table.Attribute], payload: bytes) -> None:
    for row in rows:
        value = row.kind.decode(payload)
        if value is not None:
            (status if row.when == "read" else values)[row.name] = value


def _read_link(buffer: bytes, start: int, end: int) -> RawLink:
    _family, _type, index, flags, _change = _IFINFO.unpack_from(buffer, start)
    values: Values = {row.name: bool(flags >> row.code & 1) != (row.code == _IFF_NOARP) for row in _FLAG_ROWS}
    values["alias"] = ""
    status: Values = {"ifindex": index}
    name = kind = ""
    master = peer = 0
    peer_nsid = None
    port: Optional[Values] = None
    port_status: Values = {}
    for code, first, last in table.split(buffer, start + _IFINFO.size, end):
        if code in _LINK_ROWS:
            _fill(values, status, _LINK_ROWS[code], buffer[first:last])
        elif code == _IFLA_IFNAME:
            name = buffer[first : last - 1].decode("utf-8", "surrogateescape")
        elif code == _IFLA_MASTER:
            master = _UNSIGNED(buffer, first)[0]
        elif code == _IFLA_LINK:
            peer = _UNSIGNED(buffer, first)[0]
        elif code == _IFLA_LINK_NETNSID:
            peer_nsid = _SIGNED(buffer, first)[0]
        elif code == _IFLA_OPERSTATE:
            number = buffer[first]
            status["operstate"] = _OPERSTATES[number] if number < len(_OPERSTATES) else str(number)
        elif code == _IFLA_CARRIER:
            status["carrier"] = bool(buffer[first])
        elif code == _IFLA_AF_SPEC:
            _read_inet6(buffer, first, last, values)
        elif code == _IFLA_LINKINFO:
            kind, port = _read_info(buffer, first, last, values, status, port_status)
    if index == 1 and not kind:
        kind = "loopback"
    return RawLink(index, name, kind, values, status, master, port, port_status, peer, peer_nsid)


def _read_inet6(buffer: bytes, start: int, end: int, values: Values) -> None:
    for family, first, last in table.split(buffer, start, end):
        if family == socket.AF_INET6:
            for code, inner, stop in table.split(buffer, first, last):
                _fill(values, {}, _INET6_ROWS.get(code, []), buffer[inner:stop])


def _read_info(buffer: bytes, start: int, end: int, values: Values, status: Values, port_status: Values) -> Tuple[str, Optional[Values]]:
    kind = master_kind = ""
    port = None
    for code, first, last in table.split(buffer, start, end):
        if code == _INFO_KIND:
            kind = _string(buffer[first:last])
        elif code == _INFO_SLAVE_KIND:
            master_kind = _string(buffer[first:last])
        elif code == _INFO_DATA and kind in _KIND_ROWS:
            for attribute, inner, stop in table.split(buffer, first, last):
                _fill(values, status, _KIND_ROWS[kind].get(attribute, []), buffer[inner:stop])
        elif code == _INFO_SLAVE_DATA and master_kind == "bridge":
            port = {"backup_port": 0}
            for attribute, inner, stop in table.split(buffer, first, last):
                _fill(port, port_status, _PORT_ROWS.get(attribute, []), buffer[inner:stop])
    return kind, port


def _string(payload: bytes) -> str:
    return payload.rstrip(b"\0").decode()


def _ip(family: int, payload: bytes) -> str:
    return socket.inet_ntop(family, payload)


def _read_address(buffer: bytes, start: int, end: int) -> Address:
    family, prefix, flags, _scope, _index = _IFADDR.unpack_from(buffer, start)
    local = address = ""
    for code, first, last in table.split(buffer, start + _IFADDR.size, end):
        if code == _IFA_LOCAL:
            local = _ip(family, buffer[first:last])
        elif code == _IFA_ADDRESS:
            address = _ip(family, buffer[first:last])
        elif code == _IFA_FLAGS:
            flags = _UNSIGNED(buffer, first)[0]
    peer = address if local and address != local else ""
    nodad = bool(flags & _IFA_F_NODAD) and family == socket.AF_INET6
    return Address(local or address, prefix, peer, nodad, not flags & _IFA_F_PERMANENT)


def _read_route(buffer: bytes, start: int, end: int) -> Optional[RawRoute]:
    family, length, _source, tos, number, protocol, scope, kind, flags = _RTMSG.unpack_from(buffer, start)
    values: Dict[str, Any] = {}
    destination = "0.0.0.0" if family == socket.AF_INET else "::"
    metric = device = 0
    for code, first, last in table.split(buffer, start + _RTMSG.size, end):
        if code == _RTA_MULTIPATH:
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
    types = {code: word for word, code in table.ROUTE_TYPES.items()}
    if kind not in types or tos or flags & _RTM_F_CLONED:
        return None
    scopes = {code: word for word, code in table.SCOPES.items()}
    route = Route(
        "%s/%d" % (destination, length), number, metric, type=types[kind], scope=scopes.get(scope, str(scope)), onlink=bool(flags & _RTNH_F_ONLINK), **values
    )
    return RawRoute(route, device, protocol in (_RTPROT_KERNEL, _RTPROT_RA, _RTPROT_DHCP))


def _read_vlans(buffer: bytes, start: int, end: int) -> Dict[int, Vlan]:
    found: Dict[int, Vlan] = {}
    begin = 0
    for code, first, _last in table.split(buffer, start, end):
        if code == _BRIDGE_VLAN_INFO:
            flags, vid = struct.unpack_from("=HH", buffer, first)
            if flags & _VLAN_RANGE_BEGIN:
                begin = vid
                continue
            for number in range(begin if flags & _VLAN_RANGE_END else vid, vid + 1):
                found[number] = Vlan(number, number, bool(flags & _VLAN_PVID), bool(flags & _VLAN_UNTAGGED))
    return found
