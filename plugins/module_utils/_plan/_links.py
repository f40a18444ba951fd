# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""One link: whether it exists, what only a new one can have, and each attribute."""

from __future__ import annotations

from typing import Dict, List, Optional, Tuple

from ansible_collections.nfv.vnet.plugins.module_utils import _attributes as table
from ansible_collections.nfv.vnet.plugins.module_utils import _kinds
from ansible_collections.nfv.vnet.plugins.module_utils._entries._altnames import ALTNAMES
from ansible_collections.nfv.vnet.plugins.module_utils._errors import Path, VnetError
from ansible_collections.nfv.vnet.plugins.module_utils._kinds import ANY, LOOPBACK, accounts_of, may_follow_ports, title_of
from ansible_collections.nfv.vnet.plugins.module_utils._plan._draft import (
    ADDRESS,
    AFTER_PORTS,
    AFTER_UP,
    BRIDGE_UP,
    CREATE,
    DELETE,
    FINISH,
    FREE_NAMES,
    NAMESPACE,
    SET,
    UP,
    Draft,
    inside,
    needs,
    planned_link,
)
from ansible_collections.nfv.vnet.plugins.module_utils._plan._ipv6 import check_ipv6, has_ipv6_settings
from ansible_collections.nfv.vnet.plugins.module_utils._resources import KERNEL_ADDRESSES, FoundLink, Link, LinkId, Ownership, Values, links_above
from ansible_collections.nfv.vnet.plugins.module_utils._steps import (
    CreateLink,
    CreateNamespace,
    DeleteEntry,
    DeleteLink,
    RenameLink,
    SetLink,
    SetTuntap,
    Step,
)
from ansible_collections.nfv.vnet.plugins.module_utils._values import ACCOUNTS

_NOT_AS_WANTED = "it is %s, not %s"
Conflict = Tuple[Path, str]
"""What is in the way, as a sentence, and the option that it is about."""


def require_namespace(draft: Draft, link: Link) -> None:
    found = draft.namespaces_after[link.netns]
    if found.identity:
        return
    if found.occupied_by:
        raise VnetError((*link.path, "netns"), "there is %s at %s, not a namespace; vnet_netns replaces an empty file" % (found.occupied_by, link.netns))
    advice = "declare it in namespaces" if draft.layout.name else "create it with vnet_netns"
    advice = "use another path" if "/" in link.netns else advice
    draft.missing((*link.path, "netns"), "namespace %s does not exist; %s" % (link.netns, advice))


def plan_removal(draft: Draft, wanted: Link, found: Optional[FoundLink]) -> None:
    if not found:
        return
    if found.kind != wanted.kind:
        raise VnetError(wanted.path, "%s is %s, so it was not removed" % (found.name, title_of(found.kind)))
    if found.name in _kinds.kind_of(found.kind).made_by_kernel:
        raise VnetError(wanted.path, "the kernel has made %s, and never deletes it; it goes with its module or its namespace" % found.name)
    remove(draft, found, found.name)


def remove(draft: Draft, found: FoundLink, original_name: str) -> None:
    """Plans the deletion of a link. Its peer and the links above both are deleted with it."""
    if found.status.get("attached"):
        draft.warn((), "%s is deleted while a program holds it (process id: %s)" % (original_name, _holders(found)))
    if _kinds.kind_of(found.kind).brings_ports_down:
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._masters import let_ports_go

        let_ports_go(draft, found, original_name)
    with_other_end = found.peer in draft.deleted_ids
    for key in ((found.netns, original_name), found.peer):
        if key and key not in draft.deleted_ids:
            draft.deleted_ids.add(key)
            if key in draft.uppers:
                from ansible_collections.nfv.vnet.plugins.module_utils._plan._parents import recreate_uppers

                for upper in recreate_uppers(draft, key):
                    replace(draft, upper)
    if not with_other_end:
        _delete(draft, found, original_name)
    draft.deleted.append(found)
    del draft.links_after[found.id]


