"""One edge of the forward pass left out of the backward pass, or counted twice: which one gives what a script has?"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..watch.node import Node
from .match import matched
from .quantities import Quantities
from .reference import cotangents
from .replay import pulled
from .verdicts import Judgement

Array = Any
SECONDS = 6.0
MOST = 260  # nodes of a forward pass in which every edge is tried


def changed_edge(
    quantities: Quantities, found: Judgement, target: Node, theirs: list[Array], turned: bool
) -> tuple[str, Node, Node] | None:
    """The edge without which, or with twice which, the sweep gives the script's numbers.

    Args:
        target: the node whose cotangent the script means to have.
        theirs: what it has, at each point.
        turned: whether it is laid out as the transpose.

    Returns:
        "dropped-edge" or "doubled-edge", the node that passes something back, and the node that should get it.
    """
    if len(quantities.order) > MOST:
        return None
    edges = [(n, o) for n, operands in quantities.order for o in operands if quantities.reaches(target, n)]
    until = time.process_time() + SECONDS
    for node, operand in edges:
        if time.process_time() > until:
            return None
        for times in (0.0, 2.0):
            if all(
                _gives(k, found, quantities, (node, operand), times, target, theirs[k], turned)
                for k in range(len(theirs))
            ):
                return ("doubled-edge" if times else "dropped-edge"), node, operand
    return None


def _gives(
    k: int, found: Judgement, quantities: Quantities, edge: tuple[Node, Node], times: float, target: Node,
    theirs: Array, turned: bool,
) -> bool:  # fmt: skip
    values = found.points[k].values

    def pull(at: Node, operands: Sequence[Node], g: Array) -> list[Array | None]:
        parts = pulled(at, values, list(operands), g)
        if at is edge[0]:
            return [p * times if o is edge[1] and p is not None else p for o, p in zip(operands, parts, strict=True)]
        return parts

    assert found.reading is not None
    made = cotangents(quantities.order, values, found.reading.seeds(values), pull).get(id(target))
    if (
        made is None
        or made.size != theirs.size
        or not np.any(made)
        or matched([made], [found.bars[k][id(target)]]).holds
    ):
        return False
    made = np.reshape(made.T if turned else made, theirs.shape)
    return float(np.linalg.norm(made - theirs)) <= 1e-6 * float(np.linalg.norm(made))
