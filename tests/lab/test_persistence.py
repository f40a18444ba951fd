# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is stored is there after a power cycle, before Ansible comes by."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator

import pytest
from folders import ROOT
from hosts import Host, Lab

PLAYBOOK = "tests/lab/persistent.yml"
PINGS = [
    ("l1", "10.1.0.2"),
    ("l2", "10.1.0.254"),
    ("c1", "10.2.0.3"),
    ("r1", "10.3.2.11"),
    ("v1", "10.4.2.11"),
    ("s1", "10.8.0.254"),
]
"""Namespaces, and what they reach."""
ADDRESSES = {"tun0": "10.6.0.1", "vms": "10.7.0.1/24", "br8.5": "10.9.0.1/24", "dummy8": "10.10.0.1/32"}
Result = subprocess.CompletedProcess


def ansible(lab: Lab, program: str, *words: str) -> Result[str]:
    command = [str(Path(sys.executable).with_name(program)), "--inventory", str(lab.inventory), "--become", *words]
    return subprocess.run(command, cwd=ROOT, env=lab.environment, check=False, capture_output=True, text=True)


def task(lab: Lab, host: Host, module: str, **options: Any) -> Result[str]:
    return ansible(lab, "ansible", host.name, "-m", module, "-a", json.dumps(options))


def done(result: Result[str]) -> str:
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def on(host: Host, command: str) -> str:
    return done(host.ssh(command))


@pytest.fixture(autouse=True)
def _clean(lab: Lab) -> Iterator[None]:
    """Every test finds hosts that are on and as they were made."""
    yield
    for host in lab.hosts:
        if host.ssh("test -e /etc/nfv-vnet").returncode == 0:
            host.reset()
    for host in lab.hosts:
        host.wait()


def test_everything_stored_is_there_after_a_power_cycle(lab: Lab) -> None:
    host = lab.hosts[0]
    first = done(ansible(lab, "ansible-playbook", PLAYBOOK))
    assert "failed=0" in first
    # one that cannot be applied: what it needs is not stored
    done(task(lab, host, "vnet_tuntap", name="gone", mode="tap"))
    done(task(lab, host, "vnet_vlan", name="gone.5", parent="gone", id=5, persistent=True))
    host.cut()
    host.start()
    host.wait()
    status = host.ssh("sudo nfv-vnet status")
    assert status.returncode == 1
    assert status.stdout.count(": as stored\n") == 13, status.stdout
    assert "\nvnet_vlan gone.5: differs\n" in status.stdout
    assert host.ssh("systemctl is-failed nfv-vnet").stdout == "failed\n"
    assert "vnet_vlan gone.5: " in on(host, "sudo journalctl --unit nfv-vnet --no-pager --output cat")
    for netns, target in PINGS:
        on(host, f"sudo ip netns exec {netns} ping -c 1 -W 5 {target}")
    for link, address in ADDRESSES.items():
        assert address in on(host, f"ip -br address show dev {link}")
    assert "user lab" in on(host, "ip -d link show dev vm1") + on(host, "ip tuntap show dev vm1")
    on(host, "sudo ip netns exec l2 python3 -c 'import urllib.request; urllib.request.urlopen(\"http://10.1.0.1:8080\")'")
    assert "88b5" in on(host, "sudo nft list table bridge lab").lower()
    # no manager has touched them
    states = on(host, "networkctl --no-legend --no-pager list")
    assert [line for line in states.splitlines() if " unmanaged" not in line and " vec0 " not in line] == []
    second = done(ansible(lab, "ansible-playbook", PLAYBOOK))
    assert "changed=0 " in second, second
