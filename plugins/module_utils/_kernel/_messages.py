# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps a socket in each namespace, and reads messages there as the kernel sends them.

Sources: include/uapi/linux/rtnetlink.h, if_link.h, if_addr.h, net_namespace.h.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import struct
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple, TypeVar

from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _nla
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._namespaces import Namespaces, id_of, identity_of, is_no_namespace
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._socket import NetlinkSocket
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Identity, NamespaceId

_RTM_GETLINK, _RTM_GETADDR, _RTM_GETNSID = 18, 22, 90
IFINFO, IFADDR = struct.Struct("=BxHiII"), struct.Struct("=BBBBI")
_IFLA_EXT_MASK, _RTEXT_FILTER_SKIP_STATS = 29, 8
_NETNSA_NSID, _NETNSA_FD = 1, 3
_SIGNED = struct.Struct("=i").unpack_from
_T = TypeVar("_T")
_FEW_FILES, _FILES, _SPARE_FILES = 16, 16384, 32


class Opened(NamedTuple):
    """A namespace in which a socket was opened."""

    identity: Identity
    id: NamespaceId
    home_nsid: Optional[int]
    """The nsid of the namespace in which this process was started, in this one; None if it has none, or was not read."""


class NamespaceMessages(NamedTuple):
    """The messages of one namespace."""

    opened: Opened
    links: List[bytes]
    addresses: Optional[List[bytes]]
    """None if they were not read."""


class MessageReader:
    """Opens a socket in each namespace when it is first needed."""

    def __init__(self, namespaces: Namespaces) -> None:
        self.namespaces = namespaces
        self._sockets: Dict[str, NetlinkSocket] = {}
        self._most = _FEW_FILES

    def close(self) -> None:
        """Closes the sockets. Later reads open new ones, in the namespaces that have the names then."""
        for opened in self._sockets.values():
            opened.close()
        self._sockets.clear()

    def socket(self, netns: str) -> NetlinkSocket:
        if netns not in self._sockets:
            self._retried(lambda: self._open_socket(netns))
        return self._sockets[netns]

    def _open_socket(self, netns: str) -> NetlinkSocket:
        with self.namespaces.inside(netns):
            return self.keep_socket(netns, NetlinkSocket())

    def _retried(self, work: Callable[[], _T]) -> _T:
        """Does the work; if there are too many open files, again without the sockets of other namespaces."""
        try:
            return work()
        except (KernelError, OSError) as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE) or not self._sockets:
                raise
        self._most = max(1, len(self._sockets) // 2)
        self.close()
        return work()

    def open_namespace(self, netns: str, with_nsid: bool = False) -> Optional[Opened]:
        """Opens a socket in a namespace. None if it does not exist. C(with_nsid): also reads the nsid."""
        try:
            return self._retried(lambda: self._opened(netns, with_nsid))
        except KernelError as error:
            if is_no_namespace(error):
                return None
            raise

    def _opened(self, netns: str, with_nsid: bool) -> Opened:
        with self.namespaces.open(netns) as descriptor:
            if not netns:
                opened = self.socket("")
            else:
                with self.namespaces.entered(descriptor):
                    opened = self.keep_socket(netns, NetlinkSocket())
            netns_id = id_of(descriptor, opened.cookie, has_name=bool(netns) and "/" not in netns)
            return Opened(identity_of(descriptor), netns_id, self.nsid(netns, "") if with_nsid else None)

    def keep_socket(self, netns: str, opened: NetlinkSocket) -> NetlinkSocket:
        """Keeps an open socket. At the limit of open files the oldest one is closed."""
        if len(self._sockets) >= self._most:
            self._most = _most_files() - _open_files() + len(self._sockets)
        while self._sockets and len(self._sockets) >= self._most:
            self.forget(next(iter(self._sockets)))
        self._sockets[netns] = opened
        return opened

    def forget(self, netns: str) -> None:
        """Closes the socket of a namespace that is deleted or replaced."""
        if netns in self._sockets:
            self._sockets.pop(netns).close()

    def nsid(self, netns: str, other: str) -> Optional[int]:
        """The nsid of C(other) in C(netns) (ip netns list-id), None if it has none."""
        with self.namespaces.open(other) as descriptor:
            body = b"\0\0\0\0" + _nla.attribute(_NETNSA_FD, struct.pack("=I", descriptor))
            _type, buffer, start, end = self.socket(netns).get(_RTM_GETNSID, body)
        for code, first, _last in _nla.split(buffer, start + 4, end):
            if code == _NETNSA_NSID:
                number = int(_SIGNED(buffer, first)[0])
                return number if number >= 0 else None
        return None

    def link_messages(self, netns: str) -> List[bytes]:
        """All links, without statistics."""
        return self._messages(netns, _RTM_GETLINK, about_link())

    def address_messages(self, netns: str, index: int = 0) -> List[bytes]:
        """The addresses of one link, or of all. Kernels before 4.20 always send all."""
        return self._messages(netns, _RTM_GETADDR, IFADDR.pack(socket.AF_UNSPEC, 0, 0, 0, index))

    def _messages(self, netns: str, kind: int, body: bytes) -> List[bytes]:
        return [buffer[start:end] for _type, buffer, start, end in self.socket(netns).dump(kind, body)]


def about_link(index: int = 0) -> bytes:
    """A request for one link, or for all, without statistics if the kernel supports that."""
    return IFINFO.pack(socket.AF_UNSPEC, 0, index, 0, 0) + _WITHOUT_STATISTICS


def extension_mask(mask: int) -> bytes:
    """Requests more or less than usual (RTEXT_FILTER_*)."""
    return _nla.attribute(_IFLA_EXT_MASK, struct.pack("=I", mask))


def kernel_version(text: str) -> Tuple[int, int]:
    """Major and minor version from the release in uname(2): 6, 1 from C(6.1.0-37-amd64)."""
    major, minor = (int(re.sub("[^0-9].*", "", part) or 0) for part in (text + ".0").split(".")[:2])
    return major, minor


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def _most_files() -> int:
    """The number of files that may be open, without some that are kept free. Raises the soft limit."""
    import resource  # expensive to import, and only needed with many namespaces

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < limit:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    return limit - _SPARE_FILES


_WITHOUT_STATISTICS = extension_mask(_RTEXT_FILTER_SKIP_STATS) if kernel_version(os.uname().release) >= (6, 1) else b""
"""Linux 5.10 then also omits IFLA_INET6_ADDR_GEN_MODE; 5.11 to 6.0 are untested."""
