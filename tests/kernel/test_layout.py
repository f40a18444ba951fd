# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Layouts as a whole: one task builds everything in the right order, and says what it does."""

from __future__ import annotations

import os
import resource as limits
import signal
import socket
from pathlib import Path
from typing import Any, Dict, List

import pytest
import yaml
from ansible_collections.nfv.vnet.plugins.module_utils._resources import LISTS
from features import needs_program
from layouts import (
    NAME,
    clear,
    contradiction,
    counts,
    four_steps,
    full,
    in_the_way,
    lay,
    link_in,
    mac,
    names,
    owners,
    refusal,
    refused_always,
    settled,
    snapshot_at_rest,
)
from processes import child, in_child
from support import Values, difference, inside, ip, portable, private_network, resource, run, sh, shown, snapshot


def turned(params: Values) -> Values:
    """The same with every list of items the other way round, and the lists too."""
    return {key: list(reversed(params[key])) for key in reversed(list(params))}


def test_one_task_builds_everything_and_finds_nothing_to_do_then() -> None:
    result = four_steps(**full())
    assert counts(result, "created") == counts(result, "declared") == {"namespaces": 2, "links": 7}
    assert names(snapshot()) == sorted(
        ["/br0", "/tap0", "/up0", "/h2", "blue/b1", "blue/h1", "blue/tun0", "red/eth0", "red/inner", "red/r1"],
    )
    assert set(owners().values()) == {NAME}
    assert set(owners()) == {*names(snapshot()), "red/lo", "blue/lo"}
    assert not owners(adopted=True)


def test_the_order_of_a_declaration_has_no_meaning() -> None:
    with private_network():
        lay(**full())
        expected = portable(snapshot())
    lay(**turned(full()))
    assert not difference(expected, portable(snapshot()))
    settled(**full())


def test_an_empty_layout_is_one_that_does_nothing() -> None:
    settled()
    settled(state="absent")
    settled(namespaces=[], links=[])


def test_what_the_single_modules_make_is_the_same() -> None:
    """Every item is the task of its module."""
    with private_network():
        run("vnet_netns", name="red", addresses=["10.255.0.1/32"])
        run("vnet_bridge", name="br0", mac=mac(1), priority=9)
        run("vnet_tuntap", name="tap0", mode="tap", mac=mac(2), master="br0", port={"cost": 5})
        run("vnet_veth", name="a", mac=mac(3), master="br0", peer={"name": "b", "netns": "red", "mac": mac(4), "addresses": ["192.0.2.1/24"]})
        expected = portable(snapshot())
    lay(
        namespaces=[{"name": "red", "addresses": ["10.255.0.1/32"]}],
        links=[
            {"type": "bridge", "name": "br0", "mac": mac(1), "priority": 9},
            {"type": "tuntap", "name": "tap0", "mode": "tap", "mac": mac(2), "master": "br0", "port": {"cost": 5}},
            {"type": "veth", "name": "a", "mac": mac(3), "master": "br0", "peer": {"name": "b", "netns": "red", "mac": mac(4), "addresses": ["192.0.2.1/24"]}},
        ],
    )
    assert not difference(expected, portable(snapshot()))


def test_the_result_of_a_module_is_an_item() -> None:
    bridge = resource("vnet_bridge", run("vnet_bridge", name="br0", mac=mac(1), priority=9, addresses=["192.0.2.1/24"]))
    cable = resource("vnet_veth", run("vnet_veth", name="a", master="br0", peer={"name": "b"}))
    result = lay(links=[{"type": "bridge", **bridge}, {"type": "veth", **cable}])
    assert result["changed"]
    assert result["commands"] == []
    assert counts(result, "adopted") == {"links": 2}
    assert counts(result, "changed") == {}


@pytest.mark.parametrize("path", ["/run/netns/red", "/var/run/netns/red"])
def test_a_namespace_of_the_layout_may_be_given_by_its_path(path: str) -> None:
    params: Values = {"namespaces": [{"name": "red"}], "links": [{"type": "bridge", "name": "br0", "netns": path}]}
    four_steps(**params)
    settled(namespaces=[{"name": "red"}], links=[{"type": "bridge", "name": "br0", "netns": "red"}])
    clear()
    assert list(snapshot()) == [""]


