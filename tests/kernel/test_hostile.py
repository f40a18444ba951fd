# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's world is hostile and moves: odd names, odd files, what comes and goes, and a system that is short of something."""

from __future__ import annotations

import errno
import json
import os
import resource as limits
import signal
import socket
import time
from pathlib import Path
from typing import Any, Iterator, List

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError, failure, printable, valid
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _socket
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import sentences
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._namespaces import Namespaces
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from features import needs_program
from layouts import clear, full, info, lay, names, refusal, settled, small
from processes import Child
from support import Values, difference, run, sh, snapshot

# Names and aliases

ODD_NAMES = ["$'caf\\xe9'", "$'\\x1b[31mred'", "$'a\\x7fb'", "$'\\xff\\xfe'", "$'\\u202ex'"]


def bash(*lines: str) -> None:
    needs_program("bash")
    sh(*(f'bash -c "{line}"' if '"' not in line else line for line in lines))


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_name_of_any_bytes_harms_nobody(name: str) -> None:
    needs_program("ip")
    lay(**full())
    bash(f"ip link add {name} type bridge; ip link set {name} alias {name}", f"ip -n red link add {name} type bridge", f"ip netns add {name}")
    bash(f"ip link set {name} up; ip address add 198.51.100.1/24 dev {name}")
    found = valid(info())
    json.dumps(found, ensure_ascii=False).encode()
    settled(**full())
    assert run("vnet_bridge", name="br0", purge_ports=True, ports=[{"name": "up0"}, {"name": "tap0"}])["warnings"] == []


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_port_of_any_name_can_be_removed(name: str) -> None:
    needs_program("ip")
    run("vnet_bridge", name="br0")
    bash(f"ip link add {name} type veth peer name far; ip link set {name} master br0")
    result = run("vnet_bridge", name="br0", ports=[], purge_ports=True)
    assert result["changed"]
    assert [link["port"] for link in snapshot()[""]["links"]] == [{}, {}, {}, {}]
    json.dumps(valid(result), ensure_ascii=False).encode()
    assert run("vnet_bridge", name="br0", ports=[], purge_ports=True)["changed"] is False


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_sentence_is_printable(name: str) -> None:
    needs_program("ip")
    lay(namespaces=[{"name": "red"}])
    bash(f"ip -n red link add {name} type bridge")
    warnings = [printable(warning) for warning in clear()["warnings"]]
    assert len(warnings) == 1
    assert all(warning.isprintable() for warning in warnings)
    assert "namespace red is kept" in warnings[0]


def test_a_failure_is_printable() -> None:
    text = str(failure("vnet_bridge \x1b[31m", VnetError(("\udce9",), "caf\udce9\n\x1b]0;x\x07"))["msg"])
    assert text == r"vnet_bridge \x1b[31m: '\udce9': caf\xe9\n\x1b]0;x\x07"


# Files in /run/netns


def odd_files() -> None:
    folder = Path("/run/netns")
    folder.mkdir(exist_ok=True)
    os.mkfifo(folder / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "socket"))
    (folder / "loop").symlink_to("loop")
    (folder / "dangling").symlink_to("/run/docker/netns/gone")
    (folder / "folder").mkdir()
    (folder / "text").write_text("words", encoding="utf-8")
    (folder / "empty").touch()
    (folder / "device").symlink_to("/dev/null")
    (folder / "other").symlink_to("/proc/self/ns/mnt")


def test_odd_files_harm_nobody() -> None:
    odd_files()
    before = sorted(os.listdir("/run/netns"))
    lay(**full())
    settled(**full())
    assert {entry["name"] for entry in info()["namespaces"]} == {"", "red", "blue"}
    run("vnet_bridge", name="br0", mtu=1400)
    clear()
    assert sorted(os.listdir("/run/netns")) == before


@pytest.mark.parametrize("name", ["fifo", "socket", "folder", "text", "device", "other"])
@pytest.mark.parametrize("state", ["present", "absent"])
def test_an_odd_file_in_the_place_of_a_namespace_is_refused(name: str, state: str) -> None:
    odd_files()
    with pytest.raises(VnetError, match=f"there is something else at /run/netns/{name}, not a namespace; move it away"):
        run("vnet_netns", name=name, state=state)
    assert f"/run/netns/{name}" in refusal(namespaces=[{"name": name}])


@pytest.mark.parametrize("name", ["empty", "dangling", "loop"])
def test_what_is_stale_is_replaced_or_removed(name: str) -> None:
    odd_files()
    assert run("vnet_netns", name=name)["changed"]
    assert run("vnet_netns", name=name)["changed"] is False
    assert not os.path.islink(f"/run/netns/{name}")
    assert run("vnet_netns", name=name, state="absent")["changed"]
    odd = Path(f"/run/netns/{name}")
    assert not os.path.lexists(odd)
    odd.symlink_to("/nowhere")
    assert run("vnet_netns", name=name, state="absent")["changed"]
    assert not os.path.lexists(odd)
    assert not os.path.exists("/run/docker")


