"""What flows along every edge in backward: THE sweep of `core/reverse.py`, run again over a graph that has gradients.

Nothing in the graph changes, and no derivative is computed here: each node is asked what it passes on (`_pull`). So an
edge along which nothing passes has no flow, where 0 × ∞ would be NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.reverse import sweep
from ..errors import GraphError
from ..masking import Arrived, finite

Walked = Sequence[tuple[Any, tuple[Any, ...]]]


@dataclass
class Flows:
    """What the sweep brought where.

    Attributes:
        parts: by the id of a result, what it passed on to each operand; None for nothing.
        sums: by the id of a result, what each operand had in all once its part was added; only for Tensors.
        totals: by the id of a leaf, what it received.
        broken: an array was changed since, so some of it cannot be known.
    """

    parts: dict[int, list[Any]] = field(default_factory=dict)
    sums: dict[int, list[Any]] = field(default_factory=dict)
    totals: dict[int, Any] = field(default_factory=dict)
    broken: bool = False

    def of(self, node: Any, operands: Sequence[Any]) -> list[Any]:
        """What a result passed on to each of its operands: 0 for nothing, None where that is unknown or a constant."""
        parts = self.parts.get(id(node))
        if parts is None:  # nothing arrived here, or nobody can say
            known = node.reached and not self.broken
            parts = [None] * len(operands)
        else:
            known = not (self.broken and all(part is None for part in parts))
        nothing = 0.0 if known else None
        return [
            None if operand.kind == "constant" else nothing if part is None else part
            for operand, part in zip(operands, parts, strict=True)
        ]

    def sums_of(self, node: Any, operands: Sequence[Any]) -> list[Any]:
        """What each operand had once its part was added."""
        return self.sums.get(id(node)) or [None] * len(operands)


def flows(walked: Walked) -> Flows:
    """What backward passed on along the edges of a graph; nothing where no backward has been.

    The sweep starts, with the gradient that is there, at every result that has been reached while nothing that uses it
    has: at the root, or further down if backward was called there.

    Args:
        walked: the graph, as `walk` gives it.
    """
    passed = {id(operand) for node, operands in walked if operands and node.reached for operand in operands}
    starts = [node for node, operands in walked if operands and node.reached and id(node) not in passed]
    with np.errstate(all="ignore"):
        found = _swept(walked, {id(node): node.grad for node in starts})
        if any(hasattr(node, "numpy") for node in starts) and not all(
            finite(part) for parts in found.parts.values() for part in parts
        ):  # of an array some elements may not have arrived: what passes there is nothing, not 0 × ∞
            found = _swept(walked, {id(node): Arrived(node.grad) for node in starts})
    return found


class _Summed(dict[int, Any]):
    """What has arrived so far, and in `totals` every sum in the order in which the sweep made it."""

    def __init__(self, starts: dict[int, Any]) -> None:
        super().__init__(starts)
        self.totals: list[Any] = []

    def __setitem__(self, place: int, total: Any) -> None:
        self.totals.append(_plain(total))
        super().__setitem__(place, total)


def _swept(walked: Walked, starts: dict[int, Any]) -> Flows:
    found = Flows()
    arrived: dict[int, Any] = starts
    if any(not isinstance(g, float) for g in starts.values()):
        arrived = _Summed(starts)

    def pull(node: Any, operands: Any, g: Any) -> list[Any]:
        wanted = [None if operand.kind == "constant" else operand for operand in operands]
        try:
            parts: list[Any] = node._pull(g, operands, wanted, False)
        except GraphError:  # an array was changed in place since; backward says so, a picture need not
            found.broken = True
            parts = [None] * len(operands)
        found.parts[id(node)] = [_plain(part) for part in parts]
        return parts

    sweep([(node, operands) for node, operands in reversed(walked) if operands], arrived, pull)
    if isinstance(arrived, _Summed):
        sums = iter(arrived.totals)
        for place, parts in found.parts.items():
            found.sums[place] = [None if part is None else next(sums) for part in parts]
    found.totals = {place: _plain(total) for place, total in arrived.items()}
    return found


def _plain(part: Any) -> Any:
    return part.number if isinstance(part, Arrived) else part
