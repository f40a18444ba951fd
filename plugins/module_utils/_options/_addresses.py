# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns addresses into records: ip-address(8)."""

from __future__ import annotations

import socket
from typing import Dict, List, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path, VnetError, quoted
from ansible_collections.nfv.vnet.plugins.module_utils._options._numbers import NUMBER
from ansible_collections.nfv.vnet.plugins.module_utils._options._words import scope_of
from ansible_collections.nfv.vnet.plugins.module_utils._resources import ADDRESS_FLAGS, Address, AddressKey

_ADDRESS_FORM = (
    "LOCAL[/PREFIX] [peer REMOTE[/PREFIX]] [broadcast ADDRESS] [label NAME] [scope SCOPE] [metric NUMBER] [nodad] [noprefixroute] [home] [mngtmpaddr]"
    " [autojoin]"
)
_ADDRESS_WORDS = ("peer", "broadcast", "label", "scope", "metric")
"""Words of ip-address(8) with an argument."""
_OF_IPV4, _OF_IPV6 = ("broadcast", "label", "scope"), ("nodad", "home", "mngtmpaddr")


def ip_address(text: str, path: Path) -> Tuple[int, str]:
    """Address family, and the address in the kernel's spelling."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            return family, socket.inet_ntop(family, socket.inet_pton(family, text))
        except (OSError, ValueError):
            continue
    raise VnetError(path, "%s is not an IP address" % quoted(text))


def ip_prefix(text: str, path: Path) -> Tuple[int, str, Optional[int]]:
    """Address family, address, and prefix length if given."""
    address, slash, length = text.partition("/")
    family, address = ip_address(address, path)
    if not slash:
        return family, address, None
    longest = address_bits(family)
    if not NUMBER.fullmatch(length) or len(length) > 3 or int(length) > longest:
        raise VnetError(path, "%s: the prefix length is not 0 to %d" % (quoted(text), longest))
    return family, address, int(length)


def address_bits(family: int) -> int:
    """The length of an address, in bits."""
    return 32 if family == socket.AF_INET else 128


def addresses_of(texts: Optional[List[str]], path: Path, link: str) -> Optional[List[Address]]:
    """The addresses of a link, None if they are not given."""
    if texts is None:
        return None
    addresses: Dict[AddressKey, Address] = {}
    by_local: Dict[str, Address] = {}
    for number, text in enumerate(texts):
        address = _address(text, (*path, "addresses", number))
        address = address._replace(label="") if address.label == link else address  # the kernel's own
        if address.ipv6 and by_local.setdefault(address.local, address).key != address.key:
            raise VnetError((*path, "addresses", number), "%s is listed with two prefix lengths; a link can have an IPv6 address only once" % address.local)
        addresses[address.key] = address
    return list(addresses.values())


def _address(text: str, path: Path) -> Address:
    if not text.split():
        raise VnetError(path, "%s is not %s" % (quoted(text), _ADDRESS_FORM))
    first, *words = text.split()
    said: Dict[str, str] = {}
    while words:
        word = words.pop(0)
        if word in said or word not in (*_ADDRESS_WORDS, *ADDRESS_FLAGS, "nodad") or (word in _ADDRESS_WORDS and not words):
            raise VnetError(path, "%s is not %s" % (quoted(text), _ADDRESS_FORM))
        said[word] = words.pop(0) if word in _ADDRESS_WORDS else word
    family, local, length = ip_prefix(first, path)
    for word in _OF_IPV6 if family == socket.AF_INET else _OF_IPV4:
        if word in said:
            raise VnetError(path, "%s: %s is for %s; leave it out" % (quoted(text), word, "IPv6" if family == socket.AF_INET else "IPv4"))
    if "autojoin" not in said:
        check_unicast(family, local, text, path)
    peer = ""
    if "peer" in said:
        peer_family, peer, peer_length = ip_prefix(said["peer"], path)
        if peer_family != family:
            raise VnetError(path, "%s: both addresses must be IPv4 or IPv6" % quoted(text))
        check_unicast(family, peer, text, path)
        if None not in (length, peer_length) and length != peer_length:
            raise VnetError(path, "%s: the prefix lengths differ; use one" % quoted(text))
        length = length if peer_length is None else peer_length
        peer = "" if peer == local else peer
    address = Address(local, address_bits(family) if length is None else length, peer, "nodad" in said)
    return address._replace(
        broadcast=_broadcast(address, said.get("broadcast", ""), path),
        label=_label(said.get("label", ""), path),
        scope=scope_of(said["scope"], path) if "scope" in said else "",
        metric=_in_range(said["metric"], path) if "metric" in said else None,
        flags=tuple(word for word in ADDRESS_FLAGS if word in said),
    )


def _broadcast(address: Address, text: str, path: Path) -> str:
    """The broadcast address of an IPv4 address; C(+) stands for that of its network."""
    if text != "+":
        family, broadcast = ip_address(text, path) if text else (socket.AF_INET, "")
        if family != socket.AF_INET or broadcast == "0.0.0.0":
            raise VnetError(path, "%s is not an IPv4 address that packets can be sent to" % quoted(text))
        return broadcast
    if address.prefix > 30:
        raise VnetError(path, "a network of /%d has no broadcast address; leave it out" % address.prefix)
    number = int.from_bytes(socket.inet_pton(socket.AF_INET, address.peer or address.local), "big") | (1 << 32 - address.prefix) - 1
    return socket.inet_ntop(socket.AF_INET, number.to_bytes(4, "big"))


def _label(text: str, path: Path) -> str:
    if text and (not text.isprintable() or len(text.encode()) > 15):
        raise VnetError(path, "%s is not a label: at most 15 bytes" % quoted(text))
    return text


def _in_range(text: str, path: Path) -> int:
    if not NUMBER.fullmatch(text) or len(text) > 10 or int(text) >= 2**32:
        raise VnetError(path, "%s is not a number from 0 to 4294967295" % quoted(text))
    return int(text)


def check_unicast(family: int, address: str, text: str, path: Path) -> None:
    """VnetError if the address cannot be that of a host. C(text): what was given."""
    packed = socket.inet_pton(family, address)
    if not any(packed) or (packed[0] == 0xFF if family == socket.AF_INET6 else packed[0] >= 224):
        raise VnetError(path, "%s: %s is not a unicast address" % (quoted(text), address))


def check_host_bits(family: int, address: str, length: Optional[int], path: Path) -> None:
    """VnetError if a prefix is not that of its network."""
    if length is None:
        return
    number = int.from_bytes(socket.inet_pton(family, address), "big")
    network = number >> (address_bits(family) - length) << (address_bits(family) - length)
    if network != number:
        right = socket.inet_ntop(family, network.to_bytes(address_bits(family) // 8, "big"))
        raise VnetError(path, "%s/%d has host bits set; the network is %s/%d" % (address, length, right, length))
