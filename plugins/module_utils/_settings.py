# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel settings (sysctl) that vnet_info declares, and what they are in a new namespace.

Sources: Documentation/networking/ip-sysctl.rst; include/uapi/linux/ip.h and ipv6.h for the positions; net/ipv4/devinet.c and
net/ipv6/addrconf.c for the initial values.
"""

from __future__ import annotations

import struct
from typing import Dict, Iterator, Mapping, NamedTuple, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink

_ALL, _DEFAULT = "all", "default"
Found = Mapping[str, Optional[str]]
"""The settings of a namespace: None for one that the kernel does not have."""


class Setting(NamedTuple):
    """A setting below C(net.FAMILY.conf). A new link takes that of C(default)."""

    family: str
    name: str
    position: int
    """In the array of IFLA_INET_CONF or IFLA_INET6_CONF."""
    all: str
    """The initial value of C(all)."""
    default: str
    """The initial value of C(default)."""
    forwarding: str = ""
    """The value that C(all) takes when forwarding is enabled, if that changes it."""
    is_attribute: bool = False
    """Whether the declaration of a link has it as an option."""

    def key(self, link: str) -> str:
        return "net.%s.conf.%s.%s" % (self.family, link.replace(".", "/"), self.name)

    def value(self, settings: Mapping[str, bytes]) -> Optional[str]:
        """The value of a link with these arrays."""
        values = settings.get(self.family, b"")
        return str(_INT(values, self.position * 4)[0]) if len(values) >= self.position * 4 + 4 else None


_INT = struct.Struct("=i").unpack_from
_FORWARDING = {"ipv4": "net.ipv4.ip_forward", "ipv6": "net.ipv6.conf.all.forwarding"}
"""What sets C(forwarding) of C(all), of C(default) and of all links."""
_LINK_FORWARDING = (Setting("ipv4", "forwarding", 0, "", ""), Setting("ipv6", "forwarding", 0, "", ""))
_SETTINGS = (
    Setting("ipv4", "rp_filter", 7, "0", "0"),
    Setting("ipv4", "arp_accept", 20, "0", "0"),
    Setting("ipv4", "arp_announce", 17, "0", "0"),
    Setting("ipv4", "arp_filter", 12, "0", "0"),
    Setting("ipv4", "arp_ignore", 18, "0", "0"),
    Setting("ipv4", "arp_notify", 21, "0", "0"),
    Setting("ipv4", "accept_local", 22, "0", "0"),
    Setting("ipv4", "accept_redirects", 3, "1", "1", forwarding="0"),
    Setting("ipv4", "accept_source_route", 8, "0", "1"),
    Setting("ipv4", "proxy_arp", 2, "0", "0"),
    Setting("ipv4", "proxy_arp_pvlan", 24, "0", "0"),
    Setting("ipv4", "route_localnet", 25, "0", "0"),
    Setting("ipv4", "send_redirects", 5, "1", "1"),
    Setting("ipv6", "disable_ipv6", 26, "0", "0", is_attribute=True),
    Setting("ipv6", "accept_ra", 3, "1", "1"),
    Setting("ipv6", "accept_redirects", 4, "1", "1"),
    Setting("ipv6", "accept_source_route", 24, "0", "0"),
    Setting("ipv6", "autoconf", 5, "1", "1"),
    Setting("ipv6", "proxy_ndp", 22, "0", "0"),
)
_OF_LINKS = (*_LINK_FORWARDING, *(setting for setting in _SETTINGS if not setting.is_attribute))
SYSCTLS = (
    *_FORWARDING.values(),
    *(setting.key(_DEFAULT) for setting in _LINK_FORWARDING),
    *(setting.key(link) for setting in _SETTINGS for link in (_ALL, _DEFAULT)),
)
"""The keys of a namespace."""


_FOLLOWING = {
    *(setting.key(_DEFAULT) for setting in _LINK_FORWARDING),
    *(setting.key(_ALL) for setting in _SETTINGS if setting.forwarding),
}
"""What the kernel sets with forwarding."""


def changed_settings(found: Found, inherited: Optional[Found] = None) -> Dict[str, str]:
    """The settings of a namespace that a new one may not have, in an order in which they can be set.

    C(inherited): those of the namespace that new ones may have their IPv4 settings from (net.core.devconf_inherit_init_net).
    """
    of_new = {key: value for key, value in (inherited or {}).items() if key.startswith("net.ipv4.")}
    return {key: value for key, value, initial in _of_namespace(found) if value != initial or (key not in _FOLLOWING and value != (of_new.get(key) or value))}


def changed_settings_of(link: FoundLink, found: Found) -> Dict[str, str]:
    """The settings of a link that a new one in this namespace does not have."""
    values = ((setting.key(link.name), setting.value(link.settings), found.get(setting.key(_DEFAULT))) for setting in _OF_LINKS)
    return {key: value for key, value, initial in values if value not in (None, initial)}


def _of_namespace(found: Found) -> Iterator[Tuple[str, str, str]]:
    """Each key with its value and its initial value, which are the same if the kernel does not have it."""
    for setting in _LINK_FORWARDING:
        everywhere = found.get(_FORWARDING[setting.family]) or "0"
        yield _FORWARDING[setting.family], everywhere, "0"
        yield setting.key(_DEFAULT), found.get(setting.key(_DEFAULT)) or everywhere, everywhere
    for setting in _SETTINGS:
        forwards = setting.forwarding and found.get(_FORWARDING[setting.family]) != "0"
        all_initial = setting.forwarding if forwards else setting.all
        yield setting.key(_ALL), found.get(setting.key(_ALL)) or all_initial, all_initial
        yield setting.key(_DEFAULT), found.get(setting.key(_DEFAULT)) or setting.default, setting.default
