# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading ahead: while this process finds out what it is to do, another one reads all namespaces that have a name."""

from __future__ import annotations

import marshal
import os
import signal
import sys
from contextlib import contextmanager, suppress
from typing import Any, Dict, Iterator, List, NoReturn, Optional

from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _namespaces
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._namespaces import Namespaces
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._visit import Found, Visitor

_MANY = 100
"""So many namespaces take longer to read than a process to be made."""


class Ahead:
    """What another process reads, and sends at once when it has read all."""

    def __init__(self, pid: int, pipe: int) -> None:
        self._pid = pid
        self._pipe = pipe
        self._found: Optional[Dict[str, Found]] = None

    def found(self, netns: str) -> Optional[Found]:
        """Waits until all is read. None where this namespace was not."""
        if self._found is None:
            with open(self._pipe, "rb", closefd=False) as pipe:
                self._found = {name: Found(*content) for name, content in _loaded(pipe.read()).items()}
        return self._found.get(netns)

    def forget(self, netns: str) -> None:
        """Another namespace has the name now."""
        if self._found:
            self._found.pop(netns, None)

    def close(self) -> None:
        """The other process ends, if only because nobody reads what it sends; what it has read is let go."""
        if self._pipe < 0:
            return
        os.close(self._pipe)
        self._pipe = -1
        with suppress(OSError):  # who ignores SIGCHLD has no children to wait for
            os.waitpid(self._pid, 0)
        self._found = {}


@contextmanager
def reading_ahead(namespaces: Namespaces, addresses: bool) -> Iterator[Optional[Ahead]]:
    """What another process reads during the block, with or without C(addresses). None where that is not worth it, or no other process is to be had."""
    ahead = _started(namespaces, addresses)
    try:
        yield ahead
    finally:
        if ahead:
            ahead.close()


def _started(namespaces: Namespaces, addresses: bool) -> Optional[Ahead]:
    names = _namespaces.names()
    if not _pays(names):
        return None
    try:
        reading, writing = os.pipe()
    except OSError:
        return None
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # the other one must not do what this one would
    try:
        pid = os.fork()
        if not pid:
            _work(reading, writing, Visitor(namespaces), names, addresses)
    except OSError:
        os.close(reading)
        return None
    finally:
        os.close(writing)
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    return Ahead(pid, reading)


def _pays(names: List[str]) -> bool:
    """Whether there is enough to read, and a processor to do it. Other threads would be cut off in the new process, whatever they hold."""
    return len(names) >= _MANY and len(os.sched_getaffinity(0)) > 1 and len(sys._current_frames()) == 1


def _work(reading: int, writing: int, visitor: Visitor, names: List[str], addresses: bool) -> NoReturn:
    """The whole of the other process. Where it fails it sends nothing: whoever reads the same once more says what is wrong."""
    try:
        os.close(reading)  # or nobody would tell it that nobody reads any more
        content = marshal.dumps(_read(visitor, names, addresses))
        with open(writing, "wb") as output:
            output.write(content)
    finally:
        os._exit(0)


def _read(visitor: Visitor, names: List[str], addresses: bool) -> Dict[str, Any]:
    found = {}
    for name in names:
        identity, home = visitor.visit(name, to_find_ends=True)
        if identity:
            found[name] = (identity, home, visitor.link_messages(name), visitor.address_messages(name) if addresses else None)
        visitor.forget(name)
    return found


def _loaded(sent: bytes) -> Dict[str, Any]:
    try:
        return dict(marshal.loads(sent))
    except EOFError:  # it failed, or was ended
        return {}
