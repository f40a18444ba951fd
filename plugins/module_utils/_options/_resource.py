# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns the parameters of one resource into records."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._entries import as_text, lists_of, using_ipv6
from ansible_collections.nfv.vnet.plugins.module_utils._entries._altnames import ALTNAMES
from ansible_collections.nfv.vnet.plugins.module_utils._entries._entry import EntryList
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path, VnetError, quoted, shown
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import LOOPBACK
from ansible_collections.nfv.vnet.plugins.module_utils._options._addresses import addresses_of
from ansible_collections.nfv.vnet.plugins.module_utils._options._checks import check_link_name, check_netns, check_text, is_file_name
from ansible_collections.nfv.vnet.plugins.module_utils._options._modules import KERNEL_KIND_OF
from ansible_collections.nfv.vnet.plugins.module_utils._options._numbers import NUMBER
from ansible_collections.nfv.vnet.plugins.module_utils._options._option import Params
from ansible_collections.nfv.vnet.plugins.module_utils._options._parsers import altname_of, attributes_of, mac_of
from ansible_collections.nfv.vnet.plugins.module_utils._options._ports import check_ports, port_of, vlans_of
from ansible_collections.nfv.vnet.plugins.module_utils._options._routes import routes_of
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Entries, Layout, Link, LinkId, Match, Namespace, Values, sysctl_path

_LONGEST_KEY = 200


def layout(module: str, params: Params, check_mode: bool = False) -> Layout:
    """Returns the layout of a single resource. VnetError if the parameters are wrong."""
    if module == "vnet_netns":
        namespace, links = namespace_of(params, ())
        return Layout([namespace], links, force=bool(params["force"]))
    return Layout([], links_of(KERNEL_KIND_OF[module], params, (), check_mode), force=bool(params["force"]))


def title(module: str, params: Params) -> str:
    """The beginning of error messages: C(vnet_bridge br0 in namespace red)."""
    inside = " in namespace %s" % shown(params["netns"]) if params.get("netns") else ""
    return "%s %s%s" % (module, shown(params["name"]), inside)


def links_of(kind: str, params: Params, path: Path, check_mode: bool) -> List[Link]:
    """The declared link, or both ends of a veth pair."""
    present = params.get("state") != "absent"
    near = _link(kind, params, path, check_mode)
    if not _kinds.kind_of(kind).has_peer or not params["peer"]:
        if _kinds.kind_of(kind).has_peer and present:
            raise VnetError((*path, "peer"), "missing; a veth pair has two ends, set at least peer.name")
        return [near]
    far = _link(kind, params["peer"], (*path, "peer"), check_mode)
    near = near._replace(present=present, recreate=params["recreate"], peer=far.id)
    far = far._replace(present=present, recreate=params["recreate"], peer=near.id, is_peer=True)
    return [near, far] if present else [near]


def _attachment(text: str, path: Path) -> str:
    """The path of an existing namespace, which may be given by a process id."""
    if NUMBER.fullmatch(text) and len(text) <= 10:
        return "/proc/%d/ns/net" % int(text)
    if not text.startswith("/"):
        raise VnetError(path, "%s is neither a process id nor an absolute path such as /proc/1234/ns/net" % quoted(text))
    check_netns(text, path)
    return text


def _files(given: Params, path: Path) -> Dict[str, Optional[str]]:
    files: Dict[str, Optional[str]] = {}
    for name, content in given.items():
        if not isinstance(name, str) or not is_file_name(name):
            raise VnetError(path, "%s is not the name of a file: no '/', no white space, not '.' or '..'" % quoted(str(name)))
        if content is not None and not isinstance(content, str):
            raise VnetError((*path, name), "the content is not a text")
        check_text(content or "", (*path, name))
        files[name] = content
    return files


