# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links that stand on others: what they need of their parent, and what becomes of them when that goes."""

from __future__ import annotations

from typing import Dict, Iterator, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _marks
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path, VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import (
    OF_KERNEL,
    initial_of,
    is_ethernet,
    parent_of,
    rows_of,
    same_of,
    title_of,
    type_of,
    unique_key,
)
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import AGAIN, AWAY, BRIDGE_UP, UP, Draft, inside
from ansible_collections.nfv.vnet.plugins.module_utils._resources import FoundLink, Host, Layout, Link, LinkId, Port
from ansible_collections.nfv.vnet.plugins.module_utils._steps import RenameLink, SetLink, Step


def check_parent(draft: Draft, wanted: Link) -> None:
    """Whether there is a parent, and one that can carry the link."""
    if not wanted.parent:
        return
    path = (*wanted.path, parent_of(wanted.kind))
    parent = draft.found.get(wanted.parent)
    if not parent and wanted.parent in draft.removed:
        raise VnetError(path, "%s is not declared any more, so it goes; declare it, too" % wanted.parent[1])
    if not parent:
        _missing(draft, wanted.parent, path)
    elif not is_ethernet(parent.kind, parent.values):
        raise VnetError(path, "%s is %s that carries no Ethernet frames, so %s cannot stand on it" % (parent.name, _short(parent), title_of(wanted.kind)))


def _short(found: FoundLink) -> str:
    return title_of(found.kind) if type_of(found.kind) else "a link"


def _missing(draft: Draft, key: LinkId, path: Path) -> None:
    text = "there is no link %s%s" % (key[1], inside(key[0]))
    if key[0] and ("", key[1]) in draft.found:
        text += "; there is one in the namespace that the module runs in: parent_netns: ''"
    if key[0] in draft.born:  # nobody else can have made it
        raise VnetError(path, text)
    draft.missing(path, text)


def check_against_parent(draft: Draft, wanted: Link, found: FoundLink) -> None:
    """Whether the link can be up (ENETDOWN), and as large as it is to be (ERANGE)."""
    parent, kind = draft.found.get(found.parent or ("", "")), OF_KERNEL.get(found.kind)
    if not parent or not kind:
        return
    complain = draft.refuse if parent.id in draft.wanted else draft.missing
    values = {**found.values, **wanted.values}
    if values["up"] and not parent.values["up"] and kind.needs_parent_up(values):
        complain((*wanted.path, "up"), "its parent %s is down; bring that up, or set up: false" % parent.name)
    largest = _mtu(draft, parent)
    if "mtu" in kind.from_parent and largest and wanted.values.get("mtu", 0) > largest:
        complain((*wanted.path, "mtu"), "%d is more than the %d of its parent %s" % (wanted.values["mtu"], largest, parent.name))


def _mtu(draft: Draft, found: FoundLink) -> Optional[int]:
    """What a link can carry at most, None where that is not known yet. Parents are planned first, and each is asked once."""
    if found.id not in draft.mtus:
        kind = OF_KERNEL.get(found.kind)
        mtu: Optional[int] = found.values.get("mtu")
        if mtu is None and kind and "mtu" in kind.from_parent:
            mtu = draft.mtus.get(found.parent or ("", ""))
        elif mtu is None and kind and "mtu" not in kind.follows_ports:
            mtu = rows_of(found.kind)["mtu"].initial
        draft.mtus[found.id] = mtu
    return draft.mtus[found.id]


def plan_what_rises(draft: Draft) -> None:
    """The kernel brings some links up with their parent. Those that are to be down go down again."""
    given_back = {link.id for link in draft.released}
    for link in [*draft.links, *draft.released]:
        found = draft.found.get(link.id)
        if not found or found.parent not in draft.rising or found.kind not in OF_KERNEL:
            continue
        if link.values.get("up", not (link.id in given_back and not found.values["up"])):
            continue
        if OF_KERNEL[found.kind].rises_with_parent(found.values):
            draft.add(BRIDGE_UP if link.id in draft.on_bridges else UP, SetLink(link.netns, link.name, found.kind, {"up": False}))


# What stands on a link that goes


def taken_along(draft: Draft, parent: LinkId) -> Iterator[FoundLink]:
    """What must be replaced as it stands on a link that is removed: it is declared, or a new link takes that place."""
    again = (parent in draft.wanted and draft.wanted[parent].present) or any(found.id == parent for found in draft.along)
    for found in draft.standing[parent]:
        declared = found.id in draft.wanted and draft.wanted[found.id].present
        if found.id not in draft.found or (draft.owns(found) and not declared):
            continue  # it goes anyway
        name = found.name + inside(found.netns)
        if not declared and draft.layout.name:
            raise VnetError((), "%s stands on %s and would go with it; remove it first, or declare it" % (name, parent[1]))
        if not declared and not again:
            draft.warn((), "%s stands on it and goes with it" % name)
            continue
        if found.kind not in OF_KERNEL:
            raise VnetError((), "%s, %s, stands on %s and could not be made again; remove it first" % (name, title_of(found.kind), parent[1]))
        if declared:
            draft.fallen[found.id] = found
        else:
            draft.along.append(found)
        yield found


def with_what_was(draft: Draft, wanted: Link) -> Link:
    """A link that is made again because of its parent: it keeps what nothing is said of."""
    was = as_it_was(draft, draft.fallen[wanted.id])
    said = {name: value for name, value in wanted._asdict().items() if value is not None}
    return was._replace(**{**said, "kind": was.kind, "values": {**was.values, **wanted.values}})


