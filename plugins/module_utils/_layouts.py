# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converges the host to a layout, and returns the result of the module vnet_layout."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Callable, Dict, Mapping, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._errors import Message
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._lock import lock
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._namespaces import Namespaces
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._pending import may_be_pending
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._prefetch import prefetching
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._registry import require_writable
from ansible_collections.nfv.vnet.plugins.module_utils._options._declaration import MODULE, declaration
from ansible_collections.nfv.vnet.plugins.module_utils._persistence import Outcome
from ansible_collections.nfv.vnet.plugins.module_utils._persistence._entry import change_of_store
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Layout

if TYPE_CHECKING:
    from ansible_collections.nfv.vnet.plugins.module_utils._confirmation import Confirmation
    from ansible_collections.nfv.vnet.plugins.module_utils._persistence._change import Change
    from ansible_collections.nfv.vnet.plugins.module_utils._runner import Result


def execute(
    params: Mapping[str, Any],
    checked: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    check_mode: bool,
    diff_mode: bool,
    confirmation: Optional[Confirmation] = None,
) -> Dict[str, Any]:
    """Converges the host to the layout, or predicts that. C(checked) checks the items; C(diff_mode): with the difference."""
    wanted, outcome, stored = _converge(params, checked, check_mode, confirmation)
    from ansible_collections.nfv.vnet.plugins.module_utils._summary import summary

    result = {
        "changed": outcome.changed or stored.changed,
        "summary": summary(wanted, outcome.before, outcome.after, outcome.steps),
        "commands": list(outcome.commands),
        "kept": sorted(params["sysctl"] or ()) if params["state"] == "absent" else [],
        "persistent": stored.after is not None,
        "warnings": outcome.warnings + [Message((), text) for text in stored.warnings],
    }
    if diff_mode:
        from ansible_collections.nfv.vnet.plugins.module_utils._report import as_yaml, yaml

        hosts = {"before": outcome.before, "after": outcome.after}
        result["diff"] = {name: as_yaml(wanted, outcome.before, host) + yaml(stored.difference[name]) for name, host in hosts.items()}
    return result


def converge_layout(wanted: Layout, check_mode: bool, storage: Optional[Change] = None) -> Result:
    """Converges the host to a layout that is declared already, or predicts that; no task comes before."""
    with _Session(check_mode, addresses=True) as session:
        return session.converge(wanted, None, storage, alone=True)


def _converge(
    params: Mapping[str, Any],
    checked: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    check_mode: bool,
    confirmation: Optional[Confirmation],
) -> Tuple[Layout, Result, Outcome]:
    """Returns the declared layout, what was done, and what was stored."""
    present = params["state"] == "present"
    with _Session(check_mode, addresses=present) as session:
        if session.has_prefetched and not check_mode and not present:
            from ansible_collections.nfv.vnet.plugins.module_utils._runner import load_apply

            load_apply()  # it will be needed, as there is something to delete
        params = checked(params)
        wanted = declaration(params, check_mode)
        storage = change_of_store(MODULE, params)
        done = session.converge(wanted, confirmation, storage)
        return wanted, done, storage.outcome(done.changed) if storage else Outcome()


class _Session:
    """What it takes to converge a host to a layout.

    Reading a thousand namespaces twice is expensive, so it begins with the lock, unless another run holds it. While another process
    reads, the engine is compiled and the declaration checked.
    """

    def __init__(self, check_mode: bool, addresses: bool) -> None:
        self._check_mode = check_mode
        self._addresses = addresses
        self._stack = ExitStack()

    def __enter__(self) -> _Session:
        require_writable()
        self._namespaces = Namespaces()
        self._stack.callback(self._namespaces.close)
        try:
            self._locked = not self._check_mode and self._stack.enter_context(lock(wait=False))
            self._prefetched = self._stack.enter_context(prefetching(self._namespaces, addresses=self._addresses))
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    @property
    def has_prefetched(self) -> bool:
        return bool(self._prefetched)

    def converge(self, wanted: Layout, confirmation: Optional[Confirmation], storage: Optional[Change], alone: bool = False) -> Result:
        """What was done, or would be done. C(alone): no earlier task may create what is missing."""
        from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
        from ansible_collections.nfv.vnet.plugins.module_utils._observe import selection
        from ansible_collections.nfv.vnet.plugins.module_utils._runner import apply_changes, predict, result_if_unchanged, returned_by

        reader = Reader(self._namespaces, selection(wanted))
        self._stack.callback(reader.close)
        reader.use_prefetched(self._prefetched)
        if self._check_mode:
            return predict(reader, wanted, alone, returned_by(confirmation, storage))
        if self._locked:
            return apply_changes(reader, wanted, confirmation, storage)
        outcome = result_if_unchanged(reader, wanted)
        if outcome and not may_be_pending() and not (storage and storage.changed):
            return outcome
        reader.close()  # the run that holds the lock may replace a namespace
        self._stack.enter_context(lock())
        return apply_changes(reader, wanted, confirmation, storage)
