# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program nfv-vnet on the target."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from typing import TYPE_CHECKING, List, Sequence

from ansible_collections.nfv.vnet.plugins.module_utils._dependency import complaint
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError, printable
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import sentences
from ansible_collections.nfv.vnet.plugins.module_utils._persistence._version import VERSION

if TYPE_CHECKING:
    from ansible_collections.nfv.vnet.plugins.module_utils._persistence._boot import Applied

_DIFFERENT = 1
_DESCRIPTION = "Links and network namespaces that are there again after a reboot: what the Ansible collection nfv.vnet has stored by persistent: true."


def main(arguments: Sequence[str]) -> int:
    """Runs the program. Returns its exit status, see nfv-vnet(8)."""
    parser = _parser()
    options = parser.parse_args(arguments)
    words = complaint()
    if words:
        return _fail("nfv-vnet: %s" % words, os.EX_UNAVAILABLE)
    try:
        with sentences():
            return int(options.run(options))
    except VnetError as error:
        return _fail("nfv-vnet: %s" % printable(str(error)), _DIFFERENT)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nfv-vnet", description=_DESCRIPTION)
    parser.add_argument("--version", action="version", version=VERSION)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, run, text in (
        ("status", _status, "show what is stored, and where the host differs from it"),
        ("apply", _apply, "apply what is stored"),
        ("commands", _commands, "print the commands of iproute2 for what apply would change"),
    ):
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        command.add_argument("names", nargs="*", metavar="NAME", help="a link, namespace or layout; without it everything that is stored")
        command.set_defaults(run=run)
        if run is _apply:
            command.add_argument("--check", action="store_true", help="only say what would be changed")
    return parser


def _status(options: argparse.Namespace) -> int:
    from ansible_collections.nfv.vnet.plugins.module_utils._persistence._boot import apply_all, selected

    different = False
    for applied in apply_all(selected(options.names), check_mode=True):
        different |= applied.differs
        _say(applied)
        if applied.error:
            continue
        print("%s: %s" % (printable(applied.title), "differs" if applied.differs else "as stored"))
        for line in _difference(applied):
            print("  " + printable(line))
    return _DIFFERENT if different else 0


def _difference(applied: Applied) -> List[str]:
    """The lines of YAML that the host has, with C(-), and that are stored, with C(+)."""
    from ansible_collections.nfv.vnet.plugins.module_utils._report import as_yaml

    lines = ["+ rules of nft: not as stored"] if applied.ruleset_differs else []
    if applied.result and applied.wanted:
        before, after = (as_yaml(applied.wanted, applied.result.before, host).splitlines() for host in (applied.result.before, applied.result.after))
        lines += [line for line in difflib.ndiff(before, after) if line[:1] in "+-"]
    return lines


def _apply(options: argparse.Namespace) -> int:
    from ansible_collections.nfv.vnet.plugins.module_utils._persistence._boot import apply_all, selected

    failed = False
    would = "would be changed" if options.check else "changed"
    for applied in apply_all(selected(options.names), options.check):
        _say(applied)
        if applied.error:
            failed = True
        else:
            print("%s: %s" % (printable(applied.title), would if applied.differs else "unchanged"), flush=True)
    return _DIFFERENT if failed else 0


def _commands(options: argparse.Namespace) -> int:
    from ansible_collections.nfv.vnet.plugins.module_utils._persistence._boot import apply_all, selected

    failed = False
    for applied in apply_all(selected(options.names), check_mode=True):
        _say(applied)
        failed |= bool(applied.error)
        for command in applied.result.commands if applied.result else ():
            print(command)
    return _DIFFERENT if failed else 0


def _say(applied: Applied) -> None:
    """Prints the warnings and the error of a declaration."""
    for warning in applied.warnings:
        print(printable("%s: %s" % (applied.title, warning)), file=sys.stderr)
    if applied.error:
        print(applied.error, file=sys.stderr, flush=True)


def _fail(words: str, status: int) -> int:
    print(words, file=sys.stderr, flush=True)
    return status
