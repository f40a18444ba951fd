# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the modules, and how they turn into records. The only room that knows their shapes."""

from __future__ import annotations

import re
import socket
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _kinds, _values
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path, VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import KINDS, LOOPBACK, LinkKind, has_peer
from ansible_collections.nfv.vnet.plugins.module_utils._resources import (
    MAIN_TABLE,
    Address,
    AddressKey,
    Layout,
    Link,
    LinkId,
    Namespace,
    Port,
    Route,
    RouteKey,
    Values,
    Vlan,
    sysctl_path,
)

Params = Dict[str, Any]
_NO_LINK_NAME = "%s is not the name of a link: 1 to 15 bytes, no '/', ':', '%%' or white space, not '.', '..', 'all' or 'default'"
_NUMBER = re.compile("[0-9]+")
_HIGHEST_ID = 2**32 - 2


class Option(NamedTuple):
    """An option. Documentation is generated from it (hacking/document.py)."""

    name: str
    type: str
    text: str
    default: Any = None
    choices: Tuple[str, ...] = ()
    required: bool = False
    elements: str = ""
    options: Tuple[Option, ...] = ()
    row: Optional[table.Attribute] = None


def argument_spec(options: Iterable[Option]) -> Dict[str, Dict[str, Any]]:
    """The options as AnsibleModule wants them."""
    spec: Dict[str, Dict[str, Any]] = {}
    for option in options:
        one: Dict[str, Any] = {"type": option.type}
        if option.default is not None:
            one["default"] = option.default
        if option.required:
            one["required"] = True
        if option.choices:
            one["choices"] = list(option.choices)
        if option.elements:
            one["elements"] = option.elements
        if option.options:
            one["options"] = argument_spec(option.options)
        spec[option.name] = one
    return spec


def _of(rows: Iterable[table.Attribute], *without: str) -> Tuple[Option, ...]:
    settable = (row for row in rows if row.when != "read" and row.name not in without)
    return tuple(Option(row.name, row.type.option, row.text, choices=row.type.choices, row=row) for row in settable)


_STATE = Option("state", "str", "Whether it is there at the end of the task.", "present", ("present", "absent"))
_UP = Option("up", "bool", "Whether the link is up. One of the few options with a default: left out, the link is brought up.", True)
_NETNS = Option(
    "netns",
    "str",
    "Network namespace to work in: a name under C(/run/netns), or an absolute path such as C(/proc/1/ns/net)."
    " Left out or V(''), the one that the module runs in. A namespace that is not there is an error.",
)
_PEER_NETNS = _NETNS._replace(
    text="Network namespace of the far end: a name or an absolute path. Left out or V(''), the one that the module runs in, also if the"
    " near end is in another one."
)
_RECREATE = Option(
    "recreate",
    "bool",
    "Whether a new device may take the place of one that cannot be changed as asked. The old one goes away last where both can be there at a time."
    " What the task does not say of it is lost; links that stand on it, such as VLAN links, are created again on the new one.",
    False,
)
_NAME = Option("name", "str", "Name of the link, 1 to 15 bytes without C(/), C(:), C(%) and white space.", required=True)

_VLANS = (
    Option(
        "vlans",
        "list",
        "VLANs. Others stay, unless O(purge_vlans) is true.",
        elements="dict",
        options=(
            Option("vid", "str", "A VLAN, V(1) to V(4094), or a range of them such as V(10-20).", required=True),
            Option("pvid", "bool", "Whether packets that arrive untagged belong to it. Left alone if not given; false on a new VLAN."),
            Option("untagged", "bool", "Whether its packets leave untagged. Left alone if not given; false on a new VLAN."),
        ),
    ),
    Option("purge_vlans", "bool", "Whether VLANs that O(vlans) does not list are taken away. Without O(vlans) it does nothing.", False),
)

