"""Are the steps the gradient of any function? This asks for no loss.

The derivative of a gradient is a Hessian, which is symmetric whatever the function is: for two directions u and v, what
the gradient along u gains in the direction v is what the gradient along v gains in the direction u. A backprop with a
mistake in it almost never has this property, unless the mistake is a factor or a term of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .look import Point
from .verdicts import Judgement

Array = Any
STEP = 1e-5
POINTS = 3
SYMMETRIC, SKEW = 1e-6, 1e-3
"""Of central differences: what true gradients have is near 1e-11, what wrong ones have is above 1e-2."""


def is_gradient(found: Judgement, seed: int = 0) -> bool | None:
    """Whether the steps, all blocks together, are the gradient of some function; None where one cannot tell."""
    rng = np.random.default_rng(seed)
    points = [point for point in found.points if point.moved][:POINTS] or found.points[:1]
    with np.errstate(all="ignore"):
        skewed = float(np.median([_skewness(found, point, rng) for point in points]))
    return True if skewed <= SYMMETRIC else False if skewed >= SKEW else None


def _skewness(found: Judgement, point: Point, rng: np.random.Generator) -> float:
    """|v·Ju - u·Jv| beside what it could be, J being the derivative of a step by the parameters; NaN without an answer.

    A kink between the two points of a difference makes it large: so several points are asked.
    """
    start = _flat(found, point, {})
    u, v = rng.standard_normal((2, start.size))
    try:
        along_u, along_v = _gain(found, point, u), _gain(found, point, v)
    except Exception:  # a shape, or a branch, that the script has at its own parameters only
        return float("nan")
    size = float(np.linalg.norm(along_u) * np.linalg.norm(v) + np.linalg.norm(along_v) * np.linalg.norm(u))
    return abs(float(v @ along_u) - float(u @ along_v)) / size if size else float("nan")


def _gain(found: Judgement, point: Point, direction: Array) -> Array:
    """By how much a step changes along a direction of the parameters."""
    look = found.look
    steps = []
    for side in (STEP, -STEP):
        changed, used = {}, 0
        for nodes in look.starts.values():
            for node in nodes:
                value = np.asarray(point.values.get(id(node), node.value), dtype=float)
                new = value + side * direction[used : used + value.size].reshape(value.shape)
                changed[id(node)] = new if value.ndim else float(new)
                used += value.size
        steps.append(_flat(found, point, {**changed, **look.program.rerun(point.values, changed)}))
    return (steps[0] - steps[1]) / (2 * STEP)


def _flat(found: Judgement, point: Point, new: dict[int, Any]) -> Array:
    """What the step adds to all parameters, one after the other, with some values replaced."""
    values = {**point.values, **new}
    return np.concatenate([found.look.change(values, name) for name in found.look.ends])
