# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a layout: what they turn into, and the sentence for each that cannot be."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._declaration import LAYOUT_OPTIONS
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError, failure
from ansible_collections.nfv.vnet.plugins.module_utils._options import OPTIONS, Option
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Address
from ansible_collections.nfv.vnet.tests.unit.plugins.module_utils.records import acts, declared, host, planned, there, wanted

BRIDGE, FAR = {"name": "br0"}, {"name": "b"}


def refusal(**params: Any) -> str:
    """The sentence, as the user reads it."""
    with pytest.raises(VnetError) as caught:
        planned(declared(**params), host())
    sentence = str(failure("vnet_layout lab", caught.value)["msg"])
    assert "\n" not in sentence
    return sentence


# What it turns into


ITEMS: dict[str, tuple[str, dict[str, Any]]] = {
    "bridges": (
        "vnet_bridge",
        {"name": "br0", "mtu": 1400, "stp": True, "forward_delay": 4, "addresses": ["192.0.2.1/24"], "ports": [{"name": "p", "cost": 5}]},
    ),
    "tuntaps": ("vnet_tuntap", {"name": "t", "mode": "tap", "netns": "red", "master": "br0", "port": {"vlans": [{"vid": "5"}]}}),
    "veths": ("vnet_veth", {"name": "a", "routes": [{"to": "default", "via": "192.0.2.1"}], "peer": {"name": "b", "netns": "red", "up": False}}),
    "namespaces": ("vnet_netns", {"name": "red", "nsid": 5, "sysctl": {"net.ipv4.ip_forward": True}, "loopback": False, "addresses": []}),
}


@pytest.mark.parametrize("kind", ITEMS)
def test_an_item_is_what_its_module_makes_of_it_but_for_exact_lists(kind: str) -> None:
    module, params = ITEMS[kind]
    items: dict[str, Any] = {kind: [params]}
    single, layout = wanted(module, **params), declared(**items)
    assert [link._replace(path=()) for link in layout.links] == [_exact(link) for link in single.links]
    assert [record._replace(path=()) for record in layout.namespaces] == [record._replace(path=(), purge_routes=True) for record in single.namespaces]
    assert [link.path for link in layout.links][:1] == [(kind, 0)]


def _exact(link: Any) -> Any:
    port = link.port and link.port._replace(purge_vlans=True)
    ports = link.ports and {name: entry._replace(purge_vlans=True) for name, entry in link.ports.items()}
    loopback = link.kind == "loopback"
    return link._replace(
        path=(),
        purge_addresses=True,
        purge_routes=not loopback,
        purge_ports=link.kind == "bridge",
        purge_vlans=link.kind == "bridge",
        port=port,
        ports=ports,
    )


def test_exact_lists_can_be_turned_off() -> None:
    (link,) = declared(bridges=[{**BRIDGE, "purge_addresses": False, "purge_ports": "no"}]).links
    assert (link.purge_addresses, link.purge_ports, link.purge_routes, link.purge_vlans) == (False, False, True, True)


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ({"mtu": "1400"}, {"mtu": 1400}),
        ({"stp": "yes"}, {"stp": True}),
        ({"stp": 0}, {"stp": False}),
        ({"forward_delay": "4.5"}, {"forward_delay": 4.5}),
        ({"forward_delay": 4}, {"forward_delay": 4.0}),
        ({"alias": 5}, {"alias": "5"}),
        ({"mac": "02-00-00-00-00-0A"}, {"mac": "02:00:00:00:00:0a"}),
        ({"mtu": None}, {}),
    ],
)
def test_values_are_converted_as_by_ansible(given: dict[str, Any], value: dict[str, Any]) -> None:
    assert declared(bridges=[{**BRIDGE, **given}]).links[0].values == {"up": True, **value}


def test_texts_for_lists_are_taken_as_by_ansible() -> None:
    (link,) = declared(bridges=[{**BRIDGE, "addresses": "192.0.2.1/24,192.0.2.2/24"}]).links
    assert link.addresses == [Address("192.0.2.1", 24), Address("192.0.2.2", 24)]


@pytest.mark.parametrize("items", ["namespaces", "bridges", "tuntaps", "veths", "links"])
def test_an_item_that_is_absent_is_not_declared(items: str) -> None:
    params: dict[str, Any] = {items: [{"name": "x", "state": "absent"}, {"name": "x", "state": "absent"}]}
    layout = declared(**params)
    assert (layout.links, layout.namespaces) == ([], [])


def test_a_layout_that_goes_needs_its_name_only() -> None:
    layout = declared(state="absent", bridges=[{"nonsense": True}], veths="nonsense", sysctl={"nonsense": 1})
    assert (layout.links, layout.namespaces, layout.name) == ([], [], "lab")


