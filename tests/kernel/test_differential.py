# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that a module reports, run by the real iproute2, leave the same kernel behind as the module does."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, List, NamedTuple

import pytest
from features import has, helps, needs, needs_program
from layouts import SCENARIOS, full, lay
from support import difference, portable, private_network, run, sh, snapshot

Values = Dict[str, Any]
Prepare = Callable[[], Any]


class Task(NamedTuple):
    name: str
    module: str
    params: Values
    prepare: Prepare = lambda: None
    feature: str = ""
    beyond: str = ""
    """What of it iproute2 cannot do: it is a comment then."""


def _ports() -> None:
    run("vnet_bridge", name="br1", mac="02:00:00:00:00:f1")
    for number, name in enumerate(("p", "q", "r")):
        run("vnet_veth", name=name, mac=f"02:00:00:00:01:0{number}", peer=dict(name=f"{name}peer"))


def _bridge() -> None:
    _ports()
    ports = [{"name": "p", "hairpin": True}, {"name": "q", "cost": 9}]
    run("vnet_bridge", name="br0", mac="02:00:00:00:00:f0", addresses=ADDRESSES, routes=ROUTES, ports=ports)


def _backup() -> None:
    _ports()
    run("vnet_bridge", name="br0", ports=[{"name": "p", "backup_port": "q"}, {"name": "q"}])


def _joined() -> None:
    _ports()
    run("vnet_bridge", name="br0", mac="02:00:00:00:00:f0", ports=[{"name": "p"}, {"name": "q"}])


def _filtering() -> None:
    _ports()
    vlans = [{"vid": "10", "pvid": True, "untagged": True}, {"vid": "20-30"}]
    run("vnet_bridge", name="br0", vlan_filtering=True, vlans=[{"vid": "5-9"}], ports=[{"name": "p", "vlans": vlans}])


def _namespaces() -> None:
    for name in ("red", "blue"):
        run("vnet_netns", name=name)
    run("vnet_bridge", name="br0", netns="red", mac="02:00:00:00:00:f0")
    run("vnet_bridge", name="br1", netns="red", mac="02:00:00:00:00:f1")


def _cable() -> None:
    _namespaces()
    far = dict(name="b", netns="blue", addresses=["192.0.2.7/24", "2001:db8::7/64"])
    run("vnet_veth", name="a", netns="red", mac="02:00:00:00:00:0a", master="br0", addresses=ADDRESSES, routes=ROUTES, peer=far)


def _moved_cable() -> None:
    _cable()
    sh("ip -n red link set dev a netns blue")


def _tap() -> None:
    run("vnet_bridge", name="br0", mac="02:00:00:00:00:f0")
    run("vnet_tuntap", name="t", mode="tap", mac="02:00:00:00:00:01", packet_info=True, vnet_hdr=True, master="br0", addresses=["192.0.2.1/24"])


def _namespace() -> None:
    sysctl = {"net.ipv4.ip_forward": 1, "net.ipv4.ping_group_range": "0 5"}
    run("vnet_netns", name="red", sysctl=sysctl, addresses=["192.0.2.1/32"], routes=[{"to": "10.0.0.0/8", "type": "blackhole"}])


def _stale_file() -> None:
    os.makedirs("/run/netns")
    with open("/run/netns/red", "w", encoding="utf-8"):
        pass


