# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel says when it refuses."""

from __future__ import annotations

import errno
import os

_WORDS = {
    errno.EPERM: "not permitted: this needs root, or the capabilities CAP_NET_ADMIN and CAP_SYS_ADMIN in the namespace (become: true)",
    errno.EXFULL: "the bridge is full: it takes 1023 ports",
    errno.EOPNOTSUPP: "this kernel does not support it",
    errno.ELOOP: "a bridge cannot be the port of a bridge",
}


class KernelError(Exception):
    """The kernel refused. C(code) is its errno; the text is its own where it gave one."""

    def __init__(self, code: int, said: str = "") -> None:
        self.code = code
        self.said = said
        words = _WORDS.get(code) or os.strerror(code)
        super().__init__("%s (%s)" % (words, said) if said else words)
