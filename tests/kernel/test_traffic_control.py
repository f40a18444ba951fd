# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Queueing disciplines, mirrors and features of links: set, compared, taken back, and measured with packets."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from features import needs_mirroring, needs_program, needs_qdisc
from layouts import clear, info, lay, settled
from layouts import four_steps as laid_in_four_steps
from support import difference, four_steps, ip, private_network, resource, run, sh, snapshot

Values = Dict[str, Any]
PLAIN: Values = {"kind": ""}
QDISCS: Dict[str, List[Values]] = {
    "netem": [
        {"kind": "netem", "delay": 0.1, "jitter": 0.01, "delay_correlation": 25, "loss": 1.5, "rate": 10_000_000, "limit": 500},
        {"kind": "netem", "loss": 0.3, "duplicate": 0.1, "corrupt": 0.2, "reorder": 25},
        {"kind": "netem", "delay": 0.05},
    ],
    "tbf": [{"kind": "tbf", "rate": 10_000_000, "burst": 1600, "latency": 0.05}, {"kind": "tbf", "rate": 999_999_999, "burst": 15431, "latency": 0.0123}],
    "fq_codel": [
        {"kind": "fq_codel", "flows": 16},
        {"kind": "fq_codel", "limit": 500, "target": 0.005, "interval": 0.1, "quantum": 300},
        {"kind": "fq_codel", "target": 0.0071},
    ],
    "fq": [{"kind": "fq", "limit": 500, "flow_limit": 50, "quantum": 3000, "initial_quantum": 9000, "maxrate": 80_000_000}, {"kind": "fq", "maxrate": 0}],
    "pfifo": [{"kind": "pfifo", "limit": 50}, {"kind": "pfifo", "limit": 60}],
    "bfifo": [{"kind": "bfifo", "limit": 50_000}],
}


def cable(**options: Any) -> Values:
    return {"name": "v0", "peer": {"name": "v1"}, **options}


@pytest.mark.parametrize("kind", QDISCS)
def test_queueing_discipline_is_set_changed_and_removed(kind: str) -> None:
    needs_qdisc(kind)
    before: Values = {}
    for wanted in QDISCS[kind]:
        found = resource("vnet_veth", four_steps("vnet_veth", **cable(qdisc=wanted)))["qdisc"]
        before = {**before, **wanted}
        for name, value in before.items():
            assert found[name] == (value if isinstance(value, str) else pytest.approx(value, rel=1e-3, abs=1e-6)), name
    assert resource("vnet_veth", four_steps("vnet_veth", **cable(qdisc={"kind": kind, **_required(kind)})))["qdisc"] == found
    assert resource("vnet_veth", four_steps("vnet_veth", **cable(qdisc=PLAIN)))["qdisc"] == PLAIN


def _required(kind: str) -> Values:
    """The fields of the last one that must be given."""
    last = QDISCS[kind][-1]
    return {name: last[name] for name in ("rate", "burst", "latency") if kind == "tbf"} | {name: last[name] for name in ("limit",) if kind.endswith("fifo")}


@pytest.mark.parametrize("kind", QDISCS)
def test_the_commands_do_the_same(kind: str) -> None:
    needs_qdisc(kind)
    needs_program("tc")
    commands: List[str] = []
    with private_network():
        for wanted in QDISCS[kind]:
            commands += run("vnet_veth", **cable(mac="02:00:00:00:00:01", qdisc=wanted, peer={"name": "v1", "mac": "02:00:00:00:00:02"}))["commands"]
        found = run("vnet_veth", **cable(qdisc=QDISCS[kind][-1]))["veth"]["qdisc"]
    with private_network():
        sh(*commands)
        wanted = {name: value for name, value in found.items() if value is not None}
        assert not run("vnet_veth", check=True, **cable(qdisc=wanted))["changed"]


def test_a_small_quantum_is_what_the_kernel_makes_of_it() -> None:
    needs_qdisc("fq_codel")
    assert resource("vnet_veth", four_steps("vnet_veth", **cable(qdisc={"kind": "fq_codel", "quantum": 100})))["qdisc"]["quantum"] == 256


def test_another_kind_replaces_the_one_before() -> None:
    needs_qdisc("pfifo")
    needs_qdisc("fq_codel")
    four_steps("vnet_veth", **cable(qdisc={"kind": "pfifo", "limit": 50}))
    assert resource("vnet_veth", four_steps("vnet_veth", **cable(qdisc={"kind": "fq_codel"})))["qdisc"]["kind"] == "fq_codel"


