"""Forward mode: the same rules pushed from the inputs on, Σ local × tangent.

Forward mode costs one pass per input, reverse mode one per output; neither has a rule of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .reverse import Order


def push_forward(order: Order, tangents: dict[int, Any], push: Callable[..., Any]) -> None:
    """Send tangents from operands to results, until every node that depends on the inputs has its own in `tangents`.

    Args:
        order: every operand before its results.
        tangents: those of the inputs, by the id of their node; what is missing is zero.
        push: called as push(node, operands, tangents of the operands); gives the tangent of the node, None for zero.
    """
    for node, operands in order:
        tangent = push(node, operands, [tangents.get(id(operand)) for operand in operands])
        if tangent is not None:
            tangents[id(node)] = tangent
