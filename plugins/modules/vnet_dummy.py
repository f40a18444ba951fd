#!/usr/bin/python
# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module vnet_dummy. DOCUMENTATION and RETURN are generated: make docs."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vnet_dummy
short_description: Manage dummy links, which have addresses and drop all packets
version_added: 1.0.0
description:
  - Creates, changes and deletes dummy links.
  - A dummy link does not depend on any network card. It is used for addresses that belong to the host, such as
    that of a service or a router.
extends_documentation_fragment:
  - nfv.vnet.common
  - nfv.vnet.common.action_group
seealso:
  - module: nfv.vnet.vnet_netns
  - module: nfv.vnet.vnet_bridge
  - module: nfv.vnet.vnet_bond
  - module: nfv.vnet.vnet_vrf
  - module: nfv.vnet.vnet_tuntap
  - module: nfv.vnet.vnet_ifb
  - module: nfv.vnet.vnet_veth
  - module: nfv.vnet.vnet_vlan
  - module: nfv.vnet.vnet_macvlan
  - module: nfv.vnet.vnet_macvtap
  - module: nfv.vnet.vnet_ipvlan
  - module: nfv.vnet.vnet_vxlan
  - module: nfv.vnet.vnet_geneve
  - module: nfv.vnet.vnet_tunnel
  - module: nfv.vnet.vnet_link
  - module: nfv.vnet.vnet_layout
  - module: nfv.vnet.vnet_info
  - module: nfv.vnet.vnet_ping
