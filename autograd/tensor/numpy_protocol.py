"""What numpy's own functions do when they are given a Tensor: `np.exp(t)`, `np.sum(t, axis=0)`, `array @ t`.

Three lists decide: what is differentiated and by which function of ours, what gives a plain result because it has no
derivative (comparisons, shapes, positions), and, for some of all the rest, what to use instead. Everything not listed
raises a TypeError: a graph is never lost silently.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Final

from .. import ufuncs
from ..core import table as rules
from ..core.rule import Rule
from ..errors import OperandError
from ..numbers.functions import where
from ..ufuncs import ELEMENTWISE
from . import functions as compute
from . import rules as rows
from . import shapes

Function = Callable[..., Any]


def _names(text: str) -> list[str]:
    return text.split()


UFUNCS: Final[dict[str, Function]] = {
    **ELEMENTWISE,
    "matmul": rows.matmul,
    "vecdot": compute.vecdot,
    "matvec": compute.matvec,
    "vecmat": compute.vecmat,
    "clip": compute.clip,
    "divmod": lambda x, y: (rules.floor_divide(x, y), rules.remainder(x, y)),
}
"""numpy's elementwise functions that are differentiated."""

REDUCTIONS: Final[dict[str, Function]] = {
    "add": rows.sum,
    "multiply": rows.prod,
    "maximum": rows.max,
    "minimum": rows.min,
    "logaddexp": rows.logsumexp,
}
"""What `reduce` of a ufunc is."""

PLAIN_UFUNCS: Final = frozenset(
    _names(
        "equal greater greater_equal isfinite isinf isnan less less_equal logical_and logical_not logical_or "
        "logical_xor not_equal signbit"
    )
)
"""Those whose result is no function to differentiate: an array of bools."""

FUNCTIONS: Final[dict[str, Function]] = {
    **{
        name: getattr(compute, name)
        for name in _names(
            "average clip cumsum diff dot einsum inner max mean min outer prod ptp std sum tensordot trace var vdot"
        )
    },
    **{
        name: getattr(shapes, name)
        for name in _names(
            "array_split atleast_1d atleast_2d broadcast_arrays broadcast_to column_stack concatenate diag diagonal "
            "expand_dims flip fliplr flipud hstack matrix_transpose moveaxis pad ravel repeat reshape roll rot90 sort "
            "split squeeze stack swapaxes take take_along_axis tile transpose tril triu unstack vstack where"
        )
    },
    "amax": compute.max,
    "amin": compute.min,
    "append": lambda x, values, axis=None: shapes.concatenate([x, values], axis),
    "astype": shapes.astype,
    "copy": rules.identity,
    "hsplit": lambda x, parts: shapes.split(x, parts, 0 if x.ndim == 1 else 1),
    "vsplit": lambda x, parts: shapes.split(x, parts, 0),
    "dsplit": lambda x, parts: shapes.split(x, parts, 2),
    "nan_to_num": ufuncs.nan_to_num,
    "real": rules.identity,
    "real_if_close": lambda x: x,
    "imag": lambda x: where(True, 0.0, x),
    "select": ufuncs.select,
    "sinc": ufuncs.sinc,
    "linalg.diagonal": lambda x, offset=0: shapes.diagonal(x, offset, -2, -1),
    "linalg.matmul": rows.matmul,
    "linalg.matrix_transpose": shapes.matrix_transpose,
    "linalg.multi_dot": compute.multi_dot,
    "linalg.norm": compute.norm,
    "linalg.outer": compute.outer,
    "linalg.tensordot": compute.tensordot,
    "linalg.trace": lambda x, offset=0: compute.trace(x, offset, -2, -1),
    "linalg.vecdot": compute.vecdot,
    "linalg.vector_norm": lambda x, axis=None, keepdims=False, ord=2: compute.norm(
        x if axis is not None or ord == 2 else shapes.ravel(x), None if ord == 2 else ord, axis, keepdims
    ),
}
"""numpy's other functions that are differentiated."""

