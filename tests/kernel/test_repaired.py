# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody breaks of an adopted link, and a run repairs, is after a removal as it was before the layout, not as it was when it was broken."""

from __future__ import annotations

from typing import Any, List, Mapping, NamedTuple, Sequence, Tuple

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._attributes import PORT_ROWS, Attribute
from attribute_samples import BRIDGE, LINK, PORT, Sample, one_of_each_kind, slow_unless
from features import has, needs, needs_program
from layouts import clear, lay, mac, records
from support import Values, difference, restorable, run, sh, snapshot


def declare_again(**layout: Any) -> None:
    """Repairs, and declares what is there once more."""
    assert lay(force=True, **layout)["changed"]
    recorded = records()
    assert lay(force=True, **layout)["changed"] is False
    assert records() == recorded


def try_both(make: Any, layout: Any, sample: Sample) -> None:
    """Lets a layout change an attribute, and then only repair it."""
    make(sample.first)
    before = restorable(snapshot())
    lay(**layout(sample.second))
    clear()
    assert not difference(before, restorable(snapshot()))
    lay(**layout(sample.first))
    make(sample.second)
    declare_again(**layout(sample.first))
    clear()
    assert not difference(before, restorable(snapshot()))


def _cases_of(samples: Sequence[Sample], rows: Mapping[str, Attribute]) -> List[Any]:
    few = one_of_each_kind(samples, rows)
    return [pytest.param(sample, id=sample.name, marks=slow_unless(sample in few)) for sample in samples]


def with_others(sample: Sample, value: Any) -> Values:
    return {**dict.fromkeys(sample.others, True), sample.name: value}


@pytest.mark.parametrize("sample", _cases_of(LINK, _kinds.ROWS_OF["bridge"]))
def test_an_attribute_of_every_link(sample: Sample) -> None:
    peer = {"name": "y0"}

    def make(value: Any) -> None:
        run("vnet_veth", name="x0", peer=peer, **{sample.name: value})

    try_both(make, lambda value: {"links": [{"name": "x0", "up": True, sample.name: value}]}, sample)


@pytest.mark.parametrize("sample", _cases_of(BRIDGE, _kinds.ROWS_OF["bridge"]))
def test_an_attribute_of_a_bridge(sample: Sample) -> None:
    if sample.feature:
        needs(sample.feature)

    def make(value: Any) -> None:
        run("vnet_bridge", name="x0", **with_others(sample, value))

    try_both(make, lambda value: {"links": [{"type": "bridge", "name": "x0", **with_others(sample, value)}]}, sample)


@pytest.mark.parametrize("sample", _cases_of([sample for sample in PORT if sample.name != "state"], PORT_ROWS))
def test_an_attribute_of_a_port(sample: Sample) -> None:
    if sample.feature:
        needs(sample.feature)
    run("vnet_bridge", name="br0")
    run("vnet_veth", name="other", master="br0", peer={"name": "otherpeer"})

    def make(value: Any) -> None:
        run("vnet_veth", name="x0", master="br0", port=with_others(sample, value), peer={"name": "y0"})

    try_both(make, lambda value: {"links": [{"name": "x0", "master": "br0", "port": with_others(sample, value)}]}, sample)


@pytest.mark.parametrize("option", ["owner", "group"])
def test_the_account_of_a_tap_device(option: str) -> None:
    def make(value: str) -> None:
        account: Values = {option: value}
        run("vnet_tuntap", name="x0", mode="tap", **account)

    try_both(make, lambda value: {"links": [{"type": "tuntap", "name": "x0", "mode": "tap", option: value}]}, Sample(option, "0", "65534"))


class Breaking(NamedTuple):
    """What somebody does."""

    name: str
    commands: Tuple[str, ...]
    feature: str = ""
    only_exact: bool = False
    """Whether other lists keep that."""


