"""THE sweep: from the results back to the leaves, upstream × local, summed over every use.

It asks each node for the cotangents of its operands (`_pull`), in plain numbers or in `Value`s and `Tensor`s; then the
derivative has a graph of its own and can be differentiated again.

One rule says what 0 × ∞ is. Where the table states that a local derivative is 0, nothing passes: a side that `where`,
`maximum` or `relu` did not choose contributes nothing (None), and nothing goes on from there, whatever stands behind
it. A number that merely happens to be 0 multiplies as IEEE 754 says. How the rule is kept for the elements of an array
is in `masking.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Order = Iterable[tuple[Any, tuple[Any, ...]]]
"""Pairs of a node and its operands, in the order of a sweep."""


def sweep(order: Order, arrived: dict[int, Any], pull: Callable[..., Any], key: Callable[[Any], int] = id) -> None:
    """Send cotangents from results to their operands, until only those of leaves are left in `arrived`.

    Args:
        order: every result before its operands, so that what arrives at a node is complete when its turn comes.
        arrived: the cotangents to start with, by the key of their node.
        pull: called as pull(node, operands, cotangent); gives one contribution for each operand, None for nothing.
    """
    take, find = arrived.pop, arrived.get
    for node, operands in order:
        g = take(key(node), None)
        if g is not None:
            for operand, part in zip(operands, pull(node, operands, g)):  # noqa: B905, strict costs a tenth
                if part is not None:
                    place = key(operand)
                    before = find(place)
                    arrived[place] = part if before is None else before + part  # not in place: arrays may be shared


def times(g: Any, local: Any) -> Any:
    """upstream × local; None where the table states that the local derivative is 0. Its 1 and -1 cost nothing."""
    if type(local) is int:  # numbers of the user are floats by now
        if local == 0:
            return None
        if local in (1, -1):
            return g if local == 1 else -g
    return g * local
