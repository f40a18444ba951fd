# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns the values of attributes into the spelling of the kernel: one parser for each syntax."""

from __future__ import annotations

import re
import socket
import struct
from typing import Any, Callable, Dict, List

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _values
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path, VnetError, quoted, shown
from ansible_collections.nfv.vnet.plugins.module_utils._options._addresses import address_bits, check_host_bits, check_unicast, ip_address, ip_prefix
from ansible_collections.nfv.vnet.plugins.module_utils._options._checks import check_link_name, check_text, is_file_name
from ansible_collections.nfv.vnet.plugins.module_utils._options._numbers import NUMBER, check_range, number_or_word
from ansible_collections.nfv.vnet.plugins.module_utils._options._option import Params
from ansible_collections.nfv.vnet.plugins.module_utils._options._words import account_id, protocol_of, table_of
from ansible_collections.nfv.vnet.plugins.module_utils._qdiscs import QDISCS
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Values

_SEXAGESIMAL = re.compile("[1-9][0-9]{8,10}")
"""Six parts in base 60, of which the first is not 0."""


def attributes_of(rows: Dict[str, table.Attribute], params: Params, path: Path, check_mode: bool = False) -> Values:
    """The attributes that are given, by name."""
    given = ((rows[name], value) for name, value in params.items() if value is not None and name in rows)
    return {row.name: _value(row, value, (*path, row.name), check_mode) for row, value in given}


def _text(row: table.Attribute, text: str, path: Path) -> str:
    check_text(text, path)
    length = len(text.encode())
    if row.high is not None and length > row.high:
        raise VnetError(path, "%d bytes are out of range (at most %d)" % (length, row.high))
    return text


def _optional_ip(text: str, path: Path) -> str:
    """An address in the kernel's spelling; '' for none."""
    return ip_address(text, path)[1] if text else ""


def _unicast(text: str, path: Path) -> str:
    address = _optional_ip(text, path)
    if address:
        check_unicast(ip_address(text, path)[0], address, text, path)
    return address


def _multicast(text: str, path: Path) -> str:
    address = _optional_ip(text, path)
    if address and not _values.is_multicast(socket.inet_pton(ip_address(text, path)[0], address)):
        raise VnetError(path, "%s is not a multicast address" % quoted(text))
    return address


def _ips(texts: List[str], family: int, path: Path) -> List[str]:
    found: List[str] = []
    for number, text in enumerate(texts):
        given, address = ip_address(text, (*path, number))
        if given != family:
            raise VnetError((*path, number), "%s is not an %s address" % (quoted(text), "IPv4" if family == socket.AF_INET else "IPv6"))
        check_unicast(given, address, text, (*path, number))
        if address in found:
            raise VnetError((*path, number), "%s is listed twice" % address)
        found.append(address)
    return found


def _macs(texts: List[str], path: Path) -> List[str]:
    """A set of MAC addresses, in the order in which it is read."""
    macs = {mac_of(text, (*path, number)): (*path, number) for number, text in enumerate(texts)}
    for mac, place in macs.items():
        complaint = table.unicast(mac)
        if complaint:
            raise VnetError(place, complaint)
    return sorted(macs)


def _value(row: table.Attribute, value: Any, path: Path, check_mode: bool) -> Any:
    """The value in the kernel's spelling."""
    if row.type.syntax:
        value = _PARSERS[row.type.syntax](row, value, path, check_mode)
    else:
        check_range(row, value, path)
    complaint = row.check(value)
    if complaint:
        raise VnetError(path, complaint)
    return value


def _link_or_none(name: str, path: Path) -> str:
    if name:
        check_link_name(name, path)
    return name


def _qdisc(row: table.Attribute, params: Params, path: Path, check_mode: bool) -> Values:
    """A queueing discipline: its kind, and the fields that are given."""
    values = attributes_of({field.name: field for field in row.fields}, params, path, check_mode)
    kind = values.get("kind")
    if kind is None:
        raise VnetError((*path, "kind"), "missing; it is required")
    fields = QDISCS[kind].defaults if kind else {}
    strange = next((name for name in values if name != "kind" and name not in fields), "")
    if strange:
        raise VnetError((*path, strange), "%s has no such field" % (kind or "the queueing discipline that the kernel chooses"))
    missing = next((name for name in (QDISCS[kind].required if kind else ()) if name not in values), "")
    if missing:
        raise VnetError((*path, missing), "missing; it is required for kind: %s" % kind)
    if values.get("rate") is not None and (0 < values["rate"] < 8 or (not values["rate"] and kind and "rate" in QDISCS[kind].required)):
        raise VnetError((*path, "rate"), "%d is out of range (at least 8 bits a second)" % values["rate"])
    complaint = QDISCS[kind].complaint(values) if kind else None
    if complaint:
        raise VnetError((*path, complaint[0]), complaint[1])
    return values


