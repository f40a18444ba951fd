# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a role is true: its defaults, its README, its example, its scenario."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Iterator

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
SCENARIOS = sorted(path.parent.name for path in (ROOT / "extensions" / "molecule").glob("*/molecule.yml"))
Options = Dict[str, Dict[str, Any]]


def loaded(*parts: str) -> Any:
    return yaml.safe_load(ROOT.joinpath(*parts).read_text(encoding="utf-8"))


def specification(role: str) -> Dict[str, Any]:
    found: Dict[str, Any] = loaded("roles", role, "meta", "argument_specs.yml")["argument_specs"]["main"]
    return found


def options_of(role: str) -> Options:
    found: Options = specification(role)["options"]
    return found


def inner_options(options: Options) -> Iterator[tuple[str, Options]]:
    """The options that have keys of their own, at any depth."""
    for name, option in options.items():
        if "options" in option:
            yield name, option["options"]
            yield from inner_options(option["options"])


def readme(role: str) -> str:
    return (ROOT / "roles" / role / "README.md").read_text(encoding="utf-8")


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the table with this heading."""
    _before, found, after = text.partition(f"{heading}\n")
    assert found, heading
    table = after.split("\n\n")[0].splitlines()[1:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def tasks_of(role: str) -> Iterator[Dict[str, Any]]:
    for path in sorted((ROOT / "roles" / role / "tasks").glob("*.yml")):
        yield from yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("role", ROLES)
def test_defaults_are_those_of_the_specification(role: str) -> None:
    expected = {name: option["default"] for name, option in options_of(role).items() if "default" in option}
    assert loaded("roles", role, "defaults", "main.yml") == expected


@pytest.mark.parametrize("role", ROLES)
def test_variables_bear_the_name_of_the_role(role: str) -> None:
    own = [name for task in tasks_of(role) for name in [task.get("register", f"{role}_"), *task.get("vars", ())]]
    assert [name for name in [*options_of(role), *own] if not name.startswith(f"{role}_")] == []


@pytest.mark.parametrize("role", ROLES)
def test_every_variable_is_declared_and_used(role: str) -> None:
    own = {name for task in tasks_of(role) for name in [task.get("register", ""), *task.get("vars", ())]} - {""}
    inside = loaded("roles", role, "vars", "main.yml") if (ROOT / "roles" / role / "vars").exists() else {}
    own |= set(inside)
    files = [path for folder in ("tasks", "templates", *(["vars"] if inside else [])) for path in (ROOT / "roles" / role / folder).iterdir()]
    used = {name for path in files for name in re.findall(rf"\b{role}_\w+", path.read_text(encoding="utf-8"))}
    assert used == own | set(options_of(role))


@pytest.mark.parametrize("role", ROLES)
def test_result_is_registered(role: str) -> None:
    (layout,) = [task for task in tasks_of(role) if "nfv.vnet.vnet_layout" in task]
    assert layout["register"] == f"{role}_result"
    assert f"`{role}_result`" in readme(role)


@pytest.mark.parametrize("role", ROLES)
def test_readme_has_every_variable_with_its_default(role: str) -> None:
    table = rows(readme(role), "| Variable | Default | |")
    assert all(text for _name, _default, text in table)
    said = {name.strip("`"): default.strip("`") for name, default, _text in table}
    options = options_of(role)
    assert set(said) == set(options)
    for name, option in options.items():
        assert yaml.safe_load(said[name] or "null") == option.get("default"), name


@pytest.mark.parametrize("role", ROLES)
def test_readme_has_every_key(role: str) -> None:
    tables = re.findall(r"^Each item of `(\w+)` has these keys:$", readme(role), flags=re.MULTILINE)
    inner = dict(inner_options(options_of(role)))
    assert tables == list(inner)
    for name, options in inner.items():
        table = rows(readme(role).partition(f"Each item of `{name}` has these keys:\n")[2], "| Key | |")
        assert all(text for _name, text in table)
        assert [key.strip("`") for key, _text in table] == list(options)


@pytest.mark.parametrize("role", ROLES)
def test_readme_begins_with_a_picture_and_the_example(role: str) -> None:
    picture, example = re.findall(r"^```(\w+)\n(.*?)^```$", readme(role), flags=re.MULTILINE | re.DOTALL)[:2]
    assert picture[0] == "mermaid"
    assert example[0] == "yaml"
    assert yaml.safe_load(example[1]) == loaded("playbooks", f"{role}.yml")
    assert f"`ansible-playbook -i HOSTS --become nfv.vnet.{role}`" in readme(role)


@pytest.mark.parametrize("role", ROLES)
def test_role_says_what_it_is(role: str) -> None:
    assert readme(role).split("\n\n")[1] == f"# {role}"
    assert loaded("roles", role, "meta", "main.yml")["galaxy_info"]["description"] == specification(role)["short_description"]


MANY: Dict[str, Any] = {
    "netns_router": {"netns_router_lans": [{"name": f"lan{number}", "addresses": [f"10.0.{number}.1/24"]} for number in range(1, 13)]},
    "netns_vrf": {"netns_vrf_tenants": [{"name": f"t{number}", "table": number, "addresses": ["10.0.0.1/24"]} for number in range(1, 13)]},
}


@pytest.mark.parametrize("role", MANY)
def test_names_that_end_in_a_number_do_not_collide(role: str) -> None:
    # in a process of its own, as the loader of Ansible would take over all imports of the collection
    code = "import json, sys; from pictures import declaration; print(json.dumps(declaration(sys.argv[1], **json.loads(sys.argv[2]))['links']))"
    command = [sys.executable, "-c", code, role, json.dumps(MANY[role])]
    declared = json.loads(subprocess.run(command, cwd=ROOT / "hacking", check=True, capture_output=True, text=True).stdout)
    links = [(link.get("netns"), link["name"]) for link in declared]
    assert len(links) == len(set(links)) > 12


def test_every_role_has_a_scenario() -> None:
    """One that needs several hosts is tested on those of the lab."""
    in_lab = {role.removeprefix("nfv.vnet.") for play in loaded("tests", "lab", "overlay.yml") for role in [one["role"] for one in play.get("roles", ())]}
    assert set(ROLES) == {*set(SCENARIOS) & set(ROLES), *in_lab}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario_is_complete(scenario: str) -> None:
    folder = ROOT / "extensions" / "molecule" / scenario
    assert {"converge.yml", "verify.yml", "side_effect.yml", "cleanup.yml"} <= {path.name for path in folder.iterdir()}
    if (ROOT / "playbooks" / f"{scenario}.yml").exists():
        imported = [play.get("ansible.builtin.import_playbook") for play in loaded("extensions", "molecule", scenario, "converge.yml")]
        assert f"nfv.vnet.{scenario}" in imported, "the scenario builds what the example says"
    assert "tasks/nothing_left.yml" in (folder / "cleanup.yml").read_text(encoding="utf-8")
