#!/usr/bin/python
# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module vnet_info. DOCUMENTATION and RETURN are generated: make docs."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vnet_info
short_description: Return the state of virtual networks, also as the declaration of a layout
version_added: 1.0.0
description:
  - Returns the network namespaces of a host and their links, ports, VLANs, addresses and routes, with the names
    of the modules' options.
  - Returns the same as a declaration for M(nfv.vnet.vnet_layout), with which a network that was built by hand can
    be adopted.
extends_documentation_fragment:
  - nfv.vnet.common.info
notes:
  - RV(declaration) does not include values that new links have anyway, nor links that cannot be declared, such
    as a veth whose peer is in a namespace without a name. It includes network cards only if they are ports of bridges.
  - RV(declaration) has routes whose gateway is reached through an address that it does not have, such as one from
    DHCP. On another host they need that address.
  - If RV(declaration) is applied to the same host as a layout, that layout adopts everything, and nothing else
    is changed. It is an error if a namespace or link belongs to another layout; O(for_layout) leaves those out.
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
  - module: nfv.vnet.vnet_layout
  - module: nfv.vnet.vnet_ping
options:
  namespaces:
    description:
      - Names of the network namespaces to read. V('') is the one that the module runs in. If it is left out, that
        one and all named ones are read.
    type: list
    elements: str
  types:
    description:
      - Types of links to return. V(other) are all types that this collection does not manage. If it is left out,
        all types are returned.
    type: list
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
      - loopback
      - other
    elements: str
  layout:
    description:
      - Name of a layout. If it is given, only namespaces and links of this layout are returned.
    type: str
  for_layout:
    description:
      - Name of a layout. If it is given, namespaces and links that belong to other layouts are left out, so that
        RV(declaration) can be applied as this one, also again.
    type: str
  exclude:
    description:
      - Names of namespaces and links to leave out. C(*) stands for any characters, and C(?) for one, as in V(docker*).
    type: list
    elements: str
  fdb:
    description:
      - Whether to return the forwarding databases of bridges, as RV(fdb).
    type: bool
    default: false
  counters:
    description:
      - Whether to return the counters of packets, bytes and errors of each link, as C(counters) of the status.
    type: bool
    default: false
  files:
    description:
      - Whether to return the contents of the files of namespaces in C(/etc/netns/NAME), also in RV(declaration).
    type: bool
    default: false
  macs:
    description:
      - Whether RV(declaration) includes MAC addresses.
    type: bool
    default: false
"""

EXAMPLES = r"""
---
- name: Read the state of the host
  nfv.vnet.vnet_info:
  register: vnet_everything

- name: Create a layout
  nfv.vnet.vnet_layout:
    name: lab
    links:
      - {type: bridge, name: br0}

- name: Read the bridges of the layout, with their forwarding databases
  nfv.vnet.vnet_info:
    layout: lab
    types: [bridge]
    fdb: true
  register: vnet_lab

- name: Read what belongs to no other layout
  nfv.vnet.vnet_info:
    for_layout: mine
    exclude: [docker*]
  register: vnet_host

- name: Adopt it
  nfv.vnet.vnet_layout:
    name: mine
    sysctl: "{{ vnet_host.declaration.sysctl }}"
    routes: "{{ vnet_host.declaration.routes | default([]) }}"
    rules: "{{ vnet_host.declaration.rules | default([]) }}"
    namespaces: "{{ vnet_host.declaration.namespaces }}"
    links: "{{ vnet_host.declaration.links }}"
"""

RETURN = r"""
---
namespaces:
  description: The namespaces, each with its C(name) (V('') for the one that the module runs in), C(nsid), C(routes),
    C(rules), the C(layout) that owns it (null if none), and whether it was C(adopted).
  returned: success
  type: list
  elements: dict
links:
  description: The links, each with the options of its module, its C(type), its kind in the kernel (C(kind), empty
    for most network cards), the C(peer) of a veth, the C(layout) that owns it (null if none), whether it was C(adopted),
    and its read-only C(status). Its C(dynamic_addresses) have a lifetime, and its C(dynamic_routes) are from DHCP
    or router advertisements, so they are not among C(addresses) and C(routes). Its C(counters) are returned if
    O(counters=true).
  returned: success
  type: list
  elements: dict
declaration:
  description: What was found, as options of M(nfv.vnet.vnet_layout).
  returned: success
  type: dict
  contains:
    sysctl:
      description: 'The kernel settings (sysctl) of the namespace that the module runs in, as far as they are not
        the initial ones of the kernel: forwarding, C(rp_filter), C(disable_ipv6), and those that begin with C(accept_),
        C(arp_) or C(proxy_), and C(autoconf), C(route_localnet) and C(send_redirects). The named namespaces have
        theirs, of IPv4 also those that differ from the namespace that the module runs in, as a new one may inherit
        them. With O(layout) only settings of its links.'
      returned: success
      type: dict
    routes:
      description: The routes of the namespace that the module runs in which use no link, or several. Left out if
        there are none.
      returned: success
      type: list
      elements: dict
    rules:
      description: The routing rules of the namespace that the module runs in. Left out if there are none but those
        of the kernel.
      returned: success
      type: list
      elements: dict
    namespaces:
      description: The named namespaces.
      returned: success
      type: list
      elements: dict
    links:
      description: The links that this collection can create, each with its C(type), and bridge ports of other types,
        such as network cards.
      returned: success
      type: list
      elements: dict
declaration_lacks:
  description: What links, addresses and routes have and RV(declaration) does not say, so that it would be different
    elsewhere. Among them are addresses with a lifetime, metrics of routes such as C(window), queueing disciplines
    with classes, and virtual links of other types. Packet filters, filters of L(tc(8),https://man7.org/linux/man-pages/man8/tc.8.html)
    apart from mirrors, WireGuard peers, and features of network cards are not looked at.
  returned: success
  type: list
  elements: dict
  contains:
    netns:
      description: Name of the namespace.
      returned: success
      type: str
    link:
      description: Name of the link.
      returned: success
      type: str
    what:
      description: What is not declared, in the words of ip(8).
      returned: success
      type: str
    declared:
      description: Whether RV(declaration) has it, but not with everything that it has.
      returned: success
      type: bool
  sample:
    - netns: ''
      link: br0
      what: address 192.0.2.1/24 broadcast 192.0.2.255 noprefixroute
      declared: true
fdb:
  description: The entries of the forwarding databases of bridges, each with C(netns), C(bridge), C(port), C(mac),
    C(vlan), C(permanent) and C(flags).
  returned: if O(fdb) is true
  type: list
  elements: dict
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
    from ansible_collections.nfv.vnet.plugins.module_utils._task._run import run_info

    run_info()


if __name__ == "__main__":
    main()
