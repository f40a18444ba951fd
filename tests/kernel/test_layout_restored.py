# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a layout takes from an adopted link, or the kernel drops beside, is restored exactly: every attribute, and the order."""

from __future__ import annotations

import errno
import time
from difflib import ndiff
from pathlib import Path
from socket import AF_INET6
from typing import Any, List, NamedTuple, Set

import pytest
import yaml
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from features import needs, needs_program
from kernel_kinds import needs_kind
from layouts import clear, contradiction, lay, mac, records
from moments import DELETIONS, Failing
from support import Values, difference, ip, private_network, restorable, run, sh, snapshot

ADDRESSES = [
    "192.0.2.50/24 broadcast 192.0.2.200 label eth0:1",
    "192.0.2.51/24 broadcast + metric 77",
    "198.51.100.1/24 noprefixroute",
    "203.0.113.129/25 scope link",
    "198.51.100.2/24",
    "10.9.0.1 peer 10.9.0.2/32 broadcast 10.9.0.255",
    "192.0.2.49/24 valid_lft 10000 preferred_lft 9000",
    "2001:db8::1/64 noprefixroute metric 5 nodad",
    "2001:db8::2/64 home nodad",
    "2001:db8::3/64 nodad valid_lft 10000 preferred_lft 9000",
]
ROUTES = [
    "default via 192.0.2.1 proto 99 metric 100",
    "203.0.118.0/24 via 192.0.2.1 proto dhcp",
    "203.0.113.0/24 via 192.0.2.2 proto boot mtu 1400 advmss 1300 initcwnd 20",
    "203.0.113.0/24 via 192.0.2.3 metric 7 table 77 proto 99",
    "203.0.114.0/25 via inet6 2001:db8::9 src 192.0.2.50",
    "203.0.115.0/24 nexthop via 192.0.2.4 weight 2 nexthop via 192.0.2.5 weight 3",
    "203.0.116.0/24 dev eth0 scope link mtu lock 900",
    "203.0.117.0/24 via 172.16.0.9 dev eth0 onlink",
]
ROUTES6 = [
    "default via 2001:db8::fffe proto ra metric 1024 pref high",
    "2001:db8:1::/48 via 2001:db8::9 proto boot mtu 1400 hoplimit 7",
    "2001:db8:2::/48 via 2001:db8::9 expires 10000",
    "2001:db8:3::/48 nexthop via 2001:db8::a dev eth0 nexthop via 2001:db8::b dev eth0",
    "2001:db8::/64 dev eth0 metric 300",
]
NEIGHBOURS = [
    f"192.0.2.7 lladdr {mac(7)} nud permanent",
    f"2001:db8::7 lladdr {mac(7)} nud permanent",
    "proxy 192.0.2.8",
    "proxy 2001:db8::8",
]


def card() -> None:
    """A link with everything that addresses and routes can have, and neighbours."""
    needs_program("ip")
    sh(
        f"ip link add eth0 address {mac(1)} type veth peer name far address {mac(2)}",
        "ip link set far up",
        "ip link set eth0 up",
        *(f"ip address add {address} dev eth0" for address in ADDRESSES),
        *(f"ip route add {route}" for route in ROUTES),
        *(f"ip -6 route add {route}" for route in ROUTES6),
        *(f"ip neighbour add {neighbour} dev eth0" for neighbour in NEIGHBOURS),
    )


def shown() -> List[str]:
    """The addresses and routes, as C(_shown), when the kernel has added the local route of each IPv6 address, which it does later."""
    deadline = time.monotonic() + 10
    while True:
        lines = _shown()
        held = {line.split()[3].split("/")[0] for line in lines if line.split()[1:3] == ["eth0", "inet6"]}
        if held <= {line.split()[1] for line in lines if line.startswith("local ")} or time.monotonic() > deadline:
            return lines


