# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every row of the attribute tables, against the kernel: set at creation, changed live, left alone, given back."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from attribute_samples import BRIDGE, LINK, PORT, Sample, one_of_each_kind, slow_unless
from features import has, needs, needs_program
from support import accounts, four_steps, run, sh, shown, snapshot

Values = Dict[str, Any]


CREATE_ONLY = {"num_tx_queues", "num_rx_queues", "mode", "multi_queue"}
AT_CREATION = {"packet_info", "vnet_hdr"}
ACCOUNTS = {"owner", "group"}


@pytest.mark.parametrize(
    ("rows", "sampled"),
    [
        pytest.param(table.LINK, {sample.name for sample in LINK} | {"num_tx_queues", "num_rx_queues"}, id="link"),
        pytest.param(_kinds.TYPES["bridge"].rows, {sample.name for sample in BRIDGE}, id="bridge"),
        pytest.param(table.PORT, {sample.name for sample in PORT}, id="port"),
        pytest.param(_kinds.TYPES["tuntap"].rows, {"mode", "multi_queue"} | AT_CREATION | ACCOUNTS, id="tuntap"),
    ],
)
def test_every_settable_row_is_tried(rows: Tuple[table.Attribute, ...], sampled: set[str]) -> None:
    apart = {row.name for row in rows if row.location in table.READ_APART}  # see test_traffic_control.py
    assert {row.name for row in rows if row.when != "read"} - apart == sampled


# Links of every kind: the link under test is x0.


def _make(kind: str, **values: Any) -> Values:
    if kind == "bridge":
        return four_steps("vnet_bridge", name="x0", **values)
    if kind == "veth":
        return four_steps("vnet_veth", name="x0", peer=dict(name="y0"), **values)
    if kind == "peer":
        return four_steps("vnet_veth", name="y0", peer=dict(name="x0", **values))
    return four_steps("vnet_tuntap", name="x0", mode=kind, **values)


def _delete() -> None:
    sh("ip link delete x0") if shutil.which("ip") else run("vnet_bridge", name="x0", state="absent")


def _returned(kind: str, result: Values) -> Values:
    if kind == "peer":
        return dict(result["veth"]["peer"])
    return dict(result[{"bridge": "bridge", "veth": "veth"}.get(kind, "tuntap")])


def _absent(kind: str) -> None:
    module = {"bridge": "vnet_bridge", "veth": "vnet_veth", "peer": "vnet_veth"}.get(kind, "vnet_tuntap")
    assert four_steps(module, name="x0", state="absent")["changed"]
    assert len(snapshot()[""]["links"]) == 1


def _link_cases() -> List[Any]:
    cases = [(kind, sample) for kind in ("bridge", "veth", "peer", "tap", "tun") for sample in LINK]
    few = one_of_each_kind(LINK, _kinds.ROWS_OF["bridge"])
    return [
        pytest.param(kind, sample, id=f"{kind}-{sample.name}", marks=slow_unless(kind == "veth" or sample in few))
        for kind, sample in cases
        if (kind, sample.name) != ("tun", "mac")
    ]


@pytest.mark.parametrize(("kind", "sample"), _link_cases())
def test_an_attribute_of_every_link_is_set_at_creation_and_changed_live(kind: str, sample: Sample) -> None:
    for value in (sample.first, sample.second, sample.first):
        result = _make(kind, **{sample.name: value})
        assert result["changed"]
        assert _returned(kind, result)[sample.name] == value
        _expect_link(sample, value)
    _absent(kind)
    assert _returned(kind, _make(kind, **{sample.name: sample.second}))[sample.name] == sample.second
    _expect_link(sample, sample.second)


def _expect_link(sample: Sample, value: Any) -> None:
    if sample.name == "disable_ipv6":
        assert Path("/proc/sys/net/ipv6/conf/x0/disable_ipv6").read_text() == f"{value:d}\n"
    elif shutil.which("ip"):
        link = shown("x0")
        seen = sample.key in link["flags"] if sample.key.isupper() else link.get(sample.key, 0)
        assert seen == sample.form(value)


@pytest.mark.parametrize("sample", BRIDGE, ids=lambda sample: sample.name)
def test_an_attribute_of_a_bridge_is_set_at_creation_and_changed_live(sample: Sample) -> None:
    if sample.feature:
        needs(sample.feature)
    for value in (sample.first, sample.second, sample.first):
        _expect_bridge(sample, value, four_steps("vnet_bridge", name="x0", **dict.fromkeys(sample.others, True), **{sample.name: value}))
    _absent("bridge")
    _expect_bridge(sample, sample.second, four_steps("vnet_bridge", name="x0", **dict.fromkeys(sample.others, True), **{sample.name: sample.second}))


