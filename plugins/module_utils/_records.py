# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What layouts own: the content of the files under /run/nfv-vnet, and how links are recognized by it.

A link is the recorded one if its namespace, index and kind agree, and for a veth the index of its peer. The index of a link that a
layout creates is chosen by the layout, from C(FIRST_INDEX) on, and recorded before the link exists.
"""

from __future__ import annotations

import json
import re
from itertools import chain
from typing import Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._kinds import LOOPBACK, kind_of
from ansible_collections.nfv.vnet.plugins.module_utils._resources import NamespaceId, Ownership, Values

FORMAT = 1
"""The number of the format. It changes when an older version could not understand the content."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
"""The names of layouts, which are also names of files."""
FIRST_INDEX, _LAST_INDEX = 1_000_000_000, 2**31 - 1
_LOOPBACK_INDEX = 1
LayoutId = Tuple[NamespaceId, str]
"""The namespace that a layout is declared from, and its name."""


class Record(NamedTuple):
    """A link. C(peer): the index of the peer of a veth, 0 for other kinds. C(original): see C(Ownership)."""

    kind: str
    peer: int = 0
    original: Optional[Values] = None
    aside: str = ""
    """The name under which a link that existed before the layout is the layout's, which is about to replace it."""
    files: Tuple[str, ...] = ()
    """See C(Ownership)."""

    @property
    def is_created(self) -> bool:
        """Whether the layout has created the link, so that it has chosen its index."""
        return self.original is None and not self.aside

    def describes(self, kind: str, link: int) -> bool:
        """Whether a link of this kind, with this C(IFLA_LINK), can be the recorded one."""
        return self.kind == kind and (not kind_of(kind).has_peer or self.peer == link)


class Records(NamedTuple):
    """What one layout owns. C(lo) stands for its namespace."""

    links: Dict[NamespaceId, Dict[int, Record]]
    """By namespace and index."""
    namespaces: Dict[NamespaceId, str]
    """The names or paths of these namespaces."""
    names: List[str]
    """The names of the namespaces that the layout is about to create."""

    @classmethod
    def empty(cls) -> Records:
        return cls({}, {}, [])

    def copy(self) -> Records:
        return Records({netns: dict(links) for netns, links in self.links.items()}, dict(self.namespaces), list(self.names))

    def add(self, netns: NamespaceId, index: int, record: Record) -> None:
        self.links.setdefault(netns, {})[index] = record

    def add_namespace(self, netns: NamespaceId, name: str) -> None:
        """Records a namespace that the layout creates."""
        self.namespaces[netns] = name
        self.add(netns, _LOOPBACK_INDEX, Record(LOOPBACK))

    def created(self, name: str) -> bool:
        """Whether the layout has created a namespace of this name, or was about to."""
        own = (netns for netns, known_as in self.namespaces.items() if known_as == name)
        return name in self.names or any(_is_created(self.links.get(netns, {}).get(_LOOPBACK_INDEX)) for netns in own)


def _is_created(record: Optional[Record]) -> bool:
    return record is not None and record.is_created


