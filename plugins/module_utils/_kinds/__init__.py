# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of links: one kind, one record, with a table of its attributes.

Codes are those of the kernel: C(include/uapi/linux/if_link.h), C(if_tun.h).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Dict, Mapping, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import LINK, Attribute
from ansible_collections.nfv.vnet.plugins.module_utils._kinds._bond import BOND
from ansible_collections.nfv.vnet.plugins.module_utils._kinds._bridge import BRIDGE
from ansible_collections.nfv.vnet.plugins.module_utils._kinds._kind import LinkKind
from ansible_collections.nfv.vnet.plugins.module_utils._kinds._macvlan import IPVLAN, MACVLAN, MACVTAP
from ansible_collections.nfv.vnet.plugins.module_utils._kinds._overlay import GENEVE, VXLAN
from ansible_collections.nfv.vnet.plugins.module_utils._kinds._plain import DUMMY, IFB, VETH
from ansible_collections.nfv.vnet.plugins.module_utils._kinds._tunnel import TUNNEL
from ansible_collections.nfv.vnet.plugins.module_utils._kinds._tuntap import TUNTAP
from ansible_collections.nfv.vnet.plugins.module_utils._kinds._vlan import VLAN
from ansible_collections.nfv.vnet.plugins.module_utils._kinds._vrf import VRF
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Card, Link, LinkId
from ansible_collections.nfv.vnet.plugins.module_utils._values import ACCOUNTS, ValueType

KINDS: Tuple[LinkKind, ...] = (BRIDGE, BOND, VRF, TUNTAP, DUMMY, IFB, VETH, VLAN, MACVLAN, MACVTAP, IPVLAN, VXLAN, GENEVE, TUNNEL)
"""The registry. Every list of kinds is derived from it, in this order."""
TYPES: Dict[str, LinkKind] = {kind.type: kind for kind in KINDS}
PAIRED = (*(kind.kernel for kind in KINDS if kind.has_peer), "netkit", "vxcan")
"""The kernel kinds of which C(IFLA_LINK) is the peer."""
ANY = "any"
"""The kind of a declared link that must exist already and may be of any kind."""
LOOPBACK = "loopback"
"""The kind of C(lo)."""


def common_rows(kind: LinkKind) -> Tuple[Attribute, ...]:
    """The common attributes as this kind has them."""
    rows = (row for row in LINK if row.name not in kind.lacks)
    return tuple(row._replace(when="create") if row.name in kind.fixed else row for row in rows)


BY_KIND: Dict[str, LinkKind] = {kind.kernel: kind for kind in KINDS}
"""The kinds by their kernel kind."""
ROWS_OF: Dict[str, Dict[str, Attribute]] = {
    LOOPBACK: {row.name: row for row in LINK},
    ANY: {row.name: row for row in LINK},
    **{kind.kernel: {row.name: row for row in (*common_rows(kind), *kind.rows)} for kind in KINDS},
}
"""The attributes of each kind by name."""


_OTHER = LinkKind("", "", "", "")


def kind_of(kernel: str) -> LinkKind:
    """The kind of a link; one without anything of its own if it has no module."""
    return BY_KIND.get(kernel, _OTHER)


def rows_of(kernel: str) -> Dict[str, Attribute]:
    """The attributes of a kind, which may be one without a module."""
    return ROWS_OF.get(kernel, ROWS_OF[ANY])


