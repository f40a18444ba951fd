# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""VRFs: links that belong to one, their routes, and the same address twice on one host."""

from __future__ import annotations

import socket
from typing import Any, Dict, List

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _connection
from kernel_kinds import needs_kind
from layouts import clear, four_steps, info, lay, refusal, refused_always, settled
from packets import reaches
from support import Values, difference, inside, ip, resource, run, sh, shown, snapshot
from support import four_steps as single_in_four_steps

CUTOFF = "ansible_collections.nfv.vnet.plugins.module_utils._observe._cutoff"
TENANTS = {"red": 101, "blue": 102}


@pytest.fixture(autouse=True)
def _vrfs() -> None:
    needs_kind("vrf")


def tenant(name: str, table: int) -> List[Values]:
    """A VRF and a host in it. All tenants have the same addresses."""
    peer: Values = {"name": "eth0", "netns": name, "addresses": ["10.1.0.2/24"], "routes": [{"to": "default", "via": "10.1.0.1"}]}
    return [
        {"type": "vrf", "name": f"vrf-{name}", "table": table},
        {"type": "veth", "name": f"to-{name}", "master": f"vrf-{name}", "addresses": ["10.1.0.1/24"], "peer": peer},
    ]


def tenants() -> Values:
    return {"namespaces": [{"name": name} for name in TENANTS], "links": [link for name, table in TENANTS.items() for link in tenant(name, table)]}


def routes(table: int | str) -> str:
    return ip("ip", "route", "show", "table", str(table))


