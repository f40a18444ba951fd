# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces and the messages about their links, as far as they have been read."""

from __future__ import annotations

from typing import Dict

from ansible_collections.nfv.vnet.plugins.module_utils._kernel._decode import RawLink
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundNamespace


class RawHost:
    """What the records of links are made of."""

    def __init__(self) -> None:
        self.namespaces: Dict[str, FoundNamespace] = {}
        self.links: Dict[str, Dict[int, RawLink]] = {}
        """The links of each namespace, by index."""

    def name(self, netns: str, index: int) -> str:
        """The name of a link, '' if it is not there."""
        raw = self.links[netns].get(index)
        return raw.name if raw else ""

    def discard(self, netns: str) -> None:
        """Forgets a namespace."""
        self.namespaces.pop(netns, None)
        self.links.pop(netns, None)
