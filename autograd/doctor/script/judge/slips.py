"""Whether the error that the steps begin with is that of a loss which the script computes, but for a slip."""

from __future__ import annotations

from typing import Any

import numpy as np

from .forms import counterpart
from .match import matched
from .verdicts import Judgement

Array = Any


def all_but_some(best: Judgement, computed: Judgement) -> bool:
    """Whether the error that explains the steps is that of a loss that is computed, all of it or but for some numbers.

    A wrong label, or a mask that is forgotten; samples that have a factor are weighted, on purpose. Where the sign of
    some is another, it is the loss that has a slip.
    """
    assert best.reading is not None
    keys = [counterpart(best.look, best.points, root, computed.bars) for root in best.reading.roots]
    others: list[Array] = []
    weighted = True
    for bar, own in zip(computed.bars, best.bars, strict=True):
        for key in keys:
            if key is None or key not in own or np.size(own[key]) < 3:
                return False
            with np.errstate(all="ignore"):
                ratio = np.ravel(own[key]) / np.ravel(bar[key])
            factor = float(np.nanmedian(ratio))
            if factor == 0 or not np.isfinite(factor):
                return False
            others.append(~(np.abs(ratio - factor) <= 1e-6 * abs(factor)))
            ratio = ratio / factor
            weighted &= bool(np.all(np.isfinite(ratio)) and np.all((ratio >= 0) | (np.abs(ratio + 1) < 1e-6)))
    share = float(np.mean(np.concatenate(others)))
    return share == 0 or (share <= 0.5 and not weighted)


def of_more_samples(best: Judgement, computed: Judgement) -> bool:
    """Whether a loss that is computed has what the step lowers, and the same of other samples besides, in a forward
    pass of its own. Errors that the step itself computes and makes no use of are another matter.
    """  # fmt: skip
    assert best.reading is not None
    assert computed.reading is not None
    look = best.look
    keys = [k for root in best.reading.roots if (k := counterpart(look, best.points, root, computed.bars)) is not None]
    step, sites = look.step, {error.site for error, _ in best.reading.errors}
    here = [n for n in look.training.tape.nodes if step.start < n.time <= step.end and n.site in sites]
    if (
        len(keys) < len(best.reading.roots)
        or len(here) > len(best.reading.errors)
        or any(id(r) in computed.forward for r in best.reading.roots)
    ):
        return False
    theirs, right = ([np.concatenate([np.ravel(b[k]) for k in at]) for b in bars] for bars, at in
                     ((computed.bars, keys), (best.bars, [id(root) for root in best.reading.roots])))  # fmt: skip
    place = look.nodes[keys[0]].site
    more, few = (sum(n.site is place for n, _ in j.reading.order(look)) for j in (computed, best) if j.reading)
    return matched(theirs, right).holds and more > max(few, len(keys))  # the step may have a forward pass of its own


def sums_to_one(found: Judgement) -> bool:
    """Whether the predictions are shares, as a softmax gives them."""
    assert found.reading is not None
    error, _ = found.reading.errors[0]
    e = np.asarray(found.points[0].values[id(error)], dtype=float)
    return any(np.allclose(e.sum(axis=axis), 0.0, atol=1e-9) for axis in range(e.ndim))
