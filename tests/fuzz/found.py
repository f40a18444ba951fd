# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts on which a declaration may come to be: what was read there, as data."""

from __future__ import annotations

from random import Random
from typing import Any

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._records import FIRST_INDEX
from ansible_collections.nfv.vnet.plugins.module_utils._resources import (
    STALE_FILE,
    Address,
    FoundLink,
    FoundNamespace,
    Host,
    Layout,
    Link,
    LinkId,
    Namespace,
    Ownership,
    Port,
    Route,
    Values,
    Vlan,
)
from ansible_collections.nfv.vnet.tests.unit.plugins.module_utils.records import there

STYLES = ("empty", "bare", "declared", "whole", "foreign", "owned")
"""Nothing is there; the namespaces alone; most as it is declared; everything so; other things under the same names; things of layouts."""
FOREIGN = ("", "bond", "dummy", "vxlan", *(kind.kernel for kind in _kinds.KINDS))
ADDRESSES = (
    Address("192.0.2.9", 24),
    Address("2001:db8::9", 64),
    Address("fe80::9", 64),
    Address("198.51.100.9", 24, dynamic=True),
    Address("10.9.0.1", 32, "10.9.0.9"),
)
ROUTES = (Route("198.51.100.0/24", 254, 0, scope="link"), Route("0.0.0.0/0", 254, 0, via="192.0.2.254", scope="global"), Route("2001:db8:9::/48", 254, 1024))
ORIGINALS: tuple[Values, ...] = (
    {},
    {"mtu": 1400, "up": False},
    {"master": "br9", "port": {"cost": 7}, "vlans": {"1": [1, 1], "9": None}},
    {
        "master": "",
        "addresses": {"192.0.2.9/24": "0218000007000000080002000a09000108000100c0000209", "192.0.2.1/24": None},
        "order": ["192.0.2.9/24"],
        "routes": {"10.0.0.0/8 254 0": ["02080000fe04fd0100000000080001000a0000000800040007000000"]},
        "new_routes": {route.itself: route.stored() for route in (Route("0.0.0.0/0", 254, 0, via="192.0.2.254"), Route("10.0.0.0/8", 254, 0, scope="link"))},
    },
    {"ports": {"p1": {"cost": 7, "vlans": {"9": [0, 1]}}}, "disable_ipv6": True},
    {"neighbours": {'["192.0.2.7"]': {"to": "192.0.2.7", "mac": "02:00:00:00:00:07"}, '["192.0.2.8"]': None}, "exact": ["addresses", "neighbours", "vlans"]},
    {"mtu": 1400, "unchanged": {"mac": "02:00:00:00:00:09", "addresses": {"192.0.2.9/24": None}, "vlans": {"1": [1, 1]}}, "exact": ["addresses"]},
    {"from": ["", "eth9"], "card": ["02:00:00:00:00:0a", "pci-0000:00:09.0"], "up": True},
)


def host_of(style: str, layout: Layout, random: Random) -> Host:
    """A host that has something to do with the layout."""
    if style == "empty":
        return Host(_namespaces(layout, None), {})
    namespaces = _namespaces(layout, random, 0 if style == "whole" else 0.1)
    builder = _Builder(layout, namespaces, random)
    if style != "bare":
        for link in layout.links:
            if style == "whole" or random.random() < 0.8:
                strange = style in ("foreign", "owned") and random.random() < (0.6 if style == "foreign" else 0.1)
                builder.add(link, random.choice(FOREIGN) if strange else link.kind)
        for link in layout.links:
            builder.add_around(link)
    if style in ("foreign", "owned"):
        builder.add_strangers()
    host = Host(namespaces, builder.complete())
    return _owned(layout, host, random) if style == "owned" else host


def _namespaces(layout: Layout, random: Random | None, missing: float = 1) -> dict[str, FoundNamespace]:
    """All that a run reads: those of the links, of what they refer to, and those that are declared."""
    others = [place[0] for link in layout.links for place in (link.peer, link.parent) if place]
    names = dict.fromkeys(["", *(namespace.name for namespace in layout.namespaces), *(link.netns for link in layout.links), *others])
    wanted = {namespace.name: namespace for namespace in layout.namespaces}
    found: dict[str, FoundNamespace] = {}
    for number, name in enumerate(names, 100):
        if name and (random is None or random.random() < missing):
            found[name] = FoundNamespace(None, random.choice(("", "", STALE_FILE, "something else")) if random else "")
        else:
            found[name] = _namespace(wanted.get(name), number, random or Random(0))
    return found


