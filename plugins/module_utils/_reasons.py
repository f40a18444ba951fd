# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps two namespaces apart, as far as that can be known: the way of a packet is followed, there and back."""

from __future__ import annotations

from typing import Dict, Iterator, List, NamedTuple, Optional, Protocol, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._paths import Chain, Way
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import is_bridge, tag_of
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, Host

_MOST_HOPS = 32
_FORWARDING = {False: "net/ipv4/ip_forward", True: "net/ipv6/conf/all/forwarding"}
_BRIDGE_CALLS = {False: "net/bridge/bridge-nf-call-iptables", True: "net/bridge/bridge-nf-call-ip6tables"}
_FAMILIES = {False: ("inet", "ip"), True: ("inet", "ip6")}


class Kernel(Protocol):
    """Of whom the way is asked."""

    def way(self, netns: str, target: str) -> Way:
        """How packets to an address leave the namespace."""

    def setting(self, netns: str, key: str) -> Optional[str]:
        """A setting below C(/proc/sys), None where there is none."""

    def chains(self, netns: str) -> List[Chain]:
        """The chains of packet filters that packets pass there."""


class _Door(NamedTuple):
    """Where a link meets others: the bridge, and the port of it; no port where the link is the bridge itself.

    C(tag): the VLAN of its frames there, 0 where they have no tag.
    """

    bridge: FoundLink
    port: Optional[FoundLink]
    tag: int


class _Gate(NamedTuple):
    """Where a firewall may stand: a namespace, the hook of nftables, and the bridge that forwards, if one does."""

    netns: str
    hook: str
    bridge: str = ""


class Reasons:
    """Knows the whole host, and asks the kernel for ways through it."""

    def __init__(self, host: Host, kernel: Kernel) -> None:
        self._host = host
        self._kernel = kernel
        self._owners: Dict[str, List[FoundLink]] = {}
        for link in host.links.values():
            for address in link.addresses:
                self._owners.setdefault(address.local, []).append(link)
        self._indexes: Dict[Tuple[str, int], FoundLink] = {(link.netns, link.ifindex): link for link in host.links.values()}

    def of(self, source: str, target: str, home: Optional[str]) -> str:
        """Why the address, which is in the namespace C(home), does not answer; '' where nothing is known to be in the way.

        A firewall comes last: what its rules let through is not known.
        """
        there: List[_Gate] = []
        reason = next(self._on_the_way(source, target, home, there), "")
        if reason:
            return reason
        back: List[_Gate] = []
        if home is not None and not any(self._translates(gate.netns) for gate in there):
            sender = self._sender(source, target)
            reason = next(self._on_the_way(home, sender, source, back), "") if sender else ""
        if reason:
            return "on the way back, %s" % reason
        return next((text for gate in [*there, *back] for text in self._dropped(gate, ":" in target)), "")

    def _sender(self, source: str, target: str) -> str:
        try:
            return self._kernel.way(source, target).source
        except KernelError:
            return ""

    def _translates(self, netns: str) -> bool:
        """Whether packets may leave it under other addresses, to which the answers go back."""
        return any(chain.kind == "nat" for chain in self._kernel.chains(netns))

    def _on_the_way(self, netns: str, target: str, home: Optional[str], gates: List[_Gate]) -> Iterator[str]:
        """What is in the way, from hop to hop; where a firewall may stand is added to C(gates)."""
        gates.append(_Gate(netns, "output"))
        for _hop in range(_MOST_HOPS):
            try:
                way = self._kernel.way(netns, target)
            except KernelError as error:
                yield "%s has no route to %s (%s)" % (space(netns), target, error)
                return
            link = self._indexes.get((netns, way.device))
            if not link:
                return
            yield from self._broken(link)
            door = self._next(link, way.gateway or target)
            if not door:
                return  # beyond what is known
            yield from self._broken(door)
            yield from self._between(link, door, gates)
            netns = door.netns
            if netns == home:
                gates.append(_Gate(netns, "input"))
                return
            gates.append(_Gate(netns, "forward"))
            key = _FORWARDING[":" in target]
            if self._kernel.setting(netns, key) == "0":
                yield "%s does not forward: %s is 0" % (space(netns), key.replace("/", "."))

    def _next(self, link: FoundLink, address: str) -> Optional[FoundLink]:
        """The link that has the address, beside this one: in other networks of the host others may have it, too."""
        owners = [owner for owner in self._owners.get(address, []) if owner.id != link.id]
        if len(owners) > 1:
            owners = [owner for owner in owners if owner.id == link.peer or self._meet(link, owner)]
        return owners[0] if len(owners) == 1 else None

    def _meet(self, link: FoundLink, other: FoundLink) -> bool:
        one, two = self._door(link), self._door(other)
        return bool(one and two and one.bridge.id == two.bridge.id) or self._stack(link)[-1].peer == self._stack(other)[-1].id

    def _stack(self, link: FoundLink) -> List[FoundLink]:
        """A link, and those that it stands on, one below the other."""
        stack = [link]
        while stack[-1].parent in self._host.links and self._host.links[stack[-1].parent] not in stack:
            stack.append(self._host.links[stack[-1].parent])
        return stack

    def _broken(self, link: FoundLink) -> Iterator[str]:
        """Links that are down: this one, those that it stands on, and the other end of the cable."""
        stack = self._stack(link)
        for end in stack + [self._host.links[key] for key in [stack[-1].peer] if key in self._host.links]:
            if not end.values.get("up"):
                yield "%s is down" % _named(end)

    def _between(self, link: FoundLink, other: FoundLink, gates: List[_Gate]) -> Iterator[str]:
        """What a bridge between two links does with the packet, and whether both ends of a cable have the same tag."""
        one, two = self._door(link), self._door(other)
        if not one or not two or one.bridge.id != two.bridge.id:
            if self._stack(link)[-1].peer == self._stack(other)[-1].id:
                yield from _tags(link, self._tag(link), other, self._tag(other))
            return
        if not one.bridge.values.get("up"):
            yield "%s is down" % _named(one.bridge)
        for port in (one.port, two.port):
            state = port.port.values.get("state") if port and port.port else "forwarding"
            if port and state != "forwarding":
                yield "%s is %s in %s, not forwarding%s" % (_named(port), state, one.bridge.name, " yet" if state in ("listening", "learning") else "")
        yield from _isolated(one, two)
        if one.bridge.values.get("vlan_filtering"):
            yield from _vlan(one, two)
        else:
            yield from _tags(link, one.tag, other, two.tag)
        if one.port and two.port:
            gates.append(_Gate(one.bridge.netns, "forward", one.bridge.name))

    def _door(self, link: FoundLink) -> Optional[_Door]:
        base, tag = self._stack(link)[-1], self._tag(link)
        if is_bridge(base.kind):
            return _Door(base, None, tag)
        port = base if base.master else self._host.links.get(base.peer) if base.peer else None
        bridge = self._host.links.get((port.netns, port.master)) if port and port.master else None
        return _Door(bridge, port, tag) if bridge else None

    def _tag(self, link: FoundLink) -> int:
        """The outermost tag of its frames, 0 where they have none."""
        stack = self._stack(link)
        return tag_of(stack[-2].kind, stack[-2].values) if len(stack) > 1 else 0

    def _dropped(self, gate: _Gate, ipv6: bool) -> Iterator[str]:
        """Chains at a gate that drop what their rules do not accept."""
        families = _FAMILIES[ipv6]
        if gate.bridge:
            families = ("bridge", *(families if self._kernel.setting(gate.netns, _BRIDGE_CALLS[ipv6]) == "1" else ()))
        for chain in self._kernel.chains(gate.netns):
            if chain.drops and chain.hook == gate.hook and chain.family in families:
                place = " in namespace %s" % gate.netns if gate.netns else " on the host"
                beside = ", and br_netfilter shows it what %s forwards" % gate.bridge if gate.bridge and chain.family != "bridge" else ""
                yield "chain %s of table %s %s%s drops what its rules do not accept%s" % (chain.name, chain.family, chain.table, place, beside)


