# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converges the host to a layout, and returns the result of the module vnet_layout."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Callable, Dict, Mapping, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._declaration import declaration
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._lock import lock
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._namespaces import Namespaces
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._pending import may_be_pending
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._prefetch import prefetching
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._registry import require_writable
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Layout

if TYPE_CHECKING:
    from ansible_collections.nfv.vnet.plugins.module_utils._confirmation import Confirmation
    from ansible_collections.nfv.vnet.plugins.module_utils._runner import Result


def execute(
    params: Mapping[str, Any],
    checked: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    check_mode: bool,
    diff_mode: bool,
    confirmation: Optional[Confirmation] = None,
) -> Dict[str, Any]:
    """Converges the host to the layout, or predicts that. C(checked) checks the items; C(diff_mode): with the difference."""
    wanted, outcome = _converge(params, checked, check_mode, confirmation)
    from ansible_collections.nfv.vnet.plugins.module_utils._summary import summary

    result = {
        "changed": outcome.changed,
        "summary": summary(wanted, outcome.before, outcome.after, outcome.steps),
        "commands": list(outcome.commands),
        "kept": sorted(params["sysctl"] or ()) if params["state"] == "absent" else [],
        "warnings": outcome.warnings,
    }
    if diff_mode:
        from ansible_collections.nfv.vnet.plugins.module_utils._report import as_yaml

        result["diff"] = {"before": as_yaml(wanted, outcome.before, outcome.before), "after": as_yaml(wanted, outcome.before, outcome.after)}
    return result


def _converge(
    params: Mapping[str, Any],
    checked: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    check_mode: bool,
    confirmation: Optional[Confirmation],
) -> Tuple[Layout, Result]:
    """Returns the declared layout and what was done.

    Reading a thousand namespaces twice is expensive, so it begins with the lock, unless another run holds it.
    """
    require_writable()
    with ExitStack() as stack:
        namespaces = Namespaces()
        stack.callback(namespaces.close)
        locked = not check_mode and stack.enter_context(lock(wait=False))
        prefetched = stack.enter_context(prefetching(namespaces, addresses=params["state"] == "present"))
        # the engine is compiled and the declaration checked while the other process reads
        from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
        from ansible_collections.nfv.vnet.plugins.module_utils._observe import selection
        from ansible_collections.nfv.vnet.plugins.module_utils._runner import apply_changes, load_apply, predict, result_if_unchanged

        if prefetched and locked and params["state"] == "absent":
            load_apply()  # it will be needed, as there is something to delete
        wanted = declaration(checked(params), check_mode)
        reader = Reader(namespaces, selection(wanted))
        stack.callback(reader.close)
        reader.use_prefetched(prefetched)
        if check_mode:
            return wanted, predict(reader, wanted)
        if locked:
            return wanted, apply_changes(reader, wanted, confirmation)
        outcome = result_if_unchanged(reader, wanted)
        if outcome and not may_be_pending():
            return wanted, outcome
        reader.close()  # the run that holds the lock may replace a namespace
        stack.enter_context(lock())
        return wanted, apply_changes(reader, wanted, confirmation)
