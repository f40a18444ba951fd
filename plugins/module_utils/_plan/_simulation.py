# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of the addresses and routes of a namespace when the steps of a plan run, with what the kernel drops beside.

Sources: net/ipv4/fib_frontend.c (fib_del_ifaddr, fib_disable_ip), net/ipv6/addrconf.c (addrconf_notify, addrconf_ifdown).
"""

from __future__ import annotations

import ipaddress
from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._plan._ipv6 import ends_ipv6
from ansible_collections.nfv.vnet.plugins.module_utils._resources import MAIN_TABLE, Address, FoundLink, Route
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    AddAddress,
    AddRoute,
    CreateLink,
    DeleteAddress,
    DeleteLink,
    DeleteLinks,
    DeleteRoute,
    MoveLink,
    RenameLink,
    ReplaceRoute,
    SetLink,
    SetMaster,
    Step,
    link_of,
)


class NetworkLink(NamedTuple):
    """A link with what it needs to reach others. C(routes): those that the kernel did not derive from the addresses."""

    up: bool
    is_port: bool
    """Whether it is a port of a bridge: packets to its addresses do not arrive, as the bridge takes them."""
    addresses: Tuple[Address, ...] = ()
    routes: Tuple[Route, ...] = ()


class Dropped(NamedTuple):
    """A route that the kernel drops with something else."""

    link: str
    route: Route
    reason: str
    """The end of a sentence: C(with its last address)."""


class Way(NamedTuple):
    """How an address is reached: through which link, and over which gateway ('' for none)."""

    link: str
    via: str


class Network:
    """The links of one namespace by name."""

    def __init__(self, netns: str, links: Dict[str, NetworkLink]) -> None:
        self._netns = netns
        self.links = dict(links)
        self.dropped: List[Dropped] = []

    def after(self, steps: List[Step], declared: Iterable[FoundLink]) -> Network:
        """What the network will be after these steps. C(declared): what links will be whose routes are declared, as a route that the kernel
        drops is added again then."""
        network = Network(self._netns, self.links)
        for step in steps:
            effect = _EFFECTS.get(type(step))
            if effect and (link_of(step)[0] == self._netns or isinstance(step, MoveLink)):
                effect(network, step)
        for link in declared:
            if link.name in network.links:
                there = network.links[link.name].routes
                network.change(link.name, routes=(*there, *(route for route in link.routes or () if route not in there)))
        # a route that comes back, through whichever link, is not lost
        left = {(route.to, route.table) for found in network.links.values() for route in found.routes}
        network.dropped = [lost for lost in network.dropped if (lost.route.to, lost.route.table) not in left]
        return network

    def holder(self, local: str) -> Optional[str]:
        """The link that answers to this address; None if there is none."""
        names = [name for name, link in self.links.items() if link.up and not link.is_port and any(address.local == local for address in link.addresses)]
        return names[0] if names else None

    def way_to(self, target: str) -> Optional[Way]:
        """How the kernel reaches an address; None if it does not, or over a link on which no answer arrives."""
        ways = [(length, -metric, route, name) for name, link in self.links.items() for length, metric, route in _covering(link, target)]
        if not ways:
            return None
        best = max((length, metric) for length, metric, _route, _name in ways)
        chosen = [(route, name) for length, metric, route, name in ways if (length, metric) == best]
        if any(self.links[name].is_port for _route, name in chosen):
            return None  # the kernel may choose that one
        for route, name in chosen:
            if self._is_on_link(name, route):
                return Way(name, route.via)
        return None

    def default_routes(self, ipv6: bool) -> List[Route]:
        """The default routes of the main table that work."""
        found = ((name, route) for name, link in self.links.items() for route in link.routes if link.up and not link.is_port)
        return [route for name, route in found if route.ipv6 == ipv6 and _is_default(route) and self._is_on_link(name, route)]

    def _is_on_link(self, name: str, route: Route) -> bool:
        if not route.via or route.onlink or route.via.startswith("fe80:"):
            return True
        return any(_contains(address.peer or address.local, address.prefix, route.via) for address in self.links[name].addresses)

    def change(self, name: str, **values: Any) -> None:
        if name in self.links:
            self.links[name] = self.links[name]._replace(**values)

    def remove(self, name: str) -> None:
        self.drop_routes(name, lambda _route: True, "with the link")
        self.links.pop(name, None)

    def drop_routes(self, name: str, which: Callable[[Route], bool], reason: str) -> None:
        link = self.links.get(name)
        if link:
            self.dropped += [Dropped(name, route, reason) for route in link.routes if which(route)]
            self.change(name, routes=tuple(route for route in link.routes if not which(route)))


def _is_default(route: Route) -> bool:
    return route.to.endswith("/0") and route.table == MAIN_TABLE and route.type == "unicast"


def _covering(link: NetworkLink, target: str) -> Iterator[Tuple[int, int, Route]]:
    """The routes of a link to an address, with prefix length and metric."""
    ipv6 = ":" in target
    if not link.up:
        return
    for address in link.addresses:
        if address.ipv6 == ipv6 and _contains(address.peer or address.local, address.prefix, target):
            yield address.prefix, 256 if ipv6 else 0, Route("", MAIN_TABLE, 0)
    for route in link.routes:
        to, length = route.to.split("/")
        if route.ipv6 == ipv6 and route.table == MAIN_TABLE and route.type == "unicast" and _contains(to, int(length), target):
            yield int(length), route.metric, route


def _contains(network: str, length: int, address: str) -> bool:
    return ipaddress.ip_address(address) in ipaddress.ip_network("%s/%d" % (network, length), strict=False)


def _set_link(network: Network, step: SetLink) -> None:
    link = network.links.get(step.name)
    if not link:
        return
    if step.values.get("up") is False:
        network.drop_routes(step.name, lambda _route: True, "as the link goes down")
    if step.values.get("up") is False or ends_ipv6(step.values):
        network.drop_routes(step.name, lambda route: route.ipv6, "with IPv6")
        network.change(step.name, addresses=tuple(address for address in link.addresses if not address.ipv6))
    if "up" in step.values:
        network.change(step.name, up=step.values["up"])


def _create_link(network: Network, step: CreateLink) -> None:
    network.links[step.name] = NetworkLink(False, bool(step.master))
    if step.peer and step.peer.netns == step.netns:
        network.links[step.peer.name] = NetworkLink(False, False)


def _delete_link(network: Network, step: DeleteLink) -> None:
    network.remove(step.name)


def _delete_links(network: Network, step: DeleteLinks) -> None:
    for name in step.names:
        network.remove(name)


def _rename_link(network: Network, step: RenameLink) -> None:
    link = network.links.pop(step.name, None)
    if link:
        network.links[step.new] = link._replace(routes=tuple(route._replace(dev=step.new) for route in link.routes))


def _move_link(network: Network, step: MoveLink) -> None:
    if step.netns != step.new:
        network.remove(step.name)


def _set_master(network: Network, step: SetMaster) -> None:
    network.change(step.name, is_port=bool(step.master))


def _add_address(network: Network, step: AddAddress) -> None:
    link = network.links.get(step.name)
    if link:
        network.change(step.name, addresses=(*(address for address in link.addresses if address.key != step.address.key), step.address))


def _delete_address(network: Network, step: DeleteAddress) -> None:
    link = network.links.get(step.name)
    if not link:
        return
    left = tuple(address for address in link.addresses if address.key != step.address.key)
    network.change(step.name, addresses=left)
    network.drop_routes(step.name, lambda route: route.src == step.address.local, "with its source address")
    if not step.address.ipv6 and not any(not address.ipv6 for address in left):
        network.drop_routes(step.name, lambda route: not route.ipv6, "with the last IPv4 address of the link")


def _add_route(network: Network, step: AddRoute) -> None:
    link = network.links.get(step.route.dev)
    if link:
        network.change(step.route.dev, routes=(*link.routes, step.route))


def _replace_route(network: Network, step: ReplaceRoute) -> None:
    _delete_route(network, DeleteRoute(step.netns, step.old))
    _add_route(network, AddRoute(step.netns, step.route))


def _delete_route(network: Network, step: DeleteRoute) -> None:
    link = network.links.get(step.route.dev)
    if link:
        network.change(step.route.dev, routes=tuple(route for route in link.routes if (route.key, route.via) != (step.route.key, step.route.via)))


_EFFECTS: Dict[type, Callable[[Network, Any], None]] = {
    SetLink: _set_link,
    CreateLink: _create_link,
    DeleteLink: _delete_link,
    DeleteLinks: _delete_links,
    RenameLink: _rename_link,
    MoveLink: _move_link,
    SetMaster: _set_master,
    AddAddress: _add_address,
    DeleteAddress: _delete_address,
    AddRoute: _add_route,
    ReplaceRoute: _replace_route,
    DeleteRoute: _delete_route,
}
"""What each step does to addresses and routes. All others do nothing to them."""
HARMLESS = (CreateLink, AddAddress, AddRoute)
"""Steps that take nothing away."""
