# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input: one clear sentence, and the kernel as it was."""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path
from typing import Any, List, Optional, Tuple

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _dependency
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._write import Writer
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import KINDS
from ansible_collections.nfv.vnet.tests.unit.plugins.module_utils.refusals import BAD_NAMES, assert_sentence, bridge, netns, peer, tap, veth
from features import has
from packets import attached
from processes import NOBODY, as_user, mapped, wait_for, without_capabilities
from refusals import (
    assert_planned_with_warning,
    assert_refused,
    assert_refused_always,
    assert_refused_by_the_kernel,
    refusal,
)
from support import Values, namespaces, private_network, run, snapshot

Many = List[Tuple[str, Values]]


@pytest.fixture(autouse=True)
def quiet(network: None) -> None:  # noqa: ARG001
    """No link-local addresses, which come late."""
    Path("/proc/sys/net/ipv6/conf/default/addr_gen_mode").write_text("1")


# Names


# Found as the options are read: one of each class, as all are tried as data


@pytest.mark.parametrize(
    ("module", "params", "words"),
    [
        ("vnet_bridge", bridge(name="a/b"), ["name", "1 to 15 bytes"]),
        ("vnet_veth", peer(name="a b"), ["peer", "name"]),
        ("vnet_veth", veth(master=".."), ["master"]),
        ("vnet_bridge", bridge(ports=[{"name": "p"}, {"name": "p"}]), ["ports", "twice"]),
        ("vnet_netns", netns(name="../red"), ["name"]),
        ("vnet_bridge", bridge(netns="a/b"), ["netns"]),
        ("vnet_bridge", bridge(mtu=5), ["mtu", "out of range"]),
        ("vnet_bridge", bridge(mac="01:00:00:00:00:01"), ["mac"]),
        ("vnet_bridge", bridge(addresses=["192.0.2.1/33"]), ["addresses"]),
        ("vnet_veth", peer(routes=[{"to": "192.0.2.1/24"}]), ["peer", "routes[0]"]),
        ("vnet_bridge", bridge(vlans=[{"vid": "30-20"}]), ["vlans[0]"]),
        ("vnet_veth", veth(master="br0", port={"cost": 0}), ["port", "cost"]),
        ("vnet_tuntap", tap(owner="nobody-of-that-name"), ["owner"]),
        ("vnet_netns", netns(nsid=-2), ["nsid"]),
        ("vnet_netns", netns(sysctl={"net.ipv4.ip_forward": [1]}), ["sysctl"]),
    ],
    ids=lambda value: "" if isinstance(value, list) else str(value),
)
def test_what_the_options_say_wrongly_leaves_the_kernel_alone(module: str, params: Values, words: List[str]) -> None:
    assert_refused(module, [f"{module} {params['name']}", *words], **params)


@pytest.mark.parametrize("name", BAD_NAMES[1:], ids=ascii)
def test_a_name_that_no_link_can_have_is_refused_for_a_backup_port(name: str) -> None:
    run("vnet_bridge", **bridge())
    assert_refused_always("vnet_veth", ["vnet_veth a", "backup_port"], **veth(master="br0", port={"backup_port": name}))


@pytest.mark.parametrize("name", ["all", "default", "à"])
def test_a_name_that_the_kernel_keeps_for_itself_is_refused(name: str) -> None:
    assert_refused("vnet_bridge", [name], name=name)


@pytest.mark.parametrize("name", ["fifteen-bytes-x", "ééééééé", "-x", "a;b", "$(a)"])
def test_an_odd_name_that_the_kernel_takes_is_taken(name: str) -> None:
    assert run("vnet_bridge", name=name)["changed"]
    assert run("vnet_bridge", name=name, state="absent")["changed"]


# Namespaces that are not there

IN_RED: Many = [
    ("vnet_bridge", bridge(netns="red")),
    ("vnet_tuntap", tap(netns="red")),
    ("vnet_veth", veth(netns="red")),
    ("vnet_veth", peer(netns="red")),
    ("vnet_bridge", bridge(netns="/run/netns/red")),
]


@pytest.mark.parametrize(("module", "params"), IN_RED)
def test_a_missing_namespace_is_an_error_and_in_check_mode_a_warning(module: str, params: Values) -> None:
    assert_planned_with_warning(module, [module, params["name"], "namespace", "red", "does not exist"], **params)
    assert not Path("/run/netns/red").exists()


@pytest.mark.parametrize(("module", "params"), [entry for entry in IN_RED if "netns" in entry[1]])
def test_in_a_missing_namespace_everything_is_absent(module: str, params: Values) -> None:
    assert run(module, name=params["name"], netns=params["netns"], state="absent")["changed"] is False
    assert not Path("/run/netns/red").exists()


def is_namespace(file: Path) -> bool:
    """A namespace is mounted there, on a file system of the kernel's own."""
    return file.stat().st_dev != file.parent.stat().st_dev


def left_behind(content: str = "") -> Path:
    file = Path("/run/netns/red")
    file.parent.mkdir(exist_ok=True)
    file.write_text(content)
    return file