_ROUTE_OPTIONS = (
    Option("to", "str", "Destination: a prefix, an address, or V(default), which is of the family of O(routes[].via), or IPv4.", required=True),
    Option("via", "str", "Address of the gateway."),
    Option("metric", "int", "Metric, V(0) to V(4294967295), the lowest wins. Left out, it is the kernel's: 0 for IPv4, 1024 for IPv6."),
    Option("table", "int", "Number of the routing table.", MAIN_TABLE),
    Option("src", "str", "Source address to prefer."),
    Option(
        "scope",
        "str",
        "How far the destination is; IPv4 only. Left out, a new route without a gateway gets V(link), one with a gateway V(global).",
        choices=tuple(table.SCOPES),
    ),
    Option("onlink", "bool", "Whether the gateway is on the link though no address says so."),
)

_LINK = (
    Option(
        "addresses",
        "list",
        "Addresses, each as C(LOCAL[/PREFIX] [peer REMOTE[/PREFIX]] [nodad]). Without a prefix it is a single address."
        " C(nodad) takes an IPv6 address into use without looking for a duplicate. Others stay, unless O(purge_addresses) is true.",
        elements="str",
    ),
    Option(
        "purge_addresses",
        "bool",
        "Whether addresses that O(addresses) does not list are taken away. Those of DHCP and router advertisements and"
        " link-local ones always stay. Without O(addresses) it does nothing.",
        False,
    ),
    Option("routes", "list", "Routes through this link. Others stay, unless O(purge_routes) is true.", elements="dict", options=_ROUTE_OPTIONS),
    Option(
        "purge_routes",
        "bool",
        "Whether routes through this link that O(routes) does not list are taken away, in the main table and in those that"
        " O(routes) names. Those of the kernel, DHCP and router advertisements always stay. Without O(routes) it does nothing.",
        False,
    ),
)

_PORT = Option("port", "dict", "Settings of the bridge port that the link is.", options=_of(table.PORT) + _VLANS)
_MASTER = Option("master", "str", "Bridge in the same namespace that the link is a port of; V('') for none.")

_NETNS_OPTIONS = (
    Option("name", "str", "Name of the namespace, as under C(/run/netns).", required=True),
    _STATE,
    Option("loopback", "bool", "Whether its C(lo) is up. One of the few options with a default: left out, it is brought up.", True),
    Option("sysctl", "dict", "Kernel settings inside the namespace: keys that begin with C(net.), with their values."),
    Option("nsid", "int", "Number by which the namespace of the module knows this one. The kernel never changes it."),
    _LINK[0]._replace(text=_LINK[0].text.replace("Addresses,", "Addresses of its C(lo),", 1)),
    _LINK[1],
    Option(
        "routes",
        "list",
        "Routes of the namespace. Others stay, unless O(purge_routes) is true.",
        elements="dict",
        options=_ROUTE_OPTIONS
        + (
            Option("dev", "str", "Link that the route goes through. Left out, the kernel takes the one that reaches O(routes[].via)."),
            Option("type", "str", "What happens to the packets.", "unicast", tuple(table.ROUTE_TYPES)),
        ),
    ),
    Option(
        "purge_routes",
        "bool",
        "Whether routes without a link (V(blackhole) and the like) that O(routes) does not list are taken away, in the main table and in"
        " those that O(routes) names. A route that goes through a link, such as a default route by a gateway, is purged with that link's module."
        " Without O(routes) it does nothing.",
        False,
    ),
)

_PORTS = (
    Option(
        "ports",
        "list",
        "Links of the same namespace that are ports of the bridge. They must be there. Others stay, unless O(purge_ports) is true.",
        elements="dict",
        options=(_NAME._replace(text="Name of the link."),) + _of(table.PORT) + _VLANS,
    ),
    Option("purge_ports", "bool", "Whether ports that O(ports) does not list leave the bridge. Without O(ports) it does nothing.", False),
    _VLANS[0]._replace(text="VLANs of the bridge itself. Others stay, unless O(purge_vlans) is true."),
    _VLANS[1],
)


