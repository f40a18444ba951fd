# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a link or a namespace holds many of: additive as lists, exact where they are purged."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, Dict, List, Set, Tuple

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from features import needs_program
from layouts import four_steps as laid_in_four_steps
from layouts import info, lay, settled
from moments import Failing
from support import difference, four_steps, inside, ip, portable, private_network, run, sh, shown, snapshot

Values = Dict[str, Any]


@pytest.fixture
def red() -> None:
    run("vnet_netns", name="red")


def _held(name: str, netns: str = "") -> List[str]:
    """The addresses of a link as iproute2 shows them, but for the kernel's own link-local one."""
    needs_program("ip")
    (link,) = [entry for entry in json.loads(ip("ip", *(["-n", netns] if netns else []), "-j", "address", "show", "dev", name)) if entry]
    return [
        f"{info['local']} peer {info['address']}/{info['prefixlen']}" if "address" in info else f"{info['local']}/{info['prefixlen']}"
        for info in link["addr_info"]
        if not (info["local"].startswith("fe80:") and "ff:fe" in info["local"])
    ]


def _routes(family: str = "-4", table: str = "main", netns: str = "") -> List[Values]:
    """The routes of a table as iproute2 shows them, but for the kernel's own."""
    needs_program("ip")
    found = json.loads(ip("ip", *(["-n", netns] if netns else []), "-j", "-d", family, "route", "show", "table", table) or "[]")
    return [route for route in found if route.get("protocol") != "kernel"]


def _bridge(**params: Any) -> Values:
    return four_steps("vnet_bridge", name="br0", **params)


# Addresses


@pytest.mark.parametrize(
    ("wanted", "held"),
    [
        (["192.0.2.1/24"], ["192.0.2.1/24"]),
        (["192.0.2.1"], ["192.0.2.1/32"]),
        (["2001:db8::1/64"], ["2001:db8::1/64"]),
        (["2001:db8::1"], ["2001:db8::1/128"]),
        (["2001:DB8:0::1/64"], ["2001:db8::1/64"]),
        (["2001:0db8:0000:0000:0000:0000:0000:0001/64"], ["2001:db8::1/64"]),
        (["::ffff:192.0.2.1/128"], ["::ffff:192.0.2.1/128"]),
        (["2001:db8::1/64 nodad"], ["2001:db8::1/64"]),
        (["10.9.0.1 peer 10.9.0.2"], ["10.9.0.1 peer 10.9.0.2/32"]),
        (["10.9.0.1 peer 10.9.0.2/24"], ["10.9.0.1 peer 10.9.0.2/24"]),
        (["10.9.0.1/32 peer 10.9.0.2"], ["10.9.0.1 peer 10.9.0.2/32"]),
        (["10.9.0.1 peer 10.9.0.1"], ["10.9.0.1/32"]),
        (["2001:db8::1 peer 2001:db8::2"], ["2001:db8::1 peer 2001:db8::2/128"]),
        (["2001:db8::1 peer 2001:db8::2/64 nodad"], ["2001:db8::1 peer 2001:db8::2/64"]),
        (["fe80::1/64"], ["fe80::1/64"]),
        (["169.254.1.1/16"], ["169.254.1.1/16"]),
        (["192.0.2.1/24", "192.0.2.2/24", "2001:db8::1/64"], ["192.0.2.1/24", "192.0.2.2/24", "2001:db8::1/64"]),
        (["192.0.2.1/24", "192.0.2.1/25"], ["192.0.2.1/24", "192.0.2.1/25"]),
        (["10.9.0.1 peer 10.9.0.2", "10.9.0.1 peer 10.9.0.3"], ["10.9.0.1 peer 10.9.0.2/32", "10.9.0.1 peer 10.9.0.3/32"]),
    ],
)
def test_addresses_are_given_to_a_link(wanted: List[str], held: List[str]) -> None:
    assert _bridge(addresses=wanted)["changed"]
    assert sorted(_held("br0")) == sorted(held)
    assert not _bridge(addresses=wanted, purge_addresses=True)["changed"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8::1/64", "2001:DB8:0:0::1/64"),
        ("::ffff:192.0.2.1/128", "::FFFF:C000:201"),
        ("10.9.0.1 peer 10.9.0.2/32", "10.9.0.1/32   peer 10.9.0.2"),
        ("192.0.2.1", "192.0.2.1/32"),
        ("2001:db8::1/64 nodad", "2001:db8::1/64"),
        ("2001:db8::1/64", "2001:db8::1/64 nodad"),
    ],
)
def test_two_spellings_of_one_address_are_one_address(one: str, other: str) -> None:
    _bridge(addresses=[one])
    assert not _bridge(addresses=[other], purge_addresses=True)["changed"]


def test_a_quick_address_is_in_use_at_once() -> None:
    run("vnet_veth", name="a", addresses=["2001:db8::1/64 nodad"], peer=dict(name="b"))
    needs_program("ip")
    assert "tentative" not in ip("ip", "-6", "address", "show", "dev", "a", "to", "2001:db8::1/128")


def test_addresses_are_added_to_those_that_are_there() -> None:
    _bridge(addresses=["192.0.2.1/24", "2001:db8::1/64"])
    result = _bridge(addresses=["192.0.2.2/24", "2001:db8::2/64"])
    assert set(_held("br0")) == {"192.0.2.1/24", "2001:db8::1/64", "192.0.2.2/24", "2001:db8::2/64"}
    assert set(result["bridge"]["addresses"]) == set(_held("br0"))


def test_purging_leaves_the_listed_addresses_only() -> None:
    _bridge(addresses=["192.0.2.1/24", "198.51.100.1/24", "2001:db8::1/64", "10.9.0.1 peer 10.9.0.2"])
    assert _bridge(addresses=["198.51.100.1/24"], purge_addresses=True)["bridge"]["addresses"] == ["198.51.100.1/24"]
    assert _held("br0") == ["198.51.100.1/24"]


