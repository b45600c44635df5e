"""A step that computes its gradient more than once: `s += (e * x) ** 2`, and `w -= rate * e * x / np.sqrt(s)`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..watch.node import Node
from .look import Look, Point
from .match import Match, matched

Array = Any


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
    given: dict[int, tuple[Match, Node]] = {}
    kept: set[int] = set()
    for node in look.program.steps:
        if id(node) in look.to_end and id(node) in look.depends and np.size(node.value) == right[0].size:
            values = [np.asarray(point.values[id(node)]) for point in points if id(node) in point.values]
            if node is ends[0] or len(values) < len(points) or any(v.dtype.kind != "f" for v in values):
                continue
            theirs = [np.ravel(v) for v in values]
            match = matched(theirs, right)
            if match.holds and match.scale != 0.0:  # minus the gradient, where it is added
                given[id(node)] = match, node
            elif matched(theirs, squares).holds:
                kept.add(id(node))
    if not given or not _is_all(look, ends[0], given.keys() | kept, look.starts[name]):
        return None
    exact = (each for each in given.values() if abs(abs(each[0].scale) - 1.0) <= 1e-5)
    match, node = next(exact, next(iter(given.values())))
    return match, [node]


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
        waiting += node.operands()
    return True
