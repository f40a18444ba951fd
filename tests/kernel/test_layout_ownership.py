# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose is what: a layout mends what belongs to it, removes what it does not declare any more, and gives back what it found."""

from __future__ import annotations

import os
from typing import Any, List, NamedTuple, Tuple

import pytest
import yaml
from features import has, needs, needs_program
from layouts import NAME, aliases, clear, contradiction, counts, four_steps, full, in_the_way, info, lay, link_in, mac, names, owners, refused_always, settled
from processes import wait_for
from support import Values, difference, portable, resource, restorable, run, sh, shown, snapshot

# Drift


class Drift(NamedTuple):
    name: str
    lines: List[str]
    feature: str = ""
    gone: Tuple[str, ...] = ()
    """A link that goes with each namespace, when the kernel comes round to it."""
    after: str = ""
    """What must be done before the layout can go."""
    theirs: Tuple[str, ...] = ()
    """The namespaces that belong to somebody else then."""


HOME = os.getpid()
"""In the network of the test, unlike the process with the number 1."""

DRIFTS = [
    Drift("link-down", ["ip link set up0 down"]),
    Drift("link-down-inside", ["ip -n red link set eth0 down"]),
    Drift("lo-down", ["ip -n red link set lo down"]),
    Drift("lo-up", ["ip -n blue link set lo up"]),
    Drift("bridge-down", ["ip link set br0 down"]),
    Drift("address-added", ["ip address add 203.0.113.1/24 dev br0", "ip -n red address add 2001:db8:9::1/64 dev eth0"]),
    Drift("address-deleted", ["ip address delete 192.0.2.1/24 dev br0", "ip -n red address delete 10.255.0.1/32 dev lo"]),
    Drift("address-before-ours", ["ip -n red address flush dev eth0", "ip -n red address add 192.0.2.77/24 dev eth0"]),
    Drift("route-deleted", ["ip -n red route delete default", "ip -n red route delete blackhole 10.0.0.0/8"]),
    Drift("route-added", ["ip -n red route add 198.51.100.0/24 via 192.0.2.9", "ip -n red route add blackhole 172.16.0.0/12"]),
    Drift("route-changed", ["ip -n red route replace default via 192.0.2.77", "ip -n red route replace prohibit 10.0.0.0/8"]),
    Drift("cable-deleted", ["ip link delete up0"]),
    Drift("cable-between-namespaces-deleted", ["ip -n red link delete r1"]),
    Drift("bridge-deleted", ["ip link delete br0"]),
    Drift("bridge-inside-deleted", ["ip -n red link delete inner"]),
    Drift("tap-deleted", ["ip tuntap delete tap0 mode tap"]),
    Drift("tun-deleted", ["ip -n blue link delete tun0"]),
    Drift("port-left", ["ip link set up0 nomaster"]),
    Drift("port-moved", ["ip link add other type bridge", "ip link set up0 master other"]),
    Drift("port-settings", ["bridge link set dev up0 cost 77 hairpin off", "bridge link set dev tap0 isolated off"]),
    Drift(
        "port-too-many",
        [f"ip -n red link add extra address {mac(77)} type veth peer name extra2", "ip -n red link set extra master inner"],
        after="ip -n red link delete extra",
    ),
    Drift("setting", ["ip link set br0 type bridge stp_state 0", "ip link set br0 type bridge forward_delay 1000"]),
    Drift("mtu", ["ip -n red link set eth0 mtu 1200", "ip -n red link set inner mtu 1300"]),
    Drift("mac", [f"ip link set up0 address {mac(88)}"]),
    Drift("alias", ["ip link set tap0 alias 'other words'"]),
    Drift("alias-taken-away", ["ip link set tap0 alias ''"]),
    Drift("group", ["ip -n blue link set b1 group 3"]),
    Drift("sysctl", ["ip netns exec red sysctl -qw net.ipv4.ip_forward=0"]),
    Drift("no-ipv6-any-more", ["sysctl -qw net.ipv6.conf.h2.disable_ipv6=0"]),
    Drift("renamed-cable", ["ip link set up0 down", "ip link set up0 name stray", "ip link set stray up"]),
    Drift("renamed-far-end", ["ip -n red link set eth0 down", "ip -n red link set eth0 name stray"]),
    Drift("renamed-bridge", ["ip link set br0 down", "ip link set br0 name stray"]),
    Drift("renamed-tap", ["ip link set tap0 down", "ip link set tap0 name stray"]),
    Drift("moved-home", [f"ip -n red link set eth0 netns {HOME}"]),
    Drift("moved-to-the-other-end", ["ip link set up0 netns red"]),
    Drift("ends-changed-places", ["ip link set h2 netns blue name tmp", f"ip -n blue link set h1 netns {HOME}", "ip -n blue link set tmp name h2"]),
    Drift("moved-to-a-third", ["ip netns add green", "ip -n red link set eth0 netns green"]),
    Drift("both-ends-moved-to-a-third", ["ip netns add green", "ip -n red link set eth0 netns green", "ip link set up0 netns green"]),
    Drift("moved-to-another-of-ours", ["ip -n red link set eth0 netns blue"]),
    Drift("moved-to-no-name", ["ip netns add green", "ip -n red link set eth0 netns green", "ip netns delete green"], gone=("/up0",)),
    Drift("moved-and-renamed", ["ip netns add green", "ip -n red link set eth0 down", "ip -n red link set eth0 netns green name stray"]),
    Drift("tap-moved", ["ip link set tap0 netns red"]),
    Drift("namespace-deleted", ["ip netns delete red"], gone=("/up0",)),
    Drift("both-namespaces-deleted", ["ip netns delete red", "ip netns delete blue"], gone=("/up0", "/h2")),
    Drift("namespace-made-anew", ["ip netns delete blue", "ip netns add blue"], gone=("red/r1",), theirs=("blue",)),
    Drift("namespace-unmounted", ["umount /run/netns/blue"], gone=("red/r1",)),
    Drift(
        "everything",
        ["ip netns delete blue", "ip link delete br0", "ip link set tap0 down", "ip -n red address flush dev eth0"],
        gone=("red/r1",),
    ),
    Drift("vlan-deleted", ["bridge vlan delete dev up0 vid 20-30"], "vlan_filtering"),
    Drift("vlan-added", ["bridge vlan add dev up0 vid 77", "bridge vlan add dev br0 vid 78 self"], "vlan_filtering"),
    Drift("pvid-changed", ["bridge vlan add dev up0 vid 77 pvid untagged"], "vlan_filtering"),
    Drift("filtering-off", ["ip link set br0 type bridge vlan_filtering 0"], "vlan_filtering"),
]
FOREIGN = {"green", "other", "extra", "extra2", "stray"}
"""What some of these lines make beside; it stays, as it is not the layout's."""


