# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a link joins and leaves: bridges, bonds and VRFs. For the last two it goes down for a moment, and loses what the kernel drops then."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils._bodies import is_advertised, partial_route
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path, VnetError, joined
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import has_table_of_ports, kind_of, rows_of
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import ADDRESS, AFTER_PORTS, BRIDGE_UP, DELETE_ROUTES, ROUTE, SET_PORTS, UP, Draft, inside
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Address, FoundLink, Link, LinkId, Port, Route, RouteKey, Shown, Vlan
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    AddAddress,
    AddRoute,
    AddVlan,
    DeleteRoute,
    DeleteVlan,
    ReplaceRoute,
    SetLink,
    SetMaster,
    SetPort,
    SetVlan,
    Step,
    link_of,
)


class Join(NamedTuple):
    """A link that is to be a port, and where its master and its settings are declared. C(master) None: the one that it has."""

    path: Path
    settings_path: Path
    master: Optional[str]
    port: Port


def joins(draft: Draft) -> Dict[LinkId, Join]:
    """The links that are declared as ports, by their own option or by one of their master."""
    found: Dict[LinkId, Join] = {}
    for link in draft.layout.links + draft.released:
        if link.present and (link.master is not None or link.port is not None):
            settings_path = (*link.path, "port")
            found[link.id] = Join(settings_path if link.master is None else (*link.path, "master"), settings_path, link.master, link.port or Port({}))
    for bridge in draft.layout.links:
        for number, (name, port) in enumerate((bridge.ports or {}).items()) if bridge.present else ():
            key = (bridge.netns, name)
            path = (*bridge.path, "ports", number)
            join = Join(path, path, bridge.name, port)
            other = found.get(key)
            if other and (other.master not in (None, bridge.name) or (other.port != Port({}) and other.port != port)):
                raise VnetError(join.path, "%s is declared differently as a port in %s; declare it once" % (name, joined(other.path)))
            found[key] = join
    for key, was in draft.ports_again.items():
        join = found.get(key, Join(was.path, was.path, None, Port({})))
        if was.port and join.master in (None, was.master):
            found[key] = join._replace(master=was.master, port=_with_rest(join.port, was.port))
    return found


def planned_master(draft: Draft, key: LinkId) -> str:
    """The master that a link is declared with, or was a port of before and goes back to; '' for none. C(key): before or after the plan."""
    if key in draft.declared_masters:
        return draft.declared_masters[key]
    again = draft.ports_again.get(key)
    released = (link.master for link in draft.released if key in (link.id, draft.id_before(link.id)))
    return (again and again.master) or next(filter(None, released), "")


def _with_rest(wanted: Port, was: Port) -> Port:
    """The settings of a port that is recreated: what is not declared is as it was."""
    vlans = was.vlans if wanted.vlans is None else wanted.vlans if wanted.purge_vlans else {**(was.vlans or {}), **wanted.vlans}
    return Port({**was.values, **wanted.values}, vlans, purge_vlans=True)


def links_that_go_down(draft: Draft) -> Set[LinkId]:
    """The links that are up, and must go down as they join or leave a bond or a VRF."""
    kinds = {**{found.id: found.kind for found in draft.host.links.values()}, **{link.id: link.kind for link in draft.layout.links}}
    down: Set[LinkId] = set()
    for key, join in joins(draft).items():
        found = draft.host.links.get(key)
        if join.master is None or (found and join.master == found.master):
            continue
        if kind_of(kinds.get((key[0], join.master), "")).aggregates:
            draft.joining_aggregates.add(key)
        masters = [kinds.get((key[0], name), "") for name in (join.master, found.master if found else "") if name]
        if any(map(has_table_of_ports, masters)):
            draft.changing_tables.add(key)
        if found and found.values["up"] and any(kind_of(kind).brings_ports_down for kind in masters):
            down.add(key)
    return down


def let_ports_go(draft: Draft, master: FoundLink, original_name: str) -> None:
    """Plans what becomes of the ports of a bond or VRF that is deleted. Those that are declared as ports, or were ports before, join another one later."""
    recreated = draft.wanted.get((master.netns, original_name))
    for port in draft.ports((master.netns, original_name)):
        now = draft.links_after.get(port.id)
        if not now or now.master != master.name:
            continue
        if port.values["up"]:
            draft.interrupted.add(port.id)
        if has_table_of_ports(master.kind):
            draft.changing_tables.add(port.id)
        if planned_master(draft, port.id):
            draft.old_masters[port.id] = master.kind
            continue
        leave(draft, now)
        if recreated and recreated.present:
            draft.warn((), "%s%s does not belong to %s any more" % (port.name, inside(port.netns), original_name))
        if port.id not in draft.wanted:
            restore_dropped(draft, Link(port.kind, port.netns, port.name, ()), port, [], [])


