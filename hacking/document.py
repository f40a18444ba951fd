#!/usr/bin/env python3
# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the documentation of the modules from their options: hacking/document.py [--check].

Documentation is static YAML, and fragments cannot nest below suboptions; so it is generated from the attribute table.
With --check nothing is written, and the exit status is 1 where a module is stale.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, Dict, Iterable, List, Tuple

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / ".collections"))

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table  # noqa: E402
from ansible_collections.nfv.vnet.plugins.module_utils import _values  # noqa: E402
from ansible_collections.nfv.vnet.plugins.module_utils._declaration import LAYOUT_OPTIONS  # noqa: E402
from ansible_collections.nfv.vnet.plugins.module_utils._info import INFO_OPTIONS  # noqa: E402
from ansible_collections.nfv.vnet.plugins.module_utils._options import KIND_OF, OPTIONS, Option  # noqa: E402
from ansible_collections.nfv.vnet.plugins.module_utils._ping import PING_OPTIONS  # noqa: E402

Values = Dict[str, Any]
Scope = Tuple[Tuple[str, ...], List[str]]
"""The way to options, and their names."""
MODULES = {**OPTIONS, "vnet_layout": LAYOUT_OPTIONS, "vnet_info": INFO_OPTIONS, "vnet_ping": PING_OPTIONS}
LINK_STATUS = {
    "ifindex": {"description": "Index of the link in its namespace.", "type": "int"},
    "operstate": {"description": "Operational state, such as C(up) or C(lowerlayerdown).", "type": "str"},
    "carrier": {"description": "Whether the link has a carrier.", "type": "bool"},
}


def main() -> int:
    texts = yaml.safe_load((ROOT / "hacking" / "modules.yml").read_text(encoding="utf-8"))
    stale = []
    for module in MODULES:
        path = ROOT / "plugins" / "modules" / f"{module}.py"
        old = path.read_text(encoding="utf-8")
        new = put(old, "DOCUMENTATION", documentation(module, texts))
        new = put(new, "RETURN", returns(module, texts[module]))
        if new != old:
            stale.append(path.name)
            if "--check" not in sys.argv:
                path.write_text(new, encoding="utf-8")
    for name in stale:
        print(f"{name}: {'stale; run make docs' if '--check' in sys.argv else 'written'}")
    return 1 if stale and "--check" in sys.argv else 0


def put(source: str, name: str, values: Values) -> str:
    """The source of a module with one of its YAML texts replaced."""
    text = yaml.safe_dump(values, sort_keys=False, width=110, allow_unicode=True)
    block = f'{name} = r"""\n---\n{indented(text)}"""\n'
    return re.sub(rf'{name} = r""".*?"""\n', lambda _match: block, source, flags=re.DOTALL)


def indented(text: str) -> str:
    """Lists indented below their key, as yamllint wants them."""

    class Dumper(yaml.SafeDumper):
        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
            super().increase_indent(flow, False)

    return str(yaml.dump(yaml.safe_load(text), Dumper=Dumper, sort_keys=False, width=110, allow_unicode=True))


ERROR: Values = {
    "description": "What RV(ignore:msg) says, as data.",
    "returned": "if the module refuses the options, or the kernel a change",
    "type": "dict",
    "contains": {
        "path": {
            "description": "Where the options say what cannot be done, as names and positions in lists. Empty where it is about the task as a whole.",
            "returned": "always",
            "type": "list",
            "elements": "raw",
            "sample": ["links", 3, "peer", "netns"],
        },
        "errno": {
            "description": "What the kernel answered, see C(errno(3)). Null where it was not asked.",
            "returned": "always",
            "type": "str",
            "sample": "EEXIST",
        },
    },
}


