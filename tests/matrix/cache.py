# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the combinations need: made once below .venv/matrix, and made anew when its recipe changes."""

from __future__ import annotations

import fcntl
import re
import shlex
import shutil
import subprocess
import time
from pathlib import Path
from typing import Sequence

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".venv" / "matrix"
FOLDER = "{folder}"
"""Stands for the folder that is made, in the words of a recipe."""


class CannotRunError(Exception):
    """Why a combination could not be tried, in one sentence."""


def prepared(name: str, *recipe: Sequence[str]) -> Path:
    """The folder of this name, which the commands of the recipe make. Others who want the same wait for it."""
    folder = CACHE / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    stamp = folder.with_name(f"{folder.name}.recipe")
    text = "".join(f"{shlex.join(command)}\n" for command in recipe)
    with open(folder.with_name(f"{folder.name}.lock"), "a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text(encoding="utf-8") != text:
            stamp.unlink(missing_ok=True)
            if folder.exists():
                shutil.rmtree(folder)
            print(f"Preparing {name}, once …", flush=True)
            start = time.monotonic()
            for command in recipe:
                output(*(word.replace(FOLDER, str(folder)) for word in command))
            # Last, so that what was interrupted is made anew.
            stamp.write_text(text, encoding="utf-8")
            print(f"Prepared {name} in {time.monotonic() - start:.0f} s", flush=True)
    return folder


def output(*command: str) -> str:
    """What a command prints. CannotRunError where it fails."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:
        raise CannotRunError(f"{command[0]}: {error.strerror}") from error
    if done.returncode:
        raise CannotRunError(f"{Path(command[0]).name} failed: {complaint(done.stderr or done.stdout) or f'status {done.returncode}'}")
    return done.stdout


def complaint(text: str) -> str:
    """The line that says what is wrong: the first that calls itself an error, as apt's and pip's do, else the last."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in lines if re.match(r"(E|ERROR): ", line)), lines[-1] if lines else "")
