# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bonds: what joins one, what it costs, and packets when a cable is pulled."""

from __future__ import annotations

from typing import Any, List, Set, Tuple

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._steps import SetMaster
from features import needs_program
from kernel_kinds import needs_kind
from layouts import clear, four_steps, info, lay, refused_always, settled
from moments import WHOLE, Failing
from packets import reaches
from processes import wait_for
from support import Values, difference, inside, ip, private_network, run, sh, shown, snapshot
from support import four_steps as single_in_four_steps

MODES = ["balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb"]
QUIET: Values = {"disable_ipv6": True}


@pytest.fixture(autouse=True)
def _bonds() -> None:
    needs_kind("bond")


def cables(far: str = "red") -> List[Values]:
    """Two cables to a namespace."""
    return [{"type": "veth", "name": f"p{number}", **QUIET, "peer": {"name": f"q{number}", "netns": far, **QUIET}} for number in (1, 2)]


def bond(name: str = "bond0", netns: str = "", **more: Any) -> Values:
    return {"type": "bond", "name": name, "netns": netns, "mode": "active-backup", "miimon": 100, **more}


def both_ends(mode: str = "active-backup", **more: Any) -> Values:
    """A bond on each side of two cables."""
    options = {"mode": mode, **more}
    links = [
        bond(addresses=["10.1.0.1/24"], ports=[{"name": "p1"}, {"name": "p2"}], **options),
        bond(netns="red", addresses=["10.1.0.2/24"], ports=[{"name": "q1"}, {"name": "q2"}], **options),
    ]
    return {"namespaces": [{"name": "red"}], "links": [*cables(), *links]}


def to_a_switch(mode: str) -> Values:
    """A bond, both of whose cables end at a bridge, as at a switch."""
    links: List[Values] = [{"type": "bridge", "name": "br0", "netns": "red", "addresses": ["10.1.0.2/24"]}, *cables()]
    for link in links[1:]:
        link["peer"]["master"] = "br0"
    return {"namespaces": [{"name": "red"}], "links": [*links, bond(addresses=["10.1.0.1/24"], ports=[{"name": "p1"}, {"name": "p2"}], mode=mode)]}


WITH_A_SWITCH = ("active-backup", "balance-tlb", "balance-alb")
"""The modes that a switch does not need to know of."""


# Packets


@pytest.mark.parametrize("mode", MODES)
def test_traffic_goes_on_when_a_cable_is_pulled(mode: str) -> None:
    """In each mode; 802.3ad negotiates between the two bonds."""
    layout = to_a_switch(mode) if mode in WITH_A_SWITCH else both_ends(mode, **({"lacp_rate": "fast"} if mode == "802.3ad" else {}))
    lay(**layout)
    settled(**layout)
    wait_for(lambda: reaches("", "10.1.0.2", 0.5), seconds=20)
    for port in ("p1", "p2"):
        sh(f"ip link set {port} down")
        wait_for(lambda: reaches("", "10.1.0.2", 0.5), seconds=20)
        sh(f"ip link set {port} up")
        wait_for(lambda: reaches("", "10.1.0.2", 0.5), seconds=20)


def test_what_lacp_has_negotiated_is_returned() -> None:
    lay(**both_ends("802.3ad", lacp_rate="fast"))
    wait_for(lambda: run("vnet_bond", name="bond0")["status"]["ad_info"]["num_ports"] == 2, seconds=20)
    assert run("vnet_bond", name="bond0")["status"]["ad_info"]["partner_mac"] == run("vnet_bond", name="bond0", netns="red")["bond"]["mac"]


# Joining and leaving