def _parent_of(kind: LinkKind) -> Tuple[Option, ...]:
    """What is said of the link that one stands on."""
    needed = "Needed to create the link. " if kind.parent in kind.required else ""
    return (
        Option(kind.parent, "str", "Link that it stands on. %sOnly a new link can have another one, see O(recreate)." % needed),
        Option(
            "parent_netns",
            "str",
            "Namespace of O(%s): a name or an absolute path. Left out, the one that the link is in; V('') is the one that the module runs in." % kind.parent,
        ),
    )


def _end_of(kind: LinkKind) -> Tuple[Option, ...]:
    """What is said of one link, or of each end of a cable."""
    return (
        (_parent_of(kind) if kind.parent else ())
        + _of(kind.rows)
        + _of(_kinds.common_rows(kind), "up")
        + (_PORTS if kind.is_bridge else ())
        + (() if kind.is_bridge else (_MASTER, _PORT))
        + _LINK
    )


def _options_of(kind: LinkKind) -> Tuple[Option, ...]:
    peer = Option("peer", "dict", "The far end of the cable. Needed if O(state=present).", options=(_NAME, _PEER_NETNS, _UP) + _end_of(kind))
    return (_NAME, _NETNS, _STATE, _UP, _RECREATE) + _end_of(kind) + ((peer,) if kind.has_peer else ())


LINK_OPTIONS = (_NAME, _NETNS, _UP) + _of((row for row in table.LINK if row.when != "create"), "up") + (_MASTER, _PORT) + _LINK
"""The options of a link that is there already, of whatever kind."""

OPTIONS: Dict[str, Tuple[Option, ...]] = {"vnet_netns": _NETNS_OPTIONS, **{"vnet_" + kind.type: _options_of(kind) for kind in KINDS}}
"""The options of each module."""
KIND_OF = {"vnet_" + kind.type: kind for kind in KINDS}
"""The kind of link that each module manages."""
OF_TASK = ("state",)
"""The options that say what the task does; an item of a layout has all others."""


def layout(module: str, params: Params, checking: bool = False) -> Layout:
    """The layout of one that the parameters of a module describe. VnetError for what they cannot mean."""
    if module == "vnet_netns":
        namespace, links = namespace_of(params, ())
        return Layout([namespace], links)
    return Layout([], links_of(KIND_OF[module].kernel, params, (), checking))


def title(module: str, params: Params) -> str:
    """What a task is about, for the beginning of its errors: C(vnet_bridge br0 in namespace red)."""
    inside = " in namespace %s" % shown(params["netns"]) if params.get("netns") else ""
    return "%s %s%s" % (module, shown(params["name"]), inside)


def links_of(kind: str, params: Params, path: Path, checking: bool) -> List[Link]:
    """The link, or both ends of the cable, that the parameters of one resource describe."""
    present = params.get("state") != "absent"
    near = _link(kind, params, path, checking)
    if not has_peer(kind) or not params["peer"]:
        if has_peer(kind) and present:
            raise VnetError((*path, "peer"), "missing; a cable has two ends, give at least peer.name")
        return [near]
    far = _link(kind, params["peer"], (*path, "peer"), checking)
    near = near._replace(present=present, recreate=params["recreate"], peer=far.id)
    far = far._replace(present=present, recreate=params["recreate"], peer=near.id, is_peer=True)
    return [near, far] if present else [near]


