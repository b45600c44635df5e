"""Numbers, arrays, and nested lists, tuples and dicts of them: taken apart into leaves and put together again.

A float array is one leaf; an array of `Value`s holds a leaf in each place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .errors import ShapeError

Rebuild = Callable[[Sequence[Any]], Any]


def flatten(tree: Any) -> tuple[list[Any], Rebuild]:
    """The leaves of a tree, in order (dicts in the order of their keys' insertion), and the way back.

    >>> leaves, rebuild = flatten({"w": [1.0, 2.0], "b": 3.0})
    >>> leaves, rebuild([10, 20, 30])
    ([1.0, 2.0, 3.0], {'w': [10, 20], 'b': 30})
    """
    leaves: list[Any] = []
    skeleton = _take(tree, leaves)

    def rebuild(new: Sequence[Any]) -> Any:
        if len(new) != len(leaves):
            raise ShapeError(f"a structure of {len(leaves)} leaves cannot be filled with {len(new)}")
        return _put(skeleton, new)

    return leaves, rebuild


class _Place(int):
    """The number of a leaf, standing in its place."""


def _take(tree: Any, leaves: list[Any]) -> Any:
    if isinstance(tree, dict):
        return {key: _take(branch, leaves) for key, branch in tree.items()}
    if isinstance(tree, (list, tuple)):
        branches = [_take(branch, leaves) for branch in tree]
        if hasattr(tree, "_fields"):  # a named tuple
            return type(tree)(*branches)
        return tuple(branches) if isinstance(tree, tuple) else branches
    if isinstance(tree, np.ndarray) and tree.dtype == object:
        return _filled(tree.shape, [_take(element, leaves) for element in tree.ravel()])
    leaves.append(tree)
    return _Place(len(leaves) - 1)


def _put(skeleton: Any, leaves: Sequence[Any]) -> Any:
    if isinstance(skeleton, _Place):
        return leaves[skeleton]
    if isinstance(skeleton, dict):
        return {key: _put(branch, leaves) for key, branch in skeleton.items()}
    if isinstance(skeleton, np.ndarray):
        elements = [_put(element, leaves) for element in skeleton.ravel()]
        if any(hasattr(element, "operands") for element in elements):
            return _filled(skeleton.shape, elements)
        return np.array(elements, dtype=float).reshape(skeleton.shape)
    branches = [_put(branch, leaves) for branch in skeleton]
    if hasattr(skeleton, "_fields"):
        return type(skeleton)(*branches)
    return tuple(branches) if isinstance(skeleton, tuple) else branches


def _filled(shape: tuple[int, ...], elements: Sequence[Any]) -> np.ndarray[Any, np.dtype[np.object_]]:
    out = np.empty(len(elements), dtype=object)
    out[:] = elements
    return out.reshape(shape)
