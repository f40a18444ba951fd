# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every step of longer plans fails in turn, and the host is as it was before."""

from __future__ import annotations

import errno
import os
import platform
import re
from contextlib import suppress
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._apply import _run
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._namespaces import Namespaces
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from ansible_collections.nfv.vnet.plugins.module_utils._steps import SetLink, Step, link_of
from features import has, needs, needs_program
from moments import DELETIONS, WHOLE, Failing, first_of_each_type, may_be_held
from support import accounts, private_network, run, sh, snapshot

Values = Dict[str, Any]


class Fault:
    """Runs steps as the engine does, until the one with this number: that fails before or after it was done."""

    def __init__(self, number: int, error: BaseException, done: bool) -> None:
        self.number, self.error, self.done = number, error, done
        self.step: Optional[Step] = None
        self._count = 0
        self._run = _run.run

    def __call__(self, writer: Any, step: Step) -> None:
        self._count += 1
        if self._count != self.number:
            self._run(writer, step)
            return
        self.step = step
        if self.done:
            with suppress(KernelError):
                self._run(writer, step)
        raise self.error


class Scenario(NamedTuple):
    name: str
    prepare: Callable[[], Any]
    module: str
    params: Values
    feature: str = ""


ADDRESSES = ["192.0.2.1/24", "192.0.2.2/24", "2001:db8::1/64", "2001:db8::2/64 nodad"]
ROUTES = [{"to": "198.51.100.0/24", "via": "192.0.2.9"}, {"to": "2001:db8:7::/64", "via": "2001:db8::9", "metric": 7}, {"to": "10.0.0.0/8", "table": 100}]


def _namespaces() -> None:
    for name in ("red", "blue"):
        run("vnet_netns", name=name)


def _ports() -> None:
    for name in ("p", "q", "r"):
        run("vnet_veth", name=name, peer=dict(name=f"{name}peer"))


def _bridge() -> None:
    _ports()
    run("vnet_bridge", name="br0", addresses=ADDRESSES, routes=ROUTES, priority=8, ports=[{"name": "p", "hairpin": True}, {"name": "q", "cost": 9}])


def _bare_bridge() -> None:
    _ports()
    run("vnet_bridge", name="br0")


def _far_bridge() -> None:
    _namespaces()
    run("vnet_bridge", name="br0", netns="red")


def _bridge_with_mac() -> None:
    _ports()
    run("vnet_bridge", name="br0", mac="02:00:00:00:00:09", addresses=ADDRESSES, routes=ROUTES, ports=[{"name": "p", "isolated": True}])


def _cable() -> None:
    _namespaces()
    for name in ("br0", "br1"):
        run("vnet_bridge", name=name, netns="red")
    far = dict(name="b", netns="blue", alias="far", addresses=["192.0.2.7/24", "2001:db8::7/64"], routes=[{"to": "default", "via": "192.0.2.1"}])
    run("vnet_veth", name="a", netns="red", master="br0", port={"hairpin": True, "cost": 9}, addresses=ADDRESSES, routes=ROUTES, peer=far)


def _moved_cable() -> None:
    needs_program("ip")
    _cable()
    sh(
        "ip -n red link set dev a netns blue",
        "ip -n blue link set dev a up",
        "ip -n blue address add 203.0.113.1/24 dev a",
        "ip -n blue address add 2001:db8:9::1/64 dev a",
    )


def _crossed_cable() -> None:
    needs_program("ip")
    _cable()
    sh(
        "ip -n red link set dev a netns blue",
        "ip -n blue link set dev b netns red",
        "ip -n red link set dev b up",
        "ip -n red address add 203.0.113.1/24 dev b",
    )


def _tap() -> None:
    run("vnet_bridge", name="br0")
    run("vnet_bridge", name="br1")
    run(
        "vnet_tuntap",
        name="t",
        mode="tap",
        owner=str(accounts("uid")[0]),
        packet_info=True,
        master="br0",
        port={"hairpin": True},
        addresses=ADDRESSES[:2],
        alias="tap",
    )


def _tun() -> None:
    run("vnet_tuntap", name="t", mode="tun", addresses=["10.9.0.1 peer 10.9.0.2", "2001:db8::1/64"], routes=[{"to": "10.0.0.0/8"}])