def test_one_that_could_not_be_restored_is_refused() -> None:
    needs_qdisc("prio")
    needs_qdisc("pfifo")
    run("vnet_veth", **cable())
    sh("tc qdisc add dev v0 root handle 1: prio")
    before = snapshot()
    with pytest.raises(VnetError, match=r"qdisc: it has qdisc prio, which could not be restored"):
        run("vnet_veth", **cable(qdisc={"kind": "pfifo", "limit": 50}))
    assert not difference(before, snapshot())
    assert {"netns": "", "link": "v0", "what": "qdisc prio", "declared": False} in info()["declaration_lacks"]


@pytest.mark.parametrize(
    ("plain", "strange", "words"),
    [
        ("tbf rate 1mbit burst 10k latency 50ms", "overhead 14 mpu 64", "overhead, mpu"),
        ("fq", "nopacing horizon 2s horizon_cap buckets 512", "nopacing, buckets, horizon, horizon_cap"),
        ("fq_codel", "noecn drop_batch 32 ce_threshold 5ms", "noecn, ce_threshold, drop_batch"),
    ],
    ids=["tbf", "fq", "fq_codel"],
)
def test_what_no_option_says_is_not_replaced(plain: str, strange: str, words: str) -> None:
    kind = plain.split()[0]
    needs_qdisc(kind)
    run("vnet_veth", **cable())
    sh(f"tc qdisc add dev v0 root {plain}")
    assert not [lack for lack in info()["declaration_lacks"] if "qdisc" in lack["what"]]
    sh("tc qdisc delete dev v0 root", f"tc qdisc add dev v0 root {plain} {strange}")
    before = snapshot()
    with pytest.raises(VnetError, match=f"qdisc: it has qdisc {kind} with {words}, which could not be restored"):
        run("vnet_veth", **cable(qdisc={"kind": "pfifo", "limit": 50}))
    assert not difference(before, snapshot())
    assert {"netns": "", "link": "v0", "what": f"qdisc {kind} with {words}", "declared": False} in info()["declaration_lacks"]


@pytest.mark.parametrize(
    ("qdisc", "words"),
    [
        ({"delay": 1}, r"qdisc\.kind: missing"),
        ({"kind": "tbf", "rate": 1000}, r"qdisc\.burst: missing"),
        ({"kind": "pfifo"}, r"qdisc\.limit: missing"),
        ({"kind": "pfifo", "limit": 5, "delay": 1}, r"qdisc\.delay: pfifo has no such field"),
        ({"kind": "", "limit": 5}, r"qdisc\.limit: the queueing discipline that the kernel chooses"),
        ({"kind": "netem", "reorder": 5}, r"qdisc: reorder needs a delay"),
        ({"kind": "netem", "loss": 101}, r"qdisc\.loss: 101 is out of range \(0 to 100 per cent\)"),
        ({"kind": "netem", "rate": 7}, r"qdisc\.rate: 7 is out of range"),
        ({"kind": "tbf", "rate": 8000, "burst": 300_000, "latency": 1}, r"qdisc\.burst: 300000 bytes take longer than 274 seconds"),
        ({"kind": "tbf", "rate": 8 * 10**9, "burst": 1600, "latency": 5}, r"qdisc\.latency: more than 4294967295 bytes would wait"),
    ],
)
def test_queueing_disciplines_that_cannot_be(qdisc: Values, words: str) -> None:
    with pytest.raises(VnetError, match=words):
        run("vnet_veth", **cable(qdisc=qdisc))


# Mirrors


def three() -> List[Values]:
    return [{"type": "veth", "name": f"v{number}", "peer": {"name": f"w{number}"}} for number in range(3)]


def test_packets_are_mirrored_to_a_link() -> None:
    needs_mirroring()
    before = snapshot()
    layout: Values = {"links": three()}
    lay(**layout)
    without = snapshot()
    layout["links"][0].update(mirror_ingress="v1", mirror_egress="v2")
    laid_in_four_steps(**layout)
    settled(**layout)
    declared = {link["name"]: link for link in info()["declaration"]["links"]}
    assert (declared["v0"]["mirror_ingress"], declared["v0"]["mirror_egress"]) == ("v1", "v2")
    layout["links"][0].update(mirror_ingress="v2")
    laid_in_four_steps(**layout)
    layout["links"][0].update(mirror_ingress="", mirror_egress="")
    laid_in_four_steps(**layout)
    assert not difference(without, snapshot())
    clear()
    assert not difference(before, snapshot())


