# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures: the graph of a declaration, and the languages that it is written in."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path
from typing import Any, Dict, List, Tuple
from xml.etree import ElementTree

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.nfv.vnet.plugins.filter.dot import FilterModule as Dot
from ansible_collections.nfv.vnet.plugins.filter.mermaid import FilterModule as Mermaid
from ansible_collections.nfv.vnet.plugins.filter.svg import FilterModule as Svg
from ansible_collections.nfv.vnet.plugins.filter.text import FilterModule as Text
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.plugin_utils._colours import LINE, LOOKS, TEXT, VLANS
from ansible_collections.nfv.vnet.plugins.plugin_utils._fold import folded
from ansible_collections.nfv.vnet.plugins.plugin_utils._picture import Edge, Node, Vlan, natural, picture
from ansible_collections.nfv.vnet.plugins.plugin_utils._text import text

FILTERS = {**Dot().filters(), **Mermaid().filters(), **Svg().filters(), **Text().filters()}
needs_dot = pytest.mark.skipif(not shutil.which("dot"), reason="there is no program dot (graphviz)")
LANGUAGES = ["mermaid", "dot", pytest.param("svg", marks=needs_dot)]
WHITE, BLACK = "#ffffff", "#0d1117"
HOSTILE = [
    '"]; click host "javascript:alert(1)"',
    "<script>alert(1)</script>",
    "--><svg onload=alert(1)>",
    "]]>",
    "a\nb",
    "a\\",
    '\\"',
    "%%{init: {}}%%",
    "end",
    "#quot;&amp;|`*_ {{ x }}",
    "nul\x00",
    "\u202e\ud800",
    "é 网 …",
]
"""What a name may not do: leave its box."""
STATEMENT = re.compile(
    r"""%%\{init:\ \{"flowchart":\ \{"wrappingWidth":\ \d+\}\}\}%%
    | flowchart\ (LR|TB)
    | \ +\w+(\["[^"]*"\]|\{\{"[^"]*"\}\}|\(\["[^"]*"\]\)|\[/"[^"]*"/\]|\("[^"]*"\)):::\w+
    | \ +\w+\ (---|===|-\.-)(\|"[^"]*"\|)?\ \w+
    | \ +subgraph\ \w+\["[^"]*"\]
    | \ +v\d+\["[^"]*"\]
    | \ +end
    | \ +(classDef|style|linkStyle)\ [\w,]+\ [\w:#,-]+""",
    flags=re.VERBOSE,
)
"""Every line that this collection writes in the language of Mermaid."""


def lan(count: int, **peer: Any) -> Dict[str, Any]:
    """Namespaces on a bridge."""
    names = [f"n{number}" for number in range(count)]
    cables = [
        {"type": "veth", "name": f"{name}v", "master": "br0", "peer": {"name": "eth0", "netns": name, "addresses": [f"10.0.0.{number + 1}/16"], **peer}}
        for number, name in enumerate(names)
    ]
    return {"namespaces": [{"name": name} for name in names], "links": [{"type": "bridge", "name": "br0", "addresses": ["10.0.255.254/16"]}, *cables]}


EVERYTHING: Dict[str, Any] = {
    "name": "lab",
    "sysctl": {"net.ipv4.ip_forward": 1},
    "namespaces": [
        {"name": "red", "addresses": ["10.1.1.1/32"], "loopback": False, "routes": [{"to": "10.66.0.0/16", "type": "blackhole"}]},
        {"name": "core", "sysctl": {"net.ipv6.conf.all.forwarding": "1"}},
        {"name": "alone"},
    ],
    "links": [
        {"name": "ens3", "master": "br0"},
        {"name": "ens4", "addresses": ["203.0.113.7/24"], "routes": [{"to": "default", "via": "203.0.113.1"}]},
        {"type": "bridge", "name": "br0", "stp": True, "addresses": ["192.0.2.1/24", "2001:db8::1/64 nodad"]},
        {
            "type": "bridge",
            "name": "br1",
            "netns": "core",
            "vlan_filtering": True,
            "ports": [{"name": "dummy0", "vlans": [{"vid": 30, "pvid": True}]}, {"name": "tap1", "vlans": [{"vid": "10", "pvid": True}, {"vid": "20-25"}]}],
        },
        {"type": "bridge", "name": "br2", "up": False},
        {
            "type": "tuntap",
            "name": "tun0",
            "mode": "tun",
            "owner": "nobody",
            "addresses": ["10.8.0.1 peer 10.8.0.2"],
            "routes": [{"to": "10.9.0.0/16", "table": 7}],
        },
        {"type": "tuntap", "name": "tap0", "mode": "tap", "owner": 0, "group": "kvm", "master": "br0", "up": False},
        {"type": "tuntap", "name": "tap1", "mode": "tap", "netns": "core"},
        {"type": "veth", "name": "red0", "master": "br0", "peer": {"name": "eth0", "netns": "/run/netns/red", "addresses": ["192.0.2.11/24"]}},
        {"type": "veth", "name": "core0", "master": "br0", "peer": {"name": "up", "netns": "core", "master": "br1", "up": False}},
        {"type": "veth", "name": "x", "netns": "red", "peer": {"name": "y", "netns": "core", "addresses": ["10.5.5.5/31"]}},
        {"type": "veth", "name": "far0", "master": "br9", "peer": {"name": "far1"}},
    ],
}


