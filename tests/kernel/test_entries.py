# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists whose entries the kernel keeps one by one: alternative names, neighbours, forwarding and multicast databases, rules."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from features import needs, needs_program
from kernel_kinds import needs_kind
from layouts import clear, info, lay, settled
from layouts import four_steps as laid_in_four_steps
from moments import Failing
from support import difference, four_steps, ip, portable, private_network, resource, run, sh, snapshot

Values = Dict[str, Any]
MAC, OTHER_MAC = "02:00:00:00:00:11", "02:00:00:00:00:12"


def cable(**options: Any) -> Values:
    return {"name": "v0", "peer": {"name": "v1"}, **options}


CASES: Dict[str, Tuple[str, List[Any], List[Any]]] = {
    "altname": ("altnames", ["uplink0", "a-much-longer-name-than-fifteen"], ["uplink1"]),
    "neighbour": ("neighbours", [{"to": "10.0.0.9", "mac": MAC}, {"to": "2001:db8::9", "mac": MAC, "router": True}], [{"to": "10.0.0.9", "mac": OTHER_MAC}]),
    "proxy": ("neighbours", [{"to": "10.0.0.9", "proxy": True}, {"to": "2001:db8::9", "proxy": True}], [{"to": "10.0.0.8", "proxy": True}]),
    "learned": ("neighbours", [{"to": "10.0.0.9", "mac": MAC, "extern_learn": True}], [{"to": "10.0.0.9", "mac": MAC, "extern_learn": False}]),
}


@pytest.mark.parametrize("case", CASES)
def test_a_list_of_a_link_is_kept_and_purged(case: str) -> None:
    option, first, second = CASES[case]
    result = four_steps("vnet_veth", **cable(**{option: first}))
    assert len(resource("vnet_veth", result)[option]) == len(first)
    both = resource("vnet_veth", four_steps("vnet_veth", **cable(**{option: second})))[option]
    keys = {str(entry.get("to") if isinstance(entry, dict) else entry) for entry in [*first, *second]}
    assert len(both) == len(keys)
    assert four_steps("vnet_veth", **cable(**{option: second, f"purge_{option}": True}))["changed"] == (len(both) > len(second))
    emptied = resource("vnet_veth", four_steps("vnet_veth", **cable(**{option: [], f"purge_{option}": True})))
    assert emptied[option] == []


@pytest.mark.parametrize("case", CASES)
def test_the_commands_do_the_same(case: str) -> None:
    """Run by iproute2 on another host, the reported commands lead to the same state."""
    needs_program("ip")
    option, first, second = CASES[case]
    fixed = {"mac": "02:00:00:00:00:01", "peer": {"name": "v1", "mac": "02:00:00:00:00:02"}}
    commands: List[str] = []
    with private_network():
        for given in (first, second):
            commands += run("vnet_veth", **{**cable(**{option: given, f"purge_{option}": True}), **fixed})["commands"]
        ours = portable(snapshot())
    with private_network():
        sh(*commands)
        assert not difference(portable(snapshot()), ours)


def test_a_permanent_neighbour_is_there_again_after_the_link_was_down() -> None:
    """The kernel drops all neighbours of a link that goes down."""
    wanted = cable(neighbours=[{"to": "10.0.0.9", "mac": MAC}])
    run("vnet_veth", **wanted)
    run("vnet_veth", **{**wanted, "up": False, "neighbours": None})
    assert four_steps("vnet_veth", **wanted)["changed"]
    sh("ip link set dev v0 down", "ip link set dev v0 up")
    assert resource("vnet_veth", four_steps("vnet_veth", **wanted))["neighbours"] == [{"to": "10.0.0.9", "mac": MAC}]


def bridge(**options: Any) -> Values:
    return {"name": "br0", "ports": ["v0"], **options}