@pytest.mark.parametrize("holder", ["br0", "br1"])
@pytest.mark.parametrize("of", ["link", "namespace"])
@pytest.mark.parametrize("via", ["192.0.2.9", "192.0.2.8"], ids=["as-it-was", "changed"])
@pytest.mark.usefixtures("red")
def test_a_route_whose_source_address_goes(holder: str, of: str, via: str) -> None:
    """The kernel drops it with the address, which is that of its own link or of another."""
    needs_program("ip")
    namespace: Values = {"name": "red"}
    link, other = [{"type": "bridge", "name": f"br{number}", "netns": "red", "addresses": [f"192.0.{2 + number}.1/24"]} for number in (0, 1)]
    lay(links=[link, other], namespaces=[namespace])
    sh(f"ip -n red address add 10.9.0.1/32 dev {holder}", f"ip -n red route add 203.0.113.0/24 via {via} dev br0 src 10.9.0.1")
    {"link": link, "namespace": namespace}[of]["routes"] = [{"to": "203.0.113.0/24", "via": "192.0.2.9"}]
    laid_in_four_steps(links=[link, other] if holder == "br0" else [link], namespaces=[namespace])
    (route,) = _routes(netns="red")
    assert (route["dst"], route["gateway"], route.get("prefsrc")) == ("203.0.113.0/24", "192.0.2.9", None)


def test_purging_without_a_list_does_nothing() -> None:
    _bridge(addresses=["192.0.2.1/24"])
    assert not _bridge(purge_addresses=True)["changed"]


@pytest.mark.parametrize("promote", ["0", "1"])
def test_secondary_addresses_outlive_their_primary(promote: str) -> None:
    """Without promote_secondaries the kernel drops them with it."""
    Path("/proc/sys/net/ipv4/conf/all/promote_secondaries").write_text(promote)
    _bridge(addresses=["192.0.2.1/24", "192.0.2.2/24", "192.0.2.3/24"])
    assert _bridge(addresses=["192.0.2.3/24", "192.0.2.2/24"], purge_addresses=True)["changed"]
    assert set(_held("br0")) == {"192.0.2.2/24", "192.0.2.3/24"}


@pytest.mark.parametrize("promote", ["0", "1"])
def test_a_primary_address_is_purged_together_with_its_secondaries(promote: str) -> None:
    Path("/proc/sys/net/ipv4/conf/all/promote_secondaries").write_text(promote)
    _bridge(addresses=["192.0.2.1/24", "192.0.2.2/24", "192.0.2.3/24"])
    _bridge(addresses=["203.0.113.1/24"], purge_addresses=True)
    assert _held("br0") == ["203.0.113.1/24"]


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
def test_an_address_changes_its_prefix(address: str) -> None:
    wide, narrow = f"{address}/24", f"{address}/28"
    _bridge(addresses=[wide])
    _bridge(addresses=[narrow], purge_addresses=True)
    assert _held("br0") == [narrow]


def test_an_ipv6_address_has_one_prefix_even_without_purging() -> None:
    _bridge(addresses=["2001:db8::1/64"])
    _bridge(addresses=["2001:db8::1/48"])
    assert _held("br0") == ["2001:db8::1/48"]


def test_an_address_changes_its_peer() -> None:
    four_steps("vnet_tuntap", name="tun0", mode="tun", addresses=["10.9.0.1 peer 10.9.0.2"])
    four_steps("vnet_tuntap", name="tun0", addresses=["10.9.0.1 peer 10.9.0.3"], purge_addresses=True)
    assert _held("tun0") == ["10.9.0.1 peer 10.9.0.3/32"]


def test_dynamic_and_link_local_addresses_are_never_purged() -> None:
    needs_program("ip")
    _bridge(addresses=["192.0.2.1/24"])
    sh("ip address add 198.51.100.7/24 dev br0 valid_lft 1000 preferred_lft 900", "ip address add 2001:db8::7/64 dev br0 valid_lft 1000 preferred_lft 900")
    sh("ip address add fe80::7/64 dev br0")
    assert run("vnet_bridge", name="br0", addresses=[], purge_addresses=True)["changed"]
    assert set(_held("br0")) == {"198.51.100.7/24", "2001:db8::7/64", "fe80::7/64"}
    assert not run("vnet_bridge", name="br0", addresses=[], purge_addresses=True)["changed"]


def test_addresses_survive_what_the_kernel_drops_with_a_change() -> None:
    """A link that goes down loses its IPv6 addresses; they come back when they are asked for."""
    _bridge(addresses=["192.0.2.1/24", "2001:db8::1/64"])
    _bridge(up=False)
    _bridge(addresses=["192.0.2.1/24", "2001:db8::1/64"])
    assert set(_held("br0")) == {"192.0.2.1/24", "2001:db8::1/64"}


def test_addresses_and_down_at_once() -> None:
    _bridge(addresses=["192.0.2.1/24", "2001:db8::1/64"])
    _bridge(up=False, addresses=["192.0.2.1/24", "2001:db8::1/64"])
    assert set(_held("br0")) == {"192.0.2.1/24", "2001:db8::1/64"}


def test_an_mtu_too_small_for_ipv6_and_back() -> None:
    _bridge(addresses=["192.0.2.1/24", "2001:db8::1/64"])
    _bridge(mtu=1000)
    assert _held("br0") == ["192.0.2.1/24"]
    _bridge(mtu=1500, addresses=["192.0.2.1/24", "2001:db8::1/64"])
    assert set(_held("br0")) == {"192.0.2.1/24", "2001:db8::1/64"}


