# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of systemd-networkd are about a link."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._persistence._managers import _matches


@pytest.mark.parametrize(
    ("names", "is_about"),
    [
        ("eth0", False),
        ("eth0 eth1", True),
        ("eth*", True),
        ("!eth0 eth1", False),
        ("!eth0", True),
        ("!eth*", False),
        ("", False),
        ("!eth0\nName=!eth1", False),
        ("!eth0\nName=!eth2", True),
        ("eth1\nName=", False),
        ("eth0\nName=eth1", True),
        ("eth*\nName=!eth1", False),
    ],
)
def test_patterns_of_a_network_file(names: str, is_about: bool, tmp_path: Path) -> None:
    file = tmp_path / "10-lan.network"
    file.write_text(f"[Match]\nName = {names}\n[Network]\nDHCP=yes\n")
    assert _matches(str(file), "eth1") == is_about
