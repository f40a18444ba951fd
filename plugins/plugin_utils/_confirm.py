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
    CONFIRMED,
    DIRECTORY,
    DONE,
    OPTION,
    PENDING,
    RESULT,
    STATE,
    TOKEN,
)
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError, failure, printable

_TRANSPORT = "ssh"
_SSH_ARGUMENTS = "-o ControlPath=none -o ServerAliveInterval=2 -o ServerAliveCountMax=3"
"""A connection that is not shared, and that ends some seconds after the host stops answering. The first value of an option counts."""
_GRACE = 30
"""Seconds that the rollback may take, after which the controller does not ask for the result any more."""
_PAUSE = 0.5
_SCRIPT = """
cd {directory} || exit {gone}
[ -z "{says}" ] || : > "{says}" || exit
n=0; read -r state pid < {state}
while [ "$state" = {known} ] && [ $n -lt 10 ] && [ -e "/proc/$pid/exe" ]; do
    sleep 0.2 2> /dev/null || sleep 1
    n=$((n + 1)); read -r state pid < {state}
done
[ -e "/proc/$pid/exe" ] || read -r state pid < {state}
echo; echo "{token} $state"
if [ "$state" = {done} ]; then cat {result}; else [ -e "/proc/$pid/exe" ] || exit {gone}; fi
"""
"""Says something to the watchdog, and waits for another state than the known one, two seconds at most."""
_GONE = 3
"""The status of the script if the watchdog has ended without a result."""
_SAYS = {ARMED: BEGIN, CHANGED: CONFIRMED}
"""What the controller says in each state."""


class _Answer(NamedTuple):
    """The state of the change. C(result): of the module, if it is done."""

    state: str
    result: Optional[Dict[str, Any]] = None


class _GoneError(Exception):
    """The watchdog has ended without a result."""


class _NoAnswerError(Exception):
    """The host could not be asked, with the reason."""


def run_confirmed(action: ActionBase, task_vars: Mapping[str, Any]) -> Dict[str, Any]:
    """The result of the module, whose change was confirmed, or rolled back."""
    title = "%s %s" % (action._task.action.rpartition(".")[2], action._task.args.get("name"))
    try:
        seconds = int(action._task.args[OPTION])
        _check(action, seconds)
    except VnetError as error:
        return {"failed": True, **failure(title, error)}
    except (TypeError, ValueError):
        seconds = 0  # the module will refuse it
    token = secrets.token_hex(16)
    result: Dict[str, Any] = action._execute_module(module_args={**action._task.args, TOKEN: token}, task_vars=task_vars)
    action._remove_tmp_path(action._connection._shell.tmpdir)
    if not result.pop(PENDING, False):
        return result
    with _new_connections(action._connection):
        confirmed = _confirmed(action, title, token, seconds)
    return {**result, **confirmed, "warnings": result.get("warnings", []) + confirmed.get("warnings", [])}


def _check(action: ActionBase, seconds: int) -> None:
    """VnetError if a change could not be confirmed, or if that would prove nothing."""
    if action._task.async_val:
        raise VnetError((OPTION,), "a change in the background cannot be confirmed; leave async out")
    if action._connection.transport != _TRANSPORT:
        text = "only a new SSH connection shows that the host can still be reached, but the connection of this task is %s"
        raise VnetError((OPTION,), text % action._connection.transport)
    timeout = action._connection.get_option("timeout")
    if 0 < seconds <= timeout:
        raise VnetError((OPTION,), "%d is not longer than the timeout of the connection, %d seconds" % (seconds, timeout))


@contextmanager
def _new_connections(connection: ConnectionBase) -> Iterator[None]:
    """Opens a connection for each command in the block; later tasks do not use one from before or during the change either."""
    usual = connection.get_option("ssh_args")
    connection.reset()
    connection.set_option("ssh_args", "%s %s" % (_SSH_ARGUMENTS, usual or ""))
    try:
        yield
    finally:
        connection.set_option("ssh_args", usual)
        connection.reset()


def _confirmed(action: ActionBase, title: str, token: str, seconds: int) -> Dict[str, Any]:
    """The result of the change, after it is confirmed or rolled back."""
    deadline = time.monotonic() + seconds + _GRACE
    state, complaint = ARMED, ""
    while time.monotonic() < deadline:
        try:
            answer = _asked(action, token, state)
        except _NoAnswerError as error:
            complaint = str(error)
            time.sleep(_PAUSE)
            continue
        except _GoneError:
            text = "the process that would roll the change back was killed, or the host was restarted; the change may be in place"
            return {"failed": True, **failure(title, VnetError((), text))}
        if answer.result is not None:
            return answer.result
        state = answer.state
    text = "the host did not say within %d seconds what came of the change, which it rolls back by itself; see %s/%s and nfv-vnet in its log%s"
    words = text % (seconds + _GRACE, DIRECTORY, token, complaint and ". The last attempt: " + complaint)
    return {"failed": True, **failure(title, VnetError((), words))}


def _asked(action: ActionBase, token: str, state: str) -> _Answer:
    """The state of the change, after the watchdog was told what is to be said in the state that is known so far."""
    words = {"directory": "%s/%s" % (DIRECTORY, token), "gone": _GONE, "says": _SAYS.get(state, ""), "known": state}
    script = _SCRIPT.format(token=token, state=STATE, result=RESULT, done=DONE, **words)
    try:
        done: Dict[str, Any] = action._low_level_execute_command("/bin/sh -c %s" % shlex.quote(script))
    except AnsibleError as error:
        raise _NoAnswerError(printable(str(error))) from None
    if done["rc"] == _GONE:
        raise _GoneError
    lines = [line.rstrip("\r") for line in done["stdout"].split("\n")]
    heads = [number for number, line in enumerate(lines) if line.startswith(token + " ")]
    if done["rc"] or not heads:
        raise _NoAnswerError(printable((done["stderr"] or done["stdout"]).strip()))
    now = lines[heads[0]].split()[1]
    return _Answer(now, json.loads(lines[heads[0] + 1]) if now == DONE else None)
