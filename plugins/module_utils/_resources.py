# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records of what is wanted and of what was found."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path

Values = Dict[str, Any]
"""Attributes by option name, in the units of the options."""
LinkId = Tuple[str, str]
"""Namespace as the user wrote it ('' for the one that the module runs in) and name of a link."""
Identity = Tuple[int, int]
"""Device and inode number of a namespace."""
NamespaceId = str
"""What no two namespaces have in common until the next reboot: C(SO_NETNS_COOKIE), or what identifies the mounted file."""
AddressKey = Tuple[str, int, str]
"""Local address, prefix length, and peer address."""
RouteKey = Tuple[str, int, int]
"""Destination, table and metric."""


LISTS = ("namespaces", "links")
"""The lists of a declaration."""
MAIN_TABLE = 254
OWN_TABLE = 0
"""The table of a wanted route that names none: that of the VRF of its link, or the main table."""
KERNEL_ADDRESSES = (("127.0.0.1", 8, ""), ("::1", 128, ""))
"""The addresses that the kernel adds to lo."""
STALE_FILE = "an empty regular file"
"""What a crash or a reboot leaves in the place of a namespace."""
STALE_LINK = "a dangling symbolic link"
"""What a container that was stopped leaves in the place of a namespace."""
STALE = ("", STALE_FILE, STALE_LINK)
"""What may be in the place of a new namespace."""
OWN_STALE_FILE = "what an interrupted run of this layout left"
"""The same, in the place of a namespace that the layout has created or was about to create."""


class Address(NamedTuple):
    """An IP address in the kernel's spelling. C(peer) is '' if there is none; else the prefix length C(prefix) belongs to the peer.

    C(nodad): IFA_F_NODAD. C(dynamic): not IFA_F_PERMANENT, as from DHCP or router advertisements, or a link-local
    address that the kernel has generated at random. The fields from C(broadcast) on are words of ip-address(8); '', None and () are not given.
    """

    local: str
    prefix: int
    peer: str = ""
    nodad: bool = False
    dynamic: bool = False
    broadcast: str = ""
    label: str = ""
    """'' if it is the name of the link."""
    scope: str = ""
    """'' if it is C(global), and for IPv6, where it follows from the address."""
    metric: Optional[int] = None
    flags: Tuple[str, ...] = ()
    """Some of C(ADDRESS_FLAGS), in their order."""

    @property
    def ipv6(self) -> bool:
        return ":" in self.local

    @property
    def key(self) -> AddressKey:
        return self.local, self.prefix, self.peer

    @property
    def network(self) -> Tuple[int, int]:
        """Prefix length and network of an IPv4 address. With the primary address of a network the kernel deletes its secondary ones (unless
        promote_secondaries is set)."""
        number = 0
        for part in (self.peer or self.local).split("."):
            number = number << 8 | int(part)
        return self.prefix, number >> (32 - self.prefix)

    @property
    def link_local(self) -> bool:
        if self.ipv6:
            return int(self.local.split(":")[0] or "0", 16) & 0xFFC0 == 0xFE80
        return self.local.startswith("169.254.")

    @property
    def generated(self) -> bool:
        """Whether it is the link-local address that the kernel derives from the MAC address (RFC 4291, modified EUI-64)."""
        return self.local.startswith("fe80::") and "ff:fe" in self.local[6:] and self.prefix == 64

    @property
    def multicast(self) -> bool:
        """Whether it is a group address, which C(autojoin) adds to a link."""
        return self.local.lower().startswith("ff") if self.ipv6 else int(self.local.split(".")[0]) >= 224

    def satisfied_by(self, other: Address) -> bool:
        """Whether the same address that was found has all that is wanted of this one."""
        other = other._replace(scope=other.scope or "global", metric=other.metric or 0)
        given = ((mine, there) for mine, there in zip(self[5:-1], other[5:-1]) if mine or mine == 0)
        return all(mine == there for mine, there in given) and set(self.flags) <= set(other.flags)

    @classmethod
    def parsed(cls, text: str) -> Address:
        """Parses the beginning of what C(str) returns: the address itself."""
        words = text.split()
        has_peer = words[1:2] == ["peer"]
        remote, prefix = words[2 if has_peer else 0].split("/")
        return cls(words[0].split("/")[0], int(prefix), remote if has_peer else "", "nodad" in words)

    @property
    def itself(self) -> str:
        """The address without its properties."""
        return "%s peer %s/%d" % (self.local, self.peer, self.prefix) if self.peer else "%s/%d" % (self.local, self.prefix)

    def __str__(self) -> str:
        words = [self.itself]
        if self[5:] != _NO_PROPERTIES:
            given = (("broadcast", self.broadcast), ("label", self.label), ("scope", self.scope), ("metric", self.metric))
            words += [word for name, value in given if value for word in (name, str(value))]
            words += self.flags
        return " ".join([*words, "nodad"] if self.nodad else words)


