# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of each module for one resource."""

from __future__ import annotations

from typing import Dict, Iterable, List, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._entries import OF_NAMESPACES, lists_of
from ansible_collections.nfv.vnet.plugins.module_utils._entries._entry import EntryList
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import KINDS
from ansible_collections.nfv.vnet.plugins.module_utils._kinds._kind import LinkKind
from ansible_collections.nfv.vnet.plugins.module_utils._names import CONFIRM_TIMEOUT, PERSISTENT
from ansible_collections.nfv.vnet.plugins.module_utils._options._option import Option

NETNS_OPTIONS = ("netns", "parent_netns", "from_netns")
"""The options that name a namespace."""


def _of(rows: Iterable[table.Attribute], *without: str) -> Tuple[Option, ...]:
    settable = (row for row in rows if row.when != "read" and row.name not in without)
    return tuple(map(_option_of, settable))


def _option_of(row: table.Attribute) -> Option:
    return Option(row.name, row.type.option, row.text, choices=row.type.choices, elements=row.type.elements, row=row, options=_of(row.fields))


def _entries_options(lists: Iterable[EntryList]) -> Tuple[Option, ...]:
    """The options of lists (C(_entries)): the entries, and whether others are removed."""
    options: List[Option] = []
    for entries in lists:
        name = entries.option
        fields = tuple(option._replace(required=option.name in entries.required) for option in _of(entries.rows))
        short = " Each has its options, or is O(%s[].%s) alone." % (name, entries.short) if entries.short else ""
        text = "%s%s Others are kept, unless O(%s=true)." % (entries.text, short, entries.purge)
        purge = "Whether those that are not listed in O(%s) should be removed. %s It has no effect without O(%s)." % (name, entries.never_purged, name)
        options += [
            Option(name, "list", text, elements="dict", options=fields, short=entries.short),
            Option(entries.purge, "bool", purge, False),
        ]
    return tuple(options)