LOOPBACK = ("7f000001", "00000000000000000000000000000001")
"""What lo keeps once it was up."""


def ours(state: Values) -> Values:
    """The snapshot without memory, and without what is not of the layout."""
    state = portable(state)
    for netns in FOREIGN & set(state):
        del state[netns]
    for network in state.values():
        network["links"] = {name: link for name, link in network["links"].items() if name not in FOREIGN}
        network["vlans"] = {name: spec for name, spec in network["vlans"].items() if name not in FOREIGN}
        network["settings"] = {key: value for key, value in network["settings"].items() if not FOREIGN & set(key.split("/"))}
        network["addresses"] = [address for address in network["addresses"] if address["index"] not in FOREIGN and address[1] not in LOOPBACK]
    return state


@pytest.mark.parametrize("drift", DRIFTS, ids=lambda drift: drift.name)
def test_what_somebody_changed_is_mended(drift: Drift) -> None:
    needs_program("ip")
    if drift.feature:
        needs(drift.feature)
    lay(**full())
    expected = ours(snapshot())
    sh(*drift.lines)
    wait_for(lambda: not set(drift.gone) & set(names(snapshot())))
    result = four_steps(**full())
    assert result["changed"]
    after = ours(snapshot())
    assert not difference(expected, after), result["commands"]
    sh(*drift.after.splitlines())
    clear()
    left = {name.split("/")[1] for name in names(snapshot())}
    assert left <= FOREIGN, left
    assert set(snapshot()) <= {"", "green", *drift.theirs}


