#!/usr/bin/python
# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module vnet_info. DOCUMENTATION and RETURN are generated: make docs."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vnet_info
short_description: Return what there is of virtual networks, also as the declaration of a layout
version_added: 0.1.0
description:
  - Returns the namespaces of a host, and their links, ports, VLANs, addresses and routes, in the words of the options
    of the modules.
  - Returns the same as a declaration for M(nfv.vnet.vnet_layout), so that a network that was built by hand becomes
    one in one task.
extends_documentation_fragment:
  - nfv.vnet.common.info
notes:
  - RV(declaration) leaves out what new devices have by themselves, and what cannot be declared, such as cables
    whose other end is in a namespace without a name. Of network cards it has the ports of bridges only.
  - Applied to the host that it came from, RV(declaration) changes nothing but the marks of ownership.
seealso:
  - module: nfv.vnet.vnet_netns
  - module: nfv.vnet.vnet_bridge
  - module: nfv.vnet.vnet_tuntap
  - module: nfv.vnet.vnet_dummy
  - module: nfv.vnet.vnet_ifb
  - module: nfv.vnet.vnet_veth
  - module: nfv.vnet.vnet_vlan
  - module: nfv.vnet.vnet_layout
  - module: nfv.vnet.vnet_ping
options:
  namespaces:
    description:
      - Names of the namespaces to look at; V('') is the one that the module runs in. Left out, that one and all
        that have a name.
    type: list
    elements: str
  types:
    description:
      - Types of links to return; V(other) are all that this collection does not manage. Left out, all.
    type: list
    choices:
      - bridge
      - tuntap
      - dummy
      - ifb
      - veth
      - vlan
      - loopback
      - other
    elements: str
  layout:
    description:
      - Name of a layout; only what belongs to it is returned.
    type: str
  fdb:
    description:
      - Whether to return the forwarding databases of bridges.
    type: bool
    default: false
  macs:
    description:
      - Whether RV(declaration) has MAC addresses.
    type: bool
    default: false
"""

EXAMPLES = r"""
---
- name: Everything
  nfv.vnet.vnet_info:
  register: vnet_host

- name: What belongs to a layout, with what its bridges have learned
  nfv.vnet.vnet_info:
    layout: lab
    types: [bridge]
    fdb: true
  register: vnet_lab

- name: Take a network that was built by hand into a layout
  nfv.vnet.vnet_layout:
    name: mine
    namespaces: "{{ vnet_host.declaration.namespaces }}"
    links: "{{ vnet_host.declaration.links }}"
"""

RETURN = r"""
---
namespaces:
  description: The namespaces, each with its C(name) (V('') for the one that the module runs in), C(nsid), C(routes),
    and the C(layout) that it belongs to, if any.
  returned: success
  type: list
  elements: dict
links:
  description: The links, each with the options of its module, its C(type), what the kernel calls that (C(kind),
    empty for most network cards), the C(peer) of a cable, the C(layout) that it belongs to, whether it was C(adopted)
    by that, and C(status) that can only be read.
  returned: success
  type: list
  elements: dict
declaration:
  description: The same as the options O(nfv.vnet.vnet_layout#module:namespaces) and O(nfv.vnet.vnet_layout#module:links).
  returned: success
  type: dict
  contains:
    namespaces:
      description: Namespaces with a name.
      returned: success
      type: list
      elements: dict
    links:
      description: Links that this collection can create, each with its C(type), and ports of bridges that are of
        another type, such as network cards.
      returned: success
      type: list
      elements: dict
fdb:
  description: The entries of the forwarding databases of bridges, each with C(netns), C(bridge), C(port), C(mac),
    C(vlan), C(permanent) and C(flags).
  returned: if O(fdb) is true
  type: list
  elements: dict
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
    from ansible_collections.nfv.vnet.plugins.module_utils._info import run

    run()


if __name__ == "__main__":
    main()