def _expect_bridge(sample: Sample, value: Any, result: Values) -> None:
    assert result["changed"]
    assert result["bridge"][sample.name] == pytest.approx(value)
    if shutil.which("ip"):
        data = shown("x0")["linkinfo"]["info_data"]
        if sample.key in data:
            assert data[sample.key] == sample.form(value)


# Ports: x0 is the port, y0 its other end where it has one.


def _port_of_veth(port: Values) -> Values:
    return dict(four_steps("vnet_veth", name="x0", master="br0", port=port, peer=dict(name="y0"))["veth"]["port"])


def _port_of_peer(port: Values) -> Values:
    return dict(four_steps("vnet_veth", name="y0", peer=dict(name="x0", master="br0", port=port))["veth"]["peer"]["port"])


def _port_of_tap(port: Values) -> Values:
    return dict(four_steps("vnet_tuntap", name="x0", mode="tap", master="br0", port=port)["tuntap"]["port"])


def _port_of_bridge(port: Values) -> Values:
    if "x0" not in {link["name"] for link in snapshot()[""]["links"]}:
        run("vnet_veth", name="x0", peer=dict(name="y0"))
    (found,) = (entry for entry in four_steps("vnet_bridge", name="br0", ports=[dict(port, name="x0")])["bridge"]["ports"] if entry["name"] == "x0")
    return dict(found)


def _port_cases() -> List[Any]:
    few = one_of_each_kind(PORT, table.PORT_ROWS)
    ways = {"veth": _port_of_veth, "peer": _port_of_peer, "tap": _port_of_tap, "bridge": _port_of_bridge}
    cases = [(name, way, sample) for name, way in ways.items() for sample in PORT]
    # a TAP that no program holds has no carrier, and the kernel keeps such a port disabled
    cases = [(name, way, sample) for name, way, sample in cases if (name, sample.name) != ("tap", "state")]
    return [pytest.param(way, sample, id=f"{name}-{sample.name}", marks=slow_unless(name == "veth" or sample in few)) for name, way, sample in cases]


@pytest.mark.parametrize(("way", "sample"), _port_cases())
def test_an_attribute_of_a_port_is_set_at_creation_and_changed_live(way: Callable[[Values], Values], sample: Sample) -> None:
    if sample.feature:
        needs(sample.feature)
    run("vnet_bridge", name="br0")
    run("vnet_veth", name="other", master="br0", peer=dict(name="otherpeer"))
    for value in (sample.first, sample.second, sample.first):
        assert way({**dict.fromkeys(sample.others, True), sample.name: value})[sample.name] == value
        _expect_port(sample, value)
    run("vnet_bridge", name="br0", ports=[], purge_ports=True)
    run("vnet_veth", name="other", master="br0", peer=dict(name="otherpeer"))
    assert way({**dict.fromkeys(sample.others, True), sample.name: sample.second})[sample.name] == sample.second
    _expect_port(sample, sample.second)


def _expect_port(sample: Sample, value: Any) -> None:
    if shutil.which("ip"):
        link = shown("x0")
        assert link["master"] == "br0"
        data = link["linkinfo"]["info_slave_data"]
        if sample.key in data:
            assert data[sample.key] == sample.form(value)


# TUN and TAP


