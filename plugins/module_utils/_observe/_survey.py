# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the kernel to records, for many at once: one dump for each family of objects in each namespace."""

from __future__ import annotations

from functools import partial
from typing import Dict, Iterable, List, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _marks
from ansible_collections.nfv.vnet.plugins.module_utils._attributes import COUNTED_ON_PARENT
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _namespaces
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._decode import RawLink, Selection
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import RawRoute, Reader
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import KINDS, has_peer, is_bridge
from ansible_collections.nfv.vnet.plugins.module_utils._observe._assembly import assemble, disable_ipv6, is_disturbed, references_of, stands_on_another
from ansible_collections.nfv.vnet.plugins.module_utils._resources import (
    MAIN_TABLE,
    OWN_CORPSE,
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

_ALWAYS = {"up", "alias", "link_group", "mac", "mtu", *COUNTED_ON_PARENT, *(name for kind in KINDS for name in kind.always)}
"""Attributes that the plan looks at though nobody speaks of them."""
_RELATED = [set(names) for kind in KINDS for names in kind.related]
"""Attributes that it looks at because of others."""
_FEW_LINKS = 64
"""Up to how many links of a namespace are asked for their routes one by one: for each the kernel looks through all routes."""


def selection(layout: Layout) -> Selection:
    """What is worth decoding of a thousand links: what the layout speaks of."""
    spoken: Set[str] = set()
    for link in layout.links:
        spoken.update(link.values)
        for port in link.settings:
            spoken.update(port.values)
    return Selection(spoken.union(_ALWAYS, *(names for names in _RELATED if names & spoken)))


def survey(reader: Reader, layout: Layout) -> Host:
    """The namespaces that the layout speaks of, and those with something that belongs to it."""
    surveyor = _Surveyor(reader, layout)
    try:
        surveyor.look_around()
        for netns, raws in surveyor.raws.items():
            surveyor.keep(netns, raws)
    finally:
        reader.look_anew()  # what was read ahead is for one look
    surveyor.describe_namespaces(surveyor.namespaces)
    return Host(surveyor.namespaces, surveyor.links)


def survey_again(reader: Reader, layout: Layout, earlier: Host, names: Set[str]) -> Host:
    """What was surveyed earlier, with what is in these namespaces now. None has come or gone since."""
    surveyor = _Surveyor(reader, layout)
    surveyor.recall(earlier, names)
    for netns, raws in surveyor.raws.items():
        surveyor.keep(netns, raws)
    surveyor.describe_namespaces(names)
    return Host(surveyor.namespaces, surveyor.links)


def census(reader: Reader, names: List[str]) -> Tuple[Host, Layout]:
    """Everything in these namespaces, and a layout that speaks of all of it."""
    layout = Layout([Namespace(name, (), nsid=0, routes=[]) for name in names], [])
    surveyor = _Surveyor(reader, layout, everything=True)
    surveyor.look_around()
    for netns in names:
        for raw in surveyor.raws.get(netns, {}).values():
            vlans: Optional[Dict[int, Vlan]] = {} if is_bridge(raw.kind) else None
            link = Link(raw.kind, netns, raw.name, (), {"disable_ipv6": True}, present=False, port=Port({}, {}), addresses=[], routes=[], vlans=vlans)
            layout.links.append(link)
    surveyor.want(layout.links)
    for netns, raws in surveyor.raws.items():
        surveyor.keep(netns, raws)
    surveyor.describe_namespaces(surveyor.namespaces)
    return Host(surveyor.namespaces, surveyor.links), layout


class _Surveyor:
    def __init__(self, reader: Reader, layout: Layout, everything: bool = False) -> None:
        self._reader = reader
        self._layout = layout
        self._everything = everything
        self._routes: Dict[str, Dict[int, List[RawRoute]]] = {}
        """All routes of namespaces in which many links are asked for theirs, by the index of the link."""
        self._asked: Dict[str, int] = {}
        """How many links of a namespace were."""
        self._wanted: Dict[str, Dict[str, Link]] = {"": {}}
        self._holders: Optional[Dict[Tuple[Identity, str], List[int]]] = None
        """The processes that have devices attached, looked for once."""
        self._divided: Set[str] = set()
        """The namespaces in which VLANs are spoken of."""
        self.want(layout.links)
        self._declared = {link.netns for link in layout.links}
        self._nsids: Dict[Tuple[str, str], Optional[int]] = {}
        self._peers: Dict[LinkId, LinkId] = {}
        self._ends: Dict[Tuple[int, int], List[Tuple[str, RawLink]]] = {}
        """The ends of cables, with their namespaces, by their own index and that of the other end."""
        self._unfinished = _marks.unfinished(layout.name)
        self.raws: Dict[str, Dict[int, RawLink]] = {}
        """The links of each namespace by their index."""
        self.namespaces: Dict[str, FoundNamespace] = {}
        self.links: Dict[LinkId, FoundLink] = {}

    def want(self, links: List[Link]) -> None:
        for link in links:
            self._wanted.setdefault(link.netns, {})[link.name] = link
            if link.vlans is not None or any(port.vlans is not None for port in link.settings):
                self._divided.add(link.netns)

    def look_around(self) -> None:
        """Reads the links of every namespace that matters."""
        spoken = [*self._wanted, *(namespace.name for namespace in self._layout.namespaces)]
        spoken += [other[0] for link in self._layout.links for other in (link.peer, link.parent) if other]
        for netns in dict.fromkeys(spoken):
            identity = self._visit(netns)
            self.namespaces[netns] = FoundNamespace(identity, "" if identity else _namespaces.obstacle(netns))
            if identity:
                self.raws[netns] = {raw.ifindex: raw for raw in self._reader.links(netns)}
        known = {found.identity for found in self.namespaces.values()}
        for netns in _namespaces.names():
            identity = None if netns in self.namespaces else self._visit(netns)
            if identity and identity not in known:
                known.add(identity)
                self._look_for_marks(netns, identity)
            elif identity:
                self._reader.forget(netns)
            elif netns not in self.namespaces and self._is_ours_by(_namespaces.note(netns)):
                self.namespaces[netns] = FoundNamespace(None, OWN_CORPSE)
        for netns, raws in self.raws.items():
            for raw in raws.values():
                if has_peer(raw.kind):
                    self._ends.setdefault((raw.ifindex, raw.link), []).append((netns, raw))

    def recall(self, earlier: Host, names: Set[str]) -> None:
        """Reads the links of these namespaces again."""
        self.namespaces.update(earlier.namespaces)
        self.links.update((key, found) for key, found in earlier.links.items() if found.netns not in names)
        self._peers.update((key, found.peer) for key, found in earlier.links.items() if found.peer)
        for netns in names:
            self.raws[netns] = {raw.ifindex: raw for raw in self._reader.links(netns)}

    def _visit(self, netns: str) -> Optional[Identity]:
        """The identity of a namespace, which is entered once for all that is to be read there."""
        if not netns:
            return self._reader.namespaces.identity("")
        identity, nsid = self._reader.visit(netns, to_find_ends=netns in self._declared)
        if nsid is not None:
            self._nsids[netns, ""] = nsid
        return identity

    def _look_for_marks(self, netns: str, identity: Identity) -> None:
        raws = self._reader.links(netns)
        if any(self._is_ours(raw) for raw in raws):
            self.namespaces[netns] = FoundNamespace(identity)
            self.raws[netns] = {raw.ifindex: raw for raw in raws}
        else:
            self._reader.forget(netns)

    def _is_ours_by(self, note: str) -> bool:
        mark, _text = _marks.split(note)
        return bool(mark and mark.layout == self._layout.name)

    def _is_of_others(self, raw: RawLink) -> bool:
        """Whether it was there before the layout, which must remember all that it may cost."""
        return raw.mark.before is not None if raw.mark else not self._is_ours(raw)

    def _is_ours(self, raw: RawLink) -> bool:
        return raw.mark.layout == self._layout.name if raw.mark else raw.values["link_group"] == self._unfinished

    def keep(self, netns: str, raws: Dict[int, RawLink]) -> None:
        """Turns the links of a namespace into records."""
        wanted = self._wanted.get(netns, {})
        remembers = any(map(self._memory, raws.values()))
        spoken = [raw for raw in raws.values() if raw.name in wanted]
        taken = any(map(self._is_of_others, spoken))
        leaving = {raw.ifindex for raw in raws.values() if raw.name not in wanted and self._is_ours(raw)} if wanted else set()
        with_addresses = [raw.ifindex for raw in spoken if wanted[raw.name].addresses is not None]
        addresses: Dict[int, List[Address]] = {}
        if remembers or taken or leaving or len(with_addresses) > 1:
            addresses = self._reader.addresses(netns)
        elif with_addresses:
            addresses = self._reader.addresses(netns, with_addresses[0])  # the common case: a namespace at the end of a cable
        vlans = self._reader.vlans(netns) if remembers or netns in self._divided or self._some_may_leave(netns, wanted, raws) else None
        for raw in raws.values():
            link = wanted.get(raw.name)
            master = self._name(netns, raw.master) if raw.master else ""
            replaced = stands_on_another(raw) and (raw.ifindex in leaving or self._may_be_replaced(netns, link, raw))
            if replaced or self._memory(raw) or self._may_leave(netns, link, raw, master):
                raw = self._reader.link(netns, index=raw.ifindex, everything=True) or raw
            routed = (
                bool(link and (link.routes is not None or self._is_of_others(raw)))
                or (remembers and raw.mark is not None)
                or replaced
                or raw.ifindex in leaving
            )
            self._keep(netns, raw, link, master, addresses.get(raw.ifindex, []), vlans, routed)

    def _keep(
        self,
        netns: str,
        raw: RawLink,
        wanted: Optional[Link],
        master: str,
        addresses: List[Address],
        vlans: Optional[Dict[int, Dict[int, Vlan]]],
        routed: bool,
    ) -> None:
        before = (raw.mark and raw.mark.before) or {}
        more: Values = {}
        if (wanted and "disable_ipv6" in wanted.values) or "disable_ipv6" in before:
            more["disable_ipv6"] = disable_ipv6(self._reader, netns, raw)
        routes, others = None, []
        if routed:
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
            parent=self._parent(netns, raw, wanted) if stands_on_another(raw) else None,
            pids=self._holders_of(netns, raw.name) if is_disturbed(raw, wanted) else None,
        )

    def _holders_of(self, netns: str, name: str) -> List[int]:
        """The processes that have a TUN or TAP device attached."""
        identity = self.namespaces[netns].identity
        if self._holders is None:
            from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _tuntap

            self._holders = _tuntap.holders({found.identity for found in self.namespaces.values() if found.identity})
        return self._holders.get((identity, name), []) if identity else []

    def _memory(self, raw: RawLink) -> bool:
        """Whether it belongs to a layout that remembers what it was before."""
        return raw.mark is not None and raw.mark.before is not None

    def _some_may_leave(self, netns: str, wanted: Dict[str, Link], raws: Dict[int, RawLink]) -> bool:
        """Whether VLANs may be lost because a port leaves its bridge."""
        ports = (raw for raw in raws.values() if raw.master)
        return any(self._may_leave(netns, wanted.get(raw.name), raw, self._name(netns, raw.master)) for raw in ports)

    def _may_leave(self, netns: str, wanted: Optional[Link], raw: RawLink, master: str) -> bool:
        """Whether the plan may take a port out of its bridge, so that all of it must be known to bring it back."""
        if raw.port is None:
            return False
        bridge = self._wanted.get(netns, {}).get(master)
        if bridge and bridge.ports is not None and raw.name not in bridge.ports:
            return not (wanted and wanted.master == master)
        if wanted is None:
            return any(raw.name in (link.ports or ()) for link in self._wanted.get(netns, {}).values() if link.name != master)
        return wanted.master not in (None, master)

    def _may_be_replaced(self, netns: str, wanted: Optional[Link], raw: RawLink) -> bool:
        """Whether the plan may make a link anew, or the one that it stands on, so that all of it must be known to make it again."""
        parent = self._parent(netns, raw, wanted)
        below = self._wanted.get(parent[0], {}).get(parent[1]) if parent else None
        return bool((wanted and wanted.recreate) or (below and below.recreate))

    def _name(self, netns: str, index: int) -> str:
        raw = self.raws[netns].get(index)
        return raw.name if raw else ""

    def _peer(self, netns: str, raw: RawLink) -> Optional[LinkId]:
        """The other end of a cable: (IFLA_LINK, IFLA_LINK_NETNSID), among those whose indexes fit."""
        key = (netns, raw.name)
        if key in self._peers:
            return self._peers[key]
        for place, end in self._ends.get((raw.link, raw.ifindex), ()):
            if self._is_peer(netns, raw, place, end):
                self._peers[place, end.name] = key
                return place, end.name
        return None

    def _parent(self, netns: str, raw: RawLink, wanted: Optional[Link]) -> Optional[LinkId]:
        """The link that one stands on: (IFLA_LINK, IFLA_LINK_NETNSID), first looked for where it should be."""
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
        """Whether two ends whose indexes fit are of one cable. A namespace with few ids is quicker asked than the one that knows all others."""
        if place == netns or end.link_nsid is None:
            return place == netns and raw.link_nsid is None
        return self._nsid(place, netns) == end.link_nsid

    def _nsid(self, netns: str, other: str) -> Optional[int]:
        if (netns, other) not in self._nsids:
            self._nsids[netns, other] = self._reader.nsid(netns, other)
        return self._nsids[netns, other]

    def describe_namespaces(self, names: Iterable[str]) -> None:
        """What is said of these namespaces, and who lives in those that go."""
        wanted = {namespace.name: namespace for namespace in self._layout.namespaces}
        for name in list(names):
            found = self.namespaces[name]
            if found.identity and (name in wanted or self._remembered_routes(name)):
                self.namespaces[name] = self._described(wanted.get(name, Namespace(name, ())), found)
        going = {found.identity: name for name, found in self.namespaces.items() if found.identity and name not in wanted and self._goes(name)}
        for identity, pids in _namespaces.processes(going).items():
            self.namespaces[going[identity]] = self.namespaces[going[identity]]._replace(pids=pids)

    def _described(self, wanted: Namespace, found: FoundNamespace) -> FoundNamespace:
        remembered = self._remembered_routes(wanted.name)
        if wanted.nsid is None and wanted.routes is None and not wanted.sysctl and not remembered:
            return found
        nsid = self._reader.nsid("", wanted.name) if wanted.nsid is not None else None
        sysctl = {key: self._reader.sysctl(wanted.name, key) for key in wanted.sysctl or ()}
        routes = None
        if wanted.routes is not None or remembered:
            tables = [MAIN_TABLE] + [route.table for route in wanted.routes or []] + _tables_of(remembered)
            routes = [self._named(wanted.name, raw) for raw in self._routes_of(wanted.name, tables)]
        return found._replace(nsid=nsid, sysctl=sysctl, routes=routes)

    def _remembered_routes(self, netns: str) -> Dict[str, int]:
        """What the mark of a namespace says of its routes."""
        mark = self._mark_of(netns)
        routes: Dict[str, int] = ((mark and mark.before) or {}).get("routes", {})
        return routes

    def _routes_of(self, netns: str, tables: List[int]) -> List[RawRoute]:
        """The routes that nobody else looks after."""
        if not self._everything:
            return [route for route in self._reader.routes(netns, tables) if not route.foreign]
        return [route for routes in self._routes_by_link(netns).values() for route in routes]

    def _routes_through(self, netns: str, device: int) -> List[RawRoute]:
        """The same of one link; of many links by one dump."""
        self._asked[netns] = self._asked.get(netns, 0) + 1
        if not self._everything and self._asked[netns] <= _FEW_LINKS:
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


def _tables_of(remembered: Iterable[str]) -> List[int]:
    """The tables of routes as marks remember them, without the main one."""
    return [int(words[2]) for words in map(str.split, remembered) if len(words) > 2]
