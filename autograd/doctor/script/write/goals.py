"""What each piece of an expression would have to be, so that all of it is right: operations undone from the outside in.

What cannot be undone, a sum over an axis say, has pieces without a goal. An element that may be anything is NaN.
"""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Array = Any
Goal = tuple[ast.expr, Array]


def goals(tree: ast.expr, goal: Array, read: Callable[[str], Any]) -> Iterator[Goal]:
    """The pieces of an expression, outermost first, each with what it should be.

    Args:
        goal: what the whole should be.
        read: gives the value of a text; None where it has none.

    >>> tree = ast.parse("a * b + c", mode="eval").body
    >>> a, b, c = np.array([2.0, 3.0]), np.array([1.0, 1.0]), np.array([5.0, 5.0])
    >>> values = {"a": a, "b": b, "c": c, "a * b": a * b}
    >>> {ast.unparse(piece): goal.tolist() for piece, goal in goals(tree, np.array([9.0, 8.0]), values.get)}
    {'a * b + c': [9.0, 8.0], 'a * b': [4.0, 3.0], 'a': [4.0, 3.0], 'b': [2.0, 1.0], 'c': [7.0, 5.0]}
    """
    yield tree, goal
    with np.errstate(all="ignore"):
        inner: list[tuple[ast.expr, Array | None]] = []
        with contextlib.suppress(ValueError):  # shapes that do not go together
            inner += _undone(tree, goal, read)
    for piece, wanted in inner:
        if wanted is not None and np.any(np.isfinite(wanted)):
            wanted = np.where(np.isfinite(wanted), wanted, np.nan)
            yield from goals(piece, wanted, read)


def _undone(tree: ast.expr, g: Array, read: Callable[[str], Any]) -> Iterator[tuple[ast.expr, Array | None]]:
    """What the operands should be, each with the other as it is."""
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        yield tree.operand, -g
    elif isinstance(tree, ast.BinOp):
        left, right = _value(tree.left, read), _value(tree.right, read)
        yield from _of_binary(tree, g, left, right)
    elif isinstance(tree, ast.Attribute) and tree.attr == "T":
        yield tree.value, np.transpose(g)
    elif isinstance(tree, ast.Call):
        yield from _of_call(tree, g, read)


def _value(tree: ast.expr, read: Callable[[str], Any]) -> Array | None:
    value = read(ast.unparse(tree))
    return None if value is None else np.asarray(value, dtype=float)


def _of_binary(tree: ast.BinOp, g: Array, x: Array | None, y: Array | None) -> Iterator[tuple[ast.expr, Array | None]]:
    to_left: dict[type, Callable[[Array, Array], Array]] = {
        ast.Add: lambda g, y: g - y, ast.Sub: lambda g, y: g + y, ast.Mult: _divided, ast.Div: lambda g, y: g * y,
    }  # fmt: skip
    to_right: dict[type, Callable[[Array, Array], Array]] = {
        ast.Add: lambda g, x: g - x, ast.Sub: lambda g, x: x - g, ast.Mult: _divided, ast.Div: lambda g, x: x / g,
    }  # fmt: skip
    kind = type(tree.op)
    if kind in to_left:
        if y is not None:
            yield tree.left, narrowed(to_left[kind](g, y), x)
        if x is not None:
            yield tree.right, narrowed(to_right[kind](g, x), y)
    elif kind is ast.MatMult:
        yield from _of_product(tree.left, tree.right, g, x, y)


def _of_product(
    left: ast.expr, right: ast.expr, g: Array, x: Array | None, y: Array | None
) -> Iterator[tuple[ast.expr, Array | None]]:
    if not np.all(np.isfinite(g)):
        return
    if y is not None and y.ndim == 2 and g.ndim in (1, 2):
        yield left, _turned(_solved(y.T, g.T))
    if x is not None and x.ndim == 2 and g.ndim in (1, 2):
        yield right, _solved(x, g)


def _of_call(tree: ast.Call, g: Array, read: Callable[[str], Any]) -> Iterator[tuple[ast.expr, Array | None]]:
    name, args = ast.unparse(tree.func).rpartition(".")[2], tree.args
    if name == "where" and len(args) == 3:
        chosen = _value(args[0], read)
        if chosen is not None:
            yield args[1], np.where(chosen, g, np.nan)
            yield args[2], np.where(chosen, np.nan, g)
    elif name == "outer" and len(args) == 2 and g.ndim == 2 and np.all(np.isfinite(g)):
        x, y = _value(args[0], read), _value(args[1], read)
        if y is not None and y.ndim == 1 and y.size == g.shape[1]:
            yield args[0], _flat(_solved(y[:, None], g.T))
        if x is not None and x.ndim == 1 and x.size == g.shape[0]:
            yield args[1], _flat(_solved(x[:, None], g))
    elif name in ("dot", "matmul"):
        pair = args if len(args) == 2 else [tree.func.value, *args] if isinstance(tree.func, ast.Attribute) else []
        if len(pair) == 2:
            yield from _of_product(pair[0], pair[1], g, _value(pair[0], read), _value(pair[1], read))
    elif name == "exp" and len(args) == 1:
        yield args[0], np.log(g)
    elif name == "sqrt" and len(args) == 1:
        yield args[0], g * g


def _divided(g: Array, y: Array) -> Array:
    return np.where(y == 0, np.nan, g / np.where(y == 0, 1.0, y))


def narrowed(g: Array, like: Array | None) -> Array:
    """A goal in the shape of what was broadcast, where all that it was spread over agrees; else as it is."""
    if like is None or np.shape(g) == like.shape:
        return g
    axes = tuple(range(np.ndim(g) - like.ndim))
    axes += tuple(len(axes) + k for k, n in enumerate(like.shape) if n == 1 and np.shape(g)[len(axes) + k] != 1)
    filled = np.where(np.isfinite(g), g, np.nan)
    with np.errstate(all="ignore"):
        low, high = np.fmin.reduce(filled, axis=axes), np.fmax.reduce(filled, axis=axes)
        differ = np.any(high - low > 1e-7 * np.maximum(np.abs(high), np.abs(low)))
    return g if differ else np.reshape(low, like.shape)


def _solved(known: Array, g: Array) -> Array | None:
    """x with known @ x = g, where there is one and only one."""
    if known.shape[0] != g.shape[0] or known.shape[0] < known.shape[1] or known.size > 200_000:
        return None
    x, _, rank, _ = np.linalg.lstsq(known, g, rcond=None)
    if rank < known.shape[1] or np.linalg.norm(known @ x - g) > 1e-7 * np.linalg.norm(g):
        return None
    return x


def _turned(x: Array | None) -> Array | None:
    return None if x is None else x.T


def _flat(x: Array | None) -> Array | None:
    return None if x is None else x.ravel()
