# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The nfv.vnet developers
"""What a release is checked for, and that the files for outsiders name what is there."""

from __future__ import annotations

import re
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest
from release import ENGINE, loaded, reasons

ROOT = Path(__file__).resolve().parents[2]
FOR_OUTSIDERS = [path for name in ("*.md", ".github/**/*.md", ".github/**/*.yml") for path in sorted(ROOT.glob(name))]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
PARTS = set(re.findall(r"^PARTS := (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)[0].split())


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """The files of version 1.2.3, right after its release."""
    contents = {
        "galaxy.yml": "version: 1.2.3\n",
        str(ENGINE): '"""The version."""\nVERSION = "1.2.3"\n',
        "changelogs/changelog.yaml": "releases:\n  1.2.3:\n    release_date: '2000-01-01'\n",
        "CHANGELOG.rst": "Release Notes\n\nv1.2.3\n======\n",
    }
    for name, content in contents.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    return tmp_path


def test_a_release_is_ready(released: Path) -> None:
    assert list(reasons(released, "1.2.3")) == []


def test_another_version_is_in_no_file(released: Path) -> None:
    assert [reason.split()[0] for reason in reasons(released, "1.2.4")] == ["galaxy.yml", str(ENGINE), "changelogs/changelog.yaml", "CHANGELOG.rst"]


def test_a_fragment_is_left_over(released: Path) -> None:
    (released / "changelogs" / "fragments").mkdir()
    (released / "changelogs" / "fragments" / "1-late.yml").touch()
    (reason,) = reasons(released, "1.2.3")
    assert reason.startswith("changelogs/fragments/1-late.yml")


@pytest.mark.parametrize("path", FOR_OUTSIDERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_target_of_make_exists(path: Path) -> None:
    used = re.findall(r"(?:`|run: |&& )make ([a-z-]+(?: [a-z-]+)*)", path.read_text(encoding="utf-8"))
    assert {word for words in used for word in words.split()} - TARGETS - PARTS == set()


def test_the_workflow_runs_every_part() -> None:
    jobs = loaded(ROOT / ".github" / "workflows" / "ci.yml")["jobs"]
    assert {*jobs["tests"]["strategy"]["matrix"]["part"], "lint"} == PARTS
    assert set(jobs["passed"]["needs"]) == set(jobs) - {"passed"}


def test_the_archive_holds_what_users_need() -> None:
    """What is new in the checkout is added here, or to build_ignore in galaxy.yml."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    ignored = loaded(ROOT / "galaxy.yml")["build_ignore"]
    kept = {name for name in tracked if name and not any(fnmatch(path, pattern) for path in above(name) for pattern in ignored)}
    expected = {"CHANGELOG.rst", "LICENSE", "README.md", "changelogs", "docs", "meta", "playbooks", "plugins", "roles", "tests"}
    assert {name.split("/")[0] for name in kept} == {*expected, "galaxy.yml"}
    assert {"/".join(name.split("/")[:2]) for name in kept if name.startswith("tests/")} == {"tests/integration", "tests/unit"}


def above(name: str) -> list[str]:
    """A path and the folders that it is in."""
    parts = name.split("/")
    return ["/".join(parts[: number + 1]) for number in range(len(parts))]
