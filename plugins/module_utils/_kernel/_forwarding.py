# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the kernel would send a packet, and what may drop it: route lookup, forwarding settings, policies of nftables.

Sources: ip-route(8) get, include/uapi/linux/rtnetlink.h, netfilter/nf_tables.h, netfilter.h.
"""

from __future__ import annotations

import socket
import struct
from typing import List, Mapping, NamedTuple, Optional, Set

from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._neighbours import macs_of, resolve
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._nla import attribute, end_of, offsets
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import RTMSG, Reader
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._socket import NetlinkSocket

_RTM_GETROUTE = 26
_RTA_DST, _RTA_SRC, _RTA_IIF, _RTA_OIF, _RTA_GATEWAY, _RTA_PREFSRC, _RTA_VIA = 1, 2, 3, 4, 5, 7, 18
_UNICAST = 1
_NETLINK_NETFILTER = 12
_NFT_MSG_GETCHAIN = 10 << 8 | 4
_NFGENMSG = b"\0\0\0\0"
_NFTA_CHAIN_TABLE, _NFTA_CHAIN_NAME, _NFTA_CHAIN_HOOK, _NFTA_CHAIN_POLICY, _NFTA_CHAIN_TYPE, _NFTA_HOOK_HOOKNUM = 1, 3, 4, 5, 7, 1
_NF_DROP = 0
_HOOKS = ("prerouting", "input", "forward", "output", "postrouting")
_FAMILIES = {1: "inet", 2: "ip", 7: "bridge", 10: "ip6"}
_NUMBER = struct.Struct(">I").unpack_from


class NextHop(NamedTuple):
    """The result of a route lookup: the index of the link, the gateway or '', and the source address."""

    device: int
    gateway: str
    source: str
    is_taken: bool = False
    """Whether the namespace takes the packets itself, or they are for all on a network."""


class Arrived(NamedTuple):
    """Where a packet comes from: its source address, and the index of the link where it arrived, 0 if it is sent."""

    source: str
    link: int


class Chain(NamedTuple):
    """A base chain of nftables. C(kind): filter, nat or route; C(drops): whether its policy is drop."""

    family: str
    table: str
    name: str
    hook: str
    kind: str
    drops: bool


class Forwarding:
    """Queries the kernel in each namespace."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def next_hop(self, netns: str, target: str, vrf: int = 0, arrived: Optional[Arrived] = None) -> NextHop:
        """The route lookup for an address. C(vrf): the index of the VRF whose table is used, 0 for none. C(arrived): of a packet from there.

        KernelError if there is no route (ENETUNREACH), or an unreachable, prohibit or blackhole route, or rp_filter drops it.
        """
        family = socket.AF_INET6 if ":" in target else socket.AF_INET
        address = socket.inet_pton(family, target)
        source = socket.inet_pton(family, arrived.source) if arrived else b""
        body = RTMSG.pack(family, 8 * len(address), 8 * len(source), 0, 0, 0, 0, 0, 0) + attribute(_RTA_DST, address)
        if arrived:  # rules may ask where it comes from
            body += attribute(_RTA_SRC, source)
        if arrived and arrived.link:  # which says which VRF it is in, too
            body += attribute(_RTA_IIF, struct.pack("=I", arrived.link))
        elif vrf:
            body += attribute(_RTA_OIF, struct.pack("=I", vrf))
        _type, buffer, start, end = self._reader.socket(netns).get(_RTM_GETROUTE, body)
        found = offsets(buffer, start + RTMSG.size, end)

        def ip(code: int) -> str:
            return socket.inet_ntop(family, buffer[found[code] : end_of(buffer, found[code])]) if code in found else ""

        device = struct.unpack_from("=I", buffer, found[_RTA_OIF])[0] if _RTA_OIF in found else 0
        return NextHop(device, ip(_RTA_GATEWAY) or _via(buffer, found), ip(_RTA_PREFSRC), RTMSG.unpack_from(buffer, start)[7] != _UNICAST)

    def setting(self, netns: str, key: str) -> Optional[str]:
        """A setting below C(/proc/sys), None if it does not exist."""
        return self._reader.sysctl(netns, key)

    def macs(self, netns: str, device: int, address: str) -> Set[str]:
        """The MAC addresses of whoever answers for an address on a link with this index."""
        return resolve(self._reader, netns, device, address)

    def known_macs(self, netns: str, address: str) -> Set[str]:
        """The MAC addresses that a namespace has for an address so far."""
        return macs_of(self._reader, netns, address)

    def chains(self, netns: str) -> List[Chain]:
        """The base chains of nftables, including those of iptables-nft."""
        with self._reader.namespaces.inside(netns):
            try:
                sock = NetlinkSocket(_NETLINK_NETFILTER)
            except OSError:  # a kernel without netfilter
                return []
        try:
            messages = sock.dump(_NFT_MSG_GETCHAIN, _NFGENMSG)
        except KernelError:  # no nftables, or not permitted
            return []
        finally:
            sock.close()
        return [found for found in (_chain(buffer, start, end) for _type, buffer, start, end in messages) if found]


def _via(buffer: bytes, found: Mapping[int, int]) -> str:
    """The gateway of a route that has one of the other family (C(struct rtvia)), '' if it has none."""
    if _RTA_VIA not in found:
        return ""
    family = struct.unpack_from("=H", buffer, found[_RTA_VIA])[0]
    return socket.inet_ntop(family, buffer[found[_RTA_VIA] + 2 : end_of(buffer, found[_RTA_VIA])])


def _chain(buffer: bytes, start: int, end: int) -> Optional[Chain]:
    found = offsets(buffer, start + len(_NFGENMSG), end)
    if _NFTA_CHAIN_HOOK not in found:
        return None
    hook = offsets(buffer, found[_NFTA_CHAIN_HOOK], end_of(buffer, found[_NFTA_CHAIN_HOOK]))
    number = _NUMBER(buffer, hook[_NFTA_HOOK_HOOKNUM])[0]
    family = _FAMILIES.get(buffer[start], "")
    if not family or number >= len(_HOOKS):
        return None
    table, name, kind = (_text(buffer, found[code]) if code in found else "" for code in (_NFTA_CHAIN_TABLE, _NFTA_CHAIN_NAME, _NFTA_CHAIN_TYPE))
    drops = _NFTA_CHAIN_POLICY in found and _NUMBER(buffer, found[_NFTA_CHAIN_POLICY])[0] == _NF_DROP
    return Chain(family, table, name, _HOOKS[number], kind, drops)


def _text(buffer: bytes, start: int) -> str:
    return buffer[start : end_of(buffer, start)].rstrip(b"\0").decode("utf-8", "surrogateescape")
