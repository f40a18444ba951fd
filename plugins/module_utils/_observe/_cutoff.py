# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a plan would cut off the host: whether its connection or its default routes would not work any more."""

from __future__ import annotations

from typing import Dict, Iterable, Iterator, List, Sequence, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._bodies import is_advertised, partial_route
from ansible_collections.nfv.vnet.plugins.module_utils._entries._rules import RULES, drops
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Message, VnetError, shown
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._connection import Connection, connection, dhcp_clients, is_network_of_host
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._save import save_all
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import PAIRED, kind_of
from ansible_collections.nfv.vnet.plugins.module_utils._observe._uplink import lost_uplink
from ansible_collections.nfv.vnet.plugins.module_utils._plan._simulation import Network, NetworkLink, over_one_of_several
from ansible_collections.nfv.vnet.plugins.module_utils._resources import MAIN_TABLE, Host, Layout, LinkId, Route, Values
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    AddEntry,
    AwaitLinks,
    DeleteAddress,
    DeleteLink,
    DeleteLinks,
    DeleteNamespace,
    DeleteNamespaces,
    Plan,
    link_of,
    takes_away,
)

_HOME = ""
_DELETIONS = (DeleteLink, DeleteLinks, DeleteNamespace, DeleteNamespaces, AwaitLinks)
"""Steps that may delete a link of the home namespace wherever they are."""
_FAMILIES = {False: "IPv4", True: "IPv6"}
_MOST_NAMED = 3
"""So many routes are named in one warning, and the others counted."""


def refuse_cut_off(reader: Reader, layout: Layout, before: Host, planned: Plan, returned: Sequence[str], tried: bool) -> List[Message]:
    """VnetError if the plan would cut off the host, unless that is allowed. Returns what else the kernel would drop, as warnings.

    C(returned): links that network managers get back; C(tried): the change is rolled back unless it is confirmed.
    """
    if not is_network_of_host() or not any(takes_away(step) and (link_of(step)[0] == _HOME or isinstance(step, _DELETIONS)) for step in planned.steps):
        return []
    now = read_network(reader)
    removed = _removed_from_elsewhere(reader, before, planned)
    declared = [planned.after.links[link.id] for link in layout.links if link.netns == _HOME and link.routes is not None and link.id in planned.after.links]
    after = now.after(planned.steps, declared, removed)
    ends = connection()
    bridges = {name for (netns, name), found in {**before.links, **planned.after.links}.items() if netns == _HOME and kind_of(found.kind).takes_frames}
    lost = [*(_lost_connection(reader, ends, now, after, bridges, before, planned) if ends else ()), *_lost_default_routes(now, after, before, bridges)]
    names = ", ".join(map(shown, returned))
    if lost and returned and tried:
        lost = ["%s, until the network manager, which gets %s back, has configured it" % (text, names) for text in lost]
    elif lost and not layout.force:
        advice = ", or confirm_timeout tries whether the network manager, which gets %s back, configures it" % names if returned else ""
        raise VnetError((), "this would cut off the host: %s; nothing was changed, force: true allows it%s" % ("; ".join(lost), advice))
    return [Message((), text) for text in [*lost, *_dropped(after), *_stranded(now, after), *_renewed(planned, now)]]


def read_network(reader: Reader) -> Network:
    """The links of the home namespace with their addresses and routes."""
    raws = {raw.ifindex: raw for raw in reader.links(_HOME)}
    addresses = reader.addresses(_HOME)
    saved = save_all(reader.socket(_HOME))
    links: Dict[str, NetworkLink] = {}
    for index, raw in raws.items():
        master = raws.get(raw.master)
        parent = raws.get(raw.link) if raw.link_nsid is None and raw.kind not in PAIRED and raw.link != index else None
        link = links[raw.name] = NetworkLink(
            bool(raw.values["up"]), master.name if master else "", parent.name if parent else "", int(raw.values.get("mtu") or 1500)
        )
        link.addresses = {address.key: address for address in addresses.get(index, ())}
        for body in saved[index].routes if index in saved else ():
            route = reader.parsed_route(body) or over_one_of_several(partial_route(body.hex()), raw.name)
            link.add_route(route._replace(dev=raw.name))
            if is_advertised(body):
                link.advertised.add((route.key, route.via))
    return Network(_HOME, links)


def _removed_from_elsewhere(reader: Reader, before: Host, planned: Plan) -> Set[str]:
    """The links of the home namespace that go with a peer, a parent or a namespace."""
    gone, namespaces = _deletions(planned)
    known = [found for found in before.links.values() if found.netns == _HOME and (found.peer or found.parent)]
    removed = {found.name for found in known if {found.peer, found.parent} & gone or (found.peer and found.peer[0] in namespaces)}
    names = {found.name for found in known}
    linked = [raw for raw in reader.links(_HOME) if raw.link_nsid is not None and raw.name not in names]
    if not linked:
        return removed
    ids = {netns: reader.nsid(_HOME, netns) for netns in {*namespaces, *(netns for netns, _name in gone if netns)} if before.exists(netns)}
    below = {(ids[netns], before.links[netns, name].ifindex) for netns, name in gone if netns in ids and (netns, name) in before.links}
    of_namespaces = {ids[netns] for netns in namespaces if netns in ids}
    return removed | {raw.name for raw in linked if raw.link_nsid in of_namespaces or (raw.link_nsid, raw.link) in below}