def test_there_may_be_more_namespaces_than_files_that_a_process_may_open() -> None:

    def many() -> None:
        limits.setrlimit(limits.RLIMIT_NOFILE, (256, 256))
        numbers = range(300)
        params: Values = {
            "namespaces": [{"name": f"n{number}"} for number in numbers],
            "links": [
                {"type": "bridge", "name": "br0"},
                *[{"type": "veth", "name": f"v{number}", "master": "br0", "peer": {"name": "eth0", "netns": f"n{number}"}} for number in numbers],
            ],
        }
        assert counts(lay(**params), "created") == {"namespaces": 300, "links": 301}
        assert lay(**params)["changed"] is False
        assert counts(clear(), "removed") == {"namespaces": 300, "links": 301}

    in_child(many)
    assert list(snapshot()) == [""]
    assert names(snapshot()) == []


# Lists are exact


@pytest.mark.parametrize(
    ("params", "line"),
    [
        ({"links": [{"type": "bridge", "name": "br0", "addresses": []}]}, "ip address delete 192.0.2.1/24 dev br0"),
        ({"links": [{"type": "bridge", "name": "br0", "routes": []}]}, "ip route delete 10.0.0.0/8 dev br0 scope link"),
        ({"links": [{"type": "bridge", "name": "br0", "ports": []}]}, "ip link set dev x nomaster"),
    ],
)
def test_lists_that_are_given_are_exact(params: Values, line: str) -> None:
    needs_program("ip")
    lay(links=[{"type": "bridge", "name": "br0"}])
    sh("ip link add x type veth peer name y", "ip link set x master br0", "ip address add 192.0.2.1/24 dev br0", "ip route add 10.0.0.0/8 dev br0")
    settled(links=[{"type": "bridge", "name": "br0"}])
    assert four_steps(**params)["commands"] == [line]


def test_lists_need_not_be_exact() -> None:
    needs_program("ip")
    lay(links=[{"type": "bridge", "name": "br0"}])
    sh("ip address add 192.0.2.1/24 dev br0")
    result = lay(links=[{"type": "bridge", "name": "br0", "addresses": ["192.0.2.2/24"], "purge_addresses": False}])
    assert result["commands"] == ["ip address replace 192.0.2.2/24 dev br0"]


# Settings of the host


def test_settings_of_the_host_stay() -> None:
    sysctl: Values = {"net.ipv4.ip_forward": 1, "net.ipv4.conf.default.arp_ignore": 1}
    result = four_steps(sysctl=sysctl)
    assert result["kept"] == []
    before = snapshot()
    result = lay(state="absent", sysctl=sysctl)
    assert (result["changed"], result["kept"]) == (False, sorted(sysctl))
    assert snapshot() == before


# What is refused before anything is touched


