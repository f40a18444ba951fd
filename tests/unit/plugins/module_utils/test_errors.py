# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors are data, and become a sentence at the edge."""

from __future__ import annotations

import errno

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Message, Path, VnetError, failure, full_message, joined


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


ITEMS = {
    "links": [
        {"name": "br0", "ports": [{"name": "p1"}]},
        {"name": "v3", "peer": {"name": "eth0", "routes": [{"to": "default"}]}},
        {"type": "veth"},
        {"name": 7},
        "text",
        {"name": "\x1b"},
    ]
}


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (("links", 1, "peer", "routes", 0), "unreachable", "links[1].peer.routes[0] (v3): unreachable"),
        (("links", 0, "ports", 0, "cost"), "too high", "links[0].ports[0].cost (br0): too high"),
        (("links", 0), "wrong", "links[0] (br0): wrong"),
        (("links", 0), "wrong on br0.10", "links[0] (br0): wrong on br0.10"),
        (("links", 0, "name"), "'br0' is taken", "links[0].name: 'br0' is taken"),
        (("links", 1), "it moves to v3", "links[1]: it moves to v3"),
        (("links", 2, "peer"), "it is required", "links[2].peer: it is required"),
        (("links", 3), "wrong", "links[3]: wrong"),
        (("links", 4), "wrong", "links[4]: wrong"),
        (("links", 5), "wrong", "links[5] ('\\x1b'): wrong"),
        (("links", 9), "wrong", "links[9]: wrong"),
        (("namespaces", 0), "wrong", "namespaces[0]: wrong"),
        (("mtu",), "wrong", "mtu: wrong"),
        ((), "wrong", "wrong"),
    ],
)
def test_a_message_names_the_item_unless_the_text_does(path: Path, text: str, expected: str) -> None:
    assert full_message("vnet_layout lab", Message(path, text), ITEMS) == "vnet_layout lab: " + expected
