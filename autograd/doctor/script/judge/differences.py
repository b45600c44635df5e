"""Gradients that are differences of losses, (f(w + h) - f(w)) / h: right but for an error that grows with h.

Everything else here is compared to six digits. So where such a gradient is near the right one, it is taken for the
right one, and what the step makes of it is computed from that.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..watch.direct import compared_at, hyper
from ..watch.node import Node
from .invented import number_of
from .look import Look, Point
from .losses import Reading
from .match import matched
from .narrow import gradient_nodes
from .reference import gradient

Array = Any
CURVED = 30.0  # times h, of the whole gradient: more than that is no smooth loss
ROUNDED = 1e-12  # divided by h: the digits that a difference loses
MOST = 0.3  # of the gradient of one block: a factor of 2, or a sign, is never an error of h


def without_their_error(look: Look, points: list[Point], reading: Reading, bars: list[dict[int, Array]]) -> list[Point]:
    """The points, with right gradients where those of the script are differences of losses, and near them."""
    h = _distance(look, reading)
    if not h:
        return points
    bound = CURVED * h + ROUNDED / h
    rights = {
        name: [gradient(look, point, bar, name) for point, bar in zip(points, bars, strict=True)]
        for name in look.starts
    }
    whole = [np.linalg.norm(np.concatenate([each[k] for each in rights.values()])) for k in range(len(points))]
    changed: list[dict[int, Any]] = [{} for _ in points]
    for name, right in rights.items():
        for nodes in gradient_nodes(look, name):
            if any(id(node) not in point.values for node in nodes for point in points):
                continue
            theirs = [look.block(point.values, nodes) for point in points]
            match = matched(theirs, right)
            sign = np.sign(match.scale)
            if match.error <= MOST and all(
                np.linalg.norm(given - sign * due) <= bound * size
                for given, due, size in zip(theirs, right, whole, strict=True)
            ):
                for now, point, due in zip(changed, points, right, strict=True):
                    now |= _shared_out(nodes, point, sign * due)
                break
    return [
        Point({**point.values, **look.program.rerun(point.values, now)}, point.moved) if now else point
        for point, now in zip(points, changed, strict=True)
    ]


def _distance(look: Look, reading: Reading) -> float:
    """The largest number that a difference of two of the losses is divided by; 0 where there is none."""
    sites = {root.site for root in reading.roots if id(root) in look.to_end}
    found = 0.0
    for node in look.program.steps if sites else ():
        if compared_at(node) in sites and np.size(node.value) == 1:
            for reader in look.consumers.get(id(node), ()):
                found = max(found, _divided_by(reader))
    return found


def _divided_by(reader: Node) -> float:
    """The number that a line divides by; 0 where it does not."""
    kind = getattr(reader.function, "__name__", "")
    number = next((number_of(arg) for arg in reader.args if hyper(arg)), 0.0)
    if not number or len(reader.args) != 2:
        return 0.0
    return abs(number) if kind in ("truediv", "divide") else abs(1 / number) if kind in ("mul", "multiply") else 0.0


def _shared_out(nodes: list[Node], point: Point, numbers: Array) -> dict[int, Any]:
    """A value for each node of a block, in its own shape; none where the block is a part of what they hold."""
    if sum(np.size(point.values[id(node)]) for node in nodes) != numbers.size:
        return {}
    out, begin = {}, 0
    for node in nodes:
        old = np.asarray(point.values[id(node)])
        out[id(node)] = np.reshape(numbers[begin : begin + old.size], old.shape)
        begin += old.size
    return out