REFUSED: List[Any] = [
    pytest.param({"links": [{"type": "bridge", "name": "a", "netns": "nowhere"}]}, "links[0].netns: namespace nowhere does not exist", id="netns"),
    pytest.param(
        {"links": [{"type": "veth", "name": "a", "peer": {"name": "b", "netns": "nowhere"}}]},
        "links[0].peer.netns: namespace nowhere does not exist",
        id="peer-netns",
    ),
    pytest.param({"links": [{"type": "tuntap", "name": "t", "mode": "tap", "master": "nowhere"}]}, "links[0].master: there is no link nowhere", id="master"),
    pytest.param(
        {"links": [{"type": "veth", "name": "a", "peer": {"name": "b", "master": "nowhere"}}]},
        "links[0].peer.master: there is no link nowhere",
        id="peer-master",
    ),
    pytest.param(
        {"links": [{"type": "tuntap", "name": "t", "mode": "tap", "master": "u"}, {"type": "tuntap", "name": "u", "mode": "tap"}]},
        "links[0]",
        id="master-no-bridge",
    ),
    pytest.param({"links": [{"type": "bridge", "name": "a", "ports": [{"name": "nothing"}]}]}, "links[0].ports[0]: there is no link nothing", id="port"),
    pytest.param(
        {
            "links": [
                {"type": "bridge", "name": "a", "ports": [{"name": "t"}]},
                {"type": "bridge", "name": "b", "ports": [{"name": "t"}]},
                {"type": "tuntap", "name": "t", "mode": "tap"},
            ],
        },
        "links[1].ports[0]: t is declared differently as a port in links[0].ports[0]",
        id="port-of-two",
    ),
    pytest.param(
        {
            "links": [
                {"type": "bridge", "name": "a", "ports": [{"name": "t"}]},
                {"type": "bridge", "name": "b"},
                {"type": "tuntap", "name": "t", "mode": "tap", "master": "b"},
            ],
        },
        "links[0].ports[0]: t is declared differently as a port in links[2].master",
        id="port-and-master",
    ),
    pytest.param(
        {
            "links": [{"type": "bridge", "name": "a"}, {"type": "tuntap", "name": "t", "mode": "tun", "master": "a"}],
        },
        "links[1].master: t is a TUN device",
        id="tun-port",
    ),
    pytest.param(
        {"links": [{"type": "bridge", "name": "a", "master": "b"}, {"type": "bridge", "name": "b"}]},
        "links[0].master: a is a bridge, which cannot be a port of a bridge",
        id="bridge-in-bridge",
    ),
    pytest.param(
        {"links": [{"type": "bridge", "name": "a", "ports": [{"name": "b"}]}, {"type": "bridge", "name": "b"}]},
        "which cannot be a port of a bridge",
        id="bridge-as-port",
    ),
    pytest.param({"links": [{"type": "tuntap", "name": "t"}]}, "links[0].mode: missing", id="no-mode"),
    pytest.param({"links": [{"name": "nothing"}]}, "links[0]: there is no link nothing", id="no-link"),
    pytest.param({"links": [{"name": "nothing", "mtu": 1400, "master": "br0"}]}, "links[0]: there is no link nothing", id="no-link-for-a-port"),
    pytest.param({"links": [{"type": "bridge", "name": "a", "stp": True, "forward_delay": 1}]}, "links[0].forward_delay: 1 s", id="forward-delay"),
]


@pytest.mark.parametrize(("params", "words"), REFUSED)
def test_what_cannot_be_is_refused_by_its_path(params: Values, words: str) -> None:
    beside = full()  # the rest of the declaration is never begun
    mixed: Values = {key: [*params.get(key, []), *beside.get(key, [])] for key in {**params, **beside}}
    if _only_missing(words):
        assert any("check mode" in warning for warning in lay(check=True, **mixed)["warnings"])
        assert words in refusal(**mixed)
        return
    refused_always([words], **mixed)


def _only_missing(words: str) -> bool:
    """What an earlier task may make is a warning in check mode."""
    return any(missing in words for missing in ("does not exist", "there is no link"))


def test_an_address_that_is_twice_on_a_network_is_a_warning() -> None:
    params: Values = {
        "namespaces": [{"name": "red"}],
        "links": [
            {"type": "bridge", "name": "br0", "addresses": ["192.0.2.1/24"]},
            {"type": "veth", "name": "a", "master": "br0", "peer": {"name": "b", "netns": "red", "addresses": ["192.0.2.1/24"]}},
        ],
    }
    for check in (True, False, False):
        (warning,) = lay(check=check, **params)["warnings"]
        assert "links[1].peer" in warning
        assert "192.0.2.1" in warning
        assert "br0" in warning


def test_one_address_on_two_networks_is_none() -> None:
    params: Values = {
        "links": [
            {"type": "bridge", "name": "br0", "addresses": ["192.0.2.1/24"]},
            {"type": "bridge", "name": "br1", "addresses": ["192.0.2.1/24"]},
            {"type": "veth", "name": "a", "peer": {"name": "b"}},
        ],
    }
    assert lay(**params)["warnings"] == []


