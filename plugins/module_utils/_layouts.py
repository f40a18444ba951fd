# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""From parameters to a result: what the module for a whole layout does."""

from __future__ import annotations

import gc
from typing import Any, Dict, Mapping

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nfv.vnet.plugins.module_utils._declaration import ITEMS, LAYOUT_OPTIONS, MODULE, declaration, with_path
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._options import argument_spec
from ansible_collections.nfv.vnet.plugins.module_utils._resources import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._runner import bring_about, commands_of, require_pyroute2
from ansible_collections.nfv.vnet.plugins.module_utils._summary import summary


class _Module(AnsibleModule):  # type: ignore[misc]
    """Leaves the items to the checks of the engine, and out of what it says of its invocation."""

    items: Dict[str, Any]

    def _load_params(self) -> None:
        super()._load_params()
        self.items = {option.name: self.params.pop(option.name, None) for option in ITEMS}


def run() -> None:
    """The whole of the module."""
    gc.disable()  # thousands of records, none of which is let go before the end
    module = _Module(argument_spec=argument_spec(LAYOUT_OPTIONS), supports_check_mode=True)
    require_pyroute2(module)
    try:
        result = carry_out({**module.params, **module.items}, module.check_mode, module._diff)
    except VnetError as error:
        module.fail_json(msg=with_path(str(error)))
    except KernelError as error:
        module.fail_json(msg="%s %s: %s" % (MODULE, module.params["name"], error))
    for warning in result.pop("warnings"):
        module.warn(warning)
    gc.freeze()  # the interpreter looks through them in vain when it ends
    module.exit_json(**result)


def carry_out(params: Mapping[str, Any], checking: bool, differing: bool) -> Dict[str, Any]:
    """Brings the host to the layout, or says what that would do; C(differing): with the layout before and after."""
    wanted = declaration(params, checking)
    outcome = bring_about(wanted, checking)
    result = {
        "changed": bool(outcome.steps),
        "summary": summary(wanted, outcome.before, outcome.after, outcome.steps),
        "commands": commands_of(outcome.steps),
        "kept": sorted(params["sysctl"] or ()) if params["state"] == "absent" else [],
        "warnings": outcome.warnings,
    }
    if differing:
        from ansible_collections.nfv.vnet.plugins.module_utils._report import as_yaml

        result["diff"] = {"before": as_yaml(wanted, outcome.before), "after": as_yaml(wanted, outcome.after)}
    return result
