# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pythons, and virtual environments and folders of packages for them."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from cache import FOLDER, ROOT, CannotRunError, prepared
from index import ANY_PYTHON, for_python, key, releases

REQUIREMENTS = ROOT / "tests" / "requirements"
TOOLS = ["execnet", "iniconfig", "pluggy", "pygments", "pytest", "pytest-xdist"]
"""pytest and what it depends on, which is pinned as well."""
OWN = ".".join(platform.python_version_tuple()[:2])
NEWER = ["3.12", "3.13", "3.14"]
"""On which the controller is tried where the Python of this environment is too old for it, first the one that most releases support."""
PIP = [f"{FOLDER}/bin/python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
COMPLETE = "import sys, ensurepip, venv; print('%d.%d' % sys.version_info[:2])"


def interpreter(version: str) -> str:
    """The program of this minor version of Python: the one on the path, else the newest that pyenv has."""
    for program in (f"python{version}", of_pyenv(version)):
        # A shim of pyenv may be there in name only, and Debian's Python without venv.
        if program and answer(program, "-c", COMPLETE).strip() == version:
            return shutil.which(program) or program
    raise CannotRunError(f"there is no Python {version} with venv here, neither as python{version} nor by pyenv")


def of_pyenv(version: str) -> str:
    installed = [name for name in answer("pyenv", "versions", "--bare").split() if re.fullmatch(rf"{re.escape(version)}\.\d+", name)]
    if not installed:
        return ""
    return str(Path(answer("pyenv", "prefix", max(installed, key=key)).strip(), "bin", "python"))


def answer(*command: str) -> str:
    """What a command prints, '' where it fails or is missing."""
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""


def package(name: str, release: str) -> Path:
    """A folder with nothing but this package, for PYTHONPATH, whatever Python it will be imported by."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps", ANY_PYTHON]
    return prepared(f"{name}-{release}", [*command, f"--target={FOLDER}", f"{name}=={release}"])


def target(version: str, pyroute2: str, ansible: str) -> Path:
    """A virtual environment for a target host with this Python, with releases of pyroute2 and of ansible-core, of which it needs C(module_utils).

    ansible-core wants a newer Python on the controller than on the target, so pip must not ask.
    """
    return prepared(
        f"python-{version}",
        [interpreter(version), "-m", "venv", FOLDER],
        [*PIP, "pytest", "pytest-xdist", "pyyaml", f"pyroute2=={pyroute2}"],
        [*PIP, "--no-deps", ANY_PYTHON, f"ansible-core=={ansible}"],
        [f"{FOLDER}/bin/python", "-c", "import ansible.module_utils.common.arg_spec, pyroute2"],
    )


def controller(release: str) -> Path:
    """A virtual environment with this ansible-core, and for the rest the pins of the tests as far as this release allows."""
    version = controller_python(release)
    return prepared(
        f"controller-{release}",
        [interpreter(version), "-m", "venv", FOLDER],
        [*PIP, *pins()],
        [*PIP, f"ansible-core=={release}"],
    )


def controller_python(release: str) -> str:
    for version in [OWN, *NEWER]:
        if release in releases("ansible-core", for_python(version)):
            return version
    raise CannotRunError(f"ansible-core {release} supports none of Python {', '.join([OWN, *NEWER])}")


def pins() -> list[str]:
    """What an installation of the collection needs on the controller but ansible-core, and the tools of the tests, as pinned."""
    demo = requirements("demo.txt")
    tools = {name: line for name, line in requirements("test.txt").items() if name in TOOLS}
    return [line for name, line in {**demo, **tools}.items() if name != "ansible-core"]


def requirements(file: str) -> dict[str, str]:
    """The lines of a file of pins, by the name of the package."""
    lines = (REQUIREMENTS / file).read_text(encoding="utf-8").splitlines()
    return {re.split(r"[=<> ]", line)[0]: line for line in lines if line and not line.startswith(("#", "-"))}


def path_with(venv: Path) -> str:
    """A PATH on which the programs of a virtual environment come first."""
    return f"{venv / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
