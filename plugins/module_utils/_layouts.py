# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""From parameters to a result: what the module for a whole layout does."""

from __future__ import annotations

import gc
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Dict, Mapping, Tuple

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nfv.vnet.plugins.module_utils._declaration import LAYOUT_OPTIONS, MODULE, declaration
from ansible_collections.nfv.vnet.plugins.module_utils._dependency import require_pyroute2
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError, failure
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._ahead import reading_ahead
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._lock import lock
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._namespaces import Namespaces
from ansible_collections.nfv.vnet.plugins.module_utils._options import argument_spec, title
from ansible_collections.nfv.vnet.plugins.module_utils._resources import LISTS, Layout

if TYPE_CHECKING:
    from ansible_collections.nfv.vnet.plugins.module_utils._runner import Outcome


class _Module(AnsibleModule):  # type: ignore[misc]
    """Leaves the items to the checks of the engine, and out of what it says of its invocation."""

    items: Dict[str, Any]

    def _load_params(self) -> None:
        super()._load_params()
        self.items = {name: self.params.pop(name, None) for name in LISTS}


def run() -> None:
    """The whole of the module."""
    gc.disable()  # thousands of records, none of which is let go before the end
    module = _Module(argument_spec=argument_spec(LAYOUT_OPTIONS), supports_check_mode=True)
    require_pyroute2(module)
    try:
        result = carry_out({**module.params, **module.items}, module.check_mode, module._diff)
    except VnetError as error:
        module.fail_json(**failure(title(MODULE, module.params), error))
    for warning in result.pop("warnings"):
        module.warn("%s: %s" % (title(MODULE, module.params), warning))
    gc.freeze()  # the interpreter looks through them in vain when it ends
    module.exit_json(**result)


def carry_out(params: Mapping[str, Any], checking: bool, differing: bool) -> Dict[str, Any]:
    """Brings the host to the layout, or says what that would do; C(differing): with the layout before and after."""
    wanted, outcome = _brought_about(params, checking)
    from ansible_collections.nfv.vnet.plugins.module_utils._summary import summary

    result = {
        "changed": bool(outcome.steps),
        "summary": summary(wanted, outcome.before, outcome.after, outcome.steps),
        "commands": outcome.commands,
        "kept": sorted(params["sysctl"] or ()) if params["state"] == "absent" else [],
        "warnings": outcome.warnings,
    }
    if differing:
        from ansible_collections.nfv.vnet.plugins.module_utils._report import as_yaml

        result["diff"] = {"before": as_yaml(wanted, outcome.before, outcome.before), "after": as_yaml(wanted, outcome.before, outcome.after)}
    return result


def _brought_about(params: Mapping[str, Any], checking: bool) -> Tuple[Layout, Outcome]:
    """The layout that the parameters declare, and what came of it.

    To look twice at a thousand namespaces is dear, so it begins with the lock, unless it would have to wait.
    """
    with ExitStack() as stack:
        namespaces = Namespaces()
        stack.callback(namespaces.close)
        locked = not checking and stack.enter_context(lock(patient=False))
        ahead = stack.enter_context(reading_ahead(namespaces, addresses=params["state"] == "present"))
        # the engine is compiled, and the declaration checked, while the other process reads
        from ansible_collections.nfv.vnet.plugins.module_utils._kernel._read import Reader
        from ansible_collections.nfv.vnet.plugins.module_utils._observe import selection
        from ansible_collections.nfv.vnet.plugins.module_utils._runner import changed, changer, foreseen, nothing_to_do

        if ahead and locked and params["state"] == "absent":
            changer()  # there will be something to take away
        wanted = declaration(params, checking)
        reader = Reader(namespaces, selection(wanted))
        stack.callback(reader.close)
        reader.look_ahead(ahead)
        if checking:
            return wanted, foreseen(reader, wanted)
        if locked:
            return wanted, changed(reader, wanted)
        outcome = nothing_to_do(reader, wanted)
        if outcome:
            return wanted, outcome
        reader.close()  # whoever has the lock may replace a namespace
        stack.enter_context(lock())
        return wanted, changed(reader, wanted)