def _delete(draft: Draft, found: FoundLink, original_name: str) -> None:
    recreation: Tuple[Step, ...] = ()
    if found.parent or _kinds.place_of(found.kind, found.netns, None):
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._parents import must_go_first, recreation_of

        if must_go_first(draft, found):
            recreation = recreation_of(draft, draft.host.links[found.netns, original_name])
    shared = dict.fromkeys((name for name in table.SHARED_WITH_PARENT if _shares_flags(found) and found.values.get(name)), False)
    if shared:
        draft.add(FREE_NAMES if recreation else FINISH, SetLink(found.netns, found.name, found.kind, shared, dict.fromkeys(shared, True)))
    draft.add(FREE_NAMES if recreation else DELETE, DeleteLink(found.netns, found.name, found.kind, recreation))


def _shares_flags(found: FoundLink) -> bool:
    """Whether the kernel sets flags of a link on its parent, too."""
    return found.parent is not None and not _kinds.kind_of(found.kind).encapsulates


def plan_link(draft: Draft, wanted: Link) -> None:
    """Plans a link that is no veth pair: of another kind, the C(lo) of a namespace, or one that must exist already."""
    found = draft.links_after.get(wanted.id)
    if wanted.id in draft.recreated:
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._parents import with_current_settings

        wanted = with_current_settings(draft, wanted)
    if _kinds.kind_of(wanted.kind).parent or _kinds.kind_of(wanted.kind).unique:
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._parents import check_parent, found_under_old_name

        check_parent(draft, wanted)
        found = found or found_under_old_name(draft, wanted)
    if wanted.id in draft.located and draft.located[wanted.id] != wanted.id:
        from ansible_collections.nfv.vnet.plugins.module_utils._plan import _existing

        _existing.require_free(draft, wanted, wanted.id)
        _existing.require_restorable(wanted, draft.host.links[draft.located[wanted.id]])
        found = _existing.bring(draft, draft.host.links[draft.located[wanted.id]], wanted.id, wanted.values.get("up") is not False)
        _existing.bring_up(draft, wanted, found)
    elif wanted.match and wanted.id not in draft.located:
        found = None
    if not found and wanted.kind == LOOPBACK:
        raise VnetError(wanted.path, "the loopback link of namespace %s has another name; name it lo again" % wanted.netns)
    if not found and wanted.kind == ANY:
        draft.missing((*wanted.path, "match") if wanted.match else wanted.path, _missing(draft, wanted))
        found = planned_link(wanted.kind, wanted.netns, wanted.name, {"up": False})
    elif found:
        same_kind(wanted, found)
        found = keep_or_replace(draft, wanted, found, conflicts_of(draft, wanted, found))
    if _kinds.kind_of(wanted.kind).takes_frames and (not found or draft.owns(found)):
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._takeover import with_values_of_port

        wanted = with_values_of_port(draft, wanted, found)
    wanted = _of_mode(wanted, found)
    if not found:
        found = _make(draft, wanted)
    if found.parent:
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._parents import check_against_parent

        check_against_parent(draft, wanted, found)
    configure(draft, wanted, found)


_MANY_CARDS = 8


def _missing(draft: Draft, wanted: Link) -> str:
    """That an existing link is not there, and which network cards are, if they were read."""
    cards = [found.name for found in draft.host.links.values() if found.netns == wanted.netns and not found.kind]
    there = "; the network cards there are %s" % ", ".join([*sorted(cards)[:_MANY_CARDS], *(["..."] if len(cards) > _MANY_CARDS else [])]) if cards else ""
    if wanted.match:
        said = ", ".join("%s: %s" % (name, value) for name, value in wanted.match._asdict().items() if value)
        places = " or".join(inside(netns) or " in the namespace that the module runs in" for netns in dict.fromkeys((wanted.netns, wanted.from_netns or "")))
        return "there is no link with %s%s; set from_netns if it is in another namespace%s" % (said, places, there)
    elsewhere = "; set from_netns if it is in another namespace" if wanted.netns and wanted.from_netns is None else ""
    text = "there is no link %s%s; a link that does not exist is created by the module of its type%s%s"
    return text % (wanted.name, inside(wanted.netns), elsewhere, there)


def _of_mode(wanted: Link, found: Optional[FoundLink]) -> Link:
    """A link without the values that its mode does not have. VnetError if one of them is not that of a new link."""
    of_modes = _kinds.kind_of(wanted.kind).of_modes
    if not any(name in wanted.values for name in of_modes):
        return wanted
    rows = _kinds.rows_of(wanted.kind)
    mode = wanted.values.get("mode", found.values["mode"] if found else rows["mode"].initial)
    if mode is None:
        return wanted  # what is missing is named
    strange = [name for name, modes in of_modes.items() if name in wanted.values and mode not in modes]
    for name in strange:
        if wanted.values[name] not in (rows[name].initial, rows[name].type.absent):
            raise VnetError((*wanted.path, name), "it is for mode: %s; the mode is %s" % (" or ".join(of_modes[name]), mode))
    return wanted._replace(values={name: value for name, value in wanted.values.items() if name not in strange})


