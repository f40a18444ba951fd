# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prunes what belongs to the layout and is not declared any more."""

from __future__ import annotations

from typing import Dict, List

from ansible_collections.nfv.vnet.plugins.module_utils._entries import LISTS, as_text
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path, VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import ANY, KINDS, LOOPBACK, may_follow_ports, place_of
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import ADDRESS, AFTER_UP, DELETE_NAMESPACE, FREE_NAMES, ROUTE, Draft, inside
from ansible_collections.nfv.vnet.plugins.module_utils._plan._links import remove, replace
from ansible_collections.nfv.vnet.plugins.module_utils._resources import OWN_STALE_FILE, FoundLink, FoundNamespace, Link, LinkId, Ownership, added_routes
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    AddAddress,
    AddRoute,
    DeleteNamespace,
    SetFile,
    SetLink,
)

_FALLBACK_TUNNELS = {
    *((name, kind.kernel) for kind in KINDS for name in kind.made_by_kernel),
    ("erspan0", "erspan"),
    ("ip_vti0", "vti"),
    ("ip6_vti0", "vti6"),
}
"""Name and kind of links that kernel modules create in every namespace."""


def plan_prune(draft: Draft) -> None:
    """Plans to delete what the layout created, and to restore what it adopted."""
    declared = {link.id: link for link in draft.layout.links}
    _check_owners(draft, declared)
    _check_shared(draft)
    kept = {namespace.name for namespace in draft.layout.namespaces}
    going = [netns for netns in _owned_namespaces(draft) if netns not in kept and not _release_with_content(draft, netns)]
    lost = set(going)
    for netns in going:
        _check_tunnels(draft, netns)
    listed = set(listed_ports(draft))
    located = set(draft.located.values())
    for found in list(draft.links_after.values()):
        if found.id in located:
            continue
        if found.netns in lost and not _goes_home(draft, found):
            _check_uppers(draft, found)
            _check_other_end(draft, found)
            draft.links_after.pop(found.id, None)
        elif found.id not in draft.links_after:
            continue  # it goes with the link below it
        elif draft.keeps_name(found):
            _replace_other_kind(draft, declared[found.id], found)
        elif found.id not in listed:
            _prune_link(draft, found, declared)
    for netns in going + [name for name, found in draft.host.namespaces.items() if found.occupied_by == OWN_STALE_FILE]:
        _remove_namespace(draft, netns)


def _goes_home(draft: Draft, found: FoundLink) -> bool:
    """Whether the layout has moved a link here, which it moves back."""
    return draft.is_member(found) and "from" in found.original


def _check_owners(draft: Draft, declared: Dict[LinkId, Link]) -> None:
    owners = {key: link.path for key, link in declared.items()}
    owners.update((key, path) for key, path in listed_ports(draft).items() if key not in owners)
    for key, path in owners.items():
        found = draft.links_after.get(draft.located.get(key, key))
        if found and found.ownership and not draft.is_member(found):
            what = "namespace %s" % found.netns if found.name == "lo" else found.name
            raise VnetError(path, "%s belongs to %s; use another name, or declare it there" % (what, found.ownership))


def _check_shared(draft: Draft) -> None:
    """VnetError if a route or rule of the namespace that the module runs in is declared which another layout has added: it would go with that one."""
    others = draft.host.links["", "lo"].also_of if ("", "lo") in draft.host.links else ()
    lists = [(namespace.path, namespace.routes) for namespace in draft.layout.namespaces if not namespace.name]
    lists += [(link.path, link.routes) for link in draft.layout.links if not link.netns]
    for other in others:
        added_keys = {route.key for route in added_routes(other.original or {})}
        for path, routes in lists:
            for number, route in enumerate(routes or ()):
                if route.key in added_keys:
                    raise VnetError((*path, "routes", number), "the route to %s belongs to %s; declare it there" % (route.destination, other))
        if ("", "lo") in draft.wanted:
            _check_shared_entries(draft.wanted["", "lo"], other)


def _check_shared_entries(lo: Link, other: Ownership) -> None:
    for option, given in lo.entries.items():
        added = {key for key, before in (other.original or {}).get(option, {}).items() if before is None}
        for number, entry in enumerate(given.entries):
            if as_text(LISTS[option], entry) in added:
                raise VnetError((*lo.path, option, number), "it belongs to %s; declare it there" % str(other))


def listed_ports(draft: Draft) -> Dict[LinkId, Path]:
    """The links that are declared only in C(ports) of a bridge, with their paths."""
    bridges = (link for link in draft.layout.links if link.ports)
    return {(bridge.netns, name): (*bridge.path, "ports", number) for bridge in bridges for number, name in enumerate(bridge.ports or ())}


def _owned_namespaces(draft: Draft) -> List[str]:
    """The namespaces that the layout created."""
    return [found.netns for found in draft.host.links.values() if found.netns and found.kind == LOOPBACK and draft.owns(found)]


def _release_with_content(draft: Draft, netns: str) -> bool:
    """Keeps a namespace with links of others, which may be created by whoever rules it, and returns whether it does.

    VnetError if they belong to another layout.
    """
    strangers = [found for found in draft.links_in(netns) if not draft.is_member(found)]
    strangers = [found for found in strangers if found.kind != LOOPBACK and (found.name, found.kind) not in _FALLBACK_TUNNELS]
    for found in strangers:
        if found.ownership:
            draft.in_the_way((), "namespace %s cannot be deleted, as it contains %s, which belongs to %s" % (netns, found.name, str(found.ownership)))
    if not strangers:
        return False
    text = "namespace %s is kept, as it contains %s, which this layout did not create; it does not belong to the layout any more"
    draft.warn((), text % (netns, ", ".join(found.name for found in strangers)))
    for found in draft.links_in(netns):
        if found.kind == LOOPBACK:  # whoever rules the namespace may have given it another name
            draft.ownership[found.id] = None
            draft.links_after[found.id] = draft.links_after[found.id]._replace(ownership=None)
    return True


