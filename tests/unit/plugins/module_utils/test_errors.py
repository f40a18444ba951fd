# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors are data, and become a sentence at the edge."""

from __future__ import annotations

import errno

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path, VnetError, failure, joined


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("mtu",), "mtu"),
        (("links", 3, "peer", "netns"), "links[3].peer.netns"),
        (("links", 0, "ports", 1, "vlans", 2, "vid"), "links[0].ports[1].vlans[2].vid"),
    ],
)
def test_a_path_reads_like_the_declaration(path: Path, text: str) -> None:
    assert joined(path) == text


def test_a_failure_has_the_sentence_and_what_it_is_made_of() -> None:
    error = VnetError(("peer", "routes", 0), "Network is unreachable", errno.ENETUNREACH)
    assert failure("vnet_veth a", error) == {
        "msg": "vnet_veth a: peer.routes[0]: Network is unreachable",
        "error": {"path": ["peer", "routes", 0], "errno": "ENETUNREACH"},
    }


def test_what_the_kernel_was_not_asked_for_has_no_errno() -> None:
    assert failure("vnet_bridge br0", VnetError((), "it is full")) == {"msg": "vnet_bridge br0: it is full", "error": {"path": [], "errno": None}}
