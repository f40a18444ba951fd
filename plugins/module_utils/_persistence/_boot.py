# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applies stored declarations, or says what that would change; without Ansible."""

from __future__ import annotations

import os
import sys
import time
from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Set

from ansible_collections.nfv.vnet.plugins.module_utils._errors import NO_PARAMS, Message, VnetError, full_message, printable
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import sentences
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._flags import bring_up, is_up
from ansible_collections.nfv.vnet.plugins.module_utils._layouts import converge_layout
from ansible_collections.nfv.vnet.plugins.module_utils._persistence import _ruleset, _store
from ansible_collections.nfv.vnet.plugins.module_utils._persistence._change import Change, failures_of, file_errors
from ansible_collections.nfv.vnet.plugins.module_utils._persistence._declarations import (
    Key,
    Stored,
    declared_links,
    in_order,
    needed_devices,
    needs,
    undeclared_ports,
)
from ansible_collections.nfv.vnet.plugins.module_utils._persistence._managers import ManagedLinks
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Layout
from ansible_collections.nfv.vnet.plugins.module_utils._runner import Result, converge

_LONGEST_WAIT = 10.0
"""Seconds for all devices together: after that the host starts without them."""
_PAUSE = 0.05
_UDEV_RUNS = "/run/udev/control"


class UnknownNameError(Exception):
    """Nothing is stored under a name: the sentence."""


class Applied(NamedTuple):
    """What became of one stored declaration, or would become of it. C(error): why it could not be applied, as a sentence."""

    title: str
    wanted: Optional[Layout] = None
    result: Optional[Result] = None
    error: str = ""
    ruleset: str = ""
    """The file with rules of nft(8) that are not loaded as they are there."""
    ports: Sequence[str] = ()
    """Ports of bridges that are down and to come up."""
    waits_for: str = ""
    """What else is stored, and has to be applied before."""
    options: Mapping[str, object] = NO_PARAMS

    @property
    def differs(self) -> bool:
        """Whether the host was not as stored."""
        return bool(self.error or self.ruleset or self.ports or self.waits_for) or (self.result is not None and self.result.changed)

    @property
    def warnings(self) -> List[str]:
        return [full_message(self.title, warning, self.options) for warning in self.result.warnings] if self.result else []


class Selection(NamedTuple):
    """The stored declarations that are meant, in the order in which they are applied."""

    declarations: List[Stored]
    unreadable: List[_store.Unreadable]
    devices: Dict[Key, Set[str]]
    """The network cards that each needs."""
    needs: Dict[Key, Set[Key]]
    """The other stored ones that each needs."""


def selected(names: Sequence[str]) -> Selection:
    """What is stored under these names; without any, everything. UnknownNameError for a name under which nothing is stored."""
    content = _store.read_all()
    layouts = {one.key: one.wanted for one in content.declarations}
    chosen: Set[Key] = set()
    damaged: List[_store.Unreadable] = []
    for name in names:
        keys = {key for key, wanted in layouts.items() if name in _names_of(key, wanted)}
        files = [one for one in content.unreadable if os.path.basename(one.path) == name + ".json"]
        if not keys and not files:
            known = ", ".join(sorted({key.name for key in layouts}))
            raise UnknownNameError("nothing is stored as '%s'; %s" % (printable(name), "stored are: %s" % known if known else "nothing is stored at all"))
        chosen |= keys
        damaged += files
    declarations = [one for one in in_order(content.declarations) if not names or one.key in chosen]
    return Selection(declarations, damaged if names else content.unreadable, needed_devices(layouts), needs(layouts))


def _names_of(key: Key, wanted: Layout) -> Set[str]:
    """What a user may call a declaration: by its name, its title, or by what it declares."""
    return {key.name, str(key), "%s/%s" % (key.module, key.name)} | {part for link in declared_links(wanted) for part in link if part not in ("", "lo")}


def predict_all(selection: Selection) -> Iterator[Applied]:
    """What applying each would change. Nothing is waited for, and nothing is changed."""
    yield from _of_unreadable(selection)
    differing: Dict[Key, None] = {}
    for declared in selection.declarations:
        found = _predict(declared)
        before = [str(key) for key in differing if key in selection.needs[declared.key]]
        if found.error and before:
            found = found._replace(error="", waits_for=", ".join(before))
        if found.differs:
            differing[declared.key] = None
        yield found


