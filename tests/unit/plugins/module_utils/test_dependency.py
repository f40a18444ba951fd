# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said where pyroute2 is missing or does not fit."""

from __future__ import annotations

from importlib.machinery import ModuleSpec
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils import _dependency
from ansible_collections.nfv.vnet.tests.unit.plugins.module_utils.refusals import assert_sentence


def package(folder: Path, *metadata: str) -> ModuleSpec:
    """A pyroute2 that is installed there."""
    (folder / "pyroute2").mkdir()
    for name in metadata:
        (folder / name).mkdir()
    return ModuleSpec("pyroute2", None, origin=str(folder / "pyroute2/__init__.py"))


PACKAGES = ["pyroute2", "0.7.2", "Debian", "Ubuntu", "python3-pyroute2", "Fedora", "EPEL", "pip"]


@pytest.mark.parametrize("spec", [None, ModuleSpec("pyroute2", None, origin=None)], ids=["nothing", "an empty folder"])
def test_where_pyroute2_is_missing_the_packages_are_named(monkeypatch: pytest.MonkeyPatch, spec: ModuleSpec | None) -> None:
    monkeypatch.setattr(_dependency, "find_spec", lambda _name: spec)
    assert_sentence(_dependency.complaint(), PACKAGES)


@pytest.mark.parametrize(
    ("metadata", "version"),
    [
        ("pyroute2-0.7.1.dist-info", "0.7.1"),
        ("pyroute2-0.5.14.egg-info", "0.5.14"),
        ("pyroute2-0.6.dist-info", "0.6"),
        ("pyroute2-0.7.1.post1.dist-info", "0.7.1"),
    ],
)
def test_where_pyroute2_is_too_old_its_version_is_named_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, metadata: str, version: str) -> None:
    monkeypatch.setattr(_dependency, "find_spec", lambda _name: package(tmp_path, metadata))
    assert_sentence(_dependency.complaint(), [*PACKAGES, f"version {version}", str(tmp_path)])


@pytest.mark.parametrize(
    "metadata",
    [
        ["pyroute2-0.7.2.dist-info"],
        ["pyroute2-0.7.10.dist-info"],
        ["pyroute2-0.9.2.post1.dist-info"],
        ["pyroute2-1.0-py3.11.egg-info"],
        ["pyroute2.core-0.6.1.dist-info", "pyroute2-0.9.7.dist-info"],
        [],
    ],
    ids=ascii,
)
def test_where_pyroute2_is_new_enough_or_does_not_say_there_is_no_complaint(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, metadata: list[str]) -> None:
    monkeypatch.setattr(_dependency, "find_spec", lambda _name: package(tmp_path, *metadata))
    assert _dependency.complaint() == ""


@pytest.mark.parametrize(("python", "found"), [((3, 8, 18), "0.9.1"), ((3, 8, 18), "0.9.2"), ((3, 8, 0), "1.0")])
def test_a_pyroute2_that_this_python_cannot_import_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, python: tuple[int, ...], found: str) -> None:
    monkeypatch.setattr(_dependency, "find_spec", lambda _name: package(tmp_path, f"pyroute2-{found}.dist-info"))
    monkeypatch.setattr(_dependency, "sys", SimpleNamespace(version_info=python))
    assert_sentence(_dependency.complaint(), [found, "Python 3.8", str(tmp_path), "pip install 'pyroute2<0.9'"])


@pytest.mark.parametrize(("python", "found"), [((3, 9, 0), "0.9.2"), ((3, 8, 18), "0.8.1"), ((3, 8, 18), "0.7.2")])
def test_one_that_it_can_import_is_good(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, python: tuple[int, ...], found: str) -> None:
    monkeypatch.setattr(_dependency, "find_spec", lambda _name: package(tmp_path, f"pyroute2-{found}.dist-info"))
    monkeypatch.setattr(_dependency, "sys", SimpleNamespace(version_info=python))
    assert _dependency.complaint() == ""
