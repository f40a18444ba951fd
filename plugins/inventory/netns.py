# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
---
name: netns
short_description: Network namespaces as hosts
version_added: 1.0.0
description:
  - Adds each network namespace to the inventory as a host, so that for instance C(ansible -i lab.netns.yml all -m ping) runs in all namespaces. Tasks
    run inside the namespace by the become method P(nfv.vnet.netns#become), over the connection to the host of the namespace.
  - The name of the inventory file must end in C(netns.yml) or C(netns.yaml).
  - The name of a namespace is followed by C(@) and the name of its host, such as C(red@server), so that no host of another source has the same name. A
    namespace for which there is a host already is left out, with a warning.
  - A namespace is in the group C(layout_NAME) of its layout, and in a group C(bridge_NAME) for each bridge that it is connected to by a veth pair.
    Characters that are not allowed in group names are replaced by C(_).
  - A namespace has the variables of its host, and C(ansible_netns), C(ansible_become) and C(ansible_become_method), so that tasks run inside it.
  - The variable C(vnet_host) is the host of the namespace. C(vnet_layout) is its layout, or null.
  - The variable C(vnet_addresses) is the list of its addresses with prefix lengths, without link-local addresses, those of C(lo), and those from DHCP and
    router advertisements.
  - The variable C(vnet_links) is the list of its links except C(lo), each with its C(name), its C(addresses), and the C(bridge) that it is connected to, or
    null.
author:
  - The nfv.vnet developers (@nfv-vnet)
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description: This plugin.
    type: str
    required: true
    choices:
      - nfv.vnet.netns
  hosts:
    description:
      - The hosts of the namespaces, each with its variables, or nothing. If it is left out, C(localhost) is used.
      - C(localhost) is the controller, unless its variables say how to connect to it.
      - The namespaces inherit the variables. Typical ones are C(ansible_host), C(ansible_user) and, if C(sudo) is needed to enter a namespace,
        C(ansible_become).
      - Variables of the host and its groups in earlier inventory sources are used, too, as in C(ansible -i hosts.yml -i lab.netns.yml). Those that begin
        with C(ansible_) are inherited by the namespaces. Variables in this option take precedence.
    type: dict
  declaration:
    description:
      - A YAML file with options of M(nfv.vnet.vnet_layout), C(name) among them. The namespaces that it declares are added, for each of the O(hosts). The
        hosts are not contacted, so the layout need not exist yet.
      - A relative path is relative to the inventory file. The file must not contain templates.
      - If it is left out, M(nfv.vnet.vnet_info) is run on each of the O(hosts).
    type: str
  layouts:
    description: Names of layouts whose namespaces are added. If it is left out, all namespaces are added.
    type: list
    elements: str
notes:
  - Passwords that Ansible prompts for are not available to the plugin. Set them in a variable or a file.
  - With O(cache), only the results of the hosts are cached.
seealso:
  - plugin: nfv.vnet.netns
    plugin_type: become
  - module: nfv.vnet.vnet_info
  - module: nfv.vnet.vnet_layout
"""

EXAMPLES = r"""
---
# All namespaces of the controller.
plugin: nfv.vnet.netns

---
# Namespaces of two layouts on two hosts. The connection to the second host is that of an ordinary user, who uses sudo.
plugin: nfv.vnet.netns
hosts:
  server1:
  server2:
    ansible_host: 192.0.2.2
    ansible_user: admin
    ansible_become: true
layouts: [lab, mine]

---
# Namespaces that the layout in lab.yml declares, even if it does not exist yet, and a group for each of their addresses.
plugin: nfv.vnet.netns
declaration: lab.yml
keyed_groups:
  - key: vnet_addresses
    prefix: address
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from typing import Any, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Optional, Sequence

import yaml
from ansible import constants, context
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.helpers import get_group_vars
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.yaml.dumper import AnsibleDumper
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var
from ansible.utils.vars import combine_vars
from ansible.vars.plugins import get_vars_from_inventory_sources
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError, quoted, shown
from ansible_collections.nfv.vnet.plugins.module_utils._options._declaration import LAYOUT_OPTIONS, declaration
from ansible_collections.nfv.vnet.plugins.module_utils._options._option import argument_spec
from ansible_collections.nfv.vnet.plugins.module_utils._resources import KERNEL_ADDRESSES, Address, Layout, Link, LinkId
from ansible_collections.nfv.vnet.plugins.module_utils._task._items import checked
from ansible_collections.nfv.vnet.plugins.module_utils._task._module import check_given

try:
    from ansible.template import trust_as_template
except ImportError:  # ansible-core 2.18 treats every string that is not marked as unsafe as a template
    trust_as_template = str

_PLAIN = re.compile("[A-Za-z0-9_.:/@-]*")
"""Strings that are neither templates nor expressions with calls."""
_PARENTS = "vnet_parents"
_CONTROLLER = "vnet_controller"
"""Host names in the inventory of the inner run."""
_FOUND = "vnet_found"
_LOOK = {
    "hosts": _PARENTS,
    "gather_facts": False,
    "tasks": [{"nfv.vnet.vnet_info": {}, "register": _FOUND, "ignore_errors": True, "ignore_unreachable": True}],
}
_ANSWERS = "{{ dict(groups.%s | zip(groups.%s | map('extract', hostvars, '%s'))) | to_json }}" % (_PARENTS, _PARENTS, _FOUND)
_COMMAND_LINE = {
    "remote_user": "--user",
    "private_key_file": "--private-key",
    "connection_password_file": "--connection-password-file",
    "ssh_common_args": "--ssh-common-args",
    "ssh_extra_args": "--ssh-extra-args",
    "connection": "--connection",
    "timeout": "--timeout",
    "sftp_extra_args": "--sftp-extra-args",
    "scp_extra_args": "--scp-extra-args",
    "become": "--become",
    "become_method": "--become-method",
    "become_user": "--become-user",
    "become_password_file": "--become-password-file",
    "vault_ids": "--vault-id",
    "vault_password_files": "--vault-password-file",
    "extra_vars": "--extra-vars",
}
"""Command line options about connections, and how they are passed to the inner run."""

Variables = Dict[str, Any]
Space = Dict[str, Any]
"""A namespace: C(name), C(layout), C(addresses), C(links). Plain data, as it is cached."""


class _Parent(NamedTuple):
    """A host that has namespaces, with the variables of this file and of earlier sources that say how to connect."""

    name: str
    given: Variables
    known: Variables

    @property
    def is_controller(self) -> bool:
        return self.name in constants.LOCALHOST

    def connection(self) -> Variables:
        return {**self.defaults(), **self.known, **self.given}

    def defaults(self) -> Variables:
        """C(ansible_host): the name of the namespace would be taken for a user and a host."""
        if not self.is_controller or "ansible_connection" in {**self.known, **self.given}:
            return {"ansible_host": self.name}
        return {"ansible_host": self.name, "ansible_connection": "local", "ansible_python_interpreter": sys.executable}


class _End(NamedTuple):
    """A link. C(peer) is the other end of a veth pair."""

    netns: str
    name: str
    addresses: List[Address]
    master: str
    peer: Optional[LinkId]


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):  # type: ignore[misc]
    NAME = "nfv.vnet.netns"

    def verify_file(self, path: str) -> bool:
        return bool(super().verify_file(path)) and path.endswith(("netns.yml", "netns.yaml"))

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        config = self._read_config_data(path)
        _refuse_unknown(config, self.option_definitions)
        parents = self._parents()
        if self.get_option("declaration"):
            spaces = dict.fromkeys((parent.name for parent in parents), self._declared(path))
        else:
            spaces = self._found(path, parents, cache)
        spaces = _of_layouts(spaces, self.get_option("layouts"))
        for parent in parents:
            for space in spaces[parent.name]:
                self._add(parent, space)

    def _parents(self) -> List[_Parent]:
        hosts = self.get_option("hosts")
        if hosts is None:
            hosts = {"localhost": None}
        return [_Parent(str(name), _given(name, variables), self._known(str(name))) for name, variables in hosts.items()]

    def _known(self, name: str) -> Variables:
        """How earlier sources say to connect. A template may need other variables of the host, so it is left to the host."""
        host = self.inventory.hosts.get(name)
        if not host:
            return {}
        groups = host.get_groups()
        levels = [get_group_vars(groups), self._beside(groups), host.vars, self._beside([host])]
        variables: Variables = {}
        for level in levels:
            variables = combine_vars(variables, level)
        own = {key: value for key, value in variables.items() if key.startswith("ansible_")}
        return {key: _left_to(name, key) if self.templar.is_template(value) else value for key, value in own.items()}

    def _beside(self, entities: Sequence[Any]) -> Variables:
        """The variables in host_vars and group_vars."""
        variables: Variables = get_vars_from_inventory_sources(self.loader, self.inventory.processed_sources, entities, "all")
        return variables

    def _declared(self, path: str) -> List[Space]:
        file = os.path.join(os.path.dirname(path), os.path.expanduser(self.get_option("declaration")))
        if not os.path.isfile(file):
            raise AnsibleParserError("declaration: the file %s does not exist" % file)
        try:
            content = self.loader.load_from_file(file, cache="none")
        except AnsibleError as error:
            raise AnsibleParserError("declaration: %s cannot be read: %s" % (file, _line(error))) from None
        try:
            return _spaces_of_layout(_layout(content))
        except VnetError as error:
            raise AnsibleParserError("declaration: %s: %s" % (file, error)) from None

    def _found(self, path: str, parents: List[_Parent], cache: bool) -> Dict[str, List[Space]]:
        names = {parent.name for parent in parents}
        key = self.get_cache_key(path)
        if self.get_option("cache") and cache and set(self._cache.get(key) or ()) == names:
            return dict(self._cache[key])
        spaces = {name: _spaces_of_answer(name, answer) for name, answer in self._ask(parents).items()}
        if self.get_option("cache"):
            self._cache[key] = spaces
        return spaces

    def _ask(self, parents: List[_Parent]) -> Dict[str, Variables]:
        """Runs vnet_info on each host. The earlier sources are read again, as only they have all variables of the hosts."""
        if not parents:
            return {}
        known = any(parent.name in self.inventory.hosts for parent in parents)
        return _answers(parents, [source for source in self.inventory.processed_sources if source] if known else [])

    def _add(self, parent: _Parent, space: Space) -> None:
        name, variables = "%s@%s" % (space["name"], parent.name), {**parent.connection(), **_variables(parent, space)}
        if name in self.inventory.hosts:
            self.display.warning("namespace %s of %s is left out, as there is a host with the name %s" % (shown(space["name"]), parent.name, shown(name)))
            return
        name = _marked(name)
        self.inventory.add_host(name)
        for key, value in variables.items():
            self.inventory.set_variable(name, key, value)
        for group in _groups(variables):
            self.inventory.add_child(self.inventory.add_group(self._sanitize_group_name(group)), name)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), self.inventory.get_host(name).get_vars(), name, strict)
        self._add_host_to_composed_groups(self.get_option("groups"), {}, name, strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), {}, name, strict)


