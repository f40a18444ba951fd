# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Traffic control: the queueing discipline of a link, and what mirrors its packets. C(include/uapi/linux/rtnetlink.h), C(pkt_cls.h), C(tc_act/tc_mirred.h)."""

from __future__ import annotations

import errno
import socket
import struct
from typing import Any, Dict, Iterator, NamedTuple, Optional, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._nla import NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE, attribute, split
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._socket import NetlinkSocket
from ansible_collections.nfv.vnet.plugins.module_utils._qdiscs import decoded, encoded, needs_new, without_fixed

_NEWQDISC, _DELQDISC, _GETQDISC, _NEWTFILTER, _DELTFILTER, _GETTFILTER = 36, 37, 38, 44, 45, 46
_TCMSG = struct.Struct("=BxxxiIII")
_MAJOR = 0xFFFF0000
_ROOT, _CLSACT, _OF_CLSACT = 0xFFFFFFFF, 0xFFFFFFF1, 0xFFFF0000
_KIND, _OPTIONS = 1, 2
_ALL_PROTOCOLS = socket.htons(0x0003)
_PRIORITY = 65535
"""Of the filters that mirror: the last one. The kernel gives 49152, and lower ones, to those that are added without."""
_MATCHALL_ACT, _ACT_KIND, _ACT_OPTIONS, _MIRRED_PARMS = 2, 1, 2, 2
_MIRRED = struct.Struct("=IIiiiiI")
_PIPE, _EGRESS_MIRROR = 3, 2


class Found(NamedTuple):
    """The queueing disciplines of a namespace."""

    roots: Dict[int, Dict[str, Any]]
    """That of each link, by its index. Links without one have that which the kernel chooses."""
    with_filters: Dict[int, str]
    """The links whose packets filters can see, each with C(clsact), or C(ingress) for those that arrive alone."""


def read(sock: NetlinkSocket) -> Optional[Found]:
    """None if the kernel has none (CONFIG_NET_SCHED)."""
    roots: Dict[int, Dict[str, Any]] = {}
    with_filters: Dict[int, str] = {}
    try:
        messages = sock.dump(_GETQDISC, _TCMSG.pack(socket.AF_UNSPEC, 0, 0, 0, 0))
    except KernelError as error:
        if error.errno != errno.EOPNOTSUPP:
            raise
        return None
    found: Dict[int, Tuple[int, Dict[int, bytes]]] = {}
    inner: Set[Tuple[int, int]] = set()
    for _type, buffer, start, end in messages:
        _family, index, handle, parent, _info = _TCMSG.unpack_from(buffer, start)
        attributes = {code: bytes(buffer[first:last]) for code, first, last in split(buffer, start + _TCMSG.size, end)}
        if parent == _CLSACT:
            with_filters[index] = _word(attributes[_KIND])
        elif parent == _ROOT and handle:
            found[index] = handle, attributes
        elif handle:
            inner.add((index, parent & _MAJOR))
    for index, (handle, attributes) in found.items():
        roots[index] = decoded(_word(attributes[_KIND]), attributes.get(_OPTIONS, b""), (index, handle & _MAJOR) in inner)
    return Found(roots, with_filters)


def write(sock: NetlinkSocket, index: int, value: Dict[str, Any], old: Optional[Dict[str, Any]]) -> None:
    """Sets the queueing discipline of a link. C(old): that which it has, None if that is not known."""
    header = _TCMSG.pack(socket.AF_UNSPEC, index, 0, _ROOT, 0)
    there = read(sock) if old is None else None
    found = there.roots.get(index) if there else old if old and old["kind"] else None
    same_kind = found is not None and found["kind"] == value["kind"]
    if found and (not value["kind"] or (same_kind and needs_new(value, found))):
        _delete(sock, header)
        same_kind = False
    if value["kind"]:
        options = attribute(_KIND, value["kind"].encode() + b"\0") + attribute(_OPTIONS, encoded(without_fixed(value) if same_kind else value))
        sock.request(_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, header + options)


def _delete(sock: NetlinkSocket, header: bytes) -> None:
    try:
        sock.request(_DELQDISC, 0, header)
    except KernelError as error:
        if error.errno != errno.ENOENT:  # it has the default one
            raise


class _Mirror(NamedTuple):
    to: int
    """The index of the link that gets the packets."""
    info: int
    """Priority and protocol of the filter (C(tcm_info))."""


def read_mirror(sock: NetlinkSocket, index: int, direction: int) -> int:
    """The index of the link to which the packets of a link are copied, 0 for none. C(direction): TC_H_MIN_INGRESS or TC_H_MIN_EGRESS."""
    return next((mirror.to for mirror in _mirrors(sock, index, direction)), 0)


