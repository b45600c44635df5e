"""Reverse mode: from the outputs back to the inputs, upstream × local, summed over every use.

The one driver behind `grad`, `vjp`, `jacobian` and `Tensor.backward` (`Value.backward` is the same sweep over floats,
in `scalar.py`). It asks a node's rule for the local derivatives in one of two kinds of number: in plain floats and
arrays, or in `Value`s and `Tensor`s, and then the derivative has a graph of its own and can be differentiated again.
Nothing is left behind on the nodes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .array_rules import choose
from .graph import walk

Order = list[tuple[Any, tuple[Any, ...]]]


def active(order: Order, inputs: Sequence[Any]) -> tuple[Order, set[int]]:
    """The results that depend on the inputs, in order, and the ids of all nodes that do."""
    ids = {id(node) for node in inputs}
    results = []
    for node, operands in order:
        if id(node) not in ids and any(id(operand) in ids for operand in operands):
            ids.add(id(node))
            results.append((node, operands))
    return results, ids


def pull(outputs: Sequence[Any], cotangents: Sequence[Any], inputs: Sequence[Any], differentiable: bool) -> list[Any]:
    """The cotangents of the inputs, given those of the outputs: a vector-Jacobian product.

    Args:
        outputs: nodes; `cotangents` has one number or array for each, or None.
        inputs: nodes; where one is a result itself, nothing is passed on beyond it.
        differentiable: record the computation, so that the cotangents are Values or Tensors.

    Returns:
        One cotangent for each input; None where no output depends on it.
    """
    order, ids = active(walk(*outputs), inputs)
    waiting: dict[int, Any] = {}
    for node, cotangent in zip(outputs, cotangents, strict=True):
        if cotangent is not None:
            receive(waiting, node, cotangent)
    with np.errstate(all="ignore"):  # infinities and NaN are values here, not accidents
        for _ in sweep(order, waiting, ids, differentiable):
            pass
    return [waiting.get(id(node)) for node in inputs]


def sweep(order: Order, waiting: dict[int, Any], ids: set[int] | None, differentiable: bool) -> Iterator[Any]:
    """Walk back over `order`, passing on what waits for each node; yields (node, cotangent or None) on the way.

    Args:
        waiting: cotangents by node id; what is left in it belongs to nodes outside `order`.
        ids: the nodes to pass on to; all but constants where None.
        differentiable: see `pull`.

    Where a `where` did not choose an element, no cotangent comes through, and none goes on from there: not even
    0 × inf, which would be NaN. So the nodes behind a `where` are remembered in `masked`.
    """
    masked: set[int] = set()
    for node, operands in reversed(order):
        g = waiting.pop(id(node), None)
        yield node, g
        if g is None or not operands:
            continue
        hidden = id(node) in masked
        if hidden or node.rule is choose:
            masked.update(map(id, operands))
        wanted = [operand.kind != "constant" if ids is None else id(operand) in ids for operand in operands]
        for operand, contribution in zip(
            operands, node._pull(g, operands, wanted, differentiable, hidden), strict=True
        ):
            if contribution is not None:
                receive(waiting, operand, contribution)


def receive(waiting: dict[int, Any], node: Any, contribution: Any) -> None:
    """Add a contribution to what waits for a node. Never in place: arrays may be shared."""
    before = waiting.get(id(node))
    waiting[id(node)] = contribution if before is None else before + contribution
