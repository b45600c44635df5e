"""numpy arrays of `Value`s: made by `values`, read back by `data` and `grads`.

A numpy forward pass written for floats runs unchanged on an array of Values (`W.T @ a`, `1 / (1 + np.exp(-z))`) and is
recorded, element by element.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..carrier import checked_label
from ..errors import OperandError
from ..system.arrays import check_array
from .operands import to_float
from .value import Value
from .value_array import ValueArray


def values(array: Any, label: str = "") -> ValueArray:
    """An array of `Value`s of the same shape, named by their place: `W[0,1]`.

    Args:
        array: numbers, in an array or nested lists.
        label: the name before the brackets; without it the Values have no names.

    Raises:
        OperandError: an element is not a real number.

    >>> W = values([[1.0, 2.0]], label="W")
    >>> W[0, 1]
    Value(2.0, grad=0.0, label='W[0,1]')
    """
    checked_label(label)
    check_array(array)
    numbers = np.asarray(array)
    if numbers.dtype == object:
        if any(isinstance(element, Value) for element in numbers.ravel()):
            raise OperandError("values() is made from real numbers, got an array holding Values; see data(array)")
    elif numbers.dtype.kind not in "biuf":
        raise OperandError(
            f"values() is made from real numbers, got dtype {numbers.dtype}; convert with .astype(float)"
        )
    out = np.empty(numbers.shape, dtype=object)
    for index in np.ndindex(numbers.shape):
        place = f"[{','.join(map(str, index))}]" if index else ""
        out[index] = Value(numbers[index], f"{label}{place}" if label else "")
    return out.view(ValueArray)


def data(array: Any) -> Any:
    """The numbers of an array (or nested list) of Values as a float array; of a single Value as a float.

    Raises:
        OperandError: an element is neither a Value nor a number.

    >>> data(values([1, 2]))
    array([1., 2.])
    """
    return _read(
        array, lambda element: element.item() if isinstance(element, Value) else to_float(element, "an element")
    )


def grads(array: Any) -> Any:
    """The gradients of an array (or nested list) of Values as a float array; of a single Value as a float.

    Raises:
        OperandError: an element has no gradient.

    >>> W = values([1.0, 2.0])
    >>> (W @ W).backward()
    >>> grads(W)
    array([2., 4.])
    """
    return _read(array, _grad)


def _read(array: Any, read: Any) -> Any:
    elements = np.asarray(array, dtype=object)
    if elements.ndim == 0:
        return read(elements.item())
    out = np.empty(elements.shape)
    for index in np.ndindex(elements.shape):
        out[index] = read(elements[index])
    return out


def _grad(element: Any) -> float:
    if not isinstance(element, Value):
        raise OperandError(f"grads() reads arrays of Values, got one holding {type(element).__name__}")
    return element.grad
