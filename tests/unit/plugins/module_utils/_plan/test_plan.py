# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan as data: what is wanted, what is there, which steps follow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils import _resources
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._resources import STALE_FILE, Address, FoundLink, FoundNamespace, Host, Route, Vlan
from ansible_collections.nfv.vnet.plugins.module_utils._steps import AddAddress, DeleteAddress, restore_of
from ansible_collections.nfv.vnet.tests.unit.plugins.module_utils.records import acts, cable, host, planned, port, summed_up, there, wanted

UP, DOWN = {"up": True}, {"up": False}
EMPTY = host()
Steps = list[tuple[Any, ...]]


def steps(module: str, found: Host = EMPTY, **params: Any) -> Steps:
    return acts(planned(wanted(module, **params), found))


def bridge(*links: Any, **params: Any) -> Steps:
    """The steps for br0."""
    return steps("vnet_bridge", host(*links), name="br0", **params)


def refusal(module: str, found: Host = EMPTY, **params: Any) -> str:
    with pytest.raises(VnetError) as caught:
        planned(wanted(module, **params), found)
    return str(caught.value)


def vlans(*entries: tuple[int, bool, bool]) -> dict[int, Vlan]:
    return {vid: Vlan(vid, vid, pvid, untagged) for vid, pvid, untagged in entries}


def entry(vid: int | str, **flags: bool) -> dict[str, Any]:
    return {"vid": str(vid), **flags}


def test_it_needs_neither_pyroute2_nor_ansible() -> None:
    collections = str(Path(_resources.__file__).parents[5])
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "from ansible_collections.nfv.vnet.plugins.module_utils import _plan;"
        "sys.exit(bool({'pyroute2', 'ansible', 'ansible.module_utils', 'ctypes', 'fcntl'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program, collections], check=False).returncode == 0


# Links as a whole


def test_nothing_to_do() -> None:
    assert bridge(there("bridge", "br0")) == []
    assert bridge(there("bridge", "br0", mtu=9000, stp=True, forward_delay=4.0)) == []


def test_new_bridge() -> None:
    assert bridge(mac="02:00:00:00:00:01", stp=True, mtu=1400, addresses=["192.0.2.1/24"], vlans=[entry(5)]) == [
        ("link add", "br0", {"kind": "bridge", "values": {"mac": "02:00:00:00:00:01"}}),
        ("link set", "br0", {"mtu": 1400}),
        ("link set", "br0", {"stp": True}),
        ("vlan add", "br0", (Vlan(5, 5, False, False), True)),
        ("address add", "br0", Address("192.0.2.1", 24)),
        ("link set", "br0", UP),
    ]


@pytest.mark.parametrize("options", [{}, {"addresses": ["192.0.2.1/24"]}])
def test_a_new_bridge_has_the_mac_address_of_its_first_network_card(options: dict[str, Any]) -> None:
    """Always the same, after a reboot too, when no port has an address that the bridge takes."""
    found = there("veth", "a", mac="02:00:00:00:00:01"), there("", "e0", mac="02:00:00:00:00:02"), there("", "e1", mac="02:00:00:00:00:03")
    ports = [{"name": name} for name in ("a", "e0", "e1")]
    (created,) = [new for words, _name, new in bridge(*found, ports=ports, **options) if words == "link add"]
    assert created["values"]["mac"] == "02:00:00:00:00:02"
    (created,) = [new for words, _name, new in bridge(*found, ports=ports, mac="02:00:00:00:00:09", **options) if words == "link add"]
    assert created["values"]["mac"] == "02:00:00:00:00:09"
    assert all("mac" not in (new or {}) for _words, _name, new in bridge(*found, there("bridge", "br0"), ports=ports))


def test_up_comes_after_addresses_and_before_routes() -> None:
    assert [act for act, *_rest in bridge(addresses=["192.0.2.1/24"], routes=[{"to": "default", "via": "192.0.2.2"}])] == [
        "link add",
        "address add",
        "link set",
        "route add",
    ]


