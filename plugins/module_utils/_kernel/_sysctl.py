# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings under /proc/sys/net of the namespace that the process is in."""

from __future__ import annotations

import errno
import os
from contextlib import ExitStack
from typing import Dict, Iterable, Optional

from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import refusal
from ansible_collections.nfv.vnet.plugins.module_utils._resources import sysctl_path

_LONGEST = 2**16
"""The bytes of the longest value, which the kernel returns whole."""
_FAMILY = len("/proc/sys/net/")


def read(keys: Iterable[str]) -> Dict[str, Optional[str]]:
    """The values with white space folded; '' for what was never set, None if the kernel has no such key.

    The kernel searches /proc/sys/net/ipv4 among those of all namespaces, so it is opened once for all keys.
    """
    folders: Dict[str, Optional[int]] = {}
    with ExitStack() as stack:
        values = {}
        for key in keys:
            path = sysctl_path(key)
            end = path.find("/", _FAMILY)
            family, rest = path[:end], path[end + 1 :]
            if family not in folders:
                folders[family] = _folder(family, stack)
            values[key] = _read(rest, folders[family], key)
        return values


def _folder(path: str, stack: ExitStack) -> Optional[int]:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise refusal(error, path) from None
    stack.callback(os.close, descriptor)
    return descriptor


def _read(path: str, folder: Optional[int], key: str) -> Optional[str]:
    if folder is None:
        return None
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)
        try:
            return " ".join(os.read(descriptor, _LONGEST).decode("utf-8", "surrogateescape").split())
        finally:
            os.close(descriptor)
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
