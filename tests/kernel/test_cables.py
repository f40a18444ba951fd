# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cables whose ends are somewhere else than they were made."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from typing import Any, Dict, Iterator, Tuple

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from features import needs_program
from support import four_steps, portable, run, sh, snapshot

Values = Dict[str, Any]
MAC = "02:00:00:00:00:01"
NEAR: Values = {"mac": MAC, "addresses": ["192.0.2.1/24", "2001:db8::1/64 nodad"], "routes": [{"to": "198.51.100.0/24", "via": "192.0.2.2"}]}
FAR: Values = {"mtu": 1400, "alias": "far", "addresses": ["192.0.2.2/24", "2001:db8::2/64 nodad"], "routes": [{"to": "default", "via": "192.0.2.1"}]}


@pytest.fixture(autouse=True)
def places() -> None:
    for name in ("red", "blue", "green"):
        run("vnet_netns", name=name)


def _cable(near: str = "red", far: str = "blue", **more: Any) -> Values:
    return four_steps("vnet_veth", name="a", netns=near, peer=dict(FAR, name="b", netns=far), **NEAR, **more)


def _where() -> Dict[str, str]:
    """In which namespace each link is."""
    return {link["name"]: netns for netns, network in snapshot().items() for link in network["links"] if link["kind"]}


def _indexes() -> Dict[str, int]:
    return {link["name"]: link["index"] for network in snapshot().values() for link in network["links"] if link["kind"]}


def _move(name: str, before: str, after: str) -> None:
    needs_program("ip")
    sh(f"ip {f'-n {before} ' if before else ''}link set dev {name} netns {after or os.getpid()}")


MOVES = [
    pytest.param([("a", "red", "blue")], id="near-to-far"),
    pytest.param([("b", "blue", "red")], id="far-to-near"),
    pytest.param([("a", "red", "blue"), ("b", "blue", "red")], id="both"),
]


@pytest.mark.parametrize("moves", MOVES)
def test_an_end_that_was_moved_comes_home_with_all_it_had(moves: Any) -> None:
    _cable()
    before = portable(snapshot())
    for move in moves:
        _move(*move)
    indexes = _indexes()
    assert _cable()["changed"]
    assert portable(snapshot()) == before
    assert _where() == {"a": "red", "b": "blue"}
    assert indexes.keys() == _indexes().keys()


@pytest.mark.parametrize("moves", MOVES)
def test_a_cable_is_moved_and_not_made_anew(moves: Any) -> None:
    run("vnet_veth", name="a", netns="red", peer=dict(name="b", netns="blue"))
    macs = {link["name"]: link["address"] for network in snapshot().values() for link in network["links"] if link["kind"]}
    for move in moves:
        _move(*move)
    four_steps("vnet_veth", name="a", netns="red", peer=dict(name="b", netns="blue"))
    assert macs == {link["name"]: link["address"] for network in snapshot().values() for link in network["links"] if link["kind"]}


def test_a_port_that_was_moved_comes_back_into_its_bridge() -> None:
    run("vnet_bridge", name="br0", netns="red")
    cable: Values = {"name": "a", "netns": "red", "master": "br0", "port": {"hairpin": True, "cost": 50}, "peer": {"name": "b", "netns": "blue"}}
    four_steps("vnet_veth", **cable)
    before = portable(snapshot())
    _move("a", "red", "blue")
    assert four_steps("vnet_veth", **cable)["changed"]
    assert portable(snapshot()) == before


def test_an_end_that_comes_home_is_where_it_was_if_the_run_fails() -> None:
    needs_program("ip")
    run("vnet_bridge", name="br9", netns="blue")
    run("vnet_veth", name="a", netns="red", peer={"name": "b", "netns": "blue"})
    _move("a", "red", "blue")
    sh("ip -n blue link set dev a up master br9", "bridge -n blue link set dev a cost 77 learning off")
    before = snapshot()
    with pytest.raises(VnetError, match="The host is as it was before"):
        run("vnet_veth", name="a", netns="red", routes=[{"to": "default", "via": "203.0.113.9"}], peer={"name": "b", "netns": "blue"})
    assert snapshot() == before


@pytest.mark.parametrize(("near", "far"), [("red", "red"), ("", "red"), ("red", ""), ("", "")])
def test_a_cable_between_any_two_places(near: str, far: str) -> None:
    result = _cable(near, far)
    assert _where() == {"a": near, "b": far}
    assert not four_steps("vnet_veth", **result["veth"])["changed"]


def test_swapped_ends_go_home() -> None:
    _cable("red", "blue")
    _cable("blue", "red")
    assert _where() == {"a": "blue", "b": "red"}


# Another peer


@pytest.mark.parametrize(
    ("peer", "said"),
    [
        ({"name": "c", "netns": "blue"}, "its peer is b in namespace blue, not c"),
        ({"name": "b", "netns": "green"}, "its peer is"),
        ({"name": "c", "netns": "red"}, "its peer is"),
        ({"name": "b", "netns": "red"}, "its peer is"),
    ],
)
def test_a_cable_with_another_peer_is_an_error_unless_recreated(peer: Values, said: str) -> None:
    _cable()
    before, indexes = snapshot(), _indexes()
    with pytest.raises(VnetError, match=f"{said}.*recreate: true"):
        run("vnet_veth", name="a", netns="red", peer=peer)
    assert snapshot() == before
    result = four_steps("vnet_veth", name="a", netns="red", peer=peer, recreate=True)
    assert result["changed"]
    assert _where() == {"a": "red", peer["name"]: peer["netns"]}
    assert _indexes()["a"] != indexes["a"]


