# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes that Ansible confirms over a new connection: C(confirm_timeout)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playing import on_hosts, run

GATEWAY = "192.0.2.1"
ADDRESS = "{{ ansible_host }}/24"
BR5 = {"type": "bridge", "name": "br5", "addresses": [ADDRESS], "routes": [{"to": "default", "via": GATEWAY}]}
UPLINK = {"name": "uplink", "confirm_timeout": 6, "links": [BR5, {"name": "eth0", "master": "br5"}]}
CUT = {"name": "cut", "force": True, "confirm_timeout": 4, "links": [{"name": "eth0", "up": False}]}
PLAY: dict[str, Any] = {"hosts": "all", "gather_facts": False}
WHO = "awk '$2 == \"00000000\" {print $1}' /proc/net/route"
"""The link of the default route."""


def layout(options: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"nfv.vnet.vnet_layout": options, **more}


def expect(that: str) -> dict[str, Any]:
    return {"ansible.builtin.assert": {"that": that, "quiet": True}}


@pytest.mark.each_ansible
@pytest.mark.parametrize("pipelining", ["true", pytest.param("false", marks=pytest.mark.slow)])
def test_the_address_of_the_connection_moves_to_a_bridge(tmp_path: Path, pipelining: str) -> None:
    """On several hosts at once, each at its own pace; a loop and a delegated task confirm as well."""
    bridges = {"nfv.vnet.vnet_bridge": {"name": "{{ item }}", "confirm_timeout": 6}, "loop": ["a", "b"], "register": "both"}
    delegated = {"nfv.vnet.vnet_netns": {"name": "of-{{ inventory_hostname }}", "confirm_timeout": 6}, "delegate_to": "host0"}
    tasks = [
        layout(UPLINK, check_mode=True, register="foreseen"),
        {"ansible.builtin.command": "ls /run/nfv-vnet/confirm", "register": "armed", "failed_when": "armed.rc == 0", "changed_when": False},
        layout(UPLINK, register="first"),
        layout(UPLINK, register="second"),
        expect("foreseen.commands == first.commands and first is changed and second is not changed and second.commands == []"),
        {"ansible.builtin.shell": WHO, "register": "who", "failed_when": "who.stdout != 'br5'", "changed_when": False},
        bridges,
        expect("both.results | map(attribute='commands') | map('first') | list == ['ip link add name a type bridge', 'ip link add name b type bridge']"),
        delegated,
        layout({**UPLINK, "state": "absent"}),
        {"ansible.builtin.shell": WHO, "register": "who", "failed_when": "who.stdout != 'eth0'", "changed_when": False},
    ]
    result = on_hosts(2, tmp_path, [{**PLAY, "strategy": "free", "tasks": tasks}], "--extra-vars", f"ansible_pipelining={pipelining}")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.each_ansible
def test_a_host_that_is_cut_off_comes_back(tmp_path: Path) -> None:
    """The task fails there alone, after which the rescue and the next task run; the other host is confirmed."""
    here = {**CUT, "links": "{{ [{'name': 'eth0', 'up': inventory_hostname != 'host0'}, {'type': 'bridge', 'name': 'br0'}] }}"}
    told = {"ansible.builtin.debug": {"msg": "{{ inventory_hostname }}: {{ ansible_failed_result.msg }}"}}
    block = {"block": [layout(here)], "rescue": [told]}
    look = "cat /sys/class/net/eth0/operstate; ls -d /sys/class/net/br0; cut -d' ' -f1 /run/nfv-vnet/confirm/*/state"
    after = {"ansible.builtin.shell": look, "register": "seen"}
    tasks = [block, after, {"ansible.builtin.debug": {"msg": "{{ inventory_hostname }}: {{ seen.stdout_lines | join(' ') }}"}}]
    result = on_hosts(2, tmp_path, [{**PLAY, "tasks": tasks}])
    assert result.returncode == 0, result.stdout + result.stderr
    text = " ".join(result.stdout.split())
    sentence = "the controller did not confirm the change over a new connection within 4 seconds. The host is as it was before"
    assert f"host0: vnet_layout cut: {sentence}" in text
    assert "host0: up done" in text
    assert "host1: up /sys/class/net/br0 done" in text
    assert text.count("rescued=1") == 1
    assert text.count("unreachable=0") == 2


