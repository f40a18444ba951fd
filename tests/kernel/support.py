# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the engine as the modules do, without Ansible, and reads the kernel without the engine."""

from __future__ import annotations

import copy
import ctypes
import json
import os
import re
import socket
import struct
import subprocess
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError, failure
from ansible_collections.nfv.vnet.plugins.module_utils._options._modules import OPTIONS
from ansible_collections.nfv.vnet.plugins.module_utils._options._option import argument_spec, expanded_all
from ansible_collections.nfv.vnet.plugins.module_utils._options._resource import layout, title
from ansible_collections.nfv.vnet.plugins.module_utils._persistence._entry import change_of_store
from ansible_collections.nfv.vnet.plugins.module_utils._runner import KEYS, execute

Values = Dict[str, Any]
Record = Dict[Any, Any]
"""What the kernel reports about one object: attributes by name, or by code if the tests do not need them."""
CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
_libc = ctypes.CDLL(None, use_errno=True)


def call(function: str, *arguments: Any) -> None:
    """Calls a function of libc; OSError if it fails."""
    if getattr(_libc, function)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), function)


@contextmanager
def private_network() -> Iterator[None]:
    """Runs the block with a network and a /run of its own, so that nothing of the machine can be changed."""
    home = [os.open(f"/proc/self/ns/{kind}", os.O_RDONLY) for kind in ("net", "mnt")]
    folder = os.getcwd()
    call("unshare", CLONE_NEWNS | CLONE_NEWNET)
    try:
        call("mount", b"none", b"/", None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None)
        call("mount", b"tmpfs", b"/run", b"tmpfs", ctypes.c_ulong(0), None)
        call("mount", b"sysfs", b"/sys", b"sysfs", ctypes.c_ulong(0), None)
        yield
    finally:
        for descriptor, kind in zip(home, (CLONE_NEWNET, CLONE_NEWNS)):
            call("setns", descriptor, kind)
            os.close(descriptor)
        os.chdir(folder)


@contextmanager
def inside(netns: str) -> Iterator[None]:
    """Runs the block in a named namespace; '' is the current one."""
    if not netns:
        yield
        return
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    other = os.open(f"/run/netns/{netns}", os.O_RDONLY | os.O_NONBLOCK)
    try:
        call("setns", other, CLONE_NEWNET)
        yield
    finally:
        call("setns", home, CLONE_NEWNET)
        os.close(home)
        os.close(other)


# The engine


def run(module: str, check: bool = False, **params: Any) -> Values:
    """The result of the module with these parameters. VnetError if it fails."""
    validated = ArgumentSpecValidator(argument_spec(OPTIONS[module])).validate(expanded_all(OPTIONS[module], params))
    assert not validated.error_messages, validated.error_messages
    options = validated.validated_parameters

    def work() -> Values:
        return execute(layout(module, options, check), KEYS[module], check, None, change_of_store(module, options))

    return told(title(module, options), work)


def told(title: str, work: Callable[[], Values]) -> Values:
    """The result of the function with its warnings as users see them, without the names of items; its VnetError has the whole message."""
    try:
        result = work()
    except VnetError as error:
        raise VnetError((), str(failure(title, error)["msg"]), error.errno) from error
    return {**result, "warnings": [f"{title}: {warning}" for warning in result["warnings"]]}


def four_steps(module: str, **params: Any) -> Values:
    """Runs in check mode, for real, in check mode again and for real again. Returns the result of the first real run."""
    before = snapshot()
    planned = run(module, check=True, **params)
    touched = difference(before, snapshot())
    assert not touched, f"check mode touched the kernel: {touched}"
    result = run(module, **params)
    for key in ("changed", "diff", "commands"):
        assert planned[key] == result[key], f"{key}: {planned[key]} and then {result[key]}"
    assert result["changed"] == bool(result["commands"])
    again = run(module, check=True, **params)
    assert (again["changed"], again["commands"]) == (False, [])
    assert again["diff"]["before"] == again["diff"]["after"]
    after = snapshot()
    assert run(module, **params)["changed"] is False
    changed = difference(after, snapshot())
    assert not changed, changed
    return result


def resource(module: str, result: Values) -> Values:
    """The resource in the result of a module."""
    return dict(result[KEYS[module]])