ADDRESSES = ["192.0.2.1/24", "192.0.2.2/24", "2001:db8::1/64", "2001:db8::2/64 nodad", "10.9.0.1 peer 10.9.0.2"]
ROUTES = [
    {"to": "198.51.100.0/24", "via": "192.0.2.9"},
    {"to": "198.18.0.0/15", "scope": "link", "src": "192.0.2.2", "metric": 5},
    {"to": "172.16.0.0/12", "via": "203.0.113.9", "onlink": True},
    {"to": "2001:db8:7::/64", "via": "2001:db8::9", "metric": 7},
    {"to": "10.0.0.0/8", "scope": "link", "table": 100},
    {"to": "2001:db8:9::/48", "table": 1000},
]
LINK: Values = {
    "mac": "02:00:00:00:00:05",
    "mtu": 1400,
    "txqueuelen": 7,
    "alias": "two words; 'quoted' $HOME",
    "link_group": 3,
    "gso_max_size": 30000,
    "gso_max_segs": 100,
    "allmulticast": True,
    "promiscuous": True,
    "multicast": False,
    "ipv6_addrgenmode": "none",
}
SETTINGS: List[Values] = [
    {"forward_delay": 4},
    {"hello_time": 1},
    {"max_age": 10},
    {"ageing_time": 0},
    {"stp": True, "priority": 4096},
    {"group_fwd_mask": 8},
    {"group_address": "01:80:c2:00:00:0e"},
    {"mcast_snooping": False},
    {"mcast_router": "permanent"},
    {"mcast_query_use_ifaddr": True},
    {"mcast_querier": True},
    {"mcast_stats": True},
    {"mcast_igmp_version": 3},
    {"mcast_mld_version": 2},
    {"mcast_hash_max": 512},
    {"mcast_last_member_count": 3},
    {"mcast_startup_query_count": 3},
    {"mcast_last_member_interval": 2},
    {"mcast_membership_interval": 200},
    {"mcast_querier_interval": 200},
    {"mcast_query_interval": 100},
    {"mcast_query_response_interval": 5},
    {"mcast_startup_query_interval": 20},
    {"nf_call_iptables": True},
    {"nf_call_ip6tables": True},
    {"nf_call_arptables": True},
    {"no_linklocal_learn": True},
    {"fdb_max_learned": 100},
    {"vlan_filtering": True},
    {"vlan_filtering": True, "vlan_default_pvid": 7},
    {"vlan_filtering": True, "vlan_default_pvid": 0},
    {"vlan_protocol": "802.1ad"},
    {"vlan_stats": True},
    {"vlan_stats_per_port": True},
    {"vlan_filtering": True, "mcast_vlan_snooping": True},
    {"mst": True},
]
PORTS: List[Values] = [
    {"priority": 9},
    {"cost": 50},
    {"hairpin": True},
    {"guard": True},
    {"root_block": True},
    {"fast_leave": True},
    {"learning": False},
    {"flood": False},
    {"proxy_arp": True},
    {"proxy_arp_wifi": True},
    {"mcast_router": "permanent"},
    {"mcast_flood": False},
    {"mcast_to_unicast": True},
    {"vlan_tunnel": True},
    {"bcast_flood": False},
    {"group_fwd_mask": 8},
    {"neigh_suppress": True},
    {"isolated": True},
    {"backup_port": "q"},
    {"mcast_eht_hosts_limit": 100},
    {"locked": True},
    {"mcast_max_groups": 5},
    {"neigh_vlan_suppress": True},
    {"locked": True, "mab": True},
]
PORT: Values = {"hairpin": True, "cost": 50, "priority": 9, "learning": False, "isolated": True}
FAR: Values = {"name": "b", "netns": "blue", "mac": "02:00:00:00:00:06", "mtu": 1300, "addresses": ["192.0.2.8/24", "2001:db8::8/64"]}
PURGED: Values = {
    "addresses": ["192.0.2.2/24", "203.0.113.1/24", "2001:db8::2/48"],
    "purge_addresses": True,
    "routes": [{"to": "198.51.100.0/24", "via": "203.0.113.9"}, {"to": "2001:db8:7::/48"}],
    "purge_routes": True,
}

LACKING: Dict[str, str] = {
    "mst": "mst_enabled",
    "fdb_max_learned": "fdb_max_learned",
    "mcast_eht_hosts_limit": "mcast_eht_hosts_limit",
    "mcast_max_groups": "mcast_max_groups",
    "neigh_vlan_suppress": "neigh_vlan_suppress",
    "mab": "mab",
}
"""Options that older versions of iproute2 lack, and the keyword that their help has once they do not."""

FEATURES = {
    "vlan_filtering": "vlan_filtering",
    "vlan_default_pvid": "vlan_filtering",
    "vlan_protocol": "vlan_filtering",
    "vlan_stats": "vlan_filtering",
    "vlan_stats_per_port": "vlan_filtering",
    "vlan_tunnel": "vlan_filtering",
    **{
        name: name
        for name in ("mst", "mcast_vlan_snooping", "no_linklocal_learn", "fdb_max_learned", "mab", "locked", "mcast_max_groups", "neigh_vlan_suppress")
    },
    "mcast_eht_hosts_limit": "mcast_eht_hosts_limit",
}


