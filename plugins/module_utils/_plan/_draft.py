# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan in the making: what is wanted, what is there, and the steps so far."""

from __future__ import annotations

from typing import Any, Dict, List, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, FoundNamespace, Host, Layout, Link, LinkId, Plan, Step, Values, VnetError

# The order of the steps. What cannot be taken back comes late, deletions last.
NAMESPACE, AWAY, MAKE, SET, JOIN, PORTS_ARE_IN, UNROUTE = range(7)
ADDRESS, UP, IS_UP, ROUTE, LATE, DELETE, DELETE_NAMESPACE = range(7, 14)


class Draft:
    """The rooms of the plan write into it, one after the other."""

    def __init__(self, layout: Layout, host: Host, checking: bool) -> None:
        self.layout = layout
        self.host = host
        self.wanted: Dict[LinkId, Link] = {link.id: link for link in layout.links}
        self.namespaces: Dict[str, FoundNamespace] = dict(host.namespaces)
        self.found: Dict[LinkId, FoundLink] = dict(host.links)
        """What is there, changed to what will be there as the steps are planned."""
        self.steps: Dict[int, List[Step]] = {}
        self.far_ends: Set[LinkId] = set()
        """The ends of cables that were planned with the other end."""
        self.warnings: List[str] = []
        self._checking = checking

    def add(self, phase: int, act: str, netns: str, name: str, new: Any = None, old: Any = None, restore: Tuple[Step, ...] = ()) -> None:
        self.steps.setdefault(phase, []).append(Step(act, netns, name, new, old, restore))

    def missing(self, message: str) -> None:
        """What an earlier task may be about to make is a warning in check mode."""
        if not self._checking:
            raise VnetError(message)
        self.warnings.append("%s (in check mode: it may be what an earlier task makes)" % message)

    def plan(self) -> Plan:
        steps = [step for phase in sorted(self.steps) for step in self.steps[phase]]
        return Plan(steps, Host(self.namespaces, self.found), self.warnings)


def needs(row: table.Attribute) -> str:
    """What a kernel that lacks the attribute would need, as the end of a sentence."""
    return "; it needs %s in the kernel" % row.needs if row.needs else ""


def inside(netns: str) -> str:
    return " in namespace %s" % netns if netns else ""


def blank(kind: str, netns: str, name: str, values: Values) -> FoundLink:
    """A link that will be made: its index is 0."""
    return FoundLink(netns, name, 0, kind, values, {}, "", None, [], [], None, None)
