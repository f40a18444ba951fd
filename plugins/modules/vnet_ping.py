#!/usr/bin/python
# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module vnet_ping. DOCUMENTATION and RETURN are generated: make docs."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vnet_ping
short_description: Tell which namespaces reach which addresses, and what keeps them apart
version_added: 0.1.0
description:
  - Sends ICMP echo requests from inside network namespaces, all at once, without the program ping, and fails where
    the answers are not as expected.
  - Waits for what is still coming up, such as forwarding ports and duplicate address detection, until a deadline.
  - Says what keeps a pair apart where that can be known. That is a link that is down, a port that does not forward
    (yet), isolated ports, VLANs, a missing route there or back, forwarding that is off, and chains of nftables
    that drop by their policy.
extends_documentation_fragment:
  - nfv.vnet.common.probe
notes:
  - Without O(reachable) and O(unreachable), all pairs must reach each other.
  - Neighbours that namespaces learn meanwhile are forgotten again, as all namespaces of a host share one table
    for them.
  - Two namespaces that have no addresses for each other are an error, as that would be no success.
seealso:
  - module: nfv.vnet.vnet_netns
  - module: nfv.vnet.vnet_bridge
  - module: nfv.vnet.vnet_tuntap
  - module: nfv.vnet.vnet_dummy
  - module: nfv.vnet.vnet_ifb
  - module: nfv.vnet.vnet_veth
  - module: nfv.vnet.vnet_vlan
  - module: nfv.vnet.vnet_layout
  - module: nfv.vnet.vnet_info
options:
  layout:
    description:
      - Name of a layout; left out, O(sources) are all namespaces that have a name.
    type: str
  sources:
    description:
      - Names of the namespaces that ask; V('') is the one that the module runs in. Left out, those of the layout,
        and the host itself if the layout gives it addresses.
    type: list
    elements: str
  destinations:
    description:
      - Addresses that are asked, or names of namespaces, which stand for their addresses of the families that the
        source has. Left out, those of O(sources).
    type: list
    elements: str
  family:
    description:
      - Which addresses to ask. Left out, both.
    type: str
    choices:
      - ipv4
      - ipv6
  reachable:
    description:
      - Pairs that must reach each other. Left out, all that are not in O(unreachable).
    type: list
    elements: dict
    suboptions:
      sources:
        description:
          - Names of the namespaces that ask; V('') is the one that the module runs in.
        type: list
        required: true
        elements: str
      destinations:
        description:
          - Addresses that are asked, or names of namespaces, which stand for their addresses of the families that
            the source has.
        type: list
        required: true
        elements: str
  unreachable:
    description:
      - Pairs that must not.
    type: list
    elements: dict
    suboptions:
      sources:
        description:
          - Names of the namespaces that ask; V('') is the one that the module runs in.
        type: list
        required: true
        elements: str
      destinations:
        description:
          - Addresses that are asked, or names of namespaces, which stand for their addresses of the families that
            the source has.
        type: list
        required: true
        elements: str
  count:
    description:
      - How many echo requests count. What is sent until a pair first answers does not.
    type: int
    default: 1
  size:
    description:
      - Bytes of data in each echo request, 20 to 65507.
    type: int
    default: 56
  deadline:
    description:
      - 'Seconds until all that must be reachable have answered: links may still be coming up.'
    type: float
    default: 10.0
  timeout:
    description:
      - Seconds to wait for a reply before it counts as lost, and for one that must not come.
    type: float
    default: 1.0
"""

EXAMPLES = r"""
- name: Three namespaces, of which green is apart
  nfv.vnet.vnet_layout:
    name: lan
    namespaces: [{name: red}, {name: blue}, {name: green}]
    links:
      - {type: bridge, name: br0, addresses: [192.0.2.1/24, "2001:db8::1/64"]}
      - {type: bridge, name: br1, addresses: [198.51.100.1/24]}
      - type: veth
        name: to-red
        master: br0
        peer: {name: eth0, netns: red, addresses: [192.0.2.2/24, "2001:db8::2/64"]}
      - type: veth
        name: to-blue
        master: br0
        peer: {name: eth0, netns: blue, addresses: [192.0.2.3/24, "2001:db8::3/64"]}
      - type: veth
        name: to-green
        master: br1
        peer: {name: eth0, netns: green, addresses: [198.51.100.2/24]}

- name: Green reaches nobody, and all others of the layout reach each other
  nfv.vnet.vnet_ping:
    layout: lan
    sources: [red, blue, green]
    unreachable:
      - sources: [red, blue]
        destinations: [green]
      - sources: [green]
        destinations: [red, blue]

- name: Some pairs only
  nfv.vnet.vnet_ping:
    reachable:
      - sources: [red, blue]
        destinations: [192.0.2.1, "2001:db8::1"]
      - sources: [green]
        destinations: [198.51.100.1]

- name: What is lost of large packets, and how long they take
  nfv.vnet.vnet_ping:
    sources: [red]
    destinations: [blue]
    family: ipv4
    count: 20
    size: 1472
  register: result

- name: Nothing of it
  nfv.vnet.vnet_layout:
    name: lan
    state: absent
"""

RETURN = r"""
---
summary:
  description: How many C(pairs) there are, how many were C(reachable) and C(unreachable), how many are C(differing)
    from what is expected, and the C(rtt) of all, in milliseconds.
  returned: unless options are wrong
  type: dict
  sample:
    pairs: 12
    reachable: 12
    unreachable: 0
    differing: 0
    rtt:
      min: 0.011
      avg: 0.034
      max: 0.079
pairs:
  description: Every pair.
  returned: unless options are wrong
  type: list
  elements: dict
  contains:
    source:
      description: The namespace that asks, V('') for the one that the module runs in.
      returned: always
      type: str
    destination:
      description: The address that is asked.
      returned: always
      type: str
    namespace:
      description: Where the address is, if that is known.
      returned: always
      type: str
    reachable:
      description: Whether it answered.
      returned: always
      type: bool
    sent:
      description: Echo requests that count. One for a pair that never answered, and none where none could be sent.
      returned: always
      type: int
    received:
      description: Replies to them.
      returned: always
      type: int
    loss:
      description: How much was lost, in percent.
      returned: always
      type: float
    rtt:
      description: Round-trip times, C(min), C(avg) and C(max), in milliseconds.
      returned: if it answered
      type: dict
    reason:
      description: What is in the way, as far as that can be known.
      returned: if it did not answer
      type: str
differing:
  description: Those of RV(pairs) that are not as expected.
  returned: unless options are wrong
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
    from ansible_collections.nfv.vnet.plugins.module_utils._ping import run

    run()


if __name__ == "__main__":
    main()