def texts(node: Node) -> List[str]:
    return [f"{line.label} {line.text}".strip() for line in node.lines]


def nodes(data: Any, fold: int = 0) -> Dict[str, Node]:
    return {node.key: node for node in folded(picture(data), fold).nodes}


def between(data: Any, one: str, other: str) -> Edge:
    (cable,) = [cable for cable in picture(data).cables if set(cable.ends) == {one, other}]
    return cable


def test_graph_has_every_kind() -> None:
    found = {node.key: (node.kind, node.title, texts(node), node.inside) for node in picture(EVERYTHING).nodes}
    assert found == {
        "this host": (
            "host",
            "this host",
            [
                "forwards IPv4",
                "ens4 203.0.113.7/24",
                "br0 192.0.2.1/24",
                "2001:db8::1/64",
                "tun0 10.8.0.1 peer 10.8.0.2",
                "far1",
                "default via 203.0.113.1",
                "10.9.0.0/16 dev tun0 table 7",
            ],
            "",
        ),
        "namespace red": ("namespace", "red", ["lo down", "lo 10.1.1.1/32", "eth0 192.0.2.11/24", "x", "blackhole 10.66.0.0/16"], ""),
        "namespace core": ("namespace", "core", ["forwards IPv6", "y 10.5.5.5/31"], "core"),
        "namespace alone": ("namespace", "alone", [], ""),
        "link ens3": ("link", "ens3", ["existing link"], ""),
        "link ens4": ("link", "ens4", ["existing link"], ""),
        "link dummy0 in core": ("link", "dummy0", ["existing link"], "core"),
        "bridge br0": ("bridge", "br0", ["STP"], ""),
        "bridge br1 in core": ("bridge", "br1", ["VLAN filtering"], "core"),
        "bridge br2": ("bridge", "br2", [], ""),
        "bridge br9": ("bridge", "br9", ["existing bridge"], ""),
        "tun tun0": ("tun", "tun0", ["owner nobody"], ""),
        "tap tap0": ("tap", "tap0", ["owner 0", "group kvm"], ""),
        "tap tap1 in core": ("tap", "tap1", [], "core"),
    }


def test_graph_has_every_cable() -> None:
    assert {cable.ends: cable.label for cable in picture(EVERYTHING).cables} == {
        ("link ens3", "bridge br0"): [],
        ("link ens4", "this host"): [],
        ("this host", "bridge br0"): [],
        ("this host", "tun tun0"): [],
        ("bridge br0", "tap tap0"): ["down"],
        ("bridge br1 in core", "tap tap1 in core"): ["VLANs 10 untagged, 20-25"],
        ("link dummy0 in core", "bridge br1 in core"): ["VLAN 30"],
        ("namespace red", "bridge br0"): ["eth0 · red0"],
        ("bridge br0", "bridge br1 in core"): ["core0 · up", "VLAN 1", "down"],
        ("namespace red", "namespace core"): ["x"],
        ("bridge br9", "this host"): ["far0 · far1"],
    }
    assert picture(EVERYTHING).frames == ["core"]
    assert nodes(EVERYTHING)["bridge br2"].down


@pytest.mark.parametrize(
    ("vlans", "said"),
    [
        ([], []),
        ([{"vid": 10, "pvid": True, "untagged": True}], ["VLAN 10"]),
        ([{"vid": "10"}], ["VLAN 10, tagged"]),
        ([{"vid": "10"}, {"vid": "20-30"}], ["VLANs 10, 20-30"]),
        (None, ["VLAN 5"]),
    ],
)
def test_vlans_of_a_port(vlans: Any, said: List[str]) -> None:
    data = {
        "links": [
            {"type": "bridge", "name": "br0", "vlan_filtering": True, "vlan_default_pvid": 5},
            {"type": "tuntap", "name": "tap0", "mode": "tap", "master": "br0", "port": {"vlans": vlans}},
        ],
    }
    assert between(data, "bridge br0", "tap tap0").label == said


@pytest.mark.parametrize("bridge", [{"vlan_filtering": False}, {}, {"vlan_filtering": True, "vlan_default_pvid": 0}])
def test_no_vlan_where_none_is_said(bridge: Dict[str, Any]) -> None:
    data = {
        "links": [{"type": "bridge", "name": "br0", **bridge}, {"type": "tuntap", "name": "tap0", "mode": "tap", "master": "br0"}],
    }
    assert between(data, "bridge br0", "tap tap0").vlans == ()


def test_own_vlans_of_a_bridge_lead_to_its_namespace() -> None:
    data = {"links": [{"type": "bridge", "name": "br0", "netns": "red", "vlans": [{"vid": 7, "untagged": True}]}]}
    assert between(data, "namespace red", "bridge br0 in red").vlans == (Vlan("7", True),)


