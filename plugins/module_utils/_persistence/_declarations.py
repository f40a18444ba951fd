# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stored declarations: their content, what they declare, and in which order they are applied."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any, Dict, Iterable, Iterator, List, Mapping, NamedTuple, NoReturn, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path, VnetError, quoted, shown
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import ANY
from ansible_collections.nfv.vnet.plugins.module_utils._names import PERSISTENT
from ansible_collections.nfv.vnet.plugins.module_utils._options._checks import namespace_name
from ansible_collections.nfv.vnet.plugins.module_utils._options._declaration import LAYOUT_OPTIONS, declaration, options_of_entry
from ansible_collections.nfv.vnet.plugins.module_utils._options._declaration import MODULE as LAYOUT
from ansible_collections.nfv.vnet.plugins.module_utils._options._modules import FORCE, NETNS_OPTIONS, OPTIONS, TASK_OPTIONS
from ansible_collections.nfv.vnet.plugins.module_utils._options._option import Option, SparseParams
from ansible_collections.nfv.vnet.plugins.module_utils._options._resource import layout, title
from ansible_collections.nfv.vnet.plugins.module_utils._resources import LISTS, Layout, Link, LinkId

_LO = "lo"
"""The link that stands for its namespace."""
FORMAT = 1
"""The number of the format. It changes when an older version could not understand the content."""


class NewerFormatError(Exception):
    """The content is of a newer version of the collection."""


class DamagedError(Exception):
    """The content is not what this collection has written: why."""


_TYPES: Dict[str, Tuple[Any, str]] = {
    "str": (str, "a string"),
    "int": (int, "an integer"),
    "float": ((int, float), "a number"),
    "bool": (bool, "true or false"),
    "dict": (dict, "a dictionary"),
    "list": (list, "a list"),
}
_PROCESSES = "/proc/"
_LONGEST_NAME = 240
"""Bytes; the name of a file has 255."""


class Key(NamedTuple):
    """What identifies a stored declaration. C(netns): the namespace that the resource is in, '' for that of the host."""

    module: str
    netns: str
    name: str

    def __str__(self) -> str:
        return title(self.module, self._asdict())


class Stored:
    """A stored declaration: the options of a task that are given, or have a default."""

    def __init__(self, key: Key, options: SparseParams) -> None:
        self.key = key
        self.options = options

    @cached_property
    def wanted(self) -> Layout:
        """What is declared, as check mode takes it: the user that owns a TAP device may be missing. VnetError if it is wrong."""
        return self._layout(check_mode=True)

    def layout(self) -> Layout:
        """What is declared. VnetError if it is wrong, such as without the user that owns a TAP device."""
        return self._layout(check_mode=False)

    def _layout(self, check_mode: bool) -> Layout:
        _check(self._spec, self.options, ())
        if self.key.module == LAYOUT:
            return declaration(self.options, check_mode)
        return layout(self.key.module, self.options, check_mode)

    def says_the_same(self, other: Stored) -> bool:
        """Whether the other one declares the same. The order of the items of a layout does not matter."""
        return self.key == other.key and _in_order(self.options) == _in_order(other.options)

    @property
    def given(self) -> Dict[str, Any]:
        """The options without those that have their default."""
        return _without_defaults(self._spec, self.options)

    @property
    def _spec(self) -> Iterable[Option]:
        return LAYOUT_OPTIONS if self.key.module == LAYOUT else OPTIONS[self.key.module]


def _check(options: Iterable[Option], given: Any, path: Path) -> None:
    """VnetError if the options have other names or types than those of a task: somebody may have edited them."""
    if not isinstance(given, dict):
        raise VnetError(path, "%s is not a dictionary of options" % quoted(given))
    known = {option.name: option for option in options}
    for name, value in given.items():
        here = (*path, name)
        option = known.get(name)
        if option is None:
            raise VnetError(here, "there is no such option")
        types, words = _TYPES[option.type]
        if not isinstance(value, types) or (isinstance(value, bool) and option.type != "bool"):
            raise VnetError(here, "%s is not %s" % (quoted(value), words))
        if option.choices and value not in option.choices:
            raise VnetError(here, "%s is none of %s" % (quoted(value), ", ".join(option.choices)))
        if option.type == "list":
            for number, entry in enumerate(value):
                if option.elements == "dict":
                    _check(options_of_entry(option, entry), entry, (*here, number))
                elif not isinstance(entry, str):
                    raise VnetError((*here, number), "%s is not a string" % quoted(entry))
        elif option.options:
            _check(option.options, value, here)


