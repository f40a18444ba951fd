# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The moments at which a run may be cut off: before each call that changes the kernel, and so after the one before it."""

from __future__ import annotations

import errno
import os
import signal
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, Callable, Dict, List, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._apply import _run
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _namespaces, _sysctl, _tuntap
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._registry import RecordsFile
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._socket import NetlinkSocket
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    AddAddress,
    AddEntry,
    AddRoute,
    AddVlan,
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
    SetLink,
    SetNsid,
    SetPort,
    Step,
)
from processes import Child, ChildError

Work = Callable[["Moments"], Any]
_GETTERS = ("setns",)
"""Functions of libc that change nothing but the process itself."""


class Moments:
    """Counts the calls that change the kernel, and ends the process before the one with the number C(last)."""

    def __init__(self, last: int = 0) -> None:
        self.calls: List[str] = []
        """The calls, by what they do."""
        self.failed_at = 0
        """How many there were when C(fault) was asked for an error."""
        self._last = last

    def fault(self) -> KernelError:
        self.failed_at = len(self.calls)
        return KernelError(errno.EIO, "injected")

    @property
    def count(self) -> int:
        return len(self.calls)

    def chosen(self, every: bool) -> List[int]:
        """The numbers of the moments after the fault, if there was one: all, or the first between each two classes of calls."""
        numbers = range(self.failed_at + 1, self.count + 1)
        if every:
            return list(numbers)
        between: Dict[Tuple[str, ...], int] = {}
        for number in numbers:
            between.setdefault(tuple(self.calls[max(0, number - 2) : number]), number)
        return sorted({*between.values(), self.count})

    def install(self) -> None:
        """For the rest of this process, which must be a child: nothing is put back."""
        for home, name in ((NetlinkSocket, "request"), (_sysctl, "write"), (os, "unlink"), (os, "rename"), (RecordsFile, "append")):
            setattr(home, name, self._counted(getattr(home, name)))
        os.open = self._counted(os.open, lambda _path, flags, *_mode, **_more: bool(flags & os.O_CREAT))
        _tuntap.fcntl = SimpleNamespace(ioctl=self._counted(_tuntap.fcntl.ioctl))  # type: ignore
        call = _namespaces.Namespaces._call
        _namespaces.Namespaces._call = self._counted(call, lambda _self, function, *_arguments: function not in _GETTERS)  # type: ignore

    def _counted(self, function: Callable[..., Any], counts: Callable[..., bool] = lambda *_arguments, **_more: True) -> Callable[..., Any]:
        def counted(*arguments: Any, **more: Any) -> Any:
            if counts(*arguments, **more):
                self.calls.append(_class_of(function.__name__, arguments))
                if len(self.calls) == self._last:
                    os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **more)

        return counted


def _class_of(function: str, arguments: Tuple[Any, ...]) -> str:
    """The name of a function, with its second argument: the type of a message, the code of an ioctl, what libc is called for."""
    return " ".join([function, *(str(argument) for argument in arguments[1:2] if isinstance(argument, (int, str)))])


def moments_of(work: Work) -> Moments:
    """How many there are, after the work was done in a process of its own."""

    def whole() -> Moments:
        moments = Moments()
        moments.install()
        work(moments)
        return moments

    found: Moments = Child(whole).result()
    return found


def cut_off(work: Work, moment: int) -> bool:
    """Does the work in a process of its own until SIGKILL ends it at this moment. Returns whether it was reached: a run that has to repeat
    something, as the kernel was slow, has more moments than another."""

    def part() -> None:
        moments = Moments(moment)
        moments.install()
        work(moments)

    try:
        Child(part).result()
    except ChildError as error:
        assert "ended without an answer" in str(error)  # noqa: PT017 - any other is a mistake in the work
        return True
    return False


DELETIONS = (DeleteNamespace, DeleteNamespaces, DeleteLink, DeleteLinks, AwaitLinks)
WHOLE = (*DELETIONS, CreateNamespace, CreateLink, AddVlan, DeleteVlan, AddAddress, DeleteAddress, AddRoute, DeleteRoute, AddEntry, DeleteEntry, SetNsid)
"""What the kernel does as a whole or not at all; of the rest a message that it refuses may have been obeyed in part."""


def may_be_held(step: Step) -> bool:
    """Whether the step sets what a new link may have by itself, so that it need not work."""
    return isinstance(step, (SetLink, SetPort)) and step.old is None


def first_of_each_type(steps: List[Step], numbers: List[int]) -> List[int]:
    """Of the numbers of steps, from 1, those of the first step of each type."""
    first: Dict[type, int] = {}
    for number in numbers:
        first.setdefault(type(steps[number - 1]), number)
    return list(first.values())


class Failing:
    """Runs steps as the engine does, but for the one with this number: that fails, before or after it was done."""

    def __init__(self, number: int = 0, make_error: Callable[[], BaseException] = lambda: KernelError(errno.EIO, "injected"), done: bool = False) -> None:
        self.steps: List[Step] = []
        """Those that were tried, those of the undoing too."""
        self.failed: Optional[Step] = None
        self._number, self._make_error, self._done = number, make_error, done
        self._run = _run.run

    def __enter__(self) -> Failing:
        _run.run = self
        return self

    def __exit__(self, *_error: Any) -> None:
        _run.run = self._run

    def __call__(self, writer: Any, step: Step) -> None:
        self.steps.append(step)
        if len(self.steps) != self._number:
            self._run(writer, step)
            return
        self.failed = step
        if self._done:
            with suppress(KernelError):
                self._run(writer, step)
        raise self._make_error()


class Overtaken:
    """Runs steps as the engine does, but those of this type twice: the first time as if somebody else had just done it."""

    def __init__(self, step_type: type) -> None:
        self.times = 0
        self._step_type, self._run = step_type, _run.run

    def __enter__(self) -> Overtaken:
        _run.run = self
        return self

    def __exit__(self, *_error: Any) -> None:
        _run.run = self._run

    def __call__(self, writer: Any, step: Step) -> None:
        if isinstance(step, self._step_type):
            self.times += 1
            self._run(writer, step)
        self._run(writer, step)
