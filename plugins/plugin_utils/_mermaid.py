# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures in the language of Mermaid."""

from __future__ import annotations

import re
from typing import Dict, Iterable, Iterator, List

from ansible_collections.nfv.vnet.plugins.plugin_utils._colours import LINE, LOOKS, TEXT, colours, title
from ansible_collections.nfv.vnet.plugins.plugin_utils._picture import Edge, Node, Picture

_SHAPES = {"bridge": '{{"%s"}}', "bond": '{{"%s"}}', "tun": '(["%s"])', "tap": '(["%s"])', "link": '[/"%s"/]', "elsewhere": '("%s")'}
"""Other kinds are plain boxes."""
_SEPARATORS = re.compile("[^A-Za-z0-9]+")
_SETTINGS = '%%{init: {"flowchart": {"wrappingWidth": 600}}}%%'
"""Boxes as wide as their lines: Mermaid would wrap long IPv6 routes."""
_SPECIAL = re.compile("[^\\w .,:/…·-]")


def mermaid(picture: Picture, direction: str) -> str:
    return "\n".join(_lines(picture, direction)) + "\n"


def _lines(picture: Picture, direction: str) -> Iterator[str]:
    names = _names(picture)
    colour = colours(picture.vids)
    yield _SETTINGS
    yield "flowchart %s" % direction
    for node in picture.nodes:
        if not node.inside:
            yield "  " + _box(node, names)
    for number, frame in enumerate(picture.frames, 1):
        yield '  subgraph f%d["%s"]' % (number, _escaped(picture.frame_title(frame)))
        for node in picture.nodes:
            if node.inside == frame:
                yield "    " + _box(node, names)
        yield "  end"
    for cable in picture.cables:
        yield "  %s %s%s %s" % (names[cable.ends[0]], _stroke(cable), _label(cable), names[cable.ends[1]])
    yield from _legend(colour)
    yield from _styles(picture, colour, names)


def _names(picture: Picture) -> Dict[str, str]:
    """An identifier for each box, of characters that Mermaid accepts. It begins with the kind, so it is never a keyword."""
    names: Dict[str, str] = {}
    for number, node in enumerate(picture.nodes):
        name = _SEPARATORS.sub("_", node.key)
        names[node.key] = "%s_%d" % (name, number) if name in names.values() else name
    return names


def _box(node: Node, names: Dict[str, str]) -> str:
    lines = [title(node)] + [" ".join(part for part in (line.label, line.text) if part) for line in node.lines]
    text = _SHAPES.get(node.kind, '["%s"]') % _text(lines)
    return "%s%s:::%s" % (names[node.key], text, node.kind)


def _text(lines: Iterable[str]) -> str:
    return "<br>".join(map(_escaped, lines))


def _escaped(text: str) -> str:
    """Mermaid writes a character as its number between C(#) and C(;)."""
    return _SPECIAL.sub(lambda match: "#%d;" % ord(match[0]), text)


def _stroke(cable: Edge) -> str:
    if cable.down:
        return "-.-"
    return "===" if len(cable.vlans) > 1 else "---"


def _label(cable: Edge) -> str:
    return '|"%s"|' % _text(cable.label) if cable.label else ""


def _legend(colour: Dict[str, str]) -> Iterator[str]:
    if colour:
        yield '  subgraph legend["VLANs"]'
        for number, vid in enumerate(colour, 1):
            yield '    v%d["%s"]' % (number, _escaped(vid))
        yield "  end"


def _styles(picture: Picture, colour: Dict[str, str], names: Dict[str, str]) -> Iterator[str]:
    kinds = {node.kind for node in picture.nodes}
    for kind, look in LOOKS.items():
        if kind in kinds:
            yield "  classDef %s fill:%s,stroke:%s,color:%s" % (kind, look.fill, look.border, TEXT)
    for number, (_vid, tone) in enumerate(colour.items(), 1):
        yield "  style v%d fill:#ffffff,stroke:%s,stroke-width:3px,color:%s" % (number, tone, TEXT)
    for number, _frame in enumerate(picture.frames, 1):
        yield "  style f%d fill:none,stroke:%s" % (number, LINE)
    if colour:
        yield "  style legend fill:none,stroke:%s" % LINE
    tones: Dict[str, List[int]] = {}
    for number, cable in enumerate(picture.cables):
        if len(cable.vlans) == 1:
            tones.setdefault(colour[cable.vlans[0].vid], []).append(number)
    for tone, numbers in tones.items():
        yield "  linkStyle %s stroke:%s,stroke-width:3px" % (",".join(map(str, numbers)), tone)
    for node in picture.nodes:
        if node.down:
            yield "  style %s stroke-dasharray:4" % names[node.key]
