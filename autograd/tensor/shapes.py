"""numpy's functions that move elements without computing with them: shapes, joins, cuts, selections.

Each takes plain arrays and Tensors alike and is put together from rows of `array_rules.py`, so none has a derivative of
its own. What merely rearranges elements asks numpy where they would go (`_rearranged`). Names, arguments and defaults
are numpy's; the functions that compute are in `array_functions.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..errors import OperandError, ShapeError
from ..numbers import functions as fn
from ..system.arrays import as_array, check_array
from . import rules as rows
from .rules import plain_array

Axis = int | tuple[int, ...] | None


def array(x: Any) -> Any:
    """A Tensor as it is, anything else as a numpy array; a list with Tensors in it is stacked."""
    if hasattr(x, "_apply_array"):
        return x
    if isinstance(x, (list, tuple)) and any(hasattr(part, "_apply_array") for part in x):
        return stack(x)
    return as_array(x)


def one_axis(axis: Any, ndim: int) -> int:
    """An axis as a number from 0 on.

    Raises:
        ShapeError: there is no such axis.
    """
    if not -ndim <= axis < ndim:
        raise ShapeError(f"an array of {ndim} axes has no axis {axis}")
    return int(axis) % ndim


def some_axes(axis: Axis, ndim: int) -> tuple[int, ...]:
    """Axes as numbers from 0 on; None means all."""
    if axis is None:
        return tuple(range(ndim))
    return tuple(one_axis(a, ndim) for a in (axis if isinstance(axis, tuple) else (axis,)))


def _rearranged(x: Any, move: Callable[[Any], Any]) -> Any:
    """The elements where `move` puts them: it is shown the numbers of the elements instead."""
    x = array(x)
    numbers = np.arange(int(np.prod(x.shape))).reshape(x.shape)
    return rows.getitem(rows.reshape(x, shape=(-1,) if numbers.size else (0,)), index=np.asarray(move(numbers)))


# ------------------------------------------------------------------------------------------------------- shapes


def reshape(x: Any, shape: int | Sequence[int], order: str = "C") -> Any:
    """The same elements in the same order, in another shape; one length may be -1, what remains.

    Args:
        order: "C", or "F" for the first axis changing fastest.

    >>> reshape(np.arange(6.0), (2, -1)).shape
    (2, 3)
    """
    lengths = (int(shape),) if isinstance(shape, (int, np.integer)) else tuple(shape)
    if order == "F":
        return transpose(rows.reshape(transpose(x), shape=lengths[::-1]))
    if order not in ("C", "K"):
        raise OperandError(f'the order is "C" or "F", got {order!r}')
    return rows.reshape(array(x), shape=lengths)


def ravel(x: Any, order: str = "C") -> Any:
    """All elements along one axis, in the order of `reshape`.

    >>> from autograd import Tensor, ravel
    >>> ravel(Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([1., 2., 3., 4.])
    """
    x = array(x)
    return reshape(x, int(np.prod(x.shape)), order)


def transpose(x: Any, axes: int | Sequence[int] | None = None) -> Any:
    """The axes in another order: reversed, unless `axes` lists them.

    >>> from autograd import Tensor, transpose
    >>> transpose(Tensor(np.ones((2, 3)))).shape
    (3, 2)
    """
    x = array(x)
    axes = (axes,) if isinstance(axes, (int, np.integer)) else axes
    return rows.transpose(x, axes=None if axes is None else some_axes(tuple(axes), x.ndim))


def swapaxes(x: Any, axis1: int, axis2: int) -> Any:
    """Two axes exchanged.

    >>> from autograd import Tensor, swapaxes
    >>> swapaxes(Tensor(np.ones((2, 3))), 0, 1).shape
    (3, 2)
    """
    x = array(x)
    order = list(range(x.ndim))
    first, second = one_axis(axis1, x.ndim), one_axis(axis2, x.ndim)
    order[first], order[second] = second, first
    return rows.transpose(x, axes=tuple(order))


def matrix_transpose(x: Any) -> Any:
    """The last two axes exchanged."""
    return swapaxes(x, -1, -2)


def moveaxis(x: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Any:
    """Axes moved to other places, the rest in their order.

    >>> from autograd import Tensor, moveaxis
    >>> moveaxis(Tensor(np.ones((2, 3, 4))), 0, -1).shape
    (3, 4, 2)
    """
    x = array(x)
    moved = np.moveaxis(np.empty((1,) * x.ndim), source, destination)  # numpy checks the arguments
    froms = (source,) if isinstance(source, (int, np.integer)) else tuple(source)
    tos = (destination,) if isinstance(destination, (int, np.integer)) else tuple(destination)
    rest = iter([k for k in range(x.ndim) if k not in some_axes(tuple(froms), x.ndim)])
    placed = dict(zip(some_axes(tuple(tos), x.ndim), some_axes(tuple(froms), x.ndim), strict=True))
    return rows.transpose(x, axes=tuple(placed[k] if k in placed else next(rest) for k in range(moved.ndim)))


def squeeze(x: Any, axis: Axis = None) -> Any:
    """Without the axes of length 1: all of them, or those named.

    >>> from autograd import Tensor, squeeze
    >>> squeeze(Tensor([[1.0, 2.0]])).shape
    (2,)
    """
    x = array(x)
    dropped = some_axes(axis, x.ndim) if axis is not None else tuple(k for k, n in enumerate(x.shape) if n == 1)
    for k in dropped:
        if x.shape[k] != 1:
            raise ShapeError(f"squeeze() drops axes of length 1; axis {k} of shape {x.shape} has length {x.shape[k]}")
    return rows.reshape(x, shape=tuple(n for k, n in enumerate(x.shape) if k not in dropped))


def expand_dims(x: Any, axis: int | tuple[int, ...]) -> Any:
    """With a new axis of length 1 at each place named.

    >>> from autograd import Tensor, expand_dims
    >>> expand_dims(Tensor([1.0, 2.0]), 0).shape
    (1, 2)
    """
    x = array(x)
    return rows.reshape(x, shape=np.expand_dims(np.empty(x.shape, bool), axis).shape)


def atleast_1d(*xs: Any) -> Any:
    """A number as an array of one element; of several, a tuple."""
    made = tuple(x if x.ndim else rows.reshape(x, shape=(1,)) for x in map(array, xs))
    return made[0] if len(made) == 1 else made


def atleast_2d(*xs: Any) -> Any:
    """A vector as a matrix of one row; of several, a tuple."""
    made = tuple(x if x.ndim > 1 else rows.reshape(x, shape=(1, x.size)) for x in map(array, xs))
    return made[0] if len(made) == 1 else made


def astype(x: Any, dtype: Any) -> Any:
    """In another float dtype.

    Raises:
        OperandError: a dtype that has no derivatives.
    """
    if np.dtype(dtype).kind != "f":
        raise OperandError(
            f"{np.dtype(dtype)} numbers have no derivative; for a plain array write t.data.astype(dtype)"
        )
    return rows.astype(array(x), dtype=np.dtype(dtype))


def broadcast_to(x: Any, shape: int | Sequence[int]) -> Any:
    """Repeated along new axes and axes of length 1 until it has the shape.

    >>> from autograd import Tensor, broadcast_to
    >>> broadcast_to(Tensor([1.0, 2.0]), (3, 2)).shape
    (3, 2)
    """
    return rows.broadcast_to(array(x), shape=(shape,) if isinstance(shape, int) else tuple(shape))


def broadcast_arrays(*xs: Any) -> tuple[Any, ...]:
    """All broadcast to the shape they have in common."""
    given = [array(x) for x in xs]
    shape = np.broadcast_shapes(*[x.shape for x in given])
    return tuple(rows.broadcast_to(x, shape=shape) for x in given)


# ---------------------------------------------------------------------------------------------- joins and cuts


def concatenate(xs: Sequence[Any], axis: int | None = 0) -> Any:
    """Arrays joined along an axis they have; with None, all their elements in one row.

    >>> from autograd import Tensor, concatenate
    >>> concatenate([Tensor([1.0, 2.0]), [3.0]])
    Tensor([1., 2., 3.])
    """
    given = [array(x) for x in xs]
    if axis is None:
        given, axis = [ravel(x) for x in given], 0
    return rows.concatenate(*given, axis=axis)


def stack(xs: Sequence[Any], axis: int = 0) -> Any:
    """Arrays of one shape joined along a new axis.

    >>> from autograd import Tensor, stack
    >>> stack([Tensor([1.0, 2.0]), [3.0, 4.0]]).shape
    (2, 2)
    """
    given = [array(x) for x in xs]
    if len({x.shape for x in given}) > 1:
        raise ShapeError(f"stack() joins arrays of one shape, got {', '.join(str(x.shape) for x in given)}")
    return rows.concatenate(*[expand_dims(x, axis) for x in given], axis=axis)


def vstack(xs: Sequence[Any]) -> Any:
    """Rows on top of each other."""
    return concatenate([atleast_2d(x) for x in xs], axis=0)


def hstack(xs: Sequence[Any]) -> Any:
    """Side by side: along the second axis, vectors along their only one."""
    given = [atleast_1d(x) for x in xs]
    return concatenate(given, axis=0 if given[0].ndim == 1 else 1)


def column_stack(xs: Sequence[Any]) -> Any:
    """Vectors as the columns of a matrix, matrices side by side."""
    given = [array(x) for x in xs]
    return concatenate([rows.reshape(x, shape=(x.size, 1)) if x.ndim < 2 else x for x in given], axis=1)


def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Cut along an axis: before the places listed, or into so many parts, the first ones longer by one if need be."""
    x = array(x)
    k = one_axis(axis, x.ndim)
    parts = np.array_split(np.arange(x.shape[k]), indices_or_sections)
    ends = np.cumsum([0, *map(len, parts)])
    if not isinstance(indices_or_sections, (int, np.integer)):  # the places may overlap or go back
        edges = [0, *indices_or_sections, x.shape[k]]
        cuts = [slice(a, b) for a, b in pairwise(edges)]
    else:
        cuts = [slice(int(a), int(b)) for a, b in pairwise(ends)]
    return [rows.getitem(x, index=(slice(None),) * k + (cut,)) for cut in cuts]


def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """Cut along an axis: before the places listed, or into so many equal parts.

    >>> [part.tolist() for part in split(np.arange(6.0), 3)]
    [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
    """
    x = array(x)
    if isinstance(indices_or_sections, (int, np.integer)) and x.shape[axis] % indices_or_sections:
        raise ShapeError(
            f"split() cuts into equal parts, {x.shape[axis]} elements do not make {indices_or_sections}: "
            "use array_split(), or list the places to cut at"
        )
    return array_split(x, indices_or_sections, axis)


def unstack(x: Any, axis: int = 0) -> tuple[Any, ...]:
    """The slices along an axis."""
    moved = moveaxis(x, axis, 0)
    return tuple(moved[k] for k in range(moved.shape[0]))


# ------------------------------------------------------------------------------------------------ rearrangements


def flip(x: Any, axis: Axis = None) -> Any:
    """The elements in reverse order along the axes named, or along all.

    >>> from autograd import Tensor, flip
    >>> flip(Tensor([1.0, 2.0, 3.0]))
    Tensor([3., 2., 1.])
    """
    x = array(x)
    for k in some_axes(axis, x.ndim):
        x = rows.flip(x, k)
    return x


def fliplr(x: Any) -> Any:
    """Left and right exchanged."""
    return flip(x, 1)


def flipud(x: Any) -> Any:
    """Up and down exchanged."""
    return flip(x, 0)


def roll(x: Any, shift: Any, axis: Any = None) -> Any:
    """Shifted along an axis; what leaves at the end comes back at the beginning.

    >>> from autograd import Tensor, roll
    >>> roll(Tensor([1.0, 2.0, 3.0]), 1)
    Tensor([3., 1., 2.])
    """
    return _rearranged(x, lambda numbers: np.roll(numbers, shift, axis))


def rot90(x: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    """Turned by quarter turns in the plane of two axes."""
    return _rearranged(x, lambda numbers: np.rot90(numbers, k, axes))


def tile(x: Any, reps: Any) -> Any:
    """Copies laid side by side.

    >>> from autograd import Tensor, tile
    >>> tile(Tensor([1.0, 2.0]), 2)
    Tensor([1., 2., 1., 2.])
    """
    return _rearranged(x, lambda numbers: np.tile(numbers, reps))


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Any:
    """Every element so many times.

    >>> from autograd import Tensor, repeat
    >>> repeat(Tensor([1.0, 2.0]), 2)
    Tensor([1., 1., 2., 2.])
    """
    return _rearranged(x, lambda numbers: np.repeat(numbers, repeats, axis))


def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: float = 0.0) -> Any:
    """Made larger at the edges: by a number, or in the modes "edge", "reflect", "symmetric", "wrap" by copies.

    >>> from autograd import Tensor, pad
    >>> pad(Tensor([1.0, 2.0]), 1)
    Tensor([0., 1., 2., 0.])
    """
    x = array(x)
    if mode in ("edge", "reflect", "symmetric", "wrap"):
        return _rearranged(x, lambda numbers: np.pad(numbers, pad_width, mode))  # type: ignore[call-overload]
    if mode != "constant" or np.ndim(constant_values):
        raise OperandError(
            'pad() fills with one number or, in the modes "edge", "reflect", "symmetric" and "wrap", with copies; '
            f"got mode={mode!r}"
        )
    inner = np.pad(np.ones(x.shape, bool), pad_width)
    widths = np.broadcast_to(np.asarray(pad_width), (x.ndim, 2)).tolist()
    place = tuple(slice(before, before + n) for (before, _), n in zip(widths, x.shape, strict=True))
    wide = rows.put(x, shape=inner.shape, index=place)
    return fn.where(inner, wide, float(constant_values)) if constant_values else wide


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The elements on a diagonal of two axes, along a new last axis.

    >>> from autograd import Tensor, diagonal
    >>> diagonal(Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([1., 4.])
    """
    return _rearranged(x, lambda numbers: np.diagonal(numbers, offset, axis1, axis2))


def diag(x: Any, k: int = 0) -> Any:
    """The diagonal of a matrix; of a vector, the matrix with that diagonal."""
    x = array(x)
    if x.ndim != 1:
        return _rearranged(x, lambda numbers: np.diag(numbers, k))
    n = x.shape[0] + int(np.abs(k))
    places = np.nonzero(np.eye(n, k=k))
    return rows.put(x, shape=(n, n), index=places)


# ---------------------------------------------------------------------------------------------------- selections


def where(condition: Any, x: Any, y: Any) -> Any:
    """x where the condition holds, else y; no derivative comes through what is not chosen."""
    if hasattr(condition, "_apply_array"):
        raise OperandError("where() expects a condition such as t > 0, an array of bools, got a Tensor")
    check_array(condition)
    return fn.where(np.asarray(condition, dtype=bool), x, y)


def plain_index(index: Any) -> Any:
    """An index that nobody can change later, as a graph needs it: arrays in it are copied.

    Raises:
        OperandError: a Tensor among the indices; they are plain numbers.
    """
    if isinstance(index, tuple):
        return tuple(map(plain_index, index))
    if isinstance(index, (bool, np.bool_)):
        return np.array(index)  # a mask without axes, which is not the number 1
    if index is None or index is Ellipsis or isinstance(index, (int, slice, np.integer)):
        return index
    if hasattr(index, "_apply_array") and index.dtype.kind != "f":  # whole numbers that a compiler records
        return index
    if hasattr(index, "_apply"):
        instead = "index.data.astype(int)" if hasattr(index, "_apply_array") else "int(index.data)"
        raise OperandError(
            f"an index is made of whole numbers or bools, got a {type(index).__name__}; write t[{instead}]"
        )
    check_array(index)
    return np.array(index, dtype=None if np.size(index) else (bool if np.asarray(index).dtype == bool else int))


def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """The elements, or along an axis the slices, with these numbers.

    >>> from autograd import Tensor, take
    >>> take(Tensor([1.0, 2.0, 3.0]), [2, 0])
    Tensor([3., 1.])
    """
    x = array(x)
    if axis is None:
        x, axis = ravel(x), 0
    return rows.getitem(x, index=(slice(None),) * one_axis(axis, x.ndim) + (plain_index(indices),))


def take_along_axis(x: Any, indices: Any, axis: int | None = -1) -> Any:
    """For each place of `indices`, the element of that number along the axis.

    >>> from autograd import Tensor, take_along_axis
    >>> take_along_axis(Tensor([[1.0, 2.0], [3.0, 4.0]]), np.array([[1], [0]]), axis=1)
    Tensor([[2.],
            [3.]])
    """
    x, indices = array(x), plain_index(indices)
    if axis is None:
        x, axis = ravel(x), 0
    k = one_axis(axis, x.ndim)
    if indices.ndim != x.ndim:
        raise ShapeError(
            f"take_along_axis() wants indices with as many axes as the array, {x.ndim}, got {indices.ndim}"
        )
    grid: list[Any] = [np.arange(n).reshape((1,) * j + (n,) + (1,) * (x.ndim - 1 - j)) for j, n in enumerate(x.shape)]
    grid[k] = indices
    return rows.getitem(x, index=tuple(grid))


def sort(x: Any, axis: int | None = -1) -> Any:
    """In rising order along an axis; equal elements keep theirs.

    >>> from autograd import Tensor, sort
    >>> sort(Tensor([3.0, 1.0, 2.0]))
    Tensor([1., 2., 3.])
    """
    x = array(x)
    if axis is None:
        x, axis = ravel(x), -1
    return take_along_axis(x, np.argsort(plain_array(x), axis=axis, kind="stable"), axis) if x.ndim else x


def tril(x: Any, k: int = 0) -> Any:
    """The lower triangle, zero above the k-th diagonal.

    >>> from autograd import Tensor, tril
    >>> tril(Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[1., 0.],
            [3., 4.]])
    """
    x = array(x)
    return fn.where(_below(x.shape, k), x, 0.0)


def triu(x: Any, k: int = 0) -> Any:
    """The upper triangle, zero below the k-th diagonal.

    >>> from autograd import Tensor, triu
    >>> triu(Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[1., 2.],
            [0., 4.]])
    """
    x = array(x)
    return fn.where(~_below(x.shape, k - 1), x, 0.0)


def _below(shape: tuple[int, ...], k: int) -> Any:
    """True on and below the k-th diagonal."""
    if len(shape) < 2:
        raise ShapeError(f"a triangle is of a matrix, or of a stack of them; got shape {shape}")
    return np.tri(shape[-2], shape[-1], k=k, dtype=bool)