def test_drift_is_mended_in_the_layout_that_it_belongs_to_only() -> None:
    needs_program("ip")
    lay(name="one", links=[{"type": "bridge", "name": "br1"}])
    lay(name="two", links=[{"type": "bridge", "name": "br2"}])
    sh("ip link set br1 down", "ip link set br2 down")
    assert lay(name="one", links=[{"type": "bridge", "name": "br1"}])["commands"] == ["ip link set dev br1 up"]
    assert [shown(name)["flags"].count("UP") for name in ("br1", "br2")] == [1, 0]


# What is not declared any more


@pytest.mark.parametrize(
    ("without", "left"),
    [
        ("namespace", []),
        ("bridge", []),
        ("tuntap", ["/br0", "/h2", "/up0", "blue/b1", "blue/h1", "red/eth0", "red/inner", "red/r1"]),
        ("veth", ["/br0", "/tap0", "blue/tun0", "red/inner"]),
    ],
)
def test_what_is_not_declared_any_more_goes(without: str, left: List[str]) -> None:
    lay(**full())
    params = full()
    params["links"] = [link for link in params["links"] if link["type"] != without]
    if not left:  # the rest needs it
        params = {}
    if without == "veth":
        del link_in(params, "inner")["ports"]
    four_steps(**params)
    assert names(snapshot()) == left


def test_a_port_that_goes_leaves_its_bridge_first() -> None:
    lay(**full())
    params = full()
    params["links"].remove(link_in(params, "tap0"))
    result = four_steps(**params)
    assert counts(result, "removed") == {"links": 1}
    assert result["commands"][0] == "ip link set dev tap0 nomaster"  # so that the bridge gets its MTU and its MAC again
    assert result["commands"][-1] == "ip link delete dev tap0"


def test_the_layout_goes_with_its_name_alone() -> None:
    before = snapshot()
    lay(**full())
    four_steps(state="absent")
    assert snapshot() == before
    settled(state="absent")


def test_what_goes_is_counted() -> None:
    lay(**full())
    assert counts(clear(check=True), "removed") == {"namespaces": 2, "links": 7}


# What others made


def test_what_others_made_stays() -> None:
    needs_program("ip")
    lay(**full())
    sh("ip link add other type bridge", "ip netns add green", "ip -n green link add inner type bridge", "ip link add x type veth peer name y netns green")
    before = set(names(snapshot()))
    params = full()
    four_steps(**params)
    assert set(names(snapshot())) == before
    clear()
    assert names(snapshot()) == ["/other", "/x", "green/inner", "green/y"]


@pytest.mark.parametrize(
    ("lines", "link"),
    [
        (["ip -n red link add other type bridge"], "other"),
        (["ip link add x type veth peer name y", "ip link set y netns red"], "y"),
        (["ip -n red tuntap add t9 mode tap"], "t9"),
    ],
)
def test_a_namespace_with_something_of_others_is_released(lines: List[str], link: str) -> None:
    needs_program("ip")
    lay(**full())
    sh(*lines)
    result = four_steps(state="absent")
    assert any(f"namespace red is kept, as it contains {link}" in warning for warning in result["warnings"]), result["warnings"]
    assert {name for name in names(snapshot()) if name.startswith("red/")} == {f"red/{link}"}
    assert set(snapshot()) == {"", "red"}
    settled(state="absent")
    assert lay(namespaces=[{"name": "red"}])["summary"]["namespaces"]["adopted"] == 1


def test_a_route_that_the_layout_added_is_not_restored() -> None:
    needs_program("ip")
    sh("ip netns add red", "ip -n red link set lo up")
    before = snapshot()
    routes: List[Values] = [{"to": "10.66.0.0/16", "type": "blackhole"}, {"to": "10.66.0.0/16", "type": "prohibit", "table": 100}]
    lay(namespaces=[{"name": "red", "routes": routes}])
    four_steps(namespaces=[{"name": "red", "routes": routes[1:]}])
    clear()
    assert not difference(before, snapshot())


