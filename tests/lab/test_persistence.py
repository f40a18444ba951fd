# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is stored is there after a power cycle, before Ansible comes by."""

from __future__ import annotations

import json
import shlex
import subprocess
import time
from typing import Any, Dict, Iterator

import pytest
from hosts import GATEWAY, Host, Lab
from test_hosts import Result, ansible

PLAYBOOK = "tests/lab/persistent.yml"
PINGS = [
    ("l1", "10.1.0.2"),
    ("l2", "10.1.0.254"),
    ("c1", "10.2.0.3"),
    ("r1", "10.3.2.11"),
    ("v1", "10.4.2.11"),
    ("s1", "10.8.0.254"),
    ("red1", "10.11.0.1"),
    ("w1", "10.14.2.11"),
]
"""Namespaces, and what they reach."""
ADDRESSES = {"tun0": "10.6.0.1", "vms": "10.7.0.1/24", "br8.5": "10.9.0.1/24", "dummy8": "10.10.0.1/32", "br0.10": "10.12.0.1/24", "gre8": "10.13.0.1/30"}
WEB = """until python3 -c 'import socket; socket.create_connection(("10.1.0.1", 8080))'; do sleep 0.2; done 2> /dev/null"""
"""Waits until the service answers; the host may have answered first."""


def task(lab: Lab, host: Host, module: str, **options: Any) -> Result[str]:
    return ansible(lab, "ansible", host.name, "-m", module, "-a", json.dumps(options))


def done(result: Result[str]) -> str:
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def on(host: Host, command: str) -> str:
    return done(host.ssh(command))


@pytest.fixture
def host(lab: Lab) -> Iterator[Host]:
    """A host that is thrown away."""
    yield lab.hosts[1]
    lab.hosts[1].reset()
    lab.hosts[1].wait()


def test_everything_stored_is_there_after_a_power_cycle(lab: Lab, host: Host) -> None:
    first = done(ansible(lab, "ansible-playbook", PLAYBOOK))
    assert "failed=0" in first
    on(host, "sudo sync /etc/systemd/system/web.service /etc/nfv-vnet/host/vnet_layout/lan.nft")  # nobody else syncs them
    # one that cannot be applied: what it needs is not stored
    done(task(lab, host, "vnet_tuntap", name="gone", mode="tap"))
    done(task(lab, host, "vnet_vlan", name="gone.5", parent="gone", id=5, persistent=True))
    host.cut()
    host.start()
    host.wait()
    status = host.ssh("sudo nfv-vnet status")
    assert status.returncode == 1
    assert status.stdout.count(": as stored\n") == 18, status.stdout
    assert "\nvnet_vlan gone.5: parent: there is no link gone" in status.stdout
    assert host.ssh("systemctl is-failed nfv-vnet").stdout == "failed\n"
    assert "vnet_vlan gone.5: " in on(host, "sudo journalctl --unit nfv-vnet --no-pager --output cat")
    for netns, target in PINGS:
        on(host, f"sudo ip netns exec {netns} ping -c 1 -W 5 {target}")
    for link, address in ADDRESSES.items():
        assert address in on(host, f"ip -br address show dev {link}")
    assert "user lab" in on(host, "ip -d link show dev vm1") + on(host, "ip tuntap show dev vm1")
    on(host, f"sudo ip netns exec l2 timeout 20 sh -c {shlex.quote(WEB)}")
    assert "88b5" in on(host, "sudo nft list table bridge lab").lower()
    # no manager has touched them
    states = on(host, "networkctl --no-legend --no-pager list")
    assert [line for line in states.splitlines() if " unmanaged" not in line and " vec0 " not in line] == []
    second = done(ansible(lab, "ansible-playbook", PLAYBOOK, "--diff"))
    assert "changed=0 " in second, second


