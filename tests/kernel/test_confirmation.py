# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes that wait for a confirmation: the process that makes them, and rolls them back."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.nfv.vnet.plugins.module_utils._apply import _run
from ansible_collections.nfv.vnet.plugins.module_utils._confirmation import DIRECTORY, PENDING, Confirmation
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._info import INFO_OPTIONS, look
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _lock
from ansible_collections.nfv.vnet.plugins.module_utils._layouts import execute as execute_layout
from ansible_collections.nfv.vnet.plugins.module_utils._options._modules import OPTIONS
from ansible_collections.nfv.vnet.plugins.module_utils._options._option import argument_spec
from ansible_collections.nfv.vnet.plugins.module_utils._options._resource import layout, title
from ansible_collections.nfv.vnet.plugins.module_utils._persistence import STORE, _change, _engine
from ansible_collections.nfv.vnet.plugins.module_utils._persistence._entry import change_of_store
from ansible_collections.nfv.vnet.plugins.module_utils._runner import KEYS, execute
from ansible_collections.nfv.vnet.plugins.module_utils._task._answer import outcome
from ansible_collections.nfv.vnet.plugins.module_utils._task._items import checked
from support import Values, difference, ip, portable, run, sh, snapshot

TOKEN = "0123456789abcdef" * 2
HERE = Path(DIRECTORY, TOKEN)
LONG = 60
"""Seconds that no test takes."""
SHORT = 3
"""Seconds after which a change is rolled back, but not before the test has looked at it."""


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    """No process waits any longer, and nothing is known of earlier changes."""
    yield
    if (HERE / "state").exists():
        end(signal.SIGKILL)
        for path in HERE.iterdir():
            path.unlink()
        HERE.rmdir()


def begin(module: str, seconds: int = LONG, check: bool = False, **params: Any) -> Values:
    """Starts the module; what it returns at once."""
    validated = ArgumentSpecValidator(argument_spec(OPTIONS[module])).validate(params).validated_parameters

    def work(one: Confirmation) -> Values:
        return execute(layout(module, validated), KEYS[module], check, one, change_of_store(module, validated))

    return begin_work(title(module, validated), seconds, work)


def begin_work(name: str, seconds: int, work: Callable[[Confirmation], Values]) -> Values:
    confirmation = Confirmation(name, TOKEN, seconds)
    return confirmation.outcome(lambda: outcome(name, {}, lambda: work(confirmation)))


def say(word: str) -> None:
    (HERE / word).touch()


def wait_for(state: str) -> None:
    deadline = time.monotonic() + LONG / 2
    while not (HERE / "state").read_text().startswith(state):
        assert time.monotonic() < deadline, (HERE / "state").read_text()
        time.sleep(0.01)


def result() -> Values:
    wait_for("done")
    found: Values = json.loads((HERE / "result").read_text())
    return found


def end(number: int) -> None:
    """Ends the process that waits, if it is still there."""
    pid = int((HERE / "state").read_text().split()[1])
    try:
        os.kill(pid, number)
        os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        pass


CHANGES: Dict[str, Values] = {
    "new": {"name": "br0", "addresses": ["192.0.2.1/24"], "ports": [{"name": "a"}]},
    "changed": {"name": "br9", "addresses": ["192.0.2.1/24"], "mtu": 1400, "up": False},
    "deleted": {"name": "br9", "state": "absent"},
    "recreated": {"name": "br9", "num_tx_queues": 2, "recreate": True},
}


@pytest.fixture
def world() -> Values:
    """Some links and a route, as they are to be after a rollback."""
    run("vnet_veth", name="a", peer={"name": "b", "addresses": ["198.51.100.1/24"]})
    run("vnet_bridge", name="br9", addresses=["203.0.113.1/24", "2001:db8::1/64"], routes=[{"to": "198.18.0.0/15", "via": "203.0.113.2"}])
    return snapshot()


@pytest.mark.parametrize("change", CHANGES)
def test_nothing_happens_before_the_controller_says_so_and_everything_when_it_confirms(change: str, world: Values) -> None:
    params = CHANGES[change]
    expected = run("vnet_bridge", check=True, **params)
    assert begin("vnet_bridge", **params) == {"changed": False, PENDING: True}
    assert snapshot() == world
    say("begin")
    wait_for("changed")
    say("confirmed")
    found = result()
    assert (found["changed"], found["commands"]) == (True, expected["commands"])
    assert run("vnet_bridge", **params)["changed"] is False


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_not_confirmed_is_rolled_back(change: str, world: Values) -> None:
    params = CHANGES[change]
    begin("vnet_bridge", SHORT, **params)
    say("begin")
    wait_for("changed")
    if change != "recreated":  # a new link has the same values
        assert snapshot() != world
    found = result()
    name = params["name"]
    text = "the controller did not confirm the change over a new connection within 3 seconds. The host is as it was before"
    if change == "recreated":
        text = text.replace("The host is as it was before", "")  # the index of the link is another one
    assert found["failed"] is True
    assert found["msg"].startswith(f"vnet_bridge {name}: {text}")
    assert found["error"] == {"path": [], "errno": None}
    there = (portable(world), portable(snapshot())) if change == "recreated" else (world, snapshot())
    assert not difference(*there)


