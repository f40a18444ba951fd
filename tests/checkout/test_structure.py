# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The structure of the code: who imports whom, who touches the kernel, how thin the modules are."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path
from typing import Iterator

import pytest
import yaml
from ansible_collections.nfv.vnet.plugins.module_utils._info import INFO_OPTIONS
from ansible_collections.nfv.vnet.plugins.module_utils._options._declaration import LAYOUT_OPTIONS
from ansible_collections.nfv.vnet.plugins.module_utils._options._modules import OPTIONS
from ansible_collections.nfv.vnet.plugins.module_utils._persistence._version import VERSION
from ansible_collections.nfv.vnet.plugins.module_utils._ping import PING_OPTIONS
from ansible_collections.nfv.vnet.plugins.module_utils._runner import KEYS

MODULES = {**OPTIONS, "vnet_layout": LAYOUT_OPTIONS, "vnet_info": INFO_OPTIONS, "vnet_ping": PING_OPTIONS}
ROOT = Path(__file__).resolve().parents[2]
UTILS = ROOT / "plugins" / "module_utils"
PACKAGE = "ansible_collections.nfv.vnet.plugins.module_utils"

LAYERS = (
    ("_task._run",),
    ("_task._answer", "_task._items"),
    ("_task._module",),
    ("_task", "_task._archive"),
    ("_persistence._program",),
    ("_persistence._boot",),
    ("_layouts", "_info", "_ping"),
    ("_runner",),
    ("_persistence._entry",),
    ("_persistence._change",),
    ("_persistence._managers", "_persistence._ruleset"),
    ("_persistence._store", "_persistence._unit"),
    ("_persistence._declarations", "_persistence._engine"),
    ("_persistence", "_persistence._manual", "_persistence._version"),
    ("_apply",),
    ("_apply._transaction",),
    ("_apply._batches", "_apply._saved"),
    (
        "_apply._deferred",
        "_apply._explain",
        "_apply._link_settings",
        "_apply._losses",
        "_apply._port_entries",
        "_apply._rollback",
        "_apply._settling",
        "_apply._run",
        "_apply._undo",
    ),
    ("_recorder",),
    ("_observe",),
    ("_observe._single", "_observe._layout", "_observe._conflicts", "_observe._cutoff"),
    ("_observe._uplink", "_observe._ownerships", "_observe._related", "_observe._routes"),
    ("_observe._assembly", "_observe._raw"),
    ("_observe._apart",),
    ("_reasons",),
    ("_reasons._bridged",),
    ("_reasons._titles", "_reasons._topology"),
    ("_kernel._write", "_kernel._save", "_kernel._forwarding"),
    ("_kernel._neighbours",),
    ("_kernel._read", "_kernel._echo"),
    ("_kernel._prefetch", "_kernel._decode", "_confirmation"),
    ("_kernel._messages", "_kernel._ethtool", "_kernel._tc"),
    ("_kernel._lock",),
    ("_handover",),
    ("_kernel._registry", "_kernel._pack", "_kernel._socket", "_kernel._connection", "_kernel._tuntap", "_kernel._namespaces"),
    ("_kernel._sysctl", "_kernel._etc", "_kernel._networkd"),
    ("_kernel._errors", "_kernel._ioctl", "_kernel._flags", "_kernel._daemon", "_kernel._files", "_kernel._programs", "_kernel._pending", "_kernel"),
    ("_plan", "_report", "_export", "_options._declaration", "_commands", "_dependency"),
    ("_options._resource", "_describe", "_summary"),
    ("_options._ports", "_options._routes"),
    ("_options._parsers",),
    ("_options._addresses",),
    ("_options._modules", "_options._words"),
    ("_options._checks", "_options._numbers", "_options._option", "_options"),
    ("_plan._ownership",),
    ("_plan._prune",),
    ("_plan._adoption", "_plan._release"),
    ("_plan._changes", "_plan._recorded"),
    ("_plan._veth_pairs", "_plan._namespaces", "_plan._duplicates", "_plan._ports", "_plan._receivers", "_plan._without_effect"),
    ("_plan._links",),
    ("_plan._parents",),
    ("_plan._existing",),
    ("_plan._sources",),
    ("_plan._lists", "_plan._entries", "_plan._masters", "_plan._tables", "_plan._vlans", "_plan._simulation"),
    ("_plan._ipv6", "_plan._takeover"),
    ("_plan._mtu",),
    ("_plan._draft",),
    ("_plan._graph", "_plan._located"),
    ("_records", "_steps", "_bodies", "_settings"),
    ("_entries",),
    ("_entries._altnames", "_entries._fdb", "_entries._mdb", "_entries._rules"),
    ("_entries._neighbours",),
    ("_entries._entry",),
    ("_kinds",),
    (
        "_kinds._bond",
        "_kinds._bridge",
        "_kinds._macvlan",
        "_kinds._overlay",
        "_kinds._plain",
        "_kinds._tunnel",
        "_kinds._tuntap",
        "_kinds._vlan",
        "_kinds._vrf",
    ),
    ("_kinds._kind",),
    ("_attributes", "_resources"),
    ("_qdiscs",),
    ("_errors", "_values", "_iproute2", "_names"),
    ("_kernel._nla",),
)
"""From the top layer down; a module imports only from lower layers."""
LAYER = {module: number for number, modules in enumerate(LAYERS) for module in modules}
SYSTEM_MODULES = {"ctypes", "fcntl"}
"""Modules that access the kernel directly."""


def files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(UTILS).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


UTIL_MODULES = {module_name(path): path for path in files("plugins/module_utils")}


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), path.name, feature_version=(3, 8))


