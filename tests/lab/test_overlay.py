# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""One virtual network across hosts: the role overlay, with flood lists and with EVPN, on an underlay of its own."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Iterator

import pytest
from hosts import Host, Lab
from test_hosts import Result, ansible
from test_persistence import done

PLAYBOOK = "tests/lab/overlay.yml"
PASSWORD = "c0rrect-horse!"
EVPN = {"overlay_control": "evpn", "overlay_evpn_password": PASSWORD}
CONVERGED = 40
"""Seconds within which the hosts must know of each other after a start."""
MOVED = 10
"""Seconds within which a namespace must be reached on its new host."""
Namespace = dict[str, Any]


class Overlay:
    """The hosts that have the networks, and the namespaces on each."""

    def __init__(self, lab: Lab, inventory: Path, options: dict[str, Any]) -> None:
        self.lab = lab
        self.namespaces: dict[str, list[Namespace]] = {}
        self.members = list(lab.hosts[:3])
        self.absent: set[str] = set()
        self.has_bgp = options["overlay_control"] == "evpn"
        self._inventory = inventory
        self._options = options
        for number in range(1, 5):
            self.namespaces[f"host{number}"] = [red(f"r{number}", 10 + number), blue(f"b{number}", 10 + number)]

    def play(self, *words: str) -> Result[str]:
        self._write()
        return ansible(self.lab, "ansible-playbook", PLAYBOOK, "--inventory", str(self._inventory), "--limit", "overlay", *words)

    def apply(self, *words: str) -> str:
        return done(self.play("--extra-vars", json.dumps({"overlay_group": "overlay"}), *words))

    def _write(self) -> None:
        number = {host.name: int(host.name.removeprefix("host")) for host in self.members}
        hosts = {name: {"overlay_address": f"192.0.2.{number[name]}", "overlay_namespaces": self.namespaces[name], **self._options} for name in number}
        for name in self.absent:
            hosts[name]["overlay_state"] = "absent"
        self._inventory.write_text(json.dumps({"overlay": {"hosts": hosts}}), encoding="utf-8")


def red(name: str, number: int) -> Namespace:
    return {
        "name": name,
        "network": "red",
        "mac": f"02:00:00:01:00:{number:02x}",
        "addresses": [f"10.1.0.{number}/24", f"2001:db8:1::{number}/64"],
        "routes": [{"to": "default", "via": "10.1.0.1"}],
    }


def blue(name: str, number: int) -> Namespace:
    """Also with an address of the other network, where it must not be reached."""
    addresses = [f"10.2.0.{number}/24", f"10.1.0.2{number}/24", f"2001:db8:2::{number}/64"]
    return {"name": name, "network": "blue", "mac": f"02:00:00:02:00:{number:02x}", "addresses": addresses}


def reaches(host: Host, netns: str, target: str, seconds: int = CONVERGED) -> bool:
    command = f"timeout {seconds} sh -c 'until ping -c 1 -W 1 {target}; do sleep 0.2; done'"
    return host.ssh(f"sudo ip netns exec {netns} {command}").returncode == 0


def unchanged(output: str) -> int:
    """How many hosts were left as they are."""
    return len(re.findall(r"^host\d+ .* changed=0 .* failed=0 ", output, flags=re.MULTILINE))


def sessions(host: Host) -> dict[str, int]:
    """How often each BGP session of a host was established."""
    result = host.ssh("sudo vtysh -c 'show bgp l2vpn evpn summary json'")
    return {peer: found["connectionsEstablished"] for peer, found in json.loads(result.stdout or "{}").get("peers", {}).items()}


def targets(number: int) -> list[str]:
    return [f"10.1.0.{number}", f"2001:db8:1::{number}"]


CONTROLS = [
    pytest.param({"overlay_control": "static"}, marks=pytest.mark.slow, id="static"),
    pytest.param({"overlay_control": "static", "overlay_static_entries": True}, marks=pytest.mark.slow, id="static-entries"),
    pytest.param(EVPN, marks=pytest.mark.slow, id="evpn"),
    pytest.param({**EVPN, "overlay_evpn_reflectors": ["host1"]}, id="evpn-reflector"),
]


@pytest.fixture(params=CONTROLS)
def overlay(request: pytest.FixtureRequest, lab: Lab, tmp_path: Path) -> Iterator[Overlay]:
    """Three hosts with both networks, and a fourth that is off."""
    with lab.more(2):
        lab.hosts[2].start()
        lab.hosts[2].wait()
        yield Overlay(lab, tmp_path / "overlay.json", request.param)
    for host in lab.hosts:
        host.reset()
    for host in lab.hosts:
        host.wait()


def lose_power(hosts: list[Host]) -> None:
    """Switches hosts off all at once, and on again."""
    for host in hosts:
        host.cut()
    for host in hosts:
        host.start()
    for host in hosts:
        host.wait()


def test_networks_over_several_hosts(overlay: Overlay, request: pytest.FixtureRequest) -> None:
    first, second, third = overlay.members
    overlay.namespaces["host1"].append(red("roam", 99))
    overlay.apply()
    for number in (12, 13):
        for target in targets(number):
            assert reaches(first, "r1", target), target
    assert reaches(first, "b1", "10.2.0.13")
    assert reaches(second, "b2", "2001:db8:2::13")
    assert reaches(first, "b1", "10.1.0.212")
    assert not reaches(first, "r1", "10.1.0.212", 3)
    for host, netns, gateway in ((first, "r1", "10.1.0.1"), (second, "r2", "2001:db8:1::1"), (third, "b3", "10.2.0.1")):
        assert "DUP" not in done(host.ssh(f"sudo ip netns exec {netns} ping -c 2 -i 0.3 {gateway}"))
    done(first.ssh("sudo ip netns exec r1 ping -c 1 -M do -s 1422 10.1.0.13"))
    matrix = done(ansible(overlay.lab, "ansible-playbook", "playbooks/reach.yml", "--limit", "host1,host2,host3", "--extra-vars", "vnet_reach_deadline=3"))
    assert "host1 r1 does not reach host2 b2 (10.1.0.212): " in matrix
    assert "host1 r1 does not reach host2 r2" not in matrix
    picture = done(
        ansible(
            overlay.lab,
            "ansible-playbook",
            "playbooks/draw.yml",
            "--limit",
            "host1,host2,host3",
            "--extra-vars",
            "vnet_draw_together=true vnet_draw_format=mermaid",
        )
    )
    assert picture.count("elsewhere_vxlan_100(") == 1
    # a namespace moves, and is reached where it is now; a host joins with one line of the inventory
    assert reaches(third, "r3", "10.1.0.99")
    overlay.namespaces["host2"].append(overlay.namespaces["host1"].pop())
    fourth = overlay.lab.hosts[3]
    fourth.start()
    fourth.wait()
    overlay.members.append(fourth)
    overlay.apply()
    assert reaches(third, "r3", "10.1.0.99", MOVED)
    if overlay.has_bgp:
        assert sessions(first) == {"192.0.2.2": 1, "192.0.2.3": 1, "192.0.2.4": 1}, "the others stayed up when the fourth joined"
    for target in targets(14):
        assert reaches(first, "r1", target), target
    if request.config.getoption("--slow"):
        lose_power(overlay.members)
    for target in [*targets(13), "10.1.0.99"]:
        assert reaches(fourth, "r4", target), target
    again = overlay.apply("--diff")
    assert unchanged(again) == 4, again
    # one leaves, with everything that the role has made there
    overlay.absent = {fourth.name}
    overlay.apply()
    assert "192.0.2.4" not in done(first.ssh("sudo bridge fdb show dev vx100"))
    assert reaches(first, "r1", "10.1.0.13")
    assert done(fourth.ssh("ls /run/netns; ls -d /sys/class/net/vx100 /sys/class/net/red 2> /dev/null; sudo grep nfv.vnet /etc/frr/frr.conf; true")) == ""
