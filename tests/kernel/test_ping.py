# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who reaches whom, what keeps a pair apart, and that asking leaves nothing behind."""

from __future__ import annotations

import os
import re
import select
import struct
import subprocess
import time
from typing import Any

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._ping import complaint, ping
from features import needs, needs_nftables, needs_program, needs_qdisc
from kernel_kinds import needs_kind
from layouts import lay
from packets import attach_to, open_tun
from processes import child, wait_for, without_capabilities
from support import Values, inside, ip, run, sh, snapshot

DEFAULTS: Values = {
    "layout": None,
    "sources": None,
    "destinations": None,
    "family": None,
    "reachable": None,
    "unreachable": None,
    "count": 1,
    "size": 56,
    "deadline": 10.0,
    "timeout": 0.3,
}
RED, BLUE, RED6, BLUE6 = "192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"


def asked(**params: Any) -> dict[str, Any]:
    return ping({**DEFAULTS, **params})


def reason(source: str, destination: str) -> str:
    """Why a pair is apart, which it must be."""
    result = asked(sources=[source], destinations=[destination], family="ipv6" if ":" in destination else "ipv4", deadline=0.3)
    (told,) = result["differing"]
    assert told["source"] == source
    return str(told["reason"])


def end(name: str, netns: str, *addresses: str, **options: Any) -> Values:
    return {"name": name, "netns": netns, "addresses": list(addresses), **options}


def lan(dad: bool = False, **bridge: Any) -> None:
    """Red and blue on one bridge of the host. C(dad): with a second or two of duplicate address detection, as everywhere."""
    sysctl = {} if dad else {"net.ipv6.conf.default.accept_dad": 0}
    lay(
        name="lan",
        namespaces=[{"name": "red", "sysctl": sysctl}, {"name": "blue", "sysctl": sysctl}],
        links=[
            {"type": "bridge", "name": "br0", **bridge},
            {"type": "veth", "name": "to-red", "master": "br0", "peer": end("eth0", "red", f"{RED}/24", f"{RED6}/64")},
            {"type": "veth", "name": "to-blue", "master": "br0", "peer": end("eth0", "blue", f"{BLUE}/24", f"{BLUE6}/64")},
        ],
    )


def routed() -> None:
    """Red, a router, and blue, each a cable away from the next."""
    lay(
        name="routed",
        namespaces=[{"name": "red"}, {"name": "router", "sysctl": {"net.ipv4.ip_forward": 1, "net.ipv6.conf.all.forwarding": 1}}, {"name": "blue"}],
        links=[
            {
                "type": "veth",
                **end("eth0", "red", "10.1.0.1/24", routes=[{"to": "default", "via": "10.1.0.254"}]),
                "peer": end("left", "router", "10.1.0.254/24"),
            },
            {
                "type": "veth",
                **end("eth0", "blue", "10.2.0.1/24", routes=[{"to": "default", "via": "10.2.0.254"}]),
                "peer": end("right", "router", "10.2.0.254/24"),
            },
        ],
    )


def test_all_pairs_of_a_layout_in_both_families() -> None:
    lan(dad=True)
    result = asked(layout="lan")
    assert {(pair["source"], pair["destination"]) for pair in result["pairs"]} == {("red", BLUE), ("red", BLUE6), ("blue", RED), ("blue", RED6)}
    assert all(pair["reachable"] and pair["loss"] == 0 for pair in result["pairs"])
    assert {pair["destination"]: pair["namespace"] for pair in result["pairs"]} == {RED: "red", RED6: "red", BLUE: "blue", BLUE6: "blue"}
    assert result["differing"] == []
    assert result["summary"]["pairs"] == result["summary"]["reachable"] == 4


def test_the_host_is_one_of_a_layout_that_gives_it_addresses() -> None:
    lan(addresses=["192.0.2.254/24"])
    sources = {(pair["source"], pair["destination"]) for pair in asked(layout="lan", family="ipv4")["pairs"]}
    assert sources == {("red", BLUE), ("blue", RED), ("", RED), ("", BLUE), ("red", "192.0.2.254"), ("blue", "192.0.2.254")}


def test_another_layout_and_what_belongs_to_none_is_left_out() -> None:
    lan()
    lay(
        name="other",
        namespaces=[{"name": "green"}],
        links=[{"type": "veth", "name": "g", "addresses": ["203.0.113.1/24"], "peer": end("eth0", "green", "203.0.113.2/24")}],
    )
    assert {pair["source"] for pair in asked(layout="lan")["pairs"]} == {"red", "blue"}
    assert {pair["source"] for pair in asked(layout="other")["pairs"]} == {"", "green"}
    with pytest.raises(VnetError, match="layout: there is no layout none on this host"):
        asked(layout="none")


def test_a_network_stands_for_the_addresses_in_it() -> None:
    routed()
    lay(name="other", namespaces=["green"], links=[{"type": "veth", "name": "g", "peer": end("eth0", "green", "10.2.0.9/24")}])
    pairs = asked(layout="routed", destinations=["10.2.0.0/24", "10.1.0.0/25"])["pairs"]
    assert sorted((pair["source"], pair["destination"], pair["namespace"]) for pair in pairs) == [
        ("blue", "10.1.0.1", "red"),
        ("blue", "10.2.0.254", "router"),
        ("red", "10.2.0.1", "blue"),
        ("red", "10.2.0.254", "router"),
        ("router", "10.1.0.1", "red"),
        ("router", "10.2.0.1", "blue"),
    ]
    assert asked(sources=["green"], destinations=["10.2.0.9/32", "10.2.0.0/24"], deadline=0.1)["summary"]["pairs"] == 2


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("10.9.0.0/24", "destinations: no namespace has an address in 10.9.0.0/24"),
        ("10.1.0.1/24", "destinations: '10.1.0.1/24' is neither a network, such as 10.0.0.0/24, nor an existing namespace"),
        ("red/1", "destinations: 'red/1' is neither a network"),
    ],
)
def test_what_is_no_network_with_addresses_is_refused(given: str, words: str) -> None:
    routed()
    with pytest.raises(VnetError, match=re.escape(words)):
        asked(layout="routed", destinations=[given])