_STATE = Option("state", "str", "Whether the resource should exist.", "present", ("present", "absent"))
_UP = Option("up", "bool", "Whether the link should be up.", True)
_NETNS = Option(
    "netns",
    "str",
    "Network namespace of the link: a name in C(/run/netns), or an absolute path such as C(/proc/1/ns/net)."
    " If it is left out or V(''), the namespace that the module runs in is used. The task fails if the namespace does not exist.",
)
_PEER_NETNS = _NETNS._replace(
    text="Network namespace of the peer: a name or an absolute path. If it is left out or V(''), the namespace that the module runs in is"
    " used, whatever the namespace of the other end is."
)
_RECREATE = Option(
    "recreate",
    "bool",
    "Whether the link may be replaced by a new one if it cannot be changed as required. Settings that the task does not specify are lost then."
    " Links on top of it, such as VLAN links, are recreated on the new one. If it is false, the task fails instead.",
    False,
)
FORCE = Option(
    "force",
    "bool",
    "Whether to go on if the task would cut off the host: if no link would answer to the address of the SSH connection any more, if the client"
    " of the connection would not be reached, or if no IPv4 or no IPv6 default route would work any more. If it is false, the task fails"
    " before anything is changed. That is checked for the network namespace of the host or container, not for links in other ones, and not if"
    " the module runs in another one by the become plugin or C(ip netns exec).",
    False,
)
CONFIRMATION = Option(
    CONFIRM_TIMEOUT,
    "int",
    "Time in seconds within which the change must be complete, and Ansible must have confirmed it over a new SSH connection. If that does not"
    " happen, as the change has cut off the host, a process on the target host rolls the change back, and the task fails instead of reporting"
    " the host as unreachable. Links and namespaces are deleted after the confirmation; until then those links are down, and those bridges have"
    " no ports. It needs the connection C(ansible.builtin.ssh), without a password that is asked for each time, must be longer than the timeout"
    " of that (C(ansible_timeout), 10 seconds by default), and cannot be used with C(async). The range is V(1) to V(86400).",
)
PERSISTENCE = Option(
    PERSISTENT,
    "bool",
    "Whether the resource is there again after a reboot of the target host. With V(true) the options of the task are stored in C(/etc/nfv-vnet), in place"
    " of those that were stored before, and the service C(nfv-vnet) of systemd applies what is stored when the host starts, before its network managers do"
    " anything. These leave the links and the ports of bridges alone from now on, except a bridge without O(ignore:addresses). With V(false) what is"
    " stored is forgotten; the rest of the task is carried out as always. If it is left out, what is stored is kept, and if the task changes something that"
    " a reboot would bring back otherwise, a warning says so. What is removed by O(state=absent) is forgotten: with one end of a veth pair the pair, with a"
    " namespace the links in it.",
)
_NAME = Option("name", "str", "Name of the link: 1 to 15 bytes, without C(/), C(:), C(%) and white space.", required=True)
_VLANS = (
    Option(
        "vlans",
        "list",
        "VLANs of the port, each with its options, or as O(vlans[].vid) alone: V([10, 20-29]). Other VLANs are kept, unless O(purge_vlans=true).",
        elements="dict",
        short="vid",
        options=(
            Option("vid", "str", "VLAN ID, V(1) to V(4094), or a range of them such as V(10-20).", required=True),
            Option(
                "pvid",
                "bool",
                "Whether it is the PVID: the VLAN of untagged packets that arrive. If it is left out, it is not changed; for a new VLAN it is V(false).",
            ),
            Option("untagged", "bool", "Whether packets of the VLAN leave untagged. If it is left out, it is not changed; for a new VLAN it is V(false)."),
            *_of(table.VLAN),
        ),
    ),
    Option("purge_vlans", "bool", "Whether VLANs that are not listed in O(vlans) should be removed. It has no effect without O(vlans).", False),
)
_TABLE = "Routing table: its decimal number, or its name in C(/etc/iproute2/rt_tables) of the target host."
_ROUTE_OPTIONS = (
    Option(
        "to",
        "str",
        "Destination of the route: a prefix, an address, or V(default). The address family of V(default) is that of O(routes[].via), or IPv4 without it.",
        required=True,
    ),
    Option("via", "str", "Address of the gateway. If it is left out, the destination is on the link."),
    Option(
        "metric",
        "int",
        "Metric of the route, V(0) to V(4294967295). The route with the lowest metric is used. If it is left out, it is 0 for IPv4 and 1024"
        " for IPv6. For IPv6 the kernel takes V(0) for 1024.",
    ),
    Option(
        "table",
        "str",
        _TABLE + " If it is left out, it is the table of the VRF that the link belongs to, or V(main).",
    ),
    Option("src", "str", "Preferred source address. If it is left out, it is not changed; for a new route the kernel chooses."),
    Option(
        "scope",
        "str",
        "Scope of the destination, for IPv4 only: V(global), V(site), V(link), V(host), a number, or a name in C(/etc/iproute2/rt_scopes) of the target host."
        " If it is left out, a new route has the scope V(global) with a gateway, and V(link) without.",
    ),
    Option(
        "onlink",
        "bool",
        "Whether the gateway is regarded as reachable on the link, even if no address of the link has its network. If it is left out, it is not"
        " changed; for a new route it is V(false).",
    ),
    Option(
        "protocol",
        "str",
        "Who has added the route: a number, a name such as V(static), or one in C(/etc/iproute2/rt_protos) of the target host. If it is left out, it is not"
        " compared; a new route has V(static).",
    ),
    Option("mtu", "int", "MTU on the way to the destination, in bytes, at most 65520. V(0) is that of the link. If it is left out, it is not changed."),
    Option(
        "preference",
        "str",
        "Preference of the route among routes with the same metric, for IPv6 only. If it is left out, it is not changed; for a new route it is V(medium).",
        choices=tuple(table.PREFERENCES),
    ),
)
_LINK = (
    Option(
        "addresses",
        "list",
        "IP addresses of the link, each as C(LOCAL[/PREFIX] [peer REMOTE[/PREFIX]]), and then the words of ip-address(8): C(broadcast ADDRESS), where C(+)"
        " is the last address of the network, C(label NAME), C(scope SCOPE), C(metric NUMBER), C(nodad), C(noprefixroute), C(home), C(mngtmpaddr) and"
        " C(autojoin). What is not said is not changed. Without a prefix length it is C(/32) or C(/128)."
        " C(nodad) disables duplicate address detection for an IPv6 address. One that is there with a lifetime, as from DHCP, is left as it is."
        " Other addresses are kept, unless O(purge_addresses=true).",
        elements="str",
    ),
    Option(
        "purge_addresses",
        "bool",
        "Whether addresses that are not listed in O(addresses) should be removed. Addresses from DHCP and router advertisements,"
        " link-local addresses, and 127.0.0.1/8 and ::1/128 of C(lo) are always kept. It has no effect without O(addresses).",
        False,
    ),
    Option(
        "routes",
        "list",
        "Routes through the link. A route is identified by O(routes[].to), O(routes[].table) and O(routes[].metric). One through this link with the same"
        " three is replaced. Other routes are kept, unless O(purge_routes=true).",
        elements="dict",
        options=_ROUTE_OPTIONS,
    ),
    Option(
        "purge_routes",
        "bool",
        "Whether routes through the link that are not listed in O(routes) should be removed, in the main table and in the tables that"
        " O(routes) names. Routes of the kernel, DHCP and router advertisements are always kept. It has no effect without O(routes).",
        False,
    ),
)
_PORT = Option(
    "port",
    "dict",
    "Settings of the link as a port of a bridge or of a bond. They require that the link is a port, or that O(master) makes it one. O(port.queue_id) and"
    " O(port.prio) are settings of ports of bonds, all others of ports of bridges.",
    options=_of(table.PORT) + _of(table.BOND_PORT) + _VLANS,
)
_MASTER = Option(
    "master",
    "str",
    "Name of the bridge or bond that the link should be a port of, or of the VRF that it should belong to, in the same namespace. V('') removes the link"
    " from it. If it is left out, it is not changed. A link goes down for a moment when it joins or leaves a bond or a VRF, and the kernel drops its routes"
    " and IPv6 addresses; those that are declared are set again.",
)
_NAMESPACE_ROUTE_OPTIONS = (
    *_ROUTE_OPTIONS[:1],
    _ROUTE_OPTIONS[1]._replace(text="Address of the gateway. A V(unicast) route needs this or O(routes[].dev)."),
    *(option for option in _ROUTE_OPTIONS[2:] if option.name != "table"),
    Option("table", "str", _TABLE, "main"),
    Option(
        "nexthops",
        "list",
        "Two or more next hops, over which the packets are distributed, in place of O(routes[].via), O(routes[].dev) and O(routes[].onlink).",
        elements="dict",
        options=(
            Option("via", "str", "Address of the gateway. It or O(routes[].nexthops[].dev) is required."),
            Option("dev", "str", "Name of the link. If it is left out, the kernel uses the link that reaches O(routes[].nexthops[].via)."),
            Option("weight", "int", "Share of the packets, V(1) to V(256). If it is left out, it is 1."),
            Option("onlink", "bool", "Whether the gateway is regarded as reachable on the link. If it is left out, it is V(false)."),
        ),
    ),
)
_NETNS_OPTIONS = (
    Option("name", "str", "Name of the network namespace, as in C(/run/netns): without C(/) and white space, and neither V(.) nor V(..).", required=True),
    _STATE,
    PERSISTENCE,
    FORCE,
    CONFIRMATION,
    Option(
        "attach",
        "str",
        "Gives the name to a network namespace that exists: the id of a process in it, as of a container, or an absolute path such as C(/proc/1234/ns/net)."
        " The task fails if the name is that of another namespace. With O(state=absent) only the name is removed.",
    ),
    Option(
        "files",
        "dict",
        "Files of the namespace in C(/etc/netns/NAME), such as C(resolv.conf) and C(hosts), and their contents. Programs that C(ip netns exec) or the become"
        " plugin P(nfv.vnet.netns#become) runs see them in place of those in C(/etc). A null removes a file. Files that are not listed are not changed."
        " One that is replaced keeps its mode and owner. One that comes back, as a change is taken back that removed it, can be"
        " read by its owner alone. O(state=absent) removes those that are listed, and leaves the others.",
    ),
    Option("loopback", "bool", "Whether the loopback link C(lo) of the namespace should be up.", True),
    Option(
        "sysctl",
        "dict",
        "Kernel settings (sysctl) inside the namespace: a dictionary of keys that begin with C(net.) and their values. Other settings are not changed."
        " As in sysctl(8), a dot in the name of a link is written as a slash: C(net.ipv4.conf.eth0/10.forwarding).",
    ),
    Option(
        "nsid",
        "int",
        "Id of the namespace, as seen from the namespace that the module runs in: V(0) to V(2147483647). Once set, the kernel never changes it."
        " If it is left out, the kernel assigns one when it needs it.",
    ),
    _LINK[0]._replace(text=_LINK[0].text.replace("of the link,", "of C(lo),", 1)),
    _LINK[1],
    Option(
        "routes",
        "list",
        "Routes of the namespace. Other routes are kept, unless O(purge_routes=true).",
        elements="dict",
        options=_NAMESPACE_ROUTE_OPTIONS
        + (
            Option("dev", "str", "Name of the link that the route uses. If it is left out, the kernel uses the link that reaches O(routes[].via)."),
            Option(
                "type",
                "str",
                "Type of the route. Packets of a V(unicast) route are forwarded; the other types drop them, V(unreachable) and V(prohibit) with an ICMP error.",
                "unicast",
                tuple(table.ROUTE_TYPES),
            ),
        ),
    ),
    Option(
        "purge_routes",
        "bool",
        "Whether routes without a link (such as V(blackhole)) that are not listed in O(routes) should be removed, in the main table and in"
        " the tables that O(routes) names. Routes that use a link are purged by the module of the link. It has no effect without O(routes).",
        False,
    ),
    *_entries_options(OF_NAMESPACES),
)
_PORTS = (
    Option(
        "ports",
        "list",
        "Ports of the bridge: links in the same namespace, which must exist. Each has its options, or is O(ports[].name) alone: V([tap0, tap1])."
        " Other ports are kept, unless O(purge_ports=true). An address of O(addresses) that a port has is moved to the bridge with everything that it"
        " has, and a route of O(routes) to the same destination over the same gateway, too. What else a port has stays there and does not work,"
        " and a warning says so.",
        elements="dict",
        short="name",
    ),
    Option("purge_ports", "bool", "Whether ports that are not listed in O(ports) should be removed from the bridge. It has no effect without O(ports).", False),
    _VLANS[0]._replace(text="VLANs of the bridge itself, each with its options, or as O(vlans[].vid) alone. Other VLANs are kept, unless O(purge_vlans=true)."),
    _VLANS[1],
)


