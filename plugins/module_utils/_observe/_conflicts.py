# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel would refuse because of something that the task is not about: routes of other links, and settings for new links."""

from __future__ import annotations

from typing import Dict, List

from ansible_collections.nfv.vnet.plugins.module_utils._entries import using_ipv6
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError, shown
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Host, Layout, sysctl_path
from ansible_collections.nfv.vnet.plugins.module_utils._steps import AddRoute, CreateLink, DeleteRoute, Plan, ReplaceRoute, SetSysctl, link_of

_KEY = "net.ipv6.conf.default.disable_ipv6"
_DEFAULT = sysctl_path(_KEY)


def refuse_taken_routes(reader: Reader, layout: Layout, before: Host, planned: Plan) -> None:
    """Reads the tables of the new routes, which may be long, so it is only called if there is something to do.

    Links that the plan changes may lose their routes meanwhile, so theirs are left to the kernel.
    """
    new: Dict[str, List[AddRoute]] = {}
    for step in planned.steps:
        if isinstance(step, AddRoute) and not step.body and step.netns in before.namespaces and before.exists(step.netns):
            new.setdefault(step.netns, []).append(step)
    changed = {link_of(step) for step in planned.steps} if new else set()
    going = {(step.netns, step.route.key) for step in planned.steps if isinstance(step, (DeleteRoute, ReplaceRoute))}
    for netns, steps in new.items():
        held = reader.links_of_routes(netns, {step.route.key for step in steps})
        for step in steps:
            for index in held.get(step.route.key, ()):
                found = reader.link(netns, index=index)
                if found and (netns, found.name) not in changed and (netns, step.route.key) not in going:
                    raise _taken(layout, step, found.name)


def refuse_disabled_ipv6(reader: Reader, layout: Layout, before: Host, planned: Plan) -> None:
    """VnetError if a new link gets an IPv6 address or entry where new links have no IPv6 (net.ipv6.conf.default.disable_ipv6)."""
    created = {link_of(step) for step in planned.steps if isinstance(step, CreateLink)}
    created |= {(step.peer.netns, step.peer.name) for step in planned.steps if isinstance(step, CreateLink) and step.peer}
    disabled = {step.netns: step.value != "0" for step in planned.steps if isinstance(step, SetSysctl) and sysctl_path(step.key) == _DEFAULT}
    for link in layout.links:
        new = list(using_ipv6(link)) if link.id in created else []
        if not new or link.values.get("disable_ipv6") is False or not (before.namespaces.get(link.netns) and before.exists(link.netns)):
            continue
        if link.netns not in disabled:
            disabled[link.netns] = reader.sysctl(link.netns, _KEY) not in ("0", None)
        if disabled[link.netns]:
            text = "IPv6 is disabled on new links there (%s), so %s cannot have %s; set disable_ipv6: false"
            raise VnetError(new[0][0], text % (_KEY, link.name, new[0][1]))


def _taken(layout: Layout, step: AddRoute, name: str) -> VnetError:
    paths = [(*link.path, "routes") for link in layout.links if link.id == (step.netns, step.route.dev)]
    paths += [(*namespace.path, "routes") for namespace in layout.namespaces if namespace.name == step.netns]
    how = "declare its routes, too" if layout.name else "remove that route first"
    text = "%s has a route to %s with the same table and metric; use another metric, or %s" % (shown(name), step.route.destination, how)
    return VnetError(paths[0] if paths else (), text)
