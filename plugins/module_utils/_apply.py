# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the steps of a plan, rolls back if one fails, and verifies the result."""

from __future__ import annotations

import errno
import signal
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._commands import commands
from ansible_collections.nfv.vnet.plugins.module_utils._deferred import IRREVERSIBLE, implicitly_deleted, is_irreversible, stand_in
from ansible_collections.nfv.vnet.plugins.module_utils._entries import LISTS
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Message, VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._explain import COMMAND_NAMES, hint, not_applied, subject
from ansible_collections.nfv.vnet.plugins.module_utils._handover import Handover
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _networkd
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError, sentences
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._neighbours import forget_learned
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._save import (
    Saved,
    add_missing,
    differs,
    restore,
    save_link,
    save_routes,
)
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._socket import NetlinkSocket
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._write import Writer
from ansible_collections.nfv.vnet.plugins.module_utils._losses import Losses
from ansible_collections.nfv.vnet.plugins.module_utils._observe import observe, observe_again
from ansible_collections.nfv.vnet.plugins.module_utils._plan import plan
from ansible_collections.nfv.vnet.plugins.module_utils._resources import (
    MAIN_TABLE,
    FoundLink,
    FoundNamespace,
    Host,
    Layout,
    LinkId,
    NamespaceId,
    Values,
    Vlan,
    links_above,
)
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    PRIVATE,
    AddAddress,
    AddEntry,
    AddRoute,
    AddVlan,
    AttachNamespace,
    AwaitLinks,
    CreateLink,
    CreateNamespace,
    DeleteAddress,
    DeleteEntry,
    DeleteLink,
    DeleteLinks,
    DeleteNamespace,
    DeleteNamespaces,
    DeleteRoute,
    DeleteVlan,
    MoveLink,
    Plan,
    RenameLink,
    ReplaceRoute,
    SetFile,
    SetLink,
    SetMaster,
    SetNsid,
    SetPort,
    SetSysctl,
    SetTuntap,
    SetVlan,
    Step,
    link_of,
    restore_of,
)

if TYPE_CHECKING:
    from ansible_collections.nfv.vnet.plugins.module_utils._confirmation import Confirmation
    from ansible_collections.nfv.vnet.plugins.module_utils._recorder import Recorder

_ATOMIC = (CreateNamespace, AttachNamespace, SetFile, CreateLink, AddVlan, DeleteVlan, AddAddress, AddRoute, AddEntry, DeleteEntry)
"""Steps that change nothing if the kernel refuses them."""
_AFFECT_OTHER_NAMESPACES = (CreateNamespace, AttachNamespace, DeleteNamespace, DeleteLink, MoveLink, SetNsid)
"""Steps that change more than the namespace that they are about."""
_WITH_SIDE_EFFECTS = (RenameLink, MoveLink, SetLink, SetTuntap, SetPort, AddVlan, DeleteVlan, AddAddress, DeleteAddress)
"""Steps with which a link may lose addresses and routes, when they run or when they are undone."""
_ABOUT_PORTS = (SetMaster, SetPort, AddVlan, DeleteVlan, SetVlan)
"""Steps that may come before new ports are as systemd-networkd leaves them, so that it is awaited once for all."""
_GONE: Dict[type, Tuple[int, ...]] = {
    DeleteRoute: (errno.ESRCH, errno.ENODEV),
    DeleteAddress: (errno.EADDRNOTAVAIL, errno.ENODEV),
    DeleteVlan: (errno.ENOENT, errno.ENODEV),
    RenameLink: (errno.ENODEV,),
    DeleteEntry: (errno.ENOENT, errno.ENODEV, errno.EADDRNOTAVAIL, errno.EINVAL),
}
"""Errors after which the object is gone already: an address takes secondary addresses and routes with it, one end of a veth pair the other."""
_IMPOSSIBLE = (errno.EINVAL, errno.ENODEV, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EOPNOTSUPP, errno.ENETDOWN)
_REST, _LONGEST_REST = 0.5, 10.0
_PASSES = 2
"""The kernel may change more than a message asks for. What is not as wanted after the first pass is set once more, without deletions."""
_SETTLED_AFTER = 1.5
"""Seconds after which a network manager that takes a link has removed what it does not know."""
_SETTLING = 1.0
"""Since Linux 7 a VLAN link goes up some time after its parent, so that its routes are refused until then."""
_PAUSE = 0.02
_ENDING_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class Applied(NamedTuple):
    """The state after the steps, and the equivalent commands of iproute2."""

    host: Host
    steps: List[Step]
    commands: List[str]
    warnings: List[Message]


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
        _settle(lambda: _add_all_missing(sock, saved))


