# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""User-mode Linux of several suites of Debian, beside the one that is installed."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path
from typing import NamedTuple

from cache import CannotRunError
from roots import unpacked

PROGRAM = "linux.uml"
PACKAGE = "user-mode-linux"
INTERPRETER = 3
"""The type of the ELF program header that names the dynamic linker."""


class Kernel(NamedTuple):
    program: str
    modules: Path

    @property
    def release(self) -> str:
        return subprocess.run([self.program, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True).stdout.strip()


def installed() -> Kernel:
    if not shutil.which(PROGRAM):
        raise CannotRunError(f"there is no {PROGRAM} here (package {PACKAGE})")
    return Kernel(PROGRAM, Path("/usr/lib/uml/modules"))


def of_suite(suite: str) -> Kernel:
    folder = unpacked(f"kernels/{suite}", suite, PACKAGE)
    program = folder / "usr" / "bin" / PROGRAM
    if not starts(str(program)):
        program = with_own_libc(program, folder)
    return Kernel(str(program), folder / "usr" / "lib" / "uml" / "modules")


def starts(program: str) -> bool:
    return subprocess.run([program, "--version"], stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0


def with_own_libc(program: Path, folder: Path) -> Path:
    """A program that runs this one with the libc of its suite.

    It cannot be given to the dynamic linker as an argument, as it starts itself once more; so a copy of it names another linker.
    """
    linker = next(iter(sorted(folder.glob("usr/lib/*/ld-linux*.so.*"))), None)
    if linker is None:
        raise CannotRunError(f"{program.name} does not start, and its suite's libc is not beside it")
    copy, wrapper = folder / program.name, folder / "linux"
    copy.write_bytes(linked_by(program.read_bytes(), os.fsencode(linker)))
    copy.chmod(0o755)
    # For this program alone: those that start it belong to the machine.
    wrapper.write_text(f'#!/bin/sh\nLD_LIBRARY_PATH="{linker.parent}" exec "{copy}" "$@"\n', encoding="utf-8")
    wrapper.chmod(0o755)
    if not starts(str(wrapper)):
        raise CannotRunError(f"{program.name} does not start, not even with the libc of its suite")
    return wrapper


def linked_by(image: bytes, linker: bytes) -> bytes:
    """A 64-bit ELF program with another dynamic linker, whose name is written behind its end: the old place is too short for it."""
    changed = bytearray(image + linker + b"\0")
    (table,) = struct.unpack_from("<Q", image, 32)
    size, count = struct.unpack_from("<HH", image, 54)
    for header in range(table, table + size * count, size):
        if struct.unpack_from("<I", image, header)[0] == INTERPRETER:
            struct.pack_into("<Q", changed, header + 8, len(image))  # where it is in the file
            struct.pack_into("<Q", changed, header + 32, len(linker) + 1)  # and how long
    return bytes(changed)
