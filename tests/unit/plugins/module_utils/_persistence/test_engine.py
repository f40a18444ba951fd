# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Python root may run when the host starts."""

from __future__ import annotations

import os
import stat
from types import SimpleNamespace

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._persistence import _engine

FOLDER, FILE = stat.S_IFDIR | 0o755, stat.S_IFREG | 0o755


@pytest.mark.parametrize(
    ("parts", "loose"),
    [
        ({}, ""),
        ({"/opt/app": (1000, FOLDER)}, "/opt/app"),
        ({"/opt/app/python": (1000, FILE)}, "/opt/app/python"),
        ({"/opt": (0, FOLDER | 0o002)}, "/opt"),
        ({"/opt": (0, FOLDER | 0o020)}, ""),
        ({"/opt": (0, FOLDER | 0o002 | stat.S_ISVTX)}, ""),
        ({"/opt/app": (0, stat.S_IFLNK | 0o777)}, ""),
    ],
)
def test_what_an_ordinary_user_can_change(parts: dict[str, tuple[int, int]], loose: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def lstat(path: str) -> SimpleNamespace:
        uid, mode = parts.get(path, (0, FOLDER))
        return SimpleNamespace(st_uid=uid, st_mode=mode)

    with monkeypatch.context() as patched:
        patched.setattr(os, "geteuid", lambda: 0)
        patched.setattr(os, "lstat", lstat)
        found = _engine._changeable("/opt/app/python")
    assert found == loose
