# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run is cut off by SIGKILL before calls that change the kernel: with --slow before each, else once between each two classes
of calls. The next run of the same declaration brings the host to it, as if nothing had happened, and a layout that goes
leaves nothing behind."""

from __future__ import annotations

from contextlib import suppress

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from layouts import SCENARIOS, Scenario, clear, lay
from moments import DELETIONS, Failing, Moments, Work, cut_off, moments_of
from support import Values, difference, portable, private_network, snapshot


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_whenever_a_run_is_cut_off_the_next_one_completes_it(scenario: Scenario, every: bool) -> None:
    _judge(scenario, lambda _moments: lay(**scenario.params), every)


@pytest.mark.parametrize("share", [pytest.param(0.5, id="half-way", marks=pytest.mark.slow), pytest.param(1.0, id="at-the-end")])
@pytest.mark.parametrize(
    "scenario", [scenario for scenario in SCENARIOS if scenario.name in ("new", "changed", "adopted", "released")], ids=lambda scenario: scenario.name
)
def test_whenever_the_taking_back_is_cut_off_the_next_run_completes_it(scenario: Scenario, share: float, every: bool) -> None:
    with private_network():
        scenario.prepare()
        with Failing() as whole:
            lay(**scenario.params)
    steps = [step for step in whole.steps if not isinstance(step, DELETIONS)]

    def work(moments: Moments) -> None:
        with Failing(int(len(steps) * share), moments.fault), suppress(VnetError):
            lay(**scenario.params)

    _judge(scenario, work, every)


def _judge(scenario: Scenario, work: Work, every: bool) -> None:
    with private_network():
        scenario.prepare()
        lay(**scenario.params)
        expected = portable(snapshot())
        clear()
        cleared = portable(snapshot())
    with private_network():
        scenario.prepare()
        moments = moments_of(work)
    assert moments.count - moments.failed_at > 1
    complaints = {}
    for moment in moments.chosen(every):
        with private_network():
            scenario.prepare()
            assert cut_off(work, moment) or moment > moments.count * 0.8
            complaint = _complete(scenario, expected, cleared)
            if complaint:
                complaints[moment] = complaint
    assert not complaints, "\n".join(f"{moment} of {moments.count}: {complaint}" for moment, complaint in complaints.items())


def _complete(scenario: Scenario, expected: Values, cleared: Values) -> str:
    """What is wrong after the next run, '' where nothing is."""
    try:
        lay(**scenario.params)
        wrong = difference(expected, portable(snapshot()))
        if wrong:
            return f"the next run left {wrong}"
        if lay(**scenario.params)["changed"]:
            return "the run after the next one found something to do"
        clear()
        wrong = difference(cleared, portable(snapshot()))
        return f"the layout left {wrong}" if wrong else ""
    except VnetError as error:
        return f"the next run failed: {error}"