def keep_or_replace(draft: Draft, wanted: Link, found: FoundLink, conflicts: List[Conflict]) -> Optional[FoundLink]:
    """Returns the found link, or None if it must be replaced by a new one. VnetError if C(recreate) does not allow that."""
    if not conflicts:
        return found
    if not wanted.recreate:
        path, text = conflicts[0]
        raise VnetError(path, "%s; only a new link can have that, use recreate: true to replace it" % text)
    if draft.layout.name and not draft.owns(found):
        draft.warn(wanted.path, "%s was there before; the new one belongs to the layout, and is deleted with it" % found.name)
    replace(draft, found)
    return None


def replace(draft: Draft, found: FoundLink) -> None:
    """Plans the deletion of a link that a new one replaces."""
    if found.parent or _kinds.place_of(found.kind, found.netns, None):
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._parents import must_go_first

        if must_go_first(draft, found):
            remove(draft, found, found.name)
            return
    remove(draft, move_aside(draft, found), found.name)


def plan_bring_up(draft: Draft) -> None:
    """Plans to bring new links up after everything else, bridges last: adding a port to a bridge that is up costs twice as much."""
    loopbacks: Dict[str, Values] = {}
    for link in draft.links:
        found = draft.links_after[link.id] if link.present else None
        if not found or found.kind == ANY or found.ifindex:
            continue
        values: Values = {"up": True} if link.id in draft.to_bring_up else {}
        if draft.layout.name:
            draft.links_after[link.id] = found._replace(ownership=Ownership(draft.layout.name))
        if link.netns in draft.new_namespaces and link.name == "lo":
            loopbacks[link.netns] = values
        elif values:
            is_late = _kinds.kind_of(found.kind).is_bridge or link.id in draft.above_bridges
            draft.add(BRIDGE_UP if is_late else UP, SetLink(link.netns, link.name, found.kind, values))
    for name, occupied_by in draft.new_namespaces.items():
        draft.add(NAMESPACE, CreateNamespace(name, loopbacks.get(name, {}), occupied_by))


def bridge_mac(bridge: Optional[FoundLink]) -> Tuple[Step, ...]:
    """A step that restores the MAC address of a bridge, which the kernel changes with the first port and does not restore."""
    if not bridge or not bridge.ifindex or "mac" not in may_follow_ports(bridge.kind):
        return ()
    return (SetLink(bridge.netns, bridge.name, bridge.kind, {"mac": bridge.values["mac"]}),)


def move_aside(draft: Draft, found: FoundLink) -> FoundLink:
    """Frees the names of a link: sets it down, as older kernels rename only such links, and renames it."""
    away = "vnetold%x" % found.ifindex
    if draft.layout.name and not draft.owns(found):  # so that the next run deletes it if this one is interrupted
        draft.ownership[found.id] = Ownership(draft.layout.name, found.ownership.original if found.ownership else None, aside=away)
    if found.values["up"]:
        draft.add(FREE_NAMES, SetLink(found.netns, found.name, found.kind, {"up": False}, {"up": True}))
    for entry in found.entries.get(ALTNAMES.option, ()):
        draft.add(FREE_NAMES, DeleteEntry(found.netns, found.name, found.kind, ALTNAMES.option, entry))
    draft.add(FREE_NAMES, RenameLink(found.netns, found.name, away))
    for port in draft.ports(found.id):
        draft.links_after[port.id] = port._replace(master=away)
    del draft.links_after[found.id]
    return draft.links_after.setdefault((found.netns, away), found._replace(name=away))