def _add_all_missing(sock: NetlinkSocket, links: List[Saved]) -> bool:
    """Adds what links have lost. Returns whether something was missing."""
    missing = [add_missing(sock, saved) for saved in links]
    return any(missing)


def _restore_all(sock: NetlinkSocket, links: List[Saved]) -> bool:
    """Makes links as they were. Returns whether one was not."""
    changed = [saved for saved in links if differs(sock, saved)]
    for saved in changed:
        restore(sock, saved)
    return bool(changed)


def _settle(repair: Callable[[], bool]) -> None:
    """Repairs what a network manager does to links, until it leaves them alone for a while."""
    quiet_until = time.monotonic() + _SETTLED_AFTER
    deadline = time.monotonic() + 3 * _SETTLED_AFTER
    while time.monotonic() < min(quiet_until, deadline):
        time.sleep(_PAUSE)
        if repair():
            quiet_until = time.monotonic() + _SETTLED_AFTER


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
        return _rollback_report(lost, transaction.unrestored(), before, after)
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
    bridges = {link.id for link in layout.links if layout.name and _kinds.is_bridge(link.kind)}
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


class Transaction:
    """The steps that were run, to undo them in reverse order."""

    def __init__(
        self,
        reader: Reader,
        layout: Layout,
        before: Host,
        namespace_created: Callable[[str, NamespaceId], None],
        before_each: Optional[Callable[[], None]] = None,
    ) -> None:
        self._reader = reader
        self._writer = Writer(reader, namespace_created)
        self._layout = layout
        self._before = before
        self._before_each = before_each or (lambda: None)
        """Called before each step. It may raise a VnetError."""
        self._losses = Losses(reader, before)
        self._saved: Dict[LinkId, Saved] = {}
        self._vlans: Dict[str, Dict[int, Dict[int, Vlan]]] = {}
        """The VLANs of all ports in namespaces where those of a bridge change that nobody declares."""
        self._configured: Set[str] = set()
        """The links of the host that systemd-networkd has configured anew."""
        self._to_settle: List[Saved] = []
        """Those of them that are ports now, as they were before."""
        self.done: List[Step] = []
        self.warnings: List[Message] = []
        self.commands: List[str] = []
        """The commands of iproute2 for the steps that were run."""

    def save(self, steps: List[Step], released: Iterable[str] = ()) -> None:
        """Saves the addresses and routes that links may lose by the steps, or as a network manager lets go of them."""
        losing = {("", name) for name in released} | {link_of(step) for step in steps if _has_side_effects(step)}
        losing |= {(step.netns, step.master) for step in steps if isinstance(step, (CreateLink, SetMaster)) and step.master}  # by the MTU of the port
        uppers = self._before.uppers()
        losing |= {upper.id for link in tuple(losing) for upper in links_above(uppers, link)}
        for link in losing & set(self._before.links):
            self._saved[link] = save_link(self._reader.socket(link[0]), self._before.links[link].ifindex)
        for netns, raw in [(link_of(step)[0], raw) for step in steps for raw in self._losses.links_above(step)]:
            self._saved.setdefault((netns, raw.name), save_link(self._reader.socket(netns), raw.ifindex))
        tables: Dict[str, List[int]] = {}
        for namespace in self._layout.namespaces:
            if namespace.routes is not None:
                tables[namespace.name] = [MAIN_TABLE] + [route.table for route in namespace.routes]
        for step in steps:
            if isinstance(step, (AddRoute, ReplaceRoute, DeleteRoute)) and not step.route.dev:  # also in namespaces that are released
                tables.setdefault(step.netns, []).append(step.route.table)
        for netns, numbers in tables.items():
            if self._before.exists(netns):
                self._saved[netns, ""] = save_routes(self._reader.socket(netns), numbers)
        for netns in {link_of(step)[0] for step in steps if isinstance(step, (DeleteAddress, MoveLink))}:
            other, sourced = self._saved.get((netns, ""), Saved(0, [], [])), self._losses.with_source(netns)
            self._saved[netns, ""] = other._replace(routes=list(dict.fromkeys([*other.routes, *sourced.routes])))
        for netns in {step.netns for step in steps if isinstance(step, SetLink) and step.old and _kinds.changes_vlans(step.kind, step.values)}:
            self._vlans[netns] = self._reader.vlans(netns)

    def unrestored(self) -> List[LinkId]:
        """The links that lack an address or a route that they had."""
        return [link for link, saved in self._saved.items() if self._differs(link[0], saved)]

    def _differs(self, netns: str, saved: Saved) -> bool:
        try:
            return not self._exists(netns) or differs(self._reader.socket(netns), saved)
        except (VnetError, OSError):  # it cannot be read any more
            return True

    def run(self, steps: List[Step]) -> None:
        earlier = len(self.done)
        for step, batch in _batched(steps, self._before):
            self._before_each()
            if not isinstance(step, _ABOUT_PORTS):
                self._settle_ports()
            self._losses.prepare(step)
            # a message that is refused may have been executed in part, so it is undone, too
            self.done += batch
            try:
                self._run_step(step)
            except KernelError as error:
                if self._is_configured(step, error):
                    del self.done[-len(batch) :]
                    continue
                if _is_outdated(step, error):
                    del self.done[-len(batch) :]
                    self.warnings.append(Message((), "%s is not restored: %s" % (subject(self._layout, step).text, error.text)))
                    continue
                if self._has_value(step) or error.errno in _GONE.get(type(step), ()) or _is_down(step, error):
                    continue
                if isinstance(step, (*IRREVERSIBLE, *_ATOMIC)):
                    self.done[-len(batch) :] = [one for one in batch if self._is_gone(one)]
                about = subject(self._layout, step)
                raise VnetError(about.path, "%s: %s%s" % (about.text, error.text, hint(self._layout, step, error)), error.errno) from None
        self._settle_ports()
        self._losses.restore()
        self.done[earlier:] = steps  # in the order of the plan, as the order of batches makes no sense as commands

    def _run_step(self, step: Step) -> None:
        """Runs a step. When systemd-networkd configures a link anew after it, what it removes from the link is added again."""
        link = self._reader.link("", step.name) if isinstance(step, SetMaster) and not step.netns else None
        if not isinstance(step, SetMaster) or not link or not link.master or not _networkd.manages(link.ifindex):
            run(self._writer, step)
            return
        sock = self._reader.socket("")
        saved = save_link(sock, link.ifindex)
        run(self._writer, step)
        is_running = _networkd.await_configuration(link.ifindex)
        self._configured.add(link.name)
        add_missing(sock, saved)
        if is_running and step.master:
            self._to_settle.append(saved)

    def _settle_ports(self) -> None:
        """Takes from new ports what systemd-networkd gives them."""
        sock, ports, self._to_settle = self._reader.socket(""), self._to_settle, []
        if ports:
            _settle(lambda: _restore_all(sock, ports))

    def _is_configured(self, step: Step, error: KernelError) -> bool:
        """Whether a route is there as systemd-networkd has configured its link anew. Whether it is the right one is found by reading the host."""
        return isinstance(step, AddRoute) and error.errno == errno.EEXIST and not step.netns and step.route.dev in self._configured

    def _has_value(self, step: Step) -> bool:
        """Whether a link has the value already: a kernel that lacks a feature refuses even to turn it off."""
        if not isinstance(step, (SetLink, SetPort)) or step.old is not None:
            return False
        link = self._reader.link(step.netns, step.name)
        if not link:
            return False
        if isinstance(step, SetPort):
            return table.PORT_ROWS[step.attribute].same((link.port or {}).get(step.attribute), step.value)
        rows = _kinds.rows_of(step.kind)
        return all(rows[name].same(link.values.get(name), value) for name, value in step.values.items())

    def _is_gone(self, step: Step) -> bool:
        """Whether the step deleted its object although its batch failed."""
        try:
            if isinstance(step, DeleteNamespace):
                return self._before.exists(step.name) and not self._exists(step.name)
            return isinstance(step, DeleteLink) and self._reader.link(step.netns, step.name) is None
        except KernelError:  # it cannot be read any more
            return False

    def _exists(self, netns: str) -> bool:
        return self._reader.namespaces.identity(netns) is not None

    def applied(self, host: Host, standing_in: List[Step]) -> Applied:
        """The outcome, without the steps that stood in for others."""
        steps = [step for step in self.done if not any(step is one for one in standing_in)]
        return Applied(host, steps, self.commands if not standing_in else commands(steps), self.warnings)

    def rollback(self) -> List[str]:
        """Undoes the steps as far as possible; returns what is lost."""
        lost = self._lost()
        for step in reversed(self.done):
            if not is_irreversible(step):
                self._roll_back_step(step)
        with suppress(Exception):
            self._settle_ports()
        for netns, saved in self._vlans.items():
            with suppress(Exception):
                self._restore_vlans(netns, saved)
        deadline = time.monotonic() + _SETTLING
        self._restore_saved()
        while not lost and self.unrestored() and time.monotonic() < deadline:
            time.sleep(_PAUSE)
            self._restore_saved()
        return lost

    def _restore_vlans(self, netns: str, saved: Dict[int, Dict[int, Vlan]]) -> None:
        """The kernel gives a new default VLAN to all ports if there was none, those too that had another VLAN."""
        links = {link.ifindex: link for link in self._reader.links(netns)}
        for index, there in self._reader.vlans(netns).items():
            if index not in saved:
                continue
            of_bridge = _kinds.is_bridge(links[index].kind)
            for vlan in there.values():
                if vlan.first not in saved[index]:
                    run(self._writer, DeleteVlan(netns, links[index].name, vlan, of_bridge))
            for vlan in saved[index].values():
                if there.get(vlan.first) != vlan:
                    run(self._writer, AddVlan(netns, links[index].name, vlan, of_bridge))

    def _restore_saved(self) -> None:
        for (netns, _name), saved in self._saved.items():
            with suppress(Exception):
                if self._exists(netns):
                    restore(self._reader.socket(netns), saved)

    def _lost(self) -> List[str]:
        """What was deleted, by its old name, and what the kernel deletes with it."""
        renamed = {(step.netns, step.new): step.name for step in self.done if isinstance(step, RenameLink)}
        lost: List[str] = []
        named: Set[LinkId] = set()
        for step in reversed(self.done):
            if isinstance(step, SetNsid) and not self._before.exists(step.name):
                continue  # it is deleted with the namespace
            if is_irreversible(step):
                netns, name = link_of(step)
                before = renamed.get((netns, name), name)
                named.add((netns, before))
                lost.append("%s: %s" % (netns if name == "lo" else before, COMMAND_NAMES[type(step)]))
        implicit = sorted(implicitly_deleted(self._before, self.done).keys() - named)
        return lost + ["%s: link delete" % name for _netns, name in implicit]

    def _roll_back_step(self, step: Step) -> None:
        inverse = inverse_of(step)
        for action in ([inverse] if inverse else []) + list(restore_of(step)):
            with suppress(Exception):  # what could not be restored is found by reading the host afterwards
                if not self._has_value(action):
                    self._run_step(action)


