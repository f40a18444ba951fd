# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel would refuse in the middle of a run is refused before, in check mode, too."""

from __future__ import annotations

from typing import List, Optional, Tuple

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from features import needs_program
from layouts import clear, lay, mac, refused_always
from layouts import four_steps as lay_in_four_steps
from packets import attached
from support import Values, difference, four_steps, run, sh, snapshot

IPV6 = "2001:db8::1/64"
NEEDING_IPV6: List[Tuple[Values, str, str]] = [
    ({"addresses": [IPV6]}, "addresses", IPV6),
    ({"neighbours": [{"to": "10.0.0.9", "mac": mac(9)}, {"to": "2001:db8::9", "mac": mac(9)}]}, "neighbours[1]", "the entry 2001:db8::9"),
]
"""What the kernel refuses on a link without IPv6: options, the path of the refusal, and what it names."""


def cable(**near: object) -> Values:
    return {"type": "veth", "name": "a", "master": "br0", **near, "peer": {"name": "b"}}


def bridge(**options: object) -> Values:
    return {"type": "bridge", "name": "br0", **options}


@pytest.mark.parametrize(
    ("links", "sentence"),
    [
        ([bridge(addresses=[IPV6]), cable(mtu=1000)], "links[0].addresses: an MTU of 1000 (that of its port a) is too small for 2001:db8::1/64"),
        ([bridge(addresses=[IPV6], ports=[{"name": "a"}]), {**cable(mtu=1000), "master": None}], "links[0].addresses: an MTU of 1000 (that of its port a)"),
        ([bridge(disable_ipv6=False), cable(mtu=1000)], "links[0].disable_ipv6: an MTU of 1000 (that of its port a) is too small for IPv6"),
        ([bridge(ipv6_addrgenmode="none"), cable(mtu=1000)], "links[0].ipv6_addrgenmode: an MTU of 1000 (that of its port a) is too small for IPv6"),
        ([bridge(), cable(up=False, port={"state": "forwarding"})], "links[1].port.state: a is down, so the kernel keeps it disabled"),
        (
            [bridge(ports=[{"name": "t", "state": "forwarding"}]), {"type": "tuntap", "name": "t", "mode": "tap"}],
            "links[0].ports[0].state: t has no carrier while no program holds it",
        ),
    ],
)
def test_new_links(links: List[Values], sentence: str) -> None:
    refused_always([sentence], links=links)


def test_an_mtu_that_is_set_is_not_that_of_the_ports() -> None:
    lay_in_four_steps(links=[bridge(addresses=[IPV6], mtu=1400), cable(mtu=1000)])


def test_a_bridge_without_ipv6_needs_no_setting_for_that() -> None:
    lay_in_four_steps(links=[bridge(disable_ipv6=True), cable(mtu=600)])


def test_ipv6_that_an_earlier_task_disabled() -> None:
    lay(links=[bridge(disable_ipv6=True)])
    for option, path, what in NEEDING_IPV6:
        refused_always([f"links[0].{path}: IPv6 is disabled on br0, so it cannot have {what}"], links=[bridge(**option)])
    lay_in_four_steps(links=[bridge(addresses=[IPV6], disable_ipv6=False)])


def test_ipv6_on_a_bridge_that_exists() -> None:
    run("vnet_tuntap", name="t0", mode="tap", mtu=1000)
    run("vnet_bridge", name="br0", ports=[{"name": "t0"}])
    before = snapshot()
    for check in (True, False):
        with pytest.raises(VnetError, match="addresses: an MTU of 1000 is too small"):
            run("vnet_bridge", check=check, name="br0", addresses=[IPV6])
    assert not difference(before, snapshot())
    four_steps("vnet_bridge", name="br0", addresses=[IPV6], mtu=1280)


def test_a_port_that_brings_a_small_mtu_leaves_with_its_bridge() -> None:
    run("vnet_tuntap", name="t0", mode="tap", mtu=1000)
    run("vnet_bridge", name="br0", ports=[{"name": "t0"}])
    four_steps("vnet_bridge", name="br0", ports=[], purge_ports=True)


