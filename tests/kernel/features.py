# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Detects features of the kernel and of iproute2 by trying them, not by version."""

from __future__ import annotations

import shutil
import socket
import struct
import subprocess
from functools import lru_cache
from typing import Any, Dict, Tuple

import pytest
from support import _attribute, _attributes, _dump, private_network

_RTM_NEWLINK, _RTM_SETLINK = 16, 19

# The attributes of a bridge and of a port that not every kernel shows.
_BRIDGE = {"vlan_filtering": 7, "mcast_snooping": 23, "nf_call": 36, "boolopt": 46, "fdb_max_learned": 49}
_PORT = {"mcast_eht_hosts_limit": 37, "locked": 39, "mab": 40, "mcast_max_groups": 42, "neigh_vlan_suppress": 43}
_BOOLOPT = {"no_linklocal_learn": 0, "mcast_vlan_snooping": 1, "mst": 2}
_CONFIGURED = {
    "vlan_filtering": "CONFIG_BRIDGE_VLAN_FILTERING",
    "mcast_snooping": "CONFIG_BRIDGE_IGMP_SNOOPING",
    "nf_call": "CONFIG_BRIDGE_NETFILTER",
    "num_rx_queues": "CONFIG_RPS",
}


_NFTABLES = "add table inet probe; add chain inet probe last { type nat hook postrouting priority 100; }"


def has(feature: str) -> bool:
    return feature in _found()


def needs(*features: str) -> None:
    """Skips the test with the name of the feature if the kernel lacks it."""
    for feature in features:
        if not has(feature):
            pytest.skip(f"this kernel has no {feature}" + (f" ({_CONFIGURED[feature]})" if feature in _CONFIGURED else ""))


def needs_program(name: str) -> None:
    if not shutil.which(name):
        pytest.skip(f"there is no {name} here (package iproute2)")


def needs_nftables() -> None:
    """For both address families."""
    if not shutil.which("nft"):
        pytest.skip("there is no nft here (package nftables)")
    if not _nftables():
        pytest.skip("this kernel has no nftables (CONFIG_NF_TABLES_INET)")


@lru_cache(maxsize=None)
def _nftables() -> bool:
    with private_network():
        return subprocess.run(["nft", _NFTABLES], capture_output=True, check=False).returncode == 0


_QDISCS = {"tbf": "rate 1mbit burst 1600 latency 50ms", "pfifo": "limit 5", "bfifo": "limit 5000"}
_MIRROR = "tc qdisc add dev probe1 clsact && tc filter add dev probe1 ingress matchall action mirred egress mirror dev probe2"


def needs_qdisc(kind: str) -> None:
    needs_program("tc")
    if not _traffic_control(f"tc qdisc add dev probe1 root {kind} {_QDISCS.get(kind, '')}"):
        pytest.skip(f"this kernel has no {kind} (CONFIG_NET_SCH_{kind.upper()})")


def needs_mirroring() -> None:
    needs_program("tc")
    if not _traffic_control(_MIRROR):
        pytest.skip("this kernel does not mirror packets (CONFIG_NET_CLS_MATCHALL, CONFIG_NET_ACT_MIRRED)")


@lru_cache(maxsize=None)
def _traffic_control(command: str) -> bool:
    with private_network():
        subprocess.run(["ip", "link", "add", "probe1", "type", "veth", "peer", "name", "probe2"], check=True)
        return subprocess.run(["sh", "-c", command], capture_output=True, check=False).returncode == 0


@lru_cache(maxsize=None)
def helps(*words: str) -> str:
    """The usage text of a program."""
    done = subprocess.run([*words, "help"], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@lru_cache(maxsize=None)
def _found() -> Tuple[str, ...]:
    """Creates a bridge and a port in a private network, and returns the attributes that the kernel reports."""
    with private_network():
        nested = _attribute(1, b"bridge\0\0")
        _change(_RTM_NEWLINK, 0x600, 0, _padded(3, b"probe0\0") + _padded(18, nested))
        veth = _attribute(1, b"veth") + _padded(2, _padded(1, struct.pack("=BxHiII", 0, 0, 0, 0, 0) + _padded(3, b"probe2\0")))
        _change(_RTM_NEWLINK, 0x600, 0, _padded(3, b"probe1\0") + _padded(18, veth))
        bridge = _link("probe0")
        _change(_RTM_NEWLINK, 0, _link("probe1")["index"], _padded(10, struct.pack("=I", bridge["index"])))
        port = _link("probe1")
    found = [name for name, code in _BRIDGE.items() if code in bridge["data"] and name != "vlan_filtering"]
    found += [name for name, code in _PORT.items() if code in port["port"]]
    found += ["num_rx_queues"] if bridge["num_rx_queues"] else []
    if 46 in bridge["data"]:
        mask = struct.unpack("=II", bridge["data"][46])[1]
        found += [name for name, bit in _BOOLOPT.items() if mask >> bit & 1]
    # a kernel without VLAN filtering shows the flag all the same, but no protocol
    if 8 in bridge["data"]:
        found.append("vlan_filtering")
    else:
        found = [name for name in found if name not in ("mst", "mcast_vlan_snooping")]
    return tuple(found)


def _padded(code: int, payload: bytes) -> bytes:
    return _attribute(code, payload) + b"\0" * (-len(payload) & 3)


def _change(kind: int, flags: int, index: int, attributes: bytes) -> None:
    body = struct.pack("=BxHiII", 0, 0, index, 0, 0) + attributes
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as sock:
        sock.send(struct.pack("=IHHII", 16 + len(body), kind, flags | 0x5, 1, 0) + body)
        answer = sock.recv(65536)
    code = struct.unpack_from("=i", answer, 16)[0]
    if code:
        raise OSError(-code, "probing the kernel")


def _link(name: str) -> Dict[str, Any]:
    for body in _dump(18, struct.pack("=BxHiII", 0, 0, 0, 0, 0)):
        attributes = dict(_attributes(body, 16))
        if attributes[3].rstrip(b"\0").decode() == name:
            info = dict(_attributes(attributes[18]))
            data = dict(_attributes(info.get(2, b"")))
            port = dict(_attributes(info.get(5, b"")))
            return {"index": struct.unpack_from("=i", body, 4)[0], "data": data, "port": port, "num_rx_queues": 32 in attributes}
    raise AssertionError(name)
