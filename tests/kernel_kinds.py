# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Detects which kinds of links the kernel supports, in a sandbox and without other programs."""

from __future__ import annotations

import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest

SANDBOX = str(Path(__file__).resolve().parent / "sandbox")
PROBE = """
import errno, socket, struct, sys
def attribute(code, payload):
    return struct.pack("=HH", 4 + len(payload), code) + payload + bytes(-len(payload) % 4)
kind = sys.argv[1].encode()
body = struct.pack("=BxHiII", 0, 0, 0, 0, 0) + attribute(3, b"probe0") + attribute(18, attribute(1, kind))
sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
sock.send(struct.pack("=IHHII", 16 + len(body), 16, 0x605, 1, 0) + body)
sys.exit(3 if -struct.unpack_from("=i", sock.recv(65536), 16)[0] == errno.EOPNOTSUPP else 0)
"""
"""RTM_NEWLINK: a kind that needs more than its name fails with another error than an unknown one."""

_NONE = 3
"""The exit status of the probe for an unknown kind."""


@lru_cache(maxsize=None)
def has_kind(kind: str) -> bool:
    answer = subprocess.run([SANDBOX, sys.executable, "-c", PROBE, kind], check=False, stderr=subprocess.PIPE, text=True)
    assert answer.returncode in (0, _NONE), answer.stderr
    return answer.returncode == 0


def needs_kind(kind: str) -> None:
    """Skips the test if the kernel does not support the kind."""
    if not has_kind(kind):
        pytest.skip(f"this kernel has no {kind}")
