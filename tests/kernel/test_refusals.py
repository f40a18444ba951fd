# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input: one clear sentence, and the kernel as it was."""

from __future__ import annotations

import os
import socket
import struct
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _dependency
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._write import Writer
from ansible_collections.nfv.vnet.plugins.module_utils._resources import VnetError
from features import has
from packets import attached
from processes import NOBODY, as_user, mapped, wait_for, without_capabilities
from refusals import (
    assert_planned_with_warning,
    assert_refused,
    assert_refused_always,
    assert_refused_by_the_kernel,
    assert_sentence,
    refusal,
)
from support import Values, namespaces, private_network, run, snapshot

Many = list[tuple[str, Values]]


@pytest.fixture(autouse=True)
def quiet(network: None) -> None:  # noqa: ARG001
    """No link-local addresses, which come late."""
    Path("/proc/sys/net/ipv6/conf/default/addr_gen_mode").write_text("1")


def veth(**options: Any) -> Values:
    return {"name": "a", "peer": {"name": "b"}, **options}


def peer(**options: Any) -> Values:
    return {"name": "a", "peer": {"name": "b", **options}}


def tap(**options: Any) -> Values:
    return {"name": "t", "mode": "tap", **options}


def bridge(**options: Any) -> Values:
    return {"name": "br0", **options}


def netns(**options: Any) -> Values:
    return {"name": "red", **options}


# Names

BAD_NAMES = ["", "sixteen-bytes-xx", "ééééééé-ä", "a/b", "a:b", "a%d", "%", "a b", " a", "a\t", "a\n", "a\u2003b", "a\0", ".", "..", "br\udcff"]


@pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
@pytest.mark.parametrize(
    ("module", "more"),
    [("vnet_bridge", {}), ("vnet_tuntap", {"mode": "tap"}), ("vnet_veth", {"peer": {"name": "b"}}), ("vnet_bridge", {"state": "absent"})],
    ids=["bridge", "tap", "veth", "absent"],
)
def test_a_name_that_no_link_can_have_is_refused(module: str, more: Values, name: str) -> None:
    assert_refused_always(module, [module, "name", "1 to 15 bytes"], name=name, **more)


@pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
def test_a_name_that_no_link_can_have_is_refused_for_a_peer(name: str) -> None:
    assert_refused_always("vnet_veth", ["vnet_veth a", "peer", "name", "1 to 15 bytes"], **peer(name=name))


@pytest.mark.parametrize("name", BAD_NAMES[1:], ids=ascii)
def test_a_name_that_no_link_can_have_is_refused_for_a_master(name: str) -> None:
    assert_refused_always("vnet_veth", ["vnet_veth a", "master", "1 to 15 bytes"], **veth(master=name))


@pytest.mark.parametrize("name", BAD_NAMES, ids=ascii)
def test_a_name_that_no_link_can_have_is_refused_for_a_port(name: str) -> None:
    assert_refused_always("vnet_bridge", ["vnet_bridge br0", "port", "1 to 15 bytes"], **bridge(ports=[{"name": name}]))


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


BAD_NAMESPACES = ["", "a/b", "/", "/run/netns/red", "..", ".", "../red", "a b", "a\t", "a\n", "a\0", "x" * 256, "é" * 128, "n\udcff"]


@pytest.mark.parametrize("name", BAD_NAMESPACES, ids=ascii)
@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_name_that_no_namespace_can_have_is_refused(state: str, name: str) -> None:
    assert_refused_always("vnet_netns", ["vnet_netns", "name"], name=name, state=state)


@pytest.mark.parametrize("place", ["a/b", "../red", "..", ".", "/run/netns/../netns/red", "a b", "red\n", "a\0", "n\udcff", "x" * 256], ids=ascii)
@pytest.mark.parametrize(
    ("module", "make"),
    [("vnet_bridge", lambda place: bridge(netns=place)), ("vnet_veth", lambda place: veth(netns=place)), ("vnet_veth", lambda place: peer(netns=place))],
    ids=["bridge", "near", "peer"],
)
def test_a_netns_that_is_neither_name_nor_path_is_refused(module: str, make: Callable[[str], Values], place: str) -> None:
    assert_refused_always(module, [module, "netns"], **make(place))


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
    assert_refused(module, [module, params["name"], "red", "no namespace"], **params)
    assert file.read_text() == content


