# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Layouts as a whole: one task builds everything in the right order, and says what it does."""

from __future__ import annotations

import os
import resource as limits
import signal
import socket
from typing import Any, Dict, List

import pytest
import yaml
from features import needs_program
from layouts import MARK, aliases, clear, counts, four_steps, full, lay, mac, names, refusal, refused_always, settled
from processes import child, in_child
from support import Values, difference, inside, portable, private_network, resource, run, sh, shown, snapshot


def turned(params: Values) -> Values:
    """The same with every list of items the other way round, and the lists too."""
    return {key: list(reversed(params[key])) for key in reversed(list(params))}


def test_one_task_builds_everything_and_finds_nothing_to_do_then() -> None:
    result = four_steps(**full())
    assert counts(result, "made") == counts(result, "declared") == {"namespaces": 2, "bridges": 2, "tuntaps": 2, "veths": 3}
    assert names(snapshot()) == sorted(
        ["/br0", "/tap0", "/up0", "/h2", "blue/b1", "blue/h1", "blue/tun0", "red/eth0", "red/inner", "red/r1"],
    )
    assert {alias.split(" ")[0] for alias in aliases(snapshot()).values()} == {MARK}
    assert {key for key in aliases(snapshot()) if key.endswith("/lo")} == {"red/lo", "blue/lo"}


def test_the_order_of_a_declaration_has_no_meaning() -> None:
    with private_network():
        lay(**full())
        expected = portable(snapshot())
    lay(**turned(full()))
    assert not difference(expected, portable(snapshot()))
    settled(**full())


def test_nothing_of_the_making_is_left() -> None:
    """The group that says which layout makes a link is gone when it is made."""
    needs_program("ip")
    lay(**full())
    groups = {shown(name, netns)["group"] for netns, name in (key.split("/") for key in names(snapshot())) if name != "b1"}
    assert groups == {"default"}


def test_an_empty_layout_is_one_that_does_nothing() -> None:
    settled()
    settled(state="absent")
    settled(namespaces=[], bridges=[], tuntaps=[], veths=[], links=[])


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
        bridges=[{"name": "br0", "mac": mac(1), "priority": 9}],
        tuntaps=[{"name": "tap0", "mode": "tap", "mac": mac(2), "master": "br0", "port": {"cost": 5}}],
        veths=[{"name": "a", "mac": mac(3), "master": "br0", "peer": {"name": "b", "netns": "red", "mac": mac(4), "addresses": ["192.0.2.1/24"]}}],
    )
    state = portable(snapshot())
    for network in state.values():
        for link in network["links"].values():
            assert link["name"] == "lo" or link.pop("alias") == MARK
            link.pop("alias", None)
    assert not difference(expected, state)


def test_the_result_of_a_module_is_an_item() -> None:
    bridge = resource("vnet_bridge", run("vnet_bridge", name="br0", mac=mac(1), priority=9, addresses=["192.0.2.1/24"]))
    cable = resource("vnet_veth", run("vnet_veth", name="a", master="br0", peer={"name": "b"}))
    result = lay(bridges=[bridge], veths=[cable])
    assert all(" alias " in line for line in result["commands"]), result["commands"]
    assert counts(result, "adopted") == {"bridges": 1, "veths": 1}
    assert counts(result, "changed") == {}


@pytest.mark.parametrize("path", ["/run/netns/red", "/var/run/netns/red"])
def test_a_namespace_of_the_layout_may_be_given_by_its_path(path: str) -> None:
    params: Values = {"namespaces": [{"name": "red"}], "bridges": [{"name": "br0", "netns": path}]}
    four_steps(**params)
    settled(namespaces=[{"name": "red"}], bridges=[{"name": "br0", "netns": "red"}])
    clear()
    assert list(snapshot()) == [""]


def test_there_may_be_more_namespaces_than_files_that_a_process_may_open() -> None:

    def many() -> None:
        limits.setrlimit(limits.RLIMIT_NOFILE, (256, 256))
        numbers = range(300)
        params: Values = {
            "namespaces": [{"name": f"n{number}"} for number in numbers],
            "bridges": [{"name": "br0"}],
            "veths": [{"name": f"v{number}", "master": "br0", "peer": {"name": "eth0", "netns": f"n{number}"}} for number in numbers],
        }
        assert counts(lay(**params), "made") == {"namespaces": 300, "bridges": 1, "veths": 300}
        assert lay(**params)["changed"] is False
        assert counts(clear(), "removed") == {"namespaces": 300, "bridges": 1, "veths": 300}

    in_child(many)
    assert list(snapshot()) == [""]
    assert names(snapshot()) == []


