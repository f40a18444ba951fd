# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input is refused as it is read, in one clear sentence."""

from __future__ import annotations

from typing import Any, Callable

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Values
from ansible_collections.nfv.vnet.tests.unit.plugins.module_utils.refusals import (
    BAD_NAMES,
    assert_refused,
    assert_refused_always,
    bridge,
    netns,
    peer,
    tap,
    veth,
)


@pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
@pytest.mark.parametrize(
    ("module", "more"),
    [("vnet_bridge", {}), ("vnet_tuntap", {"mode": "tap"}), ("vnet_veth", {"peer": {"name": "b"}}), ("vnet_bridge", {"state": "absent"})],
    ids=["bridge", "tap", "veth", "absent"],
)
def test_a_name_that_no_link_can_have_is_refused(module: str, more: Values, name: str) -> None:
    assert_refused_always(module, [module, "name", "1 to 15 bytes"], name=name, **more)


@pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
def test_a_name_that_no_link_can_have_is_refused_for_a_peer(name: str) -> None:
    assert_refused_always("vnet_veth", ["vnet_veth a", "peer", "name", "1 to 15 bytes"], **peer(name=name))


@pytest.mark.parametrize("name", BAD_NAMES[1:], ids=ascii)
def test_a_name_that_no_link_can_have_is_refused_for_a_master(name: str) -> None:
    assert_refused_always("vnet_veth", ["vnet_veth a", "master", "1 to 15 bytes"], **veth(master=name))


@pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
def test_a_name_that_no_link_can_have_is_refused_for_a_port(name: str) -> None:
    assert_refused_always("vnet_bridge", ["vnet_bridge br0", "port", "1 to 15 bytes"], **bridge(ports=[{"name": name}]))


BAD_NAMESPACES = ["", "a/b", "/", "/run/netns/red", "..", ".", "../red", "a b", "a\t", "a\n", "a\0", "x" * 256, "é" * 128, "n\udcff"]


@pytest.mark.parametrize("name", BAD_NAMESPACES, ids=ascii)
@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_name_that_no_namespace_can_have_is_refused(state: str, name: str) -> None:
    assert_refused_always("vnet_netns", ["vnet_netns", "name"], name=name, state=state)


@pytest.mark.parametrize("place", ["a/b", "../red", "..", ".", "/run/netns/../netns/red", "a b", "red\n", "a\0", "n\udcff", "x" * 256], ids=ascii)
@pytest.mark.parametrize(
    ("module", "make"),
    [("vnet_bridge", lambda place: bridge(netns=place)), ("vnet_veth", lambda place: veth(netns=place)), ("vnet_veth", lambda place: peer(netns=place))],
    ids=["bridge", "near", "peer"],
)
def test_a_netns_that_is_neither_name_nor_path_is_refused(module: str, make: Callable[[str], Values], place: str) -> None:
    assert_refused_always(module, [module, "netns"], **make(place))


def test_a_bridge_cannot_be_a_port_of_itself() -> None:
    assert_refused_always("vnet_bridge", ["vnet_bridge br0", "ports", "itself"], **bridge(ports=[{"name": "br0"}]))


def test_a_port_that_is_listed_twice_is_refused() -> None:
    assert_refused_always("vnet_bridge", ["vnet_bridge br0", "ports", "a is listed twice"], **bridge(ports=[{"name": "a"}, {"name": "a", "cost": 5}]))


def test_port_settings_of_a_link_that_is_to_leave_its_master_are_refused() -> None:
    assert_refused_always("vnet_veth", ["vnet_veth a", "port", "not a port"], **veth(master="", port={"cost": 5}))


BAD_ADDRESSES = [
    "",
    " ",
    "banana",
    "10.0.0.256/24",
    "10.0.0/24",
    "010.0.0.1/24",
    "10.0.0.1.1",
    "10.0.0.1/33",
    "10.0.0.1/-1",
    "10.0.0.1/",
    "10.0.0.1/x",
    "10.0.0.1/²",
    "10.0.0.1/255.255.255.0",
    "10.0.0.1/24/24",
    "10.0.0.1/24 10.0.0.2",
    "10.0.0.1 peer",
    "peer 10.0.0.2",
    "10.0.0.1 brd 10.0.0.255",
    "10.0.0.1 peer 10.0.0.2 peer 10.0.0.3",
    "2001:db8::1/129",
    "2001:db8:::1/64",
    "2001:db8::g/64",
    "fe80::1%lo/64",
    "nodad",
    "2001:db8::1/64 nodad extra",
    "10.0.0.1 peer 2001:db8::2",
    "2001:db8::1 peer 10.0.0.2",
    "10.0.0.1/24 peer 10.0.0.2/32",
    "10.0.0.1/24 nodad",
    "224.0.0.1/24",
    "239.255.255.255",
    "255.255.255.255",
    "0.0.0.0/24",
    "ff02::1/64",
    "::/64",
    "10.0.0.1 peer 224.0.0.1",
    "10.0.0.1 peer 0.0.0.0",
    "2001:db8::1 peer ff02::1",
    "10.0.0.1\0/24",
]


