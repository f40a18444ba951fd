# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes the kernel.

pyroute2 writes the messages, from classes that are built from the attribute table. So they are the same with every version of
pyroute2, and have attributes that its own classes lack. What a layout sends by the thousand is encoded by C(_pack).
"""

from __future__ import annotations

import errno
import random
import socket
import struct
import time
from contextlib import suppress
from functools import partial
from typing import Any, Callable, Dict, List, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._bodies import sendable
from ansible_collections.nfv.vnet.plugins.module_utils._entries._entry import EntryList, Place
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _etc, _namespaces, _pack, _sysctl, _tc, _tuntap
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._messages import IFADDR
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._nla import NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._socket import NetlinkSocket
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Address, LinkId, NamespaceId, Route, Values, Vlan
from ansible_collections.nfv.vnet.plugins.module_utils._steps import NewPeer

_RTM_NEWLINK, _RTM_DELLINK, _RTM_SETLINK = 16, 17, 19
_RTM_NEWVLAN = 112
_RTM_NEWADDR, _RTM_DELADDR, _RTM_NEWROUTE, _RTM_DELROUTE, _RTM_NEWNSID = 20, 21, 24, 25, 88
_SETTLED_WITHIN, _PAUSE = 3.0, 0.01  # seconds
_CLEANED_UP_WITHIN = 15.0
"""How long the kernel may take to clean up deleted namespaces, which it does one after the other, in seconds."""
_DETECTED_WITHIN = 15.0
"""How long duplicate address detection may take on a busy machine, in seconds."""
_GONE_WITHIN, _MOMENT = 0.5, 0.001  # seconds
_NEW = NLM_F_CREATE | NLM_F_EXCL
_BRIDGE_FLAGS_MASTER, _BRIDGE_FLAGS_SELF = 1, 2
_IFLA_PROTINFO, _NLA_F_NESTED = 12, 0x8000
_LOOPBACK = 1
"""The index of lo in every namespace."""


def _map(rows: Tuple[table.Attribute, ...], *locations: str) -> Tuple[Tuple[int, str, str], ...]:
    return tuple((row.code, row.name, row.type.wire) for row in rows if row.location in locations)


class Messages:
    """The message classes. pyroute2 is imported when they are built, so that this module can be imported without it."""

    def __init__(self) -> None:
        from pyroute2.netlink import nla, nlmsg
        from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
        from pyroute2.netlink.rtnl.nsidmsg import nsidmsg

        def nest(name: str, nla_map: Tuple[Tuple[Any, ...], ...], **inner: type) -> Any:
            return type(name, (nla,), {"nla_map": nla_map, **inner})

        inet6 = nest("inet6", _map(table.LINK, "inet6"))
        members = {
            "fields": ifinfmsg.fields,
            "nla_map": (
                (_IFLA_PROTINFO | _NLA_F_NESTED, "port", "port"),
                (26, "af_spec", "af_spec"),
                (26, "vlan_spec", "vlan_spec"),
            ),
            "port": nest("port", _map(table.PORT, "port")),
            "af_spec": nest("af_spec", ((socket.AF_INET6, "inet6", "inet6"),), inet6=inet6),
            "vlan_spec": nest("vlan_spec", ((0, "flags", "uint16"), (2, "vlan", "cdata"))),
        }
        self.link = type("link", (nlmsg,), members)
        """C(struct ifinfomsg) with the attributes of the table that are not of a kind."""
        self.nsid = nsidmsg


def _attributes(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    return {"attrs": pairs}


class Writer:
    """Changes namespaces. KernelError if the kernel refuses a message; what needs several messages may have been carried out in part then."""

    def __init__(self, reader: Reader, namespace_created: Callable[[str, NamespaceId], None] = lambda _name, _id: None) -> None:
        """C(namespace_created) is called before a new namespace gets its name."""
        self._reader = reader
        self._namespace_created = namespace_created
        self._namespaces = reader.namespaces
        self._made: Optional[Messages] = None

    @property
    def _messages(self) -> Messages:
        self._made = self._made or Messages()
        return self._made

    def namespace_add(self, name: str, loopback: Values) -> None:
        """Creates a namespace, sets these values on its lo, and gives it its name."""
        self._reader.forget(name)
        with self._namespaces.create(name) as descriptor:
            opened = self._reader.keep_socket(name, NetlinkSocket())
            if loopback:
                opened.request(_RTM_NEWLINK, 0, _pack.link(_LOOPBACK, loopback))
            self._namespace_created(name, _namespaces.id_of(descriptor, opened.cookie, has_name=True))

    def namespace_attach(self, name: str, path: str) -> None:
        """Gives the name to an existing namespace."""
        self._reader.forget(name)
        self._namespaces.attach(name, path)

    def file_set(self, name: str, file: str, content: Optional[str], mode: int) -> None:
        """Writes a file of a namespace in /etc/netns/NAME, or removes it (None)."""
        _etc.write(name, file, content, mode)

    def namespaces_delete(self, names: List[str]) -> None:
        """Deletes the names. Sockets keep the namespaces alive until all are deleted, as deleting a name takes longer while the kernel cleans up."""
        try:
            for name in names:
                with suppress(KernelError, OSError):  # the rest of one that was deleted in part
                    self._reader.socket(name)
            for name in names:
                self._namespaces.remove(name)
        finally:
            for name in names:
                self._reader.forget(name)

    def nsid_set(self, netns: str, other: str, nsid: int) -> None:
        """Sets the id. A namespace that was just deleted keeps its id until the kernel has cleaned it up."""
        deadline = time.monotonic() + _CLEANED_UP_WITHIN
        with self._namespaces.open(other) as descriptor:
            while True:
                try:
                    self._send(netns, self._messages.nsid(), _RTM_NEWNSID, 0, [("NETNSA_NSID", nsid), ("NETNSA_FD", descriptor)])
                    return
                except KernelError as error:
                    if error.errno != errno.EEXIST or time.monotonic() >= deadline or self._has_nsid(netns, nsid):
                        raise
                time.sleep(_PAUSE)

    def _has_nsid(self, netns: str, nsid: int) -> bool:
        """Whether a named namespace has the id."""
        there = (name for name in _namespaces.names() if self._namespaces.identity(name))
        return any(self._reader.nsid(netns, name) == nsid for name in there)

    def sysctl_set(self, netns: str, key: str, value: str) -> None:
        with self._namespaces.inside(netns):
            _sysctl.write(key, value)

    def link_add(self, netns: str, name: str, kind: str, values: Values, parent: Optional[LinkId] = None, index: int = 0) -> None:
        """Creates a link, in the namespace of its parent if that is another one, and moves it. C(index) 0: the kernel chooses it."""
        own = _kinds.own_rows_of(kind)
        others = {key: value for key, value in values.items() if key not in own}
        payloads = _pack.payloads_of(kind, {key: value for key, value in values.items() if key in own})
        code = _kinds.kind_of(kind).parent_code
        if code and parent and parent[1]:
            payloads[code] = struct.pack("=I", self._index(*parent))
        attributes = [_pack.kind(_kinds.kernel_word(kind, values), _pack.data(payloads))]
        if parent and parent[0] != netns and _kinds.kind_of(kind).encapsulates:
            self._add_and_move(netns, name, parent[0], _pack.link(index, others, *attributes))
            return
        attributes.append(_pack.name(name))
        if not parent or code or not parent[1]:
            self._reader.socket(netns).request(_RTM_NEWLINK, _NEW, _pack.link(index, others, *attributes))
            return
        attributes.append(_pack.parent(self._index(*parent)))
        if parent[0] == netns:
            self._reader.socket(netns).request(_RTM_NEWLINK, _NEW, _pack.link(index, others, *attributes))
            return
        with self._namespaces.open(netns) as descriptor:
            self._reader.socket(parent[0]).request(_RTM_NEWLINK, _NEW, _pack.link(index, others, *attributes, _pack.namespace(descriptor)))

    def _add_and_move(self, netns: str, name: str, home: str, body: bytes) -> None:
        """Creates a link in the network that carries its packets, and moves it: the kernel takes the one in which it was created."""
        temporary = "vnetnew%x" % random.randrange(1 << 24)
        self._reader.socket(home).request(_RTM_NEWLINK, _NEW, body + _pack.name(temporary))
        try:
            with self._namespaces.open(netns) as descriptor:
                self._change(home, temporary, {}, _pack.name(name), _pack.namespace(descriptor))
        except BaseException:
            self._delete(home, [temporary])
            raise

    def veth_add(self, netns: str, name: str, kind: str, values: Values, master: str, index: int, peer: NewPeer) -> None:
        """Creates both ends with one message, the near one as a port of C(master). The far end cannot be up in it (ENOTCONN).

        C(index) 0: the kernel chooses it, as for the peer.
        """
        port = _pack.master(self._index(netns, master)) if master else b""
        with self._namespaces.open(peer.netns) as descriptor:
            far = _pack.peer(peer.ifindex, peer.values, _pack.name(peer.name), _pack.namespace(descriptor))
            body = _pack.link(index, values, _pack.name(name), port, _pack.kind(kind, far))
            self._reader.socket(netns).request(_RTM_NEWLINK, _NEW, body)

    def tuntap_add(self, netns: str, name: str, values: Values, index: int = 0) -> None:
        """Creates a TUN or TAP device. C(index) 0: the kernel chooses it."""
        with self._namespaces.inside(netns):
            _tuntap.configure(name, values, index)

    def tuntap_set(self, netns: str, name: str, values: Values) -> None:
        """Changes owner and group of a TUN or TAP device."""
        with self._namespaces.inside(netns):
            _tuntap.configure(name, values)

    def master_set(self, netns: str, name: str, master: str) -> None:
        """Sets the master; '' for none."""
        self._change(netns, name, {}, _pack.master(self._index(netns, master) if master else 0))

    def link_set(self, netns: str, name: str, kind: str, values: Values, old: Optional[Values] = None) -> None:
        """Sets common attributes, C(up) last and in a message of its own; or attributes of the kind, or one of another location."""
        row = _kinds.rows_of(kind)[next(iter(values))]
        known = {key: self._index(netns, value) if value and key in _kinds.references_of(kind) else value for key, value in values.items()}
        if row.location in _SETTERS:
            _SETTERS[row.location](self, netns, name, known, row, (old or {}).get(row.name))
        else:
            self._set_data(netns, name, kind, known)

    def _set_common(self, netns: str, name: str, values: Values, _row: table.Attribute, _old: Any) -> None:
        others = {key: value for key, value in values.items() if key != "up"}
        if others and values.get("up"):  # for each change of a link that is up the kernel walks all IPv6 routes
            self._change(netns, name, others)
            values = {"up": True}
        self._change(netns, name, values)

    def _set_sysctl(self, netns: str, name: str, values: Values, row: table.Attribute, _old: Any) -> None:
        self.sysctl_set(netns, "net/ipv6/conf/%s/%s" % (name, row.name), str(int(values[row.name])))

    def _set_inet6(self, netns: str, name: str, values: Values, row: table.Attribute, _old: Any) -> None:
        inet6 = _attributes([(row.name, row.type.encode(values[row.name]))])
        self._send_link(netns, _RTM_SETLINK, name, [("af_spec", _attributes([("inet6", inet6)]))])

    def _set_qdisc(self, netns: str, name: str, values: Values, row: table.Attribute, old: Any) -> None:
        _tc.write(self._reader.socket(netns), self._index(netns, name), values[row.name], old)

    def _set_mirror(self, netns: str, name: str, values: Values, row: table.Attribute, _old: Any) -> None:
        _tc.write_mirror(self._reader.socket(netns), self._index(netns, name), row.code, values[row.name] or 0)

    def _set_features(self, netns: str, name: str, values: Values, row: table.Attribute, _old: Any) -> None:
        self._reader.ethtool(netns).write(self._index(netns, name), values[row.name])

    def _set_data(self, netns: str, name: str, kind: str, values: Values) -> None:
        """Sets values of a kind, with all others and the MTU if the kernel would reset these."""
        if not _kinds.kind_of(kind).changed_as_a_whole:
            self._change(netns, name, {}, _pack.kind(kind, _pack.data(_pack.payloads_of(kind, values))))
            return
        found = self._reader.link(netns, name, everything=True)
        if not found:
            raise KernelError(errno.ENODEV)
        there = {key: value for key, value in found.values.items() if key in _kinds.own_rows_of(kind)}
        known = {code for row in _kinds.own_rows_of(kind).values() for code, _type in _kinds.codes_of(kind, row, there)}
        others = {code: payload for code, payload in self._reader.link_data(netns, found.ifindex).items() if code not in known}
        payloads = {**others, **_pack.payloads_of(kind, {**there, **values})}
        self._change(netns, name, {"mtu": found.values["mtu"]}, _pack.kind(_kinds.kernel_word(kind, there), _pack.data(payloads)))

    def port_set(self, netns: str, name: str, attribute: str, value: Any) -> None:
        """Sets one attribute of a port."""
        row = table.PORT_ROWS[attribute]
        if row.location == "port_data":
            self._change(netns, name, {}, _pack.port_data(_kinds.master_of_ports_with(attribute), row, value))
            return
        if attribute == "state":
            self._await_operstate(netns, name)
        if attribute in table.PORT_REFERENCES:
            value = self._index(netns, value) if value else 0
        else:
            value = row.type.encode(value)
        port = ("port", _attributes([(attribute, value)]))
        self._send_link(netns, _RTM_SETLINK, name, [port], family=socket.AF_BRIDGE)

    def link_rename(self, netns: str, name: str, new: str) -> None:
        self._change(netns, name, {}, _pack.name(new))

    def link_move(self, netns: str, name: str, new: str, new_name: str) -> None:
        with self._namespaces.open(new) as descriptor:
            self._change(netns, name, {}, _pack.name(new_name), _pack.namespace(descriptor))

    def links_delete(self, netns: str, names: List[str], kind: str = "") -> None:
        """Deletes links of one kind, '' for any. Links that do not exist are no error.

        Bridges stop snooping first, or each port that leaves would be announced to all others.
        """
        if not _kinds.kind_of(kind).is_bridge:
            self._delete(netns, names)
            return
        snooping = [name for name in names if self._snoops(netns, name)]
        try:
            for name in snooping:
                with suppress(KernelError):  # it is only slower then
                    self._snoop(netns, name, kind, False)
            self._delete(netns, names)
        except BaseException:
            for name in snooping:
                with suppress(KernelError):
                    self._snoop(netns, name, kind, True)
            raise

    def _delete(self, netns: str, names: List[str]) -> None:
        """Deletes many links by a group of their own: one by one, each waits for RCU grace periods."""
        try:
            if len(names) == 1:
                self._reader.socket(netns).request(_RTM_DELLINK, 0, _pack.link(self._index(netns, names[0]), {}))
                return
            group = {"link_group": random.randrange(1 << 30, 1 << 31)}
            for name in names:
                with suppress(KernelError):  # it was deleted with its peer
                    self._change(netns, name, group)
            self._reader.socket(netns).request(_RTM_DELLINK, 0, _pack.link(0, group))
        except KernelError as error:
            if error.errno != errno.ENODEV:
                raise

    def _snoops(self, netns: str, name: str) -> bool:
        link = self._reader.link(netns, name, everything=True)
        return bool(link and link.values.get("mcast_snooping"))

    def _snoop(self, netns: str, name: str, kind: str, snooping: bool) -> None:
        self._change(netns, name, {}, _pack.kind(kind, _pack.data(_pack.payloads_of(kind, {"mcast_snooping": snooping}))))

    def links_await(self, links: List[Tuple[LinkId, int]]) -> None:
        """Waits for links, with their indexes, whose peers are in deleted namespaces.

        If none is deleted any more, something keeps them alive: then they are deleted here.
        """
        deadline = time.monotonic() + _GONE_WITHIN
        left = list(reversed(links))
        while left and time.monotonic() < deadline:
            (netns, _name), index = left[-1]
            if self._reader.link(netns, index=index):
                time.sleep(_MOMENT)
            else:
                left.pop()
                deadline = time.monotonic() + _GONE_WITHIN
        alive: Dict[str, List[str]] = {}
        for (netns, _name), index in left:
            link = self._reader.link(netns, index=index)
            if link:
                alive.setdefault(netns, []).append(link.name)
        for netns, names in alive.items():
            self._delete(netns, names)

    def vlan_add(self, netns: str, name: str, vlan: Vlan, of_bridge: bool) -> None:
        self._vlan(_RTM_SETLINK, netns, name, vlan, of_bridge)

    def vlan_delete(self, netns: str, name: str, vlan: Vlan, of_bridge: bool) -> None:
        self._vlan(_RTM_DELLINK, netns, name, vlan, of_bridge)

    def vlan_set(self, netns: str, name: str, vlan: Vlan, attribute: str, value: Any) -> None:
        """Sets an attribute of one VLAN."""
        row, index = table.VLAN_ROWS[attribute], self._index(netns, name)
        if row.location == "tunnel":
            for kind, number in ((_RTM_DELLINK, vlan.settings.get(attribute)), (_RTM_SETLINK, value)):
                if number:
                    self._reader.socket(netns).request(kind, 0, _pack.vlan_tunnel(index, vlan.first, number))
        else:
            self._reader.socket(netns).request(_RTM_NEWVLAN, 0, _pack.vlan_setting(index, vlan.first, row, value))

    def address_add(self, netns: str, name: str, address: Address, body: str = "") -> None:
        """Adds an address. C(body): as the kernel showed it."""
        if body:
            message = bytearray.fromhex(body)
            struct.pack_into("=I", message, IFADDR.size - 4, self._index(netns, name))
            self._reader.socket(netns).request(_RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, bytes(message))
        else:
            self._address(_RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, netns, name, address)

    def address_delete(self, netns: str, name: str, address: Address) -> None:
        self._address(_RTM_DELADDR, 0, netns, name, address)

    def route_add(self, netns: str, route: Route, body: str = "") -> None:
        """Adds a route. C(body): as the kernel showed it; then the same route may be there already."""
        self._new_route(NLM_F_CREATE | NLM_F_REPLACE if body else _NEW, netns, route, body)

    def route_replace(self, netns: str, route: Route) -> None:
        self._new_route(NLM_F_CREATE | NLM_F_REPLACE, netns, route)

    def route_delete(self, netns: str, route: Route, body: str = "") -> None:
        self._send_route(_RTM_DELROUTE, 0, netns, route, body)

    def entry_add(self, netns: str, name: str, kind: str, entries: EntryList, entry: Values) -> None:
        self._reader.socket(netns).request(entries.new, NLM_F_CREATE | entries.flags(entry), self._entry(netns, name, kind, entries, entry))

    def entry_delete(self, netns: str, name: str, kind: str, entries: EntryList, entry: Values) -> None:
        self._reader.socket(netns).request(entries.delete, 0, self._entry(netns, name, kind, entries, entry))

    def _entry(self, netns: str, name: str, kind: str, entries: EntryList, entry: Values) -> bytes:
        return entries.encode(entries.whole(entry), Place(kind, self._index(netns, name), partial(self._index, netns)))

    def _await_operstate(self, netns: str, name: str) -> None:
        """Waits until a carrier change was processed, as the kernel sets the state of the port then."""
        deadline = time.monotonic() + _SETTLED_WITHIN
        while time.monotonic() < deadline:
            link = self._reader.link(netns, name)
            if not link or not link.status.get("carrier") or link.status["operstate"] in ("up", "unknown"):
                return
            time.sleep(_PAUSE)

    def _index(self, netns: str, name: str) -> int:
        return self._reader.socket(netns).index(name)

    def _change(self, netns: str, name: str, values: Values, *attributes: bytes) -> None:
        self._reader.socket(netns).request(_RTM_NEWLINK, 0, _pack.link(self._index(netns, name), values, *attributes))

    def _send(self, netns: str, message: Any, kind: int, flags: int, attributes: List[Tuple[str, Any]]) -> None:
        message["attrs"] = attributes
        message.encode()
        self._reader.socket(netns).request(kind, flags, bytes(message.data[16 : message["header"]["length"]]))

    def _send_link(self, netns: str, kind: int, name: str, attributes: List[Tuple[str, Any]], **header: int) -> None:
        message = self._messages.link()
        message.update(header)
        message["index"] = self._index(netns, name)
        self._send(netns, message, kind, 0, attributes)

    def _vlan(self, kind: int, netns: str, name: str, vlan: Vlan, of_bridge: bool) -> None:
        message = self._messages.link()
        message["family"] = socket.AF_BRIDGE
        message["index"] = self._index(netns, name)
        flags = (2 if vlan.pvid else 0) | (4 if vlan.untagged else 0)
        if vlan.first == vlan.last:
            entries = [_vlan_info(flags, vlan.first)]
        else:
            entries = [_vlan_info(flags | 8, vlan.first), _vlan_info(flags | 16, vlan.last)]
        spec = [("flags", _BRIDGE_FLAGS_SELF if of_bridge else _BRIDGE_FLAGS_MASTER)]
        spec += [("vlan", entry) for entry in entries]  # type: ignore[misc]
        self._send(netns, message, kind, 0, [("vlan_spec", _attributes(spec))])

    def _address(self, kind: int, flags: int, netns: str, name: str, address: Address) -> None:
        self._reader.socket(netns).request(kind, flags, _pack.address(self._index(netns, name), address))

    def _new_route(self, flags: int, netns: str, route: Route, body: str = "") -> None:
        """Adds a route. An IPv6 source address is refused until duplicate address detection has ended."""
        deadline = time.monotonic() + (_DETECTED_WITHIN if route.ipv6 and route.src else 0)
        while True:
            try:
                self._send_route(_RTM_NEWROUTE, flags, netns, route, body)
                return
            except KernelError as error:
                if error.errno != errno.EINVAL or time.monotonic() >= deadline or not self._has_address(netns, route.src):
                    raise
            time.sleep(_PAUSE)

    def _has_address(self, netns: str, local: str) -> bool:
        return any(address.local == local for addresses in self._reader.addresses(netns).values() for address in addresses)

    def _send_route(self, kind: int, flags: int, netns: str, route: Route, body: str) -> None:
        if body:
            self._reader.socket(netns).request(kind, flags, sendable(bytes.fromhex(body)))
        else:
            self._route(kind, flags, netns, route)

    def _route(self, kind: int, flags: int, netns: str, route: Route) -> None:
        self._reader.socket(netns).request(kind, flags, _pack.route(route, kind == _RTM_DELROUTE, partial(self._index, netns)))


_SETTERS: Dict[str, Callable[[Writer, str, str, Values, table.Attribute, Any], None]] = {
    "link": Writer._set_common,
    "flag": Writer._set_common,
    "sysctl": Writer._set_sysctl,
    "inet6": Writer._set_inet6,
    "qdisc": Writer._set_qdisc,
    "mirror": Writer._set_mirror,
    "ethtool": Writer._set_features,
}
"""How attributes are set that are not of a kind, by C(Attribute.location)."""


def _vlan_info(flags: int, vid: int) -> bytes:
    """C(struct bridge_vlan_info)."""
    return struct.pack("=HH", flags, vid)
