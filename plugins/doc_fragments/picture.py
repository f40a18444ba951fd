# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that the filters for pictures have in common."""

from __future__ import annotations


class ModuleDocFragment:
    """Input and options of the filters."""

    DOCUMENTATION = r"""
author:
  - The nfv.vnet developers (@nfv-vnet)
options:
  _input:
    description:
      - A declaration, which is a dictionary with any of the options C(namespaces), C(links) and C(sysctl) of
        M(nfv.vnet.vnet_layout).
      - Or the result of M(nfv.vnet.vnet_info). Then the picture also has network cards with addresses, veths whose peer is in a namespace that was
        not read, which TUN and TAP devices are in use, and which network cards have no carrier.
      - Or several of these with the names of their hosts, in a dictionary C(hosts). Then each host is in a frame, and the tunnels between them are
        lines. VXLAN links with the same id and without a destination lead to one box.
    type: dict
    required: true
  fold:
    description:
      - If more than this number of parts of the picture are alike, such as namespaces on a bridge, or tenants with a bridge and namespaces each, they
        are drawn as one. They are alike if they are connected in the same way, their links have the same names, or names that contain that of their
        box, as many addresses with the same prefix lengths, as many routes, and the same VLANs, or each has a VLAN of its own.
      - The same applies to namespaces that are alike and form a chain.
      - If the picture has more than four times O(fold) boxes, three parts that are alike are already drawn as one.
      - V(0) means that every one is drawn.
    type: int
    default: 16
  direction:
    description: Direction of the picture, from left to right (V(LR)) or from top to bottom (V(TB)).
    type: str
    choices: [LR, TB]
    default: LR
notes:
  - A box is a namespace with its links, addresses and routes. The namespace that the module runs in is the box C(this host). Bridges are boxes of
    their own; those in other namespaces are in a frame. If the namespace has an address on a bridge, a line connects them.
  - A link that has a parent in another box is connected to it by a line.
  - Each VLAN has a colour, which is shown in the legend. A line with several VLANs is a trunk. A line is dashed if one of its ends is down.
  - A box lists up to 24 addresses and four routes, and the number of the others.
  - The declaration is not validated. M(nfv.vnet.vnet_layout) does that.
seealso:
  - module: nfv.vnet.vnet_info
  - module: nfv.vnet.vnet_layout
"""
