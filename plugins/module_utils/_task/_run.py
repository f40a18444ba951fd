# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules: from their parameters to their results. What a module needs is imported by its own function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Optional

from ansible_collections.nfv.vnet.plugins.module_utils._options._modules import OPTIONS
from ansible_collections.nfv.vnet.plugins.module_utils._options._resource import layout, title
from ansible_collections.nfv.vnet.plugins.module_utils._persistence._entry import change_of_store
from ansible_collections.nfv.vnet.plugins.module_utils._task._answer import answer, answer_confirmed
from ansible_collections.nfv.vnet.plugins.module_utils._task._module import VnetModule

if TYPE_CHECKING:
    # every module brings along what it may have to install
    from ansible_collections.nfv.vnet.plugins.module_utils._confirmation import Confirmation
    from ansible_collections.nfv.vnet.plugins.module_utils._persistence import _program  # noqa: F401


def run_resource(name: str) -> None:
    """Runs the module of a single resource."""
    from ansible_collections.nfv.vnet.plugins.module_utils._runner import KEYS, execute

    module = VnetModule(name, OPTIONS[name])
    module.require_pyroute2()

    def work(confirmation: Optional[Confirmation]) -> Dict[str, Any]:
        wanted = layout(name, module.params, module.check_mode)
        return execute(wanted, KEYS[name], module.check_mode, confirmation, change_of_store(name, module.params))

    answer_confirmed(module, title(name, module.params), work)


def run_layout() -> None:
    """Runs vnet_layout."""
    from ansible_collections.nfv.vnet.plugins.module_utils._layouts import execute
    from ansible_collections.nfv.vnet.plugins.module_utils._options._declaration import LAYOUT_OPTIONS, MODULE
    from ansible_collections.nfv.vnet.plugins.module_utils._resources import LISTS
    from ansible_collections.nfv.vnet.plugins.module_utils._task._items import checked

    module = VnetModule(MODULE, LAYOUT_OPTIONS, without=LISTS)  # the items are left to the checks of the engine
    module.require_pyroute2()

    def work(confirmation: Optional[Confirmation]) -> Dict[str, Any]:
        return execute(module.given, checked, module.check_mode, module._diff, confirmation)

    answer_confirmed(module, title(MODULE, module.params), work)


def run_info() -> None:
    """Runs vnet_info."""
    from ansible_collections.nfv.vnet.plugins.module_utils._info import INFO_OPTIONS, MODULE, look

    module = VnetModule(MODULE, INFO_OPTIONS)
    answer(module, MODULE, lambda: look(module.params))


def run_ping() -> None:
    """Runs vnet_ping. A failure has the pairs that differ, and not thousands of others."""
    from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError, failure, printable, valid
    from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import sentences
    from ansible_collections.nfv.vnet.plugins.module_utils._ping import MODULE, PING_OPTIONS, complaint, ping

    module = VnetModule(MODULE, PING_OPTIONS)
    if module.check_mode:
        module.exit_json(changed=False, skipped=True, msg="nothing is sent in check mode")
    try:
        with sentences():
            result = valid(ping(module.params))
    except VnetError as error:
        module.fail_json(**failure(MODULE, error, module.params))
    if result["differing"] and module.params["fail_on_difference"]:
        del result["pairs"]
        module.fail_json(msg=printable(complaint(result)), **result)
    module.exit_json(**result)
