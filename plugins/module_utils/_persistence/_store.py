# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of stored declarations, below /etc/nfv-vnet: host/MODULE/NAME.json, and netns/NETNS/MODULE/NAME.json for a link in a namespace.

Only root can read them. Each is replaced as a whole, by whoever holds the lock.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from typing import Iterator, List, NamedTuple, Optional

from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._files import make_folders, remove, sync_folder, write
from ansible_collections.nfv.vnet.plugins.module_utils._names import PERSISTENT
from ansible_collections.nfv.vnet.plugins.module_utils._persistence import STORE
from ansible_collections.nfv.vnet.plugins.module_utils._persistence._declarations import DamagedError, Key, NewerFormatError, Stored, decode, encode

_SUFFIX = ".json"
_NEW = ".new"
"""The suffix of a file until it is complete."""
_RULESET_SUFFIX = ".nft"


class Unreadable(NamedTuple):
    """A file whose declaration cannot be used, and why."""

    path: str
    reason: str

    def __str__(self) -> str:
        return "%s %s" % (self.path, self.reason)


class Content(NamedTuple):
    """Everything that is stored."""

    declarations: List[Stored]
    """What they declare is valid."""
    unreadable: List[Unreadable]


def path_of(key: Key) -> str:
    folder = os.path.join(STORE, "netns", key.netns) if key.netns else os.path.join(STORE, "host")
    return os.path.join(folder, key.module, key.name + _SUFFIX)


def ruleset_of(key: Key) -> str:
    """The file of nft(8) that belongs to a layout; it need not exist."""
    return path_of(key)[: -len(_SUFFIX)] + _RULESET_SUFFIX


def exists(key: Key) -> bool:
    """Whether there is a file of the declaration, readable or not."""
    return os.path.lexists(path_of(key))


def is_used() -> bool:
    """Whether anything is stored."""
    return next(_paths(), None) is not None


def read_if_readable(key: Key) -> Optional[Stored]:
    """The stored declaration; None if there is none, or it is damaged. VnetError if it is of a newer version."""
    path = path_of(key)
    try:
        return _read(path)
    except (FileNotFoundError, _DamagedFileError):
        return None
    except _NewerFileError as error:
        raise VnetError((PERSISTENT,), "%s %s" % (path, error)) from None


def read_all() -> Content:
    """Everything that is stored, in the order of the files."""
    content = Content([], [])
    for path in sorted(_paths()):
        try:
            content.declarations.append(_read(path))
        except FileNotFoundError:  # another run has just removed it
            continue
        except (_DamagedFileError, _NewerFileError) as error:
            content.unreadable.append(Unreadable(path, str(error)))
    return content


def prepare(declared: Stored) -> None:
    """Writes a declaration without its name, so that C(commit) can hardly fail. OSError if that fails."""
    path = path_of(declared.key)
    make_folders(os.path.dirname(path), 0o700)
    write(path + _NEW, encode(declared), 0o600)


def commit(key: Key) -> None:
    """Gives the prepared declaration its name."""
    path = path_of(key)
    os.rename(path + _NEW, path)
    sync_folder(path)


def abandon(key: Key) -> None:
    """Removes what was prepared."""
    path = path_of(key)
    remove(path + _NEW)
    _remove_empty(os.path.dirname(path))


def forget(key: Key) -> None:
    """Removes a declaration, its ruleset, and folders that are empty then."""
    for path in (path_of(key), ruleset_of(key)):
        remove(path)
    _remove_empty(os.path.dirname(path_of(key)))


def _remove_empty(folder: str) -> None:
    with suppress(OSError):
        while folder.startswith(STORE):
            os.rmdir(folder)
            folder = os.path.dirname(folder)


def _paths() -> Iterator[str]:
    for folder, _folders, names in os.walk(STORE, onerror=_unless_gone):
        yield from (os.path.join(folder, name) for name in names if name.endswith(_SUFFIX))


def _unless_gone(error: OSError) -> None:
    if error.errno not in (errno.ENOENT, errno.ENOTDIR):
        raise error


class _NewerFileError(Exception):
    """A file of a newer version of the collection. The text is the end of a sentence."""


class _DamagedFileError(Exception):
    """A file that may be replaced. The text is the end of a sentence."""


def _read(path: str) -> Stored:
    """A declaration that is valid."""
    try:
        with open(path, encoding="utf-8") as file:
            declared = decode(file.read())
        _wanted = declared.wanted  # VnetError if it is wrong
    except FileNotFoundError:
        raise
    except NewerFormatError:
        raise _NewerFileError("was written by a newer version of nfv.vnet; use that version here") from None
    except (DamagedError, UnicodeDecodeError) as error:
        raise _DamagedFileError("is damaged (%s); remove it, or store it again by persistent: true" % error) from None
    except VnetError as error:
        raise _DamagedFileError("cannot be used: %s" % error) from None
    except OSError as error:
        raise _DamagedFileError("cannot be read: %s" % error.strerror) from None
    if path_of(declared.key) != path:
        raise _DamagedFileError("has the declaration of %s, which belongs into %s; rename or remove it" % (str(declared.key), path_of(declared.key)))
    return declared
