# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Computes the steps from the current state of the host to the wanted one: a pure function of records.

Its modules are imported when they are needed, as the target compiles what is imported in every task.
"""

from __future__ import annotations

from ansible_collections.nfv.vnet.plugins.module_utils._kinds import kind_of
from ansible_collections.nfv.vnet.plugins.module_utils._plan import _links
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import Draft
from ansible_collections.nfv.vnet.plugins.module_utils._resources import OWN_TABLE, Host, Layout, Link
from ansible_collections.nfv.vnet.plugins.module_utils._steps import Plan


def plan(layout: Layout, host: Host, check_mode: bool = False) -> Plan:
    """Returns the steps from the host to the layout. VnetError for what is not possible.

    C(check_mode): in check mode a namespace, bridge or port that is missing may be created by an earlier task, so it is a warning.
    """
    if any(route.table == OWN_TABLE for link in layout.links for route in link.routes or ()):
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._tables import with_tables

        layout = with_tables(layout, host)
    draft = Draft(layout, host, check_mode, plan)
    if layout.name:
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._prune import plan_prune

        plan_prune(draft)
    for namespace in layout.namespaces:
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._namespaces import plan_namespace

        plan_namespace(draft, namespace)
    if any(_says_ports(link) for link in layout.links):
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._masters import links_that_go_down

        draft.interrupted |= links_that_go_down(draft)
    for link in draft.links:
        _plan_link(draft, link)
    if draft.bridges_with_changed_ports or draft.ports_again or any(_says_ports(link) for link in layout.links + draft.released):
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._ports import plan_ports

        plan_ports(draft)
    if any(kind_of(kind).receiver for kind in {link.kind for link in layout.links} | {found.kind for found in host.links.values()}):
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._receivers import check_receivers

        check_receivers(draft)
    _links.plan_bring_up(draft)
    if draft.uppers or any(link.parent for link in layout.links):
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._parents import bring_down_after_parent, recreate_undeclared_uppers

        bring_down_after_parent(draft)
        recreate_undeclared_uppers(draft)
    if draft.steps:
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._sources import plan_lost_sources

        plan_lost_sources(draft)
    if any(namespace.routes is not None for namespace in layout.namespaces):
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._sources import plan_routes_again

        plan_routes_again(draft)
    if draft.deleted:
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._prune import bring_down_pruned

        bring_down_pruned(draft)
    if layout.name and layout.links:
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._duplicates import warn_of_duplicates
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._ownership import plan_ownership

        plan_ownership(draft)
        warn_of_duplicates(draft)
    if any(map(_has_vlans, layout.links)):
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._without_effect import warn_of_vlans

        warn_of_vlans(draft)
    return draft.plan()


def _says_ports(link: Link) -> bool:
    """Whether it is declared which bridge, bond or VRF a link belongs to, or its ports."""
    return link.present and (link.ports is not None or link.port is not None or link.master is not None)


def _has_vlans(link: Link) -> bool:
    return bool(link.vlans or any(port.vlans for port in link.declared_ports) or kind_of(link.kind).tag(link.values))


def _plan_link(draft: Draft, link: Link) -> None:
    if kind_of(link.kind).has_peer:
        from ansible_collections.nfv.vnet.plugins.module_utils._plan import _veth_pairs

        _veth_pairs.plan_end(draft, link)
    elif link.present:
        _links.require_namespace(draft, link)
        _links.plan_link(draft, link)
    else:
        _links.plan_removal(draft, link, draft.links_after.get(link.id))
