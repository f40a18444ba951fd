# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of the addresses and routes of a namespace when the steps of a plan run, with what the kernel drops beside.

Sources: net/ipv4/fib_frontend.c (fib_del_ifaddr, fib_disable_ip), net/ipv6/addrconf.c (addrconf_notify, addrconf_ifdown),
net/8021q/vlan.c (vlan_device_event), net/bridge/br_if.c (br_mtu_auto_adjust).
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import IPV6_MTU, ends_ipv6
from ansible_collections.nfv.vnet.plugins.module_utils._bodies import gateway_of
from ansible_collections.nfv.vnet.plugins.module_utils._resources import MAIN_TABLE, REFUSING, Address, AddressKey, FoundLink, Route, RouteKey
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

_WITH_THE_LINK = "with the link"
_WITH_ITS_SOURCE = "with its source address"
_WITH_THE_LAST = "with the last IPv4 address of the link"
_DOWN = "as the link goes down"
_RESTORED = (_WITH_ITS_SOURCE, _WITH_THE_LAST)
"""When this happens, routes that the kernel still accepts are added again; also those of links on top of one that goes down for a moment."""


class NetworkLink:
    """A link with what it needs to reach others."""

    def __init__(self, up: bool = False, master: str = "", parent: str = "", mtu: int = 1500) -> None:
        self.up = up
        self.master = master
        """The bridge or bond that it is a port of, which takes packets to its addresses, or the VRF that it belongs to: services of the
        host do not answer there."""
        self.parent = parent
        self.mtu = mtu
        self.addresses: Dict[AddressKey, Address] = {}
        self.routes: Dict[Tuple[RouteKey, str], Route] = {}
        """The routes that the kernel did not derive from the addresses, by their key and gateway."""
        self.advertised: Set[Tuple[RouteKey, str]] = set()
        """Those of router advertisements, which come again."""

    @property
    def works(self) -> bool:
        return self.up and not self.master

    def copy(self) -> NetworkLink:
        other = NetworkLink(self.up, self.master, self.parent, self.mtu)
        other.addresses, other.routes, other.advertised = dict(self.addresses), dict(self.routes), set(self.advertised)
        return other

    def add_route(self, route: Route) -> None:
        self.routes[route.key, route.via] = route


class Way(NamedTuple):
    """The first step of packets: through which link, and to which address on its network."""

    link: str
    next_hop: str


class Dropped(NamedTuple):
    """A route that the kernel drops with something else."""

    link: str
    route: Route
    reason: str
    """The end of a sentence: C(with its last address)."""