def test_ipv6_off_and_on_again() -> None:
    _bridge(addresses=["192.0.2.1/24", "2001:db8::1/64"])
    _bridge(disable_ipv6=True)
    assert _held("br0") == ["192.0.2.1/24"]
    _bridge(disable_ipv6=False, addresses=["2001:db8::1/64"])
    assert set(_held("br0")) == {"192.0.2.1/24", "2001:db8::1/64"}


def test_the_loopback_of_a_namespace_takes_addresses() -> None:
    four_steps("vnet_netns", name="red", addresses=["192.0.2.1/32", "2001:db8::1/128"])
    assert set(_held("lo", "red")) == {"127.0.0.1/8", "::1/128", "192.0.2.1/32", "2001:db8::1/128"}
    result = four_steps("vnet_netns", name="red", addresses=["192.0.2.2/32"], purge_addresses=True)
    assert result["namespace"]["addresses"] == ["192.0.2.2/32"]
    assert set(_held("lo", "red")) == {"127.0.0.1/8", "::1/128", "192.0.2.2/32"}


# Routes: br0 has 192.0.2.1/24 and 2001:db8::1/64.


@pytest.fixture
def routed() -> None:
    run("vnet_bridge", name="br0", addresses=["192.0.2.1/24", "192.0.2.5/24", "2001:db8::1/64 nodad"])
    run("vnet_bridge", name="br1", addresses=["203.0.113.1/24"])


_ROUTES: List[Tuple[Values, str, Values]] = [
    ({"to": "198.51.100.0/24"}, "-4", {"dst": "198.51.100.0/24", "dev": "br0", "scope": "link"}),
    ({"to": "198.51.100.7"}, "-4", {"dst": "198.51.100.7"}),
    ({"to": "198.51.100.0/24", "via": "192.0.2.9"}, "-4", {"gateway": "192.0.2.9", "scope": "global"}),
    ({"to": "default", "via": "192.0.2.9"}, "-4", {"dst": "default", "gateway": "192.0.2.9"}),
    ({"to": "0.0.0.0/0", "via": "192.0.2.9"}, "-4", {"dst": "default"}),
    ({"to": "default"}, "-4", {"dst": "default", "dev": "br0"}),
    ({"to": "198.51.100.0/24", "metric": 100}, "-4", {"metric": 100}),
    ({"to": "198.51.100.0/24", "src": "192.0.2.5"}, "-4", {"prefsrc": "192.0.2.5"}),
    ({"to": "198.51.100.0/24", "scope": "global"}, "-4", {"scope": "global"}),
    ({"to": "198.51.100.0/24", "via": "203.0.113.200", "onlink": True}, "-4", {"gateway": "203.0.113.200", "flags": ["onlink"]}),
    ({"to": "default", "via": "2001:db8::9"}, "-6", {"dst": "default", "gateway": "2001:db8::9", "metric": 1024}),
    ({"to": "2001:db8:1::/48"}, "-6", {"dst": "2001:db8:1::/48", "metric": 1024}),
    ({"to": "2001:DB8:1:0::/64", "via": "2001:DB8:0::9"}, "-6", {"dst": "2001:db8:1::/64", "gateway": "2001:db8::9"}),
    ({"to": "2001:db8:1::/48", "metric": 5}, "-6", {"metric": 5}),
    ({"to": "2001:db8:1::/48", "src": "2001:db8::1"}, "-6", {"prefsrc": "2001:db8::1"}),
    ({"to": "2001:db8:1::/48", "via": "fe80::9"}, "-6", {"gateway": "fe80::9"}),
    ({"to": "2001:db8:1::/48", "via": "2001:db8:7::9", "onlink": True}, "-6", {"gateway": "2001:db8:7::9", "flags": ["onlink"]}),
    ({"to": "::/0", "via": "2001:db8::9"}, "-6", {"dst": "default"}),
]


def _fits(route: Values, expected: Values) -> bool:
    return all(set(value) <= set(route[key]) if key == "flags" else route.get(key) == value for key, value in expected.items())


@pytest.mark.usefixtures("routed")
@pytest.mark.parametrize(("route", "family", "expected"), _ROUTES)
def test_routes_are_given_to_a_link(route: Values, family: str, expected: Values) -> None:
    assert _bridge(routes=[route])["changed"]
    (found,) = _routes(family)
    assert found["dev"] == "br0"
    assert found["protocol"] == "static"
    assert _fits(found, expected)
    assert not _bridge(routes=[route], purge_routes=True)["changed"]
    assert _bridge(routes=[], purge_routes=True, force=True)["changed"]
    assert _routes(family) == []


@pytest.mark.usefixtures("routed")
@pytest.mark.parametrize("table", [100, 1000])
@pytest.mark.parametrize(("to", "family"), [("198.51.100.0/24", "-4"), ("2001:db8:1::/48", "-6")])
def test_a_route_of_another_table(table: int, to: str, family: str) -> None:
    _bridge(routes=[{"to": to, "table": table}])
    assert [route["dst"] for route in _routes(family, str(table))] == [to]
    assert _routes(family) == []


@pytest.mark.usefixtures("routed")
def test_a_route_of_a_table_by_name() -> None:
    route = {"to": "198.51.100.0/24", "table": "default"}
    _bridge(routes=[route, {"to": "198.51.101.0/24", "table": "main"}])
    assert [route["dst"] for route in _routes("-4", "253")] == ["198.51.100.0/24"]
    assert run("vnet_bridge", name="br0", routes=[{**route, "table": 253}])["changed"] is False


@pytest.mark.usefixtures("routed")
def test_routes_are_added_to_those_that_are_there() -> None:
    _bridge(routes=[{"to": "198.51.100.0/24"}])
    _bridge(routes=[{"to": "198.18.0.0/15"}])
    assert {route["dst"] for route in _routes()} == {"198.51.100.0/24", "198.18.0.0/15"}


