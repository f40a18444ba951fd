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
    created_with: Tuple[str, ...] = ("mac", "num_tx_queues", "num_rx_queues")
    """Attributes that are set in the message that creates it; all others are set afterwards."""
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
    sets_port_states: Callable[[Mapping[str, Any]], bool] = lambda _values: False
    """Whether one with these values controls the state of its ports."""
    unique: Tuple[str, ...] = ()
    """Attributes that two links on one parent must not have in common."""
    parent: str = ""
    """The option that names its parent (C(IFLA_LINK)); '' if it has none."""
    not_on: Tuple[str, ...] = ()
    """Kinds (C(kernel)) on which it cannot be."""
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
    is_ethernet: Callable[[Mapping[str, Any]], bool] = lambda _values: True
    """Whether one with these values carries Ethernet frames and has a MAC address."""
    is_bridge: bool = False
    """Whether it forwards frames between its ports, and has VLANs."""
    follows_ports: Tuple[str, ...] = ()
    """Attributes that the kernel changes when ports join or leave."""
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
    takes_frames: bool = False
    """Whether it gets all frames that its ports receive, so that their own addresses do not work."""
    brings_ports_down: bool = False
    """Whether a link must be down to become its port, or is taken down and up by the kernel then."""
    opens_ports: bool = False
    """Whether the kernel brings a link up that becomes its port."""
    no_port_of: Tuple[str, ...] = ()
    """Kinds (C(kernel)) of which it cannot be a port."""
    without_frames: str = ""
    """What one without Ethernet frames is, as the end of a sentence."""
    tag: Callable[[Mapping[str, Any]], int] = lambda _values: 0
    """The VLAN of its frames on the parent; 0 if they are untagged."""
    picture: str = "link"
    """How it is drawn: C(bridge), a box that others are connected to; C(cable), a line between two boxes; C(device), a box of its
    own; C(link), a line in the box of its namespace."""
