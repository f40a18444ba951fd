# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible adds: whole tasks, in one playbook run, timed by the callback that tests/bench uses."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import shape

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
LOOP = 50

PING: shape.Values = {"ansible.builtin.ping": {}}
LAYOUT: shape.Values = {"nfv.vnet.vnet_layout": {name: "{{ layout.%s }}" % name for name in shape.layout(0)}}
"""Its items come from variables: Ansible takes much longer over a list that the task itself holds."""

Figures = defaultdict[str, list[float]]


class Step(NamedTuple):
    """One task. Those of the same C(title) and C(turn) count as one; without a title it is not part of the contest."""

    task: shape.Values
    title: str = ""
    turn: int = 0


def measure(folder: Path, program: Path, count: int, rounds: int, figures: Figures) -> None:
    """C(program) is the compiled baseline."""
    clear = [Step({"ansible.builtin.command": f"{program} {command}"}) for command in (f"remove {count}", "settle")]
    hush = Step({"ansible.builtin.command": f"{program} hush {count}"})
    quiet = [
        step
        for turn in range(3 * rounds)
        for step in random.Random(turn).sample([Step(PING, "task of ansible.builtin.ping", turn), Step(LAYOUT, "task with nothing to do", turn)], 2)
    ]
    steps = [Step(PING), Step(LAYOUT), hush, Step(LAYOUT), *quiet, *clear]
    for turn in range(rounds):
        steps += [*loop(turn), *clear, Step(LAYOUT, "task that builds", turn), *clear]
    sums: dict[tuple[str, int], float] = defaultdict(float)
    for step, seconds in zip(steps, played(folder, count, steps), strict=True):
        sums[step.title, step.turn] += seconds
    for (title, _turn), seconds in sums.items():
        if title:
            figures[title].append(seconds)
    figures["loop over single modules"] = [seconds * count / LOOP for seconds in figures.pop("loop")]


def loop(turn: int) -> list[Step]:
    """A few namespaces with the single modules, as the whole cannot be deleted, as minutes."""
    cable = {"name": "v{{ item }}", "master": "br0", "peer": {"name": "eth0", "netns": "n{{ item }}", "addresses": ["10.0.0.{{ item + 1 }}/16"]}}
    items = "{{ range(%d) | list }}" % LOOP
    return [
        Step({"nfv.vnet.vnet_bridge": {"name": "br0"}}),
        Step({"nfv.vnet.vnet_netns": {"name": "n{{ item }}"}, "loop": items}, "loop", turn),
        Step({"nfv.vnet.vnet_veth": cable, "loop": items}, "loop", turn),
    ]


def played(folder: Path, count: int, steps: list[Step]) -> list[float]:
    playbook, values, output = folder / "playbook.yml", folder / "layout.json", folder / "times.json"
    values.write_text(json.dumps({"layout": shape.layout(count)}))
    tasks = [step.task for step in steps]
    playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "vars_files": [str(values)], "tasks": tasks}]))
    settings = {
        "ANSIBLE_CALLBACK_PLUGINS": str(HERE.parent / "callback"),
        "ANSIBLE_STDOUT_CALLBACK": "stopwatch",
        "VNET_BENCH_OUTPUT": str(output),
    }
    program = Path(sys.executable).with_name("ansible-playbook")
    subprocess.run([program, playbook], env={**os.environ, **settings}, cwd=ROOT, check=True)
    times = json.loads(output.read_text())
    for step, (_seconds, changed) in zip(steps, times, strict=True):
        if step.title == "task with nothing to do" and changed:
            sys.exit("vnet_layout found something to do where there was nothing.")
    return [seconds for seconds, _changed in times]
