#!/usr/bin/python
# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module vnet_veth. DOCUMENTATION and RETURN are generated: make docs."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vnet_veth
short_description: Manage veth cables, each end in a namespace and on a bridge of its own
version_added: 0.1.0
description:
  - Makes, changes and removes pairs of virtual Ethernet devices, each end in a namespace of its own if wanted.
  - An end that somebody moved to the other end's namespace is found and moved back.
extends_documentation_fragment:
  - nfv.vnet.common
  - nfv.vnet.common.action_group
notes:
  - With O(state=absent) both ends go away.
seealso:
  - module: nfv.vnet.vnet_netns
  - module: nfv.vnet.vnet_bridge
  - module: nfv.vnet.vnet_tuntap
  - module: nfv.vnet.vnet_dummy
  - module: nfv.vnet.vnet_ifb
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
  master:
    description:
      - Bridge in the same namespace that the link is a port of; V('') for none.
    type: str
  port:
    description:
      - Settings of the bridge port that the link is.
    type: dict
    suboptions:
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
          - O(port.neigh_suppress) for each VLAN.
          - Needs CONFIG_BRIDGE_VLAN_FILTERING and Linux 6.4 in the kernel.
        type: bool
      mab:
        description:
          - Whether hosts on a locked port show up in the forwarding database as locked.
          - Needs Linux 6.2 in the kernel.
        type: bool
      vlans:
        description:
          - VLANs. Others stay, unless O(port.purge_vlans) is true.
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
          - Whether VLANs that O(port.vlans) does not list are taken away. Without O(port.vlans) it does nothing.
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
  peer:
    description:
      - The far end of the cable. Needed if O(state=present).
    type: dict
    suboptions:
      name:
        description:
          - Name of the link, 1 to 15 bytes without C(/), C(:), C(%) and white space.
        type: str
        required: true
      netns:
        description:
          - 'Network namespace of the far end: a name or an absolute path. Left out or V(''''), the one that the
            module runs in, also if the near end is in another one.'
        type: str
      up:
        description:
          - 'Whether the link is up. One of the few options with a default: left out, the link is brought up.'
        type: bool
        default: true
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
      master:
        description:
          - Bridge in the same namespace that the link is a port of; V('') for none.
        type: str
      port:
        description:
          - Settings of the bridge port that the link is.
        type: dict
        suboptions:
          state:
            description:
              - State of the port; without STP it can be set to V(disabled) or V(forwarding), with STP the bridge
                decides.
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
              - O(peer.port.neigh_suppress) for each VLAN.
              - Needs CONFIG_BRIDGE_VLAN_FILTERING and Linux 6.4 in the kernel.
            type: bool
          mab:
            description:
              - Whether hosts on a locked port show up in the forwarding database as locked.
              - Needs Linux 6.2 in the kernel.
            type: bool
          vlans:
            description:
              - VLANs. Others stay, unless O(peer.port.purge_vlans) is true.
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
              - Whether VLANs that O(peer.port.vlans) does not list are taken away. Without O(peer.port.vlans) it
                does nothing.
            type: bool
            default: false
      addresses:
        description:
          - Addresses, each as C(LOCAL[/PREFIX] [peer REMOTE[/PREFIX]] [nodad]). Without a prefix it is a single
            address. C(nodad) takes an IPv6 address into use without looking for a duplicate. Others stay, unless
            O(peer.purge_addresses) is true.
        type: list
        elements: str
      purge_addresses:
        description:
          - Whether addresses that O(peer.addresses) does not list are taken away. Those of DHCP and router advertisements
            and link-local ones always stay. Without O(peer.addresses) it does nothing.
        type: bool
        default: false
      routes:
        description:
          - Routes through this link. Others stay, unless O(peer.purge_routes) is true.
        type: list
        elements: dict
        suboptions:
          to:
            description:
              - 'Destination: a prefix, an address, or V(default), which is of the family of O(peer.routes[].via),
                or IPv4.'
            type: str
            required: true
          via:
            description:
              - Address of the gateway.
            type: str
          metric:
            description:
              - 'Metric, V(0) to V(4294967295), the lowest wins. Left out, it is the kernel''s: 0 for IPv4, 1024
                for IPv6.'
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
              - How far the destination is; IPv4 only. Left out, a new route without a gateway gets V(link), one
                with a gateway V(global).
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
          - Whether routes through this link that O(peer.routes) does not list are taken away, in the main table
            and in those that O(peer.routes) names. Those of the kernel, DHCP and router advertisements always stay.
            Without O(peer.routes) it does nothing.
        type: bool
        default: false
"""

EXAMPLES = r"""
---
- name: A cable from a bridge into a namespace
  nfv.vnet.vnet_veth:
    name: red0
    master: br0
    peer:
      name: eth0
      netns: red
      addresses:
        - 192.0.2.2/24
        - 2001:db8::2/64 nodad
      routes:
        - to: default
          via: 192.0.2.1
        - to: default
          via: 2001:db8::1

- name: A cable between two namespaces
  nfv.vnet.vnet_veth:
    name: eth1
    netns: red
    addresses:
      - 198.51.100.1/30
    peer:
      name: eth1
      netns: blue
      addresses:
        - 198.51.100.2/30

- name: No such cable
  nfv.vnet.vnet_veth:
    name: red0
    state: absent
"""

RETURN = r"""
---
veth:
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
    port:
      description: What a bridge keeps of its port.
      type: dict
      contains:
        designated_root:
          description: Root bridge as this port sees it.
          type: str
          returned: if the kernel has it
        designated_bridge:
          description: Bridge towards the root on this port's segment.
          type: str
          returned: if the kernel has it
        designated_port:
          description: Port of that bridge.
          type: int
          returned: if the kernel has it
        designated_cost:
          description: Cost that it announces.
          type: int
          returned: if the kernel has it
        message_age_timer:
          description: Time until what was heard is forgotten.
          type: float
          returned: if the kernel has it
        forward_delay_timer:
          description: Time until the next state.
          type: float
          returned: if the kernel has it
        hold_timer:
          description: Time until the next packet may be sent.
          type: float
          returned: if the kernel has it
        state:
          description: State of the port in the spanning tree.
          type: str
          returned: if the kernel has it
      returned: if the kernel has it
    peer:
      description: The same of the far end.
      type: dict
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

    run("vnet_veth")


if __name__ == "__main__":
    main()
