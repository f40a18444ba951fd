# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real hosts without virtualisation: User-mode Linux with systemd, sshd and a disk of their own.

    .venv/bin/python tests/lab/hosts.py image
    tests/sandbox .venv/bin/python tests/lab/hosts.py COUNT COMMAND [ARGUMENT...]

The first makes the disk of the hosts, which needs root and Debian's packages; the second needs no network but the sandbox's
own. It starts so many hosts on a network of the sandbox's own, waits until they answer, and runs the command with INVENTORY
in its environment. The hosts end with it; and whatever happens, with the sandbox.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Dict, Iterator, List, NoReturn, Optional

import amx
from folders import CACHE, alone, private_folder

SUITE = "bookworm"
PACKAGES = ["systemd", "systemd-sysv", "udev", "openssh-server", "sudo", "python3", "python3-pyroute2", "kmod"]
PACKAGES += ["dbus", "libpam-systemd", "nftables", "iproute2", "iputils-ping", "network-manager", "netplan.io", "frr", "frr-pythontools"]
USER = "lab"
COUNT = 2
"""The hosts of the tests; each is busy on a processor of its own."""
GATEWAY = "10.88.0.1"
ADDRESS = "10.88.0.%d"
MAC = "02:00:00:00:58:%02x"
BRIDGE = "lab0"
TUN = "/dev/net/tun"
HOME = Path("/run/lab")
MEMORY = "320M"
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
install -d "$1/etc/systemd/logind.conf.d"
printf '[Login]\nKillUserProcesses=yes\n' > "$1/etc/systemd/logind.conf.d/lab.conf"
echo 'UseDNS no' > "$1/etc/ssh/sshd_config.d/lab.conf"
for modules in /usr/lib/uml/modules/*; do
    release=${modules##*/}
    mkdir -p "$1/lib/modules/$release/kernel/drivers"
    cp -a "$modules"/modules.builtin* "$modules"/modules.order "$1/lib/modules/$release/"
    cp -a "$modules/kernel/net" "$modules/kernel/lib" "$1/lib/modules/$release/kernel/"
    cp -a "$modules/kernel/drivers/net" "$1/lib/modules/$release/kernel/drivers/"
    depmod --basedir "$1" "$release"
