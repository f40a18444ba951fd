# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a host as options of M(nfv.vnet.vnet_layout), and what they cannot say."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Set

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._bodies import (
    partial_route,
    summary_of_route,
    undeclared_address_words,
    undeclared_route_words,
    whole_address,
)
from ansible_collections.nfv.vnet.plugins.module_utils._describe import describe
from ansible_collections.nfv.vnet.plugins.module_utils._entries import OF_NAMESPACES, lists_of
from ansible_collections.nfv.vnet.plugins.module_utils._plan._vlans import default_vlans_of
from ansible_collections.nfv.vnet.plugins.module_utils._resources import KERNEL_ADDRESSES, MAIN_TABLE, FoundLink, Host, Layout, Link, LinkId, Route, Values
from ansible_collections.nfv.vnet.plugins.module_utils._settings import changed_settings, changed_settings_of

_NEVER = ("num_tx_queues", "num_rx_queues", "gso_max_segs", "gso_max_size", "state")
"""Attributes that a declaration never has: they depend on the machine, or the kernel chooses them."""
_COSTS = (2, 4, 5, 19, 100)
"""The costs that the kernel derives from the speed of a port."""


_USUAL_PROTOCOLS = ("boot", "static")
"""What ip(8) and this collection say of routes, whoever wants them."""


class Lack(NamedTuple):
    """Something on the host that the declaration does not say."""

    netns: str
    link: str
    """Its name, '' for something of the namespace."""
    what: str
    """In the words of ip(8)."""
    declared: bool = False
    """Whether the declaration has it, but not with everything that it has."""