@pytest.mark.parametrize(("module", "params"), IN_RED)
@pytest.mark.parametrize("content", ["", "notes"], ids=["empty", "with text"])
def test_a_plain_file_is_no_namespace_to_work_in(module: str, params: Values, content: str) -> None:
    file = left_behind(content)
    assert_refused(module, [module, params["name"], "red", "not a namespace"], **params)
    assert file.read_text() == content


@pytest.mark.parametrize("path", ["/etc/passwd", "/proc/self/ns/mnt", "/run"])
def test_another_file_is_no_namespace_to_work_in(path: str) -> None:
    sentence = assert_refused("vnet_bridge", ["vnet_bridge br0", path, "not a namespace"], **bridge(netns=path))
    assert "does not exist" not in sentence


def test_a_path_below_a_file_is_no_namespace_to_work_in() -> None:
    assert_refused("vnet_bridge", ["/etc/passwd/red"], **bridge(netns="/etc/passwd/red"))


def test_an_empty_file_under_its_name_becomes_the_namespace() -> None:
    file = left_behind()
    planned = run("vnet_netns", check=True, **netns())
    assert (planned["changed"], is_namespace(file)) == (True, False)
    assert run("vnet_netns", **netns())["changed"]
    assert is_namespace(file)
    assert run("vnet_netns", **netns())["changed"] is False


def test_an_empty_file_under_its_name_is_removed_with_it() -> None:
    file = left_behind()
    assert run("vnet_netns", check=True, **netns(state="absent"))["changed"]
    assert file.exists()
    assert run("vnet_netns", **netns(state="absent"))["changed"]
    assert not file.exists()


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize("what", ["text", "folder"])
def test_what_is_not_empty_under_its_name_is_left_alone(what: str, state: str) -> None:
    path = Path("/run/netns/red")
    path.parent.mkdir(exist_ok=True)
    if what == "text":
        path.write_text("notes")
    else:
        path.mkdir()
    assert_refused_always("vnet_netns", ["vnet_netns red", "/run/netns/red", "move it away"], **netns(state=state))
    assert path.exists()
    assert what != "text" or path.read_text() == "notes"


def test_a_file_in_place_of_the_folder_of_namespaces_is_an_error() -> None:
    Path("/run/netns").write_text("")
    sentence = refusal("vnet_netns", **netns())
    assert_sentence(sentence, ["red"])
    assert Path("/run/netns").is_file()


# No privilege

ANYTHING: Many = [
    ("vnet_netns", netns()),
    ("vnet_bridge", bridge()),
    ("vnet_veth", veth()),
    ("vnet_tuntap", tap()),
    ("vnet_tuntap", tap(mode="tun")),
]


@pytest.mark.parametrize(("module", "params"), ANYTHING)
def test_without_privilege_nothing_is_made(module: str, params: Values) -> None:
    before = snapshot()
    sentence = without_capabilities(refusal, module, **params)
    assert_sentence(sentence, [params["name"], "not permitted", "CAP_NET_ADMIN", "become"])
    assert snapshot() == before
    assert not [name for name in namespaces() if is_namespace(Path("/run/netns", name))]


@pytest.mark.parametrize(("module", "params"), ANYTHING)
def test_an_ordinary_user_is_told_to_become_root(module: str, params: Values) -> None:
    if not mapped(NOBODY):
        pytest.skip("a second user: this user namespace has one user only")
    load_everything()
    before = snapshot()
    sentence = as_user(NOBODY, refusal, module, **params)
    assert_sentence(sentence, [params["name"], "not permitted", "become"])
    assert snapshot() == before


@pytest.mark.parametrize(("module", "params"), [entry for entry in IN_RED if entry[1].get("netns") == "red"])
def test_without_privilege_no_namespace_is_entered(module: str, params: Values) -> None:
    run("vnet_netns", **netns())
    sentence = without_capabilities(refusal, module, **params)
    assert_sentence(sentence, ["red", "not permitted", "become"])


@pytest.mark.parametrize(("module", "params"), [("vnet_bridge", bridge()), ("vnet_veth", veth()), ("vnet_tuntap", tap())])
def test_without_privilege_nothing_is_removed(module: str, params: Values) -> None:
    run(module, **params)
    before = snapshot()
    sentence = without_capabilities(refusal, module, name=params["name"], state="absent")
    assert_sentence(sentence, [params["name"], "not permitted"])
    assert snapshot() == before


def test_without_privilege_what_is_there_already_is_seen() -> None:
    run("vnet_bridge", **bridge(stp=True))
    assert without_capabilities(lambda: run("vnet_bridge", **bridge(stp=True))["changed"]) is False


def load_everything() -> None:
    """Another user may not be able to read what Python would load later."""
    with private_network():
        run("vnet_netns", name="once", sysctl={"net.ipv4.ip_forward": 1})
        run("vnet_netns", name="once", state="absent")


# Masters and ports

JOINING: Many = [
    ("vnet_veth", veth(master="br0")),
    ("vnet_veth", peer(master="br0")),
    ("vnet_tuntap", tap(master="br0")),
]


@pytest.mark.parametrize(("module", "params"), JOINING)
def test_an_unknown_master_is_an_error_and_in_check_mode_a_warning(module: str, params: Values) -> None:
    assert_planned_with_warning(module, [module, params["name"], "no link br0", "vnet_bridge"], **params)


@pytest.mark.parametrize(("module", "params"), JOINING)
def test_a_bridge_in_another_namespace_is_no_master(module: str, params: Values) -> None:
    run("vnet_netns", **netns())
    run("vnet_bridge", **bridge(netns="red"))
    assert_refused(module, [params["name"], "no link br0"], **params)


@pytest.mark.parametrize(("module", "params"), JOINING)
def test_a_master_that_is_no_bridge_is_refused(module: str, params: Values) -> None:
    run("vnet_tuntap", name="br0", mode="tap")
    assert_refused_always(module, [module, params["name"], "br0", "TUN or TAP", "not a bridge"], **params)


@pytest.mark.parametrize(
    ("module", "params", "words"),
    [
        ("vnet_veth", veth(master="a"), "port of itself"),
        ("vnet_veth", veth(master="b"), "b is a veth, not a bridge"),
        ("vnet_tuntap", tap(master="t"), "port of itself"),
    ],
)
def test_a_link_is_not_its_own_master(module: str, params: Values, words: str) -> None:
    assert_refused_always(module, [module, params["name"], words], **params)


def test_a_tun_cannot_be_a_port() -> None:
    run("vnet_bridge", **bridge())
    words = ["TUN", "no Ethernet frames", "use a TAP device"]
    assert_refused_always("vnet_tuntap", ["vnet_tuntap u", *words], name="u", mode="tun", master="br0")
    run("vnet_tuntap", name="u", mode="tun")
    assert_refused_always("vnet_tuntap", ["vnet_tuntap u", *words], name="u", master="br0")
    assert_refused_always("vnet_bridge", ["vnet_bridge br0", "ports", "u", *words], **bridge(ports=[{"name": "u"}]))


def test_a_bridge_cannot_be_a_port_of_a_bridge() -> None:
    run("vnet_bridge", name="br1")
    assert_refused_always("vnet_bridge", ["vnet_bridge br0", "ports", "br1", "cannot be a port of a bridge"], **bridge(ports=[{"name": "br1"}]))


def test_lo_cannot_be_a_port() -> None:
    assert_refused_always(
        "vnet_bridge", ["vnet_bridge br0", "ports", "lo is the loopback device", "cannot be a port of a bridge"], **bridge(ports=[{"name": "lo"}])
    )


def test_a_port_that_is_missing_is_an_error_and_in_check_mode_a_warning() -> None:
    assert_planned_with_warning("vnet_bridge", ["vnet_bridge br0", "ports[0]: there is no link nowhere"], **bridge(ports=[{"name": "nowhere"}]))


@pytest.mark.parametrize(("module", "params"), [("vnet_veth", veth(port={"cost": 5})), ("vnet_tuntap", tap(port={"cost": 5}))])
def test_port_settings_without_a_master_are_refused(module: str, params: Values) -> None:
    assert_refused_always(module, [module, params["name"], "port", "set master"], **params)


@pytest.mark.parametrize("state", table.PORT_STATES)
def test_the_state_of_a_port_is_refused_while_stp_decides_on_it(state: str) -> None:
    run("vnet_bridge", **bridge(stp=True))
    assert_refused_always("vnet_veth", ["vnet_veth a", "state", "STP", "br0"], **veth(master="br0", port={"state": state}))
    assert_refused_always("vnet_veth", ["vnet_veth a", "state", "STP", "br0"], **peer(master="br0", port={"state": state}))


def test_the_state_of_a_port_is_refused_when_stp_is_turned_on_with_it() -> None:
    run("vnet_veth", **veth())
    wanted = bridge(stp=True, ports=[{"name": "a", "state": "disabled"}])
    assert_refused_always("vnet_bridge", ["vnet_bridge br0", "state", "STP"], **wanted)


def test_a_port_cannot_be_blocking_without_stp() -> None:
    run("vnet_bridge", **bridge())
    run("vnet_veth", **veth(master="br0", port={}))
    assert_refused("vnet_bridge", ["a", "state", "blocking"], **bridge(ports=[{"name": "a", "state": "blocking"}]))


def test_the_state_of_a_port_that_is_down_is_refused() -> None:
    run("vnet_bridge", **bridge())
    assert_refused("vnet_veth", ["a", "state"], **veth(up=False, master="br0", port={"state": "forwarding"}))


@pytest.mark.parametrize("number", [2**31, 2**32 - 2])
def test_an_account_of_a_large_number_is_taken(number: int) -> None:
    if not mapped(number):
        pytest.skip(f"user {number}: this user namespace does not know them")
    assert run("vnet_tuntap", **tap(owner=str(number), group=str(number)))["tuntap"]["owner"] == str(number)


