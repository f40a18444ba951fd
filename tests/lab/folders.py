# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the lab keeps its files: folders that last as long as who made them, under one that git and a release do not know."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

ROOT = Path(__file__).resolve().parent.parent.parent
CACHE = ROOT / ".venv" / "lab"


@contextmanager
def alone() -> Iterator[None]:
    """One process of the lab at a time."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def private_folder(prefix: str) -> Iterator[Path]:
    """A folder for the block. One whose owner was killed goes when the next is made: the lock ends with its owner."""
    with alone():
        for old in CACHE.glob("*.running"):
            with held(old) as ours:
                if ours:
                    shutil.rmtree(old, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(dir=CACHE, prefix=prefix + "-", suffix=".running"))
        sock = os.open(folder, os.O_RDONLY)
        fcntl.flock(sock, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(sock)


@contextmanager
def held(folder: Path) -> Iterator[bool]:
    """Whether the block has the lock of the folder."""
    sock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(sock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(sock)
