# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings under /proc/sys/net of the namespace that the process is in."""

from __future__ import annotations

import errno
import os
from contextlib import ExitStack, suppress
from typing import Dict, Iterable, Optional

from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import refusal
from ansible_collections.nfv.vnet.plugins.module_utils._resources import sysctl_path

_LONGEST = 2**16
"""The bytes of the longest value, which the kernel returns whole."""
_FAMILY = len("/proc/sys/net/")
_OF_LINKS = ("/proc/sys/net/ipv4/conf/%s", "/proc/sys/net/ipv6/conf/%s", "/proc/sys/net/ipv4/neigh/%s", "/proc/sys/net/ipv6/neigh/%s")


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
        _write(sysctl_path(key), value)
    except OSError as error:
        raise refusal(error, key) from None


def _write(path: str, value: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(value + "\n")  # writing nothing would not be a system call


def read_link(name: str) -> Dict[str, str]:
    """All settings of a link, by path. KernelError if they cannot be read."""
    found = {}
    for folder in (pattern % name for pattern in _OF_LINKS):
        with suppress(FileNotFoundError):
            for entry in sorted(os.listdir(folder)):
                path = os.path.join(folder, entry)
                with suppress(OSError), open(path, encoding="utf-8", errors="surrogateescape") as file:  # stable_secret, until it is set
                    found[path] = file.read().strip()
    return found


def write_path(path: str, value: str) -> None:
    """Sets what C(read_link()) has read. KernelError if the kernel refuses it."""
    try:
        _write(path, value)
    except OSError as error:
        raise refusal(error, path) from None
