"""`ValueArray`, a numpy array of Values, on which numpy's functions keep the conventions that hold for a single number.

numpy goes through an array of objects by itself and asks each for a method of the function's name; that stays as it is.
But its maximum compares and takes one operand at a tie, the slope of its norm at zero is NaN, and half of its functions
refuse objects. Those are done here, with the rows of the table, one element after the other.
"""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from .. import ufuncs
from ..conversion import check_search, is_an_image, is_shown, warn_of_cast
from ..core import table
from ..errors import AutogradError, GraphError, OperandError
from ..mode import NOW, SPECIAL
from ..numbers.functions import clip, greater, less, root, where
from ..system.arrays import MASKED, RECORDED, TAKEN, check_array, check_class
from ..system.quiet import quietly
from ..tensor.functions import average
from ..tensor.numpy_protocol import name_of
from ..tensor.rules import norm_scale
from ..tensor.shapes import some_axes
from ..ufuncs import ELEMENTWISE
from .numpy_protocol import (
    CONDITIONS,
    FILLING,
    OF_NUMBERS,
    OUR_OWN,
    PLAIN,
    REFUSED,
    called,
    check_dtype,
    check_where,
    given,
    no_graph_in,
    says_nothing,
    takes_objects,
    traced,
)
from .value import Value, constant

OF_ONE: Final = {
    "grad": "write grads(array)",
    "backward": "it starts from one number: take .sum() or .mean() first, or a Value of the array, array.item()",
    "zero_grad": "write `for v in array.flat: v.grad = 0.0`",
    "detach": "write values(data(array))",
}
"""What a single Value has, and what to write for an array of them."""
EXTREMES: Final = {"maximum": table.maximum, "minimum": table.minimum}
NUMPY: Final = os.path.dirname(np.__file__) + os.sep


