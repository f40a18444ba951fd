# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records for the tests: wanted ones from options, found ones from keywords."""

from __future__ import annotations

import itertools
from typing import Any, Callable

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._options._declaration import declaration
from ansible_collections.nfv.vnet.plugins.module_utils._options._modules import OPTIONS
from ansible_collections.nfv.vnet.plugins.module_utils._options._option import argument_spec
from ansible_collections.nfv.vnet.plugins.module_utils._options._resource import layout
from ansible_collections.nfv.vnet.plugins.module_utils._plan import plan
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, FoundNamespace, Host, Layout, Port, Values
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    AddAddress,
    AddRoute,
    AddVlan,
    CreateLink,
    CreateNamespace,
    DeleteAddress,
    DeleteLink,
    DeleteNamespace,
    DeleteRoute,
    DeleteVlan,
    MoveLink,
    Plan,
    RenameLink,
    ReplaceRoute,
    SetLink,
    SetMaster,
    SetNsid,
    SetPort,
    SetSysctl,
    SetTuntap,
    Step,
)
from ansible_collections.nfv.vnet.plugins.module_utils._task._items import checked

_INDEXES = itertools.count(10)
_BRIDGE = {"stp": False, "forward_delay": 15.0, "vlan_filtering": False, "vlan_default_pvid": 1, "priority": 32768, "ageing_time": 300.0, "mst": False}
_LINK = {"mtu": 1500, "alias": "", "num_tx_queues": 1, "num_rx_queues": 1, "arp": True, "up": True}
_TUN = {"mode": "tap", "owner": "", "group": "", "multi_queue": False, "packet_info": False, "vnet_hdr": False}
_PORT = {"state": "forwarding", "priority": 32, "cost": 2, "hairpin": False, "isolated": False, "learning": True, "backup_port": ""}


def wanted(module: str, check: bool = False, **params: Any) -> Layout:
    """The layout of a task, after the checks of AnsibleModule."""
    validated = ArgumentSpecValidator(argument_spec(OPTIONS[module])).validate(params)
    assert not validated.error_messages, validated.error_messages
    return layout(module, validated.validated_parameters, check)


def declared(check: bool = False, **params: Any) -> Layout:
    """The layout that vnet_layout creates from these options."""
    return declaration(checked({"name": "lab", "state": "present", "sysctl": None, **params}), check)


def there(kind: str, name: str, netns: str = "", **fields: Any) -> FoundLink:
    """A found link. Keywords that are not fields of the record are attributes."""
    own = {field: fields.pop(field) for field in tuple(fields) if field in FoundLink._fields}
    index = next(_INDEXES)
    values = {"mac": "02:00:00:00:%02x:%02x" % divmod(index, 256), **_LINK, **(_BRIDGE if kind == "bridge" else _TUN if kind == "tun" else {}), **fields}
    status = {"attached": False, "persist": True, "pids": []} if kind == "tun" else {}
    link = FoundLink(netns, name, index, kind, values, status, "", None, [], [], {}, None)
    return link._replace(**own)


def port(**fields: Any) -> Port:
    """A found bridge port."""
    vlans = fields.pop("vlans", {})
    return Port({**_PORT, **fields}, vlans)


def cable(near: FoundLink, far: FoundLink) -> tuple[FoundLink, FoundLink]:
    return near._replace(peer=far.id), far._replace(peer=near.id)


def host(*links: FoundLink, namespaces: tuple[str, ...] = (), **found: FoundNamespace) -> Host:
    """A host with these links. C(namespaces) exist besides those of the links, C(found) are complete records."""
    names = dict.fromkeys(["", *namespaces, *(link.netns for link in links)])
    records = {name: FoundNamespace((4, number), routes=[]) for number, name in enumerate(names, 100)}
    return Host({**records, **found}, {link.id: link for link in links})


def planned(layout_: Layout, found: Host, check_mode: bool = False) -> Plan:
    """The plan for a host of which everything that the layout names was read."""
    names = [link.netns for link in layout_.links] + [link.peer[0] for link in layout_.links if link.peer] + [record.name for record in layout_.namespaces]
    missing = {name: FoundNamespace(None) for name in names if name not in found.namespaces}
    return plan(layout_, found._replace(namespaces={**found.namespaces, **missing}), check_mode)


def acts(plan_: Plan) -> list[tuple[Any, ...]]:
    """The steps without their undo information, each as (words, name, new value), with the namespace before the name."""
    return [summed_up(step) for step in plan_.steps]


def summed_up(step: Step) -> tuple[Any, ...]:
    words, netns, name, new = SUMMED_UP[type(step)](step)
    return words, "%s:%s" % (netns, name) if netns else name, new


def _new_link(step: CreateLink) -> tuple[Any, ...]:
    new: Values = {"kind": step.kind, "values": step.values}
    if step.peer:
        new.update(peer=step.peer[:2], peer_values=step.peer.values)
    if step.master:
        new["master"] = step.master
    return "link add", step.netns, step.name, new


SUMMED_UP: dict[type, Callable[[Any], tuple[Any, ...]]] = {
    CreateNamespace: lambda step: ("netns add", "", step.name, step.loopback),
    DeleteNamespace: lambda step: ("netns delete", "", step.name, None),
    SetNsid: lambda step: ("netns set", "", step.name, step.nsid),
    SetSysctl: lambda step: ("sysctl", step.netns, step.key, step.value),
    CreateLink: _new_link,
    DeleteLink: lambda step: ("link delete", step.netns, step.name, None),
    RenameLink: lambda step: ("link rename", step.netns, step.name, step.new),
    MoveLink: lambda step: ("link move", step.netns, step.name, step.new),
    SetLink: lambda step: ("link set", step.netns, step.name, step.values),
    SetMaster: lambda step: ("link set", step.netns, step.name, {"master": step.master}),
    SetTuntap: lambda step: ("tuntap set", step.netns, step.name, step.values),
    SetPort: lambda step: ("port set", step.netns, step.name, {step.attribute: step.value}),
    AddVlan: lambda step: ("vlan add", step.netns, step.name, (step.vlan, step.of_bridge)),
    DeleteVlan: lambda step: ("vlan delete", step.netns, step.name, (step.vlan, step.of_bridge)),
    AddAddress: lambda step: ("address add", step.netns, step.name, step.address),
    DeleteAddress: lambda step: ("address delete", step.netns, step.name, None),
    AddRoute: lambda step: ("route add", step.netns, step.route.dev, step.route),
    ReplaceRoute: lambda step: ("route replace", step.netns, step.route.dev, step.route),
    DeleteRoute: lambda step: ("route delete", step.netns, step.route.dev, None),
}


def one(name: str, value: Any) -> Values:
    return {name: value}


def rows() -> list[tuple[str, table.Attribute]]:
    """All rows of the attribute tables with the name of their table."""
    parts = {"link": table.LINK, "bridge": _kinds.TYPES["bridge"].rows, "port": table.PORT, "tuntap": _kinds.TYPES["tuntap"].rows}
    return [(part, row) for part, content in parts.items() for row in content]
