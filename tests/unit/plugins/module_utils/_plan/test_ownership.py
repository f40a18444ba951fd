# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose is what, as data: what is adopted, what goes, what is given back."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._resources import (
    OWN_STALE_FILE,
    Address,
    FoundLink,
    FoundNamespace,
    Host,
    Ownership,
    Route,
)
from ansible_collections.nfv.vnet.plugins.module_utils._steps import Plan
from ansible_collections.nfv.vnet.tests.unit.plugins.module_utils.records import acts, cable, declared, host, planned, port, there, wanted

OURS, THEIRS = Ownership("lab"), Ownership("guest")
ELSEWHERE = Ownership("lab", home="7")
"""A layout of the same name that is declared from another namespace."""
BLACKHOLE = Route("10.7.0.0/16", 254, 0, "blackhole")


def plan_of(found: Host, **params: Any) -> Plan:
    return planned(declared(**params), found)


def steps(found: Host, **params: Any) -> list[tuple[Any, ...]]:
    return acts(plan_of(found, **params))


def refusal(found: Host, **params: Any) -> str:
    with pytest.raises(VnetError) as caught:
        plan_of(found, **params)
    return str(caught.value)


def recorded(plan: Plan, name: str, netns: str = "") -> Any:
    """What is recorded of a link that is adopted."""
    owner = plan.ownership[netns, name]
    assert owner
    return owner.original


def adopted(kind: str, name: str, before: dict[str, Any], netns: str = "", **fields: Any) -> FoundLink:
    return there(kind, name, netns, ownership=Ownership("lab", before), **fields)


def lo(netns: str, **fields: Any) -> FoundLink:
    return there("loopback", "lo", netns, **fields)


# What is new


def test_a_new_link_belongs_to_the_layout() -> None:
    plan = plan_of(host(), links=[{"type": "bridge", "name": "br0"}], namespaces=[{"name": "red"}])
    assert {key: found.ownership for key, found in plan.after.links.items()} == {("", "br0"): OURS, ("red", "lo"): OURS}
    assert plan.ownership == {}, "of an existing link"


def test_single_modules_own_nothing() -> None:
    plan = planned(wanted("vnet_bridge", name="br0"), host())
    assert plan.after.links["", "br0"].ownership is None
    adopting = planned(wanted("vnet_bridge", name="br0", mtu=1400), host(there("bridge", "br0")))
    assert adopting.ownership == {}


# What is there


def test_what_is_ours_and_as_declared_needs_nothing() -> None:
    assert steps(host(there("bridge", "br0", ownership=OURS)), links=[{"type": "bridge", "name": "br0"}]) == []


@pytest.mark.parametrize(
    ("params", "fields", "before"),
    [
        ({}, {}, {}),
        ({"mtu": 1400}, {}, {"mtu": 1500}),
        ({"mtu": 1400}, {"mtu": 1400}, {}),
        ({"up": False}, {}, {"up": True}),
        ({"alias": "ours"}, {"alias": "mine"}, {"alias": "mine"}),
        ({"alias": "mine"}, {"alias": "mine"}, {}),
        ({"stp": True, "priority": 5}, {"priority": 5}, {"stp": False}),
        ({"addresses": ["192.0.2.1/24"]}, {}, {"addresses": {"192.0.2.1/24": 0}}),
        ({"addresses": []}, {"addresses": [Address("192.0.2.1", 24)]}, {"addresses": {"192.0.2.1/24": 1}}),
        ({"addresses": ["192.0.2.1/24"]}, {"addresses": [Address("192.0.2.1", 24)]}, {}),
        ({"routes": []}, {"routes": [Route("10.0.0.0/8", 254, 0, dev="br0", scope="link")]}, {"routes": {"10.0.0.0/8": 1}}),
    ],
)
def test_what_is_taken_in_remembers_what_changes(params: dict[str, Any], fields: dict[str, Any], before: dict[str, Any]) -> None:
    plan = plan_of(host(there("bridge", "br0", **{"routes": [], **fields})), links=[{"type": "bridge", "name": "br0", **params}])
    assert recorded(plan, "br0") == before
    assert plan.after.links["", "br0"].ownership == Ownership("lab", before)


