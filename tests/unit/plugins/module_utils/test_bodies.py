# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies of addresses and routes as words of ip(8)."""

from __future__ import annotations

import socket
import struct

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._bodies import (
    address_words,
    gateway_of,
    lasting,
    partial_route,
    route_words,
    same_address,
    summary_of_route,
    undeclared_address_words,
    undeclared_route_words,
    whole_address,
)
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._nla import attribute
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Route


def address(text: str, prefix: int, scope: int = 0, **attributes: bytes) -> str:
    """The body of an address. C(a8=...) is its attribute 8."""
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    packed = socket.inet_pton(family, text)
    found = {1: packed, 2: packed, **{int(name[1:]): value for name, value in attributes.items()}}
    if family == socket.AF_INET6:
        del found[2]
    return (struct.pack("=BBBBI", family, prefix, 0, scope, 7) + b"".join(attribute(*entry) for entry in sorted(found.items()))).hex()


def route(family: int, length: int, *attributes: tuple[int, bytes], tos: int = 0, protocol: int = 4, scope: int = 0, kind: int = 1, flags: int = 0) -> str:
    header = struct.pack("=BBBBBBBBI", family, length, 0, tos, 254, protocol, scope, kind, flags)
    return (header + b"".join(attribute(*entry) for entry in attributes)).hex()


def number(value: int) -> bytes:
    return struct.pack("=I", value)


FOREVER = 0xFFFFFFFF


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (address("192.0.2.1", 24), "192.0.2.1/24"),
        (address("192.0.2.1", 24, scope=253, a3=b"eth0:1\0", a4=bytes([192, 0, 2, 255])), "192.0.2.1/24 broadcast 192.0.2.255 label eth0:1 scope link"),
        (address("192.0.2.1", 24, a8=number(0x280), a9=number(7), a11=b"\x05"), "192.0.2.1/24 metric 7 proto 5 noprefixroute"),
        (address("::1", 128, a11=b"\x01"), "::1/128"),
        (address("10.9.0.1", 32, a1=bytes([10, 9, 0, 2])), "10.9.0.1 peer 10.9.0.2/32"),
        ((struct.pack("=BBBBI", 2, 24, 0, 0, 7) + attribute(2, bytes([192, 0, 2, 1]))).hex(), "192.0.2.1 peer 0.0.0.0/24"),
        (address("2001:db8::1", 64, a8=number(0x392)), "2001:db8::1/64 nodad home mngtmpaddr noprefixroute"),
        (address("2001:db8::1", 64, a6=struct.pack("=IIII", 50, 90, 0, 0)), "2001:db8::1/64 valid_lft 90 preferred_lft 50"),
        (address("192.0.2.1", 24, a6=struct.pack("=IIII", FOREVER, 90, 0, 0)), "192.0.2.1/24 valid_lft 90 preferred_lft forever"),
        (address("192.0.2.1", 24, a6=struct.pack("=IIII", FOREVER, FOREVER, 0, 0)), "192.0.2.1/24"),
    ],
)
def test_address_as_words(body: str, words: str) -> None:
    assert " ".join(address_words(body)) == words
    assert same_address(body, body)


def test_addresses_that_differ_in_what_counts_down_are_the_same() -> None:
    one, other = (address("192.0.2.1", 24, a6=struct.pack("=IIII", 9, seconds, 0, 0)) for seconds in (90, 89))
    assert same_address(one, other)
    assert not same_address(one, address("192.0.2.1", 24, scope=253))


