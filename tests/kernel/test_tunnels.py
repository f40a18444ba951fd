# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""VXLAN, Geneve and IP tunnels: packets in packets, and networks in other namespaces than the link."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import List

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from kernel_kinds import needs_kind
from layouts import clear, four_steps, info, lay, refusal, refused_always, settled
from packets import reaches, wire
from support import Values, difference, ip, run, sh, shown, snapshot
from support import four_steps as single_in_four_steps

UNDERLAY = {False: ("192.0.2.1", "192.0.2.2"), True: ("2001:db8::1", "2001:db8::2")}
IPV4, IPV6, UDP, GRE = 0x0800, 0x86DD, 17, 47
INNER = ("10.1.0.1", "10.1.0.2")
OVER_IPV6 = ("ip6gre", "ip6gretap", "ip6tnl")
MODES = ["ipip", "sit", "gre", "gretap", *OVER_IPV6]


def two_hosts(ipv6: bool = False) -> Values:
    """Two namespaces with a cable between them."""
    one, two = (f"{address}/64 nodad" if ipv6 else f"{address}/24" for address in UNDERLAY[ipv6])
    peer: Values = {"name": "eth0", "netns": "two", "addresses": [two]}
    return {"namespaces": [{"name": "one"}, {"name": "two"}], "links": [{"type": "veth", "name": "eth0", "netns": "one", "addresses": [one], "peer": peer}]}


def both(link: Values, ipv6: bool = False, inner: str = "10.1.0.%d/24") -> List[Values]:
    """The two ends of a tunnel between the two hosts."""
    ends = [{**link, "netns": netns, "addresses": [inner % (number + 1)]} for number, netns in enumerate(("one", "two"))]
    for number, end in enumerate(ends):
        end["remote"] = UNDERLAY[ipv6][1 - number]
        if link["type"] != "geneve":
            end["local"] = UNDERLAY[ipv6][number]
    return ends


def outer_packets(link: Values, ipv6: bool) -> bytes:
    """What is seen on the cable when the tunnel carries an echo request."""
    layout = two_hosts(ipv6)
    layout["links"] += both(link, ipv6)
    four_steps(**layout)
    with wire("eth0", "two", IPV6 if ipv6 else IPV4) as seen:
        assert reaches("one", INNER[1])
        assert reaches("two", INNER[0])
        packets = iter(lambda: seen.receive(0.5) or b"", b"")
        return next((packet for packet in packets if protocol_of(packet, ipv6) == UDP), b"")


def protocol_of(packet: bytes, ipv6: bool) -> int:
    return packet[14 + 6] if ipv6 else packet[14 + 9]


def port_of(packet: bytes, ipv6: bool) -> int:
    start = 14 + (40 if ipv6 else 20)
    return int(struct.unpack_from("!H", packet, start + 2)[0])


