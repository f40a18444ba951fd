# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What steps do to the addresses and routes of a namespace."""

from __future__ import annotations

import time

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._plan._simulation import Network, NetworkLink
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Address, Route
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    CreateLink,
    DeleteAddress,
    DeleteLink,
    DeleteRoute,
    MoveLink,
    RenameLink,
    SetLink,
    SetMaster,
    Step,
)

OWN = Address("192.0.2.10", 24)
DEFAULT = Route("0.0.0.0/0", 254, 0, dev="eth0", via="192.0.2.1")


def link(*routes: Route, address: Address | None = OWN, parent: str = "", bridge: str = "", mtu: int = 1500) -> NetworkLink:
    found = NetworkLink(True, bridge, parent, mtu)
    if address:
        found.addresses[address.key] = address
    for route in routes:
        found.add_route(route)
    return found


def after(step: Step, **links: NetworkLink) -> Network:
    return Network("", links).after([step], [])


@pytest.mark.parametrize(
    ("step", "works"),
    [
        (SetLink("", "eth0", "veth", {"mtu": 1400}), True),
        (SetLink("", "eth0", "veth", {"up": False}), False),
        (SetLink("", "lower", "dummy", {"up": False}), False),
        (SetMaster("", "eth0", "br0"), False),
        (DeleteLink("", "eth0"), False),
        (DeleteLink("", "lower"), False),
        (DeleteLink("red", "eth0"), True),
        (RenameLink("", "eth0", "eth1"), True),
        (MoveLink("", "eth0", "red"), False),
        (MoveLink("red", "eth0", "blue"), True),
        (DeleteAddress("", "eth0", OWN), False),
        (DeleteRoute("", DEFAULT), False),
        (CreateLink("", "br0", "bridge", {}), True),
    ],
    ids=str,
)
def test_the_default_route(step: Step, works: bool) -> None:
    network = after(step, eth0=link(DEFAULT, parent="lower"), lower=link(address=None))
    assert bool(network.default_routes(ipv6=False)) is works
    assert network.reaches("198.51.100.1") is works


def test_the_route_that_is_chosen_has_to_work() -> None:
    preferred = Route("0.0.0.0/0", 254, 0, dev="port", via="192.0.2.1")
    other = DEFAULT._replace(metric=7)
    links = {"port": link(preferred, bridge="br0"), "br0": link(other)}
    assert Network("", links).default_routes(ipv6=False) == []
    assert Network("", {"br0": links["br0"]}).default_routes(ipv6=False) == [other]


def test_a_gateway_behind_a_device_route() -> None:
    single = Address("192.0.2.10", 32)
    device = Route("192.0.2.1/32", 254, 0, dev="eth0")
    assert Network("", {"eth0": link(DEFAULT, device, address=single)}).default_routes(ipv6=False)
    assert not Network("", {"eth0": link(DEFAULT, address=single)}).default_routes(ipv6=False)


def test_a_port_with_a_small_mtu() -> None:
    ipv6 = Address("2001:db8::1", 64)
    network = after(SetMaster("", "port", "br0"), br0=link(address=ipv6), port=link(address=None, mtu=1000))
    assert not network.answers("2001:db8::1")


def test_time_grows_with_the_number_of_routes() -> None:
    routes = [Route(f"10.{number >> 8}.{number & 255}.0/24", 254, 0, dev="eth0", src="192.0.2.77") for number in range(20_000)]
    addresses = [Address(f"172.16.{number >> 8}.{number & 255}", 32) for number in range(5_000)]
    eth0 = link(*routes)
    eth0.addresses.update((address.key, address) for address in addresses)
    begin = time.process_time()
    Network("", {"eth0": eth0}).after([*(DeleteRoute("", route) for route in routes), *(DeleteAddress("", "eth0", address) for address in addresses)], [])
    assert time.process_time() - begin < 5


def test_all_links_above_one_that_goes_down_for_a_moment_are_up_again() -> None:
    network = Network("", {"eth0": link(address=None), "eth0.1": link(address=None, parent="eth0"), "eth0.1.2": link(parent="eth0.1")})
    down, up = SetLink("", "eth0", "", {"up": False}, {"up": True}), SetLink("", "wan", "", {"up": True})
    assert not network.after([down], []).answers("192.0.2.10")
    assert network.after([down, RenameLink("", "eth0", "wan"), up], []).answers("192.0.2.10")
