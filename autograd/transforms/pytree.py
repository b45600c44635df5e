"""Numbers, arrays, and nested lists, tuples and dicts of them: taken apart into leaves and put together again.

A float array is one leaf; an array of `Value`s holds a leaf in each place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..system.arrays import as_array, check_array

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


def leaves_like(tree: Any, pattern: Any, what: str) -> list[Any]:
    """The leaves of a tree in the order of another's: a dict is read by its keys, in whatever order they were written.

    Args:
        what: the name of the tree in messages.

    Raises:
        ShapeError: the two are not built alike.

    >>> leaves_like({"b": 3.0, "w": [1.0, 2.0]}, {"w": [0, 0], "b": 0}, "tangent")
    [1.0, 2.0, 3.0]
    """
    if isinstance(pattern, dict):
        if not isinstance(tree, dict) or tree.keys() != pattern.keys():
            raise _unlike(what, f"a dict of {', '.join(map(repr, pattern))}", tree)
        return [leaf for key in pattern for leaf in leaves_like(tree[key], pattern[key], what)]
    if isinstance(pattern, np.ndarray) and pattern.dtype == object:
        check_array(tree)
        if np.shape(tree) != pattern.shape:
            raise _unlike(what, f"an array of shape {pattern.shape}", tree)
        return list(np.asarray(tree).ravel())
    if isinstance(pattern, (list, tuple)):
        if not isinstance(tree, (list, tuple)) or len(tree) != len(pattern):
            raise _unlike(what, f"{len(pattern)} branches in a {type(pattern).__name__}", tree)
        return [leaf for pair in zip(tree, pattern, strict=True) for leaf in leaves_like(*pair, what)]
    if isinstance(tree, (dict, list, tuple)):
        raise _unlike(what, "one number or array", tree)
    check_array(tree)
    return [tree]


def _unlike(what: str, wanted: str, got: Any) -> ShapeError:
    told = f"a {type(got).__name__}" + (f" of {len(got)}" if isinstance(got, (dict, list, tuple)) else "")
    return ShapeError(f"a {what} is built like what it belongs to: expected {wanted}, got {told}")


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
    check_array(tree)
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
            return as_array(_filled(skeleton.shape, elements))
        rows = np.array(elements, dtype=float)
        return rows.reshape(skeleton.shape + rows.shape[1:])
    branches = [_put(branch, leaves) for branch in skeleton]
    if hasattr(skeleton, "_fields"):
        return type(skeleton)(*branches)
    return tuple(branches) if isinstance(skeleton, tuple) else branches


def _filled(shape: tuple[int, ...], elements: Sequence[Any]) -> np.ndarray[Any, np.dtype[np.object_]]:
    out = np.empty(len(elements), dtype=object)
    out[:] = elements
    return out.reshape(shape)