@pytest.mark.parametrize("address", BAD_ADDRESSES, ids=ascii)
@pytest.mark.parametrize(
    ("module", "make"),
    [
        ("vnet_bridge", lambda address: bridge(addresses=[address])),
        ("vnet_veth", lambda address: peer(addresses=["10.9.9.9/24", address])),
        ("vnet_netns", lambda address: netns(addresses=[address])),
    ],
    ids=["bridge", "peer", "namespace"],
)
def test_a_bad_address_is_refused(module: str, make: Callable[[str], Values], address: str) -> None:
    assert_refused_always(module, [module, "addresses"], **make(address))


@pytest.mark.parametrize("addresses", [["2001:db8::1/64", "2001:db8::1/128"], ["2001:db8::1/64", "2001:db8:0::1/64 peer 2001:db8::2"]])
def test_one_ipv6_address_with_two_prefixes_is_refused(addresses: list[str]) -> None:
    assert_refused("vnet_bridge", ["br0", "address", "2001:db8::1"], **bridge(addresses=addresses))


def test_an_ipv6_address_where_ipv6_is_off_is_refused() -> None:
    assert_refused_always("vnet_bridge", ["vnet_bridge br0", "addresses", "disable_ipv6"], **bridge(disable_ipv6=True, addresses=["2001:db8::1/64"]))


LINK_ROUTES: list[tuple[Values, list[str]]] = [
    ({"to": ""}, ["to", "not an IP address"]),
    ({"to": "banana"}, ["to", "banana", "not an IP address"]),
    ({"to": "10.0.0.0/33"}, ["to", "prefix"]),
    ({"to": "10.0.0.0/²"}, ["to", "prefix"]),
    ({"to": "10.0.0.1/24"}, ["to", "10.0.0.1/24", "10.0.0.0/24"]),
    ({"to": "2001:db8::1/64"}, ["to", "2001:db8::1/64", "2001:db8::/64"]),
    ({"to": "10.0.0.0/24", "via": "banana"}, ["via", "banana", "not an IP address"]),
    ({"to": "10.0.0.0/24", "via": "10.9.0.1/24"}, ["via", "not an IP address"]),
    ({"to": "10.0.0.0/24", "via": "2001:db8::1"}, ["to", "via", "families"]),
    ({"to": "2001:db8::/64", "via": "10.0.0.1"}, ["to", "via", "families"]),
    ({"to": "10.0.0.0/24", "src": "2001:db8::1"}, ["to", "src", "families"]),
    ({"to": "default", "via": "10.0.0.1", "src": "2001:db8::1"}, ["to", "src", "families"]),
    ({"to": "10.0.0.0/24", "src": "banana"}, ["src", "not an IP address"]),
    ({"to": "10.0.0.0/24", "metric": -1}, ["metric", "-1", "out of range"]),
    ({"to": "10.0.0.0/24", "metric": 2**32}, ["metric", "4294967296", "out of range"]),
    ({"to": "10.0.0.0/24", "table": 0}, ["table", "0", "out of range"]),
    ({"to": "10.0.0.0/24", "table": -1}, ["table", "-1", "out of range"]),
    ({"to": "10.0.0.0/24", "table": 2**32}, ["table", "4294967296", "out of range"]),
    ({"to": "10.0.0.0/24", "table": "uplink"}, ["table", "uplink", "rt_tables"]),
    ({"to": "2001:db8::/64", "scope": "link"}, ["scope", "IPv6"]),
]


@pytest.mark.parametrize(("route", "words"), LINK_ROUTES, ids=lambda value: ascii(value) if isinstance(value, dict) else "")
@pytest.mark.parametrize(
    ("module", "make"),
    [
        ("vnet_bridge", lambda route: bridge(routes=[{"to": "10.8.0.0/16"}, route])),
        ("vnet_veth", lambda route: peer(routes=[{"to": "10.8.0.0/16"}, route])),
        ("vnet_netns", lambda route: netns(routes=[{"to": "10.8.0.0/16", "type": "blackhole"}, {"dev": "lo", **route}])),
    ],
    ids=["bridge", "peer", "namespace"],
)
def test_a_bad_route_is_refused_by_its_number(module: str, make: Callable[[Values], Values], route: Values, words: list[str]) -> None:
    assert_refused_always(module, [module, "routes[1]", *words], **make(route))


