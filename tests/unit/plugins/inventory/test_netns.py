# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The namespaces as hosts: their names, variables and groups, and the sentence for each file that cannot be."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Callable, Dict

import pytest
import yaml
from ansible import constants
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.doc_fragments import constructed, inventory_cache
from ansible.template import Templar
from ansible.utils.display import Display
from ansible_collections.nfv.vnet.plugins.inventory import netns

NAME = "nfv.vnet.netns"
LAB: Dict[str, Any] = {
    "name": "lab",
    "namespaces": [{"name": "red", "addresses": ["192.0.2.5/32"]}, {"name": "blue"}],
    "links": [
        {"type": "bridge", "name": "br0", "addresses": ["192.0.2.1/24"]},
        {"type": "bridge", "name": "br-1", "netns": "blue", "ports": [{"name": "blue1"}]},
        {
            "type": "veth",
            "name": "red0",
            "master": "br0",
            "peer": {"name": "eth0", "netns": "red", "addresses": ["192.0.2.11/24", "2001:db8::11/64", "fe80::5/64"]},
        },
        {"type": "veth", "name": "blue1", "netns": "blue", "peer": {"name": "eth1", "netns": "red"}},
        {"type": "tuntap", "name": "tun0", "mode": "tun", "netns": "red", "addresses": ["10.9.0.1 peer 10.9.0.2/24"]},
    ],
}
FOUND: Dict[str, Any] = {
    "namespaces": [{"name": "", "layout": None}, {"name": "red", "layout": "lab"}, {"name": "blue", "layout": None}],
    "links": [
        {"netns": "red", "name": "lo", "addresses": []},
        {"netns": "", "name": "red0", "addresses": ["198.51.100.1/24"], "master": "br0", "peer": {"netns": "red", "name": "eth0"}},
        {"netns": "red", "name": "eth0", "addresses": ["192.0.2.11/24 nodad"], "master": "", "peer": {"netns": "", "name": "red0"}},
        {"netns": "blue", "name": "far", "addresses": [], "peer": None},
    ],
}
Parse = Callable[..., InventoryData]


@pytest.fixture(scope="module", autouse=True)
def _options() -> None:
    definitions: Dict[str, Any] = {}
    for text in (constructed.ModuleDocFragment.DOCUMENTATION, inventory_cache.ModuleDocFragment.DOCUMENTATION, netns.DOCUMENTATION):
        definitions.update(yaml.safe_load(text)["options"])
    constants.config.initialize_plugin_configuration_definitions("inventory", NAME, definitions)


@pytest.fixture(name="parse")
def _parse(tmp_path: Path) -> Parse:
    """The inventory that a file with these options makes, with the layout above beside it."""
    (tmp_path / "lab.yml").write_text(yaml.safe_dump(LAB))

    def parse(earlier: Any = None, **options: Any) -> InventoryData:
        file = tmp_path / "lab.netns.yml"
        file.write_text(yaml.safe_dump({"plugin": NAME, **options}, sort_keys=False))
        data = earlier or InventoryData()
        plugin = netns.InventoryModule()
        plugin._load_name, plugin._redirected_names, plugin.ansible_name = NAME, [NAME], NAME
        plugin.parse(data, DataLoader(), str(file))
        data.reconcile_inventory()
        return data

    return parse


def inventory(**hosts: dict[str, Any]) -> InventoryData:
    """What an earlier source made."""
    data = InventoryData()
    data.add_group("servers")
    data.set_variable("servers", "ansible_user", "admin")
    for name, variables in hosts.items():
        data.add_host(name, "servers")
        for key, value in variables.items():
            data.set_variable(name, key, value)
    return data


def variables(data: InventoryData, host: str) -> dict[str, Any]:
    """Those of a host, without what Ansible adds."""
    own = data.hosts[host].vars
    return {key: value for key, value in own.items() if key not in ("inventory_file", "inventory_dir")}