def restore_dropped(draft: Draft, wanted: Link, found: FoundLink, addresses: List[Address], routes: List[Route]) -> Tuple[List[Address], List[Route]]:
    """Plans to restore the IPv6 addresses and the routes that the kernel drops when a link goes down for a moment, as far as they are
    not declared. Routes of a link that joins or leaves a VRF are not: they were for another table. Returns all that will be there.
    """
    shown = found.shown or Shown({}, [])
    if wanted.addresses is None or not wanted.purge_addresses:
        there = {address.local for address in addresses}
        for address in reversed(found.addresses):  # the kernel shows the newest IPv6 address first
            kept = address.ipv6 and not address.dynamic and not address.link_local and address.local not in there
            if kept and address.key in shown.addresses:
                draft.add(ADDRESS, AddAddress(found.netns, wanted.name, address, shown.addresses[address.key]))
                addresses = [*addresses, address]
    if (wanted.routes is None or not wanted.purge_routes) and wanted.id not in draft.changing_tables:
        keys = {route.key for route in routes} | _planned_routes(draft, found.netns)
        for route, body in shown.routes:
            lost = route or partial_route(body)._replace(dev=found.name)  # None: such as one over several next hops
            if lost.type == "unicast" and lost.key not in keys and not (lost.ipv6 and is_advertised(bytes.fromhex(body))):
                draft.add(ROUTE, AddRoute(found.netns, lost, body))
    return addresses, routes


def _planned_routes(draft: Draft, netns: str) -> Set[RouteKey]:
    """The routes of a namespace that are planned already: to delete, to replace, or to add."""
    planned = [step for phase in (DELETE_ROUTES, ROUTE) for step in draft.steps.get(phase, ())]
    return {step.route.key for step in planned if isinstance(step, (AddRoute, DeleteRoute, ReplaceRoute)) and step.netns == netns}


def set_master(draft: Draft, found: FoundLink, master: str, bridge: Optional[FoundLink], restore: Tuple[Step, ...]) -> FoundLink:
    """Plans to let a link join or leave a bridge, bond or VRF. C(bridge): the new one, if it is known."""
    before = draft.links_after.get((found.netns, found.master)) or draft.host.links.get((found.netns, found.master))
    old = draft.old_masters.get(found.id, before.kind if before else "")
    there = draft.host.links.get(found.id)
    is_up = there is not None and there.values["up"] and found.values["up"]
    interrupted = is_up and any(kind_of(kind).brings_ports_down for kind in (bridge.kind if bridge else "", old))
    if interrupted:
        draft.add(SET_PORTS, SetLink(found.netns, found.name, found.kind, {"up": False}, {"up": True}))
    draft.bridges_with_changed_ports |= {(found.netns, master), (found.netns, found.master)}
    draft.add(SET_PORTS, SetMaster(found.netns, found.name, master, found.master, restore))
    if interrupted:
        bring_up_again(draft, found)
    elif bridge and kind_of(bridge.kind).aggregates and found.id in draft.wanted and draft.wanted[found.id].values.get("up") is False:
        draft.add(AFTER_PORTS, SetLink(found.netns, found.name, found.kind, {"up": False}))
    elif bridge and kind_of(bridge.kind).aggregates:
        return found._replace(values={**found.values, "up": True})  # by the kernel
    return found


def leave(draft: Draft, found: FoundLink) -> None:
    """Removes a port from its bridge, bond or VRF."""
    old = draft.host.links.get((found.netns, found.master))
    set_master(draft, found, "", None, port_settings(found.netns, found.name, found.port) + (chosen_port(old) if old else ()))
    draft.links_after[found.id] = found._replace(master="", port=None)


def chosen_port(master: FoundLink) -> Tuple[Step, ...]:
    """A step that restores which port a bond uses, after it had to use another one."""
    rows = rows_of(master.kind).values()
    chosen = {row.name: master.values[row.name] for row in rows if row.when == "up" and master.values.get(row.name)}
    return tuple(SetLink(master.netns, master.name, master.kind, {name: value}) for name, value in chosen.items())


def port_settings(netns: str, name: str, port: Optional[Port]) -> Tuple[Step, ...]:
    """Steps that restore the settings of a port that left its bridge and joined it again."""
    if not port:
        return ()
    settable = {attribute: value for attribute, value in table.settings_of_port(port.values).items() if value or attribute not in table.PORT_REFERENCES}
    settings: Tuple[Step, ...] = tuple(SetPort(netns, name, attribute, value) for attribute, value in settable.items())
    if port.vlans is None:
        return settings
    everything = DeleteVlan(netns, name, Vlan(1, 4094, False, False), of_bridge=False)
    vlans = tuple(AddVlan(netns, name, vlan, of_bridge=False) for vlan in port.vlans.values())
    attributes = tuple(SetVlan(netns, name, vlan, False, option, value) for vlan in port.vlans.values() for option, value in vlan.settings.items())
    return (*settings, everything, *vlans, *attributes)


def cancel_bring_up(draft: Draft, found: FoundLink) -> bool:
    """Cancels C(bring_up_again). Returns whether it was planned, so that the link goes down anyway."""
    for phase in (UP, BRIDGE_UP):
        planned = draft.steps.get(phase, [])
        others = [step for step in planned if not (isinstance(step, SetLink) and link_of(step) == found.id and step.values == {"up": True})]
        if len(others) < len(planned):
            draft.steps[phase] = others
            return True
    return False


def bring_up_again(draft: Draft, found: FoundLink) -> None:
    """Plans to bring a link up that another step brings down."""
    phase = BRIDGE_UP if kind_of(found.kind).is_bridge or found.id in draft.above_bridges else UP
    draft.add(phase, SetLink(found.netns, found.name, found.kind, {"up": True}, {"up": False}))
