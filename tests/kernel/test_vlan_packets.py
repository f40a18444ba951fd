# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What VLANs of bridge ports do to real packets."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest
from features import needs
from packets import Wire, frame, reaches, tagged, wait_forwarding, wire
from support import run, snapshot

ONE, TWO = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
NEVER = 0.3
"""How long to wait for what must not come."""
QUIET: dict[str, Any] = {"disable_ipv6": True}


@pytest.fixture(autouse=True)
def filtering() -> None:
    needs("vlan_filtering")
    run("vnet_bridge", name="br0", vlan_filtering=True, **QUIET)


def access(vid: int) -> dict[str, Any]:
    return {"vlans": [{"vid": str(vid), "pvid": True, "untagged": True}], "purge_vlans": True}


def trunk(*vids: int) -> dict[str, Any]:
    return {"vlans": [{"vid": str(vid)} for vid in vids], "purge_vlans": True}


def plug(name: str, port: dict[str, Any], bridge: str = "br0") -> bool:
    """A port of a bridge, with a cable to a host; whether anything changed."""
    result = run("vnet_veth", name=name, master=bridge, port=port, **QUIET, peer={"name": f"at-{name}", **QUIET})
    wait_forwarding(name)
    return bool(result["changed"])


def wires(stack: ExitStack, *names: str) -> list[Wire]:
    """The hosts' ends of the cables."""
    return [stack.enter_context(wire(f"at-{name}")) for name in names]


def host(name: str, address: str, vid: int, bridge: str) -> None:
    run("vnet_netns", name=name)
    run("vnet_veth", name=name, master=bridge, port=access(vid), peer={"name": "eth0", "netns": name, "addresses": [address]})


def test_access_ports_of_one_vlan_reach_each_other_and_those_of_another_do_not() -> None:
    for name, vid in (("a", 10), ("b", 10), ("c", 20)):
        plug(name, access(vid))
    with ExitStack() as stack:
        a, b, c = wires(stack, "a", "b", "c")
        a.send(frame(ONE))
        assert b.gets(frame(ONE))
        assert c.receive(NEVER) is None
        b.send(frame(TWO, ONE))
        assert a.gets(frame(TWO, ONE))
        c.send(frame(TWO))
        assert (a.receive(NEVER), b.receive(0)) == (None, None)


def test_a_trunk_carries_vlans_with_their_tags() -> None:
    for name, port in (("a", access(10)), ("b", access(20)), ("t", trunk(10, 20))):
        plug(name, port)
    with ExitStack() as stack:
        a, b, t = wires(stack, "a", "b", "t")
        a.send(frame(ONE))
        assert t.receive() == tagged(frame(ONE), 10)
        b.send(frame(TWO))
        assert t.receive() == tagged(frame(TWO), 20)
        t.send(tagged(frame(TWO, payload=b"ten"), 10))
        assert a.receive() == frame(TWO, payload=b"ten")
        t.send(tagged(frame(ONE, payload=b"twenty"), 20))
        assert b.receive() == frame(ONE, payload=b"twenty")
        for foreign in (frame(ONE), tagged(frame(ONE), 30)):
            t.send(foreign)
        assert (a.receive(NEVER), b.receive(0)) == (None, None)


def test_a_trunk_joins_the_vlans_of_two_bridges() -> None:
    run("vnet_bridge", name="br1", vlan_filtering=True)
    run("vnet_veth", name="t0", master="br0", port=trunk(10, 20), peer={"name": "t1", "master": "br1", "port": trunk(10, 20)})
    for name, address, vid, bridge in (("a", "10.1.0.1/24", 10, "br0"), ("b", "10.1.0.2/24", 10, "br1"), ("c", "10.1.0.3/24", 20, "br1")):
        host(name, address, vid, bridge)
    assert reaches("a", "10.1.0.2")
    assert not reaches("a", "10.1.0.3", NEVER)
    run("vnet_veth", name="c", master="br1", port=access(10), peer={"name": "eth0", "netns": "c"})
    assert reaches("a", "10.1.0.3")


