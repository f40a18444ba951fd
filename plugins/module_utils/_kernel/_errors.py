# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of the kernel."""

from __future__ import annotations

import errno
import os

from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError

_ERROR_TEXTS = {
    errno.EPERM: "not permitted: this needs root, or the capabilities CAP_NET_ADMIN and CAP_SYS_ADMIN in the namespace (become: true)",
    errno.EXFULL: "the bridge is full: it takes 1023 ports",
    errno.EOPNOTSUPP: "this kernel does not support it",
    errno.ETIMEDOUT: "timed out",
    errno.ELOOP: "a bridge cannot be a port of a bridge",
}


def refusal(error: OSError, said: str = "") -> KernelError:
    """The error for a failed system call. EACCES on a file needs the same privileges as EPERM."""
    code = error.errno or errno.EIO
    return KernelError(errno.EPERM if code == errno.EACCES else code, said)


class KernelError(VnetError):
    """The kernel refused a request; the caller adds what it was about.

    C(said): the extended acknowledgement of the kernel, or the object; C(words): a text that replaces the usual one.
    """

    def __init__(self, code: int, said: str = "", words: str = "") -> None:
        words = words or _ERROR_TEXTS.get(code) or os.strerror(code)
        super().__init__((), "%s (%s)" % (words, said) if said else words, code)