def namespace_of(params: Params, path: Path) -> Tuple[Namespace, List[Link]]:
    """A namespace and its lo."""
    name = params["name"]
    if not _is_file_name(name):
        raise VnetError((*path, "name"), "%s is not the name of a namespace: no '/', no white space, not '.' or '..'" % ascii(name))
    present = params.get("state") != "absent"
    routes = _routes(params["routes"], path)
    if params["nsid"] is not None and not 0 <= params["nsid"] < 2**31:
        raise VnetError((*path, "nsid"), "%d is out of range (0 to 2147483647)" % params["nsid"])
    namespace = Namespace(name, path, present, params["nsid"], sysctls(params["sysctl"], path), routes, params["purge_routes"])
    loopback = Link(
        LOOPBACK,
        name,
        "lo",
        path,
        {"up": params["loopback"]},
        addresses=_addresses(params["addresses"], path),
        purge_addresses=params["purge_addresses"],
    )
    return namespace, [loopback] if present else []


def _link(kind: str, params: Params, path: Path, checking: bool) -> Link:
    """One link. Options that a kind of link does not have are not in its parameters."""
    _check_link_name(params["name"], (*path, "name"))
    _check_netns(params["netns"], (*path, "netns"))
    values = _attributes_of(_kinds.OF_KIND[kind], params, path, checking)
    master = params.get("master")
    if master:
        _check_link_name(master, (*path, "master"))
    if master == "" and params.get("port"):
        raise VnetError((*path, "port"), "the link is to have no master, so it is no port; leave port out")
    parent = _parent(_kinds.parent_of(kind), params, path)
    ports = None
    if params.get("ports") is not None:
        ports = {port["name"]: _port(port, (*path, "ports", number)) for number, port in enumerate(params["ports"])}
        _check_ports(params["name"], params["ports"], (*path, "ports"))
    link = Link(
        kind,
        params["netns"] or "",
        params["name"],
        path,
        values,
        present=params.get("state") != "absent",
        recreate=bool(params.get("recreate")),
        master=master,
        port=_port(params["port"], (*path, "port")) if params.get("port") is not None else None,
        addresses=_addresses(params["addresses"], path),
        purge_addresses=params["purge_addresses"],
        routes=_routes(params["routes"], path, params["name"]),
        purge_routes=params["purge_routes"],
        ports=ports,
        purge_ports=bool(params.get("purge_ports")),
        vlans=_vlans(params.get("vlans"), path),
        purge_vlans=bool(params.get("purge_vlans")),
        parent=parent,
    )
    if values.get("disable_ipv6") and any(address.ipv6 for address in link.addresses or []):
        raise VnetError((*path, "addresses"), "disable_ipv6 is true, so there can be no IPv6 address")
    return link


def _parent(option: str, params: Params, path: Path) -> Optional[LinkId]:
    """The link that one stands on, None where nothing is said of it."""
    name, netns = params.get(option) if option else None, params.get("parent_netns")
    if name is None:
        if netns is not None:
            raise VnetError((*path, "parent_netns"), "it says where %s is; give that, too" % option)
        return None
    _check_link_name(name, (*path, option))
    _check_netns(netns, (*path, "parent_netns"))
    parent = (params["netns"] or "") if netns is None else netns, name
    if parent == (params["netns"] or "", params["name"]):
        raise VnetError((*path, option), "a link cannot stand on itself")
    return parent


# Values


def _attributes_of(rows: Dict[str, table.Attribute], params: Params, path: Path, checking: bool = False) -> Values:
    given = ((rows[name], value) for name, value in params.items() if value is not None and name in rows)
    return {row.name: _value(row, value, (*path, row.name), checking) for row, value in given}


def _value(row: table.Attribute, value: Any, path: Path, checking: bool) -> Any:
    """The value in the spelling of the kernel."""
    if row.type is _values.MAC:
        value = _mac(value, path)
    if row.type is _values.LINK_INDEX and value:
        _check_link_name(value, path)
    if row.type is _values.QOS_MAP:
        value = _mapping(value, path)
    if row.type in _values.ACCOUNTS and value:
        value = _account(row, value, path, checking)
    size = len(value.encode()) if row.type is _values.TEXT else value
    if row.low is not None and row.high is not None and not row.low <= size <= row.high:
        unit = " bytes" if row.type is _values.TEXT else (" " + row.type.unit if row.type.unit else "")
        raise VnetError(path, "%g is out of range (%g to %s%s)" % (size, row.low, _plain(row.high), unit))
    complaint = row.check(value)
    if complaint:
        raise VnetError(path, complaint)
    return value


