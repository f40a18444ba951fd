# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links with a parent: what they need of it, and what happens to them when it is deleted."""

from __future__ import annotations

from typing import Callable, Dict, Iterable, Iterator, List, Optional, Tuple, TypeVar

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils._entries import LISTS
from ansible_collections.nfv.vnet.plugins.module_utils._entries._entry import EntryList
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path, VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import (
    ANY,
    BY_KIND,
    initial_of,
    is_ethernet,
    kind_of,
    network_of,
    place_of,
    rows_of,
    title_of,
    unique_key,
    unique_options_of,
)
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import BRIDGE_UP, FREE_NAMES, RECREATE, UP, Draft, inside
from ansible_collections.nfv.vnet.plugins.module_utils._plan._mtu import UNKNOWN, mtu_after
from ansible_collections.nfv.vnet.plugins.module_utils._resources import Entries, FoundLink, Host, Layout, Link, LinkId, Port, Values
from ansible_collections.nfv.vnet.plugins.module_utils._steps import CreateLink, SetLink, Step

_Entry = TypeVar("_Entry")


def check_parent(draft: Draft, wanted: Link) -> None:
    """Checks that the parent exists and can carry the link."""
    lonely = next((name for name in kind_of(wanted.kind).needs_parent if wanted.values.get(name)), "")
    if lonely and not (wanted.parent and wanted.parent[1]) and wanted.id not in draft.host.links:
        raise VnetError((*wanted.path, lonely), "it needs %s" % kind_of(wanted.kind).parent)
    if not wanted.parent:
        return
    if not wanted.parent[1]:
        _check_network(draft, wanted, wanted.parent[0])
        return
    path = (*wanted.path, kind_of(wanted.kind).parent)
    parent = draft.links_after.get(wanted.parent)
    if not parent and wanted.parent in draft.deleted_ids:
        raise VnetError(path, "%s is not declared any more and will be deleted; declare it, too" % wanted.parent[1])
    if not parent:
        _missing(draft, wanted.parent, path)
    elif parent.kind in kind_of(wanted.kind).not_on:
        raise VnetError(path, "%s is %s; %s cannot be on top of it" % (parent.name, title_of(parent.kind), title_of(wanted.kind)))
    elif not kind_of(wanted.kind).encapsulates and not is_ethernet(parent.kind, parent.values):
        raise VnetError(path, "%s is %s without Ethernet frames, so it cannot be the parent of %s" % (parent.name, _short(parent), title_of(wanted.kind)))


def _check_network(draft: Draft, wanted: Link, netns: str) -> None:
    """Checks that the namespace exists whose network carries the packets of a link."""
    if not draft.namespaces_after[netns].identity:
        draft.missing((*wanted.path, "parent_netns"), "namespace %s does not exist" % netns)


def _short(found: FoundLink) -> str:
    return title_of(found.kind) if kind_of(found.kind).type else "a link"


def _missing(draft: Draft, key: LinkId, path: Path) -> None:
    text = "there is no link %s%s" % (key[1], inside(key[0]))
    if key[0] and ("", key[1]) in draft.links_after:
        text += "; there is one in the namespace that the module runs in: parent_netns: ''"
    if key[0] in draft.new_namespaces:  # the namespace is new, so no earlier task can have created it
        raise VnetError(path, text)
    draft.missing(path, text)


def check_against_parent(draft: Draft, wanted: Link, found: FoundLink) -> None:
    """Checks that the link can be up (ENETDOWN) and can have its MTU (ERANGE)."""
    parent, kind = draft.links_after.get(found.parent or ("", "")), kind_of(found.kind)
    if not parent:
        return
    complain = draft.refuse if parent.id in draft.wanted else draft.missing
    values = {**found.values, **wanted.values}
    if values["up"] and not parent.values["up"] and kind.needs_parent_up(values):
        complain((*wanted.path, "up"), "its parent %s is down; bring the parent up, or set up: false" % parent.name)
    largest = _mtu(draft, parent)
    if "mtu" in kind.from_parent and largest and wanted.values.get("mtu", 0) > largest:
        complain((*wanted.path, "mtu"), "%d is more than the MTU %d of its parent %s" % (wanted.values["mtu"], largest, parent.name))


