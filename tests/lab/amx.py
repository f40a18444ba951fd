# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lets User-mode Linux before 6.13 start on a processor with AMX: it panics there, "ptrace set fp regs failed"."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path
from typing import Dict

from folders import CACHE, alone

SOURCE = Path(__file__).with_suffix(".c")
PACKAGES: Dict[str, str] = {"gcc": "gcc", "libc6-dev": "/usr/include/elf.h"}
"""What the library is compiled with: package, and a program or file of it."""


def present() -> bool:
    return "amx_tile" in Path("/proc/cpuinfo").read_text(encoding="utf-8").split()


def environment() -> Dict[str, str]:
    """The variables that User-mode Linux needs on this processor beside the usual ones."""
    return {"LD_PRELOAD": str(library())} if present() else {}


def library() -> Path:
    """The compiled source; compiled when it changed."""
    path = CACHE / ("amx-%s.so" % hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12])
    with alone():
        if not path.exists():
            unfinished = path.with_suffix(".part")
            subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", str(unfinished), str(SOURCE)], check=True)
            os.replace(unfinished, path)
    return path