def _ports_of(kind: LinkKind) -> Tuple[Option, ...]:
    """The options about the ports of a bridge or a bond."""
    rows = tuple(row for row in kind.port_rows or () if row.when != "read")
    entry = (_NAME._replace(text="Name of the link."), *_of(rows), *(_VLANS if kind.is_bridge else ()))
    ports, purge, *vlans = _PORTS
    words = (("of the bridge", "of the %s" % kind.type), ("to the bridge", "to the %s" % kind.type), ("from the bridge", "from the %s" % kind.type))
    options = [ports._replace(options=entry), purge]
    for one, other in words:
        options = [option._replace(text=option.text.replace(one, other)) for option in options]
    return (*options, *(vlans if kind.is_bridge else ()))


def _join_options(kind: LinkKind) -> Tuple[Option, ...]:
    """The options about the bridge, bond or VRF that the link belongs to."""
    masters = _kinds.masters_of(kind.kernel)
    return ((_MASTER,) if masters else ()) + ((_PORT,) if any(master.port_rows for master in masters) else ())


def _network_options(kind: LinkKind) -> Tuple[Option, ...]:
    """The options about the network that carries the packets of a link."""
    dev = Option(kind.parent, "str", "Name of the link that the outer packets leave and arrive through. Only a new link can have another one, see O(recreate).")
    text = (
        "Network namespace whose network carries the outer packets: a name or an absolute path. V('') is the namespace that the module runs in."
        " If it is left out, a new link uses the namespace of the link. Only a new link can have another one, see O(recreate)."
    )
    if kind.hides_network:
        text += " As the kernel does not say which one an existing link uses, it is not compared then."
    return ((dev,) if kind.parent else ()) + (Option("parent_netns", "str", text),)


