# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What links lose beside the steps of a plan, and get again: nobody has asked for that.

Sources: net/ipv4/devinet.c (__inet_del_ifa), net/ipv4/fib_frontend.c (fib_del_ifaddr), net/core/neighbour.c (neigh_changeaddr),
net/8021q/vlan.c (vlan_device_event), net/ipv6/addrconf.c (addrconf_ifdown).
"""

from __future__ import annotations

import time
from typing import Dict, Iterator, List, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._bodies import partial_route
from ansible_collections.nfv.vnet.plugins.module_utils._entries._neighbours import NEIGHBOURS
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._decode import RawLink
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._save import (
    Saved,
    add_addresses,
    add_missing,
    destination_of,
    restore_dropped,
    save_link,
    save_sourced,
)
from ansible_collections.nfv.vnet.plugins.module_utils._observe._assembly import has_parent
from ansible_collections.nfv.vnet.plugins.module_utils._resources import AddressKey, FoundLink, Host, LinkId
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    AddAddress,
    DeleteAddress,
    DeleteEntry,
    DeleteRoute,
    RenameLink,
    ReplaceRoute,
    SetLink,
    Step,
    link_of,
)

_SETTLING = 1.0
"""Since Linux 7 a VLAN link goes up some time after its parent, so that its routes are refused until then."""
_PAUSE = 0.02


class Losses:
    """Saves what a step may take beside, and restores it."""

    def __init__(self, reader: Reader, before: Host) -> None:
        self._reader = reader
        self._before = before
        self._soon: Dict[LinkId, Saved] = {}
        """What is restored before the next step that is not about addresses."""
        self._deleted: Dict[LinkId, Set[AddressKey]] = {}
        """The addresses that steps have deleted meanwhile."""
        self._sourced: Dict[str, Saved] = {}
        self._above: Dict[LinkId, Saved] = {}
        """The links on top of those that go down, perhaps for a moment."""
        self._removed: Set[Tuple[object, ...]] = set()
        """What steps have removed on purpose: addresses and neighbours of links, and routes of namespaces."""

    def expect(self, step: Step) -> None:
        """Saves what a step may take. Before that it restores what an earlier one took."""
        if not isinstance(step, (AddAddress, DeleteAddress)):
            self._restore_soon()
        link = link_of(step)
        if isinstance(step, DeleteAddress):
            self._deleted.setdefault(link, set()).add(step.address.key)
            if link not in self._soon:
                self._soon.setdefault((step.netns, ""), self._without_removed(step.netns, "", self.with_source(step.netns)))
                self._save(link)
        elif isinstance(step, SetLink) and step.old is not None and "mac" in step.values:
            self._save(link)
        self._removed.update(_removed_by(step))
        for raw in self.links_above(step):
            self._above.setdefault((link[0], raw.name), save_link(self._reader.socket(link[0]), raw.ifindex))

    def with_source(self, netns: str) -> Saved:
        """The routes of a namespace that had a source address before the first step."""
        if netns not in self._sourced:
            self._sourced[netns] = save_sourced(self._reader.socket(netns))
        return self._sourced[netns]

    def restore(self) -> None:
        """Restores everything, as far as the kernel accepts it."""
        self._restore_soon()
        for (netns, name), whole in self._above.items():
            saved = self._without_removed(netns, name, whole)
            deadline = time.monotonic() + _SETTLING
            if not self._is_there(netns, saved.ifindex):
                continue
            while add_missing(self._reader.socket(netns), saved) and self._is_up(netns, saved.ifindex) and time.monotonic() < deadline:
                time.sleep(_PAUSE)

    def links_above(self, step: Step) -> List[RawLink]:
        """The links of the same namespace on top of a link that the layout did not create, and that goes down by the step."""
        found = self._before.links.get(link_of(step))
        if not found or not self._goes_down(step, found) or (found.ownership and found.ownership.original is None):
            return []
        return list(_above(self._reader.links(found.netns), found.ifindex))

    def _without_removed(self, netns: str, name: str, saved: Saved) -> Saved:
        return saved._replace(
            addresses=[address for address in saved.addresses if (netns, name, self._reader.parsed_address(address[1]).key) not in self._removed],
            routes=[route for route in saved.routes if (netns, partial_route(route.hex()).key) not in self._removed],
            neighbours=tuple(neighbour for neighbour in saved.neighbours if (netns, name, destination_of(neighbour)) not in self._removed),
        )

    def _goes_down(self, step: Step, found: FoundLink) -> bool:
        if not found.values.get("up"):
            return False
        return isinstance(step, RenameLink) or (isinstance(step, SetLink) and step.values.get("up") is False)

    def _save(self, link: LinkId) -> None:
        found = self._reader.link(*link)
        if found:
            self._soon[link] = save_link(self._reader.socket(link[0]), found.ifindex)

    def _restore_soon(self) -> None:
        while self._soon:
            link, saved = self._soon.popitem()
            sock, deleted = self._reader.socket(link[0]), self._deleted.pop(link, set())
            kept = [address for address in saved.addresses if deleted and self._reader.parsed_address(address[1]).key not in deleted]
            if kept:  # with a primary address the kernel deletes the secondary ones
                add_addresses(sock, saved._replace(addresses=kept))
            restore_dropped(sock, saved)

    def _is_there(self, netns: str, index: int) -> bool:
        return self._reader.namespaces.identity(netns) is not None and self._reader.link(netns, index=index) is not None

    def _is_up(self, netns: str, index: int) -> bool:
        found = self._reader.link(netns, index=index)
        return bool(found and found.values.get("up"))


def _removed_by(step: Step) -> Iterator[Tuple[object, ...]]:
    if isinstance(step, DeleteAddress):
        yield (*link_of(step), step.address.key)
    elif isinstance(step, (DeleteRoute, ReplaceRoute)):
        yield step.netns, step.route.key
    elif isinstance(step, DeleteEntry) and step.option == NEIGHBOURS.option:
        yield (*link_of(step), step.entry["to"])


def _above(links: List[RawLink], index: int) -> Iterator[RawLink]:
    """The links on top of one of the same namespace, and those on top of them."""
    below: Set[int] = {index}
    for _depth in links:
        found: Tuple[RawLink, ...] = tuple(raw for raw in links if has_parent(raw) and raw.link in below and raw.link_nsid is None and raw.ifindex not in below)
        yield from found
        if not found:
            return
        below = {raw.ifindex for raw in found} - {index}