def documentation(module: str, texts: Values) -> Values:
    own = texts[module]
    fragments = own.get("fragments", ["nfv.vnet.common"]) + (["nfv.vnet.common.action_group"] if module in texts["groups"] else [])
    others = [other for other in MODULES if other != module]
    return {
        "module": module,
        "short_description": own["short_description"],
        "version_added": "0.1.0",
        "description": own["description"],
        "extends_documentation_fragment": fragments,
        "notes": own["notes"],
        "seealso": [{"module": f"nfv.vnet.{other}"} for other in others],
        "options": options_of(MODULES[module]),
    }


def options_of(options: Iterable[Option], path: Tuple[str, ...] = (), around: Tuple[Scope, ...] = ()) -> Values:
    scopes = (*around, (path, [option.name for option in options]))
    return {option.name: option_of(option, scopes) for option in options}


def option_of(option: Option, scopes: Tuple[Scope, ...]) -> Values:
    values: Values = {
        "description": [placed(text, scopes) for text in descriptions(option)],
        "type": option.type,
    }
    if option.required:
        values["required"] = True
    if option.default is not None:
        values["default"] = option.default
    if option.choices:
        values["choices"] = list(option.choices)
    if option.elements:
        values["elements"] = option.elements
    if option.options:
        suffix = "[]" if option.type == "list" else ""
        values["suboptions"] = options_of(option.options, (*scopes[-1][0], option.name + suffix), scopes)
    return values


def placed(text: str, scopes: Tuple[Scope, ...]) -> str:
    """References to options beside this one or above, with the way to them."""

    def full(match: re.Match[str]) -> str:
        first = re.split(r"[\[.=]", match[1])[0]
        path = next((path for path, names in reversed(scopes) if first in names), ())
        return f"O({'.'.join((*path, match[1]))})"

    return re.sub(r"O\(([^)]*)\)", full, text)


def descriptions(option: Option) -> List[str]:
    row = option.row
    texts = [option.text]
    if not row:
        return texts
    if row.type.unit:
        texts.append(f"In {row.type.unit}.")
    if row.low is not None and row.high is not None and row.type is not _values.TEXT:
        texts.append(f"V({row.low:.0f}) to V({row.high:.0f}).")
    if row.when == "create":
        texts.append(
            "Another value needs a new device, see O(recreate)." if row.location == "ioctl" else "Only a new link can have another value, see O(recreate)."
        )
    if row.needs:
        texts.append(f"Needs {row.needs} in the kernel.")
    return texts


def returns(module: str, texts: Values) -> Values:
    if "return" in texts:
        return {**texts["return"], "error": ERROR}
    key = texts["returns"]
    status: Dict[str, Values] = {} if module == "vnet_netns" else {name: dict(value) for name, value in LINK_STATUS.items()}
    kind = KIND_OF.get(module)
    status.update(status_of(kind.rows) if kind else {})
    if kind and not kind.is_bridge:
        port = status_of(table.PORT)
        port["state"] = {"description": "State of the port in the spanning tree.", "type": "str"}
        status["port"] = {"description": "What a bridge keeps of its port.", "type": "dict", "contains": port}
    status.update(texts.get("status", {}))
    for value in status.values():
        value.setdefault("returned", "if the kernel has it")
        for inner in value.get("contains", {}).values():
            inner.setdefault("returned", "if the kernel has it")
    what = f"The {key} as it is now, in the words of the options: given to the module again it changes nothing."
    more = "Routes, VLANs and ports are only there if the task speaks of them. Empty with O(state=absent)."
    return {
        key: {"description": [what, more], "returned": "success", "type": "dict"},
        "status": {"description": "What can only be read.", "returned": "success", "type": "dict", "contains": status},
        "commands": {
            "description": "The iproute2 commands that do the same, in order. What iproute2 cannot do is a comment.",
            "returned": "success",
            "type": "list",
            "elements": "str",
            "sample": ["ip link add name br0 type bridge", "ip link set dev br0 up"],
        },
        "error": ERROR,
    }


def status_of(rows: Iterable[table.Attribute]) -> Values:
    readable = (row for row in rows if row.when == "read")
    return {row.name: {"description": row.text, "type": row.type.option} for row in readable}


if __name__ == "__main__":
    sys.exit(main())