@pytest.mark.parametrize("path", ["/etc/passwd", "/proc/self/ns/mnt", "/run"])
def test_another_file_is_no_namespace_to_work_in(path: str) -> None:
    sentence = assert_refused("vnet_bridge", ["vnet_bridge br0", path, "no namespace"], **bridge(netns=path))
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
@pytest.mark.parametrize("what", ["text", "folder", "dangling link"])
def test_what_is_not_empty_under_its_name_is_left_alone(what: str, state: str) -> None:
    path = Path("/run/netns/red")
    path.parent.mkdir(exist_ok=True)
    if what == "text":
        path.write_text("notes")
    elif what == "folder":
        path.mkdir()
    else:
        path.symlink_to("/nowhere")
    assert_refused_always("vnet_netns", ["vnet_netns red", "/run/netns/red", "move it away"], **netns(state=state))
    assert path.is_symlink() or path.exists()
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
    assert_planned_with_warning(module, [module, params["name"], "no bridge br0", "vnet_bridge"], **params)


@pytest.mark.parametrize(("module", "params"), JOINING)
def test_a_bridge_in_another_namespace_is_no_master(module: str, params: Values) -> None:
    run("vnet_netns", **netns())
    run("vnet_bridge", **bridge(netns="red"))
    assert_refused(module, [params["name"], "no bridge br0"], **params)


@pytest.mark.parametrize(("module", "params"), JOINING)
def test_a_master_that_is_no_bridge_is_refused(module: str, params: Values) -> None:
    run("vnet_tuntap", name="br0", mode="tap")
    assert_refused_always(module, [module, params["name"], "br0", "TUN or TAP", "not a bridge"], **params)


@pytest.mark.parametrize(("module", "params"), [("vnet_veth", veth(master="a")), ("vnet_veth", veth(master="b")), ("vnet_tuntap", tap(master="t"))])
def test_a_link_is_not_its_own_master(module: str, params: Values) -> None:
    assert_refused_always(module, [module, params["name"], "not a bridge"], **params)


def test_a_tun_cannot_be_a_port() -> None:
    run("vnet_bridge", **bridge())
    words = ["TUN", "IP packets", "cannot be the port of a bridge", "TAP can"]
    assert_refused_always("vnet_tuntap", ["vnet_tuntap u", *words], name="u", mode="tun", master="br0")
    run("vnet_tuntap", name="u", mode="tun")
    assert_refused_always("vnet_tuntap", ["vnet_tuntap u", *words], name="u", master="br0")
    assert_refused_always("vnet_bridge", ["vnet_bridge br0", "ports", "u", *words], **bridge(ports=[{"name": "u"}]))


def test_a_bridge_cannot_be_a_port_of_itself() -> None:
    assert_refused_always("vnet_bridge", ["vnet_bridge br0", "ports", "itself"], **bridge(ports=[{"name": "br0"}]))


def test_a_bridge_cannot_be_a_port_of_a_bridge() -> None:
    run("vnet_bridge", name="br1")
    assert_refused_always("vnet_bridge", ["vnet_bridge br0", "ports", "br1", "cannot be the port of a bridge"], **bridge(ports=[{"name": "br1"}]))


def test_lo_cannot_be_a_port() -> None:
    assert_refused_always("vnet_bridge", ["vnet_bridge br0", "ports", "lo cannot be the port"], **bridge(ports=[{"name": "lo"}]))


def test_a_port_that_is_missing_is_an_error_and_in_check_mode_a_warning() -> None:
    assert_planned_with_warning("vnet_bridge", ["vnet_bridge br0", "ports: nowhere", "no such link"], **bridge(ports=[{"name": "nowhere"}]))


def test_a_port_that_is_listed_twice_is_refused() -> None:
    assert_refused_always("vnet_bridge", ["vnet_bridge br0", "ports", "a is listed twice"], **bridge(ports=[{"name": "a"}, {"name": "a", "cost": 5}]))


@pytest.mark.parametrize(("module", "params"), [("vnet_veth", veth(port={"cost": 5})), ("vnet_tuntap", tap(port={"cost": 5}))])
def test_port_settings_without_a_master_are_refused(module: str, params: Values) -> None:
    assert_refused_always(module, [module, params["name"], "port", "give its master"], **params)


