# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of error messages: one sentence, and an unchanged kernel."""

from __future__ import annotations

from typing import Any, Iterable

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.tests.unit.plugins.module_utils.refusals import assert_sentence
from support import Values, resource, restorable, run, snapshot


def at_rest() -> Values:
    """A snapshot without values that nobody can restore."""
    return restorable(snapshot())


def refusal(module: str, check: bool = False, **params: Any) -> str:
    """The error message of the module as users see it."""
    with pytest.raises(VnetError) as caught:
        run(module, check=check, **params)
    return str(caught.value)


def assert_refused(module: str, words: Iterable[str], check: bool = False, **params: Any) -> str:
    """Checks that the module fails with a message that has these words, and that the kernel was not changed."""
    before = at_rest()
    sentence = refusal(module, check, **params)
    assert at_rest() == before, f"the kernel was touched: {sentence}"
    assert_sentence(sentence, words)
    return sentence


def assert_refused_always(module: str, words: Iterable[str], **params: Any) -> None:
    """Checks that check mode and the real run fail with the same message, before anything is changed."""
    assert assert_refused(module, words, check=True, **params) == assert_refused(module, words, **params)


def assert_refused_by_the_kernel(module: str, words: Iterable[str], **params: Any) -> None:
    """For errors that only the kernel detects: checks that the real run fails and everything is as it was."""
    assert_refused(module, [*words, "as it was before"], **params)


def assert_planned_with_warning(module: str, words: Iterable[str], **params: Any) -> None:
    """For missing resources that an earlier task may create: checks that check mode warns and continues, and that the real run fails."""
    words = list(words)
    before = at_rest()
    result = run(module, check=True, **params)
    assert at_rest() == before
    assert result["changed"]
    assert result["commands"]
    assert resource(module, result)
    assert_sentence(" ".join(result["warnings"]), words)
    assert_refused(module, words, **params)
