# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._kernel._decode import place_of_device


@pytest.fixture
def buses(tmp_path: Path) -> str:
    """A virtio card on a PCI bus, as sysfs shows it."""
    card = tmp_path / "devices" / "pci0000:00" / "0000:00:03.0"
    (card / "virtio2").mkdir(parents=True)
    for bus in ("pci", "virtio"):
        (tmp_path / "bus" / bus / "devices").mkdir(parents=True)
    (card / "subsystem").symlink_to(tmp_path / "bus" / "pci")
    (tmp_path / "bus" / "virtio" / "devices" / "virtio2").symlink_to(card / "virtio2")
    return str(tmp_path / "bus")


@pytest.mark.parametrize(
    ("bus", "name", "path"),
    [
        ("pci", "0000:00:04.0", "pci-0000:00:04.0"),
        ("virtio", "virtio2", "pci-0000:00:03.0"),
        ("virtio", "virtio9", "virtio-virtio9"),
    ],
)
def test_where_a_card_is(bus: str, name: str, path: str, buses: str) -> None:
    assert place_of_device(bus, name, buses) == path
