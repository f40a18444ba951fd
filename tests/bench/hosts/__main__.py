#!/usr/bin/env python3
# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What many hosts cost the controller: tests/sandbox .venv/bin/python tests/bench/hosts [ROUNDS]

Each host is a network namespace and a mount namespace on this machine. One task of vnet_layout gives it a hundred namespaces, each with a
cable to a bridge. Its declaration is in its own host_vars, and differs from host to host by the addresses.
First all hosts do their work, once. As they share the processors with Ansible here, that says little about the clock and makes the rest
uncertain: in the rounds hosts give the same answers once more, after a pause, as a distant host would. The order of the runs changes from
round to round, so that whatever else the machine does falls on all alike.

The processor time is that of ansible-playbook and its workers: a host is not among their children. A connection is a socket here; one of
SSH needs a process for each command as well.
Of the processor time for one host, that of many hosts is divided by that of few, and the exit status is 1 when the bar is missed. What one more
host costs is compared with ping, on the same hosts with the same host_vars.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.hosts.controller import play
from bench.hosts.host import Hosts

FEW, SOME, MANY = 5, 20, 50
COLUMNS = {
    "cpu": "CPU s",
    "each": "CPU ms/host",
    "wall": "clock s",
    "main": "main MiB",
    "worker": "worker MiB",
    "all": "all MiB",
    "commands": "commands",
    "sent": "sent KiB",
    "common": "same KiB",
    "received": "back KiB",
}
LAYOUT, PING = "vnet_layout", "ping"
AT_WORK = "hosts at work"
BARS = {LAYOUT: 1.3}
"""Of the processor time for one of many hosts, as a ratio to one of few. That of ping is Ansible's own."""

Values = dict[str, Any]
Figures = dict[str, float]


class Case(NamedTuple):
    """One run. C(task) is a key of TASKS."""

    task: str
    hosts: int
    title: str = ""
    options: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()
    in_file: bool = False
    """Whether a worker reads the declaration from a file, instead of the main process from host_vars."""
    times: int = 1
    """How often in a round: short runs more often, as a difference of them is asked for."""


TASKS: dict[str, Values] = {
    LAYOUT: {"nfv.vnet.vnet_layout": {name: "{{ layout.%s }}" % name for name in ("name", "namespaces", "links")}},
    PING: {"ansible.builtin.ping": {}},
}
"""The items of the layout come from variables: Ansible takes much longer over a list that the task itself holds."""
LOOKUP = {"layout": "{{ (lookup('ansible.builtin.file', inventory_dir ~ '/' ~ inventory_hostname ~ '.json') | from_json).layout }}"}

CASES = [
    *[Case(task, hosts, times=3) for task in TASKS for hosts in (1, FEW)],
    *[Case(task, hosts) for task in TASKS for hosts in (SOME, MANY)],
    Case(LAYOUT, SOME, "--forks 20", options=("--forks", "20")),
    Case(LAYOUT, SOME, "strategy free", settings=(("ANSIBLE_STRATEGY", "free"),)),
    Case(LAYOUT, SOME, "no pipelining", settings=(("ANSIBLE_PIPELINING", "false"),)),
    Case(LAYOUT, MANY, "lookup", in_file=True),
]
"""With the defaults of Ansible, and pipelining."""


def layout(host: int, count: int) -> Values:
    """The bridge stays down: what the kernel sends between a hundred ports would be charged to whoever runs just then, such as Ansible."""
    cables = [
        {
            "type": "veth",
            "name": f"v{number}",
            "master": "br0",
            "peer": {"name": "eth0", "netns": f"n{number}", "addresses": [f"10.{host}.{number >> 8}.{number & 255}/16"]},
        }
        for number in range(1, count + 1)
    ]
    return {
        "name": "bench",
        "namespaces": [{"name": f"n{number}"} for number in range(1, count + 1)],
        "links": [{"type": "bridge", "name": "br0", "up": False}, *cables],
    }


