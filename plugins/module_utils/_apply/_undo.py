# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How each step is undone: a table by class."""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional

from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    PRIVATE,
    AddAddress,
    AddEntry,
    AddRoute,
    AddVlan,
    AttachNamespace,
    CreateLink,
    CreateNamespace,
    DeleteAddress,
    DeleteEntry,
    DeleteLink,
    DeleteNamespace,
    DeleteRoute,
    DeleteVlan,
    MoveLink,
    RenameLink,
    ReplaceRoute,
    SetFile,
    SetLink,
    SetMaster,
    SetPort,
    SetSysctl,
    SetTuntap,
    SetVlan,
    Step,
)


def _vlan_as_before(step: SetVlan) -> Optional[Step]:
    changed = step.vlan._replace(settings={**step.vlan.settings, step.attribute: step.value})
    return None if step.old is None else step._replace(value=step.old, old=step.value, vlan=changed)


_INVERSE: Dict[type, Callable[[Any], Optional[Step]]] = {
    CreateNamespace: lambda step: DeleteNamespace(step.name),
    AttachNamespace: lambda step: DeleteNamespace(step.name),
    SetFile: lambda step: step._replace(content=step.old, old=step.content, mode=PRIVATE),
    SetSysctl: lambda step: None if step.old is None else step._replace(value=step.old, old=step.value),
    # without its kind, or a bridge would stop snooping before it is deleted; if that were interrupted, the next run would leave it so
    CreateLink: lambda step: DeleteLink(step.netns, step.name),
    RenameLink: lambda step: step._replace(name=step.new, new=step.name),
    MoveLink: lambda step: step._replace(netns=step.new, name=step.new_name or step.name, new=step.netns, new_name=step.name),
    SetLink: lambda step: None if step.old is None else step._replace(values=step.old, old=step.values),
    SetMaster: lambda step: None if step.old is None else step._replace(master=step.old, old=step.master),
    SetTuntap: lambda step: None if step.old is None else step._replace(values=step.old, old=step.values),
    SetPort: lambda step: None if step.old is None else step._replace(value=step.old, old=step.value),
    AddVlan: lambda step: step._replace(vlan=step.old, old=step.vlan) if step.old else DeleteVlan(step.netns, step.name, step.vlan, step.of_bridge),
    DeleteVlan: lambda step: AddVlan(step.netns, step.name, step.vlan, step.of_bridge),
    SetVlan: _vlan_as_before,
    AddAddress: lambda step: DeleteAddress(step.netns, step.name, step.address),
    AddRoute: lambda step: DeleteRoute(step.netns, step.route, step.body),
    ReplaceRoute: lambda step: step._replace(route=step.old, old=step.route),
    AddEntry: lambda step: DeleteEntry(*step),
    DeleteEntry: lambda step: AddEntry(*step),
}
"""The inverse of each step. Addresses and routes that are lost with others are saved beforehand and restored at the end."""


def inverse_of(step: Step) -> Optional[Step]:
    """The step that undoes this one, None if there is none."""
    inverse = _INVERSE.get(type(step))
    return inverse(step) if inverse else None
