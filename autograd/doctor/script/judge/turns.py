"""One turn of a long loop: whether what could stand in all turns is of any use in the first that it changes.

It costs little to see, and rules out much of what would be computed for the whole loop else.
"""

from __future__ import annotations

import itertools
from functools import cached_property
from typing import Any

import numpy as np

from ..watch.node import Node
from .candidates import Trial
from .easing import Easing
from .quantities import Quantity
from .replay import Layered, compute_node

Array = Any
LONG = 8  # turns; in shorter loops all of them are looked at
NEXT = 12  # values that are computed from a replaced one, which are looked at


class Turns(Easing):
    """Looks at one turn by itself."""

    def _replaced(self, trial: Trial, at: int, scale: float, k: int) -> Array:
        raise NotImplementedError

    def _helps_its_turn(self, trial: Trial) -> bool:
        """Whether something in the first turn of a long loop in which a replacement changes something is right with it:
        much of what could stand in all turns is ruled out by one of them.
        """  # fmt: skip
        if len(trial.nodes) <= LONG or trial.slip:
            return True
        theirs = enumerate(self.values[0][id(n)] for n in trial.nodes)
        moves = (at for at, value in theirs if not np.array_equal(value, self._replaced(trial, at, 1.0, 0)))
        first = next(moves, len(trial.nodes) - 1)
        if first == len(trial.nodes) - 1:
            return True
        node, until = trial.nodes[first], trial.nodes[first + 1].time
        inside = [n for n in itertools.islice(self._downstream([node])[0], NEXT) if n.time < until]
        new = [{id(node): self._replaced(trial, first, 1.0, k)} for k in range(len(self.points))]
        mixed = [Layered(given, values) for given, values in zip(new, self.values, strict=True)]
        tried = False
        for each in inside:
            for given, values in zip(new, mixed, strict=True):
                given[id(each)] = compute_node(each, values)
            size = np.size(mixed[0][id(each)])
            checked = size > 1 and id(each) in self.erring
            columns = self._columns(self._used_for(each), size) if checked else None
            tried |= columns is not None and self._is_a_term(each, len(trial.nodes))
            if columns is not None and columns.first([np.asarray(v[id(each)], dtype=float) for v in mixed]):
                return True
        return not tried

    def _is_a_term(self, node: Node, turns: int) -> bool:
        """Whether a value should be what one turn of the forward pass gives to the gradient of a block."""
        names = self.blocks_after(node)
        starts = self.look.starts[names[0]] if len(names) == 1 else []
        consumers = self.quantities.consumers.get(id(starts[0]), ()) if len(starts) == 1 else ()
        return len(consumers) >= turns - 1 and np.size(node.value) == np.size(starts[0].value)

    def _used_for(self, node: Node) -> list[Quantity]:
        """What a value on the way back can rightly be, other gradients than those that it is used for aside."""
        names = frozenset(self.blocks_after(node))
        if names not in self._known_uses:
            self._known_uses[names] = [q for q in self.quantities.backward if not q.block or q.block in names]
        return self._known_uses[names]

    @cached_property
    def _known_uses(self) -> dict[frozenset[str], list[Quantity]]:
        return {}
