"""The engine that needs only numpy: it runs the printed source, each number of a sample a vector over the batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from ...masking import finite
from ...system.quiet import quiet
from ..batch import Floats
from ..executable import executable
from .plans import EMPTY, Plan
from .source import write_plan

CHUNK: Final = 8192  # samples; longer vectors would leave the cache between one line and the next


class NumpyKernel:
    """A plan as a Python function over arrays. Its text is known to tracebacks and debuggers."""

    engine = "numpy"

    def __init__(self, plan: Plan, threads: int = 1) -> None:
        self.source = write_plan(plan)
        self._batched, self._averages = plan.batched, plan.program.reduction == "mean"
        self._needs = tuple(count > 0 for count in plan.numbers)
        self._function = executable(self.source, plan.kind, self)

    @quiet
    def __call__(
        self, theta: Floats, captured: Floats, direction: Floats, arrays: Sequence[Floats], n: int
    ) -> tuple[float, Floats, bool]:
        given = [vector for vector, needed in zip((theta, captured, direction), self._needs, strict=True) if needed]
        starts = range(0, n, CHUNK)
        parts = [self._run(given, [array[k : k + CHUNK] for array in arrays]) for k in starts]
        if self._batched:
            return 0.0, parts[0][1] if len(parts) == 1 else np.concatenate([rows for _, rows in parts], axis=1), True
        if len(parts) == 1:
            return *parts[0], finite(parts[0][1])
        # The loss of a batch and all its derivatives are means (or sums) over the samples.
        shares = [min(CHUNK, n - k) / n if self._averages else 1.0 for k in starts]
        losses, slopes = zip(*parts, strict=True)
        slope = np.dot(shares, slopes)
        return float(np.dot(shares, losses)), slope, finite(slope)

    def _run(self, given: Sequence[Floats], arrays: Sequence[Floats]) -> tuple[float, Floats]:
        result = self._function(*given, *arrays)
        if self._batched:
            return 0.0, result
        if isinstance(result, tuple):
            return float(result[0]), result[1]
        return float(result), EMPTY
