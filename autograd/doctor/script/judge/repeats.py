"""A step that computes its gradient more than once: `s += (e * x) ** 2`, and `w -= rate * e * x / np.sqrt(s)`.

Or one that takes it out of an array that holds the gradients of other blocks, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..watch.node import Node
from .look import Look, Point
from .match import Match, matched

Array = Any
MOST_PLACES = 32


def gradient_in_copies(
    look: Look, points: list[Point], right: list[Array], name: str
) -> tuple[Match, list[Node]] | None:
    """How what a step follows from compares with the right gradient, and where it is; None where it follows from more.

    Multiples of the gradient, and of its squares, are all that a rule is given.
    """
    ends = look.ends[name]
    if len(ends) != 1 or not all(np.any(each) for each in right):
        return None
    squares = [each**2 for each in right]
    sizes = {each: sum(np.size(end.value) for end in of) for each, of in look.ends.items()}
    size, whole = right[0].size, sum(sizes.values())
    given: dict[int, tuple[Match, list[Node]]] = {}
    kept: set[int] = set()
    for node in look.program.steps:
        if id(node) in look.to_end and id(node) in look.depends and node is not ends[0]:
            for theirs in _parts(points, node, name, sizes) if np.size(node.value) in (size, whole) else ():
                match = matched(theirs, right)
                if match.holds and match.scale != 0.0:  # minus the gradient, where it is added
                    given[id(node)] = match, [node] if np.size(node.value) == size else []
                elif matched(theirs, squares).holds:
                    kept.add(id(node))
    if not given or not _is_all(look, ends[0], given.keys() | kept, look.starts[name]):
        return None
    exact = (each for each in given.values() if abs(abs(each[0].scale) - 1.0) <= 1e-5)
    return next(exact, next(iter(given.values())))


def _parts(points: list[Point], node: Node, name: str, sizes: dict[str, int]) -> Iterator[list[Array]]:
    """What a node holds, at each point; of one with as many numbers as all blocks together, those of this one."""
    values = [np.asarray(point.values[id(node)]) for point in points if id(node) in point.values]
    if len(values) < len(points) or any(v.dtype.kind != "f" for v in values):
        return
    flat = [np.ravel(v) for v in values]
    before = {0}  # how many numbers there may be of other blocks before those of this one
    for other in sizes if flat[0].size > sizes[name] else ():
        if other != name and len(before) < MOST_PLACES:
            before |= {place + sizes[other] for place in before}
    for place in before:
        if place + sizes[name] <= flat[0].size:
            yield [each[place : place + sizes[name]] for each in flat]


def _is_all(look: Look, end: Node, given: set[int], starts: list[Node]) -> bool:
    """Whether a result follows from these values, from what a rule keeps, from settings, and from nothing else."""
    own, known, waiting = {id(start) for start in starts}, set[int](), [end]
    while waiting:
        node = waiting.pop()
        if id(node) in known or id(node) in given or id(node) in own or node.hyper or id(node) in look.rule_states:
            continue
        known.add(id(node))
        if id(node) not in look.depends and np.size(node.value) == 1:
            continue
        if id(node) in look.program.leaves or id(node) in look.start_ids:  # the samples, or another parameter
            return False
        cut = getattr(node.function, "__name__", "") in ("split", "array_split", "getitem")  # where is no sample
        waiting += [o for o in node.operands() if not cut or o is node.args[0]]
    return True