def test_result_of_vnet_info_tells_more() -> None:
    known = [
        {"name": "ens3", "netns": "", "type": "other", "addresses": ["203.0.113.7/24"], "status": {"carrier": False}},
        {"name": "ens4", "netns": "", "type": "other", "addresses": [], "status": {}},
        {"name": "lo", "netns": "", "type": "loopback", "addresses": ["127.0.0.1/8"], "status": {}},
        {"name": "tap0", "netns": "", "type": "tuntap", "status": {"attached": True}},
        {"name": "vethx", "netns": "", "type": "veth", "master": "br0", "peer": None, "status": {}},
        {"name": "red0", "netns": "", "type": "veth", "master": "br0", "status": {}},
        {"name": "eth0", "netns": "red", "type": "veth", "status": {}},
    ]
    declaration = {
        "links": [
            {"type": "bridge", "name": "br0"},
            {"type": "tuntap", "name": "tap0", "mode": "tap", "master": "br0"},
            {"type": "veth", "name": "red0", "master": "br0", "peer": {"name": "eth0", "netns": "red"}},
        ],
    }
    info = {"declaration": declaration, "links": known, "namespaces": [{"name": ""}]}
    found = nodes(info)
    assert set(found) == {"bridge br0", "tap tap0", "namespace red", "this host", "link ens3", "elsewhere vethx"}
    assert texts(found["tap tap0"]) == ["in use"]
    assert between(info, "link ens3", "this host").down
    assert between(info, "bridge br0", "elsewhere vethx").label == ["vethx"]
    assert not between(info, "bridge br0", "namespace red").down


def one_of_two(number: int) -> Dict[str, Any]:
    """A host with a network that reaches over both, and a tunnel to the other."""
    tunnel = {"type": "tunnel", "mode": "gre", "name": "gre1", "local": f"192.0.2.{number}", "remote": f"192.0.2.{3 - number}"}
    inside = {"type": "bridge", "name": "br1", "netns": "n0"}
    vxlan = {"type": "vxlan", "name": "vx5", "id": 5, "local": f"192.0.2.{number}", "master": "br0"}
    return {**lan(1), "sysctl": {"net.ipv4.ip_forward": 1}, "links": [*lan(1)["links"], vxlan, tunnel, inside]}


def test_several_hosts_in_one_picture() -> None:
    found = picture({"hosts": {"host1": one_of_two(1), "host2": one_of_two(2)}})
    assert found.frames == ["host1", "host2"]
    assert found.frame_title("host1") == "host host1"
    titles = sorted((node.inside, node.kind, node.title) for node in found.nodes)
    of_each = [("bridge", "br0"), ("bridge", "br1 in n0"), ("host", "this host"), ("namespace", "n0")]
    assert titles == [("", "elsewhere", "vxlan 5"), *[(host, *node) for host in ("host1", "host2") for node in of_each]]
    by_key = {node.key: node for node in found.nodes}
    between_hosts = [cable for cable in found.cables if len({by_key[end].inside for end in cable.ends}) > 1]
    ends = sorted(sorted((by_key[end].inside, by_key[end].title) for end in cable.ends) for cable in between_hosts)
    vxlan = [[("", "vxlan 5"), (host, "br0")] for host in ("host1", "host2")]
    assert ends == [*vxlan, [("host1", "this host"), ("host2", "this host")]]
    for language in ("mermaid", "dot"):
        text = FILTERS[language]({"hosts": {"host1": one_of_two(1), "host2": one_of_two(2)}})
        assert ("host host1" in text, "namespace n0" in text) == (True, False)


def test_delay_loss_and_rate_are_at_the_end_that_sends() -> None:
    line = {"kind": "netem", "delay": 0.0405, "loss": 10}
    links = [
        {"type": "veth", "name": "a", "netns": "red", "qdisc": line, "peer": {"name": "b", "netns": "blue", "qdisc": {"kind": "tbf", "rate": 1500000}}},
        {
            "type": "veth",
            "name": "c",
            "netns": "red",
            "qdisc": {"kind": "fq"},
            "peer": {"name": "d", "netns": "green", "qdisc": {"delay": "x", "loss": 10**400}},
        },
    ]
    assert between({"links": links}, "namespace red", "namespace blue").label == ["a 40.5 ms, 10 % loss · 1.5 Mbit/s"]
    assert between({"links": links}, "namespace red", "namespace green").label == ["c"]
    assert "a 40.5 ms, 10 % loss" in FILTERS["text"]({"links": links})


def test_short_forms_are_drawn_like_long_ones() -> None:
    short: Dict[str, Any] = {
        "namespaces": ["red"],
        "links": [
            {"type": "bridge", "name": "br0", "ports": ["t0"], "vlans": [10, "20-29"], "addresses": "192.0.2.1/24,192.0.2.2/24"},
            {"type": "tuntap", "name": "t0", "mode": "tap"},
            {"type": "veth", "name": "a", "peer": "b"},
        ],
    }
    long = {
        "namespaces": [{"name": "red"}],
        "links": [
            {**short["links"][0], "ports": [{"name": "t0"}], "vlans": [{"vid": "10"}, {"vid": "20-29"}], "addresses": ["192.0.2.1/24", "192.0.2.2/24"]},
            short["links"][1],
            {"type": "veth", "name": "a", "peer": {"name": "b"}},
        ],
    }
    assert picture(short) == picture(long)
    assert picture({"hosts": {"h": short}}) == picture({"hosts": {"h": long}})


