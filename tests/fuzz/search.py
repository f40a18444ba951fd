# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Searches for faults, and makes each as small as it can be."""

from __future__ import annotations

import copy
import os
import re
import traceback
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Callable, Iterator, NamedTuple

from entries import ACTION, BECOME, BECOMING, FILTERS, INVENTORY, Case, FaultError, carry_out
from found import STYLES
from odd import mutated, odd, odd_key
from parameters import Maker, Values, spoilt

ROOT = Path(__file__).resolve().parents[2]
SMALLER_SECONDS = 2.0
"""Processor time to make one fault smaller."""
MOST = 40
"""Faults that are told for one way in; those that follow are hardly new."""


class Finding(NamedTuple):
    case: Case
    error: BaseException
    place: str
    times: int


# Cases


def draw(entry: str, random: Random) -> Case:
    params = _DRAWN.get(entry, _of_module)(entry, random)
    return Case(entry, params, random.choice(STYLES), random.randrange(1000), random.random() < 0.3)


def _of_module(entry: str, random: Random) -> Any:
    return spoilt(random, lambda maker: maker.of_module(entry))


def _declaration(random: Random) -> Any:
    return odd(random) if random.random() < 0.03 else spoilt(random, Maker.declaration)


def _of_filter(_entry: str, random: Random) -> Values:
    """A declaration, or a result of vnet_info."""
    data = _declaration(random)
    if random.random() < 0.3 and isinstance(data, dict):
        links = [{**link, "status": random.choice(({"carrier": False}, {"attached": True}, None, odd(random)))} for link in _links(_declaration(random))]
        data = {"declaration": data, "links": links if random.random() < 0.8 else odd(random), "namespaces": []}
    values: Values = {"data": data}
    if random.random() < 0.3:
        values["fold"] = random.choice((0, 1, 2, "3", odd(random)))
    if random.random() < 0.2:
        values["direction"] = random.choice(("LR", "TB", odd(random)))
    return values


def _links(data: Any) -> list[Values]:
    links = data.get("links") if isinstance(data, dict) else None
    return [link for link in links if isinstance(link, dict)] if isinstance(links, list) else []


def _of_inventory(_entry: str, random: Random) -> Values:
    values: Values = {"declaration": _declaration(random)}
    if random.random() < 0.2:
        names = [random.choice(("localhost", "server1", odd_key(random))) for _number in range(2)]
        values["hosts"] = {name: random.choice((None, {}, {"ansible_host": odd(random)}, odd(random))) for name in names}
    if random.random() < 0.1:
        values["layouts"] = random.choice((["lab"], ["lab", mutated(random, "lab")], odd(random)))
    if random.random() < 0.02:
        values[odd_key(random)] = odd(random)
    return values


def _of_become(_entry: str, random: Random) -> Values:
    usual = {"netns": "red", "become_user": "root", "become_flags": "-H -n", "become_pass": "secret"}
    values: Values = {name: usual[name] for name in ("netns", *BECOME) if random.random() < 0.7}
    for name in random.sample(list(usual), random.choice((1, 1, 2))):
        values[name] = odd(random) if random.random() < 0.5 else mutated(random, usual[name])
    return values


def _of_action(_entry: str, random: Random) -> Any:
    return _declaration(random)


_DRAWN: dict[str, Callable[[str, Random], Any]] = {
    **dict.fromkeys(FILTERS, _of_filter),
    INVENTORY: _of_inventory,
    BECOMING: _of_become,
    ACTION: _of_action,
}


# The search


def _processor() -> float:
    """Processor time of this process and its children: graphviz is one."""
    return sum(os.times()[:4])


def search(entry: str, seed: object, seconds: float, count: int | None) -> tuple[list[Finding], dict[str, int]]:
    """Tries cases for so much processor time, or so many of them. Returns one finding of each class, and how many cases were taken and refused."""
    random = Random(f"{seed} {entry}")
    found: dict[tuple[str, str], Finding] = {}
    counts = {"taken": 0, "refused": 0, "faults": 0}
    end = _processor() + seconds
    while sum(counts.values()) < count if count is not None else _processor() < end:
        case = draw(entry, random)
        error = outcome(case)
        if not isinstance(error, BaseException):
            counts["taken" if error else "refused"] += 1
            continue
        counts["faults"] += 1
        kind = kind_of(error)
        if kind in found:
            found[kind] = found[kind]._replace(times=found[kind].times + 1)
        elif len(found) < MOST:
            begin = _processor()
            smallest = smaller(case, kind)
            found[kind] = Finding(smallest, _error(smallest), kind[1], 1)
            end += _processor() - begin
    return list(found.values()), counts


def outcome(case: Case) -> bool | BaseException:
    """Whether the case was taken, or the exception."""
    try:
        return carry_out(case._replace(params=copy.deepcopy(case.params)))
    except Exception as error:
        return error


def _error(case: Case) -> BaseException:
    error = outcome(case)
    assert isinstance(error, BaseException), case
    return error


