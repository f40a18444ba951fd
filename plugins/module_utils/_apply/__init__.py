# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the steps of a plan, rolls back if one fails, and verifies the result."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Iterator, List, Optional

from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._apply._deferred import is_irreversible, stand_in
from ansible_collections.nfv.vnet.plugins.module_utils._apply._explain import not_applied
from ansible_collections.nfv.vnet.plugins.module_utils._apply._rollback import rollback_report
from ansible_collections.nfv.vnet.plugins.module_utils._apply._settling import add_all_missing, settle
from ansible_collections.nfv.vnet.plugins.module_utils._apply._transaction import Applied, Transaction
from ansible_collections.nfv.vnet.plugins.module_utils._commands import commands
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._handover import Handover
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import sentences
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._neighbours import forget_learned
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._save import save_link
from ansible_collections.nfv.vnet.plugins.module_utils._observe import observe, observe_again
from ansible_collections.nfv.vnet.plugins.module_utils._plan import plan
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Host, Layout, NamespaceId
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    AttachNamespace,
    CreateNamespace,
    DeleteLink,
    DeleteNamespace,
    MoveLink,
    Plan,
    SetLink,
    SetNsid,
    Step,
    link_of,
)

if TYPE_CHECKING:
    from ansible_collections.nfv.vnet.plugins.module_utils._confirmation import Confirmation
    from ansible_collections.nfv.vnet.plugins.module_utils._recorder import Recorder

_AFFECT_OTHER_NAMESPACES = (CreateNamespace, AttachNamespace, DeleteNamespace, DeleteLink, MoveLink, SetNsid)
"""Steps that change more than the namespace that they are about."""
_REST, _LONGEST_REST = 0.5, 10.0
_PASSES = 2
"""The kernel may change more than a message asks for. What is not as wanted after the first pass is set once more, without deletions."""
_ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class _NoRecords:
    """A single resource belongs to no layout."""

    def begin(self, planned: Plan) -> List[Step]:
        return planned.steps

    def namespace_created(self, _name: str, _id: NamespaceId) -> None:
        pass

    def without_released(self, host: Host) -> Host:
        return host

    def conclude(self, _host: Host) -> None:
        pass

    def revert(self) -> None:
        pass

    def forget_removed(self, _host: Host) -> None:
        pass


def _give_back(reader: Reader, handover: Handover) -> None:
    """Gives links back to network managers. What these remove as they do not know it is added again."""
    links = [reader.link("", name) for name in handover.returned]
    sock = reader.socket("")
    saved = [save_link(sock, link.ifindex) for link in links if link and not link.master]
    handover.give_back()
    if saved:
        settle(lambda: add_all_missing(sock, saved))


def _recorder_of(reader: Reader, layout: Layout, before: Host) -> _NoRecords | Recorder:
    if not layout.name:
        return _NoRecords()
    from ansible_collections.nfv.vnet.plugins.module_utils._recorder import Recorder

    return Recorder(reader, layout, before)


def apply(
    reader: Reader,
    layout: Layout,
    before: Host,
    planned: Plan,
    confirmation: Optional[Confirmation],
    handover: Handover,
) -> Applied:
    """Runs the steps of a plan and verifies the result. With a confirmation, what cannot be undone waits for that.

    VnetError if that fails. The host is as it was before then, or the error says what is not.
    """
    recorder = _recorder_of(reader, layout, before)
    transaction = Transaction(reader, layout, before, recorder.namespace_created, confirmation.require_time if confirmation else None)
    deferred = [step for step in planned.steps if is_irreversible(step)] if confirmation else []
    standing_in = stand_in(reader, before, planned.steps) if deferred else []
    transaction.save(planned.steps + standing_in, [*handover.held, *handover.returned])
    if deferred:
        planned = planned._replace(steps=_repetition(planned).steps + standing_in)
    for number in _ENDING_SIGNALS:
        signal.signal(number, _stop)
    try:
        with sentences():
            after = _converge(transaction, reader, layout, recorder, planned, handover)
            _give_back(reader, handover)
            if confirmation:
                # a host that knows a neighbour may reach it for a while although it would not find it any more
                forget_learned(reader, "", {name for netns, name in map(link_of, transaction.done) if not netns})
                confirmation.wait()
            if deferred:
                after = recorder.without_released(_run_and_read(transaction, reader, layout, deferred))
            recorder.conclude(after)
            return transaction.applied(after, standing_in)
    except BaseException as error:
        for number in _ENDING_SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # a second signal must not interrupt the rollback
        with suppress(VnetError, OSError):  # what is not as before is found by reading the host afterwards
            if handover.take_again():
                _observe_at_rest(reader, layout)
        report = _roll_back(transaction, recorder, reader, layout, before)
        if confirmation and not isinstance(error, VnetError):
            error = confirmation.ended_by(error)
        if not isinstance(error, VnetError):
            raise
        raise VnetError(error.path, "%s. %s" % (error.text, report), error.errno) from None


