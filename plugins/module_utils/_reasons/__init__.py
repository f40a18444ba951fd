# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the reason why one namespace does not reach another: follows the packet there and back, as far as the host knows."""

from __future__ import annotations

import errno
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Protocol, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import IPV6_MTU, ends_ipv6
from ansible_collections.nfv.vnet.plugins.module_utils._entries._fdb import has_other_ends
from ansible_collections.nfv.vnet.plugins.module_utils._entries._neighbours import NEIGHBOURS
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._forwarding import Arrived, Chain, NextHop
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import BY_KIND, LOOPBACK, has_table_of_ports, initial_of, kind_of, rows_of
from ansible_collections.nfv.vnet.plugins.module_utils._reasons._bridged import differing_tags, filtered, isolated, unflooded
from ansible_collections.nfv.vnet.plugins.module_utils._reasons._titles import link_title, namespace_title
from ansible_collections.nfv.vnet.plugins.module_utils._reasons._topology import Topology
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, Host

_MOST_DOWN = 3
"""Number of links that a reason names."""
_MOST_HOPS = 32
_FORWARDING = {False: "net/ipv4/conf/*/forwarding", True: "net/ipv6/conf/all/forwarding"}
"""What must be on for packets to be forwarded, with IPv4 that of the link where they arrive: Documentation/networking/ip-sysctl.rst."""
_IP_FORWARD = "net/ipv4/ip_forward"
"""What sets the former for all links."""
_SILENT = {False: {"net/ipv4/icmp_echo_ignore_all": "1"}, True: {"net/ipv6/icmp/echo_ignore_all": "1"}}
"""The values of settings with which a namespace answers no echo requests."""
_UNRESOLVED = {False: {"net/ipv4/conf/all/arp_ignore": "8", "net/ipv4/conf/*/arp_ignore": "8"}, True: {}}
"""Those with which it answers nobody who looks for its MAC address."""
_AS_KEY = str.maketrans("./", "/.")
"""From the path of a setting to its key in sysctl(8)."""
_BRIDGE_CALLS = {False: "net/bridge/bridge-nf-call-iptables", True: "net/bridge/bridge-nf-call-ip6tables"}
_FAMILIES = {False: ("inet", "ip"), True: ("inet", "ip6")}
_REFUSING = {errno.EINVAL: "a blackhole", errno.EACCES: "a prohibit", errno.EHOSTUNREACH: "an unreachable"}
"""What a route or rule of each type answers to a lookup: ip-route(8)."""
_OF_SOURCE = (errno.EINVAL, errno.EXDEV)
"""What the kernel answers if it does not take packets from a source, before Linux 6.13 the latter for rp_filter."""
_WHOLE_LOSS = 100
"""Per cent."""
_FILTERED = "%s drops packets from %s, as it would not answer through the link where they arrive (rp_filter)"
_STRICT = 1
"""The mode of rp_filter in which the way back must be the same link; in the other one any way back will do."""
_VLAN_TAG = 4
"""Bytes that a frame may be longer than the MTU of the link where it arrives."""
_HEADERS = {False: 28, True: 48}
"""Bytes of the headers of an echo request, IP and ICMP."""


class Kernel(Protocol):
    """Answers questions about the kernel."""

    def next_hop(self, netns: str, target: str, vrf: int = 0, arrived: Optional[Arrived] = None) -> NextHop:
        """The route lookup for an address in a namespace, or in the VRF with this index there; C(arrived): for a packet from elsewhere."""

    def setting(self, netns: str, key: str) -> Optional[str]:
        """A setting below C(/proc/sys), None if it does not exist."""

    def macs(self, netns: str, device: int, address: str) -> Set[str]:
        """The MAC addresses of whoever answers for an address on a link with this index."""

    def known_macs(self, netns: str, address: str) -> Set[str]:
        """The MAC addresses that a namespace has for an address so far."""

    def chains(self, netns: str) -> List[Chain]:
        """The base chains of packet filters in a namespace."""