def _make(draft: Draft, wanted: Link) -> FoundLink:
    kind = _kinds.kind_of(wanted.kind)
    for name in kind.required:
        spared = wanted.values.get(kind.not_required_with.get(name, ""))
        if name not in wanted.values and not spared and not (name == kind.parent and wanted.parent):
            row = _kinds.rows_of(wanted.kind).get(name)
            choices = row.type.choices if row else ()
            raise VnetError((*wanted.path, name), "missing; it is required to create the link%s" % (": " + " or ".join(choices) if choices else ""))
    rows = _kinds.rows_of(wanted.kind)
    usual = {**{name: rows[name].initial for name in kind.sent}, **kind.initial(wanted.values)}
    said = {**{name: usual[name] for name in kind.sent if not _is_of_other_mode(wanted, name)}, **wanted.values}
    siblings = [other for other in draft.uppers.get(wanted.parent or ("", ""), ()) if other.kind == wanted.kind and other.id in draft.links_after]
    restore: Tuple[Step, ...] = ()
    for name in kind.shared_on_parent if siblings else ():
        there = siblings[0].values.get(name)
        if said.setdefault(name, there) != there:
            draft.warn((*wanted.path, name), "%s%s gets it, too, as links on one parent have it in common" % (siblings[0].name, inside(siblings[0].netns)))
            restore += (SetLink(siblings[0].netns, siblings[0].name, siblings[0].kind, {name: there}),)
    created = {name: said[name] for name in kind.created_with if name in said}
    draft.add(CREATE, CreateLink(wanted.netns, wanted.name, wanted.kind, created, parent=wanted.parent, restore=restore))
    return planned_link(wanted.kind, wanted.netns, wanted.name, {**created, "up": False})._replace(parent=wanted.parent)


def _is_of_other_mode(wanted: Link, name: str) -> bool:
    """Whether the mode of a link does not have an attribute."""
    modes = _kinds.kind_of(wanted.kind).of_modes.get(name)
    return bool(modes) and wanted.values.get("mode") not in (modes or ())


def configure(draft: Draft, wanted: Link, found: FoundLink) -> None:
    is_new = not found.ifindex
    as_wanted = not is_new and wanted.id not in draft.interrupted and _is_as_wanted(wanted, found)
    if not as_wanted or _kinds.kind_of(found.kind).is_bridge:
        check_ipv6(draft, wanted, found)
    if as_wanted:
        return
    kind, after = _kinds.kind_of(found.kind), {**found.values, **wanted.values}
    complaint = kind.check(wanted.values, after)
    if complaint:
        raise VnetError((*wanted.path, complaint[0]), complaint[1])
    caution = kind.caution(after)
    if caution:
        draft.warn((*wanted.path, caution[0]), caution[1])
    if wanted.values.get("mac") and not _kinds.is_ethernet(found.kind, found.values):
        raise VnetError((*wanted.path, "mac"), "%s carries no Ethernet frames and has no MAC address; leave it out" % wanted.name)
    for name in wanted.values:
        if name not in _kinds.rows_of(found.kind):
            raise VnetError((*wanted.path, name), "%s is %s, which has none of its own; leave it out" % (wanted.name, _kinds.title_of(found.kind)))
    going_down = found.values["up"] and wanted.values.get("up") is False
    if going_down:
        for upper in draft.uppers.get(found.id, ()):
            if upper.id not in draft.wanted and upper.values["up"] and _kinds.kind_of(upper.kind).needs_parent_up(upper.values):
                draft.warn(wanted.path, "%s%s is on top of it and goes down with it" % (upper.name, inside(upper.netns)))
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._masters import cancel_bring_up

        if not cancel_bring_up(draft, found):
            draft.add(SET, SetLink(wanted.netns, wanted.name, found.kind, {"up": False}, {"up": True}))
    if _kinds.kind_of(found.kind).is_attachable:
        _set_accounts(draft, wanted, found)
    if found.values["up"] and not going_down and _must_go_down(wanted, found):
        draft.interrupted.add(wanted.id)
        draft.add(SET, SetLink(wanted.netns, wanted.name, found.kind, {"up": False}, {"up": True}))
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._masters import bring_up_again

        bring_up_again(draft, found)
        for upper in draft.uppers.get(found.id, ()):
            is_restored = upper.id in draft.wanted or upper.netns == found.netns
            if not is_restored and upper.values["up"] and _kinds.kind_of(upper.kind).needs_parent_up(upper.values):
                draft.warn(wanted.path, "%s%s is on top of it, goes down with it for a moment, and loses its routes" % (upper.name, inside(upper.netns)))
    interrupted = going_down or wanted.id in draft.interrupted
    for row in _rows(wanted):
        _set(draft, wanted, found, row, is_new)
    no_ipv6 = interrupted or table.ends_ipv6(wanted.values)
    addresses = [address for address in found.addresses if not (no_ipv6 and address.ipv6)]
    routes = [] if interrupted else [route for route in found.routes or [] if not (no_ipv6 and route.ipv6)]
    if wanted.addresses is not None:
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._lists import plan_addresses

        addresses = plan_addresses(draft, wanted, addresses)
    if wanted.routes is not None:
        if wanted.routes and not wanted.values.get("up", True):
            raise VnetError((*wanted.path, "routes"), "a link that is down cannot have routes; leave them out or set up: true")
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._lists import plan_routes

        routes = plan_routes(draft, wanted.netns, wanted.routes, routes, wanted.purge_routes, wanted)
    if wanted.id in draft.interrupted - draft.joining_aggregates and not going_down and not is_new:  # on a port of a bond none of it works
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._masters import restore_dropped

        addresses, routes = restore_dropped(draft, wanted, found, addresses, routes)
    entries = found.entries
    if wanted.entries or (interrupted and entries):
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._entries import plan_entries

        stays_down = going_down or wanted.id in draft.joining_aggregates
        entries = plan_entries(draft, wanted, found, is_lost=interrupted, stays_down=stays_down)
    vlans = found.vlans
    if wanted.vlans is not None:
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._vlans import plan_bridge_vlans

        vlans = plan_bridge_vlans(draft, wanted, found)
    elif vlans:
        from ansible_collections.nfv.vnet.plugins.module_utils._plan._vlans import moved_default

        vlans = moved_default(found, found._replace(values={**found.values, **wanted.values}), vlans)
    rows = _kinds.rows_of(wanted.kind)
    kept = [] if is_new else [name for name in wanted.values if rows[name].when == "attach" or _has_wanted_value(rows[name], wanted, found)]
    kept += ["disable_ipv6"] if "disable_ipv6" in wanted.values and not has_ipv6_settings(draft, wanted, found) else []
    merged = {name: rows[name].type.merge(found.values.get(name), value) for name, value in wanted.values.items() if name not in kept}
    values = {**found.values, **merged}
    draft.links_after[wanted.id] = found._replace(netns=wanted.netns, values=values, addresses=addresses, routes=routes, vlans=vlans, entries=entries)