BREAKINGS = [
    Breaking("address-deleted", ("ip address delete 192.0.2.10/24 dev eth0",)),
    Breaking("address-changed", ("ip address change 192.0.2.11/24 dev eth0 metric 9",)),
    Breaking("address-added", ("ip address add 192.0.2.66/24 dev eth0", "ip address add 2001:db8::66/64 dev eth0 nodad"), only_exact=True),
    Breaking("address-of-ipv6-deleted", ("ip address delete 2001:db8::10/64 dev eth0",)),
    Breaking("all-addresses-deleted", ("ip address flush dev eth0 scope global",)),
    Breaking("route-deleted", ("ip route delete default",)),
    Breaking("route-changed", ("ip route replace default via 192.0.2.66 proto 66 mtu 1300",)),
    Breaking("route-added", ("ip route add 203.0.113.0/24 via 192.0.2.66",), only_exact=True),
    Breaking("route-of-ipv6-changed", ("ip route replace 2001:db8:1::/48 via 2001:db8::66",)),
    Breaking("down", ("ip link set eth0 down",)),
    Breaking("port", ("ip link set eth0 master br0",)),
    Breaking("no-port", ("ip link set p0 nomaster",)),
    Breaking(
        "port-of-another-bridge",
        (
            "ip link add br9 type bridge vlan_default_pvid 9",
            "ip link set p0 master br9",
            "bridge link set dev p0 cost 99",
            "ip link set p0 nomaster",
            "ip link delete br9",
        ),
    ),
    Breaking("another-port", ("ip link set q0 master br0",), only_exact=True),
    Breaking("rule-deleted", ("ip rule delete priority 70",)),
    Breaking("blackhole-deleted", ("ip route delete blackhole 198.18.0.0/15",)),
    Breaking("route-of-the-host-changed", ("ip route replace 198.51.100.0/24 via 192.0.2.66 proto 66",)),
    Breaking("route-of-the-host-deleted", ("ip route delete 198.51.100.0/24",)),
    Breaking("neighbour-changed", ("ip neighbour replace 192.0.2.7 lladdr 02:00:00:00:00:66 dev eth0 nud permanent",)),
    Breaking("neighbour-deleted", ("ip neighbour delete 192.0.2.7 dev eth0",)),
    Breaking("file-changed", ("sh -c 'echo 66 > /etc/netns/red/resolv.conf'",)),
    Breaking("vlans", ("bridge vlan delete dev p0 vid 20", "bridge vlan add dev p0 vid 30"), "vlan_filtering"),
    Breaking("vlan-added", ("bridge vlan add dev p0 vid 66",), "vlan_filtering", only_exact=True),
    Breaking("vlans-of-a-port-that-left", ("ip link set p0 nomaster",), "vlan_filtering"),
]


def _host(vlans: bool) -> List[Values]:
    """A host that was set up by hand; returns its links as a layout declares them."""
    sh(
        f"ip link add eth0 address {mac(1)} type veth peer name far address {mac(2)}",
        "ip link set far up",
        "ip link set eth0 up mtu 1400",
        "ip address add 192.0.2.10/24 dev eth0 label eth0:home",
        "ip address add 192.0.2.11/24 dev eth0 metric 5",
        "ip address add 2001:db8::10/64 dev eth0 nodad home",
        "ip route add default via 192.0.2.1 proto 99 mtu 1200",
        "ip route add 198.51.100.0/24 via 192.0.2.2 proto 98",
        "ip route add blackhole 198.18.0.0/15",
        "ip -6 route add 2001:db8:1::/48 via 2001:db8::9 proto 99",
        "ip rule add priority 70 from 192.0.2.0/24 table 70",
        f"ip neighbour add 192.0.2.7 lladdr {mac(7)} dev eth0 nud permanent",
        f"ip link add br0 address {mac(3)} type bridge" + " vlan_filtering 1" * vlans,
        "ip link add p0 type veth peer name p1",
        "ip link add q0 type veth peer name q1",
        "ip link set br0 up",
        "ip link set p0 up master br0",
        "bridge link set dev p0 cost 7 learning off",
        *["bridge vlan add dev p0 vid 20", "bridge vlan add dev p0 vid 30 untagged"] * vlans,
    )
    eth0: Values = {
        "name": "eth0",
        "mtu": 1400,
        "master": "",
        "addresses": ["192.0.2.10/24", "192.0.2.11/24 metric 5", "2001:db8::10/64"],
        "routes": [{"to": "default", "via": "192.0.2.1"}, {"to": "2001:db8:1::/48", "via": "2001:db8::9"}],
        "neighbours": [{"to": "192.0.2.7", "mac": mac(7)}],
    }
    p0: Values = {
        "name": "p0",
        "cost": 7,
        "learning": False,
        **({"vlans": [{"vid": 1, "pvid": True, "untagged": True}, 20, {"vid": 30, "untagged": True}]} if vlans else {}),
    }
    return [eth0, {"type": "bridge", "name": "br0", "ports": [p0]}]