def test_a_change_that_nobody_begins() -> None:
    before = snapshot()
    begin("vnet_bridge", SHORT, name="br0")
    found = result()
    assert found["msg"] == "vnet_bridge br0: the controller did not begin the change within 3 seconds; nothing was changed"
    assert snapshot() == before


def test_what_the_kernel_refuses() -> None:
    before = snapshot()
    begin("vnet_bridge", name="br0", routes=[{"to": "198.18.0.0/15", "via": "192.0.2.9"}])
    say("begin")
    found = result()
    assert found["failed"] is True
    assert found["msg"].endswith("The host is as it was before")
    assert found["error"] == {"path": [], "errno": "ENETUNREACH"}
    assert snapshot() == before


def test_check_mode_and_runs_without_a_change_start_nothing() -> None:
    assert begin("vnet_bridge", check=True, name="br0")["changed"] is True
    run("vnet_bridge", name="br0")
    assert begin("vnet_bridge", name="br0")["changed"] is False
    assert begin("vnet_bridge", name="br0", ports=[{"name": "none"}])["failed"] is True
    assert not HERE.exists()


def test_a_change_that_takes_too_long(world: Values, monkeypatch: pytest.MonkeyPatch) -> None:
    run_step = _run.run

    def slowly(writer: Any, step: Any) -> None:
        time.sleep(0.6)
        run_step(writer, step)

    monkeypatch.setattr(_run, "run", slowly)
    begin("vnet_bridge", 1, name="br0", addresses=["192.0.2.1/24"], mtu=1400)
    say("begin")
    assert result()["msg"] == "vnet_bridge br0: the change was not complete within 1 second. The host is as it was before"
    assert snapshot() == world


def test_a_signal_before_the_change() -> None:
    begin("vnet_bridge", name="br0")
    end(signal.SIGTERM)
    assert result()["msg"] == "vnet_bridge br0: the process that waits for the confirmation was ended by SIGTERM; nothing was changed"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_rolls_back(number: int, world: Values) -> None:
    begin("vnet_bridge", name="br9", state="absent")
    say("begin")
    wait_for("changed")
    end(number)
    cause = signal.Signals(number).name
    assert result()["msg"] == f"vnet_bridge br9: the process that waits for the confirmation was ended by {cause}. The host is as it was before"
    assert snapshot() == world


# What cannot be undone


def state_of(link: str) -> str:
    return Path(f"/sys/class/net/{link}/operstate").read_text().strip()


LAYOUT: Values = {"name": "lab", "state": "present", "persistent": None, "force": False, "sysctl": None, "namespaces": None, "links": None}
NAMESPACES = [{"name": "red", "nsid": 7}, {"name": "blue"}]
LINKS = [
    {"type": "veth", "name": "red0", "addresses": ["192.0.2.1/24"], "peer": {"name": "eth0", "netns": "red"}},
    {"type": "tuntap", "name": "tap0", "mode": "tap", "netns": "blue"},
]


@pytest.mark.parametrize("confirmed", [True, False])
def test_namespaces_and_links_are_deleted_after_the_confirmation(confirmed: bool) -> None:
    execute_layout({**LAYOUT, "namespaces": NAMESPACES, "links": LINKS}, checked, False, False)
    before = snapshot()
    expected = execute_layout({**LAYOUT, "state": "absent"}, checked, True, False)
    inode = os.stat("/run/netns/red").st_ino
    begin_work("vnet_layout lab", LONG if confirmed else SHORT, lambda one: execute_layout({**LAYOUT, "state": "absent"}, checked, False, False, one))
    say("begin")
    wait_for("changed")
    assert os.stat("/run/netns/red").st_ino == inode
    assert state_of("red0") == "down"
    if confirmed:
        say("confirmed")
        found = result()
        assert found["commands"] == expected["commands"]
        assert found["summary"]["namespaces"]["removed"] == 2
        assert sorted(snapshot()) == [""]
    else:
        assert result()["msg"].endswith("The host is as it was before")
        assert snapshot() == before
        assert os.stat("/run/netns/red").st_ino == inode
    assert execute_layout({**LAYOUT, "state": "absent"}, checked, False, False)["changed"] is not confirmed


def test_a_port_of_a_bridge_that_goes_works_before_the_confirmation() -> None:
    """Only the deletion itself removes it; with its settings it comes back."""
    run("vnet_veth", name="eth0", peer={"name": "far"})
    links = [{"type": "bridge", "name": "br0", "addresses": ["192.0.2.1/24"]}, {"name": "eth0", "master": "br0", "port": {"cost": 7, "hairpin": True}}]
    execute_layout({**LAYOUT, "links": links}, checked, False, False)
    before = snapshot()
    alone = {**LAYOUT, "links": [{"name": "eth0", "addresses": ["192.0.2.1/24"]}]}
    begin_work("vnet_layout lab", SHORT, lambda one: execute_layout(alone, checked, False, False, one))
    say("begin")
    wait_for("changed")
    assert not os.path.exists("/sys/class/net/eth0/master")
    assert result()["msg"].endswith("The host is as it was before")
    assert snapshot() == before


