# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategies of hypothesis: hosts made by hand, declarations of layouts, and what people do between two runs.

All of it is plain data, so that a sequence that fails can be printed and pasted. Names are few, so that links are renamed, replaced,
moved and change their kind from one declaration to the next. Most declarations are valid.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from ansible_collections.nfv.vnet.plugins.module_utils._kinds import TYPES, kernel_word
from features import has
from hypothesis import strategies as st
from kernel_kinds import has_kind
from layouts import mac
from samples import SAMPLES
from support import Values

NAMESPACES = ("red", "blue")
NAMES = ("p0", "p1", "p2", "p3", "p4", "p5")
"""The names of links, of every kind and in every namespace."""
FOREIGN_NAMESPACE = "grey"
FOREIGN_NAMES = ("f0", "f1", "f2", "f3")
"""What only people create: no declaration has a link of these names, but for ports that are taken in."""
STRAY = "stray"
"""The name that people give to a link of any layout."""
LAYOUTS = ("lab", "lab", "lab", "guest")

ON_A_PARENT = tuple(name for name in SAMPLES if "parent" in SAMPLES[name].create)
_TOGETHER = ("updelay", "downdelay", "peer_notify_delay", "local", "remote", "flowlabel", "mode", "isolation")
"""Options that need another one, or that all links on a parent have in common."""

Draw = st.DrawFn
LinkId = tuple[str, str]


class Step(NamedTuple):
    """A run, and what people do before it."""

    by_hand: list[str]
    """Shell commands, of which some may fail."""
    params: Values
    """The parameters of vnet_layout."""
    failing: int
    """The number of the step that fails in a first attempt, 0 for none. What cannot be undone does not begin before it."""


class Sequence(NamedTuple):
    """A host, and the runs on it."""

    host: list[str]
    """Shell commands that make it, of which some may fail."""
    steps: list[Step]


def sequences() -> st.SearchStrategy[Sequence]:
    return st.builds(Sequence, st.lists(_made_by_hand(), max_size=5), st.lists(_steps(), min_size=1, max_size=5))


def _steps() -> st.SearchStrategy[Step]:
    quiet: st.SearchStrategy[list[str]] = st.just([])
    return st.builds(Step, quiet | st.lists(_interludes(), max_size=4), declarations(), st.integers(0, 12))


def _often(draw: Draw, number: int) -> bool:
    """False once in so many times. What is simpler comes first, as failures shrink to it."""
    return bool(draw(st.sampled_from([True] * (number - 1) + [False])))


def _seldom(draw: Draw, number: int) -> bool:
    """True once in so many times."""
    return bool(draw(st.sampled_from([False] * (number - 1) + [True])))


# Declarations


@st.composite
def declarations(draw: Draw) -> Values:
    """The parameters of vnet_layout."""
    name = draw(st.sampled_from(LAYOUTS))
    if _seldom(draw, 12):
        return {"name": name, "force": True, "state": "absent"}
    params: Values = {"name": name, "force": True}
    if _seldom(draw, 8):
        params["sysctl"] = {"net.ipv4.ip_forward": draw(st.integers(0, 1))}
    inside = draw(st.lists(st.sampled_from(NAMESPACES), unique=True, max_size=2))
    params["namespaces"] = [_namespace(draw, netns) for netns in inside]
    ids = draw(st.lists(st.tuples(st.sampled_from(["", *inside]), st.sampled_from(NAMES)), unique=True, max_size=7))
    params["links"] = _links(draw, ids)
    return params


def _namespace(draw: Draw, name: str) -> Values:
    values: Values = {"name": name}
    if _seldom(draw, 5):
        values["loopback"] = False
    if _seldom(draw, 6):
        values["nsid"] = 100 + NAMESPACES.index(name)  # left out: the id of one that goes in the same run, which the kernel refuses
    if _seldom(draw, 4):
        values["sysctl"] = {draw(st.sampled_from(["net.ipv4.ip_forward", "net.ipv4.conf.default.arp_ignore"])): draw(st.integers(0, 1))}
    if _seldom(draw, 2):
        values["addresses"] = draw(st.lists(st.sampled_from(["10.255.0.1/32", "10.255.0.2/32", "2001:db8:ff::1/128"]), unique=True, max_size=2))
    if _seldom(draw, 2):
        values["routes"] = draw(st.lists(st.sampled_from(_DEAD_ENDS), max_size=2, unique_by=lambda route: (route["to"], route.get("table"))))
    if _seldom(draw, 3):
        values["rules"] = draw(st.lists(st.sampled_from(_RULES), max_size=3, unique_by=str))
    return values


_RULES: list[Values] = [
    {"priority": 100, "from": "10.1.0.0/16", "table": "100"},
    {"priority": 100, "to": "2001:db8:7::/48", "type": "unreachable"},
    {"priority": 101, "fwmark": "0x1", "table": "100"},
]