def _shown() -> List[str]:
    """As ip shows them, without what counts down, and without the order of IPv6 addresses."""
    text = (
        ip("ip", "-o", "address", "show", "dev", "eth0")
        + ip("ip", "-o", "route", "show", "table", "all")
        + ip("ip", "-6", "-o", "route", "show", "table", "all")
    )
    lines = [line.strip() for line in text.splitlines() if "fe80:" not in line and "multicast" not in line]
    lines = [" ".join(word for word in line.split() if word != "expires" and not _counts_down(word)) for line in lines]
    return [line for line in lines if "inet6" not in line] + sorted(line for line in lines if "inet6" in line)


def changes(before: List[str]) -> List[str]:
    """How the lines differ from those before."""
    return [line for line in ndiff(before, shown()) if line[0] in "+-"]


def _counts_down(word: str) -> bool:
    return word.rstrip("sec").isdigit() and 8000 < int(word.rstrip("sec")) <= 10000


class Taking(NamedTuple):
    """What a layout does with the link."""

    name: str
    item: Values
    bridge: bool = False


TAKINGS = [
    Taking("nothing", {}),
    Taking("all-addresses-and-routes", {"addresses": [], "routes": []}),
    Taking("all-addresses", {"addresses": []}),
    Taking("all-routes", {"routes": []}),
    Taking("up", {"up": False}),
    Taking("disable_ipv6", {"disable_ipv6": True}),
    Taking("small-mtu", {"mtu": 600}),
    Taking("another-gateway", {"routes": [{"to": "default", "via": "192.0.2.99", "metric": 100}], "purge_routes": False}),
    Taking("a-secondary-alone", {"addresses": ["192.0.2.51/24"]}),
    Taking("a-primary-alone", {"addresses": ["192.0.2.50/24"]}),
    Taking(
        "others", {"addresses": ["192.0.2.51/24", "203.0.113.9/24", "2001:db8::2/64", "2001:db8:7::1/64"], "routes": [{"to": "default", "via": "203.0.113.1"}]}
    ),
    Taking("port", {"addresses": [], "routes": [], "master": "br0"}, bridge=True),
]


def released() -> Values:
    """Removes the layout, as check mode foretells, but for lifetimes, which count down."""
    planned = lay(check=True, state="absent", force=True)
    result = clear(force=True)
    assert [line.split(" valid_lft")[0] for line in planned["commands"]] == [line.split(" valid_lft")[0] for line in result["commands"]]
    return result


def declared(taking: Taking) -> Values:
    bridge: List[Values] = [{"type": "bridge", "name": "br0", "mac": mac(9), "addresses": ["203.0.120.1/24"]}] if taking.bridge else []
    return {"force": True, "links": [*bridge, {"name": "eth0", **taking.item}]}


@pytest.mark.parametrize("taking", TAKINGS, ids=lambda taking: taking.name)
def test_what_a_layout_takes_is_restored_exactly(taking: Taking) -> None:
    card()
    before, state = shown(), snapshot()
    lay(**declared(taking))
    assert lay(**declared(taking))["changed"] is False
    result = released()
    assert changes(before) == [], result["commands"]
    assert not difference(state, snapshot()), result["commands"]


@pytest.mark.parametrize("second", TAKINGS[1:], ids=lambda taking: taking.name)
@pytest.mark.parametrize("first", [TAKINGS[1], TAKINGS[4], TAKINGS[7], TAKINGS[10]], ids=lambda taking: taking.name)
def test_what_two_declarations_take_is_restored_exactly(first: Taking, second: Taking) -> None:
    card()
    before = shown()
    lay(**declared(first))
    lay(**declared(second))
    result = released()
    assert changes(before) == [], result["commands"]


@pytest.mark.parametrize("taking", TAKINGS[1:], ids=lambda taking: taking.name)
def test_the_commands_restore_the_same(taking: Taking) -> None:
    with private_network():
        card()
        lay(**declared(taking))
        commands: List[str] = clear(force=True)["commands"]
        expected = shown()
    card()
    lay(**declared(taking))
    sh(*(line for command in commands for line in command.splitlines() if not line.startswith("#")))
    told = [line for command in commands for line in command.splitlines() if line.startswith("#")]
    kept = [line for line in expected if not any(word in line for word in ("203.0.115.0/24", "2001:db8:3::/48", "nexthop"))] if told else expected
    assert [line for line in shown() if line in kept or not told] == kept


