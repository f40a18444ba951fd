#!/usr/bin/python
# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module vnet_ping. DOCUMENTATION and RETURN are generated: make docs."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: vnet_ping
short_description: Check which namespaces reach which addresses, and why others do not
version_added: 1.0.0
description:
  - Sends ICMP echo requests from inside network namespaces, to all destinations at once. Fails if the replies are
    not as expected. The program C(ping) is not needed.
  - Waits until a deadline for what is still coming up, such as ports that do not forward yet and duplicate address
    detection.
  - 'Returns the reason why a pair does not communicate, if it is known: a link is down, a port does not forward,
    ports are isolated, VLANs differ, a route there or back is missing, nobody has the address of the gateway, somebody
    else has that of the destination, a permanent neighbour is wrong, forwarding is disabled, or a chain of nftables
    drops packets by its policy. A pair whose packets somebody else answers counts as unreachable.'
extends_documentation_fragment:
  - nfv.vnet.common.probe
notes:
  - Sending requests creates neighbour entries. The module deletes those that it caused, because the neighbour table
    has one size limit for all namespaces.
  - It is an error if two namespaces have no addresses of a common family.
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
  - module: nfv.vnet.vnet_info
options:
  layout:
    description:
      - Name of a layout that selects the namespaces. The task fails if one of them was deleted, even if another
        one has its name. If it is left out, all named namespaces are used.
    type: str
  sources:
    description:
      - Names of the namespaces that send echo requests. V('') is the namespace that the module runs in. If it is
        left out, the namespaces of O(layout) are used, and the host itself if the layout sets addresses on it.
    type: list
    elements: str
  destinations:
    description:
      - Addresses to send echo requests to; or names of namespaces, which stand for all their addresses of the families
        that the source has; or networks such as V(10.0.0.0/24), which stand for all addresses of namespaces in
        them. Namespaces that have the same address are told from each other by where the packets go. If it is left
        out, the namespaces of O(sources) are used, each as a destination of the others.
    type: list
    elements: str
  family:
    description:
      - Address family of the destinations. If it is left out, both families are used.
    type: str
    choices:
      - ipv4
      - ipv6
  reachable:
    description:
      - Pairs whose source must reach the destination; the reverse direction is not tested. With this option only
        the pairs in it and in O(unreachable) are tested, and O(sources) and O(destinations) must be left out. Without
        it, every pair of these that is not in O(unreachable) must be reachable.
    type: list
    elements: dict
    suboptions:
      sources:
        description:
          - Names of the namespaces that send echo requests. V('') is the namespace that the module runs in.
        type: list
        required: true
        elements: str
      destinations:
        description:
          - Addresses to send echo requests to; or names of namespaces, which stand for all their addresses of the
            families that the source has; or networks such as V(10.0.0.0/24), which stand for all addresses of namespaces
            in them. Namespaces that have the same address are told from each other by where the packets go.
        type: list
        required: true
        elements: str
  unreachable:
    description:
      - Pairs that must not reach each other.
    type: list
    elements: dict
    suboptions:
      sources:
        description:
          - Names of the namespaces that send echo requests. V('') is the namespace that the module runs in.
        type: list
        required: true
        elements: str
      destinations:
        description:
          - Addresses to send echo requests to; or names of namespaces, which stand for all their addresses of the
            families that the source has; or networks such as V(10.0.0.0/24), which stand for all addresses of namespaces
            in them. Namespaces that have the same address are told from each other by where the packets go.
        type: list
        required: true
        elements: str
  fail_on_difference:
    description:
      - Whether the task should fail if a pair is not as expected. With V(false) the result says so, for tasks that
        only measure.
    type: bool
    default: true
  count:
    description:
      - Number of echo requests to each destination, 1 to 10000. Requests that are sent before the destination answers
        for the first time are not counted.
    type: int
    default: 1
  size:
    description:
      - Number of data bytes in each echo request, 20 to 65507.
    type: int
    default: 56
  deadline:
    description:
      - Time in seconds, 0 to 3600, within which each reachable pair must have answered once. Links may still be
        coming up.
    type: float
    default: 10.0
  timeout:
    description:
      - Time in seconds, 0 to 60, to wait for each reply. For pairs in O(unreachable) the module waits this long
        to make sure that no reply arrives.
    type: float
    default: 1.0
"""

EXAMPLES = r"""
- name: Create three namespaces, one of which is separate
  nfv.vnet.vnet_layout:
    name: lan
    namespaces: [red, blue, green]
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

- name: Check that green reaches nobody, and that red and blue reach each other
  nfv.vnet.vnet_ping:
    layout: lan
    sources: [red, blue, green]
    unreachable:
      - sources: [red, blue]
        destinations: [green]
      - sources: [green]
        destinations: [red, blue]

- name: Check some pairs only
  nfv.vnet.vnet_ping:
    reachable:
      - sources: [red, blue]
        destinations: [192.0.2.1, "2001:db8::1"]
      - sources: [green]
        destinations: [198.51.100.1]

- name: Check only that two do not reach each other
  nfv.vnet.vnet_ping:
    reachable: []  # without it all other pairs of namespaces are tested, too
    unreachable:
      - sources: [red]
        destinations: [green]

- name: Measure loss and round-trip times of large packets
  nfv.vnet.vnet_ping:
    sources: [red]
    destinations: [blue]
    family: ipv4
    count: 20
    size: 1472
  register: result

- name: Remove the layout
  nfv.vnet.vnet_layout:
    name: lan
    state: absent
"""

RETURN = r"""
---
summary:
  description: Number of C(pairs), how many are C(reachable) and C(unreachable), how many are C(differing) from
    what is expected, and the round-trip times C(rtt) of all, in milliseconds.
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
  description: All pairs of a source and a destination.
  returned: success
  type: list
  elements: dict
  contains:
    source:
      description: The namespace that sends, V('') for the one that the module runs in.
      returned: always
      type: str
    destination:
      description: The address that is asked; V('') if the namespace has none that the source could ask.
      returned: always
      type: str
    namespace:
      description: The namespace of the address, null if it is not known.
      returned: always
      type: str
    reachable:
      description: Whether the destination answered.
      returned: always
      type: bool
    sent:
      description: Number of echo requests. It is 1 for a pair that never answered, and 0 if no request could be
        sent.
      returned: always
      type: int
    received:
      description: Number of replies.
      returned: always
      type: int
    loss:
      description: Packet loss in percent.
      returned: always
      type: float
    rtt:
      description: Round-trip times C(min), C(avg) and C(max), in milliseconds.
      returned: if it answered
      type: dict
    reason:
      description: Why the destination does not answer, as far as it is known.
      returned: if it did not answer
      type: str
differing:
  description: The pairs that are not as expected, each as in RV(pairs).
  returned: unless options are wrong
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
    from ansible_collections.nfv.vnet.plugins.module_utils._task._run import run_ping

    run_ping()


if __name__ == "__main__":
    main()