def test_an_end_that_is_declared_without_a_type_keeps_its_pair() -> None:
    pair: Values = {"type": "veth", "name": "p4", "peer": {"name": "p1", "netns": "blue"}}
    lay(namespaces=[{"name": "blue"}], links=[pair])
    words = ["links[0]: p4 is the other end of p1 in namespace blue, which would be deleted; declare the pair with type: veth"]
    refused_always(words, links=[{"name": "p4"}])
    four_steps(namespaces=[{"name": "blue"}], links=[{"name": "p4"}])
    assert names(snapshot()) == ["/p4", "blue/p1"]
    refused_always(
        ["links[0]: p4 is the other end of p1"], namespaces=[{"name": "blue"}], links=[{"name": "p4"}, {"type": "bridge", "name": "p1", "netns": "blue"}]
    )
    clear()
    assert names(snapshot()) == []


def test_a_small_mtu_is_the_same_before_and_after() -> None:
    params: Values = {"links": [{"type": "bridge", "name": "p0", "mtu": 1000, "disable_ipv6": True}]}
    four_steps(**params)


def test_a_namespace_with_something_of_another_layout_is_not_removed() -> None:
    lay(namespaces=[{"name": "red"}])
    lay(name="guest", links=[{"type": "bridge", "name": "br0", "netns": "red"}])
    in_the_way("namespace red cannot be deleted, as it contains br0, which belongs to layout guest", state="absent")
    clear("guest")
    clear()
    assert list(snapshot()) == [""]


@pytest.mark.parametrize(
    ("params", "path", "what"),
    [
        ({"links": [{"type": "bridge", "name": "br0"}]}, "links[0]", "br0"),
        ({"links": [{"type": "tuntap", "name": "tap0", "mode": "tap"}]}, "links[0]", "tap0"),
        ({"namespaces": [{"name": "red"}]}, "namespaces[0]", "namespace red"),
        ({"links": [{"type": "veth", "name": "h2", "peer": {"name": "new"}}]}, "links[0]", "h2"),
        ({"links": [{"type": "veth", "name": "new", "peer": {"name": "h2"}}]}, "links[0].peer", "h2"),
        ({"links": [{"type": "bridge", "name": "br9", "ports": [{"name": "up0"}]}]}, "links[0].ports", "up0"),
        ({"links": [{"name": "up0", "mtu": 1400}]}, "links[0]", "up0"),
    ],
)
def test_what_belongs_to_another_layout_is_an_error(params: Values, path: str, what: str) -> None:
    lay(name="first", **full())
    refused_always([f"vnet_layout {'lab'}: {path}", f"{what} belongs to layout first"], **params)


def test_two_layouts_live_side_by_side() -> None:
    guest: Values = {
        "links": [
            {"type": "tuntap", "name": "guest0", "mode": "tap", "mac": mac(50), "master": "br0"},
            {"type": "veth", "name": "g1", "mac": mac(51), "netns": "red", "peer": {"name": "g2", "mac": mac(52)}},
        ],
    }
    lay(**full())
    alone = snapshot()
    four_steps(name="guest", **guest)
    settled(**full())
    settled(name="guest", **guest)
    assert {layout for key, layout in owners().items() if "g" in key.split("/")[1]} == {"guest"}
    both = portable(snapshot())
    four_steps(name="guest", state="absent")
    assert portable(snapshot()) == portable(alone)
    lay(name="guest", **guest)
    assert portable(snapshot()) == both


def test_a_name_that_begins_with_that_of_another_is_another() -> None:
    lay(name="lab", links=[{"type": "bridge", "name": "br0"}])
    lay(name="lab2", links=[{"type": "bridge", "name": "br2"}])
    lay(name="la", links=[{"type": "bridge", "name": "br3"}])
    clear("lab")
    assert names(snapshot()) == ["/br2", "/br3"]


# Adoption