def _settled_namespace() -> None:
    sysctl = {"net.ipv4.ip_forward": 1, "net.ipv4.ping_group_range": "0 5"}
    run("vnet_netns", name="red", sysctl=sysctl, addresses=["192.0.2.1/32"], routes=[{"to": "10.0.0.0/8", "type": "blackhole"}])


def _vlan_bridge() -> None:
    _ports()
    vlans = [{"vid": "10", "pvid": True, "untagged": True}, {"vid": "20-30"}]
    run("vnet_bridge", name="br0", vlan_filtering=True, vlans=[{"vid": "5-9"}], ports=[{"name": "p", "vlans": vlans}, {"name": "q"}])


def _snooping(**values: Any) -> Values:
    return values if has("mcast_snooping") else {}


LINK: Values = {
    "mac": "02:00:00:00:00:05",
    "mtu": 1400,
    "txqueuelen": 7,
    "alias": "mine",
    "link_group": 3,
    "arp": False,
    "promiscuous": True,
    "allmulticast": True,
}
PORT: Values = {"hairpin": False, "cost": 50, "priority": 9, "learning": False, "guard": True}
NEW_ADDRESSES = ["192.0.2.2/24", "203.0.113.1/24", "2001:db8::2/48", "2001:db8:5::1/64 nodad"]
NEW_ROUTES = [
    {"to": "198.51.100.0/24", "via": "203.0.113.9"},
    {"to": "198.18.0.0/15", "metric": 5},
    {"to": "2001:db8:7::/64", "via": "2001:db8:5::9", "metric": 7},
]
PURGED: Values = {"addresses": NEW_ADDRESSES, "purge_addresses": True, "routes": NEW_ROUTES, "purge_routes": True}
BRIDGE: Values = {
    "forward_delay": 4,
    "max_age": 10,
    "ageing_time": 60,
    "priority": 4096,
    "group_fwd_mask": 8,
    **_snooping(mcast_querier=True, mcast_hash_max=512),
}
FAR: Values = {"name": "b", "netns": "blue", "mac": "02:00:00:00:00:06", "mtu": 1300, "alias": "peer"}
FAR_LISTS: Values = {
    "addresses": ["192.0.2.8/24", "2001:db8::8/64"],
    "purge_addresses": True,
    "routes": [{"to": "default", "via": "192.0.2.2"}],
    "purge_routes": True,
}

