# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action of nfv.vnet.vnet_link."""

from __future__ import annotations

from ansible_collections.nfv.vnet.plugins.plugin_utils._action import ConfirmingAction


class ActionModule(ConfirmingAction):
    pass
