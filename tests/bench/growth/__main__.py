#!/usr/bin/env python3
# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the cost of one thing grows with the number of things: tests/sandbox .venv/bin/python tests/bench/growth [ROUNDS]

Each kind of thing is built with none, a few and many of it: by the engine, and by iproute2 in one batch. A figure is the processor time
for one of many, divided by that for one of few, both without what none of them costs: 1 where the cost grows with the number, 2 where one
of many costs twice as much.
What the kernel takes longer for, iproute2 waits for as well: of a change the growth is divided by that of iproute2. Reading, and a
second run that finds nothing to do, have no reference. The exit status is 1 when a bar is missed.

The engine runs in a process that has imported it, without Ansible: what a task costs with nothing in it would hide what grows.
"""

from __future__ import annotations

import argparse
import fcntl
import gc
import os
import random
import resource
import struct
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from typing import Callable, NamedTuple, Sequence

ROOT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / ".collections"), str(ROOT / "tests" / "kernel")]

from features import has  # noqa: E402
from layouts import info, lay  # noqa: E402
from processes import Child, child, wait_for  # noqa: E402
from support import Values, private_network, run, sh  # noqa: E402

CHANGE, ABSOLUTE = 1.2, 1.5
"""The bars: of a change compared with iproute2, and of reading and of a second run."""
TAPS = "TAP devices held by programs"
HELD_BY_ONE = 50
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
SETTLED_WITHIN = 5
"""Seconds from links that come up to IPv6 addresses that do not change any more."""
PATIENCE = 600
"""Seconds for one measurement."""


class Subject(NamedTuple):
    """Something of which there may be many. C(lines) are those of a batch; C(program) reads them."""

    title: str
    few: int
    many: int
    prepare: Callable[[int], None]
    change: Callable[[int], Values]
    lines: Callable[[int], list[str]]
    program: str = "ip"
    feature: str = ""


def with_bridge(_count: int) -> None:
    sh("ip link add br0 type bridge", "ip link set br0 up")


def with_quiet_namespace(_count: int) -> None:
    """Without IPv6, whose discovery of thousands of links would hold the kernel's lock in the middle of the next ones."""
    sh("ip netns add red", "ip netns exec red sh -c 'echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6'")


def addresses(count: int) -> list[str]:
    """Half of them of each family."""
    return [f"10.{number >> 8}.{number & 255}.1/24" if number % 2 else f"2001:db8:{number:x}::1/64" for number in range(count)]


def routes(count: int) -> list[str]:
    return [f"10.{number >> 8}.{number & 255}.0/24" if number % 2 else f"2001:db8:{number:x}::/64" for number in range(count)]


