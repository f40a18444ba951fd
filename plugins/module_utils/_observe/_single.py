# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the state of a single resource, link by link, and only what the task is about."""

from __future__ import annotations

import errno
from contextlib import nullcontext, suppress
from functools import partial
from typing import Dict, Iterable, List, Optional, Sequence, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import PORT_REFERENCES
from ansible_collections.nfv.vnet.plugins.module_utils._entries import LISTS, linked_by
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _etc, _namespaces
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._decode import RawLink
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import RawRoute, Reader
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import (
    has_ports,
    has_table_of_ports,
    kind_of,
    network_of,
    references_of,
    rows_of,
    table_of_ports,
)
from ansible_collections.nfv.vnet.plugins.module_utils._observe._apart import ApartReader
from ansible_collections.nfv.vnet.plugins.module_utils._observe._assembly import (
    EntriesReader,
    assemble,
    has_parent,
    lists_to_read,
    may_be,
    may_be_interrupted,
    may_move,
    read_apart,
    shown_by,
)
from ansible_collections.nfv.vnet.plugins.module_utils._resources import (
    MAIN_TABLE,
    OWN_TABLE,
    FoundLink,
    FoundNamespace,
    Layout,
    Link,
    LinkId,
    Namespace,
    Port,
    Route,
    Shown,
    Vlan,
)

LinkPlace = Tuple[Optional[str], int]
"""The namespace of a link, None if the task is not about it, and its index."""


