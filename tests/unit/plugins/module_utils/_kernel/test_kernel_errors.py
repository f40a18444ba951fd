# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of the kernel as sentences."""

from __future__ import annotations

import errno

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._errors import KernelError, refusal


@pytest.mark.parametrize("code", [errno.EACCES, errno.EPERM])
def test_a_file_that_is_closed_to_a_user(code: int) -> None:
    text = refusal(OSError(code, "denied"), "/run/lock").text
    assert "become: true" in text
    assert "(/run/lock)" in text


def test_the_reason_of_the_kernel_replaces_the_usual_one() -> None:
    assert KernelError(errno.EPERM, "Cannot do that").text == "Operation not permitted (Cannot do that)"
