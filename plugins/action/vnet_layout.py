# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Handles what is slow or verbose in Ansible with thousands of items.

Lists without templates are not searched for templates. With -v users see the name of the layout and a summary, not thousands of
commands.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Dict, List, Mapping, Optional

from ansible.utils.display import Display
from ansible_collections.nfv.vnet.plugins.module_utils._errors import shown
from ansible_collections.nfv.vnet.plugins.module_utils._resources import LISTS
from ansible_collections.nfv.vnet.plugins.plugin_utils._action import ConfirmingAction

_FEW = 30
"""The number of commands that are always shown."""
_EVERYTHING = 3
"""From -vvv on everything is shown."""


class ActionModule(ConfirmingAction):
    @classmethod
    def finalize_task_arg(cls, name: str, value: Any, templar: Any, *context: Any, **more: Any) -> Any:
        """The value of an argument (an experimental hook of ansible-core since 2.19).

        Ansible searches every value of every item for templates, which takes longer than reading the network. Plain data is taken
        as it is here; everything else is left to Ansible.
        """
        if name in LISTS and hasattr(templar, "resolve_to_container"):
            value = templar.resolve_to_container(value)  # once, as a lookup in it may be expensive or change something
            with suppress(_NotPlainError):
                return _plain(value)
        return super().finalize_task_arg(name, value, templar, *context, **more)

    def run(self, tmp: Any = None, task_vars: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
        display = Display()
        title = "vnet_layout %s on %s" % (self._task.args.get("name", ""), (task_vars or {}).get("inventory_hostname", ""))
        display.v("%s: %s" % (title, _declared(self._task.args)))
        result: Dict[str, Any] = super().run(tmp, task_vars)
        if len(result.get("commands", ())) > _FEW and display.verbosity < _EVERYTHING:
            display.v("%s: %s" % (title, _summed_up(result)))
            result["_ansible_verbose_override"] = True
        return result


class _NotPlainError(Exception):
    """A value may be a template, or is of a type that Ansible handles."""


def _plain(value: Any) -> Any:
    """A copy of plain data, without Ansible's tags of its origin. _NotPlainError if there is anything else in it."""
    if isinstance(value, dict):
        return {_plain(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, str) and "{" not in value and not value.startswith("#jinja2:"):  # the characters that start a template
        return str(value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    raise _NotPlainError


def _declared(args: Mapping[str, Any]) -> str:
    """What the task is about."""
    if args.get("state") == "absent":
        return "state: absent"
    names = [*LISTS, *sorted(map(str, set(args).difference(LISTS)))]
    counts = ["%s: %d" % (shown(name), len(args[name])) for name in names if isinstance(args.get(name), (list, tuple, dict)) and args[name]]
    return "declared: %s" % ("; ".join(counts) or "nothing")


def _summed_up(result: Mapping[str, Any]) -> str:
    """A summary of what was done."""
    words: List[str] = []
    for kind, counts in result.get("summary", {}).items():
        done = ["%d %s" % (number, what) for what, number in counts.items() if number and what != "declared"]
        words += ["%s: %s" % (kind, ", ".join(done))] if done else []
    text = "; ".join(words) or "no link and no namespace changed"
    return "%s (all %d commands are in the registered result, and shown with -vvv)" % (text, len(result["commands"]))
