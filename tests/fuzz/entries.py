# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways in: each takes what a user may write as far as it goes without a kernel, and checks what the user gets to see."""

from __future__ import annotations

import json
import re
import shlex
import unicodedata
from random import Random
from traceback import walk_tb
from typing import Any, Callable, Iterable, NamedTuple

from ansible.errors import AnsibleError, AnsibleFilterError, AnsibleParserError
from ansible.module_utils.common.arg_spec import ModuleArgumentSpecValidator
from ansible.plugins.shell.sh import ShellModule
from ansible_collections.nfv.vnet.plugins.action import vnet_layout as action
from ansible_collections.nfv.vnet.plugins.become import netns as become
from ansible_collections.nfv.vnet.plugins.filter.dot import FilterModule as Dot
from ansible_collections.nfv.vnet.plugins.filter.mermaid import FilterModule as Mermaid
from ansible_collections.nfv.vnet.plugins.filter.svg import FilterModule as Svg
from ansible_collections.nfv.vnet.plugins.inventory import netns as inventory
from ansible_collections.nfv.vnet.plugins.module_utils import _export, _info, _ping
from ansible_collections.nfv.vnet.plugins.module_utils._commands import commands
from ansible_collections.nfv.vnet.plugins.module_utils._describe import describe, status
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError, failure
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._namespaces import Namespaces
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import kind_of
from ansible_collections.nfv.vnet.plugins.module_utils._options._declaration import declaration
from ansible_collections.nfv.vnet.plugins.module_utils._options._modules import OPTIONS
from ansible_collections.nfv.vnet.plugins.module_utils._options._option import argument_spec, expanded_all
from ansible_collections.nfv.vnet.plugins.module_utils._options._resource import layout, title
from ansible_collections.nfv.vnet.plugins.module_utils._plan import plan
from ansible_collections.nfv.vnet.plugins.module_utils._report import as_yaml
from ansible_collections.nfv.vnet.plugins.module_utils._resources import LISTS, Host, Layout, Link, Namespace, Port
from ansible_collections.nfv.vnet.plugins.module_utils._runner import KEYS
from ansible_collections.nfv.vnet.plugins.module_utils._steps import Plan
from ansible_collections.nfv.vnet.plugins.module_utils._summary import summary
from ansible_collections.nfv.vnet.plugins.module_utils._task._items import checked
from ansible_collections.nfv.vnet.plugins.module_utils._task._module import check_given
from found import host_of
from odd import wired
from parameters import INFO, LAYOUT, MODULES, PING, TABLES, Values

LONGEST = 600
_LISTING = re.compile(r"(?<=[;?] )[Tt]here are [\w, ]+$")
"""The engine's own list of options, which is as long as it is."""
_INTERNALS = re.compile(
    r"Traceback|KernelError|VnetError| object at 0x|<class '|<function |\b(?:Address|Route|Vlan|Port|Link|Namespace|Layout|Option|Attribute)\("
)


class Case(NamedTuple):
    """C(entry): a module, a filter, or a plugin. C(style), C(seed): the host on which it is planned. C(checking): check mode."""

    entry: str
    params: Any
    style: str = "empty"
    seed: int = 0
    checking: bool = False


class FaultError(AssertionError):
    """What the user gets to see is not what it should be."""

    def __init__(self, reason: str, shown: str) -> None:
        super().__init__(f"{reason}: {shown[:300]!r}{'…' if len(shown) > 300 else ''}")
        self.reason = reason


class RefusedByAnsibleError(Exception):
    """The argument spec does not allow the parameters."""


def carry_out(case: Case) -> bool:
    """Returns whether the parameters were taken; they were refused otherwise, in one clear sentence. Anything else is an exception."""
    return ENTRIES[case.entry](case)


# What the user gets to see


def check_sentence(text: str) -> None:
    if not text.strip():
        raise FaultError("the sentence is empty", text)
    if "\n" in text:
        raise FaultError("the sentence has several lines", text)
    if not text.isprintable():
        raise FaultError("the sentence cannot be printed", text)
    if _INTERNALS.search(text):
        raise FaultError("the sentence shows the implementation", text)
    if len(_LISTING.sub("", text)) > LONGEST:
        raise FaultError("the sentence is too long", text)


