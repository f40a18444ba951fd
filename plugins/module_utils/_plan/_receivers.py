# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who receives the frames of a link: the bridge or bond that it is a port of, or the macvlan or ipvlan links on it. The kernel allows one of these (EBUSY)."""

from __future__ import annotations

from typing import Dict, Optional

from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import kind_of
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import SET_PORTS, Draft
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, Host, Link, LinkId
from ansible_collections.nfv.vnet.plugins.module_utils._steps import SetMaster

_Receivers = Dict[LinkId, Dict[str, str]]
"""The kinds of receivers on each link, each with the name of one."""


def check_receivers(draft: Draft) -> None:
    """VnetError if a link would have two receivers, now or afterwards: links are created before ports leave, and deleted at the end."""
    receivers: _Receivers = {}
    for found in [*draft.host.links.values(), *draft.links_after.values()]:
        if found.parent and kind_of(found.kind).receiver:
            receivers.setdefault(found.parent, {}).setdefault(kind_of(found.kind).receiver, found.name)
    for link in draft.layout.links:
        planned = draft.links_after.get(link.id) if link.present and kind_of(link.kind).receiver else None
        if planned and planned.parent and not planned.ifindex:
            _check_new(draft, link, planned.parent, receivers)
    for step in draft.steps.get(SET_PORTS, ()):
        if isinstance(step, SetMaster) and step.master and (step.netns, step.name) in receivers and _takes(draft, step.netns, step.master):
            link_of_port = draft.wanted.get((step.netns, step.name))
            path = (*link_of_port.path, "master") if link_of_port else ()
            name = next(iter(receivers[step.netns, step.name].values()))
            raise VnetError(path, "%s is on top of %s and takes all of its frames, so it cannot be a port of %s" % (name, step.name, step.master))


def _check_new(draft: Draft, link: Link, parent: LinkId, receivers: _Receivers) -> None:
    path = (*link.path, "parent")
    other = next((name for kind, name in receivers[parent].items() if kind != kind_of(link.kind).receiver), "")
    if other:
        raise VnetError(path, "%s is on top of %s and takes all of its frames" % (other, parent[1]))
    master = _master(Host(draft.namespaces_after, draft.links_after), parent) or _master(draft.host, parent)
    if master and kind_of(master.kind).takes_frames:
        raise VnetError(path, "%s is a port of %s, which takes all of its frames; let it leave in an earlier task" % (parent[1], master.name))


def _master(host: Host, key: LinkId) -> Optional[FoundLink]:
    found = host.links.get(key)
    return host.links.get((key[0], found.master)) if found and found.master else None


def _takes(draft: Draft, netns: str, master: str) -> bool:
    found = draft.links_after.get((netns, master))
    return bool(found and kind_of(found.kind).takes_frames)
