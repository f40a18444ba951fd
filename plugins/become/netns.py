# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
name: netns
short_description: Run tasks inside a network namespace
version_added: 1.0.0
description:
  - Runs tasks of any module inside a network namespace of the target host, over any connection.
  - The environment is the same as with C(ip netns exec). The network, C(/sys) and C(/proc/sys/net) are those of the namespace, and each file in
    C(/etc/netns/NAME) is mounted over the file of the same name in C(/etc), so that a namespace can have a C(resolv.conf) of its own.
    All other files are those of the target host.
  - Entering a namespace requires root. A user who is not root becomes root with C(sudo) first.
author:
  - The nfv.vnet developers (@nfv-vnet)
options:
  netns:
    description:
      - The network namespace to run in, a name in C(/run/netns) or an absolute path such as C(/proc/1234/ns/net).
      - It is required.
    type: str
    ini:
      - section: netns_become_plugin
        key: netns
    env:
      - name: ANSIBLE_NETNS
    vars:
      - name: ansible_netns
  become_user:
    description: The user that the task runs as, inside the namespace.
    type: str
    default: root
    ini:
      - section: privilege_escalation
        key: become_user
      - section: netns_become_plugin
        key: user
    env:
      - name: ANSIBLE_BECOME_USER
      - name: ANSIBLE_NETNS_USER
    vars:
      - name: ansible_become_user
      - name: ansible_netns_user
    keyword:
      - name: become_user
  become_exe:
    description: Program with which a user who is not root becomes root.
    type: str
    default: sudo
    ini:
      - section: privilege_escalation
        key: become_exe
      - section: netns_become_plugin
        key: executable
    env:
      - name: ANSIBLE_BECOME_EXE
      - name: ANSIBLE_NETNS_EXE
    vars:
      - name: ansible_become_exe
      - name: ansible_netns_exe
    keyword:
      - name: become_exe
  become_flags:
    description: Options of O(become_exe). Without a password C(-n) is added. With a password C(-n) is removed, and C(-S -p) with the prompt is added.
    type: str
    default: -H
    ini:
      - section: privilege_escalation
        key: become_flags
      - section: netns_become_plugin
        key: flags
    env:
      - name: ANSIBLE_BECOME_FLAGS
      - name: ANSIBLE_NETNS_FLAGS
    vars:
      - name: ansible_become_flags
      - name: ansible_netns_flags
    keyword:
      - name: become_flags
  become_pass:
    description: Password for O(become_exe).
    type: str
    ini:
      - section: netns_become_plugin
        key: password
    env:
      - name: ANSIBLE_BECOME_PASS
      - name: ANSIBLE_NETNS_PASS
    vars:
      - name: ansible_become_password
      - name: ansible_become_pass
      - name: ansible_netns_pass
notes:
  - The target host needs C(nsenter), C(unshare), C(mount) and, if O(become_user) is not root, C(su) of util-linux or BusyBox. It does not need iproute2.
  - M(ansible.builtin.setup) needs iproute2 for network facts.
  - A task fails if the namespace does not exist. In check mode it may be missing because an earlier task would only create it in a real run;
    the first example skips the tasks inside it then.
"""

EXAMPLES = r"""
- name: Create the namespace red, and run tasks inside it, also in check mode
  hosts: all
  gather_facts: false
  become: true
  tasks:
    - name: Create the namespace
      nfv.vnet.vnet_netns:
        name: red

    - name: Look which namespaces exist
      nfv.vnet.vnet_info:
      register: vnet_host

    - name: Run tasks inside it
      become_method: nfv.vnet.netns
      vars:
        ansible_netns: red
      when: "'red' in vnet_host.namespaces | map(attribute='name')"
      block:
        - name: Create a bridge
          nfv.vnet.vnet_bridge:
            name: br0
            addresses: [192.0.2.1/24]

- name: Run all tasks of a play in the namespace red, which must exist, also in check mode
  hosts: all
  gather_facts: false
  become: true
  become_method: nfv.vnet.netns
  vars:
    ansible_netns: red
  tasks:
    - name: Gather facts of its interfaces and addresses
      ansible.builtin.setup:
        gather_subset: network

    - name: Check that it is the right one
      ansible.builtin.assert:
        that: "'br0' in ansible_facts.interfaces"
