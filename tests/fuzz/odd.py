# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that no option expects, and texts that are almost right."""

from __future__ import annotations

import datetime
from random import Random
from typing import Any

NUMBERS: tuple[Any, ...] = (
    *(0, 1, -1, 2, 7, 8, 4094, 4095, 4096, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1, 2**32, 2**63, 2**64, 2**70, -(2**31), -(2**63), 10**400),
    *(0.0, -0.0, 0.1, 0.5, 1.0, 1.5, 1e-300, 1e16, 1e308, -1e308, float("inf"), float("-inf"), float("nan")),
    41135085296,  # what YAML 1.1 makes of the MAC address 52:54:00:12:34:56 without quotes, as a number to the base of 60
)
# The Arabic and raised digits pass str.isdigit(), the fraction str.isnumeric(), and int() takes the first of them.
DIGITS = (
    *("0", "-0", "+5", " 5", "5 ", "5\n", "05", "1_000", "\u0663", "\u0661\u0660", "\u096b", "²", "½"),
    *("0x10", "0b1", "1e3", "1.0", "5.", "-1", "1e400", "inf", "nan", "NaN"),
)
LONG_DIGITS = ("9" * 300, "9" * 4301, "1" + "0" * 5000, "0" * 5000)
"""From 4301 digits on int() refuses a text."""
WORDS = (
    *("", " ", "yes", "on", "off", "no", "true", "True", "null", "None", "~", "y", "absent", "present", "default", "all", "lo"),
    *(".", "..", "/", "//", "-", "--"),
)
UNPRINTABLE = (
    *("\ud800", "\udcff", "a\udcff", "\0", "a\0b", "\n", "a\nb", "a\r\nb", "\t", "\x0b", "\x1b[31mred\x1b[0m", "\x7f", "\x85", "\x9b31m"),
    *("\u200f", "\u202eabc", "\u2028", "\u2066a", "\ufeff", "\ufffe", "\u00a0", "\u2003", "\u3000", "\U000e0041", "\U0010ffff"),
)
TEXTS = (
    *("é" * 8, "ä", "日本", "\U0001f98a", "e\u0301", "\ufb01", "\u0130", "ß", "\u2167", "x" * 15, "x" * 16, "x" * 255, "x" * 256, "x" * 300),
    *("é" * 150, "x" * 5000, "a b", "a,b", "a=b", "a=b,c"),
    *("{{ 7 * 7 }}", "{% raw %}", "{#", "#jinja2: x", "}}", "%s", "%d%n", "%(a)s", "{0}", "$(id)", "`id`", "; id", "'", '"', "\\", "'\""),
    *("<b>", "&amp;", "-->", '"];', "{}", "{", "[]", "[1]", '{"a": 1}', "{'a': 1}", "{'a'", "{1: 2}", "a: b", "- a", "!!binary x"),
    *("/run/netns/", "/var/run/netns/red", "/run/netns/../red", "../red", "0.0.0.0", "0.0.0.0/0", "::", "::/0", "::1", "::ffff:192.0.2.1"),
    *("fe80::1", "fe80::1%lo", "fe80:zz", "255.255.255.255", "127.0.0.1", "192.0.2.1/", "/24", "1", "1.2", "192.0.2.1/" + "9" * 5000),
    *("192.0.2.1/\u0663", "192.0.2.1/²", "1-" + "9" * 5000, "1-", "-5", "5-1", "1-4094", "1-²", "peer", "nodad"),
    *("00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"),
)
STRINGS = (*DIGITS, *LONG_DIGITS, *WORDS, *UNPRINTABLE, *TEXTS)
COLLECTIONS: tuple[Any, ...] = (
    *([], [None], [[]], [{}], [[[1]]], [""], ["\ud800"], [True], [1.5], ["a", "a"], [None, "a", {}], ["a"] * 300, [{"name": None}]),
    *([{"name": "a"}], [{"name": "a"}, {"name": "a"}], {}, {"": ""}, {"a": None}, {"a": {"b": {"c": []}}}, {"name": {}}),
    *({"name": "a", "name ": "b"}, {" name": "a"}, {"Name": "a"}, {"\ud800": 1}, {"\x1b[31m": 1}, {"a\nb": 1}, {"x" * 300: 1}),
    *({1: 2}, {None: 1}, {True: False}, {1.5: 1}, {-1: 1}, {"9" * 4301: 1}, {"1": "9" * 4301}, {"²": 1}, {"1": 10**400}, {"0": 0}),
    *({"0": 1, "00": 2}, {"1": True}, {"1": 1.0}, {"1": None}, {"1": -1}, {"1": [1]}, {"net..": 1}, {"net/": 1}, {"net.ipv4.\udcff": 1}),
    *({"net.ipv4.x\ny": 1}, {"net.ipv4.x y": 1}, {"net.ipv4.x'y": 1}, {"net.ipv4." + "x" * 5000: 1}),
    *({"net.ipv4.x": "\x1b"}, {"net.ipv4.x": "\udcff"}, {"net.ipv4.x": "\0"}, {"net.ipv4.x": "'"}, {"net.ipv4.x": "x" * 5000}, {"net.ipv4.x": {}}),
    *({"net.ipv4.x": None}, {"net.ipv4.x": 1.5}, {"net.ipv4.x": float("nan")}, {"net.ipv4.x": 10**400}),
)
OF_PYTHON: tuple[Any, ...] = (
    *((), (1, 2), ("a",), b"", b"a", b"\xff\xfe", b"192.0.2.1", {"a", "b"}, frozenset({1}), {(1, 2): 3}, {b"a": 1}, bytearray(b"a"), 1j),
    *(datetime.date(2001, 1, 1), datetime.datetime(2001, 1, 1, 1, 1), datetime.date.max),
)
"""What YAML and Jinja make besides, which no module gets to see."""
INSERTED = (*"0123456789abfxz:/-.%, \t\n'\"\\{}[]_", "\0", "\x1b", "\x7f", "\u200f", "\ud800", "\udcff", "²", "\u0663", "é", "peer ", " nodad")
_DEPTH = 60


