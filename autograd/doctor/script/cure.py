"""The cure tried: the training as it is and repaired, and what else it needs: another learning rate, another order.

Everything that is said here was measured by running the learner's own training to its end, or as far as the time went.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import Any

from ..language import lines_of, say
from .process import Worker
from .trial import Curve

HIGHER = (100.0, 10000.0, 1000.0, 10.0)
LOWER = (0.1, 0.01, 0.001)
LONGEST = 12.0
BETTER = 0.5  # a change helps where it leaves less than this share of the loss
ENOUGH = 0.02  # of the same: nothing better is looked for
FITS = 0.1  # of the loss of the best constant, or of the loss at the start


@dataclass(eq=False)
class Run:
    """One training.

    Args:
        name: in words.
        rate: the learning rate; NaN where it is not known.
        shuffled: whether the samples came in another order.
        repaired: whether everything that is wrong was put right.
    """

    name: str
    curve: Curve
    rate: float = math.nan
    shuffled: bool = False
    repaired: bool = True

    @property
    def last(self) -> float:
        return self.curve.last if math.isfinite(self.curve.last) else math.inf


@dataclass(eq=False)
class Cure:
    """What the runs showed.

    Args:
        left_in: by the number of a fault, the run at the best setting with all faults repaired but this one.
        baseline: the loss of the best constant prediction, in the script's own measure; NaN where not known.
        all_repaired: whether `after` has every fault repaired.
    """

    before: Run
    after: Run | None = None
    tried: list[Run] = field(default_factory=list)
    left_in: dict[int, Run] = field(default_factory=dict)
    baseline: float = math.nan
    all_repaired: bool = True

    @property
    def best(self) -> Run:
        """The run that ends lowest; where it fits at the same rate in the script's own order, that one."""
        runs = [self.after or self.before, *self.tried]
        best = min(runs, key=lambda run: run.last)
        in_order = [run for run in runs if run.rate == best.rate and not run.shuffled and self.works(run)]
        return in_order[0] if in_order else best

    def fatal(self, number: int) -> bool:
        """Whether a fault that is left in spoils a training that works without it."""
        run = self.left_in.get(number)
        if run is None:
            return False
        limit = self.baseline if math.isfinite(self.baseline) else self.before.curve.first
        return self.works(self.best) and run.last > max(10 * self.best.last, 0.3 * limit)

    def works(self, run: Run) -> bool:
        start = max((loss for _, loss in run.curve.losses[:2]), default=math.nan)  # a single batch may be an easy one
        return run.last <= FITS * (self.baseline if math.isfinite(self.baseline) else start)


class Clinic:
    """Makes the runs.

    Args:
        worker: runs jobs.
        found: what the consultation told.
        until: when to stop, on the clock of `time.monotonic`.
    """

    def __init__(self, worker: Worker, found: dict[str, Any], until: float) -> None:
        self.worker, self.found, self.until = worker, found, until
        self.edits = [fault["edit"] for fault in found["faults"]]
        self.rate = found["rate"] if found["rate_places"] else math.nan
        self.whole = True  # whether all samples can be gone through without an update

    def cure(self) -> Cure | None:
        """The runs that there is time for; None where the loss of a run cannot be read."""
        if not self.found["watched"]["loss"] and not self.found["watched"]["error"]:
            return None
        known = [edit for edit in self.edits if edit is not None]
        jobs = [self._job([], checks=10)] + ([self._job(known, checks=10)] if known else [])
        curves = self._curves(jobs)
        if any(curve.left for curve in curves) or not any(curve.losses for curve in curves):
            self.whole = False
            curves = self._curves([{**job, "watch": {**job["watch"], "checks": 0}} for job in jobs])
        if not curves[0].losses:
            return None
        made = Cure(Run(say("run_as_is"), curves[0], self.rate, repaired=not self.edits))
        made.all_repaired = len(known) == len(self.edits)
        if known:
            lines = lines_of(f["line"] for f in self.found["faults"] if f["edit"] is not None)
            name = say("run_repaired") if made.all_repaired else say("run_partly", lines=lines)
            made.after = Run(name, curves[1], self.rate)
        made.baseline = next((curve.constant for curve in curves if math.isfinite(curve.constant)), math.nan)
        if not made.all_repaired:
            return made  # there is no repaired training to look at
        base = made.after or made.before
        if not made.works(base):
            self._search(made, known, base.curve.seconds)
        if len(known) > 1 and made.works(made.best):
            self._leave_in(made, known)
        return made

    def _search(self, made: Cure, known: list[Any], seconds: float) -> None:
        """Other learning rates, in the order of the script and in another."""
        orders = (False, True) if self.found["watched"]["samples"] is not None else (False,)
        first = (made.after or made.before).curve
        rising = not first.last < 1.2 * first.first
        factors = [1.0, *(LOWER if rising else HIGHER)] if math.isfinite(self.rate) else [1.0]
        for factor in factors:
            plans = [shuffled for shuffled in orders if (factor, shuffled) != (1.0, False)]
            if self.until - time.monotonic() < 8.0 + len(plans) * (seconds + 0.6) / 2 * 1.3:
                return
            for shuffled, curve in zip(plans, self._curves([self._job(known, factor, s) for s in plans]), strict=True):
                if curve.losses and not curve.error:
                    made.tried.append(Run(_named(self.rate * factor, shuffled), curve, self.rate * factor, shuffled))
            if made.best.last <= ENOUGH * (made.baseline if math.isfinite(made.baseline) else first.first):
                return

    def _leave_in(self, made: Cure, known: list[Any]) -> None:
        best = made.best
        factor = best.rate / self.rate if math.isfinite(self.rate) else 1.0
        most = int((self.until - time.monotonic()) / max(0.7, best.curve.seconds + 0.6) * 1.6)
        numbers = range(min(len(known), most, 8))
        jobs = [self._job([e for k, e in enumerate(known) if k != number], factor, best.shuffled) for number in numbers]
        for number, curve in zip(numbers, self._curves(jobs), strict=True):
            if curve.losses:
                made.left_in[number] = Run("one left in", curve, best.rate, best.shuffled, repaired=False)

    def _job(self, edits: list[Any], factor: float = 1.0, shuffled: bool = False, checks: int = 2) -> dict[str, Any]:
        changes = list(edits)
        if factor != 1.0:
            text = f"{self.rate * factor:.12g}"
            changes += [{"path": path, "span": span, "new": text} for path, span in self.found["rate_places"]]
        left = max(2.0, min(LONGEST, self.until - time.monotonic()))
        return {
            "task": "trial", "seconds": left, "edits": changes, "watched": self.found["watched"],
            "watch": {"shuffled": shuffled, "checks": checks if self.whole else 0},
        }  # fmt: skip

    def _curves(self, jobs: list[dict[str, Any]]) -> list[Curve]:
        out = []
        for answer in self.worker.all(jobs):
            answer.pop("written", None)
            out.append(Curve(error=answer["failure"], complete=False) if "failure" in answer else _curve(answer))
        return out


def _curve(answer: dict[str, Any]) -> Curve:
    answer["losses"] = [(share, loss) for share, loss in answer["losses"]]
    return Curve(**answer)


def _named(rate: float, shuffled: bool) -> str:
    parts = [say("run_rate", rate=f"{rate:g}")] if math.isfinite(rate) else []
    return say("comma").join([*parts, *([say("run_shuffled")] if shuffled else [])])
