"""`dot` and `sum`, public: of Values they are one node each (`sums.py`), of arrays and Tensors what numpy says.

Compiled by mypyc in wheels, plain Python elsewhere.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..tensor import functions as arrays
from ..tensor.shapes import array, some_axes
from .operands import to_float
from .sums import DOT, SUM, Operands, Reading, Total, link_by_link, listed
from .value import Value


def dot(x: Any, y: Any, start: Any = None) -> Any:
    """The sum of products over the last axis of x and the last but one of y, added to `start`.

    Of lists (or arrays) of Values it is one node of the graph, however long they are, and quicker than the chain of
    additions and multiplications that it stands for. Its value is that of the chain from left to right, bit for bit.

    Args:
        x: a list or an array of Values and numbers, a Tensor, or a plain array.
        y: the same, of a shape that fits.
        start: what is added to.

    Raises:
        ShapeError: the shapes do not fit.
        OperandError: an element is no number.

    >>> from autograd import Value
    >>> w, x = [Value(2.0), Value(-1.0)], [3.0, 4.0]
    >>> out = dot(w, x, Value(0.5))
    >>> out.backward()
    >>> out, w[0].grad, len(out.operands)
    (Value(2.5, grad=1.0), 3.0, 5)
    """
    if isinstance(x, (list, tuple)) and isinstance(y, (list, tuple)) and x and y:
        found = _dot_of_lists(as_list(x), as_list(y), start)
        if found is not None:
            return found
    x, y = array(x), array(y)
    if _holds_objects(x) or _holds_objects(y):
        return _dot_of_arrays(x, y, start)
    product = arrays.dot(x, y)
    return product if start is None else start + product


def sum(x: Any, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Any:
    """The sum along the axes, of everything where none is named; of Values one node for each sum.

    Args:
        x: a list or an array of Values and numbers, a Tensor, or a plain array.
        axis: the axes that are summed over.
        keepdims: whether they stay, of length 1.

    >>> from autograd import Value
    >>> sum([Value(1.0), Value(2.0), 3.0])
    Value(6.0, grad=0.0)
    """
    if isinstance(x, (list, tuple)) and x and axis is None and not keepdims:
        xs = listed(as_list(x), "an operand of sum")
        if xs is not None and xs.recorded:
            return _sum(xs)
    x = array(x)
    return _sum_of_array(x, axis, keepdims) if _holds_objects(x) and x.size else arrays.sum(x, axis, keepdims)


# ------------------------------------------------------------------------------------------------------- lists


def as_list(x: list[Any] | tuple[Any, ...]) -> list[Any]:
    """A list as it is, also one of a subclass."""
    return x if isinstance(x, list) else list(x)


def read(x: list[Any]) -> Operands | None:
    """The operands in a list; those left in it, if it has a slot `reading` and they have not changed since."""
    if type(x) is list:
        return listed(x, "an operand of dot")
    known: object = getattr(x, "reading", None)
    if isinstance(known, Reading) and known.holds(x):
        return known.operands
    found = listed(x, "an operand of dot")
    if hasattr(type(x), "reading"):
        setattr(x, "reading", Reading(x, found))  # noqa: B010, a list has none
    return found


def _dot_of_lists(x: list[Any], y: list[Any], start: Any) -> Any:
    """The sum of products of two lists of numbers; None where they are something else, or hold no Value."""
    xs, ys = read(x), read(y)
    if xs is None or ys is None:
        return None
    if xs.count != ys.count:
        raise ShapeError(f"dot() multiplies lists of equal length, got {len(x)} and {len(y)} numbers")
    return _dot(xs, ys, start)


def _dot(xs: Operands, ys: Operands, start: Any) -> Any:
    if isinstance(start, Value):
        begin: Value | float | None = start
    elif start is None:
        begin = None
    elif hasattr(start, "_apply"):
        return None
    else:
        begin = to_float(start, "the start of dot")
    if not (xs.recorded or ys.recorded or isinstance(start, Value)):
        return None
    if (begin is None and xs.count == 1) or link_by_link():
        return _chain(xs.given(), ys.given(), begin)
    return Total(begin, xs, ys)


def _chain(xs: list[Any], ys: list[Any], start: Any) -> Any:
    factors = [factor for pair in zip(xs, ys, strict=True) for factor in pair]
    return DOT.value(*(factors if start is None else [start, *factors]))


def _sum(xs: Operands) -> Any:
    if not xs.recorded or xs.count < 3 or link_by_link():
        return SUM.value(*xs.given())
    return Total(None, xs, None)


# ------------------------------------------------------------------------------------------------------ arrays


def _holds_objects(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype == object


def _dot_of_arrays(x: Any, y: Any, start: Any) -> Any:
    """`np.dot` of arrays one of which holds Values (or a compiler's numbers): each row and each column is read once."""
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
    rows = [(row, listed(row, "an operand of dot")) for row in x.reshape(-1, length).tolist()]
    across = [(column, listed(column, "an operand of dot")) for column in columns.reshape(-1, length).tolist()]
    out = np.empty(len(starts), dtype=object)
    for place, ((row, xs), (column, ys)) in enumerate(itertools.product(rows, across)):
        found = None if xs is None or ys is None else _dot(xs, ys, starts[place])
        out[place] = _chain(row, column, starts[place]) if found is None else found
    return out.reshape(shape)[()]


def _sum_of_array(x: Any, axis: Any, keepdims: bool) -> Any:
    axes = some_axes(axis, x.ndim)
    kept = [k for k in range(x.ndim) if k not in axes]
    shape = tuple([x.shape[k] for k in kept])
    lists = np.transpose(x, [*kept, *axes]).reshape(math.prod(shape), -1).tolist()
    out = np.empty(len(lists), dtype=object)
    for place, elements in enumerate(lists):
        xs = listed(elements, "an operand of sum")
        out[place] = SUM.value(*elements) if xs is None else _sum(xs)
    return out.reshape(tuple([1 if k in axes else n for k, n in enumerate(x.shape)]) if keepdims else shape)[()]
