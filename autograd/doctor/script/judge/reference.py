"""What is right: THE sweep over the forward part of a step, from a loss or from an error, to every node before it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from ....core.reverse import sweep
from ..watch.node import Node
from .look import Look, Point
from .replay import Layered, Values, compute_node, pulled
from .written import flat

Array = Any
Pull = Callable[[Node, Sequence[Node], Array], list[Array | None]]


class _Kept(dict[int, Any]):
    """What has arrived stays."""

    pop = dict.get


def forward_part(
    look: Look, roots: list[Node], held: Collection[int] = (), renewed: Mapping[int, int] | None = None
) -> list[tuple[Node, list[Node]]]:  # fmt: skip
    """The nodes between the parameters and the roots, results first, each with the operands that depend on them.

    Args:
        held: nodes that are taken for constants.
        renewed: by new parameter, the one before the step, for which it stands.
    """
    depends, found = look.depends, {}
    updated = {id(node) for nodes in look.ends.values() for node in nodes}
    stack = list(roots)
    while stack:
        node = stack.pop()
        if id(node) in found or id(node) not in depends:
            continue
        operands = (
            [look.nodes[renewed[id(node)]]]
            if renewed and id(node) in renewed
            else []
            if id(node) in look.program.leaves or id(node) in updated
            else [o for o in {id(o): o for o in node.operands()}.values() if id(o) in depends and id(o) not in held]
        )
        found[id(node)] = (node, operands)
        stack += operands
    return sorted(found.values(), key=lambda pair: -pair[0].time)


def computed_again(order: list[tuple[Node, list[Node]]], values: Values, changed: Collection[int]) -> Values:
    """What follows from values that were exchanged, in the forward part."""
    new: Values = {}
    for node, operands in reversed(order):
        if id(node) not in changed and any(id(o) in changed or id(o) in new for o in operands):
            new[id(node)] = compute_node(node, Layered(new, values))
    return new


def cotangents(
    order: list[tuple[Node, list[Node]]], values: Values, seeds: Mapping[int, Array], pull: Pull | None = None
) -> dict[int, Array]:
    """The cotangent of every node, by its id."""

    def plain(node: Node, operands: Sequence[Node], g: Array) -> list[Array | None]:
        return pulled(node, values, list(operands), g)

    arrived: dict[int, Any] = _Kept({key: np.asarray(seed, dtype=float) for key, seed in seeds.items()})
    with np.errstate(all="ignore"):
        sweep([(node, tuple(operands)) for node, operands in order if operands], arrived, pull or plain)
    return dict(arrived)


def gradient(look: Look, point: Point, bars: Mapping[int, Array], name: str) -> Array:
    """The gradient of a parameter, its numbers one after the other."""
    return flat(look.starts[name], bars, lambda node: np.zeros(np.size(point.values.get(id(node), node.value))))