def test_a_type_that_is_none_is_drawn_as_a_link_that_is_there() -> None:
    assert [node.key for node in picture({"links": [{"type": (1, 2), "name": "a"}]}).nodes] == [
        node.key for node in picture({"links": [{"type": "x", "name": "a"}]}).nodes
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([], "is neither a declaration nor a result of vnet_info"),
        ("links", "is neither a declaration nor a result of vnet_info"),
        ({}, "there is nothing to draw; a declaration has namespaces, links, and"),
        ({"declaration": None}, "there is nothing to draw"),
        ({"hosts": ["host1"]}, "there is nothing to draw"),
        ({"hosts": {"host1": {}}}, "hosts.host1: there is nothing to draw"),
        ({"hosts": {"host1": {"links": [{"type": "bridge"}]}}}, "hosts.host1.links[0]: name is missing"),
        ({"links": {"name": "br0"}}, "links: {'name': 'br0'} is not a list"),
        ({"links": ["br0"]}, "links[0]: 'br0' is not a dictionary of options"),
        ({"links": [{"type": "bridge", "name": "br0"}, {"type": "bridge"}]}, "links[1]: name is missing"),
        ({"links": [{"type": "veth", "name": "a", "peer": ["b"]}]}, "links[0].peer: ['b'] is not a dictionary"),
        ({"links": [{"type": "bridge", "name": "a", "addresses": {"192.0.2.1": 24}}]}, "links[0].addresses: {'192.0.2.1': 24} is not a list"),
        ({"links": [{"type": "bridge", "name": "a", "routes": ["default"]}]}, "links[0].routes[0]: 'default' is not a dictionary of options"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_one_sentence(data: Any, words: str) -> None:
    with pytest.raises(VnetError, match=re.escape(words)):
        picture(data)
    with pytest.raises(AnsibleFilterError, match=re.escape(words)):
        FILTERS["mermaid"](data)


@pytest.mark.parametrize("options", [{"fold": -1}, {"fold": "many"}, {"fold": True}, {"direction": "up"}])
def test_options_are_checked(options: Dict[str, Any]) -> None:
    with pytest.raises(AnsibleFilterError, match=rf"nfv.vnet.dot: {next(iter(options))}: .* is n"):
        FILTERS["dot"](lan(1), **options)


def test_a_link_is_a_line_in_the_box_of_its_namespace_that_says_what_it_stands_on() -> None:
    vlan = {"type": "vlan", "name": "office", "parent": "eth0", "id": 10, "netns": "red", "addresses": ["192.0.2.1/24"]}
    box = nodes({"links": [vlan, {"type": "dummy", "name": "d0", "netns": "red", "addresses": ["10.0.0.1/32"]}]})["namespace red"]
    assert texts(box) == ["office VLAN 10 on eth0", "192.0.2.1/24", "d0 10.0.0.1/32"]


@pytest.mark.parametrize(
    ("parent", "link", "line"),
    [
        pytest.param({"type": "bridge", "name": "br0"}, {"parent": "br0"}, ("bridge br0", "this host"), id="bridge"),
        pytest.param({"type": "tuntap", "mode": "tap", "name": "t"}, {"parent": "t"}, ("tap t", "this host"), id="device"),
        pytest.param({"type": "dummy", "name": "d", "netns": "red"}, {"parent": "d", "parent_netns": "red"}, ("namespace red", "this host"), id="moved"),
        pytest.param({"type": "dummy", "name": "d"}, {"parent": "d", "parent_netns": "", "netns": "red"}, ("this host", "namespace red"), id="moved-here"),
        pytest.param(None, {"parent": "eth0", "parent_netns": "red"}, ("namespace red", "this host"), id="not-declared"),
    ],
)
def test_a_link_has_a_line_to_its_parent_in_another_box(parent: Dict[str, Any] | None, link: Dict[str, Any], line: Tuple[str, str]) -> None:
    data = {"links": [{"type": "vlan", "name": "v", "id": 10, **link}, *([parent] if parent else [])]}
    (cable,) = [cable for cable in picture(data).cables if cable.vlans]
    assert set(cable.ends) == set(line)
    assert cable.vlans == (Vlan("10", False),)


def test_a_link_has_no_line_to_its_parent_in_the_same_box() -> None:
    assert not picture({"links": [{"type": "dummy", "name": "d"}, {"type": "vlan", "name": "v", "id": 10, "parent": "d"}]}).cables


def test_a_link_that_is_a_port_has_a_box_of_its_own() -> None:
    links = [{"type": "bridge", "name": "br0"}, {"type": "vlan", "name": "v", "parent": "eth0", "id": "{{ x }}", "master": "br0"}]
    assert texts(nodes({"links": links})["link v"]) == ["vlan on eth0"]
    assert between({"links": links}, "link v", "bridge br0")
    ports = [{"type": "bridge", "name": "br0", "ports": [{"name": "d0"}]}, {"type": "dummy", "name": "d0"}]
    assert texts(nodes({"links": ports})["link d0"]) == ["dummy"]


def test_no_more_than_fold_are_drawn_each() -> None:
    assert sum(node.kind == "namespace" for node in nodes(lan(16), 16).values()) == 16
    assert sum(node.kind == "namespace" for node in nodes(lan(17), 16).values()) == 1
    assert sum(node.kind == "namespace" for node in nodes(lan(200), 0).values()) == 200


def test_folded_box_says_what_it_stands_for() -> None:
    whole = folded(picture(lan(200, routes=[{"to": "default", "via": "10.0.255.254"}])), 16)
    (box,) = [node for node in whole.nodes if node.kind == "namespace"]
    assert (box.title, box.members) == ("n0 … n199", 200)
    assert texts(box) == ["200 namespaces", "eth0 10.0.0.1/16 … 10.0.0.200/16", "default via 10.0.255.254"]
    assert [cable.names for cable in whole.cables] == [("", ""), ("n0v … n199v", "")]


def test_only_what_is_alike_is_folded() -> None:
    data = lan(20)
    _bridge, *cables = data["links"]
    cables[3]["peer"]["addresses"].append("2001:db8::1/64")
    cables[4]["up"] = False
    cables[5]["peer"]["name"] = "eth1"
    data["links"].append({"type": "veth", "name": "x", "netns": "n6", "peer": {"name": "y", "netns": "n7"}})
    data["namespaces"][8]["sysctl"] = {"net.ipv4.ip_forward": 1}
    cables[9]["port"] = {"vlans": [{"vid": 9}]}
    found = nodes(data, 3)
    apart = {key for key, node in found.items() if node.kind == "namespace" and node.members == 1}
    assert apart == {f"namespace n{number}" for number in range(3, 10)}
    assert sum(node.members for node in found.values() if node.kind == "namespace") == 20


def test_full_picture_folds_whatever_is_alike() -> None:
    parts = [lan(10) for _number in range(8)]
    data: Dict[str, List[Any]] = {
        "links": [],
    }
    for number, part in enumerate(parts):
        data["links"].append({"type": "bridge", "name": f"br{number}"})
        for veth in part["links"][1:]:
            peer = {**veth["peer"], "netns": f"{number}-{veth['peer']['netns']}"}
            data["links"].append({**veth, "name": f"{number}-{veth['name']}", "master": f"br{number}", "peer": peer})
    assert len(picture(data).nodes) == 88
    assert len(nodes(data, 16)) == 16


def chain(count: int, ring: bool = False) -> Dict[str, Any]:
    """Namespaces one after the other."""
    cables = [
        {
            "type": "veth",
            "name": "next",
            "netns": f"c{number}",
            "addresses": [f"10.0.{number}.1/30"],
            "peer": {"name": "prev", "netns": f"c{(number + 1) % count}"},
        }
        for number in range(count if ring else count - 1)
    ]
    return {"namespaces": [{"name": f"c{number}"} for number in range(count)], "links": cables}


def tenants(count: int, hosts: int) -> Dict[str, Any]:
    """A router with a VRF for each tenant, which has a bridge with hosts."""
    names = [f"tenant{number}" for number in range(1, count + 1)]
    links: List[Dict[str, Any]] = []
    for number, name in enumerate(names, 1):
        links.append({"type": "vrf", "name": name, "netns": "router", "table": 100 + number})
        links.append({"type": "bridge", "name": f"{name}-br", "netns": "router", "master": name, "addresses": ["10.1.0.1/24"]})
        for host in range(hosts):
            peer = {"name": "eth0", "netns": f"{name}-{host}", "addresses": [f"10.1.0.{host + 2}/24"]}
            links.append({"type": "veth", "name": f"{name}-{host}", "netns": "router", "master": f"{name}-br", "peer": peer})
    return {"namespaces": [{"name": "router"}, *({"name": f"{name}-{host}"} for name in names for host in range(hosts))], "links": links}


@pytest.mark.parametrize("hosts", [1, 2, 3, 30])
def test_fifty_tenants_that_are_alike_are_one(hosts: int) -> None:
    data = tenants(50, hosts)
    found = nodes(data, 16)
    vrf = found["vrf tenant1 in router"]
    assert (vrf.title, vrf.members, texts(vrf)) == ("tenant1 … tenant50", 50, ["50 VRFs", "table 101 … table 150", "tenant1-br … tenant50-br 10.1.0.1/24"])
    assert found["bridge tenant1-br in router"].title == "tenant1-br … tenant50-br"
    assert sum(node.members for node in found.values() if node.kind == "namespace") == 50 * hosts + 1
    assert len(found) <= 5
    data["links"][1]["addresses"] = ["10.1.0.1/25"]  # the first one is not alike
    assert nodes(data, 16)["vrf tenant2 in router"].title == "tenant2 … tenant50"


def test_tenants_with_a_namespace_of_their_own_have_one_frame() -> None:
    links: List[Dict[str, Any]] = []
    for number in range(1, 51):
        links += [{"type": "bridge", "name": "br0", "netns": f"t{number}"}]
        links += [{"type": "veth", "name": "p", "netns": f"t{number}", "master": "br0", "peer": {"name": "eth0", "netns": f"t{number}-web"}}]
    whole = folded(picture({"links": links}), 16)
    assert [whole.frame_title(frame) for frame in whole.frames] == ["namespace t1 … t50"]
    assert {node.members for node in whole.nodes} == {50}
    assert [cable.names for cable in whole.cables] == [("p", "")]


@pytest.mark.parametrize(("vids", "said"), [(range(2, 52), [("2 … 51", 50)]), ([2] * 25 + [3] * 25, [("2", 25), ("3", 25)])])
def test_namespaces_with_a_vlan_each_fold_and_those_in_several_vlans_do_so_for_each(vids: Any, said: List[Tuple[str, int]]) -> None:
    data = lan(50)
    data["links"][0]["vlan_filtering"] = True
    for cable, vid in zip(data["links"][1:], vids):
        cable["port"] = {"vlans": [{"vid": vid, "pvid": True, "untagged": True}]}
    whole = folded(picture(data), 16)
    members = {node.key: node.members for node in whole.nodes}
    assert [(cable.vlans[0].vid, members[cable.ends[1]]) for cable in whole.cables if cable.ends[1] != "bridge br0"] == said


def test_tenants_that_differ_far_from_the_hub_are_not_folded() -> None:
    links: List[Dict[str, Any]] = []
    for number in range(20):
        rows = [{"type": "bridge", "name": f"{row}{number}", **({"stp": True} if number < 5 and row == "b" else {})} for row in "abc"]
        links += rows + [{"type": "veth", "name": f"x{number}", "netns": "router", "peer": {"name": f"p{number}", "master": f"a{number}"}}]
        links += [
            {"type": "veth", "name": f"{ends}{number}", "master": f"{ends[0]}{number}", "peer": {"name": f"{ends}{number}-", "master": f"{ends[1]}{number}"}}
            for ends in ("ab", "bc")
        ]
    found = nodes({"links": links}, 4)
    assert [(node.members, texts(node)) for node in found.values() if node.title.startswith("b")] == [(5, ["5 bridges", "STP"]), (15, ["15 bridges"])]


@pytest.mark.parametrize("data", [chain(2000), chain(2000, ring=True), lan(2000), tenants(300, 6)], ids=["chain", "ring", "lan", "tenants"])
def test_a_large_picture_takes_no_time(data: Dict[str, Any]) -> None:
    whole = picture(data)
    begin = time.process_time()
    folded(whole, 16)
    assert time.process_time() - begin < 1.5


def test_chain_is_cut_at_a_cable_that_is_down() -> None:
    data = chain(30)
    data["links"][14]["up"] = False
    whole = folded(picture(data), 5)
    assert [node.title for node in whole.nodes if node.members > 1] == ["c1 … c13", "c16 … c28"]
    assert sum(cable.down for cable in whole.cables) == 1


def test_what_is_connected_otherwise_is_not_folded() -> None:
    """A square and two pairs have the same boxes, and each box the same neighbours."""
    ends = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "a"), *((f"p{number}", f"q{number}") for number in range(5))]
    links = [{"type": "veth", "name": f"x{n}", "netns": one, "peer": {"name": f"y{n}", "netns": other}} for n, (one, other) in enumerate(ends)]
    assert {node.members for node in nodes({"links": links}, 1).values() if node.title in "abcd"} <= {1, 2, 3}
    assert sum(node.members for node in nodes({"links": links}, 1).values()) == 14