NETPLAN = "network: {version: 2, ethernets: {vec0: {addresses: [ADDRESS/24], routes: [{to: default, via: GATEWAY}]}}}"
KEYFILE = """
[connection]
id=uplink
type=ethernet
interface-name=vec0
[ipv4]
method=manual
address1=ADDRESS/24,GATEWAY
[ipv6]
method=link-local
"""
UPLINK = "/etc/nfv-vnet/host/vnet_layout/uplink.json"
MANAGED = {
    "systemd-networkd": "true",  # as the kernel command line says
    "netplan": f"echo '{NETPLAN}' | sudo tee /etc/netplan/01-uplink.yaml",
    "NetworkManager": f"echo '{KEYFILE}' | sudo install -m 600 /dev/stdin /etc/NetworkManager/system-connections/uplink.nmconnection"
    " && sudo systemctl disable systemd-networkd systemd-network-generator && sudo systemctl mask systemd-networkd && sudo systemctl enable NetworkManager",
}
"""What makes each of them configure the uplink when the host starts."""


def uplink_of(host: Host) -> str:
    """The link that has the default route."""
    return on(host, "ip route show default").split(" dev ")[1].split()[0]


@pytest.mark.parametrize("manager", [pytest.param(name, marks=[] if name == "systemd-networkd" else pytest.mark.slow) for name in MANAGED])
def test_an_uplink_that_a_manager_has_configured(lab: Lab, host: Host, manager: str) -> None:
    on(host, MANAGED[manager].replace("ADDRESS", host.address).replace("GATEWAY", GATEWAY))
    host.power_off()
    host.start()
    host.wait()
    assert uplink_of(host) == "vec0"
    own: Dict[str, Any] = {"addresses": [f"{host.address}/24"], "routes": [{"to": "default", "via": GATEWAY}]}
    bridge, card, port = {"type": "bridge", "name": "br5", **own}, {"name": "vec0", "master": "", **own}, {"name": "vec0", "master": "br5"}
    layout = {"name": "uplink", "links": [bridge, port]}
    done(task(lab, host, "vnet_layout", **layout, persistent=True, confirm_timeout=30))
    assert uplink_of(host) == "br5"
    assert host.mac in on(host, "ip link show dev br5")
    host.cut()
    host.start()
    host.wait()
    assert uplink_of(host) == "br5"
    assert host.mac in on(host, "ip link show dev br5")
    assert on(host, "sudo nfv-vnet status") == "vnet_layout uplink: as stored\n"
    assert "master br5" in on(host, "ip link show dev vec0")
    assert host.address not in on(host, "ip -br address show dev vec0")
    on(host, "sudo nfv-vnet status")
    assert "SUCCESS" in done(task(lab, host, "vnet_layout", **layout, persistent=True))
    if manager != "NetworkManager":
        on(host, "sudo systemctl restart systemd-networkd && sleep 2")
    else:
        on(host, "sudo systemctl restart NetworkManager && sleep 2")
    on(host, "sudo nfv-vnet status")
    if manager == "NetworkManager":
        return  # User-mode Linux hangs when the link goes down under it
    done(task(lab, host, "vnet_layout", **layout, persistent=False, confirm_timeout=30))
    assert "master br5" in on(host, "ip link show dev vec0")
    assert host.ssh("test -e /etc/nfv-vnet").returncode == 1
    done(task(lab, host, "vnet_layout", name="uplink", state="absent", confirm_timeout=30))
    assert uplink_of(host) == "vec0"
    # when a card leaves its bridge, systemd-networkd configures it anew, and removes what it does not know
    on(host, "sudo ip address add 192.0.2.50/32 dev vec0 && sudo ip route add 198.51.100.0/24 via 192.0.2.1 dev vec0 onlink")
    bridge["addresses"] = card["addresses"] = [f"{host.address}/24", "192.0.2.50/32"]
    impossible = {"to": "203.0.113.0/24", "via": "198.18.0.1"}
    refused = task(lab, host, "vnet_layout", name="uplink", links=[{**bridge, "routes": [*own["routes"], impossible]}, port], confirm_timeout=30)
    assert refused.returncode
    assert "The host is as it was before" in " ".join(refused.stdout.split())
    assert as_before(host)
    done(task(lab, host, "vnet_layout", name="uplink", links=[bridge, port], confirm_timeout=30))
    done(task(lab, host, "vnet_layout", name="uplink", links=[{**bridge, "name": "br6"}, {**port, "master": "br6"}], confirm_timeout=30))
    time.sleep(2)
    assert host.address not in on(host, "ip -br address show dev vec0")
    done(task(lab, host, "vnet_layout", name="uplink", links=[card], confirm_timeout=30))
    assert uplink_of(host) == "vec0"
    done(task(lab, host, "vnet_layout", name="uplink", state="absent", confirm_timeout=30))
    assert as_before(host)


