"""What the calls in a watched training keep: its losses, each with the step it was read at, and what came of them.

A loss is kept only where it is complete: a sum once it is begun anew, a mean of steps for a whole stretch of them.
Where a training has none that can be followed from its beginning to its end, there is no curve.
"""

from __future__ import annotations

import contextlib
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .watch.limits import Limit, TimeIsUp

Array = Any
BINS = 10
POINTS = 40
NEAR = 0.06  # of the training: how far a reading may be from where it is shown
KEPT = 20_000  # targets
TINY = 1e-15


@dataclass
class Curve:
    """What came out.

    Args:
        losses: (the share of the training that is done, the loss there).
        measure: "loss" as the script computes it; else from its errors: "squares" (half the mean of them), "logistic"
            or "softmax" (cross-entropies).
        whole: whether each is of all samples with the same parameters.
        averaged: whether each is a mean over a stretch of the training, the one that ends there.
        constant: the loss of the best constant prediction, in the measure of `losses`; NaN where unknown.
        complete: whether the training came to its end in the time it had.
        crossed: the shapes of prediction and target, in the order of the text, and of their difference, where each
            prediction is compared with every target.
        left: whether the script left the loop over its epochs; the passes for a check may have made it do so.
        steps: how often the first parameter was updated.
        turns: how often the loop around that came round.
        again: whether another training of the same kind follows, which is not in the curve.
        broken: the step after which a parameter was no finite number; 0 where all were.
    """

    losses: list[tuple[float, float]] = field(default_factory=list)
    measure: str = "loss"
    whole: bool = False
    averaged: bool = False
    constant: float = float("nan")
    complete: bool = True
    left: bool = False
    crossed: list[str] = field(default_factory=list)
    steps: int = 0
    turns: int = 0
    again: bool = False
    broken: int = 0
    error: str = ""
    seconds: float = 0.0

    @property
    def first(self) -> float:
        return self.losses[0][1] if self.losses else float("nan")

    @property
    def last(self) -> float:
        return self.losses[-1][1] if self.losses else float("nan")


class Ended(BaseException):
    """Raised where a second training begins, as the first is the one that was judged; or where one has run off."""


@dataclass
class _Sum:
    """A sum: what it is now, and what was added to it at each step."""

    last: float
    parts: dict[int, float] = field(default_factory=dict)


