# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links that stand on others: what they need of their parent, and what becomes of them when that goes."""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _marks
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import OF_KERNEL, initial_of, is_ethernet, parent_of, rows_of, title_of, type_of
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import AWAY, BRIDGE_UP, UP, Draft, inside
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, Link, LinkId, Values
from ansible_collections.nfv.vnet.plugins.module_utils._steps import RenameLink, SetLink


def check_parent(draft: Draft, wanted: Link) -> None:
    """Whether there is a parent, and one that can carry the link."""
    if not wanted.parent:
        return
    path = (*wanted.path, parent_of(wanted.kind))
    parent = draft.found.get(wanted.parent)
    if not parent:
        draft.missing(path, "there is no link %s%s" % (wanted.parent[1], inside(wanted.parent[0])))
    elif not is_ethernet(parent.kind, parent.values):
        raise VnetError(path, "%s is %s that carries no Ethernet frames, so %s cannot stand on it" % (parent.name, _short(parent), title_of(wanted.kind)))


def _short(found: FoundLink) -> str:
    return title_of(found.kind) if type_of(found.kind) else "a link"


def check_parent_is_up(draft: Draft, wanted: Link, found: FoundLink) -> None:
    """Whether the link can go up (ENETDOWN)."""
    kind = OF_KERNEL[found.kind]
    parent = draft.found.get(wanted.parent or found.parent or ("", ""))
    if parent and not parent.values["up"] and kind.needs_parent_up({**found.values, **wanted.values}):
        draft.missing((*wanted.path, "up"), "its parent %s is down; bring that up, or set up: false" % parent.name)


def plan_what_rises(draft: Draft) -> None:
    """The kernel brings some links up with their parent. Those that are to be down go down again."""
    for link in draft.links:
        rises = link.kind in OF_KERNEL and OF_KERNEL[link.kind].rises_with_parent
        if rises and link.present and link.values.get("up") is False and link.parent in draft.rising:
            draft.add(BRIDGE_UP if link.id in draft.on_bridges else UP, SetLink(link.netns, link.name, link.kind, {"up": False}))


def take_along(draft: Draft, parent: LinkId) -> None:
    """What stands on a link that is removed goes with it, and is made again where a new one takes its place."""
    again = (parent in draft.wanted and draft.wanted[parent].present) or any(found.id == parent for found in draft.along)
    for found in draft.standing[parent]:
        if found.id in draft.wanted or draft.owns(found) or found.id not in draft.found:
            continue  # planned by itself
        if draft.layout.name:
            raise VnetError((), "%s%s stands on %s and would go with it; remove it first, or declare it" % (found.name, inside(found.netns), parent[1]))
        if not again:
            draft.warn((), "%s%s stands on it and goes with it" % (found.name, inside(found.netns)))
        elif found.kind not in OF_KERNEL:
            kind = title_of(found.kind)
            raise VnetError((), "%s%s, %s, stands on %s and could not be made again; remove it first" % (found.name, inside(found.netns), kind, parent[1]))
        else:
            draft.along.append(found)


def as_it_was(draft: Draft, found: FoundLink) -> Link:
    """A link that is there as one that is wanted, without what a new one has by itself."""
    parent = draft.host.links[found.parent or ("", "")]
    initial = {**{row.name: row.initial for row in rows_of(found.kind).values()}, **initial_of(found.kind, found.values)}
    initial["mac"] = parent.values["mac"]  # which it follows
    initial["mtu"] = parent.values["mtu"]
    rows = (row for row in rows_of(found.kind).values() if row.when in ("live", "create"))
    there = {row.name: found.values[row.name] for row in rows if found.values.get(row.name) is not None}
    values = {name: value for name, value in there.items() if value != initial.get(name)}
    values["up"] = found.values["up"] and draft.found[parent.id].values["up"]
    if found.mark:
        values["alias"] = _marks.join(found.mark, found.values["alias"])
    addresses = [address for address in found.addresses if not address.dynamic and not address.link_local]
    return Link(
        found.kind,
        found.netns,
        found.name,
        (),
        values,
        master=found.master or None,
        port=found.port,
        addresses=addresses,
        routes=found.routes if values["up"] else None,
        parent=found.parent,
    )


# Two links that are alike cannot stand on one parent (EEXIST)

Key = Tuple[Any, ...]


def under_its_new_name(draft: Draft, wanted: Link) -> Optional[FoundLink]:
    """A link that is there under another name: a layout renames its own."""
    if not OF_KERNEL[wanted.kind].unique or wanted.parent in draft.removed:
        return None
    found = _alike_there(draft).get(_key(wanted.kind, wanted.parent, wanted.values))
    if not found or found.id not in draft.found:
        return None
    if draft.owns(found) and found.id not in draft.wanted and found.netns == wanted.netns:
        return _renamed(draft, found, wanted.name)
    what = ", ".join((parent_of(wanted.kind), *OF_KERNEL[wanted.kind].unique))
    raise VnetError(wanted.path, "%s%s has the same %s; use that, or remove it first" % (found.name, inside(found.netns), what))


def is_renamed(draft: Draft, found: FoundLink) -> bool:
    """Whether a link of the layout that is not declared any more is declared under another name."""
    link = _alike_wanted(draft).get(_key(found.kind, found.parent, found.values))
    return bool(link and link.netns == found.netns)


def _alike_there(draft: Draft) -> Dict[Key, FoundLink]:
    if draft.alike_there is None:
        links = (link for links in draft.standing.values() for link in links)
        draft.alike_there = {_key(link.kind, link.parent, link.values): link for link in links}
    return draft.alike_there


def _alike_wanted(draft: Draft) -> Dict[Key, Link]:
    if draft.alike_wanted is None:
        new = (link for link in draft.links if link.parent and link.id not in draft.host.links)
        draft.alike_wanted = {_key(link.kind, link.parent, link.values): link for link in new}
    return draft.alike_wanted


def _key(kind: str, parent: Optional[LinkId], values: Values) -> Key:
    """What no two links have in common; of other kinds nothing that another one has."""
    unique = OF_KERNEL[kind].unique if kind in OF_KERNEL else ()
    rows = rows_of(kind)
    return (kind, parent, *(values.get(name, rows[name].initial) for name in unique)) if unique else (object(),)


def _renamed(draft: Draft, found: FoundLink, name: str) -> FoundLink:
    """It goes down for that, as older kernels only rename what is down, and loses its routes and what it has of IPv6."""
    if found.values["up"]:
        draft.add(AWAY, SetLink(found.netns, found.name, found.kind, {"up": False}, {"up": True}))
    draft.add(AWAY, RenameLink(found.netns, found.name, name))
    del draft.found[found.id]
    addresses = [address for address in found.addresses if not (address.ipv6 and found.values["up"])]
    renamed = found._replace(name=name, values={**found.values, "up": False}, routes=[], addresses=addresses)
    return draft.found.setdefault((found.netns, name), renamed)
