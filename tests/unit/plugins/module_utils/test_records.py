# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The records of what layouts own, as data: their text, and which links they describe."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._records import (
    FIRST_INDEX,
    FORMAT,
    NAME,
    DamagedError,
    NewerFormatError,
    Record,
    Records,
    Registry,
    decode,
    encode,
)
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Ownership

KEY = ("1", "lab")
I = FIRST_INDEX  # noqa: E741
RECORDS = Records(
    {
        "1": {
            I: Record("veth", I + 1),
            7: Record("bridge", 0, {"mtu": 1500, "addresses": {"192.0.2.1/24": 1}, "vlans": {"5": None}}),
            8: Record("tun", 0, None, "vnetold8"),
            9: Record("veth", 4, {}),
        },
        "9": {1: Record("loopback"), I + 1: Record("veth", I)},
    },
    {"1": "", "9": "red"},
    ["blue"],
)


def test_what_was_written_is_read() -> None:
    assert decode("boot", encode("boot", KEY, RECORDS)) == (KEY, RECORDS)
    assert decode("boot", encode("boot", KEY, Records.empty())) == (KEY, Records.empty())


def test_what_was_written_before_a_reboot_is_empty() -> None:
    assert decode("another", encode("boot", KEY, RECORDS)) is None


def test_a_newer_format_is_told_apart() -> None:
    with pytest.raises(NewerFormatError):
        decode("boot", json.dumps({"format": FORMAT + 1, "whatever": []}))


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "null", '{"format": 1}', '{"format": "x"}', '{"format": 1, "boot": "boot", "links": []}', "\0"])
def test_a_damaged_file_is_an_error(text: str) -> None:
    with pytest.raises(DamagedError):
        decode("boot", text)


def test_a_part_of_a_file_is_an_error() -> None:
    text = encode("boot", KEY, RECORDS)
    for length in range(len(text)):
        with pytest.raises(DamagedError):
            decode("boot", text[:length])


REGISTRY = Registry("1", {KEY: RECORDS, ("5", "lab"): Records({"1": {I + 2: Record("bridge")}}, {"1": "x"}, [])})


@pytest.mark.parametrize(
    ("link", "owner"),
    [
        (("1", I, "veth", I + 1), Ownership("lab")),
        (("9", 1, "loopback", 0), Ownership("lab")),
        (("1", 7, "bridge", 0), Ownership("lab", {"mtu": 1500, "addresses": {"192.0.2.1/24": 1}, "vlans": {"5": None}})),
        (("1", I + 2, "bridge", 0), Ownership("lab", home="5")),
        (("1", I, "veth", 3), Ownership("lab")),
        (("1", 9, "veth", 3), None),
        (("1", 9, "veth", 4), Ownership("lab", {})),
        (("1", 8, "tun", 0), None),
        (("1", 8, "tun", 0, "vnetold8"), Ownership("lab")),
        (("1", I, "bridge", I + 1), None),
        (("9", I, "veth", I + 1), None),
        (("1", 1, "loopback", 0), None),
        (("1", 8, "bridge", 0), None),
        (("2", 7, "bridge", 0), None),
    ],
)
def test_a_link_is_recognized_by_namespace_index_kind_and_peer(link: Any, owner: Any) -> None:
    assert REGISTRY.ownership(*link) == owner


def test_a_link_whose_index_was_chosen_is_recognized_elsewhere() -> None:
    assert REGISTRY.moved_from(I, "veth", I + 1) == ("1", Ownership("lab"))
    assert REGISTRY.moved_from(I, "veth", 5) is None
    assert REGISTRY.moved_from(7, "bridge", 0) is None, "the kernel has chosen it, so others have it, too"


def test_indexes_of_new_links_are_neither_recorded_nor_seen() -> None:
    assert list(islice(REGISTRY.free_indexes({I + 4}), 3)) == [I + 3, I + 5, I + 6]
    last = Registry("1", {KEY: Records({"1": {2**31 - 2: Record("bridge")}}, {}, [])})
    assert list(islice(last.free_indexes({I}), 3)) == [2**31 - 1, I + 1, I + 2]
    adopted = Registry("1", {KEY: Records({"1": {2**31 - 1: Record("bridge", 0, {})}}, {}, [])})
    assert next(adopted.free_indexes(set())) == I, "an index that somebody else has chosen"


def test_the_namespaces_of_a_layout_are_those_that_it_created() -> None:
    assert RECORDS.created("red")
    assert RECORDS.created("blue")
    assert not RECORDS.created("")
    adopted = Records({"9": {1: Record("loopback", 0, {})}}, {"9": "red"}, [])
    assert not adopted.created("red")


@pytest.mark.parametrize("name", ["a", "0", "lab.1_x-y", "A" * 32])
def test_a_name_is_the_name_of_a_file(name: str) -> None:
    assert NAME.fullmatch(name)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "-x", "a b", "a\n", "A" * 33])
def test_what_is_not_the_name_of_a_file_is_no_name(name: str) -> None:
    assert not NAME.fullmatch(name)
