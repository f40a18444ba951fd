# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads attributes of links that are in no message about the link: queueing disciplines, mirrors, features."""

from __future__ import annotations

import errno
from typing import Any, Callable, Dict, Mapping, Optional

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import LINK, READ_APART, Attribute
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _tc
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._decode import RawLink
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._ethtool import Features
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import usual_features_off
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Values
from ansible_collections.nfv.vnet.plugins.module_utils._values import features_of

LOST_APART = tuple(row.name for row in LINK if row.location in ("qdisc", "mirror"))
"""Those that a link loses when it is moved to another namespace."""
_ROWS = {row.name: row for row in LINK if row.location in READ_APART}


def declared_apart(values: Mapping[str, Any]) -> Dict[str, Any]:
    """Those of the values that are read by C(ApartReader)."""
    return {name: values[name] for name in _ROWS if name in values}


class ApartReader:
    """Reads them with one request for all links of a namespace where that is possible."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._qdiscs: Dict[str, Optional[_tc.Found]] = {}

    def with_values(self, netns: str, raw: RawLink, asked: Optional[Mapping[str, Any]]) -> RawLink:
        """A link with the values of these attributes, or of all if C(asked) is None. The kernel may lack some."""
        names = _ROWS if asked is None else [name for name in asked if name in _ROWS]
        if not names:
            return raw
        found: Values = {}
        for name in names:
            value = self._value(netns, raw, _ROWS[name], None if asked is None else asked[name])
            found.update({} if value is None else {name: value})
        return raw._replace(values={**raw.values, **found})

    def _value(self, netns: str, raw: RawLink, row: Attribute, asked: Any) -> Any:
        try:
            return _READ[row.location](self, netns, raw, row, asked)
        except KernelError as error:
            if error.errno != errno.ENODEV:  # it has vanished
                raise
        return None

    def _found(self, netns: str) -> Optional[_tc.Found]:
        if netns not in self._qdiscs:
            self._qdiscs[netns] = _tc.read(self._reader.socket(netns))
        return self._qdiscs[netns]

    def _qdisc(self, netns: str, raw: RawLink, row: Attribute, _asked: Any) -> Any:
        found = self._found(netns)
        return found.roots.get(raw.ifindex, row.initial) if found else None

    def _mirror(self, netns: str, raw: RawLink, row: Attribute, _asked: Any) -> Any:
        found = self._found(netns)
        if not found:
            return None
        if row.code not in _tc.seen_by(found.with_filters.get(raw.ifindex, "")):
            return ""
        return _tc.read_mirror(self._reader.socket(netns), raw.ifindex, row.code) or ""

    def _features(self, netns: str, raw: RawLink, _row: Attribute, asked: Any) -> Any:
        found = self._reader.features(netns, raw.ifindex)
        if not found:
            return None
        return features_of(asked if asked is not None else _turned_off(raw, found), *found)


def _turned_off(raw: RawLink, found: Features) -> Any:
    """The features that a new link has, and which somebody turned off."""
    usual = usual_features_off(raw.kind)
    return [] if usual is None else sorted(name for name in found.changeable - found.active if name not in usual)


_READ: Dict[str, Callable[[ApartReader, str, RawLink, Attribute, Any], Any]] = {
    "qdisc": ApartReader._qdisc,
    "mirror": ApartReader._mirror,
    "ethtool": ApartReader._features,
}
"""How attributes are read, by C(Attribute.location)."""
