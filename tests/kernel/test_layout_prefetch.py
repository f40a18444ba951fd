# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What another process reads prefetched is what this one would read; where it brings nothing, this one reads."""

from __future__ import annotations

import copy
import marshal
import os
import signal
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Iterator, Sequence

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils import _layouts
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _lock, _prefetch
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._namespaces import Namespaces
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from layouts import SCENARIOS, Scenario, full, lay, link_in, prefetching, settled, small
from processes import Child, ChildError, wait_for
from support import Values, difference, portable, private_network, sh, snapshot
from test_concurrency import children, descriptors


@pytest.fixture
def namespaces() -> Iterator[Namespaces]:
    spaces = Namespaces()
    yield spaces
    spaces.close()


def everything(reader: Reader, name: str) -> Any:
    """But for timers, and what follows them."""
    links = [
        link._replace(status={key: value for key, value in link.status.items() if not key.startswith("topology") and "timer" not in key})
        for link in reader.links(name)
    ]
    return reader.open_namespace(name, with_nsid=True), [link._replace(port_status={}) for link in links], reader.addresses(name)


def at_rest(reader: Reader, names: Sequence[str]) -> bool:
    """Whether two looks at the namespaces show the same: the kernel tells of a new carrier up to a second later."""
    before = [everything(reader, name) for name in names]
    time.sleep(1.1)
    return before == [everything(reader, name) for name in names]


@pytest.mark.parametrize("addresses", [True, False])
def test_the_other_process_finds_the_same(namespaces: Namespaces, addresses: bool) -> None:
    lay(**full())
    Path("/run/netns/nothing").touch()
    one, other = Reader(namespaces), Reader(namespaces)
    wait_for(lambda: at_rest(one, ("red", "blue")))
    with prefetching(True), _prefetch.prefetching(namespaces, addresses) as prefetched:
        assert prefetched
        other.use_prefetched(prefetched)
        for name in ("red", "blue", "nothing-there", "nothing", "/run/netns/red"):
            assert bool(prefetched.messages(name)) == (name in ("red", "blue"))
            found = prefetched.messages(name)
            assert found is None or (found.addresses is not None) == addresses
            if name.startswith("nothing"):
                assert other.open_namespace(name, with_nsid=True) is None
            else:
                assert everything(other, name) == everything(one, name)
    for reader in (one, other):
        reader.close()


def test_after_one_look_it_reads_itself(namespaces: Namespaces) -> None:
    lay(**small())
    reader = Reader(namespaces)
    with prefetching(True), _prefetch.prefetching(namespaces, addresses=True) as prefetched:
        reader.use_prefetched(prefetched)
        before = reader.links("red"), reader.addresses("red")
        sh("ip -n red link set eth0 mtu 1300", "ip -n red address add 198.51.100.7/24 dev eth0")
        assert (reader.links("red"), reader.addresses("red")) == before
        reader.discard_prefetched()
        now = reader.links("red"), reader.addresses("red")
        assert now != before
        assert [link.values["mtu"] for link in now[0] if link.name == "eth0"] == [1300]
    reader.close()


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """What each process has brought, in the order of the looks for which they read."""
    brought: list[set[str]] = []
    loaded = _prefetch._loaded

    def told(sent: bytes) -> Any:
        content = loaded(sent)
        brought.append(set(content))
        return content

    monkeypatch.setattr(_prefetch, "_loaded", told)
    return brought


def test_both_looks_of_a_change_are_prepared(looks: list[set[str]]) -> None:
    lay(**small())
    assert looks == []
    assert lay(prefetched=True, **small())["changed"] is False
    assert looks == [{"red"}]
    params = {**small(), "namespaces": [*small()["namespaces"], {"name": "blue"}]}
    assert lay(prefetched=True, **params)["changed"] is True
    assert looks == [{"red"}, {"red"}, {"red", "blue"}]


