# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to know of a list of a link, such as its neighbours: one list, one record."""

from __future__ import annotations

from typing import Callable, Iterator, List, Mapping, NamedTuple, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import Attribute
from ansible_collections.nfv.vnet.plugins.module_utils._kinds._kind import LinkKind
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, Host, Values

IndexOf = Callable[[str], int]
"""The index of a link by its name."""


class Place(NamedTuple):
    """The link that has an entry."""

    kind: str
    ifindex: int
    index_of: IndexOf
    """The indexes of links of the same namespace."""


class Around(NamedTuple):
    """The link that is to have an entry, as it will be."""

    kind: str
    name: str
    values: Values
    bridge: Optional[Values]
    """The attributes of the bridge that it is a port of, as far as they are known; None if it is no port."""


Decoded = Iterator[Tuple[int, Values]]
"""Entries, each with the index of its link. They refer to other links by index."""


class EntryList(NamedTuple):
    """A list of a link, whose entries the kernel keeps one by one. Options, messages and commands are derived from this record.

    An entry is a dictionary of the fields that are given, or of all that were found.
    """

    option: str
    """The option with the list; C(purge_OPTION) removes others."""
    text: str
    never_purged: str
    """What is never removed, as a sentence."""
    rows: Tuple[Attribute, ...]
    """The fields of an entry; C(initial) is the value of one that is not given."""
    key: Tuple[str, ...]
    """The fields that no two entries have in common."""
    new: int
    delete: int
    get: int
    """The types of the messages: C(include/uapi/linux/rtnetlink.h)."""
    requests: Tuple[bytes, ...]
    """The bodies of the requests for all entries of a namespace."""
    encode: Callable[[Values, Place], bytes]
    """The body of a message that adds or deletes an entry."""
    decode: Callable[[bytes], Decoded]
    """The entries in a message. Without those that no option can express."""
    words: Callable[[bool, Values, str, str], List[str]]
    """The command that adds an entry of the link of this kind and name, or deletes it (False), as words of ip(8) and bridge(8)."""
    fits: Callable[[Optional[LinkKind]], bool]
    """Whether links of a kind have the list. None: one without a module, or C(lo)."""
    required: Tuple[str, ...] = ()
    check: Callable[[Values], Optional[Tuple[str, str]]] = lambda _entry: None
    """Returns a field of a wanted entry and what is wrong with it, or None."""
    unfit: Callable[[Values, Around], Optional[Tuple[str, str]]] = lambda _entry, _around: None
    """The same for what depends on its link."""
    plain: Callable[[Values, Around], Values] = lambda entry, _around: entry
    """A wanted entry as the kernel shows it."""
    indistinct: Callable[[Values], Tuple[str, ...]] = lambda _entry: ()
    """Fields of the key that do not tell this entry from others."""
    completed: Callable[[Values], Values] = lambda entry: entry
    """A wanted entry with what follows from its fields."""
    of_kernel: Callable[[List[Values], FoundLink, Host], List[Values]] = lambda _entries, _found, _host: []
    """Those of the entries that were found which the kernel has made or learned."""
    needs_ipv6: Callable[[Values], bool] = lambda _entry: False
    """Whether the kernel refuses an entry on a link without IPv6."""
    of_ipv6: Callable[[Values], bool] = lambda _entry: False
    """Whether the kernel drops an entry when IPv6 ends on its link."""
    flags: Callable[[Values], int] = lambda _entry: 0
    """Further flags of the message that adds an entry (C(NLM_F_*))."""
    unsaid: Mapping[str, Tuple[object, ...]] = {}
    """Values of fields that a declaration need not have, besides those that are not given."""
    undeclarable: Callable[[bytes], Iterator[Tuple[int, str]]] = lambda _message: iter(())
    """What a message has that no option can say, and nobody else manages: the index of its link, and what it is called."""
    needs: str = ""
    """The kernel option that it needs."""
    short: str = ""
    """The one field that an entry can be given as, in place of a dictionary."""
    survives_move: bool = False
    """Whether a link keeps its entries in another namespace."""
    in_order: bool = False
    """Whether the kernel goes through the entries by the first field of their key, and through those that are equal in its own order."""
    of_port: bool = False
    """Whether the kernel drops entries of a link when it leaves its bridge."""
    after_up: bool = False
    """Whether the kernel takes an entry only of a link that is up."""
    dropped_when_down: bool = False
    """Whether the kernel drops entries when the link goes down."""

    @property
    def purge(self) -> str:
        return "purge_" + self.option

    @property
    def references(self) -> Tuple[str, ...]:
        """The fields that refer to other links: by index in messages, by name everywhere else; '' for none."""
        return tuple(row.name for row in self.rows if row.type.syntax == "link")

    def whole(self, entry: Mapping[str, object]) -> Values:
        """An entry with the fields that are not given."""
        return {row.name: entry.get(row.name, row.initial) for row in self.rows}

    def key_of(self, entry: Mapping[str, object]) -> Tuple[object, ...]:
        whole = self.whole(entry)
        indistinct = self.indistinct(whole)
        return tuple(None if name in indistinct else whole[name] for name in self.key)

    def keys_of_kernel(self, found: FoundLink, host: Host) -> Set[Tuple[object, ...]]:
        """The keys of entries that the kernel has made or learned."""
        return {self.key_of(entry) for entry in self.of_kernel(found.entries.get(self.option, []), found, host)}

    def said(self, entry: Values) -> Values:
        """An entry without the values of fields that are not given."""
        fields = ((row.name, entry[row.name], (row.initial, *self.unsaid.get(row.name, ()))) for row in self.rows if row.name in entry)
        return {name: value for name, value, usual in fields if value not in usual}

    def satisfies(self, wanted: Values, found: Values) -> bool:
        """Whether an entry that was found has everything that is wanted."""
        whole = self.whole(found)
        return all(whole[name] == value for name, value in wanted.items())