def _check_uppers(draft: Draft, found: FoundLink) -> None:
    """Refuses to delete a namespace with a link on top of which somebody has put another one."""
    for upper in draft.uppers.get(found.id, ()):
        if upper.netns != found.netns and not draft.owns(upper):
            text = "namespace %s cannot be deleted, as %s%s is on top of its link %s"
            draft.in_the_way((), text % (found.netns, upper.name, inside(upper.netns), found.name))


def _check_tunnels(draft: Draft, netns: str) -> None:
    """Refuses to delete a namespace whose network carries the packets of somebody's link in another one, which the kernel would delete, too."""
    for upper in draft.uppers.get((netns, ""), ()):
        if upper.netns != netns and not draft.owns(upper):
            draft.in_the_way((), "namespace %s cannot be deleted, as the packets of %s%s go through its network" % (netns, upper.name, inside(upper.netns)))


def _replace_other_kind(draft: Draft, wanted: Link, found: FoundLink) -> None:
    if wanted.kind not in (ANY, found.kind) and draft.owns(found):
        _check_other_end(draft, found)
        replace(draft, found)


def _check_other_end(draft: Draft, found: FoundLink) -> None:
    """Refuses to delete one end of a veth pair whose other end is declared without a type, so that it must exist."""
    other = draft.wanted.get(found.peer) if found.peer else None
    if other and other.kind == ANY:
        text = "%s is the other end of %s%s, which would be deleted; declare the pair with type: veth"
        raise VnetError(other.path, text % (other.name, found.name, inside(found.netns)))


def _check_ports(draft: Draft, bridge: FoundLink) -> None:
    """Refuses to delete a bridge with a port of another layout. The loss of other ports is a warning."""
    for port in draft.ports(bridge.id):
        link = draft.wanted.get(port.id)
        if draft.is_member(port) or (link and link.master not in (None, bridge.name)):
            continue
        if port.ownership:
            text = "%s%s cannot be deleted, as its port %s belongs to %s"
            draft.in_the_way((), text % (bridge.name, inside(bridge.netns), port.name, str(port.ownership)))
        draft.warn((), "%s%s is not a port any more, as its bridge %s is deleted" % (port.name, inside(port.netns), bridge.name))


def _prune_link(draft: Draft, found: FoundLink, declared: Dict[LinkId, Link]) -> None:
    if draft.owns(found):
        if found.kind == LOOPBACK or (found.peer in declared and declared[found.peer].kind == ANY):
            return  # it is deleted with its namespace, or the other end is declared without a type
        if place_of(found.kind, found.netns, found.parent):
            from ansible_collections.nfv.vnet.plugins.module_utils._plan._parents import is_renamed

            if is_renamed(draft, found):
                return
        _check_ports(draft, found)
        bridge = declared.get((found.netns, found.master))
        if bridge and set(may_follow_ports(bridge.kind)) & set(bridge.values):  # the attributes that follow the ports are set again after this one has left
            from ansible_collections.nfv.vnet.plugins.module_utils._plan._masters import leave

            leave(draft, found)
            found = draft.links_after[found.id]
        remove(draft, found, found.name)
        other = draft.links_after.pop(found.peer, None) if found.peer and found.peer not in declared else None
        draft.deleted += [other] if other else []
    elif found.ownership and draft.is_member(found):
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._release import restore_original

        now = draft.links_after[found.id]  # it may have left its bond meanwhile, or another link have its name
        restore_original(draft, now if now.ifindex == found.ifindex else found, found.original)


def bring_down_pruned(draft: Draft) -> None:
    """Pruned links are deleted last. One that has an address or route that a new link gets goes down first.

    Else the kernel would refuse the route (EEXIST) or find a duplicate IPv6 address.
    """
    added = [step for phase in (ADDRESS, AFTER_UP, ROUTE) for step in draft.steps.get(phase, ())]
    routes = {(step.netns, step.route.key) for step in added if isinstance(step, AddRoute)}
    addresses = {(step.netns, step.address.local) for step in added if isinstance(step, AddAddress)}
    for found in draft.deleted if routes or addresses else ():
        has_one = any((found.netns, route.key) in routes for route in found.routes or ())
        has_one = has_one or any((found.netns, address.local) in addresses for address in found.addresses)
        if has_one and found.values["up"] and found.id in draft.host.links:
            draft.add(FREE_NAMES, SetLink(found.netns, found.name, found.kind, {"up": False}, {"up": True}))


def _remove_namespace(draft: Draft, netns: str) -> None:
    lo = draft.host.links.get((netns, "lo"))
    for name in lo.ownership.files if lo and lo.ownership else ():
        draft.add(DELETE_NAMESPACE, SetFile(netns, name, None, draft.host.namespaces[netns].files.get(name)))
    draft.add(DELETE_NAMESPACE, DeleteNamespace(netns))
    pids = ", ".join(map(str, draft.namespaces_after[netns].pids))
    if pids:
        draft.warn((), "namespace %s continues to exist without a name, with its links, until these processes end: %s" % (netns, pids))
    draft.namespaces_after[netns] = FoundNamespace(None)