def accounts(kind: str) -> List[int]:
    """One or two ids of this user namespace, the own one first; kind: uid or gid."""
    own = os.getuid() if kind == "uid" else os.getgid()
    known: List[int] = []
    for line in Path(f"/proc/self/{kind}_map").read_text().splitlines():
        start, _outside, count = map(int, line.split())
        known += range(start, start + min(count, 3))
    return [own, *(number for number in known if number != own)][:2]


# Other programs


def ip(*words: str) -> str:
    """The output of ip or bridge of iproute2: ip("ip", "link")."""
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def sh(*lines: str) -> None:
    """Runs shell commands."""
    for line in lines:
        done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, errors="replace", check=False)
        assert done.returncode == 0, f"{line}: {done.stderr}"


def shown(name: str, netns: str = "", program: str = "ip") -> Values:
    """A link as iproute2 shows it."""
    words = [program, *(["-n", netns] if netns else []), "-j", "-d", "link", "show", "dev", name]
    found: List[Values] = json.loads(ip(*words))
    return next(entry for entry in found if entry)


# The kernel, read without pyroute2 and without the engine

RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE = 18, 22, 26
SETTINGS = ("ipv4/ip_forward", "ipv4/ping_group_range", "ipv4/conf/all/rp_filter", "ipv4/conf/default/arp_ignore", "ipv6/conf/all/forwarding")
_LINK_FLAGS_VOLATILE = 0x40 | 0x10000 | 0x20000  # running, lower up, dormant
_LINK_VOLATILE = {6, 7, 14, 16, 23, 26, 33, 35, 42, 43, 44, 47, 48, 59, 60}  # queue, counters, state and carrier, padding, limits of the hardware
_PROMISCUITY, _UP = 30, 0x1
"""The kernel brings it up to date only while a link is up (C(dev_set_rx_mode)): a link on top that is deleted later leaves it as it was."""
_BRIDGE_VOLATILE = {10, 11, 14, 15, 16, 17, 18, 19, 47, 48}  # identity (it follows the MAC), topology, timers, querier, hosts learned
_VOLATILE = {"bridge": _BRIDGE_VOLATILE, "bond": {2, 23}}  # the active port, what LACP has negotiated
_OF_BOND_PORT = (5, 9)  # what is set: all else is the state of the port
_AGEING_TIME, _STP_STATE = 4, 5
_PORT_VOLATILE = {1, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 38, 41}  # state, election, number, timers, counters
_OF_KERNEL = "03"  # IFAPROT_KERNEL_LL
_ADDRESS_FLAGS_VOLATILE = 0x04 | 0x08 | 0x40  # optimistic, failed, tentative
_NAMES = {1: "address", 3: "name", 4: "mtu", 5: "link", 10: "master", 20: "alias"}


def namespaces() -> List[str]:
    path = Path("/run/netns")
    return sorted(entry.name for entry in path.iterdir()) if path.exists() else []


def snapshot() -> Values:
    """The state of all networks, byte for byte, without what changes by itself."""
    state: Values = {}
    for name in ["", *namespaces()]:
        try:
            with inside(name):
                state[name] = _network()
        except OSError:
            state[name] = "not a namespace"
    return state


_FOLLOWS_THE_PORTS = (59, 60)
"""IFLA_TSO_MAX_SIZE and IFLA_TSO_MAX_SEGS of a bridge that had a port."""
_FOLLOWS_THE_MAC = (10, 11)
"""IFLA_BR_ROOT_ID and IFLA_BR_BRIDGE_ID, which are zero on a bridge that never had a port."""


def restorable(state: Values) -> Values:
    """A copy of a snapshot without values that nobody can restore."""
    state = copy.deepcopy(state)
    for network in (network for network in state.values() if isinstance(network, dict)):
        for link in network["links"].values() if isinstance(network["links"], dict) else network["links"]:
            if link["kind"] == "bridge":
                for code in _FOLLOWS_THE_PORTS:
                    link.pop(code, None)
                for code in _FOLLOWS_THE_MAC:
                    link["data"].pop(code, None)
    return state


def difference(before: Any, after: Any, where: str = "") -> str:
    """The differences of two snapshots as text; '' if there are none."""
    if before == after:
        return ""
    if isinstance(before, dict) and isinstance(after, dict):
        parts = [difference(before.get(key), after.get(key), f"{where}/{key}") for key in {**before, **after}]
        return "; ".join(part for part in parts if part)
    if isinstance(before, list) and isinstance(after, list):
        gone = [entry for entry in before if entry not in after]
        new = [entry for entry in after if entry not in before]
        if len(gone) == len(new) == 1:
            return difference(gone[0], new[0], where)
        return f"{where}: gone {gone}, new {new}" + ("" if gone or new else f", order of {after}")
    return f"{where}: {after!r} instead of {before!r}"


