#!/usr/bin/python
# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module vnet_bridge. DOCUMENTATION and RETURN are generated: make docs."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vnet_bridge
short_description: Manage Linux bridges, with spanning tree, VLANs, multicast snooping and ports
version_added: 0.1.0
description:
  - Makes, changes and removes bridges, with spanning tree, VLAN filtering, multicast snooping, ports, addresses
    and routes.
  - Speaks the words of ip-link and bridge in section 8 of the manual, without needing them on the target host.
extends_documentation_fragment:
  - nfv.vnet.common
  - nfv.vnet.common.action_group
notes:
  - Times are in seconds, where C(ip) takes hundredths of a second. They come back rounded to the kernel's own clock;
    values that differ by no more than that are the same.
  - The MTU of a bridge follows its ports. O(mtu) is set after O(ports) joined, and again by each run that finds
    it changed.
seealso:
  - module: nfv.vnet.vnet_netns
  - module: nfv.vnet.vnet_tuntap
  - module: nfv.vnet.vnet_dummy
  - module: nfv.vnet.vnet_ifb
  - module: nfv.vnet.vnet_veth
  - module: nfv.vnet.vnet_vlan
  - module: nfv.vnet.vnet_layout
  - module: nfv.vnet.vnet_info
  - module: nfv.vnet.vnet_ping
