#!/usr/bin/env python3
# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws the picture in the README of each role from the layout of its example: hacking/pictures.py [--check].

With --check nothing is written, and the exit status is 1 if a picture is out of date.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, Dict

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar

ROOT = Path(__file__).resolve().parent.parent
init_plugin_loader([str(ROOT / ".collections")])

from ansible_collections.nfv.vnet.plugins.module_utils._resources import LISTS  # noqa: E402
from ansible_collections.nfv.vnet.plugins.plugin_utils._fold import folded  # noqa: E402
from ansible_collections.nfv.vnet.plugins.plugin_utils._mermaid import mermaid  # noqa: E402
from ansible_collections.nfv.vnet.plugins.plugin_utils._picture import picture  # noqa: E402

ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
MODULE = "nfv.vnet.vnet_layout"
FOLD = 16
BLOCK = re.compile("^```mermaid\n.*?^```$", flags=re.MULTILINE | re.DOTALL)

INVENTORY = re.compile("^```yaml\n(all:\n.*?)^```$", flags=re.MULTILINE | re.DOTALL)


def main() -> int:
    stale = []
    for role in ROLES:
        path = ROOT / "roles" / role / "README.md"
        old = path.read_text(encoding="utf-8")
        new = with_picture(old, drawn(role))
        if new != old:
            stale.append(role)
            if "--check" not in sys.argv:
                path.write_text(new, encoding="utf-8")
    for role in stale:
        print(f"{role}: {'stale; run make pictures' if '--check' in sys.argv else 'written'}")
    return 1 if stale and "--check" in sys.argv else 0


def with_picture(readme: str, text: str) -> str:
    """The README with its first picture replaced."""
    return BLOCK.sub(lambda _match: f"```mermaid\n{text}```", readme, count=1)


def drawn(role: str) -> str:
    """The picture of the example of a role."""
    return mermaid(folded(picture(declaration(role)), FOLD), "LR")


def declaration(role: str, **changed: Any) -> Dict[str, Any]:
    """The arguments of vnet_layout for the example of a role, with its defaults. C(changed): other values of its variables."""
    loader = DataLoader()
    folder = ROOT / "roles" / role
    (play,) = loaded(loader, ROOT / "playbooks" / f"{role}.yml")
    (example,) = play["roles"]
    (task,) = [task for task in loaded(loader, folder / "tasks" / "main.yml") if MODULE in task]
    variables = {
        "ansible_search_path": [str(folder)],
        **loaded(loader, folder / "defaults" / "main.yml"),
        **(loaded(loader, folder / "vars" / "main.yml") if (folder / "vars").exists() else {}),
        **inventory(role),
        **example["vars"],
        **task.get("vars", {}),
        **changed,
    }
    wanted = {name: value for name, value in task[MODULE].items() if name in (*LISTS, "sysctl")}
    result: Dict[str, Any] = Templar(loader=loader, variables=variables).template(wanted)
    return result


def inventory(role: str) -> Dict[str, Any]:
    """The variables of the first host of the inventory that the README of a role has, if its example needs one."""
    blocks = map(yaml.safe_load, INVENTORY.findall((ROOT / "roles" / role / "README.md").read_text(encoding="utf-8")))
    hosts: Dict[str, Dict[str, Any]] = next((block["all"]["hosts"] for block in blocks), {"host": {}})
    hostvars = {name: {"inventory_hostname": name, **values} for name, values in hosts.items()}
    first = next(iter(hosts))
    return {"groups": {"all": list(hosts)}, "hostvars": hostvars, **hostvars[first]}


def loaded(loader: Any, path: Path) -> Any:
    return loader.load_from_file(str(path), trusted_as_template=True)


if __name__ == "__main__":
    sys.exit(main())
