# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users do with Ansible around the modules: ad hoc commands, diffs, vaults, the quickstart."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playing import ROOT, SANDBOX, play, run

BRIDGE: dict[str, Any] = {"hosts": "localhost", "gather_facts": False, "tasks": [{"nfv.vnet.vnet_bridge": {"name": "br0", "mtu": 1400}}]}
QUICKSTART = str(ROOT / "playbooks" / "quickstart.yml")


@pytest.mark.each_ansible
def test_ad_hoc() -> None:
    """With the deprecation warnings that the configuration of the checkout turns off."""
    words = "name=br0 stp=true forward_delay=2.5 addresses=192.0.2.1/24,192.0.2.2/24"
    result = run("ansible", "localhost", "-m", "nfv.vnet.vnet_bridge", "-a", words, ANSIBLE_DEPRECATION_WARNINGS="true")
    assert "DEPRECATION" not in result.stderr
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.startswith("localhost | CHANGED => ")
    assert "forward_delay: 2.5" in result.stdout
    assert "- ip address replace 192.0.2.2/24 dev br0" in result.stdout


@pytest.mark.each_ansible
def test_ad_hoc_failure_is_one_sentence() -> None:
    result = run("ansible", "localhost", "-m", "nfv.vnet.vnet_bridge", "-a", "name=br0 mtu=5")
    assert result.returncode == 2
    assert "vnet_bridge br0: mtu: 5 is out of range (68 to 65575)" in result.stdout + result.stderr
    assert re.search(r"error:\s+errno: null\s+path:\s+- mtu\n", result.stdout + result.stderr)
    assert "Traceback" not in result.stdout + result.stderr


@pytest.mark.each_ansible
def test_diff_is_shown(tmp_path: Path) -> None:
    change = {**BRIDGE, "tasks": [{"nfv.vnet.vnet_bridge": {"name": "br0", "mtu": 1300}}]}
    result = play(tmp_path, [BRIDGE, change], "--diff")
    assert result.returncode == 0, result.stderr
    lines = [re.sub(r"[\s\",]", "", line) for line in result.stdout.splitlines()]
    assert "-mtu:1400" in lines
    assert "+mtu:1300" in lines


@pytest.mark.each_ansible
def test_a_large_layout_is_summed_up(tmp_path: Path) -> None:
    """With -v it shows a summary; all commands are registered, and shown with -vvv."""
    spaces = [{"name": f"n{number}"} for number in range(40)]
    layout = {"name": "lab", "namespaces": spaces, "links": [{"type": "bridge", "name": "br0"}]}
    count = {"ansible.builtin.debug": {"msg": "commands={{ result.commands | length }}"}}
    tasks = [{"nfv.vnet.vnet_layout": layout, "register": "result"}, count, {"nfv.vnet.vnet_layout": {"name": "lab", "state": "absent"}}]
    plays = [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]
    told = play(tmp_path, plays, "-v").stdout
    assert "vnet_layout lab on localhost: declared: namespaces: 40; links: 1\n" in told
    assert "vnet_layout lab on localhost: namespaces: 40 created; links: 1 created (all" in told
    assert "vnet_layout lab on localhost: state: absent\n" in told
    assert "ip netns add n7" not in told
    (registered,) = re.findall(r"commands=(\d+)", told)
    assert int(registered) > 80
    plays = [{"hosts": "localhost", "gather_facts": False, "tasks": tasks[:1]}]
    assert "ip netns add n7" in play(tmp_path, plays, "-vvv").stdout


@pytest.mark.each_ansible
def test_a_layout_from_variables(tmp_path: Path) -> None:
    """With templates in its items, some of them for nothing, and without."""
    variables = {
        "links": [{"type": "bridge", "name": "{{ prefix }}0", "mtu": "{{ 1300 + 100 }}", "txqueuelen": "{{ nothing | default(omit) }}"}],
        "namespaces": [{"name": "red"}],
        "prefix": "br",
    }
    layout = {"name": "lab", "namespaces": "{{ namespaces }}", "links": "{{ links }}", "sysctl": "{{ nothing | default(omit) }}"}
    tasks = [{"nfv.vnet.vnet_layout": layout, "register": "result"}, {"ansible.builtin.debug": {"msg": "{{ result.commands | join('; ') }}"}}]
    told = play(tmp_path, [{"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": tasks}]).stdout
    assert "ip link set dev br0 mtu 1400;" in told
    assert "ip netns add red;" in told
    assert "txqueuelen" not in told
    assert "vnet_layout lab" not in told, "it is summed up with -v alone"


