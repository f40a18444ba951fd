# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a task has to do with what is stored; apart from the rest, as every task asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional

from ansible_collections.nfv.vnet.plugins.module_utils._names import PERSISTENT
from ansible_collections.nfv.vnet.plugins.module_utils._persistence import is_used

if TYPE_CHECKING:
    from ansible_collections.nfv.vnet.plugins.module_utils._persistence._change import Change


def change_of_store(module: str, params: Mapping[str, Any]) -> Optional[Change]:
    """What a task does to the stored declarations; None if there are none, and it stores none. C(params) of a layout have checked items."""
    if params[PERSISTENT] is None and not is_used():
        return None
    from ansible_collections.nfv.vnet.plugins.module_utils._persistence._change import change

    return change(module, params)
