# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each guide of the documentation site is followed word for word: its files are written, its commands are run, and they print what the page shows."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from guides import pages, remark
from kernel_kinds import needs_kind
from playing import HOSTS, PYTHON_OF_THE_SYSTEM, ROOT, SANDBOX, with_python_of_the_system

PROGRAMS = {"dnsmasq": "dnsmasq-base", "dot": "graphviz"}
"""Programs and their packages."""
NETEM = [SANDBOX, "tc", "qdisc", "add", "dev", "lo", "root", "netem"]
PROGRAM = str(ROOT / "tests" / "guides.py")


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_guide(page: Path, tmp_path: Path) -> None:
    needs = remark(page, "needs").split()
    for need in needs:
        skip_without(need)
    python = PYTHON_OF_THE_SYSTEM if "persistent" in needs else sys.executable
    count = remark(page, "hosts")
    command = [SANDBOX, *([*HOSTS, count] if count else []), sys.executable, PROGRAM, str(page), str(tmp_path)]
    done = subprocess.run(command, env=environment(tmp_path, python), check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def skip_without(need: str) -> None:
    """Skips the test if the machine lacks what the page names: a program, netem, a Python of the system, or else a kind of link."""
    if need in PROGRAMS:
        if not shutil.which(need, path=f"{os.environ['PATH']}:/usr/sbin"):
            pytest.skip(f"the program {need} is missing ({PROGRAMS[need]}, make lab-deps)")
    elif need == "netem":
        if subprocess.run(NETEM, check=False, capture_output=True).returncode:
            pytest.skip("this kernel has no CONFIG_NET_SCH_NETEM")
    elif need == "persistent":
        with_python_of_the_system()
    else:
        needs_kind(need)


def environment(home: Path, python: str) -> dict[str, str]:
    """That of a user with the collection of the checkout, and the settings of the page's own folder."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    programs = str(Path(sys.executable).parent)
    return {
        **env,
        "HOME": str(home),
        "PATH": f"{programs}:{env['PATH']}",
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_PYTHON_INTERPRETER": python,
        "ANSIBLE_REMOTE_USER": "root",  # the hosts of the sandbox have no sudo
    }
