# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network namespaces: entering, creating, deleting (ip-netns(8), namespaces(7), setns(2))."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from contextlib import contextmanager, suppress
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError, refusal
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._ioctl import HERE, request
from ansible_collections.nfv.vnet.plugins.module_utils._resources import STALE_FILE, STALE_LINK, NamespaceId

DIRECTORY = "/run/netns"
_ANYTHING = "something else"
_OWN = "/proc/self/ns/net"
_CLONE_NEWNET = 0x40000000
_NS_GET_NSTYPE = request("\xb7", 3, HERE)
_MS_BIND, _MS_REC, _MS_SHARED = 0x1000, 0x4000, 0x100000
_MNT_DETACH, _UMOUNT_NOFOLLOW = 2, 8
_NO_NAMESPACE = (errno.ENOENT, errno.EINVAL, errno.ENXIO, errno.ELOOP, errno.ENOTDIR, errno.ENODEV, errno.EISDIR)
"""Errors of open(2) and setns(2) if a path leads to no namespace: to nothing, another file, a socket or a loop of links."""


def path_of(netns: str) -> str:
    if not netns:
        return _OWN
    return netns if "/" in netns else os.path.join(DIRECTORY, netns)


class Namespaces:
    """Namespaces by name, by path, or '' for the one in which this process was started."""

    def __init__(self) -> None:
        self._home = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)
        self._by_path: Dict[str, int] = {}
        """The open namespaces that are given by path, which stay the same until the end."""
        self._libc: Any = None
        self._shared = False
        self._attachments: Dict[str, str] = {}
        """The paths of namespaces that have no name yet, by the names that they will have."""

    def will_be(self, name: str, path: str) -> None:
        """Takes a path for a name as long as there is nothing of that name, since the namespace will get it."""
        self._attachments[name] = path

    def close(self) -> None:
        for descriptor in (self._home, *self._by_path.values()):
            os.close(descriptor)
        self._by_path.clear()

    @contextmanager
    def open(self, netns: str) -> Iterator[int]:
        """Opens the namespace. KernelError ENOENT if it does not exist, EINVAL if the file is no namespace."""
        if not netns:
            yield self._home
        elif "/" in netns:
            if netns not in self._by_path:  # whoever owns the path could change what it leads to
                self._by_path[netns] = _opened(netns)
            yield self._by_path[netns]
        else:
            descriptor = self._opened_by_name(netns)
            try:
                yield descriptor
            finally:
                os.close(descriptor)

    def _opened_by_name(self, name: str) -> int:
        try:
            return _opened(name)
        except KernelError as error:
            if error.errno != errno.ENOENT or name not in self._attachments:
                raise
        return _opened(self._attachments[name])

    def attach(self, name: str, path: str) -> None:
        """Gives the name to an existing namespace, as ip netns attach does."""
        self._share_directory()
        with self._file_to_mount_on(name) as place, self.open(path) as descriptor:
            self._mount("/proc/self/fd/%d" % descriptor, place, _MS_BIND)

    def identity(self, netns: str) -> Optional[Tuple[int, int]]:
        """Device and inode number of the namespace, None if it does not exist."""
        try:
            with self.open(netns) as descriptor:
                return identity_of(descriptor)
        except KernelError as error:
            if is_no_namespace(error):
                return None
            raise

    @contextmanager
    def inside(self, netns: str) -> Iterator[None]:
        """Runs the block in the namespace; C(/proc/sys/net) follows, C(/sys/class/net) does not."""
        if not netns:
            yield
            return
        with self.open(netns) as descriptor, self.entered(descriptor):
            yield

    @contextmanager
    def entered(self, descriptor: int) -> Iterator[None]:
        """Runs the block in the namespace of this file descriptor."""
        self._setns(descriptor)
        try:
            yield
        finally:
            self._setns(self._home)

    @contextmanager
    def create(self, name: str) -> Iterator[int]:
        """Creates a namespace, runs the block in it, and then mounts it at /run/netns/NAME as ip netns add does.

        Yields a descriptor of the namespace.
        """
        self._share_directory()
        with self._file_to_mount_on(name) as path:
            self._call("unshare", _CLONE_NEWNET)
            try:
                descriptor = os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC)  # while it is open, the file keeps its times
                try:
                    yield descriptor
                    self._mount(_OWN, path, _MS_BIND)
                finally:
                    os.close(descriptor)
            finally:
                self._setns(self._home)

    @contextmanager
    def _file_to_mount_on(self, name: str) -> Iterator[str]:
        """Makes the file of a name, and removes it if the block fails."""
        path = path_of(name)
        try:
            if os.path.islink(path):
                os.unlink(path)
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644))
        except OSError as error:
            raise refusal(error, path) from None
        try:
            yield path
        except BaseException:
            with suppress(OSError, KernelError):
                self._call("umount2", os.fsencode(path), _MNT_DETACH | _UMOUNT_NOFOLLOW)
            with suppress(OSError):
                os.unlink(path)
            raise

    def remove(self, name: str) -> None:
        """Deletes the name, if it exists. The namespace itself lives on while a process or socket uses it."""
        path = path_of(name)
        try:
            self._call("umount2", os.fsencode(path), _MNT_DETACH | _UMOUNT_NOFOLLOW)
        except KernelError as error:
            if error.errno not in (errno.EINVAL, errno.ENOENT):  # not a mount point: a stale file
                raise
        try:
            os.unlink(path)
        except FileNotFoundError:
            return
        except OSError as error:
            raise refusal(error, "another mount namespace holds %s" % path) from None

    def _setns(self, descriptor: int) -> None:
        self._call("setns", descriptor, _CLONE_NEWNET)

    def _mount(self, source: str, target: str, flags: int) -> None:
        self._call("mount", os.fsencode(source), os.fsencode(target), b"none", flags, None)

    def _call(self, function: str, *arguments: object) -> None:
        import ctypes  # expensive to import, and only needed to enter a namespace

        if not self._libc:
            self._libc = ctypes.CDLL(None, use_errno=True)
        if getattr(self._libc, function)(*arguments) != 0:
            raise KernelError(ctypes.get_errno())

    def _share_directory(self) -> None:
        """Makes mounts in /run/netns visible to other mount namespaces, as ip netns add does."""
        if self._shared:
            return
        try:
            os.makedirs(DIRECTORY, 0o755, exist_ok=True)
        except OSError as error:
            raise refusal(error, DIRECTORY) from None
        try:
            self._mount("", DIRECTORY, _MS_SHARED | _MS_REC)
        except KernelError as error:
            if error.errno != errno.EINVAL:
                raise
            self._mount(DIRECTORY, DIRECTORY, _MS_BIND | _MS_REC)
            self._mount("", DIRECTORY, _MS_SHARED | _MS_REC)
        self._shared = True