def plan_again(draft: Draft) -> None:
    """Makes again what went with its parent though nobody speaks of it, when all else is there."""
    for found in draft.along:
        link = as_it_was(draft, found)
        with draft.restoring(link):
            planned = draft.plan_of(Layout([], [link]), Host(draft.namespaces, draft.found))
        for step in planned.steps:
            draft.add(AGAIN, step)
        draft.found[found.id] = planned.after.links[found.id]


def made_again(draft: Draft, found: FoundLink) -> Tuple[Step, ...]:
    """The steps that make a link again as it was, on its old parent."""
    links = {key: link for key, link in draft.host.links.items() if key != found.id}
    link = as_it_was(draft, found)
    return tuple(draft.plan_of(Layout([], [link]), Host(draft.host.namespaces, links)).steps)


def as_it_was(draft: Draft, found: FoundLink) -> Link:
    """A link that is there as one that is wanted, without what a new one has by itself."""
    key = found.parent or ("", "")
    before, after = draft.host.links.get(key), draft.found.get(key)
    rows = rows_of(found.kind)
    of_parent = before.values if before else {}
    initial = {**{row.name: row.initial for row in rows.values()}, **initial_of(found.kind, found.values, of_parent)}
    initial["mac"] = of_parent.get("mac")  # which it follows
    there = {row.name: found.values[row.name] for row in rows.values() if row.when in ("live", "create") and found.values.get(row.name) is not None}
    values = {name: value for name, value in there.items() if value != initial.get(name)}
    values["up"] = found.values["up"] and (after is None or after.values["up"])
    if found.mark:
        values["alias"] = _marks.join(found.mark, found.values["alias"])
    addresses = [address for address in found.addresses if not address.dynamic and not address.link_local]
    port = found.port
    if port:
        settings = {name: value for name, value in port.values.items() if table.OF_PORT[name].when != "up" and value != table.OF_PORT[name].initial}
        port = Port(settings, port.vlans, purge_vlans=True)
    return Link(
        found.kind,
        found.netns,
        found.name,
        (),
        values,
        master=found.master or None,
        port=port,
        addresses=addresses,
        routes=[*(found.routes or ()), *found.other_routes] if values["up"] else None,
        parent=found.parent,
    )


# Two links that are alike cannot stand on one parent (EEXIST)


def under_its_new_name(draft: Draft, wanted: Link) -> Optional[FoundLink]:
    """A link that is there under another name: a layout renames its own."""
    key = unique_key(wanted.kind, wanted.parent, wanted.values)
    found = _alike_there(draft).get(key) if key and wanted.parent not in draft.removed else None
    there = draft.found.get(found.id) if found else None
    if not found or found.id == wanted.id or not there or there.ifindex != found.ifindex:
        return None
    if is_renamed(draft, found):
        return _renamed(draft, found, wanted.name)
    raise VnetError(wanted.path, "%s%s has the same %s; use that, or remove it first" % (found.name, inside(found.netns), same_of(wanted.kind)))


def is_renamed(draft: Draft, found: FoundLink) -> bool:
    """Whether a link of the layout that is not declared any more is declared under another name."""
    link = _wanted_like(draft, found)
    return bool(link and link.netns == found.netns and link.id not in draft.host.links and found.id not in draft.wanted and draft.owns(found))


def is_in_the_way(draft: Draft, found: FoundLink) -> bool:
    """Whether a link that goes must go before the one that is alike is made."""
    return found.parent not in draft.removed and _wanted_like(draft, found) is not None


def _wanted_like(draft: Draft, found: FoundLink) -> Optional[Link]:
    """The link that is declared, and so like this one that there can be only one of them."""
    if draft.alike_wanted is None:
        links = ((link, draft.host.links.get(link.id)) for link in draft.links if link.present and parent_of(link.kind))
        # what is left alone is as it is
        complete = ((link, link.parent or (found.parent if found else None), {**(found.values if found else {}), **link.values}) for link, found in links)
        keys = ((unique_key(link.kind, parent, values), link) for link, parent, values in complete)
        draft.alike_wanted = {key: link for key, link in keys if key}
    key = unique_key(found.kind, found.parent, found.values)
    return draft.alike_wanted.get(key) if key else None


def _alike_there(draft: Draft) -> Dict[Tuple[object, ...], FoundLink]:
    if draft.alike_there is None:
        links = (link for links in draft.standing.values() for link in links)
        keys = ((unique_key(link.kind, link.parent, link.values), link) for link in links)
        draft.alike_there = {key: link for key, link in keys if key}
    return draft.alike_there


def _renamed(draft: Draft, found: FoundLink, name: str) -> FoundLink:
    """It goes down for that, as older kernels only rename what is down, and loses its routes and what it has of IPv6."""
    if found.values["up"]:
        draft.add(AWAY, SetLink(found.netns, found.name, found.kind, {"up": False}, {"up": True}))
    draft.add(AWAY, RenameLink(found.netns, found.name, name))
    del draft.found[found.id]
    for upper in draft.standing.get(found.id, ()):
        if upper.id in draft.found:
            draft.found[upper.id] = draft.found[upper.id]._replace(parent=(found.netns, name))
    addresses = [address for address in found.addresses if not (address.ipv6 and found.values["up"])]
    renamed = found._replace(name=name, values={**found.values, "up": False}, routes=[], addresses=addresses)
    return draft.found.setdefault((found.netns, name), renamed)