def test_the_difference_of_a_removal_is_that_of_the_layout_the_other_way_round() -> None:
    run("vnet_netns", name="red")
    run(
        "vnet_veth",
        name="v0",
        addresses=["10.0.4.1/24"],
        peer={"name": "eth0", "netns": "red", "addresses": ["10.0.4.2/24"], "routes": [{"to": "10.9.0.0/16"}]},
    )
    peer = {"addresses": ["10.0.5.2/24"], "mtu": 1450, "routes": [{"to": "10.8.0.0/16"}], "neighbours": [{"to": "10.0.5.9", "mac": mac(9)}]}
    layout: Values = {
        "namespaces": [{"name": "red", "rules": [{"priority": 7, "table": "100"}], "routes": [{"to": "10.7.0.0/16", "type": "blackhole"}]}],
        "links": [{"type": "veth", "name": "v0", "addresses": ["10.0.5.1/24"], "peer": {"name": "eth0", "netns": "red", **peer}}],
    }
    results = lay(**layout), clear()
    assert [result["summary"]["links"]["changed"] for result in results] == [1, 1]
    forth, back = ({when: yaml.safe_load(text) for when, text in result["diff"].items()} for result in results)
    for one, other in ((back["before"], forth["after"]), (back["after"], forth["before"])):
        assert contradiction(one, other) == ""
        assert set(one["links"][0]["peer"]) >= {"addresses", "mtu", "routes", "neighbours"}
        assert set(one["namespaces"][0]) >= {"rules", "routes"}


EXACT: Values = {
    "namespaces": [{"name": "red", "rules": [], "routes": []}],
    "links": [{"type": "bridge", "name": "br0", "netns": "red", "mtu": 1400, "addresses": ["10.0.0.1/24", "2001:db8::1/64"], "routes": [], "neighbours": []}],
}
LATER = [
    "ip -n red address add 10.0.0.66/24 dev br0",
    "ip -n red address add 2001:db8::66/64 dev br0 nodad",
    "ip -n red link set br0 mtu 1300",
    "ip -n red rule add prohibit from 10.0.0.9 priority 90",
    "ip -n red route add blackhole 10.9.0.0/16",
    "ip -n red route add 10.8.0.0/16 via 10.0.0.9 dev br0",
    "ip -n red neighbour add 10.0.0.9 lladdr 02:00:00:00:00:09 dev br0 nud permanent",
]


def test_what_was_added_to_exact_lists_after_the_adoption_does_not_come_back() -> None:
    needs_program("ip")
    run("vnet_netns", name="red", rules=[{"priority": 80, "table": "100"}], routes=[{"to": "10.7.0.0/16", "type": "blackhole"}])
    run("vnet_bridge", name="br0", netns="red", addresses=["10.0.0.1/24", "10.0.0.2/24", "2001:db8::1/64 nodad", "2001:db8::2/64 nodad"])
    before = snapshot()
    lay(**EXACT)
    for _time in range(2):
        sh(*LATER)
        assert lay(**EXACT)["changed"]
    clear()
    assert not difference(before, snapshot())


def test_a_port_that_was_added_after_the_adoption_does_not_come_back() -> None:
    needs_program("ip")
    sh("ip link add br0 type bridge", "ip link add p1 type veth peer name q1", "ip link add p2 type veth peer name q2", "ip link set p1 master br0")
    before = snapshot()
    layout: Values = {"links": [{"type": "bridge", "name": "br0", "up": False, "ports": []}]}
    lay(**layout)
    sh("ip link set p2 master br0")
    lay(**layout)
    assert "p2" not in " ".join(clear()["commands"])
    assert not difference(restorable(before), restorable(snapshot()))