def namespace_of(params: Params, path: Path) -> Tuple[Namespace, List[Link]]:
    """A namespace and its C(lo)."""
    name = params["name"]
    if not is_file_name(name):
        raise VnetError((*path, "name"), "%s is not the name of a namespace: no '/', no white space, not '.' or '..'" % quoted(name))
    present = params.get("state") != "absent"
    routes = routes_of(params["routes"], path)
    if params["nsid"] is not None and not 0 <= params["nsid"] < 2**31:
        raise VnetError((*path, "nsid"), "%d is out of range (0 to 2147483647)" % params["nsid"])
    namespace = Namespace(
        name,
        path,
        present,
        params["nsid"],
        sysctls(params["sysctl"], path),
        routes,
        params["purge_routes"],
        _attachment(params["attach"], (*path, "attach")) if params["attach"] and present else "",
        None if params["files"] is None else _files(params["files"], (*path, "files")),
    )
    loopback = Link(
        LOOPBACK,
        name,
        "lo",
        path,
        {"up": params["loopback"]},
        addresses=addresses_of(params["addresses"], path, "lo"),
        purge_addresses=params["purge_addresses"],
        entries=_lists(LOOPBACK, params, path),
    )
    return namespace, [loopback] if present else []


def home_of(params: Mapping[str, Any]) -> Tuple[Optional[Namespace], List[Link]]:
    """What a layout declares of the namespace that the module runs in, with its C(lo) if the layout must remember what it adds. None if nothing."""
    settings, routes = sysctls(params.get("sysctl"), ()), routes_of(params.get("routes"), ())
    lists = _lists(LOOPBACK, dict(params), ())
    if settings is None and routes is None and not lists:
        return None, []
    loopback = Link(LOOPBACK, "", "lo", (), entries=lists)
    return Namespace("", (), sysctl=settings, routes=routes), [loopback] if lists or routes is not None else []


def _link(kind: str, params: Params, path: Path, check_mode: bool) -> Link:
    """One link. Options that its kind does not have are not in C(params)."""
    check_link_name(params["name"], (*path, "name"))
    check_netns(params["netns"], (*path, "netns"))
    values = attributes_of(_kinds.rows_of(kind), params, path, check_mode)
    master = params.get("master")
    if master:
        check_link_name(master, (*path, "master"))
        if master == params["name"]:
            raise VnetError((*path, "master"), "a link cannot be a port of itself")
    if master == "" and params.get("port"):
        raise VnetError((*path, "port"), "master is '', so the link is not a port; leave port out")
    parent = _parent(kind, params, path)
    ports = None
    if params.get("ports") is not None:
        ports = {port["name"]: port_of(port, (*path, "ports", number)) for number, port in enumerate(params["ports"])}
        check_ports(params["name"], params["ports"], (*path, "ports"))
    link = Link(
        kind,
        params["netns"] or "",
        params["name"],
        path,
        values,
        present=params.get("state") != "absent",
        recreate=bool(params.get("recreate")),
        master=master,
        port=port_of(params["port"], (*path, "port")) if params.get("port") is not None else None,
        addresses=addresses_of(params["addresses"], path, params["name"]),
        purge_addresses=params["purge_addresses"],
        routes=routes_of(params["routes"], path, params["name"]),
        purge_routes=params["purge_routes"],
        ports=ports,
        purge_ports=bool(params.get("purge_ports")),
        vlans=vlans_of(params.get("vlans"), path),
        purge_vlans=bool(params.get("purge_vlans")),
        entries=_lists(kind, params, path),
        parent=parent,
        match=_match(params["match"], params["name"], (*path, "match")) if params.get("match") is not None else None,
        from_netns=_from_netns(kind, params, path),
    )
    for where, what in using_ipv6(link) if values.get("disable_ipv6") else ():
        raise VnetError(where, "disable_ipv6 is true, so the link cannot have %s" % what)
    for number, entry in enumerate(link.entries[ALTNAMES.option].entries if ALTNAMES.option in link.entries else ()):
        if entry["name"] == link.name:
            raise VnetError((*path, ALTNAMES.option, number), "%s is the name of the link" % link.name)
    return link


def _match(params: Params, name: str, path: Path) -> Match:
    given = {name: value for name, value in params.items() if value}
    if not given:
        raise VnetError(path, "empty; set mac, path, altname or name")
    if "lo" in (name, given.get("name")):
        raise VnetError(path, "lo is the loopback link of each namespace, which is neither renamed nor moved; leave match out")
    if "mac" in given:
        given["mac"] = mac_of(given["mac"], (*path, "mac"))
    if "name" in given:
        check_link_name(given["name"], (*path, "name"))
    if "altname" in given:
        altname_of(given["altname"], (*path, "altname"))
    if "path" in given and not is_file_name(given["path"]):
        raise VnetError((*path, "path"), "%s is not the bus and device of a network card, such as pci-0000:00:03.0" % quoted(given["path"]))
    return Match(**given)


