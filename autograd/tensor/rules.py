"""The table continued: primitives whose result is not computed element by element.

Sums, products of matrices, changes of shape, selections. Each is its numpy value and, for every operand, the pullback:
the cotangent `g` of the result in, the cotangent of that operand out. Pullbacks are written in the primitives of these
two tables, so they work on plain arrays and, fed with `Tensor`s, record the graph of the derivative. What the tangent
of a result is follows from the kind:

* linear: the operation itself, on the tangents (sum, reshape, getitem);
* multilinear: the sum over the operands of the operation with that operand replaced (matmul, einsum);
* reduction: one number made of many, with a slope for each; both directions follow from it (max, prod, logsumexp);
* general: `push`, written out (log_softmax).

Broadcasting is undone by the driver, never here. Options (`axis=`, `shape=`) are keywords of the node.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from ..core.table import abs as absolute
from ..core.table import exp
from ..errors import ShapeError
from ..numbers.functions import equal, greater, less, where
from ..system.arrays import as_array
from ..system.quiet import quiet

Pull = Callable[..., Any]


class ArrayRule:
    """One row: an array primitive, which is also the function that applies it to arrays and Tensors.

    Args:
        name: numpy's name.
        value: the numpy computation, of the operands and keyword options.
        pulls: one pullback for each operand, called as `pull(g, out, *operands, **options)`.
        variadic: any number of operands; then there is one pullback, which is given the operand's index first.
        kind: "linear", "multilinear", "reduction" or "general".
        push: for the general kind, `push(tangents, out, *operands, **options)`.
        slope: for a reduction, the local derivative for each element, `slope(out, x, axis, keepdims)`.
        selects: there may be elements of an operand that nothing of the result arrives at, because they were not
            chosen: then the slope of a reduction is 0 there.
        whole: where the cotangents of all operands are computed together, the one pullback for them:
            `whole(g, out, operands, wanted, options)`, a list with None for what is not wanted.
    """

    def __init__(
        self, name: str, value: Callable[..., Any], *pulls: Pull, kind: str, push: Pull | None = None,
        slope: Pull | None = None, variadic: bool = False, selects: bool = False, whole: Pull | None = None,
        symbol: str = "",
    ) -> None:  # fmt: skip
        self.name, self.value, self.pulls, self.kind, self._push = name, value, pulls, kind, push
        self.slope, self.variadic, self.whole, self.symbol = slope, variadic, whole, symbol
        self.selects = selects or whole is not None

    def __call__(self, *operands: Any, **options: Any) -> Any:
        for operand in operands:
            carrier = getattr(operand, "_apply_array", None)
            if carrier is not None:
                return carrier(self, operands, options)
        return self.value(*operands, **options)

    def pull(self, index: int, g: Any, out: Any, operands: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """The cotangent of operand `index`."""
        if self.slope is not None:
            return _spread(g, operands[0].shape, **options) * self.slope(out, *operands, **options)
        if self.variadic:
            return self.pulls[0](index, g, out, *operands, **options)
        return self.pulls[index](g, out, *operands, **options)

    def push(self, tangents: list[Any], out: Any, operands: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """The tangent of the result; at least one of the tangents is not None."""
        if self._push is not None:
            return self._push(tangents, out, *operands, **options)
        if self.slope is not None:
            return sum(self.slope(out, *operands, **options) * tangents[0], **options)
        if self.kind == "linear":
            return self(
                *[zeros_like(x) if t is None else t for x, t in zip(operands, tangents, strict=True)], **options
            )
        total: Any = None
        for k, tangent in enumerate(tangents):
            if tangent is not None:
                term = self(*operands[:k], tangent, *operands[k + 1 :], **options)
                total = term if total is None else total + term
        return total

    def __repr__(self) -> str:
        return f"<array primitive {self.name}>"


def reduction(name: str, value: Callable[..., Any], slope: Pull, selects: bool = False) -> ArrayRule:
    """A row that makes one number of many: each element has a slope of its own."""

    def defaulted(out: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return slope(out, x, axis, keepdims)

    return ArrayRule(
        name, lambda x, axis=None, keepdims=False: value(x, axis=axis, keepdims=keepdims),
        kind="reduction", slope=defaulted, selects=selects,
    )  # fmt: skip


def zeros_like(x: Any) -> Any:
    """Zeros of the shape and dtype of an array or a Tensor, as a plain array."""
    return np.zeros(x.shape, x.dtype)


# --------------------------------------------------------------------------------------------------------- sums


def _spread(g: Any, shape: tuple[int, ...], axis: Any = None, keepdims: bool = False) -> Any:
    """A reduced array, laid out again over the axes it was reduced along."""
    if not keepdims and shape and g.shape:
        kept = list(shape)
        for k in axes_of(axis, len(shape)):
            kept[k] = 1
        g = reshape(g, shape=tuple(kept))
    return broadcast_to(g, shape=shape)


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes of a reduction as a tuple of non-negative numbers; None means all."""
    if axis is None:
        return tuple(range(ndim))
    return tuple(a % ndim if ndim else a for a in (axis if isinstance(axis, tuple) else (axis,)))


