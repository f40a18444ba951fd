# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records what an adopted link was before the layout."""

from __future__ import annotations

from itertools import chain
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._bodies import is_ipv6, partial_route, source_of
from ansible_collections.nfv.vnet.plugins.module_utils._entries import LISTS, as_text
from ansible_collections.nfv.vnet.plugins.module_utils._plan._changes import (
    addresses_before,
    bodies_of_addresses,
    changed_settings,
    changed_vlans,
    changes_of,
    goes_down,
    joined_before,
    loses_ipv6,
    order_of_addresses,
)
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import Draft
from ansible_collections.nfv.vnet.plugins.module_utils._plan._existing import lost_settings
from ansible_collections.nfv.vnet.plugins.module_utils._plan._recorded import Declared, as_adopted, keys_in, merged, still_unchanged, without_later_entries
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
    AddRoute,
    DeleteAddress,
    DeleteRoute,
    MoveLink,
    ReplaceRoute,
    SetMaster,
    Step,
    link_of,
)


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
        """The ports that the layout has removed from bridges, as C(joined_before()) returns them."""
        for member in self._members:
            for name, port in member.original.get("ports", {}).items():
                self._removed[member.netns, name] = joined_before(member.name, port)
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
        changed = as_adopted(self._changed(found, key, at_adoption), at_adoption, declared)
        if "master" in declared.names and found.id in self._removed:
            changed.update(self._removed[found.id])
        known = {name: {*at_adoption.get(name, ()), *keys_in(recorded, name)} for name in declared.exact & was_exact}
        original = merged(recorded, without_later_entries(changed, known, self._declared_anywhere), declared)
        if original.get("from") == list(key):
            del original["from"]
        original = self._without_what_is_gone(original, found, key, declared)
        unchanged = still_unchanged(declared, at_adoption, set(known), original)
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
            bodies = bodies_of_addresses(found)
            declared.add_list("addresses", bodies, (address.itself for address in wanted.addresses), wanted.purge_addresses)
            declared.add("order", order_of_addresses(found))
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
        for path, old in chain(*(changes_of(step, found) for step in steps), self._removed_ports(found)):
            container = values
            for name in path[:-1]:
                container = container.setdefault(name, {})
            container.setdefault(path[-1], old)
        return {**values, **addresses_before(found, steps), **self._routes_before(found, steps), **self._new_routes(found, key, steps)}

    def _routes_before(self, found: FoundLink, steps: List[Step]) -> Values:
        """The routes that the steps delete or replace, and those that the kernel drops beside: a link loses its routes when it goes down
        or loses an address.
        """
        shown = found.shown or Shown({}, [])
        down, no_ipv6 = goes_down(steps), loses_ipv6(steps)
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
        port = {"master": found.master, "port": changed_settings(found.port.values)} if found.port else {}
        vlans = changed_vlans(found.port.vlans or {}, self._draft.host.links.get((found.netns, found.master))) if found.port else {}
        lost = lost_settings(found, (*table.IPV6_LOCATIONS, *table.READ_APART))
        return {**place, "up": found.values["up"], **lost, **port, **({"vlans": vlans} if vlans else {})}

    def _dropped_entries(self, found: FoundLink, steps: List[Step]) -> Iterator[Tuple[str, Values]]:
        """What the kernel drops of the lists of a link that goes down, loses IPv6, or leaves its bridge."""
        down, no_ipv6 = goes_down(steps), loses_ipv6(steps)
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
                settings = changed_settings({**(port.port or Port({})).values, **original.get("port", {})})
                vlans = original.get("vlans") or changed_vlans((port.port and port.port.vlans) or {}, bridge)
                yield ("ports", port.name), {**settings, **({"vlans": vlans} if vlans else {})}


def _recorded_routes(ownership: Optional[Ownership]) -> Set[RouteKey]:
    """The routes that are recorded with a C(lo)."""
    original = (ownership and ownership.original) or {}
    return {route.key for route in [*added_routes(original), *map(partial_route, routes_before(original))]}
