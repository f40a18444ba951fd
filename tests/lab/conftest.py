# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts for all tests of the lab, and what they run."""

from __future__ import annotations

from typing import Iterator

import pytest
from hosts import COUNT, Lab

QUESTION = "python3 -c 'import platform; from importlib.metadata import version; print(platform.release(), version(\"pyroute2\"), platform.python_version())'"
VERSIONS = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with Lab(COUNT) as started:
        release, pyroute2, python = started.hosts[0].ssh(QUESTION).stdout.split()
        request.config.stash[VERSIONS] = f"Linux {release}, pyroute2 {pyroute2}, Python {python}"
        yield started


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    terminalreporter.write_line(f"on: {config.stash.get(VERSIONS, 'no host')}")