def test_a_backup_port_that_is_missing_is_refused() -> None:
    run("vnet_bridge", **bridge())
    assert_refused("vnet_veth", ["a", "backup_port", "nowhere"], **veth(master="br0", port={"backup_port": "nowhere"}))


@pytest.mark.parametrize("backup", ["a", "b", "br0"])
def test_a_backup_port_that_is_no_other_port_of_the_bridge_is_refused(backup: str) -> None:
    run("vnet_bridge", **bridge())
    assert_refused("vnet_veth", ["a", "backup_port"], **veth(master="br0", port={"backup_port": backup}))


def test_a_bridge_that_is_full_is_said_to_be_full() -> None:
    run("vnet_bridge", **bridge(disable_ipv6=True))
    (index,) = [link["index"] for link in snapshot()[""]["links"] if link["name"] == "br0"]
    fill(index, 1023)
    assert_refused_by_the_kernel("vnet_veth", ["a", "master", "the bridge is full", "1023"], **veth(master="br0"))
    assert_refused_by_the_kernel("vnet_veth", ["b", "master", "the bridge is full", "1023"], **peer(master="br0"))


def fill(bridge_index: int, number: int) -> None:
    """Makes cables whose near ends are ports, many messages at a time."""

    def attribute(code: int, payload: bytes) -> bytes:
        return struct.pack("=HH", 4 + len(payload), code) + payload + b"\0" * (-len(payload) & 3)

    messages = []
    for one in range(number):
        info = attribute(18, attribute(1, b"veth"))
        body = struct.pack("=BxHiII", 0, 0, 0, 0, 0) + attribute(3, b"p%d\0" % one) + attribute(10, struct.pack("=I", bridge_index)) + info
        messages.append(struct.pack("=IHHII", 16 + len(body), 16, 0x1 | 0x4 | 0x600, one + 1, 0) + body)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as sock:
        for message in messages:
            sock.send(message)
            (code,) = struct.unpack_from("=i", sock.recv(4096), 16)
            assert code == 0


# Devices of another kind


MAKERS: dict[str, tuple[str, Values]] = {
    "bridge": ("vnet_bridge", {}),
    "veth": ("vnet_veth", {"peer": {"name": "other"}}),
    "tap": ("vnet_tuntap", {"mode": "tap"}),
    "tun": ("vnet_tuntap", {"mode": "tun"}),
}


def make_other(kind: str, name: str) -> str:
    """Makes a device of one of the kinds, the first that this kernel has, and returns which."""
    from pyroute2 import IPRoute
    from pyroute2.netlink.exceptions import NetlinkError

    if kind in MAKERS:
        module, params = MAKERS[kind]
        run(module, name=name, **params)
        return kind
    with IPRoute() as route:
        more: Values = {}
        if kind == "macvlan":
            run("vnet_veth", name="below", peer={"name": "far"})
            more = {"link": route.link_lookup(ifname="below")[0], "macvlan_mode": "bridge"}
        for one in kind.split(" or "):
            try:
                route.link("add", ifname=name, kind=one, **more)
            except NetlinkError:
                continue
            return one
    pytest.skip(f"{kind}: this kernel has no such device")


MODULES: dict[str, Values] = {"vnet_bridge": {}, "vnet_veth": {"peer": {"name": "b"}}, "vnet_tuntap": {"mode": "tap"}}
OWN_KINDS = {"vnet_bridge": ("bridge",), "vnet_veth": ("veth",), "vnet_tuntap": ("tap", "tun")}
OTHERS = [(module, kind) for module in MODULES for kind in (*MAKERS, "dummy or ifb", "macvlan") if kind not in OWN_KINDS[module]]
TITLES = {"tap": "a TUN or TAP device", "tun": "a TUN or TAP device", **{kind.kernel: kind.title for kind in KINDS}}


@pytest.mark.parametrize(("module", "kind"), OTHERS)
@pytest.mark.parametrize("how", ["present", "absent", "recreate"])
def test_a_device_of_another_kind_is_left_alone(module: str, kind: str, how: str) -> None:
    kind = make_other(kind, "x")
    more = {"state": "absent"} if how == "absent" else {**MODULES[module], "recreate": how == "recreate"}
    assert_refused_always(module, [f"{module} x", "x is " + TITLES.get(kind, f"a {kind}"), "not"], name="x", **more)


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize("module", MODULES)
def test_lo_is_left_alone(module: str, state: str) -> None:
    assert_refused_always(module, [f"{module} lo", "not"], name="lo", state=state, **MODULES[module])


def test_another_name_of_a_link_is_taken() -> None:
    from pyroute2 import IPRoute

    run("vnet_bridge", **bridge())
    with IPRoute() as route:
        route.link("property_add", index=route.link_lookup(ifname="br0")[0], altname="second")
    for module, params in MODULES.items():
        assert_refused(module, ["second"], name="second", **params)
    assert_refused("vnet_bridge", ["second", "br0"], name="second", state="absent")


# Cables


