# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers as the headers of each processor have them."""

from __future__ import annotations

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._ioctl import encoding_of, request, request_with_int


@pytest.mark.parametrize(
    ("machine", "tunsetiff", "ns_get_nstype"),
    [
        ("x86_64", 0x400454CA, 0xB703),
        ("i686", 0x400454CA, 0xB703),
        ("aarch64", 0x400454CA, 0xB703),
        ("s390x", 0x400454CA, 0xB703),
        ("riscv64", 0x400454CA, 0xB703),
        ("ppc64le", 0x800454CA, 0x2000B703),
        ("mips64", 0x800454CA, 0x2000B703),
        ("sparc64", 0x800454CA, 0x2000B703),
        ("alpha", 0x800454CA, 0x2000B703),
    ],
)
def test_numbers_are_those_of_the_processor(machine: str, tunsetiff: int, ns_get_nstype: int) -> None:
    encoding = encoding_of(machine)
    assert request_with_int("T", 202, encoding) == tunsetiff
    assert request("\xb7", 3, encoding) == ns_get_nstype
