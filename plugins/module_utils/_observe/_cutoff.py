# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a plan would cut off the host: whether its connection or its default routes would not work any more."""

from __future__ import annotations

import ipaddress
from typing import Dict, Iterator, List, Set

from ansible_collections.nfv.vnet.plugins.module_utils._errors import Message, VnetError, shown
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._connection import connection, dhcp_clients
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import is_bridge
from ansible_collections.nfv.vnet.plugins.module_utils._plan._simulation import HARMLESS, Network, NetworkLink
from ansible_collections.nfv.vnet.plugins.module_utils._resources import MAIN_TABLE, Address, Host, Layout, Route
from ansible_collections.nfv.vnet.plugins.module_utils._steps import DeleteAddress, Plan, link_of

_HOME = ""
_FAMILIES = {False: "IPv4", True: "IPv6"}


def refuse_cut_off(reader: Reader, layout: Layout, before: Host, planned: Plan) -> List[Message]:
    """VnetError if the plan would cut off the host, unless that is allowed. Returns what else the kernel would drop, as warnings."""
    steps = [step for step in planned.steps if link_of(step)[0] == _HOME and not isinstance(step, HARMLESS)]
    if not steps or not before.namespaces.get(_HOME):
        return []
    now = read_network(reader, _HOME)
    declared = [planned.after.links[link.id] for link in layout.links if link.netns == _HOME and link.routes is not None and link.id in planned.after.links]
    after = now.after(planned.steps, declared)
    owned = {found.name for found in before.links.values() if found.netns == _HOME and found.ownership and found.ownership.original is None}
    lost = [*_lost_connection(now, after), *_lost_default_routes(now, after, owned)]
    if lost and not layout.force:
        raise VnetError((), "this would cut off the host: %s; nothing was changed, force: true allows it" % "; ".join(lost))
    warnings = [*lost, *_dropped(after), *_renewed(planned, now)]
    return [Message((), text) for text in warnings]


def read_network(reader: Reader, netns: str) -> Network:
    """The links of a namespace with their addresses and routes."""
    raws = {raw.ifindex: raw for raw in reader.links(netns)}
    addresses: Dict[int, List[Address]] = reader.addresses(netns)
    routes: Dict[int, List[Route]] = {}
    for found in reader.routes(netns, [MAIN_TABLE]):
        if found.device in raws and not found.is_derived:
            routes.setdefault(found.device, []).append(found.route._replace(dev=raws[found.device].name))
    ports = {raw.ifindex for raw in raws.values() if raw.master in raws and is_bridge(raws[raw.master].kind)}
    links = {
        raw.name: NetworkLink(bool(raw.values["up"]), index in ports, tuple(addresses.get(index, ())), tuple(routes.get(index, ())))
        for index, raw in raws.items()
    }
    return Network(netns, links)


def _lost_connection(now: Network, after: Network) -> Iterator[str]:
    """What the SSH connection loses, as parts of a sentence."""
    ends = connection()
    if not ends:
        return
    if now.holder(ends.server) and not after.holder(ends.server):
        yield "no link would answer to %s, which this connection uses" % ends.server
    elif now.way_to(ends.client) and not after.way_to(ends.client) and not ipaddress.ip_address(ends.client).is_loopback:
        yield "%s, where this connection comes from, would not be reached" % ends.client


def _lost_default_routes(now: Network, after: Network, owned: Set[str]) -> Iterator[str]:
    """The default routes that go. Those through links that the layout created may go with them."""
    for ipv6, family in _FAMILIES.items():
        routes = [route for route in now.default_routes(ipv6) if route.dev not in owned]
        if routes and not after.default_routes(ipv6):
            lost = next((lost for lost in after.dropped if lost.route.key == routes[0].key), None)
            how = ", which the kernel drops %s" % lost.reason if lost else ""
            over = " over %s" % routes[0].via if routes[0].via else ""
            yield "the %s default route%s through %s would not work any more%s" % (family, over, shown(routes[0].dev), how)


def _dropped(after: Network) -> Iterator[str]:
    for lost in after.dropped:
        over = " over %s" % lost.route.via if lost.route.via else ""
        yield "the kernel drops the route to %s%s of %s %s" % (lost.route.to, over, shown(lost.link), lost.reason)


def _renewed(planned: Plan, now: Network) -> Iterator[str]:
    """DHCP clients that would give addresses to a link again that loses them."""
    for step in planned.steps:
        link = now.links.get(step.name) if isinstance(step, DeleteAddress) and step.netns == _HOME else None
        if isinstance(step, DeleteAddress) and link and any(address.dynamic and address.key == step.address.key for address in link.addresses):
            clients = ", ".join("%s (process id: %d)" % client for client in dhcp_clients(step.name))
            who = "%s may renew" % clients if clients else "a DHCP client may renew"
            yield "%s of %s has a lifetime; %s it on the wrong link, unless it is told to use another" % (step.address, shown(step.name), who)
