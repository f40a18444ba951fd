# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several layouts, or one several times, at one time on one host."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _lock
from layouts import clear, full, lay, mac, names, owners, settled
from processes import network_namespace
from support import Values, difference, portable, private_network, run, snapshot
from test_concurrency import RUNS, at_once, children, descriptors, held


def part(number: int) -> Values:
    """A layout of its own, on a bridge that another one made."""
    name = f"n{number}"
    return {
        "name": f"part{number}",
        "namespaces": [{"name": name, "addresses": [f"10.255.0.{number}/32"]}],
        "links": [
            {"type": "tuntap", "name": f"t{number}", "mode": "tap", "mac": mac(number + 16), "master": "br0"},
            {
                "type": "veth",
                "name": f"v{number}",
                "mac": mac(number + 32),
                "master": "br0",
                "port": {"cost": number + 1},
                "peer": {"name": "eth0", "netns": name, "mac": mac(number + 48), "addresses": [f"10.1.0.{number + 1}/24"]},
            },
        ],
    }


def bridge() -> None:
    run("vnet_bridge", name="br0", mac=mac(1))


def test_of_equal_runs_one_makes_everything() -> None:
    with private_network():
        lay(**full())
        alone = portable(snapshot())
    changes = at_once(lambda _number: lay(**full())["changed"])
    assert sum(changes) == 1
    assert not difference(alone, portable(snapshot()))
    settled(**full())


def test_of_equal_removals_one_removes_everything() -> None:
    before = snapshot()
    lay(**full())
    assert sum(at_once(lambda _number: clear()["changed"])) == 1
    assert not difference(before, snapshot())


def test_different_layouts_end_as_if_they_came_one_after_the_other() -> None:
    with private_network():
        bridge()
        for number in range(RUNS):
            lay(**part(number))
        one_by_one = portable(snapshot())
    bridge()
    assert all(at_once(lambda number: lay(**part(number))["changed"]))
    assert not difference(one_by_one, portable(snapshot()))
    for number in range(RUNS):
        assert lay(**part(number))["changed"] is False
    assert all(at_once(lambda number: clear(f"part{number}")["changed"]))
    assert names(snapshot()) == ["/br0"]


def test_runs_of_one_layout_that_want_different_things_leave_one_of_them_whole() -> None:
    def declared(number: int) -> Values:
        params = part(number)
        return {**params, "name": "lab", "links": [{"type": "bridge", "name": "br0", "mac": mac(1), "priority": number}, *params["links"]]}

    at_once(lambda number: lay(**declared(number)))
    left = [number for number in range(RUNS) if lay(check=True, **declared(number))["changed"] is False]
    assert len(left) == 1, left
    assert names(snapshot()) == sorted(["/br0", f"/t{left[0]}", f"/v{left[0]}", f"n{left[0]}/eth0"])


def test_two_layouts_that_want_one_link_leave_it_to_one_of_them() -> None:
    def work(number: int) -> Any:
        try:
            return lay(name=f"part{number}", links=[{"type": "bridge", "name": "br0", "mac": mac(1)}])["changed"]
        except VnetError as error:
            return str(error)

    outcomes = at_once(work)
    (winner,) = [number for number, outcome in enumerate(outcomes) if outcome is True]
    assert all(f"br0 belongs to layout part{winner}" in outcome for outcome in outcomes if outcome is not True)
    assert owners() == {"/br0": f"part{winner}"}


def test_building_and_removing_at_once_leaves_all_or_nothing() -> None:
    with private_network():
        lay(**full())
        built = portable(snapshot())
    nothing = portable(snapshot())
    at_once(lambda number: clear() if number % 2 else lay(**full()))
    after = portable(snapshot())
    assert not difference(after, built) or not difference(after, nothing)


def test_a_layout_waits_for_single_modules_and_they_for_it() -> None:
    def work(number: int) -> bool:
        if number % 2:
            return bool(run("vnet_bridge", name=f"single{number}")["changed"])
        return bool(lay(**{**part(number), "links": [{"type": "bridge", "name": "br0", "mac": mac(1)}, *part(number)["links"]], "name": "lab"})["changed"])

    assert all(at_once(work))
    assert {name for name in names(snapshot()) if "single" in name} == {f"/single{number}" for number in range(1, RUNS, 2)}


def test_what_changes_nothing_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_lock, "_DEADLINE", 0.2)
    lay(**full())
    with held():
        assert lay(**full())["changed"] is False
        assert lay(check=True, state="absent")["changed"] is True
        with pytest.raises(VnetError, match="another run"):
            clear()


def test_no_run_leaves_a_descriptor_a_process_or_a_namespace_behind() -> None:
    lay(**full())
    clear()
    before = descriptors(), children(), network_namespace()
    for params in (full(), {}, full(), {"state": "absent"}):
        for check in (True, False, False):
            lay(check=check, **params)
            assert (descriptors(), children(), network_namespace()) == before, (params, check)
    with pytest.raises(VnetError):
        lay(links=[{"type": "bridge", "name": "br0", "group_fwd_mask": 8, "netns": "nowhere"}])
    assert (descriptors(), children(), network_namespace()) == before
