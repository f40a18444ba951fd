# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every kind of link: it is made, changed, read, removed, undone, adopted, declared, and its commands do the same."""

from __future__ import annotations

from typing import Any, Callable, Dict, List

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._attributes import READ_APART
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import ROWS_OF, TYPES, kernel_word, masters_of
from attribute_samples import LINK
from features import helps, needs_program
from kernel_kinds import has_kind, needs_kind
from layouts import four_steps as lay_in_four_steps
from layouts import info, lay, settled
from moments import WHOLE, Failing, may_be_held
from samples import SAMPLES
from support import Values, difference, four_steps, portable, private_network, resource, run, sh, snapshot

of_each_kind = pytest.mark.parametrize("kind", SAMPLES)
NEW_IN_IPROUTE2 = ("localbypass",)
"""Attributes that iproute2 6.1 does not know."""
ADDRESSES = ["192.0.2.1/24", "2001:db8::1/64 nodad"]
ROUTES = [{"to": "198.51.100.0/24", "via": "192.0.2.254", "metric": 5}, {"to": "2001:db8:1::/48"}]


@pytest.fixture(autouse=True)
def surroundings(request: pytest.FixtureRequest) -> None:
    kind: str = request.node.callspec.params["kind"]
    needs_kind(kernel_word(TYPES[kind].kernel, SAMPLES[kind].create))
    prepare(kind)


def prepare(kind: str) -> None:
    if SAMPLES[kind].around:
        lay(name="around", links=SAMPLES[kind].around)
    run("vnet_bridge", name="br0", mac="02:00:00:00:00:f0")
    if joining(kind).get("master") == "vrf0":
        run("vnet_vrf", name="vrf0", table=99)


def joining(kind: str) -> Values:
    """The options with which it joins a bridge, or a VRF if it cannot; empty if it joins nothing."""
    masters = {master.kernel for master in masters_of(TYPES[kind].kernel)}
    bridge: Values = {"master": "br0", "port": {"cost": 7, "isolated": True}}
    return bridge if "bridge" in masters else {"master": "vrf0"} if "vrf" in masters and has_kind("vrf") else {}


def of(kind: str, **more: Any) -> Values:
    return {"name": "x0", **SAMPLES[kind].create, **more}


def every_link(kind: str, number: int) -> Values:
    """The first or the second value of each attribute that every link has."""
    lacking = {"disable_ipv6", "up", *TYPES[kind].lacks, *TYPES[kind].fixed}
    values = {sample.name: (sample.first, sample.second)[number] for sample in LINK if sample.name not in lacking}
    return {**values, "mtu": 1400 - number}  # no larger than that of a parent


def own(kind: str, number: int) -> Values:
    return {name: values[number] for name, values in SAMPLES[kind].live.items()}


@of_each_kind
def test_every_attribute_has_sample_values(kind: str) -> None:
    rows = {row.name: row for row in TYPES[kind].rows}
    sample = SAMPLES[kind]
    changing = {name for name, row in rows.items() if row.when in ("live", "down")}
    assert {*sample.live, *sample.apart} >= changing
    only_new = {name for name, row in rows.items() if row.when == "create"} | ({TYPES[kind].parent} if TYPES[kind].parent else set())
    assert {*sample.new, *sample.apart} >= only_new
    assert {*sample.live, *sample.apart, *sample.new} <= {*rows, TYPES[kind].parent}
    assert all(first != second for first, second in sample.live.values())
    assert all(first[name] != second[name] for name, (first, second) in sample.apart.items())


def supports(kind: str, name: str, options: Values) -> bool:
    """Whether the kernel has an attribute that not every kernel has."""
    needed = ROWS_OF[TYPES[kind].kernel][name].needs
    try:
        run(f"vnet_{kind}", **of(kind, **options))
    except VnetError as error:
        if needed and f"this kernel does not support it; it needs {needed}" in str(error):
            return False
        raise
    run(f"vnet_{kind}", name="x0", state="absent")
    return True


@of_each_kind
def test_what_needs_a_mode_or_other_links(kind: str) -> None:
    for name, (first, second) in SAMPLES[kind].apart.items():
        with private_network():
            prepare(kind)
            if not supports(kind, name, first):
                continue
            for options in (first, second, first):
                result = four_steps(f"vnet_{kind}", **of(kind, **options))
                assert resource(f"vnet_{kind}", result)[name] == options[name]
            (found,) = [link for link in info()["declaration"]["links"] if link["name"] == "x0"]
            assert found.get(name, ROWS_OF[TYPES[kind].kernel][name].initial) == first[name]
            four_steps(f"vnet_{kind}", name="x0", state="absent")