def test_port_settings_of_a_link_that_is_to_leave_its_master_are_refused() -> None:
    assert_refused_always("vnet_veth", ["vnet_veth a", "port", "no master"], **veth(master="", port={"cost": 5}))


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
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as door:
        for message in messages:
            door.send(message)
            (code,) = struct.unpack_from("=i", door.recv(4096), 16)
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
OTHERS = [(module, kind) for module in MODULES for kind in (*MAKERS, "ifb or dummy", "macvlan") if kind not in OWN_KINDS[module]]
TITLES = {"tap": "a TUN or TAP device", "tun": "a TUN or TAP device"}


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
    assert_refused_always("vnet_veth", ["vnet_veth a", "peer", "one name"], **params)


def test_both_ends_of_a_cable_need_different_names_however_the_namespace_is_spelled() -> None:
    run("vnet_netns", **netns())
    assert_refused("vnet_veth", ["vnet_veth a", "peer", "one name"], **veth(netns="red", peer={"name": "a", "netns": "/run/netns/red"}))


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
    assert_refused_always("vnet_veth", ["vnet_veth a", "peer b", "taken by " + title], **veth())


def test_a_name_of_the_peer_that_is_taken_in_its_namespace_is_refused() -> None:
    run("vnet_netns", **netns())
    run("vnet_bridge", name="b", netns="red")
    assert_refused_always("vnet_veth", ["vnet_veth a", "peer b", "taken by a bridge"], **peer(netns="red"))


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
    assert_refused_always("vnet_tuntap", ["vnet_tuntap t", f"mode is {now}, not {wanted}", "recreate: true"], **tap(mode=wanted))


def test_several_queues_need_a_new_device() -> None:
    run("vnet_tuntap", **tap())
    assert_refused_always("vnet_tuntap", ["vnet_tuntap t", "multi_queue", "recreate: true"], **tap(multi_queue=True))


def test_a_mac_on_a_tun_is_refused() -> None:
    mac = "02:00:00:00:00:01"
    assert_refused_always("vnet_tuntap", ["vnet_tuntap t", "mac", "TUN"], **tap(mode="tun", mac=mac))
    run("vnet_tuntap", **tap(mode="tun"))
    assert_refused_always("vnet_tuntap", ["vnet_tuntap t", "mac", "TUN"], name="t", mac=mac)


@pytest.mark.parametrize(("option", "what"), [("owner", "user"), ("group", "group")])
class TestAccounts:
    def test_one_that_does_not_exist_is_an_error(self, option: str, what: str) -> None:
        assert_refused("vnet_tuntap", ["vnet_tuntap t", option, f"no {what} nobody-of-that-name"], **tap(**{option: "nobody-of-that-name"}))

    def test_one_that_does_not_exist_is_planned_in_check_mode(self, option: str, what: str) -> None:  # noqa: ARG002
        before = snapshot()
        assert run("vnet_tuntap", check=True, **tap(**{option: "nobody-of-that-name"}))["changed"]
        assert snapshot() == before

    @pytest.mark.parametrize("number", ["-1", "4294967295", "4294967296", "99999999999999999999", "²", "1.5", "0x10", " 1"])
    def test_one_that_no_account_can_be_is_refused(self, option: str, what: str, number: str) -> None:  # noqa: ARG002
        assert_refused("vnet_tuntap", ["vnet_tuntap t", option], **tap(**{option: number}))

    def test_one_cannot_be_taken_away(self, option: str, what: str) -> None:  # noqa: ARG002
        me = str(os.getuid() if option == "owner" else os.getgid())
        run("vnet_tuntap", **tap(**{option: me}))
        assert_refused_always("vnet_tuntap", ["vnet_tuntap t", option, "cannot be taken away", "recreate: true"], **tap(**{option: ""}))

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
        assert_sentence(warning, ["t", "held by a program", "cut off", str(os.getpid())])
    assert removed["status"]["pids"] == [os.getpid()]


def test_replacing_a_device_that_a_program_holds_warns_whom_it_cuts_off() -> None:
    run("vnet_tuntap", **tap())
    with attached("t", "tap"):
        wait_for(lambda: run("vnet_tuntap", name="t")["status"]["attached"])
        (warning,) = run("vnet_tuntap", **tap(mode="tun", recreate=True))["warnings"]
    assert_sentence(warning, ["t ", "held by a program", "cut off", str(os.getpid())])
    assert "vnetold" not in warning


