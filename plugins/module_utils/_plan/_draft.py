# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of planning: what is wanted, what was found, and the steps so far."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cached_property
from typing import Callable, Dict, Iterator, List, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils._bodies import gateway_of
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Message, Path, VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import ANY, kind_of
from ansible_collections.nfv.vnet.plugins.module_utils._resources import (
    FoundLink,
    FoundNamespace,
    Host,
    Layout,
    Link,
    LinkId,
    Ownership,
    Route,
    Values,
)
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    AddRoute,
    Plan,
    ReplaceRoute,
    Step,
    link_of,
)

# The phases, in the order of their steps. What cannot be undone comes late, deletions last.
NAMESPACE, NSID = 0, 1
SETTINGS = 1.5
"""Kernel settings that name no link: new links get them."""
FREE_NAMES = 2
"""What is in the way of new links is renamed, moved or brought down."""
CREATE = 3
DELETE_ENTRIES = 3.5
"""Entries of lists go while their link is up."""
SET = 4
"""Attributes of links."""
SET_PORTS = 5
"""Ports join or leave their bridges and get their settings."""
AFTER_PORTS = 6
"""Attributes that the kernel changes when ports join or leave."""
DELETE_ROUTES, ADDRESS, UP = 7, 8, 9
AFTER_UP = 10
"""What a link accepts only while it is up."""
ROUTE, BRIDGE_UP = 11, 12
_AFTER_BRIDGE_UP, _BRIDGE_ROUTE = 13, 14
"""AFTER_UP and ROUTE in namespaces with a bridge that is brought up."""
RECREATE = 15
"""Undeclared links that were deleted with their parent."""
FINISH = 16
"""What cannot be undone, or must see everything else done."""
DELETE, DELETE_NAMESPACE = 17, 18
_BEHIND_BRIDGES = {AFTER_UP: _AFTER_BRIDGE_UP, ROUTE: _BRIDGE_ROUTE}