def _roll_back(transaction: Transaction, recorder: _NoRecords | Recorder, reader: Reader, layout: Layout, before: Host) -> str:
    """Rolls the change back. Returns a sentence that says whether the host is as it was before."""
    lost = transaction.rollback()
    try:
        recorder.revert()
        after = observe(reader, layout)
        recorder.forget_removed(after)
        return rollback_report(lost, transaction.unrestored(), before, after)
    except (VnetError, OSError) as error:
        return "After the rollback the host could not be read: %s" % error


def _converge(transaction: Transaction, reader: Reader, layout: Layout, recorder: _NoRecords | Recorder, planned: Plan, handover: Handover) -> Host:
    """Runs the steps of a plan, in a second pass those that are still needed. Returns the state, which is verified.

    Network managers let go of links after the first pass, so that addresses have moved before a manager removes them from a card.
    """
    passes = _PASSES
    while passes:
        after = recorder.without_released(_run_and_read(transaction, reader, layout, recorder.begin(planned)))
        if passes == _PASSES and handover.take_over():
            after = recorder.without_released(_observe_at_rest(reader, layout))
        planned = _repetition(plan(layout, after))
        if not planned.steps:
            return after
        passes -= 1
    raise not_applied(layout, planned.steps[0])


def _observe_at_rest(reader: Reader, layout: Layout) -> Host:
    """What is found when a network manager that has let go of a link has removed what it had set, which it does a moment later."""
    deadline = time.monotonic() + _LONGEST_REST
    found = observe(reader, layout)
    while time.monotonic() < deadline:
        time.sleep(_REST)
        earlier, found = found, observe(reader, layout)
        if _settings(earlier) == _settings(found):
            break
    return found


def _settings(host: Host) -> List[object]:
    """What a network manager sets."""
    return [(link.id, link.values, link.master, link.addresses, link.routes) for link in host.links.values()]


def _repetition(planned: Plan) -> Plan:
    """The part of a plan that a second pass may carry out."""
    return planned._replace(steps=[step for step in planned.steps if not is_irreversible(step)])


def _run_and_read(transaction: Transaction, reader: Reader, layout: Layout, steps: List[Step]) -> Host:
    """Runs the steps and reads the new state.

    When a large bridge goes up, its ports keep the kernel busy for seconds. So the state is read before that, and afterwards only
    what may have changed is read again.
    """
    bridges = {link.id for link in layout.links if layout.name and _kinds.kind_of(link.kind).is_bridge}
    bringing_up = (number for number, step in enumerate(steps) if isinstance(step, SetLink) and step.values.get("up") and link_of(step) in bridges)
    first = next(bringing_up, len(steps))
    transaction.run(steps[:first])
    with _prefetching(reader, layout):
        transaction.commands += commands(steps[:first])  # while the other process reads
        earlier = observe(reader, layout)
    rest = steps[first:]
    if not rest:
        return earlier
    transaction.run(rest)
    transaction.commands += commands(rest)
    if any(isinstance(step, _AFFECT_OTHER_NAMESPACES) for step in rest):
        return observe(reader, layout)
    return observe_again(reader, layout, earlier, {link_of(step)[0] for step in rest})


@contextmanager
def _prefetching(reader: Reader, layout: Layout) -> Iterator[None]:
    """Prefetches the state of all namespaces in a child process during the block; only for layouts."""
    if not layout.name:
        yield
        return
    from ansible_collections.nfv.vnet.plugins.module_utils._kernel._prefetch import prefetching

    with prefetching(reader.namespaces, addresses=bool(layout.links)) as prefetched:
        reader.use_prefetched(prefetched)
        yield


def _stop(number: int, _frame: Any) -> None:
    """A signal that ends the process rolls the changes back."""
    raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)