def test_losses_and_times_are_measured() -> None:
    lan()
    result = asked(sources=["red"], destinations=["blue"], family="ipv4", count=5, size=1400)
    (pair,) = result["pairs"]
    assert (pair["sent"], pair["received"], pair["loss"]) == (5, 5, 0)
    assert 0 < pair["rtt"]["min"] <= pair["rtt"]["avg"] <= pair["rtt"]["max"] < 1000


def test_packets_that_do_not_fit_are_cut_to_pieces() -> None:
    lan()
    for size in (20, 1473, 65507):
        assert asked(sources=["red"], destinations=["blue"], family="ipv4", size=size, count=3)["pairs"][0]["loss"] == 0


def test_large_packets_are_told_from_small_ones() -> None:
    """A port drops what does not fit into its MTU."""
    needs_program("ip")
    lan()
    assert asked(layout="lan")["differing"] == []
    sh("ip link set to-blue mtu 1300")
    assert asked(sources=["red"], destinations=["blue"], family="ipv4", size=1000)["differing"] == []
    assert len(asked(sources=["red"], destinations=["blue"], family="ipv4", size=1400, deadline=0.3)["differing"]) == 1


def test_what_comes_up_late_is_waited_for() -> None:
    """A port listens and learns for two seconds each before it forwards."""
    lan(stp=True, forward_delay=2)
    started = time.monotonic()
    assert asked(layout="lan")["differing"] == []
    assert time.monotonic() - started > 1


def test_what_must_not_answer() -> None:
    lan()
    result = asked(layout="lan", unreachable=[{"sources": ["red"], "destinations": [BLUE]}])
    assert [(pair["source"], pair["destination"]) for pair in result["differing"]] == [("red", BLUE)]
    sh("ip -n blue link set eth0 down")
    result = asked(unreachable=[{"sources": ["red"], "destinations": [BLUE]}], reachable=[])
    assert (result["differing"], result["summary"]["pairs"]) == ([], 1)


def test_only_the_pairs_that_are_listed() -> None:
    lan()
    result = asked(reachable=[{"sources": ["red"], "destinations": ["blue"]}])
    assert {(pair["source"], pair["destination"]) for pair in result["pairs"]} == {("red", BLUE), ("red", BLUE6)}


def test_an_address_that_nobody_has() -> None:
    lan()
    (pair,) = asked(sources=["red"], destinations=["192.0.2.77"], deadline=0.3)["pairs"]
    assert (pair["reachable"], pair["namespace"], pair["rtt"], pair["loss"]) == (False, None, None, 100)
    assert pair["reason"] == "no known link on the network of eth0 in namespace red has the address 192.0.2.77"


REASONS = [
    ("ip -n red link set eth0 down", "namespace red has no route to 192.0.2.2 (Network is unreachable); eth0 is down there"),
    ("ip -n blue link set eth0 down", "eth0 in namespace blue is down"),
    ("ip link set to-red down", "to-red on the host is down"),
    ("ip link set to-blue down", "to-blue on the host is down"),
    ("ip link set br0 down", "br0 on the host is down"),
    ("ip link set to-blue nomaster", "to-blue on the host, the other end of eth0 in namespace blue, is no port of a bridge"),
    ("ip link set to-red nomaster", "to-red on the host, the other end of eth0 in namespace red, is no port of a bridge"),
    ("ip -n blue address flush dev eth0", "no known link on the network of eth0 in namespace red has the address 192.0.2.2"),
    (
        "ip -n red neighbour replace 192.0.2.2 lladdr 02:00:00:00:00:66 dev eth0 nud permanent",
        "eth0 in namespace red has a permanent entry for 192.0.2.2 with the MAC address 02:00:00:00:00:66, but eth0 in namespace blue has ",
    ),
    (
        "ip -n red neighbour replace 192.0.2.2 lladdr 02:00:00:00:00:66 dev eth0 nud reachable",
        "eth0 in namespace red still has the MAC address 02:00:00:00:00:66 for 192.0.2.2, but eth0 in namespace blue has ",
    ),
    (
        "ip -n blue neighbour replace 192.0.2.1 lladdr 02:00:00:00:00:66 dev eth0 nud permanent",
        "on the way back, eth0 in namespace blue has a permanent entry for 192.0.2.1 with the MAC address 02:00:00:00:00:66, but eth0 in namespace red has ",
    ),
    ("ip -n red link set eth0 arp off", "eth0 in namespace red looks for no neighbours: it has the flag NOARP"),
    ("ip -n blue link set eth0 arp off", "eth0 in namespace blue answers no ARP requests: it has the flag NOARP"),
    (
        "bridge link set dev to-red isolated on; bridge link set dev to-blue isolated on",
        "to-red on the host and to-blue on the host are isolated ports of br0",
    ),
    ("bridge link set dev to-blue state 0", "to-blue on the host is disabled in br0, not forwarding"),
    ("ip -n red route add unreachable 192.0.2.2/32", "namespace red has an unreachable route or rule for 192.0.2.2"),
    ("ip -n red route add blackhole 192.0.2.2/32", "namespace red has a blackhole route or rule for 192.0.2.2"),
    ("ip -n red route add prohibit 192.0.2.2/32", "namespace red has a prohibit route or rule for 192.0.2.2"),
    (
        "ip -n blue link set eth0 address $(ip netns exec red cat /sys/class/net/eth0/address)",
        "eth0 in namespace red and eth0 in namespace blue have the same MAC address ",
    ),
    ("ip link set br0 address $(ip netns exec blue cat /sys/class/net/eth0/address)", "br0 on the host and eth0 in namespace blue have the same MAC address "),
    ("bridge link set dev to-blue bcast_flood off", "to-blue on the host does not get requests for neighbours from br0: bcast_flood is off"),
    ("ip netns exec blue sysctl -qw net.ipv4.icmp_echo_ignore_all=1", "namespace blue does not answer: net.ipv4.icmp_echo_ignore_all is 1"),
    ("ip netns exec blue sysctl -qw net.ipv4.conf.eth0.arp_ignore=8", "namespace blue does not answer: net.ipv4.conf.eth0.arp_ignore is 8"),
    ("ip -n blue route add unreachable 192.0.2.1/32", "on the way back, namespace blue has an unreachable route or rule for 192.0.2.1"),
]