def test_a_cable_without_a_peer_is_refused() -> None:
    assert_refused_always("vnet_veth", ["vnet_veth a", "peer"], name="a")
    run("vnet_veth", **veth())
    assert_refused_always("vnet_veth", ["vnet_veth a", "peer"], name="a")


@pytest.mark.parametrize("params", [veth(peer={"name": "a"}), veth(netns="red", peer={"name": "a", "netns": "red"})], ids=["here", "in red"])
def test_both_ends_of_a_cable_need_different_names_in_one_namespace(params: Values) -> None:
    run("vnet_netns", **netns())
    assert_refused_always("vnet_veth", ["vnet_veth a", "peer", "same name"], **params)


def test_both_ends_of_a_cable_need_different_names_however_the_namespace_is_spelled() -> None:
    run("vnet_netns", **netns())
    assert_refused("vnet_veth", ["vnet_veth a", "peer", "same name"], **veth(netns="red", peer={"name": "a", "netns": "/run/netns/red"}))


def test_both_ends_may_have_one_name_in_two_namespaces() -> None:
    run("vnet_netns", **netns())
    assert run("vnet_veth", **veth(peer={"name": "a", "netns": "red"}))["changed"]


def test_a_cable_to_another_peer_is_left_alone() -> None:
    run("vnet_veth", **veth(peer={"name": "c"}))
    assert_refused_always("vnet_veth", ["vnet_veth a", "peer is c", "not b", "recreate"], **veth())


def test_a_cable_to_another_peer_in_another_namespace_is_left_alone() -> None:
    run("vnet_netns", **netns())
    run("vnet_veth", **peer(netns="red"))
    assert_refused_always("vnet_veth", ["vnet_veth a", "peer", "recreate"], **veth(peer={"name": "c"}))


@pytest.mark.parametrize("kind", ["bridge", "veth", "tap"])
def test_a_name_of_the_peer_that_is_taken_is_refused(kind: str) -> None:
    make_other(kind, "b")
    title = TITLES.get(kind, f"a {kind}")
    assert_refused_always("vnet_veth", ["vnet_veth a", "peer: the name b", "used by " + title], **veth())


def test_a_name_of_the_peer_that_is_taken_in_its_namespace_is_refused() -> None:
    run("vnet_netns", **netns())
    run("vnet_bridge", name="b", netns="red")
    assert_refused_always("vnet_veth", ["vnet_veth a", "peer: the name b", "used by a bridge"], **peer(netns="red"))


@pytest.mark.parametrize("option", ["num_tx_queues", "num_rx_queues"])
def test_what_only_a_new_cable_can_have_is_refused_for_an_old_one(option: str) -> None:
    if option == "num_rx_queues" and not has(option):
        wanted = veth(num_rx_queues=2)
        assert_refused("vnet_veth", ["a", option, "CONFIG_RPS"], **wanted)
        return
    run("vnet_veth", **veth(**{option: 2}))
    assert_refused_always("vnet_veth", ["vnet_veth a", option, "2, not 3", "recreate: true"], **veth(**{option: 3}))
    run("vnet_veth", name="c", peer={"name": "d", option: 2})
    assert_refused_always("vnet_veth", ["vnet_veth c", option, "2, not 3", "recreate: true"], name="c", peer={"name": "d", option: 3})


# TUN and TAP


def test_a_new_device_needs_a_mode() -> None:
    assert_refused_always("vnet_tuntap", ["vnet_tuntap t", "mode", "tun or tap"], name="t")


@pytest.mark.parametrize(("now", "wanted"), [("tun", "tap"), ("tap", "tun")])
def test_another_mode_needs_a_new_device(now: str, wanted: str) -> None:
    run("vnet_tuntap", **tap(mode=now))
    assert_refused_always("vnet_tuntap", ["vnet_tuntap t", f"mode: it is {now}, not {wanted}", "recreate: true"], **tap(mode=wanted))


def test_several_queues_need_a_new_device() -> None:
    run("vnet_tuntap", **tap())
    assert_refused_always("vnet_tuntap", ["vnet_tuntap t", "multi_queue", "recreate: true"], **tap(multi_queue=True))


def test_a_mac_on_a_tun_is_refused() -> None:
    mac = "02:00:00:00:00:01"
    assert_refused_always("vnet_tuntap", ["vnet_tuntap t", "mac", "no Ethernet frames"], **tap(mode="tun", mac=mac))
    run("vnet_tuntap", **tap(mode="tun"))
    assert_refused_always("vnet_tuntap", ["vnet_tuntap t", "mac", "no Ethernet frames"], name="t", mac=mac)


