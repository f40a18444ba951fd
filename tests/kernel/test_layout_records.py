# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What layouts own is recorded under /run/nfv-vnet: whoever rules a namespace cannot change that, and what is wrong there is one sentence."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import List

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _lock
from ansible_collections.nfv.vnet.plugins.module_utils._records import FIRST_INDEX, FORMAT
from features import needs_program
from layouts import (
    NAME,
    REGISTRY,
    clear,
    counts,
    four_steps,
    full,
    info,
    lay,
    mac,
    names,
    owners,
    records,
    refusal,
    refused_always,
    settled,
    small,
)
from processes import Child
from support import Values, difference, inside, ip, private_network, run, sh, shown, snapshot


def guest() -> Values:
    """A layout with a namespace that a guest rules: its cable, and a bridge inside."""
    return {
        "namespaces": [{"name": "guest"}, {"name": "other"}],
        "links": [
            {"type": "bridge", "name": "br0", "mac": mac(1)},
            {"type": "veth", "name": "g0", "mac": mac(2), "master": "br0", "peer": {"name": "eth0", "netns": "guest", "mac": mac(3)}},
            {"type": "bridge", "name": "inner", "netns": "guest", "mac": mac(4)},
            {"type": "veth", "name": "o0", "mac": mac(5), "master": "br0", "peer": {"name": "eth0", "netns": "other", "mac": mac(6)}},
        ],
    }


def index_of(name: str, netns: str = "") -> int:
    return int(shown(name, netns)["ifindex"])


# What a guest does in its namespace changes nothing outside


ODD = [
    "nfv.vnet:lab",
    'nfv.vnet:lab:{"r":5}',
    'nfv.vnet:lab:{"a":[1]}',
    "nfv.vnet:lab:[]",
    "nfv.vnet:other:{}",
    'nfv.vnet:lab:{"mtu":"x"}',
]


@pytest.mark.parametrize("text", ODD)
def test_an_alias_means_nothing(text: str) -> None:
    needs_program("ip")
    sh("ip netns add theirs", f"ip -n theirs link set lo alias '{text}'", f"ip link add d0 type veth peer name d1; ip link set d0 alias '{text}'")
    before = snapshot()
    four_steps(**full())
    assert not {"/d0", "theirs/lo"} & set(owners())
    clear()
    assert not difference(before, snapshot())


def test_links_that_look_like_ours_stay_theirs() -> None:
    """The records are no secret, so a guest may give its links the same index, kind, name and MAC address."""
    needs_program("ip")
    lay(**guest())
    near, far = index_of("g0"), index_of("eth0", "guest")
    bridge = index_of("br0")
    sh(
        f"ip -n guest link add br0 index {bridge} address {mac(1)} type bridge",
        "ip -n guest link delete eth0",
        f"ip -n guest link add g0 index {near} address {mac(2)} type veth peer name eth0 index {far} address {mac(3)}",
    )
    outside = {key: owner for key, owner in owners().items() if not key.startswith("guest/")}
    assert outside == {"/br0": NAME, "/o0": NAME, "other/lo": NAME, "other/eth0": NAME}
    clear()
    assert [name for name in names(snapshot()) if not name.startswith("guest/")] == []
    assert "other" not in snapshot()


@pytest.mark.parametrize(
    "lines",
    [
        ["ip -n guest link set eth0 down", "ip -n guest link set eth0 name renamed"],
        ["ip -n guest link set lo down", "ip -n guest link set lo name x", "ip -n guest link set eth0 down", "ip -n guest link set eth0 name lo"],
        ["ip -n guest link delete inner", f"ip -n guest link add inner address {mac(4)} type bridge"],
        ["ip -n guest link delete eth0", "ip -n guest link add eth0 type bridge"],
        ["ip -n guest link set lo alias x", "ip -n guest link set inner alias 'nfv.vnet:other'", "ip -n guest link set eth0 alias ''"],
        ["ip -n guest link delete inner", "ip -n guest link delete eth0"],
        [f"ip -n guest link add d{number} type bridge" for number in range(50)],
        [f"ip -n guest link add v{number} type veth peer name w{number}" for number in range(30)],
    ],
    ids=["renames", "renames-lo", "recreates", "replaces", "writes-aliases", "deletes", "floods", "floods-with-cables"],
)
def test_whatever_a_guest_does_the_others_are_ours_as_before(lines: List[str]) -> None:
    needs_program("ip")
    lay(**guest())
    before = {key: owner for key, owner in owners().items() if not key.startswith("guest/")}
    sh(*lines)
    now = {key: owner for key, owner in owners().items() if not key.startswith("guest/")}
    assert now == {key: owner for key, owner in before.items() if key in now}
    assert set(before) - set(now) <= {"/g0"}, "the other end of what the guest deleted"
    lay(name="another", links=[{"type": "bridge", "name": "br9", "netns": "other"}])
    settled(name="another", links=[{"type": "bridge", "name": "br9", "netns": "other"}])
    clear(name="another")
    result = clear()
    assert {name for name in names(snapshot()) if not name.startswith("guest/")} == set()
    kept = "guest" in snapshot()
    assert kept == any("namespace guest is kept, as it contains" in warning for warning in result["warnings"])
    assert set(snapshot()) == {"", "guest"} if kept else {""}