def test_a_link_that_is_up_joins_and_leaves() -> None:
    for number in (1, 2):
        run("vnet_veth", name=f"p{number}", addresses=[f"2001:db8:{number}::1/64 nodad"], peer={"name": f"q{number}"})
    macs = {name: shown(name)["address"] for name in ("p1", "p2")}
    single_in_four_steps("vnet_bond", name="bond0", mode="active-backup", ports=[{"name": "p1"}, {"name": "p2", "queue_id": 3, "prio": 7}])
    assert shown("bond0")["address"] == shown("p1")["address"] == shown("p2")["address"]
    assert all("UP" in shown(name)["flags"] for name in macs)
    single_in_four_steps("vnet_bond", name="bond0", ports=[{"name": "p2"}], purge_ports=True)
    assert "UP" in shown("p1")["flags"]
    assert "master" not in shown("p1")
    single_in_four_steps("vnet_veth", name="p2", master="", addresses=["2001:db8:2::1/64"], peer={"name": "q2"})
    assert {name: shown(name)["address"] for name in macs} == macs
    assert "2001:db8:2::1" in ip("ip", "address", "show", "dev", "p2")


def test_a_layout_gives_back_what_it_took() -> None:
    sh("ip link add eth0 type veth peer name f0", "ip link set eth0 up && ip link set f0 up && ip address add 192.0.2.5/24 dev eth0")
    sh("ip route add 198.51.100.0/24 via 192.0.2.1 dev eth0")
    before = snapshot()
    layout = [bond(addresses=["192.0.2.5/24"], routes=[{"to": "198.51.100.0/24", "via": "192.0.2.1"}]), {"name": "eth0", "master": "bond0"}]
    result = lay(links=layout)
    assert "192.0.2.5/24 moves from eth0 to bond0" in " ".join(result["warnings"])
    settled(links=layout)
    assert shown("bond0")["address"] == shown("eth0")["address"]
    clear()
    assert not difference(before, snapshot())


def test_an_address_moves_from_a_card_through_the_bond_to_the_bridge() -> None:
    sh("ip link add eth0 type veth peer name f0", "ip link set eth0 up && ip link set f0 up && ip address add 192.0.2.5/24 dev eth0")
    before = snapshot()
    layout = [
        {"type": "bridge", "name": "br0", "addresses": ["192.0.2.5/24"]},
        bond(master="br0"),
        {"name": "eth0", "master": "bond0"},
    ]
    lay(links=layout)
    assert not lay(links=layout)["changed"]
    assert "192.0.2.5" not in ip("ip", "address", "show", "dev", "eth0")
    assert shown("br0")["address"] == shown("bond0")["address"] == shown("eth0")["address"]
    clear()
    assert not difference(before, snapshot())


def test_whichever_step_fails_the_ports_are_as_they_were() -> None:
    def prepare() -> None:
        for number in (1, 2):
            run("vnet_veth", name=f"p{number}", mac=f"02:00:00:00:00:0{number}", addresses=["2001:db8::1/64"], peer={"name": f"q{number}"})
        run("vnet_bond", name="bond0", mode="active-backup", ports=[{"name": "p1", "queue_id": 3}])

    number, complaints = 0, []
    while True:
        number += 1
        with private_network():
            prepare()
            there = snapshot()
            failing = Failing(number, lambda: KernelError(5, "injected"), False)
            sentence = ""
            try:
                with failing:
                    run("vnet_bond", name="bond0", ports=[{"name": "p2", "queue_id": 2}], purge_ports=True, primary="p2", lp_interval=9)
            except VnetError as error:
                sentence = str(error)
            if failing.failed is None:
                break
            differs = difference(there, snapshot())
            if isinstance(failing.failed, WHOLE) and not sentence:
                continue
            if differs or not sentence.endswith("The host is as it was before"):
                complaints.append(f"{failing.failed}: {sentence}: {differs}")
    assert not complaints


def test_the_bond_uses_the_same_port_again_after_a_failure() -> None:
    """The other one may not lead anywhere."""
    lay(**both_ends())
    wait_for(lambda: '"active_slave":"p1"' in ip("ip", "-d", "-j", "link", "show", "bond0"), seconds=5)
    with pytest.raises(VnetError, match="The host is as it was before"), Failing(3, lambda: KernelError(5, "injected"), False) as failing:
        run("vnet_bond", name="bond0", ports=[{"name": "p2"}], purge_ports=True)
    assert isinstance(failing.steps[1], SetMaster)
    assert failing.failed
    assert '"active_slave":"p1"' in ip("ip", "-d", "-j", "link", "show", "bond0")