def _in_order(options: SparseParams) -> Dict[str, Any]:
    """The options with the items of a layout in an order that depends on their names alone."""
    lists = {name: sorted(options[name], key=lambda item: (item["netns"] or "", item["name"])) for name in LISTS if options[name]}
    return {**options, **lists}


def _without_defaults(options: Iterable[Option], given: Mapping[str, Any]) -> Dict[str, Any]:
    known = {option.name: option for option in options}
    return {name: _value_without_defaults(known[name], value) for name, value in given.items() if value != known[name].default}


def _value_without_defaults(option: Option, value: Any) -> Any:
    if option.elements == "dict" and isinstance(value, list):
        return [_without_defaults(options_of_entry(option, entry), entry) for entry in value]
    return _without_defaults(option.options, value) if option.options else value


def key_of(module: str, params: Mapping[str, Any]) -> Optional[Key]:
    """The key of the declaration of a task; None if its namespace is given by a path, as these are not stored."""
    netns = namespace_name(params.get("netns") or "")
    return None if "/" in netns else Key(module, netns, params["name"])


def stored(module: str, params: Mapping[str, Any]) -> Stored:
    """The declaration of a task. C(params) of a layout have checked items."""
    kept = {name: value for name, value in params.items() if name not in TASK_OPTIONS}
    if params[FORCE.name]:
        kept[FORCE.name] = True
    options = _given(kept)
    return Stored(Key(module, options.get("netns") or "", options["name"]), options)


def _given(value: Any, name: str = "") -> Any:
    """Without the options that are not given, and with namespaces by their names."""
    if isinstance(value, Mapping):
        return SparseParams((str(key), _given(entry, str(key))) for key, entry in value.items() if entry is not None)
    if name in NETNS_OPTIONS:
        return namespace_name(value)
    return [_given(entry) for entry in value] if isinstance(value, list) else value


def encode(declared: Stored) -> str:
    """The content of the file."""
    content = {"format": FORMAT, "module": declared.key.module, "options": declared.options}
    return json.dumps(content, indent=2) + "\n"


def decode(text: str) -> Stored:
    """The declaration in a file. NewerFormatError, or DamagedError with the reason, if there is none."""
    try:
        content = json.loads(text, object_hook=SparseParams)
        if content["format"] > FORMAT:
            raise NewerFormatError
        module, options = content["module"], content["options"]
        if module != LAYOUT and module not in OPTIONS:
            raise DamagedError("there is no module %s" % quoted(module))
        key = Key(module, options["netns"] or "", options["name"])
        if not all(isinstance(part, str) and part for part in (key.name, key.netns or "host")):
            raise DamagedError("it has no name")
        return Stored(key, options)
    except ValueError as error:
        raise DamagedError(str(error)) from None
    except (TypeError, AttributeError, LookupError, RecursionError):
        raise DamagedError("it is no declaration") from None


def declared_links(wanted: Layout) -> Set[LinkId]:
    """The links that are declared; C(lo) stands for its namespace."""
    return {link.id for link in wanted.links if link.present}


def undeclared_ports(wanted: Layout) -> Set[str]:
    """The ports of bridges of the host of which nothing else is declared."""
    ports = {(link.netns, port) for link in wanted.links for port in link.ports or ()}
    return {name for netns, name in ports - declared_links(wanted) if not netns}


def needed_links(wanted: Layout) -> Set[LinkId]:
    """The links that have to be there already; C(lo) stands for its namespace."""
    found = {key for link in wanted.links for key in _references(link)}
    existing = {place for link in wanted.links if link.kind == ANY for place in _first_places(link)}
    return (found - declared_links(wanted)) | existing


def _first_places(link: Link) -> Iterator[LinkId]:
    """Where an existing link is when the host starts, if its name is known."""
    if link.match is None:
        yield link.netns if link.from_netns is None else link.from_netns, link.name
    elif link.match.name:
        yield link.from_netns or "", link.match.name


def _references(link: Link) -> Iterator[LinkId]:
    if link.netns:
        yield link.netns, _LO
    if link.parent:
        if link.parent[1]:
            yield link.parent
        if link.parent[0]:
            yield link.parent[0], _LO
    for name in (link.master, *(link.ports or ())):
        if name:
            yield link.netns, name


