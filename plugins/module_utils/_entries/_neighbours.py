# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Permanent neighbours: ip-neighbour(8), C(include/uapi/linux/neighbour.h)."""

from __future__ import annotations

import socket
import struct
from typing import List, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import Attribute
from ansible_collections.nfv.vnet.plugins.module_utils._entries._entry import Decoded, EntryList, Place
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._nla import attribute, split
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Values
from ansible_collections.nfv.vnet.plugins.module_utils._values import FLAG, HOST, MAC

NDMSG = struct.Struct("=BxxxiHBB")
RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH = 28, 29, 30
NUD_PERMANENT = 0x80
NTF_PROXY, NTF_EXT_LEARNED, NTF_ROUTER = 0x08, 0x10, 0x80
_DST, _LLADDR = 1, 2
_FLAGS = {"proxy": NTF_PROXY, "extern_learn": NTF_EXT_LEARNED, "router": NTF_ROUTER}


def _encode(entry: Values, place: Place) -> bytes:
    family = socket.AF_INET6 if ":" in entry["to"] else socket.AF_INET
    flags = sum(bit for name, bit in _FLAGS.items() if entry.get(name))
    body = NDMSG.pack(family, place.ifindex, 0 if entry.get("proxy") else NUD_PERMANENT, flags, 0)
    body += attribute(_DST, socket.inet_pton(family, entry["to"]))
    return body + (attribute(_LLADDR, bytes.fromhex(entry["mac"].replace(":", ""))) if entry.get("mac") else b"")


def _decode(message: bytes) -> Decoded:
    family, index, state, flags, _type = NDMSG.unpack_from(message)
    found = {code: message[first:last] for code, first, last in split(message, NDMSG.size)}
    if family not in (socket.AF_INET, socket.AF_INET6) or _DST not in found or not (state & NUD_PERMANENT or flags & NTF_PROXY):
        return
    mac = found.get(_LLADDR, b"").hex(":")
    if flags & NTF_PROXY or len(mac) == 17:
        yield index, {"to": socket.inet_ntop(family, found[_DST]), "mac": mac, **{name: bool(flags & bit) for name, bit in _FLAGS.items()}}


def _words(adding: bool, entry: Values, _kind: str, dev: str) -> List[str]:
    key = ["proxy", entry["to"]] if entry.get("proxy") else [entry["to"]]
    if not adding:
        return ["ip", "neighbour", "delete", *key, "dev", dev]
    how = [] if entry.get("proxy") else ["lladdr", entry["mac"], "nud", "permanent"]
    return ["ip", "neighbour", "replace", *key, *how, "dev", dev, *(name for name in ("router", "extern_learn") if entry.get(name))]


def _check(entry: Values) -> Optional[Tuple[str, str]]:
    if entry.get("proxy") and entry.get("mac"):
        return "mac", "a proxy entry has no MAC address, as the host answers with its own; leave mac out"
    return None if entry.get("proxy") or entry.get("mac") else ("mac", "missing; it is the MAC address of the neighbour")


NEIGHBOURS = EntryList(
    "neighbours",
    "Permanent neighbours on the link: IP addresses whose MAC addresses are not resolved, or which the host answers for (proxy).",
    "Only permanent ones and proxy entries are; those that the kernel has resolved are left alone.",
    (
        Attribute("to", _DST, HOST, "IP address of the neighbour."),
        Attribute("mac", _LLADDR, MAC, "MAC address of the neighbour. It is required unless O(proxy=true).", initial=""),
        Attribute(
            "proxy",
            0,
            FLAG,
            "Whether the host answers for the address on this link (proxy ARP, proxy NDP). The kernel drops the entry when the link loses its carrier; it is"
            " there again with the next run of the task.",
            initial=False,
        ),
        Attribute("router", 0, FLAG, "Whether the neighbour is an IPv6 router.", initial=False),
        Attribute("extern_learn", 0, FLAG, "Whether the entry is marked as learned by a control plane.", initial=False),
    ),
    ("to", "proxy"),
    RTM_NEWNEIGH,
    RTM_DELNEIGH,
    RTM_GETNEIGH,
    (NDMSG.pack(socket.AF_UNSPEC, 0, 0, 0, 0), NDMSG.pack(socket.AF_UNSPEC, 0, 0, NTF_PROXY, 0)),
    _encode,
    _decode,
    _words,
    fits=lambda _kind: True,
    required=("to",),
    check=_check,
    needs_ipv6=lambda entry: ":" in entry["to"] and not entry.get("proxy"),
    of_ipv6=lambda entry: ":" in entry["to"],
    after_up=True,
    dropped_when_down=True,
)
