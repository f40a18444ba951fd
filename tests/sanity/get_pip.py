# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The nfv.vnet developers
"""What ansible-test calls to put pip into its virtual environments, in place of a script that it would download."""

from __future__ import annotations

import subprocess
import sys

INSTALLER = "@INSTALLER@"
"""A Python that has pip already: to unpack the one that every Python brings along takes seconds for each environment."""
UNKNOWN_TO_PIP = {"--no-setuptools", "--no-wheel"}
options = [option for option in sys.argv[1:] if option not in UNKNOWN_TO_PIP]

sys.exit(subprocess.call([INSTALLER, "-m", "pip", "--python", sys.executable, "install", "--quiet", *options]))
