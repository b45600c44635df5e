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
from .readings import Curve

HIGHER = (100.0, 10000.0, 1000.0, 10.0)
FAR_OFF = 1000.0
LOWER = (0.1, 0.01, 0.001)
LONGEST = 12.0
BETTER = 0.5  # a change helps where it leaves less than this share of the loss
ENOUGH = 0.02  # of the same: nothing better is looked for
FITS = 0.1  # of the loss of the best constant, or of an entropy at the start
FITS_START = 0.01  # of another loss at the start, which may be far above that of any constant
AT_FLOOR = 1.05  # of the least that is possible
RESTS = 0.01  # of what a loss has fallen by: a change of less is none
LONGER = 8  # times as many epochs


@dataclass(eq=False)
class Run:
    """One training.

    Args:
        name: in words.
        rate: the learning rate; NaN where it is not known.
        shuffled: whether the samples came in another order.
        anew: whether the weights were drawn anew.
        again: how many times as many epochs it had.
        repaired: whether everything that is wrong was put right.
    """

    name: str
    curve: Curve
    rate: float = math.nan
    shuffled: bool = False
    anew: bool = False
    again: int = 1
    repaired: bool = True

    @property
    def changed(self) -> bool:
        """Whether something else than the rate is changed."""
        return self.shuffled or self.anew or self.again > 1

    @property
    def last(self) -> float:
        return self.curve.last if math.isfinite(self.curve.last) and not self.curve.broken else math.inf


@dataclass(eq=False)
class Cure:
    """What the runs showed.

    Args:
        left_in: by the number of a fault, the run at the best setting with all faults repaired but this one.
        baseline: the loss of the best constant prediction, in the script's own measure; NaN where not known.
        enough: the share of the loss at the start that is a good end where the baseline is not known.
        all_repaired: whether `after` has every fault repaired.
        short: whether there was no time to try more epochs.
        floor: the least loss that is possible for these samples; NaN where that is not known.
    """

    before: Run
    after: Run | None = None
    tried: list[Run] = field(default_factory=list)
    left_in: dict[int, Run] = field(default_factory=dict)
    baseline: float = math.nan
    enough: float = FITS
    all_repaired: bool = True
    short: bool = False
    floor: float = math.nan

    @property
    def best(self) -> Run:
        """Of the runs that fit the one nearest to the script's own rate and order; else the one that ends lowest."""
        base = self.after or self.before
        runs = [base, *self.tried]
        working = [run for run in runs if self.works(run)]

        def changed(run: Run) -> float:
            return 0.0 if run.rate == base.rate or math.isnan(run.rate) else abs(math.log(run.rate / base.rate))

        if not working:
            return min(runs, key=lambda run: run.last)
        return min(working, key=lambda run: (changed(run), run.changed, run.shuffled, run.last))

    @property
    def rests(self) -> float:
        """The share of a training after which its loss hardly changes, if that is at most two thirds; else NaN."""
        curve = (self.after or self.before).curve
        large = RESTS * abs(curve.first - curve.last)
        shares = [share for share, loss in curve.losses if not abs(loss - curve.last) <= large]
        since = min((share for share, _ in curve.losses if share > max(shares, default=0.0)), default=1.0)
        return since if since <= 2 / 3 and not curve.broken and len(curve.losses) > 3 else math.nan

    @property
    def at_floor(self) -> bool:
        """Whether it has come to rest, and no other rate, no other beginning and no more steps get any lower."""
        base = self.after or self.before
        low = (loss for run in self.tried for _, loss in run.curve.losses)
        lower = min(low, default=-math.inf) < base.last - 2 * RESTS * abs(base.last)
        return math.isfinite(self.rests) and not lower and self.all_repaired

    def fatal(self, number: int) -> bool:
        """Whether a fault that is left in spoils a training that works without it."""
        run = self.left_in.get(number)
        if run is None:
            return False
        limit = self.baseline if math.isfinite(self.baseline) else self.before.curve.first
        return self.works(self.best) and run.last > max(10 * self.best.last, 0.3 * limit)

    def works(self, run: Run) -> bool:
        starts = [_start(each.curve) for each in (run, self.before) if each.curve.losses]
        start = min(starts, default=math.nan)  # at a rate too large, the first losses are no measure of anything
        if run.curve.broken:
            return False
        if run.last <= AT_FLOOR * self.floor:
            return True
        return run.last <= (FITS * self.baseline if math.isfinite(self.baseline) else self.enough * start)


