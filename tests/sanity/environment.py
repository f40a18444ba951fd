#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The nfv.vnet developers
"""A home folder for ansible-test, which keeps its virtual environments there; as a program it makes those of the sanity tests."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Iterator

ROOT = Path(__file__).resolve().parents[2]
VENV = Path(sys.prefix)
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
sys.path.insert(0, str(ROOT / "tests"))

import pip_settings  # noqa: E402


def sanity_command(*options: str) -> list[str]:
    """Other Pythons may be there in name only, as the shims of pyenv are."""
    return ["ansible-test", "sanity", "--color", "no", "--python", PYTHON, *options]


def environment(**changes: str) -> dict[str, str]:
    """The programs of the virtual environment come first, and no settings of Ansible are inherited."""
    # Unbuffered, Python reads a module that Ansible pipes to it byte by byte: a task cannot be deleted, as twice as long.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_") and name != "PYTHONUNBUFFERED"}
    inherited["PATH"] = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    if not sys.stdout.isatty():
        inherited["NO_COLOR"] = "1"
    return {**inherited, **changes}


@contextlib.contextmanager
def built_collection() -> Iterator[Path]:
    """What a release holds, at a path of the shape on which ansible-test and antsibull-docs insist."""
    with tempfile.TemporaryDirectory(prefix="nfv-vnet-") as folder:
        build = ["ansible-galaxy", "collection", "build", "--output-path", folder]
        subprocess.run(build, cwd=ROOT, env=environment(), check=True, stdout=subprocess.DEVNULL)
        (archive,) = Path(folder).glob("*.tar.gz")
        collection = Path(folder, "ansible_collections", "nfv", "vnet")
        shutil.unpack_archive(archive, collection)
        yield collection


def home() -> Path:
    """Has what ansible-test would download, as it passes no settings on to pip."""
    folder = VENV / "home"
    cache = folder / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    question = (
        "from types import SimpleNamespace as Python; from ansible_test._internal import python_requirements as r;"
        f"print(r.get_venv_packages(Python(version='{PYTHON}'))['pip'])"
    )
    pip = subprocess.run([sys.executable, "-c", question], check=True, capture_output=True, text=True).stdout.strip()
    script = (ROOT / "tests" / "sanity" / "get_pip.py").read_text(encoding="utf-8").replace("@INSTALLER@", sys.executable)
    (cache / f"get_pip_{pip.replace('.', '_')}.py").write_text(script, encoding="utf-8")
    pip_settings.write(folder)
    return folder


def prepare() -> int:
    """Makes the virtual environments; says what went wrong, and nothing else."""
    with built_collection() as collection:
        command = sanity_command("--prime-venvs")
        done = subprocess.run(
            command, cwd=collection, env=environment(HOME=str(home())), check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    if done.returncode:
        print(done.stdout, file=sys.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(prepare())
