# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The look of pictures in every format: boxes are filled, and lines have a medium tone, so that they can be read on light and dark pages."""

from __future__ import annotations

from typing import Dict, List, NamedTuple

from ansible_collections.nfv.vnet.plugins.plugin_utils._picture import Node

TEXT = "#1f2328"
LINE = "#768390"
"""The colour of lines without VLANs, and of frames."""


class Look(NamedTuple):
    """C(word) precedes the title."""

    fill: str
    border: str
    word: str = ""


LOOKS: Dict[str, Look] = {
    "host": Look("#e6e8eb", "#768390"),
    "namespace": Look("#dcebfb", "#4a84c4"),
    "bridge": Look("#d5f0dc", "#3a9457", "bridge"),
    "bond": Look("#d5f0dc", "#3a9457", "bond"),
    "vrf": Look("#fdf3c8", "#a8842c", "VRF"),
    "tun": Look("#fbe6cf", "#bf7326", "TUN"),
    "tap": Look("#fbe6cf", "#bf7326", "TAP"),
    "link": Look("#ece2f8", "#8d67c2"),
    "elsewhere": Look("#f3f3f3", "#768390"),
}
VLANS = ("#3b7dd8", "#d1495b", "#2b9348", "#9b5de5", "#c2711d", "#138d98", "#cf4795", "#868b14", "#a06d47", "#6673e0")
"""Colours that are visible on white and on black."""


def colours(vids: List[str]) -> Dict[str, str]:
    """A colour for each VLAN; repeated if there are more VLANs than colours."""
    return {vid: VLANS[number % len(VLANS)] for number, vid in enumerate(vids)}


def title(node: Node) -> str:
    if node.kind == "elsewhere":
        return node.title if node.lines else "elsewhere"
    return ("%s %s" % (LOOKS[node.kind].word, node.title)).strip()
