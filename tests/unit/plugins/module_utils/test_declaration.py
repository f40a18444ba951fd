# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a layout: what they turn into, and the sentence for each that cannot be."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError, failure
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import TYPES
from ansible_collections.nfv.vnet.plugins.module_utils._options._declaration import LAYOUT_OPTIONS
from ansible_collections.nfv.vnet.plugins.module_utils._options._modules import LINK_OPTIONS, OPTIONS, TASK_OPTIONS
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
    "bridge": (
        "vnet_bridge",
        {"name": "br0", "mtu": 1400, "stp": True, "forward_delay": 4, "addresses": ["192.0.2.1/24"], "ports": [{"name": "p", "cost": 5}]},
    ),
    "tuntap": ("vnet_tuntap", {"name": "t", "mode": "tap", "netns": "red", "master": "br0", "port": {"vlans": [{"vid": "5"}]}}),
    "veth": ("vnet_veth", {"name": "a", "routes": [{"to": "default", "via": "192.0.2.1"}], "peer": {"name": "b", "netns": "red", "up": False}}),
    "": ("vnet_netns", {"name": "red", "nsid": 5, "sysctl": {"net.ipv4.ip_forward": True}, "loopback": False, "addresses": []}),
}


@pytest.mark.parametrize("kind", ITEMS)
def test_an_item_is_what_its_module_makes_of_it_but_for_exact_lists(kind: str) -> None:
    module, params = ITEMS[kind]
    name, item = ("links", {"type": kind, **params}) if kind else ("namespaces", params)
    items: dict[str, Any] = {name: [item]}
    single, layout = wanted(module, **params), declared(**items)
    assert [link._replace(path=()) for link in layout.links] == [_exact(link) for link in single.links]
    assert [record._replace(path=()) for record in layout.namespaces] == [record._replace(path=(), purge_routes=True) for record in single.namespaces]
    assert [link.path for link in layout.links][:1] == [(name, 0)]


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
    (link,) = declared(links=[{"type": "bridge", **BRIDGE, "purge_addresses": False, "purge_ports": "no"}]).links
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
    assert declared(links=[{"type": "bridge", **BRIDGE, **given}]).links[0].values == {"up": True, **value}


def test_texts_for_lists_are_taken_as_by_ansible() -> None:
    (link,) = declared(links=[{"type": "bridge", **BRIDGE, "addresses": "192.0.2.1/24,192.0.2.2/24"}]).links
    assert link.addresses == [Address("192.0.2.1", 24), Address("192.0.2.2", 24)]


@pytest.mark.parametrize("given", [["red", {"name": "blue"}], "red,blue", ("red", "blue")], ids=["list", "text", "tuple"])
def test_a_namespace_may_be_its_name_alone(given: Any) -> None:
    assert [namespace.name for namespace in declared(namespaces=given).namespaces] == ["red", "blue"]


@pytest.mark.parametrize("given", [10, "10", [10], [{"vid": 10}]])
def test_one_vlan_may_be_its_number_alone(given: Any) -> None:
    (link,) = declared(links=[{"type": "bridge", **BRIDGE, "vlans": given}]).links
    assert list(link.vlans or ()) == [10]


def test_a_layout_that_goes_needs_its_name_only() -> None:
    layout = declared(state="absent", links=[{"nonsense": True}], namespaces="nonsense", sysctl={"nonsense": 1})
    assert (layout.links, layout.namespaces, layout.name) == ([], [], "lab")


@pytest.mark.parametrize("path", ["/run/netns/red", "/var/run/netns/red"])
def test_the_path_of_a_name_is_the_name(path: str) -> None:
    near, far = declared(links=[{"type": "veth", "name": "a", "netns": path, "peer": {"name": "b", "netns": path}}]).links
    assert (near.netns, far.netns) == ("red", "red")
    (other,) = declared(links=[{"type": "bridge", **BRIDGE, "netns": path + "/x"}]).links
    assert other.netns != "red"


def test_settings_of_the_host_are_those_of_the_namespace_without_a_name() -> None:
    (namespace,) = declared(sysctl={"net.ipv4.ip_forward": True}).namespaces
    assert (namespace.name, namespace.sysctl) == ("", {"net.ipv4.ip_forward": "1"})


