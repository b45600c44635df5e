"""What modules and optimisers do to parameters, be they Values or Tensors: forget gradients, ask for them, copy them.

No module is known here, and no derivative.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.value import at_once


def forget_gradients(leaves: list[Any]) -> None:
    """As before any backward: the gradients are not 0, they are not known, though they read as 0."""
    others: list[Any] = at_once.forget_gradients(leaves)
    for leaf in others:
        leaf.grad = None
        leaf.reached = False


def has_gradient(leaf: Any) -> bool:
    """Whether a backward has come through since the gradient was forgotten, or somebody has assigned one."""
    return bool(leaf.reached or np.any(leaf.grad))


def copied_number(data: Any) -> Any:
    """A float, or an array of its own."""
    return data if isinstance(data, float) else np.array(data)
