# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What steps change of a link, with what it loses beside, as it was before: in the form of C(Ownership.original)."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._bodies import relabelled
from ansible_collections.nfv.vnet.plugins.module_utils._entries import LISTS, as_text
from ansible_collections.nfv.vnet.plugins.module_utils._plan._existing import lost_settings
from ansible_collections.nfv.vnet.plugins.module_utils._plan._vlans import default_vlans
from ansible_collections.nfv.vnet.plugins.module_utils._resources import (
    FoundLink,
    Shown,
    Values,
    Vlan,
)
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    AddAddress,
    AddEntry,
    AddVlan,
    AttachNamespace,
    DeleteAddress,
    DeleteEntry,
    DeleteVlan,
    MoveLink,
    SetFile,
    SetLink,
    SetMaster,
    SetPort,
    SetTuntap,
    SetVlan,
    Step,
)


def joined_before(bridge: str, port: Values) -> Values:
    """What a link was that is recorded in C(ports) of a bridge."""
    settings = {name: value for name, value in port.items() if name != "vlans"}
    return {"master": bridge, **({"port": settings} if settings else {}), **({"vlans": port["vlans"]} if port.get("vlans") else {})}


def changes_of(step: Step, found: FoundLink) -> Iterator[Tuple[Tuple[str, ...], Any]]:
    """What a step changes, as a path in C(Ownership.original) with the old value."""
    if isinstance(step, SetLink):
        rows, old = _kinds.rows_of(step.kind), step.old or found.values
        values = ((name, old.get(name, rows[name].initial)) for name in step.values)
        # IPv6 settings that a link with a small MTU does not have are new ones when it gets them
        yield from (((name,), rows[name].initial if value is None else value) for name, value in values)
        above = ((other.name, other.values["mtu"]) for other in step.restore if isinstance(other, SetLink) and other.name != step.name)
        yield from ((("mtus_above", name), [mtu, step.values["mtu"]]) for name, mtu in above)
        if table.is_too_small_for_ipv6(step.values):
            yield from (((name,), value) for name, value in lost_settings(found, table.IPV6_LOCATIONS).items())
    elif isinstance(step, SetTuntap):
        old = step.old or found.values
        yield from (((name,), old.get(name)) for name, value in step.values.items() if value != old.get(name))
    elif isinstance(step, SetMaster):
        yield ("master",), step.old
        # a port that leaves its bridge loses its settings
        settings = {other.attribute: other.value for other in step.restore if isinstance(other, SetPort)}
        yield from ((("port", name), old) for name, old in changed_settings(settings).items())
        vlans = {other.vlan.first: other.vlan for other in step.restore if isinstance(other, AddVlan)}
        yield from ((("vlans", vid), flags) for vid, flags in changed_vlans(vlans, None).items())
    elif isinstance(step, SetPort) and step.old is not None:
        yield ("port", step.attribute), step.old
    elif isinstance(step, SetVlan):
        yield ("vlans", str(step.vlan.first)), step.vlan.stored() if step.old is not None else None
    elif isinstance(step, SetFile):
        yield ("files", step.file), step.old
    elif isinstance(step, AttachNamespace):
        yield ("attached",), step.name
    elif isinstance(step, (AddEntry, DeleteEntry)):
        # an entry that is replaced is deleted first, so that the first change says what was there
        yield (step.option, as_text(LISTS[step.option], step.entry)), step.entry if isinstance(step, DeleteEntry) else None
    elif isinstance(step, (AddVlan, DeleteVlan)):
        before = step.vlan if isinstance(step, DeleteVlan) else step.old
        stored = before.stored() if before else None
        yield from ((("vlans", str(vid)), stored) for vid in range(step.vlan.first, step.vlan.last + 1))


def goes_down(steps: List[Step]) -> bool:
    """Whether a link goes down by its steps, perhaps for a moment."""
    return any(isinstance(step, MoveLink) or (isinstance(step, SetLink) and step.values.get("up") is False) for step in steps)


def loses_ipv6(steps: List[Step]) -> bool:
    """Whether the kernel drops IPv6 of a link: it goes down, or its MTU gets too small."""
    return goes_down(steps) or any(table.ends_ipv6(step.values) for step in steps if isinstance(step, SetLink))


def addresses_before(found: FoundLink, steps: List[Step]) -> Values:
    """The addresses that the steps change, and those that the kernel drops beside."""
    touched = {step.address.key: step.address for step in steps if isinstance(step, (AddAddress, DeleteAddress))}
    moved, no_ipv6 = any(isinstance(step, MoveLink) for step in steps), loses_ipv6(steps)
    lost = (address for address in found.addresses if (moved or (no_ipv6 and address.ipv6)) and not address.link_local)
    touched.update((address.key, address) for address in lost)
    before: Values = {}
    if touched:
        there, bodies = {address.itself for address in found.addresses}, bodies_of_addresses(found)
        names = [address.itself for address in touched.values()]
        # one that vanished while it was read is not recorded
        before["addresses"] = {name: bodies.get(name) for name in names if name in bodies or name not in there}
    if any(not address.ipv6 for address in touched.values()):
        before["order"] = order_of_addresses(found)
    return before


def bodies_of_addresses(found: FoundLink) -> Dict[str, str]:
    """The addresses of a link as it was named when it was adopted."""
    original, shown = found.original, found.shown or Shown({}, [])
    home = original.get("from", original.get("unchanged", {}).get("from", found.id))[1]
    named = ((address.itself, shown.addresses.get(address.key)) for address in found.addresses)
    return {name: relabelled(body, found.name, home) for name, body in named if body}


def order_of_addresses(found: FoundLink) -> List[str]:
    """The IPv4 addresses in their order, as the first of a network is the primary one."""
    return [address.itself for address in found.addresses if not address.ipv6]


def changed_settings(values: Values) -> Values:
    """The settings of a port that differ from those of a new one."""
    return {name: value for name, value in table.settings_of_port(values).items() if value != table.PORT_ROWS[name].initial}


def changed_vlans(vlans: Dict[int, Vlan], bridge: Optional[FoundLink]) -> Dict[str, List[Any]]:
    """The VLANs of a port; empty if they are those of a new port."""
    if vlans == default_vlans(bridge.values if bridge else {}):
        return {}
    return {str(vid): vlan.stored() for vid, vlan in vlans.items()}
