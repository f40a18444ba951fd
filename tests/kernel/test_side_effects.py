# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel changes beside what a layout says, on other links or in other settings, comes back, too."""

from __future__ import annotations

import errno
import time
from pathlib import Path
from typing import Dict, List, Optional

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from features import needs_program
from kernel_kinds import needs_kind
from layouts import clear, four_steps, info, lay, mac
from moments import Failing
from support import Values, difference, ip, restorable, run, sh, snapshot

AS_BEFORE = "The host is as it was before"
MOVED: Values = {"namespaces": ["red"], "links": [{"name": "eth0", "netns": "red", "match": {"mac": mac(1)}}]}
SMALL: Values = {"links": [{"name": "eth0", "mtu": 600}]}
SETTINGS: Dict[str, Values] = {"moved": MOVED, "small": SMALL}


@pytest.fixture(autouse=True)
def _host(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host with two cards."""
    needs_program("ip")
    monkeypatch.setattr("ansible_collections.nfv.vnet.plugins.module_utils._observe._cutoff.is_network_of_host", lambda: True)
    for number in (0, 1):
        sh(f"ip link add eth{number} address {mac(1 + number)} type veth peer name far{number}", f"ip link set far{number} up", f"ip link set eth{number} up")
        sh(f"ip address add 10.{number}.0.1/24 dev eth{number}")


# Routes of other links with the address that goes


SOURCED = "ip route add 203.0.113.0/24 via 10.1.0.9 dev eth1 src 10.0.0.1"
EXCHANGED: Values = {"links": [{"name": "eth0", "addresses": ["10.0.0.2/24"]}]}


@pytest.mark.parametrize("layout", [EXCHANGED, MOVED], ids=["address", "move"])
def test_a_route_with_the_source_address_comes_back_with_it(layout: Values) -> None:
    sh(SOURCED)
    before = restorable(snapshot())
    result = lay(force=True, **layout)
    assert any("the kernel drops routes of eth1 with its source address: 203.0.113.0/24" in warning for warning in result["warnings"])
    clear(force=True)
    assert not difference(before, restorable(snapshot()))


def test_a_rollback_restores_it() -> None:
    sh(SOURCED)
    before = snapshot()
    with Failing(2, lambda: KernelError(errno.EIO, "injected")), pytest.raises(VnetError, match=AS_BEFORE):
        lay(force=True, **EXCHANGED)
    assert not difference(before, snapshot())


def test_it_stays_if_the_address_is_only_added_anew() -> None:
    """A secondary address goes with its primary one."""
    sh("ip address flush dev eth0", "ip address add 10.0.0.2/24 dev eth0", "ip address add 10.0.0.1/24 dev eth0", SOURCED)
    before = ip("ip", "route", "show", "dev", "eth1")
    run("vnet_veth", name="eth0", peer={"name": "far0"}, addresses=["10.0.0.1/24"], purge_addresses=True)
    assert ip("ip", "route", "show", "dev", "eth1") == before


def test_an_ipv6_route_gets_its_source_address_back() -> None:
    sh("ip address add 2001:db8::1/64 nodad dev eth0", "ip address add 2001:db8:1::1/64 nodad dev eth1")
    sh("ip route add 2001:db8:99::/48 via 2001:db8:1::9 dev eth1 src 2001:db8::1")
    before = restorable(snapshot())
    lay(force=True, links=[{"name": "eth0", "addresses": ["2001:db8:7::1/64"]}])
    clear(force=True)
    assert not difference(before, restorable(snapshot()))


# Settings of a new link


@pytest.mark.parametrize("layout", SETTINGS)
@pytest.mark.parametrize("has_address", [False, True])
def test_a_host_on_which_new_links_have_no_ipv6(layout: str, has_address: bool) -> None:
    Path("/proc/sys/net/ipv6/conf/default/disable_ipv6").write_text("1")
    if has_address:
        sh("ip address add 2001:db8::2/64 nodad dev eth0")
    before = restorable(snapshot())
    lay(force=True, **SETTINGS[layout])
    clear(force=True)
    assert not difference(before, restorable(snapshot()))


def test_a_host_on_which_new_links_have_no_link_local_address() -> None:
    Path("/proc/sys/net/ipv6/conf/default/addr_gen_mode").write_text("1")
    sh("ip link set eth0 addrgenmode eui64")
    before = snapshot()
    lay(force=True, **SMALL)
    clear(force=True)
    assert not difference(before, snapshot())


def test_a_host_on_which_ipv6_addresses_stay_on_links_that_are_down() -> None:
    Path("/proc/sys/net/ipv6/conf/all/keep_addr_on_down").write_text("1")
    sh("ip address add 2001:db8::2/64 nodad dev eth0")
    before = restorable(snapshot())
    lay(force=True, links=[{"name": "eth0", "addresses": ["10.0.0.1/24", "2001:db8::2/64", "2001:db8:7::1/64"]}])
    lay(force=True, links=[{"name": "eth0", "up": False}])
    clear(force=True)
    assert not difference(before, restorable(snapshot()))


def test_a_queueing_discipline_that_could_not_come_back_is_not_lost_by_a_move() -> None:
    sh("tc qdisc replace dev eth0 root noqueue")
    for check in (True, False):
        with pytest.raises(VnetError, match="netns: eth0 has qdisc noqueue, which a move drops, and which could not be restored; remove that first"):
            lay(check=check, force=True, **MOVED)
    sh("tc qdisc delete dev eth0 root")
    lay(force=True, **MOVED)


# What goes with something else


@pytest.mark.parametrize("promote", ["0", "1"])
def test_the_other_addresses_of_a_network_that_moves_to_a_bridge(promote: str) -> None:
    """The kernel deletes secondary addresses with their primary one, or makes one of them that, and sends everything into the port."""
    Path("/proc/sys/net/ipv4/conf/all/promote_secondaries").write_text(promote)
    sh("ip address add 10.0.0.2/24 dev eth0", "ip address add 10.7.0.3/24 dev eth0")
    before = restorable(snapshot())
    result = four_steps(force=True, links=[{"type": "bridge", "name": "br0", "addresses": ["10.0.0.1/24"]}, {"name": "eth0", "master": "br0"}])
    text = " ".join(result["warnings"])
    assert "10.0.0.2/24 goes from eth0, as its network moves to br0; declare it there to move it, too" in text
    assert "eth0 keeps 10.7.0.3/24, but a port does not answer to it" in text
    assert ip("ip", "route", "get", "10.0.0.9").startswith("10.0.0.9 dev br0")
    clear(force=True)
    assert not difference(before, restorable(snapshot()))


@pytest.mark.parametrize("neighbours", [None, ["10.0.0.8"]])
def test_permanent_neighbours_outlive_another_mac(neighbours: Optional[List[str]]) -> None:
    sh(f"ip neighbour add 10.0.0.9 lladdr {mac(9)} dev eth0 nud permanent", "ip neighbour add proxy 10.0.0.7 dev eth0")
    before = snapshot()
    link: Values = {"name": "eth0", "mac": mac(99), **({"neighbours": [{"to": to, "mac": mac(8)} for to in neighbours]} if neighbours else {})}
    four_steps(force=True, links=[link])
    if not neighbours:
        assert mac(9) in ip("ip", "neighbour", "show", "nud", "permanent", "dev", "eth0")
    clear(force=True)
    assert not difference(before, snapshot())


def on_top(netns: str = "") -> str:
    """What a VLAN link on the first card has; nothing that follows later, as its operational state."""
    within = ["ip", *(["-n", netns] if netns else [])]
    words = (["route", "show"], ["-6", "-o", "address", "show", "scope", "global"], ["neighbour", "show", "nud", "permanent"])
    return "".join(ip(*within, *one, "dev", "eth0.10") for one in words).replace("@wan", "@eth0")


RENAMED: Values = {"name": "wan", "match": {"mac": mac(1)}}
PASSING: Dict[str, Values] = {"renamed": RENAMED, "vrf": {"name": "eth0", "master": "m0"}}


@pytest.mark.parametrize("how", PASSING)
def test_an_undeclared_vlan_link_keeps_what_it_has_when_its_card_goes_down_for_a_moment(how: str) -> None:
    vlan_on_card(how)
    before, whole = on_top(), snapshot()
    lay(force=True, links=[PASSING[how]])
    assert on_top() == before
    clear(force=True)
    assert on_top() == before
    with Failing(3, lambda: KernelError(errno.EIO, "injected"), done=True), pytest.raises(VnetError, match=AS_BEFORE):
        lay(force=True, links=[PASSING[how], {"name": "eth1", "up": False}])
    assert not difference(whole, snapshot())


def test_a_single_module_keeps_it_too() -> None:
    vlan_on_card("renamed")
    before, whole = on_top(), snapshot()
    with Failing(3, lambda: KernelError(errno.EIO, "injected"), done=True), pytest.raises(VnetError, match=AS_BEFORE):
        run("vnet_link", **RENAMED)
    assert not difference(whole, snapshot())
    run("vnet_link", **RENAMED)
    assert on_top() == before


@pytest.mark.parametrize("declared", [False, True])
def test_a_vlan_link_gets_its_mtu_back(declared: bool) -> None:
    """The kernel lowers it with that of the card."""
    vlan_on_card("")
    before = snapshot()
    upper = [{"type": "vlan", "name": "eth0.10", "parent": "eth0", "id": 10}] if declared else []
    four_steps(force=True, links=[{"name": "eth0", "mtu": 1400}, *upper])
    four_steps(force=True, links=[{"name": "eth0", "mtu": 1300}, *upper])
    clear(force=True)
    assert not difference(before, snapshot())
    with Failing(2, lambda: KernelError(errno.EIO, "injected")), pytest.raises(VnetError, match=AS_BEFORE):
        lay(force=True, links=[{"name": "eth0", "mtu": 1300}, {"name": "eth1", "up": False}, *upper])
    assert not difference(before, snapshot())


ON_TOP = ("ip link add v0 link eth0 type macvlan", "ip link add w0 link v0 type macvlan")


@pytest.mark.parametrize("named", [{"name": "eth0"}, {"name": "wan", "match": {"mac": mac(1)}}], ids=["in-place", "renamed"])
def test_links_on_top_get_their_mtu_back(named: Values) -> None:
    needs_kind("macvlan")
    sh(*ON_TOP)
    before = snapshot()
    four_steps(force=True, links=[{**named, "mtu": 1400}])
    clear(force=True)
    assert not difference(before, snapshot())


@pytest.mark.parametrize("named", [{"name": "eth0"}, {"name": "wan", "match": {"mac": mac(1)}}], ids=["in-place", "renamed"])
def test_a_rollback_of_a_single_module_gives_links_on_top_their_mtu_back(named: Values) -> None:
    needs_kind("macvlan")
    sh(*ON_TOP)
    before = snapshot()
    steps = len(run("vnet_link", True, mtu=1400, alias="x", **named)["commands"])
    with Failing(steps, lambda: KernelError(errno.EIO, "injected")), pytest.raises(VnetError, match=AS_BEFORE):
        run("vnet_link", mtu=1400, alias="x", **named)
    assert not difference(before, snapshot())


def test_a_card_is_renamed_below_its_declared_vlan_link() -> None:
    vlan_on_card("")
    before = snapshot()
    vlan = {"type": "vlan", "name": "eth0.10", "parent": "wan", "id": 10}
    four_steps(force=True, links=[RENAMED, vlan])
    assert "eth0.10@wan" in ip("ip", "link")
    clear(force=True)
    assert not difference(before, snapshot())


def vlan_on_card(how: str) -> None:
    needs_kind("vlan")
    if how == "vrf":
        needs_kind("vrf")
        sh("ip link add m0 type vrf table 10", "ip link set m0 up")
    sh("ip link add link eth0 name eth0.10 type vlan id 10", "ip link set eth0.10 up", "ip address add 10.10.0.1/24 dev eth0.10")
    sh("ip address add 2001:db8:10::1/64 nodad dev eth0.10", "ip route add default via 10.10.0.9")
    sh(f"ip neighbour add 10.10.0.7 lladdr {mac(7)} dev eth0.10 nud permanent")


def test_a_link_that_leaves_a_vrf_keeps_its_permanent_neighbours() -> None:
    needs_kind("vrf")
    sh(f"ip neighbour add 10.0.0.9 lladdr {mac(9)} dev eth0 nud permanent", "ip neighbour add proxy 10.0.0.7 dev eth0")
    sh("ip link add m0 type vrf table 10", "ip link set m0 up")
    before = snapshot()
    lay(force=True, links=[{"name": "eth0", "master": "m0"}])
    clear(force=True)
    assert not difference(before, snapshot())


def test_a_route_comes_back_when_the_one_in_its_place_is_not_declared_any_more() -> None:
    sh("ip route add 172.20.0.0/16 via 10.0.0.9", "ip route add blackhole 172.21.0.0/16", "ip route add 172.22.0.0/16 via 10.0.0.9")
    before = snapshot()
    other = {"to": "172.23.0.0/16", "type": "prohibit"}
    in_their_place = [{"to": "172.20.0.0/16", "via": "10.0.0.8", "dev": "eth0"}, {"to": "172.21.0.0/16", "type": "prohibit"}]
    four_steps(routes=[*in_their_place, other])
    four_steps(routes=[other])
    assert "172.20.0.0/16 via 10.0.0.9 dev eth0" in ip("ip", "route")
    assert "blackhole 172.21.0.0/16" in ip("ip", "route")
    four_steps(routes=[])
    assert not difference(before, snapshot())
    four_steps(routes=in_their_place)
    clear()
    assert not difference(before, snapshot())


def test_the_loopback_interface_beside_routes_and_rules_of_the_host() -> None:
    sh("ip address add 10.10.10.1/32 dev lo", "ip link set lo up")
    before = snapshot()
    found = info(for_layout="lab")["declaration"]
    assert {"name": "lo", "addresses": ["10.10.10.1/32"]} in found["links"]
    lo = {"name": "lo", "addresses": ["10.10.10.1/32", "10.10.10.2/32"]}
    four_steps(links=[lo], routes=[{"to": "172.23.0.0/16", "type": "prohibit"}], rules=[{"priority": 750, "table": 5}])
    clear()
    assert not difference(before, snapshot())


def test_a_route_does_not_come_back_where_it_cannot_be() -> None:
    sh("ip route add 172.20.0.0/16 via 10.0.0.9")
    links = [{"name": "eth0", "addresses": ["10.5.0.1/24"]}]
    lay(force=True, links=links, routes=[{"to": "172.20.0.0/16", "via": "10.5.0.9", "dev": "eth0"}])
    four_steps(force=True, links=links, routes=[])
    through_link = {"name": "eth1", "routes": [{"to": "172.20.0.0/16", "via": "10.1.0.8"}]}
    lay(force=True, routes=[{"to": "172.20.0.0/16", "via": "10.1.0.8", "dev": "eth1"}])
    four_steps(force=True, routes=[], links=[through_link])


@pytest.mark.parametrize("by_hand", ["delete 172.20.0.0/16", "replace 172.20.0.0/16 via 10.0.0.7"])
def test_a_route_that_came_back_is_the_administrators_again(by_hand: str) -> None:
    sh("ip route add 172.20.0.0/16 via 10.0.0.9")
    other = {"to": "172.23.0.0/16", "type": "prohibit"}
    lay(routes=[{"to": "172.20.0.0/16", "via": "10.1.0.8", "dev": "eth1"}, other])
    lay(routes=[other])
    sh(f"ip route {by_hand}")
    before = ip("ip", "route", "show", "172.20.0.0/16")
    assert not lay(check=True, routes=[other])["changed"]
    clear()
    assert ip("ip", "route", "show", "172.20.0.0/16") == before


@pytest.mark.parametrize("by_hand", ["ip link set v0 mtu 1350", "ip link delete v0; ip link add v0 mtu 1400 type veth peer name v1"])
def test_an_mtu_that_somebody_else_has_set_stays(by_hand: str) -> None:
    needs_kind("macvlan")
    sh("ip link add v0 link eth0 type macvlan")
    lay(force=True, links=[{"name": "eth0", "mtu": 1400}])
    sh(by_hand)
    before = ip("ip", "-o", "link", "show", "v0").split(" mtu ")[1].split()[0]
    clear(force=True)
    assert ip("ip", "-o", "link", "show", "v0").split(" mtu ")[1].split()[0] == before


def test_a_vlan_link_on_a_vlan_link_gets_its_mtu_back() -> None:
    needs_kind("vlan")
    sh("ip link add link eth0 name z10 type vlan id 10", "ip link set z10 up", "ip link add link z10 name a20 type vlan id 20", "ip link set a20 up")
    before = snapshot()
    lay(force=True, links=[{"name": "eth0", "mtu": 1400}])
    clear(force=True)
    assert not difference(before, snapshot())


def test_what_a_layout_removes_from_links_on_top_stays_removed() -> None:
    vlan_on_card("")
    before = snapshot()
    lay(force=True, links=[RENAMED, {"name": "eth0.10", "addresses": ["10.10.0.1/24", "10.11.0.1/24"]}])
    clear(force=True)
    assert not difference(before, snapshot())
    four_steps(force=True, routes=[{"to": "default", "via": "10.1.0.9", "dev": "eth1"}], links=[RENAMED])


def test_a_declared_route_whose_source_address_moves_away() -> None:
    sh(SOURCED)
    routes = [{"to": "203.0.113.0/24", "via": "10.1.0.9"}]
    four_steps(force=True, namespaces=["red"], links=[*MOVED["links"], {"name": "eth1", "routes": routes}])


def test_a_route_whose_source_address_moves_to_another_link_stays() -> None:
    sh(SOURCED)
    lay(force=True, namespaces=["red"], links=[*MOVED["links"], {"type": "bridge", "name": "br0", "addresses": ["10.0.0.1/24"]}])
    assert "203.0.113.0/24" in ip("ip", "route")


def test_a_route_through_a_link_that_is_gone_does_not_come_back_through_another() -> None:
    sh(SOURCED)
    lay(force=True, **EXCHANGED)
    sh("ip link delete eth1")
    assert not any("203.0.113.0/24" in command for command in clear(force=True)["commands"])


def test_nobody_waits_for_a_network_manager_that_is_not_there() -> None:
    """What it has said of links may be there still."""
    sh("ip link add br0 type bridge", "ip link add br1 type bridge", "mkdir -p /run/systemd/netif/links")
    for number in range(2, 8):
        sh(f"ip link add eth{number} type veth peer name far{number}", f"ip link set eth{number} master br0 up")
        sh(f"echo ADMIN_STATE=configured > /run/systemd/netif/links/$(cat /sys/class/net/eth{number}/ifindex)")
    start = time.monotonic()
    lay(force=True, links=[{"name": f"eth{number}", "master": "br1"} for number in range(2, 8)])
    assert time.monotonic() - start < 3


@pytest.fixture
def networkd(monkeypatch: pytest.MonkeyPatch) -> None:
    """A systemd-networkd that manages all links, and leaves them alone."""
    for name in ("manages", "await_configuration"):
        monkeypatch.setattr(f"ansible_collections.nfv.vnet.plugins.module_utils._kernel._networkd.{name}", lambda _index: True)


@pytest.mark.usefixtures("networkd")
def test_a_port_changes_its_bridge_under_a_network_manager() -> None:
    sh(f"ip link add br0 address {mac(7)} up type bridge", "ip link set eth0 master br0")
    before = restorable(snapshot())
    four_steps(force=True, links=[{"type": "bridge", "name": "br1", "addresses": ["10.0.0.1/24"]}, {"name": "eth0", "master": "br1"}])
    assert ip("ip", "-4", "-br", "address", "show", "dev", "eth0").split()[2:] == []
    assert ip("ip", "route", "get", "10.0.0.9").startswith("10.0.0.9 dev br1")
    clear(force=True)
    assert not difference(before, restorable(snapshot()))
    sh(f"ip link add br1 address {mac(8)} up type bridge")
    before = restorable(snapshot())
    four_steps(force=True, links=[{"name": "eth0", "master": "br1", "addresses": ["10.9.0.1/24"]}])
    clear(force=True)
    assert not difference(before, restorable(snapshot()))


def test_a_link_is_renamed_together_with_its_card() -> None:
    needs_kind("macvlan")
    sh("ip link add mv0 link eth0 type macvlan", "ip link set mv0 up", "ip address add 10.10.0.9/24 dev mv0", "ip address add 10.11.0.9/24 dev mv0")
    before = snapshot()
    links = [{"name": "wan", "match": {"name": "eth0"}}, {"name": "mv1", "match": {"name": "mv0"}, "addresses": ["10.10.0.1/24"]}]
    lay(force=True, links=links)
    assert ip("ip", "-4", "-br", "address", "show", "dev", "mv1").split()[2:] == ["10.10.0.1/24"]
    clear(force=True)
    assert not difference(before, snapshot())


def test_an_mtu_comes_back_after_the_layout_has_raised_its_own() -> None:
    needs_kind("macvlan")
    sh("ip link add mv0 link eth0 type macvlan")
    before = snapshot()
    for mtu in (1400, 1450):
        lay(force=True, links=[{"name": "eth0", "mtu": mtu}])
    clear(force=True)
    assert not difference(before, snapshot())


def test_a_route_to_a_gateway_without_a_network_comes_back() -> None:
    sh("ip address flush dev eth0", "ip address add 10.0.0.1/32 dev eth0", "ip route add 10.0.0.254 dev eth0", "ip route add 172.20.0.0/16 via 10.0.0.254")
    before = snapshot()
    lay(force=True, routes=[{"to": "172.20.0.0/16", "via": "10.1.0.8", "dev": "eth1"}])
    four_steps(force=True, routes=[])
    assert not difference(before, snapshot())


@pytest.mark.parametrize(("how", "step"), [("moved", 2), ("small", 1)])
def test_a_rollback_restores_the_settings_of_a_link_under_proc(how: str, step: int) -> None:
    changed = {"ipv4/conf/eth0/rp_filter": "2", "ipv4/conf/eth0/forwarding": "1", "ipv6/conf/eth0/accept_ra": "0", "ipv4/neigh/eth0/app_solicit": "3"}
    for key, value in changed.items():
        Path("/proc/sys/net", key).write_text(value)
    before = snapshot()
    with Failing(step, lambda: KernelError(errno.EIO, "injected"), done=True), pytest.raises(VnetError, match=AS_BEFORE):
        lay(force=True, **SETTINGS[how])
    assert not difference(before, snapshot())
    assert {key: Path("/proc/sys/net", key).read_text().strip() for key in changed} == changed


# What a bridge knows of a port that leaves


ON_BRIDGE = (
    "ip link add br0 up type bridge",
    "ip link add br1 up type bridge",
    f"ip link add name p1 address {mac(21)} type veth peer name p2",
    "ip link set p2 up",
    "ip link set p1 up master br0",
    f"bridge fdb add {mac(99)} dev p1 master static",
    "bridge mdb add dev br0 port p1 grp 239.1.1.1 permanent",
    "ip address add 10.9.0.1/24 dev br0",
    f"ip neighbour add 10.9.0.9 lladdr {mac(9)} dev br0 nud permanent",
)
BAD_ROUTE: Values = {"routes": [{"to": "203.0.113.0/24", "via": "10.99.0.1"}]}


def known() -> List[str]:
    """The static entries of the bridge for its port, its permanent groups, and its permanent neighbours."""
    static = [line for line in ip("bridge", "fdb", "show", "br", "br0").splitlines() if mac(99) in line]
    groups = [line for line in ip("bridge", "mdb", "show", "dev", "br0").splitlines() if "permanent" in line]
    return [*static, *groups, *ip("ip", "neighbour", "show", "nud", "permanent", "dev", "br0").splitlines()]


@pytest.mark.parametrize(
    ("module", "params"),
    [
        ("vnet_veth", {"name": "p1", "peer": {"name": "p2"}, "master": "br1", **BAD_ROUTE}),
        ("vnet_veth", {"name": "p1", "peer": {"name": "p2"}, "master": "", **BAD_ROUTE}),
        ("vnet_bridge", {"name": "br0", "ports": [], "purge_ports": True, **BAD_ROUTE}),
        ("vnet_link", {"name": "p1", "netns": "red", "from_netns": "", **BAD_ROUTE}),
    ],
    ids=["other-bridge", "no-bridge", "exact", "moved"],
)
def test_a_rollback_restores_what_a_bridge_knew_of_its_port(module: str, params: Values) -> None:
    needs_program("bridge")
    run("vnet_netns", name="red")
    sh(*ON_BRIDGE)
    before = known()
    assert len(before) == 3
    with pytest.raises(VnetError, match=AS_BEFORE):
        run(module, **params)
    assert known() == before


@pytest.mark.parametrize("link", [{"name": "p1", "master": ""}, {"name": "p1", "master": "br1"}, {"name": "p1", "netns": "red", "from_netns": ""}], ids=str)
def test_static_entries_of_a_port_come_back_with_it(link: Values) -> None:
    needs_program("bridge")
    run("vnet_netns", name="red")
    sh(*ON_BRIDGE[:6])
    before = known()
    four_steps(force=True, links=[link])
    assert not known()
    clear(force=True)
    assert known() == before


BACKUP = ("ip link add br0 up type bridge", *(f"ip link add name p{n} master br0 address {mac(30 + n)} type veth peer name q{n}" for n in (1, 2)))


@pytest.mark.parametrize("owner", [1, 2])
@pytest.mark.parametrize(
    "links",
    [
        [{"name": "p1", "master": ""}, {"name": "p2", "master": ""}],
        [{"type": "bridge", "name": "br0", "ports": []}],
        [{"type": "bridge", "name": "br1", "ports": [{"name": "p1"}, {"name": "p2"}]}],
    ],
    ids=["alone", "exact", "other-bridge"],
)
def test_a_backup_port_comes_back(links: List[Values], owner: int) -> None:
    sh(*BACKUP, f"bridge link set dev p{owner} backup_port p{3 - owner}")
    before = snapshot()
    four_steps(force=True, links=links)
    clear(force=True)
    assert not difference(restorable(before), restorable(snapshot()))


def test_a_backup_port_that_is_still_away_is_a_warning() -> None:
    sh(*BACKUP, "bridge link set dev p2 backup_port p1")
    lay(force=True, links=[{"name": "p1", "master": ""}, {"name": "p2", "master": ""}])
    (warning,) = four_steps(force=True, links=[{"name": "p1", "master": ""}])["warnings"]
    assert "p2 does not get back its backup_port, as p1 is not a port of br0" in warning
