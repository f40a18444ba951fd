# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Named network namespaces: the same things as those of ip-netns(8)."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Any, Callable

import pytest
from features import needs_program
from processes import child, network_namespace, wait_for
from refusals import refusal
from support import CLONE_NEWNS, Values, call, four_steps, inside, ip, namespaces, run, snapshot

MS_REC, MS_SLAVE = 0x4000, 0x80000
FOLDER = Path("/run/netns")


def links(netns: str = "") -> list[str]:
    return [link["name"] for link in snapshot()[netns]["links"]]


def listed() -> list[str]:
    """What iproute2 lists, without the ids that it shows beside the names."""
    return sorted(line.split()[0] for line in ip("ip", "netns", "list").splitlines())


# Beside ip netns


def test_what_the_module_makes_is_one_of_ip_netns() -> None:
    needs_program("ip")
    assert not FOLDER.exists()
    for name in ("red", "blue-1.x", "-dash", "ünï"):
        four_steps("vnet_netns", name=name)
    assert listed() == sorted(["red", "blue-1.x", "-dash", "ünï"])
    assert "lo" in ip("ip", "-n", "red", "link")
    assert ip("ip", "netns", "exec", "red", "readlink", "/proc/self/ns/net").strip() == f"net:[{os.stat(FOLDER / 'red').st_ino}]"


def test_ip_netns_deletes_what_the_module_made() -> None:
    needs_program("ip")
    run("vnet_netns", name="red")
    ip("ip", "netns", "delete", "red")
    assert namespaces() == []
    assert run("vnet_netns", name="red", state="absent")["changed"] is False
    assert run("vnet_netns", name="red")["changed"]


def test_the_module_takes_over_and_removes_what_ip_netns_made() -> None:
    needs_program("ip")
    ip("ip", "netns", "add", "red")
    assert run("vnet_netns", name="red", loopback=False)["changed"] is False
    run("vnet_bridge", name="br0", netns="red")
    assert "br0" in ip("ip", "-n", "red", "link")
    assert four_steps("vnet_netns", name="red", state="absent")["changed"]
    assert listed() == []


def test_many_namespaces_live_side_by_side() -> None:
    names = [f"n{number}" for number in range(30)]
    for name in names:
        run("vnet_netns", name=name)
    assert namespaces() == sorted(names)
    assert len({os.stat(FOLDER / name).st_ino for name in names}) == len(names)
    for name in names:
        run("vnet_netns", name=name, state="absent")
    assert namespaces() == []


# The folder


def test_the_folder_is_made_when_it_is_missing() -> None:
    assert not FOLDER.exists()
    assert run("vnet_netns", check=True, name="red")["changed"]
    assert not FOLDER.exists()
    assert run("vnet_netns", name="red", state="absent")["changed"] is False
    assert not FOLDER.exists()
    assert run("vnet_netns", name="red")["changed"]
    assert oct(FOLDER.stat().st_mode & 0o777) == "0o755"


def mounts(path: Path) -> list[str]:
    """The optional fields of the mounts on a path, as in proc_pid_mountinfo(5)."""
    lines = (line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines())
    return [" ".join(words[6 : words.index("-")]) for words in lines if words[4] == str(path)]


def test_the_folder_is_one_shared_mount_however_many_namespaces_are_made() -> None:
    for name in ("red", "blue"):
        run("vnet_netns", name=name)
    (fields,) = mounts(FOLDER)
    assert "shared:" in fields
    assert len(mounts(FOLDER / "red")) == 1


def test_the_folder_is_shared_with_ip_netns_in_either_order() -> None:
    needs_program("ip")
    ip("ip", "netns", "add", "red")
    run("vnet_netns", name="blue")
    ip("ip", "netns", "add", "green")
    assert len(mounts(FOLDER)) == 1
    assert listed() == ["blue", "green", "red"]


