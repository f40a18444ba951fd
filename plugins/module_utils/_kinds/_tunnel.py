# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""IP tunnels: C(include/uapi/linux/if_tunnel.h), C(IFLA_IPTUN_*), C(IFLA_GRE_*). Each mode is a kind of its own to the kernel."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import Attribute
from ansible_collections.nfv.vnet.plugins.module_utils._kinds._kind import LinkKind
from ansible_collections.nfv.vnet.plugins.module_utils._values import IP, ValueType, bit, dsfield, number_or, part, presence, switch

Codes = Mapping[str, Tuple[int, ...]]
"""The codes of each attribute in one mode: its own, and those of C(Attribute.further). 0: not in this mode."""
_IPTUN: Codes = {"local": (2,), "remote": (3,), "ttl": (4,), "tos": (5, 0, 0), "pmtudisc": (10,), "external": (19,)}
_IP6TNL: Codes = {"local": (2,), "remote": (3,), "ttl": (4,), "encap_limit": (6, 8), "tos": (0, 7, 8), "flowlabel": (7,), "external": (19,)}
_OF_GRE: Codes = {
    "local": (6,),
    "remote": (7,),
    "ttl": (8,),
    "ikey": (4, 2),
    "okey": (5, 3),
    "icsum": (2,),
    "ocsum": (3,),
    "iseq": (2,),
    "oseq": (3,),
    "external": (18,),
}
_GRE: Codes = {**_OF_GRE, "tos": (9, 0, 0), "pmtudisc": (10,)}
_IP6GRE: Codes = {**_OF_GRE, "encap_limit": (11, 13), "tos": (0, 12, 13), "flowlabel": (12,)}
_SIT: Codes = {name: codes for name, codes in _IPTUN.items() if name != "external"}
MODES: Dict[str, Codes] = {"ipip": _IPTUN, "sit": _SIT, "gre": _GRE, "gretap": _GRE, "ip6gre": _IP6GRE, "ip6gretap": _IP6GRE, "ip6tnl": _IP6TNL}
_OVER_IPV6 = ("ip6gre", "ip6gretap", "ip6tnl")
_WITH_FRAMES = ("gretap", "ip6gretap")

_GRE_CSUM, _GRE_KEY, _GRE_SEQ = 0x8000, 0x2000, 0x1000
_IGNORE_ENCAP_LIMIT, _USE_ORIG_TCLASS = 0x1, 0x2
"""IP6_TNL_F_IGN_ENCAP_LIMIT, IP6_TNL_F_USE_ORIG_TCLASS: include/uapi/linux/ip6_tunnel.h."""


def _flag_for(word: str, mask: int) -> ValueType:
    """A bit of C(IFLA_IPTUN_FLAGS) or C(IFLA_GRE_FLAGS) that stands for a word."""
    plain = bit(mask, 32)
    return plain._replace(decode=lambda payload: word if plain.decode(payload) else None, encode=lambda value: plain.encode(value == word))


_KEY = part(32, 0, 32)
_KEY_FLAG = bit(_GRE_KEY, 16, "big")._replace(decode=lambda _payload: None)
_TCLASS = ValueType(
    "str",
    "cdata",
    lambda payload: str(int.from_bytes(payload, "big") >> 20 & 0xFF),
    lambda value: (0 if value == "inherit" else int(value) << 20).to_bytes(4, "big"),
    str,
)
_LIMIT = number_or({"none": 0})._replace(decode=lambda payload: str(payload[0]))
_TEXT_OF_KEY = "Key of the packets that are %s: V(0) to V(4294967295). V(0) means none."


def _key(name: str, what: str) -> Attribute:
    key = _KEY._replace(argument=lambda value: "%s %d" % (name, value) if value else "no" + name, several=True)
    return Attribute(name, 0, key, _TEXT_OF_KEY % what, 0, 2**32 - 1, ip_name=" ", initial=0, further=((0, _KEY_FLAG),))


def _switch(name: str, mask: int, text: str) -> Attribute:
    words = ("no" + name, name)
    return Attribute(name, 0, bit(mask, 16, "big")._replace(argument=words.__getitem__), text, ip_name=" ", initial=False)