def portable(state: Values) -> Values:
    """The snapshot without what the kernel chooses: indexes are replaced by names; MAC addresses that do not begin with 02:00:00
    and ids of namespaces are removed."""
    result: Record = {}
    for netns, network in state.items():
        if isinstance(network, str):
            result[netns] = network
            continue
        names = {link["index"]: link["name"] for link in network["links"]}
        links = {link["name"]: _portable_link(link, names) for link in network["links"]}
        routes = sorted((_with_named_ways(_named(route, names, 4), names) for route in network["routes"]), key=repr)
        addresses = [{**address, "index": names[address["index"]]} for address in network["addresses"]]
        vlans = {names[index]: spec for index, spec in network["vlans"].items()}
        result[netns] = {**network, "links": links, "routes": routes, "addresses": sorted(addresses, key=_order), "vlans": vlans}
    return result


def _portable_link(link: Record, names: Dict[int, str]) -> Record:
    chosen = {"index", 37, 54} | (set() if link.get("address", "").startswith("020000") else {"address"})
    kept = {key: value for key, value in link.items() if key not in chosen}
    kept["link"] = names.get(kept.get("link", 0)) if 37 not in link else "in another namespace"
    kept["master"] = names.get(kept.get("master", 0))
    kept["port"] = _named(link["port"], names, 34)
    return kept


def _named(values: Record, names: Dict[int, str], code: int) -> Record:
    return {**values, code: names.get(_number(values[code]))} if code in values else values


def _with_named_ways(route: Record, names: Dict[int, str]) -> Record:
    """A route whose next hops have the names of their links."""
    if 9 not in route:
        return route
    payload, ways, start = bytes.fromhex(route[9]), [], 0
    while start + 8 <= len(payload):
        length, flags, weight, index = struct.unpack_from("=HBBi", payload, start)
        ways.append((flags, weight, names.get(index), payload[start + 8 : start + length].hex()))
        start += (length + 3) & ~3
    return {**route, 9: ways}


def _number(text: str) -> int:
    return int.from_bytes(bytes.fromhex(text), "little")


def _network() -> Record:
    links = [_link(body) for body in _dump(RTM_GETLINK, struct.pack("=BxHiII", 0, 0, 0, 0, 0) + _attribute(29, struct.pack("=I", 8)))]
    names = {link["index"]: link["name"] for link in links}
    addresses = [_address(body, names) for body in _dump(RTM_GETADDR, struct.pack("=BBBBI", 0, 0, 0, 0, 0))]
    routes = [_route(body) for family in (socket.AF_INET, socket.AF_INET6) for body in _dump(RTM_GETROUTE, struct.pack("=BBBBBBBBI", family, *[0] * 8))]
    vlans = {}
    if any(link["kind"] == "bridge" for link in links):
        for body in _dump(RTM_GETLINK, struct.pack("=BxHiII", socket.AF_BRIDGE, 0, 0, 0, 0) + _attribute(29, struct.pack("=I", 2))):
            attributes = dict(_attributes(body, 16))
            if 26 in attributes:
                vlans[struct.unpack_from("=i", body, 4)[0]] = attributes[26].hex()
    settings = {key: _setting(key) for key in [*SETTINGS, *(f"ipv6/conf/{link['name']}/disable_ipv6" for link in links)]}
    return {
        "links": links,
        "addresses": sorted((address for address in addresses if address), key=_order),
        "routes": sorted((route for route in routes if route), key=repr),
        "vlans": vlans,
        "settings": settings,
        "entries": sorted(_entries(links, names), key=repr),
    }


RTM_GETNEIGH, RTM_GETRULE, RTM_GETQDISC, RTM_GETMDB = 30, 34, 38, 86
_PERMANENT, _STATIC, _SELF, _PROXY = 0x80, 0x40, 0x02, 0x08
_NEIGHBOUR_VOLATILE, _QDISC_STATE, _AUTOMATIC_HANDLE = (3, 4), (3, 4, 7), 0
_FRA_L3MDEV, _FRA_PROTOCOL, _OF_KERNEL = 19, 21, "02"
_MDB_ENTRY = struct.Struct("=IBBH16sHxx")


