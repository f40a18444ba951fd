# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Macvlan, macvtap and ipvlan links: packets over a shared parent, and who takes the frames of one."""

from __future__ import annotations

from typing import Any, List, Optional

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from kernel_kinds import needs_kind
from layouts import four_steps, info, lay, refused_always, settled
from packets import reaches
from support import Values, ip, run, sh, shown
from support import four_steps as single_in_four_steps

KINDS = ["macvlan", "macvtap", "ipvlan"]


def card() -> Values:
    """A card of the host, and what is at the other end of its cable."""
    return {"type": "veth", "name": "card", "peer": {"name": "eth0", "netns": "outside", "addresses": ["192.0.2.254/24", "2001:db8::254/64 nodad"]}}


def shared(kind: str, mode: str) -> Values:
    """Two namespaces with a link each on the card."""
    links = [
        {
            "type": kind,
            "name": "eth0",
            "netns": name,
            "parent": "card",
            "parent_netns": "",
            "mode": mode,
            "addresses": [f"192.0.2.{number}/24", f"2001:db8::{number}/64 nodad"],
        }
        for number, name in enumerate(("red", "blue"), 1)
    ]
    return {"namespaces": [{"name": name} for name in ("outside", "red", "blue")], "links": [card(), *links]}


@pytest.mark.parametrize(("kind", "mode"), [("macvlan", "bridge"), ("macvtap", "bridge"), ("ipvlan", "l2")])
def test_namespaces_share_a_card_of_the_host(kind: str, mode: str) -> None:
    needs_kind(kind)
    four_steps(**shared(kind, mode))
    for target in ("192.0.2.254", "2001:db8::254", "192.0.2.2", "2001:db8::2"):
        assert reaches("red", target)


def test_private_links_do_not_reach_each_other() -> None:
    needs_kind("macvlan")
    four_steps(**shared("macvlan", "private"))
    assert reaches("red", "192.0.2.254")
    assert not reaches("red", "192.0.2.2", 0.3)


def test_a_link_that_has_its_parent_alone() -> None:
    needs_kind("macvlan")
    lay(namespaces=[{"name": "outside"}], links=[card()])
    single_in_four_steps("vnet_macvlan", name="m0", parent="card", mode="passthru", addresses=["192.0.2.1/24"])
    assert shown("m0")["address"] == shown("card")["address"]
    assert reaches("", "192.0.2.254")


def test_modes_of_ipvlan_links_on_one_parent_are_the_same() -> None:
    needs_kind("ipvlan")
    layout = shared("ipvlan", "l2")
    layout["links"][2]["mode"] = "l3"
    refused_always(["links[2].mode: links[1] has l2, but all ipvlan links on card have the same"], **layout)


@pytest.mark.parametrize("option", [{"arp": False}, {"mac": "02:00:00:00:00:09"}])
def test_an_ipvlan_link_that_exists_has_no_address_of_its_own(option: Values) -> None:
    needs_kind("ipvlan")
    run("vnet_veth", name="t0", peer={"name": "t1"})
    run("vnet_ipvlan", name="i0", parent="t0", mode="l2")
    for check in (True, False):
        with pytest.raises(VnetError, match=rf"^vnet_link i0: {next(iter(option))}: i0 is an ipvlan link, which has none of its own; leave it out"):
            run("vnet_link", check=check, name="i0", **option)


def test_a_new_ipvlan_link_takes_the_mode_of_the_others() -> None:
    needs_kind("ipvlan")
    run("vnet_tuntap", name="t0", mode="tap")
    run("vnet_ipvlan", name="i0", parent="t0", mode="l2", isolation="private")
    result = single_in_four_steps("vnet_ipvlan", name="i1", parent="t0")
    assert (result["ipvlan"]["mode"], result["ipvlan"]["isolation"]) == ("l2", "private")
    result = single_in_four_steps("vnet_ipvlan", name="i2", parent="t0", mode="l3")
    assert "mode: i0 gets it, too" in " ".join(result["warnings"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_parent_has_one_receiver(kind: str) -> None:
    needs_kind(kind)
    bridge: List[Values] = [{"type": "bridge", "name": "br0"}, {"type": "tuntap", "name": "t0", "mode": "tap", "master": "br0"}]
    upper: Values = {"type": kind, "name": "m0", "parent": "t0"}
    refused_always(["links[2].parent: t0 is a port of br0, which takes all of its frames; let it leave in an earlier task"], links=[*bridge, upper])
    lay(links=bridge)
    refused_always(["links[2].parent: t0 is a port of br0, which takes all of its frames"], links=[bridge[0], {**bridge[1], "master": ""}, upper])
    alone: List[Values] = [bridge[0], {**bridge[1], "master": ""}]
    lay(links=alone)
    four_steps(links=[*alone, upper])
    refused_always(["links[1].master: m0 is on top of t0 and takes all of its frames, so it cannot be a port of br0"], links=[*bridge, upper])
    settled(links=[*alone, upper])


def test_kinds_of_receivers_do_not_mix() -> None:
    needs_kind("ipvlan")
    links: List[Any] = [{"type": "tuntap", "name": "t0", "mode": "tap"}, {"type": "macvlan", "name": "m0", "parent": "t0"}]
    lay(links=links)
    refused_always(["links[2].parent: m0 is on top of t0 and takes all of its frames"], links=[*links, {"type": "ipvlan", "name": "i0", "parent": "t0"}])


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ({"type": "macvlan"}, "parent: missing; it is required to create the link"),
        ({"type": "macvlan", "parent": "t0", "macaddrs": ["02:00:00:00:00:01"]}, "macaddrs: it is for mode: source; the mode is vepa"),
        ({"type": "macvlan", "parent": "t0", "mode": "source", "macaddrs": ["01:00:00:00:00:01"]}, "macaddrs[0]: 01:00:00:00:00:01 is not a unicast address"),
        ({"type": "macvlan", "parent": "t0", "nopromisc": True}, "nopromisc: it is for mode: passthru; the mode is vepa"),
        ({"type": "macvlan", "parent": "m9"}, "parent: m9 is a macvlan link; a macvlan link cannot be on top of it"),
        ({"type": "macvtap", "parent": "t0", "master": "br0"}, "master: x0 is a macvtap link, which cannot be a port of a bridge"),
    ],
)
def test_what_cannot_be_is_refused(link: Values, words: str) -> None:
    needs_kind("macvlan")
    sh("ip tuntap add dev t0 mode tap && ip tuntap add dev t9 mode tap && ip link add m9 link t9 type macvlan && ip link add br0 type bridge")
    refused_always([words], links=[{"name": "x0", **link}])


