"""What the table of rules is written in: functions that take a plain float or a numpy array.

A rule never asks what kind of number it was given; these functions do, once, here. Every other kind of number
(`Value`, `Tensor`, the compiler's symbols) is asked before it comes to this file: see `Rule.__call__`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from . import error_function, ieee
from .errors import OperandError

__all__ = [
    "abs",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "ceil",
    "clip",
    "cos",
    "cosh",
    "equal",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "floor",
    "greater",
    "greater_equal",
    "hypot",
    "less",
    "less_equal",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "maximum",
    "minimum",
    "power",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "tan",
    "tanh",
    "where",
]  # fmt: skip

Intrinsic = Callable[..., Any]


def _intrinsic(name: str, on_floats: Callable[..., float], on_arrays: Callable[..., Any]) -> Intrinsic:
    """One function for both kinds of plain number; an array among the operands decides."""

    def call(*operands: Any) -> Any:
        for operand in operands:
            if isinstance(operand, np.ndarray):
                return on_arrays(*operands)
        return on_floats(*map(_float, operands))

    call.__name__ = call.__qualname__ = name
    return call


def _float(x: Any) -> float:
    if isinstance(x, str):  # float("1.5") would read it
        raise OperandError(f"an operand must be a number, got str {x!r}; convert it first: float(text)")
    try:
        return float(x)
    except TypeError:
        remedy = "; for several numbers write np.array([...])" if isinstance(x, (list, tuple)) else ""
        raise OperandError(f"an operand must be a real number or an array, got {type(x).__name__}{remedy}") from None


abs = _intrinsic("abs", math.fabs, np.abs)
power = _intrinsic("power", ieee.power, np.power)
sqrt = _intrinsic("sqrt", ieee.sqrt, np.sqrt)
hypot = _intrinsic("hypot", ieee.hypot, np.hypot)
exp = _intrinsic("exp", ieee.exp, np.exp)
exp2 = _intrinsic("exp2", ieee.exp2, np.exp2)
expm1 = _intrinsic("expm1", ieee.expm1, np.expm1)
log = _intrinsic("log", ieee.log, np.log)
log2 = _intrinsic("log2", ieee.log2, np.log2)
log10 = _intrinsic("log10", ieee.log10, np.log10)
log1p = _intrinsic("log1p", ieee.log1p, np.log1p)
logaddexp = _intrinsic("logaddexp", ieee.logaddexp, np.logaddexp)
sin = _intrinsic("sin", ieee.sin, np.sin)
cos = _intrinsic("cos", ieee.cos, np.cos)
tan = _intrinsic("tan", ieee.tan, np.tan)
arcsin = _intrinsic("arcsin", ieee.arcsin, np.arcsin)
arccos = _intrinsic("arccos", ieee.arccos, np.arccos)
arctan = _intrinsic("arctan", ieee.arctan, np.arctan)
arctan2 = _intrinsic("arctan2", ieee.arctan2, np.arctan2)
sinh = _intrinsic("sinh", ieee.sinh, np.sinh)
cosh = _intrinsic("cosh", ieee.cosh, np.cosh)
tanh = _intrinsic("tanh", ieee.tanh, np.tanh)
arcsinh = _intrinsic("arcsinh", ieee.arcsinh, np.arcsinh)
arccosh = _intrinsic("arccosh", ieee.arccosh, np.arccosh)
arctanh = _intrinsic("arctanh", ieee.arctanh, np.arctanh)
erf = _intrinsic("erf", ieee.erf, error_function.erf)
erfc = _intrinsic("erfc", ieee.erfc, error_function.erfc)
maximum = _intrinsic("maximum", ieee.maximum, np.maximum)
minimum = _intrinsic("minimum", ieee.minimum, np.minimum)
sign = _intrinsic("sign", ieee.sign, np.sign)
floor = _intrinsic("floor", ieee.floor, np.floor)
ceil = _intrinsic("ceil", ieee.ceil, np.ceil)


# Comparisons: a float, a `Value` and a numpy array answer with bools; a symbol or a traced value with a condition.


def greater(x: Any, y: Any) -> Any:
    return x > y


def greater_equal(x: Any, y: Any) -> Any:
    return x >= y


def less(x: Any, y: Any) -> Any:
    return x < y


def less_equal(x: Any, y: Any) -> Any:
    return x <= y


def equal(x: Any, y: Any) -> Any:
    """x == y by value. (Between Values `==` is identity, so a carrier is asked for its `_equal`.)"""
    for operand in (x, y):
        ask = getattr(operand, "_equal", None)
        if ask is not None:
            return ask(x, y)
    return x == y


def where(condition: Any, x: Any, y: Any) -> Any:
    """x where the condition holds, else y. A single bool picks; the branch not taken is never touched."""
    for operand in (condition, x, y):
        choose = getattr(operand, "_where", None)
        if choose is not None:
            return choose(condition, x, y)
    if isinstance(condition, (bool, np.bool_)):
        chosen, other = (x, y) if condition else (y, x)
        if isinstance(other, np.ndarray) and other.ndim and np.shape(chosen) != other.shape:
            return np.where(condition, x, y)  # of the shape that both have together
        return chosen
    if isinstance(condition, np.ndarray):
        if type(x) is int and type(y) is int and x == 1 and y == 0:  # the slope of relu: ten times faster than np.where
            return condition.astype(np.float64)
        return np.where(condition, x, y)
    raise TypeError(
        f"where() expects a condition such as x > 0 (a bool or an array of bools), got {type(condition).__name__}"
    )


def clip(x: Any, low: Any, high: Any) -> Any:
    """x between `low` and `high`, else the edge it is beyond. At the edge it is x that is chosen: derivative 1."""
    return where(less(x, low), low, where(greater(x, high), high, x))
