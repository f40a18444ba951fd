# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters of the modules: at first such as a user might write, from the tables of options, then a few of them spoilt."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any, Callable

from ansible_collections.nfv.vnet.plugins.module_utils import _ping, _values
from ansible_collections.nfv.vnet.plugins.module_utils._info import INFO_OPTIONS
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import TYPES
from ansible_collections.nfv.vnet.plugins.module_utils._options import _declaration
from ansible_collections.nfv.vnet.plugins.module_utils._options._declaration import LAYOUT_OPTIONS
from ansible_collections.nfv.vnet.plugins.module_utils._options._modules import LINK_OPTIONS, OPTIONS, TASK_OPTIONS
from ansible_collections.nfv.vnet.plugins.module_utils._options._option import Option
from ansible_collections.nfv.vnet.plugins.module_utils._ping import PING_OPTIONS
from ansible_collections.nfv.vnet.plugins.module_utils._resources import LISTS
from odd import mutated, odd, odd_key

Values = dict[str, Any]
LAYOUT, INFO, PING = _declaration.MODULE, "vnet_info", _ping.MODULE
TABLES = {**OPTIONS, LAYOUT: LAYOUT_OPTIONS, INFO: INFO_OPTIONS, PING: PING_OPTIONS}
MODULES = sorted(path.stem for path in (Path(__file__).resolve().parents[2] / "plugins" / "modules").glob("vnet_*.py"))

BRIDGES = ("br0", "br1")
LOWER = ("eth0", "p1")
NAMES = ("a", "b", "eth0.10", "t", *LOWER)
SPACES = ("red", "blue", "green")
PLACES = ("", "", *SPACES, "/run/netns/red", "/var/run/netns/blue", "/proc/1/ns/net")
ADDRESSES = (
    "192.0.2.1/24",
    "192.0.2.2",
    "2001:db8::1/64",
    "2001:db8::1",
    "2001:db8::2/64 nodad",
    "10.9.0.1 peer 10.9.0.2/32",
    "fe80::1/64",
    "127.0.0.2/8",
    "169.254.1.1/16",
)
MACS = ("02:00:00:00:00:01", "02-00-00-00-00-0A", "52:54:00:12:34:56")
SETTINGS = ("net.ipv4.ip_forward", "net/ipv6/conf/all/forwarding", "net.ipv4.conf.eth0/10.forwarding", "net.ipv4.ping_group_range")
OF_NAME: dict[str, tuple[Any, ...]] = {
    "netns": PLACES,
    "parent_netns": PLACES,
    "master": (*BRIDGES * 3, ""),
    "parent": LOWER,
    "backup_port": (*LOWER, ""),
    "dev": ("lo", *NAMES),
    "to": ("default", "198.51.100.0/24", "198.51.100.7", "2001:db8:1::/48", "0.0.0.0/0", "::/0"),
    "via": ("192.0.2.254", "2001:db8::fe", "fe80::2"),
    "src": ("192.0.2.1", "2001:db8::1"),
    "metric": (0, 1, 100, 2**32 - 1),
    "table": ("main", "local", 254, 1, "7", 2**32 - 1),
    "vid": ("1", "10", 20, "4094", "30-40", "100-4000"),
    "group_fwd_mask": (0, 8, 65528),
    "nsid": (0, 5, 2**31 - 1),
    "owner": ("root", "0", "", "1000", "4294967294"),
    "group": ("root", "0", "", "1000", "4294967294"),
    "group_address": ("01:80:c2:00:00:00", "01:80:C2:00:00:0F"),
    "layout": ("lab", "other"),
    "addresses": ADDRESSES,
    "namespaces": ("", *SPACES),
    "sources": ("", *SPACES),
    "destinations": ("", *SPACES, "192.0.2.1", "2001:db8::1", "fe80::1"),
    "count": (1, 2, 10000),
    "size": (20, 56, 65507),
    "deadline": (0, 0.5, 10, 3600),
    "timeout": (0, 0.5, 60),
}
OF_TYPE: dict[str, tuple[Any, ...]] = {"str": ("a", "b"), "int": (0, 1, 8), "float": (0.0, 1.0, 2.5), "bool": (True, False), "dict": ({},), "list": ([],)}
NEEDED = ("peer", "parent", "id", "mode")
_NAMES_OF = {"vnet_netns": SPACES, LAYOUT: ("lab",), "vnet_bridge": BRIDGES, "ports": LOWER, "peer": ("far", "far0", *LOWER)}
_Place = tuple[Any, Any, "Option | None"]


