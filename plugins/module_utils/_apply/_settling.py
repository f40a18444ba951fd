# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits until network managers leave links alone, and undoes what they do to them."""

from __future__ import annotations

import time
from typing import Callable, List

from ansible_collections.nfv.vnet.plugins.module_utils._kernel._save import PAUSE, Saved, add_missing, differs, restore
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._socket import NetlinkSocket

_SETTLED_AFTER = 1.5
"""Seconds after which a network manager that takes a link has removed what it does not know."""


def add_all_missing(sock: NetlinkSocket, links: List[Saved]) -> bool:
    """Adds what links have lost. Returns whether something was missing."""
    missing = [add_missing(sock, saved) for saved in links]
    return any(missing)


def restore_all(sock: NetlinkSocket, links: List[Saved]) -> bool:
    """Makes links as they were. Returns whether one was not."""
    changed = [saved for saved in links if differs(sock, saved)]
    for saved in changed:
        restore(sock, saved)
    return bool(changed)


def settle(repair: Callable[[], bool]) -> None:
    """Repairs what a network manager does to links, until it leaves them alone for a while."""
    quiet_until = time.monotonic() + _SETTLED_AFTER
    deadline = time.monotonic() + 3 * _SETTLED_AFTER
    while time.monotonic() < min(quiet_until, deadline):
        time.sleep(PAUSE)
        if repair():
            quiet_until = time.monotonic() + _SETTLED_AFTER
