# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that survive a power failure: written as a whole, synced, and renamed."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress


def write(path: str, content: str, mode: int) -> None:
    """Writes a new file and waits until the disk has its content. OSError if that fails; then there is no file."""
    try:
        with open(path, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        remove(path)
        raise OSError(error.errno, error.strerror, path) from None  # write(2) does not say which file


def replace(path: str, content: str, mode: int) -> None:
    """Replaces a file, or creates it with its folders."""
    os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
    new = path + ".new"
    write(new, content, mode)
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
    """Waits until the disk has the name of a file, and those of its folders."""
    for folder in (os.path.dirname(path), os.path.dirname(os.path.dirname(path))):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)


def remove_tree(path: str) -> None:
    """Removes a folder with everything in it, as far as that is possible."""
    shutil.rmtree(path, ignore_errors=True)
