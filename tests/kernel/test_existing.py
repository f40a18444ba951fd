# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links that exist already: found by what they are, renamed, moved, and given back."""

from __future__ import annotations

from typing import Any, Dict, List

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from features import needs_program
from layouts import clear, counts, info, lay, mac, settled
from layouts import four_steps as laid_in_four_steps
from moments import Failing
from packets import attached
from support import difference, four_steps, ip, portable, private_network, resource, run, sh, snapshot

Values = Dict[str, Any]
MACS = ["02:00:00:00:00:11", "02:00:00:00:00:12"]
BY_MAC = [{"mac": address} for address in MACS]


@pytest.fixture(autouse=True)
def _cards() -> None:
    """Two links that somebody has made, and a namespace."""
    cards()


def cards() -> None:
    run("vnet_netns", name="red")
    for number, address in enumerate(MACS):
        run("vnet_veth", name=f"c{number}", mac=address, peer={"name": f"far{number}"})


def names(netns: str = "") -> List[str]:
    words = ["ip", *(["-n", netns] if netns else []), "-br", "link"]
    return sorted(line.split()[0].split("@")[0] for line in ip(*words).splitlines())


def test_a_link_is_renamed_with_all_that_it_has() -> None:
    run("vnet_veth", name="c0", addresses=["10.0.0.1/24", "2001:db8::1/64 nodad"], peer={"name": "far0"})
    sh("ip route add 10.9.0.0/16 via 10.0.0.9 dev c0", f"ip neigh add 10.0.0.9 lladdr {MACS[1]} dev c0 nud permanent")
    wanted: Values = {"name": "lan0", "match": BY_MAC[0]}
    result = four_steps("vnet_link", **wanted)
    assert resource("vnet_link", result)["addresses"] == ["10.0.0.1/24", "2001:db8::1/64 nodad"]
    assert "lan0" in ip("ip", "route", "show", "10.9.0.0/16")
    assert "PERMANENT" in ip("ip", "neighbour", "show", "dev", "lan0")
    assert not run("vnet_link", name="lan0")["changed"]
    assert names() == ["c1", "far0", "far1", "lan0", "lo"]


LABELLED = ["10.0.0.1/24 label c0:mgmt", "10.0.1.1/24", "10.0.0.2/24", "10.0.1.2/24 label c0:1"]
"""The kernel names the label of the first address after the link that is renamed, and appends numbers to others."""


def labels(dev: str) -> List[str]:
    return [
        line.split()[-1]
        for line in ip("ip", "-4", "-o", "address", "show", "dev", dev).replace("\\", "").replace("valid_lft forever preferred_lft forever", "").splitlines()
    ]


@pytest.mark.parametrize("addresses", [LABELLED, LABELLED[1:], LABELLED[3:], ["10.0.0.1/24", "10.0.0.2/24 label c0:1"]])
@pytest.mark.parametrize("name", ["lan0", "a-long-name-012"])
def test_labels_follow_the_name(addresses: List[str], name: str) -> None:
    run("vnet_veth", name="c0", addresses=addresses, peer={"name": "far0"})
    wanted: Values = {"name": name, "match": BY_MAC[0]}
    before, old = snapshot(), labels("c0")
    expected = [name + label[2:] if len(name + label[2:]) < 16 else name[: 15 - len(label[2:])] + label[2:] for label in old]
    laid_in_four_steps(links=[wanted])
    assert labels(name) == expected
    clear()
    assert not difference(before, snapshot())
    four_steps("vnet_link", **wanted)
    assert labels(name) == expected
    four_steps("vnet_link", name="c0", match=BY_MAC[0])
    assert not difference(before, snapshot())


