# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each example that users read is run as it stands, on a host that has what it takes for granted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from documented import Example, Task, arguments_of, examples, module_of
from playing import SANDBOX, play

PROBE = """
import fcntl, os, socket, sys
fcntl.ioctl(socket.socket(), 0x89A0, b"probe0\\0")  # SIOCBRADDBR
sys.exit(not os.path.exists("/sys/class/net/probe0/bridge/vlan_filtering"))
"""
VLANS = "CONFIG_BRIDGE_VLAN_FILTERING"


def needs_vlans(task: Task) -> bool:
    return bool({"vlans", "vlan_filtering", "vlan_default_pvid", "vlan_protocol"} & set(keys(arguments_of(task))))


def keys(value: Any) -> set[str]:
    """All keys, the inner ones too."""
    if isinstance(value, dict):
        return set(value).union(*map(keys, value.values()))
    return set().union(*map(keys, value)) if isinstance(value, list) else set()


def parts() -> list[Any]:
    """The examples; tasks with VLANs apart, as not every kernel has them."""
    found = []
    for example in examples():
        plain = [task for task in example.content if example.is_playbook or not any(map(needs_vlans, Example("", [task]).tasks()))]
        others = [task for task in example.content if task not in plain]
        found += [pytest.param(Example(example.title, plain), False, id=example.title)] if plain else []
        found += [pytest.param(Example(example.title, others), True, id=f"{example.title}, VLANs")] if others else []
    return found


def with_possible_owner(value: Any) -> Any:
    """The same, but owned by whoever runs the tests: in a user namespace of theirs there is nobody else."""
    if isinstance(value, list):
        return [with_possible_owner(entry) for entry in value]
    if isinstance(value, dict):
        return {key: str(os.getuid()) if key == "owner" and os.getuid() else with_possible_owner(entry) for key, entry in value.items()}
    return value


@pytest.fixture(scope="module")
def has_vlans() -> bool:
    return subprocess.run([SANDBOX, sys.executable, "-c", PROBE], check=False).returncode == 0


@pytest.mark.parametrize(("example", "with_vlans"), parts())
def test_example(example: Example, with_vlans: bool, has_vlans: bool, tmp_path: Path) -> None:
    if with_vlans and not has_vlans:
        pytest.skip(f"this kernel has no {VLANS}")
    prepare = {"hosts": "localhost", "gather_facts": False, "tasks": prerequisites(example)}
    content = with_possible_owner(example.content)
    plays = content if example.is_playbook else [{"hosts": "localhost", "gather_facts": False, "tasks": content}]
    result = play(tmp_path, [prepare, *plays])
    assert result.returncode == 0, result.stdout + result.stderr
    assert "WARNING" not in result.stderr, result.stderr


def prerequisites(example: Example) -> list[Task]:
    """Tasks that make what the example only names: namespaces, bridges, ports."""
    made: set[tuple[str, str]] = set()
    needed: dict[tuple[str, str], Task] = {}

    def take_for_granted(netns: str, name: str, module: str, **options: Any) -> None:
        if name and (netns, name) not in made:
            made.add((netns, name))
            needed[netns, name] = {f"nfv.vnet.{module}": {"name": name, **({"netns": netns} if netns else {}), **options}}

    for task in filter(module_of, example.tasks()):
        module, options = module_of(task), arguments_of(task)
        if module in ("vnet_layout", "vnet_info", "vnet_ping"):
            continue  # a layout is complete
        if module == "vnet_netns":
            made.add(("/", options["name"]))
            continue
        ends = [options] + ([options["peer"]] if options.get("peer") else [])
        for end in ends:
            netns = end.get("netns") or ""
            if netns and ("/", netns) not in made:
                made.add(("/", netns))
                needed["/", netns] = {"nfv.vnet.vnet_netns": {"name": netns}}
            take_for_granted(netns, end.get("master", ""), "vnet_bridge", addresses=["192.0.2.1/24"])
            for port in end.get("ports", []):
                take_for_granted(netns, port["name"], "vnet_tuntap", mode="tap")
            made.add((netns, end["name"]))
    return list(needed.values())