class Export:
    """Turns namespaces and links of a host into a declaration, without the values that new ones have anyway."""

    def __init__(self, host: Host, wanted: Dict[LinkId, Link], macs: bool, files: bool) -> None:
        self._host = host
        self._wanted = wanted
        self._macs = macs
        self._files = files
        self._ports: Dict[LinkId, List[FoundLink]] = {}
        for found in host.links.values():
            if found.master:
                self._ports.setdefault((found.netns, found.master), []).append(found)
        self._done: Set[LinkId] = set()
        """The links that are declared."""
        self._described: Dict[LinkId, Values] = {}
        self.lacks: List[Lack] = []

    def declaration(self, namespaces: Iterable[str], links: List[LinkId]) -> Dict[str, Any]:
        """The options of a layout apart from its name."""
        chosen = set(links)
        declared = [entry for key in links if key not in self._done for entry in self._entries(key, chosen)]
        home = self._host.namespaces.get("")
        declared += self._loopback(links)
        inherited = home.sysctl if home else None
        settings: Dict[str, Dict[str, str]] = {name: changed_settings(self._host.namespaces[name].sysctl, inherited) for name in namespaces}
        loopbacks = [(name, "lo") for name in settings]
        for netns, name in [*loopbacks, *(key for key in self._host.links if key in self._done)]:
            found = self._host.links.get((netns, name))
            if found:
                settings.setdefault(netns, {}).update(changed_settings_of(found, self._host.namespaces[netns].sysctl))
        for netns, name in loopbacks:
            self._add_lacks(self._host.links.get((netns, name)))
        named = [self._namespace(name, settings) for name in namespaces if name]
        of_home = self._namespace("", settings) if "" in settings else {}
        tops = {name: of_home[name] for name in ("routes", *(entries.option for entries in lists_of(_kinds.LOOPBACK))) if name in of_home}
        return {"sysctl": settings.get("", {}), **tops, "namespaces": named, "links": declared}

    def _loopback(self, links: List[LinkId]) -> List[Values]:
        """The C(lo) of the host, if there is something to say of it that is no option of the layout itself."""
        own = self._link(("", "lo")) if ("", "lo") in links else {}
        lo = {name: value for name, value in own.items() if name not in (entries.option for entries in OF_NAMESPACES)}
        return [lo] if set(lo) - {"name", "up"} else []

    def _namespace(self, name: str, settings: Dict[str, Dict[str, str]]) -> Values:
        found = self._host.namespaces[name]
        loopback = self._options((name, "lo")) if (name, "lo") in self._host.links else {"up": True, "addresses": []}  # somebody renamed it
        routes = [_short(route, route.options(of_link=False)) for route in found.routes or [] if not route.dev]
        lists = {entries.option: loopback.get(entries.option, []) for entries in lists_of(_kinds.LOOPBACK)}
        values = {
            "loopback": loopback["up"],
            "sysctl": settings[name],
            "addresses": loopback["addresses"],
            "routes": routes,
            **lists,
            "files": self._contents(name, found.files),
        }
        initial = {"loopback": True, "sysctl": {}, "addresses": [], "routes": [], **{key: [] for key in lists}, "files": {}}
        return {"name": name, **{key: value for key, value in values.items() if value != initial[key]}}

    def _contents(self, netns: str, files: Dict[str, Optional[str]]) -> Dict[str, Optional[str]]:
        if not self._files:
            self.lacks += [Lack(netns, "", "file %s" % name) for name in files]
        return files if self._files else {}

    def _entries(self, key: LinkId, links: Set[LinkId]) -> List[Values]:
        """The link as an entry of C(links), with its peer; none if it cannot be declared."""
        found = self._host.links[key]
        kind = _kinds.BY_KIND.get(found.kind)
        if kind and kind.has_peer:
            return self._cable(found, links)
        if kind and found.name in kind.made_by_kernel:
            return []
        if kind and (kind.parent or kind.encapsulates) and not found.parent:
            self._lack(found, "its %s is in a namespace that was not read" % (kind.parent or "network"))
        elif kind or found.port:
            return [self._link(key)]
        elif found.kind not in ("", _kinds.LOOPBACK):
            self._lack(found, "type %s" % found.kind)
        return []

    def _cable(self, found: FoundLink, links: Set[LinkId]) -> List[Values]:
        if not found.peer or found.peer not in self._wanted:
            self._lack(found, "its peer is in a namespace that was not read, or has no name")
            return []
        if found.peer not in links:
            return []  # the other end is excluded
        near, far = sorted((found.id, found.peer), key=lambda end: (not self._host.links[end].master, end))
        peer = self._link(far)
        del peer["type"]
        return [{**self._link(near), "peer": peer}]

    def _lack(self, found: FoundLink, what: str, declared: bool = False) -> None:
        self.lacks.append(Lack(found.netns, found.name, what, declared))

    def _add_lacks(self, found: Optional[FoundLink]) -> None:
        """What no option can say of a link that is declared."""
        shown = found.shown if found else None
        if not found or not shown:
            return
        for what in found.undeclarable:
            self._lack(found, what)
        if found.master and not found.port:
            self._lack(found, "master %s" % found.master)
        declared = set(self._options(found.id)["addresses"])
        for address in found.addresses:
            if address.generated or address.key in KERNEL_ADDRESSES or address.key not in shown.addresses:
                continue
            body = shown.addresses[address.key]
            is_declared = str(address) in declared
            words = undeclared_address_words(body) if is_declared else whole_address(body, found.name)
            if words:
                self._lack(found, "address " + " ".join(words), is_declared)
        of_namespace = self._host.namespaces[found.netns].routes or []
        declared_routes = {*(found.routes or []), *(of_namespace if found.kind == _kinds.LOOPBACK else [])}
        over_several = {route.key for route in of_namespace if route.nexthops}
        for route, body in shown.routes:
            if route is None and partial_route(body).key in over_several:
                continue
            words = undeclared_route_words(body) if route in declared_routes else summary_of_route(body, found.name)
            if words:
                self._lack(found, "route " + " ".join(words), route in declared_routes)

    def _options(self, key: LinkId) -> Values:
        if key not in self._described:
            self._described[key] = describe(Layout([], [self._wanted[key]._replace(peer=None)]), self._host)
        return self._described[key]

    def _link(self, key: LinkId) -> Values:
        found, options = self._host.links[key], self._options(key)
        self._done.add(key)
        self._add_lacks(found)
        kind = _kinds.BY_KIND.get(found.kind)
        values: Values = {"type": kind.type} if kind else {}
        values.update({name: options[name] for name in ("name", "netns") if options[name]})
        values.update({name: options[name] for name in (_kinds.kind_of(found.kind).parent, "parent_netns") if options.get(name) is not None})
        for row in _kinds.rows_of(found.kind).values():
            undeclarable = row.type.undeclarable(options.get(row.name))
            if undeclarable:
                self._lack(found, undeclarable)
            elif row.name in options and ((kind and row.name in kind.required) or not self._usual(found, row, options[row.name])):
                values[row.name] = options[row.name]
        if found.port:
            values["master"] = found.master
        if found.port and self._port(found):
            values["port"] = self._port(found)
        if options["addresses"]:
            values["addresses"] = options["addresses"]
        if found.routes:
            values["routes"] = [_short(route, route.options(of_link=True)) for route in found.routes]
        if "vlans" in options and not _are_usual_vlans(found, options["vlans"]):
            values["vlans"] = options["vlans"]
        values.update({entries.option: options[entries.option] for entries in lists_of(found.kind) if options.get(entries.option)})
        return values

    def _port(self, found: FoundLink) -> Values:
        options = self._options(found.id).get("port", {})
        values = {row.name: options[row.name] for row in table.PORT_ROWS.values() if row.name in options and not self._usual(found, row, options[row.name])}
        if "vlans" in options and not _are_usual_vlans(self._host.links[found.netns, found.master], options["vlans"]):
            values["vlans"] = options["vlans"]
        return values

    def _usual(self, found: FoundLink, row: table.Attribute, value: Any) -> bool:
        if row.name in _NEVER or row.is_substituted(found.values, found.status):
            return True
        if row.name == "mac":
            return not self._macs
        if row.name == "up":
            return bool(value)
        if row.name == "cost" and not _kinds.kind_of(found.kind).has_peer:
            return value in _COSTS
        if row.name in _kinds.kind_of(found.kind).follows_ports and value == self._lowest_of_ports(found, row.name):
            return True  # the kernel sets it, and follows the ports as long as nobody has set it
        if found.kind not in _kinds.BY_KIND and row.location in ("link", "flag", "inet6"):
            return True
        parent = self._host.links.get(found.parent) if found.parent else None
        if row.type.equal:
            return bool(row.initial == value)
        return row.same(_kinds.initial_of(found.kind, found.values, parent.values if parent else {}).get(row.name, row.initial), value)

    def _lowest_of_ports(self, found: FoundLink, name: str) -> Any:
        return min((port.values[name] for port in self._ports.get(found.id, ()) if port.values.get(name) is not None), default=None)


def _are_usual_vlans(bridge: FoundLink, vlans: List[Values]) -> bool:
    """Whether VLANs go without saying. Where they count they are said, so that others that somebody adds are noticed."""
    usual = [{"vid": str(vid), "pvid": True, "untagged": True} for vid in default_vlans_of(bridge)]
    return not _kinds.kind_of(bridge.kind).separates_vlans(bridge.values) and vlans == usual


def _short(route: Route, options: Values) -> Values:
    """A route without its defaults."""
    usual = {
        "table": MAIN_TABLE,
        "metric": 1024 if route.ipv6 else 0,
        "scope": "global" if route.via or not route.dev else "link",
        "onlink": False,
        "type": "unicast",
        "preference": table.USUAL_PREFERENCE,
    }
    return {name: value for name, value in options.items() if usual.get(name) != value and not (name == "protocol" and value in _USUAL_PROTOCOLS)}
