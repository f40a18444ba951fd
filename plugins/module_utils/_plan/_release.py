# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restores what an adopted link was before, when the layout releases it."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Optional, Set

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._attributes import VLAN_ROWS
from ansible_collections.nfv.vnet.plugins.module_utils._bodies import device_of, is_ipv6, lasting, partial_route, same_address
from ansible_collections.nfv.vnet.plugins.module_utils._entries import LISTS, as_text
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import (
    ADDRESS,
    AFTER_PORTS,
    DELETE_NAMESPACE,
    DELETE_ROUTES,
    ROUTE,
    SET_PORTS,
    SETTINGS,
    Draft,
    inside,
)
from ansible_collections.nfv.vnet.plugins.module_utils._plan._entries import add_entry, delete_entry
from ansible_collections.nfv.vnet.plugins.module_utils._plan._links import configure
from ansible_collections.nfv.vnet.plugins.module_utils._plan._masters import bring_up_again
from ansible_collections.nfv.vnet.plugins.module_utils._plan._vlans import default_vlans_of, moved_default, set_vlan
from ansible_collections.nfv.vnet.plugins.module_utils._resources import (
    Address,
    FoundLink,
    Link,
    Port,
    RouteKey,
    Shown,
    Values,
    Vlan,
    added_routes,
    routes_before,
)
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    PRIVATE,
    AddAddress,
    AddRoute,
    AddVlan,
    DeleteAddress,
    DeleteNamespace,
    DeleteRoute,
    DeleteVlan,
    SetFile,
    SetLink,
    link_of,
)


def restore_original(draft: Draft, found: FoundLink, before: Values) -> None:
    """Plans to undo what the layout changed on a link that it adopted."""
    if "from" in before:
        found = _at_home(draft, found, before)
    before = _without_declared(draft, found, before)
    kind = found.kind if found.kind in _kinds.ROWS_OF else _kinds.ANY
    rows = _kinds.rows_of(kind)
    values = {name: value for name, value in before.items() if name in rows}
    if table.is_too_small_for_ipv6(values):  # it had none of them
        values = {name: value for name, value in values.items() if rows[name].location not in table.IPV6_LOCATIONS}
    master = before.get("master")
    is_port = bool(master)  # the record is whole then
    port = _port_before(before, found, draft.links_after.get((found.netns, master))) if master else None
    if master is None and before.get("port"):
        port = Port(before["port"])
    if master and (found.netns, master) not in draft.links_after:
        draft.warn((), "%s, of which %s%s was a port, does not exist any more" % (master, found.name, inside(found.netns)))
        master, port, is_port = "", None, False
    link = Link(kind, found.netns, found.name, (), values, master=master, port=port)
    with draft.naming(link):
        configure(draft, link, found)
    _raise_above(draft, found, before.get("mtus_above", {}))
    draft.released += [link, *_removed_ports(draft, found, before.get("ports", {}))]
    is_interrupted = master is not None and _goes_down(draft, found, master)
    if "addresses" in before or is_interrupted:
        _release_addresses(draft, found, before.get("addresses", {}), before.get("order", []), is_interrupted)
    _release_routes(draft, found, before, is_interrupted)
    if not is_port:
        _release_vlans(draft, found, before.get("vlans", {}))
    _keep_default_vlan_away(draft, found)
    _release_entries(draft, found, before, is_interrupted)
    _release_files(draft, found.netns, before.get("files", {}))
    if before.get("attached") == found.netns:
        draft.add(DELETE_NAMESPACE, DeleteNamespace(found.netns, attached=True))
    draft.ownership[draft.id_before(found.id)] = None
    draft.links_after[found.id] = draft.links_after[found.id]._replace(ownership=None)


def _raise_above(draft: Draft, found: FoundLink, before: Dict[str, List[int]]) -> None:
    """Plans to restore the MTUs of links on top that are as low as the kernel has made them, those of parents first. C(before): what they were, and what
    the kernel made of that first.
    """
    for upper in draft.uppers.get(draft.id_before(found.id), ()):
        declared = draft.wanted.get(upper.id)
        mtu, lowered = before.get(upper.name, (0, 0))
        is_as_lowered = upper.netns == found.netns and upper.values["mtu"] in (lowered, found.values["mtu"]) and upper.values["mtu"] < mtu
        is_of_others = (draft.owns(upper) and not declared) or (declared and "mtu" in declared.values)
        if is_as_lowered and not is_of_others and upper.id in draft.links_after:
            draft.add(AFTER_PORTS, SetLink(found.netns, upper.name, upper.kind, {"mtu": mtu}, {"mtu": upper.values["mtu"]}))
            _raise_above(draft, upper, {name: mtus for name, mtus in before.items() if name != upper.name})


