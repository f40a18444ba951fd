# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kind of link must have beside its record in the registry."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import BY_KIND, KINDS, ROWS_OF
from ansible_collections.nfv.vnet.plugins.module_utils._kinds._kind import LinkKind
from ansible_collections.nfv.vnet.plugins.plugin_utils._picture import picture
from document import said
from documented import examples
from samples import SAMPLES

ROOT = Path(__file__).resolve().parents[2]
of_each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.type)


@of_each_kind
def test_it_has_a_module_that_only_names_itself(kind: LinkKind) -> None:
    source = (ROOT / "plugins" / "modules" / f"vnet_{kind.type}.py").read_text(encoding="utf-8")
    assert f'run_resource("vnet_{kind.type}")' in source


@of_each_kind
def test_its_documentation_says_what_it_is_for(kind: LinkKind) -> None:
    texts = said((ROOT / "plugins" / "modules" / f"vnet_{kind.type}.py").read_text(encoding="utf-8"), "DOCUMENTATION")
    assert texts["short_description"].startswith("Manage ")
    assert texts["description"]


@of_each_kind
def test_it_is_in_the_action_group(kind: LinkKind) -> None:
    groups = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))["action_groups"]
    assert f"vnet_{kind.type}" in groups["vnet"]


@of_each_kind
def test_it_has_examples(kind: LinkKind) -> None:
    assert f"vnet_{kind.type}" in {example.title for example in examples()}


@of_each_kind
def test_it_can_be_drawn(kind: LinkKind) -> None:
    nodes = picture({"links": [{"type": kind.type, "name": "x", "peer": {"name": "y"}, "mode": "tap"}]}).nodes
    assert any("x" in (node.title, *(line.label for line in node.lines)) for node in nodes)


@of_each_kind
def test_it_is_tried_through_ansible_on_the_kernel_and_by_its_commands(kind: LinkKind) -> None:
    """By sample values, with which the general tests try it, or by tests of its own."""
    if kind.type in SAMPLES:
        return
    own = ROOT / "tests" / "integration" / "targets" / f"vnet_{kind.type}" / "tasks" / "main.yml"
    assert own.is_file(), f"add sample values of {kind.type} to tests/samples.py"
    for suite in ("attributes", "differential", "undo", "refusals"):
        assert f'"vnet_{kind.type}"' in (ROOT / "tests" / "kernel" / f"test_{suite}.py").read_text(encoding="utf-8"), suite


@of_each_kind
def test_what_it_lacks_is_there_otherwise(kind: LinkKind) -> None:
    others = {name for rows in ROWS_OF.values() for name in rows}
    assert set(kind.lacks) <= others - set(ROWS_OF[kind.kernel])


def test_no_two_are_one() -> None:
    assert len({kind.type for kind in KINDS}) == len(BY_KIND) == len(KINDS)