def test_other_mount_namespaces_see_what_is_made_and_removed_later() -> None:
    run("vnet_netns", name="first")
    asked, asks = os.pipe2(os.O_CLOEXEC)
    answers, answer = os.pipe2(os.O_CLOEXEC)

    def elsewhere() -> None:
        call("unshare", CLONE_NEWNS)
        call("mount", b"none", b"/", None, MS_REC | MS_SLAVE, None)
        while True:
            os.write(answer, f"{len(mounts(FOLDER / 'red'))}".encode())
            os.read(asked, 1)

    with child(elsewhere):
        assert os.read(answers, 1) == b"0"
        for state, seen in (("present", b"1"), ("absent", b"0")):
            assert run("vnet_netns", name="red", state=state)["changed"]
            os.write(asks, b"?")
            assert os.read(answers, 1) == seen
    for descriptor in (asked, asks, answers, answer):
        os.close(descriptor)
    assert namespaces() == ["first"]


def test_a_name_is_removed_while_another_mount_namespace_has_it() -> None:
    run("vnet_netns", name="red")
    ready, tell = os.pipe2(os.O_CLOEXEC)

    def elsewhere() -> None:
        call("unshare", CLONE_NEWNS)
        call("mount", b"none", b"/", None, MS_REC | 0x40000, None)  # MS_PRIVATE
        os.write(tell, b"!")
        time.sleep(60)

    with child(elsewhere):
        os.read(ready, 1)
        assert run("vnet_netns", name="red", state="absent")["changed"]
        assert namespaces() == []
    os.close(ready)
    os.close(tell)


# Who lives in it


def lives_in(netns: str) -> Callable[[], None]:
    def live() -> None:
        with inside(netns):
            time.sleep(60)

    return live


def test_processes_that_live_in_it_are_told_when_its_name_goes() -> None:
    run("vnet_netns", name="red")
    home = network_namespace()
    with child(lives_in("red")) as first, child(lives_in("red")) as second:
        pids = [first.pid, second.pid]
        for pid in pids:
            wait_for(lambda pid=pid: network_namespace(str(pid)) != home)  # type: ignore[misc]
        assert run("vnet_netns", check=True, name="red", state="absent")["status"]["pids"] == sorted(pids)
        result = run("vnet_netns", name="red", state="absent")
        assert result["changed"]
        assert result["status"]["pids"] == sorted(pids)
        assert namespaces() == []
        assert all(network_namespace(str(pid)) != home for pid in pids), "they keep it"
        assert run("vnet_netns", name="red", state="absent")["changed"] is False
        assert run("vnet_netns", name="red")["changed"]
        assert os.stat(FOLDER / "red").st_ino not in [network_namespace(str(pid))[1] for pid in pids]


def test_a_namespace_that_nobody_lives_in_tells_of_nobody() -> None:
    run("vnet_netns", name="red")
    assert run("vnet_netns", name="red", state="absent")["status"]["pids"] == []


def test_the_devices_go_with_a_namespace_that_nobody_holds() -> None:
    run("vnet_netns", name="red")
    run("vnet_veth", name="a", peer={"name": "b", "netns": "red"})
    run("vnet_netns", name="red", state="absent")
    wait_for(lambda: links() == ["lo"])


def test_the_devices_stay_while_a_process_holds_the_namespace() -> None:
    run("vnet_netns", name="red")
    run("vnet_veth", name="a", peer={"name": "b", "netns": "red"})
    home = network_namespace()
    with child(lives_in("red")) as holder:
        wait_for(lambda: network_namespace(str(holder.pid)) != home)
        run("vnet_netns", name="red", state="absent")
        assert links() == ["lo", "a"]
        assert run("vnet_veth", name="a", state="absent")["changed"]
    assert links() == ["lo"]


def test_a_namespace_that_is_made_again_is_a_new_one() -> None:
    run("vnet_netns", name="red", sysctl={"net.ipv4.ip_forward": 1}, addresses=["10.1.0.1/32"])
    run("vnet_bridge", name="br0", netns="red")
    run("vnet_netns", name="red", state="absent")
    run("vnet_netns", name="red")
    assert links("red") == ["lo"]
    with inside("red"):
        assert Path("/proc/sys/net/ipv4/ip_forward").read_text().strip() == "0"