def test_a_port_that_is_taken_in_remembers_its_bridge_and_its_settings() -> None:
    found = host(there("bridge", "old"), there("bridge", "br0"), there("tun", "t", master="old", port=port(cost=7, hairpin=True)))
    plan = plan_of(found, links=[{"type": "tuntap", "name": "t", "master": "br0", "port": {"cost": 9}}])
    assert recorded(plan, "t") == {"master": "old", "port": {"cost": 7, "hairpin": True}}


def test_what_an_earlier_run_remembered_is_older() -> None:
    found = host(adopted("bridge", "br0", {"mtu": 1500, "addresses": {"192.0.2.1/24": 0}}, mtu=1400, addresses=[Address("192.0.2.1", 24)]))
    plan = plan_of(found, links=[{"type": "bridge", "name": "br0", "mtu": 1300, "priority": 9, "addresses": ["192.0.2.9/24"], "purge_addresses": False}])
    assert recorded(plan, "br0") == {"mtu": 1500, "priority": 32768, "addresses": {"192.0.2.1/24": 0, "192.0.2.9/24": 0}}


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"links": [{"type": "bridge", "name": "br0"}]}, "links[0]: br0 belongs to layout guest"),
        ({"links": [{"type": "bridge", "name": "br0", "recreate": True}]}, "links[0]: br0 belongs to layout guest"),
        ({"links": [{"type": "tuntap", "name": "br0", "mode": "tap"}]}, "links[0]: br0 belongs to layout guest"),
        ({"links": [{"name": "br0"}]}, "links[0]: br0 belongs to layout guest"),
        ({"namespaces": [{"name": "red"}]}, "namespaces[0]: namespace red belongs to layout guest"),
        ({"links": [{"type": "bridge", "name": "br1", "ports": [{"name": "t"}]}]}, "links[0].ports[0]: t belongs to layout guest"),
    ],
)
def test_what_belongs_to_another_layout_is_refused(params: dict[str, Any], sentence: str) -> None:
    found = host(there("bridge", "br0", ownership=THEIRS), lo("red", ownership=THEIRS), there("tun", "t", ownership=Ownership("guest", {})))
    assert refusal(found, **params).startswith("" + sentence)


def test_a_port_may_join_the_bridge_of_another_layout() -> None:
    found = steps(host(there("bridge", "br0", ownership=THEIRS), there("tun", "t", ownership=OURS)), links=[{"type": "tuntap", "name": "t", "master": "br0"}])
    assert found == [("link set", "t", {"master": "br0"})]


# What goes


def test_what_is_not_declared_any_more_goes_last() -> None:
    found = host(
        there("bridge", "br0", ownership=OURS), there("tun", "t", ownership=OURS), there("bridge", "theirs"), there("bridge", "guest", ownership=THEIRS)
    )
    assert steps(found, links=[{"type": "bridge", "name": "new"}])[-2:] == [("link delete", "br0", None), ("link delete", "t", None)]
    assert {step[1] for step in steps(found)} == {"br0", "t"}


def test_a_cable_goes_by_one_of_its_ends() -> None:
    near, far = cable(there("veth", "a", ownership=OURS), there("veth", "b", "red", ownership=OURS))
    assert steps(host(near, far)) == [("link delete", "a", None)]


def test_a_namespace_takes_along_what_is_ours() -> None:
    near, far = cable(there("veth", "a", "red", ownership=OURS), there("veth", "b", ownership=OURS))
    found = host(lo("red", ownership=OURS), near, far, there("bridge", "br0", "red", ownership=OURS), there("sit", "sit0", "red"))
    assert steps(found) == [("link delete", "b", None), ("netns delete", "red", None)]


