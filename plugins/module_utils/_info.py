# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module vnet_info: returns the state of a host, also as the declaration of a layout."""

from __future__ import annotations

from contextlib import suppress
from fnmatch import fnmatchcase
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._describe import describe
from ansible_collections.nfv.vnet.plugins.module_utils._entries import LISTS, OF_NAMESPACES, as_text
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError, shown
from ansible_collections.nfv.vnet.plugins.module_utils._export import Export
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _namespaces
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._decode import Selection
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._namespaces import Namespaces
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._pending import may_be_pending
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import FdbEntry, Reader
from ansible_collections.nfv.vnet.plugins.module_utils._observe._layout import read_all
from ansible_collections.nfv.vnet.plugins.module_utils._options._checks import check_text
from ansible_collections.nfv.vnet.plugins.module_utils._options._option import Option
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, Host, Layout, LinkId, Values, added_routes

OTHER = "other"
MODULE = "vnet_info"
TYPES = (*_kinds.TYPES, _kinds.LOOPBACK, OTHER)
INFO_OPTIONS: Tuple[Option, ...] = (
    Option(
        "namespaces",
        "list",
        "Names of the network namespaces to read. V('') is the one that the module runs in. If it is left out, that one and all named ones are read.",
        elements="str",
    ),
    Option(
        "types",
        "list",
        "Types of links to return. V(other) are all types that this collection does not manage. If it is left out, all types are returned.",
        elements="str",
        choices=TYPES,
    ),
    Option("layout", "str", "Name of a layout. If it is given, only namespaces and links of this layout are returned."),
    Option(
        "for_layout",
        "str",
        "Name of a layout. If it is given, namespaces and links that belong to other layouts are left out, so that RV(declaration) can be applied"
        " as this one, also again.",
    ),
    Option(
        "exclude",
        "list",
        "Names of namespaces and links to leave out. C(*) stands for any characters, and C(?) for one, as in V(docker*).",
        elements="str",
    ),
    Option("fdb", "bool", "Whether to return the forwarding databases of bridges, as RV(fdb).", False),
    Option("counters", "bool", "Whether to return the counters of packets, bytes and errors of each link, as C(counters) of the status.", False),
    Option("files", "bool", "Whether to return the contents of the files of namespaces in C(/etc/netns/NAME), also in RV(declaration).", False),
    Option("macs", "bool", "Whether RV(declaration) includes MAC addresses.", False),
)
"""The options of M(nfv.vnet.vnet_info)."""
_FDB_SELF, _FDB_MASTER, _FDB_EXTERNAL, _FDB_STICKY = 0x02, 0x04, 0x10, 0x40


def look(params: Mapping[str, Any]) -> Dict[str, Any]:
    """Returns the result of the module."""
    namespaces = Namespaces()
    reader = Reader(namespaces, Selection(with_settings=True))
    try:
        names = _names(namespaces, params["namespaces"])
        host, everything, unread = read_all(reader, names)
        view = _View(host, everything, params)
        if params["layout"] and not view.namespaces and not view.has_links:
            raise VnetError(("layout",), "there is no layout %s on this host" % shown(params["layout"]))
        declared = _without_others(host, params["for_layout"]) if params["for_layout"] else host
        export = Export(declared, {link.id: link for link in everything.links}, params["macs"], params["files"])
        counters = _counters(reader, host) if params["counters"] else {}
        result = {
            "changed": False,
            "namespaces": [view.namespace(name) for name in view.namespaces],
            "links": [view.link(key, counters.get(key)) for key in view.links],
            "declaration": export.declaration(view.namespaces, view.links),
            "declaration_lacks": [lack._asdict() for lack in export.lacks],
            "warnings": [*_pending(), *("namespace %s is left out: %s" % entry for entry in sorted(unread.items()))],
        }
        if params["fdb"]:
            result["fdb"] = [entry for name in host.namespaces for entry in _fdb(reader, host, name) if (name, entry["bridge"]) in view.links]
        return result
    finally:
        reader.close()
        namespaces.close()


def _without_others(host: Host, layout: str) -> Host:
    """The host without the routes and rules that other layouts have added to it."""
    home, lo = host.namespaces.get(""), host.links.get(("", "lo"))
    if not home or not lo:
        return host
    routes, entries = home.routes or [], dict(lo.entries)
    for other in lo.also_of:
        if other.is_layout(layout):
            continue
        added = {route.key for route in added_routes(other.original or {})}
        routes = [route for route in routes if route.dev or route.key not in added]
        for option, found in entries.items():
            before = (other.original or {}).get(option, {})
            entries[option] = [entry for entry in found if before.get(as_text(LISTS[option], entry), entry) is not None]
    return host._replace(
        namespaces={**host.namespaces, "": home._replace(routes=routes)},
        links={**host.links, ("", "lo"): lo._replace(entries=entries)},
    )


def _pending() -> List[str]:
    """A change that waits for its confirmation, as a warning."""
    if not may_be_pending():
        return []
    from ansible_collections.nfv.vnet.plugins.module_utils._kernel._lock import warnings_of_pending

    return warnings_of_pending()