@pytest.mark.parametrize("word", [*TYPES, None])
def test_an_item_has_the_options_of_its_module_but_for_those_of_the_task(word: str | None) -> None:
    names = [option.name for option in (OPTIONS[f"vnet_{word}"] if word else LINK_OPTIONS) if option.name not in TASK_OPTIONS]
    sentence = f"links[0]: there is no option xyz; there are {', '.join(['type', *names])}"
    assert refusal(links=[{"type": word, "name": "x", "xyz": "absent"}]) == f"vnet_layout lab: {sentence}"


def test_what_is_documented_of_an_item_is_an_option_of_every_item() -> None:
    by_name = {option.name: option for option in LAYOUT_OPTIONS}
    for options in (LINK_OPTIONS, *(OPTIONS[f"vnet_{word}"] for word in TYPES)):
        assert {option.name for option in by_name["links"].options} - {"type"} <= {option.name for option in options}
    assert {option.name for option in by_name["namespaces"].options} <= {option.name for option in OPTIONS["vnet_netns"]}


# What cannot be


@pytest.mark.parametrize("name", ["", "-x", ".x", "a b", "a/b", "a:b", "a" * 33, "lab\n", "läb", "$(x)"])
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(VnetError, match="name: it must have 1 to 32 letters"):
        declared(name=name)