@pytest.mark.parametrize(("fault", "sentence"), REASONS, ids=[fault for fault, _sentence in REASONS])
def test_the_reason_on_one_bridge(fault: str, sentence: str) -> None:
    needs_program("ip")
    lan()
    assert asked(layout="lan")["differing"] == []
    sh(fault)
    assert sentence in reason("red", BLUE)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (
            "ip netns exec red sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1",
            "(Network is unreachable); eth0 in namespace red has no IPv6 (disable_ipv6, or an MTU",
        ),
        ("ip -n red link set eth0 mtu 1000", "(Network is unreachable); eth0 in namespace red has no IPv6 (disable_ipv6, or an MTU below 1280)"),
        ("ip netns exec blue sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1", "has the address 2001:db8::2; eth0 in namespace blue has no IPv6"),
        ("ip -n blue link set eth0 mtu 1000", "has the address 2001:db8::2; eth0 in namespace blue has no IPv6"),
        ("bridge link set dev to-blue mcast_flood off", "to-blue on the host does not get requests for neighbours from br0: mcast_flood is off"),
        ("ip netns exec blue sysctl -qw net.ipv6.icmp.echo_ignore_all=1", "namespace blue does not answer: net.ipv6.icmp.echo_ignore_all is 1"),
    ],
)
def test_the_reason_with_ipv6(fault: str, sentence: str) -> None:
    needs_program("ip")
    lan(mcast_snooping=False)
    sh(fault)
    assert sentence in reason("red", BLUE6)


@pytest.mark.parametrize(
    ("netns", "link", "sentence"),
    [
        ("red", "eth0", "eth0 in namespace red loses all packets that it sends"),
        ("", "to-blue", "to-blue on the host loses all packets that it sends"),
        ("blue", "eth0", "on the way back, eth0 in namespace blue loses all packets that it sends"),
    ],
)
def test_a_link_that_loses_all_packets(netns: str, link: str, sentence: str) -> None:
    needs_program("ip")
    needs_qdisc("netem")
    lan()
    sh(f"tc {f'-n {netns}' * bool(netns)} qdisc replace dev {link} root netem loss 100%")
    assert sentence in reason("red", BLUE)


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_of_two_with_one_address_only_that_which_answers_is_reached(family: str) -> None:
    needs_program("ip")
    lan()
    address = BLUE if family == "ipv4" else BLUE6
    other = {"type": "veth", "name": "to-green", "master": "br0", "peer": end("eth0", "green", f"{address}/24" if family == "ipv4" else f"{address}/64 nodad")}
    lay(name="other", namespaces=["green"], links=[other])
    sh("ip -n red neighbour flush all")
    for pairs in ("reachable", "unreachable"):
        listed = [{"sources": ["red"], "destinations": [name]} for name in ("blue", "green")]
        result = asked(**{"reachable": [], "unreachable": [], pairs: listed}, family=family)
        reached = [pair["namespace"] for pair in result["pairs"] if pair["reachable"]]
        (told,) = [pair for pair in result["pairs"] if not pair["reachable"]]
        assert len(reached) == 1
        assert f"both have the address {address}" in told["reason"]
    sh(f"ip link set to-{reached[0]} down")
    lost = [pair for pair in asked(reachable=listed, family=family, deadline=0.3)["pairs"] if pair["reachable"]]
    assert [pair["namespace"] for pair in lost] == [told["namespace"]]


def test_who_is_known_need_not_be_looked_for() -> None:
    needs_program("ip")
    lan()
    for netns, other, address in (("red", "blue", BLUE), ("blue", "red", RED)):
        mac = ip("ip", "netns", "exec", other, "cat", "/sys/class/net/eth0/address").strip()
        sh(f"ip -n {netns} neighbour replace {address} lladdr {mac} dev eth0 nud permanent")
    sh("ip netns exec blue sysctl -qw net.ipv4.conf.all.arp_ignore=8")
    assert not asked(sources=["red"], destinations=[BLUE], family="ipv4")["differing"]
    sh(f"ip -n blue route add blackhole {RED}/32")
    assert "blackhole" in reason("red", BLUE)


def test_a_gateway_on_another_bridge() -> None:
    needs_program("ip")
    lan()
    router = {"type": "veth", "name": "to-router", "master": "br0", "peer": end("eth0", "router", "192.0.2.254/24")}
    far = {"type": "veth", **end("eth1", "router", "10.9.0.254/24"), "peer": end("eth0", "far", "10.9.0.1/24", routes=[{"to": "default", "via": "10.9.0.254"}])}
    lay(name="far", namespaces=[{"name": "router", "sysctl": {"net.ipv4.ip_forward": 1}}, "far"], links=[router, far, {"type": "bridge", "name": "br1"}])
    sh("ip -n red route add default via 192.0.2.254", "ip link set to-red master br1")
    places = "that of bridge br1 on the host, but eth0 in namespace router is on that of bridge br0 on the host"
    assert reason("red", "10.9.0.1") == f"eth0 in namespace red looks for its gateway 192.0.2.254 on its own network, {places}"


