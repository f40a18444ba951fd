# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much is tried: for as long as there is time, always the same cases; or many, and others each time."""

from __future__ import annotations

import random
from typing import NamedTuple

import pytest
from versions import ran_on

SECONDS = 40.0
"""Processor time of all tests."""
MANY = 100_000
SEED = 1


class Effort(NamedTuple):
    seed: int
    seconds: float
    """Processor time of all tests, shared by the ways in."""
    most: int | None
    """Cases for each way in, whatever time they take."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, help="try the cases of this seed")
    parser.addoption("--seconds", type=float, default=SECONDS, help="processor time of all tests together")
    parser.addoption("--values", type=int, help="try so many cases for each module, whatever time they take")


def pytest_configure(config: pytest.Config) -> None:
    slow = config.getoption("--slow")
    seed = config.getoption("--seed")
    if seed is None:
        seed = random.SystemRandom().randrange(10**9) if slow else SEED
    count = config.getoption("--values") or (MANY if slow else None)
    config.stash[EFFORT] = Effort(seed, config.getoption("--seconds"), count)


EFFORT = pytest.StashKey[Effort]()


def pytest_report_header(config: pytest.Config) -> str:
    return f"on: {ran_on()}, seed {config.stash[EFFORT].seed}"


@pytest.fixture
def effort(request: pytest.FixtureRequest) -> Effort:
    return request.config.stash[EFFORT]
