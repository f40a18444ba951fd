# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records what an adopted link was before the layout."""

from __future__ import annotations

from itertools import chain
from typing import Any, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._bodies import is_ipv6, lasting, partial_route, relabelled, same_address
from ansible_collections.nfv.vnet.plugins.module_utils._entries import LISTS, as_text
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import Draft
from ansible_collections.nfv.vnet.plugins.module_utils._resources import (
    Card,
    FoundLink,
    Link,
    LinkId,
    Namespace,
    Port,
    Route,
    RouteKey,
    Shown,
    Values,
    Vlan,
    added_routes,
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
    """What is declared of a link, as it was found, in the form of C(Ownership.original); but C(routes) are bodies by what identifies them."""

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
        self._own_routes: Dict[str, Set[RouteKey]] = {}
        self._declared_anywhere: Dict[str, Set[str]] = {
            "addresses": {address.itself for link in draft.layout.links for address in link.addresses or ()},
            "routes": {_key_text(route) for link in draft.layout.links for route in link.routes or ()},
        }
        """What identifies the addresses and routes that are declared for any link: they may move there."""
        self._listed: Dict[LinkId, List[Port]] = {}
        for bridge in draft.layout.links:
            for name, port in (bridge.ports or {}).items():
                self._listed.setdefault((bridge.netns, name), []).append(port)
        self._steps: Dict[LinkId, List[Step]] = {}
        for step in chain.from_iterable(draft.steps.values()):
            self._steps.setdefault(self._recorded_with(step), []).append(step)

    def original(self, found: FoundLink, key: LinkId) -> Values:
        """What is recorded of a link. C(key): the link after the plan."""
        recorded = dict((found.ownership and found.ownership.original) or {})
        earlier: Values = recorded.pop("unchanged", {})
        was_exact = set(recorded.pop("exact", ()))
        declared = self._declared(found, key)
        changed = _as_adopted(self._changed(found, key, earlier), earlier, declared, key)
        known = {name: {*earlier.get(name, ()), *_keys_in(recorded, name)} for name in declared.exact & was_exact}
        original = _merged(recorded, _without_later_entries(changed, known, self._declared_anywhere))
        unchanged = _unchanged(declared, earlier, set(known), original)
        return {**original, **({"exact": sorted(declared.exact)} if declared.exact else {}), **({"unchanged": unchanged} if unchanged else {})}

    def _recorded_with(self, step: Step) -> LinkId:
        """The link that a step is recorded with: routes that are declared for a namespace with its C(lo)."""
        if isinstance(step, (AddRoute, ReplaceRoute, DeleteRoute)) and step.route.key in self._routes_of_namespace(step.netns):
            return step.netns, "lo"
        return link_of(step)

    def _routes_of_namespace(self, netns: str) -> Set[RouteKey]:
        """The routes that are declared for a namespace, or that its C(lo) is recorded with, which may go through other links."""
        if netns not in self._own_routes:
            lo = self._draft.host.links.get((netns, "lo"))
            owners = [owner.original or {} for owner in (lo.ownership, *lo.also_of) if owner] if lo else []
            recorded = [*chain.from_iterable(map(added_routes, owners)), *(partial_route(body) for owner in owners for body in owner.get("routes", ()))]
            declared = self._namespaces[netns].routes if netns in self._namespaces else None
            self._own_routes[netns] = {route.key for route in [*recorded, *(declared or ())]}
        return self._own_routes[netns]

    # What is declared

    def _declared(self, found: FoundLink, key: LinkId) -> Declared:
        declared = Declared({}, {}, set(), ("port",) if _kinds.is_bridge(found.kind) else ("port", "vlans"))
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
                bodies.setdefault(_route_key(body), []).append(body)
            declared.add_list("routes", bodies, map(_key_text, wanted.routes), wanted.purge_routes)

    # What changes

    def _changed(self, found: FoundLink, key: LinkId, earlier: Values) -> Values:
        """What the steps change of a link, including their side effects, as it is now."""
        steps = [*self._steps.get(found.id, []), *(self._steps.get(key, []) if key != found.id else [])]
        values: Values = self._place(found, key, earlier)
        for option, entry in self._dropped_entries(found, steps):  # before the steps, which add some of them again
            values.setdefault(option, {})[as_text(LISTS[option], entry)] = entry
        for path, old in chain(*map(_changes, steps), self._removed_ports(found)):
            container = values
            for name in path[:-1]:
                container = container.setdefault(name, {})
            container.setdefault(path[-1], old)
        of_namespace = self._routes_of_namespace(found.netns)
        return {**values, **_addresses_before(found, steps), **_routes_before(found, key, steps, of_namespace)}

    def _place(self, found: FoundLink, key: LinkId, earlier: Values) -> Values:
        """Where a link was, if it gets another name or is moved; with what a move drops."""
        card: Values = {} if found.card == Card() else {"card": list(found.card)}
        if key == found.id:
            return card
        place: Values = {"from": list(found.id), **card}
        is_back = earlier.get("from", list(found.id)) != list(found.id)  # somebody has moved it, and with that dropped the rest
        if key[0] == found.netns or is_back:
            return place
        usual = {row.name: row.initial for row in table.LINK if row.location in (*table.IPV6_LOCATIONS, *table.READ_APART)}
        changed = {name: found.values[name] for name in usual if found.values.get(name) not in (None, usual[name])}
        port = {"master": found.master, "port": _settings(found.port.values)} if found.port else {}
        vlans = _vlans_of(found.port.vlans or {}, self._draft.host.links.get((found.netns, found.master))) if found.port else {}
        return {**place, "up": found.values["up"], **changed, **port, **({"vlans": vlans} if vlans else {})}

    def _dropped_entries(self, found: FoundLink, steps: List[Step]) -> Iterator[Tuple[str, Values]]:
        """What the kernel drops of the lists of a link that goes down, or loses IPv6."""
        down, no_ipv6 = _goes_down(steps), _loses_ipv6(steps)
        for option, there in found.entries.items() if no_ipv6 else ():
            entries = LISTS[option]
            of_kernel = entries.keys_of_kernel(found, self._draft.host)
            dropped = [entry for entry in there if (down and entries.after_up) or entries.of_ipv6(entry)]
            yield from ((option, entry) for entry in dropped if entries.key_of(entry) not in of_kernel)

    def _removed_ports(self, bridge: FoundLink) -> Iterator[Tuple[Tuple[str, ...], Any]]:
        """Ports of others that leave a bridge: they are recorded with the bridge."""
        for port in self._draft.ports(bridge.id) if _kinds.has_ports(bridge.kind) else ():
            now = self._draft.links_after.get(port.id)
            if now and not now.master and not now.ownership:
                recorded = (port.ownership.original if port.ownership else None) or {}
                settings = _settings({**(port.port or Port({})).values, **recorded.get("port", {})})
                vlans = recorded.get("vlans") or _vlans_of((port.port and port.port.vlans) or {}, bridge)
                yield ("ports", port.name), {**settings, **({"vlans": vlans} if vlans else {})}


def _changes(step: Step) -> Iterator[Tuple[Tuple[str, ...], Any]]:
    """What a step changes, as a path in C(Ownership.original) with the old value."""
    if isinstance(step, SetLink):
        yield from (((name,), (step.old or {}).get(name)) for name in step.values)
    elif isinstance(step, SetTuntap):
        old = step.old or {}
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
        before["addresses"] = {name: bodies.get(name, 0) for name in names if name in bodies or name not in there}
    if any(not address.ipv6 for address in touched.values()):
        before["order"] = _order(found)
    return before


def _bodies_of_addresses(found: FoundLink) -> Dict[str, str]:
    """The addresses of a link as it was named when it was adopted."""
    home = ((found.ownership and found.ownership.original) or {}).get("from", found.id)[1]
    shown = found.shown or Shown({}, [])
    named = ((address.itself, shown.addresses.get(address.key)) for address in found.addresses)
    return {name: relabelled(body, found.name, home) for name, body in named if body}


def _order(found: FoundLink) -> List[str]:
    return [address.itself for address in found.addresses if not address.ipv6]


def _routes_before(found: FoundLink, key: LinkId, steps: List[Step], of_namespace: Set[RouteKey]) -> Values:
    """The routes that the steps change, and those that the kernel drops beside: a link loses its routes when it goes down or loses an address.

    C(of_namespace): those that are recorded with its C(lo).
    """
    is_lo = found.kind == _kinds.LOOPBACK
    others = set() if is_lo else of_namespace
    down, no_ipv6 = _goes_down(steps), _loses_ipv6(steps)
    shown = found.shown or Shown({}, [])
    recorded = (found.ownership and found.ownership.original) or {}
    dev = "" if is_lo else found.name
    added = added_routes(recorded, dev)
    lost_families = {step.address.ipv6 for step in steps if isinstance(step, DeleteAddress)}
    dropped = {step.route if isinstance(step, DeleteRoute) else step.old for step in steps if isinstance(step, (DeleteRoute, ReplaceRoute))}
    lost = [(route, body) for route, body in shown.routes if down or route in dropped or is_ipv6(body) in lost_families or (no_ipv6 and is_ipv6(body))]
    lost += [(route, body) for route, body in shown.of_namespace if route in dropped]
    own = {body for route, body in lost if route and any(mine.satisfied_by(route) for mine in added)}
    bodies = [body for _route, body in lost if body not in own and partial_route(body).key not in others]
    # the steps name the link as it is after the plan
    dev = key[1] if found.netns == key[0] and dev else dev
    there = [route._replace(dev=dev) if dev and route.dev == found.name else route for route, _body in [*shown.routes, *shown.of_namespace] if route]
    earlier = {partial_route(body).key for body in recorded.get("routes", ())}  # what replaces them is deleted for them
    earlier |= others | {partial_route(body).key for route, body in shown.routes if not route}  # over several links, and restored as they were
    new = [step.route for step in steps if isinstance(step, (AddRoute, ReplaceRoute)) and step.route.key not in earlier]
    new = [route for route in new if not any(route.satisfied_by(other) for other in there)]
    stored = [(route if is_lo else route._replace(dev="")).stored() for route in new]
    return {**({"routes": bodies} if bodies else {}), **({"new_routes": stored} if stored else {})}


def _route_key(body: str) -> str:
    """What identifies a route."""
    return _key_text(partial_route(body))


def _key_text(route: Route) -> str:
    return " ".join(map(str, route.key))


def _settings(values: Values) -> Values:
    """The settings of a port that differ from those of a new one."""
    return {name: value for name, value in values.items() if name != "state" and value != table.PORT_ROWS[name].initial}


def _vlans_of(vlans: Dict[int, Vlan], bridge: Optional[FoundLink]) -> Dict[str, List[Any]]:
    """The VLANs of a port; empty if they are those of a new port."""
    pvid = bridge.values.get("vlan_default_pvid", 1) if bridge else 1
    if list(vlans.values()) == [Vlan(pvid, pvid, True, True)]:
        return {}
    return {str(vid): vlan.stored() for vid, vlan in vlans.items()}


# What is recorded


def _as_adopted(changed: Values, earlier: Values, declared: Declared, key: LinkId) -> Values:
    """What a plan changes, as it was at the adoption: somebody may have changed it since. C(earlier): what was unchanged so far."""
    result = {name: _as_it_was(name, old, earlier[name]) if name in earlier else old for name, old in changed.items()}
    if result.get("from") == list(key):
        del result["from"]
    if "master" in changed and changed["master"] != earlier.get("master", changed["master"]):
        result.update({name: earlier.get(name, {}) for name in declared.of_port})  # not those of the bridge that somebody put it on
    then: Dict[str, List[str]] = earlier.get("routes", {})
    if then:
        new = changed.get("new_routes", ())
        repaired = [body for fields in new for body in then.get(_key_text(Route.restored(fields)), ())]
        result["routes"] = list(dict.fromkeys([*chain.from_iterable(_bodies_then(body, then) for body in changed.get("routes", ())), *repaired]))
        result["new_routes"] = [fields for fields in new if _key_text(Route.restored(fields)) not in then]
    return {name: old for name, old in result.items() if old or name not in ("port", "vlans", "routes", "new_routes")}


def _as_it_was(name: str, now: Any, then: Any) -> Any:
    if name == "routes":
        return now
    if name == "addresses":
        return {key: now[key] if _differ_by_themselves(now[key], then.get(key)) else then.get(key, now[key]) for key in now}
    return {**now, **{key: value for key, value in then.items() if key in now}} if _by_key(name, now) else then


def _differ_by_themselves(now: str | int, then: str | int | None) -> bool:
    """Whether an address has only another lifetime."""
    return isinstance(now, str) and isinstance(then, str) and same_address(now, then)


def _bodies_then(body: str, then: Dict[str, List[str]]) -> List[str]:
    """The routes that were in the place of a route."""
    bodies = then.get(_route_key(body), [body])
    return [body] if lasting(body) in map(lasting, bodies) else bodies


def _without_later_entries(before: Values, known: Dict[str, Set[str]], declared: Dict[str, Set[str]]) -> Values:
    """What a plan changes of a link, without what was added to lists after they became exact: nobody wants it back, unless it moves to another link.

    C(known): what was there then; C(declared): of any link.
    """
    kept = dict(before)
    for name in known.keys() & before.keys():
        wanted = known[name] | declared.get(name, set())
        if name == "routes":
            kept[name] = [body for body in before[name] if _route_key(body) in wanted]
        else:
            kept[name] = {key: entry for key, entry in before[name].items() if entry in (None, 0) or key in wanted}
    if "order" in before and "addresses" in kept:
        kept["order"] = [key for key in before["order"] if key in kept["addresses"] or key in known.get("addresses", (key,)) or key in declared["addresses"]]
    return kept


def _merged(recorded: Values, now: Values) -> Values:
    """The recorded state, which is older than the found one and takes precedence."""
    merged = dict(now)
    for name, old in recorded.items():
        if _by_key(name, old):
            merged[name] = {**now.get(name, {}), **old}
        elif name in ("routes", "new_routes"):
            merged[name] = [*old, *(entry for entry in now.get(name, ()) if entry not in old)]
        else:
            merged[name] = old
    return merged


def _unchanged(declared: Declared, earlier: Values, still_exact: Set[str], original: Values) -> Values:
    """What is declared and has not been changed by the layout yet, as it was at the adoption."""
    unchanged: Values = {}
    names = {name: keys for name, keys in declared.names.items() if "master" not in original or name not in declared.of_port}
    for name, keys in names.items():
        now, then = declared.values.get(name), earlier.get(name)
        if _by_key(name, now) or _by_key(name, then):
            entries = {**({} if name in still_exact else now or {}), **(then or {})}
            changed = _keys_in(original, name)
            kept = {key: entry for key, entry in entries.items() if (keys is None or key in keys) and key not in changed}
            unchanged.update({name: kept} if kept else {})
        elif name not in original and (name in earlier or now is not None):
            unchanged[name] = earlier.get(name, now)
    return unchanged


def _by_key(name: str, value: Any) -> bool:
    """Whether a value consists of entries that change one by one."""
    return isinstance(value, dict) and name not in _WHOLE


_WHOLE = {row.name for rows in _kinds.ROWS_OF.values() for row in rows.values() if row.type.option == "dict" and not row.type.partial}
"""The attributes whose value is a dictionary that changes as a whole."""


def _keys_in(values: Values, name: str) -> Set[str]:
    """What identifies the entries of a list in C(Ownership.original)."""
    if name == "routes":
        return {*map(_route_key, values.get(name, ())), *map(_key_text, added_routes(values))}
    return set(values.get(name, ()))
