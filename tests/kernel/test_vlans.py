# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""VLANs of bridge ports and of the bridge itself."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional, Tuple

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from features import needs, needs_program
from layouts import clear, lay
from layouts import four_steps as lay_in_four_steps
from moments import Failing
from support import difference, four_steps, ip, run, sh, snapshot

Values = Dict[str, Any]
Shown = Dict[int, Tuple[bool, bool]]

DEFAULT: Shown = {1: (True, True)}
PLAIN = (False, False)


@pytest.fixture(autouse=True)
def filtering() -> None:
    needs("vlan_filtering")
    needs_program("bridge")
    run("vnet_bridge", name="br0", vlan_filtering=True)


def _vlans(name: str) -> Shown:
    """VLANs as iproute2 shows them: PVID, untagged."""
    found: List[Values] = json.loads(ip("bridge", "-j", "vlan", "show", "dev", name) or "[]")
    vlans: Shown = {}
    for entry in found[0]["vlans"] if found else []:
        flags = entry.get("flags", [])
        for number in range(entry["vlan"], entry.get("vlanEnd", entry["vlan"]) + 1):
            vlans[number] = ("PVID" in flags, "Egress Untagged" in flags)
    return vlans


def _cable(vlans: Optional[List[Values]] = None, purge: bool = False, **port: Any) -> Values:
    return four_steps("vnet_veth", name="a", master="br0", port=dict(port, vlans=vlans, purge_vlans=purge), peer=dict(name="b"))


def _port_of_bridge(vlans: List[Values], purge: bool = False) -> Values:
    if len(snapshot()[""]["links"]) == 2:
        run("vnet_veth", name="a", peer=dict(name="b"))
    return four_steps("vnet_bridge", name="br0", ports=[dict(name="a", vlans=vlans, purge_vlans=purge)])


def _bridge_itself(vlans: List[Values], purge: bool = False) -> Values:
    return four_steps("vnet_bridge", name="br0", vlans=vlans, purge_vlans=purge)


WAYS = [(_cable, "a", "port"), (_port_of_bridge, "a", "ports"), (_bridge_itself, "br0", "self")]
"""What the VLANs are declared of, the link that has them, and the name of the way."""


def _each_way(cases: List[Any]) -> List[Any]:
    """All cases of one way, and of each other way one in four that is not slow."""
    return [
        pytest.param(way, name, *case.values, id=f"{case.id}-{title}", marks=[pytest.mark.slow] if way is not _cable and number % 4 else [])
        for number, case in enumerate(cases)
        for way, name, title in WAYS
    ]


CASES: List[Any] = [
    pytest.param([{"vid": "10"}], False, {**DEFAULT, 10: PLAIN}, id="added"),
    pytest.param([{"vid": "10"}], True, {10: PLAIN}, id="default-gone"),
    pytest.param([{"vid": "10", "pvid": True, "untagged": True}], True, {10: (True, True)}, id="access-port"),
    pytest.param([{"vid": "10", "pvid": True}], False, {1: (False, True), 10: (True, False)}, id="pvid-moves"),
    pytest.param([{"vid": "10", "untagged": True}], False, {**DEFAULT, 10: (False, True)}, id="untagged"),
    pytest.param([{"vid": "10-13"}], True, dict.fromkeys(range(10, 14), PLAIN), id="range"),
    pytest.param([{"vid": "10-13", "untagged": True}], True, dict.fromkeys(range(10, 14), (False, True)), id="untagged-range"),
    pytest.param([{"vid": "2-4094"}], False, {**DEFAULT, **dict.fromkeys(range(2, 4095), PLAIN)}, id="all"),
    pytest.param([{"vid": "1", "pvid": False, "untagged": False}], False, {1: PLAIN}, id="default-tagged"),
    pytest.param([{"vid": "1"}], True, DEFAULT, id="default-left-alone"),
    pytest.param([], True, {}, id="none"),
    pytest.param([{"vid": "5"}, {"vid": "7-8"}, {"vid": "6", "pvid": True}], True, {5: PLAIN, 6: (True, False), 7: PLAIN, 8: PLAIN}, id="mixed"),
]


@pytest.mark.parametrize(("way", "name", "vlans", "purge", "held"), _each_way(CASES))
def test_vlans_of_a_new_port(way: Any, name: str, vlans: List[Values], purge: bool, held: Shown) -> None:
    way(vlans, purge)
    assert _vlans(name) == held