def test_mtu_of_a_bridge_comes_after_its_ports() -> None:
    assert bridge(there("bridge", "br0"), there("veth", "a"), mtu=1400, ports=[{"name": "a"}]) == [
        ("link set", "a", {"master": "br0"}),
        ("link set", "br0", {"mtu": 1400}),
    ]


def test_absent() -> None:
    assert bridge(there("bridge", "br0"), state="absent") == [("link delete", "br0", None)]
    assert bridge(state="absent") == []
    assert steps("vnet_bridge", host(red=FoundNamespace(None)), name="br0", netns="red", state="absent") == []


def test_a_link_of_another_kind() -> None:
    assert refusal("vnet_bridge", host(there("veth", "br0")), name="br0") == ("br0 is a veth, not a bridge; remove it first or take another name")
    assert "br0 is a TUN or TAP device, not a bridge" in refusal("vnet_bridge", host(there("tun", "br0")), name="br0", recreate=True)
    assert refusal("vnet_bridge", host(there("", "br0")), name="br0", state="absent") == ("br0 is a network card, so it was not removed")


def test_attribute_that_the_kernel_does_not_have() -> None:
    found = there("bridge", "br0")
    del found.values["mst"]
    assert refusal("vnet_bridge", host(found), name="br0", mst=True) == (
        "mst: this kernel does not support it; it needs CONFIG_BRIDGE_VLAN_FILTERING and Linux 5.18 in the kernel"
    )


@pytest.mark.parametrize(("current", "changes"), [(2.0, False), (2.01, False), (2.02, True), (1.98, True)])
def test_times_within_a_jiffy_are_the_same(current: float, changes: bool) -> None:
    expected = [("link set", "br0", {"forward_delay": 2.0})] if changes else []
    assert bridge(there("bridge", "br0", forward_delay=current), forward_delay=2.0) == expected


def test_forward_delay_is_set_while_stp_is_off() -> None:
    assert bridge(there("bridge", "br0"), stp=True, forward_delay=4) == [
        ("link set", "br0", {"forward_delay": 4.0}),
        ("link set", "br0", {"stp": True}),
    ]
    assert bridge(there("bridge", "br0", stp=True), stp=False, forward_delay=1) == [
        ("link set", "br0", {"stp": False}),
        ("link set", "br0", {"forward_delay": 1.0}),
    ]


@pytest.mark.parametrize("there_already", [{"stp": True}, {"forward_delay": 1.0}])
def test_forward_delay_that_stp_does_not_take(there_already: dict[str, Any]) -> None:
    asked = {"forward_delay": 1} if "stp" in there_already else {"stp": True}
    assert refusal("vnet_bridge", host(there("bridge", "br0", **there_already)), name="br0", **asked) == (
        "forward_delay: 1 s; it must be 2 to 30 s while stp is on"
    )


def test_going_down_and_up_again_is_one_step_each() -> None:
    assert bridge(there("bridge", "br0"), up=False) == [("link set", "br0", DOWN)]
    assert bridge(there("bridge", "br0", up=False)) == [("link set", "br0", UP)]


def test_addresses_that_going_down_takes_away_are_set_again() -> None:
    addresses = [Address("192.0.2.1", 24), Address("2001:db8::1", 64)]
    assert bridge(there("bridge", "br0", addresses=addresses), up=False, addresses=["2001:db8::1/64"]) == [
        ("link set", "br0", DOWN),
        ("address add", "br0", addresses[1]),
    ]


# A new device in the place of the old one


