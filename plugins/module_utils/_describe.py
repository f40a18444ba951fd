# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns records back into options."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import Attribute, settings_of_port
from ansible_collections.nfv.vnet.plugins.module_utils._entries import LISTS
from ansible_collections.nfv.vnet.plugins.module_utils._entries._entry import EntryList
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import LOOPBACK, is_ethernet, kind_of, masters_of, rows_of
from ansible_collections.nfv.vnet.plugins.module_utils._resources import (
    KERNEL_ADDRESSES,
    Address,
    FoundLink,
    Host,
    Layout,
    Link,
    Port,
    Route,
    Values,
    Vlan,
    ranges,
)
from ansible_collections.nfv.vnet.plugins.module_utils._values import ACCOUNTS, USER

_NO_MAC = "00:00:00:00:00:00"
"""What a bridge has after its last port has left."""


def describe(layout: Layout, host: Host) -> Values:
    """The current state of a single resource as options of its module. Empty if it does not exist."""
    if layout.namespaces:
        return _namespace(layout, host)
    near = layout.links[0]
    found = found_link(near, host, layout.name)
    if not found:
        return {}
    values = _link(near, found, host)
    if near.peer and near.peer in host.links:
        far = layout.links[1] if len(layout.links) > 1 else Link(near.kind, near.peer[0], near.peer[1], ())
        values["peer"] = _link(far, host.links[near.peer], host)
    return values


def found_link(link: Link, host: Host, layout: str) -> Optional[FoundLink]:
    """A link of a layout, also if it has not yet the name and the namespace that it is to have. None if it does not exist."""
    if not (link.match or link.from_netns is not None):
        return host.links.get(link.id)
    from ansible_collections.nfv.vnet.plugins.module_utils._plan._located import located_links

    located = located_links([link], host, layout)
    return host.links[located[link.id]] if link.id in located else None


def status(layout: Layout, before: Host, host: Host) -> Values:
    """The read-only state; of a link that was removed, the processes that held it."""
    if layout.namespaces:
        return {"pids": before.namespaces[layout.namespaces[0].name].pids}
    near = layout.links[0]
    found = host.links.get(near.id)
    if not found:
        removed = before.links.get(near.id)
        return {"pids": removed.status["pids"]} if removed and "pids" in removed.status else {}
    values = dict(found.status)
    if found.port and "state" in found.port.values:
        values["port"] = {**values["port"], "state": found.port.values["state"]}
    if near.peer and near.peer in host.links:
        values["peer"] = host.links[near.peer].status
    return values


def _namespace(layout: Layout, host: Host) -> Values:
    wanted = layout.namespaces[0]
    found = host.namespaces[wanted.name]
    if not found.identity:
        there = {name: content for name, content in found.files.items() if content is not None}
        return {"files": there} if there else {}
    values: Values = {"name": wanted.name}
    lo = host.links.get((wanted.name, "lo"))
    if lo:
        values["loopback"] = lo.values["up"]
        values["addresses"] = _addresses(lo.addresses, layout.links[0].addresses if layout.links else None)
    if found.nsid is not None:
        values["nsid"] = found.nsid
    if wanted.files is not None:
        values["files"] = found.files
    if wanted.sysctl is not None:
        values["sysctl"] = {key: value for key, value in found.sysctl.items() if value is not None}
    if wanted.routes is not None:
        values["routes"] = _routes(found.routes, of_link=False)
    return {**values, **(_lists(layout.links[0], lo, host) if lo and layout.links else {})}


def _link(wanted: Link, found: FoundLink, host: Host) -> Values:
    values: Values = {"name": found.name, "netns": found.netns}
    if kind_of(found.kind).parent and (not found.parent or found.parent[1]):
        values[kind_of(found.kind).parent] = found.parent[1] if found.parent else None
    if found.parent and found.parent[0] != found.netns:
        values["parent_netns"] = found.parent[0]
    for row in rows_of(found.kind).values():
        if (row.when not in ("read", "up") or row.name in wanted.values) and found.values.get(row.name) is not None:
            values[row.name] = found.values[row.name]
    if not is_ethernet(found.kind, found.values) or values.get("mac") == _NO_MAC:
        values.pop("mac", None)
    if masters_of(found.kind) and found.kind != LOOPBACK and (found.port or not found.master):
        values["master"] = found.master
    for row in rows_of(found.kind).values():
        if row.type in ACCOUNTS and values.get(row.name):
            values[row.name] = _account(row, values[row.name])
    if found.port and (found.port.values or found.port.vlans):
        said = wanted.port.values if wanted.port else {}
        values["port"] = _port(found.port, said)
    values["addresses"] = _addresses(found.addresses, wanted.addresses)
    if wanted.routes is not None:
        values["routes"] = _routes(found.routes, of_link=True)
    if wanted.ports is not None:
        ports = sorted(host.ports(found.id), key=lambda port: port.name)
        values["ports"] = [
            {"name": port.name, **_port(port.port, wanted.ports[port.name].values if port.name in wanted.ports else {})} for port in ports if port.port
        ]
    if wanted.vlans is not None:
        values["vlans"] = _vlans(found.vlans)
    return {**values, **_lists(wanted, found, host)}


def _lists(wanted: Link, found: FoundLink, host: Host) -> Values:
    """The lists that are declared, without what the kernel made or learned, unless it is declared, too."""
    said: Values = {}
    for option, given in wanted.entries.items():
        entries = LISTS[option]
        position = {entries.key_of(entry): number for number, entry in enumerate(given.entries)}
        hidden = entries.keys_of_kernel(found, host) - position.keys()
        there = [entry for entry in found.entries.get(option, ()) if entries.key_of(entry) not in hidden]
        there.sort(key=lambda entry: (position.get(entries.key_of(entry), len(position)), _rank(entries, entry)))
        said[option] = [entry[entries.short] if entries.short else entries.said(entry) for entry in there]
    return said


def _rank(entries: EntryList, entry: Values) -> Tuple[object, ...]:
    """By what entries are sorted that are not declared. Those that the kernel goes through in its order keep that if they are equal."""
    key = entries.key_of(entry)
    return key[:1] if entries.in_order else (repr(key),)


def _port(port: Port, said: Values) -> Values:
    """The state of a port changes by itself, so it is returned only if the task sets it."""
    settings = settings_of_port(port.values)
    values = {name: value for name, value in port.values.items() if name in settings or name in said}
    if port.vlans is not None:
        values["vlans"] = _vlans(port.vlans)
    return values


def _addresses(addresses: List[Address], wanted: Optional[List[Address]]) -> List[str]:
    """The addresses without those that the kernel or DHCP added, and without joined groups, unless they are wanted."""
    keys = {address.key for address in wanted or []}
    made = (address for address in addresses if address.dynamic or address.generated or address.multicast or address.key in KERNEL_ADDRESSES)
    hidden = {address.key for address in made} - keys
    return [str(address) for address in addresses if address.key not in hidden]


def _routes(routes: Optional[List[Route]], of_link: bool) -> List[Values]:
    return [route.options(of_link) for route in routes or []]


def _vlans(vlans: Optional[Dict[int, Vlan]]) -> List[Values]:
    pairs: List[Any] = [(vlan, None) for _vid, vlan in sorted((vlans or {}).items())]
    return [vlan.options() for vlan, _none in ranges(pairs)]


def _account(row: Attribute, number: str) -> str:
    """The name of a user or group, or its id if it has no name."""
    import grp
    import pwd

    try:
        return pwd.getpwuid(int(number)).pw_name if row.type is USER else grp.getgrgid(int(number)).gr_name
    except (KeyError, ValueError, OverflowError):
        return number
