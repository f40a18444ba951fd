# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot be done, as data: where in the options it is said, why, and what the kernel answered."""

from __future__ import annotations

import errno as codes
from typing import Dict, NamedTuple, Tuple, Union

Path = Tuple[Union[str, int], ...]
"""Where something stands in the options of a task: C(("links", 3, "peer", "netns")). Empty for the task as a whole."""


class Message(NamedTuple):
    """A warning: what it is about, and one sentence without the path."""

    path: Path
    text: str

    def __str__(self) -> str:
        return "%s: %s" % (joined(self.path), self.text) if self.path else self.text


class VnetError(Exception):
    """What cannot be done: one sentence without the path, and the kernel's errno or 0."""

    def __init__(self, path: Path, text: str, errno: int = 0) -> None:
        super().__init__(path, text, errno)
        self.path = path
        self.text = text
        self.errno = errno

    def __str__(self) -> str:
        return str(Message(self.path, self.text))


def joined(path: Path) -> str:
    """The path as people write it: C(links[3].peer.netns)."""
    return "".join("[%d]" % part if isinstance(part, int) else ".%s" % part for part in path).lstrip(".")


def failure(title: str, error: VnetError) -> Dict[str, object]:
    """What a module that fails returns. C(title): the module, and what it is about."""
    return {"msg": "%s: %s" % (title, error), "error": {"path": list(error.path), "errno": codes.errorcode.get(error.errno)}}