def main() -> int:
    options = parsed()
    if b"sandbox" not in Path("/proc/1/cmdline").read_bytes():
        sys.exit("This fills the machine with namespaces: run it with tests/sandbox.")
    cases = [case for case in CASES if not options.only or case.task in options.only]
    found: dict[Case, list[Figures]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as answers:
        for task in dict.fromkeys(case.task for case in cases):
            Path(answers, task).mkdir()
            case = Case(task, MANY, AT_WORK)
            found[case].append(measured(Path(answers, task), case, options.count, None))
            if task == LAYOUT and not all(built(answer, options.count) for answer in Path(answers, task).iterdir()):
                sys.exit("A host has not built its layout.")
        order = [case for case in cases for _ in range(case.times)]
        for turn in range(options.rounds):
            for case in random.Random(turn).sample(order, len(order)):
                found[case].append(measured(Path(answers, case.task), case, options.count, options.pause))
    medians = {case: {name: median(one[name] for one in ones) for name in COLUMNS} for case, ones in sorted(found.items())}
    print(f"Medians of {options.rounds} rounds with {options.count} namespaces for each host; commands and KiB are those of one host\n")
    table(medians)
    print()
    return report(medians)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/bench/hosts", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("rounds", nargs="?", type=int, default=3)
    parser.add_argument("--count", type=int, default=100, help="how many namespaces each host gets")
    parser.add_argument("--pause", type=float, default=0.5, metavar="SECONDS", help="how long a host takes to answer in the rounds")
    parser.add_argument("--only", nargs="+", choices=TASKS, default=[], help="leave the other task out")
    return parser.parse_args()


def measured(answers: Path, case: Case, count: int, pause: float | None) -> Figures:
    names = [f"host{number}" for number in range(case.hosts)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "host_vars").mkdir()
        for number, host in enumerate(names):
            declaration = {"layout": layout(number, count)}
            reach = {"bench_socket": str(folder / f"{host}.socket")}
            (folder / "host_vars" / f"{host}.json").write_text(json.dumps(reach if case.in_file else {**reach, **declaration}))
            (folder / f"{host}.json").write_text(json.dumps(declaration))
        every = {"ansible_connection": "bench_socket", "ansible_python_interpreter": sys.executable, "ansible_remote_tmp": str(folder / "tmp")}
        inventory, playbook = folder / "inventory.json", folder / "playbook.yml"
        inventory.write_text(json.dumps({"all": {"hosts": {host: {} for host in names}, "vars": every}}))
        values = LOOKUP if case.in_file else {}
        playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "vars": values, "tasks": [TASKS[case.task]]}]))
        with Hosts(folder, answers, names, pause) as hosts:
            figures = play(playbook, inventory, case.options, dict(case.settings))
            traffic = hosts.traffic()
            common = hosts.common() if len(names) > 1 else 0
    each = {"commands": 1.0, "sent": 1024.0, "received": 1024.0}
    sums = {name: sum(one[name] for one in traffic) / unit / case.hosts for name, unit in each.items()}
    return {**figures, **sums, "each": figures["cpu"] * 1000 / case.hosts, "common": common / 1024}


def built(answer: Path, count: int) -> bool:
    """Whether a host has created its namespaces and links, by what its module answered after the line with the sizes."""
    summary = json.loads(answer.read_bytes().partition(b"\n")[2])["summary"]
    return bool(summary["namespaces"]["created"] == count and summary["links"]["created"] == count + 1)


def table(medians: dict[Case, Figures]) -> None:
    print(f"{'task':<13}{'hosts':>5}  {'':<15}" + "".join(f"{title:>12}" for title in COLUMNS.values()))
    for case, figures in medians.items():
        cells = (f"{figures[name]:>12.{2 if name in ('cpu', 'wall') else 0}f}" for name in COLUMNS)
        print(f"{case.task:<13}{case.hosts:>5}  {case.title:<15}" + "".join(cells))


def report(medians: dict[Case, Figures]) -> int:
    """1 if the bar was missed, as an exit status."""
    missed = 0
    for task in TASKS:
        seconds = {case.hosts: figures["cpu"] for case, figures in medians.items() if case.task == task and not case.title}
        if not seconds:
            continue
        ratio = (seconds[MANY] / MANY) / (seconds[FEW] / FEW)
        bar = BARS.get(task)
        missed += bar is not None and ratio > bar
        verdict = f", at most {bar:g}: {'ok' if ratio <= bar else 'MISSED'}" if bar else ""
        print(f"{f'{task}: one of {MANY} hosts to one of {FEW}':<45}{ratio:>7.2f}{verdict}")
        for fewer, more in ((FEW, SOME), (SOME, MANY)):
            print(f"{f'{task}: one more host, {fewer} to {more}':<45}{(seconds[more] - seconds[fewer]) * 1000 / (more - fewer):>7.0f} ms")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
