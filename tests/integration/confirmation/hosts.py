# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that are namespaces: tests/sandbox python tests/integration/confirmation/hosts.py COUNT COMMAND [ARGUMENT...]

Each has a network, processes and a /run of its own, a network card eth0 on a bridge of the sandbox, and a server for the program
ssh.py beside this file. The command finds them in the inventory INVENTORY.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress
from io import BufferedReader
from pathlib import Path
from typing import IO

GATEWAY = "192.0.2.1"
ADDRESS = "192.0.2.%d"
SSH = Path("/run/ssh")
PR_SET_PDEATHSIG = 1


def main() -> int:
    if sys.argv[1] == "serve":
        return serve(sys.argv[2])
    count, command = int(sys.argv[1]), sys.argv[2:]
    ip("link add lab0 type bridge")
    ip(f"address add {GATEWAY}/24 dev lab0")
    ip("link set lab0 up")
    addresses = [ADDRESS % (10 + number) for number in range(count)]
    hosts = [host(number, address) for number, address in enumerate(addresses)]
    for address in addresses:
        wait(address)
    SSH.write_text(f'#!/bin/sh\nexec {sys.executable} {Path(__file__).with_name("ssh.py")} "$@"\n', encoding="utf-8")
    SSH.chmod(0o755)
    inventory = {"all": {"hosts": {f"host{number}": variables(address) for number, address in enumerate(addresses)}}}
    Path("/run/inventory.json").write_text(json.dumps(inventory), encoding="utf-8")
    status = subprocess.run(command, env={**os.environ, "INVENTORY": "/run/inventory.json"}, check=False).returncode
    for process in hosts:
        process.kill()
    return status


def variables(address: str) -> dict[str, object]:
    return {
        "ansible_host": address,
        "ansible_connection": "ssh",
        "ansible_ssh_executable": str(SSH),
        "ansible_ssh_transfer_method": "piped",
        "ansible_timeout": 2,
        "ansible_python_interpreter": sys.executable,
    }


def ip(words: str) -> None:
    subprocess.run(["ip", *words.split()], check=True)


def host(number: int, address: str) -> subprocess.Popen[bytes]:
    """Starts a host, and gives it its card as soon as it has a network of its own."""
    unshare = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    process = subprocess.Popen([*unshare, sys.executable, __file__, "serve", address], stdin=subprocess.DEVNULL, preexec_fn=end_with_parent)
    own = os.readlink("/proc/self/ns/net")
    while os.readlink(f"/proc/{process.pid}/ns/net") == own:
        time.sleep(0.01)
    ip(f"link add host{number} type veth peer name eth0 netns {process.pid}")
    ip(f"link set host{number} master lab0 up")
    return process


def end_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def wait(address: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection((address, 22), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


# In the host


def serve(address: str) -> int:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "run", "/run"], check=True)
    subprocess.run(["mount", "-t", "sysfs", "sysfs", "/sys"], check=True)
    while not os.path.exists("/sys/class/net/eth0"):
        time.sleep(0.01)
    for words in ("link set lo up", f"address add {address}/24 dev eth0", "link set eth0 up", f"route add default via {GATEWAY}"):
        ip(words)
    server = socket.create_server(("", 22), backlog=32)
    while True:
        connection, client = server.accept()
        threading.Thread(target=answer, args=(connection, client[0], address), daemon=True).start()


def answer(connection: socket.socket, client: str, address: str) -> None:
    """Runs one command: a line of JSON, then its input. Sends frames of a channel, a length and data; channel 0 is the status."""
    received = connection.makefile("rb")
    line = received.readline()
    if not line:
        return
    environment = {**os.environ, "SSH_CONNECTION": f"{client} 50000 {address} 22"}
    command = ["/bin/sh", "-c", json.loads(line)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, start_new_session=True, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        lock = threading.Lock()
        readers = [threading.Thread(target=send, args=(connection, lock, channel, pipe)) for channel, pipe in ((1, process.stdout), (2, process.stderr))]
        for reader in readers:
            reader.start()
        threading.Thread(target=feed, args=(received, process.stdin), daemon=True).start()
        for reader in readers:
            reader.join()
        frame(connection, lock, 0, bytes([process.wait() % 256]))
        with suppress(OSError):  # the client has gone
            connection.shutdown(socket.SHUT_RDWR)


def feed(received: BufferedReader, pipe: IO[bytes]) -> None:
    try:
        while data := received.read1(65536):
            pipe.write(data)
            pipe.flush()
        pipe.close()
    except (OSError, ValueError):
        pass  # it has ended, or the client has gone


def send(connection: socket.socket, lock: threading.Lock, channel: int, pipe: IO[bytes]) -> None:
    while data := os.read(pipe.fileno(), 65536):
        frame(connection, lock, channel, data)


def frame(connection: socket.socket, lock: threading.Lock, channel: int, data: bytes) -> None:
    try:
        with lock:
            connection.sendall(struct.pack("!BI", channel, len(data)) + data)
    except OSError:
        pass  # the client has gone


if __name__ == "__main__":
    sys.exit(main())