@pytest.mark.parametrize("ipv6", [False, True], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize(("kind", "port"), [("vxlan", 4789), ("geneve", 6081)])
def test_frames_go_in_udp_packets(kind: str, port: int, ipv6: bool) -> None:
    needs_kind(kind)
    packet = outer_packets({"type": kind, "name": "x0", "id": 5}, ipv6)
    assert port_of(packet, ipv6) == port


@pytest.mark.parametrize("mode", MODES)
def test_a_ping_goes_through_each_mode(mode: str) -> None:
    needs_kind(mode)
    ipv6 = mode in OVER_IPV6
    layout = two_hosts(ipv6)
    inner = "2001:db8:1::%d/64 nodad" if mode == "sit" else "10.1.0.%d/24"
    layout["links"] += both({"type": "tunnel", "name": "x0", "mode": mode}, ipv6, inner)
    four_steps(**layout)
    assert reaches("one", "2001:db8:1::2" if mode == "sit" else INNER[1])


def test_a_key_keeps_two_tunnels_apart() -> None:
    needs_kind("gre")
    layout = two_hosts()
    for key in (7, 8):
        for end in both({"type": "tunnel", "name": f"x{key}", "mode": "gre", "ikey": key, "okey": key}, inner=f"10.{key}.0.%d/24"):
            layout["links"].append(end)
    four_steps(**layout)
    assert reaches("one", "10.7.0.2")
    assert reaches("one", "10.8.0.2")
    layout["links"][-1]["ikey"] = 9
    lay(**layout)
    assert not reaches("one", "10.8.0.2", 0.3)
    assert reaches("one", "10.7.0.2")


def test_a_multicast_group_finds_the_other_end() -> None:
    needs_kind("vxlan")
    layout = two_hosts()
    for number, netns in enumerate(("one", "two"), 1):
        layout["links"].append(
            {"type": "vxlan", "name": "x0", "netns": netns, "id": 5, "dev": "eth0", "group": "239.1.1.1", "addresses": [f"10.1.0.{number}/24"]}
        )
    four_steps(**layout)
    assert shown("x0", "one")["mtu"] == 1450
    assert reaches("one", INNER[1])


@pytest.mark.parametrize(
    "link",
    [
        {"type": "vxlan", "id": 5, "local": "192.0.2.1", "remote": "192.0.2.2", "dev": "eth0"},
        {"type": "vxlan", "id": 5, "local": "192.0.2.1", "remote": "192.0.2.2"},
        {"type": "geneve", "id": 5, "remote": "192.0.2.2"},
        {"type": "tunnel", "mode": "gre", "local": "192.0.2.1", "remote": "192.0.2.2", "dev": "eth0"},
        {"type": "tunnel", "mode": "gretap", "local": "192.0.2.1", "remote": "192.0.2.2"},
        {"type": "tunnel", "mode": "sit", "local": "192.0.2.1", "remote": "192.0.2.2"},
    ],
    ids=["vxlan-dev", "vxlan", "geneve", "gre-dev", "gretap", "sit"],
)
def test_the_outer_packets_go_through_another_namespace(link: Values) -> None:
    """The link is in a namespace that has no other one."""
    needs_kind(str(link.get("mode", link["type"])))
    inner = "2001:db8:1::%d/64 nodad" if link.get("mode") == "sit" else "10.1.0.%d/24"
    far = {**link, "name": "x0", "netns": "two", "remote": "192.0.2.1", "addresses": [inner % 2]}
    if "local" in far:
        far["local"] = "192.0.2.2"
    near = {**link, "name": "x0", "netns": "inside", "parent_netns": "one", "addresses": [inner % 1]}
    layout = two_hosts()
    layout["namespaces"].append({"name": "inside"})
    layout["links"] += [near, far]
    four_steps(**layout)
    assert reaches("inside", (inner % 2).partition("/")[0])
    (found,) = [one for one in info()["declaration"]["links"] if one["name"] == "x0" and one["netns"] == "inside"]
    if link["type"] == "geneve":
        return  # the kernel does not say
    assert (found["parent_netns"], found.get("dev")) == ("one", link.get("dev"))
    del near["parent_netns"]
    near.pop("dev", None)
    settled(**layout)  # what is not said is left alone
    near["parent_netns"] = ""
    assert "parent_netns: it is one, not ''" in refusal(**layout)
    near["recreate"] = True
    four_steps(**layout)
    lay(state="absent")


def test_a_single_link_is_made_in_the_network_that_carries_its_packets() -> None:
    needs_kind("vxlan")
    run("vnet_netns", name="red")
    before = snapshot()
    single_in_four_steps("vnet_vxlan", name="x0", netns="red", parent_netns="", id=5, remote="192.0.2.9")
    assert "vnetnew" not in ip("ip", "link")
    with pytest.raises(VnetError, match="x0 in namespace red has the same parent_netns, id, dstport; use that link, or remove it first"):
        run("vnet_vxlan", name="x1", netns="red", parent_netns="", id=5)
    single_in_four_steps("vnet_vxlan", name="x0", netns="red", state="absent")
    assert not difference(before, snapshot())


def test_a_tunnel_that_cannot_be_moved_leaves_nothing() -> None:
    """The kernel makes it, and then its name is too much: a link in the namespace has it as an alternative name."""
    needs_kind("vxlan")
    run("vnet_netns", name="red")
    sh("ip -n red link add d0 type bridge && ip -n red link property add dev d0 altname x0")
    before = snapshot()
    with pytest.raises(VnetError):
        run("vnet_vxlan", name="x0", netns="red", parent_netns="", id=5)
    assert not difference(before, snapshot())


def test_a_layout_renames_its_tunnels() -> None:
    """The kernel takes no second one with the same numbers."""
    needs_kind("vxlan")
    lay(links=[{"type": "vxlan", "name": "x0", "id": 5}])
    four_steps(links=[{"type": "vxlan", "name": "x1", "id": 5}])
    clear()


def test_a_bridge_over_two_hosts() -> None:
    needs_kind("vxlan")
    layout = two_hosts()
    for number, netns in enumerate(("one", "two")):
        host: Values = {"name": "eth0", "netns": f"h{number}", "mtu": 1450, "addresses": [f"10.1.0.{number + 1}/24"]}
        layout["namespaces"].append({"name": f"h{number}"})
        layout["links"] += [
            {"type": "bridge", "name": "br0", "netns": netns},
            {"type": "veth", "name": "to-h", "netns": netns, "mtu": 1450, "master": "br0", "peer": host},
            {
                "type": "vxlan",
                "name": "x0",
                "netns": netns,
                "id": 9,
                "local": UNDERLAY[False][number],
                "remote": UNDERLAY[False][1 - number],
                "master": "br0",
                "mtu": 1450,
            },
        ]
    four_steps(**layout)
    assert reaches("h0", INNER[1])


def test_the_tunnels_of_the_kernel_are_left_alone() -> None:
    """It makes gre0 and others in every new namespace, unless it is told not to."""
    needs_kind("gre")
    set_to = "nsenter --net=/proc/1/ns/net sh -c 'echo %s > /proc/sys/net/core/fb_tunnels_only_for_init_net'"
    sh(set_to % 0)
    try:
        run("vnet_netns", name="red")
        assert "gre0" in ip("ip", "-n", "red", "link")
        assert info(namespaces=["red"])["declaration"]["links"] == []
        with pytest.raises(VnetError, match="the kernel has made gre0, and never deletes it"):
            run("vnet_tunnel", name="gre0", netns="red", state="absent")
        with pytest.raises(VnetError, match="gretap0 in namespace red has the same parent_netns, mode, local, remote, ikey"):
            run("vnet_tunnel", name="x0", netns="red", mode="gretap")
        single_in_four_steps("vnet_tunnel", name="x0", netns="red", mode="gretap", local="192.0.2.1")
        single_in_four_steps("vnet_tunnel", name="x1", netns="red", mode="gretap", external=True)
        lay(namespaces=[{"name": "blue"}], links=[{"type": "veth", "name": "a", "peer": {"name": "b", "netns": "blue"}}])
        assert not lay(state="absent")["warnings"]
        assert not Path("/run/netns/blue").exists()
    finally:
        sh(set_to % 1)


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ({"type": "vxlan"}, "id: missing; it is required to create the link"),
        ({"type": "vxlan", "id": 2**24}, "id: 16777216 is out of range (0 to 16777215)"),
        ({"type": "vxlan", "id": 5, "group": "192.0.2.1"}, "group: '192.0.2.1' is not a multicast address"),
        ({"type": "vxlan", "id": 5, "remote": "239.1.1.1"}, "remote: '239.1.1.1': 239.1.1.1 is not a unicast address"),
        ({"type": "vxlan", "id": 5, "remote": "there"}, "remote: 'there' is not an IP address"),
        ({"type": "vxlan", "id": 5, "dev": "lo", "remote": "192.0.2.1", "group": "239.1.1.1"}, "group: it cannot be used with remote"),
        ({"type": "vxlan", "id": 5, "srcport_min": 9}, "srcport_max: missing; srcport_min needs it"),
        ({"type": "vxlan", "id": 5, "srcport_min": 9, "srcport_max": 8}, "srcport_max: 8 is less than srcport_min (9)"),
        (
            {"type": "vxlan", "id": 5, "local": "192.0.2.1", "remote": "2001:db8::1"},
            "remote: 2001:db8::1 and local 192.0.2.1 are of different address families",
        ),
        ({"type": "vxlan", "id": 5, "group": "239.1.1.1"}, "group: it needs dev"),
        ({"type": "vxlan", "id": 5, "ttl": "many"}, "ttl: 'many' is neither a number nor inherit"),
        ({"type": "vxlan", "id": 5, "ttl": 256}, "ttl: 256 is out of range (0 to 255)"),
        ({"type": "vxlan", "id": 5, "flowlabel": 7}, "flowlabel: it is for IPv6; the addresses are IPv4"),
        ({"type": "vxlan", "id": 5, "gpe": True}, "gpe: it needs external: true"),
    ],
)
def test_what_cannot_be_is_refused(link: Values, words: str) -> None:
    needs_kind(link["type"])
    refused_always([words], links=[{"name": "x0", **link}])


