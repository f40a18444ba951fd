# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What another process reads ahead is what this one would read; where it brings nothing, this one reads."""

from __future__ import annotations

import copy
import marshal
import os
import signal
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _ahead
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._namespaces import Namespaces
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from ansible_collections.nfv.vnet.plugins.module_utils._resources import VnetError
from layouts import SCENARIOS, Scenario, difference, full, lay, reading_ahead, small
from support import Values, portable, private_network, sh, snapshot
from test_concurrency import children, descriptors


@pytest.fixture
def namespaces() -> Iterator[Namespaces]:
    spaces = Namespaces()
    yield spaces
    spaces.close()


def everything(reader: Reader, name: str) -> Any:
    return reader.visit(name, to_find_ends=True), reader.links(name), reader.addresses(name)


@pytest.mark.parametrize("addresses", [True, False])
def test_the_other_process_finds_the_same(namespaces: Namespaces, addresses: bool) -> None:
    lay(**full())
    Path("/run/netns/nothing").touch()
    one, other = Reader(namespaces), Reader(namespaces)
    with reading_ahead(True), _ahead.reading_ahead(namespaces, addresses) as ahead:
        assert ahead
        other.look_ahead(ahead)
        for name in ("red", "blue", "nothing-there", "nothing", "/run/netns/red"):
            assert bool(ahead.found(name)) == (name in ("red", "blue"))
            found = ahead.found(name)
            assert found is None or (found.addresses is not None) == addresses
            if name.startswith("nothing"):
                assert other.visit(name, to_find_ends=True) == (None, None)
            else:
                assert everything(other, name) == everything(one, name)
    for reader in (one, other):
        reader.close()


def test_after_one_look_it_reads_itself(namespaces: Namespaces) -> None:
    lay(**small())
    reader = Reader(namespaces)
    with reading_ahead(True), _ahead.reading_ahead(namespaces, addresses=True) as ahead:
        reader.look_ahead(ahead)
        before = reader.links("red"), reader.addresses("red")
        sh("ip -n red link set eth0 mtu 1300", "ip -n red address add 198.51.100.7/24 dev eth0")
        assert (reader.links("red"), reader.addresses("red")) == before
        reader.look_anew()
        now = reader.links("red"), reader.addresses("red")
        assert now != before
        assert [link.values["mtu"] for link in now[0] if link.name == "eth0"] == [1300]
    reader.close()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_every_change_is_the_same_with_it(scenario: Scenario) -> None:
    outcomes = []
    for ahead in (False, True):
        with private_network():
            scenario.prepare()
            result = lay(ahead=ahead, **copy.deepcopy(scenario.params))
            outcomes.append((portable(snapshot()), result))
            assert lay(ahead=ahead, **scenario.params)["changed"] is False
    (without, one), (with_it, other) = outcomes
    assert not difference(without, with_it)
    for key in ("changed", "summary", "commands"):
        assert one[key] == other[key]


def fails(*_arguments: Any) -> None:
    raise RuntimeError("in the other process")


def is_ended(*_arguments: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("work", [fails, is_ended])
def test_where_it_fails_this_process_reads(work: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    lay(**full())
    monkeypatch.setattr(_ahead, "_read", work)
    assert lay(ahead=True, **full())["changed"] is False
    sh("ip link set up0 down")
    assert lay(ahead=True, **full())["summary"]["veths"]["changed"] == 1


def test_half_of_what_it_sends_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    lay(**full())
    whole = marshal.dumps
    monkeypatch.setattr(marshal, "dumps", lambda content: whole(content)[:-100])
    assert lay(ahead=True, **full())["changed"] is False


def refused(**params: Any) -> None:
    with pytest.raises(VnetError):
        lay(ahead=True, **params)


def broken() -> Values:
    """A declaration that is refused before anybody looks at what was read."""
    return {**small(), "bridges": [{"name": "br0", "mtu": -1}]}


def impossible() -> Values:
    """A declaration that is refused because of what was read."""
    return {**small(), "tuntaps": [{"name": "br0", "mode": "tap"}]}


@pytest.mark.parametrize("handler", [signal.SIG_DFL, signal.SIG_IGN])
def test_nobody_is_left(handler: signal.Handlers) -> None:
    lay(**small())
    before = descriptors()
    earlier = signal.signal(signal.SIGCHLD, handler)
    try:
        assert lay(ahead=True, **small())["changed"] is False
        assert lay(ahead=True, check=True, state="absent")["changed"] is True
        refused(**broken())
        refused(**impossible())
        assert lay(ahead=True, state="absent")["changed"] is True
    finally:
        signal.signal(signal.SIGCHLD, earlier)
    assert (children(), descriptors()) == ("", before)


def test_where_no_process_is_to_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    def fork() -> int:
        raise BlockingIOError

    lay(**small())
    before = descriptors()
    monkeypatch.setattr(os, "fork", fork)
    assert lay(ahead=True, **small())["changed"] is False
    assert descriptors() == before
