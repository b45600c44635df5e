"""The right gradient within a step that does not go through one number: `w -= rate * e * x / np.sqrt(s)`, where the sum
`s` takes in `(e * x) ** 2`, computed anew.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..watch.node import Node
from .look import Look, Point
from .match import Match, matched

Array = Any
FAR = 200  # nodes of a step that are looked at


def within(look: Look, points: list[Point], name: str, right: list[Array]) -> tuple[Match, list[Node]] | None:
    """Multiples of the right gradient through which all dependence of a step goes, also where they are several.

    Besides them a step may be made of the parameter itself, of what its rule keeps, and of settings.

    Returns:
        How the multiple without the learning rate compares with the right gradient, and its node for each part of the
        block; None where something else enters.
    """
    nodes, place = list[Node](), 0
    starts, ends = look.starts[name], look.ends[name]
    if getattr(ends, "picks", None) is not None:
        return None
    for start, end in zip(starts, ends, strict=True):
        size = int(np.size(start.value))
        found = _plainest(look, points, (start, end), [g[place : place + size] for g in right])
        if found is None:
            return None
        nodes, place = [*nodes, found], place + size
    if not nodes or place != right[0].size:
        return None
    match = matched([np.concatenate([np.ravel(p.values[id(n)]) for n in nodes]) for p in points], right)
    return (match, nodes) if match.holds else None


def _plainest(look: Look, points: list[Point], of: tuple[Node, Node], right: list[Array]) -> Node | None:
    start, end = of
    level, known, found = [end], {id(end)}, list[tuple[tuple[bool, float], Node]]()
    while level:
        further: list[Node] = []
        for at in level:
            depends = id(at) in look.depends
            if at is start or at.hyper or id(at) in look.rule_states or (not depends and np.size(at.value) == 1):
                continue
            scale = _multiple(at, points, right) if depends else 0.0
            if scale:
                found.append(((scale < 0.0, abs(math.log(abs(scale)))), at))
                continue
            if id(at) in look.program.leaves or id(at) in look.start_ids:  # the samples, or another parameter
                return None
            further += [o for o in at.operands() if id(o) not in known]
            known |= {id(o) for o in further}
        level = further
        if len(known) > FAR:
            return None
    return min(found, key=lambda each: each[0])[1] if found else None


def _multiple(node: Node, points: list[Point], right: list[Array]) -> float:
    """By what the gradient is multiplied in a node; 0 where it is something else."""
    if any(np.size(p.values.get(id(node))) != g.size for p, g in zip(points, right, strict=True)):
        return 0.0
    match = matched([np.ravel(p.values[id(node)]) for p in points], right)
    return match.scale if match.holds else 0.0
