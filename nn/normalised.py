"""softmax, its logarithm and logsumexp, for Tensors and arrays along an axis and for lists of Values.

A list is one sample; what comes back is a list. They hold no parameters and know no modules.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Any

import numpy as np

from autograd import ShapeError, Tensor, exp, logaddexp


def logsumexp(numbers: Any, dim: int = -1) -> Any:
    """log(exp(z0) + exp(z1) + ...), without overflow: each step takes the larger one out.

    Args:
        numbers: a Tensor or an array; or a list of Values or numbers.
        dim: the axis of the numbers that are added; it is gone afterwards.

    >>> logsumexp([1000.0, 1000.0])
    1000.6931471805599
    """
    if isinstance(numbers, Tensor):
        return numbers.logsumexp(axis=dim)
    listed = list(np.moveaxis(numbers, dim, 0) if _is_array(numbers) else numbers)
    if not listed:
        raise ShapeError("logsumexp() needs at least one number, got none")
    return reduce(logaddexp, listed)


def log_softmax(numbers: Any, dim: int = -1) -> Any:
    """The logarithms of `softmax`, exact where the probabilities are tiny. Arguments as there.

    >>> log_softmax(np.array([0.0, 1000.0]))
    array([-1000.,     0.])
    """
    if isinstance(numbers, Tensor):
        return numbers.log_softmax(axis=dim)
    if _is_array(numbers):
        return numbers - np.expand_dims(logsumexp(numbers, dim), dim)
    listed = list(_iterable(numbers))
    total = logsumexp(listed)
    return [number - total for number in listed]


def softmax(numbers: Any, dim: int = -1) -> Any:
    """Positive numbers that add up to 1, in the proportions of exp(z).

    Args:
        numbers: a Tensor or an array of any shape; or a list of Values or numbers.
        dim: the axis along which they add up to 1.

    >>> softmax([0.0, 0.0])
    [0.5, 0.5]
    """
    logarithms = log_softmax(numbers, dim)
    return [exp(each) for each in logarithms] if isinstance(logarithms, list) else exp(logarithms)


def _is_array(numbers: Any) -> bool:
    return isinstance(numbers, np.ndarray) and numbers.ndim > 0


def _iterable(numbers: Any) -> Iterable[Any]:
    if not isinstance(numbers, Iterable):
        raise ShapeError(f"softmax takes a list, an array or a Tensor of scores, got {type(numbers).__name__}")
    return numbers