def _named(prefix: str, values: Values) -> str:
    return f"{prefix}-{'-'.join(values)}"


TASKS: List[Task] = [
    *(Task(_named("bridge-new", values), "vnet_bridge", {"name": "br0", "mac": "02:00:00:00:00:f0", **values}) for values in SETTINGS),
    *(Task(_named("bridge-changed", values), "vnet_bridge", {"name": "br0", **values}, lambda: run("vnet_bridge", name="br0")) for values in SETTINGS),
    *(Task(_named("port-new", port), "vnet_bridge", {"name": "br0", "ports": [{"name": "q"}, {"name": "p", **port}]}, _ports) for port in PORTS),
    *(Task(_named("port-changed", port), "vnet_bridge", {"name": "br0", "ports": [{"name": "p", **port}]}, _joined) for port in PORTS),
    Task(
        "bridge-with-lists",
        "vnet_bridge",
        {"name": "br0", **LINK, "addresses": ADDRESSES, "routes": ROUTES, "ports": [{"name": "p", **PORT}, {"name": "q"}]},
        _ports,
    ),
    Task("bridge-queues", "vnet_bridge", {"name": "br0", "num_tx_queues": 3, "num_rx_queues": 2}, feature="num_rx_queues"),
    Task("bridge-without-ipv6", "vnet_bridge", {"name": "br0", "disable_ipv6": True, "arp": False}),
    Task(
        "bridge-in-namespace",
        "vnet_bridge",
        {"name": "br9", "netns": "red", **LINK, "disable_ipv6": True, "routes": ROUTES[:1], "addresses": ADDRESSES[:1]},
        _namespaces,
    ),
    Task("bridge-by-path", "vnet_bridge", {"name": "br9", "netns": "/run/netns/red", **LINK, "disable_ipv6": True, "hello_time": 1}, _namespaces),
    Task("bridge-purged", "vnet_bridge", {"name": "br0", **PURGED, "ports": [{"name": "r"}], "purge_ports": True}, _bridge),
    Task("bridge-down", "vnet_bridge", {"name": "br0", "up": False}, _bridge),
    Task(
        "bridge-recreated",
        "vnet_bridge",
        {"name": "br0", "mac": "02:00:00:00:00:f0", "num_tx_queues": 3, "recreate": True, "ports": [{"name": "p", **PORT}]},
        _bridge,
    ),
    Task("bridge-removed", "vnet_bridge", {"name": "br0", "state": "absent"}, _bridge),
    Task("port-leaves", "vnet_veth", {"name": "p", "master": "", "peer": {"name": "ppeer"}}, _bridge),
    Task("port-moves", "vnet_veth", {"name": "p", "master": "br1", "port": PORT, "peer": {"name": "ppeer"}}, _bridge),
    Task("port-without-backup", "vnet_bridge", {"name": "br0", "ports": [{"name": "p", "backup_port": ""}]}, _backup),
    Task(
        "vlans-new",
        "vnet_bridge",
        {
            "name": "br0",
            "vlan_filtering": True,
            "vlans": [{"vid": "6-8"}],
            "ports": [{"name": "p", "vlans": [{"vid": "22-23", "untagged": True}, {"vid": "40", "pvid": True}], "purge_vlans": True}],
        },
        _ports,
        "vlan_filtering",
    ),
    Task(
        "vlans-changed",
        "vnet_bridge",
        {
            "name": "br0",
            "vlans": [{"vid": "6-8"}],
            "purge_vlans": True,
            "ports": [{"name": "p", "vlans": [{"vid": "22-23", "untagged": True}, {"vid": "40", "pvid": True}], "purge_vlans": True}],
        },
        _filtering,
        "vlan_filtering",
    ),
    Task(
        "cable-new",
        "vnet_veth",
        {"name": "a", "netns": "red", **LINK, "master": "br0", "port": PORT, "addresses": ADDRESSES, "routes": ROUTES, "peer": FAR},
        _namespaces,
    ),
    Task("cable-here", "vnet_veth", {"name": "a", "addresses": ADDRESSES, "peer": {"name": "b", "disable_ipv6": True}}),
    Task("cable-in-one-namespace", "vnet_veth", {"name": "a", "netns": "red", "peer": {"name": "b", "netns": "red"}}, _namespaces),
    Task("cable-queues", "vnet_veth", {"name": "a", "num_tx_queues": 3, "peer": {"name": "b", "num_rx_queues": 3}}, feature="num_rx_queues"),
    Task(
        "cable-by-path", "vnet_veth", {"name": "a", "netns": "red", "peer": {"name": "b", "netns": "/run/netns/blue", "mtu": 1400, "alias": "far"}}, _namespaces
    ),
    Task("cable-changed", "vnet_veth", {"name": "a", "netns": "red", **LINK, "master": "br1", "port": PORT, **PURGED, "peer": {**FAR, "up": False}}, _cable),
    Task("cable-comes-home", "vnet_veth", {"name": "a", "netns": "red", "master": "br0", "port": PORT, "addresses": ADDRESSES, "peer": FAR}, _moved_cable),
    Task(
        "cable-recreated", "vnet_veth", {"name": "a", "netns": "red", "num_tx_queues": 3, "recreate": True, "master": "br0", "port": PORT, "peer": FAR}, _cable
    ),
    Task("cable-removed", "vnet_veth", {"name": "b", "netns": "blue", "state": "absent"}, _cable),
    Task(
        "tap-new",
        "vnet_tuntap",
        {"name": "t", "mode": "tap", "owner": str(os.getuid()), "group": str(os.getgid()), **LINK, "multi_queue": True, "vnet_hdr": True},
    ),
    Task("tap-port", "vnet_tuntap", {"name": "t", "mode": "tap", "master": "br0", "port": PORT}, _joined),
    Task("tap-changed", "vnet_tuntap", {"name": "t", **LINK, "master": "", "addresses": ["203.0.113.1/24"], "purge_addresses": True}, _tap),
    Task("tap-owner-changed", "vnet_tuntap", {"name": "t", "owner": str(os.getuid())}, _tap, beyond="owner"),
    Task("tap-group-changed", "vnet_tuntap", {"name": "t", "group": str(os.getgid())}, _tap, beyond="group"),
    Task("tap-recreated", "vnet_tuntap", {"name": "t", "mode": "tap", "multi_queue": True, "recreate": True, "master": "br0"}, _tap),
    Task("tap-removed", "vnet_tuntap", {"name": "t", "state": "absent"}, _tap),
    Task(
        "tun-new",
        "vnet_tuntap",
        {"name": "t", "mode": "tun", "packet_info": True, "addresses": ["10.9.0.1 peer 10.9.0.2", "2001:db8::1/64"], "routes": [{"to": "10.0.0.0/8"}]},
    ),
    Task("tun-becomes-tap", "vnet_tuntap", {"name": "t", "mode": "tap", "recreate": True}, lambda: run("vnet_tuntap", name="t", mode="tun")),
    Task("tap-in-namespace", "vnet_tuntap", {"name": "t", "netns": "red", "mode": "tap", "owner": str(os.getuid()), "master": "br0", "mtu": 1400}, _namespaces),
    Task("namespace-new", "vnet_netns", {"name": "red"}),
    Task("namespace-of-a-stale-file", "vnet_netns", {"name": "red"}, _stale_file),
    Task("namespace-with-id", "vnet_netns", {"name": "red", "nsid": 7}),
    Task("namespace-loopback-down", "vnet_netns", {"name": "red", "loopback": False}),
    Task(
        "namespace-with-lists",
        "vnet_netns",
        {
            "name": "red",
            "sysctl": {"net.ipv4.ip_forward": 1, "net.ipv4.ping_group_range": "0 5", "net/ipv6/conf/all/forwarding": True},
            "addresses": ["192.0.2.1/32", "2001:db8::1/128"],
            "routes": [
                {"to": "10.0.0.0/8", "type": "blackhole"},
                {"to": "172.16.0.0/12", "type": "prohibit", "metric": 5, "table": 100},
                {"to": "2001:db8:9::/48", "type": "unreachable"},
                {"to": "default", "dev": "lo", "scope": "link"},
            ],
        },
    ),
    Task(
        "namespace-changed",
        "vnet_netns",
        {
            "name": "red",
            "sysctl": {"net.ipv4.ip_forward": 0, "net.ipv4.ping_group_range": "0 9"},
            "addresses": ["192.0.2.2/32"],
            "purge_addresses": True,
            "routes": [{"to": "10.0.0.0/8", "type": "prohibit"}],
            "purge_routes": True,
        },
        _namespace,
    ),
    Task("namespace-removed", "vnet_netns", {"name": "red", "state": "absent"}, _namespace),
    Task("stale-file-removed", "vnet_netns", {"name": "red", "state": "absent"}, _stale_file),
]


