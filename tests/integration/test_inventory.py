# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples of the inventory nfv.vnet.netns, and tasks that reach into the namespaces which it finds."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from playing import ROOT, SANDBOX, Result

PLUGIN = ROOT / "plugins" / "inventory" / "netns.py"
BIN = Path(sys.executable).parent
LAYOUT = """
name: {name}
namespaces: [{{name: {red}}}, {{name: {blue}}}]
links:
  - {{type: bridge, name: {name}-br, addresses: [{network}.1/24]}}
  - {{type: veth, name: {red}0, master: {name}-br, peer: {{name: to_{red}, netns: {red}, addresses: [{network}.11/24]}}}}
  - {{type: veth, name: {blue}0, master: {name}-br, peer: {{name: to_{blue}, netns: {blue}, addresses: [{network}.12/24]}}}}
"""
LAB = LAYOUT.format(name="lab", red="red", blue="blue", network="192.0.2")
MINE = LAYOUT.format(name="mine", red="green", blue="grey", network="198.51.100")
OTHER = LAYOUT.format(name="other", red="cyan", blue="pink", network="203.0.113")
BUILD = [
    {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [
            {"ansible.builtin.include_vars": {"file": "{{ file }}", "name": "layout"}},
            {"nfv.vnet.vnet_layout": None, "module_defaults": {"nfv.vnet.vnet_layout": "{{ layout }}"}},
        ],
    }
]
SUDO = """#!/bin/sh
# In the sandbox whoever is asked may do everything.
echo "$*" >> {log}
while [ "${{1#-}}" != "$1" ]; do [ "$1" = -u ] && shift; shift; done
exec "$@"
"""


def example(number: int) -> str:
    """The document of EXAMPLES, as it stands."""
    for node in ast.parse(PLUGIN.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "EXAMPLES":
            documents = re.split(r"^---\n", str(ast.literal_eval(node.value)), flags=re.MULTILINE)[1:]
            assert len(documents) == 3
            return documents[number]
    raise AssertionError("there are no EXAMPLES")


def script(folder: Path, *commands: str, **variables: str) -> Result[str]:
    """Commands in one sandbox, with layouts in files beside them; the first that fails ends it."""
    for name, content in {"lab": LAB, "mine": MINE, "other": OTHER, "build": json.dumps(BUILD)}.items():
        (folder / f"{name}.yml").write_text(content)
    controller = f"localhost ansible_connection=local ansible_python_interpreter={sys.executable}\n"
    (folder / "controller").write_text(controller)
    sudo = folder / "sudo"
    sudo.write_text(SUDO.format(log=shlex.quote(str(folder / "sudo.log"))))
    sudo.chmod(0o755)
    env = {
        **os.environ,
        "ANSIBLE_BECOME_EXE": str(sudo),
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        "PATH": f"{BIN}:{os.environ['PATH']}",
        **variables,
    }
    text = "\n".join(["set -e", *commands])
    return subprocess.run([SANDBOX, "sh", "-c", text], cwd=folder, env=env, check=False, capture_output=True, text=True)


def build(*layouts: str) -> str:
    return "\n".join(f"ansible-playbook -i controller build.yml -e file=$PWD/{layout}.yml >&2" for layout in layouts)


def blocks(output: str) -> dict[str, str]:
    """What each host printed."""
    parts = re.split(r"^(\S+) \| CHANGED \| rc=0 >>\n", output, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2]))


def links(text: str) -> set[str]:
    return set(re.findall(r"^ *(\S+):", text, flags=re.MULTILINE))


def groups(output: str) -> dict[str, Any]:
    """The groups of ansible-inventory --list with their hosts."""
    content = json.loads(output)
    return {name: sorted(group.get("hosts", [])) for name, group in content.items() if name not in ("_meta", "all")}


def test_all_namespaces_of_the_controller(tmp_path: Path) -> None:
    """As found, and alike where the layout is declared."""
    (tmp_path / "lab.netns.yml").write_text(example(0))
    (tmp_path / "declared.netns.yml").write_text("plugin: nfv.vnet.netns\ndeclaration: lab.yml\n")
    reach = "ansible -i lab.netns.yml all -m ansible.builtin.command -a 'cat /proc/net/dev'"
    listing = [f"ansible-inventory -i {name}.netns.yml --list > {name}.json" for name in ("lab", "declared")]
    result = script(tmp_path, build("lab"), "cat /proc/net/dev > here", reach, *listing)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "WARNING" not in result.stderr, result.stderr
    inside = {host: links(text) for host, text in blocks(result.stdout).items()}
    assert inside == {"red@localhost": {"lo", "to_red"}, "blue@localhost": {"lo", "to_blue"}}
    assert {"red0", "blue0", "lab-br"} <= links((tmp_path / "here").read_text())
    found, declared = (json.loads((tmp_path / f"{name}.json").read_text())["_meta"]["hostvars"] for name in ("lab", "declared"))
    assert found == declared
    assert sorted(found) == ["blue@localhost", "red@localhost"]


