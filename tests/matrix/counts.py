# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many tests passed, failed and were skipped."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

CLOSING_LINE = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", flags=re.MULTILINE)


class Counts(NamedTuple):
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def plus(self, other: Counts) -> Counts:
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def judged(self, succeeded: bool) -> Counts:
        """Nothing passes that ran no test, or that ended badly without naming a failed one."""
        if self.failed or (succeeded and self.passed):
            return self
        return self.plus(Counts(failed=1))

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def of_report(file: Path) -> Counts:
    """The sum of a JUnit report, nothing where it is missing or was cut off."""
    counts = Counts()
    try:
        cases = ElementTree.parse(file).iter("testcase")
    except (OSError, ElementTree.ParseError):
        return counts
    for case in cases:
        outcomes = {element.tag for element in case}
        failed = bool(outcomes & {"failure", "error"})
        skipped = not failed and "skipped" in outcomes
        counts = counts.plus(Counts(not failed and not skipped, failed, skipped))
    return counts


def of_closing_line(text: str) -> Counts:
    """What the last line of tests/run says."""
    found = CLOSING_LINE.findall(text)
    return Counts(*map(int, found[-1])) if found else Counts()
