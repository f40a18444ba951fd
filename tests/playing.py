# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs Ansible in a sandbox."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Sequence

import pytest

ROOT = Path(__file__).resolve().parents[1]
HOSTS = [sys.executable, str(ROOT / "tests" / "integration" / "confirmation" / "hosts.py")]
TARGETS = ROOT / "tests" / "integration" / "targets"
SANDBOX = str(ROOT / "tests" / "sandbox")
PYTHON_OF_THE_SYSTEM = "/usr/bin/python3"
Result = subprocess.CompletedProcess


def run(*command: str, within: Sequence[str] = (), **environment: str) -> Result[str]:
    """Runs a program of Ansible with the configuration of the checkout. C(within): a program that runs it."""
    env = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_ROLES_PATH": str(TARGETS), "ANSIBLE_NOCOLOR": "1", **environment}
    program = str(Path(sys.executable).with_name(command[0]))
    return subprocess.run([SANDBOX, *within, program, *command[1:]], cwd=ROOT, env=env, check=False, capture_output=True, text=True)


def play(folder: Path, plays: list[dict[str, Any]], *options: str, within: Sequence[str] = ()) -> Result[str]:
    """Runs a playbook, which is written to the folder."""
    file = folder / "playbook.yml"
    file.write_text(json.dumps(plays))
    return run("ansible-playbook", str(file), *options, within=within)


def with_python_of_the_system() -> list[str]:
    """Options for tasks with persistent: true, which refuse a Python in a home directory. Skips the test if that Python lacks pyroute2."""
    done = subprocess.run([PYTHON_OF_THE_SYSTEM, "-I", "-c", "import pyroute2"], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"{PYTHON_OF_THE_SYSTEM} has no pyroute2 (python3-pyroute2, make lab-deps)")
    return ["--extra-vars", f"ansible_python_interpreter={PYTHON_OF_THE_SYSTEM}"]


def on_hosts(count: int, folder: Path, plays: list[dict[str, Any]], *options: str) -> Result[str]:
    """The same on hosts of their own, which are reached by something like SSH, from 192.0.2.10 on."""
    result = play(folder, plays, "--inventory", "/run/inventory.json", *options, within=[*HOSTS, str(count)])
    assert "Traceback" not in result.stdout + result.stderr
    return result
