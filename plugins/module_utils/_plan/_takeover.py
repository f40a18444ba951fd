# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses and routes that a bridge, or a link on top of it, takes over from the ports, where they do not work."""

from __future__ import annotations

from typing import Dict, FrozenSet, Iterable, Iterator, List, Optional

from ansible_collections.nfv.vnet.plugins.module_utils._bodies import moved_address
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import kind_of
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import ADDRESS, DELETE_ROUTES, Draft, inside
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Address, AddressKey, FoundLink, Link, LinkId, Route
from ansible_collections.nfv.vnet.plugins.module_utils._steps import DeleteAddress, DeleteRoute


def with_values_of_port(draft: Draft, bridge: Link, found: Optional[FoundLink]) -> Link:
    """The bridge with what it takes from a port besides its addresses, unless it has some of these already.

    Others on the network know the MAC address of the port with these addresses. The kernel gives it to a bridge, too, but where systemd
    runs, udev gives a new bridge another one (C(MACAddressPolicy), systemd.link(5)), and one that was set stays. If no port has the addresses,
    as after a reboot, it is that of the first network card.
    """
    ports = [port for port in _ports(draft, bridge) if (not found and not port.kind) or any(not address.link_local for address in port.addresses)]
    if not ports:
        return bridge
    on_top = [link for link in draft.layout.links if link.addresses and _bridge_of(draft, link) == bridge.id]
    wanted = {address.key for link in on_top for address in link.addresses or ()}
    if found and any(address.key in wanted for address in found.addresses):
        return bridge
    having = [port for port in ports if any(address.key in wanted for address in port.addresses)]
    cards = [port for port in ports if not found and not port.kind]
    for port in [*having, *cards][:1]:
        taken = {name: port.values[name] for name in kind_of(bridge.kind).follows_ports_until_set if port.values.get(name)}
        return bridge._replace(values={**taken, **bridge.values})
    return bridge


def bodies_on_ports(draft: Draft, link: Link, added: Iterable[Address]) -> Dict[AddressKey, str]:
    """The new addresses of a link that the ports below it have, as messages with everything that they have there."""
    wanted = {address.key for address in added}
    found: Dict[AddressKey, str] = {}
    for port in _ports_below(draft, link):
        bodies = port.shown.addresses if port.shown else {}
        found.update((key, moved_address(body, port.name, link.name)) for key, body in bodies.items() if key in wanted)
    return found


def take_addresses(draft: Draft, link: Link, added: Iterable[Address]) -> None:
    """Plans to remove the new addresses of a link from the ports below it."""
    wanted = {address.key for address in added}
    for port in _ports_below(draft, link):
        now = draft.links_after.get(port.id, port)
        declared = draft.wanted.get(port.id)
        taken = [address for address in now.addresses if address.key in wanted]
        kept = {address.key for address in (declared.addresses if declared else None) or ()}
        networks = {address.network for address in taken if not address.ipv6}
        beside = [address for address in now.addresses if not address.ipv6 and address.key not in {*wanted, *kept} and address.network in networks]
        for address in reversed(beside):
            draft.add(ADDRESS, DeleteAddress(port.netns, port.name, address))
            text = "%s goes from %s, as its network moves to %s; declare it there to move it, too"
            draft.warn((*link.path, "addresses"), text % (address.itself, port.name, link.name))
        for address in taken:
            if declared and any(address.key == other.key for other in declared.addresses or ()):
                text = "%s is also declared for %s, which is a port of %s"
                raise VnetError((*link.path, "addresses"), text % (address.itself, port.name, declared.master or now.master))
            _require_declared(draft, link, port, "addresses", address.itself)
            draft.add(ADDRESS, DeleteAddress(port.netns, port.name, address))
            draft.warn((*link.path, "addresses"), "%s moves from %s to %s" % (address.itself, port.name, link.name))
        if port.id in draft.links_after:
            draft.links_after[port.id] = now._replace(addresses=[address for address in now.addresses if address not in [*taken, *beside]])


def take_routes(draft: Draft, link: Link, new: Iterable[Route]) -> None:
    """Plans to remove routes from ports that are in the way of the new routes of a link above them."""
    keys = {route.key for route in new}
    ways = {(route.to, route.table, route.via) for route in new}  # of another metric, it would be preferred, or wait to be
    for port in _ports_below(draft, link):
        now = draft.links_after.get(port.id, port)
        taken: List[Route] = []
        for route, body in port.shown.routes if port.shown else ():
            if not route or route.dev != port.name or not (route.key in keys or (route.to, route.table, route.via) in ways):
                continue
            taken.append(route)
            if route in (port.routes or ()) and route not in (now.routes or ()):
                continue  # it is deleted already
            _require_declared(draft, link, port, "routes", route.to)
            draft.add(DELETE_ROUTES, DeleteRoute(port.netns, route, body))
            draft.warn((*link.path, "routes"), "the route to %s moves from %s to %s" % (route.destination, port.name, link.name))
        if port.id in draft.links_after:
            draft.links_after[port.id] = now._replace(routes=now.routes and [route for route in now.routes if route not in taken])


def warn_of_kept_addresses(draft: Draft, port: Link | FoundLink, bridge: str, addresses: List[Address]) -> None:
    """A port does not answer to its addresses."""
    kept = [address.itself for address in addresses if not (address.link_local or address.multicast)]
    if kept:
        path = port.path if isinstance(port, Link) else ()
        above = draft.links_after.get((port.netns, bridge))
        while above and above.master and (port.netns, above.master) in draft.links_after:  # a bond may be a port itself
            above = draft.links_after[port.netns, above.master]
            bridge = above.name if kind_of(above.kind).takes_frames else bridge
        text = "%s%s keeps %s, but a port does not answer to it; declare it in addresses of %s, or of a link on top of it, to move it there"
        draft.warn(path, text % (port.name, inside(port.netns), ", ".join(kept), bridge))


def _require_declared(draft: Draft, link: Link, port: FoundLink, option: str, what: str) -> None:
    """What a layout takes from a link must be recorded with it, so that it can be restored."""
    if draft.layout.name and port.id not in draft.wanted:
        text = "%s is on %s, which is not declared; declare it in links, so that it gets it back when the layout is removed"
        raise VnetError((*link.path, option), text % (what, port.name))


def _bridge_of(draft: Draft, link: Link) -> Optional[LinkId]:
    """The bridge or bond that a link is, or is on top of."""
    bridge = draft.bridge_below(link)
    return bridge.id if bridge else None


def _ports_below(draft: Draft, link: Link) -> Iterator[FoundLink]:
    """The ports of the bridge or bond that a link is, or is on top of."""
    bridge = draft.bridge_below(link)
    return _ports(draft, bridge) if bridge else iter(())


def _ports(draft: Draft, bridge: Link, seen: FrozenSet[LinkId] = frozenset()) -> Iterator[FoundLink]:
    """The declared ports of a bridge or bond that exist, and those of a bond that is a port."""
    for name in dict.fromkeys([*(bridge.ports or ()), *draft.declared_ports.get(bridge.id, ())]):
        key = (bridge.netns, name)
        if key in draft.host.links:
            yield draft.host.links[key]
        if key in draft.wanted and kind_of(draft.wanted[key].kind).takes_frames and key not in seen:
            yield from _ports(draft, draft.wanted[key], seen | {bridge.id})
