# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to records, or to a sentence."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._entries._rules import RULES
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._resources import OWN_TABLE, Address, Route, Vlan
from ansible_collections.nfv.vnet.tests.unit.plugins.module_utils.records import wanted

ADDRESS_FORM = (
    "LOCAL[/PREFIX] [peer REMOTE[/PREFIX]] [broadcast ADDRESS] [label NAME] [scope SCOPE] [metric NUMBER] [nodad] [noprefixroute] [home] [mngtmpaddr]"
    " [autojoin]"
)


def refusal(module: str, **params: Any) -> str:
    with pytest.raises(VnetError) as caught:
        wanted(module, **params)
    return str(caught.value)


def shown(name: str) -> str:
    """A name as it stands in a sentence: what cannot be printed is escaped."""
    return name if name and name.isprintable() else ascii(name)


def bridge(**params: Any) -> Any:
    return wanted("vnet_bridge", name="br0", **params).links[0]


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ("192.0.2.1/24", Address("192.0.2.1", 24)),
        ("192.0.2.1", Address("192.0.2.1", 32)),
        ("2001:DB8:0::1/64", Address("2001:db8::1", 64)),
        ("2001:db8::1", Address("2001:db8::1", 128)),
        ("2001:db8::1/64 nodad", Address("2001:db8::1", 64, nodad=True)),
        ("10.9.0.1 peer 10.9.0.2", Address("10.9.0.1", 32, "10.9.0.2")),
        ("10.9.0.1 peer 10.9.0.2/24", Address("10.9.0.1", 24, "10.9.0.2")),
        ("10.9.0.1/24 peer 10.9.0.2", Address("10.9.0.1", 24, "10.9.0.2")),
        ("10.9.0.1/24 peer 10.9.0.2/24", Address("10.9.0.1", 24, "10.9.0.2")),
        ("10.9.0.1/24 peer 10.9.0.1", Address("10.9.0.1", 24)),
        ("2001:db8::1 peer 2001:db8::2 nodad", Address("2001:db8::1", 128, "2001:db8::2", nodad=True)),
        ("fe80::1/64", Address("fe80::1", 64)),
        ("127.0.0.2/8", Address("127.0.0.2", 8)),
    ],
)
def test_address(text: str, record: Address) -> None:
    assert bridge(addresses=[text]).addresses == [record]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("192.0.2.256/24", "'192.0.2.256' is not an IP address"),
        ("192.0.2.1/33", "'192.0.2.1/33': the prefix length is not 0 to 32"),
        ("2001:db8::1/129", "'2001:db8::1/129': the prefix length is not 0 to 128"),
        ("192.0.2.1/", "'192.0.2.1/': the prefix length is not 0 to 32"),
        ("192.0.2.1/-1", "'192.0.2.1/-1': the prefix length is not 0 to 32"),
        ("192.0.2.1/255.255.255.0", "'192.0.2.1/255.255.255.0': the prefix length is not 0 to 32"),
        ("10.9.0.1 peer 2001:db8::2", "'10.9.0.1 peer 2001:db8::2': both addresses must be IPv4 or IPv6"),
        ("10.9.0.1/24 peer 10.9.0.2/25", "'10.9.0.1/24 peer 10.9.0.2/25': the prefix lengths differ; use one"),
        (
            "10.9.0.1 pear 10.9.0.2",
            "'10.9.0.1 pear 10.9.0.2' is not " + ADDRESS_FORM,
        ),
        (
            "",
            "'' is not " + ADDRESS_FORM,
        ),
        ("192.0.2.1/24 nodad", "'192.0.2.1/24 nodad': nodad is for IPv6; leave it out"),
        ("224.0.0.1/24", "'224.0.0.1/24': 224.0.0.1 is not a unicast address"),
        ("ff02::1/64", "'ff02::1/64': ff02::1 is not a unicast address"),
        ("10.9.0.1 peer 224.0.0.1", "'10.9.0.1 peer 224.0.0.1': 224.0.0.1 is not a unicast address"),
        ("0.0.0.0/0", "'0.0.0.0/0': 0.0.0.0 is not a unicast address"),
    ],
)
def test_address_that_cannot_be(text: str, sentence: str) -> None:
    assert refusal("vnet_bridge", name="br0", addresses=[text]) == "addresses[0]: " + sentence


