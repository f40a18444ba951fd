# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records what a run of a layout creates and adopts before it does, so that the next run knows it even if this one is killed."""

from __future__ import annotations

from typing import Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._registry import RecordsFile, read_registry
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import kind_of
from ansible_collections.nfv.vnet.plugins.module_utils._records import Record, Records
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, Host, Layout, LinkId, NamespaceId, Ownership
from ansible_collections.nfv.vnet.plugins.module_utils._steps import CreateLink, CreateNamespace, Plan, Step, ids_before


class _NewLink(NamedTuple):
    """A link that the layout is about to create, or to move there."""

    netns: str
    ifindex: int
    record: Record


class Recorder:
    """The records of one layout during a run that holds the lock."""

    def __init__(self, reader: Reader, layout: Layout, before: Host) -> None:
        home = reader.open_namespace("")
        key = (home.id if home else "", layout.name)
        self._layout = layout.name
        self._before = before
        self._after: Optional[Host] = None
        self._registry = read_registry(key[0])
        self._file = RecordsFile(key)
        self._records = self._registry.records(layout.name).copy()
        self._indexes = self._registry.free_indexes({found.ifindex for found in before.links.values()})
        self._created: Dict[str, NamespaceId] = {}
        """The namespaces that the run has created, by name."""
        self._released: Set[LinkId] = set()
        self._new_links: List[_NewLink] = []
        """Those in namespaces that do not exist yet."""

    def begin(self, planned: Plan) -> List[Step]:
        """Records what the plan is about to create and adopt. Returns its steps, with the indexes of new links."""
        self._after = self._after or planned.after
        for key, ownership in planned.ownership.items():
            if ownership is None:
                self._released.add(key)
            elif key in self._before.links:
                found = self._before.links[key]
                netns, index = _key(self._before, found)
                recorded = self._records.links.get(netns, {}).get(index)
                _add(self._records, self._before, found, _with_what_goes(recorded, ownership))
        steps = self._with_indexes(planned.steps)
        self._records.names.extend(step.name for step in steps if isinstance(step, CreateNamespace))
        self._new_links = [link for step in steps if isinstance(step, CreateLink) for link in _new_links(step)]
        self._new_links += self._moved_links(steps)
        self._add_new_links()
        self._file.write(self._records)
        return steps

    def namespace_created(self, name: str, netns: NamespaceId) -> None:
        """Records a namespace before it gets its name, and with the last one the links that are to be created in them."""
        self._records.names.remove(name)
        self._created[name] = netns
        self._records.add_namespace(netns, name)
        if self._records.names:
            self._file.append(netns, name)
        else:
            self._add_new_links()
            self._file.write(self._records)

    def without_released(self, host: Host) -> Host:
        """The state after the run. What the layout releases stays recorded until the end of the run."""
        released = {key: found._replace(ownership=None) for key, found in host.links.items() if key in self._released}
        return Host(host.namespaces, {**host.links, **released})

    def conclude(self, host: Host) -> None:
        """Records what the layout owns after a successful run."""
        records = Records.empty()
        planned = self._after.links if self._after else {}
        for key, found in host.links.items():
            ownership = planned[key].ownership if key in planned else None
            if ownership and ownership.is_layout(self._layout):
                _add(records, host, found, ownership)
        self._file.write(records)

    def revert(self) -> None:
        """Records at once after a rollback what the layout owned before, and what the run has created, as some of it may be left."""
        records = self._registry.records(self._layout).copy()
        existed = {_key(self._before, found) for found in self._before.links.values()}
        for netns, links in self._records.links.items():
            for index, record in links.items():
                if (netns, index) not in existed:
                    records.add(netns, index, record)
                    records.namespaces.setdefault(netns, self._records.namespaces[netns])
        records.names.extend(self._records.names)
        self._records = records
        self._file.write(records)

    def forget_removed(self, host: Host) -> None:
        """Records only what is left, when it has been read after a rollback."""
        left = {_key(host, found) for found in host.links.values()}
        records = self._registry.records(self._layout).copy()
        for netns, links in self._records.links.items():
            for index in links:
                if (netns, index) in left:
                    records.add(netns, index, links[index])
                    records.namespaces.setdefault(netns, self._records.namespaces[netns])
        self._file.write(records)

    def forget_gone(self) -> None:
        """Records only what is left of what the layout owned, as others may delete it."""
        there = {_key(self._before, found) for found in self._before.links.values()}
        gone = [(netns, index) for netns, links in self._records.links.items() for index in links if (netns, index) not in there]
        for netns, index in gone:
            del self._records.links[netns][index]
            if not self._records.links[netns]:
                del self._records.links[netns]
                self._records.namespaces.pop(netns, None)
        if gone or self._records.names:
            self._records.names.clear()
            self._file.write(self._records)

    def _with_indexes(self, steps: List[Step]) -> List[Step]:
        numbered: List[Step] = []
        for step in steps:
            if isinstance(step, CreateLink) and not step.ifindex:
                step = step._replace(ifindex=next(self._indexes), peer=step.peer and step.peer._replace(ifindex=next(self._indexes)))
            numbered.append(step)
        return numbered

    def _moved_links(self, steps: List[Step]) -> Iterator[_NewLink]:
        """The adopted links that are about to move, as they will be recorded there. A link keeps its index if that is free there."""
        moved = [(after[0], self._before.links[before]) for after, before in ids_before(steps).items() if before in self._before.links]
        taken = {_key(self._before, found) for found in self._before.links.values()} if moved else set()
        for netns, found in moved:
            home, index = _key(self._before, found)
            record = self._records.links.get(home, {}).get(index)
            there = self._before.namespaces.get(netns)
            if netns != found.netns and record and record.original is not None and not (there and (there.id, index) in taken):
                yield _NewLink(netns, index, record)

    def _add_new_links(self) -> None:
        """Adds the links in namespaces that exist by now, and keeps the others."""
        ids = {name: found.id for name, found in self._before.namespaces.items() if found.identity}
        ids.update(self._created)
        for netns, index, record in self._new_links:
            if netns in ids:
                self._records.add(ids[netns], index, record)
                self._records.namespaces.setdefault(ids[netns], netns)
        self._new_links = [link for link in self._new_links if link.netns not in ids]


def _with_what_goes(recorded: Optional[Record], planned: Ownership) -> Ownership:
    """What is recorded during a run. What the layout is to have no more was recorded before, and stays so until it is gone."""
    if not recorded or recorded.original is None or planned.original is None:
        return planned
    original = {**recorded.original, **planned.original}
    for name in recorded.original.keys() & planned.original.keys():
        earlier, later = recorded.original[name], planned.original[name]
        if isinstance(earlier, dict) and isinstance(later, dict):
            original[name] = {**earlier, **later}
    return planned._replace(original=original)


def _new_links(step: CreateLink) -> List[_NewLink]:
    near = _NewLink(step.netns, step.ifindex, Record(step.kind, step.peer.ifindex if step.peer else 0))
    return [near, _NewLink(step.peer.netns, step.peer.ifindex, Record(step.kind, step.ifindex))] if step.peer else [near]


def _key(host: Host, found: FoundLink) -> Tuple[NamespaceId, int]:
    return host.namespaces[found.netns].id, found.ifindex


def _add(records: Records, host: Host, found: FoundLink, ownership: Ownership) -> None:
    netns, index = _key(host, found)
    records.add(netns, index, Record(found.kind, found.link if kind_of(found.kind).has_peer else 0, ownership.original, ownership.aside, ownership.files))
    records.namespaces[netns] = found.netns