def _entries(links: List[Record], names: Dict[int, str]) -> Iterator[Record]:
    """Neighbours, forwarding databases, multicast databases, rules and queueing disciplines, without what comes and goes by itself."""
    own = {link.get("address") for link in links}
    for family, flags in ((0, 0), (0, _PROXY), (socket.AF_BRIDGE, 0)):
        for body in _dump(RTM_GETNEIGH, struct.pack("=BxxxiHBB", family, 0, 0, flags, 0)):
            family_of, index, state, flags_of, _type = struct.unpack_from("=BxxxiHBB", body)
            attributes = {code: payload.hex() for code, payload in _attributes(body, 12) if code not in _NEIGHBOUR_VOLATILE}
            is_filter = family == socket.AF_BRIDGE and flags_of & _SELF and 1 not in attributes
            is_own = family == socket.AF_BRIDGE and attributes.get(2) in own
            if not is_filter and not is_own and (state & _PERMANENT or flags_of & _PROXY or (state & _STATIC and family == socket.AF_BRIDGE)):
                master = names.get(_number(attributes.pop(9, "00")))
                yield {"of": family_of, "link": names.get(index), "master": master, "state": state, "flags": flags_of, **attributes}
    for family in (socket.AF_INET, socket.AF_INET6):
        for body in _dump(RTM_GETRULE, struct.pack("=BBBBBBBBI", family, *[0] * 8)):
            attributes = {code: payload.hex() for code, payload in _attributes(body, 12)}
            if not (attributes.get(_FRA_PROTOCOL) == _OF_KERNEL and _FRA_L3MDEV in attributes):  # added with the first VRF, and never deleted
                yield {"rule": body[:12].hex(), **attributes}
    for body in _dump(RTM_GETQDISC, struct.pack("=BxxxiIII", 0, 0, 0, 0, 0)):
        index, handle, parent = struct.unpack_from("=iII", body, 4)
        if handle >> 16 != _AUTOMATIC_HANDLE:
            yield {"qdisc": names.get(index), "parent": parent, **{code: payload.hex() for code, payload in _attributes(body, 20) if code not in _QDISC_STATE}}
    yield from _groups(names) if any(link["kind"] == "bridge" for link in links) else ()


def _groups(names: Dict[int, str]) -> Iterator[Record]:
    for body in _dump(RTM_GETMDB, struct.pack("=BxxxI", socket.AF_BRIDGE, 0)):
        entries = (entry for code, nest in _attributes(body, 8) if code == 1 for _entry, one in _attributes(nest) for _info, entry in _attributes(one))
        for entry in entries:
            port, state, _flags, vid, group, protocol = _MDB_ENTRY.unpack_from(entry)
            if state:
                attributes = {code: payload.hex() for code, payload in _attributes(entry, _MDB_ENTRY.size) if code == 4}
                yield {
                    "mdb": names.get(struct.unpack_from("=I", body, 4)[0]),
                    "port": names.get(port),
                    "vid": vid,
                    "group": group.hex(),
                    "of": protocol,
                    **attributes,
                }


def _setting(key: str) -> Optional[str]:
    with suppress(OSError):
        return Path("/proc/sys/net", key).read_text().strip()
    return None


_PROP_LIST = 52


def _link(body: bytes) -> Record:
    index, flags = struct.unpack_from("=iI", body, 4)
    link: Record = {"index": index, "flags": flags & ~_LINK_FLAGS_VOLATILE, "kind": "", "data": {}, "port": {}}
    for code, payload in _attributes(body, 16):
        if code == 18:
            _info(payload, link)
        elif code == 26:
            modes = [value for family, inner in _attributes(payload) if family == socket.AF_INET6 for key, value in _attributes(inner) if key == 8]
            link["addrgenmode"] = modes[0].hex() if modes else None
        elif code == _PROP_LIST:
            link["altnames"] = sorted(name.hex() for _code, name in _attributes(payload))
        elif code not in _LINK_VOLATILE and not (code == _PROMISCUITY and not flags & _UP):
            link[_NAMES.get(code, code)] = _value(code, payload)
    return link


def _value(code: int, payload: bytes) -> Any:
    if code in (3, 20):
        return payload.rstrip(b"\0").decode("utf-8", "surrogateescape")
    return struct.unpack("=I", payload)[0] if code in (4, 5, 10) else payload.hex()


