# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a step that failed."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._apply._explain import hint, not_applied, subject
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Message
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Layout, Route
from ansible_collections.nfv.vnet.plugins.module_utils._steps import AddRoute, DeleteLinks, SetLink, SetMaster, SetPort, SetSysctl, Step
from ansible_collections.nfv.vnet.tests.unit.plugins.module_utils.records import declared

LAYOUT = declared(
    namespaces=[{"name": "red"}],
    links=[{"type": "bridge", "name": "br0"}, {"type": "veth", "name": "a", "master": "br0", "peer": {"name": "eth0", "netns": "red"}}],
)


@pytest.mark.parametrize(
    ("step", "path", "words"),
    [
        (SetLink("", "br0", "bridge", {"stp": True}), ("links", 0), "link set stp: true"),
        (SetLink("red", "eth0", "veth", {"mtu": 1400}), ("links", 1, "peer"), "link set mtu: 1400"),
        (SetMaster("", "a", "br0"), ("links", 1), "link set master br0"),
        (SetPort("", "a", "backup_port", ""), ("links", 1), "bridge link set backup_port: ''"),
        (SetSysctl("red", "net.ipv4.ip_forward", "1"), ("namespaces", 0), "sysctl net.ipv4.ip_forward=1"),
        (AddRoute("red", Route("10.0.0.0/8", 254, 0, dev="eth0")), ("links", 1, "peer"), "route add 10.0.0.0/8"),
        (SetSysctl("", "net.ipv4.ip_forward", "1"), (), "sysctl net.ipv4.ip_forward=1"),
        (DeleteLinks("", ["x", "y"]), (), "x: link delete x, y"),
    ],
)
def test_subject(step: Step, path: tuple[Any, ...], words: str) -> None:
    assert subject(LAYOUT, step) == Message(path, words)


def test_hint() -> None:
    route = AddRoute("", Route("2001:db8::/32", 254, 1024, via="2001:db8::1"))
    assert (
        hint(LAYOUT, route, KernelError(errno.ENETUNREACH)) == "; no network of the link has the gateway; add an address with that network, or set onlink: true"
    )
    assert hint(LAYOUT, route, KernelError(errno.EAFNOSUPPORT)) == "; it needs CONFIG_IPV6 (and no ipv6.disable=1) in the kernel"
    assert hint(LAYOUT, route, KernelError(errno.EIO)) == ""


def test_what_the_kernel_does_not_hold() -> None:
    error = not_applied(Layout([], []), SetLink("", "br0", "bridge", {"vlan_filtering": True}, {"vlan_filtering": False}))
    assert error.text.startswith(
        "br0: link set vlan_filtering: true: the kernel accepted it without an error but did not carry it out (the value is false); a kernel"
    )