def _without_declared(draft: Draft, found: FoundLink, before: Values) -> Values:
    """What a link was, without the addresses and routes that the layout declares for other links now."""
    others = _others(draft, found)
    addresses = {address.itself for link in others for address in link.addresses or ()}
    routes = {route.itself for link in others for route in link.routes or ()}
    left = dict(before)
    for name, declared in (("addresses", addresses), ("routes", routes)):
        kept = [key for key, old in before.get(name, {}).items() if old and key in declared]
        if kept:
            left[name] = {key: old for key, old in before[name].items() if key not in kept}
            names = ", ".join(key.split()[0] for key in kept)
            draft.warn((), "%s%s does not get back what other links are declared to have: %s" % (found.name, inside(found.netns), names))
    return left


def _others(draft: Draft, found: FoundLink) -> List[Link]:
    """The links of the same namespace that are declared."""
    return [link for link in draft.layout.links if link.present and link.netns == found.netns and link.id != found.id]


def _goes_down(draft: Draft, found: FoundLink, master: str) -> bool:
    """Whether a link goes down for a moment as it joins or leaves a bond or a VRF, with which it loses its IPv6 addresses and its routes."""
    masters = [draft.links_after.get((found.netns, name)) for name in (master, found.master) if name and master != found.master]
    return bool(found.values["up"]) and any(_kinds.kind_of(one.kind).brings_ports_down for one in masters if one)


def _release_files(draft: Draft, netns: str, before: Dict[str, Optional[str]]) -> None:
    if not before:
        return
    there = draft.namespaces_after[netns].files
    for name, content in before.items():
        if there.get(name) != content:
            draft.add(SETTINGS, SetFile(netns, name, content, there.get(name), PRIVATE))
    draft.namespaces_after[netns] = draft.namespaces_after[netns]._replace(files={**there, **before})


def _at_home(draft: Draft, found: FoundLink, before: Values) -> FoundLink:
    """Plans to move a link home, and to give it its name again."""
    from ansible_collections.nfv.vnet.plugins.module_utils._plan._existing import bring, home_of

    netns, name = before["from"]
    home = home_of(draft, found, (netns, name))
    was_there = found.netns == home[0]
    key = found.id
    draft.ownership[key] = None
    found = bring(draft, found, home, bool(before.get("up", True)))
    draft.released_from[home] = key
    if was_there and home in draft.interrupted and found.values["up"]:
        bring_up_again(draft, found)
    return found


def _keep_default_vlan_away(draft: Draft, bridge: FoundLink) -> None:
    """The kernel gives the default VLAN of a bridge that had none to all ports. Those with another PVID had not had it."""
    for port in draft.ports(bridge.id) if _kinds.kind_of(bridge.kind).is_bridge else ():
        vlans = (port.port.vlans if port.port else None) or {}
        pvids = [vlan for vlan in vlans.values() if vlan.pvid]
        new = [vlan for vid, vlan in moved_default(bridge, draft.links_after[bridge.id], vlans).items() if vid not in vlans]
        for vlan in new if pvids and not draft.is_member(port) else ():
            draft.add(AFTER_PORTS, DeleteVlan(port.netns, port.name, vlan, of_bridge=False))
            draft.add(AFTER_PORTS, AddVlan(port.netns, port.name, pvids[0], of_bridge=False))


def _removed_ports(draft: Draft, bridge: FoundLink, before: Dict[str, Values]) -> Iterator[Link]:
    """The ports that the layout removed from a bridge, as they were."""
    for name, settings in before.items():
        found = draft.links_after.get((bridge.netns, name))
        if found and not found.master and "master" not in draft.original((bridge.netns, name)):
            yield Link(
                _kinds.ANY, bridge.netns, name, (), master=bridge.name, port=_port_before({"port": settings, "vlans": settings.get("vlans")}, found, None)
            )


def _port_before(before: Values, found: FoundLink, bridge: Optional[FoundLink]) -> Port:
    """The port that a link was, with its settings and VLANs if they were not those of a new port. One that it is already may have others."""
    settings = {name: value for name, value in before.get("port", {}).items() if name in table.PORT_ROWS}
    vlans = {int(vid): Vlan.restored(int(vid), flags) for vid, flags in (before.get("vlans") or {}).items() if flags is not None}
    if bridge and found.port and bridge.name == found.master:
        usual = {name: row.initial for name, row in table.PORT_ROWS.items() if row.when != "up" and found.port.values.get(name) is not None}
        vlans = vlans or default_vlans_of(bridge)
        return Port({**usual, **settings}, vlans if found.port.vlans else None, purge_vlans=True)
    return Port(settings, vlans, purge_vlans=True) if vlans else Port(settings)


