# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose is what, as data: what is adopted, what goes, what is given back."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._bodies import device_of
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _nla, _pack
from ansible_collections.nfv.vnet.plugins.module_utils._resources import (
    OWN_STALE_FILE,
    Address,
    FoundLink,
    FoundNamespace,
    Host,
    Ownership,
    Route,
    Shown,
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
    """What is recorded of what the plan changes of an adopted link."""
    owner = plan.ownership[netns, name]
    assert owner
    assert owner.original is not None
    return {option: before for option, before in owner.original.items() if option not in ("unchanged", "exact")}


def unchanged(plan: Plan, name: str, netns: str = "") -> Any:
    """What is recorded of what is declared of an adopted link, and the plan does not change."""
    owner = plan.ownership[netns, name]
    assert owner
    assert owner.original is not None
    return owner.original["unchanged"]


def adopted(kind: str, name: str, before: dict[str, Any], netns: str = "", **fields: Any) -> FoundLink:
    return there(kind, name, netns, ownership=Ownership("lab", before), **fields)


def body(text: str, scope: int = 0) -> str:
    """An address as the kernel shows it."""
    message = _pack.address(7, Address.parsed(text))
    return (message[:3] + bytes([scope]) + message[4:]).hex()


ROUTE = Route("10.0.0.0/8", 254, 0, dev="br0", scope="link")
ROUTE_BODY = (
    struct.pack("=BBBBBBBBI", 2, 8, 0, 0, 254, 4, 253, 1, 0) + _nla.attribute(1, bytes([10, 0, 0, 0])) + _nla.attribute(4, struct.pack("=I", 7))
).hex()


PLACE = "10.0.0.0/8 254 0"
"""The destination, table and metric of that route."""


def new_route(to: str, **fields: str) -> dict[str, Any]:
    return Route(to, 254, 0, **fields).stored()  # type: ignore[arg-type]


def shown(*entries: Address | Route) -> dict[str, Any]:
    """A link with these addresses and routes, also as the kernel shows them."""
    addresses = [entry for entry in entries if isinstance(entry, Address)]
    routes = [entry for entry in entries if isinstance(entry, Route)]
    bodies = {address.key: body(str(address)) for address in addresses}
    return {"addresses": addresses, "routes": routes, "shown": Shown(bodies, [(route, ROUTE_BODY) for route in routes])}


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
        ({"addresses": ["192.0.2.1/24"]}, {}, {"addresses": {"192.0.2.1/24": None}, "order": []}),
        ({"addresses": []}, shown(Address("192.0.2.1", 24)), {"addresses": {"192.0.2.1/24": body("192.0.2.1/24")}, "order": ["192.0.2.1/24"]}),
        ({"addresses": []}, shown(Address("2001:db8::1", 64)), {"addresses": {"2001:db8::1/64": body("2001:db8::1/64")}}),
        (
            {"disable_ipv6": True},
            {"disable_ipv6": False, **shown(Address("2001:db8::1", 64))},
            {"disable_ipv6": False, "addresses": {"2001:db8::1/64": body("2001:db8::1/64")}},
        ),
        ({"addresses": ["192.0.2.1/24"]}, {"addresses": [Address("192.0.2.1", 24)]}, {}),
        ({"routes": []}, shown(ROUTE), {"routes": {PLACE: [ROUTE_BODY]}}),
        ({"up": False}, shown(ROUTE), {"up": True, "routes": {PLACE: [ROUTE_BODY]}}),
        (
            {"routes": [{"to": "10.0.0.0/8", "via": "192.0.2.9"}]},
            shown(ROUTE),
            {"routes": {PLACE: [ROUTE_BODY]}, "new_routes": {PLACE: new_route("10.0.0.0/8", via="192.0.2.9")}},
        ),
    ],
)
def test_what_is_taken_in_remembers_what_changes(params: dict[str, Any], fields: dict[str, Any], before: dict[str, Any]) -> None:
    plan = plan_of(host(there("bridge", "br0", **{"routes": [], **fields})), links=[{"type": "bridge", "name": "br0", **params}])
    assert recorded(plan, "br0") == before
    assert plan.after.links["", "br0"].ownership == plan.ownership["", "br0"]


