# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of every attribute of links, bridges and ports."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Sequence, Tuple

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table


def _as_is(value: Any) -> Any:
    return value


def _centiseconds(value: float) -> int:
    return round(value * 100)


def _mask(value: int) -> str:
    return hex(value) if value else "0"


class Sample(NamedTuple):
    """Two values of an attribute, and under which key and in which form iproute2 shows them; '' where it does not."""

    name: str
    first: Any
    second: Any
    key: str = ""
    form: Callable[[Any], Any] = _as_is
    feature: str = ""
    others: Tuple[str, ...] = ()
    """Switches that must be on, too."""


LINK = [
    Sample("mac", "02:00:00:00:00:01", "02:00:00:00:00:02", "address"),
    Sample("mtu", 1400, 2000, "mtu"),
    Sample("txqueuelen", 100, 0, "txqlen"),
    Sample("alias", "first", "a second one", "ifalias"),
    Sample("link_group", 5, 6, "group", str),
    Sample("gso_max_segs", 100, 200, "gso_max_segs"),
    Sample("gso_max_size", 30000, 20000, "gso_max_size"),
    Sample("arp", False, True, "NOARP", lambda on: not on),
    Sample("allmulticast", True, False, "ALLMULTI"),
    Sample("multicast", False, True, "MULTICAST"),
    Sample("promiscuous", True, False, "PROMISC"),
    Sample("ipv6_addrgenmode", "none", "random", "inet6_addr_gen_mode"),
    Sample("disable_ipv6", True, False),
    Sample("up", False, True, "UP"),
]

BRIDGE = [
    Sample("forward_delay", 4, 8.52, "forward_delay", _centiseconds),
    Sample("hello_time", 1, 3, "hello_time", _centiseconds),
    Sample("max_age", 10, 12, "max_age", _centiseconds),
    Sample("ageing_time", 100, 0, "ageing_time", _centiseconds),
    Sample("stp", True, False, "stp_state", int),
    Sample("priority", 4096, 0, "priority"),
    Sample("group_fwd_mask", 8, 0xFFF8, "group_fwd_mask", _mask),
    Sample("group_address", "01:80:c2:00:00:0e", "01:80:c2:00:00:0d", "group_addr"),
    Sample("vlan_default_pvid", 7, 0, "vlan_default_pvid", feature="vlan_filtering"),
    Sample("vlan_protocol", "802.1ad", "802.1q", "vlan_protocol", lambda word: word.replace("q", "Q"), "vlan_filtering"),
    Sample("vlan_stats", True, False, "vlan_stats_enabled", int, "vlan_filtering"),
    Sample("vlan_stats_per_port", True, False, "vlan_stats_per_port", int, "vlan_filtering"),
    Sample("mst", True, False, "mst_enabled", int, "mst"),
    Sample("vlan_filtering", True, False, "vlan_filtering", int, "vlan_filtering"),
    Sample("mcast_snooping", False, True, "mcast_snooping", int, "mcast_snooping"),
    Sample("mcast_vlan_snooping", True, False, "mcast_vlan_snooping", int, "mcast_vlan_snooping", ("vlan_filtering",)),
    Sample("mcast_router", "permanent", "disabled", "mcast_router", {"disabled": 0, "permanent": 2}.get, "mcast_snooping"),
    Sample("mcast_query_use_ifaddr", True, False, "mcast_query_use_ifaddr", int, "mcast_snooping"),
    Sample("mcast_querier", True, False, "mcast_querier", int, "mcast_snooping"),
    Sample("mcast_stats", True, False, "mcast_stats_enabled", int, "mcast_snooping"),
    Sample("mcast_igmp_version", 3, 2, "mcast_igmp_version", feature="mcast_snooping"),
    Sample("mcast_mld_version", 2, 1, "mcast_mld_version", feature="mcast_snooping"),
    Sample("mcast_hash_max", 1024, 512, "mcast_hash_max", feature="mcast_snooping"),
    Sample("mcast_last_member_count", 3, 0, "mcast_last_member_cnt", feature="mcast_snooping"),
    Sample("mcast_startup_query_count", 3, 0, "mcast_startup_query_cnt", feature="mcast_snooping"),
    Sample("mcast_last_member_interval", 2, 0, "mcast_last_member_intvl", _centiseconds, "mcast_snooping"),
    Sample("mcast_membership_interval", 200, 100000000, "mcast_membership_intvl", _centiseconds, "mcast_snooping"),
    Sample("mcast_querier_interval", 200, 100, "mcast_querier_intvl", _centiseconds, "mcast_snooping"),
    Sample("mcast_query_interval", 100, 60.4, "mcast_query_intvl", _centiseconds, "mcast_snooping"),
    Sample("mcast_query_response_interval", 5, 8, "mcast_query_response_intvl", _centiseconds, "mcast_snooping"),
    Sample("mcast_startup_query_interval", 20, 30, "mcast_startup_query_intvl", _centiseconds, "mcast_snooping"),
    Sample("nf_call_iptables", True, False, "nf_call_iptables", int, "nf_call"),
    Sample("nf_call_ip6tables", True, False, "nf_call_ip6tables", int, "nf_call"),
    Sample("nf_call_arptables", True, False, "nf_call_arptables", int, "nf_call"),
    Sample("no_linklocal_learn", True, False, "no_linklocal_learn", int, "no_linklocal_learn"),
    Sample("fdb_max_learned", 100, 0, "fdb_max_learned", feature="fdb_max_learned"),
]

