#!/usr/bin/env python3
# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a module with its arguments as the program that Ansible sends to the target: payload.py MODULE ARGUMENTS.json OUTPUT

A program of its own, because Ansible must not be part of the process that measures.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ansible import constants
from ansible.executor.module_common import modify_module
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader, module_loader
from ansible.template import Templar


def payload(module: str, arguments: dict[str, object]) -> bytes:
    found = module_loader.find_plugin_with_context(module, collection_list=[])
    if not found.resolved:
        sys.exit(f"There is no module {module}.")
    built = modify_module(
        module_name=found.resolved_fqcn,
        module_path=found.plugin_resolved_path,
        module_args={**arguments, "_ansible_check_mode": False, "_ansible_diff": False, "_ansible_module_name": module},
        templar=Templar(loader=DataLoader()),
        task_vars={"ansible_playbook_python": sys.executable},
        module_compression=constants.DEFAULT_MODULE_COMPRESSION,
        remote_is_local=True,
    )
    return bytes(built.b_module_data)


def main(module: str, arguments: str, output: str) -> None:
    init_plugin_loader()
    Path(output).write_bytes(payload(module, json.loads(Path(arguments).read_text())))


if __name__ == "__main__":
    main(*sys.argv[1:])
