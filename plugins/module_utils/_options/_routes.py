# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns the parameters of routes into records: ip-route(8)."""

from __future__ import annotations

import socket
from typing import Dict, List, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path, VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._options._addresses import address_bits, check_host_bits, ip_address, ip_prefix
from ansible_collections.nfv.vnet.plugins.module_utils._options._checks import check_link_name
from ansible_collections.nfv.vnet.plugins.module_utils._options._option import Params
from ansible_collections.nfv.vnet.plugins.module_utils._options._words import protocol_of, scope_of, table_of
from ansible_collections.nfv.vnet.plugins.module_utils._resources import OWN_TABLE, NextHop, Route, RouteKey

_HIGHEST_ROUTE_MTU = 65535 - 15
"""C(net/ipv4/metrics.c) and C(net/ipv6/route.c) take no more."""


def routes_of(routes: Optional[List[Params]], path: Path, dev: str = "") -> Optional[List[Route]]:
    """Routes, None if they are not given. C(dev): the link that all of them are through."""
    if routes is None:
        return None
    found: Dict[RouteKey, Route] = {}
    for number, params in enumerate(routes):
        route = _route(params, (*path, "routes", number), dev)
        _check_next_hop(route, (*path, "routes", number))
        if found.get(route.key, route) != route:
            raise VnetError((*path, "routes", number), "%s is listed twice with the same table and metric; use another metric" % route.to)
        found[route.key] = route
    return list(found.values())


def _route(params: Params, path: Path, dev: str) -> Route:
    family, via = ip_address(params["via"], (*path, "via")) if params["via"] else (None, "")
    to, length = params["to"], None
    if to == "default":
        hop = next((hop["via"] for hop in params.get("nexthops") or () if hop.get("via")), "")
        family = family or (ip_address(hop, (*path, "nexthops"))[0] if hop else socket.AF_INET)
        to, length = ("0.0.0.0" if family == socket.AF_INET else "::"), 0
    else:
        to_family, to, length = ip_prefix(to, (*path, "to"))
        if family not in (None, to_family):
            raise VnetError(path, "to %s and via %s are of different address families" % (params["to"], via))
        family = to_family
        check_host_bits(family, to, length, (*path, "to"))
    src = ""
    if params["src"]:
        src_family, src = ip_address(params["src"], (*path, "src"))
        if src_family != family:
            raise VnetError(path, "to %s and src %s are of different address families" % (params["to"], src))
    scope = scope_of(params["scope"], (*path, "scope")) if params["scope"] else ""
    if params["scope"] and family == socket.AF_INET6:
        raise VnetError((*path, "scope"), "IPv6 routes have no scope; leave it out")
    if via and scope in ("link", "host", "nowhere"):
        raise VnetError((*path, "scope"), "a route with a gateway cannot have the scope %s; leave scope out" % scope)
    if params["metric"] is not None and not 0 <= params["metric"] < 2**32:
        raise VnetError((*path, "metric"), "%d is out of range (0 to 4294967295)" % params["metric"])
    if params.get("dev"):
        check_link_name(params["dev"], (*path, "dev"))
    metric = params["metric"] or (1024 if family == socket.AF_INET6 else 0)
    kind = params.get("type") or "unicast"
    return Route(
        "%s/%d" % (to, address_bits(family) if length is None else length),
        table_of(params["table"], (*path, "table")) if params["table"] is not None else OWN_TABLE,
        metric,
        kind,
        dev or params.get("dev") or "",
        via,
        src,
        scope,
        params["onlink"],
        protocol_of(params["protocol"], (*path, "protocol")) if params["protocol"] else "",
        _route_mtu(params["mtu"], (*path, "mtu")),
        _preference(params["preference"], family, (*path, "preference")),
        _nexthops(params.get("nexthops"), family, path),
    )


def _route_mtu(mtu: Optional[int], path: Path) -> Optional[int]:
    if mtu is not None and not 0 <= mtu <= _HIGHEST_ROUTE_MTU:
        raise VnetError(path, "%d is out of range (0 to %d)" % (mtu, _HIGHEST_ROUTE_MTU))
    return mtu


def _preference(text: Optional[str], family: Optional[int], path: Path) -> str:
    if text and family == socket.AF_INET:
        raise VnetError(path, "IPv4 routes have no preference; use metric")
    return text or ""


def _nexthops(given: Optional[List[Params]], family: Optional[int], path: Path) -> Tuple[NextHop, ...]:
    """Several next hops; one is that of the route itself."""
    hops: List[NextHop] = []
    for number, params in enumerate(given or ()):
        place = (*path, "nexthops", number)
        via_family, via = ip_address(params["via"], (*place, "via")) if params["via"] else (family, "")
        weight = params["weight"] if params["weight"] is not None else 1
        if via_family != family:
            raise VnetError((*place, "via"), "%s is not of the address family of the route" % via)
        if not 1 <= weight <= 256:
            raise VnetError((*place, "weight"), "%d is out of range (1 to 256)" % weight)
        if params["dev"]:
            check_link_name(params["dev"], (*place, "dev"))
        elif not via:
            raise VnetError(place, "set via or dev")
        hops.append(NextHop(via, params["dev"] or "", weight, bool(params["onlink"])))
    if len(hops) == 1:
        raise VnetError((*path, "nexthops"), "a route with one next hop has via or dev")
    return tuple(hops)


def _check_next_hop(route: Route, path: Path) -> None:
    if route.nexthops and (route.dev or route.via or route.onlink is not None):
        raise VnetError((*path, "nexthops"), "they are in place of via, dev and onlink; leave these out")
    if route.type == "unicast" and not (route.dev or route.via or route.nexthops):
        raise VnetError(path, "%s has no next hop; set via or dev, or another type" % route.to)
    if route.type != "unicast" and (route.dev or route.via or route.nexthops):
        raise VnetError(path, "a %s route has no next hop; leave via and dev out" % route.type)