def test_a_result_is_drawn_in_natural_order() -> None:
    names = ["n10", "n2", "n1"]
    declaration = {"namespaces": [{"name": name} for name in names]}
    assert [node.title for node in picture({"declaration": declaration, "links": []}).nodes] == ["n1", "n2", "n10"]
    assert [node.title for node in picture(declaration).nodes] == names


def test_devices_and_stumps_fold_too() -> None:
    taps = [{"type": "tuntap", "name": f"tap{number}", "mode": "tap", "master": "br0", "owner": "kvm"} for number in range(12)]
    (box,) = [node for node in nodes({"links": [{"type": "bridge", "name": "br0"}, *taps]}, 10).values() if node.kind == "tap"]
    assert (box.title, texts(box)) == ("tap0 … tap11", ["12 TAP devices", "owner kvm"])


def test_chain_folds_between_its_ends() -> None:
    whole = folded(picture(chain(200)), 16)
    assert [(node.title, node.members) for node in whole.nodes] == [("c0", 1), ("c1 … c198", 198), ("c199", 1)]
    assert texts(whole.nodes[1]) == ["198 namespaces in a chain", "prev", "next 10.0.1.1/30 … 10.0.198.1/30"]
    assert [cable.ends for cable in whole.cables] == [("namespace c0", "namespace c1"), ("namespace c1", "namespace c199")]


