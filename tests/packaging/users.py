# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The nfv.vnet developers
from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Iterator

import pip_settings

ROOT = Path(__file__).resolve().parents[2]
ORDINARY_USER = 65534  # nobody
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# On Debian and Ubuntu everybody may open /dev/net/tun; where that is not so, the user gets a private one.
WITH_TUN = "mount -t tmpfs tmpfs /dev/net && mknod -m 666 /dev/net/tun c 10 200 && exec"


class User:
    """Somebody with an empty home folder and none of the settings of whoever runs the tests."""

    def __init__(self, uid: int, home: Path, path: str) -> None:
        self.uid = uid
        self.home = home
        self.environment = {
            "ANSIBLE_REMOTE_TMP": str(home / "tmp"),  # the default goes by the user database, not by HOME
            "HOME": str(home),
            "LC_ALL": "C.UTF-8",
            "PATH": path,
        }

    def run(self, *command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command(*command), cwd=cwd, env=self.environment, check=False, capture_output=True, text=True)

    def command(self, *command: str | Path) -> list[str]:
        words = [str(word) for word in command]
        if self.uid == os.geteuid():
            return words
        words = ["setpriv", f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups", *words]
        if os.stat("/dev/net/tun").st_mode & 0o006 != 0o006:
            words = ["unshare", "--mount", "sh", "-c", f'{WITH_TUN} "$@"', "sh", *words]
        return words


def tracked_files() -> list[str]:
    """The files of the checkout, those that are still to be committed too."""
    listing = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return [name for name in names if name and os.path.lexists(ROOT / name)]


def new_user(uid: int, path: str) -> Iterator[User]:
    # pytest's own folders are closed to other users.
    with tempfile.TemporaryDirectory(prefix="nfv-vnet-") as folder:
        home = Path(folder, "home")
        home.mkdir()
        pip_settings.write(home)
        for entry in (Path(folder), home, *home.rglob("*")):
            os.chown(entry, uid, uid if uid == ORDINARY_USER else -1)
        yield User(uid, home, path)


def copied_checkout(user: User) -> Path:
    """A fresh checkout that belongs to the user."""
    folder = user.home / "nfv.vnet"
    for name in tracked_files():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target, follow_symlinks=False)
    for entry in (folder, *folder.rglob("*")):
        os.chown(entry, user.uid, -1, follow_symlinks=False)
    return folder