def test_what_a_guest_moved_out_of_its_namespace_is_ours_there() -> None:
    needs_program("ip")
    lay(**guest())
    sh("ip netns add elsewhere", "ip -n guest link set eth0 netns elsewhere")
    assert owners()["elsewhere/eth0"] == NAME
    four_steps(**guest())
    assert names(snapshot()) == ["/br0", "/g0", "/o0", "guest/eth0", "guest/inner", "other/eth0"]
    clear()
    assert names(snapshot()) == []
    assert set(snapshot()) == {"", "elsewhere"}


def test_a_namespace_that_somebody_created_in_the_place_of_ours_is_theirs() -> None:
    needs_program("ip")
    lay(namespaces=[{"name": "red"}])
    sh("ip netns delete red", "ip netns add red", "ip -n red link set lo up")
    assert owners() == {}
    result = four_steps(namespaces=[{"name": "red"}])
    assert counts(result, "adopted") == {"namespaces": 1}
    clear()
    assert set(snapshot()) == {"", "red"}


def test_a_namespace_is_ours_under_another_name() -> None:
    needs_program("ip")
    lay(namespaces=[{"name": "red"}])
    sh("touch /run/netns/blue", "mount --bind /run/netns/red /run/netns/blue", "ip netns delete red")
    clear()
    assert set(snapshot()) == {""}


def test_a_link_in_a_namespace_that_was_given_by_path_is_found_again() -> None:
    needs_program("ip")
    sh("ip netns add red", "touch /run/elsewhere", "mount --bind /run/netns/red /run/elsewhere", "ip netns delete red")
    lay(links=[{"type": "bridge", "name": "br0", "netns": "/run/elsewhere"}, {"type": "bridge", "name": "br1"}])
    four_steps(links=[{"type": "bridge", "name": "br1"}])
    assert "br0" not in ip("nsenter", "--net=/run/elsewhere", "ip", "link")
    clear()
    sh("umount /run/elsewhere")


def test_a_guest_that_takes_an_index_cannot_take_a_link() -> None:
    """Its end gets another index if it moves it to where that one is taken."""
    needs_program("ip")
    lay(**guest())
    far = index_of("eth0", "guest")
    sh("ip netns add nested", f"ip -n nested link add taken index {far} type bridge", "ip -n guest link set eth0 netns nested")
    assert index_of("eth0", "nested") != far
    assert owners()["/g0"] == NAME
    clear()
    assert [name for name in names(snapshot()) if not name.startswith("nested/")] == []


def test_an_index_of_another_layout_takes_nothing_from_it() -> None:
    needs_program("ip")
    lay(name="other", namespaces=[{"name": "theirs"}], links=[{"type": "bridge", "name": "b", "netns": "theirs"}])
    lay(namespaces=[{"name": "guest"}])
    sh(f"ip -n guest link add d0 index {index_of('b', 'theirs')} type bridge")
    assert any("namespace guest is kept, as it contains d0" in warning for warning in clear()["warnings"])
    assert owners() == {"theirs/lo": "other", "theirs/b": "other"}


# Layouts of the same name


def test_a_layout_belongs_to_the_namespace_that_it_is_declared_from() -> None:
    needs_program("ip")
    lay(namespaces=[{"name": "red"}], links=[{"type": "bridge", "name": "br0"}])
    with inside("red"):
        lay(links=[{"type": "bridge", "name": "br0"}])
        settled(links=[{"type": "bridge", "name": "br0"}])
    settled(namespaces=[{"name": "red"}], links=[{"type": "bridge", "name": "br0"}])
    refused_always(
        ["links[0]", "br0 belongs to layout lab, which is declared from another namespace"],
        namespaces=[{"name": "red"}],
        links=[{"type": "bridge", "name": "br0", "netns": "red"}],
    )
    assert "it contains br0, which belongs to layout lab, which is declared from another namespace" in refusal(state="absent")
    with inside("red"):
        clear()
    clear()
    assert names(snapshot()) == []
    assert records() == {}


# The files


def test_the_files_are_read_by_everybody_and_written_by_root_whatever_the_umask_is() -> None:
    umask = os.umask(0o077)
    try:
        lay(**small())
    finally:
        os.umask(umask)
    for path in (REGISTRY, *REGISTRY.rglob("*")):
        if path.name != "lock":
            assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644), path
    assert (REGISTRY / "lock").stat().st_mode & 0o777 == 0o600


def test_indexes_of_new_links_come_from_a_range_of_their_own() -> None:
    needs_program("ip")
    lay(**small())
    indexes = {index_of(name, netns) for netns, name in (("", "br0"), ("", "tap0"), ("", "up0"), ("red", "eth0"))}
    assert len(indexes) == 4
    assert min(indexes) >= FIRST_INDEX
    run("vnet_bridge", name="alone")
    assert index_of("alone") < FIRST_INDEX, "a single module leaves the index to the kernel"