def test_namespaces_with_the_same_address_are_told_from_each_other() -> None:
    """Two bridges that a cable joins, and one that is not joined."""
    needs_program("ip")
    lan()
    other = {"type": "veth", "name": "to-green", "master": "br1", "peer": end("eth0", "green", f"{BLUE}/24")}
    lay(name="other", namespaces=["green"], links=[{"type": "bridge", "name": "br1"}, other])
    sh("ip link add br2 type bridge", "ip link set br2 up", "ip link set to-blue master br2", "ip link add x1 type veth peer name x2")
    sh("ip link set x1 up master br0", "ip link set x2 up master br2")
    both = {"sources": ["red"], "destinations": ["green", "blue"]}
    result = asked(reachable=[both], family="ipv4")
    assert [(told["namespace"], told["reachable"]) for told in result["pairs"]] == [("green", False), ("blue", True)]
    assert result["pairs"][0]["reason"] == f"namespace blue has the address {BLUE}, too, and takes the packets"
    sh("ip netns add brown", "ip link add to-brown type veth peer name eth0 netns brown", "ip -n brown link set eth0 up")
    sh("ip link set to-brown up master br2", f"ip -n brown address add {BLUE}/24 dev eth0")
    (told,) = asked(sources=["red"], destinations=["green"], family="ipv4")["differing"]
    assert told["reason"] == f"eth0 in namespace blue and eth0 in namespace brown both have the address {BLUE}"
    sh("ip netns delete brown")
    one = {"sources": ["red"], "destinations": ["green"]}
    assert asked(reachable=[{**one, "destinations": ["blue"]}], unreachable=[one], family="ipv4")["differing"] == []


def test_packets_that_go_round() -> None:
    needs_program("ip")
    routed()
    sh("ip -n router route add 10.2.0.9/32 via 10.1.0.1", "ip netns exec red sysctl -qw net.ipv4.ip_forward=1", "ip -n blue address add 10.2.0.9/32 dev eth0")
    assert reason("red", "10.2.0.9") == "the routes to 10.2.0.9 form a loop: namespace router sends packets to namespace red, where they have been"


@pytest.mark.parametrize("given", ["proxy_arp", "local", "inet6"])
def test_who_else_takes_packets_for_a_gateway(given: str) -> None:
    needs_program("ip")
    needs_program("sysctl")
    routed()
    if given == "inet6":
        (address,) = (line.split()[3].split("/")[0] for line in ip("ip", "-n", "router", "-6", "-o", "address", "show", "dev", "left").splitlines())
        sh(f"ip -n red route replace default via inet6 {address} dev eth0")
    else:
        sh("ip -n router route add local 10.9.0.0/16 dev lo" if given == "local" else "ip netns exec router sysctl -qw net.ipv4.conf.left.proxy_arp=1")
        sh("ip -n red route replace default via 10.9.0.77 dev eth0 onlink", *["ip -n router route add 10.9.0.0/16 dev right"] * (given == "proxy_arp"))
    assert asked(sources=["red"], destinations=["10.2.0.1"])["differing"] == []
    sh("ip -n router route add blackhole 10.2.0.1/32")
    assert "no known link" not in reason("red", "10.2.0.1")


def test_gateways_that_others_answer_for_are_not_blamed() -> None:
    """A MAC address is known, or somebody is their proxy."""
    needs_program("ip")
    routed()
    macs = {name: ip("ip", "-n", "router", "-br", "link", "show", "dev", name).split()[2] for name in ("left", "right")}
    sh("ip -n red route replace default via 10.1.0.77", f"ip -n red neighbour replace 10.1.0.77 lladdr {macs['left']} dev eth0 nud permanent")
    assert asked(sources=["red"], destinations=["10.2.0.1"])["differing"] == []
    sh("ip -n router neighbour add proxy 10.9.0.77 dev left", "ip -n router route add 10.9.0.0/16 dev right")
    sh("ip -n red route replace default via 10.9.0.77 dev eth0 onlink")
    assert asked(sources=["red"], destinations=["10.2.0.1"])["differing"] == []
    sh("ip -n router route add blackhole 10.2.0.1/32")
    assert reason("red", "10.2.0.1") == "no answer"


def test_a_router_that_has_the_address_of_the_other_answers_for_it() -> None:
    needs_program("ip")
    routed()
    sh("ip -n router address add 10.2.0.1/32 dev lo")
    (told,) = asked(sources=["red"], destinations=["blue"])["differing"]
    assert told["reason"] == "namespace router has the address 10.2.0.1, too, and takes the packets"
    assert told["rtt"] is None


def test_a_namespace_of_the_layout_that_is_gone_is_missed() -> None:
    needs_program("ip")
    lan()
    sh("ip netns delete blue")
    with pytest.raises(VnetError, match=r"layout: namespace blue of layout lan does not exist any more; run the task of the layout again"):
        asked(layout="lan")
    sh("ip netns add blue")
    with pytest.raises(VnetError, match=r"layout: namespace blue of layout lan was deleted, and another one has its name; run the task of the layout again"):
        asked(layout="lan")


def test_whoever_has_the_address_of_the_other_does_not_reach_it() -> None:
    needs_program("ip")
    lan()
    sh(f"ip -n red address add {BLUE}/24 dev eth0")
    result = asked(layout="lan", family="ipv4", deadline=0.3)
    assert ("red", BLUE, "namespace red has this address, too, and answers itself") in [
        (told["source"], told["destination"], told["reason"]) for told in result["differing"]
    ]
    assert result["summary"]["unreachable"] == len(result["differing"])


