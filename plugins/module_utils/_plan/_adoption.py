# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records what an adopted link was before the layout."""

from __future__ import annotations

from itertools import chain
from typing import Any, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._bodies import is_ipv6, lasting, partial_route, relabelled, same_address, source_of
from ansible_collections.nfv.vnet.plugins.module_utils._entries import LISTS, as_text
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import Draft
from ansible_collections.nfv.vnet.plugins.module_utils._plan._existing import lost_settings
from ansible_collections.nfv.vnet.plugins.module_utils._plan._vlans import default_vlans
from ansible_collections.nfv.vnet.plugins.module_utils._resources import (
    Card,
    FoundLink,
    Link,
    LinkId,
    Namespace,
    Ownership,
    Port,
    Route,
    RouteKey,
    Shown,
    Values,
    Vlan,
    added_routes,
    routes_before,
)
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    AddAddress,
    AddEntry,
    AddRoute,
    AddVlan,
    AttachNamespace,
    DeleteAddress,
    DeleteEntry,
    DeleteRoute,
    DeleteVlan,
    MoveLink,
    ReplaceRoute,
    SetFile,
    SetLink,
    SetMaster,
    SetPort,
    SetTuntap,
    SetVlan,
    Step,
    link_of,
)


class Declared(NamedTuple):
    """What is declared of a link, as it was found, in the form of C(Ownership.original)."""

    values: Values
    names: Dict[str, Optional[Set[str]]]
    """What is declared: options, each with the entries that are, None for all of it."""
    exact: Set[str]
    """The lists without other entries than the declared ones."""
    of_port: Tuple[str, ...]
    """What belongs to it as a port, and is lost when it leaves its bridge."""

    def add(self, name: str, found: Any) -> None:
        self.names[name] = None
        if found is not None:
            self.values[name] = found

    def add_list(self, name: str, found: Mapping[str, Any], declared: Iterable[str], exact: bool) -> None:
        keys = self.names[name] = None if exact else set(declared)
        self.values[name] = {key: entry for key, entry in found.items() if keys is None or key in keys}
        if exact:
            self.exact.add(name)


