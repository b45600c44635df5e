"""Where numpy looks for what is to be done with a Value, or with an array of them behind one that it asks first."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from .value import Value
from .value_array import ValueArray, of_values


def install() -> None:
    """Put the methods below into the classes that numpy asks.

    Two of them are numpy's own: of `np.dot(masked, W)` and its kind it asks the first array alone, and the mask would
    be ignored without a word.
    """
    methods: tuple[tuple[type, str, Any], ...] = (
        (Value, "__array_function__", ValueArray.__array_function__),  # it is asked as an array of one
        (Value, "__array__", property(_compared_in_tests)),
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


def _compared_in_tests(value: Any) -> Any:
    """`Value.__array__`, for `np.testing` alone; elsewhere numpy would take it to cast the number, without a word."""
    if not str(sys._getframe(1).f_globals.get("__name__")).startswith("numpy.testing"):
        raise AttributeError("__array__")
    return lambda dtype=None, copy=None: of_values(np.array(value, dtype=object))
