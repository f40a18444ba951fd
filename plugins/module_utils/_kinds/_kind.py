# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to know of a kind of link."""

from __future__ import annotations

from typing import Any, Callable, Mapping, NamedTuple, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils._attributes import Attribute

QUEUES = ("num_tx_queues", "num_rx_queues")


class LinkKind(NamedTuple):
    """A kind of link that has a module. Its options, records, messages and commands are derived from this record."""

    type: str
    """The type: in the name of the module (C(vnet_TYPE)), and in layouts and results."""
    kernel: str
    """The kind as the kernel calls it (C(IFLA_INFO_KIND))."""
    title: str
    """What it is called in messages, with an article."""
    config: str
    """The kernel option that it needs."""
    rows: Tuple[Attribute, ...] = ()
    """Its own attributes."""
    lacks: Tuple[str, ...] = ()
    """Common attributes that this kind does not have."""
    fixed: Tuple[str, ...] = ()
    """Common attributes that can only be set on a new link of this kind."""
    required: Tuple[str, ...] = ()
    """Attributes that must be given to create one."""
    not_required_with: Mapping[str, str] = {}
    """Required attributes that are not if another one, which is named here, is true."""
    created_with: Tuple[str, ...] = ("mac", "num_tx_queues", "num_rx_queues")
    """Attributes that are set in the message that creates it; all others are set afterwards."""
    sent: Tuple[str, ...] = ()
    """Attributes that a new one gets as they are in the table, where the kernel would choose otherwise."""
    changed_as_a_whole: bool = False
    """Whether the kernel resets attributes that a change does not name."""
    repeated: Tuple[str, ...] = ()
    """Attributes without which ip(8) does not change others."""
    modes: Mapping[str, Mapping[str, Tuple[int, ...]]] = {}
    """What the kernel calls it, by the value of C(mode), each with the codes of attributes; empty if it has one kind."""
    made_by_kernel: Tuple[str, ...] = ()
    """Names of links that the kernel makes by itself in each namespace, and that cannot be deleted."""
    always: Tuple[str, ...] = ()
    """Attributes that the plan needs even if they are not declared."""
    related: Tuple[Tuple[str, ...], ...] = ()
    """Groups of attributes, also of ports: if one is declared, the plan needs all."""
    of_modes: Mapping[str, Tuple[str, ...]] = {}
    """Attributes that it has only with some values of C(mode). With another one the kernel has, and takes, only what a new link has."""
    check: Callable[[Mapping[str, Any], Mapping[str, Any]], Optional[Tuple[str, str]]] = lambda _wanted, _after: None
    """Checks the values that are wanted and all values as they would be. Returns an option and what is wrong with it, or None."""
    needs_new: Callable[[Mapping[str, Any], Mapping[str, Any]], Tuple[str, ...]] = lambda _found, _wanted: ()
    """The attributes of which only a new link can have the wanted values, given all values that were found and those that are wanted."""
    references_ports: Tuple[str, ...] = ()
    """Attributes with the name of one of its ports."""
    caution: Callable[[Mapping[str, Any]], Optional[Tuple[str, str]]] = lambda _values: None
    """An option, and why one with these values does not do what it is for; None if it does."""
    sets_port_states: Callable[[Mapping[str, Any]], bool] = lambda _values: False
    """Whether one with these values controls the state of its ports."""
    unique: Tuple[str, ...] = ()
    """Attributes that two links on one parent, or in one network that carries their packets, must not have in common."""
    unique_in_namespace: bool = False
    """Whether that is so for all links of this kind in a namespace."""
    unique_on_parent: bool = False
    """Whether that is so only for links with the same parent, although others carry their packets."""
    unique_besides: Callable[[Mapping[str, Any]], object] = lambda _values: None
    """What else two links with the same unique attributes must have in common to be refused."""
    parent: str = ""
    """The option that names its parent; '' if it has none."""
    needs_parent: Tuple[str, ...] = ()
    """Attributes that only one with a parent can have."""
    parent_code: int = 0
    """The attribute of the kind that has the index of its parent; 0 if that is C(IFLA_LINK)."""
    outlives_parent: bool = False
    """Whether the kernel keeps it when its parent is deleted."""
    encapsulates: bool = False
    """Whether it sends its packets inside others through the network of a namespace, with or without a parent."""
    not_on: Tuple[str, ...] = ()
    """Kinds (C(kernel)) on which it cannot be."""
    destinations: Tuple[str, ...] = ()
    """Attributes with an address that frames to unknown destinations are sent to. One that has them has a forwarding database."""
    receiver: str = ""
    """How it receives the frames of its parent, if nobody else can then; '' if others can, too."""
    excludes_others: Callable[[Mapping[str, Any]], bool] = lambda _values: False
    """Whether one with these values must be the only one on its parent."""
    shared_on_parent: Tuple[str, ...] = ()
    """Attributes that all links of this kind on one parent have in common."""
    needs_parent_up: Callable[[Mapping[str, Any]], bool] = lambda _values: False
    """Whether one with these values can be up only while its parent is."""
    goes_up_with_parent: Callable[[Mapping[str, Any]], bool] = lambda _values: False
    """Whether the kernel brings one with these values up when its parent goes up."""
    from_parent: Tuple[str, ...] = ()
    """Attributes that a new one takes from its parent."""
    hides_network: bool = False
    """Whether the kernel does not say in which namespace its packets travel, if that is another one."""
    is_ethernet: Callable[[Mapping[str, Any]], bool] = lambda _values: True
    """Whether one with these values carries Ethernet frames and has a MAC address."""
    is_bridge: bool = False
    """Whether it forwards frames between its ports, and has VLANs."""
    vlan_attributes: Tuple[str, ...] = ()
    """Attributes with which ports and the link itself may get or lose VLANs."""
    separates_vlans: Callable[[Mapping[str, Any]], bool] = lambda _values: False
    """Whether one with these values forwards frames only between ports that have their VLAN in common."""
    follows_ports: Tuple[str, ...] = ()
    """Attributes that the kernel changes when ports join or leave."""
    kept_once_changed: Tuple[str, ...] = ()
    """Of these, those that ports do not change any more after they were changed: net/bridge/br_device.c (br_change_mtu)."""
    follows_ports_until_set: Tuple[str, ...] = ()
    """Attributes that the kernel changes when ports join or leave, until they are set."""
    has_peer: bool = False
    """Whether it is one end of a pair."""
    is_attachable: bool = False
    """Whether it is created by C(ioctl) (C(TUNSETIFF)) and held by programs."""
    initial: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda _values: {}
    """The values of a new link where they differ from the common ones."""
    port_rows: Optional[Tuple[Attribute, ...]] = None
    """The attributes of its ports; None if it has no ports."""
    table_of_ports: str = ""
    """The attribute with the number of the routing table that its ports use; '' if they use those of the host."""
    takes_frames: bool = False
    """Whether it gets all frames that its ports receive, so that their own addresses do not work."""
    brings_ports_down: bool = False
    """Whether a link must be down to become its port, or is taken down and up by the kernel then."""
    aggregates: bool = False
    """Whether it makes one link of its ports: the kernel brings them up, and it works only while one of them does."""
    no_port_of: Tuple[str, ...] = ()
    """Kinds (C(kernel)) of which it cannot be a port."""
    without_frames: str = ""
    """What one without Ethernet frames is, as the end of a sentence."""
    tag: Callable[[Mapping[str, Any]], int] = lambda _values: 0
    """The VLAN of its frames on the parent; 0 if they are untagged."""
    features_off: Optional[Tuple[str, ...]] = None
    """Features (ethtool(8)) that can be turned on, but are off on a new one, besides those that are off on every new link. None if they depend on
    other links, or on programs."""
    picture: str = "link"
    """How it is drawn: C(bridge) or C(bond), a box that others are connected to; C(vrf), a box with the links that belong to it;
    C(cable), a line between two boxes; C(tunnel), a line to the other end of the tunnel; C(device), a box of its own; C(link), a line in
    the box of its namespace."""