def apply_all(selection: Selection) -> Iterator[Applied]:
    """Applies the declarations one by one, in the order of what they need, and yields what became of each."""
    yield from _of_unreadable(selection)
    deadline = time.monotonic() + _LONGEST_WAIT
    for declared in selection.declarations:
        _wait_for(selection.devices[declared.key], deadline)
        yield _apply(declared)


def _of_unreadable(selection: Selection) -> Iterator[Applied]:
    for unreadable in selection.unreadable:
        yield Applied(unreadable.path, error=str(unreadable))


class _Application(Change):
    """Nothing is stored, but the network managers let go of the links, and the rules of nft are loaded."""

    def __init__(self, declared: Stored) -> None:
        self._declared = declared
        self._managed = ManagedLinks(declared.key, declared)
        self.ruleset = ""
        self.ports: List[str] = []
        super().__init__()

    @property
    def held(self) -> List[str]:
        return self._managed.held

    def _look(self) -> None:
        now = _store.read_if_readable(self._declared.key)
        if now is None or now.options != self._declared.options:
            raise VnetError((), "a task has changed what is stored meanwhile")
        self.ruleset = _ruleset.differing(self._declared.key)
        self.ports = _ports_down(self._declared)
        self.changed = bool(self.ruleset) or self._managed.is_due or bool(self._managed.held) or bool(self.ports)

    def _prepare(self) -> None:
        self._managed.check()

    def take_over(self) -> bool:
        with file_errors():
            return self._managed.take_over()

    def give_back(self) -> None:
        with file_errors():
            self._managed.give_back()

    def _abandon(self) -> List[str]:
        return failures_of(self._managed.undo)

    def _commit(self) -> None:
        for name in self.ports:
            bring_up(name)
        if self.ruleset:
            _ruleset.load(self._declared.key)


def _ports_down(declared: Stored) -> List[str]:
    """The ports that are only listed, there, and down: the managers do not bring them up any more."""
    names = undeclared_ports(declared.wanted)
    return [name for name in sorted(names) if os.path.exists("/sys/class/net/" + name) and not is_up(name)]


def _apply(declared: Stored) -> Applied:
    try:
        with sentences():
            wanted = declared.layout()
            application = _Application(declared)
            result = converge_layout(wanted, False, application) if wanted.name else converge(wanted, False, None, application)
            return Applied(str(declared.key), wanted, result, ruleset=application.ruleset, ports=application.ports, options=declared.options)
    except Exception as error:  # whatever it is, the others are applied
        return _failed(declared, error)


def _predict(declared: Stored) -> Applied:
    try:
        with sentences():
            wanted = declared.layout()
            result = converge_layout(wanted, True) if wanted.name else converge(wanted, True, alone=True)
            ruleset, ports = _ruleset.differing(declared.key), _ports_down(declared)
            return Applied(str(declared.key), wanted, result, ruleset=ruleset, ports=ports, options=declared.options)
    except Exception as error:
        return _failed(declared, error)


def _failed(declared: Stored, error: Exception) -> Applied:
    message = Message(error.path, error.text) if isinstance(error, VnetError) else Message((), "an error of nfv-vnet itself: %r" % error)
    return Applied(str(declared.key), error=full_message(str(declared.key), message, declared.options))


def _wait_for(names: Set[str], deadline: float) -> None:
    """Waits until udev has named and set up the devices, or the time is over: then what needs them fails, and says so."""
    missing = [name for name in sorted(names) if not _is_ready(name)]
    left = deadline - time.monotonic()
    if missing and left > 0:
        sys.stderr.write("nfv-vnet: waiting for %s, for %d seconds at most\n" % (", ".join(map(printable, missing)), left))
        sys.stderr.flush()
    while not all(map(_is_ready, names)) and time.monotonic() < deadline:
        time.sleep(_PAUSE)


def _is_ready(name: str) -> bool:
    try:
        with open("/sys/class/net/%s/ifindex" % name, encoding="ascii") as file:
            index = file.read().strip()
    except OSError:
        return False
    return not os.path.exists(_UDEV_RUNS) or os.path.exists("/run/udev/data/n" + index)
