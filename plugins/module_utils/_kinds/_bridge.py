# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bridges: C(include/uapi/linux/if_link.h), C(IFLA_BR_*)."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import NETFILTER, PORT, SNOOPING, VLANS, Attribute, Substitute, forwardable, link_local_group
from ansible_collections.nfv.vnet.plugins.module_utils._kinds._kind import LinkKind
from ansible_collections.nfv.vnet.plugins.module_utils._values import (
    BOOL8,
    BOOL32,
    BRIDGE_ID,
    ETHERTYPE,
    MAC,
    QUERIER,
    SECONDS32,
    SECONDS64,
    U8,
    U16,
    U32,
    masked_bit,
    numbered,
)

_ROWS: Tuple[Attribute, ...] = (
    Attribute(
        "forward_delay",
        1,
        SECONDS32,
        "Forward delay: the time that a port spends in each of the states listening and learning. It must be 2 to 30 while O(stp=true).",
        0,
        21474836,
        initial=15.0,
    ),
    Attribute("hello_time", 2, SECONDS32, "Time between two STP hello packets of the root bridge.", 1, 10, initial=2.0),
    Attribute("max_age", 3, SECONDS32, "Time after which STP information of other bridges expires.", 6, 40, initial=20.0),
    Attribute(
        "ageing_time",
        4,
        SECONDS32,
        "Time after which a MAC address that was not seen again is removed from the forwarding database. V(0) means at once.",
        0,
        21474836,
        initial=300.0,
        substitute=Substitute("topology_change", lambda values: 2 * values.get("forward_delay", 0)),
    ),
    Attribute(
        "stp",
        5,
        BOOL32,
        "Whether the spanning tree protocol (STP) is enabled on the bridge.",
        ip_name="stp_state",
        initial=False,
        rank=lambda stp: 0 if stp else -1,
    ),
    Attribute("priority", 6, U16, "STP priority of the bridge. The bridge with the lowest value becomes the root bridge.", 0, 65535, initial=32768),
    Attribute(
        "group_fwd_mask",
        9,
        U16,
        "Bit mask of the link-local groups 01:80:C2:00:00:0X that the bridge forwards. Bits 0 to 2 must not be set.",
        0,
        65535,
        initial=0,
        check=forwardable,
    ),
    Attribute(
        "group_address",
        20,
        MAC,
        "Destination MAC address of STP packets: 01:80:C2:00:00:0X, where X is 0 or 4 to F.",
        initial="01:80:c2:00:00:00",
        check=link_local_group,
    ),
    Attribute("vlan_default_pvid", 39, U16, "PVID of new ports: the VLAN of their untagged packets. V(0) means none.", 0, 4094, needs=VLANS, initial=1),
    Attribute("vlan_protocol", 8, ETHERTYPE, "EtherType of VLAN tags on the bridge.", needs=VLANS, initial="802.1q"),
    Attribute("vlan_stats", 41, BOOL8, "Whether the bridge keeps statistics for each VLAN.", ip_name="vlan_stats_enabled", needs=VLANS, initial=False),
    Attribute(
        "vlan_stats_per_port",
        45,
        BOOL8,
        "Whether the bridge keeps statistics for each VLAN of each port. It can be changed only while no port has VLANs.",
        needs=VLANS,
        initial=False,
    ),
    Attribute(
        "mst",
        46,
        masked_bit(2),
        "Whether multiple spanning trees (MST) are enabled. It can be changed only while the bridge has no VLANs.",
        ip_name="mst_enabled",
        needs=VLANS + " and Linux 5.18",
        initial=False,
    ),
    Attribute("vlan_filtering", 7, BOOL8, "Whether VLAN filtering is enabled on the bridge.", needs=VLANS, initial=False, resets=("mcast_vlan_snooping",)),
    Attribute(
        "mcast_snooping",
        23,
        BOOL8,
        "Whether multicast snooping is enabled: multicast packets are sent only to ports with listeners.",
        needs=SNOOPING,
        initial=True,
    ),
    Attribute(
        "mcast_vlan_snooping",
        46,
        masked_bit(1),
        "Whether multicast snooping is done for each VLAN. It requires O(vlan_filtering=true).",
        needs=VLANS + ", " + SNOOPING + " and Linux 5.15",
        initial=False,
    ),
    Attribute(
        "mcast_router",
        22,
        numbered(8, "disabled", "auto", "permanent"),
        "Whether the bridge itself is regarded as a multicast router.",
        needs=SNOOPING,
        initial="auto",
    ),
    Attribute(
        "mcast_query_use_ifaddr",
        24,
        BOOL8,
        "Whether multicast queries have the address of the bridge as their source instead of 0.0.0.0.",
        needs=SNOOPING,
        initial=False,
    ),
    Attribute("mcast_querier", 25, BOOL8, "Whether the bridge sends multicast queries.", needs=SNOOPING, initial=False),
    Attribute(
        "mcast_stats",
        42,
        BOOL8,
        "Whether the bridge keeps statistics of IGMP and MLD packets.",
        ip_name="mcast_stats_enabled",
        needs=SNOOPING,
        initial=False,
    ),
    Attribute("mcast_igmp_version", 43, U8, "IGMP version of the multicast queries.", 2, 3, needs=SNOOPING, initial=2),
    Attribute("mcast_mld_version", 44, U8, "MLD version of the multicast queries.", 1, 2, needs=SNOOPING, initial=1),
    Attribute("mcast_hash_max", 27, U32, "Maximum number of multicast groups of the bridge.", 0, 2**32 - 1, needs=SNOOPING, initial=4096),
    Attribute("mcast_last_member_count", 28, U32, "Number of multicast queries that are sent after a leave message.", 0, 2**32 - 1, needs=SNOOPING, initial=2),
    Attribute(
        "mcast_startup_query_count",
        29,
        U32,
        "Number of multicast queries that are sent when the querier starts.",
        0,
        2**32 - 1,
        needs=SNOOPING,
        initial=2,
    ),
    Attribute(
        "mcast_last_member_interval",
        30,
        SECONDS64,
        "Time between the multicast queries that are sent after a leave message.",
        0,
        2**31,
        needs=SNOOPING,
        initial=1.0,
    ),
    Attribute(
        "mcast_membership_interval",
        31,
        SECONDS64,
        "Time after which a multicast group without reports expires.",
        0,
        2**31,
        needs=SNOOPING,
        initial=260.0,
    ),
    Attribute(
        "mcast_querier_interval",
        32,
        SECONDS64,
        "Time after which another querier that sends no queries expires.",
        0,
        2**31,
        needs=SNOOPING,
        initial=255.0,
    ),
    Attribute("mcast_query_interval", 33, SECONDS64, "Time between two multicast queries.", 1, 2**31, needs=SNOOPING, initial=125.0),
    Attribute(
        "mcast_query_response_interval",
        34,
        SECONDS64,
        "Maximum time that hosts have to answer a multicast query.",
        0,
        2**31,
        needs=SNOOPING,
        initial=10.0,
    ),
    Attribute(
        "mcast_startup_query_interval",
        35,
        SECONDS64,
        "Time between two multicast queries when the querier starts.",
        1,
        2**31,
        needs=SNOOPING,
        initial=31.25,
    ),
    Attribute("nf_call_iptables", 36, BOOL8, "Whether bridged IPv4 packets pass through iptables.", needs=NETFILTER, initial=False),
    Attribute("nf_call_ip6tables", 37, BOOL8, "Whether bridged IPv6 packets pass through ip6tables.", needs=NETFILTER, initial=False),
    Attribute("nf_call_arptables", 38, BOOL8, "Whether bridged ARP packets pass through arptables.", needs=NETFILTER, initial=False),
    Attribute(
        "no_linklocal_learn", 46, masked_bit(0), "Whether learning of MAC addresses from link-local packets is disabled.", needs="Linux 5.0", initial=False
    ),
    Attribute(
        "fdb_max_learned",
        49,
        U32,
        "Maximum number of learned MAC addresses in the forwarding database. V(0) means no limit.",
        0,
        2**32 - 1,
        needs="Linux 6.7",
        initial=0,
    ),
    Attribute("root_id", 10, BRIDGE_ID, "Identifier of the root bridge: its priority and MAC address.", when="read"),
    Attribute("bridge_id", 11, BRIDGE_ID, "Identifier of the bridge: its priority and MAC address.", when="read"),
    Attribute("root_port", 12, U16, "Number of the root port. It is 0 on the root bridge.", when="read"),
    Attribute("root_path_cost", 13, U32, "Path cost to the root bridge.", when="read"),
    Attribute("topology_change", 14, BOOL8, "Whether the spanning tree topology is changing.", when="read"),
    Attribute("mcast_querier_state", 47, QUERIER, "Address of the elected multicast querier, for each address family.", when="read"),
    Attribute("fdb_n_learned", 48, U32, "Number of learned MAC addresses in the forwarding database.", when="read"),
)