# Whole layouts

DRIFT = (
    "ip -n red link set lo down",
    "ip link delete br0",
    "ip -n red address flush dev eth0",
    "ip -n red link set eth0 netns 1 name mended0",  # out of sight, where other tests are at work too
    "ip -n red link delete inner",
    "ip -n blue link delete tun0",
)


def _drifted() -> None:
    lay(**full())
    sh(*DRIFT)


LAYOUTS: List[Task] = [
    *(Task(scenario.name, "vnet_layout", scenario.params, scenario.prepare) for scenario in SCENARIOS),
    Task("mended", "vnet_layout", full(), _drifted),
    Task("with-a-link-that-is-there", "vnet_layout", {"links": [{"name": "p", "master": "br0", "mtu": 1400, "addresses": ["192.0.2.1/24"]}]}, _joined),
    Task(
        "with-settings", "vnet_layout", {"sysctl": {"net.ipv4.ip_forward": 1}, "namespaces": [{"name": "red", "nsid": 5, "sysctl": {"net.ipv4.ip_forward": 1}}]}
    ),
]


@pytest.mark.parametrize("task", LAYOUTS, ids=lambda task: task.name)
def test_the_commands_do_what_the_layout_does(task: Task) -> None:
    needs_program("ip")
    with private_network():
        task.prepare()
        before = portable(snapshot())
        result = lay(**task.params)
        by_module = portable(snapshot())
    assert [line for line in result["commands"] if line.startswith("#")] == []
    with private_network():
        task.prepare()
        assert portable(snapshot()) == before
        sh(*result["commands"])
        by_commands = portable(snapshot())
    assert not difference(by_module, by_commands), result["commands"]