def members(data: InventoryData) -> dict[str, list[str]]:
    return {name: sorted(hosts) for name, hosts in data.get_groups_dict().items() if name not in ("all", "ungrouped")}


# Hosts


def test_hosts_of_a_declaration(parse: Parse) -> None:
    data = parse(declaration="lab.yml")
    assert sorted(data.hosts) == ["blue@localhost", "red@localhost"]
    assert variables(data, "red@localhost") == {
        "ansible_become": True,
        "ansible_become_method": NAME,
        "ansible_connection": "local",
        "ansible_host": "localhost",
        "ansible_netns": "red",
        "ansible_python_interpreter": sys.executable,
        "vnet_host": "localhost",
        "vnet_layout": "lab",
        "vnet_addresses": ["192.0.2.5/32", "192.0.2.11/24", "2001:db8::11/64", "10.9.0.1/32"],
        "vnet_links": [
            {"name": "eth0", "addresses": ["192.0.2.11/24", "2001:db8::11/64"], "bridge": "br0"},
            {"name": "eth1", "addresses": [], "bridge": "br-1"},
            {"name": "tun0", "addresses": ["10.9.0.1/32"], "bridge": None},
        ],
    }


def test_groups_by_layout_and_bridge(parse: Parse) -> None:
    assert members(parse(declaration="lab.yml")) == {
        "layout_lab": ["blue@localhost", "red@localhost"],
        "bridge_br0": ["red@localhost"],
        "bridge_br_1": ["red@localhost"],
    }


def test_constructed_groups_and_variables(parse: Parse) -> None:
    data = parse(
        declaration="lab.yml",
        compose={"first": "vnet_addresses | first"},
        groups={"dual": "vnet_addresses | length > 1"},
        keyed_groups=[{"key": "ansible_netns", "prefix": "ns"}],
    )
    assert data.hosts["red@localhost"].vars["first"] == "192.0.2.5/32"
    assert {"dual": ["red@localhost"], "ns_red": ["red@localhost"], "ns_blue": ["blue@localhost"]}.items() <= members(data).items()


def test_strict_is_strict(parse: Parse) -> None:
    parse(declaration="lab.yml", compose={"first": "nothing.of_this"})
    with pytest.raises(AnsibleError, match="first"):
        parse(declaration="lab.yml", compose={"first": "nothing.of_this"}, strict=True)


def test_namespaces_of_hosts_have_their_names_and_variables(parse: Parse) -> None:
    data = parse(declaration="lab.yml", hosts={"localhost": None, "server": {"ansible_host": "198.51.100.7", "site": "a"}, "plain": None})
    assert sorted(data.hosts) == [f"{name}@{host}" for name in ("blue", "red") for host in ("localhost", "plain", "server")]
    own = {key: value for key, value in variables(data, "blue@server").items() if key not in variables(data, "blue@localhost") or key == "vnet_host"}
    assert own == {"site": "a", "vnet_host": "server"}
    assert variables(data, "blue@server")["ansible_host"] == "198.51.100.7"
    assert "ansible_connection" not in variables(data, "blue@server")
    assert variables(data, "blue@plain")["ansible_host"] == "plain"


def test_what_earlier_sources_say_is_taken(parse: Parse) -> None:
    earlier = inventory(server={"ansible_port": 22, "ansible_become_method": "su", "ansible_timeout": 5, "site": "a"})
    found = variables(parse(earlier, declaration="lab.yml", hosts={"server": {"ansible_timeout": 7}}), "red@server")
    assert {key: value for key, value in found.items() if not key.startswith("vnet_")} == {
        "ansible_become": True,
        "ansible_become_method": NAME,
        "ansible_host": "server",
        "ansible_netns": "red",
        "ansible_port": 22,
        "ansible_timeout": 7,
        "ansible_user": "admin",
    }


def test_variables_in_files_are_taken(parse: Parse, tmp_path: Path) -> None:
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "host_vars" / "server.yml").write_text("ansible_user: carol")
    earlier = inventory(server={})
    earlier.processed_sources.append(str(tmp_path / "hosts.yml"))
    assert variables(parse(earlier, declaration="lab.yml", hosts={"server": None}), "red@server")["ansible_user"] == "carol"