def _has_side_effects(step: Step) -> bool:
    """Whether the step, when it runs or is undone, may make a link lose addresses or routes."""
    if isinstance(step, (AddRoute, ReplaceRoute, DeleteRoute)):
        return bool(step.route.dev)
    return isinstance(step, _WITH_SIDE_EFFECTS)


def _vlan_as_before(step: SetVlan) -> Optional[Step]:
    changed = step.vlan._replace(settings={**step.vlan.settings, step.attribute: step.value})
    return None if step.old is None else step._replace(value=step.old, old=step.value, vlan=changed)


_INVERSE: Dict[type, Callable[[Any], Optional[Step]]] = {
    CreateNamespace: lambda step: DeleteNamespace(step.name),
    AttachNamespace: lambda step: DeleteNamespace(step.name),
    SetFile: lambda step: step._replace(content=step.old, old=step.content, mode=PRIVATE),
    SetSysctl: lambda step: None if step.old is None else step._replace(value=step.old, old=step.value),
    # without its kind, or a bridge would stop snooping before it is deleted; if that were interrupted, the next run would leave it so
    CreateLink: lambda step: DeleteLink(step.netns, step.name),
    RenameLink: lambda step: step._replace(name=step.new, new=step.name),
    MoveLink: lambda step: step._replace(netns=step.new, name=step.new_name or step.name, new=step.netns, new_name=step.name),
    SetLink: lambda step: None if step.old is None else step._replace(values=step.old, old=step.values),
    SetMaster: lambda step: None if step.old is None else step._replace(master=step.old, old=step.master),
    SetTuntap: lambda step: None if step.old is None else step._replace(values=step.old, old=step.values),
    SetPort: lambda step: None if step.old is None else step._replace(value=step.old, old=step.value),
    AddVlan: lambda step: step._replace(vlan=step.old, old=step.vlan) if step.old else DeleteVlan(step.netns, step.name, step.vlan, step.of_bridge),
    DeleteVlan: lambda step: AddVlan(step.netns, step.name, step.vlan, step.of_bridge),
    SetVlan: _vlan_as_before,
    AddAddress: lambda step: DeleteAddress(step.netns, step.name, step.address),
    AddRoute: lambda step: DeleteRoute(step.netns, step.route, step.body),
    ReplaceRoute: lambda step: step._replace(route=step.old, old=step.route),
    AddEntry: lambda step: DeleteEntry(*step),
    DeleteEntry: lambda step: AddEntry(*step),
}
"""The inverse of each step. Addresses and routes that are lost with others are saved beforehand and restored at the end."""