SCENARIOS = [
    Scenario(
        "bridge-new",
        _ports,
        "vnet_bridge",
        {"name": "br0", **LINK, **BRIDGE, "stp": True, "addresses": ADDRESSES, "routes": ROUTES, "ports": [{"name": "p", **PORT}, {"name": "q", "cost": 3}]},
    ),
    Scenario(
        "bridge-changed",
        _bridge,
        "vnet_bridge",
        {"name": "br0", **LINK, **BRIDGE, **PURGED, "ports": [{"name": "p", **PORT}, {"name": "r", "hairpin": True}], "purge_ports": True},
    ),
    Scenario(
        "bridge-with-mac-changed", _bridge_with_mac, "vnet_bridge", {"name": "br0", **PURGED, "ports": [{"name": "q"}], "purge_ports": True, "hello_time": 3}
    ),
    Scenario(
        "bridge-without-mac-gets-first-port",
        _bare_bridge,
        "vnet_bridge",
        {"name": "br0", "ports": [{"name": "p", **PORT}]},
    ),
    Scenario("bridge-loses-last-ports", _bridge, "vnet_bridge", {"name": "br0", "ports": [], "purge_ports": True, "addresses": ["203.0.113.1/24"]}),
    Scenario(
        "bridge-down", _bridge, "vnet_bridge", {"name": "br0", "up": False, "alias": "down", "mtu": 1400, "priority": 4096, "addresses": ["203.0.113.1/24"]}
    ),
    Scenario("bridge-without-ipv6", _bridge, "vnet_bridge", {"name": "br0", "disable_ipv6": True, "priority": 4096, "addresses": ["203.0.113.1/24"]}),
    Scenario("bridge-mtu-below-ipv6", _bridge, "vnet_bridge", {"name": "br0", "mtu": 1000, "priority": 4096, "addresses": ["203.0.113.1/24"]}),
    Scenario(
        "bridge-recreated", _bridge, "vnet_bridge", {"name": "br0", "num_tx_queues": 3, "recreate": True, **BRIDGE, **PURGED, "ports": [{"name": "p", **PORT}]}
    ),
    Scenario(
        "bridge-vlans-new",
        _ports,
        "vnet_bridge",
        {
            "name": "br0",
            "vlan_filtering": True,
            "vlan_default_pvid": 7,
            "vlans": [{"vid": "5-9"}],
            "ports": [{"name": "p", "vlans": [{"vid": "10", "pvid": True}, {"vid": "20-25"}], "purge_vlans": True}],
        },
        "vlan_filtering",
    ),
    Scenario(
        "bridge-vlans-changed",
        _vlan_bridge,
        "vnet_bridge",
        {
            "name": "br0",
            "vlan_default_pvid": 7,
            "vlans": [{"vid": "6-8"}],
            "purge_vlans": True,
            "ports": [
                {"name": "p", "vlans": [{"vid": "22-23", "untagged": True}, {"vid": "40", "pvid": True}], "purge_vlans": True},
                {"name": "q", "vlans": [{"vid": "50"}], "purge_vlans": True},
            ],
        },
        "vlan_filtering",
    ),
    Scenario("bridge-vlan-ports-leave", _vlan_bridge, "vnet_bridge", {"name": "br0", "ports": [{"name": "r"}], "purge_ports": True}, "vlan_filtering"),
    Scenario(
        "cable-new",
        _far_bridge,
        "vnet_veth",
        {
            "name": "a",
            "netns": "red",
            **LINK,
            "arp": True,
            "master": "br0",
            "port": PORT,
            "addresses": ADDRESSES,
            "routes": ROUTES,
            "peer": {**FAR, **FAR_LISTS},
        },
    ),
    Scenario("cable-changed", _cable, "vnet_veth", {"name": "a", "netns": "red", **LINK, "port": PORT, **PURGED, "peer": {**FAR, **FAR_LISTS}}),
    Scenario("cable-to-another-bridge", _cable, "vnet_veth", {"name": "a", "netns": "red", "master": "br1", "port": PORT, "peer": FAR}),
    Scenario("cable-without-bridge", _cable, "vnet_veth", {"name": "a", "netns": "red", "master": "", "alias": "free", "peer": FAR}),
    Scenario("cable-down", _cable, "vnet_veth", {"name": "a", "netns": "red", "up": False, "alias": "down", "peer": {**FAR, "up": False}}),
    Scenario(
        "cable-comes-home",
        _moved_cable,
        "vnet_veth",
        {"name": "a", "netns": "red", "master": "br0", "port": PORT, "addresses": ADDRESSES, "peer": {**FAR, **FAR_LISTS}},
    ),
    Scenario("crossed-cable-comes-home", _crossed_cable, "vnet_veth", {"name": "a", "netns": "red", "addresses": ADDRESSES, "peer": {**FAR, **FAR_LISTS}}),
    Scenario(
        "cable-recreated",
        _cable,
        "vnet_veth",
        {
            "name": "a",
            "netns": "red",
            "num_tx_queues": 3,
            "recreate": True,
            "master": "br0",
            "port": PORT,
            "addresses": ADDRESSES,
            "peer": {**FAR, **FAR_LISTS},
        },
    ),
    Scenario(
        "tap-new",
        lambda: run("vnet_bridge", name="br0"),
        "vnet_tuntap",
        {"name": "t", "mode": "tap", "owner": str(os.getuid()), **LINK, "arp": True, "master": "br0", "port": PORT, "addresses": ADDRESSES},
    ),
    Scenario(
        "tap-changed",
        _tap,
        "vnet_tuntap",
        {"name": "t", **LINK, "owner": str(accounts("uid")[-1]), "master": "br1", "port": PORT, "addresses": [], "purge_addresses": True},
    ),
    Scenario(
        "tap-recreated",
        _tap,
        "vnet_tuntap",
        {"name": "t", "mode": "tap", "multi_queue": True, "recreate": True, "master": "br0", "addresses": ["203.0.113.1/24"]},
    ),
    Scenario("tun-becomes-tap", _tun, "vnet_tuntap", {"name": "t", "mode": "tap", "recreate": True, "addresses": ADDRESSES, "routes": ROUTES}),
    Scenario(
        "namespace-new",
        lambda: None,
        "vnet_netns",
        {
            "name": "red",
            "nsid": 5,
            "sysctl": {"net.ipv4.ip_forward": 1, "net.ipv6.conf.all.forwarding": 1},
            "addresses": ["192.0.2.1/32"],
            "routes": [{"to": "10.0.0.0/8", "type": "blackhole"}, {"to": "default", "dev": "lo"}],
        },
    ),
    Scenario(
        "namespace-changed",
        _settled_namespace,
        "vnet_netns",
        {
            "name": "red",
            "sysctl": {"net.ipv4.ip_forward": 0, "net.ipv4.ping_group_range": "0 9", "net.ipv6.conf.all.forwarding": 1},
            "addresses": ["192.0.2.2/32"],
            "purge_addresses": True,
            "routes": [{"to": "10.0.0.0/8", "type": "prohibit"}, {"to": "172.16.0.0/12", "type": "blackhole"}],
            "purge_routes": True,
        },
    ),
    Scenario("namespace-loopback-down", _settled_namespace, "vnet_netns", {"name": "red", "loopback": False, "sysctl": {"net.ipv4.ip_forward": 0}}),
]

