# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads all named namespaces in a child process, while this process prepares the task."""

from __future__ import annotations

import marshal
import os
import signal
import sys
from contextlib import contextmanager, suppress
from typing import Any, Dict, Iterator, List, NoReturn, Optional

from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _namespaces
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._messages import MessageReader, NamespaceMessages, Opened
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._namespaces import Namespaces

_MANY = 100
"""With fewer namespaces a child process costs more than it saves."""


class Prefetch:
    """The messages that a child process reads. It sends all at once."""

    def __init__(self, pid: int, pipe: int) -> None:
        self._pid = pid
        self._pipe = pipe
        self._messages: Optional[Dict[str, NamespaceMessages]] = None

    def messages(self, netns: str) -> Optional[NamespaceMessages]:
        """The messages of a namespace. Waits until all are read. None if this one was not read."""
        if self._messages is None:
            with open(self._pipe, "rb", closefd=False) as pipe:
                self._messages = {name: NamespaceMessages(Opened(*opened), *content) for name, (opened, *content) in _loaded(pipe.read()).items()}
        return self._messages.get(netns)

    def forget(self, netns: str) -> None:
        """Discards the messages of a namespace that was replaced."""
        if self._messages:
            self._messages.pop(netns, None)

    def close(self) -> None:
        """Ends the child process and discards what it has read."""
        if self._pipe < 0:
            return
        os.close(self._pipe)
        self._pipe = -1
        with suppress(OSError):  # with SIGCHLD ignored there is no child to wait for
            os.waitpid(self._pid, 0)
        self._messages = {}


@contextmanager
def prefetching(namespaces: Namespaces, addresses: bool) -> Iterator[Optional[Prefetch]]:
    """Prefetches during the block, with or without C(addresses). Yields None if that is not worth it or not possible."""
    prefetched = _started(namespaces, addresses)
    try:
        yield prefetched
    finally:
        if prefetched:
            prefetched.close()


def _started(namespaces: Namespaces, addresses: bool) -> Optional[Prefetch]:
    names = _namespaces.names()
    if not _is_worth_it(names):
        return None
    try:
        reading, writing = os.pipe()
    except OSError:
        return None
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # the child must not run the signal handlers of this process
    try:
        pid = os.fork()
        if not pid:
            _work(reading, writing, MessageReader(namespaces), names, addresses)
    except OSError:
        os.close(reading)
        return None
    finally:
        os.close(writing)
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    return Prefetch(pid, reading)


def _is_worth_it(names: List[str]) -> bool:
    """Whether there is enough to read, and a second processor. Threads would not survive the fork, but their locks would."""
    return len(names) >= _MANY and len(os.sched_getaffinity(0)) > 1 and len(sys._current_frames()) == 1


def _work(reading: int, writing: int, reader: MessageReader, names: List[str], addresses: bool) -> NoReturn:
    """Runs the child process. If it fails it sends nothing; the parent reads the same again and reports the error."""
    try:
        os.close(reading)  # or it would not notice that the parent has closed it
        content = marshal.dumps(_read(reader, names, addresses))
        with open(writing, "wb") as output:
            output.write(content)
    finally:
        os._exit(0)


def _read(reader: MessageReader, names: List[str], addresses: bool) -> Dict[str, Any]:
    found = {}
    for name in names:
        opened = reader.open_namespace(name, with_nsid=True)
        if opened:
            found[name] = (tuple(opened), reader.link_messages(name), reader.address_messages(name) if addresses else None)
        reader.forget(name)
    return found


def _loaded(sent: bytes) -> Dict[str, Any]:
    try:
        return dict(marshal.loads(sent))
    except EOFError:  # the child failed or was ended
        return {}
