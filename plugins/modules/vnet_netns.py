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
version_added: 0.1.0
description:
  - Makes, sets up and removes named network namespaces, as C(ip netns) does.
  - Does what ip-netns in section 8 of the manual does, without needing it on the target host.
extends_documentation_fragment:
  - nfv.vnet.common
notes:
  - With O(state=absent) the links in the namespace go away with it, and with them the other ends of its cables.
    While processes live in it, it goes on for them without a name; a warning and RV(status.pids) say so.
  - An empty plain file under the name, as a crash leaves it, is made into a namespace, or removed.
seealso:
  - module: nfv.vnet.vnet_bridge
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
      - Addresses of its C(lo), each as C(LOCAL[/PREFIX] [peer REMOTE[/PREFIX]] [nodad]). Without a prefix it is
        a single address. C(nodad) takes an IPv6 address into use without looking for a duplicate. Others stay,
        unless O(purge_addresses) is true.
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
      - Routes of the namespace. Others stay, unless O(purge_routes) is true.
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
      dev:
        description:
          - Link that the route goes through. Left out, the kernel takes the one that reaches O(routes[].via).
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
      - Whether routes without a link (V(blackhole) and the like) that O(routes) does not list are taken away, in
        the main table and in those that O(routes) names. A route that goes through a link, such as a default route
        by a gateway, is purged with that link's module. Without O(routes) it does nothing.
    type: bool
    default: false
"""

EXAMPLES = r"""
---
- name: A namespace that forwards packets
  nfv.vnet.vnet_netns:
    name: red
    sysctl:
      net.ipv4.ip_forward: 1
      net.ipv6.conf.all.forwarding: 1

- name: A namespace whose traffic to a network goes nowhere
  nfv.vnet.vnet_netns:
    name: blue
    routes:
      - to: 198.51.100.0/24
        type: blackhole

- name: No such namespace
  nfv.vnet.vnet_netns:
    name: red
    state: absent
"""

RETURN = r"""
---
namespace:
  description:
    - 'The namespace as it is now, in the words of the options: given to the module again it changes nothing.'
    - Routes, VLANs and ports are only there if the task speaks of them. Empty with O(state=absent).
  returned: success
  type: dict
status:
  description: What can only be read.
  returned: success
  type: dict
  contains:
    pids:
      description: Processes that live in the namespace, which goes on for them when its name is removed; only with
        O(state=absent).
      type: list
      elements: int
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

    run("vnet_netns")


if __name__ == "__main__":
    main()
