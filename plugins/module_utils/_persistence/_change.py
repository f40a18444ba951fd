# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task does to the stored declarations, beside its change of the host: it keeps, stores or forgets what is stored of its resource."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import Any, Callable, Iterator, List, Mapping, Sequence, Set

from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._handover import Handover
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._connection import connection, is_network_of_host
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._namespaces import Namespaces
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from ansible_collections.nfv.vnet.plugins.module_utils._names import PERSISTENT
from ansible_collections.nfv.vnet.plugins.module_utils._options._declaration import MODULE as LAYOUT
from ansible_collections.nfv.vnet.plugins.module_utils._options._modules import KERNEL_KIND_OF
from ansible_collections.nfv.vnet.plugins.module_utils._persistence import Outcome, _engine, _store, _unit
from ansible_collections.nfv.vnet.plugins.module_utils._persistence._declarations import (
    Key,
    Stored,
    check_storable,
    declared_links,
    dependants,
    key_of,
    missing_links,
    refuse_path,
    stored,
)
from ansible_collections.nfv.vnet.plugins.module_utils._persistence._managers import ManagedLinks, is_card
from ansible_collections.nfv.vnet.plugins.module_utils._resources import LinkId


def change(module: str, params: Mapping[str, Any]) -> Change:
    """What a task does to what is stored. VnetError if it cannot."""
    asked = params[PERSISTENT]
    if not is_network_of_host():
        if asked is None:
            return Change()
        text = "the task runs in another network namespace than that of the host; what is stored is for the host, so run it there"
        raise VnetError((PERSISTENT,), text)
    key = key_of(module, params)
    if key is None:
        if asked:
            refuse_path(params["netns"])
        return Change()
    if asked and params["state"] == "present":
        return _Storage(stored(module, params))
    if params["state"] == "absent":
        return _Removal(key)
    return _Retention(stored(module, params)) if asked is None else _Removal(key, keeps_resource=True)


class Change(Handover):
    """Nothing is changed. The other classes look at what is stored when they are made, and again when the lock is held."""

    changed = False
    """Whether the task changes what is stored, or what applies it."""

    def __init__(self) -> None:
        self._look()

    def outcome(self, changed: bool) -> Outcome:
        """What it comes to. C(changed): whether the task changes the host."""
        found = self._outcome()
        return found._replace(warnings=[*found.warnings, *(self._warnings_of_change() if changed else ())])

    def _outcome(self) -> Outcome:
        return Outcome()

    def _warnings_of_change(self) -> Sequence[str]:
        """What is to be said if the task changes the host."""
        return ()

    @contextmanager
    def made(self) -> Iterator[None]:
        """Makes the change after the block, in which the host is changed: that calls C(take_over) and C(give_back)."""
        self._look()  # another run may have stored something meanwhile
        if not self.changed:
            yield
            return
        try:
            with file_errors():
                self._prepare()
            yield
            with file_errors():
                self._commit()
        except BaseException as error:
            lost = self._abandon()
            if lost and isinstance(error, VnetError):
                raise VnetError(error.path, "%s. This cannot be undone: %s" % (error.text, "; ".join(lost)), error.errno) from None
            raise

    def _look(self) -> None:
        """Reads what is stored. VnetError if the change is not possible."""

    def _prepare(self) -> None:
        """Does what may fail."""

    def _abandon(self) -> List[str]:
        """Undoes what was done as far as it came. Returns what could not be undone."""
        return []

    def _commit(self) -> None:
        """Completes the change."""