def test_entries_of_a_port_and_of_its_bridge() -> None:
    run("vnet_veth", **cable())
    run("vnet_bridge", **bridge())
    fdb = [{"mac": MAC}, {"mac": OTHER_MAC, "sticky": True}]
    assert resource("vnet_veth", four_steps("vnet_veth", **cable(fdb=fdb, purge_fdb=True)))["fdb"] == [
        {"mac": MAC},
        {"mac": OTHER_MAC, "sticky": True},
    ]
    own = [{"mac": "02:00:00:00:00:21"}]
    assert resource("vnet_bridge", four_steps("vnet_bridge", **bridge(fdb=own, purge_fdb=True)))["fdb"] == [{"mac": "02:00:00:00:00:21", "local": True}]
    assert "static" in ip("bridge", "fdb", "show", "dev", "v0")
    assert resource("vnet_veth", four_steps("vnet_veth", **cable(fdb=[{"mac": MAC, "local": True}], purge_fdb=True)))["fdb"] == [{"mac": MAC, "local": True}]
    learned = [{"mac": MAC, "extern_learn": True}]
    assert resource("vnet_veth", four_steps("vnet_veth", **cable(fdb=learned, purge_fdb=True)))["fdb"] == learned
    assert resource("vnet_veth", four_steps("vnet_veth", **cable(fdb=[], purge_fdb=True)))["fdb"] == []


def test_flood_list_of_a_vxlan_link() -> None:
    """Several other ends for unknown destinations, one for a known one; the remote address is the kernel's own entry."""
    needs_kind("vxlan")
    everybody = "00:00:00:00:00:00"
    fdb = [{"mac": everybody, "dst": "10.0.0.2"}, {"mac": everybody, "dst": "10.0.0.3", "port": 8472, "vni": 7}, {"mac": MAC, "dst": "10.0.0.3"}]
    vxlan: Values = {"name": "vx0", "id": 5, "remote": "10.0.0.9"}
    assert resource("vnet_vxlan", four_steps("vnet_vxlan", **vxlan, fdb=fdb, purge_fdb=True))["fdb"] == [
        {"mac": everybody, "dst": "10.0.0.2"},
        {"mac": everybody, "dst": "10.0.0.3", "port": 8472, "vni": 7},
        {"mac": MAC, "dst": "10.0.0.3"},
    ]
    moved = [{"mac": MAC, "dst": "10.0.0.2"}]
    assert resource("vnet_vxlan", four_steps("vnet_vxlan", **vxlan, fdb=moved, purge_fdb=True))["fdb"] == moved
    assert "10.0.0.9" in ip("bridge", "fdb", "show", "dev", "vx0")
    entry = {"mac": everybody, "dst": "ff02::1", "via": "v0"}
    run("vnet_veth", **cable())
    six: Values = {"name": "vx6", "id": 6, "local": "2001:db8::1"}
    with pytest.raises(VnetError, match=r"fdb\[0\]\.dst: .*unicast"):
        run("vnet_vxlan", **six, fdb=[entry])
    assert resource("vnet_vxlan", four_steps("vnet_vxlan", **six, fdb=[{**entry, "dst": "2001:db8::2"}]))["fdb"] == [{**entry, "dst": "2001:db8::2"}]


def test_a_mac_address_of_a_vxlan_link_is_at_one_end() -> None:
    needs_kind("vxlan")
    vxlan: Values = {"name": "vx0", "id": 5, "dstport": 4789}
    run("vnet_vxlan", **vxlan, fdb=[{"mac": MAC, "dst": "10.0.0.2"}])
    before = snapshot()
    same = [{"mac": MAC, "dst": "10.0.0.2", "port": 4789, "vni": 5}]
    assert not four_steps("vnet_vxlan", **vxlan, fdb=same)["changed"]
    moved: Values = {"links": [{"type": "vxlan", **vxlan, "fdb": [{"mac": MAC, "dst": "10.0.0.3"}], "purge_fdb": False}]}
    laid_in_four_steps(**moved)
    assert "10.0.0.2" not in ip("bridge", "fdb", "show", "dev", "vx0")
    clear()
    assert not difference(before, snapshot())
    with pytest.raises(VnetError, match=r"fdb\[1\]: 02:.* is listed twice"):
        run("vnet_vxlan", **vxlan, fdb=[{"mac": MAC, "dst": "10.0.0.2"}, {"mac": MAC, "dst": "10.0.0.3"}])


def test_a_multicast_group_of_the_bridge_itself() -> None:
    needs("mcast_snooping")
    run("vnet_veth", **cable())
    group = {"group": "239.1.1.1", "port": "br0", "permanent": False}
    assert resource("vnet_bridge", four_steps("vnet_bridge", **bridge(mdb=[group])))["mdb"] == [group]
    with pytest.raises(VnetError, match=r"mdb\[0\]\.permanent: an entry of the bridge itself is never permanent"):
        run("vnet_bridge", **bridge(mdb=[{**group, "permanent": True}]))