def as_before(host: Host) -> bool:
    """Whether the card has what systemd-networkd does not know, also a moment later."""
    time.sleep(2)
    return "192.0.2.50/32" in on(host, "ip -br address show dev vec0") and "198.51.100.0/24 via 192.0.2.1" in on(host, "ip route")


@pytest.mark.slow
def test_a_declaration_that_fails_leaves_the_uplink_to_its_manager(lab: Lab, host: Host) -> None:
    bridge = {"type": "bridge", "name": "br5", "addresses": [f"{host.address}/24"], "routes": [{"to": "default", "via": GATEWAY}]}
    layout = {"name": "uplink", "links": [bridge, {"name": "vec0", "master": "br5"}]}
    done(task(lab, host, "vnet_layout", **layout, persistent=True, confirm_timeout=30))
    on(host, f"sudo sed -i s/vec0/vec9/ {UPLINK} && sudo sync {UPLINK}")
    host.cut()
    host.start()
    host.wait()
    assert uplink_of(host) == "vec0"
    assert "vec9" in on(host, "sudo journalctl --unit nfv-vnet --no-pager --output cat")
    # and where pyroute2 is gone
    on(host, f"sudo sed -i s/vec9/vec0/ {UPLINK} && sudo mv /usr/lib/python3/dist-packages/pyroute2 /usr/src/")
    host.power_off()
    host.start()
    host.wait()
    assert uplink_of(host) == "vec0"
    assert "pyroute2 >= 0.7.2 is required" in on(host, "sudo journalctl --unit nfv-vnet --no-pager --output cat")


@pytest.fixture
def leasing(host: Host) -> Iterator[None]:
    """A DHCP server that has the address of the host for it."""
    server = ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--no-ping", "--interface=lab0", "--bind-interfaces", "--user=root"]
    server += [
        f"--dhcp-range={host.address},{host.address},2m",
        "--dhcp-leasefile=/run/leases",
        "--dhcp-ignore-clid",
        "--pid-file=",
        "--log-facility=/run/dnsmasq.log",
    ]
    with subprocess.Popen(server) as process:
        yield
        process.terminate()


@pytest.mark.slow
@pytest.mark.usefixtures("leasing")
def test_a_bridge_without_addresses_is_left_to_a_dhcp_client(lab: Lab, host: Host) -> None:
    client = "[Match]\nName=br5\n[Network]\nDHCP=ipv4\n"
    on(host, f"echo {shlex.quote(client)} | sudo tee /etc/systemd/network/50-br5.network && sudo sync /etc/systemd/network/50-br5.network")
    on(host, "sudo networkctl reload")
    done(task(lab, host, "vnet_bridge", name="br5", mac=host.mac, ports=["vec0"], persistent=True, force=True))
    for _start in range(2):
        assert "dynamic" in on(host, "ip -4 address show dev br5")
        assert "inet " not in on(host, "ip -4 address show dev vec0")
        assert uplink_of(host) == "br5"
        on(host, "sudo nfv-vnet status")
        host.cut()
        host.start()
        host.wait()


def test_systemd_forgets_the_service_with_the_last_stored_resource(lab: Lab, host: Host) -> None:
    done(task(lab, host, "vnet_bridge", name="br0", persistent=True))
    on(host, "timeout 10 sh -c 'until systemctl is-active --quiet nfv-vnet; do sleep 0.2; done'")
    done(task(lab, host, "vnet_bridge", name="br0", state="absent"))
    on(host, "timeout 10 sh -c 'while systemctl is-active --quiet nfv-vnet; do sleep 0.2; done'")
    assert host.ssh("systemctl list-units --all --no-legend nfv-vnet.service").stdout == ""