def test_processes_in_a_namespace_that_goes_are_a_warning() -> None:
    lay(namespaces=[{"name": "red"}])

    def stay() -> None:
        with inside("red"):
            os.write(writer, b"!")
            signal.pause()

    reader, writer = os.pipe()
    with child(stay) as process:
        os.read(reader, 1)
        (warning,) = clear()["warnings"]
        assert f"namespace red continues to exist without a name, with its links, until these processes end: {process.pid}" in warning
    os.close(reader)
    os.close(writer)


def test_a_cable_goes_though_something_keeps_its_other_end() -> None:
    """A socket keeps a namespace alive as a process does, and nobody can be asked for it."""
    lay(**full())
    with inside("red"):
        keeper = socket.socket()
    assert clear()["warnings"] == []
    assert names(snapshot()) == []
    keeper.close()


# The diff and the numbers


def test_the_diff_is_yaml_of_what_is_declared() -> None:
    result = lay(**full())
    assert yaml.safe_load(result["diff"]["before"]) == {"routes": [], "rules": []}
    whole = yaml.safe_load(result["diff"]["after"])
    assert [entry["to"] for entry in whole["routes"]] == ["203.0.113.0/24"]
    assert [entry["priority"] for entry in whole["rules"]] == [900]
    after: Dict[str, List[Values]] = {kind: whole[kind] for kind in LISTS}
    assert {kind: [item["name"] for item in items] for kind, items in after.items()} == {kind: [item["name"] for item in full()[kind]] for kind in LISTS}
    assert {item["layout"] for items in after.values() for item in items} == {"lab"}
    assert link_in(after, "up0")["peer"]["addresses"] == ["192.0.2.2/24", "2001:db8::2/64 nodad"]


def test_the_diff_shows_what_changes_and_what_goes() -> None:
    lay(**full())
    params = full()
    link_in(params, "br0")["forward_delay"] = 5
    params["links"].remove(link_in(params, "tun0"))
    result = lay(check=True, **params)
    before, after = (result["diff"][side].splitlines() for side in ("before", "after"))
    assert [line.strip() for line in before if line not in after][:1] == ["forward_delay: 4.0"]
    assert [line.strip() for line in after if line not in before] == ["forward_delay: 5.0"]
    assert any("tun0" in line for line in before)
    assert not any("tun0" in line for line in after)


def test_the_diff_shows_a_route_of_a_namespace_over_a_link() -> None:
    def layout(via: str) -> Values:
        pair = {"type": "veth", "name": "a", "peer": {"name": "b", "netns": "red", "addresses": ["10.0.0.1/24"], "routes": [{"to": "10.8.0.0/16"}]}}
        return {"namespaces": [{"name": "red", "routes": [{"to": "10.9.0.0/16", "via": via}]}], "links": [pair]}

    lay(**layout("10.0.0.2"))
    diff = lay(check=True, **layout("10.0.0.3"))["diff"]
    routes = [yaml.safe_load(diff[when])["namespaces"][0]["routes"] for when in ("before", "after")]
    assert [[(route["to"], route["via"]) for route in one] for one in routes] == [[("10.9.0.0/16", "10.0.0.2")], [("10.9.0.0/16", "10.0.0.3")]]


def test_the_diff_shows_what_is_set_on_the_host_itself() -> None:
    here: Values = {"sysctl": {"net.ipv4.ip_forward": 1}}
    diff = lay(check=True, **here)["diff"]
    assert [yaml.safe_load(diff[when]) for when in ("before", "after")] == [{"sysctl": {"net.ipv4.ip_forward": value}} for value in ("0", "1")]
    here.update(rules=[{"priority": 7, "table": "100"}], routes=[{"to": "10.7.0.0/16", "type": "blackhole"}])
    forth = lay(**here)["diff"]
    assert list(yaml.safe_load(forth["after"])) == ["sysctl", "routes", "rules"]
    back = clear()["diff"]
    assert yaml.safe_load(back["after"]) == {"routes": [], "rules": []}
    assert contradiction(yaml.safe_load(back["before"]), yaml.safe_load(forth["after"])) == ""