def test_vlans_that_were_added_after_the_adoption_do_not_come_back() -> None:
    needs("vlan_filtering")
    sh("ip link add br0 type bridge vlan_filtering 1", "ip link add p1 type veth peer name q1", "ip link set p1 master br0")
    sh("bridge vlan add dev p1 vid 20", "bridge vlan add dev br0 vid 30 self")
    before = snapshot()
    port = {"name": "p1", "up": False, "port": {"vlans": [10]}}
    layout: Values = {"links": [{"type": "bridge", "name": "br0", "up": False, "vlans": [11]}, port]}
    lay(**layout)
    sh("bridge vlan add dev p1 vid 66", "bridge vlan add dev br0 vid 66 self")
    lay(**layout)
    clear()
    assert not difference(before, snapshot())


def test_what_was_declared_at_first_comes_back_when_it_is_not_declared_any_more() -> None:
    needs_program("ip")
    run("vnet_netns", name="red")
    run("vnet_bridge", name="br0", netns="red", addresses=["10.0.0.1/24", "10.0.0.2/24"])
    before = snapshot()
    for addresses in (["10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24"], ["10.0.0.3/24"], []):
        lay(namespaces=["red"], links=[{"type": "bridge", "name": "br0", "netns": "red", "addresses": addresses}])
    clear()
    assert not difference(before, snapshot())


def test_what_somebody_adds_while_a_list_is_not_declared_comes_back() -> None:
    """Also if it moves to a bridge before."""
    needs_program("ip")
    sh("ip link add eth0 type veth peer name far", "ip link set eth0 up", "ip address add 192.0.2.1/24 dev eth0")
    lay(force=True, links=[{"name": "eth0", "addresses": ["192.0.2.1/24"]}])
    lay(force=True, links=[{"name": "eth0"}])
    sh("ip address add 192.0.2.2/24 dev eth0")
    before = snapshot()
    both = ["192.0.2.1/24", "192.0.2.2/24"]
    lay(force=True, links=[{"type": "bridge", "name": "br0", "addresses": both}, {"name": "eth0", "master": "br0"}])
    clear(force=True)
    assert not difference(before, snapshot())
    lay(force=True, links=[{"name": "eth0", "addresses": both}])
    sh("ip address add 192.0.2.3/24 dev eth0")
    before = snapshot()
    lay(force=True, links=[{"type": "bridge", "name": "br0", "addresses": [*both, "192.0.2.3/24"]}, {"name": "eth0", "master": "br0", "addresses": []}])
    clear(force=True)
    assert not difference(before, snapshot())


def test_what_was_added_before_a_list_became_exact_comes_back() -> None:
    needs_program("ip")
    run("vnet_netns", name="red")
    run("vnet_bridge", name="br0", netns="red", addresses=["10.0.0.1/24"])
    lay(namespaces=["red"], links=[{"type": "bridge", "name": "br0", "netns": "red"}])
    sh("ip -n red address add 10.0.0.66/24 dev br0")
    before = snapshot()
    lay(namespaces=["red"], links=[{"type": "bridge", "name": "br0", "netns": "red", "addresses": ["10.0.0.1/24"]}])
    clear()
    assert not difference(before, snapshot())


def _injected() -> KernelError:
    return KernelError(errno.EIO, "injected")


@pytest.mark.parametrize("taking", [TAKINGS[1], TAKINGS[4], TAKINGS[8], TAKINGS[11]], ids=lambda taking: taking.name)
def test_a_release_that_fails_leaves_everything_as_it_was(taking: Taking, every: bool) -> None:
    with private_network():
        card()
        lay(**declared(taking))
        with Failing() as whole:
            clear(force=True)
    tried: Set[type] = set()
    for number, step in enumerate(whole.steps, 1):
        if isinstance(step, DELETIONS) or (type(step) in tried and not every):
            continue
        tried.add(type(step))
        with private_network():
            card()
            lay(**declared(taking))
            before: Any = shown()
            with Failing(number, _injected), pytest.raises(VnetError, match="The host is as it was before"):
                clear(force=True)
            assert shown() == before, step


