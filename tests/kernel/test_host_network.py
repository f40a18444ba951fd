# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A card with the address and default route of the host becomes a port of a bridge: what moves, what the kernel drops, what is refused."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._apply import _run
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _connection
from ansible_collections.nfv.vnet.plugins.module_utils._steps import CreateLink
from features import needs, needs_program
from kernel_kinds import needs_kind
from layouts import clear, four_steps, lay, refused_always, settled, snapshot_at_rest
from processes import wait_for
from support import Values, difference, inside, ip, run, sh, shown, snapshot
from support import four_steps as single_in_four_steps

ADDRESS, GATEWAY = "192.0.2.10/24", "192.0.2.1"
DEFAULT = {"to": "default", "via": GATEWAY}
CUTOFF = "ansible_collections.nfv.vnet.plugins.module_utils._observe._cutoff"
CUT_OFF = "this would cut off the host: "


@pytest.fixture(autouse=True)
def _host(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host whose card is connected to a router, with a default route from DHCP."""
    needs_program("ip")
    monkeypatch.setattr(f"{CUTOFF}.is_network_of_host", lambda: True)
    sh(
        "ip netns add router && ip link add name eth0 type veth peer name lan netns router",
        "ip -n router address add 192.0.2.1/24 dev lan && ip -n router link set dev lan up && ip link set dev eth0 up",
        "ip address add 192.0.2.10/24 brd + dev eth0",
        "ip route add default via 192.0.2.1 dev eth0 proto dhcp metric 100",
    )


def with_lifetime() -> None:
    """As from DHCP."""
    sh("ip address change 192.0.2.10/24 brd + dev eth0 valid_lft 1000 preferred_lft 900")


def card(**options: object) -> Values:
    return {"name": "eth0", "master": "br0", **options}


def bridge(**options: object) -> Values:
    return {"type": "bridge", "name": "br0", "addresses": [ADDRESS], "routes": [DEFAULT], **options}


def held(name: str) -> List[str]:
    return [line.split("\\")[0].split(maxsplit=3)[3] for line in ip("ip", "-4", "-o", "address", "show", "dev", name).splitlines()]


def default_route() -> str:
    """Without C(linkdown): a bridge has its carrier a moment after it went up."""
    return " ".join(word for word in ip("ip", "route", "show", "default").split() if word != "linkdown")


@contextmanager
def connected(monkeypatch: pytest.MonkeyPatch, client: str, server: str = "192.0.2.10", zone: str = "") -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setattr(f"{CUTOFF}.connection", lambda: _connection.Connection(client, server, zone))
        yield


# What a bridge declares moves


@pytest.mark.parametrize("port", [card(), card(addresses=[], routes=[])], ids=["card", "exact"])
def test_address_and_default_route_move_and_come_back(port: Values) -> None:
    with_lifetime()
    before = snapshot_at_rest()
    planned, result = lay(check=True, links=[bridge(), port]), lay(links=[bridge(), port])
    without_lifetimes = [[re.sub(r"_lft \d+", "_lft N", line) for line in one["commands"]] for one in (planned, result)]
    assert without_lifetimes[0] == without_lifetimes[1]
    settled(links=[bridge(), port])
    assert held("eth0") == []
    assert held("br0") == ["192.0.2.10/24 brd 192.0.2.255 scope global dynamic br0"]
    assert default_route() == "default via 192.0.2.1 dev br0 proto static"
    assert "ip address replace 192.0.2.10/24 broadcast 192.0.2.255 valid_lft" in " ".join(result["commands"])
    text = " ".join(result["warnings"])
    assert "192.0.2.10/24 moves from eth0 to br0" in text
    assert "192.0.2.10/24 has a lifetime, and goes when that ends, unless a DHCP client renews it on its new link" in text
    with pytest.raises(ConnectionRefusedError):  # the router answers
        socket.create_connection((GATEWAY, 9), timeout=5)
    clear()
    after = snapshot_at_rest()
    for state in (before, after):
        for address in state[""]["addresses"]:
            address.pop(6, None)  # the lifetime goes on
    assert not difference(before, after)


def test_an_address_that_is_on_the_port_again_goes_from_there() -> None:
    """As after a run that was killed: the packets of the bridge would take the way through its port."""
    lay(links=[bridge(), card()])
    before = snapshot_at_rest()
    sh("ip address add 192.0.2.10/24 dev eth0")
    result = four_steps(links=[bridge(), card()])
    assert result["commands"] == ["ip address delete 192.0.2.10/24 dev eth0"]
    assert not difference(before, snapshot_at_rest())


def test_an_address_whose_network_somebody_else_has_added_moves() -> None:
    """As NetworkManager does."""
    sh("ip address flush dev eth0 scope global", "ip address add 192.0.2.10/24 dev eth0 noprefixroute")
    sh(f"ip route add 192.0.2.0/24 dev eth0 proto kernel metric 100 && ip route add default via {GATEWAY} dev eth0 metric 100")
    lay(links=[bridge(), card()])
    settled(links=[bridge(), card()])
    assert default_route() == "default via 192.0.2.1 dev br0 proto static"
    assert "192.0.2.0/24 dev br0" in ip("ip", "route")


def test_a_new_bridge_has_the_mac_address_of_the_port_whose_address_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """From its first moment: udev gives a new bridge another one, unless it was created with one."""
    sh("ip link add name z type veth peer name y")  # the bridge must not take its MAC address, even if that is the lowest one
    sh("ip link set dev z address 02:00:00:00:00:01 up && ip link set dev y up")
    mac = shown("eth0")["address"]
    with monkeypatch.context() as patched:
        run_step = _run.run

        def and_udev(writer: Any, step: Any) -> None:
            run_step(writer, step)
            if isinstance(step, CreateLink):
                assert shown("br0")["address"] == mac

        patched.setattr(_run, "run", and_udev)
        lay(links=[bridge(), card(), {"name": "z", "master": "br0"}])
    assert shown("br0")["address"] == mac
    settled(links=[bridge(), card(), {"name": "z", "master": "br0"}])
    clear()
    run("vnet_bridge", name="br0", addresses=[ADDRESS], routes=[DEFAULT], ports=[{"name": "eth0"}])
    assert shown("br0")["address"] == mac


def test_the_mac_address_goes_with_the_address_to_another_uplink() -> None:
    sh("ip link add name eth1 type veth peer name lan1 netns router && ip link set dev eth1 up && ip address add 198.51.100.10/24 dev eth1")
    lay(links=[bridge(), card()])
    other = [bridge(addresses=["198.51.100.10/24"], routes=[]), {"name": "eth1", "master": "br0"}]
    four_steps(force=True, links=other)
    assert shown("br0")["address"] == shown("eth1")["address"] != shown("eth0")["address"]
    assert len(held("eth0")) == 1


def test_a_single_bridge_takes_over_the_address_of_its_port() -> None:
    single_in_four_steps("vnet_bridge", name="br0", addresses=[ADDRESS], routes=[DEFAULT], ports=[{"name": "eth0"}])
    assert (held("eth0"), len(held("br0"))) == ([], 1)
    assert default_route() == "default via 192.0.2.1 dev br0 proto static"


def test_a_route_of_the_same_metric_is_replaced() -> None:
    sh("ip route replace default via 192.0.2.1 dev eth0", "ip route del default via 192.0.2.1 dev eth0 metric 100")
    single_in_four_steps("vnet_bridge", name="br0", addresses=[ADDRESS], routes=[DEFAULT], ports=[{"name": "eth0"}])
    assert default_route() == "default via 192.0.2.1 dev br0 proto static"


def test_ipv6_moves_too() -> None:
    sh("ip address add 2001:db8::10/64 dev eth0 nodad && ip route add default via 2001:db8::1 dev eth0 && ip address add 198.51.100.9/24 dev eth0")
    routes = [DEFAULT, {"to": "default", "via": "2001:db8::1"}]
    four_steps(links=[bridge(addresses=[ADDRESS, "2001:db8::10/64"], routes=routes), card(addresses=["198.51.100.9/24"])])
    assert "default via 2001:db8::1 dev br0" in ip("ip", "-6", "route", "show", "default")
    assert held("eth0") == ["198.51.100.9/24 scope global eth0"]


def test_a_failure_at_any_step_leaves_the_host_as_it_was() -> None:
    before = snapshot_at_rest()
    with pytest.raises(VnetError, match="no network of the link has the gateway"):
        lay(links=[bridge(routes=[DEFAULT, {"to": "198.51.100.0/24", "via": "203.0.113.1"}]), card()])
    after = snapshot_at_rest()
    for state in (before, after):
        for address in state[""]["addresses"]:
            address.pop(6, None)
    assert not difference(before, after)


def test_what_both_declare_is_refused() -> None:
    refused_always(["links[0].addresses: 192.0.2.10/24 is also declared for eth0, which is a port of br0"], links=[bridge(), card(addresses=[ADDRESS])])


def test_address_and_default_route_move_to_a_vlan_link_on_the_bridge() -> None:
    needs_kind("vlan")
    before = snapshot()
    tagged = {"type": "vlan", "name": "br0.10", "parent": "br0", "id": 10, "addresses": [ADDRESS], "routes": [DEFAULT]}
    layout: Values = {"links": [{"type": "bridge", "name": "br0"}, card(), tagged]}
    planned, result = lay(check=True, **layout), lay(**layout)
    assert planned["commands"] == result["commands"]
    assert [warning.partition(": ")[2] for warning in result["warnings"]] == [
        "links[2].addresses: 192.0.2.10/24 moves from eth0 to br0.10",
        "links[2].routes: the route to default moves from eth0 to br0.10",
    ]
    settled(**layout)
    assert (held("eth0"), held("br0.10")) == ([], ["192.0.2.10/24 brd 192.0.2.255 scope global br0.10"])
    assert default_route() == "default via 192.0.2.1 dev br0.10 proto static"
    assert len({Path(f"/sys/class/net/{name}/address").read_text() for name in ("eth0", "br0", "br0.10")}) == 1
    sh("ip -n router link add lan.10 link lan up type vlan id 10 && ip -n router address flush dev lan && ip -n router address add 192.0.2.1/24 dev lan.10")
    with pytest.raises(ConnectionRefusedError):  # the router answers
        socket.create_connection((GATEWAY, 9), timeout=5)
    sh("ip -n router link delete lan.10 && ip -n router address add 192.0.2.1/24 dev lan")
    clear()
    assert not difference(before, snapshot())


def test_address_and_default_route_go_from_a_bridge_to_a_vlan_link_on_it_and_back(monkeypatch: pytest.MonkeyPatch) -> None:
    needs_kind("vlan")
    lay(links=[bridge(), card()])
    on_top = {"type": "vlan", "name": "br0.10", "parent": "br0", "id": 10, "addresses": [ADDRESS], "routes": [DEFAULT]}
    with connected(monkeypatch, GATEWAY):
        four_steps(links=[bridge(addresses=[], routes=[]), card(), on_top])
        assert (held("br0"), held("br0.10")) == ([], ["192.0.2.10/24 scope global br0.10"])
        four_steps(links=[bridge(), card()])
        assert held("br0") == ["192.0.2.10/24 scope global br0"]


def test_a_layout_takes_nothing_from_a_link_that_it_cannot_restore() -> None:
    words = ["links[0].addresses: 192.0.2.10/24 is on eth0, which is not declared; declare it in links"]
    refused_always(words, links=[bridge(ports=[{"name": "eth0"}])])


# What a port keeps


def test_a_port_that_keeps_addresses_is_a_warning() -> None:
    result = run("vnet_bridge", name="br0", ports=[{"name": "eth0"}], force=True)
    assert any("eth0 keeps 192.0.2.10/24, but a port does not answer to it" in warning for warning in result["warnings"])


def test_the_advice_names_the_bridge_and_not_its_vrf() -> None:
    needs_kind("vrf")
    links = [{"type": "vrf", "name": "v", "table": 9}, bridge(addresses=[], routes=[], master="v"), card()]
    result = lay(force=True, links=links)
    text = " ".join(result["warnings"])
    assert "declare it in addresses of br0, or of a link on top of it, to move it there" in text
    assert "addresses of v" not in text


# What would cut off the host

CUTS: Dict[str, Values] = {
    "port": {"links": [{"type": "bridge", "name": "br0"}, card()]},
    "port-of-bridge": {"links": [{"type": "bridge", "name": "br0", "ports": [{"name": "eth0"}]}]},
    "address-alone": {"links": [bridge(routes=None), card()]},
    "down": {"links": [{"name": "eth0", "up": False}]},
    "other-address": {"links": [bridge(addresses=["192.0.2.11/24"], routes=None), card(addresses=[])]},
}


@pytest.mark.parametrize("case", CUTS)
def test_what_takes_the_default_route(case: str) -> None:
    refused_always([CUT_OFF, "the IPv4 default route via 192.0.2.1 dev eth0 would not work any more", "force: true"], **CUTS[case])
    result = lay(force=True, **CUTS[case])
    assert any("the IPv4 default route via 192.0.2.1 dev eth0 would not work any more" in warning for warning in result["warnings"])


def test_what_the_kernel_drops_is_said() -> None:
    sh("ip route add 203.0.113.0/24 via 192.0.2.7 dev eth0", "ip route add 203.0.114.0/24 via 192.0.2.7 dev eth0 table 77")
    result = lay(check=True, links=[bridge(), card()])
    (told,) = [warning for warning in result["warnings"] if "the kernel drops routes of eth0 with the last IPv4 address of the link: " in warning]
    assert "203.0.113.0/24 via 192.0.2.7" in told
    assert "203.0.114.0/24 via 192.0.2.7 table 77" in told


WITHOUT_GATEWAY = {
    "onlink": "203.0.113.0/24 via 192.0.2.7 dev eth0 onlink",
    "scope-link": "203.0.113.0/24 dev eth0 scope link",
    "other-table": "203.0.113.0/24 dev eth0 table 77 scope link",
    "source": "203.0.113.0/24 dev eth0 scope link src 192.0.2.10",
    "to-the-gateway": "192.0.2.1 dev eth0 scope link src 192.0.2.10 metric 1024",
}


@pytest.mark.parametrize("route", WITHOUT_GATEWAY)
def test_no_route_stays_on_a_new_port(route: str) -> None:
    """The kernel would accept them without an address of the port, and they would take the packets of the bridge."""
    sh(f"ip route add {WITHOUT_GATEWAY[route]}")
    before = snapshot_at_rest()
    result = four_steps(links=[bridge(), card()])
    assert not ip("ip", "route", "show", "dev", "eth0", "table", "77" if route == "other-table" else "main")
    assert ip("ip", "route", "get", "192.0.2.1").startswith("192.0.2.1 dev br0")
    (told,) = [warning for warning in result["warnings"] if "the kernel drops routes of eth0 with " in warning]
    assert WITHOUT_GATEWAY[route].split()[0].split("/")[0] in told
    clear()
    assert not difference(before, snapshot_at_rest())


@pytest.mark.parametrize(
    ("module", "params"),
    [
        ("vnet_bridge", {"name": "br0", "ports": [{"name": "eth0"}]}),
        ("vnet_bridge", {"name": "br0", "ports": [{"name": "eth0"}], "addresses": [ADDRESS]}),
        ("vnet_veth", {"name": "eth0", "peer": {"name": "lan", "netns": "router"}, "up": False}),
        ("vnet_veth", {"name": "eth0", "state": "absent"}),
        ("vnet_veth", {"name": "eth0", "peer": {"name": "lan", "netns": "router"}, "mtu": 1400, "master": "br1"}),
    ],
    ids=str,
)
def test_single_modules_refuse_too(module: str, params: Values) -> None:
    sh("ip link add br1 up type bridge")
    before = snapshot()
    for check in (True, False):
        with pytest.raises(VnetError, match=f"{module} .*: {CUT_OFF}.*; nothing was changed, force: true allows it"):
            run(module, check=check, **params)
    assert not difference(before, snapshot())
    assert run(module, force=True, **params)["changed"]


def test_a_card_that_is_not_declared_any_more_does_not_get_what_its_bridge_has() -> None:
    lay(links=[bridge(), card()])
    result = four_steps(links=[bridge()])
    assert any("eth0 does not get back what other links are declared to have: 192.0.2.10/24" in warning for warning in result["warnings"])
    assert [address.split()[0] for address in held("br0")] == ["192.0.2.10/24"]
    assert held("eth0") == []
    assert default_route() == "default via 192.0.2.1 dev br0 proto static"


def test_the_bridge_that_has_the_address_cannot_go() -> None:
    run("vnet_bridge", name="br0", addresses=[ADDRESS], routes=[DEFAULT], ports=[{"name": "eth0"}])
    for params in ({"state": "absent"}, {"addresses": [], "purge_addresses": True}, {"routes": [], "purge_routes": True}, {"up": False}):
        with pytest.raises(VnetError, match=CUT_OFF):
            run("vnet_bridge", name="br0", **params)


def test_a_default_route_that_the_layout_added_goes_with_it() -> None:
    sh("ip route flush default")
    before = snapshot_at_rest()
    lay(links=[{"type": "bridge", "name": "br1", "addresses": ["198.51.100.1/24"], "routes": [{"to": "default", "via": "198.51.100.9"}]}])
    clear()
    assert not difference(before, snapshot_at_rest())


TWO_WAYS: Values = {"to": "default", "nexthops": [{"via": GATEWAY, "dev": "eth0"}, {"via": "198.51.100.1"}]}


@pytest.mark.parametrize("how", ["added", "replaced"])
def test_a_default_route_over_two_cards(how: str) -> None:
    sh("ip link add eth1 up type veth peer name far1", "ip link set far1 up", "ip address add 198.51.100.10/24 dev eth1", "ip route flush default")
    if how == "replaced":
        sh(f"ip route add default via {GATEWAY}")
    four_steps(routes=[TWO_WAYS])
    if how == "added":
        refused_always([CUT_OFF, "the IPv4 default route", "would not work any more"], routes=[])
    else:
        four_steps(routes=[])
        assert default_route() == f"default via {GATEWAY} dev eth0"


def test_a_card_comes_home_by_another_name_than_it_has_in_its_namespace() -> None:
    """The host has a link of that name, with which it reaches its gateway."""
    sh("ip link add up0 address 02:00:00:00:00:77 type veth peer name far0")
    lay(namespaces=[{"name": "red"}], links=[{"name": "eth0", "netns": "red", "match": {"mac": "02:00:00:00:00:77"}}])
    before = default_route()
    clear()
    assert default_route() == before


# The connection


def test_the_address_of_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    sh("ip route flush default")
    with connected(monkeypatch, "192.0.2.1"):
        refused_always(
            [CUT_OFF, "no link would answer to 192.0.2.10, which this connection uses (declare it in addresses of br0, or of a link on top of it,"],
            links=[{"type": "bridge", "name": "br0"}, card()],
        )
        four_steps(links=[bridge(routes=None), card()])


def test_the_client_of_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    sh("ip route flush default", "ip route add 203.0.113.0/24 via 192.0.2.1 dev eth0")
    with connected(monkeypatch, "203.0.113.5"):
        refused_always([CUT_OFF, "203.0.113.5, where this connection comes from, would not be reached"], links=[bridge(routes=None), card()])
        four_steps(links=[bridge(routes=[{"to": "203.0.113.0/24", "via": GATEWAY}]), card()])


def bridged(**options: object) -> None:
    """The card is the port of a bridge that has its address, and that has learned where the router is."""
    lay(name="host", links=[bridge(**options), card()])
    with inside("router"), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"", ("192.0.2.10", 9))
    assert wait_for(lambda: "lladdr" in ip("ip", "neighbour", "show", GATEWAY))


def _refused(words: str, module: str, **params: object) -> None:
    before = snapshot()
    for check in (True, False):
        with pytest.raises(VnetError, match=re.escape(words)):
            run(module, check=check, **params)
    assert not difference(before, snapshot())


def test_the_port_that_the_connection_comes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    bridged()
    with connected(monkeypatch, "192.0.2.1"):
        what = f"{CUT_OFF}eth0, through which 192.0.2.1 is reached, would "
        _refused(what + "not be a port of br0 any more", "vnet_link", name="eth0", master="")
        _refused(what + "be down", "vnet_link", name="eth0", up=False)
        run("vnet_veth", name="a", master="br0", peer={"name": "b"})
        run("vnet_veth", name="a", master="", peer={"name": "b"})


@pytest.mark.parametrize("is_new", [True, False])
def test_the_vlan_that_the_connection_comes_in(is_new: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    needs("vlan_filtering")
    if not is_new:
        bridged(vlan_filtering=True)
    with connected(monkeypatch, "192.0.2.1"):
        what = f"{CUT_OFF}eth0, through which 192.0.2.1 is reached, would not be in VLAN 1, as br0 is"
        refused_always([what], name="host", links=[bridge(vlan_filtering=True), card(port={"vlans": [10, 20]})])
        refused_always([f"{CUT_OFF}br0 would have no PVID"], name="host", links=[bridge(vlan_filtering=True, vlan_default_pvid=0), card()])
        lay(name="host", links=[bridge(vlan_filtering=True), card(port={"vlans": [{"vid": 1, "pvid": True, "untagged": True}, 10, 20]})])
        if not is_new:
            _refused(f"{CUT_OFF}br0 would have no PVID", "vnet_bridge", name="br0", vlan_default_pvid=0)
            _refused(what, "vnet_link", name="eth0", port={"vlans": [{"vid": 10}], "purge_vlans": True})


@pytest.mark.parametrize(
    "params",
    [
        {"routes": [{"to": "203.0.113.5/32", "type": "blackhole"}]},
        {"routes": [{"to": "203.0.113.0/24", "type": "unreachable"}]},
        {"rules": [{"priority": 9, "to": "203.0.113.0/24", "type": "prohibit"}]},
        {"rules": [{"priority": 9, "from": "192.0.2.10", "type": "blackhole"}]},
        {"rules": [{"priority": 9, "to": "0.0.0.0/0", "type": "blackhole"}]},
    ],
    ids=str,
)
def test_what_drops_the_packets_of_the_connection(params: Values, monkeypatch: pytest.MonkeyPatch) -> None:
    with connected(monkeypatch, "203.0.113.5"):
        refused_always([CUT_OFF, "203.0.113.5, where this connection comes from, would not be reached"], **params)


@pytest.mark.parametrize(
    "params",
    [
        {"routes": [{"to": "203.0.112.0/24", "type": "blackhole"}, {"to": "::/0", "type": "blackhole"}]},
        {"rules": [{"priority": 9, "to": "::/0", "type": "blackhole"}, {"priority": 8, "fwmark": "7", "type": "blackhole"}]},
        {"rules": [{"priority": 9, "from": "192.0.2.11", "type": "blackhole"}]},
    ],
    ids=str,
)
def test_what_drops_other_packets(params: Values, monkeypatch: pytest.MonkeyPatch) -> None:
    with connected(monkeypatch, "203.0.113.5"):
        four_steps(**params)


def test_what_the_connection_does_not_use_may_go(monkeypatch: pytest.MonkeyPatch) -> None:
    with connected(monkeypatch, "192.0.2.1"):
        run("vnet_bridge", name="br1", addresses=["198.51.100.1/24"])
        run("vnet_bridge", name="br1", state="absent")


def test_the_connection_is_found_behind_programs_that_hide_it() -> None:
    package = Path(_connection.__file__).resolve()
    assert package.exists()
    code = "import os, subprocess, sys;from ansible_collections.nfv.vnet.plugins.module_utils._kernel._connection import connection;print(connection())"
    inner = f"env -u SSH_CONNECTION {sys.executable} -c '{code}'; true"
    env = {**os.environ, "SSH_CONNECTION": "::ffff:203.0.113.5 40000 192.0.2.10 22", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    told = subprocess.run(["sh", "-c", inner], env=env, capture_output=True, text=True, check=True).stdout
    assert "client='203.0.113.5', server='192.0.2.10'" in told


@pytest.mark.parametrize("text", ["UNKNOWN 65535 UNKNOWN 65535", "198.51.100.1 1 nowhere 22", "1 2 3"])
def test_a_server_without_addresses_is_no_connection(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_connection, "_read", lambda path: f"SSH_CONNECTION={text}\0".encode() if path.endswith("/environ") else b"1 (x) S 0 ")
    assert _connection.connection() is None


def test_a_link_local_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    sh("ip route flush default", "ip link add br1 up type bridge", "ip link add name v1 up type veth peer name v2 && ip link set dev v2 up")
    sh("ip address add fe80::10/64 dev eth0 nodad && ip address add fe80::20/64 dev v1 nodad")
    with connected(monkeypatch, "fe80::99", "fe80::10", "eth0"):
        run("vnet_bridge", name="br1", ports=[{"name": "v1"}])
        with pytest.raises(VnetError, match=f"{CUT_OFF}no link would answer to fe80::10"):
            run("vnet_bridge", name="br1", ports=[{"name": "eth0"}])


def test_the_connection_of_the_host_is_not_that_of_a_namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    sh("ip route add 203.0.113.0/24 via 192.0.2.1 dev eth0", "ip route flush default")
    with connected(monkeypatch, "203.0.113.5", "198.51.100.77"):
        run("vnet_veth", name="eth0", state="absent")


# More ways to lose the network


REFUSED: Dict[str, Tuple[List[str], str, Values]] = {
    "peer": ([], "vnet_veth", {"name": "lan", "netns": "router", "state": "absent"}),
    "namespace": ([], "vnet_netns", {"name": "router", "state": "absent"}),
    "device-route": (
        [
            "ip address replace 192.0.2.10/32 dev eth0 && ip address del 192.0.2.10/24 dev eth0",
            "ip route add 192.0.2.1 dev eth0 && ip route add default via 192.0.2.1 dev eth0",
        ],
        "vnet_bridge",
        {"name": "br0", "ports": [{"name": "eth0"}]},
    ),
    "next-hops": (
        ["ip route flush default", "ip route add default nexthop via 192.0.2.1 dev eth0 nexthop via 192.0.2.2 dev eth0"],
        "vnet_bridge",
        {"name": "br0", "ports": [{"name": "eth0"}]},
    ),
    "nexthop-object": (
        ["ip route flush default", "ip nexthop add id 5 via 192.0.2.1 dev eth0 && ip route add default nhid 5"],
        "vnet_bridge",
        {"name": "br0", "ports": [{"name": "eth0"}]},
    ),
    "preferred-ipv6-route": (
        ["ip address add 2001:db8::10/64 dev eth0 nodad", "ip -6 route add default via 2001:db8::2 dev eth0 metric 100"],
        "vnet_bridge",
        {"name": "br0", "addresses": [ADDRESS, "2001:db8::10/64"], "routes": [DEFAULT, {"to": "default", "via": "2001:db8::1"}], "ports": [{"name": "eth0"}]},
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_more_that_cuts_off(case: str) -> None:
    lines, module, params = REFUSED[case]
    sh(*lines)
    before = snapshot_at_rest()
    for check in (True, False):
        with pytest.raises(VnetError, match=f"{module} .*: {CUT_OFF}.* default route .* would not work any more"):
            run(module, check=check, **params)
    assert not difference(before, snapshot())


def test_a_route_of_the_same_gateway_moves_whatever_its_metric() -> None:
    sh(
        "ip address add 2001:db8::10/64 dev eth0 nodad",
        "ip -6 route add default via 2001:db8::1 dev eth0 metric 100",
        "ip -6 route add 2001:db8:9::/48 via 2001:db8::7 dev eth0",
    )
    routes = [DEFAULT, {"to": "default", "via": "2001:db8::1"}]
    result = run("vnet_bridge", name="br0", addresses=[ADDRESS, "2001:db8::10/64"], routes=routes, ports=[{"name": "eth0"}])
    assert "eth0" not in ip("ip", "-6", "route", "show", "default")
    assert any(
        "routes stay on eth0, where they do not work, as it is a port of br0: 2001:db8:9::/48 via 2001:db8::7 metric 1024" in warning
        for warning in result["warnings"]
    )


def test_a_port_with_a_small_mtu_takes_ipv6_from_a_bridge() -> None:
    sh("ip tuntap add t0 mode tap && ip link set dev t0 mtu 1000", "ip link add br1 up type bridge && ip address add 2001:db8:5::1/64 dev br1")
    sh("ip -6 route add default via 2001:db8:5::9 dev br1")
    with pytest.raises(VnetError, match="IPv6 default route via 2001:db8:5::9 dev br1 would not work any more, which the kernel drops with IPv6"):
        run("vnet_tuntap", name="t0", master="br1")
    before = snapshot()
    refused_always(
        ["links[0].addresses: an MTU of 1000 (that of its port t0) is too small"],
        links=[
            {"type": "bridge", "name": "br1", "addresses": ["2001:db8:5::1/64"]},
            {"type": "tuntap", "name": "t0", "mode": "tap", "mtu": 1000, "master": "br1"},
        ],
    )
    assert not difference(before, snapshot())


def test_a_layout_that_moved_the_default_route_keeps_it() -> None:
    lay(links=[bridge(), card()])
    changes: List[Values] = [{"routes": []}, {"up": False, "routes": None}]
    for change in changes:
        refused_always([CUT_OFF, "IPv4 default route via 192.0.2.1 dev br0"], links=[bridge(**change), card()])
    clear()
    assert default_route() == "default via 192.0.2.1 dev eth0 proto dhcp metric 100"


def test_routes_from_router_advertisements_are_no_reason() -> None:
    sh("ip -6 route add default via fe80::1 dev eth0 proto ra")
    result = lay(links=[bridge(), card()])
    assert any("routes stay on eth0, where they do not work" in warning for warning in result["warnings"])


def test_links_of_other_namespaces_are_not_those_of_the_host() -> None:
    sh("ip netns add blue && ip -n router link add name x0 type veth peer name eth0 netns router")
    links = [{"type": "veth", "name": "x0", "netns": "router", "peer": {"name": "eth0", "netns": "blue"}}, {"type": "bridge", "name": "br7", "up": False}]
    lay(links=links)
    assert default_route()


def test_a_restored_gateway_counts() -> None:
    """What the layout takes and gives back: a default route whose gateway is not reachable does not work."""
    lay(links=[bridge(), card()])
    sh("ip address flush dev br0 scope global && ip address add 198.51.100.9/24 dev br0 && ip route add default via 198.51.100.1 dev br0")
    result = lay(check=True, state="absent")
    assert any("ip address replace 192.0.2.10/24" in line for line in result["commands"])
    clear()
    assert default_route() == "default via 192.0.2.1 dev eth0 proto dhcp metric 100"