@pytest.mark.parametrize(
    ("params", "record"),
    [
        ({"to": "default", "via": "192.0.2.1"}, Route("0.0.0.0/0", OWN_TABLE, 0, dev="br0", via="192.0.2.1")),
        ({"to": "default", "via": "2001:db8::1"}, Route("::/0", OWN_TABLE, 1024, dev="br0", via="2001:db8::1")),
        ({"to": "default"}, Route("0.0.0.0/0", OWN_TABLE, 0, dev="br0")),
        ({"to": "198.51.100.0/24"}, Route("198.51.100.0/24", OWN_TABLE, 0, dev="br0")),
        ({"to": "198.51.100.7"}, Route("198.51.100.7/32", OWN_TABLE, 0, dev="br0")),
        ({"to": "2001:DB8:1::/48", "metric": 5}, Route("2001:db8:1::/48", OWN_TABLE, 5, dev="br0")),
        ({"to": "2001:db8:1::/48", "metric": 0}, Route("2001:db8:1::/48", OWN_TABLE, 1024, dev="br0")),
        ({"to": "198.51.100.0/24", "table": 7, "scope": "link"}, Route("198.51.100.0/24", 7, 0, dev="br0", scope="link")),
        (
            {"to": "198.51.100.0/24", "via": "203.0.113.1", "src": "192.0.2.1", "onlink": True},
            Route("198.51.100.0/24", OWN_TABLE, 0, dev="br0", via="203.0.113.1", src="192.0.2.1", onlink=True),
        ),
    ],
)
def test_route(params: dict[str, Any], record: Route) -> None:
    assert bridge(routes=[params]).routes == [record]


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"to": "198.51.100.1/24"}, ".to: 198.51.100.1/24 has host bits set; the network is 198.51.100.0/24"),
        ({"to": "2001:db8::1/64"}, ".to: 2001:db8::1/64 has host bits set; the network is 2001:db8::/64"),
        ({"to": "somewhere"}, ".to: 'somewhere' is not an IP address"),
        ({"to": "198.51.100.0/24", "via": "2001:db8::1"}, ": to 198.51.100.0/24 and via 2001:db8::1 are of different address families"),
        ({"to": "198.51.100.0/24", "src": "2001:db8::1"}, ": to 198.51.100.0/24 and src 2001:db8::1 are of different address families"),
        ({"to": "default", "via": "gateway"}, ".via: 'gateway' is not an IP address"),
        ({"to": "2001:db8::/64", "scope": "link"}, ".scope: IPv6 routes have no scope; leave it out"),
        ({"to": "default", "metric": -1}, ".metric: -1 is out of range (0 to 4294967295)"),
        ({"to": "default", "table": 0}, ".table: 0 is out of range (1 to 4294967295)"),
        ({"to": "default", "table": "mian"}, ".table: 'mian' is neither a number nor the name of a routing table in /etc/iproute2/rt_tables"),
    ],
)
def test_route_that_cannot_be(params: dict[str, Any], sentence: str) -> None:
    assert refusal("vnet_bridge", name="br0", routes=[params]) == "routes[0]" + sentence


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"to": "198.51.100.0/24"}, "198.51.100.0/24 has no next hop; set via or dev, or another type"),
        ({"to": "198.51.100.0/24", "type": "blackhole", "dev": "lo"}, "a blackhole route has no next hop; leave via and dev out"),
    ],
)
def test_way_of_a_route(params: dict[str, Any], sentence: str) -> None:
    assert refusal("vnet_netns", name="red", routes=[params]) == "routes[0]: " + sentence