def test_a_route_by_a_nexthop_object_is_restored() -> None:
    card()
    sh("ip nexthop add id 7 via 192.0.2.9 dev eth0", "ip route add 203.0.121.0/24 nhid 7")
    before = shown()
    lay(force=True, links=[{"name": "eth0", "routes": [], "addresses": []}])
    result = clear(force=True)
    assert changes(before) == [], result["commands"]


def test_what_cannot_be_restored_any_more_is_a_warning() -> None:
    card()
    sh("ip link add gone type bridge", "ip link set gone up", "ip address add 203.0.122.1/24 dev gone")
    sh("ip route add 203.0.123.0/24 nexthop via 192.0.2.9 dev eth0 nexthop via 203.0.122.9 dev gone")
    lay(force=True, links=[{"name": "eth0", "up": False}])
    sh("ip link delete gone")
    result = clear(force=True)
    assert any("route add 203.0.123.0/24 is not restored" in warning for warning in result["warnings"])


def test_a_release_that_fails_leaves_the_routes_of_a_namespace() -> None:
    needs_program("ip")
    sh("ip netns add red", "ip -n red link set lo up")
    lay(namespaces=[{"name": "red", "routes": [{"to": "10.66.0.0/16", "type": "blackhole"}]}], links=[{"type": "bridge", "name": "br0"}])
    before = snapshot()
    with Failing(2, _injected), pytest.raises(VnetError, match="The host is as it was before"):
        clear(force=True)
    assert not difference(before, snapshot())


OF_THE_HOST = [
    {"dev": "eth0"},
    {"via": "10.0.0.8"},
    {"via": "10.0.0.8", "dev": "eth0"},
    {"via": "10.0.0.9", "mtu": 1400},
    {"via": "10.0.0.9", "dev": "eth0", "mtu": 1300},
    {"type": "blackhole"},
]


LINKS: List[List[Values]] = [[], [{"name": "eth0"}], [{"name": "eth0", "routes": [], "purge_routes": False}]]


@pytest.mark.parametrize("links", LINKS, ids=["link-not-declared", "link", "routes"])
@pytest.mark.parametrize("there", [[], ["10.9.0.0/16 via 10.0.0.9 proto 99"], ["unreachable 10.9.0.0/16"]], ids=["no-route", "route", "other-type"])
@pytest.mark.parametrize("route", OF_THE_HOST, ids=lambda route: "-".join(route))
def test_a_route_of_the_host_gives_its_place_back(route: Values, there: List[str], links: List[Values]) -> None:
    """The link of the route need not be declared."""
    needs_program("ip")
    sh("ip link add eth0 type veth peer name far", "ip link set far up", "ip link set eth0 up", "ip address add 10.0.0.1/24 dev eth0")
    sh(*(f"ip route add {other}" for other in there))
    before = snapshot()
    for _time in range(2):
        lay(force=True, routes=[{"to": "10.9.0.0/16", **route}], links=links)
        assert lay(force=True, routes=[{"to": "10.9.0.0/16", **route}], links=links)["changed"] is False
        clear(force=True)
        assert not difference(before, snapshot())


@pytest.mark.parametrize("addresses", [["192.0.2.10/25"], ["192.0.2.12/24"], ["10.0.0.1/8"], ["192.0.2.11/24"], []], ids=str)
def test_neighbours_stay_when_all_addresses_are_replaced(addresses: List[str]) -> None:
    needs_program("ip")
    neighbours = [f"192.0.2.7 lladdr {mac(7)} nud permanent", "proxy 192.0.2.8"]
    sh("ip link add eth0 type veth peer name far", "ip link set far up", "ip link set eth0 up", "ip address add 192.0.2.10/24 dev eth0")
    sh("ip address add 192.0.2.11/24 dev eth0", *(f"ip neighbour add {neighbour} dev eth0" for neighbour in neighbours))
    before = snapshot()
    run("vnet_veth", name="eth0", peer={"name": "far"}, addresses=addresses, purge_addresses=True)
    assert not difference(before[""]["entries"], snapshot()[""]["entries"])