def answers(vrf: str, target: str) -> bool:
    """Whether a program that is bound to the VRF is answered: connection refused."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, vrf.encode())
        client.settimeout(2)
        try:
            client.connect((target, 9))
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return False


def test_two_tenants_have_the_same_addresses() -> None:
    four_steps(**tenants())
    for name in TENANTS:
        assert reaches(name, "10.1.0.1")
        assert answers(f"vrf-{name}", "10.1.0.2")
    assert "10.1.0.0/24" not in routes("main")


def test_a_route_without_a_table_is_in_that_of_the_vrf() -> None:
    layout = tenants()
    layout["links"][1]["routes"] = [{"to": "198.51.100.0/24", "via": "10.1.0.2"}]
    four_steps(**layout)
    assert "198.51.100.0/24 via 10.1.0.2" in routes(101)
    assert "198.51.100.0/24" not in routes("main")
    layout["links"][1].update(routes=[], purge_routes=True)
    four_steps(**layout)
    assert "198.51.100.0/24" not in routes(101)


def test_a_single_link_gets_the_table_of_its_vrf() -> None:
    run("vnet_vrf", name="v", table=77)
    link: Values = {"name": "a", "addresses": ["10.2.0.1/24"], "peer": {"name": "b"}}
    run("vnet_veth", **link, master="v")
    single_in_four_steps("vnet_veth", **link, routes=[{"to": "198.51.100.0/24", "via": "10.2.0.9"}])
    assert "198.51.100.0/24" in routes(77)
    single_in_four_steps("vnet_veth", **link, master="", routes=[{"to": "198.51.100.0/24", "via": "10.2.0.9"}])
    assert "198.51.100.0/24" in routes("main")


def test_joining_keeps_what_is_declared() -> None:
    """The kernel takes the link down and up, with which it loses its routes, IPv6 addresses and neighbours."""
    run("vnet_vrf", name="v", table=77)
    link: Values = {"name": "a", "addresses": ["10.2.0.1/24", "2001:db8::1/64 nodad"], "peer": {"name": "b"}}
    run("vnet_veth", **link)
    sh("ip neighbour add 10.2.0.9 lladdr 02:00:00:00:00:09 dev a nud permanent")
    for master in ("v", ""):
        single_in_four_steps("vnet_veth", **link, master=master)
        assert "2001:db8::1/64" in ip("ip", "address", "show", "dev", "a")
        assert "10.2.0.9" in ip("ip", "neighbour", "show", "dev", "a", "nud", "permanent")


@pytest.mark.parametrize("kind", ["bridge", "tun", "vlan", "vxlan", "bond"])
def test_other_links_belong_to_a_vrf(kind: str) -> None:
    if kind != "tun":  # every kernel has it, and makes it otherwise
        needs_kind(kind)
    links: Dict[str, Values] = {
        "bridge": {"type": "bridge"},
        "tun": {"type": "tuntap", "mode": "tun"},
        "vlan": {"type": "vlan", "parent": "below", "id": 5},
        "vxlan": {"type": "vxlan", "id": 5},
        "bond": {"type": "bond"},
    }
    below: Values = {"type": "tuntap", "name": "below", "mode": "tap"}
    layout = [{"type": "vrf", "name": "v", "table": 9}, below, {"name": "x0", "master": "v", "addresses": ["10.3.0.1/24"], **links[kind]}]
    four_steps(links=layout)
    assert shown("x0")["master"] == "v"
    settled(links=layout)


def test_a_layout_takes_a_link_into_a_vrf_and_gives_it_back() -> None:
    sh("ip link add e0 type veth peer name f0 && ip link set e0 up && ip link set f0 up && ip address add 192.0.2.5/24 dev e0")
    sh("ip route add 198.51.100.0/24 via 192.0.2.1 dev e0 && ip address add 2001:db8::5/64 dev e0 nodad")
    sh("ip neighbour add 192.0.2.9 lladdr 02:00:00:00:00:09 dev e0 nud permanent")
    before = snapshot()
    lay(links=[{"type": "vrf", "name": "v", "table": 9}, {"name": "e0", "master": "v"}])
    assert shown("e0")["master"] == "v"
    assert "192.0.2.9" in ip("ip", "neighbour", "show", "dev", "e0", "nud", "permanent")
    clear()
    assert not difference(before, snapshot())


def test_what_was_made_by_hand_is_declared() -> None:
    sh("ip link add v type vrf table 9 && ip link set v up && ip link add e0 type veth peer name f0 && ip link set e0 master v up && ip link set f0 up")
    sh("ip address add 192.0.2.5/24 dev e0 && ip route add 198.51.100.0/24 via 192.0.2.1 dev e0 table 9")
    declared = info()["declaration"]
    (end,) = [link for link in declared["links"] if link["name"] == "e0"]
    assert (end["master"], end["routes"]) == ("v", [{"to": "198.51.100.0/24", "via": "192.0.2.1", "table": 9}])
    assert lay(check=True, **declared)["commands"] == [] or all(" alias " in line for line in lay(check=True, **declared)["commands"])


def test_the_host_is_not_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Services of the host do not answer in a VRF."""
    monkeypatch.setattr(f"{CUTOFF}.is_network_of_host", lambda: True)
    monkeypatch.setattr(f"{CUTOFF}.connection", lambda: _connection.Connection("192.0.2.9", "192.0.2.5", ""))
    sh("ip link add e0 type veth peer name f0 && ip link set e0 up && ip link set f0 up && ip address add 192.0.2.5/24 dev e0")
    vrf: List[Values] = [{"type": "vrf", "name": "v", "table": 9}, {"name": "e0", "master": "v"}]
    assert "this would cut off the host: " in refusal(links=vrf)


@pytest.mark.parametrize(
    ("links", "words"),
    [
        ([{"type": "vrf", "name": "v"}], "table: missing; it is required to create the link"),
        ([{"type": "vrf", "name": "v", "table": 0}], "table: 0 is out of range (1 to 4294967295)"),
        (
            [{"type": "vrf", "name": "v", "table": 9}, {"type": "vlan", "name": "x", "parent": "v", "id": 5}],
            "parent: v is a VRF; a VLAN link cannot be on top of it",
        ),
        ([{"type": "veth", "name": "x", "master": "y", "peer": {"name": "y"}}], "x.master: y is a veth, not a bridge, bond or VRF"),
    ],
)
def test_what_cannot_be_is_refused(links: List[Values], words: str) -> None:
    refused_always([words.partition("x.")[2] or words], links=links)


def test_an_option_that_a_vrf_does_not_have() -> None:
    refused_always(["there is no option master"], links=[{"type": "vrf", "name": "v", "table": 9, "master": "w"}])


def test_the_resource_that_is_returned_can_be_given_back() -> None:
    lay(**tenants())
    with inside(""):
        returned: Any = resource("vnet_veth", run("vnet_veth", name="to-red", peer={"name": "eth0", "netns": "red"}))
        assert returned["master"] == "vrf-red"
        assert not run("vnet_veth", **returned)["changed"]
