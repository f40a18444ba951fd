# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What depends on the version of the kernel."""

from __future__ import annotations

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._messages import kernel_version


@pytest.mark.parametrize(
    ("text", "release"),
    [("5.10.0-34-amd64", (5, 10)), ("6.1.0", (6, 1)), ("6.18.44-fc", (6, 18)), ("7.2-rc1", (7, 2)), ("6.12+deb13-amd64", (6, 12)), ("8", (8, 0))],
)
def test_a_release_is_read(text: str, release: tuple[int, int]) -> None:
    assert kernel_version(text) == release
