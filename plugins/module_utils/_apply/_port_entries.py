# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a bridge knows of its ports beside their settings: static entries of its forwarding database and permanent ones of its multicast database.

The kernel drops them when a port leaves: net/bridge/br_if.c (del_nbp).
"""

from __future__ import annotations

from contextlib import suppress
from typing import Iterator, List, NamedTuple, Set

from ansible_collections.nfv.vnet.plugins.module_utils._entries import LISTS
from ansible_collections.nfv.vnet.plugins.module_utils._entries._fdb import FDB
from ansible_collections.nfv.vnet.plugins.module_utils._entries._mdb import MDB
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._write import Writer
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import kind_of
from ansible_collections.nfv.vnet.plugins.module_utils._observe._assembly import EntriesReader
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, Host, LinkId, Values
from ansible_collections.nfv.vnet.plugins.module_utils._steps import MoveLink, SetMaster, Step, link_of


class _Entry(NamedTuple):
    """An entry of a list of a link."""

    link: FoundLink
    option: str
    entry: Values


class PortEntries:
    """The entries for ports that leave their bridges, to restore them when they are back."""

    def __init__(self, reader: Reader, writer: Writer, before: Host) -> None:
        self._reader = reader
        self._writer = writer
        self._before = before
        self._saved: List[_Entry] = []

    def save(self, steps: List[Step]) -> None:
        """Saves the entries for the ports that steps take from their bridges."""
        ports = {link_of(step) for step in steps if isinstance(step, (SetMaster, MoveLink))}
        found = [self._before.links[key] for key in sorted(ports) if key in self._before.links]
        reader = EntriesReader(self._reader)
        self._saved = [entry for port in found if port.master for entry in self._entries(reader, port)]

    def restore(self) -> None:
        """Adds again what is missing, as far as the kernel accepts it."""
        for link, option, entry in self._missing():
            with suppress(KernelError):
                self._writer.entry_add(link.netns, link.name, link.kind, LISTS[option], entry)

    def missing(self) -> Set[LinkId]:
        """The links that lack an entry."""
        return {entry.link.id for entry in self._missing()}

    def _missing(self) -> List[_Entry]:
        with suppress(KernelError):  # a namespace may be gone
            there = EntriesReader(self._reader)
            return [entry for entry in self._saved if entry.entry not in self._read(there, entry.link, entry.option)]
        return self._saved

    def _entries(self, reader: EntriesReader, port: FoundLink) -> Iterator[_Entry]:
        bridge = self._reader.link(port.netns, port.master)
        if not bridge or not kind_of(bridge.kind).is_bridge:
            return
        master, host = self._before.links.get((port.netns, port.master)), self._before
        if not master:  # a single module has not read it
            master = FoundLink(port.netns, bridge.name, bridge.ifindex, bridge.kind, bridge.values, {}, "", None, [], [], None, None)
            host = host._replace(links={**host.links, master.id: master})
        forwarded = self._read(reader, port, FDB.option)
        made = FDB.of_kernel(forwarded, port, host)
        yield from (_Entry(port, FDB.option, entry) for entry in forwarded if entry not in made)
        groups = self._read(reader, master, MDB.option)
        yield from (_Entry(master, MDB.option, entry) for entry in groups if entry["port"] == port.name and entry["permanent"])

    def _read(self, reader: EntriesReader, link: FoundLink, option: str) -> List[Values]:
        raw = self._reader.link(link.netns, link.name)

        def name_of(index: int) -> str:
            other = self._reader.link(link.netns, index=index) if index else None
            return other.name if other else ""

        return reader.of_link(link.netns, raw, [option], name_of).get(option, []) if raw else []