sum: ArrayRule = ArrayRule(
    "sum", lambda x, axis=None, keepdims=False: np.add.reduce(x, axis=axis, keepdims=keepdims),
    lambda g, out, x, axis=None, keepdims=False: _spread(g, x.shape, axis, keepdims),
    kind="linear",
)  # fmt: skip


def _broadcast(x: Any, shape: tuple[int, ...]) -> Any:
    if isinstance(x, float):  # of an array without axes, where `where` has chosen
        x = np.array(x)
    if x.size == 1 and len(x.shape) <= len(shape) and 0 not in shape and x.dtype != object:
        return np.ndarray(shape, x.dtype, np.ascontiguousarray(x), 0, (0,) * len(shape))  # several times faster
    return np.broadcast_to(x, shape)


broadcast_to: ArrayRule = ArrayRule(
    "broadcast_to", _broadcast,
    lambda g, out, x, shape: unbroadcast(g, x.shape),
    kind="linear",
)  # fmt: skip
cumsum: ArrayRule = ArrayRule(
    "cumsum", lambda x, axis: np.cumsum(x, axis=axis),
    lambda g, out, x, axis: flip(cumsum(flip(g, axis), axis=axis), axis),
    kind="linear",
)  # fmt: skip


def flip(x: Any, axis: int) -> Any:
    """The elements in reverse order along one axis."""
    return getitem(x, index=(slice(None),) * (axis % len(x.shape)) + (slice(None, None, -1),))


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """The adjoint of broadcasting: sum over the axes along which an operand of this shape was repeated."""
    if g.shape == shape:
        return g
    extra = len(g.shape) - len(shape)
    repeated = tuple(range(extra)) + tuple(k + extra for k, n in enumerate(shape) if n == 1 and g.shape[k + extra] != 1)
    if repeated:
        g = sum(g, axis=repeated)
    return g if g.shape == shape else reshape(g, shape=shape)


# ------------------------------------------------------------------------------------------------------- shapes

reshape: ArrayRule = ArrayRule(
    "reshape", lambda x, shape: np.reshape(x, shape),
    lambda g, out, x, shape: reshape(g, shape=x.shape),
    kind="linear",
)  # fmt: skip
transpose: ArrayRule = ArrayRule(
    "transpose", lambda x, axes=None: np.transpose(x, axes),
    lambda g, out, x, axes=None: transpose(g, axes=None if axes is None else _inverse(axes)),
    kind="linear",
)  # fmt: skip
astype: ArrayRule = ArrayRule(
    "astype", lambda x, dtype: x.astype(dtype),
    lambda g, out, x, dtype: astype(g, dtype=x.dtype),
    kind="linear",
)  # fmt: skip


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(k) for k in np.argsort([a % len(axes) for a in axes]))


def _joined(index: int, g: Any, out: Any, *operands: Any, axis: int) -> Any:
    before = 0
    for operand in operands[:index]:
        before += operand.shape[axis]
    part = slice(before, before + operands[index].shape[axis])
    return getitem(g, index=(slice(None),) * (axis % len(g.shape)) + (part,))


concatenate: ArrayRule = ArrayRule(
    "concatenate", lambda *xs, axis: np.concatenate(xs, axis=axis),
    _joined,
    kind="linear", variadic=True,
)  # fmt: skip

# ----------------------------------------------------------------------------------------------------- elements


