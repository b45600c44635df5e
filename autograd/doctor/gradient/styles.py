"""What differs from the right gradient and is no mistake: rounding, differences, clipping, and steps of another kind.

Accusing the innocent is worse than missing a mistake; so each of these is looked for before an accusation is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..language import say
from ..recorded.evidence import Evidence, Probe
from .fit import explain

Array = Any
ROUNDED = {2: 5e-2, 4: 2e-3, 8: 3e-4}
"""By the bytes of a float: how far single or half precision, or forward differences, may be off, relative."""
EXACT = 1e-6


@dataclass(frozen=True)
class Style:
    """What it is: a verdict ("right" or "cannot tell"), a name or None, and a sentence."""

    verdict: str
    name: str | None
    says: str


def style_of(evidence: Evidence, name: str, gradient_right: bool = False) -> Style | None:
    """Why numbers that are not those of plain gradient descent need not be wrong; None where they may well be.

    Args:
        gradient_right: the gradient of this block was judged by itself and is right.
    """
    pairs = [(probe, np.asarray(probe.answers[name], dtype=float), probe.right(name)) for probe in evidence.probes]
    if any(theirs.shape != right.shape for _, theirs, right in pairs):
        return None
    found = _rounded(evidence, name, pairs) or _clipped(evidence, name, pairs)
    if found is None and evidence.judged_step:
        found = _decayed(name, pairs) or _signs(pairs) or (_downhill(pairs) if gradient_right else None)
    return found


def _rounded(evidence: Evidence, name: str, pairs: list[tuple[Probe, Array, Array]]) -> Style | None:
    width = min(probe.answers[name].dtype.itemsize for probe in evidence.probes)
    limit = ROUNDED.get(width, ROUNDED[8])
    errors = [float(np.linalg.norm(x - y) / n) for _, x, y in pairs if (n := float(np.linalg.norm(y)))]
    if not errors or max(errors) > limit or (width == 8 and explain(evidence, name)):
        return None
    why = say({2: "half_precision", 4: "single_precision"}.get(width, "differences_inside"))
    return Style("right", None, say("style_rounded", error=f"{max(errors):.1g}", why=why))


def _clipped(evidence: Evidence, name: str, pairs: list[tuple[Probe, Array, Array]]) -> Style | None:
    """Each element cut off at a limit, or the whole made shorter where it was too long."""
    limit = max(float(np.max(np.abs(x), initial=0.0)) for _, x, _ in pairs)
    cut = [np.clip(y, -limit, limit) for _, _, y in pairs]
    verdict = "right" if evidence.judged_step else "cannot tell"
    limited = limit and all(_close(x, y) for (_, x, _), y in zip(pairs, cut, strict=True))
    if limited and any(np.any(np.abs(y) < limit) for _, _, y in pairs):
        return Style(
            verdict,
            "clipped",
            say("style_cut_step" if evidence.judged_step else "style_cut_gradient", limit=f"{limit:.4g}"),
        )
    scales = []
    for _, x, y in pairs:
        size = float(np.vdot(y, y))
        scale = float(np.vdot(x, y)) / size if size else 0.0
        if not size or scale <= 0.0 or scale > 1.0 + 1e-9 or not _close(x, scale * y):
            return None
        scales.append(scale)
    cut_probes = [probe for (probe, _, _), scale in zip(pairs, scales, strict=True) if scale < 1.0 - 1e-6]
    if len(cut_probes) > 1 and _same_length(cut_probes, name):
        return Style(verdict, "clipped", say("style_short_step" if evidence.judged_step else "style_short_gradient"))
    return None


def _same_length(probes: list[Probe], name: str) -> bool:
    """Whether a block, or all blocks together, have one length: the limit of a clipping."""
    block = [float(np.linalg.norm(probe.answers[name])) for probe in probes]
    whole = [float(np.sqrt(sum(np.sum(np.square(a)) for a in probe.answers.values()))) for probe in probes]
    return any(max(sizes) - min(sizes) <= 1e-6 * max(sizes) for sizes in (block, whole))


def _decayed(name: str, pairs: list[tuple[Probe, Array, Array]]) -> Style | None:
    """Plain gradient descent, and the weights made smaller."""
    if len(pairs) < 2:
        return None
    rows = [np.stack([y.ravel(), np.ravel(probe.params[name])], axis=1) for probe, _, y in pairs]
    whole, goal = np.concatenate(rows), np.concatenate([x.ravel() for _, x, _ in pairs])
    (along, decay), *_ = np.linalg.lstsq(whole, goal, rcond=None)
    fits = float(np.linalg.norm(whole @ np.array([along, decay]) - goal)) <= EXACT * float(np.linalg.norm(goal))
    if fits and abs(along - 1.0) <= 1e-5 and 0.0 < decay <= 1.0:
        return Style("right", None, say("style_decay", decay=f"{decay:.4g}"))
    return None


def _signs(pairs: list[tuple[Probe, Array, Array]]) -> Style | None:
    """Every element moves equally far downhill: the first step of Adam or RMSprop."""
    sizes = [np.zeros(0)]
    for x, y, large in _telling(pairs, 1e-4):
        if np.any(x[large] * y[large] <= 0.0):
            return None
        sizes.append(np.abs(x[large]))
    flat = np.concatenate(sizes)
    if flat.size > 2 and float(np.ptp(flat)) <= 0.02 * float(np.median(flat)):
        return Style("right", None, say("style_signs"))
    return None


def _downhill(pairs: list[tuple[Probe, Array, Array]]) -> Style | None:
    seen = _telling(pairs, 1e-3)
    if not seen or any(np.any(x[large] * y[large] < 0.0) or not np.any(x[large]) for x, y, large in seen):
        return None
    return Style("right", None, say("style_downhill"))


def _telling(pairs: list[tuple[Probe, Array, Array]], share: float) -> list[tuple[Array, Array, Array]]:
    """Their numbers, the right ones, and which of these are large; without probes whose gradient is only rounding."""
    overall = max(float(np.max(np.abs(y), initial=0.0)) for _, _, y in pairs)
    marked = [(x, y, np.abs(y) > share * np.max(np.abs(y), initial=0.0)) for _, x, y in pairs]
    return [
        (x, y, large & (np.abs(y) > 1e-12 * overall))
        for x, y, large in marked
        if np.max(np.abs(y), initial=0.0) > 1e-12 * overall
    ]


def _close(x: Array, y: Array) -> bool:
    return float(np.linalg.norm(x - y)) <= EXACT * float(np.linalg.norm(y))
