# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real hosts without virtualisation: User-mode Linux with systemd, sshd and a disk of their own.

    .venv/bin/python tests/lab/hosts.py image
    tests/sandbox .venv/bin/python tests/lab/hosts.py COUNT COMMAND [ARGUMENT...]

The first makes the disk of the hosts, which needs Debian's packages; the second needs no network but the sandbox's own. It
starts so many hosts on a network of the sandbox's own, waits until they answer, and runs the command with INVENTORY in
its environment. The hosts end with it; and whatever happens, with the sandbox.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Dict, List, Optional

ROOT = Path(__file__).resolve().parent.parent.parent
CACHE = ROOT / ".venv" / "lab"
SUITE = "bookworm"
PACKAGES = ["systemd", "systemd-sysv", "udev", "dbus", "openssh-server", "sudo", "python3", "python3-pyroute2", "iproute2", "kmod"]
USER = "lab"
GATEWAY = "10.88.0.1"
ADDRESS = "10.88.0.%d"
BRIDGE = "lab0"
MEMORY = "256M"
DISK = "1500M"
BOOT_DEADLINE = 120.0
HALT_DEADLINE = 60.0

CUSTOMIZE = r"""
set -e
useradd --root "$1" --create-home --shell /bin/bash lab
install -d -m 700 -o 1000 -g 1000 "$1/home/lab/.ssh"
install -m 600 -o 1000 -g 1000 "$2" "$1/home/lab/.ssh/authorized_keys"
echo 'lab ALL=(ALL) NOPASSWD: ALL' > "$1/etc/sudoers.d/lab"
sed -i 's/^hosts:.*/hosts: files/' "$1/etc/nsswitch.conf"
rm -f "$1/etc/resolv.conf"
echo 'UseDNS no' > "$1/etc/ssh/sshd_config.d/lab.conf"
mkdir -p "$1/lib/modules"
cp -a /usr/lib/uml/modules/* "$1/lib/modules/"
printf '%s\n' bridge veth tun 8021q > "$1/etc/modules-load.d/lab.conf"
systemctl --quiet --root "$1" enable systemd-networkd systemd-network-generator ssh
systemctl --quiet --root "$1" mask getty@tty1 serial-getty@tty0 getty.target systemd-networkd-wait-online
rm -f "$1"/etc/ssh/ssh_host_*
chroot "$1" ssh-keygen -q -A
"""


def image() -> Path:
    """The disk that every host starts from; made anew when its recipe changes."""
    kernel = subprocess.run(["linux.uml", "--version"], check=True, capture_output=True, text=True).stdout
    recipe = "\n".join([SUITE, *PACKAGES, CUSTOMIZE, DISK, kernel])
    disk = CACHE / ("disk-%s.ext4" % hashlib.sha256(recipe.encode()).hexdigest()[:12])
    if disk.exists():
        return disk
    CACHE.mkdir(parents=True, exist_ok=True)
    for old in CACHE.glob("disk-*"):
        old.unlink()
    key = CACHE / "key"
    if not key.exists():
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="root-") as folder:
        script = Path(folder, "customize")
        script.write_text(CUSTOMIZE, encoding="utf-8")
        root = Path(folder, "root")
        hook = 'sh %s "$1" %s.pub' % (script, key)
        run("mmdebstrap", "--quiet", "--variant=apt", "--include=%s" % ",".join(PACKAGES), "--customize-hook=%s" % hook, SUITE, str(root))
        unfinished = disk.with_suffix(".part")
        run("mkfs.ext4", "-q", "-F", "-d", str(root), str(unfinished), DISK)
        unfinished.rename(disk)
    return disk


def run(*command: str) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


