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


def required(file: Path) -> int:
    """How many packages a file names."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return sum(bool(re.match(r"[a-z0-9]", line)) for line in lines)


def main() -> int:
    file = Path(sys.argv[1])
    count, said, last = 0, time.monotonic(), ""
    command = [sys.executable, "-m", "pip", "install", "--progress-bar", "off", "--requirement", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        output = []
        for line in process.stdout or ():
            output.append(line)
            found = re.match(r"(?:Collecting|Requirement already satisfied:) ([\w.-]+)", line)
            count += bool(found)
            last = found[1] if found else "writing the files" if line.startswith("Installing collected") else last
            if time.monotonic() - said > EVERY:
                said = time.monotonic()
                print(f"  {min(count, required(file))} of {required(file)} packages: {last}", flush=True)
    if process.returncode:
        sys.stdout.writelines(output)
    return process.returncode


if __name__ == "__main__":
    sys.exit(main())