@pytest.mark.parametrize("path", ["/run/netns/red", "/var/run/netns/red"])
def test_the_path_of_a_name_is_the_name(path: str) -> None:
    near, far = declared(veths=[{"name": "a", "netns": path, "peer": {"name": "b", "netns": path}}]).links
    assert (near.netns, far.netns) == ("red", "red")
    (other,) = declared(bridges=[{**BRIDGE, "netns": path + "/x"}]).links
    assert other.netns != "red"


def test_settings_of_the_host_are_those_of_the_namespace_without_a_name() -> None:
    (namespace,) = declared(sysctl={"net.ipv4.ip_forward": True}).namespaces
    assert (namespace.name, namespace.sysctl) == ("", {"net.ipv4.ip_forward": "1"})


def test_items_have_exactly_the_options_of_their_module() -> None:
    by_name = {option.name: option for option in LAYOUT_OPTIONS}
    for items, module in (("namespaces", "vnet_netns"), ("bridges", "vnet_bridge"), ("tuntaps", "vnet_tuntap"), ("veths", "vnet_veth")):
        assert _named(by_name[items].options) == _named(OPTIONS[module])


def _named(options: tuple[Option, ...]) -> list[Any]:
    """Names, types and defaults, but for purging, which is the default here."""
    return [
        (option.name, option.type, option.choices, option.required, None if option.name.startswith("purge_") else option.default, _named(option.options))
        for option in options
    ]


# What cannot be


@pytest.mark.parametrize("name", ["", "-x", ".x", "a b", "a/b", "a:b", "a" * 33, "lab\n", "läb", "$(x)"])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(VnetError, match="name: 1 to 32 letters"):
        declared(name=name)


