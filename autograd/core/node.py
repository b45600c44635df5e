"""The graph: a node knows the primitive that made it and its operands. Nothing points forward.

So there are no cycles, and a graph is freed as soon as its result is.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from .rule import Rule

# What stands in the place of a rule where no rule was applied: at a choice, and at a leaf.
CHOSEN: Final = Rule("where", lambda x: x, lambda: 1, doc="the operand that a condition chose")
INPUT: Final = Rule("", lambda: None, doc="a number from outside")
UNRECORDED: Final = Rule("", lambda: None, doc="a result of operations that were not recorded")
PARAMETER: Final = Rule("", lambda: None, doc="a number to be learned")
CONSTANT: Final = Rule("", lambda: None, doc="a number written in a formula")


class Node(Protocol):
    """What a graph is made of: a `Value` or a `Tensor`."""

    rule: Rule

    @property
    def operands(self) -> tuple[Any, ...]: ...

    def _pull(self, g: Any, operands: Any, wanted: Any, differentiable: bool) -> Sequence[Any]: ...

    def _push(self, tangents: list[Any], operands: Any, differentiable: bool) -> Any: ...


def walk(
    *roots: Any, operands_of: Callable[[Any], Any] = operator.attrgetter("operands")
) -> list[tuple[Any, tuple[Any, ...]]]:
    """Every node that the roots depend on, each with its operands: operands before results; no recursion.

    With one root it comes last. The order depends on the graph alone: the same graph gives the same list. Take a
    node's operands from the pair: a constant is no node of the graph, it is made when `operands` is read.

    >>> from autograd import Value, walk
    >>> x = Value(2.0, "x")
    >>> [node.op or node.label for node, operands in walk((x * x).tanh())]
    ['x', 'multiply', 'tanh']
    """
    order: list[tuple[Any, tuple[Any, ...]]] = []
    seen = {id(None)}  # what stands in the place of an operand that is no node
    stack: list[Any] = list(roots[::-1])
    while stack:
        node = stack.pop()
        if node.__class__ is tuple:  # a pair: all that its node needs is there
            order.append(node)
        elif (place := id(node)) not in seen:
            seen.add(place)
            operands = operands_of(node)
            if operands:
                stack.append((node, operands))
                stack += operands[::-1]
            else:
                order.append((node, operands))
    return order