def declared_in_turn(*layouts: Values) -> None:
    """Declares the layouts one after the other, each twice, and removes the last one; then all is as it was before."""
    before = restorable(snapshot())
    for layout in layouts:
        lay(force=True, **layout)
        recorded = records()
        assert lay(force=True, **layout)["changed"] is False
        assert records() == recorded
    clear(force=True)
    assert not difference(before, restorable(snapshot()))


def network_card() -> None:
    needs_program("ip")
    sh(f"ip link add eth0 address {mac(1)} type veth peer name far", "ip link set far up", "ip link set eth0 up", "ip address add 10.0.0.1/24 dev eth0")


def test_a_route_that_moves_between_a_link_and_the_host() -> None:
    network_card()
    of_link: Values = {"links": [{"name": "eth0", "routes": [{"to": "10.9.0.0/16", "via": "10.0.0.8"}]}]}
    of_host: Values = {"links": [{"name": "eth0"}], "routes": [{"to": "10.9.0.0/16", "via": "10.0.0.7", "dev": "eth0"}]}
    declared_in_turn(of_link, of_host)
    sh("ip route add 10.9.0.0/16 via 10.0.0.9 proto 99")
    declared_in_turn(of_link, of_host)


def test_a_gateway_that_changes_with_the_addresses() -> None:
    """In another table than that of the addresses, so that the kernel keeps it until the last of them goes."""
    network_card()
    sh("ip address add 10.0.0.2/24 dev eth0", "ip route add default via 10.0.0.9 table 200", "ip route add 203.0.113.0/24 dev eth0 table 200")

    def declared_with(address: str, via: str) -> Values:
        routes = [{"to": "default", "via": via, "table": 200}, {"to": "203.0.113.0/24", "table": 200}]
        return {"links": [{"name": "eth0", "addresses": [address, "10.0.0.2/24"], "routes": routes}]}

    declared_in_turn(declared_with("10.0.0.1/24", "10.0.0.9"), declared_with("10.0.0.3/24", "10.0.0.8"))


@pytest.mark.parametrize("links", [[], [{"name": "e1", "netns": "red"}, {"name": "e2", "netns": "red"}]], ids=["namespace", "links"])
def test_a_route_over_several_links_of_a_namespace(links: List[Values]) -> None:
    needs_program("ip")
    sh("ip netns add red", "ip -n red link set lo up")
    for number in (1, 2):
        sh(f"ip link add q{number} type veth peer name e{number} netns red", f"ip -n red link set e{number} up", f"ip link set q{number} up")
        sh(f"ip -n red address add 192.0.{number}.1/24 dev e{number}", f"ip -n red address add 2001:db8:{number}::1/64 dev e{number} nodad")
    sh("ip -n red route add 172.30.0.0/16 nexthop via 192.0.1.9 weight 2 nexthop via 192.0.2.9 weight 1")
    sh("ip -n red route add 2001:db8:30::/48 nexthop via 2001:db8:1::9 dev e1 weight 2 nexthop via 2001:db8:2::9 dev e2 weight 1")
    declared_in_turn({"namespaces": [{"name": "red", "routes": []}], "links": links})


def ports(*masters: str) -> None:
    """The ports p0 and so on of these bridges, '' for none, and the bridges."""
    needs_program("ip")
    sh(*(f"ip link add {bridge} address {mac(9)} type bridge" for bridge in ("br0", "br1")))
    for number, master in enumerate(masters):
        sh(f"ip link add p{number} type veth peer name q{number}", f"ip link set p{number} up", f"ip link set q{number} up")
        sh(*[f"ip link set p{number} master {master}", f"bridge link set dev p{number} cost 7 learning off"] * bool(master))


def bridge(name: str = "br0", **options: Any) -> Values:
    return {"type": "bridge", "name": name, "up": False, **options}


