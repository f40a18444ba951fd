# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation site can be built without a warning, and no link in it leads nowhere."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_site_is_built_without_a_warning() -> None:
    if not shutil.which("dot"):
        pytest.skip("the program dot is missing (graphviz, make lab-deps)")
    done = subprocess.run([sys.executable, "hacking/site.py"], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len((done.stdout + done.stderr).splitlines()) == 1, done.stdout + done.stderr
