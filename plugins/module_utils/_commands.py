# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of iproute2 that are equivalent to the steps (ip-link(8), bridge(8), ip-netns(8), ip-route(8))."""

from __future__ import annotations

import re
import shlex
from functools import lru_cache
from typing import Any, Callable, Dict, List

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._bodies import address_words, route_words
from ansible_collections.nfv.vnet.plugins.module_utils._entries import LISTS
from ansible_collections.nfv.vnet.plugins.module_utils._qdiscs import needs_new, without_fixed
from ansible_collections.nfv.vnet.plugins.module_utils._resources import MAIN_TABLE, Values
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
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
    SetNsid,
    SetPort,
    SetSysctl,
    SetTuntap,
    SetVlan,
    Step,
)

_ROWS = _kinds.rows_of(_kinds.ANY)
_NEXT = "\0"
"""Between the commands of one step: no word can have it."""
_TEMPORARY = "vnetnew"
"""The name of a link until it is in its namespace."""
_HERE = "$$"
"""The process id of the shell that runs the commands: ip(8) takes one for the namespace that it is in."""


@lru_cache(maxsize=None)
def _quoted(word: str) -> str:
    return word if word == _HERE else shlex.quote(word)


def commands(steps: List[Step]) -> List[str]:
    """The command lines for the steps. What iproute2 cannot do is a comment."""
    return [line for step in steps for line in _COMMANDS[type(step)](step).split(_NEXT)]


def _shell(words: List[str]) -> str:
    return " ".join(map(_quoted, words))


def _line(netns: str, tool: str, *words: Any) -> str:
    text = [str(word) for word in words]
    if "/" in netns:
        return _shell(["nsenter", "--net=%s" % netns, tool] + text)
    return _shell([tool] + (["-n", netns] if netns else []) + text)


def _exec(netns: str, *words: str) -> str:
    if "/" in netns:
        return _shell(["nsenter", "--net=%s" % netns, *words])
    return _shell((["ip", "netns", "exec", netns] if netns else []) + list(words))


def _settings(values: Values) -> List[str]:
    words = []
    for name, value in values.items():
        row = _ROWS[name]
        words += ["up" if value else "down"] if name == "up" else row.words(value)
    return words


def _create_namespace(step: CreateNamespace) -> str:
    lines = [_shell(["rm", "/run/netns/" + step.name])] if step.replaces else []
    lines.append(_line("", "ip", "netns", "add", step.name))
    if step.loopback:
        lines.append(_line(step.name, "ip", "link", "set", "dev", "lo", *_settings(step.loopback)))
    return _NEXT.join(lines)


def _attach_namespace(step: AttachNamespace) -> str:
    lines = [_shell(["rm", "/run/netns/" + step.name])] if step.replaces else []
    process = re.fullmatch("/proc/([0-9]+)/ns/net", step.path)
    if process:
        return _NEXT.join([*lines, _line("", "ip", "netns", "attach", step.name, process[1])])
    place = "/run/netns/" + step.name
    return _NEXT.join([*lines, _shell(["touch", place]), _shell(["mount", "--bind", step.path, place])])


def _set_file(step: SetFile) -> str:
    folder = "/etc/netns/" + step.name
    if step.content is None:
        return _shell(["rm", "%s/%s" % (folder, step.file)])
    return _shell(["mkdir", "-p", folder]) + _NEXT + "%s > %s" % (_shell(["printf", "%s", step.content]), _quoted("%s/%s" % (folder, step.file)))


def _create_link(step: CreateLink) -> str:
    if _kinds.kind_of(step.kind).is_attachable:
        return _tuntap(step)
    rows = _kinds.rows_of(step.kind)
    own = _kinds.own_rows_of(step.kind)
    data = [word for name, value in step.values.items() if rows[name].location == "data" for word in rows[name].words(value)]
    near = ["name", step.name, *_settings({name: value for name, value in step.values.items() if name not in own})]
    if _kinds.kind_of(step.kind).encapsulates:
        home, dev = step.parent or (step.netns, "")
        data += ["dev", dev] if dev else []
        near[1] = step.name if home == step.netns else _TEMPORARY
        line = _line(home, "ip", "link", "add", *near, "type", _kinds.kernel_word(step.kind, step.values), *data)
        move = ["ip", "link", "set", "dev", _TEMPORARY, "netns", step.netns or _HERE, "name", step.name]
        return line if home == step.netns else line + _NEXT + _line(home, *move)
    if step.parent:
        home, parent = step.parent
        elsewhere = [] if home == step.netns else ["netns", step.netns or _HERE]
        return _line(home, "ip", "link", "add", "link", parent, *near, *elsewhere, "type", step.kind, *data)
    if not step.peer:
        return _line(step.netns, "ip", "link", "add", *near, "type", step.kind, *data)
    join = _NEXT + _line(step.netns, "ip", "link", "set", "dev", step.name, "master", step.master) if step.master else ""
    netns, name, values, _index = step.peer
    peer = ["peer", "name", name, *_settings(values)]
    home = step.netns
    if not netns and home:  # the namespace of the module has no name, so the command must run there
        near, home = [*near, "netns", home], ""
    elif netns != home:
        peer += ["netns", netns]
    return _line(home, "ip", "link", "add", *near, "type", step.kind, *peer) + join


