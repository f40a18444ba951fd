# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports: which link belongs to which bridge, bond or VRF, and its settings there."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path, VnetError, joined
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import (
    ANY,
    FOLLOWING,
    aggregates,
    brings_ports_down,
    has_ports,
    is_attachable,
    is_bridge,
    may_follow_ports,
    port_rows_of,
    sets_port_states,
    takes_frames,
    title_of,
    why_no_port,
)
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import AFTER_PORTS, AFTER_UP, SET_PORTS, Draft, inside, needs, planned_link
from ansible_collections.nfv.vnet.plugins.module_utils._plan._links import bridge_mac, bring_up_again
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, Link, LinkId, Port, Values, Vlan
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    AddVlan,
    DeleteVlan,
    SetLink,
    SetMaster,
    SetPort,
    Step,
)


class _Join(NamedTuple):
    """A link that is to be a port, and where its master and its settings are declared. C(master) None: the one that it has."""

    path: Path
    settings_path: Path
    master: Optional[str]
    port: Port


def plan_ports(draft: Draft) -> None:
    """Plans the ports of bridges, bonds and VRFs. Comes after all links are planned."""
    joins = _joins(draft)
    released = {link.id: link for link in draft.released}
    for key, join in joins.items():
        if key in released:
            with draft.naming(released[key]):
                _port(draft, key, join)
        else:
            _port(draft, key, join)
    for bridge in draft.layout.links:
        if bridge.purge_ports and bridge.ports is not None and bridge.present:
            for found in draft.host.ports(bridge.id):
                stays = found.id in joins and joins[found.id].master == bridge.name
                now = draft.links_after.get(found.id)
                if now and now.master == bridge.name and not stays:
                    leave(draft, now)
    for bridge in draft.layout.links:
        if has_ports(bridge.kind) and bridge.present and bridge.id in draft.bridges_with_changed_ports:
            _reassert(draft, bridge, may_follow_ports(bridge.kind))
            for found in draft.uppers.get(bridge.id, ()):
                if found.id in draft.wanted:
                    _reassert(draft, draft.wanted[found.id], FOLLOWING)


def _reassert(draft: Draft, link: Link, names: Tuple[str, ...]) -> None:
    """Sets attributes again that the kernel changes when ports join or leave."""
    found = draft.host.links.get(link.id)
    for name in names:
        if name in link.values and found and found.values.get(name) == link.values[name]:
            value: Values = {name: link.values[name]}
            draft.add(AFTER_PORTS, SetLink(link.netns, link.name, link.kind, value, value))


def _joins(draft: Draft) -> Dict[LinkId, _Join]:
    joins: Dict[LinkId, _Join] = {}
    for link in draft.layout.links + draft.released:
        if link.present and (link.master is not None or link.port is not None):
            settings_path = (*link.path, "port")
            joins[link.id] = _Join(settings_path if link.master is None else (*link.path, "master"), settings_path, link.master, link.port or Port({}))
    for bridge in draft.layout.links:
        for number, (name, port) in enumerate((bridge.ports or {}).items()) if bridge.present else ():
            key = (bridge.netns, name)
            path = (*bridge.path, "ports", number)
            join = _Join(path, path, bridge.name, port)
            other = joins.get(key)
            if other and (other.master not in (None, bridge.name) or (other.port != Port({}) and other.port != port)):
                raise VnetError(join.path, "%s is declared differently as a port in %s; declare it once" % (name, joined(other.path)))
            joins[key] = join
    return joins