def _parent_options(kind: LinkKind) -> Tuple[Option, ...]:
    """The options about the parent."""
    needed = "It is required to create the link. " if kind.parent in kind.required else ""
    return (
        Option(
            kind.parent, "str", "Name of the parent: the link that this one is on top of. %sOnly a new link can have another parent, see O(recreate)." % needed
        ),
        Option(
            "parent_netns",
            "str",
            "Network namespace of O(%s): a name or an absolute path. V('') is the namespace that the module runs in."
            " If it is left out, the namespace of the link is used." % kind.parent,
        ),
    )


def _end_of(kind: LinkKind) -> Tuple[Option, ...]:
    """The options of one link, or of each end of a veth pair."""
    return (
        (_network_options(kind) if kind.encapsulates else _parent_options(kind) if kind.parent else ())
        + _of(kind.rows)
        + _of(_kinds.common_rows(kind), "up")
        + (_ports_of(kind) if kind.takes_frames else ())
        + _join_options(kind)
        + _LINK
        + _entries_options(lists_of(kind.kernel))
    )


def _options_of(kind: LinkKind) -> Tuple[Option, ...]:
    text = "The other end of the pair: its options, or O(peer.name) alone. It is required if O(state=present)."
    peer = Option("peer", "dict", text, options=(_NAME, _PEER_NETNS, _UP) + _end_of(kind), short="name")
    return (_NAME, _NETNS, _STATE, _UP, _RECREATE, PERSISTENCE, FORCE, CONFIRMATION) + _end_of(kind) + ((peer,) if kind.has_peer else ())


