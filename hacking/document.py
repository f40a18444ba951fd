#!/usr/bin/env python3
# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generates documentation from the options and the registry: hacking/document.py [--check].

Documentation of modules is static YAML, and fragments cannot be used below suboptions, so it is generated from the attribute table. Only
short_description, description, notes, and the return values of modules that do not manage a single resource are written by hand. The action group
in meta/runtime.yml, the actions of the modules, and the examples of the roles, which are those of their README, are generated, too. With --check
nothing is written, and the exit status is 1 if something is out of date.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / ".collections"))

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table  # noqa: E402
from ansible_collections.nfv.vnet.plugins.module_utils import _values  # noqa: E402
from ansible_collections.nfv.vnet.plugins.module_utils._entries import LISTS  # noqa: E402
from ansible_collections.nfv.vnet.plugins.module_utils._info import INFO_OPTIONS  # noqa: E402
from ansible_collections.nfv.vnet.plugins.module_utils._kinds._kind import LinkKind  # noqa: E402
from ansible_collections.nfv.vnet.plugins.module_utils._options._declaration import LAYOUT_OPTIONS  # noqa: E402
from ansible_collections.nfv.vnet.plugins.module_utils._options._modules import KERNEL_KIND_OF, LINK_KIND_OF, OPTIONS  # noqa: E402
from ansible_collections.nfv.vnet.plugins.module_utils._options._option import Option  # noqa: E402
from ansible_collections.nfv.vnet.plugins.module_utils._persistence._version import VERSION  # noqa: E402
from ansible_collections.nfv.vnet.plugins.module_utils._ping import PING_OPTIONS  # noqa: E402
from ansible_collections.nfv.vnet.plugins.module_utils._runner import KEYS  # noqa: E402

Values = Dict[str, Any]
Scope = Tuple[Tuple[str, ...], List[str]]
"""The path of a list of options, and their names."""
MODULES = {**OPTIONS, "vnet_layout": LAYOUT_OPTIONS, "vnet_info": INFO_OPTIONS, "vnet_ping": PING_OPTIONS}
LINK_STATUS = {
    "ifindex": {"description": "Index of the link in its namespace.", "type": "int"},
    "operstate": {"description": "Operational state of the link, such as V(up) or V(lowerlayerdown).", "type": "str"},
    "carrier": {"description": "Whether the link has a carrier.", "type": "bool"},
}
CARD_STATUS = {
    "permanent_mac": {"description": "Permanent MAC address of a network card.", "type": "str"},
    "path": {"description": "Bus and device of a network card, such as V(pci-0000:00:03.0).", "type": "str"},
}
PIDS_OF_DEVICE: Values = {
    "description": "Ids of the processes that hold the device, as far as the module may see them. Returned only if the task may interrupt them.",
    "type": "list",
    "elements": "int",
}
ACTION = '''# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action of nfv.vnet.{module}."""

from __future__ import annotations

from ansible_collections.nfv.vnet.plugins.plugin_utils._action import ConfirmingAction


class ActionModule(ConfirmingAction):
    pass
'''
PIDS_OF_NAMESPACE: Values = {
    "description": "Ids of the processes that run in the namespace. It is empty unless O(state=absent).",
    "type": "list",
    "elements": "int",
}


def main() -> int:
    stale = []
    generated = (*modules(), *actions(), action_group(), *roles())
    written = {path: text for path, text in generated if not path.is_file() or text != path.read_text(encoding="utf-8")}
    for path, text in written.items():
        stale.append(str(path.relative_to(ROOT)))
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"{name}: {'stale; run make docs' if '--check' in sys.argv else 'written'}")
    return 1 if stale and "--check" in sys.argv else 0


def path_of(module: str) -> Path:
    return ROOT / "plugins" / "modules" / f"{module}.py"


def modules() -> Iterator[Tuple[Path, str]]:
    """Each module with its generated documentation."""
    for module in MODULES:
        if not path_of(module).is_file():
            sys.exit(f"{path_of(module).relative_to(ROOT)} is missing: write it as vnet_dummy.py, with what CONTRIBUTING.md says.")
        source = path_of(module).read_text(encoding="utf-8")
        source = put(source, "DOCUMENTATION", documentation(module, said(source, "DOCUMENTATION")))
        yield path_of(module), put(source, "RETURN", returns(module, said(source, "RETURN")))


def actions() -> Iterator[Tuple[Path, str]]:
    """The action of each module for a single resource: Ansible finds it by its file, also where the module has only its short name."""
    for module in OPTIONS:
        yield ROOT / "plugins" / "action" / f"{module}.py", ACTION.format(module=module)


