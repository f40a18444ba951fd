# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The attribute table against the headers of the kernel, and against itself."""

from __future__ import annotations

import itertools
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Iterator

import pytest
from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _kinds, _values
from ansible_collections.nfv.vnet.plugins.module_utils._kernel import _decode, _nla, _read
from ansible_collections.nfv.vnet.plugins.module_utils._kinds._kind import LinkKind
from ansible_collections.nfv.vnet.plugins.module_utils._options._modules import OPTIONS
from ansible_collections.nfv.vnet.plugins.module_utils._options._option import Option, argument_spec
from ansible_collections.nfv.vnet.tests.unit.plugins.module_utils.records import rows

HEADERS = Path("/usr/include/linux")

KERNEL_NAMES = {
    "mac": "IFLA_ADDRESS",
    "mtu": "IFLA_MTU",
    "txqueuelen": "IFLA_TXQLEN",
    "alias": "IFLA_IFALIAS",
    "link_group": "IFLA_GROUP",
    "num_tx_queues": "IFLA_NUM_TX_QUEUES",
    "num_rx_queues": "IFLA_NUM_RX_QUEUES",
    "gso_max_segs": "IFLA_GSO_MAX_SEGS",
    "gso_max_size": "IFLA_GSO_MAX_SIZE",
    "arp": "IFF_NOARP",
    "allmulticast": "IFF_ALLMULTI",
    "multicast": "IFF_MULTICAST",
    "promiscuous": "IFF_PROMISC",
    "up": "IFF_UP",
    "ipv6_addrgenmode": "IFLA_INET6_ADDR_GEN_MODE",
    "stp": "IFLA_BR_STP_STATE",
    "group_address": "IFLA_BR_GROUP_ADDR",
    "vlan_stats": "IFLA_BR_VLAN_STATS_ENABLED",
    "mst": "IFLA_BR_MULTI_BOOLOPT",
    "mcast_vlan_snooping": "IFLA_BR_MULTI_BOOLOPT",
    "no_linklocal_learn": "IFLA_BR_MULTI_BOOLOPT",
    "mcast_stats": "IFLA_BR_MCAST_STATS_ENABLED",
    "mcast_last_member_count": "IFLA_BR_MCAST_LAST_MEMBER_CNT",
    "mcast_startup_query_count": "IFLA_BR_MCAST_STARTUP_QUERY_CNT",
    "mcast_last_member_interval": "IFLA_BR_MCAST_LAST_MEMBER_INTVL",
    "mcast_membership_interval": "IFLA_BR_MCAST_MEMBERSHIP_INTVL",
    "mcast_querier_interval": "IFLA_BR_MCAST_QUERIER_INTVL",
    "mcast_query_interval": "IFLA_BR_MCAST_QUERY_INTVL",
    "mcast_query_response_interval": "IFLA_BR_MCAST_QUERY_RESPONSE_INTVL",
    "mcast_startup_query_interval": "IFLA_BR_MCAST_STARTUP_QUERY_INTVL",
    "port.hairpin": "IFLA_BRPORT_MODE",
    "port.root_block": "IFLA_BRPORT_PROTECT",
    "port.flood": "IFLA_BRPORT_UNICAST_FLOOD",
    "port.proxy_arp": "IFLA_BRPORT_PROXYARP",
    "port.proxy_arp_wifi": "IFLA_BRPORT_PROXYARP_WIFI",
    "port.mcast_router": "IFLA_BRPORT_MULTICAST_ROUTER",
    "port.mcast_to_unicast": "IFLA_BRPORT_MCAST_TO_UCAST",
    "port.designated_root": "IFLA_BRPORT_ROOT_ID",
    "port.designated_bridge": "IFLA_BRPORT_BRIDGE_ID",
    "port.mcast_eht_hosts_limit": "IFLA_BRPORT_MCAST_EHT_HOSTS_LIMIT",
    "mode": "IFLA_TUN_TYPE",
    "packet_info": "IFLA_TUN_PI",
    "num_queues": "IFLA_TUN_NUM_QUEUES",
}
"""What the kernel calls the attributes whose names do not follow from the option's."""
PREFIXES = {"bridge": "IFLA_BR_", "port": "IFLA_BRPORT_", "tuntap": "IFLA_TUN_", "link": "IFLA_"}
BITS = {"no_linklocal_learn": "BR_BOOLOPT_NO_LL_LEARN", "mcast_vlan_snooping": "BR_BOOLOPT_MCAST_VLAN_SNOOPING", "mst": "BR_BOOLOPT_MST_ENABLE"}