def test_the_commands_for_mirrors_do_the_same() -> None:
    needs_mirroring()
    needs_program("tc")
    commands: List[str] = []
    with private_network():
        for given in ({"mirror_ingress": "v1", "mirror_egress": "v1"}, {"mirror_ingress": "v2"}, {"mirror_egress": ""}):
            links = three()
            links[0].update(given)
            commands += lay(links=links)["commands"]
    with private_network():
        sh(*commands)
        links = three()
        links[0].update(mirror_ingress="v2", mirror_egress="")
        assert "mirror" not in " ".join(lay(check=True, links=links)["commands"])


def test_a_filter_for_one_protocol_is_no_mirror() -> None:
    needs_mirroring()
    lay(links=three())
    sh("tc qdisc add dev v0 clsact", "tc filter add dev v0 ingress protocol ip matchall action mirred egress mirror dev v1")
    layout: Values = {"links": three()}
    assert "mirror_ingress" not in {link["name"]: link for link in info()["declaration"]["links"]}["v0"]
    layout["links"][0].update(mirror_ingress="v2")
    laid_in_four_steps(**layout)
    layout["links"][0].update(mirror_ingress="")
    laid_in_four_steps(**layout)
    assert "protocol ip " in ip("tc", "filter", "show", "dev", "v0", "ingress")


def test_filters_of_others_stay() -> None:
    """One without a priority, which the kernel chooses, and the qdisc of those who do not know clsact."""
    needs_mirroring()
    lay(links=three())
    sh("tc qdisc add dev v0 clsact", "tc filter add dev v0 ingress matchall classid 1:1", "tc qdisc add dev v1 ingress")
    layout: Values = {"links": three()}
    layout["links"][0].update(mirror_ingress="v2")
    layout["links"][1].update(mirror_ingress="v2")
    laid_in_four_steps(**layout)
    settled(**layout)
    with pytest.raises(VnetError, match=r"the link has the qdisc ingress"):
        run("vnet_veth", name="v1", mirror_egress="v2", peer={"name": "w1"})
    lay(links=[{**link, "mirror_ingress": ""} for link in three()])
    assert "pref 49152" in ip("tc", "filter", "show", "dev", "v0", "ingress")
    assert "ingress" in ip("tc", "qdisc", "show", "dev", "v1")


def test_a_mirror_to_a_missing_link_is_refused() -> None:
    needs_mirroring()
    with pytest.raises(VnetError, match=r"mirror_ingress: there is no link nowhere"):
        run("vnet_veth", **cable(mirror_ingress="nowhere"))


# Features


def test_features_are_turned_off_and_on() -> None:
    wanted = {"tx-checksum-ip-generic": False, "rx-gro": False}
    found = resource("vnet_veth", four_steps("vnet_veth", **cable(features=wanted)))["features"]
    assert {name: bool(value) for name, value in found.items()} == wanted
    declared = {link["name"]: link for link in info()["declaration"]["links"]}
    assert declared["v0"]["features"]["tx-checksum-ip-generic"] is False
    assert "features" not in declared["v0"]["peer"]
    on = {"tx-checksum-ip-generic": True}
    assert resource("vnet_veth", four_steps("vnet_veth", **cable(features=on)))["features"] == on


@pytest.mark.parametrize(
    ("features", "words"),
    [
        ({"tx-nonsense": True}, r"features: the link has no feature tx-nonsense"),
        ({"TX": True}, r"features: 'TX' is not the name of a feature"),
        ({"generic-receive-offload": False}, r"features\.generic-receive-offload: that is a name of ethtool\(8\) for rx-gro; use this"),
        ({"rx-gro": "maybe"}, r"features\.rx-gro: 'maybe' is neither true nor false"),
        ({"netns-local": True}, r"features: .*netns-local"),
    ],
)
def test_features_that_cannot_be(features: Values, words: str) -> None:
    run("vnet_veth", **cable())
    with pytest.raises(VnetError, match=words):
        run("vnet_veth", **cable(features=features))


# Layouts


def test_a_layout_restores_what_it_adopted() -> None:
    needs_qdisc("pfifo")
    run("vnet_veth", **cable(qdisc={"kind": "pfifo", "limit": 50}, features={"tx-checksum-ip-generic": False}))
    before = snapshot()
    layout: Values = {"links": [{"name": "v0", "qdisc": {"kind": "bfifo", "limit": 9000}, "features": {"tx-checksum-ip-generic": True}}]}
    laid_in_four_steps(**layout)
    settled(**layout)
    clear()
    assert not difference(before, snapshot())
    assert run("vnet_veth", **cable(features={"tx-checksum-ip-generic": False}))["changed"] is False
