# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong options, and checks of error messages: one sentence, before the kernel is read."""

from __future__ import annotations

import re
from typing import Any, Iterable

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError, failure
from ansible_collections.nfv.vnet.plugins.module_utils._options._resource import title
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Values
from ansible_collections.nfv.vnet.tests.unit.plugins.module_utils.records import wanted

INTERNALS = re.compile(r"Traceback|KernelError|VnetError|NetlinkError|\bNone\b|[{}]|\n|\.\.$|\. \.")


def assert_sentence(sentence: str, words: Iterable[str]) -> None:
    """Checks that the message has these words, in any case, and nothing of the implementation."""
    missing = [word for word in words if word.lower() not in sentence.lower()]
    assert not missing, f"{missing} not in: {sentence}"
    assert not INTERNALS.search(sentence), sentence


def assert_refused(module: str, words: Iterable[str], check: bool = False, **params: Any) -> str:
    """Checks that the options are refused with a message that has these words."""
    with pytest.raises(VnetError) as caught:
        wanted(module, check, **params)
    sentence = str(failure(title(module, {"netns": "", **params}), caught.value)["msg"])
    assert_sentence(sentence, words)
    return sentence


def assert_refused_always(module: str, words: Iterable[str], **params: Any) -> None:
    """The same in check mode and in the real run."""
    assert assert_refused(module, words, check=True, **params) == assert_refused(module, words, **params)


def veth(**options: Any) -> Values:
    return {"name": "a", "peer": {"name": "b"}, **options}


def peer(**options: Any) -> Values:
    return {"name": "a", "peer": {"name": "b", **options}}


def tap(**options: Any) -> Values:
    return {"name": "t", "mode": "tap", **options}


def bridge(**options: Any) -> Values:
    return {"name": "br0", **options}


def netns(**options: Any) -> Values:
    return {"name": "red", **options}


BAD_NAMES = ["", "sixteen-bytes-xx", "ééééééé-ä", "a/b", "a:b", "a%d", "%", "a b", " a", "a\t", "a\n", "a\u2003b", "a\0", ".", "..", "br\udcff"]
