# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""veth pairs: both ends, even if one was moved to the namespace of the other."""

from __future__ import annotations

from typing import Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import kind_of, title_of
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import CREATE, Draft, inside, planned_link
from ansible_collections.nfv.vnet.plugins.module_utils._plan._links import (
    bridge_mac,
    configure,
    conflicts_of,
    keep_or_replace,
    move_aside,
    plan_removal,
    replace,
    require_namespace,
    same_kind,
)
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, Link, Port
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    CreateLink,
    NewPeer,
)


def plan_end(draft: Draft, end: Link) -> None:
    """Plans the pair when its first end is reached."""
    if not end.present:
        plan_removal(draft, end, draft.links_after.get(end.id) or _near_end_elsewhere(draft, end))
        return
    if end.peer is None or end.id in draft.planned_peers:
        return
    far = draft.wanted[end.peer]
    draft.planned_peers.add(far.id)
    for link in (end, far):
        require_namespace(draft, link)
    _plan_pair(draft, end, far)


def _plan_pair(draft: Draft, near: Link, far: Link) -> None:
    if draft.host.same(near.id, far.id):
        raise VnetError(far.path, "both ends have the same name in the same namespace; use two names")
    found = _found_pair(draft, near, far)
    if found:
        conflicts = conflicts_of(draft, near, found[0]) + conflicts_of(draft, far, found[1])
        if not keep_or_replace(draft, near, found[0], conflicts):
            move_aside(draft, found[1])  # the kernel deletes it with the near end
            found = None
    if not found:
        taken = draft.links_after.get(far.id)
        if taken and not draft.owns(taken):
            raise VnetError(far.path, "the name %s is used by %s; remove it first" % (far.name, title_of(taken.kind)))
        if taken:
            replace(draft, taken)
        found = _create_pair(draft, near, far)
    for end, now in zip((near, far), found or ()):
        configure(draft, end, _moved_back(draft, end, now))


def _create_pair(draft: Draft, near: Link, far: Link) -> Tuple[FoundLink, FoundLink]:
    """Plans one message for both ends. It sets the bridge of the near end only, as the kernel ignores that of the far one."""
    values, peer_values = ({name: end.values[name] for name in kind_of(end.kind).created_with if name in end.values} for end in (near, far))
    one = planned_link(near.kind, near.netns, near.name, {**values, "up": False})._replace(peer=near.peer)
    other = planned_link(far.kind, far.netns, far.name, {**peer_values, "up": False})._replace(peer=far.peer)
    bridge = draft.links_after.get((near.netns, near.master or ""))
    if bridge and kind_of(bridge.kind).is_bridge:
        one = one._replace(master=bridge.name, port=Port({}))
        draft.bridges_with_changed_ports.add(bridge.id)
    # links are created before anything is set, so the bridge has the MAC address that was found
    restore = bridge_mac(draft.host.links.get(bridge.id)) if bridge and one.master else ()
    peer = NewPeer(far.netns, far.name, peer_values)
    draft.add(CREATE, CreateLink(near.netns, near.name, near.kind, values, peer, master=one.master, restore=restore))
    return one, other


def _found_pair(draft: Draft, near: Link, far: Link) -> Optional[Tuple[FoundLink, FoundLink]]:
    """Both ends, even if one was moved; None if there is no such pair."""
    found = draft.links_after.get(near.id)
    if found:
        same_kind(near, found)
    else:
        found = _near_end_elsewhere(draft, near)
    if not found:
        return None
    for place in (far.id, (near.netns, far.name)):
        peer = draft.links_after.get(place)
        if peer and draft.host.same(found.peer, place):
            return found, peer
    _wrong_peer(draft, near, far, found)
    return None


def _near_end_elsewhere(draft: Draft, near: Link) -> Optional[FoundLink]:
    """The near end, if somebody moved it to the namespace of the far end."""
    if not near.peer:
        return None
    found = draft.links_after.get((near.peer[0], near.name))
    if not found or not kind_of(found.kind).has_peer:
        return None
    ours = [near.peer, (near.netns, near.peer[1])]
    return found if any(draft.host.same(found.peer, place) for place in ours) else None


def _wrong_peer(draft: Draft, near: Link, far: Link, found: FoundLink) -> None:
    if found.peer is None:
        peer = "in another namespace, which netns of peer has to name if it is meant"
    else:
        peer = found.peer[1] + (" in namespace %s" % found.peer[0] if found.peer[0] else "")
    near = near._replace(recreate=near.recreate or draft.owns(found))
    keep_or_replace(draft, near, found, [(near.path, "its peer is %s, not %s%s" % (peer, far.name, inside(far.netns)))])


def _moved_back(draft: Draft, wanted: Link, found: FoundLink) -> FoundLink:
    """Moves an end back to its namespace."""
    if draft.host.same(found.id, wanted.id) or not found.ifindex:
        return found
    if wanted.id in draft.links_after:
        raise VnetError(wanted.path, "the name %s is used by %s; remove it first" % (wanted.name, title_of(draft.links_after[wanted.id].kind)))
    from ansible_collections.nfv.vnet.plugins.module_utils._plan._existing import move

    del draft.links_after[found.id]
    return move(draft, CREATE, found, wanted.netns, found.name)
