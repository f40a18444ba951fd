# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a change of the host may wait for its confirmation; apart from the lock, as every task asks."""

from __future__ import annotations

import os

LOCK_FILE = "/run/nfv-vnet/lock"
"""The holder of the lock writes into it what it waits for."""


def may_be_pending() -> bool:
    """Whether somebody waits, or has left the file so."""
    try:
        return os.stat(LOCK_FILE).st_size > 0
    except OSError:
        return False
