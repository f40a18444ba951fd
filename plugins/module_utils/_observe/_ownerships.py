# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layouts that links belong to, also where somebody has moved them."""

from __future__ import annotations

from typing import Iterable, List, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._kernel._decode import RawLink
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._registry import read_registry
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import LOOPBACK
from ansible_collections.nfv.vnet.plugins.module_utils._records import FIRST_INDEX
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Card, FoundNamespace, NamespaceId, Ownership


class Ownerships:
    """What the layouts of the host have recorded, and what of that is where it was recorded."""

    def __init__(self, reader: Reader, layout: str, every_layout: bool) -> None:
        """C(every_layout): whether all namespaces are read, so that moved links of other layouts are recognized, too."""
        home = reader.open_namespace("")
        self._layout = layout
        self._every_layout = every_layout
        self._registry = read_registry(home.id if home else "")
        self._records = self._registry.records(layout)
        self._at_their_place: Set[Tuple[NamespaceId, int]] = set()
        """The recorded links that are where they were recorded, by namespace and index."""

    def names(self) -> Set[str]:
        """The names by which layouts know namespaces."""
        return self._registry.names()

    def namespaces(self) -> List[str]:
        """The names by which the layout knows its namespaces."""
        return list(self._records.namespaces.values())

    def is_created(self, netns: str) -> bool:
        """Whether the layout has created a namespace of this name."""
        return self._records.created(netns)

    def has_links_in(self, netns: FoundNamespace) -> bool:
        """Whether the layout has recorded links in a namespace."""
        return netns.id in self._records.links

    def homes(self) -> List[str]:
        """The namespaces from which the layout has moved links."""
        recorded = (record.original or {} for links in self._records.links.values() for record in links.values())
        return [original["from"][0] for original in recorded if "from" in original]

    def note(self, netns: FoundNamespace, links: Iterable[RawLink]) -> None:
        """Notes which links of a namespace are where they were recorded."""
        owned = (raw for raw in links if self._registry.ownership(netns.id, raw.ifindex, raw.kind, raw.link, raw.name))
        self.note_owned(netns, (raw.ifindex for raw in owned))

    def note_owned(self, netns: FoundNamespace, indexes: Iterable[int]) -> None:
        """Notes that links are where they were recorded."""
        self._at_their_place.update((netns.id, index) for index in indexes)

    def is_one_missing(self) -> bool:
        """Whether a link that the layout has created is not in the namespace in which it was recorded."""
        recorded = ((netns, index) for netns, links in self._records.links.items() for index in links if index >= FIRST_INDEX)
        return any(key not in self._at_their_place for key in recorded)

    def of(self, netns: str, found: FoundNamespace, raw: RawLink) -> Optional[Ownership]:
        """The ownership of a link in a namespace. The lo of the one that the module runs in may be adopted by several layouts."""
        if not netns and raw.kind == LOOPBACK:
            record = self._records.links.get(found.id, {}).get(raw.ifindex)
            return Ownership(self._layout, record.original) if record and record.original is not None else None
        ownership = self._registry.ownership(found.id, raw.ifindex, raw.kind, raw.link, raw.name)
        if ownership is None and raw.card != Card():
            ownership = self._of_card(raw)
        moved = self._registry.moved_from(raw.ifindex, raw.kind, raw.link) if ownership is None and raw.ifindex >= FIRST_INDEX else None
        if not moved or (moved[0], raw.ifindex) in self._at_their_place:
            return ownership
        return moved[1] if self._every_layout or self.is_own(moved[1]) else None

    def is_own(self, ownership: Optional[Ownership]) -> bool:
        """Whether it is the ownership of the layout."""
        return ownership is not None and ownership.is_layout(self._layout)

    def adopted_by_others(self, netns: FoundNamespace, index: int) -> Tuple[Ownership, ...]:
        """The other layouts that have adopted a link."""
        return tuple(other for other in self._registry.adopted_by(netns.id, index) if not self.is_own(other))

    def _of_card(self, raw: RawLink) -> Optional[Ownership]:
        """That of a network card, which is known wherever it is: the kernel moves it home when its namespace dies."""
        for links in self._records.links.values():
            for record in links.values():
                if record.original is not None and record.original.get("card") == list(raw.card):
                    return Ownership(self._layout, record.original)
        return None
