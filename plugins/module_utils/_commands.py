# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The iproute2 commands that would do the same as the steps (ip-link(8), bridge(8), ip-netns(8), ip-route(8))."""

from __future__ import annotations

import shlex
from functools import lru_cache
from typing import Any, Callable, Dict, List

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Route, Step, Values, Vlan

_quoted = lru_cache(maxsize=None)(shlex.quote)


def commands(steps: List[Step]) -> List[str]:
    """The lines for each step; what iproute2 cannot do is a comment."""
    return [line for step in steps for line in _COMMANDS[step.act](step).splitlines()]


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
        row = table.OF_KIND["veth"][name]
        words += ["up" if value else "down"] if name == "up" else [row.keyword, row.kind.word(value)]
    return words


def _netns_add(step: Step) -> str:
    lines = [_shell(["rm", "/run/netns/" + step.name])] if step.old else []
    lines.append(_line("", "ip", "netns", "add", step.name))
    if step.new:
        lines.append(_line(step.name, "ip", "link", "set", "dev", "lo", *_settings(step.new)))
    return "\n".join(lines)


def _link_add(step: Step) -> str:
    new = step.new
    if new["kind"] == "tun":
        return _tuntap(step)
    if new["kind"] == "bridge":
        return _line(step.netns, "ip", "link", "add", "name", step.name, *_settings(new["values"]), "type", "bridge")
    join = "\n" + _line(step.netns, "ip", "link", "set", "dev", step.name, "master", new["master"]) if "master" in new else ""
    netns, name = new["peer"]
    near, peer = ["name", step.name, *_settings(new["values"])], ["peer", "name", name, *_settings(new["peer_values"])]
    home = step.netns
    if not netns and home:  # the namespace of the module has no name, so it must be where the command runs
        near, home = [*near, "netns", home], ""
    elif netns != home:
        peer += ["netns", netns]
    return _line(home, "ip", "link", "add", *near, "type", "veth", *peer) + join


def _tuntap(step: Step) -> str:
    values = step.new["values"]
    words = ["ip", "tuntap", "add", "dev", step.name, "mode", values["mode"]]
    for name in ("owner", "group"):
        if values.get(name):
            words += ["user" if name == "owner" else name, values[name]]
    words += [word for name, word in (("multi_queue", "multi_queue"), ("packet_info", "pi"), ("vnet_hdr", "vnet_hdr")) if values.get(name)]
    alias = "\n" + _line(step.netns, "ip", "link", "set", "dev", step.name, "alias", step.new["alias"]) if step.new.get("alias") else ""
    return _line(step.netns, *words) + alias


def _link_set(step: Step) -> str:
    name, value = next(iter(step.new.items()))
    change = ["link", "set", "dev", step.name]
    if name == "master":
        return _line(step.netns, "ip", *change, *(["master", value] if value else ["nomaster"]))
    row = table.OF_KIND["bridge"][name]
    if row.place in ("link", "flag"):
        return _line(step.netns, "ip", *change, *_settings(step.new))
    if row.place == "sysctl":
        return _exec(step.netns, "sysctl", "-w", "net/ipv6/conf/%s/%s=%d" % (step.name, name, value))
    if row.place == "data":
        change += ["type", "bridge"]
    return _line(step.netns, "ip", *change, row.keyword, row.kind.word(value))


def _port_set(step: Step) -> str:
    name, value = step.pair
    row = table.OF_PORT[name]
    if row.word == "-":
        return "# %s %s of port %s: iproute2 cannot set it" % (name, value, step.name)
    if name == "backup_port" and not value:
        return _line(step.netns, "bridge", "link", "set", "dev", step.name, "nobackup_port")
    if row.word.startswith("type "):
        return _line(step.netns, "ip", "link", "set", "dev", step.name, *row.word.split(), row.kind.word(value))
    return _line(step.netns, "bridge", "link", "set", "dev", step.name, row.keyword, row.kind.word(value))


def _vlan(verb: str, step: Step) -> str:
    vlan: Vlan
    vlan, of_bridge = step.new if verb == "add" else step.old
    vid = str(vlan.first) if vlan.first == vlan.last else "%d-%d" % (vlan.first, vlan.last)
    words = ["vlan", verb, "dev", step.name, "vid", vid]
    if verb == "add":
        words += [word for word, on in (("pvid", vlan.pvid), ("untagged", vlan.untagged)) if on]
    return _line(step.netns, "bridge", *words, *(["self"] if of_bridge else []))


def _address(verb: str, step: Step) -> str:
    address = step.new if verb == "replace" else step.old
    words = str(address._replace(nodad=address.nodad and verb == "replace")).split()
    return _line(step.netns, "ip", "address", verb, *words, "dev", step.name)


def _route(verb: str, step: Step) -> str:
    route: Route = step.old if verb == "delete" else step.new
    words = ["-6"] if route.ipv6 else []
    words += ["route", verb]
    words += [route.type] if route.type != "unicast" else []
    words += [route.to]
    for keyword in ("via", "dev", "src", "scope"):
        if getattr(route, keyword) and not (keyword == "scope" and route.ipv6):
            words += [keyword, getattr(route, keyword)]
    words += ["metric", str(route.metric)] if route.metric else []
    words += ["table", str(route.table)] if route.table != 254 else []
    words += ["onlink"] if route.onlink else []
    return _line(step.netns, "ip", *words, *(["proto", "static"] if verb != "delete" else []))


_COMMANDS: Dict[str, Callable[[Step], str]] = {
    "netns add": _netns_add,
    "netns delete": lambda step: _line("", "ip", "netns", "delete", step.name),
    "nsid set": lambda step: _line("", "ip", "netns", "set", step.name, step.new),
    "sysctl set": lambda step: _exec(step.netns, "sysctl", "-w", "%s=%s" % (step.name, step.new)),
    "link add": _link_add,
    "link set": _link_set,
    "link rename": lambda step: _line(step.netns, "ip", "link", "set", "dev", step.name, "name", step.new),
    "link move": lambda step: _line(step.netns, "ip", "link", "set", "dev", step.name, "netns", step.new or "1"),
    "link delete": lambda step: _line(step.netns, "ip", "link", "delete", "dev", step.name),
    "tuntap set": lambda step: "# owner and group of %s: iproute2 can only set them on a new device" % step.name,
    "port set": _port_set,
    "vlan add": lambda step: _vlan("add", step),
    "vlan delete": lambda step: _vlan("delete", step),
    "address add": lambda step: _address("replace", step),
    "address delete": lambda step: _address("delete", step),
    "route add": lambda step: _route("add", step),
    "route replace": lambda step: _route("replace", step),
    "route delete": lambda step: _route("delete", step),
}