def test_recreate_renames_first_and_deletes_last() -> None:
    found = there("bridge", "br0", ifindex=7, num_tx_queues=4)
    assert bridge(found, num_tx_queues=2, recreate=True, addresses=["192.0.2.1/24"]) == [
        ("link set", "br0", DOWN),
        ("link rename", "br0", "vnetold7"),
        ("link add", "br0", {"kind": "bridge", "values": {"num_tx_queues": 2}}),
        ("address add", "br0", Address("192.0.2.1", 24)),
        ("link set", "br0", UP),
        ("link delete", "vnetold7", None),
    ]


def test_without_recreate_the_attribute_is_named() -> None:
    assert refusal("vnet_bridge", host(there("bridge", "br0", num_tx_queues=4)), name="br0", num_tx_queues=2) == (
        "num_tx_queues: it is 4, not 2; only a new link can have that, use recreate: true to replace it"
    )
    assert refusal("vnet_tuntap", host(there("tun", "t", mode="tun")), name="t", mode="tap") == (
        "mode: it is tun, not tap; only a new link can have that, use recreate: true to replace it"
    )


def test_a_link_above_of_a_kind_that_no_module_makes_is_not_lost() -> None:
    above = there("macsec", "m0", parent=("", "below"))
    assert "m0, a macsec, is on top of below and cannot be recreated; remove it first" in refusal(
        "vnet_dummy", host(there("dummy", "below"), above), name="below", num_tx_queues=3, recreate=True
    )


def test_recreate_changes_nothing_where_nothing_must() -> None:
    assert bridge(there("bridge", "br0"), num_tx_queues=1, recreate=True) == []


def test_cable_that_is_recreated_is_deleted_once() -> None:
    near, far = cable(there("veth", "a", ifindex=7), there("veth", "b", "red", ifindex=8, up=False))
    assert steps("vnet_veth", host(near, far), name="a", num_tx_queues=2, recreate=True, peer={"name": "b", "netns": "red"}) == [
        ("link set", "a", DOWN),
        ("link rename", "a", "vnetold7"),
        ("link rename", "red:b", "vnetold8"),
        ("link add", "a", {"kind": "veth", "values": {"num_tx_queues": 2}, "peer": ("red", "b"), "peer_values": {}}),
        ("link set", "a", UP),
        ("link set", "red:b", UP),
        ("link delete", "vnetold7", None),
    ]


# Cables


CABLE = {"name": "a", "peer": {"name": "b", "netns": "red"}}


def test_new_cable() -> None:
    assert steps("vnet_veth", host(namespaces=("red",)), **CABLE) == [
        ("link add", "a", {"kind": "veth", "values": {}, "peer": ("red", "b"), "peer_values": {}}),
        ("link set", "a", UP),
        ("link set", "red:b", UP),
    ]


def test_cable_that_is_there() -> None:
    assert steps("vnet_veth", host(*cable(there("veth", "a"), there("veth", "b", "red"))), **CABLE) == []


@pytest.mark.parametrize(("near", "far"), [("", ""), ("red", "red"), ("red", "")])
def test_ends_that_were_moved_are_moved_back(near: str, far: str) -> None:
    ends = cable(there("veth", "a", near, up=False), there("veth", "b", far, up=False))
    expected: Steps = [("link move", "red:a", "")] if near else []
    expected += [("link move", "b", "red")] if far == "" else []
    expected += [("link set", "a", UP), ("link set", "red:b", UP)]
    assert steps("vnet_veth", host(*ends, namespaces=("red",)), **CABLE) == expected


def test_moving_an_end_takes_its_settings_along() -> None:
    near, far = cable(there("veth", "a"), there("veth", "b", addresses=[Address("192.0.2.1", 24)], master="br0", port=port()))
    peer = {"name": "b", "netns": "red", "addresses": ["192.0.2.1/24"]}
    plan = planned(wanted("vnet_veth", name="a", peer=peer), host(near, far, namespaces=("red",)))
    assert acts(plan) == [
        ("link move", "b", "red"),
        ("address add", "red:b", Address("192.0.2.1", 24)),
        ("link set", "red:b", UP),
    ]