@pytest.mark.parametrize("name", ["a", "0", "lab.1_x-y", "A" * 32])
def test_names_that_can_be(name: str) -> None:
    assert declared(name=name).name == name


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        # shapes
        ({"bridges": "br0"}, "bridges: 'br0' is not a list"),
        ({"bridges": {"name": "br0"}}, "bridges: {'name': 'br0'} is not a list"),
        ({"bridges": ["br0"]}, "bridges[0]: 'br0' is no dictionary of options"),
        ({"bridges": [BRIDGE, None]}, "bridges[1]: None is no dictionary of options"),
        ({"bridges": [{}]}, "bridges[0]: name is missing"),
        ({"bridges": [{"name": None}]}, "bridges[0]: name is missing"),
        ({"veths": [{"name": "a", "peer": {}}]}, "veths[0].peer: name is missing"),
        ({"veths": [{"name": "a", "peer": "b"}]}, "veths[0].peer: 'b' is not a dictionary"),
        ({"veths": [{"name": "a"}]}, "veths[0].peer: missing; a cable has two ends, give at least peer.name"),
        ({"bridges": [{**BRIDGE, "ports": [{"cost": 5}]}]}, "bridges[0].ports[0]: name is missing"),
        ({"bridges": [{**BRIDGE, "ports": [{"name": "p"}, 5]}]}, "bridges[0].ports[1]: 5 is no dictionary of options"),
        ({"veths": [{"name": "a", "routes": [{"via": "192.0.2.1"}], "peer": FAR}]}, "veths[0].routes[0]: to is missing"),
        # options
        ({"bridges": [{**BRIDGE, "nonsense": 1}]}, "bridges[0]: there is no option nonsense; there are name, netns, state,"),
        ({"bridges": [{"name": "br0", 5: 1}]}, "bridges[0]: there is no option 5; there are"),
        ({"veths": [{"name": "a", "peer": {**FAR, "state": "absent"}}]}, "veths[0].peer: there is no option state; there are name, netns,"),
        ({"veths": [{"name": "a", "peer": {**FAR, "peer": {}}}]}, "veths[0].peer: there is no option peer"),
        ({"tuntaps": [{"name": "t", "mode": "tap", "port": {"nonsense": 1}}]}, "tuntaps[0].port: there is no option nonsense"),
        ({"namespaces": [{"name": "red", "mtu": 1400}]}, "namespaces[0]: there is no option mtu"),
        ({"bridges": [{**BRIDGE, "vlans": [{"vid": 5, "tagged": True}]}]}, "bridges[0].vlans[0]: there is no option tagged; there are vid, pvid, untagged"),
        # types and choices
        ({"bridges": [{**BRIDGE, "mtu": "large"}]}, "bridges[0].mtu: 'large' is not a whole number"),
        ({"bridges": [{**BRIDGE, "mtu": 1400.5}]}, "bridges[0].mtu: 1400.5 is not a whole number"),
        ({"bridges": [{**BRIDGE, "mtu": []}]}, "bridges[0].mtu: [] is not a whole number"),
        ({"bridges": [{**BRIDGE, "stp": "maybe"}]}, "bridges[0].stp: 'maybe' is not true or false"),
        ({"bridges": [{**BRIDGE, "forward_delay": "soon"}]}, "bridges[0].forward_delay: 'soon' is not a number"),
        ({"bridges": [{**BRIDGE, "state": "gone"}]}, "bridges[0].state: gone is none of present, absent"),
        ({"tuntaps": [{"name": "t", "mode": "top"}]}, "tuntaps[0].mode: top is none of tun, tap"),
        ({"bridges": [{**BRIDGE, "ports": [{"name": "p", "mcast_router": "often"}]}]}, "bridges[0].ports[0].mcast_router: often is none of"),
        ({"namespaces": [{"name": "red", "routes": [{"to": "10.0.0.0/8", "type": "slow"}]}]}, "namespaces[0].routes[0].type: slow is none of unicast"),
        ({"bridges": [{**BRIDGE, "ports": 5}]}, "bridges[0].ports"),
        ({"namespaces": [{"name": "red", "sysctl": [1]}]}, "namespaces[0].sysctl: [1] is not a dictionary"),
        # values, as in the single modules
        ({"bridges": [BRIDGE, {"name": "b", "mtu": 5}]}, "bridges[1].mtu: 5 is out of range (68 to 65535)"),
        ({"bridges": [{"name": "sixteen-bytes-xx"}]}, "bridges[0].name: 'sixteen-bytes-xx' is not the name of a link"),
        ({"bridges": [{"name": ""}]}, "bridges[0].name: '' is not the name of a link"),
        ({"veths": [{"name": "a", "peer": {"name": "a/b"}}]}, "veths[0].peer.name: 'a/b' is not the name of a link"),
        ({"namespaces": [{"name": "a/b"}]}, "namespaces[0].name: 'a/b' is not the name of a namespace"),
        ({"namespaces": [{"name": ""}]}, "namespaces[0].name: '' is not the name of a namespace"),
        ({"namespaces": [{"name": "red", "nsid": -1}]}, "namespaces[0].nsid: -1 is out of range"),
        ({"veths": [{"name": "a", "peer": {**FAR, "netns": "a b"}}]}, "veths[0].peer.netns: 'a b' is neither the name of a namespace nor an absolute path"),
        ({"veths": [{"name": "a", "peer": {**FAR, "mac": "nonsense"}}]}, "veths[0].peer.mac: 'nonsense' is no MAC address"),
        ({"veths": [{"name": "a", "addresses": ["nonsense"], "peer": FAR}]}, "veths[0].addresses[0]: 'nonsense' is no IP address"),
        ({"veths": [{"name": "a", "peer": {**FAR, "routes": [{"to": "nonsense"}]}}]}, "veths[0].peer.routes[0].to: 'nonsense' is no IP address"),
        ({"veths": [{"name": "a", "peer": {**FAR, "routes": [{"to": "10.0.0.1/8"}]}}]}, "veths[0].peer.routes[0].to: 10.0.0.1/8 has bits behind its prefix"),
        ({"veths": [{"name": "a", "port": {"cost": 0}, "peer": FAR}]}, "veths[0].port.cost: 0 is out of range"),
        ({"veths": [{"name": "a", "port": {"vlans": [{"vid": "0"}]}, "peer": FAR}]}, "veths[0].port.vlans[0].vid: 0 is not within 1 to 4094"),
        ({"veths": [{"name": "a", "master": "a b", "peer": FAR}]}, "veths[0].master: 'a b' is not the name of a link"),
        ({"veths": [{"name": "a", "master": "", "port": {"cost": 5}, "peer": FAR}]}, "veths[0].port: the link is to have no master, so it is no port"),
        ({"bridges": [{**BRIDGE, "ports": [{"name": "br0"}]}]}, "bridges[0].ports[0]: the bridge cannot be a port of itself"),
        ({"bridges": [{**BRIDGE, "ports": [{"name": "p"}, {"name": "p"}]}]}, "bridges[0].ports[1]: p is listed twice"),
        ({"bridges": [{**BRIDGE, "vlans": [{"vid": "5-9"}, {"vid": "7"}]}]}, "bridges[0].vlans[1]: VLAN 7 is listed twice"),
        ({"bridges": [{**BRIDGE, "disable_ipv6": True, "addresses": ["2001:db8::1/64"]}]}, "bridges[0].addresses: disable_ipv6 is true"),
        ({"tuntaps": [{"name": "t", "mode": "tap", "owner": "nobody-of-this-name"}]}, "tuntaps[0].owner: there is no user nobody-of-this-name on this host"),
        ({"namespaces": [{"name": "red", "sysctl": {"kernel.panic": 1}}]}, "namespaces[0].sysctl: kernel.panic is not a key that begins with net."),
        ({"sysctl": {"vm.swappiness": 1}}, "sysctl: vm.swappiness is not a key that begins with net."),
        ({"sysctl": {"net.ipv4.ip_forward": [1]}}, "sysctl.net.ipv4.ip_forward: the value is neither a text nor a whole number"),
        # names
        ({"bridges": [BRIDGE, BRIDGE]}, "bridges[1]: there is another br0 on the host, bridges[0]; give it another name"),
        ({"bridges": [BRIDGE], "tuntaps": [{"name": "br0", "mode": "tap"}]}, "tuntaps[0]: there is another br0 on the host, bridges[0]"),
        ({"bridges": [BRIDGE], "veths": [{"name": "a", "peer": {"name": "br0"}}]}, "veths[0].peer: there is another br0 on the host, bridges[0]"),
        ({"veths": [{"name": "a", "peer": {"name": "a"}}]}, "veths[0].peer: there is another a on the host, veths[0]"),
        ({"veths": [{"name": "a", "peer": FAR}, {"name": "c", "peer": FAR}]}, "veths[1].peer: there is another b on the host, veths[0].peer"),
        (
            {"namespaces": [{"name": "red"}], "bridges": [{**BRIDGE, "netns": "red"}, {**BRIDGE, "netns": "/run/netns/red"}]},
            "bridges[1]: there is another br0 in namespace red, bridges[0]",
        ),
        ({"links": [BRIDGE], "bridges": [BRIDGE]}, "links[0]: there is another br0 on the host, bridges[0]"),
        ({"namespaces": [{"name": "red"}, {"name": "red"}]}, "namespaces[1]: namespace red is declared by namespaces[0] too; say it once"),
        # what is not there
        ({"bridges": [{**BRIDGE, "netns": "nowhere"}]}, "bridges[0].netns: namespace nowhere does not exist"),
        ({"veths": [{"name": "a", "peer": {**FAR, "netns": "nowhere"}}]}, "veths[0].peer.netns: namespace nowhere does not exist"),
        ({"veths": [{"name": "a", "master": "br9", "peer": FAR}]}, "veths[0].master: there is no bridge br9"),
        ({"bridges": [BRIDGE], "veths": [{"name": "a", "master": "b", "peer": FAR}]}, "veths[0].master: b is a veth, not a bridge"),
        ({"tuntaps": [{"name": "t"}]}, "tuntaps[0].mode: missing"),
        ({"bridges": [{**BRIDGE, "ports": [{"name": "p"}]}]}, "bridges[0].ports[0]: there is no link p"),
        ({"links": [{"name": "eth0"}]}, "links[0]: there is no link eth0"),
    ],
)
def test_what_cannot_be_is_one_sentence_with_the_path(params: dict[str, Any], sentence: str) -> None:
    said = refusal(**params)
    assert said.startswith("vnet_layout lab: " + sentence), said