def _move_link(step: MoveLink) -> str:
    name = ["name", step.new_name] if step.new_name else []
    return _line(step.netns, "ip", "link", "set", "dev", step.name, "netns", step.new or _HERE, *name)


def _tuntap(step: CreateLink) -> str:
    words = ["ip", "tuntap", "add", "dev", step.name]
    for row in _kinds.rows_of(step.kind).values():
        value = step.values.get(row.name)
        if value:
            words += [row.keyword] if value is True else [row.keyword, value]
    return _line(step.netns, *words)


def _set_link(step: SetLink) -> str:
    name, value = next(iter(step.values.items()))
    change = ["link", "set", "dev", step.name]
    row = _kinds.rows_of(step.kind)[name]
    if row.location in _APART:
        return _APART[row.location](step, row)
    if row.type.syntax == "link" and not value:
        return "# %s '' of %s: iproute2 cannot set it" % (name, step.name)
    if row.location in ("link", "flag"):
        return _line(step.netns, "ip", *change, *_settings(step.values))
    if row.location == "sysctl":
        return _exec(step.netns, "sysctl", "-w", "net/ipv6/conf/%s/%s=%d" % (step.name, name, value))
    if row.location == "data":
        change += ["type", *(step.about or [step.kind])]
    return _line(step.netns, "ip", *change, *row.words(value))


_MIRROR = ["pref", "65535", "matchall"]
"""The filter of a mirror."""


def _qdisc(step: SetLink, row: table.Attribute) -> str:
    value, there = step.values[row.name], (step.old or {}).get(row.name) or {"kind": ""}
    deletion = _line(step.netns, "tc", "qdisc", "delete", "dev", step.name, "root")
    if not value["kind"]:
        return deletion
    same_kind = there["kind"] == value["kind"]
    is_replaced = same_kind and needs_new(value, there)
    value = without_fixed(value) if same_kind and not is_replaced else value
    line = _line(step.netns, "tc", "qdisc", "replace", "dev", step.name, "root", *row.words(value)[1:])
    return deletion + _NEXT + line if is_replaced else line


def _mirror(step: SetLink, row: table.Attribute) -> str:
    value, direction = step.values[row.name], row.name.rpartition("_")[2]
    if not value:
        return _line(step.netns, "tc", "filter", "delete", "dev", step.name, direction, *_MIRROR)
    clsact = _line(step.netns, "tc", "qdisc", "replace", "dev", step.name, "clsact")
    deletion = [_line(step.netns, "tc", "filter", "delete", "dev", step.name, direction, *_MIRROR)] if (step.old or {}).get(row.name) else []
    action = [*_MIRROR, "action", "mirred", "egress", "mirror", "dev", value]
    return _NEXT.join([clsact, *deletion, _line(step.netns, "tc", "filter", "add", "dev", step.name, direction, *action)])


def _features(step: SetLink, row: table.Attribute) -> str:
    return _exec(step.netns, "ethtool", "-K", step.name, *row.words(step.values[row.name])[1:])


_APART: Dict[str, Callable[[SetLink, table.Attribute], str]] = {"qdisc": _qdisc, "mirror": _mirror, "ethtool": _features}
"""The commands for attributes that ip(8) does not set, by C(Attribute.location)."""


def _set_port(step: SetPort) -> str:
    row = table.PORT_ROWS[step.attribute]
    if row.location == "port_data":
        kind = _kinds.master_of_ports_with(step.attribute) + "_slave"
        return _line(step.netns, "ip", "link", "set", "dev", step.name, "type", kind, *row.words(step.value))
    if row.ip_name == "-":
        return "# %s %s of port %s: iproute2 cannot set it" % (step.attribute, step.value, step.name)
    if step.attribute in table.PORT_REFERENCES and not step.value:
        return _line(step.netns, "bridge", "link", "set", "dev", step.name, "no" + row.keyword)
    if row.ip_name.startswith("type "):
        return _line(step.netns, "ip", "link", "set", "dev", step.name, *row.ip_name.split(), row.type.argument(step.value))
    return _line(step.netns, "bridge", "link", "set", "dev", step.name, row.keyword, row.type.argument(step.value))