def _options(params: Values) -> List[str]:
    return list(params) + [name for port in params.get("ports", []) for name in port]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_the_commands_do_what_the_module_does(task: Task) -> None:
    needs_program("ip")
    if task.feature:
        needs(task.feature)
    for option in _options(task.params):
        if option in FEATURES:
            needs(FEATURES[option])
        if option.startswith("mcast_"):
            needs("mcast_snooping")
        if option in LACKING and LACKING[option] not in helps("ip", "link", "help", "bridge") + helps("bridge", "link"):
            pytest.skip(f"this iproute2 has no {option}")
    if any(option.startswith("nf_call") for option in task.params):
        needs("nf_call")
    with private_network():
        task.prepare()
        before = portable(snapshot())
        result = run(task.module, **task.params)
        by_module = portable(snapshot())
    assert result["changed"]
    commands = [line for line in result["commands"] if not line.startswith("#")]
    if task.beyond:
        assert [task.beyond in line for line in result["commands"]] == [True]
        assert not commands
        return
    with private_network():
        task.prepare()
        assert portable(snapshot()) == before
        sh(*commands)
        by_commands = portable(snapshot())
    for netns in {**by_module, **by_commands}:
        assert by_commands.get(netns) == by_module.get(netns), commands


def test_only_what_iproute2_lacks_is_a_comment() -> None:
    comments = []
    for task in TASKS:
        usable = all(has(FEATURES[option]) for option in _options(task.params) if option in FEATURES) and (not task.feature or has(task.feature))
        if usable and not task.beyond and "mcast_eht_hosts_limit" not in _options(task.params):
            with private_network():
                task.prepare()
                comments += [line for line in run(task.module, check=True, **task.params)["commands"] if line.startswith("#")]
    assert not comments
