# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each kind of link that has sample values, through Ansible: made, given back, changed, removed, in a layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import TYPES, kernel_word
from kernel_kinds import needs_kind
from playing import play
from samples import SAMPLES

Values = dict[str, Any]
USUAL = ("bond", "vlan", "vxlan")
"""One with ports, one with a parent, and a tunnel. The examples of all kinds are run through Ansible as well, and the kernel suite has all."""
KINDS = [pytest.param(kind, id=kind, marks=() if kind in USUAL else pytest.mark.slow) for kind in SAMPLES]


def steps(module: str, title: str, options: Any, all_steps: bool = False) -> Values:
    variables = {"setup_vnet_module": f"nfv.vnet.{module}", "setup_vnet_title": title, "setup_vnet_options": options}
    return {
        "name": title,
        "ansible.builtin.include_role": {"name": "setup_vnet", "tasks_from": "four_steps"},
        "vars": {**variables, **({"setup_vnet_all_steps": True} if all_steps else {})},
    }


@pytest.mark.parametrize("kind", KINDS)
def test_kind(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    needs_kind(kernel_word(TYPES[kind].kernel, SAMPLES[kind].create))
    sample, module = SAMPLES[kind], f"vnet_{kind}"
    new = {"name": "x0", **sample.create}
    first, second = ({name: values[number] for name, values in sample.live.items()} for number in (0, 1))
    fed_back = {"name": "Give it back", f"nfv.vnet.{module}": f"{{{{ setup_vnet_done.{kind} }}}}", "register": "fed_back"}
    tasks: list[Values] = [
        *([steps("vnet_layout", "what it stands on", {"name": "around", "links": sample.around})] if sample.around else []),
        steps(module, "create", {**new, **first, "mtu": 1400}, all_steps=True),
        fed_back,
        {"name": "See that nothing changed", "ansible.builtin.assert": {"that": ["fed_back is not changed", f"fed_back.{kind}.mtu == 1400"]}},
        steps(module, "change", {"name": "x0", **second, "up": False, "mtu": 1300}),
        steps(module, "remove", {"name": "x0", "state": "absent"}),
        steps("vnet_layout", "in a layout", {"name": "lab", "links": [{"type": kind, **new}]}),
    ]
    variables = {"vnet_slow": request.config.getoption("--slow")}
    result = play(tmp_path, [{"name": kind, "hosts": "localhost", "gather_facts": False, "tasks": tasks, "vars": variables}])
    assert result.returncode == 0, result.stdout + result.stderr