_DEAD_ENDS: list[Values] = [
    {"to": "10.66.0.0/16", "type": "blackhole"},
    {"to": "10.66.0.0/16", "type": "prohibit", "table": 100},
    {"to": "10.67.0.0/16", "type": "prohibit", "metric": 7},
    {"to": "2001:db8:66::/48", "type": "unreachable"},
]


def _links(draw: Draw, ids: list[LinkId]) -> list[Values]:
    bridges: dict[LinkId, Values] = {}
    ends: list[Values] = []
    links: list[Values] = []
    waiting = list(ids)
    while waiting:
        netns, name = waiting.pop(0)
        type_name = draw(st.sampled_from(_types(bool(waiting)))) if _often(draw, 12) else ""
        link = _end(draw, netns, name, type_name)
        if type_name == "bridge":
            bridges[netns, name] = link
        if type_name == "veth":
            link["peer"] = _end(draw, *waiting.pop(0), type_name)
            del link["peer"]["type"]
            link["peer"].pop("recreate", None)
            ends.append(link["peer"])
        links.append(link)
    ends += [link for link in links if link.get("type") not in ("bridge", *ON_A_PARENT)]
    for link in links:
        if link.get("type") in ON_A_PARENT:
            _put_on_a_parent(draw, link, [other for other in ids if other != (link["netns"], link["name"])])
    for end in ends:
        _put_into_a_bridge(draw, end, bridges)
    for end in [*links, *ends]:
        if not end.get("netns"):
            end.pop("netns", None)
    return [link for link in links if link.get("type") not in ON_A_PARENT or "parent" in link]


def _types(two: bool) -> list[str]:
    """The types that this kernel has, with the common ones more often. C(two): whether there are names for both ends of a cable."""
    found = [name for name in SAMPLES if has_kind(kernel_word(TYPES[name].kernel, SAMPLES[name].create))]
    return ["bridge", "tuntap", *(["veth", "veth", "veth"] if two else []), "bridge", *found]


def _end(draw: Draw, netns: str, name: str, type_name: str) -> Values:
    """A link, or one end of a cable."""
    number = NAMES.index(name) + 1 + 10 * ["", *NAMESPACES].index(netns)
    end: Values = {"type": type_name, "name": name, "netns": netns}
    if not type_name:
        del end["type"]
    if type_name == "tuntap":
        end.update(_tuntap(draw))
    if type_name == "bridge":
        end.update(_some(draw, _BRIDGE, 5))
    if type_name in SAMPLES:
        end.update(_of_kind(draw, type_name, number))
    if not _often(draw, 6):
        end["up"] = False
    is_tun = end.get("mode") == "tun"
    if _seldom(draw, 2) and not is_tun and type_name not in ("ifb", "ipvlan"):
        end["mac"] = mac(number if _often(draw, 4) else draw(st.integers(40, 43)))
    end.update(_some(draw, _LINK, 8))
    if type_name and _seldom(draw, 10):
        end["recreate"] = True
    if type_name and type_name != "tuntap" and _seldom(draw, 12):
        end["num_tx_queues"] = 2
    if _seldom(draw, 2):
        _lists(draw, end, number)
    if not is_tun and _seldom(draw, 4):
        choices = [entry for entry in _neighbours(number) if not end.get("disable_ipv6") or ":" not in str(entry["to"])]
        end["neighbours"] = draw(st.lists(st.sampled_from(choices), unique_by=lambda entry: str(entry["to"]), max_size=3))
    if _seldom(draw, 6):
        end["altnames"] = draw(st.lists(st.sampled_from([f"first-name-of-{number}", f"second-name-of-{number}"]), unique=True, max_size=2))
    if _seldom(draw, 6):
        end["qdisc"] = draw(st.sampled_from(_QDISCS))
    return end


_QDISCS: list[Values] = [{"kind": ""}, {"kind": "pfifo", "limit": 50}, {"kind": "pfifo", "limit": 60}, {"kind": "bfifo", "limit": 9000}]


def _neighbours(number: int) -> list[Values]:
    """Without proxy entries: the kernel drops them when a link has no carrier, a moment after it went up."""
    return [
        {"to": f"192.0.{number}.8", "mac": mac(41)},
        {"to": f"192.0.{number}.8", "mac": mac(42)},
        {"to": f"2001:db8:{number}::9", "mac": mac(43), "router": True},
    ]


def _of_kind(draw: Draw, type_name: str, number: int) -> Values:
    """What a link of a kind with sample values must have, and some of these. What no two may have in common is a number of its own."""
    sample = SAMPLES[type_name]
    values = {name: value for name, value in sample.create.items() if name not in ("parent", "id")}
    if "id" in sample.create and type_name != "vlan":
        values["id"] = number if _often(draw, 4) else draw(st.sampled_from([90, 91]))
    return {**values, **_some(draw, {name: choices for name, choices in sample.live.items() if name not in _TOGETHER}, 6)}


