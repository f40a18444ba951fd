# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a layout: YAML that reads back as what it was written from, and numbers."""

from __future__ import annotations

from typing import Any

import pytest
import yaml as reference
from ansible_collections.nfv.vnet.plugins.module_utils._report import as_yaml, yaml
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Host, Ownership
from ansible_collections.nfv.vnet.plugins.module_utils._summary import summary
from ansible_collections.nfv.vnet.tests.unit.plugins.module_utils.records import cable, declared, host, planned, there

WORDS = [
    "",
    " ",
    "plain",
    "two words",
    "true",
    "False",
    "yes",
    "No",
    "on",
    "OFF",
    "null",
    "~",
    "y",
    "n",
    "1",
    "1.5",
    "0x10",
    "010",
    "1e3",
    "1_000",
    ".5",
    "-",
    "- x",
    "?",
    "a: b",
    "a:b",
    "02:00:00:00:00:01",
    "12:34:56",
    "192.0.2.1/24",
    "192.0.2.1",
    "10.20",
    "2001:db8::1/64",
    "2026-01-01",
    "#x",
    "a #b",
    "'",
    '"',
    "it's",
    "\\",
    "\t",
    "line\nline",
    "{}",
    "[]",
    "{a}",
    "&a",
    "*a",
    "!a",
    "|",
    ">",
    "%a",
    "@a",
    "`a",
    "ümlaut ☃",
    "\x07",
    "=",
    "<<",
    ".inf",
    ".nan",
    "/run/netns/red",
    "_x",
    "a.b",
    "None",
]


@pytest.mark.parametrize("text", WORDS, ids=ascii)
def test_a_text_reads_back(text: str) -> None:
    for value in ({"key": text}, {"list": [text, text]}, {"list": [{"key": text, "other": [text]}]}):
        assert reference.safe_load(yaml(value)) == value


@pytest.mark.parametrize("value", [True, False, None, 0, 1, -1, 2**32, 0.5, 0.01, 1000.0, 42949672.95])
def test_a_scalar_reads_back(value: Any) -> None:
    assert reference.safe_load(yaml({"key": value, "list": [value]})) == {"key": value, "list": [value]}


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"empty": [], "none": {}},
        {"a": {"b": {"c": {"d": [1, {"e": [2, 3]}]}}}},
        {"list": [{"a": 1}, {"b": {"c": [{"d": 1}, {"e": 2}]}}, {}]},
        {"net.ipv4.ip_forward": "1", "with space": {"x:y": 1}},
        {"list": [{"first": {"inner": 1}, "second": 2}, {"first": [1, 2], "second": []}]},
    ],
)
def test_what_is_nested_reads_back(value: Any) -> None:
    assert (reference.safe_load(yaml(value)) or {}) == value


def test_it_reads_well() -> None:
    assert yaml({"links": [{"type": "bridge", "name": "br0", "addresses": ["192.0.2.1/24", "2001:db8::1/64"], "port": {"cost": 9}, "ports": []}]}) == (
        'links:\n  - type: bridge\n    name: br0\n    addresses:\n      - 192.0.2.1/24\n      - "2001:db8::1/64"\n    port:\n      cost: 9\n    ports: []\n'
    )


# A layout


OURS = Ownership("lab")


def _lab(**params: Any) -> Any:
    return declared(name="lab", **params)


def test_the_declaration_and_what_belongs_to_it_is_shown() -> None:
    found = host(
        there("bridge", "br0", ownership=OURS, priority=5),
        there("bridge", "old", ownership=OURS),
        there("bridge", "theirs"),
        there("bridge", "next", ownership=Ownership("guest")),
    )
    text = reference.safe_load(as_yaml(_lab(links=[{"type": "bridge", "name": "br0", "priority": 7}]), found, found))
    assert text == {
        "links": [{"type": "bridge", "name": "br0", "up": True, "priority": 5, "layout": "lab"}, {"type": "bridge", "name": "old", "layout": "lab"}]
    }


def test_only_what_is_said_is_shown() -> None:
    near, far = cable(there("veth", "a", mtu=1400, ownership=OURS), there("veth", "b", ownership=OURS))
    layout = _lab(links=[{"type": "veth", "name": "a", "mtu": 1400, "peer": {"name": "b"}}])
    text = reference.safe_load(as_yaml(layout, host(near, far), host(near, far)))
    assert text == {"links": [{"type": "veth", "name": "a", "mtu": 1400, "up": True, "peer": {"name": "b", "up": True}, "layout": "lab"}]}


def test_nothing_is_an_empty_text() -> None:
    assert as_yaml(_lab(), host(), host()) == ""
    assert as_yaml(_lab(links=[{"type": "bridge", "name": "br0"}]), host(), host()) == ""


def test_a_link_that_is_given_back_stays_with_what_it_had() -> None:
    before = host(there("dummy", "taken", ownership=Ownership("lab", {"mtu": 1500}), mtu=1400), there("dummy", "made", ownership=OURS))
    after = host(there("dummy", "taken", mtu=1500))
    assert reference.safe_load(as_yaml(_lab(), before, before)) == {
        "links": [{"type": "dummy", "name": "taken", "mtu": 1400, "layout": "lab"}, {"type": "dummy", "name": "made", "layout": "lab"}]
    }
    assert reference.safe_load(as_yaml(_lab(), before, after)) == {"links": [{"type": "dummy", "name": "taken", "mtu": 1500}]}