@pytest.mark.parametrize("name", ["a", "0", "lab.1_x-y", "A" * 32])
def test_names_that_can_be(name: str) -> None:
    assert declared(name=name).name == name


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        # shapes
        ({"links": "br0"}, "links: 'br0' is not a list"),
        ({"namespaces": {"name": "red"}}, "namespaces: {'name': 'red'} is not a list"),
        ({"links": ["br0"]}, "links[0]: 'br0' is not a dictionary of options"),
        ({"links": [{"type": "bridge", **BRIDGE}, None]}, "links[1]: None is not a dictionary of options"),
        ({"links": [{"type": "bridge"}]}, "links[0]: name is missing"),
        ({"links": [{"type": "bridge", "name": None}]}, "links[0]: name is missing"),
        ({"links": [{"type": "veth", "name": "a", "peer": {}}]}, "links[0].peer: name is missing"),
        ({"links": [{"type": "veth", "name": "a", "peer": 1.5}]}, "links[0].peer: 1.5 is not a dictionary"),
        ({"links": [{"type": "veth", "name": "a"}]}, "links[0].peer: missing; a veth pair has two ends, set at least peer.name"),
        ({"links": [{"type": "bridge", **BRIDGE, "ports": [{"cost": 5}]}]}, "links[0].ports[0]: name is missing"),
        ({"links": [{"type": "bridge", **BRIDGE, "ports": [{"name": "p"}, 1.5]}]}, "links[0].ports[1]: 1.5 is not a dictionary of options"),
        ({"links": [{"type": "veth", "name": "a", "routes": [{"via": "192.0.2.1"}], "peer": FAR}]}, "links[0].routes[0]: to is missing"),
        # options
        ({"links": [{"type": "bridge", **BRIDGE, "nonsense": 1}]}, "links[0]: there is no option nonsense; there are type, name, netns, up,"),
        ({"links": [{"type": "bridge", "name": "br0", 5: 1}]}, "links[0]: there is no option 5; there are"),
        (
            {"links": [{"type": "veth", "name": "a", "peer": {**FAR, "state": "absent"}}]},
            "links[0].peer: there is no option state; an item has no state",
        ),
        ({"links": [{"type": "veth", "name": "a", "peer": {**FAR, "peer": {}}}]}, "links[0].peer: there is no option peer"),
        ({"links": [{"type": "tuntap", "name": "t", "mode": "tap", "port": {"nonsense": 1}}]}, "links[0].port: there is no option nonsense"),
        ({"namespaces": [{"name": "red", "mtu": 1400}]}, "namespaces[0]: there is no option mtu"),
        (
            {"links": [{"type": "bridge", **BRIDGE, "vlans": [{"vid": 5, "egress": True}]}]},
            "links[0].vlans[0]: there is no option egress; there are vid, pvid, untagged",
        ),
        ({"links": [{"name": "eth0", "adresses": []}]}, "links[0]: there is no option adresses; did you mean addresses?"),
        ({"links": [{"name": "eth0", "isolated": True}]}, "links[0]: there is no option isolated; did you mean port.isolated?"),
        ({"links": [{"name": "eth0", "vlans": [10]}]}, "links[0].type: missing; the option vlans is one of type bridge; did you mean port.vlans?"),
        ({"links": [{"name": "eth0", "mtu": 1400}, {"name": "v", "id": 5, "parent": "eth0"}]}, "links[1].type: missing; the option id is one of type vlan"),
        ({"links": [{"name": "v", "peer": FAR}]}, "links[0].type: missing; the option peer is one of type veth"),
        # types and choices
        ({"links": [{"type": "bridge", **BRIDGE, "mtu": "large"}]}, "links[0].mtu: 'large' is not an integer"),
        ({"links": [{"type": "bridge", **BRIDGE, "mtu": 1400.5}]}, "links[0].mtu: 1400.5 is not an integer"),
        ({"links": [{"type": "bridge", **BRIDGE, "mtu": []}]}, "links[0].mtu: [] is not an integer"),
        ({"links": [{"type": "bridge", **BRIDGE, "stp": "maybe"}]}, "links[0].stp: 'maybe' is not true or false"),
        ({"links": [{"type": "bridge", **BRIDGE, "forward_delay": "soon"}]}, "links[0].forward_delay: 'soon' is not a number"),
        ({"links": [{"type": "brige", "name": "br0"}]}, "links[0].type: brige is none of bridge, "),
        ({"links": [{"type": ["bridge"], "name": "br0"}]}, "links[0].type: ['bridge'] is none of bridge, "),
        ({"links": [{"type": "tuntap", "name": "t", "mode": "top"}]}, "links[0].mode: top is none of tun, tap"),
        ({"links": [{"type": "bridge", **BRIDGE, "ports": [{"name": "p", "mcast_router": "often"}]}]}, "links[0].ports[0].mcast_router: often is none of"),
        ({"namespaces": [{"name": "red", "routes": [{"to": "10.0.0.0/8", "type": "slow"}]}]}, "namespaces[0].routes[0].type: slow is none of unicast"),
        ({"links": [{"type": "bridge", **BRIDGE, "ports": 1.5}]}, "links[0].ports[0]: '1.5' is not a dictionary of options"),
        ({"namespaces": [{"name": "red", "sysctl": [1]}]}, "namespaces[0].sysctl: [1] is not a dictionary"),
        # values, as in the single modules
        ({"links": [{"type": "bridge", **BRIDGE}, {"type": "bridge", "name": "b", "mtu": 5}]}, "links[1].mtu: 5 is out of range (68 to 65575)"),
        ({"links": [{"type": "bridge", "name": "sixteen-bytes-xx"}]}, "links[0].name: 'sixteen-bytes-xx' is not the name of a link"),
        ({"links": [{"type": "bridge", "name": ""}]}, "links[0].name: '' is not the name of a link"),
        ({"links": [{"type": "veth", "name": "a", "peer": {"name": "a/b"}}]}, "links[0].peer.name: 'a/b' is not the name of a link"),
        ({"namespaces": [{"name": "a/b"}]}, "namespaces[0].name: 'a/b' is not the name of a namespace"),
        ({"namespaces": [{"name": ""}]}, "namespaces[0].name: '' is not the name of a namespace"),
        ({"namespaces": [{"name": "red", "nsid": -1}]}, "namespaces[0].nsid: -1 is out of range"),
        (
            {"links": [{"type": "veth", "name": "a", "peer": {**FAR, "netns": "a b"}}]},
            "links[0].peer.netns: 'a b' is neither the name of a namespace nor an absolute path",
        ),
        ({"links": [{"type": "veth", "name": "a", "peer": {**FAR, "mac": "nonsense"}}]}, "links[0].peer.mac: 'nonsense' is not a MAC address"),
        ({"links": [{"type": "veth", "name": "a", "addresses": ["nonsense"], "peer": FAR}]}, "links[0].addresses[0]: 'nonsense' is not an IP address"),
        (
            {"links": [{"type": "veth", "name": "a", "peer": {**FAR, "routes": [{"to": "nonsense"}]}}]},
            "links[0].peer.routes[0].to: 'nonsense' is not an IP address",
        ),
        (
            {"links": [{"type": "veth", "name": "a", "peer": {**FAR, "routes": [{"to": "10.0.0.1/8"}]}}]},
            "links[0].peer.routes[0].to: 10.0.0.1/8 has host bits set",
        ),
        ({"links": [{"type": "veth", "name": "a", "port": {"cost": 0}, "peer": FAR}]}, "links[0].port.cost: 0 is out of range"),
        (
            {"links": [{"type": "veth", "name": "a", "port": {"vlans": [{"vid": "0"}]}, "peer": FAR}]},
            "links[0].port.vlans[0].vid: 0 is out of range (1 to 4094)",
        ),
        ({"links": [{"type": "veth", "name": "a", "master": "a b", "peer": FAR}]}, "links[0].master: 'a b' is not the name of a link"),
        (
            {"links": [{"type": "veth", "name": "a", "master": "", "port": {"cost": 5}, "peer": FAR}]},
            "links[0].port: master is '', so the link is not a port",
        ),
        ({"links": [{"type": "bridge", **BRIDGE, "ports": [{"name": "br0"}]}]}, "links[0].ports[0]: a link cannot be a port of itself"),
        ({"links": [{"type": "bridge", **BRIDGE, "ports": [{"name": "p"}, {"name": "p"}]}]}, "links[0].ports[1]: p is listed twice"),
        ({"links": [{"type": "bridge", **BRIDGE, "vlans": [{"vid": "5-9"}, {"vid": "7"}]}]}, "links[0].vlans[1]: VLAN 7 is listed twice"),
        ({"links": [{"type": "bridge", **BRIDGE, "disable_ipv6": True, "addresses": ["2001:db8::1/64"]}]}, "links[0].addresses: disable_ipv6 is true"),
        (
            {"links": [{"type": "tuntap", "name": "t", "mode": "tap", "owner": "nobody-of-this-name"}]},
            "links[0].owner: there is no user nobody-of-this-name on this host",
        ),
        ({"namespaces": [{"name": "red", "sysctl": {"kernel.panic": 1}}]}, "namespaces[0].sysctl: kernel.panic does not begin with net."),
        ({"sysctl": {"vm.swappiness": 1}}, "sysctl: vm.swappiness does not begin with net."),
        ({"sysctl": {"net.ipv4.ip_forward": [1]}}, "sysctl.net.ipv4.ip_forward: the value is neither a string nor an integer"),
        # names
        (
            {"links": [{"type": "bridge", **BRIDGE}, {"type": "bridge", **BRIDGE}]},
            "links[1]: the name br0 is already used on the host by links[0]; use another name",
        ),
        (
            {
                "links": [{"type": "bridge", **BRIDGE}, {"type": "tuntap", "name": "br0", "mode": "tap"}],
            },
            "links[1]: the name br0 is already used on the host by links[0]",
        ),
        (
            {
                "links": [{"type": "bridge", **BRIDGE}, {"type": "veth", "name": "a", "peer": {"name": "br0"}}],
            },
            "links[1].peer: the name br0 is already used on the host by links[0]",
        ),
        ({"links": [{"type": "veth", "name": "a", "peer": {"name": "a"}}]}, "links[0].peer: the name a is already used on the host by links[0]"),
        (
            {"links": [{"type": "veth", "name": "a", "peer": FAR}, {"type": "veth", "name": "c", "peer": FAR}]},
            "links[1].peer: the name b is already used on the host by links[0].peer",
        ),
        (
            {"namespaces": [{"name": "red"}], "links": [{"type": "bridge", **BRIDGE, "netns": "red"}, {"type": "bridge", **BRIDGE, "netns": "/run/netns/red"}]},
            "links[1]: the name br0 is already used in namespace red by links[0]",
        ),
        (
            {
                "links": [BRIDGE, {"type": "bridge", **BRIDGE}],
            },
            "links[1]: the name br0 is already used on the host by links[0]",
        ),
        ({"namespaces": [{"name": "red"}, {"name": "red"}]}, "namespaces[1]: namespace red is also declared in namespaces[0]; declare it once"),
        # what is not there
        ({"links": [{"type": "bridge", **BRIDGE, "netns": "nowhere"}]}, "links[0].netns: namespace nowhere does not exist"),
        ({"links": [{"type": "veth", "name": "a", "peer": {**FAR, "netns": "nowhere"}}]}, "links[0].peer.netns: namespace nowhere does not exist"),
        ({"links": [{"type": "veth", "name": "a", "master": "br9", "peer": FAR}]}, "links[0].master: there is no link br9"),
        (
            {
                "links": [{"type": "bridge", **BRIDGE}, {"type": "veth", "name": "a", "master": "b", "peer": FAR}],
            },
            "links[1].master: b is a veth, not a bridge",
        ),
        ({"links": [{"type": "tuntap", "name": "t"}]}, "links[0].mode: missing"),
        ({"links": [{"type": "bridge", **BRIDGE, "ports": [{"name": "p"}]}]}, "links[0].ports[0]: there is no link p"),
        ({"links": [{"name": "eth0"}]}, "links[0]: there is no link eth0"),
    ],
)
def test_what_cannot_be_is_one_sentence_with_the_path(params: dict[str, Any], sentence: str) -> None:
    said = refusal(**params)
    assert said.startswith("vnet_layout lab: " + sentence), said


