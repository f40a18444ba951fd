# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The controller's side of C(confirm_timeout): it begins a change, and confirms it over a new connection.

Each command has an SSH connection of its own, as only a new one proves that the host can still be reached.
"""

from __future__ import annotations

import json
import secrets
import shlex
import time
from contextlib import contextmanager
from typing import Any, Dict, Iterator, Mapping, NamedTuple, Optional

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.plugins.connection import ConnectionBase
from ansible_collections.nfv.vnet.plugins.module_utils._confirmation import (
    ARMED,
    BEGIN,
    CHANGED,
    CHANGING,
    COMPLETING,
    CONFIRMED,
    DIRECTORY,
    DONE,
    PENDING,
    RESULT,
    STATE,
)
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError, failure, printable, quoted
from ansible_collections.nfv.vnet.plugins.module_utils._names import CONFIRM_TIMEOUT, CONFIRM_TOKEN

_TRANSPORT = "ssh"
_SSH_ARGUMENTS = "-o ControlPath=none -o ServerAliveInterval=2 -o ServerAliveCountMax=3"
"""A connection that is not shared, and that ends some seconds after the host stops answering. The first value of an option counts."""
_GRACE = 30
"""Seconds without an answer, beyond the time of the change, after which the controller does not ask any more."""
_PAUSE = 0.5
_FEW_SECONDS = 2
_MANY_SECONDS = 10
"""The time that one command waits for another state: long, as hosts may limit how often one logs in, but not while the change may
cut off its connection."""
_SCRIPT = (
    "cd {directory} || exit {gone}",
    'if [ -n "{says}" ]; then : > "{says}" || exit 1; fi',
    "n=0",
    "read -r state pid < {state}",
    'while [ "$state" = {known} ] && [ $n -lt {tries} ] && [ -e "/proc/$pid/exe" ]',
    "do sleep 0.2 2> /dev/null || sleep 1",
    "n=$((n + 1))",
    "read -r state pid < {state}",
    "done",
    '[ -e "/proc/$pid/exe" ] || read -r state pid < {state}',
    "if [ -e {result} ]; then state={done}; fi",
    "echo",
    'echo "{token} $state"',
    'if [ "$state" = {done} ]; then cat {result}; elif [ -e "/proc/$pid/exe" ]; then :; else exit {gone}; fi',
)
"""Says something to the watchdog, and waits for another state than the known one. In one line, as csh has no others in quotes."""
_GONE = 3
"""The status of the script if the watchdog has ended without a result."""
_SAYS = {ARMED: BEGIN, CHANGED: CONFIRMED}
"""What the controller says in each state."""
_LEFT = {ARMED: "nothing was changed", COMPLETING: "the change is confirmed, and may not be complete"}
"""What a watchdog leaves that was killed in a state; see C(_UNKNOWN) for others."""
_UNKNOWN = "the change may be in place"


class _Answer(NamedTuple):
    """The state of the change, and whether the watchdog is there. C(result): of the module, if it is done."""

    state: str
    is_alive: bool = True
    result: Optional[Dict[str, Any]] = None


class _NoAnswerError(Exception):
    """The host could not be asked, with the reason."""


def run_confirmed(action: ActionBase, task_vars: Mapping[str, Any]) -> Dict[str, Any]:
    """The result of the module, whose change was confirmed, or rolled back."""
    title = " ".join([action._task.action.rpartition(".")[2], *([str(action._task.args["name"])] if action._task.args.get("name") else [])])
    try:
        seconds = _seconds(action._task.args[CONFIRM_TIMEOUT])
        _check(action, seconds)
    except VnetError as error:
        return {"failed": True, **failure(title, error)}
    token = secrets.token_hex(16)
    with _options(action._connection, reconnection_retries=0):  # it waits itself, and a module that is repeated would wait for the first one
        result: Dict[str, Any] = action._execute_module(module_args={**action._task.args, CONFIRM_TOKEN: token}, task_vars=task_vars)
        action._remove_tmp_path(action._connection._shell.tmpdir)
        if not result.pop(PENDING, False):
            return result
        with _new_connections(action._connection):
            confirmed = confirm(action, title, token, seconds)
    warnings = result.pop("warnings", []) + confirmed.pop("warnings", [])
    return {**result, **confirmed, **({"warnings": warnings} if warnings else {})}


def _seconds(value: object) -> int:
    """The time. VnetError if it is none."""
    if not isinstance(value, bool):
        try:
            return int(str(value))
        except ValueError:
            pass
    raise VnetError((CONFIRM_TIMEOUT,), "%s is not a whole number of seconds" % quoted(value))


def confirm(action: ActionBase, title: str, token: str, seconds: int) -> Dict[str, Any]:
    """Begins the change of this token and confirms it. The result, when it is complete or rolled back; it fails without an answer."""
    begun = time.monotonic()
    deadline = begun + seconds + _GRACE
    state, complaint = ARMED, ""
    while time.monotonic() < deadline:
        try:
            waits = _FEW_SECONDS if time.monotonic() < begun + _MANY_SECONDS and state in (ARMED, CHANGING) else _MANY_SECONDS
            answer = _asked(action, token, state, waits)
        except _NoAnswerError as error:
            complaint = str(error)
            time.sleep(_PAUSE)
            continue
        if answer.result is not None:
            return answer.result
        if not answer.is_alive:
            text = "the process that would roll the change back was killed, or the host was restarted; %s" % _LEFT.get(answer.state, _UNKNOWN)
            return {"failed": True, **failure(title, VnetError((), text))}
        complaint = ""
        if state == ARMED != answer.state:  # now the time begins on the host, too
            deadline = time.monotonic() + seconds + _GRACE
        if answer.state == COMPLETING:  # it takes its time, and answers
            deadline = time.monotonic() + _GRACE
        state = answer.state
    text = (
        "the host did not answer for %d seconds, so it is not known what came of the change. Unless its process nfv-vnet was killed, it is rolled back."
        " See %s/%s on the host, and nfv-vnet in its log%s"
    )
    words = text % (seconds + _GRACE, DIRECTORY, token, complaint and ". The last attempt: " + complaint)
    return {"failed": True, **failure(title, VnetError((), words))}


def _check(action: ActionBase, seconds: int) -> None:
    """VnetError if a change could not be confirmed, or if that would prove nothing."""
    option = (CONFIRM_TIMEOUT,)
    if action._task.async_val:
        raise VnetError(option, "a change in the background cannot be confirmed; leave async out")
    if action._connection.transport != _TRANSPORT:
        text = "only a new connection of ansible.builtin.ssh shows that the host can still be reached, but this task uses %s"
        raise VnetError(option, text % action._connection.transport)
    timeout = action._connection.get_option("timeout")
    if 0 < seconds <= timeout:
        raise VnetError(option, "%d is not longer than the timeout of the connection, %d seconds (ansible_timeout)" % (seconds, timeout))
    if 0 < action._task.timeout <= seconds + _GRACE:
        text = "the task ends after %d seconds (timeout), before the change is surely confirmed or rolled back; use more than %d seconds"
        raise VnetError(option, text % (action._task.timeout, seconds + _GRACE))


@contextmanager
def _options(connection: ConnectionBase, **values: object) -> Iterator[None]:
    """Sets options of the connection in the block."""
    usual = {name: connection.get_option(name) for name in values}
    for name, value in values.items():
        connection.set_option(name, value)
    try:
        yield
    finally:
        for name, value in usual.items():
            connection.set_option(name, value)


@contextmanager
def _new_connections(connection: ConnectionBase) -> Iterator[None]:
    """Opens a connection for each command in the block; later tasks do not use one from before or during the change either."""
    connection.reset()
    with _options(connection, ssh_args="%s %s" % (_SSH_ARGUMENTS, connection.get_option("ssh_args") or "")):
        yield
    connection.reset()


def _asked(action: ActionBase, token: str, state: str, seconds: int) -> _Answer:
    """The state of the change, after the watchdog was told what is to be said in the state that is known so far.

    C(seconds): how long the host waits for another one at most.
    """
    words = {"directory": "%s/%s" % (DIRECTORY, token), "token": token, "gone": _GONE, "says": _SAYS.get(state, ""), "known": state, "tries": 5 * seconds}
    script = "; ".join(_SCRIPT).format(state=STATE, result=RESULT, done=DONE, **words)
    try:
        done: Dict[str, Any] = action._low_level_execute_command("/bin/sh -c %s" % shlex.quote(script))
    except AnsibleError as error:
        raise _NoAnswerError(printable(str(error))) from None
    lines = [line.rstrip("\r") for line in done["stdout"].split("\n")]
    heads = [number for number, line in enumerate(lines) if line.startswith(token + " ")]
    try:
        now = lines[heads[0]].split()[1] if heads else ""
        if done["rc"] == _GONE:
            return _Answer(now, is_alive=False)
        if not done["rc"] and heads:
            return _Answer(now, result=json.loads(lines[heads[0] + 1]) if now == DONE else None)
    except (ValueError, IndexError):
        pass  # the end is missing
    raise _NoAnswerError(printable((done["stderr"] or done["stdout"]).strip() or "an incomplete answer"))
