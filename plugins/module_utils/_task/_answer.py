# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a module ends: with the result of its work, or with its error as one sentence."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any, Callable, Dict, Mapping, NoReturn, Optional

from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError, failure, full_message, valid
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import sentences
from ansible_collections.nfv.vnet.plugins.module_utils._names import CONFIRM_TIMEOUT
from ansible_collections.nfv.vnet.plugins.module_utils._task._module import VnetModule

if TYPE_CHECKING:
    from ansible_collections.nfv.vnet.plugins.module_utils._confirmation import Confirmation

Result = Dict[str, Any]


def answer(module: VnetModule, title: str, work: Callable[[], Result]) -> NoReturn:
    """Ends the module with the result of the work."""
    _end(module, outcome(title, module.given, work))


def answer_confirmed(module: VnetModule, title: str, work: Callable[[Optional[Confirmation]], Result]) -> NoReturn:
    """Ends the module with the result of the work, which changes the host: with a confirmation if the task asks for one."""
    seconds = module.params[CONFIRM_TIMEOUT]
    if seconds is None:
        answer(module, title, lambda: work(None))
    from ansible_collections.nfv.vnet.plugins.module_utils._confirmation import Confirmation

    try:
        confirmation = Confirmation(title, module.confirm_token, seconds, logs=not module.no_log)
    except VnetError as error:
        module.fail_json(**failure(title, error, module.given))
    _end(module, confirmation.outcome(lambda: outcome(title, module.given, lambda: work(confirmation))))


def outcome(title: str, params: Mapping[str, object], work: Callable[[], Result]) -> Result:
    """The result of a module: of the work, which may raise a VnetError, and in which C(warnings) are messages. C(title), C(params): as in C(full_message)."""
    try:
        with sentences():
            result = work()
    except VnetError as error:
        result = {"failed": True, **failure(title, error, params), "warnings": error.warnings}
    warnings = [full_message(title, warning, params) for warning in result.pop("warnings")]
    return {**valid(result), "warnings": warnings}


def _end(module: VnetModule, result: Result) -> NoReturn:
    gc.freeze()  # or the interpreter walks everything when it ends
    for warning in result.pop("warnings", ()):
        module.warn(warning)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)
    raise AssertionError  # it has ended
