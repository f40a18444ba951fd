# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns the parameters of ports and their VLANs into records."""

from __future__ import annotations

import re
from typing import Dict, List, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path, VnetError, quoted, shown
from ansible_collections.nfv.vnet.plugins.module_utils._options._checks import check_link_name
from ansible_collections.nfv.vnet.plugins.module_utils._options._numbers import check_range
from ansible_collections.nfv.vnet.plugins.module_utils._options._option import Params
from ansible_collections.nfv.vnet.plugins.module_utils._options._parsers import attributes_of
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Port, Values, Vlan


def port_of(params: Params, path: Path) -> Port:
    """The settings of a port."""
    return Port(attributes_of(table.PORT_ROWS, params, path), vlans_of(params.get("vlans"), path), bool(params.get("purge_vlans")))


def check_ports(bridge: str, ports: List[Params], path: Path) -> None:
    """VnetError if links cannot be the ports of a bridge or a bond."""
    seen = set()
    for number, port in enumerate(ports):
        name = port["name"]
        check_link_name(name, (*path, number, "name"))
        if name == bridge:
            raise VnetError((*path, number), "a link cannot be a port of itself")
        if name in seen:
            raise VnetError((*path, number), "%s is listed twice" % name)
        seen.add(name)


def vlans_of(entries: Optional[List[Params]], path: Path) -> Optional[Dict[int, Vlan]]:
    """Single VLANs by number."""
    if entries is None:
        return None
    vlans: Dict[int, Vlan] = {}
    for number, entry in enumerate(entries):
        place = (*path, "vlans", number)
        first, last = _vids(entry["vid"], place)
        if entry["pvid"] and first != last:
            raise VnetError(place, "a range cannot be the PVID; list the VLAN separately")
        if entry["pvid"] and any(vlan.pvid for vlan in vlans.values()):
            raise VnetError(place, "a second PVID; a port can have only one")
        settings = attributes_of(table.VLAN_ROWS, entry, place)
        for name, value in _of_vlan(settings, last - first).items():
            if value != settings[name]:  # it counts up
                check_range(table.VLAN_ROWS[name], value, (*place, name))
        for vid in range(first, last + 1):
            if vid in vlans:
                raise VnetError(place, "VLAN %d is listed twice" % vid)
            vlans[vid] = Vlan(vid, vid, entry["pvid"], entry["untagged"], _of_vlan(settings, vid - first))
    return vlans


def _of_vlan(settings: Values, number: int) -> Values:
    """The attributes of one VLAN of a range, whose tunnel ids count up."""
    return {name: value + number if table.VLAN_ROWS[name].location == "tunnel" and value else value for name, value in settings.items()}


def _vids(text: str, path: Path) -> Tuple[int, int]:
    match = re.fullmatch(r"0*([0-9]{1,5})(?:-0*([0-9]{1,5}))?", text)
    if not match:
        raise VnetError((*path, "vid"), "%s is neither a VLAN nor a range such as 10-20" % quoted(text))
    first, last = int(match[1]), int(match[2] or match[1])
    if first > last:
        raise VnetError((*path, "vid"), "%s is in the wrong order" % shown(text))
    if not 1 <= first <= last <= 4094:
        raise VnetError((*path, "vid"), "%s is out of range (1 to 4094)" % shown(text))
    return first, last
