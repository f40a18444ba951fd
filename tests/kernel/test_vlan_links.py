# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""VLAN links: tags on real packets, and what a link that is on top of another one needs of it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, Callable, List, Optional

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._steps import restore_of
from features import needs_mirroring, needs_program, needs_qdisc
from kernel_kinds import needs_kind
from layouts import clear, four_steps, in_the_way, info, lay, link_in, refusal, refused_always, settled
from moments import DELETIONS, Failing
from packets import frame, reaches, tagged, wait_forwarding, wire
from processes import wait_for
from support import Values, difference, portable, private_network, resource, run, sh, shown, snapshot
from support import four_steps as single_in_four_steps

ONE, TWO = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
QUIET: Values = {"disable_ipv6": True}


@pytest.fixture(autouse=True)
def vlans() -> None:
    needs_kind("vlan")
    needs_kind("dummy")


def vlan(name: str = "x0", parent: str = "below", number: int = 10, **more: Any) -> Values:
    return {"type": "vlan", "name": name, "parent": parent, "id": number, **QUIET, **more}


def cable(name: str = "below", far: str = "seen", **more: Any) -> Values:
    return {"type": "veth", "name": name, **QUIET, **more, "peer": {"name": far, **QUIET}}


def dummy(name: str = "below", **more: Any) -> Values:
    return {"type": "dummy", "name": name, **QUIET, **more}


def bridge(name: str = "below", **more: Any) -> Values:
    return {"type": "bridge", "name": name, **QUIET, **more}


def carries(link: str, below: str, wrapped: Callable[[bytes], bytes], netns: str = "") -> bool:
    """Whether what is sent on the link comes out below with its tags, and comes up without them."""
    with ExitStack() as stack:
        upper, seen = stack.enter_context(wire(link, netns)), stack.enter_context(wire(below))
        upper.send(frame(ONE))
        if not seen.gets(wrapped(frame(ONE))):
            return False
        seen.send(wrapped(frame(TWO)))
        return upper.gets(frame(TWO))


# Tags


@pytest.mark.parametrize("protocol", ["802.1q", "802.1ad"])
def test_on_a_cable(protocol: str) -> None:
    four_steps(links=[cable(), vlan(protocol=protocol)])
    assert carries("x0", "seen", lambda data: tagged(data, 10, protocol.replace("q", "Q")))


def test_on_a_bridge() -> None:
    four_steps(links=[vlan(), bridge(), cable("port0", master="below")])
    wait_forwarding("port0")
    assert carries("x0", "seen", lambda data: tagged(data, 10))


def test_on_a_dummy() -> None:
    four_steps(links=[vlan(), dummy()])
    with wire("x0") as upper, wire("below") as below:
        upper.send(frame(ONE))
        assert below.gets(tagged(frame(ONE), 10), outgoing=True)


def test_one_in_the_other_declared_in_the_wrong_order() -> None:
    four_steps(links=[vlan("customer", "provider", 7), vlan("provider", "below", 100, protocol="802.1ad"), cable()])
    assert carries("customer", "seen", lambda data: tagged(tagged(data, 7), 100, "802.1ad"))


def test_as_the_port_of_another_bridge() -> None:
    four_steps(links=[bridge("br1"), vlan(master="br1"), cable("port0", "host0", master="br1"), cable()])
    wait_forwarding("port0", "x0")
    assert carries("host0", "seen", lambda data: tagged(data, 10))


def test_on_a_bridge_and_as_the_port_of_another_one() -> None:
    # with a cost, as the kernel chooses one a moment later, when it knows the speed of the other bridge
    port = vlan("x0", "lower", master="upper", port={"cost": 100})
    four_steps(links=[bridge("upper"), cable("port0", "host0", master="upper"), port, bridge("lower"), cable(master="lower")])
    wait_forwarding("port0", "x0", "below")
    assert carries("host0", "seen", lambda data: tagged(data, 10))