def _vlan(verb: str, step: AddVlan | DeleteVlan) -> str:
    vlan = step.vlan
    words = ["vlan", verb, "dev", step.name, "vid", str(vlan.options()["vid"])]
    if verb == "add":
        words += [word for word, on in (("pvid", vlan.pvid), ("untagged", vlan.untagged)) if on]
    return _line(step.netns, "bridge", *words, *(["self"] if step.of_bridge else []))


def _set_vlan(step: SetVlan) -> str:
    row = table.VLAN_ROWS[step.attribute]
    vid = ["dev", step.name, "vid", step.vlan.first]
    of_bridge = ["self"] if step.of_bridge else []
    if row.location == "tunnel":
        changes = (("delete", step.vlan.settings.get(step.attribute)), ("add", step.value))
        return _NEXT.join(_line(step.netns, "bridge", "vlan", verb, *vid, "tunnel_info", "id", number, *of_bridge) for verb, number in changes if number)
    return _line(step.netns, "bridge", "vlan", "set", *vid, *row.words(step.value))


def _address(verb: str, step: AddAddress | DeleteAddress) -> str:
    if isinstance(step, AddAddress) and step.body:
        return _line(step.netns, "ip", "address", verb, *address_words(step.body), "dev", step.name)
    words = (str(step.address) if verb == "replace" else step.address.itself).split()
    return _line(step.netns, "ip", "address", verb, *words, "dev", step.name)


def _route(verb: str, step: AddRoute | ReplaceRoute | DeleteRoute) -> str:
    route = step.route
    if isinstance(step, (AddRoute, DeleteRoute)) and step.body:
        verb = "replace" if verb == "add" else verb  # the same route may be there already
        said = route_words(step.body, route.dev)
        family = ["-6"] if route.ipv6 else []
        return _line(step.netns, "ip", *family, "route", verb, *said) if said else "# route %s %s: as it was before" % (verb, route.to)
    words = ["-6"] if route.ipv6 else []
    words += ["route", verb]
    words += [route.type] if route.type != "unicast" else []
    words += [route.to]
    for keyword in ("via", "dev", "src", "scope"):
        if getattr(route, keyword) and not (keyword == "scope" and route.ipv6):
            words += [keyword, getattr(route, keyword)]
    words += ["metric", str(route.metric)] if route.metric else []
    words += ["table", str(route.table)] if route.table != MAIN_TABLE else []
    words += ["onlink"] if route.onlink else []
    if verb == "delete":
        return _line(step.netns, "ip", *words)
    words += ["mtu", str(route.mtu)] if route.mtu else []
    words += ["pref", route.preference] if route.preference not in ("", table.USUAL_PREFERENCE) else []
    words += ["proto", route.protocol or "static"]
    for hop in route.nexthops:
        words += ["nexthop", *(["via", hop.via] if hop.via else []), *(["dev", hop.dev] if hop.dev else []), "weight", str(hop.weight)]
        words += ["onlink"] if hop.onlink else []
    return _line(step.netns, "ip", *words)


def _entry(adding: bool, step: AddEntry | DeleteEntry) -> str:
    tool, *words = LISTS[step.option].words(adding, LISTS[step.option].whole(step.entry), step.kind, step.name)
    return _line(step.netns, tool, *words)


_COMMANDS: Dict[type, Callable[[Any], str]] = {
    CreateNamespace: _create_namespace,
    AttachNamespace: _attach_namespace,
    SetFile: _set_file,
    DeleteNamespace: lambda step: _line("", "ip", "netns", "delete", step.name),
    SetNsid: lambda step: _line("", "ip", "netns", "set", step.name, step.nsid),
    SetSysctl: lambda step: _exec(step.netns, "sysctl", "-w", "%s=%s" % (step.key, step.value)),
    CreateLink: _create_link,
    SetLink: _set_link,
    SetMaster: lambda step: _line(step.netns, "ip", "link", "set", "dev", step.name, *(["master", step.master] if step.master else ["nomaster"])),
    RenameLink: lambda step: _line(step.netns, "ip", "link", "set", "dev", step.name, "name", step.new),
    MoveLink: _move_link,
    DeleteLink: lambda step: _line(step.netns, "ip", "link", "delete", "dev", step.name),
    SetTuntap: lambda step: "# owner and group of %s: iproute2 can only set them on a new device" % step.name,
    SetPort: _set_port,
    AddVlan: lambda step: _vlan("add", step),
    DeleteVlan: lambda step: _vlan("delete", step),
    SetVlan: _set_vlan,
    AddAddress: lambda step: _address("replace", step),
    DeleteAddress: lambda step: _address("delete", step),
    AddRoute: lambda step: _route("add", step),
    ReplaceRoute: lambda step: _route("replace", step),
    DeleteRoute: lambda step: _route("delete", step),
    AddEntry: lambda step: _entry(True, step),
    DeleteEntry: lambda step: _entry(False, step),
}