CHANGES: List[Any] = [
    pytest.param([{"vid": "10"}], [{"vid": "20"}], False, {**DEFAULT, 10: PLAIN, 20: PLAIN}, id="added"),
    pytest.param([{"vid": "10"}], [{"vid": "20"}], True, {20: PLAIN}, id="purged"),
    pytest.param([{"vid": "10-20"}], [{"vid": "12-14"}], True, dict.fromkeys((12, 13, 14), PLAIN), id="range-narrowed"),
    pytest.param([{"vid": "12-14"}], [{"vid": "10-20"}], True, dict.fromkeys(range(10, 21), PLAIN), id="range-widened"),
    pytest.param([{"vid": "10", "pvid": True, "untagged": True}], [{"vid": "20", "pvid": True, "untagged": True}], True, {20: (True, True)}, id="access"),
    pytest.param(
        [{"vid": "10", "pvid": True, "untagged": True}],
        [{"vid": "20", "pvid": True, "untagged": True}],
        False,
        {1: (False, True), 10: (False, True), 20: (True, True)},
        id="pvid-moves",
    ),
    pytest.param([{"vid": "10", "untagged": True}], [{"vid": "10", "untagged": False}], True, {10: PLAIN}, id="tagged-again"),
    pytest.param([{"vid": "10", "pvid": True}], [{"vid": "10", "pvid": False}], True, {10: PLAIN}, id="no-pvid-again"),
    pytest.param([{"vid": "10", "pvid": True, "untagged": True}], [{"vid": "10"}], True, {10: (True, True)}, id="flags-left-alone"),
    pytest.param([{"vid": "10-12"}], [{"vid": "11", "pvid": True}], False, {1: (False, True), 10: PLAIN, 11: (True, False), 12: PLAIN}, id="pvid-in-range"),
    pytest.param([{"vid": "10"}], [], True, {}, id="all-purged"),
    pytest.param([{"vid": "10"}], [], False, {**DEFAULT, 10: PLAIN}, id="nothing-said"),
]


@pytest.mark.parametrize(("way", "name", "first", "second", "purge", "held"), _each_way(CHANGES))
def test_vlans_change_live(way: Any, name: str, first: List[Values], second: List[Values], purge: bool, held: Shown) -> None:
    way(first)
    way(second, purge)
    assert _vlans(name) == held


def test_the_vlans_that_are_returned_can_be_given_back() -> None:
    result = _cable([{"vid": "5", "pvid": True, "untagged": True}, {"vid": "10-13"}], True)
    port = result["veth"]["port"]
    assert port["vlans"] == [{"vid": "5", "pvid": True, "untagged": True}, {"vid": "10-13", "pvid": False, "untagged": False}]
    assert not four_steps("vnet_veth", **result["veth"])["changed"]


@pytest.mark.parametrize("vlans", [[{"vid": "10-20"}], [{"vid": str(number)} for number in range(10, 21)]])
def test_a_range_goes_out_as_one_message(vlans: List[Values]) -> None:
    _cable()
    result = _cable(vlans)
    assert result["commands"] == ["bridge vlan add dev a vid 10-20"]
    assert _cable([], True)["commands"] == ["bridge vlan delete dev a vid 1", "bridge vlan delete dev a vid 10-20"]


def test_vlans_that_were_set_by_hand_are_left_alone() -> None:
    _cable()
    sh("bridge vlan add dev a vid 30-40 untagged", "bridge vlan add dev br0 vid 50 self")
    assert not run("vnet_veth", name="a", master="br0", port={"vlans": [{"vid": "1"}]}, peer=dict(name="b"))["changed"]
    assert not run("vnet_bridge", name="br0", vlans=[])["changed"]
    _cable([{"vid": "30"}], True)
    assert _vlans("a") == {30: (False, True)}


def test_the_vlans_of_two_ports_are_their_own() -> None:
    for name in ("a", "c"):
        run("vnet_veth", name=name, peer=dict(name=f"{name}peer"))
    ports = [dict(name="a", vlans=[{"vid": "10", "pvid": True, "untagged": True}], purge_vlans=True), dict(name="c", vlans=[{"vid": "10-12"}])]
    result = four_steps("vnet_bridge", name="br0", vlans=[{"vid": "12"}], ports=ports)
    assert _vlans("a") == {10: (True, True)}
    assert _vlans("c") == {**DEFAULT, 10: PLAIN, 11: PLAIN, 12: PLAIN}
    assert _vlans("br0") == {**DEFAULT, 12: PLAIN}
    assert not four_steps("vnet_bridge", **result["bridge"])["changed"]


@pytest.mark.parametrize(
    ("first", "second", "held"),
    [
        (1, 7, {7: (True, True)}),
        (1, 0, {}),
        (0, 7, {7: (True, True)}),
        (7, 1, DEFAULT),
    ],
)
def test_the_default_vlan_of_a_bridge_changes_under_its_ports(first: int, second: int, held: Shown) -> None:
    four_steps("vnet_bridge", name="br0", vlan_default_pvid=first)
    _cable()
    four_steps("vnet_bridge", name="br0", vlan_default_pvid=second)
    assert _vlans("a") == held
    assert _vlans("br0") == held


