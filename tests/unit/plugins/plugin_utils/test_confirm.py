# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's side of a confirmation, with a host that is a list of answers."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, Dict, List

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.nfv.vnet.plugins.plugin_utils import _confirm

TOKEN = "0123456789abcdef" * 2
RESULT = {"changed": True, "commands": ["ip link add ü"]}
LOST = AnsibleConnectionFailure("no route to host")


class Host:
    """Answers each command with the next answer, and then with the last one for ever. The clock goes on by a second each time."""

    def __init__(self, *answers: object) -> None:
        self.commands: List[str] = []
        self.now = 0.0
        self._answers = list(answers)

    def __call__(self, command: str) -> Dict[str, Any]:
        self.commands.append(command)
        self.now += 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        rc, text = answer if isinstance(answer, tuple) else (0, answer)
        return {"rc": rc, "stdout": text, "stderr": "" if text else "sudo: a password is required"}


def says(state: str, rest: str = "") -> str:
    return f"Welcome!\r\n\r\n{TOKEN} {state}\r\n{rest}"


DONE = says("done", json.dumps(RESULT) + "\r\n")


def confirmed(monkeypatch: pytest.MonkeyPatch, host: Host, seconds: int = 20) -> Dict[str, Any]:
    monkeypatch.setattr(_confirm, "time", SimpleNamespace(monotonic=lambda: host.now, sleep=lambda _seconds: None))
    return _confirm.confirm(SimpleNamespace(_low_level_execute_command=host), "vnet_bridge br0", TOKEN, seconds)


CONFIRMED = {
    "at once": (says("changed"), DONE),
    "slowly": (says("armed"), says("changing"), says("changing"), says("changed"), says("completing"), DONE),
    "over an unsteady line": (LOST, says("changing"), LOST, LOST, says("changed"), LOST, (1, ""), DONE),
    "with an answer that ends early": (says("changed"), says("done", '{"changed": tr'), says("done"), DONE),
    "with a shell that says something": (says("changed"), "Last login: today\n" + DONE),
    "with a completion that takes long": (says("changed"), *[says("completing")] * 300, DONE),
}


@pytest.mark.parametrize("case", CONFIRMED)
def test_a_change_is_confirmed(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(*CONFIRMED[case])
    assert confirmed(monkeypatch, host) == RESULT
    assert ': > "begin"' in host.commands[0]


def test_each_command_says_what_is_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """The confirmation only over a connection that was opened when the change was known to be complete."""
    host = Host(says("changing"), says("changed"), LOST, says("completing"), DONE)
    confirmed(monkeypatch, host)
    said = [command.partition('[ -n "')[2].partition('"')[0] for command in host.commands]
    assert said == ["begin", "", "confirmed", "confirmed", ""]
    assert not any("\n" in command or "!" in command for command in host.commands)  # csh knows neither in quotes


UNCONFIRMED = {
    "never": (
        LOST,
        "Unless its process nfv-vnet was killed, it is rolled back. See /run/nfv-vnet/confirm/",
    ),
    "no more": (says("changing"), "the host did not answer for 50 seconds"),
    "killed": ((3, says("changed")), "was killed, or the host was restarted; the change may be in place"),
    "killed before": ((3, says("armed")), "was killed, or the host was restarted; nothing was changed"),
    "killed after": ((3, says("completing")), "was killed, or the host was restarted; the change is confirmed, and may not be complete"),
    "restarted": ((3, ""), "was killed, or the host was restarted; the change may be in place"),
}


@pytest.mark.parametrize("case", UNCONFIRMED)
def test_a_change_is_not_confirmed(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, words = UNCONFIRMED[case]
    host = Host(answer)
    result = confirmed(monkeypatch, host)
    assert result["failed"] is True
    assert result["msg"].startswith("vnet_bridge br0: ")
    assert words in result["msg"]
    assert host.now < 100
    assert result["msg"].endswith("The last attempt: no route to host") == (case == "never")


def test_what_failed_earlier_is_not_the_last_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "last attempt" not in confirmed(monkeypatch, Host(LOST, says("changing")))["msg"]
