# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VLANs of ports and of bridges themselves."""

from __future__ import annotations

from typing import Dict, List, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import VLAN_ROWS
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import AFTER_PORTS, SET_PORTS, Draft
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, Link, Port, Values, Vlan, ranges
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    AddVlan,
    DeleteVlan,
    SetVlan,
)


def plan_port_vlans(draft: Draft, wanted: Port, bridge: Optional[FoundLink], found: FoundLink, joined: bool) -> Dict[int, Vlan]:
    """Plans the VLANs of a port; returns those that will be there."""
    if joined and bridge and bridge.id in draft.host.links:
        before = draft.host.links[bridge.id]
        current = moved_default(before, bridge, found.port.vlans or {} if found.port else {})
    else:
        current = default_vlans(bridge.values if bridge else {})
    link = Link(found.kind, found.netns, found.name, ())
    return _vlans(draft, link, current, wanted.vlans or {}, wanted.purge_vlans, of_bridge=False)


def plan_bridge_vlans(draft: Draft, wanted: Link, found: FoundLink) -> Dict[int, Vlan]:
    """Plans the VLANs of a bridge itself; returns those that will be there."""
    if found.ifindex:
        after = found._replace(values={**found.values, **wanted.values})
        current = moved_default(found, after, found.vlans or {})
    else:
        current = default_vlans(wanted.values)
    return _vlans(draft, wanted, current, wanted.vlans or {}, wanted.purge_vlans, of_bridge=True)


def _vlans(draft: Draft, link: Link, current: Dict[int, Vlan], wanted: Dict[int, Vlan], purge: bool, of_bridge: bool) -> Dict[int, Vlan]:
    """Plans VLANs; returns those that will be there."""
    after = {} if purge else dict(current)
    adding: List[Tuple[Vlan, Optional[Vlan]]] = []
    for vid, given in sorted(wanted.items()):
        now = current.get(vid)
        pvid = given.pvid if given.pvid is not None else bool(now and now.pvid)
        untagged = given.untagged if given.untagged is not None else bool(now and now.untagged)
        after[vid] = Vlan(vid, vid, pvid, untagged, now.settings if now else {})
        if after[vid] != now:
            adding.append((after[vid], now))
    going = [vlan for vid, vlan in sorted(current.items()) if vid not in after]
    for vlan, now in ranges(adding):
        before = tuple(other for other in current.values() if other.pvid and other.first != vlan.first) if vlan.pvid else ()
        restore = tuple(AddVlan(link.netns, link.name, other, of_bridge) for other in before)
        draft.add(SET_PORTS, AddVlan(link.netns, link.name, vlan, of_bridge, now, restore))
        for other in before:
            if other.first in after:
                after[other.first] = after[other.first]._replace(pvid=False)
    for vlan, _now in ranges([(vlan, None) for vlan in going]):
        draft.add(SET_PORTS, DeleteVlan(link.netns, link.name, vlan, of_bridge))
    for vid, given in sorted(wanted.items()):
        set_vlan(draft, link, after[vid], given.settings, of_bridge, is_new=vid not in current)
        after[vid] = after[vid]._replace(settings=_unusual({**after[vid].settings, **given.settings}))
    return after


def set_vlan(draft: Draft, link: Link | FoundLink, there: Vlan, wanted: Values, of_bridge: bool, is_new: bool = False) -> None:
    """Plans the attributes of a VLAN."""
    for name, value in wanted.items():
        now = there.settings.get(name, VLAN_ROWS[name].initial)
        if now != value:
            draft.add(AFTER_PORTS, SetVlan(link.netns, link.name, there, of_bridge, name, value, None if is_new else now))


def _unusual(settings: Values) -> Values:
    """Those that a new VLAN does not have."""
    return {name: settings[name] for name in VLAN_ROWS if name in settings and settings[name] != VLAN_ROWS[name].initial}


def default_vlans(bridge: Values) -> Dict[int, Vlan]:
    """Those of a new port, and of a new bridge itself."""
    pvid = bridge.get("vlan_default_pvid", 1)
    return {pvid: Vlan(pvid, pvid, True, True)} if pvid else {}


def default_vlans_of(bridge: Optional[FoundLink]) -> Dict[int, Vlan]:
    """Those of a new port of a bridge that was found; none where the kernel has no VLANs in bridges."""
    return default_vlans(bridge.values) if bridge and bridge.values.get("vlan_default_pvid") is not None else {}


def moved_default(before: FoundLink, after: FoundLink, vlans: Dict[int, Vlan]) -> Dict[int, Vlan]:
    """The VLANs after the default PVID of the bridge has changed: the kernel removes the old one and adds the new one."""
    old, new = before.values.get("vlan_default_pvid"), after.values.get("vlan_default_pvid")
    if old == new or old is None:
        return vlans
    kept = {vid: vlan for vid, vlan in vlans.items() if vlan != Vlan(old, old, True, True)}
    if len(kept) == len(vlans) and old:
        return vlans
    return {**kept, **default_vlans({"vlan_default_pvid": int(new or 0)})}
