# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers within a range, and words that stand for some."""

from __future__ import annotations

import re

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path, VnetError, quoted

NUMBER = re.compile("[0-9]+")


def number_or_word(row: table.Attribute, text: str, path: Path) -> str:
    """A number in its shortest form, or one of the words of the type, also for the number that stands for one."""
    if text in row.type.words:
        return text
    if not NUMBER.fullmatch(text) or len(text) > 10:
        raise VnetError(path, "%s is neither a number nor %s" % (quoted(text), " or ".join(row.type.words) or "a word for one"))
    check_range(row, int(text), path)
    return str(row.type.decode(row.type.encode(text)))


def check_range(row: table.Attribute, value: float, path: Path) -> None:
    """VnetError if a number is not in the range of the attribute."""
    if row.low is not None and row.high is not None and not row.low <= value <= row.high:
        unit = " " + row.type.unit if row.type.unit else ""
        raise VnetError(path, "%s is out of range (%g to %s%s)" % (_plain(value), row.low, _plain(row.high), unit))


def _plain(number: float) -> str:
    return "%d" % number if float(number).is_integer() else "%g" % number