def test_with_its_parent_in_another_namespace() -> None:
    params: Values = {"namespaces": [{"name": "red"}], "links": [vlan(netns="red", parent_netns=""), cable()]}
    four_steps(**params)
    assert carries("x0", "seen", lambda data: tagged(data, 10), netns="red")
    (item,) = [link for link in info()["declaration"]["links"] if link["name"] == "x0"]
    assert (item["netns"], item["parent"], item["parent_netns"]) == ("red", "below", "")
    single = {name: value for name, value in vlan(netns="red", parent_netns="").items() if name != "type"}
    assert run("vnet_vlan", **single)["changed"] is False
    with pytest.raises(
        VnetError, match=r"parent: it is below in the namespace that the module runs in, not below in namespace red; only a new link can have that"
    ):
        lay(namespaces=[{"name": "red"}], links=[vlan(netns="red"), cable(), dummy(netns="red")])


def test_its_parent_may_be_in_a_namespace_of_its_own_and_it_on_the_host() -> None:
    params: Values = {"namespaces": [{"name": "red"}], "links": [vlan(parent_netns="red", addresses=["192.0.2.1/24"]), dummy(netns="red")]}
    four_steps(**params)
    single_in_four_steps("vnet_vlan", name="x1", parent="below", parent_netns="red", id=11)
    assert run("vnet_vlan", name="x1", state="absent")["changed"]
    four_steps(state="absent")


def test_hosts_in_one_vlan_reach_each_other() -> None:
    ends = [vlan("eth0.10", "eth0", netns=name, addresses=[f"192.0.2.{number}/24"]) for number, name in enumerate(("red", "blue"), 1)]
    ends += [vlan("eth0.20", "eth0", 20 + number, netns=name, addresses=[f"198.51.100.{number}/24"]) for number, name in enumerate(("red", "blue"), 1)]
    line = {"type": "veth", "name": "eth0", "netns": "red", **QUIET, "peer": {"name": "eth0", "netns": "blue", **QUIET}}
    four_steps(namespaces=[{"name": "red"}, {"name": "blue"}], links=[*ends, line])
    assert reaches("red", "192.0.2.2")
    assert not reaches("red", "198.51.100.2", seconds=0.5)


# A parent that is made anew


def test_what_is_declared_on_a_parent_that_is_made_anew_is_made_anew_too() -> None:
    links = [vlan("inner", "x0", 7), vlan(addresses=["192.0.2.1/24"], routes=[{"to": "198.51.100.0/24"}]), cable(num_tx_queues=2)]
    lay(links=links)
    before = snapshot()
    changed = [*links[:2], cable(num_tx_queues=3, recreate=True)]
    result = four_steps(links=changed)
    assert carries("inner", "seen", lambda data: tagged(tagged(data, 7), 10))
    deleted = [line.split()[-1] for line in result["commands"] if " link delete " in line]
    assert len(deleted) == 3
    lay(links=[*links[:2], cable(num_tx_queues=2, recreate=True)])
    assert {link["name"] for link in before[""]["links"]} == {link["name"] for link in snapshot()[""]["links"]}


def test_what_others_put_on_a_parent_that_is_made_anew_is_made_again() -> None:
    run("vnet_dummy", name="below", num_tx_queues=2)
    run("vnet_bridge", name="br0")
    run("vnet_vlan", name="x0", parent="below", id=10, alias="theirs", addresses=["192.0.2.1/24", "2001:db8::1/64"], routes=[{"to": "198.51.100.0/24"}])
    run("vnet_vlan", name="inner", parent="x0", id=7, master="br0", port={"cost": 9}, mtu=1400, ingress_qos_map={"1": 5})
    before = [resource("vnet_vlan", run("vnet_vlan", name=name, routes=[])) for name in ("x0", "inner")]
    single_in_four_steps("vnet_dummy", name="below", num_tx_queues=3, recreate=True)
    after = [resource("vnet_vlan", run("vnet_vlan", name=name, routes=[])) for name in ("x0", "inner")]
    for link in (*before, *after):
        del link["mac"]
    assert after == before