def test_an_address_that_failed_duplicate_address_detection() -> None:
    needs_program("ip")
    lan(dad=True)
    assert asked(layout="lan")["differing"] == []
    sh(f"ip -n red address add {BLUE6}/64 dev eth0")
    wait_for(lambda: "dadfailed" in ip("ip", "-n", "red", "address", "show", "dev", "eth0"))
    assert reason("red", BLUE6) == f"eth0 in namespace blue and eth0 in namespace red both have the address {BLUE6}"


def test_two_that_have_the_same_address_are_named() -> None:
    needs_program("ip")
    lan()
    cable = {"type": "veth", "name": "to-green", "master": "br0", "peer": end("eth0", "green", f"{BLUE}/24")}
    lay(name="other", namespaces=["green"], links=[cable])
    sh("ip link set to-blue down", "ip link set to-green down")
    assert reason("red", BLUE) == f"eth0 in namespace blue and eth0 in namespace green both have the address {BLUE}"


def test_packets_that_are_too_large() -> None:
    needs_program("ip")
    lan()
    sh("ip link set to-blue mtu 1300")
    large = {"sources": ["red"], "destinations": [BLUE], "size": 1400, "deadline": 0.3}
    assert asked(**large)["differing"][0]["reason"] == "to-blue on the host has an MTU of 1300, too small for packets of 1428 bytes"
    assert asked(sources=["red"], destinations=[BLUE])["differing"] == []
    sh("ip link set to-blue mtu 1500", "ip -n blue link set eth0 mtu 1300")
    assert asked(**large)["differing"][0]["reason"] == "eth0 in namespace blue has an MTU of 1300, too small for packets of 1428 bytes"


def test_a_bridge_that_the_other_is_not_on() -> None:
    needs_program("ip")
    lan()
    sh("ip link add br1 up type bridge", "ip link set to-blue master br1")
    places = "that of bridge br0 on the host, but eth0 in namespace blue is on that of bridge br1 on the host"
    assert reason("red", BLUE) == f"eth0 in namespace red looks for it on its own network, {places}"
    sh("ip link add c1 type veth peer name c2", "ip link set c1 up master br0", "ip link set c2 up master br1")
    assert asked(sources=["red"], destinations=[BLUE])["differing"] == []
    sh("ip tuntap add dev tap0 mode tap", "ip link set tap0 master br0", "ip link set c2 nomaster")
    assert reason("red", BLUE) == f"eth0 in namespace red looks for it on its own network, {places}"
    sh("ip tuntap add dev tap1 mode tap", "ip link set tap1 master br1")  # somebody may bridge the two devices
    assert reason("red", BLUE) == "no answer"


def test_the_message_tells_each_kind_of_fault_once() -> None:
    needs_program("ip")
    lan()
    sh("ip link set to-blue down")
    result = asked(layout="lan", deadline=0.3)
    assert complaint(result).count("to-blue on the host is down") == 1
    assert f"(and {len(result['differing']) - 1} alike)" in complaint(result)


def test_a_port_that_does_not_forward_yet() -> None:
    lan(stp=True, forward_delay=30)
    assert "not forwarding yet" in reason("red", BLUE)


ROUTED_REASONS = [
    ("ip netns exec router sysctl -qw net.ipv4.ip_forward=0", "namespace router does not forward: net.ipv4.ip_forward is 0"),
    ("ip -n red route del default", "namespace red has no route to 10.2.0.1"),
    ("ip -n blue route del default", "on the way back, namespace blue has no route to 10.1.0.1"),
    ("ip -n router link set right down", "namespace router has no route to 10.2.0.1"),
    ("ip -n red route replace default via 10.1.0.77", "no known link on the network of eth0 in namespace red has its gateway 10.1.0.77"),
    ("ip -n blue route replace default via 10.2.0.77", "on the way back, no known link on the network of eth0 in namespace blue has its gateway 10.2.0.77"),
    (
        "ip -n blue neighbour replace 10.2.0.254 lladdr 02:00:00:00:00:66 dev eth0 nud permanent",
        "on the way back, eth0 in namespace blue has a permanent entry for 10.2.0.254 with the MAC address 02:00:00:00:00:66, but right in ",
    ),
    (
        "ip -n red route replace default via 10.1.0.77; ip -n red neighbour replace 10.1.0.77 lladdr 02:00:00:00:00:66 dev eth0 nud permanent",
        "has a permanent entry for 10.1.0.77 with the MAC address 02:00:00:00:00:66, which no known link has",
    ),
    ("ip -n router route add blackhole 10.2.0.1/32", "namespace router has a blackhole route or rule for 10.2.0.1"),
    ("ip -n router rule add priority 9 blackhole to 10.2.0.1", "namespace router has a blackhole route or rule for 10.2.0.1"),
    ("ip -n router rule add priority 9 prohibit from 10.1.0.1", "namespace router has a prohibit route or rule for 10.2.0.1"),
    ("ip -n router rule add priority 9 blackhole iif left", "namespace router has a blackhole route or rule for 10.2.0.1"),
    (
        "ip netns exec router sysctl -qw net.ipv4.conf.all.rp_filter=1; ip -n router route add 10.1.0.1 dev right",
        "namespace router drops packets from 10.1.0.1, as it would not answer through the link where they arrive (rp_filter)",
    ),
    (
        "ip netns exec router sysctl -qw net.ipv4.conf.all.rp_filter=2;"
        " ip -n red address replace 10.5.0.1/24 dev eth0; ip -n red route replace default via 10.1.0.254 src 10.5.0.1",
        "namespace router drops packets from 10.5.0.1, as it would not answer through the link where they arrive (rp_filter)",
    ),
    ("ip -n router rule add priority 9 from 10.1.0.0/24 table 99; ip -n router route add blackhole default table 99", "router has a blackhole route or rule"),
    ("ip -n router rule add priority 9 prohibit from 10.2.0.1", "on the way back, namespace router has a prohibit route or rule for 10.1.0.1"),
    ("ip -n blue rule add priority 9 prohibit from 10.2.0.1", "on the way back, namespace blue has a prohibit route or rule for 10.1.0.1"),
    ("ip -n router address add 10.1.0.1/32 dev lo", "namespace router has the address 10.1.0.1, too, so it drops packets from there"),
    ("ip -n blue address add 10.1.0.1/32 dev eth0", "namespace blue has the address 10.1.0.1, too, so it drops packets from there"),
    ("ip netns exec router sysctl -qw net.ipv4.conf.left.forwarding=0", "namespace router does not forward: net.ipv4.conf.left.forwarding is 0"),
    (
        "ip -n red address replace 10.1.0.1/8 dev eth0",
        "eth0 in namespace red looks for it on its own network, where only left in namespace router is",
    ),
    (
        "ip -n blue address replace 10.2.0.1/8 dev eth0",
        "on the way back, eth0 in namespace blue looks for it on its own network, where only right in namespace router is",
    ),
]