@pytest.mark.usefixtures("routed")
@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({"via": "192.0.2.8"}, {"via": "192.0.2.9"}, {"gateway": "192.0.2.9"}),
        ({"via": "192.0.2.8"}, {}, {"scope": "link"}),
        ({}, {"via": "192.0.2.9"}, {"gateway": "192.0.2.9"}),
        ({"src": "192.0.2.1"}, {"src": "192.0.2.5"}, {"prefsrc": "192.0.2.5"}),
        ({"scope": "link"}, {"scope": "global"}, {"scope": "global"}),
        ({"metric": 5, "via": "192.0.2.8"}, {"metric": 5, "via": "192.0.2.9"}, {"metric": 5, "gateway": "192.0.2.9"}),
    ],
)
def test_a_route_with_the_same_destination_table_and_metric_is_replaced(first: Values, second: Values, expected: Values) -> None:
    _bridge(routes=[dict(first, to="198.51.100.0/24")])
    assert _bridge(routes=[dict(second, to="198.51.100.0/24")])["changed"]
    (found,) = _routes()
    assert _fits(found, expected)


@pytest.mark.usefixtures("routed")
def test_a_route_that_is_replaced_stays_that_of_its_program() -> None:
    needs_program("ip")
    sh("ip route add 198.51.100.0/24 dev br0 proto bird")
    assert _bridge(routes=[{"to": "198.51.100.0/24", "mtu": 1400}])["changed"]
    assert [route["protocol"] for route in _routes()] == ["bird"]


@pytest.mark.usefixtures("routed")
@pytest.mark.parametrize("route", [{"to": "2001:db8:9::/48", "src": "2001:db8::99"}, {"to": "198.51.100.0/24", "src": "192.0.2.99"}])
def test_a_source_that_is_no_address_is_named_at_once(route: Values) -> None:
    begin = time.monotonic()
    with pytest.raises(VnetError, match=r"; src must be an address of this namespace, and \S+99 may be none\. The host is as it was before$"):
        run("vnet_bridge", name="br0", routes=[route])
    assert time.monotonic() - begin < 5


def test_metric_0_is_not_the_same_as_none() -> None:
    four_steps("vnet_bridge", name="br0", addresses=["192.0.2.1/24 metric 100"])
    assert not _bridge(addresses=["192.0.2.1/24"])["changed"]
    assert _bridge(addresses=["192.0.2.1/24 metric 0"])["changed"]
    assert "metric" not in ip("ip", "route", "show", "192.0.2.0/24")


@pytest.mark.usefixtures("routed")
def test_the_gateway_of_an_ipv6_route_is_replaced() -> None:
    _bridge(routes=[{"to": "2001:db8:1::/48", "via": "2001:db8::8"}])
    _bridge(routes=[{"to": "2001:db8:1::/48", "via": "2001:db8::9"}])
    assert [route["gateway"] for route in _routes("-6")] == ["2001:db8::9"]


@pytest.mark.usefixtures("routed")
def test_what_a_route_does_not_say_is_left_alone() -> None:
    _bridge(routes=[{"to": "198.51.100.0/24", "src": "192.0.2.5", "scope": "global"}])
    assert not _bridge(routes=[{"to": "198.51.100.0/24"}])["changed"]


@pytest.mark.usefixtures("routed")
def test_routes_with_other_metrics_live_side_by_side() -> None:
    _bridge(routes=[{"to": "default", "via": "192.0.2.8", "metric": 10}, {"to": "default", "via": "192.0.2.9", "metric": 20}])
    assert {(route["gateway"], route["metric"]) for route in _routes()} == {("192.0.2.8", 10), ("192.0.2.9", 20)}
    _bridge(routes=[{"to": "default", "via": "192.0.2.9", "metric": 20}], purge_routes=True)
    assert [route["metric"] for route in _routes()] == [20]


@pytest.mark.usefixtures("routed")
def test_a_link_purges_its_own_routes_in_the_main_table_and_in_those_it_names() -> None:
    needs_program("ip")
    sh("ip route add 198.51.100.0/24 dev br0", "ip route add 198.18.0.0/15 dev br1", "ip route add 10.0.0.0/8 dev br0 table 100")
    sh("ip route add 10.0.0.0/8 dev br0 table 200", "ip route add blackhole 10.1.0.0/16")
    assert _bridge(routes=[{"to": "172.16.0.0/12", "table": 200}], purge_routes=True)["changed"]
    assert {route["dst"] for route in _routes()} == {"198.18.0.0/15", "10.1.0.0/16"}
    assert [route["dst"] for route in _routes(table="100")] == ["10.0.0.0/8"]
    assert [route["dst"] for route in _routes(table="200")] == ["172.16.0.0/12"]


@pytest.mark.usefixtures("routed")
@pytest.mark.parametrize("protocol", ["kernel", "ra", "dhcp"])
def test_routes_that_others_look_after_are_never_purged(protocol: str) -> None:
    needs_program("ip")
    sh(f"ip route add 198.51.100.0/24 dev br0 proto {protocol}", f"ip -6 route add 2001:db8:5::/48 dev br0 proto {protocol}")
    sh("ip route add 198.18.0.0/15 dev br0 proto bird")
    before = ip("ip", "route"), ip("ip", "-6", "route")
    assert run("vnet_bridge", name="br0", routes=[], purge_routes=True)["changed"]
    after = ip("ip", "route"), ip("ip", "-6", "route")
    assert [line for line in before[0].splitlines() if "198.18" not in line] == after[0].splitlines()
    assert before[1] == after[1]