_NO_PROPERTIES = Address("", 0)[5:]
ADDRESS_FLAGS = {"home": 0x10, "mngtmpaddr": 0x100, "noprefixroute": 0x200, "autojoin": 0x400}
"""IFA_F_HOMEADDRESS and others of include/uapi/linux/if_addr.h, without IFA_F_NODAD."""


REFUSING = ("blackhole", "unreachable", "prohibit")
"""Types of routes and rules that drop packets."""


class NextHop(NamedTuple):
    """One of several next hops of a route. C(dev) '': the kernel chooses the link that reaches C(via)."""

    via: str = ""
    dev: str = ""
    weight: int = 1
    onlink: bool = False


class Route(NamedTuple):
    """A route. C(to) is a prefix in the kernel's spelling. C(nexthops): several next hops, in place of C(dev), C(via) and C(onlink).

    In a wanted route, C(dev), C(src), C(scope), C(protocol) and C(preference) '', and C(onlink) and C(mtu) None mean: not given.
    """

    to: str
    table: int
    metric: int
    type: str = "unicast"
    dev: str = ""
    via: str = ""
    src: str = ""
    scope: str = ""
    onlink: Optional[bool] = None
    protocol: str = ""
    mtu: Optional[int] = None
    preference: str = ""
    nexthops: Tuple[NextHop, ...] = ()

    @property
    def ipv6(self) -> bool:
        return ":" in self.to

    @property
    def key(self) -> RouteKey:
        return self.to, self.table, self.metric

    @property
    def itself(self) -> str:
        """The key as text."""
        return "%s %d %d" % self.key

    @property
    def destination(self) -> str:
        """C(to) as ip(8) shows it."""
        return "default" if self.to.endswith("/0") else self.to

    def options(self, of_link: bool) -> Values:
        """The route as options."""
        values = self._asdict()
        if of_link:
            del values["dev"], values["type"]
        if self.ipv6:
            del values["scope"]
        else:
            del values["preference"]
        values["mtu"] = self.mtu or None
        values["nexthops"] = [{name: value for name, value in hop._asdict().items() if value not in ("", False)} for hop in self.nexthops] or None
        return {name: value for name, value in values.items() if value not in ("", None)}

    def stored(self) -> Values:
        """The route for a record, without what is not given."""
        values: Values = {**self._asdict(), "nexthops": [list(hop) for hop in self.nexthops]}
        usual: Values = {**self._field_defaults, "nexthops": []}
        return {name: value for name, value in values.items() if name not in usual or value != usual[name]}

    @classmethod
    def restored(cls, fields: Values) -> Route:
        """The route that C(stored()) returned."""
        return cls(**{**fields, "nexthops": tuple(NextHop(*hop) for hop in fields.get("nexthops", ()))})

    def satisfied_by(self, other: Route) -> bool:
        return (
            (self.key, self.type, self.via) == (other.key, other.type, other.via)
            and self.dev in ("", other.dev)
            and self.src in ("", other.src)
            and self.scope in ("", other.scope)
            and self.onlink in (None, other.onlink)
            and self.protocol in ("", other.protocol)
            and self.mtu in (None, other.mtu)
            and self.preference in ("", other.preference)
            and self._goes_over(other.nexthops)
        )

    def _goes_over(self, nexthops: Tuple[NextHop, ...]) -> bool:
        """Whether the next hops that were found are the wanted ones. The kernel keeps those of IPv6 in an order of its own."""
        if not self.nexthops or not nexthops:
            return self.nexthops == nexthops
        wanted, found = sorted(self.nexthops), sorted(nexthops)
        return len(wanted) == len(found) and all(one._replace(dev=one.dev or other.dev) == other for one, other in zip(wanted, found))


