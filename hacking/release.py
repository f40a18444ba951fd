#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The nfv.vnet developers
"""Checks that the checkout is ready for a release: hacking/release.py VERSION.

The exit status is 1, with a line for each reason, if a file has another version, or if the changelog lacks it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, Iterator

import yaml

ROOT = Path(__file__).resolve().parent.parent
ENGINE = Path("plugins/module_utils/_persistence/_version.py")


def loaded(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def reasons(root: Path, version: str) -> Iterator[str]:
    """Why the files below a folder are not those of the release."""
    if (found := loaded(root / "galaxy.yml")["version"]) != version:
        yield f"galaxy.yml has version {found}, not {version}."
    engine = re.search(r'^VERSION = "(.*)"$', (root / ENGINE).read_text(encoding="utf-8"), flags=re.MULTILINE)
    if engine is None or engine[1] != version:
        yield f"{ENGINE} has version {engine and engine[1]}, not {version}."
    changes = root / "changelogs" / "changelog.yaml"
    if not changes.exists() or version not in loaded(changes)["releases"]:
        yield f"changelogs/changelog.yaml lacks version {version}: call antsibull-changelog release."
    if f"\nv{version}\n" not in (root / "CHANGELOG.rst").read_text(encoding="utf-8"):
        yield f"CHANGELOG.rst lacks version {version}: call antsibull-changelog release."
    for path in sorted((root / "changelogs" / "fragments").glob("*.y*ml")):
        yield f"changelogs/fragments/{path.name} is in no release: call antsibull-changelog release."


def main() -> int:
    if len(sys.argv) != 2:
        sys.exit("usage: hacking/release.py VERSION")
    found = list(reasons(ROOT, sys.argv[1]))
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
