"""`dot`, public: of lists and arrays of Values each sum is a folded chain (`sums.py`), of Tensors what numpy says.

Compiled by mypyc in wheels, plain Python elsewhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ShapeError
from ..mode import SPECIAL
from ..tensor import functions as arrays
from ..tensor.shapes import array
from .operands import to_float
from .sums import Chain, Row, row_of
from .value import Value
from .value_array import of_values


def dot(x: Any, y: Any, start: Any = None) -> Any:
    """The sum of products over the last axis of x and the last but one of y, added to `start`.

    Of Values it records what `start + x[0] * y[0] + x[1] * y[1] + ...` does, in less time and memory: a sum is kept as
    one node until somebody asks for its operands. The numbers are those of the chain from left to right, bit for bit.

    Args:
        x: a list or an array of Values and numbers, or a list of such lists; a Tensor; or a plain array.
        y: the same, of a shape that fits.
        start: what is added to; of the shape of the result, or one for all of it.

    Returns:
        A Value for two lists, and an array of them for a list of lists; a Tensor, or an array, as numpy does.

    Raises:
        ShapeError: the shapes do not fit.
        OperandError: an element is no number.

    >>> from autograd import Value
    >>> w, x = [Value(2.0), Value(-1.0)], [3.0, 4.0]
    >>> out = dot(w, x, Value(0.5))
    >>> out.backward()
    >>> out, w[0].grad
    (Value(2.5, grad=1.0), 3.0)
    """
    if isinstance(x, (list, tuple)) and isinstance(y, (list, tuple)) and x and y:
        found = of_lists(list(x), list(y), start)
        if found is not None:
            return found
    x, y = array(x), array(y)
    if holds_objects(x) or holds_objects(y):
        return of_arrays(x, y, start)
    product = arrays.dot(x, y)
    return product if start is None else start + product


def of_lists(x: list[Any], y: list[Any], start: Any) -> Any:
    """Of two lists of numbers, or of a list of such lists and a list; None where they are something else."""
    ys = row_of(y)
    if ys is None:
        return None
    if not isinstance(x[0], (list, tuple)):
        xs = row_of(x)
        return None if xs is None else of_rows(xs, ys, start)
    starts = list(start) if isinstance(start, (list, tuple, np.ndarray)) else [start] * len(x)
    if len(starts) != len(x):
        raise ShapeError(f"dot() adds to as many numbers as there are rows, got {len(starts)} for {len(x)} rows")
    out = np.empty(len(x), dtype=object)
    for k, row in enumerate(x):
        xs = row_of(list(row)) if isinstance(row, (list, tuple)) and row else None
        found = None if xs is None else of_rows(xs, ys, starts[k])
        if found is None:
            return None
        out[k] = found
    return of_values(out)


def of_rows(xs: Row, ys: Row, start: Any) -> Any:
    """One sum of products; None where there is nothing to record, or the start is another carrier's."""
    if xs.count != ys.count:
        raise ShapeError(f"dot() multiplies lists of equal length, got {xs.count} and {ys.count} numbers")
    begin: Value | float | None = None
    if isinstance(start, Value):
        begin = start
    elif start is not None:
        if hasattr(start, "_apply"):
            return None
        begin = to_float(start, "the start of dot")
    if not (xs.recorded or ys.recorded or isinstance(begin, Value)):
        return None
    if (begin is None and xs.count == 1) or (SPECIAL and not Value._folds()):
        return chain(given(xs), given(ys), begin)
    return Chain(begin, xs, ys)


def given(row: Row) -> list[Any]:
    """The Values and the plain numbers, as they were given."""
    return [number if node is None else node for node, number in zip(row.nodes(), row.numbers(), strict=True)]


def chain(xs: list[Any], ys: list[Any], start: Any) -> Any:
    """The chain itself."""
    for k, x in enumerate(xs):
        start = x * ys[k] if start is None else start + x * ys[k]
    return start


def holds_objects(x: Any) -> bool:
    """Whether it is an array of Values, or of a compiler's numbers."""
    return isinstance(x, np.ndarray) and x.dtype == object


def of_arrays(x: Any, y: Any, start: Any) -> Any:
    """`np.dot` of arrays one of which holds objects: each row and each column is read once."""
    if x.ndim == 0 or y.ndim == 0:
        product = x * y
        return product if start is None else start + product
    columns = y if y.ndim == 1 else np.moveaxis(y, -2, -1)
    length = x.shape[-1]
    if columns.shape[-1] != length:
        raise ShapeError(f"dot() sums over axes of equal length, the shapes are {x.shape} and {y.shape}")
    shape = x.shape[:-1] + columns.shape[:-1]
    if not length:
        return np.full(shape, 0.0 if start is None else start, dtype=object)[()]
    starts = np.broadcast_to(np.asarray(start, dtype=object), shape).ravel().tolist()
    rows = [(row, row_of(row)) for row in x.reshape(-1, length).tolist()]
    across = [(column, row_of(column)) for column in columns.reshape(-1, length).tolist()]
    out = np.empty(len(starts), dtype=object)
    place = 0
    for row, xs in rows:
        for column, ys in across:
            found = None if xs is None or ys is None else of_rows(xs, ys, starts[place])
            out[place] = chain(row, column, starts[place]) if found is None else found
            place += 1
    return of_values(out.reshape(shape)[()])