# Where the process is

RUNS: list[tuple[str, Values]] = [
    ("vnet_netns", {"name": "red"}),
    ("vnet_netns", {"name": "red", "sysctl": {"net.ipv4.ip_forward": 1}, "nsid": 7, "addresses": ["10.1.0.1/32"]}),
    ("vnet_bridge", {"name": "br0", "netns": "red"}),
    ("vnet_veth", {"name": "a", "peer": {"name": "b", "netns": "red", "disable_ipv6": True}}),
    ("vnet_veth", {"name": "a", "netns": "red", "peer": {"name": "b"}}),
    ("vnet_tuntap", {"name": "t", "netns": "red", "mode": "tap"}),
    ("vnet_tuntap", {"name": "t", "netns": "red", "mode": "tun", "recreate": True}),
    ("vnet_netns", {"name": "red", "state": "absent"}),
]


def test_the_process_stays_in_its_own_namespace() -> None:
    home = network_namespace()
    for module, params in RUNS:
        for check in (True, False):
            run(module, check=check, **params)
            assert network_namespace() == home, (module, params)


def test_the_process_stays_in_its_own_namespace_when_a_run_fails() -> None:
    home = network_namespace()
    run("vnet_netns", name="red")
    failures: list[tuple[str, Values]] = [
        ("vnet_netns", {"name": "red", "sysctl": {"net.ipv4.ip_forward": "banana"}}),
        ("vnet_netns", {"name": "blue", "sysctl": {"net.ipv4.no_such_setting": 1}}),
        ("vnet_tuntap", {"name": "lo", "netns": "red", "mode": "tap"}),
        ("vnet_tuntap", {"name": "t", "netns": "red", "mode": "tap", "mtu": 65535}),
        ("vnet_bridge", {"name": "br0", "netns": "red", "group_fwd_mask": 7}),
    ]
    for module, params in failures:
        refusal(module, **params)
        assert network_namespace() == home, (module, params)
    assert namespaces() == ["red"]


# How it is spelled

SPELLED: list[tuple[str, Values]] = [
    ("vnet_bridge", {"name": "x", "stp": True}),
    ("vnet_tuntap", {"name": "x", "mode": "tap"}),
    ("vnet_veth", {"name": "x", "peer": {"name": "y"}}),
]


@pytest.mark.parametrize(("module", "params"), SPELLED)
def test_no_netns_and_an_empty_one_are_the_same(module: str, params: Values) -> None:
    assert run(module, **params)["changed"]
    assert run(module, **params, netns="")["changed"] is False
    assert run(module, name="x", netns="", state="absent")["changed"]
    assert links() == ["lo"]


def test_no_netns_and_an_empty_one_are_the_same_for_a_peer() -> None:
    run("vnet_netns", name="red")
    assert run("vnet_veth", name="x", netns="red", peer={"name": "y"})["changed"]
    assert run("vnet_veth", name="x", netns="red", peer={"name": "y", "netns": ""})["changed"] is False
    assert links() == ["lo", "y"]


def paths(netns: str, pid: int) -> list[str]:
    return [f"/run/netns/{netns}", f"/var/run/netns/{netns}", f"/proc/{pid}/ns/net"]


@pytest.mark.parametrize(("module", "params"), SPELLED)
def test_a_netns_may_be_a_path(module: str, params: Values) -> None:
    run("vnet_netns", name="red")
    home = network_namespace()
    with child(lives_in("red")) as holder:
        wait_for(lambda: network_namespace(str(holder.pid)) != home)
        for path in paths("red", holder.pid):
            if not Path(path).exists():
                continue
            assert four_steps(module, **params, netns=path)["changed"]
            assert "x" in links("red")
            assert run(module, name="x", netns="red", state="absent")["changed"]


