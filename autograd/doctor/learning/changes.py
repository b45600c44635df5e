"""What `examine` changes for its tries: samples, weights, the layout of the targets; and what is unusual in them.

Nothing of the caller's is written to. The tries themselves are in `tries.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...core.node import walk
from ...tensor.tensor import Tensor
from ..language import say
from ..recorded.measure import Measured
from .targets import classes, spread_of
from .trainings import Params, Training

Array = Any
POWER_STEPS = 40


def broadcast(training: Training) -> dict[str, Any] | None:
    """Targets of shape (n,) against predictions of (n, 1), or the reverse: numpy makes n × n differences of them."""
    batch = training.batch
    target = np.asarray(batch[-1]) if batch else np.zeros(())
    n = len(target) if target.ndim else 0
    if n < 2 or target.size != n or target.ndim > 2 or target.dtype.kind not in "fiub" or training.parts:
        return None
    try:
        with np.errstate(all="ignore"):
            marked = Tensor(np.array(target, dtype=float))
            leaves = {name: Tensor(block) for name, block in training.start.items()}
            order = walk(training.loss(dict(leaves), *batch[:-1], marked))
    except Exception:
        return None
    of_target, of_params = {id(marked)}, {id(leaf) for leaf in leaves.values()}
    for node, operands in order:
        for kind in (of_target, of_params):
            if any(id(operand) in kind for operand in operands):
                kind.add(id(node))
        shapes = [np.shape(operand.data) for operand in operands]
        if np.shape(node.data) != (n, n) or len(operands) != 2 or (n, n) in shapes or node.op == "matmul":
            continue
        only_target = [id(o) in of_target and id(o) not in of_params for o in operands]
        if any(only_target) and any(id(o) in of_params for o in operands):
            other = target.ravel() if target.ndim == 2 else target[:, None]
            here, there = training.loss_at(training.start), training.loss_at(training.start, (*batch[:-1], other))
            return {
                "n": n, "column": f"{there:.4g}", "here": f"{here:.4g}", "target": target.shape, "other": other.shape,
                "prediction": next(s for s, t in zip(shapes, only_target, strict=True) if not t),
            }  # fmt: skip
    return None


def standardised(batch: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The batch, each column of its inputs with mean 0 and deviation 1."""
    if len(batch) < 2:
        return None
    found, changed = list(batch), False
    for k, part in enumerate(batch[:-1]):
        array = _inputs(part)
        if array is not None:
            axes = 0 if array.ndim <= 2 else None
            scale = np.std(array, axis=axes)
            found[k] = (array - np.mean(array, axis=axes)) / np.where(scale > 0, scale, 1.0)
            changed = True
    return tuple(found) if changed else None


def _inputs(part: Any) -> Array | None:
    try:
        array = np.asarray(part)
    except ValueError:
        return None
    return array.astype(float) if array.dtype.kind in "iuf" and array.ndim >= 1 and len(array) > 2 else None


def badly_scaled(batch: tuple[Any, ...]) -> bool:
    """Whether columns of the inputs have very different scales, or lie far from 0: what no learning rate mends."""
    for part in batch[:-1]:
        array = _inputs(part)
        if array is None:
            continue
        flat = array.reshape(len(array), -1)
        scale = np.std(flat, axis=0)
        scale = scale[scale > 0]
        if scale.size and (np.max(scale) > 3.0) and (np.ptp(np.log(scale)) > np.log(4) or _off(flat)):
            return True
    return False


def _off(flat: Array) -> bool:
    scale = np.std(flat, axis=0)
    return bool(np.any(np.abs(np.mean(flat, axis=0)) > np.where(scale > 0, scale, np.inf)))


