"""What kind of loss a reading is, told by what its errors are the derivative by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..watch.node import Node
from .look import Look, Point
from .losses import Reading, before_squash, errors
from .match import TOLERANCE, matched

Array = Any


def form_of(look: Look, points: list[Point], reading: Reading, bars: list[dict[int, Array]]) -> tuple[str, float]:
    """What kind of loss a reading is, and its sign: -1 where it grows as the predictions near the targets.

    It is "squares", "entropy", "absolute", "errors" (another function of them), or "" where there is no telling.
    """
    if reading.kind != "loss":
        return reading.kind, 1.0
    for group in errors(look):
        error, prediction, sign = group[0]
        places = [(prediction, "squares", sign)]
        logits = before_squash(look, prediction, points[0])
        if logits is not None:
            places.insert(0, (logits[0], "entropy", sign * logits[1]))
        for node, form, sign in places:
            key = counterpart(look, points, node, bars)
            if key is not None:
                theirs = [sign * np.asarray(point.values[id(error)], dtype=float) for point in points]
                right = [bar[key] for bar in bars]
                match = matched(theirs, right)
                if match.holds or (theirs[0].size > 2 and match.worst <= TOLERANCE):
                    return form, float(np.sign(match.scales[0]))
                sides = [np.sign(e) for e in theirs]
                if np.ptp(np.concatenate(list(map(np.ravel, sides)))) and matched(sides, right).holds:
                    return "absolute", 1.0
        if _by_its_logarithm(points, group, bars):
            return "errors", 1.0
        side = _of_errors(look, points, group, bars)
        if side:
            return "errors", side
    return "", 1.0


def _by_its_logarithm(points: list[Point], group: list[tuple[Node, Node, float]], bars: list[dict[int, Array]]) -> bool:
    """Whether the errors are the derivative by the logarithm of the predictions: the likelihood of counts."""
    error, prediction, sign = group[0]
    inside = prediction.args[0] if getattr(prediction.function, "__name__", "") == "exp" else None
    if not isinstance(inside, Node) or any(id(inside) not in bar for bar in bars):
        return False
    theirs = [sign * np.asarray(point.values[id(error)], dtype=float) for point in points]
    match = matched(theirs, [bar[id(inside)] for bar in bars])
    return match.holds and match.scale > 0


def _of_errors(
    look: Look, points: list[Point], group: list[tuple[Node, Node, float]], bars: list[dict[int, Array]]
) -> float:
    """1 where the loss grows with each error and by more than its sign tells (Huber's, fourth powers); -1 where it
    falls with them; 0 where it does neither, as what is only watched does: the largest error, or that of some samples.
    """  # fmt: skip
    theirs: list[list[Array]] = [[] for _ in points]
    right: list[list[Array]] = [[] for _ in points]
    for error, prediction, sign in group:
        key = counterpart(look, points, prediction, bars)
        if key is None or np.size(bars[0][key]) != np.size(points[0].values[id(error)]):
            return 0.0
        for k, (point, bar) in enumerate(zip(points, bars, strict=True)):
            theirs[k].append(sign * np.ravel(np.asarray(point.values[id(error)], dtype=float)))
            right[k].append(np.ravel(bar[key]))
    e, g = np.array([np.concatenate(x) for x in theirs]), np.array([np.concatenate(x) for x in right])
    if len(e) < 3 or e.shape[1] < 3 or not np.all(np.isfinite(e)) or not np.all(np.isfinite(g)):
        return 0.0
    side = float(np.sign(np.vdot(e, g)))
    size = np.abs(g)
    grows = np.all(side * e * g >= 0) and np.all(np.any(size > 0, axis=0))
    more = np.mean(np.ptp(size, axis=0) > 1e-6 * np.max(size, axis=0))
    few = min(0.1, 1.5 / e.shape[1])  # where outliers are many, few errors come into the middle of Huber's
    return side if grows and more > few else 0.0


def counterpart(look: Look, points: list[Point], node: Node, bars: list[dict[int, Array]]) -> int | None:
    """The node itself, or, where the loss has a forward pass of its own, the one with the same value there."""
    return next(counterparts(points, node, bars), None)


def counterparts(points: list[Point], node: Node, bars: list[dict[int, Array]]) -> Iterator[int]:
    """The node itself; or all that have the same value: two sequences that begin alike are alike up to there."""
    if all(id(node) in bar for bar in bars):
        yield id(node)
        return
    values = [np.asarray(point.values[id(node)], dtype=float) for point in points]
    for key in bars[0]:
        other = points[0].values.get(key)
        same = other is not None and np.shape(other) == values[0].shape and np.array_equal(other, values[0])
        rows = zip(bars, points, values, strict=True)
        if same and all(key in bar and np.array_equal(point.values[key], value) for bar, point, value in rows):
            yield key
