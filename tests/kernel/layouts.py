# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs vnet_layout and vnet_info without Ansible, and has declarations for tests."""

from __future__ import annotations

import copy
import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.nfv.vnet.plugins.module_utils._errors import VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._info import INFO_OPTIONS, look
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _prefetch, _registry
from ansible_collections.nfv.vnet.plugins.module_utils._layouts import execute
from ansible_collections.nfv.vnet.plugins.module_utils._options._declaration import LAYOUT_OPTIONS
from ansible_collections.nfv.vnet.plugins.module_utils._options._option import argument_spec, expanded_all
from ansible_collections.nfv.vnet.plugins.module_utils._options._resource import title
from ansible_collections.nfv.vnet.plugins.module_utils._resources import LISTS
from ansible_collections.nfv.vnet.plugins.module_utils._task._items import checked
from ansible_collections.nfv.vnet.tests.unit.plugins.module_utils.refusals import assert_sentence
from features import has, needs_program
from support import Values, difference, sh, snapshot, told

NAME = "lab"
REGISTRY = Path(_registry.DIRECTORY)


@contextmanager
def prefetching(really: bool) -> Iterator[None]:
    """Forces or prevents that a child process prefetches the namespaces, independent of their number."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_prefetch, "_is_worth_it", lambda _names: really)
        yield


def lay(check: bool = False, diff: bool = True, prefetched: Optional[bool] = None, **params: Any) -> Values:
    """The result of vnet_layout with these parameters. VnetError if it fails.

    C(prefetched): whether a child process reads first. By default it does so in check mode and to remove a layout, so tests that
    compare check mode with the real run compare both ways of reading, too.
    """
    if prefetched is None:
        prefetched = check or params.get("state") == "absent"
    params = copy.deepcopy({"name": NAME, **params})
    items = {name: params.pop(name, None) for name in LISTS}
    validated = ArgumentSpecValidator(argument_spec(LAYOUT_OPTIONS)).validate(expanded_all(LAYOUT_OPTIONS, params))
    assert not validated.error_messages, validated.error_messages
    with prefetching(prefetched):
        return told(title("vnet_layout", params), lambda: execute({**validated.validated_parameters, **items}, checked, check, diff))


def clear(name: str = NAME, **params: Any) -> Values:
    """Removes the layout."""
    return lay(name=name, state="absent", **params)


def info(**params: Any) -> Values:
    """The result of vnet_info."""
    validated = ArgumentSpecValidator(argument_spec(INFO_OPTIONS)).validate(params)
    assert not validated.error_messages, validated.error_messages
    return look(validated.validated_parameters)


def four_steps(**params: Any) -> Values:
    """Runs in check mode, for real, in check mode again and for real again. Returns the result of the first real run."""
    before, recorded = snapshot(), records()
    planned = lay(check=True, **params)
    touched = difference(before, snapshot())
    assert not touched, f"check mode touched the kernel: {touched}"
    assert records() == recorded
    result = lay(**params)
    for key in ("changed", "diff", "commands", "summary"):
        assert planned[key] == result[key], key
    assert result["changed"] == bool(result["commands"] or counts(result, "adopted") or counts(result, "released"))
    settled(**params)
    return result


def snapshot_at_rest() -> Values:
    """A snapshot that does not change a moment later, as links find their carrier after they came up."""
    before = snapshot()
    for _attempt in range(100):
        time.sleep(0.02)
        now = snapshot()
        if now == before:
            break
        before = now
    return before


def settled(**params: Any) -> None:
    """Whether the host is as these parameters declare: neither check mode nor a real run changes anything."""
    after = snapshot_at_rest()
    for check in (True, False):
        again = lay(check=check, **params)
        assert (again["changed"], again["commands"]) == (False, []), f"a second run does more: {again['commands']}"
        assert again["diff"]["before"] == again["diff"]["after"]
        assert {count for kind in again["summary"].values() for verb, count in kind.items() if verb != "declared"} <= {0}
    changed = difference(_without_late_addresses(after), _without_late_addresses(snapshot()))
    assert not changed, changed


_LINK, _BY_KERNEL = 253, "03"
"""RT_SCOPE_LINK, and IFAPROT_KERNEL_LL as the attribute 11 (IFA_PROTO)."""


def _without_late_addresses(state: Values) -> Values:
    """Without the link-local addresses that the kernel adds in its own time after a link has a carrier."""
    networks = {netns: network for netns, network in state.items() if isinstance(network, dict)}
    kept = {netns: [one for one in network["addresses"] if (one["scope"], one.get(11)) != (_LINK, _BY_KERNEL)] for netns, network in networks.items()}
    return {**state, **{netns: {**network, "addresses": kept[netns]} for netns, network in networks.items()}}


def contradiction(one: Any, other: Any, where: str = "") -> str:
    """Where two declarations say something else of the same; '' if they do not. Of addresses and routes only what identifies them counts."""
    if isinstance(one, dict) and isinstance(other, dict):
        parts = (contradiction(one[key], other[key], f"{where}.{key}") for key in one if key in other)
        return next(filter(None, parts), "")
    if isinstance(one, list) and isinstance(other, list):
        if where.endswith(("namespaces", "links")):
            return contradiction(_by_name(one), _by_name(other), where)
        one, other = _sorted(one), _sorted(other)
    return "" if one == other else f"{where}: {one} and {other}"


def _by_name(items: List[Values]) -> Values:
    return {str((item.get("netns"), item["name"])): item for item in items}


def _sorted(entries: List[Any]) -> List[str]:
    return sorted(map(_key, entries))


def _key(entry: Any) -> str:
    if isinstance(entry, dict):
        return str({name: entry[name] for name in ("to", "table", "metric")} if "metric" in entry else entry)
    return str(entry).split(" ", maxsplit=1)[0]


def refusal(check: bool = False, **params: Any) -> str:
    """The error message of the module; checks that the kernel was not changed."""
    before, recorded = snapshot(), records()
    with pytest.raises(VnetError) as caught:
        lay(check=check, **params)
    touched = difference(before, snapshot())
    assert not touched, f"the kernel was touched: {caught.value}"
    assert records() == recorded
    sentence = str(caught.value)
    assert_sentence(sentence, [params.get("name", NAME)])
    return sentence


def in_the_way(text: str, **params: Any) -> None:
    """Checks that the real run fails, and that check mode says that an earlier task may remove what is in the way."""
    assert_sentence(refusal(**params), [f"{text}; remove that first"])
    assert any(f"{text} (check mode: an earlier task may remove that)" in warning for warning in lay(check=True, **params)["warnings"])


def refused_always(words: List[str], **params: Any) -> None:
    """Checks that check mode and the real run fail with the same message, before anything is changed."""
    sentence = refusal(**params)
    assert_sentence(sentence, words)
    assert refusal(check=True, **params) == sentence


def counts(result: Values, verb: str) -> Dict[str, int]:
    """The number of created, changed, removed and so on of each list, without zeros."""
    return {kind: number[verb] for kind, number in result["summary"].items() if number[verb]}


def aliases(state: Values) -> Dict[str, str]:
    """The aliases of links in a snapshot, by C(namespace/name)."""
    return {
        f"{netns}/{link['name']}": link["alias"]
        for netns, network in state.items()
        if isinstance(network, dict)
        for link in network["links"]
        if "alias" in link
    }


def records() -> Dict[str, str]:
    """What is recorded of layouts, by file."""
    return {str(path): path.read_text(encoding="ascii") for path in sorted(REGISTRY.glob("layouts/*/*"))}


def owners(adopted: bool = False) -> Dict[str, str]:
    """The layouts that links and namespaces belong to, by C(namespace/name); or only of those that were adopted."""
    found = info()
    namespaces = [{**entry, "netns": entry["name"], "name": "lo"} for entry in found["namespaces"]]
    entries = [entry for entry in [*namespaces, *found["links"]] if entry["layout"] and (entry["adopted"] or not adopted)]
    return {f"{entry['netns']}/{entry['name']}": entry["layout"] for entry in entries}


def names(state: Values) -> List[str]:
    """The links in a snapshot as C(namespace/name), without those that the kernel creates in each namespace."""
    return sorted(
        f"{netns}/{link['name']}" for netns, network in state.items() if isinstance(network, dict) for link in network["links"] if link["name"] != "lo"
    )


def link_in(params: Values, name: str) -> Any:
    """The item with this name in a declaration."""
    (item,) = (item for item in params["links"] if item["name"] == name)
    return item


def mac(number: int) -> str:
    return f"02:00:00:00:00:{number:02x}"


def full() -> Values:
    """A declaration with all features."""
    trunk: Values = {"cost": 9, "hairpin": True}
    bridge: Values = {"name": "br0", "mac": mac(1), "stp": True, "forward_delay": 4, "addresses": ["192.0.2.1/24", "2001:db8::1/64"]}
    if has("vlan_filtering"):
        bridge.update(vlan_filtering=True, vlans=[{"vid": "5-9"}])
        trunk["vlans"] = [{"vid": "10", "pvid": True, "untagged": True}, {"vid": "20-30"}]
    return {
        "routes": [{"to": "203.0.113.0/24", "type": "blackhole", "table": "100"}],
        "rules": [{"priority": 900, "from": "203.0.113.0/24", "table": "100"}],
        "namespaces": [
            {"name": "red", "sysctl": {"net.ipv4.ip_forward": 1}, "addresses": ["10.255.0.1/32"], "routes": [{"to": "10.0.0.0/8", "type": "blackhole"}]},
            {"name": "blue", "loopback": False},
        ],
        "links": [
            {"type": "bridge", **bridge},
            {"type": "bridge", "name": "inner", "netns": "red", "mac": mac(2), "mtu": 1400, "alias": "people's words", "ports": [{"name": "r1", "cost": 7}]},
            {
                "type": "tuntap",
                "name": "tap0",
                "mode": "tap",
                "mac": mac(3),
                "master": "br0",
                "port": {"isolated": True},
                "alias": "for a machine",
                "owner": str(os.getuid()),
            },
            {"type": "tuntap", "name": "tun0", "mode": "tun", "netns": "blue", "addresses": ["10.9.0.1 peer 10.9.0.2"], "routes": [{"to": "172.16.0.0/12"}]},
            {
                "type": "veth",
                "name": "up0",
                "mac": mac(4),
                "master": "br0",
                "port": trunk,
                "peer": {
                    "name": "eth0",
                    "netns": "red",
                    "mac": mac(5),
                    "mtu": 1400,
                    "addresses": ["192.0.2.2/24", "2001:db8::2/64 nodad"],
                    "routes": [{"to": "default", "via": "192.0.2.1"}],
                },
            },
            {
                "type": "veth",
                "name": "r1",
                "netns": "red",
                "mac": mac(6),
                "mtu": 1400,
                "peer": {"name": "b1", "netns": "blue", "mac": mac(7), "up": False, "link_group": 7},
            },
            {"type": "veth", "name": "h1", "netns": "blue", "mac": mac(8), "peer": {"name": "h2", "mac": mac(9), "disable_ipv6": True, "alias": "the far end"}},
        ],
    }


# From where to where


class Scenario(NamedTuple):
    name: str
    prepare: Callable[[], Any]
    params: Values


def small() -> Values:
    """A few links of each kind in two namespaces."""
    return {
        "namespaces": [{"name": "red", "addresses": ["10.255.0.1/32"]}],
        "links": [
            {"type": "bridge", "name": "br0", "mac": mac(1)},
            {"type": "tuntap", "name": "tap0", "mode": "tap", "mac": mac(2), "owner": str(os.getuid()), "master": "br0"},
            {
                "type": "veth",
                "name": "up0",
                "mac": mac(3),
                "master": "br0",
                "peer": {"name": "eth0", "netns": "red", "mac": mac(4), "addresses": ["192.0.2.2/24"]},
            },
        ],
    }


def _small() -> None:
    lay(**small())


def _full() -> None:
    lay(**full())


def changed() -> Values:
    """The small layout with each kind of change: created, changed, moved, removed, replaced by another kind."""
    params = copy.deepcopy(small())
    params["namespaces"] = [{"name": "blue", "sysctl": {"net.ipv4.ip_forward": 1}}]
    cable = link_in(params, "up0")
    params["links"] = [
        {"type": "bridge", "name": "tap0", "mac": mac(5)},
        {"type": "tuntap", "name": "br0", "mode": "tap", "mac": mac(6), "master": "tap0"},
        cable,
    ]
    cable.update(mac=mac(3), master="tap0", peer={"name": "eth0", "netns": "blue", "mac": mac(4), "addresses": ["192.0.2.3/24"]})
    return params


def _by_hand() -> None:
    """Creates a namespace, a bridge, a veth pair and a device that do not belong to the layout."""
    needs_program("ip")
    sh(" && ".join(BY_HAND))


BY_HAND = (
    "ip netns add red",
    "ip -n red link set lo up",
    f"ip link add br0 address {mac(1)} type bridge",
    f"ip link add old0 address {mac(7)} type bridge",
    f"ip link add up0 address {mac(3)} type veth peer name eth0 address {mac(4)} netns red",
    "ip link set up0 master old0",
    "bridge link set dev up0 cost 7 hairpin on",
    "ip -n red link set eth0 mtu 1300 alias mine",
    "ip -n red address add 198.51.100.1/24 dev eth0",
    "ip -n red link set eth0 up",
    "ip -n red route add 203.0.113.0/24 via 198.51.100.2",
    "ip tuntap add tap0 mode tap",
    f"ip link set tap0 address {mac(2)} txqueuelen 9",
)


def adopting() -> Values:
    params = copy.deepcopy(small())
    tap, cable = link_in(params, "tap0"), link_in(params, "up0")
    del tap["owner"]
    tap.update(port={"isolated": True}, txqueuelen=50)
    cable["port"] = {"cost": 9}
    cable["peer"].update(mtu=1400, alias="ours", routes=[{"to": "default", "via": "192.0.2.9"}])
    return params


def recreating() -> Values:
    params = adopting()
    link_in(params, "tap0").update(multi_queue=True, recreate=True)
    return params


def _adopted() -> None:
    _by_hand()
    lay(**adopting())


def listing() -> Values:
    """The adopting layout, with lists of which the namespace and a link have some entries already."""
    params = adopting()
    params["namespaces"][0].update(routes=[{"to": "203.0.113.0/24", "via": "198.51.100.3"}, {"to": "10.0.0.0/8", "type": "blackhole"}], purge_routes=False)
    end = link_in(params, "up0")["peer"]
    end["addresses"] = ["192.0.2.2/24", "198.51.100.1/24"]
    end["neighbours"] = [{"to": "198.51.100.3", "mac": mac(9)}]
    end.update(purge_addresses=False, purge_routes=False, purge_neighbours=False)
    return params


def unlisting() -> Values:
    """The same, with empty lists."""
    params = listing()
    params["namespaces"][0].update(routes=[])
    link_in(params, "up0")["peer"].update(addresses=[], routes=[], neighbours=[])
    return params


def _listed() -> None:
    _by_hand()
    lay(**listing())


def away() -> Values:
    """A layout that moves a link that existed before it."""
    return {"namespaces": [{"name": "red"}], "links": [{"name": "lan0", "netns": "red", "match": {"mac": mac(1)}}]}


def home() -> Values:
    """The same, without the move."""
    return {**away(), "links": [{"name": "card", "match": {"mac": mac(1)}}]}


def _card() -> None:
    needs_program("ip")
    sh(f"ip link add card address {mac(1)} type veth peer name far address {mac(2)}", "ip link set card up", "ip address add 192.0.2.1/24 dev card")


def uplink() -> Values:
    """A bridge that takes over the address of a link that existed before it."""
    bridge = {"type": "bridge", "name": "br0", "mac": mac(1), "addresses": ["192.0.2.1/24"], "ports": [{"name": "card"}]}
    return {"links": [bridge, {"name": "card"}]}


def _away() -> None:
    _card()
    lay(**away())


SCENARIOS = [
    Scenario("new", lambda: None, full()),
    Scenario("changed", _small, changed()),
    Scenario("shrunk", _full, small()),
    Scenario("gone", _full, {"state": "absent"}),
    Scenario("empty", _small, {}),
    Scenario("adopted", _by_hand, adopting()),
    Scenario("released", _adopted, {"state": "absent"}),
    Scenario("released-in-part", _adopted, {"namespaces": [{"name": "red"}], "links": [{"type": "bridge", "name": "br0", "mac": mac(1)}]}),
    Scenario("recreated", _adopted, recreating()),
    Scenario("unlisted", _listed, unlisting()),
    Scenario("uplink", _card, uplink()),
    Scenario("away", _card, away()),
    Scenario("home", _away, home()),
    Scenario("home-again", _away, {"state": "absent"}),
]
