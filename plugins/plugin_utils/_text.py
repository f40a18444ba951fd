# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures as text, for a terminal: a tree of boxes, each below the one that it is connected to."""

from __future__ import annotations

from typing import Dict, Iterator, List, NamedTuple, Set, Tuple

from ansible_collections.nfv.vnet.plugins.plugin_utils._colours import title
from ansible_collections.nfv.vnet.plugins.plugin_utils._picture import Edge, Node, Picture

_BRANCH, _LAST, _PAST, _NOTHING = "├── ", "└── ", "│   ", "    "
Ends = Dict[str, List[Tuple[Edge, Edge]]]
"""The lines of each box, each as it is in the picture, and as it begins there."""


def text(picture: Picture, _direction: str) -> str:
    """The picture as lines. A direction has no effect: a tree grows downward."""
    return "\n".join(_Tree(picture).lines()) + "\n"


class _Branch(NamedTuple):
    """A box, and what its first line and the others begin with."""

    node: Node
    first: str = ""
    others: str = ""


class _Tree:
    """Visits each box once, and each line. A box that was drawn already is only named again."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._nodes = {node.key: node for node in picture.nodes}
        self._cables: Ends = {node.key: [] for node in picture.nodes}
        for cable in picture.cables:
            for one in (cable, cable.turned()) if cable.ends[0] != cable.ends[1] else (cable,):
                self._cables[one.ends[0]].append((cable, one))
        self._boxes: Set[str] = set()
        self._lines: Set[int] = set()

    def lines(self) -> Iterator[str]:
        for number, node in enumerate(sorted(self._picture.nodes, key=self._rank)):
            if node.key not in self._boxes:
                yield from [""] if number else []
                yield from self._tree(node)

    def _rank(self, node: Node) -> Tuple[bool, int, bool]:
        """The host first, then the boxes with the most lines, bridges before others."""
        return node.kind != "host", -len(self._cables[node.key]), node.kind != "bridge"

    def _tree(self, root: Node) -> Iterator[str]:
        """A box and what is below it."""
        left = [_Branch(root)]
        while left:
            branch = left.pop()
            node = branch.node
            seen = node.key in self._boxes
            self._boxes.add(node.key)
            yield branch.first + self._title(node) + (", see above" if seen else "")
            below = [] if seen else [(cable, one) for cable, one in self._cables[node.key] if id(cable) not in self._lines]
            self._lines |= {id(cable) for cable, _one in below}
            for line in () if seen else node.lines:
                yield branch.others + (_PAST if below else _NOTHING) + " ".join(part for part in (line.label, line.text) if part)
            for number, (_cable, one) in enumerate(reversed(below)):
                label = ", ".join(one.label) + " ── " if one.label else ""
                first, others = (_BRANCH, _PAST) if number else (_LAST, _NOTHING)
                left.append(_Branch(self._nodes[one.ends[1]], branch.others + first + label, branch.others + others))

    def _title(self, node: Node) -> str:
        word = "namespace " if node.kind == "namespace" else ""
        frame = "" if word and node.title == node.inside else node.inside
        return word + title(node) + (" in %s" % self._picture.frame_title(frame) if frame else "") + (", down" if node.down else "")
