# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The nfv.vnet developers
"""What pip is told on this machine, for commands that get a home folder and an environment of their own."""

from __future__ import annotations

import ast
import configparser
import functools
import os
import subprocess
import sys
from pathlib import Path

ENVIRONMENT = ":env:"


@functools.lru_cache(maxsize=None)
def _listing() -> str:
    command = [sys.executable, "-m", "pip", "config", "list"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def write(home: Path) -> None:
    """Write the settings of all files and of the environment to the pip.conf of the user whose folder `home` is."""
    settings = configparser.RawConfigParser()
    settings["global"] = {"quiet": "2"}
    if proxy := os.environ.get("https_proxy") or os.environ.get("HTTPS_PROXY"):
        settings["global"]["proxy"] = proxy
    # The environment has the last word.
    for line in sorted(_listing().splitlines(), key=lambda line: line.startswith(ENVIRONMENT)):
        name, _, value = line.partition("=")
        section, _, option = name.rpartition(".")
        section = "global" if section == ENVIRONMENT else section
        if not settings.has_section(section):
            settings.add_section(section)
        settings.set(section, option, ast.literal_eval(value))
    file = home / ".config" / "pip" / "pip.conf"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as stream:
        settings.write(stream)
