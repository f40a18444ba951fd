# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forwarding databases of bridges and of VXLAN links: bridge(8), C(include/uapi/linux/neighbour.h), C(drivers/net/vxlan/vxlan_core.c)."""

from __future__ import annotations

import socket
import struct
from typing import List, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import Attribute
from ansible_collections.nfv.vnet.plugins.module_utils._entries._entry import Around, Decoded, EntryList, Place
from ansible_collections.nfv.vnet.plugins.module_utils._entries._neighbours import (
    NDMSG,
    NTF_EXT_LEARNED,
    NUD_PERMANENT,
    RTM_DELNEIGH,
    RTM_GETNEIGH,
    RTM_NEWNEIGH,
)
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._nla import NLM_F_APPEND, NLM_F_REPLACE, attribute, split
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import kind_of, masters_of
from ansible_collections.nfv.vnet.plugins.module_utils._kinds._kind import LinkKind
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, Host, Values
from ansible_collections.nfv.vnet.plugins.module_utils._values import FLAG, HOST, LINK_INDEX, MAC, PORT_NUMBER, U16, U32

_DST, _LLADDR, _VLAN, _PORT, _VNI, _IFINDEX, _MASTER, _SRC_VNI = 1, 2, 5, 6, 7, 8, 9, 11
_NUD_REACHABLE, _NUD_NOARP = 0x02, 0x40
_NTF_SELF, _NTF_MASTER, _NTF_STICKY = 0x02, 0x04, 0x40
_UNKNOWN = "00:00:00:00:00:00"
"""The frames of unknown destinations."""

_ROWS = (
    Attribute(
        "mac",
        _LLADDR,
        MAC,
        "MAC address. For a VXLAN link, V(00:00:00:00:00:00) stands for all unknown destinations, and may be there with several O(dst).",
    ),
    Attribute("vlan", _VLAN, U16, "VLAN of a bridge with VLAN filtering that the entry is for. V(0) is none.", 0, 4094, initial=0),
    Attribute(
        "dst", _DST, HOST, "IP address of the other end of a VXLAN tunnel. With it, the entry is one of the VXLAN link; without it, of the bridge.", initial=""
    ),
    Attribute("port", _PORT, PORT_NUMBER, "UDP port of the other end, if it is not that of the VXLAN link.", 0, 65535, initial=0),
    Attribute("vni", _VNI, U32, "VXLAN id (VNI) to send with, if it is not that of the VXLAN link.", 0, 2**24 - 1, initial=0),
    Attribute("src_vni", _SRC_VNI, U32, "VXLAN id (VNI) that the entry is for, of a VXLAN link with O(ignore:external=true).", 0, 2**24 - 1, initial=0),
    Attribute("via", _IFINDEX, LINK_INDEX, "Name of the link that the packets to O(dst) leave through.", initial=""),
    Attribute("sticky", 0, FLAG, "Whether the entry stays on its port when frames of the MAC address arrive on another.", initial=False, needs="Linux 5.0"),
    Attribute("extern_learn", 0, FLAG, "Whether the entry is marked as learned by a control plane.", initial=False),
    Attribute(
        "dynamic",
        0,
        FLAG,
        "Whether the entry ages as a learned one does. It is there again with the next run of the task.",
        initial=False,
    ),
    Attribute(
        "local",
        0,
        FLAG,
        "Whether frames to the MAC address are for the host itself. Entries of a bridge, and not of a port, always are.",
        initial=False,
    ),
)
_FLAGS = {"extern_learn": NTF_EXT_LEARNED, "sticky": _NTF_STICKY}
_CODES = {row.name: row.code for row in _ROWS if row.code and row.name != "via"}
_NUMBERS = {"vlan": struct.Struct("=H"), "port": struct.Struct(">H"), "vni": struct.Struct("=I"), "src_vni": struct.Struct("=I")}


def _encode(entry: Values, place: Place) -> bytes:
    of_link = bool(entry.get("dst")) or kind_of(place.kind).is_bridge
    flags = (_NTF_SELF if of_link else _NTF_MASTER) | sum(bit for name, bit in _FLAGS.items() if entry.get(name))
    state = _NUD_REACHABLE if entry.get("dynamic") else NUD_PERMANENT if of_link or entry.get("local") else _NUD_NOARP
    body = NDMSG.pack(socket.AF_BRIDGE, place.ifindex, state, flags, 0) + attribute(_LLADDR, bytes.fromhex(entry["mac"].replace(":", "")))
    if entry.get("dst"):
        body += attribute(_DST, socket.inet_pton(socket.AF_INET6 if ":" in entry["dst"] else socket.AF_INET, entry["dst"]))
    for name, packed in _NUMBERS.items():
        body += attribute(_CODES[name], packed.pack(entry[name])) if entry.get(name) else b""
    return body + (attribute(_IFINDEX, struct.pack("=I", place.index_of(entry["via"]))) if entry.get("via") else b"")


def _decode(message: bytes) -> Decoded:
    _family, index, state, flags, _type = NDMSG.unpack_from(message)
    found = {code: message[first:last] for code, first, last in split(message, NDMSG.size)}
    of_bridge = _MASTER in found
    if _LLADDR not in found or len(found[_LLADDR]) != 6 or not (of_bridge or _DST in found):
        return  # an address filter of a network card, or an entry with a nexthop object
    entry: Values = {row.name: row.initial for row in _ROWS}
    entry["mac"] = found[_LLADDR].hex(":")
    entry.update((name, bool(flags & bit)) for name, bit in _FLAGS.items())
    entry["dynamic"] = not state & (NUD_PERMANENT | _NUD_NOARP) and not entry["extern_learn"]
    entry["local"] = of_bridge and bool(state & NUD_PERMANENT)
    if _DST in found and not of_bridge:
        entry["dst"] = socket.inet_ntop(socket.AF_INET6 if len(found[_DST]) == 16 else socket.AF_INET, found[_DST])
    entry.update((name, packed.unpack(found[_CODES[name]])[0]) for name, packed in _NUMBERS.items() if _CODES[name] in found)
    entry["via"] = struct.unpack("=I", found[_IFINDEX])[0] if _IFINDEX in found and not of_bridge else 0
    yield index, entry


