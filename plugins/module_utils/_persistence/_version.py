# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The version of the collection."""

from __future__ import annotations

VERSION = "1.0.0"
"""That of galaxy.yml."""