class ValueArray(np.ndarray[Any, np.dtype[np.object_]]):
    """What `values` makes: an array of objects like any other, but for the functions named above."""

    __array_priority__ = 1.0  # what numpy's own methods make of it and a plain array (`X.dot(W)`) is one too

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
        for operand in inputs:
            if hasattr(operand, "_apply_array"):
                return NotImplemented  # a Tensor says what it thinks of it
            check_array(operand)
        if method == "at":
            _check_in_place(inputs[0])
        if ufunc is np.divmod and method == "__call__":
            return np.floor_divide(*inputs, **options), np.remainder(*inputs, **options)
        if recorded := ufunc.__name__ in CONDITIONS and traced():
            options.pop("dtype", None)  # bool
        tells = not recorded and ufunc.__name__ in (*PLAIN, "equal", "not_equal")
        plain = [(_numbers if tells else _plain)(x) for x in inputs]
        if out is None:
            check_where(ufunc, method, options)
            found = _applied(ufunc, method, plain, options)
            if tells and ufunc is np.equal and np.size(found) != 1:
                check_search("an array of Values")
            return constant(float(found)) if type(found) in (int, float) else of_values(found)
        if len(out) > 1 or not isinstance(out[0], ValueArray):
            return called(ufunc, method, plain, {**options, "out": tuple(map(_plain, out))})
        if options.get("where", True) is not True:
            options["out"] = _plain(out[0]).copy()
        _store(out[0], ..., _applied(ufunc, method, plain, options))
        return out[0]

    def __setitem__(self, index: Any, new: Any) -> None:
        """In place, by the same rules as `W -= step`: plain numbers become new leaves."""
        _store(self, index, new)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        if any(hasattr(each, "_apply_array") for each in types):
            return NotImplemented
        if not is_shown():
            for kind in types:
                check_class(kind)
        return call_function(function, args, options)

    def std(self, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = False) -> Any:  # type: ignore[override]
        """The standard deviation; where it is 0, so is its derivative."""
        count = np.prod([self.shape[k] for k in some_axes(axis, self.ndim)])
        away = self - self.mean(axis=axis, keepdims=True)
        return norm(away, axis=axis, keepdims=keepdims) / math.sqrt(max(count - ddof, 0.0))

    def clip(self, min: Any = None, max: Any = None, out: Any = None) -> Any:  # type: ignore[override]
        """Between two bounds, either of which may be None; the derivative is 1 inside and at the bounds."""
        return _clip(self, min, max, out)

    def argmax(self, *args: Any, **options: Any) -> Any:
        """Where the largest number is."""
        return _numbers(self).argmax(*args, **options)

    def argmin(self, *args: Any, **options: Any) -> Any:
        """Where the smallest number is."""
        return _numbers(self).argmin(*args, **options)

    def argsort(self, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
        """The places in rising order of the numbers, equal ones in the order of the elements, NaN last."""
        return _numbers(self).argsort(axis=axis, kind="stable")

    def sort(self, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> None:
        """Bring the Values in rising order of their numbers, NaN last."""
        place = self.view(np.ndarray)
        place[...] = np.take_along_axis(place, self.argsort(axis), axis)

    def partition(self, kth: Any, axis: Any = -1, kind: Any = None, order: Any = None) -> None:
        """As `sort`, which is a partition at every place."""
        self.sort(axis)

    @staticmethod
    def _where(condition: Any, x: Any, y: Any) -> Any:
        """A choice for each element: a plain number that is chosen becomes a constant."""
        for operand in (condition, x, y):
            if hasattr(operand, "_apply_array"):
                return operand._where(condition, x, y)
        return _each(lambda each, a, b: _constant(where(each, a, b)), condition, x, y)

    def astype(self, dtype: Any, *args: Any, **options: Any) -> Any:
        """The same with elements of another type: their numbers, without the graph."""
        found = super().astype(dtype, *args, **options)
        if found.dtype.kind in "fc":
            warn_of_cast()
        return found if found.dtype == object else _plain(found)

    def fill(self, value: Any) -> None:
        """Assign to every element."""
        self[...] = value

    def put(self, indices: Any, new: Any, mode: Any = "raise") -> None:
        """Assign to elements by their place in a row."""
        np.put(self, indices, new, mode)

    @property
    def flat(self) -> Any:
        """All elements in a row. To be assigned to where it is a view of the array, read only where it is a copy."""
        row = self.reshape(-1)
        row.flags.writeable = np.may_share_memory(row, self)
        return row

    @flat.setter
    def flat(self, new: Any) -> None:
        self[...] = np.resize(np.asarray(new, dtype=object), self.shape)

    def __getattr__(self, name: str) -> Any:
        instead = OF_ONE.get(name, "")
        raise AttributeError(f"an array of Values has no {name}" + (f": {instead}" if instead else ""))

    @property
    def _mask(self) -> object:
        """What numpy's masked arrays ask for whatever meets them."""
        if not is_shown():
            raise OperandError(MASKED)
        if is_an_image():
            raise GraphError("an image is drawn from plain numbers: write data(array) for those of an array of Values")
        raise AttributeError("_mask")

    def __repr__(self) -> str:
        return repr(self.view(np.ndarray))


TAKEN.append(ValueArray)
RECORDED.append(lambda array: of_values(array))


def of_values(array: Any) -> Any:
    """An array of objects as one of Values, plain numbers in it as constants; anything else as it is."""
    if not isinstance(array, np.ndarray) or array.dtype != object:
        return _plain(array)
    if not all(map(_is_no_number, array.flat)):
        array = np.asarray(np.frompyfunc(_constant, 1, 1)(_plain(array)), dtype=object)
    return array.view(ValueArray)


def _is_no_number(x: Any) -> bool:
    return not isinstance(x, (float, int, np.number))


def _constant(x: Any) -> Any:
    return x if _is_no_number(x) else constant(float(x))


def call_function(function: Any, args: Any, options: Any) -> Any:
    """One of numpy's functions on arrays of Values, or on a Value."""
    name = name_of(function)
    ours = (_CHOOSING.get(name) if traced() else None) or FUNCTIONS.get(name)
    if ours is not None:
        return ours(*args, **options)
    if name == "einsum":  # optimised it would ask for types that numpy's faster functions take
        options.pop("optimize", None)
    if name.endswith("_like"):  # to be filled
        found = function._implementation(*args, **options)
        return found if found.dtype == object else _plain(found)
    if name in FILLING and isinstance(args[0], ValueArray):
        filled = _plain(args[0]).copy()
        function(filled, *args[1:], **options)
        args[0][...] = filled
        return None
    if name in REFUSED or name in ufuncs.INSTEAD:
        raise ufuncs.refusal(f"np.{name}", "Value")
    if name in OF_NUMBERS:
        ufuncs.check_weights(name, options, "Value")
        numbers = {key: _numbers(option) for key, option in options.items()}
        return function._implementation(*map(_numbers, args), **numbers)
    try:
        found = of_values(function._implementation(*args, **options))
        if type(found) in (int, type(None)) and name in ("dot", "vdot", "inner", "einsum"):  # of no elements
            return constant(0.0)
        return found[()] if isinstance(found, ValueArray) and not found.ndim else found
    except (TypeError, AttributeError) as error:
        if isinstance(error, AutogradError) or not _raised_by_numpy(error):
            raise
        raise ufuncs.refusal(f"np.{name}", "Value") from error


def _raised_by_numpy(error: BaseException) -> bool:
    """Whether numpy itself does not know what to do with the objects, rather than a function it was given."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_code.co_filename.startswith((NUMPY, __file__))


def _plain(x: Any) -> Any:
    return x.view(np.ndarray) if isinstance(x, ValueArray) else x


def _applied(ufunc: Any, method: str, inputs: list[Any], options: dict[str, Any]) -> Any:
    """An elementwise function of plain arrays of objects."""
    name = ufunc.__name__
    options = {key: option for key, option in options.items() if not says_nothing(key, option)}
    if name in CONDITIONS and traced():
        return getattr(np.frompyfunc(CONDITIONS[name], ufunc.nin, 1), method)(*inputs, **options)
    if name in PLAIN:
        return getattr(ufunc, method)(*inputs, **options)
    check_dtype(ufunc, options)
    ours = clip if name == "clip" else ELEMENTWISE.get(name)
    knows_objects = takes_objects(ufunc)
    if (ours is None and not knows_objects) or name in ufuncs.INSTEAD:
        raise ufuncs.refusal(f"{ufuncs.module_of(ufunc)}.{name}", "Value")
    if name in EXTREMES and method in ("accumulate", "reduceat"):
        raise ufuncs.refusal(f"np.{name}", "Value", "stack([...]) of the maxima of slices", f".{method}")
    if ours is None or (knows_objects and name not in OUR_OWN):
        try:
            return getattr(ufunc, method)(*inputs, **options)
        except (TypeError, AttributeError) as error:  # a plain number among the Values has no method of that name
            if isinstance(error, AutogradError) or ours is None or method != "__call__":
                raise
    if method == "reduce" and inputs[0].size and abs(options.get("initial", 0.0)) == math.inf:
        del options["initial"]  # nothing beside the elements
    if method == "reduce" and name in EXTREMES and "dtype" not in options and inputs[0].size:
        x, initial = inputs[0], options.get("initial")
        x = np.where(options["where"], x, initial) if "where" in options else x
        found = _extreme(ufunc, x, options.get("axis", 0), bool(options.get("keepdims", False)))
        return found if initial is None else quietly(np.frompyfunc(EXTREMES[name], 2, 1), found, initial)
    return quietly(getattr(np.frompyfunc(ours, ufunc.nin, 1), method), *inputs, **options)


def _each(function: Callable[..., Any], *operands: Any) -> Any:
    """A function of single numbers, applied to the elements of arrays one after the other."""
    return of_values(quietly(np.frompyfunc(function, len(operands), 1), *map(_plain, operands)))


def _numbers(x: Any) -> Any:
    """The numbers of what is recorded."""
    if isinstance(x, np.ndarray) and x.dtype == object:
        return np.asarray(np.frompyfunc(_number, 1, 1)(_plain(x)), dtype=float)
    return type(x)(map(_numbers, x)) if isinstance(x, (list, tuple)) else _number(_plain(x))


def _number(x: Any) -> Any:
    return x.item() if isinstance(x, Value) else x


def _store(target: ValueArray, index: Any, new: Any) -> None:
    """`W -= step` and `W[index] = new`, in place.

    Raises:
        OperandError: a Tensor, which is no element of an array of Values.
        GraphError: parameters would be replaced by results of an operation.
    """
    if hasattr(new, "_apply_array"):
        raise OperandError(
            "a Tensor (in a transform of arrays, an element of the argument too) is assigned into an array of Values: "
            "join the elements with stack([...]) or concatenate([...]) instead"
        )
    check_array(new)
    place = target.view(np.ndarray)
    old = np.asarray(place[index], dtype=object)
    if SPECIAL and NOW.paused and old.size and all(isinstance(each, Value) and each.is_leaf for each in old.flat):
        numbers = np.empty(old.shape)
        numbers[...] = _numbers(np.asarray(new, dtype=object))
        for leaf, number in zip(old.flat, numbers.flat, strict=True):
            leaf.data = number
        return
    elements = np.empty(old.shape, dtype=object)
    elements[...] = _plain(new)
    if not all(isinstance(each, Value) and each.is_leaf for each in elements.flat):
        _check_in_place(old)
    place[index] = np.frompyfunc(lambda x: x if hasattr(x, "_apply") else Value(x), 1, 1)(elements)


def _check_in_place(target: Any) -> None:
    if any(isinstance(each, Value) and each.kind == "parameter" for each in target.flat):
        raise GraphError(
            "an array of parameters is changed in place while a graph is recorded: its Values would be replaced by "
            "results, without name or mark; write it under no_grad(), `with no_grad(): W -= ...`, which moves them"
        )


# -------------------------------------------------------------------------------------- what numpy does differently


def _extreme(ufunc: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """The largest or the smallest along axes; where several are, they share the derivative evenly."""
    axes = some_axes(axis, x.ndim)
    kept = tuple(n for k, n in enumerate(x.shape) if k not in axes)
    rows = np.moveaxis(x, axes, range(-len(axes), 0)).reshape(*kept, -1) if axes else x[..., None]
    out = np.empty(kept, dtype=object)
    for index in np.ndindex(*kept):
        out[index] = _winner(EXTREMES[ufunc.__name__], list(rows[index]))
    if keepdims:
        return out.reshape([1 if k in axes else n for k, n in enumerate(x.shape)])
    return out if kept else out[()]


def _winner(rule: Any, elements: list[Any]) -> Any:
    if traced():
        return functools.reduce(rule, elements)
    numbers = [_number(each) for each in elements]
    top = functools.reduce(rule, numbers)
    winners = [each for each, number in zip(elements, numbers, strict=True) if number == top or top != top]
    if len(winners) == 1:
        return winners[0] if isinstance(winners[0], Value) else constant(float(winners[0]))
    if math.isinf(top):
        return functools.reduce(rule, winners)
    first, *others = winners
    return functools.reduce(lambda total, each: total + (each - first) / len(winners), others, first)


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """`np.linalg.norm`: the length of vectors, where that of the zero vector has slope 0; of matrices what numpy has.

    Raises:
        OperandError: the norm of a matrix takes its singular values.
    """
    x = of_values(np.asarray(x, dtype=object))
    axes = some_axes(axis, x.ndim)
    if ord is None or ord == "fro" or (ord == 2 and len(axes) == 1):
        scale = _scale(x, axis)
        squares = np.sum(np.square(x if scale is None else x / scale), axis=axis, keepdims=keepdims)
        found = _each(lambda s: root(s, 0.5), squares)
        return found if scale is None else found * (scale if keepdims else np.squeeze(scale, axes))
    size = _each(table.abs, x)
    if len(axes) == 2 and ord in (1, -1, math.inf, -math.inf):
        down, across = axes
        sums = np.sum(size, axis=down if ord in (1, -1) else across, keepdims=True)
        return (np.max if ord > 0 else np.min)(sums, axis=axes, keepdims=keepdims)
    if len(axes) != 1 or isinstance(ord, str) or ord == 0:
        raise ufuncs.refusal(f"np.linalg.norm(ord={ord!r})", "Value", what=f" over {len(axes)} axes")
    if ord in (math.inf, -math.inf):
        return (np.max if ord > 0 else np.min)(size, axis=axis, keepdims=keepdims)
    if ord == 1:
        return np.sum(size, axis=axis, keepdims=keepdims)
    powers = _each(lambda s: root(s, ord), size) if ord > 0 and ord % 1 else size**ord
    total = np.sum(powers, axis=axis, keepdims=keepdims)
    return _each(lambda s: root(s, 1.0 / ord), total) if ord > 1 else total ** (1.0 / ord)


def _scale(x: Any, axis: Any) -> Any:
    """By what the elements of a norm are divided; a compiler records it, for it does not know the numbers."""
    if not x.size:
        return None
    if traced():
        plain = NOW.tracer.plain
        top = np.max(np.abs(x), axis=axis, keepdims=True)
        return _each(lambda t: plain(where(greater(t, 0) & less(t, math.inf), t, 1.0)), top)
    return quietly(lambda n: norm_scale(n, np.sum(n * n, axis=axis), axis), _numbers(x))


def _without_nan(name: str, fill: float | None = None) -> Callable[..., Any]:
    """`np.nansum` and its kind: NaN filled in with a number, or left out, which is refused along an axis."""
    plain = getattr(np, name.removeprefix("nan"))

    def call(a: Any, *args: Any, **options: Any) -> Any:
        a = of_values(np.asarray(a, dtype=object))
        if fill is not None:
            return plain(np.where(np.isnan(a), fill, a), *args, **options)
        missing = np.isnan(_numbers(a))
        if missing.any():
            if a.ndim > 1 and (args or options.get("axis") is not None):
                raise OperandError(
                    f"np.{name} along an axis of Values with NaN among them: leave it out of each row, "
                    f"np.{plain.__name__}(row[~np.isnan(row)])"
                )
            a = a[~missing]
        return plain(a, *args, **options)

    return call


def _of_order(name: str) -> Callable[..., Any]:
    """`np.median` and its kind, for which numpy asks only an array of floats whether it holds NaN."""
    implementation = getattr(np, name)._implementation

    def call(a: Any, *args: Any, **options: Any) -> Any:
        a = of_values(np.asarray(a, dtype=object))
        if np.isnan(_numbers(a)).any():
            raise OperandError(f"np.{name} of Values with NaN among them: leave it out, np.{name}(v[~np.isnan(v)])")
        if name == "median":
            return implementation(a, *args, **options)
        q, *args = args or (options.pop("q"),)  # type: ignore[assignment]
        found = of_values(implementation(a, np.atleast_1d(q), *args, **options))
        return found if np.ndim(q) else found[0]

    return call


def _clip(a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None, max: Any = None) -> Any:
    low, high = (next(filter(given, pair), None) for pair in ((a_min, min), (a_max, max)))
    found = _each(clip, a, low, high)
    if out is None:
        return found
    if out.dtype != object:
        raise no_graph_in("clip")
    out[...] = found
    return out


def _average(a: Any, axis: Any, weights: Any, returned: bool, keepdims: bool) -> Any:
    if returned:
        raise ufuncs.refusal("np.average", "Value", "np.average(...) and np.sum(weights)", " with returned=")
    return average(of_values(np.asarray(a, dtype=object)), axis, weights, keepdims)


# fmt: off
FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "linalg.norm": norm,
    "linalg.vector_norm": lambda x, axis=None, keepdims=False, ord=2:
        norm(x if axis is not None else np.ravel(x), ord, axis, keepdims),
    "sinc": lambda x: _each(ufuncs.sinc, x),
    "average": lambda a, axis=None, weights=None, returned=False, keepdims=False:
        _average(a, axis, weights, returned, given(keepdims) and keepdims),
    "imag": lambda x: of_values(np.zeros(np.shape(x), dtype=object))[()],
    "clip": _clip,
    "nan_to_num": lambda x, copy=True, **fill: _each(lambda v: _constant(ufuncs.nan_to_num(v, **fill)), x),
    **{name: _without_nan(name, fill) for fill, names in (
        (0.0, ("nansum", "nancumsum")), (1.0, ("nanprod", "nancumprod")),
        (None, ("nanmean", "nanmax", "nanmin", "nanvar", "nanstd", "nanmedian", "nanpercentile", "nanquantile")),
    ) for name in names},
    **{name: _of_order(name) for name in ("median", "percentile", "quantile")},
    "std": lambda a, axis=None, dtype=None, out=None, ddof=0, keepdims=False:
        of_values(np.asarray(a, dtype=object)).std(axis, ddof=ddof, keepdims=keepdims),
}
# fmt: on
"""numpy's functions that are done here."""
_CHOOSING: Final[dict[str, Callable[..., Any]]] = {
    "where": lambda condition, x=None, y=None: (
        ValueArray._where(condition, x, y) if x is not None else NOW.tracer.refuse(condition, "np.where(condition)")
    ),
    "select": ufuncs.select,
}
"""Those that numpy does with bools, and that are done here with conditions that a compiler records."""
