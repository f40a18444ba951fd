# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that survive a power failure: written as a whole, synced, and renamed."""

from __future__ import annotations

import os
import shutil
import stat
from contextlib import suppress


def make_folders(path: str, mode: int) -> None:
    """Creates a folder with those that it is in, whatever the umask is."""
    if not os.path.isdir(path):
        make_folders(os.path.dirname(path), mode)
        with suppress(FileExistsError):
            os.mkdir(path)
            os.chmod(path, mode)
            sync_folder(path)


def write(path: str, content: str, mode: int) -> None:
    """Writes a new file and waits until the disk has its content. OSError if that fails; then there is no file."""
    try:
        with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        remove(path)
        raise OSError(error.errno, error.strerror, path) from None  # write(2) does not say which file


def replace(path: str, content: str, mode: int, keep_access: bool = False) -> None:
    """Replaces a file, or creates it with its folders. C(keep_access): whether one that is there keeps its mode and owner."""
    make_folders(os.path.dirname(path), 0o755)
    new = os.path.join(os.path.dirname(path), ".%s.vnet-new" % os.path.basename(path)[:200])
    remove(new)  # of a run that was interrupted
    there = os.stat(path) if keep_access and os.path.exists(path) else None
    write(new, content, stat.S_IMODE(there.st_mode) if there else mode)
    if there:
        os.chown(new, there.st_uid, there.st_gid)
    os.rename(new, path)
    sync_folder(path)


def content_of(path: str) -> str:
    """The content of a file; '' if it is not there, or cannot be read."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return ""


def sync_folder(path: str) -> None:
    """Waits until the disk knows the name of a file, or that there is none."""
    sync(os.path.dirname(path))


def sync(path: str) -> None:
    """Waits until the disk has a file or a folder."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(path: str) -> None:
    """Removes a file if it is there."""
    with suppress(FileNotFoundError):
        os.unlink(path)
        sync_folder(path)


def remove_tree(path: str) -> None:
    """Removes a folder with everything in it, as far as that is possible."""
    shutil.rmtree(path, ignore_errors=True)
