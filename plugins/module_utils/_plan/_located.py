# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the existing links are that may have another name, or be in another namespace."""

from __future__ import annotations

from typing import Dict, List

from ansible_collections.nfv.vnet.plugins.module_utils._entries._altnames import ALTNAMES
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path, VnetError, joined
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import ANY, LOOPBACK, is_like
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, Host, Link, LinkId


def located_links(links: List[Link], host: Host, layout: str) -> Dict[LinkId, LinkId]:
    """Where the existing links are that may have another name, or be in another namespace. What C(layout) has moved is found wherever it is."""
    located: Dict[LinkId, LinkId] = {}
    paths: Dict[LinkId, Path] = {}
    for link in links:
        if link.match or link.from_netns is not None:
            there = [found for found in host.links.values() if _may_be(link, found, layout) and is_located(link, found)]
            best = min(there, key=lambda found: (found.id != link.id, found.netns != link.netns, found.id), default=None)
            others = [found for found in there if best and found.netns == best.netns and found.id not in (best.id, link.id)]
            if best and best.id != link.id and others:
                raise VnetError((*link.path, "match"), "%s and %s are both like that; say more" % (best.name, others[0].name))
            by_name = [found for found in there if link.match and found.name == link.match.name]
            if best and link.match and by_name and best not in by_name and not _was_moved(best, layout):
                raise VnetError(
                    (*link.path, "match", "name"), "there is %s, and a link with the name %s, too; remove or rename one" % (link.match.name, best.name)
                )
            if best and paths.setdefault(best.id, link.path) != link.path:
                raise VnetError((*link.path, "match"), "%s is the link of %s, too; declare it once" % (best.name, joined(paths[best.id])))
            located.update({link.id: best.id} if best else {})
    located.update(_declared_as_before(links, host, layout, located))
    return located


def _declared_as_before(links: List[Link], host: Host, layout: str, located: Dict[LinkId, LinkId]) -> Dict[LinkId, LinkId]:
    """The links that the layout has renamed or moved, by what they were before, where only that is declared now."""
    moved = (found for found in host.links.values() if _was_moved(found, layout) and found.id not in located.values())
    homes = {_home(found): found for found in moved}
    there = ((link, homes.get(link.id)) for link in links if link.id not in located and link.id not in host.links)
    return {link.id: found.id for link, found in there if found and link.kind in (ANY, found.kind) and not link.match}


def is_located(wanted: Link, found: FoundLink) -> bool:
    """Whether a link that was found, wherever it is, is the existing one that is wanted."""
    names = [found.name, *(entry["name"] for entry in found.entries.get(ALTNAMES.option, ()))]
    is_named = wanted.match is None or not wanted.match.altname or wanted.match.altname in names
    return is_named and is_like(wanted, found.id, found.kind, found.card, found.values)


def _may_be(link: Link, found: FoundLink, layout: str) -> bool:
    return found.kind != LOOPBACK and (_was_moved(found, layout) or found.netns in (link.netns, link.from_netns))


def _home(found: FoundLink) -> LinkId:
    netns, name = found.original.get("from", found.id)
    return netns, name


def _was_moved(found: FoundLink, layout: str) -> bool:
    """Whether the layout has renamed or moved a link."""
    ownership = found.ownership
    return ownership is not None and ownership.is_layout(layout) and "from" in found.original
