# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of the host after a rollback."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, Host
from ansible_collections.nfv.vnet.tests.unit.plugins.module_utils.records import there

pytest.importorskip("pyroute2")

from ansible_collections.nfv.vnet.plugins.module_utils._apply._rollback import is_unchanged


def bridge(changing: bool, **values: Any) -> FoundLink:
    return there("bridge", "br0", mac="02:00:00:00:00:01", status={"topology_change": changing}, **{"forward_delay": 4.0, **values})._replace(ifindex=7)


def unchanged(before: FoundLink | None, after: FoundLink | None) -> bool:
    key = ("", "br0")
    one, other = (Host({}, {key: found} if found else {}) for found in (before, after))
    return is_unchanged(one, other, key)


@pytest.mark.parametrize(("one", "other"), [(True, False), (False, True), (True, True), (False, False)])
def test_a_value_that_another_stands_in_for_is_no_difference(one: bool, other: bool) -> None:
    shown = {True: 8.0, False: 60.0}
    assert unchanged(bridge(one, ageing_time=shown[one]), bridge(other, ageing_time=shown[other]))


def test_another_value_is_a_difference() -> None:
    assert not unchanged(bridge(False, ageing_time=60.0), bridge(False, ageing_time=70.0))
    assert not unchanged(bridge(True, ageing_time=8.0), bridge(True, ageing_time=8.0, priority=5))


def test_a_link_that_is_gone_is_a_difference() -> None:
    assert not unchanged(bridge(False), None)
    assert not unchanged(None, bridge(False))
    assert unchanged(None, None)
