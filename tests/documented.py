# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documented examples: EXAMPLES of each module and of the become plugin, and the YAML in README.md."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple

import yaml

ROOT = Path(__file__).resolve().parents[1]
Task = Dict[str, Any]


class Example(NamedTuple):
    """Tasks or plays that belong together."""

    title: str
    content: List[Task]

    @property
    def is_playbook(self) -> bool:
        return "hosts" in self.content[0]

    def tasks(self) -> Iterator[Task]:
        """All tasks, also those in plays and blocks, each with the module_defaults that apply to it."""
        for entry in self.content:
            yield from _tasks(entry, {})


def examples() -> List[Example]:
    return [*_of_modules(), *_of_readme()]


def _of_modules() -> Iterator[Example]:
    for path in [*sorted((ROOT / "plugins" / "modules").glob("*.py")), ROOT / "plugins" / "become" / "netns.py"]:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "EXAMPLES":
                yield Example(path.stem, yaml.safe_load(ast.literal_eval(node.value)))


def _of_readme() -> Iterator[Example]:
    file = ROOT / "README.md"
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    for block in re.finditer(r"^```ya?ml\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL):
        content = yaml.safe_load(block[1])
        if isinstance(content, list) and all(isinstance(entry, dict) for entry in content):
            yield Example(f"README, {content[0].get('name', block.start())}", content)


def _tasks(entry: Task, defaults: Task) -> Iterator[Task]:
    defaults = {**defaults, **entry.get("module_defaults", {})}
    inner = [task for key in ("pre_tasks", "tasks", "post_tasks", "block", "rescue", "always") for task in entry.get(key, [])]
    if not inner:
        yield {**entry, "module_defaults": defaults}
    for task in inner:
        yield from _tasks(task, defaults)


def module_of(task: Task) -> str:
    """The short name of the module of this collection that the task runs, '' if it is another one."""
    return next((key.rpartition(".")[2] for key in task if key.startswith("nfv.vnet.")), "")


def arguments_of(task: Task) -> Task:
    """The arguments of the module, with the defaults of the block."""
    module = module_of(task)
    defaults = task["module_defaults"]
    arguments = dict(defaults.get(f"nfv.vnet.{module}", {}))
    if module != "vnet_netns":
        arguments.update(defaults.get("group/nfv.vnet.vnet", {}))
    return {**arguments, **(task[f"nfv.vnet.{module}"] or {})}
