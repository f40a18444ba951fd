# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of all combinations: on each axis one thing differs from the environment of the tests."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import Callable, NamedTuple

import index
import kernels
import pythons
import roots
from cache import ROOT, CannotRunError

# Run by the Python of this program: that of the combination may come first on the path, and be too old for them.
SANDBOX = [sys.executable, str(ROOT / "tests" / "sandbox")]
SECOND_KERNEL = [sys.executable, str(ROOT / "tests" / "lab" / "kernel")]
ENTER = str(Path(__file__).with_name("enter.py"))
OLDEST_ANSIBLE = "2.18.0"
# Every test has a network of its own.
AT_ONCE = ("--numprocesses", "2")

Environment = dict[str, str]


class Run(NamedTuple):
    """A command that gets the arguments of pytest, but where the suite is sanity, which does not say what it ran on."""

    command: list[str]
    environment: Environment
    options: tuple[str, ...] = ()
    expected: str = ""
    """What it has to say that it ran on, among other things: nothing may be tested under another name."""


class Row(NamedTuple):
    """A combination: the suite that is to run, and what makes its command, or raises CannotRunError."""

    axis: str
    title: str
    suite: str
    prepare: Callable[[], Run]


def rows() -> list[Row]:
    return [
        Row("pyroute2", "pyroute2 0.7.2", "kernel", partial(with_pyroute2, lambda: "0.7.2")),
        Row("pyroute2", "pyroute2 0.7.7", "kernel", partial(with_pyroute2, lambda: "0.7.7")),
        Row("pyroute2", "pyroute2 0.8.1", "kernel", partial(with_pyroute2, lambda: "0.8.1")),
        Row("pyroute2", "pyroute2 0.9, newest", "kernel", partial(with_pyroute2, partial(index.newest, "pyroute2", minor="0.9"))),
        Row("python", "Python 3.8", "kernel", partial(with_python, "3.8", pyroute2="0.8", ansible="2.19")),
        Row("python", "Python 3.9", "kernel", partial(with_python, "3.9")),
        Row("python", "Python 3.10", "kernel", partial(with_python, "3.10")),
        Row("python", "Python 3.11", "kernel", partial(with_python, "3.11")),
        Row("python", "Python 3.12", "kernel", partial(with_python, "3.12")),
        Row("python", "Python 3.13", "kernel", partial(with_python, "3.13")),
        Row("python", "Python 3.14", "kernel", partial(in_root, "sid", "3.14", packages=("ansible-core",), pyroute2=True)),
        Row("distribution", "Debian bookworm", "kernel", partial(in_root, "bookworm", "3.11")),
        Row("distribution", "Debian bookworm, i386", "kernel", partial(in_root, "bookworm", "3.11", architecture="i386")),
        Row("distribution", "Debian trixie", "kernel", partial(in_root, "trixie", "3.13", packages=("ansible-core",))),
        Row("distribution", "Debian sid", "kernel", partial(in_root, "sid", "3.14", packages=("ansible-core",))),
        Row("kernel", "the machine's own", "kernel", here),
        Row("random", "the machine's own, an hour", "random", for_an_hour),
        Row("kernel", "User-mode Linux, bullseye", "kernel", partial(on_kernel, partial(kernels.of_suite, "bullseye"))),
        Row("kernel", "User-mode Linux, bookworm", "kernel", partial(on_kernel, kernels.installed)),
        Row("kernel", "User-mode Linux, trixie", "kernel", partial(on_kernel, partial(kernels.of_suite, "trixie"))),
        Row("kernel", "User-mode Linux, sid", "kernel", partial(on_kernel, partial(kernels.of_suite, "sid"))),
        Row("values", "odd values of every option", "fuzz", odd_values),
        *rows_of_ansible(),
    ]


