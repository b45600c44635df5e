"""What Python and numpy look for in a Value beyond arithmetic, and in arrays that numpy asks before those of Values.

Set into the classes, because mypyc leaves such names out of compiled ones.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ..carrier import no_index
from ..conversion import PLOTS, is_shown
from .value import Value
from .value_array import ValueArray, of_values


def install() -> None:
    """Put the methods below into the classes that are asked for them.

    Two of these are numpy's own: of `np.dot(masked, W)` and its kind it asks the first array alone, and the mask would
    be ignored without a word.
    """
    methods: tuple[tuple[type, str, Any], ...] = (
        (Value, "__array_function__", ValueArray.__array_function__),  # it is asked as an array of one
        (Value, "__array__", property(_array)),
        (Value, "__index__", _index),
        (np.ma.MaskedArray, "__array_function__", _meets_masked),
        (np.matrix, "__array_function__", _meets_masked),
    )
    for kind, name, method in methods:
        setattr(kind, name, method)


def _meets_masked(self: Any, function: Any, types: Any, args: Any, options: Any) -> Any:
    """numpy's functions where a masked array or a matrix comes first: numpy's own, unless it is beside Values."""
    if ValueArray in types:
        return ValueArray.__array_function__(self, function, types, args, options)
    return np.ndarray.__array_function__(self, function, types, args, options)


def _index(value: Any) -> int:
    raise no_index("Value")


def _array(value: Any) -> Any:
    """`Value.__array__`, for plots and `np.testing` alone; elsewhere numpy would take it to cast without a word."""
    module = str(sys._getframe(1).f_globals.get("__name__"))
    if module.startswith("numpy.testing"):
        return lambda dtype=None, copy=None: of_values(np.array(value, dtype=object))
    if module.partition(".")[0] in ("numpy", *PLOTS) and is_shown():
        return lambda dtype=None, copy=None: np.array(value.item(), dtype)
    raise AttributeError("__array__")
