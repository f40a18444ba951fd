# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the state of a whole layout or host: one dump for each kind of object in each namespace."""

from __future__ import annotations

from functools import partial
from typing import Dict, Iterable, List, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _marks
from ansible_collections.nfv.vnet.plugins.module_utils._attributes import SHARED_WITH_PARENT
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _namespaces
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._decode import RawLink, Selection
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import RawRoute, Reader
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import KINDS, has_peer, is_bridge
from ansible_collections.nfv.vnet.plugins.module_utils._observe._assembly import assemble, disable_ipv6, has_parent, may_be_interrupted, references_of
from ansible_collections.nfv.vnet.plugins.module_utils._resources import (
    MAIN_TABLE,
    OWN_STALE_FILE,
    Address,
    FoundLink,
    FoundNamespace,
    Host,
    Identity,
    Layout,
    Link,
    LinkId,
    Mark,
    Namespace,
    Port,
    Route,
    Values,
    Vlan,
)

_ALWAYS = {"up", "alias", "link_group", "mac", "mtu", *SHARED_WITH_PARENT, *(name for kind in KINDS for name in kind.always)}
"""Attributes that the plan needs even if they are not declared."""
_RELATED = [set(names) for kind in KINDS for names in kind.related]
"""Attributes that are needed together."""
_FEW_LINKS = 64
"""Up to so many links of a namespace, routes are read link by link; the kernel walks the whole table for each."""


def selection(layout: Layout) -> Selection:
    """The attributes to decode for a layout."""
    declared: Set[str] = set()
    for link in layout.links:
        declared.update(link.values)
        for port in link.settings:
            declared.update(port.values)
    return Selection(declared.union(_ALWAYS, *(names for names in _RELATED if names & declared)))


def read_layout(reader: Reader, layout: Layout) -> Host:
    """Reads the namespaces that are declared, and those with something that belongs to the layout."""
    state = _LayoutReader(reader, layout)
    try:
        state.read_links()
        for netns, raws in state.raws.items():
            state.add(netns, raws)
    finally:
        reader.discard_prefetched()  # prefetched messages are valid for one reading
    state.describe_namespaces(state.namespaces)
    return Host(state.namespaces, state.links)


def reread_layout(reader: Reader, layout: Layout, earlier: Host, names: Set[str]) -> Host:
    """The state that was read earlier, with these namespaces read again. None has been created or deleted since."""
    state = _LayoutReader(reader, layout)
    state.reuse(earlier, names)
    for netns, raws in state.raws.items():
        state.add(netns, raws)
    state.describe_namespaces(names)
    return Host(state.namespaces, state.links)


def read_all(reader: Reader, names: List[str]) -> Tuple[Host, Layout]:
    """Reads everything in these namespaces. Also returns a layout that declares all of it."""
    layout = Layout([Namespace(name, (), nsid=0, routes=[]) for name in names], [])
    state = _LayoutReader(reader, layout, everything=True)
    state.read_links()
    for netns in names:
        for raw in state.raws.get(netns, {}).values():
            vlans: Optional[Dict[int, Vlan]] = {} if is_bridge(raw.kind) else None
            link = Link(raw.kind, netns, raw.name, (), {"disable_ipv6": True}, present=False, port=Port({}, {}), addresses=[], routes=[], vlans=vlans)
            layout.links.append(link)
    state.want(layout.links)
    for netns, raws in state.raws.items():
        state.add(netns, raws)
    state.describe_namespaces(state.namespaces)
    return Host(state.namespaces, state.links), layout


