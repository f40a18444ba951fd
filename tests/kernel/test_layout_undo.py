# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every step of a layout fails in turn, and the host is as it was before."""

from __future__ import annotations

import errno
import os
import re
import signal
from typing import Callable, Dict, List, Optional

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._namespaces import Namespaces
from ansible_collections.nfv.vnet.plugins.module_utils._resources import VnetError
from layouts import SCENARIOS, Scenario, clear, difference, full, lay, names
from moments import Failing
from processes import Child, ChildError
from support import private_network, sh, snapshot

DELETIONS = ("link delete", "netns delete")
WHOLE = (*DELETIONS, "netns add", "link add", "vlan add", "vlan delete", "address add", "address delete", "route add", "route delete")
"""What the kernel does as a whole or not at all; of the rest a message that it refuses may have been obeyed in part."""


def _injected() -> KernelError:
    return KernelError(errno.EIO, "injected")


WAYS = [
    pytest.param(_injected, False, id="refused"),
    pytest.param(_injected, True, id="obeyed-in-part"),
    pytest.param(KeyboardInterrupt, True, id="interrupted"),
]


@pytest.mark.parametrize(("make_error", "done"), WAYS)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_whichever_step_fails_the_host_is_as_it_was_before(scenario: Scenario, make_error: Callable[[], BaseException], done: bool) -> None:
    with private_network():
        scenario.prepare()
        with Failing() as whole:
            lay(**scenario.params)
    left_out = WHOLE if done and make_error is _injected else DELETIONS if done else ()
    numbers = [number for number, step in enumerate(whole.steps, 1) if step.act not in left_out and not _comes_after_a_deletion(number, whole)]
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
    return any(step.act in DELETIONS for step in whole.steps[: number - 1])


def _failed(scenario: Scenario, failing: Failing) -> Optional[str]:
    """What is wrong with how the run ended, '' where nothing is, None where the step was not needed."""
    try:
        with failing:
            lay(**scenario.params)
    except KeyboardInterrupt:
        return ""
    except VnetError as error:
        text = str(error)
        if not failing.failed or not re.match(r"vnet_layout lab: (\w+\[\d+\](\.peer)?|%s): .*injected" % failing.failed.name, text):
            return f"the error does not say what failed: {text}"
        return "" if text.endswith("The host is as it was before") else f"it ends with: {text}"
    # a new link that has the value already needs no step that works
    step = failing.failed
    return None if step and step.act in ("link set", "port set") and step.old is None else "nothing was reported"


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
    with pytest.raises(VnetError, match=r"injected.*cannot be taken back: .*link delete"), Failing(last, _injected):
        clear()
    clear()
    assert list(snapshot()) == [""]
    assert names(snapshot()) == []


def test_namespaces_go_first_and_all_of_a_kind_together() -> None:
    lay(**full())
    with Failing() as whole:
        clear()
    assert [(step.act, sorted(step.new or [step.name])) for step in whole.steps] == [
        ("netns delete", ["blue", "red"]),
        ("link delete", ["br0"]),
        ("link delete", ["tap0"]),
        ("link delete", ["h2", "up0"]),
    ]


def test_of_what_goes_together_the_error_says_which_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    lay(**full())
    remove = Namespaces.remove

    def removed(namespaces: Namespaces, name: str) -> None:
        if name == "red":
            raise _injected()
        remove(namespaces, name)

    monkeypatch.setattr(Namespaces, "remove", removed)
    with pytest.raises(VnetError, match=r"netns delete blue, red: .*injected.*This cannot be taken back: vnet_layout lab: blue: netns delete$"):
        clear()
    monkeypatch.undo()
    assert list(snapshot()) == ["", "red"]
    clear()
    assert names(snapshot()) == []


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
    params["veths"][0]["peer"]["routes"] = [{"to": "default", "via": "203.0.113.1"}]
    with pytest.raises(VnetError, match=r"veths\[0\]\.peer: route add 0\.0\.0\.0/0: .*The host is as it was before$"):
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
    number = next(number for number, step in enumerate(whole.steps, 1) if step.act == "link add" and step.name == "up0")
    with pytest.raises(VnetError, match="up0"), Failing(number, take):
        lay(**full())
    sh("ip link delete up0")
    assert not difference(before, snapshot())