# Numbers


def _numbers(params: dict[str, Any], found: Host) -> dict[str, dict[str, int]]:
    layout = _lab(**params)
    plan = planned(layout, found)
    counted = summary(layout, found, plan.after, plan.steps)
    assert {tuple(numbers) for numbers in counted.values()} == {("declared", "created", "changed", "removed", "adopted", "released")}
    return {kind: {verb: number for verb, number in numbers.items() if number} for kind, numbers in counted.items() if any(numbers.values())}


def _namespace(name: str, ownership: Any = OURS) -> Any:
    return there("loopback", "lo", name, ownership=ownership)


@pytest.mark.parametrize(
    ("params", "found", "expected"),
    [
        ({}, host(), {}),
        ({"links": [{"type": "bridge", "name": "br0"}]}, host(), {"links": {"declared": 1, "created": 1}}),
        ({"links": [{"type": "bridge", "name": "br0"}]}, host(there("bridge", "br0", ownership=OURS)), {"links": {"declared": 1}}),
        ({"links": [{"type": "bridge", "name": "br0", "mtu": 1400}]}, host(there("bridge", "br0", ownership=OURS)), {"links": {"declared": 1, "changed": 1}}),
        ({"links": [{"type": "bridge", "name": "br0"}]}, host(there("bridge", "br0")), {"links": {"declared": 1, "adopted": 1}}),
        ({"links": [{"type": "bridge", "name": "br0", "mtu": 1400}]}, host(there("bridge", "br0")), {"links": {"declared": 1, "changed": 1, "adopted": 1}}),
        ({}, host(there("bridge", "br0", ownership=OURS)), {"links": {"removed": 1}}),
        ({}, host(there("bridge", "br0", ownership=Ownership("lab", {}))), {"links": {"released": 1}}),
        ({}, host(there("bridge", "br0", ownership=Ownership("guest"))), {}),
        ({"links": [{"type": "veth", "name": "a", "peer": {"name": "b"}}]}, host(), {"links": {"declared": 1, "created": 1}}),
        (
            {"links": [{"type": "veth", "name": "a", "peer": {"name": "b"}}]},
            host(*cable(there("veth", "a"), there("veth", "b"))),
            {"links": {"declared": 1, "adopted": 1}},
        ),
        (
            {"links": [{"type": "veth", "name": "a", "peer": {"name": "b", "mtu": 1400}}]},
            host(*cable(there("veth", "a", ownership=OURS), there("veth", "b", ownership=OURS))),
            {"links": {"declared": 1, "changed": 1}},
        ),
        ({}, host(*cable(there("veth", "a", ownership=OURS), there("veth", "b", ownership=OURS))), {"links": {"removed": 1}}),
        ({}, host(*cable(there("veth", "a", ownership=Ownership("lab", {})), there("veth", "b", ownership=Ownership("lab", {})))), {"links": {"released": 1}}),
        ({"namespaces": [{"name": "red"}]}, host(), {"namespaces": {"declared": 1, "created": 1}}),
        ({"namespaces": [{"name": "red"}]}, host(_namespace("red", None)), {"namespaces": {"declared": 1, "adopted": 1}}),
        ({"namespaces": [{"name": "red", "loopback": False}]}, host(_namespace("red")), {"namespaces": {"declared": 1, "changed": 1}}),
        ({}, host(_namespace("red"), there("bridge", "br0", "red", ownership=OURS)), {"namespaces": {"removed": 1}, "links": {"removed": 1}}),
        (
            {},
            host(_namespace("red"), _namespace("blue"), *cable(there("veth", "a", "red", ownership=OURS), there("veth", "b", "blue", ownership=OURS))),
            {"namespaces": {"removed": 2}, "links": {"removed": 1}},
        ),
        (
            {},
            host(_namespace("red"), *cable(there("veth", "a", "red", ownership=OURS), there("veth", "b", ownership=OURS))),
            {"namespaces": {"removed": 1}, "links": {"removed": 1}},
        ),
        ({"links": [{"type": "tuntap", "name": "t", "mode": "tap"}]}, host(), {"links": {"declared": 1, "created": 1}}),
        ({"links": [{"name": "eth0", "mtu": 1400}]}, host(there("", "eth0")), {"links": {"declared": 1, "changed": 1, "adopted": 1}}),
    ],
)
def test_numbers(params: dict[str, Any], found: Host, expected: dict[str, dict[str, int]]) -> None:
    assert _numbers(params, found) == expected


def test_vlans_of_a_new_port_are_shown() -> None:
    vlans = [{"vid": "10", "pvid": True, "untagged": True}]
    bridge = {"type": "bridge", "name": "br0", "vlan_filtering": True, "vlan_default_pvid": 0}
    layout = _lab(links=[bridge, {"type": "tuntap", "name": "t0", "mode": "tap", "master": "br0", "port": {"vlans": vlans}}])
    text = reference.safe_load(as_yaml(layout, host(), planned(layout, host()).after))
    assert text["links"][1]["port"] == {"vlans": vlans}
