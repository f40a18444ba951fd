# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends and receives real packets with Python's sockets."""

from __future__ import annotations

import fcntl
import itertools
import os
import select
import socket
import struct
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator

from processes import wait_for
from support import inside

EXPERIMENT = 0x88B5
"""The EtherType for local experiments, which no kernel answers."""
BROADCAST = b"\xff" * 6
_ETH_P_ALL, _PACKET_OUTGOING = 0x0003, 4
_SOL_PACKET, _PACKET_AUXDATA, _VLAN_VALID = 263, 8, 0x10
TAGS = {"802.1Q": 0x8100, "802.1ad": 0x88A8}
_TUNSETIFF, _IFF_NO_PI = 0x400454CA, 0x1000
_IFF_MODES = {"tun": 0x0001, "tap": 0x0002}
_ECHO: dict[int, tuple[int, int]] = {socket.AF_INET: (8, 0), socket.AF_INET6: (128, 129)}
_PORT_STATES = ("disabled", "listening", "learning", "forwarding", "blocking")
_numbers = itertools.count(1)


def frame(source: bytes, destination: bytes = BROADCAST, payload: bytes = b"hello", ethertype: int = EXPERIMENT) -> bytes:
    """An Ethernet frame of the minimum length."""
    return (destination + source + struct.pack("!H", ethertype) + payload).ljust(60, b"\0")


def tagged(data: bytes, vid: int, protocol: str = "802.1Q") -> bytes:
    """A frame with one more VLAN tag, the outermost one."""
    return data[:12] + struct.pack("!HH", TAGS[protocol], vid) + data[12:]


class Wire:
    """Ethernet frames of one type as they are sent and received on a link."""

    def __init__(self, link: str, ethertype: int) -> None:
        self._ethertype = ethertype
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.htons(_ETH_P_ALL))
        self._socket.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)
        self._socket.bind((link, _ETH_P_ALL))
        self.mac: bytes = self._socket.getsockname()[4]

    def close(self) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.send(data)

    def receive(self, seconds: float = 2, outgoing: bool = False) -> bytes | None:
        """The next frame that is received or sent, None if there is none in time."""
        deadline = time.monotonic() + seconds
        while _readable(self._socket.fileno(), deadline):
            data, beside, _flags, address = self._socket.recvmsg(2048, 64)
            if (address[2] == _PACKET_OUTGOING) == outgoing and _type(data) == self._ethertype:
                return _whole(data, beside)
        return None

    def gets(self, wanted: bytes, seconds: float = 2, outgoing: bool = False) -> bool:
        """Whether this frame is received or sent in time."""
        deadline = time.monotonic() + seconds
        while (data := self.receive(deadline - time.monotonic(), outgoing)) is not None:
            if data == wanted:
                return True
        return False

    def count(self, seconds: float, most: int = 10_000) -> int:
        """The number of frames that are received in time."""
        deadline = time.monotonic() + seconds
        number = 0
        while number < most and self.receive(deadline - time.monotonic()) is not None:
            number += 1
        return number


def _type(data: bytes) -> int:
    """The EtherType of the payload, after all tags."""
    start = 12
    while (found := int.from_bytes(data[start : start + 2], "big")) in TAGS.values():
        start += 4
    return found


def _whole(data: bytes, beside: list[tuple[int, int, bytes]]) -> bytes:
    """The frame as it was on the link: the kernel passes the outermost tag as ancillary data."""
    for level, kind, payload in beside:
        if (level, kind) == (_SOL_PACKET, _PACKET_AUXDATA):
            status, _length, _captured, _mac, _net, tci, protocol = struct.unpack_from("=IIIHHHH", payload)
            if status & _VLAN_VALID:
                return data[:12] + struct.pack("!HH", protocol, tci) + data[12:]
    return data


@contextmanager
def wire(link: str, netns: str = "", ethertype: int = EXPERIMENT) -> Iterator[Wire]:
    with inside(netns):
        opened = Wire(link, ethertype)
    try:
        yield opened
    finally:
        opened.close()


