"""Short trainings that differ in one thing, for `examine`: which change helps is seen by trying it.

The training as planned is run first. Where it gets near the best of all that were tried, nothing is wrong with it.
Running one is in `trainings.py`; words are in `language/`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..language import listed, say, sentences
from ..recorded.measure import Measured, measure
from .changes import (  # fmt: skip
    badly_scaled,
    broadcast,
    curvature,
    loss_of_a_constant,
    of_inputs,
    of_start,
    redrawn,
    short,
    standardised,
)
from .targets import accuracy, constant, unrelated
from .trainings import Gone, Params, Training

Array = Any
FAR = 0.25  # the share of the way to the best loss tried that a training may leave and still count as working
LIKE = 0.1  # two changes whose results are as near as that (a share of the same way) help equally
NOTHING = 0.9  # of the loss of the best constant: who gets no lower has learned nothing
HALF = 0.5  # of the same: who gets no lower in the steps that were run may get lower later, or not
FURTHER = 6  # times as many steps where nothing learns; and twice that, before a training is accused of anything
ACCURATE = 0.9  # classes that are right: such a training works, whatever its loss
GRID = (0.01, 0.1, 1.0)  # rates that are tried where none is planned


@dataclass(frozen=True)
class Tried:
    """What a try showed: the check it belongs to, a number, and a sentence."""

    check: str
    number: float
    threshold: str
    message: str


@dataclass
class Trials:
    """What all of them showed. `works`: whether the training as planned does; None where that was not seen."""

    works: bool | None = None
    found: list[Tried] = field(default_factory=list)


@dataclass
class _Change:
    """One change, the loss it leads to, and that loss as a share of what there is to gain (0 is best)."""

    check: str
    loss: float
    left: float
    words: str
    rate: float = 0.0


def trials(training: Training, measured: Measured, lr: float | None, steps: int | None) -> Trials:
    """Every change that clearly helps, the one that explains most first."""
    return _Trials(training, measured, lr, steps).run()


class _Trials:
    def __init__(self, training: Training, measured: Measured, lr: float | None, steps: int | None) -> None:
        self.training, self.measured, self.lr = training, measured, lr
        self.steps = steps if training.batch_size is None else None
        self.times = 1
        self.known: dict[Any, Gone] = {}
        self.before = training.loss_at(training.start)
        self.level = loss_of_a_constant(training, measured)
        if np.isfinite(self.before):
            self.level = min(self.before, self.level)

    def run(self) -> Trials:
        shapes = broadcast(self.training)
        if shapes is not None:
            message = say("tried_shapes", **shapes)
            return Trials(False, [Tried("shapes that broadcast", shapes["n"], say("usual_one_shape"), message)])
        batch = self.training.batch
        found = Trials() if constant(batch) else self._tried()
        if (
            found is None and self.stretch > 1.0 and not unrelated(batch)
        ):  # nothing learns in so few steps: all of them go further
            self.times = FURTHER
            found = self._tried()
        if found is None and self.lr is not None and self.level > 0:
            found = Trials(self.planned().loss < NOTHING * self.level)
        return found or Trials()

    def _tried(self) -> Trials | None:
        """What this many steps show; None where nothing that was tried learns anything."""
        gone = self.planned()
        loss, params = gone.loss, gone.params
        if self.lr is not None and self._is_accurate(params):
            return Trials(True)
        changes = [c for c in self._changes() if np.isfinite(c.loss)]
        best = min([loss, *(c.loss for c in changes)])
        if self._left(loss, best) > FAR and self.stretch > 1.0 and np.isfinite(loss):
            loss = min(loss, self._further().loss)
        left = self._left(loss, best)
        for change in changes:
            change.left = self._left(change.loss, best)
        helping = [c for c in changes if c.left < left - FAR]
        if left > FAR and helping:
            return Trials(False, list(self._told(loss, helping)))
        if self.times == 1 and self.stretch > 1.0 and loss > HALF * self.level:  # it has learned a little so far
            return None
        return Trials(True) if self.lr is not None and loss < NOTHING * self.level else None

    # ------------------------------------------------------------------------------------- one training

    def planned(self, key: str = "", factor: float = 1.0, **change: Any) -> Gone:
        """The training as planned, its rate times a factor: as many steps as can be run.

        Where more are planned, the same way is gone in longer steps as long as these are stable: lr * steps is what
        counts (gradient flow).
        """
        if self.lr is None:
            tries = [self._descend(key, rate * factor, **change) for rate in GRID]
            return min(tries, key=lambda found: found.loss)
        best = self._descend(key, self.lr * factor, **change)
        if not np.isfinite(best.loss) or best.loss > 10 * abs(self.before):
            return best
        for longer in self._stretches():
            found = self._descend(key, self.lr * factor * longer, **change)
            if found.loss < best.loss:
                best = found
        return best

    @property
    def stretch(self) -> float:
        """How many planned steps there are to one that is run."""
        return max(1.0, (self.steps or 0) / (self.training.steps * self.times))

    def _stretches(self) -> list[float]:
        """How much longer steps may be to go the planned way in fewer."""
        top = int(np.floor(np.log10(self.stretch) * 2 + 1e-9))  # half decades, so that trainings are shared
        return [10 ** (k / 2) for k in range(top, 0, -2)]

    def _descend(self, key: str, rate: float, **change: Any) -> Gone:
        at = (key, f"{rate:.3e}", self.times)
        if at not in self.known:
            self.known[at] = self.training.descend(rate, times=self.times, **change)
        return self.known[at]

    def _left(self, loss: float, best: float) -> float:
        """The share of the way from the level of a constant to the best loss that a training leaves."""
        if not np.isfinite(loss):
            return 1.0
        level = self.level if np.isfinite(self.level) else max(loss, 1e-12)
        way = level - best  # where nothing gets clearly below what a constant reaches, nothing helps
        return float(np.clip((loss - best) / way, 0.0, 1.0)) if way > (1.0 - NOTHING) * abs(level) else 0.0

    def _further(self) -> Gone:
        """The training as planned, gone further where longer steps are not stable: before it is accused of anything."""
        assert self.lr is not None
        times = int(np.clip(np.ceil(self.stretch), 1, 2 * FURTHER)) * self.times
        ends = {f"{self.lr * longer:.3e}": self.lr * longer for longer in (1.0, *self._stretches())}
        rate = min(ends.values(), key=lambda r: self._descend("", r).loss)
        return self.training.descend(rate, times=times)

    def _is_accurate(self, params: Params) -> bool:
        measured = self.measured
        if accuracy(measured.target_given, measured.prediction) is None or self.training.parts:
            return False
        try:
            after = measure(params, self.training.loss, self.training.batch)
        except Exception:
            return False
        found = accuracy(after.target_given, after.prediction)
        return found is not None and found[0] >= ACCURATE and found[0] > found[1] + 0.5 * (1 - found[1])

    # ------------------------------------------------------------------------------------------ the changes

    def _changes(self) -> Iterator[_Change]:
        yield from self._rates()
        standard = standardised(self.training.batch)
        if standard is not None:
            loss = self.planned("inputs", batch=standard).loss
            if badly_scaled(self.training.batch):  # then no rate suits all columns, and the planned one suits raw ones
                loss = min([loss, *(self._descend("inputs", rate, batch=standard).loss for rate in GRID)])
            yield _Change("inputs not scaled", loss, 0.0, say("try_inputs"))
        anew = redrawn(self.training.start, self.measured)
        loss = self.planned("start", start=anew).loss
        if loss < NOTHING * self.training.loss_at(anew):  # else it only begins lower, and does not learn either
            yield _Change("initialisation", loss, 0.0, say("try_start"))
        if standard is not None and not np.isfinite(self.planned().loss):
            loss = self.planned("both", batch=standard, start=anew).loss
            yield _Change("inputs and initialisation", loss, 0.0, say("try_inputs_start"))
        yield from self._scaled_targets()
        if self.training.batch_size is not None:
            loss = self.planned("shuffled", shuffled=True).loss
            yield _Change("order of the samples", loss, 0.0, say("try_shuffled"))

    def _rates(self) -> Iterator[_Change]:
        if self.lr is None:
            return
        falls = self._descend("", self.lr).falls
        for factor in () if falls else (0.1, 0.01, 0.001, 1e-4, 1e-5):
            loss = self.planned("", factor).loss
            yield self._rate("learning rate too large", loss, self.lr * factor)
            if np.isfinite(loss) and loss < self.before and factor < 0.1:
                break
        if falls:
            for factor in (10.0, 100.0, 1000.0, 1e4):
                loss = self.planned("", factor).loss
                yield self._rate("learning rate too small", loss, self.lr * factor)
                if not np.isfinite(loss):
                    break

    def _rate(self, check: str, loss: float, rate: float) -> _Change:
        return _Change(check, loss, 0.0, say("try_rate", rate=f"{rate:.3g}"), rate)

    def _scaled_targets(self) -> Iterator[_Change]:
        target = self.training.batch[-1] if len(self.training.batch) > 1 else None
        if not isinstance(target, np.ndarray) or target.dtype.kind != "f" or self.measured.target is None:
            return
        mean, scale = np.mean(target, axis=0), np.std(target, axis=0)
        if not np.all(scale > 0) or np.max(np.abs(mean)) + np.max(scale) < 5.0:
            return
        batch = (*self.training.batch[:-1], (target - mean) / scale)
        loss = self.planned("targets", batch=batch).loss * float(np.mean(scale**2))  # in the unit of the loss as it is
        yield _Change("targets not scaled", loss, 0.0, say("try_targets"))

    # ------------------------------------------------------------------------------------------- the words

    def _told(self, loss: float, helping: list[_Change]) -> Iterator[Tried]:
        """One finding for each kind of change, the best first; among those that are alike, the likelier."""
        best: dict[str, _Change] = {}
        for change in sorted(helping, key=lambda c: (round(c.left, 2), -c.rate)):
            best.setdefault(change.check, change)
        alone = {c.check for c in best.values()} - {"inputs and initialisation"}
        if alone & {"inputs not scaled", "initialisation"}:
            best.pop("inputs and initialisation", None)
        order = list(PLAIN)
        if badly_scaled(self.training.batch):
            order.remove("inputs not scaled")
            order.insert(0, "inputs not scaled")
        least = min(c.left for c in best.values())
        ranked = sorted(
            best.values(), key=lambda c: (0, order.index(c.check)) if c.left <= least + LIKE else (1, c.left)
        )
        for k, change in enumerate(ranked):
            others = [f"{c.words} ({short(c.loss)})" for c in ranked[:k] + ranked[k + 1 :]]
            yield self._finding(change, loss, others)

    def _finding(self, change: _Change, loss: float, others: list[str]) -> Tried:
        after = short(loss) if np.isfinite(loss) else say("try_diverges")
        lr = "" if self.lr is None else f"{self.lr:g}"
        facts = {"steps": self.training.steps * self.times, "start": short(self.before), "after": after}
        text = [say("try_as_planned" if lr else "try_at_any_rate", lr=lr, **facts)]
        if lr and self.stretch > 1.0:
            text = [say("try_in_longer_steps", lr=lr, planned=self.steps, **facts)]
        text.append(say("try_instead", change=change.words, loss=short(change.loss)))
        if change.check == "learning rate too large":
            steepest = curvature(self.training)
            if steepest > 0:
                text.append(say("try_limit", limit=f"{2 / steepest:.3g}"))
        if change.check == "initialisation":
            text += [*of_start(self.training.start)]
        if change.check in ("inputs not scaled", "inputs and initialisation"):
            text += [*of_inputs(self.training.batch)]
        if others:
            text.append(say("try_also", others=listed(others)))
        number = self.lr if change.check.startswith("learning rate") and self.lr is not None else change.loss
        usual = say("usual_stable" if change.check == "learning rate too large" else "usual_like")
        return Tried(change.check, number, usual, sentences(text))


PLAIN = (
    "learning rate too large", "inputs and initialisation", "initialisation", "order of the samples",
    "inputs not scaled", "targets not scaled", "learning rate too small",
)  # fmt: skip
"""Of changes that help equally, the first is told first."""