PORT = [
    Sample("state", "disabled", "forwarding", "state"),
    Sample("priority", 8, 0, "priority"),
    Sample("cost", 10, 20, "cost"),
    Sample("hairpin", True, False, "hairpin"),
    Sample("guard", True, False, "guard"),
    Sample("root_block", True, False, "root_block"),
    Sample("fast_leave", True, False, "fastleave", feature="mcast_snooping"),
    Sample("learning", False, True, "learning"),
    Sample("flood", False, True, "flood"),
    Sample("proxy_arp", True, False, "proxy_arp"),
    Sample("proxy_arp_wifi", True, False, "proxy_arp_wifi"),
    Sample("mcast_router", "permanent", "disabled", "multicast_router", {"disabled": 0, "permanent": 2}.get, "mcast_snooping"),
    Sample("mcast_flood", False, True, "mcast_flood"),
    Sample("mcast_to_unicast", True, False, "mcast_to_unicast", feature="mcast_snooping"),
    Sample("vlan_tunnel", True, False, "vlan_tunnel", feature="vlan_filtering"),
    Sample("bcast_flood", False, True, "bcast_flood"),
    Sample("group_fwd_mask", 8, 16, "group_fwd_mask", _mask),
    Sample("neigh_suppress", True, False, "neigh_suppress"),
    Sample("isolated", True, False, "isolated"),
    Sample("backup_port", "other", "", "backup_port"),
    Sample("mcast_eht_hosts_limit", 100, 200, "mcast_eht_hosts_limit", feature="mcast_eht_hosts_limit"),
    Sample("locked", True, False, "locked", feature="locked"),
    Sample("mcast_max_groups", 5, 0, "mcast_max_groups", feature="mcast_max_groups"),
    Sample("neigh_vlan_suppress", True, False, "neigh_vlan_suppress", feature="neigh_vlan_suppress"),
    Sample("mab", True, False, "mab", feature="mab", others=("locked", "learning")),
]


def one_of_each_kind(samples: Sequence[Sample], rows: Mapping[str, table.Attribute]) -> List[Sample]:
    """The first sample of each kind of value."""
    first: Dict[int, Sample] = {}
    for sample in samples:
        first.setdefault(id(rows[sample.name].type), sample)
    return list(first.values())


def slow_unless(tried: bool) -> List[pytest.MarkDecorator]:
    return [] if tried else [pytest.mark.slow]
