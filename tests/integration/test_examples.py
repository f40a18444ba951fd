# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each example that users read is run as it is: those of the modules on an empty host with their prerequisites, those of the README in order on one host."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import TYPES, kernel_word
from documented import Example, Task, arguments_of, examples, module_of
from kernel_kinds import needs_kind
from playing import SANDBOX, on_hosts, play
from samples import SAMPLES

PROBE = """
import fcntl, os, socket, sys
fcntl.ioctl(socket.socket(), 0x89A0, b"probe0\\0")  # SIOCBRADDBR
sys.exit(not os.path.exists("/sys/class/net/probe0/bridge/vlan_filtering"))
"""
CONFIRMATION = "confirm_timeout"
"""Examples with this option need a host that is reached over SSH."""
VLANS = "CONFIG_BRIDGE_VLAN_FILTERING"
VLAN_OPTIONS = {"vlans", "vlan_filtering", "vlan_default_pvid", "vlan_protocol"}
EMPTY = """
for netns in $(ls /run/netns 2>&-); do ip netns delete $netns; done
for link in $(ls /sys/class/net); do [ $link = lo ] || ip link delete $link || [ ! -e /sys/class/net/$link ]; done
"""
"""Some links go with a namespace, when the kernel comes round to it."""


def needs(example: Example) -> str:
    """What not every kernel or host has: a kind of link, VLANs in bridges, or SSH; '' where all have what it takes."""
    if any(CONFIRMATION in arguments_of(task) for task in example.tasks() if module_of(task)):
        return CONFIRMATION
    tasks = [task for task in example.tasks() if module_of(task)]
    kinds = ({module_of(task).partition("_")[2] for task in tasks} | {kind for task in tasks for kind in types(arguments_of(task))}) & set(SAMPLES)
    if kinds:
        return min(kinds)
    return VLANS if any(VLAN_OPTIONS & keys(arguments_of(task)) for task in example.tasks() if module_of(task)) else ""


def types(arguments: Any) -> set[str]:
    """The types of the links of a layout."""
    links = arguments.get("links") if isinstance(arguments, dict) else None
    return {link["type"] for link in links if "type" in link} if isinstance(links, list) else set()


def keys(value: Any) -> set[str]:
    """All keys, the inner ones too."""
    if isinstance(value, dict):
        return set(value).union(*map(keys, value.values()))
    return set().union(*map(keys, value)) if isinstance(value, list) else set()


def part_of(example: Example, need: str) -> Example:
    """Only the tasks that need this; a playbook stays whole."""
    parts = [example] if example.is_playbook else [Example(example.title, [task]) for task in example.content]
    return Example(example.title, [entry for part in parts if needs(part) == need for entry in part.content])


def parts(need: str) -> list[Example]:
    return [part for part in (part_of(example, need) for example in examples()) if part.content]


def with_possible_owner(value: Any) -> Any:
    """The same, but owned by whoever runs the tests: in a user namespace of theirs there is nobody else."""
    if isinstance(value, list):
        return [with_possible_owner(entry) for entry in value]
    if isinstance(value, dict):
        return {key: str(os.getuid()) if key == "owner" and os.getuid() else with_possible_owner(entry) for key, entry in value.items()}
    return value


def test_examples(tmp_path: Path) -> None:
    run_one_after_the_other(parts(""), tmp_path)


@pytest.mark.parametrize("kind", SAMPLES)
def test_examples_with_a_kind_that_not_every_kernel_has(kind: str, tmp_path: Path) -> None:
    needs_kind(kernel_word(TYPES[kind].kernel, SAMPLES[kind].create))
    run_one_after_the_other(parts(kind), tmp_path)


def test_examples_with_vlans(tmp_path: Path) -> None:
    if subprocess.run([SANDBOX, sys.executable, "-c", PROBE], check=False).returncode:
        pytest.skip(f"this kernel has no {VLANS}")
    run_one_after_the_other(parts(VLANS), tmp_path)


def test_examples_over_ssh(tmp_path: Path) -> None:
    tasks = [entry for part in parts(CONFIRMATION) for entry in part.content]
    result = on_hosts(1, tmp_path, [{"hosts": "all", "gather_facts": False, "tasks": tasks}])
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stderr.count("WARNING") == result.stderr.count("moves from eth0 to br0") > 0, result.stderr


def run_one_after_the_other(parts: list[Example], folder: Path) -> None:
    """In one playbook, as Ansible takes longer to start than an example takes to run."""
    of_readme = [part.title.startswith("README") for part in parts]
    continued = [this and previous for this, previous in zip(of_readme, [False, *of_readme])]
    result = play(folder, [play for part, goes_on in zip(parts, continued) for play in plays(part, goes_on)])
    assert result.returncode == 0, result.stdout + result.stderr
    assert "WARNING" not in result.stderr, result.stderr


def plays(example: Example, continued: bool) -> list[Task]:
    """C(continued): on the host as the previous example left it."""
    empty = {"name": "Empty the host", "ansible.builtin.raw": EMPTY}  # no module, which cannot be deleted, as ten times as long
    prepare = {"name": example.title, "hosts": "localhost", "gather_facts": False, "tasks": [] if continued else [empty, *prerequisites(example)]}
    content: list[Task] = with_possible_owner(example.content)
    return [prepare, *(content if example.is_playbook else [{"hosts": "localhost", "gather_facts": False, "tasks": content}])]


def _mac_of(match: dict[str, str]) -> dict[str, str]:
    return {"mac": match["mac"]} if "mac" in match else {}


def prerequisites(example: Example) -> list[Task]:
    """Tasks that make what the example only names: namespaces, bridges, ports, parents."""
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
            take_for_granted(end.get("parent_netns", netns), end.get("parent", ""), "vnet_tuntap", mode="tap")
            for port in end.get("ports", []):
                take_for_granted(netns, port["name"], "vnet_tuntap", mode="tap")
            if module == "vnet_link":
                there = end.get("match") or {"name": end["name"]}
                known = [there.get("mac", ""), there.get("name", "")]
                if not any(("link", word) in made for word in known if word):
                    needed["link", known[0]] = {"nfv.vnet.vnet_tuntap": {"name": there.get("name", "card0"), "mode": "tap", **_mac_of(there)}}
                made.update(("link", word) for word in (*known, end["name"]))
            made.add((netns, end["name"]))
    return list(needed.values())
