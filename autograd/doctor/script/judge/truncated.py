"""Backpropagation through time that is cut after some steps: each term is right, and those far back are left out."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..watch.node import Node
from .forms import counterpart
from .losses import errors
from .match import matched
from .reference import cotangents
from .replay import pulled
from .verdicts import Judgement

Array = Any
MOST = 40  # steps


def cut_after(found: Judgement, names: list[str]) -> int:
    """After how many steps the gradients of all these blocks are cut, 2 at least; 0 where they are not.

    One step is not counted: whoever goes no step back has forgotten to.
    """
    for group in errors(found.look):
        keys = {counterpart(found.look, found.points, prediction, found.bars) for _, prediction, _ in group}
        predictions = sorted((found.look.nodes[k] for k in keys if k is not None), key=lambda node: node.time)
        if 2 < len(predictions) <= MOST and None not in keys:
            terms = {name: _terms(found, name, predictions) for name in names}
            for steps in range(2, len(predictions)):
                if all(_is_cut(found, name, terms[name], steps) for name in names):
                    return steps
    return 0


def _terms(found: Judgement, name: str, predictions: list[Node]) -> list[list[tuple[int, Array]]]:
    """At each point, what each prediction adds to the gradient of a block, by how many steps before it that is."""
    assert found.reading is not None
    order, starts = found.reading.order(found.look), found.look.starts[name]
    out = []
    for point, bar in zip(found.points, found.bars, strict=True):
        rows: list[tuple[int, Array]] = []
        for k, prediction in enumerate(predictions):
            bars = cotangents(order, point.values, {id(prediction): bar[id(prediction)]})
            for reader, operands in order:
                if len(starts) == 1 and starts[0] in operands and id(reader) in bars:
                    turn = sum(p.time < reader.time for p in predictions)
                    part = pulled(reader, point.values, [starts[0]], bars[id(reader)])[0]
                    if part is not None:
                        rows.append((k - turn, np.ravel(part)))
        out.append(rows)
    return out


def _is_cut(found: Judgement, name: str, terms: list[list[tuple[int, Array]]], steps: int) -> bool:
    size = found.look.block(found.points[0].values, found.look.starts[name]).size
    if not any(back >= steps for rows in terms for back, _ in rows):  # nothing is left out
        return False
    near = [sum((part for back, part in rows if back < steps), np.zeros(size)) for rows in terms]
    taken = matched([-found.look.change(point.values, name) for point in found.points], near)
    return taken.holds and taken.scale > 0
