# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What vnet_info returns, and that its declaration is one of the very host that it came from."""

from __future__ import annotations

import json
import os
import shutil
from typing import Any, Callable, List, NamedTuple
from unittest.mock import Mock, call

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._info import TYPES
from features import has, needs, needs_program
from layouts import BY_HAND, REGISTRY, clear, counts, full, info, lay, link_in, mac, names, settled
from packets import attached, reaches
from support import Values, difference, portable, private_network, run, sh, snapshot


class Place(NamedTuple):
    name: str
    prepare: Callable[[], Any]
    feature: str = ""


def _by_hand() -> None:
    needs_program("ip")
    sh(" && ".join(BY_HAND))


def _lines(*lines: str) -> Callable[[], None]:
    def prepare() -> None:
        needs_program("ip")
        sh(*lines)

    return prepare


PLACES: List[Place] = [
    Place("nothing", lambda: None),
    Place("layout", lambda: lay(**full())),
    Place("by-hand", _by_hand),
    Place("namespaces", _lines("ip netns add red", "ip netns add blue", "ip -n red link set lo up", "ip -n red address add 10.255.0.1/32 dev lo")),
    Place(
        "namespace-routes",
        _lines(
            "ip netns add red",
            "ip -n red link set lo up",
            "ip -n red route add blackhole 10.0.0.0/8 proto static",
            "ip -n red route add prohibit 10.1.0.0/16 metric 5 table 100 proto static",
            "ip -n red -6 route add unreachable 2001:db8:9::/48 proto static",
        ),
    ),
    Place(
        "bridge",
        _lines(
            "ip link add br0 type bridge stp_state 1 forward_delay 400 priority 4096 ageing_time 1000 group_fwd_mask 8",
            "ip link set br0 mtu 1400 txqueuelen 7 alias 'two words' group 5 arp off multicast off up",
        ),
    ),
    Place("bridge-down", _lines("ip link add br0 type bridge")),
    Place("bridge-without-ipv6", _lines("ip link add br0 type bridge", "sysctl -qw net.ipv6.conf.br0.disable_ipv6=1", "ip link set br0 addrgenmode none up")),
    Place("bridge-with-mac", _lines(f"ip link add br0 address {mac(1)} type bridge", "ip link set br0 up")),
    Place(
        "ports",
        _lines(
            "ip link add br0 type bridge && ip link add p type veth peer name q && ip tuntap add t0 mode tap",
            "ip link set p master br0 && ip link set dev t0 master br0 && ip link set q master br0",
            "bridge link set dev p cost 9 hairpin on && bridge link set dev t0 isolated on learning off",
            "ip link set br0 up && ip link set p up && ip link set q up && ip link set dev t0 up",
        ),
    ),
    Place(
        "backup-port",
        _lines(
            "ip link add br0 type bridge", "ip link add p master br0 type veth peer name q", "ip link set q master br0", "bridge link set dev p backup_port q"
        ),
    ),
    Place(
        "cables",
        _lines(
            "ip netns add red && ip netns add blue",
            "ip -n red link add name a mtu 1400 type veth peer name b netns blue",
            "ip link add name c type veth peer name d netns red",
            "ip -n red link add name e type veth peer name f",
            "ip -n red link set dev a up && ip -n blue link set dev b up",
            "ip -n red address add 192.0.2.1/24 dev a && ip -n red address add 192.0.2.2/24 dev a && ip -n red address add 2001:db8::1/64 dev a nodad",
            "ip -n red route add default via 192.0.2.9 && ip -n red route add 10.0.0.0/8 dev a table 7 metric 3",
            "ip -n red -6 route add 2001:db8:9::/48 via 2001:db8::9",
        ),
    ),
    Place("queues", _lines("ip link add name a numtxqueues 3 numrxqueues 2 type veth peer name b")),
    Place(
        "tuntaps",
        _lines(
            "ip tuntap add t0 mode tap multi_queue pi vnet_hdr && ip tuntap add t1 mode tun user 0",
            "ip address add 10.9.0.1 peer 10.9.0.2 dev t1 && ip link set dev t1 up && ip route add 10.10.0.0/16 dev t1",
        ),
    ),
    Place(
        "route-with-everything",
        _lines("ip link add br0 up type bridge", "ip address add 192.0.2.1/24 dev br0", "ip route add 10.0.0.0/8 via 203.0.113.9 dev br0 onlink src 192.0.2.1"),
    ),
    Place(
        "vlans",
        _lines(
            "ip link add br0 up type bridge vlan_filtering 1 vlan_default_pvid 7",
            "ip link add p up master br0 type veth peer name q",
            "bridge vlan add dev p vid 10 pvid untagged && bridge vlan add dev p vid 20-30 && bridge vlan add dev br0 vid 5 self",
        ),
        "vlan_filtering",
    ),
    Place(
        "vlans-without-a-default",
        _lines("ip link add br0 up type bridge vlan_filtering 1 vlan_default_pvid 0", "ip link add p up master br0 type veth peer name q"),
        "vlan_filtering",
    ),
]


