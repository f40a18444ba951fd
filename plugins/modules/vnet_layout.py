#!/usr/bin/python
# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module vnet_layout. DOCUMENTATION and RETURN are generated: make docs."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vnet_layout
short_description: Manage whole layouts of virtual networks
version_added: 0.1.0
description:
  - Makes namespaces, bridges, cables, TUN and TAP devices in one task, all or nothing, in the right order whatever
    the order here.
  - The whole declaration is checked before anything is touched; an error names the item by its path, such as C(veths[3].peer.netns).
  - Lists that are given are exact, so addresses, routes, ports and VLANs that they do not have are taken away.
  - It owns what it makes. Each link is marked in the kernel by its alias, a namespace by that of its C(lo), and
    no file is kept. What a layout made and does not declare any more is removed. What others made is never removed.
  - What is there already and is declared, such as a network card as a port, is adopted. When the layout goes, or
    does not declare it any more, only what the layout set is taken back.
extends_documentation_fragment:
  - nfv.vnet.common
notes:
  - An item with C(state=absent) is the same as one that is not declared.
  - The mark stands before the alias that people gave a link; no module of this collection returns it.
  - A link or a namespace that belongs to another layout is an error. A port may join a bridge of another layout.
  - Kernel settings (C(sysctl)) of the host and of namespaces that were there before stay as they are; RV(kept)
    names those that the task speaks of.
  - A link in a namespace without a name, which is given by a path, is not found again once the layout does not
    declare it.
  - A run that was killed leaves the work half-done. The next run of the same declaration completes it, and leaves
    nothing over.
seealso:
  - module: nfv.vnet.vnet_netns
  - module: nfv.vnet.vnet_bridge
  - module: nfv.vnet.vnet_tuntap
  - module: nfv.vnet.vnet_veth
  - module: nfv.vnet.vnet_info
  - module: nfv.vnet.vnet_ping