@pytest.mark.parametrize(
    ("entries", "records"),
    [
        ([{"vid": "10"}], [Vlan(10, 10, None, None)]),
        ([{"vid": 10, "pvid": True, "untagged": False}], [Vlan(10, 10, True, False)]),
        ([{"vid": "4092-4094"}], [Vlan(4092, 4092, None, None), Vlan(4093, 4093, None, None), Vlan(4094, 4094, None, None)]),
        ([{"vid": "5-5", "untagged": True}, {"vid": "1"}], [Vlan(5, 5, None, True), Vlan(1, 1, None, None)]),
        ([], []),
    ],
)
def test_vlans(entries: list[dict[str, Any]], records: list[Vlan]) -> None:
    assert list(bridge(vlans=entries).vlans.values()) == records


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ([{"vid": "0"}], "vlans[0].vid: 0 is out of range (1 to 4094)"),
        ([{"vid": "4095"}], "vlans[0].vid: 4095 is out of range (1 to 4094)"),
        ([{"vid": "30-20"}], "vlans[0].vid: 30-20 is in the wrong order"),
        ([{"vid": "10-"}], "vlans[0].vid: '10-' is neither a VLAN nor a range such as 10-20"),
        ([{"vid": "-1"}], "vlans[0].vid: '-1' is neither a VLAN nor a range such as 10-20"),
        ([{"vid": "ten"}], "vlans[0].vid: 'ten' is neither a VLAN nor a range such as 10-20"),
        ([{"vid": "10-12", "pvid": True}], "vlans[0]: a range cannot be the PVID; list the VLAN separately"),
        ([{"vid": "10", "pvid": True}, {"vid": "11", "pvid": True}], "vlans[1]: a second PVID; a port can have only one"),
        ([{"vid": "10-12"}, {"vid": "12"}], "vlans[1]: VLAN 12 is listed twice"),
    ],
)
def test_vlans_that_cannot_be(entries: list[dict[str, Any]], sentence: str) -> None:
    assert refusal("vnet_bridge", name="br0", vlans=entries) == sentence


@pytest.mark.parametrize("name", ["a", "fifteen-bytes-x", "eth0.10", "..a", "ä"])
def test_name_of_a_link(name: str) -> None:
    assert wanted("vnet_bridge", name=name).links[0].name == name


@pytest.mark.parametrize("name", ["", "sixteen-bytes-xx", "ääääääää", "a/b", "a:b", "a%d", "a b", "a\tb", "a\n", ".", "..", "a\0b", "all", "default"])
def test_name_that_no_link_can_have(name: str) -> None:
    sentence = "name: %s is not the name of a link: 1 to 15 bytes, no '/', ':', '%%' or white space, not '.', '..', 'all' or 'default'"
    assert refusal("vnet_bridge", name=name) == sentence % ascii(name)


@pytest.mark.parametrize("name", ["", "a/b", ".", "..", "../red", "a b", "a\n"])
def test_name_that_no_namespace_can_have(name: str) -> None:
    sentence = "name: %s is not the name of a namespace: no '/', no white space, not '.' or '..'"
    assert refusal("vnet_netns", name=name) == sentence % ascii(name)


@pytest.mark.parametrize("netns", ["red", "/proc/1/ns/net", "", "red:blue"])
def test_netns(netns: str) -> None:
    assert bridge(netns=netns).netns == netns


@pytest.mark.parametrize("netns", ["a/b", "..", ".", "/run/../etc/passwd", "../red", "a b"])
def test_netns_that_cannot_be(netns: str) -> None:
    sentence = "netns: %r is neither the name of a namespace nor an absolute path without '..'"
    assert refusal("vnet_bridge", name="br0", netns=netns) == sentence % netns