STRANGE = {
    "autojoin": _lines("ip link add br0 up type bridge", "ip address add 239.10.10.10/32 dev br0 autojoin", "ip address add ff05::1234/128 dev br0 autojoin"),
    "vrf": _lines("ip link add vrf1 type vrf table 7", "ip link add name a master vrf1 type veth peer name b", "ip link add name br0 master vrf1 type bridge"),
    "bond": _lines("ip link add bond1 type bond", "ip link add name a type veth peer name b", "ip link set dev a master bond1"),
    "routes": _lines(
        "ip link add br0 up type bridge && ip address add 192.0.2.1/24 dev br0 && ip -6 address add 2001:db8::1/64 dev br0 nodad",
        "ip route add 10.1.0.0/16 via inet6 2001:db8::9 dev br0",
        "ip route add 10.2.0.0/16 dev br0 scope 42",
        "ip route add 10.3.0.0/16 nexthop via 192.0.2.8 dev br0 nexthop via 192.0.2.9 dev br0",
        "ip route add throw 10.4.0.0/16",
        "ip route add 10.5.0.0/16 dev br0 tos 8",
        "ip nexthop add id 5 via 192.0.2.9 dev br0 && ip route add 10.6.0.0/16 nhid 5",
        "ip route add local 10.7.0.0/16 dev br0 table 9",
    ),
}
"""What no option of a layout can say."""


@pytest.mark.parametrize("name", STRANGE)
def test_what_cannot_be_declared_is_left_out_and_left_alone(name: str) -> None:
    needs_program("ip")
    try:
        STRANGE[name]()
    except AssertionError as error:
        assert "Unknown device type" in str(error)  # noqa: PT017 - any other is a mistake in the lines
        pytest.skip(f"this kernel has no {name}")
    before = snapshot()
    declaration = info()["declaration"]
    lay(**declaration)
    settled(**declaration)
    clear()
    assert not difference(before, snapshot())


@pytest.mark.parametrize("macs", [False, True], ids=["without-macs", "with-macs"])
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_a_declaration_changes_nothing_and_is_given_back_byte_for_byte(place: Place, macs: bool) -> None:
    if place.feature:
        needs(place.feature)
    place.prepare()
    if place.name == "layout":
        _without_owner()
    before = snapshot()
    found = info(macs=macs)
    assert snapshot() == before
    declaration = found["declaration"]
    json.dumps(found)
    result = lay(**declaration)
    assert result["commands"] == []
    assert counts(result, "created") == counts(result, "changed") == counts(result, "removed") == {}
    assert lay(**declaration)["changed"] is False
    again = info(macs=macs)
    assert again["declaration"] == declaration
    if names(before) and place.name != "nothing":
        assert info(macs=macs, layout="lab")["declaration"] == {**declaration, "namespaces": again["declaration"]["namespaces"]}
    clear()
    assert not difference(before, snapshot())


