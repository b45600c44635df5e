"""What a page is told of a training: the model's parameters by name, its data, and the grid on which it is asked."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ...carrier import describe
from ...errors import OperandError

Floats = npt.NDArray[np.float64]

CURVE_POINTS: Final = 65
PLANE_SIDE: Final = 25


def named_parameters(model: Any, what: str) -> list[tuple[str, Any]]:
    """The parameters of a model by name. One that has only `parameters()` gives no names: then it is the labels.

    Args:
        what: who takes the model, for the message.

    Raises:
        OperandError: it has neither.
    """
    if callable(getattr(model, "named_parameters", None)):
        return list(model.named_parameters())
    if not callable(getattr(model, "parameters", None)):
        raise OperandError(
            f"a {what} takes a model with named_parameters() or parameters(), such as nn.MLP, got {describe(model)}"
        )
    found = list(model.parameters())
    labels = [getattr(each, "label", "") for each in found]
    is_named = all(labels) and len(set(labels)) == len(labels)
    return list(zip(labels if is_named else [f"p{k}" for k in range(len(found))], found, strict=True))


def checked_samples(data: Any, what: str) -> tuple[Floats, Floats]:
    """Inputs of shape (n, inputs) and n targets, as floats.

    Args:
        what: whose data they are, for the message.

    Raises:
        OperandError: they are no such pair.
    """
    try:
        given, wanted = data
        inputs, targets = np.asarray(given, dtype=float), np.asarray(wanted, dtype=float)
    except (TypeError, ValueError):
        raise OperandError(
            f"the data of a {what} are a pair (X, y) of inputs and targets in numbers, got {type(data).__name__}"
        ) from None
    inputs = inputs[:, None] if inputs.ndim == 1 else inputs
    if inputs.ndim != 2 or targets.ndim == 0 or len(inputs) != len(targets) or not len(inputs):
        raise OperandError(
            f"the data of a {what} are inputs of shape (n, inputs) and n targets, "
            f"got {inputs.shape} and {targets.shape}"
        )
    whole = np.isfinite(inputs).all(axis=1) & np.isfinite(targets.reshape(len(targets), -1)).all(axis=1)
    if not whole.all():
        raise OperandError(
            f"the data of a {what} are finite numbers: {np.count_nonzero(~whole)} of {len(whole)} samples are not, "
            f"number {np.argmin(whole)} first; leave them out: keep = np.isfinite(X).all(axis=1)"
        )
    return inputs, targets.reshape(len(targets), -1)[:, 0]


def grid(inputs: Floats) -> Floats | None:
    """Where the model is asked: on a line, or on a plane, a little beyond the data; None for more than two inputs."""
    if inputs.shape[1] > 2:
        return None
    low, high = inputs.min(axis=0), inputs.max(axis=0)
    margin = 0.05 * np.where(high > low, high - low, 1.0)
    if len(low) == 1:
        return np.linspace(low - margin, high + margin, CURVE_POINTS).reshape(-1, 1)
    x, y = (np.linspace(low[k] - margin[k], high[k] + margin[k], PLANE_SIDE) for k in (0, 1))
    return np.stack([np.tile(x, PLANE_SIDE), np.repeat(y, PLANE_SIDE)], axis=1)


def boundary(targets: Floats) -> float:
    """The number between two classes: 0 where there are targets below it, else the middle of the targets."""
    return 0.0 if targets.min() < 0 else float((targets.min() + targets.max()) / 2)