@pytest.mark.parametrize(("option", "what"), [("owner", "user"), ("group", "group")])
class TestAccounts:
    def test_one_that_does_not_exist_is_planned_in_check_mode(self, option: str, what: str) -> None:  # noqa: ARG002
        before = snapshot()
        assert run("vnet_tuntap", check=True, **tap(**{option: "nobody-of-that-name"}))["changed"]
        assert snapshot() == before

    def test_one_cannot_be_taken_away(self, option: str, what: str) -> None:  # noqa: ARG002
        me = str(os.getuid() if option == "owner" else os.getgid())
        run("vnet_tuntap", **tap(**{option: me}))
        assert_refused_always("vnet_tuntap", ["vnet_tuntap t", option, "cannot be removed", "recreate: true"], **tap(**{option: ""}))

    def test_one_cannot_change_while_a_program_holds_the_device(self, option: str, what: str) -> None:  # noqa: ARG002
        run("vnet_tuntap", **tap())
        me = str(os.getuid() if option == "owner" else os.getgid())
        with attached("t", "tap"):
            wait_for(lambda: run("vnet_tuntap", name="t")["status"]["attached"])
            assert_refused_always("vnet_tuntap", ["vnet_tuntap t", option, "a program holds", str(os.getpid())], **tap(**{option: me}))


def test_removing_a_device_that_a_program_holds_warns_whom_it_cuts_off() -> None:
    run("vnet_tuntap", **tap())
    with attached("t", "tap"):
        wait_for(lambda: run("vnet_tuntap", name="t")["status"]["attached"])
        planned = run("vnet_tuntap", check=True, name="t", state="absent")
        removed = run("vnet_tuntap", name="t", state="absent")
    for result in (planned, removed):
        (warning,) = result["warnings"]
        assert_sentence(warning, ["t", "while a program holds it", str(os.getpid())])
    assert removed["status"]["pids"] == [os.getpid()]


def test_replacing_a_device_that_a_program_holds_warns_whom_it_cuts_off() -> None:
    run("vnet_tuntap", **tap())
    with attached("t", "tap"):
        wait_for(lambda: run("vnet_tuntap", name="t")["status"]["attached"])
        (warning,) = run("vnet_tuntap", **tap(mode="tun", recreate=True))["warnings"]
    assert_sentence(warning, ["t ", "while a program holds it", str(os.getpid())])
    assert "vnetold" not in warning


# Addresses


def test_an_ipv6_address_where_ipv6_was_turned_off_is_refused() -> None:
    run("vnet_bridge", **bridge(disable_ipv6=True))
    assert_refused("vnet_bridge", ["br0", "2001:db8::1"], **bridge(addresses=["2001:db8::1/64"]))


def test_an_ipv6_address_where_the_mtu_is_too_small_is_refused() -> None:
    assert_refused("vnet_veth", ["a", "2001:db8::1"], **veth(mtu=1000, addresses=["2001:db8::1/64"]))


# Routes


@pytest.mark.parametrize("via", ["10.9.0.1", "2001:db8:9::1"])
def test_a_gateway_that_cannot_be_reached_is_refused(via: str) -> None:
    hint = ["default", "no network of the link has the gateway", "onlink"]
    assert_refused_by_the_kernel("vnet_bridge", ["br0", "route", *hint[1:]], **bridge(routes=[{"to": "default", "via": via}]))
    run("vnet_netns", **netns())
    assert_refused_by_the_kernel("vnet_netns", ["red", "route", *hint[1:]], **netns(routes=[{"to": "default", "via": via}]))


@pytest.mark.parametrize("via", ["224.0.0.1", "10.1.0.255", "ff02::1"])
def test_a_gateway_that_is_no_address_of_one_device_is_refused(via: str) -> None:
    wanted = bridge(addresses=["10.1.0.1/24", "2001:db8::1/64"], routes=[{"to": "default", "via": via}])
    assert_refused("vnet_bridge", ["br0", "route"], **wanted)


def test_a_source_that_is_no_own_address_is_refused() -> None:
    wanted = bridge(addresses=["10.1.0.1/24"], routes=[{"to": "10.2.0.0/16", "src": "10.1.0.2"}])
    assert_refused_by_the_kernel("vnet_bridge", ["br0", "route", "10.2.0.0/16"], **wanted)


def test_a_route_over_a_link_that_is_missing_is_refused() -> None:
    run("vnet_netns", **netns())
    assert_refused_by_the_kernel("vnet_netns", ["red", "route", "10.2.0.0/16", "nowhere"], **netns(routes=[{"to": "10.2.0.0/16", "dev": "nowhere"}]))


@pytest.mark.parametrize("made", [False, True], ids=["new", "there already"])
def test_routes_through_a_link_that_is_to_be_down_are_refused(made: bool) -> None:
    if made:
        run("vnet_bridge", **bridge())
    assert_refused_always("vnet_bridge", ["vnet_bridge br0", "routes", "down", "up: true"], **bridge(up=False, routes=[{"to": "10.2.0.0/16"}]))


# Settings of namespaces

