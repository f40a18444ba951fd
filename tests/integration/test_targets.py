# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each target of ansible-test's layout through ansible-playbook, in a sandbox of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from playing import TARGETS, play

MARKS = {
    "module_defaults": [pytest.mark.slow],  # an example of the README does the same
    "vnet_bridge": [pytest.mark.each_ansible],
    "vnet_layout": [pytest.mark.each_ansible],
}


def names() -> list[str]:
    found = sorted(path.parents[1].name for path in TARGETS.glob("*/tasks/main.yml"))
    return [name for name in found if not name.startswith("setup_")]


@pytest.mark.parametrize("target", [pytest.param(name, marks=MARKS.get(name, [])) for name in names()])
def test_target(target: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    variables = {"vnet_slow": request.config.getoption("--slow")}
    result = play(tmp_path, [{"name": target, "hosts": "localhost", "gather_facts": False, "roles": [target], "vars": variables}])
    assert result.returncode == 0, result.stdout + result.stderr
