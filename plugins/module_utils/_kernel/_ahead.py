# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading ahead: while this process finds out what it is to do, another one reads all namespaces that have a name."""

from __future__ import annotations

import marshal
import os
import signal
import sys
from contextlib import contextmanager, suppress
from typing import Any, Dict, Iterator, List, Optional

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

    def close(self) -> None:
        os.close(self._pipe)
        with suppress(OSError):  # who ignores SIGCHLD has no children to wait for
            if self._found is None:
                os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)


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
    reading, writing = os.pipe()
    try:
        pid = os.fork()
    except OSError:
        os.close(reading)
        os.close(writing)
        return None
    if not pid:
        _send(writing, namespaces, names, addresses)
    os.close(writing)
    return Ahead(pid, reading)


def _pays(names: List[str]) -> bool:
    """Whether there is enough to read, and a processor to do it. Other threads would be cut off in the new process, whatever they hold."""
    return len(names) >= _MANY and len(os.sched_getaffinity(0)) > 1 and len(sys._current_frames()) == 1


def _send(pipe: int, namespaces: Namespaces, names: List[str], addresses: bool) -> None:
    """The whole of the other process. Where it fails it sends nothing: whoever reads the same once more says what is wrong."""
    try:
        content = marshal.dumps(_read(Visitor(namespaces), names, addresses))
        with open(pipe, "wb") as output:
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
