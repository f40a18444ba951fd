# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""systemd-networkd: which links it manages, and when it has dealt with one.

When a link leaves its bridge, the kernel sends RTM_DELLINK for AF_BRIDGE. systemd-networkd (252) takes that for the end of the link: it configures it
anew, and removes addresses and routes that it does not know.

Source: org.freedesktop.network1(5), AdministrativeState.
"""

from __future__ import annotations

import time
from contextlib import suppress

from ansible_collections.nfv.vnet.plugins.module_utils._kernel._programs import run_program

_OBJECT = "/org/freedesktop/network1/link/_3%d"
"""The first digit of the index is escaped, as a D-Bus path demands: sd_bus_path_encode(3)."""
_BEFORE_IT_CONFIGURES = ('"pending"', '"initialized"', '"linger"', "Unknown object")
_DEADLINE = 10.0
_PAUSE = 0.02
_ANSWERS = 2
"""It deals with one source of events after the other, so that the second answer comes after what the kernel had to say before the first."""


def manages(index: int) -> bool:
    """Whether it has said that it manages the link with this index; it may have ended since."""
    with suppress(OSError), open("/run/systemd/netif/links/%d" % index, encoding="utf-8") as file:
        return "ADMIN_STATE=unmanaged\n" not in file
    return False


def await_configuration(index: int) -> bool:
    """Waits until it has dealt with what the kernel says of a link, at most 10 seconds: until it has removed what it does not know.

    Returns whether it runs.
    """
    deadline = time.monotonic() + _DEADLINE
    answers = 0
    while answers < _ANSWERS and time.monotonic() < deadline:
        answer = _administrative_state(index)
        if any(state in answer for state in _BEFORE_IT_CONFIGURES):
            answers = 0
            time.sleep(_PAUSE)
        elif not answer.startswith("s "):  # busctl(1) says why it has no value
            return False
        else:
            answers += 1
    return True


def _administrative_state(index: int) -> str:
    """What it says, or why it does not."""
    target = ["org.freedesktop.network1", _OBJECT % index, "org.freedesktop.network1.Link", "AdministrativeState"]
    return run_program("busctl", "--system", "--auto-start=no", "get-property", *target).text
