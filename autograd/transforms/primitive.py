"""`@primitive`: a row of one's own, on the same footing as the rows of the table."""

from __future__ import annotations

import functools
import inspect
import keyword
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..carrier import describe
from ..core.rule import Formula, Rule
from ..errors import AutogradError, OperandError, ShapeError


def primitive(value: Formula | None = None, /, *derivatives: Formula, **options: Any) -> Any:
    """Make a primitive of your own, on the same footing as the rows of the table.

    Args:
        derivatives: one function per operand. Each names what it needs: operands (by the names your function gives
            them) and `out`, the result; written in ordinary arithmetic and the functions of this library, so that
            it can be differentiated again, drawn and compiled.

    Raises:
        OperandError: there is not one derivative for each operand, or one asks for what it cannot have.

    >>> from autograd import Value
    >>> @primitive(lambda x: 3 * x * x)
    ... def cube(x):
    ...     return x * x * x
    >>> v = Value(2.0)
    >>> cube(v).backward(); v.grad
    12.0
    """
    if isinstance(value, Rule):
        raise OperandError(f"{value.name} is a primitive already")
    first = () if value is None else (value,)
    derivatives = (*first, *derivatives)
    remedy = "give the derivative too: @primitive(lambda x, out: ...), one for each operand"

    def make(function: Formula) -> Rule:
        if not callable(function):  # `@primitive` without a derivative made a decorator of the function itself
            raise OperandError(remedy)
        doc = (inspect.getdoc(function) or "a user's own primitive").partition("\n")[0]
        name = _named(function)
        partials = [_checked(f"the derivative of {name}", each, _is_no_wider) for each in derivatives]
        row = Rule(name, _checked(name, function, operator.eq), *partials, **{"doc": doc, **options})
        row.__module__ = function.__module__  # where pickle finds it by its name
        return row

    if options.get("symbol"):
        raise OperandError("the operators are the table's: a primitive of one's own is called by its name, no symbol=")
    if not derivatives or any(not callable(d) for d in derivatives):
        raise OperandError(remedy)
    return make


def _checked(name: str, function: Formula, fits: Callable[[Any, Any], bool]) -> Formula:
    """The same; where it is given arrays it is held to give numbers for them, in a shape that fits theirs."""

    @functools.wraps(function)  # with its signature: the names of the operands
    def checked(*given: Any) -> Any:
        if not any(isinstance(each, np.ndarray) and each.dtype != object for each in given):
            return function(*given)
        try:
            out = function(*given)
            numbers = np.asarray(out)
        except (TypeError, ValueError) as error:
            if isinstance(error, AutogradError):
                raise
            raise OperandError(
                f"{name} is given whole arrays by Tensors: write numpy's functions or autograd's in the place of "
                f"math's, and where(condition, x, y) in the place of if ({error})"
            ) from error
        if numbers.dtype.kind not in "biuf":
            raise OperandError(f"{name} must be real numbers, got {describe(out)}")
        shape = np.broadcast_shapes(*map(np.shape, given))
        if not fits(numbers.shape, shape):
            raise ShapeError(
                f"{name} gave shape {numbers.shape} for operands of shape {shape}: a primitive works on each element "
                "by itself; sum outside of it, f(x).sum()"
            )
        return numbers if isinstance(out, (list, tuple)) else out  # an int that is 0 says that nothing passes

    return checked


def _is_no_wider(found: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    return len(found) <= len(shape) and all(n in (1, m) for n, m in zip(found[::-1], shape[::-1], strict=False))


def _named(function: Any) -> str:
    """The function's name, if it is one: it is printed into programs."""
    name = str(getattr(function, "__name__", ""))
    return name if name.isidentifier() and not keyword.iskeyword(name) else "primitive"