def _without_owner() -> None:
    """As if people had made it."""
    shutil.rmtree(REGISTRY / "layouts")


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_a_declaration_builds_the_same_elsewhere(place: Place) -> None:
    if place.feature:
        needs(place.feature)
    with private_network():
        place.prepare()
        if place.name == "layout":
            _without_owner()
        expected = portable(snapshot())
        declaration = info(macs=True)["declaration"]
    lay(**declaration)
    state = portable(snapshot())
    for side in (expected, state):
        for network in side.values():
            network["addresses"] = [address for address in network["addresses"] if address["index"] != "lo"]
            for link in network["links"].values():
                link.pop("address", None)  # of those that the kernel chose only one side begins with 02
                for code in (31, 32, 50, 51, 59, 60):  # queues, limits of the machine
                    link.pop(code, None)
            for route in network["routes"]:
                route["protocol"] = 4
    assert not difference(expected, state)
    assert info(macs=True)["declaration"] == declaration


ROUTER = (
    "ip netns add red && ip -n red link set dev lo up && ip link add name a.1 type veth peer name b netns red && ip -n red link set dev b up",
    "ip netns exec red sysctl -qw net.ipv4.conf.b.rp_filter=2 net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.default.arp_ignore=1",
    "ip netns exec red sysctl -qw net.ipv4.conf.lo.arp_ignore=2 net.ipv6.conf.default.accept_ra=0",
    "sysctl -qw net.ipv4.conf.a/1.proxy_arp=1 net.ipv6.conf.all.forwarding=1",
)


def test_settings_that_a_new_namespace_does_not_have_are_declared() -> None:
    needs_program("ip")
    assert info()["declaration"]["sysctl"] == {}
    sh(*ROUTER)
    declaration = info()["declaration"]
    assert declaration["sysctl"] == {"net.ipv6.conf.all.forwarding": "1", "net.ipv4.conf.a/1.proxy_arp": "1"}
    (red,) = declaration["namespaces"]
    assert red["sysctl"] == {
        "net.ipv4.ip_forward": "1",
        "net.ipv4.conf.all.rp_filter": "1",
        "net.ipv4.conf.default.arp_ignore": "1",
        "net.ipv6.conf.default.accept_ra": "0",
        "net.ipv4.conf.lo.arp_ignore": "2",
        "net.ipv4.conf.b.rp_filter": "2",
        "net.ipv6.conf.b.accept_ra": "1",
        "net.ipv6.conf.lo.accept_ra": "1",
    }
    result = lay(**declaration)
    assert result["commands"] == []
    assert info(layout="lab")["declaration"]["sysctl"] == {"net.ipv4.conf.a/1.proxy_arp": "1"}
    with private_network():
        lay(**declaration)
        settled(**declaration)
        assert info()["declaration"] == declaration


def test_what_a_declaration_lacks_is_listed() -> None:
    needs_program("ip")
    sh("ip link add br0 up type bridge && ip link add name v0 up type veth peer name v1 && ip link set dev v1 up")
    sh("ip address add 192.0.2.1/24 brd + dev br0 label br0:x noprefixroute && ip address add 192.0.2.2/24 dev br0 valid_lft 500 preferred_lft 400")
    sh("ip address add 10.9.0.1/24 dev v0 && ip route add 10.1.0.0/16 dev v0 mtu lock 900 && ip route add 10.2.0.0/16 dev v0 proto 99")
    sh("ip netns add red && ip -n red link set dev lo up && ip -n red route add blackhole 10.66.0.0/16")
    sh("ip route add 10.3.0.0/16 proto static nexthop via 10.9.0.8 dev v0 nexthop via 10.9.0.9 dev v0", "ip route add throw 10.4.0.0/16 proto static")
    found = info()
    lacks = {(lack["link"], lack["what"].partition(" valid_lft")[0], lack["declared"]) for lack in found["declaration_lacks"]}
    assert lacks == {
        ("br0", "address 192.0.2.2/24", False),
        ("v0", "route 10.1.0.0/16 mtu lock 900", True),
        ("lo", "route throw 10.4.0.0/16 scope global proto static", False),
    }
    links = {link["name"]: link for link in found["declaration"]["links"]}
    assert links["br0"]["addresses"] == ["192.0.2.1/24 broadcast 192.0.2.255 label br0:x noprefixroute"]
    assert {"to": "10.2.0.0/16", "protocol": "99"} in links["v0"]["routes"]
    assert found["declaration"]["routes"] == [
        {"to": "10.3.0.0/16", "nexthops": [{"via": "10.9.0.8", "dev": "v0", "weight": 1}, {"via": "10.9.0.9", "dev": "v0", "weight": 1}]},
    ]
    assert info(exclude=["br0", "v0"])["declaration_lacks"] == [lack for lack in found["declaration_lacks"] if lack["link"] == "lo"]