def _release_addresses(draft: Draft, found: FoundLink, before: Dict[str, Optional[str]], order: List[str], is_interrupted: bool) -> None:
    """Plans to delete the addresses that the layout added, and to restore those that it removed, in their order.

    The order of IPv4 addresses decides which are primary, so they are added again from the first difference on. C(is_interrupted): the kernel
    drops those of IPv6.
    """
    shown = found.shown or Shown({}, [])
    kept = [address for address in found.addresses if address.itself not in before or _is_as_before(shown.addresses.get(address.key), before[address.itself])]
    keys = {address.key for address in kept}
    gone = [(Address.parsed(text), body) for text, body in before.items() if body]
    gone = [(address, body) for address, body in gone if address.key not in keys]
    bodies = {**shown.addresses, **{address.key: body for address, body in gone}}
    there = [*kept, *(address for address, _body in gone)]
    position = {text: number for number, text in enumerate(order)}
    wanted = sorted((address for address in there if not address.ipv6), key=lambda address: position.get(address.itself, len(order)))
    current = [address for address in found.addresses if not address.ipv6]
    pairs = enumerate(zip(wanted, current))
    same = next((number for number, (one, other) in pairs if one.key != other.key or other.key not in keys), min(len(wanted), len(current)))
    deleted = [*current[same:], *(address for address in found.addresses if address.ipv6 and address.key not in keys and not is_interrupted)]
    for address in reversed(deleted):  # secondary addresses first: the kernel deletes them with their primary one
        draft.add(ADDRESS, DeleteAddress(found.netns, found.name, address))
    dropped = [address for address in kept if address.ipv6 and is_interrupted and not (address.link_local or address.dynamic)]
    added6 = [address for address in [*dropped, *(address for address, _body in gone)] if address.ipv6]
    for address in [*wanted[same:], *reversed(added6)]:  # the kernel shows the newest IPv6 address first
        draft.add(ADDRESS, AddAddress(found.netns, found.name, address, bodies.get(address.key, "")))
    draft.links_after[found.id] = draft.links_after[found.id]._replace(addresses=[*wanted, *(address for address in there if address.ipv6)])


def _is_as_before(shown: Optional[str], before: Optional[str]) -> bool:
    """Whether an address still has everything that it had."""
    return bool(shown and before) and same_address(shown or "", before or "")


def _release_routes(draft: Draft, found: FoundLink, before: Values, is_interrupted: bool) -> None:
    """Plans to delete the routes that the layout added, and to restore those that were lost. C(is_interrupted): the kernel drops all of them."""
    of_namespace = found.kind == _kinds.LOOPBACK
    dev = "" if of_namespace else found.name
    if not of_namespace and not draft.links_after[found.id].values.get("up"):
        return  # the kernel has dropped them, and takes none
    current = (draft.namespaces_after[found.netns].routes if of_namespace else [] if is_interrupted else found.routes) or []
    shown = Shown({}, []) if is_interrupted else found.shown or Shown({}, [])
    bodies = {lasting(body) for _route, body in [*shown.routes, *shown.of_namespace]}
    gone = [body for body in routes_before(before) if lasting(body) not in bodies]
    missing = [(partial_route(body)._replace(dev=_device(draft, found.netns, body) or dev), body) for body in gone if not _is_of_lost_link(draft, found, body)]
    in_the_way, there_before = {route.key for route, _body in missing}, {partial_route(body).key for body in routes_before(before)}
    added = {route.key: route for route in added_routes(before, dev) if route.key not in there_before}
    deleted = [other for other in current if other.key in in_the_way or (other.key in added and added[other.key].satisfied_by(other))]
    for route in deleted:
        draft.add(DELETE_ROUTES, DeleteRoute(found.netns, route))
    going = {route.key for route in [*deleted, *(route for route, _body in missing)]}
    going |= {route.key for link in _others(draft, found) for route in link.routes or ()}
    missing += [(partial_route(body)._replace(dev=dev), body) for body in _dropped_beside(draft, found, going)]
    for route, body in missing:
        draft.add(ROUTE, AddRoute(found.netns, route, body))
    gone_routes, new_keys = set(deleted), {route.key for route, _body in missing}
    after = [*(route for route in current if route not in gone_routes and route.key not in new_keys), *(route for route, _body in missing)]
    if of_namespace:
        draft.namespaces_after[found.netns] = draft.namespaces_after[found.netns]._replace(routes=after)
    else:
        draft.links_after[found.id] = draft.links_after[found.id]._replace(routes=[route for route in after if route.dev == dev])


