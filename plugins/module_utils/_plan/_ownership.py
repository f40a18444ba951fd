# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adopts the existing links that the layout declares, with what they were before."""

from __future__ import annotations

from typing import Callable, Optional

from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import Draft
from ansible_collections.nfv.vnet.plugins.module_utils._plan._prune import listed_ports
from ansible_collections.nfv.vnet.plugins.module_utils._records import FIRST_INDEX
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, LinkId, Namespace, Ownership, Values


def plan_ownership(draft: Draft) -> None:
    """Plans which existing links the layout adopts. New links belong to it anyway."""
    ownership = _Ownership(draft)
    for namespace in draft.layout.namespaces:
        if namespace.files is not None:
            _own_files(draft, namespace)
    declared = {**listed_ports(draft), **{link.id: link.path for link in draft.layout.links}}
    for key, path in declared.items():
        found = draft.links_after.get(key)
        if found and found.ifindex and not draft.owns(found):
            if not found.ownership and found.ifindex >= FIRST_INDEX:
                draft.warn(path, "%s was created by a layout that is not recorded here, as in a container with a /run of its own; it is adopted" % found.name)
            ownership.adopt(key, draft.host.links.get(draft.located.get(key, key)) or _elsewhere(draft, found))


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


class _Ownership:
    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._adoption: Optional[Callable[[FoundLink, LinkId], Values]] = None

    def adopt(self, key: LinkId, found: FoundLink) -> None:
        """Plans to record what the plan changes of a link. C(key): the link after the plan."""
        recorded = (found.ownership.original if found.ownership else None) or {}
        changed = self._before(found, key)
        there: Values = changed.pop("there", {})
        exact_since = {option: keys for option, keys in recorded.get("there", {}).items() if option in there}
        if exact_since:
            from ansible_collections.nfv.vnet.plugins.module_utils._plan._adoption import without_later_entries

            changed = without_later_entries(self._draft, changed, exact_since)
        original = {**changed, **_merged({name: old for name, old in recorded.items() if name != "there"}, changed)}
        if there:
            original["there"] = {**there, **exact_since}
        ownership = Ownership(self._draft.layout.name, original)
        if ownership != found.ownership:
            self._draft.ownership[found.id] = ownership
            self._draft.links_after[key] = self._draft.links_after[key]._replace(ownership=ownership)

    def _before(self, found: FoundLink, key: LinkId) -> Values:
        if self._adoption is None:
            from ansible_collections.nfv.vnet.plugins.module_utils._plan._adoption import OriginalState

            self._adoption = OriginalState(self._draft).before
        return self._adoption(found, key)


def _merged(recorded: Values, now: Values) -> Values:
    """The recorded state, which is older than the found one and takes precedence."""
    merged: Values = {}
    for name, old in recorded.items():
        if isinstance(old, dict):
            merged[name] = {**now.get(name, {}), **old}
        elif name in ("routes", "new_routes"):
            merged[name] = [*old, *(entry for entry in now.get(name, ()) if entry not in old)]
        else:
            merged[name] = old
    return merged
