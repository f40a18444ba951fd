# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is stored by persistent: true, and applied by the program nfv-vnet after a reboot."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
import yaml
from ansible_collections.nfv.vnet.plugins.module_utils import _persistence
from ansible_collections.nfv.vnet.plugins.module_utils._apply._transaction import Transaction
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._connection import Connection
from ansible_collections.nfv.vnet.plugins.module_utils._persistence import STORE, _boot, _change, _engine, _managers, _program, _store, _unit
from ansible_collections.nfv.vnet.plugins.module_utils._persistence._declarations import Key
from ansible_collections.nfv.vnet.tests.unit.plugins.module_utils.refusals import assert_sentence
from features import needs_program
from layouts import counts, full, lay, small
from processes import wait_for
from support import Values, difference, ip, portable, private_network, run, sh, snapshot

pytestmark = pytest.mark.usefixtures("own_folders")
HERE = Path(STORE)
UNIT = Path("/etc/systemd/system/nfv-vnet.service")
WANTED = Path("/etc/systemd/system/multi-user.target.wants/nfv-vnet.service")
PROGRAM = Path(_engine.PROGRAM)
BRIDGE: Values = {"name": "br0", "mac": "02:00:00:00:00:01", "addresses": ["192.0.2.254/24"]}
CABLE: Values = {
    "name": "a",
    "mac": "02:00:00:00:00:02",
    "master": "br0",
    "peer": {"name": "eth0", "netns": "red", "mac": "02:00:00:00:00:03", "addresses": ["192.0.2.1/24"]},
}
RULES = """
table inet lab
delete table inet lab
table inet lab { chain forward { type filter hook forward priority 0; ip daddr 10.99.0.0/16 drop; }; }
"""
TAP: Values = {"name": "t", "mode": "tap", "netns": "red", "mac": "02:00:00:00:00:04"}


@pytest.fixture(autouse=True)
def host(monkeypatch: pytest.MonkeyPatch) -> None:
    """The network of the test is that of its host, whose Python may be stored wherever it is."""
    monkeypatch.setattr(_change, "is_network_of_host", lambda: True)
    monkeypatch.setattr(_engine, "_VOLATILE", ())
    monkeypatch.setattr(_engine, "_changeable", lambda _path: "")


@contextmanager
def rebooted() -> Iterator[None]:
    """A host with the same disk, and an empty network."""
    with private_network():
        yield


