# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ownership: marks the links that belong to the layout."""

from __future__ import annotations

from typing import Callable, Optional, Set

from ansible_collections.nfv.vnet.plugins.module_utils import _marks
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path, VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import OWNERSHIP, UP, Draft
from ansible_collections.nfv.vnet.plugins.module_utils._plan._prune import listed_ports
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, LinkId, Mark, Values
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    SetLink,
)


def plan_ownership(draft: Draft) -> None:
    """Plans the marks of existing links. Those of new links are part of their creation."""
    ownership = _Ownership(draft)
    marked: Set[LinkId] = set()
    for link in draft.layout.links:
        if link.id not in marked and draft.found[link.id].ifindex:
            marked.add(link.id)
            ownership.mark_link(link.id, link.path, link.values.get("alias"), link.values.get("link_group", 0))
    for key, path in listed_ports(draft).items():
        if key not in marked and key in draft.found and draft.found[key].ifindex:
            ownership.mark_link(key, path, None, None)


class _Ownership:
    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._own = Mark(draft.layout.name)
        self._adoption: Optional[Callable[[FoundLink], Values]] = None

    def mark_link(self, key: LinkId, path: Path, alias: Optional[str], group: Optional[int]) -> None:
        before = self._draft.host.links.get(key)
        found = before or self._draft.found[key]  # an end of a pair that was moved is marked when it is back
        if found.mark == self._own and alias in (None, found.values["alias"]):
            return
        mark = self._own if self._draft.owns(found) else self._adopted(found, alias)
        now = _marks.join(found.mark, found.values["alias"])
        text = _marks.join(mark, found.values["alias"] if alias is None else alias)
        if text == now:
            return
        self._draft.found[key] = self._draft.found[key]._replace(mark=mark)
        if len(text.encode()) > _marks.LONGEST:
            raise VnetError(
                path, "%s existed before, and the layout changes more of it than can be recorded; delete it so that the layout creates it" % found.name
            )
        new, old = {"alias": text}, {"alias": now}
        if not found.mark and mark is self._own:  # a run was interrupted while it created the link
            new["link_group"], old["link_group"] = group or 0, found.values["link_group"]  # type: ignore[assignment]
        self._draft.add(OWNERSHIP if before else UP, SetLink(key[0], key[1], found.kind, new, old))

    def _adopted(self, found: FoundLink, alias: Optional[str]) -> Mark:
        """The mark of an adopted link."""
        changed = self._before(found)
        before = {**changed, **_merged(found.mark, changed)}
        if alias is not None and alias != found.values["alias"]:
            before.setdefault("alias", found.values["alias"])
        return Mark(self._draft.layout.name, before)

    def _before(self, found: FoundLink) -> Values:
        if self._adoption is None:
            from ansible_collections.nfv.vnet.plugins.module_utils._plan._adoption import OriginalState

            self._adoption = OriginalState(self._draft).before
        return self._adoption(found)


def _merged(mark: Optional[Mark], now: Values) -> Values:
    """The recorded state, which is older than the found one and takes precedence."""
    merged: Values = {}
    for name, old in ((mark and mark.before) or {}).items():
        merged[name] = {**now.get(name, {}), **old} if isinstance(old, dict) else old
    return merged