def _port(draft: Draft, key: LinkId, join: _Join) -> None:
    found = draft.links_after.get(key)
    if not found:
        draft.missing_link(join.path, "there is no link %s%s" % (key[1], inside(key[0])))
        found = planned_link("", key[0], key[1], {})
    if join.master == "":
        if found.master:
            leave(draft, found)
        return
    name = found.master if join.master is None else join.master
    if not name:
        raise VnetError(join.settings_path, "%s is not a port; set master" % key[1])
    bridge = _master(draft, (key[0], name), join)
    if bridge:
        _check_port(join, found, bridge)
    if found.master and not found.port:
        raise VnetError(join.path, "%s belongs to %s, which is no bridge, bond or VRF; remove it there first" % (key[1], found.master))
    for reference in table.PORT_REFERENCES:
        other = join.port.values.get(reference)
        if other and (key[0], other) not in draft.links_after:
            draft.missing((*join.settings_path, reference), "there is no link %s%s" % (other, inside(key[0])))
    joined = found.master == name
    if not joined:
        _check_ring(draft, join, found, (key[0], name))
        _set_master(draft, found, name, bridge, port_settings(found.netns, found.name, found.port) + bridge_mac(bridge))
    current = found.port.values if found.port and joined else {}
    there = joined and bool(found.ifindex)
    _port_values(draft, found, join, bridge, current, is_new=not there)
    vlans = found.port.vlans if found.port and joined else None
    if join.port.vlans is not None:
        if bridge and not is_bridge(bridge.kind):
            raise VnetError((*join.settings_path, "vlans"), "%s is %s, whose ports have no VLANs" % (bridge.name, title_of(bridge.kind)))
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._vlans import plan_port_vlans

        vlans = plan_port_vlans(draft, join.port, bridge, found, there)
    addresses = draft.links_after[key].addresses if key in draft.links_after else []
    if addresses and bridge and takes_frames(bridge.kind):
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._takeover import warn_of_kept_addresses

        warn_of_kept_addresses(draft, draft.wanted.get(key, found), name, addresses)
    port = Port({**current, **join.port.values}, vlans)
    draft.links_after[key] = found._replace(master=name, port=port)


def _master(draft: Draft, key: LinkId, join: _Join) -> Optional[FoundLink]:
    master = draft.links_after.get(key)
    if not master:
        draft.missing_link(join.path, "there is no link %s%s" % (key[1], inside(key[0])), "create it before this task, as with vnet_bridge")
    elif not has_ports(master.kind):
        raise VnetError(join.path, "%s is %s, not a bridge, bond or VRF" % (key[1], title_of(master.kind)))
    return master


def links_that_go_down(draft: Draft) -> Set[LinkId]:
    """The links that are up, and must go down as they join or leave a bond or a VRF."""
    kinds = {**{found.id: found.kind for found in draft.host.links.values()}, **{link.id: link.kind for link in draft.layout.links}}
    found: Set[LinkId] = set()
    for key, join in _joins(draft).items():
        link = draft.host.links.get(key)
        if link and link.values["up"] and join.master is not None and join.master != link.master:
            masters = [kinds.get((key[0], name), "") for name in (join.master, link.master) if name]
            if any(map(brings_ports_down, masters)):
                found.add(key)
    return found


def _set_master(draft: Draft, found: FoundLink, master: str, bridge: Optional[FoundLink], restore: Tuple[Step, ...]) -> FoundLink:
    """Plans to let a link join or leave a bridge, bond or VRF. C(bridge): the new one, if it is known."""
    old = draft.host.links.get((found.netns, found.master))
    there = draft.host.links.get(found.id)
    is_up = there is not None and there.values["up"] and found.values["up"]
    interrupted = is_up and any(brings_ports_down(one.kind) for one in (bridge, old) if one)
    if interrupted:
        draft.add(SET_PORTS, SetLink(found.netns, found.name, found.kind, {"up": False}, {"up": True}))
    draft.bridges_with_changed_ports |= {(found.netns, master), (found.netns, found.master)}
    draft.add(SET_PORTS, SetMaster(found.netns, found.name, master, found.master, restore))
    if interrupted:
        bring_up_again(draft, found)
    elif bridge and aggregates(bridge.kind) and not found.values.get("up") and found.id not in draft.to_bring_up:
        draft.add(AFTER_PORTS, SetLink(found.netns, found.name, found.kind, {"up": False}))
    return found


