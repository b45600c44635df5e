"""Short trainings that differ in one thing, for `examine`: which change helps is seen by trying it.

Plain gradient descent on the whole batch, a few steps each; nothing of the caller's is changed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .language import say
from .reference import Loss, place_layers, record

Array = Any
STEPS = 25
SECONDS = 4.0
POWER_STEPS = 40


@dataclass(frozen=True)
class Tried:
    """What a try showed: the check it belongs to, a number, and a sentence."""

    check: str
    number: float
    threshold: str
    message: str


def tried(params: Mapping[str, Any], loss: Loss, batch: Sequence[Any], lr: float | None) -> Iterator[Tried]:
    """Every change that clearly helps, the plainest first."""
    trial = _Trial(params, loss, tuple(batch))
    if not np.isfinite(trial.loss_at(trial.start, trial.batch)):
        return
    yield from _shapes(trial)
    if lr is not None:
        yield from _rate(trial, lr)


class _Trial:
    def __init__(self, params: Mapping[str, Any], loss: Loss, batch: tuple[Any, ...]) -> None:
        self.loss, self.batch = loss, batch
        self.start = {name: np.array(block, dtype=float) for name, block in params.items()}
        self.until = time.monotonic() + SECONDS

    def loss_at(self, params: dict[str, Array], batch: tuple[Any, ...]) -> float:
        try:
            with np.errstate(all="ignore"):
                copies = {name: block.copy() for name, block in params.items()}
                return float(np.asarray(self.loss(copies, *batch), dtype=float).reshape(()))
        except (TypeError, ValueError):
            return float("nan")

    def gradient(self, params: dict[str, Array], batch: tuple[Any, ...]) -> dict[str, Array]:
        recording = record(self.loss, params, batch)
        place_layers(recording, {})
        return recording.gradient

    def descend(self, lr: float, batch: tuple[Any, ...]) -> float:
        """The loss after some steps; infinity where it is no number any more."""
        params = {name: block.copy() for name, block in self.start.items()}
        for _ in range(STEPS):
            with np.errstate(all="ignore"):
                slopes = self.gradient(params, batch)
                params = {name: block - lr * slopes[name] for name, block in params.items()}
            if time.monotonic() > self.until or not all(np.all(np.isfinite(block)) for block in params.values()):
                break
        found = self.loss_at(params, batch)
        return found if np.isfinite(found) else float("inf")


def _shapes(trial: _Trial) -> Iterator[Tried]:
    """Targets of shape (n,) against predictions of (n, 1): numpy makes n × n differences of them."""
    target = np.asarray(trial.batch[-1]) if trial.batch else np.zeros(())
    if target.ndim != 1 or target.size < 2 or target.dtype.kind not in "fiu":
        return
    here = trial.loss_at(trial.start, trial.batch)
    column = trial.loss_at(trial.start, (*trial.batch[:-1], target[:, None]))
    spread = float(np.var(target))
    if np.isfinite(column) and abs(column - here) > 1e-6 * max(abs(here), abs(column)) and spread:
        facts = {"n": target.size, "column": f"{column:.4g}", "here": f"{here:.4g}"}
        yield Tried("shapes that broadcast", column, say("usual_one_shape"), say("tried_shapes", **facts))


def _rate(trial: _Trial, lr: float) -> Iterator[Tried]:
    """A rate above 2 / curvature makes the loss grow; one well below it helps."""
    start = trial.loss_at(trial.start, trial.batch)
    after = trial.descend(lr, trial.batch)
    if not after > start:
        return
    for factor in (0.1, 0.01, 0.001, 1e-4, 1e-5):
        smaller = trial.descend(lr * factor, trial.batch)
        if smaller < start:
            break
    else:
        return
    curvature = _curvature(trial)
    facts = {
        "steps": STEPS, "lr": f"{lr:g}", "start": f"{start:.4g}", "after": f"{after:.4g}",
        "smaller_lr": f"{lr * factor:g}", "smaller": f"{smaller:.4g}",
    }  # fmt: skip
    text = say("tried_rate", **facts)
    if curvature > 0:
        text = say("tried_rate_and_limit", **facts, limit=f"{2 / curvature:.3g}")
    yield Tried("learning rate too large", lr, say("usual_stable"), text)


def _curvature(trial: _Trial) -> float:
    """The largest eigenvalue of the Hessian by power steps on differences of gradients; 0 where it is not found."""
    rng = np.random.default_rng(0)
    direction = {name: rng.standard_normal(block.shape) for name, block in trial.start.items()}
    found = 0.0
    for _ in range(POWER_STEPS):
        length = float(np.sqrt(sum(np.sum(d * d) for d in direction.values())))
        if not length or not np.isfinite(length) or time.monotonic() > trial.until:
            return 0.0
        direction = {name: d / length for name, d in direction.items()}
        with np.errstate(all="ignore"):
            sides = [
                trial.gradient({n: b + s * 1e-4 * direction[n] for n, b in trial.start.items()}, trial.batch)
                for s in (1.0, -1.0)
            ]
        product = {name: (sides[0][name] - sides[1][name]) / 2e-4 for name in direction}
        before, found = found, float(sum(np.vdot(product[name], direction[name]) for name in direction))
        if abs(found - before) <= 1e-3 * abs(found):
            break
        direction = product
    return found if np.isfinite(found) else 0.0
