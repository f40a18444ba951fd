# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings under /proc/sys/net of links, which are those of a new link after a move, or without IPv6.

Sources: net/core/dev.c (__dev_change_net_namespace), net/ipv6/addrconf.c (addrconf_notify).
"""

from __future__ import annotations

from contextlib import suppress
from typing import Dict, List

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import is_too_small_for_ipv6
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _sysctl
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._namespaces import Namespaces
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Host, LinkId
from ansible_collections.nfv.vnet.plugins.module_utils._steps import MoveLink, SetLink, Step, link_of


class LinkSettings:
    """The settings of links that lose them, to restore them when the links are back."""

    def __init__(self, namespaces: Namespaces, before: Host) -> None:
        self._namespaces = namespaces
        self._before = before
        self._saved: Dict[LinkId, Dict[str, str]] = {}

    def save(self, steps: List[Step]) -> None:
        """Saves the settings of the links that lose them by the steps."""
        losing = {link_of(step) for step in steps if isinstance(step, MoveLink) or (isinstance(step, SetLink) and is_too_small_for_ipv6(step.values))}
        self._saved = {link: self._read(link) for link in losing & self._before.links.keys()}

    def restore(self) -> None:
        """Sets again what is not as before, as far as the kernel accepts it."""
        for link in self.missing():
            now = self._read(link)
            with self._namespaces.inside(link[0]):
                for path, value in self._saved[link].items():
                    if now.get(path) != value:
                        with suppress(KernelError):
                            _sysctl.write_path(path, value)

    def missing(self) -> List[LinkId]:
        """The links with a setting that is not as before."""
        return [link for link, saved in self._saved.items() if self._read(link) != saved]

    def _read(self, link: LinkId) -> Dict[str, str]:
        """The settings by path; none if the namespace or the link is gone."""
        with suppress(KernelError), self._namespaces.inside(link[0]):
            return _sysctl.read_link(link[1])
        return {}