@pytest.mark.parametrize(
    ("route", "words"),
    [
        ({"to": "10.0.0.0/24"}, ["10.0.0.0/24", "no next hop", "via or dev"]),
        ({"to": "default"}, ["0.0.0.0/0", "no next hop", "via or dev"]),
        ({"to": "10.0.0.0/24", "type": "blackhole", "via": "10.9.0.1"}, ["blackhole", "no next hop"]),
        ({"to": "10.0.0.0/24", "type": "prohibit", "dev": "lo"}, ["prohibit", "no next hop"]),
    ],
    ids=["no next hop", "default without a way", "blackhole with a gateway", "prohibit with a link"],
)
def test_a_route_of_a_namespace_needs_one_way(route: Values, words: list[str]) -> None:
    assert_refused_always("vnet_netns", ["vnet_netns red", "routes[0]", *words], **netns(routes=[route]))


def test_two_routes_with_one_destination_and_metric_are_refused() -> None:
    routes = [{"to": "10.2.0.0/16", "via": "10.1.0.2"}, {"to": "10.2.0.0/16", "via": "10.1.0.3"}]
    assert_refused("vnet_bridge", ["br0", "route", "10.2.0.0/16", "metric"], **bridge(addresses=["10.1.0.1/24"], routes=routes))


@pytest.mark.parametrize("value", [1.5, None, [1], {"a": 1}], ids=repr)
def test_a_setting_that_is_neither_text_nor_number_is_refused(value: Any) -> None:
    assert_refused_always("vnet_netns", ["vnet_netns red", "sysctl", "net.ipv4.ip_forward"], **netns(sysctl={"net.ipv4.ip_forward": value}))


@pytest.mark.parametrize("number", [-1, -2, 2**31, 2**40])
def test_an_id_of_a_namespace_out_of_range_is_refused(number: int) -> None:
    assert_refused_always("vnet_netns", ["vnet_netns red", "nsid", str(number), "out of range"], **netns(nsid=number))


BAD_VLANS: list[tuple[list[Values], list[str]]] = [
    ([{"vid": "0"}], ["vlans[0]", "vid", "1 to 4094"]),
    ([{"vid": "4095"}], ["vlans[0]", "vid", "1 to 4094"]),
    ([{"vid": "4096"}], ["vlans[0]", "vid", "1 to 4094"]),
    ([{"vid": "0-5"}], ["vlans[0]", "vid", "1 to 4094"]),
    ([{"vid": "4090-4095"}], ["vlans[0]", "vid", "1 to 4094"]),
    ([{"vid": "30-20"}], ["vlans[0]", "vid", "30-20", "wrong order"]),
    ([{"vid": "10"}, {"vid": "banana"}], ["vlans[1]", "vid", "banana"]),
    ([{"vid": ""}], ["vlans[0]", "vid"]),
    ([{"vid": "-1"}], ["vlans[0]", "vid"]),
    ([{"vid": "1-"}], ["vlans[0]", "vid"]),
    ([{"vid": "1,2"}], ["vlans[0]", "vid"]),
    ([{"vid": "1-2-3"}], ["vlans[0]", "vid"]),
    ([{"vid": "0x10"}], ["vlans[0]", "vid"]),
    ([{"vid": "10\n"}], ["vlans[0]", "vid"]),
    ([{"vid": "10-20", "pvid": True}], ["vlans[0]", "range", "PVID"]),
    ([{"vid": "10", "pvid": True}, {"vid": "20", "pvid": True}], ["vlans[1]", "second PVID"]),
    ([{"vid": "10"}, {"vid": "10"}], ["vlans[1]", "VLAN 10", "twice"]),
    ([{"vid": "10-20"}, {"vid": "20-30"}], ["vlans[1]", "VLAN 20", "twice"]),
]


@pytest.mark.parametrize(("vlans", "words"), BAD_VLANS, ids=lambda value: ascii(value) if isinstance(value[0], dict) else "")
@pytest.mark.parametrize(
    ("module", "make", "where"),
    [
        ("vnet_bridge", lambda vlans: bridge(vlans=vlans), "br0"),
        ("vnet_bridge", lambda vlans: bridge(ports=[{"name": "p", "vlans": vlans}]), "ports[0]"),
        ("vnet_veth", lambda vlans: veth(master="br0", port={"vlans": vlans}), "port"),
        ("vnet_veth", lambda vlans: peer(master="br0", port={"vlans": vlans}), "peer."),
        ("vnet_tuntap", lambda vlans: tap(master="br0", port={"vlans": vlans}), "port"),
    ],
    ids=["bridge", "ports", "near", "peer", "tap"],
)
def test_bad_vlans_are_refused_by_their_number(module: str, make: Callable[[list[Values]], Values], where: str, vlans: list[Values], words: list[str]) -> None:
    assert_refused_always(module, [module, where, *words], **make(vlans))