@pytest.mark.parametrize(
    ("text", "mac"), [("41135085296", "52:54:00:12:34:56"), ("02:AB:cd:00:00:01", "02:ab:cd:00:00:01"), ("02-ab-cd-00-00-01", "02:ab:cd:00:00:01")]
)
def test_mac(text: str, mac: str) -> None:
    assert bridge(mac=text).values["mac"] == mac


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"mac": "02:00:00:00:00"}, "mac: '02:00:00:00:00' is not a MAC address such as 02:00:00:00:00:01"),
        ({"mac": "0200.0000.0001"}, "mac: '0200.0000.0001' is not a MAC address such as 02:00:00:00:00:01"),
        ({"mac": "020000000001"}, "mac: '020000000001' is not a MAC address such as 02:00:00:00:00:01"),
        ({"mac": "1"}, "mac: '1' is not a MAC address such as 02:00:00:00:00:01"),
        ({"mac": "\u00b2"}, "mac: '\\xb2' is not a MAC address such as 02:00:00:00:00:01"),
        ({"mac": "01:00:00:00:00:01"}, "mac: 01:00:00:00:00:01 is not a unicast address: the first byte must be even, and not all bytes zero"),
        ({"mac": "00:00:00:00:00:00"}, "mac: 00:00:00:00:00:00 is not a unicast address: the first byte must be even, and not all bytes zero"),
        ({"group_address": "01:80:c2:00:00:01"}, "group_address: 01:80:c2:00:00:01 is not 01:80:C2:00:00:0X, where X is 0 or 4 to F"),
        ({"mtu": 67}, "mtu: 67 is out of range (68 to 65575)"),
        ({"mtu": 65576}, "mtu: 65576 is out of range (68 to 65575)"),
        ({"priority": 65536}, "priority: 65536 is out of range (0 to 65535)"),
        ({"vlan_default_pvid": 4095}, "vlan_default_pvid: 4095 is out of range (0 to 4094)"),
        ({"hello_time": 0.5}, "hello_time: 0.5 is out of range (1 to 10 seconds)"),
        ({"max_age": 41}, "max_age: 41 is out of range (6 to 40 seconds)"),
        ({"alias": "a" * 256}, "alias: 256 bytes are out of range (at most 255)"),
        ({"alias": "ä" * 128}, "alias: 256 bytes are out of range (at most 255)"),
        ({"disable_ipv6": True, "addresses": ["2001:db8::1/64"]}, "addresses: disable_ipv6 is true, so the link cannot have 2001:db8::1/64"),
        ({"ports": [{"name": "br0"}]}, "ports[0]: a link cannot be a port of itself"),
        ({"ports": [{"name": "a"}, {"name": "a"}]}, "ports[1]: a is listed twice"),
        ({"ports": [{"name": "a", "priority": 64}]}, "ports[0].priority: 64 is out of range (0 to 63)"),
    ],
)
def test_value_that_cannot_be(options: dict[str, Any], sentence: str) -> None:
    assert refusal("vnet_bridge", name="br0", **options) == sentence


def test_what_is_not_given_is_not_wanted() -> None:
    link = bridge()
    assert link.values == {"up": True}
    assert (link.addresses, link.routes, link.vlans, link.ports, link.master, link.port) == (None,) * 6


def test_false_zero_and_empty_lists_are_values() -> None:
    link = bridge(stp=False, ageing_time=0, alias="", addresses=[], routes=[], vlans=[], ports=[], up=False)
    assert link.values == {"up": False, "stp": False, "ageing_time": 0, "alias": ""}
    assert (link.addresses, link.routes, link.vlans, link.ports) == ([], [], {}, {})


def test_both_ends_of_a_cable_name_each_other() -> None:
    near, far = wanted("vnet_veth", name="a", netns="red", peer={"name": "b", "mtu": 1400}).links
    assert (near.id, near.peer, far.id, far.peer) == (("red", "a"), ("", "b"), ("", "b"), ("red", "a"))
    assert (near.values, far.values) == ({"up": True}, {"up": True, "mtu": 1400})


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"name": "a"}, "peer: missing; a veth pair has two ends, set at least peer.name"),
        ({"name": "a", "peer": {"name": "b"}, "master": "", "port": {"cost": 1}}, "port: master is '', so the link is not a port; leave port out"),
    ],
)
def test_cable_that_cannot_be(params: dict[str, Any], sentence: str) -> None:
    assert refusal("vnet_veth", **params) == sentence


def test_owner_is_an_id() -> None:
    assert wanted("vnet_tuntap", name="t", owner="root", group="0").links[0].values == {"up": True, "owner": "0", "group": "0"}
    assert wanted("vnet_tuntap", name="t", owner="0100").links[0].values["owner"] == "100"
    assert wanted("vnet_tuntap", name="t", owner="").links[0].values == {"up": True, "owner": ""}