def _plain(number: float) -> str:
    return "%d" % number if number == int(number) else "%g" % number


def _mac(text: str, path: Path) -> str:
    mac = text.lower().replace("-", ":")
    if not re.fullmatch("([0-9a-f]{2}:){5}[0-9a-f]{2}", mac):
        raise VnetError(path, "%r is no MAC address; write it as 02:00:00:00:00:01" % text)
    return mac


def _mapping(given: Params, path: Path) -> Dict[str, int]:
    """Numbers to numbers, without those that are mapped to 0."""
    pairs: Dict[str, int] = {}
    for key, value in given.items():
        for number in (key, value):
            if isinstance(number, bool) or not _NUMBER.fullmatch(str(number)) or len(str(number)) > 10:
                raise VnetError(path, "%s is not a whole number from 0" % shown(str(number)))
        if int(value):
            pairs[str(int(key))] = int(value)
    return dict(sorted(pairs.items(), key=lambda pair: int(pair[0])))


def _account(row: table.Attribute, text: str, path: Path, checking: bool) -> str:
    """The id of a user or a group. One that is missing may be the work of an earlier task that was only checked too."""
    if _NUMBER.fullmatch(text):
        if int(text) > _HIGHEST_ID:
            raise VnetError(path, "%s is out of range (0 to %d)" % (text, _HIGHEST_ID))
        return text
    import grp
    import pwd

    try:
        return str(pwd.getpwnam(text).pw_uid if row.type is _values.USER else grp.getgrnam(text).gr_gid)
    except KeyError:
        if checking:
            return text
        raise VnetError(path, "there is no %s %s on this host" % ("user" if row.type is _values.USER else "group", text)) from None


# Names


def shown(name: str) -> str:
    """A name as it may stand in a sentence."""
    return name if name and name.isprintable() else ascii(name)


def _is_file_name(name: str) -> bool:
    plain = name.isprintable() and " " not in name and "/" not in name
    return plain and name not in (".", "..") and 1 <= len(name.encode()) <= 255


def _check_link_name(name: str, path: Path) -> None:
    if not _is_file_name(name) or len(name.encode()) > 15 or ":" in name or "%" in name or name in ("all", "default"):
        raise VnetError(path, _NO_LINK_NAME % ascii(name))


def _check_netns(netns: Optional[str], path: Path) -> None:
    if not netns:
        return
    root, *parts = netns.split("/")
    absolute = not root and parts and all(_is_file_name(part) for part in parts)
    if not absolute and not _is_file_name(netns):
        raise VnetError(path, "%s is neither the name of a namespace nor an absolute path without '..'" % ascii(netns))


# Addresses and routes


