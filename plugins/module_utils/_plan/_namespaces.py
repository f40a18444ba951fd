# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network namespaces and what is set inside them."""

from __future__ import annotations

from typing import Dict, List, Optional

from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import LOOPBACK
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import DELETE_NAMESPACE, FINISH, NAMESPACE, NSID, SET, SETTINGS, Draft, planned_link
from ansible_collections.nfv.vnet.plugins.module_utils._resources import (
    STALE,
    FoundNamespace,
    Namespace,
    Route,
    added_routes,
    link_of_sysctl,
    sysctl_path,
)
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    AttachNamespace,
    DeleteNamespace,
    SetFile,
    SetNsid,
    SetSysctl,
)


def plan_namespace(draft: Draft, wanted: Namespace) -> None:
    """Plans whether the namespace exists, its settings, its id and its own routes. Its C(lo) is a link of the layout."""
    found = draft.namespaces_after[wanted.name]
    if not wanted.present:
        for name in wanted.files or ():
            if found.files.get(name) is not None:
                draft.add(DELETE_NAMESPACE, SetFile(wanted.name, name, None, found.files[name]))
        if found.identity or found.occupied_by:
            _check_occupied(wanted, found)
            draft.add(DELETE_NAMESPACE, DeleteNamespace(wanted.name))
            if found.pids:
                pids = ", ".join(map(str, found.pids))
                draft.warn(wanted.path, "it continues to exist without a name, with its links, until these processes end: %s" % pids)
            draft.namespaces_after[wanted.name] = FoundNamespace(None)
        return
    _check_occupied(wanted, found)
    is_new = found.identity is None
    if wanted.attach:
        _attach(draft, wanted, found)
    elif is_new:
        draft.new_namespaces[wanted.name] = found.occupied_by
        found = FoundNamespace((0, 0), routes=[])
        draft.links_after[wanted.name, "lo"] = planned_link(LOOPBACK, wanted.name, "lo", {"up": False})
    files = _files(draft, wanted, found) if wanted.files is not None else found.files
    sysctl = _sysctl(draft, wanted, found, is_new)
    nsid = found.nsid
    if wanted.nsid is not None and wanted.nsid != found.nsid:
        if found.nsid is not None:
            raise VnetError((*wanted.path, "nsid"), "the id is %d already, and the kernel never changes it; leave nsid out" % found.nsid)
        # With a veth pair the kernel assigns an id to a new namespace, so it is set before. An existing namespace keeps its id for ever, so it is set late.
        cabled = any(link.netns == wanted.name and link.peer for link in draft.layout.links)
        draft.add(NSID if is_new or cabled else FINISH, SetNsid(wanted.name, wanted.nsid))
        nsid = wanted.nsid
    routes = found.routes
    if wanted.routes is not None:
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._lists import plan_routes

        there = [route for route in found.routes or [] if not (route.ipv6 and _lo_goes_down(draft, wanted.name))]
        routes = plan_routes(draft, wanted.name, wanted.routes, there, wanted.purge_routes, added=_added_routes(draft, wanted.name))
    draft.namespaces_after[wanted.name] = found._replace(nsid=nsid, sysctl=sysctl, routes=routes, files=files, is_named=True)


def _attach(draft: Draft, wanted: Namespace, found: FoundNamespace) -> None:
    """Plans to give its name to a namespace that exists."""
    path = (*wanted.path, "attach")
    other = draft.namespaces_after.get(wanted.attach)
    if other is None or other.identity is None:
        draft.missing(path, "there is no namespace at %s" % wanted.attach)
        found = draft.namespaces_after[wanted.name] = FoundNamespace((0, 0), routes=[], files=found.files)
        draft.links_after[wanted.name, "lo"] = planned_link(LOOPBACK, wanted.name, "lo", {"up": False})
    elif found.identity != other.identity:
        raise VnetError(path, "the name %s is that of another namespace; remove it first, or use another name" % wanted.name)
    if not (found.is_named and found.identity):
        draft.add(NAMESPACE, AttachNamespace(wanted.name, wanted.attach, found.occupied_by))


def _files(draft: Draft, wanted: Namespace, found: FoundNamespace) -> Dict[str, Optional[str]]:
    """Plans the files in /etc/netns/NAME; returns their contents. Those that the layout has written and that are not wanted any more are removed."""
    lo = draft.host.links.get((wanted.name, "lo"))
    written = lo.ownership if lo and lo.ownership and draft.is_member(lo) else None
    before: Dict[str, Optional[str]] = draft.original((wanted.name, "lo")).get("files", {})
    gone = {**dict.fromkeys(written.files if written else ()), **before}
    contents = {**gone, **(wanted.files or {})}
    for name, content in contents.items():
        if found.files.get(name) != content:
            draft.add(SETTINGS, SetFile(wanted.name, name, content, found.files.get(name)))
    return {**found.files, **contents}


def _added_routes(draft: Draft, netns: str) -> List[Route]:
    """The routes that the layout has added to a namespace which it adopted, and does not declare for a link now."""
    added = added_routes(draft.original((netns, "lo")))
    of_links = {route.key for link in draft.layout.links if link.netns == netns for route in link.routes or ()} if added else set()
    return [route for route in added if route.key not in of_links]


def _lo_goes_down(draft: Draft, netns: str) -> bool:
    """Whether C(lo) goes down, with which the kernel drops the IPv6 routes without a link."""
    wanted, found = draft.wanted.get((netns, "lo")), draft.host.links.get((netns, "lo"))
    return bool(wanted and found and found.values["up"] and wanted.values.get("up") is False)


def _check_occupied(wanted: Namespace, found: FoundNamespace) -> None:
    if found.occupied_by not in STALE:
        raise VnetError(wanted.path, "there is %s at /run/netns/%s, not a namespace; move it away" % (found.occupied_by, wanted.name))


def _is_new_link(draft: Draft, netns: str, name: str) -> bool:
    """Whether the layout creates the link, so that its settings do not exist yet."""
    return bool(name) and (netns, name) in draft.wanted and (netns, name) not in draft.host.links


_RESETTING = ("net/ipv4/ip_forward", "net/ipv4/conf/all/forwarding", "net/ipv6/conf/all/forwarding")
"""Settings that set those of all links: inet_forward_change (net/ipv4/devinet.c), addrconf_fixup_forwarding (net/ipv6/addrconf.c)."""


def _resets(key: str) -> bool:
    return sysctl_path(key).endswith(_RESETTING)


def _family(key: str) -> str:
    """C(ipv4) of C(net.ipv4.ip_forward)."""
    return sysctl_path(key).split("/")[4]


def _sysctl(draft: Draft, wanted: Namespace, found: FoundNamespace, is_new: bool) -> Dict[str, Optional[str]]:
    values = dict(found.sysctl)
    settings = sorted((wanted.sysctl or {}).items(), key=lambda setting: not _resets(setting[0]))
    resets = {_family(key) for key, value in settings if _resets(key) and values.get(key) != value}
    for key, value in settings:
        current = values.get(key)
        link = link_of_sysctl(key)
        if current is None and not is_new and not _is_new_link(draft, wanted.name, link):
            raise VnetError((*wanted.path, "sysctl", key), "this kernel has no such setting in a namespace; look below /proc/sys/net there")
        if current != value or _family(key) in resets:  # setting forwarding resets other settings of its family to their defaults
            draft.add(SET if link else SETTINGS, SetSysctl(wanted.name, key, value, current))
            values[key] = value
    return values