def _by_hand() -> None:
    needs_program("ip")
    sh(
        "ip netns add red && ip -n red link set lo up && ip netns add green && ip -n green link set lo up && ip -n green link set lo down"
        " && ip -n red address add 10.255.0.9/32 dev lo"
        " && ip -n red route add blackhole 10.6.0.0/16 proto static",
        f"ip link add br0 address {mac(1)} type bridge && ip link add br1 address {mac(2)} type bridge && ip link set br0 up",
        f"ip link add p address {mac(3)} type veth peer name q address {mac(4)} netns red",
        "ip link set p master br0 && bridge link set dev p cost 7 hairpin on && ip link set p up",
        "ip -n red link set q mtu 1400 alias mine && ip -n red address add 198.51.100.1/24 dev q && ip -n red address add 2001:db8:5::1/64 dev q nodad",
        "ip -n red link set q up",
        "ip -n red route add 203.0.113.0/24 via 198.51.100.2 proto static && ip -n red route add 203.0.114.0/24 dev q table 7 proto static",
        f"ip tuntap add t0 mode tap && ip link set dev t0 address {mac(5)} txqueuelen 9",
        f"ip link add d0 address {mac(6)} type veth peer name e0 address {mac(7)}",
        "ip address add 192.0.2.99/24 dev d0 && ip link set d0 up && ip link set e0 up",
    )
    if has("vlan_filtering"):
        sh("ip link set br0 type bridge vlan_filtering 1", "bridge vlan add dev p vid 10 pvid untagged", "bridge vlan add dev br0 vid 11 self")


def cable(near: Values, far: Values) -> Values:
    return {"links": [{"type": "veth", "name": "p", **near, "peer": {"name": "q", "netns": "red", **far}}]}


class Change(NamedTuple):
    name: str
    params: Values
    feature: str = ""


CHANGES = [
    Change("nothing", cable({}, {})),
    Change("up", {"links": [{"type": "bridge", "name": "br1"}]}),
    Change("down", cable({"up": False}, {})),
    Change("far-end-down", cable({}, {"up": False})),
    Change("bridge-down", {"links": [{"type": "bridge", "name": "br0", "up": False}]}),
    Change("mtu", cable({"mtu": 1300}, {"mtu": 1300})),
    Change("mtu-below-ipv6", cable({}, {"mtu": 1000})),
    Change("mac", cable({"mac": mac(70)}, {"mac": mac(71)})),
    Change("flags", cable({"arp": False, "multicast": False, "allmulticast": True, "promiscuous": True}, {})),
    Change("txqueuelen", {"links": [{"type": "tuntap", "name": "t0", "mode": "tap", "txqueuelen": 50}]}),
    Change("group", cable({"link_group": 8}, {"link_group": 9})),
    Change("alias", cable({"alias": "ours"}, {"alias": "ours, too"})),
    Change("alias-emptied", cable({}, {"alias": ""})),
    Change("addrgenmode", cable({}, {"ipv6_addrgenmode": "none"})),
    Change("disable-ipv6", cable({"disable_ipv6": True}, {})),
    Change("disable-ipv6-where-it-is-used", cable({}, {"disable_ipv6": True})),
    Change(
        "bridge-settings",
        {"links": [{"type": "bridge", "name": "br0", "stp": True, "forward_delay": 4, "priority": 4096, "ageing_time": 10, "group_fwd_mask": 8}]},
    ),
    Change("bridge-mac", {"links": [{"type": "bridge", "name": "br0", "mac": mac(72)}]}),
    Change("bridge-mtu", {"links": [{"type": "bridge", "name": "br0", "mtu": 1300}]}),
    Change("port-joins", {"links": [{"type": "tuntap", "name": "t0", "mode": "tap", "master": "br0", "port": {"isolated": True, "cost": 9}}]}),
    Change("port-leaves", cable({"master": ""}, {})),
    Change("port-moves", cable({"master": "br1", "port": {"cost": 9}}, {})),
    Change("port-settings", cable({"master": "br0", "port": {"cost": 9, "hairpin": False, "learning": False, "isolated": True}}, {})),
    Change("port-by-the-bridge", {"links": [{"type": "bridge", "name": "br1", "ports": [{"name": "d0", "cost": 9}]}]}),
    Change("ports-exact", {"links": [{"type": "bridge", "name": "br0", "ports": [{"name": "d0"}]}]}),
    Change("no-ports", {"links": [{"type": "bridge", "name": "br0", "ports": []}]}),
    Change("port-of-a-new-bridge", {"links": [{"type": "bridge", "name": "new0"}, *cable({"master": "new0"}, {})["links"]]}),
    Change("address-added", cable({}, {"addresses": ["198.51.100.1/24", "2001:db8:5::1/64 nodad", "192.0.2.1/24", "2001:db8:6::1/64"]})),
    Change("addresses-replaced", cable({}, {"addresses": ["192.0.2.1/24", "2001:db8:6::1/64"]})),
    Change("address-of-one-network", cable({}, {"addresses": ["198.51.100.7/24"]})),
    Change("no-addresses", cable({}, {"addresses": []})),
    Change("addresses-not-exact", cable({}, {"addresses": ["192.0.2.1/24"], "purge_addresses": False})),
    Change("routes-replaced", cable({}, {"routes": [{"to": "default", "via": "198.51.100.3"}, {"to": "2001:db8:9::/48", "via": "2001:db8:5::9"}]})),
    Change("route-changed", cable({}, {"routes": [{"to": "203.0.113.0/24", "via": "198.51.100.77"}]})),
    Change("route-in-a-table", cable({}, {"routes": [{"to": "203.0.115.0/24", "table": 7}, {"to": "203.0.115.0/24", "table": 8}], "purge_routes": False})),
    Change("no-routes", cable({}, {"routes": []})),
    Change("namespace-addresses", {"namespaces": [{"name": "red", "addresses": ["10.255.0.1/32"]}]}),
    Change("namespace-routes", {"namespaces": [{"name": "red", "routes": [{"to": "10.7.0.0/16", "type": "blackhole"}]}]}),
    Change("namespace-route-by-a-gateway", {"namespaces": [{"name": "red", "purge_routes": False, "routes": [{"to": "10.8.0.0/16", "via": "198.51.100.2"}]}]}),
    Change("namespace-route-in-a-table", {"namespaces": [{"name": "green", "routes": [{"to": "10.7.0.0/16", "type": "blackhole", "table": 9}]}]}),
    Change("namespace-loopback", {"namespaces": [{"name": "green", "loopback": False}, {"name": "red"}]}),
    Change("namespace-with-new-links", {"namespaces": [{"name": "red"}], "links": [{"type": "veth", "name": "n1", "netns": "red", "peer": {"name": "n2"}}]}),
    Change("link-of-any-kind", {"links": [{"name": "d0", "mtu": 1400, "master": "br1", "addresses": ["192.0.2.98/24"]}]}),
    Change("vlans-of-a-port", cable({"port": {"vlans": [{"vid": "10"}, {"vid": "20-22", "untagged": True}]}}, {}), "vlan_filtering"),
    Change("vlans-of-a-bridge", {"links": [{"type": "bridge", "name": "br0", "vlans": [{"vid": "5"}]}]}, "vlan_filtering"),
    Change("filtering", {"links": [{"type": "bridge", "name": "br0", "vlan_filtering": False}]}, "vlan_filtering"),
    Change("default-pvid", {"links": [{"type": "bridge", "name": "br0", "vlan_default_pvid": 7}]}, "vlan_filtering"),
    Change("port-leaves-with-its-vlans", cable({"master": "br1"}, {}), "vlan_filtering"),
]