def program(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """The exit status of the program, and what it says on both channels."""
    capfd.readouterr()
    status = _program.main(arguments)
    said = capfd.readouterr()
    return status, said.out, said.err


def files() -> dict[str, str]:
    """What is stored, by the names of the files."""
    return {str(path.relative_to(HERE)): path.read_text(encoding="utf-8") for path in sorted(HERE.rglob("*")) if path.is_file()}


def installed() -> list[Path]:
    return [path for path in (UNIT, WANTED, PROGRAM, Path(_engine.ENGINE), HERE) if os.path.lexists(path)]


def refusal(module: str, check: bool = False, **params: Any) -> str:
    """The error message; checks that neither the network nor what is stored has changed."""
    before = snapshot(), files(), installed()
    with pytest.raises(VnetError) as caught:
        run(module, check=check, **params)
    assert (snapshot(), files(), installed()) == before
    return str(caught.value)


def store_all() -> list[tuple[str, Values]]:
    """A bridge, a namespace, and a cable between them, stored each."""
    tasks = [("vnet_bridge", BRIDGE), ("vnet_netns", {"name": "red"}), ("vnet_veth", CABLE), ("vnet_tuntap", TAP)]
    for module, params in tasks:
        assert run(module, persistent=True, **params)["changed"]
    return tasks


# Storing and forgetting


def test_four_steps() -> None:
    before = snapshot()
    planned = run("vnet_bridge", check=True, persistent=True, **BRIDGE)
    assert (planned["changed"], planned["persistent"]) == (True, True)
    assert (snapshot(), installed()) == (before, [])
    result = run("vnet_bridge", persistent=True, **BRIDGE)
    assert {key: result[key] for key in ("changed", "diff", "commands", "persistent")} == {
        key: planned[key] for key in ("changed", "diff", "commands", "persistent")
    }
    assert result["diff"]["after"]["stored"]["addresses"] == ["192.0.2.254/24"]
    assert "stored" not in result["diff"]["before"]
    for check in (True, False):
        again = run("vnet_bridge", check=check, persistent=True, **BRIDGE)
        assert (again["changed"], again["commands"], again["persistent"], again["warnings"]) == (False, [], True, [])
        assert again["diff"]["before"] == again["diff"]["after"]


def test_what_is_not_given_is_not_stored_and_what_is_empty_is() -> None:
    run("vnet_bridge", persistent=True, name="br0", addresses=[], stp=False, priority=0, force=True)
    stored = json.loads(files()["host/vnet_bridge/br0.json"])
    assert stored["format"] == 1
    assert stored["module"] == "vnet_bridge"
    options = stored["options"]
    assert {name: options[name] for name in ("addresses", "stp", "priority", "force")} == {"addresses": [], "stp": False, "priority": 0, "force": True}
    assert not {"mtu", "state", "persistent", "confirm_timeout"} & set(options)


def test_the_difference_shows_what_is_given() -> None:
    bridge: Values = {"type": "bridge", "name": "br1", "ports": [{"name": "t0", "cost": 7}]}
    links = [bridge, {"type": "tuntap", "mode": "tap", "name": "t0", "purge_routes": False}]
    layout: Values = {"name": "lab", "links": links, "persistent": True}
    assert _stored_in(lay(check=True, **layout)["diff"]["after"]) == {"name": "lab", "namespaces": [], "links": links}
    lay(**layout)
    bridge["purge_ports"] = False
    changed = lay(check=True, **layout)["diff"]
    assert [_stored_in(changed[when])["links"][0].get("purge_ports") for when in ("before", "after")] == [None, False]


def _stored_in(text: str) -> Any:
    return yaml.safe_load(text)["stored"]


def test_options_that_are_stored_no_more_are_a_warning() -> None:
    run("vnet_bridge", persistent=True, **BRIDGE)
    for check in (True, False):
        (warning,) = run("vnet_bridge", persistent=True, name="br0", mtu=1400, check=check)["warnings"]
        assert warning.startswith("vnet_bridge br0: this is stored in place of what was stored with mac, addresses, which this task does not give")
    assert run("vnet_bridge", persistent=True, name="br0", mtu=1400)["warnings"] == []
    assert run("vnet_bridge", persistent=True, name="br0", mtu=1400, addresses=[])["warnings"] == []


def test_the_order_of_items_does_not_matter() -> None:
    links = [{"type": "bridge", "name": "br1"}, {"type": "tuntap", "mode": "tap", "name": "t0"}]
    layout: Values = {"name": "lab", "namespaces": ["b", "a"], "persistent": True}
    lay(links=links, **layout)
    before = files()
    for check in (True, False):
        again = lay(check=check, **{**layout, "namespaces": ["a", "b"], "links": links[::-1]})
        assert (again["changed"], again["warnings"], files()) == (False, [], before)
        assert again["diff"]["before"] == again["diff"]["after"]


def test_only_root_can_read_what_is_stored() -> None:
    run("vnet_tuntap", persistent=True, name="t", mode="tap")
    assert [path.stat().st_mode & 0o077 for path in (HERE, HERE / "host/vnet_tuntap/t.json")] == [0, 0]


def test_left_out_keeps_and_false_forgets() -> None:
    run("vnet_bridge", persistent=True, **BRIDGE)
    before = files()
    kept = run("vnet_bridge", **BRIDGE)
    assert (kept["changed"], kept["persistent"], kept["warnings"], files()) == (False, True, [], before)
    planned = run("vnet_bridge", check=True, persistent=False, **BRIDGE)
    assert (planned["changed"], planned["persistent"], files()) == (True, False, before)
    result = run("vnet_bridge", persistent=False, **BRIDGE)
    assert (result["changed"], result["commands"], result["persistent"], installed()) == (True, [], False, [])
    assert "stored" in result["diff"]["before"]
    assert run("vnet_bridge", persistent=False, **BRIDGE)["changed"] is False
    assert run("vnet_bridge", **BRIDGE)["persistent"] is False


def test_a_change_that_is_not_stored_is_warned_of() -> None:
    run("vnet_bridge", persistent=True, **BRIDGE)
    for check in (True, False):
        (warning,) = run("vnet_bridge", check=check, **BRIDGE, stp=True)["warnings"]
        assert_sentence(warning.partition(": ")[2], ["stored", "reboot", "persistent: true"])
    sh("ip link delete br0")
    assert run("vnet_bridge", **BRIDGE)["warnings"] == []  # it is as stored again


def test_what_is_stored_does_not_disturb_lists_of_the_host() -> None:
    run("vnet_bridge", persistent=True, **BRIDGE)
    rules = [{"priority": 900, "from": "203.0.113.0/24", "table": "100"}]
    assert lay(rules=rules, routes=[{"to": "203.0.113.0/24", "type": "blackhole"}])["changed"]
    assert lay(state="absent")["changed"]


def test_another_declaration_of_the_link_is_warned_of() -> None:
    run("vnet_netns", name="red")
    run("vnet_veth", persistent=True, name="a", peer={"name": "b", "netns": "red"})
    (warning,) = run("vnet_veth", name="b", netns="red", mtu=1400, peer={"name": "a", "netns": ""})["warnings"]
    assert "vnet_veth a is stored" in warning


@pytest.mark.parametrize(("name", "netns"), [("a", ""), ("eth0", "red")])
def test_either_end_of_a_cable_forgets_it(name: str, netns: str) -> None:
    store_all()
    planned = run("vnet_veth", check=True, name=name, netns=netns, state="absent")
    assert (planned["changed"], "host/vnet_veth/a.json" in files()) == (True, True)
    run("vnet_veth", name=name, netns=netns, state="absent")
    assert sorted(files()) == ["host/vnet_bridge/br0.json", "host/vnet_netns/red.json", "netns/red/vnet_tuntap/t.json"]


def test_a_namespace_takes_along_what_is_stored_of_its_links() -> None:
    store_all()
    run("vnet_netns", name="red", state="absent")
    assert sorted(files()) == ["host/vnet_bridge/br0.json"]


def test_what_is_gone_already_is_forgotten_all_the_same() -> None:
    run("vnet_bridge", persistent=True, **BRIDGE)
    with rebooted():
        result = run("vnet_bridge", name="br0", state="absent")
    assert (result["changed"], result["commands"], installed()) == (True, [], [])


def test_what_needs_the_removed_link_is_warned_of() -> None:
    store_all()
    warnings = run("vnet_bridge", name="br0", state="absent")["warnings"]
    assert len(warnings) == 1
    assert "vnet_veth a is stored, and needs what is forgotten" in warnings[0]


def test_the_last_one_removes_engine_and_unit() -> None:
    store_all()
    assert installed() == [UNIT, WANTED, PROGRAM, Path(_engine.ENGINE), HERE]
    assert os.readlink(WANTED) == str(UNIT)
    for module, name, netns in (("vnet_bridge", "br0", ""), ("vnet_tuntap", "t", "red"), ("vnet_veth", "a", "")):
        run(module, name=name, netns=netns, state="absent")
        assert len(installed()) == 5
    run("vnet_netns", name="red", state="absent")
    assert installed() == []


# After a reboot


def test_single_resources_are_there_after_a_reboot(capfd: pytest.CaptureFixture[str]) -> None:
    tasks = store_all()
    before = snapshot()
    with rebooted():
        assert program(capfd, "status")[0] == 1
        status, out, err = program(capfd, "apply")
        assert (status, err) == (0, "")
        assert len(out.splitlines()) == 4
        changed = difference(portable(before), portable(snapshot()))
        assert not changed, changed
        assert program(capfd, "status")[0] == 0
        for module, params in tasks:
            assert run(module, persistent=True, **params)["changed"] is False


@pytest.mark.parametrize("declare", [small, full])
def test_a_layout_is_there_after_a_reboot(capfd: pytest.CaptureFixture[str], declare: Callable[[], Values]) -> None:
    planned = lay(check=True, persistent=True, **declare())
    result = lay(persistent=True, **declare())
    for key in ("changed", "diff", "commands", "persistent"):
        assert planned[key] == result[key], key
    assert lay(persistent=True, **declare())["changed"] is False
    before = snapshot()
    with rebooted():
        assert program(capfd, "apply") == (0, "vnet_layout lab: changed\n", "")
        changed = difference(portable(before), portable(snapshot()))
        assert not changed, changed
        assert lay(persistent=True, **declare())["changed"] is False
        assert lay(state="absent")["changed"]
        assert installed() == []
        assert counts(lay(**declare()), "created")


def test_status_shows_the_difference_and_commands_what_apply_would_do(capfd: pytest.CaptureFixture[str]) -> None:
    run("vnet_bridge", persistent=True, **BRIDGE)
    assert program(capfd, "status") == (0, "vnet_bridge br0: as stored\n", "")
    sh("ip address delete 192.0.2.254/24 dev br0", "ip link set br0 down")
    before = snapshot()
    status, out, err = program(capfd, "status")
    assert (status, err) == (1, "")
    assert out.splitlines()[0] == "vnet_bridge br0: differs"
    assert {"  -     up: false", "  +     up: true", "  +       - 192.0.2.254/24"} <= set(out.splitlines())
    status, out, err = program(capfd, "commands")
    assert (status, err) == (0, "")
    assert program(capfd, "apply", "--check") == (1, "vnet_bridge br0: would be changed\n", "")
    assert snapshot() == before
    sh(*out.splitlines())
    assert program(capfd, "apply") == program(capfd, "apply", "--check") == (0, "vnet_bridge br0: unchanged\n", "")


def test_one_that_fails_leaves_the_others(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_boot, "_LONGEST_WAIT", 0.5)
    store_all()
    sh("ip tuntap add dev under mode tap")
    run("vnet_bridge", persistent=True, name="v", ports=[{"name": "under"}])
    with rebooted():
        status, out, err = program(capfd, "apply")
        assert status == 1
        assert len(out.splitlines()) == 4
        waiting, sentence = err.splitlines()
        assert "waiting for under" in waiting
        assert_sentence(sentence, ["v", "under"])
        assert program(capfd, "apply", "br0")[0] == 0
        assert program(capfd, "apply", "v")[0] == 1


def test_a_device_is_waited_for(capfd: pytest.CaptureFixture[str]) -> None:
    sh("ip tuntap add dev late mode tap")
    run("vnet_bridge", persistent=True, name="br0", ports=[{"name": "late"}])
    with rebooted(), subprocess.Popen(["sh", "-c", "sleep 0.5; ip tuntap add dev late mode tap"]) as process:
        status, out, err = program(capfd, "apply")
        assert (status, out, "waiting for late" in err) == (0, "vnet_bridge br0: changed\n", True)
        assert process.wait(5) == 0


def test_the_program_needs_neither_ansible_nor_an_environment() -> None:
    store_all()
    before = snapshot()
    with rebooted():
        done = subprocess.run([PROGRAM, "apply"], env={}, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        changed = difference(portable(before), portable(snapshot()))
        assert not changed, changed
        engine = Path(_engine.ENGINE, "current")
        assert not list(engine.rglob("_task"))
        assert len(list(engine.rglob("*.pyc"))) >= 60


def test_a_missing_python_is_one_sentence() -> None:
    run("vnet_bridge", persistent=True, **BRIDGE)
    PROGRAM.write_text(PROGRAM.read_text().replace(sys.executable, "/nonexistent/python3"))
    done = subprocess.run([PROGRAM, "apply"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (os.EX_UNAVAILABLE, "")
    assert_sentence(done.stderr.rstrip("\n"), ["/nonexistent/python3", "missing"])
    assert run("vnet_bridge", persistent=True, **BRIDGE)["changed"]
    assert subprocess.run([PROGRAM, "apply"], capture_output=True, check=False).returncode == 0


def test_rules_of_nft_are_loaded_after_their_layout(capfd: pytest.CaptureFixture[str]) -> None:
    needs_program("nft")
    lay(persistent=True, **small())
    rules = HERE / "host/vnet_layout/lab.nft"
    rules.write_text(RULES)
    if subprocess.run(["nft", "--check", "--file", rules], capture_output=True, check=False).returncode:
        pytest.skip("this kernel has no nftables (CONFIG_NF_TABLES_INET)")
    with rebooted():
        assert program(capfd, "apply")[0] == 0
        table = ip("nft", "list", "table", "inet", "lab")
        assert "10.99.0.0/16" in table
        assert program(capfd, "status")[0] == 0
        sh("nft flush table inet lab")
        status, out, _err = program(capfd, "status")
        assert (status, f"+ rules of {rules}" in out) == (1, True)
        assert program(capfd, "apply") == (0, "vnet_layout lab: changed\n", "")
        assert ip("nft", "list", "table", "inet", "lab") == table
        rules.write_text("nonsense")
        status, _out, err = program(capfd, "apply")
        assert status == 1
        assert_sentence(err.splitlines()[0], [str(rules), "cannot be loaded"])
        lay(state="absent")
        assert installed() == []


def test_a_peer_given_by_its_path_is_only_not_stored() -> None:
    run("vnet_bridge", persistent=True, **BRIDGE)
    run("vnet_netns", name="red")
    params: Values = {"name": "a", "peer": {"name": "b", "netns": f"/proc/{os.getpid()}/ns/net"}}
    assert_sentence(refusal("vnet_veth", persistent=True, **params), ["path", "reboot"])
    assert run("vnet_veth", **params)["changed"]
    path: Values = {"name": "c", "netns": "/run/netns/red", "peer": {"name": "d", "netns": ""}}
    assert run("vnet_veth", persistent=True, **path)["changed"]
    assert "netns/red/vnet_veth/c.json" in files()


def test_one_that_is_not_valid_any_more_fails_alone(capfd: pytest.CaptureFixture[str]) -> None:
    store_all()
    path = HERE / "host/vnet_bridge/br0.json"
    path.write_text(path.read_text().replace("02:00:00:00:00:01", "no address"))
    status, out, err = program(capfd, "apply")
    assert (status, len(out.splitlines())) == (1, 3)
    assert_sentence(err.rstrip("\n"), [str(path), "mac", "no address"])
    assert len(run("vnet_bridge", name="br1", persistent=False)["warnings"]) == 1
    assert run("vnet_bridge", **BRIDGE)["changed"] is False
    assert run("vnet_bridge", persistent=True, **BRIDGE)["changed"]
    assert program(capfd, "status")[0] == 0


def test_ports_that_are_only_listed_come_up_too(capfd: pytest.CaptureFixture[str]) -> None:
    """Whoever brought them up before leaves them alone now."""
    sh("ip tuntap add dev card mode tap && ip link set card up")
    run("vnet_bridge", persistent=True, name="br0", ports=[{"name": "card"}])
    with rebooted():
        sh("ip tuntap add dev card mode tap")
        assert program(capfd, "apply") == (0, "vnet_bridge br0: changed\n", "")
        assert "UP" in ip("ip", "link", "show", "dev", "card").split(">")[0].split(",")
        assert program(capfd, "apply") == (0, "vnet_bridge br0: unchanged\n", "")
        sh("ip link set card down")
        status, out, _err = program(capfd, "status")
        assert (status, "  + card up" in out.splitlines()) == (1, True)
        assert program(capfd, "commands") == (0, "ip link set dev card up\n", "")
        assert program(capfd, "apply") == (0, "vnet_bridge br0: changed\n", "")
        assert program(capfd, "status") == (0, "vnet_bridge br0: as stored\n", "")


def test_a_layout_that_goes_is_no_namespace_of_the_same_name() -> None:
    lay(name="one", namespaces=["foo"], persistent=True)
    assert not lay(name="foo", state="absent")["warnings"]
    (warning,) = run("vnet_netns", name="foo", state="absent")["warnings"]
    assert "vnet_layout one is stored, and declares what this task removes" in warning


# What cannot be stored


@pytest.mark.parametrize("check", [True, False])
def test_the_same_link_is_stored_once(check: bool) -> None:
    store_all()
    sentence = refusal("vnet_veth", check, persistent=True, name="eth0", netns="red", peer={"name": "a", "netns": ""})
    assert_sentence(sentence, ["a is stored already as part of vnet_veth a", "persistent: false"])


def test_declarations_that_need_each_other_are_refused() -> None:
    run("vnet_bridge", name="br0")
    run("vnet_tuntap", persistent=True, name="t", mode="tap", master="br0")
    assert_sentence(refusal("vnet_bridge", persistent=True, name="br0", ports=[{"name": "t"}]), ["vnet_bridge br0", "vnet_tuntap t"])


def test_a_namespace_given_by_its_path_is_refused() -> None:
    run("vnet_netns", name="red")
    assert_sentence(refusal("vnet_bridge", persistent=True, name="br0", netns="/proc/1/ns/net"), ["/proc/1/ns/net", "path", "reboot"])


@pytest.mark.parametrize("persistent", [True, False])
def test_in_another_namespace_it_is_refused(monkeypatch: pytest.MonkeyPatch, persistent: bool) -> None:
    run("vnet_bridge", persistent=True, **BRIDGE)
    monkeypatch.setattr(_change, "is_network_of_host", lambda: False)
    assert_sentence(refusal("vnet_bridge", persistent=persistent, name="br1"), ["persistent", "network namespace"])
    before = files()
    run("vnet_bridge", name="br0", state="absent")
    assert files() == before


@pytest.mark.parametrize("check", [True, False])
def test_a_python_in_a_home_is_refused(monkeypatch: pytest.MonkeyPatch, check: bool) -> None:
    monkeypatch.setattr(_engine, "_VOLATILE", (os.path.dirname(os.path.dirname(sys.executable)),))
    assert_sentence(refusal("vnet_bridge", check, persistent=True, **BRIDGE), ["interpreter", "ansible_python_interpreter"])


def test_a_full_disk_is_one_sentence() -> None:
    HERE.mkdir(0o700)
    sh(f"mount -t tmpfs -o size=4k tmpfs {HERE}", f"head -c 4096 /dev/zero > {HERE}/full")
    try:
        assert_sentence(refusal("vnet_bridge", persistent=True, **BRIDGE), [str(HERE), "No space left"])
    finally:
        sh(f"umount {HERE}")


def test_a_disk_that_is_full_in_the_middle_of_the_engine_leaves_nothing() -> None:
    Path(_engine.ENGINE).mkdir()
    sh(f"mount -t tmpfs -o size=64k tmpfs {_engine.ENGINE}")
    try:
        assert_sentence(refusal("vnet_bridge", persistent=True, **BRIDGE), [_engine.ENGINE, "No space left"])
    finally:
        sh(f"umount {_engine.ENGINE}")


def test_a_failed_change_stores_nothing() -> None:
    before = snapshot()
    with pytest.raises(VnetError):
        run("vnet_bridge", persistent=True, name="br0", addresses=["192.0.2.1/24"], routes=[{"to": "198.51.100.0/24", "via": "203.0.113.1"}])
    assert (snapshot(), installed()) == (before, [])


def test_a_name_that_is_too_long_for_a_file_is_refused() -> None:
    assert_sentence(refusal("vnet_netns", persistent=True, name="n" * 250), ["too long", "240"])


def test_a_disk_that_is_full_when_the_change_is_made_is_noticed_before() -> None:
    HERE.mkdir(0o700)
    sh(f"mount -t tmpfs -o nr_inodes=3 tmpfs {HERE}")
    try:
        assert_sentence(refusal("vnet_bridge", persistent=True, **BRIDGE), [str(HERE), "No space left"])
    finally:
        sh(f"umount {HERE}")


def test_what_cannot_be_completed_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_key: Key) -> None:
        raise OSError(errno.EIO, "Input/output error", str(HERE))

    monkeypatch.setattr(_store, "commit", fail)
    with pytest.raises(VnetError, match="Input/output error"):
        run("vnet_bridge", persistent=True, **BRIDGE)
    assert installed() == []


def test_the_address_of_the_connection_is_to_be_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_change, "connection", lambda: Connection("192.0.2.1", "192.0.2.254"))
    run("vnet_bridge", **BRIDGE)
    for check in (True, False):
        (warning,) = run("vnet_bridge", check=check, persistent=True, name="br0")["warnings"]
        assert_sentence(warning, ["192.0.2.254 on br0, which this connection uses, is not declared", "reboot"])
    assert run("vnet_bridge", persistent=True, **BRIDGE)["warnings"] == []
    assert run("vnet_bridge", persistent=True, name="other")["warnings"] == []


def test_a_process_is_another_one_after_a_reboot() -> None:
    with subprocess.Popen(["unshare", "--net", "sleep", "100"]) as process:
        try:
            wait_for(lambda: os.readlink(f"/proc/{process.pid}/ns/net") != os.readlink("/proc/self/ns/net"))
            attach = str(process.pid)
            assert_sentence(refusal("vnet_netns", persistent=True, name="red", attach=attach), ["attach", "process", "after a reboot"])
            run("vnet_netns", name="red", attach=attach)
        finally:
            process.kill()


def test_what_a_reboot_does_not_bring_back_is_warned_of() -> None:
    run("vnet_netns", name="red")
    run("vnet_bridge", name="br9")
    (warning,) = run("vnet_tuntap", persistent=True, **TAP)["warnings"]
    assert "namespace red is needed and not stored" in warning
    (warning,) = run("vnet_tuntap", persistent=True, name="t9", mode="tap", master="br9")["warnings"]
    assert "br9 is needed and not stored" in warning
    run("vnet_netns", persistent=True, name="red")
    (warning,) = run("vnet_netns", persistent=False, name="red")["warnings"]
    assert "vnet_tuntap t in namespace red is stored, and needs what is forgotten" in warning


# The program


def test_exit_statuses_and_names(capfd: pytest.CaptureFixture[str]) -> None:
    lay(persistent=True, **small())
    for name in ("lab", "red", "tap0", "eth0", "vnet_layout lab", "vnet_layout/lab"):
        assert program(capfd, "status", name) == (0, "vnet_layout lab: as stored\n", "")
    status, out, err = program(capfd, "apply", "nobody")
    assert (status, out) == (os.EX_USAGE, "")
    assert_sentence(err.rstrip("\n"), ["nobody", "lab"])


def test_whoever_may_not_read_what_is_stored_is_told(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    run("vnet_bridge", persistent=True, **BRIDGE)

    def scandir(path: str) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", scandir)
    status, out, err = program(capfd, "status")
    monkeypatch.undo()
    assert (status, out) == (os.EX_NOPERM, "")
    assert_sentence(err.rstrip("\n"), ["/etc/nfv-vnet", "Permission denied", "root"])


def test_what_waits_for_another_stored_one_is_no_error(capfd: pytest.CaptureFixture[str]) -> None:
    store_all()
    with rebooted():
        status, out, err = program(capfd, "status")
        assert (status, err) == (1, "")
        assert "  + needs vnet_netns red" in out.splitlines()
        assert out.count(": differs\n") == 4
        status, out, err = program(capfd, "apply", "--check")
        assert (status, out.count("would be changed"), err) == (1, 4, "")


# Damage


def test_a_damaged_file_fails_alone_and_is_replaced(capfd: pytest.CaptureFixture[str]) -> None:
    store_all()
    path = HERE / "host/vnet_bridge/br0.json"
    path.write_text(path.read_text()[:50])
    status, out, _err = program(capfd, "status")
    assert (status, len(out.splitlines())) == (1, 4)
    assert_sentence(out.splitlines()[0], [str(path), "damaged"])
    assert program(capfd, "status", "br0")[0] == 1
    assert run("vnet_bridge", persistent=True, **BRIDGE)["changed"]
    assert program(capfd, "status")[0] == 0


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"name": 5},
        {"name": "br0", "netns": [1]},
        {"name": "br0", "addresses": 5},
        {"name": "br0", "addresses": [5]},
        {"name": "br0", "mtu": "1500"},
        {"name": "br0", "ports": ["a"]},
        {"name": "br0", "routes": [{"to": 5}]},
        {"name": "br0", "up": "maybe"},
        {"name": "br0", "colour": 3},
        5,
    ],
    ids=str,
)
def test_a_file_that_somebody_has_edited_fails_alone(options: Any, capfd: pytest.CaptureFixture[str]) -> None:
    run("vnet_netns", persistent=True, name="red")
    path = HERE / "host/vnet_bridge/br0.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"format": 1, "module": "vnet_bridge", "options": options}))
    status, out, err = program(capfd, "apply")
    assert (status, out) == (1, "vnet_netns red: unchanged\n")
    assert_sentence(err.rstrip("\n"), [str(path)])
    assert run("vnet_bridge", name="br1", state="absent")["changed"] is False
    assert run("vnet_bridge", persistent=True, **BRIDGE)["changed"]
    assert program(capfd, "status")[0] == 0


