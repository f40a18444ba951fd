# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors as data: the path of an option, a sentence, and the errno of the kernel."""

from __future__ import annotations

import errno as codes
import re
from types import MappingProxyType
from typing import Any, Dict, List, Mapping, NamedTuple, Tuple, Union

_ERRNO_NAMES = {**codes.errorcode, **{getattr(codes, name): name for name in ("EOPNOTSUPP", "EAGAIN", "EDEADLK")}}
"""Where two names have one number, the one in the manual pages of the kernel's interfaces."""
Path = Tuple[Union[str, int], ...]
"""The path of an option in the parameters of a task: C(("links", 3, "peer", "netns")). Empty for the whole task."""


class Message(NamedTuple):
    """A text about an option: its path, and one sentence without the path."""

    path: Path
    text: str

    def __str__(self) -> str:
        return "%s: %s" % (joined(self.path), self.text) if self.path else self.text


class VnetError(Exception):
    """Something that cannot be done: its path, one sentence without the path, and the errno of the kernel or 0."""

    def __init__(self, path: Path, text: str, errno: int = 0) -> None:
        super().__init__(path, text, errno)
        self.path = path
        self.text = text
        self.errno = errno
        self.warnings: List[Message] = []
        """What was to be said of the change that failed."""

    def __str__(self) -> str:
        return str(Message(self.path, self.text))


def printable(text: str) -> str:
    """A text without what a terminal would interpret: names in the kernel may have any bytes.

    Bytes that are not UTF-8, which C(surrogateescape) keeps, become C(\\xe9); control characters are escaped as in Python.
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in _as_utf8(text))


_LONGEST = 80
"""So much of a value is repeated in a message."""


def quoted(value: object) -> str:
    """A value of the user in quotes, as it can be repeated in messages."""
    text = ascii(value)
    return text if len(text) <= _LONGEST else "%s...%s" % (text[: _LONGEST - 10], text[-5:])


def shown(name: str) -> str:
    """A name as it can be shown in messages."""
    return name if name and name.isprintable() and len(name) <= _LONGEST else quoted(name)


def valid(value: object) -> Any:
    """A result with all texts as valid UTF-8: bytes that are not become C(\\xe9)."""
    if isinstance(value, dict):
        return {valid(key): valid(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [valid(entry) for entry in value]
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return _as_utf8(value)
    return value


def _as_utf8(text: str) -> str:
    """A text with bytes that are not UTF-8, and other surrogates, as C(\\xe9)."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()


def joined(path: Path) -> str:
    """The path as users write it: C(links[3].peer.netns)."""
    return "".join("[%d]" % part if isinstance(part, int) else ".%s" % shown(part) for part in path).lstrip(".")


NO_PARAMS: Mapping[str, object] = MappingProxyType({})


def full_message(title: str, message: Message, params: Mapping[str, object]) -> str:
    """A message as users read it: C(vnet_layout lab: links[3].peer.netns (v3): ...).

    C(title): the module and its resource. C(params): its parameters, which have the names of the items.
    """
    name = _item(message.path, params)
    if not name or re.search(r"(?<![\w.-])%s(?![\w-]|\.\w)" % re.escape(shown(name)), message.text):
        return printable("%s: %s" % (title, message))
    return printable("%s: %s (%s): %s" % (title, joined(message.path), shown(name), message.text))


def _item(path: Path, params: object) -> str:
    """The name of the first item on a path: C(v3) for C(("links", 3, "peer")); C('') if there is none."""
    for part in path:
        if isinstance(part, int):
            item = params[part] if isinstance(params, (list, tuple)) and part < len(params) else None
            name = item.get("name") if isinstance(item, Mapping) else None
            return name if isinstance(name, str) else ""
        params = params.get(part) if isinstance(params, Mapping) else None
    return ""


def failure(title: str, error: VnetError, params: Mapping[str, object] = NO_PARAMS) -> Dict[str, object]:
    """The result of a module that fails; C(title) and C(params) as in C(full_message)."""
    message = full_message(title, Message(error.path, error.text), params)
    return {"msg": message, "error": {"path": list(error.path), "errno": _ERRNO_NAMES.get(error.errno)}}
