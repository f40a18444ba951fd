# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps as commands of iproute2."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils._commands import _COMMANDS, commands
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Address, Route, Vlan
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    AddAddress,
    AddRoute,
    AddVlan,
    AwaitLinks,
    CreateLink,
    CreateNamespace,
    DeleteAddress,
    DeleteLink,
    DeleteLinks,
    DeleteNamespace,
    DeleteNamespaces,
    DeleteRoute,
    DeleteVlan,
    MoveLink,
    NewPeer,
    RenameLink,
    SetLink,
    SetMaster,
    SetNsid,
    SetPort,
    SetSysctl,
    Step,
)
from ansible_collections.nfv.vnet.tests.unit.plugins.module_utils.records import host, planned, rows, wanted


@pytest.mark.parametrize(
    ("step", "command"),
    [
        (CreateNamespace("red", {}), "ip netns add red"),
        (DeleteNamespace("red"), "ip netns delete red"),
        (SetNsid("red", 5), "ip netns set red 5"),
        (SetSysctl("red", "net.ipv4.ip_forward", "1"), "ip netns exec red sysctl -w net.ipv4.ip_forward=1"),
        (SetSysctl("red", "net.ipv4.ping_group_range", "0 1"), "ip netns exec red sysctl -w 'net.ipv4.ping_group_range=0 1'"),
        (CreateLink("", "br0", "bridge", {}), "ip link add name br0 type bridge"),
        (
            CreateLink("red", "br0", "bridge", {"mac": "02:00:00:00:00:01", "num_tx_queues": 2}),
            "ip -n red link add name br0 address 02:00:00:00:00:01 numtxqueues 2 type bridge",
        ),
        (
            CreateLink("", "a", "veth", {}, NewPeer("red", "b", {"mac": "02:00:00:00:00:02"})),
            "ip link add name a type veth peer name b address 02:00:00:00:00:02 netns red",
        ),
        (
            CreateLink("red", "v", "vlan", {"id": 5, "protocol": "802.1ad", "mac": "02:00:00:00:00:02"}, parent=("red", "eth0")),
            "ip -n red link add link eth0 name v address 02:00:00:00:00:02 type vlan id 5 protocol 802.1ad",
        ),
        (CreateLink("red", "v", "vlan", {"id": 5}, parent=("", "eth0")), "ip link add link eth0 name v netns red type vlan id 5"),
        (CreateLink("", "v", "vlan", {"id": 5}, parent=("red", "eth0")), "ip -n red link add link eth0 name v netns $$ type vlan id 5"),
        (SetLink("", "v", "vlan", {"egress_qos_map": {"1": 0, "2": 5}}), "ip link set dev v type vlan egress-qos-map 1:0 2:5"),
        (SetLink("", "v", "vlan", {"loose_binding": True}), "ip link set dev v type vlan loose_binding on"),
        (
            CreateLink("", "t", "tun", {"mode": "tap", "owner": "0", "multi_queue": True, "packet_info": True, "vnet_hdr": False}),
            "ip tuntap add dev t mode tap user 0 multi_queue pi",
        ),
        (SetLink("", "br0", "bridge", {"up": True}), "ip link set dev br0 up"),
        (SetLink("", "br0", "bridge", {"up": False}), "ip link set dev br0 down"),
        (SetMaster("", "a", "br0"), "ip link set dev a master br0"),
        (SetMaster("", "a", ""), "ip link set dev a nomaster"),
        (SetLink("", "a", "bridge", {"alias": "to red"}), "ip link set dev a alias 'to red'"),
        (SetLink("", "a", "bridge", {"alias": ""}), "ip link set dev a alias ''"),
        (SetLink("", "a", "bridge", {"promiscuous": True}), "ip link set dev a promisc on"),
        (SetLink("red", "eth0.5", "bridge", {"disable_ipv6": True}), "ip netns exec red sysctl -w net/ipv6/conf/eth0.5/disable_ipv6=1"),
        (SetLink("", "br0", "bridge", {"stp": True}), "ip link set dev br0 type bridge stp_state 1"),
        (SetLink("", "br0", "bridge", {"forward_delay": 2.01}), "ip link set dev br0 type bridge forward_delay 201"),
        (SetLink("", "br0", "bridge", {"vlan_protocol": "802.1ad"}), "ip link set dev br0 type bridge vlan_protocol 802.1ad"),
        (RenameLink("", "br0", "vnetold7"), "ip link set dev br0 name vnetold7"),
        (MoveLink("", "b", "red"), "ip link set dev b netns red"),
        (DeleteLink("", "br0"), "ip link delete dev br0"),
        (SetPort("", "a", "hairpin", True), "bridge link set dev a hairpin on"),
        (SetPort("", "a", "backup_port", ""), "bridge link set dev a nobackup_port"),
        (AddVlan("", "a", Vlan(10, 20, False, True), False), "bridge vlan add dev a vid 10-20 untagged"),
        (AddVlan("red", "br0", Vlan(10, 10, True, True), True), "bridge -n red vlan add dev br0 vid 10 pvid untagged self"),
        (DeleteVlan("", "a", Vlan(1, 1, True, True), False), "bridge vlan delete dev a vid 1"),
        (AddAddress("", "a", Address("192.0.2.1", 24)), "ip address replace 192.0.2.1/24 dev a"),
        (AddAddress("", "a", Address("2001:db8::1", 64, nodad=True)), "ip address replace 2001:db8::1/64 nodad dev a"),
        (AddAddress("", "t", Address("10.9.0.1", 32, "10.9.0.2")), "ip address replace 10.9.0.1 peer 10.9.0.2/32 dev t"),
        (DeleteAddress("", "a", Address("2001:db8::1", 64, nodad=True)), "ip address delete 2001:db8::1/64 dev a"),
        (
            AddRoute("red", Route("0.0.0.0/0", 254, 0, dev="a", via="192.0.2.1")),
            "ip -n red route add 0.0.0.0/0 via 192.0.2.1 dev a proto static",
        ),
        (
            AddRoute("", Route("2001:db8::/64", 7, 1024, dev="a", src="2001:db8::1", onlink=True)),
            "ip -6 route add 2001:db8::/64 dev a src 2001:db8::1 metric 1024 table 7 onlink proto static",
        ),
        (AddRoute("", Route("2001:db8::/64", 254, 0, preference="medium")), "ip -6 route add 2001:db8::/64 proto static"),
        (AddRoute("", Route("2001:db8::/64", 254, 0, preference="high")), "ip -6 route add 2001:db8::/64 pref high proto static"),
        (AddRoute("", Route("198.51.100.0/24", 254, 0, "blackhole")), "ip route add blackhole 198.51.100.0/24 proto static"),
    ],
)
def test_command(step: Step, command: str) -> None:
    assert commands([step]) == [command]


