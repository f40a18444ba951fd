# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bonds: C(include/uapi/linux/if_link.h), C(IFLA_BOND_*); C(drivers/net/bonding/bond_options.c)."""

from __future__ import annotations

import socket
from typing import Any, Dict, Mapping, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import BOND_PORT, Attribute, unicast
from ansible_collections.nfv.vnet.plugins.module_utils._kinds._kind import LinkKind
from ansible_collections.nfv.vnet.plugins.module_utils._values import BOOL8, LACP, LINK_INDEX, MAC, ON_OFF, U8, U16, U32, ip_addresses, numbered

_MODES = ("balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb")
_ONE_ACTIVE = ("active-backup", "balance-tlb", "balance-alb")
_LACP = ("802.3ad",)
_WITH_ARP = ("balance-rr", "active-backup", "balance-xor", "broadcast")
_LONGEST = 2**31 - 1
_SYSTEM = MAC._replace(decode=lambda payload: MAC.decode(payload) if any(payload) else None)
_PORT_OR_NONE = LINK_INDEX._replace(absent="")

_ROWS: Tuple[Attribute, ...] = (
    Attribute(
        "mode",
        1,
        numbered(8, *_MODES, as_words=True),
        "How packets are distributed over the ports: one after the other (V(balance-rr)), over one port until it fails (V(active-backup)), by a hash of their"
        " addresses (V(balance-xor)), over all ports at once (V(broadcast)), by the hash among the ports that LACP has negotiated (V(802.3ad)), or by load"
        " (V(balance-tlb), V(balance-alb)).",
        when="create",
        initial="balance-rr",
    ),
    Attribute(
        "miimon",
        3,
        U32,
        "Time between two looks at the carrier of the ports, in milliseconds. V(0) disables it, so that a port without carrier is used on, unless"
        " O(arp_interval) is set.",
        0,
        _LONGEST,
        initial=0,
        initial_varies=True,
        resets=("updelay", "downdelay", "peer_notify_delay", "arp_interval", "arp_validate"),
    ),
    Attribute(
        "updelay",
        4,
        U32,
        "Time that a port must have a carrier before it is used, in milliseconds: a multiple of O(miimon).",
        0,
        _LONGEST,
        initial=0,
    ),
    Attribute(
        "downdelay",
        5,
        U32,
        "Time that a port must have no carrier before it is not used any more, in milliseconds: a multiple of O(miimon).",
        0,
        _LONGEST,
        initial=0,
    ),
    Attribute(
        "peer_notify_delay",
        28,
        U32,
        "Time between two announcements after a failover (O(num_peer_notif)), in milliseconds: a multiple of O(miimon).",
        0,
        300000,
        initial=0,
        needs="Linux 5.3",
    ),
    Attribute(
        "use_carrier",
        6,
        BOOL8,
        "Whether the carrier is what the driver of the port says, and not what its registers or ethtool say. Newer kernels only have V(true).",
        initial=True,
    ),
    Attribute(
        "arp_interval",
        7,
        U32,
        "Time between two ARP requests that watch the ports, in milliseconds. V(0) disables it. It cannot be used with O(miimon).",
        0,
        _LONGEST,
        initial=0,
        resets=("miimon",),
    ),
    Attribute("arp_ip_targets", 8, ip_addresses(socket.AF_INET), "IPv4 addresses that are asked for, up to 16.", ip_name="arp_ip_target", initial=[]),
    Attribute(
        "ns_ip6_targets",
        31,
        ip_addresses(socket.AF_INET6),
        "IPv6 addresses that are asked for by neighbour solicitations, up to 16.",
        ip_name="ns_ip6_target",
        initial=[],
        needs="Linux 5.19",
    ),
    Attribute(
        "arp_validate",
        9,
        numbered(32, "none", "active", "backup", "all", "filter", "filter_active", "filter_backup", as_words=True),
        "On which ports only answers of O(arp_ip_targets) show that the port works.",
        initial="none",
    ),
    Attribute(
        "arp_all_targets",
        10,
        numbered(32, "any", "all", as_words=True),
        "How many of O(arp_ip_targets) must answer.",
        initial="any",
    ),
    Attribute(
        "missed_max",
        30,
        U8,
        "Number of O(arp_interval) without an answer after which a port is not used any more.",
        1,
        255,
        ip_name="arp_missed_max",
        initial=2,
        needs="Linux 5.17",
    ),
    Attribute("primary", 11, _PORT_OR_NONE, "Name of the port that is used whenever it works. V('') means none.", initial=""),
    Attribute(
        "primary_reselect",
        12,
        numbered(8, "always", "better", "failure", as_words=True),
        "When O(primary) becomes active again after it failed: at once (V(always)), if it is faster than the active port (V(better)), or if that fails"
        " (V(failure)).",
        initial="always",
    ),
    Attribute(
        "active_port",
        2,
        _PORT_OR_NONE,
        "Name of the port that is active now. The kernel changes it when the port fails, and the next task changes it back. It is returned only if it is set.",
        ip_name="active_slave",
        when="up",
        initial="",
        check=lambda name: "" if name else "the kernel chooses it; name a port, or leave it out",
    ),
    Attribute(
        "fail_over_mac",
        13,
        numbered(8, "none", "active", "follow", as_words=True),
        "Which MAC address the bond has with O(mode=active-backup): the same on all ports (V(none)), that of the active port (V(active)), or the same, which"
        " moves to the port that becomes active (V(follow)).",
        when="create",
        initial="none",
    ),
    Attribute(
        "xmit_hash_policy",
        14,
        numbered(8, "layer2", "layer3+4", "layer2+3", "encap2+3", "encap3+4", "vlan+srcmac", as_words=True),
        "Headers from which the hash is computed.",
        initial="layer2",
    ),
    Attribute("resend_igmp", 15, U32, "Number of IGMP reports that are sent after a failover.", 0, 255, initial=1),
    Attribute(
        "num_peer_notif",
        16,
        U8,
        "Number of times that the bond announces its addresses after a failover, by gratuitous ARP and unsolicited neighbour advertisements.",
        0,
        255,
        ip_name="num_grat_arp",
        initial=1,
    ),
    Attribute(
        "all_ports_active",
        17,
        BOOL8,
        "Whether packets are accepted from ports that are not active.",
        ip_name="all_slaves_active",
        initial=False,
    ),
    Attribute("min_links", 18, U32, "Number of ports that must work so that the bond has a carrier.", 0, _LONGEST, initial=0),
    Attribute("lp_interval", 19, U32, "Time between two learning packets to the switches, in seconds.", 1, _LONGEST, initial=1),
    Attribute(
        "packets_per_port",
        20,
        U32,
        "Number of packets that are sent over one port before the next is used. V(0) chooses the port at random.",
        0,
        65535,
        ip_name="packets_per_slave",
        initial=1,
    ),
    Attribute(
        "lacp_active",
        29,
        ON_OFF,
        "Whether the bond sends LACP packets by itself, and not only as an answer.",
        when="down",
        initial=True,
        needs="Linux 5.15",
    ),
    Attribute(
        "lacp_rate",
        21,
        numbered(8, "slow", "fast", as_words=True),
        "How often the other side is asked to send LACP packets: every 30 seconds (V(slow)) or every second (V(fast)).",
        when="down",
        initial="slow",
    ),
    Attribute(
        "ad_select",
        22,
        numbered(8, "stable", "bandwidth", "count", as_words=True),
        "Which of several aggregates is used: the one that is used now (V(stable)), the one with most bandwidth, or the one with most ports.",
        when="down",
        initial="stable",
    ),
    Attribute("ad_actor_sys_prio", 24, U16, "LACP priority of this system.", 1, 65535, initial=65535),
    Attribute("ad_user_port_key", 25, U16, "Part of the LACP key of the ports.", 0, 1023, when="down", initial=0),
    Attribute("ad_actor_system", 26, _SYSTEM, "MAC address of this system in LACP. If it was never set, it is that of the bond.", check=unicast),
    Attribute(
        "tlb_dynamic_lb",
        27,
        BOOL8,
        "Whether flows move to other ports as the load changes. With V(false) they are distributed by their hash.",
        when="down",
        initial=True,
    ),
    Attribute("ad_info", 23, LACP, "What LACP has negotiated: the aggregator, its number of ports, the keys, and the MAC address of the partner.", when="read"),
)


