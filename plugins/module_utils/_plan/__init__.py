# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is there to what is wanted: a pure function of records.

Its rooms are imported when they are needed: the target compiles what is imported, on every task.
"""

from __future__ import annotations

from ansible_collections.nfv.vnet.plugins.module_utils._kinds import has_peer
from ansible_collections.nfv.vnet.plugins.module_utils._plan import _links
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import Draft
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Host, Layout, Link
from ansible_collections.nfv.vnet.plugins.module_utils._steps import Plan


def plan(layout: Layout, host: Host, checking: bool = False) -> Plan:
    """The steps from the host to the layout. VnetError for what cannot be.

    C(checking): a namespace, bridge or port that is missing may be the work of an earlier task that was only checked too,
    so it is a warning.
    """
    draft = Draft(layout, host, checking, plan)
    if layout.name:
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._farewells import plan_farewells

        plan_farewells(draft)
    for namespace in layout.namespaces:
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._namespaces import plan_namespace

        plan_namespace(draft, namespace)
    for link in draft.links:
        _plan_link(draft, link)
    links = layout.links + draft.released
    if draft.shaken or any(link.ports is not None or link.port is not None or link.master is not None for link in links if link.present):
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._ports import plan_ports

        plan_ports(draft)
    _links.plan_births(draft)
    if draft.standing or any(link.parent for link in layout.links):
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._parents import plan_again, plan_what_rises

        plan_what_rises(draft)
        plan_again(draft)
    if draft.leaving:
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._farewells import give_way

        give_way(draft)
    if layout.name and layout.links:
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._claims import plan_claims
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._networks import warn_of_twins

        plan_claims(draft)
        warn_of_twins(draft)
    return draft.plan()


def _plan_link(draft: Draft, link: Link) -> None:
    if has_peer(link.kind):
        from ansible_collections.nfv.vnet.plugins.module_utils._plan import _cables

        _cables.plan_end(draft, link)
    elif link.present:
        _links.require_namespace(draft, link)
        _links.plan_link(draft, link)
    else:
        _links.plan_absence(draft, link, draft.found.get(link.id))