def _refuse_unknown(config: Mapping[str, Any], options: Iterable[str]) -> None:
    unknown = sorted(str(key) for key in set(config) - set(options))
    if unknown:
        raise AnsibleParserError("there is no option %s; there are %s" % (shown(unknown[0]), ", ".join(sorted(options))))


def _given(name: str, variables: Any) -> Variables:
    if not str(name).isprintable():
        raise AnsibleParserError("hosts: %s is not the name of a host" % shown(str(name)))
    if not isinstance(variables or {}, Mapping):
        raise AnsibleParserError("hosts: %s: %s is not a dictionary of variables" % (shown(str(name)), quoted(variables)))
    return dict(variables or {})


def _left_to(name: str, key: str) -> Any:
    return trust_as_template("{{ hostvars[%r][%r] }}" % (str(name), str(key)))


def _line(error: object) -> str:
    return " ".join(str(error).split())


# From the declaration of a layout


def _layout(content: Any) -> Layout:
    """The layout that a file declares. Items are checked by the engine, as in the module."""
    if not isinstance(content, dict):
        raise VnetError((), "this is not a dictionary with options of vnet_layout")
    check_given([option for option in LAYOUT_OPTIONS if not option.options], {str(key): value for key, value in content.items()}, ())
    wrong = [key for key in content if not isinstance(key, str)]
    if wrong:
        raise VnetError((), "there is no option %s" % quoted(wrong[0]))
    spec = argument_spec(option._replace(options=()) for option in LAYOUT_OPTIONS)
    validated = ArgumentSpecValidator(spec).validate(content)
    if validated.error_messages:
        raise VnetError((), _line(validated.error_messages[0]))
    return declaration(checked(validated.validated_parameters), check_mode=True)