# Lists are exact


@pytest.mark.parametrize(
    ("params", "line"),
    [
        ({"bridges": [{"name": "br0", "addresses": []}]}, "ip address delete 192.0.2.1/24 dev br0"),
        ({"bridges": [{"name": "br0", "routes": []}]}, "ip route delete 10.0.0.0/8 dev br0 scope link"),
        ({"bridges": [{"name": "br0", "ports": []}]}, "ip link set dev x nomaster"),
    ],
)
def test_lists_that_are_given_are_exact(params: Values, line: str) -> None:
    needs_program("ip")
    lay(bridges=[{"name": "br0"}])
    sh("ip link add x type veth peer name y", "ip link set x master br0", "ip address add 192.0.2.1/24 dev br0", "ip route add 10.0.0.0/8 dev br0")
    settled(bridges=[{"name": "br0"}])
    assert four_steps(**params)["commands"] == [line]


def test_lists_need_not_be_exact() -> None:
    needs_program("ip")
    lay(bridges=[{"name": "br0"}])
    sh("ip address add 192.0.2.1/24 dev br0")
    result = lay(bridges=[{"name": "br0", "addresses": ["192.0.2.2/24"], "purge_addresses": False}])
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
    pytest.param({"bridges": [{"name": "a", "netns": "nowhere"}]}, "bridges[0].netns: namespace nowhere does not exist", id="netns"),
    pytest.param(
        {"veths": [{"name": "a", "peer": {"name": "b", "netns": "nowhere"}}]}, "veths[0].peer.netns: namespace nowhere does not exist", id="peer-netns"
    ),
    pytest.param({"tuntaps": [{"name": "t", "mode": "tap", "master": "nowhere"}]}, "tuntaps[0].master: there is no bridge nowhere", id="master"),
    pytest.param({"veths": [{"name": "a", "peer": {"name": "b", "master": "nowhere"}}]}, "veths[0].peer.master: there is no bridge nowhere", id="peer-master"),
    pytest.param({"tuntaps": [{"name": "t", "mode": "tap", "master": "u"}, {"name": "u", "mode": "tap"}]}, "tuntaps[0]", id="master-no-bridge"),
    pytest.param({"bridges": [{"name": "a", "ports": [{"name": "nothing"}]}]}, "bridges[0].ports[0]: there is no link nothing", id="port"),
    pytest.param(
        {"bridges": [{"name": "a", "ports": [{"name": "t"}]}, {"name": "b", "ports": [{"name": "t"}]}], "tuntaps": [{"name": "t", "mode": "tap"}]},
        "bridges[1].ports[0]: t is said to be another port by bridges[0].ports[0]",
        id="port-of-two",
    ),
    pytest.param(
        {"bridges": [{"name": "a", "ports": [{"name": "t"}]}, {"name": "b"}], "tuntaps": [{"name": "t", "mode": "tap", "master": "b"}]},
        "bridges[0].ports[0]: t is said to be another port by tuntaps[0].master",
        id="port-and-master",
    ),
    pytest.param({"bridges": [{"name": "a"}], "tuntaps": [{"name": "t", "mode": "tun", "master": "a"}]}, "tuntaps[0].master: t is a TUN device", id="tun-port"),
    pytest.param({"bridges": [{"name": "a", "master": "b"}]}, "bridges[0]: there is no option master", id="bridge-in-bridge"),
    pytest.param({"bridges": [{"name": "a", "ports": [{"name": "b"}]}, {"name": "b"}]}, "which cannot be the port of a bridge", id="bridge-as-port"),
    pytest.param({"tuntaps": [{"name": "t"}]}, "tuntaps[0].mode: missing", id="no-mode"),
    pytest.param({"links": [{"name": "nothing"}]}, "links[0]: there is no link nothing", id="no-link"),
    pytest.param({"links": [{"name": "nothing", "mtu": 1400, "master": "br0"}]}, "links[0]: there is no link nothing", id="no-link-for-a-port"),
    pytest.param({"bridges": [{"name": "a", "stp": True, "forward_delay": 1}]}, "bridges[0].forward_delay: 1 s", id="forward-delay"),
]