def test_owner_that_is_not_there() -> None:
    sentence = "owner: there is no user no-such-user on this host"
    assert refusal("vnet_tuntap", name="t", owner="no-such-user") == sentence
    assert wanted("vnet_tuntap", check=True, name="t", owner="no-such-user").links[0].values["owner"] == "no-such-user"


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [("net.ipv4.ip_forward", 1, "1"), ("net/ipv4/ip_forward", True, "1"), ("net.ipv4.ping_group_range", "0\t 10", "0 10")],
)
def test_sysctl(key: str, value: Any, text: str) -> None:
    assert wanted("vnet_netns", name="red", sysctl={key: value}).namespaces[0].sysctl == {key: text}


@pytest.mark.parametrize("key", ["kernel.panic", "net", "net.../kernel.panic", "net/../kernel/panic", "vm.swappiness", "/net.ipv4.ip_forward"])
def test_sysctl_of_the_whole_host(key: str) -> None:
    sentence = "sysctl: %s does not begin with net.; other settings would change the whole host"
    assert refusal("vnet_netns", name="red", sysctl={key: 1}) == sentence % key


def test_sysctl_in_two_spellings() -> None:
    sentence = "sysctl.net/ipv4/ip_forward: net.ipv4.ip_forward is the same setting; give it once"
    assert refusal("vnet_netns", name="red", sysctl={"net.ipv4.ip_forward": 1, "net/ipv4/ip_forward": 0}) == sentence


def test_sysctl_in_octal() -> None:
    sentence = "sysctl.net.ipv4.ip_forward: the kernel reads 01 as an octal number; leave the zero in front out"
    assert refusal("vnet_netns", name="red", sysctl={"net.ipv4.ip_forward": "01"}) == sentence


@pytest.mark.parametrize(
    ("params", "family", "command"),
    [
        ({"to": "::/0", "type": "blackhole"}, "ipv6", "ip -6 rule add priority 9 from all blackhole protocol static"),
        ({"from": "0.0.0.0/0", "table": "100"}, "ipv4", "ip rule add priority 9 from all lookup 100 protocol static"),
        ({"from": "::/0", "to": "2001:db8::/32", "table": "100"}, "ipv6", "ip -6 rule add priority 9 from all to 2001:db8::/32 lookup 100 protocol static"),
        ({"from": "all", "table": "100"}, "ipv4", "ip rule add priority 9 from all lookup 100 protocol static"),
        ({"fwmark": "0x10/0", "table": "100"}, "ipv4", "ip rule add priority 9 from all lookup 100 protocol static"),
        ({"type": "blackhole", "suppress_prefixlength": -1}, "ipv4", "ip rule add priority 9 from all blackhole protocol static"),
    ],
)
def test_rule(params: dict[str, Any], family: str, command: str) -> None:
    (entry,) = wanted("vnet_netns", name="red", rules=[{"priority": 9, **params}]).links[0].entries["rules"].entries
    assert entry["family"] == family
    assert " ".join(RULES.words(True, {**entry, "protocol": "static"}, "", "lo")) == command


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"from": "::/0", "to": "192.0.2.0/24"}, "rules[0].to: 192.0.2.0/24 is not of the family ipv6"),
        ({"from": "::/0", "family": "ipv4"}, "rules[0].from: ::/0 is not of the family ipv4"),
        ({"type": "blackhole", "suppress_prefixlength": 0}, "rules[0].suppress_prefixlength: it is for type: lookup"),
    ],
)
def test_rule_that_cannot_be(params: dict[str, Any], sentence: str) -> None:
    assert refusal("vnet_netns", name="red", rules=[{"priority": 9, **params}]) == sentence


def test_sysctl_that_is_no_value() -> None:
    sentence = "sysctl.net.ipv4.ip_forward: the value is neither a string nor an integer"
    assert refusal("vnet_netns", name="red", sysctl={"net.ipv4.ip_forward": [1]}) == sentence


def test_namespace_comes_with_its_loopback() -> None:
    found = wanted("vnet_netns", name="red", loopback=False, addresses=["192.0.2.1"])
    (lo,) = found.links
    assert (lo.id, lo.kind, lo.values, lo.addresses) == (("red", "lo"), "loopback", {"up": False}, [Address("192.0.2.1", 32)])
    assert not wanted("vnet_netns", name="red", state="absent").links