def test_two_declarations_of_a_port_that_differ_are_named_as_they_stand() -> None:
    said = refusal(
        links=[{"type": "bridge", **BRIDGE, "ports": [{"name": "t", "cost": 5}]}, {"type": "tuntap", "name": "t", "mode": "tap", "port": {"cost": 6}}]
    )
    assert said == "vnet_layout lab: links[0].ports[0]: t is declared differently as a port in links[1].port; declare it once"


@pytest.mark.parametrize("number", [0, 1, 17])
def test_the_number_of_the_item_is_its_own(number: int) -> None:
    cables: list[dict[str, Any]] = [{"type": "veth", "name": f"a{place}", "peer": {"name": f"b{place}"}} for place in range(20)]
    cables[number]["peer"] = {"name": "x", "netns": "nowhere"}
    assert refusal(links=cables).startswith(f"vnet_layout lab: links[{number}].peer.netns: ")


def test_one_name_in_two_namespaces_is_two_links() -> None:
    params: dict[str, Any] = {"namespaces": [{"name": "red"}, {"name": "blue"}]}
    params["links"] = [{"type": "bridge", **BRIDGE, "netns": netns} for netns in ("", "red", "blue")]
    assert [link.id for link in declared(**params).links if link.kind == "bridge"] == [("", "br0"), ("red", "br0"), ("blue", "br0")]


