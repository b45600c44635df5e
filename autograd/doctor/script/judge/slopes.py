"""What is the matter with a slope: another function's, taken elsewhere, or one too many."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....core.table import relu, sigmoid, softplus, tanh
from ..watch.node import Node
from .compared import Cause, Compared
from .match import polynomial
from .quantities import Quantity
from .reference import cotangents
from .replay import Layered, compute_node

Array = Any
FEW = 2  # so many numbers may be equal up to a factor by chance


class Slopes(Compared):
    """Tests of a fault that are about slopes."""

    def _slope(self) -> Cause | None:
        """A slope that is that of another function, or taken elsewhere."""
        if self.wanted.kind != "slope":
            return None
        z, a = self.wanted.start, self.wanted.node
        assert z is not None
        for start, end, _ in self.quantities.activations:  # of z, whatever is done with it afterwards
            if start is z and self._equal(self._slope_at_result(z, end)):
                found = [q.values for q in self.quantities.slopes if q.node is end and q.start is z and end is not a]
                half = {"half": {id(self.node): found[0]}} if found else {}
                return Cause("activation-applied-twice", {"node": end, **half})
        for quantity in self.quantities.slopes:
            if quantity.node is not a and quantity.size == self.wanted.size and self._equal(quantity.values):
                return Cause("wrong-operand", {"node": quantity.node, "instead": a})
        return Cause("wrong-derivative", {"node": a})

    def _slope_at_result(self, z: Node, a: Node) -> list[Array]:
        """f'(f(z)) in the place of f'(z)."""
        region = next(region for start, end, region in self.quantities.activations if start is z and end is a)
        order = [
            (n, [o for o in ops if id(o) in region] if n is not z else [])
            for n, ops in self.quantities.order
            if id(n) in region and n.time <= a.time
        ]
        out = []
        for point in self.points:
            values: dict[int, Any] = {id(z): point.values[id(a)]}
            mixed = Layered(values, point.values)
            for node, _ in reversed(order[:-1] if order[-1][0] is z else order):
                values[id(node)] = compute_node(node, mixed)
            bars = cotangents(order, mixed, {id(a): np.ones(np.shape(values[id(a)]))})
            out.append(bars[id(z)])
        return out

    def _own_slope(self) -> Cause | None:
        """One factor too many, which is a slope as it is written for a value: a * (1 - a), 1 - a * a."""
        if self.theirs[0].size != self.right[0].size or self.theirs[0].size < 2:
            return None
        with np.errstate(all="ignore"):
            used = [np.ravel(t) / np.ravel(r) for t, r in zip(self.theirs, self.right, strict=True)]
        if any(not np.all(np.isfinite(u)) for u in used):
            return None
        for quantity in sorted(self.quantities.forward, key=lambda q: id(q.node) not in self.locator.named):
            if quantity.size != used[0].size:
                continue
            flat = [np.ravel(v) for v in quantity.values]
            for slopes in ([a * (1 - a) for a in flat], [1 - a * a for a in flat]):
                if self._same(used, slopes) is not None:
                    return Cause("extra-derivative", {"node": quantity.node})
        return None

    def _other_slope(self) -> Cause | None:
        """The slope in a product is that of another function: what is left without it is right."""
        for quantity in self.quantities.slopes:
            if quantity.size != self.theirs[0].size or quantity.start is None:
                continue
            used = self._used_slope(quantity)
            numbers = self.theirs[0].size
            if used is None or numbers * len(self.points) <= FEW or not self._is_for(quantity.start):
                continue
            at_result = self._slope_at_result(quantity.start, quantity.node)
            if self._same(quantity.values, at_result) is not None:
                continue  # a factor, which has one slope everywhere: it tells nothing
            if self._same(used, at_result) is not None:
                return Cause("activation-applied-twice", {"node": quantity.node})
            if numbers > 1:
                for other in [*self.quantities.slopes, *self.quantities.forward]:
                    if other.size == quantity.size and self._same(used, other.values) is not None:
                        if other.kind == "slope" and other.start is not quantity.start:
                            return Cause("wrong-operand", {"node": other.node, "instead": quantity.node})
                        return Cause("wrong-derivative", {"node": quantity.node, "instead": other.node})
                if (
                    self._computed_from(quantity.node, quantity.start, used)
                    or self._function_of(quantity.node, used)
                    or self._usual(quantity.start, used)
                ):
                    return Cause("wrong-derivative", {"node": quantity.node})
        return None

    def _used_slope(self, quantity: Quantity) -> list[Array] | None:
        """What they multiplied the error at an activation by; None where that cannot be told."""
        with np.errstate(all="ignore"):
            used = [
                np.ravel(t) / np.ravel(r) * np.ravel(s)
                for t, r, s in zip(self.theirs, self.right, quantity.values, strict=True)
            ]
            if all(np.all(np.isfinite(u)) for u in used):
                return used
            key = id(quantity.node)  # a slope of 0 hides it; what comes to the activation does not
            if any(key not in b or np.size(b[key]) != self.theirs[0].size for b in self.locator.found.bars):
                return None
            errors = [bar[key] for bar in self.locator.found.bars]
            used = [np.ravel(t) / np.ravel(e) for t, e in zip(self.theirs, errors, strict=True)]
        return used if all(np.all(np.isfinite(u)) for u in used) else None

    def _is_for(self, z: Node) -> bool:
        """Whether what is wanted is the cotangent of this node, or of one that has the same."""
        return z is self.target or all(
            id(z) in bar
            and np.size(bar[id(z)]) == np.size(v)
            and np.allclose(np.ravel(bar[id(z)]), np.ravel(v), rtol=1e-9, atol=0)
            for bar, v in zip(self.locator.found.bars, self.wanted.values, strict=True)
        )

    def _computed_from(self, a: Node, z: Node, used: list[Array]) -> bool:
        """Whether these numbers stand in the statement, computed from the activation alone."""
        for operand in self._operands_in_statement():
            if id(operand) in self.points[0].values and id(operand) not in self.locator.erring:
                values = [np.asarray(p.values[id(operand)], dtype=float) for p in self.points]
                if values[0].size == used[0].size and self._same(values, used) is not None:
                    return True
        return False

    def _usual(self, z: Node, used: list[Array]) -> bool:
        """Whether these numbers are the slope of an activation that is in use, but not in this place."""
        zs = [np.ravel(np.asarray(p.values[id(z)], dtype=float)) for p in self.points]
        return any(
            self._same(used, [np.broadcast_to(row.partial(0, (x,), row(x)), x.shape) for x in zs]) is not None
            for row in (sigmoid, tanh, relu, softplus)
        )

    def _function_of(self, a: Node, used: list[Array]) -> bool:
        """Whether these numbers are a polynomial of an activation, such as a slope is written."""
        return polynomial([np.ravel(p.values[id(a)]) for p in self.points], used)
