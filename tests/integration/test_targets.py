# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each target of ansible-test's layout through ansible-playbook, in a sandbox of its own; as many at a time as there are processors."""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Iterator

import pytest
from playing import TARGETS, Result, play


def names() -> list[str]:
    found = sorted(path.parents[1].name for path in TARGETS.glob("*/tasks/main.yml"))
    return [name for name in found if not name.startswith("setup_")]


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Result[str]]]]:
    """The targets that were asked for, all of them on their way."""
    items: list[Any] = [item for item in request.session.items if item.path == request.path]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        started = {}
        for target in (item.callspec.params["target"] for item in items):
            plays = [{"name": target, "hosts": "localhost", "gather_facts": False, "roles": [target]}]
            started[target] = pool.submit(play, tmp_path_factory.mktemp(target), plays)
        yield started


@pytest.mark.parametrize("target", names())
def test_target(target: str, results: dict[str, Future[Result[str]]]) -> None:
    result = results[target].result()
    assert result.returncode == 0, result.stdout + result.stderr
