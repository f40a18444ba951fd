# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes to be added again: IPv4 routes whose source address goes (fib_sync_down_addr in net/ipv4/fib_semantics.c), and those in whose place others were."""

from __future__ import annotations

from typing import Dict, Iterable, List, Optional, Set

from ansible_collections.nfv.vnet.plugins.module_utils._bodies import device_of, gateway_of, is_onlink, partial_route
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import has_table_of_ports
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import ROUTE, Draft
from ansible_collections.nfv.vnet.plugins.module_utils._plan._lists import merged_route
from ansible_collections.nfv.vnet.plugins.module_utils._plan._simulation import contains
from ansible_collections.nfv.vnet.plugins.module_utils._resources import REFUSING, FoundLink, Route, added_routes, routes_before
from ansible_collections.nfv.vnet.plugins.module_utils._steps import AddRoute, DeleteAddress, DeleteLink, MoveLink, ReplaceRoute, link_of


def plan_lost_sources(draft: Draft) -> None:
    """Plans to add declared routes again whose source address goes. It is not declared, so they are added without it."""
    changed = {link_of(step)[0] for steps in draft.steps.values() for step in steps if isinstance(step, (DeleteAddress, DeleteLink, MoveLink))}
    before, after = _local_addresses(draft.host.links.values(), changed), _local_addresses(draft.links_after.values(), changed)
    gone = {netns: addresses - after.get(netns, set()) for netns, addresses in before.items()}
    for link in draft.layout.links:
        found = draft.links_after.get(link.id)
        if gone.get(link.netns) and link.routes is not None and found:
            draft.links_after[link.id] = found._replace(routes=_without(draft, link.netns, gone[link.netns], link.routes, found.routes or []))
    for namespace in draft.layout.namespaces:
        there = draft.namespaces_after.get(namespace.name)
        if gone.get(namespace.name) and namespace.routes is not None and there:
            routes = _without(draft, namespace.name, gone[namespace.name], namespace.routes, there.routes or [])
            draft.namespaces_after[namespace.name] = there._replace(routes=routes)


def plan_routes_again(draft: Draft) -> None:
    """Plans to add the routes of namespaces again in whose place the layout had put others that are not declared any more."""
    for namespace in draft.layout.namespaces:
        original, after = draft.original((namespace.name, "lo")), draft.namespaces_after.get(namespace.name)
        if namespace.routes is None or namespace.purge_routes or not original or not after:
            continue
        declared = [route for link in draft.layout.links if link.netns == namespace.name for route in link.routes or ()]
        taken = {route.key for route in [*namespace.routes, *declared, *(after.routes or ())]}
        released = {route.key for route in added_routes(original)} - taken
        replaced = {route.key for route in draft.host.namespaces[namespace.name].routes or ()} & released
        for body in routes_before(original):
            route = partial_route(body)
            dev = _device_for(draft, namespace.name, body, route.key in replaced) if route.key in released else None
            if dev is not None:
                draft.add(ROUTE, AddRoute(namespace.name, route._replace(dev=dev), body))
                draft.namespaces_after[namespace.name] = after = after._replace(routes=[*(after.routes or ()), route._replace(dev=dev)])


def _device_for(draft: Draft, netns: str, body: str, is_replaced: bool) -> Optional[str]:
    """The link that a route goes through, '' for none or several; None if that cannot have the route any more.

    C(is_replaced): another one is in its place so far. Else it is not known whether it can be there again.
    """
    if not device_of(body):
        return "" if is_replaced or partial_route(body).type in REFUSING else None
    found = next((link for link in draft.links_in(netns) if link.ifindex == device_of(body)), None)
    after = draft.links_after.get(found.id) if found else None
    if not found or not after or not after.values.get("up") or (after.master and not has_table_of_ports(_kind_of_master(draft, after))):
        return None
    if is_replaced and found.addresses == after.addresses:
        return after.name
    gateway = gateway_of(body)
    networks = [(address.peer or address.local, address.prefix) for address in after.addresses if address.ipv6 == (":" in gateway)]
    is_reached = not gateway or gateway.startswith("fe80:") or is_onlink(body) or any(contains(*network, gateway) for network in networks)
    return after.name if is_reached else None


def _kind_of_master(draft: Draft, port: FoundLink) -> str:
    master = draft.links_after.get((port.netns, port.master))
    return master.kind if master else ""


def _local_addresses(links: Iterable[FoundLink], namespaces: Set[str]) -> Dict[str, Set[str]]:
    """The IPv4 addresses of these namespaces."""
    found: Dict[str, Set[str]] = {}
    for link in links:
        if link.netns in namespaces:
            found.setdefault(link.netns, set()).update(address.local for address in link.addresses if not address.ipv6)
    return found


def _without(draft: Draft, netns: str, gone: Set[str], wanted: List[Route], routes: List[Route]) -> List[Route]:
    """The routes that will be there."""
    left = []
    for route in routes:
        if route.ipv6 or route.src not in gone:
            left.append(route)
            continue
        for declared in wanted:
            if declared.key == route.key and not declared.src:
                again = merged_route(declared, route)._replace(src="")
                _replace(draft, netns, route, again)
                left.append(again)
    return left


def _replace(draft: Draft, netns: str, old: Route, new: Route) -> None:
    """Plans to replace a route. One that is gone by then is added."""
    steps = draft.steps.setdefault(ROUTE, [])
    steps[:] = [step for step in steps if not (isinstance(step, ReplaceRoute) and step.netns == netns and step.route.key == old.key)]
    steps.append(ReplaceRoute(netns, new, old))
