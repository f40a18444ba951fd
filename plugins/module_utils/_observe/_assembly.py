# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the record of a link from its message and from what was read besides."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, List, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import PORT_REFERENCES, ends_ipv6
from ansible_collections.nfv.vnet.plugins.module_utils._entries import LISTS, lists_of, named
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._decode import RawLink
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import PAIRED, interrupts, is_like, kind_of, references_of, rows_of
from ansible_collections.nfv.vnet.plugins.module_utils._observe._apart import LOST_APART, declared_apart
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Address, FoundLink, Link, LinkId, Ownership, Port, Route, Shown, Values, Vlan


def may_be_interrupted(raw: RawLink, wanted: Optional[Link]) -> bool:
    """Whether a program may hold the device and the task may interrupt it, so that its process ids must be read."""
    is_touched = wanted is None or interrupts(wanted) or (wanted.kind == raw.kind and not raw.status.get("persist"))
    return kind_of(raw.kind).is_attachable and bool(raw.status.get("carrier")) and is_touched


def has_parent(raw: RawLink) -> bool:
    """Whether a link has a parent, or a network that carries its packets. C(IFLA_LINK) of a veth is its peer."""
    return kind_of(raw.kind).encapsulates or (bool(raw.link) and raw.kind not in PAIRED and not (raw.link == raw.ifindex and raw.link_nsid is None))


def _port_values(raw: RawLink, name_of: Callable[[int], str]) -> Values:
    """The values of a port, with the names of the links that it refers to."""
    references = {name: name_of(int(raw.port[name])) for name in PORT_REFERENCES if name in raw.port} if raw.port else {}
    return {**(raw.port or {}), **references}


def _own_values(raw: RawLink, name_of: Callable[[int], str]) -> Values:
    """The values of a link, with the names of the links that it refers to."""
    names = [name for name in references_of(raw.kind) if raw.values.get(name)]
    return {**raw.values, **{name: name_of(int(raw.values[name])) for name in names}} if names else raw.values


class EntriesReader:
    """Reads the lists of links (C(_entries)), each once for all links of a namespace."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._read: Dict[Tuple[str, str], Dict[int, List[Values]]] = {}

    def of_link(self, netns: str, raw: RawLink, options: Iterable[str], name_of: Callable[[int], str]) -> Dict[str, List[Values]]:
        """The lists of a link, as far as its kind has them."""
        found: Dict[str, List[Values]] = {}
        for entries in lists_of(raw.kind):
            if entries.option in options:
                if (netns, entries.option) not in self._read:
                    self._read[netns, entries.option] = self._reader.entries(netns, entries)
                found[entries.option] = [named(entries, entry, name_of) for entry in self._read[netns, entries.option].get(raw.ifindex, ())]
        return found

    def undeclarable(self, netns: str, raw: RawLink) -> Tuple[str, ...]:
        """What no option can say of the lists of a link."""
        return tuple(what for entries in lists_of(raw.kind) for index, what in self._reader.undeclarable_entries(netns, entries) if index == raw.ifindex)


def may_move(wanted: Optional[Link]) -> bool:
    """Whether a link may be renamed or moved."""
    return wanted is not None and (wanted.match is not None or wanted.from_netns is not None)


def may_be(reader: Reader, netns: str, raw: RawLink, wanted: Link) -> bool:
    """Whether a link may be the existing one that is wanted, as far as its message says that."""
    if wanted.match and wanted.match.altname:
        named_so = reader.link(netns, altname=wanted.match.altname)
        if not named_so or named_so.ifindex != raw.ifindex:
            return False
    return is_like(wanted, (netns, raw.name), raw.kind, raw.card, raw.values)


def read_apart(wanted: Optional[Link], original: Values) -> Dict[str, Any]:
    """The attributes of a link that are read apart, with what is asked: those that are declared or were changed, and what a move drops."""
    moved = dict.fromkeys(LOST_APART) if may_move(wanted) else {}
    return {**moved, **declared_apart(original), **declared_apart(wanted.values if wanted else {})}


def lists_to_read(wanted: Optional[Link], ownership: Optional[Ownership], master: str) -> Set[str]:
    """The lists of a link of this master that are declared, or were changed by the layout, or of which the kernel may drop entries."""
    before = (ownership and ownership.original) or {}
    may_go_down = _may_go_down(wanted, master) or "master" in before or (wanted is not None and ends_ipv6(wanted.values))
    may_leave = master and (may_move(wanted) or (wanted is not None and wanted.master not in (None, master)))
    lost = [
        option
        for option, entries in LISTS.items()
        if (may_go_down and entries.dropped_when_down) or (may_move(wanted) and entries.survives_move) or (may_leave and entries.of_port)
    ]
    return {*(wanted.entries if wanted else ()), *(option for option in before if option in LISTS), *lost}


def _may_go_down(wanted: Optional[Link], master: str) -> bool:
    """Whether a link of this master may go down, or only for a moment: to get another name or master, or an attribute that the kernel
    changes only then."""
    if wanted is None:
        return False
    rows = rows_of(wanted.kind)
    changes_master = wanted.master not in (None, master)
    return may_move(wanted) or changes_master or wanted.values.get("up") is False or any(rows[name].when == "down" for name in wanted.values)


def shown_by(reader: Reader, link: str, addresses: Iterable[bytes], routes: Iterable[bytes]) -> Shown:
    """The addresses and routes of a link from the bodies of their messages."""
    parsed = ((reader.parsed_route(body), body.hex()) for body in routes)
    named = [(route and route._replace(dev=link if route.type == "unicast" else ""), text) for route, text in parsed]
    return Shown({reader.parsed_address(body).key: body.hex() for body in addresses}, named)


def assemble(
    netns: str,
    raw: RawLink,
    name_of: Callable[[int], str],
    *,
    master: str,
    addresses: List[Address],
    routes: Optional[List[Route]],
    other_routes: List[Route],
    vlans: Optional[Dict[int, Vlan]],
    port_vlans: Optional[Dict[int, Vlan]],
    peer: Optional[LinkId],
    parent: Optional[LinkId],
    pids: Optional[List[int]],
    ownership: Optional[Ownership] = None,
    shown: Optional[Shown] = None,
    entries: Optional[Dict[str, List[Values]]] = None,
) -> FoundLink:
    """Builds the record.

    C(name_of) maps an index to a name. C(pids): the processes that hold the device, None if they were not read.
    """
    port = None if raw.port is None else Port(_port_values(raw, name_of), port_vlans if kind_of(raw.master_kind).is_bridge else None)
    status = {**raw.status, "port": raw.port_status} if raw.port_status else dict(raw.status)
    if kind_of(raw.kind).is_attachable:
        status["attached"] = bool(raw.status.get("carrier"))
    if pids is not None:
        status["pids"] = pids
    labelled = [address._replace(label="") if address.label == raw.name else address for address in addresses]
    status.update({"permanent_mac": raw.card.mac} if raw.card.mac else {})
    status.update({"path": raw.card.path} if raw.card.path else {})
    return FoundLink(
        netns=netns,
        name=raw.name,
        ifindex=raw.ifindex,
        kind=raw.kind,
        values=_own_values(raw, name_of),
        status=status,
        master=master,
        port=port,
        addresses=labelled,
        routes=routes,
        vlans=vlans,
        peer=peer,
        ownership=ownership,
        parent=parent,
        other_routes=other_routes,
        shown=shown,
        link=raw.link,
        card=raw.card,
        entries=entries or {},
        settings=raw.settings,
    )