class Watch:
    """What the calls in the text do.

    Args:
        shuffled: whether the samples come in another order, the same in every epoch.
        again: how many times the epochs are run.
        checks: how often all samples are gone through without an update, besides before the training; 0 for never.
        measure: what is made of an error: "squares", "logistic" or "softmax".
        same: whether every step is made with all the samples.
        anew: whether the weights are drawn anew.
        brief: whether it ends where a parameter becomes infinite or NaN.
    """

    def __init__(
        self, seconds: float, shuffled: bool = False, again: int = 1, checks: int = 10, measure: str = "squares",
        same: bool = True, anew: bool = False, brief: bool = False,
    ) -> None:  # fmt: skip
        self.limit = Limit(seconds)
        self.shuffled, self.again, self.checks = shuffled, again, checks
        self.measure, self.same, self.anew, self.brief = measure, same, anew, brief
        self.sign = 1.0  # -1 for what is to grow
        self.shown = True  # whether the loss that the errors are of may stand for that of the script
        self.shows = True  # whether the script computes a loss
        self.rng = np.random.default_rng(1)
        self.live = True
        self.epoch_open = False
        self.steps, self.rounds = 0, 0
        self.entries: list[tuple[int, int, int]] = []  # losses, errors and steps at each beginning of epochs
        self.turns: list[tuple[int, int]] = []  # the checks at its beginning and at its end, at each entry
        self.left = False  # whether it was left before its end
        self.next_training = False
        self.broken = 0
        self.crossed: list[str] = []
        self.sum: _Sum | None = None
        self.losses: list[tuple[float, float]] = []  # (step, loss)
        self.errors: list[tuple[float, float]] = []  # the same, made of errors
        self.now: tuple[list[float], list[float]] = ([], [])
        self.targets: list[Array] = []
        self.kept = 0
        self.rows: list[tuple[float, float, float]] = []  # of the checks: share, loss, from the errors
        self.read: tuple[bool, ...] = (True, True)  # whether every check has read a loss, and an error

    # ------------------------------------------------------------------------------------------------ losses

    def loss(self, value: Any) -> Any:
        self._note(0, self.steps, _number(value))
        return value

    def before(self, value: Any) -> None:
        """A sum, before something is added: where it is not what was left, it is begun anew."""
        number = _number(value)
        if self.sum is None or number != self.sum.last or not self.sum.parts:
            self._complete()
            self.sum = _Sum(number)

    def total(self, value: Any) -> None:
        """A sum, after something was added."""
        if self.sum is not None:
            number = _number(value)
            self.sum.parts[self.steps] = self.sum.parts.get(self.steps, 0.0) + number - self.sum.last
            self.sum.last = number

    def _complete(self) -> None:
        """A sum is complete: over several steps, what was added at each of them is a loss."""
        done, self.sum = self.sum, None
        if done is not None and len(done.parts) == 1:
            self._note(0, next(iter(done.parts)), done.last)
        for step, value in done.parts.items() if done is not None and len(done.parts) > 1 else ():
            self._note(0, step, value)

    def error(self, left: Any, right: Any, side: int) -> Any:
        out = left - right
        self.compared(left, right, side, out)
        return out

    def compared(self, left: Any, right: Any, side: int, out: Any = None) -> None:
        """A prediction and its target; `side` 0 where the prediction is the first."""
        prediction, target = (right, left) if side else (left, right)
        if out is not None and np.size(out) > np.size(left) == np.size(right):
            self.crossed = [str(np.shape(each)) for each in (left, right, out)]
        with contextlib.suppress(TypeError, ValueError):
            self._note(1, self.steps, _MEASURES[self.measure](prediction, target))
            if self.live and self.kept < KEPT and not (self.same and self.steps):
                array = np.array(target, dtype=float)
                self.targets.append(array)
                self.kept += array.size

    def picked(self, shares: Any) -> None:
        """What was predicted for the right classes."""
        with np.errstate(all="ignore"):
            self._note(1, self.steps, float(-np.mean(np.log(np.maximum(np.asarray(shares, dtype=float), 1e-300)))))

    def _note(self, kind: int, step: float, value: float) -> None:
        if self.live:
            (self.losses, self.errors)[kind].append((step, value))
        else:
            self.now[kind].append(value)

    # ------------------------------------------------------------------------------- steps, loops, beginnings

    def step(self, first: bool) -> bool:
        """Before an update: whether it is made."""
        if self.limit.over:
            raise TimeIsUp(self.limit)
        self.steps += first
        return self.live

    def state(self, *things: Any) -> None:
        """Parameters, after an update."""
        for thing in things:
            with contextlib.suppress(TypeError, ValueError):
                if not self.broken and not np.all(np.isfinite(thing)):
                    self.broken = self.steps
                    if self.brief:
                        raise Ended

    def start(self, value: Any) -> Any:
        """What a parameter begins with."""
        if self.steps and self.live:
            self.next_training = True
            raise Ended
        if self.anew and type(value) is np.ndarray and value.ndim == 2 and value.dtype.kind in "fi":
            return self.rng.standard_normal(value.shape) * np.sqrt(2.0 / sum(value.shape))
        return value

    def samples(self, things: Any) -> Any:
        if (
            not self.shuffled
            or not self.epoch_open
            or not isinstance(things, (range, list, tuple, np.ndarray, zip, enumerate, map))
        ):
            return self._timed(things)
        listed = list(things)
        return self._timed([listed[k] for k in np.random.RandomState(1).permutation(len(listed))])

    def _timed(self, things: Any) -> Iterator[Any]:
        for thing in things:
            if self.limit.over:
                raise TimeIsUp(self.limit)
            yield thing

    def around(self, things: Any) -> Iterator[Any]:
        """The loop around an update."""
        for thing in things:
            self.rounds += self.live
            yield thing

    def epochs(self, things: Any) -> Iterator[Any]:
        """The epochs; before, after and between some of them one without updates."""
        listed = list(things) * self.again if hasattr(things, "__len__") else things
        count = len(listed) if isinstance(listed, list) else 0
        outer, self.epoch_open = not self.epoch_open, True
        if not outer:
            yield from listed
            return
        self.entries.append((len(self.losses), len(self.errors), self.steps))
        first = len(self.rows)
        wanted = self.checks if len(self.entries) == 1 else min(1, self.checks)
        checks = {round(k * count / wanted) for k in range(wanted)} if count and wanted else set()
        done = 0
        for thing in listed:
            if done in checks:
                yield from self._checked([thing, listed[0], listed[-1]], done / max(1, count))
            try:
                yield thing
            except GeneratorExit:
                self.left = True
                raise
            done += 1
        if self.checks and done and count:
            yield from self._checked([listed[-1], listed[0]], 1.0)
            self.turns.append((first, len(self.rows) - 1))
        self.epoch_open = False

    def _checked(self, things: list[Any], share: float) -> Iterator[Any]:
        """An epoch without updates: one in which the loss is computed, where that is done in some epochs only."""
        kept = np.random.get_state(), random.getstate(), self.steps
        self._complete()
        self.live, self.now = False, ([], [])
        self.left = True  # until it goes on
        for k, thing in enumerate(things):
            if k == 0 or (self.shows and not self.now[0]):
                yield thing
                self._complete()
        self.left = False
        self.live = True
        np.random.set_state(kept[0])
        random.setstate(kept[1])
        self.steps = kept[2]
        losses, errors = (float(np.mean(part)) if part else float("nan") for part in self.now)
        self.rows.append((share, losses, errors))
        self.read = tuple(bool(part) and before for part, before in zip(self.now, self.read, strict=True))

    # ---------------------------------------------------------------------------------------------- the curve

    def curve(self) -> Curve:
        self._complete()
        found = Curve(
            left=self.left, crossed=self.crossed, steps=self.steps, turns=self.rounds, again=self.next_training,
            broken=self.broken,
        )  # fmt: skip
        for kind, measure in enumerate(("loss", self.measure) if self.shown else ("loss",)):
            rows = self._checks() if len(self.rows) > 1 and self.read[kind] else []
            found.losses = [(row[0], row[1 + kind]) for row in rows] or self._read(kind, found)
            if found.losses:
                found.whole, found.measure = bool(rows), measure
                break
        found.constant = self._constant(found.measure == "loss")
        if found.measure == "loss" and self.sign < 0:
            found.losses = [(share, -value) for share, value in found.losses]
            found.constant = -found.constant
        return found

    def _checks(self) -> list[tuple[float, float, float]]:
        rows, use = self.rows, 1 if self.read[0] else 2
        if len(self.turns) < 2:
            return rows
        if _begin_anew([(rows[a][use], rows[b][use]) for a, b in self.turns]):  # the loop is inside another one
            return rows[: self.turns[0][1] + 1]
        rows = [rows[0], *[rows[end] for _, end in self.turns]]  # the checks before its end do not tell how far we are
        return [(k / (len(rows) - 1), *row[1:]) for k, row in enumerate(rows)]

    def _read(self, kind: int, found: Curve) -> list[tuple[float, float]]:
        """The losses as they came, up to where another training begins; none where they do not cover all of it."""
        rows, steps = (self.losses, self.errors)[kind], self.steps
        starts = [entry[kind] for entry in self.entries]
        parts = [rows[a:b] for a, b in itertools.pairwise([*starts, len(rows)]) if b > a]
        if self.same and len(parts) > 1 and _begin_anew([(part[0][1], part[-1][1]) for part in parts]):
            found.again = True
            steps = next(entry[2] for entry in self.entries if entry[kind] >= len(parts[0]))
            rows = parts[0]
        if not steps:
            rows, steps = [(float(k), value) for k, (_, value) in enumerate(rows)], len(rows)
        means = _by_step(rows)
        if len(means) < 2:
            return []
        begin = means[0][0] if means[0][0] <= 1 else 0.0  # read after the step or before it
        end = max(steps - 1 + begin, means[-1][0])
        shares = [((at - begin) / (end - begin), value) for at, value in means]
        gaps = [later - before for (before, _), (later, _) in itertools.pairwise(shares)]
        if shares[0][0] > NEAR or shares[-1][0] < 1 - NEAR or max(gaps) > max(0.2 + NEAR, 1.5 / (end - begin)):
            return []
        found.averaged = not self.same and len(means) > BINS
        return _stretches(shares) if found.averaged else _thinned(shares)

    def _constant(self, of_script: bool) -> float:
        """The loss of the best constant, in the script's own measure."""
        whole = self.same and bool(self.targets) and self.targets[0].size > 1
        targets = self.targets[:1] if whole else self.targets  # all of them come with every step
        best = _BEST[self.measure](targets) if targets and self.measure in _BEST else float("nan")
        if not of_script:
            return best
        losses, errors = dict(_by_step(self.losses)), dict(_by_step(self.errors))
        pairs = [(losses[at], errors[at]) for at in losses if at in errors][:200]
        if len(self.rows) > 1 and all(self.read):
            pairs = [row[1:] for row in self.rows]
        ratios = [a / b for a, b in pairs if b > 0 and np.isfinite(a)]
        if len(set(pairs)) < 2 or not ratios or max(ratios) - min(ratios) > 1e-6 * abs(max(ratios)):
            return float("nan")
        return best * ratios[-1]