BAD_KEYS = [
    "kernel.hostname",
    "kernel/hostname",
    "vm.swappiness",
    "fs.file-max",
    "user.max_user_namespaces",
    "net",
    "net.",
    "net..",
    "net/",
    ".net.ipv4.ip_forward",
    "/net/ipv4/ip_forward",
    "/proc/sys/net/ipv4/ip_forward",
    "net/../kernel/hostname",
    "net/ipv4/../../kernel/hostname",
    "net.//.kernel.hostname",
    "net.ipv4.//.//.kernel.hostname",
    "net/./ipv4/ip_forward",
    "net//ipv4/ip_forward",
    "net..ipv4.ip_forward",
    "net.ipv4.conf.a/b..",
    "network.x",
    "NET.ipv4.ip_forward",
    "",
    ".",
    "..",
    "/",
    " net.ipv4.ip_forward",
    "net.ipv4.ip_forward\0",
]


@pytest.mark.parametrize("key", BAD_KEYS, ids=ascii)
@pytest.mark.parametrize("made", [False, True], ids=["new", "there already"])
def test_a_setting_outside_the_network_is_refused(made: bool, key: str) -> None:
    if made:
        run("vnet_netns", **netns())
    host = {path: Path(path).read_text() for path in ("/proc/sys/kernel/hostname", "/proc/sys/vm/swappiness", "/proc/sys/fs/file-max")}
    assert_refused_always("vnet_netns", ["vnet_netns red", "sysctl", "begin with net."], **netns(sysctl={key: 1}))
    assert {path: Path(path).read_text() for path in host} == host


def test_a_setting_that_the_kernel_does_not_have_is_refused() -> None:
    key = "net.ipv4.no_such_setting"
    assert_refused("vnet_netns", ["red", key], **netns(sysctl={key: 1}))
    run("vnet_netns", **netns())
    assert_refused_always("vnet_netns", ["vnet_netns red", "sysctl", key], **netns(sysctl={key: 1}))


@pytest.mark.parametrize("key", ["net.ipv4", "net.ipv4.conf.all"])
@pytest.mark.parametrize("made", [False, True], ids=["new", "there already"])
def test_a_folder_of_settings_is_refused(made: bool, key: str) -> None:
    if made:
        run("vnet_netns", **netns())
    assert_refused("vnet_netns", ["red", key], **netns(sysctl={key: 1}))


BAD_VALUES = [("net.ipv4.ip_forward", "banana"), ("net.ipv4.ip_forward", ""), ("net.ipv4.ip_default_ttl", 256), ("net.ipv4.ping_group_range", "5 x")]


@pytest.mark.parametrize(("key", "value"), BAD_VALUES)
@pytest.mark.parametrize("made", [False, True], ids=["new", "there already"])
def test_a_value_that_the_kernel_refuses_is_named(made: bool, key: str, value: Any) -> None:
    if made:
        run("vnet_netns", **netns())
    wanted = netns(sysctl={"net.ipv4.conf.all.rp_filter": 2, key: value})
    assert_refused_by_the_kernel("vnet_netns", ["red", key, str(value)], **wanted)


def test_a_value_that_the_kernel_changes_on_its_own_is_named() -> None:
    run("vnet_netns", **netns())
    assert_refused("vnet_netns", ["red", "net.ipv4.route.flush"], **netns(sysctl={"net.ipv4.route.flush": 1}))


def test_the_id_of_a_namespace_never_changes() -> None:
    run("vnet_netns", **netns(nsid=5))
    assert_refused_always("vnet_netns", ["vnet_netns red", "nsid", "5", "never changes"], **netns(nsid=6))


def test_an_id_that_another_namespace_has_is_refused() -> None:
    run("vnet_netns", name="blue", nsid=5)
    assert_refused("vnet_netns", ["red", "nsid", "another namespace has this id"], **netns(nsid=5))
    assert namespaces() == ["blue"]


# VLANs


# Values out of range


KERNEL_LIMITS: Many = [
    ("vnet_tuntap", tap(mtu=65535)),
    ("vnet_veth", veth(ipv6_addrgenmode="stable_secret")),
]


@pytest.mark.parametrize(("module", "params"), KERNEL_LIMITS, ids=lambda value: ascii(value))
def test_a_value_that_only_the_kernel_refuses_is_named_and_undone(module: str, params: Values) -> None:
    option = list(params)[-1]
    assert_refused_by_the_kernel(module, [params["name"], option], **params)


def test_a_refused_value_takes_the_others_back() -> None:
    run("vnet_bridge", **bridge(ageing_time=100, up=False))
    wanted = bridge(ageing_time=200, priority=5, up=True, addresses=["10.1.0.1/24"], routes=[{"to": "default", "via": "10.2.0.1"}])
    assert_refused_by_the_kernel("vnet_bridge", ["br0", "route", "gateway"], **wanted)


# Spanning tree


@pytest.mark.parametrize("delay", [0, 1, 1.9, 30.1, 31])
@pytest.mark.parametrize(
    ("first", "then"),
    [(None, ("stp", "delay")), (("stp",), ("delay",)), (("delay",), ("stp",)), (("stp",), ("stp", "delay")), (("delay",), ("stp", "delay"))],
    ids=["given together", "STP is on", "the delay is there", "STP is on and said", "the delay is there and said"],
)
def test_a_forward_delay_out_of_range_is_refused_while_stp_is_on(first: tuple[str, ...] | None, then: tuple[str, ...], delay: float) -> None:
    options: Values = {"stp": {"stp": True}, "delay": {"forward_delay": delay}}
    if first is not None:
        run("vnet_bridge", **bridge(**options[first[0]]))
    wanted = {key: value for name in then for key, value in options[name].items()}
    assert_refused_always("vnet_bridge", ["vnet_bridge br0", "forward_delay", "2 to 30", "stp"], **bridge(**wanted))


