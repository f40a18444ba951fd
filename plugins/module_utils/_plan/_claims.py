# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes after all else: what belongs to the layout says so."""

from __future__ import annotations

from typing import Callable, Optional, Set

from ansible_collections.nfv.vnet.plugins.module_utils import _marks
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path, VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import CLAIM, UP, Draft
from ansible_collections.nfv.vnet.plugins.module_utils._plan._farewells import listed_ports
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, LinkId, Mark, Values
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    SetLink,
)


def plan_claims(draft: Draft) -> None:
    """Marks what is there. What is new was marked when it was planned."""
    claims = _Claims(draft)
    claimed: Set[LinkId] = set()
    for link in draft.layout.links:
        if link.id not in claimed and draft.found[link.id].ifindex:
            claimed.add(link.id)
            claims.claim(link.id, link.path, link.values.get("alias"), link.values.get("link_group", 0))
    for key, path in listed_ports(draft).items():
        if key not in claimed and key in draft.found and draft.found[key].ifindex:
            claims.claim(key, path, None, None)


class _Claims:
    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._own = Mark(draft.layout.name)
        self._memory: Optional[Callable[[FoundLink], Values]] = None

    def claim(self, key: LinkId, path: Path, alias: Optional[str], group: Optional[int]) -> None:
        before = self._draft.host.links.get(key)
        found = before or self._draft.found[key]  # the end of a cable that somebody moved is marked when it is back
        if found.mark == self._own and alias in (None, found.values["alias"]):
            return
        mark = self._own if self._draft.owns(found) else self._adopted(found, alias)
        now = _marks.join(found.mark, found.values["alias"])
        text = _marks.join(mark, found.values["alias"] if alias is None else alias)
        if text == now:
            return
        self._draft.found[key] = self._draft.found[key]._replace(mark=mark)
        if len(text.encode()) > _marks.LONGEST:
            raise VnetError(path, "%s was there before, and the layout changes more of it than can be remembered; let the layout make it" % found.name)
        new, old = {"alias": text}, {"alias": now}
        if not found.mark and mark is self._own:  # its making was cut off
            new["link_group"], old["link_group"] = group or 0, found.values["link_group"]  # type: ignore[assignment]
        self._draft.add(CLAIM if before else UP, SetLink(key[0], key[1], found.kind, new, old))

    def _adopted(self, found: FoundLink, alias: Optional[str]) -> Mark:
        """The mark of a link that was there before the layout."""
        changed = self._before(found)
        before = {**changed, **_merged(found.mark, changed)}
        if alias is not None and alias != found.values["alias"]:
            before.setdefault("alias", found.values["alias"])
        return Mark(self._draft.layout.name, before)

    def _before(self, found: FoundLink) -> Values:
        if self._memory is None:
            from ansible_collections.nfv.vnet.plugins.module_utils._plan._memory import Memory

            self._memory = Memory(self._draft).before
        return self._memory(found)


def _merged(mark: Optional[Mark], now: Values) -> Values:
    """What an earlier run remembered is older than what this one finds."""
    merged: Values = {}
    for name, old in ((mark and mark.before) or {}).items():
        merged[name] = {**now.get(name, {}), **old} if isinstance(old, dict) else old
    return merged
