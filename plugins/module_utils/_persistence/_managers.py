# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network managers of the host: what is stored is not theirs.

systemd-networkd is told by a file below /run/systemd/network, NetworkManager by one below /run/NetworkManager/conf.d, both for each
stored declaration. A bridge without declared addresses is left to them, so that they may run a DHCP client on it.

Sources: systemd.network(5), C(Unmanaged); NetworkManager.conf(5), device sections; interfaces(5).
"""

from __future__ import annotations

import fnmatch
import os
import re
import time
from contextlib import suppress
from functools import lru_cache
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional

from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError, shown
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._files import content_of, remove, replace
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._programs import run_program
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import LOOPBACK, is_bridge
from ansible_collections.nfv.vnet.plugins.module_utils._names import PERSISTENT
from ansible_collections.nfv.vnet.plugins.module_utils._persistence._declarations import Key, Stored
from ansible_collections.nfv.vnet.plugins.module_utils._persistence._unit import is_booted
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Link

_DEADLINE = 10.0
_PAUSE = 0.05
_NETWORKD_FOLDERS = ("/etc/systemd/network", "/run/systemd/network", "/usr/local/lib/systemd/network", "/usr/lib/systemd/network", "/lib/systemd/network")
_UNMANAGED = "10 "
"""NM_DEVICE_STATE_UNMANAGED"""
_PREFIX = "00-nfv-vnet-"
_INTERFACES = "/etc/network/interfaces"
_IFUP = ("/usr/sbin/ifup", "/sbin/ifup")
_PLAIN = re.compile("[^A-Za-z0-9_.@-]")
"""Characters that mean something else in a list of names; C(?) stands for any one."""


class Manager(NamedTuple):
    """A network manager. C(path): of its file for a declaration; C(content): of the name of the file, and of the names of links."""

    unit: str
    path: str
    content: Callable[[str, List[str]], str]
    is_released: Callable[[str], bool]
    """Whether it has let go of a link, or does not know it."""
    reload: Callable[[List[str], bool], None]
    """Has it read its files, and let go of links, or take them back."""


def _content_for_networkd(_label: str, names: List[str]) -> str:
    return "[Match]\nName=%s\n\n[Link]\nUnmanaged=yes\n" % " ".join(_patterns(names))


def _is_released_by_networkd(name: str) -> bool:
    try:
        with open("/sys/class/net/%s/ifindex" % name, encoding="ascii") as file:
            index = file.read().strip()
        with open("/run/systemd/netif/links/%s" % index, encoding="utf-8") as file:
            return "ADMIN_STATE=unmanaged\n" in file
    except OSError:
        return True


def _reload_networkd(_names: List[str], _managed: bool) -> None:
    run_program("networkctl", "reload")


def _content_for_networkmanager(label: str, names: List[str]) -> str:
    devices = ",".join("interface-name:%s" % name for name in _patterns(names))
    return "[device-%s]\nmatch-device=%s\nmanaged=0\n" % (label, devices)


def _is_released_by_networkmanager(name: str) -> bool:
    state = run_program("nmcli", "--terse", "--get-values", "GENERAL.STATE", "device", "show", name)
    return bool(state.status) or state.text.startswith(_UNMANAGED)


def _reload_networkmanager(names: List[str], managed: bool) -> None:
    """The file is for links that it does not know yet."""
    run_program("nmcli", "general", "reload", "conf")
    for name in names:
        run_program("nmcli", "device", "set", name, "managed", "yes" if managed else "no")


MANAGERS = (
    Manager("systemd-networkd.service", "/run/systemd/network/%s.network", _content_for_networkd, _is_released_by_networkd, _reload_networkd),
    Manager(
        "NetworkManager.service",
        "/run/NetworkManager/conf.d/%s.conf",
        _content_for_networkmanager,
        _is_released_by_networkmanager,
        _reload_networkmanager,
    ),
)


class Handover:
    """The links of a declaration, which the network managers are to leave alone. C(before): what was stored in its place."""

    def __init__(self, declared: Stored, before: Optional[Stored] = None) -> None:
        self._key = declared.key
        self._names = _names_of(declared)
        self._former = [name for name in _names_of(before) if name not in self._names] if before else []
        self._replaced: Dict[Manager, str] = {}
        """The earlier content of the files."""

    def check(self) -> None:
        """VnetError if a manager would configure a link all the same."""
        for name in self._names:
            path = _configured_by_ifupdown(name)
            if path:
                text = "%s configures %s, too, when the host starts; remove it there, or set it to manual"
                raise VnetError((PERSISTENT,), text % (path, shown(name)))
            path = _configured_earlier(name, _file_name(self._key))
            if path:
                text = "%s configures %s, too, and sorts before what would tell systemd-networkd to leave it alone; rename it to begin with a higher number"
                raise VnetError((PERSISTENT,), text % (path, shown(name)))

    def begin(self) -> bool:
        """Has the managers that run let go of the links. Returns whether one has. VnetError if one does not."""
        managed = False
        for manager in filter(_is_running, MANAGERS):
            managed |= any(not manager.is_released(name) for name in self._names)
            self._tell(manager)
            deadline = time.monotonic() + _DEADLINE
            while not all(map(manager.is_released, self._names)):
                if time.monotonic() > deadline:
                    kept = next(name for name in self._names if not manager.is_released(name))
                    raise VnetError((PERSISTENT,), "%s does not let go of %s; see its log" % (manager.unit, shown(kept)))
                time.sleep(_PAUSE)
        return managed

    def complete(self) -> None:
        """Tells the managers that do not run yet, and lets those that run have what is not declared any more."""
        if is_booted():
            for manager in MANAGERS:
                self._tell(manager)
                if self._former and _is_running(manager):
                    manager.reload(self._former, True)

    def undo(self) -> None:
        """Gives the links back."""
        for manager, content in self._replaced.items():
            path = _path(manager, self._key)
            if content:
                replace(path, content, 0o644)
            else:
                remove(path)
            manager.reload(self._names, True)

    def _tell(self, manager: Manager) -> None:
        path = _path(manager, self._key)
        content = manager.content(_file_name(self._key), self._names) if self._names else ""
        now = content_of(path)
        if content == now:
            return
        self._replaced.setdefault(manager, now)
        if content:
            replace(path, content, 0o644)
        else:
            remove(path)
        if _is_running(manager):
            manager.reload(self._names, False)


def take_back(key: Key, declared: Optional[Stored]) -> None:
    """What was stored is not any more: the managers may have its links. C(declared) is None where it could not be read."""
    for manager in MANAGERS:
        path = _path(manager, key)
        if os.path.exists(path):
            remove(path)
            if _is_running(manager):
                manager.reload(_names_of(declared) if declared else [], True)


def _names_of(declared: Stored) -> List[str]:
    return sorted({link.name for link in declared.layout(check_mode=True).links if _is_ours(link)})


def _patterns(names: List[str]) -> List[str]:
    return [_PLAIN.sub("?", name) for name in names]


def _is_ours(link: Link) -> bool:
    """Whether the link is none of the managers' business."""
    return not link.netns and link.kind != LOOPBACK and (not is_bridge(link.kind) or bool(link.addresses))


