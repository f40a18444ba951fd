# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adopted links: what they were before the layout is recorded, and restored when the layout releases them."""

from __future__ import annotations

import socket
from itertools import chain
from typing import Any, Dict, Iterator, List, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._attributes import VLAN_ROWS
from ansible_collections.nfv.vnet.plugins.module_utils._bodies import lasting, partial_route, relabelled, same_address
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
from ansible_collections.nfv.vnet.plugins.module_utils._plan._ipv6 import ends_ipv6
from ansible_collections.nfv.vnet.plugins.module_utils._plan._links import configure
from ansible_collections.nfv.vnet.plugins.module_utils._plan._masters import bring_up_again
from ansible_collections.nfv.vnet.plugins.module_utils._plan._vlans import moved_default, set_vlan
from ansible_collections.nfv.vnet.plugins.module_utils._resources import (
    Address,
    FoundLink,
    Link,
    LinkId,
    Port,
    Route,
    Shown,
    Values,
    Vlan,
    added_routes,
)
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    PRIVATE,
    AddAddress,
    AddEntry,
    AddRoute,
    AddVlan,
    AttachNamespace,
    DeleteAddress,
    DeleteEntry,
    DeleteNamespace,
    DeleteRoute,
    DeleteVlan,
    MoveLink,
    ReplaceRoute,
    SetFile,
    SetLink,
    SetMaster,
    SetPort,
    SetVlan,
    Step,
    link_of,
)

# Recording