@of_each_kind
@pytest.mark.parametrize("alone", [True, False], ids=["alone", "port"])
def test_it_is_made_changed_read_and_removed(kind: str, alone: bool) -> None:
    module = f"vnet_{kind}"
    lists: Values = {"addresses": ADDRESSES, "routes": ROUTES} if alone else joining(kind)
    for number in (0, 1, 0):
        wanted = {**every_link(kind, number), **own(kind, number)}
        result = four_steps(module, **of(kind, **wanted, **lists))
        assert result["changed"]
        returned = resource(module, result)
        assert {name: returned[name] for name in wanted} == wanted
    assert not four_steps(module, **returned)["changed"]
    assert four_steps(module, name="x0", state="absent")["changed"]
    assert "x0" not in {link["name"] for link in snapshot()[""]["links"]}
    assert resource(module, four_steps(module, **returned)) == returned


@of_each_kind
def test_what_is_not_said_is_left_alone(kind: str) -> None:
    four_steps(f"vnet_{kind}", **of(kind, **every_link(kind, 0), **own(kind, 0), addresses=ADDRESSES, routes=ROUTES))
    before = snapshot()
    assert not run(f"vnet_{kind}", name="x0")["changed"]
    assert snapshot() == before


@of_each_kind
def test_what_only_a_new_one_can_have(kind: str) -> None:
    others = {"num_tx_queues": 3, "mac": "02:00:00:00:00:77"}
    more = {name: others[name] for name in ("num_tx_queues", *TYPES[kind].fixed) if name not in TYPES[kind].lacks}
    for name, value in {**SAMPLES[kind].new, **more}.items():
        with private_network():
            prepare(kind)
            run(f"vnet_{kind}", **of(kind))
            before = snapshot()
            with pytest.raises(VnetError, match=rf"\b{name}\b.*recreate: true"):
                run(f"vnet_{kind}", **of(kind, **{name: value}))
            assert not difference(before, snapshot())
            result = four_steps(f"vnet_{kind}", **of(kind, **{name: value}, recreate=True))
            assert resource(f"vnet_{kind}", result)[name] == value
            assert not run(f"vnet_{kind}", **of(kind, **{name: value}))["changed"]


@of_each_kind
def test_what_it_needs_is_named(kind: str) -> None:
    for name in TYPES[kind].required:
        params = of(kind)
        del params[name]
        with pytest.raises(VnetError, match=rf"{name}: missing; it is required to create the link"):
            run(f"vnet_{kind}", **params)


@of_each_kind
def test_a_link_of_another_kind_is_left_alone(kind: str) -> None:
    run("vnet_bridge", name="x0")
    before = snapshot()
    for more in ({}, {"recreate": True}, {"state": "absent"}):
        for check in (True, False):
            with pytest.raises(VnetError, match="x0 is a bridge, "):
                run(f"vnet_{kind}", check, **of(kind, **more))
    assert not difference(before, snapshot())


def _nothing(_kind: str) -> None:
    pass


def _there(kind: str) -> None:
    run(f"vnet_{kind}", **of(kind, **every_link(kind, 0), **own(kind, 0), addresses=ADDRESSES, routes=ROUTES))


def _bare(kind: str) -> None:
    run(f"vnet_{kind}", **of(kind))


def changes(kind: str) -> Dict[str, Any]:
    everything = {**every_link(kind, 0), **own(kind, 0), "addresses": ADDRESSES, "routes": ROUTES}
    others = {**every_link(kind, 1), **own(kind, 1), "addresses": ["192.0.2.2/24", "2001:db8:2::1/64"]}
    return {
        "new": (_nothing, of(kind, **everything)),
        "changed": (_there, of(kind, **others)),
        "joined": (_bare, of(kind, **joining(kind))),
        "removed": (_there, {"name": "x0", "state": "absent"}),
    }


@of_each_kind
@pytest.mark.parametrize("change", ["new", "changed", "joined", "removed"])
def test_the_commands_do_the_same(kind: str, change: str) -> None:
    needs_program("ip")
    before, params = changes(kind)[change]
    with private_network():
        prepare(kind)
        before(kind)
        result = run(f"vnet_{kind}", **params)
        by_module = portable(snapshot())
    assert result["changed"] or not params.get("master")
    assert not [line for line in result["commands"] if line.startswith("#")]
    with private_network():
        prepare(kind)
        before(kind)
        sh(*result["commands"])
        by_commands = portable(snapshot())
    assert not difference(by_module, by_commands), result["commands"]


@of_each_kind
def test_the_commands_for_what_needs_a_mode_do_the_same(kind: str) -> None:
    """As it is read: iproute2 sends some values that mean nothing, as the flags of an encapsulation that is not used."""
    needs_program("ip")

    def read() -> Values:
        return {name: value for name, value in resource(f"vnet_{kind}", run(f"vnet_{kind}", name="x0")).items() if name != "mac"}

    for name, (first, second) in SAMPLES[kind].apart.items():
        if name in NEW_IN_IPROUTE2 and name not in helps("ip", "link", "help", kind):
            continue
        with private_network():
            prepare(kind)
            if not supports(kind, name, first):
                continue
        for before, options in (({}, first), (first, second)):
            with private_network():
                prepare(kind)
                if before:
                    run(f"vnet_{kind}", **of(kind, **before))
                commands = run(f"vnet_{kind}", **of(kind, **options))["commands"]
                by_module = read()
            assert not [line for line in commands if line.startswith("#")]
            with private_network():
                prepare(kind)
                if before:
                    run(f"vnet_{kind}", **of(kind, **before))
                sh(*commands)
                assert read() == by_module, commands