def test_multicast_groups_of_a_bridge_that_filters_vlans() -> None:
    needs("mcast_snooping")
    needs("vlan_filtering")
    run("vnet_veth", **cable())
    group = {"group": "239.1.1.1", "port": "v0"}
    with pytest.raises(VnetError, match=r"mdb\[0\]\.vid: missing; the bridge filters VLANs"):
        run("vnet_bridge", **bridge(vlan_filtering=True, mdb=[group]))
    four_steps("vnet_bridge", **bridge(vlan_filtering=True, mdb=[{**group, "vid": 1}]))
    run("vnet_bridge", **bridge(vlan_filtering=False, mdb=[], purge_mdb=True))
    four_steps("vnet_veth", **cable(fdb=[{"mac": MAC, "vlan": 1}]))  # the kernel takes it, as the port has the VLAN


def test_multicast_groups_of_a_bridge() -> None:
    needs("mcast_snooping")
    run("vnet_veth", **cable())
    groups: List[Values] = [
        {"group": "239.1.1.1", "port": "v0"},
        {"group": "ff15::1", "port": "v0"},
        {"group": "239.1.1.2", "port": "v0", "source": "10.0.0.1"},
    ]
    assert len(resource("vnet_bridge", four_steps("vnet_bridge", **bridge(mdb=groups)))["mdb"]) == len(groups)
    assert resource("vnet_bridge", four_steps("vnet_bridge", **bridge(mdb=groups[:1], purge_mdb=True)))["mdb"] == groups[:1]
    assert resource("vnet_bridge", four_steps("vnet_bridge", **bridge(mdb=[], purge_mdb=True)))["mdb"] == []


RULES: List[Values] = [
    {"priority": 100, "from": "10.1.0.0/16", "table": "100"},
    {"priority": 100, "from": "10.2.0.0/16", "table": "100"},
    {"priority": 101, "to": "2001:db8::/32", "table": "3000000"},
    {"priority": 102, "iif": "v0", "fwmark": "0x10/0xff", "tos": 16, "type": "blackhole"},
    {"priority": 103, "family": "ipv6", "oif": "v1", "type": "unreachable"},
    {"priority": 104, "ipproto": "tcp", "sport": "1000-2000", "dport": 443, "type": "prohibit"},
    {"priority": 105, "uidrange": "1000-1999", "fwmark": "7", "table": "main", "suppress_prefixlength": 0},
    {"priority": 106, "invert": True, "from": "192.0.2.1", "type": "goto", "goto": 32766},
    {"priority": 107, "l3mdev": True},
    {"priority": 108, "uidrange": "1000", "protocol": "bird"},
]


def test_rules_of_a_namespace() -> None:
    first = resource("vnet_netns", four_steps("vnet_netns", name="red", rules=RULES))["rules"]
    assert len(first) == len(RULES)
    assert first[0] == {"priority": 100, "family": "ipv4", "from": "10.1.0.0/16", "table": 100}
    assert not four_steps("vnet_netns", name="red", rules=RULES, purge_rules=True)["changed"]
    left = four_steps("vnet_netns", name="red", rules=RULES[2:3], purge_rules=True)
    assert resource("vnet_netns", left)["rules"] == [{"priority": 101, "family": "ipv6", "to": "2001:db8::/32", "table": 3000000}]
    assert resource("vnet_netns", four_steps("vnet_netns", name="red", rules=[], purge_rules=True))["rules"] == []
    needs_program("ip")
    assert len(ip("ip", "-n", "red", "rule").splitlines()) == len(("local", "main", "default"))


def test_info_says_which_rules_cannot_be_declared() -> None:
    run("vnet_netns", name="red", rules=RULES[:1])
    sh("ip -n red rule add from 10.0.0.0/8 priority 90 lookup 9 realms 4", "ip -n red -6 rule add priority 91 lookup 9 suppress_ifgroup 3")
    lacks = [lack for lack in info()["declaration_lacks"] if "rule" in lack["what"]]
    assert lacks == [{"netns": "red", "link": "lo", "what": what, "declared": False} for what in ("rule with priority 90", "IPv6 rule with priority 91")]
    assert not run("vnet_netns", name="red", rules=RULES[:1], purge_rules=True)["changed"]


def test_the_commands_for_rules_do_the_same() -> None:
    needs_program("ip")
    commands: List[str] = []
    with private_network():
        for rules in (RULES, RULES[:3]):
            commands += run("vnet_netns", name="red", rules=rules, purge_rules=True)["commands"]
        ours = portable(snapshot())
    with private_network():
        sh(*commands)
        assert not difference(portable(snapshot()), ours)


