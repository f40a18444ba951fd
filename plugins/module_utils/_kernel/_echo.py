# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""ICMP echo from inside many namespaces at once (RFC 792, RFC 4443; raw(7), ping(8))."""

from __future__ import annotations

import errno
import os
import random
import select
import socket
import struct
import time
from typing import Dict, Iterable, Iterator, List, NamedTuple, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError, refusal
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._namespaces import Namespaces

_HEADER, _CONTENT = struct.Struct("!BBHHH"), struct.Struct("!8sIQ")
"""C(struct icmphdr) of an echo, whose identity tells a firewall which packets belong together. What it carries: whose it is, the
number of the pair, and when it was sent (ns since 1970)."""
LEAST_SIZE = _CONTENT.size
_ECHO = {socket.AF_INET: (8, 0), socket.AF_INET6: (128, 129)}
"""The types of request and reply."""
_FILTERS = {
    socket.AF_INET: (255, 1, struct.pack("=I", ~(1 << 0) & 0xFFFFFFFF)),  # SOL_RAW, ICMP_FILTER: all but replies stay away
    socket.AF_INET6: (socket.IPPROTO_ICMPV6, 1, struct.pack("=8I", *(0xFFFFFFFF & ~(1 << 1 if word == 4 else 0) for word in range(8)))),  # 129 = 4 * 32 + 1
}
_PROTOCOLS = {socket.AF_INET: socket.IPPROTO_ICMP, socket.AF_INET6: socket.IPPROTO_ICMPV6}
_SO_TIMESTAMPNS, _TIMESPEC = 35, struct.Struct("=qq")
"""When a packet arrived, told by the kernel: this process reads it later (socket(7))."""
_BUFFER, _BESIDE = 1 << 16, socket.CMSG_SPACE(_TIMESPEC.size)
_FIRST_PAUSE, _LONGEST_PAUSE, _INTERVAL = 0.1, 1.0, 0.05  # seconds


class Pair(NamedTuple):
    """Who asks whom: a namespace, and an address."""

    source: str
    target: str


class Answer(NamedTuple):
    """How many requests were sent once the first was answered, how long the replies took (seconds), and why the last was not sent."""

    sent: int
    times: List[float]
    error: int = 0


class Pinger:
    """Keeps a socket for each namespace and family until it is closed."""

    def __init__(self, namespaces: Namespaces, size: int) -> None:
        self._namespaces = namespaces
        self._token = os.urandom(8)
        self._identity = random.randrange(1 << 16)
        self._padding = bytes(size - _CONTENT.size)
        self._sockets: Dict[Tuple[str, int], socket.socket] = {}
        self._poll = select.epoll()
        self._by_descriptor: Dict[int, Tuple[socket.socket, int]] = {}

    def close(self) -> None:
        self._poll.close()
        for opened in self._sockets.values():
            opened.close()
        self._sockets.clear()

    def reach(self, pairs: List[Pair], seconds: float) -> Dict[Pair, Answer]:
        """Asks each until it answers, at most so many seconds."""
        answers = dict.fromkeys(pairs, Answer(0, []))
        waiting = dict(enumerate(pairs))
        end, pause = time.monotonic() + seconds, _FIRST_PAUSE
        while waiting:
            for number, pair in list(waiting.items()):
                answers[pair] = Answer(1, [], self._ask(pair, number))
            for number, took in self._replies(min(end, time.monotonic() + pause), len(waiting)):
                if number in waiting:
                    answers[waiting.pop(number)] = Answer(1, [took])
            if time.monotonic() >= end:
                break
            pause = min(2 * pause, _LONGEST_PAUSE)
        return answers

    def repeat(self, pairs: List[Pair], count: int, seconds: float) -> Dict[Pair, Answer]:
        """Asks each so many times, and waits so many seconds for the last replies."""
        times: Dict[Pair, List[float]] = {pair: [] for pair in pairs}
        missing = len(pairs) * count
        for turn in range(count):
            for number, pair in enumerate(pairs):
                self._ask(pair, number)
            wait = seconds if turn == count - 1 else _INTERVAL
            for number, took in self._replies(time.monotonic() + wait, missing):
                times[pairs[number]].append(took)
                missing -= 1
        return {pair: Answer(count, took) for pair, took in times.items()}

    def _ask(self, pair: Pair, number: int) -> int:
        """Sends one request; the code of the error where that cannot be."""
        family = socket.AF_INET6 if ":" in pair.target else socket.AF_INET
        content = _CONTENT.pack(self._token, number, time.time_ns()) + self._padding
        try:
            self._socket(pair.source, family).sendto(_request(family, self._identity, content), (pair.target, 0))
        except OSError as error:
            return error.errno or errno.EIO
        return 0

    def _socket(self, netns: str, family: int) -> socket.socket:
        key = (netns, family)
        if key not in self._sockets:
            with self._namespaces.inside(netns):
                try:
                    opened = socket.socket(family, socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, _PROTOCOLS[socket.AddressFamily(family)])
                except OSError as error:
                    if error.errno == errno.EPERM:
                        raise KernelError(errno.EPERM, "a raw socket takes root or CAP_NET_RAW") from None
                    raise refusal(error) from None
            opened.setsockopt(*_FILTERS[socket.AddressFamily(family)])
            opened.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            self._sockets[key] = opened
            self._by_descriptor[opened.fileno()] = opened, family
            self._poll.register(opened, select.EPOLLIN)
        return self._sockets[key]

    def _replies(self, end: float, most: int) -> Iterator[Tuple[int, float]]:
        """The numbers of the pairs that answer until then, and how long each took; ends early when there are as many as can come."""
        while most > 0:
            left = end - time.monotonic()
            ready = self._poll.poll(max(0.0, left))
            for descriptor, _event in ready:
                for reply in self._received(*self._by_descriptor[descriptor]):
                    most -= 1
                    yield reply
            if left <= 0 and not ready:
                return

    def _received(self, door: socket.socket, family: int) -> Iterator[Tuple[int, float]]:
        while True:
            try:
                packet, beside, _flags, _sender = door.recvmsg(_BUFFER, _BESIDE)
            except BlockingIOError:
                return
            start = (packet[0] & 15) * 4 if family == socket.AF_INET else 0
            if len(packet) < start + _HEADER.size + _CONTENT.size or packet[start] != _ECHO[socket.AddressFamily(family)][1]:
                continue
            token, number, sent = _CONTENT.unpack_from(packet, start + _HEADER.size)
            if token == self._token:
                yield number, max(0, _arrival(beside) - sent) / 1e9


def _arrival(beside: List[Tuple[int, int, bytes]]) -> int:
    """When a packet arrived, in ns since 1970."""
    for level, kind, data in beside:
        if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS) and len(data) >= _TIMESPEC.size:
            seconds, rest = _TIMESPEC.unpack_from(data)
            return int(seconds) * 10**9 + int(rest)
    return time.time_ns()


def _request(family: int, identity: int, content: bytes) -> bytes:
    """An echo request; the kernel fills in the checksum of ICMPv6 only."""
    kind = _ECHO[socket.AddressFamily(family)][0]
    message = _HEADER.pack(kind, 0, 0, identity, 0) + content
    if family == socket.AF_INET6:
        return message
    return _HEADER.pack(kind, 0, _checksum(message), identity, 0) + content


def _checksum(message: bytes) -> int:
    """Of the Internet (RFC 1071)."""
    words: Iterable[int] = struct.unpack("!%dH" % (len(message) // 2), message[: len(message) & ~1])
    total = sum(words) + (message[-1] << 8 if len(message) & 1 else 0)
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF
