# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every step of a layout fails in turn, and the host is as it was before."""

from __future__ import annotations

import errno
import os
import re
import signal
import socket
import time
from typing import Callable, Dict, List, Optional

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _write
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._namespaces import Namespaces
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._write import Writer
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    AwaitLinks,
    CreateLink,
    DeleteAddress,
    DeleteEntry,
    DeleteLink,
    DeleteNamespaces,
    DeleteRoute,
    RenameLink,
    link_of,
)
from features import needs
from layouts import SCENARIOS, Scenario, clear, full, lay, link_in, names
from moments import DELETIONS, WHOLE, Failing, Overtaken, first_of_each_type, may_be_held
from processes import Child, ChildError
from support import difference, private_network, sh, snapshot


def _injected() -> KernelError:
    return KernelError(errno.EIO, "injected")


WAYS = [
    pytest.param(_injected, False, id="refused"),
    pytest.param(_injected, True, id="obeyed-in-part"),
    pytest.param(KeyboardInterrupt, True, id="interrupted"),
]


@pytest.mark.parametrize(("make_error", "done"), WAYS)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_whichever_step_fails_the_host_is_as_it_was_before(scenario: Scenario, make_error: Callable[[], BaseException], done: bool, every: bool) -> None:
    with private_network():
        scenario.prepare()
        with Failing() as whole:
            lay(**scenario.params)
    left_out = WHOLE if done and make_error is _injected else DELETIONS if done else ()
    numbers = [number for number, step in enumerate(whole.steps, 1) if not isinstance(step, left_out) and not _comes_after_a_deletion(number, whole)]
    if make_error is KeyboardInterrupt and not every:
        numbers = first_of_each_type(whole.steps, numbers)
    complaints: Dict[str, List[int]] = {}
    while numbers:
        with private_network():
            scenario.prepare()
            before = snapshot()
            while numbers:
                number = numbers.pop(0)
                wrong = _failed(scenario, Failing(number, make_error, done))
                wrong = difference(before, snapshot()) if wrong == "" else wrong
                if wrong is None:
                    break
                if wrong:
                    complaints.setdefault(wrong, []).append(number)
                    break
    assert not complaints, "\n".join(f"{wrong}: at {[str(whole.steps[number - 1]) for number in steps]}" for wrong, steps in complaints.items())


def _comes_after_a_deletion(number: int, whole: Failing) -> bool:
    return any(isinstance(step, DELETIONS) for step in whole.steps[: number - 1])


def _failed(scenario: Scenario, failing: Failing) -> Optional[str]:
    """What is wrong with how the run ended, '' where nothing is, None where the step was not needed."""
    try:
        with failing:
            lay(**scenario.params)
    except KeyboardInterrupt:
        return ""
    except VnetError as error:
        text = str(error)
        netns, name = link_of(failing.failed) if failing.failed else ("", "")
        about = r"route \w+ [\d./]+|\w+ rules" if (netns, name) == ("", "lo") else "|".join(filter(None, (netns, name)))
        if not failing.failed or not re.match(r"vnet_layout lab: (\w+\[\d+\](\.peer)?|%s): .*injected" % about, text):
            return f"the error does not say what failed: {text}"
        return "" if text.endswith("The host is as it was before") else f"it ends with: {text}"
    # a new link that has the value already needs no step that works
    step = failing.failed
    return None if step and may_be_held(step) else "nothing was reported"


def test_deletions_come_last() -> None:
    for scenario in SCENARIOS:
        with private_network():
            scenario.prepare()
            lines = lay(check=True, **scenario.params)["commands"]
        deletions = [number for number, line in enumerate(lines) if " link delete " in line or " netns delete " in line]
        assert deletions == list(range(len(lines) - len(deletions), len(lines))), scenario.name


def test_when_something_was_deleted_the_error_says_what_is_lost() -> None:
    lay(**full())
    with Failing() as whole:
        clear()
    last = len(whole.steps)
    lay(**full())
    with pytest.raises(VnetError, match=r"injected.*cannot be undone: .*link delete"), Failing(last, _injected):
        clear()
    clear()
    assert list(snapshot()) == [""]
    assert names(snapshot()) == []


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_whichever_deletion_fails_the_error_names_all_that_is_lost(scenario: Scenario) -> None:
    with private_network():
        scenario.prepare()
        with Failing() as whole:
            lay(**scenario.params)
    for number in [number for number, step in enumerate(whole.steps, 1) if isinstance(step, DELETIONS) or _comes_after_a_deletion(number, whole)]:
        with private_network():
            scenario.prepare()
            before = snapshot()
            with pytest.raises(VnetError, match="injected") as failure, Failing(number, _injected):
                lay(**scenario.params)
            time.sleep(0.1)  # the kernel clears cables away after their namespaces
            after = snapshot()
            lost = [name for name in names(before) if name not in names(after) and name.split("/")[0] in after]
            lost += [name for name in before if name not in after]
            assert [name for name in lost if not re.search(rf"\b{name.split('/')[-1]}\b", str(failure.value))] == [], (failure.value, number)
            assert ("cannot be undone" in str(failure.value)) == bool(lost), (failure.value, lost)


