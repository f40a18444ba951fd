# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adopted links: what they were before the layout is recorded, and restored when the layout releases them."""

from __future__ import annotations

from itertools import chain
from typing import Any, Dict, Iterator, List, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import DELETE_ROUTES, IPV6_MTU, ROUTE, SET_PORTS, Draft, inside
from ansible_collections.nfv.vnet.plugins.module_utils._plan._links import configure
from ansible_collections.nfv.vnet.plugins.module_utils._resources import (
    MAIN_TABLE,
    Address,
    FoundLink,
    Link,
    LinkId,
    Port,
    Route,
    Values,
    Vlan,
)
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    AddAddress,
    AddRoute,
    AddVlan,
    DeleteAddress,
    DeleteRoute,
    DeleteVlan,
    ReplaceRoute,
    SetLink,
    SetMaster,
    SetPort,
    Step,
    link_of,
)

# Recording


class OriginalState:
    """Derives from the steps of a plan what each adopted link was before (C(Ownership.before))."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._steps: Optional[Dict[LinkId, List[Step]]] = None

    def before(self, found: FoundLink) -> Values:
        """The state of a link before the steps change it, including their side effects, in the form of C(Ownership.before)."""
        if self._steps is None:
            self._steps = {}
            for steps in self._draft.steps.values():
                for step in steps:
                    self._steps.setdefault(link_of(step), []).append(step)
        steps = self._steps.get(found.id, [])
        values: Values = {}
        for path, old in chain(*map(_changes, steps), _side_effects(found, steps), self._removed_ports(found)):
            place = values
            for name in path[:-1]:
                place = place.setdefault(name, {})
            place.setdefault(path[-1], old)
        return values

    def _removed_ports(self, bridge: FoundLink) -> Iterator[Tuple[Tuple[str, ...], Any]]:
        """Ports of others that leave a bridge: they are recorded with the bridge."""
        for port in self._draft.host.ports(bridge.id) if _kinds.is_bridge(bridge.kind) else ():
            now = self._draft.links_after.get(port.id)
            if now and not now.master and not now.ownership:
                recorded = (port.ownership.original if port.ownership else None) or {}
                settings = _settings({**(port.port or Port({})).values, **recorded.get("port", {})})
                vlans = recorded.get("vlans") or _vlans_of((port.port and port.port.vlans) or {}, bridge)
                yield ("ports", port.name), {**settings, **({"vlans": vlans} if vlans else {})}


def _side_effects(found: FoundLink, steps: List[Step]) -> Iterator[Tuple[Tuple[str, ...], Any]]:
    """What a link loses as a side effect: its routes when it goes down or loses an address, and IPv6 when its MTU gets too small."""
    changes = [step.values for step in steps if isinstance(step, SetLink)]
    down = any(new.get("up") is False for new in changes)
    no_ipv6 = down or any(new.get("disable_ipv6") or new.get("mtu", IPV6_MTU) < IPV6_MTU for new in changes)
    lost_address = any(isinstance(step, DeleteAddress) for step in steps)
    for address in found.addresses if no_ipv6 else ():
        if address.ipv6 and not address.dynamic and not address.link_local:
            yield ("addresses", str(address)), 1
    for route in [*(found.routes or ()), *found.other_routes]:
        if down or lost_address or (no_ipv6 and route.ipv6):
            yield ("routes", _route_key(route)), 1


def _settings(values: Values) -> Values:
    """The settings of a port that differ from those of a new one."""
    return {name: value for name, value in values.items() if name != "state" and value != table.PORT_ROWS[name].initial}


def _vlans_of(vlans: Dict[int, Vlan], bridge: Optional[FoundLink]) -> Dict[str, List[int]]:
    """The VLANs of a port; empty if they are those of a new port."""
    pvid = bridge.values.get("vlan_default_pvid", 1) if bridge else 1
    if list(vlans.values()) == [Vlan(pvid, pvid, True, True)]:
        return {}
    return {str(vid): [int(bool(vlan.pvid)), int(bool(vlan.untagged))] for vid, vlan in vlans.items()}


def _changes(step: Step) -> Iterator[Tuple[Tuple[str, ...], Any]]:
    """What a step changes, as a path in C(Ownership.before) with the old value."""
    if isinstance(step, SetLink):
        yield from (((name,), (step.old or {}).get(name)) for name in step.values)
    elif isinstance(step, SetMaster):
        yield ("master",), step.old
        # a port that leaves its bridge loses its settings
        settings = {other.attribute: other.value for other in step.restore if isinstance(other, SetPort)}
        yield from ((("port", name), old) for name, old in _settings(settings).items())
        vlans = {other.vlan.first: other.vlan for other in step.restore if isinstance(other, AddVlan)}
        yield from ((("vlans", vid), flags) for vid, flags in _vlans_of(vlans, None).items())
    elif isinstance(step, SetPort) and step.old is not None:
        yield ("port", step.attribute), step.old
    elif isinstance(step, (AddAddress, DeleteAddress)):
        yield ("addresses", str(step.address)), int(isinstance(step, DeleteAddress))
    elif isinstance(step, (AddRoute, ReplaceRoute, DeleteRoute)):
        if not isinstance(step, DeleteRoute):
            yield ("routes", _route_key(step.route)), 0
        if not isinstance(step, AddRoute):
            yield ("routes", _route_key(step.route if isinstance(step, DeleteRoute) else step.old)), 1
    elif isinstance(step, (AddVlan, DeleteVlan)):
        before = step.vlan if isinstance(step, DeleteVlan) else step.old
        flags_before = [before.pvid, before.untagged] if before else None
        yield from ((("vlans", str(vid)), flags_before) for vid in range(step.vlan.first, step.vlan.last + 1))


# Restoring


def restore_original(draft: Draft, found: FoundLink, before: Values) -> None:
    """Plans to undo what the layout changed on a link that it adopted."""
    kind = found.kind if found.kind in _kinds.ROWS_OF else _kinds.ANY
    rows = _kinds.ROWS_OF[kind]
    values = {name: value for name, value in before.items() if name in rows}
    joins = bool(before.get("master")) and before["master"] != found.master
    port = _port_before(before) if joins else Port(before["port"]) if before.get("port") and before.get("master") != "" else None
    master = before.get("master")
    if master and (found.netns, master) not in draft.links_after:
        draft.warn((), "bridge %s, of which %s%s was a port, does not exist any more" % (master, found.name, inside(found.netns)))
        master, port = "", None
    addresses = _addresses_before(found, before["addresses"]) if "addresses" in before else None
    link = Link(kind, found.netns, found.name, (), values, master=master, port=port, addresses=addresses, purge_addresses=True)
    with draft.naming(link):
        configure(draft, link, found)
    draft.released += [link, *_removed_ports(draft, found, before.get("ports", {}))]
    _release_routes(draft, found, before.get("routes", {}))
    if not joins:
        _release_vlans(draft, found, before.get("vlans", {}))
    draft.ownership[found.id] = None
    draft.links_after[found.id] = draft.links_after[found.id]._replace(ownership=None)


def _removed_ports(draft: Draft, bridge: FoundLink, before: Dict[str, Values]) -> Iterator[Link]:
    """The ports that the layout removed from a bridge, as they were."""
    for name, settings in before.items():
        found = draft.links_after.get((bridge.netns, name))
        if found and not found.master:
            yield Link(_kinds.ANY, bridge.netns, name, (), master=bridge.name, port=_port_before({"port": settings, "vlans": settings.get("vlans")}))


def _port_before(before: Values) -> Port:
    """The port that a link was, with its VLANs if they were not those of a new port."""
    settings = {name: value for name, value in before.get("port", {}).items() if name in table.PORT_ROWS}
    if not before.get("vlans"):
        return Port(settings)
    vlans = {int(vid): Vlan(int(vid), int(vid), *map(bool, flags)) for vid, flags in before["vlans"].items() if flags is not None}
    return Port(settings, vlans, purge_vlans=True)


def _addresses_before(found: FoundLink, before: Dict[str, int]) -> List[Address]:
    """The current addresses without those that the layout added, and with those that it removed."""
    kept = [address for address in found.addresses if not address.dynamic and before.get(str(address), 1)]
    keys = {address.key for address in kept}
    gone = (Address.parsed(text) for text, was_there in before.items() if was_there)
    return kept + [address for address in gone if address.key not in keys]


def _release_routes(draft: Draft, found: FoundLink, before: Dict[str, int]) -> None:
    of_namespace = found.name == "lo"
    current = (draft.namespaces_after[found.netns].routes if of_namespace else found.routes) or []
    for key, was_there in before.items():
        route = _route_of(key, "" if of_namespace else found.name)
        there = [other for other in current if route.satisfied_by(other)]
        if there and not was_there:
            draft.add(DELETE_ROUTES, DeleteRoute(found.netns, there[0]))
        elif was_there and not there:
            draft.add(ROUTE, AddRoute(found.netns, route))


def _release_vlans(draft: Draft, found: FoundLink, before: Dict[str, Optional[List[bool]]]) -> None:
    of_bridge = _kinds.is_bridge(found.kind)
    current = (found.vlans if of_bridge else found.port.vlans if found.port else None) or {}
    for text, flags in before.items():
        vid = int(text)
        if flags is None and vid in current:
            draft.add(SET_PORTS, DeleteVlan(found.netns, found.name, current[vid], of_bridge))
        elif flags is not None and current.get(vid) != Vlan(vid, vid, *flags) and (of_bridge or found.port):
            draft.add(SET_PORTS, AddVlan(found.netns, found.name, Vlan(vid, vid, *flags), of_bridge))


# Routes as short text


def _route_key(route: Route) -> str:
    """A route as a short text: trailing words that equal the defaults are left out."""
    words = [route.via or "-", str(route.table), str(route.metric), route.type, route.src or "-", route.scope]
    usual = ["-", *_usual(route.ipv6, bool(route.via))]
    while words and words[-1] == usual[len(words) - 1]:
        words.pop()
    return " ".join([route.to, *words])


def _route_of(key: str, dev: str) -> Route:
    to, via, *words = [*key.split(" "), "-"] if " " not in key else key.split(" ")
    words += _usual(":" in to, via != "-")[len(words) :]
    number, metric, kind, src, scope = words
    return Route(to, int(number), int(metric), kind, dev, via.strip("-"), src.strip("-"), scope)


def _usual(ipv6: bool, routed: bool) -> List[str]:
    """The default table, metric, type, source and scope of a route."""
    return [str(MAIN_TABLE), "1024" if ipv6 else "0", "unicast", "-", "global" if ipv6 or routed else "link"]