class Host:
    """One host: a process, a copy-on-write file over the common disk, and a TAP on the bridge of the lab."""

    def __init__(self, number: int, folder: Path, disk: Path) -> None:
        self.name = "host%d" % number
        self.address = ADDRESS % (10 + number)
        self._folder = folder / self.name
        self._folder.mkdir()
        self._disk = disk
        self._process: Optional[subprocess.Popen[bytes]] = None
        run("ip", "tuntap", "add", "dev", self.name, "mode", "tap")
        run("ip", "link", "set", "dev", self.name, "master", BRIDGE, "up")

    def start(self) -> None:
        """Switches the host on; its disk is as it was left."""
        network = "%s::%s:255.255.255.0:%s:vec0:none" % (self.address, GATEWAY, self.name)
        kernel = ["linux.uml", "mem=%s" % MEMORY, "ubd0=%s/cow,%s" % (self._folder, self._disk), "root=/dev/ubda", "rw", "quiet"]
        kernel += ["vec0:transport=tap,ifname=%s,depth=128,gro=1" % self.name, "ip=%s" % network]
        kernel += ["systemd.hostname=%s" % self.name, "uml_dir=%s/uml" % self._folder, "con=null", "con0=null,fd:1", "con1=null,fd:1"]
        with open(self._folder / "console", "ab") as console:
            self._process = subprocess.Popen(kernel, stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True)

    def wait(self) -> None:
        """Waits until the host answers over SSH."""
        deadline = time.monotonic() + BOOT_DEADLINE
        while self.ssh("true").returncode != 0:
            if time.monotonic() > deadline or not self.running:
                console = (self._folder / "console").read_text(encoding="utf-8", errors="replace")
                raise TimeoutError("%s does not answer; its console says:\n%s" % (self.name, console))
            time.sleep(0.5)

    def ssh(self, command: str) -> subprocess.CompletedProcess[str]:
        options = [word for option in SSH_OPTIONS for word in ("-o", option)]
        return subprocess.run(
            ["ssh", *options, "-i", str(CACHE / "key"), "%s@%s" % (USER, self.address), command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def power_off(self) -> None:
        """Shuts the host down as its button would."""
        self.ssh("sudo systemctl poweroff")
        if self._process:
            self._process.wait(HALT_DEADLINE)

    def cut(self) -> None:
        """Pulls the plug."""
        if self._process and self.running:
            self._process.kill()
            self._process.wait()


SSH_OPTIONS = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "ConnectTimeout=3", "BatchMode=yes"]


class Lab:
    """Hosts on a bridge, as long as the block runs."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._folder = Path()
        self.hosts: List[Host] = []

    def __enter__(self) -> Lab:
        disk = image()
        self._folder = Path(tempfile.mkdtemp(dir=CACHE, prefix="hosts-"))
        run("ip", "link", "add", "name", BRIDGE, "type", "bridge")
        run("ip", "address", "add", GATEWAY + "/24", "dev", BRIDGE)
        run("ip", "link", "set", "dev", BRIDGE, "up")
        try:
            self.hosts = [Host(number, self._folder, disk) for number in range(1, self._count + 1)]
            for host in self.hosts:
                host.start()
            for host in self.hosts:
                host.wait()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        self.end()

    def end(self) -> None:
        for host in self.hosts:
            host.cut()
        shutil.rmtree(self._folder)

    @property
    def inventory(self) -> Path:
        """An inventory of the hosts, for an ordinary user of them who may use sudo."""
        common = " ".join("-o %s" % option for option in SSH_OPTIONS)
        lines = ["%s ansible_host=%s" % (host.name, host.address) for host in self.hosts]
        lines += ["[all:vars]", "ansible_user=%s" % USER, "ansible_python_interpreter=/usr/bin/python3"]
        lines += ["ansible_ssh_private_key_file=%s" % (CACHE / "key"), "ansible_ssh_common_args='%s'" % common]
        path = self._folder / "inventory.ini"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path


def main(count: str, *command: str) -> int:
    if count == "image":
        print(image())
        return 0
    with Lab(int(count)) as lab:
        environment: Dict[str, str] = {**os.environ, "INVENTORY": str(lab.inventory)}
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
