# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sample values for the general tests of kinds of links: tests/kernel/test_kinds.py, tests/integration/test_sampled_kinds.py."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Tuple

Values = Dict[str, Any]


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
    apart: Dict[str, Tuple[Values, Values]] = {}
    """Two values of further attributes, each with the options without which it cannot be: a mode, or other links."""


_TWO_TAPS: List[Values] = [{"type": "tuntap", "name": name, "mode": "tap"} for name in ("below", "beside")]


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
}
"""By type."""
