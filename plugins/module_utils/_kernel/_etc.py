# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of namespaces in /etc/netns/NAME, which programs in a namespace see in the place of those in /etc: ip-netns(8)."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Dict, Iterable, List, Optional

from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path, VnetError, shown
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _files
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import refusal

DIRECTORY = "/etc/netns"


def names(netns: str) -> List[str]:
    """The names of the files of a namespace."""
    with suppress(FileNotFoundError, NotADirectoryError):
        return sorted(entry.name for entry in os.scandir(os.path.join(DIRECTORY, netns)) if entry.is_file(follow_symlinks=False))
    return []


def read(netns: str, files: Iterable[str]) -> Dict[str, Optional[str]]:
    """The contents of files; None for one that does not exist, or is a symbolic link."""
    return {name: _read(netns, name) for name in files}


def check(netns: str, files: Iterable[str], path: Path) -> None:
    """VnetError if one of the files is a symbolic link. C(path): the option with the files."""
    for name in files:
        if os.path.islink(os.path.join(DIRECTORY, netns, name)):
            raise VnetError((*path, name), "the file in /etc/netns/%s is a symbolic link, which this would replace; move it away" % shown(netns))


def _read(netns: str, name: str) -> Optional[str]:
    path = os.path.join(DIRECTORY, netns, name)
    try:
        if os.path.islink(path):
            return None
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise refusal(error, path) from None


def write(netns: str, name: str, content: Optional[str], mode: int) -> None:
    """Replaces a file as a whole, which keeps its mode and owner, or removes it (None), with the folder if it is empty then. C(mode): of a new file."""
    folder = os.path.join(DIRECTORY, netns)
    path = os.path.join(folder, name)
    try:
        if content is not None:
            _files.replace(path, content, mode, keep_access=True)
            return
        with suppress(FileNotFoundError):
            os.unlink(path)
        with suppress(OSError):  # there are other files
            os.rmdir(folder)
    except OSError as error:
        raise refusal(error, path) from None
