# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random sequences of layouts on one host, with changes by hand in between.

A failure is printed as a sequence that can be added to REGRESSIONS.
"""

from __future__ import annotations

import copy
import itertools
import pprint
import re
import subprocess
import time
import traceback
from contextlib import contextmanager
from ipaddress import ip_address, ip_interface
from typing import Any, Iterator, NamedTuple

import pytest
from amount import SHRINKING, Amount, processor_time
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._steps import SetNsid
from features import needs_program
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from layouts import info, lay, records, settled, snapshot_at_rest
from layouts_at_random import FOREIGN_NAMES, FOREIGN_NAMESPACE, Sequence, Step, sequences
from moments import DELETIONS, Failing
from oracle import complaints
from support import Values, difference, portable, private_network, restorable, sh, snapshot

BATCH = 50
"""Sequences of one seed. The first of a batch are simple."""
FAILURES = (Exception, pytest.fail.Exception)
"""What pytest.raises raises is no Exception."""
MOST_FAILURES = 5
"""After so many the run ends."""
LOOPBACK = ("7f000001", "00000000000000000000000000000001")
"""What lo keeps once it was up."""
IFA_PROTO = 11
KERNEL_PROTOCOLS = (1, 2, 3)
"""IFAPROT_KERNEL_LO to IFAPROT_KERNEL_LL: the kernel says that it made an address itself, which ip(8) does not say for it."""

_IPV6 = ["2001:db8:4::1/64 nodad", "2001:db8:4::2/64 nodad"]
REGRESSIONS = [
    Sequence(
        host=["ip link add name p0 type bridge"],
        steps=[
            Step(
                by_hand=[],
                failing=3,
                params={
                    "name": "lab",
                    "links": [{"type": "bridge", "name": "p0", "addresses": ["192.0.1.1/24"], "routes": [{"to": "10.1.0.0/16", "via": "192.0.1.9"}]}],
                },
            ),
            Step(by_hand=[], failing=0, params={"name": "lab", "state": "absent"}),
        ],
    ),
    Sequence(
        host=[],
        steps=[
            Step(by_hand=[], failing=2, params={"name": "lab", "links": [{"type": "bridge", "name": "p0", "mtu": 1300, "disable_ipv6": True}]}),
            Step(
                by_hand=["ip link set dev p0 down; ip link set dev p0 name stray", "ip link add name f0 master stray type veth peer name f1"],
                failing=1,
                params={"name": "lab", "links": [{"type": "ifb", "name": "p0"}, {"type": "bridge", "name": "p1", "group_fwd_mask": 0}]},
            ),
        ],
    ),
    # a veth is created in a bridge whose MAC address changes afterwards, and that fails
    Sequence(
        host=["ip link add name p4 type bridge"],
        steps=[
            Step(
                by_hand=[],
                failing=2,
                params={
                    "name": "lab",
                    "links": [
                        {"type": "veth", "name": "p0", "mac": "02:00:00:00:00:01", "master": "p4", "peer": {"name": "p3"}},
                        {"type": "bridge", "name": "p4", "mac": "02:00:00:00:00:05"},
                    ],
                },
            ),
        ],
    ),
    # a link that gave up its name comes back, with its IPv6 addresses in their order
    Sequence(
        host=[],
        steps=[
            Step(by_hand=[], failing=0, params={"name": "lab", "links": [{"type": "bridge", "name": "p3", "addresses": _IPV6}]}),
            Step(
                by_hand=[],
                failing=3,
                params={"name": "lab", "links": [{"type": "veth", "name": "p3", "addresses": _IPV6, "peer": {"name": "p4", "up": False}}]},
            ),
        ],
    ),
    # the commands bring back an address that the kernel had made itself
    Sequence(
        host=["ip netns add red; ip -n red link set dev lo up"],
        steps=[
            Step(by_hand=[], failing=0, params={"name": "lab", "namespaces": [{"name": "red", "loopback": False}]}),
            Step(by_hand=[], failing=1, params={"name": "lab", "namespaces": []}),
        ],
    ),
]


class Done(NamedTuple):
    """What a step did."""

    commands: list[str]
    state: Values
    """The portable snapshot after it."""


@pytest.mark.parametrize("sequence", REGRESSIONS)
def test_a_sequence_that_failed_once(sequence: Sequence) -> None:
    needs_program("ip")
    check(sequence)


def test_random_sequences(request: pytest.FixtureRequest) -> None:
    needs_program("ip")
    amount = Amount.of(bool(request.config.getoption("--slow")))
    trial = Trial(amount.seconds)
    for number in itertools.count(amount.seed):
        if trial.is_over():
            break
        trial.run_batch(number)
    print(trial.summary())
    if trial.failures:
        pytest.fail("\n\n".join(trial.failures), pytrace=False)


class Trial:
    """Runs sequences until the processor time is used up."""

    def __init__(self, end: float) -> None:
        self.failures: list[str] = []
        self._end = end  # from the start of the process, so that all of it counts
        self._sequences = self._runs = 0
        self._places: set[str] = set()
        """Where the code failed in earlier batches: one sequence for each is enough."""
        self._failed: dict[str, BaseException] = {}
        """The sequences of this batch that failed."""
        self._enough = 0.0
        """When the failure of this batch is short enough."""

    def is_over(self) -> bool:
        return processor_time() >= self._end or len(self.failures) >= MOST_FAILURES

    def summary(self) -> str:
        return f"{self._sequences} sequences with {self._runs} runs"

    def run_batch(self, number: int) -> None:
        self._failed.clear()

        @seed(number)
        @settings(
            max_examples=BATCH,
            deadline=None,
            database=None,
            derandomize=False,  # the seed says it all
            phases=[Phase.generate, Phase.shrink],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
        )
        @given(sequences())
        def batch(sequence: Sequence) -> None:
            self._try(sequence)

        try:
            batch()
        except FAILURES as error:
            self._places.add(_place(error))
            self.failures.append(_report(number, *list(self._failed.items())[-1]) if self._failed else traceback.format_exc())
            print(self.failures[-1], flush=True)  # an hour may be cut off

    def _try(self, sequence: Sequence) -> None:
        text = pasted(sequence)
        if text in self._failed:
            error = self._failed.pop(text)
            self._failed[text] = error  # the last one is the shortest
            raise error
        if processor_time() >= (self._enough if self._failed else self._end):
            return
        self._sequences += 1
        self._runs += len(sequence.steps)
        try:
            check(sequence)
        except FAILURES as error:
            if _place(error) in self._places:
                return
            if not self._failed:
                self._enough = processor_time() + SHRINKING
            self._failed[text] = error
            raise


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}"


def _report(number: int, text: str, error: BaseException) -> str:
    where = "".join(traceback.format_exception(error, limit=-6))
    return f"{where}\nThe seed was {number}. As a regression test:\n{text}"


def pasted(sequence: Sequence) -> str:
    steps = "".join(
        f"Step(by_hand={step.by_hand!r}, failing={step.failing}, params={pprint.pformat(step.params, width=150, sort_dicts=False)}),\n"
        for step in sequence.steps
    )
    return f"Sequence(\nhost={sequence.host!r},\nsteps=[\n{steps}]),"


# One sequence


def check(sequence: Sequence) -> None:
    with fresh_host():
        done = run_all(sequence)
        take_away(sequence)
    with fresh_host():
        run_commands(sequence, done)
        declaration = adopt_all()
        expected = portable(snapshot())
    if not all(map(has_its_gateways, links_of(declaration))):
        return  # the kernel keeps routes when the address goes that reached their gateway
    with fresh_host():
        lay(name="elsewhere", **copy.deepcopy(declaration))
        built = portable(snapshot())
    told = difference(declared_part(expected), declared_part(built))
    assert not told, f"what info declares builds something else elsewhere: {told}"


@contextmanager
def fresh_host() -> Iterator[None]:
    with private_network():
        sh("ip link set dev lo up")
        yield


def run_all(sequence: Sequence) -> list[Done]:
    do_by_hand(sequence.host)
    done = []
    for step in sequence.steps:
        do_by_hand(step.by_hand)
        commands = run_step(step)
        done.append(Done(commands, comparable(snapshot_at_rest())))
    return done


def run_step(step: Step) -> list[str]:
    """Runs the layout in check mode, with a failure, for real, and again. Returns the commands."""
    before, recorded = snapshot_at_rest(), records()
    if is_left_out(step.params, before):
        return []
    try:
        planned = lay(check=True, **step.params)
    except VnetError as error:
        touched = difference(before, snapshot())
        assert not touched, f"a refusal in check mode touched the kernel: {touched}"
        refused_as_predicted(step.params, before, str(error))
        return []
    touched = difference(before, snapshot())
    assert not touched, f"check mode touched the kernel: {touched}"
    assert records() == recorded, "check mode touched the records"
    result = fail_and_run(step, before, planned["warnings"])
    if result is None:
        return []
    for key in ("changed", "diff", "commands", "summary"):
        assert planned[key] == result[key], f"check mode predicts another {key}: {planned[key]}, and not {result[key]}"
    wrong = complaints(step.params)
    assert not wrong, f"the kernel is not as declared: {'; '.join(wrong)}; the commands were {result['commands']}"
    settled(**step.params)
    harmed = difference(foreign(before), foreign(snapshot()))
    assert not harmed, f"something foreign was touched: {harmed}; the commands were {result['commands']}"
    commands: list[str] = result["commands"]
    return commands


def is_left_out(params: Values, state: Values) -> bool:
    """Left out: a link without a type that is an end of a cable. The other end may go as it is not declared any more, and takes it along."""
    untyped = [link for link in params.get("links", []) if "type" not in link]
    kinds = {(netns, link["name"]): link["kind"] for netns, network in state.items() if isinstance(network, dict) for link in network["links"]}
    return any(kinds.get((link.get("netns", ""), link["name"])) == "veth" for link in untyped) and bool(records())


def refused_as_predicted(params: Values, before: Values, predicted: str) -> None:
    recorded = records()
    with pytest.raises(VnetError) as refused:
        lay(**params)
    real = str(refused.value)
    # check mode goes on without what an earlier task might have created, and may find something else
    assert real == predicted or "there is no link" in real, f"check mode predicts another error: {predicted}, and not {real}"
    touched = difference(before, snapshot())
    assert not touched, f"{predicted} - but the kernel was touched: {touched}"
    assert records() == recorded, "a refusal touched the records"


class FailingBeforeLoss(Failing):
    """Fails at the latest before the first step that cannot be undone."""

    def __call__(self, writer: Any, step: Any) -> None:
        if self._number and not self.failed and isinstance(step, (*DELETIONS, SetNsid)):
            self._number = len(self.steps) + 1
        super().__call__(writer, step)


def fail_and_run(step: Step, before: Values, warnings: list[str]) -> Values | None:
    """Fails at a step if there are so many, and runs the layout. None if something is missing that an earlier task might
    have created, of which check mode warns."""
    recorded = records()
    for number in (step.failing, 0) if step.failing else (0,):
        failing = FailingBeforeLoss(number)
        try:
            with failing:
                return lay(**step.params)
        except VnetError as error:
            refusal = str(error)
        is_missing = not failing.steps and bool(warnings)
        assert is_missing or refusal.endswith("The host is as it was before"), f"check mode does not predict: {refusal}"
        touched = difference(restorable(before), restorable(snapshot_at_rest()))
        assert not touched, f"after the failure of {failing.failed} the host is not as it was before: {touched}"
        assert records() == recorded, f"the failure of {failing.failed} touched the records"
        if is_missing:
            return None
        assert failing.failed, f"check mode does not predict: {refusal}"
    raise AssertionError("the second attempt has no failure")


def take_away(sequence: Sequence) -> None:
    """Removes all layouts: the host is as it was before the first one, where nobody changed anything since."""
    try:
        lay(name="guest", state="absent", force=True)
    except VnetError as error:
        if "which belongs to layout lab" not in str(error):
            raise
    for name in ("lab", "guest"):
        lay(name=name, state="absent", force=True)
    if any(step.by_hand for step in sequence.steps):
        return  # what is gone with all that belongs to a layout stays recorded
    assert not records(), "something is still recorded"
    if any(link.get("recreate") for step in sequence.steps for link in step.params.get("links", [])):
        return
    after = snapshot_at_rest()
    with fresh_host():
        do_by_hand(sequence.host)
        before = snapshot_at_rest()
    changed = difference(before_layouts(before), before_layouts(after))
    assert not changed, f"the removed layouts leave something behind: {changed}"


def run_commands(sequence: Sequence, done: list[Done]) -> None:
    """Runs the reported commands instead of the layouts."""
    do_by_hand(sequence.host)
    for step, (commands, state) in zip(sequence.steps, done):
        do_by_hand(step.by_hand)
        assert not [line for line in commands if line.startswith("#")], commands
        sh("\n".join(["set -e", *map(forgiving, commands)]))
        for _attempt in range(20):
            told = difference(state, comparable(snapshot()))
            if not told:
                break
            time.sleep(0.05)
        assert not told, f"the commands do something else: {told}; they are {commands}"


def forgiving(command: str) -> str:
    """Left out: a link that goes down, or loses an address, may have lost what the command deletes, and the command fails then."""
    return f"{command} || true" if re.search(r" (route|address) delete ", command) else command


def links_of(declaration: Values) -> Iterator[Values]:
    """The links, each end of a veth pair by itself."""
    for link in declaration["links"]:
        yield link
        if "peer" in link:
            yield link["peer"]


def has_its_gateways(link: Values) -> bool:
    """Whether the addresses of a link reach the gateways of its routes."""
    networks = [ip_interface(re.sub(r".* peer | (nodad|label|broadcast|scope|metric)\b.*$", "", address)).network for address in link.get("addresses", [])]
    vias = [ip_address(route["via"]) for route in link.get("routes", []) if "via" in route and not route.get("onlink")]
    return all(via.is_link_local or any(via in network for network in networks) for via in vias)


def adopt_all() -> Values:
    """Adopts everything as it is. Returns the declaration."""
    before = snapshot_at_rest()
    declaration: Values = info(macs=True)["declaration"]
    for checking in (True, False):
        commands = lay(name="everything", check=checking, **copy.deepcopy(declaration))["commands"]
        assert not commands, f"what info declares is not what is there: {commands}; {declaration}"
    touched = difference(before, snapshot())
    assert not touched, f"to adopt everything as it is touched the kernel: {touched}"
    return declaration


def do_by_hand(lines: list[str]) -> None:
    """Some of them may fail."""
    if lines:
        subprocess.run(["sh", "-c", "\n".join(lines)], capture_output=True, check=False)


# Snapshots


def networks(state: Values) -> Iterator[Values]:
    return (network for network in state.values() if isinstance(network, dict))


def comparable(state: Values) -> Values:
    """What does not depend on the MAC addresses and indexes that the kernel chose, and what commands can do."""
    state = restorable(portable(state))
    for network in networks(state):
        for address in network["addresses"]:
            if int(address.get(IFA_PROTO) or "0", 16) in KERNEL_PROTOCOLS:
                del address[IFA_PROTO]
        for link in network["links"].values():
            if link["kind"] == "bridge":
                link.pop("address", None)  # the lowest of its ports, which the kernel may have chosen
    return state


def before_layouts(state: Values) -> Values:
    """Without what layouts keep: settings of the kernel, and what lo has once it was up."""
    state = comparable(state)
    for network in networks(state):
        network["settings"] = {key: value for key, value in network["settings"].items() if key.endswith("disable_ipv6")}
        network["addresses"] = [address for address in network["addresses"] if address[1] not in LOOPBACK]
    return state


def foreign(state: Values) -> Values:
    """What people created, without what follows from the bridges and ports of layouts, such as the counts of promiscuity."""
    state = comparable(state)
    kept: Values = {"namespace": FOREIGN_NAMESPACE in state}
    for netns, network in state.items():
        for name in FOREIGN_NAMES if isinstance(network, dict) else ():
            if name in network["links"]:
                link = copy.deepcopy(network["links"][name])
                for key in ("master", "port", "link", 30, 61, *(("mtu", 40, 41) if link["kind"] == "bridge" else ())):
                    link.pop(key, None)
                kept[f"{netns}/{name}"] = link
    return kept


def declared_part(state: Values) -> Values:
    """What a declaration of a whole host says of it."""
    state = restorable(state)
    for network in networks(state):
        del network["settings"]
        network["addresses"] = [address for address in network["addresses"] if address["index"] != "lo" or address[1] not in LOOPBACK]
        for link in network["links"].values():
            link.pop("address", None)  # of those that the kernel chose only one side begins with 02
            for code in (31, 32, 40, 41, 50, 51):  # queues, limits of the machine
                link.pop(code, None)
        for route in network["routes"]:
            route["protocol"] = 4
        network["routes"].sort(key=repr)
    return state
