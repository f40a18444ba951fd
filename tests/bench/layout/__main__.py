#!/usr/bin/env python3
# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a layout of a thousand namespaces costs, compared with a C program: tests/sandbox .venv/bin/python tests/bench/layout [ROUNDS]

Each namespace has a cable to a bridge, an address, and all its links up; the bridge comes up last. All competitors build
it once a round, in an order that changes, so that whatever else the machine does falls on all alike. What has a bar is
printed next to it, and the exit status is 1 when one is missed.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from functools import partial
from pathlib import Path
from statistics import median
from typing import Callable, NamedTuple

import tasks
from competitors import PYTHON, Baseline, Batch, Module, Program
from tasks import ROOT, Figures

GROUPS = ("c", "batch", "module", "program", "task")
SMALL, LARGE = 500, 4000


class Bar(NamedTuple):
    """How often the median of C(reference) goes into that of C(figure), at most or at least."""

    figure: str
    least: bool
    limit: float
    reference: str


BARS = [
    Bar("module build", False, 1.75, "C build"),
    Bar("ip -batch: build", True, 2, "module build"),
    Bar("module, nothing to do", False, 0.25, "module build"),
    Bar("module remove", False, 1.75, "C remove"),
    Bar("nfv-vnet apply", False, 1.3, "module build"),
    Bar("task with nothing to do", False, 3.2, "task of ansible.builtin.ping"),
    Bar("loop over single modules", True, 100, "task that builds"),
    Bar(f"module build, one of {LARGE}", False, 1.4, f"module build, one of {SMALL}"),
    Bar(f"memory at {LARGE}, MiB", False, 150, ""),
]


def main() -> int:
    options = parsed()
    if b"sandbox" not in Path("/proc/1/cmdline").read_bytes():
        sys.exit("This fills the machine with namespaces and removes them all: run it with tests/sandbox.")
    os.environ.pop("PYTHONUNBUFFERED", None)  # it slows Ansible down
    os.environ["ANSIBLE_CONFIG"] = str(ROOT / "ansible.cfg")
    figures: Figures = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        contest(folder, options.count, options.rounds, options.only, figures)
        if "task" in options.only:
            tasks.measure(folder, Baseline(folder, options.count).program, options.count, options.rounds, figures)
        if options.large:
            grow(folder, options.rounds, figures)
    print(f"Medians of {options.rounds} rounds with {options.count} namespaces, in seconds unless another unit is named\n")
    return report({title: median(values) for title, values in figures.items()})


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/bench/layout", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("rounds", nargs="?", type=int, default=5)
    parser.add_argument("--count", type=int, default=1000, help="how many namespaces")
    parser.add_argument("--large", action="store_true", help=f"measure {SMALL} and {LARGE} as well, which takes longer")
    parser.add_argument("--only", nargs="+", choices=GROUPS, default=GROUPS, help="leave the others out, and with them the bars that need them")
    return parser.parse_args()


def contest(folder: Path, count: int, rounds: int, only: list[str], figures: Figures) -> None:
    baseline = Baseline(folder, count)
    entered: list[Callable[[], None]] = []
    if "c" in only:
        entered.append(partial(c_round, baseline, figures))
    if "batch" in only:
        entered += [partial(batch_round, Batch(folder, count, entered=by_program), baseline, figures) for by_program in (False, True)]
    if "module" in only:
        entered.append(partial(module_round, Module(folder, count), baseline, figures))
    if "program" in only and run_quietly(PYTHON, "-c", "import pyroute2"):
        entered.append(partial(program_round, Program(folder, count), figures))
    for turn in range(rounds):
        for one in random.Random(turn).sample(entered, len(entered)):
            one()


def c_round(baseline: Baseline, figures: Figures) -> None:
    figures["C build"].append(baseline.build())
    baseline.calm()
    figures["C read"].append(baseline.read())
    figures["C remove"].append(baseline.remove())
    baseline.settle()


def batch_round(batch: Batch, baseline: Baseline, figures: Figures) -> None:
    figures[f"{batch.title}: build"].append(batch.build())
    baseline.calm()
    baseline.read()
    baseline.remove()
    baseline.settle()


def module_round(module: Module, baseline: Baseline, figures: Figures) -> None:
    figures["module build"].append(module.build().seconds)
    baseline.calm()
    baseline.read()
    figures["module, nothing to do"].append(module.again().seconds)
    figures["module remove"].append(module.remove())
    baseline.settle()


def program_round(program: Program, figures: Figures) -> None:
    figures["nfv-vnet apply"].append(program.build())
    program.baseline.calm()
    program.baseline.read()
    program.baseline.remove()
    program.baseline.settle()


def run_quietly(*command: str) -> bool:
    """Whether it succeeds."""
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def grow(folder: Path, rounds: int, figures: Figures) -> None:
    """The C program goes along to tell what of the growth is the kernel's own."""
    modules = {count: Module(folder, count) for count in (SMALL, LARGE)}
    for turn in range(rounds):
        for count, module in random.Random(turn).sample(list(modules.items()), len(modules)):
            built = module.build()
            module.baseline.calm()
            module.baseline.read()
            figures[f"module build, one of {count}"].append(built.seconds / count)
            figures[f"memory at {count}, MiB"].append(max(built.peak, module.again().peak))
            module.baseline.remove()
            module.baseline.settle()
            figures[f"C build, one of {count}"].append(module.baseline.build() / count)
            module.baseline.remove()
            module.baseline.settle()


def report(medians: dict[str, float]) -> int:
    """1 if a bar was missed, as an exit status."""
    for title, value in medians.items():
        print(f"{title:<40}{value:>10.3g}")
    print()
    missed = 0
    for bar in BARS:
        if bar.figure not in medians or (bar.reference and bar.reference not in medians):
            continue
        ratio = medians[bar.figure] / (medians[bar.reference] if bar.reference else 1)
        met = ratio >= bar.limit if bar.least else ratio <= bar.limit
        missed += not met
        times = f" times {bar.reference}" if bar.reference else ""
        print(f"{bar.figure:<40}{ratio:>10.2f}{times}, at {'least' if bar.least else 'most'} {bar.limit:g}: {'ok' if met else 'MISSED'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
