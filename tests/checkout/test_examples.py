# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users copy is right: each example is one that the modules take."""

from __future__ import annotations

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.nfv.vnet.plugins.module_utils._info import INFO_OPTIONS
from ansible_collections.nfv.vnet.plugins.module_utils._options._declaration import LAYOUT_OPTIONS, declaration
from ansible_collections.nfv.vnet.plugins.module_utils._options._modules import OPTIONS
from ansible_collections.nfv.vnet.plugins.module_utils._options._option import argument_spec, expanded_all
from ansible_collections.nfv.vnet.plugins.module_utils._options._resource import layout
from ansible_collections.nfv.vnet.plugins.module_utils._ping import PING_OPTIONS
from ansible_collections.nfv.vnet.plugins.module_utils._task._items import checked
from documented import Example, arguments_of, examples, module_of

EXAMPLES = examples()
LOOKING = {"vnet_info": INFO_OPTIONS, "vnet_ping": PING_OPTIONS}


@pytest.mark.parametrize("module", [*OPTIONS, "vnet_layout"])
def test_every_module_has_examples(module: str) -> None:
    (example,) = [example for example in EXAMPLES if example.title == module]
    states = {arguments_of(task).get("state", "present") for task in example.tasks() if module_of(task) == module}
    (state,) = [option for option in OPTIONS.get(module, LAYOUT_OPTIONS) if option.name == "state"]
    assert states == set(state.choices)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_example_is_valid(example: Example) -> None:
    assert list(example.tasks())
    for task in example.tasks():
        assert task["name"][0].isupper()
        module = module_of(task)
        assert module or any("." in key for key in task), "full names only"
        if module == "vnet_layout":
            arguments = {**dict.fromkeys(option.name for option in LAYOUT_OPTIONS), "state": "present", **arguments_of(task)}
            templates = [name for name, value in arguments.items() if "{{" in str(value)]  # lists that only Ansible can make
            declaration(checked({**arguments, **dict.fromkeys(templates)}), check_mode=True)
        elif module in LOOKING:
            assert ArgumentSpecValidator(argument_spec(LOOKING[module])).validate(arguments_of(task)).error_messages == []
        elif module:
            validated = ArgumentSpecValidator(argument_spec(OPTIONS[module])).validate(expanded_all(OPTIONS[module], arguments_of(task)))
            assert validated.error_messages == []
            layout(module, validated.validated_parameters, check_mode=True)
