# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of the results, as Markdown between two marks of a file whose other text is left alone."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Iterable, NamedTuple

from counts import Counts
from rows import Row

BEGIN, END = "<!-- tests/matrix begins -->", "<!-- tests/matrix ends -->"
BETWEEN = re.compile(rf"(?<={re.escape(BEGIN)}\n).*?(?={re.escape(END)})", flags=re.DOTALL)
HEAD = "| Axis | Combination | Suite | Passed | Failed | Skipped | Ran on | Date |\n| --- | --- | --- | --: | --: | --: | --- | --- |\n"

Key = tuple[str, str]


class Result(NamedTuple):
    row: Row
    counts: Counts
    seconds: float
    on: str
    """What it ran on, or why it could not run."""


def writable(file: Path) -> bool:
    return file.is_file() and len(BETWEEN.findall(file.read_text(encoding="utf-8"))) == 1


def write(file: Path, results: Iterable[Result], rows: Iterable[Row]) -> None:
    """Rows that did not run this time keep their line; those that are no longer listed lose it."""
    text = file.read_text(encoding="utf-8")
    lines = {key(line): line for line in "".join(BETWEEN.findall(text)).splitlines() if line.startswith("| ")}
    lines.update({(result.row.axis, result.row.title): line_of(result) for result in results})
    table = HEAD + "".join(f"{lines[row.axis, row.title]}\n" for row in rows if (row.axis, row.title) in lines)
    file.write_text(BETWEEN.sub(lambda _match: f"\n{table}\n", text), encoding="utf-8")


def key(line: str) -> Key:
    axis, title = [cell.strip() for cell in line.split("|")[1:3]]
    return axis, title


def line_of(result: Result) -> str:
    row, counts = result.row, result.counts
    # Where pyroute2 lies tells nobody elsewhere anything.
    on = re.sub(r" from /\S*[^\s,]", "", result.on).replace("|", "\\|")
    cells = [row.axis, row.title, row.suite, str(counts.passed), str(counts.failed), str(counts.skipped), on, datetime.date.today().isoformat()]
    return f"| {' | '.join(cells)} |"
