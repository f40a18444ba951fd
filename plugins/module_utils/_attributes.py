# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The attributes of links: one attribute, one row.

From a row follow the option and its documentation, reading, comparing, writing, the check of the value and the printed
iproute2 command. Codes are those of the kernel: C(include/uapi/linux/if_link.h), C(if_tun.h), C(if.h).
"""

from __future__ import annotations

import socket
import struct
import sys
from typing import Any, Callable, Dict, Generic, Iterator, List, Mapping, NamedTuple, Optional, Tuple, TypeVar

_NLATTR = struct.Struct("=HH").unpack_from


class Kind(NamedTuple):
    """How the values of an attribute look to the user, to the kernel and to iproute2."""

    option: str
    """Ansible's type of the option."""
    wire: str
    """pyroute2's type of the payload."""
    decode: Callable[[bytes], Any]
    """Payload to the value that the user sees."""
    encode: Callable[[Any], Any]
    """Value to what pyroute2 puts into the payload."""
    word: Callable[[Any], str]
    """Value to the argument of ip(8) and bridge(8)."""
    choices: Tuple[str, ...] = ()
    tolerance: float = 0
    """The kernel rounds: values that are not farther apart than this are the same."""
    unit: str = ""


class Substitute(NamedTuple):
    """A value that stands in for another one while C(status), which can only be read, is true; C(value): from the other values of the link."""

    status: str
    value: Callable[[Mapping[str, Any]], Any]


