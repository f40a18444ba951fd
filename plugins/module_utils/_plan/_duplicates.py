# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Duplicate addresses within one network: the two ends of a veth pair, a bridge and its ports."""

from __future__ import annotations

from typing import Dict, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._kinds import LOOPBACK, kind_of
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import Draft, inside
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Link, LinkId


def warn_of_duplicates(draft: Draft) -> None:
    """Warns of an address that two links of one network have."""
    networks = _Networks(draft)
    seen: Dict[Tuple[LinkId, str], Link] = {}
    for link in draft.layout.links:
        if link.kind == LOOPBACK:
            continue
        for address in link.addresses or ():
            other = seen.setdefault((networks.of(link.id), address.local), link)
            if other is not link:
                message = "duplicate address: %s is also an address of %s%s, which is on the same network"
                draft.warn((*link.path, "addresses"), message % (address.local, other.name, inside(other.netns)))


class _Networks:
    def __init__(self, draft: Draft) -> None:
        self._above: Dict[LinkId, LinkId] = {}
        for link in draft.layout.links:
            if link.peer:
                self._join(link.id, link.peer)
            if link.master and not _separates_vlans(draft, (link.netns, link.master)):
                self._join(link.id, (link.netns, link.master))
            for port in link.ports or ():
                if not _separates_vlans(draft, link.id):
                    self._join((link.netns, port), link.id)

    def of(self, link: LinkId) -> LinkId:
        """The link that represents the network of this one."""
        while link in self._above:
            link = self._above[link]
        return link

    def _join(self, one: LinkId, other: LinkId) -> None:
        one, other = self.of(one), self.of(other)
        if one != other:
            self._above[one] = other


def _separates_vlans(draft: Draft, bridge: LinkId) -> bool:
    """Whether a bridge separates its ports by VLANs."""
    found = draft.links_after.get(bridge)
    return bool(found and kind_of(found.kind).separates_vlans(found.values))
