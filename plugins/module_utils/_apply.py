# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""From steps to the kernel: run them, take them back where one fails, verify what the kernel holds."""

from __future__ import annotations

import errno
import signal
from contextlib import contextmanager, suppress
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._commands import commands
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._explain import WORDS, hint, not_held, subject
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._save import Saved, differs, restore, restore_routes, save_link, save_routes
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._write import Writer
from ansible_collections.nfv.vnet.plugins.module_utils._observe import observe, observe_again
from ansible_collections.nfv.vnet.plugins.module_utils._plan import plan
from ansible_collections.nfv.vnet.plugins.module_utils._resources import MAIN_TABLE, FoundLink, Host, Layout, LinkId
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    AddAddress,
    AddRoute,
    AddVlan,
    AwaitLinks,
    CreateLink,
    CreateNamespace,
    DeleteAddress,
    DeleteLink,
    DeleteLinks,
    DeleteNamespace,
    DeleteNamespaces,
    DeleteRoute,
    DeleteVlan,
    MoveLink,
    RenameLink,
    ReplaceRoute,
    SetLink,
    SetMaster,
    SetNsid,
    SetPort,
    SetSysctl,
    SetTuntap,
    Step,
    link_of,
    only_marks,
    restore_of,
)

_IRREVERSIBLE = (DeleteNamespace, DeleteNamespaces, DeleteLink, DeleteLinks, AwaitLinks, SetNsid)
_ATOMIC = (CreateNamespace, CreateLink, AddVlan, DeleteVlan, AddAddress, AddRoute)
"""Where the kernel refuses one of these, nothing of it was done."""
_FAR_REACHING = (CreateNamespace, DeleteNamespace, DeleteLink, MoveLink, SetNsid)
"""What these change is not only in the namespace of the step."""
_COSTLY = (RenameLink, MoveLink, SetLink, SetTuntap, SetPort, AddVlan, DeleteVlan, AddAddress, DeleteAddress)
"""These, or undoing them, may cost addresses and routes of their link."""
_GONE: Dict[type, Tuple[int, ...]] = {
    DeleteRoute: (errno.ESRCH, errno.ENODEV),
    DeleteAddress: (errno.EADDRNOTAVAIL, errno.ENODEV),
    DeleteVlan: (errno.ENOENT, errno.ENODEV),
    RenameLink: (errno.ENODEV,),
}
"""An address takes others and routes with it, one end of a cable the other; what is gone need not be taken away."""
_PASSES = 2
"""The kernel may change more than it is told to. What is not as wanted then is mended once, without deletions."""
_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class Applied(NamedTuple):
    """What is there after the steps that were taken, and how iproute2 would take them."""

    host: Host
    steps: List[Step]
    commands: List[str]


def apply(reader: Reader, layout: Layout, before: Host, steps: List[Step]) -> Applied:
    """Runs the steps, and verifies what is there then.

    VnetError where that failed. The host is as it was before then, or the error says what is not.
    """
    transaction = Transaction(reader, layout, before)
    transaction.save(steps)
    for number in _SIGNALS:
        signal.signal(number, _stop)
    try:
        for _pass in range(_PASSES):
            after = _taken(transaction, reader, layout, steps)
            steps = [step for step in plan(layout, after).steps if not _is_irreversible(step)]
            if not steps:
                return Applied(after, transaction.taken, transaction.commands)
        raise not_held(layout, steps[0])
    except BaseException as error:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # a second signal must not leave the host half-way
        lost = transaction.undo()
        if not isinstance(error, VnetError):
            raise
        aftermath = _aftermath(lost, transaction.unrestored(), before, observe(reader, layout))
        raise VnetError(error.path, "%s. %s" % (error.text, aftermath), error.errno) from None