def _put(g: Any, shape: tuple[int, ...], index: Any) -> Any:
    out = np.zeros(shape, g.dtype)
    if _is_basic(index) or _is_mask(index):
        out[index] = g
    elif g.size < 32 or g.dtype != np.float64:
        np.add.at(out, index, g)  # an element taken twice receives both
    else:
        places = np.arange(out.size).reshape(shape)[index].ravel()
        out = np.bincount(places, g.ravel(), out.size).reshape(shape)  # the same sums, several times faster
    return as_array(out) if out.dtype == object else out


def _is_mask(index: Any) -> bool:
    return isinstance(index, np.ndarray) and index.dtype == bool


def _is_basic(index: Any) -> bool:
    parts = index if isinstance(index, tuple) else (index,)
    return all(part is None or part is Ellipsis or isinstance(part, (int, slice, np.integer)) for part in parts)


getitem: ArrayRule = ArrayRule(
    "getitem", lambda x, index: as_array(x[index]),
    lambda g, out, x, index: put(g, shape=x.shape, index=index),
    kind="linear", selects=True,
)  # fmt: skip
put: ArrayRule = ArrayRule(
    "put", _put,
    lambda g, out, x, shape, index: getitem(g, index=index),
    kind="linear",
)  # fmt: skip


def _either(index: int, g: Any, out: Any, x: Any, y: Any, condition: Any) -> Any:
    return (
        choose(g, zeros_like(g), condition=condition) if index == 0 else choose(zeros_like(g), g, condition=condition)
    )


choose: ArrayRule = ArrayRule(
    "where", lambda x, y, condition: np.where(condition, x, y),
    _either,
    kind="linear", variadic=True, selects=True,
)  # fmt: skip

# ----------------------------------------------------------------------------------------------------- products


def _matmul(x: Any, y: Any) -> Any:
    try:
        return np.matmul(x, y)
    except ValueError:
        if np.ndim(x) == 0 or np.ndim(y) == 0:
            raise ShapeError(
                f"a product of matrices of shapes {np.shape(x)} and {np.shape(y)}: a single number is multiplied by *"
            ) from None
        if np.shape(x)[-1] == np.shape(y)[-2:][0]:
            raise
        raise ShapeError(
            f"a product of matrices of shapes {np.shape(x)} and {np.shape(y)}: the last axis of the first is "
            f"{np.shape(x)[-1]} long, the rows of the second are {np.shape(y)[-2:][0]}; has one to be transposed, W.T?"
        ) from None


def _matmul_pull_x(g: Any, out: Any, x: Any, y: Any) -> Any:
    if len(x.shape) == len(y.shape) == 2 and g.__class__ is y.__class__ is np.ndarray:  # the commonest, and fast
        return np.matmul(g, y.T)
    if len(x.shape) == 1 and len(y.shape) == 1:
        return g * y
    if len(x.shape) == 1:
        return sum(matmul(y, reshape(g, shape=(*g.shape, 1)))[..., 0], axis=tuple(range(len(y.shape) - 2)))
    if len(y.shape) == 1:
        return reshape(g, shape=(*g.shape, 1)) * y
    return unbroadcast(matmul(g, _flipped(y)), x.shape)


def _matmul_pull_y(g: Any, out: Any, x: Any, y: Any) -> Any:
    if len(x.shape) == 1 and len(y.shape) == 1:
        return g * x
    if len(y.shape) == 1:
        return sum(matmul(_flipped(x), reshape(g, shape=(*g.shape, 1)))[..., 0], axis=tuple(range(len(x.shape) - 2)))
    if len(x.shape) == 1:
        return reshape(x, shape=(x.shape[0], 1)) * reshape(g, shape=(*g.shape[:-1], 1, g.shape[-1]))
    if len(y.shape) == 2 and len(x.shape) > 2:  # one matrix for a whole stack: one product instead of a stack to sum
        rows = math.prod(x.shape[:-1])
        x, g = reshape(x, shape=(rows, x.shape[-1])), reshape(g, shape=(rows, g.shape[-1]))
    if len(x.shape) == len(y.shape) == 2 and isinstance(y, np.ndarray) and y.flags.fnc:
        return np.matmul(g.T, x).T  # laid out in memory as y is: of x @ W.T, the gradient of W is no transposed one
    if len(x.shape) == len(y.shape) == 2 and g.__class__ is x.__class__ is np.ndarray:
        return np.matmul(x.T, g)
    return unbroadcast(matmul(_flipped(x), g), y.shape)


