# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says what the integration tests run on."""

from __future__ import annotations

from versions import ran_on


def pytest_report_header() -> str:
    return f"on: {ran_on()}"