class Adoption:
    """Derives what is recorded of each adopted link (C(Ownership.original)) from the steps of a plan, and from what is declared."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._namespaces: Dict[str, Namespace] = {namespace.name: namespace for namespace in draft.layout.namespaces}
        self._declared_anywhere: Dict[str, Set[str]] = {
            "addresses": {address.itself for link in draft.layout.links for address in link.addresses or ()},
            "routes": {route.itself for link in draft.layout.links for route in link.routes or ()},
        }
        """What identifies the addresses and routes that are declared for any link: they may move there."""
        self._listed: Dict[LinkId, List[Port]] = {}
        for bridge in draft.layout.links:
            for name, port in (bridge.ports or {}).items():
                self._listed.setdefault((bridge.netns, name), []).append(port)
        self._members = [found for found in draft.host.links.values() if draft.is_member(found) and found.ownership and found.ownership.original is not None]
        self._removed: Dict[LinkId, Values] = {}
        """The ports that the layout has removed from bridges, as C(_joined()) returns them."""
        for member in self._members:
            for name, port in member.original.get("ports", {}).items():
                self._removed[member.netns, name] = _joined(member.name, port)
        self._own_routes: Dict[str, Dict[RouteKey, List[Route]]] = {}
        """The routes that the layout has added, by namespace."""
        for member in self._members:
            own = self._own_routes.setdefault(member.netns, {})
            for route in added_routes(member.original, "" if member.kind == _kinds.LOOPBACK else member.name):
                own.setdefault(route.key, []).append(route)
        self._keys_of_namespaces: Dict[str, Set[RouteKey]] = {}
        self._steps: Dict[LinkId, List[Step]] = {}
        for phase in sorted(draft.steps):
            for step in draft.steps[phase]:
                self._steps.setdefault(self._recorded_with(step), []).append(step)

    def original(self, found: FoundLink, key: LinkId) -> Values:
        """What is recorded of a link. C(key): the link after the plan."""
        recorded = dict(found.original)
        at_adoption: Values = recorded.pop("unchanged", {})
        was_exact = set(recorded.pop("exact", ()))
        declared = self._declared(found, key)
        changed = _as_adopted(self._changed(found, key, at_adoption), at_adoption, declared)
        if "master" in declared.names and found.id in self._removed:
            changed.update(self._removed[found.id])
        known = {name: {*at_adoption.get(name, ()), *_keys_in(recorded, name)} for name in declared.exact & was_exact}
        original = _merged(recorded, _without_later_entries(changed, known, self._declared_anywhere), declared)
        if original.get("from") == list(key):
            del original["from"]
        original = self._without_what_is_gone(original, found, key, declared)
        unchanged = _unchanged(declared, at_adoption, set(known), original)
        return {**original, **({"exact": sorted(declared.exact)} if declared.exact else {}), **({"unchanged": unchanged} if unchanged else {})}

    def _recorded_with(self, step: Step) -> LinkId:
        """The link that a step is recorded with: routes that are declared for a namespace with its C(lo)."""
        if isinstance(step, (AddRoute, ReplaceRoute, DeleteRoute)) and step.route.key in self._routes_of_namespace(step.netns):
            return step.netns, "lo"
        return link_of(step)

    def _routes_of_namespace(self, netns: str) -> Set[RouteKey]:
        """The routes that are declared for a namespace, or that its C(lo) is recorded with, which may go through other links."""
        if netns not in self._keys_of_namespaces:
            lo = self._draft.host.links.get((netns, "lo"))
            declared = self._namespaces[netns].routes if netns in self._namespaces else None
            self._keys_of_namespaces[netns] = {*_recorded_routes(lo.ownership if lo else None), *(route.key for route in declared or ())}
        return self._keys_of_namespaces[netns]

    def _routes_of_others(self, netns: str) -> Set[RouteKey]:
        """The routes of a namespace that are not recorded with the links that they go through: other layouts have added them, or this one there."""
        lo = self._draft.host.links.get((netns, "lo"))
        return self._routes_of_namespace(netns).union(*map(_recorded_routes, lo.also_of if lo else ()))

    def _without_what_is_gone(self, original: Values, found: FoundLink, key: LinkId, declared: Declared) -> Values:
        """What is recorded, without what the layout has added and does not have any more."""
        after = self._draft.links_after[key]
        routes = self._draft.namespaces_after[key[0]].routes if after.kind == _kinds.LOOPBACK else after.routes
        there: Dict[str, Set[str]] = {option: {as_text(LISTS[option], entry) for entry in entries} for option, entries in after.entries.items()}
        deleted = {step.address.key for step in self._steps.get(found.id, ()) if isinstance(step, DeleteAddress)}
        # the kernel may keep those of IPv6 on a link that is down (keep_addr_on_down)
        kept_on_down = [address for address in found.addresses if address.key not in deleted] if found.netns == key[0] else []
        there["addresses"] = {address.itself for address in [*after.addresses, *kept_on_down]}
        kept = dict(original)
        for name in there.keys() & original.keys():
            stays = there[name] | (declared.names.get(name) or set())
            kept[name] = {text: before for text, before in original[name].items() if before is not None or text in stays}
        if routes is not None and "new_routes" in original:
            stays = {route.itself for route in routes} | (declared.names.get("routes") or set())
            kept["new_routes"] = {text: route for text, route in original["new_routes"].items() if text in stays}
            for text in self._came_back(after, routes, kept, declared):
                del kept["new_routes"][text]
                kept["routes"] = {key: bodies for key, bodies in kept["routes"].items() if key != text}
        return {name: before for name, before in kept.items() if before or name not in (*there, "new_routes")}

    @staticmethod
    def _came_back(after: FoundLink, routes: List[Route], kept: Values, declared: Declared) -> List[str]:
        """The routes of a namespace that are there again, as the ones in their place are not declared any more."""
        if after.kind != _kinds.LOOPBACK:
            return []
        new = {route.itself: route for route in added_routes(kept)}
        there = {route.itself for route in routes} - {key for key, route in new.items() if any(route.satisfied_by(other) for other in routes)}
        return [key for key in new if key in there and key in kept.get("routes", {}) and key not in (declared.names.get("routes") or set())]

    # What is declared

    def _declared(self, found: FoundLink, key: LinkId) -> Declared:
        declared = Declared({}, {}, set(), ("port",) if _kinds.kind_of(found.kind).is_bridge else ("port", "vlans"))
        declared.add("from", list(found.id))
        wanted = self._draft.wanted.get(key) or Link(_kinds.ANY, *key, path=())
        for name in wanted.values:
            declared.add(name, found.values.get(name))
        ports = [*([wanted.port] if wanted.port else []), *self._listed.get(key, ())]
        if wanted.master is not None or key in self._listed:
            declared.add("master", found.master)
        declared.add_list("port", found.port.values if found.port else {}, {name for port in ports for name in port.values}, False)
        for vlans, there, exact in self._vlans(wanted, found, ports):
            declared.add_list("vlans", {str(vid): vlan.stored() for vid, vlan in there.items()}, map(str, vlans), exact)
        if wanted.ports is not None and wanted.purge_ports:
            declared.add_list("ports", {port.name: {} for port in self._draft.ports(found.id)}, (), True)
        if wanted.addresses is not None:
            bodies = _bodies_of_addresses(found)
            declared.add_list("addresses", bodies, (address.itself for address in wanted.addresses), wanted.purge_addresses)
            declared.add("order", _order(found))
        self._add_routes(declared, wanted, found)
        for option, given in wanted.entries.items():
            entries = {as_text(LISTS[option], entry): entry for entry in found.entries.get(option, ())}
            declared.add_list(option, entries, (as_text(LISTS[option], entry) for entry in given.entries), given.purge)
        return declared

    def _vlans(self, wanted: Link, found: FoundLink, ports: List[Port]) -> Iterator[Tuple[Dict[int, Vlan], Dict[int, Vlan], bool]]:
        """The declared VLANs, those that were found, and whether the list is exact."""
        if wanted.vlans is not None:
            yield wanted.vlans, found.vlans or {}, wanted.purge_vlans
        for port in ports:
            if port.vlans is not None:
                yield port.vlans, (found.port.vlans if found.port else None) or {}, port.purge_vlans

    def _add_routes(self, declared: Declared, wanted: Link, found: FoundLink) -> None:
        """Adds the routes of a link, or of the namespace of a C(lo), and what else is declared of that."""
        shown = found.shown or Shown({}, [])
        namespace = self._namespaces.get(found.netns) if found.kind == _kinds.LOOPBACK else None
        if namespace:
            declared.add("attached", "" if namespace.attach else None)
            files = self._draft.host.namespaces[found.netns].files
            declared.add_list("files", {name: files.get(name) for name in namespace.files or ()}, namespace.files or (), False)
            wanted = wanted._replace(routes=namespace.routes, purge_routes=namespace.purge_routes)
        if wanted.routes is not None:
            bodies: Dict[str, List[str]] = {}
            for _route, body in [*shown.routes, *shown.of_namespace]:
                bodies.setdefault(partial_route(body).itself, []).append(body)
            declared.add_list("routes", bodies, (route.itself for route in wanted.routes), wanted.purge_routes)

    # What changes

    def _changed(self, found: FoundLink, key: LinkId, at_adoption: Values) -> Values:
        """What the steps change of a link, including their side effects, as it is now."""
        steps = [*self._steps.get(found.id, []), *(self._steps.get(key, []) if key != found.id else [])]
        values: Values = self._place(found, key, at_adoption)
        for option, entry in self._dropped_entries(found, steps):  # before the steps, which add some of them again
            values.setdefault(option, {})[as_text(LISTS[option], entry)] = entry
        for path, old in chain(*(_changes(step, found) for step in steps), self._removed_ports(found)):
            container = values
            for name in path[:-1]:
                container = container.setdefault(name, {})
            container.setdefault(path[-1], old)
        return {**values, **_addresses_before(found, steps), **self._routes_before(found, steps), **self._new_routes(found, key, steps)}

    def _routes_before(self, found: FoundLink, steps: List[Step]) -> Values:
        """The routes that the steps delete or replace, and those that the kernel drops beside: a link loses its routes when it goes down
        or loses an address.
        """
        shown = found.shown or Shown({}, [])
        down, no_ipv6 = _goes_down(steps), _loses_ipv6(steps)
        lost_families = {step.address.ipv6 for step in steps if isinstance(step, DeleteAddress)}
        dropped = {step.route if isinstance(step, DeleteRoute) else step.old for step in steps if isinstance(step, (DeleteRoute, ReplaceRoute))}
        lost = [(route, body) for route, body in shown.routes if down or route in dropped or is_ipv6(body) in lost_families or (no_ipv6 and is_ipv6(body))]
        dropped_keys = {route.key for route in dropped if route}
        lost += [(route, body) for route, body in shown.of_namespace if partial_route(body).key in dropped_keys]
        lost += [(None, body) for body in self._losing_source(found)]
        others = self._routes_of_others(found.netns) if lost and found.kind != _kinds.LOOPBACK else set()
        own = self._own_routes.get(found.netns, {})
        before: Dict[str, List[str]] = {}
        for route, body in lost:
            place = partial_route(body)
            if place.key not in others and not (route and any(mine.satisfied_by(route) for mine in own.get(place.key, ()))):
                before.setdefault(place.itself, []).append(body)
        return {"routes": before} if before else {}

    def _losing_source(self, found: FoundLink) -> List[str]:
        """The routes of other links that the kernel drops with an address of this one, or that lose their source address."""
        with_source = found.shown.with_source if found.shown else ()
        after = [link for link in self._draft.links_after.values() if link.netns == found.netns] if with_source else []
        left = {address.local for link in after for address in link.addresses}
        own = self._own_routes.get(found.netns, {})
        return [body for body in with_source if source_of(body) not in left and partial_route(body).key not in own]

    def _new_routes(self, found: FoundLink, key: LinkId, steps: List[Step]) -> Values:
        """The routes that the steps add. They name the link as it is after the plan, C(key)."""
        # one with a body was there before, and is only added again
        added = [step.route for step in steps if isinstance(step, ReplaceRoute) or (isinstance(step, AddRoute) and not step.body)]
        if not added:
            return {}
        is_lo, shown = found.kind == _kinds.LOOPBACK, found.shown or Shown({}, [])
        others = set() if is_lo else self._routes_of_others(found.netns)
        over_several = {partial_route(body).key for route, body in shown.routes if not route}  # they are restored as they were
        there: Dict[RouteKey, List[Route]] = {}
        for route, _body in [*shown.routes, *shown.of_namespace]:
            if route:
                there.setdefault(route.key, []).append(route._replace(dev=key[1]) if route.dev == found.name and found.netns == key[0] and not is_lo else route)
        new = [route for route in added if route.key not in others | over_several]
        new = [route for route in new if not any(route.satisfied_by(other) for other in there.get(route.key, ()))]
        return {"new_routes": {route.itself: (route if is_lo else route._replace(dev="")).stored() for route in new}} if new else {}

    def _place(self, found: FoundLink, key: LinkId, at_adoption: Values) -> Values:
        """Where a link was, if it gets another name or is moved; with what a move drops."""
        card: Values = {} if found.card == Card() else {"card": list(found.card)}
        if key == found.id:
            return card
        place: Values = {"from": list(found.id), **card}
        is_back = at_adoption.get("from", list(found.id)) != list(found.id)  # somebody has moved it, and with that dropped the rest
        if key[0] == found.netns or is_back:
            return place
        port = {"master": found.master, "port": _settings(found.port.values)} if found.port else {}
        vlans = _vlans_of(found.port.vlans or {}, self._draft.host.links.get((found.netns, found.master))) if found.port else {}
        lost = lost_settings(found, (*table.IPV6_LOCATIONS, *table.READ_APART))
        return {**place, "up": found.values["up"], **lost, **port, **({"vlans": vlans} if vlans else {})}

    def _dropped_entries(self, found: FoundLink, steps: List[Step]) -> Iterator[Tuple[str, Values]]:
        """What the kernel drops of the lists of a link that goes down, loses IPv6, or leaves its bridge."""
        down, no_ipv6 = _goes_down(steps), _loses_ipv6(steps)
        leaves = bool(found.master) and any(isinstance(step, (SetMaster, MoveLink)) for step in steps)
        for option, there in found.entries.items() if no_ipv6 or leaves else ():
            entries = LISTS[option]
            of_kernel = entries.keys_of_kernel(found, self._draft.host)
            dropped = [entry for entry in there if (down and entries.dropped_when_down) or (no_ipv6 and entries.of_ipv6(entry)) or (leaves and entries.of_port)]
            yield from ((option, entry) for entry in dropped if entries.key_of(entry) not in of_kernel)

    def _removed_ports(self, bridge: FoundLink) -> Iterator[Tuple[Tuple[str, ...], Any]]:
        """Ports that leave a bridge and are not of the layout: they are recorded with the bridge."""
        for port in self._draft.ports(bridge.id) if _kinds.has_ports(bridge.kind) else ():
            now = self._draft.links_after.get(port.id)
            original = self._draft.original(port.id)
            master = original.get("master", original.get("unchanged", {}).get("master", bridge.name))
            if now and not now.master and not now.ownership and master == bridge.name:
                settings = _settings({**(port.port or Port({})).values, **original.get("port", {})})
                vlans = original.get("vlans") or _vlans_of((port.port and port.port.vlans) or {}, bridge)
                yield ("ports", port.name), {**settings, **({"vlans": vlans} if vlans else {})}


def _joined(bridge: str, port: Values) -> Values:
    """What a link was that is recorded in C(ports) of a bridge."""
    settings = {name: value for name, value in port.items() if name != "vlans"}
    return {"master": bridge, **({"port": settings} if settings else {}), **({"vlans": port["vlans"]} if port.get("vlans") else {})}


def _changes(step: Step, found: FoundLink) -> Iterator[Tuple[Tuple[str, ...], Any]]:
    """What a step changes, as a path in C(Ownership.original) with the old value."""
    if isinstance(step, SetLink):
        rows, old = _kinds.rows_of(step.kind), step.old or found.values
        values = ((name, old.get(name, rows[name].initial)) for name in step.values)
        # IPv6 settings that a link with a small MTU does not have are new ones when it gets them
        yield from (((name,), rows[name].initial if value is None else value) for name, value in values)
        above = ((other.name, other.values["mtu"]) for other in step.restore if isinstance(other, SetLink) and other.name != step.name)
        yield from ((("mtus_above", name), [mtu, step.values["mtu"]]) for name, mtu in above)
        if table.is_too_small_for_ipv6(step.values):
            yield from (((name,), value) for name, value in lost_settings(found, table.IPV6_LOCATIONS).items())
    elif isinstance(step, SetTuntap):
        old = step.old or found.values
        yield from (((name,), old.get(name)) for name, value in step.values.items() if value != old.get(name))
    elif isinstance(step, SetMaster):
        yield ("master",), step.old
        # a port that leaves its bridge loses its settings
        settings = {other.attribute: other.value for other in step.restore if isinstance(other, SetPort)}
        yield from ((("port", name), old) for name, old in _settings(settings).items())
        vlans = {other.vlan.first: other.vlan for other in step.restore if isinstance(other, AddVlan)}
        yield from ((("vlans", vid), flags) for vid, flags in _vlans_of(vlans, None).items())
    elif isinstance(step, SetPort) and step.old is not None:
        yield ("port", step.attribute), step.old
    elif isinstance(step, SetVlan):
        yield ("vlans", str(step.vlan.first)), step.vlan.stored() if step.old is not None else None
    elif isinstance(step, SetFile):
        yield ("files", step.file), step.old
    elif isinstance(step, AttachNamespace):
        yield ("attached",), step.name
    elif isinstance(step, (AddEntry, DeleteEntry)):
        # an entry that is replaced is deleted first, so that the first change says what was there
        yield (step.option, as_text(LISTS[step.option], step.entry)), step.entry if isinstance(step, DeleteEntry) else None
    elif isinstance(step, (AddVlan, DeleteVlan)):
        before = step.vlan if isinstance(step, DeleteVlan) else step.old
        stored = before.stored() if before else None
        yield from ((("vlans", str(vid)), stored) for vid in range(step.vlan.first, step.vlan.last + 1))


def _goes_down(steps: List[Step]) -> bool:
    return any(isinstance(step, MoveLink) or (isinstance(step, SetLink) and step.values.get("up") is False) for step in steps)


def _loses_ipv6(steps: List[Step]) -> bool:
    """Whether the kernel drops IPv6 of a link: it goes down, or its MTU gets too small."""
    return _goes_down(steps) or any(table.ends_ipv6(step.values) for step in steps if isinstance(step, SetLink))


def _addresses_before(found: FoundLink, steps: List[Step]) -> Values:
    """The addresses that the steps change, and those that the kernel drops beside."""
    touched = {step.address.key: step.address for step in steps if isinstance(step, (AddAddress, DeleteAddress))}
    moved, no_ipv6 = any(isinstance(step, MoveLink) for step in steps), _loses_ipv6(steps)
    lost = (address for address in found.addresses if (moved or (no_ipv6 and address.ipv6)) and not address.link_local)
    touched.update((address.key, address) for address in lost)
    before: Values = {}
    if touched:
        there, bodies = {address.itself for address in found.addresses}, _bodies_of_addresses(found)
        names = [address.itself for address in touched.values()]
        # one that vanished while it was read is not recorded
        before["addresses"] = {name: bodies.get(name) for name in names if name in bodies or name not in there}
    if any(not address.ipv6 for address in touched.values()):
        before["order"] = _order(found)
    return before


def _bodies_of_addresses(found: FoundLink) -> Dict[str, str]:
    """The addresses of a link as it was named when it was adopted."""
    original, shown = found.original, found.shown or Shown({}, [])
    home = original.get("from", original.get("unchanged", {}).get("from", found.id))[1]
    named = ((address.itself, shown.addresses.get(address.key)) for address in found.addresses)
    return {name: relabelled(body, found.name, home) for name, body in named if body}


def _order(found: FoundLink) -> List[str]:
    return [address.itself for address in found.addresses if not address.ipv6]


def _settings(values: Values) -> Values:
    """The settings of a port that differ from those of a new one."""
    return {name: value for name, value in table.settings_of_port(values).items() if value != table.PORT_ROWS[name].initial}


def _vlans_of(vlans: Dict[int, Vlan], bridge: Optional[FoundLink]) -> Dict[str, List[Any]]:
    """The VLANs of a port; empty if they are those of a new port."""
    if vlans == default_vlans(bridge.values if bridge else {}):
        return {}
    return {str(vid): vlan.stored() for vid, vlan in vlans.items()}


# What is recorded


def _as_adopted(changed: Values, at_adoption: Values, declared: Declared) -> Values:
    """What a plan changes, as it was at the adoption: somebody else may have changed it since."""
    result = {name: _as_it_was(name, old, at_adoption[name]) if name in at_adoption else old for name, old in changed.items()}
    if "master" in changed and changed["master"] != at_adoption.get("master", changed["master"]):
        for name in declared.of_port:  # not that of the bridge that somebody put it on
            result[name] = at_adoption.get(name, {})
    repaired = {key: at_adoption["routes"][key] for key in changed.get("new_routes", {}) if key in at_adoption.get("routes", {})}
    if repaired:
        result["routes"] = {**repaired, **result.get("routes", {})}
        result["new_routes"] = {key: route for key, route in changed["new_routes"].items() if key not in repaired}
    return {name: old for name, old in result.items() if old or name not in (*declared.of_port, "new_routes")}


def _as_it_was(name: str, now: Any, then: Any) -> Any:
    if not _by_key(name, now):
        return then
    return {key: old if key not in then or _is_same(name, old, then[key]) else then[key] for key, old in now.items()}


def _is_same(name: str, now: Any, then: Any) -> bool:
    """Whether an entry differs only in what changes by itself, such as a lifetime."""
    if name == "ports":  # they are recorded with their settings when they leave
        return True
    if name == "addresses" and now and then:
        return same_address(now, then)
    return name == "routes" and list(map(lasting, now)) == list(map(lasting, then))


def _without_later_entries(before: Values, known: Dict[str, Set[str]], declared: Dict[str, Set[str]]) -> Values:
    """What a plan changes of a link, without what was added to lists after they became exact: nobody wants it back, unless it moves to another link.

    C(known): what was there then; C(declared): of any link.
    """
    kept = dict(before)
    for name in known.keys() & before.keys():
        wanted = known[name] | declared.get(name, set())
        kept[name] = {key: entry for key, entry in before[name].items() if entry is None or key in wanted}
    if "order" in before and "addresses" in kept:
        kept["order"] = [key for key in before["order"] if key in kept["addresses"] or key in known.get("addresses", (key,)) or key in declared["addresses"]]
    return kept


def _merged(recorded: Values, now: Values, declared: Declared) -> Values:
    """The recorded state, which is older than the found one and takes precedence, but for the routes that the layout has added."""
    later = {name: old for name, old in now.items() if "master" not in recorded or name not in declared.of_port}
    merged = {**later, **recorded}
    for name in later.keys() & recorded.keys():
        if name == "new_routes":
            merged[name] = {**recorded[name], **later[name]}
        elif _by_key(name, recorded[name]):
            merged[name] = {**later[name], **recorded[name]}
    if "routes" in later:  # what is in the place of a new route was added later
        older, added = recorded.get("routes", {}), recorded.get("new_routes", {})
        merged["routes"] = {key: bodies for key, bodies in merged["routes"].items() if key in older or key not in added}
    return merged


def _unchanged(declared: Declared, at_adoption: Values, still_exact: Set[str], original: Values) -> Values:
    """What is declared and has not been changed by the layout yet, as it was at the adoption."""
    unchanged: Values = {}
    names = {name: keys for name, keys in declared.names.items() if "master" not in original or name not in declared.of_port}
    for name, keys in names.items():
        now, then = declared.values.get(name), at_adoption.get(name)
        if _by_key(name, now) or _by_key(name, then):
            entries = {**({} if name in still_exact else now or {}), **(then or {})}
            changed = _keys_in(original, name)
            kept = {key: entry for key, entry in entries.items() if (keys is None or key in keys) and key not in changed}
            unchanged.update({name: kept} if kept else {})
        elif name not in original and (name in at_adoption or now is not None):
            unchanged[name] = at_adoption.get(name, now)
    return unchanged


def _by_key(name: str, value: Any) -> bool:
    """Whether a value consists of entries that change one by one."""
    return isinstance(value, dict) and name not in _WHOLE


_WHOLE = {row.name for rows in _kinds.ROWS_OF.values() for row in rows.values() if row.type.option == "dict" and not row.type.partial}
"""The attributes whose value is a dictionary that changes as a whole."""


def _keys_in(values: Values, name: str) -> Set[str]:
    """What identifies the entries of a list in C(Ownership.original)."""
    return {*values.get(name, ()), *(values.get("new_routes", ()) if name == "routes" else ())}


def _recorded_routes(ownership: Optional[Ownership]) -> Set[RouteKey]:
    """The routes that are recorded with a C(lo)."""
    original = (ownership and ownership.original) or {}
    return {route.key for route in [*added_routes(original), *map(partial_route, routes_before(original))]}
