# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is stored through Ansible, with the Python of the system, which is there when a host starts."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from playing import SANDBOX, play, with_python_of_the_system

NAT = {"netns_nat_addresses": ["10.5.0.1/24"], "netns_nat_hosts": [{"name": "n1", "addresses": ["10.5.0.11/24"]}]}
LAN = {"netns_lan_hosts": [{"name": "l1", "addresses": ["10.1.0.1/24"]}], "netns_lan_persistent": True}
TASKS: list[dict[str, Any]] = [
    {"nfv.vnet.vnet_netns": {"name": "red", "persistent": True}},
    {"nfv.vnet.vnet_bridge": {"name": "br0", "addresses": ["192.0.2.1/24"], "persistent": True}},
    {"nfv.vnet.vnet_layout": {"name": "lab", "links": [{"type": "tuntap", "name": "t", "mode": "tap"}], "persistent": True}},
    {"ansible.builtin.include_role": {"name": "nfv.vnet.netns_lan"}, "vars": LAN},
]
REBOOT = "for netns in /run/netns/*; do ip netns delete ${netns##*/}; done; for link in br0 lan t; do ip link delete $link; done; rm -r /run/nfv-vnet/layouts"
SEEN = {"ansible.builtin.command": "nfv-vnet status", "changed_when": False}


def plays(*tasks: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"hosts": "localhost", "gather_facts": False, "tasks": list(tasks)}]


def said(word: str, text: str) -> int:
    return sum(line.startswith(word) for line in text.splitlines())


def test_every_module_stores_and_the_host_is_the_same_after_a_reboot(tmp_path: Path) -> None:
    """Each brings the same engine along, so that none installs it again."""
    reboot = {"ansible.builtin.shell": REBOOT, "changed_when": False}
    apply = {"ansible.builtin.command": "nfv-vnet apply", "register": "applied", "changed_when": False}
    four = {"ansible.builtin.assert": {"that": "applied.stdout_lines | select('match', '.*: changed$') | length == 4"}}
    python = with_python_of_the_system()
    result = play(tmp_path, plays(*TASKS, SEEN, *TASKS, reboot, apply, four, SEEN, *TASKS), *python)
    assert result.returncode == 0, result.stdout + result.stderr
    assert said("changed: ", result.stdout) == 4, result.stdout


def test_check_mode_tells_of_it_and_changes_nothing(tmp_path: Path) -> None:
    nothing = {"ansible.builtin.command": {"cmd": "test ! -e /etc/nfv-vnet -a ! -e /usr/local/sbin/nfv-vnet"}, "check_mode": False, "changed_when": False}
    result = play(tmp_path, plays(*TASKS, nothing), "--check", "--diff", *with_python_of_the_system())
    assert result.returncode == 0, result.stdout + result.stderr
    assert said("changed: ", result.stdout) == 4, result.stdout
    assert "stored:" in result.stdout


def test_nat_is_stored_with_its_rules(tmp_path: Path) -> None:
    python = with_python_of_the_system()
    if subprocess.run([SANDBOX, "nft", "add table ip probe"], capture_output=True, check=False).returncode:
        pytest.skip("this kernel has no nftables (CONFIG_NF_TABLES_INET)")
    role = {"ansible.builtin.include_role": {"name": "nfv.vnet.netns_nat"}}
    stored, gone = ({**role, "vars": {**NAT, "netns_nat_persistent": True, "netns_nat_state": state}} for state in ("present", "absent"))
    flush = {"ansible.builtin.command": "nft flush ruleset", "changed_when": False}
    apply = {"ansible.builtin.command": "nfv-vnet apply", "changed_when": False}
    nothing = {"ansible.builtin.command": "test ! -e /etc/nfv-vnet", "changed_when": False}
    check = [{**one, "check_mode": True} for one in plays(stored)]
    result = play(tmp_path, check + plays(stored, SEEN, flush, apply, SEEN, stored, gone, nothing), *python)
    assert result.returncode == 0, result.stdout + result.stderr
