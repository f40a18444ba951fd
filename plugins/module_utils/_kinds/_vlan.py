# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""VLAN links: C(include/uapi/linux/if_link.h), C(IFLA_VLAN_*)."""

from __future__ import annotations

from typing import Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import Attribute, qos_map
from ansible_collections.nfv.vnet.plugins.module_utils._kinds._kind import LinkKind
from ansible_collections.nfv.vnet.plugins.module_utils._values import ETHERTYPE, QOS_MAP, U16, masked_bit

_ROWS: Tuple[Attribute, ...] = (
    Attribute("id", 1, U16, "VLAN ID of the link: the VLAN of its frames on the parent. It is required to create the link.", 0, 4094, when="create"),
    Attribute("protocol", 5, ETHERTYPE, "EtherType of the VLAN tags.", when="create", initial="802.1q"),
    Attribute(
        "reorder_hdr", 2, masked_bit(0, ("off", "on")), "Whether the VLAN tag is removed from received frames, so that programs do not see it.", initial=True
    ),
    Attribute(
        "gvrp",
        2,
        masked_bit(1, ("off", "on")),
        "Whether the VLAN is announced by GVRP (GARP VLAN registration protocol).",
        needs="CONFIG_VLAN_8021Q_GVRP",
        initial=False,
    ),
    Attribute(
        "mvrp",
        2,
        masked_bit(3, ("off", "on")),
        "Whether the VLAN is announced by MVRP (multiple VLAN registration protocol).",
        needs="CONFIG_VLAN_8021Q_MVRP",
        initial=False,
    ),
    Attribute(
        "loose_binding",
        2,
        masked_bit(2, ("off", "on")),
        "Whether the state of the link is independent of its parent. Otherwise it goes up and down with its parent.",
        initial=False,
    ),
    Attribute(
        "bridge_binding",
        2,
        masked_bit(4, ("off", "on")),
        "Whether the link, on a bridge, has a carrier only if a bridge port in its VLAN is up.",
        initial=False,
    ),
    Attribute(
        "ingress_qos_map",
        4,
        QOS_MAP,
        "Map from priorities of received frames (V(0) to V(7)) to priorities of packets. The map is exact: a priority that is not listed is mapped to 0.",
        ip_name="ingress-qos-map",
        initial={},
        check=qos_map(8, 2**32),
    ),
    Attribute(
        "egress_qos_map",
        3,
        QOS_MAP,
        "Map from priorities of packets to priorities of sent frames (V(0) to V(7)). The map is exact: a priority that is not listed is mapped to 0.",
        ip_name="egress-qos-map",
        initial={},
        check=qos_map(2**32, 8),
    ),
)

VLAN = LinkKind(
    "vlan",
    "vlan",
    "a VLAN link",
    "CONFIG_VLAN_8021Q",
    _ROWS,
    required=("parent", "id"),
    created_with=("mac", "num_tx_queues", "num_rx_queues", "id", "protocol"),
    always=("id", "protocol", "loose_binding"),
    not_on=("vrf",),
    unique=("id", "protocol"),
    parent="parent",
    needs_parent_up=lambda values: not values.get("loose_binding"),
    goes_up_with_parent=lambda values: not values.get("loose_binding"),
    from_parent=("mtu", "arp", "multicast"),
    tag=lambda values: int(values.get("id", 0)),
)