def _info(payload: bytes, link: Record) -> None:
    master = ""
    for code, inner in _attributes(payload):
        if code == 1:
            link["kind"] = inner.rstrip(b"\0").decode("utf-8", "surrogateescape")
        elif code == 2:
            volatile = _VOLATILE.get(link["kind"], set())
            link["data"] = {key: value.hex() for key, value in _attributes(inner) if key not in volatile}
            if link["kind"] == "bridge" and int(link["data"].get(_STP_STATE, "0"), 16):
                link["data"].pop(_AGEING_TIME, None)  # while the tree changes the kernel shows twice the forward delay
        elif code == 4:
            master = inner.rstrip(b"\0").decode("utf-8", "surrogateescape")
        elif code == 5:
            kept = {key: value.hex() for key, value in _attributes(inner) if key not in _PORT_VOLATILE}
            link["port"] = {key: kept[key] for key in _OF_BOND_PORT if key in kept} if master == "bond" else kept


def _address(body: bytes, names: Dict[int, str]) -> Optional[Record]:
    family, prefix, _flags, scope, index = struct.unpack_from("=BBBBI", body)
    attributes = {code: payload.hex() for code, payload in _attributes(body, 8) if code not in (6, 8)}
    flags = next((struct.unpack("=I", payload)[0] for code, payload in _attributes(body, 8) if code == 8), 0)
    label = bytes.fromhex(attributes.pop(3, "")).rstrip(b"\0").decode("utf-8", "surrogateescape")
    if label and not re.fullmatch(re.escape(names.get(index, "")) + r"(:\d+)?", label):  # the kernel numbers them when a link gets another name
        attributes[3] = label
    if attributes[1].startswith("fe80") and (attributes[1][22:26] == "fffe" or attributes.get(11) == _OF_KERNEL):
        return None  # the kernel's own link-local address, which comes late
    return {"family": family, "prefix": prefix, "scope": scope, "index": index, "flags": flags & ~_ADDRESS_FLAGS_VOLATILE, **attributes}


def _order(address: Record) -> Tuple[Any, int, str]:
    """The order of IPv4 addresses matters: the first one of a subnet is the primary one."""
    return address["index"], address["family"], address[1] if address["family"] == socket.AF_INET6 else ""


def _route(body: bytes) -> Optional[Record]:
    family, length, _source, tos, table, protocol, scope, kind, flags = struct.unpack_from("=BBBBBBBBI", body)
    attributes = {code: payload.hex() for code, payload in _attributes(body, 12) if code != 12}
    if 9 in attributes:
        attributes[9] = _ways(bytes.fromhex(attributes[9]))
    if table == 255 or (family == socket.AF_INET6 and protocol == 2):
        return None  # what the kernel makes of addresses, in its own time
    return {"family": family, "length": length, "tos": tos, "protocol": protocol, "scope": scope, "type": kind, "flags": flags & 4, **attributes}


def _ways(payload: bytes) -> str:
    """The next hops of a route, without the flags that follow the carrier."""
    ways, start = b"", 0
    while start + 8 <= len(payload):
        length, flags = struct.unpack_from("=HB", payload, start)
        ways += struct.pack("=HB", length, flags & 4) + payload[start + 3 : start + length]
        start += (length + 3) & ~3
    return ways.hex()


def _attribute(code: int, payload: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(payload), code) + payload


def _attributes(payload: bytes, start: int = 0) -> Iterator[Tuple[int, bytes]]:
    while start + 4 <= len(payload):
        length, code = struct.unpack_from("=HH", payload, start)
        if length < 4:
            return
        yield code & 0x3FFF, payload[start + 4 : start + length]
        start += (length + 3) & ~3


def _dump(kind: int, request: bytes) -> List[bytes]:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as sock:
        for _attempt in range(20):
            sock.send(struct.pack("=IHHII", 16 + len(request), kind, 0x301, 1, 0) + request)
            bodies, interrupted = _answers(sock)
            if not interrupted:
                return bodies
    raise AssertionError("the network changes too fast to be read")


def _answers(sock: socket.socket) -> Tuple[List[bytes], bool]:
    bodies: List[bytes] = []
    interrupted = False
    while True:
        buffer = sock.recv(1 << 18)
        start = 0
        while start + 16 <= len(buffer):
            length, kind, flags = struct.unpack_from("=IHH", buffer, start)
            interrupted = interrupted or bool(flags & 0x10)
            if kind == 2:
                code = struct.unpack_from("=i", buffer, start + 16)[0]
                raise OSError(-code, os.strerror(-code))
            if kind == 3:
                return bodies, interrupted
            bodies.append(buffer[start + 16 : start + length])
            start += (length + 3) & ~3
