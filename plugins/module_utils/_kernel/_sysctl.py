# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings under /proc/sys/net of the namespace that the process is in."""

from __future__ import annotations

import errno
from typing import Optional

from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import refusal
from ansible_collections.nfv.vnet.plugins.module_utils._resources import sysctl_path


def read(key: str) -> Optional[str]:
    """The value with white space folded, '' if it was never set, None if the kernel has no such key."""
    try:
        with open(sysctl_path(key), encoding="utf-8") as file:
            return " ".join(file.read().split())
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.EIO:  # stable_secret
            return ""
        raise refusal(error, key) from None


def write(key: str, value: str) -> None:
    try:
        with open(sysctl_path(key), "w", encoding="utf-8") as file:
            file.write(value + "\n")  # writing nothing would not be a system call
    except OSError as error:
        raise refusal(error, key) from None