def beyond(row: table.Attribute) -> list[Any]:
    """The values next to the range."""
    assert row.low is not None
    assert row.high is not None
    if row.type.option == "str":
        return ["x" * int(row.high + 1), "é" * int(row.high // 2 + 1)]
    if row.type.option == "float":
        return [row.low - 0.01, row.low - 1, row.high + 0.01, row.high * 10 + 1, float("nan"), float("inf"), float("-inf")]
    return [int(row.low) - 1, int(row.high) + 1, -(2**40), 2**70]


def out_of_range(rows: tuple[table.Attribute, ...]) -> list[Any]:
    return [
        pytest.param(row.name, value, id=f"{row.name}={value:.9}" if isinstance(value, str) else f"{row.name}={value}")
        for row in rows
        if row.high is not None and row.when != "read"
        for value in beyond(row)
    ]


@pytest.mark.parametrize(("name", "value"), out_of_range(table.LINK + _kinds.TYPES["bridge"].rows))
def test_a_value_out_of_range_is_refused_for_a_bridge(name: str, value: Any) -> None:
    assert_refused_always("vnet_bridge", ["vnet_bridge br0", name, "out of range"], **bridge(**{name: value}))


@pytest.mark.parametrize(("name", "value"), out_of_range(table.LINK))
def test_a_value_out_of_range_is_refused_for_a_cable(name: str, value: Any) -> None:
    assert_refused_always("vnet_veth", ["vnet_veth a", name, "out of range"], **veth(**{name: value}))
    assert_refused_always("vnet_veth", ["vnet_veth a", "peer.", name, "out of range"], **peer(**{name: value}))


@pytest.mark.parametrize(("name", "value"), out_of_range(tuple(row for row in table.LINK if not row.name.startswith("num_")) + _kinds.TYPES["tuntap"].rows))
def test_a_value_out_of_range_is_refused_for_a_tap(name: str, value: Any) -> None:
    assert_refused_always("vnet_tuntap", ["vnet_tuntap t", name, "out of range"], **tap(**{name: value}))


@pytest.mark.parametrize(("name", "value"), out_of_range(table.PORT))
def test_a_value_out_of_range_is_refused_for_a_port(name: str, value: Any) -> None:
    assert_refused_always("vnet_veth", ["vnet_veth a", "port", name, "out of range"], **veth(master="br0", port={name: value}))
    assert_refused_always("vnet_bridge", ["vnet_bridge br0", "ports[0]", name, "out of range"], **bridge(ports=[{"name": "a", name: value}]))


@pytest.mark.parametrize(
    "mac", ["01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "banana", "02:00:00:00:00", "02:00:00:00:00:00:01", "2:0:0:0:0:1", ""]
)
@pytest.mark.parametrize(
    ("module", "make"),
    [("vnet_bridge", lambda mac: bridge(mac=mac)), ("vnet_veth", lambda mac: peer(mac=mac)), ("vnet_tuntap", lambda mac: tap(mac=mac))],
    ids=["bridge", "peer", "tap"],
)
def test_a_mac_that_no_device_can_have_is_refused(module: str, make: Callable[[str], Values], mac: str) -> None:
    assert_refused_always(module, [module, "mac"], **make(mac))


@pytest.mark.parametrize("group", ["01:80:c2:00:00:01", "01:80:c2:00:00:02", "01:80:c2:00:00:03", "01:80:c2:00:00:10", "02:00:00:00:00:01", "banana", ""])
def test_a_group_address_outside_its_range_is_refused(group: str) -> None:
    assert_refused_always("vnet_bridge", ["vnet_bridge br0", "group_address"], **bridge(group_address=group))


@pytest.mark.parametrize(("option", "what"), [("owner", "user"), ("group", "group")])
def test_an_account_that_does_not_exist_is_an_error(option: str, what: str) -> None:
    assert_refused("vnet_tuntap", ["vnet_tuntap t", option, f"no {what} nobody-of-that-name"], **tap(**{option: "nobody-of-that-name"}))


@pytest.mark.parametrize("option", ["owner", "group"])
@pytest.mark.parametrize("number", ["-1", "4294967295", "4294967296", "99999999999999999999", "²", "1.5", "0x10", " 1"])
def test_a_number_that_no_account_can_have_is_refused(option: str, number: str) -> None:
    assert_refused("vnet_tuntap", ["vnet_tuntap t", option], **tap(**{option: number}))
