"""What the table of rules is written in: functions that take a plain float or a numpy array.

A rule never asks what kind of number it was given; these functions do, once, here. Every other kind of number
(`Value`, `Tensor`, the compilers' symbols) is asked before it comes to this file: see `Rule.__call__`.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import OperandError
from ..system.arrays import check_array
from . import error_function, ieee


@functools.cache
def machine(name: str, c: str, has_formula: bool = False) -> Any:
    """A function of the machine for both kinds of plain number; an array among the operands decides.

    Args:
        name: what numpy calls it, or `error_function.py` where numpy lacks it.
        c: what C and Python's `math` call it. Where they lack it, or raise an exception where IEEE 754 has a special
            value, `ieee.py` has it under numpy's name.
        has_formula: whether the row says it in other rows, for a machine that lacks it.

    Raises:
        OperandError: C lacks it, and there is no formula either.
    """
    if not c and not has_formula:
        raise OperandError(f"{name} is no function of C's: give its formula in other rows, formula=lambda x: ...")
    on_floats = getattr(ieee, name, None) or getattr(math, c)
    on_arrays = getattr(error_function, name, None) or getattr(np, name)

    def call(*operands: Any) -> Any:
        for operand in operands:
            if isinstance(operand, np.ndarray):
                return on_arrays(*operands)
        out = on_floats(*map(_float, operands))
        for operand in operands:
            if isinstance(operand, np.floating):  # what numpy makes of an array without axes: so is the result
                return np.result_type(*operands).type(out)
        return out

    call.__name__ = call.__qualname__ = name
    call.on_arrays = on_arrays  # type: ignore[attr-defined]
    return call


def checked_partials(name: str, operands: tuple[str, ...], partials: Sequence[Any]) -> list[tuple[str, ...]]:
    """What each derivative of a row asks for, by name.

    Raises:
        OperandError: there is not one for each operand, or one asks for what there is not.
    """
    if len(operands) != len(partials):
        raise OperandError(
            f"{name} has {len(operands)} operands {operands} and {len(partials)} derivatives: "
            f"give one derivative for each operand"
        )
    wanted = [tuple(inspect.signature(formula).parameters) for formula in partials]
    if unknown := {name for names in wanted for name in names} - {*operands, "out"}:
        raise OperandError(
            f"a derivative of {name} asks for {sorted(unknown)}: it may name the operands {operands} and out"
        )
    return wanted


def _float(x: Any) -> float:
    if isinstance(x, str):  # float("1.5") would read it
        raise OperandError(f"an operand must be a number, got str {x!r}; convert it first: float(text)")
    try:
        return float(x)
    except TypeError:
        remedy = "; for several numbers write np.array([...])" if isinstance(x, (list, tuple)) else ""
        raise OperandError(f"an operand must be a real number or an array, got {type(x).__name__}{remedy}") from None


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
    """x where the condition holds, else y. A single bool picks; the branch not taken is never touched.

    >>> from autograd import Value, where
    >>> x = Value(-2.0)
    >>> y = where(x > 0, x, 0.1 * x)
    >>> y.backward(); (y.data, x.grad)
    (-0.2, 0.1)
    """
    if type(condition) is np.ndarray and type(x) is int and type(y) is int and x == 1 and y == 0:
        return condition.astype(np.float64)  # the slope of relu: ten times faster than np.where
    for operand in (condition, x, y):
        check_array(operand)
    for operand in (condition, x, y):
        choose = getattr(operand, "_where", None)
        if choose is not None:
            return choose(condition, x, y)
    if isinstance(condition, (bool, np.bool_)):
        chosen, other = (x, y) if condition else (y, x)
        if isinstance(other, np.ndarray) and not (isinstance(chosen, np.ndarray) and chosen.shape == other.shape):
            return np.where(condition, x, y)  # an array, of the shape that both have together
        return chosen
    if isinstance(condition, np.ndarray):
        return np.where(condition, x, y)
    raise TypeError(
        f"where() expects a condition such as x > 0 (a bool or an array of bools), got {type(condition).__name__}"
    )


def clip(x: Any, low: Any, high: Any) -> Any:
    """x between `low` and `high` (None: no bound), else the edge it is beyond, at which x is chosen: derivative 1.

    >>> from autograd import Value, clip
    >>> x = Value(2.0)
    >>> y = clip(x, 0, 1)
    >>> y.backward(); (y.data, x.grad)
    (1.0, 0.0)
    """
    low, high = (np.asarray(bound) if isinstance(bound, (list, tuple)) else bound for bound in (low, high))
    low, high = -math.inf if low is None else low, math.inf if high is None else high
    if not isinstance(crossed := less(high, low), (bool, np.bool_)) or crossed:
        low = where(crossed, high, low)  # as in numpy, the upper bound has the last word
    return where(less(x, low), low, where(greater(x, high), high, x))


def root(x: Any, power: float) -> Any:
    """x, which is not below 0, to a power; at 0 with slope 0, to all orders. What norms are made of."""
    return where(equal(x, 0), 0.0 * x, x**power)