def test_cable_with_another_peer() -> None:
    ends = cable(there("veth", "a"), there("veth", "c", "red"))
    assert refusal("vnet_veth", host(*ends), **CABLE) == (
        "its peer is c in namespace red, not b in namespace red; only a new link can have that, use recreate: true to replace it"
    )
    lost = there("veth", "a")
    sentence = "its peer is in another namespace, which netns of peer has to name if it is meant, not b in namespace red"
    assert sentence in refusal("vnet_veth", host(lost, namespaces=("red",)), **CABLE)


def test_name_of_the_peer_is_taken() -> None:
    assert refusal("vnet_veth", host(there("bridge", "b", "red")), **CABLE) == ("peer: the name b is used by a bridge; remove it first")


def test_ends_of_one_name_in_one_namespace() -> None:
    assert refusal("vnet_veth", name="a", peer={"name": "a"}) == "peer: both ends have the same name in the same namespace; use two names"
    assert steps("vnet_veth", host(namespaces=("red",)), name="a", peer={"name": "a", "netns": "red"})[0][0] == "link add"


def test_absent_cable_is_one_deletion() -> None:
    ends = cable(there("veth", "a"), there("veth", "b", "red"))
    assert steps("vnet_veth", host(*ends), state="absent", **CABLE) == [("link delete", "a", None)]


# Namespaces


def test_new_namespace() -> None:
    routes = [{"to": "198.51.100.0/24", "type": "blackhole"}]
    assert steps("vnet_netns", name="red", sysctl={"net.ipv4.ip_forward": 1}, nsid=5, routes=routes, addresses=["192.0.2.9"]) == [
        ("netns add", "red", UP),
        ("netns set", "red", 5),
        ("sysctl", "red:net.ipv4.ip_forward", "1"),
        ("address add", "red:lo", Address("192.0.2.9", 32)),
        ("route add", "red:", Route("198.51.100.0/24", 254, 0, "blackhole")),
    ]


def test_namespace_that_is_there() -> None:
    red = FoundNamespace((4, 7), nsid=5, sysctl={"net.ipv4.ip_forward": "1"})
    two = red._replace(sysctl={"net.ipv4.ip_forward": "0", "net/ipv4/conf/lo/rp_filter": "1", "net.ipv6.conf.all.forwarding": "1"})
    settings = dict.fromkeys(two.sysctl, 1)
    assert [step[1] for step in steps("vnet_netns", host(there("loopback", "lo", "red"), red=two), name="red", sysctl=settings)] == [
        "red:net.ipv4.ip_forward",
        "red:net/ipv4/conf/lo/rp_filter",
    ]
    found = host(there("loopback", "lo", "red"), red=red)
    assert steps("vnet_netns", found, name="red", sysctl={"net.ipv4.ip_forward": 1}, nsid=5) == []
    assert refusal("vnet_netns", found, name="red", nsid=6) == "nsid: the id is 5 already, and the kernel never changes it; leave nsid out"


def test_namespace_goes_and_a_stale_file_goes() -> None:
    assert steps("vnet_netns", host(red=FoundNamespace((4, 7))), name="red", state="absent") == [("netns delete", "red", None)]
    assert steps("vnet_netns", host(red=FoundNamespace(None, STALE_FILE)), name="red", state="absent") == [("netns delete", "red", None)]
    assert steps("vnet_netns", host(red=FoundNamespace(None)), name="red", state="absent") == []


def test_sysctl_that_is_missing() -> None:
    red = FoundNamespace((4, 7), sysctl={"net.nonsense.key": None})
    assert refusal("vnet_netns", host(there("loopback", "lo", "red"), red=red), name="red", sysctl={"net.nonsense.key": 1}) == (
        "sysctl.net.nonsense.key: this kernel has no such setting in a namespace; look below /proc/sys/net there"
    )


