"""About how much room a picture takes when it is laid out from left to right, before anybody lays it out.

Graphviz decides in the end; this estimate is enough to choose how much to show and where a line of the picture ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from .boxes import lines_of, shows_table
from .edges import label_of
from .model import Box, Drawing
from .options import Options

PAGE: Final = 860.0
"""Points that a picture may be wide: shown 828 pixels wide, its smallest letters are then 9 pixels high."""

LETTER: Final = 6.8  # points of a letter in a box, on average
LABEL: Final = 6.0  # points of a letter on an edge
ROW: Final = 44.0  # from box to box in a column
GAP: Final = 34.0  # between columns, without what is written there
FRAME: Final = 9.0  # of a frame, on each side


class Extent(NamedTuple):
    """Points from left to right and from top to bottom."""

    wide: float
    high: float


def ranks(drawing: Drawing) -> dict[str, int]:
    """How many edges lie between each box and the end of the graph, on the longest way."""
    users: dict[str, list[str]] = {}
    for edge in drawing.edges:
        users.setdefault(edge.tail, []).append(edge.head)
    found: dict[str, int] = {}
    for box in reversed(drawing.boxes):  # heads come before their tails, but for modules that run twice
        found[box.id] = max((found.get(head, -1) + 1 for head in users.get(box.id, ())), default=0)
    return found


def columns(drawing: Drawing) -> list[list[Box]]:
    """The boxes from left to right: all operands of a box stand in columns before its own."""
    place = ranks(drawing)
    last = max(place.values(), default=0)
    found: list[list[Box]] = [[] for _ in range(last + 1)]
    for box in drawing.boxes:
        found[last - place[box.id]].append(box)
    return found


def width(box: Box, options: Options) -> float:
    """Of a box, in points."""
    longest = max(map(len, lines_of(box, options)), default=1)
    if shows_table(box, options) and box.value is not None:
        longest = max(longest, 7 * len(box.value.rows[0]))
    return max(54.0, LETTER * longest + 20.0)


def height(box: Box, options: Options) -> float:
    """Of a box with the room below it, in points."""
    rows = len(box.value.rows) if box.value is not None and shows_table(box, options) else 0
    return ROW + 15.0 * max(len(lines_of(box, options)) - 2, 0) + 18.0 * rows


def gaps(drawing: Drawing, options: Options, count: int) -> list[float]:
    """The room after each column: the longest text that stands on an edge there."""
    place = ranks(drawing)
    paths = {box.id: box.path for box in drawing.boxes}
    room = [GAP] * count
    for edge in drawing.edges:
        column = count - 1 - place[edge.head]
        if column > 0:
            enters = FRAME * len(set(paths[edge.head]) ^ set(paths[edge.tail]))
            room[column - 1] = max(room[column - 1], GAP + LABEL * len(label_of(edge, options)) + enters)
    return room


def extent(drawing: Drawing, options: Options) -> Extent:
    """The size of a drawing, all its lines below one another."""
    lines: dict[int, list[Box]] = {}
    for box in drawing.boxes:
        lines.setdefault(box.line, []).append(box)
    wide = high = 0.0
    for line in lines.values():
        ids = {box.id for box in line}
        edges = tuple(edge for edge in drawing.edges if edge.tail in ids and edge.head in ids)
        part = Drawing(tuple(line), edges, (), 0, 0)
        size = _line(columns(part), part, options)
        wide, high = max(wide, size.wide), high + size.high
    return Extent(wide, high)


def _line(found: Sequence[Sequence[Box]], drawing: Drawing, options: Options) -> Extent:
    room = gaps(drawing, options, len(found))
    widths = [max((width(box, options) for box in column), default=0.0) for column in found]
    heights = [sum(height(box, options) for box in column) for column in found]
    deep = max((len(box.path) for box in drawing.boxes), default=0)
    frames = len({box.path for box in drawing.boxes if box.path})
    if options.rankdir not in ("LR", "RL"):
        across = [sum(width(box, options) + 16.0 for box in column) for column in found]
        return Extent(max(across, default=0.0) + 2 * FRAME * deep, len(found) * (ROW + GAP))
    wide = sum(widths) + sum(room[:-1]) + 2 * FRAME * deep
    return Extent(wide, max(heights, default=0.0) + 2 * FRAME * deep + 4.0 * frames)
