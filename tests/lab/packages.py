# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages of Debian or Ubuntu that are missing here: packages.py lab|molecule|pictures..."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Dict, List

import amx

LAB: Dict[str, str] = {
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
MOLECULE: Dict[str, str] = {
    "dnsmasq-base": "dnsmasq",
    "iproute2": "ip",
    "nftables": "nft",
    "openssl": "openssl",
    "openvpn": "openvpn",
    "procps": "sysctl",
    "user-mode-linux": "linux.uml",
}
"""What the scenarios of the roles run on the networks."""
PICTURES: Dict[str, str] = {"graphviz": "dot"}
"""What the filter svg lays its pictures out with, in the parts unit and integration."""
KERNEL = amx.PACKAGES if amx.present() else {}
"""What User-mode Linux needs to start here."""
SETS = {"lab": {**LAB, **KERNEL}, "molecule": {**MOLECULE, **KERNEL}, "pictures": PICTURES}
PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def missing(packages: Dict[str, str]) -> List[str]:
    return [package for package, sign in packages.items() if not (Path(sign).exists() if sign.startswith("/") else shutil.which(sign, path=PATH))]


if __name__ == "__main__":
    print(*sorted({package for name in sys.argv[1:] for package in missing(SETS[name])}))
