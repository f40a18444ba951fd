# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applies stored declarations, or says what that would change; without Ansible."""

from __future__ import annotations

import os
import time
from typing import Iterator, List, NamedTuple, Optional, Sequence, Set

from ansible_collections.nfv.vnet.plugins.module_utils._errors import Message, VnetError, printable
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import sentences
from ansible_collections.nfv.vnet.plugins.module_utils._layouts import converge_layout
from ansible_collections.nfv.vnet.plugins.module_utils._persistence import _ruleset
from ansible_collections.nfv.vnet.plugins.module_utils._persistence._declarations import Key, Stored, in_order, needed_devices
from ansible_collections.nfv.vnet.plugins.module_utils._persistence._managers import Handover
from ansible_collections.nfv.vnet.plugins.module_utils._persistence._store import Content, read_all
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Layout
from ansible_collections.nfv.vnet.plugins.module_utils._runner import Result, converge

_LONGEST_WAIT = 10.0
"""Seconds for all devices together: after that the host starts without them."""
_PAUSE = 0.05
_UDEV_RUNS = "/run/udev/control"


class Applied(NamedTuple):
    """What became of one stored declaration, or would become of it. C(error): why it could not be applied, as a sentence."""

    title: str
    wanted: Optional[Layout] = None
    result: Optional[Result] = None
    error: str = ""
    ruleset_differs: bool = False

    @property
    def differs(self) -> bool:
        """Whether the host was not as stored."""
        return bool(self.error) or self.ruleset_differs or (self.result is not None and self.result.changed)

    @property
    def warnings(self) -> List[Message]:
        return self.result.warnings if self.result else []


def selected(names: Sequence[str]) -> Content:
    """What is stored under these names; without any, everything. VnetError for a name under which nothing is stored."""
    content = read_all()
    for name in names:
        if not any(one.key.name == name for one in content.declarations):
            known = ", ".join(sorted({one.key.name for one in content.declarations}))
            raise VnetError((), "nothing is stored as %s; %s" % (printable(name), "there are %s" % known if known else "nothing is stored at all"))
    return content._replace(declarations=[one for one in content.declarations if not names or one.key.name in names])


def apply_all(content: Content, check_mode: bool) -> Iterator[Applied]:
    """Applies the declarations one by one, in the order of what they need, and yields what became of each."""
    for unreadable in content.unreadable:
        yield Applied(unreadable.path, error=str(unreadable))
    devices = needed_devices({one.key: one.layout(check_mode=True) for one in content.declarations})
    deadline = time.monotonic() + _LONGEST_WAIT
    for declared in in_order(content.declarations):
        if not check_mode:
            _wait_for(devices[declared.key], deadline)
        yield _apply(declared, check_mode)


def _apply(declared: Stored, check_mode: bool) -> Applied:
    title = str(declared.key)
    try:
        with sentences():
            wanted = declared.layout()
            handover = Handover(declared)
            if not check_mode:
                handover.check()
                handover.begin()
            try:
                result = converge_layout(wanted, check_mode) if wanted.name else converge(wanted, check_mode)
            except BaseException:
                handover.undo()
                raise
            differs = _ruleset.differs(declared.key)
            if not check_mode:
                handover.complete()
                if differs:
                    _ruleset.load(declared.key)
            return Applied(title, wanted, result, ruleset_differs=differs)
    except VnetError as error:
        return Applied(title, error=_sentence(declared.key, error))


def _sentence(key: Key, error: VnetError) -> str:
    return printable("%s: %s" % (str(key), error))


def _wait_for(names: Set[str], deadline: float) -> None:
    """Waits until udev has named and set up the devices, or the time is over: then what needs them fails, and says so."""
    while not all(map(_is_ready, names)) and time.monotonic() < deadline:
        time.sleep(_PAUSE)


def _is_ready(name: str) -> bool:
    try:
        with open("/sys/class/net/%s/ifindex" % name, encoding="ascii") as file:
            index = file.read().strip()
    except OSError:
        return False
    return not os.path.exists(_UDEV_RUNS) or os.path.exists("/run/udev/data/n" + index)
