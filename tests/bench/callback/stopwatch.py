# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes how long each task took, and whether it changed something, to the file that VNET_BENCH_OUTPUT names."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: stopwatch
type: stdout
short_description: Times of tasks
description: Writes how long each task took, and whether it changed something.
"""


class CallbackModule(CallbackBase):  # type: ignore[misc]
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "stopwatch"

    def __init__(self) -> None:
        super().__init__()
        self._start = 0.0
        self._times: list[tuple[float, bool]] = []

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:  # noqa: ARG002
        self._start = time.perf_counter()

    def v2_runner_on_ok(self, result: Any) -> None:
        self._times.append((time.perf_counter() - self._start, bool(result._result.get("changed"))))

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:  # noqa: ARG002
        print(result._result.get("msg"))

    def v2_playbook_on_stats(self, stats: Any) -> None:  # noqa: ARG002
        Path(os.environ["VNET_BENCH_OUTPUT"]).write_text(json.dumps(self._times), encoding="utf-8")
