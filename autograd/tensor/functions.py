"""numpy's functions that compute with whole arrays: reductions, products, norms, softmax.

Each takes plain arrays and Tensors alike and is a composition of the rows of `array_rules.py` and `rules.py`, so none
has a derivative of its own. Names, arguments and defaults are numpy's. What only moves elements is in
`array_shapes.py`; which of numpy's own functions come here is listed in `numpy_protocol.py`.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core import table as rules
from ..errors import OperandError, ShapeError
from ..numbers import functions as fn
from . import rules as rows
from .shapes import Axis, array, ravel, some_axes
from .shapes import diagonal as _diagonal

# --------------------------------------------------------------------------------------------------- reductions


def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The sum along the axes, of everything where none is named."""
    return rows.sum(array(x), axis=axis, keepdims=keepdims)


def prod(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The product along the axes.

    >>> from autograd import Tensor, prod
    >>> x = Tensor([2.0, 3.0, 4.0])
    >>> prod(x).backward(); x.grad
    array([12.,  8.,  6.])
    """
    return rows.prod(array(x), axis=axis, keepdims=keepdims)


def max(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest along the axes; where several are, they share the derivative."""
    return rows.max(array(x), axis=axis, keepdims=keepdims)


def min(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The smallest along the axes; where several are, they share the derivative."""
    return rows.min(array(x), axis=axis, keepdims=keepdims)


def ptp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest minus the smallest."""
    return max(x, axis, keepdims) - min(x, axis, keepdims)


def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """The mean along the axes.

    >>> from autograd import Tensor
    >>> t = Tensor([[1.0, 2.0], [3.0, 6.0]])
    >>> mean(t, axis=0)
    Tensor([2., 4.])
    """
    x = array(x)
    return rows.sum(x, axis=axis, keepdims=keepdims) / _count(x, axis)


def var(x: Any, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """The mean square distance from the mean; the sum of squares is divided by n - ddof.

    >>> from autograd import Tensor, var
    >>> var(Tensor([1.0, 3.0]), ddof=1).item()
    2.0
    """
    x = array(x)
    away = x - mean(x, axis, keepdims=True)
    return rows.sum(rules.square(away), axis=axis, keepdims=keepdims) / np.maximum(_count(x, axis) - ddof, 0.0)


def std(x: Any, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """The square root of the variance; where that is 0, so is the derivative.

    >>> from autograd import Tensor, std
    >>> std(Tensor([1.0, 3.0])).item()
    1.0
    """
    x = array(x)
    away = x - mean(x, axis, keepdims=True)
    return rows.norm(away, axis=axis, keepdims=keepdims) / np.sqrt(np.maximum(_count(x, axis) - ddof, 0.0))


def average(x: Any, axis: Axis = None, weights: Any = None, keepdims: bool = False) -> Any:
    """The mean, each element counted with its weight: an array of x's shape, or a vector along the one axis.

    >>> from autograd import Tensor, average
    >>> average(Tensor([1.0, 2.0, 4.0]), weights=[1, 1, 2])
    Tensor(2.75)
    """
    x = array(x)
    if weights is None:
        return mean(x, axis, keepdims)
    weights = array(weights)
    if weights.shape != x.shape:
        if not isinstance(axis, int) or weights.shape != (x.shape[axis],):
            raise ShapeError(f"weights have the shape of the array, {x.shape}, or of its one axis; got {weights.shape}")
        weights = rows.reshape(weights, shape=tuple(n if k == axis % x.ndim else 1 for k, n in enumerate(x.shape)))
    return rows.sum(x * weights, axis=axis, keepdims=keepdims) / rows.sum(weights, axis=axis, keepdims=keepdims)


def _count(x: Any, axis: Axis) -> float:
    return float(math.prod(x.shape[k] for k in some_axes(axis, x.ndim)))


def cumsum(x: Any, axis: int | None = None) -> Any:
    """The sums of the first one, two, three... along an axis; without an axis, of all elements in a row.

    >>> from autograd import Tensor, cumsum
    >>> cumsum(Tensor([1.0, 2.0, 3.0]))
    Tensor([1., 3., 6.])
    """
    x = array(x)
    return rows.cumsum(ravel(x), axis=0) if axis is None else rows.cumsum(x, axis=axis)


def diff(x: Any, n: int = 1, axis: int = -1) -> Any:
    """Each element minus the one before it along an axis, n times over.

    >>> from autograd import Tensor, diff
    >>> diff(Tensor([1.0, 4.0, 9.0]))
    Tensor([3., 5.])
    """
    x = array(x)
    lead = (slice(None),) * some_axes(axis, x.ndim)[0]
    for _ in range(n):
        later, earlier = (rows.getitem(x, index=(*lead, cut)) for cut in (slice(1, None), slice(None, -1)))
        x = later - earlier
    return x


def clip(x: Any, a_min: Any = None, a_max: Any = None) -> Any:
    """Between two bounds, either of which may be None; the derivative is 1 inside and at the bounds."""
    return fn.clip(array(x), a_min, a_max)


# ------------------------------------------------------------------------------------- exponentials and lengths


def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))), without overflow.

    >>> from autograd import Tensor, logsumexp
    >>> logsumexp(Tensor([1000.0, 1000.0])).item()
    1000.6931471805599
    """
    return rows.logsumexp(array(x), axis=axis, keepdims=keepdims)


def log_softmax(x: Any, axis: Axis = -1) -> Any:
    """The logarithm of `softmax`, exact where that is too small for a float.

    >>> from autograd import Tensor, log_softmax
    >>> log_softmax(Tensor([0.0, 0.0])).data.round(4)
    array([-0.6931, -0.6931])
    """
    x = array(x)
    return rows.log_softmax(x, axis=axis) if x.ndim else x - x


def softmax(x: Any, axis: Axis = -1) -> Any:
    """exp(x) / sum(exp(x)): positive numbers that sum to 1 along the axis, without overflow.

    >>> softmax(np.array([0.0, 0.0, 1000.0]))
    array([0., 0., 1.])
    """
    return rules.exp(log_softmax(x, axis))


def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """The length of vectors along an axis: Euclidean, or for `ord` 1, 2, inf, -inf or any p the p-norm.

    Without `ord`, the root of the sum of all squares along any axes. Of matrices there are no others here.

    >>> from autograd import Tensor, norm
    >>> norm(Tensor([3.0, 4.0])).item()
    5.0
    """
    x = array(x)
    axes = some_axes(axis, x.ndim)
    if ord is None or ord == "fro" or (ord == 2 and len(axes) < 2):
        return rows.norm(x, axis=axis, keepdims=keepdims)
    if len(axes) != 1 or isinstance(ord, str) or ord == 0:
        raise OperandError(
            f"norm(ord={ord!r}) over {len(axes)} axes is not here: the norms of vectors (one axis, ord 1, 2, inf, p) "
            "and the Frobenius norm are"
        )
    size = rules.abs(x)
    if ord in (math.inf, -math.inf):
        return (rows.max if ord > 0 else rows.min)(size, axis=axis, keepdims=keepdims)
    if ord == 1:
        return rows.sum(size, axis=axis, keepdims=keepdims)
    total = rows.sum(fn.root(size, ord) if ord > 0 and ord % 1 else size**ord, axis=axis, keepdims=keepdims)
    return fn.root(total, 1.0 / ord) if ord > 1 else total ** (1.0 / ord)


# ------------------------------------------------------------------------------------------------------ products


def matmul(x: Any, y: Any) -> Any:
    """The product of matrices, also of stacks of them and of vectors: x @ y.

    >>> from autograd import Tensor, matmul
    >>> matmul(Tensor([[1.0, 2.0], [3.0, 4.0]]), [1.0, 1.0])
    Tensor([3., 7.])
    """
    return rows.matmul(array(x), array(y))


def dot(x: Any, y: Any) -> Any:
    """The sum of products over the last axis of x and the last but one of y.

    >>> from autograd import Tensor, dot
    >>> dot(Tensor([1.0, 2.0]), [3.0, 4.0])
    Tensor(11.)
    """
    x, y = array(x), array(y)
    if not x.ndim or not y.ndim:
        return x * y
    if x.ndim <= 2 and y.ndim <= 2:
        return rows.matmul(x, y)
    return tensordot(x, y, axes=(x.ndim - 1, builtins.max(y.ndim - 2, 0)))


def vdot(x: Any, y: Any) -> Any:
    """The sum of products of all elements."""
    return rows.matmul(ravel(x), ravel(y))


def vecdot(x: Any, y: Any, axis: int = -1) -> Any:
    """The sum of products along an axis."""
    return rows.sum(array(x) * array(y), axis=axis)


def matvec(x: Any, y: Any) -> Any:
    """Matrices times vectors, stacks of both."""
    y = array(y)
    return rows.matmul(array(x), rows.reshape(y, shape=(*y.shape, 1)))[..., 0]


def vecmat(x: Any, y: Any) -> Any:
    """Vectors times matrices, stacks of both."""
    x = array(x)
    return rows.matmul(rows.reshape(x, shape=(*x.shape[:-1], 1, x.shape[-1])), array(y))[..., 0, :]


def inner(x: Any, y: Any) -> Any:
    """The sum of products over the last axes of both.

    >>> from autograd import Tensor, inner
    >>> inner(Tensor([1.0, 2.0]), [3.0, 4.0])
    Tensor(11.)
    """
    x, y = array(x), array(y)
    return tensordot(x, y, axes=(-1, -1)) if x.ndim and y.ndim else x * y


def outer(x: Any, y: Any) -> Any:
    """All products of an element of x and one of y, as a matrix.

    >>> from autograd import Tensor, outer
    >>> outer(Tensor([1.0, 2.0]), [3.0, 4.0])
    Tensor([[3., 4.],
            [6., 8.]])
    """
    x, y = ravel(x), ravel(y)
    return rows.reshape(x, shape=(x.size, 1)) * y


def tensordot(x: Any, y: Any, axes: Any = 2) -> Any:
    """The sum of products over pairs of axes: the last ones of x with the first ones of y, or those listed.

    >>> from autograd import Tensor, tensordot
    >>> tensordot(Tensor(np.ones((2, 3))), np.ones((3, 4)), axes=1).shape
    (2, 4)
    """
    x, y = array(x), array(y)
    if isinstance(axes, (int, np.integer)):
        left, right = tuple(range(x.ndim - axes, x.ndim)), tuple(range(axes))
    else:
        pair = [side if isinstance(side, (list, tuple)) else (side,) for side in axes]
        left, right = some_axes(tuple(pair[0]), x.ndim), some_axes(tuple(pair[1]), y.ndim)
    if [x.shape[k] for k in left] != [y.shape[k] for k in right]:
        raise ShapeError(
            f"tensordot(axes={axes!r}) sums over axes of equal length; the shapes are {x.shape}, {y.shape}"
        )
    kept_x = tuple(k for k in range(x.ndim) if k not in left)
    kept_y = tuple(k for k in range(y.ndim) if k not in right)
    summed = math.prod(x.shape[k] for k in left)
    lead, tail = tuple(x.shape[k] for k in kept_x), tuple(y.shape[k] for k in kept_y)
    flat_x = rows.reshape(rows.transpose(x, axes=kept_x + left), shape=(math.prod(lead), summed))
    flat_y = rows.reshape(rows.transpose(y, axes=right + kept_y), shape=(summed, math.prod(tail)))
    return rows.reshape(rows.matmul(flat_x, flat_y), shape=lead + tail)


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """The sum of a diagonal.

    >>> from autograd import Tensor, trace
    >>> trace(Tensor([[1.0, 2.0], [3.0, 4.0]])).item()
    5.0
    """
    return rows.sum(_diagonal(x, offset, axis1, axis2), axis=-1)


def multi_dot(xs: Sequence[Any]) -> Any:
    """The product of several matrices, from left to right."""
    product = array(xs[0])
    for x in xs[1:]:
        product = dot(product, x)
    return product


def einsum(subscripts: str, *operands: Any) -> Any:
    """Sums of products, named by letters: `einsum("ij,jk->ik", x, y)` is x @ y.

    Args:
        subscripts: numpy's notation with "..." for axes that are broadcast; without "->" the letters that occur once,
            in the order of the alphabet.

    >>> float(einsum("ii", np.array([[1.0, 2.0], [3.0, 4.0]])))
    5.0
    """
    if not isinstance(subscripts, str):
        raise OperandError('einsum() takes the subscripts as text first, as in einsum("ij,jk->ik", x, y)')
    given = [array(x) for x in operands]
    left, arrow, result = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(given):
        raise ShapeError(f"einsum({subscripts!r}) names {len(terms)} operands, got {len(given)}")
    if not arrow:
        letters = left.replace(",", "").replace("...", "")
        result = "..." * ("..." in left) + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    free = [c for c in "ZYXWVUTSRQPONMLKJIHGFEDCBAzyxwvutsrqponmlkjihgfedcba" if c not in subscripts]
    widest = builtins.max(
        (x.ndim - len(t.replace("...", "")) for t, x in zip(terms, given, strict=True) if "..." in t), default=0
    )
    dots = "".join(free[:widest])[::-1]
    for k, (term, x) in enumerate(zip(terms, given, strict=True)):
        if "..." in term:
            count = x.ndim - len(term.replace("...", ""))
            term = term.replace("...", dots[len(dots) - count :])
        if len(term) != x.ndim:
            raise ShapeError(
                f"einsum({subscripts!r}): {terms[k]!r} names {len(term)} axes, the operand has shape {x.shape}"
            )
        terms[k], given[k] = _without_repeats(term, x)
    return rows.einsum(*given, subscripts=f"{','.join(terms)}->{result.replace('...', dots)}")


def einsum_arguments(args: Sequence[Any], options: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """numpy's arguments as `einsum` takes them: operands with lists of numbers as letters, no `optimize=`."""
    options = {key: option for key, option in options.items() if key != "optimize"}
    if not args or isinstance(args[0], str):
        return tuple(args), options
    operands, lists = list(args[0 : 2 * (len(args) // 2) : 2]), list(args[1::2])
    result = [args[-1]] if len(args) % 2 else []
    letters = {n: chr(ord("a") + k) for k, n in enumerate(sorted({n for each in lists for n in each if n is not ...}))}
    terms = ["".join("..." if n is ... else letters[n] for n in each) for each in (*lists, *result)]
    return (f"{','.join(terms[: len(lists)])}{'->' + terms[-1] if result else ''}", *operands), options


def _without_repeats(term: str, x: Any) -> tuple[str, Any]:
    """A term that names a letter twice means the diagonal: taken here, so that each letter occurs once."""
    for letter in dict.fromkeys(term):
        while term.count(letter) > 1:
            first = term.index(letter)
            second = term.index(letter, first + 1)
            x = _diagonal(x, 0, first, second)
            term = term[:first] + term[first + 1 : second] + term[second + 1 :] + letter
    return term, x