# Addresses

BAD_ADDRESSES = [
    "",
    " ",
    "banana",
    "10.0.0.256/24",
    "10.0.0/24",
    "010.0.0.1/24",
    "10.0.0.1.1",
    "10.0.0.1/33",
    "10.0.0.1/-1",
    "10.0.0.1/",
    "10.0.0.1/x",
    "10.0.0.1/²",
    "10.0.0.1/255.255.255.0",
    "10.0.0.1/24/24",
    "10.0.0.1/24 10.0.0.2",
    "10.0.0.1 peer",
    "peer 10.0.0.2",
    "10.0.0.1 brd 10.0.0.255",
    "10.0.0.1 peer 10.0.0.2 peer 10.0.0.3",
    "2001:db8::1/129",
    "2001:db8:::1/64",
    "2001:db8::g/64",
    "fe80::1%lo/64",
    "nodad",
    "2001:db8::1/64 nodad extra",
    "10.0.0.1 peer 2001:db8::2",
    "2001:db8::1 peer 10.0.0.2",
    "10.0.0.1/24 peer 10.0.0.2/32",
    "10.0.0.1/24 nodad",
    "224.0.0.1/24",
    "239.255.255.255",
    "255.255.255.255",
    "0.0.0.0/24",
    "ff02::1/64",
    "::/64",
    "10.0.0.1 peer 224.0.0.1",
    "10.0.0.1 peer 0.0.0.0",
    "2001:db8::1 peer ff02::1",
    "10.0.0.1\0/24",
]


@pytest.mark.parametrize("address", BAD_ADDRESSES, ids=ascii)
@pytest.mark.parametrize(
    ("module", "make"),
    [
        ("vnet_bridge", lambda address: bridge(addresses=[address])),
        ("vnet_veth", lambda address: peer(addresses=["10.9.9.9/24", address])),
        ("vnet_netns", lambda address: netns(addresses=[address])),
    ],
    ids=["bridge", "peer", "namespace"],
)
def test_a_bad_address_is_refused(module: str, make: Callable[[str], Values], address: str) -> None:
    assert_refused_always(module, [module, "addresses"], **make(address))


@pytest.mark.parametrize("addresses", [["2001:db8::1/64", "2001:db8::1/128"], ["2001:db8::1/64", "2001:db8:0::1/64 peer 2001:db8::2"]])
def test_one_ipv6_address_with_two_prefixes_is_refused(addresses: list[str]) -> None:
    assert_refused("vnet_bridge", ["br0", "address", "2001:db8::1"], **bridge(addresses=addresses))


def test_an_ipv6_address_where_ipv6_is_off_is_refused() -> None:
    assert_refused_always("vnet_bridge", ["vnet_bridge br0", "addresses", "disable_ipv6"], **bridge(disable_ipv6=True, addresses=["2001:db8::1/64"]))


def test_an_ipv6_address_where_ipv6_was_turned_off_is_refused() -> None:
    run("vnet_bridge", **bridge(disable_ipv6=True))
    assert_refused("vnet_bridge", ["br0", "2001:db8::1"], **bridge(addresses=["2001:db8::1/64"]))


def test_an_ipv6_address_where_the_mtu_is_too_small_is_refused() -> None:
    assert_refused("vnet_veth", ["a", "2001:db8::1"], **veth(mtu=1000, addresses=["2001:db8::1/64"]))


# Routes

