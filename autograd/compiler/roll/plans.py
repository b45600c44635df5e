"""A program of single numbers in its rolled form, and what is asked of it: its value, its gradient, a Hessian product.

The derivative is that of the program of arrays (`../arrays/derive.py`): nothing is differentiated here. What is added is
theta: the arrays of parameters are views of it, and their derivatives are put together into one vector again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ...core import table as rules
from ...tensor import rules as rows
from ..arrays.derive import differentiate
from ..arrays.program import ArrayProgram
from ..arrays.record import ArrayRecorder
from ..batch import Leaf
from ..derive import BasePlans, Recorded
from ..program import DIRECTION, BaseProgram
from ..scalar.program import Program
from .build import FLOAT, Builder, View
from .structure import Structure

PRIMES: Final = (11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107)
"""What stands for the number of samples in shapes; one that is no factor of any other length."""

GATHER: Final = 3
"""How many operations on arrays one is worth that picks elements one by one."""


@dataclass(frozen=True)
class RolledPlan:
    """One function to be made of a rolled program.

    Args:
        kind: "value", "value_and_grad", "hvp" or "forward"; the name of the printed function.
        outputs: instructions: for "value_and_grad" the loss and the gradient, for "hvp" the product.
        boundary: the first instruction that is not the user's own.
        views: the arrays of parameters.
        directions: likewise, of the vector that a Hessian is multiplied by.
        labels: of the numbers of theta.
        numbers: how many parameters, captured Values and numbers of a direction there are.
        batch: what stands for the number of samples in shapes.
    """

    program: ArrayProgram
    kind: str
    outputs: tuple[int, ...]
    boundary: int
    views: tuple[View, ...]
    directions: tuple[View, ...]
    labels: tuple[str, ...]
    arguments: tuple[int, ...]
    captured: int | None
    numbers: tuple[int, int, int]
    leaves: tuple[Leaf, ...]
    batch: int
    reduction: str


class RolledPlans(BasePlans[ArrayProgram]):
    """The plans of one rolled program.

    Args:
        outputs: the loss; or the outputs of a function without parameters, of which there is one for each sample.
    """

    forgets = True
    kinds = ("forward", "value", "value_and_grad", "hvp")

    def __init__(
        self, old: Program, outputs: Sequence[int], leaves: tuple[Leaf, ...], parameters: int, captured: int,
        forward: bool = False,
    ) -> None:  # fmt: skip
        self._old, self.leaves = old, leaves
        self._counts = parameters, captured
        self._labels = tuple(old.labels.get(i, "") for i in (old.leaf("parameter", k) for k in range(parameters)))
        self.builder = _built(old, outputs, leaves, captured, parameters)
        builder = self.builder
        self.outputs: tuple[int, ...] = (builder.outputs(outputs) if forward else builder.number(outputs[0]),)
        self.views = tuple(builder.views.values())
        self.masked = builder.masked
        super().__init__(builder.program)
        self.is_shorter = _length_of(builder.program, self.outputs) + GATHER * builder.gathers < _length_of(old, outputs)

    def plan(self, kind: str, exactly: bool = False) -> RolledPlan:
        """The plan of this kind.

        Args:
            exactly: the one to run where the outcome of the other is not finite: see `../derive.py`.
        """
        directions: tuple[View, ...] = ()
        outputs = self.outputs
        if kind == "value_and_grad":
            outputs = (*outputs, self._assembled(self.gradient(exactly)))
        elif kind == "hvp":
            directions = tuple(
                View(self.program.leaf(DIRECTION, k, self.program.shapes[view.array], FLOAT), view.start, view.steps)
                for k, view in enumerate(self.views)
            )
            outputs = (self._assembled(self._hvp(directions, exactly)),)
        parameters, captured = self._counts
        numbers = (parameters, captured, parameters if kind == "hvp" else 0)
        return RolledPlan(
            self.program, kind, outputs, self.boundary, self.views, directions, self._labels,
            tuple(self.builder.arguments), self.builder.captured, numbers, self.leaves, self.builder.size,
            self._old.reduction,
        )  # fmt: skip

    def loss_output(self) -> int:
        """The loss."""
        return self.outputs[0]

    def differentiated(self, output: int, kind: type[Recorded]) -> tuple[int, ...]:
        """The sweep over arrays."""
        return differentiate(self.program, output, [view.array for view in self.views], kind)

    def _hvp(self, directions: Sequence[View], exactly: bool) -> tuple[int, ...]:
        """The derivative of the gradient times a direction: the Hessian times the direction."""
        gradient = self.gradient(exactly)
        recorder = ArrayRecorder(self.program, deriving=True)
        slope: Any = 0.0
        for g, direction in zip(gradient, directions, strict=True):
            slope = rows.sum(recorder.node(g) * recorder.node(direction.array)) + slope
        index = recorder.lift(slope)
        recorder.forget()
        return self.derived(index, exactly)

    # ------------------------------------------------------------------------------------- one vector of them all

    def _assembled(self, gradients: Sequence[int]) -> int:
        """The derivative to theta: views that overlap are added."""
        size = self._counts[0]
        layers: list[list[tuple[View, int, Any]]] = []
        for view, g in sorted(zip(self.views, gradients, strict=True), key=lambda pair: _length(pair[0])):
            places = view.places()
            for layer in layers:
                if not any(np.intersect1d(places, other).size for _, _, other in layer):
                    layer.append((view, g, places))
                    break
            else:
                layers.append([(view, g, places)])
        vectors = [self._vector(layer, size) for layer in layers]
        total = vectors[0] if vectors else self.program.array(np.zeros(size))
        for vector in vectors[1:]:
            total = self.program.emit(rules.add, total, vector)
        return total

    def _vector(self, layer: Sequence[tuple[View, int, Any]], size: int) -> int:
        """Arrays that do not overlap as one vector: one block after the other."""
        blocks: list[list[tuple[View, int, Any]]] = []
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
                pieces.append(self.program.array(np.zeros(first - at)))
            piece = self._block(block, first, last)
            if piece is None:
                return self._scattered(layer, size)
            pieces.append(piece[0])
            at = piece[1]
        if at < size:
            pieces.append(self.program.array(np.zeros(size - at)))
        elif at > size:
            return self._scattered(layer, size)
        return pieces[0] if len(pieces) == 1 else self.program.emit(rows.concatenate, *pieces, axis=0)

    def _block(self, block: Sequence[tuple[View, int, Any]], first: int, last: int) -> tuple[int, int] | None:
        """Interleaved arrays side by side, and where they end: the weights of a neuron and its bias, row after row."""
        program = self.program
        if len(block) == 1:
            view, g, places = block[0]
            if places.size != last - first:
                return None
            return self._row(view, g, [places.size]), last
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
            columns.append(self._row(view, g, [count, width]))
            at += width
        if at - first != step:
            return None
        whole = program.emit(rows.concatenate, *columns, axis=1)
        return program.emit(rows.reshape, whole, shape=(count * step,)), first + count * step

    def _row(self, view: View, g: int, shape: Sequence[int]) -> int:
        """A derivative in the order of theta."""
        order = sorted(range(len(view.steps)), key=lambda k: -view.steps[k][1])
        if order != sorted(order):
            flipped = order == list(range(len(order)))[::-1]
            g = self.program.emit(rows.transpose, g, axes=None if flipped else tuple(order))
        return self.program.emit(rows.reshape, g, shape=tuple(shape))

    def _scattered(self, layer: Sequence[tuple[View, int, Any]], size: int) -> int:
        """Arrays that lie anyhow: joined, then picked one by one; what has no derivative is 0."""
        program = self.program
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


def _length_of(program: BaseProgram, outputs: Sequence[int]) -> int:
    return sum(bool(program.args[i]) for i in program.live(outputs))


def _length(view: View) -> int:
    return math.prod(size for size, _ in view.steps)


def _built(old: Program, outputs: Sequence[int], leaves: tuple[Leaf, ...], captured: int, parameters: int) -> Builder:
    """The program in arrays; in the form, of the two that sums of different lengths have, that gathers less."""
    best: Builder | None = None
    for counted in (False, True):
        structure = Structure(old, outputs, leaves, counted)
        size = PRIMES[0]
        while True:
            builder = Builder(old, structure, leaves, captured, size)
            builder.compute(outputs)
            hazards = builder.lengths() | {parameters, captured}
            if all(length % size for length in hazards if length):
                break
            size = next(prime for prime in PRIMES if all(length % prime for length in hazards if length))
        if best is None or (builder.gathers, len(builder.program)) < (best.gathers, len(best.program)):
            best = builder
        if not best.gathers:
            break
    assert best is not None
    return best