options:
  name:
    description:
      - 'Name of the link: 1 to 15 bytes, without C(/), C(:), C(%) and white space.'
    type: str
    required: true
  netns:
    description:
      - 'Network namespace of the link: a name in C(/run/netns), or an absolute path such as C(/proc/1/ns/net).
        If it is left out or V(''''), the namespace that the module runs in is used. The task fails if the namespace
        does not exist.'
    type: str
  state:
    description:
      - Whether the resource should exist.
    type: str
    default: present
    choices:
      - present
      - absent
  up:
    description:
      - Whether the link should be up.
    type: bool
    default: true
  recreate:
    description:
      - Whether the link may be replaced by a new one if it cannot be changed as required. Settings that the task
        does not specify are lost then. Links on top of it, such as VLAN links, are recreated on the new one. If
        it is false, the task fails instead.
    type: bool
    default: false
  persistent:
    description:
      - 'Whether the resource is there again after a reboot of the target host. With V(true) the options of the
        task are stored in C(/etc/nfv-vnet), in place of those that were stored before, and the service C(nfv-vnet)
        of systemd applies what is stored when the host starts, before its network managers do anything. These leave
        the links and the ports of bridges alone from now on, except a bridge without O(ignore:addresses). With
        V(false) what is stored is forgotten; the rest of the task is carried out as always. If it is left out,
        what is stored is kept, and if the task changes something that a reboot would bring back otherwise, a warning
        says so. What is removed by O(state=absent) is forgotten: with one end of a veth pair the pair, with a namespace
        the links in it.'
    type: bool
  force:
    description:
      - 'Whether to go on if the task would cut off the host: if no link would answer to the address of the SSH
        connection any more, if the client of the connection would not be reached, or if no IPv4 or no IPv6 default
        route would work any more. If it is false, the task fails before anything is changed. That is checked for
        the network namespace of the host or container, not for links in other ones, and not if the module runs
        in another one by the become plugin or C(ip netns exec).'
    type: bool
    default: false
  confirm_timeout:
    description:
      - Time in seconds within which the change must be complete, and Ansible must have confirmed it over a new
        SSH connection. If that does not happen, as the change has cut off the host, a process on the target host
        rolls the change back, and the task fails instead of reporting the host as unreachable. Links and namespaces
        are deleted after the confirmation; until then those links are down, and those bridges have no ports. It
        needs the connection C(ansible.builtin.ssh), without a password that is asked for each time, must be longer
        than the timeout of that (C(ansible_timeout), 10 seconds by default), and cannot be used with C(async).
        The range is V(1) to V(86400).
    type: int
  mac:
    description:
      - MAC address of the link, such as V(02:00:00:00:00:01). A new link has a random one.
    type: str
  mtu:
    description:
      - Maximum transmission unit (MTU) of the link, in bytes.
      - The range is V(68) to V(65575).
      - A new link has V(1500).
    type: int
  txqueuelen:
    description:
      - Length of the transmit queue of the link, in packets.
      - The range is V(0) to V(2147483647).
      - A new link has V(1000).
    type: int
  alias:
    description:
      - 'Alias of the link: a free-form description of up to 255 bytes. V('''') removes it.'
    type: str
  link_group:
    description:
      - Number of the device group that the link belongs to.
      - The range is V(0) to V(2147483647).
      - A new link has V(0).
    type: int
  num_tx_queues:
    description:
      - Number of transmit queues of the link.
      - The range is V(1) to V(4096).
      - It cannot be changed on an existing link; with O(recreate=true) the link is replaced.
    type: int
  num_rx_queues:
    description:
      - Number of receive queues of the link.
      - The range is V(1) to V(4096).
      - It cannot be changed on an existing link; with O(recreate=true) the link is replaced.
      - 'Kernel requirement: CONFIG_RPS.'
    type: int
  gso_max_segs:
    description:
      - Maximum number of segments of a GSO packet (generic segmentation offload).
      - The range is V(1) to V(65535).
    type: int
  gso_max_size:
    description:
      - Maximum size of a GSO packet (generic segmentation offload), in bytes.
      - The range is V(1) to V(524280).
    type: int
  arp:
    description:
      - Whether neighbours on the link are resolved, by ARP and by neighbour discovery.
      - A new link has V(false).
    type: bool
  allmulticast:
    description:
      - Whether the link receives all multicast packets.
      - A new link has V(false).
    type: bool
  multicast:
    description:
      - Whether the link supports multicast.
      - A new link has V(false).
    type: bool
  promiscuous:
    description:
      - Whether the link is in promiscuous mode, in which it receives all packets.
      - A new link has V(false).
    type: bool
  ipv6_addrgenmode:
    description:
      - 'How the kernel generates the link-local IPv6 address: from the MAC address (V(eui64)), from a random secret
        (V(random)), from the setting C(net.ipv6.conf.LINK.stable_secret) (V(stable_secret)), or not at all (V(none)).
        It is set before the link goes up.'
      - A new link has V(eui64).
      - 'Kernel requirement: CONFIG_IPV6 (and no ipv6.disable=1).'
    type: str
    choices:
      - eui64
      - none
      - stable_secret
      - random
  disable_ipv6:
    description:
      - Whether IPv6 is disabled on the link. It is set before the link goes up.
      - A new link has V(false).
      - 'Kernel requirement: CONFIG_IPV6 (and no ipv6.disable=1).'
    type: bool
  qdisc:
    description:
      - Queueing discipline at the root of the link. O(qdisc.kind) is required; other fields that are left out are
        not changed, and have the kernel's default if the kind is new.
      - 'A new link has V({''kind'': ''''}).'
      - 'Kernel requirement: CONFIG_NET_SCHED, and CONFIG_NET_SCH_... for its kind.'
    type: dict
    suboptions:
      kind:
        description:
          - Kind of the queueing discipline; see the manual page C(tc-KIND). V('') is the one that the kernel chooses.
        type: str
        choices:
          - ''
          - netem
          - tbf
          - fq_codel
          - fq
          - pfifo
          - bfifo
      delay:
        description:
          - 'V(netem): delay of each packet, in seconds.'
          - The range is V(0) to V(4000).
        type: float
      jitter:
        description:
          - 'V(netem): by how much the delay varies, in seconds.'
          - The range is V(0) to V(4000).
        type: float
      delay_correlation:
        description:
          - 'V(netem): how much a delay depends on the one before, in per cent.'
          - The range is V(0) to V(100).
        type: float
      loss:
        description:
          - 'V(netem): packets that are lost, in per cent.'
          - The range is V(0) to V(100).
        type: float
      duplicate:
        description:
          - 'V(netem): packets that are duplicated, in per cent.'
          - The range is V(0) to V(100).
        type: float
      corrupt:
        description:
          - 'V(netem): packets in which a bit is changed, in per cent.'
          - The range is V(0) to V(100).
        type: float
      reorder:
        description:
          - 'V(netem): packets that are sent at once while the others are delayed, in per cent.'
          - The range is V(0) to V(100).
        type: float
      rate:
        description:
          - 'V(netem), V(tbf): bits a second. With V(netem), V(0) is no limit.'
          - The range is V(0) to V(1000000000000).
        type: int
      limit:
        description:
          - 'All kinds but V(tbf): how much may wait, in packets; with V(bfifo) in bytes.'
          - The range is V(0) to V(4294967295).
        type: int
      seed:
        description:
          - 'V(netem): seed of the random numbers, so that they are the same again.'
          - The range is V(0) to V(9223372036854775808).
          - 'Kernel requirement: Linux 6.6.'
        type: int
      burst:
        description:
          - 'V(tbf): bytes that may be sent at once.'
          - The range is V(1) to V(2147483647).
        type: int
      latency:
        description:
          - 'V(tbf): how long a packet may wait, in seconds.'
          - The range is V(0) to V(4000).
        type: float
      flows:
        description:
          - 'V(fq_codel): number of flows that are told apart. Only a new one can have another number.'
          - The range is V(1) to V(65536).
        type: int
      target:
        description:
          - 'V(fq_codel): acceptable delay, in seconds.'
          - The range is V(0) to V(4000).
        type: float
      interval:
        description:
          - 'V(fq_codel): time in which the delay must get lower than that, in seconds.'
          - The range is V(0) to V(4000).
        type: float
      quantum:
        description:
          - 'V(fq_codel), V(fq): bytes of a flow that are sent before the next flow.'
          - The range is V(1) to V(1048576).
        type: int
      memory_limit:
        description:
          - 'V(fq_codel): bytes of memory that may be used.'
          - The range is V(0) to V(2147483647).
        type: int
      flow_limit:
        description:
          - 'V(fq): packets of one flow that may wait.'
          - The range is V(1) to V(4294967295).
        type: int
      initial_quantum:
        description:
          - 'V(fq): bytes that a new flow may send at first. By default the kernel takes those of ten packets.'
          - The range is V(1) to V(2147483647).
        type: int
      maxrate:
        description:
          - 'V(fq): most bits a second of one flow. V(0) is no limit.'
          - The range is V(0) to V(17179869184).
        type: int
  mirror_ingress:
    description:
      - Name of a link to which the packets are copied that arrive through this link, but for those that a filter
        before (tc) drops or redirects. V('') ends that.
      - 'Kernel requirement: CONFIG_NET_CLS_MATCHALL and CONFIG_NET_ACT_MIRRED.'
    type: str
  mirror_egress:
    description:
      - Name of a link to which the packets are copied that leave through this link, but for those that a filter
        before (tc) drops or redirects. V('') ends that.
      - 'Kernel requirement: CONFIG_NET_CLS_MATCHALL and CONFIG_NET_ACT_MIRRED.'
    type: str
  features:
    description:
      - Features of the link by the names that C(ethtool -k) shows, such as V(tx-checksum-ip-generic), and whether
        they are on. Others are not changed.
      - 'Kernel requirement: Linux 5.8 with CONFIG_ETHTOOL_NETLINK.'
    type: dict
  master:
    description:
      - Name of the bridge or bond that the link should be a port of, or of the VRF that it should belong to, in
        the same namespace. V('') removes the link from it. If it is left out, it is not changed. A link goes down
        for a moment when it joins or leaves a bond or a VRF, and the kernel drops its routes and IPv6 addresses;
        those that are declared are set again.
    type: str
  port:
    description:
      - Settings of the link as a port of a bridge or of a bond. They require that the link is a port, or that O(master)
        makes it one. O(port.queue_id) and O(port.prio) are settings of ports of bonds, all others of ports of bridges.
    type: dict
    suboptions:
      state:
        description:
          - State of the port. It can be set to V(disabled) or V(forwarding), and only while STP is disabled on
            the bridge. The other values are those that the bridge sets while STP is enabled.
        type: str
        choices:
          - disabled
          - listening
          - learning
          - forwarding
          - blocking
      priority:
        description:
          - STP priority of the port. The port with the lowest value is preferred.
          - The range is V(0) to V(63).
          - A new port has V(32).
        type: int
      cost:
        description:
          - STP path cost of the port. Unless it is set, the kernel derives it from the speed of the link.
          - The range is V(1) to V(65535).
        type: int
      hairpin:
        description:
          - Whether the port may send packets back through itself (hairpin mode).
          - A new port has V(false).
        type: bool
      guard:
        description:
          - Whether the port is disabled when it receives an STP packet (BPDU guard). It works only while STP is
            enabled on the bridge.
          - A new port has V(false).
        type: bool
      root_block:
        description:
          - Whether the port must not become the root port (root guard).
          - A new port has V(false).
        type: bool
      fast_leave:
        description:
          - Whether the port leaves a multicast group as soon as it receives a leave message.
          - A new port has V(false).
          - 'Kernel requirement: CONFIG_BRIDGE_IGMP_SNOOPING.'
        type: bool
      learning:
        description:
          - Whether MAC addresses are learned on the port.
          - A new port has V(true).
        type: bool
      flood:
        description:
          - Whether unicast packets with an unknown destination are sent to the port.
          - A new port has V(true).
        type: bool
      proxy_arp:
        description:
          - Whether the bridge answers ARP requests on the port for hosts behind other ports (proxy ARP).
          - A new port has V(false).
        type: bool
      proxy_arp_wifi:
        description:
          - Whether the port does proxy ARP as IEEE 802.11 and Hotspot 2.0 require it.
          - A new port has V(false).
        type: bool
      mcast_router:
        description:
          - 'When the port is regarded as one with a multicast router: never (V(disabled)), after it has received
            queries (V(auto)), always (V(permanent)), or until a timeout (V(temporary)).'
          - A new port has V(auto).
          - 'Kernel requirement: CONFIG_BRIDGE_IGMP_SNOOPING.'
        type: str
        choices:
          - disabled
          - auto
          - permanent
          - temporary
      mcast_flood:
        description:
          - Whether multicast packets of unknown groups are sent to the port.
          - A new port has V(true).
        type: bool
      mcast_to_unicast:
        description:
          - Whether multicast packets are sent to each listener as unicast packets.
          - A new port has V(false).
          - 'Kernel requirement: CONFIG_BRIDGE_IGMP_SNOOPING.'
        type: bool
      vlan_tunnel:
        description:
          - Whether VLANs of the port are mapped to tunnels.
          - A new port has V(false).
          - 'Kernel requirement: CONFIG_BRIDGE_VLAN_FILTERING.'
        type: bool
      bcast_flood:
        description:
          - Whether broadcast packets are sent to the port.
          - A new port has V(true).
        type: bool
      group_fwd_mask:
        description:
          - Bit mask of the link-local groups 01:80:C2:00:00:0X that the port forwards. Bit 1 must not be set.
          - The range is V(0) to V(65535).
          - A new port has V(0).
        type: int
      neigh_suppress:
        description:
          - Whether the bridge answers ARP and neighbour discovery requests on behalf of the hosts (neighbour suppression).
          - A new port has V(false).
        type: bool
      isolated:
        description:
          - 'Whether the port is isolated: it communicates only with ports that are not.'
          - A new port has V(false).
        type: bool
      backup_port:
        description:
          - Name of the port that takes over when this one has no carrier. V('') removes it.
        type: str
      mcast_eht_hosts_limit:
        description:
          - Maximum number of hosts that are tracked on the port by multicast explicit host tracking.
          - The range is V(1) to V(4294967295).
          - A new port has V(512).
          - 'Kernel requirement: CONFIG_BRIDGE_IGMP_SNOOPING and Linux 5.12.'
        type: int
      locked:
        description:
          - 'Whether the port is locked: only hosts in the forwarding database may send.'
          - A new port has V(false).
          - 'Kernel requirement: Linux 5.18.'
        type: bool
      mcast_max_groups:
        description:
          - Maximum number of multicast groups on the port. V(0) means no limit.
          - The range is V(0) to V(4294967295).
          - A new port has V(0).
          - 'Kernel requirement: CONFIG_BRIDGE_IGMP_SNOOPING and Linux 6.3.'
        type: int
      neigh_vlan_suppress:
        description:
          - Whether neighbour suppression is configured for each VLAN of the port.
          - A new port has V(false).
          - 'Kernel requirement: CONFIG_BRIDGE_VLAN_FILTERING and Linux 6.4.'
        type: bool
      mab:
        description:
          - Whether hosts behind a locked port are added to the forwarding database as locked entries (MAC authentication
            bypass).
          - A new port has V(false).
          - 'Kernel requirement: Linux 6.2.'
        type: bool
      queue_id:
        description:
          - Number of the transmit queue of the bond whose packets the port sends. V(0) means none.
          - The range is V(0) to V(65535).
          - A new link has V(0).
        type: int
      prio:
        description:
          - Priority of the port when the bond chooses its active port. The port with the highest value is preferred.
          - The range is V(-2147483648) to V(2147483647).
          - A new link has V(0).
          - 'Kernel requirement: Linux 6.1.'
        type: int
      vlans:
        description:
          - 'VLANs of the port, each with its options, or as O(port.vlans[].vid) alone: V([10, 20-29]). Other VLANs
            are kept, unless O(port.purge_vlans=true).'
        type: list
        elements: dict
        suboptions:
          vid:
            description:
              - VLAN ID, V(1) to V(4094), or a range of them such as V(10-20).
            type: str
            required: true
          pvid:
            description:
              - 'Whether it is the PVID: the VLAN of untagged packets that arrive. If it is left out, it is not
                changed; for a new VLAN it is V(false).'
            type: bool
          untagged:
            description:
              - Whether packets of the VLAN leave untagged. If it is left out, it is not changed; for a new VLAN
                it is V(false).
            type: bool
          tunnel_id:
            description:
              - Id of the tunnel that the VLAN is mapped to, on a port with O(port.vlan_tunnel=true). V(0) is none.
              - The range is V(0) to V(16777215).
              - A new link has V(0).
              - 'Kernel requirement: Linux 5.8.'
            type: int
          state:
            description:
              - State of the VLAN on the port. It can only be set while STP is disabled on the bridge.
              - A new link has V(forwarding).
              - 'Kernel requirement: Linux 5.6.'
            type: str
            choices:
              - disabled
              - listening
              - learning
              - forwarding
              - blocking
          mcast_router:
            description:
              - When the VLAN is regarded as one with a multicast router on the port.
              - A new link has V(auto).
              - 'Kernel requirement: CONFIG_BRIDGE_IGMP_SNOOPING and Linux 5.15.'
            type: str
            choices:
              - disabled
              - auto
              - permanent
              - temporary
          neigh_suppress:
            description:
              - Whether neighbour suppression is enabled for the VLAN, on a port with O(port.neigh_vlan_suppress=true).
              - A new link has V(false).
              - 'Kernel requirement: Linux 6.4.'
            type: bool
      purge_vlans:
        description:
          - Whether VLANs that are not listed in O(port.vlans) should be removed. It has no effect without O(port.vlans).
        type: bool
        default: false
  addresses:
    description:
      - 'IP addresses of the link, each as C(LOCAL[/PREFIX] [peer REMOTE[/PREFIX]]), and then the words of ip-address(8):
        C(broadcast ADDRESS), where C(+) is the last address of the network, C(label NAME), C(scope SCOPE), C(metric
        NUMBER), C(nodad), C(noprefixroute), C(home), C(mngtmpaddr) and C(autojoin). What is not said is not changed.
        Without a prefix length it is C(/32) or C(/128). C(nodad) disables duplicate address detection for an IPv6
        address. One that is there with a lifetime, as from DHCP, is left as it is. Other addresses are kept, unless
        O(purge_addresses=true).'
    type: list
    elements: str
  purge_addresses:
    description:
      - Whether addresses that are not listed in O(addresses) should be removed. Addresses from DHCP and router
        advertisements, link-local addresses, and 127.0.0.1/8 and ::1/128 of C(lo) are always kept. It has no effect
        without O(addresses).
    type: bool
    default: false
  routes:
    description:
      - Routes through the link. A route is identified by O(routes[].to), O(routes[].table) and O(routes[].metric).
        One through this link with the same three is replaced. Other routes are kept, unless O(purge_routes=true).
    type: list
    elements: dict
    suboptions:
      to:
        description:
          - 'Destination of the route: a prefix, an address, or V(default). The address family of V(default) is
            that of O(routes[].via), or IPv4 without it.'
        type: str
        required: true
      via:
        description:
          - Address of the gateway. If it is left out, the destination is on the link.
        type: str
      metric:
        description:
          - Metric of the route, V(0) to V(4294967295). The route with the lowest metric is used. If it is left
            out, it is 0 for IPv4 and 1024 for IPv6. For IPv6 the kernel takes V(0) for 1024.
        type: int
      table:
        description:
          - 'Routing table: its decimal number, or its name in C(/etc/iproute2/rt_tables) of the target host. If
            it is left out, it is the table of the VRF that the link belongs to, or V(main).'
        type: str
      src:
        description:
          - Preferred source address. If it is left out, it is not changed; for a new route the kernel chooses.
        type: str
      scope:
        description:
          - 'Scope of the destination, for IPv4 only: V(global), V(site), V(link), V(host), a number, or a name
            in C(/etc/iproute2/rt_scopes) of the target host. If it is left out, a new route has the scope V(global)
            with a gateway, and V(link) without.'
        type: str
      onlink:
        description:
          - Whether the gateway is regarded as reachable on the link, even if no address of the link has its network.
            If it is left out, it is not changed; for a new route it is V(false).
        type: bool
      protocol:
        description:
          - 'Who has added the route: a number, a name such as V(static), or one in C(/etc/iproute2/rt_protos) of
            the target host. If it is left out, it is not compared; a new route has V(static).'
        type: str
      mtu:
        description:
          - MTU on the way to the destination, in bytes, at most 65520. V(0) is that of the link. If it is left
            out, it is not changed.
        type: int
      preference:
        description:
          - Preference of the route among routes with the same metric, for IPv6 only. If it is left out, it is not
            changed; for a new route it is V(medium).
        type: str
        choices:
          - medium
          - high
          - low
  purge_routes:
    description:
      - Whether routes through the link that are not listed in O(routes) should be removed, in the main table and
        in the tables that O(routes) names. Routes of the kernel, DHCP and router advertisements are always kept.
        It has no effect without O(routes).
    type: bool
    default: false
  altnames:
    description:
      - Alternative names of the link, by which ip(8) and other programs find it, too. Each has its options, or
        is O(altnames[].name) alone. Others are kept, unless O(purge_altnames=true).
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - 'Alternative name: 1 to 127 bytes, without C(/), C(:), C(%) and white space.'
        type: str
        required: true
  purge_altnames:
    description:
      - Whether those that are not listed in O(altnames) should be removed. None is kept then, also not those of
        udev. It has no effect without O(altnames).
    type: bool
    default: false
  neighbours:
    description:
      - 'Permanent neighbours on the link: IP addresses whose MAC addresses are not resolved, or which the host
        answers for (proxy). Others are kept, unless O(purge_neighbours=true).'
    type: list
    elements: dict
    suboptions:
      to:
        description:
          - IP address of the neighbour.
        type: str
        required: true
      mac:
        description:
          - MAC address of the neighbour. It is required unless O(neighbours[].proxy=true).
        type: str
      proxy:
        description:
          - Whether the host answers for the address on this link (proxy ARP, proxy NDP). The kernel drops the entry
            when the link loses its carrier; it is there again with the next run of the task.
          - A new entry has V(false).
        type: bool
      router:
        description:
          - Whether the neighbour is an IPv6 router.
          - A new entry has V(false).
        type: bool
      extern_learn:
        description:
          - Whether the entry is marked as learned by a control plane.
          - A new entry has V(false).
        type: bool
  purge_neighbours:
    description:
      - Whether those that are not listed in O(neighbours) should be removed. Only permanent ones and proxy entries
        are; those that the kernel has resolved are left alone. It has no effect without O(neighbours).
    type: bool
    default: false
  fdb:
    description:
      - 'Entries of the forwarding database: of the bridge that the link is a port of, of the link itself if it
        is a bridge, or if O(fdb[].dst) is given, of the VXLAN link. Others are kept, unless O(purge_fdb=true).'
    type: list
    elements: dict
    suboptions:
      mac:
        description:
          - MAC address. For a VXLAN link, V(00:00:00:00:00:00) stands for all unknown destinations, and may be
            there with several O(fdb[].dst).
        type: str
        required: true
      vlan:
        description:
          - VLAN of a bridge with VLAN filtering that the entry is for. V(0) is none.
          - The range is V(0) to V(4094).
          - A new entry has V(0).
        type: int
      dst:
        description:
          - IP address of the other end of a VXLAN tunnel. With it, the entry is one of the VXLAN link; without
            it, of the bridge.
        type: str
      port:
        description:
          - UDP port of the other end, if it is not that of the VXLAN link.
          - The range is V(0) to V(65535).
          - A new entry has V(0).
        type: int
      vni:
        description:
          - VXLAN id (VNI) to send with, if it is not that of the VXLAN link.
          - The range is V(0) to V(16777215).
          - A new entry has V(0).
        type: int
      src_vni:
        description:
          - VXLAN id (VNI) that the entry is for, of a VXLAN link with O(ignore:external=true).
          - The range is V(0) to V(16777215).
          - A new entry has V(0).
        type: int
      via:
        description:
          - Name of the link that the packets to O(fdb[].dst) leave through.
        type: str
      sticky:
        description:
          - Whether the entry stays on its port when frames of the MAC address arrive on another.
          - A new entry has V(false).
          - 'Kernel requirement: Linux 5.0.'
        type: bool
      extern_learn:
        description:
          - Whether the entry is marked as learned by a control plane.
          - A new entry has V(false).
        type: bool
      dynamic:
        description:
          - Whether the entry ages as a learned one does. It is there again with the next run of the task.
          - A new entry has V(false).
        type: bool
      local:
        description:
          - Whether frames to the MAC address are for the host itself. Entries of a bridge, and not of a port, always
            are.
          - A new entry has V(false).
        type: bool
  purge_fdb:
    description:
      - Whether those that are not listed in O(fdb) should be removed. Learned ones, own addresses of bridges and
        ports, and the remote address of a VXLAN link are not. It has no effect without O(fdb).
    type: bool
    default: false
"""

EXAMPLES = r"""
---
- name: Create a dummy link with addresses of a service
  nfv.vnet.vnet_dummy:
    name: anycast0
    addresses: [192.0.2.53/32, 2001:db8::53/128]

- name: Create a dummy link in a namespace
  nfv.vnet.vnet_dummy:
    name: anycast0
    netns: red
    addresses: [192.0.2.53/32]

- name: Delete the dummy link
  nfv.vnet.vnet_dummy:
    name: anycast0
    state: absent
"""

RETURN = r"""
---
dummy:
  description:
    - The current state of the link, with the names of the options, so that it can be passed to the module again.
    - Routes, VLANs and ports are included only if the task has these options. Empty with O(state=absent).
  returned: success
  type: dict
status:
  description: The read-only state.
  returned: success
  type: dict
  contains:
    ifindex:
      description: Index of the link in its namespace.
      type: int
      returned: if the kernel reports it
    operstate:
      description: Operational state of the link, such as V(up) or V(lowerlayerdown).
      type: str
      returned: if the kernel reports it
    carrier:
      description: Whether the link has a carrier.
      type: bool
      returned: if the kernel reports it
    port:
      description: The read-only state of the link as a bridge port.
      type: dict
      contains:
        designated_root:
          description: Identifier of the root bridge, as received on the port.
          type: str
          returned: if the kernel reports it
        designated_bridge:
          description: Identifier of the designated bridge of the segment.
          type: str
          returned: if the kernel reports it
        designated_port:
          description: Identifier of the designated port of the segment.
          type: int
          returned: if the kernel reports it
        designated_cost:
          description: Root path cost that the designated port announces.
          type: int
          returned: if the kernel reports it
        message_age_timer:
          description: Time until the information that was received on the port expires.
          type: float
          returned: if the kernel reports it
        forward_delay_timer:
          description: Time until the port changes to the next state.
          type: float
          returned: if the kernel reports it
        hold_timer:
          description: Time until the port may send the next BPDU.
          type: float
          returned: if the kernel reports it
        state:
          description: State of the port in the spanning tree.
          type: str
          returned: if the kernel reports it
      returned: if the kernel reports it
commands:
  description: The equivalent commands of iproute2, in order. A change for which iproute2 has no command is shown
    as a comment (C(# ...)).
  returned: success
  type: list
  elements: str
  sample:
    - ip link add name br0 type bridge
    - ip link set dev br0 up
persistent:
  description: Whether the resource is stored, so that it is there again after a reboot.
  returned: success
  type: bool
error:
  description: The error in RV(ignore:msg) as data.
  returned: if the options are wrong, or the kernel refuses a change; not if Ansible itself refuses the options
  type: dict
  contains:
    path:
      description: 'Path of the option that the error is about: names of options and positions in lists, counted
        from 0. Empty if the error is about the whole task.'
      returned: always
      type: list
      elements: raw
      sample:
        - links
        - 3
        - peer
        - netns
    errno:
      description: Name of the error that the kernel returned, see errno(3). Null if the error does not come from
        the kernel.
      returned: always
      type: str
      sample: EEXIST
"""

from ansible_collections.nfv.vnet.plugins.module_utils._task._archive import compile_once


def main() -> None:
    compile_once()
    from ansible_collections.nfv.vnet.plugins.module_utils._task._run import run_resource

    run_resource("vnet_dummy")


if __name__ == "__main__":
    main()
