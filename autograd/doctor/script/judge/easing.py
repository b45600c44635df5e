"""Where several mistakes are in one block: whether a replacement leaves one mistake less, though not none."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from ..watch.node import Node
from .candidates import CLOSE, Trial
from .match import matched
from .ranking import Ranking
from .replay import Values

Array = Any
FEW_PATHS = 4  # of a block: where there are more, a path left out is not asked for


class Easing(Ranking):
    """Tells what is left in a block after a replacement.

    Args:
        right: by block, its gradient at each point.
    """

    right: dict[str, list[Array]]

    def _block(self, nodes: list[Node], new: Values, k: int, name: str) -> Array:
        raise NotImplementedError

    def _eased(self, trial: Trial, name: str, with_it: list[Values], without: list[Values]) -> float | None:
        """The factor of a replacement with which one mistake less is left in a block; None where it is not so.

        What is left is a path that is left out, or a transpose; or more of the elements are right than were.
        """
        if not all(with_it) or not all(without):
            return None
        for nodes in (way for way in self.ways[name] if way[0].time > trial.nodes[-1].time):
            now = [self._block(nodes, values, k, name) for k, values in enumerate(with_it)]
            own = trial.wanted[0].block == name and matched(now[:1], trial.wanted[0].values[:1]).holds
            if (
                not own
                and now[0].size == self.right[name][0].size > 2
                and any(self._is_near(now, name, n) for n in self._near[name])
            ):
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
                ratio = np.where(np.abs(right) > 0, before / right, np.nan)[~changed]
            if right.size < 2 or not changed.any() or changed.all() or not np.isfinite(ratio).any():
                return None
            usual = max(
                (r for r in ratio[:20] if np.isfinite(r)), key=lambda r: int(np.sum(np.abs(ratio - r) <= small))
            )
            need = (usual * right - none)[changed]
            factor = float(need @ share[changed]) / float(share[changed] @ share[changed])
            off = np.abs(before - usual * right)[changed]
            if usual <= 0 or np.min(off) <= small or np.max(np.abs(factor * share[changed] - need)) > small:
                return None
            found.append(factor)
        return found[0] if found and max(found) - min(found) <= CLOSE * abs(found[0]) else None

    def _is_near(self, now: list[Array], name: str, part: list[Array] | None) -> bool:
        """Whether it is the gradient of a block and a multiple of a part of it; or, without a part, the transpose."""
        right = self.right[name][: len(now)]
        if part is None:
            shape = np.shape(self.look.starts[name][0].value)
            return matched(now, [np.ravel(g.reshape(shape).T) for g in right]).holds
        weights = [1.0 / (float(np.linalg.norm(g)) or 1.0) for g in right]
        columns = [np.concatenate([x * w for x, w in zip(side, weights, strict=False)]) for side in (right, part, now)]
        if not all(np.isfinite(column).all() and column.any() for column in columns):
            return False
        rows = np.stack(columns[:2], axis=1)
        fit, *_ = np.linalg.lstsq(rows, columns[2], rcond=None)
        missed = float(np.linalg.norm(rows @ fit - columns[2]))
        return bool(fit[0] > 0 and missed <= CLOSE * float(np.linalg.norm(columns[2])))

    @cached_property
    def _near(self) -> dict[str, list[list[Array] | None]]:
        """By block, the parts of its gradient that may be left out; None for the transpose."""
        found: dict[str, list[list[Array] | None]] = {name: [] for name in self.right}
        for part in self.quantities.parts:
            if part.block in found and part.size == self.right[part.block][0].size:
                key = id(part.node)
                few = len(self.quantities.consumers[key]) <= FEW_PATHS
                if (few or part.consumer in self.quantities.elementwise(key)) and any(map(np.any, part.values)):
                    found[part.block].append([np.ravel(value) for value in part.values])
        for name, right in self.right.items():
            shape = np.shape(self.look.starts[name][0].value)
            if len(shape) == 2 and min(shape) > 1 and shape[0] * shape[1] == right[0].size:
                found[name].append(None)
        return found
