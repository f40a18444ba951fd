# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each network of the field has a host of its own, as the tests of the kernel suite have."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Iterator

import pytest
from private_files import is_private
from versions import ran_on

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "kernel"))

from support import private_network


def pytest_report_header() -> str:
    return f"on: {ran_on()}"


@pytest.fixture(scope="session", autouse=True)
def private_files() -> None:
    """Nothing that a test installs may reach the machine."""
    if not is_private():
        pytest.exit("the folders of the machine are not private; run the tests in tests/sandbox, or by tests/lab/kernel", 1)


@pytest.fixture
def network() -> Iterator[None]:
    with private_network():
        yield
