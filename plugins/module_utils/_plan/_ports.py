# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports: which link belongs to which bridge, bond or VRF, and its settings there."""

from __future__ import annotations

from typing import List, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import ANY, FOLLOWING, has_ports, kind_of, may_follow_ports, title_of, why_no_port
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import AFTER_PORTS, AFTER_UP, SET_PORTS, Draft, inside, needs, planned_link
from ansible_collections.nfv.vnet.plugins.module_utils._plan._links import bridge_mac
from ansible_collections.nfv.vnet.plugins.module_utils._plan._masters import Join, chosen_port, joins, leave, planned_master, port_settings, set_master
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, Link, LinkId, Port, Values
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    SetLink,
    SetPort,
    Step,
)


def plan_ports(draft: Draft) -> None:
    """Plans the ports of bridges, bonds and VRFs. Comes after all links are planned."""
    declared = joins(draft)
    released = {link.id: link for link in draft.released}
    for key, join in declared.items():
        if key in released:
            with draft.naming(released[key]):
                _port(draft, key, join)
        else:
            _port(draft, key, join)
    for bridge in draft.layout.links:
        if bridge.purge_ports and bridge.ports is not None and bridge.present:
            for found in draft.ports(bridge.id):
                said, now = declared.get(found.id), draft.links_after.get(found.id)
                if not now or now.master != bridge.name or (said and said.master == bridge.name):
                    continue
                if said and said.master is None and found.id in draft.wanted:
                    raise VnetError(said.settings_path, "%s is not listed in ports of %s, so that it is no port; list it there" % (found.name, bridge.name))
                leave(draft, now)
    for bridge in draft.layout.links:
        if bridge.present:
            _check_named_ports(draft, bridge)
        if has_ports(bridge.kind) and bridge.present and bridge.id in draft.bridges_with_changed_ports:
            _reassert(draft, bridge, may_follow_ports(bridge.kind))
            for found in draft.uppers.get(bridge.id, ()):
                if found.id in draft.wanted:
                    _reassert(draft, draft.wanted[found.id], FOLLOWING)


def _with_references(draft: Draft, key: LinkId, join: Join, master: str) -> Port:
    """The settings of a port, which may refer to other ports of its master. Without what a released one cannot get back."""
    values = dict(join.port.values)
    for reference in table.PORT_REFERENCES:
        other = (key[0], str(values.get(reference) or ""))
        if not other[1]:
            continue
        complaint = ""
        if other not in draft.links_after:
            complaint = "there is no link %s%s" % (other[1], inside(key[0]))
        elif master not in (draft.links_after[other].master, planned_master(draft, other)):
            complaint = "%s is not a port of %s" % (other[1], master)
        if complaint and key in draft.wanted:
            draft.missing((*join.settings_path, reference), complaint)
        elif complaint:
            draft.warn((), "%s%s does not get back its %s, as %s" % (key[1], inside(key[0]), reference, complaint))
            del values[reference]
    return join.port._replace(values=values)


def _check_named_ports(draft: Draft, master: Link) -> None:
    """Refuses options that name a link which is not a port."""
    for name in kind_of(master.kind).references_ports:
        port = master.values.get(name)
        found = draft.links_after.get((master.netns, port)) if port else None
        if port and not found:
            draft.missing_link((*master.path, name), "there is no link %s%s" % (port, inside(master.netns)))
        elif port and found and found.master != master.name:
            draft.refuse((*master.path, name), "%s is not a port of %s" % (port, master.name))


def _reassert(draft: Draft, link: Link, names: Tuple[str, ...]) -> None:
    """Sets attributes again that the kernel changes when ports join or leave."""
    found = draft.host.links.get(link.id)
    for name in names:
        if name in link.values and found and found.values.get(name) == link.values[name]:
            value: Values = {name: link.values[name]}
            draft.add(AFTER_PORTS, SetLink(link.netns, link.name, link.kind, value, value))


def _port(draft: Draft, key: LinkId, join: Join) -> None:
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
    join = join._replace(port=_with_references(draft, key, join, name))
    joined = found.master == name
    if not joined:
        _check_ring(draft, join, found, (key[0], name))
        found = set_master(draft, found, name, bridge, port_settings(found.netns, found.name, found.port) + _restored(bridge))
    current = found.port.values if found.port and joined else {}
    there = joined and bool(found.ifindex)
    _port_values(draft, found, join, bridge, current, is_new=not there)
    vlans = found.port.vlans if found.port and joined else None
    if join.port.vlans is not None:
        if bridge and not kind_of(bridge.kind).is_bridge:
            raise VnetError((*join.settings_path, "vlans"), "%s is %s, whose ports have no VLANs" % (bridge.name, title_of(bridge.kind)))
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._vlans import plan_port_vlans

        vlans = plan_port_vlans(draft, join.port, bridge, found, there)
    elif vlans and bridge and bridge.id in draft.host.links:
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._vlans import moved_default

        vlans = moved_default(draft.host.links[bridge.id], bridge, vlans)
    addresses = draft.links_after[key].addresses if key in draft.links_after else []
    if addresses and bridge and kind_of(bridge.kind).takes_frames:
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._takeover import warn_of_kept_addresses

        warn_of_kept_addresses(draft, draft.wanted.get(key, found), name, addresses)
    port = Port({**current, **join.port.values}, vlans)
    draft.links_after[key] = found._replace(master=name, port=port)


def _master(draft: Draft, key: LinkId, join: Join) -> Optional[FoundLink]:
    master = draft.links_after.get(key)
    if not master:
        draft.missing_link(join.path, "there is no link %s%s" % (key[1], inside(key[0])), "create it with vnet_bridge, vnet_bond or vnet_vrf")
    elif not has_ports(master.kind):
        raise VnetError(join.path, "%s is %s, not a bridge, bond or VRF" % (key[1], title_of(master.kind)))
    return master


def _port_values(draft: Draft, found: FoundLink, join: Join, bridge: Optional[FoundLink], current: Values, is_new: bool) -> None:
    rows = {row.name: row for row in (kind_of(bridge.kind).port_rows if bridge else None) or table.PORT_ROWS.values()}
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
        if row.when == "up" and bridge and kind_of(bridge.kind).sets_port_states(bridge.values):
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


def _check_carrier(join: Join, found: FoundLink) -> None:
    """Refuses a state that the kernel allows only with a carrier (ENETDOWN)."""
    if found.kind == ANY:
        return  # in check mode, an earlier task may create it
    reason = ""
    if found.values.get("up") is False:
        reason = "%s is down" % found.name
    elif kind_of(found.kind).is_attachable and not found.status.get("attached"):
        reason = "%s has no carrier while no program holds it" % found.name
    if reason:
        raise VnetError((*join.settings_path, "state"), "%s, so the kernel keeps it disabled; leave state out or set state: disabled" % reason)


def _restored(master: Optional[FoundLink]) -> Tuple[Step, ...]:
    """Steps that restore what the kernel changes of a bridge or bond that gets a port."""
    return bridge_mac(master) + (chosen_port(master) if master and master.ifindex else ())


def _check_port(join: Join, found: FoundLink, master: FoundLink) -> None:
    reason = why_no_port(found.kind, found.values, master.kind)
    if reason:
        raise VnetError(join.path, "%s is %s" % (found.name, reason))


def _check_ring(draft: Draft, join: Join, found: FoundLink, bridge: LinkId) -> None:
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
            below += [port.id for port in draft.links_after.values() if (port.netns, port.master) == key] if has_ports(other.kind) else []