def _flipped(x: Any) -> Any:
    """The last two axes exchanged."""
    n = len(x.shape)
    return transpose(x, axes=None if n == 2 else (*range(n - 2), n - 1, n - 2))


matmul: ArrayRule = ArrayRule(
    "matmul", _matmul,
    _matmul_pull_x,
    _matmul_pull_y,
    kind="multilinear", symbol="@",
)  # fmt: skip


def _einsum_pull(index: int, g: Any, out: Any, *operands: Any, subscripts: str) -> Any:
    """The cotangent takes the place of the operand, and the letters change sides."""
    left, _, result = subscripts.partition("->")
    letters = left.split(",")
    mine = letters[index]
    others = [*letters[:index], *letters[index + 1 :]]
    rest = [*operands[:index], *operands[index + 1 :]]
    reachable = set(result).union(*others) if others else set(result)
    kept = "".join(letter for letter in mine if letter in reachable)
    pulled = einsum(g, *rest, subscripts=f"{','.join([result, *others])}->{kept}")
    if kept != mine:  # a letter summed over in this operand alone: its cotangent is the same all along that axis
        lengths = iter(pulled.shape)
        shape = tuple(next(lengths) if letter in reachable else 1 for letter in mine)
        pulled = reshape(pulled, shape=shape)
    mine_shape = operands[index].shape
    pulled = unbroadcast(pulled, tuple(n if n == 1 else m for n, m in zip(mine_shape, pulled.shape, strict=True)))
    return pulled if pulled.shape == mine_shape else broadcast_to(pulled, shape=mine_shape)


einsum: ArrayRule = ArrayRule(
    "einsum", lambda *xs, subscripts: np.einsum(subscripts, *xs, optimize=len(xs) > 2),  # arrays of Values do without
    _einsum_pull,
    kind="multilinear", variadic=True,
)  # fmt: skip

# ----------------------------------------------------------------------------------- reductions with a derivative


def _extreme(name: str, value: Pull, loses: Pull) -> ArrayRule:
    """A row with slope 1 at the extreme element, shared evenly among ties (NaN ties with all); constant in its turn."""

    def winners(out: Any, x: Any, axis: Any, keepdims: bool) -> Any:
        plain, top = plain_array(x), _spread(plain_array(out), x.shape, axis, keepdims)
        won = (~loses(plain, top)).astype(plain.dtype)
        return won / np.sum(won, axis=axis, keepdims=True)

    return reduction(name, value, winners, selects=True)


def plain_array(x: Any) -> Any:
    """The numbers of a Tensor; an array as it is."""
    return x._data if hasattr(x, "_apply_array") else x


max: ArrayRule = _extreme("max", np.max, less)
min: ArrayRule = _extreme("min", np.min, greater)


def _products_of_the_others(x: Any, axis: Any) -> Any:
    """For every element the product of all others along the axes: exact also where some are zero."""
    ndim = len(x.shape)
    axes = axes_of(axis, ndim)
    kept = tuple(k for k in range(ndim) if k not in axes)
    order = (*kept, *axes)
    lead = tuple(x.shape[k] for k in kept)
    n = int(np.prod([x.shape[k] for k in axes]))
    if not x.size:
        return zeros_like(x)
    rows = reshape(transpose(x, axes=order), shape=(*lead, n))
    if isinstance(rows, np.ndarray):
        ones = np.ones((*lead, 1), rows.dtype)
        front = np.concatenate([ones, np.cumprod(rows[..., :-1], axis=-1)], axis=-1)
        back = np.concatenate([ones, np.cumprod(rows[..., :0:-1], axis=-1)], axis=-1)[..., ::-1]
        return np.transpose((front * back).reshape([x.shape[k] for k in order]), _inverse(order))
    columns = [rows[..., k] for k in range(n)]
    before: list[Any] = [np.ones(lead, x.dtype)]
    after: list[Any] = [np.ones(lead, x.dtype)]
    for k in range(n - 1):
        before.append(before[-1] * columns[k])
        after.append(after[-1] * columns[n - 1 - k])
    others = [reshape(before[k] * after[n - 1 - k], shape=(*lead, 1)) for k in range(n)]
    joined = concatenate(*others, axis=-1) if n > 1 else others[0]
    return transpose(reshape(joined, shape=tuple(x.shape[k] for k in order)), axes=_inverse(order))


