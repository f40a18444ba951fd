# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The versions that the tests run with."""

from __future__ import annotations

import os
import platform
import struct
from importlib import metadata
from importlib.util import find_spec


def ran_on() -> str:
    """One line with the versions of the kernel, pyroute2 and its folder, Ansible, and Python."""
    spec = find_spec("pyroute2")
    origin = os.path.dirname(os.path.dirname(os.path.realpath(spec.origin))) if spec and spec.origin else "nowhere"
    pyroute2, ansible = metadata.version("pyroute2"), metadata.version("ansible-core")
    python = f"Python {platform.python_version()} ({8 * struct.calcsize('P')} bit)"
    return f"Linux {platform.release()}, pyroute2 {pyroute2} from {origin}, ansible-core {ansible}, {python}"
