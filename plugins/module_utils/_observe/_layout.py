# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the state of a whole layout or host: one dump for each kind of object in each namespace."""

from __future__ import annotations

import errno
from contextlib import contextmanager, suppress
from functools import partial
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import IPV6_LOCATIONS, LINK, SHARED_WITH_PARENT
from ansible_collections.nfv.vnet.plugins.module_utils._bodies import device_of, partial_route, source_of
from ansible_collections.nfv.vnet.plugins.module_utils._entries import LISTS, lists_of
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _etc, _namespaces
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._decode import RawLink, Selection
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import RawRoute, Reader
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._registry import read_registry
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._save import Saved, save_all
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import KINDS, LOOPBACK, kind_of, table_of_ports
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
from ansible_collections.nfv.vnet.plugins.module_utils._records import FIRST_INDEX
from ansible_collections.nfv.vnet.plugins.module_utils._resources import (
    MAIN_TABLE,
    OWN_STALE_FILE,
    STALE_FILE,
    Address,
    Card,
    Entries,
    FoundLink,
    FoundNamespace,
    Host,
    Identity,
    Layout,
    Link,
    LinkId,
    Namespace,
    NamespaceId,
    Ownership,
    Port,
    Route,
    Shown,
    Values,
    Vlan,
    added_routes,
    routes_before,
)

_OF_IPV6 = {row.name for row in LINK if row.location in IPV6_LOCATIONS}
_ALWAYS = {"up", "mac", "mtu", *_OF_IPV6, *SHARED_WITH_PARENT, *(name for kind in KINDS for name in kind.always)}
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
        for port in link.declared_ports:
            declared.update(port.values)
    return Selection(declared.union(_ALWAYS, *(names for names in _RELATED if names & declared)))


def read_layout(reader: Reader, layout: Layout) -> Host:
    """Reads the namespaces that are declared, and those with something that belongs to the layout."""
    layout_reader = _LayoutReader(reader, layout)
    try:
        layout_reader.read_links()
        layout_reader.add_all()
    finally:
        reader.discard_prefetched()  # prefetched messages are valid for one reading
    layout_reader.read_namespaces(layout_reader.namespaces)
    return layout_reader.host()


def reread_layout(reader: Reader, layout: Layout, earlier: Host, names: Set[str]) -> Host:
    """The state that was read earlier, with these namespaces read again. None has been created or deleted since."""
    layout_reader = _LayoutReader(reader, layout)
    layout_reader.reuse(earlier, names)
    layout_reader.add_all()
    layout_reader.read_namespaces(names)
    return layout_reader.host()


class Everything(NamedTuple):
    """Everything in some namespaces."""

    host: Host
    layout: Layout
    """Declares all of it."""
    unread: Dict[str, str]
    """Why namespaces could not be read."""