# What is returned


def test_counters_are_returned_when_asked() -> None:
    run("vnet_netns", name="red")
    run("vnet_veth", name="v0", addresses=["192.0.2.1/24"], peer={"name": "v1", "netns": "red", "addresses": ["192.0.2.2/24"]})
    assert reaches("", "192.0.2.2")
    found = {link["name"]: link["status"] for link in info(counters=True)["links"]}
    assert found["v0"]["counters"]["rx_packets"] >= 1
    assert found["v0"]["counters"]["tx_bytes"] >= found["v0"]["counters"]["tx_packets"] >= 1
    assert found["v0"]["counters"]["rx_errors"] == 0
    assert all("counters" not in link["status"] for link in info()["links"])


def test_links_are_in_the_words_of_the_options() -> None:
    lay(**full())
    links = {(link["netns"], link["name"]): link for link in info()["links"]}
    assert links["", "br0"]["stp"] is True
    assert links["", "br0"]["addresses"] == ["192.0.2.1/24", "2001:db8::1/64"]
    assert links["red", "eth0"]["peer"] == {"name": "up0", "netns": ""}
    assert links["red", "eth0"]["routes"][0]["via"] == "192.0.2.1"
    assert (links["", "tap0"]["type"], links["blue", "tun0"]["mode"], links["red", "lo"]["type"]) == ("tuntap", "tun", "loopback")
    assert links["", "tap0"]["alias"] == "for a machine"
    assert links["", "up0"]["port"]["cost"] == 9
    assert links["", "up0"]["status"]["ifindex"] > 0
    assert {link["layout"] for key, link in links.items() if key != ("", "lo")} == {"lab"}
    assert not any(link["adopted"] for link in links.values())


def test_namespaces_have_their_routes_and_their_owner() -> None:
    lay(**full())
    run("vnet_netns", name="green", nsid=5)
    found = {namespace["name"]: namespace for namespace in info()["namespaces"]}
    assert list(found) == ["", "blue", "green", "red"]
    assert [route["to"] for route in found["red"]["routes"] if route["type"] == "blackhole"] == ["10.0.0.0/8"]
    assert (found["green"]["nsid"], found["green"]["layout"]) == (5, None)
    assert (found["red"]["layout"], found["red"]["adopted"]) == ("lab", False)


def test_what_was_adopted_says_so() -> None:
    run("vnet_bridge", name="br0")
    lay(links=[{"type": "bridge", "name": "br0", "priority": 5}])
    (link,) = info(types=["bridge"])["links"]
    assert (link["layout"], link["adopted"], link["alias"]) == ("lab", True, "")


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"types": ["bridge"]}, ["/br0", "/other", "red/inner"]),
        ({"types": ["tuntap"]}, ["/tap0", "blue/tun0"]),
        ({"types": ["veth"]}, ["/h2", "/up0", "blue/b1", "blue/h1", "red/eth0", "red/r1"]),
        ({"types": ["loopback"]}, ["/lo", "blue/lo", "red/lo"]),
        ({"namespaces": ["blue"]}, ["blue/b1", "blue/h1", "blue/lo", "blue/tun0"]),
        ({"namespaces": ["blue", "blue", "red"], "types": ["tuntap", "bridge"]}, ["blue/tun0", "red/inner"]),
        ({"namespaces": [""], "types": ["bridge"]}, ["/br0", "/other"]),
        ({"namespaces": []}, []),
        ({"layout": "lab", "types": ["bridge"]}, ["/br0", "red/inner"]),
        ({"types": ["bridge", "tuntap", "veth"], "layout": "guest"}, ["/other"]),
    ],
)
def test_filters(params: Values, expected: List[str]) -> None:
    lay(**full())
    lay(name="guest", links=[{"type": "bridge", "name": "other"}])
    assert sorted(f"{link['netns']}/{link['name']}" for link in info(**params)["links"] if link["type"] != "other") == expected


