# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""TUN and TAP devices by ioctl (include/uapi/linux/if_tun.h)."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from contextlib import suppress
from typing import Any, Container, Dict, List, Set, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError, refusal
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._ioctl import HERE, request_with_int
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Identity

_TUNSETIFF, _TUNSETPERSIST, _TUNSETOWNER, _TUNSETGROUP, _TUNSETIFINDEX = (request_with_int("T", number, HERE) for number in (202, 203, 204, 206, 218))
_MODES = {"tun": 0x0001, "tap": 0x0002}
_IFF_NO_PI, _IFF_VNET_HDR, _IFF_MULTI_QUEUE = 0x1000, 0x4000, 0x0100
_DEVICE = "/dev/net/tun"
Device = Tuple[Identity, str]
"""Identity of a namespace, and name of a link."""


def configure(name: str, values: Dict[str, Any], index: int = 0) -> None:
    """Creates the device, or changes owner and group of an existing one, in the namespace that the process is in.

    C(index): the index of a new device; 0 if the kernel chooses it.
    Attaching sets C(packet_info) and C(vnet_hdr), so C(values) must have them for an existing device, too. Until the device is
    made persistent, it vanishes if this process dies.
    """
    flags = _MODES[values["mode"]]
    flags |= 0 if values.get("packet_info") else _IFF_NO_PI
    flags |= _IFF_VNET_HDR if values.get("vnet_hdr") else 0
    flags |= _IFF_MULTI_QUEUE if values.get("multi_queue") else 0
    try:
        descriptor = os.open(_DEVICE, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.EACCES:
            raise KernelError(errno.EACCES, words="not permitted: %s is closed to this user; use become: true, or its usual mode 0666" % _DEVICE) from None
        missing = error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO)
        raise refusal(error, "%s cannot be opened%s" % (_DEVICE, "; it needs CONFIG_TUN" if missing else "")) from None
    try:
        if index:
            fcntl.ioctl(descriptor, _TUNSETIFINDEX, struct.pack("=I", index))
        fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", os.fsencode(name), flags))
        for request, attribute in ((_TUNSETOWNER, "owner"), (_TUNSETGROUP, "group")):
            if values.get(attribute):
                _allow(descriptor, request, attribute, int(values[attribute]))
        fcntl.ioctl(descriptor, _TUNSETPERSIST, 1)
    except OSError as error:
        raise refusal(error) from None
    finally:
        os.close(descriptor)


def _allow(descriptor: int, request: int, attribute: str, number: int) -> None:
    (signed,) = struct.unpack("=i", struct.pack("=I", number))
    try:
        fcntl.ioctl(descriptor, request, signed)
    except OSError as error:
        unknown = error.errno == errno.EINVAL
        raise refusal(error, "%s %d%s" % (attribute, number, " is not mapped in this user namespace" if unknown else "")) from None


def holders(namespaces: Container[Identity]) -> Dict[Device, List[int]]:
    """The processes in these namespaces that hold a device (proc_pid_fdinfo(5)), by namespace and name of the device."""
    found: Dict[Device, List[int]] = {}
    for pid in sorted(int(entry) for entry in os.listdir("/proc") if entry.isdigit()):
        for device in _attached("/proc/%d" % pid, namespaces):
            found.setdefault(device, []).append(pid)
    return found


def _attached(process: str, namespaces: Container[Identity]) -> Set[Device]:
    """The devices that a process holds."""
    found: Set[Device] = set()
    with suppress(OSError):  # it has ended, or belongs to somebody else
        home = os.stat(process + "/ns/net")
        if (home.st_dev, home.st_ino) not in namespaces:
            return found
        for descriptor in os.listdir(process + "/fd"):
            with suppress(OSError):
                if os.readlink("%s/fd/%s" % (process, descriptor)) == _DEVICE:
                    with open("%s/fdinfo/%s" % (process, descriptor), encoding="utf-8") as file:
                        names = [line.split()[1:] for line in file if line.startswith("iff:")]
                    found.update(((home.st_dev, home.st_ino), name) for words in names for name in words)
    return found