def _file_name(key: Key) -> str:
    return _PREFIX + "-".join(part.replace("_", "-") for part in (key.module, key.netns, key.name) if part)


def _path(manager: Manager, key: Key) -> str:
    return manager.path % _file_name(key)


@lru_cache(maxsize=None)
def _is_running(manager: Manager) -> bool:
    """Whether it runs; asked once, as systemctl(1) takes its time."""
    return is_booted() and run_program("systemctl", "is-active", "--quiet", manager.unit).status == 0


def _configured_earlier(name: str, than: str) -> str:
    """The file of systemd-networkd that matches a link and sorts before ours; '' for none."""
    if not is_booted():
        return ""
    for folder in _NETWORKD_FOLDERS:
        with suppress(OSError):
            for entry in sorted(os.listdir(folder)):
                if entry.endswith(".network") and not entry.startswith(_PREFIX) and entry < than and name in _matched(os.path.join(folder, entry), name):
                    return os.path.join(folder, entry)
    return ""


def _matched(path: str, name: str) -> List[str]:
    """The name, if a C(Name=) of the file has a pattern for it."""
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = [line.partition("=")[2].split() for line in file if line.replace(" ", "").startswith("Name=")]
    return [name for patterns in lines for pattern in patterns if fnmatch.fnmatchcase(name, pattern)]


def _configured_by_ifupdown(name: str) -> str:
    """The file of interfaces(5) that configures a link, but for C(manual); '' for none."""
    if not any(map(os.path.exists, _IFUP)):
        return ""
    for path in _files_of_ifupdown():
        with suppress(OSError), open(path, encoding="utf-8", errors="replace") as file:
            for words in map(str.split, file):
                if words[:2] == ["iface", name] and words[-1] != "manual":
                    return path
    return ""


def _files_of_ifupdown() -> Iterator[str]:
    yield _INTERFACES
    with suppress(OSError):
        for entry in sorted(os.listdir(_INTERFACES + ".d")):
            yield os.path.join(_INTERFACES + ".d", entry)
