# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The attributes of every link and of bridge ports: one attribute, one row.

Options with their documentation, reading, comparing, writing, checks and the printed commands of iproute2 are derived from the
rows. Codes are those of the kernel: C(include/uapi/linux/if_link.h), C(if.h).
"""

from __future__ import annotations

import re
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._qdiscs import QDISC, QDISCS
from ansible_collections.nfv.vnet.plugins.module_utils._values import (
    BOOL8,
    BRIDGE_ID,
    FEATURES,
    FLAG,
    LINK_INDEX,
    MAC,
    MCAST_ROUTER,
    ON_OFF,
    PER_CENT,
    S32,
    SECONDS,
    SECONDS64,
    TEXT,
    U16,
    U32,
    ValueType,
    choice_of,
    numbered,
)


class Substitute(NamedTuple):
    """A value that the kernel reports instead of the configured one while the read-only attribute C(status) is true. C(value)
    computes it from the other values."""

    status: str
    value: Callable[[Mapping[str, Any]], Any]


class Attribute(NamedTuple):
    """One row. C(code) is the number of the netlink attribute or the bit of a flag, or 0 where C(location) has no numbers.

    Rows of one kind with the same code are bits of one word.
    """

    name: str
    code: int
    type: ValueType
    text: str
    low: Optional[float] = None
    high: Optional[float] = None
    ip_name: str = ""
    """The keyword of ip(8) or bridge(8) if it differs from the name; '-' if they have none, ' ' if the argument stands alone."""
    when: str = "live"
    """live: can be set at any time; create: only on a new link; up: only while the link is up; down: only while it is down; read: read-only;
    attach: set by every program that attaches, so it is not compared."""
    location: str = "data"
    """link, flag, inet6, sysctl: of every link; qdisc, mirror, ethtool: the same, but read with requests of their own; data: of the kind; port: of a
    bridge port; port_data: of a port, in the data of its master (C(IFLA_INFO_SLAVE_DATA)); ioctl: of TUN and TAP. C(code) of sysctl is the position in
    C(IFLA_INET6_CONF).
    """
    needs: str = ""
    """The kernel option or version that the attribute needs."""
    initial: Any = None
    """The value of a new link, None if it depends."""
    initial_varies: bool = False
    """Whether some new links have another value than C(initial)."""
    check: Callable[[Any], str] = lambda _value: ""
    """Returns what is wrong with a value apart from its range, '' if nothing is."""
    substitute: Optional[Substitute] = None
    """What the kernel reports at times instead of the configured value."""
    resets: Tuple[str, ...] = ()
    """Attributes that the kernel resets with it but does not restore."""
    lowers_above: bool = False
    """Whether the kernel lowers it on the links on top, too, and never raises it again there."""
    rank: Callable[[Any], int] = lambda _value: 0
    """Its place among the attributes that are set, which depends on the value. The lowest is first."""
    fields: Tuple[Attribute, ...] = ()
    """The fields of a value that is a dictionary."""
    further: Tuple[Tuple[int, ValueType], ...] = ()
    """More netlink attributes that the value is in, with their codes. They are sent, and say something, unless their type returns None."""

    @property
    def keyword(self) -> str:
        return self.ip_name or self.name

    def words(self, value: Any) -> List[str]:
        """The keyword and argument of ip(8) or bridge(8)."""
        argument = self.type.argument(value)
        return [*self.keyword.split(), *(argument.split() if self.type.several else [argument])]

    def same(self, one: Any, other: Any) -> bool:
        """Whether a wanted value and one that was found are the same."""
        if self.type.equal:
            return self.type.equal(one, other)
        if self.type.tolerance and one is not None and other is not None:
            return bool(abs(one - other) <= self.type.tolerance)
        return bool(one == other)

    def is_substituted(self, values: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
        """Whether the kernel reports something else than the configured value."""
        if self.substitute is None or not status.get(self.substitute.status):
            return False
        return self.same(values.get(self.name), self.substitute.value(values))


def unicast(mac: str) -> str:
    if int(mac[:2], 16) & 1 or mac == "00:00:00:00:00:00":
        return "%s is not a unicast address: the first byte must be even, and not all bytes zero" % mac
    return ""


def forwardable(mask: int) -> str:
    """Refuses bits that the kernel refuses (br_group_fwd_mask: net/bridge/br_private.h, BR_GROUPFWD_RESTRICTED)."""
    return "%d: the kernel never forwards the groups of bits 0 to 2; leave them clear" % mask if mask & 7 else ""


def forwardable_by_port(mask: int) -> str:
    """Refuses the bit that the kernel refuses (net/bridge/br_netlink.c, BR_GROUPFWD_MACPAUSE)."""
    return "%d: a port never forwards the group of bit 1; leave it clear" % mask if mask & 2 else ""


def qos_map(keys: int, values: int) -> Callable[[Mapping[str, int]], str]:
    """Returns a check that priorities are below C(keys) and mapped to values below C(values)."""

    def check(given: Mapping[str, int]) -> str:
        wrong = next(((number, to) for number, to in given.items() if not (0 <= int(number) < keys and 0 < to < values)), None)
        return "%s: %d: priorities 0 to %d can be mapped to 0 to %d" % (*wrong, keys - 1, values - 1) if wrong else ""

    return check


def link_local_group(mac: str) -> str:
    """Refuses addresses that the kernel refuses (net/bridge/br_sysfs_br.c, group_addr_store)."""
    return "" if re.fullmatch("01:80:c2:00:00:0[04-9a-f]", mac) else "%s is not 01:80:C2:00:00:0X, where X is 0 or 4 to F" % mac


SCOPES = {"global": 0, "site": 200, "link": 253, "host": 254, "nowhere": 255}
"""Route scopes: include/uapi/linux/rtnetlink.h, enum rt_scope_t."""
ROUTE_TYPES = {"unicast": 1, "blackhole": 6, "unreachable": 7, "prohibit": 8}
"""The route types that the options support: include/uapi/linux/rtnetlink.h."""

PREFERENCES = {"medium": 0, "high": 1, "low": 3}
"""The preferences of IPv6 routes: include/uapi/linux/icmpv6.h."""
USUAL_PREFERENCE = "medium"
"""The preference of a route that has no other."""

PORT_STATES = ("disabled", "listening", "learning", "forwarding", "blocking")
STATES_WITHOUT_STP = ("disabled", "forwarding")

VLANS = "CONFIG_BRIDGE_VLAN_FILTERING"
SNOOPING = "CONFIG_BRIDGE_IGMP_SNOOPING"
NETFILTER = "CONFIG_BRIDGE_NETFILTER"
IPV6 = "CONFIG_IPV6 (and no ipv6.disable=1)"

_MIRRORING = "CONFIG_NET_CLS_MATCHALL and CONFIG_NET_ACT_MIRRED"
_QDISC_FIELDS = (
    Attribute(
        "kind",
        0,
        choice_of("", *QDISCS),
        "Kind of the queueing discipline; see the manual page C(tc-KIND). V('') is the one that the kernel chooses.",
    ),
    Attribute("delay", 0, SECONDS, "V(netem): delay of each packet, in seconds.", 0, 4000),
    Attribute("jitter", 0, SECONDS, "V(netem): by how much the delay varies, in seconds.", 0, 4000),
    Attribute("delay_correlation", 0, PER_CENT, "V(netem): how much a delay depends on the one before, in per cent.", 0, 100),
    Attribute("loss", 0, PER_CENT, "V(netem): packets that are lost, in per cent.", 0, 100),
    Attribute("duplicate", 0, PER_CENT, "V(netem): packets that are duplicated, in per cent.", 0, 100),
    Attribute("corrupt", 0, PER_CENT, "V(netem): packets in which a bit is changed, in per cent.", 0, 100),
    Attribute("reorder", 0, PER_CENT, "V(netem): packets that are sent at once while the others are delayed, in per cent.", 0, 100),
    Attribute("rate", 0, U32, "V(netem), V(tbf): bits a second. With V(netem), V(0) is no limit.", 0, 10**12),
    Attribute("limit", 0, U32, "All kinds but V(tbf): how much may wait, in packets; with V(bfifo) in bytes.", 0, 2**32 - 1),
    Attribute("seed", 0, U32, "V(netem): seed of the random numbers, so that they are the same again.", 0, 2**63 - 1, needs="Linux 6.6"),
    Attribute("burst", 0, U32, "V(tbf): bytes that may be sent at once.", 1, 2**31 - 1),
    Attribute("latency", 0, SECONDS, "V(tbf): how long a packet may wait, in seconds.", 0, 4000),
    Attribute("flows", 0, U32, "V(fq_codel): number of flows that are told apart. Only a new one can have another number.", 1, 65536),
    Attribute("target", 0, SECONDS, "V(fq_codel): acceptable delay, in seconds.", 0, 4000),
    Attribute("interval", 0, SECONDS, "V(fq_codel): time in which the delay must get lower than that, in seconds.", 0, 4000),
    Attribute("quantum", 0, U32, "V(fq_codel), V(fq): bytes of a flow that are sent before the next flow.", 1, 2**20),
    Attribute("memory_limit", 0, U32, "V(fq_codel): bytes of memory that may be used.", 0, 2**31 - 1),
    Attribute("flow_limit", 0, U32, "V(fq): packets of one flow that may wait.", 1, 2**32 - 1),
    Attribute("initial_quantum", 0, U32, "V(fq): bytes that a new flow may send at first. By default the kernel takes those of ten packets.", 1, 2**31 - 1),
    Attribute("maxrate", 0, U32, "V(fq): most bits a second of one flow. V(0) is no limit.", 0, 2**34),
)

LINK: Tuple[Attribute, ...] = (
    Attribute(
        "mac", 1, MAC, "MAC address of the link, such as V(02:00:00:00:00:01). A new link has a random one.", ip_name="address", location="link", check=unicast
    ),
    Attribute("mtu", 4, U32, "Maximum transmission unit (MTU) of the link, in bytes.", 68, 65575, location="link", initial=1500, lowers_above=True),
    Attribute("txqueuelen", 13, U32, "Length of the transmit queue of the link, in packets.", 0, 2**31 - 1, location="link", initial=1000),
    Attribute("alias", 20, TEXT, "Alias of the link: a free-form description of up to 255 bytes. V('') removes it.", 0, 255, location="link", initial=""),
    Attribute("link_group", 27, U32, "Number of the device group that the link belongs to.", 0, 2**31 - 1, "group", location="link", initial=0),
    Attribute("num_tx_queues", 31, U32, "Number of transmit queues of the link.", 1, 4096, "numtxqueues", "create", "link"),
    Attribute("num_rx_queues", 32, U32, "Number of receive queues of the link.", 1, 4096, "numrxqueues", "create", "link", "CONFIG_RPS"),
    Attribute("gso_max_segs", 40, U32, "Maximum number of segments of a GSO packet (generic segmentation offload).", 1, 65535, location="link"),
    Attribute("gso_max_size", 41, U32, "Maximum size of a GSO packet (generic segmentation offload), in bytes.", 1, 524280, location="link"),
    Attribute("arp", 7, FLAG, "Whether neighbours on the link are resolved, by ARP and by neighbour discovery.", location="flag", initial=True),
    Attribute("allmulticast", 9, FLAG, "Whether the link receives all multicast packets.", location="flag", initial=False),
    Attribute("multicast", 12, FLAG, "Whether the link supports multicast.", location="flag", initial=True),
    Attribute(
        "promiscuous", 8, FLAG, "Whether the link is in promiscuous mode, in which it receives all packets.", ip_name="promisc", location="flag", initial=False
    ),
    Attribute(
        "ipv6_addrgenmode",
        8,
        numbered(8, "eui64", "none", "stable_secret", "random", as_words=True),
        "How the kernel generates the link-local IPv6 address: from the MAC address (V(eui64)), from a random secret (V(random)), from the setting"
        " C(net.ipv6.conf.LINK.stable_secret) (V(stable_secret)), or not at all (V(none)). It is set before the link goes up.",
        ip_name="addrgenmode",
        location="inet6",
        needs=IPV6,
        initial="eui64",
    ),
    Attribute(
        "disable_ipv6",
        26,
        BOOL8,
        "Whether IPv6 is disabled on the link. It is set before the link goes up.",
        location="sysctl",
        needs=IPV6,
        initial=False,
    ),
    Attribute(
        "qdisc",
        0,
        QDISC,
        "Queueing discipline at the root of the link. O(qdisc.kind) is required; other fields that are left out are not changed, and have the kernel's"
        " default if the kind is new.",
        location="qdisc",
        initial={"kind": ""},
        needs="CONFIG_NET_SCHED, and CONFIG_NET_SCH_... for its kind",
        fields=_QDISC_FIELDS,
    ),
    Attribute(
        "mirror_ingress",
        0xFFF2,
        LINK_INDEX,
        "Name of a link to which the packets are copied that arrive through this link, but for those that a filter before (tc) drops or redirects."
        " V('') ends that.",
        location="mirror",
        initial="",
        needs=_MIRRORING,
    ),
    Attribute(
        "mirror_egress",
        0xFFF3,
        LINK_INDEX,
        "Name of a link to which the packets are copied that leave through this link, but for those that a filter before (tc) drops or redirects."
        " V('') ends that.",
        location="mirror",
        initial="",
        needs=_MIRRORING,
    ),
    Attribute(
        "features",
        0,
        FEATURES,
        "Features of the link by the names that C(ethtool -k) shows, such as V(tx-checksum-ip-generic), and whether they are on. Others are not changed.",
        location="ethtool",
        initial={},
        needs="Linux 5.8 with CONFIG_ETHTOOL_NETLINK",
    ),
    Attribute("up", 0, FLAG, "Whether the link is up.", location="flag"),
)
READ_APART = ("qdisc", "mirror", "ethtool")
"""Locations of attributes that are read with requests of their own, if they are declared."""

IPV6_LOCATIONS = ("sysctl", "inet6")
"""Where attributes are that a link has only while it has IPv6, and that are new in another namespace."""
IPV6_MTU = 1280
"""The smallest MTU with which a link can have IPv6 (RFC 8200). With a smaller one it has neither addresses nor settings."""


def is_too_small_for_ipv6(values: Mapping[str, Any]) -> bool:
    """Whether the MTU is one of the attributes, and a link does not have IPv6 with it."""
    return bool(values.get("mtu", IPV6_MTU) < IPV6_MTU)


def settings_of_port(values: Mapping[str, Any]) -> Dict[str, Any]:
    """What is set of a port, without its state, which changes by itself."""
    return {name: value for name, value in values.items() if name not in PORT_ROWS or PORT_ROWS[name].when != "up"}


def ends_ipv6(values: Mapping[str, Any]) -> bool:
    """Whether a link loses its IPv6 addresses, routes and neighbours when its attributes are set to these."""
    return bool(values.get("disable_ipv6")) or is_too_small_for_ipv6(values)


SHARED_WITH_PARENT = ("promiscuous", "allmulticast")
"""Attributes that the kernel also sets on the parent. Linux 6.1 leaves them set there when the link is deleted."""

PORT: Tuple[Attribute, ...] = (
    Attribute(
        "state",
        1,
        numbered(8, *PORT_STATES),
        "State of the port. It can be set to V(disabled) or V(forwarding), and only while STP is disabled on the bridge. The other values are"
        " those that the bridge sets while STP is enabled.",
        when="up",
        location="port",
    ),
    Attribute("priority", 2, U16, "STP priority of the port. The port with the lowest value is preferred.", 0, 63, location="port", initial=32),
    Attribute(
        "cost",
        3,
        U32,
        "STP path cost of the port. Unless it is set, the kernel derives it from the speed of the link.",
        1,
        65535,
        location="port",
        initial=2,
        initial_varies=True,
    ),
    Attribute("hairpin", 4, ON_OFF, "Whether the port may send packets back through itself (hairpin mode).", location="port", initial=False),
    Attribute(
        "guard",
        5,
        ON_OFF,
        "Whether the port is disabled when it receives an STP packet (BPDU guard). It works only while STP is enabled on the bridge.",
        location="port",
        initial=False,
    ),
    Attribute("root_block", 6, ON_OFF, "Whether the port must not become the root port (root guard).", location="port", initial=False),
    Attribute(
        "fast_leave",
        7,
        ON_OFF,
        "Whether the port leaves a multicast group as soon as it receives a leave message.",
        ip_name="fastleave",
        location="port",
        needs=SNOOPING,
        initial=False,
    ),
    Attribute("learning", 8, ON_OFF, "Whether MAC addresses are learned on the port.", location="port", initial=True),
    Attribute("flood", 9, ON_OFF, "Whether unicast packets with an unknown destination are sent to the port.", location="port", initial=True),
    Attribute(
        "proxy_arp",
        10,
        ON_OFF,
        "Whether the bridge answers ARP requests on the port for hosts behind other ports (proxy ARP).",
        ip_name="type bridge_slave proxy_arp",
        location="port",
        initial=False,
    ),
    Attribute(
        "proxy_arp_wifi",
        12,
        ON_OFF,
        "Whether the port does proxy ARP as IEEE 802.11 and Hotspot 2.0 require it.",
        ip_name="type bridge_slave proxy_arp_wifi",
        location="port",
        initial=False,
    ),
    Attribute(
        "mcast_router",
        25,
        MCAST_ROUTER,
        "When the port is regarded as one with a multicast router: never (V(disabled)), after it has received queries (V(auto)), always"
        " (V(permanent)), or until a timeout (V(temporary)).",
        location="port",
        needs=SNOOPING,
        initial="auto",
    ),
    Attribute("mcast_flood", 27, ON_OFF, "Whether multicast packets of unknown groups are sent to the port.", location="port", initial=True),
    Attribute(
        "mcast_to_unicast",
        28,
        ON_OFF,
        "Whether multicast packets are sent to each listener as unicast packets.",
        location="port",
        needs=SNOOPING,
        initial=False,
    ),
    Attribute("vlan_tunnel", 29, ON_OFF, "Whether VLANs of the port are mapped to tunnels.", location="port", needs=VLANS, initial=False),
    Attribute("bcast_flood", 30, ON_OFF, "Whether broadcast packets are sent to the port.", location="port", initial=True),
    Attribute(
        "group_fwd_mask",
        31,
        U16,
        "Bit mask of the link-local groups 01:80:C2:00:00:0X that the port forwards. Bit 1 must not be set.",
        0,
        65535,
        "type bridge_slave group_fwd_mask",
        location="port",
        initial=0,
        check=forwardable_by_port,
    ),
    Attribute(
        "neigh_suppress",
        32,
        ON_OFF,
        "Whether the bridge answers ARP and neighbour discovery requests on behalf of the hosts (neighbour suppression).",
        location="port",
        initial=False,
    ),
    Attribute("isolated", 33, ON_OFF, "Whether the port is isolated: it communicates only with ports that are not.", location="port", initial=False),
    Attribute("backup_port", 34, LINK_INDEX, "Name of the port that takes over when this one has no carrier. V('') removes it.", location="port", initial=""),
    Attribute(
        "mcast_eht_hosts_limit",
        37,
        U32,
        "Maximum number of hosts that are tracked on the port by multicast explicit host tracking.",
        1,
        2**32 - 1,
        "-",
        location="port",
        needs=SNOOPING + " and Linux 5.12",
        initial=512,
    ),
    Attribute(
        "locked", 39, ON_OFF, "Whether the port is locked: only hosts in the forwarding database may send.", location="port", needs="Linux 5.18", initial=False
    ),
    Attribute(
        "mcast_max_groups",
        42,
        U32,
        "Maximum number of multicast groups on the port. V(0) means no limit.",
        0,
        2**32 - 1,
        location="port",
        needs=SNOOPING + " and Linux 6.3",
        initial=0,
    ),
    Attribute(
        "neigh_vlan_suppress",
        43,
        ON_OFF,
        "Whether neighbour suppression is configured for each VLAN of the port.",
        location="port",
        needs=VLANS + " and Linux 6.4",
        initial=False,
    ),
    Attribute(
        "mab",
        40,
        ON_OFF,
        "Whether hosts behind a locked port are added to the forwarding database as locked entries (MAC authentication bypass).",
        location="port",
        needs="Linux 6.2",
        initial=False,
    ),
    Attribute("designated_root", 13, BRIDGE_ID, "Identifier of the root bridge, as received on the port.", when="read", location="port"),
    Attribute("designated_bridge", 14, BRIDGE_ID, "Identifier of the designated bridge of the segment.", when="read", location="port"),
    Attribute("designated_port", 15, U16, "Identifier of the designated port of the segment.", when="read", location="port"),
    Attribute("designated_cost", 16, U16, "Root path cost that the designated port announces.", when="read", location="port"),
    Attribute("message_age_timer", 21, SECONDS64, "Time until the information that was received on the port expires.", when="read", location="port"),
    Attribute("forward_delay_timer", 22, SECONDS64, "Time until the port changes to the next state.", when="read", location="port"),
    Attribute("hold_timer", 23, SECONDS64, "Time until the port may send the next BPDU.", when="read", location="port"),
)

BOND_PORT: Tuple[Attribute, ...] = (
    Attribute(
        "queue_id", 5, U16, "Number of the transmit queue of the bond whose packets the port sends. V(0) means none.", 0, 65535, location="port_data", initial=0
    ),
    Attribute(
        "prio",
        9,
        S32,
        "Priority of the port when the bond chooses its active port. The port with the highest value is preferred.",
        -(2**31),
        2**31 - 1,
        location="port_data",
        needs="Linux 6.1",
        initial=0,
    ),
)

VLAN: Tuple[Attribute, ...] = (
    Attribute(
        "tunnel_id",
        1,
        U32,
        "Id of the tunnel that the VLAN is mapped to, on a port with O(port.vlan_tunnel=true). V(0) is none.",
        0,
        2**24 - 1,
        "tunnel_info id",
        location="tunnel",
        initial=0,
        needs="Linux 5.8",
    ),
    Attribute(
        "state",
        3,
        numbered(8, *PORT_STATES),
        "State of the VLAN on the port. It can only be set while STP is disabled on the bridge.",
        location="vlan",
        initial="forwarding",
        needs="Linux 5.6",
    ),
    Attribute(
        "mcast_router",
        6,
        MCAST_ROUTER,
        "When the VLAN is regarded as one with a multicast router on the port.",
        location="vlan",
        initial="auto",
        needs=SNOOPING + " and Linux 5.15",
    ),
    Attribute(
        "neigh_suppress",
        9,
        ON_OFF,
        "Whether neighbour suppression is enabled for the VLAN, on a port with O(port.neigh_vlan_suppress=true).",
        location="vlan",
        initial=False,
        needs="Linux 6.4",
    ),
)
VLAN_ROWS: Dict[str, Attribute] = {row.name: row for row in VLAN}
PORT_ROWS: Dict[str, Attribute] = {row.name: row for row in (*PORT, *BOND_PORT)}
PORT_REFERENCES = tuple(row.name for row in PORT if row.type is LINK_INDEX)
"""Attributes that refer to other links: by index in messages, by name everywhere else; '' for none."""
