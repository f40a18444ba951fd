# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that outlives the task, its connection and its login session (daemon(7)).

Source: org.freedesktop.systemd1(5), StartTransientUnit; systemd.scope(5).
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import subprocess
import time
from contextlib import suppress

_PR_SET_NAME = 15
_NEVER_FOR_MEMORY = "-1000"
"""Whoever ends a process to get memory must not choose this one: proc_pid_oom_score_adj(5)."""
_SYSTEMD_RUNS = "/run/systemd/system"
"""Exists if systemd is the init system: sd_booted(3)."""
_DEADLINE = 5.0
_PAUSE = 0.02


def become_daemon(unit: str, description: str) -> str:
    """Makes this process independent. C(unit): the name of a scope of systemd, without its suffix.

    Returns what is not as it should be, else ''.
    """
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    ctypes.CDLL(None).prctl(_PR_SET_NAME, b"nfv-vnet")
    with suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write(_NEVER_FOR_MEMORY)
    os.setsid()
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    _close_inherited()
    if not os.path.isdir(_SYSTEMD_RUNS) or _move_to_scope(os.getpid(), unit + ".scope", description):
        return ""
    return "systemd did not move the process %d out of its login session, and may end it with that" % os.getpid()


def _close_inherited() -> None:
    """Closes what this process was started with. What Python opens itself does not survive an exec(2), so it is marked."""
    for name in os.listdir("/proc/self/fd"):
        descriptor = int(name)
        with suppress(OSError):  # the one of the directory is closed already
            if descriptor > 2 and not fcntl.fcntl(descriptor, fcntl.F_GETFD) & fcntl.FD_CLOEXEC:
                os.close(descriptor)


def _move_to_scope(pid: int, name: str, description: str) -> bool:
    """Moves a process out of its login session, which may end all of its own (KillUserProcesses of logind.conf(5)).

    Returns whether it is there.
    """
    target = ["org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager", "StartTransientUnit"]
    properties = ["3", "Description", "s", description, "CollectMode", "s", "inactive-or-failed", "PIDs", "au", "1", str(pid)]
    command = ["busctl", "--system", "--quiet", "call", *target, "ssa(sv)a(sa(sv))", name, "fail", *properties, "0"]
    null = subprocess.DEVNULL
    try:
        # the process that calls this has no AnsibleModule
        done = subprocess.run(command, stdin=null, stdout=null, stderr=null, timeout=_DEADLINE, check=False)  # pylint: disable=ansible-bad-function
    except (OSError, subprocess.TimeoutExpired):
        return False
    deadline = time.monotonic() + _DEADLINE
    while done.returncode == 0 and time.monotonic() < deadline:
        with open("/proc/%d/cgroup" % pid, encoding="utf-8") as file:
            if name in file.read():
                return True
        time.sleep(_PAUSE)
    return False
