# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installs a file of requirements with pip, and says how far it is: install.py FILE."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

EVERY = 2.0
"""Seconds between two lines."""


def main() -> int:
    file = Path(sys.argv[1])
    wanted = sum(bool(re.match(r"[a-z0-9]", line)) for line in file.read_text(encoding="utf-8").splitlines())
    output: list[str] = []
    found, said = 0, time.monotonic()
    command = [sys.executable, "-m", "pip", "install", "--progress-bar", "off", "--requirement", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout or ():
            output.append(line)
            package = re.match(r"(?:Collecting|Requirement already satisfied:) ([\w.-]+)", line)
            found += bool(package)
            if package and time.monotonic() - said > EVERY:
                said = time.monotonic()
                print(f"  {min(found, wanted)} of {wanted} packages: {package[1]}", flush=True)
            elif line.startswith("Installing collected"):
                print("  writing the files", flush=True)
    if process.returncode:
        sys.stderr.writelines(output)
    return process.returncode


if __name__ == "__main__":
    sys.exit(main())
