# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns a declaration, or a result of M(nfv.vnet.vnet_info), into a graph of boxes and lines.

Links with addresses are listed in the box of their namespace, or of their VRF. A bridge or bond is a box of its own; if it has an
address, a line connects it to the box of its namespace.
"""

from __future__ import annotations

import re
from math import isfinite
from typing import Any, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path, VnetError, quoted
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import TYPES
from ansible_collections.nfv.vnet.plugins.module_utils._options._declaration import items, options_of_item
from ansible_collections.nfv.vnet.plugins.module_utils._options._option import expanded_all
from ansible_collections.nfv.vnet.plugins.module_utils._resources import LISTS, MAIN_TABLE, LinkId

HOST = "this host"
MANY_ADDRESSES = 24
MANY_ROUTES = 4
"""The maximum number of addresses and routes in a box; the rest is counted."""
_NAMED = re.compile("^/(?:var/)?run/netns/([^/]+)$")
_UNPRINTABLE = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff\\ufffe\\uffff]")
_FORWARDING = (("net.ipv4.ip_forward", "IPv4"), ("net.ipv4.conf.all.forwarding", "IPv4"), ("net.ipv6.conf.all.forwarding", "IPv6"))
_ANYWHERE = ("0.0.0.0/0", "::/0")
_NUMBER = re.compile("[0-9]+$")
"""What notes of boxes that are alike may differ in: the number of a table."""
_WITH_PORTS = ("bridge", "bond")
_FEATURES = (("stp", "STP"), ("vlan_filtering", "VLAN filtering"))
_QUALITY = (("delay", 1e3, "ms"), ("loss", 1.0, "% loss"), ("rate", 1e-6, "Mbit/s"))
"""What is shown of a queueing discipline: the option, and the factor from its unit to the one that is shown."""
_TRUE = (True, 1, "1", "true", "True", "yes")

Item = Mapping[str, Any]


class Line(NamedTuple):
    """A line of text in a box. C(label): the link that it is about, on its first line; C(fold_key): what it must have in common with
    lines of other boxes to be folded."""

    kind: str
    label: str
    text: str
    fold_key: str


class Vlan(NamedTuple):
    """A VLAN on a line; C(vid) may be a range."""

    vid: str
    untagged: bool


class Node(NamedTuple):
    """A box. C(inside): the namespace or host whose frame it is in, '' for none; C(members): how many boxes were folded into it."""

    key: str
    kind: str
    title: str
    lines: Tuple[Line, ...] = ()
    inside: str = ""
    down: bool = False
    members: int = 1


class Edge(NamedTuple):
    """A line between two boxes. Each end has the name of its link, '' if the box shows it."""

    ends: Tuple[str, str]
    names: Tuple[str, str] = ("", "")
    vlans: Tuple[Vlan, ...] = ()
    down: bool = False
    notes: Tuple[str, str] = ("", "")
    """What each end makes of what it sends."""

    @property
    def label(self) -> List[str]:
        """The label of the line."""
        ends = (" ".join(filter(None, end)) for end in zip(self.names, self.notes))
        lines = [" · ".join(filter(None, ends)), said_of(self.vlans), "down" if self.down else ""]
        return [line for line in lines if line]

    def turned(self) -> Edge:
        """The same line from its other end."""
        return self._replace(ends=self.ends[::-1], names=self.names[::-1], notes=self.notes[::-1])


class _End(NamedTuple):
    """One end of a line: the box, the name of the link there, its VLANs, whether it is down, and what it makes of what it sends."""

    box: str
    name: str
    vlans: Tuple[Vlan, ...]
    down: bool
    note: str


class Picture(NamedTuple):
    nodes: List[Node]
    cables: List[Edge]
    of_hosts: bool = False
    """Whether each frame is a host, and not a namespace."""

    @property
    def frames(self) -> List[str]:
        """The hosts, if there are several, or the namespaces that have a frame, because they have bridges, bonds or VRFs."""
        return list(dict.fromkeys(node.inside for node in self.nodes if node.inside))

    def frame_title(self, frame: str) -> str:
        return "%s %s" % ("host" if self.of_hosts else "namespace", frame)

    @property
    def vids(self) -> List[str]:
        """The VLANs of all lines, in order."""
        return sorted({vlan.vid for cable in self.cables for vlan in cable.vlans}, key=natural)


def natural(text: str) -> List[Tuple[int, str]]:
    """Sorts n2 before n10."""
    return [(int(part), "") if part.isdecimal() and len(part) < 20 else (-1, part) for part in re.split("([0-9]+)", text)]


def said_of(vlans: Tuple[Vlan, ...]) -> str:
    """The VLANs of a line as text. By default a single VLAN is untagged, and several are tagged."""
    if len(vlans) == 1:
        return "VLAN %s%s" % (vlans[0].vid, "" if vlans[0].untagged else ", tagged")
    return "VLANs " + ", ".join(vlan.vid + (" untagged" if vlan.untagged else "") for vlan in vlans) if vlans else ""


class _Data(NamedTuple):
    """What is drawn of a host. C(known): the links of a result of vnet_info."""

    lists: Dict[str, List[Item]]
    known: Dict[LinkId, Item]
    sysctl: Any


def picture(data: Any) -> Picture:
    """The graph of a declaration or of a result of M(nfv.vnet.vnet_info), or of several with their hosts: C({"hosts": {NAME: DATA}}).

    VnetError if it is none of these.
    """
    if isinstance(data, Mapping) and isinstance(data.get("hosts"), Mapping):
        return _picture_of_hosts(data["hosts"])
    lists, known, sysctl = _data(data)
    builder = _Builder(lists, known, {})
    builder.draw({"": sysctl})
    return builder.picture()


def _data(data: Any) -> _Data:
    if not isinstance(data, Mapping):
        raise VnetError((), "%s is neither a declaration nor a result of vnet_info" % quoted(data))
    info = data if "declaration" in data else {}
    declaration = info.get("declaration", data)
    if not isinstance(declaration, Mapping) or not set(declaration) & {*LISTS, "sysctl"}:
        raise VnetError((), "there is nothing to draw; a declaration has %s, and a result of vnet_info has a declaration" % ", ".join(LISTS))
    lists = {name: list(_items(declaration, name)) for name in LISTS}
    if info:  # a declaration has the order of who wrote it
        lists = {name: sorted(items, key=lambda item: natural(_text(item["name"]))) for name, items in lists.items()}
    return _Data(lists, {_id(link): link for link in _items(info, "links")} if info else {}, declaration.get("sysctl"))


def _picture_of_hosts(hosts: Mapping[Any, Any]) -> Picture:
    """All hosts in one picture: a namespace of a host is one with its name."""
    lists: Dict[str, List[Item]] = {name: [] for name in LISTS}
    known: Dict[LinkId, Item] = {}
    sysctls: Dict[str, Any] = {}
    frames: Dict[str, str] = {}
    for host, data in ((_text(name), data) for name, data in hosts.items()):
        try:
            found = _data(data)
        except VnetError as error:
            raise VnetError(("hosts", host, *error.path), error.text) from None
        lists["namespaces"] += [{**item, "name": _place(host, item["name"])} for item in found.lists["namespaces"]]
        lists["links"] += [_on(host, item) for item in found.lists["links"]]
        known.update((_id(item), item) for item in (_on(host, item) for item in found.known.values()))
        sysctls[host] = found.sysctl
        named = [item["name"] for item in found.lists["namespaces"]]
        ends = [end.get("netns") for item in found.lists["links"] for end in (item, item.get("peer") or {}, {"netns": item.get("parent_netns")})]
        frames.update((_place(host, netns), host) for netns in ("", *named, *ends))
    builder = _Builder(lists, known, frames)
    builder.draw(sysctls)
    return builder.picture()


def _place(host: str, netns: Any) -> str:
    """The name of a namespace in a picture of several hosts."""
    name = _netns(netns)
    return "%s:%s" % (host, name) if name else host


def _on(host: str, item: Item) -> Item:
    """A link of a host in a picture of several."""
    moved = {**item, "netns": _place(host, item.get("netns"))}
    if item.get("peer"):
        moved["peer"] = {**item["peer"], "netns": _place(host, item["peer"].get("netns"))}
    if item.get("parent_netns") is not None:
        moved["parent_netns"] = _place(host, item["parent_netns"])
    return moved


def _items(values: Item, name: str) -> Iterator[Item]:
    """The items of a list, with all short forms as dictionaries."""
    for path, item in items(values, name):
        item = expanded_all(options_of_item(name, item), item) if isinstance(item, Mapping) else item
        _check(item, path)
        if item.get("name") is None:
            raise VnetError(path, "name is missing")
        yield item


def _check(item: Any, path: Path) -> None:
    """Refuses an item whose parts have other types than those that are drawn."""
    if not isinstance(item, Mapping):
        raise VnetError(path, "%s is not a dictionary of options" % quoted(item))
    if item.get("addresses") is not None and not isinstance(item["addresses"], (list, tuple)):
        raise VnetError((*path, "addresses"), "%s is not a list" % quoted(item["addresses"]))
    for key in ("peer", "port", "status"):
        if item.get(key) is not None:
            _check(item[key], (*path, key))
    for key in ("routes", "vlans", "ports"):
        inner = item.get(key) or []
        if not isinstance(inner, (list, tuple)):
            raise VnetError((*path, key), "%s is not a list of dictionaries" % quoted(inner))
        for number, entry in enumerate(inner):
            _check(entry, (*path, key, number))


def _quality(item: Item) -> str:
    """What a link makes of the packets that it sends: C(40 ms, 10 % loss)."""
    qdisc = item.get("qdisc")
    if not isinstance(qdisc, Mapping):
        return ""
    said = []
    for option, factor, unit in _QUALITY:
        try:
            value = factor * float(qdisc.get(option) or 0)
        except (TypeError, ValueError, OverflowError):
            continue
        said += ["%.4g %s" % (value, unit)] if value and isfinite(value) else []
    return ", ".join(said)


def _text(value: Any) -> str:
    """A value of the user as one line of text."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", str(value))