def test_a_template_is_left_to_the_host_that_has_what_it_needs(parse: Parse, tmp_path: Path) -> None:
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "host_vars" / "server.yml").write_text("ansible_password: '{{ secret }}'")
    earlier = inventory(server={"secret": "swordfish"})
    earlier.processed_sources.append(str(tmp_path / "hosts.yml"))
    found = variables(parse(earlier, declaration="lab.yml", hosts={"server": None}), "red@server")
    templar = Templar(DataLoader(), {"hostvars": {"server": {"ansible_password": "swordfish"}}})
    assert templar.template(found["ansible_password"]) == "swordfish"


def test_a_controller_that_says_how_to_connect_is_taken_at_its_word(parse: Parse) -> None:
    found = variables(parse(inventory(localhost={"ansible_connection": "ssh"}), declaration="lab.yml"), "red@localhost")
    assert (found["ansible_connection"], "ansible_python_interpreter" in found) == ("ssh", False)


def test_layouts_choose(parse: Parse) -> None:
    assert sorted(parse(declaration="lab.yml", layouts=["lab"]).hosts) == ["blue@localhost", "red@localhost"]
    assert parse(declaration="lab.yml", layouts=[]).hosts == {}


def test_no_hosts_have_no_namespaces(parse: Parse) -> None:
    assert parse(hosts={}).hosts == {}


