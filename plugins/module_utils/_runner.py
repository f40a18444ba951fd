# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converges the host to what is declared, and returns the result of the module of a single resource."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Callable, Dict, List, NamedTuple, Optional, Sequence

from ansible_collections.nfv.vnet.plugins.module_utils._errors import Message, VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._handover import Handover
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._namespaces import Namespaces
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._pending import may_be_pending
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import KINDS
from ansible_collections.nfv.vnet.plugins.module_utils._observe import observe
from ansible_collections.nfv.vnet.plugins.module_utils._persistence import Outcome
from ansible_collections.nfv.vnet.plugins.module_utils._plan import plan
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Host, Layout
from ansible_collections.nfv.vnet.plugins.module_utils._steps import AddRoute, CreateLink, Plan, Step, takes_away

if TYPE_CHECKING:
    from ansible_collections.nfv.vnet.plugins.module_utils._apply._transaction import Applied
    from ansible_collections.nfv.vnet.plugins.module_utils._confirmation import Confirmation
    from ansible_collections.nfv.vnet.plugins.module_utils._persistence._change import Change

KEYS = {"vnet_netns": "namespace", **{"vnet_" + kind.type: kind.type for kind in KINDS}, "vnet_link": "link"}
"""The key under which each module returns its resource."""


class Returned(NamedTuple):
    """Links that network managers get back, and may configure then. C(tried): the change is rolled back unless it is confirmed."""

    names: List[str]
    tried: bool


NOTHING_RETURNED = Returned([], False)


class Result(NamedTuple):
    """What was done, or would be done."""

    before: Host
    after: Host
    """The planned state."""
    host: Host
    """The state as it is; in check mode the planned one."""
    planned: Plan
    steps: Sequence[Step] = ()
    commands: Sequence[str] = ()
    """The commands of iproute2 for the steps."""

    @property
    def changed(self) -> bool:
        """Whether the network changes, or whose it is; but not if only what is remembered of an adopted link does."""
        owners = ((self.before.links[key].ownership, owner) for key, owner in self.planned.ownership.items() if key in self.before.links)
        return bool(self.steps or self.planned.steps) or any((before is None) != (owner is None) for before, owner in owners)

    @property
    def warnings(self) -> List[Message]:
        return self.planned.warnings


def execute(
    wanted: Layout,
    key: str,
    check_mode: bool,
    confirmation: Optional[Confirmation] = None,
    storage: Optional[Change] = None,
) -> Dict[str, Any]:
    """Converges the host to the resource, or predicts that. C(key): the key of the resource in the result; C(storage): what is stored."""
    from ansible_collections.nfv.vnet.plugins.module_utils._describe import describe, status

    outcome = converge(wanted, check_mode, confirmation, storage)
    stored = storage.outcome(outcome.changed) if storage else Outcome()
    states = {"before": outcome.before, "after": outcome.after} if outcome.changed else {}
    difference = {name: describe(wanted, host) for name, host in states.items()}
    return {
        "changed": outcome.changed or stored.changed,
        key: describe(wanted, outcome.host),
        "status": status(wanted, outcome.before, outcome.before if check_mode else outcome.host),
        "commands": list(outcome.commands),
        "persistent": stored.after is not None,
        "diff": {name: {**difference.get(name, {}), **values} for name, values in stored.difference.items()},
        "warnings": outcome.warnings + [Message((), text) for text in stored.warnings],
    }


def converge(
    wanted: Layout,
    check_mode: bool,
    confirmation: Optional[Confirmation] = None,
    storage: Optional[Change] = None,
    alone: bool = False,
) -> Result:
    """Converges the host to the resource, or predicts that. C(alone): no earlier task may create what is missing.

    Changes need the lock. Most runs change nothing, so they read first without it.
    """
    namespaces = Namespaces()
    reader = Reader(namespaces)
    try:
        if check_mode:
            return predict(reader, wanted, alone, returned_by(confirmation, storage))
        outcome = result_if_unchanged(reader, wanted)
        if outcome and not may_be_pending() and not (storage and storage.changed):
            return outcome
        from ansible_collections.nfv.vnet.plugins.module_utils._kernel._lock import lock  # not imported by runs that change nothing

        reader.close()  # the run that holds the lock may replace a namespace
        with lock():
            return apply_changes(reader, wanted, confirmation, storage)
    finally:
        reader.close()
        namespaces.close()


