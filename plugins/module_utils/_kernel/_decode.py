# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decodes link messages to raw records, as far as the attribute table names them.

Most links of a host have the same attributes at the same offsets. So what to decode is determined once for each such template.
Sources: include/uapi/linux/rtnetlink.h, if_link.h.
"""

from __future__ import annotations

import os
import socket
import struct
from functools import lru_cache
from typing import Any, Callable, Container, Dict, Iterable, List, Mapping, NamedTuple, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _nla
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._messages import IFINFO
from ansible_collections.nfv.vnet.plugins.module_utils._kinds._kind import LinkKind
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Card, Values

_IFLA_IFNAME, _IFLA_LINK, _IFLA_MASTER, _IFLA_OPERSTATE, _IFLA_LINKINFO = 3, 5, 10, 16, 18
_IFLA_AF_SPEC, _IFLA_CARRIER, _IFLA_LINK_NETNSID = 26, 33, 37
_IFLA_PERM_ADDRESS, _IFLA_PARENT_DEV_NAME, _IFLA_PARENT_DEV_BUS_NAME = 54, 56, 57
_NO_CARD = Card()
_INFO_KIND, _INFO_DATA, _INFO_SLAVE_KIND, _INFO_SLAVE_DATA = 1, 2, 4, 5
_SETTINGS: Dict[Tuple[int, int], str] = {(socket.AF_INET, 1): "ipv4", (socket.AF_INET6, 2): "ipv6"}
"""IFLA_INET_CONF and IFLA_INET6_CONF."""
_IFF_NOARP = 7
_OPERSTATES = ("unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up")
_UNSIGNED, _SIGNED = struct.Struct("=I").unpack_from, struct.Struct("=i").unpack_from

_Rows = Dict[int, List[table.Attribute]]


class Selection:
    """The rows of the attribute table to decode, by their code. C(names) None: all. C(with_settings): also the settings of each link."""

    def __init__(self, names: Optional[Container[str]] = None, with_settings: bool = False) -> None:
        def rows(content: Tuple[table.Attribute, ...], *locations: str) -> _Rows:
            found: _Rows = {}
            for row in content:
                if row.location in locations and (names is None or row.name in names):
                    for code, value_type in ((row.code, row.type), *row.further):
                        found.setdefault(code, []).append(row._replace(type=value_type))
            return found

        self.link = rows(table.LINK, "link")
        self.inet6 = rows(table.LINK, "inet6")
        self.sysctl = rows(table.LINK, "sysctl")
        self.flags = [row for attributes in rows(table.LINK, "flag").values() for row in attributes]
        self.kinds = {word: _rows_of_kind(kind, values, names) for word, (kind, values) in _kinds.KERNEL_WORDS.items()}
        self.absent = {
            kind.kernel: {row.name: row.type.absent for row in kind.rows if row.type.absent is not None and (names is None or row.name in names)}
            for kind in _kinds.KINDS
        }
        self.ports = {kind.kernel: rows(kind.port_rows, "port", "port_data") for kind in _kinds.KINDS if kind.port_rows is not None}
        self.with_settings = with_settings


def _rows_of_kind(kind: LinkKind, values: Mapping[str, Any], names: Optional[Container[str]]) -> _Rows:
    found: _Rows = {}
    for row in kind.rows:
        if row.location in ("data", "ioctl") and (names is None or row.name in names):
            for code, value_type in _kinds.codes_of(kind.kernel, row, values):
                if code:
                    found.setdefault(code, []).append(row._replace(type=value_type))
    return found


class RawLink(NamedTuple):
    """A decoded link message. It refers to other links by index, and to namespaces by id."""

    ifindex: int
    name: str
    kind: str
    values: Values
    status: Values
    master: int
    master_kind: str
    port: Optional[Values]
    """None if it is no port, or that of a kind without a module."""
    port_status: Values
    link: int
    """Index of the peer of a veth, or of the parent (C(IFLA_LINK)); 0 for none."""
    link_nsid: Optional[int]
    """The id of the namespace of that, if it is another one (C(IFLA_LINK_NETNSID))."""
    settings: Dict[str, bytes]
    """The settings below C(net.ipv4.conf) and C(net.ipv6.conf), as arrays of C(int), if they are selected."""
    card: Card


_Field = Tuple[str, slice, Callable[[bytes], Any]]
"""Name of a value, slice of its payload, and decoder."""


class _LinkTemplate(_nla.Template):
    """How to decode link messages with the same headers."""

    def __init__(self, message: bytes, selection: Selection) -> None:
        super().__init__(message, IFINFO.size)
        self._selection = selection
        self.kind = self.master_kind = ""
        self.values: List[_Field] = []
        self.status: List[_Field] = []
        self.port: List[_Field] = []
        self.port_status: List[_Field] = []
        self._word = ""
        """The kind as the kernel calls it; '' if it has no module."""
        self._parent_code = 0
        self.parent: Optional[slice] = None
        """The index of the parent, if an attribute of the kind has it."""
        self.settings: Dict[str, slice] = {}
        self.absent: Values = {}
        """Values of attributes that the kernel reports only for some links."""
        for code, place in self.slices.items():
            self._take(selection.link.get(code, ()), place)
        if _IFLA_LINKINFO in self.slices:
            self._parse_info(message, self.slices[_IFLA_LINKINFO])
        if _IFLA_AF_SPEC in self.slices and (selection.inet6 or selection.sysctl or selection.with_settings):
            self._parse_families(message, self.slices[_IFLA_AF_SPEC])

    def _take(self, rows: Iterable[table.Attribute], place: slice, port: bool = False) -> None:
        for row in rows:
            field = (row.name, place, row.type.decode)
            if row.when == "read":
                (self.port_status if port else self.status).append(field)
            else:
                (self.port if port else self.values).append(field)

    def _parse_info(self, message: bytes, info: slice) -> None:
        for code, first, last in self.parse_nested(message, info.start, info.stop):
            if code in (_INFO_KIND, _INFO_SLAVE_KIND):
                self.fix(first, last)
                word = message[first:last].rstrip(b"\0").decode("utf-8", "surrogateescape")
                if code == _INFO_KIND:
                    self._take_kind(word)
                else:
                    self.master_kind = word
            elif code == _INFO_DATA and (self._selection.kinds.get(self._word) or self._parent_code):
                for attribute, inner, stop in self.parse_nested(message, first, last):
                    self._take(self._selection.kinds[self._word].get(attribute, ()), slice(inner, stop))
                    if self._parent_code == attribute:
                        self.parent = slice(inner, stop)
            elif code == _INFO_SLAVE_DATA and self._selection.ports.get(self.master_kind):
                for attribute, inner, stop in self.parse_nested(message, first, last):
                    self._take(self._selection.ports[self.master_kind].get(attribute, ()), slice(inner, stop), port=True)

    def _take_kind(self, word: str) -> None:
        kind, values = _kinds.KERNEL_WORDS.get(word, (None, {}))
        self.kind, self._word = (kind.kernel, word) if kind else (word, "")
        self.absent = {**self._selection.absent.get(self.kind, {}), **values}
        self._parent_code = kind.parent_code if kind else 0

    def _parse_families(self, message: bytes, families: slice) -> None:
        for family, first, last in self.parse_nested(message, families.start, families.stop):
            if family == socket.AF_INET6 or self._selection.with_settings:
                for code, inner, stop in self.parse_nested(message, first, last):
                    if (family, code) in _SETTINGS:
                        self._take_settings(_SETTINGS[family, code], slice(inner, stop))
                    elif family == socket.AF_INET6:
                        self._take(self._selection.inet6.get(code, ()), slice(inner, stop))

    def _take_settings(self, family: str, place: slice) -> None:
        if self._selection.with_settings:
            self.settings[family] = place
        for position, rows in self._selection.sysctl.items() if family == "ipv6" else ():
            start = place.start + 4 * position
            if start + 4 <= place.stop:
                self._take(rows, slice(start, start + 4))


class Decoder:
    """Decodes link messages, as far as they are selected."""

    def __init__(self, selection: Selection) -> None:
        self._flags = [(row.name, 1 << row.code, row.code == _IFF_NOARP) for row in selection.flags]
        self._templates = _nla.TemplateCache(lambda message: _LinkTemplate(message, selection))

    def __call__(self, message: bytes) -> RawLink:
        template = self._templates.of(message)
        slices = template.slices
        _family, _type, index, flags, _change = IFINFO.unpack_from(message)
        values: Values = {name: bool(flags & bit) != negated for name, bit, negated in self._flags}
        values["alias"] = ""
        values.update(template.absent)
        _fill(values, template.values, message)
        status: Values = {"ifindex": index}
        _fill(status, template.status, message)
        if _IFLA_OPERSTATE in slices:
            operstate = message[slices[_IFLA_OPERSTATE].start]
            status["operstate"] = _OPERSTATES[operstate] if operstate < len(_OPERSTATES) else str(operstate)
        if _IFLA_CARRIER in slices:
            status["carrier"] = bool(message[slices[_IFLA_CARRIER].start])
        port: Optional[Values] = None
        port_status: Values = {}
        if _kinds.has_ports(template.master_kind):
            port = {row.name: 0 for row in _kinds.kind_of(template.master_kind).port_rows or () if row.name in table.PORT_REFERENCES}
            _fill(port, template.port, message)
            _fill(port_status, template.port_status, message)
        name = message[slices[_IFLA_IFNAME]].rstrip(b"\0").decode("utf-8", "surrogateescape")
        master, link = (_UNSIGNED(message, slices[code].start)[0] if code in slices else 0 for code in (_IFLA_MASTER, _IFLA_LINK))
        if _kinds.kind_of(template.kind).encapsulates:  # C(IFLA_LINK) may be its own index
            link = _UNSIGNED(message, template.parent.start)[0] if template.parent else 0
        link_nsid = _SIGNED(message, slices[_IFLA_LINK_NETNSID].start)[0] if _IFLA_LINK_NETNSID in slices else None
        settings = {family: message[place] for family, place in template.settings.items()}
        kind = template.kind or ("loopback" if index == 1 else "")
        card = _NO_CARD if template.kind else _card(message, slices)
        return RawLink(index, name, kind, values, status, master, template.master_kind, port, port_status, link, link_nsid, settings, card)


def _card(message: bytes, slices: Mapping[int, slice]) -> Card:
    mac = message[slices[_IFLA_PERM_ADDRESS]].hex(":") if _IFLA_PERM_ADDRESS in slices else ""
    codes = (_IFLA_PARENT_DEV_BUS_NAME, _IFLA_PARENT_DEV_NAME)
    parts = [message[slices[code]].rstrip(b"\0").decode("utf-8", "surrogateescape") for code in codes if code in slices]
    return Card(mac, place_of_device(*parts) if len(parts) == len(codes) else "")


@lru_cache(maxsize=None)
def place_of_device(bus: str, name: str, buses: str = "/sys/bus") -> str:
    """The bus of a device and its name there; one on the bus C(virtio), whose number may change, is called after the device that it is in."""
    if bus == "virtio":
        parent = os.path.dirname(os.path.realpath(os.path.join(buses, bus, "devices", name)))
        subsystem = os.path.join(parent, "subsystem")
        if os.path.exists(subsystem):
            bus, name = os.path.basename(os.path.realpath(subsystem)), os.path.basename(parent)
    return "%s-%s" % (bus, name)


def _fill(values: Values, fields: List[_Field], message: bytes) -> None:
    for name, place, decode in fields:
        value = decode(message[place])
        if value is not None:
            values[name] = value
