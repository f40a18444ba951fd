# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several runs at one time on one host, and what a run leaves behind in its own process."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Callable, ContextManager, Iterator, Tuple

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _lock
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._pending import LOCK_FILE
from ansible_collections.nfv.vnet.tests.unit.plugins.module_utils.refusals import assert_sentence
from packets import attached
from processes import NOBODY, Child, as_user, child, mapped, network_namespace, open_files, wait_for
from refusals import refusal
from support import Values, portable, private_network, run, snapshot

RUNS = 8
Run = Tuple[str, Values]


def cable(number: int) -> list[Run]:
    """A namespace and a cable of its own, on the bridge that all of them ask for."""
    name = f"n{number}"
    end = {"name": "eth0", "netns": name, "mac": f"02:00:00:00:01:{number:02x}", "addresses": [f"10.1.0.{number + 1}/24"]}
    return [
        ("vnet_bridge", {"name": "br0", "mac": "02:00:00:00:00:01", "stp": True, "forward_delay": 4, "addresses": ["10.1.0.254/24"]}),
        ("vnet_netns", {"name": name, "sysctl": {"net.ipv4.ip_forward": 1}}),
        ("vnet_veth", {"name": name, "mac": f"02:00:00:00:02:{number:02x}", "master": "br0", "port": {"cost": 10 + number}, "peer": end}),
        ("vnet_tuntap", {"name": f"t{number}", "mode": "tap", "mac": f"02:00:00:00:03:{number:02x}", "master": "br0"}),
    ]


def in_turn(runs: list[Run]) -> int:
    """How many of the runs changed something."""
    return sum(run(module, **params)["changed"] for module, params in runs)


def at_once(work: Callable[[int], Any]) -> list[Any]:
    """What as many processes return that start at one moment."""
    reader, writer = os.pipe2(os.O_CLOEXEC)

    def start(number: int) -> Any:
        os.close(writer)
        os.read(reader, 1)  # the end of the file is the signal
        return work(number)

    children = [Child(start, number) for number in range(RUNS)]
    os.close(reader)
    os.close(writer)
    try:
        return [process.result() for process in children]
    finally:
        for process in children:
            process.end()


def test_overlapping_runs_end_as_if_they_came_one_after_the_other() -> None:
    with private_network():
        for number in range(RUNS):
            in_turn(cable(number))
        one_by_one = portable(snapshot())
    changes = at_once(lambda number: in_turn(cable(number)))
    assert portable(snapshot()) == one_by_one
    assert sum(changes) == 3 * RUNS + 1, "the bridge is made once, the rest by each"
    assert [in_turn(cable(number)) for number in range(RUNS)] == [0] * RUNS


def test_of_equal_runs_one_makes_the_change() -> None:
    changes = at_once(lambda _number: in_turn(cable(0)))
    assert sum(changes) == 4
    assert in_turn(cable(0)) == 0


def test_of_equal_removals_one_makes_the_change() -> None:
    in_turn(cable(0))
    gone: list[Run] = [
        ("vnet_tuntap", {"name": "t0", "state": "absent"}),
        ("vnet_veth", {"name": "n0", "state": "absent"}),
        ("vnet_netns", {"name": "n0", "state": "absent"}),
        ("vnet_bridge", {"name": "br0", "state": "absent"}),
    ]
    assert sum(at_once(lambda _number: in_turn(gone))) == len(gone)
    assert [link["name"] for link in snapshot()[""]["links"]] == ["lo"]


def test_runs_that_want_different_things_leave_one_of_them_whole() -> None:
    at_once(lambda number: in_turn([("vnet_bridge", {"name": "br0", "ageing_time": 100 + number, "priority": 1000 + number})]))
    bridge = run("vnet_bridge", name="br0")["bridge"]
    assert bridge["priority"] - 1000 == bridge["ageing_time"] - 100


def test_a_failing_run_does_not_disturb_the_others() -> None:
    def work(number: int) -> bool:
        if number % 2:
            assert "group_fwd_mask" in refusal("vnet_bridge", name=f"br{number}", ageing_time=100, group_fwd_mask=7)
            return False
        return in_turn(cable(number)) > 0

    assert at_once(work) == [True, False] * (RUNS // 2)
    names = {link["name"] for link in snapshot()[""]["links"]}
    assert names == {"lo", "br0", *(f"{kind}{number}" for kind in "nt" for number in range(0, RUNS, 2))}


# The lock


@contextmanager
def held(meanwhile: ContextManager[Any] | None = None) -> Iterator[None]:
    """Another process holds the lock, in the midst of something."""
    run("vnet_netns", name="makes-the-file")
    run("vnet_netns", name="makes-the-file", state="absent")
    reader, writer = os.pipe2(os.O_CLOEXEC)

    def hold() -> None:
        with _lock.lock(), meanwhile or nullcontext():
            os.write(writer, b"!")
            time.sleep(60)

    with child(hold):
        assert os.read(reader, 1) == b"!"
        yield
    os.close(reader)
    os.close(writer)


def test_a_run_waits_until_the_lock_is_free() -> None:
    with held():
        process = Child(run, "vnet_bridge", name="br0")
        wait_for(lambda: LOCK_FILE in open_files(process.pid))
        assert [link["name"] for link in snapshot()[""]["links"]] == ["lo"]
    assert process.result()["changed"]


def test_a_run_gives_up_at_the_deadline_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_lock, "_DEADLINE", 0.2)
    before = snapshot()
    with held():
        sentence = refusal("vnet_bridge", name="br0")
    assert_sentence(sentence, ["br0", "another run", LOCK_FILE])
    assert "connection" not in sentence.lower()
    assert snapshot() == before
    assert run("vnet_bridge", name="br0")["changed"]