def test_a_newer_format_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    run("vnet_bridge", persistent=True, **BRIDGE)
    path = HERE / "host/vnet_bridge/br0.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))
    assert_sentence(refusal("vnet_bridge", persistent=True, **BRIDGE), [str(path), "newer version"])
    assert_sentence(refusal("vnet_bridge", name="br0", state="absent"), [str(path), "newer version"])
    assert "newer version" in run("vnet_bridge", **BRIDGE)["warnings"][0]
    status, _out, err = program(capfd, "apply")
    assert status == 1
    assert "newer version" in err


def test_a_run_that_ended_while_it_stored_leaves_what_was_there(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    run("vnet_bridge", persistent=True, **BRIDGE, stp=False)
    before = files()

    def interrupted(_key: Key) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(_store, "commit", interrupted)
        patch.setattr(_store, "abandon", lambda _key: None)
        with pytest.raises(KeyboardInterrupt):
            run("vnet_bridge", persistent=True, **BRIDGE, stp=True)
    assert {name: text for name, text in files().items() if not name.endswith(".new")} == before
    assert program(capfd, "status")[0] == 1
    assert run("vnet_bridge", persistent=True, **BRIDGE, stp=True)["changed"]
    assert (program(capfd, "status")[0], len(files())) == (0, 1)


# The engine


def test_an_older_engine_is_replaced_and_a_newer_one_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    run("vnet_bridge", persistent=True, **BRIDGE)
    before = _engine.installed()
    assert before is not None
    with monkeypatch.context() as patch:
        patch.setattr(_engine, "VERSION", "0.0.9")
        patch.setattr(_engine, "_hash", lambda _sources: "0" * 16)
        assert run("vnet_bridge", persistent=True, **BRIDGE)["changed"] is False
    with monkeypatch.context() as patch:
        patch.setattr(_engine, "VERSION", "1000.0.0")
        patch.setattr(_engine, "_hash", lambda _sources: "1" * 16)
        assert run("vnet_bridge", check=True, persistent=True, **BRIDGE)["changed"]
        assert _engine.installed() == before
        assert run("vnet_bridge", persistent=True, **BRIDGE)["changed"]
        assert sorted(os.listdir(_engine.ENGINE)) == ["1" * 16, "current"]
        assert run("vnet_bridge", persistent=True, **BRIDGE)["changed"] is False
    assert run("vnet_bridge", persistent=True, **BRIDGE)["changed"] is False


@pytest.mark.parametrize("lost", [PROGRAM, UNIT, WANTED, Path(_engine.ENGINE, "current", "engine.json")], ids=lambda path: path.name)
def test_what_somebody_has_removed_is_installed_again(lost: Path) -> None:
    run("vnet_bridge", persistent=True, **BRIDGE)
    lost.unlink()
    assert run("vnet_bridge", check=True, persistent=True, **BRIDGE)["changed"]
    assert run("vnet_bridge", persistent=True, **BRIDGE)["changed"]
    assert lost.exists()
    assert run("vnet_bridge", persistent=True, **BRIDGE)["changed"] is False


def test_without_systemd_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_unit, "_has_systemd", lambda: False)
    (warning,) = run("vnet_bridge", persistent=True, **BRIDGE)["warnings"]
    assert "nfv-vnet apply" in warning
    assert run("vnet_bridge", persistent=True, **BRIDGE)["changed"] is False
    assert not UNIT.exists()