def read_all(reader: Reader, names: List[str]) -> Everything:
    """Reads everything in these namespaces. One that vanishes meanwhile is left out."""
    layout_reader = _LayoutReader(reader, Layout([Namespace(name, ()) for name in names], []), everything=True)
    layout_reader.read_links()
    there = [name for name in names if name in layout_reader.raws]
    layout = Layout([], [])
    from ansible_collections.nfv.vnet.plugins.module_utils._settings import SYSCTLS  # only here

    for netns in there:
        layout.namespaces.append(Namespace(netns, (), nsid=0, sysctl=dict.fromkeys(SYSCTLS, ""), routes=[]))
        for raw in layout_reader.raws[netns].values():
            vlans: Optional[Dict[int, Vlan]] = {} if kind_of(raw.kind).is_bridge else None
            lists = {entries.option: Entries([]) for entries in lists_of(raw.kind)}
            link = Link(raw.kind, netns, raw.name, (), {}, present=False, port=Port({}, {}), addresses=[], routes=[], vlans=vlans, entries=lists)
            layout.links.append(link)
    layout_reader.want(layout)
    layout_reader.add_all()
    layout_reader.read_namespaces(there)
    host = layout_reader.host()
    layout = Layout([wanted for wanted in layout.namespaces if wanted.name in host.namespaces], [link for link in layout.links if link.id in host.links])
    return Everything(host, layout, layout_reader.unread)


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
        self._entries = EntriesReader(reader)
        self._apart = ApartReader(reader)
        self._saved: Dict[str, Dict[int, Saved]] = {}
        """The addresses and routes of namespaces with links that may be adopted or released."""
        self._sourced: Dict[str, Dict[str, List[Tuple[int, str]]]] = {}
        """The routes of these by their source address, with the index of their link."""
        self._holders: Optional[Dict[Tuple[Identity, str], List[int]]] = None
        """The processes that hold TUN and TAP devices, read once."""
        self._with_vlans: Set[str] = set()
        """The namespaces in which VLANs are declared."""
        self.unread: Dict[str, str] = {}
        """Why namespaces could not be read that nobody has declared."""
        self.want(layout)
        self._declared = {link.netns for link in layout.links}
        self._ports = {(link.netns, name) for link in layout.links for name in link.ports or ()}
        """The links that are declared as ports of a bridge."""
        self._to_attach = {namespace.name for namespace in layout.namespaces if namespace.attach}
        self._nsids: Dict[Tuple[str, str], Optional[int]] = {}
        self._last_home = ""
        """The namespace in which a parent was found last."""
        self._peers: Dict[LinkId, LinkId] = {}
        self._ends: Dict[Tuple[int, int], List[Tuple[str, RawLink]]] = {}
        """The ends of veth pairs with their namespaces, by their own index and that of the peer."""
        home = reader.open_namespace("")
        self._registry = read_registry(home.id if home else "")
        self._records = self._registry.records(layout.name)
        self._at_their_place: Set[Tuple[NamespaceId, int]] = set()
        """The recorded links that are where they were recorded, by namespace and index."""
        self.raws: Dict[str, Dict[int, RawLink]] = {}
        """The links of each namespace, by index."""
        self.namespaces: Dict[str, FoundNamespace] = {}
        self.links: Dict[LinkId, FoundLink] = {}

    def want(self, layout: Layout) -> None:
        self._layout = layout
        for link in layout.links:
            self._wanted.setdefault(link.netns, {})[link.name] = link
            if link.vlans is not None or any(port.vlans is not None for port in link.declared_ports):
                self._with_vlans.add(link.netns)

    def host(self) -> Host:
        return Host(self.namespaces, self.links)

    def read_links(self) -> None:
        """Reads the links of each namespace that is declared or has links of the layout."""
        for namespace in self._layout.namespaces:
            if namespace.attach:
                self._reader.namespaces.will_be(namespace.name, namespace.attach)
                self.namespaces[namespace.attach] = self._open(namespace.attach) or FoundNamespace(None)
        declared = [*self._wanted, *(namespace.name for namespace in self._layout.namespaces)]
        declared += [other[0] for link in self._layout.links for other in (link.peer, link.parent) if other]
        declared += [link.from_netns for link in self._layout.links if link.from_netns is not None]
        declared += self._homes()
        if self._everything:  # of two names of a namespace, the recorded one is that of its layout
            recorded = self._registry.names()
            declared.sort(key=lambda name: (name != "", name not in recorded))
        for netns in dict.fromkeys(declared):
            with self._tolerantly(netns):
                found = self._open(netns)
                if found and self._everything and found.identity in {other.identity for other in self.namespaces.values()}:
                    continue  # another name of the same one
                if found:
                    self.namespaces[netns] = found
                    self._read_links_of(netns)
                elif not self._everything:
                    self.namespaces[netns] = FoundNamespace(None, _namespaces.occupied_by(netns))
        self._check_names()
        self._read_undeclared()
        for link in filter(may_move, self._layout.links):
            self._want_existing(link)
        for netns, raws in self.raws.items():
            for raw in raws.values():
                if kind_of(raw.kind).has_peer:
                    self._ends.setdefault((raw.ifindex, raw.link), []).append((netns, raw))

    def _check_names(self) -> None:
        """VnetError if a namespace is declared that the layout also knows by another name, or that it is declared from."""
        by_identity: Dict[Identity, List[str]] = {}
        for netns in self.raws:
            identity = self.namespaces[netns].identity
            if identity:
                by_identity.setdefault(identity, []).append(netns)
        for namespace in self._layout.namespaces if not self._everything else ():
            identity = self.namespaces[namespace.name].identity
            others = [netns for netns in by_identity.get(identity, ()) if netns != namespace.name] if identity and namespace.name else []
            if others:
                what = "namespace %s" % others[0] if others[0] else "the namespace that the module runs in"
                raise VnetError(namespace.path, "%s is the same as %s; declare it under one name" % (namespace.name, what))

    def _homes(self) -> List[str]:
        """The namespaces from which the layout has moved links."""
        recorded = (record.original or {} for links in self._records.links.values() for record in links.values())
        return [original["from"][0] for original in recorded if "from" in original]

    def _want_existing(self, wanted: Link) -> None:
        """Reads whatever may be an existing link that is wanted as one that is declared."""
        for netns, raws in self.raws.items():
            for raw in raws.values():
                near = netns in (wanted.netns, wanted.from_netns) or self._is_own(netns, raw)
                if near and may_be(self._reader, netns, raw, wanted):
                    self._wanted.setdefault(netns, {}).setdefault(raw.name, wanted)

    def _read_undeclared(self) -> None:
        """Reads the other namespaces that have links of the layout; all others only if a link of the layout is not where it was recorded."""
        known = {found.identity for found in self.namespaces.values()}
        others: Dict[str, FoundNamespace] = {}
        recorded = list(self._records.namespaces.values())
        plain = [name for name in recorded if name and "/" not in name]
        paths = [name for name in recorded if "/" in name]
        for netns in dict.fromkeys([*plain, *_namespaces.names(), *paths]):  # of two names of a namespace, the recorded one is the layout's
            try:
                found = None if netns in self.namespaces else self._open(netns)
            except KernelError:
                if netns in self._records.namespaces.values():
                    raise
                continue  # what nobody declares must not make the task fail
            if found and found.identity not in known:
                known.add(found.identity)
                if found.id in self._records.links:
                    self.namespaces[netns] = found
                    self._read_links_of(netns)
                else:
                    others[netns] = found
            elif netns not in self.namespaces and self._records.created(netns) and _namespaces.occupied_by(netns) == STALE_FILE:
                self.namespaces[netns] = FoundNamespace(None, OWN_STALE_FILE)
            if netns not in self.raws:
                self._reader.forget(netns)
        if self._is_one_missing():
            for netns, found in others.items():
                self._read_if_one_is_there(netns, found)

    @contextmanager
    def _tolerantly(self, netns: str) -> Iterator[None]:
        """A namespace that nobody has declared must not make the task fail."""
        try:
            yield
        except KernelError as error:
            if not self._everything or not netns or error.errno == errno.EPERM:
                raise
            self.unread[netns] = str(error)
            self.namespaces.pop(netns, None)
            self.raws.pop(netns, None)
            for key in [key for key in self.links if key[0] == netns]:
                del self.links[key]
            self._reader.forget(netns)

    def _read_links_of(self, netns: str) -> None:
        self.raws[netns] = {raw.ifindex: raw for raw in self._reader.links(netns)}
        netns_id = self.namespaces[netns].id
        owned = (raw for raw in self.raws[netns].values() if self._registry.ownership(netns_id, raw.ifindex, raw.kind, raw.link, raw.name))
        self._at_their_place.update((netns_id, raw.ifindex) for raw in owned)

    def _is_one_missing(self) -> bool:
        """Whether a link that the layout has created is not in the namespace in which it was recorded."""
        recorded = ((netns, index) for netns, links in self._records.links.items() for index in links if index >= FIRST_INDEX)
        return any(key not in self._at_their_place for key in recorded)

    def _read_if_one_is_there(self, netns: str, found: FoundNamespace) -> None:
        """Reads a namespace that nobody declares, if somebody moved a link of the layout into it."""
        with suppress(KernelError):  # it may vanish, or change too fast to be read
            self.namespaces[netns] = found
            self._read_links_of(netns)
            if any(self._is_own(netns, raw) for raw in self.raws[netns].values()):
                return
        del self.namespaces[netns]
        self.raws.pop(netns, None)
        self._reader.forget(netns)

    def reuse(self, earlier: Host, names: Set[str]) -> None:
        """Takes an earlier state and reads the links of these namespaces again."""
        self.namespaces.update(earlier.namespaces)
        self.links.update((key, found) for key, found in earlier.links.items() if found.netns not in names)
        owned = (found for found in earlier.links.values() if found.ownership)
        self._at_their_place.update((earlier.namespaces[found.netns].id, found.ifindex) for found in owned if found.netns not in names)
        self._peers.update((key, found.peer) for key, found in earlier.links.items() if found.peer)
        for netns in names:
            self._read_links_of(netns)

    def _open(self, netns: str) -> Optional[FoundNamespace]:
        """Opens a socket in a namespace. None if it does not exist."""
        opened = self._reader.open_namespace(netns, with_nsid=bool(netns) and netns in self._declared)
        if opened is None:
            return None
        if opened.home_nsid is not None:
            self._nsids[netns, ""] = opened.home_nsid
        is_named = netns not in self._to_attach or _namespaces.has_name(netns)
        return FoundNamespace(opened.identity, "" if is_named else _namespaces.occupied_by(netns), is_named=is_named, id=opened.id)

    def _ownership(self, netns: str, raw: RawLink) -> Optional[Ownership]:
        """The ownership of a link, also if somebody moved it. The lo of the namespace that the module runs in may be adopted by several layouts."""
        if not netns and raw.kind == LOOPBACK:
            record = self._records.links.get(self.namespaces[netns].id, {}).get(raw.ifindex)
            return Ownership(self._layout.name, record.original) if record and record.original is not None else None
        ownership = self._registry.ownership(self.namespaces[netns].id, raw.ifindex, raw.kind, raw.link, raw.name)
        if ownership is None and raw.card != Card():
            ownership = self._ownership_of_card(raw)
        moved = self._registry.moved_from(raw.ifindex, raw.kind, raw.link) if ownership is None and raw.ifindex >= FIRST_INDEX else None
        if not moved or (moved[0], raw.ifindex) in self._at_their_place:
            return ownership
        # only of this layout all namespaces were read
        return moved[1] if self._everything or moved[1].is_layout(self._layout.name) else None

    def _ownership_of_card(self, raw: RawLink) -> Optional[Ownership]:
        """That of a network card, which is known wherever it is: the kernel moves it home when its namespace dies."""
        for links in self._records.links.values():
            for record in links.values():
                if record.original is not None and record.original.get("card") == list(raw.card):
                    return Ownership(self._layout.name, record.original)
        return None

    def _is_own(self, netns: str, raw: RawLink) -> bool:
        """Whether a link belongs to the layout."""
        ownership = self._ownership(netns, raw)
        return ownership is not None and ownership.is_layout(self._layout.name)

    def add_all(self) -> None:
        for netns, raws in list(self.raws.items()):
            with self._tolerantly(netns):
                self._add_links(netns, raws)

    def _add_links(self, netns: str, raws: Dict[int, RawLink]) -> None:
        """Builds the records of the links of a namespace."""
        wanted = self._wanted.get(netns, {})
        ownerships = {raw.ifindex: self._ownership(netns, raw) for raw in raws.values()}
        any_adopted = any(ownership is not None and ownership.original is not None for ownership in ownerships.values())
        declared = [raw for raw in raws.values() if raw.name in wanted or (netns, raw.name) in self._ports]
        adopting = any(self._existed_before(ownerships[raw.ifindex]) for raw in declared)
        undeclared = {raw.ifindex for raw in raws.values() if raw.name not in wanted and not self._is_not_own(ownerships[raw.ifindex])} if wanted else set()
        with_addresses = [raw.ifindex for raw in declared if raw.name in wanted and wanted[raw.name].addresses is not None]
        addresses: Dict[int, List[Address]] = {}
        if any_adopted or adopting or undeclared or len(with_addresses) > 1:
            addresses = self._reader.addresses(netns)
        elif with_addresses:
            addresses = self._reader.addresses(netns, with_addresses[0])  # the common case: a namespace at the far end of a veth pair
        vlans = self._reader.vlans(netns) if any_adopted or netns in self._with_vlans or self._some_may_leave(netns, wanted, raws) else None
        for raw in raws.values():
            link = wanted.get(raw.name)
            master = self._name(netns, raw.master) if raw.master else ""
            ownership = ownerships[raw.ifindex]
            adopted = ownership is not None and ownership.original is not None
            recreated = has_parent(raw) and self._may_be_recreated(netns, link, raw)
            replaced = recreated or (has_parent(raw) and raw.ifindex in undeclared)
            if replaced or adopted or may_move(link) or self._may_leave(netns, link, raw, master):
                raw = self._reader.link(netns, index=raw.ifindex, everything=True) or raw
            with_routes = bool(link and (link.routes is not None or self._existed_before(ownership)))
            with_routes = with_routes or (any_adopted and ownership is not None) or replaced or raw.ifindex in undeclared
            self._add(netns, raw, link, ownership, master, addresses.get(raw.ifindex, []), vlans, with_routes, recreated)

    def _add(
        self,
        netns: str,
        raw: RawLink,
        wanted: Optional[Link],
        ownership: Optional[Ownership],
        master: str,
        addresses: List[Address],
        vlans: Optional[Dict[int, Dict[int, Vlan]]],
        with_routes: bool,
        with_lists: bool,
    ) -> None:
        before = (ownership and ownership.original) or {}
        asked = None if self._everything or with_lists else read_apart(wanted, before)
        raw = raw if asked is not None and not asked else self._apart.with_values(netns, raw, asked)
        routes, others = None, []
        if with_routes:
            tables = [MAIN_TABLE, self._table_of(netns, raw)]
            tables += [route.table for route in (wanted and wanted.routes) or []] + [route.table for route in added_routes(before)]
            everywhere = [route.route._replace(dev=raw.name) for route in self._routes_through(netns, raw.ifindex)]
            routes = [route for route in everywhere if self._everything or route.table in tables]
            others = [route for route in everywhere if not self._everything and route.table not in tables]
        own_vlans = None if vlans is None else vlans.get(raw.ifindex, {})
        found = assemble(
            netns,
            raw,
            partial(self._name, netns),
            master=master,
            addresses=addresses,
            routes=routes,
            other_routes=others,
            vlans=own_vlans,
            port_vlans=own_vlans,
            peer=self._peer(netns, raw) if kind_of(raw.kind).has_peer and (wanted or ownership) else None,
            parent=self._parent(netns, raw, wanted) if has_parent(raw) else None,
            pids=self._pids_of(netns, raw.name) if may_be_interrupted(raw, wanted) else None,
            ownership=ownership,
            shown=self._shown(netns, raw) if self._is_shown(netns, raw, wanted, ownership) else None,
            entries=self._entries_of(netns, raw, LISTS if with_lists else lists_to_read(wanted, ownership, master) if wanted or before else ()),
        )
        if self._everything and raw.kind == LOOPBACK:
            found = found._replace(undeclarable=self._entries.undeclarable(netns, raw))
        if not netns and raw.kind == LOOPBACK:
            adopted = self._registry.adopted_by(self.namespaces[netns].id, raw.ifindex)
            found = found._replace(also_of=tuple(other for other in adopted if not other.is_layout(self._layout.name)))
        self.links[netns, raw.name] = found

    def _entries_of(self, netns: str, raw: RawLink, options: Iterable[str]) -> Dict[str, List[Values]]:
        return self._entries.of_link(netns, raw, options, partial(self._name, netns)) if options else {}

    def _table_of(self, netns: str, raw: RawLink) -> int:
        """The routing table of the VRF that a link belongs to; 0 for none."""
        master = self.raws[netns].get(raw.master)
        return table_of_ports(master.kind, master.values) if master else 0

    def _is_shown(self, netns: str, raw: RawLink, wanted: Optional[Link], ownership: Optional[Ownership]) -> bool:
        """Whether the addresses and routes of a link may be restored, or moved to a bridge."""
        concerned = bool(wanted or ownership or (netns, raw.name) in self._ports)
        return concerned and (self._everything or self._existed_before(ownership))

    def _shown(self, netns: str, raw: RawLink) -> Shown:
        """The addresses and routes of a link as the kernel shows them; one dump serves all links of a namespace."""
        if netns not in self._saved:
            self._saved[netns] = save_all(self._reader.socket(netns))
        saved = self._saved[netns].get(raw.ifindex, Saved(raw.ifindex, [], []))
        bodies = [*saved.routes, *(self._saved[netns][0].routes if raw.kind == LOOPBACK and 0 in self._saved[netns] else [])]
        shown = shown_by(self._reader, raw.name, (body for _key, body in saved.addresses), bodies)
        sourced = self._routes_with_source(netns)
        others = [body for address in shown.addresses for device, body in sourced.get(address[0], ()) if device != raw.ifindex]
        return shown._replace(with_source=others, of_namespace=self._shown_of_namespace(netns, raw.ifindex) if raw.kind == LOOPBACK else [])

    def _routes_with_source(self, netns: str) -> Dict[str, List[Tuple[int, str]]]:
        """The routes of a namespace that have a source address, by that, with the index of their link."""
        if netns not in self._sourced:
            found = self._sourced[netns] = {}
            for source, index, body in ((source_of(body.hex()), index, body.hex()) for index, saved in self._saved[netns].items() for body in saved.routes):
                if source:
                    found.setdefault(source, []).append((index, body))
        return self._sourced[netns]

    def _shown_of_namespace(self, netns: str, lo: int) -> List[Tuple[Optional[Route], str]]:
        """The routes through other links than lo that are declared for a namespace, or that it was adopted with; and those over several links, which
        are in its list, too.
        """
        declared = next((namespace.routes for namespace in self._layout.namespaces if namespace.name == netns), None)
        ownership = self._ownership(netns, self.raws[netns][lo])
        before = (ownership and ownership.original) or {}
        keys = {route.key for route in [*(declared or ()), *added_routes(before), *map(partial_route, routes_before(before))]}
        found: Dict[str, Tuple[Optional[Route], str]] = {}
        for index, saved in self._saved[netns].items() if keys or declared is not None else ():
            if index not in (0, lo) and index in self.raws[netns]:
                bodies = [body for body in saved.routes if partial_route(body.hex()).key in keys or (declared is not None and not device_of(body.hex()))]
                found.update((body, (route, body)) for route, body in shown_by(self._reader, self.raws[netns][index].name, (), bodies).routes)
        return list(found.values())

    def _pids_of(self, netns: str, name: str) -> List[int]:
        """The processes that hold a TUN or TAP device."""
        identity = self.namespaces[netns].identity
        if self._holders is None:
            from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _tuntap

            self._holders = _tuntap.holders({found.identity for found in self.namespaces.values() if found.identity})
        return self._holders.get((identity, name), []) if identity else []

    def _is_not_own(self, ownership: Optional[Ownership]) -> bool:
        return ownership is None or not ownership.is_layout(self._layout.name)

    def _existed_before(self, ownership: Optional[Ownership]) -> bool:
        """Whether a link existed before the layout, so that its state must be recorded."""
        return ownership.original is not None if ownership else True

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

    def _may_be_recreated(self, netns: str, wanted: Optional[Link], raw: RawLink) -> bool:
        """Whether the plan may recreate a link or one below it, so that all of it must be known."""
        if wanted and wanted.recreate:
            return True
        parent = self._parent(netns, raw, wanted) if has_parent(raw) else None
        below = next((other for other in self.raws.get(parent[0], {}).values() if other.name == parent[1]), None) if parent else None
        return bool(parent and below and self._may_be_recreated(parent[0], self._wanted.get(parent[0], {}).get(parent[1]), below))

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
        """The parent of a link (IFLA_LINK, IFLA_LINK_NETNSID). The declared namespace is tried first, and the one that was found last."""
        if raw.link_nsid is None:
            return netns, self._name(netns, raw.link)
        likely = [wanted.parent[0] if wanted and wanted.parent else "", self._last_home]
        there = [name for name, found in self.namespaces.items() if found.identity]
        home = next((other for other in [*likely, *there] if self._nsid(netns, other) == raw.link_nsid), None)
        if home is None:
            return None
        self._last_home = home
        if home in self.raws:
            return (home, self._name(home, raw.link)) if raw.link in self.raws[home] or not raw.link else None
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

    def read_namespaces(self, names: Iterable[str]) -> None:
        """Reads the settings of these namespaces, and the processes in those that will be deleted."""
        wanted = {namespace.name: namespace for namespace in self._layout.namespaces}
        for name in [name for name in names if name in self.namespaces]:
            found = self.namespaces[name]
            if found.identity and (name in wanted or self._ownership_of(name)):
                with self._tolerantly(name):
                    self.namespaces[name] = self._read_namespace(wanted.get(name, Namespace(name, ())), found)
        going = {found.identity: name for name, found in self.namespaces.items() if found.identity and name not in wanted and self._will_be_deleted(name)}
        for identity, pids in _namespaces.processes(going).items():
            self.namespaces[going[identity]] = self.namespaces[going[identity]]._replace(pids=pids)

    def _read_namespace(self, wanted: Namespace, found: FoundNamespace) -> FoundNamespace:
        recorded = self._added_routes(wanted.name)
        found = found._replace(files=self._files_of(wanted))
        if wanted.nsid is None and wanted.routes is None and not wanted.sysctl and not recorded:
            return found
        nsid = self._reader.nsid("", wanted.name) if wanted.nsid is not None else None
        sysctl = self._reader.sysctls(wanted.name, wanted.sysctl or ())
        routes = None
        if wanted.routes is not None or recorded:
            tables = [MAIN_TABLE] + [route.table for route in wanted.routes or []] + [route.table for route in recorded]
            routes = [self._named(wanted.name, raw) for raw in self._routes_of(wanted.name, tables)]
        return found._replace(nsid=nsid, sysctl=sysctl, routes=routes)

    def _files_of(self, wanted: Namespace) -> Dict[str, Optional[str]]:
        """The files in /etc/netns/NAME that are declared, or that the layout has written or changed; or all of them."""
        if self._everything:
            return _etc.read(wanted.name, _etc.names(wanted.name)) if wanted.name and "/" not in wanted.name else {}
        _etc.check(wanted.name, wanted.files or (), (*wanted.path, "files"))
        ownership = self._ownership_of(wanted.name)
        changed = ((ownership.original or {}).get("files", ()), ownership.files) if ownership else ((), ())
        names = {*(wanted.files or ()), *(name for some in changed for name in some)}
        return _etc.read(wanted.name, sorted(names)) if names else {}

    def _added_routes(self, netns: str) -> List[Route]:
        """The routes that the layout has added to an adopted namespace."""
        ownership = self._ownership_of(netns)
        return added_routes((ownership and ownership.original) or {})

    def _routes_of(self, netns: str, tables: List[int]) -> List[RawRoute]:
        """The routes that are not managed by the kernel, DHCP or router advertisements."""
        if not self._everything:
            return [route for route in self._reader.routes(netns, tables) if not route.automatic]
        return [route for routes in self._routes_by_link(netns).values() for route in routes]

    def _routes_through(self, netns: str, device: int) -> List[RawRoute]:
        """The same of one link; one dump serves many links."""
        self._route_reads[netns] = self._route_reads.get(netns, 0) + 1
        if not self._everything and self._route_reads[netns] <= _FEW_LINKS:
            return [route for route in self._reader.routes(netns, None, device) if not route.automatic]
        return self._routes_by_link(netns).get(device, [])

    def _routes_by_link(self, netns: str) -> Dict[int, List[RawRoute]]:
        if netns not in self._routes:
            found: Dict[int, List[RawRoute]] = {}
            for route in self._reader.routes(netns):
                if not route.automatic:
                    found.setdefault(route.device, []).append(route)
            self._routes[netns] = found
        return self._routes[netns]

    def _will_be_deleted(self, netns: str) -> bool:
        ownership = self._ownership_of(netns)
        return ownership is not None and ownership.original is None and ownership.is_layout(self._layout.name)

    def _ownership_of(self, netns: str) -> Optional[Ownership]:
        """The ownership of a namespace."""
        loopbacks = (found for found in (self.links.get((netns, raw.name)) for raw in self.raws.get(netns, {}).values() if raw.kind == LOOPBACK) if found)
        loopback = next(loopbacks, self.links.get((netns, "lo")))
        return loopback.ownership if loopback else None

    def _named(self, netns: str, raw: RawRoute) -> Route:
        return raw.named(partial(self._name, netns))
