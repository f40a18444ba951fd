# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says what the random tests run on and where they begin, so that a run can be repeated."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis.configuration import set_hypothesis_home_dir
from versions import ran_on

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "kernel"))
set_hypothesis_home_dir(ROOT / ".venv" / "cache" / "hypothesis")

from amount import Amount  # noqa: E402


def pytest_report_header(config: pytest.Config) -> list[str]:
    amount = Amount.of(bool(config.getoption("--slow")))
    return [f"on: {ran_on()}", f"random: {amount}"]