LINK_ROUTES: list[tuple[Values, list[str]]] = [
    ({"to": ""}, ["to", "no IP address"]),
    ({"to": "banana"}, ["to", "banana", "no IP address"]),
    ({"to": "10.0.0.0/33"}, ["to", "prefix"]),
    ({"to": "10.0.0.0/²"}, ["to", "prefix"]),
    ({"to": "10.0.0.1/24"}, ["to", "10.0.0.1/24", "10.0.0.0/24"]),
    ({"to": "2001:db8::1/64"}, ["to", "2001:db8::1/64", "2001:db8::/64"]),
    ({"to": "10.0.0.0/24", "via": "banana"}, ["via", "banana", "no IP address"]),
    ({"to": "10.0.0.0/24", "via": "10.9.0.1/24"}, ["via", "no IP address"]),
    ({"to": "10.0.0.0/24", "via": "2001:db8::1"}, ["to", "via", "families"]),
    ({"to": "2001:db8::/64", "via": "10.0.0.1"}, ["to", "via", "families"]),
    ({"to": "10.0.0.0/24", "src": "2001:db8::1"}, ["to", "src", "families"]),
    ({"to": "default", "via": "10.0.0.1", "src": "2001:db8::1"}, ["to", "src", "families"]),
    ({"to": "10.0.0.0/24", "src": "banana"}, ["src", "no IP address"]),
    ({"to": "10.0.0.0/24", "metric": -1}, ["metric", "-1", "out of range"]),
    ({"to": "10.0.0.0/24", "metric": 2**32}, ["metric", "4294967296", "out of range"]),
    ({"to": "10.0.0.0/24", "table": 0}, ["table", "0", "out of range"]),
    ({"to": "10.0.0.0/24", "table": -1}, ["table", "-1", "out of range"]),
    ({"to": "10.0.0.0/24", "table": 2**32}, ["table", "4294967296", "out of range"]),
    ({"to": "2001:db8::/64", "scope": "link"}, ["scope", "IPv6"]),
]


@pytest.mark.parametrize(("route", "words"), LINK_ROUTES, ids=lambda value: ascii(value) if isinstance(value, dict) else "")
@pytest.mark.parametrize(
    ("module", "make"),
    [
        ("vnet_bridge", lambda route: bridge(routes=[{"to": "10.8.0.0/16"}, route])),
        ("vnet_veth", lambda route: peer(routes=[{"to": "10.8.0.0/16"}, route])),
        ("vnet_netns", lambda route: netns(routes=[{"to": "10.8.0.0/16", "type": "blackhole"}, {"dev": "lo", **route}])),
    ],
    ids=["bridge", "peer", "namespace"],
)
def test_a_bad_route_is_refused_by_its_number(module: str, make: Callable[[Values], Values], route: Values, words: list[str]) -> None:
    assert_refused_always(module, [module, "routes[1]", *words], **make(route))


@pytest.mark.parametrize(
    ("route", "words"),
    [
        ({"to": "10.0.0.0/24"}, ["10.0.0.0/24", "no way", "via or dev"]),
        ({"to": "default"}, ["0.0.0.0/0", "no way", "via or dev"]),
        ({"to": "10.0.0.0/24", "type": "blackhole", "via": "10.9.0.1"}, ["blackhole", "goes nowhere"]),
        ({"to": "10.0.0.0/24", "type": "prohibit", "dev": "lo"}, ["prohibit", "goes nowhere"]),
    ],
    ids=["no way", "default without a way", "blackhole with a gateway", "prohibit with a link"],
)
def test_a_route_of_a_namespace_needs_one_way(route: Values, words: list[str]) -> None:
    assert_refused_always("vnet_netns", ["vnet_netns red", "routes[0]", *words], **netns(routes=[route]))


@pytest.mark.parametrize("via", ["10.9.0.1", "2001:db8:9::1"])
def test_a_gateway_that_cannot_be_reached_is_refused(via: str) -> None:
    hint = ["default", "no address here reaches the gateway", "onlink"]
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


def test_two_routes_with_one_destination_and_metric_are_refused() -> None:
    routes = [{"to": "10.2.0.0/16", "via": "10.1.0.2"}, {"to": "10.2.0.0/16", "via": "10.1.0.3"}]
    assert_refused("vnet_bridge", ["br0", "route", "10.2.0.0/16", "metric"], **bridge(addresses=["10.1.0.1/24"], routes=routes))


def test_a_route_that_another_link_has_is_refused() -> None:
    run("vnet_bridge", name="br1", routes=[{"to": "10.2.0.0/16"}])
    assert_refused_by_the_kernel("vnet_bridge", ["br0", "10.2.0.0/16", "another route", "metric"], **bridge(routes=[{"to": "10.2.0.0/16"}]))


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
    assert_refused_always("vnet_netns", ["vnet_netns red", "sysctl", "begins with net."], **netns(sysctl={key: 1}))
    assert {path: Path(path).read_text() for path in host} == host


@pytest.mark.parametrize("value", [1.5, None, [1], {"a": 1}], ids=repr)
def test_a_setting_that_is_neither_text_nor_number_is_refused(value: Any) -> None:
    assert_refused_always("vnet_netns", ["vnet_netns red", "sysctl", "net.ipv4.ip_forward"], **netns(sysctl={"net.ipv4.ip_forward": value}))


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