def test_namespace_that_is_missing() -> None:
    sentence = "netns: namespace red does not exist; create it with vnet_netns"
    assert refusal("vnet_bridge", name="br0", netns="red") == sentence
    plan = planned(wanted("vnet_bridge", name="br0", netns="red"), EMPTY, check_mode=True)
    assert list(map(str, plan.warnings)) == [f"{sentence} (check mode: an earlier task may create it)"]
    assert acts(plan)[0][0] == "link add"


def test_another_file_in_the_place_of_a_namespace() -> None:
    found = host(red=FoundNamespace(None, "a directory"))
    assert refusal("vnet_netns", found, name="red") == "there is a directory at /run/netns/red, not a namespace; move it away"
    assert refusal("vnet_bridge", host(red=FoundNamespace(None, STALE_FILE)), name="br0", netns="red") == (
        "netns: there is an empty regular file at red, not a namespace; vnet_netns replaces an empty file"
    )


# TUN and TAP


def test_new_tap() -> None:
    assert steps("vnet_tuntap", name="t", mode="tap", owner="0", vnet_hdr=True, alias="vm") == [
        ("link add", "t", {"kind": "tun", "values": {"mode": "tap", "owner": "0", "vnet_hdr": True}}),
        ("link set", "t", {"alias": "vm"}),
        ("link set", "t", UP),
    ]
    assert refusal("vnet_tuntap", name="t") == "mode: missing; it is required to create the link: tun or tap"


def test_what_programs_rewrite_is_never_compared() -> None:
    assert steps("vnet_tuntap", host(there("tun", "t", packet_info=True, vnet_hdr=False)), name="t", packet_info=False, vnet_hdr=True) == []


def test_owner_changes_late_and_only_while_nothing_is_attached() -> None:
    found = there("tun", "t", owner="5")
    (step,) = steps("vnet_tuntap", host(found), name="t", owner="0")
    assert (step[0], step[2]["owner"]) == ("tuntap set", "0")
    held = found._replace(status={"attached": True, "persist": True, "pids": [42]})
    assert refusal("vnet_tuntap", host(held), name="t", owner="0") == ("owner cannot change while a program holds it (process id: 42); end the program first")
    assert "owner: it is 5 and cannot be removed" in refusal("vnet_tuntap", host(found), name="t", owner="")


def test_deleting_what_a_program_holds_warns() -> None:
    held = there("tun", "t", status={"attached": True, "persist": True, "pids": [42]})
    plan = planned(wanted("vnet_tuntap", name="t", state="absent"), host(held))
    assert list(map(str, plan.warnings)) == ["t is deleted while a program holds it (process id: 42)"]


def test_mac_of_a_tun() -> None:
    assert refusal("vnet_tuntap", name="t", mode="tun", mac="02:00:00:00:00:01") == ("mac: t carries no Ethernet frames and has no MAC address; leave it out")


# Addresses and routes


THERE = [Address("192.0.2.1", 24), Address("fe80::1", 64), Address("198.51.100.7", 24, dynamic=True), Address("2001:db8::1", 64)]


@pytest.mark.parametrize(
    ("addresses", "purge", "expected"),
    [
        (["192.0.2.1/24"], False, []),
        (["192.0.2.2/24"], False, [("add", "192.0.2.2/24")]),
        (["192.0.2.1/24"], True, [("delete", "2001:db8::1/64")]),
        ([], True, [("delete", "2001:db8::1/64"), ("delete", "192.0.2.1/24")]),
        ([], False, []),
        (None, True, []),
        (["192.0.2.1/25"], False, [("add", "192.0.2.1/25")]),
        (["2001:db8::1/48"], False, [("delete", "2001:db8::1/64"), ("add", "2001:db8::1/48")]),
        (["2001:DB8::0:1/64 nodad"], False, []),
    ],
)
def test_addresses(addresses: list[str] | None, purge: bool, expected: list[tuple[str, str]]) -> None:
    plan = planned(wanted("vnet_bridge", name="br0", addresses=addresses, purge_addresses=purge), host(there("bridge", "br0", addresses=THERE)))
    changes = [step for step in plan.steps if isinstance(step, (AddAddress, DeleteAddress))]
    assert [("add" if isinstance(step, AddAddress) else "delete", str(step.address)) for step in changes] == expected
    assert len(changes) == len(plan.steps)


