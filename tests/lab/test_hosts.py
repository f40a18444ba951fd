# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts with a kernel, a disk and an SSH daemon of their own: over SSH, as an ordinary user with sudo, and across reboots."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Callable, Iterator

import pytest
from folders import CACHE, ROOT
from hosts import COUNT, GATEWAY, Host, Lab

QUICKSTART = "playbooks/quickstart.yml"
MARKS = "/run/netns/red /run/netns/blue /sys/class/net/br0 /sys/class/net/red0 /sys/class/net/tap0 /sys/class/net/tun0"
FAILED, UNREACHABLE = 2, 4
"""The status of Ansible."""
PASSWORD = "it's $ecret; ü"
Result = subprocess.CompletedProcess


def ansible(lab: Lab, program: str, *words: str) -> Result[str]:
    command = [str(Path(sys.executable).with_name(program)), "--inventory", str(lab.inventory), "--become", *words]
    return subprocess.run(command, cwd=ROOT, env=lab.environment, check=False, capture_output=True, text=True)


def play(lab: Lab, *words: str) -> Result[str]:
    return ansible(lab, "ansible-playbook", QUICKSTART, *words)


def bridge(lab: Lab, state: str) -> Result[str]:
    return ansible(lab, "ansible", "all", "-m", "vnet_bridge", "-a", f"name=br9 addresses=192.0.2.1/24 state={state}")


def keep(lab: Lab) -> Result[str]:
    return play(lab, "--extra-vars", "keep=true")