def _is_as_wanted(wanted: Link, found: FoundLink) -> bool:
    """A quick check for the common case of many links: whether nothing is to be done."""
    if _kinds.kind_of(wanted.kind).is_attachable or wanted.routes is not None or wanted.vlans is not None or wanted.entries or found.id != wanted.id:
        return False
    rows = _kinds.rows_of(wanted.kind)
    if not all(rows[name].same(value, found.values.get(name)) for name, value in wanted.values.items()):
        return False
    if wanted.addresses is None:
        return True
    wanted_keys = {address.key for address in wanted.addresses}
    there = {address.key: address for address in found.addresses}
    if not all(address.key in there and (there[address.key].dynamic or address.satisfied_by(there[address.key])) for address in wanted.addresses):
        return False
    return not wanted.purge_addresses or all(
        key in wanted_keys or address.dynamic or address.link_local or address.multicast or key in KERNEL_ADDRESSES for key, address in there.items()
    )


def _rows(wanted: Link) -> List[table.Attribute]:
    """The wanted attributes, in the order in which the kernel accepts them."""
    rows = [row for row in _kinds.rows_of(wanted.kind).values() if row.name in wanted.values and row.when in ("live", "down", "up")]
    rows = [row for row in rows if row.type not in ACCOUNTS]
    own_first = _kinds.kind_of(wanted.kind).changed_as_a_whole  # with them, the kernel changes the MTU
    return sorted(rows, key=lambda row: (own_first and row.location != "data", row.rank(wanted.values[row.name])))


def _must_go_down(wanted: Link, found: FoundLink) -> bool:
    """Whether something is wanted that can be set only while the link is down."""
    rows = _kinds.rows_of(wanted.kind)
    return any(rows[name].when == "down" and not _has_wanted_value(rows[name], wanted, found) for name in wanted.values)