def _tuntap(draw: Draw) -> Values:
    values: Values = {"mode": draw(st.sampled_from(["tap", "tap", "tun"]))}
    if _seldom(draw, 5):
        values["owner"] = str(os.getuid())
    if _seldom(draw, 8):
        values[draw(st.sampled_from(["multi_queue", "vnet_hdr", "packet_info"]))] = True
    return values


_LINK: dict[str, list[Any]] = {
    # Left out: an MTU below 1280, with which a link loses IPv6. A bridge takes it from a port, which check mode does not know, and a
    # declaration of disable_ipv6 has a difference for ever.
    "mtu": [1400, 1500, 1300, 2000, 1280],
    "alias": ["one", "two words; 'quoted' $HOME", ""],
    "link_group": [3, 0],
    "txqueuelen": [7, 500],
    "arp": [False, True],
    "multicast": [False, True],
    "allmulticast": [True, False],
    "promiscuous": [True, False],
    "disable_ipv6": [True, False],
    "ipv6_addrgenmode": ["none", "eui64"],
    "gso_max_segs": [100],
}
_BRIDGE: dict[str, list[Any]] = {
    "stp": [True, False],
    "forward_delay": [4, 15],
    "hello_time": [1, 2],
    "priority": [4096, 32768],
    "ageing_time": [10, 300],
    "group_fwd_mask": [8, 0],
    **({"mcast_snooping": [False, True], "mcast_querier": [True, False]} if has("mcast_snooping") else {}),
    **({"vlan_filtering": [True, False], "vlan_default_pvid": [7, 0, 1]} if has("vlan_filtering") else {}),
}
_PORT: dict[str, list[Any]] = {
    "cost": [9, 50],
    "priority": [5, 32],
    "hairpin": [True, False],
    "isolated": [True, False],
    "learning": [False, True],
    "flood": [False, True],
    "neigh_suppress": [True, False],
}


def _some(draw: Draw, values: dict[str, list[Any]], number: int) -> Values:
    """Values of some options: of each, once in so many times."""
    return {name: draw(st.sampled_from(choices)) for name, choices in values.items() if _seldom(draw, number)}


def _lists(draw: Draw, end: Values, number: int) -> None:
    """Addresses, mostly of a network of its own, and routes through them."""
    networks = [number] if _often(draw, 5) else [number, draw(st.integers(50, 51))]
    choices = [text for one in networks for text in _addresses(one) if not end.get("disable_ipv6") or ":" not in text]
    addresses = end["addresses"] = draw(st.lists(st.sampled_from(choices), unique_by=lambda text: text.split()[0], max_size=4))
    routes: list[Values] = []
    for one in networks:
        if f"192.0.{one}.1/24" in addresses or f"192.0.{one}.2/24" in addresses:
            routes += [{"to": f"10.{one}.0.0/16", "via": f"192.0.{one}.9"}, {"to": "default", "via": f"192.0.{one}.8", "metric": one}]
            routes += [{"to": f"10.{one}.0.0/16", "via": f"192.0.{one}.8", "table": 100}]
        if f"192.0.{one}.2/24" in addresses:
            routes += [{"to": f"198.19.{one}.0/24", "scope": "link", "src": f"192.0.{one}.2", "metric": 5}]
        if any(text.startswith(f"2001:db8:{one}::1/64") for text in addresses):
            routes += [{"to": f"2001:db8:1{one:02}::/48", "via": f"2001:db8:{one}::9"}]
    routes += [{"to": f"198.18.{number}.0/24"}]
    if end.get("up", True) and _seldom(draw, 2):
        end["routes"] = draw(st.lists(st.sampled_from(routes), max_size=3, unique_by=lambda route: (route["to"], route.get("table"), route.get("metric"))))
    for name in ("purge_addresses", "purge_routes"):
        if _seldom(draw, 10):
            end[name] = False


def _addresses(number: int) -> list[str]:
    return [
        f"192.0.{number}.1/24",
        f"192.0.{number}.2/24",
        f"2001:db8:{number}::1/64 nodad",
        f"2001:db8:{number}::1/64",
        f"2001:db8:{number}::2/64 nodad",
        f"10.9.{number}.1 peer 10.9.{number}.2",
    ]


def _put_on_a_parent(draw: Draw, link: Values, others: list[LinkId]) -> None:
    """Without others it has none, and is left out."""
    if others:
        netns, name = draw(st.sampled_from(others))
        link["parent"] = name
        if link["type"] == "vlan":
            link["id"] = draw(st.sampled_from([10, 20]))
        if netns != link["netns"]:
            link["parent_netns"] = netns