def _spaces_of_layout(layout: Layout) -> List[Space]:
    ports = {(link.netns, port): link.name for link in layout.links for port in link.ports or {}}
    ends = [_declared_end(link, ports) for link in layout.links]
    return _spaces({namespace.name: layout.name for namespace in layout.namespaces if namespace.name}, ends)


def _declared_end(link: Link, ports: Mapping[LinkId, str]) -> _End:
    return _End(link.netns, link.name, link.addresses or [], link.master or ports.get(link.id, ""), link.peer)


# From the state of hosts


def _answers(parents: List[_Parent], sources: List[str]) -> Dict[str, Variables]:
    """Runs ansible, so that every connection plugin works."""
    with tempfile.TemporaryDirectory(prefix="nfv-vnet-") as folder:
        inventory, playbook, output = (os.path.join(folder, name) for name in ("hosts.yml", "look.yml", "answers.json"))
        write = {"ansible.builtin.copy": {"dest": output, "content": _ANSWERS, "mode": "0600"}}
        _write(inventory, _inventory(parents))
        _write(playbook, [_LOOK, {"hosts": _CONTROLLER, "gather_facts": False, "tasks": [write]}])
        words = [word for source in [*sources, inventory] for word in ("--inventory", source)]
        _run([sys.executable, "-m", "ansible", "playbook", *words, *_command_line(context.CLIARGS), playbook])
        try:
            with open(output, encoding="utf-8") as file:
                answers: Dict[str, Variables] = json.load(file)
        except (OSError, ValueError) as error:  # variables of the command line may redirect it
            raise AnsibleParserError("the results of the hosts cannot be read: %s" % error) from None
    return answers