def _names(namespaces: Namespaces, asked: Optional[List[str]]) -> List[str]:
    if asked is None:
        return ["", *_namespaces.names()]
    for number, name in enumerate(asked):
        check_text(name, ("namespaces", number))
        if not namespaces.identity(name):
            raise VnetError(("namespaces", number), "there is no namespace %s" % shown(name))
    return list(dict.fromkeys(asked))


def _fdb(reader: Reader, host: Host, netns: str) -> Iterator[Values]:
    links = {link.ifindex: link for link in host.links.values() if link.netns == netns}
    entries: List[FdbEntry] = []
    with suppress(KernelError):  # the namespace has vanished
        entries = reader.fdb(netns)
    for entry in entries:
        bridge, port = links.get(entry.master or entry.device), links.get(entry.device)
        if not bridge or not _kinds.kind_of(bridge.kind).is_bridge:
            continue  # an address filter of a network card
        flags = (("self", _FDB_SELF), ("master", _FDB_MASTER), ("extern_learn", _FDB_EXTERNAL), ("sticky", _FDB_STICKY))
        yield {
            "netns": netns,
            "bridge": bridge.name,
            "port": port.name if port else "",
            "mac": entry.mac,
            "vlan": entry.vlan or None,
            "permanent": entry.permanent,
            "flags": [word for word, bit in flags if entry.flags & bit],
        }


def _counters(reader: Reader, host: Host) -> Dict[LinkId, Values]:
    """The counters of each link."""
    found: Dict[LinkId, Values] = {}
    indexes = {(link.netns, link.ifindex): link.id for link in host.links.values()}
    for netns in host.namespaces:
        with suppress(KernelError):  # the namespace has vanished
            found.update((indexes[netns, index], counters) for index, counters in reader.counters(netns).items() if (netns, index) in indexes)
    return found


class _View:
    """The part of the host that the task asks for."""

    def __init__(self, host: Host, everything: Layout, params: Mapping[str, Any]) -> None:
        self._host = host
        self._wanted = {link.id: link for link in everything.links}
        self._layout = params["layout"]
        self._types = params["types"] or TYPES
        self._for_layout = params["for_layout"]
        self._exclude = params["exclude"] or ()
        self._files = params["files"]
        self.namespaces = [
            name for name in (namespace.name for namespace in everything.namespaces) if self._is_part(host.links.get((name, "lo"))) and not self._excludes(name)
        ]
        self.links = [key for key, found in host.links.items() if key in self._wanted and _type(found) in self._types and self._is_part(found)]
        self.links = [key for key in self.links if not self._excludes(key[0]) and not self._excludes(key[1])]
        self.has_links = any(map(self._belongs, host.links.values()))

    def _excludes(self, name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in self._exclude)

    def _is_part(self, found: Optional[FoundLink]) -> bool:
        """Whether the task asks for a link."""
        of_another = found and found.ownership and not found.ownership.is_layout(self._for_layout or "")
        return self._belongs(found) and not (self._for_layout and of_another)

    def _belongs(self, found: Optional[FoundLink]) -> bool:
        return not self._layout or bool(found and found.ownership and found.ownership.is_layout(self._layout))

    def namespace(self, name: str) -> Values:
        found = self._host.namespaces[name]
        routes = [route.options(of_link=False) for route in found.routes or []]
        loopback = self._options((name, "lo")) if (name, "lo") in self._host.links else {}
        lists = {entries.option: loopback.get(entries.option, []) for entries in OF_NAMESPACES}
        files = {"files": found.files} if self._files else {}
        return {"name": name, "nsid": found.nsid, "routes": routes, **lists, **files, **_ownership(self._host.links.get((name, "lo")))}

    def link(self, key: LinkId, counters: Optional[Values] = None) -> Values:
        """A link as options, with its read-only state."""
        found = self._host.links[key]
        peer = {"name": found.peer[1], "netns": found.peer[0]} if found.peer else None
        return {
            **self._options(key),
            "type": _type(found),
            "kind": found.kind,
            **({"peer": peer} if _kinds.kind_of(found.kind).has_peer else {}),
            **_ownership(found),
            "status": {**found.status, **_dynamic(found), **({"counters": counters} if counters else {})},
        }

    def _options(self, key: LinkId) -> Values:
        return describe(Layout([], [self._wanted[key]._replace(peer=None)]), self._host)


def _dynamic(found: FoundLink) -> Values:
    """What others gave to the link, who renew it: no option declares it."""
    routes = [route for route, _body in (found.shown.routes if found.shown else ()) if route and route.dev and route not in (found.routes or ())]
    return {
        "dynamic_addresses": [str(address) for address in found.addresses if address.dynamic and not address.link_local],
        "dynamic_routes": [route.options(of_link=True) for route in routes],
    }


def _type(found: FoundLink) -> str:
    if found.kind == _kinds.LOOPBACK:
        return found.kind
    return _kinds.kind_of(found.kind).type or OTHER


def _ownership(found: Optional[FoundLink]) -> Values:
    """The layout that a link belongs to, and whether it was adopted."""
    ownership = found.ownership if found else None
    return {"layout": ownership.layout if ownership else None, "adopted": bool(ownership and ownership.original is not None)}
