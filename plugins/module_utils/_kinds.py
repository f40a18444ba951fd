# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of links: one kind, one record, with a table of its attributes.

Codes are those of the kernel: C(include/uapi/linux/if_link.h), C(if_tun.h).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Callable, Dict, Mapping, NamedTuple, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import (
    LINK,
    NETFILTER,
    SNOOPING,
    VLANS,
    Attribute,
    Substitute,
    forwardable,
    link_local_group,
    qos_map,
)
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Link, LinkId
from ansible_collections.nfv.vnet.plugins.module_utils._values import (
    ACCOUNTS,
    BOOL8,
    BOOL32,
    BRIDGE_ID,
    ETHERTYPE,
    GROUP,
    MAC,
    QOS_MAP,
    QUERIER,
    SECONDS32,
    SECONDS64,
    U8,
    U16,
    U32,
    USER,
    ValueType,
    masked_bit,
    numbered,
)


class LinkKind(NamedTuple):
    """A kind of link that has a module. Its options, records, messages and commands are derived from this record."""

    type: str
    """The type: in the name of the module (C(vnet_TYPE)), and in layouts and results."""
    kernel: str
    """The kind as the kernel calls it (C(IFLA_INFO_KIND))."""
    title: str
    """What it is called in messages, with an article."""
    config: str
    """The kernel option that it needs."""
    rows: Tuple[Attribute, ...] = ()
    """Its own attributes."""
    lacks: Tuple[str, ...] = ()
    """Common attributes that this kind does not have."""
    fixed: Tuple[str, ...] = ()
    """Common attributes that can only be set on a new link of this kind."""
    required: Tuple[str, ...] = ()
    """Attributes that must be given to create one."""
    created_with: Tuple[str, ...] = ("mac", "num_tx_queues", "num_rx_queues")
    """Attributes that are set in the message that creates it; all others are set afterwards."""
    always: Tuple[str, ...] = ()
    """Attributes that the plan needs even if they are not declared."""
    related: Tuple[Tuple[str, ...], ...] = ()
    """Groups of attributes, also of ports: if one is declared, the plan needs all."""
    check: Callable[[Mapping[str, Any], Mapping[str, Any]], Optional[Tuple[str, str]]] = lambda _wanted, _after: None
    """Checks the values that are wanted and all values as they would be. Returns an option and what is wrong with it, or None."""
    sets_port_states: Callable[[Mapping[str, Any]], bool] = lambda _values: False
    """Whether one with these values controls the state of its ports."""
    unique: Tuple[str, ...] = ()
    """Attributes that two links on one parent must not have in common."""
    parent: str = ""
    """The option that names its parent (C(IFLA_LINK)); '' if it has none."""
    needs_parent_up: Callable[[Mapping[str, Any]], bool] = lambda _values: False
    """Whether one with these values can be up only while its parent is."""
    goes_up_with_parent: Callable[[Mapping[str, Any]], bool] = lambda _values: False
    """Whether the kernel brings one with these values up when its parent goes up."""
    from_parent: Tuple[str, ...] = ()
    """Attributes that a new one takes from its parent."""
    is_ethernet: Callable[[Mapping[str, Any]], bool] = lambda _values: True
    """Whether one with these values carries Ethernet frames and has a MAC address."""
    is_bridge: bool = False
    """Whether it has ports and VLANs of its own."""
    follows_ports: Tuple[str, ...] = ()
    """Attributes that the kernel changes when ports join or leave."""
    follows_ports_until_set: Tuple[str, ...] = ()
    """Attributes that the kernel changes when ports join or leave, until they are set."""
    has_peer: bool = False
    """Whether it is one end of a pair."""
    is_attachable: bool = False
    """Whether it is created by C(ioctl) (C(TUNSETIFF)) and held by programs."""
    initial: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda _values: {}
    """The values of a new link where they differ from the common ones."""
    why_no_port: Callable[[Mapping[str, Any]], str] = lambda _values: ""
    """Why a link with these values cannot be a bridge port, as the end of a sentence. '' if it can."""
    tag: Callable[[Mapping[str, Any]], int] = lambda _values: 0
    """The VLAN of its frames on the parent; 0 if they are untagged."""
    picture: str = "link"
    """How it is drawn: C(bridge), a box that others are connected to; C(cable), a line between two boxes; C(device), a box of its
    own; C(link), a line in the box of its namespace."""


