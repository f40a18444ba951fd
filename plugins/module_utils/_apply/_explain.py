# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Error messages for steps that failed: what the step is about, and what to do."""

from __future__ import annotations

import errno
from typing import Any, Callable, Dict, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._entries import LISTS
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Message, VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Layout
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
    link_of,
)

_NO_NEXT_HOP = "no network of the link has the gateway; add an address with that network, or set onlink: true"
_SAME_ROUTE = "another route has this destination, table and metric; use another metric"
_OUT_OF_RANGE = "the value is out of the kernel's range, or not possible in the current state"
_HINTS: Dict[Tuple[type, int], str] = {
    (AddRoute, errno.ENETUNREACH): _NO_NEXT_HOP,
    (AddRoute, errno.EHOSTUNREACH): _NO_NEXT_HOP,
    (ReplaceRoute, errno.ENETUNREACH): _NO_NEXT_HOP,
    (AddRoute, errno.EEXIST): _SAME_ROUTE,
    (AddAddress, errno.EINVAL): "with an MTU below 1280, that of a bridge being the lowest of its ports, a link has no IPv6",
    (SetPort, errno.ENETDOWN): "the port is down or has no carrier",
    (SetNsid, errno.EEXIST): "another namespace has this id; use another",
    (SetTuntap, errno.EBUSY): "a program holds the device; end the program first",
    (CreateLink, errno.EBUSY): "the parent is a port of a bridge or bond, or has links of another kind on top that take all of its frames",
    (SetMaster, errno.EBUSY): "the link is on top of it, or has links on top that take all of its frames, such as macvlan links",
    (SetLink, errno.EINVAL): _OUT_OF_RANGE,
    (SetMaster, errno.EINVAL): _OUT_OF_RANGE,
    (SetPort, errno.EINVAL): _OUT_OF_RANGE,
}
_SAID = {"bit name not found": "ethtool -k shows the features that the link has"}
"""The same for words of the kernel."""
_UNSUPPORTED = (errno.EOPNOTSUPP, errno.EAFNOSUPPORT, errno.ENOENT)


def hint(layout: Layout, step: Step, error: KernelError) -> str:
    """What to do, as the end of a sentence."""
    for words, advice in _SAID.items():
        if words in error.text:
            return "; " + advice
    if error.errno in _UNSUPPORTED and _needs(step):
        return "; it needs %s in the kernel" % _needs(step)
    found = _HINTS.get((type(step), error.errno))
    if isinstance(step, AddAddress) and not step.address.ipv6:
        found = None
    if isinstance(step, (AddRoute, ReplaceRoute)) and error.errno == errno.EINVAL and step.route.src:
        found = "src must be an address of this namespace, and %s may be none" % step.route.src
    if found == _NO_NEXT_HOP:
        found += _single_address(layout, step)
    return "; " + found if found else ""


def _single_address(layout: Layout, step: Step) -> str:
    """A note on an address without prefix length, which reaches no gateway."""
    links = (link for link in layout.links if link.id == link_of(step))
    single = [address for link in links for address in link.addresses or () if address.prefix == (128 if address.ipv6 else 32) and not address.peer]
    return " (without a prefix length such as /24, %s is a single address)" % single[0].local if single else ""


_NEEDS: Dict[type, Callable[[Any], str]] = {
    CreateNamespace: lambda _step: "CONFIG_NET_NS",
    CreateLink: lambda step: _kinds.kind_of(step.kind).config,
    SetLink: lambda step: next(filter(None, (_needs_of(_kinds.rows_of(step.kind)[name], value) for name, value in step.values.items())), ""),
    SetPort: lambda step: table.PORT_ROWS[step.attribute].needs,
    AddVlan: lambda _step: table.VLANS,
    DeleteVlan: lambda _step: table.VLANS,
    SetVlan: lambda step: table.VLAN_ROWS[step.attribute].needs,
    AddAddress: lambda step: table.IPV6 if step.address.ipv6 else "",
    DeleteAddress: lambda step: table.IPV6 if step.address.ipv6 else "",
    AddRoute: lambda step: table.IPV6 if step.route.ipv6 else "",
    ReplaceRoute: lambda step: table.IPV6 if step.route.ipv6 else "",
    DeleteRoute: lambda step: table.IPV6 if step.route.ipv6 else "",
    AddEntry: lambda step: LISTS[step.option].needs,
    DeleteEntry: lambda step: LISTS[step.option].needs,
}


def _needs_of(row: table.Attribute, value: Any) -> str:
    return row.type.needs(value) or row.needs


def _needs(step: Step) -> str:
    """The kernel option that the step needs."""
    needs = _NEEDS.get(type(step))
    return needs(step) if needs else ""


