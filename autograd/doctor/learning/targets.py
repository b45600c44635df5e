"""What the targets of a training are, read from their values: classes or quantities, all alike, foreign to the inputs.

Only numbers are looked at, no training; `examine` asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = Any
ENOUGH, MOST = 30, 200  # samples, to say that targets have nothing to do with inputs
UNITS = 100  # with random weights
DEALT = 60  # how often targets are dealt out at random for comparison


def classes(target: Array | None, prediction: Array | None) -> tuple[Array, Array] | None:
    """The class of each sample and the class that is predicted, where targets are classes; None where they are not.

    One-hot rows against as many outputs, labels 0 .. k-1 against k outputs, 0 and 1 or -1 and 1 against one output.

    >>> classes(np.eye(2), np.array([[3.0, -3.0], [1.0, 2.0]]))
    (array([0, 1]), array([0, 1]))
    """
    if target is None or prediction is None or not np.size(target) or prediction.ndim == 0:
        return None
    if np.asarray(target).dtype.kind not in "biuf" or not np.all(np.isfinite(np.asarray(target, dtype=float))):
        return None
    seen = set(np.unique(target).tolist())
    several = prediction.ndim == 2 and prediction.shape[1] > 1
    if several and target.shape == prediction.shape and seen <= {0, 1} and np.all(target.sum(axis=1) == 1):
        return np.argmax(target, axis=1), np.argmax(prediction, axis=1)
    labels = np.ravel(target)
    if several and labels.size == len(prediction) and all(x == int(x) and 0 <= x < prediction.shape[1] for x in seen):
        return labels.astype(int), np.argmax(prediction, axis=1)
    if np.size(prediction) == labels.size and (seen == {0, 1} or seen == {-1, 1}):
        flat = np.ravel(prediction)
        # probabilities are cut at one half; logits, and scores for -1 and 1, at 0
        cut = 0.5 if seen == {0, 1} and np.all((flat >= 0) & (flat <= 1)) else 0.0
        return (labels > 0).astype(int), (flat > cut).astype(int)
    return None


def accuracy(target: Array | None, prediction: Array | None) -> tuple[float, float] | None:
    """The share of right classes, and that of the most frequent class; None where targets are no classes."""
    found = classes(target, prediction)
    if found is None:
        return None
    return float(np.mean(found[0] == found[1])), float(np.bincount(found[0]).max() / found[0].size)


def spread_of(target: Array) -> float:
    """The variance of the targets, summed over the outputs: the mean squared error of the best constant."""
    return float(np.sum(np.var(np.asarray(target, dtype=float), axis=0)))


def constant(batch: Sequence[Any]) -> bool:
    """Whether all samples have the same target, so that there is nothing to tell apart."""
    target = _numbers(batch[-1]) if len(batch) > 1 else None
    return target is not None and len(target) > 2 and not np.any(target - target[0])


def unrelated(batch: Sequence[Any]) -> bool:
    """Whether targets fit their inputs no better than when they are dealt out at random.

    Two plain predictors, the five nearest neighbours and a linear regression, each without the sample itself; against
    the same with targets dealt out at random (a permutation test, level 0.1 for either).
    """
    if len(batch) != 2:
        return False
    inputs, target = _numbers(batch[0]), _numbers(batch[1])
    if inputs is None or target is None or len(inputs) != len(target) or len(target) < ENOUGH:
        return False
    rows = np.linspace(0, len(target) - 1, min(MOST, len(target))).astype(int)
    inputs, target = inputs[rows], target[rows]
    if np.unique(target).size <= 20 and target.shape[1] == 1 and np.all(target == np.round(target)):
        target = (target == np.unique(target)).astype(float)
    scale = np.std(inputs, axis=0)
    inputs = (inputs - np.mean(inputs, axis=0)) / np.where(scale > 0, scale, 1.0)
    target = target - np.mean(target, axis=0)
    rng = np.random.default_rng(0)
    for weigh in (_neighbours(inputs), _regression(inputs)):
        seen = _missed(weigh, target)
        dealt = sorted(_missed(weigh, target[rng.permutation(len(target))]) for _ in range(DEALT))
        if seen < dealt[DEALT // 10]:
            return False
    return True


def explained(batch: Sequence[Any], linear: bool = False) -> float:
    """The share of the variance of the targets that 100 tanh units with random weights explain of samples left out.

    If `linear`: the share that the best linear function of the inputs explains, of these very samples.
    """
    inputs, target = _numbers(batch[0]), _numbers(batch[-1])
    if inputs is None or target is None or len(inputs) != len(target):
        return 0.0
    rows = np.linspace(0, len(target) - 1, min(2 * MOST, len(target))).astype(int)
    inputs, target = inputs[rows], target[rows] - np.mean(target[rows], axis=0)
    scale = np.std(inputs, axis=0)
    inputs = (inputs - np.mean(inputs, axis=0)) / np.where(scale > 0, scale, 1.0)
    if linear:
        missed = float(np.mean((inputs @ np.linalg.lstsq(inputs, target, rcond=None)[0] - target) ** 2))
    else:
        rng = np.random.default_rng(0)
        weights = rng.standard_normal((inputs.shape[1], UNITS)) / np.sqrt(inputs.shape[1])
        missed = _missed(_regression(np.tanh(2 * inputs @ weights + rng.standard_normal(UNITS))), target)
    return 1.0 - missed / float(np.mean(target**2) or 1.0)


def _neighbours(inputs: Array) -> Array:
    """What each sample's five nearest neighbours say, as a matrix that is applied to the targets."""
    apart = np.sum((inputs[:, None] - inputs[None]) ** 2, axis=-1)
    np.fill_diagonal(apart, np.inf)
    weigh = np.zeros(apart.shape)
    np.put_along_axis(weigh, np.argsort(apart, axis=1)[:, :5], 0.2, axis=1)
    return weigh


def _regression(inputs: Array) -> Array:
    """A ridge regression without the sample itself: the hat matrix, its diagonal divided out."""
    design = np.concatenate([inputs, np.ones((len(inputs), 1))], axis=1)
    hat = design @ np.linalg.solve(design.T @ design + 0.1 * np.eye(design.shape[1]), design.T)
    leverage = np.diag(hat).copy()
    np.fill_diagonal(hat, 0.0)
    return hat / np.maximum(1.0 - leverage, 1e-3)[:, None]


def _missed(weigh: Array, target: Array) -> float:
    return float(np.mean((weigh @ target - target) ** 2))


def _numbers(part: Any) -> Array | None:
    """A part of the batch as a matrix with a row for each sample."""
    try:
        array = np.asarray(part)
    except ValueError:
        return None
    if array.dtype.kind not in "biuf" or array.ndim < 1 or not array.size:
        return None
    array = array.astype(float).reshape(len(array), -1)
    return array if np.all(np.isfinite(array)) else None