def _let_go(way: str) -> Values:
    return four_steps(state="absent") if way == "absent" else four_steps(namespaces=[])


def _changes(way: str, few: int) -> List[Any]:
    """All changes, of which one in so many is not slow."""
    return [pytest.param(change, way, id=f"{change.name}-{way}", marks=[pytest.mark.slow] if number % few else []) for number, change in enumerate(CHANGES)]


@pytest.mark.parametrize(("change", "way"), _changes("absent", 1) + _changes("not-declared", 8))
def test_what_was_there_before_is_taken_in_and_given_back(change: Change, way: str) -> None:
    if change.feature:
        needs(change.feature)
    _by_hand()
    before = snapshot()
    result = four_steps(**change.params)
    assert counts(result, "adopted")
    assert owners(adopted=True)
    there = yaml.safe_load(result["diff"]["before"])
    result = _let_go(way)
    assert counts(result, "released")
    assert contradiction(yaml.safe_load(result["diff"]["after"]), there) == ""
    before_and_after = [[line for line in text.splitlines() if line.strip() != f"layout: {NAME}"] for text in result["diff"].values()]
    assert (before_and_after[0] != before_and_after[1]) == bool(result["commands"])
    assert not difference(restorable(before), restorable(snapshot())), result["commands"]


@pytest.mark.parametrize(("change", "way"), _changes("absent", 3))
def test_two_changes_are_given_back_as_one(change: Change, way: str) -> None:
    """Another declaration comes in between: what the first run remembers is older than what the second one finds."""
    if change.feature:
        needs(change.feature)
    _by_hand()
    before = snapshot()
    lay(**cable({"txqueuelen": 5, "port": {"cost": 3}}, {"mtu": 1350, "alias": "first", "addresses": ["192.0.2.55/24"], "purge_addresses": False}))
    four_steps(**change.params)
    result = _let_go(way)
    assert not difference(restorable(before), restorable(snapshot())), result["commands"]