class _Retention(Change):
    """What is stored of the resource is kept. If the task changes the host, a reboot may bring back something else."""

    def __init__(self, declared: Stored) -> None:
        self._declared = declared
        self._key = declared.key
        super().__init__()

    def _look(self) -> None:
        self._unreadable: List[str] = []
        try:
            self._own = _store.read_if_readable(self._key)
        except VnetError as error:
            self._own = None
            self._unreadable.append(error.text)

    def _outcome(self) -> Outcome:
        return Outcome(False, self._own, self._own, self._unreadable)

    def _warnings_of_change(self) -> Sequence[str]:
        if self._own and self._own.says_the_same(self._declared):
            return ()
        links = declared_links(self._declared.wanted)
        content = _store.read_all()
        keys = [one.key for one in content.declarations if links & declared_links(one.wanted)]
        own = "it is stored with other options; a reboot brings these back, and takes what else was set; with persistent: true this task is stored in its place"
        other = "%s is stored and declares it, too; a reboot brings that back, and takes what else was set; change it in that task"
        return [own if key == self._key else other % str(key) for key in keys] + [str(one) for one in content.unreadable]


class _Storage(Change):
    """The declaration of the task is stored."""

    def __init__(self, declared: Stored) -> None:
        self._declared = declared
        self._key = declared.key
        self._managed = ManagedLinks(declared.key, declared)
        self._warnings: List[str] = []
        super().__init__()

    @property
    def held(self) -> List[str]:
        return self._managed.held if self._differs else []

    @property
    def returned(self) -> List[str]:
        return self._managed.returned if self._differs else []

    def _outcome(self) -> Outcome:
        after = self._declared if self._differs else self._before
        return Outcome(self.changed, self._before, after, self._warnings, installs=not self._is_installed)

    def _look(self) -> None:
        self._before = _store.read_if_readable(self._key)
        self._differs = self._before is None or not self._before.says_the_same(self._declared)
        self._is_installed = _is_installed()
        self.changed = self._differs or not self._is_installed
        if self._differs:
            others = [one for one in _store.read_all().declarations if one.key != self._key]
            check_storable(self._declared, others)
            self._managed.check()
            self._warnings = self._warnings_of(others)
        if not self._is_installed:
            _engine.check_python()

    def _warnings_of(self, others: List[Stored]) -> List[str]:
        """What a reboot does not bring back, but this needs."""
        missing = [link for link in missing_links(self._declared, others) if not is_card(link)]
        text = "%s is needed and not stored; unless something else creates it when the host starts, this cannot be applied"
        return [text % link for link in missing] + self._warnings_of_lost() + self._warnings_of_connection()

    def _warnings_of_lost(self) -> List[str]:
        """That options were stored which this task does not give: it is stored in place of the other one, not in addition."""
        lost = ", ".join(name for name in self._before.given if name not in self._declared.given) if self._before else ""
        return (
            ["this is stored in place of what was stored with %s, which this task does not give; a reboot does not bring that back any more" % lost]
            if lost
            else []
        )

    def _warnings_of_connection(self) -> List[str]:
        """That the address of this connection is on one of the links, and not declared."""
        ends = connection()
        links = [link for link in self._declared.wanted.links if not link.netns]
        if not ends or any(address.local == ends.server for link in links for address in link.addresses or ()):
            return []
        holder = _link_with(ends.server)
        text = (
            "%s on %s, which this connection uses, is not declared, so a reboot does not bring it back unless a network manager does; declare addresses, routes"
        )
        return [text % (ends.server, holder)] if holder in [link.name for link in links] else []

    def _prepare(self) -> None:
        if not _engine.is_current():
            _engine.install()
        self._warnings += _unit.install(_engine.python())
        if self._differs:
            _store.prepare(self._declared)

    def take_over(self) -> bool:
        with file_errors():
            return self._differs and self._managed.take_over()

    def give_back(self) -> None:
        if self._differs:
            with file_errors():
                self._managed.give_back()

    def take_again(self) -> bool:
        return self._managed.take_again()

    def _abandon(self) -> List[str]:
        return failures_of(lambda: _store.abandon(self._key), self._managed.undo, _uninstall_if_unused)

    def _commit(self) -> None:
        if self._differs:
            _store.commit(self._key)
        if not self._is_installed:
            _unit.start()