def _inventory(parents: List[_Parent]) -> Variables:
    local = {"ansible_connection": "local", "ansible_become": False, "ansible_python_interpreter": sys.executable}
    hosts = {parent.name: {**parent.defaults(), **parent.given} if parent.is_controller else parent.given for parent in parents}
    return {_PARENTS: {"hosts": hosts}, "ungrouped": {"hosts": {_CONTROLLER: local}}}


def _write(path: str, content: Any) -> None:
    with open(path, "w", encoding="utf-8") as file:
        yaml.dump(content, file, Dumper=AnsibleDumper, sort_keys=False)  # values from a vault stay encrypted in the inventory


def _command_line(given: Mapping[str, Any]) -> Iterator[str]:
    for name, option in _COMMAND_LINE.items():
        value = given.get(name)
        if value is True:
            yield option
        elif value:
            for word in [value] if isinstance(value, str) else value:
                yield from (option, str(word))


def _run(command: List[str]) -> None:
    """Runs ansible with this collection, and with the inventory plugins that it needs enabled."""
    home = os.path.abspath(__file__).split("/ansible_collections/")[0]
    env = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": ":".join([home, *constants.COLLECTIONS_PATHS]),
        "ANSIBLE_INVENTORY_ENABLED": ",".join([*constants.INVENTORY_ENABLED, "ansible.builtin.yaml"]),
    }
    done = subprocess.run(command, env=env, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise AnsibleParserError("the namespaces of the hosts cannot be read: %s" % _line(done.stderr or done.stdout))


def _spaces_of_answer(host: str, answer: Mapping[str, Any]) -> List[Space]:
    if answer.get("failed") or answer.get("unreachable"):
        reason = answer.get("module_stderr") or answer.get("msg")
        raise AnsibleParserError("the namespaces of %s cannot be read: %s" % (host, _line(reason)))
    return _spaces({space["name"]: space["layout"] for space in answer["namespaces"] if space["name"]}, map(_found_end, answer["links"]))


def _found_end(link: Mapping[str, Any]) -> _End:
    peer = link.get("peer")
    addresses = [Address.parsed(text) for text in link["addresses"]]
    return _End(link["netns"], link["name"], addresses, link.get("master") or "", (peer["netns"], peer["name"]) if peer else None)


# Hosts


def _spaces(layouts: Mapping[str, Optional[str]], ends: Iterable[_End]) -> List[Space]:
    """The namespaces with the layout of each, and all links."""
    by_id = {(end.netns, end.name): end for end in ends}
    return [_space(name, layout, by_id) for name, layout in layouts.items()]


def _space(name: str, layout: Optional[str], ends: Mapping[LinkId, _End]) -> Space:
    own = sorted((end for end in ends.values() if end.netns == name), key=lambda end: (end.name != "lo", end.name))
    addresses = [address for end in own for address in _addresses(end)]
    return {"name": name, "layout": layout, "addresses": addresses, "links": [_link(end, ends) for end in own if end.name != "lo"]}


def _link(end: _End, ends: Mapping[LinkId, _End]) -> Variables:
    far = ends.get(end.peer) if end.peer else None
    return {"name": end.name, "addresses": _addresses(end), "bridge": far.master or None if far else None}


def _addresses(end: _End) -> List[str]:
    return [_with_prefix(address) for address in end.addresses if not address.link_local and address.key not in KERNEL_ADDRESSES]


def _with_prefix(address: Address) -> str:
    own = 128 if address.ipv6 else 32
    return "%s/%d" % (address.local, own if address.peer else address.prefix)


def _of_layouts(spaces: Mapping[str, List[Space]], layouts: Optional[List[str]]) -> Dict[str, List[Space]]:
    if layouts is None:
        return dict(spaces)
    there = {space["layout"] for own in spaces.values() for space in own if space["layout"]}
    missing = sorted(set(layouts) - there)
    if missing:
        known = shown(", ".join(sorted(there))) if there else "no layouts"
        raise AnsibleParserError("layouts: no namespace belongs to %s; there are %s" % (shown(missing[0]), known))
    return {host: [space for space in own if space["layout"] in layouts] for host, own in spaces.items()}


def _variables(parent: _Parent, space: Space) -> Variables:
    return {
        "ansible_become": True,
        "ansible_become_method": "nfv.vnet.netns",
        "ansible_netns": _marked(space["name"]),
        "vnet_host": parent.name,
        "vnet_layout": _marked(space["layout"]),
        "vnet_addresses": _marked(space["addresses"]),
        "vnet_links": _marked(space["links"]),
    }


def _marked(value: Any) -> Any:
    """Marks strings so that Ansible neither templates nor evaluates them, as anybody may have chosen the names.

    Plain words are not marked: ansible-inventory --list of ansible-core 2.18 would show the mark.
    """
    if isinstance(value, list):
        return [_marked(inner) for inner in value]
    if isinstance(value, dict):
        return {key: _marked(inner) for key, inner in value.items()}
    return wrap_var(value) if isinstance(value, str) and not _PLAIN.fullmatch(value) else value


def _groups(variables: Variables) -> List[str]:
    bridges = {link["bridge"] for link in variables["vnet_links"] if link["bridge"]}
    layout = variables["vnet_layout"]
    return (["layout_%s" % layout] if layout else []) + ["bridge_%s" % bridge for bridge in sorted(bridges)]