_EXISTING = tuple(row for row in table.LINK if row.when != "create")
_MATCH = Option(
    "match",
    "dict",
    "How the link is found, whatever its name is: by all that is given. It gets the name O(name) then, for which it goes down for a moment, and gets its"
    " addresses, routes and neighbours again. If it is left out, the link is the one of that name.",
    options=(
        Option("mac", "str", "Permanent MAC address of a network card; of a link without one, its present MAC address."),
        Option("path", "str", "Bus and device of a network card, such as V(pci-0000:00:03.0), also of a virtio card on that bus, or V(usb-1-1:1.0)."),
        Option("altname", "str", "An alternative name."),
        Option("name", "str", "The name that the link has before it gets another one."),
    ),
)
_FROM_NETNS = Option(
    "from_netns",
    "str",
    "Network namespace that the link is in before it is moved to O(netns): a name or an absolute path; V('') is the namespace that the module runs in."
    " If it is left out, that is searched, too, if O(match) is given; without both, the link is never moved. A link that is moved loses its addresses, its"
    " routes and its master, and goes down; what the task declares of these is set again.",
)
LINK_OPTIONS = (
    (_NAME._replace(text=_NAME.text + " A link that is found by O(match) is renamed."), _NETNS, _MATCH, _FROM_NETNS, _UP)
    + _of(_EXISTING, "up")
    + (_MASTER, _PORT)
    + _LINK
    + _entries_options(lists_of(_kinds.ANY))
)
"""The options of a link that exists already, of any kind."""
_ONLY_PRESENT = _STATE._replace(text="A link that exists is never deleted.", choices=("present",))
EXISTING = "vnet_link"
"""The module for links that exist."""
OPTIONS: Dict[str, Tuple[Option, ...]] = {
    "vnet_netns": _NETNS_OPTIONS,
    **{"vnet_" + kind.type: _options_of(kind) for kind in KINDS},
    EXISTING: (*LINK_OPTIONS, _ONLY_PRESENT, PERSISTENCE, FORCE, CONFIRMATION),
}
"""The options of each module."""
LINK_KIND_OF = {"vnet_" + kind.type: kind for kind in KINDS}
"""The kind of link that each module manages."""
KERNEL_KIND_OF = {**{module: kind.kernel for module, kind in LINK_KIND_OF.items()}, EXISTING: _kinds.ANY}
"""The same as the kernel calls it."""
TASK_OPTIONS = ("state", PERSISTENT, FORCE.name, CONFIRMATION.name)
"""Options about the task, which items of a layout do not have."""
