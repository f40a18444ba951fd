# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which link needs which other one: to be made, and to go up."""

from __future__ import annotations

from typing import Callable, Dict, Iterable, List, Set

from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import is_bridge, parent_of
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Link, LinkId

Wanted = Dict[LinkId, Link]


def creation_order(wanted: Wanted) -> List[Link]:
    """The links, each behind its parent, without which it cannot be made, and behind its bridge, as it may be made as a port of that."""

    def needed(link: Link) -> Iterable[LinkId]:
        return [other for other in (link.parent, (link.netns, link.master) if link.master else None) if other]

    return _ordered(wanted, needed)


def order_of_going_up(wanted: Wanted) -> List[Link]:
    """The links, each behind its parent, and a bridge behind its ports: each port of a bridge that is up costs twice as much."""
    ports: Dict[LinkId, List[LinkId]] = {}
    for link in wanted.values():
        if link.master:
            ports.setdefault((link.netns, link.master), []).append(link.id)
        for name in link.ports or ():
            port = wanted.get((link.netns, name))
            if port and not is_bridge(port.kind):
                ports.setdefault(link.id, []).append(port.id)

    def needed(link: Link) -> Iterable[LinkId]:
        return [*([link.parent] if link.parent else []), *ports.get(link.id, ())]

    return _ordered(wanted, needed)


def standing_on_bridges(order: List[Link]) -> Set[LinkId]:
    """Of links in an order in which parents come first, those that stand on a bridge, or on a link that does."""
    bridges = {link.id for link in order if is_bridge(link.kind)}
    found: Set[LinkId] = set()
    for link in order:
        if link.parent in bridges or link.parent in found:
            found.add(link.id)
    return found


def _ordered(wanted: Wanted, needed: Callable[[Link], Iterable[LinkId]]) -> List[Link]:
    """The links, each behind those that it needs. VnetError where they need each other."""
    ordered: Wanted = {}
    for first in wanted.values():
        way: Wanted = {}
        stack = [first]
        while stack:
            link = stack[-1]
            missing = () if link.id in ordered else [wanted[other] for other in needed(link) if other in wanted and other not in ordered]
            if not missing:
                ordered[link.id] = stack.pop()
                way.pop(link.id, None)
                continue
            way[link.id] = link
            if missing[0].id in way:
                _refuse(list(way.values()), missing[0])
            stack.append(missing[0])
    return list(ordered.values())


def _refuse(way: List[Link], again: Link) -> None:
    """Names the links that need each other, at one that stands on another."""
    ring = way[way.index(again) :]
    link = next(link for link in ring if link.parent)
    names = [other.name for other in (*ring, ring[0])]
    raise VnetError((*link.path, parent_of(link.kind)), "these links would stand on each other: %s" % ", ".join(names))
