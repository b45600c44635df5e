"""What a state is, as `state_dict()` gives it and `load_state_dict()` takes it: real numbers by name. Checked here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd.system.arrays import check_array

from .errors import StateError


def check_state(state: Any) -> None:
    """Raise if it is no dict of what `state_dict` gives."""
    if not isinstance(state, Mapping) or not all(isinstance(name, str) for name in state):
        raise StateError(
            f"a state is a dict of numbers by name, got {type(state).__name__}: give what state_dict() or "
            "nn.load(path) gave"
        )


def as_numbers(name: str, number: Any) -> Any:
    """An array, of whatever it is.

    Raises:
        StateError: its rows are of different lengths.
    """
    check_array(number)
    try:
        return np.asarray(number)
    except ValueError as error:
        raise StateError(f"{name} is no number and no array of numbers, got {type(number).__name__}: {error}") from None


def checked_number(name: str, number: Any, own: Any) -> Any:
    """A saved number in the form of the number it replaces: a float, or an array of the same dtype.

    Raises:
        StateError: it is no real number, or has another shape.
    """
    array = as_numbers(name, number)
    if array.dtype.kind not in "biuf":
        raise StateError(f"{name} holds no real numbers but {type(number).__name__} of dtype {array.dtype}")
    if array.shape != np.shape(own):
        raise StateError(f"{name} has shape {array.shape} in the state and {np.shape(own)} here")
    return float(array) if isinstance(own, float) else array.astype(np.asarray(own).dtype)