def test_there_is_no_diff_unless_asked() -> None:
    assert "diff" not in lay(diff=False, links=[{"type": "bridge", "name": "br0"}])


def test_the_numbers_say_what_becomes_of_each_kind() -> None:
    needs_program("ip")
    sh("ip link add theirs type bridge", "ip link add t1 type veth peer name t2")
    params: Values = {
        "links": [
            {"type": "bridge", "name": "theirs"},
            {"type": "bridge", "name": "br0"},
            {"type": "veth", "name": "t1", "peer": {"name": "t2"}},
            {"type": "veth", "name": "a", "peer": {"name": "b"}},
        ],
    }
    result = four_steps(**params)
    assert counts(result, "created") == {"links": 2}
    assert counts(result, "adopted") == {"links": 2}
    link_in(params, "br0")["priority"] = 5
    result = four_steps(**params)
    assert (counts(result, "created"), counts(result, "changed")) == ({}, {"links": 1})
    result = four_steps(links=[{"type": "bridge", "name": "br0"}])
    assert counts(result, "removed") == {"links": 1}
    assert counts(result, "released") == {"links": 2}


# What a link that goes has, and another one gets


def carried(name: str, near: str = "a", **params: Any) -> Values:
    """A cable into n1 that carries the way out of it."""
    route = {"to": "default", "via": "192.0.2.1"}
    route6 = {"to": "default", "via": "2001:db8::1"}
    peer = {"name": name, "netns": "n1", "addresses": ["192.0.2.2/24", "2001:db8::2/64"], "routes": [route, route6, {"to": "10.0.0.0/8", "table": 7}]}
    return {"namespaces": [{"name": "n1"}], "links": [{"type": "veth", "name": near, "peer": peer, **params}]}


@pytest.mark.parametrize(
    "after", [carried("eth1"), carried("eth1", near="b"), carried("eth0", near="b"), carried("eth0", num_tx_queues=3, recreate=True)], ids=str
)
def test_routes_and_addresses_move_from_a_link_that_goes_to_a_new_one(after: Values) -> None:
    with private_network():
        lay(**after)
        expected = snapshot_at_rest()
    lay(**carried("eth0"))
    four_steps(**after)
    assert portable(snapshot_at_rest()) == portable(expected)


def test_a_route_moves_from_a_link_of_the_layout_to_one_that_is_given_back() -> None:
    needs_program("ip")
    sh("ip link add old type bridge && ip link set old up && ip address add 192.0.2.9/24 dev old && ip route add 10.0.0.0/8 dev old proto static")
    before = snapshot()
    bridge = {"type": "bridge", "name": "new", "routes": [{"to": "10.0.0.0/8"}]}
    lay(links=[{"type": "bridge", "name": "old", "routes": []}, bridge])
    four_steps(links=[])
    assert not difference(before, snapshot())


@pytest.mark.parametrize("fresh", [True, False])
def test_a_namespace_has_its_id_before_a_cable_makes_the_kernel_choose_one(fresh: bool) -> None:
    params = {"namespaces": [{"name": "n1", "nsid": 77}], "links": [{"type": "veth", "name": "a", "peer": {"name": "b", "netns": "n1"}}]}
    if not fresh:
        lay(namespaces=[{"name": "n1"}])
    four_steps(**params)
    assert "nsid 77 " in ip("ip", "netns", "list-id")


def test_the_id_of_a_new_namespace_goes_with_it_where_the_layout_fails() -> None:
    params: Values = {
        "namespaces": [{"name": "n1", "nsid": 77}],
        "links": [{"type": "bridge", "name": "b", "routes": [{"to": "10.0.0.0/8", "via": "192.0.2.1"}]}],
    }
    assert "The host is as it was before" in refusal(**params)


def test_a_new_device_has_its_group() -> None:
    four_steps(links=[{"type": "tuntap", "name": "t", "mode": "tap", "link_group": 5}])
    assert shown("t")["group"] == "5"


# Links that are there already