def _mtu(draft: Draft, found: FoundLink) -> Optional[int]:
    """The MTU of a parent, None if it is not known yet. Parents are planned before their uppers."""
    if found.id not in draft.parent_mtus:
        kind, wanted = BY_KIND.get(found.kind), draft.wanted.get(found.id)
        mtu: Optional[int] = found.values.get("mtu")
        if kind and wanted and "mtu" in kind.follows_ports:
            after = mtu_after(draft, wanted, found).value
            mtu = None if after == UNKNOWN else after
        elif mtu is None and kind and "mtu" in kind.from_parent:
            mtu = draft.parent_mtus.get(found.parent or ("", ""))
        elif mtu is None and kind:
            mtu = rows_of(found.kind)["mtu"].initial
        draft.parent_mtus[found.id] = mtu
    return draft.parent_mtus[found.id]


def bring_down_after_parent(draft: Draft) -> None:
    """The kernel brings some links up with their parent. Sets those down again that are to be down."""
    released_ids = {link.id for link in draft.released}
    for link in [*draft.links, *draft.released]:
        found = draft.links_after.get(link.id)
        if not found or found.parent not in draft.to_bring_up or found.kind not in BY_KIND:
            continue
        if link.values.get("up", not (link.id in released_ids and not found.values["up"])):
            continue
        if kind_of(found.kind).goes_up_with_parent(found.values):
            draft.add(BRIDGE_UP if link.id in draft.above_bridges else UP, SetLink(link.netns, link.name, found.kind, {"up": False}))


# Uppers of a link that is deleted


def recreate_uppers(draft: Draft, parent: LinkId) -> Iterator[FoundLink]:
    """Returns the links above a parent that must be replaced: those that are declared, and all others if a new parent replaces the old one."""
    again = (parent in draft.wanted and draft.wanted[parent].present) or any(found.id == parent for found in draft.undeclared_uppers)
    for found in draft.uppers[parent]:
        wanted = draft.wanted.get(found.id)
        declared = wanted is not None and wanted.present
        if found.id not in draft.links_after or (draft.owns(found) and not declared):
            continue  # it is deleted anyway
        if wanted and declared and wanted.kind not in (ANY, found.kind):
            if draft.owns(found):
                yield found  # and not again: the new one is another link
            continue
        name = found.name + inside(found.netns)
        if not declared and kind_of(found.kind).outlives_parent:
            continue
        if not declared and draft.layout.name:
            raise VnetError((), "%s is on top of %s and would be deleted with it; remove it first, or declare it" % (name, parent[1]))
        if not declared and not again:
            draft.warn((), "%s is on top of it and is deleted with it" % name)
            continue
        if found.kind not in BY_KIND:
            raise VnetError((), "%s, %s, is on top of %s and cannot be recreated; remove it first" % (name, title_of(found.kind), parent[1]))
        if declared:
            draft.recreated[found.id] = found
        else:
            draft.undeclared_uppers.append(found)
        yield found


def with_current_settings(draft: Draft, wanted: Link) -> Link:
    """A link that is recreated because of its parent: what is not declared is as it was."""
    was = wanted_as_found(draft, draft.recreated[wanted.id])
    said = {name: value for name, value in wanted._asdict().items() if value is not None}
    changed: Values = {"kind": was.kind, "values": {**was.values, **wanted.values}, "entries": dict(was.entries)}
    if wanted.addresses is not None and not wanted.purge_addresses:
        changed["addresses"] = _with_others(wanted.addresses, was.addresses or (), lambda address: address.key)
    if wanted.routes is not None and not wanted.purge_routes:
        changed["routes"] = _with_others(wanted.routes, was.routes or (), lambda route: route.key)
    if was.port and was.master and (wanted.netns, was.master) in draft.links_after:
        draft.ports_again[wanted.id] = was
    for option, given in wanted.entries.items():
        others = was.entries.get(option, Entries([])).entries if not given.purge else ()
        changed["entries"][option] = given._replace(entries=_with_others(given.entries, others, LISTS[option].key_of))
    return was._replace(**{**said, **changed})


