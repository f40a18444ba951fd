# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers of passed, failed and skipped tests, from JUnit reports and from the last line of a run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, Iterator
from xml.etree import ElementTree

CLOSING_LINE = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", flags=re.MULTILINE)


@dataclass(frozen=True)
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"

    def judged(self, succeeded: bool) -> Counts:
        """Counts a run as failed if it ran no test, or failed without a failed test."""
        if self.failed or (succeeded and self.passed):
            return self
        return self + Counts(failed=1)


def counted(reports: Iterable[Path]) -> Counts:
    """The sum of JUnit reports; nothing if they are missing or incomplete."""
    counts = Counts()
    for case in cases(reports):
        failed = bool(failure(case))
        left_out = not failed and bool(skipped(case))
        counts += Counts(not failed and not left_out, failed, left_out)
    return counts


def cases(reports: Iterable[Path]) -> Iterator[ElementTree.Element]:
    for report in reports:
        try:
            yield from ElementTree.parse(report).iter("testcase")
        except (OSError, ElementTree.ParseError):
            continue


def skipped(case: ElementTree.Element) -> str:
    """The reason why a test was skipped, '' if it was not."""
    element = case.find("skipped")
    return "" if element is None else element.get("message") or "no reason"


def failure(case: ElementTree.Element) -> str:
    """What a failed test said, '' if it did not fail."""
    element = next((element for element in case if element.tag in ("failure", "error")), None)
    return "" if element is None else element.get("message") or element.text or "no message"


def identity(case: ElementTree.Element) -> str:
    """The id of a test: tests.kernel.test_x::test_y[z]."""
    return f"{case.get('classname')}::{case.get('name')}"


def of_closing_line(text: str) -> Counts:
    """The numbers in the last line of tests/run."""
    found = CLOSING_LINE.findall(text)
    return Counts(*map(int, found[-1])) if found else Counts()
