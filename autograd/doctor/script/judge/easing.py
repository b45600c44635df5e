"""Where several mistakes are in one block: whether a replacement leaves one mistake less, though not none."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..watch.node import Node
from .candidates import CLOSE, Trial
from .match import matched
from .ranking import Ranking
from .replay import Values

Array = Any
MULTIPLES = {
    "sub", "add", "subtract", "isub", "iadd", "mul", "multiply", "truediv", "divide", "neg", "negative", "linked",
}  # fmt: skip
FEW_PATHS = 4  # of a block: where there are more, a path left out is not asked for


@dataclass(eq=False)
class Plane:
    """The gradient of a block, and each of its parts beside it: of length 1, and at right angles to the gradient.

    Args:
        weights: by which all points count the same.
        slant: of each part, how much of the gradient goes with it.
        turned: the transpose of the gradient, where it has one.
        aside: the same in one axis, of length 1.
    """

    weights: list[float]
    right: Array
    parts: Array
    slant: Array
    turned: list[Array]
    aside: Array


class Easing(Ranking):
    """Tells what is left in a block after a replacement.

    Args:
        right: by block, its gradient at each point.
    """

    right: dict[str, list[Array]]

    def _block(self, nodes: list[Node], new: Values, k: int, name: str) -> Array:
        raise NotImplementedError

    def telling(self, name: str) -> list[list[Node]]:
        """The ways that tell something of their own: none that a constant makes the next one of, nearer the step."""
        if name not in self._known_ways:
            ways = self.ways[name]
            pairs = itertools.pairwise(ways)
            self._known_ways[name] = ways[:1] + [way for near, way in pairs if not self._is_scaled(near, way, name)]
        return self._known_ways[name]

    @cached_property
    def _known_ways(self) -> dict[str, list[list[Node]]]:
        return {}

    def _is_scaled(self, nearer: list[Node], way: list[Node], name: str) -> bool:
        """Whether one is a multiple of the other, whatever the errors are."""
        for node in nearer:
            others = [o for o in node.operands() if o not in way]
            if getattr(node.function, "__name__", "") not in MULTIPLES or any(id(o) in self.erring for o in others):
                return False
        one, other = ([self._block(w, {}, k, name) for k in range(len(self.points))] for w in (nearer, way))
        return bool(matched(one, other).holds)

    def _eased(self, trial: Trial, name: str, with_it: list[Values], without: list[Values]) -> float | None:
        """The factor of a replacement with which one mistake less is left in a block; None where it is not so.

        What is left is a path that is left out, or a transpose; or more of the elements are right than were.
        """
        if not all(with_it) or not all(without):
            return None
        ways = (way for way in self.telling(name) if way[0].time > trial.nodes[-1].time)
        plane = self._plane(name, len(with_it))
        for nodes in ways if plane.parts.size or plane.turned else ():
            now = [self._block(nodes, values, k, name) for k, values in enumerate(with_it)]
            own = trial.wanted[0].block == name and matched(now[:1], trial.wanted[0].values[:1]).holds
            if not own and now[0].size == self.right[name][0].size > 2 and self._is_near(now, name):
                return 1.0
        return self._more_elements(name, with_it, without)

    def _more_elements(self, name: str, with_it: list[Values], without: list[Values]) -> float | None:
        found: list[float] = []
        for k, (with_k, without_k) in enumerate(zip(with_it, without, strict=False)):
            ends, right = self.look.ends[name], self.right[name][k]
            before, now, none = (self._block(ends, values, k, name) for values in ({}, with_k, without_k))
            share, small = now - none, 1e-7 * float(np.max(np.abs(before), initial=0.0))
            changed = np.abs(share) > small
            with np.errstate(all="ignore"):
                ratio = (before / right)[~changed]
            ratio = ratio[np.isfinite(ratio)]
            if right.size < 2 or not changed.any() or changed.all() or not ratio.size:
                return None
            usual = max(ratio[:20], key=lambda r: int(np.sum(np.abs(ratio - r) <= small)))
            need = (usual * right - none)[changed]
            factor = float(need @ share[changed]) / float(share[changed] @ share[changed])
            off = np.abs(before - usual * right)[changed]
            if usual <= 0 or np.min(off) <= small or np.max(np.abs(factor * share[changed] - need)) > small:
                return None
            found.append(factor)
        return found[0] if found and max(found) - min(found) <= CLOSE * abs(found[0]) else None

    def _is_near(self, now: list[Array], name: str) -> bool:
        """Whether it is the gradient of a block and a multiple of a part of it; or the transpose."""
        plane = self._plane(name, len(now))
        theirs = np.concatenate([x * w for x, w in zip(now, plane.weights, strict=True)])
        size = float(theirs @ theirs)
        if not size or not np.isfinite(size):
            return False
        along, beside = float(plane.right @ theirs), plane.parts @ theirs
        missed, factor = size - along**2 - beside**2, along - beside * plane.slant
        near = np.any((missed <= CLOSE**2 * size) & (factor > 0))  # squares: half of the digits are left, and do
        aside = float(plane.aside @ theirs)
        likely = plane.turned and aside * aside >= (1 - 1e-9) * size
        return bool(near or (likely and matched(now, plane.turned).holds))

    def _plane(self, name: str, count: int) -> Plane:
        """What the numbers of a block at some points are compared with."""
        if (name, count) not in self._known_planes:
            right = self.right[name][:count]
            weights = [1.0 / (float(np.linalg.norm(g)) or 1.0) for g in right]
            columns = [np.concatenate([x * w for x, w in zip(side, weights, strict=False)])
                       for side in (right, *self._near[name])]  # fmt: skip
            whole = columns[0] / (float(np.linalg.norm(columns[0])) or 1.0)
            parts, slant = [], []
            for column in columns[1:]:
                beside = column - (whole @ column) * whole
                length = float(np.linalg.norm(beside))
                if np.isfinite(length) and length > CLOSE * float(np.linalg.norm(column)):
                    parts.append(beside / length)
                    slant.append(float(whole @ column) / length)
            shape, turned = np.shape(self.look.starts[name][0].value), list[Array]()
            if len(shape) == 2 and min(shape) > 1 and shape[0] * shape[1] == right[0].size:
                turned = [np.ravel(g.reshape(shape).T) for g in right]
            rows = np.reshape(np.array(parts), (len(parts), whole.size))
            aside = np.concatenate([x * w for x, w in zip(turned, weights, strict=True)]) if turned else whole
            aside = aside / (float(np.linalg.norm(aside)) or 1.0)
            self._known_planes[name, count] = Plane(weights, whole, rows, np.array(slant), turned, aside)
        return self._known_planes[name, count]

    @cached_property
    def _known_planes(self) -> dict[tuple[str, int], Plane]:
        return {}

    @cached_property
    def _near(self) -> dict[str, list[list[Array]]]:
        """By block, the parts of its gradient that may be left out."""
        found: dict[str, list[list[Array]]] = {name: [] for name in self.right}
        for part in self.quantities.parts:
            if part.block in found and part.size == self.right[part.block][0].size:
                key = id(part.node)
                few = len(self.quantities.consumers[key]) <= FEW_PATHS
                if (few or part.consumer in self.quantities.elementwise(key)) and any(map(np.any, part.values)):
                    found[part.block].append([np.ravel(value) for value in part.values])
        return found