def write_mirror(sock: NetlinkSocket, index: int, direction: int, to: int) -> None:
    """Copies the packets of a link to the one with the index C(to); 0 for no more. The qdisc C(clsact) goes with the last filter."""
    parent = _OF_CLSACT | direction
    there = list(_mirrors(sock, index, direction))[:1]
    for mirror in there:
        sock.request(_DELTFILTER, 0, _TCMSG.pack(socket.AF_UNSPEC, index, 0, parent, mirror.info))
    if to:
        _add_clsact(sock, index, direction)
        parms = attribute(_MIRRED_PARMS, _MIRRED.pack(0, 0, _PIPE, 0, 0, _EGRESS_MIRROR, to))
        action = attribute(1, attribute(_ACT_KIND, b"mirred\0") + attribute(_ACT_OPTIONS, parms))
        body = attribute(_KIND, b"matchall\0") + attribute(_OPTIONS, attribute(_MATCHALL_ACT, action))
        info = _PRIORITY << 16 | _ALL_PROTOCOLS
        sock.request(_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, _TCMSG.pack(socket.AF_UNSPEC, index, 0, parent, info) + body)
    elif there and _is_clsact(sock, index) and not any(True for way in DIRECTIONS for _filter in _filters(sock, index, way)):
        sock.request(_DELQDISC, 0, _TCMSG.pack(socket.AF_UNSPEC, index, _OF_CLSACT, _CLSACT, 0))


DIRECTIONS = (0xFFF2, 0xFFF3)
"""TC_H_MIN_INGRESS, TC_H_MIN_EGRESS."""


def seen_by(kind: str) -> Tuple[int, ...]:
    """The directions that filters see with C(clsact) or C(ingress)."""
    return {"clsact": DIRECTIONS, "ingress": DIRECTIONS[:1]}.get(kind, ())


def _is_clsact(sock: NetlinkSocket, index: int) -> bool:
    """Whether what filters are attached to is C(clsact), and not C(ingress)."""
    found = read(sock)
    return bool(found and found.with_filters.get(index) == "clsact")


def _add_clsact(sock: NetlinkSocket, index: int, direction: int) -> None:
    body = _TCMSG.pack(socket.AF_UNSPEC, index, _OF_CLSACT, _CLSACT, 0) + attribute(_KIND, b"clsact\0")
    try:
        sock.request(_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, body)
    except KernelError as error:
        if error.errno != errno.EEXIST:
            raise
        if direction != DIRECTIONS[0] and not _is_clsact(sock, index):
            raise KernelError(errno.EEXIST, words="the link has the qdisc ingress, which sees no packets that leave; replace it with clsact") from None


def _filters(sock: NetlinkSocket, index: int, direction: int) -> Iterator[Dict[int, bytes]]:
    """The attributes of the filters of a link; 0 is the C(tcm_info)."""
    try:
        messages = sock.dump(_GETTFILTER, _TCMSG.pack(socket.AF_UNSPEC, index, 0, _OF_CLSACT | direction, 0))
    except KernelError as error:
        if error.errno not in (errno.EINVAL, errno.ENOENT):  # it has no clsact
            raise
        return
    for _type, buffer, start, end in messages:
        found = {code: bytes(buffer[first:last]) for code, first, last in split(buffer, start + _TCMSG.size, end)}
        if _OPTIONS in found:  # not the first message about a chain
            yield {0: struct.pack("=I", _TCMSG.unpack_from(buffer, start)[4]), **found}


def _mirrors(sock: NetlinkSocket, index: int, direction: int) -> Iterator[_Mirror]:
    """What mirrors the packets of all protocols, and does nothing else with them."""
    for found in _filters(sock, index, direction):
        if struct.unpack("=I", found[0])[0] & 0xFFFF != _ALL_PROTOCOLS:
            continue
        options = {code: found[_OPTIONS][first:last] for code, first, last in split(found[_OPTIONS])}
        actions = [options[_MATCHALL_ACT][first:last] for _number, first, last in split(options.get(_MATCHALL_ACT, b""))]
        if _word(found[_KIND]) == "matchall" and len(actions) == 1:
            action = {code: actions[0][first:last] for code, first, last in split(actions[0])}
            parms = next((action[_ACT_OPTIONS][first:last] for code, first, last in split(action.get(_ACT_OPTIONS, b"")) if code == _MIRRED_PARMS), b"")
            if _word(action.get(_ACT_KIND, b"")) == "mirred" and len(parms) >= _MIRRED.size:
                *_general, how, to = _MIRRED.unpack_from(parms)
                if how == _EGRESS_MIRROR:
                    yield _Mirror(to, struct.unpack("=I", found[0])[0])


def _word(payload: bytes) -> str:
    return payload.rstrip(b"\0").decode("ascii", "replace")
