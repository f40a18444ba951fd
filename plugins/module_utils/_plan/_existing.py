# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links that exist already: found by name or by what they are, renamed, moved to another namespace and home again."""

from __future__ import annotations

from typing import Container, FrozenSet, List, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import IPV6_LOCATIONS, LINK, READ_APART
from ansible_collections.nfv.vnet.plugins.module_utils._bodies import relabelled, renamed_label
from ansible_collections.nfv.vnet.plugins.module_utils._entries import LISTS
from ansible_collections.nfv.vnet.plugins.module_utils._entries._altnames import ALTNAMES
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import title_of
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import CREATE, FREE_NAMES, Draft, inside
from ansible_collections.nfv.vnet.plugins.module_utils._plan._masters import bring_up_again, port_settings
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Address, FoundLink, Link, LinkId, Route, Shown, Values
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    AddAddress,
    AddEntry,
    DeleteAddress,
    DeleteEntry,
    MoveLink,
    RenameLink,
    SetLink,
    SetMaster,
    Step,
)

_LOST_BY_MOVE = tuple(row for row in LINK if row.location in (*IPV6_LOCATIONS, *READ_APART) and row.location != "ethtool")
"""Attributes that are those of a new link after a move."""


def lost_settings(found: FoundLink, locations: Container[str]) -> Values:
    """The attributes at these locations that a link loses with what they belong to, but for those that every new link has.

    What a new link has of IPv6 is a setting of the host (C(net.ipv6.conf.default)).
    """
    values = ((row, found.values.get(row.name)) for row in LINK if row.location in locations)
    lost = ((row, value) for row, value in values if value is not None and (row.location in IPV6_LOCATIONS or value != row.initial))
    return {row.name: value for row, value in lost if not row.type.undeclarable(value)}


def bring(draft: Draft, found: FoundLink, target: LinkId, up: bool) -> FoundLink:
    """Plans to rename or move a link so that it is C(target). C(up): whether it is to be up afterwards. Returns it as it will be."""
    if found.id == target:
        return found
    if draft.links_after.get(found.id, found).ifindex == found.ifindex:  # another one may have got its name
        draft.links_after.pop(found.id, None)
    found = _without_altname(draft, found, target[1])
    is_taken = target in draft.host.links
    name = "vnetnew%x" % found.ifindex if is_taken else target[1]
    deleted: List[Address] = []
    if found.netns == target[0]:
        if found.values["up"]:
            draft.interrupted.add(target)
        deleted = let_down_and_rename(draft, found, name)
        found = renamed(found, name)._replace(values={**found.values, "up": found.values["up"] and up})
    else:
        found = move(draft, FREE_NAMES, found, target[0], name)
    if is_taken:  # its holder gets another name meanwhile
        draft.add(CREATE, RenameLink(target[0], name, target[1]))
        found = renamed(found, target[1])
    add_again(draft, CREATE if is_taken else FREE_NAMES, found, deleted)
    draft.links_after[target] = found
    return found


def let_down_and_rename(draft: Draft, found: FoundLink, name: str) -> List[Address]:
    """Plans to rename a link, which older kernels do only while it is down. Returns the addresses that are deleted for it.

    The kernel gives the first IPv4 address the name of the link as its label, and each other one that has no suffix one with a number.
    """
    if found.values["up"]:
        draft.add(FREE_NAMES, SetLink(found.netns, found.name, found.kind, {"up": False}, {"up": True}))
    addresses = [address for address in found.addresses if not address.ipv6]
    same = next((number for number, address in enumerate(addresses) if not _keeps_label(found, number, address)), len(addresses))
    for address in reversed(addresses[same:]):  # secondary addresses first: the kernel deletes them with their primary one
        draft.add(FREE_NAMES, DeleteAddress(found.netns, found.name, address))
    draft.add(FREE_NAMES, RenameLink(found.netns, found.name, name))
    return addresses[same:]


def _keeps_label(found: FoundLink, number: int, address: Address) -> bool:
    """Whether the kernel gives an IPv4 address the right label when it renames the link: C(inetdev_changename) in net/ipv4/devinet.c."""
    label = address.label or found.name
    return (":" in label) == (number > 0) and renamed_label(label, found.name, "") != label