@pytest.mark.usefixtures("red")
@pytest.mark.parametrize("kind", ["blackhole", "unreachable", "prohibit"])
@pytest.mark.parametrize(("to", "family"), [("198.51.100.0/24", "-4"), ("2001:db8:1::/48", "-6"), ("default", "-4"), ("::/0", "-6")])
def test_a_namespace_has_routes_that_lead_nowhere(kind: str, to: str, family: str) -> None:
    result = four_steps("vnet_netns", name="red", routes=[{"to": to, "type": kind}])
    assert result["changed"]
    assert [(route["dst"], route["type"]) for route in _routes(family, netns="red") if route.get("type")] == [(to.replace("::/0", "default"), kind)]
    assert four_steps("vnet_netns", name="red", routes=[], purge_routes=True)["changed"]
    assert [route for route in _routes(family, netns="red") if route.get("type") == kind] == []


@pytest.mark.usefixtures("red")
def test_the_type_of_a_route_changes() -> None:
    four_steps("vnet_netns", name="red", routes=[{"to": "198.51.100.0/24", "type": "blackhole"}])
    four_steps("vnet_netns", name="red", routes=[{"to": "198.51.100.0/24", "type": "prohibit"}])
    assert [route["type"] for route in _routes(netns="red")] == ["prohibit"]


@pytest.mark.usefixtures("red")
def test_a_namespace_routes_through_its_links() -> None:
    run("vnet_veth", name="a", addresses=["192.0.2.1/24"], peer=dict(name="b", netns="red", addresses=["192.0.2.2/24", "2001:db8::2/64 nodad"]))
    routes = [{"to": "default", "via": "192.0.2.1"}, {"to": "198.51.100.0/24", "dev": "b"}, {"to": "default", "via": "2001:db8::1", "dev": "b", "metric": 7}]
    result = four_steps("vnet_netns", name="red", routes=routes)
    assert {(route["dst"], route["dev"]) for route in _routes(netns="red")} == {("default", "b"), ("198.51.100.0/24", "b")}
    assert [(route["gateway"], route["metric"]) for route in _routes("-6", netns="red")] == [("2001:db8::1", 7)]
    assert not four_steps("vnet_netns", **result["namespace"])["changed"]


@pytest.mark.usefixtures("red")
def test_a_namespace_purges_its_routes_without_a_device() -> None:
    needs_program("ip")
    run("vnet_veth", name="a", peer=dict(name="b", netns="red", addresses=["192.0.2.2/24"]))
    sh("ip -n red route add 198.51.100.0/24 dev b", "ip -n red route add blackhole 198.18.0.0/15", "ip -n red route add blackhole 10.0.0.0/8 table 100")
    sh("ip -n red route add prohibit 172.16.0.0/12 proto dhcp")
    assert four_steps("vnet_netns", name="red", routes=[], purge_routes=True)["changed"]
    assert {route["dst"] for route in _routes(netns="red")} == {"198.51.100.0/24", "172.16.0.0/12"}
    assert [route["dst"] for route in _routes(table="100", netns="red")] == ["10.0.0.0/8"]


def test_routes_come_back_with_the_addresses_that_carried_them() -> None:
    _bridge(addresses=["192.0.2.1/24"], routes=[{"to": "default", "via": "192.0.2.9"}])
    _bridge(addresses=["192.0.2.7/24"], purge_addresses=True, routes=[{"to": "default", "via": "192.0.2.9"}])
    assert [route["gateway"] for route in _routes()] == ["192.0.2.9"]


def test_routes_change_together_with_the_addresses_that_carry_them() -> None:
    _bridge(addresses=["192.0.2.1/24"], routes=[{"to": "default", "via": "192.0.2.9"}])
    _bridge(addresses=["203.0.113.1/24"], purge_addresses=True, routes=[{"to": "default", "via": "203.0.113.9"}], purge_routes=True)
    assert [route["gateway"] for route in _routes()] == ["203.0.113.9"]


def test_routes_come_back_when_the_link_is_up_again() -> None:
    wanted = {"addresses": ["192.0.2.1/24", "2001:db8::1/64 nodad"], "routes": [{"to": "default", "via": "192.0.2.9"}, {"to": "2001:db8:1::/48"}]}
    _bridge(**wanted)
    _bridge(up=False, force=True)
    assert _routes() == []
    _bridge(**wanted)
    assert len(_routes()) == len(_routes("-6")) == 1


# Sysctl and ids


@pytest.mark.parametrize(
    ("key", "value", "file", "text"),
    [
        ("net.ipv4.ip_forward", 1, "ipv4/ip_forward", "1"),
        ("net.ipv4.ip_forward", True, "ipv4/ip_forward", "1"),
        ("net.ipv4.ip_forward", "1", "ipv4/ip_forward", "1"),
        ("net/ipv4/ip_forward", 1, "ipv4/ip_forward", "1"),
        ("net.ipv6.conf.all.forwarding", 1, "ipv6/conf/all/forwarding", "1"),
        ("net.ipv4.ping_group_range", "0 5", "ipv4/ping_group_range", "0\t5"),
        ("net.ipv4.ping_group_range", "0\t 5", "ipv4/ping_group_range", "0\t5"),
        ("net.ipv4.conf.default.rp_filter", 2, "ipv4/conf/default/rp_filter", "2"),
        ("net.ipv4.conf.lo.rp_filter", 2, "ipv4/conf/lo/rp_filter", "2"),
    ],
)
@pytest.mark.parametrize("fresh", [True, False])
def test_settings_are_written_inside_the_namespace(key: str, value: Any, file: str, text: str, fresh: bool) -> None:
    path = Path("/proc/sys/net", file)
    outside = path.read_text()
    if not fresh:
        run("vnet_netns", name="red")
    result = four_steps("vnet_netns", name="red", sysctl={key: value})
    assert result["namespace"]["sysctl"] == {key: " ".join(text.split())}
    with inside("red"):
        assert path.read_text().strip() == text
    assert path.read_text() == outside


