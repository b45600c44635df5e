"""Whether the error that the steps begin with is that of a loss which the script computes, but for a slip."""

from __future__ import annotations

from typing import Any

import numpy as np

from .verdicts import Judgement, counterpart

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
