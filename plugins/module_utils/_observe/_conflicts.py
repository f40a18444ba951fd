# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes of links that the task is not about, where the plan adds one with the same destination, table and metric (EEXIST)."""

from __future__ import annotations

from typing import Dict, List

from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError, shown
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Host, Layout
from ansible_collections.nfv.vnet.plugins.module_utils._steps import AddRoute, DeleteRoute, Plan, ReplaceRoute, link_of


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


def _taken(layout: Layout, step: AddRoute, name: str) -> VnetError:
    paths = [(*link.path, "routes") for link in layout.links if link.id == (step.netns, step.route.dev)]
    paths += [(*namespace.path, "routes") for namespace in layout.namespaces if namespace.name == step.netns]
    how = "declare its routes, too" if layout.name else "remove that route first"
    text = "%s has a route to %s with the same table and metric; use another metric, or %s" % (shown(name), step.route.to, how)
    return VnetError(paths[0] if paths else (), text)