def test_the_default_vlan_changes_together_with_the_vlans() -> None:
    run("vnet_veth", name="a", peer=dict(name="b"))
    ports: List[Values] = [dict(name="a", vlans=[{"vid": "20"}])]
    four_steps("vnet_bridge", name="br0", vlan_default_pvid=7, vlans=[{"vid": "30"}], ports=ports)
    assert _vlans("a") == {7: (True, True), 20: PLAIN}
    assert _vlans("br0") == {7: (True, True), 30: PLAIN}
    ports = [dict(name="a", vlans=[{"vid": "21"}], purge_vlans=True)]
    four_steps("vnet_bridge", name="br0", vlan_default_pvid=0, vlans=[{"vid": "31"}], purge_vlans=True, ports=ports)
    assert (_vlans("a"), _vlans("br0")) == ({21: PLAIN}, {31: PLAIN})


def test_a_new_bridge_comes_with_its_vlans_at_once() -> None:
    params: Values = {"vlan_filtering": True, "vlan_default_pvid": 5, "vlans": [{"vid": "10-12"}], "purge_vlans": True}
    four_steps("vnet_bridge", name="br1", **params)
    assert _vlans("br1") == dict.fromkeys((10, 11, 12), PLAIN)


def test_settings_that_forbid_vlans_come_before_them() -> None:
    run("vnet_veth", name="a", peer=dict(name="b"))
    ports = [dict(name="a", vlans=[{"vid": "10"}])]
    four_steps("vnet_bridge", name="br1", vlan_filtering=True, vlan_stats_per_port=True, ports=ports)
    assert _vlans("a") == {**DEFAULT, 10: PLAIN}


def test_multiple_spanning_trees_come_before_the_ports() -> None:
    needs("mst")
    run("vnet_veth", name="a", peer=dict(name="b"))
    four_steps("vnet_bridge", name="br1", vlan_filtering=True, mst=True, ports=[dict(name="a", vlans=[{"vid": "10"}])])
    assert _vlans("a") == {**DEFAULT, 10: PLAIN}


def test_a_port_that_moves_to_another_bridge_gets_the_vlans_asked_for() -> None:
    four_steps("vnet_bridge", name="br1", vlan_filtering=True, vlan_default_pvid=9)
    _cable([{"vid": "10-12"}])
    four_steps("vnet_veth", name="a", master="br1", port={"vlans": [{"vid": "20"}]}, peer=dict(name="b"))
    assert _vlans("a") == {9: (True, True), 20: PLAIN}


def test_counting_per_port_is_refused_once_ports_have_vlans() -> None:
    _cable()
    before = snapshot()
    with pytest.raises(VnetError, match="vlan_stats_per_port"):
        run("vnet_bridge", name="br0", vlan_stats_per_port=True, mtu=1400)
    assert snapshot() == before


# What a VLAN has besides


def _tunnelled(*vlans: Any, **port: Any) -> Dict[str, Any]:
    """A port whose VLANs are mapped to tunnels."""
    return {"name": "v0", "master": "br0", "port": {"vlan_tunnel": True, "vlans": list(vlans), "purge_vlans": True, **port}, "peer": {"name": "v1"}}


@pytest.mark.parametrize(("first", "second"), [(1, 0), (0, 1), (1, 7), (7, 1)])
def test_a_failed_run_restores_the_vlans_of_ports_that_nobody_declares(first: int, second: int) -> None:
    needs_program("bridge")
    run("vnet_bridge", name="br0", vlan_filtering=True, vlan_default_pvid=first)
    for number, vid in enumerate((10, 20)):
        sh(f"ip tuntap add dev p{number} mode tap", f"ip link set p{number} master br0", f"bridge vlan add dev p{number} vid {vid} pvid untagged")
    sh("bridge vlan del dev p0 vid 1", "bridge vlan del dev p0 vid 7")
    before = snapshot()
    with pytest.raises(VnetError, match=r"The host is as it was before$"):
        run("vnet_bridge", name="br0", vlan_default_pvid=second, routes=[{"to": "198.51.100.0/24", "via": "203.0.113.1"}])
    assert not difference(before, snapshot())


def test_a_range_of_tunnel_ids_has_an_end() -> None:
    with pytest.raises(VnetError, match=r"port\.vlans\[0\]\.tunnel_id: 16777216 is out of range"):
        run("vnet_veth", **_tunnelled({"vid": "10-11", "tunnel_id": 16777215}))