PLAIN_FUNCTIONS: Final = frozenset(
    _names(
        "all allclose any argmax argmin argpartition argsort argwhere array2string array_equal array_equiv array_repr "
        "array_str can_cast common_type count_nonzero diag_indices_from digitize empty_like flatnonzero isclose "
        "iscomplex iscomplexobj isin isneginf isposinf isreal isrealobj lexsort "
        "may_share_memory min_scalar_type nanargmax nanargmin ndim nonzero ones_like result_type searchsorted shape "
        "shares_memory size tril_indices_from triu_indices_from zeros_like"
    )
) | frozenset(ufuncs.HISTOGRAMS)
"""Those that tell something about an array which has no derivative: shapes, positions, truths, texts."""

_NAN: Final = "where(np.isnan(t.data), 0.0, t) first, then np.{plain}()"
_QUANTILE: Final = "sort() and an index, or np.{name}(t.data) for a plain result"
_LINALG: Final = "what matmul() and einsum() express, or np.{name}(t.data) for a plain result"
INSTEAD: Final[dict[str, str]] = {
    **dict.fromkeys(("nansum", "nanprod", "nanmean", "nanmax", "nanmin", "nanvar", "nanstd", "nancumsum"), _NAN),
    **dict.fromkeys(("median", "percentile", "quantile", "partition"), _QUANTILE),
    "piecewise": "where(condition, x, y), nested",
    "choose": "where(condition, x, y), nested",
    "compress": "t[mask]",
    "extract": "t[mask]",
    "delete": "t[mask]",
    "insert": "concatenate([...])",
    "block": "concatenate([...])",
    "dstack": "stack([...], axis=2)",
    "atleast_3d": "reshape()",
    "rollaxis": "moveaxis()",
    "diagflat": "np.diag(t.ravel())",
    "cumulative_sum": "cumsum()",
    "kron": "einsum()",
    "cross": "einsum()",
    "put": "where(condition, new, t): a Tensor is not changed in place",
    "place": "where(condition, new, t): a Tensor is not changed in place",
    "putmask": "where(condition, new, t): a Tensor is not changed in place",
    "put_along_axis": "where(condition, new, t): a Tensor is not changed in place",
    "fill_diagonal": "where(condition, new, t): a Tensor is not changed in place",
    "full_like": "np.full_like(t.data, number)",
    "copyto": "a new array: a plain one cannot hold a graph; copy t.data for the numbers",
    "save": "np.save(file, t.data)",
    "linalg.matrix_power": "t @ t",
    "linalg.matrix_norm": "np.linalg.norm(t)",
}


def name_of(function: Any) -> str:
    """`sum`, `linalg.norm`: the name of one of numpy's functions below `np.`."""
    room = str(getattr(function, "__module__", "")).removeprefix("numpy").lstrip(".")
    return f"{room}.{function.__name__}" if room in ("linalg", "fft") else str(function.__name__)


def refusal(name: str, what: str = "", module: str = "np") -> OperandError:
    """The error for what is not differentiated, naming what is."""
    instead = _LINALG if name.startswith("linalg.") else ""
    instead = INSTEAD.get(name, instead).replace("{plain}", name.removeprefix("nan"))
    return ufuncs.refusal(f"{module}.{name}", "Tensor", instead, what)


def call_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """`Tensor.__array_ufunc__`."""
    name = ufunc.__name__
    if method == "__call__" and not options and name in UFUNCS:
        return UFUNCS[name](*inputs)
    if name in PLAIN_UFUNCS:
        return getattr(ufunc, method)(*map(plain_numbers, inputs), **_plain_options(name, options))
    given = {key: value for key, value in options.items() if not _is_default(key, value)}
    if method == "__call__" and name in UFUNCS:
        _refuse(name, given, {"axis"} if name == "vecdot" else set())
        return UFUNCS[name](*inputs, **given)
    if method == "reduce" and name in REDUCTIONS:
        _refuse(f"{name}.reduce", given, {"axis", "keepdims"})
        axis = options.get("axis", 0)
        return REDUCTIONS[name](inputs[0], axis=axis, keepdims=bool(options.get("keepdims", False)))
    if method == "accumulate" and name == "add":
        _refuse("add.accumulate", given, {"axis"})
        return rows.cumsum(inputs[0], axis=options.get("axis", 0))
    if method == "outer" and name in rules.TABLE and name in UFUNCS:
        _refuse(f"{name}.outer", given, set())
        x, y = map(shapes.array, inputs)
        return UFUNCS[name](rows.reshape(x, shape=x.shape + (1,) * y.ndim), y)
    raise refusal(name, "" if method == "__call__" else f".{method}", ufuncs.module_of(ufunc))


