# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Joins deletions to batches, as a single deletion takes as long as many."""

from __future__ import annotations

from typing import Dict, Iterator, List, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._apply._deferred import implicitly_deleted
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Host
from ansible_collections.nfv.vnet.plugins.module_utils._steps import AwaitLinks, DeleteLink, DeleteLinks, DeleteNamespace, DeleteNamespaces, Step, link_of


def batched(steps: List[Step], before: Host) -> Iterator[Tuple[Step, List[Step]]]:
    """Joins deletions to batches, as a single deletion takes as long as many. Yields what to run with the steps that it stands
    for.

    Namespaces come before links, as the kernel deletes many links with them.
    """
    implicit = implicitly_deleted(before, steps)
    namespaces: List[DeleteNamespace] = []
    attached: List[DeleteNamespace] = []
    links: Dict[Tuple[bool, str], List[DeleteLink]] = {}
    implicit_steps: List[DeleteLink] = []
    for step in steps:
        if isinstance(step, DeleteNamespace):
            (attached if step.attached else namespaces).append(step)
        elif not isinstance(step, DeleteLink) or step.recreation:
            yield step, [step]
        elif link_of(step) in implicit:
            implicit_steps.append(step)
        else:
            links.setdefault((not _kinds.kind_of(step.kind).is_bridge, step.netns), []).append(step)
    if namespaces:
        yield namespaces[0] if len(namespaces) == 1 else DeleteNamespaces([step.name for step in namespaces]), list(namespaces)
    for (_other, netns), batch in sorted(links.items(), key=lambda item: item[0][0]):
        yield batch[0] if len(batch) == 1 else DeleteLinks(netns, [step.name for step in batch], batch[0].kind), list(batch)
    for step in attached:
        yield step, [step]
    if implicit_steps:
        yield AwaitLinks([(link_of(step), implicit[link_of(step)]) for step in implicit_steps]), list(implicit_steps)
