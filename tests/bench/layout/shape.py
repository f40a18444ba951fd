# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every competitor makes, under the names that baseline.c uses as well."""

from __future__ import annotations

from typing import Any

PORTS = 1000
"""On one bridge, which takes 1023."""

Values = dict[str, Any]


def bridges(count: int) -> list[str]:
    return [f"br{number}" for number in range(-(-count // PORTS))]


def master(number: int) -> str:
    return f"br{number // PORTS}"


def address(number: int) -> str:
    high, low = divmod(number % PORTS + 1, 256)
    return f"10.{number // PORTS}.{high}.{low}/16"


def layout(count: int) -> Values:
    """As arguments of vnet_layout."""
    return {
        "name": "bench",
        "namespaces": [{"name": f"n{number}"} for number in range(count)],
        "links": [
            *[{"type": "bridge", "name": name} for name in bridges(count)],
            *[
                {
                    "type": "veth",
                    "name": f"v{number}",
                    "master": master(number),
                    "peer": {"name": "eth0", "netns": f"n{number}", "addresses": [address(number)]},
                }
                for number in range(count)
            ],
        ],
    }
