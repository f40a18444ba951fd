# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is there again after a reboot: declarations that are stored on the target, and the program and unit that apply them."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any, Dict, Mapping, NamedTuple, Optional, Protocol, Sequence

STORE = "/etc/nfv-vnet"
MANAGER_FILES = "00-nfv-vnet-"
"""How the files begin that tell network managers which links to leave alone."""
MANAGER_FOLDERS = ("/run/systemd/network", "/run/NetworkManager/conf.d")


def is_used() -> bool:
    """Whether something is stored, or a network manager leaves links alone until the next reboot."""
    if os.access(STORE, os.R_OK | os.X_OK):
        return True
    for folder in MANAGER_FOLDERS:
        with suppress(OSError):
            if any(name.startswith(MANAGER_FILES) for name in os.listdir(folder)):
                return True
    return False


class Declared(Protocol):
    """A stored declaration."""

    @property
    def given(self) -> Dict[str, Any]:
        """The options without those that have their default."""


class Outcome(NamedTuple):
    """What a task did to the stored declarations, or would do. C(before), C(after): that of the resource, None for none."""

    changed: bool = False
    before: Optional[Declared] = None
    after: Optional[Declared] = None
    warnings: Sequence[str] = ()
    forgotten: Sequence[str] = ()
    """Other resources that are stored no more."""
    installs: bool = False
    """Whether the program and its unit are installed."""

    @property
    def difference(self) -> Mapping[str, Mapping[str, Any]]:
        """What a diff shows of it, before and after."""
        found: Dict[str, Dict[str, Any]] = {"before": {}, "after": {}}
        if self.before != self.after:
            found = {name: {"stored": stored.given} if stored else {} for name, stored in (("before", self.before), ("after", self.after))}
        if self.forgotten:
            found["before"]["also_stored"] = list(self.forgotten)
        if self.installs:
            found["after"]["nfv_vnet"] = "installed"
        return found