V4, V6 = socket.AF_INET, socket.AF_INET6
TEN = (1, bytes([10, 0, 0, 0]))
OUT = (4, number(7))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (route(V4, 8, TEN, OUT, scope=253), "10.0.0.0/8 dev eth0 scope link proto static"),
        (route(V4, 0, (5, bytes([192, 0, 2, 1])), OUT, (6, number(9)), protocol=16), "0.0.0.0/0 via 192.0.2.1 metric 9 dev eth0 scope global proto dhcp"),
        (
            route(V4, 8, TEN, OUT, (15, number(1000)), (7, bytes([10, 1, 1, 1])), protocol=99, flags=4),
            "10.0.0.0/8 src 10.1.1.1 dev eth0 table 1000 scope global onlink proto 99",
        ),
        (route(V4, 8, TEN, kind=6), "blackhole 10.0.0.0/8 scope global proto static"),
        (
            route(V4, 8, TEN, OUT, (8, attribute(1, number(1 << 2)) + attribute(2, number(900)) + attribute(8, number(860)))),
            "10.0.0.0/8 mtu lock 900 advmss 860 dev eth0 scope global proto static",
        ),
        (
            route(V4, 8, TEN, OUT, (18, struct.pack("=H", V6) + socket.inet_pton(V6, "fe80::1"))),
            "10.0.0.0/8 via inet6 fe80::1 dev eth0 scope global proto static",
        ),
        (route(V6, 0, OUT, (20, b"\x01"), (23, number(60)), protocol=9), "::/0 pref high expires 60 dev eth0 proto ra"),
    ],
)
def test_route_as_words(body: str, words: str) -> None:
    assert " ".join(route_words(body, "eth0") or ()) == words


@pytest.mark.parametrize(
    "body",
    [
        route(V4, 8, TEN, (9, struct.pack("=HBBi", 8, 0, 0, 7) * 2)),
        route(V4, 8, TEN, OUT, tos=4),
        route(V4, 8, TEN, OUT, (8, attribute(16, b"cubic\0"))),
        route(V4, 8, TEN, OUT, (22, b"\0\0\0\0")),
        route(V6, 0, OUT, (20, b"\x07")),
    ],
    ids=["next-hops", "tos", "congestion", "encapsulation", "preference"],
)
def test_route_that_has_no_words(body: str) -> None:
    assert route_words(body, "eth0") is None


def test_gateway_of_a_route() -> None:
    assert gateway_of(route(V4, 0, (5, bytes([192, 0, 2, 1])), OUT)) == "192.0.2.1"
    assert gateway_of(route(V4, 8, TEN, OUT)) == ""


def test_part_of_a_route() -> None:
    assert partial_route(route(V4, 8, TEN, OUT, (6, number(5)), kind=7)) == Route("10.0.0.0/8", 254, 5, "unreachable")
    assert partial_route(route(V6, 0, OUT, (15, number(300)))) == Route("::/0", 300, 0)


def test_expiry_changes_by_itself() -> None:
    one, other = (route(V6, 0, OUT, (23, number(seconds)), (20, b"\0")) for seconds in (60, 59))
    assert one != other
    assert lasting(one) == lasting(other) == route(V6, 0, OUT, (20, b"\0"))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (address("192.0.2.1", 24, a3=b"eth0\0"), ""),
        (address("2001:db8::1", 64, a8=number(0x2)), ""),
        (address("192.0.2.1", 24, a3=b"eth0:1\0", a8=number(0x280)), ""),
        (address("192.0.2.1", 24, a11=b"\x08"), "192.0.2.1/24 proto 8"),
    ],
)
def test_what_no_option_says_of_an_address(body: str, words: str) -> None:
    assert " ".join(undeclared_address_words(body)) == words
    assert "label eth0 " not in " ".join([*whole_address(body, "eth0"), ""])


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (route(V4, 8, TEN, OUT), ""),
        (route(V4, 8, TEN, OUT, protocol=3), ""),
        (route(V6, 0, OUT, (20, b"\x00")), ""),
        (route(V6, 0, OUT, (20, b"\x01"), (23, number(60)), protocol=9), "::/0 expires 60"),
        (route(V4, 8, TEN, OUT, (8, attribute(16, b"cubic\0"))), "10.0.0.0/8 ..."),
    ],
)
def test_what_no_option_says_of_a_route(body: str, words: str) -> None:
    assert " ".join(undeclared_route_words(body)) == words


def test_a_route_that_has_no_words_has_a_summary() -> None:
    assert summary_of_route(route(V4, 8, TEN, (9, struct.pack("=HBBi", 8, 0, 0, 7) * 2)), "eth0") == ["10.0.0.0/8", "nexthop ..."]
    assert summary_of_route(route(V4, 8, TEN, OUT, tos=4), "eth0") == ["10.0.0.0/8", "..."]
    assert summary_of_route(route(V4, 8, TEN, kind=9), "") == ["throw", "10.0.0.0/8", "scope", "global", "proto", "static"]
