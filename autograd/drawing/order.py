"""The order of what stands side by side: layers.2 before layers.10, and the neurons of a layer as they are numbered.

Graphviz knows nothing of numbers and puts boxes where edges cross least, which in a layer of neurons is any order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .extent import ranks
from .model import Box, Drawing, Path


def natural(name: str) -> list[tuple[int, str]]:
    """A key that sorts layers.2 before layers.10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def around(box: Box) -> Path:
    """The frames that a box stands in."""
    return box.path[:-1] if box.kind == "module" else box.path


def siblings(drawing: Drawing) -> Iterator[list[Box]]:
    """In one column of one frame: modules, neurons that take in the same, inputs that go to the same; in their order.

    Graphviz can keep all of them in one column: no box of a column of `ranks` depends on another one.
    """
    place = ranks(drawing)
    tails: dict[str, set[str]] = {}
    heads: dict[str, set[str]] = {}
    for edge in drawing.edges:
        tails.setdefault(edge.head, set()).add(edge.tail)
        heads.setdefault(edge.tail, set()).add(edge.head)
    near: dict[str, dict[str, set[str]]] = {"module": {}, "neuron": tails, "input": heads}
    found: dict[tuple[str, Path, int, int, frozenset[str]], list[Box]] = {}
    for box in drawing.boxes:
        if box.kind in near:
            alike = frozenset(near[box.kind].get(box.id, ()))
            found.setdefault((box.kind, around(box), box.line, place[box.id], alike), []).append(box)
    for boxes in found.values():
        if len(boxes) > 1:
            yield sorted(boxes, key=_rank)


def _rank(box: Box) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """By name; those without one in the order in which they ran, which their ids have."""
    return natural(box.path[-1]) if box.kind == "module" else [], natural(box.id)