def test_secondary_address_is_set_again_after_its_primary_went() -> None:
    found = there("bridge", "br0", addresses=[Address("192.0.2.1", 24), Address("192.0.2.2", 24)])
    plan = planned(wanted("vnet_bridge", name="br0", addresses=["192.0.2.2/24"], purge_addresses=True), host(found))
    assert [type(step) for step in plan.steps] == [DeleteAddress, AddAddress]


DEFAULT = Route("0.0.0.0/0", 254, 0, dev="br0", via="192.0.2.254", scope="global", onlink=False)


@pytest.mark.parametrize(
    ("routes", "purge", "expected"),
    [
        ([{"to": "default", "via": "192.0.2.254"}], False, []),
        ([{"to": "default", "via": "192.0.2.253"}], False, ["route replace"]),
        ([{"to": "default", "via": "192.0.2.254", "metric": 5}], False, ["route add"]),
        ([{"to": "default", "via": "192.0.2.254", "scope": "global"}], False, []),
        ([{"to": "198.51.100.0/24"}], True, ["route delete", "route add"]),
        ([], True, ["route delete"]),
        ([], False, []),
    ],
)
def test_routes(routes: list[dict[str, Any]], purge: bool, expected: list[str]) -> None:
    found = there("bridge", "br0", addresses=[Address("192.0.2.1", 24)], routes=[DEFAULT])
    assert [act for act, *_rest in bridge(found, routes=routes, purge_routes=purge)] == expected


def test_link_that_is_down_has_no_routes() -> None:
    assert refusal("vnet_bridge", name="br0", up=False, routes=[{"to": "198.51.100.0/24"}]) == (
        "routes: a link that is down cannot have routes; leave them out or set up: true"
    )


# Ports


def test_new_port_with_settings() -> None:
    assert bridge(there("bridge", "br0"), there("veth", "a"), ports=[{"name": "a", "hairpin": True, "state": "disabled"}]) == [
        ("link set", "a", {"master": "br0"}),
        ("port set", "a", {"hairpin": True}),
        ("port set", "a", {"state": "disabled"}),
    ]


def test_port_that_is_there() -> None:
    found = there("veth", "a", master="br0", port=port())
    assert bridge(there("bridge", "br0"), found, ports=[{"name": "a", "hairpin": False, "cost": 2}]) == []
    assert bridge(there("bridge", "br0"), found, ports=[{"name": "a", "isolated": True}]) == [("port set", "a", {"isolated": True})]


@pytest.mark.parametrize(("purge", "expected"), [(False, []), (True, [("link set", "b", {"master": ""})])])
def test_other_ports_stay_unless_purged(purge: bool, expected: Steps) -> None:
    links = [there("bridge", "br0"), *(there("veth", name, master="br0", port=port()) for name in "ab")]
    assert bridge(*links, ports=[{"name": "a"}], purge_ports=purge) == expected


def test_purged_port_can_come_back_as_it_was() -> None:
    found = there("veth", "b", master="br0", port=port(hairpin=True, vlans=vlans((10, True, True))))
    plan = planned(wanted("vnet_bridge", name="br0", ports=[], purge_ports=True), host(there("bridge", "br0"), found))
    restored = [summed_up(step)[::2] for step in restore_of(plan.steps[0])]
    assert ("port set", {"hairpin": True}) in restored
    assert ("vlan add", (Vlan(10, 10, True, True), False)) in restored


def test_port_changes_its_bridge() -> None:
    links = there("bridge", "br0"), there("bridge", "br1"), there("tun", "t", master="br1", port=port())
    assert steps("vnet_tuntap", host(*links), name="t", master="br0") == [("link set", "t", {"master": "br0"})]
    assert steps("vnet_tuntap", host(*links), name="t", master="") == [("link set", "t", {"master": ""})]
    assert steps("vnet_tuntap", host(*links), name="t") == []


@pytest.mark.parametrize(
    ("links", "sentence"),
    [
        ([], "ports[0]: there is no link a; create it before this task"),
        ([there("bridge", "a")], "ports[0]: a is a bridge, which cannot be a port of a bridge"),
        ([there("loopback", "a")], "ports[0]: a is the loopback device, which cannot be a port of a bridge"),
        (
            [there("tun", "a", mode="tun")],
            "ports[0]: a is a TUN device, which carries no Ethernet frames; use a TAP device",
        ),
    ],
)
def test_link_that_cannot_be_a_port(links: list[Any], sentence: str) -> None:
    assert refusal("vnet_bridge", host(*links), name="br0", ports=[{"name": "a"}]) == sentence


@pytest.mark.parametrize(
    ("links", "sentence"),
    [
        ([], "master: there is no link br0; create it with vnet_bridge, vnet_bond or vnet_vrf"),
        ([there("veth", "br0")], "master: br0 is a veth, not a bridge, bond or VRF"),
    ],
)
def test_master_that_is_no_bridge(links: list[Any], sentence: str) -> None:
    assert refusal("vnet_tuntap", host(*links), name="t", mode="tap", master="br0") == sentence


@pytest.mark.parametrize(
    "links",
    [
        pytest.param([there("vlan", "v", parent=("", "br0"))], id="on-the-bridge"),
        pytest.param(
            [there("vlan", "v", parent=("", "br1")), there("bridge", "br1"), there("vlan", "w", parent=("", "br0"), master="br1", port=port())],
            id="on-a-bridge-on-it",
        ),
        pytest.param([there("vlan", "v", parent=("", "w")), there("vlan", "w", parent=("", "br0"))], id="on-what-stands-on-it"),
    ],
)
def test_port_that_stands_on_its_bridge(links: list[FoundLink]) -> None:
    found = host(there("bridge", "br0"), *links)
    assert refusal("vnet_bridge", found, name="br0", ports=[{"name": "v"}]) == "ports[0]: v is on top of br0, so it cannot be its port"


def test_tun_as_a_port() -> None:
    assert "which carries no Ethernet frames; use a TAP device" in refusal("vnet_tuntap", host(there("bridge", "br0")), name="t", mode="tun", master="br0")


def test_port_without_a_master() -> None:
    assert refusal("vnet_tuntap", host(there("tun", "t")), name="t", port={"cost": 5}) == ("port: t is not a port; set master")


def test_state_of_a_port_under_stp() -> None:
    links = there("bridge", "br0", stp=True), there("veth", "a", master="br0", port=port())
    assert refusal("vnet_bridge", host(*links), name="br0", ports=[{"name": "a", "state": "disabled"}]) == (
        "ports[0].state: STP is enabled on br0 and controls the state; leave state out or set stp: false"
    )


# VLANs