def check_result(result: Any) -> None:
    """A module returns JSON."""
    try:
        text = json.dumps(result, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise FaultError("the result is not JSON", str(error)) from error
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise FaultError("the result is not UTF-8", ascii(text[max(0, error.start - 60) : error.end + 60])) from error


def check_commands(lines: Iterable[str]) -> None:
    for line in lines:
        try:
            complete = line.startswith("# ") or bool(shlex.split(line))
        except ValueError:
            complete = False
        if not complete:
            raise FaultError("a line is not a command of its own", line)


def _refused(name: str, error: VnetError) -> bool:
    told = failure(name, error)
    try:
        check_sentence(str(told["msg"]))
        check_result(told)
    except FaultError as fault:
        raise fault from error
    return False


# Modules

_VALIDATORS = {name: ModuleArgumentSpecValidator(argument_spec(table)) for name, table in TABLES.items()}


def _validated(module: str, params: Values) -> Values:
    """What AnsibleModule makes of the parameters."""
    params = expanded_all(TABLES[module], params)
    try:
        check_given(TABLES[module], params, ())
    except VnetError as error:
        _refused(module, error)
        raise RefusedByAnsibleError(str(error)) from None
    result = _VALIDATORS[module].validate(params)
    if result.error_messages:
        raise RefusedByAnsibleError(result.error_messages[0])
    values: Values = result.validated_parameters
    return values


def _of_resource(case: Case) -> bool:
    try:
        given = _validated(case.entry, wired(case.params))
    except RefusedByAnsibleError:
        return False
    name = title(case.entry, given)
    try:
        wanted = layout(case.entry, given, case.checking)
        before = host_of(case.style, wanted, Random(case.seed))
        planned = plan(wanted, before, case.checking)
    except VnetError as error:
        return _refused(name, error)
    check_result(
        {
            KEYS[case.entry]: describe(wanted, planned.after),
            "status": status(wanted, before, before),
            "diff": {"before": describe(wanted, before), "after": describe(wanted, planned.after)},
        }
    )
    _check_plan(name, planned)
    return True


def _check_plan(name: str, planned: Plan) -> None:
    lines = commands(planned.steps)
    check_result(lines)
    check_commands(lines)
    for warning in planned.warnings:
        check_sentence(f"{name}: {warning}")


def _of_layout(case: Case) -> bool:
    """The items are left to the engine, as by the module."""
    params = wired(case.params)
    items = {name: params.pop(name, None) for name in LISTS}
    try:
        given = _validated(LAYOUT, params)
    except RefusedByAnsibleError:
        return False
    name = title(LAYOUT, given)
    try:
        wanted = declaration(checked({**given, **items}), case.checking)
        before = host_of(case.style, wanted, Random(case.seed))
        planned = plan(wanted, before, case.checking)
    except VnetError as error:
        return _refused(name, error)
    texts = [as_yaml(wanted, before, before), as_yaml(wanted, before, planned.after)]
    kept = sorted(given["sysctl"] or ()) if given["state"] == "absent" else []
    check_result([summary(wanted, before, planned.after, planned.steps), texts, kept])
    _check_plan(name, planned)
    return True


NETWORK: Values = {
    "name": "lab",
    "namespaces": [
        {"name": name, "addresses": ["10.1.0.1/32"], "routes": [{"to": "203.0.113.0/24", "type": "blackhole"}]} for name in ("red", "blue", "green")
    ],
    "links": [
        {"type": "bridge", "name": "br0", "addresses": ["192.0.2.254/24"], "vlan_filtering": True},
        {"type": "veth", "name": "a", "master": "br0", "peer": {"name": "eth0", "netns": "red", "addresses": ["192.0.2.1/24", "2001:db8::1/64"]}},
        {"type": "veth", "name": "b", "netns": "blue", "addresses": ["192.0.2.2/24", "2001:db8::2/64"], "peer": {"name": "eth1", "netns": "red"}},
        {"type": "vlan", "name": "eth0.10", "netns": "red", "parent": "eth0", "id": 10},
        {"type": "tuntap", "name": "t", "mode": "tap", "netns": "green", "addresses": ["192.0.2.3/24", "2001:db8::3/64"]},
    ],
}
"""What is there for the modules that look at a host."""


def _network(case: Case) -> Host:
    return host_of("whole" if case.style in ("empty", "bare") else case.style, declaration(checked({"state": "present", **NETWORK})), Random(case.seed))


def _of_info(case: Case) -> bool:
    try:
        given = _validated(INFO, wired(case.params))
    except RefusedByAnsibleError:
        return False
    try:
        _info._names(_Known(_network(case)) if case.seed % 2 else _real(), given["namespaces"])
    except VnetError as error:
        return _refused(INFO, error)
    host = _network(case)
    everything = _everything(host)
    view = _info._View(host, everything, given)
    export = _export.Export(host, {link.id: link for link in everything.links}, given["macs"], given["files"])
    declared = export.declaration(view.namespaces, view.links)
    check_result([[view.namespace(name) for name in view.namespaces], [view.link(key) for key in view.links], declared, export.lacks])
    return True


class _Known(Namespaces):
    """The namespaces of a host that is data."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def identity(self, netns: str) -> tuple[int, int] | None:
        found = self._host.namespaces.get(netns)
        return found.identity if found else None


_REAL: list[Namespaces] = []


def _real() -> Namespaces:
    """Those of this machine: only this class knows which names no file can have. It opens files and changes nothing."""
    if not _REAL:
        _REAL.append(Namespaces())
    return _REAL[0]


def _everything(host: Host) -> Layout:
    """The layout with which vnet_info reads a host (read_all)."""
    whole = Layout([Namespace(name, (), nsid=0, routes=[]) for name, found in host.namespaces.items() if found.identity], [])
    for found in host.links.values():
        vlans: Any = {} if kind_of(found.kind).is_bridge else None
        whole.links.append(Link(found.kind, *found.id, (), {}, present=False, port=Port({}, {}), addresses=[], routes=[], vlans=vlans))
    return whole


def _of_ping(case: Case) -> bool:
    try:
        given = _validated(PING, wired(case.params))
    except RefusedByAnsibleError:
        return False
    try:
        _ping._check(given)
        wanted = _ping._Selection(_network(case), given).wanted()
    except VnetError as error:
        return _refused(PING, error)
    check_result([wanted.reachable, wanted.unreachable, [_ping._spoken(pair) for pair in wanted.reachable]])
    return True


# Plugins of the controller, which get more than JSON


def _told(error: AnsibleError) -> bool:
    """Ansible shows the message; what it adds about files is its own."""
    try:
        check_sentence(str(error.message))
    except FaultError as fault:
        raise fault from error
    return False


def _of_action(case: Case) -> bool:
    """What runs on the controller before vnet_layout is sent."""
    params: Values = case.params if isinstance(case.params, dict) else {"links": case.params}
    check_sentence(action._declared(params))
    try:
        plain = {name: action._plain(params.get(name)) for name in LISTS}
    except action._NotPlainError:
        return False
    if repr(plain) != repr({name: params.get(name) for name in LISTS}):
        raise FaultError("a value was changed", repr(plain))
    return True


def _of_filter(draw: Callable[..., str]) -> Callable[[Case], bool]:
    def drawn(case: Case) -> bool:
        try:
            text = draw(case.params["data"], **{name: case.params[name] for name in ("fold", "direction") if name in case.params})
        except AnsibleFilterError as error:
            return _told(error)
        for line in text.split("\n"):
            if any(unicodedata.category(character) in ("Cc", "Cs") for character in line):
                raise FaultError("the picture has control characters", line)
        return True

    return drawn


def _of_inventory(case: Case) -> bool:
    """What the plugin does with a file that declares a layout."""
    try:
        inventory._refuse_unknown(dict.fromkeys(case.params, None), ("hosts", "declaration", "layouts"))
        hosts = case.params["hosts"] if isinstance(case.params.get("hosts"), dict) else {"localhost": None}
        parents = [inventory._Parent(str(name), inventory._given(name, variables), {}) for name, variables in hosts.items()]
        try:
            spaces = inventory._spaces_of_layout(inventory._layout(case.params.get("declaration")))
        except VnetError as error:
            if isinstance(case.params.get("declaration"), dict) and list(walk_tb(error.__traceback__))[-1][0].f_code.co_name == "_layout":
                return False  # the words of Ansible's argument spec
            try:
                raise AnsibleParserError(f"declaration: lab.yml: {error}") from error
            except AnsibleParserError as told:
                return _told(told)
        layouts = case.params.get("layouts")
        chosen = list(map(str, layouts)) if isinstance(layouts, list) else None
        of_layouts = inventory._of_layouts({parent.name: spaces for parent in parents}, chosen)
    except AnsibleParserError as error:
        return _told(error)
    for parent in parents:
        for space in of_layouts[parent.name]:
            variables = {**parent.defaults(), **inventory._variables(parent, space)}
            check_result([variables, inventory._groups(variables)])
    return True


def _of_become(case: Case) -> bool:
    """Its options are texts. The program is left as it is: Ansible has it as words of the shell."""
    plugin = become.BecomeModule()
    plugin._options = {name: str(value) for name, value in case.params.items() if name in ("netns", *BECOME) and isinstance(value, (str, int, float))}
    plugin._options = {**dict.fromkeys(("netns", *BECOME)), **plugin._options}
    try:
        line = plugin.build_become_command("/bin/sh -c 'echo x'", ShellModule())
    except AnsibleError as error:
        return _told(error)
    check_commands([line])
    return True


BECOME = ("become_user", "become_flags", "become_pass")
FILTERS = {name: draw for module in (Dot, Mermaid, Svg) for name, draw in module().filters().items()}
INVENTORY, BECOMING, ACTION = "inventory netns", "become netns", "action vnet_layout"
ENTRIES: dict[str, Callable[[Case], bool]] = {
    **dict.fromkeys(OPTIONS, _of_resource),
    LAYOUT: _of_layout,
    INFO: _of_info,
    PING: _of_ping,
    **{name: _of_filter(draw) for name, draw in FILTERS.items()},
    INVENTORY: _of_inventory,
    BECOMING: _of_become,
    ACTION: _of_action,
}
"""By module, and by plugin."""
OF_MODULES = {name: ENTRIES[name] for name in MODULES}