def test_what_is_given_is_not_changed() -> None:
    params: dict[str, Any] = {
        "links": [{"type": "veth", "name": "a", "netns": "/run/netns/red", "mtu": "1400", "peer": {"name": "b"}}],
        "namespaces": [{"name": "red"}],
    }
    before = repr(params)
    declared(**params)
    assert repr(params) == before


def test_a_master_that_is_there_need_not_be_declared() -> None:
    plan = planned(declared(links=[{"type": "tuntap", "name": "t", "mode": "tap", "master": "br0"}]), host(there("bridge", "br0")))
    assert ("link set", "t", {"master": "br0"}) in acts(plan)


def test_short_forms_are_the_same() -> None:
    short = declared(
        links=[
            {"type": "bridge", "name": "br0", "ports": ["a", {"name": "t", "cost": 5}], "vlans": [10, "20-29"]},
            {"type": "veth", "name": "a", "peer": "b", "port": {"vlans": [7]}},
            {"type": "tuntap", "name": "t", "mode": "tap"},
        ]
    )
    long = declared(
        links=[
            {"type": "bridge", "name": "br0", "ports": [{"name": "a"}, {"name": "t", "cost": 5}], "vlans": [{"vid": "10"}, {"vid": "20-29"}]},
            {"type": "veth", "name": "a", "peer": {"name": "b"}, "port": {"vlans": [{"vid": "7"}]}},
            {"type": "tuntap", "name": "t", "mode": "tap"},
        ]
    )
    assert short == long


def test_the_state_of_a_port_is_an_option() -> None:
    (link,) = declared(links=[{"type": "tuntap", "name": "t", "mode": "tap", "port": {"state": "disabled"}}]).links
    assert link.port
    assert link.port.values == {"state": "disabled"}


@pytest.mark.parametrize("value", [True, False])
def test_true_is_not_a_text(value: bool) -> None:
    words = f"links[0].name: {str(value).lower()} is not a text; put it in quotes, as YAML reads on, off, yes and no as true and false"
    assert refusal(links=[{"type": "bridge", "name": value}]) == f"vnet_layout lab: {words}"


def test_a_card_that_is_not_there_is_refused_with_those_that_are() -> None:
    found = host(there("", "ens4"), there("", "ens3"), there("dummy", "d0"), there("", "other", netns="red"))
    for item, words in (({"name": "eth0"}, "there is no link eth0;"), ({"name": "wan", "match": {"mac": "02:00:00:00:00:09"}}, "there is no link with mac")):
        with pytest.raises(VnetError, match=rf"^links\[0\][.a-z]*: {words}.*; the network cards there are ens3, ens4(;|$)"):
            planned(declared(links=[item]), found)
