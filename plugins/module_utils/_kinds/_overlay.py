# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ethernet in UDP: C(include/uapi/linux/if_link.h), C(IFLA_VXLAN_*), C(IFLA_GENEVE_*); C(drivers/net/vxlan/vxlan_core.c), C(drivers/net/geneve.c)."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import Attribute
from ansible_collections.nfv.vnet.plugins.module_utils._kinds._kind import LinkKind
from ansible_collections.nfv.vnet.plugins.module_utils._values import (
    GROUP4,
    GROUP6,
    PORT_NUMBER,
    U32,
    UNICAST4,
    UNICAST6,
    ValueType,
    dsfield,
    number_or,
    numbered,
    part,
    presence,
    switch,
)

_LARGEST_ID = 2**24 - 1
_FOR_IPV6 = "it is for IPv6; the addresses are IPv4"
_INHERIT = ValueType("str", "uint8", lambda payload: "inherit" if payload[0] else None, lambda value: value == "inherit" or None, str)
"""IFLA_GENEVE_TTL_INHERIT."""
_INHERIT_FLAG = _INHERIT._replace(wire="cdata", encode=lambda value: b"" if value == "inherit" else None)
"""IFLA_VXLAN_TTL_INHERIT: it is read with a number, but taken without."""


def _ttl(code: int, inherit: int, inherit_type: ValueType) -> Attribute:
    return Attribute(
        "ttl",
        code,
        number_or({"inherit": 0})._replace(decode=lambda payload: str(payload[0])),
        "Time to live (hop limit) of the outer packets. V(0) is that of the route, and 1 for a multicast group. V(inherit) is that of the inner packet; only a"
        " new link can have it, or another value after it.",
        0,
        255,
        initial="0",
        further=((inherit, inherit_type),),
    )


def _tos(code: int) -> Attribute:
    return Attribute(
        "tos",
        code,
        number_or({"inherit": 1})._replace(argument=dsfield),
        "TOS of the outer packets, V(0) to V(255), or V(inherit) for that of the inner packet. V(1) is V(inherit).",
        0,
        255,
        initial="0",
    )


def _df(code: int) -> Attribute:
    return Attribute(
        "df",
        code,
        numbered(8, "unset", "set", "inherit", as_words=True),
        "Whether the outer IPv4 packets have the flag DF (do not fragment).",
        initial="unset",
        needs="Linux 4.20",
    )


def _label(code: int) -> Attribute:
    return Attribute("flowlabel", code, part(20, 0, 32), "Flow label of the outer IPv6 packets.", 0, 2**20 - 1, initial=0)


def _dstport(code: int, number: int) -> Attribute:
    return Attribute("dstport", code, PORT_NUMBER, "UDP port of the other ends, and of this one.", 1, 65535, when="create", initial=number)


def _switch(name: str, code: int, value_type: ValueType, text: str, needs: str = "", initial: bool = False, when: str = "create") -> Attribute:
    return Attribute(name, code, value_type, text, ip_name=" ", when=when, needs=needs, initial=initial)


def _reported(word: str) -> ValueType:
    return switch(word)._replace(absent=False)


def _checksums(csum: int, tx: int, initial: bool) -> Tuple[Attribute, ...]:
    """The kernel reports them as far as the outer packets can have them."""
    return (
        _switch("udp_csum", csum, _reported("udpcsum"), "Whether outer IPv4 packets have a UDP checksum.", initial=initial),
        _switch("udp6_zero_csum_tx", tx, _reported("udp6zerocsumtx"), "Whether outer IPv6 packets have no UDP checksum."),
    )