@pytest.mark.slow  # the lab has two hosts
def test_layouts_on_two_hosts(tmp_path: Path) -> None:
    """Both are the sandbox, as the first source says."""
    (tmp_path / "lab.netns.yml").write_text(example(1))
    common = {"ansible_connection": "{{ way }}", "way": "local", "ansible_python_interpreter": sys.executable}
    hosts = {"servers": {"hosts": {"server1": {"ansible_host": "192.0.2.9"}, "server2": {}}, "vars": common}}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(hosts))
    sources = "-i hosts.yml -i lab.netns.yml"
    listing = f"ansible-inventory {sources} --list > list.json"
    reach = f"ansible {sources} layout_lab:layout_mine -m ansible.builtin.command -a 'cat /proc/net/dev'"
    result = script(tmp_path, build("lab", "mine", "other"), listing, "wc -l < sudo.log > runs", reach, ANSIBLE_BECOME_ALLOW_SAME_USER="1")
    assert result.returncode == 0, result.stdout + result.stderr
    found = {host: links(text) - {"lo"} for host, text in blocks(result.stdout).items()}
    assert found == {f"{name}@{host}": {f"to_{name}"} for name in ("red", "blue", "green", "grey") for host in ("server1", "server2")}
    assert (tmp_path / "runs").read_text().split() == ["1"], "vnet_info ran with sudo on server2 only"
    text = (tmp_path / "list.json").read_text()
    assert groups(text)["bridge_mine_br"] == ["green@server1", "green@server2", "grey@server1", "grey@server2"]
    variables = json.loads(text)["_meta"]["hostvars"]
    assert [variables[host]["ansible_host"] for host in ("red@server1", "red@server2")] == ["192.0.2.9", "192.0.2.2"]


@pytest.mark.each_ansible
def test_a_declaration(tmp_path: Path) -> None:
    """Nothing is there yet, and Ansible itself is run from elsewhere."""
    folder = tmp_path / "inner"
    folder.mkdir()
    (folder / "lab.netns.yml").write_text(example(2))
    (folder / "lab.yml").write_text(LAB)
    result = script(tmp_path, "rm lab.yml", "ansible-inventory -i inner/lab.netns.yml --list")
    assert result.returncode == 0, result.stdout + result.stderr
    assert groups(result.stdout) == {
        "layout_lab": ["blue@localhost", "red@localhost"],
        "bridge_lab_br": ["blue@localhost", "red@localhost"],
        "address_192_0_2_11_24": ["red@localhost"],
        "address_192_0_2_12_24": ["blue@localhost"],
    }


@pytest.mark.each_ansible
def test_names_are_no_templates(tmp_path: Path) -> None:
    (tmp_path / "lab.netns.yml").write_text(example(2))
    layout = yaml.safe_dump({"name": "lab", "namespaces": [{"name": "{{6*7}}"}]})
    debug = "ansible -i lab.netns.yml all -m ansible.builtin.debug -a 'msg=({{ansible_netns}})'"
    result = script(tmp_path, f"cat > lab.yml <<'END'\n{layout}\nEND", debug)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "msg: ({{6*7}})" in result.stdout


def test_names_are_no_expressions(tmp_path: Path) -> None:
    """A host chose the name, and a condition is evaluated on the controller."""
    (tmp_path / "lab.netns.yml").write_text(example(2))
    layout = yaml.safe_dump({"name": "lab", "namespaces": [{"name": "x'~lookup('pipe','>evaluated')~'"}]})
    task = {"ansible.builtin.debug": {"msg": "same"}, "when": "'{{ ansible_netns }}' != 'red'", "ignore_errors": True}
    (tmp_path / "compare.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [task]}]))
    result = script(tmp_path, f"cat > lab.yml <<'END'\n{layout}\nEND", "ansible-playbook -i lab.netns.yml compare.yml")
    assert "ok=1" in result.stdout, result.stdout + result.stderr
    assert not (tmp_path / "evaluated").exists()


@pytest.mark.slow
def test_the_cache_answers_until_it_is_flushed(tmp_path: Path) -> None:
    """The graph is the same when the layout is gone."""
    (tmp_path / "lab.netns.yml").write_text("plugin: nfv.vnet.netns\ncache: true\ncache_plugin: ansible.builtin.jsonfile\ncache_connection: cache\n")
    gone = "ansible -i controller localhost -m nfv.vnet.vnet_layout -a 'name=lab state=absent' >&2"
    graph = "ansible-inventory -i lab.netns.yml --graph"
    flush = "ansible-playbook -i lab.netns.yml build.yml --list-hosts --flush-cache >&2"
    result = script(tmp_path, build("lab"), graph, gone, graph, flush, graph)
    assert result.returncode == 0, result.stdout + result.stderr
    empty = ["@all:", "  |--@ungrouped:"]
    full = empty + [f"  |{row}" for group in ("layout_lab", "bridge_lab_br") for row in (f"--@{group}:", "  |--blue@localhost", "  |--red@localhost")]
    assert result.stdout.splitlines() == [*full, *full, *empty]


def test_a_host_that_is_off_is_named(tmp_path: Path) -> None:
    content = {"plugin": "nfv.vnet.netns", "hosts": {"server": {"ansible_connection": "local", "ansible_python_interpreter": "/no/python"}}}
    (tmp_path / "lab.netns.yml").write_text(yaml.safe_dump(content))
    result = script(tmp_path, "ansible-inventory -i lab.netns.yml --graph", ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="1")
    assert result.returncode != 0
    told = " ".join(result.stderr.split())  # ansible-core 2.18 breaks lines
    assert "the namespaces of server cannot be read: " in told
    assert "/no/python" in told
    assert "Traceback" not in told