def test_the_difference_says_where_a_link_was() -> None:
    wanted: Values = {"name": "lan0", "netns": "red", "match": BY_MAC[0], "mtu": 1400}
    diff = run("vnet_link", check=True, **wanted)["diff"]
    assert [[diff[when][name] for name in ("name", "netns", "mtu")] for when in ("before", "after")] == [["c0", "", 1500], ["lan0", "red", 1400]]
    diff = lay(check=True, links=[wanted])["diff"]
    assert diff == {
        "before": "links:\n  - name: c0\n    mtu: 1500\n    up: true\n",
        "after": "links:\n  - name: lan0\n    netns: red\n    mtu: 1400\n    up: true\n    layout: lab\n",
    }
    assert "name: c0" in lay(check=True, **ring())["diff"]["before"]


def test_a_link_is_found_by_an_alternative_name() -> None:
    run("vnet_link", name="c0", altnames=["office"])
    assert four_steps("vnet_link", name="lan0", match={"altname": "office"})["changed"]
    assert "lan0" in names()


def test_a_link_is_found_by_a_long_alternative_name() -> None:
    sh("ip link property add dev c0 altname enx020000000011withmore")
    assert four_steps("vnet_link", name="lan0", match={"altname": "enx020000000011withmore"})["changed"]


def test_a_link_gets_one_of_its_alternative_names() -> None:
    run("vnet_link", name="c0", altnames=["lan0"])
    before = snapshot()
    layout: Values = {"links": [{"name": "lan0", "match": BY_MAC[0]}]}
    laid_in_four_steps(**layout)
    settled(**layout)
    clear()
    assert not difference(before, snapshot())
    assert four_steps("vnet_link", name="lan0", match={"altname": "lan0"})["changed"]
    with pytest.raises(VnetError, match=r"altnames\[0\]: lan0 is the name of the link"):
        run("vnet_link", name="lan0", altnames=["lan0"])


def test_a_link_is_moved_and_back() -> None:
    wanted: Values = {"name": "eth0", "netns": "red", "match": BY_MAC[0], "addresses": ["10.0.0.1/24"], "routes": [{"to": "default", "via": "10.0.0.9"}]}
    result = four_steps("vnet_link", **wanted)
    assert result["commands"][0] == "ip link set dev c0 netns red name eth0"
    assert names("red") == ["eth0", "lo"]
    assert four_steps("vnet_link", name="c0", match=BY_MAC[0], from_netns="red")["changed"]
    assert names("red") == ["lo"]
    assert four_steps("vnet_link", name="c0", netns="red", from_netns="")["changed"]
    assert names("red") == ["c0", "lo"]


def test_a_link_without_match_is_not_moved() -> None:
    """What is named after a card of the host must not take that card away."""
    before = snapshot()
    with pytest.raises(VnetError, match=r"there is no link c0 in namespace red"):
        run("vnet_link", name="c0", netns="red")
    assert not difference(before, snapshot())


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (
            {"name": "x", "netns": "red", "match": {"mac": "02:00:00:00:00:99"}},
            r"match: there is no link with mac: 02:00:00:00:00:99 in namespace red or in the namespace that the module runs in; set from_netns",
        ),
        ({"name": "x", "match": {}}, r"match: empty"),
        ({"name": "c1", "match": BY_MAC[0]}, r"name: the name c1 is used by a veth"),
        ({"name": "lo", "match": BY_MAC[0]}, r"match: lo is the loopback link"),
        ({"name": "x", "match": {"name": "lo"}}, r"match: lo is the loopback link"),
        ({"name": "c1", "match": {"name": "c0"}}, r"match\.name: there is c0, and a link with the name c1, too"),
        ({"name": "x", "match": {"path": "pci-0000:00:03.0"}}, r"there is no link with path: pci"),
        ({"name": "x", "match": {"path": "pci 3\n"}}, r"match\.path: 'pci 3.*' is not the bus and device"),
        ({"name": "x", "match": {"path": "x" * 400}}, r"match\.path: 'x+.*' is not the bus and device"),
        ({"name": "x", "match": {"mac": "nonsense"}}, r"match\.mac: 'nonsense' is not a MAC address"),
    ],
)
def test_what_cannot_be_found_is_refused(wanted: Values, words: str) -> None:
    before = snapshot()
    with pytest.raises(VnetError, match=words):
        run("vnet_link", **wanted)
    assert not difference(before, snapshot())