def _set(draft: Draft, wanted: Link, found: FoundLink, row: table.Attribute, is_new: bool) -> None:
    value, current = wanted.values[row.name], found.values.get(row.name)
    if current is None and not is_new and row.location not in table.IPV6_LOCATIONS:  # a link that was moved or had a small MTU has lost these
        raise VnetError((*wanted.path, row.name), "this kernel does not support it%s" % needs(row))
    complaint = row.type.complaint(current, value)
    if complaint:
        raise VnetError((*wanted.path, row.name), complaint)
    if row.location == "sysctl" and value and not has_ipv6_settings(draft, wanted, found):
        return
    if _has_wanted_value(row, wanted, found):
        if not row.same(value, current) and row.is_substituted(found.values, found.status):
            message = "not changed, as the kernel currently reports %s instead; run the task again later"
            draft.warn((*wanted.path, row.name), message % current)
        return
    if row.name == "up":
        if value:
            draft.to_bring_up.add(wanted.id)
        if value and not is_new:
            draft.add(BRIDGE_UP if wanted.id in draft.above_bridges else UP, SetLink(wanted.netns, wanted.name, found.kind, {"up": True}, {"up": False}))
        return
    kind = _kinds.kind_of(wanted.kind)
    follows = (
        (row.name in kind.follows_ports and not (is_new and row.name in kind.kept_once_changed and value != row.initial))
        or (row.name == "mtu" and wanted.id in draft.joining_aggregates)
        or (wanted.id in draft.above_bridges and row.name in _kinds.FOLLOWING)
    )
    old: Optional[Values] = None if is_new else {row.name: row.type.change(value, current)}
    if is_new and _shares_flags(found) and row.name in table.SHARED_WITH_PARENT:
        old = {row.name: False}
    value = row.type.change(current, value)
    refers = row.type.syntax == "link"
    if refers and value and (wanted.netns, value) not in draft.links_after and (wanted.netns, value) not in draft.wanted:
        draft.missing_link((*wanted.path, row.name), "there is no link %s%s" % (value, inside(wanted.netns)))
    phase = AFTER_UP if row.when == "up" else AFTER_PORTS if follows or refers else ADDRESS if row.location in table.IPV6_LOCATIONS else SET
    restore: Tuple[Step, ...] = tuple(SetLink(wanted.netns, wanted.name, found.kind, {name: value}) for name, value in _reset_with(row, found).items())
    if row.lowers_above:
        lowered = (upper for upper in links_above(draft.uppers, draft.id_before(found.id)) if upper.netns == wanted.netns and upper.values[row.name] > value)
        restore += tuple(SetLink(upper.netns, upper.name, upper.kind, {row.name: upper.values[row.name]}) for upper in lowered)
    about = _about(wanted, found, row.name) if row.location == "data" else ()
    draft.add(phase, SetLink(wanted.netns, wanted.name, found.kind, {row.name: value}, old, restore, about))


def _about(wanted: Link, found: FoundLink, name: str) -> Tuple[str, ...]:
    """The kind of a link as the kernel calls it, and what must be repeated for ip(8) to change an attribute."""
    kind = _kinds.kind_of(found.kind)
    rows, values = _kinds.own_rows_of(found.kind), {**found.values, **wanted.values}
    words = [word for other in kind.repeated if other != name and values.get(other) for word in rows[other].words(values[other])]
    if name in kind.needs_parent and found.parent and found.parent[0] == found.netns and wanted.values[name]:
        words += ["dev", found.parent[1]]
    return (_kinds.kernel_word(found.kind, found.values), *words)


def _reset_with(row: table.Attribute, found: FoundLink) -> Values:
    """The values that the kernel resets with an attribute, as far as they are not those of a new link."""
    if not row.resets:
        return {}
    rows = _kinds.rows_of(found.kind)
    usual = {**{name: rows[name].initial for name in row.resets}, **_kinds.initial_of(found.kind, found.values, {})}
    return {name: found.values[name] for name in row.resets if found.values.get(name, usual[name]) != usual[name]}


