# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one of many costs is what one of few costs, counted in calls of functions, which are the same on every machine.

Comparisons that Python makes by itself, as of an element with those of a list, are no calls: make bench-growth measures those.
"""

from __future__ import annotations

import sys
from typing import Any, Callable

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Address, Route
from ansible_collections.nfv.vnet.tests.unit.plugins.module_utils.records import host, planned, there, wanted

FEW, MANY = 50, 800
Work = Callable[[], Any]


def calls(work: Work) -> int:
    """How often a function begins or a generator goes on while this is done."""
    count = 0

    def profile(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal count
        count += event == "call"

    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def numbers(count: int) -> list[tuple[int, int]]:
    return [(number >> 8, number & 255) for number in range(count)]


def addresses(count: int, last: int = 1) -> list[str]:
    return [f"10.{high}.{low}.{last}/24" if low % 2 else f"2001:db8:{high:x}:{low:x}::{last}/64" for high, low in numbers(count)]


def routes(count: int, **values: Any) -> list[dict[str, Any]]:
    return [{"to": f"10.{high}.{low}.0/24" if low % 2 else f"2001:db8:{high:x}:{low:x}::/64", **values} for high, low in numbers(count)]


def with_addresses(count: int, last: int = 1) -> Work:
    """Of a bridge that has as many addresses already."""
    found = host(there("bridge", "br0")._replace(addresses=[Address.parsed(text) for text in addresses(count)]))
    return lambda: planned(wanted("vnet_bridge", name="br0", addresses=addresses(count, last), purge_addresses=True), found)


def with_routes(count: int, metric: int = 1) -> Work:
    current = [Route(route["to"], 254, metric, dev="br0", scope="" if ":" in route["to"] else "link", onlink=False) for route in routes(count)]
    found = host(there("bridge", "br0")._replace(routes=current))
    return lambda: planned(wanted("vnet_bridge", name="br0", routes=routes(count, metric=1), purge_routes=True), found)


@pytest.mark.parametrize(
    "work",
    [with_addresses, lambda count: with_addresses(count, last=2), with_routes, lambda count: with_routes(count, metric=2)],
    ids=["the same addresses", "other addresses", "the same routes", "other routes"],
)
def test_cost_grows_with_the_number(work: Callable[[int], Work]) -> None:
    few, many = (calls(work(count)) / count for count in (FEW, MANY))
    assert many <= 1.1 * few
