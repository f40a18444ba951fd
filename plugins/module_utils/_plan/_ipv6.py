# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a link will have IPv6: that depends on its MTU and on disable_ipv6.

Sources: net/ipv6/addrconf.c (addrconf_notify), net/bridge/br_if.c (br_mtu_auto_adjust).
"""

from __future__ import annotations

from typing import Iterator, NamedTuple, Optional

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import IPV6_MTU
from ansible_collections.nfv.vnet.plugins.module_utils._entries import using_ipv6
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import kind_of
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import Draft
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, Link

_INITIAL = 1500
"""The MTU of a bridge without ports, unless somebody set it."""


class _Mtu(NamedTuple):
    value: int
    port: str = ""
    """The port that a bridge takes it from."""


def has_ipv6_settings(draft: Draft, wanted: Link, found: FoundLink) -> bool:
    """Whether the MTU will be large enough for IPv6."""
    return _mtu_after(draft, wanted, found).value >= IPV6_MTU


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
    mtu = _mtu_after(draft, wanted, found)
    if mtu.value < IPV6_MTU:
        (path, what), which = using[0], " (that of its port %s)" % mtu.port if mtu.port else ""
        raise VnetError(path, "an MTU of %d%s is too small for %s; leave it out or set mtu to 1280 or more" % (mtu.value, which, what))


def _mtu_after(draft: Draft, wanted: Link, found: FoundLink) -> _Mtu:
    """The MTU of the link after the plan. That of a bridge is the lowest of its ports, unless somebody set it."""
    now = found.values.get("mtu") or IPV6_MTU
    if wanted.values.get("mtu"):
        return _Mtu(wanted.values["mtu"])
    if "mtu" not in kind_of(wanted.kind).follows_ports:
        return _Mtu(now)
    before = [port.values.get("mtu") for port in draft.ports(found.id)] if found.ifindex else []
    if found.ifindex and now not in (before or [_INITIAL]):
        return _Mtu(now)  # somebody has set it
    return min([*_ports_after(draft, wanted), _Mtu(2**32)], key=lambda mtu: mtu.value)


def _ports_after(draft: Draft, bridge: Link) -> Iterator[_Mtu]:
    """The MTU of each port after the plan, as far as it is known."""
    declared = {*(bridge.ports or ()), *draft.declared_ports.get(bridge.id, ())}
    for port in draft.ports(bridge.id):
        link = draft.wanted.get(port.id)
        leaves = (link.master if link else None) not in (None, bridge.name) or (bridge.purge_ports and bridge.ports is not None)
        if not leaves:
            declared.add(port.name)
    for name in declared:
        mtu = _declared_or_found(draft.wanted.get((bridge.netns, name)), draft.host.links.get((bridge.netns, name)))
        if mtu is not None:
            yield _Mtu(mtu, name)


def _declared_or_found(wanted: Optional[Link], found: Optional[FoundLink]) -> Optional[int]:
    if wanted and wanted.values.get("mtu"):
        return int(wanted.values["mtu"])
    return int(found.values["mtu"]) if found and found.values.get("mtu") else None