def test_chain_folds_in_any_order() -> None:
    data = chain(40)
    for name in data:
        data[name].reverse()
    assert [node.title for node in folded(picture(data), 16).nodes] == ["c39", "c1 … c38", "c0"]


def test_ring_folds_but_for_one() -> None:
    whole = folded(picture(chain(40, ring=True)), 16)
    assert [(node.title, node.members) for node in whole.nodes] == [("c0", 1), ("c1 … c39", 39)]
    assert len(whole.cables) == 2


@pytest.mark.parametrize("ring", [False, True])
def test_short_chain_is_drawn_in_full(ring: bool) -> None:
    data = chain(16, ring)
    assert folded(picture(data), 16) == picture(data)


def test_chain_is_cut_where_a_namespace_differs() -> None:
    data = chain(30)
    data["namespaces"][10]["addresses"] = ["10.9.9.9/32"]
    assert [node.title for node in folded(picture(data), 16).nodes if node.members > 1] == ["c11 … c28"]
    data["links"].append({"type": "veth", "name": "x", "netns": "c20", "peer": {"name": "y", "netns": "c21"}})
    assert [node.title for node in folded(picture(data), 5).nodes if node.members > 1] == ["c1 … c9", "c11 … c19", "c22 … c28"]


def test_order_is_that_of_people() -> None:
    assert sorted(["n10", "n2", "n", "10", "9"], key=natural) == ["9", "10", "n", "n2", "n10"]