def _ip(text: str, path: Path) -> Tuple[int, str]:
    """Family, and the address in the kernel's spelling."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            return family, socket.inet_ntop(family, socket.inet_pton(family, text))
        except (OSError, ValueError):
            continue
    raise VnetError(path, "%r is no IP address" % text)


def _prefix(text: str, path: Path) -> Tuple[int, str, Optional[int]]:
    """Family, address and the length of its prefix, if given."""
    address, slash, length = text.partition("/")
    family, address = _ip(address, path)
    if not slash:
        return family, address, None
    longest = _bits(family)
    if not _NUMBER.fullmatch(length) or int(length) > longest:
        raise VnetError(path, "%r: the prefix is not 0 to %d" % (text, longest))
    return family, address, int(length)


def _bits(family: int) -> int:
    return 32 if family == socket.AF_INET else 128


def _addresses(texts: Optional[List[str]], path: Path) -> Optional[List[Address]]:
    if texts is None:
        return None
    addresses: Dict[AddressKey, Address] = {}
    by_local: Dict[str, Address] = {}
    for number, text in enumerate(texts):
        address = _address(text, (*path, "addresses", number))
        if address.ipv6 and by_local.setdefault(address.local, address).key != address.key:
            raise VnetError((*path, "addresses", number), "%s has two prefixes; a link has an IPv6 address once" % address.local)
        addresses[address.key] = address
    return list(addresses.values())


def _address(text: str, path: Path) -> Address:
    words = text.split()
    nodad = "nodad" in words[1:]
    words = [word for word in words if word != "nodad"]
    if len(words) not in (1, 3) or (len(words) == 3 and words[1] != "peer"):
        raise VnetError(path, "%r is not LOCAL[/PREFIX] [peer REMOTE[/PREFIX]] [nodad]" % text)
    family, local, length = _prefix(words[0], path)
    if nodad and family == socket.AF_INET:
        raise VnetError(path, "%r: nodad is for IPv6; leave it out" % text)
    _check_one_device(family, local, text, path)
    peer = ""
    if len(words) == 3:
        peer_family, peer, peer_length = _prefix(words[2], path)
        if peer_family != family:
            raise VnetError(path, "%r: both ends must be IPv4 or both IPv6" % text)
        _check_one_device(family, peer, text, path)
        if None not in (length, peer_length) and length != peer_length:
            raise VnetError(path, "%r: the prefixes differ; give one" % text)
        length = length if peer_length is None else peer_length
        peer = "" if peer == local else peer
    return Address(local, _bits(family) if length is None else length, peer, nodad)


def _check_one_device(family: int, address: str, text: str, path: Path) -> None:
    packed = socket.inet_pton(family, address)
    if not any(packed) or (packed[0] == 0xFF if family == socket.AF_INET6 else packed[0] >= 224):
        raise VnetError(path, "%r: %s is not the address of one device" % (text, address))


def _routes(routes: Optional[List[Params]], path: Path, dev: str = "") -> Optional[List[Route]]:
    if routes is None:
        return None
    found: Dict[RouteKey, Route] = {}
    for number, params in enumerate(routes):
        route = _route(params, (*path, "routes", number), dev)
        _check_way(route, (*path, "routes", number))
        if found.get(route.key, route) != route:
            raise VnetError((*path, "routes", number), "%s is there twice with one table and metric; give another metric" % route.to)
        found[route.key] = route
    return list(found.values())


def _route(params: Params, path: Path, dev: str) -> Route:
    family, via = _ip(params["via"], (*path, "via")) if params["via"] else (None, "")
    to, length = params["to"], None
    if to == "default":
        family = family or socket.AF_INET
        to, length = ("0.0.0.0" if family == socket.AF_INET else "::"), 0
    else:
        to_family, to, length = _prefix(to, (*path, "to"))
        if family not in (None, to_family):
            raise VnetError(path, "to %s and via %s are of different families" % (params["to"], via))
        family = to_family
        _check_host_bits(family, to, length, path)
    src = ""
    if params["src"]:
        src_family, src = _ip(params["src"], (*path, "src"))
        if src_family != family:
            raise VnetError(path, "to %s and src %s are of different families" % (params["to"], src))
    if params["scope"] and family == socket.AF_INET6:
        raise VnetError((*path, "scope"), "IPv6 routes have none; leave it out")
    if via and params["scope"] not in (None, "global", "site"):
        raise VnetError((*path, "scope"), "what is behind a gateway cannot be of scope %s; leave scope out" % params["scope"])
    for name, low in (("metric", 0), ("table", 1)):
        if params[name] is not None and not low <= params[name] < 2**32:
            raise VnetError((*path, name), "%d is out of range (%d to 4294967295)" % (params[name], low))
    metric = params["metric"] or (1024 if family == socket.AF_INET6 else 0)
    kind = params.get("type") or "unicast"
    return Route(
        "%s/%d" % (to, _bits(family) if length is None else length),
        params["table"],
        metric,
        kind,
        dev or params.get("dev") or "",
        via,
        src,
        params["scope"] or "",
        params["onlink"],
    )


def _check_host_bits(family: int, address: str, length: Optional[int], path: Path) -> None:
    if length is None:
        return
    number = int.from_bytes(socket.inet_pton(family, address), "big")
    network = number >> (_bits(family) - length) << (_bits(family) - length)
    if network != number:
        right = socket.inet_ntop(family, network.to_bytes(_bits(family) // 8, "big"))
        raise VnetError((*path, "to"), "%s/%d has bits behind its prefix; the network is %s/%d" % (address, length, right, length))


def _check_way(route: Route, path: Path) -> None:
    if route.type == "unicast" and not (route.dev or route.via):
        raise VnetError(path, "%s has no way; give via or dev, or another type" % route.to)
    if route.type != "unicast" and (route.dev or route.via):
        raise VnetError(path, "a %s route goes nowhere; leave via and dev out" % route.type)


# Ports, VLANs, sysctl


def _port(params: Params, path: Path) -> Port:
    return Port(_attributes_of(table.OF_PORT, params, path), _vlans(params["vlans"], path), params["purge_vlans"])


def _check_ports(bridge: str, ports: List[Params], path: Path) -> None:
    seen = set()
    for number, port in enumerate(ports):
        name = port["name"]
        _check_link_name(name, (*path, number, "name"))
        if name == bridge:
            raise VnetError((*path, number), "the bridge cannot be a port of itself")
        if name in seen:
            raise VnetError((*path, number), "%s is listed twice" % name)
        seen.add(name)


def _vlans(entries: Optional[List[Params]], path: Path) -> Optional[Dict[int, Vlan]]:
    """VLANs one by one, by number."""
    if entries is None:
        return None
    vlans: Dict[int, Vlan] = {}
    for number, entry in enumerate(entries):
        place = (*path, "vlans", number)
        first, last = _vids(entry["vid"], place)
        if entry["pvid"] and first != last:
            raise VnetError(place, "a range cannot be the PVID; list that VLAN by itself")
        if entry["pvid"] and any(vlan.pvid for vlan in vlans.values()):
            raise VnetError(place, "a second PVID; a port has one")
        for vid in range(first, last + 1):
            if vid in vlans:
                raise VnetError(place, "VLAN %d is listed twice" % vid)
            vlans[vid] = Vlan(vid, vid, entry["pvid"], entry["untagged"])
    return vlans


def _vids(text: str, path: Path) -> Tuple[int, int]:
    match = re.fullmatch(r"([0-9]+)(?:-([0-9]+))?", text)
    if not match:
        raise VnetError((*path, "vid"), "%r is neither a VLAN nor a range such as 10-20" % text)
    first, last = int(match[1]), int(match[2] or match[1])
    if not 1 <= first <= last <= 4094:
        raise VnetError((*path, "vid"), "%s is not within 1 to 4094, or the wrong way round" % text)
    return first, last


def sysctls(settings: Optional[Params], path: Path) -> Optional[Dict[str, str]]:
    """Settings by key, as the kernel shows them."""
    if settings is None:
        return None
    return {key: _sysctl_value(key, value, (*path, "sysctl", key)) for key, value in settings.items()}


def _sysctl_value(key: str, value: Any, path: Path) -> str:
    parts = sysctl_path(key).split("/")[3:]
    if not key.isprintable() or len(parts) < 2 or parts[0] != "net" or not all(part.strip(".") for part in parts):
        raise VnetError(path[:-1], "%s is not a key that begins with net.; others would change the whole host" % shown(key))
    if isinstance(value, bool):
        return str(int(value))
    if not isinstance(value, (str, int)):
        raise VnetError(path, "the value is neither a text nor a whole number")
    return " ".join(str(value).split())