def predict(reader: Reader, wanted: Layout, alone: bool = False, returned: Returned = NOTHING_RETURNED) -> Result:
    """What would be done. C(alone): no earlier task may create what is missing."""
    before = observe(reader, wanted)
    planned = plan(wanted, before, check_mode=not alone)
    if may_be_pending():
        from ansible_collections.nfv.vnet.plugins.module_utils._kernel._lock import warnings_of_pending

        planned = planned._replace(warnings=planned.warnings + [Message((), text) for text in warnings_of_pending()])
    if planned.is_empty:
        return Result(before, planned.after, planned.after, planned)
    from ansible_collections.nfv.vnet.plugins.module_utils._commands import commands

    planned = _foresee(reader, wanted, before, planned, returned)
    return Result(before, planned.after, planned.after, planned, planned.steps, commands(planned.steps))


def result_if_unchanged(reader: Reader, wanted: Layout) -> Optional[Result]:
    """The result if nothing is to be done, else None. Errors may be due to another run that is not finished, so only the holder
    of the lock reports them."""
    try:
        before = observe(reader, wanted)
        planned = plan(wanted, before)
    except VnetError:
        return None
    return Result(before, planned.after, before, planned) if planned.is_empty else None


def apply_changes(reader: Reader, wanted: Layout, confirmation: Optional[Confirmation] = None, storage: Optional[Change] = None) -> Result:
    """Converges the host, and changes what is stored. The caller holds the lock."""
    before = observe(reader, wanted)
    planned = plan(wanted, before)
    if not planned.is_empty:
        planned = _foresee(reader, wanted, before, planned, returned_by(confirmation, storage))
    handover = storage or Handover()
    if not planned.steps and not handover.held:
        confirmation = None  # at most the ownership of links changes, or what is stored
    if confirmation:
        confirmation.arm()
    with storage.made() if storage else nullcontext():
        return _apply(reader, wanted, before, planned, confirmation, handover)


def _apply(reader: Reader, wanted: Layout, before: Host, planned: Plan, confirmation: Optional[Confirmation], handover: Handover) -> Result:
    """Carries out a plan."""
    if planned.is_empty and not handover.held:
        handover.take_over()
        handover.give_back()
        if wanted.name and not wanted.links:
            from ansible_collections.nfv.vnet.plugins.module_utils._recorder import Recorder

            Recorder(reader, wanted, before).forget_gone()
        return Result(before, planned.after, before, planned)
    try:
        done = load_apply()(reader, wanted, before, planned, confirmation, handover)
    except VnetError as error:
        error.warnings = planned.warnings
        raise
    planned = planned._replace(warnings=planned.warnings + done.warnings)
    return Result(before, planned.after, done.host, planned, done.steps, done.commands)


def returned_by(confirmation: Optional[Confirmation], storage: Optional[Change]) -> Returned:
    """What network managers get back, and whether that is tried until it is confirmed."""
    return Returned(storage.returned if storage else [], confirmation is not None)


def _foresee(reader: Reader, wanted: Layout, before: Host, planned: Plan, returned: Returned) -> Plan:
    """The plan with warnings of what the kernel will do beside. VnetError for what must not or cannot be done."""
    if any(isinstance(step, (AddRoute, CreateLink)) for step in planned.steps):
        from ansible_collections.nfv.vnet.plugins.module_utils._observe._conflicts import refuse_disabled_ipv6, refuse_taken_routes

        refuse_disabled_ipv6(reader, wanted, before, planned)
        refuse_taken_routes(reader, wanted, before, planned)
    if not any(map(takes_away, planned.steps)):
        return planned
    from ansible_collections.nfv.vnet.plugins.module_utils._observe._cutoff import refuse_cut_off

    return planned._replace(warnings=planned.warnings + refuse_cut_off(reader, wanted, before, planned, *returned))


def load_apply() -> Callable[[Reader, Layout, Host, Plan, Optional[Confirmation], Handover], Applied]:
    """Imports the part that changes the host, which most runs do not need."""
    from ansible_collections.nfv.vnet.plugins.module_utils._apply import apply

    return apply
