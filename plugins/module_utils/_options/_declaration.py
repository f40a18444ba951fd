# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a layout, and how they are turned into records."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Dict, Iterator, List, Mapping, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._entries import OF_NAMESPACES
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path, VnetError, joined, quoted
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import ANY, TYPES, kind_of, network_of, unique_key, unique_options_of
from ansible_collections.nfv.vnet.plugins.module_utils._options._modules import CONFIRMATION, FORCE, LINK_OPTIONS, OPTIONS, PERSISTENCE, TASK_OPTIONS
from ansible_collections.nfv.vnet.plugins.module_utils._options._option import Option, expanded
from ansible_collections.nfv.vnet.plugins.module_utils._options._resource import home_of, links_of, namespace_of
from ansible_collections.nfv.vnet.plugins.module_utils._records import NAME
from ansible_collections.nfv.vnet.plugins.module_utils._resources import LISTS, Layout, Link, LinkId, Namespace

MODULE = "vnet_layout"
TYPE = Option(
    "type",
    "str",
    "Type of the link. If it is left out, the link must exist already, such as a network card. It is never created, and its original settings"
    " are restored when it is removed from the layout.",
    choices=tuple(TYPES),
)
TOP = ("routes", *(entries.option for entries in OF_NAMESPACES))
"""Options of namespaces that the one which the module runs in has, too."""
_OF_HOME = (
    "%s They are those of the namespace that the module runs in. Those that the layout has added are removed when they are not listed any more."
    " One that another layout has added belongs to that one."
)
_NETNS = "Network namespace of the link: a name or an absolute path. If it is left out or V(''), the namespace that the module runs in is used."

LAYOUT_OPTIONS: Tuple[Option, ...] = (
    Option(
        "name",
        "str",
        "Name of the layout: 1 to 32 letters, digits, C(_), C(.) and C(-). Links and namespaces are owned by a layout of this name.",
        required=True,
    ),
    Option(
        "state",
        "str",
        "Whether the layout should exist. With V(absent) everything that the layout created is removed, and the original settings of"
        " everything that it adopted are restored. Only O(name) is needed then.",
        "present",
        ("present", "absent"),
    ),
    PERSISTENCE,
    FORCE,
    CONFIRMATION,
    Option(
        "sysctl",
        "dict",
        "Kernel settings (sysctl) of the namespace that the module runs in: a dictionary of keys that begin with C(net.) and their values."
        " They are kept with O(state=absent).",
    ),
    *(option._replace(text=_OF_HOME % option.text.partition(" Other")[0]) for option in OPTIONS["vnet_netns"] if option.name in TOP),
    Option(
        "namespaces",
        "list",
        "Network namespaces. Each has the options of M(nfv.vnet.vnet_netns) except C(state), or is O(namespaces[].name) alone:"
        " V([red, blue]). C(purge_addresses), C(purge_routes) and C(purge_rules) default to V(true), so that given lists are exact."
        " If O(namespaces) is left out, all namespaces that the layout created are deleted.",
        elements="dict",
        options=(Option("name", "str", "Name of the network namespace, as in C(/run/netns).", required=True),),
        short="name",
    ),
    Option(
        "links",
        "list",
        "Links, in any order. Each has the options of the module for its O(links[].type) except C(state): a V(bridge) has the options of"
        " M(nfv.vnet.vnet_bridge), and so on. A link without a type has only the options that all links have: those of M(nfv.vnet.vnet_link),"
        " with which it may also be found by what it is (C(match)), renamed, and moved from another namespace (C(from_netns)). All C(purge_...), such as"
        " C(purge_addresses), C(purge_routes), C(purge_ports), C(purge_vlans), C(purge_neighbours), C(purge_fdb) and C(purge_altnames), default to V(true), so"
        " that given lists are exact. If O(links) is left out, all links that the layout"
        " created are deleted, and the original settings of adopted ones are restored.",
        elements="dict",
        options=(TYPE, Option("name", "str", "Name of the link.", required=True), Option("netns", "str", _NETNS)),
    ),
)
"""The options of M(nfv.vnet.vnet_layout). Only the options that all items have are documented."""


_LISTS = {option.name: option for option in LAYOUT_OPTIONS if option.name in LISTS}