@pytest.mark.parametrize(
    ("count", "ends"),
    [
        (1, [("bridge br0", "namespace router")]),
        (2, [("bridge br0", "namespace router"), ("namespace router", "bridge br1")]),
        (3, [("namespace router", "bridge br0"), ("namespace router", "bridge br1"), ("namespace router", "bridge br2")]),
    ],
)
def test_lines_do_not_cross(count: int, ends: List[Any]) -> None:
    """A namespace is drawn between its two bridges, and before several; whatever the order of its cables."""
    cables = [{"type": "veth", "name": f"p{number}", "master": f"br{number}", "peer": {"name": f"eth{number}", "netns": "router"}} for number in range(count)]
    whole = picture({"links": [*({"type": "bridge", "name": f"br{number}"} for number in range(count)), *cables[::-1]]})
    assert [cable.ends for cable in whole.cables][::-1] == ends
    if count == 3:
        assert whole.cables[2].names == ("eth0", "p0")


def test_long_lists_are_cut() -> None:
    routes = [{"to": f"10.{number}.0.0/16", "via": "10.0.0.1"} for number in range(6)]
    box = nodes({"namespaces": [{"name": "red", "routes": routes, "addresses": [f"10.0.0.{number}/32" for number in range(25)]}]})["namespace red"]
    assert texts(box)[23:] == ["10.0.0.23/32", "and 1 more address", *[f"10.{number}.0.0/16 via 10.0.0.1" for number in range(4)], "and 2 more routes"]


ROUTES = [
    ({"to": "default", "via": "10.0.0.1"}, "default via 10.0.0.1"),
    ({"to": "default", "via": "10.0.0.1", "metric": 50}, "default via 10.0.0.1 metric 50"),
    ({"to": "0.0.0.0/0", "via": "10.0.0.1", "metric": 0}, "default via 10.0.0.1"),
    ({"to": "::/0", "via": "2001:db8::1", "metric": 1024}, "default via 2001:db8::1"),
    ({"to": "default", "via": "2001:db8::1", "metric": "1024"}, "default via 2001:db8::1"),
    ({"to": "10.1.0.0/16", "type": "blackhole", "metric": 1024, "table": 7}, "blackhole 10.1.0.0/16 metric 1024 table 7"),
]


@pytest.mark.parametrize(("route", "said"), ROUTES)
def test_a_route_has_its_metric_unless_it_is_the_usual_one(route: Dict[str, Any], said: str) -> None:
    assert texts(nodes({"namespaces": [{"name": "a", "routes": [route]}]})["namespace a"]) == [said]


def drawn(data: Dict[str, Any]) -> List[str]:
    return text(picture(data), "LR").splitlines()


def test_text_names_what_was_drawn_already() -> None:
    """A ring has one line more than its tree."""
    assert drawn(chain(3, ring=True)) == [
        "namespace c0",
        "│   next 10.0.0.1/30",
        "│   prev",
        "├── next · prev ── namespace c1",
        "│   │   prev",
        "│   │   next 10.0.1.1/30",
        "│   └── next · prev ── namespace c2",
        "│           prev",
        "│           next 10.0.2.1/30",
        "└── prev · next ── namespace c2, see above",
    ]


def test_text_has_every_box_and_every_cable_once() -> None:
    whole = picture(EVERYTHING)
    lines = text(whole, "LR").splitlines()
    assert sum("── " in line for line in lines) == len(whole.cables)
    for node in whole.nodes:
        assert any(node.title in line for line in lines), node.title


def test_text_of_a_long_chain_needs_no_stack() -> None:
    assert len(drawn(chain(3000))) > 3000


def test_mermaid() -> None:
    text = FILTERS["mermaid"](EVERYTHING, direction="TB")
    assert text.splitlines()[1] == "flowchart TB"
    assert '  bridge_br0{{"bridge br0<br>STP"}}:::bridge\n' in text
    assert '  tun_tun0(["TUN tun0<br>owner nobody"]):::tun\n' in text
    assert '  link_ens3[/"ens3<br>existing link"/]:::link\n' in text
    assert '  subgraph f1["namespace core"]\n    namespace_core["core<br>forwards IPv6<br>y 10.5.5.5/31"]:::namespace\n' in text
    assert '  bridge_br0 -.-|"down"| tap_tap0\n' in text
    assert '  bridge_br1_in_core ===|"VLANs 10 untagged, 20-25"| tap_tap1_in_core\n' in text
    assert "  style bridge_br2 stroke-dasharray:4\n" in text
    assert '  subgraph legend["VLANs"]\n    v1["1"]\n    v2["10"]\n    v3["20-25"]\n    v4["30"]\n  end\n' in text
    assert f"  style v4 fill:#ffffff,stroke:{VLANS[3]},stroke-width:3px,color:{TEXT}\n" in text
    number = [cable.label for cable in picture(EVERYTHING).cables].index(["VLAN 30"])
    assert f"  linkStyle {number} stroke:{VLANS[3]},stroke-width:3px\n" in text
    assert [line for line in text.splitlines() if not STATEMENT.fullmatch(line)] == []