def _from_netns(kind: str, params: Params, path: Path) -> Optional[str]:
    """Where an existing link is before it is moved."""
    if kind != _kinds.ANY:
        return None
    check_netns(params["from_netns"], (*path, "from_netns"))
    return "" if params["from_netns"] is None and params["match"] else params["from_netns"]


def _parent(kind: str, params: Params, path: Path) -> Optional[LinkId]:
    """The parent of a link, with the name '' for a namespace that carries its packets. None if it is not given."""
    option = _kinds.kind_of(kind).parent
    name, netns = params.get(option) if option else None, params.get("parent_netns")
    if name is None and netns is not None and _kinds.kind_of(kind).encapsulates:
        check_netns(netns, (*path, "parent_netns"))
        return netns, ""
    if name is None:
        if netns is not None:
            raise VnetError((*path, "parent_netns"), "it is the namespace of %s; set that, too" % option)
        return None
    check_link_name(name, (*path, option))
    check_netns(netns, (*path, "parent_netns"))
    parent = (params["netns"] or "") if netns is None else netns, name
    if parent == (params["netns"] or "", params["name"]):
        raise VnetError((*path, option), "a link cannot be its own parent")
    return parent


def _lists(kind: str, params: Params, path: Path) -> Dict[str, Entries]:
    """The lists of a link that are given (C(_entries))."""
    given = ((entries, params.get(entries.option)) for entries in lists_of(kind))
    return {entries.option: Entries(_entries(entries, value, path), bool(params.get(entries.purge))) for entries, value in given if value is not None}


def _entries(entries: EntryList, given: List[Params], path: Path) -> List[Values]:
    rows = {row.name: row for row in entries.rows}
    found: Dict[str, Values] = {}
    for number, params in enumerate(given):
        place = (*path, entries.option, number)
        entry = attributes_of(rows, params, place)
        missing = next((name for name in entries.required if entry[name] == ""), "")
        complaint = (missing, "missing") if missing else entries.check(entry)
        if complaint:
            raise VnetError((*place, complaint[0]), complaint[1])
        entry = entries.completed(entry)
        if found.setdefault(as_text(entries, entry), entry) != entry:
            raise VnetError(place, "%s is listed twice" % ", ".join(str(entry[name]) for name in entries.key if name in entry))
    return list(found.values())


def sysctls(settings: Optional[Params], path: Path) -> Optional[Dict[str, str]]:
    """Settings by key, with values as the kernel shows them."""
    if settings is None:
        return None
    values = {str(key): _sysctl_value(str(key), value, (*path, "sysctl", str(key))) for key, value in settings.items()}
    files: Dict[str, str] = {}
    for key in values:
        other = files.setdefault(sysctl_path(key), key)
        if other != key:
            raise VnetError((*path, "sysctl", key), "%s is the same setting; give it once" % other)
    return values


def _sysctl_value(key: str, value: Any, path: Path) -> str:
    if len(key) > _LONGEST_KEY:
        raise VnetError(path[:-1], "%s is longer than %d characters" % (shown(key), _LONGEST_KEY))
    parts = sysctl_path(key).split("/")[3:]
    if not key.isprintable() or len(parts) < 2 or parts[0] != "net" or not all(part.strip(".") for part in parts):
        raise VnetError(path[:-1], "%s does not begin with net.; other settings would change the whole host" % shown(key))
    if isinstance(value, bool):
        return str(int(value))
    if not isinstance(value, (str, int)):
        raise VnetError(path, "the value is neither a string nor an integer")
    if isinstance(value, str):
        check_text(value, path)
    elif abs(value) >= 2**64:
        raise VnetError(path, "the value is out of every range")
    words = str(value).split()
    octal = next((word for word in words if re.fullmatch("-?0[0-9]+", word)), None)
    if octal:
        raise VnetError(path, "the kernel reads %s as an octal number; leave the zero in front out" % octal)
    return " ".join(words)