def _name_of(option: str, number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name if option == "owner" else grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _tuntap(mode: str, option: str, value: Any) -> Values:
    return {"name": "x0", "mode": mode, option: value}


@pytest.mark.parametrize("mode", ["tun", "tap"])
@pytest.mark.parametrize("option", ["owner", "group"])
def test_the_account_that_may_attach_is_set_at_creation_and_changed_live(mode: str, option: str) -> None:
    kind = "uid" if option == "owner" else "gid"
    first, second = (accounts(kind) * 2)[:2]
    if first == second:
        pytest.skip(f"this user namespace has only one {kind}")
    key = "user" if option == "owner" else "group"
    for number in (first, second, first):
        result = four_steps("vnet_tuntap", name="x0", mode=mode, **{option: str(number)})
        assert result["changed"]
        assert result["tuntap"][option] == _name_of(option, number)
        if shutil.which("ip"):
            assert shown("x0")["linkinfo"]["info_data"][key] == _name_of(option, number)
    assert not run("vnet_tuntap", **_tuntap(mode, option, _name_of(option, first)))["changed"]


@pytest.mark.parametrize("mode", ["tun", "tap"])
@pytest.mark.parametrize("option", ["owner", "group"])
def test_an_account_is_only_taken_away_with_a_new_device(mode: str, option: str) -> None:
    number = os.getuid() if option == "owner" else os.getgid()
    run("vnet_tuntap", **_tuntap(mode, option, str(number)))
    _replaces("vnet_tuntap", dict(name="x0", mode=mode, **{option: ""}), option)
    if shutil.which("ip"):
        assert {"owner": "user"}.get(option, option) not in shown("x0")["linkinfo"]["info_data"]


def test_the_owner_that_is_not_spoken_of_stays_when_the_group_changes() -> None:
    four_steps("vnet_tuntap", name="x0", mode="tap", owner=str(os.getuid()))
    result = four_steps("vnet_tuntap", name="x0", mode="tap", group=str(os.getgid()))
    assert (result["tuntap"]["owner"], result["tuntap"]["group"]) == (_name_of("owner", os.getuid()), _name_of("group", os.getgid()))


@pytest.mark.parametrize("mode", ["tun", "tap"])
@pytest.mark.parametrize("option", sorted(AT_CREATION))
@pytest.mark.parametrize("value", [True, False])
def test_what_programs_rewrite_is_set_at_creation_and_never_compared(mode: str, option: str, value: bool) -> None:
    result = four_steps("vnet_tuntap", name="x0", mode=mode, **{option: value})
    assert result["tuntap"][option] is value
    if shutil.which("ip"):
        assert shown("x0")["linkinfo"]["info_data"][{"packet_info": "pi"}.get(option, option)] is value
    assert not four_steps("vnet_tuntap", name="x0", mode=mode, **{option: not value})["changed"]


def test_a_change_of_the_owner_leaves_the_other_settings_of_the_device_alone() -> None:
    four_steps("vnet_tuntap", name="x0", mode="tap", packet_info=True, vnet_hdr=True, multi_queue=True)
    result = four_steps("vnet_tuntap", name="x0", owner=str(os.getuid()))
    assert [result["tuntap"][name] for name in ("mode", "packet_info", "vnet_hdr", "multi_queue")] == ["tap", True, True, True]


# What only a new device can give


@pytest.mark.parametrize(
    ("module", "first", "second", "attribute"),
    [
        ("vnet_bridge", {"num_tx_queues": 2}, {"num_tx_queues": 3}, "num_tx_queues"),
        ("vnet_bridge", {"num_rx_queues": 2}, {"num_rx_queues": 3}, "num_rx_queues"),
        ("vnet_veth", {"num_tx_queues": 2, "peer": {"name": "y0"}}, {"num_tx_queues": 3, "peer": {"name": "y0"}}, "num_tx_queues"),
        ("vnet_veth", {"peer": {"name": "y0", "num_rx_queues": 2}}, {"peer": {"name": "y0", "num_rx_queues": 3}}, "num_rx_queues"),
        ("vnet_tuntap", {"mode": "tap"}, {"mode": "tun"}, "mode"),
        ("vnet_tuntap", {"mode": "tun"}, {"mode": "tap"}, "mode"),
        ("vnet_tuntap", {"mode": "tap"}, {"mode": "tap", "multi_queue": True}, "multi_queue"),
        ("vnet_tuntap", {"mode": "tun", "multi_queue": True}, {"mode": "tun", "multi_queue": False}, "multi_queue"),
    ],
)
def test_what_only_a_new_device_can_give(module: str, first: Values, second: Values, attribute: str) -> None:
    if attribute == "num_rx_queues":
        needs(attribute)
    four_steps(module, name="x0", **first)
    _replaces(module, dict(second, name="x0"), attribute)


def _replaces(module: str, params: Values, attribute: str) -> None:
    """Without recreate the error names the attribute; with it nothing else is there afterwards."""
    before = snapshot()
    with pytest.raises(VnetError, match=rf"\b{attribute}\b.*recreate: true"):
        run(module, **params)
    assert snapshot() == before
    assert four_steps(module, recreate=True, **params)["changed"]
    links = {link["name"]: link["index"] for link in snapshot()[""]["links"]}
    assert set(links) == {"lo", "x0"} | ({"y0"} if "peer" in params else set())
    assert links["x0"] not in {link["index"] for link in before[""]["links"]}
    assert not run(module, **params)["changed"]


def test_recreate_keeps_a_device_that_can_be_changed_live() -> None:
    run("vnet_bridge", name="x0", mtu=1400)
    index = snapshot()[""]["links"][1]["index"]
    four_steps("vnet_bridge", name="x0", mtu=1300, num_tx_queues=1, recreate=True)
    assert snapshot()[""]["links"][1]["index"] == index


# Left alone, and given back


def _full(samples: List[Sample], *without: str) -> Values:
    usable = [sample for sample in samples if sample.name not in without and (not sample.feature or has(sample.feature))]
    return {sample.name: sample.first for sample in usable}


def _everything() -> List[Any]:
    link = _full(LINK, "disable_ipv6", "up", "arp")
    queues = {"num_tx_queues": 2, **({"num_rx_queues": 2} if has("num_rx_queues") else {})}
    addresses = ["192.0.2.1/24", "2001:db8::1/64 nodad"]
    routes = [{"to": "198.51.100.0/24", "via": "192.0.2.254", "metric": 5}, {"to": "2001:db8:1::/48"}]
    port = {**_full(PORT, "state", "backup_port"), "learning": True}
    end = {**link, **queues, "addresses": addresses, "routes": routes}
    account = {"owner": str(os.getuid()), "group": str(os.getgid())}
    return [
        pytest.param("vnet_bridge", {**end, **_full(BRIDGE)}, id="bridge"),
        pytest.param("vnet_veth", {**end, "peer": {"name": "y0", "netns": "red", "mac": "02:00:00:00:00:03", "addresses": ["192.0.2.2/24"]}}, id="veth"),
        pytest.param("vnet_veth", {**link, "master": "br0", "port": port, "peer": {"name": "y0", "alias": "far"}}, id="port"),
        pytest.param("vnet_tuntap", {**link, **account, "mode": "tap", "multi_queue": True, "master": "br0", "port": port}, id="tap"),
        pytest.param("vnet_tuntap", {**_full(LINK, "mac", "disable_ipv6", "up"), "mode": "tun", "addresses": ["10.9.0.1 peer 10.9.0.2"]}, id="tun"),
    ]


@pytest.fixture
def surroundings() -> None:
    run("vnet_netns", name="red")
    run("vnet_bridge", name="br0")


@pytest.mark.usefixtures("surroundings")
@pytest.mark.parametrize(("module", "params"), _everything())
def test_a_task_that_says_nothing_leaves_everything_alone(module: str, params: Values) -> None:
    four_steps(module, name="x0", **params)
    before = snapshot()
    bare: Values = {"peer": {key: params["peer"][key] for key in ("name", "netns") if key in params["peer"]}} if "peer" in params else {}
    assert not run(module, name="x0", **bare)["changed"]
    assert snapshot() == before


@pytest.mark.usefixtures("surroundings")
@pytest.mark.parametrize(("module", "params"), _everything())
def test_the_resource_that_is_returned_can_be_given_back(module: str, params: Values) -> None:
    key = {"vnet_bridge": "bridge", "vnet_veth": "veth", "vnet_tuntap": "tuntap"}[module]
    result = four_steps(module, name="x0", **params)[key]
    assert not four_steps(module, **result)["changed"]
    assert run(module, name="x0", state="absent")["changed"]
    assert four_steps(module, **result)["changed"]
    assert run(module, **result)[key] == result


@pytest.mark.parametrize(
    ("by_hand", "module", "params"),
    [
        (["ip link set x0 mtu 1400 txqueuelen 7 group 9", "ip link set x0 alias mine"], "vnet_bridge", {}),
        (["ip link set x0 arp off multicast off", "ip link set x0 allmulticast on promisc on"], "vnet_bridge", {}),
        (["ip link set x0 type bridge forward_delay 400 ageing_time 0 priority 5 group_fwd_mask 8"], "vnet_bridge", {}),
        (["ip link set x0 type bridge stp_state 1"], "vnet_bridge", {"mtu": 1500}),
        (["ip address add 192.0.2.1/24 dev x0", "ip -6 address add 2001:db8::1/64 dev x0"], "vnet_bridge", {"addresses": []}),
        (["ip link add p0 type veth peer name p1", "ip link set p0 master x0"], "vnet_bridge", {"ports": []}),
        (
            ["ip link add name p0 type veth peer name p1", "ip link set p0 master x0", "bridge link set dev p0 hairpin on"],
            "vnet_bridge",
            {"ports": [{"name": "p0"}]},
        ),
        (["ip address add 192.0.2.1/24 dev x0", "ip route add 198.51.100.0/24 via 192.0.2.9"], "vnet_bridge", {"routes": []}),
    ],
)
def test_what_was_set_by_hand_is_left_alone(by_hand: List[str], module: str, params: Values) -> None:
    needs_program("ip")
    run(module, name="x0")
    sh(*by_hand)
    before = snapshot()
    assert not run(module, name="x0", **params)["changed"]
    assert snapshot() == before


@pytest.mark.parametrize(
    ("first", "params"),
    [
        ({"alias": "text"}, {"alias": ""}),
        ({"link_group": 3}, {"link_group": 0}),
        ({"mcast_snooping": True}, {"mcast_snooping": False}),
        ({"ageing_time": 100}, {"ageing_time": 0}),
        ({"up": True}, {"up": False}),
        ({"addresses": ["192.0.2.1/24"]}, {"addresses": [], "purge_addresses": True}),
        ({"addresses": ["192.0.2.1/24"], "routes": [{"to": "198.51.100.0/24"}]}, {"routes": [], "purge_routes": True}),
    ],
)
def test_false_zero_and_empty_are_values(first: Values, params: Values) -> None:
    four_steps("vnet_bridge", name="x0", **first)
    result = four_steps("vnet_bridge", name="x0", **params)
    assert result["changed"]
    assert {name: result["bridge"][name] for name in params if not name.startswith("purge")} == {
        name: value for name, value in params.items() if not name.startswith("purge")
    }


# What can only be read


def test_what_can_only_be_read_is_in_the_status() -> None:
    querier = {"mcast_querier": True} if has("mcast_snooping") else {}
    run("vnet_bridge", name="br0", mac="02:00:00:00:00:01", **querier)
    run("vnet_veth", name="x0", mac="02:00:00:00:00:02", master="br0", peer=dict(name="y0"))
    bridge = run("vnet_bridge", name="br0")["status"]
    rows = {row.name for row in _kinds.TYPES["bridge"].rows if row.when == "read"}
    optional = set() if has("fdb_max_learned") else {"fdb_n_learned"}
    # Linux 5.14, two releases after that limit
    optional |= set() if has("mcast_snooping") and has("mcast_eht_hosts_limit") else {"mcast_querier_state"}
    assert rows - optional <= set(bridge)
    assert bridge["bridge_id"] == bridge["root_id"] == "8000.02:00:00:00:00:01"
    assert (bridge["root_port"], bridge["root_path_cost"], bridge["topology_change"]) == (0, 0, False)
    port = run("vnet_veth", name="x0", peer=dict(name="y0"))["status"]["port"]
    assert {row.name for row in table.PORT if row.when == "read"} | {"state"} <= set(port)
    assert port["designated_root"] == "8000.02:00:00:00:00:01"
    assert port["state"] in table.PORT_STATES


def test_the_status_of_a_tap_says_who_holds_it() -> None:
    result = run("vnet_tuntap", name="x0", mode="tap", multi_queue=True)
    assert {row.name for row in _kinds.TYPES["tuntap"].rows if row.when == "read"} <= set(result["status"])
    assert (result["status"]["persist"], result["status"]["attached"], result["status"]["num_queues"]) == (True, False, 0)


# Rounding and refusal


@pytest.mark.parametrize("seconds", [2.01, 2.02, 2.03, 4.99, 15, 29.97])
def test_a_time_that_the_kernel_rounds_is_set_once(seconds: float) -> None:
    result = four_steps("vnet_bridge", name="x0", forward_delay=seconds, max_age=6 + seconds, mcast_query_interval=seconds)
    assert result["bridge"]["forward_delay"] == pytest.approx(seconds, abs=0.0101)


@pytest.mark.parametrize("mask", [1, 2, 4, 0xFFFF])
def test_the_bits_of_the_group_mask_that_the_kernel_reserves_are_refused(mask: int) -> None:
    run("vnet_bridge", name="x0", group_fwd_mask=8)
    before = snapshot()
    with pytest.raises(VnetError, match="group_fwd_mask"):
        run("vnet_bridge", name="x0", group_fwd_mask=mask)
    assert snapshot() == before


def test_a_backup_port_is_a_port_of_the_same_bridge() -> None:
    needs_program("ip")
    sh("ip link add br0 up type bridge", *(f"ip link add name w{number} type veth peer name x{number}" for number in (0, 1)))
    pair: Values = {"name": "w1", "peer": {"name": "x1"}, "master": "br0", "port": {"backup_port": "w0"}}
    with pytest.raises(VnetError, match=r"port\.backup_port: w0 is not a port of br0$"):
        run("vnet_veth", **pair)
    assert any("w0 is not a port of br0 (check mode: an earlier task may create it)" in warning for warning in run("vnet_veth", True, **pair)["warnings"])
    sh("ip link set w0 master br0")
    run("vnet_veth", **pair)
