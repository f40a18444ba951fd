# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the state of a whole layout or host: one dump for each kind of object in each namespace."""

from __future__ import annotations

import errno
from contextlib import contextmanager, suppress
from functools import partial
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import IPV6_LOCATIONS, LINK, SHARED_WITH_PARENT
from ansible_collections.nfv.vnet.plugins.module_utils._bodies import partial_route
from ansible_collections.nfv.vnet.plugins.module_utils._entries import LISTS, lists_of
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _etc, _namespaces
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._decode import RawLink, Selection
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import RawRoute, Reader
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
)
from ansible_collections.nfv.vnet.plugins.module_utils._observe._ownerships import Ownerships
from ansible_collections.nfv.vnet.plugins.module_utils._observe._raw import RawHost
from ansible_collections.nfv.vnet.plugins.module_utils._observe._related import RelatedLinks
from ansible_collections.nfv.vnet.plugins.module_utils._observe._routes import RoutesReader
from ansible_collections.nfv.vnet.plugins.module_utils._resources import (
    MAIN_TABLE,
    OWN_STALE_FILE,
    STALE_FILE,
    Address,
    Entries,
    FoundLink,
    FoundNamespace,
    Host,
    Identity,
    Layout,
    Link,
    LinkId,
    Namespace,
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
    layout_reader.read_namespaces(layout_reader.raw.namespaces)
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
    there = [name for name in names if name in layout_reader.raw.links]
    layout = Layout([], [])
    from ansible_collections.nfv.vnet.plugins.module_utils._settings import SYSCTLS  # only here

    for netns in there:
        layout.namespaces.append(Namespace(netns, (), nsid=0, sysctl=dict.fromkeys(SYSCTLS, ""), routes=[]))
        for raw in layout_reader.raw.links[netns].values():
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
        self.raw = RawHost()
        self.links: Dict[LinkId, FoundLink] = {}
        self._wanted: Dict[str, Dict[str, Link]] = {"": {}}
        self._entries = EntriesReader(reader)
        self._apart = ApartReader(reader)
        self._routes = RoutesReader(reader, self.raw, everything)
        self._related = RelatedLinks(reader, self.raw, self.links)
        self._ownerships = Ownerships(reader, layout.name, everything)
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

    def want(self, layout: Layout) -> None:
        self._layout = layout
        for link in layout.links:
            self._wanted.setdefault(link.netns, {})[link.name] = link
            if link.vlans is not None or any(port.vlans is not None for port in link.declared_ports):
                self._with_vlans.add(link.netns)

    def host(self) -> Host:
        return Host(self.raw.namespaces, self.links)

    def read_links(self) -> None:
        """Reads the links of each namespace that is declared or has links of the layout."""
        for namespace in self._layout.namespaces:
            if namespace.attach:
                self._reader.namespaces.will_be(namespace.name, namespace.attach)
                self.raw.namespaces[namespace.attach] = self._open(namespace.attach) or FoundNamespace(None)
        declared = [*self._wanted, *(namespace.name for namespace in self._layout.namespaces)]
        declared += [other[0] for link in self._layout.links for other in (link.peer, link.parent) if other]
        declared += [link.from_netns for link in self._layout.links if link.from_netns is not None]
        declared += self._ownerships.homes()
        if self._everything:  # of two names of a namespace, the recorded one is that of its layout
            recorded = self._ownerships.names()
            declared.sort(key=lambda name: (name != "", name not in recorded))
        for netns in dict.fromkeys(declared):
            with self._tolerantly(netns):
                found = self._open(netns)
                if found and self._everything and found.identity in {other.identity for other in self.raw.namespaces.values()}:
                    continue  # another name of the same one
                if found:
                    self.raw.namespaces[netns] = found
                    self._read_links_of(netns)
                elif not self._everything:
                    self.raw.namespaces[netns] = FoundNamespace(None, _namespaces.occupied_by(netns))
        self._check_names()
        self._read_undeclared()
        for link in filter(may_move, self._layout.links):
            self._want_existing(link)
        self._related.note_ends()

    def _check_names(self) -> None:
        """VnetError if a namespace is declared that the layout also knows by another name, or that it is declared from."""
        by_identity: Dict[Identity, List[str]] = {}
        for netns in self.raw.links:
            identity = self.raw.namespaces[netns].identity
            if identity:
                by_identity.setdefault(identity, []).append(netns)
        for namespace in self._layout.namespaces if not self._everything else ():
            identity = self.raw.namespaces[namespace.name].identity
            others = [netns for netns in by_identity.get(identity, ()) if netns != namespace.name] if identity and namespace.name else []
            if others:
                what = "namespace %s" % others[0] if others[0] else "the namespace that the module runs in"
                raise VnetError(namespace.path, "%s is the same as %s; declare it under one name" % (namespace.name, what))

    def _want_existing(self, wanted: Link) -> None:
        """Reads whatever may be an existing link that is wanted as one that is declared."""
        for netns, raws in self.raw.links.items():
            for raw in raws.values():
                near = netns in (wanted.netns, wanted.from_netns) or self._ownerships.is_own(self._ownership(netns, raw))
                if near and may_be(self._reader, netns, raw, wanted):
                    self._wanted.setdefault(netns, {}).setdefault(raw.name, wanted)

    def _read_undeclared(self) -> None:
        """Reads the other namespaces that have links of the layout; all others only if a link of the layout is not where it was recorded."""
        known = {found.identity for found in self.raw.namespaces.values()}
        others: Dict[str, FoundNamespace] = {}
        recorded = self._ownerships.namespaces()
        plain = [name for name in recorded if name and "/" not in name]
        paths = [name for name in recorded if "/" in name]
        for netns in dict.fromkeys([*plain, *_namespaces.names(), *paths]):  # of two names of a namespace, the recorded one is the layout's
            try:
                found = None if netns in self.raw.namespaces else self._open(netns)
            except KernelError:
                if netns in recorded:
                    raise
                continue  # what nobody declares must not make the task fail
            if found and found.identity not in known:
                known.add(found.identity)
                if self._ownerships.has_links_in(found):
                    self.raw.namespaces[netns] = found
                    self._read_links_of(netns)
                else:
                    others[netns] = found
            elif netns not in self.raw.namespaces and self._ownerships.is_created(netns) and _namespaces.occupied_by(netns) == STALE_FILE:
                self.raw.namespaces[netns] = FoundNamespace(None, OWN_STALE_FILE)
            if netns not in self.raw.links:
                self._reader.forget(netns)
        if self._ownerships.is_one_missing():
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
            self.raw.discard(netns)
            for key in [key for key in self.links if key[0] == netns]:
                del self.links[key]
            self._reader.forget(netns)

    def _read_links_of(self, netns: str) -> None:
        self.raw.links[netns] = {raw.ifindex: raw for raw in self._reader.links(netns)}
        self._ownerships.note(self.raw.namespaces[netns], self.raw.links[netns].values())

    def _read_if_one_is_there(self, netns: str, found: FoundNamespace) -> None:
        """Reads a namespace that nobody declares, if somebody moved a link of the layout into it."""
        with suppress(KernelError):  # it may vanish, or change too fast to be read
            self.raw.namespaces[netns] = found
            self._read_links_of(netns)
            if any(self._ownerships.is_own(self._ownership(netns, raw)) for raw in self.raw.links[netns].values()):
                return
        self.raw.discard(netns)
        self._reader.forget(netns)

    def reuse(self, earlier: Host, names: Set[str]) -> None:
        """Takes an earlier state and reads the links of these namespaces again."""
        self.raw.namespaces.update(earlier.namespaces)
        self.links.update((key, found) for key, found in earlier.links.items() if found.netns not in names)
        for found in earlier.links.values():
            if found.ownership and found.netns not in names:
                self._ownerships.note_owned(earlier.namespaces[found.netns], [found.ifindex])
            if found.peer:
                self._related.note_peer(found.id, found.peer)
        for netns in names:
            self._read_links_of(netns)

    def _open(self, netns: str) -> Optional[FoundNamespace]:
        """Opens a socket in a namespace. None if it does not exist."""
        opened = self._reader.open_namespace(netns, with_nsid=bool(netns) and netns in self._declared)
        if opened is None:
            return None
        if opened.home_nsid is not None:
            self._related.note_nsid(netns, "", opened.home_nsid)
        is_named = netns not in self._to_attach or _namespaces.has_name(netns)
        return FoundNamespace(opened.identity, "" if is_named else _namespaces.occupied_by(netns), is_named=is_named, id=opened.id)

    def _ownership(self, netns: str, raw: RawLink) -> Optional[Ownership]:
        return self._ownerships.of(netns, self.raw.namespaces[netns], raw)

    def add_all(self) -> None:
        for netns, raws in list(self.raw.links.items()):
            with self._tolerantly(netns):
                self._add_links(netns, raws)

    def _add_links(self, netns: str, raws: Dict[int, RawLink]) -> None:
        """Builds the records of the links of a namespace."""
        wanted = self._wanted.get(netns, {})
        ownerships = {raw.ifindex: self._ownership(netns, raw) for raw in raws.values()}
        any_adopted = any(ownership is not None and ownership.original is not None for ownership in ownerships.values())
        declared = [raw for raw in raws.values() if raw.name in wanted or (netns, raw.name) in self._ports]
        adopting = any(self._existed_before(ownerships[raw.ifindex]) for raw in declared)
        undeclared = {raw.ifindex for raw in raws.values() if raw.name not in wanted and self._ownerships.is_own(ownerships[raw.ifindex])} if wanted else set()
        with_addresses = [raw.ifindex for raw in declared if raw.name in wanted and wanted[raw.name].addresses is not None]
        addresses: Dict[int, List[Address]] = {}
        if any_adopted or adopting or undeclared or len(with_addresses) > 1:
            addresses = self._reader.addresses(netns)
        elif with_addresses:
            addresses = self._reader.addresses(netns, with_addresses[0])  # the common case: a namespace at the far end of a veth pair
        vlans = self._reader.vlans(netns) if any_adopted or netns in self._with_vlans or self._some_may_leave(netns, wanted, raws) else None
        for raw in raws.values():
            link = wanted.get(raw.name)
            master = self.raw.name(netns, raw.master) if raw.master else ""
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
            everywhere = [route.route._replace(dev=raw.name) for route in self._routes.through(netns, raw.ifindex)]
            routes = [route for route in everywhere if self._everything or route.table in tables]
            others = [route for route in everywhere if not self._everything and route.table not in tables]
        own_vlans = None if vlans is None else vlans.get(raw.ifindex, {})
        found = assemble(
            netns,
            raw,
            partial(self.raw.name, netns),
            master=master,
            addresses=addresses,
            routes=routes,
            other_routes=others,
            vlans=own_vlans,
            port_vlans=own_vlans,
            peer=self._related.peer(netns, raw) if kind_of(raw.kind).has_peer and (wanted or ownership) else None,
            parent=self._related.parent(netns, raw, wanted) if has_parent(raw) else None,
            pids=self._pids_of(netns, raw.name) if may_be_interrupted(raw, wanted) else None,
            ownership=ownership,
            shown=self._shown(netns, raw) if self._is_shown(netns, raw, wanted, ownership) else None,
            entries=self._entries_of(netns, raw, LISTS if with_lists else lists_to_read(wanted, ownership, master) if wanted or before else ()),
        )
        if self._everything and raw.kind == LOOPBACK:
            found = found._replace(undeclarable=self._entries.undeclarable(netns, raw))
        if not netns and raw.kind == LOOPBACK:
            found = found._replace(also_of=self._ownerships.adopted_by_others(self.raw.namespaces[netns], raw.ifindex))
        self.links[netns, raw.name] = found

    def _entries_of(self, netns: str, raw: RawLink, options: Iterable[str]) -> Dict[str, List[Values]]:
        return self._entries.of_link(netns, raw, options, partial(self.raw.name, netns)) if options else {}

    def _table_of(self, netns: str, raw: RawLink) -> int:
        """The routing table of the VRF that a link belongs to; 0 for none."""
        master = self.raw.links[netns].get(raw.master)
        return table_of_ports(master.kind, master.values) if master else 0

    def _is_shown(self, netns: str, raw: RawLink, wanted: Optional[Link], ownership: Optional[Ownership]) -> bool:
        """Whether the addresses and routes of a link may be restored, or moved to a bridge."""
        concerned = bool(wanted or ownership or (netns, raw.name) in self._ports)
        return concerned and (self._everything or self._existed_before(ownership))

    def _shown(self, netns: str, raw: RawLink) -> Shown:
        """The addresses and routes of a link as the kernel shows them; of lo, those that are declared for the namespace or that it was adopted with, too."""
        shown = self._routes.shown(netns, raw)
        if raw.kind != LOOPBACK:
            return shown
        declared = next((namespace.routes for namespace in self._layout.namespaces if namespace.name == netns), None)
        ownership = self._ownership(netns, raw)
        before = (ownership and ownership.original) or {}
        keys = {route.key for route in [*(declared or ()), *added_routes(before), *map(partial_route, routes_before(before))]}
        return shown._replace(of_namespace=self._routes.shown_of_namespace(netns, raw.ifindex, keys, declared is not None))

    def _pids_of(self, netns: str, name: str) -> List[int]:
        """The processes that hold a TUN or TAP device."""
        identity = self.raw.namespaces[netns].identity
        if self._holders is None:
            from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _tuntap

            self._holders = _tuntap.holders({found.identity for found in self.raw.namespaces.values() if found.identity})
        return self._holders.get((identity, name), []) if identity else []

    def _existed_before(self, ownership: Optional[Ownership]) -> bool:
        """Whether a link existed before the layout, so that its state must be recorded."""
        return ownership.original is not None if ownership else True

    def _some_may_leave(self, netns: str, wanted: Dict[str, Link], raws: Dict[int, RawLink]) -> bool:
        """Whether a port may leave its bridge and so lose its VLANs."""
        ports = (raw for raw in raws.values() if raw.master)
        return any(self._may_leave(netns, wanted.get(raw.name), raw, self.raw.name(netns, raw.master)) for raw in ports)

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
        parent = self._related.parent(netns, raw, wanted) if has_parent(raw) else None
        below = next((other for other in self.raw.links.get(parent[0], {}).values() if other.name == parent[1]), None) if parent else None
        return bool(parent and below and self._may_be_recreated(parent[0], self._wanted.get(parent[0], {}).get(parent[1]), below))

    def read_namespaces(self, names: Iterable[str]) -> None:
        """Reads the settings of these namespaces, and the processes in those that will be deleted."""
        wanted = {namespace.name: namespace for namespace in self._layout.namespaces}
        for name in [name for name in names if name in self.raw.namespaces]:
            found = self.raw.namespaces[name]
            if found.identity and (name in wanted or self._ownership_of(name)):
                with self._tolerantly(name):
                    self.raw.namespaces[name] = self._read_namespace(wanted.get(name, Namespace(name, ())), found)
        going = {found.identity: name for name, found in self.raw.namespaces.items() if found.identity and name not in wanted and self._will_be_deleted(name)}
        for identity, pids in _namespaces.processes(going).items():
            self.raw.namespaces[going[identity]] = self.raw.namespaces[going[identity]]._replace(pids=pids)

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
            routes = [self._named(wanted.name, raw) for raw in self._routes.of_namespace(wanted.name, tables)]
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

    def _will_be_deleted(self, netns: str) -> bool:
        ownership = self._ownership_of(netns)
        return ownership is not None and ownership.original is None and self._ownerships.is_own(ownership)

    def _ownership_of(self, netns: str) -> Optional[Ownership]:
        """The ownership of a namespace."""
        loopbacks = (found for found in (self.links.get((netns, raw.name)) for raw in self.raw.links.get(netns, {}).values() if raw.kind == LOOPBACK) if found)
        loopback = next(loopbacks, self.links.get((netns, "lo")))
        return loopback.ownership if loopback else None

    def _named(self, netns: str, raw: RawRoute) -> Route:
        return raw.named(partial(self.raw.name, netns))