def test_the_unit_is_correct() -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    run("vnet_bridge", persistent=True, **BRIDGE)
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(UNIT)], capture_output=True, text=True, check=False)
    assert "nfv-vnet.service:" not in done.stderr, done.stderr


# The network managers


@pytest.mark.parametrize(("words", "refused"), [("dhcp", True), ("static", True), ("manual", False)])
def test_a_link_of_ifupdown_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: str, refused: bool) -> None:
    path = tmp_path / "interfaces"
    path.write_text(f"auto eth0\niface br0 inet {words}\n")
    monkeypatch.setattr(_managers, "_INTERFACES", str(path))
    monkeypatch.setattr(_managers, "_IFUP", ("/bin/sh",))
    if refused:
        assert_sentence(refusal("vnet_bridge", persistent=True, **BRIDGE), [str(path), "br0", "manual"])
    else:
        assert run("vnet_bridge", persistent=True, **BRIDGE)["changed"]


def test_a_bridge_without_addresses_is_left_to_the_managers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "interfaces"
    path.write_text("iface br0 inet dhcp\n")
    monkeypatch.setattr(_managers, "_INTERFACES", str(path))
    monkeypatch.setattr(_managers, "_IFUP", ("/bin/sh",))
    assert run("vnet_bridge", persistent=True, name="br0")["changed"]


