# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folds similar boxes into one."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

from ansible_collections.nfv.vnet.plugins.plugin_utils._picture import Edge, Line, Node, Picture, natural

PLURALS = {"namespace": "namespaces", "tap": "TAP devices", "tun": "TUN devices", "link": "links", "elsewhere": "cables that end elsewhere"}
"""The plural of each kind of box; other kinds are not folded."""
FULL = 4
"""A picture with so many times the limit of boxes folds everything that is similar."""

_BOTH_SIDES = 2


def folded(picture: Picture, limit: int) -> Picture:
    """Replaces more than C(limit) boxes that are connected alike to the same bridges, or form a chain, by one box. 0 folds none."""
    if limit <= 0:
        return picture
    most = limit if len(picture.nodes) <= FULL * limit else min(limit, 2)
    groups: Dict[Any, List[Node]] = {}
    cables = _cables_of(picture)
    for node in picture.nodes:
        if node.kind in PLURALS and all(end.startswith("bridge") for end, _cable in cables.get(node.key, [])):
            groups.setdefault(_shape(node, cables.get(node.key, [])), []).append(node)
    for group in groups.values():
        if len(group) > most:
            picture = _joined(picture, sorted(group, key=lambda node: natural(node.title)))
    for run in _runs(picture):
        if len(run) > most:
            picture = _shortened(picture, run)
    return picture


def _cables_of(picture: Picture) -> Dict[str, List[Tuple[str, Edge]]]:
    """The lines of each box, each with the other box."""
    cables: Dict[str, List[Tuple[str, Edge]]] = {}
    for cable in picture.cables:
        for end, other in (cable.ends, cable.ends[::-1]):
            cables.setdefault(end, []).append((other, cable))
    return cables


def _shape(node: Node, cables: List[Tuple[str, Edge]]) -> Any:
    """What boxes must have in common to be folded."""
    to = tuple((other, cable.ends.index(other), cable.vlans, cable.down, bool(cable.names[0]), bool(cable.names[1])) for other, cable in cables)
    return node.kind, node.inside, node.down, tuple((line.kind, line.fold_key) for line in node.lines), to


def _runs(picture: Picture) -> List[List[Node]]:
    """Chains of similar namespaces, each connected to the previous and the next one, and to nothing else."""
    cables = _cables_of(picture)
    nodes = {node.key: node for node in picture.nodes}
    inner = {
        node.key: (node.inside, tuple((line.kind, line.fold_key) for line in node.lines))
        for node in picture.nodes
        if node.kind == "namespace" and len({end for end, _cable in cables.get(node.key, [])}) == len(cables.get(node.key, [])) == _BOTH_SIDES
    }
    runs, done = [], set()
    for start in inner:
        if start in done:
            continue
        ways = [_way(start, end, inner, cables) for end, _cable in cables[start]]
        # in a ring both directions are the same; the box where it starts is not folded
        keys = ways[0] if len(ways[0]) > 1 and ways[0][-1:] == ways[1][:1] else ways[0][::-1] + [start] + ways[1]
        done |= {start, *keys}
        keys = keys if natural(nodes[keys[0]].title) <= natural(nodes[keys[-1]].title) else keys[::-1]
        runs.append([nodes[key] for key in keys])
    return runs


def _way(start: str, key: str, inner: Dict[str, Any], cables: Dict[str, List[Tuple[str, Edge]]]) -> List[str]:
    """The similar boxes in this direction."""
    way, before = [], start
    while key != start and inner.get(key) == inner[start]:
        way.append(key)
        before, key = key, next(end for end, _cable in cables[key] if end != before)
    return way


def _shortened(picture: Picture, run: List[Node]) -> Picture:
    """The picture with one box for the whole chain."""
    first, keys = run[0], {node.key for node in run}
    node = _standing_for(run, "%d namespaces in a chain" % len(run))
    nodes = [node if one is first else one for one in picture.nodes if one is first or one.key not in keys]
    cables = []
    for cable in picture.cables:
        one, other = (first.key if end in keys else end for end in cable.ends)
        if one != other:
            cables.append(cable._replace(ends=(one, other)))
    return picture._replace(nodes=nodes, cables=cables)


def _standing_for(group: List[Node], count: str) -> Node:
    """One box for all of a group, with the lines of the first and the last."""
    first, last = group[0], group[-1]
    lines = [Line("note", "", count, count)] + [one._replace(text=_range(one.text, other.text)) for one, other in zip(first.lines, last.lines)]
    return first._replace(title=_range(first.title, last.title), lines=tuple(lines), members=len(group))


def _joined(picture: Picture, group: List[Node]) -> Picture:
    """The picture with one box for the group."""
    first, last, keys = group[0], group[-1], {node.key for node in group}
    node = _standing_for(group, "%d %s" % (len(group), PLURALS[first.kind]))
    place = min(number for number, one in enumerate(picture.nodes) if one.key in keys)
    nodes = picture.nodes[:place] + [node] + [one for one in picture.nodes[place:] if one.key not in keys]
    ends = [[cable for cable in picture.cables if one.key in cable.ends] for one in (first, last)]
    joined = {id(one): one._replace(names=(_range(one.names[0], other.names[0]), _range(one.names[1], other.names[1]))) for one, other in zip(*ends)}
    cables = [joined.get(id(cable), cable) for cable in picture.cables if id(cable) in joined or not keys & set(cable.ends)]
    return picture._replace(nodes=nodes, cables=cables)


def _range(first: str, last: str) -> str:
    return first if first == last else "%s … %s" % (first, last)