def failed_at_each_step(prepare: Callable[[], Any], work: Callable[[], Any]) -> List[str]:
    """What is not as it was, or not said, after the work failed at each of its steps in turn; deletions come last and are not tried."""
    complaints, number = [], 0
    while True:
        number += 1
        with private_network():
            prepare()
            before = (kept(), portable(snapshot()))
            failing = Failing(number)
            try:
                with failing:
                    work()
            except VnetError as error:
                after = (kept(), portable(snapshot()))
                if "injected" not in str(error) or after[0] != before[0] or difference(before[1], after[1]):
                    complaints.append(f"{failing.failed}: {error}: {difference(before[1], after[1])}")
            if failing.failed is None or (isinstance(failing.failed, DELETIONS) and not restore_of(failing.failed)):
                return complaints if number > 5 else [f"only {number} steps"]


def test_whichever_step_fails_what_stood_on_it_stands_there_again() -> None:
    def prepare() -> None:
        run("vnet_dummy", name="below", mac="02:00:00:00:00:01", num_tx_queues=2)
        run("vnet_vlan", name="x0", parent="below", id=10, addresses=["192.0.2.1/24"], routes=[{"to": "198.51.100.0/24"}])

    assert not failed_at_each_step(prepare, lambda: run("vnet_dummy", name="below", mac="02:00:00:00:00:01", num_tx_queues=3, recreate=True))


def test_what_stands_on_a_link_that_is_removed_is_a_warning() -> None:
    run("vnet_dummy", name="below")
    run("vnet_vlan", name="x0", parent="below", id=10)
    for check in (True, False):
        (warning,) = run("vnet_dummy", check, name="below", state="absent")["warnings"]
        assert "x0 is on top of it and is deleted with it" in warning
    assert {link["name"] for link in snapshot()[""]["links"]} == {"lo"}


def test_a_layout_does_not_remove_what_others_put_on_its_links() -> None:
    lay(links=[dummy()])
    run("vnet_vlan", name="x0", parent="below", id=10)
    refused_always(["x0 is on top of below and would be deleted with it; remove it first, or declare it"], state="absent")
    run("vnet_vlan", name="x0", state="absent")
    four_steps(state="absent")


# Two that are alike


def test_a_link_of_the_layout_is_renamed() -> None:
    needs_program("ip")
    params: Values = {"links": [cable(), vlan("old", addresses=["192.0.2.1/24"], routes=[{"to": "198.51.100.0/24"}])]}
    lay(**params)
    index = shown("old")["ifindex"]
    link_in(params, "old")["name"] = "new"
    result = four_steps(**params)
    assert shown("new")["ifindex"] == index
    assert not [line for line in result["commands"] if " link delete " in line or " link add " in line]
    assert carries("new", "seen", lambda data: tagged(data, 10))


def test_one_that_others_made_is_named() -> None:
    run("vnet_dummy", name="below")
    run("vnet_vlan", name="theirs", parent="below", id=10)
    before = snapshot()
    for check in (True, False):
        with pytest.raises(VnetError, match=r"vnet_vlan x0: theirs has the same parent, id, protocol; use that link, or remove it first"):
            run("vnet_vlan", check, name="x0", parent="below", id=10)
    refused_always(["links[0]: theirs has the same parent, id, protocol"], links=[vlan()])
    assert not difference(before, snapshot())
    assert run("vnet_vlan", name="x0", parent="below", id=10, protocol="802.1ad")["changed"]


# Up and down


def test_it_does_not_go_up_on_a_parent_that_is_down() -> None:
    run("vnet_dummy", name="below", up=False)
    (warning,) = run("vnet_vlan", True, name="x0", parent="below", id=10)["warnings"]
    assert "up: its parent below is down" in warning
    assert "check mode" in warning
    with pytest.raises(VnetError, match="vnet_vlan x0: up: its parent below is down; bring the parent up, or set up: false"):
        run("vnet_vlan", name="x0", parent="below", id=10)
    single_in_four_steps("vnet_vlan", name="x0", parent="below", id=10, up=False)
    single_in_four_steps("vnet_vlan", name="x0", up=True, loose_binding=True)