prod: ArrayRule = reduction("prod", np.prod, lambda out, x, axis, keepdims: _products_of_the_others(x, axis))


def _finite_or_zero(x: Any) -> Any:
    """Infinities and NaN as 0: there is nothing to subtract; of recorded numbers one by one."""
    if x.dtype == object:
        return np.frompyfunc(lambda each: where(less(absolute(each), math.inf), each, 0.0), 1, 1)(x)
    return np.where(np.isfinite(x), x, 0.0).astype(x.dtype, copy=False)


@quiet
def _logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    top = np.max(x, axis=axis, keepdims=True)
    top = _finite_or_zero(top)
    total = np.sum(np.exp(x - top), axis=axis, keepdims=True)
    if x.dtype == object:
        # all -inf: nothing has a part in it; NaN is kept
        total = np.frompyfunc(lambda each: where(equal(each, 0), 0.0, each), 1, 1)(total)
    out = np.log(total) + top
    return out if keepdims else np.squeeze(out, axis=axes_of(axis, x.ndim))


def _share(out: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """exp(x - logsumexp(x)): the softmax; zero where everything is -inf."""
    top = _spread(out, x.shape, axis, keepdims)
    dead = plain_array(top) == -np.inf
    if np.any(dead):
        top = choose(zeros_like(x), top, condition=dead)
    return exp(x - top)


logsumexp: ArrayRule = reduction("logsumexp", _logsumexp, _share)


def _log_softmax(x: Any, axis: Any) -> Any:
    top = np.maximum.reduce(x, axis=axis, keepdims=True, initial=-np.inf)
    shifted = x - _finite_or_zero(top)
    return shifted - np.log(np.add.reduce(np.exp(shifted), axis=axis, keepdims=True))


log_softmax: ArrayRule = ArrayRule(
    "log_softmax", _log_softmax,
    lambda g, out, x, axis: g - exp(out) * sum(g, axis=axis, keepdims=True),
    kind="general",
    push=lambda tangents, out, x, axis: tangents[0] - sum(exp(out) * tangents[0], axis=axis, keepdims=True),
)  # fmt: skip


def _norm_slope(out: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """x / |x|, the direction; zero for the zero vector."""
    length = _spread(out, x.shape, axis, keepdims)
    zero = plain_array(length) == 0
    if np.any(zero):
        length = choose(zeros_like(x) + math.inf, length, condition=zero)  # so that all further derivatives are 0 too
    return x / length


@quiet
def _norm(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    if x.dtype == object:
        return np.linalg.norm(x, axis=axis, keepdims=keepdims)  # an array of Values has its own
    squares = np.sum(x * x, axis=axis, keepdims=keepdims)
    scale = norm_scale(x, squares, axis)
    if scale is None:
        return np.sqrt(squares)
    parts = x / scale
    lengths = np.sqrt(np.sum(parts * parts, axis=axis, keepdims=True)) * scale
    return lengths if keepdims else np.reshape(lengths, np.shape(squares))


def norm_scale(x: Any, squares: Any, axis: Any) -> Any:
    """By what numbers are divided whose squares leave the range of floats, the axes kept; None where none do."""
    safe = np.finfo(x.dtype).smallest_normal * 1e20 if x.dtype.kind == "f" else 0.0
    if np.all((squares > safe) & (squares < np.inf)):
        return None
    top = np.max(np.abs(x), axis=axis, keepdims=True, initial=0.0)
    scale = np.where((top > 0) & (top < np.inf), top, 1).astype(x.dtype, copy=False)
    return None if np.all(scale == 1) else scale


norm: ArrayRule = reduction("norm", _norm, _norm_slope)

ARRAY_TABLE: Final[dict[str, ArrayRule]] = {
    row.name: row for row in list(globals().values()) if isinstance(row, ArrayRule)
}
"""Every row by its name, in the order of this file."""