options:
  name:
    description:
      - Name of the link, 1 to 15 bytes without C(/), C(:), C(%) and white space.
    type: str
    required: true
  netns:
    description:
      - 'Network namespace to work in: a name under C(/run/netns), or an absolute path such as C(/proc/1/ns/net).
        Left out or V(''''), the one that the module runs in. A namespace that is not there is an error.'
    type: str
  state:
    description:
      - Whether it is there at the end of the task.
    type: str
    default: present
    choices:
      - present
      - absent
  up:
    description:
      - 'Whether the link is up. One of the few options with a default: left out, the link is brought up.'
    type: bool
    default: true
  recreate:
    description:
      - Whether a new device may take the place of one that cannot be changed as asked. The old one goes away last
        where both can be there at a time. What the task does not say of it is lost; links that stand on it, such
        as VLAN links, are created again on the new one.
    type: bool
    default: false
  forward_delay:
    description:
      - Time in each of the states listening and learning; 2 to 30 while STP is on.
      - In seconds.
      - V(0) to V(21474836).
    type: float
  hello_time:
    description:
      - Time between two hello packets of the root bridge.
      - In seconds.
      - V(1) to V(10).
    type: float
  max_age:
    description:
      - Time after which what other bridges said is forgotten.
      - In seconds.
      - V(6) to V(40).
    type: float
  ageing_time:
    description:
      - Time after which a MAC address that was not seen again is forgotten; V(0) for at once.
      - In seconds.
      - V(0) to V(21474836).
    type: float
  stp:
    description:
      - Whether the bridge takes part in the spanning tree protocol.
    type: bool
  priority:
    description:
      - Priority in the election of the root bridge, the lowest wins.
      - V(0) to V(65535).
    type: int
  group_fwd_mask:
    description:
      - Bits of the link-local groups 01:80:C2:00:00:0X that are forwarded; bits 0 to 2 stay clear.
      - V(0) to V(65535).
    type: int
  group_address:
    description:
      - MAC address that the bridge protocol is spoken to, 01:80:C2:00:00:0X.
    type: str
  vlan_default_pvid:
    description:
      - VLAN of untagged packets on new ports, V(0) for none.
      - V(0) to V(4094).
      - Needs CONFIG_BRIDGE_VLAN_FILTERING in the kernel.
    type: int
  vlan_protocol:
    description:
      - Ethernet type of the VLAN tags.
      - Needs CONFIG_BRIDGE_VLAN_FILTERING in the kernel.
    type: str
    choices:
      - 802.1q
      - 802.1ad
  vlan_stats:
    description:
      - Whether packets are counted for each VLAN.
      - Needs CONFIG_BRIDGE_VLAN_FILTERING in the kernel.
    type: bool
  vlan_stats_per_port:
    description:
      - Whether packets are counted for each VLAN and port; only changed while no port has VLANs.
      - Needs CONFIG_BRIDGE_VLAN_FILTERING in the kernel.
    type: bool
  mst:
    description:
      - Whether VLANs have spanning trees of their own; only changed while there are no VLANs.
      - Needs CONFIG_BRIDGE_VLAN_FILTERING and Linux 5.18 in the kernel.
    type: bool
  vlan_filtering:
    description:
      - Whether the bridge looks at VLAN tags.
      - Needs CONFIG_BRIDGE_VLAN_FILTERING in the kernel.
    type: bool
  mcast_snooping:
    description:
      - Whether multicast only goes to ports that asked for it.
      - Needs CONFIG_BRIDGE_IGMP_SNOOPING in the kernel.
    type: bool
  mcast_vlan_snooping:
    description:
      - Whether multicast snooping looks at each VLAN; needs O(vlan_filtering).
      - Needs CONFIG_BRIDGE_VLAN_FILTERING, CONFIG_BRIDGE_IGMP_SNOOPING and Linux 5.15 in the kernel.
    type: bool
  mcast_router:
    description:
      - Whether the bridge itself is taken for a multicast router.
      - Needs CONFIG_BRIDGE_IGMP_SNOOPING in the kernel.
    type: str
    choices:
      - disabled
      - auto
      - permanent
  mcast_query_use_ifaddr:
    description:
      - Whether queries carry the bridge's address instead of 0.0.0.0.
      - Needs CONFIG_BRIDGE_IGMP_SNOOPING in the kernel.
    type: bool
  mcast_querier:
    description:
      - Whether the bridge sends multicast queries.
      - Needs CONFIG_BRIDGE_IGMP_SNOOPING in the kernel.
    type: bool
  mcast_stats:
    description:
      - Whether multicast packets are counted.
      - Needs CONFIG_BRIDGE_IGMP_SNOOPING in the kernel.
    type: bool
  mcast_igmp_version:
    description:
      - IGMP version of the queries.
      - V(2) to V(3).
      - Needs CONFIG_BRIDGE_IGMP_SNOOPING in the kernel.
    type: int
  mcast_mld_version:
    description:
      - MLD version of the queries.
      - V(1) to V(2).
      - Needs CONFIG_BRIDGE_IGMP_SNOOPING in the kernel.
    type: int
  mcast_hash_max:
    description:
      - Maximum number of groups in the multicast table.
      - V(0) to V(4294967295).
      - Needs CONFIG_BRIDGE_IGMP_SNOOPING in the kernel.
    type: int
  mcast_last_member_count:
    description:
      - Number of queries after a leave message.
      - V(0) to V(4294967295).
      - Needs CONFIG_BRIDGE_IGMP_SNOOPING in the kernel.
    type: int
  mcast_startup_query_count:
    description:
      - Number of queries at the start.
      - V(0) to V(4294967295).
      - Needs CONFIG_BRIDGE_IGMP_SNOOPING in the kernel.
    type: int
  mcast_last_member_interval:
    description:
      - Time between the queries after a leave message.
      - In seconds.
      - V(0) to V(2147483648).
      - Needs CONFIG_BRIDGE_IGMP_SNOOPING in the kernel.
    type: float
  mcast_membership_interval:
    description:
      - Time after which a group that nobody asked for is forgotten.
      - In seconds.
      - V(0) to V(2147483648).
      - Needs CONFIG_BRIDGE_IGMP_SNOOPING in the kernel.
    type: float
  mcast_querier_interval:
    description:
      - Time after which another querier that is silent is given up.
      - In seconds.
      - V(0) to V(2147483648).
      - Needs CONFIG_BRIDGE_IGMP_SNOOPING in the kernel.
    type: float
  mcast_query_interval:
    description:
      - Time between two queries.
      - In seconds.
      - V(1) to V(2147483648).
      - Needs CONFIG_BRIDGE_IGMP_SNOOPING in the kernel.
    type: float
  mcast_query_response_interval:
    description:
      - Time that hosts have for their answer to a query.
      - In seconds.
      - V(0) to V(2147483648).
      - Needs CONFIG_BRIDGE_IGMP_SNOOPING in the kernel.
    type: float
  mcast_startup_query_interval:
    description:
      - Time between two queries at the start.
      - In seconds.
      - V(1) to V(2147483648).
      - Needs CONFIG_BRIDGE_IGMP_SNOOPING in the kernel.
    type: float
  nf_call_iptables:
    description:
      - Whether bridged IPv4 passes through iptables.
      - Needs CONFIG_BRIDGE_NETFILTER in the kernel.
    type: bool
  nf_call_ip6tables:
    description:
      - Whether bridged IPv6 passes through ip6tables.
      - Needs CONFIG_BRIDGE_NETFILTER in the kernel.
    type: bool
  nf_call_arptables:
    description:
      - Whether bridged ARP passes through arptables.
      - Needs CONFIG_BRIDGE_NETFILTER in the kernel.
    type: bool
  no_linklocal_learn:
    description:
      - Whether nothing is learned from link-local packets.
      - Needs Linux 5.0 in the kernel.
    type: bool
  fdb_max_learned:
    description:
      - Maximum number of MAC addresses that are learned, V(0) for no limit.
      - V(0) to V(4294967295).
      - Needs Linux 6.7 in the kernel.
    type: int
  mac:
    description:
      - MAC address.
    type: str
  mtu:
    description:
      - Largest packet in bytes.
      - V(68) to V(65535).
    type: int
  txqueuelen:
    description:
      - Length of the transmit queue in packets.
      - V(0) to V(2147483647).
    type: int
  alias:
    description:
      - A text for people, 200 bytes at most; V('') takes it away.
    type: str
  link_group:
    description:
      - Number of the group that the link belongs to.
      - V(0) to V(2147483647).
    type: int
  num_tx_queues:
    description:
      - Number of transmit queues.
      - V(1) to V(4096).
      - Only a new link can have another value, see O(recreate).
    type: int
  num_rx_queues:
    description:
      - Number of receive queues.
      - V(1) to V(4096).
      - Only a new link can have another value, see O(recreate).
      - Needs CONFIG_RPS in the kernel.
    type: int
  gso_max_segs:
    description:
      - Maximum number of segments of a packet that the stack hands over whole.
      - V(1) to V(65535).
    type: int
  gso_max_size:
    description:
      - Maximum size in bytes of a packet that the stack hands over whole.
      - V(1) to V(524280).
    type: int
  arp:
    description:
      - Whether the link resolves neighbours (ARP, neighbour discovery).
    type: bool
  allmulticast:
    description:
      - Whether the link takes in every multicast packet.
    type: bool
  multicast:
    description:
      - Whether the link can send multicast.
    type: bool
  promiscuous:
    description:
      - Whether the link takes in packets for other addresses.
    type: bool
  ipv6_addrgenmode:
    description:
      - How the link-local IPv6 address is made. Set before the link goes up.
      - Needs CONFIG_IPV6 (and no ipv6.disable=1) in the kernel.
    type: str
    choices:
      - eui64
      - none
      - stable_secret
      - random
  disable_ipv6:
    description:
      - Whether the link has no IPv6 at all. Set before the link goes up.
      - Needs CONFIG_IPV6 (and no ipv6.disable=1) in the kernel.
    type: bool
  ports:
    description:
      - Links of the same namespace that are ports of the bridge. They must be there. Others stay, unless O(purge_ports)
        is true.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Name of the link.
        type: str
        required: true
      state:
        description:
          - State of the port; without STP it can be set to V(disabled) or V(forwarding), with STP the bridge decides.
        type: str
        choices:
          - disabled
          - listening
          - learning
          - forwarding
          - blocking
      priority:
        description:
          - Priority in the spanning tree, the lowest wins.
          - V(0) to V(63).
        type: int
      cost:
        description:
          - Cost of the way through this port.
          - V(1) to V(65535).
        type: int
      hairpin:
        description:
          - Whether packets may leave through the port that they came from.
        type: bool
      guard:
        description:
          - Whether bridge protocol packets from this port are dropped.
        type: bool
      root_block:
        description:
          - Whether the port may never lead to the root bridge.
        type: bool
      fast_leave:
        description:
          - Whether a leave message ends multicast at once.
          - Needs CONFIG_BRIDGE_IGMP_SNOOPING in the kernel.
        type: bool
      learning:
        description:
          - Whether MAC addresses are learned from this port.
        type: bool
      flood:
        description:
          - Whether unicast to unknown addresses goes to this port.
        type: bool
      proxy_arp:
        description:
          - Whether the bridge answers ARP for hosts behind other ports.
        type: bool
      proxy_arp_wifi:
        description:
          - Proxy ARP as IEEE 802.11 and Hotspot 2.0 want it.
        type: bool
      mcast_router:
        description:
          - Whether a multicast router is behind the port.
          - Needs CONFIG_BRIDGE_IGMP_SNOOPING in the kernel.
        type: str
        choices:
          - disabled
          - auto
          - permanent
          - temporary
      mcast_flood:
        description:
          - Whether multicast that nobody asked for goes to this port.
        type: bool
      mcast_to_unicast:
        description:
          - Whether multicast goes to each listener as unicast.
          - Needs CONFIG_BRIDGE_IGMP_SNOOPING in the kernel.
        type: bool
      vlan_tunnel:
        description:
          - Whether VLANs are mapped to tunnels.
          - Needs CONFIG_BRIDGE_VLAN_FILTERING in the kernel.
        type: bool
      bcast_flood:
        description:
          - Whether broadcast goes to this port.
        type: bool
      group_fwd_mask:
        description:
          - Bits of the link-local groups that are forwarded to this port.
          - V(0) to V(65535).
        type: int
      neigh_suppress:
        description:
          - Whether the bridge answers neighbour requests itself.
        type: bool
      isolated:
        description:
          - Whether the port only reaches ports that are not isolated.
        type: bool
      backup_port:
        description:
          - Port that takes over when this one has no carrier, V('') for none.
        type: str
      mcast_eht_hosts_limit:
        description:
          - Maximum number of hosts tracked for explicit multicast.
          - V(1) to V(4294967295).
          - Needs CONFIG_BRIDGE_IGMP_SNOOPING and Linux 5.12 in the kernel.
        type: int
      locked:
        description:
          - Whether only hosts in the forwarding database may send.
          - Needs Linux 5.18 in the kernel.
        type: bool
      mcast_max_groups:
        description:
          - Maximum number of multicast groups, V(0) for no limit.
          - V(0) to V(4294967295).
          - Needs CONFIG_BRIDGE_IGMP_SNOOPING and Linux 6.3 in the kernel.
        type: int
      neigh_vlan_suppress:
        description:
          - O(ports[].neigh_suppress) for each VLAN.
          - Needs CONFIG_BRIDGE_VLAN_FILTERING and Linux 6.4 in the kernel.
        type: bool
      mab:
        description:
          - Whether hosts on a locked port show up in the forwarding database as locked.
          - Needs Linux 6.2 in the kernel.
        type: bool
      vlans:
        description:
          - VLANs. Others stay, unless O(ports[].purge_vlans) is true.
        type: list
        elements: dict
        suboptions:
          vid:
            description:
              - A VLAN, V(1) to V(4094), or a range of them such as V(10-20).
            type: str
            required: true
          pvid:
            description:
              - Whether packets that arrive untagged belong to it. Left alone if not given; false on a new VLAN.
            type: bool
          untagged:
            description:
              - Whether its packets leave untagged. Left alone if not given; false on a new VLAN.
            type: bool
      purge_vlans:
        description:
          - Whether VLANs that O(ports[].vlans) does not list are taken away. Without O(ports[].vlans) it does nothing.
        type: bool
        default: false
  purge_ports:
    description:
      - Whether ports that O(ports) does not list leave the bridge. Without O(ports) it does nothing.
    type: bool
    default: false
  vlans:
    description:
      - VLANs of the bridge itself. Others stay, unless O(purge_vlans) is true.
    type: list
    elements: dict
    suboptions:
      vid:
        description:
          - A VLAN, V(1) to V(4094), or a range of them such as V(10-20).
        type: str
        required: true
      pvid:
        description:
          - Whether packets that arrive untagged belong to it. Left alone if not given; false on a new VLAN.
        type: bool
      untagged:
        description:
          - Whether its packets leave untagged. Left alone if not given; false on a new VLAN.
        type: bool
  purge_vlans:
    description:
      - Whether VLANs that O(vlans) does not list are taken away. Without O(vlans) it does nothing.
    type: bool
    default: false
  addresses:
    description:
      - Addresses, each as C(LOCAL[/PREFIX] [peer REMOTE[/PREFIX]] [nodad]). Without a prefix it is a single address.
        C(nodad) takes an IPv6 address into use without looking for a duplicate. Others stay, unless O(purge_addresses)
        is true.
    type: list
    elements: str
  purge_addresses:
    description:
      - Whether addresses that O(addresses) does not list are taken away. Those of DHCP and router advertisements
        and link-local ones always stay. Without O(addresses) it does nothing.
    type: bool
    default: false
  routes:
    description:
      - Routes through this link. Others stay, unless O(purge_routes) is true.
    type: list
    elements: dict
    suboptions:
      to:
        description:
          - 'Destination: a prefix, an address, or V(default), which is of the family of O(routes[].via), or IPv4.'
        type: str
        required: true
      via:
        description:
          - Address of the gateway.
        type: str
      metric:
        description:
          - 'Metric, V(0) to V(4294967295), the lowest wins. Left out, it is the kernel''s: 0 for IPv4, 1024 for
            IPv6.'
        type: int
      table:
        description:
          - Number of the routing table.
        type: int
        default: 254
      src:
        description:
          - Source address to prefer.
        type: str
      scope:
        description:
          - How far the destination is; IPv4 only. Left out, a new route without a gateway gets V(link), one with
            a gateway V(global).
        type: str
        choices:
          - global
          - site
          - link
          - host
          - nowhere
      onlink:
        description:
          - Whether the gateway is on the link though no address says so.
        type: bool
  purge_routes:
    description:
      - Whether routes through this link that O(routes) does not list are taken away, in the main table and in those
        that O(routes) names. Those of the kernel, DHCP and router advertisements always stay. Without O(routes)
        it does nothing.
    type: bool
    default: false
"""

EXAMPLES = r"""
---
- name: A bridge with addresses
  nfv.vnet.vnet_bridge:
    name: br0
    stp: true
    forward_delay: 2
    addresses:
      - 192.0.2.1/24
      - 2001:db8::1/64

- name: A bridge in a namespace, with exactly these ports
  nfv.vnet.vnet_bridge:
    name: br0
    netns: red
    ports:
      - name: eth0
        isolated: true
      - name: eth1
    purge_ports: true

- name: A bridge with VLANs, and a port in one of them
  nfv.vnet.vnet_bridge:
    name: br1
    vlan_filtering: true
    ports:
      - name: tap0
        vlans:
          - vid: 10
            pvid: true
            untagged: true
        purge_vlans: true

- name: No such bridge
  nfv.vnet.vnet_bridge:
    name: br0
    state: absent
"""

RETURN = r"""
---
bridge:
  description:
    - 'The link as it is now, in the words of the options: given to the module again it changes nothing.'
    - Routes, VLANs and ports are only there if the task speaks of them. Empty with O(state=absent).
  returned: success
  type: dict
status:
  description: What can only be read.
  returned: success
  type: dict
  contains:
    ifindex:
      description: Index of the link in its namespace.
      type: int
      returned: if the kernel has it
    operstate:
      description: Operational state, such as C(up) or C(lowerlayerdown).
      type: str
      returned: if the kernel has it
    carrier:
      description: Whether the link has a carrier.
      type: bool
      returned: if the kernel has it
    root_id:
      description: Priority and MAC address of the root bridge.
      type: str
      returned: if the kernel has it
    bridge_id:
      description: Priority and MAC address of this bridge.
      type: str
      returned: if the kernel has it
    root_port:
      description: Number of the port towards the root bridge, 0 on the root bridge.
      type: int
      returned: if the kernel has it
    root_path_cost:
      description: Cost of the way to the root bridge.
      type: int
      returned: if the kernel has it
    topology_change:
      description: Whether the tree is changing.
      type: bool
      returned: if the kernel has it
    mcast_querier_state:
      description: Address of the multicast querier that was chosen, for each family.
      type: dict
      returned: if the kernel has it
    fdb_n_learned:
      description: Number of MAC addresses that were learned.
      type: int
      returned: if the kernel has it
commands:
  description: The iproute2 commands that do the same, in order. What iproute2 cannot do is a comment.
  returned: success
  type: list
  elements: str
  sample:
    - ip link add name br0 type bridge
    - ip link set dev br0 up
error:
  description: What RV(ignore:msg) says, as data.
  returned: if the module refuses the options, or the kernel a change
  type: dict
  contains:
    path:
      description: Where the options say what cannot be done, as names and positions in lists. Empty where it is
        about the task as a whole.
      returned: always
      type: list
      elements: raw
      sample:
        - links
        - 3
        - peer
        - netns
    errno:
      description: What the kernel answered, see C(errno(3)). Null where it was not asked.
      returned: always
      type: str
      sample: EEXIST
"""

from ansible_collections.nfv.vnet.plugins.module_utils._archive import compile_once


def main() -> None:
    compile_once()
    from ansible_collections.nfv.vnet.plugins.module_utils._runner import run

    run("vnet_bridge")


if __name__ == "__main__":
    main()
