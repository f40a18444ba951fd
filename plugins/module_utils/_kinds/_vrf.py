# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""VRFs: C(include/uapi/linux/if_link.h), C(IFLA_VRF_*); C(drivers/net/vrf.c)."""

from __future__ import annotations

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import Attribute
from ansible_collections.nfv.vnet.plugins.module_utils._kinds._kind import LinkKind
from ansible_collections.nfv.vnet.plugins.module_utils._values import U32

_OF_HOST = (253, 254, 255)
"""The tables default, main and local."""

VRF = LinkKind(
    "vrf",
    "vrf",
    "a VRF",
    "CONFIG_NET_VRF",
    (
        Attribute(
            "table",
            1,
            U32,
            "Number of the routing table of the VRF, which no other VRF of the namespace has. It is required to create the VRF.",
            1,
            2**32 - 1,
            when="create",
            check=lambda table: "%d is a table of the host itself" % table if table in _OF_HOST else "",
        ),
    ),
    required=("table",),
    created_with=("mac", "num_tx_queues", "num_rx_queues", "table"),
    always=("table",),
    unique=("table",),
    unique_in_namespace=True,
    port_rows=(),
    table_of_ports="table",
    brings_ports_down=True,
    no_port_of=("bridge", "bond", "vrf"),
    initial=lambda _values: {"arp": False, "multicast": False, "mtu": 65575},
    picture="vrf",
)
