# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages of Debian or Ubuntu that the lab needs: prints those that are missing here."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Dict, List

PACKAGES: Dict[str, str] = {
    "user-mode-linux": "linux.uml",
    "kmod": "modprobe",
    "mmdebstrap": "mmdebstrap",
    "debian-archive-keyring": "/usr/share/keyrings/debian-archive-keyring.gpg",
    "e2fsprogs": "mkfs.ext4",
    "openssh-client": "ssh",
    "iproute2": "ip",
    "python3-pyroute2": "/usr/lib/python3/dist-packages/pyroute2",
}
"""Package, and a program or file of it."""
PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def missing() -> List[str]:
    return [package for package, sign in PACKAGES.items() if not (Path(sign).exists() if sign.startswith("/") else shutil.which(sign, path=PATH))]


if __name__ == "__main__":
    print(*missing())
