# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine as it comes to the target: in an archive, without compiled files."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import pytest

COLLECTION = Path(__file__).resolve().parents[5]
PACKAGE = "ansible_collections.nfv.vnet.plugins.module_utils"
PROGRAM = f"""
import json, sys

compiled = []
sys.addaudithook(lambda event, arguments: compiled.append(str(arguments[1])) if event == "compile" else None)
sys.path.insert(0, sys.argv[1])
from {PACKAGE}._task._archive import compile_once

compile_once()
import {PACKAGE}._plan._links as links
from {PACKAGE} import _kernel

print(json.dumps(dict(compiled=compiled, file=links.__file__, path=list(_kernel.__path__), source=links.__loader__.get_source(links.__name__))))
"""


@pytest.fixture(name="archive")
def _archive(tmp_path: Path) -> Path:
    path = tmp_path / "payload.zip"
    utils = COLLECTION / "plugins" / "module_utils"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(1, len(PACKAGE.split(".")) + 1):
            archive.writestr("/".join([*PACKAGE.split(".")[:number], "__init__.py"]), "")
        for file in utils.rglob("*.py"):
            archive.write(file, "/".join([*PACKAGE.split("."), *file.relative_to(utils).parts]))
    return path


def test_what_comes_in_an_archive_is_compiled_once(archive: Path) -> None:
    done = subprocess.run([sys.executable, "-I", "-c", PROGRAM, archive], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    folder = f"{archive}/{PACKAGE.replace('.', '/')}"
    counts = Counter(name for name in found["compiled"] if name.startswith(f"{folder}/_"))
    rooms = {name: count for name, count in counts.items() if not name.endswith(("/__init__.py", "/_archive.py"))}
    assert f"{folder}/_resources.py" in rooms
    assert set(rooms.values()) == {1}
    assert counts[f"{folder}/_plan/__init__.py"] == 1
    assert found["file"] == f"{folder}/_plan/_links.py"
    assert found["path"] == [f"{folder}/_kernel"]
    assert found["source"] == (COLLECTION / "plugins/module_utils/_plan/_links.py").read_text(encoding="utf-8")
