# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Multicast groups of the ports of a bridge: bridge(8), C(include/uapi/linux/if_bridge.h)."""

from __future__ import annotations

import socket
import struct
from typing import List, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import SNOOPING, Attribute
from ansible_collections.nfv.vnet.plugins.module_utils._entries._entry import Around, Decoded, EntryList, Place
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._nla import NLM_F_EXCL, attribute, split
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, Host, Values
from ansible_collections.nfv.vnet.plugins.module_utils._values import FLAG, GROUP_IP, LINK_INDEX, U16, UNICAST_IP

_RTM_NEWMDB, _RTM_DELMDB, _RTM_GETMDB = 84, 85, 86
_BR_PORT_MSG, _BR_MDB_ENTRY = struct.Struct("=BxxxI"), struct.Struct("=IBBH16sHxx")
_MDBA_MDB, _MDBA_MDB_ENTRY, _MDBA_MDB_ENTRY_INFO, _EATTR_SOURCE = 1, 1, 1, 4
_SET_ENTRY, _SET_ENTRY_ATTRS, _ENTRY_SOURCE = 1, 2, 1
_NESTED = 0x8000
_PROTOCOLS = {socket.htons(0x0800): socket.AF_INET, socket.htons(0x86DD): socket.AF_INET6}


def _packed(text: str) -> Tuple[int, bytes]:
    """The protocol and the bytes of an address."""
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    return next(number for number, one in _PROTOCOLS.items() if one == family), socket.inet_pton(family, text)


def _encode(entry: Values, place: Place) -> bytes:
    protocol, group = _packed(entry["group"])
    info = _BR_MDB_ENTRY.pack(place.index_of(entry["port"]), int(entry.get("permanent", True)), 0, entry.get("vid", 0), group, protocol)
    body = _BR_PORT_MSG.pack(socket.AF_BRIDGE, place.ifindex) + attribute(_SET_ENTRY, info)
    if entry.get("source"):
        body += attribute(_SET_ENTRY_ATTRS | _NESTED, attribute(_ENTRY_SOURCE, _packed(entry["source"])[1]))
    return body


def _decode(message: bytes) -> Decoded:
    bridge = _BR_PORT_MSG.unpack_from(message)[1]
    for code, first, last in split(message, _BR_PORT_MSG.size):
        for inner, start, end in split(message, first, last) if code == _MDBA_MDB else ():
            for kind, begin, stop in split(message, start, end) if inner == _MDBA_MDB_ENTRY else ():
                entry = _decode_entry(message, begin, stop) if kind == _MDBA_MDB_ENTRY_INFO else None
                if entry:
                    yield bridge, entry


def _decode_entry(message: bytes, start: int, end: int) -> Optional[Values]:
    port, state, _flags, vid, group, protocol = _BR_MDB_ENTRY.unpack_from(message, start)
    family = _PROTOCOLS.get(protocol)
    if family is None:
        return None
    length = 4 if family == socket.AF_INET else 16
    source = next((message[first:last] for code, first, last in split(message, start + _BR_MDB_ENTRY.size, end) if code == _EATTR_SOURCE), b"")
    return {
        "group": socket.inet_ntop(family, group[:length]),
        "port": port,
        "vid": vid,
        "source": socket.inet_ntop(family, source) if any(source) else "",
        "permanent": bool(state),
    }


def _words(adding: bool, entry: Values, _kind: str, dev: str) -> List[str]:
    words = ["bridge", "mdb", "add" if adding else "delete", "dev", dev, "port", entry["port"], "grp", entry["group"]]
    words += ["src", entry["source"]] if entry.get("source") else []
    words += [] if not adding else ["permanent" if entry.get("permanent", True) else "temp"]
    return [*words, *(["vid", str(entry["vid"])] if entry.get("vid") else [])]


def _check(entry: Values) -> Optional[Tuple[str, str]]:
    if entry.get("source") and (":" in entry["source"]) != (":" in entry["group"]):
        return "source", "group %s and source %s are of different address families" % (entry["group"], entry["source"])
    return None


def _unfit(entry: Values, around: Around) -> Optional[Tuple[str, str]]:
    if entry["port"] == around.name and entry.get("permanent", True):
        return "permanent", "an entry of the bridge itself is never permanent; set permanent: false"
    if around.values.get("vlan_filtering") and not entry.get("vid"):
        return "vid", "missing; the bridge filters VLANs"
    return None


def _of_kernel(entries: List[Values], _found: FoundLink, _host: Host) -> List[Values]:
    return [entry for entry in entries if not entry["permanent"]]


MDB = EntryList(
    "mdb",
    "Entries of the multicast database of the bridge: groups and the ports that their packets are sent to. The bridge must be up, and do multicast snooping.",
    "Those that the bridge has learned, or that age, are not.",
    (
        Attribute("group", 0, GROUP_IP, "IP address of the multicast group."),
        Attribute("port", 0, LINK_INDEX, "Name of the port; of the bridge itself for the host."),
        Attribute("vid", 0, U16, "VLAN of a bridge with VLAN filtering. V(0) is none.", 0, 4094, initial=0),
        Attribute("source", 0, UNICAST_IP, "IP address of the only source of the packets. V('') is any.", initial="", needs="Linux 5.10"),
        Attribute(
            "permanent",
            0,
            FLAG,
            "Whether the entry stays. If it is false, it ages as a learned one, and is there again with the next run of the task.",
            initial=True,
        ),
    ),
    ("group", "port", "vid", "source"),
    _RTM_NEWMDB,
    _RTM_DELMDB,
    _RTM_GETMDB,
    (_BR_PORT_MSG.pack(socket.AF_BRIDGE, 0),),
    _encode,
    _decode,
    _words,
    fits=lambda kind: kind is not None and kind.is_bridge,
    required=("group", "port"),
    check=_check,
    unfit=_unfit,
    of_kernel=_of_kernel,
    flags=lambda _entry: NLM_F_EXCL,
    needs=SNOOPING,
    after_up=True,
)
