# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every test of the kernel suite has a network of its own."""

from __future__ import annotations

from typing import Iterator

import pytest
from private_files import is_private, make_private
from processes import Child
from support import private_network
from versions import ran_on


def pytest_report_header() -> str:
    return f"on: {ran_on()}"


@pytest.fixture(scope="session", autouse=True)
def private_files() -> None:
    """Nothing that a test installs may reach the machine."""
    if not is_private():
        pytest.exit("the folders of the machine are not private; run the tests by make, or in tests/sandbox", 1)


@pytest.fixture(autouse=True)
def network() -> Iterator[None]:
    with private_network():
        yield
    Child.end_all()


@pytest.fixture
def own_folders(network: None) -> None:  # noqa: ARG001
    """Folders of the test's own where something is installed: other tests run at the same time."""
    make_private()
