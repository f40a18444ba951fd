# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that are namespaces: they run the commands that come over a socket, and count the bytes.

A host has a network and a /run of its own. It is no child of Ansible, so that its work is not part of what Ansible is measured by.
Instead of it another process can give the answers of its modules once more, after a pause.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Callable, NamedTuple

PATIENCE = 60
"""Seconds for the start of all hosts, and for the kernel to clear them away."""
PR_SET_PDEATHSIG = 1
UNSHARE = ("unshare", "--net", "--mount", "--")
MOUNTS = (("-t", "tmpfs", "-o", "mode=0755", "tmpfs", "/run"), ("-t", "sysfs", "sysfs", "/sys"))


class Hosts:
    """So many hosts, as a context. C(answers): the folder for what their modules answer.

    Without a C(pause) each is new and does its work. With one they answer once more, after so many seconds.
    """

    def __init__(self, folder: Path, answers: Path, names: list[str], pause: float | None) -> None:
        self._folder, self._answers, self._names, self._pause = folder, answers, names, pause
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Hosts:
        script = [sys.executable, __file__, str(self._folder), str(self._answers), str(self._pause or 0)]
        commands = [[*UNSHARE, *script, name] for name in self._names] if self._pause is None else [[*script, *self._names]]
        self._processes = [subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=end_with_parent) for command in commands]
        wait_until(lambda: all((self._folder / f"{name}.socket").exists() for name in self._names))
        return self

    def __exit__(self, *_error: object) -> None:
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.wait()
        settle()

    def traffic(self) -> list[dict[str, int]]:
        """Of each host the commands, and the bytes that were sent to it and came back."""
        logs = [[json.loads(line) for line in (self._folder / f"{name}.log").read_text().splitlines()] for name in self._names]
        return [{"commands": len(log), "sent": sum(one["sent"] for one in log), "received": sum(one["received"] for one in log)} for log in logs]

    def common(self) -> int:
        """The bytes of lines that were sent to one host and are the same for another one."""
        first, second = ((self._folder / f"{name}.sent").read_bytes().splitlines(keepends=True) for name in self._names[:2])
        return sum(map(len, (line for line in first if line in second)))


def settle() -> None:
    """Waits until the kernel has cleared away what has ended before: it does that in this order."""
    for words in ("ip netns add last", "ip link add last0 type veth peer name last1 netns last", "ip netns delete last"):
        subprocess.run(words.split(), check=True)
    wait_until(lambda: not Path("/sys/class/net/last0").exists())


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            sys.exit("The hosts did not start or end in time.")
        time.sleep(0.02)


def end_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


# In the process of a host


class Host(NamedTuple):
    name: str
    folder: Path
    answers: Path
    pause: float

    def serve(self) -> None:
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(self.folder / f"{self.name}.new"))
        server.listen(8)
        os.rename(self.folder / f"{self.name}.new", self.folder / f"{self.name}.socket")
        while True:
            connection, _ = server.accept()
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection: socket.socket) -> None:
        """Runs one command: a line of JSON, then its input. The answer is a line of JSON, then its output."""
        with connection, connection.makefile("rwb") as stream:
            request = json.loads(stream.readline())
            data = stream.read(request["size"])
            done = self.done(request["command"], data)
            command = request["command"].encode()
            append(self.folder / f"{self.name}.log", json.dumps({"sent": len(command) + len(data), "received": len(done)}).encode() + b"\n")
            append(self.folder / f"{self.name}.sent", command + b"\n" + data)
            stream.write(done)
            stream.flush()

    def done(self, command: str, data: bytes) -> bytes:
        known = self.answers / self.name
        is_module = sys.executable in command
        if is_module and known.exists():
            time.sleep(self.pause)
            return known.read_bytes()
        done = subprocess.run(["/bin/sh", "-c", command], input=data, capture_output=True, check=False)
        head = {"status": done.returncode, "out": len(done.stdout), "err": len(done.stderr)}
        answer = json.dumps(head).encode() + b"\n" + done.stdout + done.stderr
        if is_module:
            known.write_bytes(answer)
        return answer


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def main(folder: str, answers: str, pause: str, *names: str) -> None:
    if os.readlink("/proc/self/ns/net") != os.readlink("/proc/1/ns/net"):
        for mount in MOUNTS:
            subprocess.run(["mount", "-n", *mount], check=True)
    for name in names:
        threading.Thread(target=Host(name, Path(folder), Path(answers), float(pause)).serve).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