def test_an_option_for_which_the_bond_must_be_down() -> None:
    """It goes down and up, and keeps what is declared."""
    lay(**both_ends("802.3ad"))
    layout = both_ends("802.3ad", lacp_rate="fast", ad_select="count")
    four_steps(**layout)
    assert "UP" in shown("bond0")["flags"]
    wait_for(lambda: reaches("", "10.1.0.2", 0.5), seconds=40)


def test_vlan_links_and_bridges_are_on_top_of_a_bond() -> None:
    needs_kind("vlan")
    layout = both_ends()
    for netns, last in (("", 1), ("red", 2)):
        layout["links"].append({"type": "vlan", "name": "v10", "netns": netns, "parent": "bond0", "id": 10, "addresses": [f"10.10.0.{last}/24"]})
    layout["links"] += [{"type": "bridge", "name": "br0"}, bond("bond1", mode="balance-xor", master="br0")]
    four_steps(**layout)
    wait_for(lambda: reaches("", "10.10.0.2", 0.5), seconds=10)
    sh("ip link set p1 down")
    wait_for(lambda: reaches("", "10.10.0.2", 0.5), seconds=10)


def test_the_active_port_is_set_and_not_returned_by_itself() -> None:
    lay(**both_ends())
    for port in ("p2", "p1"):
        result = single_in_four_steps("vnet_bond", name="bond0", active_port=port)
        assert result["bond"]["active_port"] == port
    assert "active_port" not in run("vnet_bond", name="bond0")["bond"]
    assert not [link for link in info()["declaration"]["links"] if "active_port" in link]


# Refusals


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"miimon": 100, "arp_interval": 100}, "arp_interval: arp_interval and miimon cannot be used together; set the other one to 0"),
        ({"miimon": 100, "updelay": 150}, "updelay: 150 is not a multiple of miimon (100)"),
        ({"downdelay": 100}, "downdelay: it needs miimon"),
        (
            {"mode": "balance-rr", "primary": "tun0", "ports": []},
            "primary: it is for mode: active-backup or balance-tlb or balance-alb; the mode is balance-rr",
        ),
        ({"mode": "active-backup", "lacp_rate": "fast"}, "lacp_rate: it is for mode: 802.3ad; the mode is active-backup"),
        ({"arp_ip_targets": [f"192.0.2.{number}" for number in range(1, 18)]}, "arp_ip_targets: there can be 16 at most"),
        ({"arp_ip_targets": ["2001:db8::1"]}, "arp_ip_targets[0]: '2001:db8::1' is not an IPv4 address"),
        ({"arp_ip_targets": ["192.0.2.1", "192.0.2.1"]}, "arp_ip_targets[1]: 192.0.2.1 is listed twice"),
        ({"ports": [{"name": "bond0"}]}, "ports[0]: a link cannot be a port of itself"),
        ({"ports": [{"name": "lo"}]}, "lo is the loopback device, which cannot be a port of a bond"),
        ({"ports": [{"name": "tun0"}]}, "tun0 is a TUN device, which carries no Ethernet frames; use a TAP device"),
    ],
)
def test_what_cannot_be_is_refused(options: Values, words: str) -> None:
    run("vnet_tuntap", name="tun0", mode="tun")
    refused_always([words], links=[{"type": "bond", "name": "bond0", **options}])


def test_settings_of_bridge_ports_are_refused_for_ports_of_bonds() -> None:
    port = {"type": "tuntap", "name": "t0", "mode": "tap", "master": "bond0"}
    for settings, words in (
        ({"cost": 5}, "cost: bond0 is a bond, whose ports do not have it"),
        ({"vlans": [{"vid": "5"}]}, "vlans: bond0 is a bond, whose ports have no VLANs"),
    ):
        refused_always([words], links=[bond(), {**port, "port": settings}])