class _Removal(Change):
    """What is stored of the resource is forgotten, and what is stored of others that go with it."""

    def __init__(self, key: Key, keeps_resource: bool = False) -> None:
        self._keeps_resource = keeps_resource
        self._key = key
        super().__init__()

    def _outcome(self) -> Outcome:
        others = [str(key) for key in self._forgotten if key != self._key]
        return Outcome(self.changed, self._before, None, self._warnings, others)

    def _look(self) -> None:
        self._before = _store.read_if_readable(self._key)
        content = _store.read_all()
        others = [one for one in content.declarations if one.key != self._key]
        going = [] if self._keeps_resource or self._key.module == LAYOUT else [one for one in others if self._takes_along(one)]
        self._forgotten = [one.key for one in going] + ([self._key] if _store.exists(self._key) else [])
        self._managed = [links for links in map(ManagedLinks, dict.fromkeys([*self._forgotten, self._key])) if links.are_told]
        self.changed = bool(self._forgotten)
        self._warnings = [str(one) for one in content.unreadable] + self._warnings_of(others, going)

    def _takes_along(self, other: Stored) -> bool:
        """Whether the other resource goes with this one: it is the other end of a cable, or in the namespace."""
        alike = other.key.module == self._key.module or self._key.module not in KERNEL_KIND_OF
        return alike and other.key.module != LAYOUT and bool(self._removed(declared_links(other.wanted)))

    def _removed(self, links: Set[LinkId]) -> Set[LinkId]:
        """Which of the links go with the resource."""
        if self._key.module == LAYOUT:
            return set()  # what a layout has is stored with it alone
        if self._key.module in KERNEL_KIND_OF:
            return links & {(self._key.netns, self._key.name)}
        return {link for link in links if link[0] == self._key.name}

    def _warnings_of(self, others: List[Stored], going: List[Stored]) -> List[str]:
        """What stays stored, and declares or needs what goes."""
        staying = [one for one in others if one not in going]
        forgotten = [*going, *([self._before] if self._before else [])]
        links = {link for one in forgotten for link in declared_links(one.wanted)}
        needing = "%s is stored, and needs what is forgotten; after a reboot it cannot be applied, unless something else creates that"
        warnings = [needing % str(key) for key in dependants(links, staying)]
        if not self._keeps_resource:
            text = "%s is stored, and declares what this task removes; a reboot brings it back; change it in that task"
            warnings += [text % str(one.key) for one in staying if self._removed(declared_links(one.wanted))]
        return warnings

    @property
    def returned(self) -> List[str]:
        return sorted({name for links in self._managed for name in links.returned})

    def give_back(self) -> None:
        with file_errors():
            for links in self._managed:
                links.give_back()

    def take_again(self) -> bool:
        again = [links.take_again() for links in self._managed]
        return any(again)

    def _abandon(self) -> List[str]:
        return failures_of(*(links.undo for links in self._managed))

    def _commit(self) -> None:
        for key in self._forgotten:
            _store.forget(key)
        _uninstall_if_unused()


def _link_with(address: str) -> str:
    """The link of the host that has an address, '' if none has."""
    namespaces = Namespaces()
    reader = Reader(namespaces)
    try:
        names = {raw.ifindex: raw.name for raw in reader.links("")}
        found = (names[index] for index, addresses in reader.addresses("").items() if any(one.local == address for one in addresses))
        return next(found, "")
    finally:
        reader.close()
        namespaces.close()


def failures_of(*steps: Callable[[], None]) -> List[str]:
    """Runs every step. Returns what failed, as parts of a sentence."""
    lost = []
    for step in steps:
        try:
            with file_errors():
                step()
        except VnetError as error:
            lost.append(error.text)
    return lost


def _is_installed() -> bool:
    """Whether the engine and the unit are there."""
    return _engine.is_current() and _unit.is_installed(_engine.python())


def _uninstall_if_unused() -> None:
    if not _store.is_used():
        _unit.uninstall()
        _engine.uninstall()


@contextmanager
def file_errors() -> Iterator[None]:
    """Turns an error of a file in the block into a VnetError."""
    try:
        yield
    except OSError as error:
        place = error.filename2 or error.filename or "what is to be stored"
        text = "%s cannot be written: %s" % (place, os.strerror(error.errno or errno.EIO))
        raise VnetError((PERSISTENT,), text, error.errno or 0) from None