WAYS = [
    pytest.param(lambda: KernelError(errno.EIO, "injected"), False, id="refused"),
    pytest.param(lambda: KernelError(errno.EIO, "injected"), True, id="obeyed-in-part"),
    pytest.param(KeyboardInterrupt, True, id="interrupted"),
]


@pytest.mark.parametrize(("make_error", "done"), WAYS)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_whichever_step_fails_the_host_is_as_it_was_before(
    scenario: Scenario, make_error: Callable[[], BaseException], done: bool, every: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if scenario.feature:
        needs(scenario.feature)
    if platform.release().startswith("5.10.") and "mcast_querier" in scenario.params:
        pytest.skip("Linux 5.10 may crash if a bridge with a multicast querier is deleted that was never up")
    complaints: Dict[str, List[str]] = {}
    with private_network():
        scenario.prepare()
        steps = _steps(scenario, monkeypatch)
    assert len(steps) > 1
    numbers = [number for number, step in enumerate(steps, 1) if not (done and isinstance(step, WHOLE if make_error is not KeyboardInterrupt else DELETIONS))]
    if make_error is KeyboardInterrupt and not every:
        numbers = first_of_each_type(steps, numbers)
    while numbers:
        with private_network():
            scenario.prepare()
            before = snapshot()
            while numbers and snapshot() == before:
                fault = Fault(numbers.pop(0), make_error(), done)
                with monkeypatch.context() as patch:
                    patch.setattr(_run, "run", fault)
                    outcome = _outcome(scenario)
                assert fault.step, outcome
                complaint = _judge(fault, outcome, before, scenario.params["name"])
                if complaint:
                    complaints.setdefault(complaint, []).append(str(fault.step))
    assert not complaints, "\n".join(f"{complaint}: at {', '.join(where)}" for complaint, where in complaints.items())


def _steps(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> List[Step]:
    """The steps of the scenario, none of which fails."""
    steps: List[Step] = []
    original = _run.run

    def record(writer: Any, step: Step) -> None:
        steps.append(step)
        original(writer, step)

    with monkeypatch.context() as patch:
        patch.setattr(_run, "run", record)
        run(scenario.module, **scenario.params)
    return steps


def _outcome(scenario: Scenario) -> Optional[BaseException]:
    try:
        run(scenario.module, **scenario.params)
    except (VnetError, KeyboardInterrupt) as error:
        return error
    return None


def _judge(fault: Fault, outcome: Optional[BaseException], before: Values, name: str) -> str:
    """What is wrong with the end that a fault took, '' where nothing is."""
    step = fault.step
    assert step
    if isinstance(fault.error, KernelError):
        if outcome is None:
            # a new link that has the value already needs no step that works
            return "" if may_be_held(step) else "nothing was reported"
        text = str(outcome)
        if not isinstance(outcome, VnetError) or "injected" not in text or not {*link_of(step), name} & set(re.findall(r"\w+", text)):
            return f"the error does not say what failed: {outcome!r}"
        if not text.endswith("The host is as it was before"):
            return f"it ends with: {text}. {_difference(before, snapshot())}"
    else:
        if not isinstance(outcome, KeyboardInterrupt):
            return f"the interrupt became {outcome!r}"
    return _difference(before, snapshot())


def _difference(before: Any, after: Any, where: str = "") -> str:
    """Where two snapshots differ, in words."""
    if before == after:
        return ""
    if isinstance(before, dict) and isinstance(after, dict):
        parts = [_difference(before.get(key), after.get(key), f"{where}/{key}") for key in {**before, **after}]
        return "; ".join(part for part in parts if part)
    if isinstance(before, list) and isinstance(after, list):
        gone = [entry for entry in before if entry not in after]
        new = [entry for entry in after if entry not in before]
        if len(gone) == len(new) == 1:
            return _difference(gone[0], new[0], where)
        return f"{where}: gone {gone}, new {new}, order {gone == new}"
    return f"{where}: {before} became {after}"


# Deletions


def test_deletions_come_last() -> None:
    for scenario in SCENARIOS:
        if scenario.feature and not has(scenario.feature):
            continue
        with private_network():
            scenario.prepare()
            lines = run(scenario.module, check=True, **scenario.params)["commands"]
        deletions = [number for number, line in enumerate(lines) if " link delete " in line or " netns delete " in line]
        assert deletions == list(range(len(lines) - len(deletions), len(lines))), scenario.name


def test_a_namespace_that_took_the_place_of_an_empty_file_goes_again() -> None:
    """A crash left the file: there was no namespace before."""
    Path("/run/netns").mkdir()
    Path("/run/netns/red").touch()
    with pytest.raises(VnetError, match=r"injected.*The host is as it was before$"), Failing(2):
        run("vnet_netns", name="red", sysctl={"net.ipv4.ip_forward": 1})
    assert list(snapshot()) == [""]


def test_a_namespace_that_went_half_way_does_not_hide_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no mount point any more, but its file stays: its routes cannot be looked at."""
    run("vnet_netns", name="red")
    remove = Namespaces.remove

    def half_removed(namespaces: Namespaces, name: str) -> None:
        remove(namespaces, name)
        Path("/run/netns", name).touch()
        raise KernelError(errno.EBUSY, "injected")

    monkeypatch.setattr(Namespaces, "remove", half_removed)
    with pytest.raises(VnetError, match=r"^vnet_netns red: netns delete: .*injected.*cannot be undone: red: netns delete$"):
        run("vnet_netns", name="red", state="absent", routes=[])


def test_when_a_deletion_was_done_the_error_of_the_next_says_what_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    needs_program("ip")
    run("vnet_netns", name="red")
    run("vnet_netns", name="blue")
    run("vnet_veth", name="a", netns="red", peer=dict(name="b", netns="blue"))
    run("vnet_veth", name="c", peer=dict(name="x", netns="blue"))
    plan = _two_deletions()
    original = _run.run

    def fail(writer: Any, step: Step) -> None:
        if link_of(step) == ("", "c"):
            raise KernelError(errno.EIO, "injected")
        original(writer, step)

    monkeypatch.setattr(_run, "run", fail)
    with pytest.raises(VnetError, match=r"c.*injected.*cannot be undone: .*\ba: link delete$"):
        plan()
    assert [sorted(link["name"] for link in snapshot()[netns]["links"]) for netns in ("red", "")] == [["lo"], ["c", "lo"]]


def _two_deletions() -> Callable[[], Any]:
    """A layout in which two cables are not wanted any more: no module of one link has that."""
    from ansible_collections.nfv.vnet.plugins.module_utils._resources import Layout, Link
    from ansible_collections.nfv.vnet.plugins.module_utils._runner import execute

    links = [Link("veth", netns, name, (name,), present=False) for netns, name in (("red", "a"), ("", "c"))]
    return lambda: execute(Layout([], links), "veth", False)


@pytest.mark.parametrize("kind", ["vnet_bridge", "vnet_veth", "vnet_tuntap", "vnet_netns"])
def test_a_deletion_that_the_kernel_refuses_leaves_the_host_as_it_was(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    others: Dict[str, Values] = {"vnet_veth": {"peer": {"name": "y"}}, "vnet_tuntap": {"mode": "tap"}}
    run(kind, name="x", **others.get(kind, {}))
    before = snapshot()
    monkeypatch.setattr(_run, "run", Fault(1, KernelError(errno.EIO, "injected"), False))
    with pytest.raises(VnetError, match=r"x.*injected.*The host is as it was before$"):
        run(kind, name="x", state="absent")
    assert snapshot() == before


# What the options do not know of


@pytest.mark.parametrize(
    "by_hand",
    [
        "ip route add 198.18.0.0/15 dev br0",
        "ip route add 198.18.0.0/15 dev br0 proto bird mtu 1300",
        "ip route add 198.18.0.0/15 nexthop via 192.0.2.3 nexthop via 192.0.2.4",
        "ip -6 route add 2001:db8:5::/48 dev br0 pref high",
        "ip address add 203.0.113.7/24 dev br0 label br0:seven",
        "ip address add 203.0.113.7/24 brd + dev br0",
        "ip address add 203.0.113.7/24 dev br0 noprefixroute",
        "ip address add 2001:db8:5::7/64 dev br0 noprefixroute",
        "ip address add 2001:db8:5::7/64 dev br0 valid_lft 1000 preferred_lft 500",
        "ip -6 address add 2001:db8:5::7/64 dev br0 preferred_lft 0",
    ],
)
@pytest.mark.parametrize("change", [{"up": False}, {"addresses": [], "purge_addresses": True}])
def test_what_was_set_by_hand_comes_back_or_the_error_says_that_it_did_not(by_hand: str, change: Values, monkeypatch: pytest.MonkeyPatch) -> None:
    needs_program("ip")
    run("vnet_bridge", name="br0", addresses=["192.0.2.1/24", "2001:db8::1/64"])
    sh(by_hand)
    before = snapshot()
    steps = len(run("vnet_bridge", check=True, name="br0", priority=5, **change)["commands"])
    monkeypatch.setattr(_run, "run", Fault(steps, KernelError(errno.EIO, "injected"), False))
    with pytest.raises(VnetError) as caught:
        run("vnet_bridge", name="br0", priority=5, **change)
    difference = _difference(before, snapshot())
    assert not difference or "as it was before" not in str(caught.value) or "not quite" in str(caught.value), difference


def test_a_refusal_that_comes_with_verification_is_undone_too(monkeypatch: pytest.MonkeyPatch) -> None:
    run("vnet_bridge", name="br0", addresses=ADDRESSES, priority=8)
    before = snapshot()
    original = _run.run

    def ignore(writer: Any, step: Step) -> None:
        if not isinstance(step, SetLink) or "hello_time" not in step.values:
            original(writer, step)

    monkeypatch.setattr(_run, "run", ignore)
    with pytest.raises(VnetError, match=r"hello_time.*accepted it without an error.*The host is as it was before$"):
        run("vnet_bridge", name="br0", hello_time=3, priority=9, addresses=["203.0.113.1/24"], purge_addresses=True)
    assert snapshot() == before


def test_a_namespace_that_others_delete_meanwhile_does_not_hide_the_error() -> None:
    _namespaces()
    run("vnet_bridge", name="br0")

    def deleted() -> KernelError:
        Namespaces().remove("blue")
        return KernelError(errno.EIO, "injected")

    with pytest.raises(VnetError, match=r"injected\)\. The host is as it was before$"), Failing(1, deleted):
        run("vnet_bridge", name="br0", num_tx_queues=3, recreate=True)


def test_a_removal_does_not_fail_because_of_a_namespace_that_it_is_not_about(monkeypatch: pytest.MonkeyPatch) -> None:
    _namespaces()
    run("vnet_bridge", name="br0")
    links = Reader.links

    def vanished(reader: Reader, netns: str) -> Any:
        if netns == "red":
            raise KernelError(errno.EINVAL)
        return links(reader, netns)

    monkeypatch.setattr(Reader, "links", vanished)
    assert run("vnet_bridge", name="br0", state="absent")["changed"]