BRIDGE: Tuple[Attribute, ...] = (
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
    Attribute("stp", 5, BOOL32, "Whether the spanning tree protocol (STP) is enabled on the bridge.", ip_name="stp_state", initial=False, first_if=False),
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
    Attribute("vlan_filtering", 7, BOOL8, "Whether VLAN filtering is enabled on the bridge.", needs=VLANS, initial=False, turns_off=("mcast_vlan_snooping",)),
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

TUNTAP: Tuple[Attribute, ...] = (
    Attribute(
        "mode",
        3,
        ValueType("str", "uint8", lambda payload: {1: "tun", 2: "tap"}.get(payload[0], ""), str, str, ("tun", "tap")),
        "Mode of the device. V(tun) carries IP packets and is point-to-point, V(tap) carries Ethernet frames. It is required to create the device.",
        when="create",
        location="ioctl",
    ),
    Attribute(
        "owner",
        1,
        USER,
        "User who may attach to the device, by name or id. If neither O(owner) nor O(group) is set, every user who can open C(/dev/net/tun) may"
        " attach. V('') means no owner. An owner cannot be removed from an existing device; with O(recreate=true) the device is replaced.",
        ip_name="user",
        location="ioctl",
        initial="",
    ),
    Attribute(
        "group",
        2,
        GROUP,
        "Group whose members may attach to the device, by name or id. If O(owner) is set as well, only that user may attach, and only as a member"
        " of the group. V('') means no group; the same applies.",
        location="ioctl",
        initial="",
    ),
    Attribute("multi_queue", 7, BOOL8, "Whether a program may attach several queues to the device.", when="create", location="ioctl", initial=False),
    Attribute(
        "packet_info",
        4,
        BOOL8,
        "Whether packets are preceded by a header of four bytes with their protocol.",
        ip_name="pi",
        when="attach",
        location="ioctl",
        initial=False,
    ),
    Attribute(
        "vnet_hdr",
        5,
        BOOL8,
        "Whether packets are preceded by a virtio header.",
        when="attach",
        location="ioctl",
        initial=False,
    ),
    Attribute("persist", 6, BOOL8, "Whether the device persists when no program holds it.", when="read", location="ioctl"),
    Attribute("num_queues", 8, U32, "Number of attached queues.", when="read", location="ioctl"),
)


VLAN: Tuple[Attribute, ...] = (
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


def _why_no_port_of_tuntap(values: Mapping[str, Any]) -> str:
    words = "a TUN device, which carries no Ethernet frames and cannot be a bridge port; use a TAP device"
    return words if values.get("mode") == "tun" else ""


def _check_bridge(wanted: Mapping[str, Any], after: Mapping[str, Any]) -> Optional[Tuple[str, str]]:
    """Restrictions of net/bridge/br_stp.c, br_set_forward_delay; br_multicast.c, br_multicast_toggle_vlan_snooping."""
    delay = after.get("forward_delay")
    asked = "stp" in wanted or "forward_delay" in wanted
    if asked and after.get("stp") and delay is not None and not 2 <= delay <= 30:
        return "forward_delay", "%g s; it must be 2 to 30 s while stp is on" % delay
    if wanted.get("mcast_vlan_snooping") and not after.get("vlan_filtering"):
        return "mcast_vlan_snooping", "it needs vlan_filtering: true"
    return None


def _initial_of_tuntap(values: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"arp": False, "txqueuelen": 500} if values.get("mode") == "tun" else {}


_QUEUES = ("num_tx_queues", "num_rx_queues")

KINDS: Tuple[LinkKind, ...] = (
    LinkKind(
        "bridge",
        "bridge",
        "a bridge",
        "CONFIG_BRIDGE",
        BRIDGE,
        is_bridge=True,
        follows_ports=("mtu", "gso_max_segs", "gso_max_size"),
        follows_ports_until_set=("mac",),
        always=("vlan_default_pvid",),
        related=(("vlan_filtering", "mcast_vlan_snooping"), ("stp", "forward_delay", "state"), ("ageing_time", "topology_change", "forward_delay")),
        check=_check_bridge,
        sets_port_states=lambda values: bool(values.get("stp")),
        why_no_port=lambda _values: "a bridge, which cannot be a bridge port",
        picture="bridge",
    ),
    LinkKind(
        "tuntap",
        "tun",
        "a TUN or TAP device",
        "CONFIG_TUN",
        TUNTAP,
        lacks=_QUEUES,
        required=("mode",),
        created_with=tuple(row.name for row in TUNTAP),
        always=("mode", "multi_queue", "packet_info", "vnet_hdr", "persist"),
        is_ethernet=lambda values: values.get("mode") != "tun",
        is_attachable=True,
        initial=_initial_of_tuntap,
        why_no_port=_why_no_port_of_tuntap,
        picture="device",
    ),
    LinkKind("dummy", "dummy", "a dummy", "CONFIG_DUMMY", initial=lambda _values: {"arp": False, "multicast": False}),
    LinkKind(
        "ifb",
        "ifb",
        "an IFB device",
        "CONFIG_IFB",
        fixed=("mac",),
        initial=lambda _values: {"arp": False, "multicast": False, "txqueuelen": 32},
    ),
    LinkKind("veth", "veth", "a veth", "CONFIG_VETH", has_peer=True, picture="cable"),
    LinkKind(
        "vlan",
        "vlan",
        "a VLAN link",
        "CONFIG_VLAN_8021Q",
        VLAN,
        required=("parent", "id"),
        created_with=("mac", "num_tx_queues", "num_rx_queues", "id", "protocol"),
        always=("id", "protocol", "loose_binding"),
        unique=("id", "protocol"),
        parent="parent",
        needs_parent_up=lambda values: not values.get("loose_binding"),
        goes_up_with_parent=lambda values: not values.get("loose_binding"),
        from_parent=("mtu", "arp", "multicast"),
        tag=lambda values: int(values.get("id", 0)),
    ),
)
"""The registry. Every list of kinds is derived from it, in this order."""
TYPES: Dict[str, LinkKind] = {kind.type: kind for kind in KINDS}
PAIRED = (*(kind.kernel for kind in KINDS if kind.has_peer), "netkit", "vxcan")
"""The kernel kinds of which C(IFLA_LINK) is the peer."""
ANY = "any"
"""The kind of a declared link that must exist already and may be of any kind."""
LOOPBACK = "loopback"
"""The kind of C(lo)."""


def common_rows(kind: LinkKind) -> Tuple[Attribute, ...]:
    """The common attributes as this kind has them."""
    rows = (row for row in LINK if row.name not in kind.lacks)
    return tuple(row._replace(when="create") if row.name in kind.fixed else row for row in rows)


BY_KIND: Dict[str, LinkKind] = {kind.kernel: kind for kind in KINDS}
"""The kinds by their kernel kind."""
ROWS_OF: Dict[str, Dict[str, Attribute]] = {
    LOOPBACK: {row.name: row for row in LINK},
    ANY: {row.name: row for row in LINK},
    **{kind.kernel: {row.name: row for row in (*common_rows(kind), *kind.rows)} for kind in KINDS},
}
"""The attributes of each kind by name."""


def rows_of(kernel: str) -> Dict[str, Attribute]:
    """The attributes of a kind, which may be one without a module."""
    return ROWS_OF.get(kernel, ROWS_OF[ANY])


def type_of(kernel: str) -> str:
    """The type of a kind; '' if it has no module."""
    return BY_KIND[kernel].type if kernel in BY_KIND else ""


def initial_of(kernel: str, values: Mapping[str, Any], parent: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values of a new link where they differ from the rows, on a parent with these values."""
    if kernel not in BY_KIND:
        return {}
    return {**BY_KIND[kernel].initial(values), **{name: parent[name] for name in BY_KIND[kernel].from_parent if name in parent}}


def unique_key(kernel: str, parent: Optional[LinkId], values: Mapping[str, Any]) -> Optional[Tuple[object, ...]]:
    """What no two links may have in common. None if there is no such restriction, or if a value without a default is missing."""
    names = BY_KIND[kernel].unique if kernel in BY_KIND and parent else ()
    rows = rows_of(kernel)
    key = [values.get(name, rows[name].initial) for name in names]
    return (kernel, parent, *key) if names and None not in key else None


def unique_options_of(kernel: str) -> str:
    """The options that no two links of a kind may have in common."""
    return ", ".join((BY_KIND[kernel].parent, *BY_KIND[kernel].unique))


def why_no_port(kernel: str, values: Mapping[str, Any]) -> str:
    """Why a link cannot be a bridge port, as the end of a sentence. '' if it can."""
    if kernel == LOOPBACK:
        return "%s, which cannot be a bridge port" % title_of(kernel)
    return BY_KIND[kernel].why_no_port(values) if kernel in BY_KIND else ""


def is_bridge(kernel: str) -> bool:
    return kernel in BY_KIND and BY_KIND[kernel].is_bridge


def sets_port_states(kernel: str, values: Mapping[str, Any]) -> bool:
    """Whether a link controls the state of its ports."""
    return kernel in BY_KIND and BY_KIND[kernel].sets_port_states(values)


def follows_ports(kernel: str) -> Tuple[str, ...]:
    """Attributes that the kernel changes when ports join or leave, so they are set afterwards."""
    return BY_KIND[kernel].follows_ports if kernel in BY_KIND else ()


def may_follow_ports(kernel: str) -> Tuple[str, ...]:
    """Attributes that must be set again after ports have joined or left."""
    return follows_ports(kernel) + (BY_KIND[kernel].follows_ports_until_set if kernel in BY_KIND else ())


FOLLOWING = tuple(name for kind in KINDS for name in kind.follows_ports)
"""Attributes of a link above a bridge that depend on the ports of the bridge."""


def is_attachable(kernel: str) -> bool:
    return kernel in BY_KIND and BY_KIND[kernel].is_attachable


def parent_option_of(kernel: str) -> str:
    """The option that names the parent; '' if the kind has none."""
    return BY_KIND[kernel].parent if kernel in BY_KIND else ""


def is_ethernet(kernel: str, values: Mapping[str, Any]) -> bool:
    """Whether a link carries Ethernet frames."""
    return kernel != LOOPBACK and (kernel not in BY_KIND or BY_KIND[kernel].is_ethernet(values))


def tag_of(kernel: str, values: Mapping[str, Any]) -> int:
    """The VLAN of a link's frames on its parent; 0 if they are untagged."""
    return BY_KIND[kernel].tag(values) if kernel in BY_KIND else 0


def has_peer(kernel: str) -> bool:
    return kernel in BY_KIND and BY_KIND[kernel].has_peer


@lru_cache(maxsize=None)  # called for each of a thousand links
def accounts_of(kernel: str) -> Tuple[str, ...]:
    """The attributes that say who may use a link."""
    return tuple(row.name for row in rows_of(kernel).values() if row.type in ACCOUNTS)


def interrupts(wanted: Link) -> bool:
    """Whether the task may interrupt a program that holds the device."""
    return not wanted.present or wanted.recreate or any(name in wanted.values for name in accounts_of(wanted.kind))


def title_of(kernel: str) -> str:
    """What a link of this kind is called in messages."""
    if kernel in BY_KIND:
        return BY_KIND[kernel].title
    return "the loopback device" if kernel == LOOPBACK else "a %s" % (kernel or "device without a kind")
