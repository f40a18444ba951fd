# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change that is rolled back unless the controller confirms it over a new connection (C(confirm_timeout)).

Before the first change the module forks. The child, the watchdog, holds the lock and the plan; the module returns. The watchdog
changes the host when the controller says so, waits for the confirmation, and rolls the change back if none comes in time. Both talk
by files in a directory of the change below C(DIRECTORY): the controller creates C(begin) and C(confirmed), the watchdog replaces
C(state), with its process id, and, when it ends, writes C(result), which stays there. A controller that gives up need not say so.
"""

from __future__ import annotations

import json
import os
import pkgutil
import re
import signal
import sys
import syslog
import time
import traceback
from contextlib import suppress
from importlib import import_module
from typing import Any, Callable, Dict, NoReturn

from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError, failure, printable
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _registry
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._daemon import become_daemon
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import sentences
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._lock import describe_holder, forget_holder
from ansible_collections.nfv.vnet.plugins.module_utils._names import CONFIRM_TIMEOUT, CONFIRM_TOKEN

PENDING = "pending"
"""The key in the result of the module that says that the watchdog waits."""
DIRECTORY = _registry.DIRECTORY + "/confirm"
BEGIN, CONFIRMED, STATE, RESULT = "begin", "confirmed", "state", "result"
ARMED, CHANGING, CHANGED, COMPLETING, DONE = "armed", "changing", "changed", "completing", "done"
"""The states: nothing is changed yet; the change is under way; it waits for the confirmation; it is confirmed; the result is there."""
_OPTION = (CONFIRM_TIMEOUT,)
_LONGEST = 24 * 3600
_PAUSE = 0.02
_KEPT = 3600
"""Seconds for which the result of a change is kept at least."""
_READY = b"ready"
_OF_SIGNALS = 128
"""The status of a process that a signal ended is this and the number of the signal."""


class _ArmedError(Exception):
    """Raised in the module, not in the watchdog: the watchdog waits, nothing is changed yet."""


class Confirmation:
    """The confirmation of one change. C(title): the beginning of its messages; C(seconds): the time that the controller has;
    C(logs): whether messages may have values of options."""

    def __init__(self, title: str, token: object, seconds: int, logs: bool = True) -> None:
        if not 1 <= seconds <= _LONGEST:
            raise VnetError(_OPTION, "%d is out of range (1 to %d)" % (seconds, _LONGEST))
        if token is None:
            module = title.split()[0]
            text = "only the action plugin of the collection can confirm a change: use the full name nfv.vnet.%s, or set action_plugins beside library"
            raise VnetError(_OPTION, text % module)
        if not re.fullmatch("[0-9a-f]{32}", str(token)):
            raise VnetError((CONFIRM_TOKEN,), "it is for the action plugin of the collection only")
        self._title = title
        self._token = str(token)
        self._seconds = seconds
        self._logs = logs
        self._state = ""
        self._deadline = 0.0
        self._is_watchdog = False

    def outcome(self, work: Callable[[], Dict[str, Any]]) -> Dict[str, Any]:
        """The result of the module, whose work calls C(arm) and C(wait); the watchdog writes its own and ends."""
        try:
            result = work()
        except _ArmedError:
            return {"changed": False, PENDING: True}
        except BaseException as error:
            if not self._is_watchdog:
                raise
            result = self._failed(error)
        if self._is_watchdog:
            self._conclude(result)
        return result

    def arm(self) -> None:
        """Starts the watchdog. In the module it does not return; in the watchdog when the change is to begin."""
        try:
            self._make_directory()
        except OSError as error:
            text = "%s cannot be written (%s), but a change that waits for its confirmation is recorded there"
            raise VnetError(_OPTION, text % (DIRECTORY, error.strerror)) from None
        with sentences():
            reading, writing = os.pipe()
        if os.fork():
            os.close(writing)
            with open(reading, "rb") as pipe:
                said = pipe.read()
            if said != _READY:
                raise VnetError(_OPTION, "the process that would roll the change back cannot be started: %s" % (said.decode() or "it ended"))
            raise _ArmedError
        self._is_watchdog = True
        try:
            with sentences():
                self._detach()
                self._enter(ARMED)
                os.write(writing, _READY)
        except BaseException as error:
            os.write(writing, printable(str(error)).encode())
            os._exit(1)
        os.close(writing)
        self._await(BEGIN)
        self._enter(CHANGING)
        self._log("the change begins; it is rolled back unless it is confirmed within %s" % self._time())

    def require_time(self) -> None:
        """VnetError if the time is over."""
        if self._state != COMPLETING and time.monotonic() > self._deadline:
            raise VnetError((), self._expired())

    def wait(self) -> None:
        """Waits for the confirmation. VnetError if none comes in time."""
        self._enter(CHANGED)
        self._await(CONFIRMED)
        self._enter(COMPLETING)
        self._log("confirmed")

    def ended_by(self, error: BaseException) -> VnetError:
        """The error of a change that a signal or an error of this program ended."""
        cause = signal.Signals(error.code - _OF_SIGNALS).name if isinstance(error, SystemExit) and isinstance(error.code, int) else repr(error)
        return VnetError((), "the process that waits for the confirmation was ended by %s" % cause)

    def _expired(self) -> str:
        if self._state == ARMED:
            return "the controller did not begin the change within %s; nothing was changed" % self._time()
        if self._state == CHANGING:
            return "the change was not complete within %s" % self._time()
        return "the controller did not confirm the change over a new connection within %s" % self._time()

    def _time(self) -> str:
        return "%d second%s" % (self._seconds, "" if self._seconds == 1 else "s")

    def _failed(self, error: BaseException) -> Dict[str, Any]:
        """The result after an error that the rollback has not turned into a sentence."""
        place = "the change is confirmed and in place" if self._state == COMPLETING else "nothing was changed"
        text = "%s; %s" % (self.ended_by(error).text, place)
        result = {"failed": True, **failure(self._title, VnetError((), text))}
        return result if isinstance(error, SystemExit) else {**result, "exception": traceback.format_exc()}

    def _conclude(self, result: Dict[str, Any]) -> NoReturn:
        """Writes the result, and ends the watchdog."""
        try:
            if result.get("failed"):
                self._log(result["msg"] if self._logs else "failed")
            try:
                self._write(RESULT, json.dumps(result))
            except (OSError, ValueError, TypeError) as error:
                text = "the result cannot be written (%s); see nfv-vnet in the log of the host" % error
                self._log(text)
                self._write(RESULT, json.dumps({"failed": True, **failure(self._title, VnetError((), text))}))
            self._enter(DONE)
            forget_holder()
        finally:
            os._exit(0)

    def _make_directory(self) -> None:
        _registry.make_directory()
        with suppress(FileExistsError):
            os.mkdir(DIRECTORY, 0o700)
        for name in os.listdir(DIRECTORY):
            path = os.path.join(DIRECTORY, name)
            if os.stat(path).st_mtime < time.time() - _KEPT:
                for file in os.listdir(path):
                    os.unlink(os.path.join(path, file))
                os.rmdir(path)
        os.mkdir(self._path(), 0o700)

    def _detach(self) -> None:
        """Makes this process independent of the session, the connection and the archive of the module."""
        _load_all()
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, _end)
        syslog.openlog("nfv-vnet", syslog.LOG_PID, syslog.LOG_DAEMON)
        self._log(become_daemon("nfv-vnet-confirm-%s" % self._token, "Rolls back %s unless it is confirmed" % self._title))

    def _enter(self, state: str) -> None:
        """Tells the controller the state. With the first two the time begins."""
        if state in (ARMED, CHANGING):
            self._deadline = time.monotonic() + self._seconds
            describe_holder(self._title, self._seconds)
        self._state = state
        self._write(STATE, "%s %d\n" % (state, os.getpid()))

    def _await(self, name: str) -> None:
        while not os.path.exists(self._path(name)):
            self.require_time()
            time.sleep(_PAUSE)

    def _log(self, text: str) -> None:
        if text:
            syslog.syslog(printable(text if text.startswith(self._title) else "%s: %s" % (self._title, text)))

    def _write(self, name: str, text: str) -> None:
        path = self._path(name)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(path + ".new", path)

    def _path(self, *names: str) -> str:
        return os.path.join(DIRECTORY, self._token, *names)


def _end(number: int, _frame: object) -> NoReturn:
    raise SystemExit(_OF_SIGNALS + number)


def _load_all() -> None:
    """Imports every part of the collection: the archive that the module runs from is deleted when the module ends."""
    package = sys.modules[__name__.rpartition(".")[0]]
    for part in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        import_module(part.name)