def _port_values(draft: Draft, found: FoundLink, join: _Join, bridge: Optional[FoundLink], current: Values, is_new: bool) -> None:
    rows = {row.name: row for row in (port_rows_of(bridge.kind) if bridge else None) or table.PORT_ROWS.values()}
    for name in join.port.values:
        if bridge and name not in rows:
            raise VnetError((*join.settings_path, name), "%s is %s, whose ports do not have it" % (bridge.name, title_of(bridge.kind)))
    for row in rows.values():
        if row.name not in join.port.values:
            continue
        value, now = join.port.values[row.name], current.get(row.name)
        if now is None and not is_new:
            raise VnetError((*join.settings_path, row.name), "this kernel does not support it%s" % needs(row))
        if now == value:
            continue
        if row.when == "up" and bridge and sets_port_states(bridge.kind, bridge.values):
            raise VnetError((*join.settings_path, "state"), "STP is enabled on %s and controls the state; leave state out or set stp: false" % bridge.name)
        if row.when == "up" and value != "disabled":
            _check_carrier(join, found)
        if row.when == "up" and value not in table.STATES_WITHOUT_STP:
            raise VnetError(
                (*join.settings_path, "state"),
                "%s is not possible without STP, as the kernel sets the port to forwarding at once; use disabled or forwarding" % value,
            )
        # a backup port must be a port already, and two ports may be each other's backup
        phase = AFTER_UP if row.when == "up" else AFTER_PORTS if row.name in table.PORT_REFERENCES else SET_PORTS
        draft.add(phase, SetPort(found.netns, found.name, row.name, value, None if is_new else now))


def _check_carrier(join: _Join, found: FoundLink) -> None:
    """Refuses a state that the kernel allows only with a carrier (ENETDOWN)."""
    if found.kind == ANY:
        return  # in check mode, an earlier task may create it
    reason = ""
    if found.values.get("up") is False:
        reason = "%s is down" % found.name
    elif is_attachable(found.kind) and not found.status.get("attached"):
        reason = "%s has no carrier while no program holds it" % found.name
    if reason:
        raise VnetError((*join.settings_path, "state"), "%s, so the kernel keeps it disabled; leave state out or set state: disabled" % reason)


def leave(draft: Draft, found: FoundLink) -> None:
    """Removes a port from its bridge, bond or VRF."""
    _set_master(draft, found, "", None, port_settings(found.netns, found.name, found.port))
    draft.links_after[found.id] = found._replace(master="", port=None)


def _check_port(join: _Join, found: FoundLink, master: FoundLink) -> None:
    reason = why_no_port(found.kind, found.values, master.kind)
    if reason:
        raise VnetError(join.path, "%s is %s" % (found.name, reason))


def _check_ring(draft: Draft, join: _Join, found: FoundLink, bridge: LinkId) -> None:
    """Refuses a port that is above its bridge, directly or through other links (EBUSY)."""
    below: List[Optional[LinkId]] = [found.id]
    seen: Set[LinkId] = set()
    while below:
        key = below.pop()
        if key == bridge:
            raise VnetError(join.path, "%s is on top of %s, so it cannot be its port" % (found.name, bridge[1]))
        other = draft.links_after.get(key) if key else None
        if key and other and key not in seen:
            seen.add(key)
            below.append(other.parent)
            below += [port.id for port in draft.links_after.values() if (port.netns, port.master) == key]


def port_settings(netns: str, name: str, port: Optional[Port]) -> Tuple[Step, ...]:
    """Steps that restore the settings of a port that left its bridge and joined it again."""
    if not port:
        return ()
    settable = {attribute: value for attribute, value in port.values.items() if attribute != "state" and (value or attribute not in table.PORT_REFERENCES)}
    settings: Tuple[Step, ...] = tuple(SetPort(netns, name, attribute, value) for attribute, value in settable.items())
    if port.vlans is None:
        return settings
    everything = DeleteVlan(netns, name, Vlan(1, 4094, False, False), of_bridge=False)
    vlans = tuple(AddVlan(netns, name, vlan, of_bridge=False) for vlan in port.vlans.values())
    return (*settings, everything, *vlans)