def action_group() -> Tuple[Path, str]:
    """meta/runtime.yml with the modules that have O(netns)."""
    path = ROOT / "meta" / "runtime.yml"
    lines = "".join(f"    - {module}\n" for module in sorted(KERNEL_KIND_OF))
    return path, re.sub(r"(  vnet:\n)(    - vnet_\w+\n)*", lambda match: match[1] + lines, path.read_text(encoding="utf-8"))


def roles() -> Iterator[Tuple[Path, str]]:
    """The specification of each role, with the first example of its README at its end."""
    for readme in sorted(ROOT.glob("roles/*/README.md")):
        path = readme.parent / "meta" / "argument_specs.yml"
        example = readme.read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]
        by_hand = path.read_text(encoding="utf-8").partition("    examples: |\n")[0]
        yield path, by_hand + "    examples: |\n" + "".join("      %s\n" % line if line else "\n" for line in example.splitlines())


def said(source: str, name: str) -> Values:
    """One of the YAML documents of a module, empty if it has none."""
    match = re.search(rf'^{name} = r"""(.*?)"""$', source, flags=re.DOTALL | re.MULTILINE)
    values: Values = yaml.safe_load(match[1]) if match else {}
    return values or {}


def put(source: str, name: str, values: Values) -> str:
    """The source of a module with one of its YAML documents replaced."""
    text = yaml.safe_dump(values, sort_keys=False, width=110, allow_unicode=True)
    if f'{name} = r"""' not in source:
        sys.exit(f'A module lacks {name} = r"""..."""; it may be empty:\n{source[:300]}')
    block = f'{name} = r"""\n---\n{indented(text)}"""\n'
    return re.sub(rf'^{name} = r""".*?"""\n', lambda _match: block, source, flags=re.DOTALL | re.MULTILINE)


def indented(text: str) -> str:
    """Indents lists below their key, as yamllint requires."""

    class Dumper(yaml.SafeDumper):
        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
            super().increase_indent(flow, False)

    return str(yaml.dump(yaml.safe_load(text), Dumper=Dumper, sort_keys=False, width=110, allow_unicode=True))


SAMPLE_COMMANDS = {
    "vnet_netns": ["ip netns add red", "ip -n red link set dev lo up"],
    "vnet_veth": ["ip link add name red0 type veth peer name eth0 netns red", "ip link set dev red0 up", "ip -n red link set dev eth0 up"],
}
STORED: Values = {
    "description": "Whether the resource is stored, so that it is there again after a reboot.",
    "returned": "success",
    "type": "bool",
}
ERROR: Values = {
    "description": "The error in RV(ignore:msg) as data.",
    "returned": "if the options are wrong, or the kernel refuses a change; not if Ansible itself refuses the options",
    "type": "dict",
    "contains": {
        "path": {
            "description": "Path of the option that the error is about: names of options and positions in lists, counted from 0."
            " Empty if the error is about the whole task.",
            "returned": "always",
            "type": "list",
            "elements": "raw",
            "sample": ["links", 3, "peer", "netns"],
        },
        "errno": {
            "description": "Name of the error that the kernel returned, see errno(3). Null if the error does not come from the kernel.",
            "returned": "always",
            "type": "str",
            "sample": "EEXIST",
        },
    },
}


def documentation(module: str, own: Values) -> Values:
    usual = ["nfv.vnet.common"] + (["nfv.vnet.common.action_group"] if module in KERNEL_KIND_OF else [])
    return {
        "module": module,
        "short_description": own["short_description"],
        "version_added": own.get("version_added", VERSION),
        "description": own["description"],
        "extends_documentation_fragment": usual if module in OPTIONS else own["extends_documentation_fragment"],
        **({"notes": own["notes"]} if "notes" in own else {}),
        "seealso": [{"module": f"nfv.vnet.{other}"} for other in MODULES if other != module],
        "options": options_of(MODULES[module], LINK_KIND_OF.get(module)),
    }


def options_of(options: Iterable[Option], kind: Optional[LinkKind], path: Tuple[str, ...] = (), around: Tuple[Scope, ...] = ()) -> Values:
    scopes = (*around, (path, [option.name for option in options]))
    return {option.name: option_of(option, kind, scopes) for option in options}


