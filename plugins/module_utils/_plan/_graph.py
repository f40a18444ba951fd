# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order in which links are created, and in which they go up."""

from __future__ import annotations

from typing import Callable, Dict, Iterator, List, Set

from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import LOOPBACK, has_ports, kind_of
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Link, LinkId

Wanted = Dict[LinkId, Link]
Parents = Dict[LinkId, LinkId]
"""The parent of each link, wanted or found."""


def creation_order(wanted: Wanted, parents: Parents) -> List[Link]:
    """The links, each after its parent, and after its bridge, bond or VRF, so that it can be created as a port, and learns if that is replaced.

    The far end of a veth pair comes after the near one, with which it is created.
    """
    if not parents:  # the common case, and a thousand links long
        return sorted(wanted.values(), key=lambda link: 0 if link.kind == LOOPBACK else 1 if has_ports(link.kind) else 2)

    def needed(link: Link) -> Iterator[LinkId]:
        if link.is_peer and link.peer:
            yield link.peer
        if link.id in parents:
            yield parents[link.id]
        master = wanted.get((link.netns, link.master)) if link.master else None
        if master and has_ports(master.kind):
            yield master.id

    return _ordered(wanted, needed)


def bring_up_order(wanted: Wanted, parents: Parents) -> List[Link]:
    """The links, each after its parent, and a bridge after its ports: adding a port to a bridge that is up costs twice as much."""
    ports: Dict[LinkId, List[LinkId]] = {}
    for link in wanted.values():
        bridge = wanted.get((link.netns, link.master)) if link.master else None
        if bridge and kind_of(bridge.kind).is_bridge:
            ports.setdefault(bridge.id, []).append(link.id)
        for name in link.ports or ():
            port = wanted.get((link.netns, name))
            if port and not kind_of(port.kind).is_bridge:
                ports.setdefault(link.id, []).append(port.id)

    def needed(link: Link) -> Iterator[LinkId]:
        if link.id in parents:
            yield parents[link.id]
        yield from ports.get(link.id, ())

    return _ordered(wanted, needed)


def uppers_of_bridges(order: List[Link], parents: Parents) -> Set[LinkId]:
    """The links above a bridge. C(order) has parents before their uppers."""
    found: Set[LinkId] = set()
    bridges = {link.id for link in order if kind_of(link.kind).is_bridge}
    for link in order:
        if parents.get(link.id) in bridges or parents.get(link.id) in found:
            found.add(link.id)
    return found


def _ordered(wanted: Wanted, needed: Callable[[Link], Iterator[LinkId]]) -> List[Link]:
    """The links in an order in which each comes after those that it needs. VnetError if they need each other."""
    ordered: Wanted = {}
    for first in wanted.values():
        path: Dict[LinkId, Iterator[LinkId]] = {first.id: needed(first)}
        while path:
            key, others = next(reversed(path.items()))
            other = next((other for other in others if other in wanted and other not in ordered), None)
            if other is None:
                ordered.setdefault(key, wanted[key])
                del path[key]
            elif other in path:
                ring = list(path)[list(path).index(other) :]
                _refuse([wanted[link] for link in ring])
            else:
                path[other] = needed(wanted[other])
    return list(ordered.values())


def _refuse(ring: List[Link]) -> None:
    """Raises VnetError that names the links."""
    link = next((link for link in ring if link.parent), ring[0])
    names = [other.name for other in (*ring, ring[0])]
    raise VnetError((*link.path, kind_of(link.kind).parent), "these links would be on top of each other: %s" % ", ".join(names))