def _by_step(rows: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The mean of what was read at each step."""
    by_step = [(at, [v for _, v in same]) for at, same in itertools.groupby(rows, key=lambda row: row[0])]
    return [(at, values[0] if len(values) == 1 else float(np.mean(values))) for at, values in by_step]


def _number(value: Any) -> float:
    if type(value) is float:
        return value
    try:
        return float(np.mean(np.asarray(value, dtype=float)))
    except (TypeError, ValueError):
        return float("nan")


def _begin_anew(parts: list[tuple[float, float]]) -> bool:
    """Whether each is a training of its own: it begins nearer to where the first one began than to where one ended."""
    sizes = np.log(np.abs(np.nan_to_num(np.asarray(parts, dtype=float), nan=1e300, posinf=1e300)) + 1e-300)
    first, last = sizes[1:, 0], sizes[:-1, 1]
    return bool(np.median(np.abs(first - last) - np.abs(first - sizes[0, 0])) > 0.1)


def _thinned(rows: list[tuple[float, float]]) -> list[tuple[float, float]]:
    chosen = np.unique(np.round(np.linspace(0, len(rows) - 1, POINTS + 1)).astype(int))
    return [rows[k] for k in chosen]


def _stretches(rows: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Means of stretches of the training, each at its end."""
    parts: list[list[float]] = [[] for _ in range(BINS)]
    for share, value in rows:
        parts[min(BINS - 1, int(share * BINS))].append(value)
    return [((k + 1) / BINS, float(np.mean(part))) for k, part in enumerate(parts) if part]


# ------------------------------------------------------------------------------------- losses that errors are of


def _squares(prediction: Any, target: Any) -> float:
    if type(prediction) is float and type(target) in (int, float):
        return float(0.5 * (prediction - target) ** 2)
    return float(0.5 * np.mean(np.square(np.asarray(prediction, dtype=float) - np.asarray(target, dtype=float))))


def _logistic(prediction: Any, target: Any) -> float:
    p = np.asarray(prediction, dtype=float)
    p, y = np.where(np.isnan(p), p, np.clip(p, TINY, 1 - TINY)), np.asarray(target, dtype=float)
    if np.any((y < 0) | (y > 1)):
        raise ValueError("no probability")
    return float(-np.mean(y * np.log(p) + (1 - y) * np.log1p(-p)))


def _softmax(prediction: Any, target: Any) -> float:
    p, y = np.asarray(prediction, dtype=float), np.asarray(target, dtype=float)
    return float(-np.sum(y * np.log(np.where(np.isnan(p), p, np.maximum(p, 1e-300)))) / max(1.0, float(np.sum(y))))


_MEASURES = {"squares": _squares, "logistic": _logistic, "softmax": _softmax}


def _spread(targets: list[Array]) -> float:
    """Half the variance of the targets; NaN where there is no telling which numbers have a mean in common."""
    single = all(t.size == 1 for t in targets) or all(t.ndim > 1 and t.shape[-1] == 1 for t in targets)
    if single or (len(targets) == 1 and sum(n > 1 for n in targets[0].shape) == 1):
        every = np.concatenate([t.ravel() for t in targets])
        return 0.5 * float(np.var(every)) if every.size > 1 else float("nan")
    if len(targets) == 1 and targets[0].ndim == 2:  # rows or columns are the samples
        least = min(float(np.mean(np.var(targets[0], axis=axis))) for axis in (0, 1))
        return 0.5 * least if least else float("nan")
    return float("nan")


def _entropy_of_shares(targets: list[Array]) -> float:
    every = np.concatenate([t.ravel() for t in targets])
    p = float(np.mean(every))
    single = all(t.size == 1 or sum(n > 1 for n in t.shape) == 1 for t in targets)
    if every.size < 2 or not single or not 0 < p < 1:
        return float("nan")
    return float(-p * np.log(p) - (1 - p) * np.log1p(-p))


_BEST = {"squares": _spread, "logistic": _entropy_of_shares}
