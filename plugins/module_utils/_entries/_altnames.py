# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alternative names: ip-link(8), property; C(include/uapi/linux/if_link.h), C(IFLA_PROP_LIST)."""

from __future__ import annotations

import os
import socket
import struct
from typing import List

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import Attribute
from ansible_collections.nfv.vnet.plugins.module_utils._entries._entry import Decoded, EntryList, Place
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._nla import NLM_F_APPEND, NLM_F_EXCL, attribute, split
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Values
from ansible_collections.nfv.vnet.plugins.module_utils._values import ALTNAME

_RTM_GETLINK, _RTM_NEWLINKPROP, _RTM_DELLINKPROP = 18, 108, 109
_IFINFO = struct.Struct("=BxHiII")
_IFLA_PROP_LIST, _IFLA_ALT_IFNAME, _NESTED = 52, 53, 0x8000


def _encode(entry: Values, place: Place) -> bytes:
    name = attribute(_IFLA_ALT_IFNAME, os.fsencode(entry["name"]) + b"\0")
    return _IFINFO.pack(socket.AF_UNSPEC, 0, place.ifindex, 0, 0) + attribute(_IFLA_PROP_LIST | _NESTED, name)


def _decode(message: bytes) -> Decoded:
    index = _IFINFO.unpack_from(message)[2]
    for code, first, last in split(message, _IFINFO.size):
        for inner, start, end in split(message, first, last) if code == _IFLA_PROP_LIST else ():
            if inner == _IFLA_ALT_IFNAME:
                yield index, {"name": message[start:end].rstrip(b"\0").decode("utf-8", "surrogateescape")}


def _words(adding: bool, entry: Values, _kind: str, dev: str) -> List[str]:
    return ["ip", "link", "property", "add" if adding else "del", "dev", dev, "altname", entry["name"]]


ALTNAMES = EntryList(
    "altnames",
    "Alternative names of the link, by which ip(8) and other programs find it, too.",
    "None is kept then, also not those of udev.",
    (Attribute("name", _IFLA_ALT_IFNAME, ALTNAME, "Alternative name: 1 to 127 bytes, without C(/), C(:), C(%) and white space."),),
    ("name",),
    _RTM_NEWLINKPROP,
    _RTM_DELLINKPROP,
    _RTM_GETLINK,
    (_IFINFO.pack(socket.AF_UNSPEC, 0, 0, 0, 0),),
    _encode,
    _decode,
    _words,
    fits=lambda _kind: True,
    required=("name",),
    flags=lambda _entry: NLM_F_EXCL | NLM_F_APPEND,
    needs="Linux 5.5",
    short="name",
    survives_move=True,
)
