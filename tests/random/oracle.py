# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ip(8) and bridge(8) show, compared with a declaration, without the engine's code."""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path
from typing import Any, Callable, Iterator

from support import Values, inside, ip, namespaces

KINDS = {"tuntap": "tun"}
"""The kind of each type whose name differs."""
_FLAGS: dict[str, tuple[str, bool]] = {
    "up": ("UP", True),
    "arp": ("NOARP", False),
    "multicast": ("MULTICAST", True),
    "allmulticast": ("ALLMULTI", True),
    "promiscuous": ("PROMISC", True),
}
_OF_LINK = {"mac": "address", "mtu": "mtu", "alias": "ifalias", "txqueuelen": "txqlen", "num_tx_queues": "num_tx_queues", "gso_max_segs": "gso_max_segs"}
_OF_BRIDGE: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "stp": ("stp_state", int),
    "forward_delay": ("forward_delay", lambda seconds: seconds * 100),
    "hello_time": ("hello_time", lambda seconds: seconds * 100),
    "priority": ("priority", int),
    "group_fwd_mask": ("group_fwd_mask", lambda mask: f"{mask:#x}" if mask else "0"),
    "mcast_snooping": ("mcast_snooping", int),
    "mcast_querier": ("mcast_querier", int),
    "vlan_filtering": ("vlan_filtering", int),
    "vlan_default_pvid": ("vlan_default_pvid", int),
}
_OF_PORT = {
    "cost": "cost",
    "priority": "priority",
    "hairpin": "hairpin",
    "isolated": "isolated",
    "learning": "learning",
    "flood": "flood",
    "neigh_suppress": "neigh_suppress",
}
_OF_TUNTAP = {"mode": "type", "multi_queue": "multi_queue", "owner": "user"}
"""Without what every program sets that attaches: it is only set on a new device."""
_KERNEL_MADE = ("kernel", "ra", "redirect")
"""Protocols of routes that no declaration has."""


class Network:
    """A namespace as iproute2 shows it."""

    def __init__(self, netns: str) -> None:
        of_netns = ["-n", netns] if netns else []
        self.netns = netns
        self.links: dict[str, Values] = {link["ifname"]: link for link in json.loads(ip("ip", *of_netns, "-d", "-j", "address", "show")) if link}
        self.routes: list[Values] = []
        for family in ("-4", "-6"):
            self.routes += json.loads(ip("ip", *of_netns, family, "-d", "-j", "route", "show", "table", "all") or "[]")
        self.vlans: dict[str, Any] = {}
        if any(_kind(link) == "bridge" and link["linkinfo"]["info_data"].get("vlan_filtering") for link in self.links.values()):
            self.vlans = {entry["ifname"]: entry.get("vlans", []) for entry in json.loads(ip("bridge", *of_netns, "-j", "vlan", "show"))}


def look() -> dict[str, Network]:
    return {netns: Network(netns) for netns in ["", *namespaces()]}


def complaints(params: Values) -> list[str]:
    """Where the kernel is not as declared."""
    host = look()
    found = list(_of_sysctls("", params.get("sysctl") or {}))
    ids = {entry["name"]: entry.get("id") for entry in json.loads(ip("ip", "-j", "netns", "list") or "[]")}
    for item in params.get("namespaces", []):
        network = host.get(item["name"])
        found += _of_namespace(item, network, ids) if network else [f"there is no namespace {item['name']}"]
    ends = [(end, item.get("type", "")) for item in params.get("links", []) for end in (item, item.get("peer")) if end]
    joined = {(end.get("netns", ""), end["master"], end["name"]) for end, _type in ends if end.get("master")}
    for end, type_name in ends:
        found += _of_link(end, type_name, host, joined)
    for item in params.get("links", []):
        if "peer" in item:
            found += _of_cable(item, host)
    return found


def _of_sysctls(netns: str, settings: Values) -> Iterator[str]:
    with inside(netns):
        for key, value in settings.items():
            now = Path("/proc/sys", *key.split(".")).read_text(encoding="ascii").strip()
            if now != str(value):
                yield f"{netns}: {key} is {now}"