def test_two_links_that_are_alike_are_refused() -> None:
    sh(f"ip link set dev c1 address {MACS[0]}")
    with pytest.raises(VnetError, match=r"match: c0 and c1 are both like that"):
        run("vnet_link", name="x", match=BY_MAC[0])


# Layouts


def test_a_link_that_two_items_match_is_refused() -> None:
    with pytest.raises(VnetError, match=r"links\[1\]\.match: c0 is the link of links\[0\], too"):
        lay(links=[{"name": "x", "match": BY_MAC[0]}, {"name": "y", "match": {"name": "c0"}}])


def ring() -> Values:
    return {"links": [{"name": "c1", "match": BY_MAC[0]}, {"name": "c0", "match": BY_MAC[1]}]}


def given_away(**more: Any) -> Values:
    return {
        "namespaces": [{"name": "blue"}],
        "links": [{"name": "eth0", "netns": "blue", "match": BY_MAC[0], "addresses": ["10.0.0.2/24"], "mtu": 1400, "altnames": ["inside"], **more}],
    }


def test_links_swap_their_names_and_get_them_back() -> None:
    run("vnet_veth", name="c0", addresses=["10.0.0.1/24"], peer={"name": "far0"})
    sh("ip route add 10.9.0.0/16 via 10.0.0.9 dev c0")
    before = snapshot()
    laid_in_four_steps(**ring())
    settled(**ring())
    assert MACS[0] in ip("ip", "link", "show", "c1")
    clear()
    assert not difference(before, snapshot())


@pytest.mark.parametrize(
    ("link", "macs"),
    [
        pytest.param({"name": "c0"}, MACS[::-1], id="one-by-name"),
        pytest.param({"name": "c1"}, MACS[::-1], id="other-by-name"),
        pytest.param({"name": "c0", "match": BY_MAC[1]}, MACS[::-1], id="it-stays"),
        pytest.param({"name": "c0", "match": BY_MAC[0]}, MACS, id="it-goes-back"),
        pytest.param({"name": "c1", "match": BY_MAC[1]}, MACS, id="other-goes-back"),
    ],
)
def test_one_of_two_that_have_swapped_their_names_is_not_declared_any_more(link: Values, macs: List[str]) -> None:
    """The other one gets its name back if that is free."""
    before = portable(snapshot())
    lay(links=[{"name": "c1", "match": BY_MAC[0]}, {"name": "c0", "match": BY_MAC[1]}])
    laid_in_four_steps(links=[link])
    there = {entry["name"]: entry.get("mac") for entry in info()["links"]}
    assert [there["c0"], there["c1"]] == macs
    if macs == MACS:
        clear()
        assert portable(snapshot()) == before


@pytest.mark.parametrize("link", [{"name": "e1", "match": {"mac": mac(2)}}, {"name": "e3"}, {"name": "e1", "match": {"mac": mac(1)}}], ids=str)
def test_one_of_three_that_have_exchanged_their_names_is_declared(link: Values) -> None:
    """The others get their names back as far as these are free, and keep theirs else."""
    sh(*(f"ip link add e{number} address {mac(number)} type veth peer name f{number}" for number in (1, 2, 3)))
    lay(links=[{"name": f"e{number}", "match": {"mac": mac(number % 3 + 1)}} for number in (1, 2, 3)])
    laid_in_four_steps(links=[link])
    assert {"e1", "e2", "e3"} <= set(names())


@pytest.mark.parametrize("place", [{"name": "lan0"}, {"name": "lan0", "netns": "red"}], ids=["renamed", "moved"])
def test_a_link_is_declared_by_the_name_that_it_had_before(place: Values) -> None:
    run("vnet_veth", name="c0", addresses=["10.0.0.1/24"], peer={"name": "far0"})
    sh("ip route add 198.51.100.0/24 via 10.0.0.9")
    before = portable(snapshot())
    lay(links=[{**place, "match": BY_MAC[0]}])
    laid_in_four_steps(links=[{"name": "c0", "addresses": ["10.0.0.1/24"], "routes": [{"to": "198.51.100.0/24", "via": "10.0.0.8"}]}])
    assert "via 10.0.0.8 dev c0" in ip("ip", "route")
    clear()
    assert portable(snapshot()) == before


