# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the guides of the documentation site as a reader would: guides.py FILE FOLDER.

A block with a caption is a file of that name. Each line of a console block that begins with a prompt is a command, and what follows is what it prints, where
C(...) stands for anything. Warnings and errors have no place of their own among the other lines. A block of tasks or plays without a caption is run as a
playbook. A comment before a block says otherwise: C(.. not run: REASON), or C(.. fails: REASON) if its commands are to fail. At the top of a page,
C(.. needs: WORDS) says what not every kernel or machine has, and C(.. hosts: COUNT) that its commands are for hosts that are reached over SSH.
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
_MESSAGE = re.compile(r"\[(?:WARNING|ERROR)\]")
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
    """A command, and the output that the page shows, '' if it shows none."""

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
    """The output of a page as a regular expression for all that the command printed."""
    lines = [r"(?:.*\n)*?" if line.strip() == "..." else re.escape(line.rstrip()).replace(r"\.\.\.", ".*") + r"[ ]*\n" for line in output.splitlines()]
    return "".join(lines)


def run(page: Path, folder: Path) -> None:
    """Runs the blocks of a page in order, in the folder. Exits at the first that does something else than the page says."""
    shared = [block for block in blocks(FIRST) if block.caption in SHARED]
    for block in [*shared, *blocks(page)]:
        if block.not_run or block.language == "text":
            continue
        if block.caption:
            _write(block, folder)
        elif block.language == "console":
            for command in commands(block.text):
                _run_command(page, block, command, folder)
        elif is_playbook(block):
            (folder / "block.yml").write_text(as_play(block.text), encoding="utf-8")
            _run_command(page, block, Command("ansible-playbook block.yml", ""), folder)
        else:
            sys.exit(f"{page.name}:{block.line} is neither a file nor commands nor tasks, and does not say why it is not run")


def _write(block: Block, folder: Path) -> None:
    """Writes the file of a block. The inventory of a page that has hosts of its own is that of the sandbox, with the same addresses."""
    file = (folder / block.caption).resolve()
    if folder.resolve() not in file.parents:
        sys.exit(f"{block.caption} is not below the folder of the page")
    file.parent.mkdir(parents=True, exist_ok=True)
    text = block.text
    if block.caption == "hosts.yml" and "INVENTORY" in os.environ:
        inventory = Path(os.environ["INVENTORY"]).read_text(encoding="utf-8")
        if "ansible_host" in text and _addresses(text) != _addresses(inventory):
            sys.exit(f"{block.caption} has the addresses {_addresses(text)}, the hosts have {_addresses(inventory)}")
        text = inventory
    file.write_text(text, encoding="utf-8")


def _addresses(inventory: str) -> list[str]:
    return sorted(str(host["ansible_host"]) for host in yaml.safe_load(inventory)["all"]["hosts"].values())


def as_play(text: str) -> str:
    """Tasks as a playbook."""
    if "hosts" in yaml.safe_load(text)[0]:
        return text
    return "- hosts: all\n  gather_facts: false\n  tasks:\n" + textwrap.indent(text, "    ")


def _run_command(page: Path, block: Block, command: Command, folder: Path) -> None:
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", command.line], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=_SECONDS
    )
    place = f"{page.name}:{block.line}: {command.line}\n{done.stdout}{done.stderr}\n"
    if (done.returncode != 0) != block.fails:
        sys.exit(f"{place}ended with status {done.returncode}")
    # Ansible writes warnings and errors on either stream, so they have no certain place among the other lines.
    expected, shown = _apart(command.output), _apart(f"{done.stdout}\n{done.stderr}")
    if "[WARNING]" in shown.messages and not expected.messages:
        sys.exit(f"{place}warned")
    for line in expected.messages.splitlines():
        if not re.search(as_pattern(line), shown.messages):
            sys.exit(f"{place}does not say: {line}")
    if command.output and not re.fullmatch(as_pattern(expected.others), _apart(done.stdout.rstrip("\n")).others):
        sys.exit(f"{place}is not what the page shows:\n{command.output}")


class _Lines(NamedTuple):
    """Warnings and errors, and all other lines."""

    messages: str
    others: str


def _apart(output: str) -> _Lines:
    lines: tuple[list[str], list[str]] = ([], [])
    for line in output.splitlines():
        lines[not _MESSAGE.match(line)].append(line + "\n")
    return _Lines(*map("".join, lines))


if __name__ == "__main__":
    os.umask(0o022)
    run(Path(sys.argv[1]), Path(sys.argv[2]))
