# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The routing tables of routes that name none."""

from __future__ import annotations

from ansible_collections.nfv.vnet.plugins.module_utils._kinds import table_of_ports
from ansible_collections.nfv.vnet.plugins.module_utils._resources import MAIN_TABLE, OWN_TABLE, Host, Layout, Link


def with_tables(layout: Layout, host: Host) -> Layout:
    """The layout with a table for each route of a link: that of the VRF which the link belongs to, or will, or the main table."""
    wanted = {link.id: link for link in layout.links}

    def table_of(link: Link) -> int:
        found = host.links.get(link.id)
        master = link.netns, (link.master if link.master is not None else found.master if found else "")
        vrf, there = wanted.get(master), host.links.get(master)
        own = table_of_ports(vrf.kind, vrf.values) if vrf else 0
        return own or (table_of_ports(there.kind, there.values) if there else 0) or MAIN_TABLE

    def of_link(link: Link) -> Link:
        if not any(route.table == OWN_TABLE for route in link.routes or ()):
            return link
        table = table_of(link)
        return link._replace(routes=[route._replace(table=route.table or table) for route in link.routes or ()])

    return layout._replace(links=[of_link(link) for link in layout.links])
