# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that pyroute2 is installed and new enough, without the cost of importing it."""

from __future__ import annotations

import os
import re
import sys
from importlib.util import find_spec
from typing import Tuple

OLDEST = (0, 7, 2)
_NEEDS_PYTHON_3_9 = (0, 9)
"""Python 3.8 cannot import pyroute2 since this version, although pip installs 0.9.1 and 0.9.2 there."""
_PACKAGES = "Debian and Ubuntu: python3-pyroute2; Fedora and EPEL: python3-pyroute2; pip: pyroute2"
_METADATA = re.compile(r"pyroute2-([0-9]+(?:\.[0-9]+)*)[^/]*\.(?:dist|egg)-info")


def complaint() -> str:
    """What is wrong with the pyroute2 of this Python, as a sentence; '' if it is usable."""
    spec = find_spec("pyroute2")
    needed = "pyroute2 >= %s is required on the target host (%s)" % (_text(OLDEST), _PACKAGES)
    if spec is None or not spec.origin:
        return "%s, but Python %s has none" % (needed, sys.executable)
    folder = os.path.dirname(spec.origin)
    found = version(folder)
    if found and found < OLDEST:
        return "%s, but %s is version %s" % (needed, folder, _text(found))
    if found >= _NEEDS_PYTHON_3_9 and sys.version_info < (3, 9):
        return "pyroute2 %s in %s does not run with Python %s on the target host; install an older one: pip install 'pyroute2<%s'" % (
            _text(found),
            folder,
            _text(sys.version_info[:2]),
            _text(_NEEDS_PYTHON_3_9),
        )
    return ""


def version(folder: str) -> Tuple[int, ...]:
    """The version of the pyroute2 in a folder from its metadata, () if there is none."""
    matches = (_METADATA.fullmatch(entry) for entry in os.listdir(os.path.dirname(folder)))
    return max((tuple(map(int, match[1].split("."))) for match in matches if match), default=())


def _text(numbers: Tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))