def test_an_mtu_that_somebody_may_have_set_is_left_to_the_kernel() -> None:
    needs_program("ip")
    sh("ip link add br0 up type bridge && ip link set dev br0 mtu 1400")
    lay(links=[bridge(addresses=[IPV6]), cable(mtu=1000)])


def test_a_tap_that_a_program_holds_has_a_state() -> None:
    run("vnet_tuntap", name="t0", mode="tap")
    with attached("t0", "tap"):
        four_steps("vnet_bridge", name="br0", ports=[{"name": "t0", "state": "forwarding"}])


# Routes that other links have

UPLINK = "ip link add up0 up type bridge && ip address add 192.0.2.9/24 dev up0"


@pytest.mark.parametrize(
    ("there", "to", "via"),
    [
        ("ip route add default via 192.0.2.1 dev up0", "default", "198.51.100.9"),
        ("ip route add default via 192.0.2.1 dev up0 proto dhcp", "default", "198.51.100.9"),
        ("ip -6 address add 2001:db8:9::1/64 dev up0 nodad && ip -6 route add default via 2001:db8:9::9 dev up0", "default", "2001:db8::9"),
        ("true", "192.0.2.0/24", None),
    ],
    ids=["default", "dhcp", "ipv6", "connected"],
)
def test_a_route_that_another_link_has(there: str, to: str, via: Optional[str]) -> None:
    needs_program("ip")
    sh(UPLINK, there)
    link = {"name": "br0", "addresses": ["198.51.100.1/24", "2001:db8::1/64 nodad"], "routes": [{"to": to, "via": via}]}
    sentence = "up0 has a route to"
    refused_always(["links[0].routes: up0 has a route to", "use another metric, or declare its routes, too"], links=[{"type": "bridge", **link}])
    before = snapshot()
    for check in (True, False):
        with pytest.raises(VnetError, match=f"vnet_bridge br0: routes: {sentence} .* or remove that route first"):
            run("vnet_bridge", check=check, **link)
    assert not difference(before, snapshot())


def test_a_route_that_a_layout_takes_over() -> None:
    needs_program("ip")
    sh(UPLINK, "ip route add default via 192.0.2.1 dev up0")
    before = snapshot()
    new = bridge(addresses=["198.51.100.1/24"], routes=[{"to": "default", "via": "198.51.100.9"}])
    lay_in_four_steps(links=[new, {"name": "up0", "routes": []}, {"type": "veth", "name": "v", "master": "br0", "peer": {"name": "w"}}])
    clear()
    assert not difference(before, snapshot())


def test_another_metric_is_another_route() -> None:
    needs_program("ip")
    sh(UPLINK, "ip route add default via 192.0.2.1 dev up0")
    new = bridge(addresses=["198.51.100.1/24"], routes=[{"to": "default", "via": "198.51.100.9", "metric": 7}])
    lay_in_four_steps(links=[new, {"type": "veth", "name": "v", "master": "br0", "peer": {"name": "w"}}])


# Settings for new links


@pytest.mark.parametrize("netns", ["", "red"])
def test_new_links_without_ipv6(netns: str) -> None:
    needs_program("ip")
    sh("ip netns add red && ip netns exec red sysctl -qw net.ipv6.conf.default.disable_ipv6=1", "sysctl -qw net.ipv6.conf.default.disable_ipv6=1")
    link = bridge(netns=netns)
    for option, path, what in NEEDING_IPV6:
        sentences = [f"links[0].{path}: IPv6 is disabled on new links there", f"so br0 cannot have {what}; set disable_ipv6: false"]
        refused_always(sentences, links=[{**link, **option}])
    lay_in_four_steps(links=[{**link, **NEEDING_IPV6[0][0], **NEEDING_IPV6[1][0], "disable_ipv6": False}])


def test_a_layout_that_enables_ipv6_on_new_links() -> None:
    needs_program("ip")
    sh("sysctl -qw net.ipv6.conf.default.disable_ipv6=1")
    lay_in_four_steps(links=[bridge(addresses=[IPV6])], sysctl={"net.ipv6.conf.default.disable_ipv6": 0})
