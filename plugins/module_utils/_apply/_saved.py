# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What links lose with which no step is concerned: it is saved before the first step, and restored after the steps are undone."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Dict, Iterable, List, Set

from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._apply import _run
from ansible_collections.nfv.vnet.plugins.module_utils._apply._link_settings import LinkSettings
from ansible_collections.nfv.vnet.plugins.module_utils._apply._losses import Losses
from ansible_collections.nfv.vnet.plugins.module_utils._apply._port_entries import PortEntries
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._save import PAUSE, SETTLING, Saved, differs, restore, save_link, save_routes
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._write import Writer
from ansible_collections.nfv.vnet.plugins.module_utils._resources import MAIN_TABLE, Host, Layout, LinkId, Vlan, links_above
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    AddAddress,
    AddRoute,
    AddVlan,
    CreateLink,
    DeleteAddress,
    DeleteRoute,
    DeleteVlan,
    MoveLink,
    RenameLink,
    ReplaceRoute,
    SetLink,
    SetMaster,
    SetPort,
    SetTuntap,
    Step,
    link_of,
)

_WITH_SIDE_EFFECTS = (RenameLink, MoveLink, SetLink, SetTuntap, SetPort, AddVlan, DeleteVlan, AddAddress, DeleteAddress)
"""Steps with which a link may lose addresses and routes, when they run or when they are undone."""
_ABOUT_ROUTES = (AddRoute, ReplaceRoute, DeleteRoute)


class SavedState:
    """What links have before the first step: addresses, routes, neighbours, VLANs of ports, entries of their bridges, and settings."""

    def __init__(self, reader: Reader, writer: Writer, layout: Layout, before: Host, losses: Losses) -> None:
        self._reader = reader
        self._writer = writer
        self._layout = layout
        self._before = before
        self._losses = losses
        self._port_entries = PortEntries(reader, writer, before)
        self._link_settings = LinkSettings(reader.namespaces, before)
        self._links: Dict[LinkId, Saved] = {}
        """By the identifier of a link; the routes of a namespace that are on no link have no name."""
        self._vlans: Dict[str, Dict[int, Dict[int, Vlan]]] = {}
        """The VLANs of all ports in namespaces where those of a bridge change that nobody declares."""

    def save(self, steps: List[Step], released: Iterable[str]) -> None:
        """Saves what links may lose by the steps, or as a network manager lets go of them."""
        self._port_entries.save(steps)
        self._link_settings.save(steps)
        self._save_links(self._losing(steps) | {("", name) for name in released})
        for netns, raw in [(link_of(step)[0], raw) for step in steps for raw in self._losses.links_above(step)]:
            self._links.setdefault((netns, raw.name), save_link(self._reader.socket(netns), raw.ifindex))
        self._save_routes(steps)
        for netns in {step.netns for step in steps if isinstance(step, SetLink) and step.old and _kinds.changes_vlans(step.kind, step.values)}:
            self._vlans[netns] = self._reader.vlans(netns)

    def restore(self, patiently: bool) -> None:
        """Restores what is missing, as far as the kernel accepts it. C(patiently): until nothing is, as what was undone takes effect late."""
        for netns, saved in self._vlans.items():
            with suppress(Exception):
                self._restore_vlans(netns, saved)
        with suppress(Exception):
            self._port_entries.restore()
        with suppress(Exception):
            self._link_settings.restore()
        deadline = time.monotonic() + SETTLING
        self._restore_links()
        while patiently and self.unrestored() and time.monotonic() < deadline:
            time.sleep(PAUSE)
            self._restore_links()

    def unrestored(self) -> List[LinkId]:
        """The links that lack an address, a route, an entry or a setting that they had."""
        lacking = [link for link, saved in self._links.items() if self._differs(link[0], saved)]
        return [*lacking, *self._port_entries.missing(), *self._link_settings.missing()]

    def _losing(self, steps: List[Step]) -> Set[LinkId]:
        """The links that may lose something by the steps."""
        losing = {link_of(step) for step in steps if _has_side_effects(step)}
        losing |= {(step.netns, step.master) for step in steps if isinstance(step, (CreateLink, SetMaster)) and step.master}  # by the MTU of the port
        leaving = {link_of(step) for step in steps if isinstance(step, (SetMaster, MoveLink))} & self._before.links.keys()
        return losing | {(netns, self._before.links[netns, name].master) for netns, name in leaving}  # by its MAC address, with which neighbours go

    def _save_links(self, losing: Set[LinkId]) -> None:
        """Saves links that were read, and those on top of them."""
        uppers = self._before.uppers()
        above = {upper.id for link in losing for upper in links_above(uppers, link)}
        for link in (losing | above) & self._before.links.keys():
            self._links[link] = save_link(self._reader.socket(link[0]), self._before.links[link].ifindex)

    def _save_routes(self, steps: List[Step]) -> None:
        """Saves routes by their table, and those with a source address where addresses go."""
        tables: Dict[str, List[int]] = {}
        for namespace in self._layout.namespaces:
            if namespace.routes is not None:
                tables[namespace.name] = [MAIN_TABLE] + [route.table for route in namespace.routes]
        for step in steps:
            if isinstance(step, _ABOUT_ROUTES) and not step.route.dev:  # also in namespaces that are released
                tables.setdefault(step.netns, []).append(step.route.table)
        for netns, numbers in tables.items():
            if self._before.exists(netns):
                self._links[netns, ""] = save_routes(self._reader.socket(netns), numbers)
        for netns in {link_of(step)[0] for step in steps if isinstance(step, (DeleteAddress, MoveLink))}:
            other, sourced = self._links.get((netns, ""), Saved(0, [], [])), self._losses.with_source(netns)
            self._links[netns, ""] = other._replace(routes=list(dict.fromkeys([*other.routes, *sourced.routes])))

    def _differs(self, netns: str, saved: Saved) -> bool:
        try:
            return not self._exists(netns) or differs(self._reader.socket(netns), saved)
        except (VnetError, OSError):  # it cannot be read any more
            return True

    def _exists(self, netns: str) -> bool:
        return self._reader.namespaces.identity(netns) is not None

    def _restore_vlans(self, netns: str, saved: Dict[int, Dict[int, Vlan]]) -> None:
        """The kernel gives a new default VLAN to all ports if there was none, those too that had another VLAN."""
        links = {link.ifindex: link for link in self._reader.links(netns)}
        for index, there in self._reader.vlans(netns).items():
            if index not in saved:
                continue
            of_bridge = _kinds.kind_of(links[index].kind).is_bridge
            for vlan in there.values():
                if vlan.first not in saved[index]:
                    _run.run(self._writer, DeleteVlan(netns, links[index].name, vlan, of_bridge))
            for vlan in saved[index].values():
                if there.get(vlan.first) != vlan:
                    _run.run(self._writer, AddVlan(netns, links[index].name, vlan, of_bridge))

    def _restore_links(self) -> None:
        for (netns, _name), saved in self._links.items():
            with suppress(Exception):
                if self._exists(netns):
                    restore(self._reader.socket(netns), saved)


def _has_side_effects(step: Step) -> bool:
    """Whether the step, when it runs or is undone, may make a link lose addresses or routes."""
    return bool(step.route.dev) if isinstance(step, _ABOUT_ROUTES) else isinstance(step, _WITH_SIDE_EFFECTS)
