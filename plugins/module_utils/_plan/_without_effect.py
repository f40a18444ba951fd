# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Warnings of VLANs that are declared and do nothing, which the kernel takes without a word."""

from __future__ import annotations

from typing import Container, Iterator, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import kind_of
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import Draft
from ansible_collections.nfv.vnet.plugins.module_utils._plan._vlans import default_vlans
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Link, LinkId


def warn_of_vlans(draft: Draft) -> None:
    warned: Set[LinkId] = set()
    for link in draft.layout.links:
        for bridge, path in _places(draft, link):
            found = draft.links_after.get(bridge)
            if found and bridge not in warned and kind_of(found.kind).is_bridge and not kind_of(found.kind).separates_vlans(found.values):
                warned.add(bridge)
                draft.warn(path, "%s does not filter VLANs, so they have no effect; set vlan_filtering: true on it" % found.name)
        _warn_of_tag(draft, link)


def _places(draft: Draft, link: Link) -> Iterator[Tuple[LinkId, Path]]:
    """The bridges of which VLANs are declared, and where."""
    if link.vlans:
        yield link.id, (*link.path, "vlans")
    for number, port in enumerate((link.ports or {}).values()):
        if port.vlans:
            yield link.id, (*link.path, "ports", number, "vlans")
    found = draft.links_after.get(link.id)
    if link.port and link.port.vlans and found:
        yield (link.netns, found.master), (*link.path, "port", "vlans")


def _warn_of_tag(draft: Draft, link: Link) -> None:
    """Warns of a VLAN link on a bridge that is not in its VLAN."""
    tag = kind_of(link.kind).tag(link.values)
    vlans = _vlans_of(draft, link.parent) if tag and link.parent else None
    if vlans is not None and link.parent and tag not in vlans:
        text = "%s is not in VLAN %d itself, so it hands no frames of it to %s; add it to vlans of %s"
        draft.warn((*link.path, "id"), text % (link.parent[1], tag, link.name, link.parent[1]))


def _vlans_of(draft: Draft, bridge: LinkId) -> Optional[Container[int]]:
    """The VLANs that a bridge of the layout is in itself; None if it does not filter VLANs, or if they were not read."""
    wanted, found = draft.wanted.get(bridge), draft.links_after.get(bridge)
    if not wanted or not found or not kind_of(found.kind).separates_vlans(found.values):
        return None
    if wanted.vlans is not None:
        return found.vlans
    return None if bridge in draft.host.links else set(default_vlans(found.values))
