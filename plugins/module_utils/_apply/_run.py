# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How each step is run: a table by class."""

from __future__ import annotations

from typing import Any, Callable, Dict

from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._entries import LISTS
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._write import Writer
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    AddAddress,
    AddEntry,
    AddRoute,
    AddVlan,
    AttachNamespace,
    AwaitLinks,
    CreateLink,
    CreateNamespace,
    DeleteAddress,
    DeleteEntry,
    DeleteLink,
    DeleteLinks,
    DeleteNamespace,
    DeleteNamespaces,
    DeleteRoute,
    DeleteVlan,
    MoveLink,
    RenameLink,
    ReplaceRoute,
    SetFile,
    SetLink,
    SetMaster,
    SetNsid,
    SetPort,
    SetSysctl,
    SetTuntap,
    SetVlan,
    Step,
)


def _create_link(writer: Writer, step: CreateLink) -> None:
    if _kinds.kind_of(step.kind).is_attachable:
        writer.tuntap_add(step.netns, step.name, step.values, step.ifindex)
    elif step.peer:
        writer.veth_add(step.netns, step.name, step.kind, step.values, step.master, step.ifindex, step.peer)
    else:
        writer.link_add(step.netns, step.name, step.kind, step.values, step.parent, step.ifindex)


_RUN: Dict[type, Callable[[Writer, Any], None]] = {
    CreateNamespace: lambda writer, step: writer.namespace_add(step.name, step.loopback),
    AttachNamespace: lambda writer, step: writer.namespace_attach(step.name, step.path),
    SetFile: lambda writer, step: writer.file_set(step.name, step.file, step.content, step.mode),
    DeleteNamespace: lambda writer, step: writer.namespaces_delete([step.name]),
    DeleteNamespaces: lambda writer, step: writer.namespaces_delete(step.names),
    SetNsid: lambda writer, step: writer.nsid_set("", step.name, step.nsid),
    SetSysctl: lambda writer, step: writer.sysctl_set(step.netns, step.key, step.value),
    CreateLink: _create_link,
    DeleteLink: lambda writer, step: writer.links_delete(step.netns, [step.name], step.kind),
    DeleteLinks: lambda writer, step: writer.links_delete(step.netns, step.names, step.kind),
    AwaitLinks: lambda writer, step: writer.links_await(step.links),
    RenameLink: lambda writer, step: writer.link_rename(step.netns, step.name, step.new),
    MoveLink: lambda writer, step: writer.link_move(step.netns, step.name, step.new, step.new_name or step.name),
    SetLink: lambda writer, step: writer.link_set(step.netns, step.name, step.kind, step.values, step.old),
    SetMaster: lambda writer, step: writer.master_set(step.netns, step.name, step.master),
    SetTuntap: lambda writer, step: writer.tuntap_set(step.netns, step.name, step.values),
    SetPort: lambda writer, step: writer.port_set(step.netns, step.name, step.attribute, step.value),
    AddVlan: lambda writer, step: writer.vlan_add(step.netns, step.name, step.vlan, step.of_bridge),
    DeleteVlan: lambda writer, step: writer.vlan_delete(step.netns, step.name, step.vlan, step.of_bridge),
    SetVlan: lambda writer, step: writer.vlan_set(step.netns, step.name, step.vlan, step.attribute, step.value),
    AddAddress: lambda writer, step: writer.address_add(step.netns, step.name, step.address, step.body),
    DeleteAddress: lambda writer, step: writer.address_delete(step.netns, step.name, step.address),
    AddRoute: lambda writer, step: writer.route_add(step.netns, step.route, step.body),
    ReplaceRoute: lambda writer, step: writer.route_replace(step.netns, step.route),
    DeleteRoute: lambda writer, step: writer.route_delete(step.netns, step.route, step.body),
    AddEntry: lambda writer, step: writer.entry_add(step.netns, step.name, step.kind, LISTS[step.option], step.entry),
    DeleteEntry: lambda writer, step: writer.entry_delete(step.netns, step.name, step.kind, LISTS[step.option], step.entry),
}


def run(writer: Writer, step: Step) -> None:
    """Runs one step. KernelError if the kernel refuses it."""
    _RUN[type(step)](writer, step)
