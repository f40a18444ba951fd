# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a link was before a layout: the mark remembers it when the layout takes the link, and it is given back when that goes."""

from __future__ import annotations

from itertools import chain
from typing import Any, Dict, Iterator, List, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _kinds, _marks
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import IPV6_MTU, JOIN, LATE, ROUTE, UNROUTE, Draft, inside
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

# Remembering


class Memory:
    """The steps of a plan by link, in the words of C(Mark.before)."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._steps: Optional[Dict[LinkId, List[Step]]] = None

    def before(self, found: FoundLink) -> Values:
        """What a link is before the steps change it, also what they cost beside."""
        if self._steps is None:
            self._steps = {}
            for steps in self._draft.steps.values():
                for step in steps:
                    self._steps.setdefault(link_of(step), []).append(step)
        steps = self._steps.get(found.id, [])
        values: Values = {}
        for path, old in chain(*map(_changes, steps), _costs(found, steps), self._thrown_out(found)):
            place = values
            for name in path[:-1]:
                place = place.setdefault(name, {})
            place.setdefault(path[-1], old)
        return values

    def _thrown_out(self, bridge: FoundLink) -> Iterator[Tuple[Tuple[str, ...], Any]]:
        """The ports of others that leave a bridge: only its own mark can remember them."""
        for port in self._draft.host.ports(bridge.id) if _kinds.is_bridge(bridge.kind) else ():
            now = self._draft.found.get(port.id)
            if now and not now.master and not now.mark:
                remembered = (port.mark.before if port.mark else None) or {}
                settings = _settings({**(port.port or Port({})).values, **remembered.get("port", {})})
                vlans = remembered.get("vlans") or _vlans_of((port.port and port.port.vlans) or {}, bridge)
                yield ("ports", port.name), {**settings, **({"vlans": vlans} if vlans else {})}


def _costs(found: FoundLink, steps: List[Step]) -> Iterator[Tuple[Tuple[str, ...], Any]]:
    """What a link loses beside: its routes when it goes down or loses an address, and IPv6 with a small MTU."""
    changes = [step.values for step in steps if isinstance(step, SetLink)]
    down = any(new.get("up") is False for new in changes)
    no_ipv6 = down or any(new.get("disable_ipv6") or new.get("mtu", IPV6_MTU) < IPV6_MTU for new in changes)
    poorer = any(isinstance(step, DeleteAddress) for step in steps)
    for address in found.addresses if no_ipv6 else ():
        if address.ipv6 and not address.dynamic and not address.link_local:
            yield ("addresses", str(address)), 1
    for route in [*(found.routes or ()), *found.other_routes]:
        if down or poorer or (no_ipv6 and route.ipv6):
            yield ("routes", _route_key(route)), 1


def _settings(values: Values) -> Values:
    """Of a port, what is not as on a new one."""
    return {name: value for name, value in values.items() if name != "state" and value != table.OF_PORT[name].initial}


def _vlans_of(vlans: Dict[int, Vlan], bridge: Optional[FoundLink]) -> Dict[str, List[int]]:
    """The VLANs of a port, unless they are those that a new port gets."""
    pvid = bridge.values.get("vlan_default_pvid", 1) if bridge else 1
    if list(vlans.values()) == [Vlan(pvid, pvid, True, True)]:
        return {}
    return {str(vid): [int(bool(vlan.pvid)), int(bool(vlan.untagged))] for vid, vlan in vlans.items()}


def _changes(step: Step) -> Iterator[Tuple[Tuple[str, ...], Any]]:
    """What a step changes, and what it was."""
    if isinstance(step, SetLink):
        yield from (((name,), (step.old or {}).get(name)) for name in step.values if name != "alias")
    elif isinstance(step, SetMaster):
        yield ("master",), step.old
        # what it was as a port goes with it
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


# Giving back


def give_back(draft: Draft, found: FoundLink, before: Values) -> None:
    """Takes back what the layout set on a link that it did not make."""
    kind = found.kind if found.kind in _kinds.OF_KIND else _kinds.ANY
    rows = _kinds.OF_KIND[kind]
    values = {name: value for name, value in before.items() if name in rows and name != "alias"}
    joins = bool(before.get("master")) and before["master"] != found.master
    port = _port_before(before) if joins else Port(before["port"]) if before.get("port") and before.get("master") != "" else None
    master = before.get("master")
    if master and (found.netns, master) not in draft.found:
        draft.warn((), "bridge %s, of which %s%s was a port, is gone" % (master, found.name, inside(found.netns)))
        master, port = "", None
    addresses = _addresses_before(found, before["addresses"]) if "addresses" in before else None
    link = Link(kind, found.netns, found.name, (), values, master=master, port=port, addresses=addresses, purge_addresses=True)
    with draft.restoring(link):
        configure(draft, link, found)
    draft.released += [link, *_thrown_out(draft, found, before.get("ports", {}))]
    _release_routes(draft, found, before.get("routes", {}))
    if not joins:
        _release_vlans(draft, found, before.get("vlans", {}))
    _forget(draft, found, str(before.get("alias", found.values["alias"])))


def _thrown_out(draft: Draft, bridge: FoundLink, before: Dict[str, Values]) -> Iterator[Link]:
    """The ports that a bridge lost to the layout, as they were."""
    for name, settings in before.items():
        found = draft.found.get((bridge.netns, name))
        if found and not found.master:
            yield Link(_kinds.ANY, bridge.netns, name, (), master=bridge.name, port=_port_before({"port": settings, "vlans": settings.get("vlans")}))


def _port_before(before: Values) -> Port:
    """The port that a link was, with its VLANs if it had others than a new one."""
    settings = {name: value for name, value in before.get("port", {}).items() if name in table.OF_PORT}
    if not before.get("vlans"):
        return Port(settings)
    vlans = {int(vid): Vlan(int(vid), int(vid), *map(bool, flags)) for vid, flags in before["vlans"].items() if flags is not None}
    return Port(settings, vlans, purge_vlans=True)


def _addresses_before(found: FoundLink, before: Dict[str, int]) -> List[Address]:
    """The addresses without those that the layout added, and with those that it took away."""
    kept = [address for address in found.addresses if not address.dynamic and before.get(str(address), 1)]
    keys = {address.key for address in kept}
    gone = (Address.parsed(text) for text, was_there in before.items() if was_there)
    return kept + [address for address in gone if address.key not in keys]


def _release_routes(draft: Draft, found: FoundLink, before: Dict[str, int]) -> None:
    of_namespace = found.name == "lo"
    current = (draft.namespaces[found.netns].routes if of_namespace else found.routes) or []
    for key, was_there in before.items():
        route = _route_of(key, "" if of_namespace else found.name)
        there = [other for other in current if route.satisfied_by(other)]
        if there and not was_there:
            draft.add(UNROUTE, DeleteRoute(found.netns, there[0]))
        elif was_there and not there:
            draft.add(ROUTE, AddRoute(found.netns, route))


def _release_vlans(draft: Draft, found: FoundLink, before: Dict[str, Optional[List[bool]]]) -> None:
    of_bridge = _kinds.is_bridge(found.kind)
    current = (found.vlans if of_bridge else found.port.vlans if found.port else None) or {}
    for text, flags in before.items():
        vid = int(text)
        if flags is None and vid in current:
            draft.add(JOIN, DeleteVlan(found.netns, found.name, current[vid], of_bridge))
        elif flags is not None and current.get(vid) != Vlan(vid, vid, *flags) and (of_bridge or found.port):
            draft.add(JOIN, AddVlan(found.netns, found.name, Vlan(vid, vid, *flags), of_bridge))


def _forget(draft: Draft, found: FoundLink, alias: str) -> None:
    draft.add(LATE, SetLink(found.netns, found.name, found.kind, {"alias": alias}, {"alias": _marks.join(found.mark, found.values["alias"])}))
    draft.found[found.id] = draft.found[found.id]._replace(mark=None)


# Routes in few words


def _route_key(route: Route) -> str:
    """A route in few words: what it would be by itself is left out at the end."""
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
    """Table, metric, type, source and scope that a route has by itself."""
    return [str(MAIN_TABLE), "1024" if ipv6 else "0", "unicast", "-", "global" if ipv6 or routed else "link"]
