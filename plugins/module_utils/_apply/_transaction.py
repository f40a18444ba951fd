# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps that were run, to undo them in reverse order."""

from __future__ import annotations

import errno
from contextlib import suppress
from typing import Callable, Dict, Iterable, List, NamedTuple, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._apply import _run
from ansible_collections.nfv.vnet.plugins.module_utils._apply._batches import batched
from ansible_collections.nfv.vnet.plugins.module_utils._apply._deferred import IRREVERSIBLE, implicitly_deleted, is_irreversible
from ansible_collections.nfv.vnet.plugins.module_utils._apply._explain import COMMAND_NAMES, hint, subject
from ansible_collections.nfv.vnet.plugins.module_utils._apply._losses import Losses
from ansible_collections.nfv.vnet.plugins.module_utils._apply._saved import SavedState
from ansible_collections.nfv.vnet.plugins.module_utils._apply._settling import restore_all, settle
from ansible_collections.nfv.vnet.plugins.module_utils._apply._undo import inverse_of
from ansible_collections.nfv.vnet.plugins.module_utils._commands import commands
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Message, VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _networkd
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._save import Saved, add_missing, save_link
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._write import Writer
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Host, Layout, LinkId, NamespaceId
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    AddAddress,
    AddEntry,
    AddRoute,
    AddVlan,
    AttachNamespace,
    CreateLink,
    CreateNamespace,
    DeleteAddress,
    DeleteEntry,
    DeleteLink,
    DeleteNamespace,
    DeleteRoute,
    DeleteVlan,
    RenameLink,
    SetFile,
    SetLink,
    SetMaster,
    SetNsid,
    SetPort,
    SetVlan,
    Step,
    link_of,
    restore_of,
)

_ATOMIC = (CreateNamespace, AttachNamespace, SetFile, CreateLink, AddVlan, DeleteVlan, AddAddress, AddRoute, AddEntry, DeleteEntry)
"""Steps that change nothing if the kernel refuses them."""
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


class Applied(NamedTuple):
    """The state after the steps, and the equivalent commands of iproute2."""

    host: Host
    steps: List[Step]
    commands: List[str]
    warnings: List[Message]


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
        self._saved = SavedState(reader, self._writer, layout, before, self._losses)
        self._configured: Set[str] = set()
        """The links of the host that systemd-networkd has configured anew."""
        self._to_settle: List[Saved] = []
        """Those of them that are ports now, as they were before."""
        self.done: List[Step] = []
        self.warnings: List[Message] = []
        self.commands: List[str] = []
        """The commands of iproute2 for the steps that were run."""

    def save(self, steps: List[Step], released: Iterable[str] = ()) -> None:
        """Saves what links may lose by the steps, or as a network manager lets go of them."""
        self._saved.save(steps, released)

    def run(self, steps: List[Step]) -> None:
        earlier = len(self.done)
        for step, batch in batched(steps, self._before):
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
            _run.run(self._writer, step)
            return
        sock = self._reader.socket("")
        saved = save_link(sock, link.ifindex)
        _run.run(self._writer, step)
        is_running = _networkd.await_configuration(link.ifindex)
        self._configured.add(link.name)
        add_missing(sock, saved)
        if is_running and step.master:
            self._to_settle.append(saved)

    def _settle_ports(self) -> None:
        """Takes from new ports what systemd-networkd gives them."""
        sock, ports, self._to_settle = self._reader.socket(""), self._to_settle, []
        if ports:
            settle(lambda: restore_all(sock, ports))

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
        self._saved.restore(patiently=not lost)
        return lost

    def unrestored(self) -> List[LinkId]:
        """The links that lack something that they had."""
        return self._saved.unrestored()

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


def _is_outdated(step: Step, error: KernelError) -> bool:
    """Whether an address or route that is to be restored is not possible any more, for instance as its other link is gone."""
    return isinstance(step, (AddAddress, AddRoute)) and bool(step.body) and error.errno in _IMPOSSIBLE


def _is_down(step: Step, error: KernelError) -> bool:
    """Whether a link that is to go down does not exist any more."""
    return isinstance(step, SetLink) and step.values == {"up": False} and error.errno == errno.ENODEV