class Attribute(NamedTuple):
    """One row. C(code) is the number of the netlink attribute, the bit of a flag, or 0 where C(place) has no numbers."""

    name: str
    code: int
    kind: Kind
    text: str
    low: Optional[float] = None
    high: Optional[float] = None
    word: str = ""
    """The keyword of ip(8) or bridge(8) where it is not the name; '-' where they have none."""
    when: str = "live"
    """live: any time; create: only with a new link; up: only while the link is up; read: the kernel alone sets it."""
    place: str = "data"
    """link, flag, inet6, sysctl: of every link; data: of its kind; port: of a bridge port; ioctl: of TUN and TAP."""
    needs: str = ""
    """What a kernel that lacks the attribute would need."""
    initial: Any = None
    """What a new link has; None where that depends."""
    substitute: Optional[Substitute] = None
    """What the kernel shows at times in place of the value that was set."""

    @property
    def keyword(self) -> str:
        return self.word or self.name

    def same(self, one: Any, other: Any) -> bool:
        if self.kind.tolerance and one is not None and other is not None:
            return bool(abs(one - other) <= self.kind.tolerance)
        return bool(one == other)

    def is_substituted(self, values: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
        """Whether the kernel shows something else than what was set."""
        if self.substitute is None or not status.get(self.substitute.status):
            return False
        return self.same(values.get(self.name), self.substitute.value(values))


SCOPES = {"global": 0, "site": 200, "link": 253, "host": 254, "nowhere": 255}
"""Of routes: include/uapi/linux/rtnetlink.h, enum rt_scope_t."""
ROUTE_TYPES = {"unicast": 1, "blackhole": 6, "unreachable": 7, "prohibit": 8}
"""Those that the options know: include/uapi/linux/rtnetlink.h."""


def _number(payload: bytes) -> int:
    return int.from_bytes(payload, sys.byteorder)


def _text(payload: bytes) -> str:
    return payload.rstrip(b"\0").decode("utf-8", "surrogateescape")


def _mac(payload: bytes) -> str:
    return payload.hex(":") if len(payload) == 6 else ""


def _integer(bits: int) -> Kind:
    return Kind("int", "uint%d" % bits, _number, int, str)


def _boolean(bits: int, words: Tuple[str, str] = ("0", "1")) -> Kind:
    return Kind("bool", "uint%d" % bits, lambda payload: bool(_number(payload)), int, lambda value: words[value])


def _seconds(bits: int) -> Kind:
    return Kind(
        "float",
        "uint%d" % bits,
        lambda payload: _number(payload) / 100,
        _centiseconds,
        lambda value: str(_centiseconds(value)),
        tolerance=0.0101,
        unit="seconds",
    )


def _centiseconds(seconds: float) -> int:
    return round(seconds * 100)


def _words(bits: int, *words: str, spoken: bool = False) -> Kind:
    """Words for the numbers from 0. C(spoken): iproute2 takes them as words too."""

    def decode(payload: bytes) -> str:
        number = _number(payload)
        return words[number] if number < len(words) else str(number)

    word = str if spoken else lambda value: str(words.index(value))
    return Kind("str", "uint%d" % bits, decode, words.index, word, choices=words)


def _choice(words: Dict[str, int], wire: str, byteorder: str = sys.byteorder) -> Kind:
    names = {number: word for word, number in words.items()}

    def decode(payload: bytes) -> str:
        number = int.from_bytes(payload, byteorder)  # type: ignore[arg-type]
        return names.get(number, str(number))

    return Kind("str", wire, decode, words.__getitem__, str, choices=tuple(words))


def _option_bit(bit: int) -> Kind:
    """One bit of IFLA_BR_MULTI_BOOLOPT: two 32 bit words, the values and the mask of those that are meant."""

    def decode(payload: bytes) -> Optional[bool]:
        values, mask = _number(payload[:4]), _number(payload[4:8])
        return bool(values >> bit & 1) if mask >> bit & 1 else None

    def encode(value: bool) -> bytes:
        return (int(value) << bit).to_bytes(4, sys.byteorder) + (1 << bit).to_bytes(4, sys.byteorder)

    return Kind("bool", "cdata", decode, encode, lambda value: str(int(value)))


def split(payload: bytes, start: int = 0, end: int = -1) -> Iterator[Tuple[int, int, int]]:
    """The netlink attributes in C(payload): code, and where its own payload starts and ends (C(struct nlattr))."""
    end = len(payload) if end < 0 else end
    while start + 4 <= end:
        length, code = _NLATTR(payload, start)
        if length < 4:
            return
        yield code & 0x3FFF, start + 4, start + length
        start += (length + 3) & ~3


def places(payload: bytes, start: int, end: int) -> Dict[int, int]:
    """Where the payload of each attribute starts."""
    return {code: first for code, first, _last in split(payload, start, end)}


class Outline:
    """What a message has in common with others whose attributes are the same ones at the same places, seen at one glance."""

    def __init__(self, message: bytes, start: int) -> None:
        self._sample = int.from_bytes(message, "little")
        self._mask = 0
        """The bytes that make the outline, all bits set: headers, and no values but those that say what others are."""
        self.places: Dict[int, slice] = {code: slice(first, last) for code, first, last in self.look_into(message, start, len(message))}
        """Where the payload of each attribute is."""

    def fits(self, message: bytes) -> bool:
        """Whether a message of the same length has this outline."""
        return not (int.from_bytes(message, "little") ^ self._sample) & self._mask

    def look_into(self, message: bytes, start: int, end: int) -> List[Tuple[int, int, int]]:
        """The attributes of a nest, whose places belong to the outline then."""
        found = list(split(message, start, end))
        for first in [start, *((last + 3) & ~3 for _code, _first, last in found)]:  # the headers, and what ends them
            self.fix(first, min(first + 4, end))
        return found

    def fix(self, first: int, last: int) -> None:
        """These bytes belong to the outline."""
        self._mask |= ((1 << 8 * max(0, last - first)) - 1) << 8 * first


_Shape = TypeVar("_Shape", bound=Outline)


class Outlines(Generic[_Shape]):
    """The outlines of many messages, of which most are like the last one of their length and family, which addresses begin with."""

    def __init__(self, make: Callable[[bytes], _Shape]) -> None:
        self._make = make
        self._last: Dict[Tuple[int, int], _Shape] = {}

    def of(self, message: bytes) -> _Shape:
        key = (len(message), message[0])
        outline = self._last.get(key)
        if outline is None or not outline.fits(message):
            outline = self._last[key] = self._make(message)
        return outline


def end_of(payload: bytes, start: int) -> int:
    """Where the attribute ends whose payload starts here."""
    length: int = _NLATTR(payload, start - 4)[0]
    return start - 4 + length


def attribute(code: int, payload: bytes) -> bytes:
    """One netlink attribute with this payload."""
    return struct.pack("=HH", 4 + len(payload), code) + payload + b"\0" * (-len(payload) & 3)


def _querier(payload: bytes) -> Dict[str, str]:
    families = {1: ("ipv4", socket.AF_INET), 5: ("ipv6", socket.AF_INET6)}
    return {families[code][0]: socket.inet_ntop(families[code][1], payload[start:end]) for code, start, end in split(payload) if code in families}


def _bridge_id(payload: bytes) -> str:
    return "%s.%s" % (payload[:2].hex(), payload[2:8].hex(":"))


U8, U16, U32 = _integer(8), _integer(16), _integer(32)
BOOL8, BOOL32, ON_OFF = _boolean(8), _boolean(32), _boolean(8, ("off", "on"))
FLAG = ON_OFF
SECONDS32, SECONDS64 = _seconds(32), _seconds(64)
TEXT = Kind("str", "string", _text, str, str)
MAC = Kind("str", "l2addr", _mac, str, str)
LINK_INDEX = Kind("str", "uint32", _number, int, str)
ACCOUNT = Kind("str", "uint32", lambda payload: str(_number(payload)), int, str)
QUERIER = Kind("dict", "hex", _querier, str, str)
BRIDGE_ID = Kind("str", "cdata", _bridge_id, str, str)
MCAST_ROUTER = _words(8, "disabled", "auto", "permanent", "temporary")
STATES_WITHOUT_STP = ("disabled", "forwarding")
PORT_STATES = ("disabled", "listening", "learning", "forwarding", "blocking")

VLANS = "CONFIG_BRIDGE_VLAN_FILTERING"
SNOOPING = "CONFIG_BRIDGE_IGMP_SNOOPING"
NETFILTER = "CONFIG_BRIDGE_NETFILTER"
IPV6 = "CONFIG_IPV6 (and no ipv6.disable=1)"

LINK: Tuple[Attribute, ...] = (
    Attribute("mac", 1, MAC, "MAC address.", word="address", place="link"),
    Attribute("mtu", 4, U32, "Largest packet in bytes.", 68, 65535, place="link", initial=1500),
    Attribute("txqueuelen", 13, U32, "Length of the transmit queue in packets.", 0, 2**31 - 1, place="link", initial=1000),
    Attribute("alias", 20, TEXT, "A text for people, 200 bytes at most; V('') takes it away.", 0, 200, place="link", initial=""),
    Attribute("link_group", 27, U32, "Number of the group that the link belongs to.", 0, 2**31 - 1, "group", place="link", initial=0),
    Attribute("num_tx_queues", 31, U32, "Number of transmit queues.", 1, 4096, "numtxqueues", "create", "link"),
    Attribute("num_rx_queues", 32, U32, "Number of receive queues.", 1, 4096, "numrxqueues", "create", "link", "CONFIG_RPS"),
    Attribute("gso_max_segs", 40, U32, "Maximum number of segments of a packet that the stack hands over whole.", 1, 65535, place="link"),
    Attribute("gso_max_size", 41, U32, "Maximum size in bytes of a packet that the stack hands over whole.", 1, 524280, place="link"),
    Attribute("arp", 7, FLAG, "Whether the link resolves neighbours (ARP, neighbour discovery).", place="flag", initial=True),
    Attribute("allmulticast", 9, FLAG, "Whether the link takes in every multicast packet.", place="flag", initial=False),
    Attribute("multicast", 12, FLAG, "Whether the link can send multicast.", place="flag", initial=True),
    Attribute("promiscuous", 8, FLAG, "Whether the link takes in packets for other addresses.", word="promisc", place="flag", initial=False),
    Attribute(
        "ipv6_addrgenmode",
        8,
        _words(8, "eui64", "none", "stable_secret", "random", spoken=True),
        "How the link-local IPv6 address is made. Set before the link goes up.",
        word="addrgenmode",
        place="inet6",
        needs=IPV6,
        initial="eui64",
    ),
    Attribute("disable_ipv6", 0, BOOL8, "Whether the link has no IPv6 at all. Set before the link goes up.", place="sysctl", needs=IPV6, initial=False),
    Attribute("up", 0, FLAG, "Whether the link is up.", place="flag"),
)

BRIDGE: Tuple[Attribute, ...] = (
    Attribute("forward_delay", 1, SECONDS32, "Time in each of the states listening and learning; 2 to 30 while STP is on.", 0, 21474836, initial=15.0),
    Attribute("hello_time", 2, SECONDS32, "Time between two hello packets of the root bridge.", 1, 10, initial=2.0),
    Attribute("max_age", 3, SECONDS32, "Time after which what other bridges said is forgotten.", 6, 40, initial=20.0),
    Attribute(
        "ageing_time",
        4,
        SECONDS32,
        "Time after which a MAC address that was not seen again is forgotten; V(0) for at once.",
        0,
        21474836,
        initial=300.0,
        substitute=Substitute("topology_change", lambda values: 2 * values.get("forward_delay", 0)),
    ),
    Attribute("stp", 5, BOOL32, "Whether the bridge takes part in the spanning tree protocol.", word="stp_state", initial=False),
    Attribute("priority", 6, U16, "Priority in the election of the root bridge, the lowest wins.", 0, 65535, initial=32768),
    Attribute("group_fwd_mask", 9, U16, "Bits of the link-local groups 01:80:C2:00:00:0X that are forwarded; bits 0 to 2 stay clear.", 0, 65535, initial=0),
    Attribute("group_address", 20, MAC, "MAC address that the bridge protocol is spoken to, 01:80:C2:00:00:0X.", initial="01:80:c2:00:00:00"),
    Attribute("vlan_default_pvid", 39, U16, "VLAN of untagged packets on new ports, V(0) for none.", 0, 4094, needs=VLANS, initial=1),
    Attribute(
        "vlan_protocol", 8, _choice({"802.1q": 0x8100, "802.1ad": 0x88A8}, "be16", "big"), "Ethernet type of the VLAN tags.", needs=VLANS, initial="802.1q"
    ),
    Attribute("vlan_stats", 41, BOOL8, "Whether packets are counted for each VLAN.", word="vlan_stats_enabled", needs=VLANS, initial=False),
    Attribute(
        "vlan_stats_per_port",
        45,
        BOOL8,
        "Whether packets are counted for each VLAN and port; only changed while no port has VLANs.",
        needs=VLANS,
        initial=False,
    ),
    Attribute(
        "mst",
        46,
        _option_bit(2),
        "Whether VLANs have spanning trees of their own; only changed while there are no VLANs.",
        word="mst_enabled",
        needs=VLANS + " and Linux 5.18",
        initial=False,
    ),
    Attribute("vlan_filtering", 7, BOOL8, "Whether the bridge looks at VLAN tags.", needs=VLANS, initial=False),
    Attribute("mcast_snooping", 23, BOOL8, "Whether multicast only goes to ports that asked for it.", needs=SNOOPING, initial=True),
    Attribute(
        "mcast_vlan_snooping",
        46,
        _option_bit(1),
        "Whether multicast snooping looks at each VLAN; needs O(vlan_filtering).",
        needs=VLANS + ", " + SNOOPING + " and Linux 5.15",
        initial=False,
    ),
    Attribute(
        "mcast_router",
        22,
        _words(8, "disabled", "auto", "permanent"),
        "Whether the bridge itself is taken for a multicast router.",
        needs=SNOOPING,
        initial="auto",
    ),
    Attribute("mcast_query_use_ifaddr", 24, BOOL8, "Whether queries carry the bridge's address instead of 0.0.0.0.", needs=SNOOPING, initial=False),
    Attribute("mcast_querier", 25, BOOL8, "Whether the bridge sends multicast queries.", needs=SNOOPING, initial=False),
    Attribute("mcast_stats", 42, BOOL8, "Whether multicast packets are counted.", word="mcast_stats_enabled", needs=SNOOPING, initial=False),
    Attribute("mcast_igmp_version", 43, U8, "IGMP version of the queries.", 2, 3, needs=SNOOPING, initial=2),
    Attribute("mcast_mld_version", 44, U8, "MLD version of the queries.", 1, 2, needs=SNOOPING, initial=1),
    Attribute("mcast_hash_max", 27, U32, "Maximum number of groups in the multicast table.", 0, 2**32 - 1, needs=SNOOPING, initial=4096),
    Attribute("mcast_last_member_count", 28, U32, "Number of queries after a leave message.", 0, 2**32 - 1, needs=SNOOPING, initial=2),
    Attribute("mcast_startup_query_count", 29, U32, "Number of queries at the start.", 0, 2**32 - 1, needs=SNOOPING, initial=2),
    Attribute("mcast_last_member_interval", 30, SECONDS64, "Time between the queries after a leave message.", 0, 2**31, needs=SNOOPING, initial=1.0),
    Attribute(
        "mcast_membership_interval", 31, SECONDS64, "Time after which a group that nobody asked for is forgotten.", 0, 2**31, needs=SNOOPING, initial=260.0
    ),
    Attribute("mcast_querier_interval", 32, SECONDS64, "Time after which another querier that is silent is given up.", 0, 2**31, needs=SNOOPING, initial=255.0),
    Attribute("mcast_query_interval", 33, SECONDS64, "Time between two queries.", 1, 2**31, needs=SNOOPING, initial=125.0),
    Attribute("mcast_query_response_interval", 34, SECONDS64, "Time that hosts have for their answer to a query.", 0, 2**31, needs=SNOOPING, initial=10.0),
    Attribute("mcast_startup_query_interval", 35, SECONDS64, "Time between two queries at the start.", 1, 2**31, needs=SNOOPING, initial=31.25),
    Attribute("nf_call_iptables", 36, BOOL8, "Whether bridged IPv4 passes through iptables.", needs=NETFILTER, initial=False),
    Attribute("nf_call_ip6tables", 37, BOOL8, "Whether bridged IPv6 passes through ip6tables.", needs=NETFILTER, initial=False),
    Attribute("nf_call_arptables", 38, BOOL8, "Whether bridged ARP passes through arptables.", needs=NETFILTER, initial=False),
    Attribute("no_linklocal_learn", 46, _option_bit(0), "Whether nothing is learned from link-local packets.", needs="Linux 5.0", initial=False),
    Attribute("fdb_max_learned", 49, U32, "Maximum number of MAC addresses that are learned, V(0) for no limit.", 0, 2**32 - 1, needs="Linux 6.7", initial=0),
    Attribute("root_id", 10, BRIDGE_ID, "Priority and MAC address of the root bridge.", when="read"),
    Attribute("bridge_id", 11, BRIDGE_ID, "Priority and MAC address of this bridge.", when="read"),
    Attribute("root_port", 12, U16, "Number of the port towards the root bridge, 0 on the root bridge.", when="read"),
    Attribute("root_path_cost", 13, U32, "Cost of the way to the root bridge.", when="read"),
    Attribute("topology_change", 14, BOOL8, "Whether the tree is changing.", when="read"),
    Attribute("mcast_querier_state", 47, QUERIER, "Address of the multicast querier that was chosen, for each family.", when="read"),
    Attribute("fdb_n_learned", 48, U32, "Number of MAC addresses that were learned.", when="read"),
)

PORT: Tuple[Attribute, ...] = (
    Attribute(
        "state",
        1,
        _words(8, *PORT_STATES),
        "State of the port; without STP it can be set to V(disabled) or V(forwarding), with STP the bridge decides.",
        when="up",
        place="port",
    ),
    Attribute("priority", 2, U16, "Priority in the spanning tree, the lowest wins.", 0, 63, place="port", initial=32),
    Attribute("cost", 3, U32, "Cost of the way through this port.", 1, 65535, place="port", initial=2),
    Attribute("hairpin", 4, ON_OFF, "Whether packets may leave through the port that they came from.", place="port", initial=False),
    Attribute("guard", 5, ON_OFF, "Whether bridge protocol packets from this port are dropped.", place="port", initial=False),
    Attribute("root_block", 6, ON_OFF, "Whether the port may never lead to the root bridge.", place="port", initial=False),
    Attribute("fast_leave", 7, ON_OFF, "Whether a leave message ends multicast at once.", word="fastleave", place="port", needs=SNOOPING, initial=False),
    Attribute("learning", 8, ON_OFF, "Whether MAC addresses are learned from this port.", place="port", initial=True),
    Attribute("flood", 9, ON_OFF, "Whether unicast to unknown addresses goes to this port.", place="port", initial=True),
    Attribute(
        "proxy_arp", 10, ON_OFF, "Whether the bridge answers ARP for hosts behind other ports.", word="type bridge_slave proxy_arp", place="port", initial=False
    ),
    Attribute(
        "proxy_arp_wifi", 12, ON_OFF, "Proxy ARP as IEEE 802.11 and Hotspot 2.0 want it.", word="type bridge_slave proxy_arp_wifi", place="port", initial=False
    ),
    Attribute("mcast_router", 25, MCAST_ROUTER, "Whether a multicast router is behind the port.", place="port", needs=SNOOPING, initial="auto"),
    Attribute("mcast_flood", 27, ON_OFF, "Whether multicast that nobody asked for goes to this port.", place="port", initial=True),
    Attribute("mcast_to_unicast", 28, ON_OFF, "Whether multicast goes to each listener as unicast.", place="port", needs=SNOOPING, initial=False),
    Attribute("vlan_tunnel", 29, ON_OFF, "Whether VLANs are mapped to tunnels.", place="port", needs=VLANS, initial=False),
    Attribute("bcast_flood", 30, ON_OFF, "Whether broadcast goes to this port.", place="port", initial=True),
    Attribute(
        "group_fwd_mask",
        31,
        U16,
        "Bits of the link-local groups that are forwarded to this port.",
        0,
        65535,
        "type bridge_slave group_fwd_mask",
        place="port",
        initial=0,
    ),
    Attribute("neigh_suppress", 32, ON_OFF, "Whether the bridge answers neighbour requests itself.", place="port", initial=False),
    Attribute("isolated", 33, ON_OFF, "Whether the port only reaches ports that are not isolated.", place="port", initial=False),
    Attribute("backup_port", 34, LINK_INDEX, "Port that takes over when this one has no carrier, V('') for none.", place="port", initial=""),
    Attribute(
        "mcast_eht_hosts_limit",
        37,
        U32,
        "Maximum number of hosts tracked for explicit multicast.",
        1,
        2**32 - 1,
        "-",
        place="port",
        needs=SNOOPING + " and Linux 5.12",
        initial=512,
    ),
    Attribute("locked", 39, ON_OFF, "Whether only hosts in the forwarding database may send.", place="port", needs="Linux 5.18", initial=False),
    Attribute(
        "mcast_max_groups",
        42,
        U32,
        "Maximum number of multicast groups, V(0) for no limit.",
        0,
        2**32 - 1,
        place="port",
        needs=SNOOPING + " and Linux 6.3",
        initial=0,
    ),
    Attribute("neigh_vlan_suppress", 43, ON_OFF, "O(neigh_suppress) for each VLAN.", place="port", needs=VLANS + " and Linux 6.4", initial=False),
    Attribute(
        "mab", 40, ON_OFF, "Whether hosts on a locked port show up in the forwarding database as locked.", place="port", needs="Linux 6.2", initial=False
    ),
    Attribute("designated_root", 13, BRIDGE_ID, "Root bridge as this port sees it.", when="read", place="port"),
    Attribute("designated_bridge", 14, BRIDGE_ID, "Bridge towards the root on this port's segment.", when="read", place="port"),
    Attribute("designated_port", 15, U16, "Port of that bridge.", when="read", place="port"),
    Attribute("designated_cost", 16, U16, "Cost that it announces.", when="read", place="port"),
    Attribute("message_age_timer", 21, SECONDS64, "Time until what was heard is forgotten.", when="read", place="port"),
    Attribute("forward_delay_timer", 22, SECONDS64, "Time until the next state.", when="read", place="port"),
    Attribute("hold_timer", 23, SECONDS64, "Time until the next packet may be sent.", when="read", place="port"),
)

TUNTAP: Tuple[Attribute, ...] = (
    Attribute(
        "mode",
        3,
        Kind("str", "uint8", lambda payload: {1: "tun", 2: "tap"}.get(_number(payload), ""), str, str, ("tun", "tap")),
        "V(tun) carries IP packets and is point to point, V(tap) carries Ethernet frames. Needed to create the device.",
        when="create",
        place="ioctl",
    ),
    Attribute("owner", 1, ACCOUNT, "User, by name or id, who may attach to the device; V('') for none.", word="user", place="ioctl", initial=""),
    Attribute("group", 2, ACCOUNT, "Group, by name or id, that may attach to the device; V('') for none.", place="ioctl", initial=""),
    Attribute("multi_queue", 7, BOOL8, "Whether several queues can be attached.", when="create", place="ioctl", initial=False),
    Attribute(
        "packet_info",
        4,
        BOOL8,
        "Whether packets have the four byte header with the protocol in front; on a new device V(false) if left out.",
        word="pi",
        when="attach",
        place="ioctl",
        initial=False,
    ),
    Attribute(
        "vnet_hdr",
        5,
        BOOL8,
        "Whether packets have a virtio header in front; on a new device V(false) if left out.",
        when="attach",
        place="ioctl",
        initial=False,
    ),
    Attribute("persist", 6, BOOL8, "Whether the device outlives its program.", when="read", place="ioctl"),
    Attribute("num_queues", 8, U32, "Number of queues that are attached.", when="read", place="ioctl"),
)

KINDS: Dict[str, Tuple[Attribute, ...]] = {"bridge": BRIDGE, "veth": (), "tun": TUNTAP, "loopback": (), "any": ()}
"""The attributes that each kind of link has beside those of every link; C(tun) is TUN and TAP, as in the kernel, C(any) whatever is there."""

OF_KIND: Dict[str, Dict[str, Attribute]] = {
    kind: {row.name: row for row in LINK + rows if not (kind == "tun" and row.name.startswith("num_") and row.place == "link")} for kind, rows in KINDS.items()
}
OF_PORT: Dict[str, Attribute] = {row.name: row for row in PORT}


def rows_of(kind: str) -> Dict[str, Attribute]:
    """The attributes of a link of this kind, which may be one that nobody manages here."""
    return OF_KIND.get(kind, OF_KIND["any"])