def test_another_mode_than_passthru_needs_a_new_link() -> None:
    needs_kind("macvlan")
    run("vnet_tuntap", name="t0", mode="tap")
    single_in_four_steps("vnet_macvlan", name="m0", parent="t0", mode="private")
    single_in_four_steps("vnet_macvlan", name="m0", parent="t0", mode="bridge")
    single_in_four_steps("vnet_macvlan", name="m0", parent="t0", mode="passthru", recreate=True)
    single_in_four_steps("vnet_macvlan", name="m0", parent="t0", mode="vepa", recreate=True)


def test_parents_in_another_namespace_cost_a_few_requests_each(monkeypatch: pytest.MonkeyPatch) -> None:
    needs_kind("macvlan")
    asked: List[str] = []
    nsid = Reader.nsid

    def counted(reader: Reader, netns: str, other: str) -> Optional[int]:
        asked.append(netns)
        return nsid(reader, netns, other)

    run("vnet_netns", name="zz")
    run("vnet_veth", name="card", netns="zz", peer={"name": "far"})
    for number in range(20):
        run("vnet_netns", name=f"n{number}")
        run("vnet_macvlan", name="m", netns=f"n{number}", parent="card", parent_netns="zz")
    monkeypatch.setattr(Reader, "nsid", counted)
    assert {link["parent_netns"] for link in info()["links"] if link["name"] == "m"} == {"zz"}
    assert len(asked) < 120


@pytest.mark.parametrize("new", ["bridge", "veth"])
def test_a_link_of_another_kind_gets_the_name_of_one_that_goes_with_its_parent(new: str) -> None:
    needs_kind("macvlan")
    lay(name="lab", links=[{"type": "bridge", "name": "b0"}, {"type": "macvlan", "name": "m0", "parent": "b0"}])
    peer = {"peer": {"name": "m1"}} if new == "veth" else {}
    four_steps(name="lab", links=[{"type": new, "name": "m0", **peer}])
    assert shown("m0")["linkinfo"]["info_kind"] == new
    assert not ip("ip", "link", "show", "type", "macvlan")


@pytest.mark.parametrize("parent", [[], [{"type": "veth", "name": "b0", "peer": {"name": "b1"}}]], ids=["gone", "replaced"])
def test_somebodys_link_on_a_parent_that_goes_is_not_replaced_by_one_of_another_kind(parent: List[Values]) -> None:
    needs_kind("macvlan")
    lay(name="lab", links=[{"type": "bridge", "name": "b0"}])
    sh("ip link add m0 link b0 type macvlan")
    refused_always(["m0 is a macvlan link, not a bridge"], name="lab", links=[*parent, {"type": "bridge", "name": "m0"}])


def _on_a_bridge(port: Optional[int], mtu: int) -> List[Values]:
    ports = [] if port is None else [{"type": "veth", "name": "p0", "mtu": port, "master": "b0", "peer": {"name": "p1", "mtu": port}}]
    return [{"type": "bridge", "name": "b0"}, *ports, {"type": "macvlan", "name": "m0", "parent": "b0", "mtu": mtu}]


@pytest.mark.parametrize(("before", "port", "mtu", "largest"), [(None, 1400, 1500, 1400), (None, None, 2000, 1500), (1500, 1400, 1500, 1400)])
def test_an_mtu_above_that_which_a_bridge_takes_from_its_ports_is_refused(before: Optional[int], port: Optional[int], mtu: int, largest: int) -> None:
    needs_kind("macvlan")
    if before:
        lay(links=_on_a_bridge(before, mtu))
    links = _on_a_bridge(port, mtu)
    refused_always([f"links[{len(links) - 1}].mtu: {mtu} is more than the MTU {largest} of its parent b0"], links=links)


def test_an_mtu_that_a_bridge_takes_from_its_ports() -> None:
    needs_kind("macvlan")
    four_steps(links=_on_a_bridge(9000, 9000))
    four_steps(links=_on_a_bridge(1400, 1400))
    four_steps(links=_on_a_bridge(9000, 9000))
