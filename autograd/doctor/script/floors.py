"""The least loss that is possible where the same inputs come with different targets: no network tells these apart.

Inputs are the same where the predictions are, whatever the parameters. (Shannon 1948: the conditional entropy.)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .judge.losses import errors
from .judge.verdicts import Judgement

Array = Any
DIGITS = 9  # that predictions have in common


def least(found: Judgement) -> float:
    """In the script's own measure; NaN where it is not known, or 0."""
    reading, points = found.reading, found.points
    if reading is None or reading.kind != "loss" or len(reading.roots) != 1 or len(points) < 2:
        return float("nan")
    for group in errors(found.look):
        error, prediction, sign = group[0]
        if len(group) > 1 or any(id(n) not in p.values for p in points for n in (error, prediction)):
            continue
        if np.shape(points[0].values[id(error)]) != np.shape(points[0].values[id(prediction)]):
            continue  # of a piece of it
        tables = [np.asarray(point.values[id(prediction)], dtype=float) for point in points]
        target = tables[0] - sign * np.asarray(points[0].values[id(error)], dtype=float)
        losses = [float(np.sum(point.values[id(reading.roots[0])])) for point in points]
        with np.errstate(all="ignore"):
            floor = _least(tables, target, losses, found.form)
        if np.isfinite(floor):
            return floor
    return float("nan")


def _least(tables: list[Array], target: Array, losses: list[float], form: str) -> float:
    shares = form == "entropy" and target.ndim == 2 and min(target.shape) > 1
    if target.shape != tables[0].shape or target.ndim not in (1, 2) or target.size < 3:
        return float("nan")
    if not shares and max(target.shape) < target.size:
        return float("nan")  # rows or columns may be the samples
    turned = target.ndim == 2 and (np.allclose(tables[0].sum(axis=0), 1.0) if shares else target.shape[0] == 1)
    rows = [(table.T if turned else table).reshape(max(target.shape) if not shares else -1, *_width(target, turned))
            for table in (*tables, target)]  # fmt: skip
    *predicted, wanted = rows
    if shares and not np.allclose(predicted[0].sum(axis=1), 1.0):
        return float("nan")
    _, group = np.unique(np.round(np.hstack(predicted), DIGITS), axis=0, return_inverse=True)
    counts = np.bincount(group.ravel())
    means = np.stack([np.bincount(group.ravel(), column) / counts for column in wanted.T], axis=1)[group.ravel()]
    measured = [_measure(each, wanted, form, shares) for each in predicted]
    ratios = np.array(losses) / np.array(measured)
    if np.allclose(means, wanted) or not np.allclose(ratios, ratios[0], rtol=1e-6):
        return float("nan")
    return float(ratios[0] * _measure(means, wanted, form, shares))


def _width(target: Array, turned: bool) -> tuple[int]:
    return (target.shape[0] if turned else target.shape[1],) if target.ndim == 2 and min(target.shape) > 1 else (1,)


def _measure(p: Array, y: Array, form: str, shares: bool) -> float:
    if form == "entropy":
        p = np.clip(p, 1e-15, 1 - 1e-15)
        each = y * np.log(p) if shares else y * np.log(p) + (1 - y) * np.log1p(-p)
        return -float(np.sum(each)) / len(y)
    return float(np.mean((p - y) ** 2)) if form == "squares" else float("nan")