def _of_namespace(item: Values, network: Network, ids: dict[str, Any]) -> Iterator[str]:
    yield from _of_sysctls(item["name"], item.get("sysctl") or {})
    if "nsid" in item and ids[item["name"]] != item["nsid"]:
        yield f"the id of {item['name']} is {ids[item['name']]}"
    loopback = network.links["lo"]
    if ("UP" in loopback["flags"]) != item.get("loopback", True):
        yield f"lo in {item['name']} has the flags {loopback['flags']}"
    yield from _of_addresses(item, loopback)
    yield from _of_routes(item, network, "")


def _of_link(end: Values, type_name: str, host: dict[str, Network], joined: set[tuple[str, str, str]]) -> Iterator[str]:
    netns, name = end.get("netns", ""), end["name"]
    link = host[netns].links.get(name) if netns in host else None
    where = f"{netns}/{name}"
    if not link:
        yield f"there is no {where}"
        return
    if type_name and _kind(link) != KINDS.get(type_name, type_name):
        yield f"{where} is a {_kind(link)}"
        return
    for option, expected, shown in _of_values({"up": True, **end}, type_name, link):
        if expected != shown:
            yield f"{where}: {option} is {shown!r}, not {expected!r}"
    yield from _of_addresses(end, link)
    yield from _of_routes(end, host[netns], name)
    yield from _of_ports(end, link, host[netns], joined)


def _of_values(end: Values, type_name: str, link: Values) -> Iterator[tuple[str, Any, Any]]:
    """Options with the declared value and the one that is shown."""
    for option, (flag, if_set) in _FLAGS.items():
        if option in end:
            yield option, end[option], (flag in link["flags"]) == if_set
    for option, key in _OF_LINK.items():
        if option in end:
            yield option, end[option], link.get(key, "" if option == "alias" else None)
    if "link_group" in end:
        yield "link_group", str(end["link_group"]), link["group"].replace("default", "0")
    if "disable_ipv6" in end:
        setting = Path(f"/proc/sys/net/ipv6/conf/{end['name']}/disable_ipv6")
        with inside(end.get("netns", "")):
            if setting.exists():  # with an MTU below 1280 there is none
                yield "disable_ipv6", int(end["disable_ipv6"]), int(setting.read_text(encoding="ascii"))
    data = link.get("linkinfo", {}).get("info_data", {})
    if type_name == "bridge":
        for option, (key, convert) in _OF_BRIDGE.items():
            if option in end:
                yield option, convert(end[option]), data.get(key)
    if type_name == "tuntap":
        for option, key in _OF_TUNTAP.items():
            if option in end:
                yield option, str(end[option]), str(data.get(key)).replace("root", "0")
    if type_name == "vlan":
        yield "id", end["id"], data.get("id")
    if "master" in end:
        yield "master", end["master"], link.get("master", "")
    yield from _of_port(end.get("port", {}), link)


def _of_port(settings: Values, link: Values) -> Iterator[tuple[str, Any, Any]]:
    data = link.get("linkinfo", {}).get("info_slave_data", {})
    for option, key in _OF_PORT.items():
        if option in settings:
            yield f"port {option}", settings[option], data.get(key)


def _of_ports(end: Values, bridge: Values, network: Network, joined: set[tuple[str, str, str]]) -> Iterator[str]:
    """The ports that a bridge lists, and VLANs of ports. C(joined): namespace, bridge and name of the ports that say themselves where they belong."""
    if "ports" in end:
        others = {name for netns, master, name in joined if (netns, master) == (network.netns, end["name"])}
        ports = sorted(others | {port["name"] for port in end["ports"]})
        shown = sorted(name for name, link in network.links.items() if link.get("master") == end["name"])
        if ports != shown:
            yield f"the ports of {end['name']} are {shown}, not {ports}"
            return
        for port in end["ports"]:
            for option, expected, now in _of_port(port, network.links[port["name"]]):
                if expected != now:
                    yield f"{port['name']}: {option} is {now!r}, not {expected!r}"
            yield from _of_vlans(port, port["name"], network)
    yield from _of_vlans(end.get("port", {}), bridge["ifname"], network)


