# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""From parameters to a result: what every module does."""

from __future__ import annotations

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nfv.vnet.plugins.module_utils import _dependency
from ansible_collections.nfv.vnet.plugins.module_utils._describe import describe, status
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._namespaces import Namespaces
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
from ansible_collections.nfv.vnet.plugins.module_utils._observe import observe
from ansible_collections.nfv.vnet.plugins.module_utils._options import OPTIONS, argument_spec, layout
from ansible_collections.nfv.vnet.plugins.module_utils._plan import plan
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Layout, VnetError

KEYS = {"vnet_netns": "namespace", "vnet_bridge": "bridge", "vnet_veth": "veth", "vnet_tuntap": "tuntap"}
"""Under which key each module returns its resource."""


def run(name: str) -> None:
    """The whole of a module."""
    module = AnsibleModule(argument_spec=argument_spec(OPTIONS[name]), supports_check_mode=True)
    complaint = _dependency.complaint()
    if complaint:
        module.fail_json(msg=complaint)
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


def carry_out(wanted: Layout, key: str, checking: bool) -> Dict[str, Any]:
    """Brings the host to the layout, or says what that would do."""
    namespaces = Namespaces()
    reader = Reader(namespaces)
    try:
        before = host = observe(reader, wanted)
        planned = plan(wanted, host, checking)
        steps = planned.steps
        if steps and not checking:
            # what changes nothing need not know these
            from ansible_collections.nfv.vnet.plugins.module_utils._apply import apply
            from ansible_collections.nfv.vnet.plugins.module_utils._kernel._lock import lock

            with lock():
                reader.close()  # whoever had the lock may have replaced a namespace
                before = observe(reader, wanted)
                planned = plan(wanted, before)
                host, steps = apply(reader, wanted, before, planned.steps)
        result = {
            "changed": bool(steps),
            key: describe(wanted, planned.after if checking else host),
            "status": status(wanted, before, host),
            "commands": [],
            "diff": {"before": {}, "after": {}},
            "warnings": planned.warnings,
        }
        if steps:
            from ansible_collections.nfv.vnet.plugins.module_utils._commands import commands

            result["commands"] = commands(steps)
            result["diff"] = {"before": describe(wanted, before), "after": describe(wanted, planned.after)}
        return result
    finally:
        reader.close()
        namespaces.close()