def test_a_short_forward_delay_is_taken_together_with_stp_off() -> None:
    run("vnet_bridge", **bridge(stp=True))
    assert run("vnet_bridge", **bridge(stp=False, forward_delay=1))["changed"]


# What this kernel does not have

FILTERING_OPTIONS: Values = {
    "vlan_filtering": True,
    "vlan_protocol": "802.1ad",
    "vlan_default_pvid": 10,
    "vlan_stats": True,
    "vlan_stats_per_port": True,
    "mst": True,
    "mcast_vlan_snooping": True,
}


@pytest.mark.parametrize("made", [False, True], ids=["new", "there already"])
@pytest.mark.parametrize("option", FILTERING_OPTIONS)
def test_an_option_of_vlan_filtering_names_what_the_kernel_lacks(option: str, made: bool) -> None:
    if has("vlan_filtering"):
        pytest.skip("a kernel without VLAN filtering: this one has CONFIG_BRIDGE_VLAN_FILTERING")
    if made:
        run("vnet_bridge", **bridge())
    lacks = "vlan_filtering" if option == "mcast_vlan_snooping" else "CONFIG_BRIDGE_VLAN_FILTERING"
    assert_refused("vnet_bridge", ["br0", option, lacks], **bridge(**{option: FILTERING_OPTIONS[option]}))


def test_vlans_name_what_the_kernel_lacks() -> None:
    if has("vlan_filtering"):
        pytest.skip("a kernel without VLAN filtering: this one has CONFIG_BRIDGE_VLAN_FILTERING")
    run("vnet_bridge", **bridge())
    assert_refused("vnet_bridge", ["br0", "vlan", "CONFIG_BRIDGE_VLAN_FILTERING"], **bridge(vlans=[{"vid": "10"}]))
    assert_refused("vnet_veth", ["a", "vlan", "CONFIG_BRIDGE_VLAN_FILTERING"], **veth(master="br0", port={"vlans": [{"vid": "10"}]}))


NEWER: Values = {"mab": True, "mcast_max_groups": 5, "neigh_vlan_suppress": True, "locked": True, "mcast_eht_hosts_limit": 100}


@pytest.mark.parametrize("option", NEWER)
def test_a_newer_option_of_a_port_is_held_or_refused_with_what_it_needs(option: str) -> None:
    run("vnet_bridge", **bridge())
    port = {option: NEWER[option], **({"locked": True, "learning": True} if option == "mab" else {})}
    wanted = veth(master="br0", port=port)
    try:
        result = run("vnet_veth", **wanted)
    except VnetError:
        missing = option if has("locked") or option not in ("locked", "mab") else "locked"
        assert_refused("vnet_veth", ["a", missing, "it needs"], **wanted)
    else:
        assert result["veth"]["port"][option] == NEWER[option]


@pytest.mark.parametrize("made", [False, True], ids=["new", "there already"])
@pytest.mark.parametrize(
    ("option", "value"), [("ageing_time", 100), ("priority", 5), ("alias", "x"), ("mtu", 1400), ("allmulticast", True), ("group_fwd_mask", 8)]
)
def test_what_the_kernel_takes_and_does_not_hold_is_named(monkeypatch: pytest.MonkeyPatch, option: str, value: Any, made: bool) -> None:
    obey = Writer.link_set

    def ignore_one(self: Writer, netns: str, name: str, kind: str, values: Values, old: Optional[Values] = None) -> None:
        if option not in values:
            obey(self, netns, name, kind, values, old)

    if made:
        run("vnet_bridge", **bridge())
    monkeypatch.setattr(Writer, "link_set", ignore_one)
    assert_refused_by_the_kernel("vnet_bridge", ["br0", option, "did not carry it out"], **bridge(hello_time=3, **{option: value}))


def test_a_port_setting_that_the_kernel_takes_and_does_not_hold_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    run("vnet_bridge", **bridge(mac="02:00:00:00:00:01"))
    monkeypatch.setattr(Writer, "port_set", lambda *_arguments: None)
    assert_refused_by_the_kernel("vnet_veth", ["a", "cost", "did not carry it out"], **veth(master="br0", port={"cost": 5}))


def test_an_address_that_the_kernel_takes_and_does_not_hold_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Writer, "address_add", lambda *_arguments: None)
    assert_refused_by_the_kernel("vnet_veth", ["b", "10.1.0.1/24", "did not carry it out"], **peer(addresses=["10.1.0.1/24"]))


# pyroute2


def test_the_pyroute2_of_this_run_is_new_enough() -> None:
    assert _dependency.complaint() == ""