@pytest.mark.parametrize(("fault", "sentence"), ROUTED_REASONS, ids=[fault for fault, _sentence in ROUTED_REASONS])
def test_the_reason_behind_a_router(fault: str, sentence: str) -> None:
    needs_program("ip")
    needs_program("sysctl")
    routed()
    assert asked(layout="routed", deadline=5.0)["differing"] == []
    sh(fault)
    assert sentence in reason("red", "10.2.0.1")


@pytest.mark.parametrize(
    ("netns", "hook", "words"),
    [
        ("router", "forward", "chain gate of table inet wall in namespace router"),
        ("blue", "input", "chain gate of table inet wall in namespace blue"),
        ("red", "output", "chain gate of table inet wall in namespace red"),
    ],
)
def test_a_firewall_that_drops(netns: str, hook: str, words: str) -> None:
    needs_nftables()
    routed()
    chain = f"add table inet wall; add chain inet wall gate {{ type filter hook {hook} priority 0; policy drop; }}"
    sh(f"ip netns exec {netns} nft '{chain}'")
    assert words in reason("red", "10.2.0.1")


def test_links_are_blamed_before_a_firewall() -> None:
    needs_nftables()
    routed()
    chain = "add table inet wall; add chain inet wall gate { type filter hook output priority 0; policy drop; }; add rule inet wall gate accept"
    sh(f"ip netns exec red nft '{chain}'", "ip -n blue link set eth0 down")
    assert "eth0 in namespace blue is down" in reason("red", "10.2.0.1")


def test_a_firewall_of_a_bridge() -> None:
    needs_nftables()
    lan()
    sh("nft 'add table bridge wall; add chain bridge wall gate { type filter hook forward priority 0; policy drop; }'")
    assert "chain gate of table bridge wall on the host" in reason("red", BLUE)


def test_where_addresses_are_translated_nobody_knows_the_way_back() -> None:
    needs_nftables()
    routed()
    sh("ip netns exec router nft 'add table inet wall; add chain inet wall out { type nat hook postrouting priority 100; }'")
    sh("ip -n blue route del default")
    assert reason("red", "10.2.0.1") == "no answer"


def test_vlans_keep_apart() -> None:
    needs("vlan_filtering")
    lan(vlan_filtering=True)
    assert asked(layout="lan")["differing"] == []
    sh("bridge vlan del dev to-blue vid 1", "bridge vlan add dev to-blue vid 20 pvid untagged")
    assert reason("red", BLUE) == "to-red on the host is in VLAN 1, to-blue on the host in VLAN 20"
    sh("bridge vlan del dev to-blue vid 20", "bridge vlan add dev to-blue vid 1")
    assert reason("red", BLUE) == "to-red on the host is in VLAN 1, which to-blue on the host sends with a tag"
    sh("bridge vlan del dev to-red vid 1")
    assert reason("red", BLUE) == "to-red on the host has no PVID in br0, which filters VLANs"


REFUSALS = [
    ({"sources": ["nowhere"]}, "sources: there is no namespace nowhere"),
    ({"sources": ["red"], "destinations": ["fe80::1"]}, "destinations: fe80::1 is link-local"),
    ({"sources": ["red"], "reachable": [{"sources": ["red"], "destinations": ["blue"]}]}, "reachable: it has sources and destinations of its own"),
    ({"sources": ["red"], "destinations": ["nowhere"]}, "destinations: nowhere is neither an existing namespace nor an address"),
    ({"reachable": [{"sources": ["red"], "destinations": ["300.1.1.1"]}]}, "reachable[0].destinations: 300.1.1.1 is neither"),
    ({"unreachable": [{"sources": ["nowhere"], "destinations": ["red"]}]}, "unreachable[0].sources: there is no namespace nowhere"),
    (
        {"reachable": [{"sources": ["red"], "destinations": [BLUE]}], "unreachable": [{"sources": ["red"], "destinations": [BLUE]}]},
        "reachable: red to 192.0.2.2 (blue) is in unreachable, too",
    ),
    ({"reachable": []}, "there is no pair of a source and another destination"),
    ({"count": 0}, "count: 0 is out of range (1 to 10000)"),
    ({"size": 19}, "size: 19 is out of range (20 to 65507)"),
    ({"deadline": -1.0}, "deadline: -1.0 is out of range (0 to 3600)"),
    ({"timeout": 61.0}, "timeout: 61.0 is out of range (0 to 60)"),
]


@pytest.mark.parametrize(("params", "sentence"), REFUSALS, ids=[sentence for _params, sentence in REFUSALS])
def test_what_cannot_be_asked(params: Values, sentence: str) -> None:
    lan()
    with pytest.raises(VnetError) as refused:
        asked(**params)
    assert sentence in str(refused.value)


