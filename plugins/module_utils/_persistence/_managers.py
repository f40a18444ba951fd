# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network managers of the host: what is stored is not theirs.

systemd-networkd is told by a file below /run/systemd/network, NetworkManager by one below /run/NetworkManager/conf.d, both for each
stored declaration. A bridge without C(addresses) is left to them, so that they may run a DHCP client on it.

Sources: systemd.network(5), C(Unmanaged); NetworkManager.conf(5), device sections; interfaces(5).
"""

from __future__ import annotations

import fnmatch
import os
import re
import time
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError, shown
from ansible_collections.nfv.vnet.plugins.module_utils._handover import Handover
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _networkd
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._files import content_of, remove, replace
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._programs import run_program
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import LOOPBACK, kind_of
from ansible_collections.nfv.vnet.plugins.module_utils._names import PERSISTENT
from ansible_collections.nfv.vnet.plugins.module_utils._persistence import MANAGER_FILES, MANAGER_FOLDERS
from ansible_collections.nfv.vnet.plugins.module_utils._persistence._declarations import Key, Stored
from ansible_collections.nfv.vnet.plugins.module_utils._persistence._unit import is_booted
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Link

_DEADLINE = 10.0
_PAUSE = 0.05
_NETWORKD_FOLDERS = ("/etc/systemd/network", "/run/systemd/network", "/usr/local/lib/systemd/network", "/usr/lib/systemd/network", "/lib/systemd/network")
_UNMANAGED = "unmanaged"
_RELEASED = "# let go of "
_INTERFACES = "/etc/network/interfaces"
_IFUP = ("/usr/sbin/ifup", "/sbin/ifup")
_PLAIN = re.compile("[^A-Za-z0-9_.@-]")
"""Characters that mean something else in a list of names; C(?) stands for any one."""


class Manager(NamedTuple):
    """A network manager. C(path): of its file for a declaration; C(content): of patterns for the names of links, and a name of its own."""

    unit: str
    path: str
    content: Callable[[List[str], str], str]
    held: Callable[[List[str]], List[str]]
    """Those of the links that it has not let go of."""
    reload: Callable[[List[str], bool], None]
    """Has it read its files, and let go of links, or take them back."""


def _content_for_networkd(patterns: List[str], _name: str) -> str:
    return "[Match]\nName=%s\n\n[Link]\nUnmanaged=yes\n" % " ".join(patterns)


def _held_by_networkd(names: List[str]) -> List[str]:
    held = []
    for name in names:
        with suppress(OSError), open("/sys/class/net/%s/ifindex" % name, encoding="ascii") as file:  # there is no such link
            if _networkd.manages(int(file.read())):
                held.append(name)
    return held


def _reload_networkd(_names: List[str], _managed: bool) -> None:
    _run("networkctl", "reload")


def _content_for_networkmanager(patterns: List[str], name: str) -> str:
    return "[device-nfv-vnet-%s]\nmatch-device=%s\nmanaged=0\n" % (name, ",".join("interface-name:%s" % pattern for pattern in patterns))


def _held_by_networkmanager(names: List[str]) -> List[str]:
    lines = _run("nmcli", "--terse", "--escape", "no", "--fields", "DEVICE,STATE", "device", "status").splitlines()
    states = dict(line.rsplit(":", 1) for line in lines if ":" in line)
    return [name for name in names if states.get(name, _UNMANAGED) != _UNMANAGED]


def _reload_networkmanager(names: List[str], managed: bool) -> None:
    """Its file is for links that it does not know yet."""
    _run("nmcli", "general", "reload", "conf")
    for name in filter(_is_there, names):
        _run("nmcli", "device", "set", name, "managed", "yes" if managed else "no")


def is_card(name: str) -> bool:
    """Whether a link of the host is a network card."""
    return os.path.exists("/sys/class/net/%s/device" % name)


def _is_there(name: str) -> bool:
    return os.path.exists("/sys/class/net/" + name)


def _is_port(name: str) -> bool:
    return os.path.exists("/sys/class/net/%s/master" % name)


def _run(*command: str) -> str:
    """What the program says. VnetError if it fails."""
    done = run_program(*command)
    if done.status:
        raise VnetError((PERSISTENT,), "%s failed: %s" % (" ".join(command), " ".join(done.text.split())))
    return done.text


MANAGERS = (
    Manager("systemd-networkd.service", MANAGER_FOLDERS[0] + "/%s.network", _content_for_networkd, _held_by_networkd, _reload_networkd),
    Manager("NetworkManager.service", MANAGER_FOLDERS[1] + "/%s.conf", _content_for_networkmanager, _held_by_networkmanager, _reload_networkmanager),
)


class ManagedLinks(Handover):
    """The links of a declaration, which the network managers are to leave alone; none if it is not stored any more.

    The file of a manager has those that it has let go of in a comment, as only these are given back.
    """

    def __init__(self, key: Key, declared: Optional[Stored] = None) -> None:
        self._key = key
        self._names = _names_of(declared) if declared else []
        self._replaced: Dict[Manager, str] = {}
        """The earlier content of the files."""
        self._taken: Dict[Manager, List[str]] = {}
        """The links that were taken over."""
        self._kept: List[str] = []
        """Links that are not of the declaration any more, and stay as they are until the next reboot."""

    @property
    def are_told(self) -> bool:
        """Whether a manager has a file."""
        return any(content_of(self._path(manager)) for manager in MANAGERS)

    @property
    def is_due(self) -> bool:
        """Whether a manager has to be told."""
        return is_booted() and any(self._content(manager, ()) != _without_comments(content_of(self._path(manager))) for manager in MANAGERS)

    @property
    def held(self) -> List[str]:
        """The links that a manager which runs has to let go of."""
        return sorted({name for manager in filter(_is_running, MANAGERS) for name in manager.held(self._names)})

    @property
    def returned(self) -> List[str]:
        """The links that are there, and that a manager which runs gets back."""
        former = {name for manager in filter(_is_running, MANAGERS) for name in _released_in(content_of(self._path(manager)))}
        return sorted(name for name in former.difference(self._names) if _is_there(name))

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

    def take_over(self) -> bool:
        """Has the managers that run let go of the links. Returns whether one has. VnetError if one does not."""
        released = False
        for manager in filter(_is_running, MANAGERS):
            held = self._taken[manager] = manager.held(self._names)
            if self._write(manager, held) or held:
                manager.reload(held, False)
            released |= bool(held)
            _await_release(manager, held)
        return released

    def give_back(self) -> None:
        """Gives back what is not declared any more, and tells the managers that do not run yet.

        Not a link that still is a port: its manager would take it out of its bridge, and cut off who reaches the host through that.
        """
        for manager in MANAGERS if is_booted() else ():
            former = _released_in(self._replaced.get(manager, content_of(self._path(manager))))
            self._kept = [name for name in former if name not in self._names and _is_port(name)]
            # one that does not run yet, as the host starts, would take the network cards
            written = self._write(manager, [] if _is_running(manager) else [name for name in self._names if is_card(name)])
            gone = [name for name in former if name not in (*self._names, *self._kept)]
            if _is_running(manager) and (written or gone):
                manager.reload(gone, True)

    def take_again(self) -> bool:
        """Undoes C(give_back): has the managers let go once more. Returns whether one has."""
        again = False
        for manager, content in self._replaced.items():
            path = self._path(manager)
            names = [name for name in _released_in(content) if name not in _released_in(content_of(path)) and _is_there(name)]
            if names and _is_running(manager):
                replace(path, content, 0o644)
                manager.reload(names, False)
                _await_release(manager, names)
                again = True
        return again

    def undo(self) -> None:
        """Gives back what was taken."""
        for manager, content in self._replaced.items():
            path = self._path(manager)
            taken = [name for name in self._taken.get(manager, ()) if name not in _released_in(content)]
            if content_of(path) == content and not taken:
                continue
            if content:
                replace(path, content, 0o644)
            else:
                remove(path)
            if _is_running(manager):
                manager.reload(taken, True)

    def _write(self, manager: Manager, held: List[str]) -> bool:
        """Writes the file of a manager. Returns whether it was another one."""
        path = self._path(manager)
        now = content_of(path)
        released = [name for name in _released_in(now) if name in (*self._names, *self._kept)]
        content = self._content(manager, sorted({*released, *held}))
        if content == now:
            return False
        self._replaced.setdefault(manager, now)
        if content:
            replace(path, content, 0o644)
        else:
            remove(path)
        return True

    def _content(self, manager: Manager, released: Sequence[str]) -> str:
        """The content of the file of a manager; '' for none."""
        names = sorted({*self._names, *self._kept})
        if not names:
            return ""
        comment = "".join(_RELEASED + name + "\n" for name in released)
        return comment + manager.content([_PLAIN.sub("?", name) for name in names], sha256(_file_name(self._key).encode()).hexdigest()[:8])

    def _path(self, manager: Manager) -> str:
        return manager.path % _file_name(self._key)


def _await_release(manager: Manager, names: List[str]) -> None:
    deadline = time.monotonic() + _DEADLINE
    while names:
        names = manager.held(names)
        if names and time.monotonic() > deadline:
            raise VnetError((PERSISTENT,), "%s does not let go of %s; see its log" % (manager.unit, shown(names[0])))
        time.sleep(_PAUSE)


def _released_in(content: str) -> List[str]:
    """The links in the comments of a file."""
    return [line[len(_RELEASED) :] for line in content.splitlines() if line.startswith(_RELEASED)]


def _without_comments(content: str) -> str:
    return "".join(line for line in content.splitlines(keepends=True) if not line.startswith(_RELEASED))


def _names_of(declared: Stored) -> List[str]:
    """The links of the host that are none of the managers' business, with the ports of its bridges."""
    links = [link for link in declared.wanted.links if not link.netns]
    own = {link.name for link in links if _is_ours(link)}
    return sorted(own.union(*(link.ports or () for link in links)))


def _is_ours(link: Link) -> bool:
    """Whether the managers are to leave a link of the host alone."""
    return link.kind != LOOPBACK and (not kind_of(link.kind).is_bridge or link.addresses is not None)


def _file_name(key: Key) -> str:
    """The name of a file, without its suffix. No name of a link has C(%)."""
    return MANAGER_FILES + "@".join([key.module, key.name]) + ("%" + key.netns if key.netns else "")


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
                if entry.endswith(".network") and not entry.startswith(MANAGER_FILES) and entry < than and _matches(os.path.join(folder, entry), name):
                    return os.path.join(folder, entry)
    return ""


def _matches(path: str, name: str) -> bool:
    """Whether the C(Name=) of a file is about a link: systemd.network(5). Without one it may be about any link, but by something else."""
    patterns: List[Tuple[bool, str]] = []
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.replace(" ", "").startswith("Name="):
                words = line.partition("=")[2].strip()
                patterns = [*patterns, *((words.startswith("!"), word) for word in words.lstrip("!").split())] if words else []
    matching = [is_negated for is_negated, pattern in patterns if fnmatch.fnmatchcase(name, pattern)]
    return bool(patterns) and not any(matching) and (bool(matching) or all(is_negated for is_negated, _pattern in patterns))


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