@pytest.fixture(scope="module")
def constants() -> dict[str, int]:
    """The enums and the plain numbers of the headers."""
    found: dict[str, int] = {}
    for name in ("if_link.h", "if_tun.h", "if_bridge.h", "if.h", "rtnetlink.h", "if_addr.h", "net_namespace.h"):
        file = HEADERS / name
        if not file.exists():
            pytest.skip(f"{file} is missing: it comes with the package linux-libc-dev")
        text = re.sub(r"/\*.*?\*/", "", file.read_text(), flags=re.DOTALL)
        for body in re.findall(r"enum\s*\w*\s*\{(.*?)\}", text, flags=re.DOTALL):
            found.update(enumerated(body, found))
        for line in re.finditer(r"^#define\s+(\w+)\s+(?:(0x[0-9A-Fa-f]+|\d+)|\(1 << (\d+)\))\s*$", text, flags=re.MULTILINE):
            found[line[1]] = int(line[2], 0) if line[2] else 1 << int(line[3])
    return found


def enumerated(body: str, known: dict[str, int]) -> Iterator[tuple[str, int]]:
    number = -1
    for item in re.sub(r"#.*", "", body).split(","):
        name, equals, value = (part.strip() for part in item.partition("="))
        if not name:
            continue
        if equals:
            shift = re.fullmatch(r"1\s*<<\s*(\d+)", value)
            try:
                number = 1 << int(shift[1]) if shift else known[value] if value in known else int(value.rstrip("U"), 0)
            except ValueError:
                continue
        else:
            number += 1
        yield name, number


@pytest.mark.parametrize(
    ("part", "row"), [pytest.param(part, row, id=f"{part}-{row.name}") for part, row in rows() if row.location not in ("sysctl", *table.READ_APART)]
)
def test_code_is_the_kernels(constants: dict[str, int], part: str, row: table.Attribute) -> None:
    key = f"port.{row.name}" if part == "port" else row.name
    name = KERNEL_NAMES.get(key, PREFIXES[part] + row.name.upper())
    if name not in constants:
        pytest.skip(f"the headers here are older than {name}")
    code = constants[name]
    assert (1 << row.code if row.location == "flag" else row.code) == code


@pytest.mark.parametrize(("name", "bit"), BITS.items())
def test_bit_of_the_bridge_options_is_the_kernels(constants: dict[str, int], name: str, bit: str) -> None:
    if bit not in constants:
        pytest.skip(f"the headers here are older than {bit}")
    encoded = _kinds.ROWS_OF["bridge"][name].type.encode(True)
    assert int.from_bytes(encoded[:4], sys.byteorder) == int.from_bytes(encoded[4:], sys.byteorder) == 1 << constants[bit]


@pytest.mark.parametrize(
    "name",
    [name for name in {**vars(_decode), **vars(_read)} if re.fullmatch("_(RTM|IFLA|INFO|IFA|RTA|RTNH|RTPROT|NETNSA|RTEXT)_\\w+", name)],
)
def test_number_that_is_read_is_the_kernels(constants: dict[str, int], name: str) -> None:
    kernels = name[1:] if not name.startswith("_INFO") else "IFLA" + name
    if kernels not in constants:
        pytest.skip(f"{kernels} is not among the numbers in the headers here")
    assert all(getattr(module, name) == constants[kernels] for module in (_decode, _read) if hasattr(module, name))


@pytest.mark.parametrize("kind", _kinds.KINDS, ids=lambda kind: kind.type)
def test_names_are_unique_for_each_kind(kind: LinkKind) -> None:
    names = Counter(row.name for row in table.LINK + kind.rows)
    assert [name for name, count in names.items() if count > 1] == []


def test_names_of_ports_are_unique() -> None:
    assert len({row.name for row in table.PORT}) == len(table.PORT)