def test_as_found(parse: Parse, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def answers(parents: list[Any], sources: list[str]) -> dict[str, Any]:
        asked.append(([parent.name for parent in parents], sources))
        return {parent.name: FOUND for parent in parents}

    monkeypatch.setattr(netns, "_answers", answers)
    data = parse()
    assert asked == [(["localhost"], [])]
    assert members(data) == {"layout_lab": ["red@localhost"], "bridge_br0": ["red@localhost"]}
    assert variables(data, "red@localhost")["vnet_links"] == [{"name": "eth0", "addresses": ["192.0.2.11/24"], "bridge": "br0"}]
    assert variables(data, "red@localhost")["vnet_addresses"] == ["192.0.2.11/24"]
    assert variables(data, "blue@localhost")["vnet_links"] == [{"name": "far", "addresses": [], "bridge": None}]
    assert variables(data, "blue@localhost")["vnet_layout"] is None
    assert sorted(parse(layouts=["lab"]).hosts) == ["red@localhost"]


def test_earlier_sources_are_read_again_where_they_know_a_host(parse: Parse, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def answers(parents: list[Any], sources: list[str]) -> dict[str, Any]:
        asked.append(sources)
        return {parent.name: FOUND for parent in parents}

    monkeypatch.setattr(netns, "_answers", answers)
    for hosts in ({"server": None}, {"other": None}):
        earlier = inventory(server={})
        earlier.processed_sources.append("/somewhere/hosts.yml")
        parse(earlier, hosts=hosts)
    assert asked == [["/somewhere/hosts.yml"], []]


def test_command_line_is_passed_on() -> None:
    given = {"remote_user": "admin", "become": True, "become_password_file": None, "extra_vars": ("a=1", "@b"), "vault_ids": ["x@y"], "forks": 5}
    words = ["--user", "admin", "--become", "--vault-id", "x@y", "--extra-vars", "a=1", "--extra-vars", "@b"]
    assert list(netns._command_line(given)) == words


@pytest.mark.parametrize(("name", "own"), [("lab.netns.yml", True), ("netns.yaml", True), ("lab.yml", False), ("netns.json", False)])
def test_files_have_a_name(name: str, own: bool, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    assert netns.InventoryModule().verify_file(str(tmp_path / name)) is own


# What cannot be


REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "key": ({"host": {}}, "there is no option host; there are cache, "),
    "hosts": ({"hosts": ["server"]}, "hosts"),
    "variables": ({"declaration": "lab.yml", "hosts": {"server": "admin"}}, "hosts: server: 'admin' is not a dictionary of variables"),
    "layout": ({"declaration": "lab.yml", "layouts": ["lab", "lob"]}, "layouts: no namespace belongs to lob; there are lab"),
    "missing": ({"declaration": "missing.yml"}, "declaration: the file /"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusal(case: str, parse: Parse) -> None:
    options, sentence = REFUSALS[case]
    with pytest.raises(AnsibleError) as caught:
        parse(**options)
    assert sentence in str(caught.value)


DECLARATIONS: dict[str, tuple[str, str]] = {
    "list": ("[1]", "this is not a dictionary with options of vnet_layout"),
    "nothing": ("", "this is not a dictionary with options of vnet_layout"),
    "yaml": ("{", "cannot be read: "),
    "name": ("namespaces: []", "missing required arguments: name"),
    "option": ("{name: lab, vlans: []}", "vlans. Supported parameters include: confirm_timeout, force, links, name, "),
    "state": ("{name: lab, state: up}", "value of state must be one of: present, absent, got: up"),
    "sysctl": ("{name: lab, sysctl: 5}", "sysctl"),
    "item": ("{name: lab, links: [{type: veth, name: a}]}", "links[0].peer: missing; a veth pair has two ends"),
    "address": ("{name: lab, links: [{type: bridge, name: b, addresses: [x]}]}", "links[0].addresses[0]: 'x' is not an IP address"),
    "template": ("{name: lab, namespaces: '{{ many }}'}", "namespaces"),
}


@pytest.mark.parametrize("case", DECLARATIONS)
def test_refusal_of_a_declaration(case: str, parse: Parse, tmp_path: Path) -> None:
    content, sentence = DECLARATIONS[case]
    (tmp_path / "lab.yml").write_text(content)
    with pytest.raises(AnsibleParserError) as caught:
        parse(declaration="lab.yml")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_only_a_namespace_with_the_name_of_another_host_is_left_out(parse: Parse, monkeypatch: pytest.MonkeyPatch) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda _display, text: warnings.append(text))
    earlier = inventory(**{"red@localhost": {"site": "a"}, "red": {}, "localhost": {}})
    assert sorted(parse(earlier, declaration="lab.yml").hosts) == ["blue@localhost", "localhost", "red", "red@localhost"]
    assert variables(earlier, "red@localhost") == {"site": "a"}
    assert warnings == ["namespace red of localhost is left out, as there is a host with the name red@localhost"]


def test_a_namespace_with_the_name_of_a_host_takes_nothing_from_it(parse: Parse, tmp_path: Path) -> None:
    (tmp_path / "lab.yml").write_text("{name: lab, namespaces: [{name: localhost}, {name: db.example.com}]}")
    data = parse(declaration="lab.yml", hosts={"localhost": None, "127.0.0.1": None})
    assert sorted(data.hosts) == [f"{name}@{host}" for name in ("db.example.com", "localhost") for host in ("127.0.0.1", "localhost")]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({"failed": True, "msg": "vnet_info: not\npermitted"}, "the namespaces of server cannot be read: vnet_info: not permitted"),
        ({"failed": True, "msg": "MODULE FAILURE", "module_stderr": "no python"}, "the namespaces of server cannot be read: no python"),
        ({"unreachable": True, "msg": "Connection refused"}, "the namespaces of server cannot be read: Connection refused"),
    ],
)
def test_a_host_that_failed_says_why(answer: dict[str, Any], sentence: str, parse: Parse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(netns, "_answers", lambda _parents, _sources: {"server": answer})
    with pytest.raises(AnsibleParserError) as caught:
        parse(hosts={"server": None})
    assert str(caught.value) == sentence


def test_what_the_cache_keeps_is_plain_data() -> None:
    spaces = netns._spaces_of_answer("server", FOUND)
    assert json.loads(json.dumps(spaces)) == spaces