def test_a_role_confirms(tmp_path: Path) -> None:
    role = {"name": "nfv.vnet.vm_bridge"}
    variables = {"vm_bridge_uplink": "eth0", "vm_bridge_move_addresses": True, "vm_bridge_confirm_timeout": 6}
    tasks = [
        {"ansible.builtin.include_role": role, "vars": variables},
        expect("vm_bridge_result is changed and vm_bridge_result.commands | length > 0"),
        {"ansible.builtin.shell": "cat /run/nfv-vnet/confirm/*/state"},
    ]
    result = on_hosts(1, tmp_path, [{**PLAY, "tasks": tasks}])
    assert result.returncode == 0, result.stdout + result.stderr


REFUSED = {
    "local": (
        {"ansible_connection": "local"},
        {},
        "only a new connection of ansible.builtin.ssh shows that the host can still be reached, but this task uses local",
    ),
    "async": ({}, {"async": 30, "poll": 1}, "a change in the background cannot be confirmed; leave async out"),
    "short": ({"ansible_timeout": 30}, {}, "20 is not longer than the timeout of the connection, 30 seconds (ansible_timeout)"),
    "task": ({}, {"timeout": 50}, "the task ends after 50 seconds (timeout), before the change is surely confirmed or rolled back; use more than 50 seconds"),
}


def test_what_cannot_be_confirmed_is_refused(tmp_path: Path) -> None:
    tasks: list[dict[str, Any]] = []
    for check in (True, False):
        for name, (variables, keywords, words) in REFUSED.items():
            asked = {"name": "br0", "confirm_timeout": 20}
            task = {
                "nfv.vnet.vnet_bridge": asked,
                "vars": variables,
                **({} if check else keywords),
                "check_mode": check,
                "register": "it",
                "ignore_errors": True,
            }
            if not (check and keywords):
                tasks += [{"name": name, **task}, expect(f"it is failed and it.msg == 'vnet_bridge br0: confirm_timeout: {words}'")]
    no_number = "confirm_timeout: %s is not a whole number of seconds"
    for number, words in ((0, "0 is out of range (1 to 86400)"), ("soon", no_number % "'soon'"), (True, no_number % "True")):
        asked = {"name": "br0", "confirm_timeout": number}
        tasks += [{"nfv.vnet.vnet_bridge": asked, "register": "it", "ignore_errors": True}, expect(f'it is failed and "{words}" in it.msg')]
    tasks += [{"ansible.builtin.command": "ls -d /run/nfv-vnet /sys/class/net/br0", "register": "traces", "failed_when": "traces.stdout != ''"}]
    result = on_hosts(1, tmp_path, [{**PLAY, "tasks": tasks}])
    assert result.returncode == 0, result.stdout + result.stderr


def test_by_the_short_name_without_the_setting() -> None:
    """The module refuses before it changes anything, and names the setting."""
    for check in ([], ["--check"]):
        result = run("ansible", "localhost", "-m", "vnet_bridge", "-a", "name=br0 confirm_timeout=20", *check, ANSIBLE_ACTION_PLUGINS="/nowhere")
        assert result.returncode == 2
        words = (
            "vnet_bridge br0: confirm_timeout: only the action plugin of the collection can confirm a change: use the full name nfv.vnet.vnet_bridge, or set"
        )
        assert f"{words} action_plugins beside library" in " ".join((result.stdout + result.stderr).split())


def test_a_process_that_is_killed(tmp_path: Path) -> None:
    """What the documentation says of it: nobody rolls the change back, and the task says so."""
    state = "/run/nfv-vnet/confirm/*/state"
    kill = f"while ! grep -q chang {state}; do sleep 0.05; done; cat {state} | {{ read -r word pid; kill -9 $pid; }}"
    tasks = [
        {"ansible.builtin.shell": f"setsid sh -c '{kill}' > /dev/null 2>&1 &", "changed_when": False},
        layout({**UPLINK, "links": [{"type": "bridge", "name": f"br{number}"} for number in range(200)]}, register="it", ignore_errors=True),
        expect("it is failed and 'was killed, or the host was restarted; the change may be in place' in it.msg"),
        layout({"name": "uplink", "state": "absent"}),
    ]
    result = on_hosts(1, tmp_path, [{**PLAY, "tasks": tasks}])
    assert result.returncode == 0, result.stdout + result.stderr
