# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the arguments of vnet_layout come to their values: as Ansible has it, but quickly where there is nothing to template."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.template import Templar, trust_as_template
from ansible_collections.nfv.vnet.plugins.action.vnet_layout import ActionModule

PLAIN: list[Any] = [{"name": "a", "up": False, "mtu": 1400, "forward_delay": 2.5, "master": "", "vlans": [], "peer": {"name": "b", "netns": None}}]
DELIMITED = [{"name": "#jinja2: variable_start_string:'[[', variable_end_string:']]'\n[[ prefix ]]"}]
TEMPLATES: list[Any] = [{"name": "{{ prefix }}1", "peer": {"addresses": ["192.0.2.{{ 1 + 1 }}/24"]}}, {"{{ prefix }}": 1}]
FOREIGN = [{"name": "{{ prefix }}"}]
"""Of somebody whom Ansible does not trust: no template."""
SEARCHED = classmethod(lambda _class, *given, **more: (*given, *more.values()))
"""Stands for what Ansible does with the arguments of any other module."""


def trusted(value: Any) -> Any:
    if isinstance(value, dict):
        return {trusted(key): trusted(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [trusted(inner) for inner in value]
    return trust_as_template(value) if isinstance(value, str) else value


VARIABLES = {**trusted({"plain": PLAIN, "templates": TEMPLATES, "prefix": "lab", "nested": "{{ plain }}"}), "foreign": FOREIGN}


@pytest.fixture
def engine() -> Any:
    """What Ansible hands to an action."""
    return Templar(loader=DataLoader(), variables=VARIABLES)._engine


@pytest.mark.parametrize(
    "value",
    [
        PLAIN,
        TEMPLATES,
        DELIMITED,
        "{{ plain }}",
        "{{ nested }}",
        "{{ templates }}",
        "{{ foreign }}",
        "{{ plain + templates }}",
        "{{ plain + [{'name': 'c'}] }}",
        "{{ [{'name': prefix, 'mtu': 1400 + 1}] }}",
        "{{ range(3) | map('string') | list }}",
        "{{ [(1, 2)] }}",
        "{{ plain | to_json }}",
        "[]",
        [],
        None,
        {"name": "a"},
    ],
    ids=json.dumps,
)
def test_values_are_those_of_ansible(engine: Any, value: Any) -> None:
    found = ActionModule.finalize_task_arg("links", trusted(value), engine, None)
    assert found == engine.template(trusted(value))
    assert json.dumps(found) == json.dumps(engine.template(trusted(value)))


@pytest.mark.parametrize("value", ["{{ nowhere }}", [{"name": "{{ nowhere }}"}], "{{ plain + nowhere }}", "{{ [nowhere] }}"], ids=json.dumps)
def test_errors_are_those_of_ansible(engine: Any, value: Any) -> None:
    with pytest.raises(AnsibleError) as expected:
        engine.template(trusted(value))
    with pytest.raises(type(expected.value)) as found:
        ActionModule.finalize_task_arg("links", trusted(value), engine, None)
    assert str(found.value) == str(expected.value)


def test_data_is_not_searched_for_templates(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NormalAction, "finalize_task_arg", SEARCHED, raising=False)
    for value in (PLAIN, "{{ plain }}", "{{ nested }}", "{{ plain + plain }}"):
        assert ActionModule.finalize_task_arg("links", trusted(value), engine, None)[0] == PLAIN[0]
    assert ActionModule.finalize_task_arg("links", trusted(TEMPLATES), engine, None)[0] == "links"
    assert ActionModule.finalize_task_arg("name", trusted("a"), engine, None)[0] == "name"


def test_an_expression_is_evaluated_once(engine: Any, tmp_path: Path) -> None:
    """Whatever is found in it then."""
    for alias in ("plain", "{"):
        calls = tmp_path / alias
        line = "lookup('pipe', 'echo called >> %s; echo 1400')" % calls
        value = trusted("{{ [{'alias': '%s', 'mtu': %s}] }}" % (alias, line))
        assert ActionModule.finalize_task_arg("links", value, engine, None) == [{"alias": alias, "mtu": "1400"}]
        assert calls.read_text() == "called\n"


def test_another_engine_is_left_to_its_own_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hook may change: then Ansible does as with any other module."""
    monkeypatch.setattr(NormalAction, "finalize_task_arg", SEARCHED, raising=False)
    for given in (("links", PLAIN, object()), ("links", PLAIN, object(), None, 1)):
        assert ActionModule.finalize_task_arg(*given) == given
    engine = object()
    assert ActionModule.finalize_task_arg("links", PLAIN, engine, context=None) == ("links", PLAIN, engine, None)
