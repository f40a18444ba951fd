# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The items of a layout as they are given: checked, and with their defaults.

AnsibleModule sets every option that an item does not have, several times over. For a thousand items that takes longer than
reading them from the kernel. So the items are checked here, against the same tables.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, Mapping, NamedTuple, Optional, Tuple

from ansible.module_utils.common import validation
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path, VnetError, quoted, shown
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import TYPES
from ansible_collections.nfv.vnet.plugins.module_utils._options._checks import namespace_name
from ansible_collections.nfv.vnet.plugins.module_utils._options._declaration import LAYOUT_OPTIONS, TOP, items, options_of_item
from ansible_collections.nfv.vnet.plugins.module_utils._options._modules import LINK_OPTIONS, NETNS_OPTIONS, OPTIONS, TASK_OPTIONS
from ansible_collections.nfv.vnet.plugins.module_utils._options._option import Option, SparseParams, expanded
from ansible_collections.nfv.vnet.plugins.module_utils._task._module import check_number, check_text_type


def checked(params: Mapping[str, Any]) -> Dict[str, Any]:
    """The parameters of a layout, with their items checked. VnetError if one is wrong."""
    if params["state"] == "absent":
        return dict(params)
    spec = _ItemSpec(options_of_item("namespaces", {}))
    namespaces = [spec.item(entry, path) for path, entry in items(params, "namespaces")]
    specs: Dict[str, _ItemSpec] = {}
    links = []
    for path, entry in items(params, "links"):
        type_name = _type_of(entry, path)
        if not type_name:
            _check_type(entry, path)
        if type_name not in specs:
            specs[type_name] = _ItemSpec(options_of_item("links", {"type": type_name}))
        links.append(_with_names(specs[type_name].item(entry, path)))
    tops = {option.name: _checked(_check_of(option), params[option.name], ()) for option in LAYOUT_OPTIONS if option.name in TOP and params.get(option.name)}
    return {**params, **tops, "namespaces": namespaces, "links": links}


def _with_names(item: SparseParams) -> SparseParams:
    """A link with its namespaces as names, where they are given as the paths of these."""
    for end in (item, item["peer"] or {}):
        for name in NETNS_OPTIONS:
            if end.get(name):
                end[name] = namespace_name(end[name])
    return item


_MODES = {mode: "; use type: tuntap with mode: %s" % mode for mode in ("tun", "tap")}


def _type_of(given: Any, path: Path) -> str:
    """The type of a link, '' for one that must exist already."""
    type_name = (given.get("type") if isinstance(given, dict) else None) or ""
    if type_name and (not isinstance(type_name, str) or type_name not in TYPES):
        advice = _MODES.get(type_name, "") if isinstance(type_name, str) else ""
        raise VnetError((*path, "type"), "%s is none of %s%s" % (shown(str(type_name)), ", ".join(TYPES), advice))
    return str(type_name)


def _check_type(given: Any, path: Path) -> None:
    """Refuses a link without a type that has an option which only some types have."""
    for name in given if isinstance(given, dict) else ():
        types = [one for one in TYPES if any(option.name == name for option in OPTIONS["vnet_" + one] if option.name not in TASK_OPTIONS)]
        if types and not any(option.name == name for option in LINK_OPTIONS):
            inner = _ItemSpec(options_of_item("links", {})).inner_option(name)
            advice = "; did you mean %s?" % inner if inner else ""
            raise VnetError((*path, "type"), "missing; the option %s is one of type %s%s" % (name, ", ".join(types), advice))


class _Check(NamedTuple):
    """How the value of an option is checked. C(kind): the type that needs no conversion."""

    option: Option
    kind: type
    convert: Callable[[Any], Any]
    inner: Optional[_ItemSpec]


_OF_THE_LAYOUT = {"state": "an item has no state; remove it from the list to delete it"}


class _ItemSpec:
    """The options of an item, prepared to check many items."""

    def __init__(self, options: Tuple[Option, ...]) -> None:
        self._checks = {option.name: _check_of(option) for option in options}
        self._required = [option.name for option in options if option.required]
        self._defaults = {option.name: option.default for option in options if option.default is not None}

    def item(self, given: Any, path: Path) -> SparseParams:
        """Returns the options of an item. VnetError if one is wrong."""
        if not isinstance(given, dict):
            raise VnetError(path, "%s is not a dictionary of options" % quoted(given))
        item = SparseParams(self._defaults)
        for name, value in given.items():
            check = self._checks.get(name)
            if check is None:
                raise VnetError(path, "there is no option %s; %s" % (shown(str(name)), _OF_THE_LAYOUT.get(name) or self._others(str(name))))
            if value is not None:
                item[name] = _checked(check, value, path)
        for name in self._required:
            if name not in item:
                raise VnetError(path, "%s is missing" % name)
        return item

    def _others(self, name: str) -> str:
        """The option that is meant, or those that exist."""
        from difflib import get_close_matches

        inner = self.inner_option(name)
        close = [inner] if inner else get_close_matches(name, self._checks, 1, 0.8)
        return "did you mean %s?" % close[0] if close else "there are %s" % ", ".join(self._checks)

    def inner_option(self, name: str) -> str:
        """An option of this name that belongs to one of the options: C(port.vlans); C('') if there is none."""
        inner = (option for option, check in self._checks.items() if check.option.type == "dict" and check.inner and name in check.inner._checks)
        return next(("%s.%s" % (option, name) for option in inner), "")


_CHECKS: Dict[str, Tuple[type, Callable[[Any], Any], str]] = {
    "str": (str, validation.check_type_str, "a string"),
    "int": (int, validation.check_type_int, "an integer"),
    "float": (float, validation.check_type_float, "a number"),
    "bool": (bool, validation.check_type_bool, "true or false"),
    "dict": (dict, validation.check_type_dict, "a dictionary"),
    "list": (list, validation.check_type_list, "a list"),
}


def _check_of(option: Option) -> _Check:
    kind, convert, _words = _CHECKS[option.type]
    return _Check(option, kind, convert, _ItemSpec(option.options) if option.options else None)


def _checked(check: _Check, value: Any, path: Path) -> Any:
    option = check.option
    value = expanded(option, value)
    if option.type == "str":
        check_text_type(value, (*path, option.name))
    if not isinstance(value, check.kind) or option.type in ("int", "float"):
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
    _type, convert, description = _CHECKS[kind]
    if kind in ("int", "float"):
        check_number(value, path)
    try:
        return convert(value)
    except (TypeError, ValueError, OverflowError, ArithmeticError):
        raise VnetError(path, "%s is not %s" % (quoted(value), description)) from None