def test_a_namespace_without_an_address_is_no_success() -> None:
    needs_program("ip")
    lan()
    lay(name="other", namespaces=["green"], links=[{"type": "veth", "name": "to-green", "master": "br0", "peer": end("eth0", "green", "192.0.2.9/24")}])
    sh("ip -n blue address flush dev eth0")
    for params in ({"destinations": ["blue"]}, {"unreachable": [{"sources": ["red"], "destinations": ["blue"]}]}):
        with pytest.raises(VnetError, match="namespace blue has no address"):
            asked(layout="lan", **params)
    (told,) = asked(sources=["red", "blue"], family="ipv4")["differing"][:1]
    assert told["reason"] == "namespace red and namespace blue do not both have an IPv4 address"
    result = asked(sources=["red", "blue", "green"])
    assert [(told["source"], told["destination"], told["namespace"], told["reason"]) for told in result["differing"]] == [
        ("red", "", "blue", "namespace blue has no address of a family that namespace red has"),
        ("blue", "", "red", "namespace blue has no address"),
        ("blue", "", "green", "namespace blue has no address"),
        ("green", "", "blue", "namespace blue has no address of a family that namespace green has"),
    ]
    assert result["summary"]["reachable"] == 2
    assert "blue does not reach red: namespace blue has no address (and 1 alike)" in complaint(result)


def test_an_address_that_others_have_too() -> None:
    """Another network of the host uses the same addresses, and is down."""
    needs_program("ip")
    lan()
    lay(
        name="other",
        namespaces=[{"name": "aa"}, {"name": "zz"}],
        links=[{"type": "veth", **end("x", "aa", f"{RED}/24"), "up": False, "peer": end("x", "zz", f"{BLUE}/24", up=False)}],
    )
    (pair,) = asked(sources=["red"], destinations=["blue"], family="ipv4")["pairs"]
    assert (pair["namespace"], pair["reachable"]) == ("blue", True)
    (pair,) = asked(sources=["red"], destinations=[BLUE])["pairs"]
    assert (pair["namespace"], pair["reachable"]) == (None, True)
    sh("bridge link set dev to-red isolated on", "bridge link set dev to-blue isolated on")
    assert "isolated ports of br0" in asked(sources=["red"], destinations=["blue"], family="ipv4", deadline=0.3)["differing"][0]["reason"]


def test_without_the_rights() -> None:
    lan()

    def sentence() -> str:
        try:
            asked(layout="lan")
        except VnetError as error:
            return str(error)
        return "permitted"

    assert "not permitted" in without_capabilities(sentence)


def test_what_was_learned_is_forgotten_and_the_rest_stays() -> None:
    needs_program("ip")
    lan()
    sh("ip -n red neigh add 192.0.2.50 lladdr 02:00:00:00:00:50 dev eth0", "ip -n red neigh add 192.0.2.51 lladdr 02:00:00:00:00:51 dev eth0 nud stale")
    before = neighbours("red"), neighbours("blue"), snapshot()
    asked(layout="lan")
    assert (neighbours("red"), neighbours("blue"), snapshot()) == before


def neighbours(netns: str) -> set[str]:
    output = subprocess.run(["ip", "-n", netns, "neigh", "show"], capture_output=True, text=True, check=True).stdout
    return {line.split()[0] for line in output.splitlines() if not line.startswith("fe80")}


def test_many_addresses_from_one_socket() -> None:
    addresses = [f"10.0.{number // 200}.{number % 200 + 1}/16" for number in range(400)]
    lay(
        name="many",
        namespaces=[{"name": "red"}, {"name": "blue"}],
        links=[{"type": "veth", **end("eth0", "red", "10.0.9.1/16"), "peer": end("eth0", "blue", *addresses)}],
    )
    for size in (56, 8000):
        result = asked(sources=["red"], destinations=["blue"], count=3, size=size, timeout=10.0)
        assert [pair for pair in result["pairs"] if (pair["sent"], pair["received"]) != (3, 3)] == []


def test_late_replies_count_for_those_who_sent_them() -> None:
    """Whoever holds the device answers after a quarter of a second, and only for one address."""
    lay(name="late", namespaces=[{"name": "red"}], links=[{"type": "tuntap", "name": "t0", "mode": "tun", "netns": "red", "addresses": ["10.50.0.1/24"]}])
    with inside("red"):
        descriptor = open_tun()
    attach_to(descriptor, "t0", "tun")
    pairs = [{"sources": ["red"], "destinations": [address]} for address in ("10.50.0.2", "10.50.0.99", "10.50.0.98")]
    with child(answer_late, descriptor, 0.25):
        result = asked(reachable=pairs[:1], unreachable=pairs[1:], count=3, timeout=0.5)
    os.close(descriptor)
    assert result["differing"] == []
    assert (result["pairs"][0]["sent"], result["pairs"][0]["received"]) == (3, 3)


def answer_late(descriptor: int, delay: float) -> None:
    """Echo replies from 10.50.0.2, each so many seconds after its request."""
    late: list[tuple[float, bytes]] = []
    while True:
        if select.select([descriptor], [], [], 0.01)[0]:
            packet = os.read(descriptor, 2048)
            if packet[0] >> 4 == 4 and packet[16:20] == bytes([10, 50, 0, 2]) and packet[20] == 8:
                swapped = packet[:12] + packet[16:20] + packet[12:16]
                checksum = struct.unpack("!H", packet[22:24])[0] + 0x0800
                late.append((time.monotonic() + delay, swapped + b"\0\0" + struct.pack("!H", (checksum & 0xFFFF) + (checksum >> 16)) + packet[24:]))
        while late and late[0][0] <= time.monotonic():
            os.write(descriptor, late.pop(0)[1])