class _Hook(NamedTuple):
    """A hook at which a packet filter may drop packets: namespace, hook of nftables, and the bridge that forwards, if any."""

    netns: str
    hook: str
    bridge: str = ""


class _Taken(str):
    """An obstacle: somebody else takes the packets, and may answer."""


class Reasons:
    """Combines the state of the host with route lookups."""

    def __init__(self, host: Host, kernel: Kernel, size: int = 0) -> None:
        """C(size): the data bytes of the echo requests that were sent."""
        self._host = host
        self._kernel = kernel
        self._size = size
        self._owners: Dict[str, List[FoundLink]] = {}
        for link in host.links.values():
            for local in {address.local for address in link.addresses}:  # with two prefix lengths it has one twice
                self._owners.setdefault(local, []).append(link)
        self._topology = Topology(host)
        self._lookups: Dict[Tuple[object, ...], NextHop] = {}
        self._indexes: Dict[Tuple[str, int], FoundLink] = {(link.netns, link.ifindex): link for link in host.links.values()}

    def of(self, source: str, target: str, home: Optional[str]) -> str:
        """Why the address, which is in namespace C(home), does not answer; '' if no reason is known.

        Packet filters come last, as it is not known what their rules accept.
        """
        there: List[_Hook] = []
        reason = next(self._obstacles(source, target, home, there), "")
        if reason:
            return reason
        back: List[_Hook] = []
        if home is not None and not any(self._translates(hook.netns) for hook in there):
            sender = self._sender(source, target)
            reason = next(self._obstacles(home, sender, source, back, Arrived(target, 0)), "") if sender else ""
        if reason:
            return "on the way back, %s" % reason
        return next((text for hook in [*there, *back] for text in self._dropped(hook, ":" in target)), "")

    def _sender(self, source: str, target: str) -> str:
        try:
            return self._next_hop(source, target).source
        except KernelError:
            return ""

    def _next_hop(self, netns: str, target: str, vrf: int = 0, arrived: Optional[Arrived] = None) -> NextHop:
        """As C(Kernel.next_hop()), which is asked once."""
        key = (netns, target, vrf, arrived)
        if key not in self._lookups:
            self._lookups[key] = self._kernel.next_hop(netns, target, vrf, arrived)
        return self._lookups[key]

    def _translates(self, netns: str) -> bool:
        """Whether the namespace may translate addresses (NAT), so that answers go elsewhere."""
        return any(chain.kind == "nat" for chain in self._kernel.chains(netns))

    def _obstacles(self, netns: str, target: str, home: Optional[str], hooks: List[_Hook], arrived: Optional[Arrived] = None) -> Iterator[str]:
        """Yields the obstacles hop by hop; adds the packet filter hooks that are passed to C(hooks). C(arrived): where an answer comes from."""
        hooks.append(_Hook(netns, "output"))
        vrf: Optional[FoundLink] = None
        visited = {(netns, "")}
        sender = arrived.source if arrived else ""
        for _hop in range(_MOST_HOPS):
            try:
                next_hop = self._next_hop(netns, target, vrf.ifindex if vrf else 0, arrived)
            except KernelError as error:
                place = "VRF %s of %s" % (vrf.name, namespace_title(netns)) if vrf else namespace_title(netns)
                is_of_source = arrived is not None and arrived.link and error.errno in _OF_SOURCE
                if is_of_source and any(owner.netns == netns for owner in self._owners.get(sender, ())):
                    yield "%s has the address %s, too, so it drops packets from there" % (place, sender)
                elif arrived and is_of_source and self._is_filtered(netns, arrived, vrf.ifindex if vrf else 0):
                    yield _FILTERED % (place, sender)
                elif error.errno in _REFUSING:
                    yield "%s has %s route or rule for %s" % (place, _REFUSING[error.errno], target)
                else:
                    own = [found for found in self._host.links.values() if found.netns == netns]
                    why = self._other_vrf(netns, target, vrf) or self._down(netns) or self._without_ipv6(target, own)
                    yield "%s has no route to %s (%s)%s" % (place, target, error, why)
                return
            link = self._indexes.get((netns, next_hop.device))
            if not link:
                return
            yield from self._broken(link)
            neighbour = next_hop.gateway or target
            attachment = self._next(link, neighbour)
            is_beside = attachment is not None and self._topology.stack(attachment)[-1] is self._topology.stack(link)[-1]  # frames go there directly
            yield from self._losing([link] if is_beside else self._topology.stack(link))
            if not attachment:
                yield from self._duplicate(link, neighbour, None if next_hop.gateway else home)
                if not next_hop.is_taken:
                    yield from self._missing(link, neighbour, bool(next_hop.gateway))
                return  # an address outside of this host
            yield from self._broken(attachment)
            yield from self._between(link, attachment, hooks)
            yield from self._apart(link, attachment, next_hop.gateway)
            yield from self._unresolved(link, attachment, neighbour)
            yield from self._too_large(link, attachment, ":" in target)
            before, netns, vrf = netns, attachment.netns, self._vrf(attachment)
            sender = sender or next_hop.source
            if (netns, vrf.name if vrf else "") in visited:
                yield "the routes to %s form a loop: %s sends packets to %s, where they have been" % (target, namespace_title(before), namespace_title(netns))
                return
            visited.add((netns, vrf.name if vrf else ""))
            arrived = Arrived(sender, attachment.ifindex) if sender else None
            if self._owners_in(netns, vrf, sender) and not sender.startswith("fe80:"):
                yield "%s has the address %s, too, so it drops packets from there" % (namespace_title(netns), sender)
            if netns == home or self._owners_in(netns, vrf, target):
                yield from self._in_other_vrf(target, attachment, vrf)
                yield from self._taken(netns, home, attachment, target)
                if arrived and self._is_filtered(netns, arrived, vrf.ifindex if vrf else 0):
                    yield _FILTERED % (namespace_title(netns), sender)
                yield from self._silent(attachment, _SILENT[":" in target])
                hooks.append(_Hook(netns, "input"))
                return
            hooks.append(_Hook(netns, "forward"))
            yield from self._unforwarded(netns, attachment, ":" in target)

    def _is_filtered(self, netns: str, arrived: Arrived, vrf: int) -> bool:
        """Whether a namespace drops a packet as it would answer through another link: rp_filter in Documentation/networking/ip-sysctl.rst."""
        link = self._indexes.get((netns, arrived.link))
        keys = ["net/ipv4/conf/%s/rp_filter" % name for name in ("all", link.name)] if link and ":" not in arrived.source else []
        mode = max((int(self._kernel.setting(netns, key) or 0) for key in keys), default=0)
        try:
            device = self._next_hop(netns, arrived.source, vrf).device
        except KernelError:
            return mode > 0
        return mode == _STRICT and device != arrived.link

    def _unforwarded(self, netns: str, arriving: FoundLink, ipv6: bool) -> Iterator[str]:
        """Yields the setting that keeps a namespace from forwarding what arrives at a link."""
        key = _FORWARDING[ipv6].replace("*", arriving.name)
        if self._kernel.setting(netns, key) == "0":
            key = _IP_FORWARD if not ipv6 and self._kernel.setting(netns, _IP_FORWARD) == "0" else key
            yield "%s does not forward: %s is 0" % (namespace_title(netns), key.translate(_AS_KEY))

    def _vrf(self, link: FoundLink) -> Optional[FoundLink]:
        """The VRF that a link belongs to."""
        master = self._host.links.get((link.netns, link.master)) if link.master else None
        return master if master and has_table_of_ports(master.kind) else None

    def _other_vrf(self, netns: str, target: str, vrf: Optional[FoundLink]) -> str:
        """Which VRF of a namespace has a route to an address, as the end of a sentence."""
        for link in self._host.links.values():
            if link.netns == netns and has_table_of_ports(link.kind) and link is not vrf:
                try:
                    self._next_hop(netns, target, link.ifindex)
                except KernelError:
                    continue
                return "; only links of VRF %s use the route to it" % link.name
        return ""

    def _down(self, netns: str) -> str:
        """The links of a namespace that are down, with which routes go, as the end of a sentence."""
        names = [link.name for link in self._host.links.values() if link.netns == netns and link.name != "lo" and not link.values.get("up")]
        return "; %s %s down there" % (" and ".join(names), "is" if len(names) == 1 else "are") if 1 <= len(names) <= _MOST_DOWN else ""

    @staticmethod
    def _without_ipv6(target: str, links: Iterable[FoundLink]) -> str:
        """Those of the links that have no IPv6, which the target needs, as the end of a sentence."""
        names = [link_title(link) for link in links if ":" in target and link.kind != LOOPBACK and ends_ipv6(link.values)]
        return "; %s %s no IPv6 (disable_ipv6, or an MTU below %d)" % (" and ".join(names), "has" if len(names) == 1 else "have", IPV6_MTU) if names else ""

    def _silent(self, arriving: FoundLink, settings: Dict[str, str]) -> Iterator[str]:
        """Yields those of the settings that a namespace has, which keep it from answering what arrives at a link."""
        for name, value in settings.items():
            key = name.replace("*", arriving.name)
            if self._kernel.setting(arriving.netns, key) == value:
                yield "%s does not answer: %s is %s" % (namespace_title(arriving.netns), key.translate(_AS_KEY), value)

    def _in_other_vrf(self, target: str, arriving: FoundLink, vrf: Optional[FoundLink]) -> Iterator[str]:
        """Yields a difference between the VRF in which packets arrive and that of the link with their address."""
        owners = [owner for owner in self._owners.get(target, ()) if owner.netns == arriving.netns]
        if owners and all(self._vrf(owner) is not vrf for owner in owners):
            own = self._vrf(owners[0])
            places = ["VRF %s" % one.name if one else "no VRF" for one in (vrf, own)]
            yield "%s belongs to %s, but %s, which has %s, to %s" % (link_title(arriving), places[0], owners[0].name, target, places[1])

    def _next(self, link: FoundLink, address: str) -> Optional[FoundLink]:
        """The link with the address that is not the given one. Separate networks of a host may use the same address."""
        owners = [owner for owner in self._owners.get(address, []) if owner.id != link.id]
        if len(owners) > 1:
            owners = [owner for owner in owners if owner.id == link.peer or self._topology.meet(link, owner)]
        return owners[0] if len(owners) == 1 else None

    def _owners_in(self, netns: str, vrf: Optional[FoundLink], address: str) -> List[FoundLink]:
        """The links of a namespace, or of a VRF in it, that have an address."""
        return [owner for owner in self._owners.get(address, ()) if owner.netns == netns and self._vrf(owner) is vrf]

    def taken(self, source: str, target: str, home: Optional[str]) -> str:
        """Who else answers for the address, which is in namespace C(home); '' if nobody is known to."""
        if len({owner.netns for owner in self._owners.get(target, ())}) < 2:
            return ""
        return next((text for text in self._obstacles(source, target, home, []) if isinstance(text, _Taken)), "")

    def _taken(self, netns: str, home: Optional[str], arriving: FoundLink, target: str) -> Iterator[str]:
        """Yields who else takes the packets to an address."""
        if home is not None and netns != home:
            yield _Taken("%s has the address %s, too, and takes the packets" % (namespace_title(netns), target))
        others = [owner for owner in self._owners.get(target, ()) if owner.netns != netns and self._topology.meet(owner, arriving)]
        if others:
            yield "%s and %s both have the address %s" % (link_title(arriving), link_title(others[0]), target)

    def _duplicate(self, link: FoundLink, address: str, home: Optional[str]) -> Iterator[str]:
        """Yields two links of one network that have the same address. C(home): the namespace that is to take the packets, None if it is not known."""
        owners = [owner for owner in self._owners.get(address, []) if owner.id != link.id and self._topology.meet(link, owner)]
        if len(owners) > 1:
            own, others = [owner for owner in owners if owner.netns == home], [owner for owner in owners if owner.netns != home]
            macs = self._kernel.macs(link.netns, link.ifindex, address) if own and others else set()
            others.sort(key=lambda owner: owner.values.get("mac") not in macs)
            text = "%s and %s both have the address %s" % (*map(link_title, [*own, *others][:2]), address)
            is_of_others = home is not None and not own
            is_taken = is_of_others or (bool(macs) and not any(owner.values.get("mac") in macs for owner in own))
            yield _Taken(text) if is_taken else text

    def _missing(self, link: FoundLink, address: str, is_gateway: bool) -> Iterator[str]:
        """Yields an address that nobody has on the network of a link, if all of that is on this host."""
        if any(owner.id != link.id for owner in self._owners.get(address, ())) or not self._topology.is_closed(link):
            return
        mac = _known_mac(link, address)
        others = [other for other in self._host.links.values() if other.id != link.id]
        if mac:
            if not any(other.values.get("mac") == mac for other in others):
                yield "%s has a permanent entry for %s with the MAC address %s, which no known link has" % (link_title(link), address, mac)
        elif not any(self._answers_for(other, address) for other in others if self._topology.meet(link, other)):
            text = "no known link on the network of %s has its gateway %s%s" if is_gateway else "no known link on the network of %s has the address %s%s"
            yield text % (link_title(link), address, self._without_ipv6(address, [other for other in others if self._topology.meet(link, other)]))

    def _answers_for(self, link: FoundLink, address: str) -> bool:
        """Whether a link answers for an address that it does not have: as a proxy, or by a local route."""
        if any(entry["to"] == address and entry.get("proxy") for entry in link.entries.get(NEIGHBOURS.option, ())):
            return True
        if ":" not in address and any(self._kernel.setting(link.netns, "net/ipv4/conf/%s/proxy_arp" % name) == "1" for name in ("all", link.name)):
            return True
        try:
            return self._next_hop(link.netns, address).is_taken
        except KernelError:
            return False

    def _unresolved(self, link: FoundLink, other: FoundLink, address: str) -> Iterator[str]:
        """Yields why a link does not find another one on its network by its address, or sends frames for it elsewhere."""
        if not link.values.get("mac") or not self._topology.meet(link, other):
            return
        mac, macs = _known_mac(link, address), {one.values.get("mac") for one in self._host.links.values() if one.netns == other.netns}
        if mac and mac not in macs:
            text = "%s has a permanent entry for %s with the MAC address %s, but %s has %s"
            yield text % (link_title(link), address, mac, link_title(other), other.values.get("mac"))
        elif not mac and _is_without_arp(link):
            yield "%s looks for no neighbours: it has the flag NOARP" % link_title(link)
        elif not mac and ":" not in address and _is_without_arp(other):
            yield "%s answers no ARP requests: it has the flag NOARP" % link_title(other)
        elif not mac:
            for old in self._kernel.known_macs(link.netns, address) - macs if macs else ():
                yield "%s still has the MAC address %s for %s, but %s has %s; it looks for it anew within a minute" % (
                    link_title(link),
                    old,
                    address,
                    link_title(other),
                    other.values.get("mac"),
                )
            yield from self._silent(other, _UNRESOLVED[":" in address])
            yield from unflooded(self._topology.attachment(other), ":" in address)
        bridge = self._topology.attachment(link)
        for one in [link, *([bridge.bridge] if bridge else ())]:
            if one.netns != other.netns and one.values.get("mac") == other.values.get("mac"):
                yield "%s and %s have the same MAC address %s" % (link_title(one), link_title(other), other.values.get("mac"))

    @staticmethod
    def _losing(links: Iterable[FoundLink]) -> Iterator[str]:
        """Yields the links that lose all packets that they send."""
        for link in links:
            if link.values.get("qdisc", {}).get("loss") == _WHOLE_LOSS:
                yield "%s loses all packets that it sends: its queueing discipline is netem with loss 100%%" % link_title(link)

    def _broken(self, link: FoundLink) -> Iterator[str]:
        """Yields the links that are down: the link itself, the links below it, and the peer."""
        stack = self._topology.stack(link)
        for end in stack + [self._host.links[key] for key in [stack[-1].peer] if key in self._host.links]:
            if not end.values.get("up"):
                yield "%s is down" % link_title(end)
            elif kind_of(end.kind).aggregates and end.status.get("carrier") is False:
                yield "%s has no port with a carrier" % link_title(end)
            elif kind_of(end.kind).encapsulates:
                yield from self._undelivered(end)

    def _undelivered(self, link: FoundLink) -> Iterator[str]:
        """Yields what keeps the outer packets of a tunnel from its other end."""
        remote = link.values.get("remote")
        if not remote:
            if not link.values.get("external") and not any(link.values.get(name) for name in kind_of(link.kind).destinations) and not has_other_ends(link):
                yield "%s has no remote end: neither its options nor its fdb have one" % link_title(link)
            return
        if kind_of(link.kind).hides_network:
            return
        network = link.parent[0] if link.parent else link.netns
        try:
            self._next_hop(network, remote)
        except KernelError as error:
            yield "%s sends its packets to %s, to which %s has no route (%s)" % (link_title(link), remote, namespace_title(network), error)
            return
        homes = {owner.netns for owner in self._owners.get(remote, ())}
        if homes and not any(self._is_other_end(link, other, homes) for other in self._host.links.values()):
            yield "%s sends its packets to %s, where %s has no such link" % (link_title(link), remote, " and ".join(map(namespace_title, sorted(homes))))

    @staticmethod
    def _is_other_end(link: FoundLink, other: FoundLink, homes: Set[str]) -> bool:
        """Whether a link in the network of one of these namespaces takes the packets of a tunnel."""
        numbers = ("mode", "id", "dstport")
        alike = other.kind == link.kind and all(other.values.get(name) == link.values.get(name) for name in numbers)
        return alike and other is not link and (other.parent[0] if other.parent else other.netns) in homes

    def _between(self, link: FoundLink, other: FoundLink, hooks: List[_Hook]) -> Iterator[str]:
        """Yields what the bridge between two links does with the packet, and differing VLANs of the two ends of a veth pair."""
        one, two = self._topology.attachment(link), self._topology.attachment(other)
        if one and two and one.bridge.id != two.bridge.id:
            for tunnel in self._topology.ports(one.bridge):
                yield from self._broken(tunnel) if kind_of(tunnel.kind).encapsulates else ()
        if not one or not two or one.bridge.id != two.bridge.id:
            if self._topology.stack(link)[-1].peer == self._topology.stack(other)[-1].id:
                yield from differing_tags(link, self._topology.tag(link), other, self._topology.tag(other))
            else:
                yield from self._loose(link)
                yield from self._loose(other)
            return
        if not one.bridge.values.get("up"):
            yield "%s is down" % link_title(one.bridge)
        for port in (one.port, two.port):
            state = port.port.values.get("state") if port and port.port else "forwarding"
            if port and state != "forwarding":
                yield "%s is %s in %s, not forwarding%s" % (link_title(port), state, one.bridge.name, " yet" if state in ("listening", "learning") else "")
        yield from self._losing([two.port] if two.port else [])
        yield from isolated(one, two)
        if kind_of(one.bridge.kind).separates_vlans(one.bridge.values):
            yield from filtered(one, two)
        else:
            yield from differing_tags(link, one.tag, other, two.tag)
        if one.port and two.port:
            hooks.append(_Hook(one.bridge.netns, "forward", one.bridge.name))

    def _apart(self, link: FoundLink, other: FoundLink, gateway: str) -> Iterator[str]:
        """Yields where a link looks for the other one, if frames do not get there."""
        one, two = self._topology.attachment(link), self._topology.attachment(other)
        if one and two and one.bridge.id == two.bridge.id:
            return
        if one and any(port.netns == other.netns for port in self._topology.ends_on(one.bridge)):
            return  # a namespace answers for all its addresses on each of its links
        title = link_title(link)
        looks = "%s looks for its gateway %s on its own network" % (title, gateway) if gateway else "%s looks for it on its own network" % title
        if one and two and any(self._topology.excludes(*pair) for pair in ((one, two), (two, one))):
            yield "%s, that of bridge %s, but %s is on that of bridge %s" % (looks, link_title(one.bridge), link_title(other), link_title(two.bridge))
        end = self._host.links.get(self._topology.stack(link)[-1].peer or ("", ""))
        if not one and end and end.netns != other.netns:
            yield "%s, where only %s is" % (looks, link_title(end))

    def _too_large(self, link: FoundLink, other: FoundLink, ipv6: bool) -> Iterator[str]:
        """Yields a link between two others whose MTU is too small for the packets: net/core/dev.c (is_skb_forwardable)."""
        length = min(self._size + _HEADERS[ipv6], int(link.values["mtu"]))
        ends = [self._topology.stack(end)[-1] for end in (link, other)]
        attachments = [self._topology.attachment(end) for end in (link, other)]
        ports = [attachment.port for attachment in attachments if attachment and attachment.port]
        receiver = [] if kind_of(ends[1].kind).is_bridge else [ends[1]]
        for between in (*(self._host.links[end.peer] for end in ends if end.peer in self._host.links), *ports, *receiver):
            if length > int(between.values["mtu"]) + _VLAN_TAG and between.id != link.id:
                yield "%s has an MTU of %s, too small for packets of %d bytes" % (link_title(between), between.values["mtu"], length)

    def _loose(self, link: FoundLink) -> Iterator[str]:
        """Yields the other end of a veth pair that is plugged into nothing, although the packets are for others."""
        base = self._topology.stack(link)[-1]
        end = self._host.links.get(base.peer) if base.peer and not base.master else None
        if end and not end.master and all(address.link_local for address in end.addresses):
            yield "%s, the other end of %s, is no port of a bridge" % (link_title(end), link_title(link))

    def _dropped(self, hook: _Hook, ipv6: bool) -> Iterator[str]:
        """Yields the chains at a hook that drop by policy."""
        families = _FAMILIES[ipv6]
        if hook.bridge:
            families = ("bridge", *(families if self._kernel.setting(hook.netns, _BRIDGE_CALLS[ipv6]) == "1" else ()))
        for chain in self._kernel.chains(hook.netns):
            if chain.drops and chain.hook == hook.hook and chain.family in families:
                place = " in namespace %s" % hook.netns if hook.netns else " on the host"
                beside = ", and br_netfilter shows it what %s forwards" % hook.bridge if hook.bridge and chain.family != "bridge" else ""
                yield "chain %s of table %s %s%s drops what its rules do not accept%s" % (chain.name, chain.family, chain.table, place, beside)


def _known_mac(link: FoundLink, address: str) -> str:
    """The MAC address that a permanent neighbour of a link has, '' if there is no such entry."""
    return next((str(entry["mac"]) for entry in link.entries.get(NEIGHBOURS.option, ()) if entry["to"] == address and not entry.get("proxy")), "")


def _is_without_arp(link: FoundLink) -> bool:
    """Whether neighbours are not resolved on a link of a kind on which they usually are."""
    has_it = "arp" in rows_of(link.kind) if link.kind in BY_KIND else True
    return has_it and bool(initial_of(link.kind, link.values, {}).get("arp", True)) and not link.values.get("arp", True)
