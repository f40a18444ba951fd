# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of the results, as a table of reStructuredText between two marks of a file whose other text is left alone."""

from __future__ import annotations

import csv
import datetime
import io
import re
import textwrap
from pathlib import Path
from typing import Iterable, NamedTuple

from counts import Counts
from rows import Row

BEGIN, END = ".. tests/matrix begins", ".. tests/matrix ends"
BETWEEN = re.compile(rf"(?<={re.escape(BEGIN)}\n).*?(?={re.escape(END)})", flags=re.DOTALL)
HEAD = """.. csv-table::
    :header: Axis, Combination, Suite, Passed, Failed, Skipped, Ran on, Date
    :class: narrow

"""


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
    lines = {(cells[0], cells[1]): cells for cells in csv.reader(_lines("".join(BETWEEN.findall(text))))}
    lines.update({(result.row.axis, result.row.title): cells_of(result) for result in results})
    table = io.StringIO()
    csv.writer(table, lineterminator="\n").writerows(lines[row.axis, row.title] for row in rows if (row.axis, row.title) in lines)
    file.write_text(BETWEEN.sub(lambda _match: f"\n{HEAD}{textwrap.indent(table.getvalue(), '    ')}\n", text), encoding="utf-8")


def _lines(table: str) -> list[str]:
    """The lines of the table after its head."""
    return [line.strip() for line in table.rpartition(HEAD)[2].splitlines() if line.strip()]


def cells_of(result: Result) -> list[str]:
    row, counts = result.row, result.counts
    # Where pyroute2 lies tells nobody elsewhere anything.
    on = re.sub(r" from /\S*[^\s,]", "", result.on)
    return [row.axis, row.title, row.suite, str(counts.passed), str(counts.failed), str(counts.skipped), on, datetime.date.today().isoformat()]