def test_what_is_taken_in_remembers_what_is_declared_and_does_not_change() -> None:
    found = host(there("bridge", "br0", mtu=1400, stp=False, **shown(Address("192.0.2.1", 24), Address("192.0.2.9", 24))))
    plan = plan_of(found, links=[{"type": "bridge", "name": "br0", "mtu": 1400, "stp": True, "addresses": ["192.0.2.1/24"], "purge_addresses": False}])
    assert recorded(plan, "br0") == {"stp": False}
    addresses = {"192.0.2.1/24": body("192.0.2.1/24")}
    assert unchanged(plan, "br0") == {"from": ["", "br0"], "mtu": 1400, "up": True, "addresses": addresses, "order": ["192.0.2.1/24", "192.0.2.9/24"]}


def test_what_somebody_broke_was_as_it_was_taken_in() -> None:
    then = {"mtu": 1400, "addresses": {"192.0.2.1/24": body("192.0.2.1/24")}, "order": ["192.0.2.1/24"], "up": True}
    found = host(adopted("bridge", "br0", {"unchanged": then}, mtu=1500, up=False, **shown()))
    plan = plan_of(found, links=[{"type": "bridge", "name": "br0", "mtu": 1400, "addresses": ["192.0.2.1/24"]}])
    assert recorded(plan, "br0") == then


def test_a_port_that_is_taken_in_remembers_its_bridge_and_its_settings() -> None:
    found = host(there("bridge", "old"), there("bridge", "br0"), there("tun", "t", master="old", port=port(cost=7, hairpin=True)))
    plan = plan_of(found, links=[{"type": "tuntap", "name": "t", "master": "br0", "port": {"cost": 9}}])
    assert recorded(plan, "t") == {"master": "old", "port": {"cost": 7, "hairpin": True}}


def test_what_an_earlier_run_remembered_is_older() -> None:
    before = {"mtu": 1500, "addresses": {"192.0.2.1/24": None}, "order": [], "routes": {PLACE: [ROUTE_BODY]}}
    found = host(adopted("bridge", "br0", before, mtu=1400, **shown(Address("192.0.2.1", 24))))
    plan = plan_of(found, links=[{"type": "bridge", "name": "br0", "mtu": 1300, "priority": 9, "addresses": ["192.0.2.9/24"], "purge_addresses": False}])
    assert recorded(plan, "br0") == {**before, "priority": 32768, "addresses": {"192.0.2.1/24": None, "192.0.2.9/24": None}}


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
    found = host(lo("red", ownership=OURS), near, far, there("bridge", "br0", "red", ownership=OURS), there("tunnel", "sit0", "red", mode="sit"))
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


def test_a_namespace_is_ours_whatever_its_loopback_link_is_called() -> None:
    """Whoever rules it may have given it another name, and that name to another link."""
    found = host(lo("red", ownership=OURS)._replace(name="x"), there("veth", "lo", "red", ownership=OURS), there("bridge", "br0", ownership=OURS))
    assert steps(found) == [("link delete", "br0", None), ("netns delete", "red", None)]


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
    found = there("tun", "t", multi_queue=False)
    plan = plan_of(host(found), links=[{"type": "tuntap", "name": "t", "mode": "tap", "multi_queue": True, "recreate": True}])
    assert plan.ownership == {("", "t"): Ownership("lab", None, aside="vnetold%x" % found.ifindex)}


