# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends ICMP echo requests from many namespaces at once (RFC 792, RFC 4443; raw(7), ping(8))."""

from __future__ import annotations

import errno
import os
import random
import select
import socket
import struct
import time
from contextlib import suppress
from typing import Dict, Iterable, Iterator, List, NamedTuple, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError, refusal
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._namespaces import Namespaces

_HEADER, _CONTENT = struct.Struct("!BBHHH"), struct.Struct("!8sIQ")
"""C(struct icmphdr) of an echo, with the identifier that connection tracking uses. Its payload: a token of this process, the
number of the request, and the time of sending (ns since 1970)."""
LEAST_SIZE = _CONTENT.size
_ECHO = {socket.AF_INET: (8, 0), socket.AF_INET6: (128, 129)}
"""The types of request and reply."""
_FILTERS = {
    socket.AF_INET: (255, 1, struct.pack("=I", ~(1 << 0) & 0xFFFFFFFF)),  # SOL_RAW, ICMP_FILTER: only replies pass
    socket.AF_INET6: (socket.IPPROTO_ICMPV6, 1, struct.pack("=8I", *(0xFFFFFFFF & ~(1 << 1 if word == 4 else 0) for word in range(8)))),  # 129 = 4 * 32 + 1
}
_PROTOCOLS = {socket.AF_INET: socket.IPPROTO_ICMP, socket.AF_INET6: socket.IPPROTO_ICMPV6}
_SO_TIMESTAMPNS, _TIMESPEC = 35, struct.Struct("=qq")
"""The kernel's timestamp of a packet, as this process reads it later (socket(7))."""
_BUFFER, _ANCILLARY = 1 << 16, socket.CMSG_SPACE(_TIMESPEC.size)
_FIRST_PAUSE, _LONGEST_PAUSE, _INTERVAL = 0.1, 1.0, 0.05  # seconds
_AT_ONCE = 16
_OVERTIME = 0.5
"""How long replies that have arrived are read after the end, in seconds."""
"""Number of requests to send before replies are read: a socket buffer holds that many of the largest."""
_SO_RCVBUFFORCE, _WANTED_BUFFER = 33, 4 << 20


class Pair(NamedTuple):
    """A namespace that asks, and the address that it asks."""

    source: str
    target: str


class Answer(NamedTuple):
    """The number of requests, the round trip times of the replies (seconds), and the errno of the last request if it could not be sent."""

    sent: int
    times: List[float]
    error: int = 0


