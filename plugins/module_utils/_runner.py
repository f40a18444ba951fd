# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""From parameters to a result: what every module does."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nfv.vnet.plugins.module_utils import _dependency
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._namespaces import Namespaces
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from ansible_collections.nfv.vnet.plugins.module_utils._observe import observe, selection
from ansible_collections.nfv.vnet.plugins.module_utils._options import OPTIONS, argument_spec, layout
from ansible_collections.nfv.vnet.plugins.module_utils._plan import plan
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Host, Layout, Step, VnetError

KEYS = {"vnet_netns": "namespace", "vnet_bridge": "bridge", "vnet_veth": "veth", "vnet_tuntap": "tuntap"}
"""Under which key each module returns its resource."""


class Outcome(NamedTuple):
    """What was done, or would be."""

    before: Host
    after: Host
    """What was planned."""
    host: Host
    """What there is; in check mode what was planned."""
    steps: List[Step]
    warnings: List[str]


def run(name: str) -> None:
    """The whole of a module for one resource."""
    module = AnsibleModule(argument_spec=argument_spec(OPTIONS[name]), supports_check_mode=True)
    require_pyroute2(module)
    try:
        wanted = layout(name, module.params, checking=module.check_mode)
        result = carry_out(wanted, KEYS[name], module.check_mode)
    except VnetError as error:
        module.fail_json(msg=str(error))
    except KernelError as error:
        module.fail_json(msg="%s %s: %s" % (name, module.params["name"], error))
    for warning in result.pop("warnings"):
        module.warn(warning)
    module.exit_json(**result)


def require_pyroute2(module: AnsibleModule) -> None:
    complaint = _dependency.complaint()
    if complaint:
        module.fail_json(msg=complaint)


def carry_out(wanted: Layout, key: str, checking: bool) -> Dict[str, Any]:
    """Brings the host to the layout of one resource, or says what that would do; C(key) is that of the resource in the result."""
    from ansible_collections.nfv.vnet.plugins.module_utils._describe import describe, status

    outcome = bring_about(wanted, checking)
    difference = {"before": outcome.before, "after": outcome.after} if outcome.steps else {}
    return {
        "changed": bool(outcome.steps),
        key: describe(wanted, outcome.host),
        "status": status(wanted, outcome.before, outcome.before if checking else outcome.host),
        "commands": commands_of(outcome.steps),
        "diff": {"before": {}, "after": {}, **{name: describe(wanted, host) for name, host in difference.items()}},
        "warnings": outcome.warnings,
    }


def bring_about(wanted: Layout, checking: bool) -> Outcome:
    """Brings the host to the layout, or says what that would do."""
    namespaces = Namespaces()
    reader = Reader(namespaces, selection(wanted))
    try:
        before = observe(reader, wanted)
        planned = plan(wanted, before, checking)
        if checking or not planned.steps:
            return Outcome(before, planned.after, planned.after if checking else before, planned.steps, planned.warnings)
        # what changes nothing need not know these
        from ansible_collections.nfv.vnet.plugins.module_utils._apply import apply
        from ansible_collections.nfv.vnet.plugins.module_utils._kernel._lock import lock

        with lock():
            reader.close()  # whoever had the lock may have replaced a namespace
            before = observe(reader, wanted)
            planned = plan(wanted, before)
            host, steps = apply(reader, wanted, before, planned.steps)
            return Outcome(before, planned.after, host, steps, planned.warnings)
    finally:
        reader.close()
        namespaces.close()


def commands_of(steps: List[Step]) -> List[str]:
    """The iproute2 commands for the steps."""
    if not steps:
        return []
    from ansible_collections.nfv.vnet.plugins.module_utils._commands import commands

    return commands(steps)
