"""The derivatives to the arrays of parameters as one vector again, in the order of theta."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core import table as rules
from ...tensor import rules as rows
from ..arrays.program import ArrayProgram
from ..arrays.record import ArrayRecorder
from ..program import LEARNED
from .build import FLOAT, View

Part = tuple[View, int, Any]
"""An array of parameters, the derivative to it, and which numbers of theta it consists of."""


def assembled(program: ArrayProgram, views: Sequence[View], gradients: Sequence[int], size: int) -> int:
    """The derivative to theta, which has so many numbers: views that overlap are added."""
    layers: list[tuple[list[Part], Any]] = []  # with the numbers of theta that each takes
    for view, g in sorted(zip(views, gradients, strict=True), key=lambda pair: _length(pair[0])):
        places = view.places()
        found = next((each for each in layers if not each[1][places].any()), None)
        if found is None:
            found = ([], np.zeros(size, bool))
            layers.append(found)
        found[0].append((view, g, places))
        found[1][places] = True
    vectors = [_vector(program, layer, size) for layer, _ in layers]
    total = vectors[0] if vectors else program.array(np.zeros(size))
    for vector in vectors[1:]:
        total = program.emit(rules.add, total, vector)
    return total


def _vector(program: ArrayProgram, layer: Sequence[Part], size: int) -> int:
    """Arrays that do not overlap as one vector: one block after the other."""
    blocks: list[list[Part]] = []
    end = 0
    for part in sorted(layer, key=lambda part: int(part[2].min())):
        if blocks and int(part[2].min()) < end:
            blocks[-1].append(part)
        else:
            blocks.append([part])
        end = max(end, int(part[2].max()) + 1)
    pieces: list[int] = []
    at = 0
    for block in blocks:
        first = min(int(places.min()) for _, _, places in block)
        last = max(int(places.max()) for _, _, places in block) + 1
        if first > at:
            pieces.append(program.array(np.zeros(first - at)))
        piece = _block(program, block, first, last)
        if piece is None:
            return _scattered(program, layer, size)
        pieces.append(piece[0])
        at = piece[1]
    if at < size:
        pieces.append(program.array(np.zeros(size - at)))
    elif at > size:
        return _scattered(program, layer, size)
    return pieces[0] if len(pieces) == 1 else program.emit(rows.concatenate, *pieces, axis=0)


def _block(program: ArrayProgram, block: Sequence[Part], first: int, last: int) -> tuple[int, int] | None:
    """Interleaved arrays side by side, and where they end: the weights of a neuron and its bias, row after row."""
    if len(block) == 1:
        view, g, places = block[0]
        if places.size != last - first:
            return None
        return _row(program, view, g, [places.size]), last
    step = max((step for view, _, _ in block for _, step in view.steps), default=0)
    rows_of = {size for view, _, _ in block for size, own in view.steps if own == step}
    if len(rows_of) != 1 or any(all(own != step for _, own in view.steps) for view, _, _ in block):
        return None
    (count,) = rows_of
    columns: list[int] = []
    at = first
    for view, g, places in sorted(block, key=lambda part: int(part[2].min())):
        width = places.size // count
        inner = np.sort(places.ravel())[:width]
        if int(places.min()) != at or not (inner == at + np.arange(width)).all():
            return None
        columns.append(_row(program, view, g, [count, width]))
        at += width
    if at - first != step:
        return None
    whole = program.emit(rows.concatenate, *columns, axis=1)
    return program.emit(rows.reshape, whole, shape=(count * step,)), first + count * step


def _row(program: ArrayProgram, view: View, g: int, shape: Sequence[int]) -> int:
    """A derivative in the order of theta."""
    order = sorted(range(len(view.steps)), key=lambda k: -view.steps[k][1])
    if order != sorted(order):
        flipped = order == list(range(len(order)))[::-1]
        g = program.emit(rows.transpose, g, axes=None if flipped else tuple(order))
    return program.emit(rows.reshape, g, shape=tuple(shape))


def _scattered(program: ArrayProgram, layer: Sequence[Part], size: int) -> int:
    """Arrays that lie anyhow: joined, then picked one by one; what has no derivative is 0."""
    joined = [program.emit(rows.reshape, g, shape=(places.size,)) for _, g, places in layer]
    joined.append(program.array(np.zeros(1)))
    index = np.full(size, sum(places.size for _, _, places in layer))
    start = 0
    for _, _, places in layer:
        index[places.ravel()] = start + np.arange(places.size)
        start += places.size
    whole = program.emit(rows.concatenate, *joined, axis=0)
    recorder = ArrayRecorder(program, deriving=True)
    picked = recorder.lift(rows.getitem(recorder.node(whole), index=index))
    recorder.forget()
    return picked


def _length(view: View) -> int:
    return math.prod(size for size, _ in view.steps)


def lengths(views: Sequence[View], size: int) -> set[int]:
    """The lengths of all arrays that `assembled` makes."""
    program = ArrayProgram()
    given = [program.leaf(LEARNED, k, tuple(length for length, _ in view.steps), FLOAT) for k, view in enumerate(views)]
    assembled(program, views, given, size)
    return {length for shape in program.shapes for length in shape}
