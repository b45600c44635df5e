"""What follows from the parameters, and is taken for a constant on the way back."""

from __future__ import annotations

import numpy as np

from ..watch.direct import through_copies
from ..watch.node import Node, comes_from
from .look import Look
from .reference import forward_part

PRODUCTS = ("mul", "multiply")
DIFFERENCES = ("sub", "subtract")
LOGARITHMS = ("log", "log_softmax", "logsumexp", "log1p")
PARTS = ("getitem", "neg", "linked", "reshape", "take")
NEAR = 4  # operations between a logarithm and its product


def looked_ahead(look: Look) -> frozenset[int]:
    """What parameters are moved by before the gradient is taken: `loss(W + rho * g / norm)`."""
    ends = {id(node) for nodes in look.ends.values() for node in nodes}
    found = set()
    for node in look.program.steps:
        if getattr(node.function, "__name__", "") in ("add", "sub", "subtract") and id(node) not in ends:
            sides = [a for a in node.args if isinstance(a, Node) and id(a) in look.depends]
            moved = [a for a in sides if id(through_copies(a)) in look.start_ids]
            if len(sides) == 2 and len(moved) == 1 and np.shape(node.value) == np.shape(moved[0].value):
                found |= {id(a) for a in sides if a is not moved[0]}
    return frozenset(found)


def weights_of_logarithms(look: Look, order: list[tuple[Node, list[Node]]]) -> frozenset[int]:
    """What a loss multiplies logarithms by, and how much better something went than was expected: the advantage in a
    policy gradient, which the expectation is not to be changed by.
    """  # fmt: skip
    found = set()
    for node, operands in order:
        if getattr(node.function, "__name__", "") not in PRODUCTS or len(operands) != 2:
            continue
        for weight, other in (operands, operands[::-1]):
            better = getattr(through_copies(weight).function, "__name__", "") in DIFFERENCES
            apart = not comes_from({id(other)}, [weight], other.time) and not comes_from(
                {id(weight)}, [other], weight.time
            )
            if better and apart and _is_logarithm(other):
                found.add(id(weight))
    return frozenset(found)


def _is_logarithm(node: Node) -> bool:
    """Whether it is a logarithm, or a part of one, or minus one."""
    for _ in range(NEAR):
        kind, inside = getattr(node.function, "__name__", ""), [*node.operands()]
        if kind in LOGARITHMS:
            return True
        if not inside or kind not in (*DIFFERENCES, *PARTS):
            return False
        node = inside[-1] if kind in DIFFERENCES else inside[0]  # z - log(sum(exp(z)))
    return False


def is_of_the_others(look: Look, roots: list[Node]) -> bool:
    """Whether a loss reads each block either as the step has left it, or as it was: one player's, after the other's."""
    order = {id(n) for n, _ in forward_part(look, roots)}
    return not any(
        any(id(n) in order for n in nodes) and any(id(n) in order for n in look.ends[name])
        for name, nodes in look.starts.items() if nodes != look.ends[name]
    )  # fmt: skip
