"""The engine that needs only numpy: it runs the printed source, each number of a sample a vector over the batch.

A long program it runs instruction by instruction at first (`listed.py`), and prints once it has run often.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from ...masking import finite
from ...system.collector import collector_paused
from ...system.quiet import quiet
from ..batch import Floats
from ..executable import executable
from .listed import listed
from .plans import EMPTY, Plan
from .source import write_plan

LONG: Final = 5000  # instructions; the text of more takes longer to compile than to do without it for a while
OFTEN: Final = 64  # runs, after which the text has paid
CHUNK: Final = 8192  # samples; longer vectors would leave the cache between one line and the next


class NumpyKernel:
    """A plan as a Python function over arrays. A text that is run is known to tracebacks and debuggers."""

    engine = "numpy"

    def __init__(self, plan: Plan, threads: int = 1) -> None:
        self._batched, self._averages = plan.batched, plan.program.reduction == "mean"
        self._needs = tuple(count > 0 for count in plan.numbers)
        live = plan.program.live(plan.outputs)
        self._listed = plan if len(live) > LONG else None
        self._runs = 0
        self._function = listed(plan, live, self) if self._listed else executable(write_plan(plan), plan.kind, self)

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
        plan = self._listed
        if plan is not None:
            self._runs += 1
            if self._runs > OFTEN:
                with collector_paused():
                    self._function = executable(write_plan(plan), plan.kind, self)
                self._listed = None
        result = self._function(*given, *arrays)
        if self._batched:
            return 0.0, result
        if isinstance(result, tuple):
            return float(result[0]), result[1]
        return float(result), EMPTY