class Device:
    """A program that holds a TUN or TAP device."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def send(self, data: bytes) -> None:
        os.write(self.descriptor, data)

    def receive(self, wanted: Callable[[bytes], bool], seconds: float = 2) -> bytes | None:
        """The next packet that matches, None if there is none in time."""
        deadline = time.monotonic() + seconds
        while _readable(self.descriptor, deadline):
            data = os.read(self.descriptor, 2048)
            if wanted(data):
                return data
        return None

    def answer(self, ask: Callable[[], object], wanted: Callable[[bytes], bool], seconds: float = 5) -> bytes:
        """The packet that answers. The request is repeated, as a link that was just attached may drop packets."""

        def asked() -> bytes:
            ask()
            return self.receive(wanted, 0.1) or b""

        return wait_for(asked, seconds)


def open_tun() -> int:
    """Opens the device file without attaching: its permissions are those of the machine. The namespace in which it is opened counts."""
    return os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)


def attach_to(descriptor: int, name: str, mode: str, more: int = 0) -> None:
    """Attaches to a device. OSError if this process may not."""
    fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_MODES[mode] | _IFF_NO_PI | more))


@contextmanager
def attached(name: str, mode: str, netns: str = "") -> Iterator[Device]:
    with inside(netns):
        descriptor = open_tun()
    try:
        attach_to(descriptor, name, mode)
        yield Device(descriptor)
    finally:
        os.close(descriptor)


def experimental(data: bytes) -> bool:
    return data[12:14] == EXPERIMENT.to_bytes(2, "big")


def reaches(netns: str, destination: str, seconds: float = 5) -> bool:
    """Whether an echo request from the namespace is answered; repeated until it is."""
    family = socket.AF_INET6 if ":" in destination else socket.AF_INET
    request, _reply = _ECHO[family]
    protocol = socket.IPPROTO_ICMPV6 if family == socket.AF_INET6 else socket.IPPROTO_ICMP
    with inside(netns):
        sock = socket.socket(family, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
    with sock:
        mark = os.urandom(8)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                sock.sendto(echo(request, mark), (destination, 0))
            except OSError:  # no way there
                time.sleep(0.02)
                continue
            if _answered(sock, family, mark, min(deadline, time.monotonic() + 0.1)):
                return True
    return False


def _answered(sock: socket.socket, family: int, mark: bytes, deadline: float) -> bool:
    while _readable(sock.fileno(), deadline):
        try:
            data = sock.recv(2048)
        except OSError:  # what an ICMP error said
            continue
        start = (data[0] & 0xF) * 4 if family == socket.AF_INET else 0
        if data[start] == _ECHO[family][1] and data[start + 8 :] == mark:
            return True
    return False


def echo(kind: int, payload: bytes) -> bytes:
    """An ICMP message; the kernel fills in the checksum of ICMPv6."""
    message = struct.pack("!BBHHH", kind, 0, 0, os.getpid() & 0xFFFF, next(_numbers) & 0xFFFF) + payload
    return message[:2] + struct.pack("!H", checksum(message)) + message[4:]


def ipv4(source: str, destination: str, payload: bytes) -> bytes:
    """An IPv4 packet with ICMP."""
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, 1, 0, socket.inet_aton(source), socket.inet_aton(destination))
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    data += b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def port_state(port: str) -> str:
    """The state of a port in the network of the test."""
    return _PORT_STATES[int(Path("/sys/class/net", port, "brport/state").read_text())]


def wait_forwarding(*ports: str, seconds: float = 5) -> None:
    wait_for(lambda: all(port_state(port) == "forwarding" for port in ports), seconds)


def carrier(netns: str, name: str) -> bool:
    """Whether the kernel reports a carrier."""
    from pyroute2 import IPRoute

    with inside(netns), IPRoute() as route:
        (link,) = route.get_links(*route.link_lookup(ifname=name))
        return bool(link.get_attr("IFLA_CARRIER"))


def _readable(descriptor: int, deadline: float) -> bool:
    ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
    return bool(ready)
