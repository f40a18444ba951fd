#!/usr/bin/env python3
# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the suites with every supported combination of versions, one thing changed at a time: tests/matrix [WORD...]

Only the rows whose axis or title contains one of the words. What a row needs is made below .venv/matrix, once. A listed
combination that could not run has failed. The last line of the output is the sum: N passed, N failed, N skipped.
"""

from __future__ import annotations

import argparse
import os
import queue
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Sequence

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cache import CACHE, ROOT, CannotRunError, complaint
from counts import Counts, counted, of_closing_line
from rows import Row, Run, rows
from table import BEGIN, END, Result, writable, write

REPORTS = CACHE / "reports"
LIMIT = 2 * 3600
"""Seconds that a row may take: a kernel that hangs must not keep the others from their turn."""


class Chosen(argparse.Namespace):
    words: list[str]
    listing: bool
    slow: bool
    tests: list[str]
    keyword: str
    write: Path | None


def main() -> int:
    chosen, usage = arguments()
    table = rows()
    wanted = [row for row in table if not chosen.words or any(word.lower() in f"{row.axis}\n{row.title}".lower() for word in chosen.words)]
    if not wanted:
        usage.error("no row has such a word: tests/matrix --list shows all")
    if chosen.listing:
        print(*(f"{row.axis:<14}{row.title:<28}{row.suite}" for row in wanted), sep="\n")
        return 0
    if chosen.write and (chosen.tests or chosen.keyword):
        usage.error("only whole suites may be written down")
    if chosen.write and not writable(chosen.write):
        usage.error(f"{chosen.write} lacks the lines {BEGIN} and {END}")
    results = run_all(wanted, chosen)
    show(results)
    if chosen.write:
        write(chosen.write, results, table)
    total = Counts()
    for result in results:
        total += result.counts
    print(f"\n{total}")
    return 1 if total.failed else 0


def arguments() -> tuple[Chosen, argparse.ArgumentParser]:
    parser = argparse.ArgumentParser(prog="tests/matrix", description="Run the suites with every supported combination of versions.")
    parser.add_argument("words", nargs="*", metavar="WORD", help="only rows whose axis or title contains one of them")
    parser.add_argument("--list", dest="listing", action="store_true", help="list the rows, and run nothing")
    parser.add_argument("--slow", action="store_true", help="all tests, not one of each class")
    parser.add_argument("--tests", nargs="+", default=[], metavar="PATH", help="these tests in place of the whole suite; not for sanity")
    parser.add_argument("-k", dest="keyword", default="", metavar="EXPRESSION", help="of these only the ones that pytest finds by this expression")
    parser.add_argument("--write", type=Path, metavar="FILE", help=f"write the table into this file, between {BEGIN} and {END}")
    return parser.parse_args(namespace=Chosen()), parser


def run_all(wanted: Sequence[Row], chosen: Chosen) -> list[Result]:
    """As many at a time as there are processors, each on one: what runs beside must not slow a test down half-way."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    processors = sorted(os.sched_getaffinity(0))
    free: queue.SimpleQueue[int] = queue.SimpleQueue()
    for processor in processors:
        free.put(processor)
    with ThreadPoolExecutor(len(processors)) as pool:
        return list(pool.map(partial(in_turn, chosen, free), wanted))


def in_turn(chosen: Chosen, free: queue.SimpleQueue[int], row: Row) -> Result:
    processor = free.get()
    start = time.monotonic()
    try:
        run = row.prepare()
        start = time.monotonic()
        return carried_out(row, run, chosen, processor)
    except CannotRunError as error:
        return Result(row, Counts(failed=1), time.monotonic() - start, f"could not run: {error}")
    finally:
        free.put(processor)


def carried_out(row: Row, run: Run, chosen: Chosen, processor: int) -> Result:
    report = REPORTS / f"{row.axis}-{row.title}.xml".replace(" ", "-").replace(",", "")
    report.unlink(missing_ok=True)
    command = ["taskset", "--cpu-list", str(processor), *run.command]
    if row.suite != "sanity":
        command += ["-m", "pytest", *(chosen.tests or [f"tests/{row.suite}"]), *(["--slow"] if chosen.slow else []), f"--junit-xml={report}", "--color=no"]
        # The versions of pytest need not understand each other's cache.
        command += [f"--override-ini=cache_dir={report.with_suffix('.cache')}", *run.options, *(["-k", chosen.keyword] if chosen.keyword else [])]
    start = time.monotonic()
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=run.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CannotRunError(f"it did not end within {LIMIT // 60} minutes") from error
    text = done.stdout.decode(errors="replace")
    # In one piece, as another row prints at the same time.
    print(f"\n=== {row.axis}: {row.title}\n$ {' '.join(command)}\n{text}", end="", flush=True)
    found = of_closing_line(text) if row.suite == "sanity" else counted([report])
    on = run.expected if row.suite == "sanity" else next((line for line in text.splitlines() if line.startswith("on: ")), "").removeprefix("on: ")
    if found == Counts():
        raise CannotRunError(f"no test ran, status {done.returncode}: {complaint(text) or 'it printed nothing'}")
    if run.expected not in on:
        raise CannotRunError(f"it ran on something else: {on}")
    return Result(row, found.judged(done.returncode == 0), time.monotonic() - start, on)


def show(results: Sequence[Result]) -> None:
    print(f"\n{'row':<38}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}")
    for row, counts, seconds, on in results:
        print(f"{f'{row.axis}: {row.title}':<38}{counts.passed:>8}{counts.failed:>8}{counts.skipped:>9}{seconds:>9.1f}  {on}")


if __name__ == "__main__":
    sys.exit(main())