def test_many_namespaces_at_once() -> None:
    """More pairs than the table of neighbours has entries."""
    count = 40
    lay(
        name="many",
        namespaces=[{"name": f"n{number}"} for number in range(count)],
        links=[
            {"type": "bridge", "name": "br0"},
            *[{"type": "veth", "name": f"v{number}", "master": "br0", "peer": end("eth0", f"n{number}", f"10.0.0.{number + 1}/24")} for number in range(count)],
        ],
    )
    started = time.monotonic()
    result = asked(layout="many", deadline=60.0)
    assert result["summary"]["reachable"] == count * (count - 1)
    assert time.monotonic() - started < 60, "it ends when all have answered"


# Bonds, VRFs and tunnels


def test_a_bond_without_a_carrier() -> None:
    needs_kind("bond")
    ports = [{"type": "tuntap", "name": name, "mode": "tap"} for name in ("p1", "p2")]
    lay(
        links=[
            *ports,
            {"type": "bond", "name": "bond0", "mode": "active-backup", "miimon": 100, "addresses": ["192.0.2.1/24"], "ports": [{"name": "p1"}, {"name": "p2"}]},
        ]
    )
    assert reason("", "192.0.2.9") == "bond0 on the host has no port with a carrier"


def test_a_vrf_in_between() -> None:
    needs_kind("vrf")
    peer = {"name": "eth0", "netns": "red", "addresses": ["10.1.0.2/24"], "routes": [{"to": "default", "via": "10.1.0.1"}]}
    other = {"name": "eth0", "netns": "blue", "addresses": ["10.2.0.2/24"], "routes": [{"to": "default", "via": "10.2.0.1"}]}
    lay(
        sysctl={"net.ipv4.ip_forward": 1},
        namespaces=[{"name": "red"}, {"name": "blue"}],
        links=[
            {"type": "vrf", "name": "v", "table": 9},
            {"type": "veth", "name": "to-red", "master": "v", "addresses": ["10.1.0.1/24"], "peer": peer},
            {"type": "veth", "name": "to-blue", "addresses": ["10.2.0.1/24"], "peer": other},
        ],
    )
    assert reason("", "10.1.0.2") == "the host has no route to 10.1.0.2 (Network is unreachable); only links of VRF v use the route to it"
    assert reason("blue", "10.1.0.2").startswith("the host has no route to 10.1.0.2 (")
    # the table of the VRF is asked first, and then the main one
    assert reason("red", "10.2.0.2").startswith("on the way back, the host has no route to 10.1.0.2 (Network is unreachable); only links of VRF v")
    sh("ip route add unreachable default metric 4278198272 table 9")
    assert reason("red", "10.2.0.2").startswith("VRF v of the host has an unreachable route or rule for 10.2.0.2")
    assert reason("blue", "10.1.0.1") == "to-blue on the host belongs to no VRF, but to-red, which has 10.1.0.1, to VRF v"


def test_a_tunnel_without_its_other_end() -> None:
    needs_kind("vxlan")
    peer = {"name": "eth0", "netns": "blue", "addresses": ["192.0.2.2/24"]}
    near: Values = {"type": "vxlan", "name": "x0", "netns": "red", "id": 5, "addresses": ["10.1.0.1/24"]}
    layout: Values = {
        "namespaces": [{"name": "red"}, {"name": "blue"}],
        "links": [{"type": "veth", "name": "eth0", "netns": "red", "addresses": ["192.0.2.1/24"], "peer": peer}, near],
    }
    lay(**layout)
    assert reason("red", "10.1.0.2") == "x0 in namespace red has no remote end: neither its options nor its fdb have one"
    near["remote"] = "198.51.100.1"
    lay(**layout)
    assert reason("red", "10.1.0.2").startswith("x0 in namespace red sends its packets to 198.51.100.1, to which namespace red has no route")
    near["remote"] = "192.0.2.2"
    lay(**layout)
    assert reason("red", "10.1.0.2") == "x0 in namespace red sends its packets to 192.0.2.2, where namespace blue has no such link"
    layout["links"].append({**near, "netns": "blue", "remote": "192.0.2.1", "addresses": ["10.1.0.2/24"]})
    lay(**layout)
    assert not asked(sources=["red"], destinations=["10.1.0.2"], family="ipv4")["differing"]


def test_a_bridge_whose_tunnel_ends_nowhere() -> None:
    needs_kind("vxlan")
    cable = {"type": "veth", "name": "under", "netns": "one", "addresses": ["192.0.2.1/24"], "peer": end("under", "two", "192.0.2.2/24")}
    links: list[Values] = [cable]
    for number, netns in enumerate(("one", "two"), 1):
        links.append({"type": "bridge", "name": "br0", "netns": netns})
        links.append({"type": "veth", "name": "p", "netns": netns, "master": "br0", "peer": end("eth0", f"h{number}", f"10.1.0.{number}/24")})
    links.append({"type": "vxlan", "name": "x0", "netns": "one", "id": 5, "remote": "192.0.2.2", "master": "br0"})
    lay(namespaces=[{"name": name} for name in ("one", "two", "h1", "h2")], links=links)
    assert reason("h1", "10.1.0.2") == "x0 in namespace one sends its packets to 192.0.2.2, where namespace two has no such link"


def test_a_flood_list_is_a_remote_end() -> None:
    """What frames to unknown destinations are sent to need not be an option of the link."""
    needs_kind("vxlan")
    run("vnet_netns", name="red")
    flood = [{"mac": "00:00:00:00:00:00", "dst": "10.9.0.2"}]
    for name, fdb in (("x0", []), ("x1", flood)):
        run("vnet_vxlan", name=name, netns="red", id=7 + len(fdb), addresses=["10.1.0.1/24"] if name == "x0" else ["10.2.0.1/24"], fdb=fdb)
    assert "has no remote end" in reason("red", "10.1.0.2")
    assert "has no remote end" not in reason("red", "10.2.0.2")