def test_what_is_only_recorded_is_not_confirmed() -> None:
    run("vnet_bridge", name="br0")
    links = [{"type": "bridge", "name": "br0"}]
    found = begin_work("vnet_layout lab", LONG, lambda one: execute_layout({**LAYOUT, "links": links}, checked, False, False, one))
    assert (found["changed"], found["summary"]["links"]["adopted"], HERE.exists()) == (True, 1, False)


# One at a time


def test_another_run_says_who_is_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_lock, "_DEADLINE", 0.2)
    begin("vnet_bridge", name="br0")
    with pytest.raises(VnetError, match=r"^vnet_bridge br1: .*\(vnet_bridge br0 waits for its confirmation, for \d+ more seconds at most\)$"):
        run("vnet_bridge", name="br1")
    assert run("vnet_bridge", name="br1", check=True)["changed"] is True
    end(signal.SIGKILL)
    assert not run("vnet_bridge", name="br1", check=True)["warnings"]
    assert run("vnet_bridge", name="br1")["changed"] is True
    assert not Path("/run/nfv-vnet/lock").read_text()


def test_what_may_be_rolled_back_is_not_called_unchanged() -> None:
    """A run that finds everything as wanted waits until that is sure; what only looks says so."""
    begin("vnet_bridge", SHORT, name="br0")
    say("begin")
    wait_for("changed")
    words = "vnet_bridge br0 waits for its confirmation, for "
    (warning,) = run("vnet_bridge", name="br0", check=True)["warnings"]
    assert warning.startswith(f"vnet_bridge br0: {words}")
    assert look({**{option.name: option.default for option in INFO_OPTIONS}})["warnings"][0].startswith(words)
    assert run("vnet_bridge", name="br0")["changed"] is True  # it was rolled back in the meantime
    assert os.path.exists("/sys/class/net/br0")


def test_neighbours_must_be_found_again() -> None:
    """Those of links that the change is about: who was known before may be reached for a while by that alone."""
    run("vnet_veth", name="a", addresses=["192.0.2.1/24"], peer={"name": "b"})
    run("vnet_veth", name="c", addresses=["198.51.100.1/24"], peer={"name": "d"})
    sh("ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev a nud stale", "ip neigh add 192.0.2.3 lladdr 02:00:00:00:00:03 dev a nud permanent")
    sh("ip neigh add 198.51.100.2 lladdr 02:00:00:00:00:02 dev c nud stale")
    begin("vnet_bridge", name="br0", ports=[{"name": "a"}])
    say("begin")
    wait_for("changed")
    assert sorted(line.split()[0] for line in ip("ip", "-4", "neigh").splitlines()) == ["192.0.2.3", "198.51.100.2"]


def test_results_are_kept_for_an_hour() -> None:
    old, young = (Path(DIRECTORY, number * 32) for number in "ab")
    for path in (old, young):
        path.mkdir(parents=True)
        (path / "result").write_text("{}")
    os.utime(old, (0, 0))
    begin("vnet_bridge", name="br0")
    assert (old.exists(), young.exists()) == (False, True)


# What is refused


@pytest.mark.parametrize(
    ("token", "seconds", "words"),
    [
        (None, 30, "confirm_timeout: only the action plugin of the collection can confirm a change: use the full name nfv.vnet.vnet_bridge, "),
        (TOKEN, 0, "confirm_timeout: 0 is out of range (1 to 86400)"),
        (TOKEN, 86401, "confirm_timeout: 86401 is out of range (1 to 86400)"),
        ("../../etc", 30, "_confirm_token: it is for the action plugin of the collection only"),
    ],
)
def test_what_cannot_be_confirmed(token: object, seconds: int, words: str) -> None:
    with pytest.raises(VnetError) as error:
        Confirmation("vnet_bridge br0", token, seconds)
    assert str(error.value).startswith(words)


@pytest.mark.usefixtures("own_folders")
@pytest.mark.parametrize("confirmed", [True, False])
def test_it_is_stored_after_the_confirmation(confirmed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_change, "is_network_of_host", lambda: True)
    monkeypatch.setattr(_engine, "_VOLATILE", ())
    stored = Path(STORE, "host/vnet_bridge/br0.json")
    assert begin("vnet_bridge", LONG if confirmed else SHORT, name="br0", persistent=True) == {"changed": False, PENDING: True}
    assert not Path(STORE).exists()
    say("begin")
    wait_for("changed")
    assert not stored.exists()
    if confirmed:
        say("confirmed")
    found = result()
    assert found.get("persistent", False) is confirmed
    assert stored.exists() is confirmed
    assert Path(STORE).exists() is confirmed