def _id(item: Item) -> LinkId:
    return _netns(item.get("netns")), _text(item["name"])


def _netns(value: Any) -> str:
    return _NAMED.sub(r"\1", _text(value or ""))


def _picture_of(item: Item) -> str:
    """How a link is drawn; '' for one that must exist already."""
    kind = TYPES.get(_text(item.get("type") or ""))
    return kind.picture if kind else ""


def _vid(item: Item) -> int:
    """The VLAN of a link's frames on its parent; 0 for none."""
    try:
        return int(TYPES[_text(item["type"])].tag(item))
    except (TypeError, ValueError, OverflowError):
        return 0


class _Box:
    """The box of a namespace, or of a VRF in it: its links with their addresses, and its routes."""

    def __init__(self) -> None:
        self.notes: List[str] = []
        self.links: Dict[str, List[Tuple[str, str]]] = {}
        self.routes: List[str] = []

    def add(self, name: str, item: Item, note: str = "") -> None:
        """Adds a link with its addresses, after the note."""
        rows = self.links.setdefault(name, [])
        rows += [(note, " " + note)] if note else []
        rows += [(address, _fold_key(address)) for address in map(_address, item.get("addresses") or [])]
        self.routes += [_route(route, name) for route in item.get("routes") or []]

    def lines(self, title: str) -> Iterator[Line]:
        """C(title): that of the box. What has it in its name has another one in boxes that are alike."""
        for note in self.notes:
            yield Line("note", "", note, _NUMBER.sub("", note))
        rows = [(name if not number else "", *row, name) for name, rows in self.links.items() for number, row in enumerate(rows or [("", "")])]
        for label, text, fold_key, name in rows[:MANY_ADDRESSES]:
            yield Line("address", label, text, name.replace(title, "*") + fold_key)
        yield from _more(len(rows) - MANY_ADDRESSES, "address", "addresses")
        for route in self.routes[:MANY_ROUTES]:
            yield Line("route", "", route, "route")
        yield from _more(len(self.routes) - MANY_ROUTES, "route", "routes")


