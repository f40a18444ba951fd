# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user with -v sees of a layout: what it is about, and what became of it, instead of thousands of commands."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional

from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display

_FEW = 30
"""Commands that may all be shown."""
_EVERYTHING = 3
"""With -vvv users want all."""
_LISTS = ("namespaces", "bridges", "tuntaps", "veths", "links")


class ActionModule(NormalAction):  # type: ignore[misc]
    """Runs the module as any other."""

    def run(self, tmp: Any = None, task_vars: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
        display = Display()
        title = "vnet_layout %s on %s" % (self._task.args.get("name", ""), (task_vars or {}).get("inventory_hostname", ""))
        display.v("%s: %s" % (title, _declared(self._task.args)))
        result: Dict[str, Any] = super().run(tmp, task_vars)
        if len(result.get("commands", ())) > _FEW and display.verbosity < _EVERYTHING:
            display.v("%s: %s" % (title, _summed_up(result)))
            result["_ansible_verbose_override"] = True
        return result


def _declared(args: Mapping[str, Any]) -> str:
    """What the task is about."""
    if args.get("state") == "absent":
        return "it goes"
    counts = ["%s: %d" % (name, len(args[name])) for name in _LISTS if isinstance(args.get(name), (list, tuple)) and args[name]]
    return "it declares %s" % ("; ".join(counts) or "nothing")


def _summed_up(result: Mapping[str, Any]) -> str:
    """What was done, in numbers."""
    words: List[str] = []
    for kind, counts in result.get("summary", {}).items():
        done = ["%d %s" % (number, what) for what, number in counts.items() if number and what != "declared"]
        words += ["%s: %s" % (kind, ", ".join(done))] if done else []
    return "%s (the registered result has all %d commands, -vvv shows them)" % ("; ".join(words) or "nothing but marks", len(result["commands"]))