@pytest.mark.parametrize(
    "layouts",
    [
        pytest.param([[bridge(ports=["p2"])], [bridge()]], id="a port that the layout has added"),
        pytest.param([[bridge(ports=[])], [bridge(ports=["p0"])]], id="a port that comes back"),
        pytest.param([[bridge(ports=[])], [bridge(ports=[]), {"name": "p0", "master": "br1"}]], id="a port that the layout has removed, of another bridge"),
        pytest.param([[bridge(ports=[])], [{"name": "p0", "master": ""}]], id="a bridge that is not declared any more"),
        pytest.param([[{"name": "p0", "master": "br1", "port": {"cost": 9}}], [{"name": "p0", "master": ""}]], id="settings on another bridge"),
        pytest.param([[{"name": "p0", "master": "br1"}], [{"name": "p0", "master": "br1", "port": {"hairpin": True}}]], id="later settings on another bridge"),
        pytest.param([[bridge(ports=["p0", "p1"])], [bridge(ports=["p1"])], [bridge(ports=[])]], id="one port after the other"),
    ],
)
def test_ports_that_come_and_go(layouts: List[List[Values]]) -> None:
    ports("br0", "br0", "")
    declared_in_turn(*({"links": links} for links in layouts))


def test_a_link_that_gets_its_old_name_back_in_one_run() -> None:
    network_card()
    sh("ip link property add dev eth0 altname uplink")
    declared_in_turn({"links": [{"name": "wan", "match": {"altname": "uplink"}, "mtu": 1300}]}, {"links": [{"name": "eth0", "mtu": 1300}]})


@pytest.mark.parametrize("disabled", [False, True])
@pytest.mark.parametrize("mtu", [1500, 600])
def test_settings_of_ipv6_that_a_small_mtu_ends(mtu: int, disabled: bool) -> None:
    network_card()
    Path("/proc/sys/net/ipv6/conf/eth0/disable_ipv6").write_text(f"{disabled:d}")
    sh(f"ip link set eth0 mtu {mtu}")
    declared_in_turn({"links": [{"name": "eth0", "mtu": 600}]}, {"links": [{"name": "eth0", "mtu": 1400, "disable_ipv6": not disabled}]})


def test_what_is_recorded_does_not_grow() -> None:
    network_card()
    sizes = []
    for number in range(10, 20):
        address, gateway = f"10.0.0.{number}/24", f"10.0.0.{number + 100}"
        neighbours = [{"to": gateway, "mac": mac(9)}]
        lay(force=True, links=[{"name": "eth0", "addresses": [address], "routes": [{"to": "default", "via": gateway}], "neighbours": neighbours}])
        sizes.append(len(str(records())))
    assert sizes[1] == sizes[-1]


@pytest.mark.parametrize("master", ["vrf", "bond"])
@pytest.mark.parametrize("joins", [False, True])
def test_a_link_that_goes_down_for_a_moment_keeps_its_ipv6_addresses(master: str, joins: bool) -> None:
    """It leaves a VRF or a bond, or joins one."""
    needs_kind(master)
    network_card()
    sh("ip address add 2001:db8::1/64 nodad dev eth0", "ip address add 2001:db8::2/64 nodad dev eth0")
    sh(f"ip link add m0 type {master} {'table 10' if master == 'vrf' else 'mode active-backup'}", "ip link set m0 up")
    if not joins:
        sh("ip link set eth0 down", "ip link set eth0 master m0", "ip link set eth0 up", "ip address add 2001:db8::3/64 nodad dev eth0")
    before = [address for address in snapshot()[""]["addresses"] if address["family"] == AF_INET6]
    lay(force=True, links=[{"name": "eth0", "master": "m0" if joins else ""}])
    clear(force=True)
    after = [address for address in snapshot()[""]["addresses"] if address["family"] == AF_INET6]
    assert [address for address in before if address not in after] == []


def test_a_port_without_vlans_has_none_again() -> None:
    """The layout has taken it out of its bridge, and put it back with one."""
    needs("vlan_filtering")
    needs_program("ip")
    sh(
        f"ip link add br0 address {mac(9)} type bridge vlan_filtering 1 vlan_default_pvid 0",
        "ip link add p0 type veth peer name q0",
        "ip link set p0 master br0",
    )
    declared_in_turn(*({"links": [{"name": "p0", "up": False, **port}]} for port in ({"master": ""}, {"master": "br0", "port": {"vlans": [40]}})))