def test_it_reads_while_nobody_else_may_change_anything(looks: list[set[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    lay(**small())
    read = _prefetch._read

    def watched(*arguments: Any) -> Any:
        with _lock.lock(wait=False) as free:
            return {} if free else read(*arguments)

    monkeypatch.setattr(_prefetch, "_read", watched)
    assert lay(prefetched=True, **small())["changed"] is False
    assert looks == [{"red"}]


def test_whoever_waited_for_the_lock_looks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    lay(**small())
    before = snapshot()
    sh("ip link set tap0 txqueuelen 7 mtu 1300")

    @contextmanager
    def busy(wait: bool = True) -> Iterator[bool]:
        if wait:  # whoever had the lock did this
            sh("ip -n red address delete 192.0.2.2/24 dev eth0")
        yield wait

    monkeypatch.setattr(_layouts, "lock", busy)
    params = small()
    link_in(params, "tap0").update(txqueuelen=1000, mtu=1500)
    result = lay(prefetched=True, **params)
    assert result["summary"]["links"]["changed"] == 2
    assert "192.0.2.2" not in result["diff"]["before"]
    assert "192.0.2.2" in result["diff"]["after"]
    assert not difference(before, snapshot())


def test_a_namespace_that_was_replaced_is_read_anew(namespaces: Namespaces) -> None:
    lay(**small())
    reader = Reader(namespaces)
    with prefetching(True), _prefetch.prefetching(namespaces, addresses=True) as prefetched:
        assert prefetched
        reader.use_prefetched(prefetched)
        assert prefetched.messages("red")
        with namespaces.open("red"):  # older kernels give the number of one that is gone to the next
            sh("ip netns delete red", "ip netns add red")
        opened = reader.open_namespace("red", with_nsid=True)
        assert opened
        assert (opened.identity, opened.home_nsid) == (namespaces.identity("red"), None)
        assert [link.name for link in reader.links("red")] == ["lo"]
        assert reader.addresses("red") == {}
    reader.close()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_change_is_the_same_with_it(scenario: Scenario) -> None:
    outcomes = []
    for prefetched in (False, True):
        with private_network():
            scenario.prepare()
            result = lay(prefetched=prefetched, **copy.deepcopy(scenario.params))
            outcomes.append((portable(snapshot()), result))
            assert lay(prefetched=prefetched, **scenario.params)["changed"] is False
    (without, one), (with_it, other) = outcomes
    assert not difference(without, with_it)
    for key in ("changed", "summary", "commands"):
        assert one[key] == other[key]


def fails(*_arguments: Any) -> None:
    raise RuntimeError("in the other process")


def is_ended(*_arguments: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("work", [fails, is_ended])
def test_where_it_fails_this_process_reads(work: Callable[..., Any], looks: list[set[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    lay(**full())
    monkeypatch.setattr(_prefetch, "_read", work)
    assert lay(prefetched=True, **full())["changed"] is False
    sh("ip link set up0 down")
    assert lay(prefetched=True, **full())["summary"]["links"]["changed"] == 1
    assert looks == [set(), set(), set()]


def test_half_of_what_it_sends_is_nothing(looks: list[set[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    lay(**full())
    whole = marshal.dumps
    monkeypatch.setattr(marshal, "dumps", lambda content: whole(content)[:-100])
    assert lay(prefetched=True, **full())["changed"] is False
    assert looks == [set()]


def refused(**params: Any) -> None:
    with pytest.raises(VnetError):
        lay(prefetched=True, **params)


def broken() -> Values:
    """A declaration that is refused before anybody looks at what was read."""
    params = small()
    link_in(params, "br0")["mtu"] = -1
    return params


def impossible() -> Values:
    """A declaration that is refused because of what was read."""
    params = small()
    link_in(params, "br0")["num_tx_queues"] = 7
    return params


def much(*arguments: Any) -> Any:
    """More than a pipe takes while nobody reads."""
    return {**READ(*arguments), "another": (((0, 0), "", None), [b"\0" * 1_000_000], [])}


READ = _prefetch._read


def test_an_orphan_does_not_keep_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    def struck(*_arguments: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    lay(**small())
    monkeypatch.setattr(_prefetch, "_read", much)
    with monkeypatch.context() as patch:
        patch.setattr(_layouts, "declaration", struck)
        process = Child(lambda: lay(prefetched=True, **small()))
        with pytest.raises(ChildError):
            process.result()
    deadline = time.monotonic() + 5
    free = False
    while not free and time.monotonic() < deadline:
        with _lock.lock(wait=False) as free:
            time.sleep(0.01)
    assert free


def test_a_signal_for_both_is_obeyed_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is struck between its birth and its work must not take back what this process has made."""
    lay(**small())
    fork = os.fork

    def struck() -> int:
        pid = fork()
        if not pid:
            os.kill(os.getpid(), signal.SIGTERM)
        return pid

    monkeypatch.setattr(os, "fork", struck)
    params = {**small(), "namespaces": [*small()["namespaces"], {"name": "blue"}]}
    assert lay(prefetched=True, **params)["changed"] is True
    settled(**params)


@pytest.mark.parametrize("handler", [signal.SIG_DFL, signal.SIG_IGN])
def test_nobody_is_left(handler: signal.Handlers, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(**small())
    monkeypatch.setattr(_prefetch, "_read", much)
    before = descriptors()
    earlier = signal.signal(signal.SIGCHLD, handler)
    try:
        assert lay(prefetched=True, **small())["changed"] is False
        assert lay(prefetched=True, check=True, state="absent")["changed"] is True
        refused(**broken())
        refused(**impossible())
        assert lay(prefetched=True, state="absent")["changed"] is True
    finally:
        signal.signal(signal.SIGCHLD, earlier)
    assert (children(), descriptors()) == ("", before)


@pytest.mark.parametrize("function", ["fork", "pipe"])
def test_where_no_process_is_to_be_had(function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise BlockingIOError

    lay(**small())
    before = descriptors()
    monkeypatch.setattr(os, function, refuse)
    assert lay(prefetched=True, **small())["changed"] is False
    assert descriptors() == before
