"""`@primitive`: a row of one's own, on the same footing as the rows of the table."""

from __future__ import annotations

import inspect
import keyword
from typing import Any

import numpy as np

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
        row = Rule(_named(function), function, *derivatives, **{"doc": doc, **options})
        row.on_arrays = _elementwise(row.name, function)
        row.__module__ = function.__module__  # where pickle finds it by its name
        return row

    if options.get("symbol"):
        raise OperandError("the operators are the table's: a primitive of one's own is called by its name, no symbol=")
    if not derivatives or any(not callable(d) for d in derivatives):
        raise OperandError(remedy)
    return make


def _elementwise(name: str, function: Formula) -> Formula:
    """The function of arrays, which is held to give one number for each of theirs."""

    def on_arrays(*arrays: Any) -> Any:
        try:
            out = function(*arrays)
        except (TypeError, ValueError) as error:
            if isinstance(error, AutogradError):
                raise
            raise OperandError(
                f"{name} is given whole arrays by Tensors: write numpy's functions or autograd's in the place of "
                f"math's, and where(condition, x, y) in the place of if ({error})"
            ) from error
        shape = np.broadcast_shapes(*map(np.shape, arrays))
        if np.shape(out) != shape:
            raise ShapeError(
                f"{name} is a primitive, which works on each element by itself, and gave shape {np.shape(out)} for "
                f"operands of shape {shape}: sum outside of it, {name}(x).sum()"
            )
        return out

    return on_arrays


def _named(function: Any) -> str:
    """The function's name, if it is one: it is printed into programs."""
    name = str(getattr(function, "__name__", ""))
    return name if name.isidentifier() and not keyword.iskeyword(name) else "primitive"
