# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary of a layout: numbers of namespaces and links."""

from __future__ import annotations

from typing import Dict, Iterable, List, Sequence, Set

from ansible_collections.nfv.vnet.plugins.module_utils._kinds import LOOPBACK
from ansible_collections.nfv.vnet.plugins.module_utils._resources import LISTS, Host, Layout, Link, LinkId
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    CreateLink,
    CreateNamespace,
    DeleteLink,
    DeleteNamespace,
    Step,
    ids_before,
    link_of,
)


def list_of(kind: str) -> str:
    """The list of a declaration that a link belongs to; C(lo) stands for its namespace."""
    return "namespaces" if kind == LOOPBACK else "links"


def summary(layout: Layout, before: Host, after: Host, steps: Sequence[Step]) -> Dict[str, Dict[str, int]]:
    """Counts what is declared, and what was done. A veth pair counts once; the namespace that the module runs in only if it is changed."""
    near = {link.id: link.peer for link in far_ends(layout.links) if link.peer}
    declared = {link.id for link in layout.links}
    near.update((key, found.peer) for key, found in before.links.items() if found.peer and _is_second(before, key) and not {key, found.peer} & declared)
    kinds = {**{key: link.kind for key, link in before.links.items()}, **{link.id: link.kind for link in layout.links}}
    earlier = ids_before(steps)
    later = {old: new for new, old in earlier.items()}
    created = {near.get(link_of(step), link_of(step)) for step in steps if isinstance(step, (CreateNamespace, CreateLink))}
    removed = {link_of(step) for step in steps if isinstance(step, (DeleteNamespace, DeleteLink))} - created
    kinds.update({new: kinds[old] for new, old in earlier.items() if old in kinds and new not in kinds})
    removed |= _lost(before, {step.name for step in steps if isinstance(step, DeleteNamespace)}, removed) - later.keys()
    touched = {link_of(step) for step in steps}
    changed = {near.get(key, key) for key in (later.get(key, key) for key in touched) if key not in removed}
    there = ((key, before.links.get(earlier.get(key, key)), found) for key, found in after.links.items())
    owners = [(key, old.ownership, found.ownership) for key, old, found in there if old]
    released = [key for key, old, new in owners if old and old.is_layout(layout.name) and not new]
    subjects: Dict[str, Iterable[LinkId]] = {
        "declared": [link.id for link in layout.links if link.id not in near],
        "created": created,
        "changed": changed - created,
        "removed": removed,
        "adopted": [key for key, old, new in owners if new and new.original is not None and not old and key not in near],
        "released": [key for key in released if not _is_counted_by_peer(before, earlier.get(key, key))],
    }
    counts = {name: dict.fromkeys(subjects, 0) for name in LISTS}
    for count, keys in subjects.items():
        for key in keys:
            is_home = kinds.get(key) == LOOPBACK and not key[0]
            if key in kinds and (count == "changed" or not is_home):
                counts[list_of(kinds[key])][count] += 1
    return counts


def _is_second(host: Host, key: LinkId) -> bool:
    """Whether an undeclared veth pair is counted by its other end."""
    peer = host.links[key].peer
    return bool(peer and peer in host.links and peer < key)


def _is_counted_by_peer(host: Host, key: LinkId) -> bool:
    """Whether the other end of a released pair is of the layout, too."""
    peer = host.links[key].peer
    return _is_second(host, key) and peer is not None and host.links[peer].ownership is not None


def _lost(before: Host, namespaces: Set[str], removed: Set[LinkId]) -> Set[LinkId]:
    """The links that are deleted with their namespaces; a veth pair by one of its ends."""
    lost: Set[LinkId] = set()
    for key, found in before.links.items():
        if found.netns in namespaces and found.ownership and found.kind != LOOPBACK and found.peer not in removed and found.peer not in lost:
            lost.add(key)
    return lost


def far_ends(links: Iterable[Link]) -> List[Link]:
    """The ends of veth pairs that are declared as peers."""
    return [link for link in links if link.is_peer]
