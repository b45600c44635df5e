"""The losses as modules, under PyTorch's names, for those who keep their loss beside their model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from .losses import bce_with_logits, checked_reduction, cross_entropy, l1, mse
from .module import Module


class Loss(Module):
    """What they share: a function of `nn.losses` and a `reduction`, "mean", "sum" or "none"."""

    function: ClassVar[Callable[..., Any]]

    def __init__(self, reduction: str = "mean") -> None:
        self.reduction = checked_reduction(reduction)

    def forward(self, predictions: Any, targets: Any) -> Any:
        """Predictions and targets to one number, or to an array of them for "none"."""
        return type(self).function(predictions, targets, self.reduction)

    def extra_repr(self) -> str:
        """The reduction, unless it is the usual one."""
        return "" if self.reduction == "mean" else f"reduction={self.reduction!r}"


class MSELoss(Loss):
    """The squared error; see `nn.mse`.

    >>> MSELoss()([1.0, 3.0], [0.0, 1.0])
    2.5
    """

    function = mse


class L1Loss(Loss):
    """The absolute error; see `nn.l1`.

    >>> import numpy as np
    >>> L1Loss()(np.array([1.0, 2.0]), np.array([0.0, 4.0]))
    1.5
    """

    function = l1


class BCEWithLogitsLoss(Loss):
    """Binary cross-entropy of scores; see `nn.bce_with_logits`.

    >>> import numpy as np
    >>> round(BCEWithLogitsLoss()(np.array([0.0, 0.0]), np.array([1.0, 0.0])), 4)
    0.6931
    """

    function = bce_with_logits


class CrossEntropyLoss(Loss):
    """Cross-entropy of scores; see `nn.cross_entropy`.

    >>> import numpy as np
    >>> round(CrossEntropyLoss()(np.zeros((1, 4)), np.array([2])), 4)
    1.3863
    """

    function = cross_entropy