def test_settings_that_are_not_spoken_of_stay() -> None:
    four_steps("vnet_netns", name="red", sysctl={"net.ipv4.ip_forward": 1})
    four_steps("vnet_netns", name="red", sysctl={"net.ipv6.conf.all.forwarding": 1})
    assert not four_steps("vnet_netns", name="red", sysctl={"net.ipv4.ip_forward": 1, "net.ipv6.conf.all.forwarding": 1})["changed"]
    assert four_steps("vnet_netns", name="red", sysctl={"net.ipv4.ip_forward": 0})["changed"]


def test_a_setting_that_depends_on_another_is_settled_after_two_passes() -> None:
    settings = {"net.ipv4.conf.all.forwarding": 0, "net.ipv4.ip_forward": 0, "net.ipv6.conf.all.forwarding": 1}
    four_steps("vnet_netns", name="red", sysctl=settings)


def test_a_setting_that_the_kernel_lacks_is_an_error() -> None:
    run("vnet_netns", name="red")
    before = snapshot()
    with pytest.raises(VnetError, match=r"net\.ipv4\.no_such_thing"):
        run("vnet_netns", name="red", sysctl={"net.ipv4.no_such_thing": 1})
    with pytest.raises(VnetError, match=r"net\.ipv4\.no_such_thing"):
        run("vnet_netns", name="blue", sysctl={"net.ipv4.no_such_thing": 1})
    assert snapshot() == before


@pytest.mark.parametrize("nsid", [0, 7, 2**31 - 1])
@pytest.mark.parametrize("fresh", [True, False])
def test_a_namespace_gets_an_id(nsid: int, fresh: bool) -> None:
    if not fresh:
        run("vnet_netns", name="red")
    assert four_steps("vnet_netns", name="red", nsid=nsid)["namespace"]["nsid"] == nsid
    needs_program("ip")
    assert f"nsid {nsid} " in ip("ip", "netns", "list-id")


def test_the_id_of_a_namespace_never_changes() -> None:
    run("vnet_netns", name="red", nsid=7)
    with pytest.raises(VnetError, match="nsid: the id is 7"):
        run("vnet_netns", name="red", nsid=8)
    with pytest.raises(VnetError, match="another namespace has this id"):
        run("vnet_netns", name="blue", nsid=7)
    assert set(snapshot()) == {"", "red"}


# Ports


def _cables(*names: str) -> None:
    for name in names:
        run("vnet_veth", name=name, peer=dict(name=f"{name}peer"))


def _ports() -> Set[Tuple[str, str]]:
    state = snapshot()[""]
    names = {link["index"]: link["name"] for link in state["links"]}
    return {(names[link["master"]], link["name"]) for link in state["links"] if "master" in link}


def test_ports_are_added_to_those_that_are_there() -> None:
    _cables("a", "b", "c")
    _bridge(ports=[{"name": "a"}])
    result = _bridge(ports=[{"name": "b", "hairpin": True}])
    assert _ports() == {("br0", "a"), ("br0", "b")}
    assert [port["name"] for port in result["bridge"]["ports"]] == ["a", "b"]


def test_purging_leaves_the_listed_ports_only() -> None:
    _cables("a", "b", "c")
    _bridge(ports=[{"name": "a"}, {"name": "b"}])
    result = _bridge(ports=[{"name": "b"}, {"name": "c"}], purge_ports=True)
    assert _ports() == {("br0", "b"), ("br0", "c")}
    assert [port["name"] for port in result["bridge"]["ports"]] == ["b", "c"]
    _bridge(ports=[], purge_ports=True)
    assert _ports() == set()


def test_purging_ports_without_a_list_does_nothing() -> None:
    _cables("a")
    _bridge(ports=[{"name": "a"}])
    assert not _bridge(purge_ports=True)["changed"]


def test_a_port_moves_to_another_bridge_and_keeps_nothing_of_the_first() -> None:
    _cables("a", "b")
    run("vnet_bridge", name="br1")
    _bridge(ports=[{"name": "a", "hairpin": True, "cost": 50}])
    four_steps("vnet_bridge", name="br1", ports=[{"name": "a", "cost": 60}])
    assert _ports() == {("br1", "a")}
    needs_program("ip")
    data = shown("a")["linkinfo"]["info_slave_data"]
    assert (data["hairpin"], data["cost"]) == (False, 60)
    four_steps("vnet_veth", name="a", master="br0", peer=dict(name="apeer"))
    assert _ports() == {("br0", "a")}


@pytest.mark.parametrize("module", ["vnet_veth", "vnet_tuntap", "peer"])
def test_a_link_names_its_master_and_leaves_it(module: str) -> None:
    run("vnet_bridge", name="br0")

    def apply(**params: Any) -> Values:
        if module == "peer":
            return four_steps("vnet_veth", name="y", peer=dict(params, name="x"))
        return four_steps(module, name="x", **params, **({"mode": "tap"} if module == "vnet_tuntap" else {"peer": {"name": "y"}}))

    apply(master="br0", port={"hairpin": True})
    assert _ports() == {("br0", "x")}
    assert not apply()["changed"]
    assert not apply(port={"hairpin": True})["changed"]
    assert apply(port={"hairpin": False})["changed"]
    assert apply(master="")["changed"]
    assert _ports() == set()
    assert not apply(master="")["changed"]


def test_the_gso_limits_of_a_bridge_are_asserted_after_its_ports() -> None:
    """Up to Linux 5.18 they are those of the ports."""
    limits: Values = {"gso_max_segs": 100, "gso_max_size": 30000}
    run("vnet_bridge", name="br0", **limits)
    run("vnet_veth", name="a", peer={"name": "b"})
    for ports in ([{"name": "a"}], []):
        assert four_steps("vnet_bridge", name="br0", ports=ports, purge_ports=True, **limits)["changed"]
        found = run("vnet_bridge", name="br0")["bridge"]
        assert {name: found[name] for name in limits} == limits