def _set_accounts(draft: Draft, wanted: Link, found: FoundLink) -> None:
    """Plans the owner and group of an existing TUN or TAP device. One that is declared as such is to persist when no program holds it."""
    there = {name: found.values.get(name, "") for name in accounts_of(found.kind)}
    names = [name for name, now in there.items() if wanted.values.get(name, now) != now]
    declared = draft.wanted.get(wanted.id)
    persists = found.status.get("persist") or not declared or declared.kind == _kinds.ANY
    if not found.ifindex or (not names and persists):
        return
    if found.status.get("attached") and not found.values.get("multi_queue"):
        what = "%s cannot change" % names[0] if names else "the device cannot be made persistent"
        way = "" if names else ", or declare it without a type" if draft.layout.name else ", or use vnet_link"
        raise VnetError(wanted.path, "%s while a program holds it (process id: %s); end the program first%s" % (what, _holders(found), way))
    old = {name: found.values.get(name) for name in ("mode", "packet_info", "vnet_hdr", "multi_queue")}
    new = dict(old)
    for name in names:
        old[name], new[name] = there[name], wanted.values[name]
    draft.add(FINISH, SetTuntap(wanted.netns, wanted.name, new, old))


def _holders(found: FoundLink) -> str:
    return ", ".join(str(pid) for pid in found.status.get("pids", [])) or "unknown"


def _has_wanted_value(row: table.Attribute, wanted: Link, found: FoundLink) -> bool:
    """Whether the link has the wanted value already. A device without owner does not report one."""
    missing = "" if row.type in ACCOUNTS else row.type.absent
    return row.is_substituted(found.values, found.status) or row.same(wanted.values[row.name], found.values.get(row.name, missing))


def _is_same_network(draft: Draft, one: LinkId, other: Optional[LinkId]) -> bool:
    return other is not None and draft.host.same((one[0], ""), (other[0], ""))


def _netns_text(key: Optional[LinkId]) -> str:
    """The namespace that carries the packets of a link."""
    return "a namespace that is not part of this task" if not key else key[0] or "''"


def _link_text(key: Optional[LinkId]) -> str:
    """A link by name and namespace."""
    if not key:
        return "in a namespace that is not part of this task"
    if not key[1]:
        return "''"
    return key[1] + (inside(key[0]) or " in the namespace that the module runs in")


def same_kind(wanted: Link, found: FoundLink) -> None:
    if found.kind != wanted.kind and wanted.kind != ANY:
        kinds = title_of(found.kind), title_of(wanted.kind)
        raise VnetError(wanted.path, "%s%s is %s, not %s; remove it first or take another name" % (found.name, inside(found.netns), *kinds))


def conflicts_of(draft: Draft, wanted: Link, found: FoundLink) -> List[Conflict]:
    """The wanted properties that only a new link can have."""
    conflicts: List[Conflict] = []
    unknown = _kinds.kind_of(found.kind).hides_network and found.parent == (found.netns, "")
    if wanted.parent and not wanted.parent[1] and unknown:
        if wanted.parent != found.parent:
            draft.warn((*wanted.path, "parent_netns"), "not compared, as the kernel does not say which one an existing %s link uses" % found.kind)
    elif wanted.parent and not wanted.parent[1] and not _is_same_network(draft, wanted.parent, found.parent):
        conflicts.append(((*wanted.path, "parent_netns"), _NOT_AS_WANTED % (_netns_text(found.parent), _netns_text(wanted.parent))))
    elif wanted.parent and wanted.parent[1] and not draft.host.same(draft.located.get(wanted.parent, wanted.parent), found.parent):
        conflicts.append(((*wanted.path, _kinds.kind_of(wanted.kind).parent), _NOT_AS_WANTED % (_link_text(found.parent), _link_text(wanted.parent))))
    rows = _kinds.rows_of(wanted.kind)
    only_new = {name for name in wanted.values if rows[name].when == "create"}
    only_new.update(_kinds.kind_of(wanted.kind).needs_new(found.values, wanted.values))
    for row in (row for row in rows.values() if row.name in only_new):
        value, now = wanted.values[row.name], found.values.get(row.name)
        if now is None:
            raise VnetError((*wanted.path, row.name), "this kernel does not support it%s" % needs(row))
        if value != now:
            conflicts.append(((*wanted.path, row.name), _NOT_AS_WANTED % (_shown(now), _shown(value))))
    for name in accounts_of(wanted.kind):
        if wanted.values.get(name) == "" and found.values.get(name):
            conflicts.append(((*wanted.path, name), "it is %s and cannot be removed" % found.values[name]))
    return conflicts


def _shown(value: object) -> str:
    """A value as it is written in options."""
    return str(value).lower() if isinstance(value, bool) else str(value) or "''"
