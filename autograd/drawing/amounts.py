"""The numbers of a node as a picture shows them: a `Value` its number, a `Tensor` its shape, its norm and small tables.

How operations and derivatives are written is in `signs.py`, what flows along edges in `flows.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from .colour import number as short
from .model import Amount, Rows

BARS: Final = "▁▂▃▄▅▆▇"  # not the full block: lines below one another would touch
BINS: Final = 12
MOST_NUMBERS: Final = 24
MOST_IN_LINE: Final = 8
MOST_CELLS: Final = 1024
"""An array of at most so many numbers, with at most so many in a row or a column, is shown whole."""


def amount(thing: Any, spread: bool = False) -> Amount:
    """A number or an array as a picture shows it; with its histogram in a line, if that is asked for.

    >>> amount(-0.5).size
    0.5
    >>> amount(np.zeros((2, 3))).short
    '(2, 3)'
    """
    if isinstance(thing, (float, int)):
        return Amount(abs(float(thing)), float(thing))
    array = np.asarray(thing)
    if array.ndim == 0:
        return amount(float(array))
    dtype = "" if array.dtype == np.float64 else f" {array.dtype}"
    if not array.size:
        return Amount(0.0, None, f"{array.shape}{dtype}", "empty")
    with np.errstate(all="ignore"):
        numbers = array.astype(float)
        largest = float(np.max(np.abs(numbers)))
        scale = largest if 0.0 < largest < math.inf else 1.0  # so that the norm does not overflow
        size = float(np.linalg.norm(numbers / scale)) * scale
        mean = float(numbers.mean())
    detail = f"smallest {numbers.min():.6g}, largest {numbers.max():.6g}, mean {mean:.6g}, norm {size:.6g}"
    return Amount(
        size,
        None,
        f"{array.shape}{dtype}",
        detail,
        rows=_rows(numbers),
        cells=_cells(numbers),
        spread=histogram(numbers) if spread else "",
    )


def _rows(numbers: Any) -> Rows:
    """The numbers of a vector or a matrix, if they are few."""
    if numbers.ndim > 2 or numbers.size > MOST_NUMBERS or max(numbers.shape) > MOST_IN_LINE:
        return ()
    return tuple(map(tuple, np.atleast_2d(numbers).tolist()))


def _cells(numbers: Any) -> Rows:
    """The numbers of a larger vector or matrix for a heat map, to four digits."""
    if numbers.ndim > 2 or numbers.size > MOST_CELLS or _rows(numbers):
        return ()
    return tuple(tuple(float(f"{each:.4g}") for each in row) for row in np.atleast_2d(numbers).tolist())


def histogram(numbers: Any) -> str:
    """How the elements of an array are spread, in a line of text: from the smallest to the largest.

    >>> histogram(np.array([0.0, 0.0, 0.0, 1.0, 3.0]))
    '0 ▇▁▁▁▃▁▁▁▁▁▁▃ 3'
    """
    finite = numbers[np.isfinite(numbers)]
    if not finite.size or finite.min() == finite.max():
        return f"all {short(float(numbers.flat[0]))}" if finite.size == numbers.size else "none is finite"
    with np.errstate(all="ignore"):
        low, high = float(finite.min()), float(finite.max())
        places = np.minimum((finite / 2 - low / 2) / (high / 2 - low / 2) * BINS, BINS - 1).astype(int)
    counts = np.bincount(places, minlength=BINS)
    tops = np.ceil(counts / counts.max() * (len(BARS) - 1)).astype(int)
    return f"{short(low)} {''.join(BARS[top] for top in tops)} {short(high)}"


def value_of(node: Any, spread: bool = False) -> Amount:
    """The number of a node."""
    read = getattr(node, "numpy", None)  # of a Tensor a copy: to show its own array would have it watched for changes
    return amount(read() if read is not None else node.data, spread)


def gradient_of(node: Any, spread: bool = False) -> Amount | None:
    """Its gradient; None while no backward has reached it, or where there is none to reach."""
    return None if node.kind == "constant" or not node.reached else amount(node.grad, spread)


def partials_of(node: Any, operands: Sequence[Any]) -> list[float | None]:
    """The local derivatives to the operands; None for a constant, and for a Tensor, where it is no single number."""
    partials = getattr(node, "partials", None)
    if partials is None:
        return [None] * len(operands)
    pairs = zip(partials, operands, strict=True)
    return [None if operand.kind == "constant" else partial for partial, operand in pairs]