class Pinger:
    """Keeps a socket for each namespace and address family until it is closed."""

    def __init__(self, namespaces: Namespaces, size: int) -> None:
        self._namespaces = namespaces
        self._token = os.urandom(8)
        self._identity = random.randrange(1 << 16)
        self._padding = bytes(size - _CONTENT.size)
        self._number = 0
        self._waiting: Dict[int, Pair] = {}
        """Requests without reply. Numbers are not used again, so a late reply is not mistaken for another one."""
        self._sockets: Dict[Tuple[str, int], socket.socket] = {}
        self._poll = select.epoll()
        self._by_descriptor: Dict[int, Tuple[socket.socket, int]] = {}

    def close(self) -> None:
        self._poll.close()
        for opened in self._sockets.values():
            opened.close()
        self._sockets.clear()

    def reach(self, pairs: List[Pair], seconds: float) -> Dict[Pair, Answer]:
        """Asks each address until it answers, for at most C(seconds)."""
        answers: Dict[Pair, Answer] = {}
        silent = list(pairs)
        end, pause = time.monotonic() + seconds, _FIRST_PAUSE
        while silent:
            errors, replies = self._ask_all(silent, min(end, time.monotonic() + pause), len(silent))
            answers.update((pair, Answer(0 if error else 1, [], error)) for pair, error in errors.items())
            answers.update((pair, Answer(1, times[:1])) for pair, times in replies.items())
            silent = [pair for pair in silent if not answers[pair].times]
            if time.monotonic() >= end:
                break
            pause = min(2 * pause, _LONGEST_PAUSE)
        self._waiting.clear()
        return answers

    def repeat(self, pairs: List[Pair], count: int, seconds: float) -> Dict[Pair, Answer]:
        """Sends C(count) requests to each address, and waits C(seconds) for the last replies."""
        times: Dict[Pair, List[float]] = {pair: [] for pair in pairs}
        for turn in range(count):
            wait = seconds if turn == count - 1 else _INTERVAL
            _errors, replies = self._ask_all(pairs, time.monotonic() + wait, 0)
            for pair, took in replies.items():
                times[pair] += took
        self._waiting.clear()
        return {pair: Answer(count, took) for pair, took in times.items()}

    def _ask_all(self, pairs: List[Pair], end: float, enough: int) -> Tuple[Dict[Pair, int], Dict[Pair, List[float]]]:
        """Sends a request for each pair and reads replies until C(end), or until C(enough) pairs or all have answered.

        Returns the errno of each request (0 for none) and the round trip times. It reads while it sends, as the socket buffers
        would not hold all replies.
        """
        errors: Dict[Pair, int] = {}
        replies: Dict[Pair, List[float]] = {}
        for position, pair in enumerate(pairs, 1):
            errors[pair] = self._ask(pair)
            if position % _AT_ONCE == 0:
                self._read(0.0, replies)
        while self._waiting and (not enough or len(replies) < enough):
            left = end - time.monotonic()
            if (not self._read(max(0.0, left), replies) and left <= 0) or left < -_OVERTIME:
                break
        return errors, replies

    def _ask(self, pair: Pair) -> int:
        """Sends one request; returns the errno if that fails."""
        family = socket.AF_INET6 if ":" in pair.target else socket.AF_INET
        self._number += 1
        content = _CONTENT.pack(self._token, self._number, time.time_ns()) + self._padding
        try:
            self._socket(pair.source, family).sendto(_request(family, self._identity, content), (pair.target, 0))
        except OSError as error:
            return error.errno or errno.EIO
        self._waiting[self._number] = pair
        return 0

    def _read(self, seconds: float, replies: Dict[Pair, List[float]]) -> bool:
        """Adds the replies that arrive within C(seconds); returns whether any did."""
        ready = self._poll.poll(seconds)
        for descriptor, _event in ready:
            for number, took in self._received(*self._by_descriptor[descriptor]):
                pair = self._waiting.pop(number, None)
                if pair:
                    replies.setdefault(pair, []).append(took)
        return bool(ready)

    def _socket(self, netns: str, family: int) -> socket.socket:
        key = (netns, family)
        if key not in self._sockets:
            with self._namespaces.inside(netns):
                try:
                    opened = socket.socket(family, socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, _PROTOCOLS[socket.AddressFamily(family)])
                except OSError as error:
                    if error.errno == errno.EPERM:
                        raise KernelError(errno.EPERM, "a raw socket requires root or CAP_NET_RAW") from None
                    raise refusal(error) from None
            opened.setsockopt(*_FILTERS[socket.AddressFamily(family)])
            opened.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            with suppress(OSError):  # a user namespace may not exceed rmem_max
                opened.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _WANTED_BUFFER)
            self._sockets[key] = opened
            self._by_descriptor[opened.fileno()] = opened, family
            self._poll.register(opened, select.EPOLLIN)
        return self._sockets[key]

    def _received(self, opened: socket.socket, family: int) -> Iterator[Tuple[int, float]]:
        for _turn in range(_AT_ONCE):  # others may send more than can be read
            try:
                packet, ancillary, _flags, _sender = opened.recvmsg(_BUFFER, _ANCILLARY)
            except BlockingIOError:
                return
            start = (packet[0] & 15) * 4 if family == socket.AF_INET else 0
            if len(packet) < start + _HEADER.size + _CONTENT.size or packet[start] != _ECHO[socket.AddressFamily(family)][1]:
                continue
            token, number, sent = _CONTENT.unpack_from(packet, start + _HEADER.size)
            if token == self._token:
                yield number, max(0, _arrival(ancillary) - sent) / 1e9


def _arrival(ancillary: List[Tuple[int, int, bytes]]) -> int:
    """The arrival of a packet, in ns since 1970."""
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS) and len(data) >= _TIMESPEC.size:
            seconds, rest = _TIMESPEC.unpack_from(data)
            return int(seconds) * 10**9 + int(rest)
    return time.time_ns()


def _request(family: int, identity: int, content: bytes) -> bytes:
    """An echo request. The kernel computes the checksum of ICMPv6 only."""
    kind = _ECHO[socket.AddressFamily(family)][0]
    message = _HEADER.pack(kind, 0, 0, identity, 0) + content
    if family == socket.AF_INET6:
        return message
    return _HEADER.pack(kind, 0, _checksum(message), identity, 0) + content


def _checksum(message: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    words: Iterable[int] = struct.unpack("!%dH" % (len(message) // 2), message[: len(message) & ~1])
    total = sum(words) + (message[-1] << 8 if len(message) & 1 else 0)
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF
