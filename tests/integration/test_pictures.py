# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures through Ansible: the playbook draw on a real network, and the examples of the filters."""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Sequence
from xml.etree import ElementTree

import pytest
import yaml
from playing import ROOT, SANDBOX, Result, play

LAN = ROOT / "playbooks" / "netns_lan.yml"
DRAW = ROOT / "playbooks" / "draw.yml"
PICTURE = """%%{init: {"flowchart": {"wrappingWidth": 600}}}%%
flowchart LR
  namespace_blue["blue<br>eth0 192.0.2.12/24<br>2001:db8::12/64"]:::namespace
  namespace_red["red<br>eth0 192.0.2.11/24<br>2001:db8::11/64"]:::namespace
  this_host["this host<br>lan 192.0.2.1/24<br>2001:db8::1/64"]:::host
  bridge_lan{{"bridge lan"}}:::bridge
  this_host --- bridge_lan
  bridge_lan ---|"blue0"| namespace_blue
  bridge_lan ---|"red0"| namespace_red
"""
"""What netns_lan builds."""
TREE = """this host
│   lan 192.0.2.1/24
│   2001:db8::1/64
└── bridge lan
    ├── blue0 ── namespace blue
    │       eth0 192.0.2.12/24
    │       2001:db8::12/64
    └── red0 ── namespace red
            eth0 192.0.2.11/24
            2001:db8::11/64
"""
BOXES = ["bridge lan", "namespace blue", "namespace red", "this host"]
DECLARATION = {
    "links": [{"type": "bridge", "name": "br7"}, {"type": "veth", "name": "green0", "master": "br7", "peer": {"name": "eth0", "netns": "green"}}],
}
FILTERS = sorted(path.stem for path in (ROOT / "plugins" / "filter").glob("*.py"))
needs_dot = pytest.mark.skipif(not shutil.which("dot"), reason="there is no program dot (graphviz)")


def draw(folder: Path, *runs: Sequence[str], network: bool = True) -> Result[str]:
    """The playbook called from the folder, once with each of the options, in a sandbox with the network of netns_lan or an empty one."""
    programs = Path(sys.executable).parent
    env = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1", "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    script = ["set -e", f"ansible-playbook {LAN} >/dev/null"] if network else ["set -e"]
    script.append(shlex.join(["cd", str(folder)]))
    for options in runs:
        script += [shlex.join(["ansible-playbook", str(DRAW), *options]), "echo files: *"]
    return subprocess.run([SANDBOX, "sh", "-c", "\n".join(script)], cwd=ROOT, env=env, check=False, capture_output=True, text=True)


def variables(**values: Any) -> tuple[str, str]:
    return "--extra-vars", yaml.safe_dump(values, default_flow_style=True, width=10000)


def succeeded(result: Result[str]) -> str:
    assert result.returncode == 0, result.stdout + result.stderr
    assert "WARNING" not in result.stderr, result.stderr
    return result.stdout


@pytest.mark.each_ansible
def test_text_is_printed(tmp_path: Path) -> None:
    shown = re.sub("^ {8}", "", succeeded(draw(tmp_path, [])), flags=re.MULTILINE)
    assert TREE in shown
    assert "changed=0" in shown


@pytest.mark.parametrize(
    ("file", "options"),
    [
        pytest.param("lan.md", {}, marks=pytest.mark.slow),
        pytest.param("lan.mmd", {}, marks=pytest.mark.slow),
        pytest.param("lan.dot", {"vnet_draw_layout": "lan"}, marks=pytest.mark.slow),
        pytest.param("lan.txt", {}, marks=pytest.mark.slow),
        pytest.param("lan.png", {"vnet_draw_format": "dot", "vnet_draw_direction": "TB"}, marks=pytest.mark.slow),
        pytest.param("lan.svg", {}, marks=[needs_dot, pytest.mark.slow]),
    ],
)
def test_file_is_written_once(file: str, options: dict[str, str], tmp_path: Path) -> None:
    """In check mode not at all, and where it is the same not again."""
    drawn = variables(vnet_draw_file=file, **options)
    shown = succeeded(draw(tmp_path, [*drawn, "--check"], drawn, drawn))
    assert re.findall("changed=([0-9])", shown) == ["1", "1", "0"]
    assert re.findall("^files: (.*)$", shown, flags=re.MULTILINE) == ["*", file, file]
    text = (tmp_path / file).read_text(encoding="utf-8")
    if file.endswith(".svg"):
        assert sorted(group.findtext("{*}title") or "" for group in ElementTree.fromstring(text).iter() if group.get("class") == "node") == BOXES
    elif file.endswith(".mmd"):
        assert text.startswith(PICTURE)
    elif file.endswith(".md"):
        assert text.startswith(f"```mermaid\n{PICTURE}")
        assert text.endswith("\n```\n")
    elif file.endswith(".txt"):
        assert text == TREE
    else:
        assert all(f'\n  "{box}" [label=' in text for box in BOXES)
        assert ("rankdir=TB" in text) == ("vnet_draw_direction" in options)


@pytest.mark.parametrize("how", ["variable", "file"])
def test_declaration_is_drawn_in_place_of_the_host(how: str, tmp_path: Path) -> None:
    (tmp_path / "network.yml").write_text(yaml.safe_dump(DECLARATION), encoding="utf-8")
    given = variables(vnet_draw_declaration=DECLARATION) if how == "variable" else variables(vnet_draw_from="network.yml")
    shown = succeeded(draw(tmp_path, given, network=False))
    assert "└── green0 ── namespace green" in shown
    assert "bridge lan" not in shown


@pytest.mark.slow
def test_many_are_folded_as_said(tmp_path: Path) -> None:
    assert "namespace blue … red\n" in succeeded(draw(tmp_path, variables(vnet_draw_fold=1)))


def test_format_that_there_is_not_is_refused(tmp_path: Path) -> None:
    result = draw(tmp_path, variables(vnet_draw_format="pdf"), network=False)
    assert result.returncode == 2
    assert "vnet_draw_format: pdf is none of text, mermaid, dot, svg." in result.stdout + result.stderr


@pytest.mark.parametrize("file", ["lan.png", "lan"])
def test_file_that_cannot_be_written_is_refused(file: str, tmp_path: Path) -> None:
    result = draw(tmp_path, variables(vnet_draw_file=file, vnet_draw_declaration=DECLARATION), network=False)
    assert result.returncode == 2
    assert f"vnet_draw_file: {file} has none of the suffixes .txt, .svg, .dot, .gv, .mmd and .md" in result.stdout + result.stderr
    assert list(tmp_path.iterdir()) == []


def test_error_of_a_filter_is_one_sentence(tmp_path: Path) -> None:
    result = draw(tmp_path, variables(vnet_draw_declaration={"links": "br0"}), network=False)
    assert result.returncode == 2
    assert "nfv.vnet.text: links: 'br0' is not a list" in result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr


def test_examples_of_filters(tmp_path: Path) -> None:
    """Each as it stands."""
    (tmp_path / "network.yml").write_text(yaml.safe_dump(DECLARATION), encoding="utf-8")
    prepare = {"nfv.vnet.vnet_layout": {"name": "lab", "namespaces": [{"name": "green"}], **DECLARATION}}
    drawable = [name for name in FILTERS if name != "svg" or shutil.which("dot")]
    tasks = [prepare, *(task for name in drawable for task in example(name))]
    shown = succeeded(play(tmp_path, [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    written = {path.suffix: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    for picture in (shown, *(written[f".{name}"] for name in drawable if name not in ("mermaid", "text"))):
        assert "bridge br7" in picture
    assert re.fullmatch("```mermaid\n%%.*%%\nflowchart TB\n.*\n```\n?", written[".md"], flags=re.DOTALL)


def example(name: str) -> list[dict[str, Any]]:
    """The tasks of a filter's EXAMPLES."""
    source = ast.parse((ROOT / "plugins" / "filter" / f"{name}.py").read_text(encoding="utf-8"))
    (text,) = [ast.literal_eval(node.value) for node in source.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "EXAMPLES"]
    tasks: list[dict[str, Any]] = yaml.safe_load(text)
    return tasks
