"""A picture that would be too wide goes on in another line, as text does.

Shown at the width of a page, a long strip has letters that nobody can read. So it is cut between two columns, and what
is used from another line stands there again by its name. Each line is a graph by itself, which Graphviz puts below the
one before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from .boxes import title_of
from .colour import number
from .dot import is_dense
from .escape import clean, dotted
from .extent import PAGE, columns, extent, gaps, width
from .model import Box, Drawing, Edge
from .options import Options

STRIP: Final = 3.4
"""A picture of one line is cut where it would be so many times as wide as high; margins make up for a bit less."""


def wrapped(drawing: Drawing, options: Options) -> Drawing:
    """The drawing in as many lines as fit the page; unchanged if one line fits, or if cutting does not help."""
    if options.rankdir not in ("LR", "RL") or is_dense(drawing):  # across a dense layer every name would stand twice
        return drawing
    whole = extent(drawing, options)
    if whole.wide <= PAGE and (whole.wide <= STRIP * (whole.high + KEY) or whole.wide < SHORT):
        return drawing
    found = columns(drawing)
    best = drawing
    for count in range(max(2, int(whole.wide / PAGE)), len(found) + 1):
        cut = _cut(drawing, options, _balanced(found, drawing, options, count))
        again = sum(box.kind == "again" for box in cut.boxes)
        if again > max(len(drawing.boxes), 4):
            break  # more is said twice than once: the graph is no strip
        best = cut
        size = extent(cut, options)
        if size.wide <= PAGE and size.wide <= STRIP * (size.high + KEY):
            break
    return best


KEY: Final = 45.0  # about how high the key is
SHORT: Final = 420.0  # a picture so narrow is not cut, however flat it is


def _balanced(found: Sequence[Sequence[Box]], drawing: Drawing, options: Options, count: int) -> list[int]:
    """The line of each column, of so many lines about equally long."""
    room = gaps(drawing, options, len(found))
    widths = [max((width(box, options) for box in column), default=0.0) + gap
              for column, gap in zip(found, room, strict=True)]  # fmt: skip
    target = sum(widths) / count
    lines, line, filled = [], 0, 0.0
    for wide in widths:
        if filled and filled + wide / 2 > target and line < count - 1:
            line, filled = line + 1, 0.0
        lines.append(line)
        filled += wide
    return lines


def _name(box: Box, options: Options) -> str:
    """What a box is called away from where it stands."""
    if box.kind == "module":
        return dotted(box.path[-2:])
    if box.label or box.value is None or box.value.number is None:
        return clean(box.label) or title_of(box)
    return f"{title_of(box)} {number(box.value.number, options.digits)}"


def _cut(drawing: Drawing, options: Options, lines: Sequence[int]) -> Drawing:
    """The drawing with its boxes on these lines, and the names of those that are used from another one."""
    on: dict[str, int] = {}
    found = columns(drawing)
    for column, line in zip(found, lines, strict=True):
        on.update((box.id, line) for box in column)
    users: dict[str, list[str]] = {}
    for edge in drawing.edges:
        users.setdefault(edge.tail, []).append(edge.head)
    heads = {edge.head for edge in drawing.edges}
    for box in reversed(drawing.boxes):
        if box.id not in heads and box.id in users:  # a leaf stands where it is used first
            on[box.id] = min(on[head] for head in users[box.id])
    again: dict[tuple[str, int], Box] = {}
    boxes = {box.id: replace(box, line=on[box.id]) for box in drawing.boxes}
    edges: list[Edge] = []
    for edge in drawing.edges:
        line = on[edge.head]
        if on[edge.tail] == line:
            edges.append(edge)
            continue
        tail = boxes[edge.tail]
        name = again.setdefault(
            (edge.tail, line),
            Box(f"{edge.tail}_{line}", "again", label=_name(tail, options), line=line),
        )
        edges.append(replace(edge, tail=name.id))
    ordered: list[Box] = []
    for line in range(max(lines) + 1):
        # Graphviz puts names that are used by one box the other way round than it reads them.
        ordered += [box for (_, on_line), box in reversed(again.items()) if on_line == line]
        ordered += [box for box in boxes.values() if box.line == line]
    return replace(drawing, boxes=tuple(ordered), edges=tuple(edges))
