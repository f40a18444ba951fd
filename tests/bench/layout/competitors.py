# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Those who build the layout, as processes of their own: the C program, iproute2, the module.

Nobody's disorder is the next one's burden: each leaves an empty host, and the kernel done with clearing it.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import shape

PYTHON, PROGRAM = "/usr/bin/python3", "/usr/local/sbin/nfv-vnet"
STORE, AWAY = "/etc/nfv-vnet", "/etc/nfv-vnet.away"
HERE = Path(__file__).resolve().parent
NAMES = Path("/run/netns")
CLONE_NEWNET = 0x40000000
DISCOVERED_WITHIN = 3
"""Seconds from a link that comes up to an IPv6 address that nobody else has."""


class Run(NamedTuple):
    """One process, from its start to its end. C(peak) is the memory, in MiB, of the largest of it and its children."""

    seconds: float
    peak: float
    output: str


def run(*command: str | Path) -> Run:
    """The kernel counts what a process held before its exec as well, which is this one's memory: it must stay small."""
    with tempfile.TemporaryFile("w+") as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        done = Run(seconds, usage.ru_maxrss / 1024, output.read())
    if process.returncode:
        sys.exit(f"{' '.join(map(str, command))}: exit status {process.returncode}\n{done.output[-2000:]}")
    return done


class Baseline:
    """The C program: the bar for all others, and the broom behind them."""

    def __init__(self, folder: Path, count: int) -> None:
        if shutil.which("cc") is None:
            sys.exit("There is no C compiler (cc), and without the C program there is nothing to compare with: install gcc and the headers of libc.")
        self.program = folder / "baseline"
        self.count = count
        if not self.program.exists():
            subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-o", self.program, HERE / "baseline.c"], check=True)

    def build(self) -> float:
        return self._run("build").seconds

    def read(self) -> float:
        """Fails if the layout is not whole."""
        return self._run("read").seconds

    def remove(self) -> float:
        return self._run("remove").seconds

    def calm(self) -> None:
        """Whoever comes next meets the same network, however long the one before took.

        IPv6 discovery between a thousand ports cannot be deleted, as half the machine, and what has passed it is slower to remove.
        """
        self._run("hush")
        time.sleep(DISCOVERED_WITHIN)

    def settle(self) -> None:
        run(self.program, "settle")

    def _run(self, command: str) -> Run:
        return run(self.program, command, str(self.count))


class Batch:
    """iproute2 in batches, which are written beforehand: one for all names and cables, one for each namespace, one for the bridges.

    C(entered): C(ip -n) copies the table of mounts for every call, each name being one of its lines. Without it, which no
    tool offers and scripts do not do, this process enters each namespace itself and starts C(ip -batch) from there.
    """

    def __init__(self, folder: Path, count: int, *, entered: bool) -> None:
        self.title = "ip -batch, entered by a program" if entered else "ip -batch"
        self._entered = entered
        batches = folder / "batches"
        batches.mkdir(exist_ok=True)
        self.before, self.after = batches / "before", batches / "after"
        self.inside = [batches / f"n{number}" for number in range(count)]
        self.ip = shutil.which("ip") or sys.exit("There is no ip(8): install iproute2.")
        bridges = shape.bridges(count)
        made = [f"link add {name} type bridge" for name in bridges]
        names = [f"netns add n{number}" for number in range(count)]
        cables = [f"link add v{number} up master {shape.master(number)} type veth peer name eth0 netns n{number}" for number in range(count)]
        self.before.write_text("\n".join([*made, *names, *cables, ""]))
        self.after.write_text("".join(f"link set {name} up\n" for name in bridges))
        for number, path in enumerate(self.inside):
            path.write_text(f"addr add {shape.address(number)} dev eth0\nlink set eth0 up\nlink set lo up\n")

    def build(self) -> float:
        start = time.perf_counter()
        self._run(self.before)
        if self._entered:
            home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            for path in self.inside:
                space = os.open(NAMES / path.name, os.O_RDONLY | os.O_CLOEXEC)
                enter(space)
                os.close(space)
                self._run(path)
            enter(home)
            os.close(home)
        else:
            for path in self.inside:
                self._run(path, "-n", path.name)
        self._run(self.after)
        return time.perf_counter() - start

    def _run(self, batch: Path, *options: str) -> None:
        _, status = os.waitpid(os.posix_spawn(self.ip, ["ip", *options, "-batch", str(batch)], os.environ), 0)
        if status:
            sys.exit(f"ip -batch failed: {batch.read_text()[:500]}")


def enter(space: int) -> None:
    """Python has os.setns since 3.12."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(space, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


class Module:
    """vnet_layout as Ansible runs it: one Python process, which unpacks and compiles the module and finds the arguments in it."""

    def __init__(self, folder: Path, count: int) -> None:
        self.baseline = Baseline(folder, count)
        values = shape.layout(count)
        self._present = write_payload(folder / f"present-{count}", "nfv.vnet.vnet_layout", values)
        self._absent = write_payload(folder / f"absent-{count}", "nfv.vnet.vnet_layout", {"name": values["name"], "state": "absent"})

    def build(self) -> Run:
        return run_payload(self._present, changed=True)

    def again(self) -> Run:
        return run_payload(self._present, changed=False)

    def remove(self) -> float:
        """Up to the moment when the kernel has cleared the cables away, as that of the C program."""
        start = time.perf_counter()
        run_payload(self._absent, changed=True)
        left = [*(path.name for path in NAMES.iterdir()), *(path.name for path in Path("/sys/class/net").glob("br[0-9]*"))]
        self.baseline.remove()
        seconds = time.perf_counter() - start
        if left:
            sys.exit(f"vnet_layout with state absent has left {', '.join(left[:5])}")
        return seconds


class Program:
    """nfv-vnet apply, as when the host starts, for the same layout. It runs with the Python of the system, as that of the tests may be in a home."""

    def __init__(self, folder: Path, count: int) -> None:
        self.baseline = Baseline(folder, count)
        payload = write_payload(folder / f"stored-{count}", "nfv.vnet.vnet_layout", {**shape.layout(count), "persistent": True})
        run(PYTHON, payload)
        os.rename(STORE, AWAY)  # the module would forget it
        self.baseline.remove()
        self.baseline.settle()

    def build(self) -> float:
        shutil.rmtree("/run/nfv-vnet", ignore_errors=True)
        os.rename(AWAY, STORE)
        seconds = run(PROGRAM, "apply").seconds
        os.rename(STORE, AWAY)
        return seconds


def write_payload(path: Path, module: str, arguments: shape.Values) -> Path:
    given = path.with_suffix(".json")
    given.write_text(json.dumps(arguments))
    run(sys.executable, HERE / "payload.py", module, given, path)
    return path


def run_payload(path: Path, *, changed: bool) -> Run:
    done = run(sys.executable, path)
    result = json.loads(done.output)
    if result["changed"] is not changed:
        sys.exit(f"{path.name}: changed is {result['changed']}: {done.output[:2000]}")
    return done