def _taken(transaction: Transaction, reader: Reader, layout: Layout, steps: List[Step]) -> Host:
    """Runs the steps and returns what is there then.

    The ports of a large bridge begin to talk to each other when it goes up, which keeps the kernel busy for seconds. So most is
    read before that, and then once more only what may have changed.
    """
    bridges = {link.id for link in layout.links if layout.name and _kinds.is_bridge(link.kind)}
    rising = (number for number, step in enumerate(steps) if isinstance(step, SetLink) and step.values.get("up") and link_of(step) in bridges)
    first = next(rising, len(steps))
    transaction.run(steps[:first])
    with _reading_ahead(reader, layout):
        transaction.commands += commands(steps[:first])  # while the other process reads
        earlier = observe(reader, layout)
    rest = steps[first:]
    if not rest:
        return earlier
    transaction.run(rest)
    transaction.commands += commands(rest)
    if any(isinstance(step, _FAR_REACHING) for step in rest):
        return observe(reader, layout)
    return observe_again(reader, layout, earlier, {link_of(step)[0] for step in rest})


@contextmanager
def _reading_ahead(reader: Reader, layout: Layout) -> Iterator[None]:
    """Of a whole layout; a single resource is not worth it."""
    if not layout.name:
        yield
        return
    from ansible_collections.nfv.vnet.plugins.module_utils._kernel._ahead import reading_ahead

    with reading_ahead(reader.namespaces, addresses=bool(layout.links)) as ahead:
        reader.look_ahead(ahead)
        yield


def _stop(number: int, _frame: Any) -> None:
    """Whoever ends the run by a signal gets the host back as it was."""
    raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)


