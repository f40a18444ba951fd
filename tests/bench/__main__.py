#!/usr/bin/env python3
# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task costs, compared with ansible.builtin.ping: tests/sandbox .venv/bin/python tests/bench [ROUNDS]

All tasks run in one playbook, in an order that changes from round to round, so that whatever else the machine does
falls on all alike. The time is that from the start of a task to its result, on a local connection with pipelining. The
exit status is 1 when a task that finds nothing to do takes longer than its bar.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any, Callable, NamedTuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ROUNDS = 21
PING = "ansible.builtin.ping"
NOTHING_TO_DO = 1.6
"""The bar of a task that finds nothing to do, as a ratio to ping. Most of the difference is that the target compiles the code in each task."""

Values = dict[str, Any]


class Case(NamedTuple):
    """A task, as a function of the round; C(changes) None where that means nothing."""

    title: str
    task: Callable[[int], Values]
    changes: bool | None


def length(turn: int) -> int:
    """A length of the transmit queue that is another one in each round."""
    return 500 + turn


RESOURCES: dict[str, Values] = {
    "vnet_netns": {"name": "red"},
    "vnet_bridge": {"name": "br0", "addresses": ["192.0.2.1/24"]},
    "vnet_veth": {"name": "red0", "master": "br0", "peer": {"name": "eth0", "netns": "red", "addresses": ["192.0.2.2/24"]}},
    "vnet_tuntap": {"name": "tap0", "mode": "tap", "master": "br0"},
}
CHANGES: dict[str, Callable[[int], Values]] = {
    "vnet_netns": lambda turn: {"sysctl": {"net.ipv4.ip_default_ttl": 50 + turn}},
    "vnet_bridge": lambda turn: {"txqueuelen": length(turn)},
    "vnet_veth": lambda turn: {"txqueuelen": length(turn)},
    "vnet_tuntap": lambda turn: {"txqueuelen": length(turn)},
}
SHELLS: dict[str, Callable[[int], str]] = {
    "vnet_netns": lambda turn: f"ip netns exec red sysctl -w net.ipv4.ip_default_ttl={150 + turn}",
    "vnet_bridge": lambda turn: f"ip link set dev br0 txqueuelen {1500 + turn}",
    "vnet_veth": lambda turn: f"ip link set dev red0 txqueuelen {1500 + turn}",
    "vnet_tuntap": lambda turn: f"ip link set dev tap0 txqueuelen {1500 + turn}",
}


def cases() -> list[Case]:
    found = [Case(PING, lambda _turn: {PING: {}}, None)]
    for module, resource in RESOURCES.items():
        change, shell = CHANGES[module], SHELLS[module]
        found += [
            Case(f"{module}, nothing to do", lambda _turn, m=module, r=resource: {f"nfv.vnet.{m}": r}, False),  # type: ignore[misc]
            Case(f"{module}, one change", lambda turn, m=module, r=resource, c=change: {f"nfv.vnet.{m}": {**r, **c(turn)}}, True),  # type: ignore[misc]
            Case(f"command: {shell(0).rpartition(' ')[0]}", lambda turn, s=shell: {"ansible.builtin.command": s(turn)}, None),  # type: ignore[misc]
        ]
    return found


def main(rounds: int) -> int:
    times = measured(cases(), rounds)
    ping = median(times[PING])
    print(f"Medians of {rounds} rounds, in ms and as ratios to {PING}\n")
    missed = 0
    for case in cases():
        duration = median(times[case.title])
        verdict = ""
        if case.changes is False:
            met = duration <= NOTHING_TO_DO * ping
            missed += not met
            verdict = f", at most {NOTHING_TO_DO:g}: {'ok' if met else 'MISSED'}"
        print(f"{case.title:<62}{duration * 1000:>6.0f}{duration / ping:>7.2f}{verdict}")
    return 1 if missed else 0


def measured(wanted: list[Case], rounds: int) -> dict[str, list[float]]:
    order = [(case, turn) for turn in range(rounds) for case in random.Random(turn).sample(wanted, len(wanted))]
    build = [{f"nfv.vnet.{module}": resource} for module, resource in RESOURCES.items()]
    warm = [case.task(rounds) for case in wanted]
    tasks = [*build, *warm, *(case.task(turn) for case, turn in order)]
    with tempfile.TemporaryDirectory() as folder:
        playbook, output = Path(folder, "playbook.yml"), Path(folder, "times.json")
        playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
        settings = {
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback"),
            "ANSIBLE_STDOUT_CALLBACK": "stopwatch",
            "VNET_BENCH_OUTPUT": str(output),
        }
        env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}  # it slows Ansible down
        program = Path(sys.executable).with_name("ansible-playbook")
        subprocess.run([program, playbook], env={**env, **settings}, cwd=ROOT, check=True)
        results = json.loads(output.read_text())[len(build) + len(warm) :]
    times: dict[str, list[float]] = {case.title: [] for case in wanted}
    for (case, _turn), (seconds, changed) in zip(order, results, strict=True):
        assert case.changes in (None, changed), case.title
        times[case.title].append(seconds)
    return times


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