def test_two_declarations_of_a_port_that_differ_are_named_as_they_stand() -> None:
    said = refusal(bridges=[{**BRIDGE, "ports": [{"name": "t", "cost": 5}]}], tuntaps=[{"name": "t", "mode": "tap", "port": {"cost": 6}}])
    assert said == "vnet_layout lab: bridges[0].ports[0]: t is said to be another port by tuntaps[0].port; say it once"


@pytest.mark.parametrize("number", [0, 1, 17])
def test_the_number_of_the_item_is_its_own(number: int) -> None:
    veths: list[dict[str, Any]] = [{"name": f"a{place}", "peer": {"name": f"b{place}"}} for place in range(20)]
    veths[number]["peer"] = {"name": "x", "netns": "nowhere"}
    assert refusal(veths=veths).startswith(f"vnet_layout lab: veths[{number}].peer.netns: ")


def test_one_name_in_two_namespaces_is_two_links() -> None:
    params: dict[str, Any] = {"namespaces": [{"name": "red"}, {"name": "blue"}]}
    params["bridges"] = [{**BRIDGE, "netns": netns} for netns in ("", "red", "blue")]
    assert [link.id for link in declared(**params).links if link.kind == "bridge"] == [("", "br0"), ("red", "br0"), ("blue", "br0")]


def test_what_is_given_is_not_changed() -> None:
    params: dict[str, Any] = {"veths": [{"name": "a", "netns": "/run/netns/red", "mtu": "1400", "peer": {"name": "b"}}], "namespaces": [{"name": "red"}]}
    before = repr(params)
    declared(**params)
    assert repr(params) == before


def test_a_master_that_is_there_need_not_be_declared() -> None:
    plan = planned(declared(tuntaps=[{"name": "t", "mode": "tap", "master": "br0"}]), host(there("bridge", "br0")))
    assert ("link set", "t", {"master": "br0"}) in acts(plan)
