# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be done to a host: one type of step for each change, without behaviour.

How a step is run and undone, printed and explained is said in tables by type: C(_apply), C(_commands), C(_explain). As tuples,
steps of different types with the same content are equal: compare types, too.

C(old) is what was there before, None where that is not known. C(restore) is what must be done beside the opposite of the step to
undo it: the kernel drops more than it is told to.
"""

from __future__ import annotations

from typing import List, NamedTuple, Optional, Tuple, Union

from ansible_collections.nfv.vnet.plugins.module_utils._errors import Message
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Address, Host, LinkId, Route, Values, Vlan

Scalar = Union[bool, int, float, str]


class CreateNamespace(NamedTuple):
    name: str
    loopback: Values
    """What its C(lo) gets in the same step."""
    replaces: str = ""
    """What lies in the place of its name, '' for nothing."""


class DeleteNamespace(NamedTuple):
    name: str


class DeleteNamespaces(NamedTuple):
    """Many at once, as alone each takes as long as all of them."""

    names: List[str]


class SetNsid(NamedTuple):
    name: str
    nsid: int


class SetSysctl(NamedTuple):
    netns: str
    key: str
    value: str
    old: Optional[str] = None


class NewPeer(NamedTuple):
    """The other end of a cable that is to be made."""

    netns: str
    name: str
    values: Values


class CreateLink(NamedTuple):
    netns: str
    name: str
    kind: str
    values: Values
    mark: Values
    """What says from the first moment on whose it is, and its peer."""
    peer: Optional[NewPeer] = None
    parent: Optional[LinkId] = None
    master: str = ""
    restore: Tuple[Step, ...] = ()


class DeleteLink(NamedTuple):
    netns: str
    name: str
    kind: str = ""
    again: Tuple[Step, ...] = ()
    """What makes it again, of one that must go before others are made; all others go last."""


class DeleteLinks(NamedTuple):
    """Many of one namespace at once."""

    netns: str
    names: List[str]
    kind: str = ""


class AwaitLinks(NamedTuple):
    """Links, with their indexes, that the kernel deletes by itself: the peers of what was in a namespace that is deleted."""

    links: List[Tuple[LinkId, int]]


class RenameLink(NamedTuple):
    netns: str
    name: str
    new: str


class MoveLink(NamedTuple):
    netns: str
    name: str
    new: str
    """The namespace that it is moved to."""
    restore: Tuple[Step, ...] = ()


class SetLink(NamedTuple):
    """Attributes that every link has, or one of another location."""

    netns: str
    name: str
    kind: str
    values: Values
    old: Optional[Values] = None
    restore: Tuple[Step, ...] = ()


class SetMaster(NamedTuple):
    """C(master) '' takes the link out of its bridge."""

    netns: str
    name: str
    master: str
    old: Optional[str] = None
    restore: Tuple[Step, ...] = ()


class SetTuntap(NamedTuple):
    """Owner and group of a device that is there, with what must be said beside."""

    netns: str
    name: str
    values: Values
    old: Optional[Values] = None


class SetPort(NamedTuple):
    netns: str
    name: str
    attribute: str
    value: Scalar
    old: Optional[Scalar] = None


class AddVlan(NamedTuple):
    netns: str
    name: str
    vlan: Vlan
    of_bridge: bool
    """Whether it is a VLAN of the bridge itself, not of a port."""
    old: Optional[Vlan] = None
    restore: Tuple[Step, ...] = ()


class DeleteVlan(NamedTuple):
    netns: str
    name: str
    vlan: Vlan
    of_bridge: bool


class AddAddress(NamedTuple):
    netns: str
    name: str
    address: Address


class DeleteAddress(NamedTuple):
    netns: str
    name: str
    address: Address


class AddRoute(NamedTuple):
    netns: str
    route: Route


class ReplaceRoute(NamedTuple):
    netns: str
    route: Route
    old: Route


class DeleteRoute(NamedTuple):
    netns: str
    route: Route


Step = Union[
    CreateNamespace,
    DeleteNamespace,
    DeleteNamespaces,
    SetNsid,
    SetSysctl,
    CreateLink,
    DeleteLink,
    DeleteLinks,
    AwaitLinks,
    RenameLink,
    MoveLink,
    SetLink,
    SetMaster,
    SetTuntap,
    SetPort,
    AddVlan,
    DeleteVlan,
    AddAddress,
    DeleteAddress,
    AddRoute,
    ReplaceRoute,
    DeleteRoute,
]


def link_of(step: Step) -> LinkId:
    """The link that a step is about; a namespace, and what is set inside it, by its C(lo)."""
    if isinstance(step, (CreateNamespace, DeleteNamespace, SetNsid)):
        return step.name, "lo"
    if isinstance(step, DeleteNamespaces):
        return step.names[0], "lo"
    if isinstance(step, SetSysctl):
        return step.netns, "lo"
    if isinstance(step, (AddRoute, ReplaceRoute, DeleteRoute)):
        return step.netns, step.route.dev or "lo"
    if isinstance(step, DeleteLinks):
        return step.netns, step.names[0]
    if isinstance(step, AwaitLinks):
        return step.links[0][0]
    return step.netns, step.name


def restore_of(step: Step) -> Tuple[Step, ...]:
    if isinstance(step, DeleteLink):
        return step.again
    return step.restore if isinstance(step, (CreateLink, MoveLink, SetLink, SetMaster, AddVlan)) else ()


def only_marks(step: Step) -> bool:
    """Whether it says whose a link is, and changes nothing else."""
    return isinstance(step, SetLink) and not set(step.values) - {"alias", "link_group"}


class Plan(NamedTuple):
    """The steps from what is there to what is wanted."""

    steps: List[Step]
    after: Host
    """What the host is expected to be afterwards, as far as it can be told: it lacks what the kernel will choose."""
    warnings: List[Message]
