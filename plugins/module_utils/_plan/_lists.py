# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses and routes."""

from __future__ import annotations

from typing import Dict, Iterable, List, Optional, Set

from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import ADDRESS, AFTER_UP, DELETE_ROUTES, ROUTE, Draft
from ansible_collections.nfv.vnet.plugins.module_utils._resources import ADDRESS_FLAGS, KERNEL_ADDRESSES, Address, AddressKey, Link, Route, RouteKey
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    AddAddress,
    AddRoute,
    DeleteAddress,
    DeleteRoute,
    ReplaceRoute,
)
from ansible_collections.nfv.vnet.plugins.module_utils._values import AUTOMATIC


def plan_addresses(draft: Draft, wanted: Link, current: List[Address]) -> List[Address]:
    """Plans the addresses; returns those that will be there."""
    wanted_by_key = {address.key: address for address in wanted.addresses or []}
    locals6 = {address.local for address in wanted_by_key.values() if address.ipv6}
    with_dynamic = {address.network for address in current if address.dynamic and not address.ipv6}
    deleted: Dict[AddressKey, Address] = {}
    refreshed: List[Address] = []
    for address in current:
        wanted_one = wanted_by_key.get(address.key)
        if wanted_one is not None and (address.dynamic or wanted_one.satisfied_by(address)):
            continue
        if wanted_one is not None and wanted_one._replace(metric=None).satisfied_by(address):
            refreshed.append(_merged(wanted_one, address))
            continue
        ours = not (address.dynamic or address.link_local or address.multicast or address.key in KERNEL_ADDRESSES)
        if not ((wanted.purge_addresses and ours) or address.local in locals6 or wanted_one is not None):
            continue
        if not address.ipv6 and address.network in with_dynamic:
            draft.warn((*wanted.path, "addresses"), "%s is kept, as the kernel would delete a dynamic address of the same network with it" % address.itself)
        else:
            deleted[address.key] = address
    networks = {address.network for address in deleted.values() if not address.ipv6}
    gone6 = {address.local for address in deleted.values() if address.ipv6}
    staying = [address for address in current if address.key not in deleted]
    there = {address.key for address in staying if (address.ipv6 or address.network not in networks)}
    dropped = [address for address in staying if address.key not in there and address.key not in wanted_by_key]  # with the primary one of their network
    there_before = {address.key: address for address in current}
    added = [_merged(address, there_before.get(address.key)) for address in wanted_by_key.values() if address.key not in there]
    added += dropped
    # New addresses first, as the kernel drops the routes of a link with its last address; but not if they would be deleted with an old one.
    late = [address for address in added if (address.local in gone6 if address.ipv6 else address.network in networks)]
    late_keys = {address.key for address in late}
    bodies: Dict[AddressKey, str] = {}
    on_ports = _addresses_of_ports(draft, wanted)
    moving = [*added, *(address for key, address in wanted_by_key.items() if key in there & on_ports)]
    if moving and draft.bridge_below(wanted):
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._takeover import bodies_on_ports, take_addresses

        bodies = bodies_on_ports(draft, wanted, moving)
    for address in added:
        if address.key not in late_keys:
            # the kernel drops the route to an IPv6 peer when the link goes up
            phase = AFTER_UP if address.ipv6 and address.peer else ADDRESS
            draft.add(phase, AddAddress(wanted.netns, wanted.name, address, bodies.get(address.key, "")))
    for address in reversed(list(deleted.values())):  # secondary addresses first: the kernel deletes them with their primary one
        draft.add(ADDRESS, DeleteAddress(wanted.netns, wanted.name, address))
    for address in [*late, *refreshed]:
        draft.add(ADDRESS, AddAddress(wanted.netns, wanted.name, address, bodies.get(address.key, "")))
    if bodies:
        take_addresses(draft, wanted, moving)
    new = {address.key: address for address in [*added, *refreshed]}
    return [new.pop(address.key, address) for address in staying] + list(new.values())


def _addresses_of_ports(draft: Draft, wanted: Link) -> Set[AddressKey]:
    """The addresses that the declared ports below a link have by now, as those of a run that was killed."""
    bridge = draft.bridge_below(wanted)
    ports = [port for port in draft.ports(bridge.id) if port.id in draft.wanted] if bridge else []
    return {address.key for port in ports for address in port.addresses}


def _merged(wanted: Address, found: Optional[Address]) -> Address:
    """A wanted address with what it has and nobody wants to change."""
    if not found:
        return wanted
    return wanted._replace(
        broadcast=wanted.broadcast or found.broadcast,
        label=wanted.label or found.label,
        scope=wanted.scope or found.scope,
        metric=found.metric if wanted.metric is None else wanted.metric,
        nodad=wanted.nodad or found.nodad,
        flags=tuple(word for word in ADDRESS_FLAGS if word in (*wanted.flags, *found.flags)),
    )


def plan_routes(
    draft: Draft, netns: str, wanted: List[Route], current: List[Route], purge: bool, link: Optional[Link] = None, added: Iterable[Route] = ()
) -> List[Route]:
    """Plans routes of a link or a namespace; returns those that will be there. C(added): those that go if they are not wanted any more."""
    there: Dict[RouteKey, List[Route]] = {}
    for route in current:
        there.setdefault(route.key, []).append(route)
    missing = [route for route in wanted if not any(route.satisfied_by(other) for other in there.get(route.key, ()))]
    replaced = {route.key: there[route.key][-1] for route in missing if route.key in there}
    kept = {route.key for route in wanted}
    of_namespace = draft.routes_of_namespaces.get(netns, ()) if link else ()
    others = [route for route in current if route.key not in kept and not any(one.satisfied_by(route) for one in of_namespace)]
    purged = [route for route in others if (purge and (link or not route.dev)) or any(one.satisfied_by(route) for one in added)]
    # IPv6 may have several routes with one key, and would replace any of them
    for route in purged + [route for route in replaced.values() if route.ipv6]:
        draft.add(DELETE_ROUTES, DeleteRoute(netns, route))
    missing = [merged_route(route, replaced.get(route.key)) for route in missing]
    for route in missing:
        old = None if route.ipv6 else replaced.get(route.key)
        draft.add(ROUTE, ReplaceRoute(netns, route, old) if old else AddRoute(netns, route))
    if missing and link and draft.bridge_below(link):
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._takeover import take_routes

        take_routes(draft, link, missing)
    gone = set(purged)
    return [route for route in current if route not in gone and route.key not in replaced] + missing


def merged_route(wanted: Route, found: Optional[Route]) -> Route:
    """A wanted route with what the one that it replaces has and nobody wants to change."""
    if not found or found.type != wanted.type:
        return wanted
    same_way = wanted.via == found.via and not wanted.nexthops
    return wanted._replace(
        src=wanted.src or found.src,
        scope=wanted.scope or (found.scope if bool(wanted.via) == bool(found.via) and not wanted.nexthops else ""),
        onlink=wanted.onlink if wanted.onlink is not None or not same_way else found.onlink,
        mtu=found.mtu if wanted.mtu is None else wanted.mtu,
        protocol=wanted.protocol or ("" if found.protocol in (*AUTOMATIC, "boot") else found.protocol),
        preference=wanted.preference or found.preference,
    )
