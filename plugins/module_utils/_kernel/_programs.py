# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of the target host."""

from __future__ import annotations

import os
import subprocess
from typing import Mapping, NamedTuple, Optional

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NOT_FOUND, _TIMED_OUT = 127, 124
"""The statuses of sh(1) and timeout(1)."""


class Output(NamedTuple):
    status: int
    text: str
    """What the program said, on both channels."""


def run_program(*command: str, seconds: float = 10, environment: Optional[Mapping[str, str]] = None) -> Output:
    """Runs a program and waits for its end. C(environment): all of its environment but the path."""
    given = os.environ if environment is None else environment
    try:
        # AnsibleModule, whose function would do, is not there when the engine runs by itself
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
            encoding="utf-8",
            errors="replace",
            env={**given, "PATH": _PATH, "LC_ALL": "C"},
        )
    except FileNotFoundError:
        return Output(_NOT_FOUND, "%s is not installed" % command[0])
    except subprocess.TimeoutExpired:
        return Output(_TIMED_OUT, "%s did not end within %g seconds" % (command[0], seconds))
    return Output(done.returncode, done.stdout)
