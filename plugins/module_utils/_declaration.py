# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a layout, and how they turn into records.

Ansible fills in every option that an item does not have, several times over: for a thousand items that takes longer than to
look at them in the kernel. So items are checked here, by the same tables.
"""

from __future__ import annotations

import re
from typing import Any, Callable, Dict, Mapping, NamedTuple, Optional, Tuple

from ansible.module_utils.common import validation
from ansible_collections.nfv.vnet.plugins.module_utils import _marks
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path, VnetError, joined
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import ANY, KINDS
from ansible_collections.nfv.vnet.plugins.module_utils._options import LINK_OPTIONS, OPTIONS, Option, links_of, namespace_of, shown, sysctls
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Layout, Link, LinkId, Namespace

MODULE = "vnet_layout"
LISTS = {"namespaces": "", **{kind.type + "s": kind.kernel for kind in KINDS}, "links": ANY}
"""The lists of a layout, and the kind of link in each."""
_NAMED = re.compile("^/(?:var/)?run/netns/([^/]+)$")


def _exact(options: Tuple[Option, ...]) -> Tuple[Option, ...]:
    """Lists that are given are exact: purging is the default."""
    return tuple(
        option._replace(
            default=True if option.name.startswith("purge_") else option.default,
            options=_exact(option.options),
        )
        for option in options
    )


ITEMS: Tuple[Option, ...] = tuple(
    Option(name, "list", text, elements="dict", options=_exact(options))
    for name, text, options in (
        ("namespaces", "Network namespaces, each with the options of M(nfv.vnet.vnet_netns).", OPTIONS["vnet_netns"]),
        *((kind.type + "s", "%s, each with the options of M(nfv.vnet.vnet_%s)." % (kind.plural, kind.type), OPTIONS["vnet_" + kind.type]) for kind in KINDS),
        ("links", "Links that are there already, such as network cards. They are never made, and given back when the layout goes.", LINK_OPTIONS),
    )
)

LAYOUT_OPTIONS: Tuple[Option, ...] = (
    Option(
        "name",
        "str",
        "Name of the layout, by which it knows what it made: 1 to 32 letters, digits, C(_), C(.) and C(-).",
        required=True,
    ),
    Option(
        "state",
        "str",
        "Whether the layout is there at the end of the task. V(absent) needs only O(name): it removes what the layout made and"
        " gives back what was there before.",
        "present",
        ("present", "absent"),
    ),
    Option(
        "sysctl",
        "dict",
        "Kernel settings of the namespace that the module runs in: keys that begin with C(net.), with their values. They stay with O(state=absent).",
    ),
    *ITEMS,
)
"""The options of M(nfv.vnet.vnet_layout)."""


class _Item(Dict[str, Any]):
    """The options that an item has, with their defaults. Any other is None, as from AnsibleModule."""

    def __missing__(self, name: str) -> None:
        return None


class _Check(NamedTuple):
    """How the value of an option is checked. C(kind): the type that needs no conversion."""

    option: Option
    kind: type
    convert: Callable[[Any], Any]
    inner: Optional[_Shape]


class _Shape:
    """The options of an item, ready to check a thousand of them."""

    def __init__(self, options: Tuple[Option, ...]) -> None:
        self._checks = {option.name: _check_of(option) for option in options}
        self._required = [option.name for option in options if option.required]
        self._defaults = {option.name: option.default for option in options if option.default is not None}

    def item(self, given: Any, path: Path) -> _Item:
        """The options of one item. VnetError for what they may not be."""
        if not isinstance(given, dict):
            raise VnetError(path, "%r is no dictionary of options" % (given,))
        item = _Item(self._defaults)
        for name, value in given.items():
            check = self._checks.get(name)
            if check is None:
                raise VnetError(path, "there is no option %s; there are %s" % (shown(str(name)), ", ".join(self._checks)))
            if value is not None:
                item[name] = _checked(check, value, path)
        for name in self._required:
            if name not in item:
                raise VnetError(path, "%s is missing" % name)
        return item


_TYPES: Dict[str, Tuple[type, Callable[[Any], Any], str]] = {
    "str": (str, validation.check_type_str, "a text"),
    "int": (int, validation.check_type_int, "a whole number"),
    "float": (float, validation.check_type_float, "a number"),
    "bool": (bool, validation.check_type_bool, "true or false"),
    "dict": (dict, validation.check_type_dict, "a dictionary"),
    "list": (list, validation.check_type_list, "a list"),
}


def _check_of(option: Option) -> _Check:
    kind, convert, _words = _TYPES[option.type]
    return _Check(option, kind, convert, _Shape(option.options) if option.options else None)


def _checked(check: _Check, value: Any, path: Path) -> Any:
    option = check.option
    if not isinstance(value, check.kind):
        value = _converted(option.type, value, (*path, option.name))
    if option.choices and value not in option.choices:
        raise VnetError((*path, option.name), "%s is none of %s" % (shown(str(value)), ", ".join(option.choices)))
    if check.inner is None:
        if option.elements and option.elements != "dict":
            return [_converted(option.elements, entry, (*path, option.name, number)) for number, entry in enumerate(value)]
        return value
    if option.type == "dict":
        return check.inner.item(value, (*path, option.name))
    return [check.inner.item(entry, (*path, option.name, number)) for number, entry in enumerate(value)]


def _converted(kind: str, value: Any, path: Path) -> Any:
    _type, convert, words = _TYPES[kind]
    try:
        return convert(value)
    except (TypeError, ValueError):
        raise VnetError(path, "%r is not %s" % (value, words)) from None


def declaration(params: Mapping[str, Any], checking: bool = False) -> Layout:
    """The layout that the parameters describe. VnetError for what they cannot mean."""
    name = params["name"]
    if not _marks.NAME.fullmatch(name):
        raise VnetError(("name",), "1 to 32 letters, digits, '_', '.' and '-', the first a letter or a digit")
    layout = Layout([], [], name)
    if params["state"] == "absent":
        return layout
    if params.get("sysctl") is not None:
        layout.namespaces.append(Namespace("", (), sysctl=sysctls(params["sysctl"], ())))
    for items in ITEMS:
        given = params.get(items.name)
        if given is not None and not isinstance(given, list):
            raise VnetError((items.name,), "%r is not a list" % (given,))
        if not given:
            continue
        shape = _Shape(items.options)
        for number, entry in enumerate(given):
            path: Path = (items.name, number)
            _add(layout, LISTS[items.name], shape.item(entry, path), path, checking)
    _check_names(layout)
    return layout


def _add(layout: Layout, kind: str, item: _Item, path: Path, checking: bool) -> None:
    """One item; one that is to be absent is one that is not declared."""
    if item["state"] == "absent":
        return
    if not kind:
        namespace, links = namespace_of(item, path)
        layout.namespaces.append(namespace)
        layout.links.extend(links)
        return
    for end in (item, item["peer"] or {}):
        if end.get("netns"):
            end["netns"] = _NAMED.sub(r"\1", end["netns"])
    layout.links.extend(links_of(kind, item, path, checking))


def _check_names(layout: Layout) -> None:
    namespaces: Dict[str, Namespace] = {}
    for namespace in layout.namespaces:
        other = namespaces.setdefault(namespace.name, namespace)
        if other is not namespace:
            raise VnetError(namespace.path, "namespace %s is declared by %s too; say it once" % (namespace.name, joined(other.path)))
    links: Dict[LinkId, Link] = {}
    for link in layout.links:
        one = links.setdefault(link.id, link)
        if one is not link:
            inside = "in namespace %s" % link.netns if link.netns else "on the host"
            raise VnetError(link.path, "there is another %s %s, %s; give it another name" % (link.name, inside, joined(one.path)))