LISTS: Values = {
    "rules": [{"priority": 70, "from": "192.0.2.0/24", "table": "70"}],
    "routes": [{"to": "198.51.100.0/24", "via": "192.0.2.2"}, {"to": "198.18.0.0/15", "type": "blackhole"}],
    "namespaces": [{"name": "red", "files": {"resolv.conf": "nameserver 192.0.2.53\n"}}],
}


def _cases() -> List[Any]:
    return [pytest.param(one, exact, id=f"{one.name}{'-exact' * exact}") for one in BREAKINGS for exact in (True, False) if exact or not one.only_exact]


@pytest.mark.parametrize(("breaking", "exact"), _cases())
def test_what_somebody_breaks(breaking: Breaking, exact: bool) -> None:
    needs_program("ip")
    if breaking.feature:
        needs(breaking.feature)
    run("vnet_netns", name="red", files={"resolv.conf": "nameserver 192.0.2.53\n"})
    links = _host(has("vlan_filtering"))
    if not exact:
        links = [{**link, **{f"purge_{option}": False for option in ("addresses", "routes", "neighbours", "ports") if option in link}} for link in links]
        links[1]["ports"][0].update({"purge_vlans": False} if "vlans" in links[1]["ports"][0] else {})
    before = restorable(snapshot())
    lay(force=True, links=links, **LISTS)
    sh(*breaking.commands)
    declare_again(links=links, **LISTS)
    clear(force=True)
    run("vnet_bridge", name="br9", state="absent")
    assert not difference(before, restorable(snapshot()))


@pytest.mark.parametrize("netns", ["", "red"])
def test_a_link_that_somebody_renames(netns: str) -> None:
    """Whether the layout has moved it before, or adopted it where it was."""
    needs_program("ip")
    run("vnet_netns", name="red")
    sh(f"ip link add eth0 address {mac(1)} type veth peer name far", "ip link property add dev eth0 altname uplink", "ip link set eth0 up")
    sh("ip address add 192.0.2.10/24 dev eth0")
    before = snapshot()
    link: Values = {"name": "eth0", "netns": netns, "match": {"altname": "uplink"}, "addresses": ["192.0.2.10/24"]}
    lay(force=True, namespaces=["red"], links=[{**link, "from_netns": ""}])
    ip_there = f"ip -n {netns}" if netns else "ip"
    sh(f"{ip_there} link set eth0 down", f"{ip_there} link set eth0 name other")
    declare_again(namespaces=["red"], links=[link])
    clear(force=True)
    assert not difference(before, snapshot())


@pytest.mark.parametrize("there", [[], ["10.9.0.0/16 via 192.0.2.8 proto 99"]], ids=["new", "other"])
@pytest.mark.parametrize("of_host", [False, True], ids=["link", "host"])
def test_a_route_that_the_layout_has_changed_and_somebody_breaks(there: List[str], of_host: bool) -> None:
    needs_program("ip")
    sh("ip link add eth0 type veth peer name far", "ip link set far up", "ip link set eth0 up", "ip address add 192.0.2.1/24 dev eth0")
    sh(*(f"ip route add {route}" for route in there))
    before = snapshot()
    routes = [{"to": "10.9.0.0/16", "via": "192.0.2.9"}]
    link: Values = {"name": "eth0", "purge_routes": False, **({} if of_host else {"routes": routes})}
    layout: Values = {"links": [link], **({"routes": routes} if of_host else {})}
    lay(force=True, **layout)
    sizes = []
    for number in range(5, 8):
        sh(f"ip route replace 10.9.0.0/16 via 192.0.2.{number} proto 66")
        declare_again(**layout)
        sizes.append(len(str(records())))
    assert sizes[0] == sizes[-1]
    clear(force=True)
    assert not difference(before, snapshot())


def test_a_route_that_somebody_deletes_before_it_is_not_declared_any_more() -> None:
    needs_program("ip")
    sh("ip link add eth0 type veth peer name far", "ip link set far up", "ip link set eth0 up", "ip address add 192.0.2.1/24 dev eth0")
    sh("ip route add 10.9.0.0/16 via 192.0.2.8 proto 99")
    before = snapshot()
    lay(force=True, links=[{"name": "eth0", "routes": [{"to": "10.9.0.0/16", "via": "192.0.2.8"}]}])
    sh("ip route delete 10.9.0.0/16")
    declare_again(links=[{"name": "eth0", "routes": [{"to": "10.9.0.0/16", "via": "192.0.2.8"}]}])
    declare_again(links=[{"name": "eth0", "routes": []}])
    clear(force=True)
    assert not difference(before, snapshot())
