# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many boxes that are alike become one."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

from ansible_collections.nfv.vnet.plugins.plugin_utils._picture import Cable, Line, Node, Picture, natural

WORDS = {"namespace": "namespaces", "tap": "TAP devices", "tun": "TUN devices", "link": "links", "elsewhere": "cables that end elsewhere"}
"""What several of a kind are called; other kinds are not folded."""
FULL = 4
"""A picture with this many times the limit of boxes folds whatever is alike."""

_BOTH_SIDES = 2


def folded(picture: Picture, limit: int) -> Picture:
    """The same with one box for more than C(limit) that hang alike on the same bridges, or follow each other in a chain. 0 folds none."""
    if limit <= 0:
        return picture
    most = limit if len(picture.nodes) <= FULL * limit else min(limit, 2)
    groups: Dict[Any, List[Node]] = {}
    cables = _cables_of(picture)
    for node in picture.nodes:
        if node.kind in WORDS and all(end.startswith("bridge") for end, _cable in cables.get(node.key, [])):
            groups.setdefault(_shape(node, cables.get(node.key, [])), []).append(node)
    for group in groups.values():
        if len(group) > most:
            picture = _joined(picture, sorted(group, key=lambda node: natural(node.title)))
    for run in _runs(picture):
        if len(run) > most:
            picture = _shortened(picture, run)
    return picture


def _cables_of(picture: Picture) -> Dict[str, List[Tuple[str, Cable]]]:
    """Of each box, the cables, each with where it leads."""
    cables: Dict[str, List[Tuple[str, Cable]]] = {}
    for cable in picture.cables:
        for end, other in (cable.ends, cable.ends[::-1]):
            cables.setdefault(end, []).append((other, cable))
    return cables


def _shape(node: Node, cables: List[Tuple[str, Cable]]) -> Any:
    """What boxes have in common that fold into one."""
    to = tuple((other, cable.ends.index(other), cable.vlans, cable.down, bool(cable.names[0]), bool(cable.names[1])) for other, cable in cables)
    return node.kind, node.inside, node.down, tuple((line.kind, line.like) for line in node.lines), to


def _runs(picture: Picture) -> List[List[Node]]:
    """Namespaces alike, each cabled to the one before and to the one behind, and to nothing else."""
    cables = _cables_of(picture)
    nodes = {node.key: node for node in picture.nodes}
    inner = {
        node.key: (node.inside, tuple((line.kind, line.like) for line in node.lines))
        for node in picture.nodes
        if node.kind == "namespace" and len({end for end, _cable in cables.get(node.key, [])}) == len(cables.get(node.key, [])) == _BOTH_SIDES
    }
    runs, done = [], set()
    for start in inner:
        if start in done:
            continue
        ways = [_way(start, end, inner, cables) for end, _cable in cables[start]]
        # In a ring both ways are the same; where it begins stays a box of its own.
        keys = ways[0] if len(ways[0]) > 1 and ways[0][-1:] == ways[1][:1] else ways[0][::-1] + [start] + ways[1]
        done |= {start, *keys}
        keys = keys if natural(nodes[keys[0]].title) <= natural(nodes[keys[-1]].title) else keys[::-1]
        runs.append([nodes[key] for key in keys])
    return runs


def _way(start: str, key: str, inner: Dict[str, Any], cables: Dict[str, List[Tuple[str, Cable]]]) -> List[str]:
    """What follows alike, in this direction."""
    way, before = [], start
    while key != start and inner.get(key) == inner[start]:
        way.append(key)
        before, key = key, next(end for end, _cable in cables[key] if end != before)
    return way


def _shortened(picture: Picture, run: List[Node]) -> Picture:
    """The picture with one box for the whole run, between the cables that lead into it and out of it."""
    first, keys = run[0], {node.key for node in run}
    node = _standing_for(run, "%d namespaces in a chain" % len(run))
    nodes = [node if one is first else one for one in picture.nodes if one is first or one.key not in keys]
    cables = []
    for cable in picture.cables:
        one, other = (first.key if end in keys else end for end in cable.ends)
        if one != other:
            cables.append(cable._replace(ends=(one, other)))
    return Picture(nodes, cables)


def _standing_for(group: List[Node], count: str) -> Node:
    """One box for all of a group, with what the first and the last have."""
    first, last = group[0], group[-1]
    lines = [Line("note", "", count, count)] + [one._replace(text=_range(one.text, other.text)) for one, other in zip(first.lines, last.lines)]
    return first._replace(title=_range(first.title, last.title), lines=tuple(lines), members=len(group))


def _joined(picture: Picture, group: List[Node]) -> Picture:
    """The picture with one box for all of the group."""
    first, last, keys = group[0], group[-1], {node.key for node in group}
    node = _standing_for(group, "%d %s" % (len(group), WORDS[first.kind]))
    place = min(number for number, one in enumerate(picture.nodes) if one.key in keys)
    nodes = picture.nodes[:place] + [node] + [one for one in picture.nodes[place:] if one.key not in keys]
    ends = [[cable for cable in picture.cables if one.key in cable.ends] for one in (first, last)]
    joined = {id(one): one._replace(names=(_range(one.names[0], other.names[0]), _range(one.names[1], other.names[1]))) for one, other in zip(*ends)}
    cables = [joined.get(id(cable), cable) for cable in picture.cables if id(cable) in joined or not keys & set(cable.ends)]
    return Picture(nodes, cables)


def _range(first: str, last: str) -> str:
    return first if first == last else "%s … %s" % (first, last)