def call_function(function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """`Tensor.__array_function__`."""
    name = name_of(function)
    if name == "sort":  # in whatever way it is done
        options = {key: option for key, option in options.items() if key not in ("kind", "stable")}
    if name in PLAIN_FUNCTIONS:
        ufuncs.check_weights(name, options, "Tensor")
        return function(*plain_numbers(args), **_plain_options(name, options))
    ours = FUNCTIONS.get(name)
    if ours is None or (name == "where" and len(args) == 1):
        raise refusal(name)
    if name == "einsum":
        args, options = compute.einsum_arguments(args, options)
    operands, given = _arguments(name, function, ours, args, options)
    return ours(*operands, **given)


_signature = functools.cache(inspect.signature)  # it takes longer than many an operation


def _arguments(
    name: str, function: Any, ours: Function, args: tuple[Any, ...], options: dict[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of numpy's function as those of ours: operands by position, options by name, defaults left out."""
    try:
        signature = _signature(function)
    except ValueError:  # a function of numpy's that is written in C
        return list(args), {key: value for key, value in options.items() if not _is_default(key, value)}
    wanted = () if isinstance(ours, (Rule, rows.ArrayRule)) else tuple(_signature(ours).parameters)
    operands: list[Any] = []
    given: dict[str, Any] = {}
    for key, value in signature.bind(*args, **options).arguments.items():
        parameter = signature.parameters[key]
        if parameter.kind is parameter.VAR_POSITIONAL:
            operands += value
        elif parameter.kind is parameter.VAR_KEYWORD:
            given |= {k: v for k, v in value.items() if not _is_default(k, v)}
        elif parameter.default is parameter.empty and not given:
            operands.append(value)
        elif not _is_default(key, value) and not (
            type(value) is type(parameter.default) and value == parameter.default
        ):
            given[key] = value
    _refuse(name, given, set(wanted))
    return operands, given


def _is_default(key: str, value: Any) -> bool:
    """Whether an option says nothing: None, numpy's mark for "not given", or what it would be anyway."""
    if value is None or type(value).__name__ == "_NoValueType":
        return key != "axis" or value is not None
    if isinstance(value, tuple) and key == "out":
        return all(part is None for part in value)
    return (key == "where" and value is True) or (
        key in ("casting", "order", "subok", "mode") and _harmless(key, value)
    )


def _harmless(key: str, value: Any) -> bool:
    return value in {"casting": ("same_kind",), "order": ("K", "C"), "subok": (True, False), "mode": ("raise",)}[key]


def _refuse(name: str, given: dict[str, Any], known: set[str]) -> None:
    instead = {
        "out": "a Tensor is never written into, nor its graph into a plain array: use what the function returns",
        "where": "select with where(condition, x, y) first",
        "dtype": "use .astype(dtype)",
    }
    for key in given:
        if key not in known:
            remedy = instead.get(key, "leave it out, or compute with t.data")
            raise OperandError(f"np.{name}() with {key}= is not differentiated: {remedy}")


def _plain_options(name: str, options: dict[str, Any]) -> dict[str, Any]:
    out = options.get("out")
    for target in out if isinstance(out, tuple) else (out,):
        if hasattr(target, "_apply_array"):
            _refuse(name, {"out": target}, set())
    numbers: dict[str, Any] = plain_numbers(options)
    return numbers


def plain_numbers(thing: Any) -> Any:
    """The same with the plain array in the place of every Tensor."""
    if isinstance(thing, dict):
        return {key: plain_numbers(each) for key, each in thing.items()}
    if isinstance(thing, (list, tuple)):
        return type(thing)(map(plain_numbers, thing))
    return rows.plain_array(thing)