def redrawn(start: Params, measured: Measured, everything: bool = False) -> Params:
    """Weights drawn anew: of variance 2 / (in + out) (Glorot & Bengio 2010), for relu 2 / in (He et al. 2015).

    Vectors that are all 0 or all 1 (biases, the gains of a normalisation) stay as they are, unless `everything` is to
    be other numbers.
    """
    rng, relu = np.random.default_rng(1), any(layer.kind in ("relu", "leaky") for layer in measured.layers)
    found = {}
    for name, block in start.items():
        if block.ndim < 2 and not everything and (not np.any(block) or np.all(block == 1)):
            found[name] = block
        elif block.ndim < 2:
            found[name] = rng.normal(0.0, 0.3, block.shape)
        else:
            into, out = (block.shape[-1], block.shape[-2]) if measured.units_first else block.shape[-2:]
            found[name] = rng.normal(0.0, np.sqrt(2.0 / (into if relu else into + out)), block.shape)
    return found


def loss_of_a_constant(training: Training, measured: Measured) -> float:
    """The loss where the same is predicted for every sample, if it is a mean square or an entropy; else infinity."""
    target, prediction = measured.target, measured.prediction
    found = classes(measured.target_given, prediction)
    if target is not None and prediction is not None and len(target):
        spread = spread_of(target)
        errors = float(np.sum(np.mean((prediction - target) ** 2, axis=0)))
        if errors > 0 and np.isfinite(errors) and np.isfinite(measured.loss):
            ratio, n, k = measured.loss / errors, len(target), target.size / len(target)
            usual = [c * x for c in (1.0, 0.5) for x in (1.0, 1.0 / k, n)]
            if spread and any(abs(ratio - c) < 1e-6 * c for c in usual):
                return ratio * spread
    if found is None or not np.isfinite(measured.loss):
        return float("inf")
    share = np.bincount(found[0]) / found[0].size
    entropy = -float(np.sum(share[share > 0] * np.log(share[share > 0])))
    try:  # the loss of the samples taken twice tells a sum from a mean
        twice = training.loss_at(training.start, tuple(np.concatenate([part, part]) for part in training.batch))
    except ValueError:
        return entropy
    return entropy * (found[0].size if abs(twice - 2 * measured.loss) < 1e-6 * abs(measured.loss) else 1)


def of_start(start: Params) -> Iterator[str]:
    """What is unusual in the weights as they are."""
    for name, block in start.items():
        if block.ndim >= 2 and not np.any(block):
            yield say("start_zero", name=name)
        elif block.ndim >= 2 and np.ptp(block) == 0 and block.size > 1:
            yield say("start_alike", name=name, value=short(float(block.flat[0])))
        elif block.ndim >= 2:
            size, usual = float(np.std(block)), float(np.sqrt(2.0 / sum(block.shape[-2:])))
            if not 0.1 < size / usual < 10:
                yield say("start_size", name=name, size=short(size), usual=short(usual))


def of_inputs(batch: tuple[Any, ...]) -> Iterator[str]:
    for part in batch[:-1]:
        array = _inputs(part)
        if array is not None:
            yield say("inputs_are", low=short(float(array.min())), high=short(float(array.max())))
            return


def curvature(training: Training) -> float:
    """The largest eigenvalue of the Hessian by power steps on Hessian-vector products; 0 where it is not found.

    The products are differences of two gradients: those of their own code may come from Values or from differences.
    """
    rng = np.random.default_rng(0)
    direction = {name: rng.standard_normal(block.shape) for name, block in training.start.items()}
    found = 0.0
    for _ in range(POWER_STEPS):
        length = float(np.sqrt(sum(np.sum(d * d) for d in direction.values())))
        if not length or not np.isfinite(length):
            return 0.0
        direction = {name: d / length for name, d in direction.items()}
        sides = [
            training.gradient({n: b + s * 1e-4 * direction[n] for n, b in training.start.items()}) for s in (1.0, -1.0)
        ]
        product = {name: (sides[0][name] - sides[1][name]) / 2e-4 for name in direction}
        before, found = found, float(sum(np.vdot(product[name], direction[name]) for name in direction))
        if abs(found - before) <= 1e-3 * abs(found):
            break
        direction = product
    return found if np.isfinite(found) else 0.0


def short(x: float) -> str:
    return f"{x:.3g}"