def _namespace(wanted: Namespace | None, number: int, random: Random) -> FoundNamespace:
    sysctl = {key: random.choice(("0", value, None)) for key, value in ((wanted and wanted.sysctl) or {}).items()}
    routes = [route for route in (wanted and wanted.routes) or [] if random.random() < 0.5] + [Route("203.0.113.0/24", 254, 0, "blackhole")]
    nsid = random.choice((None, wanted.nsid if wanted else None, 7))
    return FoundNamespace((4, number), "", nsid, sysctl, routes, random.choice(([], [42])), id=f"cookie{number}")


class _Builder:
    def __init__(self, layout: Layout, namespaces: dict[str, FoundNamespace], random: Random) -> None:
        self._namespaces = namespaces
        self._random = random
        self._ports = {(link.netns, name): (link, port) for link in layout.links for name, port in (link.ports or {}).items()}
        self.links: dict[LinkId, FoundLink] = {}
        for netns, found in namespaces.items():
            if found.identity:
                self._put(self._link(_kinds.LOOPBACK, netns, "lo")._replace(addresses=[Address("127.0.0.1", 8), Address("::1", 128)]))

    def _put(self, found: FoundLink) -> None:
        if found.netns in self._namespaces and self._namespaces[found.netns].identity:
            self.links.setdefault(found.id, found)

    def _link(self, kind: str, netns: str, name: str, like: Values | None = None, **fields: Any) -> FoundLink:
        """A link with all attributes of its kind, now and then without those that its kernel may lack."""
        rows = _kinds.rows_of(kind).values()
        lacking = self._random.random() < 0.1
        values = {row.name: row.initial for row in rows if row.when != "read" and row.initial is not None and not (lacking and row.needs)}
        values.update(_kinds.BY_KIND[kind].initial(values) if kind in _kinds.BY_KIND else {})
        if kind == "vlan":
            values["id"] = 10
        if _kinds.kind_of(kind).is_attachable:
            values["mode"] = self._random.choice(("tun", "tap"))
        elif kind in _kinds.BY_KIND and _kinds.BY_KIND[kind].modes:
            values["mode"] = self._random.choice(tuple(_kinds.BY_KIND[kind].modes))
        values.update({name: value for name, value in (like or {}).items() if name in _kinds.rows_of(kind)})
        values.setdefault("up", self._random.random() < 0.5)
        if _kinds.kind_of(kind).parent or _kinds.kind_of(kind).encapsulates:
            fields.setdefault("parent", (netns, "" if _kinds.kind_of(kind).encapsulates else "eth1" if name == "eth0" else "eth0"))
        vlans = {1: Vlan(1, 1, True, True)} if _kinds.kind_of(kind).is_bridge else None
        return there(kind, name, netns, **{"vlans": vlans, "routes": [], **fields}, **{name: value for name, value in values.items() if name not in fields})

    def add(self, wanted: Link, kind: str) -> None:
        """What is declared, or a link of another kind with the same name."""
        kind = self._random.choice(("", "dummy", "bridge")) if kind == _kinds.ANY else kind
        exact = self._random.random() < 0.7
        found = self._link(
            kind,
            wanted.netns,
            wanted.name,
            wanted.values if exact else None,
            addresses=list(wanted.addresses or []) if exact else self._some(ADDRESSES),
            routes=[route._replace(scope=route.scope or "link") for route in wanted.routes or []] if exact else self._some(ROUTES, wanted.name),
        )
        if wanted.vlans is not None and found.vlans is not None and exact:
            found = found._replace(vlans=dict(wanted.vlans))
        if wanted.parent and found.parent and exact:
            found = found._replace(parent=wanted.parent)
            if self._random.random() < 0.2:
                found = found._replace(name="former")
        if wanted.peer and _kinds.kind_of(kind).has_peer:
            found = found._replace(peer=wanted.peer)
        self._put(self._as_port(found, wanted))

    def _some(self, values: tuple[Any, ...], dev: str = "") -> list[Any]:
        chosen = self._random.sample(values, self._random.choice((0, 0, 1, len(values))))
        return [value._replace(dev=dev) for value in chosen] if dev else chosen

    def _as_port(self, found: FoundLink, wanted: Link) -> FoundLink:
        bridge, port = self._ports.get(wanted.id, (None, wanted.port))
        master = bridge.name if bridge else wanted.master
        kind = self.links[found.netns, master].kind if master and (found.netns, master) in self.links else "bridge"
        if not master or not _kinds.has_ports(kind) or _kinds.why_no_port(found.kind, found.values, kind) or self._random.random() < 0.2:
            return found
        return self._in(found, master, port, kind)

    def _in(self, found: FoundLink, master: str, port: Port | None = None, kind: str = "bridge") -> FoundLink:
        rows = _kinds.kind_of(kind).port_rows or ()
        values = {row.name: row.initial for row in rows if row.when != "read" and row.initial is not None}
        values.update((port and port.values) or {})
        if kind != "bridge":
            return found._replace(master=master, port=Port(values))
        values.setdefault("state", "forwarding")
        return found._replace(master=master, port=Port(values, dict((port and port.vlans) or {1: Vlan(1, 1, True, True)})))

    def add_around(self, link: Link) -> None:
        """What the link refers to."""
        if link.peer and link.peer not in self.links and link.id in self.links and _kinds.kind_of(self.links[link.id].kind).has_peer:
            self._put(self._link(self.links[link.id].kind, *link.peer, peer=link.id))
        if link.parent and self._random.random() < 0.9:
            self._put(self._link(self._random.choice(("", "bridge", "dummy", "tun")), *link.parent))
        masters = [link.master or "", *([link.name] if link.ports else [])]
        for master in filter(None, masters):
            if self._random.random() < 0.9:
                kind = link.kind if master == link.name and _kinds.has_ports(link.kind) else self._random.choice(("bridge", "bridge", "bond", "vrf"))
                self._put(self._link(kind, link.netns, master))
        for name, port in (link.ports or {}).items():
            found = self._link(self._random.choice(("", "dummy", "tun")), link.netns, name)
            joined = self._random.random() < 0.5 and _kinds.has_ports(link.kind) and not _kinds.why_no_port(found.kind, found.values, link.kind)
            self._put(self._in(found, link.name, port, link.kind) if joined else found)
        for settings in link.declared_ports:
            for reference in filter(None, (settings.values.get(name) for name in table.PORT_REFERENCES)):
                self._put(self._link("dummy", link.netns, reference))

    def complete(self) -> dict[LinkId, FoundLink]:
        """The links, as they are read: the ends of a cable name each other, and a port has a status."""
        links = dict(self.links)
        for key, found in links.items():
            far = links.get(found.peer) if found.peer else None
            if found.peer and not (far and _kinds.kind_of(far.kind).has_peer and far.peer == key):
                found = found._replace(peer=None)
            if found.master and (found.netns, found.master) not in links:
                found = found._replace(master="", port=None)
            if found.port:
                found = found._replace(status={**found.status, "port": {"designated_cost": 0}})
            links[key] = found
        return links

    def add_strangers(self) -> None:
        """Links that nobody declared: ports, cables, and links on top of those that are there."""
        for found in list(self.links.values()):
            if _kinds.kind_of(found.kind).is_bridge and self._random.random() < 0.5:
                self._put(self._in(self._link("dummy", found.netns, "stranger"), found.name))
            if found.kind not in (_kinds.LOOPBACK, "vlan") and _kinds.is_ethernet(found.kind, found.values) and self._random.random() < 0.4:
                upper = self._link(self._random.choice(("vlan", "vlan", "macvlan")), found.netns, "upper", {"mtu": 1400}, parent=found.id)
                self._put(upper._replace(addresses=self._some(ADDRESSES), routes=self._some(ROUTES, "upper")))
        for netns in self._namespaces:
            self._put(self._link("veth", netns, "near", peer=(netns, "far")))
            self._put(self._link("veth", netns, "far", peer=(netns, "near")))


def _owned(layout: Layout, host: Host, random: Random) -> Host:
    """The host with links that belong to this layout, created or adopted, or to others."""
    name = layout.name or "lab"
    links = {}
    for key, found in host.links.items():
        owners = (Ownership(name), Ownership(name), Ownership(name, random.choice(ORIGINALS)), None, Ownership("other"), Ownership(name, None, "cookie9"))
        owner = owners[0] if random.random() < 0.5 else random.choice(owners[:4] if random.random() < 0.9 else owners)
        if not key[0] and key[1] == "lo" and owner and owner.original is None:
            owner = None  # no layout creates the namespace that it is declared from
        chosen = owner is None or found.name == "lo" or random.random() < 0.2  # by the kernel, not by the layout
        links[key] = found._replace(ownership=owner, ifindex=found.ifindex if chosen else FIRST_INDEX + found.ifindex)
    return host._replace(links=links)
