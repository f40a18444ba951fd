# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The port of a bridge of the host that a connection comes through, and what a plan would do to it.

Sources: bridge(8); net/bridge/br_vlan.c (br_allowed_ingress, br_handle_vlan).
"""

from __future__ import annotations

from typing import Dict, Iterator, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._errors import shown
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._neighbours import macs_of
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import kind_of
from ansible_collections.nfv.vnet.plugins.module_utils._observe._assembly import has_parent
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import planned_link
from ansible_collections.nfv.vnet.plugins.module_utils._plan._simulation import Network, Way
from ansible_collections.nfv.vnet.plugins.module_utils._plan._vlans import default_vlans, moved_default
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, Host, Vlan

_HOME = ""


def lost_uplink(reader: Reader, client: str, now: Network, after: Network, before: Host, planned: Host) -> Iterator[str]:
    """What becomes of the port through which the client is reached, as parts of a sentence; nothing if it is not known."""
    old, new = now.way(client), after.way(client)
    if not old or not new:
        return
    bridge, tag = _bridge_below(reader, planned, new.link)
    if not bridge:
        return
    earlier = _found(reader, before, bridge.name)
    becomes_port = old.link in after.links and after.links[old.link].master == bridge.name
    port = old.link if becomes_port else _learned_on(reader, earlier, old)
    if not port or port not in after.links:
        return
    what = "%s, through which %s is reached, would" % (shown(port), client)
    if after.links[port].master != bridge.name:
        yield "%s not be a port of %s any more" % (what, shown(bridge.name))
    elif not after.links[port].up:
        yield "%s be down" % what
    elif kind_of(bridge.kind).separates_vlans(bridge.values):
        found = _found(reader, planned, port)
        there = reader.vlans(_HOME)
        of_bridge = bridge.vlans if bridge.vlans is not None else _vlans(earlier, bridge, bridge.ifindex, there)
        declared = found.port.vlans if found and found.port else None
        of_port = declared if declared is not None else _vlans(earlier, bridge, found.ifindex if found else 0, there)
        yield from _lost_vlan(bridge.name, of_bridge, of_port, tag, what)


def _lost_vlan(bridge: str, of_bridge: Dict[int, Vlan], of_port: Dict[int, Vlan], tag: int, what: str) -> Iterator[str]:
    vid = tag or next((vlan.first for vlan in of_bridge.values() if vlan.pvid), 0)
    if not vid:
        yield "%s would have no PVID" % shown(bridge)
    elif vid not in of_port:
        yield "%s not be in VLAN %d, as %s is" % (what, vid, shown(bridge))
    elif vid not in of_bridge:
        yield "%s would not be in VLAN %d" % (shown(bridge), vid)


def _vlans(earlier: Optional[FoundLink], bridge: FoundLink, index: int, there: Dict[int, Dict[int, Vlan]]) -> Dict[int, Vlan]:
    """The VLANs of a bridge or of its port, of which nothing is declared."""
    return moved_default(earlier, bridge, there[index]) if earlier and index in there else default_vlans(bridge.values)


def _bridge_below(reader: Reader, host: Host, name: str) -> Tuple[Optional[FoundLink], int]:
    """The bridge that the packets of a link go through, and their VLAN there, 0 if they are untagged."""
    link, tag = _found(reader, host, name), 0
    while link and not kind_of(link.kind).is_bridge:
        tag = kind_of(link.kind).tag(link.values) or tag
        link = _found(reader, host, link.parent[1]) if link.parent and link.parent[0] == _HOME else None
    return link, tag


def _found(reader: Reader, host: Host, name: str) -> Optional[FoundLink]:
    """A link of the host; one that the task is not about as it is."""
    if (_HOME, name) in host.links:
        return host.links[_HOME, name]
    raw = reader.link(_HOME, name, everything=True)
    if not raw:
        return None
    below = reader.link(_HOME, index=raw.link) if has_parent(raw) and raw.link_nsid is None else None
    return planned_link(raw.kind, _HOME, name, dict(raw.values))._replace(ifindex=raw.ifindex, parent=(_HOME, below.name) if below else None)


def _learned_on(reader: Reader, bridge: Optional[FoundLink], way: Way) -> str:
    """The port on which a bridge has learned the next hop, '' if on none."""
    macs = macs_of(reader, _HOME, way.next_hop) if bridge else set()
    ports = {entry.device for entry in reader.fdb(_HOME) if bridge and entry.mac in macs and entry.master == bridge.ifindex and not entry.permanent}
    names = {raw.name for raw in reader.links(_HOME) if raw.ifindex in ports}
    return names.pop() if len(names) == 1 else ""