@pytest.mark.parametrize("parent", [dummy(), cable(), bridge()], ids=["dummy", "cable", "bridge"])
def test_it_stays_down_when_its_parent_goes_up(parent: Values) -> None:
    four_steps(links=[vlan(up=False), parent])
    lay(links=[vlan(up=False), {**parent, "up": False}])
    four_steps(links=[vlan(up=False), parent])
    four_steps(links=[vlan(), parent])
    four_steps(links=[vlan(up=False), {**parent, "up": False}])


def test_its_mtu_follows_neither_the_ports_of_its_bridge_nor_their_order() -> None:
    large, links = {"mtu": 9000}, [vlan("inner", "x0", 7, mtu=8000), vlan(mtu=9000), bridge(mtu=9000)]
    four_steps(links=links)
    four_steps(links=[*links, cable("port0", "a", master="below")])
    four_steps(links=[*links, cable("port0", "a", master="below"), cable("port1", "b", master="below", **large)])
    settled(links=[*links, cable("port0", "a", master="below"), cable("port1", "b", master="below", **large)])


# What cannot be


def lines_of(*links: Values) -> List[Values]:
    return list(links)


@pytest.mark.parametrize(
    ("links", "words"),
    [
        (lines_of(vlan("a", "b"), vlan("b", "a", 11)), "links[0].parent: these links would be on top of each other: a, b, a"),
        (lines_of(vlan("a", "a")), "links[0].parent: a link cannot be its own parent"),
        (lines_of(vlan(master="below"), bridge()), "links[0].parent: these links would be on top of each other: x0, below, x0"),
        (lines_of(vlan(), bridge(ports=[{"name": "x0"}])), "links[0].parent: these links would be on top of each other: x0, below, x0"),
        (lines_of(vlan(), {"type": "tuntap", "name": "below", "mode": "tun"}), "links[0].parent: below is a TUN or TAP device without Ethernet frames"),
        (lines_of(vlan(parent="lo")), "links[0].parent: lo is a link without Ethernet frames"),
        (lines_of({"type": "vlan", "name": "x0", "id": 5, "parent_netns": "red"}), "links[0].parent_netns: it is the namespace of parent; set that, too"),
        (lines_of(vlan(number=4095), dummy()), "links[0].id: 4095 is out of range (0 to 4094)"),
        (lines_of(vlan(ingress_qos_map={"8": 1}), dummy()), "links[0].ingress_qos_map: 8: 1: priorities 0 to 7 can be mapped to 0 to 4294967295"),
        (lines_of(vlan(egress_qos_map={"1": "many"}), dummy()), "links[0].egress_qos_map: many is not an integer from 0"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_what_cannot_be_is_refused_by_its_path(links: List[Values], words: str) -> None:
    refused_always([words], links=links)


@pytest.mark.parametrize(
    ("link", "words"),
    [
        (vlan(), "links[0].parent: there is no link below"),
        (vlan(parent_netns="nowhere"), "links[0].parent: there is no link below in namespace nowhere"),
    ],
)
def test_a_parent_that_is_missing_may_be_what_an_earlier_task_makes(link: Values, words: str) -> None:
    assert words in refusal(links=[link])
    assert any(words in warning and "check mode" in warning for warning in lay(check=True, links=[link])["warnings"])


def test_a_parent_that_goes_must_be_declared_too() -> None:
    lay(links=[dummy(), vlan()])
    refused_always(["links[0].parent: below is not declared any more and will be deleted; declare it, too"], links=[vlan()])


def test_a_parent_that_is_where_the_module_runs_is_a_hint() -> None:
    run("vnet_netns", name="red")
    run("vnet_dummy", name="below")
    words = "parent: there is no link below in namespace red; there is one in the namespace that the module runs in: parent_netns: ''"
    with pytest.raises(VnetError, match=words):
        run("vnet_vlan", name="x0", netns="red", parent="below", id=10)
    refused_always(["links[0].parent: there is no link below in namespace blue; there is one"], namespaces=[{"name": "blue"}], links=[vlan(netns="blue")])


def test_an_mtu_above_that_of_the_parent_is_refused() -> None:
    refused_always(["links[1].mtu: 9000 is more than the MTU 1500 of its parent below"], links=[dummy(), vlan(mtu=9000)])
    four_steps(links=[dummy(mtu=9000), vlan(mtu=9000)])


def test_what_others_put_on_a_link_that_goes_down_is_a_warning() -> None:
    run("vnet_dummy", name="below")
    theirs()
    (warning,) = single_in_four_steps("vnet_dummy", name="below", up=False)["warnings"]
    assert "x0 is on top of it and goes down with it" in warning


def test_a_parent_is_renamed_with_what_stands_on_it() -> None:
    needs_program("ip")
    lay(links=[cable(), vlan("old"), vlan("inner", "old", 7)])
    index = shown("inner")["ifindex"]
    four_steps(links=[cable(), vlan("new"), vlan("inner", "new", 7)])
    assert shown("inner")["ifindex"] == index
    assert carries("inner", "seen", lambda data: tagged(tagged(data, 7), 10))


def test_a_name_that_is_taken_in_its_namespace_is_refused() -> None:
    lay(namespaces=[{"name": "red"}], links=[bridge("x0", netns="red"), dummy()])
    before = snapshot()
    with pytest.raises(VnetError, match="x0 in namespace red is a bridge, not a VLAN link"):
        run("vnet_vlan", name="x0", netns="red", parent="below", parent_netns="", id=10)
    assert not difference(before, snapshot())


def test_a_hundred_on_one_parent() -> None:
    links = [vlan(f"v{number}", number=number) for number in range(1, 101)]
    four_steps(links=[*links, dummy()])
    four_steps(links=[*links[50:], dummy()])
    before = snapshot()
    four_steps(links=[vlan(f"w{number}", number=number) for number in range(51, 101)] + [dummy()])
    assert len(before[""]["links"]) == len(snapshot()[""]["links"])
    clear()
    wait_for(lambda: len(snapshot()[""]["links"]) == 1)


# Whatever is on top of a link that goes


def theirs(name: str = "x0", parent: str = "below", number: int = 10, **more: Any) -> Values:
    run("vnet_vlan", name=name, parent=parent, id=number, **more)
    return dict(more, name=name)


def kept(name: str = "x0", netns: str = "") -> Values:
    """A VLAN link as it is, without the MAC address that it has from its parent."""
    (found,) = [link for link in info()["links"] if (link["name"], link["netns"]) == (name, netns)]
    return {key: value for key, value in found.items() if key not in ("mac", "status")}


@pytest.mark.parametrize("end", ["below", "seen"])
def test_either_end_of_a_cable_has_what_stands_on_it(end: str) -> None:
    near: Values = {"name": "below", "peer": {"name": "seen"}}
    run("vnet_veth", **near)
    theirs(parent=end)
    before = kept()
    single_in_four_steps("vnet_veth", num_tx_queues=3, recreate=True, **near)
    assert kept() == before
    (warning,) = run("vnet_veth", True, state="absent", **near)["warnings"]
    assert "x0 is on top of it and is deleted with it" in warning
    run("vnet_vlan", name="x0", state="absent")
    run("vnet_veth", state="absent", **near)
    lay(links=[cable()])
    theirs(parent=end)
    refused_always([f"x0 is on top of {end} and would be deleted with it"], state="absent")
    four_steps(links=[cable(num_tx_queues=3, recreate=True), vlan(parent=end)])


def test_a_namespace_does_not_take_along_what_others_put_on_its_links() -> None:
    lay(namespaces=[{"name": "red"}], links=[dummy(netns="red")])
    theirs(parent_netns="red")
    in_the_way("namespace red cannot be deleted, as x0 is on top of its link below", state="absent")


def test_what_stands_on_it_in_another_namespace_is_made_again_there() -> None:
    run("vnet_netns", name="red")
    run("vnet_dummy", name="below")
    theirs(netns="red", parent_netns="", addresses=["192.0.2.1/24"])
    before = kept(netns="red")
    assert before["parent"] == "below"
    single_in_four_steps("vnet_dummy", name="below", num_tx_queues=3, recreate=True)
    assert kept(netns="red") == before


@pytest.mark.parametrize("said", [None, {"name": "x0"}, {"name": "x0", "addresses": ["192.0.2.1/24"], "purge_addresses": False}], ids=str)
def test_what_stands_on_it_keeps_its_lists_its_queueing_discipline_and_its_mirror(said: Optional[Values]) -> None:
    """Also what stands on that again."""
    needs_qdisc("pfifo")
    needs_mirroring()
    run("vnet_dummy", name="below")
    run("vnet_dummy", name="beside")
    more: Values = {
        "addresses": ["192.0.2.1/24", "2001:db8::1/64 nodad"],
        "neighbours": [{"to": "192.0.2.7", "mac": "02:00:00:00:00:07"}, {"to": "2001:db8::8", "proxy": True}],
        "altnames": ["uplink"],
        "qdisc": {"kind": "pfifo", "limit": 40},
        "mirror_ingress": "beside",
        "features": {"rx-gro": False},
    }
    theirs(**more)
    theirs("x1", "x0", 20, neighbours=[{"to": "198.51.100.7", "mac": "02:00:00:00:00:07"}], qdisc={"kind": "pfifo", "limit": 50})
    before = kept(), kept("x1")
    again: Values = {"name": "below", "num_tx_queues": 3, "recreate": True}
    if said:
        four_steps(links=[{"type": "dummy", **again}, said, {"name": "x1"}])
    else:
        single_in_four_steps("vnet_dummy", **again)
    unlike = ("ifindex", "layout", "adopted")
    for one, other in zip(before, (kept(), kept("x1"))):
        assert {key: value for key, value in one.items() if key not in unlike} == {key: value for key, value in other.items() if key not in unlike}


@pytest.mark.parametrize("said", [{}, {"master": "br0"}, {"port": {"cost": 7}}, {"master": "br0", "port": {"cost": 7}}], ids=str)
def test_a_port_that_stands_on_it_keeps_what_is_not_declared(said: Values) -> None:
    run("vnet_dummy", name="below")
    run("vnet_bridge", name="br0")
    theirs(master="br0", port={"cost": 7, "learning": False}, routes=[{"to": "198.51.100.0/24"}, {"to": "203.0.113.0/24"}])
    routes: Values = {"routes": [{"to": "203.0.113.0/24", "mtu": 1300}], "purge_routes": False}
    four_steps(links=[{"type": "dummy", "name": "below", "num_tx_queues": 3, "recreate": True}, {"name": "x0", **said, **routes}])
    found = kept()
    assert (found["master"], found["port"]["cost"], found["port"]["learning"]) == ("br0", 7, False)
    assert [(route["to"], route.get("mtu")) for route in found["routes"]] == [("198.51.100.0/24", None), ("203.0.113.0/24", 1300)]


@pytest.mark.parametrize("said", [{"name": "x0"}, {"type": "vlan", "name": "x0"}, {"type": "vlan", "name": "x0", "id": 10, "mtu": 1300}], ids=str)
@pytest.mark.parametrize("last", [False, True])
def test_what_is_declared_in_part_is_made_anew_with_what_it_was(said: Values, last: bool) -> None:
    run("vnet_dummy", name="below")
    theirs(addresses=["192.0.2.1/24"], ingress_qos_map={"1": 5})
    links = [{"type": "dummy", "name": "below", "num_tx_queues": 3, "recreate": True}, said]
    four_steps(links=links[::-1] if last else links)
    found = kept()
    assert (found["parent"], found["id"], found["addresses"], found["ingress_qos_map"]) == ("below", 10, ["192.0.2.1/24"], {"1": 5})


@pytest.mark.parametrize(
    "more",
    [
        {"up": False},
        {"arp": True, "multicast": True, "mtu": 1400},
        {"addresses": ["192.0.2.1/24"], "routes": [{"to": "203.0.113.0/24", "table": 7}]},
        {"master": "br0", "port": {"cost": 9, "vlans": [{"vid": "20-30"}], "purge_vlans": True}},
    ],
    ids=str,
)
def test_it_is_made_again_as_it_was(more: Values) -> None:
    run("vnet_bridge", name="br0", stp=True, vlan_filtering=True)
    run("vnet_dummy", name="below")
    theirs(**more)
    before = kept()
    single_in_four_steps("vnet_dummy", name="below", num_tx_queues=3, recreate=True)
    assert kept() == before


def test_what_stands_on_a_bridge_and_on_that_is_made_again() -> None:
    run("vnet_bridge", name="below")
    theirs()
    theirs("inner", "x0", 7, addresses=["192.0.2.1/24"])
    before = [kept(), kept("inner")]
    single_in_four_steps("vnet_bridge", name="below", num_tx_queues=3, recreate=True)
    assert [kept(), kept("inner")] == before
    single_in_four_steps("vnet_vlan", name="x0", parent="below", id=20, recreate=True)
    assert kept("inner") == before[1]


def test_the_commands_replace_a_parent_too() -> None:
    needs_program("ip")
    links: List[Values] = [dummy(num_tx_queues=2), vlan(), vlan("inner", "x0", 7, promiscuous=True)]
    lay(links=links)
    links[0].update(num_tx_queues=3, recreate=True)
    sh(*lay(check=True, links=links)["commands"])
    assert not lay(links=links)["commands"]
    settled(links=links)


# One takes what another had


def test_it_is_replaced_though_there_can_be_only_one() -> None:
    needs_program("ip")
    lay(links=[dummy(), vlan(num_tx_queues=2, addresses=["192.0.2.1/24"])])
    index = shown("x0")["ifindex"]
    four_steps(links=[dummy(), vlan(num_tx_queues=3, recreate=True, addresses=["192.0.2.1/24"])])
    assert shown("x0")["ifindex"] != index


def test_whichever_step_fails_the_one_that_had_to_go_first_is_there_again() -> None:
    below = dummy(mac="02:00:00:00:00:01")
    beside: Values = {"addresses": ["192.0.2.1/24"], "routes": [{"to": "198.51.100.0/24"}]}

    def prepare() -> None:
        lay(links=[below, vlan(num_tx_queues=2, **beside)])

    assert not failed_at_each_step(prepare, lambda: lay(links=[below, vlan(num_tx_queues=3, recreate=True, mtu=1300, **beside)]))


@pytest.mark.parametrize(
    "after",
    [
        [vlan("a", number=20), vlan("b", number=10)],
        [vlan("a", number=20)],
        [vlan("a", netns="red", parent_netns=""), vlan("b", number=20)],
        [vlan("c", netns="red", parent_netns=""), vlan("d", number=20)],
        [bridge("a"), vlan("c")],
    ],
    ids=["swapped", "of-one-that-goes", "moved", "moved-and-renamed", "name-for-another"],
)
def test_links_of_a_layout_take_what_others_had(after: List[Values]) -> None:
    lay(namespaces=[{"name": "red"}], links=[dummy(), vlan("a"), vlan("b", number=20)])
    links = [dict(link, recreate=True) if link["name"] in "ab" and link["type"] == "vlan" else link for link in after]
    four_steps(namespaces=[{"name": "red"}], links=[dummy(), *links])


def test_one_in_another_namespace_is_named_too() -> None:
    run("vnet_netns", name="red")
    run("vnet_dummy", name="below")
    theirs("y")
    before = snapshot()
    for check in (True, False):
        with pytest.raises(VnetError, match="y has the same parent, id, protocol"):
            run("vnet_vlan", check, name="x0", netns="red", parent="below", parent_netns="", id=10)
        with pytest.raises(VnetError, match="y has the same parent, id, protocol"):
            run("vnet_vlan", check, name="x0", parent="below", id=10, recreate=True)
    assert not difference(before, snapshot())


def test_two_that_are_alike_are_refused_before_anything_is_touched() -> None:
    refused_always(["links[1]: links[0] has the same parent, id, protocol, but only one link can have them"], links=[vlan("a"), vlan("b"), dummy()])


@pytest.mark.parametrize(
    ("master", "sentence"), [("d1", "links[0].master: d2 is a dummy, not a bridge"), ("d2", "links[1].master: a link cannot be a port of itself")]
)
def test_masters_that_are_no_bridges_are_refused_as_such(master: str, sentence: str) -> None:
    refused_always([sentence], links=[dummy("d1", master="d2"), dummy("d2", master=master)])


# Up and down again


def test_it_is_not_up_on_a_parent_that_is_to_be_down() -> None:
    lay(links=[dummy(), vlan()])
    refused = refusal(links=[dummy(up=False), vlan()])
    assert "links[1].up: its parent below is down" in refused
    four_steps(links=[dummy(up=False), vlan(up=False)])


def test_routes_of_what_stands_on_it_come_back_where_it_cannot_go_down() -> None:
    run("vnet_dummy", name="below")
    theirs(addresses=["192.0.2.1/24", "2001:db8::1/64"], routes=[{"to": "198.51.100.0/24"}])
    before = snapshot()
    with pytest.raises(VnetError, match="The host is as it was before"), Failing(2):
        run("vnet_dummy", name="below", up=False, mtu=1400)
    assert not difference(before, snapshot())


def test_what_was_down_is_down_when_its_parent_is_given_back() -> None:
    run("vnet_dummy", name="below")
    theirs(up=False)
    before = snapshot()
    lay(links=[dummy(up=False), vlan(up=False)])
    four_steps(state="absent")
    assert not difference(before, snapshot())


def test_a_parent_does_not_stay_promiscuous() -> None:
    run("vnet_dummy", name="below")
    before = snapshot()
    lay(links=[vlan(promiscuous=True, allmulticast=True)])
    clear()
    assert not difference(before, snapshot())


# What is said of it


def test_the_difference_shows_another_parent() -> None:
    lay(links=[dummy(), dummy("beside"), vlan()])
    result = four_steps(links=[dummy(), dummy("beside"), vlan(parent="beside", recreate=True)])
    assert "parent: below" in result["diff"]["before"]
    assert "parent: beside" in result["diff"]["after"]


def test_a_cable_with_a_vlan_on_its_far_end_is_counted_once() -> None:
    result = four_steps(links=[vlan(parent="seen"), cable()])
    assert result["summary"]["links"] == {"declared": 2, "created": 2, "changed": 0, "removed": 0, "adopted": 0, "released": 0}
    result = lay(links=[vlan("new", parent="seen"), cable()])
    assert result["summary"]["links"]["changed"] == 1


def test_what_it_has_from_its_parent_is_declared_where_it_differs() -> None:
    run("vnet_dummy", name="below", mtu=9000)
    theirs(mtu=1500)
    declaration = info()["declaration"]
    (item,) = [link for link in declaration["links"] if link["name"] == "x0"]
    assert item == {"type": "vlan", "name": "x0", "parent": "below", "id": 10, "mtu": 1500}
    settled_after = lay(**declaration)
    assert all(" alias " in line for line in settled_after["commands"])


def test_a_parent_that_nobody_looked_at_is_none() -> None:
    run("vnet_netns", name="red")
    run("vnet_dummy", name="below", netns="red")
    theirs(parent_netns="red")
    (link,) = [link for link in info(namespaces=[""])["links"] if link["name"] == "x0"]
    assert link["parent"] is None
    found = info(namespaces=[""])
    assert not [item for item in found["declaration"]["links"] if item["name"] == "x0"]
    assert {"netns": "", "link": "x0", "what": "its parent is in a namespace that was not read", "declared": False} in found["declaration_lacks"]


def test_another_name_of_a_link_of_the_host_is_not_in_the_way_of_a_parent_elsewhere() -> None:
    needs_program("ip")
    run("vnet_netns", name="red")
    run("vnet_dummy", name="below", netns="red")
    run("vnet_dummy", name="other")
    sh("ip link property add dev other altname below")
    single_in_four_steps("vnet_vlan", name="x0", netns="red", parent="below", id=10)