def test_check_of_a_whole_playbook(tmp_path: Path) -> None:
    tasks = [
        {"nfv.vnet.vnet_netns": {"name": "red"}},
        {"nfv.vnet.vnet_bridge": {"name": "br0", "netns": "red"}},
        {"nfv.vnet.vnet_tuntap": {"name": "tap0", "mode": "tap", "netns": "red", "master": "br0"}},
    ]
    result = play(tmp_path, [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}], "--check")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "changed=3" in result.stdout
    assert "namespace red does not exist" in " ".join(result.stderr.split())


@pytest.mark.each_ansible
def test_nobody_is_pinged_in_check_mode(tmp_path: Path) -> None:
    """The network may be what earlier tasks would make."""
    ping: dict[str, Any] = {"nfv.vnet.vnet_ping": {"sources": ["nowhere"]}}
    tasks = [{**ping, "check_mode": True}, {**ping, "ignore_errors": True}]
    result = play(tmp_path, [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}])
    assert result.returncode == 0, result.stdout + result.stderr
    assert "skipped=1 " in result.stdout
    assert "ignored=1 " in result.stdout


def test_a_failed_check_returns_the_pairs_that_differ_and_measuring_does_not_fail(tmp_path: Path) -> None:
    layout = {
        "name": "lab",
        "namespaces": ["red"],
        "links": [{"type": "veth", "name": "a", "peer": {"name": "b", "netns": "red", "addresses": "192.0.2.2/24"}}],
    }
    ping = {"sources": ["red"], "reachable": None, "destinations": ["192.0.2.2", "192.0.2.9"], "deadline": 0.2, "timeout": 0.2}
    same = "vnet_ping.differing | map(attribute='destination') == ['192.0.2.9'] and vnet_ping.summary.differing == 1"
    tasks = [
        {"nfv.vnet.vnet_layout": layout},
        {"nfv.vnet.vnet_ping": ping, "register": "vnet_ping", "ignore_errors": True},
        {"ansible.builtin.assert": {"that": ["vnet_ping is failed", same, "vnet_ping.pairs is not defined"]}},
        {"nfv.vnet.vnet_ping": {**ping, "fail_on_difference": False}, "register": "vnet_ping"},
        {"ansible.builtin.assert": {"that": ["vnet_ping is not failed", same, "vnet_ping.pairs | length == 2"]}},
    ]
    result = play(tmp_path, [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}])
    assert result.returncode == 0, result.stdout + result.stderr


def test_value_from_a_vault(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("secret")
    encrypt = ["encrypt_string", "--vault-password-file", str(password), "--name", "vnet_alias", "to red"]
    vault = subprocess.run([Path(sys.executable).with_name("ansible-vault"), *encrypt], check=True, capture_output=True, text=True).stdout
    (tmp_path / "variables.yml").write_text(vault)
    bridge = {"name": "br0", "alias": "{{ vnet_alias }}"}
    check = {"ansible.builtin.assert": {"that": "vnet_result.bridge.alias == 'to red'"}}
    tasks = [{"nfv.vnet.vnet_bridge": bridge, "register": "vnet_result"}, check, {"nfv.vnet.vnet_bridge": bridge}]
    variables = ["--extra-vars", f"@{tmp_path / 'variables.yml'}", "--vault-password-file", str(password)]
    result = play(tmp_path, [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}], *variables)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "changed=1" in result.stdout


@pytest.mark.slow  # of its runs `make demo` makes four
def test_quickstart_twice() -> None:
    """The first run keeps the network, the second finds it and removes it."""
    playbook = f"{Path(sys.executable).with_name('ansible-playbook')} {QUICKSTART}"
    script = f"{playbook} -e keep=true && ls -d /run/netns/red /sys/class/net/tun0 && {playbook} && ! ls -d /run/netns/red /sys/class/net/tun0"
    result = subprocess.run([SANDBOX, "sh", "-c", script], cwd=ROOT, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "WARNING" not in result.stderr
    for target in ("192.0.2.12", "2001:db8::12"):
        assert result.stdout.count(f"red reaches {target}") == 2
    assert result.stdout.count("msg: changed=0") == 2
    assert result.stdout.count("msg: nothing is left") == 1
    assert "It is gone again." in result.stdout


def test_quickstart_in_check_mode() -> None:
    result = run("ansible-playbook", QUICKSTART, "--check")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "It was not created, as this was check mode." in result.stdout


def test_quickstart_leaves_alone_what_it_did_not_make() -> None:
    ansible, playbook = (Path(sys.executable).with_name(name) for name in ("ansible", "ansible-playbook"))
    script = f"{ansible} localhost -m nfv.vnet.vnet_bridge -a name=br0 && ! {playbook} {QUICKSTART} && test -e /sys/class/net/br0"
    result = subprocess.run([SANDBOX, "sh", "-c", script], cwd=ROOT, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "This host has /sys/class/net/br0 already" in result.stdout
