"""What numpy's elementwise functions do when they are given a Value, alone or beside arrays: `np.maximum(v, 0.0)`.

(Arrays of Values are in `value_array.py`. A plain array of objects numpy goes through by itself, asking each Value for
a method of the function's name; what it does by comparing, such as `np.maximum` of two such arrays, never comes here.)
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from ..errors import AutogradError, OperandError
from ..mode import NOW, TRACING
from ..numbers.functions import equal, less
from ..system.arrays import RECORDED, check_array
from ..ufuncs import ELEMENTWISE, HISTOGRAMS, INSTEAD, module_of, refusal

PLAIN: Final = frozenset(
    ("isfinite", "isinf", "isnan", "signbit", "logical_and", "logical_not", "logical_or", "logical_xor")
)
"""What tells something about numbers: no function to differentiate."""
OPERATORS: Final[dict[str, Callable[..., Any]]] = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "negative": operator.neg, "absolute": abs, "power": operator.pow, "floor_divide": operator.floordiv,
    "remainder": operator.mod, "positive": operator.pos, "divmod": divmod,
}  # fmt: skip
"""What numpy does with objects by Python's operators."""
CONDITIONS: Final[dict[str, Callable[..., Any]]] = {
    "greater": operator.gt, "greater_equal": operator.ge, "less": operator.lt, "less_equal": operator.le,
    "equal": equal, "not_equal": lambda x, y: ~equal(x, y), "isnan": lambda x: ~equal(x, x),
    "isfinite": lambda x: equal(x - x, 0.0), "isinf": lambda x: equal(abs(x), math.inf),
    "signbit": lambda x: less(x, 0.0) | (equal(x, 0.0) & less(1.0 / x, 0.0)),
    "logical_and": operator.and_, "logical_or": operator.or_, "logical_xor": lambda x, y: (x & ~y) | (~x & y),
    "logical_not": operator.invert,
}  # fmt: skip
"""What is a bool, and a recorded condition while a compiler traces."""

OF_NUMBERS: Final = frozenset(
    (
        "allclose", "common_type", "digitize", *HISTOGRAMS, "isclose", "isneginf", "isposinf",
        "isreal", "iscomplex", "min_scalar_type", "result_type", "searchsorted", "array_equal", "array_equiv",
        "argpartition", "isin", "lexsort", "nanargmax", "nanargmin",
    )
)  # fmt: skip
"""numpy's functions that tell something about the numbers."""
FILLING: Final = frozenset(("copyto", "fill_diagonal", "place", "put", "put_along_axis", "putmask"))
"""numpy's functions that write into their first operand."""
REFUSED: Final = frozenset(("unique", "angle"))
"""Those that would ask whether two Values are one, or take each for a positive number."""
OUR_OWN: Final = frozenset(("maximum", "minimum", "sign", "floor", "ceil", "clip"))
"""What numpy would do with objects in another way."""


def traced() -> bool:
    """Whether a compiler calls the function that is at work."""
    return bool(TRACING) and NOW.tracer is not None


def call_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """`Value.__array_ufunc__`."""
    name = ufunc.__name__
    for operand in inputs:
        check_array(operand)
        if hasattr(operand, "_apply_array"):
            return NotImplemented  # a Tensor says what it thinks of it
    if name in CONDITIONS and traced():
        if method == "__call__" and not any(isinstance(x, np.ndarray) for x in inputs):
            return CONDITIONS[name](*inputs)
        ufunc = np.frompyfunc(CONDITIONS[name], ufunc.nin, 1)
    elif name in PLAIN:
        return getattr(ufunc, method)(*[x.item() if hasattr(x, "_apply") else x for x in inputs], **options)
    if method == "__call__" and not options:
        if name in OPERATORS and not any(isinstance(x, np.ndarray) and x.ndim for x in inputs):
            return OPERATORS[name](*[x.item() if isinstance(x, (np.ndarray, np.generic)) else x for x in inputs])
        if name in ELEMENTWISE and name not in OPERATORS:
            return ELEMENTWISE[name](*inputs)
        of_numpy = hasattr(np, name) or not name.isidentifier()  # numpy's vectorized ones have no name
        if name in INSTEAD or not takes_objects(ufunc) or not of_numpy:
            raise refusal(f"{module_of(ufunc)}.{name}", "Value")
    found = called(ufunc, method, [_boxed(x) if hasattr(x, "_apply") else x for x in inputs], options)
    return RECORDED[0](found) if isinstance(found, np.ndarray) and found.dtype == object else found


def takes_objects(ufunc: Any) -> bool:
    """Whether it goes through arrays of objects, and is no function of whole numbers as `gcd` is."""

    def takes(kind: str) -> bool:
        return any(set(types) <= {kind, *"->?"} for types in ufunc.types)

    return takes("O") and (takes("d") or not hasattr(np, ufunc.__name__))


def check_dtype(ufunc: Any, options: dict[str, Any]) -> None:
    """Refuse results that are to be plain numbers, as of `np.mean(xs, dtype=float)`.

    Raises:
        OperandError: they are.
    """
    dtype = options.get("dtype")
    if dtype is not None and np.dtype(dtype) != object and ufunc.__name__ not in (*PLAIN, *CONDITIONS):
        raise OperandError(
            f"np.{ufunc.__name__}(dtype=...) asks for plain numbers, which have no graph: leave dtype= away, "
            "or take data(xs), the numbers alone"
        )


def says_nothing(key: str, option: Any) -> bool:
    """Whether an option of a function is what it would be anyway."""
    return (
        (option is None and key != "axis")
        or type(option).__name__ == "_NoValueType"
        or (key == "where" and option is True)
        or key in ("casting", "subok")
    )


def check_where(ufunc: Any, method: str, options: dict[str, Any]) -> None:
    """Refuse a mask that leaves elements without a result."""
    if options.get("where", True) is True or (method == "reduce" and given(options.get("initial"))):
        return
    if ufunc.__name__ in PLAIN:
        return
    name = f"np.{ufunc.__name__}"
    instead = f"np.where(mask, {name}(v), v)" if method == "__call__" else "v[mask], or np.where(mask, v, 0.0)"
    raise refusal(name, "Value", instead, " with where=")


def given(option: Any) -> bool:
    """Whether an option was given at all."""
    return option is not None and type(option).__name__ != "_NoValueType"


def called(ufunc: Any, method: str, inputs: Sequence[Any], options: dict[str, Any]) -> Any:
    """numpy's own way through arrays of objects.

    Raises:
        OperandError: the results are to be plain numbers, or written among such (`acc += v`).
    """
    check_dtype(ufunc, options)
    try:
        return getattr(ufunc, method)(*inputs, **options)
    except TypeError as error:
        out = options.get("out")
        if isinstance(error, AutogradError) or out is None or all(x is None or x.dtype == object for x in out):
            raise
        raise no_graph_in(ufunc.__name__) from error


def no_graph_in(name: str) -> OperandError:
    """The error for results that are to be written into an array of plain numbers."""
    return OperandError(
        f"np.{name}() into an array of plain numbers (out=, or as in acc += v): it holds no graph; "
        "write acc = acc + v, or make it with values(np.zeros(n))"
    )


def _boxed(value: Any) -> Any:
    """A Value in an array of objects, which numpy goes through by itself."""
    box = np.empty((), dtype=object)
    box[()] = value
    return box
