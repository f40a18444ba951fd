# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program nfv-vnet on the target."""

from __future__ import annotations

import argparse
import difflib
import os
import shlex
import sys
from typing import TYPE_CHECKING, Dict, List, Optional, Sequence, TextIO, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._dependency import complaint
from ansible_collections.nfv.vnet.plugins.module_utils._errors import printable
from ansible_collections.nfv.vnet.plugins.module_utils._persistence._version import VERSION

if TYPE_CHECKING:
    from ansible_collections.nfv.vnet.plugins.module_utils._persistence._boot import Applied, Selection

_DIFFERENT = 1
_DESCRIPTION = "Links and network namespaces that are there again after a reboot: what the Ansible collection nfv.vnet has stored by persistent: true."


def main(arguments: Sequence[str]) -> int:
    """Runs the program. Returns its exit status, see nfv-vnet(8)."""
    options = _parser().parse_args(arguments)
    words = complaint()
    if words:
        return _fail(words, os.EX_UNAVAILABLE)
    from ansible_collections.nfv.vnet.plugins.module_utils._persistence._boot import UnknownNameError, selected

    try:
        return int(options.run(selected(options.names), options))
    except UnknownNameError as error:
        return _fail(str(error), os.EX_USAGE)
    except PermissionError as error:
        return _fail("%s cannot be read: %s; run it as root" % (error.filename, error.strerror), os.EX_NOPERM)
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _DIFFERENT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nfv-vnet", description=_DESCRIPTION)
    parser.add_argument("--version", action="version", version="nfv.vnet %s" % VERSION)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, run, text in (
        ("status", _status, "show what is stored, and where the host differs from it"),
        ("apply", _apply, "apply what is stored"),
        ("commands", _commands, "print the commands of ip, bridge, sysctl and nft that apply would run"),
    ):
        command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        command.add_argument("names", nargs="*", metavar="NAME", help="a link, namespace or layout; without it everything that is stored")
        command.set_defaults(run=run)
        if run is _apply:
            command.add_argument("--check", action="store_true", help="only say what would be changed")
    return parser


def _status(selection: Selection, _options: argparse.Namespace) -> int:
    from ansible_collections.nfv.vnet.plugins.module_utils._persistence._boot import predict_all

    different = False
    for applied in predict_all(selection):
        different |= applied.differs
        _warn(applied)
        if applied.error:
            _say(applied.error)
            continue
        _say("%s: %s" % (printable(applied.title), "differs" if applied.differs else "as stored"))
        for line in _difference(applied):
            _say("  " + printable(line))
    return _DIFFERENT if different else 0


def _difference(applied: Applied) -> List[str]:
    """What differs, as YAML with marks: of each item that differs all lines, C(-) before those of the host, C(+) before those that are stored."""
    from ansible_collections.nfv.vnet.plugins.module_utils._report import as_yaml

    lines = ["+ needs %s" % applied.waits_for] if applied.waits_for else []
    if applied.result and applied.wanted:
        before, after = (_items(as_yaml(applied.wanted, applied.result.before, host)) for host in (applied.result.before, applied.result.after))
        for title in dict.fromkeys([*before, *after]):
            if before.get(title) != after.get(title):
                marked = difflib.ndiff(before.get(title, []), after.get(title, []))
                lines += [line for line in marked if not line.startswith("?")]
    lines += ["+ %s up" % name for name in applied.ports]
    return lines + (["+ rules of %s" % applied.ruleset] if applied.ruleset else [])


def _items(text: str) -> Dict[Tuple[str, ...], List[str]]:
    """The items of the lists of a declaration in YAML: their lines, by what names them."""
    items: Dict[Tuple[str, ...], List[str]] = {}
    section = ""
    lines: List[str] = []
    for line in [*text.splitlines(), "end:"]:
        if line.startswith("  - ") or not line.startswith(" "):
            if lines:
                items[(section, *(one.strip(" -") for one in lines if one[:4] in ("  - ", "    ") and one[4:].startswith(("name:", "netns:"))))] = lines
            lines = []
        if line.startswith(" "):
            lines.append(line)
        else:
            section = line
    return items


def _apply(selection: Selection, options: argparse.Namespace) -> int:
    from ansible_collections.nfv.vnet.plugins.module_utils._persistence._boot import apply_all, predict_all

    status = 0
    for applied in predict_all(selection) if options.check else apply_all(selection):
        _warn(applied)
        if applied.error:
            _say(applied.error, sys.stderr)
        else:
            changed = "would be changed" if options.check else "changed"
            _say("%s: %s" % (printable(applied.title), changed if applied.differs else "unchanged"))
        if applied.error or (options.check and applied.differs):
            status = _DIFFERENT
    return status


def _commands(selection: Selection, _options: argparse.Namespace) -> int:
    from ansible_collections.nfv.vnet.plugins.module_utils._persistence._boot import predict_all

    failed = False
    for applied in predict_all(selection):
        _warn(applied)
        words = applied.error or (applied.waits_for and "%s: needs %s first" % (applied.title, applied.waits_for))
        if words:
            failed = True
            _say(words, sys.stderr)
        for command in applied.result.commands if applied.result else ():
            _say(command)
        for name in applied.ports:
            _say("ip link set dev %s up" % shlex.quote(name))
        if applied.ruleset:
            _say("nft -f %s" % applied.ruleset)
    return _DIFFERENT if failed else 0


def _say(text: str, stream: Optional[TextIO] = None) -> None:
    """Prints a line, by default to the standard output."""
    stream = stream or sys.stdout
    stream.write(text + "\n")
    stream.flush()


def _warn(applied: Applied) -> None:
    for warning in applied.warnings:
        _say("warning: %s" % warning, sys.stderr)


def _fail(words: str, status: int) -> int:
    _say("nfv-vnet: %s" % printable(words), sys.stderr)
    return status
