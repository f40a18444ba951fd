# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lists of links whose entries the kernel keeps one by one: one list, one record."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Callable, Dict, Iterable, Iterator, List, Mapping, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._entries._altnames import ALTNAMES
from ansible_collections.nfv.vnet.plugins.module_utils._entries._entry import EntryList
from ansible_collections.nfv.vnet.plugins.module_utils._entries._fdb import FDB
from ansible_collections.nfv.vnet.plugins.module_utils._entries._mdb import MDB
from ansible_collections.nfv.vnet.plugins.module_utils._entries._neighbours import NEIGHBOURS
from ansible_collections.nfv.vnet.plugins.module_utils._entries._rules import RULES
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import BY_KIND, LOOPBACK
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Link, Values

OF_LINKS: Tuple[EntryList, ...] = (ALTNAMES, NEIGHBOURS, FDB, MDB)
OF_NAMESPACES: Tuple[EntryList, ...] = (RULES,)
"""Lists of a namespace, which are those of its C(lo)."""
LISTS: Dict[str, EntryList] = {entries.option: entries for entries in (*OF_LINKS, *OF_NAMESPACES)}
"""The registry, by option."""


@lru_cache(maxsize=None)  # called for each of a thousand links
def lists_of(kernel: str) -> Tuple[EntryList, ...]:
    """The lists that links of a kind have; of C(lo), those of its namespace."""
    if kernel == LOOPBACK:
        return OF_NAMESPACES
    return tuple(entries for entries in OF_LINKS if entries.fits(BY_KIND.get(kernel)))


def named(entries: EntryList, entry: Values, name_of: Callable[[int], str]) -> Values:
    """An entry that was found, with the names of the links that it refers to."""
    return {**entry, **{name: name_of(entry[name]) for name in entries.references}} if entries.references else entry


def linked_by(entries: EntryList, entry: Values) -> List[str]:
    """The names of the links that an entry refers to."""
    return [entry[name] for name in entries.references if entry.get(name)]


def as_text(entries: EntryList, entry: Mapping[str, object]) -> str:
    """What identifies an entry in records of layouts."""
    return json.dumps(entries.key_of(entry), separators=(",", ":"))


def using_ipv6(link: Link) -> Iterator[Tuple[Path, str]]:
    """What a wanted link has that the kernel refuses on a link without IPv6: the path of each address and entry, and what it is."""
    yield from (((*link.path, "addresses"), address.itself) for address in link.addresses or () if address.ipv6)
    for option, wanted in link.entries.items():
        needing = ((number, entry) for number, entry in enumerate(wanted.entries) if LISTS[option].needs_ipv6(entry))
        yield from (
            ((*link.path, option, number), "the entry %s" % ", ".join(str(part) for part in LISTS[option].key_of(entry) if part)) for number, entry in needing
        )


def others(entries: EntryList, found: Iterable[Values], wanted: Iterable[Values]) -> List[Values]:
    """The entries that were found without those that are wanted."""
    keys = {entries.key_of(entry) for entry in wanted}
    return [entry for entry in found if entries.key_of(entry) not in keys]
