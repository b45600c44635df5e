"""Sums of any number of operands as one primitive each: `dot`, the sum of products, and `sum`.

They are no rows of the table and state no derivative that is not in it: each stands for a chain of additions (and
multiplications), which its value, fed with any kind of number, records. So compilers record the chain, and the engine
one node, which costs less. Which operand is which follows from their number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .rule import Rule


class Chain(Rule):
    """A primitive of any number of operands that stands for a chain of rows of the table.

    Args:
        name: numpy's name for it.
        value: the chain, a function of all operands.
        local: the derivative to operand `index`, a function of the index and all operands.
        sign: how it is written in a picture.
        doc: one phrase.
    """

    def __init__(
        self, name: str, value: Callable[..., Any], local: Callable[[int, Sequence[Any]], Any], sign: str, doc: str
    ) -> None:
        super().__init__(name, lambda: None, doc=doc, commutative=True)
        self.value, self.local, self.sign = value, local, sign
        self.__module__ = __name__

    def partial(self, index: int, operands: Sequence[Any], out: Any) -> Any:
        """The derivative to operand `index`, in whatever kind of number the operands are."""
        return self.local(index, operands)

    def __call__(self, *operands: Any) -> Any:
        """The chain, recorded link by link."""
        return self.value(*operands)


def _dot(*operands: Any) -> Any:
    first = len(operands) % 2
    total = operands[0] if first else operands[0] * operands[1]
    for k in range(first or 2, len(operands), 2):
        total = total + operands[k] * operands[k + 1]
    return total


def _factor(index: int, operands: Sequence[Any]) -> Any:
    first = len(operands) % 2
    return 1 if index < first else operands[((index - first) ^ 1) + first]


def _sum(*operands: Any) -> Any:
    total = operands[0]
    for operand in operands[1:]:
        total = total + operand
    return total


dot: Chain = Chain("dot", _dot, _factor, "Σ ×", doc="start + x0 * y0 + x1 * y1 + ...; without a start, an even number")
sum: Chain = Chain("sum", _sum, lambda index, operands: 1, "Σ", doc="x0 + x1 + ...")