@pytest.mark.parametrize(
    ("module", "given", "sentence"),
    [
        ("vnet_veth", {"neighbours": [{"to": "10.0.0.9"}]}, r"neighbours\[0\]\.mac: missing"),
        ("vnet_veth", {"neighbours": [{"to": "10.0.0.9", "mac": MAC, "proxy": True}]}, r"neighbours\[0\]\.mac: a proxy entry"),
        (
            "vnet_veth",
            {"neighbours": [{"to": "10.0.0.9", "mac": MAC}] * 2 + [{"to": "10.0.0.9", "mac": OTHER_MAC}]},
            r"neighbours\[2\]: 10\.0\.0\.9.* is listed twice",
        ),
        ("vnet_veth", {"neighbours": [{"to": "224.0.0.1", "mac": MAC}]}, r"neighbours\[0\]\.to: .*not a unicast"),
        ("vnet_veth", {"fdb": [{"mac": MAC, "vni": 4}]}, r"fdb\[0\]\.vni: it is for entries with dst"),
        ("vnet_veth", {"fdb": [{"mac": MAC, "dst": "10.0.0.1", "sticky": True}]}, r"fdb\[0\]\.sticky: it is for entries without dst"),
        ("vnet_veth", {"fdb": [{"mac": MAC}]}, r"fdb\[0\]\.mac: v0 is no port of a bridge; set master"),
        ("vnet_veth", {"fdb": [{"mac": MAC, "dst": "10.0.0.1"}]}, r"fdb\[0\]\.dst: v0 is not a VXLAN link"),
        ("vnet_veth", {"altnames": ["a/b"]}, r"altnames\[0\]\.name: 'a/b' is not an alternative name"),
        (
            "vnet_veth",
            {"mtu": 1000, "neighbours": [{"to": "2001:db8::9", "mac": MAC}]},
            r"neighbours\[0\]: an MTU of 1000 is too small for the entry 2001:db8::9",
        ),
        (
            "vnet_veth",
            {"disable_ipv6": True, "neighbours": [{"to": "10.0.0.9", "mac": MAC}, {"to": "2001:db8::9", "mac": MAC}]},
            r"neighbours\[1\]: disable_ipv6 is true, so the link cannot have the entry 2001:db8::9",
        ),
        ("vnet_netns", {"rules": [{"priority": 1, "from": "10.0.0.1/8"}]}, r"rules\[0\]\.from: 10\.0\.0\.1/8 has host bits"),
        ("vnet_netns", {"rules": [{"priority": 1, "protocol": "dhcp"}]}, r"rules\[0\]\.protocol: dhcp is for what others manage"),
        ("vnet_netns", {"rules": [{"priority": 1, "from": "10.0.0.0/8", "to": "2001:db8::1"}]}, r"rules\[0\]\.to: .* family"),
        ("vnet_netns", {"rules": [{"priority": 1, "type": "goto"}]}, r"rules\[0\]\.goto: missing"),
        ("vnet_netns", {"rules": [{"priority": 9, "type": "goto", "goto": 9}]}, r"rules\[0\]\.goto: 9 is not behind"),
        ("vnet_netns", {"rules": [{"priority": 1, "type": "blackhole", "table": 5}]}, r"rules\[0\]\.table: it is for type: lookup"),
        ("vnet_netns", {"rules": [{"priority": 1, "table": "nonsense"}]}, r"rules\[0\]\.table: 'nonsense' is neither"),
        ("vnet_netns", {"rules": [{"priority": 1, "dport": "90-80"}]}, r"rules\[0\]\.dport: 90-80 is in the wrong order"),
        ("vnet_netns", {"rules": [{"priority": 1, "fwmark": "0x1ffffffff"}]}, r"rules\[0\]\.fwmark: "),
    ],
)
def test_refusals(module: str, given: Values, sentence: str) -> None:
    run("vnet_netns", name="red")
    before = snapshot()
    names: Values = cable() if module == "vnet_veth" else {"name": "red"}
    with pytest.raises(VnetError, match=sentence):
        run(module, **names, **given)
    assert not difference(before, snapshot())


def test_an_entry_that_names_a_missing_link_is_refused() -> None:
    needs("mcast_snooping")
    run("vnet_bridge", name="br0")
    with pytest.raises(VnetError, match=r"mdb\[0\]\.port: there is no link nowhere"):
        run("vnet_bridge", name="br0", mdb=[{"group": "239.1.1.1", "port": "nowhere"}])