def cables(count: int) -> list[Values]:
    return [{"name": f"a{number}", "netns": "red", "peer": {"name": f"b{number}", "netns": "red"}} for number in range(count // 2)]


def cable_lines(count: int) -> list[str]:
    made = [f"link add a{number} type veth peer name b{number}" for number in range(count // 2)]
    return [*made, *(f"link set {end}{number} up" for number in range(count // 2) for end in "ab")]


def with_ports(count: int) -> None:
    sh("ip link add br0 type bridge vlan_filtering 1")
    for number in range(count):
        sh(f"ip link add p{number} type veth peer name q{number}", f"ip link set p{number} master br0")


VLANS = "2-4094"

SUBJECTS = [
    Subject(
        "addresses of one link",
        100,
        8000,
        with_bridge,
        lambda count: run("vnet_bridge", name="br0", addresses=addresses(count)),
        lambda count: [f"address add {address} dev br0" for address in addresses(count)],
    ),
    Subject(
        "routes of one link",
        100,
        10000,
        with_bridge,
        lambda count: run("vnet_bridge", name="br0", routes=[{"to": route} for route in routes(count)]),
        lambda count: [f"route add {route} dev br0" for route in routes(count)],
    ),
    Subject(
        "links of one namespace",
        100,
        5000,
        with_quiet_namespace,
        lambda count: lay(diff=False, namespaces=[{"name": "red"}], links=cables(count)),
        cable_lines,
        "ip -n red",
    ),
    Subject(
        "ports with all VLANs",
        4,
        48,
        with_ports,
        lambda count: run("vnet_bridge", name="br0", ports=[{"name": f"p{number}", "vlans": [{"vid": VLANS}]} for number in range(count)]),
        lambda count: [f"vlan add dev p{number} vid {VLANS}" for number in range(count)],
        "bridge",
        "vlan_filtering",
    ),
]


def of_engine(subject: Subject, count: int) -> Values:
    """Processor seconds of a change, of the same again, and of reading everything."""
    with private_network():
        subject.prepare(count)
        change = spent(partial(subject.change, count), changed=bool(count) or None)
        time.sleep(SETTLED_WITHIN if count else 0)
        return {"change": change, "again": spent(partial(subject.change, count), changed=False), "read": spent(info, changed=False)}


def spent(work: Callable[[], Values], *, changed: bool | None) -> float:
    """Processor seconds; C(changed) is what the result must say, None where that does not matter."""
    gc.collect()
    gc.disable()  # as the modules do
    start = time.process_time()
    result = work()
    seconds = time.process_time() - start
    if changed is not None and result["changed"] is not changed:
        raise AssertionError(f"changed is {result['changed']}: {str(result)[:500]}")
    return seconds


def of_iproute2(subject: Subject, count: int) -> Values:
    with private_network(), tempfile.NamedTemporaryFile("w", suffix=".batch") as batch:
        subject.prepare(count)
        batch.write("".join(f"{line}\n" for line in subject.lines(count)))
        batch.flush()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([*subject.program.split(), "-batch", batch.name], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return {"iproute2": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}


def of_held_taps(count: int) -> Values:
    """Processor seconds of reading a host whose TAPs are all held by programs, some by each."""
    with private_network(), ExitStack() as stack:
        for first in range(0, count, HELD_BY_ONE):
            stack.enter_context(child(hold, range(first, min(first + HELD_BY_ONE, count))))
        wait_for(lambda: len(list(Path("/sys/class/net").glob("t*"))) == count)
        return {"read": spent(info, changed=False)}


def hold(numbers: range) -> None:
    for number in numbers:
        descriptor = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", f"t{number}".encode(), IFF_TAP | IFF_NO_PI))


class Figure(NamedTuple):
    title: str
    growth: float
    bar: float


def grown(title: str, few: int, many: int, rounds: int, measures: Sequence[Callable[[int], Values]]) -> list[Figure]:
    seconds: dict[tuple[str, int], list[float]] = defaultdict(list)
    for turn in range(rounds):
        for count in random.Random(turn).sample([0, few, many], 3):
            for measure in measures:
                for what, value in Child(measure, count).result(PATIENCE).items():
                    seconds[what, count].append(value)
    growth = {}
    for what in dict.fromkeys(what for what, _count in seconds):
        one_of = {count: (median(seconds[what, count]) - median(seconds[what, 0])) / count for count in (few, many)}
        growth[what] = one_of[many] / one_of[few] if one_of[few] > 0 else float("inf")  # too few to be measured
        print(f"{title}: {what}: {', '.join(f'{each * 1e6:.1f} µs for one of {count}' for count, each in one_of.items())}: {growth[what]:.2f}", flush=True)
    reference = max(1.0, growth.pop("iproute2", 1.0))
    found = [Figure(f"{title}: change", growth.pop("change") / reference, CHANGE)] if "change" in growth else []
    return found + [Figure(f"{title}: {what}", value, ABSOLUTE) for what, value in growth.items()]


def main() -> int:
    options = parsed()
    if b"sandbox" not in Path("/proc/1/cmdline").read_bytes():
        sys.exit("This fills the machine with links: run it with tests/sandbox.")
    lay_nothing()
    figures: list[Figure] = []
    for subject in SUBJECTS:
        if not chosen(subject.title, options.only):
            continue
        with private_network():
            possible = not subject.feature or has(subject.feature)
        if not possible:
            print(f"{subject.title}: not here, as this kernel has no {subject.feature}")
            continue
        measures = [partial(of_engine, subject), partial(of_iproute2, subject)]
        figures += grown(subject.title, subject.few, subject.many, options.rounds, measures)
    if chosen(TAPS, options.only):
        figures += grown(TAPS, 100, 1000, options.rounds, [of_held_taps])
    print()
    missed = 0
    for title, growth, bar in figures:
        missed += growth > bar
        print(f"{title:<40}{growth:>8.2f}, at most {bar:g}: {'ok' if growth <= bar else 'MISSED'}")
    return 1 if missed else 0


def lay_nothing() -> None:
    """Imports all that a change needs."""
    with private_network():
        lay(namespaces=[{"name": "red"}])
        run("vnet_bridge", name="br0", addresses=["192.0.2.1/24"], routes=[{"to": "198.51.100.0/24"}])


def chosen(title: str, words: list[str]) -> bool:
    return not words or any(word in title for word in words)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/bench/growth", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("rounds", nargs="?", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="measure those alone whose title has one of these words")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