def test_a_link_of_any_kind_becomes_a_port() -> None:
    needs_program("ip")
    sh("ip link add card type veth peer name world")
    before = snapshot()
    params: Values = {
        "links": [{"type": "bridge", "name": "br0"}, {"name": "card", "master": "br0", "port": {"cost": 9}}],
    }
    result = four_steps(**params)
    assert counts(result, "adopted") == {"links": 1}
    assert shown("card")["master"] == "br0"
    clear()
    assert not difference(before, snapshot())


# Kernel settings and links of one declaration


def test_settings_that_name_no_link_are_there_before_the_links() -> None:
    four_steps(
        namespaces=[{"name": "b", "sysctl": {"net.ipv6.conf.default.disable_ipv6": 1, "net.ipv4.conf.default.rp_filter": 2}}],
        links=[{"type": "veth", "name": "a", "peer": {"name": "b0", "netns": "b"}}],
    )
    with inside("b"):
        assert [Path(f"/proc/sys/net/{key}").read_text().strip() for key in ("ipv6/conf/b0/disable_ipv6", "ipv4/conf/b0/rp_filter")] == ["1", "2"]


def test_a_setting_may_name_a_link_that_the_layout_creates() -> None:
    bridge: Values = {"type": "bridge", "name": "vw0"}
    four_steps(sysctl={"net.ipv4.conf.vw0.proxy_arp": 1}, links=[bridge])
    assert Path("/proc/sys/net/ipv4/conf/vw0/proxy_arp").read_text() == "1\n"
    clear()
    lay(namespaces=[{"name": "red"}])
    four_steps(namespaces=[{"name": "red", "sysctl": {"net.ipv4.conf.vw0.proxy_arp": 1}}], links=[{**bridge, "netns": "red"}])
    words = ["sysctl.net.ipv4.conf.vw1.proxy_arp", "no such setting"]
    refused_always(words, namespaces=[{"name": "red", "sysctl": {"net.ipv4.conf.vw1.proxy_arp": 1}}], links=[{**bridge, "netns": "red"}])


def test_a_bridge_with_a_port_of_another_layout_is_not_deleted() -> None:
    lay(links=[{"type": "bridge", "name": "br0"}])
    lay(name="guests", links=[{"type": "tuntap", "name": "tap0", "mode": "tap", "master": "br0"}])
    in_the_way("br0 cannot be deleted, as its port tap0 belongs to layout guests", state="absent")
    clear(name="guests")
    run("vnet_tuntap", name="tap1", mode="tap", master="br0")
    result = four_steps(state="absent")
    assert any("tap1 is not a port any more, as its bridge br0 is deleted" in warning for warning in result["warnings"])


def test_an_address_without_a_prefix_is_told_with_an_unreachable_gateway() -> None:
    link = {"type": "bridge", "name": "br0", "addresses": ["10.0.0.9"], "routes": [{"to": "default", "via": "10.0.0.1"}]}
    assert "(without a prefix length such as /24, 10.0.0.9 is a single address)" in refusal(links=[link])


def test_ports_of_others_do_not_change_the_mtu_of_a_new_bridge() -> None:
    """The kernel keeps an MTU that was changed before the first port came."""
    lay(links=[{"type": "bridge", "name": "br0", "mtu": 9000}, {"type": "veth", "name": "a", "mtu": 9000, "master": "br0", "peer": {"name": "b"}}])
    sh("ip link add c type veth peer name d", "ip link set c master br0")
    assert shown("br0")["mtu"] == 9000


def test_settings_of_a_port_that_its_bridge_does_not_list() -> None:
    needs_program("ip")
    sh("ip link add br0 type bridge", *(f"ip link add p{number} master br0 type veth peer name q{number}" for number in (0, 1)))
    links: List[Values] = [{"type": "bridge", "name": "br0", "ports": [{"name": "p0"}]}, {"name": "p1", "port": {"isolated": True}}]
    refused_always(["links[1].port: p1 is not listed in ports of br0, so that it is no port; list it there"], links=links)
    four_steps(links=[{**links[0], "purge_ports": False}, links[1]])