done
rm -rf "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/* "$1"/usr/share/doc/* "$1"/usr/share/locale/*
systemctl --quiet --root "$1" enable systemd-networkd systemd-network-generator ssh
systemctl --quiet --root "$1" disable NetworkManager NetworkManager-wait-online frr
systemctl --quiet --root "$1" mask getty@tty1 serial-getty@tty0 getty.target systemd-networkd-wait-online
rm -f "$1"/etc/ssh/ssh_host_*
chroot "$1" ssh-keygen -q -A
"""


def refuse(sentence: str) -> NoReturn:
    print("tests/lab/hosts.py: %s" % sentence, file=sys.stderr)
    sys.exit(os.EX_UNAVAILABLE)


def image() -> Path:
    """The disk that every host starts from; made anew when its recipe changes. Says at once what else the hosts will need."""
    if not os.access(TUN, os.R_OK | os.W_OK):
        refuse("the hosts need %s, which this user may not open: run the lab with sudo, or sudo chmod 666 %s." % (TUN, TUN))
    kernel = subprocess.run(["linux.uml", "--version"], check=True, capture_output=True, text=True).stdout
    recipe = "\n".join([SUITE, *PACKAGES, CUSTOMIZE, DISK, kernel])
    disk = CACHE / ("disk-%s.ext4" % hashlib.sha256(recipe.encode()).hexdigest()[:12])
    with alone():
        if not disk.exists():
            if os.geteuid():
                refuse("only root can make the disk of the hosts, once: sudo %s %s image" % (sys.executable, os.path.abspath(__file__)))
            make(disk)
    return disk


def make(disk: Path) -> None:
    print("Making the disk of the hosts, once …", flush=True)
    key = CACHE / "key"
    for old in [*CACHE.glob("disk-*"), *CACHE.glob("key*")]:
        old.unlink()
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", str(key))
    with tempfile.TemporaryDirectory(prefix="nfv-vnet-lab-") as folder:
        script = Path(folder, "customize")
        script.write_text(CUSTOMIZE, encoding="utf-8")
        root = Path(folder, "root")
        hook = 'sh %s "$1" %s.pub' % (script, key)
        run("mmdebstrap", "--quiet", "--variant=apt", "--include=%s" % ",".join(PACKAGES), "--customize-hook=%s" % hook, SUITE, str(root))
        unfinished = disk.with_suffix(".part")
        run("mkfs.ext4", "-q", "-F", "-d", str(root), str(unfinished), DISK)
        unfinished.rename(disk)
    owner = CACHE.parent.stat()
    for path in (CACHE, CACHE / "lock", disk, key, key.with_suffix(".pub")):
        os.chown(path, owner.st_uid, owner.st_gid)


def run(*command: str) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


class Host:
    """One host: a process, a copy-on-write file over the common disk, and two TAPs on the bridge of the lab; nothing configures the second card."""

    def __init__(self, number: int, folder: Path, disk: Path) -> None:
        processors = sorted(os.sched_getaffinity(0))
        self._processor = processors[number % len(processors)]
        self.name = "host%d" % number
        self.address = ADDRESS % (10 + number)
        self.mac = MAC % (10 + number)
        self.second_mac = MAC % (20 + number)
        self.connection = HOME / self.name
        self._folder = folder / self.name
        self._folder.mkdir()
        self._disk = disk
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._taps = (self.name, self.name + "b")
        for tap in self._taps:
            run("ip", "tuntap", "add", "dev", tap, "mode", "tap")
            run("ip", "link", "set", "dev", tap, "master", BRIDGE, "up")

    def start(self) -> None:
        """Switches the host on; its disk is as it was left, and nobody is connected."""
        self.connection.unlink(missing_ok=True)
        network = "%s::%s:255.255.255.0:%s:vec0:none" % (self.address, GATEWAY, self.name)
        # On one processor the processes of a kernel need not wake another for each system call.
        kernel = ["taskset", "--cpu-list", str(self._processor), "linux.uml", "mem=%s" % MEMORY]
        kernel += ["ubd0=%s/cow,%s" % (self._folder, self._disk), "root=/dev/ubda", "rw", "quiet"]
        # With another MAC address after each start, neighbours would not find the host for 40 s.
        kernel += ["vec0:transport=tap,ifname=%s,mac=%s,depth=128,gro=1" % (self.name, self.mac), "ip=%s" % network]
        kernel += ["vec1:transport=tap,ifname=%sb,mac=%s,depth=128,gro=1" % (self.name, self.second_mac)]
        kernel += ["systemd.hostname=%s" % self.name, "uml_dir=%s/uml" % self._folder, "con=null", "con0=null,fd:1", "con1=null,fd:1"]
        with open(self._folder / "console", "ab") as console:
            env = {**os.environ, **amx.environment()}
            self._process = subprocess.Popen(kernel, stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True, env=env)

    def wait(self) -> None:
        """Waits until the host answers over SSH."""
        deadline = time.monotonic() + BOOT_DEADLINE
        while self.ssh("true").returncode != 0:
            if time.monotonic() > deadline or not self.running:
                console = (self._folder / "console").read_text(encoding="utf-8", errors="replace")
                raise TimeoutError("%s does not answer; its console says:\n%s" % (self.name, console))
            time.sleep(0.5)

    def ssh(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["ssh", *SSH_OPTIONS, "-i", str(CACHE / "key"), "%s@%s" % (USER, self.address), command],
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

    def reset(self) -> None:
        """Starts the host with the disk that it was made with."""
        self.cut()
        (self._folder / "cow").unlink(missing_ok=True)
        self.start()

    def cut(self) -> None:
        """Pulls the plug. A kernel has helpers that would outlive it: all of its group end at once."""
        if self._process and self.running:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def remove(self) -> None:
        """Takes the host and its cables away."""
        self.cut()
        shutil.rmtree(self._folder)
        for tap in self._taps:
            run("ip", "link", "delete", "dev", tap)


# Neither the files of the user nor those of the machine: ssh looks for them by the account, not by HOME.
SSH_SETTINGS = [
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "GlobalKnownHostsFile=/dev/null",
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
    "BatchMode=yes",
    "ConnectTimeout=3",
    "LogLevel=ERROR",
]
SSH_OPTIONS = ["-F", "/dev/null", *(word for setting in SSH_SETTINGS for word in ("-o", setting))]


class Lab:
    """Hosts on a bridge, as long as the block runs."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._folder = self._disk = Path()
        self._stack = ExitStack()
        self.hosts: List[Host] = []

    def __enter__(self) -> Lab:
        if os.listdir("/sys/class/net") != ["lo"]:
            refuse("the hosts want a network of their own: start this with tests/sandbox.")
        self._disk = image()
        with self._stack as stack:
            self._folder = stack.enter_context(private_folder("hosts"))
            stack.callback(self._cut)
            run("ip", "link", "add", "name", BRIDGE, "type", "bridge")
            stack.callback(run, "ip", "link", "delete", "dev", BRIDGE)
            run("ip", "address", "add", GATEWAY + "/24", "dev", BRIDGE)
            run("ip", "link", "set", "dev", BRIDGE, "up")
            for number in range(1, self._count + 1):
                self.hosts.append(Host(number, self._folder, self._disk))
            for host in self.hosts:
                host.start()
            for host in self.hosts:
                host.wait()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stack.close()

    @contextmanager
    def more(self, count: int) -> Iterator[None]:
        """Further hosts, as long as the block runs. They are not started."""
        known = len(self.hosts)
        self.hosts += [Host(known + number, self._folder, self._disk) for number in range(1, count + 1)]
        try:
            yield
        finally:
            for host in self.hosts[known:]:
                host.remove()
            del self.hosts[known:]

    def _cut(self) -> None:
        for host in self.hosts:
            host.cut()

    @property
    def environment(self) -> Dict[str, str]:
        """For Ansible: its inventory, and a home of its own. /run is the sandbox's, and short enough for the path of a socket."""
        HOME.mkdir(exist_ok=True)
        return {**os.environ, "INVENTORY": str(self.inventory), "HOME": str(HOME)}

    @property
    def inventory(self) -> Path:
        """An inventory of the hosts, for an ordinary user of them who may use sudo."""
        lines = ["%s ansible_host=%s ansible_control_path=%s" % (host.name, host.address, host.connection) for host in self.hosts]
        lines += ["[all:vars]", "ansible_user=%s" % USER, "ansible_python_interpreter=/usr/bin/python3"]
        lines += ["ansible_ssh_private_key_file=%s" % (CACHE / "key"), "ansible_ssh_common_args='%s'" % " ".join(SSH_OPTIONS)]
        path = self._folder / "inventory.ini"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path


def main(count: str, *command: str) -> int:
    if count == "image":
        try:
            print(image())
        except subprocess.CalledProcessError as error:
            refuse("the disk of the hosts could not be made: %s failed." % error.cmd[0])
        return 0
    with Lab(int(count)) as lab:
        return subprocess.run(command, env=lab.environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