def test_what_the_commands_do() -> None:
    needs_program("ip")
    run("vnet_veth", name="p1", addresses=["192.0.2.7/24"], peer={"name": "q1"})
    result = run("vnet_bond", name="bond0", mode="active-backup", addresses=["192.0.2.7/24"], ports=[{"name": "p1", "queue_id": 2}])
    by_module = [set_and_joined(name) for name in ("p1", "bond0")]
    with private_network():
        run("vnet_veth", name="p1", addresses=["192.0.2.7/24"], peer={"name": "q1"})
        sh(*result["commands"])
        assert [set_and_joined(name) for name in ("p1", "bond0")] == by_module
        assert "192.0.2.7" in ip("ip", "address", "show", "dev", "bond0")


def set_and_joined(name: str) -> Tuple[Set[str], str]:
    """The flags that somebody sets, and the master; the carrier comes when the bond next looks at its ports."""
    return set(shown(name)["flags"]) - {"NO-CARRIER", "LOWER_UP"}, shown(name).get("master", "")


def up(name: str) -> bool:
    return "UP" in shown(name)["flags"]


def with_a_port(kind: str, **more: Any) -> None:
    """A bond or VRF, and a link that belongs to it, with an IPv6 address that no task declares."""
    run(f"vnet_{kind}", name="m0", **more)
    run("vnet_veth", name="p1", master="m0", peer={"name": "q1"})
    sh("ip address add 2001:db8::1/64 dev p1 nodad")


@pytest.mark.parametrize(("kind", "more"), [("bond", {"mode": "active-backup", "miimon": 100}), ("vrf", {"table": 9})])
def test_what_belongs_to_one_that_is_deleted_goes_on(kind: str, more: Values) -> None:
    needs_kind(kind)
    with_a_port(kind, **more)
    result = single_in_four_steps(f"vnet_{kind}", name="m0", state="absent")
    assert not result.get("warnings")
    assert up("p1")
    assert "2001:db8::1/64" in ip("ip", "address", "show", "dev", "p1")


@pytest.mark.parametrize(
    ("kind", "more", "other"), [("bond", {"mode": "active-backup", "miimon": 100}, {"mode": "balance-xor"}), ("vrf", {"table": 9}, {"table": 10})]
)
def test_what_is_declared_belongs_to_the_new_one(kind: str, more: Values, other: Values) -> None:
    needs_kind(kind)
    end: Values = {"type": "veth", "name": "p1", "master": "m0", "addresses": ["2001:db8::1/64 nodad"], "peer": {"name": "q1"}}
    four_steps(links=[{"type": kind, "name": "m0", **more}, end])
    four_steps(links=[{"type": kind, "name": "m0", "recreate": True, **more, **other}, end])
    assert (shown("p1")["master"], up("p1")) == ("m0", True)
    assert "2001:db8::1/64" in ip("ip", "address", "show", "dev", "p1")
    four_steps(links=[{**end, "master": ""}])
    assert up("p1")


def test_a_port_that_the_new_one_does_not_get_is_named() -> None:
    with_a_port("bond", mode="active-backup", miimon=100)
    result = run("vnet_bond", name="m0", mode="balance-xor", miimon=100, recreate=True)
    assert result["warnings"] == ["vnet_bond m0: p1 does not belong to m0 any more"]


def test_cards_that_are_down_work_as_ports() -> None:
    sh("ip link add p1 type veth peer name q1 && ip link set q1 up")
    single_in_four_steps("vnet_bond", name="bond0", mode="active-backup", miimon=100, ports=[{"name": "p1"}])
    assert up("p1")
    wait_for(lambda: "LOWER_UP" in shown("bond0")["flags"], seconds=5)


