# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps two namespaces apart, as far as that can be known: the way of a packet is followed, there and back."""

from __future__ import annotations

from typing import Dict, Iterator, List, NamedTuple, Optional, Protocol, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._paths import Chain, Way
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, Host, LinkId

_MOST_HOPS = 32
_FORWARDING = {False: "net/ipv4/ip_forward", True: "net/ipv6/conf/all/forwarding"}
_BRIDGE_CALLS = {False: "net/bridge/bridge-nf-call-iptables", True: "net/bridge/bridge-nf-call-ip6tables"}
_FAMILIES = {False: ("inet", "ip"), True: ("inet", "ip6")}


class Kernel(Protocol):
    """Of whom the way is asked."""

    def way(self, netns: str, target: str) -> Way: ...

    def setting(self, netns: str, key: str) -> Optional[str]: ...

    def chains(self, netns: str) -> List[Chain]: ...


class _Door(NamedTuple):
    """Where a link meets others: the bridge, and the port of it; no port where the link is the bridge itself."""

    bridge: FoundLink
    port: Optional[FoundLink]


class Reasons:
    """Knows the whole host, and asks the kernel for ways through it."""

    def __init__(self, host: Host, kernel: Kernel) -> None:
        self._host = host
        self._kernel = kernel
        self._owners: Dict[str, LinkId] = {address.local: link.id for link in host.links.values() for address in link.addresses}
        self._indexes: Dict[Tuple[str, int], FoundLink] = {(link.netns, link.ifindex): link for link in host.links.values()}

    def of(self, source: str, target: str) -> str:
        """Why the address does not answer the namespace; '' where nothing is known to be in the way."""
        routers: List[str] = []
        there = next(self._on_the_way(source, target, routers), "")
        if there or target not in self._owners or any(map(self._translates, routers)):
            return there
        home = self._owners[target][0]
        sender = self._sender(source, target)
        back = next(self._on_the_way(home, sender, []), "") if sender else ""
        return "on the way back, %s" % back if back else ""

    def _sender(self, source: str, target: str) -> str:
        try:
            return self._kernel.way(source, target).source
        except KernelError:
            return ""

    def _translates(self, netns: str) -> bool:
        """Whether packets may leave it under other addresses, to which the answers go back."""
        return any(chain.kind == "nat" for chain in self._kernel.chains(netns))

    def _on_the_way(self, netns: str, target: str, routers: List[str]) -> Iterator[str]:
        """What is in the way, from hop to hop; the namespaces that forward are added to C(routers)."""
        yield from self._dropped(netns, "output", target)
        for _hop in range(_MOST_HOPS):
            try:
                way = self._kernel.way(netns, target)
            except KernelError as error:
                yield "%s has no route to %s (%s)" % (_space(netns), target, error)
                return
            link = self._indexes.get((netns, way.device))
            if not link:
                return
            yield from self._broken(link)
            owner = self._owners.get(way.gateway or target)
            if not owner:
                return  # beyond what is known
            door = self._host.links[owner]
            yield from self._broken(door)
            yield from self._between(link, door, ":" in target)
            netns = door.netns
            if self._owners.get(target, ("",))[0] == netns:
                yield from self._dropped(netns, "input", target)
                return
            routers.append(netns)
            yield from self._not_forwarded(netns, target)

    def _broken(self, link: FoundLink) -> Iterator[str]:
        """Links that are down, from one end of a cable to the other."""
        ends = [link] + [self._host.links[key] for key in [link.peer] if key in self._host.links]
        for end in ends:
            if not end.values.get("up"):
                yield "%s is down" % _named(end)

    def _between(self, link: FoundLink, other: FoundLink, ipv6: bool) -> Iterator[str]:
        """What a bridge between two links does with the packet."""
        one, two = self._door(link), self._door(other)
        if not one or not two or one.bridge.id != two.bridge.id:
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
        if self._kernel.setting(one.bridge.netns, _BRIDGE_CALLS[ipv6]) == "1":
            for text in self._dropped(one.bridge.netns, "forward", ":" if ipv6 else ""):
                yield "%s, and br_netfilter shows it what %s forwards" % (text, one.bridge.name)

    def _door(self, link: FoundLink) -> Optional[_Door]:
        if link.kind == "bridge":
            return _Door(link, None)
        port = link if link.master else self._host.links.get(link.peer) if link.peer else None
        bridge = self._host.links.get((port.netns, port.master)) if port and port.master else None
        return _Door(bridge, port) if bridge else None

    def _not_forwarded(self, netns: str, target: str) -> Iterator[str]:
        key = _FORWARDING[":" in target]
        if self._kernel.setting(netns, key) == "0":
            yield "%s does not forward: %s is 0" % (_space(netns), key.replace("/", "."))
        yield from self._dropped(netns, "forward", target)

    def _dropped(self, netns: str, hook: str, target: str) -> Iterator[str]:
        for chain in self._kernel.chains(netns):
            if chain.drops and chain.hook == hook and chain.family in _FAMILIES[":" in target]:
                place = " in namespace %s" % netns if netns else " on the host"
                yield "chain %s of table %s %s%s drops what its rules do not accept" % (chain.name, chain.family, chain.table, place)


def _isolated(one: _Door, two: _Door) -> Iterator[str]:
    ports = [door.port for door in (one, two) if door.port and door.port.port and door.port.port.values.get("isolated")]
    if len(ports) == 2:
        yield "%s and %s are isolated ports of %s" % (_named(ports[0]), _named(ports[1]), one.bridge.name)


def _vlan(one: _Door, two: _Door) -> Iterator[str]:
    """A frame without a tag comes in with the PVID of one port, and leaves by the other if that has this VLAN, untagged."""
    vlans = [(door.port.port.vlans if door.port and door.port.port else door.bridge.vlans) or {} for door in (one, two)]
    pvids = [next((vid for vid, vlan in of_port.items() if vlan.pvid), None) for of_port in vlans]
    names = [_named(door.port or door.bridge) for door in (one, two)]
    if pvids[0] is None:
        yield "%s has no PVID in %s, which filters VLANs" % (names[0], one.bridge.name)
    elif pvids[0] not in vlans[1]:
        yield "%s is in VLAN %s, %s in %s" % (names[0], pvids[0], names[1], "VLAN %s" % pvids[1] if pvids[1] else "none without a tag")
    elif not vlans[1][pvids[0]].untagged:
        yield "%s is in VLAN %s, which %s sends with a tag" % (names[0], pvids[0], names[1])


def _named(link: FoundLink) -> str:
    return "%s in namespace %s" % (link.name, link.netns) if link.netns else "%s on the host" % link.name


def _space(netns: str) -> str:
    return "namespace %s" % netns if netns else "the host"