def recap(result: Result[str]) -> dict[str, dict[str, int]]:
    """What Ansible counts, by host."""
    lines = re.findall(r"^(host\d+) *: (ok=.*)$", result.stdout, flags=re.MULTILINE)
    return {name: {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", counts)} for name, counts in lines}


def holds(host: Host) -> bool:
    """Whether the host has all of the quickstart, or nothing."""
    found = host.ssh(f"ls -d {MARKS}").stdout.split()
    assert found in ([], sorted(MARKS.split())), found
    return bool(found)


@pytest.fixture(autouse=True)
def clean(lab: Lab) -> Iterator[None]:
    """Every test finds hosts that are on and empty."""
    yield
    for host in lab.hosts:
        if host.running and holds(host):
            host.cut()  # a boot is quicker than another run
    for host in lab.hosts:
        if not host.running:
            host.start()
    for host in lab.hosts:
        host.wait()


def test_the_quickstart_on_all_hosts_at_once(lab: Lab) -> None:
    result = play(lab)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "WARNING" not in result.stderr
    for target in ("192.0.2.12", "2001:db8::12"):
        assert result.stdout.count(f"red reaches {target}") == COUNT
    assert result.stdout.count("msg: changed=0") == COUNT
    assert result.stdout.count("msg: nothing is left") == COUNT
    assert [holds(host) for host in lab.hosts] == [False] * COUNT


def test_a_host_that_is_off_fails_alone(lab: Lab) -> None:
    off, on = lab.hosts
    off.cut()
    for state in ("present", "absent"):
        result = bridge(lab, state)
        assert result.returncode == UNREACHABLE, result.stdout + result.stderr
        assert f"{off.name} | UNREACHABLE!" in result.stdout
        assert f"{on.name} | CHANGED" in result.stdout


def test_a_power_cycle_takes_everything_and_a_run_brings_it_back(lab: Lab) -> None:
    result = keep(lab)
    assert result.returncode == 0, result.stdout + result.stderr
    assert all(counts["changed"] for counts in recap(result).values())
    assert [holds(host) for host in lab.hosts] == [True] * COUNT
    cycled, other = lab.hosts
    before = cycled.ssh("cat /proc/sys/kernel/random/boot_id").stdout
    cycled.power_off()
    assert not cycled.running
    cycled.start()
    cycled.wait()
    assert cycled.ssh("cat /proc/sys/kernel/random/boot_id").stdout != before
    assert not holds(cycled)
    assert holds(other)
    result = keep(lab)
    assert result.returncode == 0, result.stdout + result.stderr
    counts = recap(result)
    assert counts[cycled.name]["changed"] > 0
    assert counts[other.name]["changed"] == 0
    assert holds(cycled)


def test_ad_hoc_by_the_short_name(lab: Lab) -> None:
    for state, words in (("present", "CHANGED"), ("present", "SUCCESS"), ("absent", "CHANGED"), ("absent", "SUCCESS")):
        result = bridge(lab, state)
        assert result.returncode == 0, result.stdout + result.stderr
        assert result.stdout.count(f" | {words} => ") == COUNT, result.stdout


def test_a_card_goes_into_a_namespace_and_home_again(lab: Lab) -> None:
    """Found by its permanent MAC address; also after its namespace has died, with which the kernel moves it home under the name that it had there."""
    host, other = lab.hosts
    inside = {"name": "eth7", "netns": "blue", "match": {"mac": host.second_mac}, "addresses": ["10.77.0.1/24"]}
    beside = {"name": "eth7", "match": {"mac": other.second_mac}, "addresses": ["10.77.0.2/24"]}
    layouts: dict[Host, dict[str, object]] = {host: {"namespaces": [{"name": "blue"}], "links": [inside]}, other: {"links": [beside]}}

    def lay(on: Host, words: str, state: str = "present") -> None:
        result = ansible(lab, "ansible", on.name, "-m", "vnet_layout", "-a", json.dumps({"name": "cards", "state": state, **layouts[on]}))
        assert result.returncode == 0, result.stdout + result.stderr
        assert f"{on.name} | {words} => " in result.stdout, result.stdout

    def cards(on: Host) -> list[str]:
        return sorted(set(on.ssh("ls /sys/class/net").stdout.split()) - {"lo"})

    lay(other, "CHANGED")
    for words in ("CHANGED", "SUCCESS"):
        lay(host, words)
    assert cards(host) == ["vec0"]
    assert cards(other) == ["eth7", "vec0"]
    pairs = [{"sources": ["blue"], "destinations": ["10.77.0.2"]}]
    result = ansible(lab, "ansible", host.name, "-m", "vnet_ping", "-a", json.dumps({"reachable": pairs}))
    assert result.returncode == 0, result.stdout + result.stderr
    host.ssh("sudo umount /run/netns/blue; sudo rm /run/netns/blue")
    deadline = time.monotonic() + 30
    while cards(host) != ["eth7", "vec0"] and time.monotonic() < deadline:
        time.sleep(0.5)
    assert cards(host) == ["eth7", "vec0"]
    for words in ("CHANGED", "SUCCESS"):
        lay(host, words)
    assert cards(host) == ["vec0"]
    for on in (host, other):
        lay(on, "CHANGED", "absent")
        assert cards(on) == ["vec0", "vec1"]


def test_the_address_of_the_connection_moves_to_a_bridge_and_back(lab: Lab) -> None:
    """Over that very connection. What would cut off the host is refused."""
    host = lab.hosts[0]
    address = f"{host.address}/24"
    refused = {"vnet_bridge": {"name": "br0", "ports": ["vec0"]}, "vnet_layout": {"name": "uplink", "links": [{"name": "vec0", "up": False}]}}
    for module, options in refused.items():
        result = ansible(lab, "ansible", host.name, "-m", module, "-a", json.dumps(options))
        assert result.returncode == FAILED, result.stdout + result.stderr
        assert f"this would cut off the host: no link would answer to {host.address}, which this connection uses" in result.stdout
    br5 = {"type": "bridge", "name": "br5", "addresses": [address], "routes": [{"to": "default", "via": GATEWAY}]}
    links = [br5, {"name": "vec0", "master": "br5"}]
    for state, words in (("present", "CHANGED"), ("present", "SUCCESS"), ("absent", "CHANGED"), ("absent", "SUCCESS")):
        result = ansible(lab, "ansible", host.name, "-m", "vnet_layout", "-a", json.dumps({"name": "uplink", "state": state, "links": links}))
        assert result.returncode == 0, result.stdout + result.stderr
        assert f"{host.name} | {words} => " in result.stdout
        holder = host.ssh("awk '$2 == \"00000000\" {print $1}' /proc/net/route").stdout.strip()  # there is no ip(8)
        assert holder == ("br5" if state == "present" else "vec0")


# Changes that Ansible confirms over a new connection

CONFIRM = 8
"""Seconds."""
QUICK = {"ansible_timeout": 4}
"""A host on the same machine answers sooner than others."""
AWAY: dict[str, object] = {"name": "away", "force": True, "confirm_timeout": CONFIRM, "links": [{"name": "vec0", "up": False}]}
VLANS: dict[str, object] = {"type": "bridge", "name": "br5", "vlan_filtering": True, "vlan_default_pvid": 0}
WRONG_VLAN: dict[str, object] = {**VLANS, "vlans": [{"vid": 10, "pvid": True, "untagged": True}]}
WRONG_PORT: dict[str, object] = {"name": "vec0", "master": "br5", "port": {"vlans": [{"vid": 20, "pvid": True, "untagged": True}]}}
FIREWALL = """
table bridge lab {
    chain input {
        type filter hook input priority 0;
        tcp dport 22 tcp flags & (syn | ack) == syn drop
    }
}
"""
"""Connections that are open go on."""
RESCUED = """
- hosts: all
  gather_facts: false
  become: true
  tasks:
    - block:
        - nfv.vnet.vnet_layout: "{{ change }}"
          when: inventory_hostname == cut
        - nfv.vnet.vnet_layout: {name: away, confirm_timeout: 8, links: [{type: dummy, name: d0}]}
          when: inventory_hostname != cut
      rescue:
        - ansible.builtin.debug: {msg: "{{ inventory_hostname }} rescued: {{ ansible_failed_result.msg }}"}
    - ansible.builtin.command: journalctl --quiet --identifier nfv-vnet --output cat
      register: log
    - ansible.builtin.debug: {msg: "{{ inventory_hostname }} says {{ log.stdout_lines[-1] }}"}
"""


def changed(lab: Lab, folder: Path, change: dict[str, object]) -> str:
    """What Ansible prints of a play in which the change cuts off the first host, and the second one has another."""
    playbook = folder / "rescued.yml"
    playbook.write_text(RESCUED, encoding="utf-8")
    words = {"change": change, "cut": lab.hosts[0].name, **QUICK}
    result = ansible(lab, "ansible-playbook", str(playbook), "--extra-vars", json.dumps(words))
    assert result.returncode == 0, result.stdout + result.stderr
    return " ".join(result.stdout.split())


def uplink(host: Host, *links: dict[str, object], **bridge: object) -> dict[str, object]:
    br5 = {"type": "bridge", "name": "br5", "addresses": [f"{host.address}/24"], "routes": [{"to": "default", "via": GATEWAY}], **bridge}
    return {"name": "uplink", "confirm_timeout": CONFIRM, "force": True, "links": [br5, *(links or ({"name": "vec0", "master": "br5"},))]}


CUTTING: dict[str, Callable[[Host], dict[str, object]]] = {
    "link": lambda _host: AWAY,
    "vlan": lambda host: uplink(host, WRONG_PORT, **WRONG_VLAN),
    "firewall": uplink,
}


@pytest.mark.parametrize("how", [pytest.param("link", marks=pytest.mark.slow), "vlan", "firewall"])
def test_a_host_that_is_cut_off_comes_back_by_itself(lab: Lab, how: str, tmp_path: Path) -> None:
    """The other host is not disturbed. Here the sessions of users end with everything that runs in them."""
    host, other = lab.hosts
    if how == "firewall":  # in the way of new connections only
        done = host.ssh(f"echo {shlex.quote(FIREWALL)} | sudo nft --file -")
        assert done.returncode == 0, done.stderr
    text = changed(lab, tmp_path, CUTTING[how](host))
    name = CUTTING[how](host)["name"]
    sentence = f"vnet_layout {name}: the controller did not confirm the change over a new connection within {CONFIRM} seconds. The host is as it was before"
    assert f"{host.name} rescued: {sentence}" in text
    assert f"{host.name} says {sentence}" in text
    assert f"{other.name} says vnet_layout away: confirmed" in text
    assert text.count("unreachable=0") == COUNT
    assert "rescued=1" in text
    assert "br5" not in host.ssh("ls /sys/class/net").stdout
    assert ansible(lab, "ansible", other.name, "-m", "vnet_layout", "-a", "name=away state=absent").returncode == 0
    if how == "firewall":
        assert host.ssh("sudo nft delete table bridge lab").returncode == 0


def bond_of(host: Host, *ports: str, **more: object) -> dict[str, object]:
    """A layout in which the connection uses a bond. Beside the card of the host it may have dummies as ports."""
    bond0 = {"type": "bond", "name": "bond0", "mode": "active-backup", "miimon": 100}
    bond0.update(addresses=[f"{host.address}/24"], routes=[{"to": "default", "via": GATEWAY}])
    dummies = [{"type": "dummy", "name": name, "master": "bond0" if name in ports else ""} for name in ("d1", "d2")]
    card = {"name": "vec0", "master": "bond0" if "vec0" in ports else ""}
    return {"name": "uplink", "confirm_timeout": CONFIRM, "links": [bond0, card, *dummies], **more}


def test_the_ports_of_a_bond_change_that_the_connection_uses(lab: Lab) -> None:
    """Over that very connection. The bond gets the address of the card, and then other ports; what would cut off the host is rolled back."""
    host = lab.hosts[0]

    def run(words: str, options: dict[str, object]) -> str:
        result = ansible(lab, "ansible", host.name, "-m", "vnet_layout", "-a", json.dumps(options), "--extra-vars", json.dumps(QUICK))
        assert result.returncode == (FAILED if words == "FAILED!" else 0), result.stdout + result.stderr
        assert f"{host.name} | {words} => " in result.stdout
        return result.stdout

    def holder() -> str:
        return host.ssh("awk '$2 == \"00000000\" {print $1}' /proc/net/route").stdout.strip()

    def ports_of_the_bond() -> set[str]:
        return set(host.ssh("cat /sys/class/net/bond0/bonding/slaves").stdout.split())

    # the host has its address from systemd-networkd, which would set it again whenever the card comes up
    assert host.ssh("sudo systemctl stop systemd-networkd.socket systemd-networkd").returncode == 0
    for ports in ("vec0", "d1"), ("vec0", "d2"):
        run("CHANGED", bond_of(host, *ports))
        run("SUCCESS", bond_of(host, *ports))
        assert holder() == "bond0"
        assert ports_of_the_bond() == set(ports)
    text = run("FAILED!", bond_of(host, "d1", force=True))
    assert f"the controller did not confirm the change over a new connection within {CONFIRM} seconds. The host is as it was before" in text
    assert ports_of_the_bond() == {"vec0", "d2"}
    run("CHANGED", {"name": "uplink", "state": "absent", "confirm_timeout": CONFIRM})
    assert holder() == "vec0"
    host.cut()  # it boots with systemd-networkd


# With an address from DHCP

OF_DHCP = """
[Match]
Name={link}
[Network]
DHCP=ipv4
[DHCPv4]
ClientIdentifier=mac
"""
UNMANAGED = """
[Match]
Name={other}
[Link]
Unmanaged=yes
"""
LEASED = "networkctl status {link} | grep -q 'Address: {address} (DHCP4'"
WITH_ROLE = """
- hosts: all
  gather_facts: false
  become: true
  roles:
    - role: nfv.vnet.vm_bridge
      vars: {vm_bridge_bridge: br5, vm_bridge_uplink: vec0, vm_bridge_move_addresses: true, vm_bridge_confirm_timeout: 8}
"""


@pytest.fixture
def leased(lab: Lab) -> Iterator[Host]:
    """A host whose address and default route are from DHCP."""
    host = lab.hosts[0]
    server = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--no-ping", "--interface=lab0", "--bind-interfaces", "--user=root"]
    server += [f"--dhcp-range={host.address},{host.address},2m", "--dhcp-leasefile=/run/leases", "--pid-file=", "--log-facility=/run/dnsmasq.log"]
    with subprocess.Popen(server) as process:
        try:
            run_client(host, "vec0")
            yield host
        finally:
            process.terminate()
            host.cut()  # it boots without the file


def run_client(host: Host, link: str) -> None:
    """Runs the DHCP client of systemd-networkd on one link only, which it leaves the other for, and waits for the address."""
    files = {"10-client": OF_DHCP.format(link=link), "05-other": UNMANAGED.format(other="br5" if link == "vec0" else "vec0")}
    writes = [f"echo {shlex.quote(text)} | sudo tee /run/systemd/network/{name}.network" for name, text in files.items()]
    done = host.ssh(" && ".join(["sudo mkdir -p /run/systemd/network", *writes, "sudo networkctl reload"]))
    assert done.returncode == 0, done.stderr
    wait_until(lambda: host.ssh(LEASED.format(link=link, address=host.address)).returncode == 0, f"{link} has no lease")


def test_an_address_of_dhcp_moves_and_is_taken_back(lab: Lab, leased: Host, tmp_path: Path) -> None:
    """The client goes on where the address is."""
    text = changed(lab, tmp_path, AWAY)
    assert f"{leased.name} rescued: vnet_layout away: the controller did not confirm the change" in text
    assert "rescued=1" in text
    playbook = tmp_path / "role.yml"
    playbook.write_text(WITH_ROLE, encoding="utf-8")
    for state, link in (("present", "br5"), ("absent", "vec0")):
        words = json.dumps({"vm_bridge_state": state, **QUICK})
        result = ansible(lab, "ansible-playbook", str(playbook), "--limit", leased.name, "--extra-vars", words)
        assert result.returncode == 0, result.stdout + result.stderr
        run_client(leased, link)
        holder = leased.ssh("awk '$2 == \"00000000\" {print $1}' /proc/net/route").stdout.split()
        assert set(holder) == {link}
    journal = leased.ssh("sudo journalctl --sync && sudo journalctl --boot --quiet --output cat --grep '^Started nfv-vnet-confirm'")
    assert "Rolls back vnet_layout vms unless it is confirmed" in journal.stdout, journal


def test_a_change_with_a_password(lab: Lab, guarded: str) -> None:
    known = json.dumps({"ansible_become_password": PASSWORD, **QUICK})
    for words in (f"name=br9 confirm_timeout={CONFIRM}", "name=br9 state=absent"):
        result = ansible(lab, "ansible", guarded, "-m", "vnet_bridge", "-a", words, "--extra-vars", known)
        assert result.returncode == 0, result.stdout + result.stderr
        assert f"{guarded} | CHANGED => " in result.stdout


def test_a_user_without_sudo_is_told_so(lab: Lab) -> None:
    program = str(Path(sys.executable).with_name("ansible"))
    command = [program, "--inventory", str(lab.inventory), "host1", "-m", "vnet_bridge", "-a", "name=br9"]
    result = subprocess.run(command, cwd=ROOT, env=lab.environment, check=False, capture_output=True, text=True)
    assert result.returncode == 2, result.stdout + result.stderr
    assert "become" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr


# Inside namespaces

INSIDE = """
- hosts: all
  gather_facts: false
  become: true
  tasks:
    - nfv.vnet.vnet_netns: {name: inner, addresses: [192.0.2.9/32]}
    - ansible.builtin.file: {path: /etc/netns/inner, state: directory, mode: "0755"}
    - ansible.builtin.copy: {dest: "/etc/netns/inner/{{ item }}", content: "of inner", mode: "0644"}
      loop: [debian_version, not-on-the-host]

- hosts: all
  gather_facts: false
  become: true
  become_method: nfv.vnet.netns
  vars: {ansible_netns: inner}
  tasks:
    - ansible.builtin.shell: cat /etc/debian_version; echo; ls /sys/class/net; id -un; exit 7
      register: seen
      failed_when: seen.rc != 7
    - ansible.builtin.copy: {dest: /run/inner, content: "sent ü", mode: "0600"}
    - ansible.builtin.assert:
        that:
          - seen.stdout_lines[0] == "of inner"
          - "'lo' in seen.stdout_lines and 'vec0' not in seen.stdout_lines"
          - seen.stdout_lines[-1] == "root"
        fail_msg: "{{ seen.stdout_lines }}"
    - ansible.builtin.command: id -un
      become_user: nobody
      become: true
      register: other
      failed_when: other.stdout != "nobody"
      when: ansible_pipelining | bool # without it Ansible needs setfacl on the host
    - ansible.builtin.command: id -un
      become_user: lab
      become: true
      register: same
      failed_when: same.stdout != "lab"
    - ansible.builtin.command: ls /sys/class/net
      become_user: lab
      become: true
      register: same
      failed_when: "'vec0' in same.stdout_lines"

- hosts: all
  gather_facts: false
  become: true
  tasks:
    - ansible.builtin.command: cat /run/inner
      register: sent
      failed_when: sent.stdout != "sent ü"
    - ansible.builtin.command: cat /etc/debian_version
      register: outside
      failed_when: outside.stdout == "of inner"
"""
CLEAR = """
- hosts: all
  gather_facts: false
  become: true
  tasks:
    - nfv.vnet.vnet_netns: {name: inner, state: absent}
    - ansible.builtin.file: {path: "{{ item }}", state: absent}
      loop: [/etc/netns, /run/inner]
"""


@pytest.mark.parametrize("pipelining", ["true", pytest.param("false", marks=pytest.mark.slow)])
def test_tasks_inside_a_namespace(lab: Lab, pipelining: str, tmp_path: Path) -> None:
    playbooks = [tmp_path / "inside.yml", tmp_path / "clear.yml"]
    for path, content in zip(playbooks, (INSIDE, CLEAR), strict=True):
        path.write_text(content, encoding="utf-8")
    for path in playbooks:
        result = ansible(lab, "ansible-playbook", str(path), "--extra-vars", f"ansible_pipelining={pipelining}")
        assert result.returncode == 0, result.stdout + result.stderr


def test_a_namespace_that_is_not_there(lab: Lab) -> None:
    result = ansible(lab, "ansible", "all", "-m", "ping", "--become-method", "nfv.vnet.netns", "--extra-vars", "ansible_netns=nowhere")
    assert result.returncode == 2, result.stdout + result.stderr
    assert (result.stdout + result.stderr).count("there is no network namespace nowhere on this host") >= COUNT


@pytest.fixture
def guarded(lab: Lab) -> Iterator[str]:
    """A host on which sudo wants to know the password of the user."""
    host = lab.hosts[0]
    once, again = (f"echo 'lab ALL=(ALL) {word}ALL' > /etc/sudoers.d/lab" for word in ("", "NOPASSWD: "))
    done = host.ssh(f"echo {shlex.quote(f'lab:{PASSWORD}')} | sudo chpasswd && sudo sh -c {shlex.quote(once)}")
    assert done.returncode == 0, done.stderr
    yield host.name
    done = host.ssh(f"echo {shlex.quote(PASSWORD)} | sudo -S sh -c {shlex.quote(again)}")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("pipelining", [pytest.param(True, marks=pytest.mark.slow), False])
def test_a_password_on_the_way_into_a_namespace(lab: Lab, guarded: str, pipelining: bool) -> None:
    def inside(**variables: object) -> Result[str]:
        words = json.dumps({"ansible_netns": "inner", "ansible_pipelining": pipelining, **variables})
        return ansible(lab, "ansible", guarded, "-m", "command", "-a", "ls /sys/class/net", "--become-method", "nfv.vnet.netns", "--extra-vars", words)

    def netns(state: str) -> Result[str]:
        known = json.dumps({"ansible_become_password": PASSWORD})
        return ansible(lab, "ansible", guarded, "-m", "vnet_netns", "-a", f"name=inner state={state}", "--extra-vars", known)

    made = netns("present")
    assert made.returncode == 0, made.stdout + made.stderr
    right, wrong, none = inside(ansible_become_password=PASSWORD), inside(ansible_become_password="another"), inside()
    assert netns("absent").returncode == 0
    assert right.returncode == 0, right.stdout + right.stderr
    assert "lo" in right.stdout.splitlines()
    assert "vec0" not in right.stdout
    for result, complaint in ((wrong, "Incorrect nfv.vnet.netns password"), (none, "Missing nfv.vnet.netns password")):
        assert result.returncode != 0
        assert complaint in result.stdout + result.stderr
        assert "Traceback" not in result.stdout + result.stderr
        assert PASSWORD not in result.stdout + result.stderr


def test_namespaces_of_many_hosts_as_hosts(lab: Lab, tmp_path: Path) -> None:
    cable = {"name": "a", "peer": {"name": "eth0", "netns": "inner", "addresses": ["192.0.2.9/24"]}}
    layout = json.dumps({"name": "lan", "namespaces": [{"name": "inner"}], "links": [{"type": "veth", **cable}]})
    assert ansible(lab, "ansible", "all", "-m", "vnet_layout", "-a", layout).returncode == 0
    source = tmp_path / "lab.netns.yml"
    names = "".join(f"  {host.name}: {{ansible_become: true}}\n" for host in lab.hosts)
    source.write_text(f"plugin: nfv.vnet.netns\nhosts:\n{names}", encoding="utf-8")
    result = ansible(lab, "ansible", "--inventory", str(source), "layout_lan", "-m", "command", "-a", "cat /proc/net/dev")
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count("eth0:") == COUNT
    assert "vec0" not in result.stdout
    for host in lab.hosts:
        assert f"inner@{host.name} | CHANGED" in result.stdout
    assert ansible(lab, "ansible", "all", "-m", "vnet_layout", "-a", "name=lan state=absent").returncode == 0


# The tool itself


def kernels(folders: set[Path]) -> list[int]:
    """The processes of User-mode Linux that work in one of the folders."""
    marks = [f"uml_dir={folder}/".encode() for folder in folders]
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            found += [int(entry.name)] if any(mark in words for mark in marks) else []
    return found


@pytest.mark.parametrize("how", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), pytest.param(signal.SIGTERM, marks=pytest.mark.slow), signal.SIGKILL])
@pytest.mark.parametrize("early", [True, False], ids=["starting", "started"])
def test_nothing_is_left_of_an_interrupted_lab(how: signal.Signals, early: bool) -> None:
    before = set(CACHE.glob("hosts-*"))
    inner = [sys.executable, str(ROOT / "tests" / "lab" / "hosts.py"), "1", "sh", "-c", "echo ready; sleep 300"]
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # what a shell starts in the background ignores it
    with subprocess.Popen([str(ROOT / "tests" / "sandbox"), *inner], stdout=subprocess.PIPE, text=True, preexec_fn=heard) as sandbox:
        try:
            assert sandbox.stdout
            if not early:
                assert sandbox.stdout.readline() == "ready\n"
            wait_until(lambda: kernels(new(before)), "no host was started")
            mine = new(before)
            os.kill(process_of(inner), how)
            sandbox.wait(30)
        finally:
            sandbox.kill()
    wait_until(lambda: not kernels(mine), "kernels are left")


def new(before: set[Path]) -> set[Path]:
    return set(CACHE.glob("hosts-*")) - before


def wait_until(condition: Callable[[], object], otherwise: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.1)


def process_of(command: list[str]) -> int:
    """The process whose command line is exactly this."""
    wanted = b"\0".join(word.encode() for word in command) + b"\0"
    (pid,) = [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/cmdline") if path.read_bytes() == wanted]
    return pid