def test_every_type_may_be_asked_for() -> None:
    lay(**full())
    everything = sorted((link["netns"], link["name"], link["type"]) for link in info()["links"])
    assert everything == sorted((link["netns"], link["name"], word) for word in TYPES for link in info(types=[word])["links"])


def test_a_namespace_that_is_not_there_is_an_error() -> None:
    with pytest.raises(VnetError, match="there is no namespace nowhere"):
        info(namespaces=["nowhere"])


def test_a_cable_to_nowhere_is_not_declared() -> None:
    needs_program("ip")
    sh("ip netns add red", "ip link add name a type veth peer name b netns red")
    found = info(namespaces=[""])
    assert found["declaration"]["links"] == []
    assert {"netns": "", "link": "a", "what": "its peer is in a namespace that was not read, or has no name", "declared": False} in found["declaration_lacks"]
    assert len(info()["declaration"]["links"]) == 1
    assert info()["declaration_lacks"] == []


def test_a_stale_file_is_no_namespace() -> None:
    needs_program("ip")
    sh("ip netns add red", "touch /run/netns/stale")
    assert [namespace["name"] for namespace in info()["namespaces"]] == ["", "red"]


def test_fdb_on_request() -> None:
    needs_program("ip")
    lay(**full())
    assert "fdb" not in info()
    sh(f"bridge fdb add {mac(99)} dev up0 master static", f"bridge fdb add {mac(98)} dev up0 master static sticky")
    entries = {entry["mac"]: entry for entry in info(fdb=True)["fdb"] if entry["mac"] in (mac(98), mac(99))}
    assert (entries[mac(99)]["bridge"], entries[mac(99)]["port"], entries[mac(99)]["permanent"]) == ("br0", "up0", False)
    assert "sticky" in entries[mac(98)]["flags"]
    assert info(fdb=True, namespaces=["blue"])["fdb"] == []
    assert {entry["bridge"] for entry in info(fdb=True, layout="lab")["fdb"]} == {"br0", "inner"}


def test_what_a_bridge_follows_its_ports_in_is_not_declared() -> None:
    """Else the kernel would not follow them any more."""
    run("vnet_bridge", name="br0")
    for number, mtu in enumerate((1400, 1450)):
        run("vnet_veth", name=f"v{number}", mtu=mtu, master="br0", peer=f"w{number}")

    def declared_mtu() -> Any:
        return next(link for link in info()["declaration"]["links"] if link["name"] == "br0").get("mtu")

    assert (next(link for link in info()["links"] if link["name"] == "br0")["mtu"], declared_mtu()) == (1400, None)
    layout = info()["declaration"]
    layout["links"] = [{**link, "mtu": 1300} if link["name"] == "v0" else link for link in layout["links"]]
    lay(**layout)
    assert next(link for link in info()["links"] if link["name"] == "br0")["mtu"] == 1300
    run("vnet_bridge", name="br0", mtu=1280)
    assert declared_mtu() == 1280


def test_the_vlans_of_every_port_are_declared_where_they_count() -> None:
    """So that one that somebody adds later is noticed."""
    needs("vlan_filtering")
    needs_program("bridge")
    sh("ip link add br0 up type bridge vlan_filtering 1", "ip link add p up master br0 type veth peer name q", "ip link add br1 up type bridge")
    sh("ip link add r up master br1 type veth peer name s")
    found = info()["declaration"]["links"]
    assert link_in({"links": found}, "p")["port"]["vlans"] == [{"vid": "1", "pvid": True, "untagged": True}]
    assert "port" not in link_in({"links": found}, "r")
    lay(name="mine", links=found)
    sh("bridge vlan add dev p vid 99")
    assert lay(name="mine", links=found)["commands"] == ["bridge vlan delete dev p vid 99"]