def test_a_network_that_does_not_exist_is_an_error_and_in_check_mode_a_warning() -> None:
    needs_kind("vxlan")
    for options, words in (
        ({"dev": "nowhere"}, "dev: there is no link nowhere"),
        ({"parent_netns": "nowhere"}, "parent_netns: namespace nowhere does not exist"),
    ):
        link: Values = {"type": "vxlan", "name": "x0", "id": 5, **options}
        assert words in refusal(links=[link])
        assert words in " ".join(lay(check=True, links=[link])["warnings"])


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ({"mode": "gre", "local": "2001:db8::1"}, "local: 2001:db8::1 is not an IPv4 address, which a tunnel with mode: gre has"),
        ({"mode": "ip6gre", "remote": "192.0.2.1"}, "remote: 192.0.2.1 is not an IPv6 address, which a tunnel with mode: ip6gre has"),
        ({"mode": "ipip", "ikey": 5}, "ikey: it is for mode: gre or gretap or ip6gre or ip6gretap; the mode is ipip"),
        ({"mode": "gre", "pmtudisc": False, "ttl": 5}, "pmtudisc: false needs ttl: inherit"),
        ({"mode": "gre", "local": "192.0.2.1", "mac": "02:00:00:00:00:01"}, "mac: x0 carries no Ethernet frames and has no MAC address; leave it out"),
    ],
)
def test_what_a_tunnel_cannot_be_is_refused(link: Values, words: str) -> None:
    needs_kind(link["mode"])
    refused_always([words], links=[{"type": "tunnel", "name": "x0", **link}])


