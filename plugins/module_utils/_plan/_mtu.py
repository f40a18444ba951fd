# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The MTU that a link will have. That of a bridge follows its ports: net/bridge/br_if.c (br_mtu_auto_adjust)."""

from __future__ import annotations

from typing import Iterator, NamedTuple, Optional

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import IPV6_MTU
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import kind_of
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import Draft
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, Link

UNKNOWN = 2**32
"""The MTU of a bridge with ports whose MTU is not known."""
_INITIAL = 1500
"""The MTU of a bridge without ports, unless somebody set it."""


class Mtu(NamedTuple):
    """An MTU in bytes."""

    value: int
    port: str = ""
    """The port that a bridge takes it from."""


def mtu_after(draft: Draft, wanted: Link, found: FoundLink) -> Mtu:
    """The MTU of the link after the plan. That of a bridge is the lowest of its ports, unless somebody set it."""
    now = found.values.get("mtu") or IPV6_MTU
    if wanted.values.get("mtu"):
        return Mtu(wanted.values["mtu"])
    if "mtu" not in kind_of(wanted.kind).follows_ports:
        return Mtu(now)
    before = [port.values.get("mtu") for port in draft.ports(found.id)] if found.ifindex else []
    if found.ifindex and now not in (before or [_INITIAL]):
        return Mtu(now)  # somebody has set it
    return min(_ports_after(draft, wanted), key=lambda mtu: mtu.value, default=Mtu(_INITIAL))


def _ports_after(draft: Draft, bridge: Link) -> Iterator[Mtu]:
    """The MTU of each port after the plan, C(UNKNOWN) if it is not known."""
    declared = {*(bridge.ports or ()), *draft.declared_ports.get(bridge.id, ())}
    for port in draft.ports(bridge.id):
        link = draft.wanted.get(port.id)
        leaves = (link.master if link else None) not in (None, bridge.name) or (bridge.purge_ports and bridge.ports is not None)
        if not leaves:
            declared.add(port.name)
    for name in declared:
        mtu = _declared_or_found(draft.wanted.get((bridge.netns, name)), draft.host.links.get((bridge.netns, name)))
        yield Mtu(UNKNOWN if mtu is None else mtu, name)


def _declared_or_found(wanted: Optional[Link], found: Optional[FoundLink]) -> Optional[int]:
    if wanted and wanted.values.get("mtu"):
        return int(wanted.values["mtu"])
    return int(found.values["mtu"]) if found and found.values.get("mtu") else None