_VXLAN: Tuple[Attribute, ...] = (
    Attribute(
        "id",
        1,
        U32,
        "VXLAN network identifier (VNI). It is required to create the link, unless O(external=true).",
        0,
        _LARGEST_ID,
        when="create",
    ),
    Attribute(
        "local",
        4,
        UNICAST4,
        "Source address of the outer packets, and the only one at which they are accepted. V('') is the one that the kernel chooses.",
        initial="",
        further=((17, UNICAST6),),
    ),
    Attribute(
        "remote",
        2,
        UNICAST4,
        "Address of the other end, for frames whose destination is not in the forwarding database. V('') drops these.",
        initial="",
        further=((16, UNICAST6),),
        resets=("group",),
    ),
    Attribute(
        "group",
        2,
        GROUP4,
        "Multicast group of all ends, for frames whose destination is not in the forwarding database. It needs O(dev), and cannot be used with O(remote).",
        initial="",
        further=((16, GROUP6),),
        resets=("remote",),
    ),
    _dstport(15, 4789),
    Attribute(
        "srcport_min",
        10,
        part(16, 16, 32),
        "Lowest UDP port that outer packets are sent from. V(0) is that of the kernel.",
        0,
        65535,
        "srcport",
        "create",
        initial=0,
    ),
    Attribute("srcport_max", 10, part(16, 0, 32), "Highest UDP port that outer packets are sent from.", 0, 65535, " ", "create", initial=0),
    _ttl(5, 28, _INHERIT_FLAG),
    _tos(6),
    _df(29),
    _label(26),
    Attribute(
        "ageing",
        8,
        U32,
        "Time after which a learned MAC address that was not seen again is forgotten, in seconds.",
        1,
        2**32 - 1,
        initial=300,
    ),
    Attribute("maxaddress", 9, U32, "Maximum number of MAC addresses in the forwarding database. V(0) means no limit.", 0, 2**32 - 1, when="create", initial=0),
    Attribute(
        "external",
        25,
        switch("external"),
        "Whether routes and filters say for each packet where it goes, instead of the options of the link.",
        ip_name=" ",
        when="create",
        initial=False,
    ),
    _switch(
        "learning",
        7,
        switch("learning"),
        "Whether the addresses of other ends are learned from received packets. A new link with O(external=true) does not learn, as with ip-link(8).",
        initial=True,
        when="live",
    ),
    Attribute(
        "proxy",
        11,
        switch("proxy"),
        "Whether ARP and neighbour solicitations are answered from the neighbour table.",
        ip_name=" ",
        when="create",
        initial=False,
    ),
    Attribute(
        "rsc",
        12,
        switch("rsc"),
        "Whether routed packets are sent to their destination without the router (route short circuit).",
        ip_name=" ",
        when="create",
        initial=False,
    ),
    _switch("l2miss", 13, switch("l2miss"), "Whether programs are told of MAC addresses that are not known."),
    _switch("l3miss", 14, switch("l3miss"), "Whether programs are told of IP addresses that are not known."),
    *_checksums(18, 19, True),
    _switch("udp6_zero_csum_rx", 20, switch("udp6zerocsumrx"), "Whether outer IPv6 packets without a UDP checksum are accepted."),
    _switch("gbp", 23, presence("gbp"), "Whether the group policy extension is used."),
    Attribute(
        "gpe",
        27,
        presence("gpe"),
        "Whether the generic protocol extension is used: the link carries IP packets instead of frames. It needs O(external=true).",
        ip_name=" ",
        when="create",
        initial=False,
    ),
    Attribute(
        "vnifilter",
        30,
        _reported("vnifilter"),
        "Whether only the network identifiers of a list are accepted. It needs O(external=true).",
        ip_name=" ",
        when="create",
        initial=False,
        needs="Linux 5.18",
    ),
    Attribute(
        "localbypass",
        31,
        switch("localbypass"),
        "Whether packets to an address of the host are given to its VXLAN link at once.",
        ip_name=" ",
        initial=True,
        needs="Linux 6.5",
    ),
)

_GENEVE: Tuple[Attribute, ...] = (
    Attribute(
        "id",
        1,
        U32,
        "Geneve network identifier (VNI). It is required to create the link, unless O(external=true).",
        0,
        _LARGEST_ID,
        when="create",
    ),
    Attribute(
        "remote",
        2,
        UNICAST4,
        "Address of the other end. It is required to create the link, unless O(external=true).",
        further=((7, UNICAST6),),
    ),
    _dstport(5, 6081),
    _ttl(3, 12, _INHERIT),
    _tos(4),
    _df(13),
    _label(11),
    *_checksums(8, 9, False),
    Attribute(
        "external",
        6,
        presence("external"),
        "Whether routes and filters say for each packet where it goes, instead of the options of the link.",
        ip_name=" ",
        when="create",
        initial=False,
    ),
    Attribute(
        "inner_proto_inherit",
        14,
        presence("innerprotoinherit"),
        "Whether the link carries IP packets instead of frames.",
        ip_name=" ",
        when="create",
        initial=False,
        needs="Linux 5.18",
    ),
)