def add_again(draft: Draft, phase: float, found: FoundLink, addresses: List[Address]) -> None:
    """Plans to add the addresses that were deleted for the renaming, with their labels."""
    keys = {address.key for address in addresses}
    bodies = found.shown.addresses if found.shown else {}
    for address in found.addresses:
        if address.key in keys:
            draft.add(phase, AddAddress(found.netns, found.name, address, bodies.get(address.key, "")))


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
    if holder and not _leaves(draft, holder):
        text = "the name %s is used%s by %s; declare that one with another name, too, or remove it first"
        raise VnetError((*link.path, "name"), text % (target[1], inside(target[0]), title_of(holder.kind)))


def renamed(found: FoundLink, name: str) -> FoundLink:
    """A link with another name, by which its routes and the labels of its addresses know it, too."""

    def through(route: Optional[Route]) -> Optional[Route]:
        return route._replace(dev=name) if route and route.dev == found.name else route

    shown = found.shown and Shown(
        {key: relabelled(body, found.name, name) for key, body in found.shown.addresses.items()},
        [(through(route), body) for route, body in found.shown.routes],
    )
    routes = None if found.routes is None else [route._replace(dev=name) for route in found.routes]
    addresses = [address._replace(label=renamed_label(address.label, found.name, name)) for address in found.addresses]
    return found._replace(name=name, addresses=addresses, routes=routes, shown=shown)


def require_restorable(link: Link, found: FoundLink) -> None:
    """VnetError if a move would drop what no option can say, so that it could not come back."""
    for row in _LOST_BY_MOVE if found.netns != link.netns else ():
        lost = row.type.undeclarable(found.values.get(row.name))
        if lost:
            text = "%s has %s, which a move drops, and which could not be restored; remove that first"
            raise VnetError((*link.path, "netns"), text % (found.name, lost))


def move(draft: Draft, phase: float, found: FoundLink, netns: str, name: str) -> FoundLink:
    """Plans to move a link. It loses its addresses, routes and master, goes down, and has the IPv6 settings of a new link."""
    restore: Tuple[Step, ...] = (SetMaster(found.netns, found.name, found.master), *port_settings(found.netns, found.name, found.port)) if found.master else ()
    changed = lost_settings(found, {row.location for row in _LOST_BY_MOVE})
    restore += tuple(SetLink(found.netns, found.name, found.kind, {attribute: value}) for attribute, value in changed.items())
    restore += (SetLink(found.netns, found.name, found.kind, {"up": True}),) if found.values["up"] else ()
    restore += tuple(
        AddEntry(found.netns, found.name, found.kind, option, entry)
        for option, entries in found.entries.items()
        for entry in entries
        if LISTS[option].dropped_when_down and LISTS[option].key_of(entry) not in LISTS[option].keys_of_kernel(found, draft.host)
    )
    draft.add(phase, MoveLink(found.netns, found.name, netns, name if name != found.name else "", restore))
    entries = {option: there for option, there in found.entries.items() if LISTS[option].survives_move}
    new = {row.name: None if row.location in IPV6_LOCATIONS else row.initial for row in _LOST_BY_MOVE if row.name in found.values}
    values: Values = {**found.values, **new, "up": False}
    return found._replace(netns=netns, name=name, values=values, master="", port=None, addresses=[], routes=[], entries=entries, shown=None)


def home_of(draft: Draft, found: FoundLink, place: LinkId) -> LinkId:
    """Where a link goes home to. If its name or its namespace is not there any more, as near as possible."""
    netns, name = place
    if netns not in draft.host.namespaces or not draft.host.exists(netns):
        netns = ""
    for candidate in (name, found.name, "vnetcard%x" % found.ifindex):
        key = (netns, candidate)
        holder = draft.host.links.get(key)
        if key == found.id or not holder or _leaves(draft, holder):
            if candidate != name:
                how = "keeps its name" if key == found.id else "goes home as %s" % candidate
                draft.warn((), "%s %s, as there is another link of the name %s" % (found.name, how, name))
            return key
    return netns, name


def _leaves(draft: Draft, found: FoundLink, others: FrozenSet[LinkId] = frozenset()) -> bool:
    """Whether a link is renamed or moved, too, so that its name gets free. C(others): those that wait for it."""
    if draft.keeps_name(found):
        return False
    if found.id in draft.located.values():
        return True
    netns, name = draft.original(found.id).get("from", found.id)
    holder = draft.host.links.get((netns, name))
    if holder is None or (netns, name) in others:
        return True
    return holder.id != found.id and _leaves(draft, holder, others | {found.id})


def bring_up(draft: Draft, link: Link, found: FoundLink) -> None:
    """Plans to bring a link up that was renamed."""
    if link.id in draft.interrupted and found.values["up"]:
        bring_up_again(draft, found)