def inverse_of(step: Step) -> Optional[Step]:
    """The step that undoes this one, None if there is none."""
    inverse = _INVERSE.get(type(step))
    return inverse(step) if inverse else None


def _batched(steps: List[Step], before: Host) -> Iterator[Tuple[Step, List[Step]]]:
    """Joins deletions to batches, as a single deletion takes as long as many. Yields what to run with the steps that it stands
    for.

    Namespaces come before links, as the kernel deletes many links with them.
    """
    implicit = implicitly_deleted(before, steps)
    namespaces: List[DeleteNamespace] = []
    attached: List[DeleteNamespace] = []
    links: Dict[Tuple[bool, str], List[DeleteLink]] = {}
    implicit_steps: List[DeleteLink] = []
    for step in steps:
        if isinstance(step, DeleteNamespace):
            (attached if step.attached else namespaces).append(step)
        elif not isinstance(step, DeleteLink) or step.recreation:
            yield step, [step]
        elif link_of(step) in implicit:
            implicit_steps.append(step)
        else:
            links.setdefault((not _kinds.is_bridge(step.kind), step.netns), []).append(step)
    if namespaces:
        yield namespaces[0] if len(namespaces) == 1 else DeleteNamespaces([step.name for step in namespaces]), list(namespaces)
    for (_other, netns), batch in sorted(links.items(), key=lambda item: item[0][0]):
        yield batch[0] if len(batch) == 1 else DeleteLinks(netns, [step.name for step in batch], batch[0].kind), list(batch)
    for step in attached:
        yield step, [step]
    if implicit_steps:
        yield AwaitLinks([(link_of(step), implicit[link_of(step)]) for step in implicit_steps]), list(implicit_steps)