class Network:
    """The links of one namespace by name."""

    def __init__(self, netns: str, links: Dict[str, NetworkLink]) -> None:
        self.netns = netns
        self.links = links
        self.dropped: List[Dropped] = []
        self.refusing: List[Route] = []
        """New routes of the main table that drop packets: C(blackhole) and the like."""
        self.parents = {link.parent for link in links.values()}
        """The names of all links that have others on top of them, or had."""

    def after(self, steps: Iterable[Step], declared: Iterable[FoundLink], removed: Iterable[str] = ()) -> Network:
        """What the network will be after these steps.

        C(declared): what links will be whose routes are declared, as a route that the kernel drops is added again then. C(removed):
        links that go with what is in other namespaces.
        """
        network = Network(self.netns, {name: link.copy() for name, link in self.links.items()})
        for step in steps:
            effect = _EFFECTS.get(type(step))
            if effect and (link_of(step)[0] == self.netns or isinstance(step, MoveLink)):
                effect(network, step)
        for name in removed:
            network.remove(name)
        for link in declared:
            for route in link.routes or () if link.name in network.links else ():
                network.links[link.name].add_route(route)
        network.restore_dropped()
        # a route that comes back, through whichever link, is not lost
        left = {route.key for found in network.links.values() for route in found.routes.values()}
        network.dropped = [lost for lost in network.dropped if lost.route.key not in left]
        return network

    def answers(self, local: str, zone: str = "") -> bool:
        """Whether a link answers to this address. C(zone): the link of a link-local address."""
        links = (link for name, link in self.links.items() if link.works and zone in ("", name))
        return any(key[0] == local for link in links for key in link.addresses)

    def way(self, target: str) -> Optional[Way]:
        """How packets go to an address; None if nowhere."""
        ways = [(length, -metric, Way(name, route.via or target)) for name, link in self.links.items() for length, metric, route in _covering(link, target)]
        return max(ways)[2] if ways else None

    def reaches(self, target: str, zone: str = "") -> bool:
        """Whether the host reaches an address, over a link on which answers arrive. C(zone): the link of a link-local address."""
        if zone:
            return zone in self.links and self.links[zone].works
        ways = [(length, -metric, route, name) for name, link in self.links.items() for length, metric, route in _covering(link, target)]
        best = max(((length, metric) for length, metric, _route, _name in ways), default=None)
        refused = [(length, -metric) for length, metric, _route in _matching(self.refusing, target)]
        if best and any(way >= best for way in refused):
            return False
        return self._work([(route, name) for length, metric, route, name in ways if (length, metric) == best])

    def default_routes(self, ipv6: bool) -> List[Route]:
        """The default routes of the main table with the lowest metric, if they work. Without those of router advertisements."""
        found = [(route, name) for name, link in self.links.items() for route in link.routes.values() if link.up and route.ipv6 == ipv6 and _is_default(route)]
        lowest = min((route.metric for route, _name in found), default=0)
        chosen = [(route, name) for route, name in found if route.metric == lowest]
        lasting = [route for route, name in chosen if (route.key, route.via) not in self.links[name].advertised]
        return lasting if self._work(chosen) else []

    def _work(self, routes: List[Tuple[Route, str]]) -> bool:
        """Whether answers arrive, whichever of these routes the kernel chooses."""
        return bool(routes) and all(self.links[name].works and self._is_gateway_on_link(self.links[name], route) for route, name in routes)

    def _is_gateway_on_link(self, link: NetworkLink, route: Route) -> bool:
        if not route.via or route.onlink or route.via.startswith("fe80:"):
            return True
        return any(not found.via for _length, _metric, found in _covering(link, route.via))

    def remove(self, name: str) -> None:
        """Removes a link and those on top of it."""
        for upper in self._uppers(name):
            self.remove(upper)
        self.drop_routes(name, lambda _route: True, _WITH_THE_LINK)
        gone = self.links.pop(name, None)
        self.drop_routes_from({address.local for address in gone.addresses.values()} if gone else set())

    def set_down(self, name: str) -> None:
        """Sets a link down, and with it those on top of it."""
        for upper in self._uppers(name):
            if self.links[upper].up:
                self.set_down(upper)
        self.drop_routes(name, lambda _route: True, _DOWN)
        self.drop_ipv6(name)
        self.links[name].up = False

    def set_up(self, name: str) -> None:
        self.links[name].up = True
        for upper in self._uppers(name):
            if not self.links[upper].up:
                self.set_up(upper)

    def drop_ipv6(self, name: str) -> None:
        self.drop_routes(name, lambda route: route.ipv6, "with IPv6")
        for key in [key for key, address in self.links[name].addresses.items() if address.ipv6]:
            del self.links[name].addresses[key]

    def drop_routes(self, name: str, which: Callable[[Route], bool], reason: str) -> None:
        routes = self.links[name].routes if name in self.links else {}
        for key, route in list(routes.items()):
            if which(route):
                self.dropped.append(Dropped(name, route, reason))
                del routes[key]

    def drop_routes_from(self, sources: Set[str]) -> None:
        """Drops the IPv4 routes of all links with these source addresses, if no link has them any more."""
        gone = sources - {address.local for link in self.links.values() for address in link.addresses.values()}
        for name in self.links if gone else ():
            self.drop_routes(name, lambda route: not route.ipv6 and route.src in gone, _WITH_ITS_SOURCE)

    def restore_dropped(self) -> None:
        """Adds again what is restored."""
        for lost in sorted(self.dropped, key=lambda lost: bool(lost.route.via)):  # a gateway may be reached through another route
            link = self.links.get(lost.link)
            is_restored = (lost.reason in _RESTORED and not (link and link.master)) or (link and link.parent and lost.reason == _DOWN)
            if link and is_restored and self._accepts(link, lost.route):
                link.add_route(lost.route)

    def _accepts(self, link: NetworkLink, route: Route) -> bool:
        has_source = not route.src or any(address.local == route.src for found in self.links.values() for address in found.addresses.values())
        return link.up and has_source and self._is_gateway_on_link(link, route)

    def set_mtu(self, name: str, mtu: int) -> None:
        """A bridge takes the MTU of a port that has a lower one, unless somebody set it."""
        self.links[name].mtu = mtu
        for affected in (name, self.links[name].master) if mtu < IPV6_MTU else ():
            if affected in self.links:
                self.drop_ipv6(affected)

    def _uppers(self, name: str) -> List[str]:
        return [upper for upper, link in self.links.items() if link.parent == name] if name in self.parents else []


def _is_default(route: Route) -> bool:
    return route.destination == "default" and route.table == MAIN_TABLE and route.type == "unicast"


