# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links that share a parent: C(include/uapi/linux/if_link.h), C(IFLA_MACVLAN_*), C(IFLA_IPVLAN_*)."""

from __future__ import annotations

from typing import Any, Mapping, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import Attribute
from ansible_collections.nfv.vnet.plugins.module_utils._kinds._kind import LinkKind
from ansible_collections.nfv.vnet.plugins.module_utils._values import U32, ValueType, bit, choice, mac_addresses, numbered

_SET = ValueType("int", "uint32", lambda _payload: None, lambda _value: 3, str)
"""MACVLAN_MACADDR_SET: the list replaces what is there."""

_ROWS: Tuple[Attribute, ...] = (
    Attribute(
        "mode",
        1,
        choice({"private": 1, "vepa": 2, "bridge": 4, "passthru": 8, "source": 16}, "uint32"),
        "How links on one parent reach each other: not at all (V(private)), if the switch that the parent is connected to sends their frames back (V(vepa)),"
        " or directly (V(bridge)). With V(passthru) the parent belongs to one link alone, which has its MAC address. With V(source) the link receives only"
        " frames from O(macaddrs). Only a new link can have V(passthru), or another mode after that. The host itself reaches none of them over the parent.",
        initial="vepa",
        resets=("macaddrs",),
        rank=lambda _mode: -1,
    ),
    Attribute(
        "nopromisc",
        2,
        bit(1, 16)._replace(argument=("flag null", "nopromisc").__getitem__, several=True),
        "Whether the parent is not set to promiscuous mode. It is for O(mode=passthru) only.",
        ip_name=" ",
        initial=False,
    ),
    Attribute(
        "macaddrs",
        5,
        mac_addresses(4),
        "MAC addresses of the sources whose frames the link receives. The list is exact. It is for O(mode=source) only.",
        ip_name="macaddr set",
        initial=[],
        further=((3, _SET),),
    ),
    Attribute(
        "bc_queue_len",
        7,
        U32,
        "Length of the queue of broadcast and multicast frames, in packets. The longest of all links on the parent is used.",
        0,
        2**32 - 1,
        ip_name="bcqueuelen",
        needs="Linux 5.11",
        initial=1000,
    ),
)


def _needs_new(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> Tuple[str, ...]:
    """Restrictions of drivers/net/macvlan.c, macvlan_changelink."""
    modes = (found.get("mode"), wanted.get("mode", found.get("mode")))
    return ("mode",) if modes[0] != modes[1] and "passthru" in modes else ()


def _kind(name: str, title: str, config: str) -> LinkKind:
    return LinkKind(
        name,
        name,
        title,
        config,
        _ROWS,
        required=("parent",),
        created_with=("mac", "num_tx_queues", "num_rx_queues", *(row.name for row in _ROWS)),
        always=("mode",),
        repeated=("mode",),
        of_modes={"macaddrs": ("source",), "nopromisc": ("passthru",)},
        needs_new=_needs_new,
        excludes_others=lambda values: values.get("mode") == "passthru",
        parent="parent",
        receiver="macvlan",
        not_on=("vrf", "macvlan", "macvtap", "ipvlan"),
        from_parent=("mtu",),
    )


MACVLAN = _kind("macvlan", "a macvlan link", "CONFIG_MACVLAN")
MACVTAP = _kind("macvtap", "a macvtap link", "CONFIG_MACVTAP")._replace(initial=lambda _values: {"txqueuelen": 500}, no_port_of=("bridge", "bond"))

IPVLAN = LinkKind(
    "ipvlan",
    "ipvlan",
    "an ipvlan link",
    "CONFIG_IPVLAN",
    (
        Attribute(
            "mode",
            1,
            numbered(16, "l2", "l3", "l3s", as_words=True),
            "Layer on which packets go from the link to its parent: as frames (V(l2)), or as routed packets without broadcast and multicast (V(l3)), which with"
            " V(l3s) pass through the packet filters of both namespaces. All ipvlan links on one parent have the mode that was set last on any of them. A new"
            " link sets it, too.",
            initial="l3",
            rank=lambda _mode: -1,
        ),
        Attribute(
            "isolation",
            2,
            numbered(16, "bridge", "private", "vepa", as_words=True),
            "How links on one parent reach each other: directly (V(bridge)), not at all (V(private)), or if the switch that the parent is connected to"
            " sends their packets back (V(vepa)). It is the same for all ipvlan links on one parent, as with O(mode).",
            ip_name=" ",
            initial="bridge",
            needs="Linux 4.14",
        ),
    ),
    lacks=("mac", "arp"),  # the first is that of the parent, the second follows the mode when the link goes up
    required=("parent",),
    created_with=("num_tx_queues", "num_rx_queues", "mode", "isolation"),
    always=("mode", "isolation"),
    parent="parent",
    receiver="ipvlan",
    not_on=("vrf", "macvlan", "macvtap", "ipvlan"),
    shared_on_parent=("mode", "isolation"),
    from_parent=("mtu",),
    no_port_of=("bridge", "bond"),
)
