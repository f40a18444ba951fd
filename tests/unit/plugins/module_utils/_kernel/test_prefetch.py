# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""When another process reads prefetched."""

from __future__ import annotations

import os
import sys
import threading

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _prefetch


@pytest.fixture(autouse=True)
def two_processors_and_no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1})
    frames = {threading.get_ident(): None}
    monkeypatch.setattr(sys, "_current_frames", lambda: frames)


def test_it_pays_for_many_namespaces() -> None:
    assert _prefetch._is_worth_it(["red"] * 100)


def test_not_for_few() -> None:
    assert not _prefetch._is_worth_it(["red"] * 99)


def test_not_with_one_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0})
    assert not _prefetch._is_worth_it(["red"] * 100)


def test_not_beside_other_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1})
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert not _prefetch._is_worth_it(["red"] * 100)
    finally:
        done.set()
        thread.join()