class FakeManager:
    """A network manager: it holds links, and removes their addresses a moment after it has let go of them."""

    def __init__(self, folder: Path) -> None:
        self.holds: set[str] = set()
        self.keeps: set[str] = set()
        self.cleans: set[str] = set()
        """Links whose addresses it removes a moment after it has got them back."""
        self.said: list[tuple[list[str], bool]] = []
        self.record = _managers.Manager("fake.service", str(folder / "%s.conf"), self.content, self.held, self.reload)

    @staticmethod
    def content(patterns: list[str], _name: str) -> str:
        return " ".join(patterns) + "\n"

    def held(self, names: list[str]) -> list[str]:
        return [name for name in names if name in self.holds]

    def reload(self, names: list[str], managed: bool) -> None:
        self.said.append((names, managed))
        for name in set(names) - self.keeps:
            if not managed:
                self.holds.discard(name)
                subprocess.Popen(["sh", "-c", f"sleep 0.2; ip address flush dev {name} scope global"])
            else:
                self.holds.add(name)
                if name in self.cleans:
                    subprocess.Popen(["sh", "-c", f"sleep 0.5; ip address flush dev {name} scope global"])


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeManager:
    fake = FakeManager(tmp_path)
    monkeypatch.setattr(_managers, "MANAGERS", (fake.record,))
    monkeypatch.setattr(_managers, "is_booted", lambda: True)
    monkeypatch.setattr(_managers, "_is_running", lambda _manager: True)
    monkeypatch.setattr(_managers, "_DEADLINE", 0.5)
    return fake


