# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first process on the second kernel: init.py MARK FOLDER. Runs what tests/lab/kernel left in FOLDER, and halts."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Optional

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from private_files import make_private  # noqa: E402

MOUNTS = [
    ("proc", "/proc"),
    ("sysfs", "/sys"),
    ("devpts", "/dev/pts"),
    ("tmpfs", "/dev/shm"),
    ("tmpfs", "/run"),
    ("tmpfs", "/tmp"),
]
MODULES = [
    "bridge",
    "br_netfilter",
    "8021q",
    "veth",
    "tun",
    "dummy",
    "ifb",
    "macvlan",
    "macvtap",
    "ipvlan",
    "vrf",
    "vxlan",
    "geneve",
    "bonding",
    "ipip",
    "sit",
    "ip_gre",
    "ip6_gre",
    "ip6_tunnel",
    "sch_netem",
    "sch_tbf",
    "sch_fq",
    "sch_fq_codel",
    "sch_prio",
    "sch_ingress",
    "cls_matchall",
    "act_mirred",
    "nf_tables",
]
FALLBACK_TUNNELS = Path("/proc/sys/net/core/fb_tunnels_only_for_init_net")
"""With 1, the kernel does not make gre0, tunl0 and others in every new namespace."""
MS_NOSUID, MS_REMOUNT, MS_BIND = 0x2, 0x20, 0x1000
LIBC = ctypes.CDLL(None, use_errno=True)
POWER_OFF = 0x4321FEDC
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def main(mark: str, folder: Path) -> None:
    os.environ["PATH"] = PATH
    # Where an ordinary user started this kernel, root's files seem to be nobody's: mount(8) would turn into nobody.
    mount(None, "/", MS_REMOUNT | MS_BIND | MS_NOSUID)
    checkout = os.open(ROOT, os.O_PATH)
    for kind, place in MOUNTS:
        os.makedirs(place, exist_ok=True)
        subprocess.run(["mount", "-n", "-t", kind, kind, place], check=True)
    if not ROOT.exists():  # it is under /tmp
        ROOT.mkdir(parents=True)
        mount(f"/proc/self/fd/{checkout}", str(ROOT), MS_BIND)
    make_private()
    console = os.open("/dev/console", os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(console, descriptor)
    order = json.loads((folder / "order").read_text(encoding="utf-8"))
    load_modules(folder, order["environment"].get("VNET_LAB_MODULES", "/usr/lib/uml/modules"))
    if not os.path.exists("/dev/net/tun"):
        os.makedirs("/dev/net", exist_ok=True)
        os.mknod("/dev/net/tun", 0o20666, os.makedev(10, 200))
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    FALLBACK_TUNNELS.write_text("1", encoding="ascii")
    print(mark, flush=True)
    result = subprocess.run(order["command"], cwd=order["folder"], env=order["environment"], stdin=subprocess.DEVNULL, check=False)
    print(mark, flush=True)
    (folder / "status").write_text(str(result.returncode), encoding="utf-8")


def mount(source: Optional[str], place: str, flags: int) -> None:
    if LIBC.mount(source and source.encode(), place.encode(), None, ctypes.c_ulong(flags), None):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), place)


def load_modules(folder: Path, modules: str) -> None:
    """From where the Debian package has them, which is not where modprobe looks."""
    release = os.uname().release
    (folder / "lib" / "modules").mkdir(parents=True)
    (folder / "lib" / "modules" / release).symlink_to(f"{modules}/{release}")
    subprocess.run(["modprobe", "--dirname", str(folder), "--all", *MODULES], check=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1], Path(sys.argv[2]))
    except Exception:
        traceback.print_exc()  # by itself it would come after the end
    finally:
        sys.stdout.flush()
        os.sync()
        LIBC.reboot(POWER_OFF)
