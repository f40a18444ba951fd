# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan in the making: what is wanted, what is there, and the steps so far."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cached_property
from typing import Callable, Dict, Iterator, List, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _marks
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Message, Path, VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._resources import (
    FoundLink,
    FoundNamespace,
    Host,
    Layout,
    Link,
    LinkId,
    Mark,
    Values,
)
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    Plan,
    Step,
    link_of,
)

IPV6_MTU = 1280
"""The smallest MTU with which a link has IPv6 (RFC 8200)."""
# The order of the steps. What cannot be taken back comes late, deletions last.
CLAIM, NAMESPACE, NSID, AWAY, MAKE, SET, JOIN, PORTS_ARE_IN, UNROUTE = range(9)
ADDRESS, UP, IS_UP, ROUTE, BRIDGE_UP, _BRIDGE_IS_UP, _BRIDGE_ROUTE, AGAIN, LATE, DELETE, DELETE_NAMESPACE = range(9, 20)
_BEHIND_BRIDGES = {IS_UP: _BRIDGE_IS_UP, ROUTE: _BRIDGE_ROUTE}


class Draft:
    """The rooms of the plan write into it, one after the other."""

    def __init__(self, layout: Layout, host: Host, checking: bool, plan: Callable[[Layout, Host], Plan]) -> None:
        self.layout = layout
        self.plan_of = plan
        """Plans another layout, such as that of a link that must be made again."""
        self.host = host
        self.wanted: Dict[LinkId, Link] = {link.id: link for link in layout.links}
        self.links: List[Link] = layout.links
        """The links in the order in which they can be made."""
        self.on_bridges: Set[LinkId] = set()
        """The links that stand on a bridge, or on a link that does."""
        self._position: Dict[LinkId, int] = {}
        """When each link goes up, if that matters."""
        if layout.name:  # a single resource needs no order
            from ansible_collections.nfv.vnet.plugins.module_utils._plan._graph import creation_order, order_of_going_up, standing_on_bridges

            there = ((link.id, link.parent or (host.links[link.id].parent if link.id in host.links else None)) for link in layout.links)
            parents = {key: parent for key, parent in there if parent}
            self.links = creation_order(self.wanted, parents)
            if parents:
                rising = order_of_going_up(self.wanted, parents)
                self._position = {link.id: number for number, link in enumerate(rising)}
                self.on_bridges = standing_on_bridges(rising, parents)
        self.namespaces: Dict[str, FoundNamespace] = dict(host.namespaces)
        self.found: Dict[LinkId, FoundLink] = dict(host.links)
        """What is there, changed to what will be there as the steps are planned."""
        self.steps: Dict[int, List[Step]] = {}
        self.far_ends: Set[LinkId] = set()
        """The ends of cables that were planned with the other end."""
        self.born: Dict[str, str] = {}
        """The namespaces that will be made, and what lies in the place of their names."""
        self.rising: Set[LinkId] = set()
        """The links that will be brought up."""
        self.shaken: Set[LinkId] = set()
        """The bridges that get or lose ports."""
        self.removed: Set[LinkId] = set()
        """The links that will be deleted, by the names that they had."""
        self.leaving: List[FoundLink] = []
        """The same as they are then, and the other ends of cables, which go with them."""
        self.along: List[FoundLink] = []
        """Links that go with the one that they stand on, and are made again on the new one: nobody declares them."""
        self.fallen: Dict[LinkId, FoundLink] = {}
        """Links that go so, and are declared."""
        self.mtus: Dict[LinkId, Optional[int]] = {}
        """What parents can carry."""
        self.alike_there: Optional[Dict[Tuple[object, ...], FoundLink]] = None
        """Links that are there by what no two have in common; None until somebody asks."""
        self.alike_wanted: Optional[Dict[Tuple[object, ...], Link]] = None
        """The same of links that will be made."""
        self.released: List[Link] = []
        """Links that a layout gives back, as they were before."""
        self.warnings: List[Message] = []
        self._checking = checking

    def owns(self, found: FoundLink) -> bool:
        """Whether the layout made the link, or was about to mark it when it was cut off."""
        if not self.layout.name:
            return False
        if found.mark:
            return found.mark == Mark(self.layout.name)
        return bool(found.values.get("link_group") == _marks.unfinished(self.layout.name))

    @cached_property
    def standing(self) -> Dict[LinkId, List[FoundLink]]:
        """The links that stand on each other link."""
        found: Dict[LinkId, List[FoundLink]] = {}
        for link in self.host.links.values():
            if link.parent:
                found.setdefault(link.parent, []).append(link)
        return found

    def add(self, phase: int, step: Step) -> None:
        self.steps.setdefault(phase, []).append(step)

    def warn(self, path: Path, text: str) -> None:
        self.warnings.append(Message(path, text))

    @contextmanager
    def restoring(self, link: Link) -> Iterator[None]:
        """Names a link that is not declared any more in what is said of it: no option of the task is about it."""
        name = "%s%s" % (link.name, inside(link.netns))
        earlier = len(self.warnings)
        try:
            yield
        except VnetError as error:
            raise VnetError((), "%s: %s" % (name, error), error.errno) from None
        self.warnings[earlier:] = [Message((), "%s: %s" % (name, warning)) for warning in self.warnings[earlier:]]

    def refuse(self, path: Path, text: str) -> None:
        raise VnetError(path, text)

    def missing(self, path: Path, text: str) -> None:
        """What an earlier task may be about to make is a warning in check mode."""
        if not self._checking:
            raise VnetError(path, text)
        self.warn(path, "%s (in check mode: it may be what an earlier task makes)" % text)

    def plan(self) -> Plan:
        """What may need a bridge that is up waits for it; all else comes before, as its ports then begin to talk to each other."""
        crossed = {link_of(step)[0] for step in self.steps.get(BRIDGE_UP, ())}
        for phase, behind in _BEHIND_BRIDGES.items() if crossed else ():
            steps = self.steps.pop(phase, [])
            self.steps[phase] = [step for step in steps if link_of(step)[0] not in crossed]
            self.steps[behind] = [step for step in steps if link_of(step)[0] in crossed]
        if self._position:
            for phase in (UP, BRIDGE_UP):  # a parent goes up before what stands on it, ports before their bridge
                self.steps.get(phase, []).sort(key=lambda step: self._position.get(link_of(step), -1))
        if DELETE in self.steps and self.standing:
            depths = {found.id: self._depth(found) for found in self.leaving}
            self.steps[DELETE].sort(key=lambda step: -depths.get(link_of(step), 0))
        steps = [step for phase in sorted(self.steps) for step in self.steps[phase]]
        return Plan(steps, Host(self.namespaces, self.found), self.warnings)

    def _depth(self, found: FoundLink) -> int:
        """How many links a link stands on, one on the other."""
        below: Set[LinkId] = set()
        link: Optional[FoundLink] = found
        while link and link.parent and link.parent not in below:
            below.add(link.parent)
            link = self.host.links.get(link.parent)
        return len(below)


def needs(row: table.Attribute) -> str:
    """What a kernel that lacks the attribute would need, as the end of a sentence."""
    return "; it needs %s in the kernel" % row.needs if row.needs else ""


def inside(netns: str) -> str:
    return " in namespace %s" % netns if netns else ""


def blank(kind: str, netns: str, name: str, values: Values) -> FoundLink:
    """A link that will be made: its index is 0."""
    return FoundLink(netns, name, 0, kind, values, {}, "", None, [], [], None, None)