def written(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def test_a_manager_lets_go_before_the_change_and_gets_it_back(manager: FakeManager, tmp_path: Path) -> None:
    run("vnet_bridge", **BRIDGE)
    manager.holds = {"br0"}
    assert run("vnet_bridge", persistent=True, **BRIDGE)["changed"]
    assert "192.0.2.254/24" in ip("ip", "address", "show", "dev", "br0")
    assert written(tmp_path) == {"00-nfv-vnet-vnet_bridge@br0.conf": "# let go of br0\nbr0\n"}
    assert manager.said == [(["br0"], False)]
    run("vnet_bridge", persistent=False, **BRIDGE)
    assert (written(tmp_path), manager.said[1:]) == ({}, [(["br0"], True)])


def test_addresses_have_moved_before_the_manager_lets_go(manager: FakeManager) -> None:
    card: Values = {"name": "card", "mac": "02:00:00:00:00:07"}
    run("vnet_tuntap", **card, mode="tap", addresses=["192.0.2.1/24"])
    manager.holds = {"card"}
    links = [{"type": "bridge", "name": "br0", "addresses": ["192.0.2.1/24"]}, {"name": "card", "master": "br0"}]
    planned = lay(check=True, persistent=True, links=links)
    result = lay(persistent=True, links=links)
    assert (result["commands"], result["warnings"]) == (planned["commands"], planned["warnings"])
    assert json.loads(ip("ip", "-j", "link", "show", "dev", "br0"))[0]["address"] == card["mac"]
    assert manager.said == [(["card"], False)]
    assert lay(state="absent")["changed"]
    assert "192.0.2.1/24" in ip("ip", "address", "show", "dev", "card")
    assert manager.said[1:] == [(["card"], True)]


def test_a_port_stays_in_its_bridge_until_the_reboot(manager: FakeManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its manager would take it out, and cut off who reaches the host through it."""
    monkeypatch.setattr(_persistence, "MANAGER_FOLDERS", (str(tmp_path),))
    run("vnet_tuntap", name="card", mode="tap", addresses=["192.0.2.1/24"])
    manager.holds = {"card"}
    links = [{"type": "bridge", "name": "br0", "addresses": ["192.0.2.1/24"]}, {"name": "card", "master": "br0"}]
    lay(persistent=True, links=links)
    lay(persistent=False, links=links)
    assert manager.said == [(["card"], False), ([], True)]
    assert list(written(tmp_path).values()) == ["# let go of card\ncard\n"]
    lay(state="absent")
    assert manager.said[2:] == [(["card"], True)]
    assert (written(tmp_path), manager.holds) == ({}, {"card"})


def test_what_a_manager_removes_as_it_gets_a_link_back_is_added_again(manager: FakeManager) -> None:
    addresses = ["192.0.2.1/24", "192.0.2.9/24", "2001:db8::1/64 nodad"]
    run("vnet_tuntap", name="card", mode="tap", addresses=addresses, routes=[{"to": "198.51.100.0/24"}])
    manager.holds = manager.cleans = {"card"}
    before = snapshot()
    lay(persistent=True, links=[{"type": "bridge", "name": "br0", "addresses": addresses}, {"name": "card", "master": "br0"}])
    lay(state="absent")
    time.sleep(1)
    assert not difference(before, snapshot())


def test_what_the_manager_got_back_is_taken_again_if_the_change_fails(manager: FakeManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("vnet_tuntap", name="card", mode="tap", addresses=["192.0.2.1/24"])
    manager.holds = {"card"}
    lay(persistent=True, links=[{"name": "card", "addresses": ["192.0.2.1/24"]}])
    before = written(tmp_path), snapshot()

    def fail(*_arguments: object) -> None:
        raise VnetError((), "injected")

    monkeypatch.setattr(Transaction, "applied", fail)
    with pytest.raises(VnetError, match="injected"):
        lay(state="absent")
    assert manager.said[1:] == [(["card"], True), (["card"], False)]
    assert (written(tmp_path), manager.holds) == (before[0], set())
    assert not difference(before[1], snapshot())


@pytest.mark.usefixtures("manager")
def test_ports_are_taken_from_their_managers_and_bridges_without_addresses_are_not(tmp_path: Path) -> None:
    sh("ip tuntap add dev t mode tap")
    run("vnet_bridge", persistent=True, name="br0", ports=[{"name": "t"}])
    assert written(tmp_path) == {"00-nfv-vnet-vnet_bridge@br0.conf": "t\n"}


def test_links_that_the_manager_did_not_hold_are_not_given_to_it(manager: FakeManager) -> None:
    run("vnet_bridge", persistent=True, **BRIDGE)
    run("vnet_bridge", name="br0", state="absent")
    assert (manager.holds, [names for names, managed in manager.said if managed]) == (set(), [[]])


def test_a_manager_that_does_not_let_go(manager: FakeManager, tmp_path: Path) -> None:
    run("vnet_bridge", **BRIDGE)
    manager.holds = manager.keeps = {"br0"}
    assert_sentence(refusal("vnet_bridge", persistent=True, **BRIDGE), ["fake.service", "does not let go of br0"])
    assert written(tmp_path) == {}


def test_a_failed_update_gives_back_only_what_it_took(manager: FakeManager, tmp_path: Path) -> None:
    links = [{"type": "tuntap", "name": name, "mode": "tap"} for name in ("d1", "d2")]
    sh("ip tuntap add dev d1 mode tap", "ip tuntap add dev d2 mode tap")
    manager.holds = {"d1", "d2"}
    lay(persistent=True, links=links[:1])
    before = written(tmp_path)
    with pytest.raises(VnetError):
        lay(persistent=True, links=[*links, {"type": "bridge", "name": "br0", "routes": [{"to": "198.51.100.0/24", "via": "203.0.113.1"}]}])
    assert (written(tmp_path), manager.holds) == (before, {"d2"})


@pytest.mark.usefixtures("manager")
def test_names_of_files_do_not_collide(tmp_path: Path) -> None:
    for name in ("t_0", "t-0"):
        run("vnet_tuntap", persistent=True, name=name, mode="tap")
    assert len(written(tmp_path)) == 2


def test_apply_takes_links_from_their_managers_too(manager: FakeManager, capfd: pytest.CaptureFixture[str]) -> None:
    run("vnet_bridge", persistent=True, **BRIDGE)
    manager.holds = {"br0"}
    assert program(capfd, "apply") == (0, "vnet_bridge br0: changed\n", "")
    assert "192.0.2.254/24" in ip("ip", "address", "show", "dev", "br0")
    assert program(capfd, "status")[0] == 0
