# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps as commands of iproute2."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils._commands import _COMMANDS, commands
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Address, Route, Step, Vlan
from ansible_collections.nfv.vnet.tests.unit.plugins.module_utils.records import host, planned, rows, wanted


@pytest.mark.parametrize(
    ("step", "command"),
    [
        (Step("netns add", "", "red"), "ip netns add red"),
        (Step("netns delete", "", "red"), "ip netns delete red"),
        (Step("nsid set", "", "red", 5), "ip netns set red 5"),
        (Step("sysctl set", "red", "net.ipv4.ip_forward", "1"), "ip netns exec red sysctl -w net.ipv4.ip_forward=1"),
        (Step("sysctl set", "red", "net.ipv4.ping_group_range", "0 1"), "ip netns exec red sysctl -w 'net.ipv4.ping_group_range=0 1'"),
        (Step("link add", "", "br0", {"kind": "bridge", "values": {}}), "ip link add name br0 type bridge"),
        (
            Step("link add", "red", "br0", {"kind": "bridge", "values": {"mac": "02:00:00:00:00:01", "num_tx_queues": 2}}),
            "ip -n red link add name br0 address 02:00:00:00:00:01 numtxqueues 2 type bridge",
        ),
        (
            Step("link add", "", "a", {"kind": "veth", "values": {}, "peer": ("red", "b"), "peer_values": {"mac": "02:00:00:00:00:02"}}),
            "ip link add name a type veth peer name b address 02:00:00:00:00:02 netns red",
        ),
        (
            Step("link add", "", "t", {"kind": "tun", "values": {"mode": "tap", "owner": "0", "multi_queue": True, "packet_info": True, "vnet_hdr": False}}),
            "ip tuntap add dev t mode tap user 0 multi_queue pi",
        ),
        (Step("link set", "", "br0", {"up": True}), "ip link set dev br0 up"),
        (Step("link set", "", "br0", {"up": False}), "ip link set dev br0 down"),
        (Step("link set", "", "a", {"master": "br0"}), "ip link set dev a master br0"),
        (Step("link set", "", "a", {"master": ""}), "ip link set dev a nomaster"),
        (Step("link set", "", "a", {"alias": "to red"}), "ip link set dev a alias 'to red'"),
        (Step("link set", "", "a", {"alias": ""}), "ip link set dev a alias ''"),
        (Step("link set", "", "a", {"promiscuous": True}), "ip link set dev a promisc on"),
        (Step("link set", "red", "eth0.5", {"disable_ipv6": True}), "ip netns exec red sysctl -w net/ipv6/conf/eth0.5/disable_ipv6=1"),
        (Step("link set", "", "br0", {"stp": True}), "ip link set dev br0 type bridge stp_state 1"),
        (Step("link set", "", "br0", {"forward_delay": 2.01}), "ip link set dev br0 type bridge forward_delay 201"),
        (Step("link set", "", "br0", {"vlan_protocol": "802.1ad"}), "ip link set dev br0 type bridge vlan_protocol 802.1ad"),
        (Step("link rename", "", "br0", "vnetold7"), "ip link set dev br0 name vnetold7"),
        (Step("link move", "", "b", "red"), "ip link set dev b netns red"),
        (Step("link delete", "", "br0"), "ip link delete dev br0"),
        (Step("port set", "", "a", {"hairpin": True}), "bridge link set dev a hairpin on"),
        (Step("port set", "", "a", {"backup_port": ""}), "bridge link set dev a nobackup_port"),
        (Step("vlan add", "", "a", (Vlan(10, 20, False, True), False)), "bridge vlan add dev a vid 10-20 untagged"),
        (Step("vlan add", "red", "br0", (Vlan(10, 10, True, True), True)), "bridge -n red vlan add dev br0 vid 10 pvid untagged self"),
        (Step("vlan delete", "", "a", None, (Vlan(1, 1, True, True), False)), "bridge vlan delete dev a vid 1"),
        (Step("address add", "", "a", Address("192.0.2.1", 24)), "ip address replace 192.0.2.1/24 dev a"),
        (Step("address add", "", "a", Address("2001:db8::1", 64, nodad=True)), "ip address replace 2001:db8::1/64 nodad dev a"),
        (Step("address add", "", "t", Address("10.9.0.1", 32, "10.9.0.2")), "ip address replace 10.9.0.1 peer 10.9.0.2/32 dev t"),
        (Step("address delete", "", "a", None, Address("2001:db8::1", 64, nodad=True)), "ip address delete 2001:db8::1/64 dev a"),
        (
            Step("route add", "red", "a", Route("0.0.0.0/0", 254, 0, dev="a", via="192.0.2.1")),
            "ip -n red route add 0.0.0.0/0 via 192.0.2.1 dev a proto static",
        ),
        (
            Step("route add", "", "a", Route("2001:db8::/64", 7, 1024, dev="a", src="2001:db8::1", onlink=True)),
            "ip -6 route add 2001:db8::/64 dev a src 2001:db8::1 metric 1024 table 7 onlink proto static",
        ),
        (Step("route add", "", "", Route("198.51.100.0/24", 254, 0, "blackhole")), "ip route add blackhole 198.51.100.0/24 proto static"),
    ],
)
def test_command(step: Step, command: str) -> None:
    assert commands([step]) == [command]


@pytest.mark.parametrize(
    ("step", "start"),
    [
        (Step("link set", "/proc/1/ns/net", "a", {"up": True}), "nsenter --net=/proc/1/ns/net ip link"),
        (Step("vlan add", "/proc/1/ns/net", "a", (Vlan(1, 1, False, False), False)), "nsenter --net=/proc/1/ns/net bridge vlan"),
        (Step("sysctl set", "/proc/1/ns/net", "net.ipv4.ip_forward", "1"), "nsenter --net=/proc/1/ns/net sysctl"),
    ],
)
def test_namespace_by_path(step: Step, start: str) -> None:
    assert commands([step])[0].startswith(start)


def test_what_a_shell_would_read_is_quoted() -> None:
    (command,) = commands([Step("link set", "", "a;reboot", {"alias": "$(reboot)"})])
    assert command == "ip link set dev 'a;reboot' alias '$(reboot)'"


@pytest.mark.parametrize("row", [row for part, row in rows() if part in ("link", "bridge") and row.when == "live"], ids=lambda row: row.name)
def test_every_attribute_of_a_link_has_a_command(row: table.Attribute) -> None:
    (command,) = commands([Step("link set", "", "x", {row.name: _some(row)})])
    assert command.startswith(("ip link set dev x ", "sysctl -w "))
    assert row.keyword.split()[-1] in command or row.name == "up"


@pytest.mark.parametrize("row", [row for part, row in rows() if part == "port" and row.when != "read"], ids=lambda row: row.name)
def test_every_attribute_of_a_port_has_a_command(row: table.Attribute) -> None:
    (command,) = commands([Step("port set", "", "x", {row.name: _some(row)})])
    assert command.startswith(("bridge link set dev x ", "ip link set dev x ", "# "))


def test_every_act_has_a_command() -> None:
    from ansible_collections.nfv.vnet.plugins.module_utils import _apply

    never_planned = {"link fade"}
    assert set(_COMMANDS) == set(_apply._ACTIONS) - never_planned


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
    if row.kind.choices:
        return row.kind.choices[0]
    samples: dict[str, Any] = {"bool": True, "int": int(row.low or 0), "float": float(row.low or 0), "str": "02:00:00:00:00:01"}
    return samples[row.kind.option]