def test_the_namespace_behind_a_link_of_a_container_stays() -> None:
    needs_program("ip")
    sh(
        "ip netns add abc",
        "mkdir -p /run/docker/netns",
        "touch /run/docker/netns/abc",
        "mount --bind /run/netns/abc /run/docker/netns/abc",
        "ip netns delete abc",
    )
    Path("/run/netns/web").symlink_to("/run/docker/netns/abc")
    assert run("vnet_bridge", name="br0", netns="web")["changed"]
    assert run("vnet_netns", name="web", state="absent")["changed"]
    assert not os.path.lexists("/run/netns/web")
    sh("nsenter --net=/run/docker/netns/abc ip link show br0")
    sh("umount /run/docker/netns/abc")


def test_a_path_leads_to_one_namespace_during_a_run() -> None:
    needs_program("ip")
    sh("ip netns add one", "ip netns add two")
    path = Path("/run/path")
    path.symlink_to("/run/netns/one")
    namespaces = Namespaces()
    reader = Reader(namespaces)
    first = namespaces.identity(str(path))
    path.unlink()
    path.symlink_to("/run/netns/two")
    assert namespaces.identity(str(path)) == first
    opened = reader.open_namespace(str(path))
    assert opened
    assert opened.identity == first
    reader.close()
    namespaces.close()


# Short of something


def test_a_limit_of_open_files_is_enough() -> None:
    needs_program("ip")
    count = 70
    params: Values = {"namespaces": [{"name": f"n{number}"} for number in range(count)]}
    params["links"] = [{"type": "bridge", "name": "br0", "netns": f"n{number}"} for number in range(count)]

    def work() -> List[Any]:
        most = len(os.listdir("/proc/self/fd")) + 70
        limits.setrlimit(limits.RLIMIT_NOFILE, (most, most))
        built = lay(**params, prefetched=False)
        again = lay(**params, prefetched=False)
        found = info()
        gone = clear(prefetched=False)
        return [built["changed"], again["changed"], len(found["links"]), gone["changed"]]

    assert Child(work).result() == [True, False, 1 + 2 * count, True]
    assert names(snapshot()) == []


@pytest.mark.parametrize("number", [errno.ENOBUFS, errno.ENOMEM, errno.EPERM, errno.EMFILE, errno.EIO])
@pytest.mark.parametrize("position", [1, 3, 6])
def test_a_send_that_fails_is_one_sentence_and_rolled_back(number: int, position: int, monkeypatch: pytest.MonkeyPatch) -> None:
    params = small()
    lay(**params)
    before = snapshot()
    request = _socket.NetlinkSocket.request
    count = 0

    def failing(self: Any, *arguments: Any) -> None:
        nonlocal count
        count += 1
        if count == position:
            raise OSError(number, os.strerror(number))
        request(self, *arguments)

    params["links"][0].update(mtu=1400, alias="x", addresses=["192.0.2.1/24"], txqueuelen=7)
    params["links"][1].update(alias="y", txqueuelen=7)
    params["links"][2].update(alias="z", txqueuelen=7)
    monkeypatch.setattr(_socket.NetlinkSocket, "request", failing)
    with pytest.raises(VnetError, match=r"The host is as it was before") as caught:
        lay(**params)
    assert caught.value.errno == (errno.EPERM if number == errno.EACCES else number)
    assert not difference(before, snapshot())


@pytest.mark.parametrize("exception", [OSError(errno.EMFILE, "Too many open files"), ValueError("odd"), KeyError("odd"), VnetError((), "odd")], ids=repr)
def test_a_failure_of_the_rollback_does_not_hide_the_first(exception: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(**small())

    def failing(*_arguments: Any) -> None:
        raise exception

    monkeypatch.setattr("ansible_collections.nfv.vnet.plugins.module_utils._apply._saved.restore", failing)
    params = small()
    params["links"][0].update(mtu=1400, addresses=["192.0.2.1/24"], routes=[{"to": "10.0.0.0/8", "via": "203.0.113.1"}])
    with pytest.raises(VnetError, match=r"route add 10\.0\.0\.0/8"):
        lay(**params)


def test_a_system_call_that_fails_is_one_sentence() -> None:
    with pytest.raises(VnetError) as caught, sentences():
        raise OSError(errno.EMFILE, "Too many open files", "/run/x")
    assert str(caught.value) == "this process has too many open files; raise the limit (ulimit -n) (/run/x)"


# What comes and goes


@pytest.fixture
def churn() -> Iterator[None]:
    """Others create and delete namespaces and links all the time."""
    needs_program("ip")
    lines = [
        "while true; do ip netns add c1; ip -n c1 link add a type veth peer name b; ip link add t0 type bridge; ip netns add c2; ip -n c1 link set a netns c2;"
        " ip netns delete c1; ip link delete t0; ip netns delete c2; sleep 0.02; done",
        "while true; do ip link add x0 type veth peer name x1; ip address add 203.0.113.1/24 dev x0; ip link set x0 up; ip link delete x0; sleep 0.02; done",
    ]
    pids = []
    for line in lines:
        pid = os.fork()
        if not pid:
            os.setsid()
            null = os.open("/dev/null", os.O_RDWR)
            for descriptor in range(3):
                os.dup2(null, descriptor)
            os.execvp("sh", ["sh", "-c", line])
        pids.append(pid)
    time.sleep(0.2)
    yield
    for pid in pids:
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_what_others_create_and_delete_makes_nothing_fail(churn: None, every: bool) -> None:
    del churn
    params = small()
    for _number in range(1000 if every else 3):
        info()
        info(fdb=True)
        lay(**params)
        assert lay(**params)["changed"] is False
        clear()