def _with_others(wanted: Iterable[_Entry], there: Iterable[_Entry], key_of: Callable[[_Entry], object]) -> List[_Entry]:
    """The entries that were there, in their order, with those that are wanted in their place, and further ones."""
    by_key = {key_of(entry): entry for entry in wanted}
    kept = [by_key.pop(key_of(entry), entry) for entry in there]
    return [*kept, *by_key.values()]


def recreate_undeclared_uppers(draft: Draft) -> None:
    """Plans to recreate undeclared links that were deleted with their parent, after everything else."""
    for found in draft.undeclared_uppers:
        link = wanted_as_found(draft, found)
        with draft.naming(link):
            planned = draft.plan_of(Layout([], [link]), Host(draft.namespaces_after, draft.links_after))
        for step in planned.steps:
            draft.add(RECREATE, step)
        draft.links_after[found.id] = planned.after.links[found.id]


def recreation_of(draft: Draft, found: FoundLink) -> Tuple[Step, ...]:
    """The steps that recreate a link as it was, on its old parent."""
    links = {key: link for key, link in draft.host.links.items() if key != found.id}
    link = wanted_as_found(draft, found)
    return tuple(_with_index(draft.plan_of(Layout([], [link]), Host(draft.host.namespaces, links)).steps, found))


def _with_index(steps: List[Step], found: FoundLink) -> List[Step]:
    """The steps that recreate a link, with its old index, so that it stays the same link for everybody."""
    return [step._replace(ifindex=found.ifindex) if isinstance(step, CreateLink) else step for step in steps]


def wanted_as_found(draft: Draft, found: FoundLink) -> Link:
    """A found link as a wanted one, without the values that a new one has anyway."""
    key = found.parent or ("", "")
    before, after = draft.host.links.get(key), draft.links_after.get(key)
    rows = rows_of(found.kind)
    of_parent = before.values if before else {}
    initial = {**{row.name: row.initial for row in rows.values()}, **initial_of(found.kind, found.values, of_parent)}
    initial["mac"] = of_parent.get("mac")  # a link that has its parent's MAC address follows it
    there = {row.name: found.values[row.name] for row in rows.values() if row.when in ("live", "create") and found.values.get(row.name) is not None}
    values = {name: value for name, value in there.items() if value != initial.get(name)}
    values["up"] = found.values["up"] and (after is None or after.values["up"])
    addresses = [address for address in found.addresses if not address.dynamic and not address.link_local]
    port = found.port
    if port:
        settings = {name: value for name, value in port.values.items() if table.PORT_ROWS[name].when != "up" and value != table.PORT_ROWS[name].initial}
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
        entries={option: Entries(_without_those_of_kernel(draft, found, LISTS[option])) for option, there in found.entries.items() if there},
        parent=found.parent,
    )


def _without_those_of_kernel(draft: Draft, found: FoundLink, entries: EntryList) -> List[Values]:
    of_kernel = entries.keys_of_kernel(found, draft.host)
    return [entry for entry in found.entries[entries.option] if entries.key_of(entry) not in of_kernel]


# The kernel refuses two links with the same unique options on one parent (EEXIST)