def test_there_is_no_limit_to_what_is_recorded() -> None:
    _by_hand()
    before = snapshot()
    four_steps(**cable({}, {"addresses": [f"10.{number}.{number}.{number}/24" for number in range(100, 250)]}))
    clear()
    assert not difference(before, snapshot())


def test_a_bridge_that_is_gone_when_a_port_is_given_back_is_a_warning() -> None:
    _by_hand()
    lay(**cable({"master": "br1"}, {}))
    sh("ip link delete br0")
    result = clear()
    assert any("br0" in warning and "does not exist any more" in warning for warning in result["warnings"])
    assert "master" not in shown("p")


def test_a_link_that_somebody_created_in_the_place_of_ours_is_theirs() -> None:
    needs_program("ip")
    lay(**full())
    sh("ip tuntap delete tap0 mode tap", "ip tuntap add tap0 mode tap", f"ip link set tap0 address {mac(3)} alias 'my own'")
    result = four_steps(**full())
    assert counts(result, "adopted") == {"links": 1}
    clear()
    assert names(snapshot()) == ["/tap0"]
    assert aliases(snapshot()) == {"/tap0": "my own"}


def test_a_link_of_another_kind_that_somebody_created_in_the_place_of_ours_is_refused() -> None:
    needs_program("ip")
    lay(**full())
    sh("ip link delete tap0", f"ip link add tap0 address {mac(66)} type bridge")
    refused_always(["links[2]", "tap0 is a bridge", "remove it first"], **full())
    clear()
    assert names(snapshot()) == ["/tap0"]


# The alias that people give


@pytest.mark.parametrize("text", ["", "for a machine", "nfv.vnet:", "nfv.vnet: lab", '{"x": 1}', 'ümlaut "quoted" $HOME', "x" * 255])
def test_an_alias_is_the_text_of_the_user(text: str) -> None:
    params: Values = {
        "links": [
            {"type": "bridge", "name": "br0", "alias": text},
            {"type": "veth", "name": "a", "alias": text, "peer": {"name": "b", "alias": text}},
            {"type": "tuntap", "name": "t", "mode": "tap", "alias": text},
        ]
    }
    four_steps(**params)
    assert aliases(snapshot()) == ({f"/{name}": text for name in ("br0", "a", "b", "t")} if text else {})
    assert all(link["alias"] == text for link in info(layout="lab")["links"])


SINGLE = [
    ("vnet_bridge", {"name": "br0"}),
    ("vnet_tuntap", {"name": "tap0", "mode": "tap"}),
    ("vnet_veth", {"name": "up0", "peer": {"name": "eth0", "netns": "red"}}),
]


@pytest.mark.parametrize(("module", "params"), SINGLE)
def test_single_modules_do_not_change_whose_a_link_is(module: str, params: Values) -> None:
    lay(**full())
    key = f"/{params['name']}"
    result = run(module, **params, alias="words")
    assert resource(module, result)["alias"] == "words"
    assert aliases(snapshot())[key] == "words"
    assert run(module, **params, alias="words")["changed"] is False
    assert resource(module, run(module, **params, alias=""))["alias"] == ""
    assert owners()[key] == NAME
    clear()
    assert names(snapshot()) == []


def test_single_modules_keep_what_an_adopted_link_remembers() -> None:
    _by_hand()
    before = snapshot()
    lay(**cable({}, {"mtu": 1300, "alias": "ours"}))
    run("vnet_veth", name="q", netns="red", peer={"name": "p"}, alias="theirs")
    assert owners(adopted=True)["red/q"] == NAME
    clear()
    assert not difference(before, snapshot())
