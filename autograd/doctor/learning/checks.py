"""The checks of `examine`: each measures one thing, and says what is usual and what it means here.

They are rules of thumb and facts about the data; what is found by trying is in `tries.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..language import say, sentences
from ..recorded.measure import Measured
from .changes import redrawn, short, standardised
from .targets import accuracy, constant, spread_of, unrelated
from .trainings import Training
from .tries import Trials

Array = Any

CS231N = "CS231n course notes, “Neural Networks Part 3”"
GLOROT = "Glorot & Bengio 2010"


@dataclass(frozen=True)
class Finding:
    """One check: what was measured, what is usual, and what it means here."""

    check: str
    flagged: bool
    number: float
    threshold: str
    source: str
    message: str
    where: str = ""
    raised: bool = False  # whether the check by itself says so; a training that works is not flagged for it

    def to_dict(self) -> dict[str, Any]:
        return dict(vars(self))


FACTS = (
    "gradients not set to zero", "constant targets", "targets out of reach", "data not finite", "no gradient",
    "targets unrelated to inputs",
)  # fmt: skip
"""Checks whose flag says what is the matter whatever a training shows."""


def checked(m: Measured, training: Training, tries: Trials, lr: float | None, steps: int | None) -> list[Finding]:
    """All checks. Where the training works, only facts are flagged: rules of thumb are about those that do not."""
    found = [*_data(training), *_reached(m, training), *(f for check in CHECKS for f in check(m, lr, steps))]
    if not tries.works and not tries.found and not any(f.flagged and f.check in FACTS for f in found):
        found += _unrelated(training)
    return [replace(f, flagged=f.flagged and (not tries.works or f.check in FACTS), raised=f.flagged) for f in found]


# ------------------------------------------------------------- about the data and the parameters


def _data(training: Training) -> Iterator[Finding]:
    for k, part in enumerate(training.batch):
        array = np.asarray(part) if isinstance(part, (np.ndarray, float, int)) else np.zeros(0)
        count = int(array.size - np.count_nonzero(np.isfinite(array))) if array.dtype.kind == "f" else 0
        if count:
            what = say("part_of_batch", number=k + 1)
            message = say("e_data_not_finite", what=what, count=count)
            yield Finding("data not finite", True, float(count), say("usual_zero"), "IEEE 754", message)
    if constant(training.batch):
        value = np.array2string(np.asarray(training.batch[-1])[0], precision=3)
        message = say("e_constant_targets", value=value)
        yield Finding("constant targets", True, 0.0, say("usual_related"), say("source_mean"), message)


def _reached(m: Measured, training: Training) -> Iterator[Finding]:
    """Blocks that the loss does not depend on: no gradient here, and none with other weights."""
    silent = [name for name, g in m.gradients.items() if g.size and not np.any(g)]
    if not silent or len(silent) == len(m.gradients):
        return
    other = training.gradient(redrawn(training.start, m, everything=True), standardised(training.batch))
    for name in silent:
        if not np.any(other[name]):
            yield Finding(
                "no gradient", True, 0.0, say("usual_reached"), say("source_graph"),
                say("e_no_gradient", name=name), name,
            )  # fmt: skip


def _unrelated(training: Training) -> Iterator[Finding]:
    if unrelated(training.batch):
        yield Finding(
            "targets unrelated to inputs", True, 1.0, say("usual_related"), say("source_permutation"),
            say("e_unrelated"),
        )  # fmt: skip


# ------------------------------------------------------------- the checks, those that explain most first


def _finite(m: Measured, lr: float | None, steps: int | None) -> Iterator[Finding]:
    bad = sum(int(np.size(g) - np.count_nonzero(np.isfinite(g))) for g in m.gradients.values())
    bad += not np.isfinite(m.loss)
    yield Finding(
        "numbers that are not finite", bad > 0, float(bad), say("usual_zero"), "IEEE 754",
        say("e_not_finite" if bad else "e_finite"),
    )  # fmt: skip


def _accumulated(m: Measured, lr: float | None, steps: int | None) -> Iterator[Finding]:
    ours = np.concatenate([np.ravel(m.gradients[name]) for name in m.held]) if m.held else np.zeros(0)
    theirs = np.concatenate([np.ravel(g) for g in m.held.values()]) if m.held else np.zeros(0)
    length = float(np.vdot(ours, ours)) if ours.size == theirs.size else 0.0
    if not length or not np.any(theirs):
        return
    ratio = float(np.vdot(ours, theirs)) / length
    same = bool(np.linalg.norm(theirs - ratio * ours) <= 1e-6 * np.linalg.norm(theirs))
    flagged = same and ratio > 1.5 and abs(ratio - round(ratio)) < 1e-6
    yield Finding(
        "gradients not set to zero", flagged, ratio, say("usual_one"), say("source_add_up"),
        say("e_multiple", ratio=f"{ratio:.3g}") if flagged else say("e_no_multiple"),
    )  # fmt: skip


def _budget(m: Measured, lr: float | None, steps: int | None) -> Iterator[Finding]:
    if lr is None or steps is None or not m.loss:
        return
    squared = sum(float(np.vdot(g, g)) for g in m.gradients.values())
    share = lr * squared * steps / abs(m.loss)
    enough = abs(m.loss) / (squared * steps) if squared else np.inf
    facts = {"steps": steps, "lr": f"{lr:g}", "change": short(lr * squared * steps), "loss": short(m.loss)}
    told = [say("e_budget_little" if share < 1 else "e_budget", **facts)]
    if share < 1 and np.isfinite(enough):
        told.append(say("e_budget_needed", enough=short(enough)))
    yield Finding("learning-rate budget", share < 1, share, say("usual_budget"), say("source_taylor"), sentences(told))


def _ratios(m: Measured, lr: float | None, steps: int | None) -> Iterator[Finding]:
    if lr is None:
        return
    for name, block in m.blocks.items():
        size = float(np.linalg.norm(block))
        if not size:
            continue
        ratio = lr * float(np.linalg.norm(m.gradients[name])) / size
        low, high = ratio < 1e-4, ratio > 1e-1
        yield Finding(
            "update : parameter", low or high, ratio, say("usual_ratio"), CS231N,
            say(f"e_ratio_{'low' if low else 'high' if high else 'healthy'}", name=name, percent=short(100 * ratio)),
            name,
        )  # fmt: skip


def _targets(m: Measured, lr: float | None, steps: int | None) -> Iterator[Finding]:
    ranges = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "relu": (0.0, np.inf), "softplus": (0.0, np.inf)}
    if m.head not in ranges or m.target is None:
        return
    low, high = ranges[m.head]
    outside = float(np.mean((m.target < low) | (m.target > high)))
    yield Finding(
        "targets out of reach", outside > 0, outside, say("usual_zero"), say("source_range", kind=m.head),
        say("e_targets", percent=f"{100 * outside:.3g}", low=f"{low:g}", high=f"{high:g}", kind=m.head),
    )  # fmt: skip


def _constant(m: Measured, lr: float | None, steps: int | None) -> Iterator[Finding]:
    classes = accuracy(m.target_given, m.prediction)
    if classes is not None:  # logits are no estimates of 0 and 1: what counts is which is largest
        right, common = classes
        message = say("e_accuracy", percent=f"{100 * right:.3g}", common=f"{100 * common:.3g}")
        low = right <= common
        yield Finding("accuracy", low, right, say("usual_accuracy"), say("source_majority"), message)
        return
    if m.target is None or m.prediction is None or float(np.var(m.target)) == 0.0 or m.target.shape[0] < 3:
        return
    spread = spread_of(m.target)
    errors = float(np.sum(np.mean((m.prediction - m.target) ** 2, axis=0)))
    flat = float(np.sum(np.var(m.prediction, axis=0))) < 0.01 * spread
    share = errors / spread
    if share < 0.9:
        key = "e_better"
    elif flat or share < 1.1:
        key = "e_no_better_flat" if flat else "e_no_better"
    else:
        key = "e_worse"
    text = say(key, errors=short(errors), spread=short(spread))
    check = "constant predictor" if flat or share < 1.1 else "worse than the mean"
    yield Finding(check, share >= 0.9, share, say("usual_constant"), say("source_mean"), text)


def _saturation(m: Measured, lr: float | None, steps: int | None) -> Iterator[Finding]:
    for layer in m.layers:
        if layer.kind not in ("sigmoid", "tanh"):
            continue
        mean = float(np.mean(layer.slope))
        extreme = np.abs(layer.a) > 0.97 if layer.kind == "tanh" else np.abs(2 * layer.a - 1) > 0.97
        share = float(np.mean(extreme))
        yield Finding(
            "saturation", mean < 0.05 or share > 0.5, mean, say("usual_slope"), GLOROT,
            say("e_saturation", kind=layer.kind, mean=short(mean), percent=f"{100 * share:.3g}"),
            layer.name,
        )  # fmt: skip


def _dead(m: Measured, lr: float | None, steps: int | None) -> Iterator[Finding]:
    for layer in m.layers:
        if layer.kind != "relu" or layer.a.ndim < 2:
            continue
        silent = int(np.sum(np.all(layer.a.reshape(-1, layer.a.shape[-1]) == 0, axis=0)))
        yield Finding(
            "dead relu", silent > 0, float(silent), say("usual_zero"), CS231N,
            say("e_dead", silent=silent, units=layer.a.shape[-1]),
            layer.name,
        )  # fmt: skip


def _symmetry(m: Measured, lr: float | None, steps: int | None) -> Iterator[Finding]:
    for name, block in m.blocks.items():
        if block.ndim != 2 or min(block.shape) < 1:
            continue
        units = block if m.units_first else block.T
        slopes = m.gradients[name] if m.units_first else m.gradients[name].T
        if len(units) < 2:
            continue
        if not np.any(slopes):
            continue
        parts = [part / np.max(np.abs(part), initial=1e-300) for part in (units, slopes)]
        twins = len(units) - len(np.unique(np.round(np.concatenate(parts, axis=1), 9), axis=0))
        yield Finding(
            "symmetry", twins > 0, float(twins), say("usual_zero"), say("source_alike"),
            say("e_twins", count=twins + 1, name=name),
            name,
        )  # fmt: skip


def _flow(m: Measured, lr: float | None, steps: int | None) -> Iterator[Finding]:
    matrices = [name for name, block in m.blocks.items() if block.ndim == 2 or len(m.blocks) == 1]
    if len(matrices) < 2:
        return
    first, last = (float(np.linalg.norm(m.gradients[name])) for name in (matrices[0], matrices[-1]))
    if not last:
        return
    ratio = first / last
    key = "e_vanishes" if ratio < 1e-3 else "e_explodes" if ratio > 1e3 else "e_passes"
    yield Finding(
        "gradient first : last", key != "e_passes", ratio, say("usual_flow"), GLOROT,
        say(key, first=matrices[0], ratio=short(ratio), last=matrices[-1]),
    )  # fmt: skip


CHECKS = (
    _finite, _accumulated, _targets, _symmetry, _dead, _flow, _budget, _ratios, _saturation, _constant,
)  # fmt: skip
"""In the order in which a cause explains the rest: a symptom such as the constant predictor comes last."""