def found_under_old_name(draft: Draft, wanted: Link) -> Optional[FoundLink]:
    """A link that exists under another name. A layout renames its own."""
    key = unique_key(wanted.kind, network_of(wanted), wanted.values)
    found = _found_by_key(draft).get(key) if key and wanted.parent not in draft.deleted_ids else None
    there = draft.links_after.get(found.id) if found else None
    if not found or found.id == wanted.id or not there or there.ifindex != found.ifindex:
        return None
    other = draft.wanted.get(found.id)
    if other and other.present and _unique_key_of(other, found) != key:
        return None  # it changes
    if is_renamed(draft, found):
        return _renamed(draft, found, wanted.name)
    raise VnetError(wanted.path, "%s%s has the same %s; use that link, or remove it first" % (found.name, inside(found.netns), unique_options_of(wanted.kind)))


def is_renamed(draft: Draft, found: FoundLink) -> bool:
    """Whether a link that the layout owns is declared under another name now."""
    link = _wanted_with_same_key(draft, found)
    return bool(link and link.netns == found.netns and link.id not in draft.host.links and found.id not in draft.wanted and draft.owns(found))


def must_go_first(draft: Draft, found: FoundLink) -> bool:
    """Whether a link must be deleted before another one with the same unique options is created."""
    goes_with_parent = found.parent in draft.deleted_ids and not kind_of(found.kind).encapsulates
    return not goes_with_parent and (_wanted_with_same_key(draft, found) is not None or _excludes(draft, found))


def _excludes(draft: Draft, found: FoundLink) -> bool:
    """Whether a link and the one that replaces it cannot be on one parent."""
    wanted, kind = draft.wanted.get(found.id), kind_of(found.kind)
    return bool(wanted and wanted.present and (kind.excludes_others(found.values) or kind.excludes_others({**found.values, **wanted.values})))


def _wanted_with_same_key(draft: Draft, found: FoundLink) -> Optional[Link]:
    """The declared link with the same unique options on the same parent."""
    if draft.wanted_by_key is None:
        links = [link for link in draft.links if link.present and kind_of(link.kind).unique]
        keys = ((_unique_key_of(link, draft.host.links.get(link.id)), link) for link in links)
        draft.wanted_by_key = {key: link for key, link in keys if key}
    key = unique_key(found.kind, place_of(found.kind, found.netns, found.parent), found.values)
    return draft.wanted_by_key.get(key) if key else None


def _unique_key_of(link: Link, found: Optional[FoundLink]) -> Optional[Tuple[object, ...]]:
    """What no other link may have in common with a wanted one. Options that are not given keep their current values."""
    if not found:
        return unique_key(link.kind, network_of(link), link.values)
    return unique_key(link.kind, link.parent or place_of(found.kind, found.netns, found.parent), {**found.values, **link.values})


def _found_by_key(draft: Draft) -> Dict[Tuple[object, ...], FoundLink]:
    if draft.found_by_key is None:
        links = (link for link in draft.host.links.values() if kind_of(link.kind).unique)
        keys = ((unique_key(link.kind, place_of(link.kind, link.netns, link.parent), link.values), link) for link in links)
        draft.found_by_key = {key: link for key, link in keys if key}
    return draft.found_by_key


def _renamed(draft: Draft, found: FoundLink, name: str) -> FoundLink:
    """Plans to rename a link. It goes down first, and loses its routes and IPv6 addresses."""
    from ansible_collections.nfv.vnet.plugins.module_utils._plan._existing import add_again, let_down_and_rename, renamed

    after = renamed(found, name)
    add_again(draft, FREE_NAMES, after, let_down_and_rename(draft, found, name))
    del draft.links_after[found.id]
    for upper in draft.uppers.get(found.id, ()):
        if upper.id in draft.links_after:
            draft.links_after[upper.id] = draft.links_after[upper.id]._replace(parent=(found.netns, name))
    addresses = [address for address in after.addresses if not (address.ipv6 and found.values["up"])]
    after = after._replace(values={**found.values, "up": False}, routes=[], addresses=addresses)
    return draft.links_after.setdefault((found.netns, name), after)