class SingleReader:
    def __init__(self, reader: Reader, layout: Layout) -> None:
        self._reader = reader
        self._wanted = {link.id: link for link in layout.links}
        self._ports = _ports(layout.links)
        self._vlans: Dict[str, Dict[int, Dict[int, Vlan]]] = {}
        self._entries = EntriesReader(reader)
        self._apart = ApartReader(reader)
        self.namespaces: Dict[str, FoundNamespace] = {}
        self.links: Dict[LinkId, FoundLink] = {}

    def namespace(self, wanted: Namespace) -> None:
        """Reads a namespace and what is declared of it."""
        if wanted.attach:
            self._reader.namespaces.will_be(wanted.name, wanted.attach)
            self._read_namespace(wanted.attach)
        self._read_namespace(wanted.name)
        found = self.namespaces[wanted.name]
        if wanted.present:
            _etc.check(wanted.name, wanted.files or (), (*wanted.path, "files"))
        found = self.namespaces[wanted.name] = found._replace(files=_etc.read(wanted.name, wanted.files or ()))
        if found.identity is None:
            return
        pids = [] if wanted.present else _namespaces.processes([found.identity])[found.identity]
        nsid = self._reader.nsid("", wanted.name)
        sysctl = self._reader.sysctls(wanted.name, wanted.sysctl or ())
        routes = None
        if wanted.routes is not None:
            routes = [self._named(wanted.name, raw) for raw in self._routes(wanted.name, wanted.routes)]
        self.namespaces[wanted.name] = found._replace(nsid=nsid, sysctl=sysctl, routes=routes, pids=pids)

    def link(self, wanted: Link) -> None:
        """Reads a link, its peer, its bridge and its ports."""
        names = {wanted.name, wanted.master or ""} | set(wanted.ports or ())
        names |= {str(port.values[name]) for port in wanted.declared_ports for name in PORT_REFERENCES if port.values.get(name)}
        names |= {str(wanted.values[name]) for name in references_of(wanted.kind) if wanted.values.get(name)}
        names |= {name for option, given in wanted.entries.items() for entry in given.entries for name in linked_by(LISTS[option], entry)}
        if may_move(wanted):
            self._find_existing(wanted)
        self._find(wanted.netns, names)
        if wanted.peer:
            # either end may have been moved to the namespace of the other
            self._find(wanted.peer[0], {wanted.name, wanted.peer[1]})
            self._find(wanted.netns, {wanted.peer[1]})
        if wanted.parent:
            self._find(wanted.parent[0], {wanted.parent[1]})
            parent = self.links.get(wanted.parent)
            if parent:
                self._find(parent.netns, {parent.master})
            else:  # for the error message: users forget parent_netns: ''
                self._find("", {wanted.parent[1]})
        goes = not wanted.present or wanted.recreate
        found = self.links.get(wanted.id)
        if found and found.parent:
            self._find(found.parent[0], {found.parent[1]})
        if found and (goes or wanted.values.get("up") is False):
            self._find_uppers(found)
            if found.peer and found.peer in self.links:
                self._find_uppers(self.links[found.peer])
        elif found and _lowers_above(wanted, found):
            self._find_uppers(found, (found.netns,))
        if (not found or wanted.recreate) and (kind_of(wanted.kind).unique or kind_of(wanted.kind).shared_on_parent):
            self._find_alike(wanted)
        if found and (wanted.port or wanted.routes or wanted.entries or wanted.master is not None):
            self._find(wanted.netns, {found.master})
        if found and has_ports(found.kind) and (wanted.ports is not None or (goes and kind_of(found.kind).brings_ports_down)):
            for raw in self._reader.ports(wanted.netns, found.ifindex):
                self._add(wanted.netns, raw)

    def _read_namespace(self, netns: str) -> None:
        if netns in self.namespaces:
            return
        identity = self._reader.namespaces.identity(netns)
        is_named = "/" in netns or not netns or _namespaces.has_name(netns)
        self.namespaces[netns] = FoundNamespace(identity, "" if identity and is_named else _namespaces.occupied_by(netns), is_named=is_named)

    def _find(self, netns: str, names: Iterable[str]) -> None:
        self._read_namespace(netns)
        if self.namespaces[netns].identity is None:
            return
        for name in sorted(names):
            if name and (netns, name) not in self.links:
                raw = self._reader.link(netns, name)
                will_be = self._wanted.get((netns, raw.name)) if raw else None
                if raw and will_be and raw.name != name == will_be.name:
                    continue  # it is to have the alternative name as its name
                if raw and raw.name != name:
                    raise KernelError(errno.EEXIST, "%s is an alternative name of %s; use that name" % (name, raw.name))
                if raw:
                    self._add(netns, raw)

    def _find_existing(self, wanted: Link) -> None:
        """Reads the links that may be the existing one that is wanted, with everything that they would lose."""
        for netns in dict.fromkeys((wanted.netns, wanted.netns if wanted.from_netns is None else wanted.from_netns)):
            self._read_namespace(netns)
            for raw in self._reader.links(netns) if self.namespaces[netns].identity else ():
                if may_be(self._reader, netns, raw, wanted):
                    self._wanted[netns, raw.name] = wanted
                    self._ports.setdefault((netns, raw.name), (None, Port({}, {})))
                    self._add(netns, raw)
                    found = self.links[netns, raw.name]
                    self._find(netns, {found.master})
                    if _lowers_above(wanted, found):
                        self._find_uppers(found, (netns,))

    def _find_uppers(self, found: FoundLink, namespaces: Sequence[str] = ()) -> None:
        """Reads all links above this one, which go up, down and away with it, in these or else all named namespaces."""
        uppers: Dict[LinkPlace, List[Tuple[str, RawLink]]] = {}
        for netns in namespaces or dict.fromkeys((found.netns, "", *_namespaces.names())):
            with suppress(KernelError) if netns != found.netns else nullcontext():  # other namespaces must not make the task fail
                for place, raw in self._uppers_in(netns):
                    uppers.setdefault(place, []).append((netns, raw))
        pending = [found]
        while pending:
            link = pending.pop()
            for netns, raw in uppers.pop((link.netns, link.ifindex), ()):
                pending.append(self._add_completely(netns, raw))

    def _uppers_in(self, netns: str) -> List[Tuple[LinkPlace, RawLink]]:
        """The links of a namespace that have a parent, with its place."""
        if not self._reader.namespaces.identity(netns):
            return []
        return [((self._home(netns, raw), raw.link), raw) for raw in self._reader.links(netns) if has_parent(raw)]

    def _add_completely(self, netns: str, raw: RawLink) -> FoundLink:
        """Reads a link with everything that it would lose if deleted."""
        self._read_namespace(netns)
        raw = self._reader.link(netns, index=raw.ifindex, everything=True) or raw
        link = Link(raw.kind, netns, raw.name, (), {}, port=Port({}, {}), routes=[])
        self._wanted.setdefault(link.id, link)
        self._ports.setdefault(link.id, (None, Port({}, {})))
        self._add(netns, raw, with_lists=True)
        self._find(netns, {self.links[link.id].master, *_referred_to(self.links[link.id])})
        routes = [found.route._replace(dev=raw.name) for found in self._reader.routes(netns, None, raw.ifindex) if not found.automatic]
        self.links[link.id] = self.links[link.id]._replace(routes=routes)
        return self.links[link.id]

    def _home(self, netns: str, raw: RawLink) -> Optional[str]:
        """The namespace of the peer or parent of a link (C(IFLA_LINK_NETNSID)), None if the task is not about it."""
        if raw.link_nsid is None:
            return netns
        return next((name for name in self._all_namespaces() if self._reader.nsid(netns, name) == raw.link_nsid), None)

    def _find_alike(self, wanted: Link) -> None:
        """Reads the links of this kind on the same parent, or in the same network, for their unique options."""
        home = network_of(wanted)
        parent = self.links.get(home) if home else None
        if home is None or not (parent or not home[1]):
            return
        for place in dict.fromkeys((wanted.netns, home[0])):
            self._read_namespace(place)
            for raw in self._reader.links(place) if self.namespaces[place].identity else ():
                if raw.kind == wanted.kind and (not home[1] or kind_of(wanted.kind).encapsulates or (parent and raw.link == parent.ifindex)):
                    self._add(place, raw)

    def _add(self, netns: str, raw: RawLink, with_lists: bool = False) -> None:
        key = (netns, raw.name)
        if key in self.links:
            return
        wanted = self._wanted.get(key)
        master = self._name(netns, raw.master)
        raw = self._apart.with_values(netns, raw, None if with_lists else read_apart(wanted, {})) if wanted else raw
        routes = None
        if wanted and wanted.routes is not None:
            routes = [found.route._replace(dev=raw.name) for found in self._routes(netns, wanted.routes, raw) if found.device == raw.ifindex]
        port_vlans = self._port_vlans(netns, raw.ifindex) if raw.port is not None and self._vlans_matter(key, master) else None
        self.links[key] = assemble(
            netns,
            raw,
            partial(self._name, netns),
            master=master,
            addresses=self._reader.addresses(netns, raw.ifindex).get(raw.ifindex, []),
            routes=routes,
            other_routes=[],
            vlans=self._port_vlans(netns, raw.ifindex) if wanted and wanted.vlans is not None else None,
            port_vlans=port_vlans,
            peer=self._linked(netns, raw) if kind_of(raw.kind).has_peer else None,
            parent=self._linked(netns, raw) if has_parent(raw) else None,
            shown=self._shown(netns, raw) if self._may_be_restored(key, master) else None,
            pids=self._holders(netns, raw.name) if wanted and may_be_interrupted(raw, wanted) else None,
            entries=self._entries.of_link(netns, raw, LISTS if with_lists else lists_to_read(wanted, None, master), partial(self._name, netns)),
        )

    def _may_be_restored(self, key: LinkId, master: str) -> bool:
        """Whether its addresses or routes may move to its bridge, or the link may go down for a moment, with which the kernel drops some."""
        if may_move(self._wanted.get(key)):
            return True
        bridge = self._wanted.get((key[0], self._ports[key][0] or "")) if key in self._ports else None
        if bridge and (bridge.addresses or bridge.routes or kind_of(bridge.kind).brings_ports_down):
            return True
        wanted, old = self._wanted.get(key), self._wanted.get((key[0], master))
        if old and kind_of(old.kind).brings_ports_down:
            return True
        return wanted is not None and (wanted.master is not None or any(rows_of(wanted.kind)[name].when == "down" for name in wanted.values))

    def _shown(self, netns: str, raw: RawLink) -> Shown:
        """The addresses and routes of a link as the kernel shows them."""
        from ansible_collections.nfv.vnet.plugins.module_utils._kernel._save import save_link  # most tasks need none of it

        saved = save_link(self._reader.socket(netns), raw.ifindex)
        return shown_by(self._reader, raw.name, (body for _key, body in saved.addresses), saved.routes)

    def _holders(self, netns: str, name: str) -> List[int]:
        identity = self.namespaces[netns].identity
        from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _tuntap  # most tasks need none of it

        return _tuntap.holders({identity}).get((identity, name), []) if identity else []

    def _vlans_matter(self, key: LinkId, master: str) -> bool:
        """Whether the VLANs of a port are declared, or would be lost because it leaves its bridge."""
        bridge = self._wanted.get((key[0], master))
        if key in self._ports:
            wanted_master, port = self._ports[key]
            return port.vlans is not None or wanted_master not in (None, master)
        return bool(bridge and bridge.purge_ports)

    def _name(self, netns: str, index: int) -> str:
        """The name of the link with this index."""
        for link in self.links.values():
            if link.netns == netns and link.ifindex == index:
                return link.name
        raw = self._reader.link(netns, index=index) if index else None
        return raw.name if raw else ""

    def _linked(self, netns: str, raw: RawLink) -> Optional[LinkId]:
        """The peer or parent of a link, if it is in a namespace that the task is about. One that has none may have a network: the name is '' then."""
        home = self._home(netns, raw)
        if home is not None and not raw.link:
            return home, ""
        other = self._reader.link(home, index=raw.link) if home is not None else None
        return (home, other.name) if home is not None and other else None

    def _all_namespaces(self) -> List[str]:
        names: Set[str] = {link.netns for link in self._wanted.values()}
        names |= {"", *(other[0] for link in self._wanted.values() for other in (link.peer, link.parent) if other)}
        for name in sorted(names):
            self._read_namespace(name)
        return [name for name in sorted(names) if self.namespaces[name].identity]

    def _port_vlans(self, netns: str, index: int) -> Optional[Dict[int, Vlan]]:
        if netns not in self._vlans:
            self._vlans[netns] = self._reader.vlans(netns)
        return self._vlans[netns].get(index, {})

    def _routes(self, netns: str, wanted: List[Route], link: Optional[RawLink] = None) -> List[RawRoute]:
        """The routes of a namespace or link in the tables that matter."""
        tables = {MAIN_TABLE, *(route.table for route in wanted)} - {OWN_TABLE}
        vrf = self._reader.link(netns, index=link.master) if link and has_table_of_ports(link.master_kind) else None
        tables |= {table_of_ports(vrf.kind, vrf.values)} if vrf else set()
        return [route for route in self._reader.routes(netns, sorted(tables)) if not route.automatic]

    def _named(self, netns: str, raw: RawRoute) -> Route:
        return raw.named(partial(self._name, netns))


def _lowers_above(wanted: Link, found: FoundLink) -> bool:
    """Whether something of the links on top is lowered with what is wanted."""
    rows = rows_of(found.kind)
    lowered = (name for name in wanted.values if name in rows and rows[name].lowers_above)
    return any(found.values[name] > wanted.values[name] for name in lowered)


def _referred_to(found: FoundLink) -> Set[str]:
    """The links that a link names in its attributes, in those of its port, and in its lists."""
    names = {found.values.get(name) for name in references_of(found.kind)}
    names |= {found.port.values.get(name) for name in PORT_REFERENCES} if found.port else set()
    names |= {name for option, there in found.entries.items() for entry in there for name in linked_by(LISTS[option], entry)}
    return {str(name) for name in names if name}


def _ports(links: List[Link]) -> Dict[LinkId, Tuple[Optional[str], Port]]:
    """The wanted master and settings of each port."""
    ports = {link.id: (link.master, link.port or Port({})) for link in links if link.master is not None or link.port}
    for bridge in links:
        ports.update({(bridge.netns, name): (bridge.name, port) for name, port in (bridge.ports or {}).items()})
    return ports
