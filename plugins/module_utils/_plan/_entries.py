# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lists of a link whose entries the kernel keeps one by one (C(_entries))."""

from __future__ import annotations

from typing import Dict, List, Set

from ansible_collections.nfv.vnet.plugins.module_utils._entries import LISTS, as_text, others
from ansible_collections.nfv.vnet.plugins.module_utils._entries._entry import Around, EntryList
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import LOOPBACK
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import AFTER_PORTS, AFTER_UP, DELETE_ENTRIES, ROUTE, Draft, inside
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Entries, FoundLink, Link, Values
from ansible_collections.nfv.vnet.plugins.module_utils._steps import AddEntry, DeleteEntry


def plan_entries(draft: Draft, wanted: Link, found: FoundLink, is_lost: bool, stays_down: bool) -> Dict[str, List[Values]]:
    """Plans the lists of a link; returns those that will be there.

    C(is_lost): whether the kernel drops what it drops with a link that goes down. Unless it C(stays_down), others get theirs again.
    """
    planned = dict(found.entries)
    for option, there in found.entries.items():
        if is_lost and LISTS[option].dropped_when_down:
            planned[option] = [] if stays_down else _restored(draft, wanted, found, LISTS[option], there)
    for option, given in wanted.entries.items():
        entries = LISTS[option]
        lost = is_lost and entries.dropped_when_down
        there = [] if lost else found.entries.get(option, [])
        kept = planned.get(option, []) if lost else []
        planned[option] = kept + _plan_list(draft, wanted, found, entries, given, there)
    return planned


def _restored(draft: Draft, wanted: Link, found: FoundLink, entries: EntryList, there: List[Values]) -> List[Values]:
    """Plans to add again what the kernel drops, and nobody has declared or removes."""
    given = wanted.entries.get(entries.option)
    if given and given.purge:
        return []
    of_kernel, added = entries.keys_of_kernel(found, draft.host), _added(draft, found, entries)
    kept = [entry for entry in others(entries, there, given.entries if given else ()) if entries.key_of(entry) not in of_kernel]
    kept = [entry for entry in kept if as_text(entries, entry) not in added]
    for entry in kept:
        add_entry(draft, wanted, found.kind, entries, entry)
    return kept


def _plan_list(draft: Draft, wanted: Link, found: FoundLink, entries: EntryList, given: Entries, there: List[Values]) -> List[Values]:
    by_key = {entries.key_of(entry): entry for entry in there}
    of_kernel = entries.keys_of_kernel(found, draft.host)
    around = _around(draft, wanted, found)
    for number, entry in enumerate(given.entries):
        _check(draft, wanted, entries, number, entry, around)
    listed = [entries.plain(entry, around) for entry in given.entries]
    kept = others(entries, there, listed)
    added = _added(draft, found, entries)
    planned: List[Values] = []
    for entry in kept:
        if (given.purge and entries.key_of(entry) not in of_kernel) or as_text(entries, entry) in added:
            delete_entry(draft, wanted, found.kind, entries, entry)
        else:
            planned.append(entry)
    for entry in listed:
        now = by_key.get(entries.key_of(entry))
        if now is not None and entries.satisfies(entry, now):
            planned.append(now)
            continue
        if now is not None and entries.key_of(now) not in of_kernel:
            delete_entry(draft, wanted, found.kind, entries, now)
        planned.append({**entries.whole(now or {}), **entry})
        add_entry(draft, wanted, found.kind, entries, planned[-1])
    return planned


def _added(draft: Draft, found: FoundLink, entries: EntryList) -> Set[str]:
    """The entries that the layout has added to a link which it adopted, by what identifies them."""
    original = found.original if draft.is_member(found) else {}
    return {key for key, before in original.get(entries.option, {}).items() if before is None}


def add_entry(draft: Draft, link: Link | FoundLink, kind: str, entries: EntryList, entry: Values) -> None:
    draft.add(_phase(kind, entries), AddEntry(link.netns, link.name, kind, entries.option, entry))


def delete_entry(draft: Draft, link: Link | FoundLink, kind: str, entries: EntryList, entry: Values) -> None:
    # the kernel drops those of VLANs and ports with these
    draft.add(ROUTE if kind == LOOPBACK else DELETE_ENTRIES, DeleteEntry(link.netns, link.name, kind, entries.option, entry))


def _phase(kind: str, entries: EntryList) -> float:
    """Entries that are replaced are deleted first: rules in the same phase, others before."""
    return ROUTE if kind == LOOPBACK else AFTER_UP if entries.after_up else AFTER_PORTS


def _around(draft: Draft, wanted: Link, found: FoundLink) -> Around:
    master = draft.declared_masters.get(wanted.id, found.master) if wanted.master is None else wanted.master
    declared, there = draft.wanted.get((wanted.netns, master)), draft.host.links.get((wanted.netns, master))
    of_bridge = {**(there.values if there else {}), **(declared.values if declared else {})}
    return Around(found.kind, wanted.name, {**found.values, **wanted.values}, of_bridge if master else None)


def _check(draft: Draft, wanted: Link, entries: EntryList, number: int, entry: Values, around: Around) -> None:
    """VnetError if a link cannot have an entry, or if the entry refers to a link that does not exist."""
    complaint = entries.unfit(entry, around)
    if complaint:
        raise VnetError((*wanted.path, entries.option, number, complaint[0]), complaint[1])
    for name in entries.references:
        other = entry.get(name)
        path = (*wanted.path, entries.option, number, name)
        if other and (wanted.netns, other) not in draft.links_after and (wanted.netns, other) not in draft.wanted:
            draft.missing_link(path, "there is no link %s%s" % (other, inside(wanted.netns)))
        elif other == "" and name in entries.required:
            raise VnetError(path, "missing; it is the name of a link")
