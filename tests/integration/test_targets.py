# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each target of ansible-test's layout through ansible-playbook, in a sandbox of its own; and by ansible-test from the archive alone."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from environment import PYTHON, built_collection, environment
from playing import SANDBOX, TARGETS, play

MARKS = {
    "module_defaults": [pytest.mark.slow],  # it runs from the archive
    "vnet_bridge": [pytest.mark.each_ansible],
    "vnet_layout": [pytest.mark.each_ansible],
    **{name: [pytest.mark.slow] for name in ("vnet_netns", "vnet_tuntap", "vnet_veth")},  # the guides and examples run these
}


def names() -> list[str]:
    found = sorted(path.parents[1].name for path in TARGETS.glob("*/tasks/main.yml"))
    return [name for name in found if not name.startswith("setup_")]


@pytest.mark.parametrize("target", [pytest.param(name, marks=MARKS.get(name, [])) for name in names()])
def test_target(target: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    variables = {"vnet_slow": request.config.getoption("--slow")}
    result = play(tmp_path, [{"name": target, "hosts": "localhost", "gather_facts": False, "roles": [target], "vars": variables}])
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("target", ["module_defaults", pytest.param("", id="all", marks=pytest.mark.slow)])
def test_target_from_the_archive(target: str, tmp_path: Path) -> None:
    options = ["--allow-destructive", "--allow-root", "--color", "no", "--python", PYTHON]
    with built_collection() as collection:
        command = [SANDBOX, "ansible-test", "integration", *options, *([target] if target else [])]
        result = subprocess.run(command, cwd=collection, env=environment(HOME=str(tmp_path)), check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count("failed=0") == (1 if target else len(names()))
