"""What `nn` does to many Values at once: the neurons of a layer, and all the parameters of a module.

`Affine` records a layer. The graph is the one that `dot` and the activation record neuron by neuron; what is saved is
reading the weights: their rows (`sums.py`) are kept from one sample to the next, and read again once a weight has
changed.

Compiled by mypyc in wheels, plain Python elsewhere.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..carrier import Note
from ..core.node import PARAMETER
from ..errors import OperandError
from ..mode import SPECIAL
from .sums import Chain, Four, Row, row_of
from .value import Value

if TYPE_CHECKING:
    from mypy_extensions import i64  # an int that mypyc keeps in a machine word


class Affine:
    """The neurons of a layer: start + w0 * x0 + w1 * x1 + ..., each through its activation.

    Args:
        weights: their lists of weights. What they hold may change.
        starts: what each sum is added to: a Value, a number, or None.
        functions: the activations, methods of `Value`; None where there is none.
        notes: what the nodes of each are named after.
    """

    __slots__ = ("functions", "notes", "rows", "starts", "weights")

    def __init__(
        self, weights: list[list[object]], starts: list[Value | float | None], functions: list[Any], notes: list[Note]
    ) -> None:
        self.weights = weights
        self.starts = starts
        self.functions = functions
        self.notes = notes
        self.rows: list[Row | None] = [None] * len(weights)

    def record(self, xs: list[object]) -> list[Value] | None:
        """The outputs, for one sample; None where that is more, or less, than sums of Values and numbers."""
        if not xs or (SPECIAL and not Value._folds()):
            return None
        try:
            ys = row_of(xs)
        except OperandError:  # which says less of the place than `w * x` does
            return None
        if ys is None:
            return None
        out: list[Value] = []
        k: i64 = -1
        for weights in self.weights:
            k += 1
            row = self.rows[k]
            if row is None or not is_current(row, weights):
                row = row_of(weights) if weights else None
                if row is None or not row.recorded:
                    return None
                self.rows[k] = row
            start = self.starts[k]
            if row.count != ys.count or (start is None and row.count == 1):
                return None
            made: Value = Chain(start, row, ys)
            note = self.notes[k]
            made.note = note
            function = self.functions[k]
            if function is not None:
                made = function(made)
                made.note = note
            out.append(made)
        return out


def is_current(row: Row, given: list[object]) -> bool:
    """Whether the list would be read as this row again."""
    count: i64 = len(given)
    if count != row.count:
        return False
    four: Four | None = row.first
    k: i64 = 0
    while four is not None:
        a = four.a
        if a is None or a is not given[k] or differ(a._data, four.a_number):
            return False
        if k + 1 < count:
            b = four.b
            if b is None or b is not given[k + 1] or differ(b._data, four.b_number):
                return False
        if k + 2 < count:
            c = four.c
            if c is None or c is not given[k + 2] or differ(c._data, four.c_number):
                return False
        if k + 3 < count:
            d = four.d
            if d is None or d is not given[k + 3] or differ(d._data, four.d_number):
                return False
        k += 4
        four = four.more
    return True


def differ(x: float, y: float) -> bool:
    """Whether two numbers are not the same: 0.0 and -0.0 are two, and NaN may be many."""
    return x != y or (x == 0.0 and math.copysign(1.0, x) != math.copysign(1.0, y))


def are_parameters(parts: list[object]) -> bool:
    """Whether all of them are Values that are to be learned."""
    for part in parts:  # noqa: SIM110, mypyc makes a generator of all()
        if not isinstance(part, Value) or part.rule is not PARAMETER:
            return False
    return True


def forget_gradients(parts: list[object]) -> list[object]:
    """Set the gradients of all Values as before any backward; the others are returned."""
    others: list[object] = []
    for part in parts:
        if isinstance(part, Value):
            part._grad = 0.0
            part.mark = 0
        else:
            others.append(part)
    return others