@pytest.mark.parametrize(("params", "words"), REFUSED)
def test_what_cannot_be_is_refused_by_its_path(params: Values, words: str) -> None:
    beside = full()  # the rest of the declaration is never begun
    mixed: Values = {key: [*params.get(key, []), *beside.get(key, [])] for key in {**params, **beside}}
    if _only_missing(words):
        assert any("in check mode" in warning for warning in lay(check=True, **mixed)["warnings"])
        assert words in refusal(**mixed)
        return
    refused_always([words], **mixed)


def _only_missing(words: str) -> bool:
    """What an earlier task may make is a warning in check mode."""
    return any(missing in words for missing in ("does not exist", "there is no bridge", "there is no link"))


def test_an_address_that_is_twice_on_a_network_is_a_warning() -> None:
    params: Values = {
        "namespaces": [{"name": "red"}],
        "bridges": [{"name": "br0", "addresses": ["192.0.2.1/24"]}],
        "veths": [{"name": "a", "master": "br0", "peer": {"name": "b", "netns": "red", "addresses": ["192.0.2.1/24"]}}],
    }
    for check in (True, False, False):
        (warning,) = lay(check=check, **params)["warnings"]
        assert "veths[0].peer" in warning
        assert "192.0.2.1" in warning
        assert "br0" in warning


def test_one_address_on_two_networks_is_none() -> None:
    params: Values = {
        "bridges": [{"name": "br0", "addresses": ["192.0.2.1/24"]}, {"name": "br1", "addresses": ["192.0.2.1/24"]}],
        "veths": [{"name": "a", "peer": {"name": "b"}}],
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
        assert f"namespace red lives on without a name, with its links, until these processes end: {process.pid}" in warning
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
    assert yaml.safe_load(result["diff"]["before"]) in (None, {}, "")
    after: Dict[str, List[Values]] = yaml.safe_load(result["diff"]["after"])
    assert {kind: [item["name"] for item in items] for kind, items in after.items()} == {
        kind: [item["name"] for item in items] for kind, items in full().items()
    }
    assert {item["layout"] for items in after.values() for item in items} == {"lab"}
    assert after["veths"][0]["peer"]["addresses"] == ["192.0.2.2/24", "2001:db8::2/64 nodad"]


def test_the_diff_shows_what_changes_and_what_goes() -> None:
    lay(**full())
    params = full()
    params["bridges"][0]["forward_delay"] = 5
    del params["tuntaps"][1]
    result = lay(check=True, **params)
    before, after = (result["diff"][side].splitlines() for side in ("before", "after"))
    assert [line.strip() for line in before if line not in after][:1] == ["forward_delay: 4.0"]
    assert [line.strip() for line in after if line not in before] == ["forward_delay: 5.0"]
    assert any("tun0" in line for line in before)
    assert not any("tun0" in line for line in after)


def test_there_is_no_diff_unless_asked() -> None:
    assert "diff" not in lay(diff=False, bridges=[{"name": "br0"}])


def test_the_numbers_say_what_becomes_of_each_kind() -> None:
    needs_program("ip")
    sh("ip link add theirs type bridge", "ip link add t1 type veth peer name t2")
    params: Values = {
        "bridges": [{"name": "theirs"}, {"name": "br0"}],
        "veths": [{"name": "t1", "peer": {"name": "t2"}}, {"name": "a", "peer": {"name": "b"}}],
    }
    result = four_steps(**params)
    assert counts(result, "made") == {"bridges": 1, "veths": 1}
    assert counts(result, "adopted") == {"bridges": 1, "veths": 1}
    params["bridges"][1]["priority"] = 5
    result = four_steps(**params)
    assert (counts(result, "made"), counts(result, "changed")) == ({}, {"bridges": 1})
    result = four_steps(bridges=[{"name": "br0"}])
    assert counts(result, "removed") == {"veths": 1}
    assert counts(result, "released") == {"bridges": 1, "veths": 1}


# Links that are there already


def test_a_link_of_any_kind_becomes_a_port() -> None:
    needs_program("ip")
    sh("ip link add card type veth peer name world")
    before = snapshot()
    params: Values = {"bridges": [{"name": "br0"}], "links": [{"name": "card", "master": "br0", "port": {"cost": 9}}]}
    result = four_steps(**params)
    assert counts(result, "adopted") == {"links": 1}
    assert shown("card")["master"] == "br0"
    clear()
    assert not difference(before, snapshot())