class Vlan(NamedTuple):
    """The VLANs C(first) to C(last) of a port. None means: not given."""

    first: int
    last: int
    pvid: Optional[bool]
    untagged: Optional[bool]
    settings: Values = {}
    """The attributes (C(_attributes.VLAN)) that are given, or of one that was found, those that a new one does not have."""

    def options(self) -> Values:
        vid = str(self.first) if self.first == self.last else "%d-%d" % (self.first, self.last)
        return {"vid": vid, "pvid": bool(self.pvid), "untagged": bool(self.untagged), **self.settings}

    def stored(self) -> List[Any]:
        """One VLAN for a record."""
        return [bool(self.pvid), bool(self.untagged), *([self.settings] if self.settings else [])]

    @classmethod
    def restored(cls, vid: int, fields: List[Any]) -> Vlan:
        """The VLAN that C(stored()) returned."""
        pvid, untagged, *settings = fields
        return cls(vid, vid, bool(pvid), bool(untagged), *settings)


def ranges(vlans: List[Tuple[Vlan, Optional[Vlan]]]) -> List[Tuple[Vlan, Optional[Vlan]]]:
    """Joins neighbouring VLANs with the same change to ranges, each of which is one message. A PVID is never part of a range."""
    joined: List[Tuple[Vlan, Optional[Vlan]]] = []
    for vlan, now in vlans:
        if joined:
            last, before = joined[-1]
            alike = (*vlan[2:], now and now[2:]) == (*last[2:], before and before[2:])
            if alike and not vlan.pvid and not (now and now.pvid) and vlan.first == last.last + 1:
                joined[-1] = (last._replace(last=vlan.last), before._replace(last=vlan.last) if before else None)
                continue
        joined.append((vlan, now))
    return joined


def sysctl_path(key: str) -> str:
    """The file of a key as in sysctl(8): either dots or slashes separate, and the first of them says which."""
    if "/" in key and ("." not in key or key.index("/") < key.index(".")):
        return "/proc/sys/" + key
    return "/proc/sys/" + key.translate(str.maketrans("./", "/."))


def link_of_sysctl(key: str) -> str:
    """The link that a key below conf or neigh names; '' for C(all), C(default) and other keys."""
    parts = sysctl_path(key).split("/")[3:]
    named = len(parts) > 3 and parts[2] in ("conf", "neigh") and parts[3] not in ("all", "default")
    return parts[3] if named else ""


class Port(NamedTuple):
    """The settings of a bridge port. C(vlans) is None if they are not given, or were not read."""

    values: Values
    vlans: Optional[Dict[int, Vlan]] = None
    purge_vlans: bool = False


class Entries(NamedTuple):
    """A wanted list of a link. C(entries): dictionaries of fields (C(_entries))."""

    entries: List[Values]
    purge: bool = False


class Card(NamedTuple):
    """What a network card keeps wherever it is; '' for what it does not have, as virtual links."""

    mac: str = ""
    """Its permanent MAC address (C(IFLA_PERM_ADDRESS))."""
    path: str = ""
    """Its bus and its device on that, as in C(pci-0000:00:03.0)."""


class Match(NamedTuple):
    """How an existing link is found: by all that is given."""

    mac: str = ""
    path: str = ""
    altname: str = ""
    name: str = ""


class Link(NamedTuple):
    """A wanted link. None means: not given."""

    kind: str
    netns: str
    name: str
    path: Path
    """Where it is declared."""
    values: Values = {}
    present: bool = True
    recreate: bool = False
    master: Optional[str] = None
    port: Optional[Port] = None
    addresses: Optional[List[Address]] = None
    purge_addresses: bool = False
    routes: Optional[List[Route]] = None
    purge_routes: bool = False
    ports: Optional[Dict[str, Port]] = None
    purge_ports: bool = False
    vlans: Optional[Dict[int, Vlan]] = None
    purge_vlans: bool = False
    entries: Dict[str, Entries] = {}
    """The lists that are given, by option; of C(lo), those of its namespace."""
    peer: Optional[LinkId] = None
    parent: Optional[LinkId] = None
    """The link below it (C(IFLA_LINK))."""
    is_peer: bool = False
    """Whether it is declared as the C(peer) of the other end."""
    match: Optional[Match] = None
    """How an existing link is found that may have another name; None for that of this name."""
    from_netns: Optional[str] = None
    """The namespace that an existing link is in before it is moved."""

    @property
    def id(self) -> LinkId:
        return self.netns, self.name

    @property
    def declared_ports(self) -> List[Port]:
        """The port settings that are declared: of the link itself, and of the ports of a bridge."""
        return list((self.ports or {}).values()) + ([self.port] if self.port else [])


