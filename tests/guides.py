# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the guides of the documentation site as a reader would: guides.py FILE FOLDER.

A block with a caption is a file of that name. Each line of a console block that begins with a prompt is a command, and what follows is what it prints, where
C(...) stands for anything. A block of tasks or plays without a caption is run as a playbook. A comment before a block says otherwise: C(.. not run: REASON),
or C(.. fails: REASON) if its commands are to fail. At the top of a page, C(.. needs: WORDS) says what not every kernel has, and C(.. hosts: COUNT) that
its commands are for hosts that are reached over SSH.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Iterator, NamedTuple

import yaml

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "docsite" / "rst"
INDEX = ROOT / "docs" / "site" / "index.rst"
SHARED = ("ansible.cfg", "hosts.yml")
"""Files of the first guide that the others take for granted."""
FIRST = FOLDER / "guide_first_network.rst"
_BLOCK = re.compile(r"^\.\. code-block:: (\S+)\n((?:    :[^\n]*\n)*)\n((?:    [^\n]*\n|\n)+)", flags=re.MULTILINE)
_SECONDS = 240


class Block(NamedTuple):
    """A block of code of a page."""

    line: int
    language: str
    caption: str
    text: str
    not_run: str
    """Why it is not run, '' if it is."""
    fails: bool


class Command(NamedTuple):
    """A command, and the output that the page shows, '' for none."""

    line: str
    output: str


def pages() -> list[Path]:
    """The guides, and the first page of the site."""
    return [*sorted(FOLDER.glob("*.rst")), INDEX]


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        before = text[: found.start()].rstrip("\n").rpartition("\n")[2]
        caption = re.search(r":caption: (.*)", found[2])
        yield Block(
            text.count("\n", 0, found.start()) + 1,
            found[1],
            caption[1] if caption else "",
            textwrap.dedent(found[3]).strip("\n") + "\n",
            before[len(".. not run: ") :] if before.startswith(".. not run: ") else "",
            before.startswith(".. fails: "),
        )


def remark(page: Path, name: str) -> str:
    """What a comment of the page says, '' if there is none."""
    found = re.search(rf"^\.\. {name}: (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return found[1] if found else ""


def commands(text: str) -> Iterator[Command]:
    for found in re.finditer(r"^[$#] ((?:[^\n]*\\\n)*[^\n]*)\n((?:(?![$#] )[^\n]*(?:\n|$))*)", text, flags=re.MULTILINE):
        yield Command(found[1], found[2].strip("\n"))


def is_playbook(block: Block) -> bool:
    return block.language == "yaml" and not block.caption and isinstance(yaml.safe_load(block.text), list)


def as_pattern(output: str) -> str:
    """The output of a page as a regular expression that is found in what the command printed."""
    lines = [r"(?:.*\n)*?" if line.strip() == "..." else re.escape(line.rstrip()).replace(r"\.\.\.", ".*") + r"[ ]*\n" for line in output.splitlines()]
    return "^" + "".join(lines)


def run(page: Path, folder: Path) -> None:
    """Runs the blocks of a page in order, in the folder. Exits at the first that does something else than the page says."""
    shared = [block for block in blocks(FIRST) if block.caption in SHARED]
    for block in [*shared, *blocks(page)]:
        if block.not_run:
            continue
        if block.caption:
            file = folder / block.caption
            file.parent.mkdir(parents=True, exist_ok=True)
            inventory = os.environ.get("INVENTORY") if block.caption == "hosts.yml" else None
            file.write_text(Path(inventory).read_text(encoding="utf-8") if inventory else block.text, encoding="utf-8")
        elif block.language == "console":
            for command in commands(block.text):
                _run_command(page, block, command, folder)
        elif is_playbook(block):
            (folder / "block.yml").write_text(as_play(block.text), encoding="utf-8")
            _run_command(page, block, Command("ansible-playbook block.yml", ""), folder)


def as_play(text: str) -> str:
    """Tasks as a playbook."""
    if "hosts" in yaml.safe_load(text)[0]:
        return text
    return "- hosts: all\n  gather_facts: false\n  tasks:\n" + textwrap.indent(text, "    ")


def _run_command(page: Path, block: Block, command: Command, folder: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", command.line],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    place = f"{page.name}:{block.line}: {command.line}\n{done.stdout}\n"
    if (done.returncode != 0) != block.fails:
        sys.exit(f"{place}ended with status {done.returncode}")
    if "[WARNING]" in done.stdout and "[WARNING]" not in command.output:
        sys.exit(f"{place}warned")
    if not re.search(as_pattern(command.output), done.stdout + "\n", flags=re.MULTILINE):
        sys.exit(f"{place}is not what the page shows:\n{command.output}")


if __name__ == "__main__":
    os.umask(0o022)
    run(Path(sys.argv[1]), Path(sys.argv[2]))
