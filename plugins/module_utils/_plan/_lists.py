# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses and routes."""

from __future__ import annotations

from typing import List

from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import ADDRESS, IS_UP, ROUTE, UNROUTE, Draft
from ansible_collections.nfv.vnet.plugins.module_utils._resources import KERNEL_OWNED, Address, Link, Route


def plan_addresses(draft: Draft, wanted: Link, current: List[Address]) -> List[Address]:
    """Plans the addresses and returns those that will be there."""
    wished = {address.key: address for address in wanted.addresses or []}
    locals6 = {address.local for address in wished.values() if address.ipv6}
    going: List[Address] = []
    for address in current:
        if address.key in wished:
            continue
        ours = not (address.dynamic or address.link_local or address.key in KERNEL_OWNED)
        if (wanted.purge_addresses and ours) or address.local in locals6:
            going.append(address)
    for address in list(going):
        if any(other.dynamic and _secondary(other, address) for other in current):
            going.remove(address)
            draft.warnings.append("%s: %s stays, as a dynamic address of its network would go with it" % (wanted.where, str(address)))
    staying = [address for address in current if address not in going]
    there = {address.key for address in staying if not address.dynamic and not any(_secondary(address, primary) for primary in going)}
    coming = [address for address in wished.values() if address.key not in there]
    # new ones first: the last address of a link takes routes with it. But not where they would go with an old one
    late = [address for address in coming if any(_secondary(address, old) or (address.ipv6 and address.local == old.local) for old in going)]
    for address in coming:
        if address not in late:
            # the kernel forgets the route to an IPv6 peer when the link goes up
            phase = IS_UP if address.ipv6 and address.peer else ADDRESS
            draft.add(phase, "address add", wanted.netns, wanted.name, address)
    for address in reversed(going):  # secondary ones first: they go with their primary one
        draft.add(ADDRESS, "address delete", wanted.netns, wanted.name, old=address)
    for address in late:
        draft.add(ADDRESS, "address add", wanted.netns, wanted.name, address)
    kept = [address for address in staying if not (address.dynamic and address.key in wished)]
    keys = {address.key for address in kept}
    return kept + [address for address in wished.values() if address.key not in keys]


def plan_routes(draft: Draft, netns: str, wished: List[Route], current: List[Route], purge: bool, of_link: bool) -> List[Route]:
    """Plans routes and returns those that will be there."""
    missing = [route for route in wished if not any(route.satisfied_by(other) for other in current)]
    keys = {route.key for route in wished}
    replaced = {route.key: route for route in current if route.key in {other.key for other in missing}}
    purged = [route for route in current if purge and route.key not in keys and (of_link or not route.dev)]
    # IPv6 has several routes of one key, and would replace any of them
    for route in purged + [route for route in replaced.values() if route.ipv6]:
        draft.add(UNROUTE, "route delete", netns, route.dev, old=route)
    for route in missing:
        old = None if route.ipv6 else replaced.get(route.key)
        draft.add(ROUTE, "route replace" if old else "route add", netns, route.dev, route, old)
    return [route for route in current if route not in purged and route.key not in replaced] + missing


def _secondary(address: Address, primary: Address) -> bool:
    """Whether the kernel drops the first when the second goes: both IPv4, in one network (without promote_secondaries)."""
    if address.ipv6 or primary.ipv6 or address.prefix != primary.prefix:
        return False
    return _network(address) == _network(primary)


def _network(address: Address) -> int:
    number = 0
    for part in (address.peer or address.local).split("."):
        number = number << 8 | int(part)
    return number >> (32 - address.prefix)
