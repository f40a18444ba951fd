# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What links lose beside what a plan changes: it is saved before the steps, and added again after them.

Sources: net/ipv4/devinet.c (__inet_del_ifa), net/ipv4/fib_frontend.c (fib_del_ifaddr), net/core/neighbour.c (neigh_changeaddr),
net/8021q/vlan.c (vlan_device_event), net/ipv6/addrconf.c (addrconf_ifdown).
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Dict, Iterator, List, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._bodies import device_of, partial_route
from ansible_collections.nfv.vnet.plugins.module_utils._entries._neighbours import NEIGHBOURS
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._decode import RawLink
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._save import (
    PAUSE,
    SETTLING,
    Saved,
    add_missing,
    destination_of,
    restore_dropped,
    save_link,
    save_sourced,
)
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import has_table_of_ports
from ansible_collections.nfv.vnet.plugins.module_utils._observe._assembly import has_parent
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, Host, LinkId
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    AddAddress,
    AddEntry,
    AddRoute,
    DeleteAddress,
    DeleteEntry,
    DeleteRoute,
    MoveLink,
    RenameLink,
    ReplaceRoute,
    SetLink,
    Step,
    link_of,
)


class Losses:
    """Saves what links may lose by a step although nobody has asked for that, and restores it."""

    def __init__(self, reader: Reader, before: Host) -> None:
        self._reader = reader
        self._before = before
        self._soon: Dict[LinkId, Saved] = {}
        """What is restored before the next step that is not about addresses."""
        self._sourced: Dict[str, Saved] = {}
        """The routes of namespaces that had a source address before the first step."""
        self._losing_sources: Set[str] = set()
        """The namespaces where addresses go."""
        self._above: Dict[LinkId, Saved] = {}
        """The links on top of those that go down, perhaps for a moment."""
        self._links: Dict[str, List[RawLink]] = {}
        """The links of namespaces where one goes down, before the first step."""
        self._changed: Set[Tuple[object, ...]] = set()
        """What steps have set or removed themselves: addresses and neighbours of links, and routes of namespaces."""
        self._first_names: Dict[LinkId, str] = {}
        """The names that links had before the first step, by the later ones."""

    def prepare(self, step: Step) -> None:
        """Saves what a step may take. Before that it restores what an earlier one took."""
        if not isinstance(step, (AddAddress, DeleteAddress)):
            self._restore_soon()
        netns, name = link_of(step)
        if isinstance(step, RenameLink):
            self._first_names[netns, step.new] = self._first_name(netns, name)
        if isinstance(step, SetLink) and step.values.get("up") is False:
            self._above.pop((netns, self._first_name(netns, name)), None)  # its own step takes it down, and the plan says what becomes of it
        if isinstance(step, DeleteAddress) or (isinstance(step, SetLink) and step.old is not None and "mac" in step.values):
            self._save(netns, name)
        if isinstance(step, (DeleteAddress, MoveLink)):
            self._losing_sources.add(netns)
            self.with_source(netns)
        self._changed.update((netns, *what) for what in _changed_by(step, self._first_name(netns, name)))
        for raw in self.links_above(step):
            now = self._reader.link(netns, index=raw.ifindex)
            if now and now.values.get("up"):
                self._above.setdefault((netns, raw.name), save_link(self._reader.socket(netns), raw.ifindex))

    def with_source(self, netns: str) -> Saved:
        """The routes of a namespace that had a source address before the first step."""
        if netns not in self._sourced:
            self._sourced[netns] = save_sourced(self._reader.socket(netns))
        return self._sourced[netns]

    def restore(self) -> None:
        """Restores everything, as far as the kernel accepts it."""
        self._restore_soon()
        for netns in filter(self._is_there, self._losing_sources):
            restore_dropped(self._reader.socket(netns), self._beside_ports(netns, self._unchanged(netns, "", self.with_source(netns))))
        self._losing_sources.clear()
        deadline = time.monotonic() + SETTLING
        for (netns, name), saved in self._above.items():
            while self._is_coming_up(netns, saved.ifindex) and time.monotonic() < deadline:
                time.sleep(PAUSE)
            if self._is_there(netns) and self._reader.link(netns, index=saved.ifindex):
                with suppress(KernelError):  # it may vanish meanwhile
                    add_missing(self._reader.socket(netns), self._unchanged(netns, name, saved))
        self._above.clear()
        self._links.clear()

    def links_above(self, step: Step) -> List[RawLink]:
        """The links of the same namespace on top of a link that the layout did not create, and that goes down by the step."""
        found = self._before.links.get(link_of(step))
        if not found or not _goes_down(step, found) or (found.ownership and found.ownership.original is None):
            return []
        if found.netns not in self._links:
            self._links[found.netns] = self._reader.links(found.netns)
        return [raw for raw in _above(self._links[found.netns], found.ifindex) if raw.values.get("up")]

    def _unchanged(self, netns: str, name: str, saved: Saved) -> Saved:
        """What was saved, without what steps have set or removed themselves."""
        return saved._replace(
            addresses=[address for address in saved.addresses if (netns, name, self._reader.parsed_address(address[1]).key) not in self._changed],
            routes=[route for route in saved.routes if (netns, partial_route(route.hex()).key) not in self._changed],
            neighbours=tuple(neighbour for neighbour in saved.neighbours if (netns, name, destination_of(neighbour)) not in self._changed),
        )

    def _first_name(self, netns: str, name: str) -> str:
        return self._first_names.get((netns, name), name)

    def _save(self, netns: str, name: str) -> None:
        found = self._reader.link(netns, name) if (netns, name) not in self._soon else None
        if found:
            self._soon[netns, name] = save_link(self._reader.socket(netns), found.ifindex)

    def _restore_soon(self) -> None:
        while self._soon:
            (netns, _name), saved = self._soon.popitem()
            with suppress(KernelError):  # it may vanish meanwhile
                restore_dropped(self._reader.socket(netns), self._beside_ports(netns, saved))

    def _beside_ports(self, netns: str, saved: Saved) -> Saved:
        """What was saved, without routes through ports: they would not work, and take the packets of the bridge."""
        links = {index: self._reader.link(netns, index=index) for index in {device_of(route.hex()) for route in saved.routes} if index}
        ports = {index for index, link in links.items() if link and link.master and not has_table_of_ports(link.master_kind)}
        return saved._replace(routes=[route for route in saved.routes if device_of(route.hex()) not in ports])

    def _is_there(self, netns: str) -> bool:
        return self._reader.namespaces.identity(netns) is not None

    def _is_coming_up(self, netns: str, index: int) -> bool:
        """Whether a link is down although its parent is up."""
        link = self._reader.link(netns, index=index) if self._is_there(netns) else None
        parent = self._reader.link(netns, index=link.link) if link else None
        return bool(link and parent and parent.values.get("up") and not link.values.get("up"))


def _goes_down(step: Step, found: FoundLink) -> bool:
    return bool(found.values.get("up")) and (isinstance(step, RenameLink) or (isinstance(step, SetLink) and step.values.get("up") is False))


def _changed_by(step: Step, name: str) -> Iterator[Tuple[object, ...]]:
    """What identifies what a step sets or removes in a namespace. C(name): of its link before the first step."""
    if isinstance(step, (AddAddress, DeleteAddress)):
        yield name, step.address.key
    elif isinstance(step, (AddRoute, DeleteRoute, ReplaceRoute)):
        yield (step.route.key,)
    elif isinstance(step, (AddEntry, DeleteEntry)) and step.option == NEIGHBOURS.option:
        yield name, step.entry["to"]


def _above(links: List[RawLink], index: int) -> Iterator[RawLink]:
    """The links on top of one of the same namespace, and those on top of them."""
    below: Set[int] = {index}
    for _depth in links:
        found: Tuple[RawLink, ...] = tuple(raw for raw in links if has_parent(raw) and raw.link in below and raw.link_nsid is None and raw.ifindex not in below)
        yield from found
        if not found:
            return
        below = {raw.ifindex for raw in found} - {index}
