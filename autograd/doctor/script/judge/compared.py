"""One fault to be explained: what a value is and what it should be, and how the two are compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..watch.node import Node, same_statement
from .candidates import Fault
from .locate import Locator
from .match import Match, matched
from .quantities import Quantity

Array = Any


@dataclass(frozen=True)
class Cause:
    """A mistake by name.

    Args:
        name: "sign", "transposed", "dropped-edge", ...; "unrecognised" where nothing fits.
        facts: what the sentence about it needs: numbers and nodes.
    """

    name: str
    facts: dict[str, Any] = field(default_factory=dict)


class Compared:
    """A fault with its numbers at all points."""

    def __init__(self, locator: Locator, fault: Fault) -> None:
        self.locator, self.fault = locator, fault
        self.look, self.points, self.quantities = locator.look, locator.points, locator.quantities
        there = [n for n in fault.nodes if fault.moves(n) and any(np.any(v) for v in fault.wrong[id(n)])]
        self.node = there[0] if there else fault.first  # a zero tells little, where others are none
        self.wanted: Quantity = fault.wanted[fault.nodes.index(self.node)]
        self.theirs = [np.asarray(v, dtype=float) for v in fault.wrong[id(self.node)]]
        self.right = [np.asarray(v, dtype=float) for v in fault.right[id(self.node)]]
        self.target = self.wanted.node

    def _same(self, theirs: list[Array], right: list[Array]) -> Match | None:
        if theirs and right and not along(theirs[0], right[0]):
            return None
        match = matched(theirs, right)
        return match if match.holds and match.scale else None

    def _equal(self, values: list[Array]) -> bool:
        """Whether what they have is this, but for a common factor."""
        return self._tells(self._same(self.theirs, values))

    def _fits(self, made: list[Array], theirs: list[Array]) -> bool:
        return made[0].size == theirs[0].size and (
            self._tells(self._same(theirs, made))
            or (self.fault.turned and made[0].ndim == 2 and self._tells(self._same(theirs, [m.T for m in made])))
        )

    def _tells(self, match: Match | None) -> bool:
        """Whether a match up to a factor says anything: a multiple of what is right is one of much else, too."""
        return match is not None and (abs(match.scale - 1) < 1e-9 or not self._is_a_multiple)

    @cached_property
    def _is_a_multiple(self) -> bool:
        return self._same(self.theirs, self.right) is not None

    def _may_fit(self, made: Array) -> bool:
        """Whether what was made at the first point may fit: a quick look, before the others are made."""
        return made.size == self.theirs[0].size and (
            along(self.theirs[0], made) or (self.fault.turned and made.ndim == 2 and along(self.theirs[0], made.T))
        )

    def _operands_in_statement(self) -> Iterator[Node]:
        stack, known = list(self.node.operands()), set()
        while stack:
            node = stack.pop()
            if id(node) in known:
                continue
            known.add(id(node))
            yield node
            if same_statement(node, self.node) and id(node) not in self.look.program.leaves:
                stack += node.operands()


def along(x: Array, y: Array) -> bool:
    """Whether two arrays may be multiples of one another: a quick look, before all points are compared."""
    if np.size(x) != np.size(y) or np.size(x) < 2:
        return True  # for the thorough comparison to say
    a, b = np.ravel(x), np.ravel(y)
    dot, lengths = float(a @ b), float(a @ a) * float(b @ b)
    return not dot * dot < (1.0 - 1e-3) * lengths