def test_dot() -> None:
    text = FILTERS["dot"](EVERYTHING)
    assert text.startswith("graph network {\n  graph [rankdir=LR, bgcolor=transparent")
    cables = {line.partition(" [")[0].strip(): line for line in text.splitlines() if " -- " in line}
    assert "style=dashed" in cables['"bridge br0" -- "tap tap0"']
    assert "style=dashed" not in cables['"this host" -- "tun tun0"']
    assert f'color="{VLANS[1]}:invis:{VLANS[2]}"' in cables['"bridge br1 in core" -- "tap tap1 in core"']
    assert f'color="{VLANS[3]}"' in cables['"link dummy0 in core" -- "bridge br1 in core"']
    legend = next(line for line in text.splitlines() if "labelloc=b" in line)
    assert re.findall(r'BGCOLOR="(#\w+)" WIDTH="18"></TD><TD[^>]*>VLAN ([-\d]+)<', legend) == list(zip(VLANS, ["1", "10", "20-25", "30"]))
    assert ">down<" in legend


@pytest.mark.parametrize("language", ["mermaid", "dot"])
def test_no_legend_without_vlans(language: str) -> None:
    text = FILTERS[language](lan(2))
    assert "labelloc=b" not in text
    assert "legend" not in text


@needs_dot
@pytest.mark.parametrize("direction", ["LR", "TB"])
@pytest.mark.parametrize("data", [{"namespaces": []}, lan(1), lan(16), lan(200), EVERYTHING], ids=["none", "one", "16", "200", "everything"])
def test_svg_has_every_box_and_every_cable(data: Dict[str, Any], direction: str) -> None:
    root = ElementTree.fromstring(FILTERS["svg"](data, direction=direction))
    drawn = [(group.get("class"), group.findtext("{*}title")) for group in root.iter("{http://www.w3.org/2000/svg}g")]
    expected = folded(picture(data), 16)
    assert sorted(title or "" for kind, title in drawn if kind == "node") == sorted(node.key for node in expected.nodes)
    assert sum(kind == "edge" for kind, _title in drawn) == len(expected.cables)
    words = " ".join("".join(element.itertext()) for element in root.iter("{http://www.w3.org/2000/svg}text"))
    assert all(node.title in words for node in expected.nodes)
    assert not [element for element in root.iter() if element.get("fill") == "white"], "the page is transparent"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", HOSTILE)
def test_names_stay_in_their_boxes(name: str, language: str) -> None:
    data = {
        "namespaces": [{"name": name, "addresses": [name], "routes": [{"to": name, "via": name}]}],
        "links": [
            {"type": "bridge", "name": name},
            {"type": "bridge", "name": name, "netns": name},
            {"type": "tuntap", "name": name, "mode": "tap", "owner": name, "master": name, "port": {"vlans": [{"vid": name}]}},
            {"type": "veth", "name": name, "netns": name, "master": name, "peer": {"name": name, "netns": name}},
            {"type": "veth", "name": "x", "peer": {"name": name, "netns": name}},
        ],
    }
    text = FILTERS[language](data)
    plain = FILTERS[language](_renamed(data, name, "plain"))
    if language == "mermaid":
        assert [line for line in text.splitlines() if not STATEMENT.fullmatch(line)] == []
        assert len(text.splitlines()) == len(plain.splitlines())
    elif language == "dot":
        assert len(text.splitlines()) == len(plain.splitlines())
        assert [re.sub(r"\W.*", "", line) for line in text.splitlines()] == [re.sub(r"\W.*", "", line) for line in plain.splitlines()]
    else:
        assert _outline(text) == _outline(plain)


def _outline(svg: str) -> List[Any]:
    """The elements of an image and their attributes, without its text."""
    return [(element.tag, sorted(element.keys())) for element in ElementTree.fromstring(svg).iter() if not element.tag.endswith("}text")]


def _renamed(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {key: _renamed(entry, old, new) for key, entry in value.items()}
    if isinstance(value, list):
        return [_renamed(entry, old, new) for entry in value]
    return new if value == old else value


@needs_dot
@pytest.mark.parametrize("name", ["<b>&", 'a"b\\', "é 网"])
def test_names_are_written_as_they_are(name: str) -> None:
    root = ElementTree.fromstring(FILTERS["svg"]({"namespaces": [{"name": name}]}))
    assert [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")] == [name]


def test_missing_program_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AnsibleFilterError, match=r"^nfv.vnet.svg: the program dot is not installed on the controller; install graphviz$"):
        FILTERS["svg"](lan(2))


@pytest.mark.parametrize(
    ("script", "words"),
    [("echo broken >&2; exit 1", "the program dot failed: broken"), ("cat >/dev/null; exit 3", "status 3"), ("cat >/dev/null", "status 0")],
)
def test_failing_program_is_told(script: str, words: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "dot").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "dot").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(AnsibleFilterError, match=words):
        FILTERS["svg"](lan(2))


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2."""

    def luminance(colour: str) -> float:
        parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("kind", LOOKS)
def test_text_stands_out_from_its_box(kind: str) -> None:
    assert contrast(TEXT, LOOKS[kind].fill) >= 7
    assert contrast("#57606a", LOOKS[kind].fill) >= 4.5


@pytest.mark.parametrize("page", [WHITE, BLACK])
@pytest.mark.parametrize("colour", [LINE, *VLANS, *(look.border for look in LOOKS.values())])
def test_lines_stand_out_from_any_page(colour: str, page: str) -> None:
    assert contrast(colour, page) >= 3
