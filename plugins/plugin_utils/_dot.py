# SPDX-FileCopyrightText: The nfv.vnet developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures in the language of Graphviz."""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import Dict, Iterable, Iterator, List, Mapping

from ansible_collections.nfv.vnet.plugins.plugin_utils._colours import LINE, LOOKS, TEXT, colours, title
from ansible_collections.nfv.vnet.plugins.plugin_utils._picture import Edge, Line, Node, Picture

_SHAPES = {
    "bridge": ("box", "filled"),
    "bond": ("box", "filled"),
    "link": ("component", "filled"),
    "host": ("box", "filled"),
    "elsewhere": ("box", "filled,rounded,dashed"),
}
"""Shape and style of a box; others have rounded corners."""
_WIDE = ("bridge", "bond")
_ROUNDED = ("box", "filled,rounded")
_FONT = "Verdana,DejaVu Sans,sans-serif"
"""Two fonts of the same width, so that boxes fit with either."""
_GREY = "#57606a"
_LABEL = "#f0f2f4"
_SIDE_BY_SIDE = 4
"""A trunk with at most so many VLANs is drawn as parallel lines."""
_LEGEND_ROW = 8
_COLUMNS = 2
"""The columns of a box: names of links, and addresses."""
_FEW = 4
"""The number of lines that fit on a bridge of normal size."""


def dot(picture: Picture, direction: str) -> str:
    return "\n".join(_lines(picture, direction)) + "\n"


def _lines(picture: Picture, direction: str) -> Iterator[str]:
    colour = colours(picture.vids)
    count = Counter(end for cable in picture.cables for end in cable.ends)
    sizes = {node.key: _size(node, count[node.key], direction) for node in picture.nodes}
    yield "graph network {"
    yield '  graph [rankdir=%s, bgcolor=transparent, nodesep=0.25, ranksep=0.5, fontname="%s", fontsize=11]' % (direction, _FONT)
    yield '  node [fontname="%s", fontsize=11, fontcolor="%s", margin="0.08,0.04"]' % (_FONT, TEXT)
    yield '  edge [fontname="%s", fontsize=10, fontcolor="%s", color="%s", penwidth=1.6]' % (_FONT, TEXT, LINE)
    yield from _legend(colour, any(cable.down for cable in picture.cables))
    for node in picture.nodes:
        if not node.inside:
            yield "  " + _box(node, sizes[node.key])
    for number, frame in enumerate(picture.frames):
        yield "  subgraph cluster_%d {" % number
        yield '    graph [label=<%s>, style=rounded, color="%s", fontcolor="%s", labelloc=t, margin=12]' % (_bold(picture.frame_title(frame)), LINE, LINE)
        for node in picture.nodes:
            if node.inside == frame:
                yield "    " + _box(node, sizes[node.key])
        yield "  }"
    for cable in picture.cables:
        yield "  %s -- %s [%s]" % (_quoted(cable.ends[0]), _quoted(cable.ends[1]), ", ".join([*_look_of(cable, colour), *_ports(cable, count, direction)]))
    yield "}"


def _box(node: Node, size: str) -> str:
    look = LOOKS[node.kind]
    shape, style = _SHAPES.get(node.kind, _ROUNDED)
    style += ",dashed" if node.down else ""
    text = _table([_row(_bold(title(node))), *map(_line, node.lines)])
    more = size + (", penwidth=2" if node.kind in _WIDE else "") + (", peripheries=2" if node.members > 1 else "")
    return '%s [label=<%s>, shape=%s, style="%s", fillcolor="%s", color="%s"%s]' % (_quoted(node.key), text, shape, style, look.fill, look.border, more)


def _size(node: Node, cables: int, direction: str) -> str:
    """A bridge with many lines is longer, so that they start side by side."""
    if node.kind not in _WIDE or cables <= _FEW:
        return ""
    return ", height=%.1f" % (cables * 0.35) if direction == "LR" else ", width=%.1f" % (cables * 0.8)


def _line(line: Line) -> str:
    if line.kind == "address":
        return "<TR>%s%s</TR>" % (_cell(_grey(line.label), "LEFT", 1), _cell(_escaped(line.text), "LEFT", 1))
    return _row(_grey(line.text)) if line.kind == "note" else _row(_escaped(line.text), "LEFT")


def _table(rows: Iterable[str], attributes: str = "") -> str:
    return '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2"%s>%s</TABLE>' % (attributes, "".join(rows))


def _row(text: str, align: str = "CENTER") -> str:
    return "<TR>%s</TR>" % _cell(text, align)


def _padded(text: str) -> str:
    """A row with some space, in case that the font is wider where the picture is shown."""
    return '<TR><TD WIDTH="6"></TD>%s<TD WIDTH="6"></TD></TR>' % _cell(_escaped(text), columns=1)


def _cell(text: str, align: str = "CENTER", columns: int = _COLUMNS) -> str:
    return '<TD ALIGN="%s" COLSPAN="%d">%s</TD>' % (align, columns, text)


def _grey(text: str) -> str:
    return '<FONT COLOR="%s">%s</FONT>' % (_GREY, _escaped(text)) if text else ""


def _bold(text: str) -> str:
    return "<B>%s</B>" % _escaped(text) if text else ""


def _escaped(text: str) -> str:
    return escape(text)


def _quoted(text: str) -> str:
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"')


def _look_of(cable: Edge, colour: Dict[str, str]) -> Iterator[str]:
    if cable.label:
        yield "label=<%s>" % _table([_padded(line) for line in cable.label], ' BGCOLOR="%s" STYLE="ROUNDED"' % _LABEL)
    tones = [colour[vlan.vid] for vlan in cable.vlans]
    if tones and len(tones) <= _SIDE_BY_SIDE:
        # an invisible line separates those of a trunk
        yield 'color="%s", penwidth=2.4' % ":invis:".join(tones)
    elif tones:
        yield "penwidth=4"
    if cable.down:
        yield "style=dashed"


def _ports(cable: Edge, count: Mapping[str, int], direction: str) -> Iterator[str]:
    """A line to a box that has no other ends at the side that faces it."""
    if count[cable.ends[1]] == 1:
        yield "headport=%s" % {"LR": "w", "TB": "n"}[direction]


def _legend(colour: Dict[str, str], down: bool) -> Iterator[str]:
    entries = ['<TD BGCOLOR="%s" WIDTH="18"></TD>%s' % (tone, _cell(_escaped("VLAN " + vid), "LEFT", 1)) for vid, tone in colour.items()]
    if down:
        entries.append("%s%s" % (_cell("- -", columns=1), _cell("down", "LEFT", 1)))
    rows: List[str] = ["<TR>%s</TR>" % "".join(entries[start : start + _LEGEND_ROW]) for start in range(0, len(entries), _LEGEND_ROW)]
    if rows:
        attributes = ' BGCOLOR="%s" STYLE="ROUNDED"' % _LABEL
        text = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="4" CELLPADDING="2"%s>%s</TABLE>' % (attributes, "".join(rows))
        yield "  graph [label=<%s>, labelloc=b]" % text