def test_what_changes_nothing_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_lock, "_DEADLINE", 0.2)
    in_turn(cable(0))
    with held():
        assert in_turn(cable(0)) == 0
        assert run("vnet_bridge", name="nowhere", state="absent")["changed"] is False


def test_what_another_run_has_half_made_is_not_complained_of() -> None:
    with held(attached("t0", "tap")):  # not to stay yet, as in the middle of its making
        process = Child(run, "vnet_tuntap", name="t0", mode="tap")
        wait_for(lambda: LOCK_FILE in open_files(process.pid))
    assert process.result()["changed"]


def test_check_mode_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_lock, "_DEADLINE", 0.2)
    with held():
        assert all(run(module, check=True, **params)["changed"] for module, params in cable(0))


def test_the_lock_goes_with_the_process_that_held_it() -> None:
    with held():
        pass
    started = time.monotonic()
    assert run("vnet_bridge", name="br0")["changed"]
    assert time.monotonic() - started < 5


def test_another_user_cannot_open_the_file_of_the_lock() -> None:
    if not mapped(NOBODY):
        pytest.skip("a second user: this user namespace has one user only")
    run("vnet_bridge", name="br0")

    def take() -> str:
        try:
            fcntl.flock(os.open(LOCK_FILE, os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except PermissionError:
            return "refused"
        return "taken"

    assert as_user(NOBODY, take) == "refused"


# What stays behind


def descriptors() -> list[str]:
    return sorted(target.partition(":")[0] for target in open_files())


def children() -> str:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text()


LIFE: list[Run] = [
    *cable(0),
    ("vnet_tuntap", {"name": "t0", "mode": "tun", "recreate": True, "master": ""}),
    ("vnet_veth", {"name": "n0", "peer": {"name": "eth0", "netns": "n0", "routes": [{"to": "default", "via": "10.1.0.254"}]}}),
    ("vnet_veth", {"name": "n0", "netns": "n0", "peer": {"name": "eth0", "netns": ""}}),
    ("vnet_netns", {"name": "n0", "routes": [{"to": "10.2.0.0/16", "type": "blackhole"}]}),
    ("vnet_veth", {"name": "n0", "netns": "n0", "state": "absent"}),
    ("vnet_netns", {"name": "n0", "state": "absent"}),
    ("vnet_bridge", {"name": "br0", "state": "absent"}),
]


def test_no_run_leaves_a_descriptor_a_process_or_a_namespace_behind() -> None:
    in_turn(LIFE)
    run("vnet_tuntap", name="t0", state="absent")
    before = descriptors(), children(), network_namespace()
    for module, params in LIFE:
        for check in (True, False, False):
            run(module, check=check, **params)
            assert (descriptors(), children(), network_namespace()) == before, (module, params, check)


FAILURES: list[Run] = [
    ("vnet_bridge", {"name": "br0", "netns": "nowhere"}),
    ("vnet_bridge", {"name": "br0", "netns": "/etc/passwd"}),
    ("vnet_bridge", {"name": "br0", "netns": "red", "group_fwd_mask": 7}),
    ("vnet_veth", {"name": "a", "netns": "red", "master": "nowhere", "peer": {"name": "b"}}),
    ("vnet_veth", {"name": "a", "peer": {"name": "b", "netns": "red", "routes": [{"to": "default", "via": "10.1.0.1"}]}}),
    ("vnet_tuntap", {"name": "t", "netns": "red"}),
    ("vnet_netns", {"name": "blue", "sysctl": {"net.ipv4.no_such_setting": 1}}),
    ("vnet_netns", {"name": "red", "sysctl": {"net.ipv4.ip_forward": "banana"}}),
    ("vnet_netns", {"name": "blue", "nsid": 5}),
]


@pytest.mark.parametrize(("module", "params"), FAILURES)
def test_a_run_that_fails_leaves_nothing_behind_either(module: str, params: Values) -> None:
    run("vnet_netns", name="red", nsid=5)
    refusal(module, **params)
    before = descriptors(), children(), network_namespace(), snapshot()
    refusal(module, **params)
    assert (descriptors(), children(), network_namespace(), snapshot()) == before
