# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a bridge sends the packets of a group."""

from __future__ import annotations

import socket
from contextlib import ExitStack, contextmanager
from typing import Any, Iterator

import pytest
from features import needs
from packets import Wire, echo, frame, ipv4, wire
from processes import wait_for
from support import inside, run

GROUP, MAC = "239.1.1.1", bytes.fromhex("01005e010101")
SENDER = bytes.fromhex("020000000001")
IP = 0x0800
NEVER = 0.3
"""How long to wait for what must not come."""


@contextmanager
def network(**options: Any) -> Iterator[tuple[Wire, Wire, Wire]]:
    """A bridge that asks for members at once, and the wires of a sender, of a host that will join, and of another."""
    # Only a bridge that knows a querier withholds what nobody asked for; before its first answers are due it does not.
    run("vnet_bridge", name="br0", mcast_query_response_interval=0.1, mcast_query_interval=1, disable_ipv6=True)
    run("vnet_bridge", name="br0", mcast_querier=True, **options)
    with ExitStack() as stack:
        ends = []
        for number, name in enumerate(("sender", "member", "other"), 1):
            run("vnet_netns", name=name)
            peer = {"name": "eth0", "netns": name, "addresses": [f"10.1.0.{number}/24"], "disable_ipv6": True}
            run("vnet_veth", name=name, master="br0", disable_ipv6=True, peer=peer)
            ends.append(stack.enter_context(wire("eth0", name, IP)))
        yield ends[0], ends[1], ends[2]


@contextmanager
def joined(netns: str, address: str = "10.1.0.2") -> Iterator[None]:
    with inside(netns):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    with sock:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP) + socket.inet_aton(address))
        yield


def packet() -> bytes:
    """One that no other is equal to, and so long that the kernel has nothing to trim."""
    return frame(SENDER, MAC, ipv4("10.1.0.1", GROUP, echo(8, b"to the group" * 3)), IP)


def gets(sender: Wire, *receivers: Wire) -> list[bool]:
    """Who gets a packet to the group."""
    data = packet()
    sender.send(data)
    return [receiver.gets(data, NEVER) for receiver in receivers]


@pytest.fixture(autouse=True)
def snooping() -> None:
    needs("mcast_snooping")


def test_a_group_goes_to_the_port_that_joined_and_to_no_other() -> None:
    with network(mcast_snooping=True) as (sender, member, other):
        wait_for(lambda: gets(sender, member, other) == [False, False], seconds=15)
        with joined("member"):
            wait_for(lambda: gets(sender, member, other) == [True, False], seconds=15)
            assert gets(sender, member, other) == [True, False]


def test_without_snooping_a_group_goes_to_all() -> None:
    with network(mcast_snooping=True) as (sender, member, other), joined("member"):
        wait_for(lambda: gets(sender, member, other) == [True, False], seconds=15)
        run("vnet_bridge", name="br0", mcast_snooping=False)
        assert gets(sender, member, other) == [True, True]
        run("vnet_bridge", name="br0", mcast_snooping=True)
        wait_for(lambda: gets(sender, member, other) == [True, False], seconds=15)
