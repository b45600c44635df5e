"""How numbers of a script compare with right ones at several points: the factor between them, and what is left."""

from __future__ import annotations

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


def matched(theirs: list[Array], right: list[Array], noise: float = 1e-13) -> Match:
    """Compare at several points."""
    if any(np.size(x) != np.size(y) for x, y in zip(theirs, right, strict=True)):
        return Match(float("nan"), float("inf"))
    pairs = [(np.ravel(x).astype(float), np.ravel(y).astype(float)) for x, y in zip(theirs, right, strict=True)]
    if not all(np.all(np.isfinite(x)) and np.all(np.isfinite(y)) for x, y in pairs):
        return Match(float("nan"), float("inf"))
    fits = [_fitted(x, y, noise) for x, y in pairs if np.any(x) or np.any(y)]
    if not fits:
        return Match(float("nan"), 0.0)
    sizes = [(x / n, y / n) for x, y in pairs if (n := float(np.linalg.norm(y))) > 0]  # every point counts the same
    if len(sizes) < len(fits):
        return Match(0.0, float("inf"), [c for c, _ in fits], float("inf"))
    scale, error = _fitted(np.concatenate([x for x, _ in sizes]), np.concatenate([y for _, y in sizes]), noise)
    return Match(scale, error, [c for c, _ in fits], max(e for _, e in fits))


class Rights:
    """Right numbers of one size, with which theirs are compared all at once.

    Args:
        columns: for each of them its values at the points.
    """

    def __init__(self, columns: list[list[Array]]) -> None:
        self.columns = columns
        rows = np.stack([np.concatenate([np.ravel(v).astype(float) for v in column]) for column in columns])
        with np.errstate(all="ignore"):
            self.rows = np.nan_to_num(rows / np.linalg.norm(rows, axis=1, keepdims=True))

    def match(self, theirs: list[Array]) -> Match | None:
        """The first that theirs are a multiple of."""
        flat = np.concatenate([np.ravel(x).astype(float) for x in theirs])
        length = float(np.linalg.norm(flat))
        if not length or not np.isfinite(length):
            return None
        for k in np.flatnonzero(np.abs(self.rows @ (flat / length)) > 1.0 - 1e-9):
            found = matched(theirs, self.columns[k])
            if found.holds and found.scale:
                return found
        return None


def _fitted(x: Array, y: Array, noise: float) -> tuple[float, float]:
    """The factor c that brings c·y nearest to x, and the relative residual."""
    length, size = float(np.linalg.norm(y)), float(np.linalg.norm(x))
    if not length or not size:
        return (0.0 if not size else float("inf")), (0.0 if length == size else float("inf"))
    scale = float(x @ y) / length**2
    missed = float(np.linalg.norm(x - scale * y))
    return scale, (missed / size if missed > noise * abs(scale) * length else 0.0)


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
    if flat.size < 12 or flat.size != goal.size or not np.ptp(flat):
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