def _device(draft: Draft, netns: str, body: str) -> str:
    """The link that a route goes through, '' if it goes through none or several, or through one that is gone."""
    index = device_of(body)
    return next((found.name for found in draft.links_in(netns) if found.ifindex == index), "")


def _is_of_lost_link(draft: Draft, found: FoundLink, body: str) -> bool:
    """Whether a route went through another link, which is not there any more."""
    is_of_other = found.kind != _kinds.LOOPBACK and device_of(body) not in (0, found.ifindex)
    return is_of_other and found.id in draft.host.links and not _device(draft, found.netns, body)


def _dropped_beside(draft: Draft, found: FoundLink, going: Set[RouteKey]) -> List[str]:
    """The IPv4 routes that the kernel drops as the link loses its last address, or their source address, before it gets others.

    C(going): those that are deleted or replaced anyway.
    """
    deletions = [step for step in draft.steps.get(ADDRESS, ()) if isinstance(step, DeleteAddress) and link_of(step) == found.id]
    sources = {step.address.local for step in deletions if not step.address.ipv6}
    if not sources or not found.shown:
        return []
    all_going = sources >= {address.local for address in found.addresses if not address.ipv6}
    routes = [(route, body) for route, body in found.shown.routes if not is_ipv6(body) and partial_route(body).key not in going]
    dropped = [body for route, body in routes if all_going or (route and route.src in sources)]
    return [body for body in dropped if not _is_released_with_namespace(draft, found.netns, body)]


def _is_released_with_namespace(draft: Draft, netns: str, body: str) -> bool:
    """Whether a route is one that the layout has added to a namespace, or put in the place of another, and so does not stay."""
    original = draft.original((netns, "lo"))
    before, key = routes_before(original), partial_route(body).key
    of_namespace = {*(route.key for route in added_routes(original)), *(partial_route(other).key for other in before)}
    return key in of_namespace and lasting(body) not in map(lasting, before)


def _release_entries(draft: Draft, found: FoundLink, before: Values, is_interrupted: bool) -> None:
    """Plans to delete the entries that the layout added, and to restore those that it removed or replaced. C(is_interrupted): the link goes down."""
    dropped = [option for option, there in found.entries.items() if is_interrupted and LISTS[option].dropped_when_down and there]
    for option in dict.fromkeys([*(option for option in before if option in LISTS), *dropped]):
        entries, recorded = LISTS[option], before.get(option, {})
        there = {as_text(entries, entry): entry for entry in found.entries.get(option, ())}
        if option in dropped:
            of_kernel = entries.keys_of_kernel(found, draft.host)
            recorded, there = {**{key: entry for key, entry in there.items() if entries.key_of(entry) not in of_kernel}, **recorded}, {}
        for key, entry in recorded.items():
            if key in there and there[key] != entry:
                delete_entry(draft, found, found.kind, entries, there[key])
            if entry is not None and there.get(key) != entry:
                add_entry(draft, found, found.kind, entries, entry)
        after = [entry for entry in {**there, **recorded}.values() if entry is not None]
        now = draft.links_after[found.id]
        draft.links_after[found.id] = now._replace(entries={**now.entries, option: after})


def _release_vlans(draft: Draft, found: FoundLink, before: Dict[str, Optional[List[Any]]]) -> None:
    of_bridge = _kinds.kind_of(found.kind).is_bridge
    current = (found.vlans if of_bridge else found.port.vlans if found.port else None) or {}
    for text, flags in before.items():
        vid = int(text)
        if flags is None and vid in current:
            draft.add(SET_PORTS, DeleteVlan(found.netns, found.name, current[vid], of_bridge))
        elif flags is not None and (of_bridge or found.port):
            vlan, now = Vlan.restored(vid, flags), current.get(vid)
            if now is None or now[:4] != vlan[:4]:
                draft.add(SET_PORTS, AddVlan(found.netns, found.name, vlan, of_bridge))
            usual = {name: VLAN_ROWS[name].initial for name in (now.settings if now else ())}
            set_vlan(draft, found, now or Vlan(vid, vid, True, True), {**usual, **vlan.settings}, of_bridge)
    after = {vid: vlan for vid, vlan in current.items() if str(vid) not in before}
    after.update((int(text), Vlan.restored(int(text), flags)) for text, flags in before.items() if flags is not None)
    link = draft.links_after[found.id]
    if of_bridge:
        draft.links_after[found.id] = link._replace(vlans=after)
    elif link.port:
        draft.links_after[found.id] = link._replace(port=link.port._replace(vlans=after))