def test_the_mtu_of_a_bridge_is_asserted_after_its_ports() -> None:
    for name, mtu in (("a", 1400), ("b", 1300)):
        run("vnet_veth", name=name, mtu=mtu, peer=dict(name=f"{name}peer"))
    _bridge(mtu=1500, ports=[{"name": "a"}, {"name": "b"}])
    assert next(link["mtu"] for link in snapshot()[""]["links"] if link["name"] == "br0") == 1500


# Words of addresses, and what routes have


WORDS = [
    "192.0.2.1/24 broadcast + label v0:1 metric 7",
    "198.51.100.2/24 scope link noprefixroute",
    "192.0.2.3/24",
    "2001:db8::1/64 metric 9 noprefixroute home nodad",
    "239.1.1.1/32 autojoin",
]


def test_addresses_have_the_words_of_ip_address() -> None:
    """They are set, compared, and only what is said is changed."""
    cable: Values = {"name": "v0", "peer": {"name": "v1"}}
    result = four_steps("vnet_veth", **cable, addresses=WORDS)
    assert sorted(result["veth"]["addresses"]) == [
        "192.0.2.1/24 broadcast 192.0.2.255 label v0:1 metric 7",
        "192.0.2.3/24",
        "198.51.100.2/24 scope link noprefixroute",
        "2001:db8::1/64 metric 9 home noprefixroute nodad",
        "239.1.1.1/32 autojoin",
    ]
    plain = [*(words.split()[0] for words in WORDS[:-1]), WORDS[-1]]
    assert not four_steps("vnet_veth", **cable, addresses=plain, purge_addresses=True)["changed"]
    other = ["192.0.2.1/24 metric 8", *plain[1:3], "2001:db8::1/64 metric 3", plain[4]]
    changed = sorted(four_steps("vnet_veth", **cable, addresses=other)["veth"]["addresses"])
    assert changed[0] == "192.0.2.1/24 broadcast 192.0.2.255 label v0:1 metric 8"
    assert changed[3] == "2001:db8::1/64 metric 3 home noprefixroute nodad"
    moved = sorted(four_steps("vnet_veth", **cable, addresses=["192.0.2.1/24 broadcast 192.0.2.127"])["veth"]["addresses"])
    assert moved[0] == "192.0.2.1/24 broadcast 192.0.2.127 label v0:1 metric 8"
    assert {"198.51.100.2/24 scope link noprefixroute", "192.0.2.3/24"} <= set(moved)


def test_words_that_the_kernel_does_not_show() -> None:
    cable: Values = {"name": "v0", "peer": {"name": "v1"}}
    four_steps("vnet_veth", **cable, addresses=["192.0.2.1/24 label v0 scope global"])
    run("vnet_veth", **cable, addresses=["198.51.100.1/24 scope link"])
    addresses = four_steps("vnet_veth", **cable, addresses=["198.51.100.1/24 scope global"])["veth"]["addresses"]
    assert sorted(addresses) == ["192.0.2.1/24", "198.51.100.1/24"]


def test_a_route_with_the_number_of_a_scope() -> None:
    four_steps("vnet_veth", name="v0", peer={"name": "v1"}, addresses=["192.0.2.1/24"], routes=[{"to": "10.9.0.0/16", "scope": "200"}])
    four_steps("vnet_veth", name="v0", peer={"name": "v1"}, routes=[{"to": "10.8.0.0/16", "scope": "77"}])


def test_a_rollback_restores_the_words_of_an_address() -> None:
    cable: Values = {"name": "v0", "peer": {"name": "v1"}}
    words = [text for text in WORDS if "scope" not in text]  # the kernel orders them by their scope
    run("vnet_veth", **cable, addresses=words)
    with Failing(0) as counting:
        run("vnet_veth", **cable, addresses=["192.0.2.1/24 broadcast 192.0.2.127 metric 8", "2001:db8::1/64 metric 3"])
    run("vnet_veth", **cable, addresses=words)
    before = snapshot()
    for number in range(1, len(counting.steps) + 1):
        with pytest.raises(VnetError, match=r"The host is as it was before$"), Failing(number):
            run("vnet_veth", **cable, addresses=["192.0.2.1/24 broadcast 192.0.2.127 metric 8", "2001:db8::1/64 metric 3"])
        assert not difference(before, snapshot())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("192.0.2.1/24 label", "is not LOCAL"),
        ("192.0.2.1/24 metric x", "'x' is not a number from 0"),
        ("192.0.2.1/31 broadcast +", "a network of /31 has no broadcast address"),
        ("192.0.2.1/24 broadcast 2001:db8::1", "is not an IPv4 address"),
        ("192.0.2.1/24 broadcast 0.0.0.0", "is not an IPv4 address that packets can be sent to"),
        ("192.0.2.1/24 home", "home is for IPv6"),
        ("2001:db8::1/64 label x", "label is for IPv4"),
        ("192.0.2.1/24 scope nonsense", "neither a number nor the name of a scope"),
        ("192.0.2.1/24 metric 1 metric 2", "is not LOCAL"),
    ],
)
def test_words_of_an_address_that_cannot_be(text: str, words: str) -> None:
    with pytest.raises(VnetError, match=words):
        run("vnet_bridge", name="br0", addresses=[text])


def two_ways(**more: Any) -> List[Values]:
    return [{"to": "10.9.0.0/16", "nexthops": [{"via": "10.0.0.2"}, {"via": "10.1.0.2", "weight": 3}], **more}]


