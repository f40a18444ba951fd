# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The difference of a layout, as YAML before and after."""

from __future__ import annotations

import json
import re
from typing import Any, Dict, Iterator, List

from ansible_collections.nfv.vnet.plugins.module_utils._bodies import partial_route
from ansible_collections.nfv.vnet.plugins.module_utils._describe import describe, found_link
from ansible_collections.nfv.vnet.plugins.module_utils._entries import LISTS as ENTRIES
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import LOOPBACK, kind_of
from ansible_collections.nfv.vnet.plugins.module_utils._resources import (
    LISTS,
    Entries,
    FoundLink,
    Host,
    Layout,
    Link,
    Namespace,
    Port,
    Values,
    added_routes,
    routes_before,
)
from ansible_collections.nfv.vnet.plugins.module_utils._summary import far_ends, list_of

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*|[0-9]+(\.[0-9]+){3}(/[0-9]+)?")
_YAML_KEYWORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def as_yaml(layout: Layout, before: Host, host: Host) -> str:
    """The part of a host that is declared or belonged to the layout before, as a declaration."""
    top: Values = {}
    lists: Dict[str, List[Values]] = {name: [] for name in LISTS}
    for part in _parts(layout, before):
        if part.namespaces and not part.namespaces[0].name:
            top.update(_said_of_home(describe(part, host), part))
            continue
        link = part.links[0]
        found = found_link(link, host, layout.name)
        values = describe(part, host) if found else {}
        if found and values:
            kind = {"type": kind_of(link.kind).type} if kind_of(link.kind).type else {}
            ownership = {"layout": found.ownership.layout} if found.ownership else {}
            lists[list_of(link.kind)].append({**kind, **_said(values, part), **ownership})
    return yaml({**top, **{name: entries for name, entries in lists.items() if entries}})


def _parts(layout: Layout, before: Host) -> Iterator[Layout]:
    """The layout in parts of one resource each, with what belonged to it before and is not declared."""
    namespaces = {namespace.name: namespace for namespace in layout.namespaces}
    if "" in namespaces and not any(link.kind == LOOPBACK and not link.netns for link in layout.links):
        yield Layout([namespaces[""]], [])
    others = {link.id for link in far_ends(layout.links)}
    wanted = {link.id: link for link in layout.links}
    for link in layout.links:
        if link.kind == LOOPBACK:
            yield Layout([namespaces[link.netns]], [link])
        elif link.id not in others:
            yield Layout([], [link, wanted[link.peer]] if link.peer else [link], layout.name)
    seen = set(wanted)
    members = {found.id: found for found in before.links.values() if found.ownership and found.ownership.is_layout(layout.name)}
    for found in members.values():
        if found.id not in seen and found.peer not in seen:
            seen.add(found.id)
            ends = [found, *([members[found.peer]] if found.peer in members else [])]
            yield Layout([_restored_namespace(found)] if found.kind == LOOPBACK else [], list(map(_restored_link, ends)))


def _restored_link(found: FoundLink) -> Link:
    """An adopted link with what is restored."""
    original = found.original
    has_vlans = "vlans" in original
    return Link(
        found.kind,
        found.netns,
        found.name,
        (),
        original,
        master=original.get("master"),
        port=Port(original.get("port", {}), {} if has_vlans else None) if found.port and ("port" in original or has_vlans) else None,
        addresses=[] if "addresses" in original else None,
        routes=[] if _has_routes(original) else None,
        ports={} if "ports" in original else None,
        vlans={} if has_vlans and kind_of(found.kind).is_bridge else None,
        entries={option: Entries([]) for option in original if option in ENTRIES},
        peer=found.peer,
    )


def _restored_namespace(lo: FoundLink) -> Namespace:
    original = lo.original
    routes = [*added_routes(original), *map(partial_route, routes_before(original))] if _has_routes(original) else None
    return Namespace(lo.netns, (), routes=routes, files={} if "files" in original else None)


def _has_routes(original: Values) -> bool:
    return "routes" in original or "new_routes" in original


def _said_of_home(values: Values, part: Layout) -> Values:
    """The options of a layout about the namespace that the module runs in."""
    return {name: value for name, value in _said(values, part).items() if name not in ("name", "loopback")}


def _said(values: Values, part: Layout) -> Values:
    """The declared options of a resource."""
    if part.namespaces:
        wanted = part.namespaces[0]
        lists = [name for name in ("nsid", "sysctl", "routes", "files") if getattr(wanted, name) is not None]
        for lo in part.links:
            lists += [*(["addresses"] if lo.addresses is not None else []), *lo.entries]
        said = {name: value for name, value in values.items() if name in ("name", "loopback", *lists)}
        if "routes" in said:  # others over a link are said with the link
            keys = {(route.to, route.table, route.metric) for route in wanted.routes or ()}
            said["routes"] = [route for route in said["routes"] if not route.get("dev") or (route["to"], route["table"], route["metric"]) in keys]
        return said
    near, *far = part.links
    said = _said_of(values, near)
    if far and "peer" in values:
        said["peer"] = _said_of(values["peer"], far[0])
    return said


def _said_of(values: Values, link: Link) -> Values:
    lists = [name for name in ("master", "addresses", "routes", "vlans") if getattr(link, name) is not None]
    lists += [*([kind_of(link.kind).parent, "parent_netns"] if link.parent else []), *link.entries]
    said = {name: value for name, value in values.items() if name in ("name", *link.values, *lists) or (name == "netns" and value)}
    if link.port is not None and "port" in values:
        said["port"] = _said_of_port(values["port"], link.port)
    if link.ports is not None:
        said["ports"] = [_said_of_port(port, link.ports.get(port["name"], Port({}))) for port in values.get("ports", ())]
    return said


def _said_of_port(values: Values, port: Port) -> Values:
    return {name: value for name, value in values.items() if name == "name" or name in port.values or (name == "vlans" and port.vlans is not None)}


def yaml(value: Any, indent: str = "") -> str:
    """Dictionaries, lists and scalars as YAML, as far as declarations need it."""
    if isinstance(value, dict):
        return "".join("%s%s:%s" % (indent, name, _nested(entry, indent)) for name, entry in value.items())
    return "".join("%s- %s" % (indent, yaml(entry, indent + "  ").lstrip() if isinstance(entry, dict) and entry else _scalar(entry) + "\n") for entry in value)


def _nested(value: Any, indent: str) -> str:
    if isinstance(value, (dict, list)) and value:
        return "\n" + yaml(value, indent + "  ")
    return " %s\n" % _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _YAML_KEYWORDS:
        return value
    return json.dumps(value, ensure_ascii=isinstance(value, str) and not value.isprintable())
