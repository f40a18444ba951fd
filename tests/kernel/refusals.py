# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a refusal must be: one sentence, and a kernel that is as it was."""

from __future__ import annotations

from typing import Any, Iterable

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.tests.unit.plugins.module_utils.refusals import assert_sentence
from support import Values, resource, run, snapshot

FOLLOWS_THE_PORTS = (59, 60)
"""IFLA_TSO_MAX_SIZE and IFLA_TSO_MAX_SEGS of a bridge that had a port."""
FOLLOWS_THE_MAC = (10, 11)
"""IFLA_BR_ROOT_ID and IFLA_BR_BRIDGE_ID, which a bridge that never had a port has none of."""


def at_rest() -> Values:
    """The snapshot without what nobody can set back."""
    state = snapshot()
    for network in state.values():
        for link in network["links"] if isinstance(network, dict) else ():
            if link["kind"] == "bridge":
                for code in FOLLOWS_THE_PORTS:
                    link.pop(code, None)
                for code in FOLLOWS_THE_MAC:
                    link["data"].pop(code, None)
    return state


def refusal(module: str, check: bool = False, **params: Any) -> str:
    """The sentence with which the module fails, as the user reads it."""
    with pytest.raises(VnetError) as caught:
        run(module, check=check, **params)
    return str(caught.value)


def assert_refused(module: str, words: Iterable[str], check: bool = False, **params: Any) -> str:
    """The module fails with a sentence that has these words, and leaves the kernel alone."""
    before = at_rest()
    sentence = refusal(module, check, **params)
    assert at_rest() == before, f"the kernel was touched: {sentence}"
    assert_sentence(sentence, words)
    return sentence


def assert_refused_always(module: str, words: Iterable[str], **params: Any) -> None:
    """The same refusal in check mode and in the real run: it is found before anything is touched."""
    assert assert_refused(module, words, check=True, **params) == assert_refused(module, words, **params)


def assert_refused_by_the_kernel(module: str, words: Iterable[str], **params: Any) -> None:
    """What only the kernel can tell: the real run fails, and says that everything is as it was."""
    assert_refused(module, [*words, "as it was before"], **params)


def assert_planned_with_warning(module: str, words: Iterable[str], **params: Any) -> None:
    """What is missing may be the work of an earlier task: check mode plans on and warns, the real run refuses."""
    words = list(words)
    before = at_rest()
    result = run(module, check=True, **params)
    assert at_rest() == before
    assert result["changed"]
    assert result["commands"]
    assert resource(module, result)
    assert_sentence(" ".join(result["warnings"]), words)
    assert_refused(module, words, **params)
