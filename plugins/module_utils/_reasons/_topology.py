# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which links are connected: the bridges, pairs and stacks that frames go through."""

from __future__ import annotations

from typing import Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._kinds import kind_of
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, Host, LinkId


class Attachment(NamedTuple):
    """The bridge that a link is attached to, and its port there; no port if the link is the bridge itself.

    C(tag): the VLAN of the link's frames there, 0 if they are untagged.
    """

    bridge: FoundLink
    port: Optional[FoundLink]
    tag: int


class Topology:
    """Which links of a host are connected, and by what."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._ports: Dict[LinkId, List[FoundLink]] = {}
        for link in host.links.values():
            if link.master:
                self._ports.setdefault((link.netns, link.master), []).append(link)
        self._below_ports = {link.parent for link in host.links.values() if link.parent and (link.master or kind_of(link.kind).is_attachable)}
        """The links below links that are ports themselves, such as VLAN links, or whose frames a program takes: frames may go on there."""
        self._networks: Dict[LinkId, object] = {}

    def ports(self, bridge: FoundLink) -> List[FoundLink]:
        """The ports of a bridge."""
        return self._ports.get(bridge.id, [])

    def is_closed(self, link: FoundLink) -> bool:
        """Whether the frames of a link get to links of this host alone."""
        attachment, base = self.attachment(link), self.stack(link)[-1]
        if attachment:
            return self.joined(attachment.bridge)[1]
        peer = self._host.links.get(base.peer) if base.peer else None
        return peer is not None and not peer.master and peer.id not in self._below_ports

    def meet(self, link: FoundLink, other: FoundLink) -> bool:
        """Whether two links are on one network."""
        return self.network(link) == self.network(other)

    def network(self, link: FoundLink) -> object:
        """What identifies the network that a link is on: the bridges that its frames get to, or both ends of its veth pair."""
        if link.id not in self._networks:
            attachment, base = self.attachment(link), self.stack(link)[-1]
            ends = sorted((base.id, base.peer or ("", "")))
            self._networks[link.id] = min(self.joined(attachment.bridge)[0]) if attachment else tuple(ends)
        return self._networks[link.id]

    def stack(self, link: FoundLink) -> List[FoundLink]:
        """A link and the links below it."""
        stack = [link]
        while stack[-1].parent in self._host.links and self._host.links[stack[-1].parent] not in stack:
            stack.append(self._host.links[stack[-1].parent])
        return stack

    def excludes(self, one: Attachment, two: Attachment) -> bool:
        """Whether no frame of the one's bridge gets to that of the other."""
        joined, are_all = self.joined(one.bridge)
        return are_all and two.bridge.id not in joined

    def ends_on(self, bridge: FoundLink) -> Iterator[FoundLink]:
        """The links that a bridge's frames get to directly: itself, and the other ends of its ports."""
        yield bridge
        for port in self._ports.get(bridge.id, ()):
            if port.peer in self._host.links:
                yield self._host.links[port.peer]

    def joined(self, bridge: FoundLink) -> Tuple[Set[LinkId], bool]:
        """The bridges that frames of a bridge get to over veth pairs, and whether they get to nobody else: over other links, where this host does
        not see them.
        """
        joined, left, are_all = {bridge.id}, [bridge.id], True
        while left:
            here = left.pop()
            are_all = are_all and here not in self._below_ports
            for port in self._ports.get(here, ()):
                peer = self._host.links.get(port.peer) if port.peer else None
                master = self.master(peer) if peer else None
                are_all = are_all and peer is not None and peer.id not in self._below_ports and (master is None or kind_of(master.kind).is_bridge)
                if master and kind_of(master.kind).is_bridge and master.id not in joined:
                    joined.add(master.id)
                    left.append(master.id)
        return joined, are_all

    def attachment(self, link: FoundLink) -> Optional[Attachment]:
        """Where a link is attached to a bridge, None if it is not."""
        base, tag = self.stack(link)[-1], self.tag(link)
        if kind_of(base.kind).is_bridge:
            return Attachment(base, None, tag)
        port = base if self.master(base) else self._host.links.get(base.peer) if base.peer else None
        bridge = self.master(port) if port else None
        if port and bridge and kind_of(bridge.kind).aggregates:
            port, bridge = bridge, self.master(bridge)
        return Attachment(bridge, port, tag) if bridge and kind_of(bridge.kind).is_bridge else None

    def master(self, link: FoundLink) -> Optional[FoundLink]:
        """The bridge or bond that a link is a port of."""
        master = self._host.links.get((link.netns, link.master)) if link.master else None
        return master if master and kind_of(master.kind).takes_frames else None

    def tag(self, link: FoundLink) -> int:
        """The outermost VLAN of the link's frames, 0 if they are untagged."""
        stack = self.stack(link)
        return kind_of(stack[-2].kind).tag(stack[-2].values) if len(stack) > 1 else 0