def _is_ipv6(values: Mapping[str, Any]) -> bool:
    return any(":" in (values.get(name) or "") for name in ("local", "remote", "group"))


def _mixed(values: Mapping[str, Any]) -> Optional[Tuple[str, str]]:
    """An address of another family than the others."""
    given = [name for name in ("local", "remote", "group") if values.get(name)]
    other = next((name for name in given if (":" in values[name]) != (":" in values[given[0]])), "")
    return (other, "%s and %s %s are of different address families" % (values[other], given[0], values[given[0]])) if other else None


def _check_vxlan(wanted: Mapping[str, Any], after: Mapping[str, Any]) -> Optional[Tuple[str, str]]:
    if wanted.get("remote") and wanted.get("group"):
        return "group", "it cannot be used with remote"
    if ("srcport_min" in wanted) != ("srcport_max" in wanted):
        return ("srcport_max", "missing; srcport_min needs it") if "srcport_min" in wanted else ("srcport_min", "missing; srcport_max needs it")
    if after.get("srcport_min", 0) > after.get("srcport_max", 0):
        return "srcport_max", "%d is less than srcport_min (%d)" % (after.get("srcport_max", 0), after["srcport_min"])
    for name in ("gpe", "vnifilter"):
        if wanted.get(name) and not after.get("external"):
            return name, "it needs external: true"
    if wanted.get("flowlabel") and not _is_ipv6(after):
        return "flowlabel", _FOR_IPV6
    return _mixed(after)


def _check_geneve(wanted: Mapping[str, Any], after: Mapping[str, Any]) -> Optional[Tuple[str, str]]:
    if after.get("external"):
        return None
    for name in ("flowlabel", "udp6_zero_csum_tx"):
        if wanted.get(name) and not _is_ipv6(after):
            return name, _FOR_IPV6
    for name in ("udp_csum", "df"):
        if wanted.get(name) not in (None, False, "unset") and _is_ipv6(after):
            return name, "it is for IPv4; the addresses are IPv6"
    return None


_ENDS = ("local", "remote", "group")


def _needs_new(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> Tuple[str, ...]:
    """Restrictions of vxlan_nl2conf and geneve_nl2info: the address family, and ttl: inherit."""
    ttls = (found.get("ttl"), wanted.get("ttl", found.get("ttl")))
    families = tuple(name for name in _ENDS if wanted.get(name) and (":" in wanted[name]) != _is_ipv6(found))
    return (*(("ttl",) if ttls[0] != ttls[1] and "inherit" in ttls else ()), *families)


VXLAN = LinkKind(
    "vxlan",
    "vxlan",
    "a VXLAN link",
    "CONFIG_VXLAN",
    _VXLAN,
    required=("id",),
    not_required_with={"id": "external"},
    created_with=("mac", "num_tx_queues", "num_rx_queues", *(row.name for row in _VXLAN)),
    sent=("dstport", "learning"),
    always=("id", "dstport", "local", "remote", "group", "external", "gbp", "gpe"),
    check=_check_vxlan,
    needs_new=_needs_new,
    encapsulates=True,
    parent="dev",
    parent_code=3,
    unique=("id", "dstport"),
    unique_besides=lambda values: (_is_ipv6(values), *(bool(values.get(name)) for name in ("gbp", "gpe", "external"))),
    needs_parent=("group",),
    is_ethernet=lambda values: not values.get("gpe"),
    initial=lambda values: {"mtu": None, **({"learning": False} if values.get("external") else {})},
    destinations=("remote", "group"),
    features_off=(),
    picture="tunnel",
)

GENEVE = LinkKind(
    "geneve",
    "geneve",
    "a Geneve link",
    "CONFIG_GENEVE",
    _GENEVE,
    required=("id", "remote"),
    not_required_with={"id": "external", "remote": "external"},
    created_with=("mac", "num_tx_queues", "num_rx_queues", *(row.name for row in _GENEVE)),
    always=("id", "dstport", "remote", "external"),
    check=_check_geneve,
    repeated=("id", "remote"),
    excludes_others=lambda values: bool(values.get("external")),
    needs_new=_needs_new,
    encapsulates=True,
    hides_network=True,
    unique=("id", "remote", "dstport"),
    is_ethernet=lambda values: not values.get("inner_proto_inherit"),
    initial=lambda _values: {"mtu": None},
    features_off=(),
    picture="tunnel",
)
