# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a pair apart where few kernels have what it takes: br_netfilter, which shows a firewall what a bridge forwards."""

from __future__ import annotations

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._forwarding import Arrived, Chain, NextHop
from ansible_collections.nfv.vnet.plugins.module_utils._reasons import Reasons
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Address, FoundLink, Vlan
from ansible_collections.nfv.vnet.tests.unit.plugins.module_utils.records import cable, host, port, there

ADDRESSES = {"red": [Address("192.0.2.1", 24), Address("2001:db8::1", 64)], "blue": [Address("192.0.2.2", 24), Address("2001:db8::2", 64)]}


def tagged(*tags: int, bridge: bool) -> Reasons:
    """Red and blue, each with a VLAN link, or none for 0, on a cable to the other, or to a bridge of the host."""
    links: list[FoundLink] = []
    for name, tag in zip(ADDRESSES, tags):
        base = there("veth", "eth0", name, addresses=[] if tag else ADDRESSES[name])
        links += cable(there("veth", f"{name}0", master="br0", port=port()), base) if bridge else [base]
        links += [there("vlan", "v", name, parent=base.id, id=tag, protocol="802.1q", addresses=ADDRESSES[name])] if tag else []
    if bridge:
        links.append(there("bridge", "br0"))
    else:
        ends = [link for link in links if link.kind == "veth"]
        links = [*cable(*ends), *(link for link in links if link.kind != "veth")]
    senders = {link.netns: link.ifindex for link in links if link.netns and link.addresses}
    return Reasons(host(*links), Kernel(senders))


@pytest.mark.parametrize("bridge", [False, True])
@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ((10, 10), ""),
        ((10, 20), "frames of v in namespace red have VLAN 10, those of v in namespace blue VLAN 20"),
        ((10, 0), "frames of v in namespace red have VLAN 10, those of eth0 in namespace blue no tag"),
        ((0, 7), "frames of eth0 in namespace red have no tag, those of v in namespace blue VLAN 7"),
    ],
)
def test_links_in_different_vlans_do_not_hear_each_other(tags: tuple[int, int], reason: str, bridge: bool) -> None:
    assert tagged(*tags, bridge=bridge).of("red", "192.0.2.2", "blue") == reason


def test_a_parent_that_is_down_is_named() -> None:
    reasons = tagged(10, 10, bridge=False)
    key = ("blue", "eth0")
    found = reasons._host.links[key]
    reasons._host.links[key] = found._replace(values={**found.values, "up": False})
    assert reasons.of("red", "192.0.2.2", "blue") == "eth0 in namespace blue is down"


def test_a_bridge_that_filters_vlans_lets_a_tag_out_where_the_port_has_it() -> None:
    reasons = tagged(10, 0, bridge=True)
    vlans = {"red0": {10: Vlan(10, 10, False, False)}, "blue0": {10: Vlan(10, 10, True, True)}}
    for name, of_port in vlans.items():
        found = reasons._host.links["", name]
        reasons._host.links["", name] = found._replace(port=port(vlans=of_port))
    reasons._host.links["", "br0"].values["vlan_filtering"] = True
    assert reasons.of("red", "192.0.2.2", "blue") == ""
    vlans["blue0"][10] = Vlan(10, 10, True, False)
    assert reasons.of("red", "192.0.2.2", "blue") == "red0 on the host is in VLAN 10, which blue0 on the host sends with a tag"


def lan() -> tuple[Reasons, Kernel]:
    """Red and blue, each with a cable to one bridge of the host, and nothing in the way."""
    links = [there("bridge", "br0")]
    for name, addresses in ADDRESSES.items():
        near = there("veth", f"{name}0", master="br0", port=port())
        links += cable(near, there("veth", "eth0", name, addresses=addresses))
    kernel = Kernel({link.netns: link.ifindex for link in links if link.netns})
    return Reasons(host(*links), kernel), kernel


class Kernel:
    """The answers of a kernel, where each namespace has one link."""

    def __init__(self, links: dict[str, int]) -> None:
        self._links = links
        self.settings: dict[str, str] = {}
        self.firewall: list[Chain] = []

    def next_hop(self, netns: str, target: str, vrf: int = 0, arrived: Arrived | None = None) -> NextHop:  # noqa: ARG002
        own = [address.local for address in ADDRESSES.get(netns, ()) if address.ipv6 == (":" in target)]
        if not own:
            raise KernelError(101)
        return NextHop(self._links[netns], "", own[0])

    def setting(self, netns: str, key: str) -> str | None:
        return None if netns else self.settings.get(key)

    def known_macs(self, netns: str, address: str) -> set[str]:  # noqa: ARG002
        return set()

    def macs(self, netns: str, device: int, address: str) -> set[str]:  # noqa: ARG002
        return set()

    def chains(self, netns: str) -> list[Chain]:
        return [] if netns else self.firewall


@pytest.mark.parametrize("key", ["iptables", "ip6tables"])
@pytest.mark.parametrize("family", ["ip", "ip6", "inet", "bridge", "arp"])
@pytest.mark.parametrize("value", ["1", "0", None])
@pytest.mark.parametrize("target", ["192.0.2.2", "2001:db8::2"])
def test_a_firewall_of_the_host_sees_what_a_bridge_forwards(key: str, family: str, value: str | None, target: str) -> None:
    """If the kernel is told so, for the family of the packet; that of the bridge always does."""
    reasons, kernel = lan()
    kernel.firewall = [Chain(family, "filter", "FORWARD", "forward", "filter", drops=True)]
    if value is not None:
        kernel.settings["net/bridge/bridge-nf-call-%s" % key] = value
    own = {"ip6tables": "ip6", "iptables": "ip"}[key]
    shown = value == "1" and (own == "ip6") == (":" in target) and family in (own, "inet")
    expected = f"chain FORWARD of table {family} filter on the host drops what its rules do not accept"
    if shown:
        assert reasons.of("red", target, "blue") == expected + ", and br_netfilter shows it what br0 forwards"
    else:
        assert reasons.of("red", target, "blue") == (expected if family == "bridge" else "")


@pytest.mark.parametrize("chain", [("forward", False), ("input", True), ("output", True)])
def test_other_chains_are_not_in_the_way(chain: tuple[str, bool]) -> None:
    reasons, kernel = lan()
    kernel.settings["net/bridge/bridge-nf-call-iptables"] = "1"
    kernel.firewall = [Chain("ip", "filter", "CHAIN", chain[0], "filter", drops=chain[1])]
    assert reasons.of("red", "192.0.2.2", "blue") == ""