class Transaction:
    """Steps that were taken, to be taken back in reverse."""

    def __init__(self, reader: Reader, layout: Layout, before: Host) -> None:
        self._reader = reader
        self._writer = Writer(reader)
        self._layout = layout
        self._before = before
        self._saved: Dict[LinkId, Saved] = {}
        self.taken: List[Step] = []
        self.commands: List[str] = []
        """Those of iproute2 for what was taken."""

    def save(self, steps: List[Step]) -> None:
        """Remembers the addresses and routes that the steps may cost."""
        costly = {link_of(step) for step in steps if _is_costly(step)}
        costly |= {found.id for found in self._before.links.values() if self._stands_on(found, costly)}
        for link in costly & set(self._before.links):
            self._saved[link] = save_link(self._reader.socket(link[0]), self._before.links[link].ifindex)
        for namespace in self._layout.namespaces:
            if namespace.routes is not None and self._before.exists(namespace.name):
                tables = [MAIN_TABLE] + [route.table for route in namespace.routes]
                self._saved[namespace.name, ""] = save_routes(self._reader.socket(namespace.name), tables)

    def _stands_on(self, found: FoundLink, others: Set[LinkId]) -> bool:
        """Whether a link stands on one of the others, with which it may go down."""
        seen: Set[LinkId] = set()
        link: Optional[FoundLink] = found
        while link and link.parent and link.parent not in seen:
            if link.parent in others:
                return True
            seen.add(link.parent)
            link = self._before.links.get(link.parent)
        return False

    def unrestored(self) -> List[LinkId]:
        """The links that lack an address or a route that they had."""
        return [link for link, saved in self._saved.items() if not self._exists(link[0]) or differs(self._reader.socket(link[0]), saved)]

    def run(self, steps: List[Step]) -> None:
        poorer: Dict[LinkId, Saved] = {}
        earlier = len(self.taken)
        for step, bundle in _bundled(steps, self._before):
            if not isinstance(step, (AddAddress, DeleteAddress)):
                self._restore_routes(poorer)
            if isinstance(step, DeleteAddress) and link_of(step) not in poorer:
                found = self._reader.link(step.netns, step.name)
                if found:
                    poorer[link_of(step)] = save_link(self._reader.socket(step.netns), found.ifindex)
            # a message that is refused may have been obeyed in part, so it is taken back too
            self.taken += bundle
            try:
                run(self._writer, step)
            except KernelError as error:
                if self._holds(step) or error.errno in _GONE.get(type(step), ()) or _is_down(step, error):
                    continue
                if isinstance(step, (*_IRREVERSIBLE, *_ATOMIC)):
                    self.taken[-len(bundle) :] = [one for one in bundle if self._is_gone(one)]
                about = subject(self._layout, step)
                raise VnetError(about.path, "%s: %s%s" % (about.text, error.text, hint(step, error)), error.errno) from None
        self._restore_routes(poorer)
        self.taken[earlier:] = steps  # in the order of the plan: as commands, a link that went with its namespace could not be deleted

    def _restore_routes(self, links: Dict[LinkId, Saved]) -> None:
        """The last address of a link takes all routes with it, also those that nobody spoke of."""
        while links:
            (netns, _name), saved = links.popitem()
            restore_routes(self._reader.socket(netns), saved)

    def _holds(self, step: Step) -> bool:
        """Whether a link has the value by itself: a kernel without a feature even refuses to turn it off."""
        if not isinstance(step, (SetLink, SetPort)) or step.old is not None:
            return False
        link = self._reader.link(step.netns, step.name)
        if not link:
            return False
        if isinstance(step, SetPort):
            return table.OF_PORT[step.attribute].same((link.port or {}).get(step.attribute), step.value)
        rows = _kinds.rows_of(step.kind)
        return all(rows[name].same(link.values.get(name), value) for name, value in step.values.items())

    def _is_gone(self, step: Step) -> bool:
        """Whether the step deleted what it is about, though those that it went together with failed."""
        try:
            if isinstance(step, DeleteNamespace):
                return self._before.exists(step.name) and not self._exists(step.name)
            return isinstance(step, DeleteLink) and self._reader.link(step.netns, step.name) is None
        except KernelError:  # nobody can tell
            return False

    def _exists(self, netns: str) -> bool:
        return self._reader.namespaces.identity(netns) is not None

    def undo(self) -> List[str]:
        """Takes everything back as far as that can be; returns what is lost."""
        lost = self._lost()
        claims = next((number for number, step in enumerate(self.taken) if not only_marks(step)), len(self.taken))
        for step in reversed(self.taken[claims:]):
            if not _is_irreversible(step):
                self._undo(step)
        for (netns, _name), saved in self._saved.items():
            if self._exists(netns):
                restore(self._reader.socket(netns), saved)
        for step in reversed(self.taken[:claims]):  # until then the marks remember what was there before
            self._undo(step)
        return lost

    def _lost(self) -> List[str]:
        """What was deleted, by the name that it had, and what goes by itself with that."""
        renamed = {(step.netns, step.new): step.name for step in self.taken if isinstance(step, RenameLink)}
        lost: List[str] = []
        told: Set[LinkId] = set()
        for step in reversed(self.taken):
            if isinstance(step, SetNsid) and not self._before.exists(step.name):
                continue  # it goes with the namespace
            if _is_irreversible(step):
                netns, name = link_of(step)
                before = renamed.get((netns, name), name)
                told.add((netns, before))
                lost.append("%s: %s" % (netns if name == "lo" else before, WORDS[type(step)]))
        along = sorted(_going_along(self._before, self.taken).keys() - told)
        return lost + ["%s: link delete" % name for _netns, name in along]

    def _undo(self, step: Step) -> None:
        opposite = undo(step)
        for action in ([opposite] if opposite else []) + list(restore_of(step)):
            with suppress(KernelError):  # what is not as before is found by looking at the host afterwards
                if not self._holds(action):
                    run(self._writer, action)


def _is_irreversible(step: Step) -> bool:
    """Whether nothing takes the step back."""
    return isinstance(step, _IRREVERSIBLE) and not restore_of(step)


def _is_costly(step: Step) -> bool:
    """Whether the step, or undoing it, may cost addresses or routes of a link."""
    if isinstance(step, (AddRoute, ReplaceRoute, DeleteRoute)):
        return bool(step.route.dev)
    return isinstance(step, _COSTLY) and not only_marks(step)


