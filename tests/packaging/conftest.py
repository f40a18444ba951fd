# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The nfv.vnet developers
from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Iterator

import pytest
from users import ORDINARY_USER, SYSTEM_PATH, User, new_user


@pytest.fixture
def user() -> Iterator[User]:
    """Whoever runs the tests, with the programs of the virtual environment."""
    yield from new_user(os.geteuid(), f"{Path(sys.prefix, 'bin')}:{SYSTEM_PATH}")


@pytest.fixture(params=[pytest.param("root", marks=pytest.mark.slow), "ordinary"] if os.geteuid() == 0 else ["ordinary"])
def anybody(request: pytest.FixtureRequest) -> Iterator[User]:
    """Root where root runs the tests, and an ordinary user, with the programs of the system alone."""
    if os.geteuid() == 0 and request.param == "ordinary":
        yield from new_user(ORDINARY_USER, SYSTEM_PATH)
    else:
        yield from new_user(os.geteuid(), SYSTEM_PATH)
