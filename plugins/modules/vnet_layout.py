#!/usr/bin/python
# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module vnet_layout. DOCUMENTATION and RETURN are generated: make docs."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vnet_layout
short_description: Manage whole networks of namespaces and links in one task
version_added: 1.0.0
description:
  - Creates namespaces and links of all types in one task. If anything fails, all changes are rolled back. Links
    are created and brought up in the order that the kernel requires, independent of their order in the task.
  - The whole declaration is checked before anything is changed. An error names the item by its path, such as C(links[3].peer.netns).
  - O(namespaces) and O(links) describe the whole layout. The layout owns what it creates. What it created and what
    is not declared any more is deleted. What others created is never deleted.
  - The lists of a declared item (addresses, routes, ports, VLANs) are exact, which means that entries that are
    not listed are removed. If such a list is left out, it is not changed.
  - A declared link that exists already, such as a network card, is adopted. When it is removed from the layout,
    or the layout is removed, its original settings are restored.
extends_documentation_fragment:
  - nfv.vnet.common
notes:
  - What a layout owns is recorded on the target host under C(/run/nfv-vnet), which only root can write and everybody
    can read. It is gone after a reboot, like the links, and there again with them if the layout is stored. Where
    C(/run) cannot be written, the task fails. In a container that shares the network of the host but has a C(/run)
    of its own, the links of layouts of the host are links of others, and the other way round.
  - A layout belongs to the network namespace that it is declared from. A layout C(lab) of the host, and a layout
    C(lab) that a task declares inside a namespace (R(become plugin,ansible_collections.nfv.vnet.netns_become)),
    are two layouts.
  - The other modules of this collection do not look at ownership. They change and delete links of a layout like
    any other, and the next run of the layout restores them.
  - It is an error to declare a link or namespace of another layout. A link may be a port of a bridge that belongs
    to another layout.
  - Kernel settings (C(sysctl)) of the host and of adopted namespaces are not restored when the layout is removed.
  - If a run is killed, the next run of the same declaration completes it. What a link had beside its declaration,
    and loses for a moment in a run, such as IPv6 addresses and routes when it is renamed, may be lost then.
seealso:
  - module: nfv.vnet.vnet_netns
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
  - module: nfv.vnet.vnet_info
  - module: nfv.vnet.vnet_ping