def test_vlans_are_returned_where_the_kernel_has_them() -> None:
    if not has("vlan_filtering"):
        needs("vlan_filtering")
    lay(**full())
    (link,) = [link for link in info()["links"] if link["name"] == "up0"]
    assert {"vid": "20-30", "pvid": False, "untagged": False} in link["port"]["vlans"]


def test_looking_touches_nothing() -> None:
    lay(**full())
    before = snapshot()
    info(fdb=True, macs=True)
    assert snapshot() == before


def test_the_programs_that_hold_devices_are_found_at_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many devices are held."""
    listdir = Mock(wraps=os.listdir)
    monkeypatch.setattr(os, "listdir", listdir)
    with attached("t0", "tap"), attached("t1", "tap"), attached("t2", "tun"):
        holders = {link["name"]: link["status"]["pids"] for link in info()["links"] if link["kind"] in ("tun", "tap")}
    assert holders == {name: [os.getpid()] for name in ("t0", "t1", "t2")}
    assert listdir.mock_calls.count(call("/proc")) == 1


def test_a_layout_that_does_not_exist_is_an_error() -> None:
    lay(**full())
    with pytest.raises(VnetError, match="layout: there is no layout nobody on this host"):
        info(layout="nobody")


def test_what_belongs_to_a_layout_or_is_named_can_be_left_out() -> None:
    needs_program("ip")
    lay(name="lan", namespaces=[{"name": "red"}], links=[{"type": "veth", "name": "to-red", "peer": {"name": "eth0", "netns": "red"}}])
    sh("ip netns add blue", "ip link add br9 type bridge", "ip link add docker0 type bridge", "ip link add v0 type veth peer name docker1")
    sh("ip link add p type veth peer name q netns blue")
    found = info(for_layout="mine", exclude=["docker*", "blu?"])
    assert found["declaration"]["namespaces"] == []
    assert found["declaration"]["links"] == [{"type": "bridge", "name": "br9", "up": False}]
    assert [link["name"] for link in found["links"]] == ["lo", "br9", "v0", "p"]
    result = lay(name="mine", **info(for_layout="mine")["declaration"])
    assert counts(result, "adopted") == {"namespaces": 1, "links": 4}
    assert result["commands"] == []
    assert lay(name="mine", **info(for_layout="mine")["declaration"])["changed"] is False


def test_link_local_addresses_that_somebody_added_are_declared() -> None:
    needs_program("ip")
    sh("ip link add br0 type bridge", "ip link set br0 up", "ip address add fe80::1/64 dev br0", "ip address add 169.254.1.1/16 dev br0")
    assert info()["declaration"]["links"] == [{"type": "bridge", "name": "br0", "addresses": ["169.254.1.1/16", "fe80::1/64"]}]


def test_a_loopback_that_was_renamed() -> None:
    needs_program("ip")
    sh("ip netns add red && ip -n red link set dev lo name loop")
    for asked in (["red"], None):
        assert {namespace["name"] for namespace in info(namespaces=asked)["declaration"]["namespaces"]} == {"red"}


def test_settings_that_a_new_namespace_may_inherit_are_declared() -> None:
    needs_program("ip")
    sh("ip netns add red && sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.default.rp_filter=2")
    (red,) = info()["declaration"]["namespaces"]
    assert red["sysctl"] == {"net.ipv4.ip_forward": "0", "net.ipv4.conf.default.rp_filter": "0"}
    lay(**info()["declaration"])
    settled(**info(for_layout="lab")["declaration"])


def test_routes_and_rules_of_another_layout_are_not_for_this_one() -> None:
    lay(name="other", routes=[{"to": "10.99.0.0/16", "type": "blackhole"}], rules=[{"priority": 99, "from": "10.99.0.0/16", "table": 99}])
    run("vnet_netns", name="red", routes=[{"to": "10.98.0.0/16", "type": "blackhole"}])
    mine = info(for_layout="mine")["declaration"]
    assert "routes" not in mine
    assert "rules" not in mine
    assert [route["to"] for route in info(for_layout="other")["declaration"]["routes"]] == ["10.99.0.0/16"]
    lay(name="mine", **mine)
    assert lay(name="mine", **info(for_layout="mine")["declaration"])["changed"] is False
