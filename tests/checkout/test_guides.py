# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guides of the documentation site say is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml
from guides import FOLDER, INDEX, ROOT, blocks, commands, is_playbook, pages

LANGUAGES = {"console", "ini", "jinja", "sh", "text", "yaml"}
PLACEHOLDERS = re.compile(r"\b(?:NAME|ADDRESS|NUMBER|OPTION|REASON)\b")
TROUBLESHOOTING = FOLDER / "guide_troubleshooting.rst"


def quoted() -> list[str]:
    """The messages in the first column of the tables of the guide to troubleshooting."""
    rows = re.findall(r"^    \* - (.*)$", TROUBLESHOOTING.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [message for row in rows for message in re.findall(r"``(.*?)``", row)]


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """All texts of the plugins but docstrings."""
    found = []
    for path in [*(ROOT / "plugins" / "module_utils").rglob("*.py"), *(ROOT / "plugins" / "plugin_utils").rglob("*.py")]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        found += [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings]
    return found


@pytest.mark.parametrize("message", quoted())
def test_message_in_the_guide_is_one_that_users_see(message: str, texts: list[str]) -> None:
    pattern = re.compile(r"%[a-z]".join(re.escape(part) for part in PLACEHOLDERS.split(message)))
    assert any(pattern.search(text) for text in texts)


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.stem)
def test_every_block_is_run_or_says_why_not(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert text.count("code-block::") == len(list(blocks(page))), "not indented by four, or without an empty line"
    for block in blocks(page):
        place = f"{page.name}:{block.line}"
        assert block.language in LANGUAGES, place
        if block.not_run:
            continue
        assert block.language != "console" or list(commands(block.text)), f"{place} has no command"
        assert block.language == "console" or not block.fails, place
        assert block.language in ("console", "text") or block.caption or is_playbook(block), f"{place} is neither a file nor commands nor tasks"


def test_the_first_page_lists_the_guides_in_the_same_order() -> None:
    sections = yaml.safe_load((FOLDER.parent / "extra-docs.yml").read_text(encoding="utf-8"))["sections"]
    listed = re.findall(r"^    docsite/(\w+)$", INDEX.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert listed == [page for section in sections for page in section["toctree"]]


def test_the_list_of_guides_is_complete() -> None:
    sections = yaml.safe_load((FOLDER.parent / "extra-docs.yml").read_text(encoding="utf-8"))["sections"]
    assert sorted(page for section in sections for page in section["toctree"]) == [page.stem for page in pages() if page != INDEX]
