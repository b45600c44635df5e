"""What is the matter with a layout: the transpose, the right numbers in another order, or another part of an array."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..watch.node import Node
from .candidates import LAYOUTS
from .compared import Cause
from .match import matched
from .slopes import Slopes

Array = Any


class Layouts(Slopes):
    """Tests of a fault that are about layouts."""

    def _transposed(self) -> Cause | None:
        if self.theirs[0].ndim == 2 and min(self.theirs[0].shape) > 1 and self._equal([r.T for r in self.right]):
            return Cause("transposed")
        return None

    def _in_order(self) -> Cause | None:
        """A reshape, where a transpose was meant: the right numbers, in another order."""
        if getattr(self.node.function, "__name__", "") not in LAYOUTS or self.theirs[0].size < 4:
            return None
        theirs, right = ([np.sort(np.ravel(each)) for each in side] for side in (self.theirs, self.right))
        return Cause("wrong-layout") if matched(theirs, right).holds else None

    def _slice(self) -> Cause | None:
        """Another part of an array than the one that belongs there: `dz[:n]` for `dz[n:]`."""
        if getattr(self.node.function, "__name__", "") != "getitem" or not isinstance(self.node.args[0], Node):
            return None
        wholes, shape = self._values(self.node.args[0]), self.theirs[0].shape
        for axis in range(len(shape)) if wholes[0].ndim == len(shape) and self.right[0].shape == shape else ():
            for at in range(wholes[0].shape[axis] - shape[axis] + 1):
                parts = [np.take(w, range(at, at + shape[axis]), axis) for w in wholes]
                if parts[0].shape == shape and self._same(self.right, parts) is not None:
                    return Cause("wrong-slice", {"node": self.node.args[0]})
        return None

    def _values(self, node: Node) -> list[Array]:
        return [
            np.asarray(v.get(id(node), p.values.get(id(node), 0.0)), dtype=float)
            for v, p in zip(self.locator.values, self.points, strict=True)
        ]
