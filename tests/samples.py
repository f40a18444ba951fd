# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sample values for the general tests of kinds of links: tests/kernel/test_kinds.py, tests/integration/test_sampled_kinds.py."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Tuple

Values = Dict[str, Any]
Pairs = Dict[str, Tuple[Values, Values]]


class Sample(NamedTuple):
    """Sample values of one kind, in addition to those of all links."""

    create: Values
    """The options, apart from the name, to create one."""
    around: List[Values]
    """Other links that must exist, as items of the option links of a layout."""
    live: Dict[str, List[Any]]
    """Two values of each own attribute that can be changed."""
    new: Values
    """Of the parent and of each own attribute that only a new link can have, a value that differs from C(create)."""
    apart: Pairs = {}  # noqa: RUF012
    """Two values of further attributes, each with the options without which it cannot be: a mode, or other links."""


_TWO_TAPS: List[Values] = [{"type": "tuntap", "name": name, "mode": "tap"} for name in ("below", "beside")]


_OVER_IPV6: Values = {"mode": "ip6gre", "local": "2001:db8::1", "remote": "2001:db8::8", "tos": "16"}


def _macvlan() -> Sample:
    return Sample(
        create={"parent": "below"},
        around=_TWO_TAPS,
        live={"mode": ["private", "bridge"], "bc_queue_len": [7, 2000]},
        new={"parent": "beside", "mode": "passthru"},
        apart={
            "macaddrs": ({"mode": "source", "macaddrs": ["02:00:00:00:00:11", "02:00:00:00:00:12"]}, {"mode": "source", "macaddrs": ["02:00:00:00:00:12"]}),
            "nopromisc": ({"mode": "passthru", "nopromisc": True}, {"mode": "passthru", "nopromisc": False}),
        },
    )