def imports(path: Path) -> Iterator[str]:
    """Whatever a file imports, anywhere in it; C(from a import b) counts as C(a.b)."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)


def imported_modules(path: Path) -> set[str]:
    names = (name[len(PACKAGE) + 1 :] for name in imports(path) if name.startswith(PACKAGE + "."))
    return {max((module for module in UTIL_MODULES if module and f"{name}.".startswith(f"{module}.")), key=len) for name in names}


def test_every_module_is_in_a_layer() -> None:
    assert set(UTIL_MODULES) == set(LAYER)


@pytest.mark.parametrize("module", UTIL_MODULES)
def test_imports_run_downward(module: str) -> None:
    assert [other for other in imported_modules(UTIL_MODULES[module]) if LAYER[other] <= LAYER[module]] == []


@pytest.mark.parametrize("path", files("plugins"), ids=lambda path: path.name)
def test_target_side_is_python_3_8_with_absolute_imports(path: Path) -> None:
    assert [name for name in imports(path) if name.startswith(".")] == []


@pytest.mark.parametrize("path", files("plugins"), ids=lambda path: path.name)
def test_only_the_writer_knows_pyroute2(path: Path) -> None:
    assert path.name == "_write.py" or not any(name.split(".")[0] == "pyroute2" for name in imports(path))


@pytest.mark.parametrize("path", files("plugins"), ids=lambda path: path.name)
def test_only_the_kernel_package_accesses_the_kernel(path: Path) -> None:
    """Others may use the module socket for the spelling of addresses, but open nothing. On the controller one runs Ansible, one Graphviz."""
    if path.parent.name == "_kernel":
        return
    runs_programs = path.parent.name == "inventory" or path.name == "_graphviz.py"
    programs = {"shutil"} if runs_programs else {"subprocess", "shutil"}
    assert not SYSTEM_MODULES & {name.split(".")[0] for name in imports(path)}
    opened = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call) and ast.unparse(node.func) == "socket.socket"]
    assert not opened
    assert not programs & {name.split(".")[0] for name in imports(path)}


@pytest.mark.parametrize("module", UTIL_MODULES)
def test_only_what_a_task_needs_knows_ansible(module: str) -> None:
    """The target runs the others without it."""
    known = {name.split(".")[0] for name in imports(UTIL_MODULES[module])}
    assert "ansible" not in known or module.startswith("_task")


PURE = ("_options", "_plan", "_kinds", "_resources", "_attributes", "_commands", "_describe", "_report", "_summary", "_records")


@pytest.mark.parametrize("module", [module for module in UTIL_MODULES if module.split(".")[0] in PURE])
def test_pure_modules_know_neither_ansible_nor_the_kernel(module: str) -> None:
    known = set(imports(UTIL_MODULES[module]))
    assert not {name for name in known if name.split(".")[0] == "ansible" or "._kernel" in name}


@pytest.mark.parametrize("module", [module for module in UTIL_MODULES if module != ""], ids=str)
def test_module_utils_are_private(module: str) -> None:
    assert all(part.startswith("_") for part in module.split("."))


@pytest.mark.parametrize("module", MODULES)
def test_module_is_thin(module: str) -> None:
    path = ROOT / "plugins" / "modules" / f"{module}.py"
    texts = {"DOCUMENTATION", "EXAMPLES", "RETURN"}
    code = [node for node in tree(path).body if not (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in texts)]
    lines = sum((node.end_lineno or node.lineno) - node.lineno + 1 for node in code)
    assert lines <= 10


@pytest.mark.parametrize("module", MODULES)
def test_every_module_brings_the_whole_engine(module: str) -> None:
    """What it installs must not depend on the module that happens to do it."""
    brought: set[str] = set()
    pending = imported_modules(ROOT / "plugins" / "modules" / f"{module}.py")
    while pending:
        one = pending.pop()
        brought.add(one)
        pending |= imported_modules(UTIL_MODULES[one]) - brought
    packages = {name for name, path in UTIL_MODULES.items() if path.name == "__init__.py"}
    assert set(UTIL_MODULES) - packages - brought == set()


def test_the_engine_knows_its_version() -> None:
    assert yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"] == VERSION


def test_every_resource_has_its_key() -> None:
    assert set(KEYS) == set(OPTIONS)


def test_action_group_holds_every_module_that_has_netns() -> None:
    group = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))["action_groups"]["vnet"]
    having = [module for module, options in OPTIONS.items() if any(option.name == "netns" for option in options)]
    assert sorted(group) == sorted(having) == sorted(set(OPTIONS) - {"vnet_netns"})


def test_every_module_has_its_options() -> None:
    assert {path.stem for path in files("plugins/modules")} == set(MODULES)


def test_options_that_always_have_a_value() -> None:
    """What is not given is left alone: defaults are an exception, and these are all."""
    allowed = {
        "up",
        "loopback",
        "recreate",
        "force",
        "state",
        "table",
        "type",
        "fdb",
        "macs",
        "counters",
        "files",
        "count",
        "size",
        "deadline",
        "timeout",
        "fail_on_difference",
    }
    for options in MODULES.values():
        pending = list(options)
        while pending:
            option = pending.pop()
            pending += option.options
            assert option.default is None or option.name in allowed or option.name.startswith("purge_"), option.name


def test_there_are_no_large_files() -> None:
    """Such as a package that somebody downloaded."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    assert [name for name in names if name and (ROOT / name).exists() and (ROOT / name).stat().st_size > 250_000] == []


def test_contributing_names_every_module() -> None:
    """Those of packages that are tables of kinds and lists, and of the access to the kernel, are named by what they are about."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    names = {name.split(".")[-1] for layer in LAYERS for name in layer if name.split(".")[0] not in ("_kernel", "_kinds", "_entries", "_task")}
    assert sorted(name for name in names if f"`{name}`" not in text and f"`{name}/`" not in text) == []
