"""What may stand beside a `Value`: which operands are numbers, which belong to another carrier, which are errors.

Compiled by mypyc in wheels, plain Python elsewhere.
"""

from __future__ import annotations

import numbers

import numpy as np

from ..carrier import describe, whole
from ..errors import OperandError
from ..system.arrays import check_array


def to_float(number: object, what: str = "a Value") -> float:
    """Any real number as a float.

    Raises:
        OperandError: it is not one; the message says what to write instead.
    """
    if isinstance(number, float):
        return float(number)
    if isinstance(number, int):
        return whole(number, what)
    if hasattr(number, "_apply"):
        kind = type(number).__name__
        raise OperandError(f"{what} must be a plain number, got a {kind}; use .item(), or .detach() for a new leaf")
    check_array(number)
    if hasattr(number, "dtype"):
        real = getattr(number, "shape", None) == () and _is_real(number)
    else:
        real = isinstance(number, numbers.Real)
    if real:
        return float(number)  # type: ignore[arg-type]
    raise OperandError(f"{what} must be a real number, got {describe(number)}{_remedy(number)}")


def _is_real(number: object) -> bool:
    return getattr(getattr(number, "dtype", None), "kind", "") in "biuf"


def _remedy(thing: object) -> str:
    if isinstance(thing, str):
        return "; convert it first: float(text)"
    if isinstance(thing, (list, tuple)):
        return "; for several numbers write values([...]), an array of Values"
    if isinstance(thing, complex) or getattr(getattr(thing, "dtype", None), "kind", "") == "c":
        return "; complex numbers are not differentiated here: use the real and the imaginary part as two Values"
    if thing is None:
        return "; is a return statement missing in the function that made it?"
    if getattr(thing, "shape", ()) != ():
        return "; for an array write values(array), or Tensor(array)"
    return "; convert it first: float(x)" if hasattr(thing, "__float__") else "; write Value(number)"


def is_number(thing: object) -> bool:
    """Whether it is a single number, plain or recorded, that another can be equal to."""
    return isinstance(thing, (float, int, np.number, numbers.Number)) or (
        hasattr(thing, "_equal") and not hasattr(thing, "_apply_array")
    )


def is_foreign(other: object) -> bool:
    """Whether another class should try the operation: an array or another carrier. Else it is an error."""
    if isinstance(other, (float, int, np.generic)):
        return False
    check_array(other)
    return hasattr(other, "__array_ufunc__") or hasattr(other, "_apply")
