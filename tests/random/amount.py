# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much is tested, in processor time, and where it begins."""

from __future__ import annotations

import os
import secrets
from functools import lru_cache
from typing import NamedTuple

_DEFAULT, _SLOW = 40, 3600
SHRINKING = 30
"""Processor time in seconds to make a sequence that fails shorter."""


class Amount(NamedTuple):
    seed: int
    seconds: float

    def __str__(self) -> str:
        return f"RANDOM_SEED={self.seed} RANDOM_SECONDS={self.seconds:g}"

    @staticmethod
    @lru_cache(maxsize=None)
    def of(slow: bool) -> Amount:
        """The same sequences each time, or with C(slow) others each time, unless the environment says which and how much."""
        seed = int(os.environ.get("RANDOM_SEED", secrets.randbelow(10**9) if slow else 0))
        return Amount(seed, float(os.environ.get("RANDOM_SECONDS", _SLOW if slow else _DEFAULT)))


def processor_time() -> float:
    """Of this process and of those that it ran."""
    return sum(os.times()[:4])