class Namespace(NamedTuple):
    """A wanted network namespace. Its C(lo) is a link of its own."""

    name: str
    path: Path
    """Where it is declared."""
    present: bool = True
    nsid: Optional[int] = None
    sysctl: Optional[Dict[str, str]] = None
    routes: Optional[List[Route]] = None
    purge_routes: bool = False
    attach: str = ""
    """The path of an existing namespace that gets the name; '' for none."""
    files: Optional[Dict[str, Optional[str]]] = None
    """The contents of files in /etc/netns/NAME; None for one that must not exist."""


class Layout(NamedTuple):
    """Everything that is wanted. The two ends of a veth pair are links that name each other as C(peer)."""

    namespaces: List[Namespace]
    links: List[Link]
    name: str = ""
    """The name of the layout; '' for a single resource, which owns nothing."""
    force: bool = False
    """Whether the host may be cut off."""


class Ownership(NamedTuple):
    """The layout that a link belongs to. A namespace belongs to the layout of its lo.

    C(original): what an adopted link was before as far as the layout has changed it, None for a link that the layout created. It has
    attributes by name, C(master), C(port) (attributes by name), C(ports) (the same, with C(vlans), of each port that left),
    C(addresses) (by address: as in C(Shown), None for one that was not there), C(order) (of IPv4 addresses), C(routes) (by destination, table
    and metric: as in C(Shown)), C(new_routes) (those of the layout in their place, or where none was, as C(Route.stored())), C(vlans) (by VLAN id:
    as C(Vlan.stored()), None for one that was not there), and the lists of C(_entries) by option (by what identifies an entry: the entry, None
    for one that was not there). C(lo) has C(files) (contents by name, None for one that was not there), and C(attached) if the layout gave its
    namespace a name. A network card has C(card) (the fields of C(Card)) by which it is found again, and a link that was moved or renamed C(from)
    ([namespace, name]).

    Beside what has changed it has C(unchanged): what is declared and has not been changed by the layout yet, as it was at the adoption, in the
    same form. If somebody else changes that, and a run repairs it, this is what it was before. C(exact): the lists that have no other entries
    than the declared ones; what somebody adds to them later is not restored.
    """

    layout: str
    original: Optional[Values] = None
    home: NamespaceId = ""
    """The namespace that the layout is declared from, '' for the one that the module runs in."""
    aside: str = ""
    """The name that a link gets that the layout is about to replace: from then on it belongs to the layout as if created."""
    files: Tuple[str, ...] = ()
    """Of the lo of a namespace that the layout created: the files in /etc/netns/NAME that it has written."""

    def is_layout(self, name: str) -> bool:
        """Whether it is the layout of this name that is declared from the namespace that the module runs in."""
        return self.layout == name and not self.home

    def __str__(self) -> str:
        return "layout %s%s" % (self.layout, ", which is declared from another namespace" if self.home else "")


def added_routes(original: Values, dev: str = "") -> List[Route]:
    """The routes that a layout has added to a link that it adopted, C(dev), or to a namespace; C(original) as in C(Ownership)."""
    routes = [Route.restored(fields) for fields in original.get("new_routes", {}).values()]
    return [route._replace(dev=dev) for route in routes] if dev else routes


def routes_before(original: Values) -> List[str]:
    """The routes that a layout has deleted or replaced, as in C(Shown); C(original) as in C(Ownership)."""
    return [body for bodies in original.get("routes", {}).values() for body in bodies]


class Shown(NamedTuple):
    """The addresses and routes of a link as the kernel shows them: the bodies of their messages, in hexadecimal digits."""

    addresses: Dict[AddressKey, str]
    """In the order of the kernel."""
    routes: List[Tuple[Optional[Route], str]]
    """Those that can be set, in all tables. None for one that no option can express."""
    of_namespace: List[Tuple[Optional[Route], str]] = []
    """Of a lo: those through other links that are declared for its namespace, or in their place."""
    with_source: Sequence[str] = ()
    """Those through other links whose source address is one of the link."""


