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

ROOT = Path(__file__).resolve().parents[1]
TARGETS = ROOT / "tests" / "integration" / "targets"
SANDBOX = str(ROOT / "tests" / "sandbox")
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