_UNDO: Dict[type, Callable[[Any], Optional[Step]]] = {
    CreateNamespace: lambda step: DeleteNamespace(step.name),
    SetSysctl: lambda step: None if step.old is None else step._replace(value=step.old, old=step.value),
    # without its kind: a bridge that stopped snooping to go would be kept so by the next run, if this one is cut off
    CreateLink: lambda step: DeleteLink(step.netns, step.name),
    RenameLink: lambda step: step._replace(name=step.new, new=step.name),
    MoveLink: lambda step: step._replace(netns=step.new, new=step.netns),
    SetLink: lambda step: None if step.old is None else step._replace(values=step.old, old=step.values),
    SetMaster: lambda step: None if step.old is None else step._replace(master=step.old, old=step.master),
    SetTuntap: lambda step: None if step.old is None else step._replace(values=step.old, old=step.values),
    SetPort: lambda step: None if step.old is None else step._replace(value=step.old, old=step.value),
    AddVlan: lambda step: step._replace(vlan=step.old, old=step.vlan) if step.old else DeleteVlan(step.netns, step.name, step.vlan, step.of_bridge),
    DeleteVlan: lambda step: AddVlan(step.netns, step.name, step.vlan, step.of_bridge),
    AddAddress: lambda step: DeleteAddress(step.netns, step.name, step.address),
    AddRoute: lambda step: DeleteRoute(step.netns, step.route),
    ReplaceRoute: lambda step: step._replace(route=step.old, old=step.route),
}
"""What takes a step back. What an address or a route that is deleted costs is saved beforehand and restored at the end."""


def undo(step: Step) -> Optional[Step]:
    """The step that takes this one back, None where there is nothing to take back to."""
    opposite = _UNDO.get(type(step))
    return opposite(step) if opposite else None


def _going_along(before: Host, steps: List[Step]) -> Dict[LinkId, int]:
    """The links that go by themselves, with their indexes: cables whose other ends are in namespaces that the steps delete."""
    going = {step.name for step in steps if isinstance(step, DeleteNamespace)}
    dying = {name for name in going if not before.namespaces[name].pids}
    return {key: found.ifindex for key, found in before.links.items() if found.netns not in going and found.peer and found.peer[0] in dying}


def _bundled(steps: List[Step], before: Host) -> Iterator[Tuple[Step, List[Step]]]:
    """Steps to run, each with those that it stands for: many deletions go together, as alone each takes as long as all of them.

    Namespaces go before links, of which the kernel then clears many away by itself.
    """
    along = _going_along(before, steps)
    namespaces: List[DeleteNamespace] = []
    links: Dict[Tuple[bool, str], List[DeleteLink]] = {}
    cables: List[DeleteLink] = []
    for step in steps:
        if isinstance(step, DeleteNamespace):
            namespaces.append(step)
        elif not isinstance(step, DeleteLink) or step.again:
            yield step, [step]
        elif link_of(step) in along:
            cables.append(step)
        else:
            links.setdefault((not _kinds.is_bridge(step.kind), step.netns), []).append(step)
    if namespaces:
        yield namespaces[0] if len(namespaces) == 1 else DeleteNamespaces([step.name for step in namespaces]), list(namespaces)
    for (_other, netns), bundle in sorted(links.items(), key=lambda item: item[0][0]):
        yield bundle[0] if len(bundle) == 1 else DeleteLinks(netns, [step.name for step in bundle], bundle[0].kind), list(bundle)
    if cables:
        yield AwaitLinks([(link_of(step), along[link_of(step)]) for step in cables]), list(cables)


def _create_link(writer: Writer, step: CreateLink) -> None:
    if _kinds.is_attachable(step.kind):
        writer.tuntap_add(step.netns, step.name, step.values, step.mark.get("alias", ""))
    elif step.peer:
        netns, name, values = step.peer
        writer.cable_add(step.netns, step.name, step.kind, {**step.values, **step.mark}, step.master, (netns, name), {**values, **step.mark})
    else:
        writer.link_add(step.netns, step.name, step.kind, {**step.values, **step.mark}, step.parent)