class FoundLink(NamedTuple):
    """A link as it was found. None means: not read."""

    netns: str
    name: str
    ifindex: int
    kind: str
    values: Values
    status: Values
    master: str
    port: Optional[Port]
    addresses: List[Address]
    routes: Optional[List[Route]]
    vlans: Optional[Dict[int, Vlan]]
    peer: Optional[LinkId]
    """The other end of a veth pair; None if it is in no namespace that was read."""
    ownership: Optional[Ownership] = None
    parent: Optional[LinkId] = None
    """The link below it; None if it is in no namespace that was read."""
    card: Card = Card()
    other_routes: List[Route] = []
    """Routes in tables that are not declared; read of links that a layout may adopt."""
    shown: Optional[Shown] = None
    """Read of links that a layout may adopt or release; for a lo also the routes of its namespace that use no link."""
    link: int = 0
    """Index of the peer or parent (C(IFLA_LINK)), wherever it is; 0 for none."""
    entries: Dict[str, List[Values]] = {}
    """The lists that were read, by option."""
    undeclarable: Tuple[str, ...] = ()
    """What is in the lists and no option can say. Only read for vnet_info."""
    also_of: Tuple[Ownership, ...] = ()
    """Of the lo of the namespace that the module runs in: the other layouts that have adopted it."""
    settings: Dict[str, bytes] = {}
    """The settings below C(net.ipv4.conf) and C(net.ipv6.conf), as arrays of C(int). Only read for vnet_info."""

    @property
    def original(self) -> Values:
        """What it was before the layout that has adopted it, as in C(Ownership); empty for any other link."""
        return (self.ownership and self.ownership.original) or {}

    @property
    def id(self) -> LinkId:
        return self.netns, self.name


class FoundNamespace(NamedTuple):
    """A namespace as it was found. C(identity) is None if it does not exist."""

    identity: Optional[Identity]
    occupied_by: str = ""
    """What is in the place of a namespace."""
    nsid: Optional[int] = None
    sysctl: Dict[str, Optional[str]] = {}
    routes: Optional[List[Route]] = None
    pids: List[int] = []
    is_named: bool = True
    """Whether it has its name already, and is not only about to get it."""
    files: Dict[str, Optional[str]] = {}
    """The contents of files in /etc/netns/NAME that matter; None for one that does not exist."""
    id: NamespaceId = ""
    """How the records of layouts name it. Only read for layouts."""


class Host(NamedTuple):
    """The state of namespaces and links: as read, or as expected after steps."""

    namespaces: Dict[str, FoundNamespace]
    links: Dict[LinkId, FoundLink]

    def exists(self, netns: str) -> bool:
        return self.namespaces[netns].identity is not None

    def ports(self, bridge: LinkId) -> List[FoundLink]:
        return [link for link in self.links.values() if link.netns == bridge[0] and link.master == bridge[1]]

    def uppers(self) -> Dict[LinkId, List[FoundLink]]:
        """The links on top of each link (whose C(IFLA_LINK) it is)."""
        found: Dict[LinkId, List[FoundLink]] = {}
        for link in self.links.values():
            if link.parent:
                found.setdefault(link.parent, []).append(link)
        return found

    def same(self, one: Optional[LinkId], other: Optional[LinkId]) -> bool:
        """Whether both are one link: a namespace can be given by name or by path."""
        if one is None or other is None or one[1] != other[1]:
            return False
        return one[0] == other[0] or (self.exists(one[0]) and self.namespaces[one[0]].identity == self.namespaces[other[0]].identity)


def links_above(uppers: Mapping[LinkId, List[FoundLink]], link: LinkId) -> Iterator[FoundLink]:
    """The links on top of a link, each before those on top of it. C(uppers): as C(Host.uppers()) returns them."""
    seen, pending = {link}, [*uppers.get(link, ())]
    while pending:
        upper = pending.pop(0)
        if upper.id not in seen:
            seen.add(upper.id)
            yield upper
            pending += uppers.get(upper.id, ())