def _words(adding: bool, entry: Values, kind: str, dev: str) -> List[str]:
    verb = "delete" if not adding else "append" if _is_one_of_several(entry) else "replace"
    words = ["bridge", "fdb", verb, entry["mac"], "dev", dev]
    words += [word for name in ("dst", "vlan", "port", "vni", "src_vni", "via") if entry.get(name) for word in (name, str(entry[name]))]
    of_link = bool(entry.get("dst")) or kind_of(kind).is_bridge
    words.append("self" if of_link else "master")
    if adding:
        words.append("dynamic" if entry.get("dynamic") else "permanent" if of_link or entry.get("local") else "static")
        words += [name for name in _FLAGS if entry.get(name)]
    return words


def _is_one_of_several(entry: Values) -> bool:
    """Whether several entries of a VXLAN link may have the MAC address: those of groups and of unknown destinations."""
    return bool(entry.get("dst")) and (entry["mac"] == _UNKNOWN or bool(int(entry["mac"][:2], 16) & 1))


def _check(entry: Values) -> Optional[Tuple[str, str]]:
    """What only entries of a VXLAN link have, and what only those of a bridge have."""
    for name in ("port", "vni", "src_vni", "via") if not entry.get("dst") else ("vlan", "sticky", "local"):
        if entry.get(name):
            return name, "it is for entries %s dst" % ("without" if entry.get("dst") else "with")
    kinds = [name for name in ("extern_learn", "dynamic", "local", "sticky") if entry.get(name)]
    if len(kinds) > 1:
        return kinds[1], "an entry with %s cannot have it" % kinds[0]
    if entry["mac"] == _UNKNOWN and not entry.get("dst"):
        return "mac", "the address of all unknown destinations needs dst"
    return None


def _unfit(entry: Values, around: Around) -> Optional[Tuple[str, str]]:
    if entry.get("dst"):
        if not kind_of(around.kind).destinations:
            return "dst", "%s is not a VXLAN link" % around.name
        return ("src_vni", "the VXLAN link needs external: true for it") if entry.get("src_vni") and not around.values.get("external") else None
    if not kind_of(around.kind).is_bridge and around.bridge is None:
        return "mac", "%s is no port of a bridge; set master%s" % (
            around.name,
            ", or dst for an entry of the VXLAN link" if kind_of(around.kind).destinations else "",
        )
    return None


def _plain(entry: Values, around: Around) -> Values:
    """An entry without a port and VNI that are those of the VXLAN link."""
    return {**entry, **{name: 0 for name, own in (("port", "dstport"), ("vni", "id")) if entry.get(name) and entry[name] == around.values.get(own)}}


def has_other_ends(found: FoundLink) -> bool:
    """Whether entries of a VXLAN link name the other ends of tunnels."""
    return any(entry["dst"] for entry in found.entries.get(FDB.option, ()))


def _of_kernel(entries: List[Values], found: FoundLink, host: Host) -> List[Values]:
    """Those that were learned, the own addresses of a port and its bridge, the remote address of a VXLAN link, and what the kernel adds for each VLAN
    of a port to an entry without one.
    """
    bridge = host.links.get((found.netns, found.master))
    own = (found.values.get("mac"), bridge.values.get("mac") if bridge else None)
    remote = [found.values.get(name) for name in kind_of(found.kind).destinations]
    of_all_vlans = {entry["mac"] for entry in entries if not entry["vlan"] and not entry["dst"]}

    def is_kernels(entry: Values) -> bool:
        if entry["dst"]:
            return bool(entry["dynamic"]) or (entry["mac"] == _UNKNOWN and entry["dst"] in remote)
        return bool(entry["dynamic"] or (entry["local"] and entry["mac"] in own) or (entry["vlan"] and entry["mac"] in of_all_vlans))

    return list(filter(is_kernels, entries))


def _fits(kind: Optional[LinkKind]) -> bool:
    return kind is None or kind.is_bridge or bool(kind.destinations) or any(master.is_bridge for master in masters_of(kind.kernel))


FDB = EntryList(
    "fdb",
    "Entries of the forwarding database: of the bridge that the link is a port of, of the link itself if it is a bridge, or if O(fdb[].dst) is given, of"
    " the VXLAN link.",
    "Learned ones, own addresses of bridges and ports, and the remote address of a VXLAN link are not.",
    _ROWS,
    ("mac", "vlan", "src_vni", "dst", "port", "vni", "via"),
    RTM_NEWNEIGH,
    RTM_DELNEIGH,
    RTM_GETNEIGH,
    (NDMSG.pack(socket.AF_BRIDGE, 0, 0, 0, 0),),
    _encode,
    _decode,
    _words,
    _fits,
    required=("mac",),
    check=_check,
    unfit=_unfit,
    plain=_plain,
    indistinct=lambda entry: ("dst", "port", "vni", "via") if entry["dst"] and not _is_one_of_several(entry) else (),
    of_kernel=_of_kernel,
    of_port=True,
    flags=lambda entry: NLM_F_APPEND if _is_one_of_several(entry) else NLM_F_REPLACE,
)
