# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps that cannot be undone, and what stands in for them until a change is confirmed."""

from __future__ import annotations

from typing import Dict, Iterator, List

from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import has_ports
from ansible_collections.nfv.vnet.plugins.module_utils._plan._masters import port_settings
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, Host, LinkId, Port
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    AwaitLinks,
    DeleteLink,
    DeleteLinks,
    DeleteNamespace,
    DeleteNamespaces,
    MoveLink,
    RenameLink,
    SetLink,
    SetMaster,
    SetNsid,
    Step,
    link_of,
    restore_of,
)

IRREVERSIBLE = (DeleteNamespace, DeleteNamespaces, DeleteLink, DeleteLinks, AwaitLinks, SetNsid)
_LEAVING = (DeleteLink, MoveLink, RenameLink, SetMaster)
"""Steps after which a link is no port of its old bridge, or is known by another name."""


def is_irreversible(step: Step) -> bool:
    """Whether the step cannot be undone."""
    return isinstance(step, IRREVERSIBLE) and not restore_of(step)


def implicitly_deleted(before: Host, steps: List[Step]) -> Dict[LinkId, int]:
    """The links that the kernel deletes by itself, with their indexes: peers of links in namespaces that are deleted."""
    deleted = {step.name for step in steps if isinstance(step, DeleteNamespace) and not step.attached}
    vanishing = {name for name in deleted if not before.namespaces[name].pids}
    return {key: found.ifindex for key, found in before.links.items() if found.netns not in deleted and found.peer and found.peer[0] in vanishing}


def stand_in(reader: Reader, before: Host, steps: List[Step]) -> List[Step]:
    """Steps with the effect of the deletions on the network that can be undone: the links go down, and bridges lose their ports."""
    renamed = {(step.netns, step.new): step.name for step in steps if isinstance(step, RenameLink)}
    deletions = [step for step in steps if isinstance(step, DeleteLink) and is_irreversible(step)]
    found: List[Step] = []
    for netns, name in [*map(link_of, deletions), *implicitly_deleted(before, steps)]:
        link = before.links.get((netns, renamed.get((netns, name), name)))
        if link and link.values.get("up") and (netns, name) not in renamed:  # one that was renamed is down already
            found.append(SetLink(netns, name, link.kind, {"up": False}, {"up": True}))
        if link and has_ports(link.kind):
            found += _without_ports(reader, link, name, steps)
    return found


def _without_ports(reader: Reader, bridge: FoundLink, name: str, steps: List[Step]) -> Iterator[Step]:
    """Steps that remove the ports from a bridge which only its deletion would remove. C(name): its name by then."""
    leaving = {link_of(step) for step in steps if isinstance(step, _LEAVING)}
    ports = [raw for raw in reader.ports(bridge.netns, bridge.ifindex) if (bridge.netns, raw.name) not in leaving]
    vlans = reader.vlans(bridge.netns) if ports else {}
    for raw in ports:
        whole = reader.link(bridge.netns, index=raw.ifindex, everything=True)
        settings = port_settings(bridge.netns, raw.name, Port(whole.port or {}, vlans.get(raw.ifindex))) if whole else ()
        yield SetMaster(bridge.netns, raw.name, "", name, settings)
