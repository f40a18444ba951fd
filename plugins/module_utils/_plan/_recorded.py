# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is recorded of an adopted link (C(Ownership.original)): what a plan changes, joined with what was recorded before."""

from __future__ import annotations

from typing import Any, Dict, Iterable, Mapping, NamedTuple, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._bodies import lasting, same_address
from ansible_collections.nfv.vnet.plugins.module_utils._resources import (
    Values,
)

_WHOLE = {row.name for rows in _kinds.ROWS_OF.values() for row in rows.values() if row.type.option == "dict" and not row.type.partial}
"""The attributes whose value is a dictionary that changes as a whole."""


class Declared(NamedTuple):
    """What is declared of a link, as it was found, in the form of C(Ownership.original)."""

    values: Values
    names: Dict[str, Optional[Set[str]]]
    """What is declared: options, each with the entries that are, None for all of it."""
    exact: Set[str]
    """The lists without other entries than the declared ones."""
    of_port: Tuple[str, ...]
    """What belongs to it as a port, and is lost when it leaves its bridge."""

    def add(self, name: str, found: Any) -> None:
        self.names[name] = None
        if found is not None:
            self.values[name] = found

    def add_list(self, name: str, found: Mapping[str, Any], declared: Iterable[str], exact: bool) -> None:
        keys = self.names[name] = None if exact else set(declared)
        self.values[name] = {key: entry for key, entry in found.items() if keys is None or key in keys}
        if exact:
            self.exact.add(name)


def as_adopted(changed: Values, at_adoption: Values, declared: Declared) -> Values:
    """What a plan changes, as it was at the adoption: somebody else may have changed it since."""
    result = {name: _as_it_was(name, old, at_adoption[name]) if name in at_adoption else old for name, old in changed.items()}
    if "master" in changed and changed["master"] != at_adoption.get("master", changed["master"]):
        for name in declared.of_port:  # not that of the bridge that somebody put it on
            result[name] = at_adoption.get(name, {})
    repaired = {key: at_adoption["routes"][key] for key in changed.get("new_routes", {}) if key in at_adoption.get("routes", {})}
    if repaired:
        result["routes"] = {**repaired, **result.get("routes", {})}
        result["new_routes"] = {key: route for key, route in changed["new_routes"].items() if key not in repaired}
    return {name: old for name, old in result.items() if old or name not in (*declared.of_port, "new_routes")}


def _as_it_was(name: str, now: Any, then: Any) -> Any:
    if not _by_key(name, now):
        return then
    return {key: old if key not in then or _is_same(name, old, then[key]) else then[key] for key, old in now.items()}


def _is_same(name: str, now: Any, then: Any) -> bool:
    """Whether an entry differs only in what changes by itself, such as a lifetime."""
    if name == "ports":  # they are recorded with their settings when they leave
        return True
    if name == "addresses" and now and then:
        return same_address(now, then)
    return name == "routes" and list(map(lasting, now)) == list(map(lasting, then))


def without_later_entries(before: Values, known: Dict[str, Set[str]], declared: Dict[str, Set[str]]) -> Values:
    """What a plan changes of a link, without what was added to lists after they became exact: nobody wants it back, unless it moves to another link.

    C(known): what was there then; C(declared): of any link.
    """
    kept = dict(before)
    for name in known.keys() & before.keys():
        wanted = known[name] | declared.get(name, set())
        kept[name] = {key: entry for key, entry in before[name].items() if entry is None or key in wanted}
    if "order" in before and "addresses" in kept:
        kept["order"] = [key for key in before["order"] if key in kept["addresses"] or key in known.get("addresses", (key,)) or key in declared["addresses"]]
    return kept


def merged(recorded: Values, now: Values, declared: Declared) -> Values:
    """The recorded state, which is older than the found one and takes precedence, but for the routes that the layout has added."""
    later = {name: old for name, old in now.items() if "master" not in recorded or name not in declared.of_port}
    merged = {**later, **recorded}
    for name in later.keys() & recorded.keys():
        if name == "new_routes":
            merged[name] = {**recorded[name], **later[name]}
        elif _by_key(name, recorded[name]):
            merged[name] = {**later[name], **recorded[name]}
    if "routes" in later:  # what is in the place of a new route was added later
        older, added = recorded.get("routes", {}), recorded.get("new_routes", {})
        merged["routes"] = {key: bodies for key, bodies in merged["routes"].items() if key in older or key not in added}
    return merged


def still_unchanged(declared: Declared, at_adoption: Values, still_exact: Set[str], original: Values) -> Values:
    """What is declared and has not been changed by the layout yet, as it was at the adoption."""
    unchanged: Values = {}
    names = {name: keys for name, keys in declared.names.items() if "master" not in original or name not in declared.of_port}
    for name, keys in names.items():
        now, then = declared.values.get(name), at_adoption.get(name)
        if _by_key(name, now) or _by_key(name, then):
            entries = {**({} if name in still_exact else now or {}), **(then or {})}
            changed = keys_in(original, name)
            kept = {key: entry for key, entry in entries.items() if (keys is None or key in keys) and key not in changed}
            unchanged.update({name: kept} if kept else {})
        elif name not in original and (name in at_adoption or now is not None):
            unchanged[name] = at_adoption.get(name, now)
    return unchanged


def _by_key(name: str, value: Any) -> bool:
    """Whether a value consists of entries that change one by one."""
    return isinstance(value, dict) and name not in _WHOLE


def keys_in(values: Values, name: str) -> Set[str]:
    """What identifies the entries of a list in C(Ownership.original)."""
    return {*values.get(name, ()), *(values.get("new_routes", ()) if name == "routes" else ())}