def option_of(option: Option, kind: Optional[LinkKind], scopes: Tuple[Scope, ...]) -> Values:
    values: Values = {
        "description": [placed(text, scopes) for text in descriptions(option, kind)],
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
        values["suboptions"] = options_of(option.options, kind, (*scopes[-1][0], option.name + suffix), scopes)
    return values


def placed(text: str, scopes: Tuple[Scope, ...]) -> str:
    """Completes references to sibling and parent options with their path."""

    def full(match: re.Match[str]) -> str:
        first = re.split(r"[\[.=]", match[1])[0]
        path = next((path for path, names in reversed(scopes) if first in names), ())
        return f"O({'.'.join((*path, match[1]))})"

    return re.sub(r"O\(([^)]*)\)", full, text)


def descriptions(option: Option, kind: Optional[LinkKind]) -> List[str]:
    row = option.row
    texts = [option.text]
    if not row:
        return texts
    if row.type.unit and f"in {row.type.unit}" not in option.text:
        texts.append(f"In {row.type.unit}.")
    if row.low is not None and row.high is not None and row.type is not _values.TEXT:
        texts.append(f"The range is V({row.low:.0f}) to V({row.high:.0f}).")
    if option.default is None:
        texts += initial(row, kind)
    if row.when == "create":
        texts.append("It cannot be changed on an existing link; with O(recreate=true) the link is replaced.")
    if row.needs:
        texts.append(f"Kernel requirement: {row.needs}.")
    return texts


def initial(row: table.Attribute, kind: Optional[LinkKind]) -> List[str]:
    """What a new link has if the option is left out."""
    if kind and row.name in kind.from_parent:
        return ["A new link has the value of its parent."]
    modes = [kind.initial({"mode": mode}) if kind and row.location != "port" else {} for mode in ("tun", "tap")]
    value, other = (values.get(row.name, row.initial) for values in modes)
    if value is None or value == {} or value != other or row.initial_varies:
        return []
    shown = str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)
    if any(row in entries.rows for entries in LISTS.values()):
        return [f"A new entry has V({'main' if row.type is _values.TABLE else shown})."] if shown else []
    what = "port" if row.location == "port" else "link"
    return [f"A new {what} has V({shown})."] if shown else []


def returns(module: str, own: Values) -> Values:
    if module not in OPTIONS:
        return {**own, **({"persistent": STORED} if module == "vnet_layout" else {}), "error": ERROR}
    is_link = module in KERNEL_KIND_OF
    status = status_of_link(LINK_KIND_OF.get(module)) if is_link else {"pids": PIDS_OF_NAMESPACE}
    for value in status.values():
        value.setdefault("returned", "if the kernel reports it")
        for inner in value.get("contains", {}).values():
            inner.setdefault("returned", "if the kernel reports it")
    what = f"The current state of the {'link' if is_link else 'namespace'}, with the names of the options, so that it can be passed to the module again."
    lists = "Routes, VLANs and ports are included only if the task has these options." if is_link else "Routes are included only if the task has O(routes)."
    more = lists + " Empty with O(state=absent)."
    return {
        KEYS[module]: {"description": [what, more], "returned": "success", "type": "dict"},
        "status": {"description": "The read-only state.", "returned": "success", "type": "dict", "contains": status},
        "commands": {
            "description": "The equivalent commands of iproute2, in order. A change for which iproute2 has no command is shown as a comment (C(# ...)).",
            "returned": "success",
            "type": "list",
            "elements": "str",
            "sample": SAMPLE_COMMANDS.get(module, ["ip link add name br0 type bridge", "ip link set dev br0 up"]),
        },
        "persistent": STORED,
        "error": ERROR,
    }


def status_of_link(kind: Optional[LinkKind]) -> Values:
    """The read-only state of a link of this kind, or of any."""
    status: Values = {name: dict(value) for name, value in (LINK_STATUS if kind else {**LINK_STATUS, **CARD_STATUS}).items()}
    status.update(status_of(kind.rows if kind else ()))
    if not (kind and kind.is_bridge):
        port = status_of(table.PORT)
        port["state"] = {"description": "State of the port in the spanning tree.", "type": "str"}
        status["port"] = {"description": "The read-only state of the link as a bridge port.", "type": "dict", "contains": port}
    if kind and kind.has_peer:
        status["peer"] = {"description": "The same for the peer.", "type": "dict"}
    if kind and kind.is_attachable:
        status["attached"] = {"description": "Whether a program holds the device.", "type": "bool"}
        status["pids"] = PIDS_OF_DEVICE
    return status


def status_of(rows: Iterable[table.Attribute]) -> Values:
    readable = (row for row in rows if row.when == "read")
    return {row.name: {"description": row.text, "type": row.type.option} for row in readable}


if __name__ == "__main__":
    sys.exit(main())
