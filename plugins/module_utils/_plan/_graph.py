# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which link needs which other one: to be made, and to go up."""

from __future__ import annotations

from typing import Callable, Dict, Iterator, List, Set

from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import is_bridge, parent_of
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Link, LinkId

Wanted = Dict[LinkId, Link]
Parents = Dict[LinkId, LinkId]
"""The link that each link stands on, or is to stand on."""


def creation_order(wanted: Wanted, parents: Parents) -> List[Link]:
    """The links, each behind its parent, without which it cannot be made, and behind its bridge, as it may be made as a port of that.

    The far end of a cable comes behind the near one, with which it is made.
    """
    if not parents:  # the common case, of which a thousand links are planned
        return sorted(wanted.values(), key=lambda link: not is_bridge(link.kind))

    def needed(link: Link) -> Iterator[LinkId]:
        if link.is_peer and link.peer:
            yield link.peer
        if link.id in parents:
            yield parents[link.id]
        bridge = wanted.get((link.netns, link.master)) if link.master else None
        if bridge and is_bridge(bridge.kind):
            yield bridge.id

    return _ordered(wanted, needed)


def order_of_going_up(wanted: Wanted, parents: Parents) -> List[Link]:
    """The links, each behind its parent, and a bridge behind its ports: each port of a bridge that is up costs twice as much."""
    ports: Dict[LinkId, List[LinkId]] = {}
    for link in wanted.values():
        bridge = wanted.get((link.netns, link.master)) if link.master else None
        if bridge and is_bridge(bridge.kind):
            ports.setdefault(bridge.id, []).append(link.id)
        for name in link.ports or ():
            port = wanted.get((link.netns, name))
            if port and not is_bridge(port.kind):
                ports.setdefault(link.id, []).append(port.id)

    def needed(link: Link) -> Iterator[LinkId]:
        if link.id in parents:
            yield parents[link.id]
        yield from ports.get(link.id, ())

    return _ordered(wanted, needed)


def standing_on_bridges(order: List[Link], parents: Parents) -> Set[LinkId]:
    """Of links in an order in which parents come first, those that stand on a bridge, or on a link that does."""
    found: Set[LinkId] = set()
    bridges = {link.id for link in order if is_bridge(link.kind)}
    for link in order:
        if parents.get(link.id) in bridges or parents.get(link.id) in found:
            found.add(link.id)
    return found


def _ordered(wanted: Wanted, needed: Callable[[Link], Iterator[LinkId]]) -> List[Link]:
    """The links, each behind those that it needs. VnetError where they need each other."""
    ordered: Wanted = {}
    for first in wanted.values():
        way: Dict[LinkId, Iterator[LinkId]] = {first.id: needed(first)}
        while way:
            key, others = next(reversed(way.items()))
            other = next((other for other in others if other in wanted and other not in ordered), None)
            if other is None:
                ordered.setdefault(key, wanted[key])
                del way[key]
            elif other in way:
                ring = list(way)[list(way).index(other) :]
                _refuse([wanted[link] for link in ring])
            else:
                way[other] = needed(wanted[other])
    return list(ordered.values())


def _refuse(ring: List[Link]) -> None:
    """Names the links that need each other."""
    link = next((link for link in ring if link.parent), ring[0])
    names = [other.name for other in (*ring, ring[0])]
    raise VnetError((*link.path, parent_of(link.kind)), "these links would stand on each other: %s" % ", ".join(names))
