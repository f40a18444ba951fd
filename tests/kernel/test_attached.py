# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces that exist already and get a name, and the files of namespaces in /etc/netns."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any, Dict, Iterator

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _etc
from layouts import clear, info, lay, settled
from layouts import four_steps as laid_in_four_steps
from moments import Failing
from support import difference, four_steps, namespaces, resource, run, sh, snapshot

Values = Dict[str, Any]


@pytest.fixture
def container() -> Iterator[int]:
    """The id of a process in a network namespace of its own, with a link in it."""
    process = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo ready; exec sleep 600"], stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    yield process.pid
    process.kill()
    process.wait()


@pytest.fixture(autouse=True)
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What stands for /etc/netns, which is that of the machine."""
    monkeypatch.setattr(_etc, "DIRECTORY", str(tmp_path / "netns"))
    return tmp_path / "netns"


def test_a_namespace_gets_a_name_and_loses_it_again(container: int) -> None:
    result = four_steps("vnet_netns", name="red", attach=str(container), addresses=["10.0.0.1/32"])
    assert result["commands"][0] == f"ip netns attach red {container}"
    assert os.stat("/run/netns/red").st_ino == os.stat(f"/proc/{container}/ns/net").st_ino
    assert not four_steps("vnet_netns", name="red", attach=f"/proc/{container}/ns/net")["changed"]
    assert four_steps("vnet_netns", name="red", state="absent")["changed"]
    assert namespaces() == []


def test_the_name_of_another_namespace_is_refused(container: int) -> None:
    run("vnet_netns", name="red")
    before = snapshot()
    with pytest.raises(VnetError, match=r"attach: the name red is that of another namespace"):
        run("vnet_netns", name="red", attach=str(container))
    assert not difference(before, snapshot())


@pytest.mark.parametrize(
    ("given", "words"),
    [("4000000", r"attach: there is no namespace at /proc/4000000/ns/net"), ("relative/path", r"attach: 'relative/path' is neither a process id")],
)
def test_what_cannot_be_attached_is_refused(given: str, words: str) -> None:
    with pytest.raises(VnetError, match=words):
        run("vnet_netns", name="red", attach=given)
    assert namespaces() == []


def test_a_layout_names_a_container_and_leaves_it_as_it_was(container: int) -> None:
    run("vnet_netns", name="red", attach=str(container), loopback=False)
    sh("ip -n red link add old0 type veth peer name old1", "ip -n red link set lo up")
    run("vnet_netns", name="red", state="absent")
    layout: Values = {
        "namespaces": [{"name": "red", "attach": str(container), "rules": [{"priority": 9, "table": "100"}]}],
        "links": [
            {"type": "veth", "name": "v0", "peer": {"name": "eth0", "netns": "red", "addresses": ["10.0.0.2/24"]}},
            {"name": "old0", "netns": "red", "mtu": 1400},
        ],
    }
    laid_in_four_steps(**layout)
    settled(**layout)
    assert resource("vnet_netns", run("vnet_netns", name="red"))["name"] == "red"
    clear()
    assert namespaces() == []
    run("vnet_netns", name="red", attach=str(container))
    left = {link["name"]: link for link in info()["links"] if link["netns"] == "red"}
    assert sorted(left) == ["lo", "old0", "old1"]
    assert left["old0"]["mtu"] == 1500
    assert info()["namespaces"][1]["rules"] == []


def test_info_shows_a_namespace_by_the_name_that_its_layout_has(container: int) -> None:
    """It may have another one, such as that of a container manager."""
    lay(namespaces=[{"name": "red", "attach": str(container)}], links=[{"type": "bridge", "name": "br0", "netns": "red"}])
    run("vnet_netns", name="also", attach=str(container), loopback=False)
    assert [namespace["name"] for namespace in info()["namespaces"]] == ["", "red"]
    assert [link["layout"] for link in info(layout="lab")["links"] if link["name"] == "br0"] == ["lab"]
    assert [namespace["name"] for namespace in info(namespaces=["also"])["namespaces"]] == ["also"]
    run("vnet_netns", name="also", state="absent")


def test_a_failed_run_takes_the_name_away_again(container: int) -> None:
    layout: Values = {"namespaces": [{"name": "red", "attach": str(container)}], "links": [{"type": "bridge", "name": "br0", "netns": "red"}]}
    with Failing(0) as counting:
        lay(**layout)
    clear()
    for number in range(1, len(counting.steps) + 1):
        with pytest.raises(VnetError, match=r"The host is as it was before$"), Failing(number):
            lay(**layout)
        assert namespaces() == []
    lay(**layout)
    settled(**layout)


# Files


def test_files_of_a_namespace(etc: Path) -> None:
    wanted = {"resolv.conf": "nameserver 10.0.0.53\n", "hosts": "", "gone": None}
    result = four_steps("vnet_netns", name="red", files=wanted)
    assert resource("vnet_netns", result)["files"] == wanted
    assert (etc / "red" / "resolv.conf").read_text() == "nameserver 10.0.0.53\n"
    assert (etc / "red" / "resolv.conf").stat().st_mode & 0o777 == 0o644
    assert (etc / "red" / "hosts").read_text() == ""
    assert four_steps("vnet_netns", name="red", files={"hosts": None})["commands"] == ["rm /etc/netns/red/hosts"]
    assert [path.name for path in (etc / "red").iterdir()] == ["resolv.conf"]
    four_steps("vnet_netns", name="red", files={"resolv.conf": None})
    assert not (etc / "red").exists()


def test_a_layout_writes_files_and_takes_them_back(etc: Path) -> None:
    run("vnet_netns", name="old", files={"hosts": "before\n"})
    (etc / "red").mkdir()
    (etc / "red" / "nsswitch.conf").write_text("of somebody\n")
    layout: Values = {
        "namespaces": [
            {"name": "red", "files": {"resolv.conf": "nameserver 10.0.0.53\n", "hosts": "10.0.0.1 one\n"}},
            {"name": "old", "files": {"hosts": "after\n", "resolv.conf": "new\n"}},
        ]
    }
    laid_in_four_steps(**layout)
    settled(**layout)
    assert info(files=True)["declaration"]["namespaces"][1]["files"]["hosts"] == "10.0.0.1 one\n"
    without = info()
    assert not [namespace for namespace in (*without["namespaces"], *without["declaration"]["namespaces"]) if "files" in namespace]
    assert [(lack["netns"], lack["what"]) for lack in without["declaration_lacks"]] == [
        (netns, f"file {name}") for netns, names in (("old", ("hosts", "resolv.conf")), ("red", ("hosts", "nsswitch.conf", "resolv.conf"))) for name in names
    ]
    layout["namespaces"][0]["files"].pop("hosts")
    laid_in_four_steps(**layout)
    settled(**layout)
    assert not (etc / "red" / "hosts").exists()
    clear()
    assert [path.name for path in (etc / "red").iterdir()] == ["nsswitch.conf"]
    assert [(path.name, path.read_text()) for path in (etc / "old").iterdir()] == [("hosts", "before\n")]


def test_a_file_keeps_its_mode_and_owner(etc: Path) -> None:
    run("vnet_netns", name="red", files={"secret": "a"})
    (etc / "red" / "secret").chmod(0o600)
    os.chown(etc / "red" / "secret", 1, 2)
    run("vnet_netns", name="red", files={"secret": "b"})
    there = (etc / "red" / "secret").stat()
    assert (there.st_mode & 0o777, there.st_uid, there.st_gid, (etc / "red" / "secret").read_text()) == (0o600, 1, 2, "b")


def test_a_symbolic_link_is_not_replaced(etc: Path) -> None:
    run("vnet_netns", name="red", files={"other": "a"})
    (etc / "red" / "hosts").symlink_to("/etc/hosts")
    for content in ("b", None):
        with pytest.raises(VnetError, match=r"files\.hosts: the file in /etc/netns/red is a symbolic link"):
            run("vnet_netns", name="red", files={"hosts": content})
    assert (etc / "red" / "hosts").is_symlink()
    assert [lack["what"] for lack in info()["declaration_lacks"]] == ["file other"]
    run("vnet_netns", name="red", state="absent", files={"hosts": None})
    assert (etc / "red" / "hosts").is_symlink()


def test_files_go_with_their_namespace_if_they_are_listed(etc: Path) -> None:
    wanted = {"hosts": "one\n", "resolv.conf": "two\n"}
    run("vnet_netns", name="red", files={**wanted, "other": ""})
    result = four_steps("vnet_netns", name="red", state="absent", files=wanted)
    assert sorted(result["commands"]) == ["ip netns delete red", "rm /etc/netns/red/hosts", "rm /etc/netns/red/resolv.conf"]
    assert [path.name for path in (etc / "red").iterdir()] == ["other"]
    assert not run("vnet_netns", name="red", state="absent")["changed"]


def test_a_file_that_comes_back_is_not_readable_by_everybody(etc: Path) -> None:
    run("vnet_netns", name="red", files={"secret": "a"})
    (etc / "red" / "secret").chmod(0o600)
    lay(namespaces=[{"name": "red", "files": {"secret": None}}])
    clear()
    assert ((etc / "red" / "secret").read_text(), (etc / "red" / "secret").stat().st_mode & 0o777) == ("a", 0o600)


def test_a_failed_run_restores_files(etc: Path) -> None:
    run("vnet_netns", name="red", files={"hosts": "before\n"})
    for number in (1, 2):
        with pytest.raises(VnetError, match=r"The host is as it was before$"), Failing(number):
            run("vnet_netns", name="red", files={"hosts": "after\n", "resolv.conf": "new\n"})
        assert [(path.name, path.read_text()) for path in (etc / "red").iterdir()] == [("hosts", "before\n")]


@pytest.mark.parametrize(
    ("files", "words"), [({"../x": ""}, "not the name of a file"), ({"hosts": 5}, r"files\.hosts: the content is not a text"), ({"hosts": "a\0"}, "NUL")]
)
def test_files_that_cannot_be(files: Values, words: str, etc: Path) -> None:
    with pytest.raises(VnetError, match=words):
        run("vnet_netns", name="red", files=files)
    assert not etc.exists()