@of_each_kind
@pytest.mark.parametrize("change", ["new", "changed", "joined"])
@pytest.mark.parametrize("done", [False, True], ids=["refused", "obeyed-in-part"])
def test_whichever_step_fails_the_host_is_as_it_was_before(kind: str, change: str, done: bool) -> None:
    before, params = changes(kind)[change]
    number, complaints = 0, []
    while True:
        number += 1
        with private_network():
            prepare(kind)
            before(kind)
            there = snapshot()
            failing = Failing(number, lambda: KernelError(5, "injected"), done)
            sentence = _failure(failing, lambda: run(f"vnet_{kind}", **params))
            if failing.failed is None:
                break
            if done and isinstance(failing.failed, WHOLE):
                continue
            if not sentence and may_be_held(failing.failed):
                continue  # it has that by itself
            differs = difference(there, snapshot())
            if differs or not sentence.endswith("The host is as it was before"):
                complaints.append(f"{failing.failed}: {sentence}: {differs}")
    assert not complaints


def _failure(failing: Failing, work: Callable[[], Any]) -> str:
    try:
        with failing:
            work()
    except VnetError as error:
        return str(error)
    return ""


@of_each_kind
def test_it_is_part_of_a_layout(kind: str) -> None:
    links: List[Values] = [{"type": kind, **of(kind, addresses=ADDRESSES, **own(kind, 0))}, *SAMPLES[kind].around]
    run("vnet_bridge", name="br0", state="absent")
    lay(name="around", state="absent")
    before = snapshot()
    lay_in_four_steps(links=links)
    (found,) = [link for link in info()["links"] if link["name"] == "x0"]
    assert (found["type"], found["layout"], found["addresses"]) == (kind, "lab", ADDRESSES)
    lay_in_four_steps(links=[{**links[0], **own(kind, 1), "addresses": []}, *links[1:]])
    lay_in_four_steps(links=links[1:])
    lay_in_four_steps(state="absent")
    assert not difference(before, snapshot())


@of_each_kind
def test_what_was_made_by_hand_is_declared_and_adopted(kind: str) -> None:
    lay(name="around", state="absent")
    run("vnet_bridge", name="br0", state="absent")
    for link in SAMPLES[kind].around:
        run(f"vnet_{link['type']}", **{name: value for name, value in link.items() if name != "type"})
    run(f"vnet_{kind}", **of(kind, **every_link(kind, 0), **own(kind, 0), addresses=ADDRESSES, routes=ROUTES))
    before = snapshot()
    declaration = info(macs=True)["declaration"]
    (item,) = [link for link in declaration["links"] if link["name"] == "x0"]
    assert item["type"] == kind
    assert {name: item.get(name) for name in own(kind, 0)} == own(kind, 0)
    result = lay(**declaration)
    assert all(" alias " in line for line in result["commands"]), result["commands"]
    settled(**declaration)
    lay(state="absent")
    assert not difference(before, snapshot())
    with private_network():
        lay(**declaration)
        again = info(macs=True)["declaration"]
    for declared in (again, declaration):  # masters are created first
        declared["links"].sort(key=lambda link: str(link["name"]))
    assert again == declaration


@pytest.mark.parametrize("first", [0, 1])
@of_each_kind
def test_what_it_was_before_comes_back(kind: str, first: int) -> None:
    """Whether the layout changes it, or repairs what somebody else has changed."""

    def options(number: int) -> Values:
        return of(kind, **every_link(kind, number), **own(kind, number))

    run(f"vnet_{kind}", **options(first))
    before = snapshot()
    for number in (1 - first, first):
        layout: Values = {"links": [{"type": kind, **options(number)}]}
        lay(**layout)
        run(f"vnet_{kind}", **options(1 - first))
        lay(**layout)
        lay(state="absent")
        assert not difference(before, snapshot())


@of_each_kind
def test_it_declares_nothing_of_a_new_one(kind: str) -> None:
    run(f"vnet_{kind}", **of(kind))
    (item,) = [link for link in info()["declaration"]["links"] if link["name"] == "x0"]
    if TYPES[kind].initial(of(kind)).get("mtu", 0) is None:
        del item["mtu"]  # it depends on the network
    assert item == {"type": kind, **of(kind)}, "put what a new one has by itself into initial of its record in _kinds"


@of_each_kind
def test_its_attributes_are_those_of_its_table(kind: str) -> None:
    run(f"vnet_{kind}", **of(kind))
    returned = resource(f"vnet_{kind}", run(f"vnet_{kind}", name="x0"))
    settable = {name for name, row in ROWS_OF[TYPES[kind].kernel].items() if row.when not in ("read", "up") and row.location not in ("sysctl", *READ_APART)}
    optional = {"num_rx_queues", *TYPES[kind].of_modes, *(row.name for row in TYPES[kind].rows if row.needs)}  # CONFIG_RPS
    assert settable - optional <= set(returned)