def not_applied(layout: Layout, step: Step) -> VnetError:
    """The error for a step that the kernel accepted but did not carry out."""
    held: Any = None
    if isinstance(step, SetLink):
        held = (step.old or {}).get(next(iter(step.values)))
    elif isinstance(step, (SetMaster, SetPort, SetVlan, SetSysctl)):
        held = step.old
    about = subject(layout, step)
    text = "%s: the kernel accepted it without an error but did not carry it out" % about.text
    text += "" if held is None else " (the value is %s)" % _shown(held)
    return VnetError(about.path, text + ("; a kernel without %s ignores it" % _needs(step) if _needs(step) else ""))


def subject(layout: Layout, step: Step) -> Message:
    """What a step is about, for error messages."""
    netns, name = link_of(step)
    paths = [link.path for link in layout.links if link.id == (netns, name)]
    paths += [namespace.path for namespace in layout.namespaces if (namespace.name, "lo") == (netns, name)]
    words = _about(step)
    if paths:
        return Message(paths[0], words)
    what = netns if name == "lo" else name
    return Message((), "%s: %s" % (what, words) if what else words)


COMMAND_NAMES: Dict[type, str] = {
    CreateNamespace: "netns add",
    AttachNamespace: "netns attach",
    SetFile: "files",
    DeleteNamespace: "netns delete",
    DeleteNamespaces: "netns delete",
    SetNsid: "netns set",
    SetSysctl: "sysctl",
    CreateLink: "link add",
    DeleteLink: "link delete",
    DeleteLinks: "link delete",
    AwaitLinks: "link delete",
    RenameLink: "link set name",
    MoveLink: "link set netns",
    SetLink: "link set",
    SetMaster: "link set master",
    SetTuntap: "tuntap set",
    SetPort: "bridge link set",
    AddVlan: "vlan add",
    DeleteVlan: "vlan delete",
    SetVlan: "vlan set",
    AddAddress: "address add",
    DeleteAddress: "address delete",
    AddRoute: "route add",
    ReplaceRoute: "route replace",
    DeleteRoute: "route delete",
    AddEntry: "add",
    DeleteEntry: "delete",
}
"""The words of ip(8) and bridge(8) for each step."""


def _shown(value: Any) -> str:
    """A value as it is written in options."""
    if isinstance(value, dict):
        return ", ".join("%s: %s" % (name, _shown(entry)) for name, entry in value.items() if entry is not None)
    return str(value).lower() if isinstance(value, bool) else str(value) or "''"


def _entry(step: AddEntry | DeleteEntry) -> str:
    said = LISTS[step.option].said(step.entry)
    return "%s: %s" % (step.option, ", ".join("%s: %s" % (name, _shown(value)) for name, value in said.items()))


_DETAILS: Dict[type, Callable[[Any], str]] = {
    DeleteNamespaces: lambda step: ", ".join(step.names),
    SetNsid: lambda step: str(step.nsid),
    AttachNamespace: lambda step: step.path,
    SetFile: lambda step: step.file,
    SetSysctl: lambda step: "%s=%s" % (step.key, step.value),
    CreateLink: lambda step: "master %s" % step.master if step.master else "",
    DeleteLinks: lambda step: ", ".join(step.names),
    RenameLink: lambda step: step.new,
    MoveLink: lambda step: " ".join(filter(None, (step.new or "''", step.new_name))),
    SetLink: lambda step: ", ".join("%s: %s" % (name, _shown(value)) for name, value in step.values.items()),
    SetMaster: lambda step: step.master or "''",
    SetPort: lambda step: "%s: %s" % (step.attribute, _shown(step.value)),
    AddVlan: lambda step: str(step.vlan.options()["vid"]),
    DeleteVlan: lambda step: str(step.vlan.options()["vid"]),
    SetVlan: lambda step: "vid %d %s: %s" % (step.vlan.first, step.attribute, _shown(step.value)),
    AddAddress: lambda step: str(step.address),
    DeleteAddress: lambda step: str(step.address),
    AddRoute: lambda step: step.route.to,
    ReplaceRoute: lambda step: step.route.to,
    DeleteRoute: lambda step: step.route.to,
    AddEntry: _entry,
    DeleteEntry: _entry,
}


def _about(step: Step) -> str:
    detail = _DETAILS.get(type(step))
    words = COMMAND_NAMES[type(step)]
    if isinstance(step, SetPort) and table.PORT_ROWS[step.attribute].location == "port_data":
        words = "link set"
    return " ".join(filter(None, (words, detail(step) if detail else "")))
