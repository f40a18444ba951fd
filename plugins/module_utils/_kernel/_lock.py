# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock that serializes changes of a host (flock(2)).

Its holder may write into the file what it waits for, so that others can say so.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
from contextlib import contextmanager, suppress
from typing import Iterator, List, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError, refusal
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._pending import LOCK_FILE, may_be_pending
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._registry import make_directory

_WITHOUT_RUN = "/proc/sys/net/ipv4/tcp_fastopen_key"
"""A file that only root can open, and that every network namespace has."""
_DEADLINE = 120.0
_PAUSE = 0.05


@contextmanager
def lock(wait: bool = True) -> Iterator[bool]:
    """Waits for the lock; KernelError ETIMEDOUT after two minutes. Without C(wait), yields whether the lock was free.

    A process that may not write to /run, such as one in a user namespace, locks a file of its own network namespace instead.
    """
    descriptor, path = _opened()
    try:
        deadline = time.monotonic() + _DEADLINE
        taken = _taken(descriptor)
        while wait and not taken:
            if time.monotonic() > deadline:
                raise KernelError(errno.ETIMEDOUT, pending() or "another run has held %s for more than two minutes" % path)
            time.sleep(_PAUSE)
            taken = _taken(descriptor)
        yield taken
    finally:
        os.close(descriptor)


def describe_holder(words: str, seconds: float) -> None:
    """Says what the holder of the lock is, and how long it waits for its confirmation at most."""
    with open(LOCK_FILE, "w", encoding="utf-8") as file:
        json.dump([words, time.monotonic() + seconds], file)


def forget_holder() -> None:
    """The holder waits no longer."""
    with open(LOCK_FILE, "w", encoding="utf-8"):
        pass


def pending() -> str:
    """Who holds the lock and waits for a confirmation, as a sentence; '' for nobody."""
    if not may_be_pending():
        return ""
    with suppress(OSError, ValueError), open(LOCK_FILE, encoding="utf-8") as file:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            words, deadline = json.load(file)
            return "%s waits for its confirmation, for %d more seconds at most" % (words, max(0, deadline - time.monotonic()))
    return ""


def warnings_of_pending() -> List[str]:
    """What is to be said where something was only looked at."""
    words = pending()
    return ["%s; until then what was found may be rolled back" % words] if words else []


def _opened() -> Tuple[int, str]:
    """A descriptor of the file to lock, and its path."""
    try:
        make_directory()
        return os.open(LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), LOCK_FILE
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT):
            raise refusal(error, LOCK_FILE) from None
    try:
        return os.open(_WITHOUT_RUN, os.O_RDONLY | os.O_CLOEXEC), _WITHOUT_RUN
    except OSError as error:
        raise refusal(error, "neither %s nor %s can be opened to lock out other runs" % (LOCK_FILE, _WITHOUT_RUN)) from None


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise refusal(error, "the lock that keeps out other runs") from None
    if os.fstat(descriptor).st_size:
        os.ftruncate(descriptor, 0)  # a holder that was killed has left its words
    return True