options:
  name:
    description:
      - 'Name of the layout: 1 to 32 letters, digits, C(_), C(.) and C(-). Links and namespaces are owned by a layout
        of this name.'
    type: str
    required: true
  state:
    description:
      - Whether the layout should exist. With V(absent) everything that the layout created is removed, and the original
        settings of everything that it adopted are restored. Only O(name) is needed then.
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
  sysctl:
    description:
      - 'Kernel settings (sysctl) of the namespace that the module runs in: a dictionary of keys that begin with
        C(net.) and their values. They are kept with O(state=absent).'
    type: dict
  routes:
    description:
      - Routes of the namespace. They are those of the namespace that the module runs in. Those that the layout
        has added are removed when they are not listed any more. One that another layout has added belongs to that
        one.
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
  rules:
    description:
      - 'Rules of the routing policy: which routing table the route of a packet is looked up in. Rules that differ
        in any option are different rules. The kernel goes through those of one priority in the order in which they
        were added, which changes when one of them is added again; give each a priority of its own if that matters.
        They are those of the namespace that the module runs in. Those that the layout has added are removed when
        they are not listed any more. One that another layout has added belongs to that one.'
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
  namespaces:
    description:
      - 'Network namespaces. Each has the options of M(nfv.vnet.vnet_netns) except C(state), or is O(namespaces[].name)
        alone: V([red, blue]). C(purge_addresses), C(purge_routes) and C(purge_rules) default to V(true), so that
        given lists are exact. If O(namespaces) is left out, all namespaces that the layout created are deleted.'
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Name of the network namespace, as in C(/run/netns).
        type: str
        required: true
  links:
    description:
      - 'Links, in any order. Each has the options of the module for its O(links[].type) except C(state): a V(bridge)
        has the options of M(nfv.vnet.vnet_bridge), and so on. A link without a type has only the options that all
        links have: those of M(nfv.vnet.vnet_link), with which it may also be found by what it is (C(match)), renamed,
        and moved from another namespace (C(from_netns)). All C(purge_...), such as C(purge_addresses), C(purge_routes),
        C(purge_ports), C(purge_vlans), C(purge_neighbours), C(purge_fdb) and C(purge_altnames), default to V(true),
        so that given lists are exact. If O(links) is left out, all links that the layout created are deleted, and
        the original settings of adopted ones are restored.'
    type: list
    elements: dict
    suboptions:
      type:
        description:
          - Type of the link. If it is left out, the link must exist already, such as a network card. It is never
            created, and its original settings are restored when it is removed from the layout.
        type: str
        choices:
          - bridge
          - bond
          - vrf
          - tuntap
          - dummy
          - ifb
          - veth
          - vlan
          - macvlan
          - macvtap
          - ipvlan
          - vxlan
          - geneve
          - tunnel
      name:
        description:
          - Name of the link.
        type: str
        required: true
      netns:
        description:
          - 'Network namespace of the link: a name or an absolute path. If it is left out or V(''''), the namespace
            that the module runs in is used.'
        type: str
"""

EXAMPLES = r"""
---
- name: Create two namespaces on a bridge
  nfv.vnet.vnet_layout:
    name: lab
    namespaces:
      - name: red
      - name: blue
    links:
      - type: bridge
        name: br0
        addresses: [192.0.2.1/24]
      - type: veth
        name: red0
        master: br0
        peer: {name: eth0, netns: red, addresses: [192.0.2.11/24]}
      - type: veth
        name: blue0
        master: br0
        peer: {name: eth0, netns: blue, addresses: [192.0.2.12/24]}

- name: Remove one of the namespaces
  nfv.vnet.vnet_layout:
    name: lab
    namespaces:
      - name: red
    links:
      - type: bridge
        name: br0
        addresses: [192.0.2.1/24]
      - type: veth
        name: red0
        master: br0
        peer: {name: eth0, netns: red, addresses: [192.0.2.11/24]}

- name: Create a hundred namespaces on a bridge
  nfv.vnet.vnet_layout:
    name: crowd
    namespaces: "{{ range(1, 101) | map('regex_replace', '(.+)', vnet_namespace) | map('from_yaml') }}"
    links: "{{ [vnet_bridge] + range(1, 101) | map('regex_replace', '(.+)', vnet_cable) | map('from_yaml') }}"
  vars:
    vnet_bridge: {type: bridge, name: br1}
    vnet_namespace: '{name: n\1}'
    vnet_cable: '{type: veth, name: n\1, master: br1, peer: {name: eth0, netns: n\1, addresses: [10.0.0.\1/24]}}'

- name: Remove the layout
  nfv.vnet.vnet_layout:
    name: lab
    state: absent

- name: Spread packets over two ways out, but for those from an address of one of them
  nfv.vnet.vnet_layout:
    name: ways
    namespaces:
      - name: edge
        routes:
          - to: default
            nexthops:
              - {via: 198.51.100.1, weight: 2}
              - {via: 203.0.113.1}
        rules:
          - {priority: 100, from: 203.0.113.2, table: 100}
    links:
      - type: veth
        name: way0
        addresses: [198.51.100.1/24]
        peer: {name: eth0, netns: edge, addresses: [198.51.100.2/24]}
      - type: veth
        name: way1
        addresses: [203.0.113.1/24]
        peer:
          name: eth1
          netns: edge
          addresses: [203.0.113.2/24]
          routes: [{to: default, via: 203.0.113.1, table: 100}]

- name: Change the network that the host is reached through
  block:
    - name: Make the network card a port of a bridge
      nfv.vnet.vnet_layout:
        name: uplink
        confirm_timeout: 30
        links:
          - type: bridge
            name: br0
            addresses: [192.0.2.10/24]
            routes: [{to: default, via: 192.0.2.1}]
          - name: eth0
            master: br0
  rescue:
    - name: Say that it was rolled back
      ansible.builtin.debug:
        var: ansible_failed_result.msg
"""

RETURN = r"""
---
summary:
  description: Numbers of C(namespaces) and C(links) that are C(declared), C(created), C(changed), C(removed), C(adopted)
    and C(released). A veth pair counts as one link. The namespace that the module runs in counts as a changed one
    if its own routes, rules or settings change, and not otherwise.
  returned: success
  type: dict
  sample:
    namespaces:
      declared: 2
      created: 1
      changed: 0
      removed: 0
      adopted: 0
      released: 0
    links:
      declared: 3
      created: 3
      changed: 0
      removed: 1
      adopted: 0
      released: 0
kept:
  description: With O(state=absent), the keys of O(sysctl) in this task, which keep their values. Empty if the task
    has no O(sysctl).
  returned: success
  type: list
  elements: str
  sample:
    - net.ipv4.ip_forward
commands:
  description: The equivalent commands of iproute2, in order. A change for which iproute2 has no command is shown
    as a comment (C(# ...)).
  returned: success
  type: list
  elements: str
  sample:
    - ip netns add red
    - ip -n red link set dev lo up
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
persistent:
  description: Whether the resource is stored, so that it is there again after a reboot.
  returned: success
  type: bool
"""

from ansible_collections.nfv.vnet.plugins.module_utils._task._archive import compile_once


def main() -> None:
    compile_once()
    from ansible_collections.nfv.vnet.plugins.module_utils._task._run import run_layout

    run_layout()


if __name__ == "__main__":
    main()