def _address(value: Any) -> str:
    """An address without its flags."""
    return " ".join(word for word in _text(value).split(" ") if word != "nodad")


def _fold_key(address: str) -> str:
    """Address family and prefix length of an address."""
    return " %s/%s" % ("6" if ":" in address else "4", address.partition("/")[2]) if address else ""


def _more(count: int, one: str, several: str) -> Iterator[Line]:
    if count > 0:
        text = "and %d more %s" % (count, one if count == 1 else several)
        yield Line("note", "", text, text)


def _route(route: Item, link: str = "") -> str:
    """A route as in ip-route(8); with the link if it has no gateway."""
    kind, device = route.get("type") or "unicast", route.get("dev") or ("" if route.get("via") else link)
    to = "default" if route.get("to") in _ANYWHERE else route.get("to")
    words = [("", "" if kind == "unicast" else kind), ("", to), ("via", route.get("via")), ("dev", device)]
    words += [
        (
            "metric",
            "" if str(route.get("metric") or 0) in ("0", "1024" if ":" in _text(route.get("to")) + _text(route.get("via")) else "0") else route["metric"],
        )
    ]
    words += [("table", "" if str(route.get("table") or MAIN_TABLE) in ("main", str(MAIN_TABLE)) else route["table"])]
    return " ".join(_text("%s %s" % word if word[0] else word[1]) for word in words if word[1])