def initial_of(kernel: str, values: Mapping[str, Any], parent: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values of a new link where they differ from the rows, on a parent with these values."""
    return {**kind_of(kernel).initial(values), **{name: parent[name] for name in kind_of(kernel).from_parent if name in parent}}


def unique_key(kernel: str, parent: Optional[LinkId], values: Mapping[str, Any]) -> Optional[Tuple[object, ...]]:
    """What no two links may have in common. None if there is no such restriction, or if a value without a default is missing."""
    kind = kind_of(kernel)
    if not kind.unique or not parent:
        return None
    rows = rows_of(kernel)
    place = (parent[0], "") if kind.encapsulates and not kind.unique_on_parent else parent
    key = [values.get(name, rows[name].initial) for name in kind.unique]
    return (kernel, place, *key, kind.unique_besides(values)) if None not in key else None


def network_of(link: Link) -> Optional[LinkId]:
    """The parent of a wanted link, or the namespace in which it must differ from others."""
    return place_of(link.kind, link.netns, link.parent)


def place_of(kernel: str, netns: str, parent: Optional[LinkId]) -> Optional[LinkId]:
    """Where a link of this kind must differ from others: on its parent, or in a namespace, with the name ''. None if nowhere."""
    in_namespace = kind_of(kernel).encapsulates or kind_of(kernel).unique_in_namespace
    return parent or ((netns, "") if in_namespace else None)


def kernel_word(kernel: str, values: Mapping[str, Any]) -> str:
    """What the kernel calls a link with these values (C(IFLA_INFO_KIND))."""
    return str(values["mode"]) if kind_of(kernel).modes else kernel


def codes_of(kernel: str, row: Attribute, values: Mapping[str, Any]) -> Tuple[Tuple[int, ValueType], ...]:
    """The netlink attributes that a value of a kind is in, with their types."""
    modes = kind_of(kernel).modes
    types = (row.type, *(value_type for _code, value_type in row.further))
    if not modes:
        return ((row.code, row.type), *row.further)
    return tuple(zip(modes[values["mode"]].get(row.name, ()), types))


KERNEL_WORDS: Dict[str, Tuple[LinkKind, Mapping[str, Any]]] = {
    **{kind.kernel: (kind, {}) for kind in KINDS if not kind.modes},
    **{word: (kind, {"mode": word}) for kind in KINDS for word in kind.modes},
}
"""What the kernel calls each kind, with the values that follow from that."""


def unique_options_of(kernel: str) -> str:
    """The options that no two links of a kind may have in common."""
    kind = kind_of(kernel)
    place = "parent_netns" if kind.encapsulates else kind.parent
    return ", ".join(filter(None, (place, *kind.unique)))


_FEATURES_OFF = ("rx-gro-list", "rx-udp-gro-forwarding", "tx-nocache-copy")
"""Features that are off on every new link: C(NETIF_F_SOFT_FEATURES_OFF) of include/linux/netdev_features.h; C(net/core/dev.c)."""


def usual_features_off(kernel: str) -> Optional[Tuple[str, ...]]:
    """The features that are off on a new link of a kind; None if that depends on something else."""
    own = kind_of(kernel).features_off
    return None if own is None else (*_FEATURES_OFF, *own)


def own_mac(kernel: str, card: Card, values: Mapping[str, Any]) -> str:
    """The permanent MAC address of a link, or that which it has, if it does not take it from others."""
    kind = kind_of(kernel)
    takes = kind.port_rows is not None or (bool(kind.parent) and not kind.encapsulates)
    return card.mac or ("" if takes else str(values.get("mac", "")))


def is_like(wanted: Link, key: LinkId, kernel: str, card: Card, values: Mapping[str, Any]) -> bool:
    """Whether a link may be an existing one that is wanted, apart from its alternative names."""
    match = wanted.match
    if match is None:
        return key[1] == wanted.name
    return (match.name in ("", key[1]) or key == wanted.id) and match.mac in ("", own_mac(kernel, card, values)) and match.path in ("", card.path)


def why_no_port(kernel: str, values: Mapping[str, Any], master: str) -> str:
    """Why a link cannot be a port of a link of the kind C(master), as the end of a sentence. '' if it can."""
    if kernel == LOOPBACK or master in kind_of(kernel).no_port_of:
        return "%s, which cannot be a port of %s" % (title_of(kernel), title_of(master))
    if kind_of(master).takes_frames and not is_ethernet(kernel, values):
        return kind_of(kernel).without_frames or "%s, which carries no Ethernet frames" % title_of(kernel)
    return ""


@lru_cache(maxsize=None)  # called for each of a thousand links
def references_of(kernel: str) -> Tuple[str, ...]:
    """The attributes that refer to other links: by index in messages, by name everywhere else; '' for none."""
    return tuple(row.name for row in rows_of(kernel).values() if row.type.syntax == "link")


def masters_of(kernel: str) -> Tuple[LinkKind, ...]:
    """The kinds of which one of this kind may be a port."""
    refused = kind_of(kernel).no_port_of
    return tuple(kind for kind in KINDS if kind.port_rows is not None and kind.kernel not in refused)


def has_ports(kernel: str) -> bool:
    return kind_of(kernel).port_rows is not None


def master_of_ports_with(attribute: str) -> str:
    """The kind of link whose ports have an attribute in its data."""
    return next(kind.kernel for kind in KINDS for row in kind.port_rows or () if row.name == attribute and row.location == "port_data")


def has_table_of_ports(kernel: str) -> bool:
    """Whether the ports of a kind use a routing table of their own."""
    return bool(kind_of(kernel).table_of_ports)


def table_of_ports(kernel: str, values: Mapping[str, Any]) -> int:
    """The routing table that the ports of a link use; 0 if they use those of the host."""
    name = kind_of(kernel).table_of_ports
    return int(values.get(name, 0)) if name else 0


def changes_vlans(kernel: str, values: Mapping[str, Any]) -> bool:
    """Whether VLANs may change beside, as these attributes of a link are set."""
    return not values.keys().isdisjoint(kind_of(kernel).vlan_attributes)


def may_follow_ports(kernel: str) -> Tuple[str, ...]:
    """Attributes that must be set again after ports have joined or left."""
    return kind_of(kernel).follows_ports + (kind_of(kernel).follows_ports_until_set)


FOLLOWING = tuple(name for kind in KINDS for name in kind.follows_ports)
"""Attributes of a link above a bridge that depend on the ports of the bridge."""


@lru_cache(maxsize=None)  # called for each of a thousand links
def own_rows_of(kernel: str) -> Dict[str, Attribute]:
    """The attributes that only this kind has."""
    return {row.name: row for row in kind_of(kernel).rows}


def is_ethernet(kernel: str, values: Mapping[str, Any]) -> bool:
    """Whether a link carries Ethernet frames."""
    return kernel != LOOPBACK and kind_of(kernel).is_ethernet(values)


@lru_cache(maxsize=None)  # called for each of a thousand links
def accounts_of(kernel: str) -> Tuple[str, ...]:
    """The attributes that say who may use a link."""
    return tuple(row.name for row in rows_of(kernel).values() if row.type in ACCOUNTS)


def interrupts(wanted: Link) -> bool:
    """Whether the task may interrupt a program that holds the device."""
    return not wanted.present or wanted.recreate or any(name in wanted.values for name in accounts_of(wanted.kind))


def title_of(kernel: str) -> str:
    """What a link of this kind is called in messages."""
    if kernel in BY_KIND:
        return kind_of(kernel).title
    return "the loopback device" if kernel == LOOPBACK else "a %s" % (kernel or "network card")