@pytest.mark.parametrize("step_type", [*DELETIONS, DeleteAddress, DeleteRoute, RenameLink], ids=lambda step_type: step_type.__name__)
def test_what_is_gone_already_is_no_error(step_type: type) -> None:
    """The kernel clears much away by itself, and on a busy machine later than the engine looked."""
    times = 0
    for scenario in (*SCENARIOS, Scenario("bridges", lambda: lay(links=[{"type": "bridge", "name": name} for name in "ab"]), {"state": "absent"})):
        with private_network():
            scenario.prepare()
            with Overtaken(step_type) as overtaken:
                lay(**scenario.params)
            assert not lay(**scenario.params)["changed"]
        times += overtaken.times
    assert times


def test_a_link_that_vanishes_between_the_last_look_and_its_deletion_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    delete = Writer._delete

    def overtaken(writer: Writer, netns: str, names: List[str]) -> None:
        delete(writer, netns, names)
        delete(writer, netns, names)

    lay(**full())
    monkeypatch.setattr(_write, "_GONE_WITHIN", -1)  # the kernel has no time to clear anything away
    monkeypatch.setattr(Writer, "_delete", overtaken)
    clear()
    assert names(snapshot()) == []


def test_namespaces_go_first_and_all_of_a_kind_together() -> None:
    lay(**full())
    indexes = sorted((("", name), socket.if_nametoindex(name)) for name in ("up0", "h2"))
    with Failing() as whole:
        clear()
    *of_the_host, namespaces, br0, tap0, awaited = whole.steps
    assert [type(step) for step in of_the_host] == [DeleteRoute, DeleteEntry]
    assert isinstance(namespaces, DeleteNamespaces)
    assert sorted(namespaces.names) == ["blue", "red"]
    assert [br0, tap0] == [DeleteLink("", "br0", "bridge"), DeleteLink("", "tap0", "tun")]
    assert isinstance(awaited, AwaitLinks)
    assert sorted(awaited.links) == indexes


def _killed_before_a_namespace_is_there() -> None:
    mount = Namespaces._mount

    def mounted(namespaces: Namespaces, source: str, target: str, flags: int) -> None:
        if target.endswith("/green"):
            os.kill(os.getpid(), signal.SIGKILL)
        mount(namespaces, source, target, flags)

    Namespaces._mount = mounted  # type: ignore
    params = full()
    lay(**{**params, "namespaces": [*params["namespaces"], {"name": "green"}]})


def test_of_what_goes_together_the_error_says_which_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run was cut off before green was there: nothing of it is lost."""
    lay(**full())
    with pytest.raises(ChildError):
        Child(_killed_before_a_namespace_is_there).result()
    assert snapshot()["green"] == "not a namespace"
    remove = Namespaces.remove

    def removed(namespaces: Namespaces, name: str) -> None:
        if name == "red":
            raise _injected()
        remove(namespaces, name)

    monkeypatch.setattr(Namespaces, "remove", removed)
    with pytest.raises(VnetError) as failure:
        clear()
    error, _, lost = str(failure.value).partition(" This cannot be undone: ")
    assert "netns delete blue, red" in error
    assert lost.split("; ") == ["blue: netns delete", "h2: link delete", "r1: link delete"]
    monkeypatch.undo()
    clear()
    assert list(snapshot()) == [""]
    assert names(snapshot()) == []


@pytest.mark.parametrize("make_error", [_injected, KeyboardInterrupt], ids=["refused", "interrupted"])
def test_a_bridge_that_could_not_be_deleted_snoops_as_before(make_error: Callable[[], BaseException], monkeypatch: pytest.MonkeyPatch) -> None:
    needs("mcast_snooping")
    lay(links=[{"type": "bridge", "name": "br0"}, {"type": "bridge", "name": "br1", "mcast_snooping": False}])
    before = snapshot()

    def delete(*_arguments: object) -> None:
        raise make_error()

    monkeypatch.setattr(Writer, "links_delete", delete)
    with pytest.raises((VnetError, KeyboardInterrupt)):
        clear()
    assert not difference(before, snapshot())


def test_a_signal_takes_everything_back() -> None:
    def part() -> None:
        def kill() -> BaseException:
            os.kill(os.getpid(), signal.SIGTERM)
            return _injected()

        with Failing(9, kill):
            lay(**full())

    before = snapshot()
    with pytest.raises((SystemExit, ChildError)):
        Child(part).result()
    assert not difference(before, snapshot())


def test_what_the_kernel_refuses_is_named_by_its_path() -> None:
    before = snapshot()
    params = full()
    link_in(params, "up0")["peer"]["routes"] = [{"to": "default", "via": "203.0.113.1"}]
    with pytest.raises(VnetError, match=r"links\[4\]\.peer: route add 0\.0\.0\.0/0: .*The host is as it was before$"):
        lay(**params)
    assert not difference(before, snapshot())


def test_another_process_in_the_way_is_taken_back_too() -> None:
    """A name is taken between the look and the doing."""
    before = snapshot()

    def take() -> KernelError:
        sh("ip link add up0 type dummy || ip link add up0 type bridge")
        return _injected()

    with Failing() as whole:
        lay(**full())
    clear()
    number = next(number for number, step in enumerate(whole.steps, 1) if isinstance(step, CreateLink) and step.name == "up0")
    with pytest.raises(VnetError, match="up0"), Failing(number, take):
        lay(**full())
    sh("ip link delete up0")
    assert not difference(before, snapshot())