def test_what_only_a_new_tunnel_can_have() -> None:
    needs_kind("gre")
    run("vnet_tunnel", name="x0", mode="gre", local="192.0.2.1", remote="192.0.2.2")
    with pytest.raises(VnetError, match=r"remote: it is 192\.0\.2\.2, not ''; only a new link can have that"):
        run("vnet_tunnel", name="x0", remote="")
    single_in_four_steps("vnet_tunnel", name="x0", mode="gre", local="192.0.2.1", remote="", recreate=True)


@pytest.mark.parametrize(("mode", "local"), [("gre", "192.0.2.1"), ("ip6gre", "2001:db8::1"), ("ip6tnl", "2001:db8::1")])
def test_a_change_keeps_the_mtu(mode: str, local: str) -> None:
    needs_kind(mode)
    run("vnet_tunnel", name="x0", mode=mode, local=local, mtu=1300)
    single_in_four_steps("vnet_tunnel", name="x0", ttl=33)
    assert shown("x0")["mtu"] == 1300


def test_a_parent_is_recreated_below_a_vxlan() -> None:
    needs_kind("vxlan")
    below: Values = {"type": "ifb", "name": "d1"}
    over: Values = {"type": "vxlan", "name": "x0", "id": 5, "dev": "d1"}
    four_steps(links=[below, over])
    four_steps(links=[{**below, "num_tx_queues": 3, "recreate": True}, over])


def test_two_tunnels_with_the_same_addresses_on_two_links() -> None:
    needs_kind("gre")
    links: List[Values] = [{"type": "tuntap", "name": name, "mode": "tap"} for name in ("t1", "t2")]
    links += [{"type": "tunnel", "name": f"x{number}", "mode": "gre", "local": "192.0.2.1", "remote": "192.0.2.2", "dev": f"t{number}"} for number in (1, 2)]
    four_steps(links=links)


def test_one_takes_the_numbers_that_another_had() -> None:
    needs_kind("gre")
    ends = [
        {"type": "tunnel", "name": name, "mode": "gre", "local": "192.0.2.1", "remote": remote} for name, remote in (("a", "192.0.2.2"), ("b", "192.0.2.3"))
    ]
    lay(links=ends[:1])
    four_steps(links=[{**ends[0], "remote": "192.0.2.4"}, ends[1]])


def test_a_namespace_that_carries_the_packets_of_somebodys_link_stays() -> None:
    needs_kind("vxlan")
    lay(namespaces=[{"name": "u"}])
    sh("ip -n u link add vx0 type vxlan id 5 dstport 4789 && ip -n u link set vx0 netns $$")
    assert "namespace u cannot be deleted, as the packets of vx0 go through its network" in refusal(state="absent")


def test_remote_gives_way_to_a_group_and_comes_back() -> None:
    needs_kind("vxlan")
    run("vnet_tuntap", name="t0", mode="tap")
    run("vnet_vxlan", name="x0", id=5, dev="t0", remote="192.0.2.1")
    result = single_in_four_steps("vnet_vxlan", name="x0", group="239.1.1.1")
    assert (result["vxlan"]["group"], result["vxlan"]["remote"]) == ("239.1.1.1", "")


def test_an_adopted_tunnel_keeps_what_no_option_says() -> None:
    """The kernel resets what a change does not name."""
    needs_kind("ip6tnl")
    sh("ip link add x0 type ip6tnl mode ipip6 local 2001:db8::1 remote 2001:db8::2 fwmark 7")
    single_in_four_steps("vnet_tunnel", name="x0", ttl=9)
    text = ip("ip", "-d", "link", "show", "x0")
    assert "ipip6" in text
    assert "fwmark 0x7" in text


def test_an_external_link_needs_no_id() -> None:
    needs_kind("vxlan")
    single_in_four_steps("vnet_vxlan", name="x0", external=True)
    assert "external" in ip("ip", "-d", "link", "show", "x0")