_ROWS: Tuple[Attribute, ...] = (
    Attribute(
        "mode",
        0,
        ValueType("str", "cdata", lambda _payload: None, lambda _value: None, str, tuple(MODES)),
        "What the tunnel carries, and in what: IPv4 in IPv4 (V(ipip)), IPv6 in IPv4 (V(sit)), both with a GRE header in IPv4 (V(gre)) or IPv6 (V(ip6gre)),"
        " Ethernet frames with one (V(gretap), V(ip6gretap)), or both in IPv6 (V(ip6tnl)). It is required to create the tunnel.",
        when="create",
        location="mode",
    ),
    Attribute("local", 0, IP, "Address of this end. V('') accepts packets to any address of the host.", initial=""),
    Attribute(
        "remote",
        0,
        IP,
        "Address of the other end. With V('') the tunnel accepts packets from any, and sends only to those that a route or a neighbour names. Only a new tunnel"
        " without Ethernet frames can change between the two.",
        initial="",
    ),
    Attribute(
        "ttl",
        0,
        number_or({"inherit": 0}),
        "Time to live (hop limit) of the outer packets, V(1) to V(255), or V(inherit) for that of the inner packet. It is V(inherit) by default over IPv4, and"
        " V(64) over IPv6.",
        0,
        255,
        initial="inherit",
    ),
    Attribute(
        "tos",
        0,
        number_or({"inherit": 1})._replace(argument=dsfield),
        "TOS (traffic class) of the outer packets, V(0) to V(255), or V(inherit) for that of the inner packet. V(1) is V(inherit).",
        0,
        255,
        initial="0",
        further=((0, _TCLASS), (0, _flag_for("inherit", _USE_ORIG_TCLASS))),
    ),
    Attribute(
        "pmtudisc",
        0,
        switch("pmtudisc"),
        "Whether the path MTU is discovered: outer packets are not fragmented. With V(false) O(ttl) must be V(inherit).",
        ip_name=" ",
        initial=True,
    ),
    Attribute(
        "encap_limit",
        0,
        _LIMIT,
        "How often packets may be encapsulated further, V(0) to V(255), or V(none) for no limit.",
        0,
        255,
        ip_name="encaplimit",
        initial="4",
        further=((0, _flag_for("none", _IGNORE_ENCAP_LIMIT)),),
    ),
    Attribute("flowlabel", 0, part(20, 0, 32)._replace(argument=hex), "Flow label of the outer packets.", 0, 2**20 - 1, initial=0),
    _key("ikey", "received"),
    _key("okey", "sent"),
    _switch("icsum", _GRE_CSUM, "Whether received packets must have a checksum."),
    _switch("ocsum", _GRE_CSUM, "Whether sent packets have a checksum."),
    _switch("iseq", _GRE_SEQ, "Whether received packets must have a sequence number, and old ones are dropped."),
    _switch("oseq", _GRE_SEQ, "Whether sent packets have a sequence number."),
    Attribute(
        "external",
        0,
        presence("external"),
        "Whether routes and filters say for each packet where it goes, instead of the options of the tunnel.",
        ip_name=" ",
        when="create",
        initial=False,
    ),
)


def _check(wanted: Mapping[str, Any], after: Mapping[str, Any]) -> Optional[Tuple[str, str]]:
    mode = after.get("mode")
    family = "IPv6" if mode in _OVER_IPV6 else "IPv4"
    for name in ("local", "remote"):
        if wanted.get(name) and (":" in wanted[name]) != (family == "IPv6"):
            return name, "%s is not an %s address, which a tunnel with mode: %s has" % (wanted[name], family, mode)
    if after.get("pmtudisc") is False and after.get("ttl", "inherit") != "inherit":
        return "pmtudisc", "false needs ttl: inherit"
    return None


def _needs_new(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> Tuple[str, ...]:
    """Restrictions of net/ipv4/ip_tunnel.c, ip_tunnel_changelink: with a remote end the link is point to point."""
    changes = "remote" in wanted and bool(wanted["remote"]) != bool(found.get("remote"))
    return ("remote",) if changes and found.get("mode") not in _WITH_FRAMES else ()


def _initial(values: Mapping[str, Any]) -> Mapping[str, Any]:
    over_ipv6 = {"ttl": "64"} if values.get("mode") in _OVER_IPV6 else {}
    return {"mtu": None, **over_ipv6, **({} if values.get("mode") in _WITH_FRAMES else {"arp": False, "multicast": False})}


TUNNEL = LinkKind(
    "tunnel",
    "tunnel",
    "a tunnel",
    "the driver of its mode (CONFIG_NET_IPIP, CONFIG_IPV6_SIT, CONFIG_NET_IPGRE, CONFIG_IPV6_GRE or CONFIG_IPV6_TUNNEL)",
    _ROWS,
    modes=MODES,
    required=("mode",),
    created_with=("mac", "num_tx_queues", "num_rx_queues", *(row.name for row in _ROWS)),
    sent=("ttl", "pmtudisc", "encap_limit"),
    changed_as_a_whole=True,
    always=tuple(row.name for row in _ROWS),
    of_modes={row.name: tuple(mode for mode, codes in MODES.items() if row.name in codes) for row in _ROWS if row.location != "mode"},
    check=_check,
    needs_new=_needs_new,
    encapsulates=True,
    outlives_parent=True,
    parent="dev",
    parent_code=1,
    unique=("mode", "local", "remote", "ikey"),
    unique_besides=lambda values: bool(values.get("external")),
    unique_on_parent=True,
    is_ethernet=lambda values: values.get("mode") in _WITH_FRAMES,
    made_by_kernel=("tunl0", "sit0", "gre0", "gretap0", "ip6gre0", "ip6tnl0"),
    initial=_initial,
    features_off=(),
    picture="tunnel",
)
