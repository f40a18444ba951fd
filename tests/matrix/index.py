# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which releases of a package there are, newest first, as pip on this machine finds them."""

from __future__ import annotations

import re
import sys
from functools import lru_cache

from cache import CannotRunError, output

ANY_PYTHON = "--ignore-requires-python"


@lru_cache(maxsize=None)
def releases(package: str, *options: str) -> list[str]:
    """All final releases. Without options those for the Python of this program."""
    answer = output(sys.executable, "-m", "pip", "--disable-pip-version-check", "index", "versions", package, *options)
    found = re.search(r"^Available versions: (.+)$", answer, flags=re.MULTILINE)
    if not found:
        raise CannotRunError(f"pip knows no release of {package}")
    return found[1].split(", ")


def newest(package: str, *options: str, minor: str = "") -> str:
    """The newest release; of one minor version where that is given, as '2.19'."""
    found = [release for release in releases(package, *options) if not minor or release.startswith(f"{minor}.")]
    if not found:
        raise CannotRunError(f"there is no release of {package} {minor} for it")
    return found[0]


def for_python(version: str) -> str:
    """The option that asks for the releases that support another Python."""
    return f"--python-version={version}"


def minors(package: str, oldest: str) -> list[str]:
    """The minor versions from this one on, oldest first, whatever Python they need."""
    found = {minor_of(release) for release in releases(package, ANY_PYTHON)}
    return sorted((minor for minor in found if key(minor) >= key(oldest)), key=key)


def minor_of(release: str) -> str:
    return ".".join(release.split(".")[:2])


def key(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]