options:
  name:
    description:
      - 'Name of the layout, by which it knows what it made: 1 to 32 letters, digits, C(_), C(.) and C(-).'
    type: str
    required: true
  state:
    description:
      - 'Whether the layout is there at the end of the task. V(absent) needs only O(name): it removes what the layout
        made and gives back what was there before.'
    type: str
    default: present
    choices:
      - present
      - absent
  sysctl:
    description:
      - 'Kernel settings of the namespace that the module runs in: keys that begin with C(net.), with their values.
        They stay with O(state=absent).'
    type: dict
  namespaces:
    description:
      - Network namespaces, each with the options of M(nfv.vnet.vnet_netns).
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Name of the namespace, as under C(/run/netns).
        type: str
        required: true
      state:
        description:
          - Whether it is there at the end of the task.
        type: str
        default: present
        choices:
          - present
          - absent
      loopback:
        description:
          - 'Whether its C(lo) is up. One of the few options with a default: left out, it is brought up.'
        type: bool
        default: true
      sysctl:
        description:
          - 'Kernel settings inside the namespace: keys that begin with C(net.), with their values.'
        type: dict
      nsid:
        description:
          - Number by which the namespace of the module knows this one. The kernel never changes it.
        type: int
      addresses:
        description:
          - Addresses of its C(lo), each as C(LOCAL[/PREFIX] [peer REMOTE[/PREFIX]] [nodad]). Without a prefix it
            is a single address. C(nodad) takes an IPv6 address into use without looking for a duplicate. Others
            stay, unless O(namespaces[].purge_addresses) is true.
        type: list
        elements: str
      purge_addresses:
        description:
          - Whether addresses that O(namespaces[].addresses) does not list are taken away. Those of DHCP and router
            advertisements and link-local ones always stay. Without O(namespaces[].addresses) it does nothing.
        type: bool
        default: true
      routes:
        description:
          - Routes of the namespace. Others stay, unless O(namespaces[].purge_routes) is true.
        type: list
        elements: dict
        suboptions:
          to:
            description:
              - 'Destination: a prefix, an address, or V(default), which is of the family of O(namespaces[].routes[].via),
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
          dev:
            description:
              - Link that the route goes through. Left out, the kernel takes the one that reaches O(namespaces[].routes[].via).
            type: str
          type:
            description:
              - What happens to the packets.
            type: str
            default: unicast
            choices:
              - unicast
              - blackhole
              - unreachable
              - prohibit
      purge_routes:
        description:
          - Whether routes without a link (V(blackhole) and the like) that O(namespaces[].routes) does not list
            are taken away, in the main table and in those that O(namespaces[].routes) names. A route that goes
            through a link, such as a default route by a gateway, is purged with that link's module. Without O(namespaces[].routes)
            it does nothing.
        type: bool
        default: true
  bridges:
    description:
      - Bridges, each with the options of M(nfv.vnet.vnet_bridge).
    type: list
    elements: dict
    suboptions:
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
          - Whether a new device may take the place of one that cannot be changed as asked. The old one goes away
            last; what the task does not say of it is lost.
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
          - Whether multicast snooping looks at each VLAN; needs O(bridges[].vlan_filtering).
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
          - Only a new link can have another value, see O(bridges[].recreate).
        type: int
      num_rx_queues:
        description:
          - Number of receive queues.
          - V(1) to V(4096).
          - Only a new link can have another value, see O(bridges[].recreate).
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
          - Links of the same namespace that are ports of the bridge. They must be there. Others stay, unless O(bridges[].purge_ports)
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
              - O(bridges[].ports[].neigh_suppress) for each VLAN.
              - Needs CONFIG_BRIDGE_VLAN_FILTERING and Linux 6.4 in the kernel.
            type: bool
          mab:
            description:
              - Whether hosts on a locked port show up in the forwarding database as locked.
              - Needs Linux 6.2 in the kernel.
            type: bool
          vlans:
            description:
              - VLANs. Others stay, unless O(bridges[].ports[].purge_vlans) is true.
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
              - Whether VLANs that O(bridges[].ports[].vlans) does not list are taken away. Without O(bridges[].ports[].vlans)
                it does nothing.
            type: bool
            default: true
      purge_ports:
        description:
          - Whether ports that O(bridges[].ports) does not list leave the bridge. Without O(bridges[].ports) it
            does nothing.
        type: bool
        default: true
      vlans:
        description:
          - VLANs of the bridge itself. Others stay, unless O(bridges[].purge_vlans) is true.
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
          - Whether VLANs that O(bridges[].vlans) does not list are taken away. Without O(bridges[].vlans) it does
            nothing.
        type: bool
        default: true
      addresses:
        description:
          - Addresses, each as C(LOCAL[/PREFIX] [peer REMOTE[/PREFIX]] [nodad]). Without a prefix it is a single
            address. C(nodad) takes an IPv6 address into use without looking for a duplicate. Others stay, unless
            O(bridges[].purge_addresses) is true.
        type: list
        elements: str
      purge_addresses:
        description:
          - Whether addresses that O(bridges[].addresses) does not list are taken away. Those of DHCP and router
            advertisements and link-local ones always stay. Without O(bridges[].addresses) it does nothing.
        type: bool
        default: true
      routes:
        description:
          - Routes through this link. Others stay, unless O(bridges[].purge_routes) is true.
        type: list
        elements: dict
        suboptions:
          to:
            description:
              - 'Destination: a prefix, an address, or V(default), which is of the family of O(bridges[].routes[].via),
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
          - Whether routes through this link that O(bridges[].routes) does not list are taken away, in the main
            table and in those that O(bridges[].routes) names. Those of the kernel, DHCP and router advertisements
            always stay. Without O(bridges[].routes) it does nothing.
        type: bool
        default: true
  tuntaps:
    description:
      - TUN and TAP devices, each with the options of M(nfv.vnet.vnet_tuntap).
    type: list
    elements: dict
    suboptions:
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
          - Whether a new device may take the place of one that cannot be changed as asked. The old one goes away
            last; what the task does not say of it is lost.
        type: bool
        default: false
      mode:
        description:
          - V(tun) carries IP packets and is point to point, V(tap) carries Ethernet frames. Needed to create the
            device.
          - Another value needs a new device, see O(tuntaps[].recreate).
        type: str
        choices:
          - tun
          - tap
      owner:
        description:
          - User, by name or id, who may attach to the device; V('') for none.
        type: str
      group:
        description:
          - Group, by name or id, that may attach to the device; V('') for none.
        type: str
      multi_queue:
        description:
          - Whether several queues can be attached.
          - Another value needs a new device, see O(tuntaps[].recreate).
        type: bool
      packet_info:
        description:
          - Whether packets have the four byte header with the protocol in front; on a new device V(false) if left
            out.
        type: bool
      vnet_hdr:
        description:
          - Whether packets have a virtio header in front; on a new device V(false) if left out.
        type: bool
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
              - O(tuntaps[].port.neigh_suppress) for each VLAN.
              - Needs CONFIG_BRIDGE_VLAN_FILTERING and Linux 6.4 in the kernel.
            type: bool
          mab:
            description:
              - Whether hosts on a locked port show up in the forwarding database as locked.
              - Needs Linux 6.2 in the kernel.
            type: bool
          vlans:
            description:
              - VLANs. Others stay, unless O(tuntaps[].port.purge_vlans) is true.
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
              - Whether VLANs that O(tuntaps[].port.vlans) does not list are taken away. Without O(tuntaps[].port.vlans)
                it does nothing.
            type: bool
            default: true
      addresses:
        description:
          - Addresses, each as C(LOCAL[/PREFIX] [peer REMOTE[/PREFIX]] [nodad]). Without a prefix it is a single
            address. C(nodad) takes an IPv6 address into use without looking for a duplicate. Others stay, unless
            O(tuntaps[].purge_addresses) is true.
        type: list
        elements: str
      purge_addresses:
        description:
          - Whether addresses that O(tuntaps[].addresses) does not list are taken away. Those of DHCP and router
            advertisements and link-local ones always stay. Without O(tuntaps[].addresses) it does nothing.
        type: bool
        default: true
      routes:
        description:
          - Routes through this link. Others stay, unless O(tuntaps[].purge_routes) is true.
        type: list
        elements: dict
        suboptions:
          to:
            description:
              - 'Destination: a prefix, an address, or V(default), which is of the family of O(tuntaps[].routes[].via),
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
          - Whether routes through this link that O(tuntaps[].routes) does not list are taken away, in the main
            table and in those that O(tuntaps[].routes) names. Those of the kernel, DHCP and router advertisements
            always stay. Without O(tuntaps[].routes) it does nothing.
        type: bool
        default: true
  veths:
    description:
      - Cables, each with the options of M(nfv.vnet.vnet_veth).
    type: list
    elements: dict
    suboptions:
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
          - Whether a new device may take the place of one that cannot be changed as asked. The old one goes away
            last; what the task does not say of it is lost.
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
          - Only a new link can have another value, see O(veths[].recreate).
        type: int
      num_rx_queues:
        description:
          - Number of receive queues.
          - V(1) to V(4096).
          - Only a new link can have another value, see O(veths[].recreate).
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
              - O(veths[].port.neigh_suppress) for each VLAN.
              - Needs CONFIG_BRIDGE_VLAN_FILTERING and Linux 6.4 in the kernel.
            type: bool
          mab:
            description:
              - Whether hosts on a locked port show up in the forwarding database as locked.
              - Needs Linux 6.2 in the kernel.
            type: bool
          vlans:
            description:
              - VLANs. Others stay, unless O(veths[].port.purge_vlans) is true.
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
              - Whether VLANs that O(veths[].port.vlans) does not list are taken away. Without O(veths[].port.vlans)
                it does nothing.
            type: bool
            default: true
      addresses:
        description:
          - Addresses, each as C(LOCAL[/PREFIX] [peer REMOTE[/PREFIX]] [nodad]). Without a prefix it is a single
            address. C(nodad) takes an IPv6 address into use without looking for a duplicate. Others stay, unless
            O(veths[].purge_addresses) is true.
        type: list
        elements: str
      purge_addresses:
        description:
          - Whether addresses that O(veths[].addresses) does not list are taken away. Those of DHCP and router advertisements
            and link-local ones always stay. Without O(veths[].addresses) it does nothing.
        type: bool
        default: true
      routes:
        description:
          - Routes through this link. Others stay, unless O(veths[].purge_routes) is true.
        type: list
        elements: dict
        suboptions:
          to:
            description:
              - 'Destination: a prefix, an address, or V(default), which is of the family of O(veths[].routes[].via),
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
          - Whether routes through this link that O(veths[].routes) does not list are taken away, in the main table
            and in those that O(veths[].routes) names. Those of the kernel, DHCP and router advertisements always
            stay. Without O(veths[].routes) it does nothing.
        type: bool
        default: true
      peer:
        description:
          - The far end of the cable. Needed if O(veths[].state=present).
        type: dict
        suboptions:
          name:
            description:
              - Name of the link, 1 to 15 bytes without C(/), C(:), C(%) and white space.
            type: str
            required: true
          netns:
            description:
              - 'Network namespace of the far end: a name or an absolute path. Left out or V(''''), the one that
                the module runs in, also if the near end is in another one.'
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
              - Only a new link can have another value, see O(veths[].recreate).
            type: int
          num_rx_queues:
            description:
              - Number of receive queues.
              - V(1) to V(4096).
              - Only a new link can have another value, see O(veths[].recreate).
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
                  - O(veths[].peer.port.neigh_suppress) for each VLAN.
                  - Needs CONFIG_BRIDGE_VLAN_FILTERING and Linux 6.4 in the kernel.
                type: bool
              mab:
                description:
                  - Whether hosts on a locked port show up in the forwarding database as locked.
                  - Needs Linux 6.2 in the kernel.
                type: bool
              vlans:
                description:
                  - VLANs. Others stay, unless O(veths[].peer.port.purge_vlans) is true.
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
                      - Whether packets that arrive untagged belong to it. Left alone if not given; false on a new
                        VLAN.
                    type: bool
                  untagged:
                    description:
                      - Whether its packets leave untagged. Left alone if not given; false on a new VLAN.
                    type: bool
              purge_vlans:
                description:
                  - Whether VLANs that O(veths[].peer.port.vlans) does not list are taken away. Without O(veths[].peer.port.vlans)
                    it does nothing.
                type: bool
                default: true
          addresses:
            description:
              - Addresses, each as C(LOCAL[/PREFIX] [peer REMOTE[/PREFIX]] [nodad]). Without a prefix it is a single
                address. C(nodad) takes an IPv6 address into use without looking for a duplicate. Others stay, unless
                O(veths[].peer.purge_addresses) is true.
            type: list
            elements: str
          purge_addresses:
            description:
              - Whether addresses that O(veths[].peer.addresses) does not list are taken away. Those of DHCP and
                router advertisements and link-local ones always stay. Without O(veths[].peer.addresses) it does
                nothing.
            type: bool
            default: true
          routes:
            description:
              - Routes through this link. Others stay, unless O(veths[].peer.purge_routes) is true.
            type: list
            elements: dict
            suboptions:
              to:
                description:
                  - 'Destination: a prefix, an address, or V(default), which is of the family of O(veths[].peer.routes[].via),
                    or IPv4.'
                type: str
                required: true
              via:
                description:
                  - Address of the gateway.
                type: str
              metric:
                description:
                  - 'Metric, V(0) to V(4294967295), the lowest wins. Left out, it is the kernel''s: 0 for IPv4,
                    1024 for IPv6.'
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
                  - How far the destination is; IPv4 only. Left out, a new route without a gateway gets V(link),
                    one with a gateway V(global).
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
              - Whether routes through this link that O(veths[].peer.routes) does not list are taken away, in the
                main table and in those that O(veths[].peer.routes) names. Those of the kernel, DHCP and router
                advertisements always stay. Without O(veths[].peer.routes) it does nothing.
            type: bool
            default: true
  links:
    description:
      - Links that are there already, such as network cards. They are never made, and given back when the layout
        goes.
    type: list
    elements: dict
    suboptions:
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
              - O(links[].port.neigh_suppress) for each VLAN.
              - Needs CONFIG_BRIDGE_VLAN_FILTERING and Linux 6.4 in the kernel.
            type: bool
          mab:
            description:
              - Whether hosts on a locked port show up in the forwarding database as locked.
              - Needs Linux 6.2 in the kernel.
            type: bool
          vlans:
            description:
              - VLANs. Others stay, unless O(links[].port.purge_vlans) is true.
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
              - Whether VLANs that O(links[].port.vlans) does not list are taken away. Without O(links[].port.vlans)
                it does nothing.
            type: bool
            default: true
      addresses:
        description:
          - Addresses, each as C(LOCAL[/PREFIX] [peer REMOTE[/PREFIX]] [nodad]). Without a prefix it is a single
            address. C(nodad) takes an IPv6 address into use without looking for a duplicate. Others stay, unless
            O(links[].purge_addresses) is true.
        type: list
        elements: str
      purge_addresses:
        description:
          - Whether addresses that O(links[].addresses) does not list are taken away. Those of DHCP and router advertisements
            and link-local ones always stay. Without O(links[].addresses) it does nothing.
        type: bool
        default: true
      routes:
        description:
          - Routes through this link. Others stay, unless O(links[].purge_routes) is true.
        type: list
        elements: dict
        suboptions:
          to:
            description:
              - 'Destination: a prefix, an address, or V(default), which is of the family of O(links[].routes[].via),
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
          - Whether routes through this link that O(links[].routes) does not list are taken away, in the main table
            and in those that O(links[].routes) names. Those of the kernel, DHCP and router advertisements always
            stay. Without O(links[].routes) it does nothing.
        type: bool
        default: true
"""

EXAMPLES = r"""
---
- name: Two namespaces on a bridge
  nfv.vnet.vnet_layout:
    name: lab
    namespaces:
      - name: red
      - name: blue
    bridges:
      - name: br0
        addresses: [192.0.2.1/24]
    veths:
      - name: red0
        master: br0
        peer: {name: eth0, netns: red, addresses: [192.0.2.11/24]}
      - name: blue0
        master: br0
        peer: {name: eth0, netns: blue, addresses: [192.0.2.12/24]}

- name: The same without blue, which goes away
  nfv.vnet.vnet_layout:
    name: lab
    namespaces:
      - name: red
    bridges:
      - name: br0
        addresses: [192.0.2.1/24]
    veths:
      - name: red0
        master: br0
        peer: {name: eth0, netns: red, addresses: [192.0.2.11/24]}

- name: A hundred namespaces on a bridge
  nfv.vnet.vnet_layout:
    name: crowd
    bridges:
      - name: br1
    namespaces: "{{ range(1, 101) | map('regex_replace', '(.+)', vnet_namespace) | map('from_yaml') }}"
    veths: "{{ range(1, 101) | map('regex_replace', '(.+)', vnet_cable) | map('from_yaml') }}"
  vars:
    vnet_namespace: '{name: n\1}'
    vnet_cable: '{name: n\1, master: br1, peer: {name: eth0, netns: n\1, addresses: [10.0.0.\1/24]}}'

- name: Nothing of it
  nfv.vnet.vnet_layout:
    name: lab
    state: absent
"""

RETURN = r"""
---
summary:
  description: How many of each kind (C(namespaces), C(bridges), C(tuntaps), C(veths), C(links)) are C(declared),
    C(made), C(changed), C(removed), C(adopted) and C(released). A cable counts once. What only gets its mark is
    not changed.
  returned: success
  type: dict
  sample:
    namespaces:
      declared: 2
      made: 1
      changed: 0
      removed: 0
      adopted: 0
      released: 0
kept:
  description: Kernel settings of the host that stay as they are, with O(state=absent).
  returned: success
  type: list
  elements: str
  sample:
    - net.ipv4.ip_forward
commands:
  description: The iproute2 commands that do the same, in order. What iproute2 cannot do is a comment.
  returned: success
  type: list
  elements: str
  sample:
    - ip netns add red
    - ip -n red link set dev lo up alias nfv.vnet:lab
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
        - veths
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
    from ansible_collections.nfv.vnet.plugins.module_utils._layouts import run

    run()


if __name__ == "__main__":
    main()
