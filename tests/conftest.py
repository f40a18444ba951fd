# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Selects the tests of all suites: one of each class, or all; or those that were skipped on another kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, Optional, Set

import pytest
from counts import cases, identity, skipped


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run what is marked as slow, and fail at every step and moment, not at one of each class")
    parser.addoption(
        "--complement", metavar="REPORT", action="append", help="run what was skipped where these JUnit reports come from, and one case of each test besides"
    )
    parser.addoption("--besides", metavar="FILE", action="append", help="with --complement: one case of each test of these files alone")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: one more of a class of which others are run; only with --slow")
    config.addinivalue_line("markers", "each_ansible: what Ansible's version may change; tried with the oldest ansible-core as well")


def pytest_collection_modifyitems(config: pytest.Config, items: List[pytest.Item]) -> None:
    left_out: Set[pytest.Item] = set()
    if not config.getoption("--slow"):
        left_out |= {item for item in items if item.get_closest_marker("slow")}
    if config.getoption("--complement"):
        skipped_there = {identity(case) for case in cases(map(Path, config.getoption("--complement"))) if skipped(case)}
        besides = [item for item in items if item not in left_out and _is_in(item, config.getoption("--besides"))]
        kept = {*_one_of_each(besides), *(item for item in items if _identity(item) in skipped_there)}
        left_out = set(items) - kept
    config.hook.pytest_deselected(items=[item for item in items if item in left_out])
    items[:] = [item for item in items if item not in left_out]


def _is_in(item: pytest.Item, files: Optional[List[str]]) -> bool:
    return files is None or any(item.path == Path(file).resolve() for file in files)


def _one_of_each(items: List[pytest.Item]) -> List[pytest.Item]:
    """Selects one case of each test: the first one that is marked for each Ansible, or the first one."""
    found: Dict[str, pytest.Item] = {}
    for item in items:
        name = item.nodeid.partition("[")[0]
        if name not in found or (item.get_closest_marker("each_ansible") and not found[name].get_closest_marker("each_ansible")):
            found[name] = item
    return list(found.values())


def _identity(item: pytest.Item) -> str:
    """The id of a test as in JUnit reports: tests.kernel.test_x::test_y[z]."""
    path, bracket, values = item.nodeid.partition("[")
    file, *names = path.split("::")
    return f"{'.'.join([file[:-3].replace('/', '.'), *names[:-1]])}::{names[-1]}{bracket}{values}"


@pytest.fixture
def every(request: pytest.FixtureRequest) -> bool:
    """Whether every step and every moment is tested, not one of each class."""
    return bool(request.config.getoption("--slow"))