@pytest.mark.parametrize("recreate", [False, True])
def test_the_name_of_the_peer_is_taken_by_another_link(recreate: bool) -> None:
    run("vnet_bridge", name="b", netns="blue")
    before = snapshot()
    with pytest.raises(VnetError, match=r"b.*used.*a bridge"):
        run("vnet_veth", name="a", netns="red", peer=dict(name="b", netns="blue"), recreate=recreate)
    assert snapshot() == before


def test_the_home_of_a_moved_end_is_taken_by_another_link() -> None:
    _cable()
    _move("a", "red", "blue")
    run("vnet_bridge", name="a", netns="red")
    before = snapshot()
    with pytest.raises(VnetError, match="a bridge"):
        run("vnet_veth", name="a", netns="red", peer=dict(name="b", netns="blue"))
    assert snapshot() == before


def test_another_cable_of_the_same_name_in_the_far_place_is_left_alone() -> None:
    run("vnet_veth", name="a", netns="blue", peer=dict(name="c", netns="green"))
    _cable()
    assert {"a": "red", "b": "blue", "c": "green"}.items() <= {**_where(), "a": "red"}.items()
    assert len([1 for network in snapshot().values() for link in network["links"] if link["name"] == "a"]) == 2


def test_recreating_a_cable_keeps_nothing_of_the_old_one() -> None:
    _cable()
    indexes = _indexes()
    four_steps("vnet_veth", name="a", netns="red", num_tx_queues=3, peer=dict(name="b", netns="blue"), recreate=True)
    assert _indexes()["a"] != indexes["a"]
    assert set(_where()) == {"a", "b"}
    assert [address for network in snapshot().values() for address in network["addresses"] if address["index"] != 1] == []


# Places by path


@contextmanager
def _process(netns: str) -> Iterator[int]:
    needs_program("ip")
    process = subprocess.Popen(["ip", "netns", "exec", netns, "sh", "-c", "echo; exec sleep 60"], stdout=subprocess.PIPE)
    try:
        assert process.stdout
        process.stdout.readline()
        yield process.pid
    finally:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()


def _paths(pid: int) -> Tuple[str, str]:
    return f"/proc/{pid}/ns/net", "/run/netns/blue"


def test_a_peer_in_a_place_given_by_path() -> None:
    with _process("blue") as pid:
        for path in _paths(pid):
            assert _cable("red", path)["changed"]
            assert _where() == {"a": "red", "b": "blue"}
            assert not _cable("red", "blue")["changed"]
            assert four_steps("vnet_veth", name="a", netns="red", state="absent")["changed"]


def test_a_near_end_in_a_place_given_by_path() -> None:
    with _process("red") as pid:
        assert _cable(f"/proc/{pid}/ns/net", "blue")["changed"]
        assert not _cable("/run/netns/red", "blue")["changed"]
        assert not _cable("red", "/run/netns/blue")["changed"]
        assert four_steps("vnet_veth", name="b", netns=f"/proc/{pid}/ns/net", peer=dict(name="a"), state="absent")["changed"] is False
        assert four_steps("vnet_veth", name="a", netns=f"/proc/{pid}/ns/net", state="absent")["changed"]


def test_one_place_spelled_in_two_ways_is_one_place() -> None:
    assert _cable("red", "/run/netns/red")["changed"]
    assert not _cable("/run/netns/red", "red")["changed"]
    assert _where() == {"a": "red", "b": "red"}


def test_an_end_that_was_moved_comes_home_by_path() -> None:
    _cable()
    _move("a", "red", "blue")
    assert _cable("/run/netns/red", "/run/netns/blue")["changed"]
    assert _where() == {"a": "red", "b": "blue"}


def test_one_name_for_both_ends_in_one_place_is_refused_in_every_spelling() -> None:
    before = snapshot()
    with pytest.raises(VnetError):
        run("vnet_veth", name="a", netns="red", peer=dict(name="a", netns="/run/netns/red"))
    assert snapshot() == before


@pytest.mark.parametrize("path", ["/run/netns/none", "/proc/1/ns/none"])
def test_a_path_that_leads_nowhere_is_an_error(path: str) -> None:
    with pytest.raises(VnetError, match=path):
        run("vnet_veth", name="a", peer=dict(name="b", netns=path))
    assert _where() == {}


@pytest.mark.parametrize("path", ["/etc/hostname", "/proc/self/ns/mnt"])
def test_a_path_to_something_else_is_an_error(path: str) -> None:
    with pytest.raises(VnetError, match=path):
        run("vnet_veth", name="a", peer=dict(name="b", netns=path))
    assert _where() == {}


# Removal


@pytest.mark.parametrize(
    "params",
    [
        {"name": "a", "netns": "red"},
        {"name": "b", "netns": "blue"},
        {"name": "a", "netns": "red", "peer": {"name": "b", "netns": "blue"}},
        {"name": "b", "netns": "blue", "peer": {"name": "a", "netns": "red"}},
        {"name": "a", "netns": "/run/netns/red"},
    ],
)
def test_removing_one_end_removes_both(params: Values) -> None:
    _cable()
    result = four_steps("vnet_veth", state="absent", **params)
    assert result["changed"]
    assert len(result["commands"]) == 1
    assert _where() == {}


def test_a_moved_cable_is_removed_where_it_is() -> None:
    _cable()
    _move("a", "red", "blue")
    assert four_steps("vnet_veth", name="a", netns="red", peer=dict(name="b", netns="blue"), state="absent")["changed"]
    assert _where() == {}


def test_a_link_of_another_kind_is_not_removed() -> None:
    run("vnet_bridge", name="a", netns="red")
    before = snapshot()
    with pytest.raises(VnetError, match="a bridge"):
        run("vnet_veth", name="a", netns="red", state="absent")
    assert snapshot() == before
