# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command in another root, with the checkout at its own path there: tests/sandbox python enter.py ROOT COMMAND [ARGUMENT...]

It is for a mount namespace of its own, as the sandbox has one. chroot(2) would not do: a test that comes back from another mount
namespace comes back to its root, which therefore has to be this one.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT / "tests"))
from private_files import make_private  # noqa: E402

MOUNTS = [
    ["--rbind", "/dev", "dev"],
    ["--rbind", "/proc", "proc"],
    ["--rbind", "/sys", "sys"],
    ["-t", "tmpfs", "tmpfs", "run"],
    ["-t", "tmpfs", "tmpfs", "tmp"],
]
MNT_DETACH = 2
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def main(root: str, *command: str) -> NoReturn:
    subprocess.run(["mount", "-n", "--bind", root, root], check=True)
    os.chdir(root)
    for mount in MOUNTS:
        subprocess.run(["mount", "-n", *mount], check=True)
    place = Path(f".{CHECKOUT}")
    place.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-n", "--bind", str(CHECKOUT), str(place)], check=True)
    # The old root comes to lie upon the new one, and goes.
    libc = ctypes.CDLL(None, use_errno=True)
    subprocess.run(["pivot_root", ".", "."], check=True)
    if libc.umount2(b".", MNT_DETACH):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    make_private()
    os.chdir(CHECKOUT)
    os.environ["PATH"] = PATH
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