def test_the_bridge_itself_is_reached_in_its_vlan_alone() -> None:
    run("vnet_bridge", name="br0", addresses=["10.1.0.9/24"], vlans=[{"vid": "10", "pvid": True, "untagged": True}], purge_vlans=True)
    host("a", "10.1.0.1/24", 10, "br0")
    host("c", "10.1.0.3/24", 20, "br0")
    assert reaches("a", "10.1.0.9")
    assert not reaches("c", "10.1.0.9", NEVER)


def test_a_provider_bridge_puts_its_tag_around_those_of_its_customers() -> None:
    run("vnet_bridge", name="br1", vlan_filtering=True, vlan_protocol="802.1ad", **QUIET)
    for name, port in (("a", access(100)), ("b", access(100)), ("c", access(200)), ("t", trunk(100, 200))):
        plug(name, port, "br1")
    customers = tagged(frame(ONE), 10)
    with ExitStack() as stack:
        a, b, c, t = wires(stack, "a", "b", "c", "t")
        a.send(customers)
        assert b.receive() == customers
        assert t.receive() == tagged(customers, 100, "802.1ad")
        assert c.receive(NEVER) is None
        t.send(tagged(tagged(frame(TWO), 10), 200, "802.1ad"))
        assert c.receive() == tagged(frame(TWO), 10)
        assert (a.receive(NEVER), b.receive(0)) == (None, None)
        t.send(tagged(frame(TWO), 100))
        assert (a.receive(NEVER), b.receive(0)) == (None, None), "a tag of 802.1Q is a customer's, and the trunk has no VLAN for what has no other"


@pytest.mark.parametrize("left", [[], [{"vid": "20"}]], ids=["all", "one"])
def test_removing_a_vlan_cuts_its_traffic(left: list[dict[str, str]]) -> None:
    for name, port in (("a", access(10)), ("t", trunk(10, 20))):
        plug(name, port)
    with ExitStack() as stack:
        a, t = wires(stack, "a", "t")
        a.send(frame(ONE))
        assert t.receive() == tagged(frame(ONE), 10)
        assert plug("t", {"vlans": left, "purge_vlans": True})
        a.send(frame(ONE))
        assert t.receive(NEVER) is None
        t.send(tagged(frame(TWO), 10))
        assert a.receive(NEVER) is None
        assert plug("t", trunk(10))
        a.send(frame(ONE))
        assert t.receive() == tagged(frame(ONE), 10)


def test_without_filtering_the_vlans_of_the_ports_divide_nothing() -> None:
    for name, vid in (("a", 10), ("c", 20)):
        plug(name, access(vid))
    with ExitStack() as stack:
        a, c = wires(stack, "a", "c")
        a.send(frame(ONE))
        assert c.receive(NEVER) is None
        run("vnet_bridge", name="br0", vlan_filtering=False)
        a.send(frame(ONE))
        assert c.receive() == frame(ONE)
        run("vnet_bridge", name="br0", vlan_filtering=True)
        a.send(frame(ONE))
        assert c.receive(NEVER) is None


def test_vlans_of_ports_survive_a_second_run() -> None:
    ports = {"a": access(10), "c": access(20), "t": trunk(10, 20)}
    for name, port in ports.items():
        plug(name, port)
    before = snapshot()
    assert not run("vnet_bridge", name="br0", vlan_filtering=True, **QUIET)["changed"]
    assert not any(plug(name, port) for name, port in ports.items())
    assert not any(plug(name, {}) for name in ports), "what is not said is left alone"
    assert snapshot() == before
    with ExitStack() as stack:
        a, c, t = wires(stack, *ports)
        a.send(frame(ONE))
        assert t.receive() == tagged(frame(ONE), 10)
        assert c.receive(NEVER) is None