def kind_of(error: BaseException) -> tuple[str, str]:
    """What two exceptions of one fault have in common: the complaint, and the function of the collection where it arises."""
    reason = f"{type(error).__name__}: {error.reason}" if isinstance(error, FaultError) else type(error).__name__
    cause = error.__cause__ if isinstance(error, FaultError) and error.__cause__ is not None else error
    while cause.__context__ is not None and cause.__traceback__ is not None and not _places(cause.__traceback__):
        cause = cause.__context__
    return reason, next(reversed(_places(cause.__traceback__)), "") or _last(error.__traceback__)


def _last(trace: TracebackType | None) -> str:
    """The function of Ansible that breaks off before the collection gets to see the parameters."""
    frames = [frame for frame in traceback.extract_tb(trace) if "/site-packages/" in frame.filename]
    return f"{frames[-1].filename.rpartition('/site-packages/')[2]}: {frames[-1].name}" if frames else "what is returned"


def _places(trace: TracebackType | None) -> list[str]:
    """The functions of the collection, the innermost last."""
    helpers = ("refuse", "missing", "<listcomp>", "<genexpr>", "<dictcomp>", "<lambda>")
    frames = [frame for frame in traceback.extract_tb(trace) if any(f"{folder}/plugins/" in frame.filename for folder in ("/nfv/vnet", ROOT))]
    return [f"{frame.filename.rpartition('/plugins/')[2]}: {frame.name}" for frame in frames if frame.name not in helpers]


# Making it smaller


def smaller(case: Case, kind: tuple[str, str]) -> Case:
    """The smallest case of the same fault that is found in a while: without what it does not need, and then with shorter values."""
    end = _processor() + SMALLER_SECONDS

    def same(other: Case) -> bool:
        error = outcome(other)
        return isinstance(error, BaseException) and kind_of(error) == kind

    case = case._replace(params=copy.deepcopy(case.params))
    for changes in ({"checking": False}, {"style": "declared"}, {"style": "empty"}, {"seed": 1}, {"seed": 0}):
        simple = case._replace(**changes)
        case = simple if same(simple) else case
    progress = True
    while progress and _processor() < end:
        progress = False
        for params in reduced(case.params):
            if _processor() > end:
                break
            if same(case._replace(params=params)):
                case, progress = case._replace(params=params), True
                break
    return case


def reduced(value: Any) -> Iterator[Any]:
    """The value with a bit less, most first."""
    if isinstance(value, (dict, list, tuple, set)):
        yield from (None, "a" * 700)
    if isinstance(value, dict):
        for key in value:
            yield {name: inner for name, inner in value.items() if name is not key}
        for key, inner in value.items():
            for less in reduced(inner):
                yield {**value, key: less}
    elif isinstance(value, (list, tuple)):
        whole = list(value)
        yield from ([*whole[:number], *whole[number + 1 :]] for number in range(len(whole)))
        yield from ([*whole[:number], less, *whole[number + 1 :]] for number, inner in enumerate(whole) for less in reduced(inner))
    elif isinstance(value, str):
        size = len(value)
        while size:
            yield from (value[:start] + value[start + size :] for start in range(0, len(value), size) if len(value) // size < 64)
            size //= 2
        if value and value != "a" * len(value):
            yield "a" * len(value)
    elif value is not None and not isinstance(value, bool) and value != 0:
        yield None


# Telling


def told(finding: Finding, seed: object) -> str:
    """A fault as a test that can be pasted."""
    case, error, place, times = finding
    more = "".join(f", {name}={value!r}" for name, value in case._asdict().items() if name in Case._field_defaults and value != Case._field_defaults[name])
    name = re.sub(r"\W+", "_", f"{case.entry} {place}").strip("_").replace("_py_", "_")
    lines = "".join(traceback.format_exception(error)[-2:]).strip().splitlines()[-4:]
    head = [f"# {case.entry}, seed {seed}, {times} times: {type(error).__name__} in {place}", *(f"#   {line.strip()[:200]}" for line in lines)]
    return "\n".join([*head, f"def test_{name}() -> None:", f"    carry_out(Case({case.entry!r}, {literal(case.params)}{more}))"])


def literal(value: Any) -> str:
    """The value as Python; what is long for no reason but to be long, as a product."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{literal(key)}: {literal(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    if isinstance(value, float):
        return repr(value) if abs(value) < float("inf") else f'float("{value}")'
    if isinstance(value, int) and not isinstance(value, bool) and value >= 10**40:
        return f"10**{len(str(value)) - 1}" if set(str(value)[1:]) == {"0"} else str(value)
    if isinstance(value, str) and len(value) > 40:
        parts = [match[0] for match in re.finditer(r"(?s)(.)\1{20,}|(?:(?!(.)\2{20,}).)+", value)]
        return " + ".join(f"{part[0]!a} * {len(part)}" if len(part) > 20 and len(set(part)) == 1 else ascii(part) for part in parts)
    return ascii(value)
