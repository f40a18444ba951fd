# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other processes: their results, their privileges, and waiting for them."""

from __future__ import annotations

import ctypes
import os
import pickle
import select
import signal
import struct
import sys
import time
import traceback
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Callable, ClassVar, Iterator, TypeVar

from support import call

NOBODY = 65534
_LINUX_CAPABILITY_VERSION_3 = 0x20080522
Value = TypeVar("Value")


class ChildError(Exception):
    """An exception in a child process, with its traceback."""


class Child:
    """A forked process that runs one function and returns its result."""

    _running: ClassVar[set[Child]] = set()

    def __init__(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> None:
        reader, writer = os.pipe2(os.O_CLOEXEC)
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(reader)
            _answer(writer, function, arguments, options)
        os.close(writer)
        self._reader = reader
        self._running.add(self)

    def result(self, seconds: float = 60) -> Any:
        """The result of the function; raises its exception, or ChildError if it takes too long."""
        answer = bytearray()
        deadline = time.monotonic() + seconds
        try:
            while True:
                ready, _, _ = select.select([self._reader], [], [], max(0.0, deadline - time.monotonic()))
                if not ready:
                    raise ChildError(f"no answer within {seconds} s")
                piece = os.read(self._reader, 1 << 16)
                if not piece:
                    break
                answer += piece
        finally:
            self.end()
        if not answer:
            raise ChildError("the child ended without an answer")
        returned, value = pickle.loads(bytes(answer))
        if not returned:
            raise value
        return value

    def end(self) -> None:
        if self in self._running:
            self._running.remove(self)
            os.close(self._reader)
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)

    @classmethod
    def end_all(cls) -> None:
        """End those that a failed test has left."""
        for process in list(cls._running):
            process.end()


def _answer(writer: int, function: Callable[..., Any], arguments: Any, options: Any) -> None:
    try:
        try:
            answer = pickle.dumps((True, function(*arguments, **options)))
        except BaseException as error:
            answer = _pickled(error)
        view = memoryview(answer)
        while view:
            view = view[os.write(writer, view) :]
        os.close(writer)
        signal.pause()  # whoever wants the answer ends this process
    finally:
        os._exit(1)


def _pickled(error: BaseException) -> bytes:
    try:
        answer = pickle.dumps((False, error))
        pickle.loads(answer)
        return answer
    except Exception:
        return pickle.dumps((False, ChildError(traceback.format_exc())))


@contextmanager
def child(function: Callable[..., Any], *arguments: Any, **options: Any) -> Iterator[Child]:
    """A process that is ended with the block."""
    process = Child(function, *arguments, **options)
    try:
        yield process
    finally:
        process.end()


def in_child(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """The result of the function in a process of its own."""
    return Child(function, *arguments, **options).result()


def without_capabilities(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """The result of the function for this user without capabilities."""

    def limited() -> Any:
        drop_capabilities()
        return function(*arguments, **options)

    return in_child(limited)


def as_user(uid: int, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """The result of the function for another user, without other groups and capabilities."""

    def limited() -> Any:
        become(uid)
        return function(*arguments, **options)

    return in_child(limited)


def drop_capabilities() -> None:
    header = struct.pack("=Ii", _LINUX_CAPABILITY_VERSION_3, 0)
    call("capset", ctypes.create_string_buffer(header), ctypes.create_string_buffer(24))


def become(uid: int) -> None:
    if uid == os.getuid():
        drop_capabilities()
        return
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    drop_capabilities()


def mapped(uid: int) -> bool:
    """Whether the user is mapped in this user namespace."""
    entries = (map(int, line.split()) for line in Path("/proc/self/uid_map").read_text().splitlines())
    return any(start <= uid < start + count for start, _, count in entries)


def wait_for(condition: Callable[[], Value], seconds: float = 5, pause: float = 0.005) -> Value:
    """The first true value of the condition; AssertionError if there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"still {value!r} after {seconds} s"
        time.sleep(pause)


def open_files(pid: int | str = "self") -> list[str]:
    """What the descriptors of a process are open on, but for those that it closes meanwhile."""
    found = []
    for entry in os.scandir(f"/proc/{pid}/fd"):
        with suppress(FileNotFoundError):
            found.append(os.readlink(entry.path))
    return found


def network_namespace(pid: str = "self") -> tuple[int, int]:
    status = os.stat(f"/proc/{pid}/ns/net")
    return status.st_dev, status.st_ino