def _opened(netns: str) -> int:
    """Opens a namespace by name or path, without waiting for a FIFO."""
    try:
        descriptor = os.open(path_of(netns), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise refusal(error) from None
    if not _is_namespace(descriptor):
        os.close(descriptor)
        raise KernelError(errno.EINVAL)
    return descriptor


def is_no_namespace(error: KernelError) -> bool:
    """Whether a path leads to no namespace."""
    return error.errno in _NO_NAMESPACE


def identity_of(file: int | str) -> Tuple[int, int]:
    """Device and inode number of the namespace that a descriptor or path refers to."""
    status = os.stat(file)
    return status.st_dev, status.st_ino


def id_of(descriptor: int, cookie: int, has_name: bool) -> NamespaceId:
    """What identifies a namespace until the next reboot: its cookie, or device, inode number and time of the file that is mounted.

    Linux may give an inode number again at once. C(has_name): whether it is known to be mounted, which keeps the file and so its time.
    """
    if cookie:
        return str(cookie)
    status = os.fstat(descriptor)
    mounted = has_name or any(is_still(name, (status.st_dev, status.st_ino)) for name in names())
    return "-".join(map(str, (status.st_dev, status.st_ino, *([status.st_ctime_ns] if mounted else []))))


def is_still(netns: str, identity: Tuple[int, int]) -> bool:
    """Whether the name still refers to this namespace."""
    try:
        return identity_of(path_of(netns)) == identity
    except OSError:
        return False


def _is_namespace(descriptor: int) -> bool:
    try:
        return fcntl.ioctl(descriptor, _NS_GET_NSTYPE) == _CLONE_NEWNET
    except OSError:
        return False


def has_name(netns: str) -> bool:
    """Whether there is a namespace of this name."""
    try:
        os.close(_opened(netns))
    except KernelError as error:
        if is_no_namespace(error):
            return False
        raise
    return True


def occupied_by(netns: str) -> str:
    """What is in the place of a namespace, '' for nothing."""
    path = path_of(netns)
    try:
        status = os.lstat(path)
        if stat.S_ISLNK(status.st_mode) and not os.path.exists(path) and "/" not in netns:
            return STALE_LINK
        is_empty = "/" not in netns and stat.S_ISREG(status.st_mode) and status.st_size == 0
        is_mounted = is_empty and status.st_dev != os.stat(DIRECTORY).st_dev  # a namespace is an empty file, too
        return STALE_FILE if is_empty and not is_mounted else _ANYTHING
    except FileNotFoundError:
        return ""
    except OSError:
        return _ANYTHING


def names() -> List[str]:
    """The names in /run/netns."""
    try:
        return sorted(os.listdir(DIRECTORY))
    except FileNotFoundError:
        return []


def processes(identities: Iterable[Tuple[int, int]]) -> Dict[Tuple[int, int], List[int]]:
    """The processes in each of the namespaces, as far as this process may see them."""
    found: Dict[Tuple[int, int], List[int]] = {identity: [] for identity in identities}
    for entry in os.listdir("/proc") if found else ():
        if entry.isdigit():
            try:
                status = os.stat("/proc/%s/ns/net" % entry)
            except OSError:
                continue
            found.get((status.st_dev, status.st_ino), []).append(int(entry))
    return {identity: sorted(pids) for identity, pids in found.items()}