def _of_vlans(settings: Values, name: str, network: Network) -> Iterator[str]:
    if "vlans" in settings:
        expected: dict[int, set[str]] = {}
        for vlan in settings["vlans"]:
            first, _, last = vlan["vid"].partition("-")
            flags = {word for option, word in (("pvid", "PVID"), ("untagged", "Egress Untagged")) if vlan.get(option)}
            expected.update(dict.fromkeys(range(int(first), int(last or first) + 1), flags))
        shown = {}
        for entry in network.vlans.get(name, []):
            shown.update({number: set(entry.get("flags", [])) for number in range(entry["vlan"], entry.get("vlanEnd", entry["vlan"]) + 1)})
        if expected != shown:
            yield f"the VLANs of {name} are {shown}, not {expected}"


def _of_addresses(item: Values, link: Values) -> Iterator[str]:
    if item.get("addresses") is None:
        return
    expected = {_address(text) for text in item["addresses"]}
    shown = {
        (entry["local"], entry["prefixlen"], entry.get("address", ""))
        for entry in link["addr_info"]
        if entry["scope"] == "global" or (entry["local"] not in ("127.0.0.1", "::1") and not entry["local"].startswith("fe80"))
    }
    if expected - shown or (item.get("purge_addresses", True) and shown - expected):
        yield f"the addresses of {link['ifname']} are {sorted(shown)}, not {sorted(expected)}"


def _address(text: str) -> tuple[str, int, str]:
    local, *more = text.removesuffix(" nodad").split(" peer ")
    interface = ipaddress.ip_interface(local)
    return str(interface.ip), interface.network.prefixlen, more[0] if more else ""


def _of_routes(item: Values, network: Network, dev: str) -> Iterator[str]:
    """C(dev): the link that they are listed of, '' for a namespace."""
    if item.get("routes") is None:
        return
    expected = {_declared_route(route) for route in item["routes"]}
    shown = {_shown_route(route) for route in network.routes if _is_of(route, dev)}
    # a table that no declared route is in belongs to others
    tables = {"main", *(table for _to, _via, table, _metric, _type in expected)}
    more = {route for route in shown - expected if route[2] in tables} if item.get("purge_routes", True) else set()
    if expected - shown or more:
        yield f"the routes of {dev or network.netns} lack {sorted(expected - shown)}, and {sorted(more)} are not declared"


def _is_of(route: Values, dev: str) -> bool:
    if route.get("protocol") in _KERNEL_MADE or route.get("table") == "local":
        return False
    return bool(route.get("dev") == dev) if dev else not route.get("dev") or route.get("type", "unicast") != "unicast"


def _declared_route(route: Values) -> tuple[str, str, str, int, str]:
    six = ":" in route["to"] + route.get("via", "")
    to, _, length = route["to"].partition("/")
    host = "128" if six else "32"
    table = "main" if route.get("table", 254) == 254 else str(route["table"])
    return (to if length in ("", host) else route["to"], route.get("via", ""), table, route.get("metric", 1024 if six else 0), route.get("type", "unicast"))


def _shown_route(route: Values) -> tuple[str, str, str, int, str]:
    return (route["dst"], route.get("gateway", ""), route.get("table", "main"), route.get("metric", 0), route.get("type", "unicast"))


def _of_cable(item: Values, host: dict[str, Network]) -> Iterator[str]:
    """Whether each end is the peer of the other one."""
    near, far = (host[end.get("netns", "")].links.get(end["name"]) if end.get("netns", "") in host else None for end in (item, item["peer"]))
    if near and far and (_peer(near, item, host), _peer(far, item["peer"], host)) != (far["ifindex"], near["ifindex"]):
        yield f"{item['name']} and {item['peer']['name']} are not the ends of one cable"


def _peer(link: Values, end: Values, host: dict[str, Network]) -> Any:
    """The index of the peer."""
    if "link" in link:
        return host[end.get("netns", "")].links[link["link"]]["ifindex"]
    return link.get("link_index")


def _kind(link: Values) -> str:
    return str(link.get("linkinfo", {}).get("info_kind", ""))
