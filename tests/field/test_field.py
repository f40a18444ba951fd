# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks that others published, as declarations of a layout: built, tried with packets, and removed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import pytest
import yaml
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import TYPES, kernel_word
from features import needs
from kernel_kinds import needs_kind
from layouts import clear, counts, lay, records
from packets import reaches
from support import Values, difference, snapshot

FILES = sorted(Path(__file__).resolve().parent.glob("[0-9]*.yml"))
KEYS = {"source", "about", "lacks", "layout", "pings", "no_pings"}
AT_LEAST = 20
ANSWER = 20
"""How many seconds an answer may take: LACP, STP and the search for duplicate addresses come first."""
NEVER = 0.5
"""How long to wait for what must not come."""

of_each_file = pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])


def read(path: Path) -> Values:
    content: Values = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def ends(layout: Values) -> Iterator[Values]:
    """The links of a layout, and the far ends of veth pairs."""
    for link in layout["links"]:
        yield link
        if "peer" in link:
            yield link["peer"]


def needs_what(layout: Values) -> None:
    """Skips the test if the kernel lacks a kind of links or a feature of bridges that the layout has."""
    for link in layout["links"]:
        if "type" in link:
            needs_kind(kernel_word(TYPES[link["type"]].kernel, link))
    ports = [end["port"] for end in ends(layout) if "port" in end]
    used: List[Tuple[str, Any]] = [
        ("vlan_filtering", any(link.get("vlan_filtering") for link in layout["links"])),
        ("mcast_snooping", any("mdb" in link for link in layout["links"])),
        ("locked", any(port.get("locked") for port in ports)),
    ]
    needs(*[feature for feature, is_used in used if is_used])


def nothing_changes(layout: Values) -> None:
    """Whether the host is as the layout declares. A bond may still be choosing its port, so snapshots are not compared."""
    for check in (True, False):
        again = lay(check=check, **layout)
        assert (again["changed"], again["commands"]) == (False, [])
        assert again["diff"]["before"] == again["diff"]["after"]


@of_each_file
def test_a_network_of_the_field(path: Path, network: None) -> None:  # noqa: ARG001
    field = read(path)
    layout = field["layout"]
    needs_what(layout)
    before = snapshot()
    result = lay(**layout)
    assert result["changed"]
    assert counts(result, "created") == {"namespaces": len(layout["namespaces"]), "links": len(layout["links"])}
    nothing_changes(layout)
    for ping in field["pings"]:
        assert reaches(ping["from"], ping["to"], ANSWER), ping
    for ping in field.get("no_pings", []):
        assert not reaches(ping["from"], ping["to"], NEVER), ping
    nothing_changes(layout)  # what packets taught the kernel is no difference
    assert clear()["changed"]
    assert difference(before, snapshot()) == ""
    assert records() == {}


def test_there_are_enough_files() -> None:
    assert len(FILES) >= AT_LEAST


@of_each_file
def test_a_file_names_its_source(path: Path) -> None:
    field = read(path)
    assert set(field) <= KEYS
    source: Dict[str, str] = field["source"]
    assert set(source) == {"repository", "path"}
    assert source["repository"].count("/") == 1
    assert field["about"].endswith(".")
    assert all(isinstance(lack, str) for lack in field["lacks"])
    assert field["pings"]
    names = {namespace["name"] for namespace in field["layout"]["namespaces"]}
    assert all(set(ping) == {"from", "to"} and ping["from"] in names for ping in [*field["pings"], *field.get("no_pings", [])])


def test_no_two_files_have_the_same_source() -> None:
    sources = [tuple(read(path)["source"].values()) for path in FILES]
    assert len(set(sources)) == len(sources)
