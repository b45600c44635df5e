"""Which of numpy's arrays are taken: those whose arithmetic is numpy's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from ..errors import OperandError

MASKED: Final = (
    "a MaskedArray has an arithmetic of its own, which is not recorded here: write where(mask, 0.0, array.data)"
)


TAKEN: Final[list[type]] = [np.ndarray, np.memmap]
"""The classes of arrays that are taken; the array of Values enters itself."""
RECORDED: Final[list[Callable[[Any], Any]]] = []
"""What makes an array of objects one of Values; it enters itself."""


def as_array(thing: Any) -> Any:
    """A numpy array; of recorded numbers it is an array of Values, on which numpy keeps our conventions."""
    check_array(thing)
    array = np.asanyarray(thing) if type(thing) in TAKEN[2:] else np.asarray(thing)
    if array.dtype == object and type(array) is np.ndarray and any(hasattr(x, "_apply") for x in array.flat):
        return RECORDED[0](array)
    return array


def check_array(thing: object) -> None:
    """Refuse arrays of classes with an arithmetic of their own: it would be ignored, or the graph lost in it.

    Raises:
        OperandError: a masked array, a matrix or another subclass of numpy's array (but a file in memory is one).
    """
    if isinstance(thing, np.ndarray):
        check_class(type(thing))


def check_class(kind: type) -> None:
    """The same for a class of operands, as numpy names them to `__array_function__`."""
    if issubclass(kind, np.ndarray) and kind not in TAKEN:
        if issubclass(kind, np.ma.MaskedArray):
            raise OperandError(MASKED)
        raise OperandError(
            f"a {kind.__name__} has an arithmetic of its own, which is not recorded here: write np.asarray(array)"
        )
