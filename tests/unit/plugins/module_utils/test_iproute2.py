# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of routing tables in files of iproute2."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils import _iproute2
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._options._words import table_of


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The folder of the package, and that of the administrator."""
    found = tmp_path / "usr", tmp_path / "etc"
    monkeypatch.setattr(_iproute2, "_FOLDERS", [str(folder) for folder in found])
    for folder in found:
        (folder / "rt_tables.d").mkdir(parents=True)
    return found


@pytest.mark.usefixtures("folders")
def test_without_files_there_are_the_tables_of_the_kernel() -> None:
    assert _iproute2.routing_tables() == {"default": 253, "main": 254, "local": 255}


def test_names_are_read_from_all_files(folders: tuple[Path, Path]) -> None:
    package, own = folders
    (package / "rt_tables").write_text("# reserved\n255\tlocal\n0 unspec\n\n7 old # a note\n")
    (own / "rt_tables").write_bytes(b"  0x10 uplink\nnot a line\n8 caf\xe9\n99999999999 long\n")
    (own / "rt_tables.d" / "vpn.conf").write_text("9 vpn\n70 old\n")
    (own / "rt_tables.d" / "README").write_text("10 no\n")
    found = _iproute2.routing_tables()
    assert {name: found[name] for name in ("local", "old", "uplink", "vpn")} == {"local": 255, "old": 70, "uplink": 16, "vpn": 9}
    assert not {"no", "long", "line"} & set(found)


def test_a_name_of_a_number_that_is_no_table_is_refused(folders: tuple[Path, Path]) -> None:
    (folders[1] / "rt_tables").write_text("0 unspec\n4294967296 big\n")
    for name, number in (("unspec", "0"), ("big", "4294967296")):
        with pytest.raises(VnetError, match=rf"^table: {number} is out of range"):
            table_of(name, ("table",))
