# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What mmdebstrap makes of a suite of Debian: roots to enter, and packages that are only unpacked."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Sequence

from cache import FOLDER, CannotRunError, output, prepared

TESTED = ["python3", "python3-pyroute2", "python3-pytest", "python3-pytest-xdist", "python3-yaml", "iproute2", "mount", "nftables", "procps"]
ACQUIRE = ["Acquire::Check-Valid-Until", "Acquire::Check-Date", "Acquire::http", "Acquire::https"]
"""What the machine's apt is told about mirrors and proxies, which mmdebstrap does not look up by itself."""


def root(suite: str, architecture: str, packages: Sequence[str]) -> Path:
    """A root with the suite's Python, pyroute2 and pytest; architecture: '' is that of the machine."""
    options = ["--variant=apt", f"--include={','.join([*TESTED, *packages])}"]
    if architecture:
        # The check would want a package, arch-test, to learn whether the processor can do it.
        options += [f"--architectures={architecture}", "--skip=check/qemu"]
    return made("-".join(filter(None, ["roots/" + suite, architecture])), suite, options)


def unpacked(name: str, suite: str, package: str) -> Path:
    """A folder with a package and what it depends on; nothing of them is installed."""
    return made(name, suite, ["--variant=extract", f"--include={package}"])


def made(name: str, suite: str, options: Sequence[str]) -> Path:
    if os.geteuid():
        raise CannotRunError("only root can have mmdebstrap make it")
    return prepared(name, ["mmdebstrap", "--quiet", *settings_of_apt(), *options, suite, FOLDER, *mirror()])


def mirror() -> list[str]:
    """The machine's mirror of Debian, nothing where it has none: mmdebstrap knows one. What is given, it asks for the suite and nothing beside."""
    found = output("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Label: Debian", "Component: main")
    return found.split()[:1]


def settings_of_apt() -> list[str]:
    found = output("apt-config", "dump", "--no-empty", "--format", '%F "%v";%n', *ACQUIRE)
    return [f"--aptopt={line.removesuffix(';')}" for line in found.splitlines() if re.match(r'Acquire::\S+ ".*";$', line)]
