# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What links and namespaces are called in reasons."""

from __future__ import annotations

from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink


def link_title(link: FoundLink) -> str:
    """A link with where it is."""
    return "%s in namespace %s" % (link.name, link.netns) if link.netns else "%s on the host" % link.name


def namespace_title(netns: str) -> str:
    """A namespace, or the host."""
    return "namespace %s" % netns if netns else "the host"
