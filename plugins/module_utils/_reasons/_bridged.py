# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a bridge does not deliver the frames of one port to another: isolation, flooding, VLANs."""

from __future__ import annotations

from typing import Iterator, Optional

from ansible_collections.nfv.vnet.plugins.module_utils._reasons._titles import link_title
from ansible_collections.nfv.vnet.plugins.module_utils._reasons._topology import Attachment
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink

_FLOODED = {False: "bcast_flood", True: "mcast_flood"}
"""What must be on for a port to get requests for neighbours."""


def isolated(one: Attachment, two: Attachment) -> Iterator[str]:
    """Yields two isolated ports."""
    ports = [attachment.port for attachment in (one, two) if attachment.port and attachment.port.port and attachment.port.port.values.get("isolated")]
    if len(ports) == 2:
        yield "%s and %s are isolated ports of %s" % (link_title(ports[0]), link_title(ports[1]), one.bridge.name)


def unflooded(attachment: Optional[Attachment], ipv6: bool) -> Iterator[str]:
    """Yields the setting that keeps requests for neighbours from a port: ARP sends them to all, neighbour discovery to a group."""
    port, name = attachment.port if attachment else None, _FLOODED[ipv6]
    if attachment and port and port.port and port.port.values.get(name) is False:
        yield "%s does not get requests for neighbours from %s: %s is off" % (link_title(port), attachment.bridge.name, name)


def differing_tags(link: FoundLink, tag: int, other: FoundLink, other_tag: int) -> Iterator[str]:
    """Yields that two links do not have the same VLAN."""
    if tag != other_tag:
        words = ["VLAN %d" % number if number else "no tag" for number in (tag, other_tag)]
        yield "frames of %s have %s, those of %s %s" % (link_title(link), words[0], link_title(other), words[1])


def filtered(one: Attachment, two: Attachment) -> Iterator[str]:
    """Yields what VLAN filtering does: a frame enters in its VLAN or the PVID of one port, and leaves the other if that is in this VLAN."""
    vlans = [(attachment.port.port.vlans if attachment.port and attachment.port.port else attachment.bridge.vlans) or {} for attachment in (one, two)]
    vids = [attachment.tag or next((vid for vid, vlan in of_port.items() if vlan.pvid), None) for attachment, of_port in zip((one, two), vlans)]
    names = [link_title(attachment.port or attachment.bridge) for attachment in (one, two)]
    vid = vids[0]
    if vid is None:
        yield "%s has no PVID in %s, which filters VLANs" % (names[0], one.bridge.name)
    elif vid not in vlans[0]:
        yield "%s is not in VLAN %s" % (names[0], vid)
    elif vid not in vlans[1] or (two.tag and two.tag != vid):
        yield "%s is in VLAN %s, %s in %s" % (names[0], vid, names[1], "VLAN %s" % vids[1] if vids[1] else "none without a tag")
    elif bool(vlans[1][vid].untagged) == bool(two.tag):
        yield "%s is in VLAN %s, which %s sends %s a tag" % (names[0], vid, names[1], "without" if two.tag else "with")
