# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of nft(8) that belong to a stored layout: loaded after it, and compared by their tables."""

from __future__ import annotations

import json
import os
from typing import List

from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._programs import Output, run_program
from ansible_collections.nfv.vnet.plugins.module_utils._persistence._declarations import Key
from ansible_collections.nfv.vnet.plugins.module_utils._persistence._store import ruleset_of

_IN_ANOTHER_NAMESPACE = ("unshare", "--net")
_LIST = 'nft --file "$1" && nft --json list tables'
_SHOW = 'nft --file "$1" && nft list table "$2" "$3"'


def differing(key: Key) -> str:
    """The file of the rules, if a table that they make is not on the host as they make it; else ''. VnetError if the rules are wrong."""
    path = ruleset_of(key)
    if not os.path.exists(path):
        return ""
    for family, name in _tables(path):
        wanted = _checked(path, run_program(*_IN_ANOTHER_NAMESPACE, "sh", "-c", _SHOW, "sh", path, family, name))
        if run_program("nft", "list", "table", family, name).text != wanted:
            return path
    return ""


def load(key: Key) -> None:
    """Loads the rules. VnetError if nft refuses them."""
    path = ruleset_of(key)
    _checked(path, run_program("nft", "--file", path))


def _tables(path: str) -> List[List[str]]:
    """The families and names of the tables that the rules make."""
    said = _checked(path, run_program(*_IN_ANOTHER_NAMESPACE, "sh", "-c", _LIST, "sh", path))
    try:
        found = json.loads(said[said.index("{") :])["nftables"]  # warnings come first
    except (ValueError, LookupError):
        raise VnetError((), "the rules in %s cannot be read by nft: %s" % (path, " ".join(said.split()))) from None
    return [[entry["table"]["family"], entry["table"]["name"]] for entry in found if "table" in entry]


def _checked(path: str, done: Output) -> str:
    if done.status:
        raise VnetError((), "the rules in %s cannot be loaded: %s" % (path, (done.text.splitlines() or [""])[0]))
    return done.text