def test_what_is_gone_is_not_recorded_any_more() -> None:
    needs_program("ip")
    lay(**full())
    (path,) = records()
    before = json.loads(records()[path])
    sh("ip netns delete blue", "ip link delete br0")
    lay(links=[{"type": "bridge", "name": "br1"}])
    after = json.loads(records()[path])
    assert len(before["links"]) == 3
    assert [len(links) for links in after["links"].values()] == [1]
    clear()
    assert records() == {}


def test_what_others_deleted_is_not_recorded_after_the_layout_is_removed() -> None:
    needs_program("ip")
    lay(namespaces=[{"name": "red"}], links=[{"type": "bridge", "name": "br0"}])
    sh("ip netns delete red", "ip link delete br0")
    assert clear()["changed"] is False
    assert records() == {}


@pytest.fixture
def recorded() -> Path:
    lay(**small())
    (path,) = records()
    return Path(path)


def test_a_record_from_before_a_reboot_is_empty(recorded: Path) -> None:
    content = json.loads(recorded.read_text(encoding="ascii"))
    recorded.write_text(json.dumps({**content, "boot": "another"}), encoding="ascii")
    assert owners() == {}
    clear()
    assert names(snapshot()) == ["/br0", "/tap0", "/up0", "red/eth0"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": FORMAT + 1}, "was written by a newer version of nfv.vnet; use that version here"),
        ({"links": 5}, "is damaged; remove it, and then what its layout created by hand"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(change: Values, words: str, recorded: Path) -> None:
    content = json.loads(recorded.read_text(encoding="ascii"))
    recorded.write_text(json.dumps({**content, **change}), encoding="ascii")
    for params in (small(), {"state": "absent"}, {"name": "another"}):
        refused_always([str(recorded), words], **params)
    with pytest.raises(VnetError, match=words):
        info()
    assert run("vnet_bridge", name="br0", mtu=1400)["changed"]


def test_a_directory_of_somebody_else_is_refused() -> None:
    users = os.geteuid() == 0 and _second_user()
    if not users:
        pytest.skip("only one user is mapped in this user namespace")
    (REGISTRY / "layouts").mkdir(parents=True)
    os.chown(REGISTRY / "layouts", users, 0)
    assert f"{REGISTRY}/layouts belongs to an ordinary user; remove it" in refusal(**small())


def _second_user() -> int:
    for line in Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines():
        first, _outside, count = map(int, line.split())
        if first + count > 1:
            return max(first, 1)
    return 0


def test_where_run_cannot_be_written_layouts_are_refused_and_single_modules_work() -> None:
    needs_program("ip")
    lay(**small())
    sh("mkdir -p /run/netns", "mount --bind /run /run", "mount -o remount,bind,ro /run")
    refused_always([f"{REGISTRY} cannot be written (Read-only file system)", "only the modules for single links do without it"], **small())
    refused_always([f"{REGISTRY} cannot be written (Read-only file system)"], state="absent")
    assert run("vnet_bridge", name="br7")["changed"]
    assert info(layout=NAME)["links"]
    sh("umount /run")
    clear()


def test_without_run_only_root_can_hold_the_lock() -> None:
    assert Path(_lock._WITHOUT_RUN).stat().st_mode & 0o777 == 0o600
    sh("mount --bind /run /run", "mount -o remount,bind,ro /run")
    with _lock.lock(wait=False) as first:
        assert first
        assert Child(_is_free).result() is False
    assert Child(_is_free).result() is True


def _is_free() -> bool:
    with _lock.lock(wait=False) as free:
        return free


def test_a_run_of_its_own_makes_links_of_layouts_links_of_others() -> None:
    """As in a container that shares the network of the host."""
    needs_program("ip")
    bridge: Values = {"links": [{"type": "bridge", "name": "br0", "mac": mac(1)}]}
    lay(**bridge)
    before = snapshot()
    sh(f"mount -t tmpfs none {REGISTRY}")
    assert owners() == {}
    clear()
    assert not difference(before, snapshot())
    result = lay(name="mine", links=[{"type": "bridge", "name": "br0", "mac": mac(1), "mtu": 1400}, {"type": "bridge", "name": "br1"}])
    assert any("links[0]: br0 was created by a layout that is not recorded here" in warning for warning in result["warnings"])
    assert counts(result, "adopted") == {"links": 1}
    clear(name="mine")
    assert not difference(before, snapshot())
    sh(f"umount {REGISTRY}")
    assert owners() == {"/br0": NAME}
    clear()
    assert names(snapshot()) == []


def test_nothing_is_recorded_if_a_run_fails() -> None:
    with private_network(), pytest.raises(VnetError):
        lay(links=[{"type": "bridge", "name": "br0"}, {"type": "bridge", "name": "br1", "routes": [{"to": "10.0.0.0/8", "via": "192.0.2.1"}]}])
    with pytest.raises(VnetError):
        lay(links=[{"type": "bridge", "name": "br0"}, {"type": "bridge", "name": "br1", "routes": [{"to": "10.0.0.0/8", "via": "192.0.2.1"}]}])
    assert records() == {}
    assert names(snapshot()) == []
