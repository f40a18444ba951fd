# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Common code of the filters for pictures."""

from __future__ import annotations

from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError, quoted, shown
from ansible_collections.nfv.vnet.plugins.plugin_utils._fold import folded
from ansible_collections.nfv.vnet.plugins.plugin_utils._picture import Picture, picture

DIRECTIONS = ("LR", "TB")


def filter_of(name: str, render: Callable[[Picture, str], str]) -> Callable[..., str]:
    """Returns the filter for this format."""

    def draw(data: Any, fold: Any = 16, direction: str = "LR", **others: Any) -> str:
        if others:
            raise AnsibleFilterError("nfv.vnet.%s: there is no option %s; there are fold, direction" % (name, shown(min(others))))
        if isinstance(fold, bool) or not str(fold).isdecimal() or len(str(fold)) > 9:
            raise AnsibleFilterError("nfv.vnet.%s: fold: %s is not a number from 0 to 999999999" % (name, quoted(fold)))
        if direction not in DIRECTIONS:
            raise AnsibleFilterError("nfv.vnet.%s: direction: %s is none of %s" % (name, quoted(direction), ", ".join(DIRECTIONS)))
        try:
            return render(folded(picture(data), int(fold)), direction)
        except VnetError as error:
            raise AnsibleFilterError("nfv.vnet.%s: %s" % (name, error)) from None

    return draw