def test_a_link_goes_home_when_its_namespace_goes() -> None:
    run("vnet_veth", name="c0", addresses=["10.0.0.1/24", "2001:db8::1/64 nodad"], altnames=["outside"], peer={"name": "far0"})
    run("vnet_bridge", name="br0")
    sh("ip link set dev c1 master br0", "bridge link set dev c1 cost 77")
    sh("ip route add 10.9.0.0/16 via 10.0.0.9 dev c0 proto 99", f"ip neigh add 10.0.0.9 lladdr {MACS[1]} dev c0 nud permanent")
    before = snapshot()
    layout = given_away()
    layout["links"].append({"name": "eth1", "netns": "blue", "match": BY_MAC[1]})
    laid_in_four_steps(**layout)
    settled(**layout)
    assert names("blue") == ["eth0", "eth1", "lo"]
    laid_in_four_steps(**given_away())
    assert "c1" in names()
    clear()
    assert not difference(before, snapshot())


def test_a_link_that_was_renamed_gets_back_all_that_it_had() -> None:
    """It loses this when it goes down, so it is added again, and is the link's own all the same."""
    run("vnet_veth", name="c0", addresses=["10.0.0.1/24", "10.0.0.2/24 label c0:1"], peer={"name": "far0"})
    sh(
        f"ip neigh add 10.0.0.9 lladdr {MACS[1]} dev c0 nud permanent",
        "ip route add 10.9.0.0/16 via 10.0.0.9 dev c0 proto 99",
        "ip route add 10.8.0.0/16 proto 99 nexthop via 10.0.0.8 dev c0 nexthop via 10.0.0.9 dev c0",
    )
    before = snapshot()
    layout: Values = {"links": [{"name": "lan0", "match": BY_MAC[0]}]}
    laid_in_four_steps(**layout)
    for route in ("10.9.0.0/16", "10.8.0.0/16"):
        assert "lan0" in ip("ip", "route", "show", route)
    settled(**layout)
    layout["links"][0].update(mtu=1400, addresses=["10.0.0.1/24"], purge_addresses=True, neighbours=[{"to": "10.0.0.9", "mac": MACS[0]}])
    laid_in_four_steps(**layout)
    clear()
    assert not difference(before, snapshot())


def test_a_route_that_the_layout_added_over_several_links_goes_with_it() -> None:
    run("vnet_veth", name="c0", addresses=["10.0.0.1/24"], peer={"name": "far0"})
    run("vnet_veth", name="c1", addresses=["10.1.0.1/24"], peer={"name": "far1"})
    before = snapshot()
    layout: Values = {"routes": [{"to": "10.9.0.0/16", "nexthops": [{"via": "10.0.0.9"}, {"via": "10.1.0.9"}]}], "links": [{"name": "c0"}]}
    lay(**layout)
    layout["links"] = [{"name": "lan0", "match": BY_MAC[0]}]
    lay(**layout)
    settled(**layout)
    assert "10.9.0.0/16" in ip("ip", "route")
    clear()
    assert not difference(before, snapshot())


def test_a_link_moves_on_to_another_namespace() -> None:
    before = snapshot()
    lay(**given_away())
    elsewhere = {**given_away(), "namespaces": [{"name": "green"}]}
    elsewhere["links"][0]["netns"] = "green"
    laid_in_four_steps(**elsewhere)
    settled(**elsewhere)
    assert names("green") == ["eth0", "lo"]
    clear()
    assert not difference(before, snapshot())


def test_home_is_taken() -> None:
    lay(**given_away())
    sh("ip link add c0 type veth peer name other")
    result = clear()
    assert any("goes home as eth0" in warning for warning in result["warnings"])
    assert MACS[0] in ip("ip", "link", "show", "eth0")