def _check_bridge(wanted: Mapping[str, Any], after: Mapping[str, Any]) -> Optional[Tuple[str, str]]:
    """Restrictions of net/bridge/br_stp.c, br_set_forward_delay; br_multicast.c, br_multicast_toggle_vlan_snooping."""
    delay = after.get("forward_delay")
    asked = "stp" in wanted or "forward_delay" in wanted
    if asked and after.get("stp") and delay is not None and not 2 <= delay <= 30:
        return "forward_delay", "%g s; it must be 2 to 30 s while stp is on" % delay
    if wanted.get("mcast_vlan_snooping") and not after.get("vlan_filtering"):
        return "mcast_vlan_snooping", "it needs vlan_filtering: true"
    return None


BRIDGE = LinkKind(
    "bridge",
    "bridge",
    "a bridge",
    "CONFIG_BRIDGE",
    _ROWS,
    is_bridge=True,
    port_rows=PORT,
    takes_frames=True,
    no_port_of=("bridge",),
    follows_ports=("mtu", "gso_max_segs", "gso_max_size"),
    follows_ports_until_set=("mac",),
    always=("vlan_default_pvid",),
    related=(("vlan_filtering", "mcast_vlan_snooping"), ("stp", "forward_delay", "state"), ("ageing_time", "topology_change", "forward_delay")),
    check=_check_bridge,
    sets_port_states=lambda values: bool(values.get("stp")),
    picture="bridge",
)
