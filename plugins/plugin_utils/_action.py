# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action of every module that changes something: it confirms the change if the task has C(confirm_timeout)."""

from __future__ import annotations

from typing import Any, Dict, Optional

from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible_collections.nfv.vnet.plugins.module_utils._names import CONFIRM_TIMEOUT


class ConfirmingAction(NormalAction):  # type: ignore[misc]
    def run(self, tmp: Any = None, task_vars: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
        if self._task.args.get(CONFIRM_TIMEOUT) is None:
            result: Dict[str, Any] = super().run(tmp, task_vars)
            return result
        from ansible_collections.nfv.vnet.plugins.plugin_utils._confirm import run_confirmed

        return {**super(NormalAction, self).run(tmp, task_vars), **run_confirmed(self, task_vars or {})}
