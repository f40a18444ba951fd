# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The nfv.vnet developers
"""The ways to the modules: the release installed from its archive, under full and short names, and the checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from guides import FOLDER, blocks
from users import ROOT, User, tracked_files

SANDBOX = ROOT / "tests" / "sandbox"
MADE_BY_GALAXY = {"FILES.json", "MANIFEST.json"}
PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  module_defaults:
    group/nfv.vnet.vnet:
      name: br0
  tasks:
    - nfv.vnet.vnet_bridge:
    - nfv.vnet.vnet_bridge:
        name: br0
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release")
    build = [str(Path(sys.executable).with_name("ansible-galaxy")), "collection", "build", "--output-path", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    (file,) = folder.glob("nfv-vnet-*.tar.gz")
    return file


@pytest.fixture
def empty_folder(user: User, archive: Path) -> Path:
    """A folder without any settings, of a user who has installed the collection."""
    folder = user.home / "work"
    folder.mkdir()
    result = user.run("ansible-galaxy", "collection", "install", "--offline", archive, cwd=folder)
    assert result.returncode == 0, result.stderr
    return folder


def assert_builds_bridge(user: User, cwd: Path, command: str) -> str:
    """Return what the command said on its error output."""
    result = user.run(SANDBOX, "sh", "-c", f"{command} && test -d /sys/class/net/br0/bridge", cwd=cwd)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stderr


def test_full_name_after_installation(user: User, empty_folder: Path) -> None:
    assert_builds_bridge(user, empty_folder, "ansible localhost -m nfv.vnet.vnet_bridge -a 'name=br0'")


def test_playbook_after_installation(user: User, empty_folder: Path) -> None:
    (empty_folder / "playbook.yml").write_text(PLAYBOOK)
    assert_builds_bridge(user, empty_folder, "ansible-playbook playbook.yml")


def test_short_name_after_installation_with_the_settings_of_the_guide(user: User, empty_folder: Path) -> None:
    (settings,) = [block.text for block in blocks(FOLDER / "guide_modules.rst") if block.language == "ini"]
    (empty_folder / "ansible.cfg").write_text(settings)
    assert_builds_bridge(user, empty_folder, "ansible localhost -m vnet_bridge -a 'name=br0'")
    result = user.run(SANDBOX, "ansible", "localhost", "-m", "vnet_bridge", "-a", "name=br0 confirm_timeout=30", cwd=empty_folder)
    assert "only a new connection of ansible.builtin.ssh shows that the host can still be reached" in " ".join(result.stdout.split())


@pytest.mark.parametrize("name", ["vnet_bridge", "nfv.vnet.vnet_bridge"])
def test_in_the_checkout(user: User, name: str) -> None:
    assert assert_builds_bridge(user, ROOT, f"ansible localhost -m {name} -a 'name=br0'") == ""


def test_archive_holds_files_of_the_checkout_and_nothing_else(archive: Path) -> None:
    with tarfile.open(archive) as content:
        members = content.getmembers()
    assert all(member.isfile() or member.isdir() for member in members)
    files = {member.name for member in members if member.isfile()}
    assert files - MADE_BY_GALAXY <= set(tracked_files())
    assert not {name for name in files if name.startswith((".", "hacking/", "tests/packaging/", "tests/checkout/", "tests/fuzz/", "tests/matrix/"))}


def test_documents_of_the_archive_speak_of_no_file_that_it_lacks(archive: Path) -> None:
    with tarfile.open(archive) as content:
        names = set(content.getnames())
        texts = {name: content.extractfile(name) for name in names if name.endswith(".md")}
        lacking = []
        for name, file in texts.items():
            text = file.read().decode() if file else ""
            linked = {os.path.normpath(Path(name).parent / target) for target in re.findall(r"\]\((?![a-z]+:|#)([^)#]+)", text)}
            spoken = {word for word in re.findall(r"`([^`\s]+)`", text) if "/" in word[1:] and (ROOT / word).exists() and not word.startswith("/")}
            lacking += [f"{name}: {target}" for target in linked | spoken if target.rstrip("/") not in names]
    assert len(texts) > 5
    assert lacking == []
