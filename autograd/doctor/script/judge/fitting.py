"""What a value of the script is right for, if not for what it is used for: then it is not to blame."""

from __future__ import annotations

import contextlib
from functools import cached_property
from typing import Any

import numpy as np

from ..watch.node import Node, same_statement
from .candidates import CLOSE, Candidates, Change, Fault
from .match import Columns, matched
from .quantities import Quantity
from .replay import Layered, Values, compute_node

Array = Any
SPREADS = ("repeat", "tile", "broadcast_to")


class Fitting(Candidates):
    """Compares values with cotangents, slopes and forward values."""

    def factor(self, node: Node, among: list[Quantity] | None = None) -> float | None:
        """The factor of a value along a cotangent; None where it is none."""
        if id(node) not in self.values[0]:
            return None
        theirs = [np.asarray(v[id(node)], dtype=float) for v in self.values]
        columns = self._columns(self.quantities.backward if among is None else among, theirs[0].size)
        match = columns.first(theirs) if columns is not None else None
        return match.scale if match is not None else None

    def _columns(self, among: list[Quantity], size: int) -> Columns | None:
        """The quantities of a size, and their transposes."""
        key = id(among), size
        if key not in self._known_columns:
            found = []
            for quantity in among:
                if quantity.size == size:
                    found.append([np.ravel(value) for value in quantity.values])
                    if np.ndim(quantity.values[0]) > 1:
                        found.append([np.ravel(value.T) for value in quantity.values])
            self._known_columns[key] = Columns(found) if found else None
        return self._known_columns[key]

    @cached_property
    def _known_columns(self) -> dict[tuple[int, int], Columns | None]:
        return {}

    def _handed_right(self, fault: Fault) -> list[float]:
        """The factors of a value along cotangents at each turn of a loop, if the turns before handed it what is right:
        a line that is right for something hands on what another has spoilt.
        """  # fmt: skip
        found = list[float]()
        with contextlib.suppress(ArithmeticError, IndexError, ValueError):  # of another size than what it is used for
            mixed = self._with(fault.right)
            for node in (n for n in fault.nodes if fault.moves(n)):
                theirs = [np.asarray(compute_node(node, v), dtype=float) for v in mixed]
                columns = self._columns(self.quantities.bars, theirs[0].size)
                match = columns.first(theirs) if columns is not None else None
                found += [] if match is None else [match.scale]
        return found

    def _with(self, change: Change) -> list[Values]:
        """The values where some more are put right."""
        fixed = self.fixed | change
        each = [{key: values[k] for key, values in fixed.items()} for k in range(len(self.values))]
        return [v | self.look.program.rerun(v, right) for v, right in zip(self.values, each, strict=True)]

    def _is_of_a_right_line(self, fault: Fault) -> bool:
        """Whether it is a piece of lines that are cotangents, if the turns before hand them what is right."""
        with contextlib.suppress(ArithmeticError, IndexError, ValueError):
            mixed = self._with(fault.right)
            for node in (n for n in fault.nodes if fault.moves(n)):
                way = [node]
                while len(next_ones := self._readers_in_statement(way[-1])) == 1:
                    way += next_ones
                made = []
                for values in mixed:
                    now = Layered({}, values)
                    for each in way:
                        now.new[id(each)] = compute_node(each, now)
                    made.append(np.asarray(now[id(way[-1])], dtype=float))
                columns = self._columns(self.quantities.bars, made[0].size)
                match = columns.first(made) if columns is not None and len(way) > 1 else None
                if match is None or abs(match.scale - 1.0) > CLOSE:
                    return False
            return True
        return False

    def _readers_in_statement(self, node: Node) -> list[Node]:
        return [n for n in self.look.consumers.get(id(node), ()) if same_statement(n, node)]

    def _is_a_slope(self, fault: Fault) -> bool:
        """Whether it is the slope of a function of the forward pass, where that of a sum of its values is due."""
        theirs = [np.asarray(v, dtype=float) for v in fault.wrong[id(fault.first)]]
        slopes = [q for q in self.quantities.slopes if q.size == theirs[0].size > 2]
        return any((m := matched(theirs, q.values)).holds and abs(m.scale - 1.0) <= CLOSE for q in slopes)

    def _is_computed_again(self, node: Node) -> bool:
        """Whether it is what the forward pass computes, too."""
        theirs = [np.asarray(v[id(node)], dtype=float) for v in self.values]
        if theirs[0].size < 3 or id(node) not in self.look.depends:
            return False
        columns = self._columns(self.quantities.forward, theirs[0].size)
        match = columns.first(theirs) if columns is not None else None
        return match is not None and abs(match.scale - 1.0) <= CLOSE

    def _is_spread(self, node: Node) -> bool:
        """Whether it is a right error, repeated for all that it may come from: who it is for is told later."""
        whole = node
        while getattr(whole.function, "__name__", "") in SPREADS:
            whole = next(whole.operands())
        return whole is not node and self.factor(whole, self.quantities.bars) is not None