@pytest.mark.parametrize("number", [-1, -2, 2**31, 2**40])
def test_an_id_of_a_namespace_out_of_range_is_refused(number: int) -> None:
    assert_refused_always("vnet_netns", ["vnet_netns red", "nsid", str(number), "out of range"], **netns(nsid=number))


def test_the_id_of_a_namespace_never_changes() -> None:
    run("vnet_netns", **netns(nsid=5))
    assert_refused_always("vnet_netns", ["vnet_netns red", "nsid", "5", "never changes"], **netns(nsid=6))


def test_an_id_that_another_namespace_has_is_refused() -> None:
    run("vnet_netns", name="blue", nsid=5)
    assert_refused("vnet_netns", ["red", "nsid", "another namespace has this id"], **netns(nsid=5))
    assert namespaces() == ["blue"]


# VLANs

BAD_VLANS: list[tuple[list[Values], list[str]]] = [
    ([{"vid": "0"}], ["vlans[0]", "vid", "1 to 4094"]),
    ([{"vid": "4095"}], ["vlans[0]", "vid", "1 to 4094"]),
    ([{"vid": "4096"}], ["vlans[0]", "vid", "1 to 4094"]),
    ([{"vid": "0-5"}], ["vlans[0]", "vid", "1 to 4094"]),
    ([{"vid": "4090-4095"}], ["vlans[0]", "vid", "1 to 4094"]),
    ([{"vid": "30-20"}], ["vlans[0]", "vid", "30-20", "wrong way round"]),
    ([{"vid": "10"}, {"vid": "banana"}], ["vlans[1]", "vid", "banana"]),
    ([{"vid": ""}], ["vlans[0]", "vid"]),
    ([{"vid": "-1"}], ["vlans[0]", "vid"]),
    ([{"vid": "1-"}], ["vlans[0]", "vid"]),
    ([{"vid": "1,2"}], ["vlans[0]", "vid"]),
    ([{"vid": "1-2-3"}], ["vlans[0]", "vid"]),
    ([{"vid": "0x10"}], ["vlans[0]", "vid"]),
    ([{"vid": "10\n"}], ["vlans[0]", "vid"]),
    ([{"vid": "10-20", "pvid": True}], ["vlans[0]", "range", "PVID"]),
    ([{"vid": "10", "pvid": True}, {"vid": "20", "pvid": True}], ["vlans[1]", "second PVID"]),
    ([{"vid": "10"}, {"vid": "10"}], ["vlans[1]", "VLAN 10", "twice"]),
    ([{"vid": "10-20"}, {"vid": "20-30"}], ["vlans[1]", "VLAN 20", "twice"]),
]


@pytest.mark.parametrize(("vlans", "words"), BAD_VLANS, ids=lambda value: ascii(value) if isinstance(value[0], dict) else "")
@pytest.mark.parametrize(
    ("module", "make", "where"),
    [
        ("vnet_bridge", lambda vlans: bridge(vlans=vlans), "br0"),
        ("vnet_bridge", lambda vlans: bridge(ports=[{"name": "p", "vlans": vlans}]), "port p"),
        ("vnet_veth", lambda vlans: veth(master="br0", port={"vlans": vlans}), "port"),
        ("vnet_veth", lambda vlans: peer(master="br0", port={"vlans": vlans}), "peer b"),
        ("vnet_tuntap", lambda vlans: tap(master="br0", port={"vlans": vlans}), "port"),
    ],
    ids=["bridge", "ports", "near", "peer", "tap"],
)
def test_bad_vlans_are_refused_by_their_number(module: str, make: Callable[[list[Values]], Values], where: str, vlans: list[Values], words: list[str]) -> None:
    assert_refused_always(module, [module, where, *words], **make(vlans))


# Values out of range


