# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files under /run/nfv-vnet that record what layouts own.

Only root writes them. Each is replaced as a whole, so that readers need no lock. While a layout creates namespaces, it appends each
to a second file before the namespace gets its name.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from typing import Dict, Iterator, List, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._records import DamagedError, LayoutId, NewerFormatError, Records, Registry, decode, encode
from ansible_collections.nfv.vnet.plugins.module_utils._resources import NamespaceId

DIRECTORY = "/run/nfv-vnet"
_LAYOUTS = DIRECTORY + "/layouts"
_BOOT_ID = "/proc/sys/kernel/random/boot_id"
_RECORDS, _CREATED = ".json", ".created"


def make_directory(path: str = DIRECTORY) -> None:
    """Creates a directory that only root can write to and everybody can read, whatever the umask is. OSError if that fails."""
    with suppress(FileExistsError):
        os.mkdir(path, 0o755)
        os.chmod(path, 0o755)
    _check_owner(path)


def require_writable() -> None:
    """VnetError if no layout can be recorded. Changes nothing."""
    path = DIRECTORY if os.path.isdir(DIRECTORY) else os.path.dirname(DIRECTORY)
    if not os.access(path, os.W_OK):
        reason = os.strerror(errno.EROFS if os.statvfs(path).f_flag & os.ST_RDONLY else errno.EACCES)
        text = "%s cannot be written (%s), but a layout records there what it owns; only the modules for single links do without it"
        raise VnetError((), text % (path, reason))


def read_registry(home: NamespaceId) -> Registry:
    """What the layouts of this host own. C(home): the namespace that the module runs in. VnetError if a file cannot be used."""
    boot = _boot()
    layouts: Dict[LayoutId, Records] = {}
    for path in _files():
        found = _read(boot, path)
        if found:
            layouts[found[0]] = found[1]
    return Registry(home, layouts)


class RecordsFile:
    """The file of one layout."""

    def __init__(self, key: LayoutId) -> None:
        self._key = key
        home, name = key
        self._directory = os.path.join(_LAYOUTS, home)
        self._path = os.path.join(self._directory, name)

    def write(self, records: Records) -> None:
        """Replaces the records; without any, removes the file. VnetError if that fails."""
        try:
            if records.links or records.names:
                self._write(encode(_boot(), self._key, records))
            else:
                _remove(self._path + _RECORDS)
            _remove(self._path + _CREATED)
            if not (records.links or records.names):
                with suppress(OSError):  # other layouts are declared from the same namespace
                    os.rmdir(self._directory)
        except OSError as error:
            raise VnetError((), "%s%s cannot be written: %s" % (self._path, _RECORDS, os.strerror(error.errno or errno.EIO)), error.errno or 0) from None

    def _write(self, content: str) -> None:
        for path in (DIRECTORY, _LAYOUTS, self._directory):
            make_directory(path)
        new = self._path + ".new"
        with open(new, "w", encoding="ascii") as file:
            os.fchmod(file.fileno(), 0o644)
            file.write(content)
        os.rename(new, self._path + _RECORDS)

    def append(self, netns: NamespaceId, name: str) -> None:
        """Records a namespace that is about to get its name."""
        with open(self._path + _CREATED, "a", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o644)
            file.write("%s %s\n" % (netns, name))


def _files() -> Iterator[str]:
    """The files of all layouts, without their suffixes."""
    for directory in _entries(_LAYOUTS):
        for name in _entries(os.path.join(_LAYOUTS, directory)):
            if name.endswith(_RECORDS):
                yield os.path.join(_LAYOUTS, directory, name[: -len(_RECORDS)])


def _entries(path: str) -> List[str]:
    """The names in a directory; none if another run has just removed it."""
    try:
        _check_owner(path)
        return sorted(os.listdir(path))
    except FileNotFoundError:
        return []


def _read(boot: str, path: str) -> Tuple[LayoutId, Records] | None:
    try:
        with open(path + _RECORDS, encoding="ascii") as file:
            found = decode(boot, file.read())
        if found:
            with suppress(FileNotFoundError), open(path + _CREATED, encoding="utf-8") as file:
                for line in file:
                    if line.endswith("\n"):
                        found[1].add_namespace(*line[:-1].split(" ", 1))
        return found
    except FileNotFoundError:  # another run has just removed it
        return None
    except NewerFormatError:
        raise VnetError((), "%s%s was written by a newer version of nfv.vnet; use that version here" % (path, _RECORDS)) from None
    except (DamagedError, UnicodeDecodeError):
        raise VnetError((), "%s%s is damaged; remove it, and then what its layout created by hand" % (path, _RECORDS)) from None
    except OSError as error:
        raise VnetError((), "%s%s cannot be read: %s" % (path, _RECORDS, os.strerror(error.errno or errno.EIO)), error.errno or 0) from None


def _check_owner(path: str) -> None:
    """VnetError if the directory belongs to somebody whom this process does not trust."""
    owner = os.stat(path).st_uid
    if owner not in (0, os.geteuid()) and not (owner == _number_in("/proc/sys/kernel/overflowuid") and _is_root_unmapped()):
        raise VnetError((), "%s belongs to an ordinary user; remove it" % path)


def _is_root_unmapped() -> bool:
    """Whether root of the host is nobody in this user namespace."""
    with open("/proc/self/uid_map", encoding="ascii") as file:
        return all(line.split()[1] != "0" for line in file)


def _number_in(path: str) -> int:
    with open(path, encoding="ascii") as file:
        return int(file.read())


def _boot() -> str:
    with open(_BOOT_ID, encoding="ascii") as file:
        return file.read().strip()


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)