class _LayoutReader:
    def __init__(self, reader: Reader, layout: Layout, everything: bool = False) -> None:
        self._reader = reader
        self._layout = layout
        self._everything = everything
        self._routes: Dict[str, Dict[int, List[RawRoute]]] = {}
        """All routes of namespaces in which many links need theirs, by the index of the link."""
        self._route_reads: Dict[str, int] = {}
        """The number of links in each namespace whose routes were read."""
        self._wanted: Dict[str, Dict[str, Link]] = {"": {}}
        self._holders: Optional[Dict[Tuple[Identity, str], List[int]]] = None
        """The processes that hold TUN and TAP devices, read once."""
        self._with_vlans: Set[str] = set()
        """The namespaces in which VLANs are declared."""
        self.want(layout.links)
        self._declared = {link.netns for link in layout.links}
        self._nsids: Dict[Tuple[str, str], Optional[int]] = {}
        self._peers: Dict[LinkId, LinkId] = {}
        self._ends: Dict[Tuple[int, int], List[Tuple[str, RawLink]]] = {}
        """The ends of veth pairs with their namespaces, by their own index and that of the peer."""
        self._unfinished = _marks.unfinished(layout.name)
        self.raws: Dict[str, Dict[int, RawLink]] = {}
        """The links of each namespace, by index."""
        self.namespaces: Dict[str, FoundNamespace] = {}
        self.links: Dict[LinkId, FoundLink] = {}

    def want(self, links: List[Link]) -> None:
        for link in links:
            self._wanted.setdefault(link.netns, {})[link.name] = link
            if link.vlans is not None or any(port.vlans is not None for port in link.settings):
                self._with_vlans.add(link.netns)

    def read_links(self) -> None:
        """Reads the links of each namespace that is declared or has links of the layout."""
        declared = [*self._wanted, *(namespace.name for namespace in self._layout.namespaces)]
        declared += [other[0] for link in self._layout.links for other in (link.peer, link.parent) if other]
        for netns in dict.fromkeys(declared):
            identity = self._open(netns)
            self.namespaces[netns] = FoundNamespace(identity, "" if identity else _namespaces.obstacle(netns))
            if identity:
                self.raws[netns] = {raw.ifindex: raw for raw in self._reader.links(netns)}
        known = {found.identity for found in self.namespaces.values()}
        for netns in _namespaces.names():
            identity = None if netns in self.namespaces else self._open(netns)
            if identity and identity not in known:
                known.add(identity)
                self._read_if_owned(netns, identity)
            elif identity:
                self._reader.forget(netns)
            elif netns not in self.namespaces and self._is_own_file(_namespaces.note(netns)):
                self.namespaces[netns] = FoundNamespace(None, OWN_STALE_FILE)
        for netns, raws in self.raws.items():
            for raw in raws.values():
                if has_peer(raw.kind):
                    self._ends.setdefault((raw.ifindex, raw.link), []).append((netns, raw))

    def reuse(self, earlier: Host, names: Set[str]) -> None:
        """Takes an earlier state and reads the links of these namespaces again."""
        self.namespaces.update(earlier.namespaces)
        self.links.update((key, found) for key, found in earlier.links.items() if found.netns not in names)
        self._peers.update((key, found.peer) for key, found in earlier.links.items() if found.peer)
        for netns in names:
            self.raws[netns] = {raw.ifindex: raw for raw in self._reader.links(netns)}

    def _open(self, netns: str) -> Optional[Identity]:
        """Opens a socket in the namespace and returns its identity."""
        if not netns:
            return self._reader.namespaces.identity("")
        identity, nsid = self._reader.open_namespace(netns, with_nsid=netns in self._declared)
        if nsid is not None:
            self._nsids[netns, ""] = nsid
        return identity

    def _read_if_owned(self, netns: str, identity: Identity) -> None:
        raws = self._reader.links(netns)
        if any(self._is_own(raw) for raw in raws):
            self.namespaces[netns] = FoundNamespace(identity)
            self.raws[netns] = {raw.ifindex: raw for raw in raws}
        else:
            self._reader.forget(netns)

    def _is_own_file(self, note: str) -> bool:
        mark, _text = _marks.split(note)
        return bool(mark and mark.layout == self._layout.name)

    def _is_foreign(self, raw: RawLink) -> bool:
        """Whether the link existed before the layout, so that its state must be recorded."""
        return raw.mark.before is not None if raw.mark else not self._is_own(raw)

    def _is_own(self, raw: RawLink) -> bool:
        return raw.mark.layout == self._layout.name if raw.mark else raw.values["link_group"] == self._unfinished

    def add(self, netns: str, raws: Dict[int, RawLink]) -> None:
        """Builds the records of the links of a namespace."""
        wanted = self._wanted.get(netns, {})
        any_adopted = any(map(self._was_adopted, raws.values()))
        declared = [raw for raw in raws.values() if raw.name in wanted]
        adopting = any(map(self._is_foreign, declared))
        pruned = {raw.ifindex for raw in raws.values() if raw.name not in wanted and self._is_own(raw)} if wanted else set()
        with_addresses = [raw.ifindex for raw in declared if wanted[raw.name].addresses is not None]
        addresses: Dict[int, List[Address]] = {}
        if any_adopted or adopting or pruned or len(with_addresses) > 1:
            addresses = self._reader.addresses(netns)
        elif with_addresses:
            addresses = self._reader.addresses(netns, with_addresses[0])  # the common case: a namespace at the far end of a veth pair
        vlans = self._reader.vlans(netns) if any_adopted or netns in self._with_vlans or self._some_may_leave(netns, wanted, raws) else None
        for raw in raws.values():
            link = wanted.get(raw.name)
            master = self._name(netns, raw.master) if raw.master else ""
            replaced = has_parent(raw) and (raw.ifindex in pruned or self._may_be_replaced(netns, link, raw))
            if replaced or self._was_adopted(raw) or self._may_leave(netns, link, raw, master):
                raw = self._reader.link(netns, index=raw.ifindex, everything=True) or raw
            with_routes = (
                bool(link and (link.routes is not None or self._is_foreign(raw))) or (any_adopted and raw.mark is not None) or replaced or raw.ifindex in pruned
            )
            self._add(netns, raw, link, master, addresses.get(raw.ifindex, []), vlans, with_routes)

    def _add(
        self,
        netns: str,
        raw: RawLink,
        wanted: Optional[Link],
        master: str,
        addresses: List[Address],
        vlans: Optional[Dict[int, Dict[int, Vlan]]],
        with_routes: bool,
    ) -> None:
        before = (raw.mark and raw.mark.before) or {}
        more: Values = {}
        if (wanted and "disable_ipv6" in wanted.values) or "disable_ipv6" in before:
            more["disable_ipv6"] = disable_ipv6(self._reader, netns, raw)
        routes, others = None, []
        if with_routes:
            tables = [MAIN_TABLE] + [route.table for route in (wanted and wanted.routes) or []] + _tables_of(before.get("routes", ()))
            everywhere = [route.route._replace(dev=raw.name) for route in self._routes_through(netns, raw.ifindex)]
            routes = [route for route in everywhere if self._everything or route.table in tables]
            others = [route for route in everywhere if not self._everything and route.table not in tables]
        own_vlans = None if vlans is None else vlans.get(raw.ifindex, {})
        self.links[netns, raw.name] = assemble(
            netns,
            raw,
            more,
            master=master,
            references=references_of(raw, partial(self._name, netns)),
            addresses=addresses,
            routes=routes,
            other_routes=others,
            vlans=own_vlans,
            port_vlans=own_vlans,
            peer=self._peer(netns, raw) if has_peer(raw.kind) and (wanted or raw.mark) else None,
            parent=self._parent(netns, raw, wanted) if has_parent(raw) else None,
            pids=self._pids_of(netns, raw.name) if may_be_interrupted(raw, wanted) else None,
        )

    def _pids_of(self, netns: str, name: str) -> List[int]:
        """The processes that hold a TUN or TAP device."""
        identity = self.namespaces[netns].identity
        if self._holders is None:
            from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _tuntap

            self._holders = _tuntap.holders({found.identity for found in self.namespaces.values() if found.identity})
        return self._holders.get((identity, name), []) if identity else []

    def _was_adopted(self, raw: RawLink) -> bool:
        """Whether the link was adopted by a layout."""
        return raw.mark is not None and raw.mark.before is not None

    def _some_may_leave(self, netns: str, wanted: Dict[str, Link], raws: Dict[int, RawLink]) -> bool:
        """Whether a port may leave its bridge and so lose its VLANs."""
        ports = (raw for raw in raws.values() if raw.master)
        return any(self._may_leave(netns, wanted.get(raw.name), raw, self._name(netns, raw.master)) for raw in ports)

    def _may_leave(self, netns: str, wanted: Optional[Link], raw: RawLink, master: str) -> bool:
        """Whether the plan may remove a port from its bridge, so that its settings must be known to restore them."""
        if raw.port is None:
            return False
        bridge = self._wanted.get(netns, {}).get(master)
        if bridge and bridge.ports is not None and raw.name not in bridge.ports:
            return not (wanted and wanted.master == master)
        if wanted is None:
            return any(raw.name in (link.ports or ()) for link in self._wanted.get(netns, {}).values() if link.name != master)
        return wanted.master not in (None, master)

    def _may_be_replaced(self, netns: str, wanted: Optional[Link], raw: RawLink) -> bool:
        """Whether the plan may recreate a link or its parent, so that all of its attributes must be known."""
        parent = self._parent(netns, raw, wanted)
        below = self._wanted.get(parent[0], {}).get(parent[1]) if parent else None
        return bool((wanted and wanted.recreate) or (below and below.recreate))

    def _name(self, netns: str, index: int) -> str:
        raw = self.raws[netns].get(index)
        return raw.name if raw else ""

    def _peer(self, netns: str, raw: RawLink) -> Optional[LinkId]:
        """The peer of a veth (IFLA_LINK, IFLA_LINK_NETNSID)."""
        key = (netns, raw.name)
        if key in self._peers:
            return self._peers[key]
        for place, end in self._ends.get((raw.link, raw.ifindex), ()):
            if self._is_peer(netns, raw, place, end):
                self._peers[place, end.name] = key
                return place, end.name
        return None

    def _parent(self, netns: str, raw: RawLink, wanted: Optional[Link]) -> Optional[LinkId]:
        """The parent of a link (IFLA_LINK, IFLA_LINK_NETNSID). The declared namespace is tried first."""
        if raw.link_nsid is None:
            return netns, self._name(netns, raw.link)
        likely = [wanted.parent[0]] if wanted and wanted.parent else [""]
        there = [name for name, found in self.namespaces.items() if found.identity]
        home = next((other for other in [*likely, *there] if self._nsid(netns, other) == raw.link_nsid), None)
        if home is None:
            return None
        if home in self.raws:
            return (home, self._name(home, raw.link)) if raw.link in self.raws[home] else None
        return next((found.id for found in self.links.values() if found.netns == home and found.ifindex == raw.link), None)

    def _is_peer(self, netns: str, raw: RawLink, place: str, end: RawLink) -> bool:
        """Whether two ends with matching indexes are one pair. RTM_GETNSID walks all ids of a namespace, so the one with fewer is asked."""
        if place == netns or end.link_nsid is None:
            return place == netns and raw.link_nsid is None
        return self._nsid(place, netns) == end.link_nsid

    def _nsid(self, netns: str, other: str) -> Optional[int]:
        if (netns, other) not in self._nsids:
            self._nsids[netns, other] = self._reader.nsid(netns, other)
        return self._nsids[netns, other]

    def describe_namespaces(self, names: Iterable[str]) -> None:
        """Reads the settings of these namespaces, and the processes in those that will be deleted."""
        wanted = {namespace.name: namespace for namespace in self._layout.namespaces}
        for name in list(names):
            found = self.namespaces[name]
            if found.identity and (name in wanted or self._original_routes(name)):
                self.namespaces[name] = self._described(wanted.get(name, Namespace(name, ())), found)
        going = {found.identity: name for name, found in self.namespaces.items() if found.identity and name not in wanted and self._goes(name)}
        for identity, pids in _namespaces.processes(going).items():
            self.namespaces[going[identity]] = self.namespaces[going[identity]]._replace(pids=pids)

    def _described(self, wanted: Namespace, found: FoundNamespace) -> FoundNamespace:
        recorded = self._original_routes(wanted.name)
        if wanted.nsid is None and wanted.routes is None and not wanted.sysctl and not recorded:
            return found
        nsid = self._reader.nsid("", wanted.name) if wanted.nsid is not None else None
        sysctl = {key: self._reader.sysctl(wanted.name, key) for key in wanted.sysctl or ()}
        routes = None
        if wanted.routes is not None or recorded:
            tables = [MAIN_TABLE] + [route.table for route in wanted.routes or []] + _tables_of(recorded)
            routes = [self._named(wanted.name, raw) for raw in self._routes_of(wanted.name, tables)]
        return found._replace(nsid=nsid, sysctl=sysctl, routes=routes)

    def _original_routes(self, netns: str) -> Dict[str, int]:
        """The recorded routes of an adopted namespace."""
        mark = self._mark_of(netns)
        routes: Dict[str, int] = ((mark and mark.before) or {}).get("routes", {})
        return routes

    def _routes_of(self, netns: str, tables: List[int]) -> List[RawRoute]:
        """The routes that are not managed by the kernel, DHCP or router advertisements."""
        if not self._everything:
            return [route for route in self._reader.routes(netns, tables) if not route.foreign]
        return [route for routes in self._routes_by_link(netns).values() for route in routes]

    def _routes_through(self, netns: str, device: int) -> List[RawRoute]:
        """The same of one link; one dump serves many links."""
        self._route_reads[netns] = self._route_reads.get(netns, 0) + 1
        if not self._everything and self._route_reads[netns] <= _FEW_LINKS:
            return [route for route in self._reader.routes(netns, None, device) if not route.foreign]
        return self._routes_by_link(netns).get(device, [])

    def _routes_by_link(self, netns: str) -> Dict[int, List[RawRoute]]:
        if netns not in self._routes:
            found: Dict[int, List[RawRoute]] = {}
            for route in self._reader.routes(netns):
                if not route.foreign:
                    found.setdefault(route.device, []).append(route)
            self._routes[netns] = found
        return self._routes[netns]

    def _goes(self, netns: str) -> bool:
        mark = self._mark_of(netns)
        return bool(mark and mark.layout == self._layout.name and mark.before is None)

    def _mark_of(self, netns: str) -> Optional[Mark]:
        loopback = self.links.get((netns, "lo"))
        return loopback.mark if loopback else None

    def _named(self, netns: str, raw: RawRoute) -> Route:
        return raw.route._replace(dev=self._name(netns, raw.device) if raw.route.type == "unicast" else "")


def _tables_of(recorded: Iterable[str]) -> List[int]:
    """The tables of recorded routes, without the main one."""
    return [int(words[2]) for words in map(str.split, recorded) if len(words) > 2]