def check_storable(declared: Stored, others: List[Stored]) -> None:
    """VnetError if the declaration does not fit to the other stored ones, or would mean something else after a reboot."""
    wanted = declared.wanted
    for netns, _name in [*declared_links(wanted), *needed_links(wanted)]:
        if "/" in netns:
            refuse_path(netns)
    for namespace in wanted.namespaces:
        if namespace.attach.startswith(_PROCESSES):
            text = "%s is of a process, which after a reboot is another one or none; a stored namespace needs a path that is there again"
            raise VnetError((*namespace.path, "attach"), text % namespace.attach)
    if max(len(part.encode()) for part in declared.key) > _LONGEST_NAME:
        raise VnetError((PERSISTENT,), "the name is too long to be stored: at most %d bytes" % _LONGEST_NAME)
    here = declared_links(wanted)
    for other in others:
        both = sorted(here & declared_links(other.wanted))
        if both:
            text = "%s is stored already as part of %s; change it there, or set persistent: false in that task first"
            raise VnetError((PERSISTENT,), text % (_words(both[0]), str(other.key)))
    ring = _ring(declared.key, needs({one.key: one.wanted for one in [declared, *others]}))
    if ring:
        text = "the stored declarations would need each other, so that none could be applied first: %s; declare a port on one side only"
        raise VnetError((PERSISTENT,), text % ", ".join(map(str, ring)))


def refuse_path(netns: str) -> NoReturn:
    """VnetError for a namespace that is given by its path."""
    raise VnetError((PERSISTENT,), "%s is a path, which may lead to another namespace after a reboot; give the name of the namespace" % shown(netns))


def missing_links(declared: Stored, others: List[Stored]) -> List[str]:
    """What the declaration needs and nothing stored creates, in words: namespaces, and links that may be network cards."""
    created = {link for one in [declared, *others] for link in declared_links(one.wanted)}
    return [_words(link) for link in sorted(needed_links(declared.wanted) - created)]


def _words(link: LinkId) -> str:
    netns, name = link
    if name == _LO and netns:
        return "namespace %s" % shown(netns)
    return shown(name) + (" in namespace %s" % shown(netns) if netns else "")


def dependants(removed: Set[LinkId], others: List[Stored]) -> List[Key]:
    """The stored declarations that need one of the links."""
    return [other.key for other in others if needed_links(other.wanted) & removed]


def in_order(declarations: List[Stored]) -> List[Stored]:
    """The declarations, each after those that it needs; among others, those that need no device come first."""
    layouts = {one.key: one.wanted for one in declarations}
    devices = needed_devices(layouts)
    others = needs(layouts)
    waiting = sorted((bool(devices[key]), key) for key in layouts)
    ordered: Dict[Key, None] = {}
    while waiting:
        ready = [entry for entry in waiting if all(other in ordered for other in others[entry[1]])]
        without_device = [entry for entry in ready if not entry[0]]
        for entry in without_device or ready or waiting[:1]:  # these need each other: edited by hand
            ordered[entry[1]] = None
        waiting = [entry for entry in waiting if entry[1] not in ordered]
    by_key = {one.key: one for one in declarations}
    return [by_key[key] for key in ordered]


def needed_devices(layouts: Mapping[Key, Layout]) -> Dict[Key, Set[str]]:
    """The links of the host that each declaration needs, and none creates."""
    created = {link.id for wanted in layouts.values() for link in wanted.links if link.kind != ANY}
    return {key: {name for netns, name in needed_links(wanted) - created if not netns} for key, wanted in layouts.items()}


def needs(layouts: Mapping[Key, Layout]) -> Dict[Key, Set[Key]]:
    """The declarations that each one needs."""
    declaring = {link: key for key, wanted in layouts.items() for link in declared_links(wanted)}
    return {key: {declaring[link] for link in needed_links(wanted) if link in declaring} - {key} for key, wanted in layouts.items()}


def _ring(first: Key, needs: Mapping[Key, Set[Key]]) -> List[Key]:
    """The declarations from this one to itself, each of which needs the next; empty if it does not need itself."""
    came_from: Dict[Key, Key] = {}
    pending = [first]
    while pending:
        key = pending.pop()
        for other in needs[key]:
            if other == first:
                ring = [key]
                while ring[0] != first:
                    ring.insert(0, came_from[ring[0]])
                return ring
            if other not in came_from:
                came_from[other] = key
                pending.append(other)
    return []
