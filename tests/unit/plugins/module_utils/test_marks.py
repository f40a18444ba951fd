# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mark in front of an alias: written, read, and told from what only looks like one."""

from __future__ import annotations

from typing import Any, Optional

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._marks import NAME, join, split, unfinished
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Mark

BEFORE: dict[str, Any] = {
    "mtu": 1500,
    "up": False,
    "master": "br0",
    "port": {"cost": 7},
    "addresses": {"192.0.2.1/24": 1},
    "routes": {"10.0.0.0/8": 0},
    "vlans": {"10": [True, False], "11": None},
    "alias": 'wörds: "quoted" {} \\ nfv.vnet:lab',
}


@pytest.mark.parametrize(
    ("mark", "text", "alias"),
    [
        (None, "", ""),
        (None, "words", "words"),
        (Mark("lab"), "", "nfv.vnet:lab"),
        (Mark("lab"), "two words", "nfv.vnet:lab two words"),
        (Mark("lab"), " leading", "nfv.vnet:lab  leading"),
        (Mark("lab"), "nfv.vnet:lab", "nfv.vnet:lab nfv.vnet:lab"),
        (Mark("a.b_c-d"), ":", "nfv.vnet:a.b_c-d :"),
        (Mark("lab", {}), "", "nfv.vnet:lab:{}"),
        (Mark("lab", {}), "words", "nfv.vnet:lab:{} words"),
        (Mark("lab", {"mtu": 1500}), "}", 'nfv.vnet:lab:{"mtu":1500} }'),
        (Mark("lab", {"master": "br0"}), "", 'nfv.vnet:lab:{"m":"br0"}'),
    ],
)
def test_what_is_written_is_read(mark: Optional[Mark], text: str, alias: str) -> None:
    assert join(mark, text) == alias
    assert split(alias) == (mark, text)


@pytest.mark.parametrize("text", ["", "words", "} {", '{"x":1}', " "])
def test_everything_that_is_remembered_comes_back(text: str) -> None:
    mark = Mark("lab", BEFORE)
    assert split(join(mark, text)) == (mark, text)


@pytest.mark.parametrize("name", BEFORE)
def test_each_thing_that_is_remembered_comes_back_alone(name: str) -> None:
    mark = Mark("lab", {name: BEFORE[name]})
    assert split(join(mark, "")) == (mark, "")


@pytest.mark.parametrize(
    "alias",
    [
        "nfv.vnet:",
        "nfv.vnet",
        "nfv.vnet: lab",
        "nfv.vnet:-lab",
        "nfv.vnet:lab/x",
        "nfv.vnet:läb",
        "nfv.vnet:" + "x" * 33,
        "NFV.VNET:lab",
        " nfv.vnet:lab",
        "nfvxvnet:lab",
        "nfv.vnet:lab:",
        "nfv.vnet:lab:words",
        "nfv.vnet:lab:{",
        'nfv.vnet:lab:{"mtu":15',
        "nfv.vnet:lab:[]",
        "nfv.vnet:lab:7",
        "nfv.vnet:lab:null",
        "nfv.vnet:lab\nwords",
    ],
)
def test_what_only_looks_like_a_mark_is_an_alias(alias: str) -> None:
    assert split(alias) == (None, alias)


@pytest.mark.parametrize(
    ("name", "good"), [("lab", True), ("0", True), ("a" * 32, True), ("a" * 33, False), ("", False), (".a", False), ("a b", False), ("a:b", False)]
)
def test_names(name: str, good: bool) -> None:
    assert bool(NAME.fullmatch(name)) is good
    if good:
        assert split(join(Mark(name), "words")) == (Mark(name), "words")


def test_groups_of_links_in_the_making_are_many_and_none_of_the_low_ones() -> None:
    groups = {unfinished(f"layout{number}") for number in range(1000)}
    assert len(groups) == 1000
    assert all(1 << 30 <= group < 1 << 31 for group in groups)
    assert unfinished("lab") == unfinished("lab")