SAMPLES: Dict[str, Sample] = {
    "dummy": Sample({}, [], {}, {}),
    "ifb": Sample({}, [], {}, {}),
    "vlan": Sample(
        create={"parent": "below", "id": 10},
        around=_TWO_TAPS,
        live={
            "reorder_hdr": [False, True],
            "gvrp": [True, False],
            "mvrp": [True, False],
            "loose_binding": [True, False],
            "bridge_binding": [True, False],
            "ingress_qos_map": [{"1": 5, "7": 70000}, {"2": 3}],
            "egress_qos_map": [{"0": 1, "70000": 7}, {}],
        },
        new={"parent": "beside", "id": 20, "protocol": "802.1ad"},
    ),
    "bond": Sample(
        create={"mode": "active-backup"},
        around=[{"type": "tuntap", "name": name, "mode": "tap"} for name in ("p1", "p2")],
        live={
            "miimon": [100, 200],
            "updelay": [200, 400],
            "downdelay": [300, 0],
            "peer_notify_delay": [100, 200],
            "arp_ip_targets": [["192.0.2.9", "192.0.2.8"], []],
            "ns_ip6_targets": [["2001:db8::9"], []],
            "arp_all_targets": ["all", "any"],
            "missed_max": [5, 3],
            "primary_reselect": ["better", "failure"],
            "xmit_hash_policy": ["layer3+4", "vlan+srcmac"],
            "resend_igmp": [3, 0],
            "num_peer_notif": [4, 0],
            "all_ports_active": [True, False],
            "min_links": [1, 0],
            "lp_interval": [7, 1],
        },
        new={"mode": "802.3ad", "fail_over_mac": "follow"},
        apart={
            "arp_interval": ({"arp_interval": 100}, {"arp_interval": 200}),
            "arp_validate": ({"arp_interval": 100, "arp_validate": "all"}, {"arp_interval": 100, "arp_validate": "active"}),
            "use_carrier": ({"use_carrier": False}, {"use_carrier": True}),
            "primary": ({"ports": [{"name": "p1"}, {"name": "p2"}], "primary": "p1"}, {"ports": [{"name": "p1"}, {"name": "p2"}], "primary": "p2"}),
            "packets_per_port": ({"mode": "balance-rr", "packets_per_port": 0}, {"mode": "balance-rr", "packets_per_port": 5}),
            "lacp_active": ({"mode": "802.3ad", "lacp_active": False}, {"mode": "802.3ad", "lacp_active": True}),
            "lacp_rate": ({"mode": "802.3ad", "lacp_rate": "fast"}, {"mode": "802.3ad", "lacp_rate": "slow"}),
            "ad_select": ({"mode": "802.3ad", "ad_select": "count"}, {"mode": "802.3ad", "ad_select": "bandwidth"}),
            "ad_actor_sys_prio": ({"mode": "802.3ad", "ad_actor_sys_prio": 7}, {"mode": "802.3ad", "ad_actor_sys_prio": 9}),
            "ad_actor_system": (
                {"mode": "802.3ad", "ad_actor_system": "02:00:00:00:00:31"},
                {"mode": "802.3ad", "ad_actor_system": "02:00:00:00:00:32"},
            ),
            "ad_user_port_key": ({"mode": "802.3ad", "ad_user_port_key": 7}, {"mode": "802.3ad", "ad_user_port_key": 0}),
            "tlb_dynamic_lb": ({"mode": "balance-tlb", "tlb_dynamic_lb": False}, {"mode": "balance-tlb", "tlb_dynamic_lb": True}),
        },
    ),
    "vrf": Sample(create={"table": 10}, around=[], live={}, new={"table": 11}),
    "macvlan": _macvlan(),
    "macvtap": _macvlan(),
    "ipvlan": Sample(
        create={"parent": "below"},
        around=_TWO_TAPS,
        live={"mode": ["l2", "l3s"], "isolation": ["private", "vepa"]},
        new={"parent": "beside"},
    ),
    "vxlan": Sample(
        create={"id": 5},
        around=_TWO_TAPS,
        live={
            "local": ["2001:db8::1", "2001:db8::2"],
            "remote": ["2001:db8::8", "2001:db8::9"],
            "ttl": ["64", "0"],
            "tos": ["inherit", "16"],
            "df": ["set", "inherit"],
            "flowlabel": [7, 0],
            "ageing": [10, 20],
            "learning": [False, True],
        },
        new={
            "id": 6,
            "dstport": 8472,
            "maxaddress": 100,
            "ttl": "inherit",
            "proxy": True,
            "rsc": True,
            "l2miss": True,
            "l3miss": True,
            "udp_csum": False,
            "udp6_zero_csum_tx": True,
            "udp6_zero_csum_rx": True,
            "gbp": True,
            "dev": "below",
        },
        apart={
            "group": ({"dev": "below", "group": "239.1.1.1"}, {"dev": "below", "group": "239.1.1.2"}),
            "local": ({"local": "192.0.2.1", "remote": "192.0.2.8"}, {"local": "192.0.2.2"}),
            "remote": ({"remote": "192.0.2.8"}, {"remote": ""}),
            "srcport_min": ({"srcport_min": 100, "srcport_max": 200, "recreate": True}, {"srcport_min": 101, "srcport_max": 200, "recreate": True}),
            "srcport_max": ({"srcport_min": 100, "srcport_max": 200, "recreate": True}, {"srcport_min": 100, "srcport_max": 201, "recreate": True}),
            "external": ({"id": None, "external": True, "recreate": True}, {"id": 5, "external": False, "recreate": True}),
            "gpe": (
                {"id": None, "external": True, "gpe": True, "learning": False, "recreate": True},
                {"id": None, "external": True, "gpe": False, "recreate": True},
            ),
            "vnifilter": (
                {"id": None, "external": True, "vnifilter": True, "recreate": True},
                {"id": None, "external": True, "vnifilter": False, "recreate": True},
            ),
            "localbypass": ({"localbypass": False}, {"localbypass": True}),
        },
    ),
    "geneve": Sample(
        create={"id": 5, "remote": "192.0.2.8"},
        around=[],
        live={"ttl": ["64", "0"], "tos": ["inherit", "16"], "df": ["set", "inherit"]},
        new={"id": 6, "dstport": 6082, "ttl": "inherit", "udp_csum": True, "inner_proto_inherit": True},
        apart={
            "remote": ({"remote": "192.0.2.8"}, {"remote": "192.0.2.9"}),
            "flowlabel": ({"remote": "2001:db8::8", "flowlabel": 7}, {"remote": "2001:db8::8", "flowlabel": 0}),
            "udp6_zero_csum_tx": (
                {"remote": "2001:db8::8", "udp6_zero_csum_tx": True, "recreate": True},
                {"remote": "2001:db8::8", "udp6_zero_csum_tx": False, "recreate": True},
            ),
            "external": ({"id": None, "remote": None, "external": True, "recreate": True}, {"external": False, "recreate": True}),
        },
    ),
    "tunnel": Sample(
        create={"mode": "gretap", "local": "192.0.2.1"},
        around=_TWO_TAPS,
        live={
            "remote": ["192.0.2.8", "192.0.2.9"],
            "ttl": ["64", "63"],
            "tos": ["inherit", "16"],
            "ikey": [5, 0],
            "okey": [7, 4000000000],
            "icsum": [True, False],
            "ocsum": [True, False],
            "iseq": [True, False],
            "oseq": [True, False],
        },
        new={"dev": "below"},
        apart={
            "mode": ({"mode": "ip6gretap", "local": "2001:db8::1", "recreate": True}, {"mode": "gretap", "local": "192.0.2.1", "recreate": True}),
            "local": ({"local": "192.0.2.1", "remote": "192.0.2.8"}, {"local": "192.0.2.2"}),
            "external": ({"local": None, "external": True, "recreate": True}, {"external": False, "recreate": True}),
            "pmtudisc": ({"pmtudisc": False}, {"pmtudisc": True}),
            "encap_limit": ({**_OVER_IPV6, "encap_limit": "none"}, {**_OVER_IPV6, "encap_limit": "7"}),
            "flowlabel": ({**_OVER_IPV6, "flowlabel": 7}, {**_OVER_IPV6, "flowlabel": 0}),
        },
    ),
}
"""By type."""