class OriginalState:
    """Derives from the steps of a plan what each adopted link was before (C(Ownership.original))."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._steps: Optional[Dict[LinkId, List[Step]]] = None
        self._with_exact_routes = {one.name for one in draft.layout.namespaces if one.routes is not None and one.purge_routes}

    def before(self, found: FoundLink, key: LinkId) -> Values:
        """The state of a link before the steps change it, including their side effects, in the form of C(Ownership.original).

        C(key): the link after the plan.
        """
        if self._steps is None:
            self._steps = {}
            for steps in self._draft.steps.values():
                for step in steps:
                    self._steps.setdefault(link_of(step), []).append(step)
        steps = [*self._steps.get(found.id, []), *(self._steps.get(key, []) if key != found.id else [])]
        values: Values = self._place(found, key)
        if _goes_down(steps):  # before the steps, which add some of them again
            for option, entry in self._dropped_entries(found):
                values.setdefault(option, {})[as_text(LISTS[option], entry)] = entry
        for path, old in chain(*map(_changes, steps), self._removed_ports(found)):
            container = values
            for name in path[:-1]:
                container = container.setdefault(name, {})
            container.setdefault(path[-1], old)
        there = self._entries_of_exact_lists(found, key)
        return {**values, **_lists_before(found, key, steps, self._added_to_namespace(found.netns)), **({"there": there} if there else {})}

    def _entries_of_exact_lists(self, found: FoundLink, key: LinkId) -> Dict[str, List[str]]:
        """What identifies the entries of the lists that are exact from now on. What is not among them, and goes later, was added in the meantime."""
        wanted = self._draft.wanted.get(key)
        there: Dict[str, List[str]] = {}
        if not wanted:
            return there
        if wanted.addresses is not None and wanted.purge_addresses:
            there["addresses"] = [_address_key(address) for address in found.addresses]
        exact_routes = found.netns in self._with_exact_routes if found.kind == _kinds.LOOPBACK else wanted.routes is not None and wanted.purge_routes
        if found.shown and exact_routes:
            there["routes"] = [_route_key(body) for _route, body in found.shown.routes]
        if wanted.ports is not None and wanted.purge_ports:
            there["ports"] = [port.name for port in self._draft.ports(found.id)]
        if wanted.port and wanted.port.vlans is not None and wanted.port.purge_vlans:
            there["vlans"] = list(map(str, (found.port.vlans if found.port else None) or ()))
        elif wanted.vlans is not None and wanted.purge_vlans:
            there["vlans"] = list(map(str, found.vlans or ()))
        for option, given in wanted.entries.items():
            if given.purge:
                there[option] = [as_text(LISTS[option], entry) for entry in found.entries.get(option, ())]
        return there

    def _added_to_namespace(self, netns: str) -> List[Route]:
        """The routes that layouts have added to a namespace, which go over several links."""
        lo = self._draft.host.links.get((netns, "lo"))
        owners = (lo.ownership, *lo.also_of) if lo else ()
        return [route for owner in owners if owner for route in added_routes(owner.original)]

    def _place(self, found: FoundLink, key: LinkId) -> Values:
        """Where a link was, if it gets another name or is moved; with what a move drops."""
        if key == found.id:
            return {}
        place: Values = {"from": list(found.id), "card": list(found.card)}
        if key[0] == found.netns:
            return place
        usual = {row.name: row.initial for row in table.LINK if row.location in (*table.IPV6_LOCATIONS, *table.READ_APART)}
        changed = {name: found.values[name] for name in usual if found.values.get(name) not in (None, usual[name])}
        port = {"master": found.master, "port": _settings(found.port.values)} if found.port else {}
        vlans = _vlans_of(found.port.vlans or {}, self._draft.host.links.get((found.netns, found.master))) if found.port else {}
        return {**place, "up": found.values["up"], **changed, **port, **({"vlans": vlans} if vlans else {})}

    def _dropped_entries(self, found: FoundLink) -> Iterator[Tuple[str, Values]]:
        """What the kernel drops of the lists of a link that goes down."""
        for option, there in found.entries.items():
            of_kernel = LISTS[option].keys_of_kernel(found, self._draft.host) if LISTS[option].after_up else None
            yield from ((option, entry) for entry in there if of_kernel is not None and LISTS[option].key_of(entry) not in of_kernel)

    def _removed_ports(self, bridge: FoundLink) -> Iterator[Tuple[Tuple[str, ...], Any]]:
        """Ports of others that leave a bridge: they are recorded with the bridge."""
        for port in self._draft.ports(bridge.id) if _kinds.has_ports(bridge.kind) else ():
            now = self._draft.links_after.get(port.id)
            if now and not now.master and not now.ownership:
                recorded = (port.ownership.original if port.ownership else None) or {}
                settings = _settings({**(port.port or Port({})).values, **recorded.get("port", {})})
                vlans = recorded.get("vlans") or _vlans_of((port.port and port.port.vlans) or {}, bridge)
                yield ("ports", port.name), {**settings, **({"vlans": vlans} if vlans else {})}


def _goes_down(steps: List[Step]) -> bool:
    return any(isinstance(step, MoveLink) or (isinstance(step, SetLink) and step.values.get("up") is False) for step in steps)


def _lists_before(found: FoundLink, key: LinkId, steps: List[Step], of_namespace: List[Route]) -> Values:
    """The addresses and routes that the steps change, and those that the kernel drops beside.

    A link loses its routes when it goes down or loses an address, and IPv6 when its MTU gets too small.
    """
    changes = [step.values for step in steps if isinstance(step, SetLink)]
    down = _goes_down(steps)
    no_ipv6 = down or any(ends_ipv6(new) for new in changes)
    shown = found.shown or Shown({}, [])
    there = {address.key: address for address in found.addresses}
    touched = {step.address.key: step.address for step in steps if isinstance(step, (AddAddress, DeleteAddress))}
    moved = any(isinstance(step, MoveLink) for step in steps)
    lost_addresses = (address for address in found.addresses if (moved or (no_ipv6 and address.ipv6)) and not address.link_local)
    touched.update((address.key, address) for address in lost_addresses)
    before: Values = {}
    if touched:
        # one that vanished while it was read is not recorded
        known = {key: address for key, address in touched.items() if key in shown.addresses or key not in there}
        home = ((found.ownership and found.ownership.original) or {}).get("from", found.id)[1]
        bodies = {key: relabelled(shown.addresses[key], found.name, home) for key in known if key in shown.addresses}
        before["addresses"] = {_address_key(address): bodies.get(key, 0) for key, address in known.items()}
    if any(not address.ipv6 for address in touched.values()):
        before["order"] = [_address_key(address) for address in found.addresses if not address.ipv6]
    recorded = (found.ownership and found.ownership.original) or {}
    dev = "" if found.kind == _kinds.LOOPBACK else found.name
    added = added_routes(recorded, dev)
    lost_families = {step.address.ipv6 for step in steps if isinstance(step, DeleteAddress)}
    dropped = {step.route if isinstance(step, DeleteRoute) else step.old for step in steps if isinstance(step, (DeleteRoute, ReplaceRoute))}
    lost = [body for route, body in shown.routes if down or route in dropped or _is_ipv6(body) in lost_families or (no_ipv6 and _is_ipv6(body))]
    keys = {route.key for route in of_namespace}
    own = {body for route, body in shown.routes if route and any(mine.satisfied_by(route) for mine in added)}
    lost = [body for body in lost if body not in own and partial_route(body).key not in keys]
    if lost:
        before["routes"] = lost
    # the steps name the link as it is after the plan
    dev = key[1] if found.netns == key[0] and dev else dev
    found_routes = [route._replace(dev=dev) if route.dev == found.name else route for route, _body in shown.routes if route]
    earlier = {partial_route(body).key for body in recorded.get("routes", ())}  # what replaces them is deleted for them
    earlier |= keys | {partial_route(body).key for route, body in shown.routes if not route}  # over several links, and restored as they were
    new = [step.route for step in steps if isinstance(step, (AddRoute, ReplaceRoute)) and step.route.key not in earlier]
    new = [route for route in new if not any(route.satisfied_by(other) for other in found_routes)]
    if new:
        before["new_routes"] = [route._replace(dev="").stored() for route in new]
    return before


def _address_key(address: Address) -> str:
    return address.itself


def _route_key(body: str) -> str:
    """What identifies a route, as C(Route.key)."""
    return " ".join(map(str, partial_route(body).key))


def without_later_entries(draft: Draft, before: Values, there: Dict[str, List[str]]) -> Values:
    """What a plan changes of a link, without what was added to lists after they became exact: nobody wants it back, unless it moves to another link."""
    kept = dict(before)
    for option in there.keys() & before.keys():
        known = {*there[option], *_declared_keys(draft, option)}
        if option == "routes":
            kept[option] = [body for body in before[option] if _route_key(body) in known]
        else:
            kept[option] = {key: entry for key, entry in before[option].items() if entry in (None, 0) or key in known}
    if "order" in before and "addresses" in kept:
        kept["order"] = [key for key in before["order"] if key in kept["addresses"] or key in there.get("addresses", (key,))]
    return kept


def _declared_keys(draft: Draft, option: str) -> Iterator[str]:
    """What identifies the addresses or routes that are declared for any link."""
    for link in draft.layout.links:
        if option == "addresses":
            yield from map(_address_key, link.addresses or ())
        elif option == "routes":
            yield from (" ".join(map(str, route.key)) for route in link.routes or ())


def _is_ipv6(body: str) -> bool:
    return int(body[:2], 16) == socket.AF_INET6


def _settings(values: Values) -> Values:
    """The settings of a port that differ from those of a new one."""
    return {name: value for name, value in values.items() if name != "state" and value != table.PORT_ROWS[name].initial}


def _vlans_of(vlans: Dict[int, Vlan], bridge: Optional[FoundLink]) -> Dict[str, List[Any]]:
    """The VLANs of a port; empty if they are those of a new port."""
    pvid = bridge.values.get("vlan_default_pvid", 1) if bridge else 1
    if list(vlans.values()) == [Vlan(pvid, pvid, True, True)]:
        return {}
    return {str(vid): _flags(vlan) for vid, vlan in vlans.items()}


def _flags(vlan: Vlan) -> List[Any]:
    """A VLAN in C(Ownership.original)."""
    return [bool(vlan.pvid), bool(vlan.untagged), *([vlan.settings] if vlan.settings else [])]


def _changes(step: Step) -> Iterator[Tuple[Tuple[str, ...], Any]]:
    """What a step changes, as a path in C(Ownership.original) with the old value."""
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
    elif isinstance(step, SetVlan):
        yield ("vlans", str(step.vlan.first)), _flags(step.vlan) if step.old is not None else None
    elif isinstance(step, SetFile):
        yield ("files", step.file), step.old
    elif isinstance(step, AttachNamespace):
        yield ("attached",), step.name
    elif isinstance(step, (AddEntry, DeleteEntry)):
        # an entry that is replaced is deleted first, so that the first change says what was there
        yield (step.option, as_text(LISTS[step.option], step.entry)), step.entry if isinstance(step, DeleteEntry) else None
    elif isinstance(step, (AddVlan, DeleteVlan)):
        before = step.vlan if isinstance(step, DeleteVlan) else step.old
        flags_before = _flags(before) if before else None
        yield from ((("vlans", str(vid)), flags_before) for vid in range(step.vlan.first, step.vlan.last + 1))


# Restoring


def restore_original(draft: Draft, found: FoundLink, before: Values) -> None:
    """Plans to undo what the layout changed on a link that it adopted."""
    if "from" in before:
        found = _at_home(draft, found, before)
    kind = found.kind if found.kind in _kinds.ROWS_OF else _kinds.ANY
    rows = _kinds.rows_of(kind)
    values = {name: value for name, value in before.items() if name in rows}
    joins = bool(before.get("master")) and before["master"] != found.master
    port = _port_before(before) if joins else Port(before["port"]) if before.get("port") and before.get("master") != "" else None
    master = before.get("master")
    if master and (found.netns, master) not in draft.links_after:
        draft.warn((), "%s, of which %s%s was a port, does not exist any more" % (master, found.name, inside(found.netns)))
        master, port = "", None
    link = Link(kind, found.netns, found.name, (), values, master=master, port=port)
    with draft.naming(link):
        configure(draft, link, found)
    draft.released += [link, *_removed_ports(draft, found, before.get("ports", {}))]
    if "addresses" in before:
        _release_addresses(draft, found, before["addresses"], before.get("order", []))
    _release_routes(draft, found, before)
    if not joins:
        _release_vlans(draft, found, before.get("vlans", {}))
    _keep_default_vlan_away(draft, found)
    _release_entries(draft, found, before)
    _release_files(draft, found.netns, before.get("files", {}))
    if before.get("attached") == found.netns:
        draft.add(DELETE_NAMESPACE, DeleteNamespace(found.netns, attached=True))
    draft.ownership[draft.released_from.get(found.id, found.id)] = None
    draft.links_after[found.id] = draft.links_after[found.id]._replace(ownership=None)


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
    for port in draft.ports(bridge.id) if _kinds.is_bridge(bridge.kind) else ():
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
        if found and not found.master:
            yield Link(_kinds.ANY, bridge.netns, name, (), master=bridge.name, port=_port_before({"port": settings, "vlans": settings.get("vlans")}))


def _port_before(before: Values) -> Port:
    """The port that a link was, with its VLANs if they were not those of a new port."""
    settings = {name: value for name, value in before.get("port", {}).items() if name in table.PORT_ROWS}
    if not before.get("vlans"):
        return Port(settings)
    vlans = {int(vid): _vlan(int(vid), flags) for vid, flags in before["vlans"].items() if flags is not None}
    return Port(settings, vlans, purge_vlans=True)


def _release_addresses(draft: Draft, found: FoundLink, before: Dict[str, str | int], order: List[str]) -> None:
    """Plans to delete the addresses that the layout added, and to restore those that it removed, in their order.

    The order of IPv4 addresses decides which are primary, so they are added again from the first difference on.
    """
    shown = found.shown or Shown({}, [])
    kept = [address for address in found.addresses if _is_kept(shown.addresses.get(address.key, ""), before.get(_address_key(address)))]
    keys = {address.key for address in kept}
    gone = [(Address.parsed(text), body) for text, body in before.items() if isinstance(body, str)]
    gone = [(address, body) for address, body in gone if address.key not in keys]
    bodies = {**shown.addresses, **{address.key: body for address, body in gone}}
    there = [*kept, *(address for address, _body in gone)]
    position = {text: number for number, text in enumerate(order)}
    wanted = sorted((address for address in there if not address.ipv6), key=lambda address: position.get(_address_key(address), len(order)))
    current = [address for address in found.addresses if not address.ipv6]
    pairs = enumerate(zip(wanted, current))
    same = next((number for number, (one, other) in pairs if one.key != other.key or other.key not in keys), min(len(wanted), len(current)))
    deleted = [*current[same:], *(address for address in found.addresses if address.ipv6 and address.key not in keys)]
    for address in reversed(deleted):  # secondary addresses first: the kernel deletes them with their primary one
        draft.add(ADDRESS, DeleteAddress(found.netns, found.name, address))
    for address in [*wanted[same:], *(address for address, _body in reversed(gone) if address.ipv6)]:  # the kernel shows the newest IPv6 address first
        draft.add(ADDRESS, AddAddress(found.netns, found.name, address, bodies.get(address.key, "")))
    draft.links_after[found.id] = draft.links_after[found.id]._replace(addresses=[*wanted, *(address for address in there if address.ipv6)])


def _is_kept(shown: str, before: str | int | None) -> bool:
    """Whether an address stays: it was there before, and it still has everything that it had."""
    return before is None or (isinstance(before, str) and bool(shown) and same_address(shown, before))


def _release_routes(draft: Draft, found: FoundLink, before: Values) -> None:
    """Plans to delete the routes that the layout added, and to restore those that were lost."""
    of_namespace = found.kind == _kinds.LOOPBACK
    dev = "" if of_namespace else found.name
    if not of_namespace and not draft.links_after[found.id].values.get("up"):
        return  # the kernel has dropped them, and takes none
    current = (draft.namespaces_after[found.netns].routes if of_namespace else found.routes) or []
    bodies = {lasting(body) for _route, body in found.shown.routes} if found.shown else set()
    missing = [(partial_route(body)._replace(dev=dev), body) for body in before.get("routes", ()) if lasting(body) not in bodies]
    in_the_way = {route.key for route, _body in missing}
    added = added_routes(before, dev)
    deleted = [other for other in current if other.key in in_the_way or any(route.satisfied_by(other) for route in added)]
    for route in deleted:
        draft.add(DELETE_ROUTES, DeleteRoute(found.netns, route))
    missing += [(partial_route(body)._replace(dev=dev), body) for body in _dropped_beside(draft, found, deleted)]
    for route, body in missing:
        draft.add(ROUTE, AddRoute(found.netns, route, body))
    added_keys = {route.key for route, _body in missing}
    after = [*(route for route in current if route not in deleted and route.key not in added_keys), *(route for route, _body in missing)]
    if of_namespace:
        draft.namespaces_after[found.netns] = draft.namespaces_after[found.netns]._replace(routes=after)
    else:
        draft.links_after[found.id] = draft.links_after[found.id]._replace(routes=after)


def _dropped_beside(draft: Draft, found: FoundLink, deleted: List[Route]) -> List[str]:
    """The IPv4 routes that the kernel drops as the link loses its last address, or their source address, before it gets others."""
    going = [step.address for step in draft.steps.get(ADDRESS, ()) if isinstance(step, DeleteAddress) and link_of(step) == found.id and not step.address.ipv6]
    if not going or not found.shown:
        return []
    all_going = len(going) == sum(not address.ipv6 for address in found.addresses)
    sources = {address.local for address in going}
    routes = [(route, body) for route, body in found.shown.routes if not _is_ipv6(body) and route not in deleted]
    return [body for route, body in routes if all_going or (route and route.src in sources)]


def _release_entries(draft: Draft, found: FoundLink, before: Values) -> None:
    """Plans to delete the entries that the layout added, and to restore those that it removed or replaced."""
    for option in [option for option in before if option in LISTS]:
        entries = LISTS[option]
        there = {as_text(entries, entry): entry for entry in found.entries.get(option, ())}
        for key, entry in before[option].items():
            if key in there and there[key] != entry:
                delete_entry(draft, found, found.kind, entries, there[key])
            if entry is not None and there.get(key) != entry:
                add_entry(draft, found, found.kind, entries, entry)
        after = [entry for entry in {**there, **before[option]}.values() if entry is not None]
        now = draft.links_after[found.id]
        draft.links_after[found.id] = now._replace(entries={**now.entries, option: after})


def _vlan(vid: int, flags: List[Any]) -> Vlan:
    """What C(_flags) returned."""
    pvid, untagged, *settings = flags
    return Vlan(vid, vid, bool(pvid), bool(untagged), *settings)


def _release_vlans(draft: Draft, found: FoundLink, before: Dict[str, Optional[List[Any]]]) -> None:
    of_bridge = _kinds.is_bridge(found.kind)
    current = (found.vlans if of_bridge else found.port.vlans if found.port else None) or {}
    for text, flags in before.items():
        vid = int(text)
        if flags is None and vid in current:
            draft.add(SET_PORTS, DeleteVlan(found.netns, found.name, current[vid], of_bridge))
        elif flags is not None and (of_bridge or found.port):
            vlan, now = _vlan(vid, flags), current.get(vid)
            if now is None or now[:4] != vlan[:4]:
                draft.add(SET_PORTS, AddVlan(found.netns, found.name, vlan, of_bridge))
            usual = {name: VLAN_ROWS[name].initial for name in (now.settings if now else ())}
            set_vlan(draft, found, now or Vlan(vid, vid, True, True), {**usual, **vlan.settings}, of_bridge)
    after = {vid: vlan for vid, vlan in current.items() if str(vid) not in before}
    after.update((int(text), _vlan(int(text), flags)) for text, flags in before.items() if flags is not None)
    link = draft.links_after[found.id]
    if of_bridge:
        draft.links_after[found.id] = link._replace(vlans=after)
    elif link.port:
        draft.links_after[found.id] = link._replace(port=link.port._replace(vlans=after))