def _create_link(writer: Writer, step: CreateLink) -> None:
    if _kinds.is_attachable(step.kind):
        writer.tuntap_add(step.netns, step.name, step.values, step.ifindex)
    elif step.peer:
        writer.veth_add(step.netns, step.name, step.kind, step.values, step.master, step.ifindex, step.peer)
    else:
        writer.link_add(step.netns, step.name, step.kind, step.values, step.parent, step.ifindex)


_RUN: Dict[type, Callable[[Writer, Any], None]] = {
    CreateNamespace: lambda writer, step: writer.namespace_add(step.name, step.loopback),
    AttachNamespace: lambda writer, step: writer.namespace_attach(step.name, step.path),
    SetFile: lambda writer, step: writer.file_set(step.name, step.file, step.content, step.mode),
    DeleteNamespace: lambda writer, step: writer.namespaces_delete([step.name]),
    DeleteNamespaces: lambda writer, step: writer.namespaces_delete(step.names),
    SetNsid: lambda writer, step: writer.nsid_set("", step.name, step.nsid),
    SetSysctl: lambda writer, step: writer.sysctl_set(step.netns, step.key, step.value),
    CreateLink: _create_link,
    DeleteLink: lambda writer, step: writer.links_delete(step.netns, [step.name], step.kind),
    DeleteLinks: lambda writer, step: writer.links_delete(step.netns, step.names, step.kind),
    AwaitLinks: lambda writer, step: writer.links_await(step.links),
    RenameLink: lambda writer, step: writer.link_rename(step.netns, step.name, step.new),
    MoveLink: lambda writer, step: writer.link_move(step.netns, step.name, step.new, step.new_name or step.name),
    SetLink: lambda writer, step: writer.link_set(step.netns, step.name, step.kind, step.values, step.old),
    SetMaster: lambda writer, step: writer.master_set(step.netns, step.name, step.master),
    SetTuntap: lambda writer, step: writer.tuntap_set(step.netns, step.name, step.values),
    SetPort: lambda writer, step: writer.port_set(step.netns, step.name, step.attribute, step.value),
    AddVlan: lambda writer, step: writer.vlan_add(step.netns, step.name, step.vlan, step.of_bridge),
    DeleteVlan: lambda writer, step: writer.vlan_delete(step.netns, step.name, step.vlan, step.of_bridge),
    SetVlan: lambda writer, step: writer.vlan_set(step.netns, step.name, step.vlan, step.attribute, step.value),
    AddAddress: lambda writer, step: writer.address_add(step.netns, step.name, step.address, step.body),
    DeleteAddress: lambda writer, step: writer.address_delete(step.netns, step.name, step.address),
    AddRoute: lambda writer, step: writer.route_add(step.netns, step.route, step.body),
    ReplaceRoute: lambda writer, step: writer.route_replace(step.netns, step.route),
    DeleteRoute: lambda writer, step: writer.route_delete(step.netns, step.route, step.body),
    AddEntry: lambda writer, step: writer.entry_add(step.netns, step.name, step.kind, LISTS[step.option], step.entry),
    DeleteEntry: lambda writer, step: writer.entry_delete(step.netns, step.name, step.kind, LISTS[step.option], step.entry),
}


