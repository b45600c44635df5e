"""Which mistakes explain what the learner has: scale and residual at every probe, and what all probes agree on.

At each probe the scale c that makes c·t nearest to their gradient is found; an explanation holds when the residual is
below 1e-6 at every probe, and c is the same everywhere (or follows the number of samples). Simplest first.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..recorded.evidence import Evidence, Probe
from .templates import RANK, Factor, build, compatible, singles, updatable

Array = Any
TOLERANCE = 1e-6
KINK_TOLERANCE = 1e-4
MOST_PAIRS = 3000


@dataclass(frozen=True)
class Explanation:
    """Mistakes that, together with a factor, give exactly what the learner has.

    Args:
        factors: rows of the table with their places; none for a mere factor.
        scale: the factor, at the point given.
        power: 1 when it grows with the number of samples, -1 when it shrinks, else 0.
        residual: the largest relative residual of the fit over all probes.
    """

    factors: tuple[Factor, ...]
    scale: float
    power: int
    residual: float

    @property
    def names(self) -> tuple[str, ...]:
        found = [factor.name for factor in self.factors]
        if self.factors and self.factors[0].name == "weight":
            return tuple(found)  # how strong the decay is does not matter to its name
        if self.scale < 0 and (not found or _near(self.scale, -1.0)):
            found.append("sign")
        if not _near(abs(self.scale), 1.0) or self.power or (self.scale < 0 and "sign" not in found):
            found.append("scaled")
        return tuple(found)

    @property
    def name(self) -> str:
        return "+".join(self.names)

    @property
    def makes(self) -> Any:
        """What it does to the numbers: a derivative missing further up and a raw error sent back can be the same."""
        raw = ("missing-derivative", "raw-error")
        skipped = frozenset(k for f in self.factors if f.name in raw for k in f.where)
        others = frozenset((f.name, f.where, f.variant) for f in self.factors if f.name not in raw)
        return skipped, others, round(self.scale, 9), self.power

    @property
    def where(self) -> frozenset[int]:
        return frozenset(k for factor in self.factors for k in factor.where)

    def nice(self, samples: int, lr: float | None) -> bool:
        """Whether the scale is one that people make mistakes with."""
        return self.names == ("weight",) or self.usual(samples, lr)

    def usual(self, samples: int, lr: float | None) -> bool:
        known = [1.0, 2.0, 0.5, float(samples), 1.0 / samples, lr or 1.0, 1.0 / (lr or 1.0)]
        return any(_near(abs(self.scale), c) for c in known)

    @property
    def rank(self) -> tuple[int, int, int]:
        return len(self.names), max(map(RANK.__getitem__, self.names), default=0), len(self.where)


def _near(x: float, y: float) -> bool:
    return math.isclose(x, y, rel_tol=1e-5)


def slack(evidence: Evidence, probe: Probe, block: str) -> float:
    """The absolute error that rounding may leave."""
    found = probe.recording.noise(block)
    if evidence.judged_step and evidence.lr:
        found += 4e-16 * float(np.linalg.norm(probe.params[block])) / abs(evidence.lr)
    return found


def judge(evidence: Evidence, probe: Probe, block: str) -> tuple[str, float]:
    """How their gradient compares at one probe, and the relative error.

    Returns:
        "right", "wrong", "silent" (both zero), "kink" (both within what a kink allows) or "noise" (too small to tell).
    """
    ours, theirs = probe.right(block), np.asarray(probe.answers[block], dtype=float)
    size, missed = float(np.linalg.norm(ours)), float(np.linalg.norm(theirs - ours))
    if size == 0.0 and missed == 0.0:
        return "silent", 0.0
    error = missed / size if size else math.inf
    if error <= TOLERANCE:
        return "right", error
    if missed <= slack(evidence, probe, block):
        return "noise", error
    rivals = probe.recording.rivals(block)
    for rival in rivals:
        if float(np.linalg.norm(theirs - rival)) <= KINK_TOLERANCE * float(np.linalg.norm(rival)):
            return "kink", error
    if rivals:  # one slope here, another there: allowed as well, if every element lies between the extremes
        every = np.stack([ours, *rivals])
        room = KINK_TOLERANCE * float(np.max(np.abs(every)))
        if np.all(theirs >= every.min(axis=0) - room) and np.all(theirs <= every.max(axis=0) + room):
            return "kink", error
    return "wrong", error


def fit(evidence: Evidence, block: str, factors: Sequence[Factor], probes: Sequence[Probe]) -> Explanation | None:
    """The explanation by these mistakes, if it holds at all the probes."""
    scales: list[tuple[float, float, int]] = []
    worst = 0.0
    for probe in probes:
        made = build(probe, block, factors)
        if made is None:
            continue
        theirs = probe.answers[block]
        if made.shape != theirs.shape:
            if theirs.size >= made.size or not _spreads(theirs.shape, made.shape):
                return None
            theirs = np.broadcast_to(theirs, made.shape)
        length, size = float(np.linalg.norm(made)), float(np.linalg.norm(theirs))
        room = slack(evidence, probe, block)
        if not math.isfinite(length):
            return None
        if length == 0.0:
            if size > room:
                return None
            continue
        if size == 0.0:
            return None
        scale = float(np.vdot(made, theirs)) / length**2
        missed = float(np.linalg.norm(theirs - scale * made))
        if missed > TOLERANCE * size + room:
            return None
        worst = max(worst, missed / size)
        late = probe.before is not None and any(factor.name == "stale" for factor in factors)
        scales.append((scale, room / length, probe.before.count if late and probe.before else probe.count))
    if not scales:
        return None
    for power in (0, 1, -1):
        wanted = scales[0][0] / scales[0][2] ** power
        if all(abs(c / n**power - wanted) <= 1e-5 * abs(wanted) + 2 * r for c, r, n in scales):
            return Explanation(tuple(factors), scales[0][0], power, worst)
    return None


def _spreads(small: tuple[int, ...], large: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(small, large) == large
    except ValueError:
        return False


def explain(evidence: Evidence, block: str) -> list[Explanation]:
    """Every explanation by at most two mistakes, the simplest first."""
    probes = evidence.probes
    if all(not np.any(probe.answers[block]) for probe in probes):
        return [Explanation((Factor("zero"),), 1.0, 0, 0.0)]
    table = singles(evidence, block)
    found: list[Explanation] = []
    for factors in [(), *((factor,) for factor in table)]:
        _keep(found, fit(evidence, block, factors, probes))
    if evidence.lr is None and not found:
        fitted = [factor for which in updatable(evidence, block) for factor in _fitted_update(evidence, block, which)]
        for factor in fitted:
            _keep(found, fit(evidence, block, (factor,), probes))
        table += fitted
    pairs = [(x, y) for x, y in itertools.combinations(table, 2) if compatible(x, y) or compatible(y, x)]
    telling = min((p for p in probes if np.any(p.answers[block])), key=lambda p: p.count)
    for pair in pairs[:MOST_PAIRS]:  # the cheapest probe sorts out most of them
        if fit(evidence, block, pair, [telling]) is not None or build(telling, block, pair) is None:
            _keep(found, fit(evidence, block, pair, probes))
    return sorted(found, key=lambda explanation: explanation.rank)


def _keep(found: list[Explanation], new: Explanation | None) -> None:
    """Add an explanation, unless a simpler one says the same: then one of its mistakes changes nothing here."""
    if new is None or len(new.names) > 2:
        return
    if not new.names:
        return
    for old in found:
        if set(old.factors) <= set(new.factors) and _near(old.scale, new.scale):
            return
    found.append(new)


def _fitted_update(evidence: Evidence, block: str, which: str) -> list[Factor]:
    """Updated weights where the step is not known: the step that explains most, by Newton's method at one probe."""
    for probe in sorted(evidence.probes, key=lambda probe: probe.count):
        if probe.answers[block].shape == probe.params[block].shape:
            lr = _fitted_step(probe, block, which)
            if lr is not None:
                return [Factor("updated-weights", variant=which, lr=lr)] if abs(lr) > 1e-9 else []
    return []


def _fitted_step(probe: Probe, block: str, which: str) -> float | None:
    """The step at one probe; 0 if there is none that fits, None where no step would show (a dead relu)."""
    theirs = probe.answers[block]

    def made(lr: float) -> Array:
        built = build(probe, block, [Factor("updated-weights", variant=which, lr=lr)])
        assert built is not None
        return built

    lr, h, before = 0.0, 1e-4, math.inf
    for _ in range(12):
        off = theirs - made(lr)
        missed = float(np.linalg.norm(off))
        if missed <= 1e-7 * float(np.linalg.norm(theirs)):
            return lr or None  # right without any step: nothing to be learned here
        if not missed < 0.9 * before:
            return 0.0
        slope = (made(lr + h) - made(lr - h)) / (2 * h)
        length = float(np.vdot(slope, slope))
        if not length or not math.isfinite(length):
            return None
        lr, before = lr + float(np.vdot(slope, off)) / length, missed
    return 0.0
