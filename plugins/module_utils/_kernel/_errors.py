# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of the kernel."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import Iterator

from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError

_ERROR_TEXTS = {
    errno.EPERM: "not permitted: this needs root, or the capabilities CAP_NET_ADMIN and CAP_SYS_ADMIN in the namespace (become: true)",
    errno.EXFULL: "the bridge is full: it takes 1023 ports",
    errno.EOPNOTSUPP: "this kernel does not support it",
    errno.ETIMEDOUT: "timed out",
    errno.ELOOP: "a bridge cannot be a port of a bridge",
    errno.EMFILE: "this process has too many open files; raise the limit (ulimit -n)",
    errno.ENFILE: "the system has too many open files; raise fs.file-max",
    errno.ENOBUFS: "the kernel has no memory left for it",
}


_EXPLAINED_BY_KERNEL = (errno.EPERM, errno.EOPNOTSUPP)
"""Errors of which the reason is not the usual one if the kernel gives one."""


def refusal(error: OSError, said: str = "") -> KernelError:
    """The error for a failed system call. EACCES on a file needs the same privileges as EPERM."""
    code = error.errno or errno.EIO
    code = errno.EPERM if code == errno.EACCES else code
    return KernelError(code, said, _ERROR_TEXTS.get(code, ""))


@contextmanager
def sentences() -> Iterator[None]:
    """Turns a system call that failed anywhere in the block into a VnetError."""
    try:
        yield
    except OSError as error:
        about = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else ""
        raise VnetError((), refusal(error, about).text, error.errno or 0) from error


class KernelError(VnetError):
    """The kernel refused a request; the caller adds what it was about.

    C(said): the extended acknowledgement of the kernel, or the object; C(words): a text that replaces the usual one.
    """

    def __init__(self, code: int, said: str = "", words: str = "") -> None:
        words = words or (said and code in _EXPLAINED_BY_KERNEL and os.strerror(code)) or _ERROR_TEXTS.get(code) or os.strerror(code)
        super().__init__((), "%s (%s)" % (words, said) if said else words, code)
