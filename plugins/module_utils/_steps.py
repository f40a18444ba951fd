# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps that change a host: one class for each change, without behaviour.

Running, undoing, printing and explaining are tables by class: C(_apply), C(_commands), C(_explain). As tuples of different types
with the same content are equal, compare the types, too.

C(old) is the previous value, None if it is not known. C(restore) are further steps of a rollback, after the inverse step, for settings
that the kernel dropped as a side effect.
"""

from __future__ import annotations

from typing import Dict, Iterable, List, NamedTuple, Optional, Tuple, Union

from ansible_collections.nfv.vnet.plugins.module_utils._errors import Message
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import changes_vlans
from ansible_collections.nfv.vnet.plugins.module_utils._resources import REFUSING, Address, Host, LinkId, Ownership, Route, Values, Vlan

Scalar = Union[bool, int, float, str]


class CreateNamespace(NamedTuple):
    name: str
    loopback: Values
    """What is set on its C(lo) in the same step."""
    replaces: str = ""
    """What is in the place of its name, '' for nothing."""


class AttachNamespace(NamedTuple):
    """Gives a name to an existing namespace."""

    name: str
    path: str
    replaces: str = ""
    """What is in the place of its name, '' for nothing."""


class DeleteNamespace(NamedTuple):
    name: str
    attached: bool = False
    """Whether the name was given to an existing namespace, which stays with its links."""


class DeleteNamespaces(NamedTuple):
    """A batch, as deleting one takes as long as deleting many."""

    names: List[str]


class SetNsid(NamedTuple):
    name: str
    nsid: int


PRIVATE = 0o600
"""The permissions of a file that is there again: those that it had are not known any more."""


class SetFile(NamedTuple):
    """A file of a namespace in /etc/netns/NAME. None: there is no such file."""

    name: str
    file: str
    content: Optional[str]
    old: Optional[str] = None
    mode: int = 0o644
    """The permissions of a new file."""


class SetSysctl(NamedTuple):
    netns: str
    key: str
    value: str
    old: Optional[str] = None


class NewPeer(NamedTuple):
    """The far end of a new veth pair."""

    netns: str
    name: str
    values: Values
    ifindex: int = 0
    """Its index, 0 if the kernel chooses it."""


class CreateLink(NamedTuple):
    netns: str
    name: str
    kind: str
    values: Values
    peer: Optional[NewPeer] = None
    parent: Optional[LinkId] = None
    master: str = ""
    restore: Tuple[Step, ...] = ()
    ifindex: int = 0
    """Its index, 0 if the kernel chooses it."""


class DeleteLink(NamedTuple):
    netns: str
    name: str
    kind: str = ""
    recreation: Tuple[Step, ...] = ()
    """Steps that recreate the link, if it must be deleted before others are created. All others are deleted last."""


class DeleteLinks(NamedTuple):
    """A batch of links of one namespace."""

    netns: str
    names: List[str]
    kind: str = ""


class AwaitLinks(NamedTuple):
    """Links, with their indexes, that the kernel deletes by itself: the peers of links in deleted namespaces."""

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
    new_name: str = ""
    """The name that it gets there; '' for the same."""
    restore: Tuple[Step, ...] = ()


class SetLink(NamedTuple):
    """Common attributes in one message, or one attribute of another location."""

    netns: str
    name: str
    kind: str
    values: Values
    old: Optional[Values] = None
    restore: Tuple[Step, ...] = ()
    about: Tuple[str, ...] = ()
    """What ip(8) needs to know of a link of this kind to change an attribute of its own: the kind, and what must be repeated."""


class SetMaster(NamedTuple):
    """C(master) '' removes the link from its bridge."""

    netns: str
    name: str
    master: str
    old: Optional[str] = None
    restore: Tuple[Step, ...] = ()


class SetTuntap(NamedTuple):
    """Owner and group of an existing device, with the values that the ioctl needs besides."""

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
    """Whether it is a VLAN of the bridge itself and not of a port."""
    old: Optional[Vlan] = None
    restore: Tuple[Step, ...] = ()


class DeleteVlan(NamedTuple):
    netns: str
    name: str
    vlan: Vlan
    of_bridge: bool


class SetVlan(NamedTuple):
    """An attribute of a VLAN of a port or a bridge, which was C(vlan)."""

    netns: str
    name: str
    vlan: Vlan
    of_bridge: bool
    attribute: str
    value: Scalar
    old: Optional[Scalar] = None


class AddAddress(NamedTuple):
    netns: str
    name: str
    address: Address
    body: str = ""
    """The address as the kernel showed it (C(Shown)), to restore it with everything that it had."""


class DeleteAddress(NamedTuple):
    netns: str
    name: str
    address: Address


class AddRoute(NamedTuple):
    netns: str
    route: Route
    body: str = ""
    """The route as the kernel showed it (C(Shown)), to restore it with everything that it had."""


class ReplaceRoute(NamedTuple):
    netns: str
    route: Route
    old: Route


class DeleteRoute(NamedTuple):
    netns: str
    route: Route
    body: str = ""


class AddEntry(NamedTuple):
    """An entry of a list of a link (C(_entries))."""

    netns: str
    name: str
    kind: str
    option: str
    entry: Values


class DeleteEntry(NamedTuple):
    netns: str
    name: str
    kind: str
    option: str
    entry: Values


Step = Union[
    CreateNamespace,
    AttachNamespace,
    DeleteNamespace,
    DeleteNamespaces,
    SetNsid,
    SetFile,
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
    SetVlan,
    AddAddress,
    DeleteAddress,
    AddRoute,
    ReplaceRoute,
    DeleteRoute,
    AddEntry,
    DeleteEntry,
]


def link_of(step: Step) -> LinkId:
    """The link that a step is about; for namespaces and settings inside them, its C(lo)."""
    if isinstance(step, (CreateNamespace, AttachNamespace, DeleteNamespace, SetNsid, SetFile)):
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


def takes_away(step: Step) -> bool:
    """Whether a link may lose addresses or routes by a step, or be deleted, or packets be dropped."""
    if isinstance(step, SetLink):
        is_lossy = step.values.get("up") is False or "mtu" in step.values or bool(step.values.get("disable_ipv6"))
        return is_lossy or changes_vlans(step.kind, step.values)
    if isinstance(step, AddRoute):
        return step.route.type in REFUSING
    if isinstance(step, AddEntry):
        return step.entry.get("type") in REFUSING
    return isinstance(step, _TAKING_AWAY)


_TAKING_AWAY = (
    AwaitLinks,
    DeleteAddress,
    DeleteLink,
    DeleteLinks,
    DeleteNamespace,
    DeleteNamespaces,
    DeleteRoute,
    DeleteVlan,
    MoveLink,
    RenameLink,
    ReplaceRoute,
    SetMaster,
)


def restore_of(step: Step) -> Tuple[Step, ...]:
    if isinstance(step, DeleteLink):
        return step.recreation
    if isinstance(step, DeleteVlan):
        vids = range(step.vlan.first, step.vlan.last + 1) if step.vlan.settings else ()
        vlans = [Vlan(vid, vid, *step.vlan[2:4]) for vid in vids]
        return tuple(SetVlan(step.netns, step.name, vlan, step.of_bridge, *setting) for vlan in vlans for setting in step.vlan.settings.items())
    return step.restore if isinstance(step, (CreateLink, MoveLink, SetLink, SetMaster, AddVlan)) else ()


class Plan(NamedTuple):
    """The steps from the current state to the wanted one."""

    steps: List[Step]
    after: Host
    """The expected state after the steps, without the values that the kernel chooses."""
    warnings: List[Message]
    ownership: Dict[LinkId, Optional[Ownership]]
    """The existing links whose ownership changes, by their present names; None for those that are released."""

    @property
    def is_empty(self) -> bool:
        return not self.steps and not self.ownership


def ids_before(steps: Iterable[Step]) -> Dict[LinkId, LinkId]:
    """What links that are renamed or moved are called before the steps, by what they are called after them."""
    before: Dict[LinkId, LinkId] = {}
    for step in steps:
        if isinstance(step, (RenameLink, MoveLink)):
            after = (step.netns, step.new) if isinstance(step, RenameLink) else (step.new, step.new_name or step.name)
            before[after] = before.pop(link_of(step), link_of(step))
    return before
