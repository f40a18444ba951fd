# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the peers and parents of links, which the kernel names by their indexes and by the ids of their namespaces."""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._kernel._decode import RawLink
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import kind_of
from ansible_collections.nfv.vnet.plugins.module_utils._observe._raw import RawHost
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, Link, LinkId


class RelatedLinks:
    """Peers and parents (C(IFLA_LINK), C(IFLA_LINK_NETNSID)) among the links that were read."""

    def __init__(self, reader: Reader, raw: RawHost, links: Mapping[LinkId, FoundLink]) -> None:
        """C(links): records of links that are not read again."""
        self._reader = reader
        self._raw = raw
        self._links = links
        self._nsids: Dict[Tuple[str, str], Optional[int]] = {}
        self._last_home = ""
        """The namespace in which a parent was found last."""
        self._peers: Dict[LinkId, LinkId] = {}
        self._ends: Dict[Tuple[int, int], List[Tuple[str, RawLink]]] = {}
        """The ends of veth pairs with their namespaces, by their own index and that of the peer."""

    def note_nsid(self, netns: str, other: str, nsid: int) -> None:
        """Notes the id of a namespace as seen from another one."""
        self._nsids[netns, other] = nsid

    def note_peer(self, link: LinkId, peer: LinkId) -> None:
        """Notes the peer of a link."""
        self._peers[link] = peer

    def note_ends(self) -> None:
        """Notes the ends of veth pairs in all namespaces."""
        for netns, raws in self._raw.links.items():
            for raw in raws.values():
                if kind_of(raw.kind).has_peer:
                    self._ends.setdefault((raw.ifindex, raw.link), []).append((netns, raw))

    def peer(self, netns: str, raw: RawLink) -> Optional[LinkId]:
        """The peer of a veth."""
        key = (netns, raw.name)
        if key in self._peers:
            return self._peers[key]
        for place, end in self._ends.get((raw.link, raw.ifindex), ()):
            if self._is_peer(netns, raw, place, end):
                self._peers[place, end.name] = key
                return place, end.name
        return None

    def parent(self, netns: str, raw: RawLink, wanted: Optional[Link]) -> Optional[LinkId]:
        """The parent of a link. The declared namespace is tried first, and the one that was found last."""
        if raw.link_nsid is None:
            return netns, self._raw.name(netns, raw.link)
        likely = [wanted.parent[0] if wanted and wanted.parent else "", self._last_home]
        there = [name for name, found in self._raw.namespaces.items() if found.identity]
        home = next((other for other in [*likely, *there] if self._nsid(netns, other) == raw.link_nsid), None)
        if home is None:
            return None
        self._last_home = home
        if home in self._raw.links:
            return (home, self._raw.name(home, raw.link)) if raw.link in self._raw.links[home] or not raw.link else None
        return next((found.id for found in self._links.values() if found.netns == home and found.ifindex == raw.link), None)

    def _is_peer(self, netns: str, raw: RawLink, place: str, end: RawLink) -> bool:
        """Whether two ends with matching indexes are one pair. RTM_GETNSID walks all ids of a namespace, so the one with fewer is asked."""
        if place == netns or end.link_nsid is None:
            return place == netns and raw.link_nsid is None
        return self._nsid(place, netns) == end.link_nsid

    def _nsid(self, netns: str, other: str) -> Optional[int]:
        if (netns, other) not in self._nsids:
            self._nsids[netns, other] = self._reader.nsid(netns, other)
        return self._nsids[netns, other]