class _Builder:
    """Builds the boxes and lines."""

    def __init__(self, lists: Mapping[str, List[Item]], known: Mapping[LinkId, Item], hosts: Mapping[str, str]) -> None:
        self._hosts = hosts
        """The host of each namespace, if there are several."""
        self._lists = lists
        self._known = known
        self._bridges = {_id(item): item for item in lists["links"] if _picture_of(item) in _WITH_PORTS}
        self._vrfs = {_id(item) for item in lists["links"] if _picture_of(item) == "vrf"}
        self._ports = {
            (_netns(bridge.get("netns")), _text(port["name"])): (_text(bridge["name"]), port)
            for bridge in self._bridges.values()
            for port in bridge.get("ports") or []
            if port.get("name") is not None
        }
        self._boxes: Dict[LinkId, _Box] = {}
        """The boxes of namespaces, with the name '', and of VRFs."""
        self._devices: List[Node] = []
        self._cables: List[Edge] = []
        self._drawn: Dict[LinkId, str] = {}
        """The box of each link."""

    def draw(self, sysctls: Mapping[str, Any]) -> None:
        """Draws everything. C(sysctls): the settings of each namespace of a host itself."""
        for netns, sysctl in sysctls.items():
            if _forwards(sysctl):
                self._box(netns).notes += _forwards(sysctl)
        for item in self._lists["namespaces"]:
            self._namespace(item)
        for draw, *words in (
            (self._vrf, "vrf"),
            (self._existing, ""),
            (self._bridge, *_WITH_PORTS),
            (self._tuntap, "device"),
            (self._link, "link"),
            (self._cable, "cable"),
        ):
            for item in self._lists["links"]:
                if _picture_of(item) in words:
                    draw(item)
        self._tunnels([item for item in self._lists["links"] if _picture_of(item) == "tunnel"])
        for key, item in self._known.items():
            if key not in self._drawn and _picture_of(item) == "cable":
                self._dangling_end(key, item)
            elif key not in self._drawn and item.get("type") == "other" and item.get("addresses"):
                self._existing(item)
        for (netns, name), (_bridge, _port) in self._ports.items():
            if (netns, name) not in self._drawn:  # a port that exists already
                self._existing({"name": name, "netns": netns})
        for item in self._lists["links"]:
            if _picture_of(item) == "link":
                self._to_parent(item)

    def picture(self) -> Picture:
        """The result. A namespace with bridges has a frame; or each host, if there are several."""
        framed = {netns for netns, _name in [*self._bridges, *self._vrfs] if netns}
        boxes = [_node_of(netns, vrf, tuple(box.lines(vrf or netns or HOST))) for (netns, vrf), box in self._boxes.items()]
        nodes = [self._on_host(node) if self._hosts else node._replace(inside=node.inside if node.inside in framed else "") for node in boxes + self._devices]
        several = {_key_of(*key) for key, box in self._boxes.items() if len(box.links) > 1}
        cables = _turned(self._cables, [node.key for node in self._devices])
        return Picture(nodes, [cable._replace(names=_names(cable, several)) for cable in cables], bool(self._hosts))

    def _on_host(self, node: Node) -> Node:
        """A box in the frame of its host, without its name."""
        host = self._hosts.get(node.inside, "")
        netns = node.inside[len(host) + 1 :]
        if node.kind == "namespace":
            return node._replace(kind="namespace" if netns else "host", title=netns or HOST, inside=host)
        return node._replace(title="%s in %s" % (node.title, netns) if netns else node.title, inside=host)

    def _box(self, netns: str, vrf: str = "") -> _Box:
        return self._boxes.setdefault((netns, vrf), _Box())

    def _home(self, item: Item) -> LinkId:
        """The namespace of a link, and the VRF that it belongs to, if any."""
        netns, master = _netns(item.get("netns")), _text(item.get("master") or "")
        return netns, master if (netns, master) in self._vrfs else ""

    def _vrf(self, item: Item) -> None:
        netns, name = _id(item)
        box = self._box(netns, name)
        self._drawn[netns, name] = _key_of(netns, name)
        box.notes += ["table %s" % _text(item["table"])] if item.get("table") is not None else []
        if item.get("addresses") or item.get("routes"):
            box.add(name, item)

    def _namespace(self, item: Item) -> None:
        box = self._box(_text(item["name"]))
        box.notes += _forwards(item.get("sysctl"))
        if item.get("loopback") is False:
            box.notes.append("lo down")
        if item.get("addresses"):
            box.add("lo", {"addresses": item["addresses"]})
        box.routes += [_route(route) for route in item.get("routes") or []]

    def _bridge(self, item: Item) -> None:
        netns, name = _id(item)
        kind = _picture_of(item)
        notes = [word for option, word in _FEATURES if item.get(option) in _TRUE] + ([_text(item["mode"])] if kind == "bond" and item.get("mode") else [])
        down = item.get("up") is False
        key = self._drawn[netns, name] = self._put("bridge", netns, name, notes, down, kind)
        vlans = _vlans(item.get("vlans"))
        home = self._home(item)
        if item.get("addresses") or item.get("routes") or vlans or home[1]:
            self._box(*home).add(name, item)
            self._cables.append(Edge((_key_of(*home), key), ("", ""), vlans or self._default_vlans(item), down))
        if not home[1] and (item.get("master") or (netns, name) in self._ports):
            to, _name, trunk, _down, _note = self._end({**item, "addresses": []})
            self._cables.append(Edge((key, to), ("", ""), trunk, down))

    def _existing(self, item: Item) -> None:
        self._device(item, "link", ["existing link"])

    def _link(self, item: Item) -> None:
        """A port has a box of its own, any other link a line in the box of its namespace."""
        netns, name = _id(item)
        note = self._note(item)
        home = self._home(item)
        if not home[1] and (item.get("master") or (netns, name) in self._ports):
            self._device(item, "link", [note or _text(item["type"])])
        else:
            self._drawn[netns, name] = _key_of(*home)
            self._box(*home).add(name, item, note)

    def _parent(self, item: Item) -> Optional[LinkId]:
        """The parent of a link, None if it has none."""
        kind = TYPES.get(_text(item.get("type") or ""))
        name = item.get(kind.parent) if kind and kind.parent else None
        netns = item.get("parent_netns")
        return (_netns(item.get("netns") if netns is None else netns), _text(name)) if name else None

    def _note(self, item: Item) -> str:
        """What a link is on its parent: C(VLAN 10 on eth0), '' if it has none."""
        parent, vid = self._parent(item), _vid(item)
        return "%s on %s" % ("VLAN %d" % vid if vid else _text(item["type"]), parent[1]) if parent else ""

    def _to_parent(self, item: Item) -> None:
        """Draws a line to the parent of a link, if that is in another box."""
        parent, vid, key = self._parent(item), _vid(item), _id(item)
        if not parent:
            return
        outside = _key("namespace", parent[0])
        box = self._drawn.get(parent, outside)
        if box == self._drawn[key]:
            return
        if box == outside:
            self._box(parent[0])
        names = (parent[1] if box == outside else "", key[1])
        self._cables.append(Edge((box, self._drawn[key]), names, (Vlan(str(vid), False),) if vid else (), item.get("up") is False))

    def _tuntap(self, item: Item) -> None:
        status = self._known.get(_id(item), {}).get("status") or {}
        notes = ["%s %s" % (option, _text(item[option])) for option in ("owner", "group") if item.get(option) not in (None, "")]
        self._device(item, "tun" if item.get("mode") == "tun" else "tap", notes + (["in use"] if status.get("attached") else []))

    def _device(self, item: Item, kind: str, notes: List[str]) -> None:
        """A device with one line, to its bridge or to its namespace."""
        netns, name = _id(item)
        key = self._drawn[netns, name] = self._put(kind, netns, name, notes)
        to, _name, vlans, down, _note = self._end(item)
        status = self._known.get((netns, name), {}).get("status") or {}
        down = down or (kind == "link" and status.get("carrier") is False)
        # uplinks of a bridge come before it, everything else after it
        ends = (key, to) if kind == "link" else (to, key)
        self._cables.append(Edge(ends, ("", ""), vlans, down))

    def _cable(self, item: Item) -> None:
        peer = {"name": "", **(item.get("peer") or {})}
        one, other = self._end(item), self._end(peer)
        if other.box.startswith("bridge") and not one.box.startswith("bridge"):
            one, other = other, one
        vlans = tuple(dict.fromkeys(one.vlans + other.vlans))
        self._cables.append(Edge((one.box, other.box), (one.name, other.name), vlans, one.down or other.down, (one.note, other.note)))

    def _tunnels(self, items: List[Item]) -> None:
        """Draws a line between the two ends of each tunnel that have each other's address, and from each other one to what it is for."""
        left = list(items)
        while left:
            item = left.pop(0)
            other = next((one for one in left if _are_ends(item, one)), None)
            to, name, vlans, down, _note = self._end(item)
            if other:
                left.remove(other)
                end = self._end(other)
                self._cables.append(Edge((to, end.box), ("%s %s" % (name, _tunnel_of(item)), end.name), vlans, down or end.down))
            else:
                far = self._put("elsewhere", "", *self._far_end(item))
                self._cables.append(Edge((to, far), (name, ""), vlans, down))

    def _far_end(self, item: Item) -> Tuple[str, List[str]]:
        """What a tunnel is for whose other end is not drawn, with a note. One without a destination is for all hosts that have it."""
        target = item.get("remote") or item.get("group")
        if self._hosts and not target:
            port = _text(item.get("dstport") or "")
            return _tunnel_of(item), ["between hosts" + (", port " + port if port else "")]
        return "%s to %s" % (_tunnel_of(item), _text(target or "any")), [_tunnel_of(item)]

    def _dangling_end(self, key: LinkId, item: Item) -> None:
        """A veth whose peer is in a namespace that was not read."""
        to, name, vlans, down, _note = self._end(item)
        self._cables.append(Edge((to, self._put("elsewhere", *key, [])), (name, ""), vlans, down))

    def _end(self, item: Item) -> _End:
        netns, name = _id(item)
        home = self._home(item)
        self._drawn.setdefault((netns, name), _key_of(*home))
        down = item.get("up") is False
        master, port = self._ports.get((netns, name), ("", {}))
        if item.get("master"):
            master = _text(item["master"]) if not home[1] else ""
        port = {**port, **(item.get("port") or {})}
        if not master or item.get("addresses"):
            self._box(*home).add(name, item)
        if not master:
            return _End(_key_of(*home), name, (), down, _quality(item))
        bridge = self._bridges.get((netns, master))
        key = _key("bridge", netns, master) if bridge else self._put("bridge", netns, master, ["existing bridge"])
        vlans = _vlans(port["vlans"]) if port.get("vlans") is not None else self._default_vlans(bridge or {})
        return _End(key, name, vlans, down, _quality(item))

    def _default_vlans(self, bridge: Item) -> Tuple[Vlan, ...]:
        pvid = bridge.get("vlan_default_pvid")
        pvid = "1" if pvid is None else str(pvid)
        return (Vlan(pvid, True),) if bridge.get("vlan_filtering") in _TRUE and pvid != "0" else ()

    def _put(self, kind: str, netns: str, name: str, notes: List[str], down: bool = False, look: str = "") -> str:
        """Adds a box for a device, once. C(look): its kind, if boxes of several kinds are connected alike."""
        key = _key(kind, netns, name)
        if not any(node.key == key for node in self._devices):
            self._devices.append(Node(key, look or kind, name, tuple(Line("note", "", note, note) for note in notes), netns, down))
        return key


