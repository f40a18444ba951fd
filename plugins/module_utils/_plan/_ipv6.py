# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a link will have IPv6: that depends on its MTU and on disable_ipv6.

Source: net/ipv6/addrconf.c (addrconf_notify).
"""

from __future__ import annotations

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import IPV6_MTU
from ansible_collections.nfv.vnet.plugins.module_utils._entries import using_ipv6
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import Draft
from ansible_collections.nfv.vnet.plugins.module_utils._plan._mtu import mtu_after
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, Link


def has_ipv6_settings(draft: Draft, wanted: Link, found: FoundLink) -> bool:
    """Whether the MTU will be large enough for IPv6."""
    return mtu_after(draft, wanted, found).value >= IPV6_MTU


def check_ipv6(draft: Draft, wanted: Link, found: FoundLink) -> None:
    """Refuses addresses, entries and settings of IPv6 on a link that will not have it."""
    there = {address.itself for address in found.addresses}
    new = [(path, what) for path, what in using_ipv6(wanted) if what not in there]
    if new and wanted.values.get("disable_ipv6", found.values.get("disable_ipv6")):
        raise VnetError(new[0][0], "IPv6 is disabled on %s, so it cannot have %s; set disable_ipv6: false" % (wanted.name, new[0][1]))
    settings = [((*wanted.path, name), "IPv6") for name in ("ipv6_addrgenmode", "disable_ipv6") if wanted.values.get(name, True) is not True]
    using = [*settings, *using_ipv6(wanted)]
    if not using:
        return
    mtu = mtu_after(draft, wanted, found)
    if mtu.value < IPV6_MTU:
        (path, what), which = using[0], " (that of its port %s)" % mtu.port if mtu.port else ""
        raise VnetError(path, "an MTU of %d%s is too small for %s; leave it out or set mtu to 1280 or more" % (mtu.value, which, what))
