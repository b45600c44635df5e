"""Small changes of an operation: another axis, a factor or a term left out, a term with another factor.

What comes out need not be the derivative of anything: it may be a piece of a formula that is written in several lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..watch.node import Node
from .replay import Values, compute_node, resolved

Array = Any
Slip = Callable[[Node, Values, float], Array]
"""Computes a node otherwise, from values; the number is the factor of what is changed, where it has one."""


def slips(node: Node, values: Values) -> Iterator[tuple[Slip, bool]]:
    """What else the operation could be, and whether that has a factor."""
    kind = getattr(node.function, "__name__", "")
    if kind in ("sum", "mean", "max"):
        yield from ((slip, False) for slip in _other_axes(node, values))
    elif len(node.args) == 2 and all(isinstance(arg, Node) for arg in node.args):
        if kind in ("add", "sub", "subtract"):
            for k in (0, 1):
                yield _scaled(k), True
                yield _without(k), False
        elif kind in ("mul", "multiply", "truediv", "divide"):
            shape = np.shape(values[id(node)])
            for k in (0, 1)[: 1 if kind in ("truediv", "divide") else 2]:
                if np.shape(values[id(node.args[k])]) == shape:
                    yield _without(1 - k), False


def _other_axes(node: Node, values: Values) -> Iterator[Slip]:
    given: Any = node.kwargs.get("axis", node.args[1] if len(node.args) > 1 else None)
    count = np.ndim(values[id(node.args[0])]) if isinstance(node.args[0], Node) else 0
    if isinstance(given, int):
        yield from (_along(axis) for axis in range(count) if axis != given % count)


def _along(axis: int) -> Slip:
    def slip(node: Node, values: Values, _: float) -> Array:
        options = {**node.kwargs, "axis": axis}
        return node.function(resolved(node.args[0], values), **options)  # type: ignore[misc]

    return slip


def _scaled(k: int) -> Slip:
    """With a factor for one of two terms."""

    def slip(node: Node, values: Values, factor: float) -> Array:
        term = node.args[k]
        return compute_node(node, {**_operands(node, values), id(term): factor * np.asarray(values[id(term)])})

    return slip


def _without(k: int) -> Slip:
    """The other operand alone."""

    def slip(node: Node, values: Values, _: float) -> Array:
        left = np.asarray(values[id(node.args[1 - k])])
        return -left if k == 0 and getattr(node.function, "__name__", "") in ("sub", "subtract") else left

    return slip


def _operands(node: Node, values: Values) -> Values:
    return {id(arg): values[id(arg)] for arg in node.args if isinstance(arg, Node)}
