"""Changes that are tried and taken back: `w[i] += h`, the loss once more, `w[i] -= h`.

They are no steps of a training. What stands there afterwards is what stood there before.
"""

from __future__ import annotations

import operator
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .node import Node, assembled, linked
from .tape import Tape

MOST = 3  # changes until a place is as it was: up, down twice as far, up
ROUNDED = 1e-9  # of a change: what is left of it when it was taken back


@dataclass(eq=False)
class _Tried:
    """The changes of one place so far, each made to the result of the one before."""

    origin: Node | None = None
    last: Node | None = None
    amounts: list[Any] = field(default_factory=list)


def take_back(tape: Tape) -> None:
    """Make a copy of what stood there before of each result that is the same again, but for rounding."""
    places: dict[Any, _Tried] = defaultdict(_Tried)
    for _, scope, key, node, site in tape.stores:
        if scope[0] not in ("memory", "item") or not isinstance(node, Node) or site.kind not in ("augmented", "store"):
            continue
        before, amount = _change(node)
        if before is None:
            places.pop((scope, key), None)
            continue
        at = places[scope, key]
        before = at.last if at.last is not None and _is_read(before, at.last) else before
        if before is not at.last or len(at.amounts) == MOST:
            at.origin, at.amounts = before, []
        at.last = node
        at.amounts.append(amount)
        if len(at.amounts) > 1 and _is_nothing(at.amounts):
            node.function, node.args, node.plan = linked, (at.origin,), None
            del places[scope, key]


def _change(node: Node) -> tuple[Node | None, Any]:
    """What a sum or difference is a change of, and by how much; None where it is neither."""
    kind = getattr(node.function, "__name__", "")
    if kind not in ("add", "sub") or node.hyper or not isinstance(node.args[0], Node):
        return None, None
    by = node.args[1].value if isinstance(node.args[1], Node) else node.args[1]
    if by is None or np.asarray(by).dtype.kind not in "fiu" or not np.any(by):
        return None, None
    return node.args[0], by if kind == "add" else -np.asarray(by)


def _is_read(node: Node, whole: Node) -> bool:
    """Whether a number is what was stored, read again: `w[0]` of an array of one number."""
    while node is not whole and np.size(node.value) == 1 and (node.function in (assembled, operator.getitem, linked)):
        inside = [*node.operands()]
        if len(inside) != 1:
            return False
        node = inside[0]
    return node is whole


def _is_nothing(amounts: list[Any]) -> bool:
    """Whether changes come to nothing together."""
    if len({np.shape(amount) for amount in amounts}) > 1:
        return False
    return bool(np.max(np.abs(sum(amounts))) <= ROUNDED * np.max(np.abs(amounts[0])))
