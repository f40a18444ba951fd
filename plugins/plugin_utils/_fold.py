# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folds similar boxes into one."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Set, Tuple

from ansible_collections.nfv.vnet.plugins.plugin_utils._picture import Edge, Line, Node, Picture, natural

PLURALS = {
    "host": "hosts",
    "namespace": "namespaces",
    "vrf": "VRFs",
    "bridge": "bridges",
    "bond": "bonds",
    "tap": "TAP devices",
    "tun": "TUN devices",
    "link": "links",
    "elsewhere": "cables that end elsewhere",
}
"""The plural of each kind of box."""
FULL = 4
"""A picture with so many times the limit of boxes folds everything that is similar."""

_BOTH_SIDES = 2
_TO = " … "
_ROUNDS = 16
"""So many times at most the neighbours of neighbours are looked at."""
_COUNT = "count"
"""The C(fold_key) of the line that says how many boxes one stands for."""
_OWN = "\n"
"""Stands for a frame that has nothing but boxes of one part of the picture."""

Cables = Dict[str, List[Tuple[str, Edge]]]
"""The lines of each box, each with the other box."""
Part = List[Node]


def folded(picture: Picture, limit: int) -> Picture:
    """Replaces more than C(limit) parts of the picture that are alike, or form a chain, by one. 0 folds none."""
    if limit <= 0:
        return picture
    while True:
        most = limit if len(picture.nodes) <= FULL * limit else min(limit, 2)
        groups = _groups(picture, most)
        if not groups:
            break
        for group in groups:
            picture = _joined(picture, group)
    for run in _runs(picture):
        if len(run) > most:
            picture = _shortened(picture, run)
    return picture


def _groups(picture: Picture, most: int) -> List[List[Part]]:
    """More than C(most) parts that are alike, in natural order, each with its boxes in the same order.

    Parts are what is left in one piece without the boxes with the most lines. At first those are all with more than C(most) lines, so that parts are
    small, such as the namespaces on a bridge; if nothing is alike then, fewer and fewer.
    """
    cables = _cables_of(picture)
    degrees = {node.key: len({end for end, _cable in cables.get(node.key, [])}) for node in picture.nodes}
    for lines in [most, *sorted({degree for degree in degrees.values() if degree > most})]:
        shapes = _Shapes(picture, cables)
        alike: Dict[Any, List[Part]] = {}
        for part in _parts(picture, cables, {key for key, degree in degrees.items() if degree > lines}):
            if len(part) * (most + 1) <= len(picture.nodes):  # there may be as many of this size
                shape, boxes = shapes.of(part)
                alike.setdefault(shape, []).append(boxes)
        groups = [group for parts in alike.values() for group in _by_vlans(parts, cables) if len(group) > most and _are_alike(group, cables)]
        if groups:
            return [sorted(group, key=lambda part: [natural(node.title) for node in part]) for group in groups]
    return []


def _parts(picture: Picture, cables: Cables, hubs: Set[str]) -> Iterator[Part]:
    """What is left in one piece without the hubs."""
    nodes = {node.key: node for node in picture.nodes if node.key not in hubs}
    for first in list(nodes):
        part, left = [], [first]
        while left:
            node = nodes.pop(left.pop(), None)
            if node:
                part.append(node)
                left += [end for end, _cable in cables.get(node.key, [])]
        if part:
            yield part


class _Shapes:
    """What parts of a picture look like, by colour refinement: a box is told from the others by its look and its neighbours, and those by theirs."""

    def __init__(self, picture: Picture, cables: Cables) -> None:
        self._picture = picture
        self._cables = cables
        self._numbers: Dict[Any, int] = {}
        """The colour of each look; the same in all parts."""

    def of(self, part: Part) -> Tuple[Any, Part]:
        """What parts must have in common to be alike; and the boxes, in an order that is the same in all of them."""
        keys = {node.key for node in part}
        frames = {node.inside for node in part} - {node.inside for node in self._picture.nodes if node.key not in keys}
        colour = {node.key: self._number((_look(node), _OWN if node.inside in frames else node.inside)) for node in part}
        kinds = 0
        for _round in range(_ROUNDS):
            if kinds == len(set(colour.values())):
                break
            kinds = len(set(colour.values()))
            colour = {key: self._number((colour[key], self._neighbours(key, colour))) for key in keys}
        return tuple(sorted(colour.values())), sorted(part, key=lambda node: (colour[node.key], natural(node.title)))

    def _neighbours(self, key: str, colour: Dict[str, int]) -> Any:
        return tuple(sorted((_end(key, cable), str(colour.get(end, end))) for end, cable in self._cables.get(key, [])))

    def _number(self, look: Any) -> int:
        return self._numbers.setdefault(look, len(self._numbers))