# Layouts


def whole_layout() -> Values:
    near: Values = {
        "type": "veth",
        "name": "v0",
        "neighbours": [{"to": "10.0.0.2", "mac": MAC}],
        "peer": {"name": "v1", "netns": "red", "altnames": ["uplink0"]},
    }
    return {
        "namespaces": [{"name": "red", "rules": RULES[:2]}],
        "links": [near, {"type": "veth", "name": "p0", "fdb": [{"mac": MAC}], "master": "br0", "peer": {"name": "p1"}}, {"type": "bridge", "name": "br0"}],
        "rules": [{"priority": 200, "to": "10.9.0.0/16", "table": 100}],
        "routes": [{"to": "10.9.0.0/16", "type": "blackhole", "table": 100}],
    }


def test_a_layout_has_lists_and_takes_them_back() -> None:
    run("vnet_netns", name="other")
    before = snapshot()
    laid_in_four_steps(**whole_layout())
    settled(**whole_layout())
    assert laid_in_four_steps(**{**whole_layout(), "rules": [], "routes": []})["changed"]
    assert laid_in_four_steps(**whole_layout())["changed"]
    clear()
    assert not difference(before, snapshot())


def test_a_layout_restores_the_lists_of_what_it_adopted() -> None:
    """Entries that it added go, those that it removed or replaced are there again, those of others stay."""
    there = [{"to": "10.0.0.2", "mac": MAC}, {"to": "10.0.0.3", "mac": MAC}, {"to": "10.0.0.4", "mac": MAC}]
    run("vnet_veth", **cable(neighbours=there, altnames=["uplink0"]))
    run("vnet_netns", name="red")
    sh("ip -n red rule add priority 100 from 10.1.0.0/16 lookup 100", "ip rule add priority 50 from 10.8.0.0/16 lookup 100")
    before = snapshot()
    neighbours = [{"to": "10.0.0.2", "mac": MAC}, {"to": "10.0.0.3", "mac": OTHER_MAC}, {"to": "10.0.0.5", "mac": MAC}]
    layout: Values = {
        "namespaces": [{"name": "red", "rules": RULES[1:3]}],
        "links": [{"name": "v0", "neighbours": neighbours, "altnames": ["uplink1"]}],
        "rules": [{"priority": 60, "from": "10.7.0.0/16", "table": 100}],
    }
    laid_in_four_steps(**layout)
    settled(**layout)
    assert "10.8.0.0/16" in ip("ip", "rule")
    laid_in_four_steps(**{**layout, "links": [{**layout["links"][0], "neighbours": neighbours[:1]}]})
    clear()
    assert not difference(before, snapshot())


def test_info_declares_lists_that_a_layout_can_have() -> None:
    lay(**whole_layout())
    declared = info()["declaration"]
    names = {link["name"]: link for link in declared["links"]}
    assert names["v0"]["neighbours"] == [{"to": "10.0.0.2", "mac": MAC}]
    assert names["v0"]["peer"]["altnames"] == ["uplink0"]
    assert {"mac": MAC} in names["p0"]["fdb"]
    assert declared["namespaces"][0]["rules"] == [{"priority": rule["priority"], "family": "ipv4", "from": rule["from"], "table": 100} for rule in RULES[:2]]
    assert declared["rules"] == [{"priority": 200, "family": "ipv4", "to": "10.9.0.0/16", "table": 100}]
    assert declared["routes"] == [{"to": "10.9.0.0/16", "table": 100, "type": "blackhole"}]


def test_info_declares_a_layout_that_changes_nothing() -> None:
    """Built by hand, adopted: nothing to do; and taken back, as it was."""
    sh(
        "ip link add v0 type veth peer name v1",
        "ip link set v0 up",
        "ip link set v1 up",
        f"ip neigh add 10.0.0.2 lladdr {MAC} dev v0 nud permanent",
        "ip neigh add proxy 10.0.0.3 dev v0",
        "ip link property add dev v0 altname uplink0",
        "ip link add br0 type bridge",
        "ip link set br0 up",
        "ip link set v1 master br0",
        f"bridge fdb add {MAC} dev v1 master static",
        "ip rule add priority 100 from 10.1.0.0/16 lookup 100",
        "ip netns add red",
        "ip -n red -6 rule add priority 100 from 2001:db8::/32 blackhole",
    )
    before = snapshot()
    declared = info()["declaration"]
    assert lay(check=True, **declared)["commands"] == []
    lay(**declared)
    settled(**declared)
    clear()
    assert not difference(before, snapshot())


