# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of names and texts."""

from __future__ import annotations

import re
from typing import Optional

from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path, VnetError, quoted

_NO_LINK_NAME = "%s is not the name of a link: 1 to 15 bytes, no '/', ':', '%%' or white space, not '.', '..', 'all' or 'default'"
_NAMED = re.compile("^/(?:var/)?run/netns/([^/]+)$")


def namespace_name(netns: str) -> str:
    """The name of a namespace that is given by its path in /run/netns."""
    return _NAMED.sub(r"\1", netns)


def is_file_name(name: str) -> bool:
    """Whether it can be the name of a file without white space."""
    plain = name.isprintable() and " " not in name and "/" not in name
    return plain and name not in (".", "..") and 1 <= len(name.encode()) <= 255


def check_text(text: str, path: Path) -> None:
    """VnetError for a text that cannot be written as UTF-8, or that ends at a NUL byte."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise VnetError(path, "%s is not a text: it has surrogates without their other half" % quoted(text)) from None
    if "\0" in text:
        raise VnetError(path, "%s has a NUL byte" % quoted(text))


def check_link_name(name: str, path: Path) -> None:
    """VnetError unless it can be the name of a link: C(dev_valid_name) in net/core/dev.c."""
    if not is_file_name(name) or len(name.encode()) > 15 or ":" in name or "%" in name or name in ("all", "default"):
        raise VnetError(path, _NO_LINK_NAME % quoted(name))


def check_netns(netns: Optional[str], path: Path) -> None:
    """VnetError unless it can be a namespace: a name, an absolute path, or nothing."""
    if not netns:
        return
    root, *parts = netns.split("/")
    absolute = not root and parts and all(is_file_name(part) for part in parts)
    if not absolute and not is_file_name(netns):
        raise VnetError(path, "%s is neither the name of a namespace nor an absolute path without '..'" % quoted(netns))
