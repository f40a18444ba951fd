# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of numbers in the files of iproute2 on the target host, such as rt_tables; see ip-route(8)."""

from __future__ import annotations

import re
from contextlib import suppress
from glob import glob
from typing import Dict

_FOLDERS = ("/usr/share/iproute2", "/usr/lib/iproute2", "/etc/iproute2")
"""Later ones override earlier ones."""
_LINE = re.compile(r"\s*(0[xX][0-9a-fA-F]{1,8}|[0-9]{1,10})\s+([^\s#]+)")
_TABLES = {"default": 253, "main": 254, "local": 255}


def routing_tables() -> Dict[str, int]:
    """The numbers of routing tables by name."""
    return {**_TABLES, **_names("rt_tables")}


def scopes() -> Dict[str, int]:
    """The numbers of the scopes of routes and addresses by name."""
    return _names("rt_scopes")


def protocols() -> Dict[str, int]:
    """The numbers of what adds routes and rules by name."""
    return _names("rt_protos")


def _names(file: str) -> Dict[str, int]:
    found: Dict[str, int] = {}
    for folder in _FOLDERS:
        for path in ("%s/%s" % (folder, file), *sorted(glob("%s/%s.d/*.conf" % (folder, file)))):
            with suppress(OSError), open(path, encoding="utf-8", errors="replace") as lines:
                found.update((match[2], int(match[1], 0 if match[1][:2] in ("0x", "0X") else 10)) for match in map(_LINE.match, lines) if match)
    return found