def _isolated(one: _Door, two: _Door) -> Iterator[str]:
    ports = [door.port for door in (one, two) if door.port and door.port.port and door.port.port.values.get("isolated")]
    if len(ports) == 2:
        yield "%s and %s are isolated ports of %s" % (_named(ports[0]), _named(ports[1]), one.bridge.name)


def _tags(link: FoundLink, tag: int, other: FoundLink, other_tag: int) -> Iterator[str]:
    if tag != other_tag:
        words = ["VLAN %d" % number if number else "no tag" for number in (tag, other_tag)]
        yield "frames of %s have %s, those of %s %s" % (_named(link), words[0], _named(other), words[1])


def _vlan(one: _Door, two: _Door) -> Iterator[str]:
    """A frame comes in with its tag or in the PVID of one port, and leaves by the other if that has this VLAN, with a tag or without."""
    vlans = [(door.port.port.vlans if door.port and door.port.port else door.bridge.vlans) or {} for door in (one, two)]
    vids = [door.tag or next((vid for vid, vlan in of_port.items() if vlan.pvid), None) for door, of_port in zip((one, two), vlans)]
    names = [_named(door.port or door.bridge) for door in (one, two)]
    vid = vids[0]
    if vid is None:
        yield "%s has no PVID in %s, which filters VLANs" % (names[0], one.bridge.name)
    elif vid not in vlans[0]:
        yield "%s is not in VLAN %s" % (names[0], vid)
    elif vid not in vlans[1] or (two.tag and two.tag != vid):
        yield "%s is in VLAN %s, %s in %s" % (names[0], vid, names[1], "VLAN %s" % vids[1] if vids[1] else "none without a tag")
    elif bool(vlans[1][vid].untagged) == bool(two.tag):
        yield "%s is in VLAN %s, which %s sends %s a tag" % (names[0], vid, names[1], "without" if two.tag else "with")


def _named(link: FoundLink) -> str:
    return "%s in namespace %s" % (link.name, link.netns) if link.netns else "%s on the host" % link.name


def space(netns: str) -> str:
    return "namespace %s" % netns if netns else "the host"
