"""How numbers of a script compare with right ones at several points: the factor between them, and what is left."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = Any
TOLERANCE = 1e-6


@dataclass(eq=False)
class Match:
    """How numbers of the script compare with right ones at all points: theirs = scale × right.

    Args:
        scale: the one factor that fits best at all points together; NaN where both are zero.
        error: the relative residual with it.
        scales: the factor at each point by itself.
        worst: the largest residual with these.
    """

    scale: float
    error: float
    scales: list[float] = field(default_factory=list)
    worst: float = float("inf")

    @property
    def holds(self) -> bool:
        return self.error <= TOLERANCE and np.isfinite(self.scale)


def length(x: Array) -> float:
    """The norm of numbers in one axis: `np.linalg.norm`, which is asked a million times, takes three times as long."""
    return math.sqrt(float(x @ x))


def matched(theirs: list[Array], right: list[Array], noise: float = 1e-13) -> Match:
    """Compare at several points."""
    if any(np.size(x) != np.size(y) for x, y in zip(theirs, right, strict=True)):
        return Match(float("nan"), float("inf"))
    pairs = [(_row(x), _row(y)) for x, y in zip(theirs, right, strict=True)]
    products = [(float(x @ x), float(x @ y), float(y @ y)) for x, y in pairs]
    if not all(math.isfinite(xx + yy) for xx, _, yy in products):
        return Match(float("nan"), float("inf"))
    known = [(each, sums) for each, sums in zip(pairs, products, strict=True) if sums[0] or sums[2]]
    if not known:
        return Match(float("nan"), 0.0)
    fits = [_fitted([each], sums, noise) for each, sums in known]
    if not all(yy for _, (_, _, yy) in known):
        return Match(0.0, float("inf"), [c for c, _ in fits], float("inf"))
    sums = [sum(part[place] / part[2] for _, part in known) for place in range(3)]  # every point counts the same
    sized = ((x / math.sqrt(yy), y / math.sqrt(yy)) for (x, y), (_, _, yy) in known)
    scale, error = _fitted(sized, sums, noise)
    return Match(scale, error, [c for c, _ in fits], max(e for _, e in fits))


def _row(numbers: Array) -> Array:
    return np.asarray(numbers, dtype=float).ravel()


class Columns:
    """Right numbers of one size, all asked at once: which of them could be a multiple of what a script has.

    Args:
        columns: each with its numbers at all points, in one axis.
    """

    def __init__(self, columns: list[list[Array]]) -> None:
        size = np.size(columns[0][0]) if columns else 0  # what a mask chooses may be more at one point than at another
        self.columns = [column for column in columns if all(np.size(each) == size for each in column)]
        self.all = np.array(self.columns, dtype=float).reshape(
            len(self.columns), len(columns[0]) if columns else 0, size
        )
        with np.errstate(all="ignore"):
            self.squares = np.square(self.all).sum(axis=2)
            self.weights = np.where(self.squares > 0, 1 / self.squares, 0.0)

    def first(self, theirs: list[Array]) -> Match | None:
        """How the first of them matches that does: one that is the same, if there is one, else a multiple."""
        if not self.columns or any(np.size(each) != self.all.shape[2] for each in theirs):
            return None
        given = np.array([np.ravel(each) for each in theirs], dtype=float)
        with np.errstate(all="ignore"):
            squares = np.square(given).sum(axis=1)
            alike = ((self.squares > 0) == (squares > 0)).all(axis=1)
            scale = np.einsum("rps,ps->rp", self.all, given) * self.weights
            scale = scale.sum(axis=1) / np.maximum((self.squares > 0).sum(axis=1), 1)
            size = (squares * self.weights).sum(axis=1)
            left = size - scale**2 * (self.squares > 0).sum(axis=1)
            likely = np.flatnonzero(alike & (left <= 1e-8 * size))  # cancellation: the last word is that of `matched`
            likely = likely[np.argsort(np.abs(np.abs(scale[likely]) - 1.0) > 1e-6, kind="stable")]
        return next((match for k in likely if (match := matched(theirs, self.columns[k])).holds), None)


def _fitted(pairs: Iterable[tuple[Array, Array]], products: Sequence[float], noise: float) -> tuple[float, float]:
    """The factor c that brings c·y nearest to x, and the relative residual.

    Args:
        products: x·x, x·y and y·y. They tell the residual where it is not small; where it is, rounding would hide it,
            and the numbers are subtracted.
    """
    xx, xy, yy = products
    if not xx or not yy:
        return (0.0 if not xx else float("inf")), (0.0 if xx == yy else float("inf"))
    scale = xy / yy
    left = xx - scale * xy
    if left <= 1e-8 * xx:
        missed = math.sqrt(sum(float(rest @ rest) for x, y in pairs for rest in (x - scale * y,)))
        return scale, (missed / math.sqrt(xx) if missed > noise * abs(scale) * math.sqrt(yy) else 0.0)
    return scale, math.sqrt(left / xx)


def is_off(one: Array, other: Array, goal: Array) -> bool:
    """Whether no sum of multiples of two comes near a third: a quick look, before they are fitted."""
    one = one / length(one)
    other = other - (one @ other) * one
    beside, size = length(other), float(goal @ goal)
    missed = size - float(one @ goal) ** 2 - (float(other @ goal) / beside) ** 2 if beside else 0.0
    return missed > 1e-6 * size


def close(x: list[Array], y: list[Array]) -> bool:
    """Whether arrays are the same at every point."""
    return all(
        a.shape == b.shape and float(np.linalg.norm(a - b)) <= 1e-6 * float(np.linalg.norm(a))
        for a, b in zip(x, y, strict=True)
    )


def laid_over(value: Array, shape: tuple[int, ...]) -> Array | None:
    """A value in another shape, by reshaping or broadcasting; None where neither can be."""
    try:
        return (
            np.broadcast_to(value, shape)
            if np.size(value) != int(np.prod(shape, dtype=int))
            else np.reshape(value, shape)
        )
    except ValueError:
        return None


def polynomial(x: list[Array], y: list[Array]) -> bool:
    """Whether y is a polynomial of x, of the third degree at most: so are the slopes of activations written."""
    flat, goal = np.concatenate([np.ravel(a) for a in x]).astype(float), np.concatenate([np.ravel(a) for a in y])
    if flat.size < 12 or flat.size != goal.size or not np.isfinite([flat, goal]).all() or not np.ptp(flat):
        return False
    fit = np.polynomial.Polynomial.fit(flat, goal, 3)
    return float(np.linalg.norm(fit(flat) - goal)) <= 1e-7 * float(np.linalg.norm(goal))


def summed_to_one(x: Array) -> int | None:
    """The axis along which positive numbers are shares of 1, as a softmax gives them; None where they are not."""
    if x.dtype.kind == "f" and x.ndim and np.all(x > 0):
        for axis in range(-1, -1 - x.ndim, -1):
            if x.shape[axis] > 1 and np.allclose(x.sum(axis=axis), 1.0, rtol=1e-9):
                return axis
    return None