def test_vlans_are_mapped_to_tunnels_and_have_settings() -> None:
    wanted = [{"vid": "10-12", "tunnel_id": 1000}, {"vid": 20, "state": "blocking", "mcast_router": "permanent"}]
    found = four_steps("vnet_veth", **_tunnelled(*wanted))["veth"]["port"]["vlans"]
    assert [(vlan["vid"], vlan.get("tunnel_id")) for vlan in found] == [("10", 1000), ("11", 1001), ("12", 1002), ("20", None)]
    assert (found[3]["state"], found[3]["mcast_router"]) == ("blocking", "permanent")
    assert not four_steps("vnet_veth", **_tunnelled({"vid": "10-12"}, {"vid": 20}))["changed"]
    changed = four_steps("vnet_veth", **_tunnelled({"vid": 10, "tunnel_id": 0}, {"vid": 11, "tunnel_id": 7}, {"vid": 20, "state": "forwarding"}))
    assert [(vlan["vid"], vlan.get("tunnel_id"), vlan.get("state")) for vlan in changed["veth"]["port"]["vlans"]] == [
        ("10", None, None),
        ("11", 7, None),
        ("20", None, None),
    ]


def test_a_layout_restores_the_settings_of_vlans() -> None:
    run("vnet_veth", **_tunnelled({"vid": 10, "tunnel_id": 1000}, {"vid": 20, "state": "blocking"}))
    before = snapshot()
    settings = run("vnet_veth", **_tunnelled({"vid": 10}, {"vid": 20}))["veth"]["port"]["vlans"]
    layout: Dict[str, Any] = {"links": [{"name": "v0", "master": "br0", "port": {"vlans": [{"vid": 10, "tunnel_id": 5}, {"vid": 30, "tunnel_id": 6}]}}]}
    lay(**layout)
    clear()
    assert not difference(before, snapshot())
    assert run("vnet_veth", **_tunnelled({"vid": 10}, {"vid": 20}))["veth"]["port"]["vlans"] == settings
    lay(links=[{"name": "v0", "master": ""}])
    clear()
    assert run("vnet_veth", **_tunnelled({"vid": 10}, {"vid": 20}))["veth"]["port"]["vlans"] == settings


def test_a_failed_run_restores_the_settings_of_vlans() -> None:
    run("vnet_veth", **_tunnelled({"vid": 10, "tunnel_id": 1000}, {"vid": 20, "state": "blocking"}))
    settings = run("vnet_veth", **_tunnelled({"vid": 10}, {"vid": 20}))["veth"]["port"]["vlans"]
    changed = _tunnelled({"vid": 20, "state": "forwarding"}, {"vid": 30, "tunnel_id": 3})
    with Failing(0) as counting:
        run("vnet_veth", **changed)
    run("vnet_veth", **_tunnelled({"vid": 10, "tunnel_id": 1000}, {"vid": 20, "state": "blocking"}))
    for number in range(1, len(counting.steps) + 1):
        with pytest.raises(VnetError, match=r"The host is as it was before$"), Failing(number):
            run("vnet_veth", **changed)
        assert run("vnet_veth", **_tunnelled({"vid": 10}, {"vid": 20}))["veth"]["port"]["vlans"] == settings


def test_a_released_bridge_gives_no_default_vlan_to_ports_that_had_none() -> None:
    needs_program("bridge")
    sh("ip link add brx up type bridge vlan_filtering 1", "ip tuntap add dev p0 mode tap", "ip link set p0 master brx")
    sh("bridge vlan add dev p0 vid 10 pvid untagged", "bridge vlan del dev p0 vid 1")
    before = snapshot()
    lay(links=[{"type": "bridge", "name": "brx", "vlan_default_pvid": 0}])
    clear()
    assert not difference(before, snapshot())


def test_a_card_that_becomes_a_port_with_exact_vlans_is_unchanged_then() -> None:
    needs_program("ip")
    sh("ip tuntap add dev card mode tap")
    links: List[Dict[str, Any]] = [{"type": "bridge", "name": "br0", "vlan_filtering": True}, {"name": "card", "master": "br0", "port": {"vlans": [10, 20]}}]
    assert lay(links=links)["changed"]
    assert not lay(links=links)["changed"]


def test_an_entry_goes_with_its_vlan() -> None:
    needs("vlan_filtering")
    port: Values = {"name": "p0", "vlans": [{"vid": 1, "pvid": True, "untagged": True}, 20]}
    cable: Values = {"type": "veth", "name": "p0", "peer": {"name": "q0"}, "fdb": [{"mac": "02:00:00:00:00:98", "vlan": 20}]}
    layout: Values = {"links": [{"type": "bridge", "name": "br0", "vlan_filtering": True, "ports": [port]}, cable]}
    lay(**layout)
    lay_in_four_steps(links=[{**layout["links"][0], "ports": [{**port, "vlans": port["vlans"][:1]}]}, {**cable, "fdb": []}])