def _look(node: Node) -> Any:
    return node.kind, node.down, node.members, tuple((line.kind, line.fold_key) for line in node.lines)


def _end(key: str, cable: Edge) -> str:
    """What a line looks like from one of its ends. VLANs may differ, if all do."""
    return repr((cable.ends.index(key), [vlan.untagged for vlan in cable.vlans], cable.down, bool(cable.names[0]), bool(cable.names[1]), cable.notes))


def _by_vlans(parts: List[Part], cables: Cables) -> List[List[Part]]:
    """Those that have the same VLANs, or all of them, if each has others."""
    groups: Dict[Any, List[Part]] = {}
    for part in parts:
        groups.setdefault(tuple(tuple(vlan.vid for vlan in cable.vlans) for node in part for _other, cable in cables.get(node.key, [])), []).append(part)
    return [parts] if len(groups) == len(parts) else list(groups.values())


def _are_alike(group: List[Part], cables: Cables) -> bool:
    """Whether the boxes of all parts look alike and are connected in the same way, one by one in their order."""
    first = list(map(_look, group[0])), _places(group[0], cables)
    return all((list(map(_look, part)), _places(part, cables)) == first for part in group[1:])


def _places(part: Part, cables: Cables) -> List[str]:
    """Which boxes the lines of a part connect, by their places in the part, or by their names outside."""
    place = {node.key: str(number) for number, node in enumerate(part)}
    return sorted(
        {repr(([place.get(end, "=" + end) for end in cable.ends], _end(node.key, cable))) for node in part for _other, cable in cables.get(node.key, [])}
    )


def _cables_of(picture: Picture) -> Cables:
    cables: Cables = {}
    for cable in picture.cables:
        for end, other in (cable.ends, cable.ends[::-1]):
            cables.setdefault(end, []).append((other, cable))
    return cables


def _runs(picture: Picture) -> List[List[Node]]:
    """Chains of similar namespaces, each connected to the previous and the next one, and to nothing else."""
    cables = _cables_of(picture)
    nodes = {node.key: node for node in picture.nodes}
    inner = {
        node.key: (node.inside, _look(node), tuple(sorted(repr((cable.down, cable.vlans)) for _other, cable in cables[node.key])))
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


def _way(start: str, key: str, inner: Dict[str, Any], cables: Cables) -> List[str]:
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
    lines = [one._replace(label=_range(one.label, other.label), text=_range(one.text, other.text)) for one, other in zip(first.lines, last.lines)]
    lines = [Line("note", "", count, _COUNT), *(line for line in lines if line.fold_key != _COUNT)]
    return first._replace(
        title=_range(first.title, last.title), lines=tuple(lines), members=sum(node.members for node in group), inside=_range(first.inside, last.inside)
    )


def _joined(picture: Picture, group: List[Part]) -> Picture:
    """The picture with one part for the group."""
    boxes = {}
    for nodes in zip(*group):
        boxes[nodes[0].key] = _standing_for(list(nodes), "%d %s" % (sum(node.members for node in nodes), PLURALS[nodes[0].kind]))
    gone = {node.key for part in group for node in part}
    last = {node.key: first.key for node, first in zip(group[-1], group[0])}
    others: Dict[Any, List[Edge]] = {}
    for cable in picture.cables:
        if set(cable.ends) & set(last):
            others.setdefault(tuple(last.get(end, end) for end in cable.ends), []).append(cable)
    cables = []
    for cable in picture.cables:
        if set(cable.ends) & set(boxes):
            cables.append(_of_both(cable, others[cable.ends].pop(0)))
        elif not set(cable.ends) & gone:
            cables.append(cable)
    return picture._replace(nodes=[boxes.get(node.key, node) for node in picture.nodes if node.key in boxes or node.key not in gone], cables=cables)


def _of_both(one: Edge, other: Edge) -> Edge:
    """The line that stands for two and those between them."""
    vlans = tuple(vlan._replace(vid=_range(vlan.vid, last.vid)) for vlan, last in zip(one.vlans, other.vlans))
    return one._replace(names=(_range(one.names[0], other.names[0]), _range(one.names[1], other.names[1])), vlans=vlans)


def _range(first: str, last: str) -> str:
    """From the first to the last, which may be ranges themselves."""
    return first if first == last else "%s%s%s" % (first.partition(_TO)[0], _TO, last.rpartition(_TO)[2])
