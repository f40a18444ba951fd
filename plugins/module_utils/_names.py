# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of parameters that the modules and their actions on the controller share."""

from __future__ import annotations

CONFIRM_TIMEOUT = "confirm_timeout"
CONFIRM_TOKEN = "_confirm_token"
"""By this the action says that it will confirm the change: 32 hexadecimal digits."""
PERSISTENT = "persistent"
