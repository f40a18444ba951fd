# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order links are made and go up, whatever the order in which they are declared."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Ownership
from ansible_collections.nfv.vnet.plugins.module_utils._steps import CreateLink, CreateNamespace, DeleteLink, SetLink
from ansible_collections.nfv.vnet.tests.unit.plugins.module_utils.records import acts, declared, host, planned, there

VLAN: dict[str, Any] = {"type": "vlan", "id": 5}
LINKS = [
    {"type": "bridge", "name": "lower", "mtu": 9000},
    {"type": "bridge", "name": "upper"},
    {"type": "veth", "name": "port", "master": "lower", "peer": {"name": "far"}},
    {**VLAN, "name": "outer", "parent": "lower", "mtu": 8000},
    {**VLAN, "name": "inner", "parent": "outer", "master": "upper"},
]


def order(links: list[Any]) -> tuple[list[str], list[str], list[str]]:
    """The links as they are made, as their MTU is set, as they go up."""
    steps = planned(declared(links=links), host()).steps
    made = [step.name for step in steps if isinstance(step, CreateLink)]
    sized = [step.name for step in steps if isinstance(step, SetLink) and "mtu" in step.values]
    return made, sized, [step.name for step in steps if isinstance(step, SetLink) and step.values.get("up")]


@pytest.mark.parametrize("links", list(itertools.permutations(LINKS)), ids=lambda links: "-".join(link["name"] for link in links))
def test_a_parent_comes_before_what_stands_on_it_and_ports_go_up_before_their_bridge(links: list[Any]) -> None:
    made, sized, up = order(list(links))
    assert sorted(made) == sorted(["lower", "upper", "port", "outer", "inner"])
    for one, other in (("lower", "port"), ("lower", "outer"), ("outer", "inner")):
        assert made.index(one) < made.index(other)
    assert sized == ["lower", "outer"]
    for one, other in (("port", "lower"), ("far", "lower"), ("lower", "outer"), ("outer", "inner"), ("inner", "upper")):
        assert up.index(one) < up.index(other)


def test_without_parents_bridges_come_after_namespaces_and_before_their_ports() -> None:
    links = [{"type": "veth", "name": "port", "master": "br", "peer": {"name": "far"}}, {"type": "bridge", "name": "br"}]
    steps = planned(declared(namespaces=[{"name": "red"}], links=links), host()).steps
    assert [step.name for step in steps if isinstance(step, (CreateNamespace, CreateLink))] == ["red", "br", "port"]


def test_a_long_chain_is_no_trouble() -> None:
    links = [{**VLAN, "name": f"v{number}", "parent": f"v{number + 1}"} for number in range(2000)]
    made, _sized, up = order([*links, {"type": "dummy", "name": "v2000"}])
    assert made == up == [f"v{number}" for number in range(2000, -1, -1)]
    with pytest.raises(VnetError, match=r"links\[0\].parent: these links would be on top of each other: v0, v1, .*, v2000, v0"):
        order([*links, {**VLAN, "name": "v2000", "parent": "v0"}])


def test_bridges_that_would_be_ports_of_each_other_are_refused_as_ports() -> None:
    links = [{"type": "bridge", "name": name, "ports": [{"name": other}]} for name, other in (("a", "b"), ("b", "a"))]
    with pytest.raises(VnetError, match=r"links\[0\].ports\[0\]: b is a bridge, which cannot be a port of a bridge"):
        order([*links, {**VLAN, "name": "v", "parent": "a"}])


def test_what_stands_on_others_goes_before_them() -> None:
    found = host(
        there("dummy", "d"),
        there("vlan", "outer", parent=("", "d"), id=5, protocol="802.1q"),
        there("vlan", "inner", parent=("", "outer"), id=5, protocol="802.1q", promiscuous=True),
    )
    ours = found._replace(links={key: link._replace(ownership=Ownership("lab")) for key, link in found.links.items()})
    plan = planned(declared(), ours)
    assert [step.name for step in plan.steps if isinstance(step, DeleteLink)] == ["inner", "outer", "d"]
    assert acts(plan)[0] == ("link set", "inner", {"promiscuous": False})  # or its parent would stay so