def _key(kind: str, netns: str, name: str = "") -> str:
    if kind == "namespace":
        return "%s %s" % (kind, netns) if netns else HOST
    return "%s %s%s" % (kind, name, " in %s" % netns if netns else "")


def _key_of(netns: str, vrf: str) -> str:
    """The box of a namespace, or of a VRF in it."""
    return _key("vrf", netns, vrf) if vrf else _key("namespace", netns)


def _node_of(netns: str, vrf: str, lines: Tuple[Line, ...]) -> Node:
    kind = "vrf" if vrf else "namespace" if netns else "host"
    return Node(_key_of(netns, vrf), kind, vrf or netns or HOST, lines, netns)


def _tunnel_of(item: Item) -> str:
    """What kind of tunnel it is, with its number: C(vxlan 10), C(gre)."""
    words = (item.get("mode") if item.get("type") == "tunnel" else item.get("type"), item.get("id"))
    return " ".join(_text(word) for word in words if word is not None)


def _are_ends(one: Item, other: Item) -> bool:
    """Whether two links are the ends of one tunnel."""
    if _tunnel_of(one) != _tunnel_of(other) or not one.get("remote") or not other.get("remote"):
        return False
    return all(far.get("local") in (None, "", near["remote"]) for near, far in ((one, other), (other, one))) and bool(one.get("local") or other.get("local"))