"""

import re
import shlex
from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.become import BecomeBase
from ansible_collections.nfv.vnet.plugins.module_utils._errors import quoted

_NAME = re.compile(r"(?!\.{1,2}\Z)[^/\0]{1,255}")

_BECOME_ROOT = 'if [ "$(id -u)" != 0 ]; then set -- %s "$@"; fi; "$@"'

_ENTER = """
[ -e "$2" ] || { echo "there is no network namespace $1 on this host" >&2; exit 1; }
exec nsenter --net="$2" unshare -m /bin/sh -c "$3" netns "$@"
"""
"""Arguments: name of the namespace, its path, the next script, and the command."""

_SET_UP = """
if [ -w /sys ]; then mode=rw; else mode=ro; fi
mount --make-rslave / || exit
umount -l /sys 2>/dev/null
mount -t sysfs -o "$mode" nfv-vnet /sys || exit
for file in /etc/netns/"$1"/* /etc/netns/"$1"/.[!.]*; do
    if [ -e "$file" ]; then mount --bind "$file" "/etc/${file##*/}"; fi
done
shift 3
exec "$@"
"""
"""The same arguments, inside the namespace. Does what ip netns exec does (lib/namespace.c of iproute2)."""


class _User(str):
    """A user that never equals another one. Ansible skips become if its user is that of the connection, which is right for users
    but not for namespaces."""

    __hash__ = str.__hash__

    def __ne__(self, other: object) -> bool:
        return True


class BecomeModule(BecomeBase):  # type: ignore[misc]
    name = "nfv.vnet.netns"
    fail = ("Sorry, try again.",)
    missing = ("Sorry, a password is required to run sudo", "sudo: a password is required")

    def get_option(self, option: str, hostvars: Any = None, playcontext: Any = None) -> Any:
        value = super().get_option(option, hostvars, playcontext)
        return _User(value or "root") if option == "become_user" else value

    def build_become_command(self, cmd: str, shell: Any) -> str:
        super().build_become_command(cmd, shell)
        if not cmd:
            return cmd
        netns = str(self.get_option("netns") or "")
        path = _path_of(netns)
        command = self._build_success_command(cmd, shell)
        user = str(self.get_option("become_user"))
        if user != "root":
            if user.startswith("-"):
                raise AnsibleError("become method nfv.vnet.netns: become_user: %s is not the name of a user" % quoted(user))
            command = "su -s /bin/sh -c %s -- %s" % (shlex.quote(command), shlex.quote(user))
        enter = shlex.join(["/bin/sh", "-c", _ENTER, "netns", netns, path, _SET_UP])
        return "set -- %s %s; %s" % (enter, command, _BECOME_ROOT % self._root())

    def _root(self) -> str:
        """How another user becomes root."""
        program = self.get_option("become_exe") or "sudo"
        try:
            flags = shlex.split(self.get_option("become_flags") or "")
        except ValueError as error:
            raise AnsibleError("become method nfv.vnet.netns: become_flags: %s" % error) from None
        self.prompt = ""
        if self.get_option("become_pass"):
            self.prompt = "[sudo via ansible, key=%s] password:" % self._id
            flags = [re.sub(r"^-(\w*)n", r"-\1", flag) for flag in flags if flag not in ("-n", "--non-interactive")]
            flags += ["-S", "-p", self.prompt]
        else:
            flags.append("-n")
        return "%s %s" % (program, shlex.join(flags))


def _path_of(netns: str) -> str:
    if not netns:
        raise AnsibleError("become method nfv.vnet.netns: set ansible_netns to the namespace to run in")
    if netns.startswith("/"):
        return netns
    if not _NAME.fullmatch(netns):
        raise AnsibleError("become method nfv.vnet.netns: ansible_netns: %s is neither the name of a namespace nor an absolute path" % quoted(netns))
    return "/run/netns/" + netns
