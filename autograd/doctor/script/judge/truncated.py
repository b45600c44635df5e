"""Backpropagation through time that is cut after some steps: each term is right, and those far back are left out."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..watch.node import Node
from .forms import counterpart
from .look import Point
from .losses import errors
from .match import matched
from .reference import cotangents
from .replay import pulled
from .verdicts import Judgement

Array = Any
Rows = list[tuple[int, Array]]
MOST = 40  # steps


def cut_after(found: Judgement, names: list[str]) -> int:
    """After how many steps the gradients of all these blocks are cut, 2 at least; 0 where they are not.

    One step is not counted: whoever goes no step back has forgotten to.
    """
    for group in errors(found.look):
        keys = {counterpart(found.look, found.points, prediction, found.bars) for _, prediction, _ in group}
        predictions = sorted((found.look.nodes[k] for k in keys if k is not None), key=lambda node: node.time)
        if 2 < len(predictions) <= MOST and None not in keys:
            terms: list[dict[str, Rows]] = []
            for point, bar in zip(found.points, found.bars, strict=True):
                terms.append(_terms(found, names, predictions, point, bar))
                if not all(any(back >= 2 for back, _ in rows) for rows in terms[0].values()):
                    break  # these are no steps of one time
            for steps in range(2, len(predictions)) if len(terms) == len(found.points) else ():
                if all(_is_cut(found, name, [each[name] for each in terms], steps) for name in names):
                    return steps
    return 0


def _terms(
    found: Judgement, names: list[str], predictions: list[Node], point: Point, bar: dict[int, Array]
) -> dict[str, Rows]:
    """By block, what each prediction adds to its gradient, with how many steps before it that is."""
    assert found.reading is not None
    order, starts = found.reading.order(found.look), {name: found.look.starts[name] for name in names}
    rows: dict[str, Rows] = {name: [] for name in names}
    for k, prediction in enumerate(predictions):
        before = [pair for pair in order if pair[0].time <= prediction.time]
        bars = cotangents(before, point.values, {id(prediction): bar[id(prediction)]})
        for reader, operands in before:
            for name in names if id(reader) in bars else ():
                if len(starts[name]) == 1 and starts[name][0] in operands:
                    turn = sum(p.time < reader.time for p in predictions)
                    part = pulled(reader, point.values, starts[name], bars[id(reader)])[0]
                    if part is not None:
                        part = found.look.block({id(starts[name][0]): part}, starts[name])
                        rows[name].append((k - turn, part))
    return rows


def _is_cut(found: Judgement, name: str, terms: list[Rows], steps: int) -> bool:
    size = found.look.block(found.points[0].values, found.look.starts[name]).size
    if not any(back >= steps and np.any(part) for rows in terms for back, part in rows):  # nothing is left out
        return False
    if any(part.size != size for rows in terms for _, part in rows):  # but a row of it is read
        return False
    near = [sum((part for back, part in rows if back < steps), np.zeros(size)) for rows in terms]
    taken = matched([-found.look.change(point.values, name) for point in found.points], near)
    return taken.holds and taken.scale > 0