def _turned(cables: List[Edge], order: List[str]) -> List[Edge]:
    """Turns the lines so that few of them cross.

    A namespace between two bridges is drawn between them. One with other lines is drawn before its bridges, and everything else
    on them after.
    """
    others: Dict[str, List[str]] = {}
    for cable in cables:
        for end, other in (cable.ends, cable.ends[::-1]):
            others.setdefault(end, []).append(other)
    before: Set[Tuple[str, str]] = set()
    for key, ends in others.items():
        bridges = sorted({end for end in ends if end.startswith("bridge")}, key=order.index)
        between = len(ends) == len(bridges) == 2
        if key.startswith(("namespace", "vrf")) and len(ends) > 1:
            before |= {(key, bridge) for bridge in bridges[1 if between else 0 :]}
    return [cable.turned() if cable.ends[::-1] in before else cable for cable in cables]


def _names(cable: Edge, several: Iterable[str]) -> Tuple[str, str]:
    """The names at the ends of a line: of bridge ports, and of links of a namespace that has several."""
    one, other = (name if end.startswith("bridge") or end in several else "" for name, end in zip(cable.names, cable.ends))
    return one, other


def _forwards(sysctl: Any) -> List[str]:
    values = sysctl if isinstance(sysctl, Mapping) else {}
    families = dict.fromkeys(family for key, family in _FORWARDING if values.get(key) in _TRUE)
    return ["forwards " + " and ".join(families)] if families else []


def _vlans(vlans: Optional[List[Item]]) -> Tuple[Vlan, ...]:
    return tuple(Vlan(_text(vlan.get("vid")), bool(vlan.get("pvid") or vlan.get("untagged"))) for vlan in vlans or [])