def between(*routes: Values) -> Values:
    """Two cables to a namespace, which has these routes."""
    cables = [
        {"type": "veth", "name": f"v{number}", "addresses": [f"10.{number}.0.2/24"], "peer": {"name": f"w{number}", "netns": "red", "addresses": addresses}}
        for number, addresses in enumerate((["10.0.0.1/24", "2001:db8::1/64 nodad"], ["10.1.0.1/24", "2001:db8:1::1/64 nodad"]))
    ]
    return {"namespaces": [{"name": "red", "routes": list(routes)}], "links": cables}


def test_routes_over_several_next_hops() -> None:
    six = {"to": "2001:db8:9::/48", "nexthops": [{"via": "2001:db8::2", "dev": "w0"}, {"via": "2001:db8:1::2", "dev": "w1"}]}
    laid_in_four_steps(**between(*two_ways(), six))
    settled(**between(*two_ways(), six))
    (found,) = [space for space in info()["declaration"]["namespaces"] if space["name"] == "red"]
    assert found["routes"] == [
        {"to": "10.9.0.0/16", "nexthops": [{"via": "10.0.0.2", "dev": "w0", "weight": 1}, {"via": "10.1.0.2", "dev": "w1", "weight": 3}]},
        {"to": "2001:db8:9::/48", "nexthops": [{"via": "2001:db8::2", "dev": "w0", "weight": 1}, {"via": "2001:db8:1::2", "dev": "w1", "weight": 1}]},
    ]
    assert "nexthop" in ip("ip", "-n", "red", "route")
    single = {"to": "10.9.0.0/16", "via": "10.0.0.2", "mtu": 1200}
    laid_in_four_steps(**between(single, six))
    settled(**between(single, six))
    laid_in_four_steps(**between(*two_ways(mtu=1300, protocol="bgp")))
    assert "mtu 1300" in ip("ip", "-n", "red", "route")
    laid_in_four_steps(**between())
    assert not _routes(netns="red")
    assert not _routes("-6", netns="red")


def test_the_commands_for_routes_do_the_same() -> None:
    needs_program("ip")
    six = {"to": "2001:db8:9::/48", "nexthops": [{"via": "2001:db8::2", "dev": "w0"}, {"via": "2001:db8:1::2", "dev": "w1"}], "preference": "high"}
    commands: List[str] = []
    with private_network():
        for layout in (between(*two_ways(protocol="bird", mtu=1300), six), between(*two_ways(mtu=1400))):
            commands += lay(**layout)["commands"]
        ours = portable(snapshot())
    with private_network():
        sh(*commands)
        assert not difference(portable(snapshot()), ours)


def test_what_a_route_of_a_link_has_besides() -> None:
    cable: Values = {"name": "v0", "addresses": ["10.0.0.1/24", "2001:db8::1/64 nodad"], "peer": {"name": "v1"}}
    routes = [{"to": "10.9.0.0/16", "via": "10.0.0.2", "mtu": 1300, "protocol": "bird"}, {"to": "2001:db8:9::/48", "via": "2001:db8::2", "preference": "low"}]
    found = four_steps("vnet_veth", **cable, routes=routes)["veth"]["routes"]
    assert [{name: route.get(name) for name in ("protocol", "mtu", "preference")} for route in found] == [
        {"protocol": "bird", "mtu": 1300, "preference": None},
        {"protocol": "static", "mtu": None, "preference": "low"},
    ]
    kept = four_steps("vnet_veth", **cable, routes=[{"to": "10.9.0.0/16", "via": "10.0.0.3"}])["veth"]["routes"]
    assert kept[0]["mtu"] == 1300


@pytest.mark.parametrize(
    ("route", "words"),
    [
        ({"to": "10.9.0.0/16", "nexthops": [{"via": "10.0.0.2"}]}, "a route with one next hop has via or dev"),
        ({"to": "10.9.0.0/16", "via": "10.0.0.2", "nexthops": [{"via": "10.0.0.2"}, {"via": "10.0.0.3"}]}, "in place of via"),
        ({"to": "10.9.0.0/16", "nexthops": [{"via": "10.0.0.2"}, {"via": "2001:db8::1"}]}, "address family"),
        ({"to": "10.9.0.0/16", "nexthops": [{"via": "10.0.0.2", "weight": 0}, {"via": "10.0.0.3"}]}, r"nexthops\[0\]\.weight: 0 is out of range"),
        ({"to": "10.9.0.0/16", "via": "10.0.0.2", "protocol": "nonsense"}, r"protocol: 'nonsense' is neither"),
        ({"to": "10.9.0.0/16", "via": "10.0.0.2", "protocol": "dhcp"}, r"protocol: dhcp is for what others manage"),
        ({"to": "10.9.0.0/16", "via": "10.0.0.2", "preference": "high"}, "IPv4 routes have no preference"),
        ({"to": "10.9.0.0/16", "via": "10.0.0.2", "mtu": 70000}, r"mtu: 70000 is out of range"),
        ({"to": "10.9.0.0/16", "type": "blackhole", "nexthops": [{"via": "10.0.0.2"}, {"via": "10.0.0.3"}]}, "has no next hop"),
    ],
)
def test_routes_that_cannot_be(route: Values, words: str) -> None:
    with pytest.raises(VnetError, match=words):
        run("vnet_netns", name="red", routes=[route])


def test_a_gateway_may_be_reached_by_a_route_that_is_declared_later() -> None:
    """The routes of a namespace come first in a layout, and those of its links after them."""
    layout: Values = {
        "namespaces": [{"name": "red", "routes": [{"to": "default", "via": "10.7.0.1"}]}],
        "links": [
            {"type": "veth", "name": "v0", "peer": {"name": "w0", "netns": "red", "addresses": ["10.0.0.1/32"], "routes": [{"to": "10.7.0.1/32"}]}},
        ],
    }
    laid_in_four_steps(**layout)
    settled(**layout)