def rows_of_ansible() -> list[Row]:
    """The oldest release, and the newest of each minor version after it."""
    oldest = OLDEST_ANSIBLE
    try:
        found = index.minors("ansible-core", index.minor_of(oldest))[1:]
        releases = [oldest, *(index.newest("ansible-core", index.ANY_PYTHON, minor=minor) for minor in found)]
    except CannotRunError as error:
        releases = [oldest]
        unknown = [Row("ansible-core", "ansible-core, newest", "integration", partial(refuse, str(error)))]
    else:
        unknown = []
    integration = [Row("ansible-core", f"ansible-core {release}", "integration", partial(with_ansible, release)) for release in releases]
    ends = dict.fromkeys([releases[0], releases[-1]])
    sanity = [Row("sanity", f"ansible-core {release}", "sanity", partial(with_sanity, release)) for release in ends]
    return [*integration, *sanity, *unknown]


def refuse(sentence: str) -> Run:
    raise CannotRunError(sentence)


def here() -> Run:
    return Run([*SANDBOX, sys.executable], environment(), AT_ONCE)


def odd_values() -> Run:
    """Others each time, so what it ran on is the seed as well."""
    return Run([sys.executable], environment(), ("--slow",), ", seed ")


def for_an_hour() -> Run:
    """It is one test, which only one processor runs, with other sequences each time."""
    return Run([*SANDBOX, sys.executable], environment(), ("--slow",))


def with_pyroute2(release: Callable[[], str]) -> Run:
    found = release()
    env = environment(PYTHONPATH=str(pythons.package("pyroute2", found)))
    return Run([*SANDBOX, sys.executable], env, AT_ONCE, f"pyroute2 {found} from")


def with_python(version: str, pyroute2: str = "", ansible: str = "") -> Run:
    """C(pyroute2), C(ansible): the last minor versions that support this Python on a target, where those are not the newest."""
    newest_pyroute2 = index.newest("pyroute2", index.for_python(version), minor=pyroute2)
    venv = pythons.target(version, newest_pyroute2, index.newest("ansible-core", index.ANY_PYTHON, minor=ansible))
    return Run([*SANDBOX, str(venv / "bin" / "python")], environment(PATH=pythons.path_with(venv)), AT_ONCE, f"Python {version}.")


def in_root(suite: str, python: str, architecture: str = "", packages: tuple[str, ...] = (), pyroute2: bool = False) -> Run:
    """With the suite's pyroute2 or the newest, and the suite's ansible-core or, where that is too old, the newest one's C(module_utils)."""
    root = roots.root(suite, architecture, packages)
    beside = []
    if "ansible-core" not in packages:
        beside.append(pythons.package("ansible-core", index.newest("ansible-core", index.ANY_PYTHON)))
    if pyroute2:
        beside.append(pythons.package("pyroute2", index.newest("pyroute2", index.ANY_PYTHON)))
    env = environment(PYTHONPATH=os.pathsep.join(map(str, beside)))
    return Run([*SANDBOX, sys.executable, ENTER, str(root), "python3"], env, AT_ONCE, f"Python {python}.")


def on_kernel(find: Callable[[], kernels.Kernel]) -> Run:
    kernel = find()
    env = environment(HOME="/run", VNET_LAB_LINUX=kernel.program, VNET_LAB_MODULES=str(kernel.modules))
    # A kernel has one processor.
    return Run([*SECOND_KERNEL, sys.executable], env, expected=f"Linux {kernel.release},")


def with_ansible(release: str) -> Run:
    venv = pythons.controller(release)
    return Run([*SANDBOX, str(venv / "bin" / "python")], environment(PATH=pythons.path_with(venv)), AT_ONCE, f"ansible-core {release},")


def with_sanity(release: str) -> Run:
    venv = pythons.controller(release)
    command = [str(venv / "bin" / "python"), str(ROOT / "tests" / "run"), "sanity"]
    return Run(command, environment(PATH=pythons.path_with(venv)), expected=f"ansible-core {release}, Python {pythons.controller_python(release)}")


def environment(**changes: str) -> Environment:
    """No settings of Ansible, and none that decide what Python imports and how, but those of the combination."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON", "VNET_"))}
    inherited["PATH"] = pythons.path_with(Path(sys.prefix))
    return {**inherited, "LC_ALL": "C.UTF-8", "NO_COLOR": "1", "PYTHONNOUSERSITE": "1", **{name: value for name, value in changes.items() if value}}
