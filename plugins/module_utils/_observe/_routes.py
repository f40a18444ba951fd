# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads routes, of one link or of a namespace, and addresses and routes as the kernel shows them: one dump serves many links."""

from __future__ import annotations

from typing import Dict, List, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._bodies import device_of, partial_route, source_of
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._decode import RawLink
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import RawRoute, Reader
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._save import Saved, save_all
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import LOOPBACK
from ansible_collections.nfv.vnet.plugins.module_utils._observe._assembly import shown_by
from ansible_collections.nfv.vnet.plugins.module_utils._observe._raw import RawHost
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Route, RouteKey, Shown

_FEW_LINKS = 64
"""Up to so many links of a namespace, routes are read link by link; the kernel walks the whole table for each."""


class RoutesReader:
    """Routes without those of the kernel, DHCP and router advertisements."""

    def __init__(self, reader: Reader, raw: RawHost, everything: bool) -> None:
        self._reader = reader
        self._raw = raw
        self._everything = everything
        self._all: Dict[str, Dict[int, List[RawRoute]]] = {}
        """All routes of namespaces in which many links need theirs, by the index of the link."""
        self._reads: Dict[str, int] = {}
        """The number of links in each namespace whose routes were read."""
        self._saved: Dict[str, Dict[int, Saved]] = {}
        """The addresses and routes of namespaces with links that may be adopted or released."""
        self._sourced: Dict[str, Dict[str, List[Tuple[int, str]]]] = {}
        """The routes of these by their source address, with the index of their link."""

    def of_namespace(self, netns: str, tables: List[int]) -> List[RawRoute]:
        """The routes in these tables, or all."""
        if not self._everything:
            return [route for route in self._reader.routes(netns, tables) if not route.automatic]
        return [route for routes in self._by_link(netns).values() for route in routes]

    def through(self, netns: str, index: int) -> List[RawRoute]:
        """The routes through a link."""
        self._reads[netns] = self._reads.get(netns, 0) + 1
        if not self._everything and self._reads[netns] <= _FEW_LINKS:
            return [route for route in self._reader.routes(netns, None, index) if not route.automatic]
        return self._by_link(netns).get(index, [])

    def shown(self, netns: str, raw: RawLink) -> Shown:
        """The addresses and routes of a link as the kernel shows them, without those of its namespace."""
        all_saved = self._saved_in(netns)
        saved = all_saved.get(raw.ifindex, Saved(raw.ifindex, [], []))
        bodies = [*saved.routes, *(all_saved[0].routes if raw.kind == LOOPBACK and 0 in all_saved else [])]
        shown = shown_by(self._reader, raw.name, (body for _key, body in saved.addresses), bodies)
        sourced = self._with_source(netns)
        return shown._replace(with_source=[body for address in shown.addresses for index, body in sourced.get(address[0], ()) if index != raw.ifindex])

    def shown_of_namespace(self, netns: str, lo: int, keys: Set[RouteKey], are_declared: bool) -> List[Tuple[Optional[Route], str]]:
        """The routes with these keys through other links than C(lo), an index. If routes are declared, those over several links, too."""
        found: Dict[str, Tuple[Optional[Route], str]] = {}
        for index, saved in self._saved_in(netns).items() if keys or are_declared else ():
            if index not in (0, lo) and index in self._raw.links[netns]:
                bodies = [body for body in saved.routes if partial_route(body.hex()).key in keys or (are_declared and not device_of(body.hex()))]
                found.update((body, (route, body)) for route, body in shown_by(self._reader, self._raw.name(netns, index), (), bodies).routes)
        return list(found.values())

    def _saved_in(self, netns: str) -> Dict[int, Saved]:
        if netns not in self._saved:
            self._saved[netns] = save_all(self._reader.socket(netns))
        return self._saved[netns]

    def _with_source(self, netns: str) -> Dict[str, List[Tuple[int, str]]]:
        """The routes of a namespace that have a source address, by that, with the index of their link."""
        if netns not in self._sourced:
            found = self._sourced[netns] = {}
            for source, index, body in ((source_of(body.hex()), index, body.hex()) for index, saved in self._saved_in(netns).items() for body in saved.routes):
                if source:
                    found.setdefault(source, []).append((index, body))
        return self._sourced[netns]

    def _by_link(self, netns: str) -> Dict[int, List[RawRoute]]:
        if netns not in self._all:
            found: Dict[int, List[RawRoute]] = {}
            for route in self._reader.routes(netns):
                if not route.automatic:
                    found.setdefault(route.device, []).append(route)
            self._all[netns] = found
        return self._all[netns]
