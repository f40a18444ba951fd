# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether pyroute2 is there and new enough, without the cost of importing it."""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from typing import Tuple

from ansible.module_utils.basic import missing_required_lib

OLDEST = (0, 7, 2)
_VERSION_FILE = os.path.join("config", "version.py")
_PACKAGES = "Debian and Ubuntu: python3-pyroute2; Fedora and EPEL: python3-pyroute2; pip: pyroute2"


def complaint() -> str:
    """What to tell the user, '' where pyroute2 will do."""
    spec = find_spec("pyroute2")
    oldest = ".".join(map(str, OLDEST))
    if spec is None or not spec.origin:
        return str(missing_required_lib("pyroute2 >= %s" % oldest, reason="on the target host (%s)." % _PACKAGES))
    found = version(os.path.dirname(spec.origin))
    if found < OLDEST:
        has = "%s is version %s" % (os.path.dirname(spec.origin), ".".join(map(str, found)) or "unknown")
        reason = "on the target host (%s): %s." % (_PACKAGES, has)
        return str(missing_required_lib("pyroute2 >= %s" % oldest, reason=reason))
    return ""


def version(package: str) -> Tuple[int, ...]:
    """The version of the pyroute2 in a folder, () where it does not say."""
    try:
        with open(os.path.join(package, _VERSION_FILE), encoding="utf-8") as file:
            match = re.search(r"__version__ = ['\"](\d+(?:\.\d+)*)", file.read())
    except OSError:
        return ()
    return tuple(int(part) for part in match[1].split(".")) if match else ()