def _deletions(planned: Plan) -> Tuple[Set[LinkId], Set[str]]:
    """The links and the namespaces that the plan deletes."""
    links: Set[LinkId] = set()
    namespaces: Set[str] = set()
    for step in planned.steps:
        if isinstance(step, DeleteLink):
            links.add((step.netns, step.name))
        elif isinstance(step, DeleteLinks):
            links.update((step.netns, name) for name in step.names)
        elif isinstance(step, AwaitLinks):
            links.update(key for key, _index in step.links)
        elif isinstance(step, DeleteNamespace):
            namespaces.add(step.name)
        elif isinstance(step, DeleteNamespaces):
            namespaces.update(step.names)
    return links, namespaces


def _lost_connection(reader: Reader, ends: Connection, now: Network, after: Network, bridges: Set[str], before: Host, planned: Plan) -> Iterator[str]:
    """What the SSH connection loses, as parts of a sentence."""
    if not now.answers(ends.server, ends.zone):
        return
    if not after.answers(ends.server, ends.zone):
        names = [name for name, link in now.links.items() if any(key[0] == ends.server for key in link.addresses)]
        yield "no link would answer to %s, which this connection uses%s" % (ends.server, _advice(after, bridges, names[:1], "addresses"))
    elif now.reaches(ends.client, ends.zone) and not after.reaches(ends.client, ends.zone):
        yield "%s, where this connection comes from, would not be reached" % ends.client
    elif not ends.zone:
        yield from lost_uplink(reader, ends.client, now, after, before, planned.after)
    for entry in _new_rules(planned):
        if drops(entry, ends.server, ends.client):
            yield "%s, where this connection comes from, would not be reached, by the rule with priority %d" % (ends.client, entry["priority"])


def _new_rules(planned: Plan) -> Iterator[Values]:
    for step in planned.steps:
        if isinstance(step, AddEntry) and step.netns == _HOME and step.option == RULES.option:
            yield step.entry


def _advice(after: Network, bridges: Set[str], names: Iterable[str], option: str) -> str:
    """Where the addresses or routes of a link are to be declared that becomes a port of a bridge or bond."""
    for name in names:
        master = ""
        while name in after.links and after.links[name].master in bridges:
            name = master = after.links[name].master
        if master:
            return " (declare it in %s of %s, or of a link on top of it, to move it there)" % (option, shown(master))
    return ""


def _lost_default_routes(now: Network, after: Network, before: Host, bridges: Set[str]) -> Iterator[str]:
    """The default routes that go. Those through links that the layout created may go with them."""
    created = {found.name for found in before.links.values() if found.netns == _HOME and found.ownership and found.ownership.original is None}
    going = {name for name in created if name not in after.links}
    for ipv6, family in _FAMILIES.items():
        routes = [route for route in now.default_routes(ipv6) if route.dev not in going]
        if routes and not after.default_routes(ipv6):
            lost = next((lost for lost in after.dropped if lost.route.key == routes[0].key), None)
            how = ", which the kernel drops %s" % lost.reason if lost else ""
            via = " via %s" % routes[0].via if routes[0].via else ""
            advice = _advice(after, bridges, [routes[0].dev], "routes")
            yield "the %s default route%s dev %s would not work any more%s%s" % (family, via, shown(routes[0].dev), how, advice)


def _dropped(after: Network) -> Iterator[str]:
    """What links lose that stay."""
    routes: Dict[Tuple[str, str], List[str]] = {}
    for lost in after.dropped:
        if lost.link in after.links:
            routes.setdefault((lost.link, lost.reason), []).append(_words(lost.route))
    for (link, reason), names in routes.items():
        yield "the kernel drops routes of %s %s: %s" % (shown(link), reason, _some(names))


def _stranded(now: Network, after: Network) -> Iterator[str]:
    """The routes that stay on a new port, as the kernel does not drop them."""
    for name, link in after.links.items():
        if link.master and name in now.links and not now.links[name].master:
            routes = [_words(route) for route in link.routes.values()]
            if routes:
                yield "routes stay on %s, where they do not work, as it is a port of %s: %s" % (shown(name), shown(link.master), _some(routes))


def _renewed(planned: Plan, now: Network) -> Iterator[str]:
    """Addresses with a lifetime that a link loses, and who would renew them there."""
    for step in planned.steps:
        if not isinstance(step, DeleteAddress) or step.netns != _HOME or step.name not in now.links:
            continue
        address = now.links[step.name].addresses.get(step.address.key)
        if address and address.dynamic:
            clients = ", ".join("%s (process id: %d)" % client for client in dhcp_clients(step.name))
            where = "%s may renew it on %s" % (clients, shown(step.name)) if clients else "no DHCP client was found"
            yield "%s has a lifetime, and goes when that ends, unless a DHCP client renews it on its new link; %s" % (step.address.itself, where)


def _words(route: Route) -> str:
    """A route as ip(8) shows it."""
    words = [route.destination]
    words += ["via", route.via] if route.via else []
    words += ["table", str(route.table)] if route.table != MAIN_TABLE else []
    return " ".join(words + (["metric", str(route.metric)] if route.metric else []))


def _some(names: List[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (" and %d more" % more if more > 0 else "")
