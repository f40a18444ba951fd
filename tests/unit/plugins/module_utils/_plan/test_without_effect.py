# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Warnings of VLANs that the kernel takes and that do nothing."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.nfv.vnet.tests.unit.plugins.module_utils.records import declared, host, planned, port, there, wanted

BRIDGE = {"type": "bridge", "name": "br0"}
FILTERING = {**BRIDGE, "vlan_filtering": True}
TAP = {"type": "tuntap", "mode": "tap", "name": "t0", "master": "br0"}
VLAN10 = {"type": "vlan", "name": "br0.10", "parent": "br0", "id": 10}
NO_EFFECT = "br0 does not filter VLANs, so they have no effect; set vlan_filtering: true on it"
NOT_IN_IT = "links[1].id: br0 is not in VLAN 10 itself, so it hands no frames of it to br0.10; add it to vlans of br0"


def warnings(*links: dict[str, Any]) -> list[str]:
    return list(map(str, planned(declared(links=list(links)), host()).warnings))


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        pytest.param([{**BRIDGE, "vlans": [5]}], [f"links[0].vlans: {NO_EFFECT}"], id="of-the-bridge"),
        pytest.param([{**BRIDGE, "vlan_filtering": False, "vlans": [5]}], [f"links[0].vlans: {NO_EFFECT}"], id="said"),
        pytest.param([{**BRIDGE, "ports": [{"name": "t0", "vlans": [5]}]}, TAP], [f"links[0].ports[0].vlans: {NO_EFFECT}"], id="of-a-port"),
        pytest.param(
            [BRIDGE, {**TAP, "port": {"vlans": [5]}}, {**TAP, "name": "t1", "port": {"vlans": [5]}}], [f"links[1].port.vlans: {NO_EFFECT}"], id="once"
        ),
        pytest.param([{**FILTERING, "vlans": [5]}, {**TAP, "port": {"vlans": [5]}}], [], id="filtering"),
        pytest.param([{**BRIDGE, "vlans": []}, {**TAP, "port": {"vlans": []}}], [], id="none"),
        pytest.param([FILTERING, VLAN10], [NOT_IN_IT], id="tag-of-a-new-bridge"),
        pytest.param([{**FILTERING, "vlans": [11]}, VLAN10], [NOT_IN_IT], id="another-tag"),
        pytest.param([{**FILTERING, "vlans": ["10-20"]}, VLAN10], [], id="tag-in-a-range"),
        pytest.param([{**FILTERING, "vlan_default_pvid": 10}, VLAN10], [], id="default-vlan"),
        pytest.param([BRIDGE, VLAN10], [], id="tag-without-filtering"),
        pytest.param([{"type": "dummy", "name": "br0"}, VLAN10], [], id="tag-on-no-bridge"),
    ],
)
def test_vlans_without_effect(links: list[dict[str, Any]], expected: list[str]) -> None:
    assert warnings(*links) == expected


def test_a_port_of_a_bridge_that_is_there() -> None:
    for filtering, expected in ((False, [f"port.vlans: {NO_EFFECT}"]), (True, [])):
        found = host(there("bridge", "br0", vlan_filtering=filtering), there("tun", "t0", master="br0", port=port()))
        assert list(map(str, planned(wanted("vnet_tuntap", name="t0", mode="tap", port={"vlans": [{"vid": "5"}]}), found).warnings)) == expected


def test_the_vlans_of_a_bridge_that_is_not_declared_are_not_known() -> None:
    assert planned(declared(links=[VLAN10]), host(there("bridge", "br0", vlan_filtering=True))).warnings == []