class Registry:
    """What all layouts of the host own. C(home): the namespace that the module runs in."""

    def __init__(self, home: NamespaceId, layouts: Mapping[LayoutId, Records]) -> None:
        self._home = home
        self._layouts = layouts
        self._by_namespace: Dict[NamespaceId, List[Tuple[LayoutId, Dict[int, Record]]]] = {}
        """The recorded links of each namespace."""
        self._created: Dict[int, Tuple[LayoutId, NamespaceId, Record]] = {}
        """The links whose index a layout has chosen, by index."""
        self._of_created: Dict[LayoutId, Ownership] = {key: self._ownership(key, None) for key in layouts}
        for key, records in layouts.items():
            for netns, links in records.links.items():
                self._by_namespace.setdefault(netns, []).append((key, links))
                created = ((index, record) for index, record in links.items() if index >= FIRST_INDEX and record.is_created)
                self._created.update((index, (key, netns, record)) for index, record in created)

    def records(self, layout: str) -> Records:
        """What the layout of this name owns that is declared from the namespace that the module runs in."""
        return self._layouts.get((self._home, layout)) or Records.empty()

    def names(self) -> Set[str]:
        """The names by which layouts know namespaces."""
        return {name for records in self._layouts.values() for name in records.namespaces.values()}

    def ownership(self, netns: NamespaceId, index: int, kind: str, link: int, name: str = "") -> Optional[Ownership]:
        """The ownership of a link that is where it was recorded. C(link): its C(IFLA_LINK).

        The peer of a created veth is not compared: the kernel gives it another index if somebody moves it to where that one is taken.
        """
        for key, links in self._by_namespace.get(netns, ()):
            record = links.get(index)
            if not record or record.kind != kind:
                continue
            if record.is_created and index >= FIRST_INDEX:
                return self._of_created[key]
            if record.describes(kind, link):
                return self._of_existing(key, record, name)
        return None

    def adopted_by(self, netns: NamespaceId, index: int) -> List[Ownership]:
        """What each layout that has adopted a link has changed of it. Only the lo of the namespace that a module runs in has several."""
        records = ((key, links.get(index)) for key, links in self._by_namespace.get(netns, ()))
        return [self._ownership(key, record.original) for key, record in records if record and record.original is not None]

    def _of_existing(self, key: LayoutId, record: Record, name: str) -> Optional[Ownership]:
        """The ownership of a link that existed before, or of the lo of a created namespace."""
        if record.is_created or (record.aside and record.aside == name):
            return self._of_created[key]._replace(files=record.files) if record.files else self._of_created[key]
        return None if record.original is None else self._ownership(key, record.original)

    def moved_from(self, index: int, kind: str, link: int) -> Optional[Tuple[NamespaceId, Ownership]]:
        """The recorded namespace and the ownership of a link that somebody moved to another namespace."""
        key, netns, record = self._created.get(index, (("", ""), "", Record("")))
        return (netns, self._ownership(key, record.original)) if record.kind and record.describes(kind, link) else None

    def free_indexes(self, seen: Set[int]) -> Iterator[int]:
        """Indexes for new links: neither recorded nor seen on the host."""
        start = max(self._created, default=FIRST_INDEX - 1) + 1
        for number in chain(range(start, _LAST_INDEX + 1), range(FIRST_INDEX, start)):
            if number not in seen and number not in self._created:
                yield number

    def _ownership(self, key: LayoutId, original: Optional[Values]) -> Ownership:
        home, name = key
        return Ownership(name, original, "" if home == self._home else home)


class NewerFormatError(Exception):
    """The file was written by a newer version of the collection."""


class DamagedError(Exception):
    """The file has not the content that C(encode) writes."""


def encode(boot: str, key: LayoutId, records: Records) -> str:
    """The content of a file. C(boot): the id of this boot."""
    links = {netns: [[index, *_fields(record)] for index, record in links.items()] for netns, links in records.links.items()}
    content = {"format": FORMAT, "boot": boot, "home": key[0], "layout": key[1], "namespaces": records.namespaces, "creating": records.names, "links": links}
    return json.dumps(content, separators=(",", ":"))


def decode(boot: str, text: str) -> Optional[Tuple[LayoutId, Records]]:
    """What a file contains; None if it was written before the last reboot. NewerFormatError or DamagedError if it cannot be used."""
    try:
        content = json.loads(text)
        if content["format"] > FORMAT:
            raise NewerFormatError
        if content["boot"] != boot:
            return None
        links = {netns: {row[0]: _record(*row[1:]) for row in rows} for netns, rows in content["links"].items()}
        return (content["home"], content["layout"]), Records(links, content["namespaces"], content["creating"])
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        raise DamagedError from None


def _record(kind: str, peer: int = 0, original: Optional[Values] = None, aside: str = "", files: Iterable[str] = ()) -> Record:
    return Record(kind, peer, original, aside, tuple(files))


def _fields(record: Record) -> List[object]:
    """The fields of a record, without those at the end that have their defaults."""
    if record.files:
        return list(record)
    if record.aside:
        return list(record[:4])
    if record.original is not None:
        return list(record[:3])
    return [record.kind, record.peer] if record.peer else [record.kind]
