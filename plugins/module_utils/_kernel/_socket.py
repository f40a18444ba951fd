# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A netlink socket: requests, dumps, acknowledgements (netlink(7), rtnetlink(7))."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import struct
import sys
import time
from contextlib import suppress
from typing import Iterator, List, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError, refusal
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._nla import split

Message = Tuple[int, bytes, int, int]
"""Type, buffer, and start and end of the body in the buffer."""

NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 0x1, 0x4, 0x300
_NLM_F_CAPPED, _NLM_F_ACK_TLVS, _NLM_F_DUMP_INTR = 0x100, 0x200, 0x10
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_SOL_NETLINK, _NETLINK_CAP_ACK, _NETLINK_EXT_ACK, _NETLINK_GET_STRICT_CHK = 270, 10, 11, 12
_NLMSGERR_ATTR_MSG = 1
_HEADER = struct.Struct("=IHHII")
_SO_NETNS_COOKIE = {"sparc": 0x50, "parisc": 0x4045}.get(os.uname().machine.rstrip("64"), 71)
_BUFFER = 1 << 16
"""Larger than one part of a dump, and smaller than what malloc would map again each time."""
_SIOCGIFINDEX, _IFREQ = 0x8933, struct.Struct("=16si20x")
_DUMP_PATIENCE = 20.0
"""How long a dump is repeated, in seconds: when 5,000 links go up, their IPv6 addresses change for some seconds."""
_PAUSE = 0.5
"""The longest pause between two tries, in seconds."""


class NetlinkSocket:
    """A socket in the namespace in which it was opened, wherever the process goes later."""

    def __init__(self, protocol: int = socket.NETLINK_ROUTE) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        with suppress(OSError):  # not supported before Linux 4.3, 4.12 and 4.20
            for option in (_NETLINK_CAP_ACK, _NETLINK_EXT_ACK, _NETLINK_GET_STRICT_CHK):
                self._socket.setsockopt(_SOL_NETLINK, option, 1)
        self._sequence = 0

    def close(self) -> None:
        self._socket.close()

    @property
    def cookie(self) -> int:
        """The number of its namespace, which no other one gets until the next reboot (socket(7), SO_NETNS_COOKIE); 0 before Linux 5.14."""
        try:
            return int.from_bytes(self._socket.getsockopt(socket.SOL_SOCKET, _SO_NETNS_COOKIE, 8), sys.byteorder)
        except OSError:
            return 0

    def index(self, name: str) -> int:
        """The index of a link (netdevice(7)). KernelError ENODEV if it does not exist."""
        try:
            answer = fcntl.ioctl(self._socket, _SIOCGIFINDEX, _IFREQ.pack(os.fsencode(name), 0))
        except OSError as error:
            raise KernelError(error.errno or errno.ENODEV, name) from None
        return int(_IFREQ.unpack(answer)[1])

    def send(self, kind: int, flags: int, body: bytes) -> None:
        self._sequence += 1
        try:
            self._socket.send(_HEADER.pack(16 + len(body), kind, flags | NLM_F_REQUEST, self._sequence, 0) + body)
        except OSError as error:
            raise refusal(error) from None

    def request(self, kind: int, flags: int, body: bytes) -> None:
        """Sends a change. KernelError if the kernel refuses it."""
        self.send(kind, flags | NLM_F_ACK, body)
        for _message in self._answers():
            pass

    def get(self, kind: int, body: bytes) -> Message:
        """Reads one object. KernelError if it does not exist."""
        self.send(kind, 0, body)
        return next(self._answers())

    def dump(self, kind: int, body: bytes) -> List[Message]:
        """Reads all objects. Repeated if the kernel reports that they changed meanwhile."""
        pause, deadline = 0.001, time.monotonic() + _DUMP_PATIENCE
        while True:
            self.send(kind, NLM_F_DUMP, body)
            try:
                return list(self._answers())
            except _InterruptedError:
                if time.monotonic() > deadline:
                    raise KernelError(errno.EBUSY, "the network changes too fast to be read") from None
            time.sleep(pause)
            pause = min(2 * pause, _PAUSE)

    def _answers(self) -> Iterator[Message]:
        interrupted = 0
        header, receive, expected = _HEADER.unpack_from, self._socket.recv, self._sequence
        while True:
            try:
                buffer = receive(_BUFFER)
            except OSError as error:
                raise refusal(error) from None
            start, size = 0, len(buffer)
            while start + 16 <= size:
                length, kind, flags, sequence, _port = header(buffer, start)
                body, end = start + 16, start + length
                start += (length + 3) & ~3
                if sequence != expected:
                    continue
                interrupted |= flags & _NLM_F_DUMP_INTR
                if kind == _NLMSG_ERROR:
                    _check_ack(buffer, body, end, flags)
                    return
                if kind == _NLMSG_DONE:
                    if interrupted:
                        raise _InterruptedError
                    return
                yield kind, buffer, body, end


class _InterruptedError(Exception):
    """The objects changed during a dump."""


def _check_ack(buffer: bytes, body: int, end: int, flags: int) -> None:
    code = -struct.unpack_from("=i", buffer, body)[0]
    if not code:
        return
    said = ""
    if flags & _NLM_F_ACK_TLVS:
        start = body + 20
        if not flags & _NLM_F_CAPPED:
            start = body + 4 + ((struct.unpack_from("=I", buffer, body + 4)[0] + 3) & ~3)
        for attribute, first, last in split(buffer, start, end):
            if attribute == _NLMSGERR_ATTR_MSG:
                said = buffer[first:last].rstrip(b"\0").decode("utf-8", "surrogateescape")
    raise KernelError(code, said)