def test_the_order_of_a_declaration_does_not_matter() -> None:
    four_steps(links=[bond(primary="p2"), *({"type": "veth", "name": f"p{number}", "master": "bond0", "peer": {"name": f"q{number}"}} for number in (1, 2))])


@pytest.mark.parametrize(("one", "two"), [("bond", "bond"), ("bridge", "bond")])
def test_a_ring_of_masters_is_refused(one: str, two: str) -> None:
    ring = [{"type": one, "name": "b0", "master": "b1", "addresses": ["192.0.2.1/24"]}, {"type": two, "name": "b1", "master": "b0"}]
    refused_always(["b1 is on top of b0, so it cannot be its port"], links=ring)


def test_a_primary_that_is_not_a_port_is_refused() -> None:
    links: List[Values] = [{"type": "tuntap", "name": "t0", "mode": "tap"}, {"type": "tuntap", "name": "t1", "mode": "tap", "master": "bond0"}]
    refused_always(["links[2].primary: t0 is not a port of bond0"], links=[*links, bond(primary="t0")])


def test_a_bond_that_watches_nothing_is_a_warning() -> None:
    result = run("vnet_bond", name="bond0", mode="active-backup")
    assert "miimon: neither miimon nor arp_interval is set" in " ".join(result["warnings"])
    assert "miimon" not in " ".join(run("vnet_bond", name="bond1", mode="802.3ad")["warnings"])


def test_the_mtu_of_a_port_is_set_after_it_joined() -> None:
    layout = [bond(), {"type": "veth", "name": "p1", "master": "bond0", "mtu": 1400, "peer": {"name": "q1"}}]
    four_steps(links=layout)
    assert shown("p1")["mtu"] == 1400


def test_other_links_keep_what_they_lose_while_the_bond_is_down() -> None:
    """Of the bond itself all comes back, and what is on top of it is a warning."""
    run("vnet_bond", name="bond0", mode="802.3ad", addresses=["2001:db8::1/64"])
    sh("ip link add p1 type veth peer name q1 && ip link set q1 up && ip link set p1 master bond0")
    wait_for(lambda: shown("bond0")["operstate"] == "UP", seconds=10)
    sh("ip route add 198.51.100.0/24 dev bond0")
    single_in_four_steps("vnet_bond", name="bond0", lacp_rate="fast")
    assert "198.51.100.0/24" in ip("ip", "route", "show", "dev", "bond0")
    assert "2001:db8::1/64" in ip("ip", "address", "show", "dev", "bond0")


def test_a_port_that_left_comes_back() -> None:
    """The kernel takes it down when it leaves."""
    run("vnet_veth", name="p1", peer={"name": "q1"})
    run("vnet_bond", name="bond0", mode="active-backup", ports=[{"name": "p1"}])
    sh("ip link set p1 nomaster")
    result = single_in_four_steps("vnet_veth", name="p1", master="bond0", peer={"name": "q1"})
    assert result["commands"] == ["ip link set dev p1 master bond0", "ip link set dev p1 up"]


def test_a_port_that_is_to_be_down() -> None:
    """The kernel brings a port up."""
    with inside(""):
        run("vnet_tuntap", name="t0", mode="tap", up=False)
        run("vnet_bond", name="bond0", mode="active-backup")
        single_in_four_steps("vnet_tuntap", name="t0", master="bond0", up=False)
        assert "UP" not in shown("t0")["flags"]


@pytest.mark.parametrize("master", ["", "br0"])
def test_a_card_that_was_down_is_down_after_its_bond(master: str) -> None:
    needs_program("ip")
    sh("ip tuntap add dev card mode tap")
    before = snapshot()
    over = [{"type": "bridge", "name": "br0"}] if master else []
    lay(links=[*over, bond(**({"master": master} if master else {})), {"name": "card", "master": "bond0"}])
    result = lay(state="absent")
    assert len(result["commands"]) == len(set(result["commands"])), result["commands"]
    assert not difference(before, snapshot())
