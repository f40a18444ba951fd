#!/usr/bin/python
# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module vnet_netns. DOCUMENTATION and RETURN are generated: make docs."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vnet_netns
short_description: Manage network namespaces, with their settings (sysctl) and routes
version_added: 1.0.0
description:
  - Creates, configures and deletes named network namespaces, like C(ip netns).
  - The program C(ip) is not needed on the target host.
extends_documentation_fragment:
  - nfv.vnet.common
notes:
  - With O(state=absent) all links in the namespace are deleted with it, and so are their peers in other namespaces.
    While processes run in the namespace, it continues to exist without a name. The module warns of that and returns
    the processes in RV(status.pids).
  - An empty regular file in C(/run/netns), which a crash may leave there, is replaced by a namespace, or deleted
    with O(state=absent).
seealso:
  - module: nfv.vnet.vnet_bridge
  - module: nfv.vnet.vnet_bond
  - module: nfv.vnet.vnet_vrf
  - module: nfv.vnet.vnet_tuntap
  - module: nfv.vnet.vnet_dummy
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
      - 'Name of the network namespace, as in C(/run/netns): without C(/) and white space, and neither V(.) nor
        V(..).'
    type: str
    required: true
  state:
    description:
      - Whether the resource should exist.
    type: str
    default: present
    choices:
      - present
      - absent
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
  attach:
    description:
      - 'Gives the name to a network namespace that exists: the id of a process in it, as of a container, or an
        absolute path such as C(/proc/1234/ns/net). The task fails if the name is that of another namespace. With
        O(state=absent) only the name is removed.'
    type: str
  files:
    description:
      - Files of the namespace in C(/etc/netns/NAME), such as C(resolv.conf) and C(hosts), and their contents. Programs
        that C(ip netns exec) or the become plugin P(nfv.vnet.netns#become) runs see them in place of those in C(/etc).
        A null removes a file. Files that are not listed are not changed. One that is replaced keeps its mode and
        owner. One that comes back, as a change is taken back that removed it, can be read by its owner alone. O(state=absent)
        removes those that are listed, and leaves the others.
    type: dict
  loopback:
    description:
      - Whether the loopback link C(lo) of the namespace should be up.
    type: bool
    default: true
  sysctl:
    description:
      - 'Kernel settings (sysctl) inside the namespace: a dictionary of keys that begin with C(net.) and their values.
        Other settings are not changed. As in sysctl(8), a dot in the name of a link is written as a slash: C(net.ipv4.conf.eth0/10.forwarding).'
    type: dict
  nsid:
    description:
      - 'Id of the namespace, as seen from the namespace that the module runs in: V(0) to V(2147483647). Once set,
        the kernel never changes it. If it is left out, the kernel assigns one when it needs it.'
    type: int
  addresses:
    description:
      - 'IP addresses of C(lo), each as C(LOCAL[/PREFIX] [peer REMOTE[/PREFIX]]), and then the words of ip-address(8):
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
      - Routes of the namespace. Other routes are kept, unless O(purge_routes=true).
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
          - Address of the gateway. A V(unicast) route needs this or O(routes[].dev).
        type: str
      metric:
        description:
          - Metric of the route, V(0) to V(4294967295). The route with the lowest metric is used. If it is left
            out, it is 0 for IPv4 and 1024 for IPv6. For IPv6 the kernel takes V(0) for 1024.
        type: int
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
      table:
        description:
          - 'Routing table: its decimal number, or its name in C(/etc/iproute2/rt_tables) of the target host.'
        type: str
        default: main
      nexthops:
        description:
          - Two or more next hops, over which the packets are distributed, in place of O(routes[].via), O(routes[].dev)
            and O(routes[].onlink).
        type: list
        elements: dict
        suboptions:
          via:
            description:
              - Address of the gateway. It or O(routes[].nexthops[].dev) is required.
            type: str
          dev:
            description:
              - Name of the link. If it is left out, the kernel uses the link that reaches O(routes[].nexthops[].via).
            type: str
          weight:
            description:
              - Share of the packets, V(1) to V(256). If it is left out, it is 1.
            type: int
          onlink:
            description:
              - Whether the gateway is regarded as reachable on the link. If it is left out, it is V(false).
            type: bool
      dev:
        description:
          - Name of the link that the route uses. If it is left out, the kernel uses the link that reaches O(routes[].via).
        type: str
      type:
        description:
          - Type of the route. Packets of a V(unicast) route are forwarded; the other types drop them, V(unreachable)
            and V(prohibit) with an ICMP error.
        type: str
        default: unicast
        choices:
          - unicast
          - blackhole
          - unreachable
          - prohibit
  purge_routes:
    description:
      - Whether routes without a link (such as V(blackhole)) that are not listed in O(routes) should be removed,
        in the main table and in the tables that O(routes) names. Routes that use a link are purged by the module
        of the link. It has no effect without O(routes).
    type: bool
    default: false
  rules:
    description:
      - 'Rules of the routing policy: which routing table the route of a packet is looked up in. Rules that differ
        in any option are different rules. The kernel goes through those of one priority in the order in which they
        were added, which changes when one of them is added again; give each a priority of its own if that matters.
        Others are kept, unless O(purge_rules=true).'
    type: list
    elements: dict
    suboptions:
      priority:
        description:
          - Priority of the rule. The rule with the lowest number is looked at first.
          - The range is V(0) to V(4294967295).
        type: int
        required: true
      family:
        description:
          - Address family of the rule. If it is left out, it is that of O(rules[].from) or O(rules[].to), or V(ipv4)
            without these.
        type: str
        choices:
          - ipv4
          - ipv6
      invert:
        description:
          - Whether the rule is for packets that do not match (ip rule add not).
          - A new entry has V(false).
        type: bool
      from:
        description:
          - 'Source of the packets: an address or a prefix. V('''') is any.'
        type: str
      to:
        description:
          - 'Destination of the packets: an address or a prefix. V('''') is any.'
        type: str
      iif:
        description:
          - Name of the link that the packets arrive through; V(lo) for those of the host itself. It need not exist.
        type: str
      oif:
        description:
          - Name of the link that a socket is bound to, which sends the packets. It need not exist.
        type: str
      fwmark:
        description:
          - Mark of the packets, as V(0x10), or with a mask, as V(0x10/0xff). V('') is any.
        type: str
      tos:
        description:
          - TOS of the packets. V(0) is any.
          - The range is V(0) to V(255).
          - A new entry has V(0).
        type: str
      ipproto:
        description:
          - 'IP protocol of the packets: a number, or a name such as V(tcp). V(0) is any.'
          - The range is V(0) to V(255).
          - A new entry has V(0).
        type: str
      sport:
        description:
          - Source port of the packets, or a range such as V(1000-1999). V('') is any.
          - The range is V(1) to V(65535).
        type: str
      dport:
        description:
          - Destination port of the packets, or a range such as V(80-89). V('') is any.
          - The range is V(1) to V(65535).
        type: str
      uidrange:
        description:
          - Id of the user whose packets they are, or a range such as V(1000-1999). V('') is any.
          - The range is V(0) to V(4294967294).
        type: str
      l3mdev:
        description:
          - Whether the routing table is that of the VRF that the packets arrive through or leave through.
          - A new entry has V(false).
        type: bool
      type:
        description:
          - 'What is done with the packets: their route is looked up (V(lookup)), another rule is next (V(goto)),
            or they are dropped, with V(unreachable) and V(prohibit) with an ICMP error. V(nop) does nothing.'
          - A new entry has V(lookup).
        type: str
        choices:
          - lookup
          - goto
          - nop
          - blackhole
          - unreachable
          - prohibit
      table:
        description:
          - 'Routing table of V(lookup): its number, or its name in C(/etc/iproute2/rt_tables) of the target host.'
          - A new entry has V(main).
        type: str
      goto:
        description:
          - Priority of the rule that is next. It is required for O(rules[].type=goto).
          - The range is V(0) to V(4294967295).
          - A new entry has V(0).
        type: int
      suppress_prefixlength:
        description:
          - 'Routes with a prefix of this length, or a shorter one, are ignored: with V(0), default routes. V(-1)
            is none.'
          - The range is V(-1) to V(128).
          - A new entry has V(-1).
        type: int
      protocol:
        description:
          - 'Who has added the rule: a number, or a name such as V(static).'
          - The range is V(0) to V(255).
          - A new entry has V(static).
        type: str
  purge_rules:
    description:
      - Whether those that are not listed in O(rules) should be removed. The three rules of the kernel, its rule
        for VRFs, and those from DHCP and router advertisements are not. It has no effect without O(rules).
    type: bool
    default: false
"""

EXAMPLES = r"""
---
- name: Create a namespace that forwards packets
  nfv.vnet.vnet_netns:
    name: red
    sysctl:
      net.ipv4.ip_forward: 1
      net.ipv6.conf.all.forwarding: 1

- name: Create a namespace that drops packets to a network
  nfv.vnet.vnet_netns:
    name: blue
    routes:
      - to: 198.51.100.0/24
        type: blackhole

- name: Create a namespace whose routes depend on where packets come from, with name servers of its own
  nfv.vnet.vnet_netns:
    name: green
    files:
      resolv.conf: |
        nameserver 192.0.2.53
      hosts: |
        192.0.2.10 printer
    rules:
      - priority: 100
        from: 198.51.100.0/24
        table: 100
    routes:
      - to: default
        table: 100
        type: unreachable

- name: Delete the namespace
  nfv.vnet.vnet_netns:
    name: red
    state: absent

- name: Delete a namespace with its files
  nfv.vnet.vnet_netns:
    name: green
    state: absent
    files:
      resolv.conf: null
      hosts: null
"""

RETURN = r"""
---
namespace:
  description:
    - The current state of the namespace, with the names of the options, so that it can be passed to the module
      again.
    - Routes are included only if the task has O(routes). Empty with O(state=absent).
  returned: success
  type: dict
status:
  description: The read-only state.
  returned: success
  type: dict
  contains:
    pids:
      description: Ids of the processes that run in the namespace. It is empty unless O(state=absent).
      type: list
      elements: int
      returned: if the kernel reports it
commands:
  description: The equivalent commands of iproute2, in order. A change for which iproute2 has no command is shown
    as a comment (C(# ...)).
  returned: success
  type: list
  elements: str
  sample:
    - ip netns add red
    - ip -n red link set dev lo up
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

    run_resource("vnet_netns")


if __name__ == "__main__":
    main()