# Rollback


def test_a_failed_run_restores_lists_whichever_step_fails() -> None:
    """Also the permanent neighbours, which nobody declared, of a link that went down on the way."""
    run("vnet_veth", **cable(name="a0", peer={"name": "a1"}, neighbours=[{"to": "10.0.0.8", "mac": MAC}, {"to": "10.0.0.7", "proxy": True}]))
    lay(**whole_layout())
    lay(name="more", rules=[{"priority": 300, "from": "10.3.0.0/16", "table": 100}])
    changed = whole_layout()
    changed["links"][0]["neighbours"] = [{"to": "10.0.0.2", "mac": OTHER_MAC}, {"to": "10.0.0.3", "mac": MAC}]
    changed["links"][1]["fdb"] = [{"mac": OTHER_MAC}]
    changed["namespaces"][0]["rules"] = RULES[1:4]
    changed["links"].append({"name": "a0", "up": False})
    changed["rules"] = []
    before = snapshot()
    with Failing(0) as counting:
        lay(**changed)
    lay(**whole_layout())
    assert not difference(before, snapshot())
    for number in range(1, len(counting.steps) + 1):
        with pytest.raises(VnetError, match=r"The host is as it was before$"), Failing(number):
            lay(**changed)
        assert not difference(before, snapshot())
    lay(**changed)
    settled(**changed)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"rules": [{"priority": 9, "table": 9}, {"priority": 10, "table": 100}]}, r"rules\[1\]: it belongs to layout a; declare it there"),
        ({"routes": [{"to": "10.4.0.0/16", "type": "blackhole"}]}, r"routes\[0\]: the route to 10\.4\.0\.0/16 belongs to layout a"),
    ],
)
def test_what_a_layout_has_added_to_the_host_is_its_own(given: Values, words: str) -> None:
    """It would go with that layout."""
    lay(name="a", rules=[{"priority": 10, "table": 100}], routes=[{"to": "10.4.0.0/16", "type": "unreachable"}])
    before = snapshot()
    with pytest.raises(VnetError, match=words):
        lay(name="b", **given)
    assert not difference(before, snapshot())
    clear("a")
    lay(name="b", **given)
    settled(name="b", **given)


def test_several_layouts_have_rules_of_the_host() -> None:
    before = snapshot()
    layouts: Dict[str, Values] = {
        name: {"name": name, "rules": [{"priority": priority, "from": "10.3.0.0/16", "table": 100}]} for name, priority in (("a", 10), ("b", 11))
    }
    for layout in layouts.values():
        lay(**layout)
    for layout in layouts.values():
        settled(**layout)
    clear("a")
    settled(**layouts["b"])
    assert "10:" not in ip("ip", "rule")
    clear("b")
    assert not difference(before, snapshot())


@pytest.mark.parametrize("priority_and_table", ["0 local", "32766 main", "32767 default"])
def test_the_rules_that_every_namespace_begins_with_stay(priority_and_table: str) -> None:
    """Also if somebody has deleted one and added it again."""
    needs_program("ip")
    priority, table = priority_and_table.split()
    run("vnet_netns", name="red", rules=[])
    sh(f"ip -n red rule delete priority {priority}", f"ip -n red rule add priority {priority} table {table}")
    before = snapshot()
    assert run("vnet_netns", name="red", rules=[])["changed"] is False
    assert snapshot() == before
    assert "rules" not in info(namespaces=["red"])["declaration"]["namespaces"][0]


def test_a_group_goes_with_a_bridge_that_goes_down() -> None:
    needs_program("bridge")
    sh("ip link add br0 up type bridge", "ip link add name p1 up master br0 type veth peer name p2", "ip link set p2 up")
    sh("bridge mdb add dev br0 port p1 grp 239.1.1.1 permanent")
    laid_in_four_steps(links=[{"type": "bridge", "name": "br0", "up": False, "mdb": []}])
    assert "239.1.1.1" not in ip("bridge", "mdb", "show")


def test_a_feature_that_a_new_link_does_not_have() -> None:
    with pytest.raises(
        VnetError, match=r"no-such: true: .*bit name not found\); ethtool -k shows the features that the link has\. The host is as it was before$"
    ):
        run("vnet_bridge", name="br9", features={"no-such": True})
