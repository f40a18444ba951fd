#!/usr/bin/python
# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module vnet_layout. DOCUMENTATION and RETURN are generated: make docs."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vnet_layout
short_description: Manage whole networks in one task, which owns what it makes
version_added: 0.1.0
description:
  - Creates namespaces and links of all types in one task, all or nothing. Links are created and brought up in the
    order that the kernel needs, whatever their order here.
  - The whole declaration is checked before anything is touched; an error names the item by its path, such as C(links[3].peer.netns).
  - Lists that are given are exact, so addresses, routes, ports and VLANs that they do not have are taken away.
  - It owns what it makes. Each link is marked in the kernel by its alias, a namespace by that of its C(lo), and
    no file is kept. What a layout made and does not declare any more is removed. What others made is never removed.
  - What is there already and is declared, such as a network card as a port, is adopted. When the layout goes, or
    does not declare it any more, only what the layout set is taken back.
extends_documentation_fragment:
  - nfv.vnet.common
notes:
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
  - module: nfv.vnet.vnet_dummy
  - module: nfv.vnet.vnet_ifb
  - module: nfv.vnet.vnet_veth
  - module: nfv.vnet.vnet_vlan
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
      - 'Network namespaces, each with the options that M(nfv.vnet.vnet_netns) has beside C(state). C(purge_addresses)
        and C(purge_routes) are true if left out: lists that are given are exact.'
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Name of the namespace, as under C(/run/netns).
        type: str
        required: true
  links:
    description:
      - 'Links, in any order. Each has the options that the module of its O(links[].type) has beside C(state): a
        V(bridge) those of M(nfv.vnet.vnet_bridge), and so on. One without a type has those that all links have
        in common. C(purge_addresses), C(purge_routes), C(purge_ports) and C(purge_vlans) are true if left out:
        lists that are given are exact.'
    type: list
    elements: dict
    suboptions:
      type:
        description:
          - 'Type of the link. Left out, the link is one that is there already, such as a network card: it is never
            created, and gets back what it had when the layout goes.'
        type: str
        choices:
          - bridge
          - tuntap
          - dummy
          - ifb
          - veth
          - vlan
      name:
        description:
          - Name of the link.
        type: str
        required: true
      netns:
        description:
          - 'Namespace that the link is in: a name or an absolute path. Left out or V(''''), the one that the module
            runs in.'
        type: str
"""

EXAMPLES = r"""
---
- name: Two namespaces on a bridge
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

- name: The same without blue, which goes away
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

- name: A hundred namespaces on a bridge
  nfv.vnet.vnet_layout:
    name: crowd
    namespaces: "{{ range(1, 101) | map('regex_replace', '(.+)', vnet_namespace) | map('from_yaml') }}"
    links: "{{ [vnet_bridge] + range(1, 101) | map('regex_replace', '(.+)', vnet_cable) | map('from_yaml') }}"
  vars:
    vnet_bridge: {type: bridge, name: br1}
    vnet_namespace: '{name: n\1}'
    vnet_cable: '{type: veth, name: n\1, master: br1, peer: {name: eth0, netns: n\1, addresses: [10.0.0.\1/24]}}'

- name: Remove the lab
  nfv.vnet.vnet_layout:
    name: lab
    state: absent
"""

RETURN = r"""
---
summary:
  description: How many C(namespaces) and C(links) are C(declared), C(made), C(changed), C(removed), C(adopted)
    and C(released). A cable counts once. What only gets its mark is not changed.
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
    links:
      declared: 3
      made: 3
      changed: 0
      removed: 1
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
    from ansible_collections.nfv.vnet.plugins.module_utils._layouts import run

    run()


if __name__ == "__main__":
    main()