def items(params: Mapping[str, Any], name: str) -> Iterator[Tuple[Path, Any]]:
    """The items of a list with their paths, a name alone as a dictionary. VnetError if they are no list."""
    given = params.get(name)
    found = [] if given is None else expanded(_LISTS[name], given)
    if not isinstance(found, (list, tuple)):
        raise VnetError((name,), "%s is not a list" % quoted(given))
    for number, item in enumerate(found):
        yield (name, number), item


def options_of_entry(option: Option, entry: Any) -> Tuple[Option, ...]:
    """The options of an entry of a list: those of an item depend on what it is."""
    return options_of_item(option.name, entry) if option is _LISTS.get(option.name) and isinstance(entry, dict) else option.options


def options_of_item(name: str, item: Mapping[str, Any]) -> Tuple[Option, ...]:
    """The options of an item of a list: those of the module without C(state), and with C(purge_...) true by default, as lists in a layout are exact."""
    return _options_of_item("vnet_netns" if name == "namespaces" else "vnet_%s" % (item.get("type"),))


@lru_cache(maxsize=None)
def _options_of_item(module: str) -> Tuple[Option, ...]:
    options = _exact(tuple(option for option in OPTIONS.get(module, LINK_OPTIONS) if option.name not in TASK_OPTIONS))
    return options if module == "vnet_netns" else (TYPE, *options)


def _exact(options: Tuple[Option, ...]) -> Tuple[Option, ...]:
    """Options with C(purge_...) defaulting to true, at every level."""
    return tuple(option._replace(default=True if option.name.startswith("purge_") else option.default, options=_exact(option.options)) for option in options)


def declaration(params: Mapping[str, Any], check_mode: bool = False) -> Layout:
    """Returns the layout that the parameters declare, whose items are checked. VnetError if they are wrong."""
    name = params["name"]
    if not NAME.fullmatch(name):
        raise VnetError(("name",), "it must have 1 to 32 letters, digits, '_', '.' and '-', and begin with a letter or digit")
    layout = Layout([], [], name, bool(params.get("force")))
    if params["state"] == "absent":
        return layout
    home, loopback = home_of(params)
    layout.namespaces.extend([home] if home else [])
    layout.links.extend(loopback)
    for number, item in enumerate(params.get("namespaces") or ()):
        namespace, links = namespace_of(item, ("namespaces", number))
        layout.namespaces.append(namespace)
        layout.links.extend(links)
    for number, item in enumerate(params.get("links") or ()):
        kind = TYPES[item["type"]].kernel if item["type"] else ANY
        layout.links.extend(links_of(kind, item, ("links", number), check_mode))
    for lo in loopback:  # which may be declared as a link, too
        own = next((link for link in layout.links if link.id == lo.id and link is not lo), None)
        if own:
            layout.links.remove(lo)
            layout.links[layout.links.index(own)] = own._replace(entries={**own.entries, **lo.entries})
    _check_names(layout)
    return layout


def _check_names(layout: Layout) -> None:
    namespaces: Dict[str, Namespace] = {}
    for namespace in layout.namespaces:
        other = namespaces.setdefault(namespace.name, namespace)
        if other is not namespace:
            raise VnetError(namespace.path, "namespace %s is also declared in %s; declare it once" % (namespace.name, joined(other.path)))
    links: Dict[LinkId, Link] = {}
    for link in layout.links:
        one = links.setdefault(link.id, link)
        if one is not link:
            inside = "in namespace %s" % link.netns if link.netns else "on the host"
            raise VnetError(link.path, "the name %s is already used %s by %s; use another name" % (link.name, inside, joined(one.path)))
    alike: Dict[Tuple[object, ...], Link] = {}
    for link in layout.links:
        key = unique_key(link.kind, network_of(link), link.values)
        one = alike.setdefault(key, link) if key else link
        if one is not link:
            raise VnetError(link.path, "%s has the same %s, but only one link can have them" % (joined(one.path), unique_options_of(link.kind)))
    _check_shared(layout.links)


def _check_shared(links: List[Link]) -> None:
    """Refuses different values of what links of one kind have in common if they have the same parent."""
    first: Dict[Tuple[object, ...], Link] = {}
    for link in links:
        for name in kind_of(link.kind).shared_on_parent if link.parent else ():
            if name in link.values:
                one = first.setdefault((link.kind, link.parent, name), link)
                if one.values[name] != link.values[name]:
                    text = "%s has %s, but all %s links on %s have the same"
                    raise VnetError((*link.path, name), text % (joined(one.path), one.values[name], link.kind, link.parent[1] if link.parent else ""))
