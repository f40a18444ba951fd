# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds without attributes of their own."""

from __future__ import annotations

from ansible_collections.nfv.vnet.plugins.module_utils._kinds._kind import LinkKind

DUMMY = LinkKind("dummy", "dummy", "a dummy", "CONFIG_DUMMY", features_off=(), initial=lambda _values: {"arp": False, "multicast": False})
IFB = LinkKind(
    "ifb",
    "ifb",
    "an IFB device",
    "CONFIG_IFB",
    fixed=("mac",),
    features_off=(),
    initial=lambda _values: {"arp": False, "multicast": False, "txqueuelen": 32},
)
VETH = LinkKind("veth", "veth", "a veth", "CONFIG_VETH", has_peer=True, features_off=("rx-gro",), picture="cable")