@pytest.mark.parametrize("layout", [ring, given_away], ids=["renamed", "moved"])
def test_a_failed_run_brings_links_back(layout: Any) -> None:
    run("vnet_veth", name="c0", addresses=[*LABELLED, "2001:db8::1/64 nodad"], altnames=["outside"], peer={"name": "far0"})
    sh("ip route add 10.9.0.0/16 via 10.0.0.9 dev c0 proto 99", f"ip neigh add 10.0.0.9 lladdr {MACS[1]} dev c0 nud permanent")
    with Failing(0) as counting:
        lay(**layout())
    clear()
    before = snapshot()
    for number in range(1, len(counting.steps) + 1):
        with pytest.raises(VnetError, match=r"The host is as it was before$"), Failing(number):
            lay(**layout())
        assert not difference(before, snapshot()), counting.steps[number - 1]
    lay(**layout())
    settled(**layout())


def test_the_commands_do_the_same() -> None:
    needs_program("ip")
    commands: List[str] = []
    with private_network():
        cards()
        run("vnet_veth", name="c0", addresses=LABELLED, peer={"name": "far0"})
        for layout in (ring(), given_away()):
            commands += lay(**layout)["commands"]
        commands += clear()["commands"]
        commands += lay(**given_away())["commands"]
        ours = portable(snapshot())
    with private_network():
        cards()
        run("vnet_veth", name="c0", addresses=LABELLED, peer={"name": "far0"})
        sh(*commands)
        assert not difference(portable(snapshot()), ours)


def test_info_shows_where_links_are() -> None:
    lay(**given_away())
    found = {(link["netns"], link["name"]): link for link in info()["links"]}
    assert (found["blue", "eth0"]["layout"], found["blue", "eth0"]["adopted"]) == ("lab", True)
    assert found["blue", "eth0"]["altnames"] == ["inside"]


def test_a_new_link_takes_over_the_alternative_names_of_the_one_that_it_replaces() -> None:
    first, second = ({"name": name, "mode": "tap", "altnames": [f"{name}-too"]} for name in ("t1", "t2"))
    laid_in_four_steps(links=[{"type": "tuntap", **first}])
    laid_in_four_steps(links=[{"type": "tuntap", **first, "multi_queue": True, "recreate": True}])
    four_steps("vnet_tuntap", **second)
    four_steps("vnet_tuntap", **second, multi_queue=True, recreate=True)


@pytest.mark.parametrize("mode", ["tun", "tap"])
def test_what_a_program_has_made_and_holds_is_configured(mode: str) -> None:
    """It is gone with the program, as nobody has asked for anything else."""
    with attached("vm0", mode):
        four_steps("vnet_link", name="vm0", addresses=["10.9.0.1/24"], up=True)
        run("vnet_link", name="vm0", addresses=[], purge_addresses=True, up=False)
        before = portable(snapshot())
        bridge: Values = {"type": "bridge", "name": "br0"}
        laid_in_four_steps(links=[bridge, {"name": "vm0", "mtu": 1400, **({"master": "br0"} if mode == "tap" else {})}])
        clear()
        assert not difference(before, portable(snapshot()))
        with pytest.raises(VnetError, match=r"persistent while a program holds it \(process id: \d+\); end the program first, or use vnet_link$"):
            run("vnet_tuntap", name="vm0", mode=mode)
    assert "vm0" not in names()


def test_an_end_is_counted_as_released_whatever_its_peer_is_called() -> None:
    lay(links=[{"name": "far0", "mtu": 1400}])
    assert counts(lay(links=[]), "released") == {"links": 1}


def test_a_moved_link_is_counted_as_adopted_and_released() -> None:
    adopted = lay(namespaces=["blue"], links=[{"name": "c0", "netns": "blue", "from_netns": ""}])
    assert (counts(adopted, "adopted"), counts(adopted, "changed")) == ({"links": 1}, {"links": 1})
    released = clear()
    assert (counts(released, "released"), counts(released, "removed")) == ({"links": 1}, {"namespaces": 1})
