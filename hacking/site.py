#!/usr/bin/env python3
# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the documentation site without a network: hacking/site.py [--links].

The reference comes from the documentation of the modules, plugins and roles, the guides from docs/docsite/rst, the rest from docs/site. The result is in
.venv/site/html. Warnings are errors, and so are links within the site that lead nowhere, also those that Sphinx does not see as references. With --links
those to other sites are checked, too, which needs the network.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml
from pictures import ROLES, declaration

# isort: split
from ansible_collections.nfv.vnet.plugins.filter.svg import FilterModule  # the module pictures has found the collection

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / ".venv" / "site"
SOURCE, HTML = SITE / "rst", SITE / "html"
LISTS = {"modules": ["module"], "roles": ["role"], "plugins": ["become", "inventory", "filter"]}
"""Which pages of the reference each list on the site has."""
TITLE = re.compile(r"^nfv\.vnet\.(\w+) (\w+) -- (.*)$", flags=re.MULTILINE)
CONTENTS = re.compile(r"^\.\. contents::.*\n(?:   :.*\n)*", flags=re.MULTILINE)
"""The theme shows the contents of a page beside it."""
PICTURE = """.. container:: picture

    .. figure:: static/{0}.svg
        :alt: The network of the example of the role {0}

        {0}

"""
INDEX = ROOT / "docs" / "site" / "index.rst"
PROGRAMS = Path(sys.executable).parent
ENVIRONMENT = {**os.environ, "PATH": f"{PROGRAMS}:{os.environ['PATH']}", "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"), "LC_ALL": "C.UTF-8"}


def main() -> int:
    sources()
    run("sphinx-build", "-q", "-n", "-W", "--keep-going", "-b", "html", "-d", str(SITE / "doctrees"), "-c", str(ROOT / "docs" / "site"), str(SOURCE), str(HTML))
    lost = broken_links(HTML)
    print(*lost, sep="\n", end="\n" if lost else "")
    if not lost and "--links" in sys.argv:
        run("sphinx-build", "-q", "-b", "linkcheck", "-d", str(SITE / "doctrees"), "-c", str(ROOT / "docs" / "site"), str(SOURCE), str(SITE / "links"))
    if not lost:
        print(f"The site is in {HTML.relative_to(ROOT)}: {len(list(HTML.rglob('*.html')))} pages.")
    return 1 if lost else 0


def sources() -> None:
    """Puts everything that Sphinx reads into one folder."""
    shutil.rmtree(SITE, ignore_errors=True)
    SOURCE.mkdir(mode=0o700, parents=True)
    options = ["--use-current", "--squash-hierarchy", "--no-indexes", "--no-breadcrumbs", "--no-add-antsibull-docs-version", "--fail-on-error"]
    run("antsibull-docs", "collection", *options, "--dest-dir", str(SOURCE), "nfv.vnet")
    shutil.copytree(ROOT / "docs" / "site", SOURCE, dirs_exist_ok=True, ignore=shutil.ignore_patterns("conf.py", "__pycache__"))
    shutil.copytree(ROOT / "docs" / "docsite" / "rst", SOURCE / "docsite", dirs_exist_ok=True)
    shutil.copy(ROOT / "CHANGELOG.rst", SOURCE / "changelog.rst")
    for page in SOURCE.glob("*.rst"):
        page.write_text(CONTENTS.sub("", page.read_text(encoding="utf-8")), encoding="utf-8")
    for name, kinds in LISTS.items():
        (SOURCE / f"{name}.inc").write_text(list_of(kinds), encoding="utf-8")
    draw = FilterModule().filters()["svg"]
    (SOURCE / "static" / "layout.svg").write_text(draw(example_of_index()), encoding="utf-8")
    for role in ROLES:
        (SOURCE / "static" / f"{role}.svg").write_text(draw(declaration(role)), encoding="utf-8")
    (SOURCE / "pictures.inc").write_text("".join(map(PICTURE.format, ROLES)), encoding="utf-8")


def list_of(kinds: list[str]) -> str:
    """A table of the pages of these kinds with what each is about, and the same pages for the navigation by their names."""
    pages = sorted(page for kind in kinds for page in SOURCE.glob(f"*_{kind}.rst"))
    found = [match.groups() for page in pages if (match := TITLE.search(page.read_text(encoding="utf-8")))]
    rows = "".join(f"    * - :ref:`{name} <ansible_collections.nfv.vnet.{name}_{kind}>`\n      - {text}\n" for name, kind, text in found)
    entries = "".join(f"    {name} <{name}_{kind}>\n" for name, kind, _text in found)
    return f".. list-table::\n    :widths: 25 75\n\n{rows}\n.. toctree::\n    :hidden:\n\n{entries}"


def example_of_index() -> Any:
    """The declaration of the example on the first page."""
    (block,) = re.findall(r"^\.\. code-block:: yaml\n\n((?: +[^\n]*\n|\n)+)", INDEX.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (task,) = yaml.safe_load(block)
    return task["nfv.vnet.vnet_layout"]


def run(program: str, *arguments: str) -> None:
    done = subprocess.run([str(PROGRAMS / program), *arguments], cwd=ROOT, env=ENVIRONMENT, check=False)
    if done.returncode:
        sys.exit(done.returncode)


class Page(HTMLParser):
    """The links of a page, and the places in it that links can lead to."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = set()
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        found = dict(attrs)
        self.places.update(value for name in ("id", "name") if (value := found.get(name)))
        self.links.extend(value for name in ("href", "src") if (value := found.get(name)))


def broken_links(folder: Path) -> list[str]:
    """Links from page to page that lead nowhere, as PAGE: LINK."""
    pages = {file: Page(file) for file in sorted(folder.rglob("*.html"))}
    lost = []
    for file, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            known = pages.get(target)
            if not target.exists() or (parts.fragment and known and unquote(parts.fragment) not in known.places):
                lost.append(f"{file.relative_to(folder)}: {link}")
    return lost


if __name__ == "__main__":
    sys.exit(main())