def nested(random: Random) -> Any:
    """Lists and dictionaries in each other, many levels deep."""
    value: Any = random.choice((None, 1, "a", "\ud800"))
    for _level in range(random.choice((2, 5, _DEPTH))):
        value = random.choice(([value], [value, value][:1], {"a": value}, {"name": value}, {"peer": value}))
    return value


def odd(random: Random) -> Any:
    """Any value at all."""
    kind = random.random()
    if kind < 0.1:
        return random.choice((None, True, False))
    if kind < 0.3:
        return random.choice(NUMBERS)
    if kind < 0.7:
        return random.choice(STRINGS)
    if kind < 0.85:
        return random.choice(COLLECTIONS)
    if kind < 0.95:
        return random.choice(OF_PYTHON)
    return nested(random)


def odd_key(random: Random) -> Any:
    return random.choice((0, 1, -1, None, True, 1.5, "", " ", *UNPRINTABLE, "x" * 300, "9" * 4301, "name ", "Name", "nane", "%s", "{{ a }}", b"a", (1, 2)))


def mutated(random: Random, text: str) -> str:
    """The text with a few characters deleted, inserted, or doubled."""
    for _change in range(random.choice((1, 1, 1, 2, 3))):
        place = random.randrange(len(text) + 1)
        rest = random.choice(
            (text[place + 1 :], random.choice(INSERTED) + text[place:], text[place : place + 1] + text[place:], random.choice(INSERTED) + text[place + 1 :])
        )
        text = text[:place] + rest
    return text


def wired(value: Any) -> Any:
    """The value as a module gets it: Ansible sends JSON."""
    if isinstance(value, dict):
        return {_wired_key(key): wired(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [wired(inner) for inner in value]
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "surrogateescape")
    return value if value is None or isinstance(value, (str, int, float)) else str(value)


def _wired_key(key: Any) -> str:
    words = {None: "null", True: "true", False: "false"}
    if key is None or isinstance(key, bool):
        return words[key]
    return str(wired(key))