_PARSERS: Dict[str, Callable[[table.Attribute, Any, Path, bool], Any]] = {
    "text": lambda row, value, path, _check: _text(row, value, path),
    "mac": lambda _row, value, path, _check: mac_of(value, path),
    "macs": lambda _row, value, path, _check: _macs(value, path),
    "link": lambda _row, value, path, _check: _link_or_none(value, path),
    "map": lambda _row, value, path, _check: _mapping(value, path),
    "user": lambda row, value, path, check: account_id(row, value, path, check) if value else "",
    "group": lambda row, value, path, check: account_id(row, value, path, check) if value else "",
    "number_or": lambda row, value, path, _check: number_or_word(row, value, path),
    "protocol": lambda _row, value, path, _check: protocol_of(value, path),
    "ip": lambda _row, value, path, _check: _optional_ip(value, path),
    "unicast": lambda _row, value, path, _check: _unicast(value, path),
    "multicast": lambda _row, value, path, _check: _multicast(value, path),
    "qdisc": _qdisc,
    "features": lambda _row, value, path, _check: _features(value, path),
    "host": lambda _row, value, path, _check: _host(value, path),
    "prefix": lambda _row, value, path, _check: _optional_prefix(value, path),
    "link_name": lambda _row, value, path, _check: _link_or_none(value, path),
    "altname": lambda _row, value, path, _check: altname_of(value, path),
    "range": lambda row, value, path, _check: _number_range(row, value, path),
    "mark": lambda _row, value, path, _check: _mark(value, path),
    "table": lambda _row, value, path, _check: table_of(value, path),
    "ip4s": lambda _row, value, path, _check: _ips(value, socket.AF_INET, path),
    "ip6s": lambda _row, value, path, _check: _ips(value, socket.AF_INET6, path),
}
"""How the values of a type are parsed, by C(ValueType.syntax)."""


def _features(given: Params, path: Path) -> Dict[str, bool]:
    values: Dict[str, bool] = {}
    for name, value in given.items():
        if not re.fullmatch("[a-z0-9_-]{1,31}", str(name)):
            raise VnetError(path, "%s is not the name of a feature such as tx-checksum-ip-generic" % quoted(str(name)))
        if not isinstance(value, bool):
            raise VnetError((*path, str(name)), "%s is neither true nor false" % quoted(value))
        members = _values.FEATURE_GROUPS.get(str(name))
        if members:
            raise VnetError((*path, str(name)), "that is a name of ethtool(8) for %s; use %s" % (" and ".join(members), "these" if members[1:] else "this"))
        values[str(name)] = value
    return dict(sorted(values.items()))


def _host(text: str, path: Path) -> str:
    """The address of a host, which must be given."""
    family, address = ip_address(text, path)
    check_unicast(family, address, text, path)
    return address


def _optional_prefix(text: str, path: Path) -> str:
    """A prefix in the kernel's spelling; '' for all addresses of any family."""
    if text in ("", "all"):
        return ""
    family, address, length = ip_prefix(text, path)
    check_host_bits(family, address, length, path)
    return "%s/%d" % (address, address_bits(family) if length is None else length)


def _number_range(row: table.Attribute, text: str, path: Path) -> str:
    """A number or a range in its shortest form; '' for none."""
    match = re.fullmatch("([0-9]{1,10})(?:-([0-9]{1,10}))?", text)
    if text and not match:
        raise VnetError(path, "%s is neither a number nor a range such as 10-20" % quoted(text))
    if not match:
        return ""
    first, last = int(match[1]), int(match[2] or match[1])
    for number in (first, last):
        check_range(row, number, path)
    if first > last:
        raise VnetError(path, "%s is in the wrong order" % shown(text))
    return str(first) if first == last else "%d-%d" % (first, last)


def _mark(text: str, path: Path) -> str:
    """A mark with its mask as ip(8) shows it; '' for any."""
    if not text:
        return ""
    numbers = [re.fullmatch("0[xX]([0-9a-fA-F]{1,8})|([0-9]{1,10})", part) for part in text.split("/")]
    if len(numbers) > 2 or not all(numbers):
        raise VnetError(path, "%s is not a mark such as 0x10 or 0x10/0xff" % quoted(text))
    values = [int(match[1], 16) if match[1] else int(match[2]) for match in numbers if match]
    if max(values) >= 2**32:
        raise VnetError(path, "%s is out of range (0 to 0xffffffff)" % shown(text))
    if values[1:] == [0]:
        return ""  # no bit counts
    return str(_values.MARK.decode(struct.pack("=II", values[0], values[1] if len(values) > 1 else 2**32 - 1)))


def altname_of(text: str, path: Path) -> str:
    """An alternative name, as it is given."""
    if not is_file_name(text) or len(text.encode()) > 127 or ":" in text or "%" in text:
        raise VnetError(path, "%s is not an alternative name: 1 to 127 bytes, no '/', ':', '%%' or white space, not '.' or '..'" % quoted(text))
    return text


def mac_of(text: str, path: Path) -> str:
    """A MAC address in the kernel's spelling."""
    mac = _sexagesimal(text) if _SEXAGESIMAL.fullmatch(text) else text.lower().replace("-", ":")
    if not re.fullmatch("([0-9a-f]{2}:){5}[0-9a-f]{2}", mac):
        raise VnetError(path, "%s is not a MAC address such as 02:00:00:00:00:01" % quoted(text))
    return mac


def _sexagesimal(text: str) -> str:
    """A MAC address without quotes and letters, which YAML 1.1 reads as a number in base 60. One that begins with 00 or 0x is no number there."""
    number, parts = int(text), []
    for _position in range(5):
        number, part = divmod(number, 60)
        parts.append(part)
    return ":".join("%02d" % part for part in [number, *reversed(parts)])


def _mapping(given: Params, path: Path) -> Dict[str, int]:
    """A map of numbers, without those that are mapped to 0."""
    pairs: Dict[str, int] = {}
    for key, value in given.items():
        for number in (key, value):
            if isinstance(number, bool) or not NUMBER.fullmatch(str(number)) or len(str(number)) > 10:
                raise VnetError(path, "%s is not an integer from 0" % shown(str(number)))
        if int(value):
            pairs[str(int(key))] = int(value)
    return dict(sorted(pairs.items(), key=lambda pair: int(pair[0])))
