# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv4 routes whose source address goes: the kernel drops them with it (fib_sync_down_addr in net/ipv4/fib_semantics.c)."""

from __future__ import annotations

from typing import Dict, Iterable, List, Set

from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import ROUTE, Draft
from ansible_collections.nfv.vnet.plugins.module_utils._plan._lists import merged_route
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, Route
from ansible_collections.nfv.vnet.plugins.module_utils._steps import DeleteAddress, DeleteLink, ReplaceRoute, link_of


def plan_lost_sources(draft: Draft) -> None:
    """Plans to have the declared ones without the source address that they had."""
    changed = {link_of(step)[0] for steps in draft.steps.values() for step in steps if isinstance(step, (DeleteAddress, DeleteLink))}
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
