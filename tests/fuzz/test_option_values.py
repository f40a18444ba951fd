# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever is the value of whatever option: it is taken, or refused in one clear sentence."""

from __future__ import annotations

import shutil
from typing import Protocol

import pytest
from entries import ENTRIES, OF_MODULES
from search import search, told

SHARE = {name: 2 if name in OF_MODULES else 1 for name in ENTRIES}
"""How the time is shared."""


class _Effort(Protocol):
    seed: int
    seconds: float
    most: int | None


@pytest.mark.filterwarnings("ignore")  # Ansible has Python read texts that look like dictionaries
@pytest.mark.parametrize("entry", ENTRIES)
def test_any_value_is_taken_or_refused_in_one_sentence(entry: str, effort: _Effort, capsys: pytest.CaptureFixture[str]) -> None:
    if entry == "svg" and not shutil.which("dot"):
        pytest.skip("graphviz")
    most = effort.most if effort.most is None or entry in OF_MODULES else effort.most // 10
    findings, counts = search(entry, effort.seed, effort.seconds * SHARE[entry] / sum(SHARE.values()), most)
    with capsys.disabled():
        print(f"\n{entry}: " + ", ".join(f"{number} {what}" for what, number in counts.items()))
    if findings:
        pytest.fail("\n\n".join(["faults:", *(told(finding, effort.seed) for finding in findings)]), pytrace=False)
    assert counts["taken"], "hardly anything was valid, so little was tried"