def _start(curve: Curve) -> float:
    return max(loss for _, loss in curve.losses[:2])  # a single batch may be an easy one


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
        self.written = found["rate"] if found["rate_places"] else math.nan  # -0.1 in `w += -0.1 * gradient`
        self.rate = abs(self.written)
        self.whole = found["watched"]["samples"] is not None  # whether all can be gone through without an update

    def cure(self) -> Cure:
        """The runs that there is time for; without losses where these cannot be read."""
        known = [edit for edit in self.edits if edit is not None]
        jobs = [self._job([], checks=10)] + ([self._job(known, checks=10)] if known else [])
        curves = self._curves(jobs)
        if self.whole and any(curve.left or not curve.losses for curve in curves):
            self.whole = False
            curves = self._curves([{**job, "watch": {**job["watch"], "checks": 0}} for job in jobs])
        elif self.found["watched"]["epochs"] is not None and not any(curve.losses for curve in curves):
            again = self._curves([{**job, "watch": {**job["watch"], "checks": 10}} for job in jobs])
            self.whole = any(curve.losses for curve in again)  # it is computed in some epochs only
            curves = again if self.whole else curves
        made = Cure(Run(say("run_as_is"), curves[0], self.rate, repaired=not self.edits))
        made.all_repaired = len(known) == len(self.edits)
        made.enough = FITS if self.found["loss"]["form"] == "entropy" else FITS_START
        if known and _alike(*curves):
            lines = lines_of(f["line"] for f in self.found["faults"] if f["edit"] is not None)
            name = say("run_repaired") if made.all_repaired else say("run_partly", lines=lines)
            made.after = Run(name, curves[1], self.rate)
        made.baseline = next((curve.constant for curve in curves if math.isfinite(curve.constant)), math.nan)
        base = made.after or made.before
        if base.curve.measure == "loss":
            made.floor = self.found["floor"]
        if not made.all_repaired or (known and made.after is None) or not base.curve.losses:
            return made  # there is no repaired training to look at
        if self.found["upward"] or self.found["drawn"]:
            return made  # nothing tells how far up is far enough, and no loss is like that of another run
        if not made.works(base) and base.curve.complete:
            self._search(made, known, base)
        if len(known) > 1 and made.works(made.best):
            self._leave_in(made, known)
        return made

    def _search(self, made: Cure, known: list[Any], base: Run) -> None:
        """Other weights to begin with where these are unusual; other rates, each in both orders; more steps."""
        watched, first = self.found["watched"], base.curve
        starts = [{"anew": True}] if watched["starts"] and self.found["layers"] > 1 else []
        if starts and self.found["odd_starts"] and self._try(made, known, first, starts):
            return
        anew = {"anew": True} if made.best.anew else {}  # the old ones may be in the way of all else
        rising = not first.last < 1.2 * first.first
        orders = [{}, {"shuffled": True}] if watched["samples"] is not None else [{}]
        factors = [1.0, *(LOWER if rising else HIGHER)] if math.isfinite(self.rate) else [1.0]
        for factor in factors:
            plans = [{**anew, **order, "factor": factor} for order in orders if order or factor != 1.0]
            if self._try(made, known, first, plans):
                if factor >= FAR_OFF:  # perhaps not as far as that
                    nearer = [f for f in (10.0, 1000.0) if f < factor]
                    self._try(made, known, first, [{**anew, "factor": f} for f in nearer])
                if made.best.shuffled and starts and not self.found["order"]["sorted"]:  # or is it the start?
                    self._try(made, known, first, [{**each, "factor": factor} for each in starts])
                return
        if not self.found["odd_starts"] and self._try(made, known, first, starts):
            return
        if starts and len(orders) > 1 and not anew:  # each may be in the way of the other
            for factor in factors[: 1 if rising else 2]:
                if self._try(made, known, first, [{"anew": True, "shuffled": True, "factor": factor}]):
                    return
        counted = watched["epochs"] is not None or self.found["count_place"] is not None
        longer = counted and made.best.last > BETTER * first.last
        times = min(LONGER, int(0.5 * LONGEST / max(first.seconds, 0.1)))
        self._try(made, known, first, [{"again": times}] if longer and times > 1 else [])
        made.short = longer and not any(run.again > 1 for run in made.tried)

    def _try(self, made: Cure, known: list[Any], first: Curve, plans: list[dict[str, Any]]) -> bool:
        """Run some changes; whether no more are needed, or there is no time for them."""
        seconds = sum((first.seconds * plan.get("again", 1) + 0.6) / 2 * 1.3 for plan in plans)
        if self.until - time.monotonic() < 6.0 + seconds:
            return True
        for plan, curve in zip(
            plans, self._curves([self._job(known, brief=True, **plan) for plan in plans]), strict=True
        ):
            rate = self.rate * plan.get("factor", 1.0)
            run = Run("", curve, rate, plan.get("shuffled", False), plan.get("anew", False), plan.get("again", 1))
            run.name = _named(run, plan.get("factor", 1.0) != 1.0)
            if curve.broken or (curve.losses and not curve.error and curve.complete and _alike(first, curve)):
                made.tried.append(run)
        return made.best.last <= ENOUGH * (made.baseline if math.isfinite(made.baseline) else first.first)

    def _leave_in(self, made: Cure, known: list[Any]) -> None:
        best = made.best
        factor = best.rate / self.rate if math.isfinite(self.rate) else 1.0
        most = int((self.until - time.monotonic()) / max(0.7, best.curve.seconds + 0.6) * 1.6)
        numbers = range(min(len(known), most, 8))
        others = [[e for k, e in enumerate(known) if k != number] for number in numbers]
        jobs = [self._job(edits, factor, best.shuffled, best.anew) for edits in others]
        for number, curve in zip(numbers, self._curves(jobs), strict=True):
            if curve.losses and _alike(best.curve, curve):
                made.left_in[number] = Run("one left in", curve, best.rate, best.shuffled, repaired=False)

    def _job(
        self, edits: list[Any], factor: float = 1.0, shuffled: bool = False, anew: bool = False, again: int = 1,
        checks: int = 2, brief: bool = False,
    ) -> dict[str, Any]:  # fmt: skip
        changes = list(edits)
        if factor != 1.0:
            text = f"{self.written * factor:.12g}"
            changes += [{"path": path, "span": span, "new": text} for path, span in self.found["rate_places"]]
        if again > 1 and self.found["watched"]["epochs"] is None:
            (path, span), count = self.found["count_place"]
            changes += [{"path": path, "span": span, "new": str(again * count)}]
            again = 1
        left = max(2.0, min(LONGEST, self.until - time.monotonic()))
        checks = checks if self.whole else 0
        watch = {"shuffled": shuffled, "anew": anew, "again": again, "checks": checks, "brief": brief}
        return {"task": "trial", "limit": left, "edits": changes, "watched": self.found["watched"], "watch": watch}

    def _curves(self, jobs: list[dict[str, Any]]) -> list[Curve]:
        out = []
        for answer in self.worker.all(jobs):
            answer.pop("written", None)
            out.append(Curve(error=answer["failure"], complete=False) if "failure" in answer else _curve(answer))
        return out


def runs_off(worker: Worker, watched: dict[str, Any], until: float) -> str:
    """A sentence on a training that cannot be judged: that its parameters become infinite, where they do; else ""."""
    limit = max(2.0, min(LONGEST, until - time.monotonic()))
    answer = worker({"task": "trial", "limit": limit, "edits": [], "watched": watched, "watch": {"checks": 0}})
    return " " + say("runs_off", step=answer["broken"]) if answer.get("broken") else ""


def _curve(answer: dict[str, Any]) -> Curve:
    answer["losses"] = [(share, loss) for share, loss in answer["losses"]]
    return Curve(**answer)


def _alike(one: Curve, other: Curve) -> bool:
    """Whether their losses may be compared."""
    return (one.measure, one.whole, one.averaged) == (other.measure, other.whole, other.averaged)


def _named(run: Run, other_rate: bool) -> str:
    parts = [say("run_rate", rate=f"{run.rate:g}")] if other_rate or (run.shuffled and math.isfinite(run.rate)) else []
    parts += [say("run_shuffled")] * run.shuffled + [say("run_anew")] * run.anew
    return say("comma").join([*parts, *([say("run_longer", times=run.again)] if run.again > 1 else [])])
