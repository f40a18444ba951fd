# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which link needs which other one."""

from __future__ import annotations

from typing import Dict, Iterator, List

from ansible_collections.nfv.vnet.plugins.module_utils._resources import Link, LinkId


def creation_order(wanted: Dict[LinkId, Link]) -> List[Link]:
    """The links, each behind the bridge that it is a port of: so a cable is made as a port."""
    ordered: Dict[LinkId, Link] = {}
    for link in wanted.values():
        for needed in _needed(link):
            if needed in wanted:
                ordered.setdefault(needed, wanted[needed])
        ordered.setdefault(link.id, link)
    return list(ordered.values())


def _needed(link: Link) -> Iterator[LinkId]:
    if link.master:
        yield link.netns, link.master