def test_a_namespace_with_something_of_another_layout_is_not_deleted() -> None:
    found = host(lo("red", ownership=OURS), there("bridge", "br0", "red", ownership=THEIRS))
    assert refusal(found) == "namespace red cannot be deleted, as it contains br0, which belongs to layout guest; remove that first"


def test_a_namespace_with_something_of_others_is_released() -> None:
    """Whoever rules it could else keep the layout from being removed."""
    near, far = cable(there("veth", "a", "red", ownership=OURS), there("veth", "b", ownership=OURS))
    plan = plan_of(host(lo("red", ownership=OURS), there("bridge", "br0", "red"), near, far, there("tun", "t", ownership=OURS)))
    assert acts(plan) == [("link delete", "red:a", None), ("link delete", "t", None)]
    assert plan.ownership == {("red", "lo"): None}
    text = "namespace red is kept, as it contains br0, which this layout did not create; it does not belong to the layout any more"
    assert list(map(str, plan.warnings)) == [text]


def test_a_namespace_of_others_stays() -> None:
    assert steps(host(lo("red"), there("bridge", "br0", "red", ownership=OURS))) == [("link delete", "red:br0", None)]


def test_the_name_of_a_namespace_that_a_killed_run_left_goes() -> None:
    found = host(red=FoundNamespace(None, OWN_STALE_FILE))
    assert steps(found) == [("netns delete", "red", None)]


def test_processes_of_a_namespace_that_goes_are_a_warning() -> None:
    found = host(lo("red", ownership=OURS), red=FoundNamespace((4, 100), pids=[7, 8]))
    assert list(map(str, plan_of(found).warnings)) == [
        "namespace red continues to exist without a name, with its links, until these processes end: 7, 8",
    ]


def test_a_link_of_another_kind_that_is_ours_is_replaced() -> None:
    found = steps(host(there("tun", "br0", ownership=OURS)), links=[{"type": "bridge", "name": "br0"}])
    assert [step[0] for step in found] == ["link set", "link rename", "link add", "link set", "link delete"]


def test_a_link_of_another_kind_that_is_not_ours_is_refused() -> None:
    assert "br0 is a TUN or TAP device, not a bridge" in refusal(host(there("tun", "br0")), links=[{"type": "bridge", "name": "br0"}])


# What is given back


def test_what_did_not_change_is_only_released() -> None:
    plan = plan_of(host(adopted("bridge", "br0", {}, alias="mine")))
    assert plan.steps == []
    assert plan.ownership == {("", "br0"): None}
    assert plan.after.links["", "br0"].ownership is None


def test_a_layout_of_the_same_name_elsewhere_is_another_one() -> None:
    found = host(there("bridge", "br0", ownership=ELSEWHERE))
    assert steps(found) == []
    sentence = "links[0]: br0 belongs to layout lab, which is declared from another namespace"
    assert refusal(found, links=[{"type": "bridge", "name": "br0"}]).startswith(sentence)


def test_a_link_that_is_replaced_belongs_to_the_layout_until_it_is_deleted() -> None:
    plan = plan_of(host(there("tun", "t", multi_queue=False)), links=[{"type": "tuntap", "name": "t", "mode": "tap", "multi_queue": True, "recreate": True}])
    assert plan.ownership == {("", "t"): OURS}


