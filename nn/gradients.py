"""The size of a whole gradient, and keeping it in bounds."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd.system.quiet import quiet

from .errors import SettingError
from .module import CARRIERS, Module


def grad_norm(parameters: Iterable[Any], norm_type: float = 2.0) -> float:
    """The norm of the gradients of all parameters, taken as one long vector.

    Args:
        parameters: Values (or Tensors), as `model.parameters()` gives them.
        norm_type: 2 for the length, 1 for the sum of sizes, `math.inf` for the largest.

    >>> from autograd import Value
    >>> a, b = Value(1.0), Value(1.0)
    >>> (3 * a + 4 * b).backward()
    >>> grad_norm([a, b])
    5.0
    """
    if not norm_type > 0:
        raise SettingError(f"norm_type is above 0, got {norm_type}")
    sizes = [float(_norm(each.grad, norm_type)) for each in _listed(parameters)]
    if norm_type == 2:
        return math.hypot(*sizes)
    return float(_norm(np.array(sizes), norm_type))


@quiet
def clip_grad_norm_(parameters: Iterable[Any], max_norm: float, norm_type: float = 2.0) -> float:
    """Scale all gradients down together, if their norm is above `max_norm`. The norm before that is returned.

    The factor is PyTorch's: max_norm / (norm + 1e-6), when that is below 1.

    Raises:
        SettingError: `max_norm` is not above 0.

    >>> from autograd import Value
    >>> a, b = Value(0.0), Value(0.0)
    >>> a.grad, b.grad = 3.0, 4.0
    >>> clip_grad_norm_([a, b], 1.0), round(a.grad, 6), round(b.grad, 6)
    (5.0, 0.6, 0.8)
    """
    if not max_norm > 0:
        raise SettingError(f"max_norm is above 0, got {max_norm}")
    listed = _listed(parameters)
    norm = grad_norm(listed, norm_type)
    factor = max_norm / (norm + 1e-6)
    if factor < 1 or math.isnan(factor):  # a NaN stays visible
        for each in listed:
            each.grad = each.grad * factor
    return norm


def _listed(parameters: Any) -> list[Any]:
    """Also of a single one, whose rows have no gradients of their own, of an array of Values, and of a module."""
    if isinstance(parameters, CARRIERS):
        return [parameters]
    if isinstance(parameters, Module):
        return parameters.parameters()
    return list(parameters.ravel() if isinstance(parameters, np.ndarray) else parameters)


def _norm(grad: Any, norm_type: float) -> Any:
    if isinstance(grad, float):
        return math.fabs(grad)
    return np.linalg.norm(np.ravel(grad), norm_type) if np.size(grad) else 0.0