def _put_into_a_bridge(draw: Draw, end: Values, bridges: dict[LinkId, Values]) -> None:
    """By its own option or by one of the bridge."""
    near = [bridge for (netns, _name), bridge in bridges.items() if netns == end["netns"]]
    if end.get("mode") == "tun" or not near or not _seldom(draw, 2):
        if _seldom(draw, 8) and end.get("mode") != "tun":
            end["master"] = ""
        return
    bridge = draw(st.sampled_from(near))
    settings = _some(draw, _PORT, 5)
    if has("vlan_filtering") and bridge.get("vlan_filtering") and _seldom(draw, 2):
        settings["vlans"] = [{"vid": "10", "pvid": True, "untagged": True}, {"vid": "20-22"}]
    if "ports" in bridge or _seldom(draw, 4):
        bridge.setdefault("ports", []).append({"name": end["name"], **settings})
    else:
        end["master"] = bridge["name"]
        if settings:
            end["port"] = settings


# What people do


def _made_by_hand() -> st.SearchStrategy[str]:
    """Creates something that a declaration may take in."""
    namespaces = st.sampled_from([f"ip netns add {netns}; ip -n {netns} link set dev lo up" for netns in NAMESPACES])
    return st.one_of(_created(st.sampled_from(NAMES)), namespaces, _interludes())


_PLACES = st.sampled_from(["", *(f" -n {netns}" for netns in NAMESPACES)])


@st.composite
def _created(draw: Draw, names: st.SearchStrategy[str]) -> str:
    place, name, other = draw(_PLACES), draw(names), draw(names)
    return draw(
        st.sampled_from(
            [
                f"ip{place} link add name {name} type bridge",
                f"ip{place} tuntap add name {name} mode tap",
                f"ip{place} link add name {name} up type veth peer name {other}",
                f"ip{place} link add name {name} type veth peer name {other} netns {draw(st.sampled_from(NAMESPACES))}",
            ]
        )
    )


@st.composite
def _interludes(draw: Draw) -> str:
    """Changes something, or creates something foreign."""
    place, name = draw(_PLACES), draw(st.sampled_from(NAMES))
    other, foreign = draw(st.sampled_from(NAMES)), draw(st.sampled_from(FOREIGN_NAMES))
    inside, number = draw(st.sampled_from(NAMESPACES)), draw(st.integers(1, 3))
    return draw(
        st.sampled_from(
            [
                f"ip{place} link set dev {name} down",
                f"ip{place} link set dev {name} up",
                f"ip{place} neighbour flush dev {name} nud permanent",
                f"ip{place} neighbour replace 192.0.{number}.7 lladdr {mac(40 + number)} dev {name} nud permanent",
                f"ip{place} link property add dev {name} altname third-name-of-{name}",
                f"tc{place} qdisc replace dev {name} root bfifo limit {number}000",
                f"ip -n {inside} rule add priority 200 from 10.{number}.0.0/16 lookup 100",
                f"ip -n {inside} rule flush priority 100",
                f"ip{place} link delete dev {name}",
                f"ip{place} address add 203.0.{number}.1/24 dev {name}",
                f"ip{place} address flush dev {name} scope global",
                f"ip{place} route flush dev {name} proto static",
                f"ip{place} link set dev {name} down; ip{place} link set dev {name} name {other}",
                f"ip{place} link set dev {name} down; ip{place} link set dev {name} name {STRAY}",
                f"ip{place} link set dev {name} nomaster",
                f"ip{place} link set dev {name} master {other}",
                f"ip{place} link set dev {foreign} master {name}",
                f"ip{place} link set dev {name} master {foreign}",
                f"ip{place} link set dev {name} mtu {1290 + number}",
                f"ip{place} link set dev {name} alias theirs",
                f"ip{place} link set dev {name} address {mac(90 + number)}",
                f"ip{place} link set dev {name} netns {draw(st.sampled_from((*NAMESPACES, FOREIGN_NAMESPACE)))}",
                f"ip -n {inside} link set dev lo down",
                f"ip -n {inside} link set dev lo up",
                f"bridge{place} link set dev {name} cost 77 hairpin on",
                f"ip netns add {FOREIGN_NAMESPACE}",
                draw(_created(st.sampled_from(FOREIGN_NAMES))),
                _deletion_of(inside),
            ]
        )
    )


def _deletion_of(netns: str) -> str:
    """Deletes a namespace. Its links go first, as the kernel would come round to the other ends of cables later."""
    names = " ".join((*NAMES, *FOREIGN_NAMES, STRAY))
    return f"for link in {names}; do ip -n {netns} link delete dev $link; done; ip netns delete {netns}"