class Maker:
    """Makes the parameters of one case, and remembers where each value is."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._places: list[_Place] = []
        self._items: list[tuple[Values, tuple[Option, ...]]] = []
        self._of_layout = False

    def of_module(self, module: str) -> Values:
        if module == LAYOUT:
            return self.declaration()
        return self._item(TABLES[module], self._random.choice((0.03, 0.1, 0.4)), module)

    def declaration(self) -> Values:
        self._of_layout = True
        values = self._item(tuple(option for option in LAYOUT_OPTIONS if option.name not in LISTS), 0.1, LAYOUT)
        density = self._random.choice((0.03, 0.1, 0.3))
        spaces = [self._item(_without_state(OPTIONS["vnet_netns"]), density, "vnet_netns") for _number in range(self._random.choice((0, 1, 2, 3)))]
        links = [self._link(density) for _number in range(self._random.choice((0, 1, 2, 3, 6)))]
        if self._random.random() < 0.9:
            spaces = list({space["name"]: space for space in spaces}.values())
            links = list({(link.get("netns"), link["name"]): link for link in links}.values())
        for name, items in zip(LISTS, (spaces, links)):
            if items or self._random.random() < 0.1:
                values[name] = items
                self._remember(values, name, next(option for option in LAYOUT_OPTIONS if option.name == name))
                for number in range(len(items)):
                    self._remember(items, number, None)
        return values

    def _link(self, density: float) -> Values:
        kind = self._random.choice((*TYPES, None))
        options = _without_state(OPTIONS["vnet_" + kind] if kind else LINK_OPTIONS)
        values = self._item(options, density, f"vnet_{kind}")
        if kind:
            values["type"] = kind
            self._remember(values, "type", None)
        return values

    def _item(self, options: tuple[Option, ...], density: float, of: str) -> Values:
        values: Values = {}
        for option in options:
            if option.name in TASK_OPTIONS and self._of_layout and of != LAYOUT:
                continue
            wanted = (
                0.9
                if option.name in NEEDED
                else 0.3
                if option.name == "recreate"
                else density * (4 if option.options or option.name in ("netns", "master") else 1)
            )
            if option.required or self._random.random() < wanted:
                values[option.name] = self._value(option, density, of)
                self._remember(values, option.name, option)
        self._items.append((values, options))
        if self._random.random() < 0.9:
            self._agree(values, options)
        return values

    def _agree(self, values: Values, options: tuple[Option, ...]) -> None:
        """Changes what would be refused as it does not go together."""
        names = {option.name for option in options}
        if "port" in values and not values.get("master"):
            values["master"] = self._random.choice(BRIDGES)
        if "to" in values:
            ipv6 = ":" in values["to"] or (values["to"] == "default" and ":" in values.get("via", ""))
            for name in ("via", "src"):
                if name in values and (":" in values[name]) != ipv6:
                    del values[name]
            if ipv6 or "via" in values:
                values.pop("scope", None)
            if values.get("type", "unicast") != "unicast":
                values.pop("dev", None)
                values.pop("via", None)
            elif "dev" in names and not {"dev", "via"} & set(values):
                values["dev"] = "lo"

    def _value(self, option: Option, density: float, of: str) -> Any:
        if option.type == "list":
            items = [self._element(option, density) for _number in range(self._random.choice((0, 1, 1, 2, 3)))]
            for number in range(len(items)):
                self._remember(items, number, option._replace(type=option.elements, elements=""))
            return items
        if option.options:
            return self._item(option.options, density, option.name)
        if option.name == "name":
            return self._random.choice(_NAMES_OF.get(of, NAMES))
        return usual(self._random, option)

    def _element(self, option: Option, density: float) -> Any:
        if option.options:
            return self._item(option.options, density, option.name)
        return usual(self._random, option._replace(type=option.elements))

    def _remember(self, container: Any, key: Any, option: Option | None) -> None:
        self._places.append((container, key, option))

    def spoil(self, times: int) -> None:
        """Replaces values, adds options, or removes them."""
        for _time in range(times):
            act = self._random.random()
            if act < 0.45 and self._items:  # every option in turn, not only those that are there
                values, options = self._random.choice(self._items)
                option = self._random.choice(options)
                if option.name not in values or self._random.random() < 0.5:
                    values[option.name] = self._odd(option, values.get(option.name))
                    self._remember(values, option.name, option)
            elif act < 0.5 and self._items:
                values, options = self._random.choice(self._items)
                values[odd_key(self._random)] = odd(self._random)
            elif self._places:
                container, key, known = self._random.choice(self._places)
                there = key in container if isinstance(container, dict) else key < len(container)
                if there and act < 0.55 and isinstance(container, dict):
                    del container[key]
                elif there and act < 0.6 and isinstance(container, list):
                    container.append(container[key])
                elif there:
                    container[key] = self._odd(known, container[key])

    def _odd(self, option: Option | None, value: Any) -> Any:
        act = self._random.random()
        if act < 0.4 or option is None:
            return odd(self._random)
        if act < 0.6 and option.row and option.row.low is not None and option.row.high is not None:
            return self._random.choice(limits(option.row.low, option.row.high, option.row.type is _values.TEXT))
        if value is None or isinstance(value, (list, dict)):
            value = usual(self._random, option) if not option.options else value
        if act < 0.75:
            return mutated(self._random, str(value))
        if act < 0.85:
            other = self._random.choice([one for _values_, options in self._items for one in options] or [option])
            return usual(self._random, other)
        return self._random.choice(WRAPPED)(value)


def _without_state(options: tuple[Option, ...]) -> tuple[Option, ...]:
    return tuple(option for option in options if option.name not in TASK_OPTIONS)


def usual(random: Random, option: Option) -> Any:
    """A value that the option takes."""
    row = option.row
    if option.choices:
        return random.choice(option.choices)
    if option.name == "sysctl":
        return {name: random.choice((0, 1, True, "1", "0\t10")) for name in random.sample(SETTINGS, random.choice((0, 1, 2)))}
    if row and row.type is _values.MAC and option.name not in OF_NAME:
        return random.choice(MACS)
    if row and row.type is _values.QOS_MAP:
        return {str(random.randrange(8)): random.randrange(8) for _number in range(random.choice((0, 1, 2)))}
    if row and row.type is _values.TEXT:
        return random.choice(("", "an alias", "ä"))
    if option.name in OF_NAME and (row is None or row.type.option == "str" or option.name == "group_fwd_mask"):
        return random.choice(OF_NAME[option.name])
    if row and row.low is not None and row.high is not None:
        middle = row.low + random.random() * min(row.high - row.low, 1000)
        number = random.choice((row.low, row.high, middle, middle, middle))
        return int(number) if row.type.option == "int" else float(number)
    return random.choice(OF_TYPE[option.elements or option.type if option.type == "list" else option.type])


def limits(low: float, high: float, of_text: bool) -> list[Any]:
    """The values at the limits of a range and next to them, as numbers and as texts."""
    if of_text:
        return ["x" * int(high), "x" * int(high + 1), "é" * int(high // 2), "é" * int(high // 2 + 1)]
    steps = (0, -1, 1, -0.01, 0.01, 0.001, -1e-9, 1e-9)
    near: list[Any] = [end + step for end in (low, high) for step in steps] + [int(low), int(high), int(low) - 1, int(high) + 1]
    words = (f" {int(low)}", f"{int(high)}\n", f"0{int(high)}", f"{int(high)}.0", f"{int(high)}.5", hex(int(high)))
    return [*near, *map(str, near), *words, -int(high), high * 10]


def _pair(value: Any) -> Any:
    return {"name": value}


WRAPPED: tuple[Callable[[Any], Any], ...] = (
    lambda value: [value],
    lambda value: [value, value],
    lambda value: (value,),
    _pair,
    lambda value: {str(value): value},
    str,
    repr,
    lambda value: json.dumps(value, default=str, skipkeys=True),
    lambda value: str(value).encode("utf-8", "surrogatepass"),
    lambda value: f" {value} ",
    lambda value: f"{value}\n",
    lambda value: str(value).upper(),
    lambda value: f"{value},{value}",
    lambda value: value * 2 if isinstance(value, (int, float, str)) else [value] * 3,
    bool,
)


def spoilt(random: Random, make: Callable[[Maker], Values]) -> Values:
    maker = Maker(random)
    values = make(maker)
    maker.spoil(random.choice((0, 0, 1, 1, 1, 1, 1, 2, 3, 5)))
    return values