@pytest.mark.parametrize(
    ("before", "fields", "expected"),
    [
        ({"mtu": 1500}, {"mtu": 1400}, [("link set", {"mtu": 1500})]),
        ({"mtu": 1500}, {"mtu": 1500}, []),
        ({"up": False}, {"up": True}, [("link set", {"up": False})]),
        ({"up": True}, {"up": False}, [("link set", {"up": True})]),
        ({"stp": False}, {"stp": True}, [("link set", {"stp": False})]),
        ({"addresses": {"192.0.2.1/24": None}}, shown(Address("192.0.2.1", 24)), [("address delete", None)]),
        ({"addresses": {"192.0.2.1/24": None}}, {}, []),
        ({"addresses": {"192.0.2.1/24": body("192.0.2.1/24")}}, {}, [("address add", Address("192.0.2.1", 24))]),
        ({"addresses": {"192.0.2.1/24": body("192.0.2.1/24")}}, shown(Address("192.0.2.1", 24)), []),
        (
            {"addresses": {"192.0.2.1/24": body("192.0.2.1/24", scope=253)}, "order": ["192.0.2.1/24"]},
            shown(Address("192.0.2.1", 24)),
            [("address delete", None), ("address add", Address("192.0.2.1", 24))],
        ),
        ({"addresses": {"10.9.0.1 peer 10.9.0.2/32": body("10.9.0.1/32")}}, {}, [("address add", Address("10.9.0.1", 32, "10.9.0.2"))]),
        (
            {"addresses": {"192.0.2.1/24": body("192.0.2.1/24"), "192.0.2.7/24": None}, "order": ["192.0.2.1/24"]},
            shown(Address("192.0.2.7", 24)),
            [("address delete", None), ("address add", Address("192.0.2.1", 24))],
        ),
        (
            {"addresses": {"192.0.2.1/24": body("192.0.2.1/24")}, "order": ["192.0.2.1/24", "192.0.2.2/24"]},
            shown(Address("192.0.2.2", 24)),
            [("address delete", None), ("address add", Address("192.0.2.1", 24)), ("address add", Address("192.0.2.2", 24))],
        ),
        ({"new_routes": {PLACE: new_route("10.0.0.0/8", scope="link")}}, shown(ROUTE), [("route delete", None)]),
        ({"new_routes": {PLACE: new_route("10.0.0.0/8", scope="link")}}, {}, []),
        ({"routes": {PLACE: [ROUTE_BODY]}}, {}, [("route add", Route("10.0.0.0/8", 254, 0, dev="br0"))]),
        ({"routes": {PLACE: [ROUTE_BODY]}}, shown(ROUTE), []),
        (
            {"routes": {PLACE: [ROUTE_BODY]}},
            {"routes": [Route("10.0.0.0/8", 254, 0, dev="br0", via="192.0.2.9")]},
            [("route delete", None), ("route add", Route("10.0.0.0/8", 254, 0, dev="br0"))],
        ),
        ({"routes": {PLACE: [ROUTE_BODY]}}, {"up": False}, []),
    ],
)
def test_what_changed_is_given_back(before: dict[str, Any], fields: dict[str, Any], expected: list[tuple[str, Any]]) -> None:
    found = steps(host(adopted("bridge", "br0", before, **{"routes": [], "ifindex": device_of(ROUTE_BODY), **fields})))
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
    assert refusal(host(found, there("veth", "br0"))) == "t: master: br0 is a veth, not a bridge, bond or VRF"


def test_a_bridge_that_is_gone_is_a_warning() -> None:
    plan = plan_of(host(there("bridge", "br0"), adopted("tun", "t", {"master": "old"}, master="br0", port=port())))
    assert list(map(str, plan.warnings)) == ["old, of which t was a port, does not exist any more"]
    assert acts(plan) == [("link set", "t", {"master": ""})]


def test_the_routes_of_a_namespace_are_given_back() -> None:
    found = host(
        lo("red", ownership=Ownership("lab", {"new_routes": {" ".join(map(str, BLACKHOLE.key)): BLACKHOLE.stored()}})),
        red=FoundNamespace((4, 100), routes=[BLACKHOLE]),
    )
    assert steps(found) == [("route delete", "red:", None)]