def test_a_cable_is_found_however_its_namespaces_are_spelled() -> None:
    run("vnet_netns", name="red")
    own = f"/proc/{os.getpid()}/ns/net"
    assert run("vnet_veth", name="a", netns="red", peer={"name": "b", "addresses": ["10.1.0.1/24"]})["changed"]
    for near, far in (("/run/netns/red", ""), ("red", own), ("/run/netns/red", own)):
        again = run("vnet_veth", name="a", netns=near, peer={"name": "b", "netns": far, "addresses": ["10.1.0.1/24"]})
        assert again["changed"] is False, (near, far)


def test_a_namespace_without_a_name_can_be_worked_in() -> None:
    def unnamed() -> None:
        call("unshare", 0x40000000)  # CLONE_NEWNET
        time.sleep(60)

    home = network_namespace()
    with child(unnamed) as holder:
        wait_for(lambda: network_namespace(str(holder.pid)) != home)
        path = f"/proc/{holder.pid}/ns/net"
        four_steps("vnet_veth", name="a", peer={"name": "b", "netns": path, "addresses": ["10.1.0.2/24"]})
        four_steps("vnet_bridge", name="br0", netns=path)
        four_steps("vnet_tuntap", name="t", netns=path, mode="tap", master="br0")
        assert links() == ["lo", "a"]
        for module, name in (("vnet_tuntap", "t"), ("vnet_bridge", "br0")):
            assert four_steps(module, name=name, netns=path, state="absent")["changed"]
    assert namespaces() == []
    wait_for(lambda: links() == ["lo"])


def test_a_symbolic_link_under_the_folder_names_a_namespace() -> None:
    run("vnet_netns", name="red")
    (FOLDER / "alias").symlink_to(FOLDER / "red")
    assert run("vnet_bridge", name="br0", netns="alias")["changed"]
    assert run("vnet_bridge", name="br0", netns="red")["changed"] is False


# What a namespace holds


def test_a_namespace_is_made_with_everything_at_once() -> None:
    group = f"{os.getgid()}\t{os.getgid()}"
    wanted: dict[str, Any] = {
        "name": "red",
        "nsid": 42,
        "sysctl": {"net.ipv4.ip_forward": 1, "net/ipv6/conf/all/forwarding": True, "net.ipv4.ping_group_range": group},
        "addresses": ["10.1.0.1/32", "2001:db8::1/128"],
        "routes": [{"to": "10.2.0.0/16", "type": "blackhole"}, {"to": "2001:db8:2::/48", "type": "unreachable", "metric": 7, "table": 1000}],
    }
    result = four_steps("vnet_netns", **wanted)
    assert result["namespace"]["nsid"] == 42
    with inside("red"):
        for key, value in (("ipv4/ip_forward", "1"), ("ipv6/conf/all/forwarding", "1"), ("ipv4/ping_group_range", group)):
            assert Path("/proc/sys/net", key).read_text().strip() == value
    fed_back = {key: value for key, value in result["namespace"].items() if value is not None}
    assert run("vnet_netns", **fed_back)["changed"] is False


def test_settings_of_a_namespace_do_not_reach_the_host() -> None:
    key = Path("/proc/sys/net/ipv4/ip_forward")
    before = key.read_text()
    run("vnet_netns", name="red", sysctl={"net.ipv4.ip_forward": "0" if before.strip() == "1" else "1"})
    assert key.read_text() == before


@pytest.mark.parametrize("loopback", [True, False])
def test_lo_is_up_as_asked(loopback: bool) -> None:
    four_steps("vnet_netns", name="red", loopback=loopback)
    (lo,) = snapshot()["red"]["links"]
    assert bool(lo["flags"] & 1) is loopback
    four_steps("vnet_netns", name="red", loopback=not loopback)
    (lo,) = snapshot()["red"]["links"]
    assert bool(lo["flags"] & 1) is not loopback


def test_the_id_of_a_namespace_is_the_one_that_ip_netns_shows() -> None:
    needs_program("ip")
    run("vnet_netns", name="red", nsid=9)
    assert re.search(r"^red \(id: 9\)$", ip("ip", "netns", "list"), re.MULTILINE)
