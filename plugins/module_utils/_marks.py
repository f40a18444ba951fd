# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ownership marks: the alias of a link says which layout it belongs to, before the text of the user.

A link that the layout created has C(nfv.vnet:NAME), an adopted one C(nfv.vnet:NAME:JSON), where JSON is its original state. A new
link has no alias yet: until it gets one, its group says which layout creates it.
"""

from __future__ import annotations

import json
import re
from binascii import crc32
from functools import lru_cache
from typing import Dict, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._resources import Mark, Values

LONGEST = 255
"""The longest alias that the kernel takes, in bytes (IFALIASZ)."""
_PREFIX = "nfv.vnet:"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_SHORT: Dict[str, str] = {"addresses": "a", "routes": "r", "vlans": "v", "ports": "b", "port": "p", "master": "m"}
_LONG = {short: name for name, short in _SHORT.items()}
_MARK = re.compile(re.escape(_PREFIX) + "(" + NAME.pattern + ")(:| |$)")


@lru_cache(maxsize=64)  # thousands of links have the same
def split(alias: str) -> Tuple[Optional[Mark], str]:
    """Splits an alias into the mark and the text of the user. What only looks like a mark is text."""
    if not alias.startswith(_PREFIX):
        return None, alias
    match = _MARK.match(alias)
    if not match:
        return None, alias
    if match[2] != ":":
        return Mark(match[1]), alias[match.end() :]
    try:
        recorded, end = json.JSONDecoder().raw_decode(alias, match.end())
    except ValueError:
        return None, alias
    if not isinstance(recorded, dict):
        return None, alias
    before: Values = {_LONG.get(str(name), str(name)): value for name, value in recorded.items()}
    return Mark(match[1], before), alias[end:][1:]


def join(mark: Optional[Mark], text: str) -> str:
    """The alias that a link has in the kernel."""
    if mark is None:
        return text
    words = _PREFIX + mark.layout
    if mark.before is not None:
        words += ":" + json.dumps({_SHORT.get(name, name): value for name, value in mark.before.items()}, separators=(",", ":"))
    return words + (" " + text if text else "")


def unfinished(layout: str) -> int:
    """The group of a link that a layout creates and has not marked yet."""
    return 1 << 30 | crc32(layout.encode()) >> 2
