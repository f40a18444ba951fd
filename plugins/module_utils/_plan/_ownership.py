# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adopts the existing links that the layout declares, with what they were before."""

from __future__ import annotations

from typing import Dict

from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import Draft
from ansible_collections.nfv.vnet.plugins.module_utils._plan._prune import listed_ports
from ansible_collections.nfv.vnet.plugins.module_utils._records import FIRST_INDEX
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, LinkId, Namespace, Ownership


def plan_ownership(draft: Draft) -> None:
    """Plans which existing links the layout adopts. New links belong to it anyway."""
    adopted: Dict[LinkId, FoundLink] = {}
    for namespace in draft.layout.namespaces:
        if namespace.files is not None:
            _own_files(draft, namespace)
    declared = {**listed_ports(draft), **{link.id: link.path for link in draft.layout.links}}
    for key, path in declared.items():
        found = draft.links_after.get(key)
        if found and found.ifindex and not draft.owns(found):
            if not found.ownership and found.ifindex >= FIRST_INDEX:
                draft.warn(path, "%s was created by a layout that is not recorded here, as in a container with a /run of its own; it is adopted" % found.name)
            adopted[key] = draft.host.links.get(draft.located.get(key, key)) or _elsewhere(draft, found)
    if adopted:
        _adopt(draft, adopted)


def _own_files(draft: Draft, namespace: Namespace) -> None:
    """Plans to record which files of a namespace that it created the layout has written."""
    lo = draft.links_after[namespace.name, "lo"]
    files = tuple(name for name, content in (namespace.files or {}).items() if content is not None)
    if lo.ownership and draft.owns(lo) and lo.ownership.files != files:
        owned = lo.ownership._replace(files=files)
        draft.links_after[lo.id] = lo._replace(ownership=owned)
        if lo.ifindex:
            draft.ownership[lo.id] = owned


def _elsewhere(draft: Draft, found: FoundLink) -> FoundLink:
    """An end of a veth pair that somebody moved, where it is now."""
    return next((other for other in draft.host.links.values() if (other.ifindex, other.kind, other.link) == (found.ifindex, found.kind, found.link)), found)


def _adopt(draft: Draft, links: Dict[LinkId, FoundLink]) -> None:
    """Plans to record what adopted links were before the layout. C(links): as they were found, by what they are after the plan."""
    from ansible_collections.nfv.vnet.plugins.module_utils._plan._adoption import Adoption

    adoption = Adoption(draft)
    for key, found in links.items():
        ownership = Ownership(draft.layout.name, adoption.original(found, key))
        if ownership != found.ownership or draft.ownership.get(found.id, ownership) is None:  # else it would be released
            draft.ownership[found.id] = ownership
            draft.links_after[key] = draft.links_after[key]._replace(ownership=ownership)