def beyond(row: table.Attribute) -> list[Any]:
    """The values next to the range."""
    assert row.low is not None
    assert row.high is not None
    if row.kind.option == "str":
        return ["x" * int(row.high + 1), "é" * int(row.high // 2 + 1)]
    if row.kind.option == "float":
        return [row.low - 0.01, row.low - 1, row.high + 0.01, row.high * 10 + 1, float("nan"), float("inf"), float("-inf")]
    return [int(row.low) - 1, int(row.high) + 1, -(2**40), 2**70]


def out_of_range(rows: tuple[table.Attribute, ...]) -> list[Any]:
    return [
        pytest.param(row.name, value, id=f"{row.name}={value:.9}" if isinstance(value, str) else f"{row.name}={value}")
        for row in rows
        if row.high is not None and row.when != "read"
        for value in beyond(row)
    ]


@pytest.mark.parametrize(("name", "value"), out_of_range(table.LINK + table.BRIDGE))
def test_a_value_out_of_range_is_refused_for_a_bridge(name: str, value: Any) -> None:
    assert_refused_always("vnet_bridge", ["vnet_bridge br0", name, "out of range"], **bridge(**{name: value}))


@pytest.mark.parametrize(("name", "value"), out_of_range(table.LINK))
def test_a_value_out_of_range_is_refused_for_a_cable(name: str, value: Any) -> None:
    assert_refused_always("vnet_veth", ["vnet_veth a", name, "out of range"], **veth(**{name: value}))
    assert_refused_always("vnet_veth", ["vnet_veth a", "peer b", name, "out of range"], **peer(**{name: value}))


@pytest.mark.parametrize(("name", "value"), out_of_range(tuple(row for row in table.LINK if not row.name.startswith("num_")) + table.TUNTAP))
def test_a_value_out_of_range_is_refused_for_a_tap(name: str, value: Any) -> None:
    assert_refused_always("vnet_tuntap", ["vnet_tuntap t", name, "out of range"], **tap(**{name: value}))


@pytest.mark.parametrize(("name", "value"), out_of_range(table.PORT))
def test_a_value_out_of_range_is_refused_for_a_port(name: str, value: Any) -> None:
    assert_refused_always("vnet_veth", ["vnet_veth a", "port", name, "out of range"], **veth(master="br0", port={name: value}))
    assert_refused_always("vnet_bridge", ["vnet_bridge br0", "port a", name, "out of range"], **bridge(ports=[{"name": "a", name: value}]))


@pytest.mark.parametrize(
    "mac", ["01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "banana", "02:00:00:00:00", "02:00:00:00:00:00:01", "2:0:0:0:0:1", ""]
)
@pytest.mark.parametrize(
    ("module", "make"),
    [("vnet_bridge", lambda mac: bridge(mac=mac)), ("vnet_veth", lambda mac: peer(mac=mac)), ("vnet_tuntap", lambda mac: tap(mac=mac))],
    ids=["bridge", "peer", "tap"],
)
def test_a_mac_that_no_device_can_have_is_refused(module: str, make: Callable[[str], Values], mac: str) -> None:
    assert_refused_always(module, [module, "mac"], **make(mac))


@pytest.mark.parametrize("group", ["01:80:c2:00:00:01", "01:80:c2:00:00:02", "01:80:c2:00:00:03", "01:80:c2:00:00:10", "02:00:00:00:00:01", "banana", ""])
def test_a_group_address_outside_its_range_is_refused(group: str) -> None:
    assert_refused_always("vnet_bridge", ["vnet_bridge br0", "group_address"], **bridge(group_address=group))


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
        assert_refused("vnet_veth", ["a", option, "it needs"], **wanted)
    else:
        assert result["veth"]["port"][option] == NEWER[option]


@pytest.mark.parametrize("made", [False, True], ids=["new", "there already"])
@pytest.mark.parametrize(
    ("option", "value"), [("ageing_time", 100), ("priority", 5), ("alias", "x"), ("mtu", 1400), ("allmulticast", True), ("group_fwd_mask", 8)]
)
def test_what_the_kernel_takes_and_does_not_hold_is_named(monkeypatch: pytest.MonkeyPatch, option: str, value: Any, made: bool) -> None:
    obey = Writer.link_set

    def ignore_one(self: Writer, netns: str, name: str, values: Values) -> None:
        if option not in values:
            obey(self, netns, name, values)

    if made:
        run("vnet_bridge", **bridge())
    monkeypatch.setattr(Writer, "link_set", ignore_one)
    assert_refused_by_the_kernel("vnet_bridge", ["br0", option, "does not hold it"], **bridge(hello_time=3, **{option: value}))


def test_a_port_setting_that_the_kernel_takes_and_does_not_hold_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    run("vnet_bridge", **bridge(mac="02:00:00:00:00:01"))
    monkeypatch.setattr(Writer, "port_set", lambda *_arguments: None)
    assert_refused_by_the_kernel("vnet_veth", ["a", "cost", "does not hold it"], **veth(master="br0", port={"cost": 5}))


def test_an_address_that_the_kernel_takes_and_does_not_hold_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Writer, "address_add", lambda *_arguments: None)
    assert_refused_by_the_kernel("vnet_veth", ["b", "10.1.0.1/24", "does not hold it"], **peer(addresses=["10.1.0.1/24"]))


# pyroute2


def package(folder: Path, *metadata: str) -> ModuleSpec:
    """A pyroute2 that is installed there."""
    (folder / "pyroute2").mkdir()
    for name in metadata:
        (folder / name).mkdir()
    return ModuleSpec("pyroute2", None, origin=str(folder / "pyroute2/__init__.py"))


PACKAGES = ["pyroute2", "0.7.2", "Debian", "Ubuntu", "python3-pyroute2", "Fedora", "EPEL", "pip"]


@pytest.mark.parametrize("spec", [None, ModuleSpec("pyroute2", None, origin=None)], ids=["nothing", "an empty folder"])
def test_where_pyroute2_is_missing_the_packages_are_named(monkeypatch: pytest.MonkeyPatch, spec: ModuleSpec | None) -> None:
    monkeypatch.setattr(_dependency, "find_spec", lambda _name: spec)
    assert_sentence(_dependency.complaint(), PACKAGES)


@pytest.mark.parametrize(
    ("metadata", "version"),
    [
        ("pyroute2-0.7.1.dist-info", "0.7.1"),
        ("pyroute2-0.5.14.egg-info", "0.5.14"),
        ("pyroute2-0.6.dist-info", "0.6"),
        ("pyroute2-0.7.1.post1.dist-info", "0.7.1"),
    ],
)
def test_where_pyroute2_is_too_old_its_version_is_named_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, metadata: str, version: str) -> None:
    monkeypatch.setattr(_dependency, "find_spec", lambda _name: package(tmp_path, metadata))
    assert_sentence(_dependency.complaint(), [*PACKAGES, f"version {version}", str(tmp_path)])


@pytest.mark.parametrize(
    "metadata",
    [
        ["pyroute2-0.7.2.dist-info"],
        ["pyroute2-0.7.10.dist-info"],
        ["pyroute2-0.9.2.post1.dist-info"],
        ["pyroute2-1.0-py3.11.egg-info"],
        ["pyroute2.core-0.6.1.dist-info", "pyroute2-0.9.7.dist-info"],
        [],
    ],
    ids=ascii,
)
def test_where_pyroute2_is_new_enough_or_does_not_say_there_is_no_complaint(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, metadata: list[str]) -> None:
    monkeypatch.setattr(_dependency, "find_spec", lambda _name: package(tmp_path, *metadata))
    assert _dependency.complaint() == ""


@pytest.mark.parametrize(("python", "found"), [((3, 8, 18), "0.9.1"), ((3, 8, 18), "0.9.2"), ((3, 8, 0), "1.0")])
def test_a_pyroute2_that_this_python_cannot_import_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, python: tuple[int, ...], found: str) -> None:
    monkeypatch.setattr(_dependency, "find_spec", lambda _name: package(tmp_path, f"pyroute2-{found}.dist-info"))
    monkeypatch.setattr(_dependency, "sys", SimpleNamespace(version_info=python))
    assert_sentence(_dependency.complaint(), [found, "Python 3.8", str(tmp_path), "pip install 'pyroute2<0.9'"])


@pytest.mark.parametrize(("python", "found"), [((3, 9, 0), "0.9.2"), ((3, 8, 18), "0.8.1"), ((3, 8, 18), "0.7.2")])
def test_one_that_it_can_import_is_good(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, python: tuple[int, ...], found: str) -> None:
    monkeypatch.setattr(_dependency, "find_spec", lambda _name: package(tmp_path, f"pyroute2-{found}.dist-info"))
    monkeypatch.setattr(_dependency, "sys", SimpleNamespace(version_info=python))
    assert _dependency.complaint() == ""


def test_the_pyroute2_of_this_run_is_new_enough() -> None:
    assert _dependency.complaint() == ""