class Draft:
    """Mutable state that the plan_* functions share."""

    def __init__(self, layout: Layout, host: Host, check_mode: bool, plan: Callable[[Layout, Host], Plan]) -> None:
        self.layout = layout
        self.plan_of = plan
        """Plans another layout, for instance that of a link that must be recreated."""
        self.host = host
        self.wanted: Dict[LinkId, Link] = {link.id: link for link in layout.links}
        self.located: Dict[LinkId, LinkId] = {}
        """Where the existing links are that may have another name, or be in another namespace."""
        if any(link.kind == ANY or link.match or link.from_netns is not None for link in layout.links):
            from ansible_collections.nfv.vnet.plugins.module_utils._plan._located import located_links

            self.located = located_links(layout.links, host, layout.name)
        self.links: List[Link] = layout.links
        """The links in the order in which they can be created."""
        self.above_bridges: Set[LinkId] = set()
        """The links above a bridge, directly or through other links."""
        self._position: Dict[LinkId, int] = {}
        """The position of each link in the order in which they go up; empty if the order does not matter."""
        if layout.name:  # a single resource needs no order
            from ansible_collections.nfv.vnet.plugins.module_utils._plan._graph import bring_up_order, creation_order, uppers_of_bridges

            there = ((link.id, link.parent or (host.links[link.id].parent if link.id in host.links else None)) for link in layout.links)
            parents = {key: parent for key, parent in there if parent}
            self.links = creation_order(self.wanted, parents)
            if parents:
                rising = bring_up_order(self.wanted, parents)
                self._position = {link.id: number for number, link in enumerate(rising)}
                self.above_bridges = uppers_of_bridges(rising, parents)
        self.namespaces_after: Dict[str, FoundNamespace] = dict(host.namespaces)
        self.links_after: Dict[LinkId, FoundLink] = dict(host.links)
        """The links that were found, updated to what they will be as steps are planned."""
        self.steps: Dict[float, List[Step]] = {}
        self.planned_peers: Set[LinkId] = set()
        """The far ends of pairs that were planned with the near end."""
        self.new_namespaces: Dict[str, str] = {}
        """The namespaces to create, each with what is in the place of its name."""
        self.to_bring_up: Set[LinkId] = set()
        """The links to bring up."""
        self.interrupted: Set[LinkId] = set()
        """The links that go down and up again, with which the kernel drops their routes and IPv6 addresses."""
        self.changing_tables: Set[LinkId] = set()
        """The links that join or leave a VRF, so that their routes belong into another table."""
        self.old_masters: Dict[LinkId, str] = {}
        """The kinds of the masters of links whose master is deleted, and that get another one."""
        self.joining_aggregates: Set[LinkId] = set()
        """The links that become ports of a bond, which gives them its MTU."""
        self.bridges_with_changed_ports: Set[LinkId] = set()
        """The bridges, bonds and VRFs that get or lose ports."""
        self.deleted_ids: Set[LinkId] = set()
        """The links to delete, by their old names."""
        self.deleted: List[FoundLink] = []
        """The same links as they are when they are deleted, and their peers, which the kernel deletes with them."""
        self.undeclared_uppers: List[FoundLink] = []
        """Undeclared links that are deleted with their parent and recreated on the new one."""
        self.recreated: Dict[LinkId, FoundLink] = {}
        """Declared links that are deleted with their parent."""
        self.ports_again: Dict[LinkId, Link] = {}
        """Those of them that were ports, as they were."""
        self.parent_mtus: Dict[LinkId, Optional[int]] = {}
        """The MTU of each parent, None if it is not known."""
        self.found_by_key: Optional[Dict[Tuple[object, ...], FoundLink]] = None
        """The links that were found, by what no two links may have in common. Computed on first use."""
        self.wanted_by_key: Optional[Dict[Tuple[object, ...], Link]] = None
        """The wanted links, by the same key. Computed on first use."""
        self.released_from: Dict[LinkId, LinkId] = {}
        """Where released links that were moved or renamed are before the plan, by where they will be."""
        self.released: List[Link] = []
        """The adopted links that the layout releases, as they were before."""
        self.ownership: Dict[LinkId, Optional[Ownership]] = {}
        """The existing links whose ownership changes, by their present names."""
        self.warnings: List[Message] = []
        self._check_mode = check_mode
        self._by_master: Optional[Dict[LinkId, List[FoundLink]]] = None
        self._by_namespace: Optional[Dict[str, List[FoundLink]]] = None

    def ports(self, master: LinkId) -> List[FoundLink]:
        """The links that were found as ports of a bridge, bond or VRF."""
        if self._by_master is None:
            self._by_master = {}
            for found in self.host.links.values():
                if found.master:
                    self._by_master.setdefault((found.netns, found.master), []).append(found)
        return self._by_master.get(master, [])

    def links_in(self, netns: str) -> List[FoundLink]:
        """The links that were found in a namespace."""
        if self._by_namespace is None:
            self._by_namespace = {}
            for found in self.host.links.values():
                self._by_namespace.setdefault(found.netns, []).append(found)
        return self._by_namespace.get(netns, [])

    def owns(self, found: FoundLink) -> bool:
        """Whether the layout created the link."""
        return found.ownership is not None and found.ownership.original is None and self.is_member(found)

    def is_member(self, found: FoundLink) -> bool:
        """Whether the link belongs to the layout: it created or adopted it."""
        return found.ownership is not None and found.ownership.is_layout(self.layout.name)

    def original(self, key: LinkId) -> Values:
        """What an existing link was before the layout has adopted it, as in C(Ownership); empty for any other link."""
        found = self.host.links.get(key)
        return found.original if found and self.is_member(found) else {}

    def id_before(self, key: LinkId) -> LinkId:
        """What an existing link is called before the plan. C(key): after it."""
        return self.released_from.get(key) or self.located.get(key, key)

    def keeps_name(self, found: FoundLink) -> bool:
        """Whether the link is declared under the name that it has, in the namespace where it is."""
        return found.id in self.wanted and self.located.get(found.id, found.id) == found.id

    @cached_property
    def uppers(self) -> Dict[LinkId, List[FoundLink]]:
        """The links on top of each link that was found."""
        return self.host.uppers()

    @cached_property
    def routes_of_namespaces(self) -> Dict[str, List[Route]]:
        """The routes that are declared for namespaces, which may go through links that have lists of their own."""
        return {namespace.name: namespace.routes for namespace in self.layout.namespaces if namespace.routes}

    @cached_property
    def declared_ports(self) -> Dict[LinkId, List[str]]:
        """The names of the links that declare each bridge as their master."""
        found: Dict[LinkId, List[str]] = {}
        for link in self.layout.links:
            if link.present and link.master:
                found.setdefault((link.netns, link.master), []).append(link.name)
        return found

    @cached_property
    def declared_masters(self) -> Dict[LinkId, str]:
        """The master of each link that is declared as a port, by its own option or by one of its master."""
        listed = {(bridge.netns, name): bridge.name for bridge in self.layout.links if bridge.present for name in bridge.ports or ()}
        return {**{link.id: link.master for link in self.layout.links if link.present and link.master}, **listed}

    def bridge_below(self, link: Link) -> Optional[Link]:
        """The declared bridge or bond that a link is, or is on top of in the same namespace; None if there is none."""
        seen: Set[LinkId] = set()
        while not kind_of(link.kind).takes_frames:
            if not link.parent or link.parent[0] != link.netns or link.parent not in self.wanted or link.id in seen:
                return None
            seen.add(link.id)
            link = self.wanted[link.parent]
        return link

    def add(self, phase: float, step: Step) -> None:
        self.steps.setdefault(phase, []).append(step)

    def warn(self, path: Path, text: str) -> None:
        self.warnings.append(Message(path, text))

    @contextmanager
    def naming(self, link: Link) -> Iterator[None]:
        """Adds the name of a released link to errors and warnings: no option of the task is about it."""
        name = "%s%s" % (link.name, inside(link.netns))
        earlier = len(self.warnings)
        try:
            yield
        except VnetError as error:
            raise VnetError((), "%s: %s" % (name, error), error.errno) from None
        self.warnings[earlier:] = [Message((), "%s: %s" % (name, warning)) for warning in self.warnings[earlier:]]

    def missing_link(self, path: Path, text: str, how: str = "") -> None:
        """A link is missing. C(how): how to create it with a module of its own."""
        self.missing(path, "%s; %s" % (text, "declare it in links" if self.layout.name else how or "create it before this task"))

    def refuse(self, path: Path, text: str) -> None:
        raise VnetError(path, text)

    def missing(self, path: Path, text: str) -> None:
        """Something is missing that in check mode may be created by an earlier task: a warning then, else an error."""
        if not self._check_mode:
            raise VnetError(path, text)
        self.warn(path, "%s (check mode: an earlier task may create it)" % text)

    def in_the_way(self, path: Path, text: str) -> None:
        """Something is there that in check mode may be removed by an earlier task: a warning then, else an error."""
        if not self._check_mode:
            raise VnetError(path, "%s; remove that first" % text)
        self.warn(path, "%s (check mode: an earlier task may remove that)" % text)

    def plan(self) -> Plan:
        """The plan so far. Routes and port states that may need a bridge to be up come after it; all else comes before, as ports
        of a bridge that is up slow down each change."""
        crossed = {link_of(step)[0] for step in self.steps.get(BRIDGE_UP, ())}
        for phase, behind in _BEHIND_BRIDGES.items() if crossed else ():
            steps = self.steps.pop(phase, [])
            self.steps[phase] = [step for step in steps if link_of(step)[0] not in crossed]
            self.steps[behind] = [step for step in steps if link_of(step)[0] in crossed]
        for phase in (ROUTE, _BRIDGE_ROUTE):  # a gateway may be reached by another route
            self.steps.get(phase, []).sort(key=_has_gateway)
        if self._position:
            for phase in (UP, BRIDGE_UP):  # a parent goes up before its uppers, ports before their bridge
                self.steps.get(phase, []).sort(key=lambda step: self._position.get(link_of(step), -1))
        if DELETE in self.steps and self.uppers:
            depths = {found.id: self._depth(found) for found in self.deleted}
            self.steps[DELETE].sort(key=lambda step: -depths.get(link_of(step), 0))
        steps = [step for phase in sorted(self.steps) for step in self.steps[phase]]
        return Plan(steps, Host(self.namespaces_after, self.links_after), self.warnings, self.ownership)

    def _depth(self, found: FoundLink) -> int:
        """How many links are below a link."""
        below: Set[LinkId] = set()
        link: Optional[FoundLink] = found
        while link and link.parent and link.parent not in below:
            below.add(link.parent)
            link = self.host.links.get(link.parent)
        return len(below)


def _has_gateway(step: Step) -> bool:
    """Whether a step adds a route over a gateway."""
    if isinstance(step, AddRoute) and step.body:
        return bool(gateway_of(step.body))
    return isinstance(step, (AddRoute, ReplaceRoute)) and bool(step.route.via or step.route.nexthops)


def needs(row: table.Attribute) -> str:
    """The end of a sentence: what a kernel needs to have the attribute."""
    return "; it needs %s in the kernel" % row.needs if row.needs else ""


def inside(netns: str) -> str:
    return " in namespace %s" % netns if netns else ""


def planned_link(kind: str, netns: str, name: str, values: Values) -> FoundLink:
    """A link that will be created. Its index is 0."""
    return FoundLink(netns, name, 0, kind, values, {}, "", None, [], [], None, None)
