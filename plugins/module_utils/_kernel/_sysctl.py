# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings under /proc/sys/net, which are those of the namespace that the process is in."""

from __future__ import annotations

from typing import Optional

from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import refusal


def path_of(key: str) -> str:
    """As sysctl(8): dots and slashes may change places, the first of them says which of both separates."""
    if "/" in key and ("." not in key or key.index("/") < key.index(".")):
        return "/proc/sys/" + key
    return "/proc/sys/" + key.translate(str.maketrans("./", "/."))


def read(key: str) -> Optional[str]:
    """The value with white space folded, None where the kernel has no such key."""
    try:
        with open(path_of(key), encoding="utf-8") as file:
            return " ".join(file.read().split())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise refusal(error, key) from None


def write(key: str, value: str) -> None:
    try:
        with open(path_of(key), "w", encoding="utf-8") as file:
            file.write(value)
    except OSError as error:
        raise refusal(error, key) from None