def _covering(link: NetworkLink, target: str) -> Iterator[Tuple[int, int, Route]]:
    """The routes of a link to an address, with prefix length and metric."""
    ipv6 = ":" in target
    if not link.up:
        return
    for address in link.addresses.values():
        if address.ipv6 == ipv6 and contains(address.peer or address.local, address.prefix, target):
            yield address.prefix, 256 if ipv6 else 0, Route("", MAIN_TABLE, 0)
    yield from _matching((route for route in link.routes.values() if route.type == "unicast"), target)


def _matching(routes: Iterable[Route], target: str) -> Iterator[Tuple[int, int, Route]]:
    """The routes of the main table to an address, with prefix length and metric."""
    for route in routes:
        to, length = route.to.split("/")
        if route.ipv6 == (":" in target) and route.table == MAIN_TABLE and contains(to, int(length), target):
            yield int(length), route.metric, route


def contains(network: str, length: int, address: str) -> bool:
    import ipaddress  # most plans change no route of the host

    return ipaddress.ip_address(address) in ipaddress.ip_network("%s/%d" % (network, length), strict=False)


def _set_link(network: Network, step: SetLink) -> None:
    if step.name not in network.links:
        return
    if step.values.get("up") is False:
        network.set_down(step.name)
    if "mtu" in step.values:
        network.set_mtu(step.name, step.values["mtu"])
    if ends_ipv6(step.values):
        network.drop_ipv6(step.name)
    if step.values.get("up"):
        network.set_up(step.name)


def _create_link(network: Network, step: CreateLink) -> None:
    parent = step.parent[1] if step.parent and step.parent[0] == network.netns else ""
    network.links[step.name] = NetworkLink(master=step.master, parent=parent)
    network.parents.add(parent)
    if step.peer and step.peer.netns == network.netns:
        network.links[step.peer.name] = NetworkLink()


def _delete_link(network: Network, step: DeleteLink) -> None:
    network.remove(step.name)


def _delete_links(network: Network, step: DeleteLinks) -> None:
    for name in step.names:
        network.remove(name)


def _rename_link(network: Network, step: RenameLink) -> None:
    link = network.links.pop(step.name, None)
    if not link:
        return
    network.links[step.new] = link
    network.parents.add(step.new)
    link.routes = {key: route._replace(dev=step.new) for key, route in link.routes.items()}
    for other in network.links.values():
        other.master = step.new if other.master == step.name else other.master
        other.parent = step.new if other.parent == step.name else other.parent


def _move_link(network: Network, step: MoveLink) -> None:
    if step.netns == network.netns:
        network.remove(step.name)
    elif step.new == network.netns:
        network.links[step.new_name or step.name] = NetworkLink()


def _set_master(network: Network, step: SetMaster) -> None:
    if step.name in network.links:
        network.links[step.name].master = step.master
        network.set_mtu(step.name, network.links[step.name].mtu)


def _add_address(network: Network, step: AddAddress) -> None:
    if step.name in network.links:
        network.links[step.name].addresses[step.address.key] = step.address


def _delete_address(network: Network, step: DeleteAddress) -> None:
    link = network.links.get(step.name)
    if not link or not link.addresses.pop(step.address.key, None):
        return
    network.drop_routes_from({step.address.local})
    if not step.address.ipv6 and all(address.ipv6 for address in link.addresses.values()):
        network.drop_routes(step.name, lambda route: not route.ipv6, _WITH_THE_LAST)


def _ways(network: Network, step: AddRoute | DeleteRoute) -> Iterator[Route]:
    """The route over each link that it goes through."""
    if not step.route.nexthops:
        # only the message has the gateway of a route that is restored
        yield step.route._replace(via=gateway_of(step.body)) if step.body else step.route
    for hop in step.route.nexthops:
        way = None if hop.dev else network.way(hop.via)
        yield over_one_of_several(step.route, way.link if way else hop.dev)


def over_one_of_several(route: Route, link: str) -> Route:
    """A route with several next hops, as far as it goes through this link."""
    return route._replace(dev=link, via="", onlink=True, nexthops=())


def _add_route(network: Network, step: AddRoute) -> None:
    for route in _ways(network, step):
        if route.dev in network.links:
            network.links[route.dev].add_route(route)
    if step.route.type in REFUSING:
        network.refusing.append(step.route)


def _replace_route(network: Network, step: ReplaceRoute) -> None:
    _delete_route(network, DeleteRoute(step.netns, step.old))
    _add_route(network, AddRoute(step.netns, step.route))


def _delete_route(network: Network, step: DeleteRoute) -> None:
    for route in _ways(network, step):
        if route.dev in network.links:
            network.links[route.dev].routes.pop((route.key, route.via), None)


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
