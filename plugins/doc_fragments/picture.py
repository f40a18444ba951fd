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
      - Or what M(nfv.vnet.vnet_info) returned. Then the picture also has network cards with addresses, cables that end in a namespace that was not
        looked at, which TUN and TAP devices are in use, and which network cards have no carrier.
    type: dict
    required: true
  fold:
    description:
      - Where more than so many namespaces or devices hang alike on the same bridges, one box stands for all of them. They are alike if their links
        have the same names, as many addresses with the same prefixes, as many routes, and the same VLANs.
      - In a picture with more than four times as many boxes, one box stands for three or more that are alike.
      - The same holds for namespaces alike that are cabled one to the next.
      - V(0) draws each of them.
    type: int
    default: 16
  direction:
    description: Whether the picture grows from left to right (V(LR)) or from top to bottom (V(TB)).
    type: str
    choices: [LR, TB]
    default: LR
notes:
  - A box is a namespace with its links, addresses and routes. The namespace that the module runs in is the box C(this host); it is there if any link
    in the picture needs it. Bridges are drawn apart, those of other namespaces in a frame, and have a line to the namespace if it has an address
    on them.
  - Each VLAN has a colour, which the legend tells. A cable with several is a trunk. A cable of which an end is down is dashed.
  - A box lists up to 24 addresses and four routes, and says how many more there are.
  - What is drawn is not checked, as M(nfv.vnet.vnet_layout) does.
seealso:
  - module: nfv.vnet.vnet_info
  - module: nfv.vnet.vnet_layout
"""