@pytest.mark.parametrize(
    ("there_already", "entries", "purge", "expected"),
    [
        (vlans((1, True, True)), [entry(1)], False, []),
        (vlans((1, True, True)), [entry(10)], False, [("vlan add", Vlan(10, 10, False, False))]),
        (vlans((1, True, True)), [entry("10-20", untagged=True)], False, [("vlan add", Vlan(10, 20, False, True))]),
        (
            vlans((1, True, True), (12, False, False)),
            [entry("10-13")],
            False,
            [("vlan add", Vlan(10, 11, False, False)), ("vlan add", Vlan(13, 13, False, False))],
        ),
        (
            vlans((1, True, True), (12, False, True)),
            [entry("11-12", untagged=False)],
            False,
            [("vlan add", Vlan(11, 11, False, False)), ("vlan add", Vlan(12, 12, False, False))],
        ),
        (
            vlans((1, True, True)),
            [entry(10, pvid=True, untagged=True)],
            True,
            [("vlan add", Vlan(10, 10, True, True)), ("vlan delete", Vlan(1, 1, True, True))],
        ),
        (
            vlans((5, False, False), (6, False, False), (8, False, False)),
            [],
            True,
            [("vlan delete", Vlan(5, 6, False, False)), ("vlan delete", Vlan(8, 8, False, False))],
        ),
        (vlans((1, True, True)), [entry(1, pvid=False)], False, [("vlan add", Vlan(1, 1, False, True))]),
    ],
)
def test_vlans_of_a_port(there_already: dict[int, Vlan], entries: list[dict[str, Any]], purge: bool, expected: Steps) -> None:
    links = there("bridge", "br0"), there("veth", "a", master="br0", port=port(vlans=there_already))
    plan = planned(wanted("vnet_bridge", name="br0", ports=[{"name": "a", "vlans": entries, "purge_vlans": purge}]), host(*links))
    assert [(words, vlan) for words, _name, (vlan, _of_bridge) in acts(plan)] == expected


def test_new_port_begins_with_the_default_vlan() -> None:
    links = there("bridge", "br0", vlan_default_pvid=7), there("veth", "a")
    ports = [{"name": "a", "vlans": [entry(10, pvid=True, untagged=True)], "purge_vlans": True}]
    assert [act for act, *_rest in bridge(*links, ports=ports)] == ["link set", "vlan add", "vlan delete"]
    without = there("bridge", "br0", vlan_default_pvid=0), there("veth", "a")
    assert [act for act, *_rest in bridge(*without, ports=ports)] == ["link set", "vlan add"]


# The order of a whole


def test_deletions_come_last() -> None:
    found = there("tun", "t", mode="tun", addresses=[Address("192.0.2.1", 24)])
    acts_ = [act for act, *_rest in steps("vnet_tuntap", host(found), name="t", mode="tap", recreate=True, addresses=["192.0.2.1/24"])]
    assert acts_[-1] == "link delete"
    assert acts_.count("link delete") == 1


def test_what_is_planned_is_what_will_be() -> None:
    """A plan for the host that a plan expects has no steps."""
    layout = wanted(
        "vnet_bridge", name="br0", netns="red", stp=True, addresses=["192.0.2.1/24", "2001:db8::1/64"], mtu=1400, routes=[{"to": "198.51.100.0/24"}]
    )
    first = planned(layout, host(namespaces=("red",)))
    after = first.after.links["red", "br0"]
    filled = after._replace(ifindex=9, values={**there("bridge", "br0").values, **after.values})
    assert planned(layout, host(filled)).steps == []


# What the kernel shows in place of a value


def test_an_ageing_time_that_stands_in_for_another_is_left_alone_and_said() -> None:
    changing = there("bridge", "br0", stp=True, forward_delay=4.0, ageing_time=8.0, status={"topology_change": True})
    plan = planned(wanted("vnet_bridge", name="br0", ageing_time=60), host(changing))
    assert acts(plan) == []
    assert list(map(str, plan.warnings)) == ["ageing_time: not changed, as the kernel currently reports 8.0 instead; run the task again later"]


@pytest.mark.parametrize(("shown", "changes"), [(8.0, False), (30.0, True)])
def test_only_that_value_stands_in_and_only_for_that_time(shown: float, changes: bool) -> None:
    for changing in (True, False):
        found = there("bridge", "br0", stp=True, forward_delay=4.0, ageing_time=shown, status={"topology_change": changing})
        assert bool(acts(planned(wanted("vnet_bridge", name="br0", ageing_time=60), host(found)))) == (changes or not changing)
