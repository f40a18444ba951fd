# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a host after a rollback."""

from __future__ import annotations

from typing import List, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._entries import LISTS
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, FoundNamespace, Host, LinkId, Values


def rollback_report(lost: List[str], unrestored: List[LinkId], before: Host, after: Host) -> str:
    """What is not as it was before, as a sentence."""
    if lost:
        return "This cannot be undone: %s" % "; ".join(lost)
    links = set(before.links) | set(after.links)
    changed = sorted({link for link in links if not is_unchanged(before, after, link)} | set(unrestored))
    names = [(name or "routes") + (" in namespace %s" % netns if netns else "") for netns, name in changed]
    names += [
        "namespace %s" % name
        for name, found in sorted(before.namespaces.items())
        if name in after.namespaces and _settings_of(found) != _settings_of(after.namespaces[name])
    ]
    return "The host is not exactly as it was before; check %s" % ", ".join(names) if names else "The host is as it was before"


def _kept(found: FoundLink, option: str, host: Host) -> List[Values]:
    """The entries of a list without those of the kernel."""
    of_kernel = LISTS[option].keys_of_kernel(found, host)
    return [entry for entry in found.entries[option] if LISTS[option].key_of(entry) not in of_kernel]


def _settings_of(found: FoundNamespace) -> Tuple[object, ...]:
    return found.identity, found.is_named, found.sysctl, found.files


def is_unchanged(host_before: Host, host_after: Host, key: LinkId) -> bool:
    """Whether a link is as it was, apart from attributes that change by themselves."""
    before, after = host_before.links.get(key), host_after.links.get(key)
    if not before or not after:
        return before is after
    rows = _kinds.rows_of(before.kind)
    shown = {row.name for row in rows.values() if any(row.is_substituted(found.values, found.status) for found in (before, after))}
    one, other = (
        (
            found.ifindex,
            {name: value for name, value in found.values.items() if name not in shown and not (name in rows and rows[name].when == "up")},
            found.master,
            found.port and table.settings_of_port(found.port.values),
            found.vlans,
            {option: sorted(map(repr, _kept(found, option, host))) for option in found.entries},
        )
        for found, host in ((before, host_before), (after, host_after))
    )
    return one == other