def run(writer: Writer, step: Step) -> None:
    """Runs one step. KernelError if the kernel refuses it."""
    _RUN[type(step)](writer, step)


def _is_outdated(step: Step, error: KernelError) -> bool:
    """Whether an address or route that is to be restored is not possible any more, for instance as its other link is gone."""
    return isinstance(step, (AddAddress, AddRoute)) and bool(step.body) and error.errno in _IMPOSSIBLE


def _is_down(step: Step, error: KernelError) -> bool:
    """Whether a link that is to go down does not exist any more."""
    return isinstance(step, SetLink) and step.values == {"up": False} and error.errno == errno.ENODEV


def _rollback_report(lost: List[str], unrestored: List[LinkId], before: Host, after: Host) -> str:
    """What is not as it was before, as a sentence."""
    if lost:
        return "This cannot be undone: %s" % "; ".join(lost)
    links = set(before.links) | set(after.links)
    changed = sorted({link for link in links if not _unchanged(before, after, link)} | set(unrestored))
    names = [(name or "routes") + (" in namespace %s" % netns if netns else "") for netns, name in changed]
    names += [
        "namespace %s" % name
        for name, found in sorted(before.namespaces.items())
        if name in after.namespaces and _settings_of(found) != _settings_of(after.namespaces[name])
    ]
    return "The host is not exactly as it was before; check %s" % ", ".join(names) if names else "The host is as it was before"


def _kept(found: FoundLink, option: str, host: Host) -> List[Values]:
    """The entries of a list without those of the kernel."""
    of_kernel = LISTS[option].keys_of_kernel(found, host)
    return [entry for entry in found.entries[option] if LISTS[option].key_of(entry) not in of_kernel]


def _settings_of(found: FoundNamespace) -> Tuple[object, ...]:
    return found.identity, found.is_named, found.sysctl, found.files


def _unchanged(host_before: Host, host_after: Host, key: LinkId) -> bool:
    """Whether a link is as it was, apart from attributes that change by themselves."""
    before, after = host_before.links.get(key), host_after.links.get(key)
    if not before or not after:
        return before is after
    rows = _kinds.rows_of(before.kind)
    shown = {row.name for row in rows.values() if any(row.is_substituted(found.values, found.status) for found in (before, after))}
    one, other = (
        (
            found.ifindex,
            {name: value for name, value in found.values.items() if name not in shown and not (name in rows and rows[name].when == "up")},
            found.master,
            found.port and {name: value for name, value in found.port.values.items() if name != "state"},
            found.vlans,
            {option: sorted(map(repr, _kept(found, option, host))) for option in found.entries},
        )
        for found, host in ((before, host_before), (after, host_after))
    )
    return one == other
