# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The nfv.vnet developers
"""The first command of a new user, in a fresh checkout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from users import User, copied_checkout

PREPARING = "Preparing .venv"
NOT_PERMITTED = "may not create namespaces", "forbids user namespaces"


def network() -> tuple[list[str], list[str]]:
    names = Path("/run/netns")
    return sorted(os.listdir("/sys/class/net")), sorted(os.listdir(names)) if names.exists() else []


def test_demo(anybody: User) -> None:
    checkout = copied_checkout(anybody)
    suitable = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))"
    if anybody.run("python3", "-c", suitable, cwd=checkout).returncode:
        pytest.skip("the system's own python3 is older than 3.11 or lacks venv")
    permission = anybody.run("tests/sandbox", "true", cwd=checkout)
    if any(words in permission.stderr for words in NOT_PERMITTED):
        pytest.skip(permission.stderr.strip())
    before = network()

    first = anybody.run("make", "demo", cwd=checkout)
    assert first.returncode == 0, first.stdout + first.stderr
    assert PREPARING in first.stdout
    assert "failed=0" in first.stdout

    second = anybody.run("make", "--dry-run", "demo", cwd=checkout)
    assert second.returncode == 0, second.stdout + second.stderr
    assert PREPARING not in second.stdout
    assert network() == before


def test_demo_does_without_devices_that_cannot_be_opened(user: User) -> None:
    """Where there is no /dev/net/tun, as in many containers."""
    play = "mount -t tmpfs none /dev/net && exec ansible-playbook playbooks/quickstart.yml"
    result = user.run("tests/sandbox", "sh", "-c", play, cwd=copied_checkout(user))
    assert result.returncode == 0, result.stdout + result.stderr
    assert "TUN and TAP devices are left out, as /dev/net/tun cannot be opened here." in result.stdout
    assert "TAP tap0" not in result.stdout


@pytest.mark.parametrize(
    ("lacking", "advice"),
    [("version_info", "Python 3.11 or newer is needed"), ("ensurepip", "apt install python3-venv")],
)
def test_unsuitable_python_is_named_in_one_sentence(user: User, lacking: str, advice: str) -> None:
    python = user.home / "python"
    python.write_text(f'#!/bin/sh\ncase "$*" in *{lacking}*) exit 1 ;; esac\n')
    python.chmod(0o755)
    result = user.run("make", "demo", f"PYTHON={python}", cwd=copied_checkout(user))
    assert result.returncode != 0
    sentences = [line for line in result.stderr.splitlines() if not line.startswith("make: ***")]
    assert len(sentences) == 1
    assert advice in sentences[0]
