"""Two losses that are computed apart, and minimised as a sum that only the gradient knows: `0.7 * a + 0.3 * b`."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import replace
from typing import Any

import numpy as np

from .look import Look, Point
from .losses import Reading
from .match import TOLERANCE
from .narrow import gradient_nodes
from .reference import gradient
from .verdicts import Judgement, verdicts

Array = Any
LOSSES = 3  # that are tried, two at a time
NODES = 6  # of a step that may be its gradient


def together(look: Look, points: list[Point], apart: list[Judgement]) -> list[Judgement]:
    """The verdicts under sums of two of these losses, with factors that the gradient of a block shows."""
    known = [each.reading for each in apart if each.reading is not None and each.reading.kind == "loss"]
    plain = [r for r in known if len(r.roots) == 1 and not (r.turn or r.held or r.bare or r.inner)]
    found: list[Judgement] = []
    for one, other in itertools.combinations(plain[:LOSSES], 2):
        within = [{id(node) for node, _ in r.order(look)} for r in (one, other)]
        if id(one.roots[0]) in within[1] or id(other.roots[0]) in within[0]:
            continue
        with contextlib.suppress(Exception):  # what cannot be differentiated is no loss
            share = _share(look, points, one, other)
            if share:
                roots = [one.roots[0], other.roots[0]]
                found.append(verdicts(look, points, replace(one, roots=roots, shares={id(roots[1]): share})))
    return found


def _share(look: Look, points: list[Point], one: Reading, other: Reading) -> float:
    """How much of the second loss there is beside one of the first; 0 where no block shows that."""
    bars = [[r.cotangents(look, point) for point in points] for r in (one, other)]
    for name in look.starts:
        sides = [[gradient(look, p, bar, name) for p, bar in zip(points, row, strict=True)] for row in bars]
        columns = np.stack([np.concatenate(side) for side in sides], axis=1)
        sizes = np.linalg.norm(columns, axis=0)
        if not np.all(np.isfinite(columns)) or not np.all(sizes) or len(columns) < 3:
            continue
        for theirs in _candidates(look, points, name):
            if theirs.shape != columns[:, 0].shape or not np.all(np.isfinite(theirs)) or not np.any(theirs):
                continue
            fit, *_ = np.linalg.lstsq(columns, theirs, rcond=None)
            close = np.linalg.norm(columns @ fit - theirs) <= TOLERANCE * np.linalg.norm(theirs)
            if close and fit[0] * fit[1] > 0 and min(abs(fit) * sizes) > 1e-3 * np.linalg.norm(theirs):
                return float(fit[1] / fit[0])
    return 0.0


def _candidates(look: Look, points: list[Point], name: str) -> list[Array]:
    """What may be the gradient of a block: what it changes by, and what its change goes through."""
    found = [np.concatenate([-look.change(point.values, name) for point in points])]
    for nodes in gradient_nodes(look, name)[:NODES]:
        if all(id(node) in point.values for node in nodes for point in points):
            found.append(np.concatenate([look.block(point.values, nodes) for point in points]))
    return found