_RUN: Dict[type, Callable[[Writer, Any], None]] = {
    CreateNamespace: lambda writer, step: writer.namespace_add(step.name, step.loopback),
    DeleteNamespace: lambda writer, step: writer.namespaces_delete([step.name]),
    DeleteNamespaces: lambda writer, step: writer.namespaces_delete(step.names),
    SetNsid: lambda writer, step: writer.nsid_set("", step.name, step.nsid),
    SetSysctl: lambda writer, step: writer.sysctl_set(step.netns, step.key, step.value),
    CreateLink: _create_link,
    DeleteLink: lambda writer, step: writer.links_delete(step.netns, [step.name], step.kind),
    DeleteLinks: lambda writer, step: writer.links_delete(step.netns, step.names, step.kind),
    AwaitLinks: lambda writer, step: writer.links_await(step.links),
    RenameLink: lambda writer, step: writer.link_rename(step.netns, step.name, step.new),
    MoveLink: lambda writer, step: writer.link_move(step.netns, step.name, step.new),
    SetLink: lambda writer, step: writer.link_set(step.netns, step.name, step.kind, step.values),
    SetMaster: lambda writer, step: writer.master_set(step.netns, step.name, step.master),
    SetTuntap: lambda writer, step: writer.tuntap_set(step.netns, step.name, step.values),
    SetPort: lambda writer, step: writer.port_set(step.netns, step.name, step.attribute, step.value),
    AddVlan: lambda writer, step: writer.vlan_add(step.netns, step.name, step.vlan, step.of_bridge),
    DeleteVlan: lambda writer, step: writer.vlan_delete(step.netns, step.name, step.vlan, step.of_bridge),
    AddAddress: lambda writer, step: writer.address_add(step.netns, step.name, step.address),
    DeleteAddress: lambda writer, step: writer.address_delete(step.netns, step.name, step.address),
    AddRoute: lambda writer, step: writer.route_add(step.netns, step.route),
    ReplaceRoute: lambda writer, step: writer.route_replace(step.netns, step.route),
    DeleteRoute: lambda writer, step: writer.route_delete(step.netns, step.route),
}


def run(writer: Writer, step: Step) -> None:
    """One step. KernelError where the kernel refuses it."""
    _RUN[type(step)](writer, step)


def _is_down(step: Step, error: KernelError) -> bool:
    """Whether a link that is to go down is gone altogether."""
    return isinstance(step, SetLink) and step.values == {"up": False} and error.errno == errno.ENODEV


def _aftermath(lost: List[str], unrestored: List[LinkId], before: Host, after: Host) -> str:
    """What is not as it was before, as a sentence."""
    if lost:
        return "This cannot be taken back: %s" % "; ".join(lost)
    links = set(before.links) | set(after.links)
    changed = sorted({link for link in links if not _alike(before.links.get(link), after.links.get(link))} | set(unrestored))
    names = [(name or "routes") + (" in namespace %s" % netns if netns else "") for netns, name in changed]
    names += [
        "namespace %s" % name
        for name, found in sorted(before.namespaces.items())
        if name in after.namespaces and (found.identity, found.sysctl) != (after.namespaces[name].identity, after.namespaces[name].sysctl)
    ]
    return "The host is not quite as it was before: look at %s" % ", ".join(names) if names else "The host is as it was before"


def _alike(before: Optional[FoundLink], after: Optional[FoundLink]) -> bool:
    """Whether a link is as it was, but for what changes by itself."""
    if not before or not after:
        return before is after
    rows = _kinds.OF_KIND.get(before.kind, {}).values()
    shown = {row.name for row in rows if any(row.is_substituted(found.values, found.status) for found in (before, after))}
    one, other = (
        (
            found.ifindex,
            {name: value for name, value in found.values.items() if name not in shown},
            found.master,
            found.port and {name: value for name, value in found.port.values.items() if name != "state"},
            found.vlans,
        )
        for found in (before, after)
    )
    return one == other
