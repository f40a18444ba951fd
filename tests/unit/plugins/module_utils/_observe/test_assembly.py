# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read of a link."""

from __future__ import annotations

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._observe._assembly import lists_to_read
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Link


@pytest.mark.parametrize("kind", ["", "erspan", "veth"])
def test_links_of_any_kind(kind: str) -> None:
    """Network cards have none, and the kernel has kinds without a module."""
    assert lists_to_read(Link(kind, "", "eth0", (), {"mtu": 1500}), None, "") == set()
    assert "neighbours" in lists_to_read(Link(kind, "", "eth0", (), {"up": False}), None, "")
    assert "neighbours" in lists_to_read(Link(kind, "", "eth0", (), {}, master="vrf0"), None, "")