def _check(wanted: Mapping[str, Any], after: Mapping[str, Any]) -> Optional[Tuple[str, str]]:
    if after.get("arp_interval") and after.get("miimon") and ("arp_interval" in wanted or "miimon" in wanted):
        return "arp_interval" if "arp_interval" in wanted else "miimon", "arp_interval and miimon cannot be used together; set the other one to 0"
    for name in ("updelay", "downdelay", "peer_notify_delay"):
        if wanted.get(name) and not after.get("miimon"):
            return name, "it needs miimon"
        if wanted.get(name) and wanted[name] % after["miimon"]:
            return name, "%d is not a multiple of miimon (%d)" % (wanted[name], after["miimon"])
    for name in ("arp_ip_targets", "ns_ip6_targets"):
        if len(wanted.get(name, ())) > _MOST_TARGETS:
            return name, "there can be %d at most" % _MOST_TARGETS
    return None


def _caution(values: Mapping[str, Any]) -> Optional[Tuple[str, str]]:
    """What makes a bond useless."""
    if not values.get("miimon") and not values.get("arp_interval") and values.get("mode") not in _WATCHED:
        return "miimon", "neither miimon nor arp_interval is set, so ports without a carrier are used on"
    if values.get("arp_interval") and not values.get("arp_ip_targets") and not values.get("ns_ip6_targets"):
        return "arp_ip_targets", "missing; arp_interval has nobody to ask"
    return None


_WATCHED = ("802.3ad", "balance-tlb", "balance-alb")
"""The modes in which the kernel sets miimon to 100 if nothing else is said."""
_MOST_TARGETS = 16
_OF_MODES: Dict[str, Tuple[str, ...]] = {
    "arp_interval": _WITH_ARP,
    "arp_validate": _WITH_ARP,
    "primary": _ONE_ACTIVE,
    "active_port": _ONE_ACTIVE,
    "fail_over_mac": ("active-backup",),
    "packets_per_port": ("balance-rr",),
    "lacp_active": _LACP,
    "lacp_rate": _LACP,
    "ad_actor_sys_prio": _LACP,
    "ad_user_port_key": _LACP,
    "ad_actor_system": _LACP,
    "tlb_dynamic_lb": ("balance-tlb", "balance-alb"),
}
"""Options that only some modes have."""

BOND = LinkKind(
    "bond",
    "bond",
    "a bond",
    "CONFIG_BONDING",
    _ROWS,
    created_with=("mac", "num_tx_queues", "num_rx_queues", *(row.name for row in _ROWS if row.type is not _PORT_OR_NONE)),
    always=("mode", "miimon", "arp_interval", "primary", "active_port"),
    references_ports=("primary", "active_port"),
    caution=_caution,
    initial=lambda values: {"miimon": 100} if values.get("mode") in _WATCHED else {},
    check=_check,
    of_modes=_OF_MODES,
    port_rows=BOND_PORT,
    takes_frames=True,
    brings_ports_down=True,
    aggregates=True,
    follows_ports=("gso_max_segs", "gso_max_size"),
    follows_ports_until_set=("mac",),
    picture="bond",
)
