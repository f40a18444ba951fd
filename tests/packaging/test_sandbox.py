# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The nfv.vnet developers
"""What tests/sandbox promises to the command that it runs, and to the machine."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
import uuid
from pathlib import Path

import pytest
from users import ROOT, User

PING = "socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)"
LOOPBACK = "a = socket.create_server(('127.0.0.1', 0)); socket.create_connection(a.getsockname())"
LINK = "sorted(os.listdir('/sys/class/net')) == ['lo'] or sys.exit('links')"
RUN = "os.listdir('/run') == [] or sys.exit('run')"
PROCESSES = "len([name for name in os.listdir('/proc') if name.isdigit()]) == 2 or sys.exit('processes')"
TUN = "os.close(os.open('/dev/net/tun', os.O_RDWR))"
PROMISES = f"import os, socket, sys; {PING}; {LOOPBACK}; {LINK}; {RUN}; {PROCESSES}; {TUN}; print(os.getuid())"

INSTALLED = ["/etc", "/etc/nfv-vnet", "/etc/systemd/system", "/usr/local/lib/nfv-vnet", "/usr/local/sbin", "/usr/local/share/man/man8"]


@pytest.fixture
def sandbox(anybody: User) -> Path:
    """The program where every user may read it."""
    copy = anybody.home / "sandbox"
    for name in ("sandbox", "private_files.py"):
        shutil.copy2(ROOT / "tests" / name, anybody.home / name)
    permission = anybody.run(copy, "true", cwd=anybody.home)
    if permission.returncode == os.EX_NOPERM:
        pytest.skip(permission.stderr.strip())
    return copy


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_promises_hold_however_deep(anybody: User, sandbox: Path, depth: int) -> None:
    result = anybody.run(*[sandbox] * depth, "python3", "-c", PROMISES, cwd=anybody.home)
    assert (result.returncode, result.stdout, result.stderr) == (0, f"{anybody.uid}\n", "")


@pytest.mark.parametrize("depth", [1, 2])
def test_what_is_installed_does_not_reach_the_machine(anybody: User, sandbox: Path, depth: int) -> None:
    mark = f"left-{uuid.uuid4()}"
    script = f"for folder in {' '.join(INSTALLED)}; do mkdir -p $folder && echo > $folder/{mark} && ls -A $folder; done; test -s /etc/passwd"
    result = anybody.run(*[sandbox] * depth, "sh", "-e", "-c", script, cwd=anybody.home)
    inside = [name for name in result.stdout.split() if name == mark]
    assert (result.returncode, len(inside), result.stderr) == (0, len(INSTALLED), "")
    assert [folder for folder in INSTALLED if Path(folder, mark).exists()] == []


@pytest.mark.parametrize(("command", "status"), [("exit 0", 0), ("exit 5", 5), ("kill -KILL $$", 137), ("exec /nonexistent", 127)])
def test_exit_status_is_that_of_the_command(anybody: User, sandbox: Path, command: str, status: int) -> None:
    assert anybody.run(sandbox, "sh", "-c", command, cwd=anybody.home).returncode == status


def test_unknown_command(anybody: User, sandbox: Path) -> None:
    result = anybody.run(sandbox, "nonexistent", cwd=anybody.home)
    assert (result.returncode, result.stderr) == (127, "sandbox: nonexistent: No such file or directory\n")


def test_input_and_signals_reach_the_command(anybody: User, sandbox: Path) -> None:
    script = "trap 'echo heard; exit 7' TERM; read word; echo $word; sleep 60 & wait"
    with subprocess.Popen(
        anybody.command(sandbox, "sh", "-c", script),
        env=anybody.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write("spoken\n")
        process.stdin.flush()
        assert process.stdout.readline() == "spoken\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "heard\n"
        assert process.wait(10) == 7


@pytest.mark.parametrize("end", [signal.SIGKILL, None])
def test_nothing_is_left_behind(anybody: User, sandbox: Path, end: signal.Signals | None) -> None:
    mark = f"left-{uuid.uuid4()}"
    script = f"setsid sh -c 'sleep 60; : {mark}' & echo started; {'wait' if end else ''}"
    with subprocess.Popen(anybody.command(sandbox, "sh", "-c", script), env=anybody.environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "started\n"
        if end:
            process.send_signal(end)
        process.wait(10)
    deadline = time.monotonic() + 5
    while marked(mark) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not marked(mark)


def marked(mark: str) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue  # the process ended meanwhile
    return found


def test_it_is_not_run_from_where_its_command_would_not_find_it(anybody: User, sandbox: Path) -> None:
    script = f"mkdir /run/checkout && cp {sandbox} {sandbox.parent}/private_files.py /run/checkout && exec /run/checkout/sandbox true"
    result = anybody.run(sandbox, "sh", "-c", script, cwd=anybody.home)
    assert (result.returncode, result.stderr) == (os.EX_NOPERM, "sandbox: the command gets an empty /run, and this checkout lies there: move it elsewhere.\n")


@pytest.mark.parametrize("anybody", ["ordinary"], indirect=True)
def test_refusal_is_one_sentence_that_says_what_to_do(anybody: User, sandbox: Path) -> None:
    """In a user namespace whose limit of further ones is zero, for a process without capabilities."""
    helpless = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all"]
    script = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    result = anybody.run(sandbox, "sh", "-c", script, "sh", *helpless, sandbox, "true", cwd=anybody.home)
    assert result.returncode == os.EX_NOPERM
    assert len(result.stderr.splitlines()) == 1
    assert "sudo sysctl -w user.max_user_namespaces=" in result.stderr
