# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs C(dot) of Graphviz."""

from __future__ import annotations

import subprocess

from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError

TIMEOUT = 300
"""seconds"""


def svg(text: str) -> str:
    """Draws a text in the language of Graphviz. VnetError if that fails."""
    try:
        done = subprocess.run(["dot", "-Tsvg"], input=text.encode("utf-8", "replace"), capture_output=True, check=False, timeout=TIMEOUT)
    except FileNotFoundError:
        raise VnetError((), "the program dot is not installed on the controller; install graphviz") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise VnetError((), "the program dot failed: %s" % error) from None
    drawn = done.stdout.decode("utf-8", "replace")
    start = drawn.find("<svg")
    if done.returncode or start < 0:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise VnetError((), "the program dot failed: %s" % (words[0] if words else "status %d" % done.returncode))
    # Without the address of a DTD, and without the version of Graphviz.
    return drawn[start:]
