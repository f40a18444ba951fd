# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tests are slow, for all suites."""

from __future__ import annotations

from typing import List

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run what is marked as slow, and fail at every step and moment, not at one of each class")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: one more of a class of which others are run; only with --slow")


def pytest_collection_modifyitems(config: pytest.Config, items: List[pytest.Item]) -> None:
    if not config.getoption("--slow"):
        slow = [item for item in items if item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]


@pytest.fixture
def every(request: pytest.FixtureRequest) -> bool:
    """Whether every step and every moment is to be tried, not one of each class."""
    return bool(request.config.getoption("--slow"))
