"""What differs from the right gradient and is no mistake: rounding, differences, clipping, and steps of another kind.

Accusing the innocent is worse than missing a mistake; so each of these is looked for before an accusation is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .evidence import Evidence, Probe
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
    why = {2: "half precision", 4: "single precision"}.get(width, "differences, or single precision inside")
    return Style("right", None, f"{name} agrees to {max(errors):.1g}, which is as near as {why} comes")


def _clipped(evidence: Evidence, name: str, pairs: list[tuple[Probe, Array, Array]]) -> Style | None:
    """Each element cut off at a limit, or the whole made shorter where it was too long."""
    limit = max(float(np.max(np.abs(x), initial=0.0)) for _, x, _ in pairs)
    cut = [np.clip(y, -limit, limit) for _, _, y in pairs]
    what = "step" if evidence.judged_step else "gradient"
    verdict = "right" if evidence.judged_step else "cannot tell"
    limited = limit and all(_close(x, y) for (_, x, _), y in zip(pairs, cut, strict=True))
    if limited and any(np.any(np.abs(y) < limit) for _, _, y in pairs):
        return Style(verdict, "clipped", f"the {what} is cut off at ±{limit:.4g}, and right where it is smaller")
    scales = []
    for _, x, y in pairs:
        size = float(np.vdot(y, y))
        scale = float(np.vdot(x, y)) / size if size else 0.0
        if not size or scale <= 0.0 or scale > 1.0 + 1e-9 or not _close(x, scale * y):
            return None
        scales.append(scale)
    cut_probes = [probe for (probe, _, _), scale in zip(pairs, scales, strict=True) if scale < 1.0 - 1e-6]
    if len(cut_probes) > 1 and _same_length(cut_probes, name):
        return Style(
            verdict, "clipped", f"the {what} has the right direction, and is made shorter where it is too long"
        )
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
        return Style("right", None, f"the step follows the gradient and shrinks the weights: weight decay {decay:.4g}")
    return None


def _signs(pairs: list[tuple[Probe, Array, Array]]) -> Style | None:
    """Every element moves equally far downhill: the first step of Adam or RMSprop."""
    sizes = []
    for _, x, y in pairs:
        large = np.abs(y) > 1e-4 * np.max(np.abs(y), initial=0.0)
        if not np.any(large) or np.any(x[large] * y[large] <= 0.0):
            return None
        sizes.append(np.abs(x[large]))
    flat = np.concatenate(sizes)
    if flat.size > 2 and float(np.ptp(flat)) <= 0.02 * float(np.median(flat)):
        return Style("right", None, "every number moves equally far downhill: the first step of Adam, or one like it")
    return None


def _downhill(pairs: list[tuple[Probe, Array, Array]]) -> Style | None:
    for _, x, y in pairs:
        large = np.abs(y) > 1e-3 * np.max(np.abs(y), initial=0.0)
        if np.any(x[large] * y[large] < 0.0) or not np.any(x[large]):
            return None
    return Style(
        "right", None, "the gradient is right and the step goes downhill, though it is not plain gradient descent"
    )


def _close(x: Array, y: Array) -> bool:
    return float(np.linalg.norm(x - y)) <= EXACT * float(np.linalg.norm(y))
