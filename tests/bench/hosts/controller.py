# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs Ansible, and measures it and its workers."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parents[3]
SAMPLED = 0.1
"""Seconds between two looks at the memory."""


class Memory(threading.Thread):
    """The largest shares of memory (PSS, in MiB): of the main process, of one worker, and of all at one time.

    Workers are forks. What they have in common with the main process counts once, divided among them.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.main = self.worker = self.all = 0.0
        self._pid, self._ended = pid, threading.Event()

    def run(self) -> None:
        while not self._ended.wait(SAMPLED):
            with suppress(OSError):  # the main process has ended
                main = share(self._pid)
                workers = [share(pid) for pid in children(self._pid)]
                self.main = max(self.main, main)
                self.worker = max(self.worker, *workers, 0)
                self.all = max(self.all, main + sum(workers))

    def end(self) -> None:
        self._ended.set()
        self.join()


def share(pid: int) -> float:
    """0 of a process that has just ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


def children(pid: int) -> list[int]:
    """Of all its threads."""
    return [int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()]


def play(playbook: Path, inventory: Path, options: tuple[str, ...], settings: dict[str, str]) -> dict[str, float]:
    """Seconds of the processor and of the clock, and MiB. Hosts are no children, so that their work does not count."""
    program = Path(sys.executable).with_name("ansible-playbook")
    env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}  # it slows Ansible down
    own = {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_CONNECTION_PLUGINS": str(Path(__file__).with_name("connection")), "ANSIBLE_NOCOLOR": "1"}
    with playbook.with_suffix(".out").open("w+") as output:
        start = perf_counter()
        command: list[str | Path] = [program, "--inventory", inventory, *options, playbook]
        process = subprocess.Popen(command, env={**env, **own, **settings}, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        memory = Memory(process.pid)
        memory.start()
        _, status, usage = os.wait4(process.pid, 0)  # of the workers as well, as Ansible waits for them
        seconds = perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        memory.end()
        output.seek(0)
        if process.returncode:
            sys.exit(f"ansible-playbook: exit status {process.returncode}\n{output.read()[-3000:]}")
    return {"cpu": usage.ru_utime + usage.ru_stime, "wall": seconds, "main": memory.main, "worker": memory.worker, "all": memory.all}