@pytest.mark.parametrize(
    ("before", "fields", "expected"),
    [
        ({"mtu": 1500}, {"mtu": 1400}, [("link set", {"mtu": 1500})]),
        ({"mtu": 1500}, {"mtu": 1500}, []),
        ({"up": False}, {"up": True}, [("link set", {"up": False})]),
        ({"up": True}, {"up": False}, [("link set", {"up": True})]),
        ({"stp": False}, {"stp": True}, [("link set", {"stp": False})]),
        ({"addresses": {"192.0.2.1/24": 0}}, {"addresses": [Address("192.0.2.1", 24)]}, [("address delete", None)]),
        ({"addresses": {"192.0.2.1/24": 0}}, {}, []),
        ({"addresses": {"192.0.2.1/24": 1}}, {}, [("address add", Address("192.0.2.1", 24))]),
        ({"addresses": {"192.0.2.1/24": 1}}, {"addresses": [Address("192.0.2.1", 24)]}, []),
        ({"addresses": {"10.9.0.1 peer 10.9.0.2/32": 1}}, {}, [("address add", Address("10.9.0.1", 32, "10.9.0.2"))]),
        ({"addresses": {"2001:db8::1/64 nodad": 1}}, {}, [("address add", Address("2001:db8::1", 64, nodad=True))]),
        (
            {"addresses": {"192.0.2.1/24": 1, "192.0.2.7/24": 0}},
            {"addresses": [Address("192.0.2.7", 24)]},
            [("address delete", None), ("address add", Address("192.0.2.1", 24))],
        ),
        ({"addresses": {"192.0.2.1/24": 0}}, {"addresses": [Address("198.51.100.9", 24), Address("192.0.2.1", 24)]}, [("address delete", None)]),
        ({"routes": {"10.0.0.0/8": 0}}, {"routes": [Route("10.0.0.0/8", 254, 0, dev="br0", scope="link")]}, [("route delete", None)]),
        ({"routes": {"10.0.0.0/8": 0}}, {"routes": []}, []),
        ({"routes": {"10.0.0.0/8 192.0.2.9 7": 1}}, {"routes": []}, [("route add", Route("10.0.0.0/8", 7, 0, dev="br0", via="192.0.2.9", scope="global"))]),
    ],
)
def test_what_changed_is_given_back(before: dict[str, Any], fields: dict[str, Any], expected: list[tuple[str, Any]]) -> None:
    found = steps(host(adopted("bridge", "br0", before, **{"routes": [], **fields})))
    assert [(act, new) for act, _name, new in found] == expected


def test_a_port_goes_back_to_its_bridge() -> None:
    before = {"master": "old", "port": {"cost": 7}}
    found = host(there("bridge", "old"), there("bridge", "br0"), adopted("tun", "t", before, master="br0", port=port(cost=9)))
    assert steps(found)[:2] == [("link set", "t", {"master": "old"}), ("port set", "t", {"cost": 7})]


def test_a_port_that_was_none_leaves() -> None:
    found = host(there("bridge", "br0"), adopted("tun", "t", {"master": "", "port": {"cost": 2}}, master="br0", port=port(cost=9)))
    assert steps(found) == [("link set", "t", {"master": ""})]


def test_what_is_said_of_a_link_that_is_not_declared_any_more_names_it() -> None:
    changing = adopted("bridge", "br0", {"ageing_time": 60.0}, ageing_time=30.0, forward_delay=15.0)._replace(status={"topology_change": True})
    assert [str(warning)[:35] for warning in plan_of(host(changing)).warnings] == ["br0: ageing_time: not changed, as t"]
    with pytest.raises(VnetError, match=r"^br0: mst: this kernel does not support it") as caught:
        plan_of(host(adopted("bridge", "br0", {"mst": False}, mst=None)))
    assert caught.value.path == ()


def test_a_port_that_cannot_be_given_back_is_named() -> None:
    found = adopted("veth", "t", {"master": "br0", "port": {"cost": 5}})
    assert refusal(host(found, there("veth", "br0"))) == "t: master: br0 is a veth, not a bridge"


def test_a_bridge_that_is_gone_is_a_warning() -> None:
    plan = plan_of(host(there("bridge", "br0"), adopted("tun", "t", {"master": "old"}, master="br0", port=port())))
    assert list(map(str, plan.warnings)) == ["bridge old, of which t was a port, does not exist any more"]
    assert acts(plan) == [("link set", "t", {"master": ""})]


def test_the_routes_of_a_namespace_are_given_back() -> None:
    found = host(lo("red", ownership=Ownership("lab", {"routes": {"10.7.0.0/16 - 254 0 blackhole - ": 0}})), red=FoundNamespace((4, 100), routes=[BLACKHOLE]))
    assert steps(found) == [("route delete", "red:", None)]