@pytest.mark.parametrize(
    ("step", "start"),
    [
        (SetLink("/proc/1/ns/net", "a", "bridge", {"up": True}), "nsenter --net=/proc/1/ns/net ip link"),
        (AddVlan("/proc/1/ns/net", "a", Vlan(1, 1, False, False), False), "nsenter --net=/proc/1/ns/net bridge vlan"),
        (SetSysctl("/proc/1/ns/net", "net.ipv4.ip_forward", "1"), "nsenter --net=/proc/1/ns/net sysctl"),
    ],
)
def test_namespace_by_path(step: Step, start: str) -> None:
    assert commands([step])[0].startswith(start)


def test_what_a_shell_would_read_is_quoted() -> None:
    (command,) = commands([SetLink("", "a;reboot", "bridge", {"alias": "$(reboot)"})])
    assert command == "ip link set dev 'a;reboot' alias '$(reboot)'"


@pytest.mark.parametrize(
    "row", [row for part, row in rows() if part in ("link", "bridge") and row.when == "live" and row.location not in table.READ_APART], ids=lambda row: row.name
)
def test_every_attribute_of_a_link_has_a_command(row: table.Attribute) -> None:
    (command,) = commands([SetLink("", "x", "bridge", {row.name: _some(row)})])
    assert command.startswith(("ip link set dev x ", "sysctl -w "))
    assert row.keyword.split()[-1] in command or row.name == "up"


@pytest.mark.parametrize(
    ("values", "old", "expected"),
    [
        ({"qdisc": {"kind": ""}}, None, ["tc -n red qdisc delete dev x root"]),
        (
            {"qdisc": {"kind": "tbf", "rate": 8000, "burst": 9, "latency": 0.5}},
            None,
            ["tc -n red qdisc replace dev x root tbf rate 8000bit burst 9b latency 0.5s"],
        ),
        (
            {"qdisc": {"kind": "fq_codel", "flows": 9}},
            {"qdisc": {"kind": "fq_codel", "flows": 8}},
            ["tc -n red qdisc delete dev x root", "tc -n red qdisc replace dev x root fq_codel flows 9"],
        ),
        ({"mirror_ingress": ""}, {"mirror_ingress": "y"}, ["tc -n red filter delete dev x ingress pref 65535 matchall"]),
        (
            {"mirror_egress": "z"},
            {"mirror_egress": "y"},
            [
                "tc -n red qdisc replace dev x clsact",
                "tc -n red filter delete dev x egress pref 65535 matchall",
                "tc -n red filter add dev x egress pref 65535 matchall action mirred egress mirror dev z",
            ],
        ),
        ({"features": {"rx-gro": True, "tx-gso-list": False}}, None, ["ip netns exec red ethtool -K x rx-gro on tx-gso-list off"]),
    ],
)
def test_attributes_that_other_programs_set(values: dict[str, Any], old: dict[str, Any] | None, expected: list[str]) -> None:
    assert commands([SetLink("red", "x", "bridge", values, old)]) == expected


@pytest.mark.parametrize("row", [row for part, row in rows() if part == "port" and row.when != "read"], ids=lambda row: row.name)
def test_every_attribute_of_a_port_has_a_command(row: table.Attribute) -> None:
    (command,) = commands([SetPort("", "x", row.name, _some(row))])
    assert command.startswith(("bridge link set dev x ", "ip link set dev x ", "# "))


def test_every_act_has_its_place_in_each_table() -> None:
    from ansible_collections.nfv.vnet.plugins.module_utils._apply import _deferred, _explain, _run, _undo

    acts = set(get_args(Step))
    never_planned = {DeleteNamespaces, DeleteLinks, AwaitLinks}
    irreversible = {*_deferred.IRREVERSIBLE, DeleteAddress, DeleteRoute}
    assert set(_run._RUN) == set(_explain.COMMAND_NAMES) == acts
    assert set(_COMMANDS) == acts - never_planned
    assert set(_undo._INVERSE) == acts - irreversible


def test_a_plan_has_one_command_for_each_step() -> None:
    plan = planned(wanted("vnet_bridge", name="br0", stp=True, addresses=["192.0.2.1/24"]), host())
    assert commands(plan.steps) == [
        "ip link add name br0 type bridge",
        "ip link set dev br0 type bridge stp_state 1",
        "ip address replace 192.0.2.1/24 dev br0",
        "ip link set dev br0 up",
    ]


def _some(row: table.Attribute) -> Any:
    """A value of the attribute."""
    if row.type.choices:
        return row.type.choices[0]
    samples: dict[str, Any] = {"bool": True, "int": int(row.low or 0), "float": float(row.low or 0), "str": "02:00:00:00:00:01"}
    return samples[row.type.option]