@pytest.mark.parametrize(("part", "row"), [pytest.param(part, row, id=f"{part}-{row.name}") for part, row in rows()])
def test_row_is_complete(part: str, row: table.Attribute) -> None:  # noqa: ARG001
    assert re.fullmatch("[a-z][a-z0-9_]*", row.name)
    assert row.text.endswith(".")
    assert row.text[0].isupper()
    assert row.when in ("live", "create", "up", "read", "attach")
    assert row.location in ("link", "flag", "inet6", "sysctl", "data", "port", "ioctl", *table.READ_APART)
    assert (row.low is None) == (row.high is None)
    if row.type.option in ("int", "float") and row.when != "read":
        assert row.low is not None, "a number has a range"


def written() -> list[Any]:
    """The rows for which netlink attributes are written."""
    found = [(part, row) for part, row in rows() if row.when != "read" and row.location not in ("flag", "sysctl", "ioctl", *table.READ_APART)]
    return [pytest.param(row, id=f"{part}-{row.name}") for part, row in found if row.type is not _values.LINK_INDEX]


@pytest.mark.parametrize("row", written())
def test_value_survives_the_wire(row: table.Attribute) -> None:
    """What is encoded as pyroute2 would encode it is decoded to the same."""
    for value in samples(row):
        assert row.same(row.type.decode(packed(row, row.type.encode(value))), value)


def samples(row: table.Attribute) -> list[Any]:
    if row.type.choices:
        return list(row.type.choices)
    if row.type.option == "bool":
        return [False, True]
    if row.type.option == "str":
        return ["02:00:00:00:00:01"]
    low, high = row.low or 0, row.high or 0
    return [float(low), float(high)] if row.type.option == "float" else [int(low), int(high)]


def packed(row: table.Attribute, value: Any) -> bytes:
    wire = row.type.wire
    if wire.startswith("uint"):
        return int(value).to_bytes(int(wire[4:]) // 8, sys.byteorder)
    if wire == "be16":
        return int(value).to_bytes(2, "big")
    if wire == "l2addr":
        return bytes.fromhex(value.replace(":", ""))
    return value if isinstance(value, bytes) else str(value).encode()


def documented(option: Option) -> Iterator[Option]:
    yield option
    for inner in option.options:
        yield from documented(inner)


@pytest.mark.parametrize("module", OPTIONS)
def test_every_option_has_words(module: str) -> None:
    for top in OPTIONS[module]:
        for option in documented(top):
            assert option.text, option.name
            assert option.text.endswith("."), option.name


@pytest.mark.parametrize(("module", "kind"), [("vnet_bridge", "bridge"), ("vnet_veth", "veth"), ("vnet_tuntap", "tun")])
def test_every_row_is_an_option(module: str, kind: str) -> None:
    spec = argument_spec(OPTIONS[module])
    assert [name for name, row in _kinds.ROWS_OF[kind].items() if row.when != "read" and name not in spec] == []
    ports = spec["ports"]["options"] if module == "vnet_bridge" else spec["port"]["options"]
    assert [row.name for row in table.PORT if row.when != "read" and row.name not in ports] == []


def attributes(*parts: tuple[int, bytes]) -> bytes:
    return b"head" + b"".join(_nla.attribute(code, payload) for code, payload in parts)


def test_places_of_many_messages_are_those_of_each() -> None:
    """Messages of one length, in which the attributes are the same ones, or others, or elsewhere, or broken off."""
    messages = [
        attributes((3, b"eth0"), (4, b"1234"), (29, b"")),
        attributes((3, b"eth1"), (4, b"5678"), (29, b"")),
        attributes((3, b"eth1"), (5, b"5678"), (29, b"")),
        attributes((3, b"eth0abcd"), (4, b"1234")),
        attributes((4, b"eth0"), (4, b"1234"), (29, b"")),
        attributes((3, b"eth0"), (4, b"1234")) + b"\0\0\0\0",
        attributes((3 | 1 << 15, b"eth0"), (4, b"1234"), (29, b"")),
        attributes((3, b"eth0"), (4, b"1234")),
        attributes((3, b"eth0")) + bytes(12),
        attributes() + bytes(28),
        attributes(),
    ]
    for first, second in itertools.product(messages, repeat=2):
        templates = _nla.TemplateCache(lambda message: _nla.Template(message, 4))
        for message in (first, second, first):
            places = templates.of(message).slices
            assert {code: place.start for code, place in places.items()} == _nla.offsets(message, 4, len(message))
            assert {code: place.stop for code, place in places.items()} == {code: last for code, _first, last in _nla.split(message, 4)}
