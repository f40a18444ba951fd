# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links that exist already: found by name or by what they are, renamed, moved to another namespace and home again."""

from __future__ import annotations

from typing import Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import IPV6_LOCATIONS, LINK, READ_APART
from ansible_collections.nfv.vnet.plugins.module_utils._bodies import relabelled
from ansible_collections.nfv.vnet.plugins.module_utils._entries import LISTS
from ansible_collections.nfv.vnet.plugins.module_utils._entries._altnames import ALTNAMES
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import title_of
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import CREATE, FREE_NAMES, Draft, inside
from ansible_collections.nfv.vnet.plugins.module_utils._plan._masters import bring_up_again, port_settings
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, Link, LinkId, Route, Shown, Values
from ansible_collections.nfv.vnet.plugins.module_utils._steps import AddEntry, DeleteEntry, MoveLink, RenameLink, SetLink, SetMaster, Step

_LOST_BY_MOVE = tuple(row for row in LINK if row.location in (*IPV6_LOCATIONS, *READ_APART) and row.location != "ethtool")
"""Attributes that are those of a new link after a move."""


def bring(draft: Draft, found: FoundLink, target: LinkId, up: bool) -> FoundLink:
    """Plans to rename or move a link so that it is C(target). C(up): whether it is to be up afterwards. Returns it as it will be."""
    if found.id == target:
        return found
    if draft.links_after.get(found.id, found).ifindex == found.ifindex:  # another one may have got its name
        draft.links_after.pop(found.id, None)
    found = _without_altname(draft, found, target[1])
    is_taken = target in draft.host.links
    name = "vnetnew%x" % found.ifindex if is_taken else target[1]
    if found.netns == target[0]:
        if found.values["up"]:
            draft.interrupted.add(target)
        found = _rename(draft, found, name, up)
    else:
        found = _move(draft, found, target[0], name)
    if is_taken:  # its holder gets another name meanwhile
        draft.add(CREATE, RenameLink(target[0], name, target[1]))
        found = _renamed(found, target[1])
    draft.links_after[target] = found
    return found


def _without_altname(draft: Draft, found: FoundLink, name: str) -> FoundLink:
    """Plans to remove the alternative name of a link that is to be its name: the kernel wants each name once."""
    there = found.entries.get(ALTNAMES.option, [])
    entry = {"name": name}
    if entry not in there:
        return found
    draft.add(FREE_NAMES, DeleteEntry(found.netns, found.name, found.kind, ALTNAMES.option, entry))
    return found._replace(entries={**found.entries, ALTNAMES.option: [other for other in there if other != entry]})


def require_free(draft: Draft, link: Link, target: LinkId) -> None:
    """VnetError if the name is that of a link that keeps it."""
    holder = draft.host.links.get(target)
    if holder and target not in draft.located.values():
        text = "the name %s is used%s by %s; declare that one with another name, too, or remove it first"
        raise VnetError((*link.path, "name"), text % (target[1], inside(target[0]), title_of(holder.kind)))


def _rename(draft: Draft, found: FoundLink, name: str, up: bool) -> FoundLink:
    """Renames a link, which older kernels do only while it is down."""
    if found.values["up"]:
        draft.add(FREE_NAMES, SetLink(found.netns, found.name, found.kind, {"up": False}, {"up": True}))
    draft.add(FREE_NAMES, RenameLink(found.netns, found.name, name))
    return _renamed(found, name)._replace(values={**found.values, "up": found.values["up"] and up})


def _renamed(found: FoundLink, name: str) -> FoundLink:
    """A link with another name, by which its routes and the labels of its addresses know it, too."""

    def through(route: Optional[Route]) -> Optional[Route]:
        return route._replace(dev=name) if route and route.dev == found.name else route

    shown = found.shown and Shown(
        {key: relabelled(body, found.name, name) for key, body in found.shown.addresses.items()},
        [(through(route), body) for route, body in found.shown.routes],
    )
    routes = None if found.routes is None else [route._replace(dev=name) for route in found.routes]
    return found._replace(name=name, routes=routes, shown=shown)


def _move(draft: Draft, found: FoundLink, netns: str, name: str) -> FoundLink:
    """Moves a link. It loses its addresses, routes and master, goes down, and has the IPv6 settings of a new link."""
    restore: Tuple[Step, ...] = (SetMaster(found.netns, found.name, found.master), *port_settings(found.netns, found.name, found.port)) if found.master else ()
    usual = {row.name: row.initial for row in _LOST_BY_MOVE}
    changed = {row.name: found.values[row.name] for row in _LOST_BY_MOVE if found.values.get(row.name) not in (None, usual[row.name])}
    restore += tuple(SetLink(found.netns, found.name, found.kind, {attribute: value}) for attribute, value in changed.items())
    restore += (SetLink(found.netns, found.name, found.kind, {"up": True}),) if found.values["up"] else ()
    restore += tuple(
        AddEntry(found.netns, found.name, found.kind, option, entry)
        for option, entries in found.entries.items()
        for entry in entries
        if LISTS[option].after_up and LISTS[option].key_of(entry) not in LISTS[option].keys_of_kernel(found, draft.host)
    )
    draft.add(FREE_NAMES, MoveLink(found.netns, found.name, netns, name if name != found.name else "", restore))
    entries = {option: there for option, there in found.entries.items() if LISTS[option].survives_move}
    kept = {attribute: value for attribute, value in found.values.items() if attribute not in usual}
    values: Values = {**kept, **{attribute: value for attribute, value in usual.items() if attribute in found.values}, "up": False}
    return found._replace(netns=netns, name=name, values=values, master="", port=None, addresses=[], routes=[], entries=entries, shown=None)


def home_of(draft: Draft, found: FoundLink, place: LinkId) -> LinkId:
    """Where a link goes home to. If its name or its namespace is not there any more, as near as possible."""
    netns, name = place
    if netns not in draft.host.namespaces or not draft.host.exists(netns):
        netns = ""
    for candidate in (name, found.name, "vnetcard%x" % found.ifindex):
        key = (netns, candidate)
        holder = draft.host.links.get(key)
        if key == found.id or not holder or key in draft.located.values() or _leaves(draft, holder):
            if candidate != name:
                draft.warn((), "%s goes home as %s, as there is another link of the name %s" % (found.name, candidate, name))
            return key
    return netns, name


def _leaves(draft: Draft, found: FoundLink) -> bool:
    """Whether a link goes home, too, so that its name gets free."""
    original = found.ownership.original if found.ownership and draft.is_member(found) else None
    return "from" in (original or {}) and tuple((original or {})["from"]) != found.id


def bring_up(draft: Draft, link: Link, found: FoundLink) -> None:
    """Plans to bring a link up that was renamed."""
    if link.id in draft.interrupted and found.values["up"]:
        bring_up_again(draft, found)
